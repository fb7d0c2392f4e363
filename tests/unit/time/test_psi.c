// SPDX-License-Identifier: GPL-2.0-only
/* sim/time/psi.c: windows, averages and states, computed by hand. */
#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/time/psi.h"
#include "sim/time/sched.h"
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
		bool running, oncpu, memstall, iowait;
	} now[6]; /* tasks 0, 1, ... in turn by "task" below */
	unsigned int task[6];
	unsigned int some_ms, full_ms;
} states[] = {
	{ "one task stalls, off its CPU, for 100 of 400 ms",
	  { { 0, 0, true, true, false, false },
	    { 200, 0, false, false, true, false },
	    { 300, 0, true, true, false, false } },
	  { 0, 0, 0 },
	  100,
	  100 },
	{ "beside one that runs there: some, not full",
	  { { 0, 0, true, true, false, false },
	    { 0, 0, false, false, true, false },
	    { 400, 0, true, true, false, false } },
	  { 0, 1, 0 },
	  400,
	  0 },
	{ "reclaim on the CPU, others are runnable: full",
	  { { 0, 0, true, true, true, false }, { 0, 0, true, false, false, false } },
	  { 0, 1 },
	  400,
	  400 },
	/* CPU 0 stalls 100 ms and is idle then; CPU 1 is busy for 300: 25 and 75
	 * jiffies, (100 * 25 + 0 * 75) / 100 */
	{ "two CPUs, weighted by how long they are not idle",
	  { { 0, 0, false, false, true, false },
	    { 0, 1, true, true, false, false },
	    { 100, 0, false, false, false, false },
	    { 300, 1, false, false, false, false } },
	  { 0, 1, 0, 1 },
	  25,
	  25 },
	/* a CPU that waits for the device is not idle: half of 400 */
	{ "beside a CPU that only waits for the device",
	  { { 0, 0, false, false, true, false }, { 0, 1, false, false, false, true } },
	  { 0, 1 },
	  200,
	  200 },
	/* NR_RUNNING == NR_MEMSTALL_RUNNING == 0, and who waits for the device is not counted */
	{ "full beside one that waits for the device on the same CPU",
	  { { 0, 0, false, false, true, false }, { 0, 0, false, false, false, true } },
	  { 0, 1 },
	  400,
	  400 },
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
			x->s->clock.now_ns = st->now[n].at_ms * MS;
			psi_task_change(x->s, &tasks[st->task[n]],
					(struct psi_task){ .cpu = st->now[n].cpu,
							   .running = st->now[n].running,
							   .oncpu = st->now[n].oncpu,
							   .memstall = st->now[n].memstall,
							   .iowait = st->now[n].iowait });
		}
		x->s->clock.now_ns = 400 * MS;
		/* one of the two a run: each read ends a sampling period */
		TL_EQ(psi_total_ns(x->s, full ? PSI_MEM_FULL : PSI_MEM_SOME),
		      (full ? st->full_ms : st->some_ms) * MS, "%s", st->what);
		tl_free(x);
	}
}

/* from @arg on until 3 s */
static void stall(struct sim *s, void *arg)
{
	task_sleep(s, *(const uint64_t *)arg, false);
	memstall_enter(s);
	task_sleep(s, 3000 * MS, false);
	memstall_leave(s);
}

struct watch {
	struct psi_trigger trigger;
	uint64_t ask_ns[4];
	GString *log;
};

static void watch(struct sim *s, void *arg)
{
	struct watch *w = arg;

	psi_trigger_add(s, &w->trigger, PSI_MEM_SOME, 70 * MS, 1000 * MS);
	while (s->clock.now_ns < 2900 * MS) {
		psi_wait(s, 2900 * MS);
		if (w->trigger.event)
			g_string_append_printf(w->log, "%u ", (unsigned)(s->clock.now_ns / MS));
		w->trigger.event = false;
	}
}

/*
 * "some 70000 1000000", and a stall that does not end. The work begins a jiffy (4
 * ms) after the first stall and starts the window; it looks again when a tenth of
 * the window is over, at the end of the jiffy after it: 4 + 104 ms, growth 104.
 * From then on once a window: at the first look, every 104 ms, after 1108. A stall
 * that begins at 2 ms is seen at the same tick.
 */
static void test_trigger(void)
{
	for (uint64_t from = 0; from <= 2 * MS; from += 2 * MS) {
		struct timed_config timed;
		struct watch w = { .log = g_string_new(NULL) };
		struct tl *x;

		timed_config_init(&timed, &kill_none);
		x = tl_new_timed("cpus=4", NULL, &timed, "file,a,8");
		task_spawn(x->s, TASK_USER, "watch", watch, &w, 0);
		task_spawn(x->s, TASK_USER, "stall", stall, &from, 1);
		while (sched_nr_user(x->s))
			CU_ASSERT_FATAL(sched_turn(x->s));
		TL_STR(w.log->str, "108 1148 2188 ", "a stall that does not end");
		g_string_free(w.log, TRUE);
		tl_free(x);
	}
}

static void ask(struct sim *s, void *arg)
{
	struct watch *w = arg;

	for (int i = 0; i < 4 && (i == 0 || w->ask_ns[i]); i++) {
		task_sleep(s, w->ask_ns[i], false);
		g_string_append_printf(w->log, "%u ", (unsigned)psi_avg10(s, PSI_MEM_FULL));
	}
}

/*
 * Three seconds of stall, and who asks when. A period is 2004 ms, and ends at the
 * tick after that: at 2008, all of it stalled, 37100 of 204800, 18.11%. The next at
 * 4012: 992 of 2004 ms are 49%, (37100 * 1677 + 49 * 2048 * 371 + 2047) / 2048 =
 * 48559, 23.71%. Asked for the first time at 9 s, three periods are missed, and what
 * was before is one of 9000 - 3 * 2004 ms, all stalled.
 */
static const struct {
	uint64_t ask_ms[4];
	const char *avg10;
} averages[] = {
	{ { 0, 2003, 2100, 4100 }, "0 0 1811 2371 " },
	/* asked when it is due, before its work runs */
	{ { 0, 2006 }, "0 1811 " },
	{ { 9000, 9001 }, "1811 1811 " },
};

static void test_averages(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(averages); i++) {
		struct timed_config timed;
		struct watch w = { .log = g_string_new(NULL) };
		const uint64_t from = 0;
		struct tl *x;

		for (int n = 0; n < 4; n++)
			w.ask_ns[n] = averages[i].ask_ms[n] * MS;
		timed_config_init(&timed, &kill_none);
		x = tl_new_timed("cpus=4", NULL, &timed, "file,a,8");
		task_spawn(x->s, TASK_USER, "ask", ask, &w, 0);
		task_spawn(x->s, TASK_USER, "stall", stall, (void *)&from, 1);
		while (sched_nr_user(x->s))
			CU_ASSERT_FATAL(sched_turn(x->s));
		TL_STR(w.log->str, averages[i].avg10, "averages %zu", i);
		g_string_free(w.log, TRUE);
		tl_free(x);
	}
}

/* a task that waits for a page that is read is in iowait: 100 of 200 ms on two CPUs */
static void wait_for_page(struct sim *s, void *arg)
{
	s->folios[*(uint32_t *)arg].flags |= PG_resident | PG_locked;
	CU_ASSERT_EQUAL(folio_wait_locked(s, *(uint32_t *)arg), 0);
}

static void test_iowait(void)
{
	struct timed_config timed;
	const uint64_t from = 0;
	uint32_t slot;
	struct tl *x;

	timed_config_init(&timed, &kill_none);
	x = tl_new_timed("cpus=4", NULL, &timed, "file,a,8");
	slot = tl_slot(x, "a", 0);
	task_spawn(x->s, TASK_USER, "stall", stall, (void *)&from, 1);
	task_spawn(x->s, TASK_USER, "read", wait_for_page, &slot, 2);
	while (sched_turn(x->s) && x->s->clock.now_ns < 3000 * MS)
		;
	TL_EQ(psi_total_ns(x->s, PSI_MEM_FULL), 1500 * MS, "half of it, by weight");
	x->s->folios[slot].flags = 0;
	folio_wake(x->s, slot, 1);
	while (sched_turn(x->s))
		;
	tl_free(x);
}

void suite_psi(void)
{
	CU_pSuite s = CU_add_suite("psi", NULL, NULL);

	CU_add_test(s, "windows", test_window);
	CU_add_test(s, "avg10", test_avg10);
	CU_add_test(s, "some and full", test_states);
	CU_add_test(s, "a trigger", test_trigger);
	CU_add_test(s, "avg10 of a run", test_averages);
	CU_add_test(s, "a task that waits for the device", test_iowait);
}
