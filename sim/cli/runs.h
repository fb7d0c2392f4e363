/* SPDX-License-Identifier: GPL-2.0-only */
/* Options, execution and CSV rows of the commands that run a trace. */
#ifndef REAPSIM_CLI_RUNS_H
#define REAPSIM_CLI_RUNS_H

#include "sim/cli/cli.h"
#include "sim/lab/runs.h"

/** struct run_options - the options; first member of the struct of such a command. */
struct run_options {
	struct outputs files;
	struct run_spec spec;
	const char *format; /* of the trace */
	const char *axes;   /* of the ensemble */
	const char *sample; /* "1/N" */
	int jobs;
};

/** The rows of run_options: for a command with one policy and one machine, for one with up to two
 * policies, and for one with lists of them. */
extern const struct option run_rows_one[], run_rows_pair[], run_rows_many[];

/** On machines and policies, for the end of command.details. */
#define RUN_DETAILS                                                                                \
	"Machine keys have defaults; the machine rows of the trace, then the machine file,\n"      \
	"then --set override them. \"reapsim list\" names the keys, models and policies.\n"        \
	"A machine file that is named without a folder, such as phone-ufs, may also be one\n"      \
	"that came with reapsim: in share/reapsim/machines next to its bin/, or, in a\n"           \
	"checkout, in traces/machines.\n"                                                          \
	"A policy with +evict also drops the page cache that it unmaps."

/** Parse @axes into @spec.ensemble, of a command with lists. Return: 0, or the exit code after
 * printing why. */
int cli_parse_ensemble(struct run_options *o);
/** Parse @sample into @spec.sampling, of a command that has the option. Return: likewise. */
int cli_parse_sample(struct run_options *o);
/** The trace as a heading, and the beginning of a line: LRU and kernel. */
void cli_title(FILE *f, const struct run_set *rs);
/** run_set_init(). Return: 0, or the exit code after printing why. */
int cli_run_set_init(struct run_set *rs, const struct run_spec *spec, const struct trace *t);
/** The same for a command that takes no lists: fails unless there is exactly one run. */
int cli_run_set_init_one(struct run_set *rs, const struct run_spec *spec, const struct trace *t);
/**
 * run_set_execute(); SIGINT and SIGTERM interrupt it within a fraction of a second.
 * Return: 0, or the exit code after printing which runs failed or that it was interrupted.
 */
int cli_run_set_execute(struct run_set *rs, int jobs);

/** Write a field, quoted if it contains a comma or a quote. */
void csv_field(FILE *f, const char *s);
/** A row of all counters at @snap; NULL: at the end of the trace, with "(end)" as mark. */
void run_csv_row(FILE *f, const struct trace *t, const struct run *r, const struct snapshot *snap);
/** Rows: the state of every file page at every snapshot, run-length encoded. */
void run_csv_pages(FILE *f, const struct trace *t, const struct run *r);
/** Row of a timed run: settings, outcome and all counters. */
void outcome_csv_row(FILE *f, const struct trace *t, const struct run *r);

#endif
