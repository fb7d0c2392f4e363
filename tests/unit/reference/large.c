// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a large folio, the processes that map it, and PMD mappings. After mm/internal.h,
 * include/linux/rmap.h with CONFIG_MM_ID, mm/memory.c and mm/huge_memory.c.
 */
#include "tests/unit/reference/internal.h"

#include <string.h>

#include <glib.h>

int ref_folio(const struct ref *r, int page)
{
	return page - r->pages[page].behind;
}

int ref_nr_pages(const struct ref *r, int folio)
{
	return 1 << r->pages[folio].order;
}

int ref_folio_mapcount(const struct ref *r, int folio)
{
	return r->pages[folio].order ? r->pages[folio].large_mapcount : ref_mapcount(r, folio);
}

bool ref_folio_maybe_mapped_shared(const struct ref *r, int folio)
{
	const struct ref_page *f = &r->pages[folio];

	if (ref_folio_mapcount(r, folio) <= 1)
		return false;
	if (!f->order)
		return true;
	if (r->v6_12) /* folio_likely_mapped_shared() */
		return f->entire_mapcount || f->large_mapcount > ref_nr_pages(r, folio) ||
		       ref_mapcount(r, folio) > 1;
	return f->mm_shared;
}

void ref_prep_compound(struct ref *r, int folio, int order)
{
	r->pages[folio].order = order;
	for (int i = 1; i < 1 << order; i++)
		r->pages[folio + i] =
			(struct ref_page){ .used = true, .resident = true, .behind = i };
}

void ref_free_compound(struct ref *r, int folio)
{
	for (int i = 1; i < ref_nr_pages(r, folio); i++)
		r->pages[folio + i] = (struct ref_page){ .used = true };
	r->pages[folio].order = 0;
}

/* folio_add_large_mapcount() */
void ref_add_rmap(struct ref *r, const struct ref_proc *p, int page, int nr)
{
	struct ref_page *f = &r->pages[ref_folio(r, page)];
	int id = 0;

	if (!f->order)
		return;
	f->large_mapcount += nr;
	/* the slot of this process, or else the first free one */
	while (id < 2 && f->mm[id] != p)
		id++;
	if (id == 2)
		for (id = 0; id < 2 && f->mm[id];)
			id++;
	if (id == 2)
		return; /* no free slot: it is marked as shared already */
	if (!f->mm[id]) {
		f->mm[id] = p;
		f->mm_mapcount[id] = 0;
		f->mm_shared |= f->large_mapcount != nr;
	}
	f->mm_mapcount[id] += nr;
}

/* folio_sub_large_mapcount() */
void ref_remove_rmap(struct ref *r, const struct ref_proc *p, int page, int nr)
{
	struct ref_page *f = &r->pages[ref_folio(r, page)];

	if (!f->order)
		return;
	f->large_mapcount -= nr;
	for (int id = 0; id < 2; id++) {
		if (f->mm[id] != p)
			continue;
		f->mm_mapcount[id] -= nr;
		if (f->mm_mapcount[id] > 0)
			return;
		f->mm[id] = NULL;
		f->mm_mapcount[id] = 0;
	}
	if (f->mm_mapcount[0] == f->large_mapcount || f->mm_mapcount[1] == f->large_mapcount)
		f->mm_shared = false;
}

int ref_pte_batch(const struct ref *r, const struct ref_proc *p, uint64_t at, int max)
{
	const int first = p->ptes[at].page, folio = ref_folio(r, first);
	int nr = 1;

	while (nr < max && at + (uint64_t)nr < REF_VPNS && p->ptes[at + (uint64_t)nr].present &&
	       !p->ptes[at + (uint64_t)nr].zero && p->ptes[at + (uint64_t)nr].page == first + nr &&
	       first + nr < folio + ref_nr_pages(r, folio))
		nr++;
	return nr;
}

bool ref_do_set_pmd(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
		    int folio, uint64_t pages, bool write)
{
	struct ref_table *t = &p->tables[at / 512];
	const uint64_t index = (uint64_t)(folio - ref_file_page(r, v->file, 0));
	/* of virtual page numbers, as the trace has them: indices in ptes[] are not aligned */
	const int64_t offset = (int64_t)r->base + (int64_t)v->start - (int64_t)v->pgoff;

	if (r->pages[folio].order != 9 || t->populated || t->huge)
		return false;
	if (offset % 512 || at / 512 * 512 < v->start || at / 512 * 512 + 512 > v->end ||
	    index + 512 > pages)
		return false;
	ref_free_table(r, t);
	*t = (struct ref_table){ .huge = true,
				 .upper = t->upper,
				 .top = t->top,
				 .upper_memcg = t->upper_memcg,
				 .top_memcg = t->top_memcg,
				 .young = true,
				 .dirty = write,
				 .write = write,
				 .folio = folio,
				 .in_filter = { t->in_filter[0], t->in_filter[1] } };
	r->pages[folio].entire_mapcount++;
	ref_add_rmap(r, p, folio, 1);
	if (v->locked)
		ref_mlock_folio(r, folio);
	return true;
}

void ref_remove_rmap_pmd(struct ref *r, const struct ref_proc *p, int folio)
{
	r->pages[folio].entire_mapcount--;
	ref_remove_rmap(r, p, folio, 1);
}

void ref_split_huge_pmd(struct ref *r, struct ref_proc *p, uint64_t at)
{
	struct ref_table *t = &p->tables[at / 512], old = *t;

	if (!old.huge)
		return;
	*t = (struct ref_table){ .upper = t->upper,
				 .top = t->top,
				 .in_filter = { t->in_filter[0], t->in_filter[1] } };
	if (old.dirty && !r->pages[old.folio].dirty)
		ref_folio_mark_dirty(r, old.folio);
	if (old.young)
		r->pages[old.folio].referenced = true;
	ref_remove_rmap_pmd(r, p, old.folio);
	if (ref_find_vma(p, at)->locked)
		ref_munlock_folio(r, old.folio);
}
