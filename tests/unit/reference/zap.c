// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmapping: of a range, at exit and by the reaper. After mm/memory.c,
 * mm/mmu_gather.c, mm/mmap.c and mm/oom_kill.c.
 */
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"

#include <string.h>

/* the evicting half of free_pages_and_swap_cache() */
static bool evict_folio(struct ref *r, int page)
{
	/* the reference of the gather, and no other */
	bool drop = !ref_mapcount(r, page) && ref_other_refs(r, page) == 1 && !r->pages[page].dirty;

	ref_count(r, drop ? VM_sim_zap_evicted : VM_sim_zap_kept, 1);
	if (drop)
		ref_filemap_drop(r, page);
	return drop;
}

/* folios_put_refs() */
static void put_folios(struct ref *r, const int *pages, int nr)
{
	for (int i = 0; i < nr; i++) {
		if (pages[i] < 0)
			continue;
		r->pages[pages[i]].extra_refs--;
		if (r->pages[pages[i]].anon)
			ref_put_anon(r, pages[i]);
	}
}

void ref_tlb_flush_mmu(struct ref *r, const struct ref_zap *z)
{
	int held[REF_BATCH], nr_held = 0, nr_batch = 0, at = 0;
	int batch_max = 7; /* of the gather on the stack; the others hold 509 */

	if (r->v6 && r->nr_gather)
		ref_lru_add_drain_cpu(r, z->p->cpu);
	/* free_pages_and_swap_cache() of each batch of the gather */
	while (at < r->nr_gather) {
		int page = r->gather[at++];
		struct ref_page *pg = &r->pages[page];

		ref_free_swap_cache(r, page);
		nr_batch++;
		if (pg->anon || !z->evict || !pg->resident || !evict_folio(r, page))
			held[nr_held++] = page;
		else
			held[nr_held++] = -1; /* freed with this reference */
		if (nr_held < REF_BATCH && nr_batch < batch_max && at < r->nr_gather)
			continue;
		put_folios(r, held, nr_held);
		nr_held = 0;
		if (nr_batch == batch_max) {
			nr_batch = 0;
			batch_max = 509;
			if (r->v6 && at < r->nr_gather)
				ref_lru_add_drain_cpu(r, z->p->cpu);
		}
	}
	r->nr_gather = 0;
}

/* tlb_flush_rmaps() */
static void tlb_flush_rmaps(struct ref *r)
{
	for (int i = 0; i < r->nr_gather; i++)
		r->pages[r->gather[i]].delayed_rmap = 0;
}

/* tlb_next_batch() says no, once a batch of the gather is full */
static bool gather_full(const struct ref *r, bool delayed_rmap)
{
	int nr = r->nr_gather, batch_max = 7, nr_batches = 0;

	while (nr >= batch_max) {
		nr -= batch_max;
		batch_max = 509;
		nr_batches++;
	}
	return nr == 0 && (nr_batches == 20 || (nr_batches > 1 && delayed_rmap));
}

/* zap_present_folio_ptes(); @delayed: some dirty file PTE of this page table was met */
static void zap_present(struct ref *r, const struct ref_zap *z, const struct ref_vma *v,
			struct ref_pte *ptep, bool *delayed)
{
	struct ref_pte pte = *ptep;
	struct ref_page *pg = &r->pages[pte.page];
	bool demote = false, aged;

	if (pte.zero) {
		memset(ptep, 0, sizeof(*ptep));
		return;
	}
	if (!pg->anon) {
		if (pte.dirty)
			ref_folio_mark_dirty(r, pte.page);
		ref_count(r, VM_sim_reap_pages, z->dying);
		ref_count(r, VM_sim_reap_young, z->dying && pte.young);
		aged = z->dying && pte.young && pg->workingset &&
		       (r->gen ? ref_gen_old(r, pte.page) : !pg->active);
		ref_count(r, VM_sim_reap_aged, aged);
		if (pte.young && !v->random && !v->sequential && !v->noreuse) {
			if (ref_policy_skips(z, ref_mapcount(r, pte.page))) {
				ref_count(r, VM_sim_zap_skipped, 1);
				demote = r->policy->demotes;
			} else {
				ref_count(r, VM_sim_zap_marks, 1);
				ref_count(r, VM_sim_zap_marks_aged, aged);
				/* the second mark of a page on the inactive list */
				ref_count(r, VM_sim_zap_moves,
					  !r->gen && pg->referenced && !pg->active && pg->lru);
				ref_folio_mark_accessed(r, z->p->cpu, pte.page);
			}
		}
	}
	memset(ptep, 0, sizeof(*ptep));
	if (!pg->anon && pte.dirty) { /* tlb_delay_rmap() */
		pg->delayed_rmap++;
		*delayed = true;
	}
	if (demote && ref_deactivate_file_folio(r, z->p->cpu, pte.page))
		ref_count(r, VM_sim_zap_demoted, 1);
	pg->extra_refs++;
	r->gather[r->nr_gather++] = pte.page;
	if (gather_full(r, *delayed)) {
		tlb_flush_rmaps(r);
		ref_tlb_flush_mmu(r, z);
		*delayed = false;
	}
}

/* zap_nonpresent_ptes(), swap_put_entries_direct() */
static void zap_swap(struct ref *r, struct ref_pte *ptep)
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
	bool delayed = false;

	for (uint64_t at = v->start; at < v->end; at++) {
		if (p->ptes[at].present)
			zap_present(r, z, v, &p->ptes[at], &delayed);
		else if (p->ptes[at].swap)
			zap_swap(r, &p->ptes[at]);
		/* zap_pte_range() ends with its page table */
		if (delayed && (at % 512 == 511 || at + 1 == v->end)) {
			tlb_flush_rmaps(r);
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
	if (r->v6)
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
	/* v6: the program's own pages, in no trace, come first and go through a gather */
	if (r->v6)
		ref_lru_add_drain_cpu(r, p->cpu);
	for (int n = 0; n < p->nr_vmas; n++) {
		struct ref_vma *v = &p->vmas[r->v6 ? n : p->nr_vmas - 1 - n];

		if (!v->anon && v->shared)
			continue;
		ref_zap_vma(r, &z, p, v);
		ref_tlb_flush_mmu(r, &z);
	}
}
