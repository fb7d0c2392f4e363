/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a timed run cost and saved. Filled by timed_outcome() (sim/timed.h) when the
 * run has ended; all times are simulated nanoseconds unless they say ps.
 */
#ifndef REAPSIM_OUTCOME_H
#define REAPSIM_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/mm/times.h"
#include "sim/vmstat.h"

/** "unmap", "mark_first", ...: names of columns. */
const char *reap_cost_name(enum reap_cost cost);

/**
 * struct kill_outcome - one victim. "Freed" is what the reap and the exit give
 * back to the allocator: anon pages, swap slots not counted, the page cache that
 * +evict drops, page tables and the process's own kernel pages. File pages that
 * stay in the cache are not freed by the kill.
 *
 * A kill is avoidable if memory was on its way: at its time an earlier victim
 * was not done, and what the earlier victims had still to free then
 * (@pending_pages, known at the end of the run) was at least what the killer
 * missed (@shortage_pages). A reap that takes no time would have made it
 * unnecessary.
 */
struct kill_outcome {
	uint32_t pid;
	bool oom;  /* by the kernel's OOM killer */
	bool done; /* its address space is gone; else the run ended before */
	uint64_t at_ns;
	uint64_t freed_pages;
	/* from the kill until 50, 90 and 100% of that is free */
	uint64_t t50_ns, t90_ns, t100_ns;
	uint64_t reap_ns; /* from the kill until the address space is gone */
	uint64_t shortage_pages, pending_pages;
	bool avoidable;
};

/** struct restart_outcome - a process that came back; @latency_ns is from its
 * start to the end of its start-up section. */
struct restart_outcome {
	uint32_t pid;
	uint64_t at_ns, latency_ns;
};

/** struct outcome - of one run; freed by outcome_clear(). */
struct outcome {
	struct vmstat stat; /* at the end */
	uint64_t end_ns;    /* when the last actor was through */
	struct mm_times mm;
	uint64_t nr_requests; /* to the device */
	uint64_t nr_kills, nr_oom_kills, nr_avoidable;
	uint64_t nr_lost; /* records of processes that were dead */
	GArray *kills;	  /* struct kill_outcome, in order of time */
	GArray *restarts; /* struct restart_outcome, likewise */
};

/** The sum of reap_ps. */
uint64_t outcome_reap_ps(const struct outcome *o);
/** The @percent-th percentile of restart latencies (nearest rank); 0 if none. */
uint64_t outcome_latency_ns(const struct outcome *o, unsigned int percent);
/** The mean over kills that are done of t50_ns, t90_ns or t100_ns, by @percent. */
uint64_t outcome_free_ns(const struct outcome *o, unsigned int percent);
void outcome_clear(struct outcome *o);

#endif
