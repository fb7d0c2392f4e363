// SPDX-License-Identifier: GPL-2.0-only
/*
 * G groups (pods, cgroups) of P processes run for a time measured in ticks. Each process maps the
 * image that all share, and the data file of its group. It touches a fixed part of the image when
 * it starts, and touches random pages of the data, popular ones more often, as long as it runs.
 * It dies when its life is over (victims=life), or the groups die in turn, each as a whole, when
 * a neighbour needs memory (victims=pressure). A rule restarts it.
 *
 * With return_percent below 100 not all restart: at the time of the restart, another process or
 * group, with its own image and data, replaces it permanently. So the load stays the same and
 * only the reused pages differ.
 *
 * With kills=none the machine's killer ends processes, and the run's restart rule restarts them.
 *
 * Wrong if a service's use of its data drifts, or if restarts of several groups influence each
 * other by other means than memory.
 */
#include "traces/gen/services.h"

#include <glib.h>

enum {
	GROUPS,
	PROCESSES,
	SECONDS,
	TICK,
	IMAGE,
	IMAGE_START,
	DATA,
	DATA_START,
	DATA_RATE,
	DATA_ALPHA,
	ANON,
	VICTIMS,
	LIFE_MIN,
	LIFE_MAX,
	RESTART,
	RESTART_MS,
	RETURN,
	HOG_EVERY,
	HOG_STAY,
	HOG,
	HOG_OP,
	KILLS,
	DEATH,
	IGNORE,
	EVICT,
	OPTIN,
	CPUS,
	MEMCG,
	NR_OPTIONS,
};
enum { LIFE, PRESSURE };
enum { FIXED, KUBERNETES, SYSTEMD };
enum { HOG_ANON, HOG_READ };
enum { SCRIPTED, NONE };

const struct option services_options[] = {
	[GROUPS] = { "groups", OPT_COUNT, "1", "pods or cgroups", 1, 1000 },
	[PROCESSES] = { "processes", OPT_COUNT, "1", "processes in each", 1, 1000 },
	[SECONDS] = { "seconds", OPT_COUNT, "600", "duration", 1, 1000000, .assumed = true },
	[TICK] = { "tick_ms", OPT_COUNT, "1000", "time step", 1, 3600000 },
	[IMAGE] = { "image_pages", OPT_COUNT, "65536", "size of the image that all map", 1,
		    100000000, .assumed = true },
	[IMAGE_START] = { "image_percent", OPT_REAL, "6.4",
			  "percent of it that a start touches; a study of containers says 6.4", 0,
			  100 },
	[DATA] = { "data_pages", OPT_COUNT, "16384", "data file of a group, mapped; 0: none", 0,
		   100000000, .assumed = true },
	[DATA_START] = { "data_percent", OPT_REAL, "5", "percent of it that a start touches", 0,
			 100, .assumed = true },
	[DATA_RATE] = { "data_touches", OPT_COUNT, "200", "touches of it per process and tick", 0,
			1000000, .assumed = true },
	[DATA_ALPHA] = { "data_alpha", OPT_REAL, "0.9", "skew of these touches; 0: uniform", 0, 4,
			 .assumed = true },
	[ANON] = { "anon_pages", OPT_COUNT, "8192", "anonymous pages per process", 0, 10000000,
		   .assumed = true },
	[VICTIMS] = { "victims", OPT_CHOICE, "pressure",
		      "life: each process after its lifetime; pressure: a group, in turn, when the "
		      "neighbour comes",
		      .choices = (const char *const[]){ "life", "pressure", NULL } },
	[LIFE_MIN] = { "life_min_s", OPT_COUNT, "5", "with victims=life", 0, 1000000,
		       .assumed = true },
	[LIFE_MAX] = { "life_max_s", OPT_COUNT, "60", "with victims=life", 0, 1000000,
		       .assumed = true },
	[RESTART] = { "restart", OPT_CHOICE, "fixed",
		      "fixed: after restart_ms; kubernetes: 10 s, doubled up to 300 s, reset after "
		      "10 minutes of life; systemd: restart_ms, at most 5 in 10 s",
		      .choices = (const char *const[]){ "fixed", "kubernetes", "systemd", NULL } },
	[RESTART_MS] = { "restart_ms", OPT_COUNT, "100", "delay of fixed and systemd", 0,
			 86400000 },
	[RETURN] = { "return_percent", OPT_REAL, "100",
		     "chance that it restarts; otherwise another takes its place", 0, 100,
		     .assumed = true },
	[HOG_EVERY] = { "hog_every_s", OPT_COUNT, "60",
			"time between two visits of the neighbour; 0: never", 0, 1000000,
			.assumed = true },
	[HOG_STAY] = { "hog_stay_s", OPT_COUNT, "10", "length of a visit", 0, 1000000,
		       .assumed = true },
	[HOG] = { "hog_pages", OPT_COUNT, "32768", "pages that the neighbour needs", 1, 100000000,
		  .assumed = true },
	[HOG_OP] = { "hog_op", OPT_CHOICE, "anon", "the neighbour writes memory, or reads a file",
		     .choices = (const char *const[]){ "anon", "read", NULL } },
	[KILLS] = { "kills", OPT_CHOICE, "scripted",
		    "none: the machine's killer kills processes, not the trace",
		    .choices = (const char *const[]){ "scripted", "none", NULL } },
	[DEATH] = { "death", OPT_CHOICE, "oom", "how a process ends", .choices = gen_death_kinds },
	[IGNORE] = { "ignore_access", OPT_CHOICE, "yes",
		     "pass the flag of policy \"flag\" to process_mrelease()",
		     .choices = gen_no_yes },
	[EVICT] = { "evict_file", OPT_CHOICE, "no", "pass the evict flag to process_mrelease()",
		    .choices = gen_no_yes },
	[OPTIN] = { "optin", OPT_CHOICE, "no", "the services opt in, for policy \"prctl\"",
		    .choices = gen_no_yes },
	[CPUS] = { "cpus", OPT_COUNT, "1", "CPUs that the processes are spread over", 1, 8 },
	[MEMCG] = { "memcg_pages", OPT_COUNT, "65536", "memory limit; 0: left to the machine file",
		    0, UINT32_MAX, .assumed = true },
	[NR_OPTIONS] = { NULL },
};

const struct gen_return services_return = {
	.delay = "restart_ms",
	.percent = "return_percent",
	.also = "restart=fixed",
};

#define IMAGE_BASE 0x10000u
#define DATA_BASE  0x8000000u
#define ANON_BASE  0x10000000u
#define BURST	   5 /* systemd: starts in 10 s */
#define NEVER	   UINT64_MAX

/* Times in ms. A process keeps its pid, so a timed run sees one process that restarts. */
struct service {
	uint32_t pid, image, file;
	bool up;
	uint64_t started, dies, restarts;
	uint64_t backoff;
	uint64_t starts[BURST]; /* the latest, newest first */
	unsigned int nr_starts;
};

struct services {
	const union option_value *v;
	struct gen_emit e;
	struct gen_rng rng, returns; /* separate: draws of returns do not change others */
	struct gen_zipf zipf;
	struct service *all;
	uint32_t nr, hog_file, hog_pid, next_pid, nr_new;
	uint64_t seed, now, hog_leaves, nr_hogs;
	bool hog;
};

static void start(struct services *c, struct service *s)
{
	const union option_value *v = c->v;
	const uint64_t min = v[LIFE_MIN].n, max = MAX(v[LIFE_MAX].n, min);
	struct gen_set set = { .seed = c->seed, .percent = v[IMAGE_START].real };

	gen_spawn(&c->e, s->pid, s->pid % (uint32_t)v[CPUS].n);
	if (v[OPTIN].choice)
		gen_optin(&c->e, s->pid);
	gen_map_file(&c->e, s->pid, s->image, IMAGE_BASE, v[IMAGE].n, VM_READ | VM_EXEC);
	gen_touch_set(&c->e, &c->rng, s->pid, IMAGE_BASE, (uint32_t)v[IMAGE].n, &set, false);
	if (v[DATA].n) {
		set = (struct gen_set){ .seed = c->seed + 1, .percent = v[DATA_START].real };
		gen_map_file(&c->e, s->pid, s->file, DATA_BASE, v[DATA].n, VM_READ);
		gen_touch_set(&c->e, &c->rng, s->pid, DATA_BASE, (uint32_t)v[DATA].n, &set, false);
	}
	if (v[ANON].n) {
		gen_map_anon(&c->e, s->pid, ANON_BASE, v[ANON].n);
		gen_touch(&c->e, s->pid, ANON_BASE, v[ANON].n, true);
	}
	s->up = true;
	s->started = c->now;
	s->dies = NEVER;
	if (v[VICTIMS].choice == LIFE)
		s->dies = c->now + 1000 * min +
			  gen_rng_below(&c->rng, (uint32_t)(1000 * (max - min) + 1));
	for (unsigned int i = BURST - 1; i > 0; i--)
		s->starts[i] = s->starts[i - 1];
	s->starts[0] = c->now;
	s->nr_starts = MIN(s->nr_starts + 1, BURST);
}

static uint64_t restart_time(struct services *c, struct service *s)
{
	if (c->v[RESTART].choice == KUBERNETES) {
		if (c->now - s->started >= 600000)
			s->backoff = 0;
		s->backoff = s->backoff ? MIN(s->backoff * 2, 300000) : 10000;
		return c->now + s->backoff;
	}
	if (c->v[RESTART].choice == SYSTEMD && s->nr_starts == BURST &&
	    c->now + c->v[RESTART_MS].n - s->starts[BURST - 1] < 10000)
		return NEVER;
	return c->now + c->v[RESTART_MS].n;
}

/* 0, or the number of replacements for a process or group that dies now */
static uint32_t draw_return(struct services *c)
{
	return gen_chance(&c->returns, c->v[RETURN].real) ? 0 : ++c->nr_new;
}

/* @new: the result of draw_return() */
static void kill_service(struct services *c, struct service *s, uint32_t new)
{
	g_autofree char *image = g_strdup_printf("image-new%u", new);
	g_autofree char *data = g_strdup_printf("data-new%u", new);
	const uint32_t flags = (c->v[IGNORE].choice ? MRELEASE_IGNORE_ACCESS : 0) |
			       (c->v[EVICT].choice ? MRELEASE_EVICT_FILE : 0);

	if (c->v[KILLS].choice == NONE || !s->up)
		return;
	gen_die(&c->e, s->pid, c->v[DEATH].choice, flags);
	s->up = false;
	s->restarts = restart_time(c, s);
	if (!new)
		return;
	s->pid = c->next_pid++;
	s->image = gen_file(&c->e, image, c->v[IMAGE].n);
	if (c->v[DATA].n)
		s->file = gen_file(&c->e, data, c->v[DATA].n);
}

static void hog_part(struct services *c, uint64_t from, uint64_t pages)
{
	if (c->v[HOG_OP].choice == HOG_ANON) {
		gen_touch(&c->e, c->hog_pid, ANON_BASE + (uint32_t)from, pages, true);
		return;
	}
	for (uint64_t at = 0; at < pages; at += 32)
		gen_read(&c->e, c->hog_pid, c->hog_file, (uint32_t)(from + at),
			 MIN(32, pages - at));
}

/* After the neighbour has allocated half of its memory, a group is killed for the rest */
static void hog_comes(struct services *c)
{
	const uint64_t pages = c->v[HOG].n, half = (pages + 1) / 2;
	const uint32_t group = (uint32_t)(c->nr_hogs++ % c->v[GROUPS].n);
	const uint32_t new = draw_return(c);

	gen_spawn(&c->e, c->hog_pid, 0);
	if (c->v[HOG_OP].choice == HOG_ANON)
		gen_map_anon(&c->e, c->hog_pid, ANON_BASE, pages);
	hog_part(c, 0, half);
	for (uint64_t i = 0; c->v[VICTIMS].choice == PRESSURE && i < c->v[PROCESSES].n; i++)
		kill_service(c, &c->all[group * c->v[PROCESSES].n + i], new);
	hog_part(c, half, pages - half);
	c->hog = true;
	c->hog_leaves = c->now + 1000 * c->v[HOG_STAY].n;
}

static void hog_goes(struct services *c)
{
	gen_die(&c->e, c->hog_pid, GEN_EXIT, 0);
	gen_mark(&c->e, "hog%" G_GUINT64_FORMAT, c->nr_hogs);
	c->hog = false;
}

static void work(struct services *c, const struct service *s)
{
	const uint32_t pages = (uint32_t)c->v[DATA].n;

	for (uint64_t n = 0; pages && n < c->v[DATA_RATE].n; n++) {
		uint32_t rank = gen_zipf_at(&c->zipf, gen_rng_next(&c->rng));
		/* spread popular pages over the file */
		uint32_t page = (uint32_t)((uint64_t)rank * 2654435761u % pages);

		gen_touch(&c->e, s->pid, DATA_BASE + page, 1, false);
	}
}

static void tick(struct services *c)
{
	const uint64_t every = 1000 * c->v[HOG_EVERY].n;

	for (uint32_t i = 0; i < c->nr; i++) {
		struct service *s = &c->all[i];

		if (s->up && c->now >= s->dies)
			kill_service(c, s, draw_return(c));
		if (!s->up && c->now >= s->restarts)
			start(c, s);
		if (s->up)
			work(c, s);
	}
	if (c->hog && c->now >= c->hog_leaves)
		hog_goes(c);
	if (every && !c->hog && c->now / every > (c->now - MIN(c->v[TICK].n, c->now)) / every)
		hog_comes(c);
}

int services_generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	const union option_value *v = a->v;
	struct services c = { .v = v, .e = { .b = b, .err = err } };
	uint32_t image;
	int ret = gen_zipf_init(&c.zipf, (uint32_t)MAX(v[DATA].n, 1), v[DATA_ALPHA].real, err);

	if (ret)
		return ret;
	gen_rng_init(&c.rng, a->seed);
	gen_rng_init(&c.returns, ~a->seed);
	c.seed = gen_rng_next(&c.rng);
	c.nr = (uint32_t)(v[GROUPS].n * v[PROCESSES].n);
	c.hog_pid = c.nr + 1;
	c.next_pid = c.hog_pid + 1;
	gen_memcg(&c.e, v[MEMCG].n);
	if (v[CPUS].n > 1)
		gen_machine(&c.e, "cpus", v[CPUS].n);
	image = gen_file(&c.e, "image", v[IMAGE].n);
	if (v[HOG_EVERY].n && v[HOG_OP].choice == HOG_READ)
		c.hog_file = gen_file(&c.e, "neighbour", v[HOG].n);
	c.all = g_new0(struct service, c.nr);
	for (uint32_t i = 0; i < c.nr; i++) {
		struct service *s = &c.all[i];
		const uint32_t group = i / (uint32_t)v[PROCESSES].n;
		g_autofree char *name = g_strdup_printf("data%u", group);

		s->pid = i + 1;
		s->image = image;
		if (v[DATA].n)
			s->file = i % v[PROCESSES].n ? s[-1].file : gen_file(&c.e, name, v[DATA].n);
	}
	for (; c.now < 1000 * v[SECONDS].n && !c.e.ret; c.now += v[TICK].n) {
		tick(&c);
		gen_advance_ms(&c.e, v[TICK].n);
		if (a->progress)
			a->progress(a->progress_data, (double)c.now / (1e3 * (double)v[SECONDS].n));
	}
	gen_mark(&c.e, "end");
	gen_zipf_release(&c.zipf);
	g_free(c.all);
	return c.e.ret;
}
