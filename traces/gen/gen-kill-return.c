// SPDX-License-Identifier: GPL-2.0-only
/*
 * kill-return: processes start one after the other, work for a while, and are killed. The restart
 * rule of a timed run decides whether and when a process comes
 * back. Meanwhile a neighbour streams pages through memory at a given rate, so that a later
 * return finds fewer of its pages. Each process has its own file and is killed once, so the
 * number of kills is the same under every rule. After horizon_ticks a process that is not running
 * is started with nothing to do, and exits: a timed run counts that start as a restart that took
 * no time.
 *
 * With read_before the file of a process is read once before its start, as by an installer or an
 * earlier life: then the mark at unmapping is the second one, which activates.
 */
#include <glib.h>

#include "traces/gen/gen.h"

enum { VICTIMS, APP, BEFORE, TICK, ALIVE, HORIZON, STREAM, FILE_PAGES, DEATH, MEMCG };

static const struct option options[] = {
	[VICTIMS] = { "victims", OPT_COUNT, "40", "processes, one after another", 1, 100000 },
	[APP] = { "app_pages", OPT_COUNT, "1024", "file pages of each", 1, 1000000,
		  .assumed = true },
	[BEFORE] = { "read_before", OPT_CHOICE, "yes", "read each file once before",
		     .choices = gen_no_yes, .assumed = true },
	[TICK] = { "tick_ms", OPT_COUNT, "500", "time between two starts", 1, 1000000,
		   .assumed = true },
	[ALIVE] = { "alive_ticks", OPT_COUNT, "2", "how long each lives", 1, 100000,
		    .assumed = true },
	[HORIZON] = { "horizon_ticks", OPT_COUNT, "130",
		      "how long after its death a process may return", 1, 1000000,
		      .assumed = true },
	[STREAM] = { "stream_pages", OPT_COUNT, "256", "pages that the neighbour reads per tick", 0,
		     1000000, .assumed = true },
	[FILE_PAGES] = { "stream_file_pages", OPT_COUNT, "65536",
			 "size of the file that it reads over and over", 1, 100000000,
			 .assumed = true },
	[DEATH] = { "death", OPT_CHOICE, "mrelease", "how each ends", .choices = gen_death_kinds },
	[MEMCG] = { "memcg_pages", OPT_COUNT, "16384", "memory limit; 0: left to the machine file",
		    0, UINT32_MAX },
	{ NULL },
};

#define BASE	  0x10000u
#define NEIGHBOUR 1u

static void read_some(struct gen_emit *e, uint32_t file, uint64_t from, uint64_t pages)
{
	for (uint64_t at = 0; at < pages; at += 32)
		gen_read(e, NEIGHBOUR, file, (uint32_t)(from + at), MIN(32, pages - at));
}

static int generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	struct gen_emit e = { .b = b, .err = err };
	const uint64_t victims = a->v[VICTIMS].n, alive = a->v[ALIVE].n, pages = a->v[APP].n;
	const uint64_t horizon = a->v[HORIZON].n, ticks = victims + alive + horizon;
	const uint64_t stream_file = MAX(a->v[FILE_PAGES].n, a->v[STREAM].n);
	g_autofree uint32_t *files = g_new(uint32_t, victims);
	uint64_t at = 0;
	uint32_t stream;

	gen_memcg(&e, a->v[MEMCG].n);
	stream = gen_file(&e, "stream", stream_file);
	for (uint64_t i = 0; i < victims; i++) {
		g_autofree char *name = g_strdup_printf("app%" G_GUINT64_FORMAT, i);

		files[i] = gen_file(&e, name, pages);
	}
	gen_spawn(&e, NEIGHBOUR, 0);
	for (uint64_t tick = 0; tick <= ticks && !e.ret; tick++) {
		const uint32_t first = NEIGHBOUR + 1;

		if (tick < victims) {
			const uint32_t pid = first + (uint32_t)tick;

			if (a->v[BEFORE].choice)
				read_some(&e, files[tick], 0, pages);
			gen_spawn(&e, pid, 0);
			gen_optin(&e, pid);
			gen_map_file(&e, pid, files[tick], BASE, pages, VM_READ);
			gen_touch(&e, pid, BASE, pages, false);
		}
		if (tick >= alive && tick - alive < victims)
			gen_die(&e, first + (uint32_t)(tick - alive), a->v[DEATH].choice,
				MRELEASE_IGNORE_ACCESS);
		/* one that has not come back by now has nothing left to do */
		if (tick >= alive + horizon && tick - alive - horizon < victims) {
			const uint32_t pid = first + (uint32_t)(tick - alive - horizon);

			gen_spawn(&e, pid, 0);
			gen_die(&e, pid, GEN_EXIT, 0);
		}
		if (at + a->v[STREAM].n > stream_file)
			at = 0;
		read_some(&e, stream, at, a->v[STREAM].n);
		at += a->v[STREAM].n;
		gen_advance_ms(&e, a->v[TICK].n);
		if (tick == victims + alive)
			gen_mark(&e, "killed");
	}
	gen_mark(&e, "end");
	return e.ret;
}

const struct trace_generator gen_kill_return = {
	.name = "kill-return",
	.summary =
		"processes are killed; the restart rule of a timed run decides which return, and "
		"when",
	.options = options,
	.generate = generate,
};
