/* SPDX-License-Identifier: GPL-2.0-only */
/* The page allocator of a whole-machine run: one zone with its watermarks, and
 * the per-CPU lists in front of it. */
#ifndef REAPSIM_PAGE_ALLOC_H
#define REAPSIM_PAGE_ALLOC_H

#include "sim/state.h"

/** enum gfp - what an allocation may do to succeed. */
enum gfp {
	GFP_KERNEL,
	GFP_READAHEAD, /* __GFP_NORETRY and no __GFP_FS: gives up early */
	GFP_NOWAIT,    /* does not reclaim */
};

/** min_free_kbytes of a machine, in pages. */
uint64_t machine_min_free_pages(const struct machine *m);
/** Sets watermarks and per-CPU lists of memory_pages that are all free. */
void zone_init(struct sim *s);
/** One page for a task on @cpu; as charge_page(). */
int alloc_page(struct sim *s, unsigned int cpu, enum gfp gfp);
/** A folio of 2^@order pages for a task on @cpu. Return: 0, or -ENOMEM: take a smaller one. */
int alloc_folio(struct sim *s, unsigned int cpu, unsigned int order);
/** A page of page cache or of a process is given back by the CPU that runs. */
void free_page(struct sim *s);
/** All @nr of a folio. */
void free_folio(struct sim *s, uint32_t nr);
/** The kernel takes pages for itself, as for a page table, and gives them back. */
void alloc_kernel_pages(struct sim *s, unsigned int nr);
void free_kernel_pages(struct sim *s, unsigned int nr);
/** refresh_cpu_vm_stats() on every CPU: each second, and for who reads
 * /proc/vmstat exactly. Return: did anything change? */
bool refresh_vm_stats(struct sim *s);
/** How much of NR_FREE_PAGES a CPU may keep to itself: less while kswapd is
 * awake, where it could matter. */
void set_pgdat_percpu_threshold(struct sim *s, bool pressure);
/** zone_page_state_snapshot(): free, those of the per-CPU lists not counted. */
int64_t zone_free_exact(const struct sim *s);
/** pgdat_balanced(): no reason for kswapd to run. */
bool zone_balanced(const struct sim *s, unsigned int order);

#endif
