// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/write-oracle.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

#define RECORD_BYTES 24
#define BUFFERED     4096
#define PAGE_BYTES   4096

static bool is_access(const struct op *op)
{
	return op->code == OP_READ || op->code == OP_WRITE;
}

static int check(const struct trace *t, uint64_t *accesses, struct err *err)
{
	struct trace_iter it;
	struct op op;
	uint64_t nr = 0;
	int ret;

	*accesses = 0;
	trace_iter_init(&it, t);
	while ((ret = trace_iter_next(&it, &op, err)) > 0) {
		nr++;
		if (op.code == OP_TOUCH || op.code == OP_DROP_CACHES)
			return err_at(
				err, -EINVAL, t->path, 0,
				"operation %" G_GUINT64_FORMAT
				" has no counterpart in oracleGeneral, expected reads and writes",
				nr);
		if (is_access(&op))
			*accesses += op.pages;
	}
	if (!ret && *accesses >= UINT32_MAX)
		return err_at(err, -E2BIG, t->path, 0,
			      "%" G_GUINT64_FORMAT " accesses, expected fewer than %u", *accesses,
			      UINT32_MAX);
	return ret;
}

/* next[i]: ordinal of the access after access i to the same page, from 1. */
static int find_next(const struct trace *t, uint32_t *next, uint32_t *last, struct err *err)
{
	struct trace_iter it;
	struct op op;
	uint32_t i = 0;
	int ret;

	trace_iter_init(&it, t);
	while ((ret = trace_iter_next(&it, &op, err)) > 0) {
		if (!is_access(&op))
			continue;
		for (uint32_t p = 0; p < op.pages; p++) {
			uint32_t slot = t->files[op.file].first + op.at + p;

			if (last[slot])
				next[last[slot] - 1] = i + 1;
			last[slot] = ++i;
		}
	}
	return ret;
}

static void put_record(uint8_t *to, uint64_t ns, uint32_t slot, uint32_t next)
{
	const uint32_t seconds = GUINT32_TO_LE((uint32_t)(ns / 1000000000));
	const uint64_t object = GUINT64_TO_LE((uint64_t)slot + 1);
	const uint32_t size = GUINT32_TO_LE(PAGE_BYTES);
	const int64_t vtime = GINT64_TO_LE(next ? (int64_t)next : -1);

	memcpy(to, &seconds, 4);
	memcpy(to + 4, &object, 8);
	memcpy(to + 12, &size, 4);
	memcpy(to + 16, &vtime, 8);
}

static int write_all(const struct trace *t, const uint32_t *next, FILE *f, struct err *err)
{
	uint8_t buf[BUFFERED * RECORD_BYTES];
	struct trace_iter it;
	struct op op;
	size_t fill = 0;
	uint64_t ns = 0;
	uint32_t i = 0;
	int ret;

	trace_iter_init(&it, t);
	while ((ret = trace_iter_next(&it, &op, err)) > 0) {
		if (op.code == OP_ADVANCE)
			ns += op.ns;
		if (!is_access(&op))
			continue;
		for (uint32_t p = 0; p < op.pages; p++) {
			put_record(buf + fill, ns, t->files[op.file].first + op.at + p, next[i++]);
			fill += RECORD_BYTES;
			if (fill < sizeof(buf))
				continue;
			if (fwrite(buf, 1, fill, f) != fill)
				return 0;
			fill = 0;
		}
	}
	if (!ret)
		fwrite(buf, 1, fill, f);
	return ret;
}

int trace_write_oracle(const struct trace *t, FILE *f, struct err *err)
{
	uint64_t accesses;
	uint32_t *next, *last;
	int ret = check(t, &accesses, err);

	if (ret)
		return ret;
	next = g_try_new0(uint32_t, accesses + 1);
	last = g_try_new0(uint32_t, t->nr_file_pages + 1);
	if (!next || !last)
		ret = err_set(err, -ENOMEM,
			      "no memory to look ahead over %" G_GUINT64_FORMAT " accesses",
			      accesses);
	if (!ret)
		ret = find_next(t, next, last, err);
	g_free(last);
	if (!ret)
		ret = write_all(t, next, f, err);
	g_free(next);
	return ret;
}
