// SPDX-License-Identifier: GPL-2.0-only
/* The readers of libCacheSim's csv and vscsi. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include "traces/readers/readers.h"
#include "traces/readers/write.h"

void suite_objects(void);

static int load_bytes(const void *bytes, size_t len, const char *format, char **rows,
		      struct err *err)
{
	char path[] = "/tmp/reapsim-test-objects-XXXXXX";
	int fd = mkstemp(path), ret;
	struct trace *t = NULL;
	size_t size;
	FILE *f;

	*rows = NULL;
	*err = (struct err){ "" };
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	ret = trace_load(path, format, &t, err);
	unlink(path);
	if (ret)
		return ret;
	f = open_memstream(rows, &size);
	CU_ASSERT_EQUAL(trace_write_text(t, f, err), 0);
	fclose(f);
	trace_free(t);
	return 0;
}

/* @want: the rows from the file on, or the error */
static void expect(const char *what, const void *bytes, size_t len, const char *format, int ret,
		   const char *want)
{
	struct err err;
	char *rows;
	const char *have;
	bool same;

	CU_ASSERT_EQUAL(load_bytes(bytes, len, format, &rows, &err), ret);
	have = rows ? strstr(rows, "\nfile,") : err.msg;
	have = rows && have ? have + 1 : have;
	same = have && (rows ? !strcmp(have, want) : strstr(have, want) != NULL);
	CU_ASSERT(same);
	if (!same)
		fprintf(stderr, "%s: have \"%s%s\", want \"%s\"\n", what, have ? have : "", err.msg,
			want);
	free(rows);
}

#define OBJECTS(n) "file,objects," #n "\nspawn,1\n"
#define READ(page) "read,1,objects," #page ",1\n"

static const struct {
	const char *name;
	const char *format; /* NULL: detected by its header */
	const char *in;
	const char *rows;
} csv_good[] = {
	{ "a header in any order, writes and all", NULL,
	  "version,time,op,size,lbn\n1,5,2a,512,700\n1,4,28,512,3\n1,6,28,512,700\n",
	  OBJECTS(2) READ(0) READ(1) READ(0) "exit,1\n" },
	{ "time, object, size; size 0 is left out", "csv", "1,9,100\n2,8,0\n3,7,100\n",
	  OBJECTS(2) READ(0) READ(1) "exit,1\n" },
	{ "objects alone", "csv", "a\nb\na\n0x10\n16\n",
	  OBJECTS(3) READ(0) READ(1) READ(0) READ(2) READ(2) "exit,1\n" },
	{ "names, quoted, in columns by tabs, with carriage returns", NULL,
	  "\"Obj-ID\"\t\"Time\"\r\n\"x\t\"\"y\"\t1\r\nz\t2\r\n\"x\t\"\"y\"\t3\r\n",
	  OBJECTS(2) READ(0) READ(1) READ(0) "exit,1\n" },
	{ "a last line without its newline", "csv", "1,9,100\n2,9,100",
	  OBJECTS(1) READ(0) READ(0) "exit,1\n" },
};

static const struct {
	const char *in;
	const char *message;
} csv_bad[] = {
	{ "1,2,3\n1,2\n", ":2: 2 fields, expected 3" },
	{ "1,2,3\n1,,3\n", ":2: an empty object" },
	{ "1,2,3\n1,2,x\n", ":2: size \"x\", expected a number of bytes" },
	{ "1,2,3\n1,2,99999999999999999999\n", ":2: size \"99999999999999999999\"" },
	{ "time,id,size\n", ": 0 requests" },
	{ "1,2,3\n1,\"2,3\n", ":2: " },
	{ "1,2,3\n1,\"2\"x,3\n", ":2: " },
};

static void test_csv(void)
{
	GString *s = g_string_new("1,2,3\n1,");

	for (size_t i = 0; i < G_N_ELEMENTS(csv_good); i++)
		expect(csv_good[i].name, csv_good[i].in, strlen(csv_good[i].in), csv_good[i].format,
		       0, csv_good[i].rows);
	for (size_t i = 0; i < G_N_ELEMENTS(csv_bad); i++)
		expect(csv_bad[i].in, csv_bad[i].in, strlen(csv_bad[i].in), "csv", -EINVAL,
		       csv_bad[i].message);
	expect("NUL", "1,2,3\n1,\0,3\n", 12, "csv", -EINVAL, ": a NUL byte");
	for (unsigned int i = 0; i < 5000; i++)
		g_string_append_c(s, 'x');
	expect("long field", s->str, s->len, "csv", -EINVAL, ":2: a field of more than 4096 bytes");
	g_string_append(s, ",3\n");
	expect("long field", s->str, s->len, "csv", -EINVAL, ":2: a field that begins with \"xxx");
	g_string_free(s, TRUE);
}

/* struct request - a vscsi record, of either version. */
struct request {
	uint32_t bytes;
	uint64_t block;
};

static GByteArray *vscsi(unsigned int version, size_t nr, const struct request *r)
{
	GByteArray *out = g_byte_array_new();

	for (size_t i = 0; i < nr; i++) {
		uint8_t rec[40] = { 0 };

		memcpy(rec + (version == 1 ? 4 : 8), &r[i].bytes, 4);
		memcpy(rec + 16, &r[i].block, 8);
		rec[version == 1 ? 15 : 3] = (uint8_t)version;
		rec[version == 1 ? 12 : 0] = 0x2a;
		g_byte_array_append(out, rec, version == 1 ? 32 : 40);
	}
	return out;
}

static void test_vscsi(void)
{
	static const struct request r[] = {
		{ 512, 0x123456789abcull }, { 4096, 5 }, { 0, 6 }, { 512, 0x123456789abcull }
	};
	static const char rows[] = OBJECTS(2) READ(0) READ(1) READ(0) "exit,1\n";

	for (unsigned int version = 1; version <= 2; version++) {
		GByteArray *b = vscsi(version, G_N_ELEMENTS(r), r);
		size_t size = version == 1 ? 32 : 40;
		char *want;

		expect("vscsi", b->data, b->len, NULL, 0, rows);
		expect("cut in a record", b->data, b->len - 1, NULL, -EINVAL,
		       version == 1 ? ": 31 bytes after record 3, expected records of 32 bytes"
				    : ": 39 bytes after record 3, expected records of 40 bytes");
		expect("one record", b->data, size, "vscsi", -EINVAL, ": no vscsi records");
		g_byte_array_free(b, TRUE);
		/* after the bytes that a reader sees first */
		b = g_byte_array_new();
		for (unsigned int i = 0; i < 200; i++) {
			GByteArray *one = vscsi(version, 1, r);

			g_byte_array_append(b, one->data, one->len);
			g_byte_array_free(one, TRUE);
		}
		b->data[199 * size + (version == 1 ? 15 : 3)] = 7;
		want = g_strdup_printf(
			": record 199, at byte %zu: version 0x0700, expected 0x0%u00", 199 * size,
			version);
		expect("another version", b->data, b->len, NULL, -EINVAL, want);
		g_free(want);
		g_byte_array_free(b, TRUE);
	}
}

void suite_objects(void)
{
	CU_pSuite s = CU_add_suite("objects", NULL, NULL);

	CU_add_test(s, "csv", test_csv);
	CU_add_test(s, "vscsi", test_vscsi);
}
