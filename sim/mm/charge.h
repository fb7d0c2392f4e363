/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking and giving back pages: the memcg limit or the watermarks. */
#ifndef REAPSIM_CHARGE_H
#define REAPSIM_CHARGE_H

#include "sim/mm/page_alloc.h"
#include "sim/state.h"

#define MAX_RECLAIM_RETRIES 16

/**
 * charge_page - allocate one page for a task on @cpu, reclaiming if need be; @memcg: which
 *	is charged, if the run has limits
 * Return: 0, or -ENOMEM; for GFP_KERNEL that means that nothing is left to
 * reclaim, and s->oom is set.
 */
int charge_page(struct sim *s, struct mem_cgroup *memcg, unsigned int cpu, enum gfp gfp);
/** The same for a folio of @nr pages. */
int charge_folio(struct sim *s, struct mem_cgroup *memcg, unsigned int cpu, uint32_t nr,
		 enum gfp gfp);
/** Charge @nr pages to the memcg, of folios or of the kernel. Return: 0 or -ENOMEM. */
int try_charge_memcg(struct sim *s, struct mem_cgroup *memcg, unsigned int cpu, uint32_t nr,
		     enum gfp gfp);
/** @nr charged pages are not in use: they go to the stock of @cpu, or all of it back. */
void refill_stock(const struct sim *s, struct mem_cgroup *memcg, unsigned int cpu, uint32_t nr);
/** The stocks of all CPUs that have some of @memcg go back, those of other memcgs with them. */
void drain_all_stock(struct sim *s, struct mem_cgroup *memcg);
/** @nr pages that @memcg was charged for are free again. */
static inline void uncharge_folio(struct sim *s, struct mem_cgroup *memcg, uint32_t nr)
{
	s->nr_used -= nr;
	if (!memcg->in_zone) {
		memcg->usage -= nr;
		return;
	}
	if (memcg != s->root)
		memcg->usage -= nr;
	free_folio(s, nr);
}
static inline void uncharge_page(struct sim *s, struct mem_cgroup *memcg)
{
	uncharge_folio(s, memcg, 1);
}
/** Everything is free. */
void charge_init(struct sim *s);
/** Free pages as the limits that are in force see them, together. */
uint64_t free_pages(const struct sim *s);

#endif
