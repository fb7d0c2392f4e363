/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two halves of the multi-generational LRU share: lru-mglru.c holds
 * the lists, lru-mglru-walk.c looks at page tables. */
#ifndef REAPSIM_LRU_MGLRU_H
#define REAPSIM_LRU_MGLRU_H

#include "sim/list.h"
#include "sim/mm.h"
#include "sim/sim.h"

#define MIN_NR_GENS   2u
#define MAX_NR_GENS   4u
#define MAX_NR_TIERS  4u
#define MIN_LRU_BATCH 64u
/* the value of folio_lru_refs() above which a folio has all of LRU_REFS_FLAGS */
#define LRU_REFS_MAX   4u
#define LRU_REFS_FLAGS ((uint16_t)(LRU_REFS_MASK | PG_referenced))

/*
 * folio.gen: the kernel's gen counter, gen + 1, and above it the list that the
 * folio is on. Promotion by a page-table walk changes the one and leaves the
 * other behind until reclaim sorts the folio.
 */
#define GEN_MASK   7u
#define LIST_SHIFT 4

/** struct ctrl - what the feedback loop counts, by type and tier. */
struct ctrl {
	uint64_t v[NR_LRU_TYPES][MAX_NR_TIERS];
};

/** struct mglru - v7.3 struct lru_gen_folio and struct lru_gen_mm_state. */
struct mglru {
	uint64_t max_seq, min_seq[NR_LRU_TYPES];
	struct folio_list lists[MAX_NR_GENS][NR_LRU_TYPES];
	uint64_t nr_pages[MAX_NR_GENS][NR_LRU_TYPES];
	struct ctrl avg_refaulted, avg_total;
	struct ctrl protected, evicted, refaulted; /* of the oldest generation */

	uint64_t mm_seq; /* the last walk of all address spaces */
	GQueue mms;	 /* struct mm, oldest first; mm.lru is its link */
	bool tail_set;	 /* is there a @tail? */
	GList *tail;	 /* the last walk ended before it; NULL: at the end */
	/*
	 * The sets of page tables worth walking, for the walks with even and with
	 * odd numbers. A table is in when pte_table.seen holds the set's number,
	 * so that a new number empties it; 0: no set yet.
	 */
	uint32_t sets[2], nr_sets;
	bool has_walk; /* reclaim_state->mm_walk: promote at once */
};

static inline unsigned int lru_gen_from_seq(uint64_t seq)
{
	return seq % MAX_NR_GENS;
}

/* -1: on no list */
static inline int folio_lru_gen(const struct folio *f)
{
	return (int)(f->gen & GEN_MASK) - 1;
}

static inline unsigned int folio_lru_refs(const struct folio *f)
{
	return f->flags & PG_referenced ? ((f->flags & LRU_REFS_MASK) >> LRU_REFS_PGOFF) + 1u : 0;
}

static inline bool is_exec_file_folio(const struct folio *f, bool exec)
{
	return exec && !(f->flags & PG_swapbacked);
}

/** folio_update_gen(): a walk found it used. */
void lru_gen_update(struct sim *s, uint32_t slot, bool exec);
/** lru_gen_set_refs(): reclaim found it used. Return: whether it is promoted. */
bool lru_gen_set_refs(struct sim *s, uint32_t slot, bool exec);

/** The page-table walk of try_to_inc_max_seq(): false if @seq is history. */
bool lru_gen_walk_mms(struct sim *s, uint64_t seq, unsigned int swappiness);
void lru_gen_look_around(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn);
void lru_gen_add_mm(struct sim *s, struct mm *mm);
void lru_gen_del_mm(struct sim *s, struct mm *mm);

#endif
