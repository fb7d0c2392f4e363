// SPDX-License-Identifier: GPL-2.0-only
/*
 * The zone, its watermarks and the per-CPU lists. After mm/page_alloc.c and
 * mm/vmstat.c.
 *
 * Blocks move one by one, and there is one of any order while pages are free. The number of free
 * pages of the zone (buddy) is separate from the counter NR_FREE_PAGES.
 */
#include "tests/unit/reference/internal.h"

#include <stdlib.h>

#include <glib.h>

static int fls_long(uint64_t x)
{
	int n = 0;

	for (; x; x /= 2)
		n++;
	return n;
}

static uint64_t managed_pages(const struct ref *r)
{
	return r->m.managed_pages ? r->m.managed_pages : r->m.memory_pages;
}

static long threshold_normal(const struct ref *r)
{
	uint64_t mem = managed_pages(r) * 4 / (128 * 1024);

	return MIN(125, 2 * fls_long(r->m.cpus) * (1 + fls_long(mem)));
}

static long threshold_pressure(const struct ref *r)
{
	long threshold = MAX(1, (r->zone.low - r->zone.min) / (long)r->m.cpus);

	return MIN(125, threshold);
}

/* zone_batchsize() */
static int zone_batchsize(uint64_t managed)
{
	uint64_t batch = MIN(managed / 4096, 256 * 1024 / 4096), pow2 = 1;

	if (batch <= 1)
		return 1;
	batch += batch / 2;
	for (uint64_t p = 1; p <= batch; p *= 2) /* rounddown_pow_of_two() */
		pow2 = p;
	return (int)pow2 - 1;
}

/* zone_highsize() */
static int zone_highsize(const struct ref *r, long total_pages)
{
	return MAX((int)(total_pages / (long)r->m.cpus), r->zone.batch * 4);
}

void ref_zone_init(struct ref *r)
{
	const uint64_t managed = managed_pages(r), start = r->m.memory_pages;
	uint64_t min_kb = 0;
	struct ref_zone *z = &r->zone;
	long min, delta;

	if (!start)
		return;
	/* calculate_min_free_kbytes() */
	while ((min_kb + 1) * (min_kb + 1) <= managed * 4 * 16)
		min_kb++;
	min_kb = MIN(MAX(min_kb, 128), 262144);
	min = (long)(r->m.min_free_pages ? r->m.min_free_pages : min_kb / 4);
	min = MIN(min, (long)start / 4); /* otherwise tiny machines would not work */
	/* __setup_per_zone_wmarks() */
	delta = MAX(min / 4, (long)(managed * r->m.watermark_scale_factor / 10000));
	z->min = min;
	z->low = min + delta;
	z->high = z->low + delta;
	z->buddy = z->nr_free_pages = (long)(start - MIN(r->m.pcp_pages, start));
	r->pcp[0].lists[REF_PCP_UNMOVABLE] = (int)MIN(r->m.pcp_pages, start);
	/* zone_set_pageset_high_and_batch() */
	z->batch = zone_batchsize(managed);
	z->high_min = zone_highsize(r, z->low);
	z->high_max = zone_highsize(r, (long)managed / 8);
	/* refresh_zone_stat_thresholds() */
	z->stat_threshold = threshold_normal(r);
	/* vmstat_cpu_online() of the second CPU: all watermarks are 0 */
	if (r->m.cpus > 1)
		z->percpu_drift_mark = 0 + (long)r->m.cpus * z->stat_threshold;
	/* init_per_zone_wmark_min() */
	if ((long)r->m.cpus * z->stat_threshold > z->low - z->min)
		z->percpu_drift_mark = z->high + (long)r->m.cpus * z->stat_threshold;
}

/* __mod_zone_page_state(NR_FREE_PAGES) */
static void mod_nr_free_pages(struct ref *r, unsigned int cpu, long delta)
{
	long n = r->pcp[cpu].vm_stat_diff + delta;

	if (labs(n) > r->zone.stat_threshold) {
		r->zone.nr_free_pages += n;
		n = 0;
	}
	r->pcp[cpu].vm_stat_diff = n;
}

/* zone_page_state() */
static long zone_page_state(const struct ref *r)
{
	return MAX(r->zone.nr_free_pages, 0);
}

/* zone_page_state_snapshot() */
static long zone_page_state_snapshot(const struct ref *r)
{
	long x = r->zone.nr_free_pages;

	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++)
		x += r->pcp[cpu].vm_stat_diff;
	return MAX(x, 0);
}

uint64_t ref_nr_free(const struct ref *r)
{
	uint64_t limit = 0;

	if (r->whole)
		return (uint64_t)zone_page_state(r);
	for (int i = 0; i < r->nr_memcgs; i++)
		limit += r->memcgs[i].max;
	return limit - MIN(limit, r->used + (uint64_t)r->nr_kernel);
}

void ref_set_pgdat_percpu_threshold(struct ref *r, bool pressure)
{
	if (r->zone.percpu_drift_mark)
		r->zone.stat_threshold = pressure ? threshold_pressure(r) : threshold_normal(r);
}

int ref_pindex_to_order(int pindex)
{
	return pindex == REF_PCP_LISTS - 1 ? 9 : pindex / REF_PCP_TYPES;
}

static int order_to_pindex(int type, int order)
{
	return order == 9 ? REF_PCP_LISTS - 1 : REF_PCP_TYPES * order + type;
}

/* PAGE_ALLOC_COSTLY_ORDER is 3 */
static bool pcp_allowed_order(int order)
{
	return order <= 3 || order == 9;
}

static int pcp_count(const struct ref_pcp *pcp)
{
	int n = 0;

	for (int i = 0; i < REF_PCP_LISTS; i++)
		n += pcp->lists[i] << ref_pindex_to_order(i);
	return n;
}

/* the kernel's clamp(): compares with the upper bound first */
static int kclamp(int val, int lo, int hi)
{
	if (val >= hi)
		return hi;
	return val <= lo ? lo : val;
}

/* __free_one_page(); blocks are not merged: memory is never fragmented */
static void free_one_page(struct ref *r, unsigned int cpu, int order)
{
	r->zone.buddy += 1L << order;
	mod_nr_free_pages(r, cpu, 1L << order);
}

static void free_pcppages_bulk(struct ref *r, unsigned int cpu, int nr, int list)
{
	struct ref_pcp *pcp = &r->pcp[cpu];

	while (nr > 0 && pcp_count(pcp)) {
		while (!pcp->lists[list])
			list = (list + 1) % REF_PCP_LISTS;
		pcp->lists[list]--;
		free_one_page(r, cpu, ref_pindex_to_order(list));
		nr -= 1 << ref_pindex_to_order(list);
	}
}

static void drain_all_pages(struct ref *r)
{
	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++)
		free_pcppages_bulk(r, cpu, pcp_count(&r->pcp[cpu]), 0);
}

static int nr_pcp_alloc(struct ref *r, struct ref_pcp *pcp, int order)
{
	const struct ref_zone *z = &r->zone;
	int batch = z->batch, max_nr_alloc;

	pcp->high = kclamp(pcp->high, z->high_min, z->high_max);
	if (pcp->high < z->batch)
		return 1;
	for (int i = 0; !order && i < pcp->alloc_factor; i++)
		batch *= 2;
	if (z->high_min != z->high_max && !z->below_high)
		pcp->high = MIN(pcp->high + batch, z->high_max);
	if (!order) {
		max_nr_alloc = MAX(pcp->high - pcp_count(pcp) - z->batch, z->batch);
		if (batch <= max_nr_alloc && pcp->alloc_factor < 5)
			pcp->alloc_factor++;
		batch = MIN(batch, max_nr_alloc);
	}
	return batch > 1 ? MAX(batch / (1 << order), 2) : batch;
}

/* __rmqueue() */
static bool take_block(struct ref *r, unsigned int cpu, int order)
{
	if (r->zone.buddy < 1L << order)
		return false;
	r->zone.buddy -= 1L << order;
	mod_nr_free_pages(r, cpu, -(1L << order));
	return true;
}

static bool rmqueue(struct ref *r, unsigned int cpu, int type, int order)
{
	struct ref_pcp *pcp = &r->pcp[cpu];
	int *list;

	if (!pcp_allowed_order(order))
		return take_block(r, cpu, order);
	/* rmqueue_pcplist() */
	list = &pcp->lists[order_to_pindex(type, order)];
	pcp->free_count /= 2;
	if (!*list)
		for (int nr = nr_pcp_alloc(r, pcp, order); nr && take_block(r, cpu, order); nr--)
			++*list;
	if (!*list)
		return false;
	--*list;
	return true;
}

static int nr_pcp_high(struct ref *r, struct ref_pcp *pcp, bool free_high)
{
	const struct ref_zone *z = &r->zone;
	int high = pcp->high = kclamp(pcp->high, z->high_min, z->high_max);

	if (free_high) {
		pcp->high = MAX(high - 32 * z->batch, z->high_min);
		return 0;
	}
	if (z->reclaim_active) {
		pcp->high = MAX(high - MAX(pcp->free_count, z->batch), z->high_min);
		return MIN(z->batch * 4, pcp->high);
	}
	if (z->high_min == z->high_max)
		return high;
	if (z->below_high) {
		pcp->high = MAX(high - MAX(pcp->free_count, z->batch), z->high_min);
		return MAX(pcp_count(pcp), z->high_min);
	}
	if (pcp_count(pcp) >= high && pcp->high < pcp->free_count + z->batch)
		pcp->high = kclamp(pcp->free_count + z->batch, z->high_min, z->high_max);
	return high;
}

static int nr_pcp_free(const struct ref *r, const struct ref_pcp *pcp, int high, bool free_high)
{
	if (free_high)
		return MIN(pcp_count(pcp), 32 * r->zone.batch);
	return high < r->zone.batch ? 1
				    : kclamp(pcp->free_count, r->zone.batch, high - r->zone.batch);
}

/* free_frozen_page_commit() */
void ref_free_pages(struct ref *r, int type, int order)
{
	struct ref_pcp *pcp = &r->pcp[r->this_cpu];
	struct ref_zone *z = &r->zone;
	const int list = order_to_pindex(type, order);
	bool free_high = false;
	int high, to_free;

	if (!r->whole)
		return;
	if (!pcp_allowed_order(order)) {
		free_one_page(r, r->this_cpu, order);
		return;
	}
	pcp->alloc_factor /= 2;
	pcp->lists[list]++;
	/* with the cache of today's CPUs: PCPF_FREE_HIGH_BATCH */
	if (order > 0 && order < 9) {
		if (pcp->prev_free_high_order && pcp_count(pcp) >= z->batch)
			free_high = pcp->free_count >= z->batch + z->high_min / 2;
		pcp->prev_free_high_order = true;
	} else {
		pcp->prev_free_high_order = false;
	}
	if (pcp->free_count < z->batch * 32)
		pcp->free_count += 1 << order;
	high = nr_pcp_high(r, pcp, free_high);
	if (pcp_count(pcp) < high)
		return;
	to_free = nr_pcp_free(r, pcp, high, free_high);
	while (to_free > 0 && pcp_count(pcp)) {
		free_pcppages_bulk(r, r->this_cpu, MIN(to_free, z->batch), list);
		to_free -= MIN(to_free, z->batch);
	}
	if (z->below_high && zone_page_state(r) > z->high)
		z->below_high = false;
}

/* decay_pcp_high() */
static void decay_pcp_high(struct ref *r, unsigned int cpu)
{
	struct ref_pcp *pcp = &r->pcp[cpu];

	if (pcp->high > r->zone.high_min)
		pcp->high = MAX(MAX(pcp_count(pcp) - r->zone.batch * 32, pcp->high - pcp->high / 8),
				r->zone.high_min);
	while (pcp_count(pcp) > pcp->high)
		free_pcppages_bulk(r, cpu, 1, 0);
}

void ref_refresh_vm_stats(struct ref *r)
{
	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++) {
		r->zone.nr_free_pages += r->pcp[cpu].vm_stat_diff;
		r->pcp[cpu].vm_stat_diff = 0;
		decay_pcp_high(r, cpu);
	}
}

/* __zone_watermark_ok() */
static bool watermark_ok(long free_pages, int order, long mark)
{
	free_pages -= (1L << order) - 1; /* __zone_watermark_unusable_free() */
	return free_pages > mark;
}

static bool get_page_from_freelist(struct ref *r, unsigned int cpu, int type, int order, long mark)
{
	struct ref_zone *z = &r->zone;

	if (!z->below_high) {
		if (watermark_ok(zone_page_state(r), order, z->high))
			return rmqueue(r, cpu, type, order);
		z->below_high = true;
	}
	return watermark_ok(zone_page_state(r), order, mark) && rmqueue(r, cpu, type, order);
}

/* should_reclaim_retry() */
static bool should_reclaim_retry(struct ref *r, bool progress, int *no_progress_loops)
{
	long available = zone_page_state_snapshot(r);

	*no_progress_loops = progress ? 0 : *no_progress_loops + 1;
	if (*no_progress_loops > 16)
		return false;
	available +=
		(long)ref_node_size(r, REF_INACTIVE_FILE) + (long)ref_node_size(r, REF_ACTIVE_FILE);
	if (r->m.swap_pages > r->swap_used)
		available += (long)ref_node_size(r, REF_INACTIVE_ANON) +
			     (long)ref_node_size(r, REF_ACTIVE_ANON);
	return available > r->zone.min;
}

/* A large folio can fall back to a smaller one: its allocation has __GFP_NORETRY. */
bool ref_alloc_pages(struct ref *r, unsigned int cpu, int order, enum ref_gfp gfp)
{
	struct ref_memcg *before = r->cg;
	int no_progress_loops = 0;
	bool progress;

	if (get_page_from_freelist(r, cpu, REF_PCP_MOVABLE, order, r->zone.low))
		return true;
	/* __alloc_pages_slowpath() */
	do {
		ref_wakeup_kswapd(r, order);
		if (get_page_from_freelist(r, cpu, REF_PCP_MOVABLE, order, r->zone.min))
			return true;
		if (gfp == REF_GFP_NOWAIT)
			return false;
		/* __alloc_pages_direct_reclaim() */
		r->cg = r->memcgs;
		progress = ref_try_to_free(r, 32, order, gfp == REF_GFP_READAHEAD || order) > 0;
		r->cg = before;
		if (progress) {
			if (get_page_from_freelist(r, cpu, REF_PCP_MOVABLE, order, r->zone.min))
				return true;
			drain_all_pages(r);
			if (get_page_from_freelist(r, cpu, REF_PCP_MOVABLE, order, r->zone.min))
				return true;
		}
		if (gfp == REF_GFP_READAHEAD || order)
			return false;
	} while (should_reclaim_retry(r, progress, &no_progress_loops));
	r->oom = true;
	return false;
}

/* never fails: it may go below all watermarks */
void ref_alloc_kernel_page(struct ref *r)
{
	if (!r->whole)
		return;
	r->nr_kernel++;
	if (get_page_from_freelist(r, r->this_cpu, REF_PCP_UNMOVABLE, 0, r->zone.low))
		return;
	ref_wakeup_kswapd(r, 0);
	if (get_page_from_freelist(r, r->this_cpu, REF_PCP_UNMOVABLE, 0, r->zone.min))
		return;
	r->zone.buddy--;
	mod_nr_free_pages(r, r->this_cpu, -1);
}

void ref_free_kernel_page(struct ref *r)
{
	if (!r->whole)
		return;
	r->nr_kernel--;
	ref_free_pages(r, REF_PCP_UNMOVABLE, 0);
}

bool ref_pgdat_balanced(const struct ref *r, int order)
{
	const struct ref_zone *z = &r->zone;
	long free_pages = zone_page_state(r);

	if (z->percpu_drift_mark && free_pages < z->percpu_drift_mark)
		free_pages = zone_page_state_snapshot(r);
	return watermark_ok(free_pages, order, z->high);
}
