/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a sweep over restart probability and delay says: how much more or less than
 * the first policy each other one costs, and where the sign of that changes.
 *
 * What a run costs is outcome_net_ns(). A policy pays where its net is below the
 * first policy's. Both have the same seeds, so that the difference is taken seed by
 * seed; where the confidence interval of its mean holds 0 it is noise.
 *
 * The break-even is where the mean difference passes 0, linear between the grid's
 * points (delays: linear in their logarithm); its interval is where the two ends
 * of the confidence interval do. It is looked for between two neighbouring points
 * of opposite signs that are both certain (there may be noise between them), and
 * the first is taken: a second one further on is not reported, the table shows it.
 * One cell in twenty that is noise looks certain.
 */
#ifndef REAPSIM_BREAKEVEN_H
#define REAPSIM_BREAKEVEN_H

#include <stdint.h>
#include <stdio.h>

#include <glib.h>

#include "sim/lab/estimate.h"
#include "sim/lab/sweep.h"
#include "sim/output.h"

/**
 * struct returns - the two axes: whether and when what was killed comes back. They
 * are the run's restart rule, or options of a generator that has its own
 * (struct gen_return).
 */
struct returns {
	GPtrArray *delays, *ps; /* char *, as typed, in rising order */
	uint64_t *delay_ns;	/* the same, as numbers */
	double *p;
	char *text; /* lines of the sweep's @group that make them */
	const char *group, *delay_key, *p_key;
	const char *seed_group; /* whose seed draws who comes back */
};

struct trace_generator;

/** Parse lists as they are typed, for the generator @g or, NULL, for the restart
 * rule. Return: 0 with @r to be cleared, or -EINVAL and nothing to clear. */
int returns_parse(struct returns *r, const struct trace_generator *g, const char *delays,
		  const char *ps, struct err *err);
void returns_clear(struct returns *r);

/** struct grid - everything, from the CSV file of the sweep. */
struct grid {
	char *workload;
	const struct returns *r;
	GPtrArray *machines, *lrus, *policies; /* char *, as swept */
	guint nr_seeds;
	double *net; /* ms; NaN: the run failed */
};

/** @workload: name of a generator, or the path of a trace. */
int grid_load(struct grid *g, const char *workload, const struct sweep *sw, const struct returns *r,
	      const char *csv, struct err *err);
void grid_clear(struct grid *g);
/** "phone-ufs" of "DIR/phone-ufs.conf"; the caller frees it. */
char *grid_machine(const struct grid *g, guint machine);

/** Mean net of a policy, ms. */
double grid_net(const struct grid *g, guint machine, guint lru, guint policy, guint delay, guint p);
/** The policy's net less the first policy's, ms. */
struct estimate grid_difference(const struct grid *g, guint machine, guint lru, guint policy,
				guint delay, guint p);

/** struct even - the break-even on a line of the grid. */
struct even {
	double at, low, high;
	const char *verdict; /* NULL, or why there is none: pays, never, noise, same, failed */
};

/** The probability from which on the policy no longer pays, or pays, at a delay. */
struct even grid_even_p(const struct grid *g, guint machine, guint lru, guint policy, guint delay);
/** The delay in seconds, at a probability. */
struct even grid_even_delay(const struct grid *g, guint machine, guint lru, guint policy, guint p);

/** Plot probability against delay, coloured by the policy that costs least, to the
 * declared plot at @base. Return: the exit code. */
int grid_plot(const struct grid *g, const struct outputs *files, const char *base);

#endif
