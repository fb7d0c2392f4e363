/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces of requests for objects, as cache simulators use them. A request has
 * no process, file or offset, so it becomes the minimum that the kernel's page cache could see:
 * one process, one file "objects" with a page for each object
 * in the order of first appearance, and a read(2) of one page a request, in
 * the same order.
 *
 * Consequences: sizes and times are ignored. Requests of size 0 are left out, as in
 * libCacheSim. filemap_read() does not mark a folio again when the
 * descriptor's previous read ended in it, so a request for the object of the
 * request just before it is a hit that marks nothing; the caches of
 * libCacheSim count that one as a use like any other.
 */
#ifndef REAPSIM_TRACES_OBJECTS_H
#define REAPSIM_TRACES_OBJECTS_H

#include <stdint.h>

#include "sim/err.h"
#include "sim/trace.h"
#include "traces/readers/input.h"

/**
 * struct object_ids - object to dense id: open addressing over ids, the keys in
 * order of id next to it, so that 100 million objects take at most 27 bytes each.
 */
struct object_ids {
	uint32_t *slot;	   /* id + 1, 0: free */
	uint64_t *key;	   /* by id */
	uint32_t nr, max;  /* used and allocated keys */
	unsigned int bits; /* log2 of the number of slots */
};

/** struct objects - initialised by objects_begin(). */
struct objects {
	struct trace_build b;
	struct object_ids ids;
	uint64_t nr, nr_empty; /* requests, and those of size 0 */
	const char *path;
};

int objects_begin(struct objects *o, const struct input *in, struct err *err);
/** One request. @size: 0 leaves it out. */
int objects_take(struct objects *o, uint64_t object, uint64_t size, struct err *err);
/**
 * Finish; @ret is the result of reading. @source: the name of the format.
 * Return: @ret if that is not 0; 0 with a checked trace in @out; -EINVAL.
 */
int objects_end(struct objects *o, int ret, const char *source, struct trace **out,
		struct err *err);

static inline uint64_t object_home(const struct object_ids *d, uint64_t object)
{
	/* one multiplication leaves ids in arithmetic progression in long runs */
	object = (object ^ object >> 32) * 0x9e3779b97f4a7c15ull;
	object = (object ^ object >> 29) * 0xd6e8feb86659fd93ull;
	return object >> (64 - d->bits);
}

/*
 * Fetch what objects_take() of @later needs first, and of @soon needs next.
 * GCC takes a function that only prefetches for one without effect and drops
 * calls to it, unless it has been inlined before that pass.
 */
static inline __attribute__((always_inline)) void objects_prefetch(const struct objects *o,
								   uint64_t soon, uint64_t later)
{
	uint32_t id = o->ids.slot[object_home(&o->ids, soon)];

	__builtin_prefetch(&o->ids.slot[object_home(&o->ids, later)]);
	if (id)
		__builtin_prefetch(&o->ids.key[id - 1]);
}

#endif
