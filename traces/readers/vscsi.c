// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads vscsi, the block traces of CloudPhysics as libCacheSim's example data
 * have them: packed little-endian records of one of two versions.
 *
 *	1: u32 number, u32 bytes, u32 segments, u16 command, u16 version,
 *	   u64 block, u64 time: 32 bytes
 *	2: u16 command, u16 version, u32 number, u32 bytes, u32 segments,
 *	   u64 block, u64 time, u64 response time: 40 bytes
 *
 * The upper byte of a record's version is 1 or 2 in all records; there is no
 * other sign of the format. As in libCacheSim a request's object is its first
 * block, and writes count as reads. traces/readers/objects.h describes what a request becomes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/objects.h"

#define CHUNK_RECORDS 4096
#define PROBE_RECORDS 2
#define RECORD_MAX    40

static const struct layout {
	size_t bytes;
	size_t version, len, block; /* where they are */
} layouts[] = {
	{ 32, 14, 4, 16 },
	{ 40, 2, 8, 16 },
};

static bool fits(const struct layout *l, const uint8_t *p)
{
	/* its lower byte is not used */
	return p[l->version + 1] == l - layouts + 1;
}

/* The layout of records that begin with these bytes, NULL if it is none. */
static const struct layout *find_layout(const uint8_t *head, size_t len)
{
	for (size_t v = G_N_ELEMENTS(layouts); v-- > 0;) {
		const struct layout *l = &layouts[v];
		size_t nr = len / l->bytes, i = 0;

		while (i < nr && fits(l, head + i * l->bytes))
			i++;
		if (nr >= PROBE_RECORDS && i == nr)
			return l;
	}
	return NULL;
}

static int take(struct objects *o, const struct layout *l, const uint8_t *p, struct err *err)
{
	uint32_t len;
	uint64_t block;

	if (!fits(l, p))
		return err_at(err, -EINVAL, o->path, 0,
			      "record %" PRIu64 ", at byte %" PRIu64
			      ": version 0x%02x%02x, expected 0x%02x00 (is the file damaged?)",
			      o->nr, o->nr * l->bytes, p[l->version + 1], p[l->version],
			      (unsigned int)(l - layouts + 1));
	memcpy(&len, p + l->len, sizeof(len));
	memcpy(&block, p + l->block, sizeof(block));
	return objects_take(o, GUINT64_FROM_LE(block), GUINT32_FROM_LE(len), err);
}

static int take_all(struct objects *o, struct input *in, const struct layout *l, struct err *err)
{
	const size_t room = CHUNK_RECORDS * l->bytes;
	uint8_t *bytes = g_malloc(room);
	int64_t n = 0;
	int ret = 0;

	do {
		n = input_read(in, bytes, room, err);
		if (n < 0)
			ret = (int)n;
		for (size_t i = 0; !ret && (i + 1) * l->bytes <= (size_t)n; i++)
			ret = take(o, l, bytes + i * l->bytes, err);
	} while (!ret && n == (int64_t)room);
	g_free(bytes);
	if (!ret && (size_t)n % l->bytes)
		ret = err_at(err, -EINVAL, in->path, 0,
			     "%zu bytes after record %" PRIu64 ", expected records of %zu bytes "
			     "(is it cut off?)",
			     (size_t)n % l->bytes, o->nr, l->bytes);
	return ret;
}

static int vscsi_read(struct input *in, struct trace **out, struct err *err)
{
	size_t len;
	const uint8_t *head = input_head(in, &len);
	const struct layout *l = find_layout(head, len);
	struct objects o;
	int ret;

	if (!l)
		return err_at(err, -EINVAL, in->path, 0,
			      "no vscsi records of version 1 or 2, expected two or more at its "
			      "start");
	ret = objects_begin(&o, in, err);
	if (!ret)
		ret = take_all(&o, in, l, err);
	return objects_end(&o, ret, "vscsi", out, err);
}

static bool vscsi_probe(const uint8_t *head, size_t len)
{
	return find_layout(head, len);
}

extern const struct trace_reader vscsi_reader;

const struct trace_reader vscsi_reader = {
	.name = "vscsi",
	.summary = "libCacheSim's vscsi; each request is a read(2) of one page",
	.probe = vscsi_probe,
	.read = vscsi_read,
};
