/* SPDX-License-Identifier: GPL-2.0-only */
/* For commands that run a sweep. */
#ifndef REAPSIM_CLI_SWEEP_H
#define REAPSIM_CLI_SWEEP_H

#include "sim/cli/cli.h"
#include "sim/cli/rows.h"
#include "sim/lab/sweep.h"

/** sweep_parse(). Return: 0, and the caller clears @sw; or the exit code after printing the
 * error, and there is nothing to clear. */
int cli_sweep_parse(struct sweep *sw, const char *path, const char *text, size_t len);
/** struct sweep_options - the options of these commands, rows COMMAND_SWEEP. */
struct sweep_options {
	struct sweep_how how;
	char *shard; /* "I/N" */
	bool merge;
};

/** Check the options and set those of @how that they give. Return: 0, or 2 after printing the
 * error. */
int cli_sweep_check(struct sweep_options *o);
/**
 * cli_sweep_run - sweep_run() or sweep_merge(); SIGINT and SIGTERM interrupt it. Unless it is a
 * shard, --json then gets the rows of the CSV file at @path, those of failed runs too
 * @report: called if no run failed, for what the command makes of the rows, with @data and the open
 *	output of --json, whose f may be NULL; returns an exit code. May be NULL
 * Return: 0, or the exit code after printing the error; 1 if some runs failed, unless it is a
 * shard: that has done its task, and the merge returns 1.
 */
int cli_sweep_run(struct sweep *sw, const struct outputs *files, const char *path,
		  const struct sweep_options *o,
		  int (*report)(const void *data, const struct output *json), const void *data);

/** The rows of struct sweep_options. */
#define COMMAND_SWEEP(type, member)                                                                \
	COMMAND_JOBS(type, member.how.jobs),                                                       \
		{ "restart", OPT_FLAG, NULL, "discard the finished runs and start over",           \
		  OPTION_FIELD(type, member.how.restart) },                                        \
		{ "shard",                                                                         \
		  OPT_TEXT,                                                                        \
		  NULL,                                                                            \
		  "run only part I of N, from 1, into the folder CSV.shards; --json, "             \
		  "plots and differences are the merge's",                                         \
		  .metavar = "I/N",                                                                \
		  OPTION_FIELD(type, member.shard) },                                              \
	{                                                                                          \
		"merge", OPT_FLAG, NULL, "run nothing: make the CSV file from all shards",         \
			OPTION_FIELD(type, member.merge)                                           \
	}

#endif
