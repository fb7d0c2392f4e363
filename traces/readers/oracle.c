// SPDX-License-Identifier: GPL-2.0-only
/*
 * libCacheSim's oracleGeneral: packed little-endian records of 24 bytes, u32
 * time, u64 object, u32 size, i64 number of the next request for the object
 * (negative, or the largest number: none). traces/readers/objects.h describes what a request
 * becomes.
 *
 * The format has no magic, so the user must name it. Other bytes are detected by times that go
 * backwards and by numbers of next requests beyond the length of any trace. The reader does not
 * check that the next request is for the same object: in existing files it often is not.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/objects.h"

#define REQUEST_BYTES  24
#define CHUNK_REQUESTS 8192
#define AHEAD	       8
#define NEXT_MAX       (INT64_C(1) << 31)

struct request {
	uint32_t time;
	uint64_t object;
	uint32_t size;
	int64_t next;
};

static struct request request_at(const uint8_t *bytes, uint64_t i)
{
	const uint8_t *p = bytes + i * REQUEST_BYTES;
	struct request r;

	memcpy(&r.time, p, 4);
	memcpy(&r.object, p + 4, 8);
	memcpy(&r.size, p + 12, 4);
	memcpy(&r.next, p + 16, 8);
	r.time = GUINT32_FROM_LE(r.time);
	r.object = GUINT64_FROM_LE(r.object);
	r.size = GUINT32_FROM_LE(r.size);
	r.next = GINT64_FROM_LE(r.next);
	return r;
}

static int check_request(const struct objects *o, const struct request *r, uint32_t last,
			 struct err *err)
{
	if (r->time < last)
		return err_at(err, -EINVAL, o->path, 0,
			      "request %" PRIu64 ": time %" PRIu32 " after %" PRIu32
			      ", expected times that do not go back (is this oracleGeneral?)",
			      o->nr, r->time, last);
	if (r->next < -2 || (r->next >= NEXT_MAX && r->next != INT64_MAX))
		return err_at(err, -EINVAL, o->path, 0,
			      "request %" PRIu64 ": next request %" PRId64
			      ", expected -2 or more, and less than 2^31 (is this oracleGeneral?)",
			      o->nr, r->next);
	return 0;
}

static int take_chunk(struct objects *o, const uint8_t *bytes, uint64_t nr, uint32_t *time,
		      struct err *err)
{
	for (uint64_t i = 0; i < nr; i++) {
		struct request r = request_at(bytes, i);
		int ret = check_request(o, &r, *time, err);

		if (i + 2 * AHEAD < nr)
			objects_prefetch(o, request_at(bytes, i + AHEAD).object,
					 request_at(bytes, i + 2 * AHEAD).object);
		if (!ret)
			ret = objects_take(o, r.object, r.size, err);
		if (ret)
			return ret;
		*time = r.time;
	}
	return 0;
}

static int take_all(struct objects *o, struct input *in, struct err *err)
{
	uint8_t *bytes = g_malloc(CHUNK_REQUESTS * REQUEST_BYTES);
	uint32_t time = 0;
	uint64_t all = 0;
	int64_t n;
	int ret = 0;

	while (!ret && (n = input_read(in, bytes, CHUNK_REQUESTS * REQUEST_BYTES, err))) {
		if (n < 0) {
			ret = (int)n;
			break;
		}
		all += (uint64_t)n;
		ret = take_chunk(o, bytes, (uint64_t)n / REQUEST_BYTES, &time, err);
		if (n < CHUNK_REQUESTS * REQUEST_BYTES)
			break;
	}
	g_free(bytes);
	if (!ret && (!all || all % REQUEST_BYTES))
		ret = err_at(err, -EINVAL, in->path, 0,
			     "%" PRIu64 " bytes, expected a multiple of %d "
			     "(is this oracleGeneral, and whole?)",
			     all, REQUEST_BYTES);
	return ret;
}

static int oracle_read(struct input *in, struct trace **out, struct err *err)
{
	struct objects o;
	int ret = objects_begin(&o, in, err);

	if (!ret)
		ret = take_all(&o, in, err);
	return objects_end(&o, ret, "oracleGeneral", out, err);
}

const struct trace_reader oracle_reader = {
	.name = "oracle",
	.summary = "libCacheSim's oracleGeneral; each request is a read(2) of one page",
	.read = oracle_read,
};
