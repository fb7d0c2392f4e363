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
 * and with mode=timed in [sweep], for timed runs:
 *
 *   [killer]     options of the killer
 *   [restart]    rule, delay, p: RULE=DELAY,p=P (sim/restart.h)
 *   [timed]      loop, killer, seed
 *
 * Paths are relative to the key file. The rows are in the order of the runs:
 * the trace varies slowest, then the generator's options, machine keys, killer,
 * restart, timed, [run] fastest, and within a group the first key of the file. So the
 * file is the same bytes whatever the number of threads, and after any number of
 * interruptions.
 *
 * Each row begins with the digest of the sweep: its definition, the bytes of the
 * traces and machine files, and the columns. Those files are read once, when the
 * sweep is parsed: what becomes of them later changes no run.
 *
 *   sweep-keyfile.c  parses the definition and checks every value
 *   sweep-input.c    the traces and machine files, read once and hashed; what
 *                    generators make
 *   sweep-cell.c     one run: its configuration, its execution, its row
 *   sweep-journal.c  the CSV file and its journal, and how they grow
 *   sweep-resume.c   reads both back after an interruption, and says what is finished
 *   sweep.c          the threads
 */
#ifndef REAPSIM_SWEEP_H
#define REAPSIM_SWEEP_H

#include "sim/axes.h"
#include "sim/lab/lab.h"
#include "sim/output.h"

#define SWEEP_RUNS_MAX 10000000
#define SWEEP_DIGEST   17 /* bytes: 16 digits */

struct trace_generator;
struct sweep_source;

/** struct sweep - what is to be run. */
struct sweep {
	struct axes axes;
	char *dir;	  /* that paths are relative to */
	GPtrArray *order; /* struct axis *, those that are columns; slowest first */
	uint64_t *stride; /* runs between two changes of each */
	uint64_t nr_runs, runs_a_trace, nr_sources;
	const struct trace_generator *gen; /* NULL: trace files */
	bool timed;
	char *header;	   /* of the CSV file, its first line */
	guint nr_results;  /* columns of results */
	GHashTable *files; /* machine file, as typed -> struct sweep_file */
	struct sweep_source *sources;
	char digest[SWEEP_DIGEST];
	bool left; /* interrupted, and threads still use what all of this points to */
};

/** Parse a sweep, check every value and read all its files; @path: for messages, and
 * where paths begin. Return: 0 with @sw to be cleared, or -errno and nothing to clear. */
int sweep_parse(struct sweep *sw, const char *path, const char *text, size_t len, struct err *err);
void sweep_clear(struct sweep *sw);
/** Value of the axis @order[@i] in run @run (from 0), and its index among the values. */
const char *sweep_value(const struct sweep *sw, uint64_t run, guint i);
guint sweep_index(const struct sweep *sw, uint64_t run, guint i);
/** @i of the axis @group.@key; -1: it is none. */
int sweep_axis(const struct sweep *sw, const char *group, const char *key);
/** -EINVAL if an axis that is none of the @nr in @known, indices or -1, has more than one
 * value: the reports that know these few have no place for it. */
int sweep_check_axes(const struct sweep *sw, const int *known, size_t nr, struct err *err);
/** Name of the column of @order[@i]. */
char *sweep_column(const struct sweep *sw, guint i);

/* failures are mostly alike */
#define SWEEP_FAILURES_MAX 4

/** struct sweep_failure - of one run, whose row says no more than that it failed. */
struct sweep_failure {
	uint64_t run; /* from 0 */
	int ret;
	struct err err;
};

/** struct sweep_report - how far a sweep is. */
struct sweep_report {
	uint64_t nr_before, nr_done, nr_failed; /* @nr_before: finished by earlier calls */
	guint nr_failures;
	/* of this call those with the lowest numbers, in order */
	struct sweep_failure failures[SWEEP_FAILURES_MAX];
};

/**
 * Declare what the sweep reads except for its key file, the CSV file at @path that the
 * option @what named, and its journal. Return: 0, or -EINVAL with why not.
 */
int sweep_declare(const struct sweep *sw, struct outputs *files, const char *what, const char *path,
		  bool restart, struct err *err);
/**
 * Run what is missing in the CSV file at @path, which sweep_declare() was told of with
 * @files, on @jobs threads (0: one a core). @restart: begin again whatever is there. The same call
 * goes on after it was interrupted, or the program ended. Return: 0: all are finished, if need be
 * as failed; -EINTR: interrupted; else another -errno. What was finished is kept, and @r filled, in
 * any case.
 */
int sweep_run(struct sweep *sw, const struct outputs *files, const char *path, int jobs,
	      bool restart, const struct lab_hooks *h, struct sweep_report *r, struct err *err);

#endif
