/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sweep runs every combination of the values of a key file's axes (sim/axes.h). Each run is
 * a row of a CSV file.
 *
 *   [sweep]      trace=FILE;...   or generator=NAME
 *   [generator]  its options, seed included
 *   [machine]    machine keys; file=FILE.conf;... for whole machine files
 *   [run]        lru, policy, ends_as, kernel
 *
 * and for timed runs, with mode=timed in [sweep]:
 *
 *   [killer]     options of the killer
 *   [restart]    rule, delay, p: RULE=DELAY,p=P (sim/restart.h)
 *   [timed]      loop, killer, seed
 *
 * Paths are relative to the key file. The rows are in the order of the runs: the trace
 * varies slowest, then the generator's options, machine keys, killer, restart, timed, [run]
 * fastest, and within a group the first key of the file. So the file has the same bytes
 * whatever the number of threads and interruptions.
 *
 * Each row begins with the digest of the sweep: its definition, the bytes of the traces and
 * machine files, and the columns. The sweep reads these files once, when it is parsed; later
 * changes of the files have no effect.
 *
 *   sweep-keyfile.c  parse the definition and check every value
 *   sweep-input.c    read and hash traces and machine files; run generators
 *   sweep-cell.c     one run: its configuration, its execution, its row
 *   sweep-journal.c  write the CSV file and its journal
 *   sweep-resume.c   read both back after an interruption, find the finished runs
 *   sweep-shard.c    deal the runs to many machines; the files of each; merge them
 *   sweep-work.c     the threads, each of which takes the next missing run
 *   sweep.c          what ties these together
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

/** struct sweep - a parsed sweep. */
struct sweep {
	struct axes axes;
	char *dir;	  /* paths are relative to it */
	GPtrArray *order; /* struct axis *: the columns, slowest first */
	uint64_t *stride; /* of each axis in @order: runs between two changes of its value */
	uint64_t nr_runs, runs_a_trace, nr_sources;
	const struct trace_generator *gen; /* NULL: trace files */
	bool timed;
	char *header;	   /* of the CSV file, its first line */
	guint nr_results;  /* columns of results */
	GHashTable *files; /* machine file, as typed -> struct sweep_file */
	struct sweep_source *sources;
	char digest[SWEEP_DIGEST];
	bool left; /* interrupted, and threads that were left behind still use the members */
};

/** Parse a sweep, check every value and read all its files. @path: for messages; other paths
 * are relative to it. Return: 0 with @sw to be cleared, or -errno with @err and nothing to
 * clear. */
int sweep_parse(struct sweep *sw, const char *path, const char *text, size_t len, struct err *err);
void sweep_clear(struct sweep *sw);
/** Value of the axis @order[@i] in run @run (from 0), and its index among the values. */
const char *sweep_value(const struct sweep *sw, uint64_t run, guint i);
guint sweep_index(const struct sweep *sw, uint64_t run, guint i);
/** Index in @order of the axis @group.@key, or -1. */
int sweep_axis(const struct sweep *sw, const char *group, const char *key);
/** -EINVAL with @err if an axis that is not among the @nr indices in @known has more than one
 * value: a report over the known axes could not show it. */
int sweep_check_axes(const struct sweep *sw, const int *known, size_t nr, struct err *err);
/** Name of the column of @order[@i]. */
char *sweep_column(const struct sweep *sw, guint i);

/* if many runs fail, they usually fail alike */
#define SWEEP_FAILURES_MAX 4

/** struct sweep_failure - the error of one run; its row only records that it failed. */
struct sweep_failure {
	uint64_t run; /* from 0 */
	int ret;
	struct err err;
};

/** struct sweep_report - the progress of a sweep, or of a shard of it. */
struct sweep_report {
	uint64_t nr_all;			/* runs, without those of other shards */
	uint64_t nr_before, nr_done, nr_failed; /* @nr_before: finished by earlier calls */
	guint nr_failures;
	/* the failures of this call with the lowest run numbers, in order */
	struct sweep_failure failures[SWEEP_FAILURES_MAX];
};

/**
 * Declare the inputs of the sweep except its key file, the CSV file at @path, given by option
 * @what, and its journal. Return: 0, or -EINVAL with @err.
 */
int sweep_declare(const struct sweep *sw, struct outputs *files, const char *what, const char *path,
		  bool restart, struct err *err);
/** struct sweep_how - which runs a call executes; all zero: all, one thread per core. */
struct sweep_how {
	int jobs;		   /* threads; 0: one per core */
	bool restart;		   /* discard finished runs */
	uint32_t shard, nr_shards; /* only shard @shard, from 1, of @nr_shards; 0: all runs */
};

/**
 * Execute the runs missing in the CSV file at @path, or in the files of a shard next to it
 * (sweep-shard.h); @path was declared in @files by sweep_declare(). The same call resumes after
 * an interruption or the end of the program. Return: 0: all runs are finished, some perhaps as
 * failed; -EINTR: interrupted; or another -errno with @err. Finished runs are kept and @r is
 * filled in any case.
 */
int sweep_run(struct sweep *sw, const struct outputs *files, const char *path,
	      const struct sweep_how *how, const struct lab_hooks *h, struct sweep_report *r,
	      struct err *err);
/**
 * Make the CSV file at @path, declared likewise, from the files of all shards. @restart: replace
 * rows of another sweep or program. Return: 0; -ENODATA: runs are missing and nothing was written;
 * or another -errno, both with @err.
 */
int sweep_merge(const struct sweep *sw, const struct outputs *files, const char *path, bool restart,
		const struct lab_hooks *h, struct sweep_report *r, struct err *err);
/** The runs of a shard. */
uint64_t sweep_nr_dealt(const struct sweep *sw, const struct sweep_how *how);

#endif
