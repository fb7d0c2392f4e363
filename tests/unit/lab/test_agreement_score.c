// SPDX-License-Identifier: GPL-2.0-only
/* sim/lab/agreement-score.c: scores of made-up results, and their level. */
#include <errno.h>

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>

#include "sim/lab/agreement-score.h"
#include "tests/unit/testlib.h"

void suite_agreement_score(void);

#define NR_RUNS 3

/* baseline has 100 to 120 refaults, v1 more. The simulator is off by 10% in one of four cells, and
 * has the wrong sign at one of two snapshots */
static const struct {
	const char *policy, *mark;
	unsigned int counter;
	uint64_t values[NR_RUNS], sim;
} made_up[] = {
	{ "baseline", "a", 0, { 100, 110, 120 }, 110 },
	{ "baseline", "b", 0, { 100, 110, 120 }, 110 },
	{ "v1", "a", 0, { 200, 200, 200 }, 220 },
	{ "v1", "b", 0, { 121, 130, 130 }, 110 },
	{ "v1", "b", 3, { 1000, 1000, 1000 }, 1005 },
};

/* a scenario "s" on a guest, with 1000 accesses; its cells live in @values */
static void make(struct agreement *a, struct result r[2], uint64_t values[][NR_RUNS])
{
	agreement_init(a);
	for (int i = 0; i < 2; i++) {
		struct judged j = {
			.r = &r[i],
			.group = AGREEMENT_GUEST,
			.accesses = 1000,
			.resident = { 99, 100 },
			.active = { 3, 4 },
		};

		r[i] = (struct result){
			.scenario = "s",
			.policy = i ? "v1" : "baseline",
			.nr_runs = NR_RUNS,
			.cells = g_array_new(FALSE, FALSE, sizeof(struct cell)),
		};
		g_array_append_val(a->judged, j);
	}
	for (guint i = 0; i < G_N_ELEMENTS(made_up); i++) {
		const int of = !g_strcmp0(made_up[i].policy, "v1");
		struct cell c = {
			.mark = made_up[i].mark,
			.counter = made_up[i].counter,
			.line = i + 2,
			.values = values[i],
			.sim = made_up[i].sim,
		};

		memcpy(values[i], made_up[i].values, sizeof(values[i]));
		c.kernel = spread_of(values[i], NR_RUNS);
		c.error = agreement_error(&c.kernel, c.sim, 1000);
		g_array_append_val(r[of].cells, c);
	}
}

static void drop(struct agreement *a, struct result r[2])
{
	for (int i = 0; i < 2; i++)
		g_array_free(r[i].cells, TRUE);
	g_array_free(a->judged, TRUE);
}

static void test_score(void)
{
	uint64_t values[G_N_ELEMENTS(made_up)][NR_RUNS];
	struct agreement a;
	struct result r[2];
	struct score s;

	make(&a, r, values);
	score_group(&s, &a, AGREEMENT_GUEST, -1, NULL);
	TL_EQ(s.errors->len, 5, "cells");
	TL_EQ(s.inside, 2, "inside the spread");
	TL_EQ(s.within, 3, "or off by a hundredth at most");
	CU_ASSERT_PTR_EQUAL(s.worst, &g_array_index(r[1].cells, struct cell, 0));
	CU_ASSERT_DOUBLE_EQUAL(score_percentile(&s, 100), 10, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(score_percent(&s, s.within), 60, 1e-9);
	/* snapshot a: more, as in the kernel; snapshot b, the last: no difference */
	TL_EQ(s.each_sign.all, 2, "signs that the kernel gives");
	TL_EQ(s.each_sign.same, 1, "of them the simulator's too");
	TL_EQ(s.last_sign.all, 1, "at the last mark");
	TL_EQ(s.last_sign.same, 0, "of them the simulator's too");
	TL_EQ(s.resident.same, 198, "pages");
	CU_ASSERT_DOUBLE_EQUAL(share_percent(s.active), 75, 1e-9);
	/* each run is inside the spread of the other runs or not: of 100, 110, 120 only 110 is */
	TL_EQ(s.noise.kernel_inside.all, 5 * NR_RUNS, "runs");
	TL_EQ(s.noise.kernel_inside.same, 1 + 1 + 3 + 2 + 3, "runs inside the others'");
	score_clear(&s);

	score_group(&s, &a, AGREEMENT_GUEST, 3, "s");
	TL_EQ(s.errors->len, 1, "cells of that counter");
	score_clear(&s);
	score_group(&s, &a, AGREEMENT_MEMCG, -1, NULL);
	TL_EQ(s.errors->len, 0, "cells of the other group");
	CU_ASSERT_EQUAL(share_percent(s.last_sign), 100);
	score_clear(&s);
	drop(&a, r);
}

static void test_worst(void)
{
	uint64_t values[G_N_ELEMENTS(made_up)][NR_RUNS];
	struct agreement a;
	struct result r[2];
	GArray *worst;

	make(&a, r, values);
	worst = agreement_worst(&a);
	TL_EQ(worst->len, 3, "cells outside the spread");
	TL_EQ(g_array_index(worst, struct ranked_cell, 0).c->line, 4, "the worst");
	TL_EQ(g_array_index(worst, struct ranked_cell, 2).c->line, 6, "the least");
	g_array_free(worst, TRUE);
	drop(&a, r);
}

static const struct {
	const char *level;
	guint nr;
	int code;
	const char *last; /* message */
} level_cases[] = {
	{ "[guest]\nwithin=60\nmedian=0.5\np95=10\nsign=0\nresident=99\nactive=75\n", 0, 0, "" },
	{ "[guest]\nwithin=60.01\nmedian=0.5\np95=9.99\nsign=0\nresident=99\nactive=75\n", 2, -EIO,
	  "guest: p95 is 10.00%, it was 9.99%" },
	{ "[guest]\nwithin=60\nmedian=0.5\np95=10\nsign=0\nresident=99\nactive=nan\n", 1, -EIO,
	  "guest: active is 75.00%, it was nan%" },
	{ "[guest]\nwithin=60\nmedian=0.5\np95=10\nsign=0\nresident=99\nactive=x\n", 1, -EINVAL,
	  NULL },
	{ "[memcg]\n[guest]\nwithin=60\nmedian=0.5\np95=10\nsign=0\nresident=99\nactive=75\n", 1,
	  -EINVAL, NULL },
};

static void test_level(void)
{
	uint64_t values[G_N_ELEMENTS(made_up)][NR_RUNS];
	struct agreement a;
	struct result r[2];

	make(&a, r, values);
	for (guint i = 0; i < G_N_ELEMENTS(level_cases); i++) {
		g_autofree char *path = NULL;
		GArray *complaints;
		int fd = g_file_open_tmp("level-XXXXXX", &path, NULL);

		CU_ASSERT_FATAL(fd >= 0);
		g_close(fd, NULL);
		g_file_set_contents(path, level_cases[i].level, -1, NULL);
		complaints = agreement_check_level(&a, path);
		TL_EQ(complaints->len, level_cases[i].nr, "%s", level_cases[i].level);
		if (complaints->len) {
			const struct complaint *c =
				&g_array_index(complaints, struct complaint, complaints->len - 1);

			CU_ASSERT_EQUAL(c->code, level_cases[i].code);
			if (level_cases[i].last)
				CU_ASSERT_STRING_EQUAL(c->err.msg, level_cases[i].last);
		}
		g_array_free(complaints, TRUE);
		g_unlink(path);
	}
	drop(&a, r);
}

void suite_agreement_score(void)
{
	CU_pSuite s = CU_add_suite("agreement_score", NULL, NULL);

	CU_add_test(s, "score", test_score);
	CU_add_test(s, "worst", test_worst);
	CU_add_test(s, "level", test_level);
}
