// SPDX-License-Identifier: GPL-2.0-only
/* sim/lab/agreement.c: spread, error, percentiles and signs against cases worked out by hand. */
#include <math.h>

#include <CUnit/CUnit.h>

#include "sim/lab/agreement.h"
#include "sim/lab/samples.h"
#include "tests/unit/testlib.h"

void suite_agreement(void);

static void test_spread(void)
{
	uint64_t odd[] = { 30, 10, 20 }, even[] = { 7, 1, 4, 2 }, one[] = { 5 };
	struct spread s = spread_of(odd, 3);

	TL_EQ(s.min, 10, "odd min");
	TL_EQ(s.max, 30, "odd max");
	CU_ASSERT_EQUAL(s.median, 20);
	s = spread_of(even, 4);
	TL_EQ(s.min, 1, "even min");
	TL_EQ(s.max, 7, "even max");
	CU_ASSERT_EQUAL(s.median, 3);
	s = spread_of(one, 1);
	CU_ASSERT(s.min == 5 && s.max == 5 && s.median == 5);
}

static void test_spread_without(void)
{
	const uint64_t five[] = { 1, 2, 4, 7, 30 }, two[] = { 3, 9 };
	struct spread s = spread_without(five, 5, 4);

	CU_ASSERT(s.min == 1 && s.max == 7 && s.median == 3);
	s = spread_without(five, 5, 0);
	CU_ASSERT(s.min == 2 && s.max == 30 && s.median == 5.5);
	s = spread_without(five, 5, 2);
	CU_ASSERT(s.min == 1 && s.max == 30 && s.median == 4.5);
	s = spread_without(five, 4, 1);
	CU_ASSERT(s.min == 1 && s.max == 7 && s.median == 4);
	s = spread_without(two, 2, 0);
	CU_ASSERT(s.min == 9 && s.max == 9 && s.median == 9);
	s = spread_without(two, 2, 1);
	CU_ASSERT(s.min == 3 && s.max == 3 && s.median == 3);
}

static void test_error(void)
{
	static const struct {
		struct spread kernel;
		uint64_t sim, accesses;
		double error;
	} cases[] = {
		{ { 90, 110, 100 }, 90, 1000, 0 },
		{ { 90, 110, 100 }, 110, 1000, 0 },
		{ { 90, 110, 100 }, 80, 1000, 0.1 },
		{ { 90, 110, 100 }, 130, 1000, 0.2 },
		/* 1% of the accesses exceeds the median */
		{ { 90, 110, 100 }, 130, 20000, 0.1 },
		{ { 0, 0, 0 }, 5, 1000, 0.5 },
		/* the kernel's counter is 0, in a trace without accesses */
		{ { 0, 0, 0 }, 0, 0, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		CU_ASSERT_DOUBLE_EQUAL(
			agreement_error(&cases[i].kernel, cases[i].sim, cases[i].accesses),
			cases[i].error, 1e-12);
	CU_ASSERT(isinf(agreement_error(&cases[6].kernel, 1, 0)));
}

static void test_percentile(void)
{
	double e[20], four[] = { 4, 1, 3, 2 }, one[] = { 7 };

	for (int i = 0; i < 20; i++)
		e[i] = 20 - i; /* 20 .. 1 */
	CU_ASSERT_EQUAL(doubles_percentile(e, 20, 50), 10);
	CU_ASSERT_EQUAL(doubles_percentile(e, 20, 95), 19);
	CU_ASSERT_EQUAL(doubles_percentile(e, 20, 96), 20);
	CU_ASSERT_EQUAL(doubles_percentile(e, 20, 100), 20);
	CU_ASSERT_EQUAL(doubles_percentile(e, 20, 0), 1);
	CU_ASSERT_EQUAL(doubles_percentile(four, 4, 50), 2);
	CU_ASSERT_EQUAL(doubles_percentile(four, 4, 95), 4);
	CU_ASSERT_EQUAL(doubles_percentile(one, 1, 50), 7);
	CU_ASSERT_EQUAL(doubles_percentile(NULL, 0, 50), 0);
}

static void test_sign(void)
{
	const struct spread base = { 100, 120, 110 }, more = { 121, 130, 125 },
			    less = { 80, 99, 90 }, touches = { 120, 140, 130 };

	CU_ASSERT_EQUAL(agreement_sign(&base, &more, 110, 111), SIGN_SAME);
	CU_ASSERT_EQUAL(agreement_sign(&base, &more, 110, 110), SIGN_OTHER);
	CU_ASSERT_EQUAL(agreement_sign(&base, &more, 110, 100), SIGN_OTHER);
	CU_ASSERT_EQUAL(agreement_sign(&base, &less, 110, 109), SIGN_SAME);
	CU_ASSERT_EQUAL(agreement_sign(&base, &less, 110, 110), SIGN_OTHER);
	CU_ASSERT_EQUAL(agreement_sign(&base, &touches, 110, 0), SIGN_NONE);
	CU_ASSERT_EQUAL(agreement_sign(&base, &base, 0, 1), SIGN_NONE);
}

void suite_agreement(void)
{
	CU_pSuite s = CU_add_suite("agreement", NULL, NULL);

	CU_add_test(s, "spread", test_spread);
	CU_add_test(s, "spread without one", test_spread_without);
	CU_add_test(s, "error", test_error);
	CU_add_test(s, "percentile", test_percentile);
	CU_add_test(s, "sign", test_sign);
}
