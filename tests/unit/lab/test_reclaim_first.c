// SPDX-License-Identifier: GPL-2.0-only
/* The curves of reclaim-first from given rows, without any run. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <glib/gstdio.h>

#include <CUnit/CUnit.h>

#include "sim/lab/reclaim-first.h"
#include "tests/unit/testlib.h"

void suite_reclaim_first(void);

static const char columns[] = "sim_reap_pages,sim_reap_young,sim_reap_aged,sim_zap_marks,"
			      "sim_zap_marks_aged,sim_fills,limit_pages\n";

/* 2 streams x 2 machines of the same name in two folders x 1 LRU x 2 policies; run N has 100 * N
 * mapped pages and 7 * N fills */
static void test_curves(void)
{
	g_autofree char *dir = g_dir_make_tmp("reapsim-curves-XXXXXX", NULL);
	g_autofree char *folder = g_build_filename(dir, "other", NULL);
	g_autofree char *a = g_build_filename(dir, "m.conf", NULL);
	g_autofree char *b = g_build_filename(folder, "m.conf", NULL);
	g_autofree char *csv = g_build_filename(dir, "x.csv", NULL);
	g_autofree char *machines = g_strconcat(a, ",", b, NULL);
	const struct reclaim_first_spec spec = { .streams = "0,1000",
						 .machines = machines,
						 .lrus = "mglru",
						 .policies = "baseline,v1" };
	g_autoptr(GString) rows = g_string_new(columns);
	struct curves c;
	struct sweep sw;
	struct err err = { "" };

	g_mkdir(folder, 0777);
	CU_ASSERT_TRUE_FATAL(g_file_set_contents(a, "[machine]\nmemcg_pages=500\n", -1, NULL) &&
			     g_file_set_contents(b, "[machine]\nmemcg_pages=900\n", -1, NULL));
	CU_ASSERT_EQUAL_FATAL(reclaim_first_parse(&sw, &spec, &err), 0);
	TL_EQ(sw.nr_runs, 8, "runs");
	for (int run = 1; run <= 8; run++)
		g_string_append_printf(rows, "%d,%d,3,8,2,%d,500\n", 100 * run, 50 * run, 7 * run);
	CU_ASSERT_TRUE(g_file_set_contents(csv, rows->str, -1, NULL));
	CU_ASSERT_EQUAL_FATAL(curves_load(&c, &sw, csv, &err), 0);
	TL_EQ(curves_nr_machines(&c), 2, "machines");
	/* streams vary slower than machines, machines slower than policies */
	for (guint s = 0; s < 2; s++)
		for (guint m = 0; m < 2; m++)
			for (guint p = 0; p < 2; p++)
				TL_EQ(curves_get(&c, m, s, 0, p, CURVE_REAP_PAGES),
				      100 * (1 + 4 * s + 2 * m + p), "%u %u %u", m, s, p);
	/* the second stream has the most mapped pages under the first policy */
	CU_ASSERT_DOUBLE_EQUAL(curves_mapped(&c, 0, 0, 0), 100 * 1 / 5.0, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(curves_mapped(&c, 0, 1, 0), 100, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(curves_mapped(&c, 1, 0, 0), 100 * 3 / 7.0, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(curves_share(&c, 0, 0, 0, CURVE_REAP_YOUNG, CURVE_REAP_PAGES), 50,
			       1e-9);
	CU_ASSERT_DOUBLE_EQUAL(curves_share(&c, 0, 0, 0, CURVE_AGAINST, CURVE_MARKS), 25, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(curves_more_fills(&c, 0, 0, 0, 1), 7, 1e-9);
	curves_clear(&c);

	/* the rows of another sweep */
	g_string_append(rows, "1,1,1,1,1,1,1\n");
	CU_ASSERT_TRUE(g_file_set_contents(csv, rows->str, -1, NULL));
	CU_ASSERT_EQUAL(curves_load(&c, &sw, csv, &err), -EINVAL);
	TL_EQ(strstr(err.msg, "not the 8 rows of the sweep") != NULL, true, "%s", err.msg);
	sweep_clear(&sw);
	g_unlink(a);
	g_unlink(b);
	g_unlink(csv);
	g_rmdir(folder);
	g_rmdir(dir);
}

static void test_refused(void)
{
	static char *const two[] = { "rounds=1", NULL }, *const lists[] = { "app_pages=64;128" };
	static const struct {
		struct reclaim_first_spec spec;
		const char *says;
	} rows[] = {
		{ { .streams = "many" }, "stream_pages is \"many\"" },
		{ { .settings = two }, "unknown machine key \"rounds\"" },
		{ { .policies = "v9" }, "unknown policy" },
		{ { .machines = "missing.conf" }, "missing.conf" },
		/* Bug: the first value was shown as if it were the only one */
		{ { .options = lists, .nr_options = 1 }, "app_pages has 2 values, expected one" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = { "" };
		struct sweep sw;

		TL_EQ(reclaim_first_parse(&sw, &rows[i].spec, &err), -EINVAL, "row %zu", i);
		TL_EQ(strstr(err.msg, rows[i].says) != NULL, true, "row %zu: \"%s\"", i, err.msg);
	}
}

void suite_reclaim_first(void)
{
	CU_pSuite s = CU_add_suite("reclaim_first", NULL, NULL);

	CU_add_test(s, "curves from rows", test_curves);
	CU_add_test(s, "what is refused", test_refused);
}
