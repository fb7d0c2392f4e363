/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of the classic LRU, and the statistics that it decides by. */
#ifndef REAPSIM_LRU_CLASSIC_H
#define REAPSIM_LRU_CLASSIC_H

#include "sim/mm/list.h"
#include "sim/mm/swap.h"
#include "sim/state.h"

enum { INACTIVE_ANON, ACTIVE_ANON, INACTIVE_FILE, ACTIVE_FILE, NR_LISTS };

/* a shadow: so much of the clock, and a bit that says that the root evicted a page of a child */
#define EVICTION_MASK 0x7fffffffu
#define BY_ROOT	      0x80000000u

#define LIST(type, active) ((type)*2 + (active))

/* struct lru_cost, v7.3 include/linux/mmzone.h */
struct lru_cost {
	uint64_t count, last_rotated, last_io;
};

/*
 * The values that lruvec_page_state() reads. In a memcg they are those of the last
 * flush (mem_cgroup_flush_stats(), flush_memcg_stats_dwork()), not the current ones.
 */
struct lruvec_stats {
	uint64_t size[NR_LISTS];
	uint64_t activate[NR_LRU_TYPES]; /* workingset_activate_* */
	uint64_t rotate[NR_LRU_TYPES];	 /* pgrotate_* */
	uint64_t io[NR_LRU_TYPES];	 /* workingset_restore_*, nr_vmscan_write */
};

struct classic {
	struct folio_list lists[NR_LISTS];
	struct lruvec_stats flushed;
	uint64_t nonresident_age;
	uint64_t refaults[NR_LRU_TYPES]; /* workingset_activate_* at the end of the last reclaim */
	struct lru_cost cost[NR_LRU_TYPES];
};

/* lruvec_page_state() of a child counts for its parent, too */
static inline void add_children(const struct sim *s, const struct lruvec *lruvec,
				struct lruvec_stats *st)
{
	for (unsigned int i = 1; lruvec_memcg(lruvec) == s->root && i < s->nr_memcgs; i++) {
		const struct classic *c = s->memcg[i].lruvec.lists;
		const uint64_t *v = s->memcg[i].lruvec.stat.v;

		for (int l = 0; l < NR_LISTS; l++)
			st->size[l] += folio_list_size(&c->lists[l]);
		for (int t = 0; t < NR_LRU_TYPES; t++) {
			st->activate[t] += v[VM_workingset_activate_anon + t];
			st->rotate[t] += v[VM_pgrotate_anon + t];
			st->io[t] += v[VM_workingset_restore_anon + t];
		}
		st->io[LRU_ANON] += v[VM_nr_vmscan_write];
	}
}

static inline void classic_flush_stats(struct sim *s, struct lruvec *lruvec)
{
	struct classic *c = lruvec->lists;
	const uint64_t *v = lruvec->stat.v;

	for (int i = 0; i < NR_LISTS; i++)
		c->flushed.size[i] = folio_list_size(&c->lists[i]);
	for (int t = 0; t < NR_LRU_TYPES; t++) {
		c->flushed.activate[t] = v[VM_workingset_activate_anon + t];
		c->flushed.rotate[t] = v[VM_pgrotate_anon + t];
		c->flushed.io[t] = v[VM_workingset_restore_anon + t];
	}
	c->flushed.io[LRU_ANON] += v[VM_nr_vmscan_write];
	if (__builtin_expect(s->nr_memcgs > 1, 0))
		add_children(s, lruvec, &c->flushed);
}

/* The statistics that reclaim sees now. */
static inline const struct lruvec_stats *lruvec_stats(struct sim *s, struct lruvec *lruvec)
{
	struct classic *c = lruvec->lists;

	if (!s->stats_lag)
		classic_flush_stats(s, lruvec);
	return &c->flushed;
}

/* workingset_test_recent(): does a list count for a refault of this type? Its size; 0: it does
 * not. @swap: there are free swap slots */
static inline uint64_t held_by(bool swap, const uint64_t *size, int list, enum lru_type type)
{
	if (list == INACTIVE_ANON + 2 * (int)type)
		return 0;
	return list >= INACTIVE_FILE || swap ? size[list] : 0;
}

/* The size of the lists that could have held the page, with which its distance is compared. */
static inline uint64_t workingset_size(struct sim *s, struct lruvec *lruvec, enum lru_type type)
{
	const uint64_t *size = lruvec_stats(s, lruvec)->size;
	const bool swap = nr_swap_pages(s) > 0;
	uint64_t sum = 0;

	for (int l = 0; l < NR_LISTS; l++)
		sum += held_by(swap, size, l, type);
	return sum;
}

#endif
