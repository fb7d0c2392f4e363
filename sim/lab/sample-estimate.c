// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the samples of a run set say of the whole trace.
 *
 * Approximations, and sim/lab/estimate.h has those of the interval: a level at the end of the run
 * (nr_active_file) is scaled like a count. Counters of what happens to processes and to the machine
 * as a whole are not: every sample has them all.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lab/runs.h"
#include "sim/lab/sample-machine.h"

int sampling_parse(struct sampling *sp, const char *text, struct err *err)
{
	char *end = NULL;
	unsigned long long n = 0;

	if (!strncmp(text, "1/", 2) && g_ascii_isdigit(text[2]))
		n = g_ascii_strtoull(text + 2, &end, 10);
	if (!end || *end || n < SAMPLE_ONE_IN_MIN || n > SAMPLE_ONE_IN_MAX)
		return err_set(
			err, -EINVAL,
			"--sample %s: expected a share from 1/%u, of which %u samples are the "
			"whole trace, to 1/%u",
			text, SAMPLE_ONE_IN_MIN, SAMPLES, SAMPLE_ONE_IN_MAX);
	sp->one_in = (uint32_t)n;
	return 0;
}

bool sample_scales(enum vmstat_item item)
{
	switch (item) {
	case VM_drop_pagecache:
	case VM_sim_victims:
	case VM_sim_advice_raced:
		return false;
	default:
		return true;
	}
}

/* Between a check sample and a sample is one step: how many are there to the whole? */
static double steps(const struct run_set *rs)
{
	return log(rs->sampling.one_in) / log(SAMPLE_CHECK);
}

/* A sample can not know a count better than by one extent that it has or has not */
static double one_extent(const struct run_set *rs)
{
	return (double)sample_unit_pages(rs->machines) * rs->sampling.one_in;
}

static double value_of(const struct run_set *rs, guint end, guint machine, guint policy, guint i,
		       enum vmstat_item item)
{
	const struct run *r = run_set_get_seed(rs, end, machine, policy, i);

	return (double)r->stat.v[item] * (sample_scales(item) ? r->cfg.one_in : 1);
}

struct estimate sample_estimate(const struct run_set *rs, guint end, guint machine, guint policy,
				enum vmstat_item item)
{
	double v[2 * SAMPLES];
	struct estimate e;

	for (guint i = 0; i < 2 * SAMPLES; i++)
		v[i] = value_of(rs, end, machine, policy, i, item);
	e = estimate_of_samples(v, v + SAMPLES, SAMPLES, steps(rs), one_extent(rs));
	if (!sample_scales(item))
		e.low = e.high = e.mean;
	/* nothing is counted less than never */
	e.low = MAX(e.low, 0);
	return e;
}

struct estimate sample_change(const struct run_set *rs, guint end, guint machine, guint policy,
			      enum vmstat_item item)
{
	double v[2 * SAMPLES], first[2 * SAMPLES], least;
	struct estimate e;

	for (guint i = 0; i < 2 * SAMPLES; i++) {
		first[i] = value_of(rs, end, machine, 0, i, item);
		v[i] = value_of(rs, end, machine, policy, i, item);
	}
	least = one_extent(rs) / MAX(estimate_of(first, SAMPLES).mean, 1);
	estimate_ratios(v, first, SAMPLES, v);
	estimate_ratios(v + SAMPLES, first + SAMPLES, SAMPLES, v + SAMPLES);
	e = estimate_of_samples(v, v + SAMPLES, SAMPLES, steps(rs), least);
	if (!sample_scales(item))
		e.low = e.high = e.mean;
	e.low = MAX(e.low, -1);
	return e;
}
