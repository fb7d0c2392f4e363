// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/mremap.c: mremap_to(), move_vma(), move_page_tables(), move_ptes(),
 * shrink_vma(), expand_vma_in_place().
 *
 * Approximations:
 * - try_realign_addr() is left out: a VMA that is alone in its page table, but not aligned,
 *   gets a new table instead of taking its own along. Wrong by a page of kernel memory.
 * - move_normal_pud() is left out: page tables move one by one. No difference but in time.
 * - v6.18 and later move several VMAs in one call.
 */
#include "sim/mm/mremap.h"

#include <errno.h>
#include <string.h>

#include "sim/mm/gup.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/mlock.h"
#include "sim/mm/zap.h"

static void move_ptes(struct pte_table *from, uint32_t i, struct pte_table *to, uint32_t j,
		      uint32_t nr)
{
	for (; nr; nr--, i++, j++) {
		const uint8_t pte = pte_get(from, i);

		if (pte & (PTE_anon | PTE_swap))
			pte_set_anon(to, j, from->anon[i], pte);
		else
			pte_set(to, j, pte);
		pte_set(from, i, 0);
	}
	to->used = true;
}

/* move_normal_pmd(), move_huge_pmd(): the whole entry. Return: false if there is another */
static bool move_pmd(struct sim *s, struct mm *mm, uint32_t from, uint32_t to)
{
	struct pte_table **old = pmd_alloc(s, mm, from), **new = pmd_alloc(s, mm, to);

	struct pte_table empty = { 0 };

	if (*new && ((*new)->table || (*new)->huge))
		return false;
	if (!*new)
		*new = g_new0(struct pte_table, 1);
	/* MGLRU's filters know entries by their place */
	memcpy(empty.seen, (*old)->seen, sizeof(empty.seen));
	memcpy((*old)->seen, (*new)->seen, sizeof(empty.seen));
	**new = **old;
	**old = empty;
	return true;
}

/* move_page_tables() of @nr pages */
static void move_page_tables(struct sim *s, struct vma *old, uint32_t from, uint32_t to,
			     uint32_t nr)
{
	struct mm *mm = old->mm;

	for (uint32_t extent; nr; nr -= extent, from += extent, to += extent) {
		struct pte_table *pt = pte_lookup(mm, from);

		extent = MIN(PTRS_PER_PTE - from % PTRS_PER_PTE, nr);
		extent = MIN(PTRS_PER_PTE - to % PTRS_PER_PTE, extent);
		if (!pt || (!pt->table && !pt->huge))
			continue;
		if (extent == PTRS_PER_PTE && move_pmd(s, mm, from, to))
			continue;
		if (pt->huge) {
			split_huge_pmd(s, old, from);
			continue; /* faults rebuild it */
		}
		move_ptes(pt, from % PTRS_PER_PTE, pte_alloc(s, mm, to), to % PTRS_PER_PTE, extent);
	}
}

/* move_vma(), with the copy_vma() of it */
static void move_vma(struct sim *s, struct vma *vma, uint32_t addr, uint32_t pages,
		     uint32_t new_addr, uint32_t new_pages)
{
	const uint32_t off = addr - vma->start;
	struct mm *mm = vma->mm;
	struct vma *new;

	new = vma_insert(s, mm, new_addr, new_pages, vma->flags, vma->file, vma->pgoff + off,
			 vma->open);
	if (vma->av)
		new->anon_pgoff = vma->anon_pgoff + off;
	anon_vma_clone(s, new, vma);
	move_page_tables(s, vma, addr, new_addr, pages);
	/* unmap_source_vma() */
	zap_unmap(s, mm, addr, pages);
	vma_merge(s, mm, new_addr);
}

int do_mremap(struct sim *s, struct mm *mm, uint32_t addr, uint32_t pages, uint32_t new_addr,
	      uint32_t new_pages)
{
	struct vma *vma = vma_find(mm, addr);
	bool populate_expand;

	if (!vma || vma->end - 1 - addr < pages - 1)
		return -EFAULT;
	populate_expand = new_pages > pages && vma_locked(vma);
	if (new_addr != addr)
		zap_unmap(s, mm, new_addr, new_pages);
	if (new_pages < pages) {
		zap_unmap(s, mm, addr + new_pages, pages - new_pages);
		pages = new_pages;
	}
	vma = vma_find(mm, addr);
	if (new_addr != addr)
		move_vma(s, vma, addr, pages, new_addr, new_pages);
	else if (new_pages > pages)
		vma_expand(s, vma, new_pages - pages);
	if (populate_expand)
		return mm_populate(s, mm, (uint64_t)new_addr + pages,
				   (uint64_t)new_addr + new_pages, true);
	return 0;
}
