/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints from which a trace can be rebuilt, in the form in which the kernel prints
 * them: perf script and ftrace both end a line with it.
 */
#ifndef REAPSIM_TRACES_TRACEPOINTS_H
#define REAPSIM_TRACES_TRACEPOINTS_H

#include <stddef.h>

#include "traces/readers/recording.h"

/**
 * tracepoint_take - give one tracepoint to the recording.
 * @name: as in "filemap:mm_filemap_fault" or without its system, @len bytes
 * @args: what follows the name and its colon
 * @ev: who, where and when, filled in by the caller; the rest is scratch
 *
 * Return: 0, also for a tracepoint that is of no use here; -EINVAL.
 */
int tracepoint_take(struct recording *rec, const char *name, size_t len, const char *args,
		    struct rb_event *ev);

#endif
