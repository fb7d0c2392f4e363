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

#include <glib.h>

#include "sim/lab/estimate.h"
#include "sim/lab/sweep.h"

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

/** struct breakeven_spec - what is asked; lists as typed in a command, and NULL where
 * there is a default. */
struct breakeven_spec {
	const char *workload; /* a generator, or the path of a trace */
	char *const *options; /* KEY=VALUE of the generator */
	guint nr_options;
	const char *machines;	   /* key files, with costs */
	char *const *settings;	   /* KEY=VALUE of every machine, NULL-terminated */
	const char *policies;	   /* the first is what the others are compared with */
	const char *lrus;	   /* default: all */
	const char *delays;	   /* in rising order */
	const char *probabilities; /* likewise */
	guint nr_seeds;
};

/** The sweep that answers. Return: 0 with both to be cleared, or -errno and nothing to
 * clear. */
int breakeven_parse(struct sweep *sw, struct returns *r, const struct breakeven_spec *spec,
		    struct err *err);
void returns_clear(struct returns *r);

/** struct grid - everything, from the CSV file of the sweep. */
struct grid {
	char *workload;
	const struct returns *r;
	GPtrArray *machines, *lrus, *policies; /* char *, as swept */
	guint nr_seeds;
	double *net; /* ms; NaN: the run failed */
};

/** @csv: of the sweep, which is finished. @workload: as in breakeven_spec */
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

/** grid_winner() - what it says when it is not the index of a policy. */
enum { WINNER_NOISE = -2, WINNER_FIRST_OR_EQUAL };

/**
 * grid_winner - the policy that costs least. One wins that costs certainly less than
 * the first; of several, the one with the lowest mean. If none does, the first wins:
 * alone if all others cost certainly more, WINNER_FIRST_OR_EQUAL if only some do.
 */
int grid_winner(const struct grid *g, guint machine, guint lru, guint delay, guint p);

#endif
