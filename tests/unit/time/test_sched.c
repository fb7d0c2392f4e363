// SPDX-License-Identifier: GPL-2.0-only
/* sim/time/sched.c: which task has a CPU when, computed by hand. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/time/sched.h"
#include "tests/unit/testlib.h"

void suite_sched(void);

#define MS 1000000ull

/* What tasks do: "r5" runs 5 ms, "w5" waits 5 ms, "q" waits in a queue, "k" wakes the queue, "i5"
 * waits in it for key 5, "o5" wakes key 5, "y" yields to the next task, a capital letter is
 * logged with the time. */
struct scene {
	struct clock clock;
	struct sched *sched;
	struct wait_queue queue;
	struct task *tasks[8];
	GString *log;
};

struct part {
	struct scene *sc;
	const char *does;
};

static void play(void *data)
{
	const struct part *p = data;
	struct sched *s = p->sc->sched;

	for (const char *c = p->does; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			g_string_append_printf(p->sc->log, "%c%u ", *c,
					       (unsigned)(p->sc->clock.now_ns / MS));
		else if (*c == 'r')
			sched_run(s, (uint64_t)(*++c - '0') * MS);
		else if (*c == 'w')
			task_sleep(s, p->sc->clock.now_ns + (uint64_t)(*++c - '0') * MS, true);
		else if (*c == 'q')
			wait_on(s, &p->sc->queue, true);
		else if (*c == 'k')
			wake_all(s, &p->sc->queue);
		else if (*c == 'y')
			sched_yield_to(s, p->sc->tasks[*++c - '0']);
		else if (*c == 'x')
			task_kill(s, p->sc->tasks[*++c - '0']);
		else if (*c == 'i')
			io_wait_on(s, &p->sc->queue, (uint32_t) * ++c);
		else if (*c == 'o')
			wake_key(s, &p->sc->queue, (uint32_t) * ++c);
	}
}

/* the tick is 4 ms */
static const struct {
	const char *what;
	unsigned int cpus;
	const char *tasks[4];
	const char *log;
} scenes[] = {
	{ "one task", 1, { "Ar3Bw2Cr1D" }, "A0 B3 C5 D6 " },
	{ "two CPUs: side by side", 2, { "Ar5B", "Cr5D" }, "A0 C0 B5 D5 " },
	/* a:0-4 b:4-8 a:8-9 b:9-10 */
	{ "one CPU: a tick each", 1, { "Ar5B", "Cr5D" }, "A0 C4 B9 D10 " },
	{ "who waits gives way at once", 1, { "Ar1w9B", "Cr3D" }, "A0 C1 D4 B10 " },
	/* b begins its wait at 4, wakes at 6 while a runs, and has to wait until 8 */
	{ "who wakes waits for the tick", 1, { "r1Ar8B", "w2Cr1D" }, "A1 C8 D9 B10 " },
	{ "or takes an idle CPU", 2, { "r1Ar8B", "w2Cr1D" }, "A1 C2 D3 B9 " },
	{ "first come first served", 1, { "r9A", "r1B", "r1C" }, "B5 C6 A11 " },
	{ "a queue", 2, { "qA", "r2kB" }, "B2 A2 " },
	{ "all of a queue, in order", 4, { "qA", "qB", "r2k" }, "A2 B2 " },
	{ "killed out of a queue and of a sleep", 4, { "qA", "w9B", "r3x0x1" }, "A3 B3 " },
	{ "what takes no time changes no order", 1, { "Ar0Bw0C", "D" }, "A0 B0 C0 D0 " },
	{ "a queue by keys", 4, { "i1A", "i2B", "i1C", "r1o2r1o1" }, "B1 A2 C2 " },
	{ "lent: the other goes first", 1, { "Ay1B", "Cr2D" }, "A0 C0 D2 B2 " },
	{ "lent, but not beyond a tick", 1, { "Ay1B", "Cr6D" }, "A0 C0 B4 D6 " },
	{ "not lent where there is another CPU", 2, { "Ay1B", "Cr2D" }, "A0 C0 B0 D2 " },
};

static void turn_all(struct scene *sc)
{
	while (sched_turn(sc->sched))
		;
}

static void test_scenes(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(scenes); i++) {
		struct scene sc = { .log = g_string_new(NULL) };
		struct part parts[4];

		clock_init(&sc.clock);
		sc.sched = sched_new(&sc.clock, scenes[i].cpus, 4 * MS, NULL);
		for (int t = 0; t < 4 && scenes[i].tasks[t]; t++) {
			parts[t] = (struct part){ &sc, scenes[i].tasks[t] };
			sc.tasks[t] = sched_spawn(sc.sched, TASK_USER, "test", play, &parts[t],
						  (unsigned)t);
		}
		turn_all(&sc);
		TL_STR(sc.log->str, scenes[i].log, "%s", scenes[i].what);
		TL_EQ(sched_nr_user(sc.sched), 0, "%s", scenes[i].what);
		g_string_free(sc.log, TRUE);
		sched_free(sc.sched);
		clock_clear(&sc.clock);
	}
}

/* calls of struct sched_ops for tasks "a" and "b" */
struct owned {
	struct scene *sc;
	char name;
	uint64_t sleep_ms;
};

static void say(const struct owned *o, const char *what)
{
	g_string_append_printf(o->sc->log, "%c%s%u ", o->name, what,
			       (unsigned)(o->sc->clock.now_ns / MS));
}

static void run_on(void *data, unsigned int cpu)
{
	say(data, cpu ? "1:" : "0:");
}

static void switch_in(void *data)
{
	say(data, ">");
}

static void switch_out(void *data)
{
	say(data, "<");
}

static void ended(void *data)
{
	say(data, "!");
}

static void sleeper(void *data)
{
	const struct owned *o = data;

	CU_ASSERT_PTR_EQUAL(sched_current_data(o->sc->sched), o);
	task_sleep(o->sc->sched, o->sleep_ms * MS, false);
}

/* a sleeps for 2 ms, b until the scheduler is freed */
static void test_ops(void)
{
	static const struct sched_ops ops = { run_on, switch_in, switch_out, ended };
	struct scene sc = { .log = g_string_new(NULL) };
	struct owned a = { &sc, 'a', 2 }, b = { &sc, 'b', 10 };

	clock_init(&sc.clock);
	sc.sched = sched_new(&sc.clock, 2, 4 * MS, &ops);
	sched_spawn(sc.sched, TASK_USER, "a", sleeper, &a, 0);
	sched_spawn(sc.sched, TASK_USER, "b", sleeper, &b, 1);
	while (sc.clock.now_ns < 2 * MS)
		sched_turn(sc.sched);
	CU_ASSERT_PTR_NULL(sched_current(sc.sched));
	sched_turn(sc.sched);
	TL_EQ(sched_nr_user(sc.sched), 1, "b");
	sched_free(sc.sched);
	TL_STR(sc.log->str, "a0:0 b1:0 a>0 a<0 b>0 b<0 a0:2 a>2 a<2 a!2 b!2 ", "hooks");
	g_string_free(sc.log, TRUE);
	clock_clear(&sc.clock);
}

void suite_sched(void)
{
	CU_pSuite s = CU_add_suite("sched", NULL, NULL);

	CU_add_test(s, "who has a CPU when", test_scenes);
	CU_add_test(s, "what the owner of tasks hears", test_ops);
}
