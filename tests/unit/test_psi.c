// SPDX-License-Identifier: GPL-2.0-only
/* sim/psi.c: windows, averages and states, computed by hand. */
#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/psi.h"
#include "sim/sched.h"
#include "tests/unit/testlib.h"

void suite_psi(void);

#define MS 1000000ull

/* one window of 1000, step by step: growth that each update returns */
static const struct {
	uint64_t now, value, growth;
} window[] = {
	{ 100, 50, 50 }, /* nothing is known of before */
	{ 1000, 200, 200 },
	{ 1001, 300, 300 }, /* beyond the window: a new one begins, prev_growth 300 */
	{ 1101, 310, 280 }, /* 10 + 300 * 900 / 1000 */
	{ 1501, 310, 160 }, /* 10 + 300 * 500 / 1000 */
	{ 2001, 400, 100 }, /* exactly one window: nothing of the one before is left */
	{ 2002, 400, 100 }, /* beyond */
	{ 2003, 401, 100 }, /* 1 + 100 * 999 / 1000, rounded down */
	{ 9000, 401, 1 },   /* long after */
	{ 9500, 401, 0 },   /* 0 + 1 * 500 / 1000 */
};

static void test_window(void)
{
	struct psi_window win = { .size_ns = 1000 };

	for (size_t i = 0; i < G_N_ELEMENTS(window); i++)
		TL_EQ(psi_window_update(&win, window[i].now, window[i].value), window[i].growth,
		      "update %zu", i);
}

static void test_avg10(void)
{
	uint64_t avg = 0;

	/* 100% in fixed point is 204800; (0 * 1677 + 204800 * 371 + 2047) / 2048 */
	avg = psi_calc_avg10(avg, 100);
	CU_ASSERT_EQUAL(avg, 37100);
	/* (37100 * 1677 + 204800 * 371 + 2047) / 2048 */
	avg = psi_calc_avg10(avg, 100);
	CU_ASSERT_EQUAL(avg, 67480);
	/* falling: not rounded up; 67480 * 1677 / 2048 */
	avg = psi_calc_avg10(avg, 0);
	CU_ASSERT_EQUAL(avg, 55255);
	for (int i = 0; i < 200; i++)
		avg = psi_calc_avg10(avg, 100);
	CU_ASSERT_EQUAL(avg, 204800);
}

/* What tasks do, each on a CPU, from @at_ms on; what the total is after 400 ms. */
static const struct {
	const char *what;
	struct {
		unsigned int at_ms, cpu;
		bool running, oncpu, memstall;
	} now[6]; /* tasks 0, 1, ... in turn by "task" below */
	unsigned int task[6];
	unsigned int some_ms, full_ms;
} states[] = {
	{ "one task stalls, off its CPU, for 100 of 400 ms",
	  { { 0, 0, true, true, false },
	    { 200, 0, false, false, true },
	    { 300, 0, true, true, false } },
	  { 0, 0, 0 },
	  100,
	  100 },
	{ "beside one that runs there: some, not full",
	  { { 0, 0, true, true, false },
	    { 0, 0, false, false, true },
	    { 400, 0, true, true, false } },
	  { 0, 1, 0 },
	  400,
	  0 },
	{ "reclaim on the CPU, others are runnable: full",
	  { { 0, 0, true, true, true }, { 0, 0, true, false, false } },
	  { 0, 1 },
	  400,
	  400 },
	/* CPU 0 stalls 100 ms and is idle then; CPU 1 is busy for 300: 25 and 75
	 * jiffies, (100 * 25 + 0 * 75) / 100 */
	{ "two CPUs, weighted by how long they are not idle",
	  { { 0, 0, false, false, true },
	    { 0, 1, true, true, false },
	    { 100, 0, false, false, false },
	    { 300, 1, false, false, false } },
	  { 0, 1, 0, 1 },
	  25,
	  25 },
};

static void test_states(void)
{
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(states); i++) {
		const bool full = i >= G_N_ELEMENTS(states);
		const typeof(states[0]) *st = &states[i % G_N_ELEMENTS(states)];
		struct timed_config timed;
		struct psi_task tasks[2] = { { 0 } };
		struct tl *x;

		timed_config_init(&timed, &kill_none);
		x = tl_new_timed("cpus=2", NULL, &timed, "file,a,8");
		/* the run's own tasks would be counted too: it has none in a memcg
		 * but the end of the trace */
		while (sched_turn(x->s))
			;
		for (int n = 0; n < 6 && (n == 0 || st->now[n].at_ms || st->task[n]); n++) {
			x->s->now_ns = st->now[n].at_ms * MS;
			psi_task_change(x->s, &tasks[st->task[n]], st->now[n].cpu,
					st->now[n].running, st->now[n].oncpu, st->now[n].memstall);
		}
		x->s->now_ns = 400 * MS;
		/* one of the two a run: each read ends a sampling period */
		TL_EQ(psi_total_ns(x->s, full ? PSI_MEM_FULL : PSI_MEM_SOME),
		      (full ? st->full_ms : st->some_ms) * MS, "%s", st->what);
		tl_free(x);
	}
}

static void stall(struct sim *s, void *arg)
{
	(void)arg;
	memstall_enter(s);
	task_sleep(s, 3000 * MS, false);
	memstall_leave(s);
}

struct watch {
	struct psi_trigger trigger;
	GString *log;
};

static void watch(struct sim *s, void *arg)
{
	struct watch *w = arg;

	psi_trigger_add(s, &w->trigger, PSI_MEM_SOME, 70 * MS, 1000 * MS);
	while (s->now_ns < 2900 * MS) {
		psi_wait(s, 2900 * MS);
		if (w->trigger.event)
			g_string_append_printf(w->log, "%u ", (unsigned)(s->now_ns / MS));
		w->trigger.event = false;
	}
}

/*
 * "some 70000 1000000", and a stall that does not end. The work begins a jiffy (4
 * ms) after the first stall and starts the window; it looks again when a tenth of
 * the window is over, at the end of the jiffy after it: 4 + 104 ms, growth 104.
 * From then on once a window: at the first look, every 104 ms, after 1108.
 */
static void test_trigger(void)
{
	struct timed_config timed;
	struct watch w = { .log = g_string_new(NULL) };
	struct tl *x;

	timed_config_init(&timed, &kill_none);
	x = tl_new_timed("cpus=4", NULL, &timed, "file,a,8");
	task_spawn(x->s, TASK_USER, "watch", watch, &w, 0);
	task_spawn(x->s, TASK_USER, "stall", stall, NULL, 1);
	while (sched_nr_user(x->s))
		CU_ASSERT_FATAL(sched_turn(x->s));
	TL_STR(w.log->str, "108 1148 2188 ", "a stall that does not end");
	g_string_free(w.log, TRUE);
	tl_free(x);
}

void suite_psi(void)
{
	CU_pSuite s = CU_add_suite("psi", NULL, NULL);

	CU_add_test(s, "windows", test_window);
	CU_add_test(s, "avg10", test_avg10);
	CU_add_test(s, "some and full", test_states);
	CU_add_test(s, "a trigger", test_trigger);
}
