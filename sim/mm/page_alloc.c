// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/page_alloc.c: get_page_from_freelist(),
 * __alloc_pages_slowpath(), the per-CPU lists (rmqueue_pcplist(),
 * nr_pcp_alloc(), free_frozen_page_commit(), nr_pcp_high(), nr_pcp_free()) and
 * the watermarks of __setup_per_zone_wmarks().
 *
 * The watermarks are compared with what is free in the zone, and pages on a
 * per-CPU list are not. A list is refilled by up to 32 batches at once, which
 * may be more than there is between two watermarks: that is how an allocation
 * gets to direct reclaim although kswapd could have kept up.
 *
 * A large folio is a block. Blocks of up to 8 pages, and of 512, have per-CPU lists of their own.
 * All others go to and from the zone one by one, so they never refill a list and
 * overshoot.
 *
 * Approximations: one zone, one node. Memory is never fragmented: while enough
 * pages are free, a block of any order is, so there is no compaction. All free
 * pages are alike: there are no page blocks and migrate types, so no fallback from
 * one to another and no watermark boost (vm.watermark_boost_factor is 0). Of the kernel's own
 * memory only page tables and the nodes of the page cache are counted, and
 * these wake kswapd but never wait for direct reclaim; memory_pages means what
 * is free when the trace starts.
 */
#include "sim/mm/page_alloc.h"

#include <errno.h>

#include "sim/mm/huge_memory.h"
#include "sim/mm/kswapd.h"
#include "sim/mm/mm.h"
#include "sim/mm/oom_kill.h"
#include "sim/mm/reclaim.h"
#include "sim/mm/swap.h"

#define PAGE_SHIFT			  12
#define PCP_BATCH_SCALE_MAX		  5 /* CONFIG_PCP_BATCH_SCALE_MAX */
#define MIN_PERCPU_PAGELIST_HIGH_FRACTION 8

static uint64_t int_sqrt(uint64_t x)
{
	uint64_t r = 0;

	for (uint64_t bit = 1ull << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= x)
			r += bit;
	return r;
}

static int fls(uint64_t x)
{
	return x ? (int)g_bit_storage(x) : 0;
}

/* zone_batchsize(): a 16384th of the zone, at most 256 KiB, as 2^n - 1 */
static int zone_batchsize(uint64_t managed)
{
	uint64_t batch = MIN(managed >> 12, 64), pow2 = 1;

	if (batch <= 1)
		return 1;
	while (pow2 * 2 <= batch + batch / 2)
		pow2 *= 2;
	return (int)pow2 - 1;
}

static uint64_t managed_pages(const struct machine *m)
{
	return m->managed_pages ? m->managed_pages : m->memory_pages;
}

/* calculate_normal_threshold() of the whole machine, and of that the share of a sample */
static int normal_threshold(const struct sim *s)
{
	const struct machine *m = &s->cfg.machine;
	const uint64_t managed = managed_pages(m) * s->cfg.one_in;

	return MIN(125, 2 * fls(m->cpus) * (1 + fls(managed >> (27 - PAGE_SHIFT)))) /
	       (int)s->cfg.one_in;
}

void set_pgdat_percpu_threshold(struct sim *s, bool pressure)
{
	const struct machine *m = &s->cfg.machine;
	struct zone *z = &s->zone;

	if (!z->percpu_drift_mark)
		return;
	/* calculate_pressure_threshold() */
	z->stat_threshold = pressure ? (int)CLAMP((z->wmark_low - z->wmark_min) / m->cpus, 1, 125)
				     : normal_threshold(s);
}

uint64_t machine_min_free_pages(const struct machine *m)
{
	/* calculate_min_free_kbytes(): sqrt(lowmem_kbytes * 16), clamped */
	const uint64_t min = m->min_free_pages
				     ? m->min_free_pages
				     : CLAMP(int_sqrt(managed_pages(m) * 4 * 16), 128, 262144) / 4;

	return MIN(min, m->memory_pages / 4);
}

void zone_init(struct sim *s)
{
	const struct machine *m = &s->cfg.machine;
	struct zone *z = &s->zone;
	uint64_t managed = managed_pages(m), min = machine_min_free_pages(m), delta;

	delta = MAX(min >> 2, managed * m->watermark_scale_factor / 10000);
	/* unmovable: they come from a pipe. The page cache can't use them */
	s->cpus[0].pcp.count = (int)MIN(m->pcp_pages, m->memory_pages);
	s->cpus[0].pcp.lists[MIGRATE_UNMOVABLE] = s->cpus[0].pcp.count;
	z->free = (int64_t)m->memory_pages - s->cpus[0].pcp.count;
	z->wmark_min = (int64_t)min;
	z->wmark_low = z->wmark_min + (int64_t)delta;
	z->wmark_high = z->wmark_low + (int64_t)delta;
	/*
	 * refresh_zone_stat_thresholds(). When the second CPU comes up it runs
	 * before there are watermarks: any drift is too much, and the mark that
	 * it sets then is never taken back.
	 */
	z->stat_threshold = normal_threshold(s);
	if (m->cpus > 1)
		z->percpu_drift_mark = (int64_t)m->cpus * z->stat_threshold;
	if (m->cpus * (uint64_t)z->stat_threshold > delta)
		z->percpu_drift_mark = z->wmark_high + (int64_t)m->cpus * z->stat_threshold;
	/* zone_set_pageset_high_and_batch() */
	z->batch = MAX(zone_batchsize(managed * s->cfg.one_in) / (int)s->cfg.one_in, 1);
	z->high_min = MAX((int)(z->wmark_low / m->cpus), z->batch * 4);
	z->high_max =
		MAX((int)(managed / MIN_PERCPU_PAGELIST_HIGH_FRACTION / m->cpus), z->batch * 4);
}

/* mod_zone_state(): @n pages more, one by one */
static void mod_free_pages(struct sim *s, unsigned int cpu, int n)
{
	int *diff = &s->cpus[cpu].free_diff, step = n < 0 ? -1 : 1;

	for (; n; n -= step) {
		*diff += step;
		if (ABS(*diff) > s->zone.stat_threshold) {
			s->zone.free += *diff;
			*diff = 0;
		}
	}
}

/* the same at once: a block of pages */
static void mod_free_block(struct sim *s, unsigned int cpu, int n)
{
	int *diff = &s->cpus[cpu].free_diff;

	*diff += n;
	if (ABS(*diff) > s->zone.stat_threshold) {
		s->zone.free += *diff;
		*diff = 0;
	}
}

int64_t zone_free_exact(const struct sim *s)
{
	int64_t nr = s->zone.free;

	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++)
		nr += s->cpus[cpu].free_diff;
	return nr;
}

bool zone_balanced(const struct sim *s, unsigned int order)
{
	const struct zone *z = &s->zone;
	int64_t nr = z->free < z->percpu_drift_mark ? zone_free_exact(s) : z->free;

	return nr - ((1 << order) - 1) > z->wmark_high;
}

/* ---- per-CPU lists ---- */

/* clamp(), with what it does where the bounds are the wrong way round */
static int clamp_pcp_high(const struct zone *z, int high)
{
	return high >= z->high_max ? z->high_max : MAX(high, z->high_min);
}

/* pcp_allowed_order() */
static bool pcp_allowed_order(unsigned int order)
{
	return order <= PAGE_ALLOC_COSTLY_ORDER || order == HPAGE_PMD_ORDER;
}

/* order_to_pindex() */
static int order_to_pindex(enum migratetype type, unsigned int order)
{
	return order > PAGE_ALLOC_COSTLY_ORDER ? NR_PCP_LISTS - 1
					       : MIGRATE_PCPTYPES * (int)order + (int)type;
}

static int pindex_to_order(int pindex)
{
	return pindex == NR_PCP_LISTS - 1 ? HPAGE_PMD_ORDER : pindex / MIGRATE_PCPTYPES;
}

/* nr_pcp_alloc(): how many blocks to move to the list */
static inline int nr_pcp_alloc(const struct zone *z, struct per_cpu_pages *pcp, unsigned int order)
{
	int high = pcp->high = clamp_pcp_high(z, pcp->high);
	int batch = order ? z->batch : z->batch << pcp->alloc_factor;

	if (high < z->batch)
		return 1;
	if (z->high_min != z->high_max && !z->below_high)
		high = pcp->high = MIN(high + batch, z->high_max);
	if (!order) {
		int max_nr_alloc = MAX(high - pcp->count - z->batch, z->batch);

		if (batch <= max_nr_alloc && pcp->alloc_factor < PCP_BATCH_SCALE_MAX)
			pcp->alloc_factor++;
		batch = MIN(batch, max_nr_alloc);
	}
	return batch > 1 ? MAX(batch >> order, 2) : batch;
}

/* rmqueue_bulk(): as many of @nr blocks as there are */
static int rmqueue_bulk(struct sim *s, unsigned int cpu, unsigned int order, int nr)
{
	const int64_t there = MAX(zone_free_exact(s), 0) >> order;

	nr = (int)MIN(there, nr);
	if (!order)
		mod_free_pages(s, cpu, -nr);
	for (int i = 0; order && i < nr; i++)
		mod_free_block(s, cpu, -(1 << order));
	return nr;
}

static inline bool rmqueue(struct sim *s, unsigned int cpu, enum migratetype type,
			   unsigned int order)
{
	struct per_cpu_pages *pcp = &s->cpus[cpu].pcp;
	int *list = &pcp->lists[order_to_pindex(type, order)];

	if (!pcp_allowed_order(order))
		return rmqueue_bulk(s, cpu, order, 1) == 1;
	pcp->free_count >>= 1;
	if (!*list) {
		int n = rmqueue_bulk(s, cpu, order, nr_pcp_alloc(&s->zone, pcp, order));

		*list = n << order;
		pcp->count += n << order;
		if (!n)
			return false;
	}
	*list -= 1 << order;
	pcp->count -= 1 << order;
	return true;
}

/* free_pcppages_bulk(): one list after the other, from @pindex on */
static void free_pcppages_bulk(struct sim *s, unsigned int cpu, int nr, int pindex)
{
	struct per_cpu_pages *pcp = &s->cpus[cpu].pcp;

	nr = MIN(nr, pcp->count);
	for (; nr > 0; pindex = (pindex + 1) % NR_PCP_LISTS) {
		const int size = 1 << pindex_to_order(pindex);
		/* whole blocks */
		int n = MIN((nr + size - 1) / size * size, pcp->lists[pindex]);

		pcp->lists[pindex] -= n;
		pcp->count -= n;
		nr -= n;
		if (size == 1)
			mod_free_pages(s, cpu, n);
		for (; size > 1 && n; n -= size)
			mod_free_block(s, cpu, size);
	}
}

/* nr_pcp_high(): how many pages may stay on the list */
static int nr_pcp_high(const struct zone *z, struct per_cpu_pages *pcp, bool free_high)
{
	int high = pcp->high = clamp_pcp_high(z, pcp->high);

	if (free_high) {
		pcp->high = MAX(high - (z->batch << PCP_BATCH_SCALE_MAX), z->high_min);
		return 0;
	}
	if (z->reclaim_active) {
		pcp->high = MAX(high - MAX(pcp->free_count, z->batch), z->high_min);
		return MIN(z->batch << 2, pcp->high);
	}
	if (z->high_min == z->high_max)
		return high;
	if (z->below_high) {
		pcp->high = MAX(high - MAX(pcp->free_count, z->batch), z->high_min);
		high = MAX(pcp->count, z->high_min);
	} else if (pcp->count >= high && pcp->high < pcp->free_count + z->batch) {
		pcp->high = clamp_pcp_high(z, pcp->free_count + z->batch);
	}
	return high;
}

/* nr_pcp_free() */
static int nr_pcp_free(const struct zone *z, const struct per_cpu_pages *pcp, int high,
		       bool free_high)
{
	if (free_high)
		return MIN(pcp->count, z->batch << PCP_BATCH_SCALE_MAX);
	if (high < z->batch)
		return 1;
	return MAX(MIN(pcp->free_count, high - z->batch), z->batch);
}

/* free_frozen_page_commit() */
static inline void free_page_commit(struct sim *s, enum migratetype type, unsigned int order)
{
	struct per_cpu_pages *pcp = &s->cpus[s->this_cpu].pcp;
	struct zone *z = &s->zone;
	const int pindex = order_to_pindex(type, order);
	const bool high_order = order && order <= PAGE_ALLOC_COSTLY_ORDER;
	bool free_high;
	int high;

	pcp->alloc_factor >>= 1;
	pcp->lists[pindex] += 1 << order;
	pcp->count += 1 << order;
	/* PCPF_FREE_HIGH_BATCH: the CPU's cache is larger than three batches */
	free_high = high_order && pcp->prev_free_high_order &&
		    pcp->free_count >= z->batch + z->high_min / 2 && pcp->count >= z->batch;
	pcp->prev_free_high_order = high_order;
	if (pcp->free_count < z->batch << PCP_BATCH_SCALE_MAX)
		pcp->free_count += 1 << order;
	high = nr_pcp_high(z, pcp, free_high);
	if (pcp->count < high)
		return;
	for (int nr = nr_pcp_free(z, pcp, high, free_high); nr > 0 && pcp->count; nr -= z->batch)
		free_pcppages_bulk(s, s->this_cpu, MIN(nr, z->batch), pindex);
	if (z->below_high && z->free > z->wmark_high)
		z->below_high = false;
}

void free_page(struct sim *s)
{
	free_page_commit(s, MIGRATE_MOVABLE, 0);
}

void free_folio(struct sim *s, uint32_t nr)
{
	const unsigned int order = g_bit_storage(nr) - 1;

	if (!order)
		free_page(s);
	else if (pcp_allowed_order(order))
		free_page_commit(s, MIGRATE_MOVABLE, order);
	else
		mod_free_block(s, s->this_cpu, (int)nr);
}

void free_kernel_pages(struct sim *s, unsigned int nr)
{
	if (!s->root)
		return;
	s->zone.nr_kernel -= nr;
	while (nr--)
		free_page_commit(s, MIGRATE_UNMOVABLE, 0);
}

static void drain_all_pages(struct sim *s)
{
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++)
		free_pcppages_bulk(s, cpu, s->cpus[cpu].pcp.count, 0);
}

bool refresh_vm_stats(struct sim *s)
{
	struct zone *z = &s->zone;
	bool changed = false;

	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++) {
		struct per_cpu_pages *pcp = &s->cpus[cpu].pcp;
		const int high = pcp->high;

		changed |= s->cpus[cpu].free_diff != 0;
		z->free += s->cpus[cpu].free_diff;
		s->cpus[cpu].free_diff = 0;
		/* decay_pcp_high() */
		if (pcp->high > z->high_min)
			pcp->high = MAX(MAX(pcp->count - (z->batch << PCP_BATCH_SCALE_MAX),
					    pcp->high - (pcp->high >> 3)),
					z->high_min);
		changed |= pcp->high != high || pcp->count > pcp->high;
		free_pcppages_bulk(s, cpu, MAX(pcp->count - pcp->high, 0), 0);
	}
	return changed;
}

/* ---- allocation ---- */

/* __zone_watermark_ok(): any block of @order will do, and memory is never fragmented */
static bool zone_watermark_ok(const struct zone *z, unsigned int order, int64_t mark)
{
	return z->free - ((1 << order) - 1) > mark;
}

/* get_page_from_freelist(): "fast" with the low watermark, else with min */
static inline bool get_page_from_freelist(struct sim *s, unsigned int cpu, enum migratetype type,
					  unsigned int order, int64_t wmark)
{
	struct zone *z = &s->zone;

	if (!z->below_high && !zone_watermark_ok(z, order, z->wmark_high))
		z->below_high = true;
	if (z->below_high && !zone_watermark_ok(z, order, wmark))
		return false;
	return rmqueue(s, cpu, type, order);
}

/* zone_reclaimable_pages() */
static int64_t reclaimable_pages(const struct sim *s)
{
	uint64_t nr = lruvec_pages(s, LRU_FILE);

	if (nr_swap_pages(s))
		nr += lruvec_pages(s, LRU_ANON);
	return (int64_t)nr;
}

/* __alloc_pages_slowpath() with should_reclaim_retry() */
static int alloc_pages_slowpath(struct sim *s, unsigned int cpu, unsigned int order, enum gfp gfp)
{
	const struct zone *z = &s->zone;
	int no_progress_loops = 0;

	for (;;) {
		bool progress;

		wakeup_kswapd(s, order);
		if (get_page_from_freelist(s, cpu, MIGRATE_MOVABLE, order, z->wmark_min))
			return 0;
		if (gfp == GFP_NOWAIT)
			return -ENOMEM;
		/* __alloc_pages_direct_reclaim() */
		progress = try_to_free_pages(s, gfp, order) > 0;
		if (progress) {
			if (get_page_from_freelist(s, cpu, MIGRATE_MOVABLE, order, z->wmark_min))
				return 0;
			drain_all_pages(s);
			if (get_page_from_freelist(s, cpu, MIGRATE_MOVABLE, order, z->wmark_min))
				return 0;
		}
		if (gfp == GFP_READAHEAD)
			return -ENOMEM;
		if (fatal_signal_pending(s))
			return -ENOMEM;
		no_progress_loops = progress ? 0 : no_progress_loops + 1;
		if (no_progress_loops > MAX_RECLAIM_RETRIES ||
		    zone_free_exact(s) + reclaimable_pages(s) <= z->wmark_min) {
			if (!out_of_memory(s, NULL, true))
				return -ENOMEM;
			no_progress_loops = 0;
		}
	}
}

int alloc_page(struct sim *s, unsigned int cpu, enum gfp gfp)
{
	if (get_page_from_freelist(s, cpu, MIGRATE_MOVABLE, 0, s->zone.wmark_low))
		return 0;
	return alloc_pages_slowpath(s, cpu, 0, gfp);
}

int alloc_folio(struct sim *s, unsigned int cpu, unsigned int order)
{
	if (get_page_from_freelist(s, cpu, MIGRATE_MOVABLE, order, s->zone.wmark_low))
		return 0;
	/* __GFP_NORETRY: there are smaller folios */
	return alloc_pages_slowpath(s, cpu, order, GFP_READAHEAD);
}

void alloc_kernel_pages(struct sim *s, unsigned int nr)
{
	const struct zone *z = &s->zone;

	if (!s->root)
		return;
	s->zone.nr_kernel += nr;
	while (nr--) {
		if (get_page_from_freelist(s, s->this_cpu, MIGRATE_UNMOVABLE, 0, z->wmark_low))
			continue;
		wakeup_kswapd(s, 0);
		if (!get_page_from_freelist(s, s->this_cpu, MIGRATE_UNMOVABLE, 0, z->wmark_min))
			mod_free_pages(s, s->this_cpu, -1);
	}
}
