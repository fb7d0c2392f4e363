// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/xarray.c: adds and removes folios and shadows of all orders at random. After each step
 * compares the counts of all nodes and the list with a map of single pages.
 */
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/mm/objcg.h"
#include "sim/mm/workingset.h"
#include "tests/unit/testlib.h"

void suite_xarray(void);

#define PAGES 9000

enum { NONE, FOLIO, SHADOW };

/* struct map - for each page of the file: the kind of its entry and the entry's order */
struct map {
	struct tl *x;
	uint32_t first;
	struct {
		uint8_t what, order;
	} p[PAGES];
	uint64_t rng;
};

static uint32_t rnd(struct map *m, uint32_t below)
{
	m->rng = m->rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(m->rng >> 33) % below;
}

static void fill(struct map *m, uint32_t at, uint32_t nr, uint8_t what, uint8_t order)
{
	for (uint32_t i = at; i < at + nr; i++) {
		m->p[i].what = what;
		m->p[i].order = order;
		m->x->s->folios[m->first + i] =
			(struct folio){ .flags = what == SHADOW ? PG_shadow : 0 };
	}
}

/* a smaller folio splits the shadow at its place: into single pages in its node, and into
 * shadows of a whole node elsewhere */
static void split(struct map *m, uint32_t at)
{
	const uint32_t nr = 1u << m->p[at].order, start = at & ~(nr - 1);

	for (uint32_t i = start; i < start + nr; i++)
		m->p[i].order = i / XA_CHUNK_SIZE == at / XA_CHUNK_SIZE ? 0 : XA_CHUNK_SHIFT;
}

static void step(struct map *m)
{
	const uint8_t order = (uint8_t)rnd(m, rnd(m, 3) ? 4 : MAX_FOLIO_ORDER + 1);
	const uint32_t nr = 1u << order, at = rnd(m, PAGES / nr) * nr;
	const uint32_t page = rnd(m, PAGES);
	struct sim *s = m->x->s;

	switch (rnd(m, 6)) {
	case 0: /* add */
	case 1:
		for (uint32_t i = at; i < at + nr; i++)
			if (m->p[i].what == FOLIO)
				return;
		if (m->p[at].what == SHADOW && m->p[at].order > order && order < XA_CHUNK_SHIFT &&
		    m->p[at].order >= XA_CHUNK_SHIFT)
			split(m, at);
		else if (m->p[at].what == SHADOW && m->p[at].order > order &&
			 order >= XA_CHUNK_SHIFT)
			split(m, at);
		CU_ASSERT(xa_reserve(s, m->first + at, order, GFP_KERNEL) >= 0);
		xa_store_folio(s, m->first + at, order);
		fill(m, at, nr, FOLIO, order);
		break;
	case 2: /* evict, or drop */
	case 3:
	case 4:
		if (m->p[page].what == FOLIO) {
			const uint8_t of = m->p[page].order;
			const uint32_t start = page >> of << of;
			const bool drop = !rnd(m, 6);

			if (drop)
				xa_erase_folio(s, m->first + start, of);
			else
				xa_store_shadow(s, m->first + start, of);
			fill(m, start, 1u << of, drop ? NONE : SHADOW, of);
		}
		break;
	default: /* clear a shadow, or reclaim the oldest node */
		if (rnd(m, 4) == 0 && m->p[page].what == SHADOW) {
			const bool above = m->p[page].order >= XA_CHUNK_SHIFT;
			const uint32_t start = above ? page & ~(XA_CHUNK_SIZE - 1) : page;

			/* the rest of the shadow stays, in pieces */
			if (above)
				split(m, page);
			TL_EQ(xa_erase_shadow(s, m->first + start), above ? XA_CHUNK_SIZE : 1,
			      "page %u", page);
			fill(m, start, above ? XA_CHUNK_SIZE : 1, NONE, 0);
		} else if (rnd(m, 20) == 0 && scan_shadow_nodes(s, 0, 1)) {
			/* check() verifies which pages it had */
			for (uint32_t i = 0; i < PAGES; i++)
				if (m->p[i].what == SHADOW && !s->folios[m->first + i].flags)
					m->p[i].what = NONE;
		}
	}
}

static void check_node(const struct xa_node *n, unsigned int count, unsigned int values,
		       bool listed, uint32_t at, const char *kind)
{
	TL_EQ(n->count, count, "%s of page %u", kind, at);
	TL_EQ(n->nr_values, values, "%s of page %u", kind, at);
	TL_EQ(n->listed, listed, "%s of page %u", kind, at);
}

/* an entry for the first page alone needs no node, one within the first 64 pages only a leaf;
 * those of a folio of 64 pages or more are above the leaves */
static unsigned int nr_nodes(const struct map *m)
{
	unsigned int nr = 0, height = 0;

	for (uint32_t i = 0; i < PAGES; i++)
		if (m->p[i].what != NONE)
			height = MAX(height, i >= 4096					  ? 3u
					     : i >= 64 || m->p[i].order >= XA_CHUNK_SHIFT ? 2u
					     : i > 0 || m->p[i].order			  ? 1u
											  : 0u);
	for (uint32_t i = 0, leaf = 0, above = 0; i < PAGES; i++) {
		if (m->p[i].what == NONE)
			continue;
		if (height >= 1 && m->p[i].order < XA_CHUNK_SHIFT && leaf < i / 64 + 1) {
			leaf = i / 64 + 1;
			nr++;
		}
		if (height >= 2 && above < i / 4096 + 1) {
			above = i / 4096 + 1;
			nr++;
		}
	}
	return nr + (height >= 3);
}

static void check(const struct map *m)
{
	const struct page_trees *t = m->x->s->trees;
	unsigned int chunks = 0, leaves = 0, listed = 0;

	for (uint32_t i = 0; i < PAGES; i += XA_CHUNK_SIZE) {
		bool any = false;

		for (uint32_t p = i; p < MIN(i + XA_CHUNK_SIZE, PAGES); p++)
			any |= m->p[p].what != NONE;
		chunks += any;
	}
	for (uint32_t big = 0; big < PAGES; big += 4096) {
		unsigned int count = 0, values = 0;

		for (uint32_t i = big; i < MIN(big + 4096, PAGES); i += XA_CHUNK_SIZE) {
			unsigned int in = 0, shadows = 0, above = 0;
			bool is_listed;

			for (uint32_t p = i; p < MIN(i + XA_CHUNK_SIZE, PAGES); p++) {
				in += m->p[p].what != NONE;
				shadows += m->p[p].what == SHADOW;
				above += m->p[p].what != NONE && m->p[p].order >= XA_CHUNK_SHIFT;
			}
			count += in != 0;
			values += above && shadows;
			if (above)
				in = shadows = 0;
			is_listed = in && in == shadows &&
				    !(in == 1 && !i && m->p[0].what == SHADOW && chunks == 1);
			check_node(&t->nodes[i / XA_CHUNK_SIZE], in, shadows, is_listed, i, "leaf");
			leaves += in != 0;
			listed += is_listed;
		}
		check_node(&t->nodes[t->first[2] + big / 4096], count, values,
			   count && count == values, big, "node above");
		listed += count && count == values;
	}
	TL_EQ(t->nr_leaves, leaves, "leaves");
	TL_EQ(t->nr_nodes, nr_nodes(m), "nodes");
	TL_EQ(m->x->s->objcg->of[0].slab[SLAB_RECLAIMABLE] +
		      m->x->s->objcg->stock[0].nr_slab[SLAB_RECLAIMABLE],
	      592 * t->nr_nodes, "bytes");
	TL_EQ(t->shadow_nodes[0].nr_items, listed, "list");
	TL_EQ(t->nr_chunks[0], chunks, "chunks");
}

static void test_random(void)
{
	static struct map m;

	for (uint64_t seed = 1; seed <= 12; seed++) {
		memset(&m, 0, sizeof(m));
		m.rng = seed;
		m.x = tl_new("memcg_pages=60000 kmem=on max_folio_order=9", NULL,
			     "file,a,9000; spawn,1; mark,m");
		m.first = tl_slot(m.x, "a", 0);
		tl_to(m.x, "m");
		for (int i = 0; i < 1500; i++) {
			step(&m);
			if (i % 10 == 0 || i < 50)
				check(&m);
		}
		/* no run uses these folios */
		memset(&m.x->s->folios[m.first], 0, PAGES * sizeof(struct folio));
		tl_free(m.x);
	}
}

void suite_xarray(void)
{
	CU_pSuite s = CU_add_suite("xarray", NULL, NULL);

	CU_add_test(s, "counts of nodes, against a map of pages", test_random);
}
