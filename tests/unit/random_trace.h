/* SPDX-License-Identifier: GPL-2.0-only */
/* Random but valid traces, each with a machine. */
#ifndef REAPSIM_TESTS_RANDOM_TRACE_H
#define REAPSIM_TESTS_RANDOM_TRACE_H

#include <stdint.h>

#include "sim/machine.h"
#include "sim/op.h"
#include "sim/trace.h"

/** struct random_trace - the same @seed gives the same bytes. */
struct random_trace {
	struct trace *t;
	struct machine m;
	enum op_code ends_as;
};

enum random_flags {
	RANDOM_NO_DEATHS = 1 << 0, /* no exit, kill, reap or exec */
	RANDOM_NO_OPTIN = 1 << 1,
	RANDOM_NO_MRELEASE = 1 << 2,
	RANDOM_ROOMY = 1 << 3,	   /* enough memory for everything */
	RANDOM_SPARSE = 1 << 5,	   /* files with many nodes, most of them with a page or two */
	RANDOM_BIG_FILES = 1 << 4, /* files and lengths that exceed a large folio */
	RANDOM_WIDE = 1 << 6,	   /* also the operations of version 2 */
	RANDOM_CGROUPS = 1 << 8,   /* with RANDOM_WIDE: processes move between two cgroups */
	RANDOM_FILES = 1 << 7,	   /* files that grow, and operations on files */
};

/** About @nr_ops operations; the trace passes trace_check(). */
void random_trace(struct random_trace *out, uint64_t seed, unsigned int nr_ops, unsigned int flags);
void random_trace_free(struct random_trace *rt);

#endif
