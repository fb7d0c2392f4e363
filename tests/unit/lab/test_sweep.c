// SPDX-License-Identifier: GPL-2.0-only
/* Sweeps by the library: threads, interruption, failures, changing inputs. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <CUnit/CUnit.h>

#include "sim/lab/sweep.h"
#include "sim/lab/table.h"
#include "tests/unit/testlib.h"
#include "traces/readers/write.h"

void suite_sweep(void);

static char *dir;

static int set_up(void)
{
	dir = g_dir_make_tmp("reapsim-sweep-XXXXXX", NULL);
	return !dir;
}

static int tear_down(void)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(d))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);

		g_unlink(path);
	}
	g_dir_close(d);
	g_rmdir(dir);
	g_free(dir);
	return 0;
}

static char *path_of(const char *name)
{
	return g_build_filename(dir, name, NULL);
}

static void put(const char *name, const char *text)
{
	g_autofree char *path = path_of(name);

	CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
}

static char *get(const char *name)
{
	g_autofree char *path = path_of(name);
	char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("(missing)");
}

/* 2 generated traces x 2 machines x 5 sizes, one of them too small, x 2 policies */
static const char definition[] = "[sweep]\ngenerator=restart-loop\n"
				 "[generator]\napp_pages=50;80\nbig_pages=200\nrounds=3\n"
				 "memcg_pages=0\n"
				 "[machine]\nfile=a.conf;b.conf\nmemcg_pages=10;200;50%;70%;300\n"
				 "[run]\npolicy=baseline;v1\n";
#define NR_RUNS	  40
#define NR_FAILED 8

static void parse(struct sweep *sw, const char *text)
{
	g_autofree char *conf = path_of("s.conf");
	struct err err = { "" };
	int ret;

	put("a.conf", "[machine]\nreadahead_pages=0\n");
	put("b.conf", "[machine]\nreadahead_pages=8\n");
	ret = sweep_parse(sw, conf, text, strlen(text), &err);
	TL_STR(err.msg, "", "parsed");
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

/* run the sweep with the CSV file @name */
static int run(struct sweep *sw, const char *name, int jobs, const struct lab_hooks *h,
	       struct sweep_report *r, struct err *err)
{
	g_autofree char *csv = path_of(name);
	const struct sweep_how how = { .jobs = jobs };
	struct outputs files;
	int ret;

	outputs_init(&files);
	ret = sweep_declare(sw, &files, "csv", csv, false, err);
	if (!ret)
		ret = sweep_run(sw, &files, csv, &how, h, r, err);
	outputs_clear(&files);
	return ret;
}

static void test_threads(void)
{
	g_autofree char *one = NULL, *three = NULL;
	struct sweep_report r;
	struct sweep sw;
	struct err err = { "" };

	parse(&sw, definition);
	TL_EQ(sw.nr_runs, NR_RUNS, "runs");
	CU_ASSERT_EQUAL(run(&sw, "one.csv", 1, NULL, &r, &err), 0);
	TL_EQ(r.nr_done, NR_RUNS, "done");
	TL_EQ(r.nr_before, 0, "done before");
	TL_EQ(r.nr_failed, NR_FAILED, "failed: the machine of 10 pages");
	TL_EQ(r.nr_failures, SWEEP_FAILURES_MAX, "told");
	for (guint i = 0; i < r.nr_failures; i++) {
		TL_EQ(r.failures[i].run, i < 2 ? i : 8 + i, "the lowest numbers, in order");
		TL_EQ(r.failures[i].ret, -EINVAL, "failure %u: %s", i, r.failures[i].err.msg);
	}
	CU_ASSERT_EQUAL(run(&sw, "three.csv", 3, NULL, &r, &err), 0);
	sweep_clear(&sw);
	one = get("one.csv");
	three = get("three.csv");
	TL_EQ(!strcmp(one, three), true, "1 and 3 threads: the same bytes");
}

/* the row of a failed run has as many fields as the others, without numbers */
static void test_rows(void)
{
	g_autofree char *path = path_of("one.csv");
	struct table t;
	struct err err = { "" };
	int status, fills, machine;

	CU_ASSERT_EQUAL_FATAL(table_load(&t, path, &err), 0);
	status = table_column(&t, "status");
	fills = table_column(&t, "sim_fills");
	machine = table_column(&t, "machine.file");
	TL_EQ(t.rows->len, NR_RUNS, "rows");
	for (guint i = 0; i < t.rows->len; i++) {
		const bool small = i % 10 < 2;

		TL_STR(table_text(&t, i, status), small ? "invalid" : "ok", "row %u", i);
		TL_EQ(table_number(&t, i, fills) > 0, !small, "row %u", i);
		TL_STR(table_text(&t, i, machine), i / 10 % 2 ? "b.conf" : "a.conf", "row %u", i);
	}
	table_clear(&t);
}

/* struct stop - interrupts after @looks checks */
struct stop {
	gint looks; /* atomic */
	int after;
	char *note;
};

static bool interrupted(void *data)
{
	struct stop *s = data;

	return g_atomic_int_add(&s->looks, 1) >= s->after;
}

static void take_note(void *data, const char *text)
{
	struct stop *s = data;

	g_free(s->note);
	s->note = g_strdup(text);
}

/* interrupted again and again, between runs and within timed ones, with a different number of
 * threads each time */
static void interrupt(const char *text, uint64_t nr_runs, int after)
{
	g_autofree char *whole = NULL, *stopped = NULL;
	static const char *const names[] = { "whole.csv", "whole.csv.journal", "stop.csv",
					     "stop.csv.journal" };
	struct sweep_report r;
	struct sweep sw;
	struct err err = { "" };
	uint64_t before = 0;
	int ret = -EINTR, calls = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = path_of(names[i]);

		g_unlink(path);
	}
	parse(&sw, text);
	TL_EQ(sw.nr_runs, nr_runs, "runs");
	CU_ASSERT_EQUAL(run(&sw, "whole.csv", 1, NULL, &r, &err), 0);
	sweep_clear(&sw);
	whole = get("whole.csv");
	for (; ret == -EINTR && calls < 100; calls++) {
		struct stop s = { .after = after + calls };
		const struct lab_hooks h = { .interrupted = interrupted,
					     .note = take_note,
					     .data = &s };
		g_autofree char *so_far = NULL, *expected = NULL;

		parse(&sw, text);
		ret = run(&sw, "stop.csv", 1 + calls % 3, &h, &r, &err);
		sweep_clear(&sw);
		TL_EQ(r.nr_before, before, "call %d: nothing that was finished is lost", calls);
		expected = g_strdup_printf("%d of %d runs are finished already", (int)before,
					   (int)nr_runs);
		TL_STR(s.note ? s.note : "", before ? expected : "", "call %d", calls);
		so_far = get("stop.csv");
		TL_EQ(g_str_has_prefix(whole, so_far), true, "call %d: the rows in order", calls);
		before = r.nr_done;
		g_free(s.note);
	}
	TL_EQ(ret, 0, "in the end");
	CU_ASSERT_TRUE(calls > 2 && calls < 100);
	stopped = get("stop.csv");
	TL_EQ(!strcmp(whole, stopped), true, "the same bytes");
}

static void test_interrupted(void)
{
	interrupt(definition, NR_RUNS, 14);
	interrupt("[sweep]\nmode=timed\ngenerator=restart-loop\n"
		  "[generator]\napp_pages=50;80\nbig_pages=200\nrounds=60\nmemcg_pages=0\n"
		  "[machine]\nfile=a.conf\nmemcg_pages=200\n[timed]\nseed=1..3\n",
		  6, 5);
}

/* machine files are read when the sweep is parsed. Bug: every run read them again, and a missing
 * file gave a row "invalid" that counted as finished */
static void test_machine_files(void)
{
	g_autofree char *whole = get("one.csv"), *b = path_of("b.conf"), *changed = NULL;
	struct sweep_report r;
	struct sweep sw;
	struct err err = { "" };

	parse(&sw, definition);
	put("a.conf", "[machine]\nreadahead_pages=64\n");
	g_unlink(b);
	CU_ASSERT_EQUAL(run(&sw, "changed.csv", 2, NULL, &r, &err), 0);
	sweep_clear(&sw);
	TL_EQ(r.nr_failed, NR_FAILED, "failed");
	changed = get("changed.csv");
	TL_EQ(!strcmp(whole, changed), true, "the same bytes");
}

static void make_binary_trace(const char *name, const char *text)
{
	g_autofree char *path = path_of(name);
	struct err err = { "" };
	struct trace *t = tl_trace(text, &err);
	FILE *f = fopen(path, "wb");

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL(trace_write_binary(t, f, &err), 0);
	fclose(f);
	trace_free(t);
}

/* traces are read when the sweep is parsed, too: here they are overwritten or truncated later */
static void test_trace_changes(void)
{
	g_autofree char *was = NULL, *is = NULL, *path = path_of("t.rtrace");
	const char *text = "[sweep]\ntrace=t.rtrace\n[machine]\nmemcg_pages=200;300\n";
	struct sweep_report r;
	struct sweep sw;
	struct err err = { "" };

	make_binary_trace("t.rtrace", "file,a,64; spawn,1; map,1,0,64,r--p,a,0; touch,1,0,64,r");
	parse(&sw, text);
	CU_ASSERT_EQUAL(run(&sw, "was.csv", 1, NULL, &r, &err), 0);
	make_binary_trace("t.rtrace", "file,b,32; spawn,1; map,1,0,32,r--p,b,0; touch,1,0,32,r");
	CU_ASSERT_EQUAL(truncate(path, 100), 0);
	CU_ASSERT_EQUAL(run(&sw, "is.csv", 1, NULL, &r, &err), 0);
	sweep_clear(&sw);
	was = get("was.csv");
	is = get("is.csv");
	TL_STR(is, was, "the rows");
	TL_EQ(r.nr_failed, 0, "failed");
}

/* the peak that a share refers to depends on the kernel. Bug: it was that of whichever run came
 * first, so the rows could depend on the number of threads */
static void test_peaks(void)
{
	struct sweep_report r;
	struct sweep sw;
	struct err err = { "" };
	/* 7.3 reads ahead executable memory only within the mapping */
	const char *text = "[sweep]\ntrace=x.csv\n[machine]\nmemcg_pages=50%\n[run]\nkernel=%s\n";
	static const char *const kernels[] = { "7.3", "6.12" };
	uint64_t limits[2][2];

	g_autoptr(GString) trace = g_string_new("reapsim-trace,1\nfile,a,9000\nspawn,1\n");

	for (int page = 0; page < 9000; page += 300)
		g_string_append_printf(trace, "map,1,%d,8,r-xp,a,%d\ntouch,1,%d,1,r\n", page, page,
				       page);
	put("x.csv", trace->str);
	for (int order = 0; order < 2; order++) {
		for (int k = 0; k < 2; k++) {
			g_autofree char *list =
				order ? g_strdup_printf("%s;%s", kernels[!k], kernels[k])
				      : g_strdup(kernels[k]);
			g_auto(GStrv) parts = g_strsplit(text, "%s", 2);
			g_autofree char *conf = g_strconcat(parts[0], list, parts[1], NULL);
			g_autofree char *name = g_strdup_printf("peak%d%d.csv", order, k);
			g_autofree char *path = path_of(name);
			struct table t;

			parse(&sw, conf);
			CU_ASSERT_EQUAL(run(&sw, name, 1, NULL, &r, &err), 0);
			sweep_clear(&sw);
			CU_ASSERT_EQUAL_FATAL(table_load(&t, path, &err), 0);
			limits[order][k] = (uint64_t)table_number(&t, t.rows->len - 1,
								  table_column(&t, "limit_pages"));
			table_clear(&t);
		}
	}
	CU_ASSERT_NOT_EQUAL(limits[0][0], limits[0][1]);
	TL_EQ(limits[1][0], limits[0][0], "kernel 7.3, alone and second");
	TL_EQ(limits[1][1], limits[0][1], "kernel 6.12, alone and second");
}

void suite_sweep(void)
{
	CU_pSuite s = CU_add_suite("sweep", set_up, tear_down);

	CU_add_test(s, "any number of threads", test_threads);
	CU_add_test(s, "rows", test_rows);
	CU_add_test(s, "interrupted again and again", test_interrupted);
	CU_add_test(s, "machine files that change", test_machine_files);
	CU_add_test(s, "a trace that changes", test_trace_changes);
	CU_add_test(s, "peaks by kernel", test_peaks);
}
