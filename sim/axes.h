/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Axes of a sweep: a key file in which each key has a list of values,
 *
 *	KEY=VALUE;VALUE;...
 *
 * A semicolon inside a value is written "\\;". A value that begins with a digit may be a
 * range:
 *
 *	1..4		1 2 3 4
 *	10%..40%/15%	10% 25% 40%
 *	0.5..2*2	0.5 1 2
 *
 * An end is included if a step hits it. Numbers are decimal and exact: the third value of
 * 0..1/0.1 is 0.2.
 */
#ifndef REAPSIM_AXES_H
#define REAPSIM_AXES_H

#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/err.h"

#define AXIS_VALUES_MAX 100000

/** struct axis - a key and its values, each as a user types it. */
struct axis {
	char *group, *key;
	unsigned int line;
	GPtrArray *values; /* char *; at least one */
};

/** struct axes - in the order of the file. */
struct axes {
	char *path;
	GPtrArray *all; /* struct axis * */
};

/** Parse a key file of axes. Return: 0 with @a to be cleared by the caller, or
 * -EINVAL with "FILE:LINE: " in @err and nothing to clear. */
int axes_parse(struct axes *a, const char *path, const char *text, size_t len, struct err *err);
void axes_clear(struct axes *a);
/** The axis @group.@key, or NULL. */
struct axis *axes_find(const struct axes *a, const char *group, const char *key);
/** Append an axis with the single value @value; line 0. */
struct axis *axes_add(struct axes *a, const char *group, const char *key, const char *value);
/** Append the line of an axes file for a list as typed in a command, "A,B". */
void axes_text(GString *s, const char *key, const char *list);
/** Like axes_text(), for file names, which are never ranges, and for a single file. */
void axes_text_files(GString *s, const char *key, const char *list);
void axes_text_file(GString *s, const char *key, const char *path);

#endif
