// SPDX-License-Identifier: GPL-2.0-only
/*
 * A shell forks; the child executes a program, which maps its file and the
 * library, touches the pages that every run of it touches and a few others, reads its
 * input, writes to its memory, and exits. With one job at a time each run is the only one to map
 * its program: then "exclusive" does not predict whether the next run, which starts at once,
 * needs the same pages.
 *
 * Wrong if programs write files (none does here) or differ in size.
 */
#include "traces/gen/jobs.h"

#include <glib.h>

enum {
	PROGRAMS,
	RUNS,
	JOBS,
	PROGRAM,
	LIB,
	START,
	STRAY,
	INPUTS,
	INPUT,
	COMMON,
	COMMON_SHARE,
	ANON,
	BIG_EVERY,
	BIG,
	DEATH,
	IGNORE,
	EVICT,
	OPTIN,
	THINK,
	MEMCG,
	NR_OPTIONS,
};

const struct option jobs_options[] = {
	[PROGRAMS] = { "programs", OPT_COUNT, "1",
		       "different programs; each run draws one at random", 1, 10000,
		       .assumed = true },
	[RUNS] = { "runs", OPT_COUNT, "400", "number of runs", 1, 10000000, .assumed = true },
	[JOBS] = { "jobs", OPT_COUNT, "1", "runs in parallel", 1, 1000 },
	[PROGRAM] = { "program_pages", OPT_COUNT, "8000", "size of a program's file", 1, 10000000,
		      .assumed = true },
	[LIB] = { "lib_pages", OPT_COUNT, "600",
		  "size of the library that all map, also the shell; 0: none", 0, 10000000,
		  .assumed = true },
	[START] = { "start_percent", OPT_REAL, "50", "percent of both that each run touches", 0,
		    100, .assumed = true },
	[STRAY] = { "stray_percent", OPT_REAL, "2", "more pages, different ones each time", 0, 100,
		    .assumed = true },
	[INPUTS] = { "inputs", OPT_COUNT, "400", "input files; each run reads one; 0: none", 0,
		     1000000, .assumed = true },
	[INPUT] = { "input_pages", OPT_COUNT, "8", "size of each", 1, 1000000, .assumed = true },
	[COMMON] = { "common_pages", OPT_COUNT, "4000",
		     "other files that runs read, like headers; 0: none", 0, 10000000,
		     .assumed = true },
	[COMMON_SHARE] = { "common_percent", OPT_REAL, "15",
			   "percent of them that each run reads; the first parts more often", 0,
			   100, .assumed = true },
	[ANON] = { "anon_pages", OPT_COUNT, "4000", "anonymous pages that a run writes", 0,
		   10000000, .assumed = true },
	[BIG_EVERY] = { "big_every", OPT_COUNT, "40",
			"runs between two visits of a neighbour; 0: none", 0, 10000000,
			.assumed = true },
	[BIG] = { "big_pages", OPT_COUNT, "12000", "pages that the neighbour reads", 1, 100000000,
		  .assumed = true },
	[DEATH] = { "death", OPT_CHOICE, "exit", "how a run ends", .choices = gen_death_kinds },
	[IGNORE] = { "ignore_access", OPT_CHOICE, "yes",
		     "pass the flag of policy \"flag\" to process_mrelease()",
		     .choices = gen_no_yes },
	[EVICT] = { "evict_file", OPT_CHOICE, "no", "pass the evict flag to process_mrelease()",
		    .choices = gen_no_yes },
	[OPTIN] = { "optin", OPT_CHOICE, "no", "the programs opt in, for policy \"prctl\"",
		    .choices = gen_no_yes },
	[THINK] = { "think_ms", OPT_COUNT, "0", "time between two starts", 0, 86400000,
		    .assumed = true },
	[MEMCG] = { "memcg_pages", OPT_COUNT, "16384", "memory limit; 0: left to the machine file",
		    0, UINT32_MAX, .assumed = true },
	[NR_OPTIONS] = { NULL },
};

#define PROGRAM_BASE 0x10000u
#define LIB_BASE     0x2000000u
#define ANON_BASE    0x4000000u
#define SHELL_PID    1
#define CHUNK	     16 /* pages of the common files that stand for one header */

struct jobs {
	const union option_value *v;
	struct gen_emit e;
	struct gen_rng rng;
	uint32_t lib_file, common_file, big_file;
	uint32_t *programs, *inputs;
	uint64_t seed; /* of the programs' start sets */
	uint32_t next_pid;
};

static uint32_t *files(struct jobs *c, const char *what, uint64_t nr, uint64_t pages)
{
	uint32_t *ids = g_new0(uint32_t, nr + 1);

	for (uint64_t i = 0; i < nr; i++) {
		g_autofree char *name = g_strdup_printf("%s%" G_GUINT64_FORMAT, what, i);

		ids[i] = gen_file(&c->e, name, pages);
	}
	return ids;
}

static void map_lib(struct jobs *c, uint32_t pid)
{
	const struct gen_set set = {
		.seed = c->seed,
		.percent = c->v[START].real,
		.stray = c->v[STRAY].real,
	};

	if (!c->v[LIB].n)
		return;
	gen_map_file(&c->e, pid, c->lib_file, LIB_BASE, c->v[LIB].n, VM_READ | VM_EXEC);
	gen_touch_set(&c->e, &c->rng, pid, LIB_BASE, (uint32_t)c->v[LIB].n, &set, false);
}

/* Read parts of the common files; nearly every run reads the first parts */
static void read_common(struct jobs *c, uint32_t pid)
{
	const uint32_t nr = (uint32_t)((c->v[COMMON].n + CHUNK - 1) / CHUNK);
	const double share = c->v[COMMON_SHARE].real;

	for (uint32_t i = 0; i < nr; i++) {
		/* twice the mean at the start, nothing at the end */
		double percent = 2 * share * (nr - i) / (nr + 1);

		if (gen_chance(&c->rng, percent))
			gen_read(&c->e, pid, c->common_file, i * CHUNK,
				 MIN(CHUNK, c->v[COMMON].n - i * CHUNK));
	}
}

static uint32_t start(struct jobs *c)
{
	const union option_value *v = c->v;
	const uint32_t program = gen_rng_below(&c->rng, (uint32_t)v[PROGRAMS].n);
	const struct gen_set set = {
		.seed = c->seed + 1 + program,
		.percent = v[START].real,
		.stray = v[STRAY].real,
	};
	uint32_t pid = c->next_pid++;

	gen_op(&c->e, &(struct op){ .code = OP_FORK, .pid = SHELL_PID, .child = pid });
	gen_op(&c->e, &(struct op){ .code = OP_EXEC, .pid = pid });
	if (v[OPTIN].choice)
		gen_optin(&c->e, pid);
	gen_map_file(&c->e, pid, c->programs[program], PROGRAM_BASE, v[PROGRAM].n,
		     VM_READ | VM_EXEC);
	map_lib(c, pid);
	gen_touch_set(&c->e, &c->rng, pid, PROGRAM_BASE, (uint32_t)v[PROGRAM].n, &set, false);
	if (v[INPUTS].n)
		gen_read(&c->e, pid, c->inputs[gen_rng_below(&c->rng, (uint32_t)v[INPUTS].n)], 0,
			 v[INPUT].n);
	read_common(c, pid);
	if (v[ANON].n) {
		gen_map_anon(&c->e, pid, ANON_BASE, v[ANON].n);
		gen_touch(&c->e, pid, ANON_BASE, v[ANON].n, true);
	}
	gen_advance_ms(&c->e, v[THINK].n);
	return pid;
}

static void neighbour(struct jobs *c)
{
	uint32_t pid = c->next_pid++;

	gen_spawn(&c->e, pid, 0);
	for (uint64_t at = 0; at < c->v[BIG].n; at += 32)
		gen_read(&c->e, pid, c->big_file, (uint32_t)at, MIN(32, c->v[BIG].n - at));
	gen_die(&c->e, pid, GEN_EXIT, 0);
}

int jobs_generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	const union option_value *v = a->v;
	const uint32_t flags = (v[IGNORE].choice ? MRELEASE_IGNORE_ACCESS : 0) |
			       (v[EVICT].choice ? MRELEASE_EVICT_FILE : 0);
	struct jobs c = { .v = v, .e = { .b = b, .err = err }, .next_pid = SHELL_PID + 1 };
	g_autoptr(GArray) running = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	gen_rng_init(&c.rng, a->seed);
	c.seed = gen_rng_next(&c.rng);
	gen_memcg(&c.e, v[MEMCG].n);
	if (v[LIB].n)
		c.lib_file = gen_file(&c.e, "library", v[LIB].n);
	if (v[COMMON].n)
		c.common_file = gen_file(&c.e, "common", v[COMMON].n);
	if (v[BIG_EVERY].n)
		c.big_file = gen_file(&c.e, "big", v[BIG].n);
	c.programs = files(&c, "program", v[PROGRAMS].n, v[PROGRAM].n);
	c.inputs = files(&c, "input", v[INPUTS].n, v[INPUT].n);
	gen_spawn(&c.e, SHELL_PID, 0);
	map_lib(&c, SHELL_PID);
	for (uint64_t run = 1; run <= v[RUNS].n && !c.e.ret; run++) {
		uint32_t pid;

		/* the oldest finishes first */
		if (running->len == v[JOBS].n) {
			gen_die(&c.e, g_array_index(running, uint32_t, 0), v[DEATH].choice, flags);
			g_array_remove_index(running, 0);
		}
		pid = start(&c);
		g_array_append_val(running, pid);
		if (v[BIG_EVERY].n && run % v[BIG_EVERY].n == 0) {
			neighbour(&c);
			gen_mark(&c.e, "run%" G_GUINT64_FORMAT, run);
		}
		if (a->progress)
			a->progress(a->progress_data, (double)run / (double)v[RUNS].n);
	}
	for (guint i = 0; i < running->len; i++)
		gen_die(&c.e, g_array_index(running, uint32_t, i), v[DEATH].choice, flags);
	gen_mark(&c.e, "end");
	g_free(c.programs);
	g_free(c.inputs);
	return c.e.ret;
}
