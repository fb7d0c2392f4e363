/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a text file line by line and is strict about the form of a line, since a damaged trace
 * must not be accepted in part: no line over 64 KiB, no NUL
 * byte, no carriage return, and the last line ends in a newline too (one that
 * does not was most likely cut off).
 */
#ifndef REAPSIM_TRACES_LINES_H
#define REAPSIM_TRACES_LINES_H

#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "traces/readers/input.h"

#define LINE_BYTES_MAX (64u << 10)

struct lines {
	const char *path;
	struct input *in;
	struct input *own; /* @in, if lines_open() made it */
	unsigned long nr;  /* number of the line returned last, from 1 */
	uint64_t offset;   /* bytes consumed, newline included */
	size_t start, end; /* unread part of @buf */
	char *buf;
	GString *keep; /* if set, gets every line as it was, newline included */
};

/** Take lines from @in, which must outlive @l. */
void lines_start(struct lines *l, struct input *in);
/** Open @path, which must outlive @l. Return: as input_open(). */
int lines_open(struct lines *l, const char *path, struct err *err);
/**
 * The next line without its newline, terminated by a NUL, valid until the next
 * call; the caller may write to it. Return: 1, 0 at the end, a negative errno.
 */
int lines_next(struct lines *l, char **line, size_t *len, struct err *err);
/**
 * Make the next line the first one that begins with @text and is not the first of all, whatever
 * the lines before it hold. Return: 1, 0 if there is none, a negative errno.
 */
int lines_skip_to(struct lines *l, const char *text, struct err *err);
/** Bytes that follow the last line. Return: as input_read(). */
int64_t lines_rest(struct lines *l, void *buf, size_t size, struct err *err);
void lines_close(struct lines *l);

#endif
