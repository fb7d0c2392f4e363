// SPDX-License-Identifier: GPL-2.0-only
/* sim/time/device.c: when requests are complete, computed by hand, and the spread. */
#include <math.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/time/device.h"
#include "sim/time/sched.h"
#include "tests/unit/testlib.h"

void suite_device(void);

/* 4096 MB/s are 1 us a page, so read_us=101 is an access of 100 us */
static const struct {
	const char *what, *machine;
	struct {
		unsigned int pages, done_us;
	} reqs[4];
} cases[] = {
	{ "one page", "read_us=101 device_mbps=4096", { { 1, 101 } } },
	{ "128 KiB", "read_us=101 device_mbps=4096", { { 32, 132 } } },
	{ "depth 1: one after the other",
	  "read_us=101 device_mbps=4096 device_depth=1",
	  { { 1, 101 }, { 1, 202 }, { 32, 334 } } },
	/* the third begins at 101, when the first is complete */
	{ "depth 2: they share the link",
	  "read_us=101 device_mbps=4096 device_depth=2",
	  { { 1, 101 }, { 1, 102 }, { 1, 202 }, { 1, 203 } } },
	{ "no depth: only the link",
	  "read_us=101 device_mbps=4096",
	  { { 1, 101 }, { 1, 102 }, { 1, 103 } } },
	{ "a short one behind a long one",
	  "read_us=101 device_mbps=4096",
	  { { 32, 132 }, { 1, 133 } } },
	{ "no link: only the depth",
	  "read_us=100 device_depth=2",
	  { { 1, 100 }, { 32, 100 }, { 1, 200 }, { 1, 200 } } },
	{ "the transfer is longer than read_us", "read_us=1 device_mbps=1024", { { 1, 4 } } },
	{ "no time at all", "read_us=0", { { 1, 0 }, { 32, 0 } } },
};

static struct tl *make(const char *machine, struct timed_config *timed, uint64_t seed)
{
	timed_config_init(timed, &kill_none);
	timed->seed = seed;
	return tl_new_timed(machine, NULL, timed, "file,a,256");
}

static void test_times(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct timed_config timed;
		struct tl *x = make(cases[i].machine, &timed, 1);
		uint32_t base = tl_slot(x, "a", 0);

		for (unsigned int r = 0; r < 4 && cases[i].reqs[r].pages; r++)
			for (unsigned int p = 0; p < cases[i].reqs[r].pages; p++)
				x->s->folios[base + 64 * r + p].flags = PG_locked;
		for (unsigned int r = 0; r < 4 && cases[i].reqs[r].pages; r++)
			device_read(x->s, base + 64 * r, cases[i].reqs[r].pages);
		for (unsigned int r = 0; r < 4 && cases[i].reqs[r].pages; r++) {
			const unsigned int last = cases[i].reqs[r].pages - 1;

			while (x->s->folios[base + 64 * r + last].flags & PG_locked)
				if (!sched_turn(x->s))
					break;
			TL_EQ(x->s->clock.now_ns, cases[i].reqs[r].done_us * 1000, "%s, request %u",
			      cases[i].what, r);
			TL_EQ(x->s->folios[base + 64 * r].flags, 0, "%s", cases[i].what);
		}
		TL_EQ(device_nr_served(x->s->device), 0, "%s", cases[i].what);
		TL_EQ(device_nr_queued(x->s->device), 0, "%s", cases[i].what);
		tl_free(x);
	}
}

static void test_queue(void)
{
	struct timed_config timed;
	struct tl *x = make("read_us=100 device_depth=2", &timed, 1);

	for (unsigned int r = 0; r < 5; r++)
		device_read(x->s, tl_slot(x, "a", r), 1);
	CU_ASSERT_EQUAL(device_nr_served(x->s->device), 2);
	CU_ASSERT_EQUAL(device_nr_queued(x->s->device), 3);
	while (sched_turn(x->s))
		;
	CU_ASSERT_EQUAL(x->s->clock.now_ns, 300000);
	tl_free(x);
}

/* pages that lie together are one request; the rest is not */
static void test_plug(void)
{
	static const uint32_t pages[] = { 3, 4, 5, 8, 10, 11 };
	struct timed_config timed;
	struct tl *x = make("read_us=100 device_depth=1", &timed, 1);
	struct device_plug plug = { NULL };

	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++)
		device_plug(x->s, &plug, tl_slot(x, "a", pages[i]));
	CU_ASSERT_EQUAL(device_nr_served(x->s->device), 0);
	device_unplug(x->s, &plug);
	CU_ASSERT_EQUAL(device_nr_served(x->s->device), 1);
	CU_ASSERT_EQUAL(device_nr_queued(x->s->device), 2);
	tl_free(x);
}

/* the latencies of many reads, one at a time */
static void latencies(const char *machine, uint64_t seed, double *v, unsigned int n)
{
	struct timed_config timed;
	struct tl *x = make(machine, &timed, seed);

	for (unsigned int i = 0; i < n; i++) {
		const uint64_t start = x->s->clock.now_ns;

		device_read(x->s, tl_slot(x, "a", 0), 1);
		while (sched_turn(x->s))
			;
		v[i] = (double)(x->s->clock.now_ns - start);
	}
	tl_free(x);
}

static void test_spread(void)
{
	enum { N = 20000 };
	static double v[N], w[N];
	double mean = 0, squares = 0, least = 1e18;
	unsigned int same = 0, beyond = 0;

	latencies("read_us=100 device_spread_percent=40", 1, v, N);
	for (int i = 0; i < N; i++) {
		mean += v[i] / N;
		least = MIN(least, v[i]);
		/* the fixed part and three means of the other: e^-3 are beyond */
		beyond += v[i] > 60000 + 3 * 40000;
	}
	for (int i = 0; i < N; i++)
		squares += (v[i] - mean) * (v[i] - mean);
	CU_ASSERT(fabs(mean - 100000) < 1000);
	CU_ASSERT(fabs(sqrt(squares / N) - 40000) < 1000);
	CU_ASSERT(least >= 60000 && least < 60100);
	CU_ASSERT(fabs(beyond / (double)N - 0.0498) < 0.005);
	/* a seed says it all */
	latencies("read_us=100 device_spread_percent=40", 1, w, 100);
	for (int i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(v[i], w[i]);
	latencies("read_us=100 device_spread_percent=40", 2, w, 100);
	for (int i = 0; i < 100; i++)
		same += v[i] == w[i];
	CU_ASSERT(same < 5);
}

void suite_device(void)
{
	CU_pSuite s = CU_add_suite("device", NULL, NULL);

	CU_add_test(s, "when requests are complete", test_times);
	CU_add_test(s, "served and queued", test_queue);
	CU_add_test(s, "pages that lie together are one request", test_plug);
	CU_add_test(s, "mean, spread and tail of latencies", test_spread);
}
