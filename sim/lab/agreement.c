// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/agreement.h"

#include <math.h>
#include <stdlib.h>

#include "sim/lab/samples.h"

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct spread spread_of(uint64_t *values, size_t nr)
{
	qsort(values, nr, sizeof(*values), by_value);
	return (struct spread){
		.min = values[0],
		.max = values[nr - 1],
		.median = ((double)values[(nr - 1) / 2] + (double)values[nr / 2]) / 2,
	};
}

struct spread spread_without(const uint64_t *values, size_t nr, size_t left_out)
{
	const size_t low = (nr - 2) / 2, high = (nr - 1) / 2;

	return (struct spread){
		.min = values[left_out == 0],
		.max = values[nr - 1 - (left_out == nr - 1)],
		.median = ((double)values[low + (low >= left_out)] +
			   (double)values[high + (high >= left_out)]) /
			  2,
	};
}

double agreement_error(const struct spread *kernel, uint64_t sim, uint64_t accesses)
{
	const double scale = fmax(kernel->median, (double)accesses / 100);

	if (sim < kernel->min)
		return (double)(kernel->min - sim) / scale;
	if (sim > kernel->max)
		return (double)(sim - kernel->max) / scale;
	return 0;
}

enum sign agreement_sign(const struct spread *base, const struct spread *policy, uint64_t sim_base,
			 uint64_t sim_policy)
{
	if (policy->min > base->max)
		return sim_policy > sim_base ? SIGN_SAME : SIGN_OTHER;
	if (policy->max < base->min)
		return sim_policy < sim_base ? SIGN_SAME : SIGN_OTHER;
	return SIGN_NONE;
}
