/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples of a measurement: a GArray of double. */
#ifndef REAPSIM_SAMPLES_H
#define REAPSIM_SAMPLES_H

#include <glib.h>

/** Of two doubles, for qsort() and g_array_sort(). */
int compare_doubles(const void *a, const void *b);
/** The @percent th percentile of @nr values by nearest rank, 0 of none; sorts them. */
double doubles_percentile(double *v, size_t nr, unsigned int percent);

GArray *samples_new(void);
void samples_add(GArray *samples, double v);
/** Quantile 0..1 of at least one sample, linear between two; sorts them. */
double samples_quantile(GArray *samples, double q);
double samples_mean(const GArray *samples);
/** The standard deviation; 0 for a single sample. */
double samples_deviation(const GArray *samples);

#endif
