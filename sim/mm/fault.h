/* SPDX-License-Identifier: GPL-2.0-only */
/* Mapped accesses and page faults: v7.3 mm/memory.c. */
#ifndef REAPSIM_FAULT_H
#define REAPSIM_FAULT_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** The MMU reads or writes a page. Return: true; false if that is a fault. */
static inline bool touch_mapped(const struct mm *mm, uint32_t vpn, bool write)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	const uint64_t bit = 1ull << idx % 64;
	struct pte_table *pt = pte_lookup(mm, vpn);
	struct pte_word *w = pt ? &pt->word[idx / 64] : NULL;

	if (!w || !(w->any & bit))
		return false;
	if (pt->more) {
		uint8_t *more = &pt->more[idx];

		if ((*more & PTE_swap) || (write && !(*more & PTE_write)))
			return false;
		*more |= write ? PTE_dirty : 0;
	} else if (write) {
		return false;
	}
	w->young |= bit;
	pt->young = true;
	return true;
}

/** What follows where touch_mapped() is false. Return: as touch_pages(). */
int touch_fault(struct sim *s, struct mm *mm, uint32_t vpn, bool write);
/**
 * touch_pages - the CPU reads or writes @count pages, @stride apart.
 * Return: 0; -ENOMEM; -EINTR: the process was killed; -EFAULT if an address is not mapped, or
 * -ENXIO if it maps no page of the file any more, which is a SIGBUS (a trace that passed
 * trace_check() has none of them).
 */
int touch_pages(struct sim *s, struct mm *mm, uint32_t vpn, uint32_t count, uint32_t stride,
		bool write);

/** how often populate_vma_page_range() reads a page that reclaim takes before it is mapped */
#define MAX_GUP_RESTARTS 1000

/**
 * faultin_page - the kernel faults a page in, unless it is mapped, and writable if it must be.
 * Return: as touch_pages(); -ENOMEM after MAX_GUP_RESTARTS.
 */
int faultin_page(struct sim *s, struct mm *mm, uint32_t vpn, enum gup gup, bool write);

#endif
