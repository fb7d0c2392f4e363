/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of the page allocator (sim/mm/page_alloc.c) and of kswapd (sim/mm/kswapd.c):
 * v7.3 include/linux/mmzone.h. */
#ifndef REAPSIM_MMZONE_H
#define REAPSIM_MMZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/lru.h"

struct task;

/** enum migratetype - v7.3; the types that have their own per-CPU lists here. */
enum migratetype {
	MIGRATE_UNMOVABLE, /* the kernel's own pages */
	MIGRATE_MOVABLE,   /* page cache and anon pages */
	MIGRATE_PCPTYPES,
};

#define PAGE_ALLOC_COSTLY_ORDER 3
/* one for each order up to that one and migrate type, and one for PMD-sized folios */
#define NR_PCP_LISTS (MIGRATE_PCPTYPES * (PAGE_ALLOC_COSTLY_ORDER + 1) + 1)

/** struct per_cpu_pages - v7.3; free pages cached by a CPU. */
struct per_cpu_pages {
	int lists[NR_PCP_LISTS]; /* pages on each */
	int count, high, alloc_factor, free_count;
	bool prev_free_high_order; /* PCPF_PREV_FREE_HIGH_ORDER */
};

/** struct zone - v7.3; used by a machine without a memcg limit. Pages. */
struct zone {
	int64_t free; /* NR_FREE_PAGES, as reported by the CPUs so far */
	int64_t wmark_min, wmark_low, wmark_high;
	int stat_threshold;	       /* most pages that a CPU may leave unreported */
	int64_t percpu_drift_mark;     /* below it, count the unreported ones; 0: never */
	int batch, high_min, high_max; /* of per_cpu_pages */
	bool below_high;	       /* ZONE_BELOW_HIGH */
	bool reclaim_active;	       /* ZONE_RECLAIM_ACTIVE */
	int64_t nr_kernel;	       /* pages that the kernel took for itself */
};

/** struct kswapd - its position in balance_pgdat(). */
struct kswapd {
	bool awake, balancing;
	bool woken;		    /* starts without checking a watermark */
	unsigned int order;	    /* kswapd_order: the largest that woke it since it began */
	unsigned int alloc_order;   /* that it began with */
	unsigned int reclaim_order; /* that has to be free before it sleeps */
	uint64_t busy_until;	    /* ns; end of its current step */
	uint64_t light_sleep_end;   /* ns; 0: awake or sound asleep */
	struct scan_control sc;
	struct task *task;     /* a timed run */
	bool oom;	       /* no process left to kill; the run ends */
	unsigned int failures; /* kswapd_failures: runs in a row without progress */
};

#endif
