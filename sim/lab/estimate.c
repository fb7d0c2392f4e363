// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/estimate.h"

#include <math.h>

/* Two-sided 95% quantile of Student's t; beyond the table exact to 0.1%. */
static double student_t(guint freedom)
{
	static const double t[] = {
		12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
		2.201,	2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
		2.080,	2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
	};

	return freedom <= G_N_ELEMENTS(t) ? t[freedom - 1] : 1.96 + 2.5 / freedom;
}

struct estimate estimate_of(const double *v, guint n)
{
	struct estimate e = { 0 };
	double squares = 0;

	for (guint i = 0; i < n; i++)
		e.mean += v[i] / n;
	for (guint i = 0; i < n; i++)
		squares += (v[i] - e.mean) * (v[i] - e.mean);
	if (n > 1)
		e.half = student_t(n - 1) * sqrt(squares / (n - 1) / n);
	return e;
}

struct estimate estimate_of_difference(const double *v, const double *first, guint n)
{
	g_autofree double *d = g_new(double, n);

	for (guint i = 0; i < n; i++)
		d[i] = v[i] - first[i];
	return estimate_of(d, n);
}

bool estimate_is_noise(const struct estimate *e)
{
	return !(fabs(e->mean) > e->half);
}
