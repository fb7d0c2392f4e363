// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memcontrol.c try_charge_memcg() with its per-CPU stock. Where
 * no memcg limits the run, pages come from sim/mm/page_alloc.c.
 *
 * Approximations: kernel memory (page tables, inodes, slab) is not charged, as
 * with cgroup.memory=nokmem. drain_all_stock() empties the other CPUs' stocks
 * at once, not from a work queue.
 */
#include "sim/mm/charge.h"

#include <errno.h>

#include "sim/mm/mm.h"
#include "sim/mm/oom_kill.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/reclaim.h"

#define MEMCG_CHARGE_BATCH 64

void charge_init(struct sim *s)
{
	if (!s->cfg.machine.memcg_pages)
		zone_init(s);
}

uint64_t free_pages(const struct sim *s)
{
	const uint64_t limit = s->cfg.machine.memcg_pages;

	if (!limit)
		return (uint64_t)MAX(s->zone.free, 0);
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

/* the slow half of try_charge_memcg(): the limit is hit */
static int charge_reclaim(struct sim *s, enum gfp gfp)
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
		nr_reclaimed = try_to_free_mem_cgroup_pages(s, 1, gfp);
		if (s->memcg_usage < limit)
			continue;
		if (!drained) {
			drain_stocks(s);
			drained = true;
			continue;
		}
		if (gfp == GFP_READAHEAD)
			return -ENOMEM;
		if (fatal_signal_pending(s))
			return -ENOMEM;
		if (nr_reclaimed)
			continue;
		if (nr_retries-- <= 0) {
			if (!out_of_memory(s, true))
				return -ENOMEM;
			nr_retries = MAX_RECLAIM_RETRIES;
		}
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
	} else if (charge_reclaim(s, gfp)) {
		return -ENOMEM;
	}
	s->nr_used++;
	s->nr_used_peak = MAX(s->nr_used_peak, s->nr_used + (uint64_t)s->nr_kernel);
	return 0;
}

void uncharge_page(struct sim *s)
{
	s->nr_used--;
	if (s->cfg.machine.memcg_pages)
		s->memcg_usage--;
	else
		free_page(s);
}
