/* SPDX-License-Identifier: GPL-2.0-only */
/* Time that memory management took in a timed run. Nanoseconds, unless the name says ps. */
#ifndef REAPSIM_TIMES_H
#define REAPSIM_TIMES_H

#include <stdint.h>

/** enum reap_cost - what the CPU time of unmapping dying processes is spent on. */
enum reap_cost {
	REAP_UNMAP,	    /* file PTEs: zap_file_ps */
	REAP_MARK_FIRST,    /* mark_first_ps */
	REAP_MARK_ACTIVATE, /* mark_activate_ps */
	REAP_MARK_ACTIVE,   /* mark_active_ps */
	REAP_ANON,	    /* zap_anon_ps, of which free_anon_ps when they are freed */
	REAP_SWAP,	    /* zap_swap_ps */
	REAP_EVICT,	    /* evict_ps */
	REAP_TABLE,	    /* table_free_ps */
	REAP_VMA,	    /* vma_ps */
	REAP_CLOSE,	    /* close_ps */
	NR_REAP_COSTS,
};

/** struct mm_times - sums over a run; all 0 in an untimed one. */
struct mm_times {
	/* CPU time of unmapping dying processes, by any task, and the number of
	 * such steps, which is counted even if the machine has no costs */
	uint64_t reap_ps[NR_REAP_COSTS], reap_nr[NR_REAP_COSTS];
	uint64_t exec_ps;	      /* part of reap_ps for what exec leaves: no process ends */
	uint64_t advise_ps;	      /* CPU time of MADV_COLD and MADV_PAGEOUT, whoever calls */
	uint64_t nr_stalls, stall_ns; /* tasks in direct reclaim: number and time */
	uint64_t nr_io_waits, io_wait_ns; /* tasks that waited for a file page */
	uint64_t refault_wait_ns;	  /* part of io_wait_ns for pages that had been evicted */
	uint64_t read_ps;		  /* CPU time of reading pages: fill_ps, submit_ps */
	uint64_t sync_wait_ns;		  /* tasks that waited in fsync() */
	uint64_t kswapd_ns;		  /* CPU time */
};

/** All CPU time of unmapping dying processes. */
static inline uint64_t mm_times_reap_ps(const struct mm_times *t)
{
	uint64_t sum = 0;

	for (int i = 0; i < NR_REAP_COSTS; i++)
		sum += t->reap_ps[i];
	return sum;
}

#endif
