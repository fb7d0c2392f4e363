// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/madvise.c: madvise_walk_vmas(), madvise_cold_or_pageout_pte_range(),
 * madvise_free_pte_range(), madvise_willneed(), madvise_populate(). v6.12 and v6.18 do the same
 * here, apart from what the functions called do differently.
 *
 * MADV_COLD makes what only this process maps old and inactive. MADV_PAGEOUT reclaims it at
 * once, whatever its age. Both, and MADV_FREE, leave alone what another process maps as well.
 * A large folio of which they take a part is split; a file folio is unmapped by that, so that
 * its pages are neither old nor reclaimed afterwards.
 *
 * Approximations:
 * - The caller may write to the files that are mapped (can_do_file_pageout()).
 * - Below a memcg limit MADV_PAGEOUT has no target cgroup, so the kernel's classic LRU takes
 *   the eviction clock and the lists of the root for these shadows; here they are the memcg's.
 *   A refault of such a page may start active where the kernel's does not, or the reverse.
 * - MADV_WILLNEED of tmpfs puts pages into the file that the kernel leaves in the swap cache
 *   until they are used.
 * - MADV_POPULATE_READ beyond the end of a file keeps the page table that the fault allocated.
 * - MADV_DONTNEED frees no page table (CONFIG_PT_RECLAIM), and v6.12 flushes after each VMA.
 * - A folio takes advise_ps, as its PTEs are one batch (folio_pte_batch()). calibrate measures it
 *   of active folios; inactive ones are not moved, and take less. What is left alone takes no time.
 * - Anonymous memory has pages of order 0, whatever MADV_HUGEPAGE says, and khugepaged does
 *   nothing. v6.12 and v6.18 make a lazily freed page swapbacked again if reclaim meets it with
 *   another reference; here only if it is dirty.
 */
#include "sim/mm/madvise.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/fault.h"
#include "sim/mm/filemap.h"
#include "sim/mm/gup.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/large.h"
#include "sim/mm/mlock.h"
#include "sim/mm/readahead.h"
#include "sim/mm/reclaim.h"
#include "sim/mm/swap.h"
#include "sim/mm/task.h"
#include "sim/mm/zap.h"

void madvise_update_vma(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages, uint32_t mask,
			uint32_t flags)
{
	const uint32_t last = at + (pages - 1);

	for (uint32_t i = vma_index(mm, at); i < mm->vmas->len; i++) {
		const struct vma *vma = mm->vmas->pdata[i];
		uint32_t from = MAX(at, vma->start);

		if (vma->start > last)
			break;
		/* do not split a VMA that has this advice already */
		if ((vma->flags & mask) == flags)
			continue;
		vma_modify_flags(s, mm, from, MIN(last, vma->end - 1) - from + 1, mask, flags);
		i = vma_index(mm, from);
	}
}

/* struct madvise_walk_private, and the folios that MADV_PAGEOUT isolated in one page table */
struct walk {
	bool pageout;
	unsigned int nr;
	uint32_t slots[PTRS_PER_PTE];
};

/* for a folio that nobody else maps */
static void cold_or_pageout(struct sim *s, struct walk *w, uint32_t head)
{
	struct folio *f = &s->folios[head];
	const struct machine *m = &s->cfg.machine;
	const bool active = f->flags & PG_active;
	const uint32_t ps = active ? m->advise_ps : m->advise_inactive_ps ?: m->advise_ps;

	f->flags &= (uint16_t)~PG_referenced;
	f->young = false;
	if (f->flags & PG_active)
		f->flags |= PG_workingset;
	if (!w->pageout) {
		folio_deactivate(s, s->this_cpu, head);
	} else if (f->flags & PG_lru) {
		/* folio_isolate_lru() */
		lruvec_del_folio(s, head);
		if (f->unevictable)
			folio_putback_lru(s, head);
		else
			w->slots[w->nr++] = head;
	}
	task_owe(s, ps);
	s->times.advise_ps += ps;
}

/* the PMD entry maps a folio, of which [@vpn, @end) is advised */
static void cold_or_pageout_pmd(struct sim *s, struct walk *w, struct vma *vma,
				struct pte_table *pt, uint64_t vpn, uint64_t end)
{
	const uint32_t head = folio_head(s->folios, pte_slot(s, vma, pt, (uint32_t)vpn));

	if (folio_maybe_mapped_shared(s, head))
		return;
	if (end - vpn != PTRS_PER_PTE) {
		split_folio(s, head);
		return;
	}
	if (!w->pageout)
		pt->young = false;
	cold_or_pageout(s, w, head);
}

/*
 * A PTE of a large folio, of which @nr are next to each other in the range. Return: is it all of
 * the folio? Else it is split, if that is possible; @nr is then 0: look at the PTE again.
 */
static bool whole_folio(struct sim *s, uint32_t head, uint32_t *nr)
{
	if (*nr == folio_nr_pages(&s->folios[head]))
		return true;
	if (!folio_maybe_mapped_shared(s, head) && !split_folio(s, head))
		*nr = 0;
	return false;
}

/* Return: the number of PTEs dealt with, up to @max */
static uint32_t cold_or_pageout_pte(struct sim *s, struct walk *w, struct vma *vma,
				    struct pte_table *pt, uint32_t vpn, uint32_t max)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	uint32_t slot, head, nr = 1;

	if (!pte_has_folio(pt, idx))
		return 1;
	slot = pte_slot(s, vma, pt, vpn);
	head = folio_head(s->folios, slot);
	if (folio_test_large(&s->folios[head])) {
		nr = folio_pte_batch(s, pt, idx, slot, head, max);
		if (!whole_folio(s, head, &nr))
			return nr;
	}
	/* of a whole folio, as many PTEs as pages means that all are ours */
	if (!(s->folios[head].flags & PG_lru) || s->folios[head].mapcount != nr)
		return nr;
	if (!w->pageout)
		pte_take_young(pt, idx, idx + nr);
	cold_or_pageout(s, w, head);
	return nr;
}

typedef uint32_t (*pte_fn)(struct sim *s, struct walk *w, struct vma *vma, struct pte_table *pt,
			   uint32_t vpn, uint32_t max);

/* walk_page_range_vma(), one page table after the other */
static void walk_page_range(struct sim *s, struct walk *w, struct vma *vma, uint64_t vpn,
			    uint64_t end, pte_fn fn)
{
	for (uint64_t stop; vpn < end; vpn = stop) {
		struct pte_table *pt = pte_lookup(vma->mm, (uint32_t)vpn);

		stop = MIN((vpn / PTRS_PER_PTE + 1) * PTRS_PER_PTE, end);
		if (pt && pt->huge)
			cold_or_pageout_pmd(s, w, vma, pt, vpn, stop);
		else if (pt)
			for (uint64_t at = vpn; at < stop;)
				at += fn(s, w, vma, pt, (uint32_t)at, (uint32_t)(stop - at));
		if (w->nr)
			reclaim_pages(s, w->slots, w->nr);
		w->nr = 0;
	}
}

static void madvise_cold_or_pageout(struct sim *s, struct vma *vma, uint64_t vpn, uint64_t end,
				    bool pageout)
{
	struct walk w = { .pageout = pageout };

	lru_add_drain_cpu(s, s->this_cpu);
	walk_page_range(s, &w, vma, vpn, end, cold_or_pageout_pte);
}

/* madvise_free_pte_range() of one PTE of an anonymous mapping */
static uint32_t free_pte(struct sim *s, struct walk *w, struct vma *vma, struct pte_table *pt,
			 uint32_t vpn, uint32_t max)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	uint32_t slot;
	struct folio *f;

	(void)w;
	(void)max;
	if (pte_get(pt, idx) & PTE_swap) {
		/* swap_put_entries_direct() */
		slot = pt->anon[idx];
		pte_set(pt, idx, 0);
		s->anon[slot - s->anon_first].nr_swap--;
		if ((s->folios[slot].flags & PG_resident) && vm_swap_full(s))
			folio_free_swap(s, slot);
		folio_free_unreferenced(s, slot);
		return 1;
	}
	if (!pte_has_folio(pt, idx))
		return 1;
	slot = pte_slot(s, vma, pt, vpn);
	f = &s->folios[slot];
	if (f->flags & (PG_swapcache | PG_dirty)) {
		if (f->mapcount != 1)
			return 1;
		folio_free_swap(s, slot);
		if (f->flags & PG_swapcache)
			return 1;
		f->flags &= (uint16_t)~PG_dirty;
	}
	pte_del(pt, idx, PTE_young | PTE_dirty);
	folio_mark_lazyfree(s, s->this_cpu, slot);
	return 1;
}

static void madvise_free_single_vma(struct sim *s, struct vma *vma, uint64_t vpn, uint64_t end)
{
	struct walk w = { .nr = 0 };

	lru_add_drain_cpu(s, s->this_cpu);
	walk_page_range(s, &w, vma, vpn, end, free_pte);
}

/* swapin_walk_pmd_entry(), shmem_swapin_range() of one page */
static int swapin(struct sim *s, struct vma *vma, uint32_t vpn)
{
	struct pte_table *pt = pte_lookup(vma->mm, vpn);
	uint32_t slot;
	int ret;

	if (vma->flags & VM_ANON) {
		if (!pt || !(pte_get(pt, vpn % PTRS_PER_PTE) & PTE_swap))
			return 0;
		ret = read_swap_cache(s, s->this_cpu, pt->anon[vpn % PTRS_PER_PTE]);
		return MIN(ret, 0);
	}
	slot = file_slot(s, vma->file, vma->pgoff + (vpn - vma->start));
	if ((s->folios[slot].flags & (PG_resident | PG_swapcache)) != PG_swapcache)
		return 0;
	return filemap_add_folio(s, s->this_cpu, slot, 0, ADD_READ) == -ENOMEM ? -ENOMEM : 0;
}

static int madvise_willneed(struct sim *s, struct vma *vma, uint64_t vpn, uint64_t end)
{
	int ret = 0;

	if (!(vma->flags & VM_ANON) && !s->files[vma->file].shmem) {
		force_page_cache_readahead(s, s->this_cpu, vma->open,
					   vma->pgoff + (uint32_t)(vpn - vma->start),
					   (uint32_t)(end - vpn));
		return 0;
	}
	for (; vpn < end && !ret; vpn++)
		ret = swapin(s, vma, (uint32_t)vpn);
	lru_add_drain_cpu(s, s->this_cpu);
	return ret;
}

/* madvise_vma_behavior() */
static int madvise_vma(struct sim *s, struct vma *vma, uint64_t vpn, uint64_t end,
		       enum madvise advice)
{
	switch (advice) {
	case MADVISE_COLD:
	case MADVISE_PAGEOUT:
		madvise_cold_or_pageout(s, vma, vpn, end, advice == MADVISE_PAGEOUT);
		return 0;
	case MADVISE_FREE:
		madvise_free_single_vma(s, vma, vpn, end);
		return 0;
	default:
		return madvise_willneed(s, vma, vpn, end);
	}
}

int do_madvise(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages, enum madvise advice)
{
	const uint64_t end = (uint64_t)at + pages;
	const struct vma *last;

	switch (advice) {
	case MADVISE_HUGEPAGE:
	case MADVISE_NOHUGEPAGE:
		madvise_update_vma(s, mm, at, pages, VM_HUGEPAGE | VM_NOHUGEPAGE,
				   advice == MADVISE_HUGEPAGE ? VM_HUGEPAGE : VM_NOHUGEPAGE);
		return 0;
	case MADVISE_DONTNEED:
		zap_range(s, mm, at, pages);
		return 0;
	case MADVISE_POPULATE_READ: {
		const int ret = faultin_page_range(s, mm, at, end);

		/* the caller gets EFAULT for a page beyond the end of the file */
		return ret == -ENXIO ? 0 : ret;
	}
	default:
		break;
	}
	for (uint64_t vpn = at; vpn < end; vpn = (uint64_t)last->start + vma_pages(last)) {
		const uint32_t i = vma_index(mm, (uint32_t)vpn);
		int ret;

		if (i == mm->vmas->len || ((const struct vma *)mm->vmas->pdata[i])->start >= end)
			return 0;
		last = mm->vmas->pdata[i];
		/* can_madv_lru_vma(), madvise_dontneed_free_valid_vma() */
		if (vma_locked(last) && advice != MADVISE_WILLNEED)
			return 0;
		ret = madvise_vma(s, mm->vmas->pdata[i], MAX(vpn, last->start),
				  MIN(end, (uint64_t)last->start + vma_pages(last)), advice);
		if (ret)
			return ret;
	}
	return 0;
}
