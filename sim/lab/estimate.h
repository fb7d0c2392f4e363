/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mean over runs with different seeds with its confidence interval, or the spread over the
 * members of an ensemble, or the median over the parts of a measurement, and a test against 0.
 */
#ifndef REAPSIM_ESTIMATE_H
#define REAPSIM_ESTIMATE_H

#include <stdbool.h>

#include <glib.h>

/** struct estimate - a mean and what is known of it. */
struct estimate {
	double mean;	  /* of a spread or of parts the median */
	double low, high; /* its interval, of 95% by Student's t, or the least and the most of a
			   * spread or of parts; NaN of a single value, which has none */
	double p;	  /* two-sided probability of a mean at least this far from 0, or of signs
			   * that agree so much, if there is no difference; NaN if there is no
			   * interval */
};

/** The mean of @n values, at least one. */
struct estimate estimate_of(const double *v, guint n);
/** The mean of @v[i] - @first[i] over @n pairs with the same seed. */
struct estimate estimate_of_difference(const double *v, const double *first, guint n);
/**
 * The change of @n pairs, each @v[i] relative to its @first[i]: of @v[i] / @first[i] - 1 the
 * median as mean, the least and the most as interval, and the sign test as p. It assumes no
 * distribution: of independent pairs one more would lie inside with probability
 * (n - 1) / (n + 1). Pairs without a difference do not count in the sign test. NaN if a value
 * is.
 */
struct estimate estimate_of_spread(const double *v, const double *first, guint n);
/**
 * What the whole of a sampled system gives. @v: of @n disjoint samples, @n at least 2, each scaled
 * to the whole; @check: the same of @n smaller ones; @steps: the whole is larger than a sample by
 * the factor from @check to @v, to this power; @least: of half the interval. The mean, and an
 * interval that is at either end the sum of two: that of Student's t for one more value of the same
 * spread; and @steps times what the mean of @check is away, at the farther end of its own interval.
 * p: that the value of the whole has another sign, by the same measure.
 *
 * So the whole is taken for one more draw, with a spread of at most that of a sample; and what size
 * does is taken to be at most as much in each further step as in the one that is measured. Wrong if
 * two biases cancel in that step and do not beyond it.
 */
struct estimate estimate_of_samples(const double *v, const double *check, guint n, double steps,
				    double least);
/**
 * The values of the ratio of means of @v and @first over @n samples, minus 1, for
 * estimate_of_samples(): their mean is that ratio, their spread that of its linear approximation.
 * NaN if all of @first are 0.
 */
void estimate_ratios(const double *v, const double *first, guint n, double *out);
/**
 * The median of values that were measured one after another in @nr parts: part i ends before value
 * @end[i]. The interval is the least and the most of the parts' own medians, and p the sign test of
 * these. It assumes no distribution, and of the parts only that none
 * depends on another one: values that are near in time may. The median of a longer run would lie
 * inside with probability 1 - 2^(1 - @nr). NaN if a part has no value.
 */
struct estimate estimate_of_parts(const double *v, const guint *end, guint nr);
/** Half the width of an interval that is symmetric. */
double estimate_half(const struct estimate *e);
/** Is it a single value, without an interval? */
bool estimate_is_single(const struct estimate *e);
/** Are all values the same, and 0? */
bool estimate_is_zero(const struct estimate *e);
/** Can it be 0, at the 5% level? Also true if nothing is known: of one value, or NaN. */
bool estimate_is_noise(const struct estimate *e);
/**
 * Correct @n tests of one table, with Holm's method: afterwards at most one table in twenty
 * without any difference has a cell that is not noise. Changes p, not the intervals.
 * Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian
 * Journal of Statistics 6 (1979). Values without p do not count.
 */
void estimate_correct(struct estimate *e, guint n);

/** How many comparisons may a table have, so that one of @n pairs that all have the same sign is
 * not noise after estimate_correct()? 0: not even one alone. */
guint estimate_sign_tests(guint n);

/** How many of @n pairs with the same sign suffice, so that one among @comparisons is not noise,
 * whatever the others are? More than @n: no number does. */
guint estimate_signs_needed(guint n, guint comparisons);

#endif
