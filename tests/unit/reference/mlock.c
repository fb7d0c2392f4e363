// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locked memory. After mm/mlock.c, and populate_vma_page_range() and __mm_populate() of
 * mm/gup.c (fault.c has the pages).
 */
#include "tests/unit/reference/internal.h"

#include <glib.h>

enum { MUNLOCK, MLOCK, MLOCK_NEW };

static uint64_t pages_of(const struct ref *r, int folio)
{
	return (uint64_t)ref_nr_pages(r, folio);
}

uint64_t ref_nr_unevictable(const struct ref *r)
{
	uint64_t n = 0;

	for (int i = 0; r->has_mlock && i < r->nr_pages; i++)
		if (r->pages[i].lru && r->pages[i].unevictable &&
		    &r->memcgs[r->pages[i].memcg] == r->cg)
			n += pages_of(r, i);
	return n;
}

/* __mlock_folio() */
static void mlock_one(struct ref *r, int folio)
{
	struct ref_page *pg = &r->pages[folio];

	if (!pg->lru)
		return;
	if (!pg->mlocked) {
		if (!pg->unevictable)
			return;
		ref_lruvec_del(r, folio);
		pg->unevictable = false;
		ref_lruvec_add(r, folio);
		ref_count(r, VM_unevictable_pgs_rescued, pages_of(r, folio));
	} else if (pg->unevictable) {
		pg->mlock_count++;
	} else {
		ref_lruvec_del(r, folio);
		pg->active = false;
		pg->unevictable = true;
		pg->mlock_count = 1;
		ref_lruvec_add(r, folio);
		ref_count(r, VM_unevictable_pgs_culled, pages_of(r, folio));
	}
}

/* __mlock_new_folio() */
static void mlock_new_one(struct ref *r, int folio)
{
	struct ref_page *pg = &r->pages[folio];

	if (pg->mlocked) {
		pg->unevictable = true;
		pg->mlock_count = 1;
		ref_count(r, VM_unevictable_pgs_culled, pages_of(r, folio));
	}
	ref_lruvec_add(r, folio);
}

/* __munlock_folio() */
static void munlock_one(struct ref *r, int folio)
{
	struct ref_page *pg = &r->pages[folio];
	const uint64_t nr = pages_of(r, folio);

	if (pg->lru && pg->unevictable) {
		pg->mlock_count -= pg->mlock_count > 0;
		if (pg->mlock_count)
			return;
	}
	if (pg->mlocked && (pg->lru || !pg->unevictable))
		ref_count(r, VM_unevictable_pgs_munlocked, nr);
	pg->mlocked = false;
	if (pg->lru && pg->unevictable) {
		ref_lruvec_del(r, folio);
		pg->unevictable = false;
		ref_lruvec_add(r, folio);
		ref_count(r, VM_unevictable_pgs_rescued, nr);
	}
}

static void move_one(struct ref *r, int folio, int what)
{
	if (what == MLOCK)
		mlock_one(r, folio);
	else if (what == MLOCK_NEW)
		mlock_new_one(r, folio);
	else
		munlock_one(r, folio);
}

/* mlock_drain_local() */
void ref_mlock_drain(struct ref *r, unsigned int cpu)
{
	const struct ref_batch b = r->mlock[cpu];

	for (int i = 0; i < b.nr; i++)
		if (b.pages[i] >= 0)
			move_one(r, b.pages[i], r->mlock_what[cpu][i]);
	r->mlock[cpu].nr = 0;
	for (int i = 0; i < b.nr; i++)
		if (b.pages[i] >= 0 && r->pages[b.pages[i]].anon)
			ref_put_anon(r, b.pages[i]);
}

void ref_mlock_forget(struct ref *r, int folio)
{
	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++)
		for (int i = 0; i < r->mlock[cpu].nr; i++) {
			if (r->mlock[cpu].pages[i] != folio)
				continue;
			move_one(r, folio, r->mlock_what[cpu][i]);
			r->mlock[cpu].pages[i] = -1;
		}
}

static void add(struct ref *r, int folio, int what)
{
	struct ref_batch *b = &r->mlock[r->this_cpu];

	if (what != MUNLOCK && !r->pages[folio].mlocked) {
		r->pages[folio].mlocked = true;
		ref_count(r, VM_unevictable_pgs_mlocked, pages_of(r, folio));
	}
	r->has_mlock = true;
	r->mlock_what[r->this_cpu][b->nr] = what;
	b->pages[b->nr++] = folio;
	if (b->nr == REF_BATCH || r->pages[folio].order)
		ref_mlock_drain(r, r->this_cpu);
}

void ref_mlock_folio(struct ref *r, int folio)
{
	add(r, folio, MLOCK);
}

void ref_mlock_new_folio(struct ref *r, int folio)
{
	add(r, folio, MLOCK_NEW);
}

void ref_munlock_folio(struct ref *r, int folio)
{
	add(r, folio, MUNLOCK);
}

void ref_folio_putback_lru(struct ref *r, int folio)
{
	const bool in_lru_fault = r->in_lru_fault;

	r->in_lru_fault = false; /* current is PF_MEMALLOC */
	ref_folio_add_lru(r, r->this_cpu, folio);
	r->in_lru_fault = in_lru_fault;
}

/* mlock_pte_range(): one PTE, or those of one folio. Return: their number */
static uint64_t mlock_ptes(struct ref *r, struct ref_proc *p, uint64_t at, uint64_t end,
			   bool locked)
{
	const struct ref_pte *pte = &p->ptes[at];
	int folio, nr;

	if (!pte->present || pte->zero)
		return 1;
	folio = ref_folio(r, pte->page);
	nr = r->pages[folio].order ? ref_pte_batch(r, p, at, (int)(end - at)) : 1;
	if (!locked)
		ref_munlock_folio(r, folio);
	else if (nr == ref_nr_pages(r, folio))
		ref_mlock_folio(r, folio);
	return (uint64_t)nr;
}

/* mlock_vma_pages_range() */
static void mlock_pages(struct ref *r, struct ref_proc *p, uint64_t at, uint64_t end, bool locked)
{
	ref_lru_add_drain_cpu(r, r->this_cpu);
	while (at < end) {
		const struct ref_table *t = &p->tables[at / 512];

		if (t->huge) {
			if (locked)
				ref_mlock_folio(r, t->folio);
			else
				ref_munlock_folio(r, t->folio);
			at = at / 512 * 512 + 512;
		} else {
			at += mlock_ptes(r, p, at, MIN(end, at / 512 * 512 + 512), locked);
		}
	}
	ref_lru_add_drain_cpu(r, r->this_cpu);
}

bool ref_mm_populate(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end)
{
	bool ok = true;

	for (uint64_t at = start, stop; ok && at < end; at = stop) {
		const struct ref_vma *v = ref_find_vma(p, at);

		stop = MIN(end, v->end);
		ok = ref_populate_vma(r, p, at, stop, v->write && !v->shared);
	}
	return ok;
}

bool ref_do_mlock(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end, bool locked)
{
	for (uint64_t at = start, stop; at < end; at = stop) {
		const struct ref_vma *v = ref_find_vma(p, at);

		stop = MIN(end, v->end);
		if (v->locked == locked)
			continue;
		ref_vma_set_locked(r, p, at, stop, locked);
		mlock_pages(r, p, at, stop, locked);
	}
	return !locked || ref_mm_populate(r, p, start, end);
}
