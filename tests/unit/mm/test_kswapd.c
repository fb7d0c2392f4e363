// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/kswapd.c: v7.3 kswapd(), kswapd_try_to_sleep(), balance_pgdat(), and which task
 * has the CPU meanwhile in an untimed run (sim/mm/task.c).
 *
 * 4096 pages: watermarks 128, 160, 192; batch 1. 3000 unused file pages are on the inactive
 * list. kswapd is woken with 158 free pages. Its passes take 3000 >> 12 = 0, 3000 >> 11 = 1,
 * 2999 >> 10 = 2, 2997 >> 9 = 5, 2992 >> 8 = 11, 2981 >> 7 = 23 of them. While it runs, a
 * per-CPU list keeps up to four pages, and every third freed page returns three to the zone:
 * 42 of 42, 200 free. Then it sleeps.
 */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/kswapd.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/task.h"
#include "tests/unit/testlib.h"

void suite_kswapd(void);

#define MS 1000000ull

/* the machine above; @more sets the costs */
static struct tl *machine(const char *more)
{
	g_autofree char *keys = g_strconcat("memory_pages=4096 ", more, NULL);
	struct tl *x = tl_run(keys, NULL, "file,a,3000; spawn,1; read,1,a,0,3000; drain");

	for (unsigned int cpu = 0; cpu < x->s->cfg.machine.cpus; cpu++) {
		x->s->cpus[cpu].pcp = (struct per_cpu_pages){ .high = 160 };
		x->s->cpus[cpu].free_diff = 0;
	}
	/* as after an allocation from this list */
	x->s->cpus[0].pcp.lists[MIGRATE_MOVABLE] = x->s->cpus[0].pcp.count = 1;
	x->s->zone.free = 158;
	x->s->zone.below_high = true;
	return x;
}

/* an allocation wakes it if free pages are at or below the low watermark; it stops above the
 * high watermark */
static void test_watermarks(void)
{
	struct tl *x = machine("");
	struct sim *s = x->s;

	s->zone.free = 161;
	CU_ASSERT_EQUAL(alloc_page(s, 0, GFP_KERNEL), 0);
	TL_EQ(tl_stat(x, VM_pageoutrun), 0, "161");
	s->cpus[0].pcp.lists[MIGRATE_MOVABLE] = s->cpus[0].pcp.count = 1;
	s->zone.free = 158;
	CU_ASSERT_EQUAL(alloc_page(s, 0, GFP_KERNEL), 0);
	TL_EQ(tl_stat(x, VM_pageoutrun), 1, "158");
	TL_EQ(tl_stat(x, VM_pgscan_kswapd), 42, "158");
	TL_EQ(tl_stat(x, VM_pgsteal_kswapd), 42, "158");
	TL_EQ(tl_stat(x, VM_allocstall), 0, "kswapd was enough");
	TL_EQ(s->zone.free, 200, "158 + 42");
	TL_EQ(s->zone.below_high, false, "158 + 42");
	TL_EQ(s->zone.reclaim_active, false, "done");
	TL_EQ(s->kswapd.awake, false, "done");
	tl_free(x);

	/* with 192 free pages it has to run, with 193 it has not */
	for (int64_t i = 0; i < 2; i++) {
		x = machine("");
		x->s->zone.free = 192 + i;
		wakeup_kswapd(x->s, 0);
		TL_EQ(tl_stat(x, VM_pageoutrun), !i, "%d", (int)i);
		tl_free(x);
	}
}

/* for an allocation of 32 pages, 223 - 31 free pages are not above 192. The passes of 0, 1 and 2
 * pages are enough */
static void test_order(void)
{
	for (int64_t i = 0; i < 2; i++) {
		struct tl *x = machine("");

		x->s->zone.free = 223 + i;
		wakeup_kswapd(x->s, 5);
		TL_EQ(tl_stat(x, VM_pageoutrun), !i, "%d", (int)i);
		TL_EQ(tl_stat(x, VM_pgsteal_kswapd), i ? 0 : 3, "%d", (int)i);
		tl_free(x);
	}
}

/* with nothing to reclaim, 16 runs over 12 priorities fail. Then nothing wakes it until pages
 * were reclaimed and the zone is balanced */
static void test_hopeless(void)
{
	struct tl *x = tl_new("memory_pages=4096", NULL, "spawn,1");

	x->s->zone.free = 100;
	wakeup_kswapd(x->s, 0);
	TL_EQ(tl_stat(x, VM_pageoutrun), 16, "16 runs");
	TL_EQ(x->s->kswapd.failures, 16, "16 runs");
	TL_EQ(x->s->kswapd.awake, false, "left asleep");
	wakeup_kswapd(x->s, 0);
	TL_EQ(tl_stat(x, VM_pageoutrun), 16, "left asleep");
	tl_free(x);
}

/* kswapd_try_to_sleep(): it sleeps lightly for 100 ms */
static void test_light_sleep(void)
{
	struct tl *x = machine("cpus=8");
	struct sim *s = x->s;

	/* not needed: deep sleep, from which only an allocation wakes it */
	wakeup_kswapd(s, 0);
	TL_EQ(s->kswapd.light_sleep_end, 100 * MS, "lightly");
	TL_EQ(s->zone.stat_threshold, 4, "lightly: as if awake");
	task_wait(s, 100 * MS);
	TL_EQ(s->zone.stat_threshold, 4, "not over");
	task_run(s, 1);
	TL_EQ(s->kswapd.light_sleep_end, 0, "soundly");
	TL_EQ(s->zone.stat_threshold, 8, "soundly");
	s->zone.free = 192;
	task_wait(s, 1000 * MS);
	TL_EQ(tl_stat(x, VM_pageoutrun), 1, "nobody woke it");
	tl_free(x);

	/* needed: it continues by itself */
	x = machine("");
	s = x->s;
	wakeup_kswapd(s, 0);
	s->zone.free = 192;
	task_wait(s, 100 * MS);
	TL_EQ(tl_stat(x, VM_pageoutrun), 1, "asleep");
	task_wait(s, 1);
	TL_EQ(tl_stat(x, VM_pageoutrun), 2, "up again");
	TL_EQ(s->kswapd.light_sleep_end, 200 * MS, "and asleep again");
	/* or is woken earlier */
	s->zone.free = 192;
	wakeup_kswapd(s, 0);
	TL_EQ(tl_stat(x, VM_pageoutrun), 3, "woken");
	TL_EQ(s->kswapd.light_sleep_end, 200 * MS + 1, "woken");
	tl_free(x);

	/* also while the task uses the only CPU: it gets the CPU at the tick, and has
	 * scanned 1, 2 and 5 pages, 1 ms each, when its next tick is over */
	x = machine("scan_ns=1000000");
	s = x->s;
	s->kswapd.light_sleep_end = 99 * MS;
	task_run(s, 99 * MS + 1);
	TL_EQ(s->kswapd.awake, true, "waits for the CPU");
	TL_EQ(tl_stat(x, VM_pageoutrun), 0, "waits for the CPU");
	task_run(s, 1 * MS - 1);
	TL_EQ(tl_stat(x, VM_pgscan_kswapd), 8, "from 100 ms on");
	TL_EQ(s->clock.now_ns, 108 * MS, "from 100 ms on");
	tl_free(x);
}

/* lru_gen_use_mm(): when the light sleep ends, kswapd returns the CPU to the waiting process.
 * Between two operations no process waits. Bug: the process before counted as switched to */
static void test_idle(void)
{
	for (int idle = 0; idle < 2; idle++) {
		struct tl *x = machine("");
		struct mm *mm = tl_mm(x, 1);

		CU_ASSERT_PTR_EQUAL(x->s->replay.mm, mm);
		wakeup_kswapd(x->s, 0);
		mm->ran = false;
		(idle ? task_idle : task_wait)(x->s, 100 * MS + 1);
		TL_EQ(x->s->kswapd.light_sleep_end, 0, "soundly");
		TL_EQ(mm->ran, !idle, "%s", idle ? "idle" : "waits");
		CU_ASSERT_PTR_EQUAL(x->s->replay.mm, mm);
		tl_free(x);
	}
}

/* a wakeup starts a run even if the watermark is met: one run, no page */
static void test_woken_for_nothing(void)
{
	struct tl *x = machine("scan_ns=1000000");

	wakeup_kswapd(x->s, 0);
	TL_EQ(x->s->kswapd.awake, true, "waits for the CPU");
	x->s->zone.free = 5000;
	task_wait(x->s, 1);
	TL_EQ(tl_stat(x, VM_pageoutrun), 1, "a run");
	TL_EQ(tl_stat(x, VM_pgscan_kswapd), 0, "of nothing");
	TL_EQ(x->s->kswapd.awake, false, "of nothing");
	TL_EQ(x->s->clock.now_ns, 1, "of no time");
	tl_free(x);
}

/*
 * One CPU, ticks of 4 ms, 1 ms per page. The task needs 10 ms and gets 4. kswapd begins 1
 * page at 4, 2 at 5, 5 at 7, and is done at 12, after its tick. The task runs to 16, kswapd
 * takes 11 pages to 27, the task runs to 28, kswapd takes 23 pages to 51, the task runs to
 * 52 and has its 10 ms. This is a tick, too: kswapd finds 200 free pages and sleeps.
 */
static void test_turns(void)
{
	struct tl *x = machine("scan_ns=1000000");
	struct sim *s = x->s;

	wakeup_kswapd(s, 0);
	task_run(s, 4 * MS - 1);
	TL_EQ(s->clock.now_ns, 4 * MS - 1, "its own tick");
	TL_EQ(tl_stat(x, VM_pageoutrun), 0, "its own tick");
	task_run(s, 8 * MS);
	TL_EQ(s->clock.now_ns, (12 + 42) * MS - 1, "12 ms less 1 ns of the task, 42 of kswapd");
	tl_free(x);

	x = machine("scan_ns=1000000");
	s = x->s;
	wakeup_kswapd(s, 0);
	task_run(s, 9 * MS);
	TL_EQ(s->clock.now_ns, 51 * MS, "9 of the task, 42 of kswapd");
	TL_EQ(tl_stat(x, VM_pgscan_kswapd), 42, "1, 2, 5, 11, 23");
	TL_EQ(s->zone.reclaim_active, true, "it does not know yet");
	/* the same time in small pieces */
	for (int i = 0; i < 5; i++)
		task_run(s, MS / 5);
	TL_EQ(s->clock.now_ns, 52 * MS, "asleep at once");
	TL_EQ(s->kswapd.awake, false, "asleep at once");
	TL_EQ(s->kswapd.light_sleep_end, (52 + 100) * MS, "asleep at once");
	TL_EQ(s->zone.reclaim_active, false, "asleep at once");
	tl_free(x);
}

/* two CPUs: kswapd begins 1 page at 0, 2 at 1, 5 at 3, 11 at 8 */
static void test_two_cpus(void)
{
	struct tl *x = machine("scan_ns=1000000 cpus=2");

	wakeup_kswapd(x->s, 0);
	task_run(x->s, 8 * MS);
	TL_EQ(tl_stat(x, VM_pgscan_kswapd), 8, "to 8 ms");
	task_wait(x->s, 2 * MS);
	TL_EQ(x->s->clock.now_ns, 10 * MS, "the task is not disturbed");
	TL_EQ(tl_stat(x, VM_pgscan_kswapd), 19, "to 19 ms");
	/* freed pages are on the lists of the other CPU */
	CU_ASSERT(x->s->cpus[1].pcp.count > 0);
	TL_EQ(x->s->cpus[0].pcp.count, 1, "the task's");
	tl_free(x);
}

/* kswapd has the only CPU while the task waits for the device */
static void test_device_wait(void)
{
	static const struct {
		const char *keys;
		uint64_t wait_us, until_us, scanned;
		bool awake;
		const char *what;
	} rows[] = {
		/* 1 page until 1, 2 until 3. The task is woken at 3, but kswapd runs
		 * until the tick at 4, in a step of 5 pages until 8 */
		{ "scan_ns=1000000", 3000, 8000, 8, true, "to the end of its step" },
		/* 100 us: 100, 300, 800, 1900, and 11 pages to 4200 */
		{ "scan_ns=100000", 1000, 4200, 42, true, "to the end of its step" },
		/* 50 us: 50, 150, 400, 950, 2100; then it sleeps, before the tick */
		{ "scan_ns=50000", 2000, 2100, 42, false, "until it sleeps" },
		{ "scan_ns=50000", 2101, 2101, 42, false, "asleep before" },
		/* a tick during the wait changes nothing */
		{ "scan_ns=50000", 5000, 5000, 42, false, "long asleep" },
		/* 10 us: 80, 190, 420. A tick at 150 ends it with the 11 pages, one
		 * at 300 with the 23 after them */
		{ "scan_ns=10000 tick_us=150", 100, 190, 19, true, "to the end of its step" },
		{ "scan_ns=10000 tick_us=300", 100, 420, 42, true, "to the end of its step" },
		{ "scan_ns=1000000 cpus=2", 3000, 3000, 3, true, "on another CPU" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = machine(rows[i].keys);

		wakeup_kswapd(x->s, 0);
		task_wait(x->s, rows[i].wait_us * 1000);
		TL_EQ(x->s->clock.now_ns, rows[i].until_us * 1000, "%s: %s", rows[i].keys,
		      rows[i].what);
		TL_EQ(tl_stat(x, VM_pgscan_kswapd), rows[i].scanned, "%s: %s", rows[i].keys,
		      rows[i].what);
		TL_EQ(x->s->kswapd.awake, rows[i].awake, "%s: %s", rows[i].keys, rows[i].what);
		tl_free(x);
	}
}

/* kswapd_age_node(): of 200 active anon pages a pass ages 32 at its begin and 32 at its end. At
 * DEF_PRIORITY it scans 200 >> 12 = 0 pages, so the pass has one step. */
static void test_age_anon(void)
{
	struct tl *x = tl_run("memory_pages=4096 swap_pages=100 cpus=2 scan_ns=1000000", NULL,
			      "spawn,1; anon,1,0,200,rw-p; touch,1,0,200,w; drain");

	for (uint32_t vpn = 0; vpn < 200; vpn++)
		x->s->cfg.lru->activate(x->s, &x->s->memcg[0].lruvec, tl_anon_slot(x, 1, vpn));
	x->s->zone.free = 158;
	wakeup_kswapd(x->s, 0);
	task_wait(x->s, 1);
	TL_EQ(tl_stat(x, VM_pgrefill), 64, "before and after");
	TL_EQ(x->s->kswapd.busy_until, 64 * MS, "aging takes time, too");
	tl_free(x);
}

/*
 * min_ttl_ms: an untimed run ends unless kswapd's first pass, at priority 12, finds at
 * least 4096 older pages. Reads fill about 19800 of 20000 pages of memory, which is 4 pages
 * at priority 12.
 */
static void test_min_ttl(void)
{
	static const struct {
		const struct lru_model *lru;
		const char *machine;
		const char *before;
		bool runs, oom;
		const char *what;
	} rows[] = {
		{ &lru_mglru, "memory_pages=20000", "", true, false, "off" },
		{ &lru_mglru, "memory_pages=20000 min_ttl_ms=1000", "", true, true, "young" },
		{ &lru_mglru, "memory_pages=20000 min_ttl_ms=1000", "advance,1003ms;", true, true,
		  "251 ticks of 4 ms, not yet" },
		{ &lru_mglru, "memory_pages=20000 min_ttl_ms=1000", "advance,1004ms;", true, false,
		  "251 ticks of 4 ms" },
		{ &lru_mglru, "memory_pages=4096 min_ttl_ms=1000", "advance,1004ms;", true, true,
		  "old, but small" },
		{ &lru_mglru, "memcg_pages=4096 min_ttl_ms=1000", "", false, false, "no kswapd" },
		{ &lru_classic, "memory_pages=4096 min_ttl_ms=1000", "", true, false, "no MGLRU" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) text = g_string_new("file,a,19900; spawn,1;");
		uint64_t ended[2];

		/* single pages use the fast path */
		g_string_append(text, rows[i].before);
		for (int page = 0; page < 19900; page++)
			g_string_append_printf(text, "read,1,a,%d,1;", page);
		for (int fast = 0; fast < 2; fast++) {
			struct tl *x = tl_new_lru(rows[i].lru, rows[i].machine, NULL, text->str);

			x->s->cfg.check = false;
			/* times that do not change, but that turn off the fast path */
			if (!fast)
				x->s->cfg.nr_times = 1;
			TL_EQ(tl_end(x), rows[i].oom ? -ENOMEM : 1, "%s", rows[i].what);
			TL_EQ(x->s->oom, rows[i].oom, "%s", rows[i].what);
			TL_EQ(tl_stat(x, VM_pageoutrun) > 0, rows[i].runs, "%s", rows[i].what);
			if (rows[i].oom) {
				TL_EQ(tl_stat(x, VM_pageoutrun), 1, "%s", rows[i].what);
				CU_ASSERT_PTR_NOT_NULL(strstr(x->err.msg, "min_ttl_ms (1000)"));
			}
			ended[fast] = sim_position(x->s);
			tl_free(x);
		}
		TL_EQ(ended[1], ended[0], "%s: the fast path", rows[i].what);
	}
}

void suite_kswapd(void)
{
	CU_pSuite s = CU_add_suite("kswapd", NULL, NULL);

	CU_add_test(s, "woken at low, asleep above high", test_watermarks);
	CU_add_test(s, "hopeless", test_hopeless);
	CU_add_test(s, "woken for a large folio", test_order);
	CU_add_test(s, "light sleep", test_light_sleep);
	CU_add_test(s, "nobody's time", test_idle);
	CU_add_test(s, "woken for nothing", test_woken_for_nothing);
	CU_add_test(s, "aging of anon pages", test_age_anon);
	CU_add_test(s, "turns on one CPU", test_turns);
	CU_add_test(s, "a CPU of its own", test_two_cpus);
	CU_add_test(s, "min_ttl_ms ends an untimed run", test_min_ttl);
	CU_add_test(s, "while the task waits for the device", test_device_wait);
}
