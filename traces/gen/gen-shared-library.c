// SPDX-License-Identifier: GPL-2.0-only
/*
 * shared-library: M processes map one library, and each maps its own file.
 * In each round some die and are replaced while the others live on; in between
 * a neighbour streams through memory. A page that a survivor maps is not
 * exclusive to the victim: policies must keep marking it.
 */
#include <glib.h>

#include "traces/gen/gen.h"

enum { PROCS, DYING, ROUNDS, LIB, OWN, STAY, BIG, DEATH, IGNORE, EVICT, OPTIN, MEMCG };

static const struct option options[] = {
	[PROCS] = { "processes", OPT_COUNT, "8", "processes that map the library", 1, 10000 },
	[DYING] = { "dying", OPT_COUNT, "4", "processes that die per round", 0, 10000 },
	[ROUNDS] = { "rounds", OPT_COUNT, "4", "rounds", 1, 1000000 },
	[LIB] = { "lib_pages", OPT_COUNT, "4096", "size of the library", 1, 10000000 },
	[OWN] = { "own_pages", OPT_COUNT, "512", "size of each process's own file; 0: none", 0,
		  1000000 },
	[STAY] = { "stay_touches", OPT_COUNT, "256",
		   "random library pages that a survivor touches per round", 0, 1000000,
		   .assumed = true },
	[BIG] = { "big_pages", OPT_COUNT, "8000",
		  "pages of the neighbour's stream in each round; 0: none", 0, 100000000 },
	[DEATH] = { "death", OPT_CHOICE, "mrelease", "how a process ends",
		    .choices = gen_death_kinds },
	[IGNORE] = { "ignore_access", OPT_CHOICE, "yes",
		     "pass the flag of policy \"flag\" to process_mrelease()",
		     .choices = gen_no_yes },
	[EVICT] = { "evict_file", OPT_CHOICE, "no", "pass the evict flag to process_mrelease()",
		    .choices = gen_no_yes },
	[OPTIN] = { "optin", OPT_CHOICE, "yes", "the processes opt in, for policy \"prctl\"",
		    .choices = gen_no_yes },
	[MEMCG] = { "memcg_pages", OPT_COUNT, "12288", "memory limit; 0: left to the machine file",
		    0, UINT32_MAX },
	{ NULL },
};

#define LIB_BASE 0x10000u
#define OWN_BASE 0x2000000u

struct group {
	const struct gen_args *a;
	struct gen_emit e;
	uint32_t lib_file, next_pid;
	uint32_t *pids, *files;
};

static void start(struct group *g, uint32_t i)
{
	const union option_value *v = g->a->v;
	uint32_t pid = g->next_pid++;

	g->pids[i] = pid;
	gen_spawn(&g->e, pid, 0);
	if (v[OPTIN].choice)
		gen_optin(&g->e, pid);
	gen_map_file(&g->e, pid, g->lib_file, LIB_BASE, v[LIB].n, VM_READ | VM_EXEC);
	gen_touch(&g->e, pid, LIB_BASE, v[LIB].n, false);
	if (v[OWN].n) {
		gen_map_file(&g->e, pid, g->files[i], OWN_BASE, v[OWN].n, VM_READ);
		gen_touch(&g->e, pid, OWN_BASE, v[OWN].n, false);
	}
}

static void one_round(struct group *g, struct gen_rng *rng, uint32_t big_file, uint64_t round)
{
	const union option_value *v = g->a->v;
	const uint32_t nr = (uint32_t)v[PROCS].n, dying = (uint32_t)MIN(v[DYING].n, nr);
	const uint32_t flags = (v[IGNORE].choice ? MRELEASE_IGNORE_ACCESS : 0) |
			       (v[EVICT].choice ? MRELEASE_EVICT_FILE : 0);
	const uint32_t streamer = g->next_pid++;

	/* the first ones die, so that the others live through all rounds */
	for (uint32_t i = 0; i < dying; i++)
		gen_die(&g->e, g->pids[i], v[DEATH].choice, flags);
	gen_mark(&g->e, "dead%" G_GUINT64_FORMAT, round);
	if (v[BIG].n) {
		gen_spawn(&g->e, streamer, 0);
		for (uint64_t at = 0; at < v[BIG].n; at += 32)
			gen_read(&g->e, streamer, big_file, (uint32_t)at, MIN(32, v[BIG].n - at));
		gen_die(&g->e, streamer, GEN_EXIT, 0);
	}
	for (uint32_t i = dying; i < nr; i++)
		for (uint64_t n = 0; n < v[STAY].n; n++)
			gen_touch(&g->e, g->pids[i],
				  LIB_BASE + gen_rng_below(rng, (uint32_t)v[LIB].n), 1, false);
	for (uint32_t i = 0; i < dying; i++)
		start(g, i);
	gen_mark(&g->e, "round%" G_GUINT64_FORMAT, round);
}

static int generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	struct group g = { .a = a, .e = { .b = b, .err = err }, .next_pid = 1 };
	const uint32_t nr = (uint32_t)a->v[PROCS].n;
	struct gen_rng rng;
	uint32_t big_file = 0;

	gen_rng_init(&rng, a->seed);
	g.pids = g_new0(uint32_t, nr);
	g.files = g_new0(uint32_t, nr);
	gen_memcg(&g.e, a->v[MEMCG].n);
	g.lib_file = gen_file(&g.e, "library", a->v[LIB].n);
	if (a->v[BIG].n)
		big_file = gen_file(&g.e, "big", a->v[BIG].n);
	for (uint32_t i = 0; a->v[OWN].n && i < nr; i++) {
		char *name = g_strdup_printf("own%u", i);

		g.files[i] = gen_file(&g.e, name, a->v[OWN].n);
		g_free(name);
	}
	for (uint32_t i = 0; i < nr; i++)
		start(&g, i);
	gen_mark(&g.e, "start");
	for (uint64_t round = 1; round <= a->v[ROUNDS].n && !g.e.ret; round++)
		one_round(&g, &rng, big_file, round);
	for (uint32_t i = 0; i < nr; i++)
		gen_die(&g.e, g.pids[i], GEN_EXIT, 0);
	g_free(g.pids);
	g_free(g.files);
	return g.e.ret;
}

const struct trace_generator gen_shared_library = {
	.name = "shared-library",
	.summary = "processes share a library; some die and return, others stay",
	.options = options,
	.generate = generate,
};
