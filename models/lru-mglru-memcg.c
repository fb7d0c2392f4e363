// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memcg LRU: in which order reclaim of a whole machine goes through the memcgs. Mirrors
 * mm/vmscan.c lru_gen_rotate_memcg, lru_gen_online_memcg, shrink_many and the end of
 * shrink_one, which v6.12, v6.18 and v7.3 have in common.
 *
 * A memcg belongs to the old or the young generation and, there, to a random one of eight bins.
 * Reclaim goes through the bins of the old generation, from a random one on, until it has freed
 * enough. A memcg that was aged becomes young. One that has too little at this priority goes to the
 * end of a bin first, and becomes young the next time. When no memcg is old, the young become old.
 *
 * Approximations: only the root and the cgroups of the trace exist; a real machine has others,
 * which delay the end of a generation. The random bins are those of one seed, that of a timed run
 * or 1. With one memcg there is nothing to order, and each pass goes through it once; the kernel
 * may come to it twice if it is smaller than a page at the priority of the pass.
 */
#include "models/lru-mglru.h"
#include "sim/rng.h"
#include "sim/timed.h"

#define MEMCG_NR_GENS 3
#define MEMCG_NR_BINS 8

/* struct lru_gen_memcg, v7.3 include/linux/mmzone.h */
struct memcg_lru {
	uint64_t seq;
	unsigned int nr_memcgs[MEMCG_NR_GENS];
	GQueue fifo[MEMCG_NR_GENS][MEMCG_NR_BINS]; /* struct mem_cgroup */
	struct rng rng;
};

static unsigned int get_memcg_gen(uint64_t seq)
{
	return seq % MEMCG_NR_GENS;
}

static unsigned int random_bin(struct memcg_lru *m)
{
	return (unsigned int)rng_below(&m->rng, MEMCG_NR_BINS);
}

void lru_gen_online_memcg(const struct sim *s, struct lruvec *lruvec)
{
	const struct mem_cgroup *memcg = lruvec_memcg(lruvec);
	struct mglru *g = lruvec->lists;
	struct memcg_lru *m;
	GQueue *bin;

	if (!s->root || s->nr_memcgs == 1)
		return;
	if (memcg == s->root) {
		m = g_new0(struct memcg_lru, 1);
		rng_init(&m->rng, s->cfg.timed ? s->cfg.timed->seed : 1, 3);
		for (int gen = 0; gen < MEMCG_NR_GENS; gen++)
			for (int i = 0; i < MEMCG_NR_BINS; i++)
				g_queue_init(&m->fifo[gen][i]);
	} else {
		m = ((struct mglru *)s->root->lruvec.lists)->memcgs;
	}
	g->memcgs = m;
	g->memcg_gen = get_memcg_gen(m->seq);
	bin = &m->fifo[g->memcg_gen][random_bin(m)];
	g_queue_push_tail(bin, lruvec);
	g->list = bin->tail;
	m->nr_memcgs[g->memcg_gen]++;
}

void lru_gen_release_memcgs(struct mglru *g)
{
	struct memcg_lru *m = g->memcgs;

	if (!m)
		return;
	/* they leave in the order of their index: the memory goes with the last one */
	m->nr_memcgs[g->memcg_gen]--;
	if (!m->nr_memcgs[0] && !m->nr_memcgs[1] && !m->nr_memcgs[2]) {
		for (int gen = 0; gen < MEMCG_NR_GENS; gen++)
			for (int i = 0; i < MEMCG_NR_BINS; i++)
				g_queue_clear(&m->fifo[gen][i]);
		g_free(m);
	}
}

static GQueue *bin_of(struct memcg_lru *m, const struct mglru *g)
{
	for (int i = 0; i < MEMCG_NR_BINS; i++)
		if (g_queue_link_index(&m->fifo[g->memcg_gen][i], g->list) >= 0)
			return &m->fifo[g->memcg_gen][i];
	return NULL;
}

void lru_gen_rotate_memcg(struct mglru *g, enum memcg_lru_op op)
{
	struct memcg_lru *m = g->memcgs;
	const unsigned int old = g->memcg_gen;
	unsigned int new = old;
	GQueue *bin;

	if (!m)
		return;
	bin = &m->fifo[0][random_bin(m)];
	g->seg = op == MEMCG_LRU_HEAD || op == MEMCG_LRU_TAIL ? op : 0;
	if (op == MEMCG_LRU_OLD)
		new = get_memcg_gen(m->seq);
	else if (op == MEMCG_LRU_YOUNG)
		new = get_memcg_gen(m->seq + 1);
	g_queue_unlink(bin_of(m, g), g->list);
	bin += new *MEMCG_NR_BINS;
	g->memcg_gen = new;
	if (op == MEMCG_LRU_HEAD || op == MEMCG_LRU_OLD)
		g_queue_push_head_link(bin, g->list);
	else
		g_queue_push_tail_link(bin, g->list);
	m->nr_memcgs[old]--;
	m->nr_memcgs[new]++;
	if (!m->nr_memcgs[old] && old == get_memcg_gen(m->seq))
		m->seq++;
}

/* the end of shrink_one() */
static enum memcg_lru_op shrunk_one(const struct sim *s, const struct mglru *g,
				    const struct scan_control *sc)
{
	if (sc->need_rotate)
		return MEMCG_LRU_YOUNG;
	/* lruvec_is_sizable() */
	if (evictable_size(g, lru_gen_swappiness(s, sc)) >> sc->priority)
		return MEMCG_LRU_NOP;
	return g->seg != MEMCG_LRU_TAIL ? MEMCG_LRU_TAIL : MEMCG_LRU_YOUNG;
}

static struct mglru *entry(const GList *link)
{
	return ((struct lruvec *)link->data)->lists;
}

/* the loop of shrink_many() */
struct mem_cgroup *lru_gen_next_memcg(struct sim *s, struct mem_cgroup *prev,
				      struct scan_control *sc)
{
	struct mglru *g = prev ? prev->lruvec.lists : NULL;
	struct memcg_lru *m = ((struct mglru *)s->root->lruvec.lists)->memcgs;
	unsigned int gen;
	GList *pos;

	if (g) {
		const enum memcg_lru_op op = shrunk_one(s, g, sc);
		const bool abort = should_abort_scan(s, sc);

		pos = g->list->next;
		gen = g->memcg_gen; /* of the list that @pos is on */
		if (op)
			lru_gen_rotate_memcg(g, op);
		if (abort)
			return NULL;
	} else {
		gen = sc->gen = get_memcg_gen(m->seq);
		sc->bin = sc->first_bin = random_bin(m);
		pos = m->fifo[gen][sc->bin].head;
	}
	for (;;) {
		for (; pos; pos = pos->next)
			if (entry(pos)->memcg_gen == sc->gen)
				return s->memcg + (lruvec_memcg(pos->data) - s->memcg);
		/* unless it was moved meanwhile: restart with the same bin */
		if (gen == sc->gen) {
			sc->bin = (sc->bin + 1) % MEMCG_NR_BINS;
			if (sc->bin == sc->first_bin)
				return NULL;
		}
		gen = sc->gen;
		pos = m->fifo[gen][sc->bin].head;
	}
}
