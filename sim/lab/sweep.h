/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sweep: every combination of the values of a key file's axes (sim/axes.h) is
 * a run, and a row of a CSV file.
 *
 *   [sweep]      trace=FILE;...   or generator=NAME
 *   [generator]  its options, seed included
 *   [machine]    machine keys; file=FILE.conf;... for whole machine files
 *   [run]        lru, policy, ends_as, kernel
 *
 * and with mode=timed in [sweep], for runs through outcome_run():
 *
 *   [killer]     options of the killer
 *   [restart]    rule, delay, p: RULE=DELAY,p=P (sim/restart.h)
 *   [timed]      loop, killer, seed
 *
 * Paths are relative to the key file. The rows are in the order of the runs:
 * the trace varies slowest, then the generator's options, machine keys, killer,
 * restart, timed, [run] fastest, and within a group the first key of the file. So the file is the
 * same bytes whatever the number of threads, and after any number of interruptions: what is
 * finished out of turn waits in a journal beside it, FILE.journal.
 *
 * Each row begins with the digest of the sweep: its definition, the bytes of the
 * traces and machine files, and the columns. The first line of the
 * journal has the digest of the program too; it alone stays when all is finished,
 * so that another program does not take the numbers for its own.
 */
#ifndef REAPSIM_SWEEP_H
#define REAPSIM_SWEEP_H

#include "sim/axes.h"
#include "sim/cli/cli.h"

#define SWEEP_RUNS_MAX 10000000

struct trace_generator;

/** struct sweep - what is to be run; only sweep.c looks inside. */
struct sweep {
	struct axes axes;
	char *dir;	  /* that paths are relative to */
	GPtrArray *order; /* struct axis *, those that are columns; slowest first */
	uint64_t *stride; /* runs between two changes of each */
	uint64_t nr_runs, runs_a_trace, nr_sources;
	const struct trace_generator *gen; /* NULL: trace files */
	bool timed;
	guint nr_results; /* columns of results */
	struct source *sources;
	char digest[17];
};

/** Parse a sweep and check every value; prints why not.
 * Return: 0 with @sw to be cleared, or the exit code and nothing to clear. */
int sweep_parse(struct sweep *sw, const char *path, const char *text, size_t len);
void sweep_clear(struct sweep *sw);
/** Value of the axis @order[@i] in run @run (from 0). */
const char *sweep_value(const struct sweep *sw, uint64_t run, guint i);
/** Name of the column of @order[@i]. */
char *sweep_column(const struct sweep *sw, guint i);

/**
 * Declare what the sweep reads but for its key file, the CSV file at @path that the
 * option @what named, and its journal. Return: 0, or -EINVAL with why not.
 */
int sweep_declare(const struct sweep *sw, struct outputs *files, const char *what, const char *path,
		  bool restart, struct err *err);
/**
 * Run what is missing in the CSV file at @path, on @jobs threads (0: one a
 * core). @restart: begin again whatever is there. SIGINT and SIGTERM end it; the
 * same call goes on.
 * Return: the exit code, after printing why: 1 if runs failed or are missing.
 */
int sweep_run(struct sweep *sw, const char *path, int jobs, bool restart);

#endif
