// SPDX-License-Identifier: GPL-2.0-only
/*
 * MGLRU: generations, the accesses that a page's flags hold, shadows and refaults.
 * After include/linux/mm_inline.h, mm/folio.c, mm/workingset.c and
 * folio_set_referenced() of mm/vmscan.c. models/lru-mglru.c describes MGLRU.
 */
#include "tests/unit/reference/mglru.h"

#include <glib.h>

int ref_gen_type_of(const struct ref *r, int page)
{
	return r->pages[page].swapbacked ? GEN_ANON : GEN_FILE;
}

void ref_gen_init(struct ref *r)
{
	for (int m = 0; m < r->nr_memcgs; m++) {
		struct ref_gen *g = r->memcgs[m].gen = g_new0(struct ref_gen, 1);

		g->max_seq = 3;
		g->mm_seq = 2;
		for (int i = 0; i < 4; i++)
			for (int type = 0; type < 2; type++)
				g_queue_init(&g->lists[i][type]);
	}
	ref_gen_memcgs_init(r);
}

void ref_gen_free(struct ref *r)
{
	for (int m = 0; m < r->nr_memcgs && r->memcgs[m].gen; m++) {
		for (int i = 0; i < 4; i++)
			for (int type = 0; type < 2; type++)
				g_queue_clear(&r->memcgs[m].gen->lists[i][type]);
		g_free(r->memcgs[m].gen);
	}
	ref_gen_memcgs_free(r);
}

/* the two youngest generations */
static bool is_active(const struct ref_gen *g, int gen)
{
	return (uint64_t)gen == g->max_seq % 4 || (uint64_t)gen == (g->max_seq - 1) % 4;
}

void ref_gen_count_gens(const struct ref *r, int type, uint64_t n[4])
{
	for (int i = 0; i < r->nr_pages; i++)
		if (r->pages[i].gen && ref_gen_type_of(r, i) == type &&
		    &r->memcgs[r->pages[i].memcg] == r->cg)
			n[r->pages[i].gen - 1] += (uint64_t)ref_nr_pages(r, i);
}

bool ref_gen_old(const struct ref *r, int page)
{
	int gen = r->pages[page].gen;

	return gen && !is_active(r->memcgs[r->pages[page].memcg].gen, gen - 1);
}

uint64_t ref_gen_size(const struct ref *r, int type, bool active)
{
	uint64_t n[4] = { 0 }, sum = 0;

	ref_gen_count_gens(r, type, n);
	for (int gen = 0; gen < 4; gen++)
		if (is_active(r->cg->gen, gen) == active)
			sum += n[gen];
	return sum;
}

/* folio_lru_refs(): accesses */
int ref_gen_refs_of(const struct ref_page *pg)
{
	return pg->referenced ? pg->refs + 1 : 0;
}

/* lru_tier_from_refs() */
int ref_gen_tier_of(int refs, bool workingset)
{
	if (workingset)
		return 3;
	return refs > 2 ? 2 : refs > 1 ? 1 : 0;
}

/* v6: accesses through descriptors except for the first two; their tier */
int ref_gen_v6_refs(const struct ref_page *pg)
{
	return pg->refs + pg->workingset;
}

int ref_gen_v6_tier(int refs)
{
	int tier = 0;

	while ((1 << tier) < refs + 1)
		tier++;
	return tier;
}

/* has it all of LRU_REFS_FLAGS and PG_workingset? */
bool ref_gen_saturated(const struct ref_page *pg)
{
	return pg->workingset && ref_gen_refs_of(pg) == 4;
}

uint64_t ref_gen_folio_seq(const struct ref *r, int page, bool reclaiming)
{
	const struct ref_page *pg = &r->pages[page];
	uint64_t behind; /* the youngest */

	if (r->v6_12) { /* lru_gen_add_folio() */
		uint64_t oldest = r->cg->gen->min_seq[ref_gen_type_of(r, page)],
			 youngest = r->cg->gen->max_seq;

		if (pg->active)
			return youngest;
		if ((pg->swapbacked && !pg->swap_slot) || (pg->reclaim && pg->dirty))
			return youngest - 1;
		return reclaiming || youngest - oldest <= 2 ? oldest : oldest + 1;
	}
	if (pg->active)
		behind = pg->workingset ? 0 : 1;
	else if (reclaiming)
		behind = 3;
	else if (pg->swapbacked && !pg->swap_slot)
		behind = 1;
	else if (pg->reclaim && pg->dirty)
		behind = 1;
	else
		behind = pg->workingset || (pg->referenced && !r->v6) ? 2 : 3;
	return MAX(r->cg->gen->max_seq - behind, r->cg->gen->min_seq[ref_gen_type_of(r, page)]);
}

/* put it on the list of its generation */
void ref_gen_put(struct ref *r, int page, bool tail)
{
	GQueue *q = &r->cg->gen->lists[r->pages[page].gen - 1][ref_gen_type_of(r, page)];

	if (tail)
		g_queue_push_tail(q, GINT_TO_POINTER(page));
	else
		g_queue_push_head(q, GINT_TO_POINTER(page));
}

void ref_gen_add(struct ref *r, int page, bool reclaiming)
{
	struct ref_page *pg = &r->pages[page];

	pg->gen = (int)(ref_gen_folio_seq(r, page, reclaiming) % 4) + 1;
	if (r->v6_12 && pg->active) {
		pg->referenced = false;
		pg->refs = 0;
	}
	pg->active = false;
	pg->lru = true;
	ref_gen_put(r, page, reclaiming);
}

void ref_gen_del(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	pg->gen = 0;
	pg->lru = false;
	for (int i = 0; i < 4; i++)
		g_queue_remove(&r->cg->gen->lists[i][ref_gen_type_of(r, page)],
			       GINT_TO_POINTER(page));
}

void ref_gen_add_before(struct ref *r, int page, int next)
{
	r->pages[page].lru = true;
	for (int i = 0; i < 4; i++) {
		GQueue *q = &r->cg->gen->lists[i][ref_gen_type_of(r, next)];
		GList *at = g_queue_find(q, GINT_TO_POINTER(next));

		if (at)
			g_queue_insert_before(q, at, GINT_TO_POINTER(page));
	}
}

void ref_gen_inc_refs(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (pg->unevictable)
		return;
	if (r->v6_12) { /* folio_inc_refs() */
		if (!pg->referenced)
			pg->referenced = true;
		else if (!pg->workingset)
			pg->workingset = true;
		else
			pg->refs = MIN(pg->refs + 1, 3);
		return;
	}
	if (!pg->referenced) {
		pg->referenced = true;
		pg->refs = 0;
	} else if (pg->refs < 3) {
		pg->refs++;
	} else {
		pg->workingset = true;
	}
}

bool ref_gen_clear_refs(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (r->v6_12) /* it has no lru_gen_clear_refs() */
		return false;
	if (!pg->gen)
		return true;
	pg->referenced = pg->workingset = false;
	pg->refs = 0;
	return (uint64_t)pg->gen - 1 ==
	       r->memcgs[pg->memcg].gen->min_seq[ref_gen_type_of(r, page)] % 4;
}

struct ref_shadow ref_gen_eviction(struct ref *r, int page)
{
	const struct ref_page *pg = &r->pages[page];
	int refs = ref_gen_refs_of(pg), type = ref_gen_type_of(r, page);
	const uint64_t nr = (uint64_t)ref_nr_pages(r, page);

	if (r->v6_12) {
		refs = ref_gen_v6_refs(pg);
		r->cg->gen->evicted[type][ref_gen_v6_tier(refs)] += nr;
		/* the token, and v6's workingset bit */
		return (struct ref_shadow){
			.present = true,
			.memcg = pg->memcg,
			.workingset = pg->workingset,
			.eviction =
				(r->cg->gen->min_seq[type] * 4 + (uint64_t)MAX(refs - 1, 0)) * 2 +
				(refs > 0),
		};
	}
	r->cg->gen->evicted[type][ref_gen_tier_of(refs, pg->workingset)] += nr;
	return (struct ref_shadow){
		.present = true,
		.memcg = pg->memcg,
		.workingset = pg->workingset,
		.eviction = r->cg->gen->min_seq[type] * 4 + (uint64_t)(refs ? refs - 1 : 0),
	};
}

void ref_gen_refault(struct ref *r, int page, struct ref_shadow s)
{
	struct ref_page *pg = &r->pages[page];
	int type = ref_gen_type_of(r, page), refs = (int)(s.eviction % 4) + 1;
	const uint64_t nr = (uint64_t)ref_nr_pages(r, page);

	ref_count(r, type ? VM_workingset_refault_file : VM_workingset_refault_anon, nr);
	if (r->v6_12) {
		if (s.eviction / 8 != r->cg->gen->min_seq[type])
			return;
		refs = (int)(s.eviction / 2 % 4 + s.eviction % 2);
		r->cg->gen->refaulted[type][ref_gen_v6_tier(refs)] += nr;
		ref_count(r, type ? VM_workingset_activate_file : VM_workingset_activate_anon, nr);
		if (!r->in_lru_fault && refs < 3)
			return;
		pg->workingset = true;
		pg->refs = 3;
		ref_count(r, type ? VM_workingset_restore_file : VM_workingset_restore_anon, nr);
		return;
	}
	if (r->cg->gen->max_seq - s.eviction / 4 >= 4) /* lru_gen_test_recent() */
		return;
	r->cg->gen->refaulted[type][ref_gen_tier_of(refs, s.workingset)] += nr;
	if (r->in_lru_fault && (s.workingset || r->v6))
		ref_count(r, type ? VM_workingset_activate_file : VM_workingset_activate_anon, nr);
	if (!s.workingset) {
		pg->refs = refs - 1;
		return;
	}
	pg->workingset = true;
	ref_count(r, type ? VM_workingset_restore_file : VM_workingset_restore_anon, nr);
}

bool ref_gen_set_refs(struct ref *r, int page, bool exec)
{
	struct ref_page *pg = &r->pages[page];
	bool used = pg->referenced || pg->workingset;
	bool code = exec && !pg->swapbacked && !r->v6;

	if (!used && !code) {
		pg->referenced = true;
		pg->refs = 0;
		return false;
	}
	if (used && ref_gen_refs_of(pg) <= 1 && !r->v6) {
		ref_gen_inc_refs(r, page);
		return true;
	}
	pg->workingset = true;
	pg->referenced = false;
	pg->refs = 0;
	return true;
}
