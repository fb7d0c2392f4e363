// SPDX-License-Identifier: GPL-2.0-only
/*
 * MGLRU: the walk of page tables, and the look around a young PTE. After
 * mm/vmscan.c.
 *
 * The walk goes from table to table and looks for the mappings in each. A flag, new since
 * the last walk, replaces the kernel's pointers into its list of address spaces.
 *
 * Approximations shared with models/lru-mglru*.c: exact sets for the Bloom filters, an
 * access always sets the accessed bits, the process of the operation counts as running,
 * and nothing interrupts a walk.
 */
#include "tests/unit/reference/mglru.h"

#include <glib.h>

/* folio_update_gen() */
static void update_gen(struct ref *r, int page, bool exec)
{
	struct ref_page *pg = &r->pages[page];
	bool code = exec && !pg->swapbacked && !r->v6;

	if (r->v6_12) {
		if (pg->gen) {
			pg->gen = (int)(r->cg->gen->max_seq % 4) + 1;
			pg->referenced = pg->workingset = false;
			pg->refs = 0;
		} else {
			pg->referenced = true;
		}
		return;
	}
	if (!pg->referenced && !pg->workingset && !code) {
		pg->referenced = true;
		pg->refs = 0;
		return;
	}
	pg->gen = (int)(r->cg->gen->max_seq % 4) + 1;
	pg->workingset = true;
	pg->referenced = false;
	pg->refs = 0;
}

/* walk_update_folio() */
static void walk_update(struct ref *r, const struct ref_vma *v, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (r->cg->gen->mm_walk) {
		update_gen(r, page, v->exec);
	} else if (r->v6_12) {
		if (!pg->gen) {
			pg->referenced = true;
		} else if (pg->gen != (int)(r->cg->gen->max_seq % 4) + 1) {
			pg->referenced = pg->workingset = false;
			pg->refs = 0;
			ref_folio_activate(r, r->this_cpu, page);
		}
	} else if (ref_gen_set_refs(r, page, v->exec) &&
		   r->pages[page].gen != (int)(r->cg->gen->max_seq % 4) + 1) {
		ref_folio_activate(r, r->this_cpu, page);
	}
}

/* get_pfn_folio() and the checks after it: does the walk take this folio? */
static bool walked(const struct ref *r, const struct ref_page *pg, bool can_swap)
{
	if (&r->memcgs[pg->memcg] != r->cg)
		return false;
	if (r->v6_12)
		return can_swap || !pg->swapbacked;
	return pg->gen;
}

/* Clear the young bits of the PTEs in [at, end) of @v that map a folio on a list. v6: or on no
 * list, and anon if @can_swap. Return: number of young PTEs. */
static uint64_t age_ptes(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			 uint64_t end, bool can_swap)
{
	uint64_t young = 0;
	int last = -1;

	for (int nr; at < end; at += (uint64_t)nr) {
		struct ref_pte *pte = &p->ptes[at];
		bool dirty = false;
		int folio;

		nr = 1;
		if (!pte->present || pte->zero || !pte->young)
			continue;
		folio = ref_folio(r, pte->page);
		if (!walked(r, &r->pages[folio], can_swap))
			continue;
		/* FPB_MERGE_YOUNG_DIRTY */
		nr = r->v6 ? 1 : ref_pte_batch(r, p, at, (int)(end - at));
		for (int i = 0; i < nr; i++) {
			pte[i].young = false;
			dirty |= pte[i].dirty;
		}
		young += (uint64_t)nr;
		/* no dirty flag for an anon page that is not in the swap cache, unless MADV_FREE
		 * was there */
		if (dirty && !r->pages[folio].dirty &&
		    !(r->pages[folio].anon && r->pages[folio].swapbacked &&
		      !r->pages[folio].swap_slot))
			ref_folio_mark_dirty(r, folio);
		if (folio != last)
			walk_update(r, v, folio);
		last = folio;
	}
	return young;
}

static void filter_add(struct ref *r, struct ref_proc *p, uint64_t at, uint64_t seq)
{
	if (r->cg->gen->have_filter[seq % 2])
		p->tables[at / 512].in_filter[seq % 2] = true;
}

void ref_gen_look_around(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			 int nr)
{
	const bool anon = r->pages[ref_folio(r, p->ptes[at].page)].swapbacked;
	uint64_t start = MAX(v->start, at / 512 * 512), end = MIN(v->end, at / 512 * 512 + 512);

	struct ref_memcg *before;

	if (end - start == 1)
		return;
	before = ref_enter(r, ref_folio(r, p->ptes[at].page));
	if (end - start > GEN_BATCH) {
		start = CLAMP((int64_t)at - GEN_BATCH / 2, (int64_t)start,
			      (int64_t)end - GEN_BATCH);
		end = start + GEN_BATCH;
	}
	/* in the filter of another memcg nobody looks for it */
	if ((age_ptes(r, p, v, start, end, anon) + (uint64_t)nr) * 8 >= end - start &&
	    &r->memcgs[p->memcg] == r->cg)
		filter_add(r, p, at, r->cg->gen->max_seq);
	r->cg = before;
}

static bool skip_vma(const struct ref *r, const struct ref_vma *v, unsigned int swappiness)
{
	if (v->random || v->sequential || v->noreuse || v->locked)
		return true;
	return !swappiness && (v->anon || ref_is_shmem(r, v->file));
}

/* walk_pmd_range_locked() of a PMD entry that maps a folio */
static void age_pmd(struct ref *r, struct ref_proc *p, uint64_t at)
{
	struct ref_table *t = &p->tables[at / 512];

	if (!t->young || !walked(r, &r->pages[t->folio], true))
		return;
	t->young = false;
	if (t->dirty && !r->pages[t->folio].dirty)
		ref_folio_mark_dirty(r, t->folio);
	walk_update(r, ref_find_vma(p, at), t->folio);
}

/* walk_pmd_range(), walk_pte_range() of one page table */
static void walk_table(struct ref *r, struct ref_proc *p, uint64_t first, unsigned int swappiness,
		       bool force)
{
	struct ref_table *t = &p->tables[first / 512];
	uint64_t total = 0, young = 0, seq = r->cg->gen->max_seq;
	bool any = false;

	for (int i = 0; i < p->nr_vmas; i++)
		any |= p->vmas[i].start < first + 512 && p->vmas[i].end > first &&
		       !skip_vma(r, &p->vmas[i], swappiness);
	if (any && t->huge)
		age_pmd(r, p, first);
	if (!any || !t->exists)
		return;
	if (!force) {
		if (!t->young)
			return;
		t->young = false;
		if (r->cg->gen->have_filter[seq % 2] && !t->in_filter[seq % 2])
			return;
	}
	for (int i = 0; i < p->nr_vmas; i++) {
		struct ref_vma *v = &p->vmas[i];
		uint64_t start = MAX(v->start, first), end = MIN(v->end, first + 512);

		if (start >= end || skip_vma(r, v, swappiness))
			continue;
		total += end - start;
		young += age_ptes(r, p, v, start, end, swappiness);
	}
	if (young * 8 >= total)
		filter_add(r, p, first, seq + 1);
}

/* the next address space, oldest first */
static struct ref_proc *next_mm(struct ref *r, uint64_t after)
{
	struct ref_proc *next = NULL;

	for (int i = 0; i < REF_PROCS_MAX; i++) {
		struct ref_proc *p = &r->procs[i];

		if (p->used && &r->memcgs[p->memcg] == r->cg && p->mm_id > after &&
		    (!next || p->mm_id < next->mm_id))
			next = p;
	}
	return next;
}

/* iterate_mm_list() */
bool ref_gen_walk_mms(struct ref *r, unsigned int swappiness)
{
	struct ref_gen *g = r->cg->gen;
	bool force = false, any = false;
	uint64_t seq = g->max_seq;

	if (g->mm_seq >= seq)
		return false;
	g->mm_walk = true;
	for (struct ref_proc *p = next_mm(r, 0); p; p = next_mm(r, p->mm_id)) {
		force |= p->mm_is_new;
		p->mm_is_new = false;
		if (!force && !p->ran)
			continue;
		p->ran = false;
		if (!any) { /* reset_bloom_filter() */
			g->have_filter[(seq + 1) % 2] = true;
			for (int i = 0; i < REF_PROCS_MAX; i++)
				for (int t = 0;
				     &r->memcgs[r->procs[i].memcg] == r->cg && t < REF_VPNS / 512;
				     t++)
					r->procs[i].tables[t].in_filter[(seq + 1) % 2] = false;
		}
		any = true;
		for (uint64_t at = 0; at < REF_VPNS; at += 512)
			walk_table(r, p, at, swappiness, force);
	}
	g->mm_seq++;
	return true;
}
