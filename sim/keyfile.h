/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * glib key files, plus the order of the keys and the line number of each, which glib
 * does not report. A duplicate key is an error.
 */
#ifndef REAPSIM_KEYFILE_H
#define REAPSIM_KEYFILE_H

#include <stddef.h>

#include <glib.h>

#include "sim/err.h"

/** struct keyfile_entry - one KEY=VALUE; strings are never NULL. */
struct keyfile_entry {
	char *group, *key, *value;
	unsigned int line;
};

/** struct keyfile - the entries in the order of the file. */
struct keyfile {
	char *path;
	GArray *entries; /* struct keyfile_entry */
};

/** Parse @len bytes of @text; @path is for messages.
 * Return: 0 with @k to be cleared by the caller, or -EINVAL with "FILE:LINE: "
 * in @err and nothing to clear. */
int keyfile_parse(struct keyfile *k, const char *path, const char *text, size_t len,
		  struct err *err);
/** Read a file of at most 1 MiB; the caller frees @text. -EINVAL with "FILE: " in @err. */
int keyfile_read(const char *path, char **text, size_t *len, struct err *err);
/** Read and parse the file at @path; as keyfile_parse(). */
int keyfile_load(struct keyfile *k, const char *path, struct err *err);
/** "NAME" of "DIR/NAME.conf"; the caller frees it. */
char *keyfile_name(const char *path);
void keyfile_clear(struct keyfile *k);

#endif
