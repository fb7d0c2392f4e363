// SPDX-License-Identifier: GPL-2.0-only
/*
 * restart-loop: one program maps its file, touches every page, is killed and
 * reaped, and starts again; now and then a neighbour runs that is larger than the remaining
 * memory. Whether the program finds its pages again depends on the marks of its earlier deaths.
 */
#include <glib.h>

#include "traces/gen/gen.h"

enum { APP, ROUNDS, WARM, BIG, BIG_EVERY, BIG_OP, DEATH, IGNORE, EVICT, OPTIN, DRAIN, MEMCG };
enum { BIG_TOUCH, BIG_READ };

static const struct option options[] = {
	[APP] = { "app_pages", OPT_COUNT, "4096", "file pages of the program", 1, 50000000 },
	[ROUNDS] = { "rounds", OPT_COUNT, "5", "number of runs", 1, 1000000 },
	[WARM] = { "warm_rounds", OPT_COUNT, "3", "runs before the first visit of the neighbour", 0,
		   1000000 },
	[BIG] = { "big_pages", OPT_COUNT, "16000", "file pages of the neighbour; 0: none", 0,
		  100000000 },
	[BIG_EVERY] = { "big_every", OPT_COUNT, "1", "runs between two visits of the neighbour", 1,
			1000000 },
	[BIG_OP] = { "big_op", OPT_CHOICE, "touch",
		     "the neighbour touches a mapping, or uses read(2)",
		     .choices = (const char *const[]){ "touch", "read", NULL } },
	[DEATH] = { "death", OPT_CHOICE, "mrelease", "how the program ends",
		    .choices = gen_death_kinds },
	[IGNORE] = { "ignore_access", OPT_CHOICE, "yes",
		     "pass the flag of policy \"flag\" to process_mrelease()",
		     .choices = gen_no_yes },
	[EVICT] = { "evict_file", OPT_CHOICE, "no", "pass the evict flag to process_mrelease()",
		    .choices = gen_no_yes },
	[OPTIN] = { "optin", OPT_CHOICE, "yes", "the program opts in, for policy \"prctl\"",
		    .choices = gen_no_yes },
	[DRAIN] = { "drain", OPT_CHOICE, "no", "drain the per-CPU batches after each run",
		    .choices = gen_no_yes },
	[MEMCG] = { "memcg_pages", OPT_COUNT, "16384", "memory limit; 0: left to the machine file",
		    0, UINT32_MAX },
	{ NULL },
};

#define BASE 0x10000u

static int generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	struct gen_emit e = { .b = b, .err = err };
	const uint64_t big = a->v[BIG].n, warm = a->v[WARM].n;
	const uint32_t flags = (a->v[IGNORE].choice ? MRELEASE_IGNORE_ACCESS : 0) |
			       (a->v[EVICT].choice ? MRELEASE_EVICT_FILE : 0);
	uint32_t app_file, big_file = 0, pid = 1;
	uint64_t visits = 0;

	gen_memcg(&e, a->v[MEMCG].n);
	app_file = gen_file(&e, "app", a->v[APP].n);
	if (big)
		big_file = gen_file(&e, "big", big);
	for (uint64_t round = 1; round <= a->v[ROUNDS].n && !e.ret; round++) {
		if (big && round > warm && (round - warm - 1) % a->v[BIG_EVERY].n == 0) {
			gen_spawn(&e, pid, 0);
			if (a->v[BIG_OP].choice == BIG_READ) {
				for (uint64_t at = 0; at < big; at += 32)
					gen_read(&e, pid, big_file, (uint32_t)at,
						 MIN(32, big - at));
			} else {
				gen_map_file(&e, pid, big_file, BASE, big, VM_READ);
				gen_touch(&e, pid, BASE, big, false);
			}
			gen_die(&e, pid++, GEN_EXIT, 0);
			gen_mark(&e, "big%" G_GUINT64_FORMAT, ++visits);
		}
		gen_spawn(&e, pid, 0);
		if (a->v[OPTIN].choice)
			gen_optin(&e, pid);
		gen_map_file(&e, pid, app_file, BASE, a->v[APP].n, VM_READ);
		gen_touch(&e, pid, BASE, a->v[APP].n, false);
		gen_die(&e, pid++, a->v[DEATH].choice, flags);
		if (a->v[DRAIN].choice)
			gen_op(&e, &(struct op){ .code = OP_DRAIN });
		gen_mark(&e, "run%" G_GUINT64_FORMAT, round);
	}
	return e.ret;
}

const struct trace_generator gen_restart_loop = {
	.name = "restart-loop",
	.summary = "one program killed and restarted, with a large neighbour now and then",
	.options = options,
	.generate = generate,
};
