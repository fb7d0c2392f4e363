// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap slots and the swap cache. After mm/swapfile.c and mm/swap_state.c. A slot is a flag
 * of the page: a resident page with it is in the swap cache, another is swapped out.
 */
#include "tests/unit/reference/internal.h"

/* get_nr_swap_pages() */
uint64_t ref_nr_swap_pages(const struct ref *r)
{
	return r->m.swap_pages - r->swap_used;
}

bool ref_vm_swap_full(const struct ref *r)
{
	return ref_nr_swap_pages(r) * 2 < r->m.swap_pages;
}

/* swap_count: swap entries of the page, in all page tables */
int ref_swap_count(const struct ref *r, int page)
{
	int n = 0;

	for_each_mapping(r, p, v)
	{
		const uint64_t at = v->start + r->pages[page].index - v->anon_pgoff;

		if (at >= v->start && at < v->end)
			n += p->ptes[at].swap && p->ptes[at].page == page;
	}
	return n;
}

/* swap_cache_del_folio() and folio_set_dirty(), as in folio_free_swap() */
bool ref_folio_free_swap(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (!pg->swap_slot || ref_swap_count(r, page))
		return false;
	pg->swap_slot = false;
	pg->dirty = true;
	r->swap_used--;
	return true;
}

/* free_swap_cache() */
void ref_free_swap_cache(struct ref *r, int page)
{
	if (r->pages[page].swap_slot && !ref_mapcount(r, page))
		ref_folio_free_swap(r, page);
}
