// SPDX-License-Identifier: GPL-2.0-only
/*
 * The binary form of a trace: a text header, then the records of sim/op.h,
 * which are mmapped and used where they lie; traces/FORMAT.md describes it.
 * The file must not be shortened while it is in use: that is SIGBUS.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/trace.h"
#include "traces/readers/rows.h"
#include "traces/readers/write.h"

#define SUM_DIGITS 32

struct binary {
	struct rows rows;
	struct trace_build build;
	uint64_t nr_recs;
	char sum[SUM_DIGITS + 1];
	uint64_t sum_bytes; /* of the header that the checksum covers */
	uint64_t recs_at;   /* offset of the first record */
};

static int take_name(struct binary *b, struct err *err)
{
	uint32_t before = b->build.t->nr_names;
	int ret = rows_count(&b->rows, 2, 2, "name,TEXT", err);

	if (ret)
		return ret;
	if (!trace_mark_name_ok(b->rows.field[1]))
		return rows_bad(&b->rows, err, "mark \"%.80s\", expected 1 to 64 of A-Za-z0-9_.:-",
				b->rows.field[1]);
	trace_build_name(&b->build, b->rows.field[1]);
	if (b->build.t->nr_names == before)
		return rows_bad(&b->rows, err, "mark \"%.80s\" again, expected each name once",
				b->rows.field[1]);
	return 0;
}

static int take_records(struct binary *b, struct err *err)
{
	struct rows *r = &b->rows;
	int ret = rows_count(r, 3, 3, "records,COUNT,CHECKSUM", err);

	if (!ret)
		ret = rows_number(r, 1, "number of records", 0, UINT64_MAX / 16, &b->nr_recs, err);
	if (ret)
		return ret;
	if (strlen(r->field[2]) != SUM_DIGITS ||
	    strspn(r->field[2], "0123456789abcdef") != SUM_DIGITS)
		return rows_bad(r, err, "checksum \"%.40s\", expected %d hexadecimal digits",
				r->field[2], SUM_DIGITS);
	memcpy(b->sum, r->field[2], SUM_DIGITS + 1);
	b->recs_at = r->lines.offset;
	if (b->recs_at % sizeof(struct op_rec))
		return rows_bad(r, err,
				"records start at byte %" PRIu64 ", expected a multiple of "
				"8 (padding spaces)",
				b->recs_at);
	return 0;
}

static int read_header(struct binary *b, struct err *err)
{
	int ret;

	for (;;) {
		b->sum_bytes = b->rows.lines.offset;
		ret = rows_next(&b->rows, err);
		if (ret < 0)
			return ret;
		if (!ret)
			return rows_bad(&b->rows, err,
					"the file ends in its header, expected a "
					"records row");
		if (!strcmp(b->rows.field[0], "records"))
			return take_records(b, err);
		if (!strcmp(b->rows.field[0], "name"))
			ret = take_name(b, err);
		else
			ret = rows_header(&b->rows, &b->build, err);
		if (ret < 0)
			return ret;
		if (!ret && strcmp(b->rows.field[0], "name"))
			return rows_bad(&b->rows, err,
					"unknown row \"%.40s\", expected one of: "
					"machine, note, file, name, records",
					b->rows.field[0]);
	}
}

/* Hangs the mapped records into @t. */
static int map_records(const struct binary *b, const struct input *in, struct trace *t,
		       struct err *err)
{
	GError *error = NULL;
	char got[SUM_DIGITS + 1];
	struct trace_sum sum = { 0 };
	const char *bytes;
	uint64_t len, have;

	t->mapped = g_mapped_file_new_from_fd(in->fd, FALSE, &error);
	if (!t->mapped) {
		int ret = err_at(err, -EINVAL, t->path, 0, "%s", error->message);

		g_error_free(error);
		return ret;
	}
	bytes = g_mapped_file_get_contents(t->mapped);
	len = g_mapped_file_get_length(t->mapped);
	if (!bytes || len < b->recs_at)
		return err_at(err, -EINVAL, t->path, 0, "the file changed while it was read");
	have = len - b->recs_at;
	if (have != b->nr_recs * sizeof(struct op_rec))
		return err_at(err, -EINVAL, t->path, 0,
			      "%" PRIu64 " bytes of records, expected %" PRIu64 " for %" PRIu64
			      " records (the file is %s)",
			      have, b->nr_recs * sizeof(struct op_rec), b->nr_recs,
			      have < b->nr_recs * sizeof(struct op_rec) ? "cut off" : "too long");
	t->recs = (const struct op_rec *)(const void *)(bytes + b->recs_at);
	t->nr_recs = b->nr_recs;
	trace_sum_bytes(&sum, bytes, b->sum_bytes);
	trace_sum_add(&sum, (const uint64_t *)(const void *)t->recs, t->nr_recs);
	snprintf(got, sizeof(got), "%016" PRIx64 "%016" PRIx64, sum.a, sum.b);
	if (strcmp(got, b->sum))
		return err_at(err, -EINVAL, t->path, 0,
			      "checksum %s, expected %s (the file is damaged)", got, b->sum);
	return 0;
}

static int binary_read(struct input *in, struct trace **out, struct err *err)
{
	struct binary b = { 0 };
	struct trace *t;
	int ret = input_make_plain(in, err);

	if (!ret)
		ret = rows_start(&b.rows, in, ",binary", err);
	if (ret)
		return ret;
	trace_build_init(&b.build, in->path);
	ret = read_header(&b, err);
	rows_close(&b.rows);
	t = trace_build_end(&b.build);
	if (!ret)
		ret = map_records(&b, in, t, err);
	if (!ret)
		ret = trace_check(t, NULL, err);
	if (ret)
		trace_free(t);
	else
		*out = t;
	return ret;
}

static bool binary_probe(const uint8_t *head, size_t len)
{
	return rows_probe(head, len, true);
}

const struct trace_reader binary_reader = {
	.name = "binary",
	.summary = "reapsim's own format as mmapped records, small and fast",
	.probe = binary_probe,
	.read = binary_read,
};
