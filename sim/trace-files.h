/* SPDX-License-Identifier: GPL-2.0-only */
/* What the check of a trace knows of its files. */
#ifndef REAPSIM_TRACE_FILES_H
#define REAPSIM_TRACE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/trace.h"

/**
 * struct trace_files - the files, as the trace has changed them so far.
 * @size: of each, in pages
 * @unlinked: each has lost its name
 * @opens: pid -> the set of files that the process has open, each index plus 1; NULL in a
 *	trace of version 1, which unlinks nothing
 */
struct trace_files {
	const struct trace *t;
	uint32_t *size;
	bool *unlinked;
	GHashTable *opens;
};

void trace_files_init(struct trace_files *f, const struct trace *t);
void trace_files_release(struct trace_files *f);
/** Follow @op, whose process is alive. Return: 0, or -EINVAL with @msg. */
int trace_files_op(struct trace_files *f, const struct op *op, char *msg, size_t len);

#endif
