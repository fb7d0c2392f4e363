// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/samples.h"

#include <math.h>

int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double samples_quantile(GArray *samples, double q)
{
	double at = q * (samples->len - 1);
	guint i = (guint)at;
	double low, high;

	g_array_sort(samples, compare_doubles);
	low = g_array_index(samples, double, i);
	high = g_array_index(samples, double, MIN(i + 1, samples->len - 1));
	return low + (high - low) * (at - i);
}

double samples_mean(const GArray *samples)
{
	double sum = 0;

	for (guint i = 0; i < samples->len; i++)
		sum += g_array_index(samples, double, i);
	return sum / samples->len;
}

double doubles_percentile(double *v, size_t nr, unsigned int percent)
{
	if (!nr)
		return 0;
	qsort(v, nr, sizeof(*v), compare_doubles);
	return v[percent ? (nr * percent + 99) / 100 - 1 : 0];
}

GArray *samples_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(double));
}

void samples_add(GArray *samples, double v)
{
	g_array_append_val(samples, v);
}

double samples_deviation(const GArray *samples)
{
	const double mean = samples_mean(samples);
	double sum = 0;

	for (guint i = 0; i < samples->len; i++) {
		double d = g_array_index(samples, double, i) - mean;

		sum += d * d;
	}
	return sqrt(sum / (MAX(samples->len, 2) - 1));
}
