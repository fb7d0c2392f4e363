// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadows and refaults of the classic LRU. After mm/workingset.c.
 */
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"

void ref_age_nonresident(struct ref *r, uint64_t nr)
{
	r->cg->nonresident_age += nr;
	if (r->whole && r->cg != r->memcgs) /* its parent */
		r->memcgs[0].nonresident_age += nr;
}

struct ref_shadow ref_workingset_eviction(struct ref *r, const struct ref_scan *sc, int page)
{
	struct ref_shadow s = {
		.present = true,
		.workingset = r->pages[page].workingset,
		.memcg = r->pages[page].memcg,
	};
	struct ref_memcg *before = ref_enter(r, page);

	if (r->cg->gen) {
		s = ref_gen_eviction(r, page);
	} else {
		/* sc->target_mem_cgroup */
		if (!sc->memcg && r->whole)
			r->cg = r->memcgs;
		s.memcg = (int)(r->cg - r->memcgs);
		s.eviction = r->cg->nonresident_age;
		ref_age_nonresident(r, (uint64_t)ref_nr_pages(r, page));
	}
	r->cg = before;
	return s;
}

static bool workingset_test_recent(struct ref *r, struct ref_shadow s, bool file)
{
	uint64_t distance = r->cg->nonresident_age - s.eviction;
	const uint64_t *nr = ref_lruvec_stats(r)->size;
	uint64_t size = nr[REF_ACTIVE_FILE];

	if (!file)
		size += nr[REF_INACTIVE_FILE];
	if (ref_nr_swap_pages(r) > 0) {
		size += nr[REF_ACTIVE_ANON];
		if (file)
			size += nr[REF_INACTIVE_ANON];
	}
	return distance <= size;
}

/* v6: lru_note_cost() */
void ref_lru_note_cost(struct ref *r, bool file, uint64_t cost)
{
	const uint64_t *nr;
	uint64_t lrusize;

	r->cg->cost[file].count += cost;
	nr = ref_lruvec_stats(r)->size;
	lrusize = nr[0] + nr[1] + nr[2] + nr[3];
	if (r->cg->cost[0].count + r->cg->cost[1].count > lrusize / 4) {
		r->cg->cost[0].count /= 2;
		r->cg->cost[1].count /= 2;
	}
	if (r->whole && r->cg != r->memcgs) { /* parent_lruvec() */
		struct ref_memcg *before = r->cg;

		r->cg = r->memcgs;
		ref_lru_note_cost(r, file, cost);
		r->cg = before;
	}
}

static void workingset_refault(struct ref *r, int page, struct ref_shadow s)
{
	struct ref_page *pg = &r->pages[page];
	bool file = !pg->swapbacked;
	const uint64_t nr = (uint64_t)ref_nr_pages(r, page);
	bool recent;

	ref_count(r, file ? VM_workingset_refault_file : VM_workingset_refault_anon, nr);
	/* the distance is one of the memcg that evicted it */
	r->cg = &r->memcgs[s.memcg];
	recent = workingset_test_recent(r, s, file);
	r->cg = &r->memcgs[pg->memcg];
	if (!recent)
		return;
	pg->active = true;
	ref_age_nonresident(r, nr);
	ref_count(r, file ? VM_workingset_activate_file : VM_workingset_activate_anon, nr);
	if (s.workingset) {
		pg->workingset = true;
		if (r->v6)
			ref_lru_note_cost(r, file, nr * 32);
		ref_count(r, file ? VM_workingset_restore_file : VM_workingset_restore_anon, nr);
	}
}

void ref_workingset_refault(struct ref *r, int page, struct ref_shadow s)
{
	struct ref_memcg *before = ref_enter(r, page);

	if (!r->cg->gen)
		workingset_refault(r, page, s);
	else if (s.memcg == r->pages[page].memcg) /* else lru_gen_refault() does nothing */
		ref_gen_refault(r, page, s);
	r->cg = before;
}
