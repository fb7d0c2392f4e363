// SPDX-License-Identifier: GPL-2.0-only
/* sim/lab/play-read.c and play.c: values from what the player prints, and the trace that it gets.
 */
#define _GNU_SOURCE /* open_memstream() */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/lab/play.h"
#include "tests/unit/testlib.h"

void suite_play(void);

/* What the player prints, with its last line; a run must be freed by done(). */
static struct play_run read_text(const char *text, int want, struct err *err)
{
	struct play_run run = { .ops = g_array_new(FALSE, FALSE, sizeof(struct play_op)),
				.deaths = g_array_new(FALSE, FALSE, sizeof(struct play_death)) };
	g_autofree char *copy = g_strdup(text);

	TL_EQ(play_read(&run, copy, err), want, "%s", err->msg);
	return run;
}

static void done(struct play_run *run)
{
	g_array_free(run->ops, TRUE);
	g_array_free(run->deaths, TRUE);
}

static double value_of(const char *text, enum play_value v)
{
	struct err err = { "" };
	struct play_run run = read_text(text, 0, &err);
	const double x = run.v[v];

	CU_ASSERT(run.done);
	done(&run);
	return x;
}

#define IS(text, v, want) CU_ASSERT_DOUBLE_EQUAL(value_of(text "done\n", v), want, 1e-6)
#define NONE(text, v)	  CU_ASSERT(isnan(value_of(text "done\n", v)))

/* LINE HOW LOST RELEASE EXIT FREED T50 T90 T100 READ */
#define DEATH(line, how, lost, release, exit, freed, t50, t90, t100, read)                         \
	"D " line " " how " 7 " lost " 900 " release " " exit " 50 " freed " " t50 " " t90         \
	" " t100 " 3 1 " read "\n"
#define EMPTY(release, exit) DEATH("0", "empty", "0", release, exit, "5", "-1", "-1", "-1", "9")

static void test_deaths(void)
{
	/* the median of what an empty process takes is subtracted: 20 and 30 */
#define NOTHING EMPTY("10", "30") EMPTY("90", "20") EMPTY("20", "80")
	IS(NOTHING, PLAY_EMPTY, 50);
	IS(NOTHING, PLAY_KILLS, 0);
	IS(NOTHING, PLAY_FILLS, 0);
	NONE(NOTHING, PLAY_FREE100);
#define REAPED DEATH("4", "mrelease", "0", "520", "130", "64", "10", "20", "30", "8")
	IS(NOTHING REAPED, PLAY_REAP, 600);
	IS(NOTHING REAPED, PLAY_RELEASE, 520);
	IS(NOTHING REAPED, PLAY_FILLS, 8);
	/* an exit is no kill, and nobody released it */
#define EXITED DEATH("6", "exit", "0", "0", "230", "10", "1", "2", "3", "4")
	IS(NOTHING REAPED EXITED, PLAY_REAP, 800);
	IS(NOTHING REAPED EXITED, PLAY_KILLS, 1);
	IS(NOTHING REAPED EXITED, PLAY_FREE50, 10);
	IS(NOTHING REAPED EXITED, PLAY_FREED, 64);
	/* what exec leaves, and what is left at the end, has read pages and does not count else */
	IS(NOTHING REAPED DEATH("8", "exec", "0", "0", "999", "1", "1", "1", "1", "2"), PLAY_REAP,
	   600);
	IS(NOTHING REAPED DEATH("9", "end", "0", "0", "999", "1", "1", "1", "1", "2"), PLAY_FILLS,
	   10);
	/* the mean over the kills of which it is known */
#define KILLED DEATH("7", "kill", "0", "0", "130", "36", "30", "40", "50", "0")
	IS(NOTHING REAPED KILLED, PLAY_FREE100, 40);
	IS(NOTHING REAPED DEATH("7", "kill", "1", "0", "130", "36", "-1", "-1", "-1", "0"),
	   PLAY_FREE90, 20);
	IS(NOTHING REAPED DEATH("7", "mrelease", "1", "0", "130", "36", "-1", "-1", "-1", "0"),
	   PLAY_LOST, 1);
}

static void test_starts(void)
{
	/* before a death nothing counts; a start is the steps up to the first pause */
#define FIRST "T 1 spawn 1 500 500\nT 2 touch 1 70 40\n"
	IS(FIRST, PLAY_STARTS, 0);
	NONE(FIRST, PLAY_START50);
	IS(FIRST, PLAY_TOTAL, 70);
	IS(FIRST, PLAY_WAIT, 30);
#define SECOND FIRST "T 3 kill 1 90 90\nT 4 spawn 2 500 500\nT 5 map 2 3 3\nT 6 touch 2 10 5\n"
	IS(SECOND, PLAY_STARTS, 1);
	IS(SECOND, PLAY_START50, 13);
	IS(SECOND "T 7 advance 0 1000 0\nT 8 touch 2 100 5\n", PLAY_START50, 13);
	/* a process that has paused, died and is there again has a second one */
	IS(SECOND "T 7 advance 0 0 0\nT 8 mrelease 2 9 9\nT 9 spawn 2 5 5\nT 10 touch 2 20 20\n",
	   PLAY_STARTS, 2);
	IS(SECOND "T 7 advance 0 0 0\nT 8 mrelease 2 9 9\nT 9 spawn 2 5 5\nT 10 touch 2 20 20\n",
	   PLAY_START99, 20);
	/* a death ends a start; a fork is its parent's row; what no process does is nobody's */
	IS(SECOND "T 7 fork 2 400 400\nT 8 read 3 30 5\nT 9 exit 3 9 9\nT 10 drop_caches 0 77 77\n",
	   PLAY_START95, 30);
	IS(SECOND "T 7 fork 2 400 400\nT 8 read 3 30 5\nT 9 exit 3 9 9\nT 10 drop_caches 0 77 77\n",
	   PLAY_TOTAL, 113);
}

static void test_counters(void)
{
	IS("M begin.0 workingset_refault_file 5\nM end.0 workingset_refault_file 12\n",
	   PLAY_REFAULTS, 7);
	/* cgroup v1: with those of the cgroups in it */
	IS("M begin.0 workingset_refault_file 5\nM end.0 workingset_refault_file 12\n"
	   "M begin.0 total_workingset_refault_file 5\nM end.0 total_workingset_refault_file 25\n",
	   PLAY_REFAULTS, 20);
	IS("M begin.0 psi.cgroup.some_us 5\nM end.0 psi.cgroup.some_us 8\n", PLAY_PSI_SOME, 3000);
	IS("M begin.0 psi.machine.full_us 5\nM end.0 psi.machine.full_us 6\n", PLAY_PSI_FULL, 1000);
	NONE("M begin.0 workingset_refault_file 5\n", PLAY_REFAULTS);
}

static void test_no_result(void)
{
	struct err err = { "" };
	struct play_run run;

	run = read_text("I fifo 1\n", -EIO, &err);
	CU_ASSERT(!run.done);
	done(&run);
	run = read_text("run-failed: trace line 3: no luck\n", -EIO, &err);
	CU_ASSERT_STRING_EQUAL(err.msg, "trace line 3: no luck");
	done(&run);
	run = read_text("bad-input: no cgroup\ndone\n", -EINVAL, &err);
	CU_ASSERT_STRING_EQUAL(err.msg, "no cgroup");
	done(&run);
	run = read_text("T 1 touch 1\ndone\n", -EIO, &err);
	CU_ASSERT_STRING_EQUAL(err.msg, "the player printed \"T 1 touch 1\"");
	done(&run);
}

/* The machine rows are those of the machine, and a trace's own row stays as it is. */
static void test_trace(void)
{
	struct err err = { "" };
	struct trace *t = tl_trace("machine,memcg_pages,10; machine,readahead_pages,0; file,a,4; "
				   "spawn,1; map,1,0,4,r--p,a,0; touch,1,0,4,r; kill,1",
				   &err);
	struct play_spec s = { .trace = t, .memcg_pages = 77, .swap_pages = 3, .cpus = 2 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	TL_EQ(play_write_trace(&s, f, &err), 0, "%s", err.msg);
	fclose(f);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "machine,memcg_pages,77\nmachine,memcg2_pages,0\n"
					    "machine,swap_pages,3\nmachine,cpus,2\nfile,a,4\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "readahead_pages"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "kill,1\n"));
	free(text);
	trace_free(t);
}

void suite_play(void)
{
	CU_pSuite s = CU_add_suite("play", NULL, NULL);

	CU_add_test(s, "deaths", test_deaths);
	CU_add_test(s, "starts", test_starts);
	CU_add_test(s, "counters", test_counters);
	CU_add_test(s, "what is no result", test_no_result);
	CU_add_test(s, "the player's trace", test_trace);
}
