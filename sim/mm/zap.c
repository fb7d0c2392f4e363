// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 zap_present_folio_ptes() and zap_vma_for_reaping() of
 * mm/memory.c, __oom_reap_task_mm() of mm/oom_kill.c and exit_mmap() of
 * mm/mmap.c.
 *
 * The reap policies act here. The kernel calls folio_mark_accessed() for every
 * young PTE of a file folio in a VMA with recency. A policy may skip that call. What "+evict"
 * drops is dropped by the gather (mmu_gather.c).
 *
 * Consecutive PTEs of a large folio are unmapped as one run, with one mark if any of
 * them is young.
 *
 * Approximations: no kernel has "demote"; here it calls deactivate_file_folio(), as
 * the test-only patch does. Opting in (prctl) is not inherited by fork and survives
 * exec. Each run of PTEs pays one zap_file_ps, also where a page table cuts the folio.
 */
#include "sim/mm/zap.h"

#include "sim/mm/event.h"
#include "sim/mm/filemap.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/mmu_gather.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/swap.h"
#include "sim/mm/task.h"

/* the folio's flags before and after tell which kind of mark it was */
static void owe_mark(struct sim *s, const struct mmu_gather *tlb, uint16_t before, uint16_t after)
{
	const struct machine *m = &s->cfg.machine;

	if (before == after)
		tlb_owe(s, tlb, REAP_MARK_ACTIVE, m->mark_active_ps);
	else if ((before & ~after & PG_referenced) || (after & ~before & PG_active))
		tlb_owe(s, tlb, REAP_MARK_ACTIVATE, m->mark_activate_ps);
	else
		tlb_owe(s, tlb, REAP_MARK_FIRST, m->mark_first_ps);
}

/* the accessed half of zap_present_folio_ptes(), for @nr_young young PTEs.
 * Return: true if the caller must demote the folio */
static bool zap_accessed(struct sim *s, struct mmu_gather *tlb, const struct vma *vma,
			 uint32_t head, uint32_t nr_young)
{
	struct folio *f = &s->folios[head];
	uint64_t moves;
	uint16_t before;
	bool aged;

	if (!nr_young) {
		note(s, head, ZAP_OLD, f->flags);
		return false;
	}
	aged = tlb->d.dying && s->cfg.lru->aged(s, head);
	count_vm(s, VM_sim_reap_young, tlb->d.dying ? nr_young : 0);
	count_vm(s, VM_sim_reap_aged, aged ? nr_young : 0);
	if (!vma_has_recency(vma)) {
		note(s, head, ZAP_NO_RECENCY, f->flags);
		return false;
	}
	if (tlb->in_scope &&
	    tlb->policy->exclusive(&tlb->d, f, folio_maybe_mapped_shared(s, head))) {
		count_vm(s, VM_sim_zap_skipped, 1);
		note(s, head, ZAP_SKIP, f->flags);
		return tlb->policy->action == REAP_DEMOTE;
	}
	count_vm(s, VM_sim_zap_marks, 1);
	before = f->flags;
	count_vm(s, VM_sim_zap_marks_aged, aged);
	moves = s->stat.v[VM_sim_mark_moves];
	s->cfg.lru->mark_accessed(s, s->this_cpu, head);
	count_vm(s, VM_sim_zap_moves, s->stat.v[VM_sim_mark_moves] - moves);
	if (s->sched)
		owe_mark(s, tlb, before, f->flags);
	return false;
}

/* zap_nonpresent_ptes(), and present PTEs of anon pages */
static void zap_anon_pte(struct sim *s, struct mmu_gather *tlb, struct pte_table *pt, uint32_t idx,
			 uint8_t pte)
{
	const uint32_t slot = pt->anon[idx];

	if (pte & PTE_swap) {
		s->anon[slot - s->anon_first].nr_swap--;
		if (s->sched)
			tlb_owe(s, tlb, REAP_SWAP, s->cfg.machine.zap_swap_ps);
		/* __try_to_reclaim_swap(TTRS_FULL) */
		if ((s->folios[slot].flags & PG_resident) && vm_swap_full(s))
			folio_free_swap(s, slot);
		folio_free_unreferenced(s, slot);
		return;
	}
	folio_remove_rmap(s, slot);
	if (__builtin_expect(tlb->locked, 0))
		munlock_folio(s, slot);
	tlb_remove_folio_pages(s, tlb, slot, 1);
	if (s->sched)
		tlb_owe(s, tlb, REAP_ANON,
			s->cfg.machine.zap_anon_ps -
				MIN(s->cfg.machine.zap_anon_ps, s->cfg.machine.free_anon_ps));
}

static void zap_demote(struct sim *s, uint32_t head)
{
	if (!deactivate_file_folio(s, s->this_cpu, head))
		return;
	count_vm(s, VM_sim_zap_demoted, folio_nr_pages(&s->folios[head]));
	note(s, head, ZAP_DEMOTE, s->folios[head].flags);
}

/* of page @i of a run of PTEs: the folio itself is looked at once (v7.3 zap_present_folio_ptes())
 */
static uint32_t zap_cost(const struct sim *s, uint32_t i)
{
	const struct machine *m = &s->cfg.machine;

	return i && m->zap_next_ps ? m->zap_next_ps : m->zap_file_ps;
}

/* zap_present_folio_ptes() of a file folio */
static void zap_file_ptes(struct sim *s, struct mmu_gather *tlb, struct vma *vma,
			  struct pte_table *pt, uint32_t idx, uint32_t slot, uint32_t head,
			  uint32_t nr)
{
	const uint32_t nr_young = pte_count_young(pt, idx, idx + nr);
	const bool dirty = pte_any_dirty(pt, idx, idx + nr);
	bool to_tail;

	pte_clear_range(pt, idx, idx + nr);
	if (s->sched)
		for (uint32_t i = 0; i < nr; i++)
			tlb_owe(s, tlb, REAP_UNMAP, zap_cost(s, i));
	if (dirty) {
		folio_mark_dirty(s, head);
		/* tlb_delay_rmap() of an SMP kernel */
		tlb->delayed[tlb->nr_delayed].slot = slot;
		tlb->delayed[tlb->nr_delayed++].nr = nr;
	}
	count_vm(s, VM_sim_reap_pages, tlb->d.dying ? nr : 0);
	to_tail = zap_accessed(s, tlb, vma, head, nr_young);
	if (!dirty)
		remove_rmap(s, tlb, slot, nr);
	if (to_tail)
		zap_demote(s, head);
	tlb_remove_folio_pages(s, tlb, head, nr);
}

/* zap_huge_pmd(), zap_huge_pmd_folio(): one mark if the PMD is young (none in v6.12), and one
 * reference.
 * A policy checks that the folio is exclusive while the PMD still maps it, as the series does. */
static void zap_huge_pmd(struct sim *s, struct mmu_gather *tlb, struct vma *vma,
			 struct pte_table *pt, uint32_t vpn)
{
	const uint32_t head = pte_slot(s, vma, pt, vpn);
	bool to_tail;

	if (s->sched)
		tlb_owe(s, tlb, REAP_UNMAP, s->cfg.machine.zap_file_ps);
	if (pmd_dirty(pt))
		folio_mark_dirty(s, head);
	count_vm(s, VM_sim_reap_pages, tlb->d.dying ? PTRS_PER_PTE : 0);
	/* the kernel removes the rmap before the mark */
	munlock_vma_folio(s, vma, head);
	to_tail = zap_accessed(s, tlb, vma, head,
			       pt->young && s->cfg.kernel->zap_pmd_marks ? PTRS_PER_PTE : 0);
	pmd_clear(pt);
	folio_remove_rmap_pmd(s, tlb->d.mm, head);
	if (to_tail)
		zap_demote(s, head);
	tlb_remove_folio_pages(s, tlb, head, 1);
}

/* Return: the number of PTEs zapped, up to @max */
static uint32_t zap_ptes(struct sim *s, struct mmu_gather *tlb, struct vma *vma,
			 struct pte_table *pt, uint32_t vpn, uint32_t max)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	const uint8_t pte = pte_get(pt, idx);
	uint32_t slot, head, nr = 1;

	if (pte & (PTE_zero | PTE_swap | PTE_anon)) {
		pte_set(pt, idx, 0);
		if (!(pte & PTE_zero))
			zap_anon_pte(s, tlb, pt, idx, pte);
		return 1;
	}
	slot = file_slot(s, vma->file, vma->pgoff + (vpn - vma->start));
	head = folio_head(s->folios, slot);
	if (__builtin_expect(folio_test_large(&s->folios[head]), 0))
		nr = folio_pte_batch(s, pt, idx, slot, head, max);
	zap_file_ptes(s, tlb, vma, pt, idx, slot, head, nr);
	return nr;
}

/* zap_pmd_range() of [@vpn, @end) of a VMA */
static void zap_vma_range(struct sim *s, struct mmu_gather *tlb, struct vma *vma, uint64_t vpn,
			  uint64_t end)
{
	tlb->locked = vma_locked(vma);
	while (vpn < end) {
		uint64_t stop = MIN((vpn / PTRS_PER_PTE + 1) * PTRS_PER_PTE, end);
		struct pte_table *pt = pte_lookup(vma->mm, (uint32_t)vpn);

		if (pt && pt->huge && stop - vpn != PTRS_PER_PTE)
			split_huge_pmd(s, vma, (uint32_t)vpn);
		if (pt && pt->huge) {
			zap_huge_pmd(s, tlb, vma, pt, (uint32_t)vpn);
			pt = NULL;
		}
		while (pt && (vpn = pte_next_vpn(pt, vpn, stop)) < stop)
			vpn += zap_ptes(s, tlb, vma, pt, (uint32_t)vpn, (uint32_t)(stop - vpn));
		if (tlb->nr_delayed)
			tlb_flush_mmu(s, tlb);
		if (tlb->preemptible)
			task_pay(s);
		vpn = stop;
	}
}

static void zap_vma(struct sim *s, struct mmu_gather *tlb, struct vma *vma)
{
	zap_vma_range(s, tlb, vma, vma->start, (uint64_t)vma->start + vma_pages(vma));
}

/* struct unmapped - state of free_pgtables() */
struct unmapped {
	uint64_t end;		 /* of what was unmapped */
	uint64_t floor, ceiling; /* where the neighbours end and start */
	struct free_tables free;
};

/* is there no VMA where the table of 2^@shift pages is that @at is in? */
static bool table_is_free(const struct unmapped *u, uint64_t at, unsigned int shift)
{
	at = at >> shift << shift;
	return at >= u->floor && at + (1ull << shift) <= u->ceiling;
}

/* the first page of the next table, or where the range ends */
static uint64_t addr_end(uint64_t at, uint64_t end, unsigned int shift)
{
	return MIN(((at >> shift) + 1) << shift, end);
}

/* MGLRU's filters know entries by their place, so struct pte_table stays */
static void free_pmd_range(struct unmapped *u, struct pmd_table **pmd, uint64_t at)
{
	const uint64_t begin = at, end = addr_end(at, u->end, PUD_SHIFT);

	for (; at < end; at = addr_end(at, end, PMD_SHIFT)) {
		struct pte_table *pt = (*pmd)->pte[at >> PMD_SHIFT & (PTRS_PER_PMD - 1)];

		if (!pt || !table_is_free(u, at, PMD_SHIFT))
			continue;
		pte_free(pt, &u->free);
		*pt = (struct pte_table){ .seen = { pt->seen[0], pt->seen[1] } };
	}
	if (!table_is_free(u, begin, PUD_SHIFT))
		return;
	pmd_free(*pmd, &u->free);
	*pmd = NULL;
}

static void free_pud_range(struct unmapped *u, struct pud_table **pud, uint64_t at)
{
	const uint64_t begin = at, end = addr_end(at, u->end, PGDIR_SHIFT);

	for (; at < end; at = addr_end(at, end, PUD_SHIFT)) {
		struct pmd_table **pmd = &(*pud)->pmd[at >> PUD_SHIFT & (PTRS_PER_PUD - 1)];

		if (*pmd)
			free_pmd_range(u, pmd, at);
	}
	if (!table_is_free(u, begin, PGDIR_SHIFT))
		return;
	u->free.nr[(*pud)->memcg]++;
	g_free(*pud);
	*pud = NULL;
}

/* when the VMAs of @pages from @start are gone */
static void free_pgtables(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages)
{
	const uint32_t i = vma_index(mm, start);
	const struct vma *prev = i ? mm->vmas->pdata[i - 1] : NULL;
	const struct vma *next = i < mm->vmas->len ? mm->vmas->pdata[i] : NULL;
	struct unmapped u = {
		.end = (uint64_t)start + pages,
		.floor = prev ? (uint64_t)prev->start + vma_pages(prev) : 0,
		.ceiling = next ? next->start : (uint64_t)PTRS_PER_PGD << PGDIR_SHIFT,
	};

	for (uint64_t at = start; at < u.end; at = addr_end(at, u.end, PGDIR_SHIFT))
		if (mm->pgd[at >> PGDIR_SHIFT])
			free_pud_range(&u, &mm->pgd[at >> PGDIR_SHIFT], at);
	tables_uncharge(s, &u.free);
	task_owe_timed(s, (uint64_t)u.free.nr_pte * s->cfg.machine.table_free_ps);
}

void zap_unmap(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages)
{
	struct mmu_gather *tlb = tlb_gather_mmu(s, mm, false, 0);
	uint32_t first;

	vma_split_range(s, mm, start, pages);
	first = vma_index(mm, start);
	for (uint32_t i = first; i < mm->vmas->len; i++) {
		struct vma *vma = mm->vmas->pdata[i];

		if (vma->start > start + (pages - 1))
			break;
		if (i == first)
			unmap_drain(s, s->this_cpu);
		zap_vma(s, tlb, vma);
	}
	tlb_finish_mmu(s, tlb);
	vma_remove_range(s, mm, start, pages);
	free_pgtables(s, mm, start, pages);
}

void zap_range(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages)
{
	struct mmu_gather *tlb = tlb_gather_mmu(s, mm, false, 0);
	const uint64_t end = (uint64_t)start + pages;

	for (uint32_t i = vma_index(mm, start); i < mm->vmas->len; i++) {
		struct vma *vma = mm->vmas->pdata[i];

		if (vma->start >= end || vma_locked(vma)) /* EINVAL */
			break;
		unmap_drain(s, s->this_cpu);
		zap_vma_range(s, tlb, vma, MAX(vma->start, start),
			      MIN((uint64_t)vma->start + vma_pages(vma), end));
	}
	tlb_finish_mmu(s, tlb);
}

/* unmap_vmas() of all VMAs */
static void zap_all(struct sim *s, struct mm *mm)
{
	struct mmu_gather *tlb = tlb_gather_mmu(s, mm, false, 0);

	unmap_drain(s, s->this_cpu);
	for (guint i = 0; i < mm->vmas->len; i++)
		zap_vma(s, tlb, mm->vmas->pdata[i]);
	tlb_finish_mmu(s, tlb);
}

void exit_mmap(struct sim *s, struct mm *mm)
{
	mm->dying = true;
	zap_all(s, mm);
}

void dup_mmap_fail(struct sim *s, struct mm *parent)
{
	struct mm *child = mm_new(s, 0, parent->cpu, parent);

	mm_fork(s, parent, child);
	if (s->cfg.kernel->failed_fork_exits) {
		child->unstable = true;
		exit_mmap(s, child);
	} else {
		zap_all(s, child);
	}
	mm_free(s, child);
}

void oom_reap_task_mm(struct sim *s, struct mm *mm, uint32_t mrelease_flags)
{
	const guint nr = mm->vmas->len;
	struct mmu_gather *tlb;

	mm->unstable = true;
	tlb = tlb_gather_mmu(s, mm, true, mrelease_flags);
	/* The program itself is not in the trace. v6.12 unmaps its pages first, and
	 * frees them before the next VMA */
	unmap_drain(s, s->this_cpu);
	for (guint i = 0; i < nr; i++) {
		struct vma *vma = mm->vmas->pdata[s->cfg.kernel->reap_backwards ? nr - 1 - i : i];

		if (!(vma->flags & VM_ANON) && (vma->flags & VM_SHARED))
			continue;
		zap_vma(s, tlb, vma);
		tlb_flush_mmu(s, tlb);
	}
	tlb_finish_mmu(s, tlb);
}

void unmap_mapping_pages(struct sim *s, uint32_t file, uint32_t first)
{
	const struct interval_tree *t = &s->files[file].mappings;
	struct interval_node *n;

	for (n = interval_tree_iter_first(t, first, UINT32_MAX); n;
	     n = interval_tree_iter_next(n, first, UINT32_MAX)) {
		struct vma *vma = vma_in_file(n);
		struct mmu_gather *tlb = tlb_gather_mmu(s, vma->mm, false, 0);

		/* the tree must stay as it is */
		tlb->preemptible = false;
		unmap_drain(s, s->this_cpu);
		zap_vma_range(s, tlb, vma,
			      (uint64_t)vma->start + (MAX(vma->pgoff, first) - vma->pgoff),
			      (uint64_t)vma->start + vma_pages(vma));
		tlb_finish_mmu(s, tlb);
	}
}
