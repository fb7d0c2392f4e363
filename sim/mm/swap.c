// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/swapfile.c folio_alloc_swap() and folio_free_swap(), include/linux/swap.h
 * get_nr_swap_pages() and vm_swap_full().
 *
 * Approximation: one device. Its slots are counted but not numbered: on zram it makes
 * no difference which slot a page has.
 */
#include "sim/mm/swap.h"

uint64_t nr_swap_pages(const struct sim *s)
{
	return s->cfg.machine.swap_pages - s->swap_used;
}

bool vm_swap_full(const struct sim *s)
{
	return nr_swap_pages(s) * 2 < s->cfg.machine.swap_pages;
}

bool folio_alloc_swap(struct sim *s, uint32_t slot)
{
	if (!nr_swap_pages(s))
		return false;
	s->swap_used++;
	s->folios[slot].flags |= PG_swapcache;
	return true;
}

void swap_cache_del_folio(struct sim *s, uint32_t slot)
{
	s->folios[slot].flags &= (uint16_t)~PG_swapcache;
	s->swap_used--;
}

void folio_free_swap(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (!(f->flags & PG_swapcache) || s->anon[slot - s->anon_first].nr_swap)
		return;
	swap_cache_del_folio(s, slot);
	f->flags |= PG_dirty;
}
