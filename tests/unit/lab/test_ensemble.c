// SPDX-License-Identifier: GPL-2.0-only
/* Members of an ensemble: ranges, spread over them, and the records that count. */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/lab/ensemble.h"
#include "sim/lab/runs.h"
#include "tests/unit/testlib.h"

void suite_ensemble(void);

#define NR	100
#define RECORDS 10000

static struct ensemble ensemble(const char *axes)
{
	struct ensemble e = { .nr = NR, .seed = 1 };
	struct err err = { "" };

	TL_EQ(ensemble_parse_axes(&e, axes, &err), 0, "%s: %s", axes, err.msg);
	return e;
}

/* an axis changes what it is for and nothing else, member 0 nothing at all */
static void test_one_axis(void)
{
	for (guint axis = 0; axis < NR_ENSEMBLE_AXES; axis++) {
		const struct ensemble e = ensemble(ensemble_axes[axis].name);
		struct machine first;

		machine_init(&first);
		first.memcg_pages = 100000;
		for (guint i = 0; i < NR; i++) {
			const struct window w = ensemble_window(&e, i, RECORDS);
			const struct shuffle s = ensemble_shuffle(&e, i, RECORDS);
			struct machine m = first;

			ensemble_machine(&e, i, &m);
			if (!i || axis != AXIS_ORDER)
				CU_ASSERT_EQUAL(s.reach, 0);
			if (axis == AXIS_ORDER)
				CU_ASSERT_TRUE(s.reach <= RECORDS / 10);
			if (!i || axis != AXIS_WINDOW)
				CU_ASSERT_TRUE(w.from == 0 && w.to == RECORDS);
			if (axis == AXIS_WINDOW)
				CU_ASSERT_TRUE(w.from <= RECORDS / 10 && w.to >= RECORDS * 9 / 10 &&
					       w.to <= RECORDS);
			if (i && axis == AXIS_MEMORY)
				CU_ASSERT_TRUE(m.memcg_pages >= 90000 && m.memcg_pages <= 110000);
			if (i && axis == AXIS_NOISE)
				CU_ASSERT_TRUE(m.memcg_pages > 100000 - 64 &&
					       m.memcg_pages <= 100000);
			if (i && (axis == AXIS_MEMORY || axis == AXIS_NOISE))
				m.memcg_pages = first.memcg_pages;
			if (i && axis == AXIS_READAHEAD) {
				CU_ASSERT_TRUE(m.readahead_pages == 16 || m.readahead_pages == 32 ||
					       m.readahead_pages == 64);
				m.readahead_pages = 32;
			}
			if (i && axis == AXIS_PREFAULT)
				m.prefault_old = false;
			TL_EQ(memcmp(&m, &first, sizeof(m)), 0, "axis %u, member %u", axis, i);
		}
	}
}

/* each of as many parts of the range as there are members has one member */
static void test_spread(void)
{
	const struct ensemble e = ensemble("memory,noise");
	const struct ensemble memory = ensemble("memory");
	bool seen[NR - 1] = { false };

	for (guint i = 1; i < NR; i++) {
		struct machine m, both;
		guint part;

		machine_init(&m);
		m.memcg_pages = 10 * 1000 * 1000;
		both = m;
		ensemble_machine(&memory, i, &m);
		part = (guint)((double)(m.memcg_pages - 9000000) / 2000000 * (NR - 1));
		TL_EQ(part < NR - 1 && !seen[part], true, "member %u, part %u", i, part);
		seen[MIN(part, NR - 2)] = true;
		/* axes are independent: one more does not change the place on the others */
		ensemble_machine(&e, i, &both);
		CU_ASSERT_TRUE(m.memcg_pages - both.memcg_pages < 64);
	}
}

/* members differ in how far, and in the order drawn */
static void test_shuffle(void)
{
	const struct ensemble e = ensemble("all");
	bool seen[NR - 1] = { false };

	for (guint i = 1; i < NR; i++) {
		const struct shuffle s = ensemble_shuffle(&e, i, 10 * RECORDS);
		const guint part = (guint)((double)s.reach / RECORDS * (NR - 1) + 0.02);

		TL_EQ(part < NR - 1 && !seen[part], true, "member %u, reach %llu", i,
		      (unsigned long long)s.reach);
		seen[MIN(part, NR - 2)] = true;
		for (guint j = 1; j < i; j++)
			CU_ASSERT_NOT_EQUAL(ensemble_shuffle(&e, j, RECORDS).seed, s.seed);
	}
}

/* memory of a whole machine: what others use stays */
static void test_whole_machine(void)
{
	const struct ensemble e = ensemble("memory");

	for (guint i = 0; i < NR; i++) {
		struct machine m;

		machine_init(&m);
		m.memory_pages = 50000;
		m.managed_pages = 60000;
		ensemble_machine(&e, i, &m);
		CU_ASSERT_EQUAL(m.managed_pages - m.memory_pages, 10000);
		CU_ASSERT_EQUAL(m.memcg_pages, 0);
	}
}

static void test_bad_axes(void)
{
	static const char *const bad[] = { "", "memory,", "memroy", "all,memory" };

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct ensemble e = { .nr = NR };
		struct err err = { "" };

		TL_EQ(ensemble_parse_axes(&e, bad[i], &err), -EINVAL, "\"%s\"", bad[i]);
		CU_ASSERT_TRUE(err.msg[0] != 0);
	}
}

/* of a trace that reads one page in each of its last records: the reads of the window */
static void test_window(void)
{
	enum { NR_READS = 5000 };
	g_autoptr(GString) text = g_string_new("file,a,8192; spawn,1");
	struct run_spec spec = { .ensemble = ensemble("window"), .memory = (char *)"1000" };
	struct run_set rs;
	struct trace *t;
	struct err err = { "" };
	uint64_t before;

	for (guint i = 0; i < NR_READS; i++)
		g_string_append_printf(text, "; read,1,a,%u,1", i * 2654435761u % 8192);
	t = tl_trace(text->str, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	before = t->nr_recs - NR_READS;
	TL_EQ(run_set_init(&rs, &spec, t, NULL, &err), 0, "%s", err.msg);
	CU_ASSERT_EQUAL(rs.nr_seeds, NR);
	CU_ASSERT_EQUAL(run_set_execute(&rs, 1, NULL), 0);
	for (guint i = 0; i < rs.runs->len; i++) {
		const struct run *r = &g_array_index(rs.runs, struct run, i);

		TL_EQ(r->done && r->ret == 1, true, "member %u: %s", i, r->err.msg);
		TL_EQ(r->stat.v[VM_sim_accesses], r->counted.to - MAX(r->counted.from, before),
		      "member %u", i);
		TL_EQ(r->stat.v[VM_workingset_refault_file] > 0, true, "member %u", i);
	}
	run_set_clear(&rs);
	trace_free(t);
}

/*
 * All runs of a member replay the same trace, that of member 0 the recorded one. The window
 * counts records of the member's own trace: the reads of two processes that take turns, which
 * others take less often.
 */
static void test_order(void)
{
	enum { NR_READS = 4000 };
	g_autoptr(GString) text = g_string_new("file,a,8192; spawn,1; spawn,2");
	struct run_spec spec = { .ensemble = ensemble("order,window"),
				 .memory = (char *)"1000",
				 .policies = (char *)"baseline,v1" };
	struct run_set rs;
	struct trace *t;
	struct err err = { "" };
	guint others = 0;

	spec.ensemble.nr = 20;
	for (guint i = 0; i < NR_READS; i++)
		g_string_append_printf(text, "; read,%u,a,%u,1", 1 + i % 2, i * 2654435761u % 8192);
	t = tl_trace(text->str, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	TL_EQ(run_set_init(&rs, &spec, t, NULL, &err), 0, "%s", err.msg);
	CU_ASSERT_EQUAL(run_set_execute(&rs, 2, NULL), 0);
	for (guint i = 0; i < rs.nr_seeds; i++) {
		const struct run *r = run_set_get_seed(&rs, 0, 0, 0, i);
		const struct run *v1 = run_set_get_seed(&rs, 0, 0, 1, i);
		const struct trace *own = g_array_index(rs.members, struct member, i).trace;

		TL_EQ(r->done && r->ret == 1 && v1->ret == 1, true, "member %u: %s", i, r->err.msg);
		CU_ASSERT_EQUAL(memcmp(&r->counted, &v1->counted, sizeof(r->counted)), 0);
		/* nobody dies: the policies do the same on the same trace */
		CU_ASSERT_EQUAL(memcmp(&r->stat, &v1->stat, sizeof(r->stat)), 0);
		CU_ASSERT_EQUAL(own != NULL, r->reach > 0);
		CU_ASSERT_EQUAL(i == 0, r->reach == 0);
		if (!own)
			continue;
		CU_ASSERT_TRUE(r->counted.from <= own->nr_recs / 10);
		CU_ASSERT_TRUE(r->counted.to >= own->nr_recs * 9 / 10 &&
			       r->counted.to <= own->nr_recs);
		others += own->nr_recs != t->nr_recs;
	}
	CU_ASSERT_TRUE(others > 0);
	run_set_clear(&rs);
	trace_free(t);
}

/* A run that fails says at which operation of its own trace */
static void test_failed(void)
{
	g_autoptr(GString) text = g_string_new("spawn,1; spawn,2; anon,1,0,200,rw-p; "
					       "anon,2,0,200,rw-p");
	struct run_spec spec = { .ensemble = ensemble("order"), .memory = (char *)"128" };
	struct run_set rs;
	struct trace *t;
	struct err err = { "" };

	spec.ensemble.nr = 8;
	for (guint i = 0; i < 200; i++)
		g_string_append_printf(text, "; touch,%u,%u,1,w", 1 + i % 2, i / 2);
	t = tl_trace(text->str, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	TL_EQ(run_set_init(&rs, &spec, t, NULL, &err), 0, "%s", err.msg);
	run_set_execute(&rs, 1, NULL);
	for (guint i = 0; i < rs.runs->len; i++) {
		const struct run *r = &g_array_index(rs.runs, struct run, i);
		const struct trace *own = g_array_index(rs.members, struct member, i).trace;

		TL_EQ(r->ret, -ENOMEM, "member %u", i);
		CU_ASSERT_EQUAL(r->failed_at.code, OP_TOUCH);
		CU_ASSERT_EQUAL(r->failed_at.at, (own ? own : t)->recs[r->position].arg);
	}
	run_set_clear(&rs);
	trace_free(t);
}

void suite_ensemble(void)
{
	CU_pSuite s = CU_add_suite("ensemble", NULL, NULL);

	CU_add_test(s, "an axis changes one thing", test_one_axis);
	CU_add_test(s, "members are spread over the range", test_spread);
	CU_add_test(s, "a whole machine", test_whole_machine);
	CU_add_test(s, "bad lists of axes", test_bad_axes);
	CU_add_test(s, "records that count", test_window);
	CU_add_test(s, "orders", test_shuffle);
	CU_add_test(s, "members have their own order", test_order);
	CU_add_test(s, "a member that fails", test_failed);
}
