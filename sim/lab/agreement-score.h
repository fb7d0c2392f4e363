/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scores over the cells of judged results: shares, percentiles, signs, the kernel's own
 * noise, and the recorded level that a change must not fall below.
 */
#ifndef REAPSIM_AGREEMENT_SCORE_H
#define REAPSIM_AGREEMENT_SCORE_H

#include "sim/lab/agreement-judge.h"

/**
 * struct noise - each run of the kernel, and the simulator, compared with the spread of the
 * kernel's other runs: shows how close two runs of a kernel are.
 */
struct noise {
	struct share kernel_inside, kernel_within, sim_inside, sim_within;
};

/** struct score - of any number of cells. */
struct score {
	GArray *errors;		 /* double */
	uint64_t inside, within; /* cells inside the spread; at most 1% off */
	struct noise noise;
	struct share last_sign; /* at the last snapshot of each result */
	struct share each_sign, resident, active;
	const struct judged *worst_of;
	const struct cell *worst;
};

/** The score of a group. @counter: -1 for all; @scenario: NULL for all. Then
 * score_clear(). */
void score_group(struct score *s, const struct agreement *a, enum agreement_group group,
		 int counter, const char *scenario);
/** The score of every single run of the kernel in @scenario, compared with the spread of
 * @before. Then score_clear(). */
void score_again(struct score *s, const struct agreement *a, const struct results *before,
		 const char *scenario);
void score_clear(struct score *s);

/** In percent; 100 if the total is 0. */
double share_percent(struct share s);
double score_percent(const struct score *s, uint64_t nr_cells);
/** The @p th percentile of the errors, in percent. */
double score_percentile(const struct score *s, unsigned int p);

/** struct ranked_cell - a cell and its result. */
struct ranked_cell {
	const struct judged *j;
	const struct cell *c;
};
/** The cells outside the kernel's spread, the worst first, equal ones in the order of the
 * file. Return: an array of struct ranked_cell, owned by the caller. */
GArray *agreement_worst(const struct agreement *a);

/** struct level - one number of a level file, in percent. level_of() computes it from a
 * score. */
struct level {
	const char *key;
	bool less_is_better;
};
#define NR_LEVELS 6
extern const struct level levels[NR_LEVELS];
double level_of(const struct score *s, unsigned int level);

/** struct complaint - a level that is not reached (-EIO), or an error in the level file
 * (-EINVAL). */
struct complaint {
	int code;
	struct err err;
};
/** Compare @a with the level in @path. Return: an array of struct complaint, owned by the
 * caller; empty if the level is reached. */
GArray *agreement_check_level(const struct agreement *a, const char *path);

#endif
