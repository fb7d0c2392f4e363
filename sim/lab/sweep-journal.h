/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two files of a sweep. It can be killed at any time and resumed.
 *
 * NAME.csv has the rows in the order of the runs. NAME.csv.journal has a line for each
 * finished run, in the order in which they finished:
 *
 *	sweep DIGEST of N runs, program DIGEST
 *	RUN CHECKSUM		the row goes to the CSV file next
 *	RUN CHECKSUM ROW	finished out of order: the row waits here
 *
 * A run's line is written before its row, so the journal has a checksum for every row of
 * the CSV file. Both files grow by whole lines; an incomplete last line was never
 * finished. After the last run the journal keeps the checksums, in the order of the runs,
 * and the digest of the program, so that another program's rows are not reused.
 *
 * A sweep locks both files.
 *
 * A shard of a sweep has no CSV file and no lock, only a journal whose records all have their row
 * (sweep-shard.h).
 */
#ifndef REAPSIM_SWEEP_JOURNAL_H
#define REAPSIM_SWEEP_JOURNAL_H

#include <stdio.h>
#include <sys/types.h>

#include <glib.h>

#include "sim/lab/lab.h"
#include "sim/output.h"

/** struct sweep_id - identifies the sweep that the files belong to, and which runs they have. */
struct sweep_id {
	const char *header; /* of the CSV file, with its newline */
	const char *digest; /* each row begins "DIGEST,RUN," */
	const char *program;
	uint64_t nr_runs;
	/* only those of one shard: the shard of each run, from 1 (sweep_deal()); NULL: all */
	const uint32_t *dealt;
	uint32_t shard, nr_shards;
};

/** struct line_file - a file that only grows, by whole lines. */
struct line_file {
	char *path;
	FILE *f;    /* NULL: not open */
	bool made;  /* the sweep created it */
	off_t size; /* of the complete lines */
};

/** struct sweep_journal - state of an open journal. Only the counts are public. */
struct sweep_journal {
	uint64_t nr_all;     /* runs, without those of other shards */
	uint64_t nr_done;    /* of these are finished */
	uint64_t nr_failed;  /* finished runs without values */
	uint64_t nr_written; /* rows of the CSV file, which are the first runs; of a shard: all
				runs before this one are finished or not its own */
	struct sweep_id id;
	const struct outputs *files;
	char *begun; /* first line of the journal */
	struct line_file csv, journal;
	GHashTable *waiting; /* run + 1 -> its row, finished out of order */
	uint64_t *sums;	     /* checksum of each run's row; 0: not finished */
	uint64_t nr_records; /* lines of the journal after the first */
	bool has_rows;	     /* some of these lines have a row */
	bool added;	     /* by this call */
};

/** Declare the CSV file at @path, named by @what, and its journal. @restart: they are replaced, and
 * not resumed. Return: 0, or -EINVAL with @err. */
int sweep_journal_declare(struct outputs *files, const char *what, const char *path, bool restart,
			  struct err *err);
/**
 * sweep_journal_open - lock both files, read the finished runs, prepare to resume
 * @files: both files were declared here, sweep_journal_declare(); must live as long as @j, as must
 * @id
 * @restart: discard finished runs
 * Return: 0; -EINVAL with both files unchanged: they belong to another sweep, were modified,
 * or are in use by a running sweep (which @err names); -EINTR; -EIO.
 * sweep_journal_close() in any case.
 */
int sweep_journal_open(struct sweep_journal *j, const struct outputs *files, const char *csv_path,
		       const struct sweep_id *id, bool restart, const struct lab_hooks *h,
		       struct err *err);
/** Is run @run (from 0) finished, or another shard's? */
bool sweep_journal_has(const struct sweep_journal *j, uint64_t run);
/** Store the row of run @run, with its newline; takes ownership of @row. */
int sweep_journal_add(struct sweep_journal *j, uint64_t run, char *row, struct err *err);
/** All runs are finished: sync both files, shrink the journal. */
int sweep_journal_finish(struct sweep_journal *j, struct err *err);
void sweep_journal_close(struct sweep_journal *j);

/* Shared by sweep-journal.c, sweep-resume.c and sweep-shard.c */

/** Begin without files. -ENOTSUP if they were not declared. */
int sweep_journal_init(struct sweep_journal *j, const struct outputs *files, const char *csv_path,
		       const struct sweep_id *id, struct err *err);
/** Write the journal of a finished sweep, with checksums only, in the order of the runs. */
int sweep_journal_write_sums(struct sweep_journal *j, struct err *err);
/** Read both files (sweep-resume.c); cut off incomplete lines. */
int sweep_resume(struct sweep_journal *j, const struct lab_hooks *h, struct err *err);
/** May a merge replace the files at the paths of @j: are they of this sweep, or not there? */
int sweep_check_replaced(struct sweep_journal *j, const struct lab_hooks *h, struct err *err);
/** Read the finished runs of a file of a shard. Return: 0; 1: there is none; or -errno. */
int sweep_read_shard(struct sweep_journal *j, const char *path, const struct lab_hooks *h,
		     struct err *err);
/** The checksum of a row, with or without its newline; never 0. */
uint64_t sweep_row_sum(const char *row);
/** Set "FILE: DOING: REASON", the reason from errno. Return: -EIO. */
int line_file_error(const struct line_file *a, const char *doing, struct err *err);
/** Append a line, all of it or nothing. */
int line_file_append(struct line_file *a, const char *line, struct err *err);
/** Count a finished run. @text: its row. @row: NULL, or the row that waits for earlier runs;
 * takes ownership. */
void sweep_journal_count(struct sweep_journal *j, uint64_t run, const char *text, char *row);
/** Write waiting rows to the CSV file as long as the next run's is there; of a shard: forget them.
 */
int sweep_journal_write_waiting(struct sweep_journal *j, struct err *err);

#endif
