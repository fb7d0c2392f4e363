// SPDX-License-Identifier: GPL-2.0-only
/*
 * splitmix64 (Vigna, public domain). Logarithm and exponential use only + - * / and are exact
 * to 1e-12 or better. The last bits of libm's differ between machines.
 */
#include "sim/rng.h"

#define LN2 0.693147180559945309417232121458

uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void rng_init(struct rng *r, uint64_t seed, uint64_t stream)
{
	r->state = seed;
	/* after one step: with neighbouring seeds the sequences would be shifted copies */
	r->state = rng_next(r) + stream * 0xd1342543de82ef95;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)((unsigned __int128)rng_next(r) * n >> 64);
}

double rng_real(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

/* Natural logarithm of x >= 1e-300: x = 2^e * m, then the artanh series for m. */
static double ln(double x)
{
	int e = 0;
	double z, z2, term, sum = 0;

	for (; x >= 1.5; e++)
		x /= 2;
	for (; x < 0.75; e--)
		x *= 2;
	z = (x - 1) / (x + 1);
	z2 = z * z;
	term = z;
	for (int k = 1; k < 30; k += 2) {
		sum += term / k;
		term *= z2;
	}
	return 2 * sum + e * LN2;
}

static double expo(double x)
{
	double sum = 1, term = 1;
	int n = 0;

	for (; x > 0.5; n++)
		x /= 2;
	for (int k = 1; k < 18; k++) {
		term *= x / k;
		sum += term;
	}
	for (; n; n--)
		sum *= sum;
	return sum;
}

double rng_exponential(struct rng *r)
{
	return -ln(1 - rng_real(r));
}

uint64_t rng_log_uniform(struct rng *r, uint64_t min, uint64_t max)
{
	double span = ln((double)max / (double)min);
	uint64_t v = (uint64_t)((double)min * expo(span * rng_real(r)));

	return v > max ? max : v;
}
