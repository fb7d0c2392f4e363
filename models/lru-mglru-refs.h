/* SPDX-License-Identifier: GPL-2.0-only */
/* The references and shadow entries that MGLRU has had since v6.14, for the rules of
 * lru-mglru-6.18.c and lru-mglru-7.3.c. Each function is the kernel's of that name. */
#ifndef REAPSIM_LRU_MGLRU_REFS_H
#define REAPSIM_LRU_MGLRU_REFS_H

#include "models/lru-mglru.h"

unsigned int folio_lru_refs(const struct folio *f);
unsigned int lru_tier_from_refs(unsigned int refs, bool workingset);
void lru_gen_inc_refs(struct sim *s, uint32_t slot);
bool lru_gen_clear_refs(struct sim *s, uint32_t slot);
uint32_t lru_gen_eviction(struct sim *s, uint32_t slot);
void lru_gen_refault(struct sim *s, uint32_t slot, uint32_t shadow, bool workingset);
unsigned int get_tier_idx(const struct mglru *g, enum lru_type type);
enum lru_type get_type_to_scan(const struct mglru *g, unsigned int swappiness);
/** try_to_inc_min_seq(): two types that are both evicted stay close. */
void lru_gen_couple(const struct mglru *g, uint64_t *min_seq);

#endif
