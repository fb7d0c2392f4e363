// SPDX-License-Identifier: GPL-2.0-only
/* The break-even of a grid with given numbers, without any run. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <glib/gstdio.h>

#include <CUnit/CUnit.h>

#include "sim/lab/breakeven.h"
#include "tests/unit/testlib.h"

void suite_breakeven(void);

#define NR_SEEDS 2
#define POINTS	 4

/* two policies. @net: of the second minus the first, ms, for two seeds at each point */
static void make_grid(struct grid *g, struct returns *r, double net[2 * POINTS * NR_SEEDS],
		      const double points[POINTS][NR_SEEDS], bool along_p)
{
	static double p[POINTS] = { 0, 0.25, 0.5, 1 };
	static uint64_t delays[POINTS] = { 1000000000, 10000000000, 100000000000, 1000000000000 };

	*r = (struct returns){ .delays = g_ptr_array_new(), .ps = g_ptr_array_new() };
	r->p = p;
	r->delay_ns = delays;
	g_ptr_array_set_size(r->ps, along_p ? POINTS : 1);
	g_ptr_array_set_size(r->delays, along_p ? 1 : POINTS);
	*g = (struct grid){
		.r = r,
		.machines = g_ptr_array_new(),
		.lrus = g_ptr_array_new(),
		.policies = g_ptr_array_new(),
		.nr_seeds = NR_SEEDS,
		.net = net,
	};
	g_ptr_array_set_size(g->machines, 1);
	g_ptr_array_set_size(g->lrus, 1);
	g_ptr_array_set_size(g->policies, 2);
	for (int i = 0; i < POINTS; i++) {
		for (int s = 0; s < NR_SEEDS; s++) {
			net[i * NR_SEEDS + s] = 1000 * (s + 1);
			net[(POINTS + i) * NR_SEEDS + s] = 1000 * (s + 1) + points[i][s];
		}
	}
	grid_estimate(g);
}

static void drop_grid(struct grid *g, struct returns *r)
{
	g_free(g->difference);
	g_ptr_array_unref(r->delays);
	g_ptr_array_unref(r->ps);
	g_ptr_array_unref(g->machines);
	g_ptr_array_unref(g->lrus);
	g_ptr_array_unref(g->policies);
}

/* the differences of the second policy at p = 0, 0.25, 0.5 and 1 */
static const struct {
	double points[POINTS][NR_SEEDS];
	const char *verdict; /* NULL: the break-even is at @at */
	double at;
} rows[] = {
	/* linear between two points: -1 at 0.25, 3 at 0.5 */
	{ { { -2, -2 }, { -1, -1 }, { 3, 3 }, { 4, 4 } }, NULL, 0.25 + 0.25 / 4 },
	/* falling: the policy pays off if processes restart */
	{ { { 2, 2 }, { 1, 1 }, { 1, 1 }, { -3, -3 } }, NULL, 0.5 + 0.5 / 4 },
	/* exactly at a point: 0 is a sign of its own */
	{ { { -2, -2 }, { -1, -1 }, { 0, 0 }, { 4, 4 } }, NULL, 0.5 },
	{ { { -2, -2 }, { -1, -1 }, { -1, -1 }, { -4, -4 } }, "pays", 0 },
	{ { { 2, 2 }, { 1, 1 }, { 1, 1 }, { 4, 4 } }, "never", 0 },
	{ { { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 } }, "same", 0 },
	/* the half width of the interval is 12.7 times half the difference of two seeds */
	{ { { -3, 1 }, { 1, -3 }, { 5, -2 }, { 3, -1 } }, "noise", 0 },
	/* noise between two points that are not: the crossing of the mean counts */
	{ { { -2, -2 }, { -3, 1 }, { 5, -2 }, { 4, 4 } }, NULL, 0.25 + 0.25 * 1 / 2.5 },
	/* one sign that is not noise, then noise: one point of four says too little */
	{ { { -2, -2 }, { 1, -3 }, { 5, -2 }, { 3, -1 } }, "noise", 0 },
	/* two of four, and three */
	{ { { -2, -2 }, { -1, -1 }, { 5, -2 }, { 3, -1 } }, "noise", 0 },
	{ { { -2, -2 }, { -1, -1 }, { 5, -2 }, { -3, -3 } }, "pays", 0 },
	{ { { -2, -2 }, { NAN, -1 }, { 3, 3 }, { 4, 4 } }, "failed", 0 },
	/* it crosses three times, and twice: there is no point from which on it costs */
	{ { { -1, -1 }, { 1, 1 }, { -1, -1 }, { 1, 1 } }, "mixed", 0 },
	{ { { -1, -1 }, { 1, 1 }, { -1, -1 }, { -1, -1 } }, "mixed", 0 },
};

static void test_even_p(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		double net[2 * POINTS * NR_SEEDS];
		struct returns r;
		struct grid g;
		struct even e;

		make_grid(&g, &r, net, rows[i].points, true);
		e = grid_even_p(&g, 0, 0, 1, 0);
		TL_STR(e.verdict ? e.verdict : "", rows[i].verdict ? rows[i].verdict : "",
		       "row %zu", i);
		if (!rows[i].verdict) {
			CU_ASSERT_DOUBLE_EQUAL(e.at, rows[i].at, 1e-9);
			CU_ASSERT_TRUE(e.low <= e.at && e.at <= e.high);
		}
		drop_grid(&g, &r);
	}
}

/* delays are interpolated in their logarithm: half way from 10 s to 100 s is 31.6 s */
static void test_even_delay(void)
{
	static const double points[POINTS][NR_SEEDS] = {
		{ -1, -1 }, { -1, -1 }, { 1, 1 }, { 1, 1 }
	};
	double net[2 * POINTS * NR_SEEDS];
	struct returns r;
	struct grid g;
	struct even e;

	make_grid(&g, &r, net, points, false);
	e = grid_even_delay(&g, 0, 0, 1, 0);
	CU_ASSERT_PTR_NULL(e.verdict);
	CU_ASSERT_DOUBLE_EQUAL(e.at, sqrt(10 * 100), 1e-9);
	/* without noise the interval is a point */
	CU_ASSERT_DOUBLE_EQUAL(e.low, e.at, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(e.high, e.at, 1e-9);
	drop_grid(&g, &r);
}

/* the ends of the confidence interval cross 0 around the crossing of the mean */
static void test_even_interval(void)
{
	/* means -1 and 1; half the width 12.706 * 0.02 */
	static const double points[POINTS][NR_SEEDS] = {
		{ -1, -1 }, { -1.02, -0.98 }, { 1.02, 0.98 }, { 1, 1 }
	};
	const double half = 12.706 * 0.02;
	double net[2 * POINTS * NR_SEEDS];
	struct returns r;
	struct grid g;
	struct even e;

	make_grid(&g, &r, net, points, true);
	e = grid_even_p(&g, 0, 0, 1, 0);
	CU_ASSERT_PTR_NULL(e.verdict);
	CU_ASSERT_DOUBLE_EQUAL(e.at, 0.375, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(e.low, 0.25 + 0.25 * (1 - half) / 2, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(e.high, 0.25 + 0.25 * (1 + half) / 2, 1e-6);
	drop_grid(&g, &r);
}

static void test_winner(void)
{
	static const struct {
		double point[NR_SEEDS];
		int winner;
	} cells[] = {
		{ { -1, -1 }, 1 },
		{ { 1, 1 }, 0 },
		{ { 3, -1 }, WINNER_NOISE },
		{ { 0, 0 }, WINNER_NOISE },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cells); i++) {
		double points[POINTS][NR_SEEDS] = { { 0 } };
		double net[2 * POINTS * NR_SEEDS];
		struct returns r;
		struct grid g;

		memcpy(points[2], cells[i].point, sizeof(points[2]));
		make_grid(&g, &r, net, (const double(*)[NR_SEEDS])points, true);
		TL_EQ(grid_winner(&g, 0, 0, 0, 2), cells[i].winner, "cell %zu", i);
		drop_grid(&g, &r);
	}
}

/* the sweep that a breakeven_spec becomes: its axes are the rule's or the generator's */
static void test_parse(void)
{
	static const struct {
		const char *workload, *delays, *ps, *setting;
		const char *says; /* part of the error; NULL: a sweep of @nr_runs */
		uint64_t nr_runs;
		const char *group;
	} asked[] = {
		{ "kill-return", "1s,4s", "0,1", "cpus=1", NULL, 2 * 2 * 3 * 2 * 2, "restart" },
		{ "db-pressure", "1s,40s", "0,0.5,1", "cpus=1", NULL, 2 * 3 * 3 * 2 * 2,
		  "generator" },
		{ "db-pressure", "1500us", "0,1", "cpus=1", "counts whole", 0, NULL },
		{ "kill-return", "soon", "0,1", "cpus=1", "soon", 0, NULL },
		{ "kill-return", "1s", "0,2", "cpus=1", "2", 0, NULL },
		/* Bug: the last value was shown as if it were the only one */
		{ "kill-return", "1s", "0,1", "cpus=1;2", "cpus has 2 values, expected one", 0,
		  NULL },
	};

	g_autofree char *dir = g_dir_make_tmp("reapsim-breakeven-XXXXXX", NULL);
	g_autofree char *machine = g_build_filename(dir, "m.conf", NULL);

	CU_ASSERT_TRUE_FATAL(g_file_set_contents(machine, "[machine]\nread_us=100\n", -1, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(asked); i++) {
		char *const settings[] = { (char *)asked[i].setting, NULL };
		const struct breakeven_spec spec = {
			.workload = asked[i].workload,
			.machines = machine,
			.settings = settings,
			.delays = asked[i].delays,
			.probabilities = asked[i].ps,
			.nr_seeds = 3,
		};
		struct returns r;
		struct sweep sw;
		struct err err = { "" };
		int ret = breakeven_parse(&sw, &r, &spec, &err);

		TL_EQ(ret, asked[i].says ? -EINVAL : 0, "row %zu: %s", i, err.msg);
		if (ret) {
			TL_EQ(asked[i].says && strstr(err.msg, asked[i].says) != NULL, true,
			      "row %zu: \"%s\"", i, err.msg);
			continue;
		}
		TL_EQ(sw.nr_runs, asked[i].nr_runs, "row %zu", i);
		TL_STR(r.group, asked[i].group, "row %zu", i);
		sweep_clear(&sw);
		returns_clear(&r);
	}
	g_unlink(machine);
	g_rmdir(dir);
}

void suite_breakeven(void)
{
	CU_pSuite s = CU_add_suite("breakeven", NULL, NULL);

	CU_add_test(s, "between points of the probability", test_even_p);
	CU_add_test(s, "between points of the delay", test_even_delay);
	CU_add_test(s, "the interval of a break-even", test_even_interval);
	CU_add_test(s, "who wins a cell", test_winner);
	CU_add_test(s, "what is asked", test_parse);
}
