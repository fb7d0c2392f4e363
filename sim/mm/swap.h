/* SPDX-License-Identifier: GPL-2.0-only */
/* Slots of the swap device: v7.3 mm/swapfile.c and mm/swap_state.c. */
#ifndef REAPSIM_SWAP_H
#define REAPSIM_SWAP_H

#include "sim/state.h"

/** Swap slots left. */
uint64_t nr_swap_pages(const struct sim *s);
/** More than half of the swap space is in use. */
bool vm_swap_full(const struct sim *s);

/** folio_alloc_swap(): a slot for a resident folio, whose content is not there yet.
 * Return: false if none is left. */
bool folio_alloc_swap(struct sim *s, uint32_t slot);
/** folio_free_swap(): gives the swap slot of a resident anon folio back, unless
 * a swap entry refers to it. */
void folio_free_swap(struct sim *s, uint32_t slot);
/** swap_cache_del_folio(): gives the swap slot of a folio back. */
void swap_cache_del_folio(struct sim *s, uint32_t slot);

#endif
