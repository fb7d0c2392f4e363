// SPDX-License-Identifier: GPL-2.0-only
/*
 * reclaim-first: one victim, and a stream of other pages that makes reclaim look
 * at the victim's pages before it is killed. The length of the stream determines how far reclaim
 * gets. The victim used part of its pages before (these start active), and continues to use part
 * of them while the stream runs. With used_of_16 below 16
 * it touches only the first pages of every 16, and fault-around maps the rest: young or old, as
 * the machine defines, which decides for which pages a mark is due.
 *
 * After the reap the stream continues, and the victim comes back and touches all
 * its pages. Both it and the stream's process are alive at the end, so that the unmap counters
 * cover only this reap.
 */
#include <glib.h>

#include "traces/gen/gen.h"

enum { APP, USED, ACTIVE, HOT, STREAM, STREAM_OP, AFTER, STEPS, DEATH, MEMCG };
enum { STREAM_REUSE, STREAM_READ, STREAM_TOUCH };

static const struct option options[] = {
	[APP] = { "app_pages", OPT_COUNT, "12288", "file pages of the victim", 16, 10000000 },
	[USED] = { "used_of_16", OPT_COUNT, "16",
		   "used pages of every 16; fault-around may map the others", 1, 16,
		   .assumed = true },
	[ACTIVE] = { "active_percent", OPT_COUNT, "75",
		     "percent of these read twice before it starts: active", 0, 100,
		     .assumed = true },
	[HOT] = { "hot_percent", OPT_COUNT, "20",
		  "percent of these used again after each step; half of them are active", 0, 100,
		  .assumed = true },
	[STREAM] = { "stream_pages", OPT_COUNT, "16384", "pages streamed before the kill", 0,
		     100000000 },
	[STREAM_OP] = { "stream_op", OPT_CHOICE, "reuse",
			"the stream is read twice and fills the active list; or once; or mapped",
			.choices = (const char *const[]){ "reuse", "read", "touch", NULL },
			.assumed = true },
	[AFTER] = { "after_pages", OPT_COUNT, "4096", "pages streamed between reap and restart", 0,
		    100000000, .assumed = true },
	[STEPS] = { "step_pages", OPT_COUNT, "512", "pages per step of the stream", 32, 1000000,
		    .assumed = true },
	[DEATH] = { "death", OPT_CHOICE, "mrelease", "how the victim ends",
		    .choices = gen_death_kinds },
	[MEMCG] = { "memcg_pages", OPT_COUNT, "16384", "memory limit; 0: left to the machine file",
		    0, UINT32_MAX },
	{ NULL },
};

#define BASE   0x10000u
#define VICTIM 1u
#define OTHER  2u

/* struct plan - state of the generator */
struct plan {
	const struct gen_args *a;
	struct gen_emit *e;
	uint32_t app, big;
	uint64_t active, hot; /* pages */
	uint64_t streamed;
};

/* Touch the used part of the victim's @pages at @from. */
static void use(struct plan *p, uint64_t from, uint64_t pages)
{
	const uint64_t end = from + pages, used = p->a->v[USED].n;

	if (used == GEN_EXTENT) {
		gen_touch(p->e, VICTIM, BASE + (uint32_t)from, pages, false);
		return;
	}
	for (uint64_t at = from & ~(uint64_t)(GEN_EXTENT - 1); at < end; at += GEN_EXTENT)
		if (MAX(at, from) < MIN(at + used, end))
			gen_touch(p->e, VICTIM, BASE + (uint32_t)MAX(at, from),
				  MIN(at + used, end) - MAX(at, from), false);
}

/* Touch the hot pages: half of them are active, half are not. */
static void use_hot(struct plan *p)
{
	uint64_t from = p->active > p->hot / 2 ? p->active - p->hot / 2 : 0;

	from = MIN(from, p->a->v[APP].n - p->hot);
	if (p->hot)
		use(p, from, p->hot);
}

static void read_all(struct gen_emit *e, uint32_t file, uint64_t from, uint64_t pages)
{
	for (uint64_t at = 0; at < pages; at += 32)
		gen_read(e, OTHER, file, (uint32_t)(from + at), MIN(32, pages - at));
}

static void stream(struct plan *p, uint64_t pages, bool victim_lives)
{
	while (pages && !p->e->ret) {
		const uint64_t step = MIN(pages, p->a->v[STEPS].n);

		switch (p->a->v[STREAM_OP].choice) {
		case STREAM_TOUCH:
			gen_touch(p->e, OTHER, BASE + (uint32_t)p->streamed, step, false);
			break;
		case STREAM_REUSE:
			read_all(p->e, p->big, p->streamed, step);
			/* fall through */
		case STREAM_READ:
			read_all(p->e, p->big, p->streamed, step);
			break;
		}
		p->streamed += step;
		pages -= step;
		if (victim_lives)
			use_hot(p);
	}
}

static void start_victim(struct plan *p)
{
	gen_spawn(p->e, VICTIM, 0);
	gen_optin(p->e, VICTIM);
	gen_map_file(p->e, VICTIM, p->app, BASE, p->a->v[APP].n, VM_READ);
	use(p, 0, p->a->v[APP].n);
}

static int generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	struct gen_emit e = { .b = b, .err = err };
	const uint64_t all = a->v[STREAM].n + a->v[AFTER].n;
	struct plan p = {
		.a = a,
		.e = &e,
		.active = a->v[APP].n * a->v[ACTIVE].n / 100,
		.hot = a->v[APP].n * a->v[HOT].n / 100,
	};

	gen_memcg(&e, a->v[MEMCG].n);
	p.app = gen_file(&e, "app", a->v[APP].n);
	p.big = gen_file(&e, "stream", MAX(all, 1));
	gen_spawn(&e, OTHER, 0);
	if (all && a->v[STREAM_OP].choice == STREAM_TOUCH)
		gen_map_file(&e, OTHER, p.big, BASE, all, VM_READ);
	read_all(&e, p.app, 0, p.active);
	read_all(&e, p.app, 0, p.active);
	gen_op(&e, &(struct op){ .code = OP_DRAIN });
	start_victim(&p);
	stream(&p, a->v[STREAM].n, true);
	gen_mark(&e, "before");
	gen_die(&e, VICTIM, a->v[DEATH].choice, MRELEASE_IGNORE_ACCESS);
	gen_mark(&e, "reaped");
	stream(&p, a->v[AFTER].n, false);
	gen_mark(&e, "after");
	start_victim(&p);
	gen_mark(&e, "restarted");
	return e.ret;
}

const struct trace_generator gen_reclaim_first = {
	.name = "reclaim-first",
	.summary = "reclaim ages a victim's pages, then the victim is reaped and returns",
	.options = options,
	.generate = generate,
};
