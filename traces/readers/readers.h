/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The input formats. A new one is one file with one const struct trace_reader,
 * one line below and one row in tests/unit/traces/test_readers.c.
 */
#ifndef REAPSIM_TRACES_READERS_H
#define REAPSIM_TRACES_READERS_H

#include <stddef.h>
#include <stdint.h>

#include "sim/err.h"
#include "sim/trace.h"
#include "traces/readers/input.h"

/* One line each, in the order in which they are probed. */
#define TRACE_READERS(X)                                                                           \
	X(text_reader)                                                                             \
	X(binary_reader)                                                                           \
	X(perf_reader)                                                                             \
	X(ftrace_reader)                                                                           \
	X(tracedat_reader)                                                                         \
	X(perfdata_reader)                                                                         \
	X(lackey_reader)                                                                           \
	X(perfetto_reader)                                                                         \
	X(vscsi_reader)                                                                            \
	X(csv_reader)                                                                              \
	X(oracle_reader)

#define DECLARE_TRACE_READER(name) extern const struct trace_reader name;
TRACE_READERS(DECLARE_TRACE_READER)

/** All readers in the order in which they are probed; NULL ends it. */
extern const struct trace_reader *const trace_readers[];

/** The reader called @name; NULL, with @err listing the valid names. */
const struct trace_reader *trace_reader_find(const char *name, struct err *err);
/** The first reader that knows a file starting with these bytes, or NULL. */
const struct trace_reader *trace_reader_probe(const uint8_t *head, size_t len);
/**
 * Read and check a trace.
 * @path: a file, a pipe, or "-" for standard input; packed by gzip or zstd, or not
 * @format: a reader's name, or NULL to find out from the first bytes
 * @out: the trace, to be freed with trace_free(); untouched on error
 *
 * Return: 0; -EINVAL or -ENOENT for bad input; another negative errno when
 * reading failed.
 */
int trace_load(const char *path, const char *format, struct trace **out, struct err *err);
/** As trace_load(); @options may be NULL. */
int trace_load_with(const char *path, const char *format, const struct input_options *options,
		    struct trace **out, struct err *err);

#endif
