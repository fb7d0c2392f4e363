/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of the file pages that a process leaves when it ends: the part that a policy can
 * decide about, and whether somebody comes back for it.
 *
 * Approximations:
 * - "Used" is a touch of the trace. A page that fault-around mapped and nobody touched does not
 *   count, neither as the victim's nor as another process's, so a kernel finds fewer exclusive
 *   pages. A recording of faults lacks touches of pages that were mapped already.
 * - A page counts as used by a process until that ends or calls exec(), also after munmap(). With
 *   much munmap() fewer pages are really the victim's.
 * - A page of a file stays the same page after truncation and unlinking.
 * - Shared memory is not counted: it is on the anonymous LRU, and no policy skips it.
 */
#ifndef REAPSIM_TRACE_DEATHS_H
#define REAPSIM_TRACE_DEATHS_H

#include <stdint.h>

#include <glib.h>

#include "sim/op.h"
#include "sim/trace.h"

/** A death without a return, as struct trace_death.return_ns */
#define DEATH_NO_RETURN UINT64_MAX

/** struct trace_death - the end of one process, in the order of the trace. */
struct trace_death {
	uint32_t pid;
	enum op_code how; /* OP_EXIT, OP_KILL, OP_MRELEASE or OP_OOM */
	uint64_t only;	  /* pages that no other live process used through a mapping */
	uint64_t again;	  /* of these, the ones that other processes used through mappings later */
	uint64_t at_ns;	  /* recorded time, the sum of all advances */
	/* from the death until half of @only is used again: something like the process has come
	 * back; DEATH_NO_RETURN: never */
	uint64_t return_ns;
};

/** struct trace_deaths - sums over all deaths, in pages, and each of them. */
struct trace_deaths {
	uint64_t pages;	  /* used through mappings by a process that ended */
	uint64_t shared;  /* of these, in shared mappings */
	uint64_t only;	  /* of these, used by no other live process through a mapping */
	uint64_t again;	  /* of only, used again by anybody */
	uint64_t by_read; /* of again, by read() or write() first, so without a mapping */
	uint64_t ns;	  /* recorded time; 0: the trace has no times */
	GArray *all;	  /* struct trace_death */
};

/**
 * trace_deaths - follow every process of a checked trace to its end
 * Takes time for each page of each touch, and 8 bytes for each page of a file that is used.
 * Return: 0 with @d to be cleared; -ENOMEM with @err.
 */
int trace_deaths(const struct trace *t, struct trace_deaths *d, struct err *err);
void trace_deaths_clear(struct trace_deaths *d);
/** How many were killed, by a kill, mrelease or oom row? */
guint trace_deaths_killed(const struct trace_deaths *d);
/** How many of the dead came back, see struct trace_death.return_ns? @percentile_ns: of their
 * delays the @percent-th, by nearest rank; untouched if there is none. */
guint trace_deaths_returned(const struct trace_deaths *d, unsigned int percent,
			    uint64_t *percentile_ns);

#endif
