// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/list.c, sim/mm/list.h: the ring that implements each LRU list. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/mm/list.h"
#include "tests/unit/testlib.h"
#include "traces/gen/gen.h"

void suite_list(void);

#define SLOTS 6000

/* first positions: around 0, and before positions wrap at 2^32 */
static const uint32_t starts[] = { 0,	    1, 63, UINT32_MAX, UINT32_MAX - 40, UINT32_MAX - 5000,
				   1u << 31 };

struct both {
	struct folio_list l;
	struct folio *folios;
	uint32_t *plain; /* [0] is the oldest */
	unsigned int nr;
	bool on[SLOTS];
};

static struct both *both_new(uint32_t start)
{
	struct both *b = g_new0(struct both, 1);

	b->folios = g_new0(struct folio, SLOTS);
	b->plain = g_new0(uint32_t, SLOTS);
	folio_list_init(&b->l);
	b->l.head = b->l.tail = start;
	return b;
}

static void both_free(struct both *b)
{
	folio_list_clear(&b->l);
	g_free(b->folios);
	g_free(b->plain);
	g_free(b);
}

static void both_add(struct both *b, uint32_t slot, bool tail)
{
	if (tail) {
		folio_list_add_tail(&b->l, b->folios, slot);
		memmove(b->plain + 1, b->plain, b->nr * sizeof(*b->plain));
		b->plain[0] = slot;
	} else {
		folio_list_add(&b->l, b->folios, slot);
		b->plain[b->nr] = slot;
	}
	b->nr++;
	b->on[slot] = true;
}

static void both_del(struct both *b, unsigned int at)
{
	uint32_t slot = b->plain[at];

	folio_list_del(&b->l, b->folios, slot);
	memmove(b->plain + at, b->plain + at + 1, (b->nr - at - 1) * sizeof(*b->plain));
	b->nr--;
	b->on[slot] = false;
}

static void both_take(struct both *b, unsigned int nr)
{
	uint32_t slots[64];
	uint64_t pages;
	unsigned int n = folio_list_take(&b->l, b->folios, nr, slots, &pages);

	TL_EQ(n, MIN(nr, b->nr), "taken");
	TL_EQ(pages, n, "pages");
	for (unsigned int i = 0; i < n; i++) {
		TL_EQ(slots[i], b->plain[i], "taken %u", i);
		b->on[slots[i]] = false;
	}
	memmove(b->plain, b->plain + n, (b->nr - n) * sizeof(*b->plain));
	b->nr -= n;
}

static void both_same(const struct both *b)
{
	uint32_t place = b->l.head, slot;
	unsigned int at = b->nr;
	bool same = b->l.nr == b->nr && !b->l.nr_tails && b->l.head - b->l.tail <= b->l.mask + 1;

	while ((slot = folio_list_prev(&b->l, &place)))
		same = same && at-- > 0 && b->plain[at] == slot && b->folios[slot].pos == place;
	CU_ASSERT(same && at == 0);
}

static void test_order(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		struct both *b = both_new(starts[i]);

		both_same(b);
		both_take(b, 5); /* an empty list has none */
		both_add(b, 1, false);
		both_add(b, 2, false);
		both_add(b, 3, true);
		both_add(b, 4, true);
		both_same(b); /* 4 3 1 2 from the tail */
		TL_EQ(b->plain[0], 4, "the tail");
		both_del(b, 1); /* a hole in the middle, at the tail, at the head */
		both_same(b);
		both_del(b, 0);
		both_same(b);
		both_del(b, 1);
		both_same(b);
		both_take(b, 9);
		TL_EQ(b->l.nr, 0, "empty");
		both_same(b);
		both_free(b);
	}
}

/* beyond 64 the ring doubles and keeps the order */
static void test_growth(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		for (int tail = 0; tail < 2; tail++) {
			struct both *b = both_new(starts[i]);
			uint32_t before = b->l.mask;

			TL_EQ(before, 63, "first ring");
			for (uint32_t s = 1; s <= 1000; s++)
				both_add(b, s, tail);
			both_same(b);
			TL_EQ(b->l.mask, 1023, "ring of 1000");
			while (b->nr)
				both_take(b, 32);
			both_same(b);
			both_free(b);
		}
	}
}

/* a ring with mostly holes is compacted, not doubled */
static void test_compaction(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		struct both *b = both_new(starts[i]);

		for (uint32_t s = 1; s <= 64; s++)
			both_add(b, s, false);
		/* the tail stays, so the holes after it cannot be skipped */
		while (b->nr > 8)
			both_del(b, 1 + (b->nr - 2) / 2);
		both_same(b);
		for (uint32_t s = 100; s < 100 + 30; s++)
			both_add(b, s, s % 3 == 0);
		both_same(b);
		TL_EQ(b->l.mask, 63, "not doubled");
		/* up to a quarter full (16 of 64) it is compacted, with more it doubles */
		both_free(b);

		for (unsigned int left = 15; left <= 17; left++) {
			b = both_new(starts[i]);
			for (uint32_t s = 1; s <= 64; s++)
				both_add(b, s, false);
			while (b->nr > left)
				both_del(b, 1);
			both_add(b, 100, false);
			TL_EQ(b->l.mask, left * 4 <= 63 ? 63 : 127, "%u of 64 left", left);
			both_same(b);
			both_free(b);
		}
	}
}

/* the steady state of an LRU: the ring keeps its size */
static void test_wraparound(void)
{
	struct both *b = both_new(UINT32_MAX - 1000);
	uint32_t next = 1;

	for (; next <= 60; next++)
		both_add(b, next, false);
	for (int round = 0; round < 200; round++) {
		both_take(b, 32);
		for (int i = 0; i < 32; i++, next = next % 5000 + 1)
			both_add(b, next, false);
	}
	both_same(b);
	TL_EQ(b->l.mask, 63, "ring of 60");
	CU_ASSERT(b->l.head < 1u << 20); /* the positions did wrap */
	both_free(b);
}

static void test_random(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		struct both *b = both_new(starts[i]);
		struct gen_rng rng;

		gen_rng_init(&rng, i);
		for (int op = 0; op < 20000; op++) {
			/* the list grows for a while, then shrinks */
			uint32_t what = gen_rng_below(&rng, 100), up = op / 2500 % 2 ? 30 : 55;

			if (what < up && b->nr < SLOTS - 2) {
				uint32_t slot = 1 + gen_rng_below(&rng, SLOTS - 1);

				while (b->on[slot])
					slot = slot % (SLOTS - 1) + 1;
				both_add(b, slot, what % 4 == 0);
			} else if (what < 95 && b->nr) {
				both_del(b, gen_rng_below(&rng, b->nr));
			} else if (what >= 95) {
				both_take(b, gen_rng_below(&rng, 12));
			}
			if (op % 97 == 0)
				both_same(b);
		}
		both_same(b);
		both_free(b);
	}
}

/* Regression: with few folios on the list folio_list_split() closed up holes for ever instead of
 * making room, so a trace that split its only large folio never ended. */
static void test_split(void)
{
	static const unsigned int others[] = { 0, 1, 20, 70, 600 };

	for (size_t i = 0; i < G_N_ELEMENTS(starts) * G_N_ELEMENTS(others); i++) {
		struct both *b = both_new(starts[i % G_N_ELEMENTS(starts)]);
		const unsigned int nr = others[i / G_N_ELEMENTS(starts)];
		uint32_t place, slot = 1;

		b->folios[1].order = 9;
		for (uint32_t n = 0; n < nr; n++)
			both_add(b, 1000 + n, false);
		both_add(b, 1, false);
		for (uint32_t n = 0; n < nr; n++)
			both_add(b, 2000 + n, false);
		b->folios[1].order = 0;
		folio_list_split(&b->l, b->folios, 1, 513);
		CU_ASSERT_EQUAL(folio_list_size(&b->l), 2 * nr + 512);
		/* newest first: 2000 and so on, the split folio's pages, 1000 and so on */
		place = b->l.head;
		for (uint32_t n = 0; n < 2 * nr + 512; n++) {
			slot = folio_list_prev(&b->l, &place);
			TL_EQ(slot,
			      n < nr	      ? 2000 + nr - 1 - n
			      : n - nr < 511  ? 2 + (n - nr)
			      : n - nr == 511 ? 1
					      : 1000 + 2 * nr + 511 - n,
			      "%u others, place %u", nr, n);
			CU_ASSERT_EQUAL(b->folios[slot].pos, place);
		}
		CU_ASSERT_EQUAL(folio_list_prev(&b->l, &place), FOLIO_NONE);
		both_free(b);
	}
}

void suite_list(void)
{
	CU_pSuite s = CU_add_suite("list", NULL, NULL);

	CU_add_test(s, "order of head, tail and holes", test_order);
	CU_add_test(s, "growth", test_growth);
	CU_add_test(s, "holes are closed up", test_compaction);
	CU_add_test(s, "positions wrap at 2^32", test_wraparound);
	CU_add_test(s, "a split of one of few folios", test_split);
	CU_add_test(s, "random operations equal a plain array", test_random);
}
