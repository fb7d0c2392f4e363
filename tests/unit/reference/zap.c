// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmapping: of a range, at exit and by the reaper. After mm/memory.c,
 * mm/mmu_gather.c, mm/mmap.c and mm/oom_kill.c.
 */
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"

#include <string.h>

#include <glib.h>

/* evict_file_folio() of the series, and mapping_evict_folio(). @refs: what the mmu_gather had */
static bool evict_folio(struct ref *r, int folio, int refs)
{
	/* the mmu_gather has one reference, and there is no other */
	bool drop = !ref_folio_mapcount(r, folio) && ref_other_refs(r, folio) == 1 &&
		    !r->pages[folio].dirty;

	if (drop)
		ref_count(r, VM_sim_zap_evicted, (uint64_t)ref_nr_pages(r, folio));
	else
		ref_count(r, VM_sim_zap_kept, (uint64_t)refs);
	if (drop)
		ref_filemap_drop(r, folio);
	return drop;
}

/* folios_put_refs() of what is not yet put; -1: a folio that is gone with its last reference */
struct puts {
	int folios[REF_BATCH], refs[REF_BATCH], nr;
};

static void put_folios(struct ref *r, struct puts *p)
{
	for (int i = 0; i < p->nr; i++) {
		if (p->folios[i] < 0)
			continue;
		r->pages[p->folios[i]].extra_refs -= p->refs[i];
		if (r->pages[p->folios[i]].anon)
			ref_put_anon(r, p->folios[i]);
	}
	p->nr = 0;
}

static void put_later(struct ref *r, struct puts *p, int folio, int refs)
{
	p->folios[p->nr] = folio;
	p->refs[p->nr++] = refs;
	if (p->nr == REF_BATCH)
		put_folios(r, p);
}

/* free_pages_and_swap_cache() of [@from, @to) of the mmu_gather; with z->evict
 * free_pages_and_evict_file() of the series, in which all entries of a folio count at the last
 * one before the next file folio */
static void free_entries(struct ref *r, const struct ref_zap *z, int from, int to)
{
	struct puts p = { .nr = 0 };

	if (z->evict)
		ref_mlock_drain(r, r->this_cpu);
	for (int at = from; at < to; at++) {
		const int page = ref_folio(r, r->gather[at].page);
		const bool file = !r->pages[page].anon && r->pages[page].resident;
		int end, refs = 0;

		if (!z->evict || !file) {
			ref_free_swap_cache(r, page);
			put_later(r, &p, page, r->gather[at].nr);
			continue;
		}
		for (end = at; end < to; end++) {
			const int other = ref_folio(r, r->gather[end].page);

			if (other == page) {
				refs += r->gather[end].nr;
				continue;
			}
			if (!r->pages[other].anon && r->pages[other].resident)
				break;
			/* put before the folio is */
			ref_free_swap_cache(r, other);
			put_later(r, &p, other, r->gather[end].nr);
		}
		r->pages[page].extra_refs -= refs - 1;
		put_later(r, &p, evict_folio(r, page, refs) ? -1 : page, 1);
		at = end - 1;
	}
	put_folios(r, &p);
}

/* entries that @nr pages of a folio take in a batch of the mmu_gather */
static int entries(int nr)
{
	return nr > 1 ? 2 : 1;
}

/* is a batch of the mmu_gather with @nr entries too full for the pages of another folio? */
static bool batch_full(int nr, int batch)
{
	/* the batch on the stack has 8 entries, the others fill a page: 510 */
	return nr >= (batch ? 510 : 8) - 1;
}

void ref_tlb_flush_mmu(struct ref *r, const struct ref_zap *z)
{
	int from = 0, nr = 0, batch = 0;

	for (int at = 0; at < r->nr_gather; at++) {
		nr += entries(r->gather[at].nr);
		if (!batch_full(nr, batch) && at + 1 < r->nr_gather)
			continue;
		if (r->v6_12)
			ref_lru_add_drain_cpu(r, r->this_cpu);
		free_entries(r, z, from, at + 1);
		from = at + 1;
		nr = 0;
		batch++;
	}
	r->nr_gather = 0;
}

/* tlb_flush_rmaps() */
static void tlb_flush_rmaps(struct ref *r, const struct ref_proc *p, const struct ref_vma *v)
{
	for (int i = 0; i < r->nr_gather; i++) {
		if (!r->gather[i].delayed_rmap)
			continue;
		r->gather[i].delayed_rmap = false;
		for (int n = 0; n < r->gather[i].nr; n++)
			r->pages[r->gather[i].page + n].delayed_rmap--;
		ref_remove_rmap(r, p, r->gather[i].page, r->gather[i].nr);
		if (v->locked)
			ref_munlock_folio(r, ref_folio(r, r->gather[i].page));
	}
}

/* tlb_next_batch() fails if a batch of the mmu_gather is full */
static bool gather_full(const struct ref *r, bool delayed_rmap)
{
	int nr = 0, nr_batches = 0;

	for (int i = 0; i < r->nr_gather; i++) {
		nr += entries(r->gather[i].nr);
		if (batch_full(nr, nr_batches)) {
			nr = 0;
			nr_batches++;
		}
	}
	return nr == 0 && (nr_batches == 20 || (nr_batches > 1 && delayed_rmap));
}

/* zap_present_folio_ptes(): handle @nr_young young PTEs. Return: true if the policy demotes the
 * folio. */
static bool zap_young(struct ref *r, const struct ref_zap *z, const struct ref_vma *v, int folio,
		      uint64_t nr_young)
{
	struct ref_page *pg = &r->pages[folio];
	bool aged = z->dying && nr_young && pg->workingset &&
		    (r->cg->gen ? ref_gen_old(r, folio) : !pg->active);

	ref_count(r, VM_sim_reap_young, z->dying ? nr_young : 0);
	ref_count(r, VM_sim_reap_aged, aged ? nr_young : 0);
	if (!nr_young || v->random || v->sequential || v->noreuse)
		return false;
	if (ref_policy_skips(r, z, folio)) {
		ref_count(r, VM_sim_zap_skipped, 1);
		return r->policy->demotes;
	}
	ref_count(r, VM_sim_zap_marks, 1);
	ref_count(r, VM_sim_zap_marks_aged, aged);
	/* the second mark of a page on the inactive list */
	if (!r->cg->gen && pg->referenced && !pg->active && pg->lru && !pg->unevictable)
		ref_count(r, VM_sim_zap_moves, (uint64_t)ref_nr_pages(r, folio));
	ref_folio_mark_accessed(r, r->this_cpu, folio);
	return false;
}

/* zap_present_ptes() of up to @max PTEs. @delayed: set if one is dirty and maps a file.
 * Return: number of PTEs. */
static int zap_present(struct ref *r, const struct ref_zap *z, const struct ref_vma *v,
		       struct ref_proc *p, uint64_t at, int max, bool *delayed)
{
	struct ref_pte *ptes = &p->ptes[at];
	const int page = ptes->page, nr = ptes->zero ? 1 : ref_pte_batch(r, p, at, max);
	bool dirty = false, demote = false;
	uint64_t nr_young = 0;
	int folio;

	if (ptes->zero) {
		memset(ptes, 0, sizeof(*ptes));
		return 1;
	}
	folio = ref_folio(r, page);
	if (!r->pages[folio].anon) {
		for (int i = 0; i < nr; i++) {
			nr_young += ptes[i].young;
			dirty |= ptes[i].dirty;
		}
		if (dirty)
			ref_folio_mark_dirty(r, folio);
		ref_count(r, VM_sim_reap_pages, z->dying ? (uint64_t)nr : 0);
		demote = zap_young(r, z, v, folio, nr_young);
	}
	memset(ptes, 0, (size_t)nr * sizeof(*ptes));
	if (dirty) { /* tlb_delay_rmap() */
		for (int i = 0; i < nr; i++)
			r->pages[page + i].delayed_rmap++;
		*delayed = true;
	} else {
		ref_remove_rmap(r, p, page, nr);
		if (v->locked)
			ref_munlock_folio(r, folio);
	}
	if (demote && ref_deactivate_file_folio(r, r->this_cpu, folio))
		ref_count(r, VM_sim_zap_demoted, (uint64_t)ref_nr_pages(r, folio));
	r->pages[folio].extra_refs += nr;
	r->gather[r->nr_gather].page = page;
	r->gather[r->nr_gather].nr = nr;
	r->gather[r->nr_gather++].delayed_rmap = dirty;
	if (gather_full(r, *delayed)) {
		tlb_flush_rmaps(r, p, v);
		ref_tlb_flush_mmu(r, z);
		*delayed = false;
	}
	return nr;
}

/* zap_huge_pmd() */
static void zap_huge_pmd(struct ref *r, const struct ref_zap *z, const struct ref_vma *v,
			 struct ref_proc *p, uint64_t at)
{
	struct ref_table *t = &p->tables[at / 512], old = *t;
	bool demote;

	if (old.dirty)
		ref_folio_mark_dirty(r, old.folio);
	ref_count(r, VM_sim_reap_pages, z->dying ? 512 : 0);
	if (v->locked) /* folio_remove_rmap_pmd() comes before the mark */
		ref_munlock_folio(r, old.folio);
	demote = zap_young(r, z, v, old.folio, old.young && !r->v6_12 ? 512 : 0);
	*t = (struct ref_table){ .upper = t->upper,
				 .top = t->top,
				 .in_filter = { t->in_filter[0], t->in_filter[1] } };
	ref_remove_rmap_pmd(r, p, old.folio);
	if (demote && ref_deactivate_file_folio(r, r->this_cpu, old.folio))
		ref_count(r, VM_sim_zap_demoted, 512);
	r->pages[old.folio].extra_refs++;
	r->gather[r->nr_gather].page = old.folio;
	r->gather[r->nr_gather].nr = 1;
	r->gather[r->nr_gather++].delayed_rmap = false;
	if (gather_full(r, false))
		ref_tlb_flush_mmu(r, z);
}

/* zap_nonpresent_ptes(), swap_put_entries_direct() */
void ref_zap_swap(struct ref *r, struct ref_pte *ptep)
{
	int page = ptep->page;
	struct ref_page *pg = &r->pages[page];

	memset(ptep, 0, sizeof(*ptep));
	if (ref_swap_count(r, page))
		return;
	if (!pg->resident) {
		r->swap_used--;
		memset(pg, 0, sizeof(*pg));
	} else if (!ref_mapcount(r, page) || ref_vm_swap_full(r)) {
		/* __try_to_reclaim_swap(TTRS_UNMAPPED | TTRS_FULL) */
		ref_folio_free_swap(r, page);
		ref_put_anon(r, page);
	}
}

void ref_zap_vma(struct ref *r, const struct ref_zap *z, struct ref_proc *p, struct ref_vma *v)
{
	ref_zap_range(r, z, p, v, v->start, v->end);
}

void ref_zap_range(struct ref *r, const struct ref_zap *z, struct ref_proc *p, struct ref_vma *v,
		   uint64_t start, uint64_t end)
{
	bool delayed = false;

	for (uint64_t at = start, nr; at < end; at += nr) {
		const uint64_t stop = MIN(end, at / 512 * 512 + 512);

		nr = 1;
		if (p->tables[at / 512].huge && stop - at < 512)
			ref_split_huge_pmd(r, p, at);
		if (p->tables[at / 512].huge) {
			zap_huge_pmd(r, z, v, p, at);
			nr = 512;
		} else if (p->ptes[at].present)
			nr = (uint64_t)zap_present(r, z, v, p, at, (int)(stop - at), &delayed);
		else if (p->ptes[at].swap)
			ref_zap_swap(r, &p->ptes[at]);
		/* zap_pte_range() ends with its page table */
		if (delayed && at + nr == stop) {
			tlb_flush_rmaps(r, p, v);
			ref_tlb_flush_mmu(r, z);
			delayed = false;
		}
	}
}

void ref_exit_mmap(struct ref *r, struct ref_proc *p)
{
	struct ref_zap z;

	p->dying = true;
	z = ref_zap_begin(r, p, false, 0);
	if (r->v6_12)
		ref_lru_add_drain_cpu(r, p->cpu);
	for (int i = 0; i < p->nr_vmas; i++)
		ref_zap_vma(r, &z, p, &p->vmas[i]);
	ref_tlb_flush_mmu(r, &z);
}

/* __oom_reap_task_mm(), zap_vma_for_reaping() */
void ref_oom_reap_task_mm(struct ref *r, struct ref_proc *p, uint32_t flags)
{
	struct ref_zap z;

	p->unstable = true;
	z = ref_zap_begin(r, p, true, flags);
	/* v6.12: the program's own pages, which no trace contains, are unmapped first, with a
	 * gather
	 */
	if (r->v6_12)
		ref_lru_add_drain_cpu(r, p->cpu);
	for (int n = 0; n < p->nr_vmas; n++) {
		struct ref_vma *v = &p->vmas[r->v6_12 ? n : p->nr_vmas - 1 - n];

		if (!v->anon && v->shared)
			continue;
		ref_zap_vma(r, &z, p, v);
		ref_tlb_flush_mmu(r, &z);
	}
}
