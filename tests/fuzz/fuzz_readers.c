// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the trace readers. With FUZZ_READER=NAME in the environment an input is a file for
 * that reader. Otherwise the first bytes select the reader. If no reader recognizes them, the
 * first byte modulo the number of readers is its index in trace_readers[], and the rest is the
 * file. tests/fuzz/corpus/NAME/ has files to start from; --list names the readers.
 *
 * An accepted trace must pass the checker again, and must be the same after it was written and
 * read in both of reapsim's own forms.
 *
 * perf.data is read by the "perf" in PATH, which "make fuzz" builds from tests/fuzz/perf.c. The
 * first bytes of an input are replaced by its magic.
 *
 * FUZZ_READER=gzip or zstd fuzzes unpacking: of the input, or, if its length is odd, of the
 * packed input, which must give the input again.
 *
 * FUZZ_READER=axes fuzzes the key files of "reapsim sweep" instead: accepted axes must have
 * values, and line numbers that exist. tests/fuzz/targets.c has more that is no reader.
 *
 * With FUZZ_STANDALONE a main() replays the files given as arguments.
 */
#define _GNU_SOURCE /* memmem() */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "sim/axes.h"
#include "sim/trace.h"
#include "tests/fuzz/targets.h"
#include "traces/readers/readers.h"
#include "traces/readers/unpack.h"
#include "traces/readers/write.h"

/* Allocations fail below the limit at which the fuzzer reports a finding: in a child there is
 * none, and elsewhere glib reports the failure. */
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=2000:allocator_may_return_null=1";
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* function of the sanitizer runtime, if there is one */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
const char *__asan_default_options(void);

typedef int (*write_fn)(const struct trace *t, FILE *f, struct err *err);

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->msg);
	abort();
}

/* Create a file in memory with @data; @path is set to its name. */
static int open_memory(const void *data, size_t size, char *path, size_t path_size)
{
	int fd = memfd_create("fuzz", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, path_size, "/proc/self/fd/%d", fd);
	return fd;
}

/*
 * A mutated binary trace hardly ever has the right checksum, length and alignment, so its
 * records would never be read. Give it a new records row, except for inputs of odd length.
 * Return: NULL if it has no such row.
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

/* Write @t by @first, read it and write it as text, which must be the text of @t. */
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

/* A crash in a reader's child process is an error of the input, not a finding. */
static void in_child(void)
{
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(NULL);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pthread_atfork(NULL, NULL, in_child);
	if (*argc < 2 || strcmp((*argv)[1], "--list"))
		return 0;
	for (size_t i = 0; trace_readers[i]; i++)
		printf("%s\n", trace_readers[i]->name);
	exit(fflush(stdout) ? 1 : 0);
}

/* The reader for this input; may consume its first byte. */
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

static GByteArray *pack(bool gzip, const uint8_t *data, size_t size)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)size };
	GByteArray *a = g_byte_array_new();

	if (!gzip) {
		g_byte_array_set_size(a, (guint)ZSTD_compressBound(size));
		g_byte_array_set_size(a, (guint)ZSTD_compress(a->data, a->len, data, size, 1));
		return a;
	}
	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY))
		abort();
	g_byte_array_set_size(a, (guint)deflateBound(&z, size));
	z.next_out = a->data;
	z.avail_out = a->len;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	g_byte_array_set_size(a, (guint)z.total_out);
	deflateEnd(&z);
	return a;
}

/* Read all of @in, in steps of different sizes. Return: NULL with @err on failure. */
static GByteArray *read_steps(struct input *in, struct err *err)
{
	enum { MOST = 64 << 20 };
	GByteArray *all = g_byte_array_new();
	uint8_t buf[5003];
	size_t step = 1;
	int64_t n;

	while ((n = input_read(in, buf, step, err)) > 0 && all->len < MOST) {
		g_byte_array_append(all, buf, (guint)n);
		step = step * 7 % sizeof(buf);
	}
	if (n >= 0)
		return all;
	g_byte_array_unref(all);
	return NULL;
}

/* Reading in steps must give the same as unpacking at once, and as @want, unless that is NULL. */
static void fuzz_packed(const struct unpacker *u, GByteArray *a, const uint8_t *want, size_t size)
{
	GByteArray *once = g_byte_array_new(), *steps = NULL;
	const char *wrong = unpack_all(u, a->data, a->len, 64u << 20, once);
	struct err err = { "" };
	struct trace *t;
	struct input in;
	char path[64];
	int fd = open_memory(a->data, a->len, path, sizeof(path));

	if (!input_open(&in, path, NULL, &err)) {
		steps = read_steps(&in, &err);
		input_close(&in);
	}
	if (!steps && !err.msg[0])
		die("an error without its message", &err);
	if (!steps != !!wrong && (!wrong || strcmp(wrong, "it unpacks to more")))
		die("steps and all at once do not agree", &err);
	if (steps && !wrong &&
	    (steps->len != once->len || memcmp(steps->data, once->data, once->len)))
		die("steps give other bytes than all at once", &err);
	if (want && (wrong || once->len != size || memcmp(once->data, want, size)))
		die("packed bytes do not come back", &err);
	if (steps)
		g_byte_array_unref(steps);
	g_byte_array_unref(once);
	if (!trace_load(path, NULL, &t, &err))
		trace_free(t);
	close(fd);
}

static void fuzz_unpacker(const struct unpacker *u, const uint8_t *data, size_t size)
{
	GByteArray *a;

	if (size % 2) {
		a = pack(u == &unpack_gzip, data, size);
		fuzz_packed(u, a, data, size);
	} else {
		a = g_byte_array_new();
		g_byte_array_append(a, u->magic, (guint)u->magic_len);
		if (size > u->magic_len)
			g_byte_array_append(a, data + u->magic_len, (guint)(size - u->magic_len));
		fuzz_packed(u, a, NULL, 0);
	}
	g_byte_array_unref(a);
}

/* Make a file that the reader of perf.data accepts. */
static uint8_t *mend_perfdata(const uint8_t *data, size_t size)
{
	static const char magic[] = "PERFILE2";
	uint8_t *out = malloc(size + 1);

	memcpy(out, data, size);
	memcpy(out, magic, MIN(size, strlen(magic)));
	return out;
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
	else if (!strcmp(reader->name, "perf.data"))
		mended = mend_perfdata(data, size);
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

	for (const struct fuzz_target *t = fuzz_targets; name && t->name; t++)
		if (!strcmp(name, t->name)) {
			t->fuzz(data, size);
			return 0;
		}
	if (name && !strcmp(name, "axes"))
		fuzz_axes((const char *)data, size);
	else if (name && !strcmp(name, unpack_gzip.name))
		fuzz_unpacker(&unpack_gzip, data, size);
	else if (name && !strcmp(name, unpack_zstd.name))
		fuzz_unpacker(&unpack_zstd, data, size);
	else
		return fuzz_one(data, size);
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
