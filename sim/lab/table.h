/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a CSV file of "reapsim sweep". */
#ifndef REAPSIM_TABLE_H
#define REAPSIM_TABLE_H

#include <glib.h>

#include "sim/err.h"

/** struct table - every field is text. */
struct table {
	char *path;
	char **names;	 /* of the columns */
	GPtrArray *rows; /* char **, as many as there are columns */
};

/** Read the file at @path. Return: 0 with @t to be cleared, or -EINVAL with
 * "FILE:LINE: " in @err and nothing to clear. */
int table_load(struct table *t, const char *path, struct err *err);
void table_clear(struct table *t);
/** Index of the column @name, or -1. */
int table_column(const struct table *t, const char *name);
const char *table_text(const struct table *t, guint row, int column);
/** The field as a number; 0 if it is not a number, as for a failed run. */
double table_number(const struct table *t, guint row, int column);

#endif
