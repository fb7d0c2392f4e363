/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between policies, as the tables print them: never without an interval. */
#ifndef REAPSIM_CLI_CHANGE_H
#define REAPSIM_CLI_CHANGE_H

#include <stdio.h>

#include "sim/cli/cli.h"
#include "sim/cli/rows.h"
#include "sim/lab/estimate.h"
#include "sim/lab/runs.h"

/** A count in at most 8 columns; large ones lose their last digits. The caller frees it. */
char *cli_brief(uint64_t v);
/** 4 significant digits, without an exponent; "-" for NaN. The caller frees it. */
char *cli_figure(double v);

/** On changes, for command.details. */
#define CHANGE_DETAILS                                                                             \
	"+4.0+-1.2%: a mean change, and half of its 95% interval; \"~\": it can be noise, after\n" \
	"Holm's correction for all comparisons of the table; \"=\": equal in every run. One\n"     \
	"run has no interval.\n"

/** On changes of an ensemble, for command.details. */
#define SPREAD_DETAILS                                                                             \
	"With --ensemble +20[+12..+28]%: the median, the least and the most of the members'\n"     \
	"changes; \"~\": the signs differ so much that it can be noise, by a sign test with\n"     \
	"Holm's correction for all comparisons of the table; \"new\": relative to 0.\n"

/**
 * cli_change - a difference from @base, such as "+4.0+-1.2%~": in percent, with half of its 95%
 * interval, and "~" if it can be noise. "+4.0%" if it comes from one run, "=" if all runs
 * are equal, "" if there is no number. With a @base of 0, in the unit of @e, without "%".
 * Return: the text, to be freed by the caller.
 */
char *cli_change(const struct estimate *e, double base);

/** estimate_of_spread() of a counter over the members of an ensemble, against the first policy. */
struct estimate cli_spread_of(const struct run_set *rs, guint end, guint machine, guint policy,
			      enum vmstat_item item);

/** cli_spread - a change by estimate_of_spread(), such as "+20[+12..+28]%~": the median, the
 * least and the most. "~" and "=" as cli_change(). The caller frees it. */
char *cli_spread(const struct estimate *e);

/** The mark alone: "=", "~" or " ". */
const char *cli_change_mark(const struct estimate *e);

/** What the interval stands for: seeds, members of an ensemble, or that there is none; and how
 * it is judged, by @test, in a second line. @nr_traces: that are pooled, @rs being one of them.
 * @columns: of the largest table that are compared, for each policy. The caller frees it. */
char *cli_change_basis(const struct run_set *rs, guint nr_traces, const char *test, guint columns);
/** A line if a sign test of @members pairs cannot be certain in a table of @comparisons, or NULL.
 * The caller frees it. */
char *cli_too_few(guint members, guint comparisons);

/** Columns of a change by cli_change(), and by cli_spread() */
#define CHANGE_WIDTH 13
#define SPREAD_WIDTH 20

/** struct cli_results - what a command that compares policies writes: text, and two tables of rows,
 * whose FILE is NULL if nobody wants them, with the number of their rows so far. */
struct cli_results {
	struct output text, json;
	struct cli_rows runs, differences;
	guint nr_runs, nr_differences;
};

/**
 * cli_open_results - open the text, the rows of runs, which are those of @table, with @csv as their
 * CSV file, and those of differences, with @differences; either may be NULL
 * @has_differences: there are some, which --json gets, too
 * If one of the files is standard output, the text is discarded. Return: 0, or an exit code after a
 * message.
 */
int cli_open_results(struct cli_results *r, const struct outputs *files, enum row_table_id table,
		     const char *csv, const char *differences, bool has_differences);
/** Close them, after @ret; if that is not 0, files that have rows are kept. Return: @ret, or a
 * worse code. */
int cli_close_results(struct cli_results *r, int ret);

/** A row of --differences: the change of @counter, @change being a ratio to @against. */
void cli_differences_row(struct cli_results *r, const struct run_set *rs, guint end, guint machine,
			 guint policy, const char *counter, guint members, double against,
			 const struct estimate *change);

#endif
