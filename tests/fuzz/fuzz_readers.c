// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the trace readers. With FUZZ_READER=NAME in the environment an input
 * is a file for that reader. Without, the reader is the one that knows the
 * input by its first bytes; if none does, the first byte picks it by its place
 * in trace_readers[], modulo their number, and the rest is the file.
 * tests/fuzz/corpus/NAME/ holds some to start from; --list names the readers.
 *
 * What a reader accepts must pass the checker again, and must survive being
 * written and read in both own forms.
 *
 * FUZZ_READER=axes fuzzes the key files of "reapsim sweep" instead: what is
 * accepted must have values, and lines that are there.
 *
 * With FUZZ_STANDALONE a main() replays the files given as arguments.
 */
#define _GNU_SOURCE /* memmem() */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/axes.h"
#include "sim/trace.h"
#include "traces/readers/readers.h"
#include "traces/readers/write.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int (*write_fn)(const struct trace *t, FILE *f, struct err *err);

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->msg);
	abort();
}

/* A file in memory that holds @data, with its name in @path. */
static int open_memory(const void *data, size_t size, char *path, size_t path_size)
{
	int fd = memfd_create("fuzz", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, path_size, "/proc/self/fd/%d", fd);
	return fd;
}

/*
 * A mutated binary trace hardly ever has the right checksum, length and
 * alignment, and would never reach the records: give it a new records row, but
 * leave every input of odd length as it is. NULL if it has no such row.
 */
static uint8_t *mend_binary(const uint8_t *data, size_t *size)
{
	static const char row[] = "\nrecords,";
	const uint8_t *at = memmem(data, *size, row, strlen(row)), *end;
	struct trace_sum sum = { 0 };
	uint64_t *records;
	size_t head, nr;
	char line[96];
	uint8_t *out;
	int len;

	if (!at || *size % 2)
		return NULL;
	head = (size_t)(at + 1 - data);
	end = memchr(at + 1, '\n', *size - head);
	if (!end)
		return NULL;
	nr = (size_t)(data + *size - (end + 1)) / 8;
	records = calloc(nr + 1, 8);
	memcpy(records, end + 1, nr * 8);
	trace_sum_bytes(&sum, data, head);
	trace_sum_add(&sum, records, nr);
	len = snprintf(line, sizeof(line) - 8, "records,%zu,%016" PRIx64 "%016" PRIx64, nr, sum.a,
		       sum.b);
	while ((head + (size_t)len) % 8 != 7)
		line[len++] = ' ';
	line[len++] = '\n';
	*size = head + (size_t)len + nr * 8;
	out = malloc(*size);
	memcpy(out, data, head);
	memcpy(out + head, line, (size_t)len);
	memcpy(out + head + len, records, nr * 8);
	free(records);
	return out;
}

static void write_memory(const struct trace *t, write_fn write, char **data, size_t *size)
{
	struct err err = { "" };
	FILE *f = open_memstream(data, size);

	if (!f || write(t, f, &err) || fclose(f))
		die("writing what was read", &err);
}

/* Through @first and back: the text of the result must be that of @t. */
static void round_trip(const struct trace *t, const char *format, write_fn first)
{
	struct err err = { "" };
	char path[64], *data, *before, *after;
	size_t size, before_size, after_size;
	struct trace *back;
	int fd;

	write_memory(t, first, &data, &size);
	fd = open_memory(data, size, path, sizeof(path));
	if (trace_load(path, format, &back, &err))
		die("reading what was written", &err);
	write_memory(t, trace_write_text, &before, &before_size);
	write_memory(back, trace_write_text, &after, &after_size);
	if (before_size != after_size || memcmp(before, after, before_size))
		die("a round trip changed the trace", &err);
	trace_free(back);
	close(fd);
	free(data);
	free(before);
	free(after);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc < 2 || strcmp((*argv)[1], "--list"))
		return 0;
	for (size_t i = 0; trace_readers[i]; i++)
		printf("%s\n", trace_readers[i]->name);
	exit(fflush(stdout) ? 1 : 0);
}

/* The reader for this input, whose first byte it may take. */
static const struct trace_reader *pick_reader(const uint8_t **data, size_t *size)
{
	const char *name = getenv("FUZZ_READER");
	const struct trace_reader *reader;
	struct err err = { "" };
	unsigned int nr = 0;

	if (name) {
		reader = trace_reader_find(name, &err);
		if (!reader)
			die("FUZZ_READER", &err);
		return reader;
	}
	if (!*size)
		return NULL;
	reader = trace_reader_probe(*data, MIN(*size, 4096));
	if (reader)
		return reader;
	while (trace_readers[nr])
		nr++;
	--*size;
	return trace_readers[*(*data)++ % nr];
}

static void fuzz_axes(const char *text, size_t size)
{
	struct err err = { "" };
	unsigned int lines = 1;
	struct axes a;
	int ret = axes_parse(&a, "fuzz", text, size, &err);

	if (ret) {
		if (ret != -EINVAL || !g_str_has_prefix(err.msg, "fuzz:"))
			die("an error without its line or with an odd code", &err);
		return;
	}
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	for (guint i = 0; i < a.all->len; i++) {
		const struct axis *x = a.all->pdata[i];

		if (!x->values->len || x->line < 1 || x->line > lines)
			abort();
	}
	axes_clear(&a);
}

static int fuzz_one(const uint8_t *data, size_t size)
{
	const struct trace_reader *reader = pick_reader(&data, &size);
	struct trace_stats stats;
	struct err err = { "" };
	uint8_t *mended = NULL;
	struct trace *t;
	char path[64];
	int fd, ret;

	if (!reader)
		return 0;
	if (!strcmp(reader->name, "binary"))
		mended = mend_binary(data, &size);
	if (mended)
		data = mended;
	fd = open_memory(data, size, path, sizeof(path));
	ret = trace_load(path, reader->name, &t, &err);
	if (ret) {
		if (ret != -EINVAL || !err.msg[0])
			die("an error without its message or with an odd code", &err);
	} else {
		if (trace_check(t, NULL, &err))
			die("checking what was read", &err);
		/* a sparse map of 4 G file pages is slow to count */
		if (t->nr_file_pages < 1u << 24 && trace_stat(t, &stats, &err))
			die("counting what was read", &err);
		round_trip(t, "text", trace_write_text);
		round_trip(t, "binary", trace_write_binary);
		trace_free(t);
	}
	close(fd);
	free(mended);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *name = getenv("FUZZ_READER");

	if (!name || strcmp(name, "axes"))
		return fuzz_one(data, size);
	fuzz_axes((const char *)data, size);
	return 0;
}

#ifdef FUZZ_STANDALONE
int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		char *data;
		gsize size;
		GError *error = NULL;

		if (!g_file_get_contents(argv[i], &data, &size, &error)) {
			fprintf(stderr, "%s\n", error->message);
			return 2;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)data, size);
		g_free(data);
	}
	printf("%d inputs replayed\n", argc - 1);
	return 0;
}
#endif
