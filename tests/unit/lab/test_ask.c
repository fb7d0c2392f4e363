// SPDX-License-Identifier: GPL-2.0-only
/* sim/lab/ask.c: which runs are planned, which sizes are chosen, and that interruptions change
 * nothing. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <glib/gstdio.h>

#include <CUnit/CUnit.h>

#include "sim/lab/ask.h"
#include "sim/lab/sweep-journal.h"
#include "tests/unit/testlib.h"

void suite_ask(void);

/* A program that dies and comes back, and a neighbour that reads more than fits beside it */
static const char text[] =
	"file,a,120; file,b,400;"
	"spawn,1; map,1,0,120,r--p,a,0; touch,1,0,120,r; kill,1; advance,1000;"
	"spawn,2; map,2,0,400,r--p,b,0; touch,2,0,300,r;"
	"spawn,1; map,1,0,120,r--p,a,0; touch,1,0,120,r; kill,1; touch,2,100,300,r; advance,1000;"
	"spawn,1; map,1,0,120,r--p,a,0; touch,1,0,120,r; exit,1; touch,2,0,200,r; exit,2;"
	"spawn,1; map,1,0,120,r--p,a,0; touch,1,0,120,r; exit,1";

static struct {
	char *dir, *csv, *journal;
	struct outputs files;
} at;

static int set_up(void)
{
	at.dir = g_dir_make_tmp("reapsim-ask-XXXXXX", NULL);
	at.csv = g_build_filename(at.dir, "runs.csv", NULL);
	at.journal = g_strconcat(at.csv, ".journal", NULL);
	outputs_init(&at.files);
	return sweep_journal_declare(&at.files, "runs", at.csv, false, NULL);
}

static void forget(void)
{
	g_unlink(at.csv);
	g_unlink(at.journal);
}

static int tear_down(void)
{
	forget();
	g_rmdir(at.dir);
	outputs_clear(&at.files);
	g_free(at.dir);
	g_free(at.csv);
	g_free(at.journal);
	return 0;
}

static struct ask_spec spec_of(char **settings, char *memory)
{
	return (struct ask_spec){ .settings = settings, .memory = memory, .members = 8, .seed = 1 };
}

static char *read_rows(void)
{
	char *rows = NULL;

	CU_ASSERT_TRUE(g_file_get_contents(at.csv, &rows, NULL, NULL));
	return rows;
}

/* Without costs there is no time; one size leaves no other to try. */
static void test_plan(void)
{
	char *costs[] = { "read_us=100", NULL };
	const struct {
		struct ask_spec spec;
		guint parts;
	} rows[] = {
		{ spec_of(NULL, NULL), 14 },
		{ spec_of(costs, NULL), 16 },
		{ spec_of(NULL, "80%"), 12 },
		{ spec_of(NULL, "80%,90%"), 14 },
	};
	struct err err = { "" };
	struct trace *t = tl_trace(text, &err);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct ask a;

		CU_ASSERT_EQUAL(ask_init(&a, &rows[i].spec, t, NULL, &err), 0);
		CU_ASSERT_EQUAL(a.parts->len, rows[i].parts);
		ask_clear(&a);
	}
	trace_free(t);
}

/* The machine as given is not asked about twice. */
static void test_variants(void)
{
	char *arm[] = { "prefault=old", "file_system=ext4", NULL };
	const struct ask_spec spec = spec_of(arm, NULL);
	struct err err = { "" };
	struct trace *t = tl_trace(text, &err);
	struct ask a;

	CU_ASSERT_EQUAL(ask_init(&a, &spec, t, NULL, &err), 0);
	CU_ASSERT_STRING_EQUAL(ask_variant(ask_own_variant(&a)), "arm64, large");
	for (guint v = 0; v < ASK_VARIANTS_MAX; v++) {
		const struct ask_part *p = ask_part(&a, ASK_MACHINES, 0, v);

		CU_ASSERT_EQUAL(p != NULL, v != ask_own_variant(&a));
		if (p)
			CU_ASSERT_EQUAL(
				g_array_index(p->rs.machines, struct machine, 0).prefault_old,
				v >= 2);
	}
	ask_clear(&a);
	trace_free(t);
}

/* Sizes are chosen by what mainline reads; the values are those of compare. */
static void test_answers(void)
{
	const struct ask_spec spec = spec_of(NULL, NULL);
	struct err err = { "" };
	struct trace *t = tl_trace(text, &err);
	const struct ask_part *p;
	struct run_spec same = { .ensemble = { 8, (1U << NR_ENSEMBLE_AXES) - 1, 1 },
				 .policies = "baseline,v1",
				 .ends_as = "mrelease" };
	g_autofree char *memory = NULL;
	struct run_set rs;
	struct ask a;
	double sum = 0;

	CU_ASSERT_EQUAL(ask_init(&a, &spec, t, NULL, &err), 0);
	CU_ASSERT_EQUAL(ask_run(&a, &at.files, at.csv, 2, false, NULL, &err), 0);
	CU_ASSERT_EQUAL(a.nr_done, a.nr_runs);
	CU_ASSERT_EQUAL(a.nr_failed, 0);
	CU_ASSERT(a.limits[1] >= a.limits[0] && a.limits[0] >= a.limits[2]);
	CU_ASSERT(a.limits[1] < a.peak);
	CU_ASSERT(a.main >= 1.25);
	memory = g_strdup_printf("%d", (int)a.limits[0]);
	same.memory = memory;
	CU_ASSERT_EQUAL(run_set_init(&rs, &same, t, NULL, &err), 0);
	CU_ASSERT_EQUAL(run_set_execute(&rs, 1, NULL), 0);
	for (guint i = 0; i < 8; i++)
		sum += (double)run_set_get_seed(&rs, 0, 0, 1, i)->stat.v[VM_sim_fills];
	p = ask_part(&a, ASK_POLICIES, ASK_CLASSIC, 0);
	CU_ASSERT_EQUAL(ask_policy(p, "v1"), 1);
	CU_ASSERT_EQUAL(ask_policy(p, "v2"), -1);
	CU_ASSERT_DOUBLE_EQUAL(ask_mean(p, 0, 1, ASK_FILLS), sum / 8, 1e-9);
	CU_ASSERT(isnan(ask_mean(p, 0, 1, ASK_NET_MS)));
	CU_ASSERT(isnan(ask_change(ask_part(&a, ASK_SIZES, 0, 0), 0, 1, ASK_FILLS).low));
	run_set_clear(&rs);
	ask_clear(&a);
	trace_free(t);
	forget();
}

static int left;

static bool after_a_while(void *data)
{
	(void)data;
	return --left < 0;
}

/* Interrupted again and again, at different places, the rows are the same. */
static void test_interruptions(void)
{
	char *costs[] = { "read_us=100", "zap_file_ps=60000", NULL };
	const struct ask_spec spec = spec_of(costs, NULL);
	const struct lab_hooks hooks = { .interrupted = after_a_while };
	struct err err = { "" };
	struct trace *t = tl_trace(text, &err);
	g_autofree char *whole = NULL, *rows = NULL;
	int calls = 0, ret;

	for (int jobs = 1; jobs <= 2; jobs++) {
		struct ask a;

		CU_ASSERT_EQUAL(ask_init(&a, &spec, t, NULL, &err), 0);
		CU_ASSERT_EQUAL(ask_run(&a, &at.files, at.csv, jobs, true, NULL, &err), 0);
		ask_clear(&a);
		g_free(rows);
		rows = read_rows();
		if (whole)
			CU_ASSERT_STRING_EQUAL(whole, rows);
		if (!whole)
			whole = g_strdup(rows);
	}
	forget();
	do {
		struct ask a;

		left = 100 + 37 * calls;
		CU_ASSERT_EQUAL(ask_init(&a, &spec, t, NULL, &err), 0);
		ret = ask_run(&a, &at.files, at.csv, 2, false, &hooks, &err);
		CU_ASSERT(!ret || ret == -EINTR);
		/* no run is executed again */
		CU_ASSERT(a.nr_done <= a.nr_runs);
		ask_clear(&a);
	} while (ret == -EINTR && ++calls < 1000);
	CU_ASSERT(calls > 3);
	g_free(rows);
	rows = read_rows();
	CU_ASSERT_STRING_EQUAL(whole, rows);
	trace_free(t);
	forget();
}

static void test_bad(void)
{
	const struct ask_spec four = spec_of(NULL, "90%,80%,70%,60%");
	const struct ask_spec finds = spec_of(NULL, NULL);
	struct err err = { "" };
	struct trace *t = tl_trace(text, &err);
	struct trace *anon = tl_trace("spawn,1; anon,1,0,500,rw-p; touch,1,0,500,w; exit,1", &err);
	struct ask a;

	CU_ASSERT_EQUAL(ask_init(&a, &four, t, NULL, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "4 sizes, expected at most 3"));
	ask_clear(&a);
	/* with less than it needs, nothing can be reclaimed */
	CU_ASSERT_EQUAL(ask_init(&a, &finds, anon, NULL, &err), 0);
	CU_ASSERT_EQUAL(ask_run(&a, &at.files, at.csv, 2, false, NULL, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "below the 500 pages that it needs runs fail"));
	ask_clear(&a);
	trace_free(anon);
	trace_free(t);
	forget();
}

void suite_ask(void)
{
	CU_pSuite s = CU_add_suite("ask", set_up, tear_down);

	CU_add_test(s, "what is planned", test_plan);
	CU_add_test(s, "variants of the machine", test_variants);
	CU_add_test(s, "answers", test_answers);
	CU_add_test(s, "interruptions", test_interruptions);
	CU_add_test(s, "errors", test_bad);
}
