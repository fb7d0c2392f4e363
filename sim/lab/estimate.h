/* SPDX-License-Identifier: GPL-2.0-only */
/* A mean over runs with other seeds, and how far it can be trusted. */
#ifndef REAPSIM_ESTIMATE_H
#define REAPSIM_ESTIMATE_H

#include <stdbool.h>

#include <glib.h>

/** struct estimate - @half: half the width of the 95% confidence interval, by
 * Student's t; 0 of a single run, of which nothing can be said. */
struct estimate {
	double mean, half;
};

/** Of @n values. */
struct estimate estimate_of(const double *v, guint n);
/** Of how much each of @n values is more than that of the first kind: pairs, with the
 * same seed. */
struct estimate estimate_of_difference(const double *v, const double *first, guint n);
/** The interval has 0 in it, or the mean is no number. */
bool estimate_is_noise(const struct estimate *e);

#endif
