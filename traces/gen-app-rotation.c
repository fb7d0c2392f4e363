// SPDX-License-Identifier: GPL-2.0-only
/*
 * app-rotation: a phone. N apps take turns in the foreground; an app that is
 * still cached resumes, one that was killed starts cold. When more than
 * cached_limit apps are alive, the least recently used one is killed. An app
 * maps one file of its own and the library set that all apps share, and has
 * anonymous memory.
 *
 * What a cold start touches is not published; it is a fixed random set of
 * 16-page extents per app here, the same at each start (start_percent), plus
 * some that differ (stray_percent).
 */
#include <glib.h>

#include "traces/gen.h"

enum {
	APPS,
	ROUNDS,
	CACHED,
	FILE_PAGES,
	EXCLUSIVE,
	ANON,
	START,
	STRAY,
	RESUME,
	ORDER,
	DEATH,
	IGNORE,
	EVICT,
	OPTIN,
	GAP,
	CPUS,
	MEMCG,
};
enum { CYCLE, RANDOM, ZIPF };

static const struct gen_option options[] = {
	[APPS] = { "apps", GEN_COUNT, "30", "number of apps", 1, 10000 },
	[ROUNDS] = { "rounds", GEN_COUNT, "10", "each brings as many launches as there are apps", 1,
		     100000, .assumed = true },
	[CACHED] = { "cached_limit", GEN_COUNT, "8", "apps kept alive", 1, 10000, .assumed = true },
	[FILE_PAGES] = { "file_pages", GEN_COUNT, "24000",
			 "mapped file pages an app; dumps show 15k to 39k", 1, 10000000 },
	[EXCLUSIVE] = { "exclusive_percent", GEN_REAL, "11",
			"share of them that no other app maps; dumps show 1.2 to 21.5", 0, 100 },
	[ANON] = { "anon_pages", GEN_COUNT, "25000", "anonymous pages an app; dumps show 9k to 64k",
		   0, 10000000 },
	[START] = { "start_percent", GEN_REAL, "40", "file pages that every cold start touches", 0,
		    100, .assumed = true },
	[STRAY] = { "stray_percent", GEN_REAL, "2", "further file pages, others each time", 0, 100,
		    .assumed = true },
	[RESUME] = { "resume_percent", GEN_REAL, "10",
		     "part of that set which a resume touches again", 0, 100, .assumed = true },
	[ORDER] = { "order", GEN_KIND, "cycle", "who comes next; zipf: some apps are favourites",
		    .kinds = (const char *const[]){ "cycle", "random", "zipf", NULL } },
	[DEATH] = { "death", GEN_KIND, "mrelease", "how an app over the limit ends",
		    .kinds = gen_death_kinds },
	[IGNORE] = { "ignore_access", GEN_KIND, "yes",
		     "process_mrelease() is given the flag of policy \"flag\"",
		     .kinds = gen_no_yes },
	[EVICT] = { "evict_file", GEN_KIND, "no", "process_mrelease() is given the evict flag",
		    .kinds = gen_no_yes },
	[OPTIN] = { "optin_percent", GEN_REAL, "100",
		    "share of apps that opt in, for policy \"prctl\"", 0, 100, .assumed = true },
	[GAP] = { "gap_ms", GEN_COUNT, "0", "time between two launches", 0, 86400000,
		  .assumed = true },
	[CPUS] = { "cpus", GEN_COUNT, "1", "apps are spread over so many CPUs", 1, 8 },
	[MEMCG] = { "memcg_pages", GEN_COUNT, "262144", "memory limit; 0: left to the machine file",
		    0, UINT32_MAX, .assumed = true },
	{ NULL },
};

#define EXTENT	  16u
#define OWN_BASE  0x100000u
#define LIB_BASE  0x2000000u
#define ANON_BASE 0x4000000u

struct app {
	uint32_t file;	   /* its own */
	uint32_t pid;	   /* 0: not running */
	uint64_t last_use; /* ordinal of the launch */
	uint64_t seed;	   /* of its start set */
	bool optin;
};

struct rotation {
	const struct gen_args *a;
	struct gen_emit e;
	struct gen_rng rng;
	uint32_t own_pages, lib_pages, lib_file;
	uint32_t next_pid, nr_alive;
};

/* True for the given share of draws. */
static bool chance(struct gen_rng *r, double percent)
{
	return (double)(gen_rng_next(r) >> 11) * 0x1p-53 * 100 < percent;
}

/* Touch the start set of a region (the same for the same @seed), as few ops. */
static void touch_set(struct rotation *c, uint32_t pid, uint32_t base, uint32_t pages,
		      uint64_t seed, bool resume)
{
	const union gen_value *v = c->a->v;
	uint32_t from = 0, len = 0;
	struct gen_rng set;

	gen_rng_init(&set, seed);
	for (uint32_t at = 0; at < pages; at += EXTENT) {
		bool hit = chance(&set, v[START].real);

		if (resume)
			hit = hit && chance(&c->rng, v[RESUME].real);
		else
			hit = chance(&c->rng, v[STRAY].real) || hit;
		if (hit) {
			if (!len)
				from = at;
			len = MIN(at + EXTENT, pages) - from;
		} else if (len) {
			gen_touch(&c->e, pid, base + from, len, false);
			len = 0;
		}
	}
	gen_touch(&c->e, pid, base + from, len, false);
}

static void start(struct rotation *c, struct app *app)
{
	const union gen_value *v = c->a->v;
	uint32_t pid = c->next_pid++;

	app->pid = pid;
	c->nr_alive++;
	gen_spawn(&c->e, pid, pid % (uint32_t)v[CPUS].n);
	if (app->optin)
		gen_optin(&c->e, pid);
	if (c->own_pages)
		gen_map_file(&c->e, pid, app->file, OWN_BASE, c->own_pages, VM_READ | VM_EXEC);
	if (c->lib_pages)
		gen_map_file(&c->e, pid, c->lib_file, LIB_BASE, c->lib_pages, VM_READ | VM_EXEC);
	if (v[ANON].n) {
		gen_map_anon(&c->e, pid, ANON_BASE, v[ANON].n);
		gen_touch(&c->e, pid, ANON_BASE, v[ANON].n, true);
	}
}

static void kill_lru(struct rotation *c, struct app *apps)
{
	const union gen_value *v = c->a->v;
	const uint32_t flags = (v[IGNORE].kind ? MRELEASE_IGNORE_ACCESS : 0) |
			       (v[EVICT].kind ? MRELEASE_EVICT_FILE : 0);
	struct app *victim = NULL;

	for (uint64_t i = 0; i < v[APPS].n; i++)
		if (apps[i].pid && (!victim || apps[i].last_use < victim->last_use))
			victim = &apps[i];
	gen_die(&c->e, victim->pid, v[DEATH].kind, flags);
	victim->pid = 0;
	c->nr_alive--;
}

static void launch(struct rotation *c, struct app *apps, struct app *app, uint64_t ordinal)
{
	bool resume = app->pid != 0;

	app->last_use = ordinal;
	if (!resume)
		start(c, app);
	/* the killer frees room while the newcomer still starts */
	if (c->nr_alive > c->a->v[CACHED].n)
		kill_lru(c, apps);
	touch_set(c, app->pid, OWN_BASE, c->own_pages, app->seed, resume);
	touch_set(c, app->pid, LIB_BASE, c->lib_pages, app->seed + 1, resume);
	gen_advance_ms(&c->e, c->a->v[GAP].n);
}

static int generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	struct rotation c = { .a = a, .e = { .b = b, .err = err }, .next_pid = 1 };
	const uint32_t nr = (uint32_t)a->v[APPS].n;
	struct app *apps = g_new0(struct app, nr);
	struct gen_zipf zipf;
	uint64_t ordinal = 1;
	int ret = gen_zipf_init(&zipf, nr, 0.9, err);

	if (ret)
		goto out;
	gen_rng_init(&c.rng, a->seed);
	c.own_pages = (uint32_t)((double)a->v[FILE_PAGES].n * a->v[EXCLUSIVE].real / 100 + 0.5);
	c.lib_pages = (uint32_t)a->v[FILE_PAGES].n - c.own_pages;
	gen_memcg(&c.e, a->v[MEMCG].n);
	if (c.lib_pages)
		c.lib_file = gen_file(&c.e, "libraries", c.lib_pages);
	for (uint32_t i = 0; i < nr; i++) {
		char *name = g_strdup_printf("app%u", i);

		if (c.own_pages)
			apps[i].file = gen_file(&c.e, name, c.own_pages);
		apps[i].seed = gen_rng_next(&c.rng);
		apps[i].optin = chance(&c.rng, a->v[OPTIN].real);
		g_free(name);
	}
	for (uint64_t round = 1; round <= a->v[ROUNDS].n && !c.e.ret; round++) {
		for (uint32_t i = 0; i < nr; i++) {
			uint32_t who = i;

			if (a->v[ORDER].kind == RANDOM)
				who = gen_rng_below(&c.rng, nr);
			else if (a->v[ORDER].kind == ZIPF)
				who = gen_zipf_at(&zipf, gen_rng_next(&c.rng));
			launch(&c, apps, &apps[who], ordinal++);
		}
		gen_mark(&c.e, "round%" G_GUINT64_FORMAT, round);
		if (a->progress)
			a->progress(a->progress_data, (double)round / (double)a->v[ROUNDS].n);
	}
	ret = c.e.ret;
	gen_zipf_release(&zipf);
out:
	g_free(apps);
	return ret;
}

const struct trace_generator gen_app_rotation = {
	.name = "app-rotation",
	.summary = "a phone: apps take turns, the least recently used ones are killed",
	.options = options,
	.generate = generate,
};
