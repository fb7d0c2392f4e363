/* SPDX-License-Identifier: GPL-2.0-only */
/* What samples of a trace say, as tables and rows. */
#ifndef REAPSIM_CLI_SAMPLED_H
#define REAPSIM_CLI_SAMPLED_H

#include <stdio.h>

#include "sim/lab/runs.h"

/** On samples, for command.details. */
#define SAMPLE_DETAILS                                                                             \
	"--sample 1/N replays 8 disjoint samples of 1/N of the pages, on 1/N of the memory,\n"     \
	"and 8 of a quarter of that, which show what size does. Every number is an estimate of\n"  \
	"what the whole trace gives, with a 95% interval; \"~\": the sign of a change can be\n"    \
	"noise, with Holm's correction for a table. traces/studies/SAMPLING.md has what a "        \
	"sample\n"                                                                                 \
	"keeps, and how often the interval was right. Snapshots are left out.\n"

/** For each machine and kind of end a table of @item, and one of fills: the estimates, and the
 * changes from the first policy. */
void sampled_tables(FILE *f, const struct run_set *rs, enum vmstat_item item);
/** All counters of a set of one policy; @all: also those that are 0. */
void sampled_counters(FILE *f, const struct run_set *rs, bool all);
/** Rows of ROWS_SAMPLE: every counter of every policy whose runs have finished. Return: how many */
guint sampled_rows(FILE *f, const struct run_set *rs);

#endif
