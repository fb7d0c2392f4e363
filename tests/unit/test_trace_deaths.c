// SPDX-License-Identifier: GPL-2.0-only
/* sim/trace-deaths.c: what ended processes leave, and who uses it again. */
#include <CUnit/CUnit.h>

#include "sim/trace-deaths.h"
#include "tests/unit/testlib.h"

void suite_trace_deaths(void);

static const struct {
	const char *text;
	guint deaths, killed;
	uint64_t pages, shared, only, again, by_read;
	guint returned;
} rows[] = {
	/* nobody else, nobody later */
	{ "file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,4,r; touch,1,0,2,r; exit,1", 1, 0, 4, 0,
	  4, 0, 0, 0 },
	/* half of it is used again, by another process: it has come back */
	{ "file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,4,r; kill,1; advance,5;"
	  "spawn,2; map,2,0,8,r--p,a,0; touch,2,0,2,r",
	  1, 1, 4, 0, 4, 2, 0, 1 },
	/* one of four is not half */
	{ "file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,4,r; mrelease,1;"
	  "spawn,2; map,2,0,8,r--p,a,0; touch,2,0,1,r",
	  1, 1, 4, 0, 4, 1, 0, 0 },
	/* read() is use, but no return; the second one finds nothing that waits */
	{ "file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,4,r; oom,1;"
	  "spawn,2; read,2,a,0,3; read,2,a,0,3",
	  1, 1, 4, 0, 4, 3, 3, 0 },
	/* exclusive is what no other live process uses */
	{ "file,a,8; spawn,1; spawn,2; map,1,0,8,r--s,a,0; map,2,0,8,r--p,a,0; touch,1,0,4,r;"
	  "touch,2,2,4,r; exit,1",
	  1, 0, 4, 4, 2, 0, 0, 0 },
	/* the last of two leaves what both used */
	{ "file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,4,r; fork,1,2; touch,2,0,4,r; exit,1;"
	  "exit,2",
	  2, 0, 8, 0, 4, 0, 0, 0 },
	/* exec() leaves, but is no death */
	{ "file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,4,r; exec,1; exit,1", 1, 0, 0, 0, 0, 0,
	  0, 0 },
	/* what was unmapped counts, at its new place too; anonymous memory does not */
	{ "file,a,8; spawn,1; map,1,0,4,r--p,a,4; touch,1,0,4,r; unmap,1,0,1; mremap,1,1,3,16,3;"
	  "touch,1,16,1,r; anon,1,32,4,rw-p; touch,1,32,4,w; exit,1",
	  1, 0, 4, 0, 4, 0, 0, 0 },
	/* shared memory does not count */
	{ "file,m,8,shmem; spawn,1; map,1,0,8,rw-s,m,0; touch,1,0,4,w; exit,1", 1, 0, 0, 0, 0, 0, 0,
	  0 },
};

static void test_rows(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct trace_deaths d;
		struct err err = { "" };
		struct trace *t = tl_trace(rows[i].text, &err);
		uint64_t within = 0;

		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		CU_ASSERT_EQUAL(trace_deaths(t, &d, &err), 0);
		CU_ASSERT_EQUAL(d.all->len, rows[i].deaths);
		CU_ASSERT_EQUAL(trace_deaths_killed(&d), rows[i].killed);
		CU_ASSERT_EQUAL(d.pages, rows[i].pages);
		CU_ASSERT_EQUAL(d.shared, rows[i].shared);
		CU_ASSERT_EQUAL(d.only, rows[i].only);
		CU_ASSERT_EQUAL(d.again, rows[i].again);
		CU_ASSERT_EQUAL(d.by_read, rows[i].by_read);
		CU_ASSERT_EQUAL(trace_deaths_returned(&d, 50, &within), rows[i].returned);
		trace_deaths_clear(&d);
		trace_free(t);
	}
}

/* Delays are recorded time, and percentiles by nearest rank. */
static void test_delays(void)
{
	struct trace_deaths d;
	struct err err = { "" };
	uint64_t ns = 0;
	struct trace *t = tl_trace("file,a,8; spawn,1; map,1,0,1,r--p,a,0; touch,1,0,1,r; exit,1;"
				   "advance,5; spawn,2; map,2,0,1,r--p,a,0; touch,2,0,1,r; exit,2;"
				   "advance,7; spawn,3; map,3,0,1,r--p,a,0; touch,3,0,1,r",
				   &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL(trace_deaths(t, &d, &err), 0);
	CU_ASSERT_EQUAL(trace_deaths_returned(&d, 50, &ns), 2);
	CU_ASSERT_EQUAL(ns, 5);
	CU_ASSERT_EQUAL(trace_deaths_returned(&d, 51, &ns), 2);
	CU_ASSERT_EQUAL(ns, 7);
	CU_ASSERT_EQUAL(g_array_index(d.all, struct trace_death, 1).at_ns, 5);
	trace_deaths_clear(&d);
	trace_free(t);
}

void suite_trace_deaths(void)
{
	CU_pSuite s = CU_add_suite("trace-deaths", NULL, NULL);

	CU_add_test(s, "what is left, and used again", test_rows);
	CU_add_test(s, "delays", test_delays);
}
