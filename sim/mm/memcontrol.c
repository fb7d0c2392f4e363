// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memcontrol.c memory_max_write() and mem_cgroup_iter(), and mm/vmscan.c
 * user_proactive_reclaim();
 * v6.12 has the latter as memory_reclaim(). sim/mm/charge.c charges the memcg.
 *
 * Approximations: a signal does not interrupt the writer, who is no process of the trace. MGLRU's
 * Bloom filters forget the page tables of a process that moves to another cgroup; in the kernel
 * they are still there if it comes back within two agings, and the walk looks at more tables then.
 */
#include "sim/mm/memcontrol.h"

#include <errno.h>
#include <string.h>

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/mm.h"
#include "sim/mm/oom_kill.h"
#include "sim/mm/reclaim.h"
#include "sim/mm/workingset.h"

struct mem_cgroup *memcg_of_current(struct sim *s)
{
	return &s->memcg[s->replay.mm ? s->replay.mm->memcg : 0];
}

/* the tables are in the Bloom filters of another memcg */
static void filters_forget(struct mm *mm)
{
	for (int i = 0; i < PTRS_PER_PGD; i++)
		for (int j = 0; mm->pgd[i] && j < PTRS_PER_PUD; j++) {
			const struct pmd_table *pmd = mm->pgd[i]->pmd[j];

			for (int k = 0; pmd && k < PTRS_PER_PMD; k++)
				if (pmd->pte[k])
					memset(pmd->pte[k]->seen, 0, sizeof(pmd->pte[k]->seen));
		}
}

void mem_cgroup_attach(struct sim *s, struct mm *mm, uint8_t to)
{
	if (mm->memcg == to)
		return;
	/* lru_gen_migrate_mm() */
	mm_list_del(s, mm);
	mm->memcg = to;
	filters_forget(mm);
	mm_list_add(s, mm);
}

struct mem_cgroup *mem_cgroup_iter(struct sim *s, struct mem_cgroup *prev, struct scan_control *sc)
{
	const struct mem_cgroup *end = s->memcg + s->nr_memcgs;
	struct memcg_iter *iter = &s->iter;
	struct mem_cgroup *next;

	/* a walk through all of them */
	if (sc->kswapd || sc->memcg_full_walk) {
		next = prev ? prev + 1 : s->root;
		return next < end ? next : NULL;
	}
	if (!prev)
		sc->generation = iter->generation;
	else if (sc->generation != iter->generation)
		return NULL;
	do {
		next = iter->position ? iter->position + 1 : s->root;
		iter->position = next < end ? next : NULL;
		iter->generation += !iter->position;
	} while (!iter->position && !prev);
	return iter->position;
}

uint64_t node_page_state(const struct sim *s, enum lru_type type, bool active)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		n += s->cfg.lru->size(&s->memcg[i].lruvec, type, active);
	return n;
}

void mem_cgroup_flush_stats(struct sim *s)
{
	for (unsigned int i = 0; i < s->nr_memcgs; i++) {
		s->memcg[i].nr_dirty_seen = s->memcg[i].nr_dirty;
		s->cfg.lru->flush_stats(s, &s->memcg[i].lruvec);
	}
	workingset_flush_stats(s);
}

void mem_cgroup_flush_recorded(struct sim *s, uint32_t nr)
{
	const struct op_times *t = s->part_ops ? op_times_now(s) : NULL;
	const uint32_t op = s->part_ops - 1;
	/* It was the kernel's last request before the flush if it ends nearest to what that had
	 * read, which may be a block of metadata more or less. */
	const uint64_t pages = s->stat.v[VM_sim_fills] - s->op_fills + nr / 2;

	for (; t && s->part_flushes < t->nr_flushes; s->part_flushes++) {
		const struct op_flush *f = &t->flushes[s->part_flushes];

		if (f->op > op || (f->op == op && f->pages > pages))
			return;
		mem_cgroup_flush_stats(s);
	}
}

int memory_max_write(struct sim *s, struct mem_cgroup *memcg, uint64_t max)
{
	unsigned int nr_reclaims = MAX_RECLAIM_RETRIES;
	bool drained = false;

	memcg->max = max;
	while (memcg->usage > max) {
		if (!drained) {
			drain_all_stock(s, memcg);
			drained = true;
		} else if (nr_reclaims) {
			if (!try_to_free_mem_cgroup_pages(s, memcg, memcg->usage - max, GFP_KERNEL,
							  NULL))
				nr_reclaims--;
		} else if (!out_of_memory(s, memcg, true)) {
			return -ENOMEM;
		}
	}
	return 0;
}

void user_proactive_reclaim(struct sim *s, struct mem_cgroup *memcg, uint64_t nr_to_reclaim,
			    uint32_t swappiness)
{
	unsigned int nr_retries = MAX_RECLAIM_RETRIES;
	uint64_t nr_reclaimed = 0;

	while (nr_reclaimed < nr_to_reclaim) {
		uint64_t reclaimed;

		if (!nr_retries)
			lru_add_drain_all(s);
		reclaimed = try_to_free_mem_cgroup_pages(
			s, memcg, (nr_to_reclaim - nr_reclaimed) / 4, GFP_KERNEL, &swappiness);
		if (!reclaimed && !nr_retries--)
			return;
		nr_reclaimed += reclaimed;
	}
}
