// SPDX-License-Identifier: GPL-2.0-only
/* Generators: the same tests for every registered one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include "traces/gen/gen.h"
#include "traces/readers/write-oracle.h"
#include "traces/readers/write.h"

void suite_gen(void);

#define SMALL_APPS "apps=3", "rounds=3", "file_pages=40", "anon_pages=20"

/* Options that make the trace small; one row per generator. */
static const struct {
	const char *name;
	const char *kv[8];
	size_t nr;
} small[] = {
	{ "zipf", { "pages=7", "accesses=50", "op=touch" }, 3 },
	{ "sequential", { "stream_pages=10", "passes=2", "chunk_pages=3", "ws_pages=2" }, 4 },
	{ "restart-loop",
	  { "app_pages=3", "big_pages=5", "rounds=4", "warm_rounds=0", "drain=yes" },
	  5 },
	{ "app-rotation",
	  { "apps=3", "rounds=2", "cached_limit=1", "file_pages=40", "anon_pages=4" },
	  5 },
	{ "shared-library",
	  { "processes=3", "dying=3", "rounds=2", "lib_pages=1", "own_pages=0" },
	  5 },
	{ "android-cycle30", { SMALL_APPS, "exclusive_percent=0", "kills=none" }, 6 },
	{ "android-ageing", { SMALL_APPS, "gap_ms=60000", "away_max_s=1" }, 6 },
	{ "camera-burst", { SMALL_APPS, "burst_every=1", "burst_kills_max=100" }, 6 },
	{ "android-go", { SMALL_APPS, "pids=new", "system_pages=0" }, 6 },
	{ "tabs", { SMALL_APPS, "exclusive_percent=100", "order=random" }, 6 },
	{ "compile-storm", { "runs=3", "jobs=2", "lib_pages=0", "inputs=1", "big_every=2" }, 5 },
	{ "shell-loop", { "runs=4", "programs=2", "inputs=2", "anon_pages=0" }, 4 },
	{ "k8s-crashloop",
	  { "groups=2", "seconds=90", "life_max_s=5", "data_pages=0", "hog_pages=3" },
	  5 },
	{ "oomd-restart",
	  { "processes=2", "seconds=3", "hog_every_s=1", "hog_stay_s=0", "restart=systemd" },
	  5 },
	{ "db-pressure", { "seconds=3", "hog_every_s=1", "hog_op=read", "kills=none" }, 4 },
	{ "reclaim-first", { "app_pages=16", "stream_pages=100", "stream_op=touch" }, 3 },
	{ "kill-return", { "victims=3", "app_pages=2", "horizon_ticks=4", "stream_pages=0" }, 4 },
};

static struct trace *make(const char *name, const char *const *kv, size_t nr)
{
	const struct trace_generator *g = gen_find(name, NULL);
	struct trace *t = NULL;
	struct gen_args a;
	struct err err = { "" };

	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	if (gen_args_parse(&a, g, (char *const *)kv, nr, &err) || gen_run(g, &a, &t, &err))
		CU_FAIL_FATAL("the generator failed");
	return t;
}

static uint64_t count(const struct trace *t, enum op_code code)
{
	struct trace_iter it;
	struct op op;
	uint64_t nr = 0;

	trace_iter_init(&it, t);
	while (trace_iter_next(&it, &op, NULL) > 0)
		nr += op.code == code;
	return nr;
}

static bool same(const struct trace *a, const struct trace *b)
{
	return a->nr_recs == b->nr_recs && a->nr_files == b->nr_files &&
	       !memcmp(a->recs, b->recs, a->nr_recs * sizeof(*a->recs));
}

static void test_every_generator(void)
{
	for (size_t i = 0; trace_generators[i]; i++) {
		const struct trace_generator *g = trace_generators[i];
		struct trace *a = make(g->name, NULL, 0), *b = make(g->name, NULL, 0);
		size_t row;

		CU_ASSERT(trace_check(a, NULL, NULL) == 0);
		CU_ASSERT(same(a, b));
		trace_free(a);
		trace_free(b);
		for (row = 0; row < G_N_ELEMENTS(small); row++)
			if (!strcmp(small[row].name, g->name))
				break;
		/* every generator needs a row above */
		CU_ASSERT_FATAL(row < G_N_ELEMENTS(small));
		a = make(g->name, small[row].kv, small[row].nr);
		CU_ASSERT(trace_check(a, NULL, NULL) == 0);
		CU_ASSERT(count(a, OP_SPAWN) > 0);
		CU_ASSERT(count(a, OP_MARK) > 0);
		trace_free(a);
	}
}

static void test_seed(void)
{
	const char *const one[] = { "accesses=1000" }, *const two[] = { "accesses=1000", "seed=2" };
	struct trace *a = make("zipf", one, 1), *b = make("zipf", two, 2);

	CU_ASSERT(a->nr_recs == b->nr_recs);
	CU_ASSERT_FALSE(same(a, b));
	trace_free(a);
	trace_free(b);
}

/* A seed always gives the same bytes: these sums must not change. */
static void test_known_bytes(void)
{
	const char *const zipf[] = { "pages=12345", "accesses=20000", "alpha=0.9" };
	static const struct {
		const char *name;
		const char *sum;
	} known[] = {
		{ "zipf", "01e7bf207484589de5865ea86a6ad65a" },
		{ "app-rotation", "c7e12b3d67194e321442db45c7b99721" },
		{ "shared-library", "e616076aebf6f42a47e56bfe9609e888" },
		{ "android-ageing", "f8d78c59d5146e9a8eef69cc94b46192" },
		{ "camera-burst", "d1d49b77ac650cb9fc7f4c4fca411bd2" },
		{ "compile-storm", "4cb40fbc5653d52bd174d46b581e21c8" },
		{ "k8s-crashloop", "4bcac10fd88b1a21e44c2c65cec06e2d" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		struct trace *t = make(known[i].name, zipf, strcmp(known[i].name, "zipf") ? 0 : 3);
		const size_t bytes = t->nr_recs * sizeof(*t->recs);
		struct op_rec *recs = g_malloc(bytes);
		char *sum;

		/* as a file has them */
		memcpy(recs, t->recs, bytes);
		trace_recs_le(recs, t->nr_recs);
		sum = g_compute_checksum_for_data(G_CHECKSUM_MD5, (const guchar *)recs, bytes);
		CU_ASSERT_STRING_EQUAL(sum, known[i].sum);
		if (strcmp(sum, known[i].sum))
			fprintf(stderr, "%s: %s\n", known[i].name, sum);
		g_free(sum);
		g_free(recs);
		trace_free(t);
	}
}

static void test_zipf_frequencies(void)
{
	static const double alphas[] = { 0, 0.5, 0.9, 1, 2 };
	static const uint32_t sizes[] = { 1, 2, 3, 10, 1000 };
	enum { DRAWS = 200000 };

	for (size_t k = 0; k < G_N_ELEMENTS(alphas) * G_N_ELEMENTS(sizes); k++) {
		const double alpha = alphas[k / G_N_ELEMENTS(sizes)];
		const uint32_t n = sizes[k % G_N_ELEMENTS(sizes)];
		uint32_t *seen = g_new0(uint32_t, n);
		double sum = 0, chi2 = 0;
		struct gen_zipf z;
		struct gen_rng r;

		gen_rng_init(&r, 7);
		CU_ASSERT_FATAL(gen_zipf_init(&z, n, alpha, NULL) == 0);
		for (int i = 0; i < DRAWS; i++)
			seen[gen_zipf_at(&z, gen_rng_next(&r))]++;
		for (uint32_t i = 0; i < n; i++)
			sum += __builtin_pow(i + 1, -alpha);
		for (uint32_t i = 0; i < n; i++) {
			double expected = DRAWS * __builtin_pow(i + 1, -alpha) / sum;

			chi2 += (seen[i] - expected) * (seen[i] - expected) / expected;
		}
		/* mean n - 1, standard deviation sqrt(2 (n - 1)) */
		CU_ASSERT(chi2 <= n - 1 + 6 * __builtin_sqrt(2.0 * n));
		gen_zipf_release(&z);
		g_free(seen);
	}
}

/* Exact counts that follow from the options. */
static void test_op_counts(void)
{
	static const struct {
		const char *name;
		const char *kv[6];
		size_t nr;
		enum op_code code;
		uint64_t expected;
	} rows[] = {
		{ "zipf", { "accesses=1234" }, 1, OP_READ, 1234 },
		{ "zipf", { "accesses=0" }, 1, OP_READ, 0 },
		{ "zipf", { "accesses=65", "op=touch" }, 2, OP_TOUCH, 65 },
		{ "sequential",
		  { "stream_pages=100", "chunk_pages=32", "passes=2" },
		  3,
		  OP_READ,
		  8 },
		{ "sequential", { "stream_pages=64", "ws_touches=3", "passes=1" }, 3, OP_TOUCH, 7 },
		/* the worked example: run1-3, big, run4, big, run5 */
		{ "restart-loop", { NULL }, 0, OP_MRELEASE, 5 },
		{ "restart-loop", { NULL }, 0, OP_EXIT, 2 },
		{ "restart-loop", { NULL }, 0, OP_MARK, 7 },
		{ "restart-loop", { "death=oom", "optin=no" }, 2, OP_OOM, 5 },
		{ "restart-loop", { "optin=no" }, 1, OP_OPTIN, 0 },
		{ "restart-loop", { "rounds=9", "big_every=3" }, 2, OP_EXIT, 2 },
		/* 30 launches a round, all cold, all but the last 8 killed */
		{ "app-rotation", { "rounds=2" }, 1, OP_SPAWN, 60 },
		{ "app-rotation", { "rounds=2" }, 1, OP_MRELEASE, 52 },
		{ "app-rotation", { "cached_limit=30" }, 1, OP_MRELEASE, 0 },
		{ "shared-library", { NULL }, 0, OP_MRELEASE, 16 },
		{ "shared-library", { "dying=0" }, 1, OP_MRELEASE, 0 },
		/* no kills: each app starts once, and the system's process */
		{ "android-cycle30", { "rounds=2", "kills=none" }, 2, OP_SPAWN, 31 },
		{ "android-cycle30", { "rounds=2", "kills=none" }, 2, OP_MRELEASE, 0 },
		{ "android-cycle30", { "rounds=2" }, 1, OP_ADVANCE, 60 },
		/* 15 launches; each from the sixth on causes a kill */
		{ "camera-burst",
		  { "rounds=1", "apps=15", "order=cycle", "cached_limit=5", "burst_every=0" },
		  5,
		  OP_MRELEASE,
		  10 },
		{ "camera-burst",
		  { "rounds=1", "apps=15", "order=cycle", "burst_kills_min=4",
		    "burst_kills_max=4" },
		  5,
		  OP_MRELEASE,
		  4 },
		/* app0 dies once a round, the other stays */
		{ "android-ageing", { "apps=2", "rounds=5", "age_min=1" }, 3, OP_MRELEASE, 5 },
		{ "compile-storm", { "runs=7", "jobs=3" }, 2, OP_FORK, 7 },
		{ "compile-storm", { "runs=7", "jobs=3" }, 2, OP_EXIT, 7 },
		{ "shell-loop", { "runs=7", "death=kill" }, 2, OP_KILL, 7 },
		/* the neighbour comes at 60 s, 120 s .. 540 s, and kills six each time */
		{ "oomd-restart", { NULL }, 0, OP_KILL, 54 },
		{ "oomd-restart", { NULL }, 0, OP_SPAWN, 12 + 54 + 9 },
		{ "oomd-restart", { "kills=none" }, 1, OP_SPAWN, 12 + 9 },
		{ "db-pressure", { NULL }, 0, OP_OOM, 9 },
		/* a process that dies as soon as it starts: at 0, 10, 30, 70, 150, 310, 610 s */
		{ "k8s-crashloop",
		  { "groups=1", "life_min_s=0", "life_max_s=0", "seconds=611", "hog_every_s=0",
		    "tick_ms=10" },
		  6,
		  OP_SPAWN,
		  7 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct trace *t = make(rows[i].name, rows[i].kv, rows[i].nr);

		CU_ASSERT_EQUAL(count(t, rows[i].code), rows[i].expected);
		trace_free(t);
	}
}

/* the CPUs of the trace's machine rows */
static uint32_t cpus_asked(const struct trace *t)
{
	for (uint32_t i = 0; i < t->nr_machine; i++)
		if (!strcmp(t->machine[i].key, "cpus"))
			return (uint32_t)atoi(t->machine[i].value);
	return 1;
}

static uint32_t cpu_used(const struct trace *t)
{
	struct trace_iter it;
	struct op op;
	uint32_t cpu = 0;

	trace_iter_init(&it, t);
	while (trace_iter_next(&it, &op, NULL) > 0)
		if (op.code == OP_SPAWN || op.code == OP_FORK)
			cpu = MAX(cpu, op.cpu);
	return cpu;
}

/* a trace that spreads its processes over CPUs has a machine row with that many */
static void test_cpus(void)
{
	unsigned int with_option = 0;

	for (size_t i = 0; trace_generators[i]; i++) {
		const struct trace_generator *g = trace_generators[i];
		const char *const kv[] = { "cpus=2" };
		struct trace *t = make(g->name, NULL, 0);
		size_t o = 0;

		CU_ASSERT(cpu_used(t) < cpus_asked(t));
		trace_free(t);
		while (g->options[o].name && strcmp(g->options[o].name, "cpus"))
			o++;
		if (!g->options[o].name)
			continue;
		with_option++;
		t = make(g->name, kv, 1);
		CU_ASSERT_EQUAL(cpus_asked(t), 2);
		CU_ASSERT_EQUAL(cpu_used(t), 1);
		trace_free(t);
	}
	CU_ASSERT(with_option > 0);
}

/*
 * A process that does not return is replaced by another with its own pid and files. The load
 * stays the same: as many starts, deaths and touches.
 */
static void test_returns(void)
{
	static const struct {
		const char *name, *kv;
		uint32_t new_files; /* with return_percent=0 */
	} rows[] = {
		/* 9 kills: a new image and data file for each */
		{ "db-pressure", "seconds=600", 18 },
		/* 9 kills of a group of six */
		{ "oomd-restart", "seconds=600", 18 },
		/* one app per round */
		{ "android-ageing", "rounds=5", 5 },
	};
	static const enum op_code codes[] = { OP_SPAWN, OP_KILL, OP_OOM, OP_MRELEASE, OP_EXIT };

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *const kv[][2] = { { rows[i].kv, "return_percent=100" },
					      { rows[i].kv, "return_percent=0" },
					      { rows[i].kv, "return_percent=50" } };
		struct trace *t[3], *plain = make(rows[i].name, kv[0], 1);

		for (int k = 0; k < 3; k++)
			t[k] = make(rows[i].name, kv[k], 2);
		CU_ASSERT(same(plain, t[0]));
		CU_ASSERT_EQUAL(t[1]->nr_files - t[0]->nr_files, rows[i].new_files);
		CU_ASSERT(t[2]->nr_files > t[0]->nr_files && t[2]->nr_files < t[1]->nr_files);
		for (int k = 1; k < 3; k++)
			for (size_t c = 0; c < G_N_ELEMENTS(codes); c++)
				CU_ASSERT_EQUAL(count(t[k], codes[c]), count(t[0], codes[c]));
		for (int k = 0; k < 3; k++)
			trace_free(t[k]);
		trace_free(plain);
	}
}

/*
 * The start-up section of a process in a timed run lasts from its spawn to the first pause.
 * It must not be empty, and a process that restarts must have the same pid.
 */
static void test_start_up(void)
{
	static const char *const names[] = {
		"android-cycle30", "android-ageing", "camera-burst", "android-go", "tabs",
		"k8s-crashloop",   "oomd-restart",   "db-pressure",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct trace *t = make(names[i], NULL, 0);
		g_autoptr(GHashTable) first = g_hash_table_new(NULL, NULL);
		g_autoptr(GHashTable) idle = g_hash_table_new(NULL, NULL);
		uint64_t paused = 0, again = 0, empty = 0;
		struct trace_iter it;
		struct op op;

		trace_iter_init(&it, t);
		while (trace_iter_next(&it, &op, NULL) > 0) {
			if (op.code == OP_ADVANCE) {
				paused++;
				empty += g_hash_table_size(idle);
				g_hash_table_remove_all(idle);
			} else if (op.code == OP_SPAWN) {
				again += !g_hash_table_add(first, GUINT_TO_POINTER(op.pid));
				g_hash_table_add(idle, GUINT_TO_POINTER(op.pid));
			} else if (op.code == OP_TOUCH || op.code == OP_READ) {
				g_hash_table_remove(idle, GUINT_TO_POINTER(op.pid));
			}
		}
		CU_ASSERT_EQUAL(empty, 0);
		CU_ASSERT(paused > 0);
		CU_ASSERT(again > 0);
		trace_free(t);
	}
}

static void test_log_uniform(void)
{
	enum { DRAWS = 100000 };
	unsigned int below[3] = { 0 };
	struct gen_rng r;

	gen_rng_init(&r, 3);
	for (int i = 0; i < DRAWS; i++) {
		double x = gen_log_uniform(&r, 1, 10000);

		CU_ASSERT_FATAL(x >= 1 && x <= 10000);
		below[0] += x < 10;
		below[1] += x < 100;
		below[2] += x < 1000;
	}
	/* a quarter of the draws per decade, within 5 standard deviations */
	for (int i = 0; i < 3; i++)
		CU_ASSERT(abs((int)below[i] - DRAWS / 4 * (i + 1)) < 5 * 158);
	CU_ASSERT(gen_log_uniform(&r, 7, 7) == 7);
}

static void test_bad_options(void)
{
	static const struct {
		const char *name, *kv, *message;
	} rows[] = {
		{ "zipf", "pages", "generator zipf: \"pages\", expected KEY=VALUE" },
		{ "zipf", "page=1",
		  "generator zipf: unknown option \"page\", did you mean pages? Expected one of: "
		  "pages, "
		  "accesses, alpha, op, order, memcg_pages, seed" },
		{ "zipf", "pages=0",
		  "generator zipf: pages is \"0\", expected a whole number from 1 to 100000000" },
		{ "zipf", "pages=-1",
		  "generator zipf: pages is \"-1\", expected a whole number from 1 to 100000000" },
		{ "zipf", "pages=1e3",
		  "generator zipf: pages is \"1e3\", expected a whole number from 1 to 100000000" },
		{ "zipf", "pages=99999999999999999999",
		  "generator zipf: pages is \"99999999999999999999\", expected a whole number from "
		  "1 to "
		  "100000000" },
		{ "zipf", "alpha=nan",
		  "generator zipf: alpha is \"nan\", expected a number from 0 to 4" },
		{ "zipf",
		  "alpha=", "generator zipf: alpha is \"\", expected a number from 0 to 4" },
		{ "zipf", "op=write",
		  "generator zipf: op is \"write\", expected one of: read, touch" },
		{ "zipf", "seed=x", "generator zipf: seed is \"x\", expected a whole number" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct trace_generator *g = gen_find(rows[i].name, NULL);
		char *kv[] = { (char *)rows[i].kv };
		struct gen_args a;
		struct err err = { "" };

		CU_ASSERT(gen_args_parse(&a, g, kv, 1, &err) == -EINVAL);
		CU_ASSERT_STRING_EQUAL(err.msg, rows[i].message);
	}
	CU_ASSERT_PTR_NULL(gen_find("none", NULL));
}

/* Each next-access field must name the next record of the same object. */
static void test_oracle_writer(void)
{
	const char *const kv[] = { "pages=20", "accesses=300" };
	struct trace *t = make("zipf", kv, 2);
	struct {
		uint8_t b[24];
	} * recs;
	char *buf = NULL;
	size_t len = 0, nr;
	FILE *f = open_memstream(&buf, &len);
	struct err err = { "" };

	CU_ASSERT_FATAL(trace_write_oracle(t, f, &err) == 0);
	fclose(f);
	nr = len / 24;
	CU_ASSERT_EQUAL(len, 300 * 24);
	recs = (void *)buf;
	for (size_t i = 0; i < nr; i++) {
		int64_t next, expected = -1;
		uint32_t size;

		for (size_t j = i + 1; j < nr && expected < 0; j++)
			if (!memcmp(recs[i].b + 4, recs[j].b + 4, 8))
				expected = (int64_t)j + 1;
		memcpy(&size, recs[i].b + 12, 4);
		memcpy(&next, recs[i].b + 16, 8);
		/* little-endian on any machine */
		CU_ASSERT_EQUAL(GUINT32_FROM_LE(size), 4096);
		CU_ASSERT_EQUAL(GINT64_FROM_LE(next), expected);
	}
	free(buf);
	trace_free(t);

	t = make("restart-loop", NULL, 0);
	f = fopen("/dev/null", "w");
	CU_ASSERT(trace_write_oracle(t, f, &err) == -EINVAL);
	fclose(f);
	trace_free(t);
}

void suite_gen(void)
{
	CU_pSuite s = CU_add_suite("gen", NULL, NULL);

	CU_add_test(s, "every generator is valid and repeatable", test_every_generator);
	CU_add_test(s, "another seed, another trace", test_seed);
	CU_add_test(s, "a seed's bytes do not change", test_known_bytes);
	CU_add_test(s, "zipf frequencies", test_zipf_frequencies);
	CU_add_test(s, "operation counts", test_op_counts);
	CU_add_test(s, "CPUs", test_cpus);
	CU_add_test(s, "start-up sections and restarts", test_start_up);
	CU_add_test(s, "who does not return is replaced", test_returns);
	CU_add_test(s, "log-uniform draws", test_log_uniform);
	CU_add_test(s, "bad options", test_bad_options);
	CU_add_test(s, "oracleGeneral output", test_oracle_writer);
}
