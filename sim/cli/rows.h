/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of rows, as CSV and as JSON Lines: one object per row, on one line.
 *
 * A command writes each table once, as CSV. cli_rows_stream() gives it a stream that passes this
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
 * number; a new table or column does not. tests/cli/schema.golden has the columns. */
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
/** Write the first line of the table's CSV. Not for tables with axes. */
void cli_rows_header(FILE *f, enum row_table_id table);
/** Write all tables as JSON Schema. */
void cli_rows_schema(FILE *f);

/**
 * cli_rows_stream - a stream that takes a table as CSV, its header first
 * @csv, @json: get it as CSV and as JSON Lines; may be NULL. They keep write errors, and must be
 *	open until cli_rows_end(). Several tables may go to one @json
 * Return: the stream; NULL if both are NULL.
 */
FILE *cli_rows_stream(enum row_table_id table, FILE *csv, FILE *json);
/** Close the stream; @f may be NULL. */
void cli_rows_end(FILE *f);

/** struct cli_rows - a table of a command and the file of its CSV. */
struct cli_rows {
	FILE *f; /* takes the table; NULL: nobody wants it */
	struct output csv;
};
/** Open the CSV file @csv, a declared output or NULL, and the stream. @json: the open output of
 * --json; its f may be NULL. Return: 0, or the exit code after printing why. */
int cli_rows_open(struct cli_rows *r, const struct outputs *files, enum row_table_id table,
		  const char *csv, const struct output *json);
/** Return: as cli_close_out(). */
int cli_rows_close(struct cli_rows *r, enum output_end end);

/** Open the output of --json, if it is given; else its f is NULL. Return: 0, or the exit code. */
int cli_json_open(struct output *json, const struct outputs *files);
/** Return: as cli_close_out(); 0 if it was not open. */
int cli_json_close(struct output *json, enum output_end end);
/** Copy the table in the CSV file at @path, which a sweep has written, to @json, if that is open.
 * Return: 0, or the exit code after printing why. */
int cli_json_copy(const struct output *json, enum row_table_id table, const char *path);

#endif
