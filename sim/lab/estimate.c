// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lab/samples.h"

#define LEVEL 0.05

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

/*
 * Probability that Student's t is farther from 0 than @t. For whole degrees of freedom it is
 * a finite sum, of the powers of the cosine of atan(t / sqrt(freedom)): the odd ones, or the
 * even ones.
 */
static double student_p(double t, guint freedom)
{
	const double angle = atan(fabs(t) / sqrt(freedom));
	const double square = cos(angle) * cos(angle);
	double term = freedom % 2 ? cos(angle) : 1, sum = 0;

	for (guint k = freedom % 2 ? 3 : 2; k <= freedom; k += 2) {
		sum += term;
		term *= square * (k - 1) / k;
	}
	sum *= sin(angle);
	if (freedom % 2)
		sum = M_2_PI * (angle + sum);
	return MAX(0, 1 - sum);
}

struct estimate estimate_of(const double *v, guint n)
{
	struct estimate e = { .low = NAN, .high = NAN, .p = NAN };
	double squares = 0, error;

	for (guint i = 0; i < n; i++)
		e.mean += v[i] / n;
	if (n == 1)
		return e;
	for (guint i = 0; i < n; i++)
		squares += (v[i] - e.mean) * (v[i] - e.mean);
	error = sqrt(squares / (n - 1) / n);
	e.low = e.mean - student_t(n - 1) * error;
	e.high = e.mean + student_t(n - 1) * error;
	if (error > 0)
		e.p = student_p(e.mean / error, n - 1);
	else if (!isnan(e.mean))
		e.p = e.mean ? 0 : 1;
	return e;
}

struct estimate estimate_of_difference(const double *v, const double *first, guint n)
{
	g_autofree double *d = g_new(double, n);

	for (guint i = 0; i < n; i++)
		d[i] = v[i] - first[i];
	return estimate_of(d, n);
}

struct estimate estimate_of_samples(const double *v, const double *check, guint n, double steps,
				    double least)
{
	const struct estimate c = estimate_of(check, n);
	struct estimate e = estimate_of(v, n);
	const double t = student_t(n - 1), error = estimate_half(&e) / t;
	const double moved = fabs(e.mean - c.mean) + hypot(estimate_half(&e), estimate_half(&c));
	/* of one more value: its own spread, and that of the mean */
	const double one_more = error * sqrt(n + 1);
	const double half = MAX(t * one_more + steps * moved, least);

	e.low = e.mean - half;
	e.high = e.mean + half;
	if (one_more > 0)
		e.p = student_p(MAX(fabs(e.mean) - steps * moved, 0) / one_more, n - 1);
	else if (!isnan(e.mean))
		e.p = fabs(e.mean) > half ? 0 : 1;
	return e;
}

void estimate_ratios(const double *v, const double *first, guint n, double *out)
{
	double of = 0, to = 0;

	for (guint i = 0; i < n; i++) {
		of += v[i] / n;
		to += first[i] / n;
	}
	for (guint i = 0; i < n; i++) {
		if (!to)
			out[i] = NAN;
		else if (v[i] == first[i] && of == to)
			out[i] = 0;
		else
			out[i] = of / to - 1 + (v[i] - of / to * first[i]) / to;
	}
}

/* Probability that so many of @n fair coins, or fewer, show one side, or the other. */
static double sign_p(guint few, guint n)
{
	double term = pow(0.5, n), sum = 0;

	for (guint k = 0; k <= few; k++) {
		sum += term;
		term *= (double)(n - k) / (k + 1);
	}
	return MIN(1, 2 * sum);
}

/* Unlike samples_quantile() this may be infinite. */
static double median_of_sorted(const double *sorted, guint n)
{
	return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

struct estimate estimate_of_spread(const double *v, const double *first, guint n)
{
	g_autofree double *change = g_new(double, n);
	guint more = 0, less = 0;

	for (guint i = 0; i < n; i++) {
		if (isnan(v[i]) || isnan(first[i]))
			return (struct estimate){ NAN, NAN, NAN, NAN };
		change[i] = v[i] == first[i] ? 0 : first[i] ? v[i] / first[i] - 1 : INFINITY;
		more += change[i] > 0;
		less += change[i] < 0;
	}
	qsort(change, n, sizeof(*change), compare_doubles);
	return (struct estimate){
		.mean = median_of_sorted(change, n),
		.low = n > 1 ? change[0] : NAN,
		.high = n > 1 ? change[n - 1] : NAN,
		.p = n > 1 ? sign_p(MIN(more, less), more + less) : NAN,
	};
}

/* NaN of no values */
static double median_of(const double *v, guint n)
{
	g_autofree double *sorted = g_new(double, n);

	if (!n)
		return NAN;
	memcpy(sorted, v, n * sizeof(*v));
	qsort(sorted, n, sizeof(*sorted), compare_doubles);
	return median_of_sorted(sorted, n);
}

struct estimate estimate_of_parts(const double *v, const guint *end, guint nr)
{
	struct estimate e = { .low = INFINITY, .high = -INFINITY, .p = NAN };
	guint more = 0, less = 0;

	e.mean = median_of(v, end[nr - 1]);
	for (guint i = 0, begin = 0; i < nr; begin = end[i++]) {
		const double part = median_of(v + begin, end[i] - begin);

		if (isnan(part)) {
			e.low = e.high = NAN;
			return e;
		}
		e.low = MIN(e.low, part);
		e.high = MAX(e.high, part);
		more += part > 0;
		less += part < 0;
	}
	e.p = sign_p(MIN(more, less), more + less);
	return e;
}

double estimate_half(const struct estimate *e)
{
	return (e->high - e->low) / 2;
}

bool estimate_is_single(const struct estimate *e)
{
	return isnan(e->low) && !isnan(e->mean);
}

bool estimate_is_zero(const struct estimate *e)
{
	return !e->mean && !(e->high > e->low);
}

bool estimate_is_noise(const struct estimate *e)
{
	return !(e->p < LEVEL);
}

static int by_p(const void *a, const void *b)
{
	return compare_doubles(&(*(struct estimate *const *)a)->p,
			       &(*(struct estimate *const *)b)->p);
}

void estimate_correct(struct estimate *e, guint n)
{
	g_autofree struct estimate **sorted = g_new(struct estimate *, n);
	double least = 0;
	guint nr = 0;

	for (guint i = 0; i < n; i++)
		if (!isnan(e[i].p))
			sorted[nr++] = &e[i];
	if (nr) /* without, there is no array */
		qsort(sorted, nr, sizeof(*sorted), by_p);
	for (guint i = 0; i < nr; i++) {
		least = MAX(least, MIN(1, sorted[i]->p * (nr - i)));
		sorted[i]->p = least;
	}
}

guint estimate_sign_tests(guint n)
{
	return (guint)MIN(ceil(LEVEL / sign_p(0, n)) - 1, G_MAXUINT);
}

guint estimate_signs_needed(guint n, guint comparisons)
{
	guint few = 0;

	while (few <= n && sign_p(few, n) * comparisons < LEVEL)
		few++;
	return n - few + 1;
}
