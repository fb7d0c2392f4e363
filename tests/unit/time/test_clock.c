// SPDX-License-Identifier: GPL-2.0-only
/* sim/time/clock.c: the order of dispatch, worked out by hand and compared with a sort. */
#include <stdlib.h>

#include <CUnit/CUnit.h>

#include "sim/time/clock.h"
#include "sim/rng.h"
#include "tests/unit/testlib.h"

void suite_clock(void);

/* "TIME:NAME" pushes, "-NAME" cancels, "." pops; and the names in the order of the pops */
static const struct {
	const char *does, *comes;
} orders[] = {
	{ "30:a 10:b 20:c ...", "bca" },
	/* equal times: in the order of the pushes */
	{ "10:a 10:b 10:c ...", "abc" },
	{ "10:c 5:a 10:b 5:d ....", "adcb" },
	/* pushed while others are pending */
	{ "10:a 20:b . 15:c 20:d ...", "acbd" },
	/* cancelled and pushed again: last of its time */
	{ "10:a 10:b 10:c -a 10:a ...", "bca" },
	{ "10:a 20:b 30:c -b ..", "ac" },
	{ "10:a -a 10:b .", "b" },
	{ "10:a -a .", "-" },
	/* the place of a cancelled timer is taken by one that moves up, and by one that moves down
	 */
	{ "1:a 10:b 2:c 11:d 12:e 3:f -d ......", "acfbe-" },
	{ "1:a 2:b 3:c 4:d 5:e 6:f -a -b ....", "cdef" },
	/* the largest time */
	{ "18446744073709551615:a 0:b ..", "ba" },
};

static void test_orders(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		struct timer timers[26] = { 0 };
		g_autoptr(GString) out = g_string_new(NULL);
		struct clock c;

		clock_init(&c);
		for (const char *p = orders[i].does; *p; p++) {
			if (*p == '.') {
				struct timer *t = clock_pop(&c);

				g_string_append_c(out, t ? (char)('a' + (t - timers)) : '-');
				CU_ASSERT(!t || !timer_queued(t));
			} else if (*p == '-') {
				clock_cancel(&c, &timers[*++p - 'a']);
			} else if (*p != ' ') {
				char *end;
				uint64_t at = strtoull(p, &end, 10);

				clock_push(&c, &timers[end[1] - 'a'], at);
				p = end + 1;
			}
		}
		TL_STR(out->str, orders[i].comes, "%s", orders[i].does);
		CU_ASSERT_EQUAL(clock_next(&c), UINT64_MAX);
		clock_clear(&c);
	}
}

struct ref {
	uint64_t at, seq;
	struct timer *timer;
};

static int by_order(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* random pushes, pops and cancels, compared with an array that is sorted each time */
static void test_against_sort(void)
{
	enum { TIMERS = 300 };
	static struct timer timers[TIMERS];
	struct ref refs[TIMERS];
	uint64_t seq = 0;
	unsigned int nr = 0, pops = 0;
	struct clock c;
	struct rng r;

	clock_init(&c);
	rng_init(&r, 1, 0);
	for (int n = 0; n < 20000; n++) {
		struct timer *t = &timers[rng_below(&r, TIMERS)];
		unsigned int i = 0;

		if (rng_below(&r, 3) == 0) {
			struct timer *first = clock_pop(&c);

			qsort(refs, nr, sizeof(refs[0]), by_order);
			CU_ASSERT_PTR_EQUAL(first, nr ? refs[0].timer : NULL);
			if (nr)
				refs[0] = refs[--nr];
			pops++;
			continue;
		}
		if (timer_queued(t)) {
			while (refs[i].timer != t)
				i++;
			refs[i] = refs[--nr];
			clock_cancel(&c, t);
		}
		/* few different times, so that many are equal */
		refs[nr] = (struct ref){ rng_below(&r, 50), seq++, t };
		clock_push(&c, t, refs[nr++].at);
		CU_ASSERT_EQUAL(c.nr, nr);
	}
	CU_ASSERT(pops > 5000);
	clock_clear(&c);
}

/* counts background timers: if only these are left, nothing else will happen */
static void test_background(void)
{
	struct timer fore = { 0 }, back[2] = { { .background = true }, { .background = true } };
	struct clock c;

	clock_init(&c);
	clock_push(&c, &back[0], 10);
	clock_push(&c, &fore, 20);
	clock_push(&c, &back[1], 30);
	TL_EQ(c.nr_background, 2, "pushed");
	CU_ASSERT_PTR_EQUAL(clock_pop(&c), &back[0]);
	TL_EQ(c.nr_background, 1, "popped");
	clock_cancel(&c, &back[0]);
	clock_cancel(&c, &fore);
	TL_EQ(c.nr_background, 1, "the one cancelled was not, or not queued");
	clock_cancel(&c, &back[1]);
	TL_EQ(c.nr_background, 0, "cancelled");
	clock_clear(&c);
}

struct heard {
	const struct clock *c;
	uint64_t from[3], to[3];
	unsigned int nr;
};

static void hear(void *arg, uint64_t from_ns)
{
	struct heard *h = arg;

	CU_ASSERT_FATAL(h->nr < 3);
	h->from[h->nr] = from_ns;
	h->to[h->nr++] = h->c->now_ns;
}

/* clock.passed is called after each advance; the clock never goes back */
static void test_advance(void)
{
	struct clock c;
	struct heard h = { .c = &c };

	clock_init(&c);
	clock_advance(&c, 5); /* without a hook */
	c.passed = hear;
	c.arg = &h;
	clock_advance(&c, 7);
	clock_advance_to(&c, 12);
	clock_advance_to(&c, 11);
	clock_advance_to(&c, 20);
	TL_EQ(c.now_ns, 20, "now");
	TL_EQ(h.nr, 2, "pieces");
	TL_EQ(h.from[0], 5, "first");
	TL_EQ(h.to[0], 12, "first");
	TL_EQ(h.from[1], 12, "second");
	TL_EQ(h.to[1], 20, "second");
	clock_clear(&c);
}

void suite_clock(void)
{
	CU_pSuite s = CU_add_suite("clock", NULL, NULL);

	CU_add_test(s, "order, computed by hand", test_orders);
	CU_add_test(s, "random timers against a sort", test_against_sort);
	CU_add_test(s, "background timers", test_background);
	CU_add_test(s, "time passes", test_advance);
}
