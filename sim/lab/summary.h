/* SPDX-License-Identifier: GPL-2.0-only */
/* Timed runs for the commands that are about time and cost. */
#ifndef REAPSIM_CLI_OUTCOME_H
#define REAPSIM_CLI_OUTCOME_H

#include <stdio.h>

#include "sim/outcome.h"
#include "sim/sim.h"
#include "sim/timed.h"

/**
 * struct outcome_config - one run. @sim.timed is set by outcome_run() to @timed;
 * @sim.machine must be resolved (machine_resolve()).
 */
struct outcome_config {
	const struct trace *trace;
	struct sim_config sim;
	struct timed_config timed;
};

/**
 * outcome_run - execute one timed run; prints nothing, may be called from any
 * number of threads at once.
 * Return: 0 with @o filled (outcome_clear() frees it), or a negative errno;
 * -EINTR if cli_interrupted().
 */
int outcome_run(const struct outcome_config *c, struct outcome *o, struct err *err);

/**
 * outcome_net_ns - what a run costs in all, one for one: CPU time of unmapping the
 * dying and of kswapd, time that tasks were stalled in direct reclaim, and that they
 * waited for file pages. The latency of a restart is no term of its own: what a
 * policy can change of it is stalls and waits, which are in already.
 */
double outcome_net_ns(const struct outcome *o);

/** "NAME[:KEY=VALUE...]" to killer and arguments. */
int outcome_killer_parse(struct timed_config *c, const char *text, struct err *err);

/** One tidy row a run: a header, then "trace,machine,lru,policy,killer,...". */
void outcome_csv_header(FILE *f);
void outcome_csv_row(FILE *f, const struct outcome_config *c, const char *policy,
		     const struct outcome *o);

/** The parts of both that are the outcome: ",end_ns,..." without a newline. */
void outcome_csv_columns(FILE *f);
void outcome_csv_values(FILE *f, const struct outcome *o);

#endif
