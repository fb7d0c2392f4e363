/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The source of a reader's bytes: a file, a pipe or standard input ("-"), unpacked on the fly if
 * its first bytes are those of gzip or zstd. Reads are sequential and nothing is kept, so memory
 * does not grow with the input.
 */
#ifndef REAPSIM_TRACES_INPUT_H
#define REAPSIM_TRACES_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "sim/err.h"

/* The bytes that a reader may look at before it reads anything. */
#define INPUT_HEAD_BYTES 4096u
/*
 * A packed input that unpacks to more than this size and to more than this many times its own
 * size is treated as a bomb. gzip reaches 1032 times only on zeros; a recording reaches 10 to 100
 * times.
 */
#define INPUT_BOMB_BYTES (1ull << 30)
#define INPUT_BOMB_RATIO 1000u

/** struct input_options - what the user may say about reading; all 0 is the default. */
struct input_options {
	/* a recording is refused if fewer percent of its page-cache faults agree
	 * with its mappings: 1 to 100; 0: the reader's default; -1: never */
	int min_agreement;
	/* more bytes of records than that are kept in a file; 0: 256 MiB */
	uint64_t memory_bytes;
	/* called occasionally: @done of @all bytes were read; @all 0: unknown */
	void (*progress)(void *data, uint64_t done, uint64_t all);
	void *progress_data;
};

struct unpacker;

/** struct input - one open input; fields are for reading only. */
struct input {
	const char *path; /* for messages; outlives the input */
	const struct input_options *options;
	int fd;
	bool plain;	   /* a regular file, not packed: may be mapped, or opened again */
	uint64_t size;	   /* of a regular file, packed or not; else 0 */
	uint64_t raw_read; /* bytes read from the file so far */
	uint64_t read;	   /* bytes handed out, or peeked at */
	/* private */
	bool copy; /* made by input_make_plain() */
	bool regular;
	struct timespec changed; /* mtime of a regular file before it was read */
	const struct unpacker *unpacker;
	void *unpack;
	bool whole;   /* the input may end after what was unpacked so far */
	uint8_t *raw; /* bytes of the file that were not used yet */
	size_t raw_start, raw_end;
	uint8_t head[INPUT_HEAD_BYTES];
	size_t head_start, head_end; /* of @head, not handed out yet */
};

/** Open @path. @options may be NULL and must outlive the input.
 * Return: 0, or a negative errno: -ENOENT and -EINVAL when the input is to blame. */
int input_open(struct input *in, const char *path, const struct input_options *options,
	       struct err *err);
/** As input_open() for an open file, which the input closes; never unpacked. */
int input_attach(struct input *in, const char *path, int fd, const struct input_options *options,
		 struct err *err);
void input_close(struct input *in);
/** The first bytes, at most INPUT_HEAD_BYTES; reading has not begun. */
const uint8_t *input_head(const struct input *in, size_t *len);
/**
 * Read @size bytes; fewer only at the end.
 * Return: number of bytes, or a negative errno.
 */
int64_t input_read(struct input *in, void *buf, size_t size, struct err *err);
/**
 * input_make_plain - make @in a plain, seekable file with the same bytes, for formats that
 * cannot be read sequentially. Unless it is one already, this is a nameless copy in the folder
 * for temporary files. Nothing must have been read.
 */
int input_make_plain(struct input *in, struct err *err);

/** -ESTALE if size or mtime of a regular file differ from those at input_open(). */
int input_check_unchanged(const struct input *in, struct err *err);

/** Report that @path cannot be opened or read; for use by every reader. */
int path_error(const char *path, const char *doing, int errnum, struct err *err);

#endif
