/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Costs and savings of a timed run. timed_outcome() (sim/timed.h) fills it at the end of the
 * run. All times are simulated nanoseconds, except those in _ps.
 */
#ifndef REAPSIM_OUTCOME_H
#define REAPSIM_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/mm/times.h"
#include "sim/vmstat.h"

/** The column name of a cost: "unmap", "mark_first", ... */
const char *reap_cost_name(enum reap_cost cost);

/**
 * struct kill_outcome - one victim. "Freed" counts the pages that the reap and the exit
 * return to the allocator: anon pages (not swap slots), page cache dropped by +evict, page
 * tables and the process's kernel pages. File pages that stay cached are not freed.
 *
 * A kill is avoidable if enough memory was about to be freed: an earlier victim had not
 * exited yet, and the pages that earlier victims had yet to free (@pending_pages, known at
 * the end of the run) covered the shortage (@shortage_pages). An instant reap would have
 * made the kill unnecessary.
 */
struct kill_outcome {
	uint32_t pid;
	bool oom;  /* by the kernel's OOM killer */
	bool done; /* its address space was freed before the run ended */
	uint64_t at_ns;
	uint64_t freed_pages;
	/* from the kill until 50, 90 and 100% of @freed_pages are free */
	uint64_t t50_ns, t90_ns, t100_ns;
	uint64_t reap_ns; /* from the kill until the address space is freed */
	uint64_t shortage_pages, pending_pages;
	bool avoidable;
};

/** struct restart_outcome - a restart; @latency_ns: from its start to the end of its start-up
 * section. */
struct restart_outcome {
	uint32_t pid;
	uint64_t at_ns, latency_ns;
};

/** struct outcome - of one run; freed by outcome_clear(). */
struct outcome {
	struct vmstat stat; /* at the end */
	uint64_t end_ns;    /* end of the last actor */
	struct mm_times mm;
	uint64_t nr_requests; /* to the device */
	uint64_t nr_kills, nr_oom_kills, nr_avoidable;
	uint64_t nr_lost;  /* skipped records, of dead processes */
	uint64_t steps_ns; /* LOOP_TRACE: of all that processes do to memory and files */
	GArray *starts;	   /* LOOP_TRACE: uint64_t, see timed-start.c */
	GArray *kills;	   /* struct kill_outcome, in order of time */
	GArray *restarts;  /* struct restart_outcome, likewise */
};

/** The sum of reap_ps. */
uint64_t outcome_reap_ps(const struct outcome *o);
/** The @percent-th percentile of restart latencies (nearest rank); 0 if none. */
uint64_t outcome_latency_ns(const struct outcome *o, unsigned int percent);
/** The @percent-th percentile of starts (nearest rank); 0 if none. */
uint64_t outcome_start_ns(const struct outcome *o, unsigned int percent);
/** The mean of t50_ns, t90_ns or t100_ns, by @percent, over the kills that are done. */
uint64_t outcome_free_ns(const struct outcome *o, unsigned int percent);
void outcome_clear(struct outcome *o);

#endif
