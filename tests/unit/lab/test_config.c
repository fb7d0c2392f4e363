// SPDX-License-Identifier: GPL-2.0-only
/* The configuration of a run from text, and sets of runs. */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/lab/config.h"
#include "sim/lab/runs.h"
#include "tests/unit/testlib.h"

void suite_config(void);

static void test_set(void)
{
	static const struct {
		const char *key, *value;
		const char *says; /* part of the error; NULL: the value is accepted */
	} rows[] = {
		{ "kernel", "6.12", NULL },
		{ "lru", "mglru", NULL },
		{ "policy", "v1+evict", NULL },
		{ "ends_as", "mrelease", NULL },
		{ "machine.memcg_pages", "400", NULL },
		{ "kernel", "2.4", "unknown kernel \"2.4\"" },
		{ "lru", "fifo", "unknown LRU model \"fifo\"" },
		{ "policy", "v9", "unknown policy \"v9\"" },
		{ "policy", "v1+more", "unknown policy \"v1+more\"" },
		{ "ends_as", "exec", "expected one of: recorded, exit, kill, mrelease, oom" },
		{ "machine.memcg_pages", "many", "memcg_pages is \"many\"" },
		{ "machine.speed", "1", "unknown machine key \"speed\"" },
		{ "memcg_pages", "400",
		  "unknown key \"memcg_pages\", expected one of: lru, policy, ends_as, kernel, "
		  "machine.KEY" },
		{ "", "", "unknown key \"\"" },
	};
	struct sim_config cfg;

	sim_config_init(&cfg);
	CU_ASSERT_PTR_EQUAL(cfg.kernel, kernel_profiles[0]);
	CU_ASSERT_PTR_EQUAL(cfg.lru, lru_models[0]);
	CU_ASSERT_PTR_EQUAL(cfg.reap, reap_policies[0]);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = { "" };
		int ret = sim_config_set(&cfg, rows[i].key, rows[i].value, &err);

		TL_EQ(ret, rows[i].says ? -EINVAL : 0, "%s=%s", rows[i].key, rows[i].value);
		TL_EQ(strstr(err.msg, rows[i].says ? rows[i].says : "") != NULL, true,
		      "\"%s\" has \"%s\"", err.msg, rows[i].says);
	}
	/* refused values have changed nothing */
	TL_STR(cfg.kernel->name, "6.12", "kernel");
	TL_STR(cfg.lru->name, "mglru", "lru");
	TL_STR(cfg.reap->name, "v1", "policy");
	CU_ASSERT_TRUE(cfg.evict);
	TL_EQ(cfg.ends_as, OP_MRELEASE, "ends_as");
	TL_EQ(cfg.machine.memcg_pages, 400, "memcg_pages");
	CU_ASSERT_FALSE(sim_config_has_share(&cfg));
	CU_ASSERT_EQUAL(sim_config_set_machine(&cfg, "memcg_pages=40%", NULL), 0);
	CU_ASSERT_TRUE(sim_config_has_share(&cfg));
	CU_ASSERT_EQUAL(sim_config_set_machine(&cfg, "memcg_pages", NULL), -EINVAL);
	for (enum op_code code = 0; code < NR_OPS; code++) {
		enum op_code back;

		if (strcmp(ends_as_name(code), "?"))
			TL_EQ(ends_as_find(ends_as_name(code), &back, NULL) || back != code, 0,
			      "end %d", code);
	}
}

static const char text[] = "file,a,300; spawn,1; map,1,0,300,r--p,a,0; touch,1,0,300,r; mark,m;"
			   "exit,1; spawn,2; map,2,0,300,r--p,a,0; touch,2,0,300,r; exit,2";

/* Bug: with pages of the file system in addition, the run without a limit was one that no run
 * can number */
static void test_peak(void)
{
	static const char *const systems[] = { "none", "ext4", "btrfs" };
	struct trace *t = tl_trace(text, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(systems); i++)
		for (int whole = 0; whole < 2; whole++) {
			struct err err = { "" };
			struct sim_config cfg;

			sim_config_init(&cfg);
			machine_set(&cfg.machine, "file_system", systems[i], &err);
			machine_set(&cfg.machine, whole ? "memory_pages" : "memcg_pages", "50%",
				    &err);
			CU_ASSERT(sim_config_peak(&cfg, t, NULL, &err) >= 300);
			TL_STR(err.msg, "", "%s", systems[i]);
		}
	trace_free(t);
}

/* the files, and what squashfs has beyond their ends, leave no number for a page of memory */
static void test_memory_max(void)
{
	struct trace_build b;
	struct sim_config cfg;
	struct err err = { "" };
	struct trace *t;
	uint32_t id;

	trace_build_init(&b, "t");
	CU_ASSERT_EQUAL(trace_build_file(&b, "large", TRACE_FILE_PAGES_MAX - 4000, false, &id), 0);
	for (int i = 0; i < 3000; i++) {
		g_autofree char *name = g_strdup_printf("f%d", i);

		CU_ASSERT_EQUAL(trace_build_file(&b, name, 1, false, &id), 0);
	}
	t = trace_build_end(&b);
	sim_config_init(&cfg);
	cfg.machine.memcg_pages = 1;
	CU_ASSERT(sim_memory_max(t, &cfg) > 60000);
	CU_ASSERT_EQUAL(sim_fits(t, &cfg, &err), 0);
	/* the limits of two cgroups together are no more than a run can number */
	cfg.machine.memcg2_pages = 500;
	cfg.machine.memcg_pages = sim_memory_max(t, &cfg);
	CU_ASSERT_EQUAL(sim_fits(t, &cfg, &err), 0);
	cfg.machine.memcg2_pages = 0;
	machine_set(&cfg.machine, "file_system", "squashfs", &err);
	CU_ASSERT_EQUAL(sim_memory_max(t, &cfg), 1);
	CU_ASSERT_EQUAL(sim_fits(t, &cfg, &err), -EINVAL);
	trace_free(t);
}

static void test_run_set(void)
{
	struct trace *t = tl_trace(text, NULL);
	struct run_spec spec = { .policies = "all",
				 .memory = "150,50%,400",
				 .ends_as = "recorded,mrelease" };
	struct run_set rs;
	struct err err = { "" };
	const guint policies = 17;

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL_FATAL(run_set_init(&rs, &spec, t, NULL, &err), 0);
	TL_EQ(rs.runs->len, 2 * 3 * policies, "runs");
	CU_ASSERT_EQUAL(run_set_execute(&rs, 2, NULL), 0);
	for (guint i = 0; i < rs.runs->len; i++) {
		const struct run *r = &g_array_index(rs.runs, struct run, i);

		TL_EQ(r->done, true, "run %u", i);
		TL_EQ(r->ret, 1, "run %u: %s", i, r->err.msg);
		TL_EQ(r->snapshots->len, 1, "run %u", i);
		TL_EQ(r->stat.v[VM_sim_accesses], 600, "run %u", i);
	}
	TL_STR(run_set_get(&rs, 1, 2, 3)->policy, "rfc+evict", "the second policy's second form");
	TL_EQ(run_set_get(&rs, 1, 2, 3)->cfg.machine.memcg_pages, 400, "the third size");
	TL_EQ(run_set_get(&rs, 1, 2, 3)->cfg.ends_as, OP_MRELEASE, "the second end");
	run_set_clear(&rs);
	trace_free(t);
}

static bool at_once(void *data)
{
	(void)data;
	return true;
}

static void test_run_set_refused(void)
{
	static const struct {
		struct run_spec spec;
		const char *says;
	} rows[] = {
		{ { 0 }, "no memory size" },
		{ { .kernel = "2.4" }, "unknown kernel" },
		{ { .lru = "fifo" }, "unknown LRU model" },
		{ { .ends_as = "exec" }, "unknown kind of exit" },
		{ { .policies = "v9" }, "unknown policy" },
		{ { .policies = "", .memory = "300" }, "empty list" },
		{ { .memory = "many" }, "memcg_pages is \"many\"" },
		{ { .machines = "missing.conf" }, "missing.conf" },
		{ { .machines = "" }, "empty list" },
	};
	struct trace *t = tl_trace(text, NULL);
	const struct lab_hooks stop = { .interrupted = at_once };
	struct run_spec spec = { .memory = "400" };
	struct err err = { "" };
	struct run_set rs;

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		TL_EQ(run_set_init(&rs, &rows[i].spec, t, NULL, &err), -EINVAL, "row %zu", i);
		TL_EQ(strstr(err.msg, rows[i].says) != NULL, true, "row %zu: \"%s\"", i, err.msg);
		run_set_clear(&rs);
	}
	/* interrupted: no run is done, but none has failed */
	CU_ASSERT_EQUAL_FATAL(run_set_init(&rs, &spec, t, NULL, &err), 0);
	CU_ASSERT_EQUAL(run_set_execute(&rs, 1, &stop), -EINTR);
	CU_ASSERT_FALSE(run_set_get(&rs, 0, 0, 0)->done);
	run_set_clear(&rs);
	trace_free(t);
}

void suite_config(void)
{
	CU_pSuite s = CU_add_suite("config", NULL, NULL);

	CU_add_test(s, "keys and values", test_set);
	CU_add_test(s, "the peak of a run without a limit", test_peak);
	CU_add_test(s, "no room for memory", test_memory_max);
	CU_add_test(s, "a set of runs", test_run_set);
	CU_add_test(s, "what is refused", test_run_set_refused);
}
