/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The distance of the simulator from a real kernel. Repeated runs of the kernel differ,
 * so the simulator is compared with the spread of several runs.
 */
#ifndef REAPSIM_LAB_AGREEMENT_H
#define REAPSIM_LAB_AGREEMENT_H

#include <stddef.h>
#include <stdint.h>

/** struct spread - the range of a counter over the runs of the kernel. */
struct spread {
	uint64_t min, max;
	double median; /* of an even number of runs: the mean of the middle two */
};

/** The spread of @nr values, at least one; sorts them. */
struct spread spread_of(uint64_t *values, size_t nr);
/** The spread of all but one of @nr sorted values, at least two. */
struct spread spread_without(const uint64_t *values, size_t nr, size_t left_out);
/**
 * The error of one cell: 0 inside the spread. Outside, the distance to the nearest bound,
 * divided by the kernel's median or 1% of the scenario's @accesses to folios, whichever is
 * larger. Infinite if both are 0.
 */
double agreement_error(const struct spread *kernel, uint64_t sim, uint64_t accesses);

/** enum sign - does the simulator's difference between two policies have the kernel's sign? */
enum sign {
	SIGN_NONE, /* the kernel's spreads overlap: there is no sign */
	SIGN_SAME,
	SIGN_OTHER, /* the opposite sign, or no difference */
};
enum sign agreement_sign(const struct spread *base, const struct spread *policy, uint64_t sim_base,
			 uint64_t sim_policy);

#endif
