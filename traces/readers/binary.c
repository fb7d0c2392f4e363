// SPDX-License-Identifier: GPL-2.0-only
/*
 * The binary form of a trace: a text header, then the records of sim/op.h;
 * traces/FORMAT.md describes it. Records are read into memory, not mapped: they are checked once,
 * and the replay must use the checked bytes even if the file changes meanwhile. If they are many,
 * this memory is a file without a name (sim/spill.h), of which a replay keeps little in memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/names.h"
#include "sim/spill.h"
#include "sim/trace.h"
#include "traces/readers/rows.h"
#include "traces/readers/write.h"

#define SUM_DIGITS   32
#define MEMORY_BYTES (256u << 20) /* input_options.memory_bytes */
#define READ_RECS    (1u << 16)	  /* at a time, into it */
#define FIRST_BYTES  (1u << 20)	  /* first allocation if the file's size does not confirm nr_recs */

struct binary {
	struct rows rows;
	struct trace_build build;
	uint64_t nr_recs;
	char sum[SUM_DIGITS + 1];
	GString *head;	    /* the header, byte for byte */
	uint64_t sum_bytes; /* length of its part that the checksum covers */
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

static const char *const header_rows[] = { "machine", "note", "file", "name", "records", NULL };

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
		if (!ret && strcmp(b->rows.field[0], "name")) {
			g_autofree char *expected = names_unknown(b->rows.field[0], header_rows);

			return rows_bad(&b->rows, err, "unknown row \"%.40s\"%s", b->rows.field[0],
					expected);
		}
	}
}

static int wrong_size(const struct binary *b, const struct trace *t, uint64_t bytes,
		      struct err *err)
{
	const uint64_t expected = b->nr_recs * sizeof(struct op_rec);

	return err_at(err, -EINVAL, t->path, 0,
		      "%" PRIu64 " bytes of records, expected %" PRIu64 " for %" PRIu64
		      " records (the file is %s)",
		      bytes, expected, b->nr_recs, bytes < expected ? "cut off" : "too long");
}

static int no_memory(const struct binary *b, const struct trace *t, struct err *err)
{
	return err_at(err, -ENOMEM, t->path, 0,
		      "no memory for its %" PRIu64 " records of %zu bytes", b->nr_recs,
		      sizeof(struct op_rec));
}

/* Read the bytes after the records. Return: their number. */
static int64_t skip_rest(struct binary *b, struct err *err)
{
	char buf[4096];
	int64_t n, all = 0;

	while ((n = lines_rest(&b->rows.lines, buf, sizeof(buf), err)) > 0)
		all += n;
	return n < 0 ? n : all;
}

static int spill_records(struct binary *b, struct trace *t, struct err *err)
{
	while (t->spill->nr < b->nr_recs) {
		const uint64_t before = t->spill->nr;
		const uint64_t nr = MIN(b->nr_recs - before, READ_RECS);
		char *to = spill_add(t->spill, (unsigned int)nr);
		int64_t n;

		if (!to)
			return t->spill->error == -ENOMEM ? no_memory(b, t, err)
							  : spill_check(t->spill, t->path, err);
		n = lines_rest(&b->rows.lines, to, nr * sizeof(struct op_rec), err);
		if (n < 0)
			return (int)n;
		if ((uint64_t)n < nr * sizeof(struct op_rec))
			return wrong_size(b, t, before * sizeof(struct op_rec) + (uint64_t)n, err);
	}
	trace_end(t);
	return 0;
}

/*
 * Reads the records into memory of @t. The file states their number. Unless its size confirms
 * that number, memory grows with the bytes that arrive.
 */
static int load_records(struct binary *b, const struct input *in, struct trace *t, struct err *err)
{
	const uint64_t expected = b->nr_recs * sizeof(struct op_rec);
	uint64_t have = 0, room = in->plain ? expected : MIN(expected, FIRST_BYTES);
	int64_t n;

	while (have < expected) {
		struct op_rec *more = g_try_realloc(t->own_recs, room);

		if (!more)
			return no_memory(b, t, err);
		t->recs = t->own_recs = more;
		n = lines_rest(&b->rows.lines, (char *)more + have, room - have, err);
		if (n < 0)
			return (int)n;
		have += (uint64_t)n;
		if (have < room)
			return wrong_size(b, t, have, err);
		room = MIN(expected, 2 * room);
	}
	t->nr_recs = b->nr_recs;
	return 0;
}

static int read_records(struct binary *b, const struct input *in, struct trace *t, struct err *err)
{
	const uint64_t expected = b->nr_recs * sizeof(struct op_rec);
	const uint64_t asked = in->options ? in->options->memory_bytes : 0;
	int64_t n;
	int ret;

	if (in->plain && in->size != b->recs_at + expected)
		return wrong_size(b, t, in->size - MIN(in->size, b->recs_at), err);
	ret = expected > (asked ? asked : MEMORY_BYTES) ? spill_records(b, t, err)
							: load_records(b, in, t, err);
	if (ret)
		return ret;
	n = skip_rest(b, err);
	return n < 0 ? (int)n : n ? wrong_size(b, t, expected + (uint64_t)n, err) : 0;
}

static int check_sum(const struct binary *b, const struct trace *t, struct err *err)
{
	char got[SUM_DIGITS + 1];
	struct trace_sum sum = { 0 };

	trace_sum_bytes(&sum, b->head->str, b->sum_bytes);
	for (uint64_t i = 0; i < t->nr_recs; i += TRACE_PASSES) {
		const uint64_t nr = MIN(t->nr_recs - i, TRACE_PASSES);

		trace_sum_add(&sum, (const uint64_t *)(const void *)(t->recs + i), nr);
		trace_passed(t, i, i + nr);
	}
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
	int ret = rows_start(&b.rows, in, ",binary", err);

	if (ret)
		return ret;
	b.head = g_string_new(NULL);
	g_string_printf(b.head, TRACE_MAGIC "%" PRIu32 ",binary\n", b.rows.version);
	b.rows.lines.keep = b.head;
	trace_build_init(&b.build, in->path);
	b.build.t->version = b.rows.version;
	ret = read_header(&b, err);
	t = trace_build_end(&b.build);
	if (!ret)
		ret = read_records(&b, in, t, err);
	rows_close(&b.rows);
	if (!ret)
		ret = check_sum(&b, t, err);
	if (!ret)
		trace_recs_le((struct op_rec *)t->recs, t->nr_recs);
	if (!ret)
		ret = trace_check(t, NULL, err);
	if (ret)
		trace_free(t);
	else
		*out = t;
	g_string_free(b.head, TRUE);
	return ret;
}

static bool binary_probe(const uint8_t *head, size_t len)
{
	return rows_probe(head, len, true);
}

const struct trace_reader binary_reader = {
	.name = "binary",
	.summary = "reapsim's own format as binary records, small and fast",
	.probe = binary_probe,
	.read = binary_read,
};
