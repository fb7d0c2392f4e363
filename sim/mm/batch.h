/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU folio batches: v7.3 mm/folio.c. */
#ifndef REAPSIM_BATCH_H
#define REAPSIM_BATCH_H

#include "sim/state.h"

/** folio_add_lru(): queue a new folio for its list. */
void folio_add_lru(struct sim *s, unsigned int cpu, uint32_t slot);
/** Called when a fault maps a file folio: see activates_mapped in sim/kernel.h. */
void folio_activate_mapped(struct sim *s, unsigned int cpu, uint32_t slot);
/** folio_activate(): queue a folio that is on a list for activation. */
void folio_activate(struct sim *s, unsigned int cpu, uint32_t slot);
/** deactivate_file_folio(): queue a folio for the tail of the inactive list, which
 * reclaim takes next, or for the head if it is dirty. A folio that is mapped when
 * the batch drains stays where it is. Return: false if the folio is on no list. */
bool deactivate_file_folio(struct sim *s, unsigned int cpu, uint32_t slot);
/** folio_deactivate(): queue a folio for the inactive list; MGLRU takes it back to the oldest
 * generation. */
void folio_deactivate(struct sim *s, unsigned int cpu, uint32_t slot);
/** folio_mark_lazyfree(): queue a clean anon folio for the inactive file list. */
void folio_mark_lazyfree(struct sim *s, unsigned int cpu, uint32_t slot);
/** __lru_cache_activate_folio(): true if @slot waits in this CPU's lru_add
 * batch and is now active. */
bool lru_cache_activate_folio(struct sim *s, unsigned int cpu, uint32_t slot);
/** Take @slot, which leaves the cache, out of the batches of all CPUs. Its places stay taken. */
void folio_batches_forget(struct sim *s, uint32_t slot);
/** lru_add_drain_cpu() and lru_add_drain_all(). */
void lru_add_drain_cpu(struct sim *s, unsigned int cpu);
void lru_add_drain_all(struct sim *s);

/**
 * folio_hold - take a reference while the engine looks at a folio: nobody frees the
 * folio and reclaim keeps it. folio_unhold() drops all references taken since @mark,
 * an earlier s->held->nr. Does nothing for a folio with too many references: after a
 * wait the holder looks the folio up again anyway.
 */
static inline void folio_hold(struct sim *s, uint32_t slot)
{
	struct held *h = s->held;

	if (s->folios[slot].extra_refs >= FOLIO_EXTRA_REFS_MAX || h->nr == G_N_ELEMENTS(h->slots))
		return;
	s->folios[slot].extra_refs++;
	h->slots[h->nr++] = slot;
}
void folio_unhold(struct sim *s, unsigned int mark);

/**
 * folio_free_unreferenced - free_swap_cache() and folio_put(): free an anon folio that no PTE,
 * swap entry or batch refers to. Does nothing while a reference is left.
 */
void folio_free_unreferenced(struct sim *s, uint32_t slot);
/** folio_put() of what may be an anon folio: the swap cache may still have a reference. */
void folio_put_anon(struct sim *s, uint32_t slot);

#endif
