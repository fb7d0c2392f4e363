// SPDX-License-Identifier: GPL-2.0-only
/* Samples of a trace: together they are the trace; what they are replayed on; what they estimate.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/lab/config.h"
#include "sim/lab/runs.h"
#include "sim/lab/sample-machine.h"
#include "tests/unit/random_trace.h"
#include "tests/unit/testlib.h"

void suite_sample(void);

#define ONE_IN 8

/* all samples of @t, and the sum of what is in them */
static void stat_samples(const struct trace *t, uint64_t seed, struct trace **out,
			 struct trace_stats *sum)
{
	const struct sampling sp = { .one_in = ONE_IN, .seed = seed };
	struct err err = { "" };
	uint64_t used;

	TL_EQ(sample_traces(t, &sp, ONE_IN, 16, 100, NULL, out, &used, &err), 0, "seed %llu: %s",
	      (unsigned long long)seed, err.msg);
	*sum = (struct trace_stats){ 0 };
	for (guint k = 0; k < ONE_IN && out[k]; k++) {
		struct trace_stats s;

		TL_EQ(trace_stat(out[k], &s, &err), 0, "sample %u: %s", k, err.msg);
		sum->nr_touches += s.nr_touches;
		sum->nr_file_touches += s.nr_file_touches;
		sum->nr_fd_pages += s.nr_fd_pages;
		sum->file_pages_used += s.file_pages_used;
		sum->nr_procs += s.nr_procs;
		sum->ns += s.ns;
	}
}

/* Every page that is touched, read or written is in one sample, every process in all of them */
static void test_disjoint(void)
{
	static const unsigned int flags[] = {
		0,	     RANDOM_SPARSE, RANDOM_BIG_FILES,
		RANDOM_WIDE, RANDOM_FILES,  RANDOM_WIDE | RANDOM_BIG_FILES,
	};

	for (uint64_t seed = 1; seed <= 60; seed++) {
		const unsigned int f = flags[seed % G_N_ELEMENTS(flags)];
		struct trace *out[ONE_IN];
		struct random_trace rt;
		struct trace_stats all, sum;
		struct err err;

		random_trace(&rt, seed, 400, f);
		CU_ASSERT_EQUAL(trace_stat(rt.t, &all, &err), 0);
		stat_samples(rt.t, seed, out, &sum);
		TL_EQ(sum.nr_touches, all.nr_touches, "seed %llu", (unsigned long long)seed);
		TL_EQ(sum.nr_file_touches, all.nr_file_touches, "seed %llu",
		      (unsigned long long)seed);
		TL_EQ(sum.nr_fd_pages, all.nr_fd_pages, "seed %llu", (unsigned long long)seed);
		TL_EQ(sum.file_pages_used, all.file_pages_used, "seed %llu",
		      (unsigned long long)seed);
		TL_EQ(sum.nr_procs, ONE_IN * all.nr_procs, "seed %llu", (unsigned long long)seed);
		TL_EQ(sum.ns, ONE_IN * all.ns, "seed %llu", (unsigned long long)seed);
		for (guint k = 0; k < ONE_IN; k++)
			trace_free(out[k]);
		random_trace_free(&rt);
	}
}

/* Every run of a sample keeps every invariant */
static void test_runs(void)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct trace *out[ONE_IN];
		struct random_trace rt;
		struct trace_stats sum;
		struct err err = { "" };

		random_trace(&rt, seed, 300, RANDOM_ROOMY | (seed % 2 ? RANDOM_FILES : 0));
		stat_samples(rt.t, seed, out, &sum);
		for (guint k = 0; k < ONE_IN; k++) {
			struct sim_config cfg;
			struct sim *s;

			sim_config_init(&cfg);
			cfg.machine = rt.m;
			cfg.one_in = ONE_IN;
			cfg.check = true;
			s = sim_new(out[k], &cfg, &err);
			CU_ASSERT_PTR_NOT_NULL_FATAL(s);
			TL_EQ(sim_run(s, UINT64_MAX, &err), 1, "seed %llu, sample %u: %s",
			      (unsigned long long)seed, k, err.msg);
			sim_free(s);
			trace_free(out[k]);
		}
		random_trace_free(&rt);
	}
}

/* Strata of popularity: of 64 extents of which 8 are read often, each of 8 samples has one, and
 * seven others. Of 800 anonymous pages each has 100, in one piece. */
static void test_strata(void)
{
	g_autoptr(GString) text = g_string_new("file,a,1024; file,b,4096; spawn,1; "
					       "anon,1,0,800,rw-p; touch,1,0,800,w");
	struct trace *out[ONE_IN], *t;
	struct trace_stats sum;
	struct err err = { "" };

	for (guint i = 0; i < 30; i++)
		for (guint extent = 0; extent < 64; extent++)
			if (extent < 8 || !i)
				g_string_append_printf(text, "; read,1,a,%u,16; read,1,b,%u,1",
						       16 * (7 * extent % 64), 200 * (i % 20));
	t = tl_trace(text->str, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	stat_samples(t, 1, out, &sum);
	for (guint k = 0; k < ONE_IN; k++) {
		struct trace_stats s;
		struct trace_iter it;
		uint64_t of_a = 0;
		struct op op;

		CU_ASSERT_EQUAL(trace_stat(out[k], &s, &err), 0);
		CU_ASSERT_EQUAL(s.nr_touches, 100);
		CU_ASSERT_EQUAL(s.ops[OP_TOUCH], 1);
		trace_iter_init(&it, out[k]);
		while (trace_iter_next(&it, &op, &err) > 0)
			of_a += op.code == OP_READ && !op.file ? op.pages : 0;
		TL_EQ(out[k]->files[0].pages, 128, "sample %u", k);
		TL_EQ(of_a, 16 * (30 + 7), "sample %u", k);
		trace_free(out[k]);
	}
	trace_free(t);
}

/* A long-lived process that maps and unmaps again and again gets the same addresses again */
static void test_addresses(void)
{
	g_autoptr(GString) text = g_string_new("file,a,4096; spawn,1");
	struct trace *out[ONE_IN], *t;
	struct trace_stats sum;
	struct err err = { "" };

	for (guint i = 0; i < 1000; i++)
		g_string_append(text, "; map,1,0x1000,4096,r-xp,a,0; touch,1,0x1000,4096,r; "
				      "unmap,1,0x1000,4096");
	t = tl_trace(text->str, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	stat_samples(t, 1, out, &sum);
	for (guint k = 0; k < ONE_IN; k++) {
		struct trace_iter it;
		struct op op;

		trace_iter_init(&it, out[k]);
		while (trace_iter_next(&it, &op, &err) > 0)
			if (op.code == OP_MAP)
				TL_EQ(op.at < 2000, true, "sample %u maps at %u", k, op.at);
		trace_free(out[k]);
	}
	trace_free(t);
}

static void test_machine(void)
{
	/* calculate_min_free_kbytes(): sqrt(2097152 * 4 * 16) kB are 2896 pages */
	struct machine m = tl_machine("memory_pages=2097152 swap_pages=1048576");

	sample_machine(&m, 64);
	CU_ASSERT_EQUAL(m.memory_pages, 32768);
	CU_ASSERT_EQUAL(m.swap_pages, 16384);
	CU_ASSERT_EQUAL(m.min_free_pages, 45);
	m = tl_machine("memcg_pages=10000");
	sample_machine(&m, 16);
	CU_ASSERT_EQUAL(m.memcg_pages, 625);
	CU_ASSERT_EQUAL(m.min_free_pages, 0);
}

static void test_refused(void)
{
	static const struct {
		const char *machine, *says;
	} rows[] = {
		{ "memcg_pages=8192", NULL },
		{ "memcg_pages=8191", "replay the whole trace" },
		{ "memcg_pages=9000", NULL },
		{ "memcg_pages=20000 kmem=on", "kmem" },
		{ "memcg_pages=20000 damon_stat=on", "damon_stat" },
		{ "memcg_pages=20000 memcg2_pages=2000", "memcg2_pages" },
		{ "memcg_pages=20000 max_folio_order=2", "max_folio_order" },
		{ "memcg_pages=20000 file_system=ext4", "file_system" },
		{ "memcg_pages=20000 file_system=xfs", "file_system" },
		{ "memcg_pages=20000 file_system=order0", NULL },
		{ "memcg_pages=20000 fault_us=1", "fault_us" },
		/* 16 * 64 * 4: four CPUs have more batches */
		{ "memcg_pages=10200 cpus=4", "replay the whole trace" },
	};
	struct sampling sp = { .one_in = ONE_IN };
	struct err err = { "" };

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct machine m = tl_machine(rows[i].machine);
		const int ret = sample_machine_check(&m, &sp, "t", &err);

		TL_EQ(ret, rows[i].says ? -EINVAL : 0, "%s: %s", rows[i].machine, err.msg);
		TL_EQ(!rows[i].says || strstr(err.msg, rows[i].says), true, "%s: %s",
		      rows[i].machine, err.msg);
	}
	sp.one_in = 64;
	const struct machine m = tl_machine("memcg_pages=20000");

	CU_ASSERT_EQUAL(sample_machine_check(&m, &sp, "t", &err), -EINVAL);
	TL_EQ(strstr(err.msg, "take 1/19 or more of it") != NULL, true, "%s", err.msg);
	CU_ASSERT_EQUAL(sample_extents_check(&sp, 511, 16, "t", &err), -EINVAL);
	CU_ASSERT_EQUAL(sample_extents_check(&sp, 512, 16, "t", &err), 0);
}

static void test_parse(void)
{
	static const char *const bad[] = { "",	 "1",	 "8",	 "1/7", "1/1025",
					   "1/", "1/8x", "1/+8", "2/8" };
	struct sampling sp = { 0 };
	struct err err = { "" };

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		TL_EQ(sampling_parse(&sp, bad[i], &err), -EINVAL, "\"%s\"", bad[i]);
		TL_EQ(strstr(err.msg, "expected a share") != NULL, true, "%s", err.msg);
	}
	CU_ASSERT_EQUAL(sampling_parse(&sp, "1/64", &err), 0);
	CU_ASSERT_EQUAL(sp.one_in, 64);
}

void suite_sample(void)
{
	CU_pSuite s = CU_add_suite("sample", NULL, NULL);

	CU_add_test(s, "samples are disjoint, and all of the trace", test_disjoint);
	CU_add_test(s, "runs of samples are sound", test_runs);
	CU_add_test(s, "strata", test_strata);
	CU_add_test(s, "addresses", test_addresses);
	CU_add_test(s, "the machine of a sample", test_machine);
	CU_add_test(s, "machines that are refused", test_refused);
	CU_add_test(s, "shares", test_parse);
}
