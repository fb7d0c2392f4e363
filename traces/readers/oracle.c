// SPDX-License-Identifier: GPL-2.0-only
/*
 * libCacheSim's oracleGeneral: packed little-endian records of 24 bytes, u32
 * time, u64 object, u32 size, i64 number of the next request for the object
 * (negative: none). A request has no process, file or offset, so it becomes
 * the least that the kernel's page cache could see: one process, one file
 * "objects" with a page for each object in the order of first appearance, and
 * a read(2) of one page a request, in the same order.
 *
 * What that means: sizes and times are ignored. As libCacheSim does, requests
 * of size 0 are left out. filemap_read() does not mark a folio again when the
 * descriptor's previous read ended in it, so a request for the object of the
 * request just before it is a hit that marks nothing; the caches of
 * libCacheSim count that one as a use like any other.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/lines.h"

#define REQUEST_BYTES 24
#define AHEAD	      8
#define TABLE_BITS    16
#define ORACLE_PID    1

struct request {
	uint64_t object;
	uint32_t size;
	int64_t next;
};

/*
 * Object to dense id: open addressing over ids, the keys in order of id beside
 * it, so that 100 million objects take at most 27 bytes each.
 */
struct ids {
	uint32_t *slot;	   /* id + 1, 0: free */
	uint64_t *key;	   /* by id */
	uint32_t nr, max;  /* used and allocated keys */
	unsigned int bits; /* log2 of the number of slots */
};

static struct request request_at(const char *bytes, uint64_t i)
{
	const char *p = bytes + i * REQUEST_BYTES;
	struct request r;

	memcpy(&r.object, p + 4, 8);
	memcpy(&r.size, p + 12, 4);
	memcpy(&r.next, p + 16, 8);
	return r;
}

static uint64_t ids_home(const struct ids *d, uint64_t object)
{
	/* one multiplication leaves ids in arithmetic progression in long runs */
	object = (object ^ object >> 32) * 0x9e3779b97f4a7c15ull;
	object = (object ^ object >> 29) * 0xd6e8feb86659fd93ull;
	return object >> (64 - d->bits);
}

static void ids_place(struct ids *d, uint32_t id)
{
	uint64_t mask = (1ull << d->bits) - 1;
	uint64_t i = ids_home(d, d->key[id]);

	while (d->slot[i])
		i = (i + 1) & mask;
	d->slot[i] = id + 1;
}

static bool ids_grow_slots(struct ids *d, unsigned int bits)
{
	free(d->slot);
	d->bits = bits;
	d->slot = calloc(1ull << bits, sizeof(*d->slot));
	if (!d->slot)
		return false;
	for (uint32_t id = 0; id < d->nr; id++)
		ids_place(d, id);
	return true;
}

/* Return: the id of @object, or -ENOMEM. */
static int64_t ids_get(struct ids *d, uint64_t object)
{
	uint64_t mask = (1ull << d->bits) - 1;
	uint64_t i = ids_home(d, object);

	for (; d->slot[i]; i = (i + 1) & mask)
		if (d->key[d->slot[i] - 1] == object)
			return d->slot[i] - 1;
	if (d->nr == d->max) {
		uint32_t max = d->max ? d->max + d->max / 2 : 4096;
		uint64_t *key = realloc(d->key, (size_t)max * sizeof(*key));

		if (!key)
			return -ENOMEM;
		d->key = key;
		d->max = max;
	}
	d->key[d->nr] = object;
	d->slot[i] = ++d->nr;
	if (d->nr >= (mask + 1) / 4 * 3 && !ids_grow_slots(d, d->bits + 1))
		return -ENOMEM;
	return d->nr - 1;
}

/*
 * Starts the two dependent loads of a later ids_get(), one after the other.
 * GCC takes a function that only prefetches for one without effect and drops
 * calls to it, unless it has been inlined before that pass.
 */
static inline __attribute__((always_inline)) void
ids_prefetch(const struct ids *d, const char *bytes, uint64_t i, uint64_t nr)
{
	if (i + 2 * AHEAD < nr)
		__builtin_prefetch(&d->slot[ids_home(d, request_at(bytes, i + 2 * AHEAD).object)]);
	if (i + AHEAD < nr) {
		uint32_t id = d->slot[ids_home(d, request_at(bytes, i + AHEAD).object)];

		if (id)
			__builtin_prefetch(&d->key[id - 1]);
	}
}

static int add_requests(struct trace_build *b, struct ids *d, const char *bytes, uint64_t nr,
			uint64_t *nr_empty, struct err *err)
{
	struct op op = { .code = OP_READ, .pid = ORACLE_PID, .pages = 1 };
	int ret;

	for (uint64_t i = 0; i < nr; i++) {
		struct request r = request_at(bytes, i);
		int64_t id;

		ids_prefetch(d, bytes, i, nr);
		if (r.next < -2)
			return err_at(err, -EINVAL, b->t->path, 0,
				      "request %" PRIu64 ": next request %" PRId64
				      ", expected -2 or more (is this oracleGeneral?)",
				      i, r.next);
		if (!r.size) {
			++*nr_empty;
			continue;
		}
		id = ids_get(d, r.object);
		if (id < 0)
			return err_at(err, (int)id, b->t->path, 0,
				      "no memory for %" PRIu32 " objects", d->nr);
		op.at = (uint32_t)id;
		ret = trace_build_op(b, &op, err);
		if (ret)
			return ret;
	}
	return 0;
}

static void add_note(struct trace_build *b, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add_note(struct trace_build *b, const char *key, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	trace_build_note(b, key, text);
	g_free(text);
}

static int build(struct trace_build *b, struct ids *d, const char *bytes, uint64_t nr,
		 struct err *err)
{
	struct op op = { .code = OP_SPAWN, .pid = ORACLE_PID };
	uint64_t nr_empty = 0;
	uint32_t file;
	int ret = trace_build_op(b, &op, err);

	/* the size is known, and corrected, after the last request */
	if (!ret)
		ret = trace_build_file(b, "objects", 1, false, &file);
	if (!ret)
		ret = add_requests(b, d, bytes, nr, &nr_empty, err);
	if (ret)
		return ret;
	if (!d->nr)
		return err_at(err, -EINVAL, b->t->path, 0,
			      "%" PRIu64 " requests, all of size 0, expected one of another size",
			      nr);
	b->t->files[file].pages = d->nr;
	b->t->nr_file_pages = d->nr;
	add_note(b, "source", "libCacheSim oracleGeneral");
	add_note(b, "requests", "%" PRIu64, nr);
	add_note(b, "objects", "%" PRIu32, d->nr);
	if (nr_empty)
		add_note(b, "left_out", "%" PRIu64 " requests of size 0", nr_empty);
	add_note(b, "cannot_see", "sizes and times are ignored: an object is one page");
	op.code = OP_EXIT;
	return trace_build_op(b, &op, err);
}

static int oracle_read(const char *path, struct trace **out, struct err *err)
{
	struct ids d = { 0 };
	struct trace_build b;
	struct trace *t;
	GMappedFile *m;
	uint64_t len;
	int ret;
	FILE *f = fopen(path, "rb");

	/* fopen() for its errno: GLib's error text names no code to exit with */
	if (!f)
		return path_error(path, "cannot open", errno, err);
	m = g_mapped_file_new_from_fd(fileno(f), FALSE, NULL);
	fclose(f);
	if (!m)
		return err_at(err, -EINVAL, path, 0, "cannot be mapped, expected a regular file");
	len = g_mapped_file_get_length(m);
	if (!len || len % REQUEST_BYTES) {
		g_mapped_file_unref(m);
		return err_at(err, -EINVAL, path, 0,
			      "%" PRIu64 " bytes, expected a multiple of %d "
			      "(is this oracleGeneral, uncompressed and whole?)",
			      len, REQUEST_BYTES);
	}
	trace_build_init(&b, path);
	if (ids_grow_slots(&d, TABLE_BITS))
		ret = build(&b, &d, g_mapped_file_get_contents(m), len / REQUEST_BYTES, err);
	else
		ret = err_at(err, -ENOMEM, path, 0, "no memory for its objects");
	free(d.slot);
	free(d.key);
	g_mapped_file_unref(m);
	if (ret) {
		trace_build_abort(&b);
		return ret;
	}
	t = trace_build_end(&b);
	ret = trace_check(t, NULL, err);
	if (ret)
		trace_free(t);
	else
		*out = t;
	return ret;
}

const struct trace_reader oracle_reader = {
	.name = "oracle",
	.summary = "libCacheSim's oracleGeneral; a read(2) of one page a request",
	.read = oracle_read,
};
