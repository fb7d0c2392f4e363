// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 do_set_pmd() of mm/memory.c, thp_vma_suitable_order() of
 * include/linux/huge_mm.h and __split_huge_pmd_locked() of mm/huge_memory.c, for file
 * folios. THP settings do not matter for them: do_set_pmd() checks none. Splitting mirrors
 * __folio_split(): into single pages, and as folio_split() does it.
 *
 * Approximations: MGLRU's walk takes the PMD entries and page tables of one GiB in the
 * order of their addresses. A page table that munmap() leaves empty stays, so its PMD cannot
 * map a folio later in the same process. If folio_split() finds no memory for a node, the
 * folio stays whole; in the kernel the larger parts have been split off by then.
 */
#include "sim/mm/huge_memory.h"

#include <errno.h>
#include <string.h>

#include "sim/mm/event.h"
#include "sim/mm/ext4.h"
#include "sim/mm/large.h"
#include "sim/mm/mlock.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/rmap.h"
#include "sim/mm/xarray.h"

bool do_set_pmd(struct sim *s, struct vma *vma, uint32_t vpn, uint32_t head, uint32_t file_pages,
		bool write)
{
	struct pte_table *pt = pte_lookup(vma->mm, vpn);
	const uint32_t haddr = vpn - vpn % PTRS_PER_PTE;

	if (s->folios[head].order != HPAGE_PMD_ORDER || pt->used)
		return false;
	if ((vma->start - vma->pgoff) % PTRS_PER_PTE || haddr < vma->start ||
	    vma_pages(vma) - (haddr - vma->start) < PTRS_PER_PTE)
		return false;
	if (head - file_slot(s, vma->file, 0) + PTRS_PER_PTE > file_pages)
		return false;
	/* do_fault() frees the page table that it preallocated */
	pt->table = false;
	table_free(s, pt);
	pt->huge = pt->young = true;
	pte_set_range(pt, 0, PTRS_PER_PTE, PTE_present | (write ? PTE_write | PTE_dirty : 0));
	folio_add_rmap_pmd(s, vma->mm, head);
	mlock_vma_folio(s, vma, head, PTRS_PER_PTE);
	return true;
}

bool pmd_dirty(const struct pte_table *pt)
{
	return pte_any_dirty(pt, 0, PTRS_PER_PTE);
}

void pmd_clear(struct pte_table *pt)
{
	memset(pt->word, 0, sizeof(pt->word));
	g_free(pt->more);
	pt->more = NULL;
	pt->huge = pt->young = false;
}

void split_huge_pmd(struct sim *s, struct vma *vma, uint32_t vpn)
{
	struct pte_table *pt = pte_lookup(vma->mm, vpn);
	uint32_t head;

	if (!pt || !pt->huge)
		return;
	head = pte_slot(s, vma, pt, vpn - vpn % PTRS_PER_PTE);
	if (!(s->folios[head].flags & PG_dirty) && pmd_dirty(pt))
		folio_mark_dirty(s, head);
	if (pt->young)
		s->folios[head].flags |= PG_referenced;
	pmd_clear(pt);
	folio_remove_rmap_pmd(s, vma->mm, head);
	munlock_vma_folio(s, vma, head);
}

/* may the folio be split, to which the caller holds @refs references? */
static int check_splittable(const struct sim *s, uint32_t head, uint32_t refs)
{
	const uint16_t flags = s->folios[head].flags;

	if (!(flags & PG_lru) || (flags & PG_locked) || folio_extra_refs(s, head) != refs)
		return -EAGAIN;
	/* filemap_release_folio() fails on dirty buffers, and so does iomap_release_folio() */
	return flags & PG_dirty ? -EBUSY : 0;
}

/* The order of the folio that begins at @slot, after @head was split at @split_at as the buddy
 * allocator would: the half with @split_at is split again and again. */
static unsigned int order_after(uint32_t head, uint32_t split_at, uint32_t slot)
{
	const uint32_t differ = (slot - head) ^ (split_at - head);

	if (split_at == FOLIO_NONE || !differ)
		return 0;
	return 31 - (unsigned int)__builtin_clz(differ);
}

/* __split_unmapped_folio(): the records of the folios that @head is split into */
static void split_unmapped_folio(struct sim *s, uint32_t head, uint32_t split_at)
{
	const uint16_t keep = PG_resident | PG_lru | PG_referenced | PG_active | PG_workingset |
			      PG_swapbacked | LRU_REFS_MASK;
	const uint32_t end = head + folio_nr_pages(&s->folios[head]);
	struct folio was;

	folio_unmake_large(s, head);
	was = s->folios[head];
	for (uint32_t slot = head, nr; slot < end; slot += nr) {
		const unsigned int to = order_after(head, split_at, slot);

		nr = 1u << to;
		if (slot != head)
			s->folios[slot] = (struct folio){ .flags = was.flags & keep,
							  .gen = was.gen,
							  .memcg = was.memcg,
							  .young = was.young,
							  .idle = was.idle,
							  .mlocked = was.mlocked,
							  .unevictable = was.unevictable };
		if (to)
			folio_make_large(s, slot, to);
	}
}

/* __folio_split(), lru_add_split_folio() */
int folio_split(struct sim *s, uint32_t head, uint32_t split_at)
{
	const unsigned int order = s->folios[head].order;
	const uint32_t end = head + folio_nr_pages(&s->folios[head]);
	const uint16_t before = s->folios[head].flags;
	int ret = check_splittable(s, head, 0);

	if (ret)
		return ret;
	s->folios[head].extra_refs++;
	ret = xa_reserve_split(s, head, order, split_at) ?: check_splittable(s, head, 1);
	s->folios[head].extra_refs--;
	if (ret)
		return ret;
	free_buffers(s, head);
	try_to_unmap(s, head, true);
	split_unmapped_folio(s, head, split_at);
	if (!s->folios[head].unevictable)
		s->cfg.lru->split(s, folio_lruvec(s, head), head, end);
	note(s, head, SPLIT, before);
	xa_split_folio(s, head, order, split_at);
	return 0;
}

int split_folio(struct sim *s, uint32_t head)
{
	return folio_split(s, head, FOLIO_NONE);
}
