/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results of a real kernel, as kernel-patch/scripts/record.sh stores them: for each
 * scenario and policy, every counter at every snapshot in every run, and the state of
 * every file page on which the runs agree.
 */
#ifndef REAPSIM_RESULTS_H
#define REAPSIM_RESULTS_H

#include <glib.h>

#include "sim/lab/agreement.h"
#include "sim/err.h"
#include "sim/sim.h"
#include "sim/vmstat.h"

/** struct result_counter - a recorded counter, the sum of one or two items. */
struct result_counter {
	const char *name;
	enum vmstat_item item, more; /* their sum; only @item if both are equal */
};
extern const struct result_counter result_counters[];
#define NR_RESULT_COUNTERS 9
/* After these, and no cell, as it includes what the kernel reads for itself: what the disk read. */
#define RESULT_DISK_READ NR_RESULT_COUNTERS

/** struct cell - a counter at a snapshot. */
struct cell {
	const char *mark; /* snapshot: "NAME", or "NAME:2" for the second of that name */
	unsigned int counter;
	unsigned int line; /* in the file that it was read from */
	uint64_t *values;  /* one per run of the kernel, sorted */
	struct spread kernel;
	uint64_t sim;
	double error;
};

/** struct page_states - the pages of a file at a snapshot. */
struct page_states {
	const char *mark, *file;
	unsigned int line;
	GArray *runs; /* struct state_run */
};

/** struct state_run - @count pages in one state: '.' not cached, 'i' inactive, 'a' active,
 * 'p' cached, but active only in some runs, '?' cached only in some runs. */
struct state_run {
	uint32_t count;
	char state;
};

/** struct result - one scenario under one policy. */
struct result {
	const char *scenario, *policy, *lru, *digest;
	const char *kernel;   /* release of the recorded kernel, "7.3.0-rc7" */
	const char *settings; /* its settings, "KEY=VALUE ..."; may be empty */
	unsigned int line, nr_runs;
	/* measured in the guest: medians over the runs */
	uint64_t fault_us, scan_ns;
	GArray *times; /* struct op_times, likewise, up to each snapshot */
	GArray *cells; /* struct cell, in the order of the trace */
	GArray *reads; /* struct cell of RESULT_DISK_READ, likewise; old recordings lack them */
	GArray *pages; /* struct page_states, likewise */
};

/** struct results - the three files; strings live in @strings. */
struct results {
	char *runs_path, *csv_path, *pages_path;
	GStringChunk *strings;
	GPtrArray *all; /* struct result *, by scenario */
};

/** Read PATH.csv and PATH.runs.csv and PATH.pages.csv, given the first.
 * Return: 0, or -errno with "FILE:LINE: " in @err; results_clear() in both cases. */
int results_load(struct results *r, const char *path, struct err *err);
void results_clear(struct results *r);
/** Return: the result of @scenario under @policy, or NULL. */
struct result *results_find(const struct results *r, const char *scenario, const char *policy);
/** Return: a counter at the snapshot @mark, or NULL. */
const struct cell *result_find_cell(const struct result *x, unsigned int counter, const char *mark);

#endif
