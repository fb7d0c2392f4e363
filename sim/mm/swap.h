/* SPDX-License-Identifier: GPL-2.0-only */
/* Slots of the swap device: v7.3 mm/swapfile.c, mm/swap_state.c and include/linux/swap.h. */
#ifndef REAPSIM_SWAP_H
#define REAPSIM_SWAP_H

#include "sim/state.h"

/** Number of free swap slots: get_nr_swap_pages(). */
uint64_t nr_swap_pages(const struct sim *s);
/** Is more than half of the swap space in use? */
bool vm_swap_full(const struct sim *s);

/** folio_alloc_swap(): give a resident folio a swap slot and add it to the swap cache. Nothing
 * is written to the slot yet. Return: false if no slot is left. */
bool folio_alloc_swap(struct sim *s, uint32_t slot);
/** folio_free_swap(): free the swap slot of a resident anon folio, unless a swap entry
 * refers to it. */
void folio_free_swap(struct sim *s, uint32_t slot);
/** swap_cache_del_folio(): remove a folio from the swap cache and free its slot. */
void swap_cache_del_folio(struct sim *s, uint32_t slot);
/** read_swap_cache_async(): bring an anon page from swap into the swap cache, by a task on @cpu.
 * Return: 1; 0 if it was there; -ENOMEM; -EINTR: the process of the task was killed. */
int read_swap_cache(struct sim *s, unsigned int cpu, uint32_t slot);

#endif
