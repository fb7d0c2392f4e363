// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the speed and memory of a replay. Prints one row per case: the time of the replay
 * alone (the trace is in memory and checked), and the memory of the run.
 *
 *   bench zipf ACCESSES PAGES ROOM [ORDER [LRU [KERNEL]]]    reads, Zipf(0.9)
 *   bench touch ACCESSES PAGES ROOM [ORDER [LRU [KERNEL]]]   the same through a mapping
 *                                     ORDER: turns readahead on, with folios up to this order;
 *                                     "-": it stays off
 *   bench fill PAGES                  reads PAGES once, all stay
 *   bench file PATH FORMAT ROOM       a trace, by a reader's name
 *   bench clock EVENTS QUEUED         the event queue of timed runs: each event
 *                                     pops a timer and pushes it again
 *   bench switch EVENTS TASKS         the same with tasks, which sleep and wake
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "models/models.h"
#include "sim/mm/task.h"
#include "sim/rng.h"
#include "sim/sim.h"
#include "sim/time/clock.h"
#include "sim/timed.h"
#include "traces/gen/gen.h"
#include "traces/readers/readers.h"

static struct trace *zipf(const char *accesses, const char *pages, const char *op)
{
	g_autofree char *a = g_strdup_printf("accesses=%s", accesses);
	g_autofree char *p = g_strdup_printf("pages=%s", pages);
	g_autofree char *o = g_strdup_printf("op=%s", op);
	char *kv[] = { a, p, o };
	const struct trace_generator *g = gen_find("zipf", NULL);
	struct gen_args args = { 0 };
	struct trace_build b;
	struct err err;

	trace_build_init(&b, "zipf");
	if (gen_args_parse(&args, g, kv, G_N_ELEMENTS(kv), &err) || g->generate(&args, &b, &err)) {
		fprintf(stderr, "bench: %s\n", err.msg);
		exit(1);
	}
	return trace_build_end(&b);
}

static struct trace *fill(uint64_t pages)
{
	struct trace_build b;
	uint32_t file;

	trace_build_init(&b, "fill");
	if (trace_build_file(&b, "file", pages, false, &file) ||
	    trace_build_op(&b, &(struct op){ .code = OP_SPAWN, .pid = 1 }, NULL))
		exit(1);
	for (uint64_t at = 0; at < pages; at += 1 << 20) {
		const struct op op = { .code = OP_READ,
				       .pid = 1,
				       .file = file,
				       .at = (uint32_t)at,
				       .pages = (uint32_t)MIN(pages - at, 1 << 20) };

		if (trace_build_op(&b, &op, NULL))
			exit(1);
	}
	/* measure() stops before the last two records */
	if (trace_build_op(&b, &(struct op){ .code = OP_EXIT, .pid = 1 }, NULL) ||
	    trace_build_op(&b, &(struct op){ .code = OP_DRAIN }, NULL))
		exit(1);
	return trace_build_end(&b);
}

/* @with: NULL, or what follows ROOM */
static void measure(const char *name, struct trace *t, uint64_t room, char **with)
{
	struct sim_config cfg = { .kernel = kernel_profiles[0],
				  .lru = lru_models[0],
				  .reap = &reap_baseline };
	struct sim_memory mem;
	struct rusage ru;
	struct err err = { "" };
	struct vmstat st;
	gint64 start, us;
	struct sim *s;

	machine_init(&cfg.machine);
	cfg.machine.memcg_pages = room;
	if (with && with[0] && strcmp(with[0], "-"))
		cfg.machine.max_folio_order = (uint32_t)strtoul(with[0], NULL, 0);
	else
		cfg.machine.readahead_pages = 0;
	if (with && with[0] && with[1]) {
		cfg.lru = lru_model_find(with[1], &err);
		if (cfg.lru && with[2])
			cfg.kernel = kernel_profile_find(with[2], &err);
		if (!cfg.lru || !cfg.kernel) {
			fprintf(stderr, "bench: %s\n", err.msg);
			exit(2);
		}
	}
	start = g_get_monotonic_time();
	s = sim_new(t, &cfg, &err);
	/* stop before the exit of the process, so that its page tables count */
	if (!s || sim_run(s, t->nr_recs - MIN(t->nr_recs, 2), &err) < 0) {
		fprintf(stderr, "bench: %s\n", err.msg);
		exit(1);
	}
	us = MAX(g_get_monotonic_time() - start, 1);
	sim_stat(s, &st);
	sim_memory(s, &mem);
	getrusage(RUSAGE_SELF, &ru);
	printf("%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.4f,%.3f,%.2f,%.4f,%.2f,%.2f,%.0f\n", name,
	       st.v[VM_sim_accesses], t->nr_file_pages, room, (double)us / 1e6,
	       (double)st.v[VM_sim_accesses] / (double)us,
	       1e3 * (double)us / (double)st.v[VM_sim_accesses],
	       (double)st.v[VM_sim_fills] / (double)st.v[VM_sim_accesses],
	       (double)(mem.folio_bytes + mem.list_bytes) / (double)t->nr_file_pages,
	       mem.nr_ptes ? (double)mem.table_bytes / (double)mem.nr_ptes : 0,
	       (double)ru.ru_maxrss / 1024);
	sim_free(s);
	trace_free(t);
}

static void print_rate(const char *name, uint64_t events, uint64_t queued, gint64 start)
{
	const double us = (double)MAX(g_get_monotonic_time() - start, 1);

	printf("%s,%" PRIu64 ",%" PRIu64 ",%.3f,%.2f,%.1f\n", name, events, queued, us / 1e6,
	       (double)events / us, 1e3 * us / (double)events);
}

static void clock_rate(uint64_t events, uint64_t queued)
{
	struct timer *timers = g_new0(struct timer, queued);
	struct clock c;
	struct rng r;
	gint64 start;

	clock_init(&c);
	rng_init(&r, 1, 0);
	for (uint64_t i = 0; i < queued; i++)
		clock_push(&c, &timers[i], rng_below(&r, 1000000));
	start = g_get_monotonic_time();
	for (uint64_t i = 0; i < events; i++) {
		struct timer *t = clock_pop(&c);

		clock_push(&c, t, t->at_ns + rng_below(&r, 1000000));
	}
	print_rate("clock", events, queued, start);
	clock_clear(&c);
	g_free(timers);
}

struct sleeper {
	uint64_t wakeups;
	struct rng rng;
};

static void sleep_often(struct sim *s, void *arg)
{
	struct sleeper *a = arg;

	while (a->wakeups--)
		task_sleep(s->sched, s->clock.now_ns + 1 + rng_below(&a->rng, 1000000), false);
}

static void switch_rate(uint64_t events, uint64_t tasks)
{
	struct sleeper *all = g_new0(struct sleeper, tasks);
	struct sim_config cfg = { .kernel = kernel_profiles[0],
				  .lru = &lru_classic,
				  .reap = &reap_baseline };
	struct timed_config timed;
	struct trace *t = fill(1);
	struct err err;
	struct sim *s;
	gint64 start;

	machine_init(&cfg.machine);
	cfg.machine.memcg_pages = 1024;
	cfg.machine.cpus = SIM_MAX_CPUS;
	timed_config_init(&timed, &kill_none);
	cfg.timed = &timed;
	s = sim_new(t, &cfg, &err);
	for (uint64_t i = 0; i < tasks; i++) {
		all[i].wakeups = events / tasks;
		rng_init(&all[i].rng, 1, i);
		task_spawn(s, TASK_USER, "bench", sleep_often, &all[i], (unsigned int)i);
	}
	start = g_get_monotonic_time();
	while (sched_nr_user(s->sched) && sched_turn(s->sched))
		;
	print_rate("switch", events, tasks, start);
	sim_free(s);
	trace_free(t);
	g_free(all);
}

int main(int argc, char **argv)
{
	struct trace *t;
	struct err err;

	if (argc >= 5 && argc <= 8 && (!strcmp(argv[1], "zipf") || !strcmp(argv[1], "touch"))) {
		bool touch = argv[1][0] == 't';

		measure(argv[1], zipf(argv[2], argv[3], touch ? "touch" : "read"),
			strtoull(argv[4], NULL, 0), argv + 5);
	} else if (argc == 3 && !strcmp(argv[1], "fill")) {
		uint64_t pages = strtoull(argv[2], NULL, 0);

		measure("fill", fill(pages), pages + 1024, NULL);
	} else if (argc == 4 && !strcmp(argv[1], "clock")) {
		clock_rate(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0));
	} else if (argc == 4 && !strcmp(argv[1], "switch")) {
		switch_rate(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0));
	} else if (argc == 5 && !strcmp(argv[1], "file")) {
		if (trace_load(argv[2], argv[3], &t, &err)) {
			fprintf(stderr, "bench: %s\n", err.msg);
			return 2;
		}
		measure(argv[3], t, strtoull(argv[4], NULL, 0), NULL);
	} else {
		fprintf(stderr,
			"usage: bench zipf|touch ACCESSES PAGES ROOM [ORDER [LRU [KERNEL]]] | fill "
			"PAGES | "
			"file PATH FORMAT ROOM | clock EVENTS QUEUED | switch EVENTS TASKS\n");
		return 2;
	}
	return 0;
}
