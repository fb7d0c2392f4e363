// SPDX-License-Identifier: GPL-2.0-only
/* sim/restart.c: rules as typed, and their delays. */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/restart.h"
#include "tests/unit/testlib.h"

void suite_restart(void);

#define MS 1000000ull
#define S  1000000000ull

/* the rule as typed, and as restart_rule_text(); NULL: refused */
static const struct {
	const char *typed, *rule;
} rules[] = {
	{ "never", "never" },
	{ "on-use", "on-use" },
	{ "on-use,p=0.3", "on-use,p=0.3" },
	{ "on-use,p=1", "on-use" },
	{ "fixed=10s", "fixed=10s" },
	{ "fixed=0ms", "fixed=0s" },
	{ "uniform=1s..1m", "uniform=1s..60s" },
	{ "log-uniform=1us..1h,p=0", "log-uniform=1us..3600s,p=0" },
	{ "kubernetes", "kubernetes" },
	{ "systemd,p=0.5", "systemd,p=0.5" },
	{ "", NULL },
	{ "often", NULL },
	{ "never=1s", NULL },
	{ "fixed", NULL },
	{ "fixed=10", NULL },
	{ "fixed=-1s", NULL },
	{ "fixed=1.5s", NULL },
	{ "fixed=1s..2s", NULL },
	{ "uniform=1s", NULL },
	{ "uniform=2s..1s", NULL },
	{ "log-uniform=0s..1s", NULL },
	{ "fixed=99999999999999999999s", NULL },
	{ "fixed=18446744073709551s", NULL },
	{ "on-use,p=2", NULL },
	{ "on-use,p=", NULL },
	{ "on-use,q=1", NULL },
	{ "on-use,p=1,p=1", NULL },
};

static void test_rules(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
		struct restart_rule r;
		struct err err = { "" };
		int ret = restart_rule_parse(&r, rules[i].typed, &err);

		TL_EQ(ret, rules[i].rule ? 0 : -EINVAL, "%s", rules[i].typed);
		if (ret) {
			CU_ASSERT(strstr(err.msg, rules[i].typed) && strstr(err.msg, "expected"));
		} else {
			g_autofree char *text = restart_rule_text(&r);

			TL_STR(text, rules[i].rule, "%s", rules[i].typed);
		}
	}
}

/* a process that is killed after the given seconds of each life, and the delays in ms; -1: no
 * restart */
static const struct {
	const char *rule;
	unsigned int lives_s[8];
	int delays_ms[8];
} series[] = {
	{ "fixed=250ms", { 1, 1, 1 }, { 250, 250, 250 } },
	{ "on-use", { 1, 1 }, { 0, 0 } },
	{ "never", { 1 }, { -1 } },
	{ "kubernetes",
	  { 1, 1, 1, 1, 1, 1, 1, 600 },
	  { 10000, 20000, 40000, 80000, 160000, 300000, 300000, 10000 } },
	{ "kubernetes", { 700, 599, 600, 1 }, { 10000, 20000, 10000, 20000 } },
	/* starts at 0, 1.1, 2.2, 3.3, 4.4 s; a sixth at 5.5 s is refused */
	{ "systemd", { 1, 1, 1, 1, 1 }, { 100, 100, 100, 100, -1 } },
	/* every 2.1 s: the sixth comes 10.5 s after the first */
	{ "systemd", { 2, 2, 2, 2, 2, 2, 2 }, { 100, 100, 100, 100, 100, 100, 100 } },
};

static void test_series(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(series); i++) {
		struct restart_state st = { 0 };
		struct restart_rule r;
		struct rng rng;
		struct err err;
		uint64_t now = 0;

		rng_init(&rng, 1, 2);
		CU_ASSERT_EQUAL(restart_rule_parse(&r, series[i].rule, &err), 0);
		for (int n = 0; n < 8 && series[i].lives_s[n]; n++) {
			const uint64_t started = now;
			uint64_t delay;
			bool back;

			restart_started(&st, now);
			now += series[i].lives_s[n] * S;
			back = restart_delay(&r, &st, started, now, &rng, &delay);
			TL_EQ(back ? (int64_t)(delay / MS) : -1, series[i].delays_ms[n],
			      "%s, death %d", series[i].rule, n);
			now += delay;
		}
	}
}

static void test_random(void)
{
	enum { N = 10000 };
	struct restart_state st = { 0 };
	struct restart_rule r;
	struct rng rng;
	struct err err;
	uint64_t delay, back = 0, low = 0;

	rng_init(&rng, 1, 2);
	CU_ASSERT_EQUAL(restart_rule_parse(&r, "uniform=1s..3s,p=0.25", &err), 0);
	for (int i = 0; i < N; i++) {
		if (!restart_delay(&r, &st, 0, 0, &rng, &delay))
			continue;
		back++;
		low += delay < 2 * S;
		CU_ASSERT(delay >= S && delay <= 3 * S);
	}
	CU_ASSERT(back > N / 4 - 150 && back < N / 4 + 150);
	CU_ASSERT(low > back / 2 - 100 && low < back / 2 + 100);
	/* half of the logarithms are below the geometric mean */
	CU_ASSERT_EQUAL(restart_rule_parse(&r, "log-uniform=1s..100s", &err), 0);
	low = 0;
	for (int i = 0; i < N; i++) {
		CU_ASSERT(restart_delay(&r, &st, 0, 0, &rng, &delay));
		low += delay < 10 * S;
		CU_ASSERT(delay >= S && delay <= 100 * S);
	}
	CU_ASSERT(low > N / 2 - 200 && low < N / 2 + 200);
}

void suite_restart(void)
{
	CU_pSuite s = CU_add_suite("restart", NULL, NULL);

	CU_add_test(s, "rules", test_rules);
	CU_add_test(s, "delays, life by life", test_series);
	CU_add_test(s, "delays left to chance", test_random);
}
