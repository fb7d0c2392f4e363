// SPDX-License-Identifier: GPL-2.0-only
/*
 * N apps take turns in the foreground; an app that is still cached resumes, one
 * that was killed starts cold. When more than cached_limit apps are alive, the
 * least recently used one is killed. An app maps one file of its own and the
 * library set that all apps share, and has anonymous memory.
 *
 * No published data says what a cold start touches. Here it is a fixed random set of 16-page
 * extents per app, the same at each start (start_percent), plus some extents that differ
 * (stray_percent). All of an app's anonymous memory is written
 * when it starts. Wrong if an app's use drifts from start to start, or if its library pages are
 * less random than this.
 *
 * With order=ageing and return_percent below 100, app0 does not always come back: otherwise
 * another app, which never ran before, takes its place.
 *
 * With kills=none the machine's killer ends apps (a timed run): then cached_limit has no effect,
 * each app starts once, and every later launch is a resume.
 */
#include "traces/gen/apps.h"

#include <errno.h>

#include <glib.h>

/* indices of apps_options[] */
enum {
	A_APPS,
	A_ROUNDS,
	A_CACHED,
	A_FILE,
	A_EXCLUSIVE,
	A_ANON,
	A_START,
	A_STRAY,
	A_RESUME,
	A_ANON_RESUME,
	A_ORDER,
	A_KILLS,
	A_DEATH,
	A_IGNORE,
	A_EVICT,
	A_OPTIN,
	A_PIDS,
	A_GAP,
	A_SYSTEM,
	A_SYSTEM_USE,
	A_AGE,
	A_AWAY_MIN,
	A_AWAY_MAX,
	A_RETURN,
	A_BURST_EVERY,
	A_BURST,
	A_BURST_KILLS_MIN,
	A_BURST_KILLS_MAX,
	A_CPUS,
	A_MEMCG,
	A_MEMORY,
	A_SWAP,
	A_PREFAULT,
	NR_OPTIONS,
};
enum { CYCLE, RANDOM, ZIPF, AGEING };
enum { SCRIPTED, NONE };
enum { NEW_PIDS, SAME_PIDS };

const struct option apps_options[] = {
	[A_APPS] = { "apps", OPT_COUNT, "30", "number of apps", 1, 10000 },
	[A_ROUNDS] = { "rounds", OPT_COUNT, "10", "each round has one launch per app", 1, 100000,
		       .assumed = true },
	[A_CACHED] = { "cached_limit", OPT_COUNT, "8", "apps kept alive", 1, 10000,
		       .assumed = true },
	[A_FILE] = { "file_pages", OPT_COUNT, "24000",
		     "mapped file pages per app; dumps show 15k to 39k", 1, 10000000 },
	[A_EXCLUSIVE] = { "exclusive_percent", OPT_REAL, "11",
			  "share of them that no other app maps; dumps show 1.2 to 21.5", 0, 100 },
	[A_ANON] = { "anon_pages", OPT_COUNT, "25000",
		     "anonymous pages per app; dumps show 9k to 64k", 0, 10000000 },
	[A_START] = { "start_percent", OPT_REAL, "40", "file pages that every cold start touches",
		      0, 100, .assumed = true },
	[A_STRAY] = { "stray_percent", OPT_REAL, "2", "more file pages, different ones each time",
		      0, 100, .assumed = true },
	[A_RESUME] = { "resume_percent", OPT_REAL, "10",
		       "share of these pages that a resume touches again", 0, 100,
		       .assumed = true },
	[A_ANON_RESUME] = { "anon_resume_percent", OPT_REAL, "0",
			    "share of the anonymous pages that a resume touches", 0, 100,
			    .assumed = true },
	[A_ORDER] = { "order", OPT_CHOICE, "cycle",
		      "next app; zipf: some are favourites; ageing: app0 is killed "
		      "at an age and stays away for a while, once per round",
		      .choices =
			      (const char *const[]){ "cycle", "random", "zipf", "ageing", NULL } },
	[A_KILLS] = { "kills", OPT_CHOICE, "scripted",
		      "none: the machine's killer kills apps, not the trace",
		      .choices = (const char *const[]){ "scripted", "none", NULL } },
	[A_DEATH] = { "death", OPT_CHOICE, "mrelease", "how an app over the limit ends",
		      .choices = gen_death_kinds },
	[A_IGNORE] = { "ignore_access", OPT_CHOICE, "yes",
		       "pass the flag of policy \"flag\" to process_mrelease()",
		       .choices = gen_no_yes },
	[A_EVICT] = { "evict_file", OPT_CHOICE, "no", "pass the evict flag to process_mrelease()",
		      .choices = gen_no_yes },
	[A_OPTIN] = { "optin_percent", OPT_REAL, "100",
		      "share of apps that opt in, for policy \"prctl\"", 0, 100, .assumed = true },
	[A_PIDS] = { "pids", OPT_CHOICE, "new",
		     "a restarted app has a new pid, or the same: a timed run then sees "
		     "one process that restarts",
		     .choices = (const char *const[]){ "new", "same", NULL } },
	[A_GAP] = { "gap_ms", OPT_COUNT, "0", "time between two launches", 0, 86400000,
		    .assumed = true },
	[A_SYSTEM] = { "system_pages", OPT_COUNT, "0",
		       "anonymous pages of processes that are never killed", 0, 100000000,
		       .assumed = true },
	[A_SYSTEM_USE] = { "system_percent", OPT_REAL, "2",
			   "share of them touched between two launches", 0, 100, .assumed = true },
	[A_AGE] = { "age_min", OPT_CHOICE, "all",
		    "with order=ageing: minutes in the background; all: each in turn",
		    .choices = (const char *const[]){ "0", "1", "5", "15", "all", NULL } },
	[A_AWAY_MIN] = { "away_min_s", OPT_COUNT, "1",
			 "with order=ageing: shortest time until it returns", 1, 1000000,
			 .assumed = true },
	[A_AWAY_MAX] = { "away_max_s", OPT_COUNT, "3600", "longest time; uniform in the logarithm",
			 1, 1000000, .assumed = true },
	[A_RETURN] = { "return_percent", OPT_REAL, "100",
		       "with order=ageing: chance that it returns; otherwise another app takes its "
		       "place",
		       0, 100, .assumed = true },
	[A_BURST_EVERY] = { "burst_every", OPT_COUNT, "0",
			    "launches between two large allocations; 0: none", 0, 1000000,
			    .assumed = true },
	[A_BURST] = { "burst_pages", OPT_COUNT, "262144", "anonymous pages of each allocation", 1,
		      10000000, .assumed = true },
	[A_BURST_KILLS_MIN] = { "burst_kills_min", OPT_COUNT, "3",
				"fewest apps killed by one allocation", 0, 10000, .assumed = true },
	[A_BURST_KILLS_MAX] = { "burst_kills_max", OPT_COUNT, "10",
				"most apps killed by one allocation", 0, 10000, .assumed = true },
	[A_CPUS] = { "cpus", OPT_COUNT, "1", "CPUs that the apps are spread over", 1, 8 },
	[A_MEMCG] = { "memcg_pages", OPT_COUNT, "262144",
		      "memory limit; 0: left to the machine file", 0, UINT32_MAX, .assumed = true },
	[A_MEMORY] = { "memory_pages", OPT_COUNT, "0",
		       "memory of the machine if memcg_pages is 0; 0: left to the machine file", 0,
		       UINT32_MAX, .assumed = true },
	[A_SWAP] = { "swap_pages", OPT_COUNT, "0", "zram; 0: left to the machine file", 0,
		     UINT32_MAX, .assumed = true },
	[A_PREFAULT] = { "prefault", OPT_CHOICE, "machine",
			 "PTEs set by fault-around; machine: left to the machine file",
			 .choices = (const char *const[]){ "machine", "young", "old", NULL } },
	[NR_OPTIONS] = { NULL },
};

/* away_min_s is the larger of the two */
const struct gen_return apps_return = {
	.delay = "away_min_s",
	.percent = "return_percent",
	.also = "away_max_s=1",
};

#define OWN_BASE  0x100000u
#define LIB_BASE  0x2000000u
#define ANON_BASE 0x4000000u
/* above the pids of all apps */
#define SYSTEM_PID TRACE_SYSTEM_PID
#define BURST_PID  0x7000001u

struct app {
	uint32_t file;	   /* its own file */
	uint32_t same_pid; /* its pid with pids=same */
	uint32_t pid;	   /* 0: not running */
	uint64_t last_use; /* ordinal of the launch */
	uint64_t seed;	   /* of its start set */
	bool optin;
};

struct apps {
	const union option_value *v; /* of apps_options[] */
	struct gen_emit e;
	struct gen_rng rng, returns; /* separate: draws of returns do not change others */
	struct gen_zipf zipf;
	uint32_t nr;
	struct app *apps;
	uint32_t own_pages, lib_pages, lib_file;
	uint32_t next_pid, nr_alive;
	uint64_t nr_launches;
};

static void machine_rows(struct apps *c)
{
	const union option_value *v = c->v;

	gen_memcg(&c->e, v[A_MEMCG].n);
	if (!v[A_MEMCG].n && v[A_MEMORY].n)
		gen_machine(&c->e, "memory_pages", v[A_MEMORY].n);
	if (v[A_SWAP].n)
		gen_machine(&c->e, "swap_pages", v[A_SWAP].n);
	if (v[A_PREFAULT].choice)
		trace_build_machine(c->e.b, "prefault",
				    apps_options[A_PREFAULT].choices[v[A_PREFAULT].choice]);
	if (v[A_CPUS].n > 1)
		gen_machine(&c->e, "cpus", v[A_CPUS].n);
}

/* Touch part of an anonymous mapping, its extents drawn anew */
static void touch_some(struct apps *c, uint32_t pid, uint64_t pages, double percent)
{
	const struct gen_set set = { .percent = 100, .again = percent, .resume = true };

	if (pages && percent > 0)
		gen_touch_set(&c->e, &c->rng, pid, ANON_BASE, (uint32_t)pages, &set, true);
}

/* Files, the system's own memory, machine rows; no app runs yet */
static void set_up(struct apps *c)
{
	c->own_pages = (uint32_t)((double)c->v[A_FILE].n * c->v[A_EXCLUSIVE].real / 100 + 0.5);
	c->lib_pages = (uint32_t)c->v[A_FILE].n - c->own_pages;
	machine_rows(c);
	if (c->lib_pages)
		c->lib_file = gen_file(&c->e, "libraries", c->lib_pages);
	for (uint32_t i = 0; i < c->nr; i++) {
		g_autofree char *name = g_strdup_printf("app%u", i);

		if (c->own_pages)
			c->apps[i].file = gen_file(&c->e, name, c->own_pages);
		c->apps[i].same_pid = i + 1;
		c->apps[i].seed = gen_rng_next(&c->rng);
		c->apps[i].optin = gen_chance(&c->rng, c->v[A_OPTIN].real);
	}
	if (c->v[A_SYSTEM].n) {
		gen_spawn(&c->e, SYSTEM_PID, 0);
		gen_map_anon(&c->e, SYSTEM_PID, ANON_BASE, c->v[A_SYSTEM].n);
		gen_touch(&c->e, SYSTEM_PID, ANON_BASE, c->v[A_SYSTEM].n, true);
	}
}

static void start(struct apps *c, struct app *app)
{
	const union option_value *v = c->v;
	const bool same = v[A_PIDS].choice == SAME_PIDS;
	uint32_t pid = same ? app->same_pid : c->next_pid++;

	app->pid = pid;
	c->nr_alive++;
	gen_spawn(&c->e, pid, pid % (uint32_t)v[A_CPUS].n);
	if (app->optin)
		gen_optin(&c->e, pid);
	if (c->own_pages)
		gen_map_file(&c->e, pid, app->file, OWN_BASE, c->own_pages, VM_READ | VM_EXEC);
	if (c->lib_pages)
		gen_map_file(&c->e, pid, c->lib_file, LIB_BASE, c->lib_pages, VM_READ | VM_EXEC);
	if (v[A_ANON].n) {
		gen_map_anon(&c->e, pid, ANON_BASE, v[A_ANON].n);
		gen_touch(&c->e, pid, ANON_BASE, v[A_ANON].n, true);
	}
}

static void kill_app(struct apps *c, struct app *app)
{
	const uint32_t flags = (c->v[A_IGNORE].choice ? MRELEASE_IGNORE_ACCESS : 0) |
			       (c->v[A_EVICT].choice ? MRELEASE_EVICT_FILE : 0);

	if (c->v[A_KILLS].choice == NONE)
		return;
	gen_die(&c->e, app->pid, c->v[A_DEATH].choice, flags);
	app->pid = 0;
	c->nr_alive--;
}

static struct app *least_recent(struct apps *c)
{
	const bool ageing = c->v[A_ORDER].choice == AGEING; /* then app 0 is killed by age */
	struct app *victim = NULL;

	for (uint32_t i = ageing; i < c->nr; i++)
		if (c->apps[i].pid && (!victim || c->apps[i].last_use < victim->last_use))
			victim = &c->apps[i];
	return victim;
}

/* One large allocation: after half of it, apps are killed to make room for the rest */
static void burst(struct apps *c)
{
	const uint64_t pages = c->v[A_BURST].n, half = (pages + 1) / 2;
	const uint32_t min = (uint32_t)c->v[A_BURST_KILLS_MIN].n;
	const uint32_t max = MAX((uint32_t)c->v[A_BURST_KILLS_MAX].n, min);
	uint32_t kills = min + gen_rng_below(&c->rng, max - min + 1);
	struct app *victim;

	gen_spawn(&c->e, BURST_PID, 0);
	gen_map_anon(&c->e, BURST_PID, ANON_BASE, pages);
	gen_touch(&c->e, BURST_PID, ANON_BASE, half, true);
	while (c->v[A_KILLS].choice == SCRIPTED && kills-- && (victim = least_recent(c)))
		kill_app(c, victim);
	gen_touch(&c->e, BURST_PID, ANON_BASE + (uint32_t)half, pages - half, true);
	gen_advance_ms(&c->e, c->v[A_GAP].n);
	gen_die(&c->e, BURST_PID, GEN_EXIT, 0);
	gen_mark(&c->e, "burst%" G_GUINT64_FORMAT, c->nr_launches / c->v[A_BURST_EVERY].n);
}

static void launch(struct apps *c, uint32_t i)
{
	const union option_value *v = c->v;
	struct app *app = &c->apps[i];
	struct gen_set set = {
		.seed = app->seed,
		.percent = v[A_START].real,
		.stray = v[A_STRAY].real,
		.again = v[A_RESUME].real,
		.resume = app->pid != 0,
	};

	app->last_use = ++c->nr_launches;
	if (!set.resume)
		start(c, app);
	/* the kill happens while the new app is still starting */
	if (c->nr_alive > v[A_CACHED].n)
		kill_app(c, least_recent(c));
	gen_touch_set(&c->e, &c->rng, app->pid, OWN_BASE, c->own_pages, &set, false);
	set.seed++;
	gen_touch_set(&c->e, &c->rng, app->pid, LIB_BASE, c->lib_pages, &set, false);
	if (set.resume)
		touch_some(c, app->pid, v[A_ANON].n, v[A_ANON_RESUME].real);
	gen_advance_ms(&c->e, v[A_GAP].n);
	touch_some(c, SYSTEM_PID, v[A_SYSTEM].n, v[A_SYSTEM_USE].real);
	if (v[A_BURST_EVERY].n && c->nr_launches % v[A_BURST_EVERY].n == 0)
		burst(c);
}

static uint32_t next_app(struct apps *c, uint32_t turn)
{
	if (c->v[A_ORDER].choice == RANDOM)
		return gen_rng_below(&c->rng, c->nr);
	if (c->v[A_ORDER].choice == ZIPF)
		return gen_zipf_at(&c->zipf, gen_rng_next(&c->rng));
	return turn;
}

/* The other apps take turns for @ms */
static void others(struct apps *c, double ms)
{
	for (; c->nr > 1 && ms > 0 && !c->e.ret; ms -= (double)c->v[A_GAP].n)
		launch(c, 1 + (uint32_t)(c->nr_launches % (c->nr - 1)));
}

/* Another app, which never ran before, replaces app 0 */
static void replace(struct apps *c, uint64_t round)
{
	g_autofree char *name = g_strdup_printf("new%" G_GUINT64_FORMAT, round);

	if (c->own_pages)
		c->apps[0].file = gen_file(&c->e, name, c->own_pages);
	c->apps[0].seed = gen_rng_next(&c->returns);
	c->apps[0].same_pid = c->nr + 1 + (uint32_t)round;
}

static void age_and_die(struct apps *c, uint64_t round)
{
	static const uint32_t minutes[] = { 0, 1, 5, 15 };
	const uint32_t kind = c->v[A_AGE].choice;
	const double min = (double)c->v[A_AWAY_MIN].n, max = (double)c->v[A_AWAY_MAX].n;
	const uint32_t age = minutes[kind < 4 ? kind : (round - 1) % 4];

	if (!gen_chance(&c->returns, c->v[A_RETURN].real))
		replace(c, round);
	launch(c, 0);
	others(c, age * 60e3);
	gen_mark(&c->e, "aged%u.%" G_GUINT64_FORMAT, age, round);
	kill_app(c, &c->apps[0]);
	others(c, gen_log_uniform(&c->rng, min, MAX(max, min)) * 1e3);
}

int apps_generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	const uint64_t rounds = a->v[A_ROUNDS].n;
	struct apps c = {
		.v = a->v,
		.e = { .b = b, .err = err },
		.nr = (uint32_t)a->v[A_APPS].n,
		.next_pid = 1,
	};

	if (c.v[A_ORDER].choice == AGEING && !c.v[A_GAP].n)
		return err_set(err, -EINVAL, "order=ageing needs time: gap_ms is \"0\"");
	c.e.ret = gen_zipf_init(&c.zipf, c.nr, 0.9, err);
	if (c.e.ret)
		return c.e.ret;
	gen_rng_init(&c.rng, a->seed);
	gen_rng_init(&c.returns, ~a->seed);
	c.apps = g_new0(struct app, c.nr);
	set_up(&c);
	for (uint64_t round = 1; round <= rounds && !c.e.ret; round++) {
		if (c.v[A_ORDER].choice == AGEING)
			age_and_die(&c, round);
		for (uint32_t i = 0; c.v[A_ORDER].choice != AGEING && i < c.nr; i++)
			launch(&c, next_app(&c, i));
		gen_mark(&c.e, "round%" G_GUINT64_FORMAT, round);
		if (a->progress)
			a->progress(a->progress_data, (double)round / (double)rounds);
	}
	gen_zipf_release(&c.zipf);
	g_free(c.apps);
	return c.e.ret;
}
