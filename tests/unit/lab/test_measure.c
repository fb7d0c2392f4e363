// SPDX-License-Identifier: GPL-2.0-only
/* What the probes of calibrate share: a timer that knows when it says nothing, and a look at
 * folios. */
#define _GNU_SOURCE /* sched_setaffinity() */
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "sim/lab/measure-probe.h"
#include "tests/unit/testlib.h"

void suite_measure(void);

/* what was preempted is counted, not averaged */
static void test_preempted_samples(void)
{
	struct measures ms;
	struct measurement *m;

	measures_init(&ms);
	m = measures_add(&ms, "zap_file_ps", "munmap()", "ns", 1000);
	measurement_add(m, 40);
	measurement_add(m, NAN);
	measurement_add(m, 0.5 * (40 + NAN));
	measurement_add(m, 41);
	TL_EQ(m->samples->len, 2, "samples");
	TL_EQ(m->nr_preempted, 2, "left out");
	measures_clear(&ms);
}

/* Another process wants this CPU: a time in which it had it is none. */
static void test_timer(void)
{
	const double end = bench_wall_ns() + 10e9;
	cpu_set_t before, one;
	struct cpu_timer t;
	double ns = 0;
	pid_t pid;

	g_assert_cmpint(sched_getaffinity(0, sizeof(before), &before), ==, 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	g_assert_cmpint(sched_setaffinity(0, sizeof(one), &one), ==, 0);
	pid = fork();
	if (!pid)
		for (;;)
			;
	cpu_timer_start(&t);
	while (!isnan(ns) && bench_wall_ns() < end) {
		sched_yield();
		ns = cpu_timer_stop(&t);
	}
	CU_ASSERT_TRUE(isnan(ns));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sched_setaffinity(0, sizeof(before), &before);
	/* undisturbed for once */
	do {
		cpu_timer_start(&t);
		ns = cpu_timer_stop(&t);
	} while (isnan(ns) && bench_wall_ns() < end);
	CU_ASSERT_TRUE(ns >= 0 && ns < 1e9);
}

/* a mark is what an unmapping takes more than its neighbours, which drift here from 40 to 48 */
static void test_marks(void)
{
	double zap[NR_UNMAPPINGS] = { 40, 52, 42, 164, 44, 58, 46, 47, 48 };
	double marks[NR_UNMAP_KINDS];

	unmap_marks(zap, marks);
	CU_ASSERT_DOUBLE_EQUAL(marks[UNMAP_FIRST], 11, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(marks[UNMAP_ACTIVATE], 121, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(marks[UNMAP_FIRST_ACTIVE], 13, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(marks[UNMAP_ACTIVE], 0, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(marks[UNMAP_SHARE_FIRST], 1100.0 / 52, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(marks[UNMAP_SHARE], 12100.0 / 164, 1e-9);
	/* one that was preempted spoils the marks next to it, not the others */
	zap[4] = NAN;
	unmap_marks(zap, marks);
	CU_ASSERT_DOUBLE_EQUAL(marks[UNMAP_FIRST], 11, 1e-9);
	CU_ASSERT_TRUE(isnan(marks[UNMAP_ACTIVATE]) && isnan(marks[UNMAP_SHARE]));
	CU_ASSERT_TRUE(isnan(marks[UNMAP_FIRST_ACTIVE]));
	CU_ASSERT_DOUBLE_EQUAL(marks[UNMAP_ACTIVE], 0, 1e-9);
}

/* a sample in each part, from @v on */
static struct measurement *add_parts(struct measures *ms, const char *key, double scale, double v)
{
	struct measurement *m = measures_add(ms, key, "it", "ns", scale);

	for (guint i = 0; i < MEASURE_PARTS; i++) {
		measurement_add(m, v + i);
		m->part_end[i] = i + 1;
	}
	return m;
}

static void expect_derived(const struct measures *ms, const char *key, uint64_t value, double low,
			   double high)
{
	const struct measurement *m = measures_find(ms, key);
	struct estimate e;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	e = measurement_estimate(m);
	TL_EQ(measurement_key_value(m), value, "%s", key);
	CU_ASSERT_DOUBLE_EQUAL(e.low, low, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(e.high, high, 1e-9);
}

static void expect_none(const struct measures *ms, const char *key, const char *why)
{
	const struct measurement *m = ms->all->pdata[ms->all->len - 1];

	TL_STR(m->key, key, "the last one");
	TL_EQ(m->samples->len, 0, "samples of %s", key);
	TL_STR(m->why_not, why, "%s", key);
}

/* keys that are the samples of one measurement less another key: the parts give the interval */
static void test_derived(void)
{
	struct measurement *folios, *little, *write, *around, *none;
	struct measures ms;

	measures_init(&ms);
	folios = add_parts(&ms, NULL, 1000, 18);
	little = add_parts(&ms, NULL, 1000, 0);
	write = add_parts(&ms, NULL, 1, 1200);
	around = add_parts(&ms, NULL, 1, 1500);
	none = measures_add(&ms, NULL, "it", "ns", 1);
	g_strlcpy(none->why_not, "no memory", sizeof(none->why_not));
	unmap_next(&ms, folios);
	expect_none(&ms, "zap_next_ps", "what is subtracted was not measured");
	anon_new(&ms, write);
	expect_none(&ms, "new_anon_ps", "what is subtracted was not measured");
	anon_free(&ms, write);
	expect_none(&ms, "free_anon_ps", "what is subtracted was not measured");
	add_parts(&ms, "call_ps", 1000, 600);
	add_parts(&ms, "copy_ps", 1000, 400);
	device_submit(&ms, around);
	expect_none(&ms, "submit_ps", "what is subtracted was not measured");
	add_parts(&ms, "fill_ps", 1000, 100);
	/* of 602.5, 402.5 and 102.5 ns */
	device_submit(&ms, around);
	expect_derived(&ms, "submit_ps", 395000, 1500 - 1107.5, 1505 - 1107.5);
	anon_new(&ms, none);
	expect_none(&ms, "new_anon_ps", "no memory");
	fault_next(&ms, around);
	expect_none(&ms, "fault_next_ps", "what is subtracted was not measured");
	add_parts(&ms, "zap_file_ps", 1000, 39.5);
	add_parts(&ms, "fault_ps", 1000, 700);
	/* the key would be 0, which is not the same */
	unmap_next(&ms, little);
	expect_none(&ms, "zap_next_ps", "rounds to 0, which stands for zap_file_ps");
	/* 16 pages take 16 * 20.5 ns, the first of them 42 ns */
	unmap_next(&ms, folios);
	expect_derived(&ms, "zap_next_ps", 19067, (16 * 18 - 42) / 15.0, (16 * 23 - 42) / 15.0);
	/* of 702.5 ns */
	anon_new(&ms, write);
	expect_derived(&ms, "new_anon_ps", 500000, 497.5, 502.5);
	/* of 42 ns */
	anon_free(&ms, write);
	expect_derived(&ms, "free_anon_ps", 1160500, 1200 - 42, 1205 - 42);
	/* that maps 16 pages */
	fault_next(&ms, around);
	expect_derived(&ms, "fault_next_ps", 53333, (1500 - 702.5) / 15, (1505 - 702.5) / 15);
	measures_clear(&ms);
}

static void test_proc(void)
{
	CU_ASSERT(proc_kb("/proc/self/status", "VmRSS:") > 0);
	TL_EQ(proc_kb("/proc/self/status", "VmNothing:"), 0, "no such row");
	TL_EQ(proc_kb("/proc/self/nothing", "VmRSS:"), 0, "no such file");
}

/* anon pages that were written one by one are folios of a single page */
static void test_look(void)
{
	const size_t bytes = 64 * PAGE;
	struct folios_seen seen = { 0 };
	const char *why;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	g_assert_true(p != MAP_FAILED);
	madvise(p, bytes, MADV_NOHUGEPAGE);
	/* pages that are not there can not be looked at */
	CU_ASSERT_PTR_NOT_NULL(folios_look(&seen, p, bytes, 0));
	for (size_t i = 0; i < bytes; i += PAGE)
		p[i] = 1;
	why = folios_look(&seen, p, bytes, 0);
	if (why) {
		TL_STR(why, "the orders of folios can not be seen (needs root)", "without root");
	} else {
		CU_ASSERT_DOUBLE_EQUAL(seen.in_order, 1, 1e-9);
		CU_ASSERT_PTR_NULL(folios_look(&seen, p, bytes, 2));
		CU_ASSERT_DOUBLE_EQUAL(seen.in_order, 0, 1e-9);
	}
	munmap(p, bytes);
}

void suite_measure(void)
{
	CU_pSuite s = CU_add_suite("measure", NULL, NULL);

	CU_add_test(s, "a preempted sample is left out", test_preempted_samples);
	CU_add_test(s, "the timer knows that another one ran", test_timer);
	CU_add_test(s, "a mark against its neighbours", test_marks);
	CU_add_test(s, "keys that follow from others", test_derived);
	CU_add_test(s, "rows of files of /proc", test_proc);
	CU_add_test(s, "folios that are looked at", test_look);
}
