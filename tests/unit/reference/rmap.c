// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a page to the PTEs that map it: a loop over all mappings of all processes.
 * After mm/rmap.c.
 */
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"

#include <string.h>

/* the PTE of @p in its mapping @v that maps @page, or NULL */
static struct ref_pte *pte_of(const struct ref *r, struct ref_proc *p, const struct ref_vma *v,
			      int page)
{
	struct ref_pte *pte;
	uint64_t at, pgoff;

	if (r->pages[page].anon) {
		if (r->pages[page].index < v->anon_pgoff)
			return NULL;
		at = v->start + (r->pages[page].index - v->anon_pgoff);
		if (at >= v->end)
			return NULL;
	} else if (v->anon || page >= (int)r->t->nr_file_pages) {
		return NULL;
	} else {
		const struct trace_file *file = &r->t->files[v->file];

		if ((uint64_t)page < file->first || (uint64_t)page - file->first >= file->pages)
			return NULL;
		pgoff = (uint64_t)page - file->first;
		if (pgoff < v->pgoff || pgoff - v->pgoff >= v->end - v->start)
			return NULL;
		at = v->start + (pgoff - v->pgoff);
	}
	pte = &p->ptes[at];
	return pte->present && !pte->zero && pte->page == page ? pte : NULL;
}

/* the PMD entry in a mapping that maps the folio, or NULL */
static struct ref_table *pmd_of(struct ref_proc *p, const struct ref_vma *v, int folio)
{
	for (uint64_t i = (v->start + 511) / 512; i < v->end / 512; i++)
		if (p->tables[i].huge && p->tables[i].folio == folio)
			return &p->tables[i];
	return NULL;
}

int ref_mapcount(const struct ref *r, int page)
{
	int n = 0;

	for_each_mapping(r, p, v) n += pte_of(r, p, v, page) != NULL;
	return n + r->pages[page].delayed_rmap + r->pages[ref_folio(r, page)].entire_mapcount;
}

void ref_folio_mkclean(struct ref *r, int page)
{
	for_each_mapping(r, p, v)
	{
		struct ref_table *pmd = v->shared ? pmd_of(p, v, page) : NULL;

		if (pmd)
			pmd->dirty = pmd->write = false;
	}
	for (int i = page; i < page + ref_nr_pages(r, page); i++) {
		for_each_mapping(r, p, v)
		{
			struct ref_pte *pte = v->shared ? pte_of(r, p, v, i) : NULL;

			if (pte)
				pte->dirty = pte->write = false;
		}
	}
}

/* does the mapping map any page of the folio? */
static bool maps_folio(const struct ref *r, struct ref_proc *p, const struct ref_vma *v, int folio)
{
	if (pmd_of(p, v, folio))
		return true;
	for (int i = 0; i < ref_nr_pages(r, folio); i++)
		if (pte_of(r, p, v, folio + i))
			return true;
	return false;
}

/* The mappings of a folio in the order of the kernel's trees: that of its file
 * (vma_interval_tree_insert()) or of its anon_vma. Only lru_gen_look_around() depends on it. */
static bool next_mapping(struct ref *r, int page, uint64_t *after, struct ref_proc **proc,
			 struct ref_vma **vma)
{
	bool anon = r->pages[page].anon, found = false;
	uint64_t best = 0;

	for_each_mapping(r, p, v)
	{
		uint64_t id =
			anon ? v->anon_pgoff << 32 | v->anon_id : (uint64_t)v->pgoff << 32 | v->id;

		if (!maps_folio(r, p, v, page) || id <= *after || (found && id > best))
			continue;
		found = true;
		best = id;
		*proc = p;
		*vma = v;
	}
	*after = best;
	return found;
}

/* test_and_clear_young_ptes() of the PTEs of a mapping that map the folio, batch by batch, with
 * lru_gen_look_around(). Return: was one of them young? */
static bool clear_young(struct ref *r, struct ref_proc *p, const struct ref_vma *v, int folio)
{
	struct ref_table *pmd = pmd_of(p, v, folio);
	bool young = false;
	int nr;

	if (pmd) { /* pmdp_clear_flush_young_notify() */
		young = pmd->young;
		pmd->young = false;
	}
	for (int i = 0; i < ref_nr_pages(r, folio); i += nr) {
		struct ref_pte *pte = pte_of(r, p, v, folio + i);
		const uint64_t at = pte ? (uint64_t)(pte - p->ptes) : 0;
		bool any = false;

		nr = 1;
		if (!pte)
			continue;
		/* up to the end of the mapping and of the page table */
		if (!r->v6)
			nr = ref_pte_batch(r, p, at, (int)(MIN(v->end, at / 512 * 512 + 512) - at));
		for (int j = 0; j < nr; j++) {
			any |= pte[j].young;
			pte[j].young = false;
		}
		if (any && r->cg->gen)
			ref_gen_look_around(r, p, v, at, nr);
		young |= any;
	}
	return young;
}

/* does the mapping map all of the folio, by PTEs of one page table or a PMD? */
static bool maps_all(const struct ref *r, struct ref_proc *p, const struct ref_vma *v, int folio)
{
	uint64_t table = 0;

	if (pmd_of(p, v, folio))
		return true;
	for (int i = 0; i < ref_nr_pages(r, folio); i++) {
		const struct ref_pte *pte = pte_of(r, p, v, folio + i);

		if (!pte || (i && (uint64_t)(pte - p->ptes) / 512 != table))
			return false;
		table = (uint64_t)(pte - p->ptes) / 512;
	}
	return true;
}

int ref_folio_referenced(struct ref *r, const struct ref_scan *sc, int page, bool *exec)
{
	struct ref_page *pg = &r->pages[page];
	int referenced = 0, mapcount = ref_mapcount(r, page);
	struct ref_proc *p = NULL;
	struct ref_vma *v = NULL;
	uint64_t after = 0;

	*exec = false;
	while (next_mapping(r, page, &after, &p, &v)) {
		/* invalid_folio_referenced_vma() */
		if (v->random || v->sequential || v->noreuse)
			continue;
		if (sc->memcg && p->memcg != pg->memcg)
			continue;
		if (v->locked && maps_all(r, p, v, page)) {
			ref_mlock_folio(r, page);
			return -2;
		}
		if (!v->locked && (p->dying || p->unstable) && pg->anon && pg->swapbacked &&
		    mapcount == 1)
			return -1;
		/* the PTEs of a part in a locked VMA stay as they are */
		if (!v->locked && clear_young(r, p, v, page))
			pg->idle = false;
		else if (!pg->young)
			continue;
		/* a monitor had cleared PTEs */
		pg->young = false;
		referenced++;
		*exec |= v->exec;
	}
	return referenced;
}

bool ref_folio_young_ptes(struct ref *r, int folio, bool clear)
{
	bool young = false;

	for_each_mapping(r, p, v)
	{
		struct ref_table *pmd = pmd_of(p, v, folio);

		if (pmd) {
			young |= pmd->young;
			pmd->young &= !clear;
		}
		for (int i = 0; i < ref_nr_pages(r, folio); i++) {
			struct ref_pte *pte = pte_of(r, p, v, folio + i);

			if (pte) {
				young |= pte->young;
				pte->young &= !clear;
			}
		}
	}
	return young;
}

/* try_to_unmap_one(). Return: false ends the walk. */
static bool try_to_unmap_one(struct ref *r, struct ref_proc *p, const struct ref_vma *v, int folio,
			     bool force)
{
	struct ref_table *pmd = pmd_of(p, v, folio);

	if (v->locked && !force) {
		if (maps_all(r, p, v, folio))
			ref_mlock_folio(r, folio);
		return false;
	}
	if (pmd) /* TTU_SPLIT_HUGE_PMD */
		ref_split_huge_pmd(r, p, (uint64_t)(pmd - p->tables) * 512);
	for (int i = folio, nr; i < folio + ref_nr_pages(r, folio); i += nr) {
		struct ref_pte *pte = pte_of(r, p, v, i), old;
		bool dirty = false;

		nr = 1;
		if (!pte)
			continue;
		old = *pte;
		if (r->pages[folio].anon && !r->pages[folio].swapbacked) {
			/* ttu_anon_lazyfree_folio() */
			r->pages[folio].dirty |= old.dirty;
			r->pages[folio].swapbacked = r->pages[folio].dirty;
			if (r->pages[folio].dirty || ref_other_refs(r, folio))
				return false;
			memset(pte, 0, sizeof(*pte));
			continue;
		}
		/* folio_unmap_pte_batch(), within the page table and the mapping */
		if (!r->pages[folio].anon)
			nr = ref_pte_batch(
				r, p, (uint64_t)(pte - p->ptes),
				(int)(MIN(v->end, ((uint64_t)(pte - p->ptes) / 512 + 1) * 512) -
				      (uint64_t)(pte - p->ptes)));
		for (int n = 0; n < nr; n++) {
			dirty |= pte[n].dirty;
			memset(&pte[n], 0, sizeof(*pte));
		}
		ref_remove_rmap(r, p, i, nr);
		if (dirty)
			ref_folio_mark_dirty(r, folio);
		if (v->locked) {
			ref_munlock_folio(r, folio);
			ref_mlock_drain(r, r->this_cpu);
		}
		if (r->pages[folio].anon) /* ttu_anon_swapbacked_folio() */
			*pte = (struct ref_pte){ .swap = true,
						 .page = folio,
						 .exclusive = old.write };
	}
	return true;
}

void ref_try_to_unmap(struct ref *r, int page, bool force)
{
	struct ref_proc *p = NULL;
	struct ref_vma *v = NULL;
	uint64_t after = 0;

	while (next_mapping(r, page, &after, &p, &v))
		if (!try_to_unmap_one(r, p, v, page, force))
			return;
}
