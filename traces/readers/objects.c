// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/objects.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>

#define TABLE_BITS  16
#define OBJECTS_PID 1

static void ids_place(struct object_ids *d, uint32_t id)
{
	uint64_t mask = (1ull << d->bits) - 1;
	uint64_t i = object_home(d, d->key[id]);

	while (d->slot[i])
		i = (i + 1) & mask;
	d->slot[i] = id + 1;
}

static bool ids_grow_slots(struct object_ids *d, unsigned int bits)
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
static int64_t ids_get(struct object_ids *d, uint64_t object)
{
	uint64_t mask = (1ull << d->bits) - 1;
	uint64_t i = object_home(d, object);

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

int objects_begin(struct objects *o, const struct input *in, struct err *err)
{
	struct op op = { .code = OP_SPAWN, .pid = OBJECTS_PID };
	uint32_t file;
	int ret;

	*o = (struct objects){ .path = in->path };
	trace_build_init(&o->b, in->path);
	if (!ids_grow_slots(&o->ids, TABLE_BITS))
		ret = err_at(err, -ENOMEM, in->path, 0, "no memory for its objects");
	else
		ret = trace_build_op(&o->b, &op, err);
	/* the size is known, and corrected, after the last request */
	return ret ? ret : trace_build_file(&o->b, "objects", 1, false, &file);
}

int objects_take(struct objects *o, uint64_t object, uint64_t size, struct err *err)
{
	struct op op = { .code = OP_READ, .pid = OBJECTS_PID, .pages = 1 };
	int64_t id;

	o->nr++;
	if (!size) {
		o->nr_empty++;
		return 0;
	}
	if (o->ids.nr >= TRACE_FILE_PAGES_MAX - 1)
		return err_at(err, -EINVAL, o->path, 0,
			      "more than %" PRIu32 " objects, expected fewer", o->ids.nr);
	id = ids_get(&o->ids, object);
	if (id < 0)
		return err_at(err, (int)id, o->path, 0, "no memory for %" PRIu32 " objects",
			      o->ids.nr);
	op.at = (uint32_t)id;
	return trace_build_op(&o->b, &op, err);
}

static int finish(struct objects *o, const char *source, struct err *err)
{
	struct op op = { .code = OP_EXIT, .pid = OBJECTS_PID };

	if (!o->ids.nr)
		return err_at(err, -EINVAL, o->path, 0,
			      "%" PRIu64 " requests, all of size 0, expected one of another size",
			      o->nr);
	o->b.t->files[0].pages = o->b.t->files[0].size = o->ids.nr;
	o->b.t->nr_file_pages = o->ids.nr;
	add_note(&o->b, "source", "libCacheSim %s", source);
	add_note(&o->b, "requests", "%" PRIu64, o->nr);
	add_note(&o->b, "objects", "%" PRIu32, o->ids.nr);
	if (o->nr_empty)
		add_note(&o->b, "left_out", "%" PRIu64 " requests of size 0", o->nr_empty);
	add_note(&o->b, "cannot_see", "sizes and times are ignored: an object is one page");
	return trace_build_op(&o->b, &op, err);
}

int objects_end(struct objects *o, int ret, const char *source, struct trace **out, struct err *err)
{
	struct trace *t;

	if (!ret)
		ret = finish(o, source, err);
	free(o->ids.slot);
	free(o->ids.key);
	if (ret) {
		trace_build_abort(&o->b);
		return ret;
	}
	t = trace_build_end(&o->b);
	ret = trace_check(t, NULL, err);
	if (ret)
		trace_free(t);
	else
		*out = t;
	return ret;
}
