// SPDX-License-Identifier: GPL-2.0-only
/* sim/killer.c and models/kill-*.c: parameters, and the processes that they kill. */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/task.h"
#include "sim/outcome.h"
#include "tests/unit/testlib.h"

void suite_killer(void);

static const struct {
	const struct killer *killer;
	const char *text;
	const char *error; /* part of the error; NULL: valid */
} args[] = {
	{ &kill_lmkd, NULL, NULL },
	{ &kill_lmkd, "", NULL },
	{ &kill_lmkd, "thrashing=30:decay=50", NULL },
	{ &kill_lmkd, "thrashing", "expected KEY=VALUE" },
	{ &kill_lmkd, "thrashing=x", "\"x\", expected a whole number from 0 to 1000" },
	{ &kill_lmkd, "thrashing=1001", "\"1001\"" },
	/* Bug: was read as octal, 520, which is within the limits */
	{ &kill_lmkd, "thrashing=01010", "\"01010\"" },
	{ &kill_lmkd, "thrashing=", "\"\"" },
	{ &kill_lmkd, "trashing=1",
	  "\"trashing\", did you mean thrashing? Expected one of: partial_ms, complete_ms" },
	{ &kill_none, "a=1", "it has none" },
};

static void test_args(void)
{
	union option_value v[KILLER_ARGS_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(args); i++) {
		struct err err = { "" };
		int ret = killer_args_parse(v, args[i].killer, args[i].text, &err);

		TL_EQ(ret, args[i].error ? -EINVAL : 0, "%s", args[i].text);
		if (args[i].error && !strstr(err.msg, args[i].error))
			TL_STR(err.msg, args[i].error, "%s", args[i].text);
	}
	/* the defaults, which are a phone's, with one change */
	CU_ASSERT_EQUAL(killer_args_parse(v, &kill_lmkd, "decay=50", NULL), 0);
	CU_ASSERT_EQUAL(v[0].n, 70);
	CU_ASSERT_EQUAL(v[1].n, 700);
	CU_ASSERT_EQUAL(v[2].n, 1000);
	CU_ASSERT_EQUAL(v[3].n, 100);
	CU_ASSERT_EQUAL(v[4].n, 0);
	CU_ASSERT_EQUAL(v[5].n, 50);
	CU_ASSERT_EQUAL(v[6].n, 10);
}

static void test_registry(void)
{
	for (const struct killer *const *k = killers; *k; k++) {
		struct err err = { "" };
		unsigned int nr = 0;

		CU_ASSERT(killer_find((*k)->name, &err) == *k);
		CU_ASSERT((*k)->summary && *(*k)->summary);
		for (; (*k)->options && (*k)->options[nr].name; nr++) {
			const struct option *o = &(*k)->options[nr];
			union option_value v;

			CU_ASSERT(option_parse(o, "", o->def, &v, &err) == 0);
			CU_ASSERT(o->help != NULL);
		}
		CU_ASSERT(nr <= KILLER_ARGS_MAX);
		CU_ASSERT(!((*k)->scripted && (*k)->run));
	}
	{
		g_autofree char *names = tl_names(killers);
		struct err err;

		CU_ASSERT(!killer_find("nobody", &err));
		CU_ASSERT(g_str_has_suffix(err.msg, names));
	}
}

static char *victims(const char *killer, const char *machine, const char *text,
		     const char *kill_args)
{
	struct err err;
	struct timed_config timed;
	GString *out = g_string_new(NULL);
	struct outcome o;
	struct tl *x;

	timed_config_init(&timed, killer_find(killer, &err));
	CU_ASSERT_EQUAL(killer_args_parse(timed.killer_args, timed.killer, kill_args, &err), 0);
	timed.loop = LOOP_TRACE;
	x = tl_new_timed(machine, NULL, &timed, text);
	CU_ASSERT_EQUAL(tl_end(x), 1);
	timed_outcome(x->s, &o);
	for (guint i = 0; i < o.kills->len; i++) {
		const struct kill_outcome *k = &g_array_index(o.kills, struct kill_outcome, i);

		g_string_append_printf(out, "%u%s ", k->pid, k->oom ? "!" : "");
	}
	outcome_clear(&o);
	tl_free(x);
	return g_string_free(out, FALSE);
}

/*
 * Three processes with 1000 anon pages each in 4096 pages of memory, used in the order 2, 1,
 * 3. Then a fourth reads files over and over that exceed the rest of memory. There is no swap,
 * which counts as full.
 */
#define PHONE PHONE_APPS PHONE_END
#define PHONE_APPS                                                                                 \
	"file,f,3000;"                                                                             \
	"spawn,1; anon,1,0,1000,rw-p; touch,1,0,1000,w; advance,1s;"                               \
	"spawn,2; anon,2,0,1000,rw-p; touch,2,0,1000,w; advance,1s;"                               \
	"touch,1,0,10,r; advance,1s;"                                                              \
	"spawn,3; anon,3,0,1000,rw-p; touch,3,0,1000,w; advance,1s;"
#define PHONE_END "spawn,4;" LOOP LOOP LOOP LOOP
/* 3 is of no use, 2 is an idle service, 1 is perceptible, and needed more than both */
#define ADJ PHONE_APPS "oom_score_adj,3,999; oom_score_adj,2,800; oom_score_adj,1,750;"
#define LOOP                                                                                       \
	"read,4,f,0,1000; read,4,f,1000,1000; read,4,f,2000,1000;"                                 \
	"read,4,f,0,1000; read,4,f,1000,1000; read,4,f,2000,1000;"

/* only a foreground process, with more than half of memory */
#define ALONE "file,f,3000; spawn,4; anon,4,0,2600,rw-p; touch,4,0,2600,w; advance,2s;" LOOP LOOP

#define SYSTEM_ALONE                                                                               \
	"file,f,3000; spawn,117440512; anon,117440512,0,2600,rw-p; touch,117440512,0,2600,w;"      \
	"advance,2s; read,117440512,f,0,1000; read,117440512,f,1000,1000;"                         \
	"read,117440512,f,2000,1000; read,117440512,f,0,1000; read,117440512,f,1000,1000;"         \
	"read,117440512,f,2000,1000;"

static const struct {
	const char *what, *text, *args, *victims;
} lmkd[] = {
	{ "the pressure is not high enough", PHONE, NULL, "" },
	/* 4 is the foreground, 3 was used before it; 1 and 2 are cached */
	{ "thrashing: cached apps, longest idle first, then the previous one", PHONE,
	  "partial_ms=5:poll_long_ms=10", "2 1 3 " },
	{ "below low, no thrashing: cached apps only", PHONE,
	  "partial_ms=5:poll_long_ms=10:thrashing=1000", "2 1 " },
	/* its polls find free memory below high, never below low */
	{ "between low and high, no thrashing: nobody", PHONE, "partial_ms=10:thrashing=1000", "" },
	{ "not responding", PHONE, "partial_ms=1000:complete_ms=5", "2 1 3 " },
	{ "thrashing, but not enough for the foreground", ALONE,
	  "partial_ms=5:thrashing=20:thrashing_critical=10000", "" },
	{ "thrashing beyond critical: anybody", ALONE,
	  "partial_ms=5:thrashing=20:thrashing_critical=21", "4 " },
	{ "not responding: anybody", ALONE, "partial_ms=1000:complete_ms=5", "4 " },
	{ "the system's own process is nobody's victim", SYSTEM_ALONE,
	  "partial_ms=1000:complete_ms=5", "" },
	{ "oom_score_adj: the cached one of the trace, not those that are idle for long",
	  ADJ PHONE_END, "partial_ms=5:poll_long_ms=10", "3 2 1 " },
	{ "below low: not the foreground", ALONE, "partial_ms=5:thrashing=1000", "" },
};

static void test_lmkd(void)
{
	const char *machine = "memory_pages=4096 read_us=200 scan_ns=20000 cpus=2";
	g_autofree char *nobody = victims("none", machine, PHONE, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(lmkd); i++) {
		g_autofree char *v = victims("lmkd", machine, lmkd[i].text, lmkd[i].args);

		TL_STR(v, lmkd[i].victims, "%s", lmkd[i].what);
	}
	TL_STR(nobody, "", "none");
}

/* 1 and its children 2 and 3 are one family, 5 is another, smaller one */
#define FAMILIES                                                                                   \
	"file,f,3000; spawn,5; anon,5,0,500,rw-p; touch,5,0,500,w; spawn,1;"                       \
	"anon,1,0,600,rw-p; touch,1,0,600,w; fork,1,2; fork,2,3; touch,2,0,600,w;"                 \
	"touch,3,0,600,w; advance,1s; spawn,4;" LOOP LOOP LOOP LOOP

/* 1 uses memory, so 5 is swapped out, 700 of 1000 slots; then 1 has more memory than 5 */
#define SWAPPED                                                                                    \
	"spawn,5; anon,5,0,900,rw-p; touch,5,0,900,w; advance,1s;"                                 \
	"spawn,1; anon,1,0,1600,rw-p; touch,1,0,1600,w; advance,10s; touch,1,0,1,r"

static const struct {
	const char *what, *machine, *text, *args, *victims;
} oomd[] = {
	{ "pressure: the family with most memory", "memory_pages=4096 read_us=1000 scan_ns=20000",
	  FAMILIES, "pressure=1:duration_ms=0:interval_ms=100:delay_ms=60000", "1 2 3 " },
	/* a second kill after the delay, as the pressure stays */
	{ "and the next", "memory_pages=4096 read_us=1000 scan_ns=20000", FAMILIES,
	  "pressure=1:duration_ms=0:interval_ms=100:delay_ms=100", "1 2 3 5 " },
	{ "not for so long", "memory_pages=4096 read_us=1000 scan_ns=20000", FAMILIES,
	  "pressure=1:duration_ms=3600000", "" },
	{ "memory and swap in use: most swap, not most memory", "memcg_pages=2048 swap_pages=1000",
	  SWAPPED, "swap_used=40", "5 " },
	{ "swap is not full enough", "memcg_pages=2048 swap_pages=4000", SWAPPED, "swap_used=40",
	  "" },
};

static void test_oomd(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(oomd); i++) {
		g_autofree char *v = victims("oomd", oomd[i].machine, oomd[i].text, oomd[i].args);

		TL_STR(v, oomd[i].victims, "%s", oomd[i].what);
	}
}

static void stall(struct sim *s, void *arg)
{
	memstall_enter(s->sched);
	for (int i = 0; i < 10; i++) {
		task_sleep(s->sched, s->clock.now_ns + 10000000000ull, false);
		s->stat.v[VM_pgscan_kswapd] += *(const bool *)arg;
	}
	memstall_leave(s->sched);
}

/* 100 s of pressure without reclaim: oomd does not kill */
static void test_oomd_reclaim(void)
{
	for (int i = 0; i < 2; i++) {
		const bool scans = i;
		struct timed_config timed;
		struct outcome o;
		struct tl *x;

		timed_config_init(&timed, &kill_oomd);
		x = tl_new_timed("memory_pages=4096 cpus=2", NULL, &timed,
				 "spawn,1; anon,1,0,100,rw-p; touch,1,0,100,w; advance,90s;"
				 "touch,1,0,100,w");
		task_spawn(x->s, TASK_USER, "stall", stall, (void *)&scans, 1);
		CU_ASSERT_EQUAL(tl_end(x), 1);
		timed_outcome(x->s, &o);
		TL_EQ(o.nr_kills, scans, "reclaim: %d", scans);
		/* avg10 is over 60% after five periods, 10.02 s; seen at 11 s, and 30 s more */
		if (scans)
			TL_EQ(g_array_index(o.kills, struct kill_outcome, 0).at_ns, 41000000000ull,
			      "when");
		outcome_clear(&o);
		tl_free(x);
	}
}

/* an allocation that does not fit, with nothing to reclaim */
static const struct {
	const char *what, *killer, *machine, *text, *victims;
} oom[] = {
	{ "who has most", "none", "memcg_pages=2048",
	  "spawn,1; anon,1,0,900,rw-p; touch,1,0,900,w; spawn,2; anon,2,0,800,rw-p;"
	  "touch,2,0,800,w; spawn,3; anon,3,0,700,rw-p; touch,3,0,700,w",
	  "1! " },
	{ "but the system's own", "none", "memcg_pages=2048",
	  "spawn,117440512; anon,117440512,0,900,rw-p; touch,117440512,0,900,w; spawn,2;"
	  "anon,2,0,800,rw-p; touch,2,0,800,w; spawn,3; anon,3,0,700,rw-p; touch,3,0,700,w",
	  "2! " },
	/* "points < chosen_points" skips: of equal processes the last is chosen */
	{ "of equals the last", "none", "memcg_pages=2048",
	  "spawn,1; anon,1,0,800,rw-p; touch,1,0,800,w; spawn,2; anon,2,0,800,rw-p;"
	  "touch,2,0,800,w; spawn,3; anon,3,0,700,rw-p; touch,3,0,700,w",
	  "2! " },
	/* 795 pages in 10 tables against 800 in 2 */
	{ "page tables count", "none", "memcg_pages=2048",
	  "spawn,1; anon,1,0,5120,rw-p; touch,1,0,786,w; touch,1,1024,1,w; touch,1,1536,1,w;"
	  "touch,1,2048,1,w; touch,1,2560,1,w; touch,1,3072,1,w; touch,1,3584,1,w;"
	  "touch,1,4096,1,w; touch,1,4608,2,w;"
	  "spawn,2; anon,2,0,800,rw-p; touch,2,0,800,w; spawn,3; anon,3,0,700,rw-p;"
	  "touch,3,0,700,w",
	  "1! " },
	/* a process that was killed before and is exiting has no mm any more, although
	 * it still has most pages: 788 for 0.8 s */
	{ "who exits is no candidate", "scripted", "memcg_pages=2048 zap_anon_ps=1000000000 cpus=4",
	  "spawn,1; anon,1,0,1300,rw-p; touch,1,0,1300,w; spawn,2; anon,2,0,200,rw-p;"
	  "touch,2,0,200,w; kill,1; spawn,3; anon,3,0,700,rw-p; touch,3,0,700,w",
	  "1 3! " },
};

static void test_oom(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(oom); i++) {
		g_autofree char *v = victims(oom[i].killer, oom[i].machine, oom[i].text, NULL);

		TL_STR(v, oom[i].victims, "%s", oom[i].what);
	}
}

void suite_killer(void)
{
	CU_pSuite s = CU_add_suite("killer", NULL, NULL);

	CU_add_test(s, "parameters", test_args);
	CU_add_test(s, "the registry", test_registry);
	CU_add_test(s, "whom lmkd kills", test_lmkd);
	CU_add_test(s, "whom oomd kills", test_oomd);
	CU_add_test(s, "oomd kills where somebody reclaims", test_oomd_reclaim);
	CU_add_test(s, "whom the OOM killer kills", test_oom);
}
