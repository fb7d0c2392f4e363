// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/page_alloc.c: v7.3 mm/page_alloc.c and mm/vmstat.c. Most cases set the state of a
 * zone, then allocate and free single pages.
 *
 * "gib" is 1 GiB, 262144 pages, one CPU: watermarks 1024, 1286, 1548; batch 63 (262144 >> 12
 * = 64; 96 rounded down to 64, minus 1); the per-CPU list has 1286 to 262144 / 8 = 32768
 * pages; a CPU counts up to 2 * 1 * (1 + fls(8)) = 10 pages before it updates the zone.
 */
#include <errno.h>

#include <CUnit/CUnit.h>

#include "sim/mm/charge.h"
#include "sim/mm/kswapd.h"
#include "sim/mm/page_alloc.h"
#include "tests/unit/testlib.h"

void suite_page_alloc(void);

static const char gib[] = "memory_pages=262144 scan_ns=1000";

/* allocate @nr pages for a task on CPU 0 */
static void take(struct tl *x, unsigned int nr)
{
	while (nr--)
		CU_ASSERT_EQUAL(alloc_page(x->s, 0, GFP_KERNEL), 0);
}

static void give(struct tl *x, unsigned int nr)
{
	while (nr--)
		free_page(x->s);
}

/*
 * calculate_min_free_kbytes(): min = clamp(sqrt(kbytes * 16), 128, 262144) kB. low and high
 * are each max(min / 4, managed * watermark_scale_factor / 10000) above the one before.
 */
static void test_watermarks(void)
{
	static const struct {
		const char *machine;
		uint64_t min, low, high;
	} rows[] = {
		/* 512 kB * 16: sqrt 90, clamped to 128 kB */
		{ "memory_pages=128", 32, 40, 48 },
		/* 4000 * 16 = 64000: sqrt 252 kB = 63 pages; 63 / 4 = 15 */
		{ "memory_pages=1000", 63, 78, 93 },
		/* 16 MiB: 512 kB */
		{ "memory_pages=4096", 128, 160, 192 },
		/* 256 MiB: 2048 kB; min / 4 = 128 > 65 */
		{ "memory_pages=65536", 512, 640, 768 },
		/* 1 GiB: 4096 kB; 262144 / 1000 = 262 > 256 */
		{ "memory_pages=262144", 1024, 1286, 1548 },
		/* 4 GiB: 8192 kB; 1048 */
		{ "memory_pages=1048576", 2048, 3096, 4144 },
		/* 128 GiB: sqrt(2^31) = 46340 kB = 11585 pages; 33554 */
		{ "memory_pages=33554432", 11585, 45139, 78693 },
		/* 4 TiB: 262144 kB, the maximum */
		{ "memory_pages=1073741824", 65536, 65536 + 1073741, 65536 + 2 * 1073741 },
		{ "memory_pages=2147483648", 65536, 65536 + 2147483, 65536 + 2 * 2147483 },
		/* min_free_kbytes and watermark_scale_factor as set */
		{ "memory_pages=65536 min_free_pages=300", 300, 375, 450 },
		{ "memory_pages=65536 min_free_pages=300 watermark_scale_factor=100", 300, 955,
		  1610 },
		{ "memory_pages=65536 watermark_scale_factor=3000", 512, 20172, 39832 },
		/* a memcg has none */
		{ "memcg_pages=65536", 0, 0, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_new(rows[i].machine, NULL, "spawn,1");

		TL_EQ((uint64_t)x->s->zone.wmark_min, rows[i].min, "%s", rows[i].machine);
		TL_EQ((uint64_t)x->s->zone.wmark_low, rows[i].low, "%s", rows[i].machine);
		TL_EQ((uint64_t)x->s->zone.wmark_high, rows[i].high, "%s", rows[i].machine);
		tl_free(x);
	}
}

/* zone_batchsize(), zone_highsize(), calculate_normal_threshold(), and the
 * percpu_drift_mark of refresh_zone_stat_thresholds() */
static void test_sizes(void)
{
	static const struct {
		const char *machine;
		int batch, high_min, high_max, threshold;
		int64_t drift_mark;
	} rows[] = {
		/* low 160. With two or more CPUs the mark is CPUs * threshold, and more
		 * if that exceeds 160 - 128 */
		{ "memory_pages=4096", 1, 160, 512, 2, 0 },
		{ "memory_pages=4096 cpus=4", 1, 40, 128, 6, 24 },
		{ "memory_pages=4096 cpus=8", 1, 20, 64, 8, 192 + 64 },
		/* 8192 >> 12 = 2, 3 rounded down to 2; low 181 + 45 */
		{ "memory_pages=8192", 1, 226, 1024, 2, 0 },
		/* 3, 4 stays 4; min 886 kB = 221, low 221 + 55 */
		{ "memory_pages=12288", 3, 276, 1536, 2, 0 },
		/* 32, 48 rounded down to 32; low 724 + 181; fls(131072 >> 15) = 3 */
		{ "memory_pages=131072 cpus=2", 31, 452, 8192, 16, 32 },
		{ gib, 63, 1286, 32768, 10, 0 },
		/* 128 GiB: fls(1024) = 11 */
		{ "memory_pages=33554432 cpus=4", 63, 45139 / 4, 1048576, 2 * 3 * 12, 4 * 72 },
		/* 65536 >> 12 = 16, 24 rounded down to 16; min 2048 kB, low 512 + 128 */
		{ "memory_pages=12288 managed_pages=65536", 15, 640, 8192, 6, 0 },
		/* at least four batches */
		{ "memory_pages=12288 min_free_pages=1 cpus=8", 3, 12, 192, 8, 25 + 64 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_new(rows[i].machine, NULL, "spawn,1");
		const struct zone *z = &x->s->zone;

		TL_EQ(z->batch, rows[i].batch, "%s", rows[i].machine);
		TL_EQ(z->high_min, rows[i].high_min, "%s", rows[i].machine);
		TL_EQ(z->high_max, rows[i].high_max, "%s", rows[i].machine);
		TL_EQ(z->stat_threshold, rows[i].threshold, "%s", rows[i].machine);
		TL_EQ(z->percpu_drift_mark, rows[i].drift_mark, "%s", rows[i].machine);
		TL_EQ(z->free, x->s->cfg.machine.memory_pages, "%s", rows[i].machine);
		tl_free(x);
	}
}

/* each refill of a list is twice as large as the last, up to 32 batches, and the list may grow
 * by as much, but only above the high watermark */
static void test_refill(void)
{
	static const unsigned int above[] = { 63, 126, 252, 504, 1008, 2016, 2016 };
	struct tl *x = tl_new(gib, NULL, "spawn,1");
	struct per_cpu_pages *pcp = &x->s->cpus[0].pcp;
	int64_t left = 262144;
	int high = 1286;

	for (size_t i = 0; i < G_N_ELEMENTS(above); i++) {
		take(x, 1);
		left -= above[i];
		high += (int)above[i];
		TL_EQ(pcp->count, above[i] - 1, "refill %zu", i);
		TL_EQ(pcp->lists[MIGRATE_MOVABLE], above[i] - 1, "refill %zu", i);
		TL_EQ(pcp->high, high, "refill %zu", i);
		TL_EQ(zone_free_exact(x->s), left, "refill %zu", i);
		take(x, above[i] - 1);
		TL_EQ(zone_free_exact(x->s), left, "refill %zu is used up", i);
	}
	TL_EQ(pcp->alloc_factor, 5, "2^5 batches");
	/* a freed page halves that 5, so the next refill has four batches */
	give(x, 1);
	take(x, 2);
	TL_EQ(pcp->count, 252 - 1, "after one was freed");
	/* below high the list does not grow, and has room for one batch */
	take(x, 251);
	x->s->zone.below_high = true;
	pcp->high = 1500;
	pcp->alloc_factor = 5;
	take(x, 1);
	TL_EQ(pcp->high, 1500, "below high");
	TL_EQ(pcp->count, 1500 - 63 - 1, "below high");
	/* kernel pages have a list of their own: 1500 - 1436 - 63 = 1, but at least a
	 * batch */
	alloc_kernel_pages(x->s, 1);
	TL_EQ(pcp->lists[MIGRATE_UNMOVABLE], 63 - 1, "the kernel's list");
	TL_EQ(pcp->count, 1436 + 62, "both lists");
	TL_EQ(pcp->alloc_factor, 5, "32 batches did not fit");
	tl_free(x);
}

/* watermark_scale_factor 3000 with 1000 pages: low is 63 + 300, but an eighth of memory is 125.
 * clamp() returns the lower bound once, then always the upper. */
static void test_high_min_above_max(void)
{
	struct tl *x = tl_new("memory_pages=1000 watermark_scale_factor=3000", NULL, "spawn,1");
	struct per_cpu_pages *pcp = &x->s->cpus[0].pcp;

	x->s->zone.below_high = true; /* the list does not grow */
	take(x, 1);
	TL_EQ(pcp->high, 363, "at first");
	take(x, 1);
	TL_EQ(pcp->high, 125, "then");
	take(x, 2);
	TL_EQ(pcp->high, 125, "and on");
	tl_free(x);
}

/* freed pages stay on the list up to its high mark */
static void test_free(void)
{
	struct tl *x = tl_new(gib, NULL, "spawn,1");
	struct per_cpu_pages *pcp = &x->s->cpus[0].pcp;
	struct zone *z = &x->s->zone;

	/* 63 + 126 + 252 + 504 + 1008: the list may have 1286 + 1953 pages */
	take(x, 1953);
	TL_EQ(pcp->count, 0, "used up");
	give(x, 1953);
	TL_EQ(pcp->count, 1953, "all kept");
	TL_EQ(pcp->free_count, 1953, "in a row");
	/* 3238 are less than 3239; with the next, 2016 pages, 32 batches, go back at once */
	give(x, 1285);
	TL_EQ(pcp->count, 3238, "full");
	TL_EQ(pcp->free_count, 2016, "no more are counted");
	give(x, 1);
	TL_EQ(pcp->count, 3239 - 2016, "32 batches");
	TL_EQ(pcp->high, 3239, "it holds 2016 + 63");

	/* free_count counts pages freed since the last allocation, which halved it. At
	 * least a batch goes back, and a batch stays */
	pcp->count = pcp->lists[MIGRATE_MOVABLE] = 1299;
	pcp->high = 1300;
	pcp->free_count = 20;
	give(x, 1);
	TL_EQ(pcp->count, 1300 - 63, "a batch");
	pcp->count = pcp->lists[MIGRATE_MOVABLE] = 1299;
	pcp->free_count = 1999;
	give(x, 1);
	TL_EQ(pcp->count, 63, "all but a batch");
	TL_EQ(pcp->high, 2000 + 63, "next time it holds them");
	take(x, 1);
	TL_EQ(pcp->free_count, 1000, "halved");

	/* below high: pages above high_min go back, and high falls by as much */
	z->below_high = true;
	z->free = 1000;
	pcp->count = pcp->lists[MIGRATE_MOVABLE] = 1284;
	pcp->high = 3000;
	pcp->free_count = 99;
	give(x, 1);
	TL_EQ(pcp->count, 1285, "below high: kept up to 1286");
	TL_EQ(pcp->high, 3000 - 100, "below high");
	give(x, 1);
	TL_EQ(pcp->count, 1286 - 101, "below high");
	/* during reclaim the list has at most four batches */
	z->reclaim_active = true;
	pcp->count = pcp->lists[MIGRATE_MOVABLE] = 250;
	pcp->high = 3000;
	pcp->free_count = 0;
	give(x, 1);
	TL_EQ(pcp->count, 251, "reclaim");
	TL_EQ(pcp->high, 3000 - 63, "reclaim");
	give(x, 1);
	TL_EQ(pcp->count, 252 - 63, "reclaim");
	tl_free(x);
}

/* ZONE_BELOW_HIGH: set by an allocation with no more than high pages free, cleared when pages go
 * back from a list and more than high are free */
static void test_below_high(void)
{
	struct tl *x = tl_new(gib, NULL, "spawn,1");
	struct per_cpu_pages *pcp = &x->s->cpus[0].pcp;
	struct zone *z = &x->s->zone;

	pcp->count = pcp->lists[MIGRATE_MOVABLE] = 10;
	z->free = 1549;
	take(x, 1);
	TL_EQ(z->below_high, false, "1549");
	z->free = 1548;
	take(x, 1);
	TL_EQ(z->below_high, true, "1548");
	/* 63 go back: 1485 + 55 counted are not enough, 1494 + 55 are */
	for (int64_t i = 0; i < 2; i++) {
		pcp->count = pcp->lists[MIGRATE_MOVABLE] = 1285;
		pcp->free_count = 0;
		x->s->cpus[0].free_diff = 0;
		z->free = 1493 + i;
		give(x, 1);
		TL_EQ(pcp->count, 1286 - 63, "one batch");
		TL_EQ(z->free, 1548 + i, "five times 11");
		TL_EQ(z->below_high, !i, "%d", (int)i);
	}
	tl_free(x);
}

/* NR_FREE_PAGES: a CPU updates the zone when its own count exceeds 10 */
static void test_drift(void)
{
	struct tl *x = tl_new(gib, NULL, "spawn,1");
	struct sim *s = x->s;

	take(x, 1); /* 63 = 5 * 11 + 8 */
	TL_EQ(s->zone.free, 262144 - 55, "told");
	TL_EQ(-s->cpus[0].free_diff, 8, "not told");
	TL_EQ(zone_free_exact(s), 262144 - 63, "both");
	CU_ASSERT(refresh_vm_stats(s));
	TL_EQ(s->zone.free, 262144 - 63, "refreshed");
	TL_EQ(s->cpus[0].free_diff, 0, "refreshed");
	tl_free(x);

	/* eight CPUs: 8 * 8 uncounted pages are more than 160 - 128. So below 192 + 64 the
	 * exact number is used, and while kswapd is awake up to 32 / 8 are uncounted */
	x = tl_new("memory_pages=4096 cpus=8", NULL, "spawn,1");
	s = x->s;
	s->zone.free = 193;
	CU_ASSERT(zone_balanced(s, 0));
	s->cpus[7].free_diff = -1;
	CU_ASSERT(!zone_balanced(s, 0));
	set_pgdat_percpu_threshold(s, true);
	TL_EQ(s->zone.stat_threshold, 4, "awake");
	set_pgdat_percpu_threshold(s, false);
	TL_EQ(s->zone.stat_threshold, 8, "asleep");
	tl_free(x);

	/* four CPUs: 4 * 6 are not more, so the exact number is not used. But there is a
	 * mark, so while kswapd is awake 32 / 4 are uncounted, which is more than otherwise */
	x = tl_new("memory_pages=4096 cpus=4", NULL, "spawn,1");
	s = x->s;
	s->zone.free = 193;
	s->cpus[3].free_diff = -6;
	CU_ASSERT(zone_balanced(s, 0));
	set_pgdat_percpu_threshold(s, true);
	TL_EQ(s->zone.stat_threshold, 8, "awake");
	set_pgdat_percpu_threshold(s, false);
	TL_EQ(s->zone.stat_threshold, 6, "asleep");
	tl_free(x);

	/* one CPU: no mark */
	x = tl_new("memory_pages=4096", NULL, "spawn,1");
	s = x->s;
	set_pgdat_percpu_threshold(s, true);
	TL_EQ(s->zone.stat_threshold, 2, "as ever");
	tl_free(x);
}

/* decay_pcp_high(), each second: high falls by an eighth, but not far below the length of the
 * list; pages above it go back */
static void test_decay(void)
{
	static const struct {
		int count, high, count_after, high_after;
	} rows[] = {
		{ 100, 3239, 100, 3239 - 404 },
		{ 3000, 3239, 2835, 2835 },
		{ 100, 1300, 100, 1286 },
		{ 1290, 1286, 1286, 1286 },
		/* 5000 - 32 * 63 */
		{ 5000, 3239, 2984, 2984 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_new(gib, NULL, "spawn,1; advance,999999999; mark,a");
		struct per_cpu_pages *pcp = &x->s->cpus[0].pcp;

		pcp->count = rows[i].count;
		pcp->lists[MIGRATE_UNMOVABLE] = 7;
		pcp->lists[MIGRATE_MOVABLE] = rows[i].count - 7;
		pcp->high = rows[i].high;
		clock_advance(&x->s->clock, 999999999);
		TL_EQ(pcp->high, rows[i].high, "row %zu, not yet", i);
		clock_advance(&x->s->clock, 1);
		TL_EQ(pcp->high, rows[i].high_after, "row %zu", i);
		TL_EQ(pcp->count, rows[i].count_after, "row %zu", i);
		/* pages of the kernel's list go first */
		TL_EQ(pcp->lists[MIGRATE_UNMOVABLE],
		      rows[i].count_after < rows[i].count && rows[i].count - rows[i].count_after > 6
			      ? 0
			      : 7 - (rows[i].count - rows[i].count_after),
		      "row %zu", i);
		tl_free(x);
	}
}

/* three seconds in one step: 3239, 2835, 2481, 2171 */
static void test_decay_seconds(void)
{
	struct tl *x = tl_new(gib, NULL, "spawn,1");

	x->s->cpus[0].pcp.high = 3239;
	clock_advance(&x->s->clock, 3500000000);
	TL_EQ(x->s->cpus[0].pcp.high, 2171, "3 s");
	tl_free(x);
}

/*
 * An allocation enters direct reclaim with 1286 pages on its CPU's list: a refill of 1287
 * (32 batches would be 2016) has emptied the zone, and the watermark check only counts the
 * zone. kswapd was woken but has not run yet. Of 4000 pages reclaim takes 1, 3, 7, 15 and 31
 * at priorities 11 to 7, together 57 >= 32. The first freed page makes 1287 >= max(1287,
 * 1286), so a batch of 63 goes back, of which 55 (5 * 11) are counted. 56 more pages fill
 * the list to 1280. 55 is still below min, so all lists are drained: 8 + 1280 = 117 * 11 +
 * 1, 1342 free. Then a batch of 63 is taken: 12 pages turn 1 into -11, and 4 * 11 more are
 * counted.
 */
static void test_direct_reclaim(void)
{
	struct tl *x = tl_run(gib, NULL, "file,a,4000; spawn,1; read,1,a,0,4000; drain");
	struct per_cpu_pages *pcp = &x->s->cpus[0].pcp;
	struct zone *z = &x->s->zone;

	*pcp = (struct per_cpu_pages){ .high = 3239, .alloc_factor = 5 };
	x->s->cpus[0].free_diff = 0;
	z->free = 1287;
	z->below_high = true;
	take(x, 1);
	TL_EQ(tl_stat(x, VM_allocstall), 0, "1287 are more than low");
	TL_EQ(pcp->count, 1286, "all of the zone");
	TL_EQ(z->free, 0, "all of the zone");
	TL_EQ(x->s->kswapd.awake, false, "nobody woke it");
	take(x, 1);
	TL_EQ(tl_stat(x, VM_allocstall), 1, "direct reclaim");
	TL_EQ(tl_stat(x, VM_pgsteal_direct), 57, "direct reclaim");
	TL_EQ(x->s->clock.now_ns, 57000, "it took its time");
	TL_EQ(x->s->kswapd.awake, true, "woken first");
	TL_EQ(tl_stat(x, VM_pageoutrun), 0, "but the task has the CPU");
	TL_EQ(z->free, 1287, "after the next refill");
	TL_EQ(pcp->count, 62, "after the next refill");
	tl_free(x);
}

/* nothing to reclaim: readahead gives up, other allocations are out of memory, the kernel's own
 * use the last pages. (allocstall: do_try_to_free_pages() runs twice.) */
static void test_exhausted(void)
{
	struct tl *x = tl_new("memory_pages=4096", NULL, "spawn,1");
	struct sim *s = x->s;

	s->zone.free = 129;
	s->zone.below_high = true;
	s->kswapd.failures = 16; /* nothing wakes it any more */
	TL_EQ(alloc_page(s, 0, GFP_READAHEAD), 0, "129 are more than min");
	s->zone.free = 128;
	s->cpus[0].free_diff = 0;
	TL_EQ(-alloc_page(s, 0, GFP_READAHEAD), ENOMEM, "readahead");
	TL_EQ(s->oom, false, "readahead");
	TL_EQ(tl_stat(x, VM_allocstall), 2, "readahead");
	TL_EQ(-alloc_page(s, 0, GFP_KERNEL), ENOMEM, "task");
	TL_EQ(s->oom, true, "task");
	TL_EQ(tl_stat(x, VM_allocstall), 4, "at once: 128 free and no page to free");
	alloc_kernel_pages(s, 3);
	TL_EQ(s->zone.free, 125, "a table is always found");
	TL_EQ(s->zone.nr_kernel, 3, "a table is always found");
	tl_free(x);
}

/* kernel pages: 19 per process, one per table of 512 PTEs, one per 7 nodes of the page cache,
 * each of which covers 64 pages */
static void test_kernel_pages(void)
{
	static const struct {
		const char *ops;
		int64_t pages;
	} rows[] = {
		{ "spawn,1", 19 },
		{ "spawn,1; fork,1,2", 38 },
		{ "spawn,1; exit,1", 0 },
		{ "spawn,1; anon,1,500,20,rw-p; touch,1,500,12,w", 20 },
		{ "spawn,1; anon,1,500,20,rw-p; touch,1,500,13,w", 21 },
		{ "spawn,1; anon,1,500,20,rw-p; touch,1,500,13,w; fork,1,2", 42 },
		{ "spawn,1; anon,1,500,20,rw-p; touch,1,500,13,w; exec,1", 19 },
		{ "spawn,1; anon,1,500,20,rw-p; touch,1,500,13,w; kill,1", 0 },
		{ "spawn,1; read,1,a,0,448", 20 },
		{ "spawn,1; read,1,a,0,449", 21 },
		/* each file has nodes of its own */
		{ "spawn,1; read,1,a,0,385; read,1,b,0,1", 21 },
		{ "spawn,1; read,1,a,0,384; read,1,b,0,1", 20 },
		{ "spawn,1; read,1,a,0,449; read,1,a,0,449; drop_caches", 19 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,600; file,b,600;", rows[i].ops, NULL);
		struct tl *x = tl_run("memory_pages=4096", NULL, text);

		TL_EQ(x->s->zone.nr_kernel, rows[i].pages, "%s", rows[i].ops);
		tl_free(x);
		x = tl_run("memcg_pages=4096", NULL, text);
		TL_EQ(x->s->zone.nr_kernel, 0, "in a memcg: %s", rows[i].ops);
		tl_free(x);
	}
}

/* what the list of CPU 0 has at the start is not free in the zone. It is unmovable: a page table
 * comes from there. Bug: page cache did, too, and kswapd was woken 300 pages late */
static void test_pcp_pages(void)
{
	struct tl *x = tl_new("memory_pages=4096 cpus=2 pcp_pages=100", NULL, "spawn,1");

	TL_EQ(x->s->cpus[0].pcp.count, 100, "on the list");
	TL_EQ(x->s->cpus[1].pcp.count, 0, "another CPU");
	TL_EQ(x->s->zone.free, 3996, "the rest");
	alloc_kernel_pages(x->s, 1);
	TL_EQ(zone_free_exact(x->s), 3996, "the kernel's own");
	TL_EQ(x->s->cpus[0].pcp.count, 99, "the kernel's own");
	take(x, 1);
	CU_ASSERT(zone_free_exact(x->s) < 3996);
	CU_ASSERT(x->s->cpus[0].pcp.count >= 99);
	tl_free(x);
}

/* order_to_pindex() of a movable block */
#define PINDEX(order) ((order)*MIGRATE_PCPTYPES + MIGRATE_MOVABLE)

/* pcp_allowed_order(): blocks of order 1 to 3 and 9 have lists, all others go past them. A
 * refill takes 63 >> order blocks, but at least two */
static void test_blocks(void)
{
	static const struct {
		unsigned int order;
		int pindex, stay;
	} rows[] = {
		{ 1, PINDEX(1), 30 * 2 },
		{ 2, PINDEX(2), 14 * 4 },
		{ 3, PINDEX(3), 6 * 8 },
		{ 9, NR_PCP_LISTS - 1, 1 * 512 },
		{ 4, -1, 0 },
		{ 8, -1, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const int nr = 1 << rows[i].order;
		struct tl *x = tl_new(gib, NULL, "spawn,1");
		struct per_cpu_pages *pcp = &x->s->cpus[0].pcp;

		TL_EQ(alloc_folio(x->s, 0, rows[i].order), 0, "order %u", rows[i].order);
		TL_EQ(pcp->count, rows[i].stay, "order %u", rows[i].order);
		TL_EQ(zone_free_exact(x->s), 262144 - nr - rows[i].stay, "order %u", rows[i].order);
		free_folio(x->s, (uint32_t)nr);
		TL_EQ(pcp->count, rows[i].pindex < 0 ? 0 : rows[i].stay + nr, "order %u back",
		      rows[i].order);
		if (rows[i].pindex >= 0)
			TL_EQ(pcp->lists[rows[i].pindex], pcp->count, "order %u back",
			      rows[i].order);
		tl_free(x);
	}
}

/* __zone_watermark_ok(): all but one page of the block must be above the mark. A block that is
 * not there at the low watermark wakes kswapd, and is taken down to the min watermark */
static void test_block_watermarks(void)
{
	struct tl *x = tl_new("memory_pages=4096", NULL, "spawn,1");
	struct zone *z = &x->s->zone;

	z->free = 192 + 32;
	alloc_folio(x->s, 0, 5);
	TL_EQ(z->below_high, false, "224 - 31 > 192");
	z->free = 192 + 31;
	alloc_folio(x->s, 0, 5);
	TL_EQ(z->below_high, true, "223 - 31 = 192");
	x->s->kswapd.failures = MAX_RECLAIM_RETRIES; /* it does not run */
	z->free = 128 + 32;
	TL_EQ(alloc_folio(x->s, 0, 5), 0, "160 - 31 > 128");
	TL_EQ(tl_stat(x, VM_allocstall), 0, "160 - 31 > 128");
	z->free = 128 + 31;
	TL_EQ(alloc_folio(x->s, 0, 5), -ENOMEM, "nothing to reclaim: smaller folios");
	CU_ASSERT(tl_stat(x, VM_allocstall) > 0);
	tl_free(x);
}

/* free_high: blocks of order 1 to 3 that are freed one after the other all go back, if more than
 * a batch and half of high_min (63 + 643) were freed without an allocation */
static void test_free_high(void)
{
	for (int enough = 0; enough < 2; enough++) {
		struct tl *x = tl_new(gib, NULL, "spawn,1");
		struct per_cpu_pages *pcp = &x->s->cpus[0].pcp;

		pcp->lists[PINDEX(2)] = pcp->count = 80;
		pcp->free_count = 705 + enough;
		free_folio(x->s, 4);
		TL_EQ(pcp->count, 84, "the first block");
		pcp->free_count = 705 + enough;
		free_folio(x->s, 4);
		TL_EQ(pcp->count, enough ? 0 : 88, "the second block");
		tl_free(x);
	}
}

void suite_page_alloc(void)
{
	CU_pSuite s = CU_add_suite("page_alloc", NULL, NULL);

	CU_add_test(s, "watermarks", test_watermarks);
	CU_add_test(s, "batch, lists, thresholds", test_sizes);
	CU_add_test(s, "a refill doubles", test_refill);
	CU_add_test(s, "a list with its bounds the wrong way round", test_high_min_above_max);
	CU_add_test(s, "what is freed stays on the list", test_free);
	CU_add_test(s, "below the high watermark", test_below_high);
	CU_add_test(s, "NR_FREE_PAGES drifts", test_drift);
	CU_add_test(s, "lists decay", test_decay);
	CU_add_test(s, "lists decay each second", test_decay_seconds);
	CU_add_test(s, "direct reclaim with pages on the list", test_direct_reclaim);
	CU_add_test(s, "nothing left", test_exhausted);
	CU_add_test(s, "pages of the kernel", test_kernel_pages);
	CU_add_test(s, "pages on a list at the start", test_pcp_pages);
	CU_add_test(s, "lists of blocks", test_blocks);
	CU_add_test(s, "watermarks of a block", test_block_watermarks);
	CU_add_test(s, "many blocks freed in a row", test_free_high);
}
