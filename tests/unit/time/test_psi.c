// SPDX-License-Identifier: GPL-2.0-only
/* sim/time/psi.c: windows, averages and states, computed by hand. */
#include <CUnit/CUnit.h>

#include "sim/time/psi.h"
#include "sim/time/sched.h"
#include "tests/unit/testlib.h"

void suite_psi(void);

#define MS 1000000ull

/* one window of 1000: the growth that each update returns */
static const struct {
	uint64_t now, value, growth;
} window[] = {
	{ 100, 50, 50 }, /* no earlier window is known */
	{ 1000, 200, 200 },
	{ 1001, 300, 300 }, /* after the window: a new one begins, prev_growth 300 */
	{ 1101, 310, 280 }, /* 10 + 300 * 900 / 1000 */
	{ 1501, 310, 160 }, /* 10 + 300 * 500 / 1000 */
	{ 2001, 400, 100 }, /* exactly one window: the one before no longer counts */
	{ 2002, 400, 100 }, /* after it */
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

/* What tasks do from @at_ms on, each on a CPU, and the total after 400 ms. */
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
	{ "next to one that runs there: some, not full",
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
	/* CPU 0 stalls for 100 ms, then is idle; CPU 1 is busy for 300: 25 and 75
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
	{ "next to a CPU that only waits for the device",
	  { { 0, 0, false, false, true, false }, { 0, 1, false, false, false, true } },
	  { 0, 1 },
	  200,
	  200 },
	/* NR_RUNNING == NR_MEMSTALL_RUNNING == 0, and a task that waits for the device does not
	   count */
	{ "full next to one that waits for the device on the same CPU",
	  { { 0, 0, false, false, true, false }, { 0, 0, false, false, false, true } },
	  { 0, 1 },
	  400,
	  400 },
};

/* struct cpus - CPUs and their pressure; a tick is 4 ms */
struct cpus {
	struct clock clock;
	struct sched *sched;
	struct psi *psi;
};

static void cpus_init(struct cpus *c, unsigned int nr)
{
	clock_init(&c->clock);
	c->sched = sched_new(&c->clock, nr, 4 * MS, NULL);
	c->psi = sched_psi(c->sched);
}

static void cpus_clear(struct cpus *c)
{
	sched_free(c->sched);
	clock_clear(&c->clock);
}

static void test_states(void)
{
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(states); i++) {
		const bool full = i >= G_N_ELEMENTS(states);
		const typeof(states[0]) *st = &states[i % G_N_ELEMENTS(states)];
		struct psi_task tasks[2] = { { 0 } };
		struct cpus c;

		cpus_init(&c, 2);
		for (int n = 0; n < 6 && (n == 0 || st->now[n].at_ms || st->task[n]); n++) {
			clock_advance_to(&c.clock, st->now[n].at_ms * MS);
			psi_task_change(c.psi, &tasks[st->task[n]],
					(struct psi_task){ .cpu = st->now[n].cpu,
							   .running = st->now[n].running,
							   .oncpu = st->now[n].oncpu,
							   .memstall = st->now[n].memstall,
							   .iowait = st->now[n].iowait });
		}
		clock_advance_to(&c.clock, 400 * MS);
		/* each run reads only one of the two, because a read ends a sampling period */
		TL_EQ(psi_total_ns(c.psi, full ? PSI_MEM_FULL : PSI_MEM_SOME),
		      (full ? st->full_ms : st->some_ms) * MS, "%s", st->what);
		cpus_clear(&c);
	}
}

struct staller {
	struct sched *sched;
	uint64_t from_ns;
};

/* stall from now on until 3 s */
static void stall(void *data)
{
	const struct staller *st = data;

	task_sleep(st->sched, st->from_ns, false);
	memstall_enter(st->sched);
	task_sleep(st->sched, 3000 * MS, false);
	memstall_leave(st->sched);
}

struct watch {
	struct cpus *c;
	struct psi_trigger trigger;
	uint64_t ask_ns[4];
	GString *log;
};

static void watch(void *data)
{
	struct watch *w = data;
	const struct clock *clock = &w->c->clock;

	psi_trigger_add(w->c->psi, &w->trigger, PSI_MEM_SOME, 70 * MS, 1000 * MS);
	while (clock->now_ns < 2900 * MS) {
		psi_wait(w->c->psi, 2900 * MS);
		if (w->trigger.event)
			g_string_append_printf(w->log, "%u ", (unsigned)(clock->now_ns / MS));
		w->trigger.event = false;
	}
}

/* run @fn together with a stall until both end */
static char *beside_stall(void (*fn)(void *data), struct watch *w, uint64_t from_ns)
{
	struct cpus c;
	struct staller st = { .from_ns = from_ns };

	cpus_init(&c, 4);
	w->c = &c;
	w->log = g_string_new(NULL);
	st.sched = c.sched;
	sched_spawn(c.sched, TASK_USER, "watch", fn, w, 0);
	sched_spawn(c.sched, TASK_USER, "stall", stall, &st, 1);
	while (sched_nr_user(c.sched))
		CU_ASSERT_FATAL(sched_turn(c.sched));
	cpus_clear(&c);
	return g_string_free(w->log, FALSE);
}

/*
 * "some 70000 1000000", and a stall that does not end. The work first runs a jiffy (4 ms)
 * after the stall begins, which starts the window. It runs again after a tenth of the window,
 * at the end of the next jiffy: 4 + 104 ms, growth 104. Then the trigger fires once per
 * window: at the first of its runs, every 104 ms, after 1108. A stall that begins at 2 ms is
 * seen at the same tick.
 */
static void test_trigger(void)
{
	for (uint64_t from = 0; from <= 2 * MS; from += 2 * MS) {
		struct watch w = { 0 };
		g_autofree char *log = beside_stall(watch, &w, from);

		TL_STR(log, "108 1148 2188 ", "a stall that does not end");
	}
}

static void ask(void *data)
{
	struct watch *w = data;

	for (int i = 0; i < 4 && (i == 0 || w->ask_ns[i]); i++) {
		task_sleep(w->c->sched, w->ask_ns[i], false);
		g_string_append_printf(w->log, "%u ", (unsigned)psi_avg10(w->c->psi, PSI_MEM_FULL));
	}
}

/*
 * Three seconds of stall, and the times of reads. A period has 2004 ms and ends at the tick
 * after that: at 2008, all of it stalled, 37100 of 204800, 18.11%. The next ends at 4012: 992
 * of 2004 ms are 49%, (37100 * 1677 + 49 * 2048 * 371 + 2047) / 2048 = 48559, 23.71%. If the
 * first read is at 9 s, three periods are missed, and the time before counts as one period of
 * 9000 - 3 * 2004 ms, all stalled.
 */
static const struct {
	uint64_t ask_ms[4];
	const char *avg10;
} averages[] = {
	{ { 0, 2003, 2100, 4100 }, "0 0 1811 2371 " },
	/* read when the work is due, before it runs */
	{ { 0, 2006 }, "0 1811 " },
	{ { 9000, 9001 }, "1811 1811 " },
};

static void test_averages(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(averages); i++) {
		g_autofree char *log = NULL;
		struct watch w = { 0 };

		for (int n = 0; n < 4; n++)
			w.ask_ns[n] = averages[i].ask_ms[n] * MS;
		log = beside_stall(ask, &w, 0);
		TL_STR(log, averages[i].avg10, "averages %zu", i);
	}
}

struct waiter {
	struct sched *sched;
	struct wait_queue queue;
};

static void wait_for_io(void *data)
{
	struct waiter *w = data;

	io_wait_on(w->sched, &w->queue, 7);
}

/* a task that waits for the device is in iowait: 100 of 200 ms on two CPUs */
static void test_iowait(void)
{
	struct cpus c;
	struct staller st = { 0 };
	struct waiter w = { 0 };

	cpus_init(&c, 4);
	st.sched = w.sched = c.sched;
	sched_spawn(c.sched, TASK_USER, "stall", stall, &st, 1);
	sched_spawn(c.sched, TASK_USER, "read", wait_for_io, &w, 2);
	while (sched_turn(c.sched) && c.clock.now_ns < 3000 * MS)
		;
	TL_EQ(psi_total_ns(c.psi, PSI_MEM_FULL), 1500 * MS, "half of it, by weight");
	wake_key(c.sched, &w.queue, 7);
	while (sched_turn(c.sched))
		;
	TL_EQ(sched_nr_user(c.sched), 0, "both are through");
	cpus_clear(&c);
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
