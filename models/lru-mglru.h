/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the parts of the multi-generational LRU: lru-mglru.c holds the lists,
 * lru-mglru-walk.c walks page tables, lru-mglru-ttl.c protects young pages
 * (min_ttl_ms), lru-mglru-VERSION.c has the rules of a kernel. */
#ifndef REAPSIM_LRU_MGLRU_H
#define REAPSIM_LRU_MGLRU_H

#include "sim/mm/list.h"
#include "sim/mm/mm.h"
#include "sim/state.h"

#define MIN_NR_GENS  2u
#define MAX_NR_GENS  4u
#define MAX_NR_TIERS 4u
/* v7.3: the value of folio_lru_refs() above which a folio has all of LRU_REFS_FLAGS */
#define LRU_REFS_MAX   4u
#define LRU_REFS_FLAGS ((uint16_t)(LRU_REFS_MASK | PG_referenced))

/*
 * folio.gen holds the kernel's gen counter (gen + 1; 0: on no list) and, in the bits above,
 * the list that the folio is on. A page-table walk that promotes the folio changes only the
 * counter. The folio stays on its old list until reclaim sorts it.
 */
#define GEN_MASK   7u
#define LIST_SHIFT 4

/** struct ctrl - a counter of the feedback loop, by type and tier. */
struct ctrl {
	uint64_t v[NR_LRU_TYPES][MAX_NR_TIERS];
};

struct mglru;

/** struct lru_gen_rules - the rules that differ between versions. No hook may fail. */
struct lru_gen_rules {
	/* lru_gen_add_folio(): flags that it clears on an active folio */
	uint16_t active_clears;
	/* get_pfn_folio(), walk_pte_range(): a walk clears the young bit of a PTE even if
	 * its folio is on no list */
	bool walk_takes_isolated;
	/* get_pfn_folio(): a walk skips anon if anon is not evicted, and
	 * lru_gen_look_around() skips anon next to a file folio */
	bool walk_spares_anon;
	/* lruvec_is_reclaimable() checks the age of file pages only, even if anon is
	 * evicted and older */
	bool ttl_of_file;
	/* lru_gen_refault(): WORKINGSET_ACTIVATE counts each recent refault by a fault; else
	 * those of the working set */
	bool refault_of_fault_activates;
	/* lru_gen_folio_seq(), in v6.12 a part of lru_gen_add_folio(): the generation that
	 * a folio is added to; @reclaiming: to its tail */
	uint64_t (*folio_seq)(const struct mglru *g, const struct folio *f, bool reclaiming);
	/* folio_mark_accessed(): lru_gen_inc_refs(), v6.12 folio_inc_refs() */
	void (*inc_refs)(struct sim *s, uint32_t slot);
	/* lru_model.clear_refs; NULL: the version has none */
	bool (*clear_refs)(struct sim *s, uint32_t slot);
	/* lru_gen_eviction(), lru_gen_refault(): lru_model.eviction and .refault */
	uint32_t (*eviction)(struct sim *s, struct mglru *g, uint32_t slot);
	void (*refault)(struct sim *s, struct mglru *g, uint32_t slot, uint32_t shadow,
			bool workingset);
	/* lru_model.clock */
	struct lru_clock (*clock)(const struct mglru *g, enum lru_type type);
	/* folio_update_gen(): a walk found the folio young; @exec: mapped executable */
	void (*update)(struct sim *s, uint32_t slot, bool exec);
	/* lru_gen_set_refs(): a PTE was found young. Return: false if the folio was only marked
	 * as referenced. NULL in v6.12, whose @look and @check_references have other rules */
	bool (*set_refs)(struct sim *s, uint32_t slot, bool exec);
	/* lru_gen_look_around() without an mm_walk found the folio young */
	void (*look)(struct sim *s, uint32_t slot, bool exec);
	/* try_to_inc_min_seq(): limit the distance of the types if both are evicted */
	void (*couple)(const struct mglru *g, uint64_t *min_seq);
	/* lru_model.check_references */
	enum folio_references (*check_references)(struct sim *s, uint32_t slot);
	/* try_to_shrink_lruvec(): one iteration of its loop. sc->in_lruvec is false and
	 * sc->nr zero at the first. Return: true if there are more */
	bool (*shrink_lruvec)(struct sim *s, struct lruvec *lruvec, struct scan_control *sc);
};

/** struct mglru - v7.3 struct lru_gen_folio and struct lru_gen_mm_state of a lruvec. */
struct mglru {
	const struct lru_gen_rules *rules;
	uint64_t max_seq, min_seq[NR_LRU_TYPES];
	struct folio_list lists[MAX_NR_GENS][NR_LRU_TYPES];
	uint64_t nr_pages[MAX_NR_GENS][NR_LRU_TYPES];
	uint64_t born_ns[MAX_NR_GENS]; /* timestamps: when each generation was opened */
	struct ctrl avg_refaulted, avg_total;
	struct ctrl protected, evicted, refaulted; /* in the oldest generation */

	uint64_t mm_seq; /* number of the last walk of all address spaces */
	GQueue mms;	 /* struct mm, oldest first; mm.lru is its link */
	bool tail_set;	 /* is @tail valid? */
	GList *tail;	 /* first mm that the last walk did not visit; NULL: none */
	/*
	 * The sets of page tables worth walking (the kernel's Bloom filters), for walks
	 * with even and with odd numbers. A table is in a set if its pte_table.seen is the
	 * set's number, so a new number empties the set; 0: no set yet.
	 */
	uint32_t sets[2], nr_sets;
	bool has_walk; /* there is a reclaim_state->mm_walk: promote at once */

	struct memcg_lru *memcgs; /* of the node; NULL: there is one memcg, or only limits */
	GList *list;		  /* its place there; data is this struct */
	unsigned int memcg_gen, seg;
};

/** enum memcg_lru_op - what to do with a lruvec of the memcg LRU, or where it was put. */
enum memcg_lru_op {
	MEMCG_LRU_NOP,
	MEMCG_LRU_HEAD,
	MEMCG_LRU_TAIL,
	MEMCG_LRU_OLD,
	MEMCG_LRU_YOUNG,
};

/** lru_gen_online_memcg() for a new lruvec, after those of lower index. */
void lru_gen_online_memcg(const struct sim *s, struct lruvec *lruvec);
/** Free the memcg LRU with its first member. */
void lru_gen_release_memcgs(struct mglru *g);
/** Does nothing without a memcg LRU. */
void lru_gen_rotate_memcg(struct mglru *g, enum memcg_lru_op op);
/** struct lru_model.next_memcg */
struct mem_cgroup *lru_gen_next_memcg(struct sim *s, struct mem_cgroup *prev,
				      struct scan_control *sc);

static inline unsigned int lru_gen_from_seq(uint64_t seq)
{
	return seq % MAX_NR_GENS;
}

/** folio_lru_gen(): the generation; -1: on no list. */
static inline int folio_lru_gen(const struct folio *f)
{
	return (int)(f->gen & GEN_MASK) - 1;
}

/** Change the generation of a folio, but not the list that it is on. */
void lru_gen_set(struct mglru *g, struct folio *f, unsigned int gen);
/** Put a folio that is on no list on the list of its generation; @tail: at the tail. */
void lru_gen_put(struct sim *s, struct mglru *g, uint32_t slot, bool tail);
/** lru_gen_add_folio(). */
void lru_gen_add_folio(struct sim *s, struct mglru *g, uint32_t slot, bool reclaiming);
/** lru_gen_del_folio() of a folio that the caller removed from its list. */
void lru_gen_forget(struct mglru *g, struct folio *f);

/** get_nr_gens(). */
unsigned int lru_gen_count(const struct mglru *g, enum lru_type type);
/** evictable_min_seq(): the oldest generation of the types that are evicted. */
uint64_t evictable_min_seq(const struct mglru *g, unsigned int swappiness);
/** lruvec_evictable_size(): pages of the types that are evicted. */
uint64_t evictable_size(const struct mglru *g, unsigned int swappiness);
/** try_to_inc_min_seq(): skip oldest generations that are empty. Return: true if min_seq of a
 * type has changed. */
bool try_to_inc_min_seq(struct mglru *g, unsigned int swappiness);
/** try_to_inc_max_seq(): walk all address spaces, then open a new generation. Return: false if
 * another task did. */
bool lru_gen_age(struct sim *s, struct mglru *g, unsigned int swappiness);
/** get_swappiness(). */
unsigned int lru_gen_swappiness(const struct sim *s, const struct scan_control *sc);
/** should_abort_scan(): has reclaim freed enough? */
bool should_abort_scan(const struct sim *s, const struct scan_control *sc);

/** The end of evict_folios(): count the @nr_reclaimed pages of the @nr_isolated. */
void lru_gen_count_evicted(struct sim *s, struct scan_control *sc, enum lru_type type,
			   uint64_t nr_isolated, uint64_t nr_reclaimed);

/** Indices in sc->nr: the state of a pass between two steps. */
enum lru_gen_pass {
	SWAPPINESS,
	SCANNED, /* up to v6.18, with the next two */
	UNQUEUED_DIRTY,
	FILE_TAKEN,
	LEFT_TO_SCAN = SCANNED, /* v7.3 */
};

/** The end of an iteration of try_to_shrink_lruvec() up to v6.18, in which evict_folios()
 * returned @delta. Return: true if there are more. */
bool lru_gen_continue(struct sim *s, struct scan_control *sc, uint64_t delta, uint64_t nr_to_scan);

/** struct ctrl_pos - a refault rate of the feedback loop. */
struct ctrl_pos {
	uint64_t refaulted, total;
	unsigned int gain;
};

/** read_ctrl_pos(): the sum over the tiers @from..@to. */
struct ctrl_pos read_ctrl_pos(const struct mglru *g, enum lru_type type, unsigned int from,
			      unsigned int to, unsigned int gain);
bool positive_ctrl_err(const struct sim *s, const struct ctrl_pos *sp, const struct ctrl_pos *pv);

/** MAX_LRU_BATCH, until v6.18. */
static inline unsigned int max_lru_batch(const struct sim *s)
{
	return s->batches.lru * 64;
}

/** lruvec_is_reclaimable(): are there pages older than min_ttl_ms? */
bool lruvec_is_reclaimable(const struct sim *s, const struct lruvec *lruvec,
			   const struct scan_control *sc);

/** The page-table walk of try_to_inc_max_seq(). Return: false if walk @seq is over already. */
bool lru_gen_walk_mms(struct sim *s, struct mglru *g, uint64_t seq, unsigned int swappiness);
/* hooks of struct lru_model */
void lru_gen_look_around(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			 uint32_t nr);
void lru_gen_add_mm(struct lruvec *lruvec, struct mm *mm);
void lru_gen_del_mm(struct lruvec *lruvec, struct mm *mm);

#endif
