/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of rows, as CSV and as JSON Lines: one object per row, on one line.
 *
 * A command writes each table once, as CSV. cli_rows_open() gives it a stream that passes this
 * on, and makes JSON Lines of it where --json asks for them. So both forms have the same rows and
 * columns, and a command cannot have one without the other.
 *
 * An object has the members "schema" and "table", then one for each column. row_tables[] says which
 * columns a table has and what they are; "reapsim list --schema" prints this as JSON Schema.
 */
#ifndef REAPSIM_CLI_ROWS_H
#define REAPSIM_CLI_ROWS_H

#include <stdio.h>

#include "sim/cli/cli.h"

/** Value of the member "schema". A changed or removed column, and a changed type, need a new
 * number; a new table or column does not. tests/cli/json.golden has the columns. */
#define ROWS_SCHEMA "reapsim-rows-1"

enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER, /* null in JSON if there is no value, or none that is finite */
	COLUMN_TYPED,  /* as the user typed it: a number if it is one, or text */
};

struct row_column {
	const char *name;
	enum column_type type;
	const char *help;
};

/**
 * struct row_table
 * @columns: the first columns; ends with a NULL name
 * @axes: a column for each axis of the sweep follows, COLUMN_TYPED
 * @results: columns after the axes; ends with a NULL name; may be NULL
 * @outcome: then those of outcome_columns()
 * @counters: then all counters
 */
struct row_table {
	const char *name, *help;
	const struct row_column *columns;
	bool axes;
	const struct row_column *results;
	bool outcome, counters;
};

enum row_table_id {
	ROWS_RUN,
	ROWS_MEMBER,
	ROWS_SAMPLE,
	ROWS_PAGES,
	ROWS_OUTCOME,
	ROWS_DIFFERENCES,
	ROWS_SWEEP,
	ROWS_SWEEP_TIMED,
	ROWS_BREAKEVEN,
	ROWS_AGREEMENT,
	ROWS_DEATHS,
	ROWS_ANSWER,
	ROWS_ASK_RUNS,
	ROWS_PLAY,
	ROWS_PLAY_OPERATIONS,
	ROWS_PLAY_DEATHS,
	NR_ROW_TABLES
};
extern const struct row_table row_tables[NR_ROW_TABLES];

/** Call @fn for each column of @t that has a fixed name, in their order. */
void row_table_columns(const struct row_table *t,
		       void (*fn)(const struct row_column *c, void *data), void *data);
/** Type and meaning of the column @name of @t; of an axis, its type only. */
struct row_column row_table_column(const struct row_table *t, const char *name);
/** Write all tables as JSON Schema. */
void cli_rows_schema(FILE *f);

/** struct cli_rows - a table of a command and the file of its CSV. */
struct cli_rows {
	FILE *f; /* takes the rows as CSV; NULL: nobody wants them */
	struct output csv;
};
/**
 * cli_rows_open - open the CSV file and the stream, and write the header; not for tables with axes
 * @csv: a declared output, or NULL
 * @json: the open output of --json, to which several tables may go; its f may be NULL
 * Return: 0, or the exit code after printing why.
 */
int cli_rows_open(struct cli_rows *r, const struct outputs *files, enum row_table_id table,
		  const char *csv, const struct output *json);
/** Return: as cli_close_out(). */
int cli_rows_close(struct cli_rows *r, enum output_end end);
/** Close it as whole, or as failed if @ret is not 0. Return: @ret, or a worse code. */
int cli_rows_end(struct cli_rows *r, int ret);

/** Open the output of --json, if it is given; else its f is NULL. Return: 0, or the exit code. */
int cli_json_open(struct output *json, const struct outputs *files);
/** Return: as cli_close_out(); 0 if it was not open. */
int cli_json_close(struct output *json, enum output_end end);
/** As cli_rows_end(). */
int cli_json_end(struct output *json, int ret);
/** Copy the table in the CSV file at @path, which a sweep has written, to @json, if that is open.
 * Return: 0, or the exit code after printing why. */
int cli_json_copy(const struct output *json, enum row_table_id table, const char *path);

#endif
