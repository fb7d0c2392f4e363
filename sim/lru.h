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
#define DEF_PRIORITY	 12

/** struct scan_control - v7.3 mm/vmscan.c; the fields the models need. */
struct scan_control {
	uint64_t nr_to_reclaim;
	uint64_t nr_reclaimed;
	uint64_t nr_scanned;
	uint64_t nr_unqueued_dirty; /* of the last shrink_folio_list() */
	uint64_t anon_cost, file_cost;
	int priority;
	bool memcg; /* cgroup_reclaim() */
	bool kswapd;
	bool may_swap;
	bool nofs;		/* called from readahead: no __GFP_FS */
	uint8_t may_deactivate; /* 1 << lru_type */
	bool force_deactivate;
	bool skipped_deactivate;
	bool cache_trim_mode;
	bool no_cache_trim_mode;
	bool cache_trim_mode_failed;
	bool file_is_tiny;
	/* between the steps of a pass */
	bool in_pass;
	uint64_t nr_reclaimed_before;
	uint64_t nr[2 * NR_LRU_TYPES], targets[2 * NR_LRU_TYPES];
};

/** enum folio_references - v7.3 folio_check_references(). */
enum folio_references {
	FOLIOREF_RECLAIM,
	FOLIOREF_KEEP,
	FOLIOREF_ACTIVATE,
};

/** struct folio_where - the list of a folio, for "explain" and the checks. */
struct folio_where {
	const char *list; /* "inactive_file"; NULL: on no list */
};

/**
 * struct lruvec - v7.3; the lists of one memcg on one node. There is one of them: that of
 * the memcg that has the limit, or of the whole machine.
 */
struct lruvec {
	void *lists; /* and what else the model keeps with them */
};

/**
 * struct lru_model - hooks, in the order of a folio's life. Slots index
 * sim->folios. None may fail: what they need is allocated in @init.
 *
 * A hook takes the lruvec where the kernel's function does. The others find it by
 * folio_lruvec(), as there.
 */
struct lru_model {
	const char *name;
	const char *summary;
	/* folio_mark_accessed() changes nothing on a folio that has all these
	 * flags: lets the replay loop skip the call */
	uint16_t mark_noop_flags;
	bool lru_gen; /* lru_gen_enabled(), for the code that asks */
	/* lruvec_init(): sets @lruvec->lists */
	int (*init)(const struct sim *s, struct lruvec *lruvec);
	void (*fini)(struct lruvec *lruvec);
	/* a folio refaults, before it is added: @shadow is its folio.shadow,
	 * @workingset that flag of the shadow. May set folio flags. */
	void (*refault)(struct sim *s, uint32_t slot, uint32_t shadow, bool workingset);
	/* lru_add(): @n folios leave a batch for the lists; sets PG_lru */
	void (*add)(struct sim *s, struct lruvec *lruvec, const uint32_t *slots, unsigned int n);
	/* folio_mark_accessed() by a task on @cpu */
	void (*mark_accessed)(struct sim *s, unsigned int cpu, uint32_t slot);
	/* a folio in the lru_activate batch is drained */
	void (*activate)(struct sim *s, struct lruvec *lruvec, uint32_t slot);
	/* lruvec_del_folio(): off its list, clears PG_lru */
	void (*del)(struct sim *s, struct lruvec *lruvec, uint32_t slot);
	/* lru_move_tail(): inactive, next to be reclaimed; it is on a list */
	void (*move_tail)(struct sim *s, struct lruvec *lruvec, uint32_t slot);
	/* lru_gen_clear_refs(): forget its accesses. Return: false if the folio must also
	 * be moved. NULL: it must */
	bool (*clear_refs)(struct sim *s, uint32_t slot);
	/* reclaim scans the folio: v7.3 folio_check_references() */
	enum folio_references (*check_references)(struct sim *s, uint32_t slot);
	/* lru_gen_look_around(): rmap found @nr PTEs of a folio from @vpn on, some of them
	 * young, and cleared them. May be NULL */
	void (*look_around)(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			    uint32_t nr);
	/* has reclaim aged the folio: deactivated, or promoted once and now in an old
	 * generation? For counting only; the folio is resident */
	bool (*aged)(struct sim *s, uint32_t slot);
	/* lru_gen_add_mm(), lru_gen_del_mm(): an mm is created, freed. May be NULL */
	void (*add_mm)(struct lruvec *lruvec, struct mm *mm);
	void (*del_mm)(struct lruvec *lruvec, struct mm *mm);
	/* the folio is evicted. Return: the 32 bits of its shadow
	 * (workingset_eviction()) */
	uint32_t (*eviction)(struct sim *s, uint32_t slot);
	/* shrink_node(): one step of a pass at sc->priority; sc->in_pass is
	 * false for its first. True: there is more */
	bool (*shrink_node)(struct sim *s, struct lruvec *lruvec, struct scan_control *sc);
	/* kswapd_age_node(), before each pass of kswapd. True: kswapd calls
	 * out_of_memory() and continues */
	bool (*age_node)(struct sim *s, struct lruvec *lruvec, struct scan_control *sc);
	/* snapshot_refaults(), at the end of a reclaim */
	void (*reclaim_end)(struct sim *s, struct lruvec *lruvec);
	/* memcg statistics are flushed: decisions use the current values */
	void (*flush_stats)(struct sim *s, struct lruvec *lruvec);
	/* sizes: levels nr_{in,}active_{anon,file} */
	uint64_t (*size)(const struct lruvec *lruvec, enum lru_type type, bool active);
	/* bytes of memory used by the lists */
	uint64_t (*list_bytes)(const struct lruvec *lruvec);
	/* every list, newest first: calls @fn until it returns false */
	void (*walk)(const struct lruvec *lruvec,
		     bool (*fn)(void *arg, const char *list, uint32_t slot), void *arg);
	/* invariants of the model's own state; -EIO and @err when broken */
	int (*check)(const struct sim *s, const struct lruvec *lruvec, struct err *err);
};

#endif
