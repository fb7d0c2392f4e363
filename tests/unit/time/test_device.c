// SPDX-License-Identifier: GPL-2.0-only
/* sim/time/device.c: completion times of requests, computed by hand, and the spread. */
#include <math.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/time/device.h"
#include "tests/unit/testlib.h"

void suite_device(void);

/* 4096 MB/s are 1 us per page, so read_us=101 is an access time of 100 us */
static const struct {
	const char *what;
	struct device_config cfg; /* .read_ns is in us here */
	struct {
		unsigned int pages, done_us;
	} reqs[4];
} cases[] = {
	{ "one page", { .read_ns = 101, .mbps = 4096 }, { { 1, 101 } } },
	{ "128 KiB", { .read_ns = 101, .mbps = 4096 }, { { 32, 132 } } },
	{ "depth 1: one after the other",
	  { .read_ns = 101, .mbps = 4096, .depth = 1 },
	  { { 1, 101 }, { 1, 202 }, { 32, 334 } } },
	/* the third begins at 101, when the first is complete */
	{ "depth 2: they share the link",
	  { .read_ns = 101, .mbps = 4096, .depth = 2 },
	  { { 1, 101 }, { 1, 102 }, { 1, 202 }, { 1, 203 } } },
	{ "no depth: only the link",
	  { .read_ns = 101, .mbps = 4096 },
	  { { 1, 101 }, { 1, 102 }, { 1, 103 } } },
	{ "a short one behind a long one",
	  { .read_ns = 101, .mbps = 4096 },
	  { { 32, 132 }, { 1, 133 } } },
	{ "no link: only the depth",
	  { .read_ns = 100, .depth = 2 },
	  { { 1, 100 }, { 32, 100 }, { 1, 200 }, { 1, 200 } } },
	{ "the transfer is longer than read_us", { .read_ns = 1, .mbps = 1024 }, { { 1, 4 } } },
	{ "no time at all", { 0 }, { { 1, 0 }, { 32, 0 } } },
};

struct bench {
	struct clock clock;
	struct device *d;
	uint64_t done_ns[256]; /* of each block; UINT64_MAX: not yet */
};

static void done(void *arg, uint32_t first, uint32_t nr)
{
	struct bench *b = arg;

	for (uint32_t i = first; i < first + nr; i++) {
		CU_ASSERT_EQUAL(b->done_ns[i], UINT64_MAX);
		b->done_ns[i] = b->clock.now_ns;
	}
}

static struct bench *make(struct device_config cfg, uint64_t seed)
{
	struct bench *b = g_new0(struct bench, 1);

	cfg.read_ns *= 1000;
	clock_init(&b->clock);
	b->d = device_new(&b->clock, &cfg, seed, done, b);
	memset(b->done_ns, 0xff, sizeof(b->done_ns));
	return b;
}

static void bench_free(struct bench *b)
{
	device_free(b->d);
	clock_clear(&b->clock);
	g_free(b);
}

/* complete all requests */
static void finish(struct bench *b)
{
	struct timer *t;

	while ((t = clock_pop(&b->clock))) {
		clock_advance_to(&b->clock, t->at_ns);
		t->fn(t->arg);
	}
}

static void test_times(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct bench *b = make(cases[i].cfg, 1);

		for (unsigned int r = 0; r < 4 && cases[i].reqs[r].pages; r++)
			device_read(b->d, 64 * r, cases[i].reqs[r].pages, 1);
		finish(b);
		for (unsigned int r = 0; r < 4 && cases[i].reqs[r].pages; r++) {
			const unsigned int last = 64 * r + cases[i].reqs[r].pages - 1;

			TL_EQ(b->done_ns[64 * r], cases[i].reqs[r].done_us * 1000, "%s, request %u",
			      cases[i].what, r);
			TL_EQ(b->done_ns[last], cases[i].reqs[r].done_us * 1000, "%s, request %u",
			      cases[i].what, r);
			TL_EQ(b->done_ns[last + 1], UINT64_MAX, "%s, request %u", cases[i].what, r);
		}
		TL_EQ(device_nr_served(b->d), 0, "%s", cases[i].what);
		TL_EQ(device_nr_queued(b->d), 0, "%s", cases[i].what);
		TL_EQ(device_is_instant(b->d), i + 1 == G_N_ELEMENTS(cases), "%s", cases[i].what);
		bench_free(b);
	}
}

static void test_queue(void)
{
	struct bench *b = make((struct device_config){ .read_ns = 100, .depth = 2 }, 1);

	for (unsigned int r = 0; r < 5; r++)
		device_read(b->d, r, 1, 1);
	CU_ASSERT_EQUAL(device_nr_served(b->d), 2);
	CU_ASSERT_EQUAL(device_nr_queued(b->d), 3);
	CU_ASSERT_EQUAL(device_nr_requests(b->d), 5);
	finish(b);
	CU_ASSERT_EQUAL(b->clock.now_ns, 300000);
	bench_free(b);
}

/* adjacent pages are one request, others are separate */
static void test_plug(void)
{
	static const uint32_t pages[] = { 3, 4, 5, 8, 10, 11 };
	struct bench *b = make((struct device_config){ .read_ns = 100, .depth = 1 }, 1);
	struct device_plug plug = { NULL };

	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++)
		device_plug(b->d, &plug, pages[i], true);
	CU_ASSERT_EQUAL(device_nr_served(b->d), 0);
	device_unplug(b->d, &plug);
	CU_ASSERT_EQUAL(device_nr_served(b->d), 1);
	CU_ASSERT_EQUAL(device_nr_queued(b->d), 2);
	finish(b);
	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++)
		TL_EQ(b->done_ns[pages[i]],
		      (i < 3   ? 100
		       : i < 4 ? 200
			       : 300) *
			      1000,
		      "page %u", pages[i]);
	bench_free(b);
}

/* a segment is a piece of memory; those of a request that is put together add up */
static void test_segments(void)
{
	const struct device_config cfg = { .read_ns = 101, .mbps = 4096, .segment_ns = 500 };
	struct device_plug plug = { NULL };
	struct bench *b = make(cfg, 1);

	device_read(b->d, 0, 32, 4);
	finish(b);
	TL_EQ(b->done_ns[31], 133500, "32 pages in 4 segments");
	bench_free(b);
	b = make(cfg, 1);
	/* the first block is the third page of a folio */
	for (uint32_t block = 2; block < 12; block++)
		device_plug(b->d, &plug, block, block % 4 == 0);
	device_unplug(b->d, &plug);
	finish(b);
	TL_EQ(b->done_ns[11], 111000, "10 pages in 3 segments");
	bench_free(b);
}

/* nobody hears of a request before the device has no other one */
static void test_together(void)
{
	for (uint32_t depth = 0; depth < 3; depth++) {
		struct bench *b = make(
			(struct device_config){
				.read_ns = 101, .mbps = 4096, .depth = depth, .together = true },
			1);
		/* us: the last one begins at 0, 202 or 101 */
		static const uint64_t last[] = { 132, 332, 231 };

		device_read(b->d, 0, 1, 1);
		device_read(b->d, 64, 1, 1);
		device_read(b->d, 128, 30, 1);
		finish(b);
		for (uint32_t r = 0; r < 3; r++)
			TL_EQ(b->done_ns[64 * r], last[depth] * 1000, "depth %u, request %u", depth,
			      r);
		TL_EQ(device_nr_served(b->d) + device_nr_queued(b->d), 0, "depth %u", depth);
		/* it is alone */
		device_read(b->d, 192, 1, 1);
		finish(b);
		TL_EQ(b->done_ns[192] - b->done_ns[0], 101000, "depth %u", depth);
		bench_free(b);
	}
}

/* the latencies of many reads, one at a time */
static void latencies(unsigned int spread_percent, uint64_t seed, double *v, unsigned int n)
{
	struct bench *b = make(
		(struct device_config){ .read_ns = 100, .spread_percent = spread_percent }, seed);

	for (unsigned int i = 0; i < n; i++) {
		const uint64_t start = b->clock.now_ns;

		b->done_ns[0] = UINT64_MAX;
		device_read(b->d, 0, 1, 1);
		finish(b);
		v[i] = (double)(b->done_ns[0] - start);
	}
	bench_free(b);
}

static void test_spread(void)
{
	enum { N = 20000 };
	static double v[N], w[N];
	double mean = 0, squares = 0, least = 1e18;
	unsigned int same = 0, beyond = 0;

	latencies(40, 1, v, N);
	for (int i = 0; i < N; i++) {
		mean += v[i] / N;
		least = MIN(least, v[i]);
		/* the fixed part plus three means of the exponential part: e^-3 are above */
		beyond += v[i] > 60000 + 3 * 40000;
	}
	for (int i = 0; i < N; i++)
		squares += (v[i] - mean) * (v[i] - mean);
	CU_ASSERT(fabs(mean - 100000) < 1000);
	CU_ASSERT(fabs(sqrt(squares / N) - 40000) < 1000);
	CU_ASSERT(least >= 60000 && least < 60100);
	CU_ASSERT(fabs(beyond / (double)N - 0.0498) < 0.005);
	/* the same seed gives the same latencies */
	latencies(40, 1, w, 100);
	for (int i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(v[i], w[i]);
	latencies(40, 2, w, 100);
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
	CU_add_test(s, "pieces of memory of a request", test_segments);
	CU_add_test(s, "a device that tells of all requests at once", test_together);
	CU_add_test(s, "mean, spread and tail of latencies", test_spread);
}
