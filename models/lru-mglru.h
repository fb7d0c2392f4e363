/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the parts of the multi-generational LRU: lru-mglru.c holds the lists,
 * lru-mglru-walk.c walks page tables, lru-mglru-ttl.c protects young pages
 * (min_ttl_ms), lru-mglru-VERSION.c has the rules of a kernel. */
#ifndef REAPSIM_LRU_MGLRU_H
#define REAPSIM_LRU_MGLRU_H

#include "sim/mm/list.h"
#include "sim/mm/mm.h"
#include "sim/state.h"

#define MIN_NR_GENS   2u
#define MAX_NR_GENS   4u
#define MAX_NR_TIERS  4u
#define MIN_LRU_BATCH 64u
/* v7.3: the value of folio_lru_refs() above which a folio has all of LRU_REFS_FLAGS */
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

struct mglru;

/** struct lru_gen_rules - the rules that differ between versions. No hook may fail. */
struct lru_gen_rules {
	/* lru_gen_add_folio(): what an active folio loses on its list */
	uint16_t active_clears;
	/* get_pfn_folio(), walk_pte_range(): a young PTE is made old even if its
	 * folio is on no list */
	bool walk_takes_isolated;
	/* get_pfn_folio(): walks leave anon alone where it is not evicted, and rmap
	 * leaves it alone next to a file folio */
	bool walk_spares_anon;
	/* lruvec_is_reclaimable() asks for the age of file pages, also where anon is
	 * evicted and older */
	bool ttl_of_file;
	/* lru_gen_folio_seq(), in v6.12 a part of lru_gen_add_folio(): the
	 * generation that takes the folio; @reclaiming: at its old end */
	uint64_t (*folio_seq)(const struct mglru *g, const struct folio *f, bool reclaiming);
	/* folio_mark_accessed(): lru_gen_inc_refs(), v6.12 folio_inc_refs() */
	void (*inc_refs)(struct sim *s, uint32_t slot);
	/* lru_model.clear_refs; NULL: no such thing */
	bool (*clear_refs)(struct sim *s, uint32_t slot);
	/* lru_gen_eviction(), lru_gen_refault(): lru_model.eviction and .refault */
	uint32_t (*eviction)(struct sim *s, uint32_t slot);
	void (*refault)(struct sim *s, uint32_t slot, uint32_t shadow, bool workingset);
	/* folio_update_gen(): a walk found it used; @exec: through program text */
	void (*update)(struct sim *s, uint32_t slot, bool exec);
	/* lru_gen_look_around(): rmap did, and there is no walk to promote it */
	void (*look)(struct sim *s, uint32_t slot, bool exec);
	/* try_to_inc_min_seq(): how far the types may be apart if both are evicted */
	void (*couple)(const struct mglru *g, uint64_t *min_seq);
	/* lru_model.check_references */
	enum folio_references (*check_references)(struct sim *s, uint32_t slot);
	/* try_to_shrink_lruvec(): once round its loop; sc->in_pass is false, and
	 * sc->nr zero, at the first. True: there is more */
	bool (*shrink_lruvec)(struct sim *s, struct lruvec *lruvec, struct scan_control *sc);
};

/** struct mglru - v7.3 struct lru_gen_folio and struct lru_gen_mm_state, of a lruvec. */
struct mglru {
	const struct lru_gen_rules *rules;
	uint64_t max_seq, min_seq[NR_LRU_TYPES];
	struct folio_list lists[MAX_NR_GENS][NR_LRU_TYPES];
	uint64_t nr_pages[MAX_NR_GENS][NR_LRU_TYPES];
	uint64_t born_ns[MAX_NR_GENS]; /* timestamps: of each generation */
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

/** A folio gets another generation, but not its place there. */
void lru_gen_set(struct mglru *g, struct folio *f, unsigned int gen);
/** A folio that is on no list, but has a generation, goes on the list of that:
 * its old end if @tail. */
void lru_gen_put(struct sim *s, struct mglru *g, uint32_t slot, bool tail);
void lru_gen_add_folio(struct sim *s, struct mglru *g, uint32_t slot, bool reclaiming);
/** lru_gen_del_folio(), less the list. */
void lru_gen_forget(struct mglru *g, struct folio *f);

/** get_nr_gens(). */
unsigned int lru_gen_count(const struct mglru *g, enum lru_type type);
/** evictable_min_seq(): the oldest generation that is evicted, of both types. */
uint64_t evictable_min_seq(const struct mglru *g, unsigned int swappiness);
/** lruvec_evictable_size(): pages of the types that are evicted. */
uint64_t evictable_size(const struct mglru *g, unsigned int swappiness);
/** Skip the oldest generations that are empty; true if there are any. */
bool try_to_inc_min_seq(struct mglru *g, unsigned int swappiness);
/** try_to_inc_max_seq(): a new generation, after a walk. */
void lru_gen_age(struct sim *s, struct mglru *g, unsigned int swappiness);
/** get_swappiness(). */
unsigned int lru_gen_swappiness(const struct sim *s, const struct scan_control *sc);
/** should_abort_scan(); which callers ask differs. */
bool should_abort_scan(const struct sim *s, const struct scan_control *sc);

struct ctrl_pos {
	uint64_t refaulted, total;
	unsigned int gain;
};

/** read_ctrl_pos(), the sum of the tiers @from..@to. */
struct ctrl_pos read_ctrl_pos(const struct mglru *g, enum lru_type type, unsigned int from,
			      unsigned int to, unsigned int gain);
bool positive_ctrl_err(const struct ctrl_pos *sp, const struct ctrl_pos *pv);

/** Is there a page that min_ttl_ms leaves to reclaim? */
bool lruvec_is_reclaimable(const struct sim *s, const struct lruvec *lruvec,
			   const struct scan_control *sc);

/** The page-table walk of try_to_inc_max_seq(): false if @seq is history. */
bool lru_gen_walk_mms(struct sim *s, struct mglru *g, uint64_t seq, unsigned int swappiness);
void lru_gen_look_around(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			 uint32_t nr);
void lru_gen_add_mm(struct lruvec *lruvec, struct mm *mm);
void lru_gen_del_mm(struct lruvec *lruvec, struct mm *mm);

#endif
