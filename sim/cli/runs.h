/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands share that run a trace: options, execution, and rows of CSV. */
#ifndef REAPSIM_CLI_RUNS_H
#define REAPSIM_CLI_RUNS_H

#include "sim/cli/cli.h"
#include "sim/lab/runs.h"

/** struct run_options - what the user typed; begins the struct of such a command. */
struct run_options {
	struct outputs files;
	struct run_spec spec;
	const char *format; /* of the trace */
	int jobs;
};

/** The rows of run_options: of a command with one policy and one machine, and of one
 * with lists of them. */
extern const struct option run_rows_one[], run_rows_many[];

/** On machines and policies, for the end of command.details. */
#define RUN_DETAILS                                                                                \
	"The machine is, in this order: the defaults, what the trace's header asks for,\n"         \
	"the key file, then every --set. \"reapsim list\" names the keys, models and\n"            \
	"policies. A policy with +evict also drops the page cache of what it reaps."

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
/** The same of a timed run: everything, a row per run. */
void outcome_csv_header(FILE *f);
void outcome_csv_row(FILE *f, const struct trace *t, const struct run *r);

#endif
