/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of an LRU model. A model is one const struct in
 * models/lru-NAME.c and one line in models/models.h. The engine owns the
 * folio table, the per-CPU batches, the page cache and the priority loops of
 * reclaim; the model owns the lists, the aging and the shadow entries.
 */
#ifndef REAPSIM_LRU_H
#define REAPSIM_LRU_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/err.h"
#include "sim/vmstat.h"

struct mem_cgroup;
struct mm;
struct pte_table;
struct sim;
struct vma;

/** enum lru_type - the kernel's WORKINGSET_ANON and WORKINGSET_FILE. */
enum lru_type {
	LRU_ANON,
	LRU_FILE,
	NR_LRU_TYPES,
};

#define SWAP_CLUSTER_MAX 32
#define MIN_LRU_BATCH	 64u /* BITS_PER_LONG */
#define DEF_PRIORITY	 12

/** struct scan_control - v7.3 mm/vmscan.c; the fields that the models need. */
struct scan_control {
	uint64_t nr_to_reclaim;
	uint64_t nr_reclaimed;
	uint64_t nr_scanned;
	uint64_t nr_unqueued_dirty; /* of the last shrink_folio_list() */
	uint64_t anon_cost, file_cost;
	int priority;
	unsigned int order;	   /* of the allocation that it is for */
	bool memcg;		   /* cgroup_reclaim() */
	struct mem_cgroup *target; /* whose folios; NULL: of the whole machine */
	bool kswapd;
	bool proactive; /* memory.reclaim */
	uint32_t proactive_swappiness;
	bool may_swap;
	bool nofs;		/* called from readahead: no __GFP_FS */
	bool ignore_references; /* reclaim_pages() */
	uint8_t may_deactivate; /* 1 << lru_type */
	bool force_deactivate;
	bool skipped_deactivate;
	bool cache_trim_mode;
	bool no_cache_trim_mode;
	bool cache_trim_mode_failed;
	bool file_is_tiny;
	/* state of a pass between two steps */
	bool in_pass, in_lruvec;
	bool memcg_full_walk;
	bool has_walk;			  /* MGLRU: reclaim_state->mm_walk */
	bool need_rotate;		  /* MGLRU: result of try_to_shrink_lruvec() */
	struct mem_cgroup *at;		  /* of the walk over the memcgs */
	uint64_t generation;		  /* mem_cgroup_reclaim_cookie */
	unsigned int gen, bin, first_bin; /* of shrink_many() */
	uint64_t nr_reclaimed_before, nr_reclaimed_lruvec; /* before this pass, this lruvec */
	uint64_t nr[2 * NR_LRU_TYPES], targets[2 * NR_LRU_TYPES];
};

/** compact_gap(): pages to reclaim so that compaction can make a block of 2^@order. */
static inline uint64_t compact_gap(unsigned int order)
{
	return 2ull << order;
}

/** enum folio_references - v7.3 folio_check_references(). */
enum folio_references {
	FOLIOREF_RECLAIM,
	FOLIOREF_KEEP,
	FOLIOREF_ACTIVATE,
};

/**
 * struct lru_clock - the clock that shadows are stamped with, for "explain". A shadow was made
 * at (shadow & @mask) >> @shift. The page's refault is recent if that is at most @reach before
 * @now. @youngest, @oldest: MGLRU's generations; 0 of others
 */
struct lru_clock {
	uint64_t now, reach;
	uint64_t youngest, oldest;
	uint32_t mask;
	unsigned int shift;
};

/**
 * struct lruvec - v7.3; the lists of one memcg on one node.
 * @lists: private to the model: lists, sizes, aging
 * @stat: counts of mod_lruvec_state()
 */
struct lruvec {
	void *lists;
	struct vmstat stat;
};

/**
 * struct lru_model - hooks, in the order of a folio's life. Slots index sim->folios.
 * Only @init may fail: it allocates what the other hooks need. @fini frees it.
 *
 * A hook takes the lruvec if the kernel's function does. The others call folio_lruvec(),
 * as the kernel does.
 */
struct lru_model {
	const char *name;
	const char *summary;
	/* the names of all lists that @walk may give, in an order that starts with what is youngest
	 * where lists have an age; ends with NULL */
	const char *const *lists;
	/* @mark_accessed does nothing to a folio that has all these PG_ flags, so the
	 * replay loop skips the call */
	uint16_t mark_noop_flags;
	bool lru_gen; /* lru_gen_enabled() */
	/* lruvec_init(): sets @lruvec->lists. Return: 0 or a negative errno */
	int (*init)(const struct sim *s, struct lruvec *lruvec);
	void (*fini)(struct lruvec *lruvec);
	/* workingset_refault(), called before the folio is added: @shadow is what
	 * @eviction returned, @workingset the workingset bit of the shadow entry,
	 * @evicted the lruvec that it was evicted from. May set folio flags */
	void (*refault)(struct sim *s, struct lruvec *lruvec, uint32_t slot, struct lruvec *evicted,
			uint32_t shadow, bool workingset);
	/* lru_add(): adds @n folios of a drained batch to the lists; sets PG_lru */
	void (*add)(struct sim *s, struct lruvec *lruvec, const uint32_t *slots, unsigned int n);
	/* folio_mark_accessed() by a task on @cpu */
	void (*mark_accessed)(struct sim *s, unsigned int cpu, uint32_t slot);
	/* a folio in the lru_activate batch is drained */
	void (*activate)(struct sim *s, struct lruvec *lruvec, uint32_t slot);
	/* lruvec_del_folio(): removes the folio from its list, clears PG_lru */
	void (*del)(struct sim *s, struct lruvec *lruvec, uint32_t slot);
	/* lru_move_tail(): moves a folio that is on a list to the tail of the inactive
	 * list, where reclaim takes it next */
	void (*move_tail)(struct sim *s, struct lruvec *lruvec, uint32_t slot);
	/* lru_add_split_folio(): the folio @slot, on a list, is one of those that [@slot, @end) was
	 * split into. The others have its flags, and are put before it. */
	void (*split)(struct sim *s, struct lruvec *lruvec, uint32_t slot, uint32_t end);
	/* lru_gen_clear_refs(): forgets the folio's accesses. Return: false if the folio
	 * must also be moved. NULL: always false */
	bool (*clear_refs)(struct sim *s, uint32_t slot);
	/* folio_check_references(): what reclaim does with a scanned folio */
	enum folio_references (*check_references)(struct sim *s, uint32_t slot);
	/* lru_gen_look_around(): rmap found @nr PTEs of a folio from @vpn on, some of them
	 * young, and cleared them. May be NULL */
	void (*look_around)(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			    uint32_t nr);
	/* has aging undone a promotion of this resident folio: was it deactivated, or is
	 * it in an old generation again? Only for counters */
	bool (*aged)(struct sim *s, uint32_t slot);
	/* lru_gen_add_mm(), lru_gen_del_mm(): an mm is created or freed. May be NULL */
	void (*add_mm)(struct lruvec *lruvec, struct mm *mm);
	void (*del_mm)(struct lruvec *lruvec, struct mm *mm);
	/* workingset_eviction() by s->target. Return: the 32-bit shadow of the evicted folio */
	uint32_t (*eviction)(struct sim *s, struct lruvec *lruvec, uint32_t slot);
	/* prepare_scan_control(), at the begin of a pass at sc->priority. @lruvec: that of the
	 * target, whose memcgs the pass goes through */
	void (*prepare_scan_control)(struct sim *s, struct lruvec *lruvec, struct scan_control *sc);
	/* shrink_many(): the first memcg of root reclaim, or the one after @prev. NULL as hook:
	 * mem_cgroup_iter(). Return: NULL at the end */
	struct mem_cgroup *(*next_memcg)(struct sim *s, struct mem_cgroup *prev,
					 struct scan_control *sc);
	/* shrink_lruvec(): one step; sc->in_lruvec is false at the first. Return: true if there
	 * are more steps */
	bool (*shrink_lruvec)(struct sim *s, struct lruvec *lruvec, struct scan_control *sc);
	/* kswapd_age_node(), before each pass of kswapd; @lruvec: of the root. Return: true if
	 * kswapd must call out_of_memory() before it continues */
	bool (*age_node)(struct sim *s, struct lruvec *lruvec, struct scan_control *sc);
	/* snapshot_refaults(), at the end of a reclaim */
	void (*reclaim_end)(struct sim *s, struct lruvec *lruvec);
	/* memcg statistics were flushed: decisions see the current values from now on */
	void (*flush_stats)(struct sim *s, struct lruvec *lruvec);
	/* nr_active_file, nr_inactive_anon and so on, in pages */
	uint64_t (*size)(const struct lruvec *lruvec, enum lru_type type, bool active);
	/* bytes that the lists occupy */
	uint64_t (*list_bytes)(const struct lruvec *lruvec);
	/* calls @fn for each folio of every list, newest first, until it returns false */
	void (*walk)(const struct lruvec *lruvec,
		     bool (*fn)(void *arg, const char *list, uint32_t slot), void *arg);
	/* the clock of a lruvec now, for pages of one type */
	struct lru_clock (*clock)(struct sim *s, struct lruvec *lruvec, enum lru_type type);
	/* checks the model's own state. Return: 0, or -EIO with @err if it is broken */
	int (*check)(const struct sim *s, const struct lruvec *lruvec, struct err *err);
};

#endif
