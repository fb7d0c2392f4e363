/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timed runs: the processes of the trace are tasks that compete for CPUs, memory and the
 * block device, a killer may kill them, and killed processes may restart. The costs of all
 * operations are keys of the machine file (sim/machine.h).
 */
#ifndef REAPSIM_TIMED_H
#define REAPSIM_TIMED_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/err.h"
#include "sim/killer.h"
#include "sim/restart.h"
#include "sim/sim.h"

struct outcome;

/** enum timed_loop - the division of the trace among actors. */
enum timed_loop {
	/* Every process is an actor that runs its own records in order. The trace's
	 * clock between two of them is its think time, so delays add up. It waits for
	 * no other: the programs of a shell loop overlap, and a file may be cut by one
	 * process before another one has used it. */
	LOOP_PROCESS,
	/* One user runs the whole trace in order, like the foreground of a phone; only
	 * kernel threads, killers and restarts run in parallel. */
	LOOP_TRACE,
	/* The same, and the user waits until a process that ends is gone. That is what
	 * "reapsim play" does. */
	LOOP_TURNS,
};

/** struct timed_config - shared by any number of runs; they do not modify it. */
struct timed_config {
	enum timed_loop loop;
	bool no_think; /* an advance of the trace's clock takes no time */
	uint64_t seed;
	const struct killer *killer;
	union option_value killer_args[KILLER_ARGS_MAX]; /* in the order of killer->options */
	struct restart_rule restart;
};

/** Defaults: LOOP_PROCESS, seed 1, no restarts; @killer as given. */
void timed_config_init(struct timed_config *c, const struct killer *killer);
/** Names of enum timed_loop, and NULL. */
extern const char *const timed_loops[];
/** Parse one of them. -EINVAL: @err names all. */
int timed_loop_parse(enum timed_loop *loop, const char *name, struct err *err);

/* Calls of sim.c and replay.c */

/** Create the actors, kswapd and the killer. */
int timed_init(struct sim *s, struct err *err);
void timed_free(struct sim *s);
/** The sim_run() of a timed run. */
int timed_run(struct sim *s, uint64_t nr_recs, struct err *err);
/** The outcome of an ended run; the caller frees it with outcome_clear(). */
void timed_outcome(struct sim *s, struct outcome *o);
/** Is this a run in which processes may pass each other? */
bool timed_reorders(const struct sim *s);
/** Records replayed so far, by all actors. */
uint64_t timed_position(const struct sim *s);

#endif
