// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/gup.c: faultin_page_range() of MADV_POPULATE_READ, __mm_populate() of
 * mlock() and mremap(), and __get_user_pages() as far as these need it.
 *
 * Approximation: __mm_populate() calls again for a page that was read while mmap_lock was
 * dropped, without FOLL_TRIED. If each call reclaims what the one before it has read, the kernel
 * never ends this by itself, and depends on what else frees memory (one guest of 256 MiB with
 * v7.3.4 got on by a page now and then, and had no OOM kill). The simulator calls it out of memory
 * after MAX_GUP_RESTARTS; wrong where another task would have freed some later.
 */
#include "sim/mm/gup.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/fault.h"
#include "sim/mm/page-writeback.h"

/* FOLL_TOUCH marks the folio of a page that is mapped now */
static void follow_page_touch(struct sim *s, struct mm *mm, uint32_t vpn,
			      const struct pte_table *pt, bool write)
{
	const uint8_t pte = pte_get(pt, vpn % PTRS_PER_PTE);
	uint32_t head;

	if (pte & PTE_zero)
		return;
	head = folio_head(s->folios, pte_slot(s, vma_find(mm, vpn), pt, vpn));
	if (write && !(pte & PTE_dirty) && !(s->folios[head].flags & PG_dirty))
		folio_mark_dirty(s, head);
	s->cfg.lru->mark_accessed(s, s->this_cpu, head);
}

/* the callers repeat __get_user_pages(), which returns how many pages it did before an error */
static int get_user_pages(struct sim *s, struct mm *mm, uint64_t vpn, uint64_t end, enum gup gup,
			  bool write)
{
	uint64_t start = vpn;
	int ret = 0;

	for (; vpn < end; vpn++) {
		const struct pte_table *pt;

		ret = faultin_page(s, mm, (uint32_t)vpn, gup, write);
		if (s->gup_restarts)
			start = vpn;
		if (ret == -ENXIO && vpn != start) {
			lru_add_drain_cpu(s, s->this_cpu);
			ret = faultin_page(s, mm, (uint32_t)vpn, gup, write);
		}
		if (ret)
			break;
		pt = pte_lookup(mm, (uint32_t)vpn);
		if (pt->huge)
			vpn |= PTRS_PER_PTE - 1;
		else
			follow_page_touch(s, mm, (uint32_t)vpn, pt, write);
	}
	lru_add_drain_cpu(s, s->this_cpu);
	return ret;
}

int faultin_page_range(struct sim *s, struct mm *mm, uint64_t vpn, uint64_t end)
{
	return get_user_pages(s, mm, vpn, end, GUP_LOCKED, false);
}

int mm_populate(struct sim *s, struct mm *mm, uint64_t vpn, uint64_t end, bool ignore_errors)
{
	for (uint64_t stop; vpn < end; vpn = stop) {
		const struct vma *vma = vma_find(mm, (uint32_t)vpn);
		int ret;

		if (!vma)
			break;
		stop = MIN(end, (uint64_t)vma->start + vma_pages(vma));
		/* populate_vma_page_range(): a shared mapping has no COW to break */
		ret = get_user_pages(s, mm, vpn, stop, GUP_POPULATE,
				     (vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE);
		if (ret && (!ignore_errors || ret != -ENXIO))
			return ret;
	}
	return 0;
}
