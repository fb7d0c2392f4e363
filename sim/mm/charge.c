// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memcontrol.c try_charge_memcg() with its per-CPU stock. Where
 * no memcg limits the run, pages come from sim/mm/page_alloc.c.
 *
 * sim/mm/objcg.c charges kernel memory.
 *
 * A whole machine with two cgroups has both: a page comes from the zone, and is charged to the
 * cgroup. Those are children of the root, which is charged for nothing.
 *
 * Approximations: free_pages() takes all memcgs together, and killers watch the limit of the first,
 * or the zone. drain_all_stock() empties the other CPUs' stocks at once, not from a work queue.
 */
#include "sim/mm/charge.h"

#include <errno.h>

#include "sim/mm/mm.h"
#include "sim/mm/objcg.h"
#include "sim/mm/oom_kill.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/reclaim.h"

void charge_init(struct sim *s)
{
	const struct machine *m = &s->cfg.machine;
	const bool whole = !m->memcg_pages;

	s->cgroups = s->memcg;
	s->nr_cgroups = m->memcg2_pages ? 2 : 1;
	if (whole) {
		s->root = s->memcg;
		/* the trace runs in the root, or in children of it */
		s->cgroups += m->memcg2_pages != 0;
		zone_init(s);
	}
	if (!whole)
		s->cgroups[0].max = m->memcg_pages;
	else if (m->memcg2_pages)
		s->cgroups[0].max = PAGE_COUNTER_MAX;
	if (m->memcg2_pages)
		s->cgroups[1].max = m->memcg2_pages;
	s->nr_memcgs = (unsigned int)(s->cgroups - s->memcg) + s->nr_cgroups;
	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		s->memcg[i].in_zone = whole;
	for (unsigned int i = 0; i < s->nr_cgroups; i++)
		s->memcg_first[i] = s->cgroups[i].max;
	s->charge_more = (whole && s->nr_memcgs > 1) || (m->kmem && !whole);
}

uint64_t free_pages(const struct sim *s)
{
	uint64_t limit = 0;

	if (s->root)
		return (uint64_t)MAX(s->zone.free, 0);
	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		limit += s->memcg[i].max;
	return limit > s->nr_used + (uint64_t)s->zone.nr_kernel
		       ? limit - s->nr_used - (uint64_t)s->zone.nr_kernel
		       : 0;
}

static void drain_stock(struct mem_cgroup *memcg, unsigned int cpu)
{
	memcg->usage -= memcg->stock[cpu];
	memcg->stock[cpu] = 0;
}

void drain_all_stock(struct sim *s, struct mem_cgroup *memcg)
{
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++) {
		/* is_memcg_drain_needed(); drain_stock_fully() */
		for (unsigned int i = 0; memcg->stock[cpu] && i < s->nr_memcgs; i++)
			if (&s->memcg[i] != memcg)
				drain_stock(&s->memcg[i], cpu);
		drain_stock(memcg, cpu);
		if (s->objcg)
			drain_obj_stock(s, cpu, (uint8_t)(memcg - s->memcg));
	}
}

void refill_stock(const struct sim *s, struct mem_cgroup *memcg, unsigned int cpu, uint32_t nr)
{
	uint32_t *stock = &memcg->stock[cpu];

	*stock += nr;
	if (*stock > s->batches.charge) {
		memcg->usage -= *stock;
		*stock = 0;
	}
}

static bool consume_stock(struct mem_cgroup *memcg, unsigned int cpu, uint32_t nr)
{
	if (memcg->stock[cpu] < nr)
		return false;
	memcg->stock[cpu] -= nr;
	return true;
}

/* the slow path of try_charge_memcg(): the charge exceeds the limit */
static int charge_reclaim(struct sim *s, struct mem_cgroup *memcg, unsigned int cpu, uint32_t nr,
			  enum gfp gfp)
{
	const uint64_t limit = memcg->max;
	int nr_retries = MAX_RECLAIM_RETRIES;
	bool drained = false;

	for (;;) {
		uint64_t nr_reclaimed;

		if (memcg->usage + nr <= limit) {
			memcg->usage += nr;
			return 0;
		}
		if (gfp == GFP_NOWAIT)
			return -ENOMEM;
		count_vm(s, VM_memcg_max_events, 1);
		nr_reclaimed = try_to_free_mem_cgroup_pages(s, memcg, nr, gfp, NULL);
		if (memcg->usage + nr <= limit) {
			/* kernel memory that reclaim freed is in the stock */
			if (consume_stock(memcg, cpu, nr))
				return 0;
			continue;
		}
		if (!drained) {
			drain_all_stock(s, memcg);
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
			if (nr > 1 << PAGE_ALLOC_COSTLY_ORDER || !out_of_memory(s, memcg, true))
				return -ENOMEM;
			nr_retries = MAX_RECLAIM_RETRIES;
		}
	}
}

int charge_page(struct sim *s, struct mem_cgroup *memcg, unsigned int cpu, enum gfp gfp)
{
	const uint64_t limit = memcg->max;

	if (__builtin_expect(s->charge_more, 0))
		return charge_folio(s, memcg, cpu, 1, gfp);
	if (!limit) {
		if (alloc_page(s, cpu, gfp))
			return -ENOMEM;
	} else if (memcg->stock[cpu]) {
		memcg->stock[cpu]--;
	} else if (memcg->usage + s->batches.charge <= limit) {
		memcg->usage += s->batches.charge;
		memcg->stock[cpu] = s->batches.charge - 1;
	} else if (memcg->usage < limit) {
		memcg->usage++; /* no room for a batch */
	} else if (charge_reclaim(s, memcg, cpu, 1, gfp)) {
		return -ENOMEM;
	}
	s->nr_used++;
	s->nr_used_peak = MAX(s->nr_used_peak, s->nr_used + (uint64_t)s->zone.nr_kernel);
	return 0;
}

int try_charge_memcg(struct sim *s, struct mem_cgroup *memcg, unsigned int cpu, uint32_t nr,
		     enum gfp gfp)
{
	const uint32_t batch = MAX(s->batches.charge, nr);

	if (consume_stock(memcg, cpu, nr))
		return 0;
	if (memcg->usage + batch > memcg->max)
		return charge_reclaim(s, memcg, cpu, nr, gfp);
	memcg->usage += batch;
	refill_stock(s, memcg, cpu, batch - nr);
	return 0;
}

int charge_folio(struct sim *s, struct mem_cgroup *memcg, unsigned int cpu, uint32_t nr,
		 enum gfp gfp)
{
	if (s->objcg)
		obj_rcu_core(s);
	if (memcg->in_zone &&
	    (nr == 1 ? alloc_page(s, cpu, gfp) : alloc_folio(s, cpu, g_bit_storage(nr) - 1)))
		return -ENOMEM;
	if (memcg != s->root && try_charge_memcg(s, memcg, cpu, nr, gfp)) {
		if (memcg->in_zone)
			free_folio(s, nr);
		return -ENOMEM;
	}
	s->nr_used += nr;
	s->nr_used_peak = MAX(s->nr_used_peak, s->nr_used + (uint64_t)s->zone.nr_kernel);
	return 0;
}
