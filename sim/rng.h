/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers of a run: splitmix64. A seed gives the same numbers on every machine.
 * Therefore the code uses no libm, only integers, and + - * / on doubles.
 */
#ifndef REAPSIM_RNG_H
#define REAPSIM_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

/** Seed a generator. @stream: separates the generators of one run that share a seed. */
void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
/** 0 .. @n - 1; @n > 0 */
uint64_t rng_below(struct rng *r, uint64_t n);
/** [0, 1) */
double rng_real(struct rng *r);
/** Exponentially distributed with mean 1. */
double rng_exponential(struct rng *r);
/** Uniform in the logarithm between @min and @max, 0 < @min <= @max. */
uint64_t rng_log_uniform(struct rng *r, uint64_t min, uint64_t max);

#endif
