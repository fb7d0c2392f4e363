// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random draws of the generators.
 *
 * A Zipf draw uses Walker's alias method: n columns of equal height, each
 * split between its own rank and one other. The table is built in place and in
 * integers. Only the weights are real numbers; log and exp below use nothing
 * but the four operations of IEEE 754, so no libm can change a trace.
 */
#include <errno.h>
#include <string.h>

#include <glib.h>

#include "traces/gen/gen.h"

void gen_rng_init(struct gen_rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		r->s[i] = z ^ z >> 31;
	}
}

#define LN2 0.69314718055994530942

/* Natural logarithm of @x >= 1, good to about 1e-15. */
static double stable_log(double x)
{
	uint64_t bits;
	double y, y2, term, sum = 0;
	int e;

	memcpy(&bits, &x, sizeof(bits));
	e = (int)(bits >> 52) - 1023;
	bits = (bits & ((1ull << 52) - 1)) | 1023ull << 52;
	memcpy(&x, &bits, sizeof(x));
	if (x > 1.41421356237309504880) {
		x /= 2;
		e++;
	}
	/* ln x = 2 artanh((x - 1) / (x + 1)), the argument below 0.172 */
	y = (x - 1) / (x + 1);
	y2 = y * y;
	term = y;
	for (int k = 1; k < 24; k += 2) {
		sum += term / k;
		term *= y2;
	}
	return 2 * sum + e * LN2;
}

/* e^-@x for @x >= 0, good to about 1e-14; 0 below the normal numbers. */
static double stable_exp_neg(double x)
{
	int e = (int)(x / LN2 + 0.5);
	double r = e * LN2 - x, term = 1, sum = 1;
	uint64_t bits;
	double scale;

	if (e > 1021)
		return 0;
	for (int k = 1; k < 16; k++) {
		term *= r / k;
		sum += term;
	}
	bits = (uint64_t)(1023 - e) << 52;
	memcpy(&scale, &bits, sizeof(scale));
	return sum * scale;
}

static double weight(uint32_t rank, double alpha)
{
	return stable_exp_neg(alpha * stable_log((double)rank + 1));
}

double gen_log_uniform(struct gen_rng *r, double min, double max)
{
	double left = (double)(gen_rng_next(r) >> 11) * 0x1p-53;

	return max * stable_exp_neg(left * stable_log(max / min));
}

int gen_zipf_init(struct gen_zipf *z, uint32_t n, double alpha, struct err *err)
{
	const uint64_t one = 1ull << 32;
	uint64_t *w = g_try_malloc_n(n, sizeof(*w));
	uint64_t left;
	uint32_t heavy = 0, light, i;
	double sum = 0, scale;

	G_STATIC_ASSERT(sizeof(*z->col) == sizeof(*w));
	if (!w)
		return err_set(err, -ENOMEM, "no memory for a Zipf table of %u ranks", n);
	/* The table's memory holds the real weights first. */
	for (i = 0; i < n; i++) {
		double real = weight(i, alpha);

		sum += real;
		memcpy(&w[i], &real, sizeof(real));
	}
	/* In units of a column's height, 2^32; the mean is one column. */
	scale = n / sum * (double)one;
	for (i = 0; i < n; i++) {
		double real;

		memcpy(&real, &w[i], sizeof(real));
		w[i] = (uint64_t)(real * scale + 0.5);
	}
	/*
	 * The ranks above the mean are the first ones. Each fills up light
	 * columns until less than a column of it is left; that becomes its own
	 * column, filled up by the next heavy one.
	 */
	while (heavy < n && w[heavy] > one)
		heavy++;
	z->n = n;
	z->col = (void *)w;
	light = heavy;
	for (i = 0; i < heavy; i++) {
		left = i ? left : w[0];
		while (left >= one && light < n) {
			uint64_t own = w[light];

			z->col[light].keep = own < one ? (uint32_t)own : UINT32_MAX;
			z->col[light].alias = i;
			left -= one - MIN(own, one);
			light++;
		}
		/* Rounding may leave a rest at the end: it goes to this rank. */
		z->col[i].keep = left < one && i + 1 < heavy ? (uint32_t)left : UINT32_MAX;
		if (i + 1 < heavy) {
			uint64_t next = w[i + 1];

			z->col[i].alias = left < one ? i + 1 : i;
			left = next - (left < one ? one - left : 0);
		} else {
			z->col[i].alias = i;
		}
	}
	for (; light < n; light++) {
		z->col[light].keep = UINT32_MAX;
		z->col[light].alias = light;
	}
	return 0;
}

void gen_zipf_release(struct gen_zipf *z)
{
	g_free(z->col);
	z->col = NULL;
}
