/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands share that run a trace: options, execution, and rows of CSV. */
#ifndef REAPSIM_CLI_RUNS_H
#define REAPSIM_CLI_RUNS_H

#include "sim/cli/cli.h"
#include "sim/lab/runs.h"

/** struct run_options - what the user typed; freed by run_options_clear(). */
struct run_options {
	struct run_spec spec;
	char *format; /* of the trace */
	int jobs;
};

/**
 * Parse run_options and the command's @own options; see cli_options().
 * @many: policies and machines are lists, and --jobs exists
 * @more: put in front of the text on machines and policies in --help; or NULL
 */
int run_options_parse(int *argc, char ***argv, struct run_options *o, bool many,
		      const GOptionEntry *own, const char *arguments, const char *summary,
		      const char *more);
void run_options_clear(struct run_options *o);

/** run_set_init(). Return: 0, or the exit code after printing why. */
int cli_run_set_init(struct run_set *rs, const struct run_spec *spec, const struct trace *t);
/** The same for a command that takes no lists: exactly one run. */
int cli_run_set_init_one(struct run_set *rs, const struct run_spec *spec, const struct trace *t);
/**
 * run_set_execute(), which SIGINT and SIGTERM end within a fraction of a second.
 * Return: 0; the exit code after printing which runs failed, or that it was
 * interrupted.
 */
int cli_run_set_execute(struct run_set *rs, int jobs);

/** A field that may hold a comma or a quote. */
void csv_field(FILE *f, const char *s);
/** "trace,machine,...,kernel,lru,policy,..." and one row; @snap: NULL for the end of the
 * trace, whose mark is "(end)". */
void run_csv_header(FILE *f);
void run_csv_row(FILE *f, const struct trace *t, const struct run *r, const struct snapshot *snap);
/** The state of every file page at every mark, run-length, with a header. */
void run_csv_pages(FILE *f, const struct trace *t, const struct run *r);
/** The same of a timed run: everything, a row a run. */
void outcome_csv_header(FILE *f);
void outcome_csv_row(FILE *f, const struct trace *t, const struct run *r);

#endif
