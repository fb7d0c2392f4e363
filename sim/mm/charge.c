// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memcontrol.c try_charge_memcg() with its per-CPU stock. Where
 * no memcg limits the run, pages come from sim/mm/page_alloc.c.
 *
 * Approximations: with machine key kmem, page tables, a fixed number of pages per process and
 * the nodes of the page cache are charged; without it no kernel memory is, as with
 * cgroup.memory=nokmem. A charge of kernel memory never fails and never reclaims: it may exceed
 * the limit until the next page is charged, which reclaims. drain_all_stock() empties the other
 * CPUs' stocks at once, not from a work queue. A large folio of a whole machine takes its
 * pages one by one, as if memory were never fragmented.
 */
#include "sim/mm/charge.h"

#include <errno.h>

#include "sim/mm/mm.h"
#include "sim/mm/oom_kill.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/reclaim.h"

#define MEMCG_CHARGE_BATCH	64
#define PAGE_ALLOC_COSTLY_ORDER 3

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

/* drain_all_stock() */
static void drain_stocks(struct sim *s)
{
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++) {
		s->memcg_usage -= s->cpus[cpu].memcg_stock;
		s->cpus[cpu].memcg_stock = 0;
	}
}

/* the slow path of try_charge_memcg(): the charge exceeds the limit */
static int charge_reclaim(struct sim *s, uint32_t nr, enum gfp gfp)
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
		count_vm(s, VM_memcg_max_events, 1);
		nr_reclaimed = try_to_free_mem_cgroup_pages(s, nr, gfp);
		if (s->memcg_usage + nr <= limit)
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
	} else if (charge_reclaim(s, 1, gfp)) {
		return -ENOMEM;
	}
	s->nr_used++;
	s->nr_used_peak = MAX(s->nr_used_peak, s->nr_used + (uint64_t)s->zone.nr_kernel);
	return 0;
}

/* try_charge_memcg() */
static int try_charge_memcg(struct sim *s, struct sim_cpu *c, uint32_t nr, enum gfp gfp)
{
	const uint32_t batch = MAX(MEMCG_CHARGE_BATCH, nr);

	/* consume_stock() */
	if (c->memcg_stock >= nr) {
		c->memcg_stock -= nr;
		return 0;
	}
	if (s->memcg_usage + batch > s->cfg.machine.memcg_pages)
		return charge_reclaim(s, nr, gfp);
	s->memcg_usage += batch;
	/* refill_stock() */
	c->memcg_stock += batch - nr;
	if (c->memcg_stock > MEMCG_CHARGE_BATCH) {
		s->memcg_usage -= c->memcg_stock;
		c->memcg_stock = 0;
	}
	return 0;
}

int charge_folio(struct sim *s, unsigned int cpu, uint32_t nr, enum gfp gfp)
{
	if (s->cfg.machine.memcg_pages) {
		if (try_charge_memcg(s, &s->cpus[cpu], nr, gfp))
			return -ENOMEM;
	} else {
		for (uint32_t i = 0; i < nr; i++) {
			/* __GFP_NORETRY: there are smaller folios */
			if (!alloc_page(s, cpu, GFP_READAHEAD))
				continue;
			while (i-- > 0)
				free_page(s);
			return -ENOMEM;
		}
	}
	s->nr_used += nr;
	s->nr_used_peak = MAX(s->nr_used_peak, s->nr_used + (uint64_t)s->zone.nr_kernel);
	return 0;
}

void charge_kernel_pages(struct sim *s, unsigned int nr)
{
	struct sim_cpu *c = &s->cpus[s->this_cpu];
	const uint32_t stock = MIN(c->memcg_stock, nr);

	if (!s->cfg.machine.kmem)
		return;
	c->memcg_stock -= stock;
	s->memcg_usage += nr - stock;
	s->zone.nr_kernel += nr;
}

void uncharge_kernel_pages(struct sim *s, unsigned int nr)
{
	if (!s->cfg.machine.kmem)
		return;
	s->memcg_usage -= nr;
	s->zone.nr_kernel -= nr;
}

void uncharge_folio(struct sim *s, uint32_t nr)
{
	s->nr_used -= nr;
	if (s->cfg.machine.memcg_pages)
		s->memcg_usage -= nr;
	else
		free_folio(s, nr);
}
