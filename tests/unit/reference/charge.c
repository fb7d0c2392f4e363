// SPDX-License-Identifier: GPL-2.0-only
/*
 * Charges to a memcg or allocation from the zone, and the statistics of a memcg, which are
 * as old as their last flush. After mm/memcontrol.c.
 *
 * Approximation shared with sim/: memory is never fragmented, so a large folio takes its
 * pages one by one.
 */
#include "tests/unit/reference/internal.h"

/* a child's statistics are also its parent's */
static void add_to_root(struct ref_stats *root, const struct ref_stats *st)
{
	for (int i = 0; i < REF_NR_LISTS; i++)
		root->size[i] += st->size[i];
	for (int i = 0; i < 2; i++) {
		root->activate[i] += st->activate[i];
		root->rotate[i] += st->rotate[i];
		root->io[i] += st->io[i];
	}
}

static void flush(struct ref *r)
{
	struct ref_stats *st = &r->cg->stats;
	const uint64_t *v = r->cg->v;

	st->local = 0;
	for (int i = 0; i < REF_NR_LISTS; i++)
		st->size[i] = ref_lru_size(r, i);
	st->unevictable = ref_nr_unevictable(r);
	st->slab = ref_slab_pages(r);
	st->activate[0] = v[VM_workingset_activate_anon];
	st->activate[1] = v[VM_workingset_activate_file];
	st->rotate[0] = v[VM_pgrotate_anon];
	st->rotate[1] = v[VM_pgrotate_file];
	st->io[0] = v[VM_workingset_restore_anon] + v[VM_nr_vmscan_write];
	st->io[1] = v[VM_workingset_restore_file];
	for (int i = 0; i < REF_NR_LISTS; i++)
		st->local += st->size[i];
	if (!r->whole || r->cg != r->memcgs)
		return;
	for (r->cg = r->memcgs + 1; r->cg < r->memcgs + r->nr_memcgs; r->cg++) {
		flush(r);
		add_to_root(st, &r->cg->stats);
	}
	r->cg = r->memcgs;
}

/* mem_cgroup_flush_stats() */
void ref_flush_stats(struct ref *r)
{
	struct ref_memcg *before = r->cg;

	for (r->cg = r->memcgs; r->cg < r->memcgs + r->nr_memcgs; r->cg++)
		flush(r);
	r->cg = before;
	ref_see_dirty(r);
}

/* lruvec_page_state() */
const struct ref_stats *ref_lruvec_stats(struct ref *r)
{
	if (!r->m.memcg_stats_flushed)
		flush(r);
	return &r->cg->stats;
}

static int order_of(int nr)
{
	int order = 0;

	while (1 << order < nr)
		order++;
	return order;
}

int ref_current_memcg(const struct ref *r)
{
	return r->current ? r->current->memcg : 0;
}

/* the pages of one folio */
void ref_uncharge(struct ref *r, int memcg, int nr)
{
	r->used -= (uint64_t)nr;
	if (!r->whole || memcg)
		r->memcgs[memcg].usage -= (uint64_t)nr;
	if (r->whole && nr)
		ref_free_pages(r, REF_PCP_MOVABLE, order_of(nr));
}

static bool out_of_memory(struct ref *r)
{
	r->oom = true;
	return false;
}

void ref_drain_all_stock(struct ref *r)
{
	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++) {
		/* is_memcg_drain_needed(); drain_stock_fully() is for all memcgs */
		const bool needed = r->cg->stock[cpu];

		for (int i = 0; i < r->nr_memcgs; i++) {
			r->memcgs[i].usage -= needed ? r->memcgs[i].stock[cpu] : 0;
			r->memcgs[i].stock[cpu] = needed ? 0 : r->memcgs[i].stock[cpu];
		}
		ref_drain_obj_stock(r, cpu);
	}
}

static bool try_charge(struct ref *r, unsigned int cpu, uint64_t nr, enum ref_gfp gfp)
{
	const uint64_t limit = r->cg->max;
	uint64_t batch = MAX(64, nr), nr_reclaimed;
	int nr_retries = 16;
	bool drained = false;

retry:
	/* consume_stock() */
	if (nr <= 64 && r->cg->stock[cpu] >= nr) {
		r->cg->stock[cpu] -= nr;
		return true;
	}
	if (r->cg->usage + batch <= limit) {
		r->cg->usage += batch;
		/* refill_stock() */
		r->cg->stock[cpu] += batch - nr;
		if (r->cg->stock[cpu] > 64) {
			r->cg->usage -= r->cg->stock[cpu];
			r->cg->stock[cpu] = 0;
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
	if (limit >= r->cg->usage + nr)
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

bool ref_try_charge_memcg(struct ref *r, int memcg, unsigned int cpu, uint64_t nr, enum ref_gfp gfp)
{
	struct ref_memcg *before = r->cg;
	bool ok;

	r->cg = &r->memcgs[memcg];
	ok = try_charge(r, cpu, nr, gfp);
	r->cg = before;
	return ok;
}

bool ref_charge(struct ref *r, int memcg, unsigned int cpu, int nr, enum ref_gfp gfp)
{
	ref_rcu_callbacks(r);
	if (r->whole && !ref_alloc_pages(r, cpu, order_of(nr), gfp))
		return false;
	if ((!r->whole || memcg) && !ref_try_charge_memcg(r, memcg, cpu, (uint64_t)nr, gfp)) {
		ref_free_pages(r, REF_PCP_MOVABLE, order_of(nr));
		return false;
	}
	r->used += (uint64_t)nr;
	return true;
}
