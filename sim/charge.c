// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memcontrol.c try_charge_memcg() with its per-CPU stock, and
 * mm/page_alloc.c get_page_from_freelist() with the watermarks of
 * __setup_per_zone_wmarks().
 *
 * Approximations: one zone, one node; no per-CPU page lists; kernel memory
 * (page tables, inodes, slab) is not counted, so memory_pages means what is
 * left to user pages. kswapd runs to its end the moment it is woken, while the
 * allocation waits: on a real machine both go on at once, and an allocating
 * task that outruns kswapd enters direct reclaim. Counters of kswapd and
 * direct reclaim should therefore be compared as their sum. drain_all_stock()
 * empties the other CPUs' stocks at once, not from a work queue.
 */
#include "sim/charge.h"

#include <errno.h>

#include "sim/reclaim.h"

#define MEMCG_CHARGE_BATCH 64

static uint64_t int_sqrt(uint64_t x)
{
	uint64_t r = 0;

	for (uint64_t bit = 1ull << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= x)
			r += bit;
	return r;
}

void charge_init(struct sim *s)
{
	const struct machine *m = &s->cfg.machine;
	uint64_t managed = m->memory_pages, min, delta;

	if (!managed)
		return;
	/* calculate_min_free_kbytes(): sqrt(lowmem_kbytes * 16), clamped */
	min = m->min_free_pages ? m->min_free_pages
				: CLAMP(int_sqrt(managed * 4 * 16), 128, 262144) / 4;
	min = MIN(min, managed / 4);
	delta = MAX(min >> 2, managed * m->watermark_scale_factor / 10000);
	s->wmark_min = min;
	s->wmark_low = min + delta;
	s->wmark_high = s->wmark_low + delta;
}

uint64_t free_pages(const struct sim *s)
{
	const struct machine *m = &s->cfg.machine;
	uint64_t limit = machine_limit(m);

	return limit > s->nr_used ? limit - s->nr_used : 0;
}

/* drain_all_stock() */
static void drain_stocks(struct sim *s)
{
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++) {
		s->memcg_usage -= s->cpus[cpu].memcg_stock;
		s->cpus[cpu].memcg_stock = 0;
	}
}

static int out_of_memory(struct sim *s)
{
	s->oom = true;
	return -ENOMEM;
}

/* the slow half of try_charge_memcg(): the limit is hit */
static int charge_reclaim(struct sim *s, unsigned int cpu, enum gfp gfp)
{
	const uint64_t limit = s->cfg.machine.memcg_pages;
	int nr_retries = MAX_RECLAIM_RETRIES;
	bool drained = false;

	for (;;) {
		uint64_t nr_reclaimed;

		if (s->memcg_usage < limit) {
			s->memcg_usage++;
			return 0;
		}
		count_vm(s, VM_memcg_max_events, 1);
		nr_reclaimed = try_to_free_mem_cgroup_pages(s, cpu, 1, gfp);
		if (s->memcg_usage < limit)
			continue;
		if (!drained) {
			drain_stocks(s);
			drained = true;
			continue;
		}
		if (gfp == GFP_READAHEAD)
			return -ENOMEM;
		if (nr_reclaimed)
			continue;
		if (nr_retries-- <= 0)
			return out_of_memory(s);
	}
}

/* zone_reclaimable_pages() */
static uint64_t reclaimable_pages(const struct sim *s)
{
	const struct lru_model *lru = s->cfg.lru;
	uint64_t nr = lru->size(s, LRU_FILE, false) + lru->size(s, LRU_FILE, true);

	if (nr_swap_pages(s))
		nr += lru->size(s, LRU_ANON, false) + lru->size(s, LRU_ANON, true);
	return nr;
}

/* get_page_from_freelist(), __alloc_pages_slowpath(), should_reclaim_retry() */
static int alloc_page(struct sim *s, unsigned int cpu, enum gfp gfp)
{
	int no_progress_loops = 0;

	if (free_pages(s) > s->wmark_low)
		return 0;
	for (;;) {
		bool progress;

		kswapd_run(s, cpu);
		if (free_pages(s) > s->wmark_min)
			return 0;
		progress = try_to_free_pages(s, cpu, gfp) > 0;
		if (progress && free_pages(s) > s->wmark_min)
			return 0;
		if (gfp == GFP_READAHEAD)
			return -ENOMEM;
		no_progress_loops = progress ? 0 : no_progress_loops + 1;
		if (no_progress_loops > MAX_RECLAIM_RETRIES ||
		    free_pages(s) + reclaimable_pages(s) <= s->wmark_min)
			return out_of_memory(s);
	}
}

int charge_page(struct sim *s, unsigned int cpu, enum gfp gfp)
{
	struct sim_cpu *c = &s->cpus[cpu];
	const uint64_t limit = s->cfg.machine.memcg_pages;

	if (!limit) {
		if (alloc_page(s, cpu, gfp))
			return -ENOMEM;
	} else if (c->memcg_stock) {
		c->memcg_stock--;
	} else if (s->memcg_usage + MEMCG_CHARGE_BATCH <= limit) {
		s->memcg_usage += MEMCG_CHARGE_BATCH;
		c->memcg_stock = MEMCG_CHARGE_BATCH - 1;
	} else if (charge_reclaim(s, cpu, gfp)) {
		return -ENOMEM;
	}
	if (++s->nr_used > s->nr_used_peak)
		s->nr_used_peak = s->nr_used;
	return 0;
}

void uncharge_page(struct sim *s)
{
	s->nr_used--;
	if (s->cfg.machine.memcg_pages)
		s->memcg_usage--;
}
