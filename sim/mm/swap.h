/* SPDX-License-Identifier: GPL-2.0-only */
/* Slots of the swap device: v7.3 mm/swapfile.c and mm/swap_state.c. */
#ifndef REAPSIM_SWAP_H
#define REAPSIM_SWAP_H

#include "sim/state.h"

/** get_nr_swap_pages(): number of free swap slots. */
uint64_t nr_swap_pages(const struct sim *s);
/** Return: true if more than half of the swap space is in use. */
bool vm_swap_full(const struct sim *s);

/** folio_alloc_swap(): give a resident folio a swap slot, which does not have its content yet.
 * Return: false if no slot is left. */
bool folio_alloc_swap(struct sim *s, uint32_t slot);
/** folio_free_swap(): free the swap slot of a resident anon folio, unless a swap entry
 * refers to it. */
void folio_free_swap(struct sim *s, uint32_t slot);
/** swap_cache_del_folio(): free the swap slot of a folio. */
void swap_cache_del_folio(struct sim *s, uint32_t slot);

#endif
