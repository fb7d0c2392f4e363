/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Evaluate a sweep over restart probability and delay: the cost of each policy compared
 * with the first, and the points where the sign of the difference changes.
 *
 * The cost of a run is outcome_net_ns(). A policy pays off if its net is below the first
 * policy's. Both run with the same seeds, and the difference is taken seed by seed. It is
 * noise if the confidence interval of its mean contains 0.
 *
 * The break-even is the point where the mean difference crosses 0, linear between grid
 * points (delays: linear in their logarithm). Its interval ends where the two ends of the
 * confidence interval cross 0. It lies between two neighbouring points of opposite signs
 * that are not noise (there may be noise between them). Only the first one is reported; the
 * table shows the others.
 */
#ifndef REAPSIM_BREAKEVEN_H
#define REAPSIM_BREAKEVEN_H

#include <stdint.h>

#include <glib.h>

#include "sim/lab/estimate.h"
#include "sim/lab/sweep.h"

/**
 * struct returns - the two axes: probability and delay of a restart. They set the run's
 * restart rule, or the options of a generator that has its own (struct gen_return).
 */
struct returns {
	GPtrArray *delays, *ps; /* char *, as typed, in rising order */
	uint64_t *delay_ns;	/* the same, as numbers */
	double *p;
	char *text; /* lines of the sweep's @group that set them */
	const char *group, *delay_key, *p_key;
	const char *seed_group; /* the group whose seed draws the restarts */
};

/** struct breakeven_spec - the question; lists as typed in a command, NULL: the default. */
struct breakeven_spec {
	const char *workload; /* a generator, or the path of a trace */
	char *const *options; /* KEY=VALUE of the generator */
	guint nr_options;
	const char *machines;	   /* key files, with costs */
	char *const *settings;	   /* KEY=VALUE of every machine, NULL-terminated */
	const char *policies;	   /* the others are compared with the first */
	const char *lrus;	   /* default: all */
	const char *delays;	   /* in rising order */
	const char *probabilities; /* likewise */
	guint nr_seeds;
};

/** Build the sweep. Return: 0 with @sw and @r to be cleared by the caller, or -errno with @err
 * and nothing to clear. */
int breakeven_parse(struct sweep *sw, struct returns *r, const struct breakeven_spec *spec,
		    struct err *err);
void returns_clear(struct returns *r);

/** struct grid - the results, read from the CSV file of the sweep. */
struct grid {
	char *workload;
	const struct returns *r;
	GPtrArray *machines, *lrus, *policies; /* char *, as swept */
	guint nr_seeds;
	double *net; /* ms; NaN: the run failed */
	struct estimate *difference;
};

/** Read @csv, the file of the finished sweep @sw. @workload: as in breakeven_spec. Return: 0
 * with @g to be cleared, or -errno with @err. */
int grid_load(struct grid *g, const char *workload, const struct sweep *sw, const struct returns *r,
	      const char *csv, struct err *err);
void grid_clear(struct grid *g);
/** Fill g->difference from g->net; grid_load() has done it. The tests of a policy, on one
 * machine and LRU, are corrected for their number. */
void grid_estimate(struct grid *g);
/** "phone-ufs" of "DIR/phone-ufs.conf"; the caller frees it. */
char *grid_machine(const struct grid *g, guint machine);

/** Mean net of a policy, ms. */
double grid_net(const struct grid *g, guint machine, guint lru, guint policy, guint delay, guint p);
/** The policy's net minus the first policy's, ms. */
struct estimate grid_difference(const struct grid *g, guint machine, guint lru, guint policy,
				guint delay, guint p);

/**
 * struct even - the break-even on a line of the grid.
 * @verdict: NULL, or why there is none. pays, never: at most points of the line the
 *	difference is significant, and nowhere with another sign; mixed: the sign changes more
 *	than once; same: equal at all points; noise: none of these; failed: a run did
 * @nr, @of: significant differences, out of all points of the line
 */
struct even {
	double at, low, high;
	const char *verdict;
	guint nr, of;
};

/** The break-even probability at a delay. */
struct even grid_even_p(const struct grid *g, guint machine, guint lru, guint policy, guint delay);
/** The break-even delay in seconds, at a probability. */
struct even grid_even_delay(const struct grid *g, guint machine, guint lru, guint policy, guint p);

/** Return values of grid_winner() that are not the index of a policy. */
enum { WINNER_NOISE = -2, WINNER_FIRST_OR_EQUAL };

/**
 * grid_winner - the cheapest policy. A policy beats the first if it costs significantly
 * less; of several, the one with the lowest mean wins. Otherwise the first wins: alone if
 * all others cost significantly more, WINNER_FIRST_OR_EQUAL if only some do.
 */
int grid_winner(const struct grid *g, guint machine, guint lru, guint delay, guint p);

#endif
