/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What makes a run a timed one: who the actors are, which killer ends processes,
 * when they come back, and the seed of everything that is left to chance. The
 * costs are the machine's (sim/machine.h).
 */
#ifndef REAPSIM_TIMED_H
#define REAPSIM_TIMED_H

#include <stdint.h>

#include "sim/err.h"
#include "sim/killer.h"
#include "sim/restart.h"
#include "sim/sim.h"

struct outcome;

/** enum timed_loop - how the trace is divided among actors. */
enum timed_loop {
	/* Every process is an actor that runs its own records in order. The trace's
	 * clock between two of them is its think time, so delays add up. */
	LOOP_PROCESS,
	/* One user works through the whole trace in order, as in the foreground of
	 * a phone; only kernel threads, killers and restarts run next to it. */
	LOOP_TRACE,
};

/** struct timed_config - shared by any number of runs, which do not change it. */
struct timed_config {
	enum timed_loop loop;
	uint64_t seed;
	const struct killer *killer;
	union option_value killer_args[KILLER_ARGS_MAX]; /* in the order of killer->options */
	struct restart_rule restart;
};

/** Defaults: LOOP_PROCESS, seed 1, no restarts; @killer as given. */
void timed_config_init(struct timed_config *c, const struct killer *killer);
/** "process" or "trace"; -EINVAL names both. */
int timed_loop_parse(enum timed_loop *loop, const char *name, struct err *err);

/* What the engine needs of it */

/** Makes the actors, and what runs next to them. */
int timed_init(struct sim *s, struct err *err);
void timed_free(struct sim *s);
/** As sim_run(). */
int timed_run(struct sim *s, uint64_t nr_recs, struct err *err);
/** What the run cost; at its end. The caller frees it (outcome_clear()). */
void timed_outcome(struct sim *s, struct outcome *o);
/** Records replayed so far, by all actors. */
uint64_t timed_position(const struct sim *s);

#endif
