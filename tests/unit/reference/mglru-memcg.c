// SPDX-License-Identifier: GPL-2.0-only
/*
 * MGLRU: the order of memcgs. After mm/vmscan.c, lru_gen_rotate_memcg() to shrink_many().
 *
 * A list is an array of memcgs, the first is the head. The random numbers are those of sim/.
 */
#include "tests/unit/reference/mglru.h"

#include <string.h>

#include <glib.h>

#include "sim/rng.h"

struct ref_memcg_lru {
	uint64_t seq;
	int nr[3][8], lists[3][8][REF_MEMCGS];
	struct rng rng;
};

static int random_bin(struct ref *r)
{
	return (int)rng_below(&r->memcg_lru->rng, 8);
}

/* append it to a list */
static void put(struct ref *r, int memcg, int gen, int bin)
{
	struct ref_memcg_lru *m = r->memcg_lru;

	m->lists[gen][bin][m->nr[gen][bin]++] = memcg;
	r->memcgs[memcg].gen->memcg_gen = gen;
	r->memcgs[memcg].gen->bin = bin;
}

void ref_gen_memcgs_init(struct ref *r)
{
	if (!r->whole || r->nr_memcgs == 1)
		return;
	r->memcg_lru = g_new0(struct ref_memcg_lru, 1);
	rng_init(&r->memcg_lru->rng, 1, 3);
	for (int i = 0; i < r->nr_memcgs; i++)
		put(r, i, 0, random_bin(r));
}

void ref_gen_memcgs_free(struct ref *r)
{
	g_free(r->memcg_lru);
}

static int nr_of_gen(const struct ref *r, int gen)
{
	int nr = 0;

	for (int bin = 0; bin < 8; bin++)
		nr += r->memcg_lru->nr[gen][bin];
	return nr;
}

/* where it is on its list */
static int place_of(const struct ref *r, int memcg)
{
	const struct ref_gen *g = r->memcgs[memcg].gen;
	int at = 0;

	while (r->memcg_lru->lists[g->memcg_gen][g->bin][at] != memcg)
		at++;
	return at;
}

void ref_gen_rotate_memcg(struct ref *r, int memcg, int op)
{
	struct ref_memcg_lru *m = r->memcg_lru;
	struct ref_gen *g = r->memcgs[memcg].gen;
	int *list, *nr, at, bin;

	if (!m)
		return;
	bin = random_bin(r);
	at = place_of(r, memcg);
	list = m->lists[g->memcg_gen][g->bin];
	nr = &m->nr[g->memcg_gen][g->bin];
	memmove(list + at, list + at + 1, (size_t)(--*nr - at) * sizeof(*list));
	put(r, memcg, op == REF_MEMCG_YOUNG ? (int)((m->seq + 1) % 3) : g->memcg_gen, bin);
	g->at_tail = op == REF_MEMCG_TAIL;
	if (!nr_of_gen(r, (int)(m->seq % 3)))
		m->seq++;
}

/* shrink_one(). Return: what to do with the memcg, -1: nothing */
static int shrink_one(struct ref *r, struct ref_scan *sc)
{
	ref_gen_shrink_lruvec(r, sc);
	if (sc->need_rotate)
		return REF_MEMCG_YOUNG;
	if (ref_gen_is_sizable(r, sc))
		return -1;
	return r->cg->gen->at_tail ? REF_MEMCG_YOUNG : REF_MEMCG_TAIL;
}

/*
 * A memcg is put elsewhere when the walk is at the next one, or at the end of its list. It may be
 * found elsewhere then because another task moved it: the walk goes on from there, and begins
 * again with its bin when it comes to the end of a list of another generation.
 */
void ref_gen_shrink_many(struct ref *r, struct ref_scan *sc)
{
	struct ref_memcg_lru *m = r->memcg_lru;
	bool first = true;
	int gen, bin, first_bin;

	if (!m) {
		r->cg = r->memcgs;
		ref_gen_shrink_lruvec(r, sc);
		return;
	}
	gen = (int)(m->seq % 3);
	bin = first_bin = random_bin(r);
	for (;;) {
		int list_gen = gen, list_bin = bin, at = 0;

		while (at < m->nr[list_gen][list_bin]) {
			const int memcg = m->lists[list_gen][list_bin][at];
			int op, next = -1;

			if (r->memcgs[memcg].gen->memcg_gen != gen) {
				at++;
				continue;
			}
			if (sc->kswapd && !first)
				ref_kswapd_spend(r);
			first = false;
			r->cg = &r->memcgs[memcg];
			op = shrink_one(r, sc);
			r->cg = r->memcgs;
			list_gen = r->memcgs[memcg].gen->memcg_gen;
			list_bin = r->memcgs[memcg].gen->bin;
			at = place_of(r, memcg) + 1;
			if (at < m->nr[list_gen][list_bin])
				next = m->lists[list_gen][list_bin][at];
			if (op >= 0)
				ref_gen_rotate_memcg(r, memcg, op);
			if (ref_gen_should_abort(r, sc))
				return;
			if (next < 0)
				break;
			at = place_of(r, next);
		}
		if (list_gen != gen)
			continue; /* the same bin again */
		bin = (bin + 1) % 8;
		if (bin == first_bin)
			return;
	}
}
