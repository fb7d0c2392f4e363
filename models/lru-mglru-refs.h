/* SPDX-License-Identifier: GPL-2.0-only */
/* The references and shadow entries that MGLRU has had since v6.14, for the rules of
 * lru-mglru-6.18.c and lru-mglru-7.3.c. Each function is the kernel's of that name. */
#ifndef REAPSIM_LRU_MGLRU_REFS_H
#define REAPSIM_LRU_MGLRU_REFS_H

#include "models/lru-mglru.h"

static inline unsigned int folio_lru_refs(const struct folio *f)
{
	return f->flags & PG_referenced ? ((f->flags & LRU_REFS_MASK) >> LRU_REFS_PGOFF) + 1u : 0;
}

static inline unsigned int lru_tier_from_refs(unsigned int refs, bool workingset)
{
	static const uint8_t order_base_2[LRU_REFS_MAX + 1] = { 0, 0, 1, 2, 2 };

	return workingset ? MAX_NR_TIERS - 1 : order_base_2[refs];
}

void lru_gen_inc_refs(struct sim *s, uint32_t slot);
bool lru_gen_clear_refs(struct sim *s, uint32_t slot);
uint32_t lru_gen_eviction(struct sim *s, struct mglru *g, uint32_t slot);
void lru_gen_refault(struct sim *s, struct mglru *g, uint32_t slot, uint32_t shadow,
		     bool workingset);
struct lru_clock lru_gen_clock(const struct mglru *g, enum lru_type type);
unsigned int get_tier_idx(const struct sim *s, const struct mglru *g, enum lru_type type);
enum lru_type get_type_to_scan(const struct sim *s, const struct mglru *g, unsigned int swappiness);
/** lru_gen_folio_seq(). @used: no page of the oldest generation. */
static inline uint64_t lru_gen_seq(const struct mglru *g, const struct folio *f, bool reclaiming,
				   bool used)
{
	uint64_t gen;

	if (f->flags & PG_active)
		gen = MIN_NR_GENS - ((f->flags & PG_workingset) != 0);
	else if (reclaiming)
		gen = MAX_NR_GENS;
	else if ((f->flags & (PG_swapbacked | PG_swapcache)) == PG_swapbacked ||
		 (f->flags & (PG_reclaim | PG_dirty)) == (PG_reclaim | PG_dirty))
		gen = MIN_NR_GENS;
	else
		gen = MAX_NR_GENS - used;
	return MAX(g->max_seq - gen + 1, g->min_seq[folio_lru_type(f)]);
}
/* lru_gen_rules.look and .check_references, by .set_refs */
void lru_gen_look(struct sim *s, uint32_t slot, bool exec);
enum folio_references lru_gen_check_references(struct sim *s, uint32_t slot);
/**
 * lru_gen_putback - put the folios that shrink_folio_list() kept back on the lists. On the first
 * pass (@clean is not NULL) collect clean, unmapped, inactive folios in @clean instead: they get
 * a second pass. Return: the number of these.
 */
unsigned int lru_gen_putback(struct sim *s, struct mglru *g, enum lru_type type,
			     const uint32_t *slots, unsigned int n, uint32_t *clean);
/** try_to_inc_min_seq(): two types that are both evicted stay close. */
void lru_gen_couple(const struct mglru *g, uint64_t *min_seq);

#endif
