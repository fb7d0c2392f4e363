// SPDX-License-Identifier: GPL-2.0-only
/*
 * zipf: independent accesses to the pages of one file, the page of rank k with
 * a probability proportional to k^-alpha. This is the standard benchmark of cache simulators. It
 * has no process structure, so reap policies make no difference.
 */
#include <errno.h>

#include <glib.h>

#include "traces/gen/gen.h"

/* ops=: what an access is. order=: where the popular pages lie. */
enum { PAGES, ACCESSES, ALPHA, OP, ORDER, MEMCG };
enum { READ, TOUCH };
enum { SCATTERED, SORTED };

static const struct option options[] = {
	[PAGES] = { "pages", OPT_COUNT, "100000", "size of the file", 1, 100000000 },
	[ACCESSES] = { "accesses", OPT_COUNT, "1000000", "number of accesses", 0, 4000000000 },
	[ALPHA] = { "alpha", OPT_REAL, "0.9", "skew; 0: uniform", 0, 4 },
	[OP] = { "op", OPT_CHOICE, "read", "read: read(2) of a page; touch: through a mapping",
		 .choices = (const char *const[]){ "read", "touch", NULL } },
	[ORDER] = { "order", OPT_CHOICE, "scattered",
		    "place of popular pages in the file; sorted: first",
		    .choices = (const char *const[]){ "scattered", "sorted", NULL } },
	[MEMCG] = { "memcg_pages", OPT_COUNT, "0", "memory limit; 0: left to the machine file", 0,
		    UINT32_MAX },
	{ NULL },
};

#define BASE  0x10000u
#define BATCH 64

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t t = a % b;

		a = b;
		b = t;
	}
	return a;
}

/* @x mod @n, without a division; @inverse is 2^64 / @n, rounded down. */
static inline uint32_t mod(uint64_t x, uint32_t n, uint64_t inverse)
{
	uint64_t q = (uint64_t)((unsigned __int128)x * inverse >> 64);
	uint64_t r = x - q * n;

	return (uint32_t)(r >= n ? r - n : r);
}

static int generate(const struct gen_args *a, struct trace_build *b, struct err *err)
{
	struct gen_emit e = { .b = b, .err = err };
	const uint32_t n = (uint32_t)a->v[PAGES].n;
	const uint64_t accesses = a->v[ACCESSES].n;
	struct op op = { .pid = 1, .pages = 1 };
	struct gen_rng rng;
	struct gen_zipf zipf;
	const uint64_t inverse = n > 1 ? UINT64_MAX / n : 0;
	uint64_t step = 1;
	int ret;

	gen_rng_init(&rng, a->seed);
	ret = gen_zipf_init(&zipf, n, a->v[ALPHA].real, err);
	if (ret)
		return ret;
	if (a->v[ORDER].choice == SCATTERED) {
		/* rank -> rank * step mod n is one to one; near the golden ratio */
		step = (uint64_t)n * 618033989 / 1000000000 | 1;
		while (gcd((uint32_t)step, n) != 1)
			step += 2;
	}
	gen_memcg(&e, a->v[MEMCG].n);
	op.file = gen_file(&e, "zipf", n);
	gen_spawn(&e, 1, 0);
	op.code = OP_READ;
	if (a->v[OP].choice == TOUCH) {
		gen_map_file(&e, 1, op.file, BASE, n, VM_READ);
		op = (struct op){ .code = OP_TOUCH, .pid = 1, .pages = 1, .stride = 1 };
	}
	for (uint64_t done = 0; done < accesses && !e.ret; done += BATCH) {
		uint32_t nr = (uint32_t)MIN(accesses - done, BATCH);
		uint64_t random[BATCH];

		for (uint32_t i = 0; i < nr; i++) {
			random[i] = gen_rng_next(&rng);
			__builtin_prefetch(&zipf.col[(unsigned __int128)random[i] * n >> 64]);
		}
		for (uint32_t i = 0; i < nr; i++) {
			op.at = n > 1 ? mod(gen_zipf_at(&zipf, random[i]) * step, n, inverse) : 0;
			if (op.code == OP_TOUCH)
				op.at += BASE;
			gen_op(&e, &op);
		}
		if (a->progress && !(done & 0xfffff))
			a->progress(a->progress_data, (double)done / (double)accesses);
	}
	gen_mark(&e, "end");
	gen_die(&e, 1, GEN_EXIT, 0);
	gen_zipf_release(&zipf);
	return e.ret;
}

const struct trace_generator gen_zipf_reads = {
	.name = "zipf",
	.summary = "independent accesses to one file with Zipf popularity",
	.options = options,
	.generate = generate,
};
