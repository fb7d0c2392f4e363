// SPDX-License-Identifier: GPL-2.0-only
/*
 * sequential: one process streams a file larger than memory through read(2),
 * another keeps using random pages of its own working set, mapped. A good LRU
 * keeps the working set.
 */
#include <glib.h>

#include "traces/gen/gen.h"

enum { STREAM, PASSES, CHUNK, WS, WS_TOUCHES, MEMCG };

static const struct option options[] = {
	[STREAM] = { "stream_pages", OPT_COUNT, "65536", "size of the streamed file", 1,
		     100000000 },
	[PASSES] = { "passes", OPT_COUNT, "3", "number of passes over the file", 1, 1000000 },
	[CHUNK] = { "chunk_pages", OPT_COUNT, "32", "pages per read(2)", 1, 1000000 },
	[WS] = { "ws_pages", OPT_COUNT, "4096", "working set; 0: the stream only", 0, 10000000 },
	[WS_TOUCHES] = { "ws_touches", OPT_COUNT, "8",
			 "random touches of the working set per chunk", 0, 1000000,
			 .assumed = true },
	[MEMCG] = { "memcg_pages", OPT_COUNT, "16384", "memory limit; 0: left to the machine file",
		    0, UINT32_MAX },
	{ NULL },
};

#define BASE	 0x10000u
#define WORKER	 1
#define STREAMER 2

static int generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	struct gen_emit e = { .b = b, .err = err };
	const uint64_t stream = a->v[STREAM].n, chunk = a->v[CHUNK].n;
	const uint32_t ws = (uint32_t)a->v[WS].n;
	uint32_t stream_file, ws_file;
	struct gen_rng rng;

	gen_rng_init(&rng, a->seed);
	gen_memcg(&e, a->v[MEMCG].n);
	stream_file = gen_file(&e, "stream", stream);
	if (ws) {
		ws_file = gen_file(&e, "workingset", ws);
		gen_spawn(&e, WORKER, 0);
		gen_map_file(&e, WORKER, ws_file, BASE, ws, VM_READ);
		gen_touch(&e, WORKER, BASE, ws, false);
	}
	gen_spawn(&e, STREAMER, 0);
	gen_mark(&e, "warm");
	for (uint64_t pass = 1; pass <= a->v[PASSES].n && !e.ret; pass++) {
		for (uint64_t at = 0; at < stream && !e.ret; at += chunk) {
			gen_read(&e, STREAMER, stream_file, (uint32_t)at, MIN(chunk, stream - at));
			for (uint64_t i = 0; ws && i < a->v[WS_TOUCHES].n; i++)
				gen_touch(&e, WORKER, BASE + gen_rng_below(&rng, ws), 1, false);
		}
		gen_mark(&e, "pass%" G_GUINT64_FORMAT, pass);
	}
	gen_die(&e, STREAMER, GEN_EXIT, 0);
	if (ws)
		gen_die(&e, WORKER, GEN_EXIT, 0);
	return e.ret;
}

const struct trace_generator gen_sequential = {
	.name = "sequential",
	.summary = "a stream larger than memory and a process with a working set",
	.options = options,
	.generate = generate,
};
