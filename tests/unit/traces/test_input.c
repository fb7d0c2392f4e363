// SPDX-License-Identifier: GPL-2.0-only
/* Inputs: packed, from pipes, truncated, damaged, and bombs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <zlib.h>
#include <zstd.h>

#include "traces/readers/readers.h"
#include "traces/readers/unpack.h"
#include "traces/readers/write.h"

void suite_input(void);

static char *dir, *path;

static int make_dir(void)
{
	dir = g_dir_make_tmp("reapsim-input-XXXXXX", NULL);
	path = dir ? g_build_filename(dir, "in", NULL) : NULL;
	return dir ? 0 : -1;
}

static int remove_dir(void)
{
	g_remove(path);
	g_rmdir(dir);
	g_free(path);
	g_free(dir);
	return 0;
}

static GByteArray *gzip(const void *data, size_t len)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)len };
	GByteArray *a = g_byte_array_new();

	CU_ASSERT_EQUAL_FATAL(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), 0);
	g_byte_array_set_size(a, (guint)deflateBound(&z, len));
	z.next_out = a->data;
	z.avail_out = a->len;
	CU_ASSERT_EQUAL(deflate(&z, Z_FINISH), Z_STREAM_END);
	g_byte_array_set_size(a, (guint)z.total_out);
	deflateEnd(&z);
	return a;
}

static GByteArray *zstd(const void *data, size_t len)
{
	GByteArray *a = g_byte_array_new();

	g_byte_array_set_size(a, (guint)ZSTD_compressBound(len));
	g_byte_array_set_size(a, (guint)ZSTD_compress(a->data, a->len, data, len, 3));
	return a;
}

static GByteArray *(*const packers[])(const void *data, size_t len) = { gzip, zstd };
static const char *const packer_names[] = { "gzip", "zstd" };

/* A trace of many lines that do not compress well. */
static GString *long_text(void)
{
	GString *s = g_string_new("reapsim-trace,1\nfile,a,100000\nspawn,1\n");

	for (unsigned int i = 0; i < 200000; i++)
		g_string_append_printf(s, "read,1,a,%u,1\n", i * 2654435761u % 100000);
	return s;
}

static void put(const void *data, size_t len)
{
	CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, data, (gssize)len, NULL));
}

/* The trace in @path, as text. */
static char *load(const char *from, struct err *err)
{
	struct trace *t = NULL;
	char *text = NULL;
	size_t len;
	FILE *f;

	err->msg[0] = '\0';
	if (trace_load(from, NULL, &t, err))
		return NULL;
	f = open_memstream(&text, &len);
	CU_ASSERT_EQUAL(trace_write_text(t, f, err), 0);
	fclose(f);
	trace_free(t);
	return text;
}

static void expect_text(const char *from, const char *want)
{
	struct err err;
	char *have = load(from, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(have);
	CU_ASSERT(!strcmp(have, want));
	free(have);
}

static void expect_message(const char *message)
{
	struct err err;
	char *have = load(path, &err);
	bool found = strstr(err.msg, message) != NULL;

	CU_ASSERT_PTR_NULL(have);
	CU_ASSERT(found);
	if (!found)
		fprintf(stderr, "have \"%s\", want \"%s\"\n", err.msg, message);
	free(have);
}

static void test_packed(void)
{
	GString *s = long_text();

	for (size_t i = 0; i < G_N_ELEMENTS(packers); i++) {
		GByteArray *a = packers[i](s->str, s->len / 2);
		GByteArray *b = packers[i](s->str + s->len / 2, s->len - s->len / 2);

		/* two members, as from "cat a.gz b.gz" */
		g_byte_array_append(a, b->data, b->len);
		put(a->data, a->len);
		expect_text(path, s->str);
		g_byte_array_unref(a);
		g_byte_array_unref(b);
	}
	g_string_free(s, TRUE);
}

static void test_damaged(void)
{
	GString *s = long_text();

	for (size_t i = 0; i < G_N_ELEMENTS(packers); i++) {
		GByteArray *a = packers[i](s->str, s->len);
		char *ends = g_strdup_printf("%s data that ends too early, after", packer_names[i]);
		char *near = g_strdup_printf("%s data, near byte ", packer_names[i]);

		put(a->data, a->len - 20);
		expect_message(ends);
		put(a->data, a->len / 2);
		expect_message(ends);
		g_byte_array_append(a, (const uint8_t *)"trailing rubbish", 16);
		put(a->data, a->len);
		expect_message(near);
		g_byte_array_unref(a);
		g_free(ends);
		g_free(near);
	}
	g_string_free(s, TRUE);
}

/* A few rows, then 2 GiB of comments. */
static void test_bomb(void)
{
	static const char start[] = "reapsim-trace,1\n";
	const size_t len = 64u << 20;
	char *nothing = g_malloc(len);
	GByteArray *all = zstd(start, strlen(start)), *part;

	memset(nothing, '#', len);
	for (size_t i = 0; i < len; i += 1u << 16)
		nothing[i + (1u << 16) - 1] = '\n';
	part = zstd(nothing, len);
	for (unsigned int i = 0; i < 32; i++)
		g_byte_array_append(all, part->data, part->len);
	put(all->data, all->len);
	expect_message("in: unpacks to more than 1 GiB and to more than 1000 times its size, "
		       "expected less (zstd bomb?); if you trust it, unpack it first");
	g_byte_array_unref(part);
	g_byte_array_unref(all);
	g_free(nothing);
}

static GByteArray *as_binary(const GString *text)
{
	GByteArray *a = g_byte_array_new();
	struct trace *t;
	struct err err;
	char *data;
	size_t len;
	FILE *f;

	put(text->str, text->len);
	CU_ASSERT_EQUAL_FATAL(trace_load(path, NULL, &t, &err), 0);
	f = open_memstream(&data, &len);
	CU_ASSERT_EQUAL(trace_write_binary(t, f, &err), 0);
	fclose(f);
	trace_free(t);
	g_byte_array_append(a, (const uint8_t *)data, (guint)len);
	free(data);
	return a;
}

static gpointer feed(gpointer data)
{
	const GByteArray *a = data;
	int fd = open(path, O_WRONLY);

	/* the reader may stop before the end */
	for (guint at = 0; fd >= 0 && at < a->len;) {
		ssize_t n = write(fd, a->data + at, MIN(a->len - at, 1000));

		if (n <= 0)
			break;
		at += (guint)n;
	}
	close(fd);
	return NULL;
}

static void through_pipe(GByteArray *a, const char *want)
{
	GThread *thread;

	g_remove(path);
	CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
	thread = g_thread_new("feed", feed, a);
	expect_text(path, want);
	g_thread_join(thread);
	g_remove(path);
}

/* Each form of reapsim's own format, packed or not, is read from a pipe in small pieces. */
static void test_pipe(void)
{
	GString *s = long_text();
	GByteArray *plain = g_byte_array_new(), *packed;

	g_byte_array_append(plain, (const uint8_t *)s->str, (guint)s->len);
	through_pipe(plain, s->str);
	packed = gzip(s->str, s->len);
	through_pipe(packed, s->str);
	g_byte_array_unref(packed);

	g_byte_array_unref(plain);
	plain = as_binary(s);
	through_pipe(plain, s->str);
	packed = zstd(plain->data, plain->len);
	put(packed->data, packed->len);
	expect_text(path, s->str);
	g_byte_array_unref(packed);
	g_byte_array_unref(plain);
	g_string_free(s, TRUE);
}

static void note_progress(void *data, uint64_t done, uint64_t all)
{
	uint64_t *seen = data;

	CU_ASSERT(done >= seen[0] && done <= all);
	seen[0] = done;
	seen[1] = all;
}

static void test_progress(void)
{
	GString *s = long_text();
	uint64_t seen[2] = { 0 };
	const struct input_options options = { .progress = note_progress, .progress_data = seen };
	struct trace *t;
	struct err err;

	put(s->str, s->len);
	CU_ASSERT_EQUAL_FATAL(trace_load_with(path, NULL, &options, &t, &err), 0);
	CU_ASSERT_EQUAL(seen[0], s->len);
	CU_ASSERT_EQUAL(seen[1], s->len);
	trace_free(t);
	g_string_free(s, TRUE);
}

/*
 * Bug: the records of a binary trace were mapped, so a run got SIGBUS if the file was
 * truncated meanwhile, and replayed unchecked records, with SIGSEGV, if it was overwritten.
 * Expected: a loaded trace does not change.
 */
static void test_overwritten(void)
{
	GString *s = long_text();
	GByteArray *b = as_binary(s);
	g_autofree struct op_rec *was = NULL;
	struct trace *t;
	struct err err;
	size_t bytes;
	int fd;

	put(b->data, b->len);
	CU_ASSERT_EQUAL_FATAL(trace_load(path, NULL, &t, &err), 0);
	bytes = t->nr_recs * sizeof(*was);
	was = g_malloc(bytes);
	memcpy(was, t->recs, bytes);
	fd = open(path, O_WRONLY);
	memset(b->data, 0xff, b->len);
	CU_ASSERT_EQUAL(write(fd, b->data, b->len), (ssize_t)b->len);
	CU_ASSERT_EQUAL(memcmp(was, t->recs, bytes), 0);
	CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
	CU_ASSERT_EQUAL(memcmp(was, t->recs, bytes), 0);
	close(fd);
	trace_free(t);
	g_byte_array_unref(b);
	g_string_free(s, TRUE);
}

static void cut_file(void *data, uint64_t done, uint64_t all)
{
	const off_t *size = data;

	(void)done;
	(void)all;
	CU_ASSERT_EQUAL(truncate(path, *size), 0);
}

/* a file that changes its size while it is read is reported as changed, before any other error */
static void test_changed(void)
{
	GString *s = long_text();
	GByteArray *b = as_binary(s), *packed = gzip(s->str, s->len);
	const struct {
		const void *data;
		size_t len;
	} files[] = {
		{ s->str, s->len },
		{ b->data, b->len },
		{ packed->data, packed->len },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		const off_t sizes[] = { 0, 300 << 10, (off_t)files[i].len + 1, 8 << 20 };

		for (size_t j = 0; j < G_N_ELEMENTS(sizes); j++) {
			off_t size = sizes[j];
			const struct input_options options = { .progress = cut_file,
							       .progress_data = &size };
			struct trace *t;
			struct err err;

			put(files[i].data, files[i].len);
			CU_ASSERT_EQUAL(trace_load_with(path, NULL, &options, &t, &err), -ESTALE);
			CU_ASSERT(g_str_has_suffix(err.msg, "/in: changed while it was read"));
		}
	}
	g_byte_array_unref(packed);
	g_byte_array_unref(b);
	g_string_free(s, TRUE);
}

/* unpack_all(): whole, truncated at each byte, and with each limit. */
static void test_at_once(void)
{
	static const struct unpacker *const unpackers[] = { &unpack_gzip, &unpack_zstd };
	GByteArray *out = g_byte_array_new();
	char text[6000];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i * i % 26 * (i % 100 == 0));
	for (unsigned int i = 0; i < G_N_ELEMENTS(packers); i++) {
		GByteArray *a = packers[i](text, sizeof(text));

		for (guint len = 0; len < a->len; len++)
			CU_ASSERT_STRING_EQUAL(unpack_all(unpackers[i], a->data, len, 1u << 20, out)
						       ?: "nothing",
					       "it ends too early");
		for (size_t most = sizeof(text) - 2; most < sizeof(text); most++)
			CU_ASSERT_STRING_EQUAL(unpack_all(unpackers[i], a->data, a->len, most, out)
						       ?: "nothing",
					       "it unpacks to more");
		CU_ASSERT_PTR_NULL(unpack_all(unpackers[i], a->data, a->len, 1u << 20, out));
		CU_ASSERT(out->len == sizeof(text) && !memcmp(out->data, text, sizeof(text)));
		g_byte_array_unref(a);
	}
	g_byte_array_unref(out);
}

void suite_input(void)
{
	CU_pSuite s = CU_add_suite("input", make_dir, remove_dir);

	CU_add_test(s, "gzip and zstd, one after the other", test_packed);
	CU_add_test(s, "all at once", test_at_once);
	CU_add_test(s, "cut off and damaged", test_damaged);
	CU_add_test(s, "a bomb is refused", test_bomb);
	CU_add_test(s, "pipes", test_pipe);
	CU_add_test(s, "progress", test_progress);
	CU_add_test(s, "a trace that is overwritten later", test_overwritten);
	CU_add_test(s, "a file that changes while it is read", test_changed);
}
