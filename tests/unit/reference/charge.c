// SPDX-License-Identifier: GPL-2.0-only
/*
 * Charges to a memcg or allocation from the zone, and the statistics of a memcg, which are
 * as old as their last flush. After mm/memcontrol.c.
 *
 * Approximation shared with sim/: memory is never fragmented, so a large folio takes its
 * pages one by one.
 */
#include "tests/unit/reference/internal.h"

/* mem_cgroup_flush_stats() */
void ref_flush_stats(struct ref *r)
{
	for (int i = 0; i < REF_NR_LISTS; i++)
		r->stats.size[i] = ref_lru_size(r, i);
	r->stats.unevictable = ref_nr_unevictable(r);
	r->stats.slab = ref_slab_pages(r);
	r->stats.activate[0] = r->v[VM_workingset_activate_anon];
	r->stats.activate[1] = r->v[VM_workingset_activate_file];
	r->stats.rotate[0] = r->v[VM_pgrotate_anon];
	r->stats.rotate[1] = r->v[VM_pgrotate_file];
	r->stats.io[0] = r->v[VM_workingset_restore_anon] + r->v[VM_nr_vmscan_write];
	r->stats.io[1] = r->v[VM_workingset_restore_file];
}

/* lruvec_page_state() */
const struct ref_stats *ref_lruvec_stats(struct ref *r)
{
	if (!r->m.memcg_stats_flushed)
		ref_flush_stats(r);
	return &r->stats;
}

static int order_of(int nr)
{
	int order = 0;

	while (1 << order < nr)
		order++;
	return order;
}

/* the pages of one folio */
void ref_uncharge(struct ref *r, int nr)
{
	r->used -= (uint64_t)nr;
	if (r->m.memcg_pages)
		r->usage -= (uint64_t)nr;
	else if (nr)
		ref_free_pages(r, REF_PCP_MOVABLE, order_of(nr));
}

static bool out_of_memory(struct ref *r)
{
	r->oom = true;
	return false;
}

void ref_drain_all_stock(struct ref *r)
{
	for (unsigned int i = 0; i < r->m.cpus; i++) {
		r->usage -= r->stock[i];
		r->stock[i] = 0;
	}
	ref_drain_obj_stocks(r);
}

bool ref_try_charge_memcg(struct ref *r, unsigned int cpu, uint64_t nr, enum ref_gfp gfp)
{
	const uint64_t limit = r->m.memcg_pages;
	uint64_t batch = MAX(64, nr), nr_reclaimed;
	int nr_retries = 16;
	bool drained = false;

retry:
	/* consume_stock() */
	if (nr <= 64 && r->stock[cpu] >= nr) {
		r->stock[cpu] -= nr;
		return true;
	}
	if (r->usage + batch <= limit) {
		r->usage += batch;
		/* refill_stock() */
		r->stock[cpu] += batch - nr;
		if (r->stock[cpu] > 64) {
			r->usage -= r->stock[cpu];
			r->stock[cpu] = 0;
		}
		return true;
	}
	if (batch > nr) {
		batch = nr;
		goto retry;
	}
	if (gfp == REF_GFP_NOWAIT)
		return false;
	ref_count(r, VM_memcg_max_events, 1);
	nr_reclaimed = ref_try_to_free(r, nr, 0, gfp == REF_GFP_READAHEAD);
	if (limit >= r->usage + nr)
		goto retry;
	if (!drained) {
		ref_drain_all_stock(r);
		drained = true;
		goto retry;
	}
	if (gfp == REF_GFP_READAHEAD)
		return false;
	if (nr_reclaimed && nr <= 8) /* PAGE_ALLOC_COSTLY_ORDER */
		goto retry;
	if (nr_retries--)
		goto retry;
	/* mem_cgroup_oom(): never for a costly order */
	return nr > 8 ? false : out_of_memory(r);
}

bool ref_charge(struct ref *r, unsigned int cpu, int nr, enum ref_gfp gfp)
{
	ref_rcu_callbacks(r);
	if (r->m.memcg_pages ? !ref_try_charge_memcg(r, cpu, (uint64_t)nr, gfp)
			     : !ref_alloc_pages(r, cpu, order_of(nr), gfp))
		return false;
	r->used += (uint64_t)nr;
	return true;
}
