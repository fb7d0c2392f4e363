/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CSV rows of a trace or another table, and those that the text form and the
 * header of the binary form share.
 */
#ifndef REAPSIM_TRACES_ROWS_H
#define REAPSIM_TRACES_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include <csv.h>

#include "sim/err.h"
#include "sim/trace.h"
#include "traces/readers/lines.h"

#define TRACE_MAGIC "reapsim-trace,"

/* One more than any row has, so that a row with too many is noticed. */
#define ROW_FIELDS_MAX 15

/** struct rows - a file that is being read row by row. */
struct rows {
	struct lines lines;
	struct csv_parser csv;
	uint32_t version;	     /* of a trace's first line */
	char *field[ROW_FIELDS_MAX]; /* of the current row; [0] is the keyword */
	unsigned int nr_fields;	     /* may exceed ROW_FIELDS_MAX */
	unsigned int nr_rows;	     /* seen by the parser in this line */
	char *store;		     /* text of the fields */
	size_t stored;
};

/** Read the first line of @in, which must be "reapsim-trace,VERSION" followed
 * by @suffix. */
int rows_start(struct rows *r, struct input *in, const char *suffix, struct err *err);
/** Open a table that is no trace: its first line must be @header, or that and @more if
 * there is such a thing. */
int rows_open_table(struct rows *r, const char *path, const char *header, const char *more,
		    struct err *err);
/** The next row; comments and blank lines are passed over.
 * Return: 1, 0 at the end, a negative errno. */
int rows_next(struct rows *r, struct err *err);
void rows_close(struct rows *r);

/** Report a bad row: "FILE:LINE: ..." and -EINVAL. */
int rows_bad(const struct rows *r, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/** Check the number of fields, @min..@max, against the row's @usage. */
int rows_count(const struct rows *r, unsigned int min, unsigned int max, const char *usage,
	       struct err *err);
/** Field @i as a decimal or 0x number in @min..@max; @what names it. */
int rows_number(const struct rows *r, unsigned int i, const char *what, uint64_t min, uint64_t max,
		uint64_t *value, struct err *err);
/**
 * Take a header row (machine, note, file) into @b.
 * Return: 1 if it was one, 0 if it is another row, a negative errno.
 */
int rows_header(struct rows *r, struct trace_build *b, struct err *err);

#define ROW_USAGE_MACHINE "machine,KEY,VALUE"
#define ROW_USAGE_NOTE	  "note,KEY,VALUE"
#define ROW_USAGE_FILE	  "file,NAME,PAGES[,shmem][,size=N]"

/** True if @head starts a trace of any version, binary or not. */
bool rows_probe(const uint8_t *head, size_t len, bool binary);

#endif
