/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of reclaim that all LRU models share: v7.3 mm/vmscan.c. */
#ifndef REAPSIM_RECLAIM_H
#define REAPSIM_RECLAIM_H

#include "sim/mm/charge.h"
#include "sim/state.h"

/** try_to_free_mem_cgroup_pages(): pages freed, which are of @memcg. @swappiness: NULL, or for
 * memory.reclaim (MEMCG_RECLAIM_PROACTIVE) that of the call. */
uint64_t try_to_free_mem_cgroup_pages(struct sim *s, struct mem_cgroup *memcg, uint64_t nr_pages,
				      enum gfp gfp, const uint32_t *swappiness);
/** sc_swappiness() */
static inline uint32_t sc_swappiness(const struct sim *s, const struct scan_control *sc)
{
	return sc->proactive ? sc->proactive_swappiness : s->cfg.machine.swappiness;
}

/** reclaimer_offset(): to be added to VM_pgscan_kswapd or VM_pgsteal_kswapd. */
static inline unsigned int reclaimer_offset(const struct sim *s, const struct scan_control *sc)
{
	if (sc->kswapd)
		return 0;
	return sc->proactive && s->cfg.kernel->counts_proactive
		       ? VM_pgscan_proactive - VM_pgscan_kswapd
		       : VM_pgscan_direct - VM_pgscan_kswapd;
}
/** try_to_free_pages(): direct reclaim of the whole machine. */
uint64_t try_to_free_pages(struct sim *s, enum gfp gfp, unsigned int order);
/** shrink_node(): one step of a pass; true while there is more of the pass. */
bool shrink_node(struct sim *s, struct scan_control *sc);
/** kswapd gave up: 16 runs in a row without progress. */
bool kswapd_test_hopeless(const struct sim *s);

/**
 * shrink_folio_list - reclaim isolated folios.
 * @slots: isolated, oldest first; those that stay are left in front, in the
 *	same order, with PG_active set where they go to the active list
 * @nr: in: how many; out: how many stay
 * Return: pages freed. The caller puts the rest back on its lists.
 */
uint64_t shrink_folio_list(struct sim *s, uint32_t *slots, unsigned int *nr,
			   struct scan_control *sc);

/** reclaim_pages(): reclaim @nr folios that the caller took off their lists, whatever their
 * references. What stays goes through the lru_add batch of this CPU. Return: pages freed. */
uint64_t reclaim_pages(struct sim *s, uint32_t *slots, unsigned int nr);

/** handle_reclaim_writeback(), after what stays is back on its lists. */
void handle_reclaim_writeback(struct sim *s, const struct scan_control *sc, uint64_t nr_taken);

#endif
