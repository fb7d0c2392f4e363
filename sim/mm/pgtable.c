// SPDX-License-Identifier: GPL-2.0-only
#include "sim/mm/pgtable.h"

#include <string.h>

void pte_set_range(struct pte_table *pt, uint32_t idx, uint32_t end, uint8_t flags)
{
	for (uint32_t i = idx; i < end; i = pte_next_word(i)) {
		const uint64_t mask = pte_mask(i, end);
		struct pte_word *w = &pt->word[i / 64];

		w->any = flags ? w->any | mask : w->any & ~mask;
		w->young = flags & PTE_young ? w->young | mask : w->young & ~mask;
	}
	if (!pt->more && (flags & PTE_MORE))
		pt->more = g_new0(uint8_t, PTRS_PER_PTE);
	if (pt->more)
		memset(&pt->more[idx], flags & PTE_MORE, end - idx);
}

bool __pte_any_dirty(const uint8_t *more, uint32_t nr)
{
	uint8_t all = 0;

	for (uint32_t i = 0; i < nr; i++)
		all |= more[i];
	return all & PTE_dirty;
}

void pte_set_anon(struct pte_table *pt, uint32_t idx, uint32_t slot, uint8_t flags)
{
	if (!pt->anon)
		pt->anon = g_new0(uint32_t, PTRS_PER_PTE);
	pt->anon[idx] = slot;
	pte_set(pt, idx, flags);
}
