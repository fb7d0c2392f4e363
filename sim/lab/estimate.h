/* SPDX-License-Identifier: GPL-2.0-only */
/* The mean over runs with different seeds, and its confidence interval. */
#ifndef REAPSIM_ESTIMATE_H
#define REAPSIM_ESTIMATE_H

#include <stdbool.h>

#include <glib.h>

/** struct estimate - @half: half the width of the 95% confidence interval, by
 * Student's t; 0 for a single run, which has no interval. */
struct estimate {
	double mean, half;
};

/** The mean of @n values. */
struct estimate estimate_of(const double *v, guint n);
/** The mean of @v[i] - @first[i] over @n pairs with the same seed. */
struct estimate estimate_of_difference(const double *v, const double *first, guint n);
/** Does the interval contain 0, or is the mean not a number? */
bool estimate_is_noise(const struct estimate *e);

#endif
