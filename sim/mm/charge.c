// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memcontrol.c try_charge_memcg() with its per-CPU stock. Where
 * no memcg limits the run, pages come from sim/mm/page_alloc.c.
 *
 * sim/mm/objcg.c charges kernel memory.
 *
 * Approximations: drain_all_stock() empties the other CPUs' stocks at once, not from a work
 * queue.
 */
#include "sim/mm/charge.h"

#include <errno.h>

#include "sim/mm/mm.h"
#include "sim/mm/objcg.h"
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
	return limit > s->nr_used + (uint64_t)s->zone.nr_kernel
		       ? limit - s->nr_used - (uint64_t)s->zone.nr_kernel
		       : 0;
}

void drain_all_stock(struct sim *s)
{
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++) {
		s->memcg_usage -= s->cpus[cpu].memcg_stock;
		s->cpus[cpu].memcg_stock = 0;
	}
	if (s->objcg)
		drain_obj_stocks(s);
}

void refill_stock(struct sim *s, unsigned int cpu, uint32_t nr)
{
	uint32_t *stock = &s->cpus[cpu].memcg_stock;

	*stock += nr;
	if (*stock > MEMCG_CHARGE_BATCH) {
		s->memcg_usage -= *stock;
		*stock = 0;
	}
}

static bool consume_stock(struct sim *s, unsigned int cpu, uint32_t nr)
{
	if (s->cpus[cpu].memcg_stock < nr)
		return false;
	s->cpus[cpu].memcg_stock -= nr;
	return true;
}

/* the slow path of try_charge_memcg(): the charge exceeds the limit */
static int charge_reclaim(struct sim *s, unsigned int cpu, uint32_t nr, enum gfp gfp)
{
	const uint64_t limit = s->cfg.machine.memcg_pages;
	int nr_retries = MAX_RECLAIM_RETRIES;
	bool drained = false;

	for (;;) {
		uint64_t nr_reclaimed;

		if (s->memcg_usage + nr <= limit) {
			s->memcg_usage += nr;
			return 0;
		}
		if (gfp == GFP_NOWAIT)
			return -ENOMEM;
		count_vm(s, VM_memcg_max_events, 1);
		nr_reclaimed = try_to_free_mem_cgroup_pages(s, nr, gfp, NULL);
		if (s->memcg_usage + nr <= limit) {
			/* kernel memory that reclaim freed is in the stock */
			if (consume_stock(s, cpu, nr))
				return 0;
			continue;
		}
		if (!drained) {
			drain_all_stock(s);
			drained = true;
			continue;
		}
		if (gfp == GFP_READAHEAD)
			return -ENOMEM;
		if (fatal_signal_pending(s))
			return -ENOMEM;
		if (nr_reclaimed && nr <= 1 << PAGE_ALLOC_COSTLY_ORDER)
			continue;
		if (nr_retries-- <= 0) {
			/* mem_cgroup_oom() */
			if (nr > 1 << PAGE_ALLOC_COSTLY_ORDER || !out_of_memory(s, true))
				return -ENOMEM;
			nr_retries = MAX_RECLAIM_RETRIES;
		}
	}
}

int charge_page(struct sim *s, unsigned int cpu, enum gfp gfp)
{
	struct sim_cpu *c = &s->cpus[cpu];
	const uint64_t limit = s->cfg.machine.memcg_pages;

	if (__builtin_expect(s->objcg != NULL, 0))
		return charge_folio(s, cpu, 1, gfp);
	if (!limit) {
		if (alloc_page(s, cpu, gfp))
			return -ENOMEM;
	} else if (c->memcg_stock) {
		c->memcg_stock--;
	} else if (s->memcg_usage + MEMCG_CHARGE_BATCH <= limit) {
		s->memcg_usage += MEMCG_CHARGE_BATCH;
		c->memcg_stock = MEMCG_CHARGE_BATCH - 1;
	} else if (s->memcg_usage < limit) {
		s->memcg_usage++; /* no room for a batch */
	} else if (charge_reclaim(s, cpu, 1, gfp)) {
		return -ENOMEM;
	}
	s->nr_used++;
	s->nr_used_peak = MAX(s->nr_used_peak, s->nr_used + (uint64_t)s->zone.nr_kernel);
	return 0;
}

int try_charge_memcg(struct sim *s, unsigned int cpu, uint32_t nr, enum gfp gfp)
{
	const uint32_t batch = MAX(MEMCG_CHARGE_BATCH, nr);

	if (consume_stock(s, cpu, nr))
		return 0;
	if (s->memcg_usage + batch > s->cfg.machine.memcg_pages)
		return charge_reclaim(s, cpu, nr, gfp);
	s->memcg_usage += batch;
	refill_stock(s, cpu, batch - nr);
	return 0;
}

int charge_folio(struct sim *s, unsigned int cpu, uint32_t nr, enum gfp gfp)
{
	if (s->objcg)
		obj_rcu_core(s);
	if (s->cfg.machine.memcg_pages) {
		if (try_charge_memcg(s, cpu, nr, gfp))
			return -ENOMEM;
		s->nr_used += nr;
	} else {
		if (alloc_folio(s, cpu, g_bit_storage(nr) - 1))
			return -ENOMEM;
		s->nr_used += nr;
	}
	s->nr_used_peak = MAX(s->nr_used_peak, s->nr_used + (uint64_t)s->zone.nr_kernel);
	return 0;
}

void uncharge_folio(struct sim *s, uint32_t nr)
{
	s->nr_used -= nr;
	if (s->cfg.machine.memcg_pages)
		s->memcg_usage -= nr;
	else
		free_folio(s, nr);
}
