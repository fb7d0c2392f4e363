// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/swapfile.c folio_alloc_swap() and folio_free_swap(), mm/swap_state.c
 * read_swap_cache_async(), include/linux/swap.h get_nr_swap_pages() and vm_swap_full().
 *
 * Approximation: one device. Its slots are counted but not numbered: on zram it makes
 * no difference which slot a page has.
 */
#include "sim/mm/swap.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/event.h"
#include "sim/mm/memcontrol.h"
#include "sim/mm/task.h"

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

int read_swap_cache(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct folio *f;
	uint16_t before;

	if (s->folios[slot].flags & PG_resident)
		return 0;
	if (charge_page(s, folio_memcg(s, slot), cpu, GFP_KERNEL))
		return -ENOMEM;
	f = &s->folios[slot];
	before = f->flags;
	/* the reaper, or a process that shares the entry, may have been there meanwhile */
	if (fatal_signal_pending(s) || (before & PG_resident)) {
		uncharge_page(s, folio_memcg(s, slot));
		return fatal_signal_pending(s) ? -EINTR : 0;
	}
	task_owe(s, s->cfg.machine.swap_in_ns * 1000ull);
	count_vm(s, VM_pswpin, 1);
	f->flags = PG_resident | PG_anon | PG_swapbacked | PG_swapcache;
	note(s, slot, SWAP_IN, before);
	s->cfg.lru->refault(s, folio_lruvec(s, slot), slot, folio_lruvec(s, slot), f->shadow,
			    before & PG_workingset);
	folio_add_lru(s, cpu, slot);
	return 1;
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
