// SPDX-License-Identifier: GPL-2.0-only
/*
 * The per-CPU batches, and folio_mark_accessed(). After mm/folio.c.
 *
 * Approximation shared with sim/: rotation has no batch.
 */
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"

#include <string.h>

static int batch_refs(const struct ref *r, int page)
{
	int n = 0;

	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++) {
		for (int i = 0; i < r->lru_add[cpu].nr; i++)
			n += r->lru_add[cpu].pages[i] == page;
		for (int i = 0; i < r->lru_activate[cpu].nr; i++)
			n += r->lru_activate[cpu].pages[i] == page;
		for (int i = 0; i < r->lru_deactivate_file[cpu].nr; i++)
			n += r->lru_deactivate_file[cpu].pages[i] == page;
		for (int i = 0; i < r->lru_deactivate[cpu].nr; i++)
			n += r->lru_deactivate[cpu].pages[i] == page;
		for (int i = 0; i < r->lru_lazyfree[cpu].nr; i++)
			n += r->lru_lazyfree[cpu].pages[i] == page;
		for (int i = 0; i < r->mlock[cpu].nr; i++)
			n += r->mlock[cpu].pages[i] == page;
	}
	return n;
}

/* references besides those of the cache, the page tables and the isolation */
int ref_other_refs(const struct ref *r, int page)
{
	return batch_refs(r, page) + r->pages[page].extra_refs + r->pages[page].buffer;
}

/* folio_put() of an anon page: free it if there is no reference left */
void ref_put_anon(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (pg->swap_slot || ref_mapcount(r, page) || ref_other_refs(r, page))
		return;
	if (pg->lru)
		ref_lruvec_del(r, page); /* __page_cache_release() */
	ref_uncharge(r, pg->memcg, 1);
	ref_count(r, VM_unevictable_pgs_cleared, pg->mlocked);
	memset(pg, 0, sizeof(*pg));
}

/* lru_add() */
static void lru_add(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];
	const uint64_t nr = (uint64_t)ref_nr_pages(r, page);

	if (!pg->mlocked) {
		ref_count(r, VM_unevictable_pgs_rescued, pg->unevictable ? nr : 0);
		pg->unevictable = false;
	} else {
		ref_count(r, VM_unevictable_pgs_culled, pg->unevictable ? 0 : nr);
		pg->active = false;
		pg->unevictable = true;
		pg->mlock_count = 0;
	}
	ref_lruvec_add(r, page);
}

/* Empty a batch. Return: what was in it; truncated pages, which are -1, only filled it up. */
static struct ref_batch take(struct ref_batch *b)
{
	struct ref_batch was = { 0 };

	for (int i = 0; i < b->nr; i++)
		if (b->pages[i] >= 0)
			was.pages[was.nr++] = b->pages[i];
	b->nr = 0;
	return was;
}

/* folio_batch_move_lru(), lru_add() */
static void drain_lru_add(struct ref *r, unsigned int cpu)
{
	struct ref_batch b = take(&r->lru_add[cpu]);

	for (int i = 0; i < b.nr; i++) {
		int page = b.pages[i];

		/* folio_ref_freeze(folio, 1): only the batch had a reference */
		if (r->pages[page].anon && !r->pages[page].swap_slot && !ref_mapcount(r, page) &&
		    !ref_other_refs(r, page))
			ref_put_anon(r, page);
		else
			lru_add(r, page);
	}
}

/* folios_put() after the folios of a batch were moved */
static void put_batch(struct ref *r, const struct ref_batch *b)
{
	for (int i = 0; i < b->nr; i++)
		if (r->pages[b->pages[i]].anon)
			ref_put_anon(r, b->pages[i]);
}

/* folio_batch_move_lru(), lru_activate() */
static void folio_activate_drain(struct ref *r, unsigned int cpu)
{
	struct ref_batch b = take(&r->lru_activate[cpu]);

	for (int i = 0; i < b.nr; i++) {
		struct ref_page *pg = &r->pages[b.pages[i]];

		if (!pg->lru || pg->active || pg->unevictable)
			continue;
		ref_lruvec_del(r, b.pages[i]);
		pg->active = true;
		ref_lruvec_add(r, b.pages[i]);
		ref_count(r, VM_pgactivate, (uint64_t)ref_nr_pages(r, b.pages[i]));
		ref_count(r, VM_sim_list_moves, (uint64_t)ref_nr_pages(r, b.pages[i]));
	}
	put_batch(r, &b);
}

/* folio_batch_move_lru(), lru_deactivate_file() */
static void drain_lru_deactivate_file(struct ref *r, unsigned int cpu)
{
	struct ref_batch b = take(&r->lru_deactivate_file[cpu]);

	for (int i = 0; i < b.nr; i++) {
		int page = b.pages[i];
		struct ref_page *pg = &r->pages[page];
		const uint64_t nr = (uint64_t)ref_nr_pages(r, page);

		if (!pg->lru || ref_folio_mapcount(r, page) || pg->unevictable)
			continue;
		ref_lruvec_del(r, page);
		ref_count(r, VM_sim_list_moves, nr);
		ref_count(r, VM_pgdeactivate, pg->active || (r->cg->gen && !r->v6_12) ? nr : 0);
		pg->active = pg->referenced = false;
		if (pg->dirty) {
			ref_lruvec_add(r, page);
			pg->reclaim = true;
		} else {
			ref_lruvec_add_tail(r, page);
			ref_count(r, VM_pgrotated, nr);
		}
	}
}

static void drain_lru_deactivate(struct ref *r, unsigned int cpu)
{
	struct ref_batch b = take(&r->lru_deactivate[cpu]);

	for (int i = 0; i < b.nr; i++) {
		struct ref_page *pg = &r->pages[b.pages[i]];
		const uint64_t nr = (uint64_t)ref_nr_pages(r, b.pages[i]);

		if (!pg->lru || !(pg->active || r->cg->gen) || pg->unevictable)
			continue;
		ref_lruvec_del(r, b.pages[i]);
		pg->active = pg->referenced = false;
		ref_lruvec_add(r, b.pages[i]);
		ref_count(r, VM_sim_list_moves, nr);
		ref_count(r, VM_pgdeactivate, nr);
	}
	put_batch(r, &b);
}

static void drain_lru_lazyfree(struct ref *r, unsigned int cpu)
{
	struct ref_batch b = take(&r->lru_lazyfree[cpu]);

	for (int i = 0; i < b.nr; i++) {
		struct ref_page *pg = &r->pages[b.pages[i]];

		if (!pg->lru || !pg->anon || !pg->swapbacked || pg->swap_slot || pg->unevictable)
			continue;
		ref_lruvec_del(r, b.pages[i]);
		pg->active = false;
		/* else lru_gen_clear_refs(), which returns early: it is on no list */
		if (!r->cg->gen || r->v6_12)
			pg->referenced = false;
		pg->swapbacked = false;
		ref_lruvec_add(r, b.pages[i]);
		ref_count(r, VM_sim_list_moves, 1);
	}
	put_batch(r, &b);
}

/* folio_batch_add(), folio_may_be_lru_cached(). Return: true if it must be drained now. */
static bool batch_add(const struct ref *r, struct ref_batch *b, int page)
{
	b->pages[b->nr++] = page;
	return b->nr == REF_BATCH || r->pages[page].order;
}

void ref_lru_add_drain_cpu(struct ref *r, unsigned int cpu)
{
	drain_lru_add(r, cpu);
	drain_lru_deactivate_file(r, cpu);
	drain_lru_deactivate(r, cpu);
	drain_lru_lazyfree(r, cpu);
	folio_activate_drain(r, cpu);
	ref_mlock_drain(r, cpu);
}

void ref_lru_add_drain_all(struct ref *r)
{
	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++)
		ref_lru_add_drain_cpu(r, cpu);
	/* invalidate_bh_lrus_cpu(); the first two belong to the mount */
	for (int i = (int)r->t->nr_file_pages + 2; i < r->nr_file && r->m.ext4; i++)
		r->pages[i].buffer = false;
}

void ref_folio_add_lru(struct ref *r, unsigned int cpu, int page)
{
	struct ref_batch *b = &r->lru_add[cpu];

	if (r->cg->gen && r->in_lru_fault) {
		if (r->v6 || r->pages[page].workingset)
			r->pages[page].active = true;
		else if (!r->pages[page].referenced)
			ref_gen_inc_refs(r, page);
	}
	if (batch_add(r, b, page))
		drain_lru_add(r, cpu);
}

void ref_folio_activate(struct ref *r, unsigned int cpu, int page)
{
	struct ref_batch *b = &r->lru_activate[cpu];

	if (batch_add(r, b, page))
		folio_activate_drain(r, cpu);
}

bool ref_deactivate_file_folio(struct ref *r, unsigned int cpu, int page)
{
	struct ref_batch *b = &r->lru_deactivate_file[cpu];

	if (!r->pages[page].lru || r->pages[page].unevictable)
		return false;
	if (r->cg->gen && ref_gen_clear_refs(r, page))
		return true;
	if (batch_add(r, b, page))
		drain_lru_deactivate_file(r, cpu);
	return true;
}

void ref_folio_deactivate(struct ref *r, unsigned int cpu, int page)
{
	const struct ref_page *pg = &r->pages[page];

	if (!pg->lru || pg->unevictable || (r->cg->gen ? ref_gen_clear_refs(r, page) : !pg->active))
		return;
	if (batch_add(r, &r->lru_deactivate[cpu], page))
		drain_lru_deactivate(r, cpu);
}

void ref_folio_mark_lazyfree(struct ref *r, unsigned int cpu, int page)
{
	const struct ref_page *pg = &r->pages[page];

	if (!pg->lru || !pg->anon || !pg->swapbacked || pg->swap_slot || pg->unevictable)
		return;
	if (batch_add(r, &r->lru_lazyfree[cpu], page))
		drain_lru_lazyfree(r, cpu);
}

static void lru_cache_activate_folio(struct ref *r, unsigned int cpu, int page)
{
	for (int i = 0; i < r->lru_add[cpu].nr; i++)
		if (r->lru_add[cpu].pages[i] == page)
			r->pages[page].active = true;
}

void ref_folio_mark_accessed(struct ref *r, unsigned int cpu, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (r->cg->gen) {
		ref_gen_inc_refs(r, page);
	} else if (!pg->referenced) {
		pg->referenced = true;
	} else if (!pg->active && !pg->unevictable) {
		ref_count(r, VM_sim_mark_moves, pg->lru ? (uint64_t)ref_nr_pages(r, page) : 0);
		if (pg->lru)
			ref_folio_activate(r, cpu, page);
		else
			lru_cache_activate_folio(r, cpu, page);
		pg->referenced = false;
		/* workingset_activation() */
		struct ref_memcg *before = ref_enter(r, page);

		ref_age_nonresident(r, (uint64_t)ref_nr_pages(r, page));
		r->cg = before;
	}
	/* lru_gen_inc_refs() is all that MGLRU does */
	if (!r->cg->gen)
		pg->idle = false;
}

void ref_lru_move_tail(struct ref *r, int page)
{
	ref_lruvec_del(r, page);
	r->pages[page].active = false;
	ref_lruvec_add_tail(r, page);
	ref_count(r, VM_sim_list_moves, (uint64_t)ref_nr_pages(r, page));
	ref_count(r, VM_pgrotated, (uint64_t)ref_nr_pages(r, page));
}
