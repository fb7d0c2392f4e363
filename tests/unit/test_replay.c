// SPDX-License-Identifier: GPL-2.0-only
/* sim/replay.c: operations, ends_as, snapshots, time, slices. */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/lru-classic.h"
#include "models/models.h"
#include "tests/unit/testlib.h"

void suite_replay(void);

static const char three_ends[] =
	"file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,8,r; drain; mark,a; exit,1;"
	"spawn,1; map,1,0,8,r--p,a,0; touch,1,0,8,r; drain; kill,1;"
	"spawn,1; map,1,0,8,r--p,a,0; touch,1,0,8,r; drain; mrelease,1,ignore_access; drain";

/*
 * ends_as: every exit is replayed as one kind, without the flags of the trace. v1 skips marks
 * of reaped processes: none, one or all of the three.
 */
static void test_ends_as(void)
{
	static const struct {
		enum op_code as;
		const char *policy;
		uint64_t skipped, victims;
	} rows[] = {
		{ OP_NONE, "v1", 8, 2 },
		{ OP_EXIT, "v1", 0, 0 },
		{ OP_KILL, "v1", 0, 3 },
		{ OP_MRELEASE, "v1", 24, 3 },
		{ OP_OOM, "v1", 24, 3 },
		{ OP_NONE, "flag", 8, 2 },
		{ OP_EXIT, "flag", 0, 0 },
		{ OP_KILL, "flag", 0, 3 },
		{ OP_OOM, "flag", 0, 3 },
		{ OP_MRELEASE, "flag", 24, 3 }, /* its caller passes the flag */
		{ OP_KILL, "any-exit", 24, 3 },
		{ OP_MRELEASE, "baseline", 0, 3 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_new_as(NULL, rows[i].policy, rows[i].as, three_ends);

		CU_ASSERT(tl_end(x) == 1);
		TL_EQ(tl_stat(x, VM_sim_zap_skipped), rows[i].skipped, "row %zu", i);
		TL_EQ(tl_stat(x, VM_sim_zap_marks), 24 - rows[i].skipped, "row %zu", i);
		TL_EQ(tl_stat(x, VM_sim_victims), rows[i].victims, "row %zu", i);
		tl_free(x);
	}
}

/* exec does not end a process: ends_as does not apply to it */
static void test_ends_as_exec(void)
{
	struct tl *x = tl_new_as(NULL, "v1", OP_MRELEASE,
				 "file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,8,r; exec,1;"
				 "map,1,0,8,r--p,a,0; touch,1,0,2,r; exit,1");

	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(tl_stat(x, VM_sim_zap_marks), 8, "exec");
	TL_EQ(tl_stat(x, VM_sim_zap_skipped), 2, "the end");
	tl_free(x);
}

/* a mark row may repeat a name: each takes a snapshot, in order, with the time */
static void test_marks(void)
{
	struct tl *x =
		tl_run(NULL, NULL,
		       "file,a,8; spawn,1; mark,m; read,1,a,0,3; advance,5ms; mark,n; mark,m;"
		       "advance,2s; advance,7; read,1,a,3,2; mark,m");
	static const struct {
		const char *name;
		uint64_t accesses, ns;
	} want[] = {
		{ "m", 0, 0 }, { "n", 3, 5000000 }, { "m", 3, 5000000 }, { "m", 5, 2005000007 }
	};

	TL_EQ(x->s->snapshots->len, 4, "marks");
	for (guint i = 0; i < x->s->snapshots->len && i < 4; i++) {
		const struct snapshot *s = &g_array_index(x->s->snapshots, struct snapshot, i);

		TL_STR(x->t->names[s->name], want[i].name, "mark %u", i);
		TL_EQ(s->stat.v[VM_sim_accesses], want[i].accesses, "mark %u", i);
		TL_EQ(s->now_ns, want[i].ns, "mark %u", i);
	}
	tl_free(x);
}

/* sim_config.snapshots_drain: what waits in a batch is on its list at the mark, or after the next
 * thing that drains */
static void test_marks_drain(void)
{
	for (int drains = 0; drains < 2; drains++) {
		struct tl *x = tl_new(NULL, NULL,
				      "file,a,8; spawn,1; read,1,a,0,3; mark,m; drain; "
				      "mark,n");

		x->s->cfg.snapshots_drain = drains;
		tl_end(x);
		TL_EQ(tl_at(x, "m", VM_nr_inactive_file), drains ? 3 : 0, "%d: at the mark",
		      drains);
		TL_EQ(tl_at(x, "n", VM_nr_inactive_file), 3, "%d: drained", drains);
		tl_free(x);
	}
}

/* a time of more than 32 bits of nanoseconds fits its record */
static void test_advance(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "spawn,1; advance,4294967296; advance,3000s; advance,4294967295");

	TL_EQ(x->s->clock.now_ns, 3000000000000ull + 4294967296ull + 4294967295ull, "now");
	tl_free(x);
}

/* the state does not depend on the slices of the run */
static void test_slices(void)
{
	const uint64_t sizes[] = { 1, 2, 7, UINT64_MAX };
	struct vmstat first = { { 0 } };

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		struct tl *x = tl_new(NULL, "v1", three_ends);
		struct vmstat st;
		uint64_t before = 0;

		x->s->cfg.check = false;
		CU_ASSERT(sim_position(x->s) == 0);
		while ((x->ret = sim_run(x->s, sizes[i], &x->err)) == 0) {
			TL_EQ(sim_position(x->s), before + sizes[i], "slices of %d", (int)sizes[i]);
			before = sim_position(x->s);
		}
		CU_ASSERT(x->ret == 1);
		TL_EQ(sim_position(x->s), x->t->nr_recs, "slices of %d", (int)sizes[i]);
		CU_ASSERT(sim_run(x->s, 1, &x->err) == 1); /* the run stays at its end */
		sim_stat(x->s, &st);
		if (i)
			CU_ASSERT(!memcmp(&st, &first, sizeof(st)));
		first = st;
		tl_free(x);
	}
}

/* a process runs on the CPU of its spawn, modulo those the machine has */
static void test_cpus(void)
{
	struct tl *x =
		tl_run("cpus=2", NULL,
		       "file,a,99; spawn,1,0; spawn,2,1; spawn,3,5; fork,1,4,1; read,1,a,0,1;"
		       "read,2,a,1,2; read,3,a,3,3; read,4,a,6,4");

	TL_EQ(x->s->cpus[0].lru_add.nr, 1, "CPU 0");
	TL_EQ(x->s->cpus[1].lru_add.nr, 2 + 3 + 4, "CPU 1");
	tl_free(x);
}

/* the run ends if the simulated machine is out of memory; the error names record and reason */
static void test_oom(void)
{
	struct tl *x = tl_new("memcg_pages=200", NULL,
			      "spawn,1; anon,1,0,300,rw-p; touch,1,0,300,w; exit,1");

	TL_EQ((uint64_t)-tl_end(x), ENOMEM, "ENOMEM");
	CU_ASSERT(g_str_has_suffix(x->err.msg, "the simulated machine is out of memory: 200 of 200 "
					       "pages are in use and none can be reclaimed; in a "
					       "timed run the OOM killer would take process 1"));
	CU_ASSERT(strstr(x->err.msg, "record ") != NULL);
	CU_ASSERT(x->s->oom);
	tl_free(x);
}

/* files with too many pages for 32-bit slots are refused */
static void test_too_large(void)
{
	struct err err = { "" };
	struct trace *t = tl_trace("file,a,3000000; spawn,1", &err);
	struct sim_config cfg = { .kernel = kernel_profiles[0],
				  .lru = lru_models[0],
				  .reap = reap_policies[0] };

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	cfg.machine = tl_machine("memcg_pages=4294000000");
	CU_ASSERT(sim_new(t, &cfg, &err) == NULL);
	CU_ASSERT(strstr(err.msg, "3000000 file pages") != NULL);
	trace_free(t);
}

/* when statistics are flushed: the size of the inactive list that reclaim sees at the end */
static void test_flushes(void)
{
	static const struct op_flush at[] = { { 0, 0 }, { 3, 0 }, { 3, 0 }, { 4, 0 } };
	/* the last operation reads 60 single pages; batches of 31 go to the list */
	static const struct op_flush in[] = { { 5, 30 }, { 5, 31 }, { 5, 61 } };
	static const struct {
		const struct op_flush *flushes;
		uint32_t nr;
		const char *more;
		uint64_t size;
		const char *what;
	} rows[] = {
		{ at, 1, "", 0, "before the first" },
		{ at, 2, "", 20, "before the fourth" },
		{ at, 3, "", 20, "twice" },
		{ at + 3, 1, "", 20, "before the fifth, which drains" },
		{ at + 3, 1, "mark,m;", 40, "and at a snapshot" },
		{ at, 0, "advance,5s;", 0, "never, whatever time it is" },
		{ NULL, 0, "advance,5s;", 40, "nothing is known: as time passes" },
		{ at + 3, 1, "mark,m; read,1,a,40,20; drain; advance,5s;", 60,
		  "nothing is known of the part after the snapshot" },
		{ in, 1, "read,1,a,40,60;", 40, "in the sixth, before its batch is full" },
		{ in, 2, "read,1,a,40,60;", 71, "and after" },
		{ in + 2, 1, "read,1,a,40,60;", 0, "not yet, where it reads less" },
		{ in + 2, 1, "read,1,a,40,60; drain;", 71, "when it ends" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct op_times times = { .flushes = rows[i].flushes,
						.nr_flushes = rows[i].nr };
		g_autofree char *text =
			g_strconcat("file,a,100; spawn,1; read,1,a,0,20; drain; read,1,a,20,20;"
				    "drain;",
				    rows[i].more, NULL);
		struct err err;
		struct trace *t = tl_trace(text, &err);
		struct sim_config cfg = {
			.kernel = kernel_profiles[0],
			.lru = lru_model_find("classic", NULL),
			.reap = &reap_baseline,
			.machine =
				tl_machine("memcg_pages=400 memcg_stats=flushed readahead_pages=0"),
			.times = &times,
			.nr_times = 1,
		};
		struct sim *s = sim_new(t, &cfg, &err);
		const struct classic *c = s->memcg[0].lruvec.lists;

		CU_ASSERT(sim_run(s, UINT64_MAX, &err) == 1);
		TL_EQ(c->flushed.size[INACTIVE_FILE], rows[i].size, "%s", rows[i].what);
		sim_free(s);
		trace_free(t);
	}
}

/* the times of a read and of an operation up to each snapshot; after the last those before it */
static void test_times(void)
{
	static const struct op_times times[] = {
		{ .read_us = 100 }, { .op_us = 5 }, { .op_us = 5, .proc_us = 70 }, { .read_us = 30 }
	};
	static const uint64_t want_us[] = { 200, 205, 355, 385, 415 };
	struct err err;
	struct trace *t = tl_trace("file,a,8; spawn,1; read,1,a,0,1; read,1,a,1,1; mark,m;"
				   "read,1,a,2,1; mark,m; spawn,2; read,1,a,3,1; drain; kill,2;"
				   "mark,m; read,1,a,4,1; mark,m; read,1,a,5,1; mark,m",
				   &err);
	struct sim_config cfg = {
		.kernel = kernel_profiles[0],
		.lru = lru_model_find("classic", NULL),
		.reap = &reap_baseline,
		.machine = tl_machine("memcg_pages=400 readahead_pages=0 read_us=7"),
		.times = times,
		.nr_times = G_N_ELEMENTS(times),
	};
	struct sim *s = sim_new(t, &cfg, &err);

	CU_ASSERT(sim_run(s, UINT64_MAX, &err) == 1);
	TL_EQ(s->snapshots->len, G_N_ELEMENTS(want_us), "marks");
	for (guint i = 0; i < s->snapshots->len; i++)
		TL_EQ(g_array_index(s->snapshots, struct snapshot, i).now_ns, want_us[i] * 1000,
		      "mark %u", i);
	sim_free(s);
	trace_free(t);
}

void suite_replay(void)
{
	CU_pSuite s = CU_add_suite("replay", NULL, NULL);

	CU_add_test(s, "ends_as", test_ends_as);
	CU_add_test(s, "ends_as and exec", test_ends_as_exec);
	CU_add_test(s, "marks", test_marks);
	CU_add_test(s, "marks that drain", test_marks_drain);
	CU_add_test(s, "time", test_advance);
	CU_add_test(s, "times until each mark", test_times);
	CU_add_test(s, "flushes before operations", test_flushes);
	CU_add_test(s, "slices", test_slices);
	CU_add_test(s, "CPUs", test_cpus);
	CU_add_test(s, "out of memory", test_oom);
	CU_add_test(s, "too many pages", test_too_large);
}
