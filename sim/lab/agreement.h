/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far the simulator is from a real kernel. The kernel is its own noise
 * floor: repeated runs differ, so it is the spread of several runs that the
 * simulator is compared with.
 */
#ifndef REAPSIM_LAB_AGREEMENT_H
#define REAPSIM_LAB_AGREEMENT_H

#include <stddef.h>
#include <stdint.h>

/** struct spread - what a counter was in the runs of the kernel. */
struct spread {
	uint64_t min, max;
	double median; /* of an even number of runs: the mean of the middle two */
};

/** The spread of @nr values, at least one; sorts them. */
struct spread spread_of(uint64_t *values, size_t nr);
/** The spread of all but one of @nr sorted values, at least two. */
struct spread spread_without(const uint64_t *values, size_t nr, size_t left_out);
/**
 * The error of one cell: 0 inside the spread, else the distance to its nearest
 * bound over the kernel's median, or over 1% of the scenario's @accesses to
 * folios where that is more. Both 0: infinite.
 */
double agreement_error(const struct spread *kernel, uint64_t sim, uint64_t accesses);
/** The @percent th percentile of @nr errors by nearest rank, 0 of none; sorts them. */
double agreement_percentile(double *errors, size_t nr, unsigned int percent);

/** enum sign - does the simulator say who needs more? */
enum sign {
	SIGN_NONE, /* the kernel's spreads overlap: it does not say either */
	SIGN_SAME,
	SIGN_OTHER, /* the other way round, or no difference */
};
enum sign agreement_sign(const struct spread *base, const struct spread *policy, uint64_t sim_base,
			 uint64_t sim_policy);

#endif
