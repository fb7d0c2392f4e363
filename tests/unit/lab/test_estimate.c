// SPDX-License-Identifier: GPL-2.0-only
/* Means, their confidence intervals, and quantiles. */
#include <math.h>

#include <CUnit/CUnit.h>

#include "sim/lab/estimate.h"
#include "sim/lab/samples.h"
#include "tests/unit/testlib.h"

void suite_estimate(void);

/* 97.5% quantiles of Student's t, from published tables */
static const struct {
	guint freedom;
	double t;
} quantiles[] = {
	{ 1, 12.7062 },	 { 2, 4.3027 },	  { 3, 3.1824 },  { 4, 2.7764 },  { 5, 2.5706 },
	{ 6, 2.4469 },	 { 7, 2.3646 },	  { 8, 2.3060 },  { 9, 2.2622 },  { 10, 2.2281 },
	{ 11, 2.2010 },	 { 12, 2.1788 },  { 13, 2.1604 }, { 14, 2.1448 }, { 15, 2.1314 },
	{ 16, 2.1199 },	 { 17, 2.1098 },  { 18, 2.1009 }, { 19, 2.0930 }, { 20, 2.0860 },
	{ 21, 2.0796 },	 { 22, 2.0739 },  { 23, 2.0687 }, { 24, 2.0639 }, { 25, 2.0595 },
	{ 26, 2.0555 },	 { 27, 2.0518 },  { 28, 2.0484 }, { 29, 2.0452 }, { 30, 2.0423 },
	{ 31, 2.0395 },	 { 40, 2.0211 },  { 60, 2.0003 }, { 99, 1.9842 }, { 120, 1.9799 },
	{ 499, 1.9647 }, { 999, 1.9623 },
};

/* n values with mean 0 and a standard deviation of the square root of n: the half width of the
 * interval is t itself */
static void test_student_t(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++) {
		const guint n = quantiles[i].freedom + 1;
		g_autofree double *v = g_new0(double, n);
		struct estimate e;

		v[0] = -sqrt(n * (n - 1) / 2.0);
		v[n - 1] = -v[0];
		e = estimate_of(v, n);
		CU_ASSERT_DOUBLE_EQUAL(e.mean, 0, 1e-9);
		TL_EQ(fabs(estimate_half(&e) / quantiles[i].t - 1) <= 0.001, true,
		      "freedom %u: within 0.1%%", quantiles[i].freedom);
	}
}

/* worked out by hand: 4 values with mean 5 and standard deviation 2: 3.1824 * 2 / 2 */
static void test_interval(void)
{
	const double v[] = { 3, 7, 5 - sqrt(2), 5 + sqrt(2) }, one[] = { 8 };
	const double nan[] = { 1, NAN }, same[] = { 3, 3, 3 };
	struct estimate e = estimate_of(v, 4);

	CU_ASSERT_DOUBLE_EQUAL(e.mean, 5, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(estimate_half(&e), 3.1824, 0.001);
	CU_ASSERT_FALSE(estimate_is_noise(&e));
	/* a single value has no interval, and NaN is noise */
	e = estimate_of(one, 1);
	CU_ASSERT_EQUAL(e.mean, 8);
	CU_ASSERT_TRUE(estimate_is_single(&e));
	CU_ASSERT_TRUE(estimate_is_noise(&e));
	e = estimate_of(nan, 2);
	CU_ASSERT_TRUE(isnan(e.mean));
	CU_ASSERT_TRUE(estimate_is_noise(&e));
	e = estimate_of(same, 3);
	CU_ASSERT_EQUAL(estimate_half(&e), 0);
	CU_ASSERT_FALSE(estimate_is_noise(&e));
}

/* the interval ends at 0 if and only if p is 5%: for any number of values */
static void test_p(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++) {
		const guint n = quantiles[i].freedom + 1;
		g_autofree double *v = g_new0(double, n);

		v[0] = -sqrt(n * (n - 1) / 2.0);
		v[n - 1] = -v[0];
		for (guint k = 0; k < n; k++)
			v[k] += quantiles[i].t;
		CU_ASSERT_DOUBLE_EQUAL(estimate_of(v, n).p, 0.05, 2e-5);
	}
}

/* Holm by hand: 0.01 * 4, 0.02 * 3, then 0.03 * 2 is not below the one before, 0.5 */
static void test_correct(void)
{
	static const double before[] = { 0.03, NAN, 0.01, 0.5, 0.02 };
	static const double after[] = { 0.06, NAN, 0.04, 0.5, 0.06 };
	struct estimate e[5];

	for (size_t i = 0; i < G_N_ELEMENTS(e); i++)
		e[i] = (struct estimate){ 1, 0, 2, before[i] };
	estimate_correct(e, G_N_ELEMENTS(e));
	for (size_t i = 0; i < G_N_ELEMENTS(e); i++)
		TL_EQ(isnan(after[i]) ? isnan(e[i].p) : fabs(e[i].p - after[i]) < 1e-12, true,
		      "test %zu: %g", i, e[i].p);
	estimate_correct(e, 0);
	e[0].p = 0.9;
	e[1].p = 0.8;
	estimate_correct(e, 2);
	CU_ASSERT_EQUAL(e[0].p, 1);
	CU_ASSERT_EQUAL(e[1].p, 1);
}

static void test_noise(void)
{
	static const struct {
		struct estimate e;
		bool noise;
	} rows[] = {
		{ { 1, 0.1, 1.9, 0.04 }, false },    { { 1, 0, 2, 0.05 }, true },
		{ { -1, -1.9, -0.1, 0.04 }, false }, { { 0, 0, 0, 1 }, true },
		{ { 1, 1, 1, 0 }, false },	     { { 1, NAN, NAN, NAN }, true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		TL_EQ(estimate_is_noise(&rows[i].e), rows[i].noise, "row %zu", i);
}

/* differences between seeds cancel out in pairs: seeds with 10 and 1000 give the same estimate */
static void test_difference(void)
{
	const double first[] = { 10, 1000, 100 }, v[] = { 11, 1002, 103 };
	struct estimate e = estimate_of_difference(v, first, 3);

	CU_ASSERT_DOUBLE_EQUAL(e.mean, 2, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(estimate_half(&e), 4.303 / sqrt(3), 0.001);
}

/* the median of the percentages, their range, and a sign test by hand: 1 of 4 fair coins or
 * fewer, on either side, is 2 * (1 + 4) / 16 */
static void test_spread(void)
{
	const double first[] = { 10, 100, 1000, 10, 7 }, v[] = { 12, 110, 900, 14, 7 };
	const double zero[] = { 0, 100 }, one[] = { 5, 100 };
	struct estimate e = estimate_of_spread(v, first, 4);

	CU_ASSERT_DOUBLE_EQUAL(e.mean, 0.15, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(e.low, -0.1, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(e.high, 0.4, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(e.p, 0.625, 1e-9);
	/* equal pairs do not count */
	e = estimate_of_spread(v, first, 5);
	CU_ASSERT_DOUBLE_EQUAL(e.mean, 0.1, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(e.p, 0.625, 1e-9);
	e = estimate_of_spread(first, first, 5);
	CU_ASSERT_TRUE(estimate_is_zero(&e) && estimate_is_noise(&e));
	e = estimate_of_spread(one, zero, 2);
	CU_ASSERT_TRUE(isinf(e.high) && e.low == 0 && e.p == 1);
	e = estimate_of_spread((const double[]){ 1, NAN }, first, 2);
	CU_ASSERT_TRUE(isnan(e.mean) && isnan(e.p));
	e = estimate_of_spread(v, first, 1);
	CU_ASSERT_TRUE(estimate_is_single(&e));
}

static void test_samples(void)
{
	static const double unsorted[] = { 4, 1, 3, 2 };
	static const struct {
		double q, value;
	} rows[] = { { 0, 1 }, { 0.25, 1.75 }, { 0.5, 2.5 }, { 0.75, 3.25 }, { 1, 4 } };
	GArray *s = samples_new();

	samples_add(s, 7);
	CU_ASSERT_EQUAL(samples_quantile(s, 0.5), 7);
	CU_ASSERT_EQUAL(samples_quantile(s, 1), 7);
	CU_ASSERT_EQUAL(samples_deviation(s), 0);
	g_array_set_size(s, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(unsorted); i++)
		samples_add(s, unsorted[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		CU_ASSERT_DOUBLE_EQUAL(samples_quantile(s, rows[i].q), rows[i].value, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(samples_mean(s), 2.5, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(samples_deviation(s), sqrt(5.0 / 3), 1e-12);
	g_array_free(s, TRUE);
}

/* 2 * 2^-12 * 102 is just below 5%; of 12 pairs one may differ if the comparison is alone. */
static void test_sign_power(void)
{
	CU_ASSERT_EQUAL(estimate_sign_tests(4), 0);
	CU_ASSERT_EQUAL(estimate_sign_tests(8), 6);
	CU_ASSERT_EQUAL(estimate_sign_tests(12), 102);
	CU_ASSERT_EQUAL(estimate_signs_needed(12, 102), 12);
	CU_ASSERT_EQUAL(estimate_signs_needed(12, 103), 13);
	CU_ASSERT_EQUAL(estimate_signs_needed(12, 1), 10);
	CU_ASSERT_EQUAL(estimate_signs_needed(16, 18), 15);
}

/* of parts: the median of all values, and the least and the most of the parts' medians */
static void test_parts(void)
{
	static const struct {
		double v[8];
		guint end[3];
		double median, low, high, p;
	} rows[] = {
		/* medians 2, 5, 9; two of the values are far off, as if something had interrupted
		 */
		{ { 1, 2, 900, 5, 4, 6, 9, 9 }, { 3, 6, 8 }, 5.5, 2, 9, 0.25 },
		/* parts of one value; signs that differ */
		{ { -1, 3, 2 }, { 1, 2, 3 }, 2, -1, 3, 1 },
		/* the order of values in a part does not matter, that of parts neither */
		{ { 9, 9, 6, 5, 4, 900, 1, 2 }, { 2, 5, 8 }, 5.5, 2, 9, 0.25 },
		/* a part whose values are all 0 has no sign */
		{ { 0, 0, 1, 2 }, { 2, 3, 4 }, 0.5, 0, 2, 0.5 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct estimate e = estimate_of_parts(rows[i].v, rows[i].end, 3);

		TL_EQ(e.mean == rows[i].median, true, "row %zu: median %g", i, e.mean);
		TL_EQ(e.low == rows[i].low, true, "row %zu: least %g", i, e.low);
		TL_EQ(e.high == rows[i].high, true, "row %zu: most %g", i, e.high);
		TL_EQ(fabs(e.p - rows[i].p) < 1e-12, true, "row %zu: p %g", i, e.p);
	}
}

/* a part without a value: there is a median, but no interval and no test */
static void test_empty_part(void)
{
	const double v[] = { 3, 1, 2 };
	const guint end[] = { 2, 2, 3 }, none[] = { 0, 0, 0 };
	struct estimate e = estimate_of_parts(v, end, 3);

	CU_ASSERT_EQUAL(e.mean, 2);
	CU_ASSERT_TRUE(estimate_is_single(&e));
	CU_ASSERT_TRUE(estimate_is_noise(&e));
	e = estimate_of_parts(v, none, 3);
	CU_ASSERT_TRUE(isnan(e.mean));
}

/* The interval must hold what the header promises, also of values that hang together within a
 * part: here each part has a shift of its own, of which 0 is the median. Six parts miss it if all
 * shifts have the same sign: 1 in 32. */
static void test_parts_cover(void)
{
	const guint runs = 4000;
	uint64_t random = 1;
	guint inside = 0;

	for (guint run = 0; run < runs; run++) {
		double v[60], shift = 0;
		guint end[6];
		struct estimate e;

		for (guint i = 0; i < 60; i++) {
			static const double noise[] = { -0.3, -0.1, 0, 0.1, 0.3 };

			random = random * 6364136223846793005u + 1442695040888963407u;
			if (i % 10 == 0)
				shift = (double)(random >> 33) / 0x1p30 - 1;
			v[i] = shift + noise[(random >> 40) % 5] * 0.01;
			end[i / 10] = i + 1;
		}
		e = estimate_of_parts(v, end, 6);
		inside += e.low <= 0 && e.high >= 0;
	}
	TL_EQ(inside > runs * 0.96 && inside < runs * 0.98, true, "%u of %u are inside", inside,
	      runs);
}

static void near(double is, double expected, const char *what)
{
	TL_EQ(fabs(is - expected) < 0.001, true, "%s: %g, expected %g", what, is, expected);
}

/* Of samples: one more value of the same spread, and what size does in each step */
static void test_sampled(void)
{
	static const double v[] = { 98, 102, 98, 102, 98, 102, 98, 102 };
	static const double check[] = { 90, 90, 90, 90, 90, 90, 90, 90 };
	const double error = 2.365 * sqrt(32.0 / 7 / 8); /* of the mean */
	const double half = 2.365 * sqrt(32.0 / 7 * (1 + 1.0 / 8));
	struct estimate e = estimate_of_samples(v, v, 8, 0, 0);

	near(e.mean, 100, "mean");
	near(e.high - e.mean, half, "one more value");
	e = estimate_of_samples(v, check, 8, 1.5, 0);
	near(e.high - e.mean, half + 15 + 1.5 * error, "and a bias");
	near(e.mean - e.low, half + 15 + 1.5 * error, "at both ends");
	CU_ASSERT_TRUE(e.p < 1e-6);
	/* a bias as large as the value: its sign can be noise */
	e = estimate_of_samples(v, check, 8, 10, 0);
	near(e.p, 1, "p");
	e = estimate_of_samples(check, check, 8, 10, 3);
	near(e.high - e.mean, 3, "at least");
}

static void test_ratios(void)
{
	static const double v[] = { 22, 44, 66 }, first[] = { 20, 40, 60 }, none[] = { 0, 0, 0 };
	static const double other[] = { 30, 40, 50 };
	double out[3];

	estimate_ratios(v, first, 3, out);
	for (guint i = 0; i < 3; i++)
		near(out[i], 0.1, "the same ratio everywhere");
	estimate_ratios(other, first, 3, out);
	near(out[0] + out[1] + out[2], 0, "the ratio of the means");
	near(out[0], 0.25, "the first is above it");
	estimate_ratios(first, first, 3, out);
	CU_ASSERT_TRUE(out[0] == 0 && out[1] == 0 && out[2] == 0);
	estimate_ratios(v, none, 3, out);
	CU_ASSERT_TRUE(isnan(out[0]));
}

void suite_estimate(void)
{
	CU_pSuite s = CU_add_suite("estimate", NULL, NULL);

	CU_add_test(s, "the median over parts", test_parts);
	CU_add_test(s, "a part without a value", test_empty_part);
	CU_add_test(s, "the interval of parts holds what it promises", test_parts_cover);
	CU_add_test(s, "Student's t against a table", test_student_t);
	CU_add_test(s, "an interval worked by hand", test_interval);
	CU_add_test(s, "p is 5% where the interval ends at 0", test_p);
	CU_add_test(s, "many tests corrected, by hand", test_correct);
	CU_add_test(s, "noise", test_noise);
	CU_add_test(s, "differences in pairs", test_difference);
	CU_add_test(s, "the spread of changes", test_spread);
	CU_add_test(s, "quantiles, mean and deviation", test_samples);
	CU_add_test(s, "what a sign test can find", test_sign_power);
	CU_add_test(s, "the whole of samples", test_sampled);
	CU_add_test(s, "ratios of samples", test_ratios);
}
