// SPDX-License-Identifier: GPL-2.0-only
/* sim/trace.c, trace-build.c, trace-check.c: iterator, builder, checker. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include "sim/trace.h"

void suite_trace(void);

#define RW   (VM_READ | VM_WRITE)
#define ANON (VM_ANON | RW)

/* Short names, so that a trace fits in a few lines of a table. */
#define SPAWN(p)                                                                                   \
	{                                                                                          \
		.code = OP_SPAWN, .pid = (p)                                                       \
	}
#define FORK(p, c)                                                                                 \
	{                                                                                          \
		.code = OP_FORK, .pid = (p), .child = (c)                                          \
	}
#define OP1(op, p)                                                                                 \
	{                                                                                          \
		.code = OP_##op, .pid = (p)                                                        \
	}
#define MAP(p, a, n, fl, o)                                                                        \
	{                                                                                          \
		.code = OP_MAP, .pid = (p), .at = (a), .pages = (n), .flags = (fl), .pgoff = (o)   \
	}
#define UNMAP(p, a, n)                                                                             \
	{                                                                                          \
		.code = OP_UNMAP, .pid = (p), .at = (a), .pages = (n)                              \
	}
#define ADVISE(p, a, n, fl)                                                                        \
	{                                                                                          \
		.code = OP_ADVISE, .pid = (p), .at = (a), .pages = (n), .flags = (fl)              \
	}
#define TOUCH(p, a, n, w, s)                                                                       \
	{                                                                                          \
		.code = OP_TOUCH, .pid = (p), .at = (a), .pages = (n), .write = (w), .stride = (s) \
	}
#define READ(p, o, n)                                                                              \
	{                                                                                          \
		.code = OP_READ, .pid = (p), .at = (o), .pages = (n)                               \
	}
#define WRITE(p, o, n)                                                                             \
	{                                                                                          \
		.code = OP_WRITE, .pid = (p), .at = (o), .pages = (n)                              \
	}

#define TOP UINT32_MAX

/* A trace of one file "f" of 100 pages (index 0) and one snapshot name "m". */
static struct trace *make(const struct op *ops, size_t nr)
{
	struct trace_build b;
	struct err err = { "" };
	uint32_t id;

	trace_build_init(&b, "t");
	CU_ASSERT_EQUAL_FATAL(trace_build_file(&b, "f", 100, false, &id), 0);
	CU_ASSERT_EQUAL_FATAL(trace_build_name(&b, "m"), 0);
	for (size_t i = 0; i < nr && ops[i].code; i++)
		if (trace_build_op(&b, &ops[i], &err))
			CU_FAIL_FATAL("the builder refused an operation");
	return trace_build_end(&b);
}

static const struct check_case {
	const char *want; /* message after "t: operation N: "; NULL: valid */
	struct op ops[12];
} check_cases[] = {
	{ NULL, { { .code = OP_NONE } } },
	{ NULL,
	  { SPAWN(1), MAP(1, 0, 100, VM_READ, 0), TOUCH(1, 0, 100, false, 1), OP1(EXIT, 1),
	    SPAWN(1), OP1(KILL, 1), SPAWN(1), OP1(MRELEASE, 1), SPAWN(1), OP1(OOM, 1) } },
	{ "1: unknown process 2, expected one that was spawned or forked",
	  { SPAWN(1), READ(2, 0, 1) } },
	{ "2: process 1 is dead, expected a living one",
	  { SPAWN(1), OP1(EXIT, 1), READ(1, 0, 1) } },
	{ "2: process 1 is dead, expected a living one", { SPAWN(1), OP1(KILL, 1), OP1(KILL, 1) } },
	{ "2: process 1 is dead, expected a living one",
	  { SPAWN(1), OP1(MRELEASE, 1), OP1(OPTIN, 1) } },
	{ "1: spawn of process 1, which exists, expected an unused id", { SPAWN(1), SPAWN(1) } },
	{ "2: fork of process 2, which exists, expected an unused id",
	  { SPAWN(1), SPAWN(2), FORK(1, 2) } },
	{ "1: fork of process 1, which exists, expected an unused id", { SPAWN(1), FORK(1, 1) } },
	{ NULL, { SPAWN(1), SPAWN(2), OP1(EXIT, 2), FORK(1, 2), READ(2, 0, 1) } },
	{ "0: unknown process 1, expected one that was spawned or forked", { FORK(1, 2) } },
	/* files */
	{ NULL, { SPAWN(1), READ(1, 0, 100), READ(1, 99, 1), WRITE(1, 99, 1) } },
	{ "1: read of pages 99..100, beyond file \"f\" of 100 pages",
	  { SPAWN(1), READ(1, 99, 2) } },
	{ "1: write of pages 100..100, beyond file \"f\" of 100 pages",
	  { SPAWN(1), WRITE(1, 100, 1) } },
	{ "1: read of pages 4294967295..4294967296, beyond file \"f\" of 100 pages",
	  { SPAWN(1), READ(1, TOP, 2) } },
	{ "1: read of 0 pages at offset 3, expected at least 1", { SPAWN(1), READ(1, 3, 0) } },
	{ "1: map of pages 50..100, beyond file \"f\" of 100 pages",
	  { SPAWN(1), MAP(1, 0, 51, VM_READ, 50) } },
	/* mappings */
	{ "1: map of 0 pages at 0x10, expected at least 1", { SPAWN(1), MAP(1, 16, 0, ANON, 0) } },
	{ "1: unmap of 0 pages at 0x10, expected at least 1", { SPAWN(1), UNMAP(1, 16, 0) } },
	{ NULL,
	  { SPAWN(1), MAP(1, TOP, 1, ANON, 0), TOUCH(1, TOP, 1, true, 1), UNMAP(1, TOP, 1) } },
	{ "1: map of 2 pages at 0xffffffff passes the last page 0xffffffff",
	  { SPAWN(1), MAP(1, TOP, 2, ANON, 0) } },
	{ "1: unmap of 2 pages at 0xffffffff passes the last page 0xffffffff",
	  { SPAWN(1), UNMAP(1, TOP, 2) } },
	{ "1: shared anonymous map at 0x0, expected a map of a shmem file",
	  { SPAWN(1), MAP(1, 0, 1, ANON | VM_SHARED, 0) } },
	{ "1: anonymous map with noreuse at 0x0, which is for files",
	  { SPAWN(1), MAP(1, 0, 1, ANON | VM_NOREUSE, 0) } },
	{ "1: map with readonly at 0x0, which is for shared mappings without w",
	  { SPAWN(1), MAP(1, 0, 1, VM_READ | VM_READONLY, 0) } },
	{ "1: map with readonly at 0x0, which is for shared mappings without w",
	  { SPAWN(1), MAP(1, 0, 1, VM_READ | VM_WRITE | VM_SHARED | VM_READONLY, 0) } },
	{ "1: map with readonly at 0x0, which is for shared mappings without w",
	  { SPAWN(1), MAP(1, 0, 1, ANON | VM_READONLY, 0) } },
	{ "1: map with both random and sequential advice, expected one",
	  { SPAWN(1), MAP(1, 0, 1, ANON | VM_RAND_READ | VM_SEQ_READ, 0) } },
	/* touches */
	{ "1: touch of page 0x5, which process 1 has not mapped",
	  { SPAWN(1), TOUCH(1, 5, 1, false, 1) } },
	{ "2: touch of page 0xf, which process 1 has not mapped",
	  { SPAWN(1), MAP(1, 10, 5, ANON, 0), TOUCH(1, 10, 6, false, 1) } },
	{ "2: touch of page 0x9, which process 1 has not mapped",
	  { SPAWN(1), MAP(1, 10, 5, ANON, 0), TOUCH(1, 9, 2, false, 1) } },
	{ "2: touch of 0 pages at 0xa, expected at least 1",
	  { SPAWN(1), MAP(1, 10, 5, ANON, 0), TOUCH(1, 10, 0, false, 1) } },
	{ "2: touch of 2 pages at 0xffffffff, stride 1, passes the last page 0xffffffff",
	  { SPAWN(1), MAP(1, TOP, 1, ANON, 0), TOUCH(1, TOP, 2, false, 1) } },
	{ "2: touch of 3 pages at 0x0, stride 4294967295, passes the last page 0xffffffff",
	  { SPAWN(1), MAP(1, 0, 1, ANON, 0), TOUCH(1, 0, 3, false, TOP) } },
	{ NULL,
	  { SPAWN(1), MAP(1, 0, 1, ANON, 0), MAP(1, TOP, 1, ANON, 0), TOUCH(1, 0, 2, true, TOP) } },
	{ "2: write touch of page 0x0, mapped r--p by process 1, expected w",
	  { SPAWN(1), MAP(1, 0, 1, VM_READ, 0), TOUCH(1, 0, 1, true, 1) } },
	{ "2: read touch of page 0x0, mapped -w-s by process 1, expected r or x",
	  { SPAWN(1), MAP(1, 0, 1, VM_WRITE | VM_SHARED, 0), TOUCH(1, 0, 1, false, 1) } },
	{ "2: read touch of page 0x0, mapped ---p by process 1, expected r or x",
	  { SPAWN(1), MAP(1, 0, 1, 0, 0), TOUCH(1, 0, 1, false, 1) } },
	{ NULL, { SPAWN(1), MAP(1, 0, 1, VM_EXEC, 0), TOUCH(1, 0, 1, false, 1) } },
	/* only touched pages matter: a stride skips a hole or hits it */
	{ "3: touch of page 0x4, which process 1 has not mapped",
	  { SPAWN(1), MAP(1, 0, 9, ANON, 0), UNMAP(1, 3, 3), TOUCH(1, 0, 5, true, 2) } },
	{ "3: touch of page 0x4, which process 1 has not mapped",
	  { SPAWN(1), MAP(1, 0, 9, ANON, 0), UNMAP(1, 4, 1), TOUCH(1, 0, 5, true, 2) } },
	{ NULL, { SPAWN(1), MAP(1, 0, 9, ANON, 0), UNMAP(1, 5, 1), TOUCH(1, 0, 5, true, 2) } },
	/* a map replaces mappings that it overlaps: left, right, middle, all */
	{ "4: write touch of page 0x5, mapped r--p by process 1, expected w",
	  { SPAWN(1), MAP(1, 0, 9, ANON, 0), MAP(1, 5, 2, VM_READ, 0), TOUCH(1, 0, 5, true, 1),
	    TOUCH(1, 0, 9, true, 1) } },
	{ NULL,
	  { SPAWN(1), MAP(1, 0, 9, ANON, 0), MAP(1, 5, 2, VM_READ, 0), TOUCH(1, 7, 2, true, 1),
	    TOUCH(1, 0, 9, false, 1) } },
	{ "4: write touch of page 0x8, mapped r--p by process 1, expected w",
	  { SPAWN(1), MAP(1, 0, 9, ANON, 0), MAP(1, 8, 9, VM_READ, 0), TOUCH(1, 0, 8, true, 1),
	    TOUCH(1, 8, 1, true, 1) } },
	{ NULL,
	  { SPAWN(1), MAP(1, 2, 2, VM_READ, 0), MAP(1, 5, 2, VM_READ, 0), MAP(1, 0, 9, ANON, 0),
	    TOUCH(1, 0, 9, true, 1) } },
	/* unmap: holes are valid, the rest stays */
	{ NULL,
	  { SPAWN(1), UNMAP(1, 0, 100), MAP(1, 50, 2, ANON, 0), UNMAP(1, 0, 51),
	    TOUCH(1, 51, 1, true, 1), UNMAP(1, 0, 0x3ffffff) } },
	{ "3: touch of page 0x32, which process 1 has not mapped",
	  { SPAWN(1), MAP(1, 50, 2, ANON, 0), UNMAP(1, 0, 51), TOUCH(1, 50, 1, true, 1) } },
	/* advise needs all of its range mapped, by any number of mappings */
	{ NULL,
	  { SPAWN(1), MAP(1, 0, 5, ANON, 0), MAP(1, 5, 5, VM_READ, 0),
	    ADVISE(1, 2, 8, VM_RAND_READ) } },
	{ "3: advise for page 0xa, which process 1 has not mapped",
	  { SPAWN(1), MAP(1, 0, 5, ANON, 0), MAP(1, 5, 5, VM_READ, 0),
	    ADVISE(1, 2, 9, VM_RAND_READ) } },
	/* fork copies, then parent and child are independent; exec drops all mappings */
	{ NULL,
	  { SPAWN(1), MAP(1, 0, 5, ANON, 0), FORK(1, 2), UNMAP(1, 0, 5), TOUCH(2, 0, 5, true, 1),
	    OP1(EXIT, 1), TOUCH(2, 0, 5, true, 1) } },
	{ "4: touch of page 0x0, which process 1 has not mapped",
	  { SPAWN(1), FORK(1, 2), MAP(2, 0, 5, ANON, 0), TOUCH(2, 0, 5, true, 1),
	    TOUCH(1, 0, 1, true, 1) } },
	{ "4: touch of page 0x0, which process 2 has not mapped",
	  { SPAWN(1), MAP(1, 0, 5, ANON, 0), FORK(1, 2), OP1(EXEC, 2), TOUCH(2, 0, 1, true, 1) } },
	{ NULL,
	  { SPAWN(1), MAP(1, 0, 5, ANON, 0), FORK(1, 2), OP1(EXEC, 2), TOUCH(1, 0, 1, true, 1) } },
};

static void test_check(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(check_cases); i++) {
		const struct check_case *c = &check_cases[i];
		struct trace *t = make(c->ops, G_N_ELEMENTS(c->ops));
		char *want = g_strdup_printf("t: operation %s", c->want);
		struct err err = { "" };
		int ret = trace_check(t, NULL, &err);

		if (ret != (c->want ? -EINVAL : 0) || (c->want && strcmp(err.msg, want)))
			fprintf(stderr, "\ncase %zu: %d \"%s\", expected \"%s\"\n", i, ret, err.msg,
				c->want ? want : "valid");
		CU_ASSERT_EQUAL(ret, c->want ? -EINVAL : 0);
		if (c->want)
			CU_ASSERT_STRING_EQUAL(err.msg, want);
		g_free(want);
		trace_free(t);
	}
}

static void test_check_line(void)
{
	const struct op ops[] = { SPAWN(1), READ(1, 0, 1), READ(1, 0, 0) };
	const uint32_t lines[] = { 4, 7, 19 };
	struct trace *t = make(ops, G_N_ELEMENTS(ops));
	struct err err;

	CU_ASSERT_EQUAL(trace_check(t, lines, &err), -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg, "t:19: read of 0 pages at offset 0, expected at least 1");
	CU_ASSERT_EQUAL(trace_check(t, lines, NULL), -EINVAL);
	trace_free(t);
}

/* At most as many mappings as the kernel allows; merged ones count once. */
static void test_check_many_maps(void)
{
	struct op op = MAP(1, 0, 1, ANON, 0), spawn = SPAWN(1);
	struct trace_build b;
	struct trace *t;
	struct err err = { "" };

	for (uint32_t step = 1; step <= 2; step++) {
		trace_build_init(&b, "t");
		CU_ASSERT_EQUAL(trace_build_op(&b, &spawn, &err), 0);
		for (uint32_t i = 0; i < 65531; i++) {
			op.at = i * step;
			CU_ASSERT_EQUAL_FATAL(trace_build_op(&b, &op, &err), 0);
		}
		t = trace_build_end(&b);
		CU_ASSERT_EQUAL(trace_check(t, NULL, &err), step == 1 ? 0 : -EINVAL);
		trace_free(t);
	}
	CU_ASSERT_STRING_EQUAL(err.msg, "t: operation 65531: process 1 has 65531 mappings, "
					"expected at most 65530");
}

/* Forks share their parent's mappings until they change them, but count in full. Bug: 1100 forks
 * were valid, and an unmap in each took the checker more than 1.3 GB. */
static void test_check_many_forks(void)
{
	struct op op = MAP(1, 0, 1, ANON, 0), spawn = SPAWN(1);
	struct trace_build b;
	struct trace *t;
	struct err err = { "" };

	trace_build_init(&b, "t");
	CU_ASSERT_EQUAL(trace_build_op(&b, &spawn, &err), 0);
	for (uint32_t i = 0; i < 65530; i++) {
		op.at = i * 2;
		CU_ASSERT_EQUAL_FATAL(trace_build_op(&b, &op, &err), 0);
	}
	op = (struct op){ .code = OP_FORK, .pid = 1 };
	for (op.child = 2; op.child < 1100; op.child++)
		CU_ASSERT_EQUAL_FATAL(trace_build_op(&b, &op, &err), 0);
	t = trace_build_end(&b);
	CU_ASSERT_EQUAL(trace_check(t, NULL, &err), -EINVAL);
	trace_free(t);
	CU_ASSERT_STRING_EQUAL(err.msg, "t: operation 66554: 67168250 mappings in all processes, "
					"expected at most 67108864");
}

/*
 * Compare the spans of the checker with a byte per page: random maps, unmaps and touches in a
 * space of 64 pages. The checker must agree whether the last touch is valid.
 */
static void test_check_random(void)
{
	GRand *r = g_rand_new_with_seed(7);

	for (int round = 0; round < 20000; round++) {
		struct op ops[12] = { SPAWN(1) };
		uint8_t perm[64] = { 0 };
		size_t nr = (size_t)g_rand_int_range(r, 3, 12);
		struct op *last = &ops[nr - 1];
		bool valid = true;
		struct trace *t;

		for (size_t i = 1; i < nr; i++) {
			uint32_t at = (uint32_t)g_rand_int_range(r, 0, 64);
			uint32_t n = (uint32_t)g_rand_int_range(r, 1, 65 - (int)at);
			uint32_t off = (uint32_t)g_rand_int_range(r, 0, 101 - (int)n);
			uint32_t flags = g_rand_boolean(r) ? VM_READ : RW;
			bool map = g_rand_int_range(r, 0, 3) > 0;

			ops[i] = map ? (struct op)MAP(1, at, n, flags, off)
				     : (struct op)UNMAP(1, at, n);
			if (i < nr - 1)
				memset(perm + at, map ? (int)flags : 0, n);
		}
		*last = (struct op)TOUCH(1, last->at, 1, g_rand_boolean(r),
					 (uint32_t)g_rand_int_range(r, 1, 4));
		last->pages = (uint32_t)g_rand_int_range(r, 1, 5);
		while (last->at + (last->pages - 1) * last->stride > 63)
			last->pages--;
		for (uint32_t i = 0; i < last->pages; i++)
			if (!(perm[last->at + i * last->stride] &
			      (last->write ? VM_WRITE : VM_READ)))
				valid = false;
		t = make(ops, nr);
		CU_ASSERT_EQUAL(trace_check(t, NULL, NULL), valid ? 0 : -EINVAL);
		trace_free(t);
	}
	g_rand_free(r);
}

static const struct op every_op[] = {
	{ .code = OP_SPAWN, .pid = OP_PID_MAX, .cpu = TRACE_CPU_MAX },
	{ .code = OP_FORK, .pid = OP_PID_MAX, .child = 0, .cpu = 1 },
	{ .code = OP_EXEC, .pid = 0 },
	{ .code = OP_MAP, .at = 5, .pages = 100, .flags = VM_FLAGS_ALL & ~VM_ANON },
	{ .code = OP_MAP, .at = TOP, .pages = OP_PAGES_MAX, .flags = ANON | VM_RAND_READ },
	{ .code = OP_UNMAP, .at = 1, .pages = 2 },
	{ .code = OP_ADVISE, .at = 1, .pages = 2, .flags = VM_SEQ_READ },
	{ .code = OP_ADVISE, .at = 1, .pages = 2, .flags = 0 },
	{ .code = OP_TOUCH, .at = TOP, .pages = OP_PAGES_MAX, .stride = 1, .write = true },
	{ .code = OP_TOUCH, .at = 7, .pages = 1, .stride = TOP },
	{ .code = OP_READ, .at = TOP, .pages = OP_PAGES_MAX },
	{ .code = OP_WRITE, .at = 1, .pages = 1, .file = 1 },
	{ .code = OP_READ, .at = 1, .pages = 1, .pid = 9, .file = 1 },
	{ .code = OP_OPTIN, .pid = 9 },
	{ .code = OP_FORK_FAIL, .pid = OP_PID_MAX },
	{ .code = OP_CLEAR_REFS, .pid = 9 },
	{ .code = OP_EXIT, .pid = 9 },
	{ .code = OP_KILL, .pid = 9 },
	{ .code = OP_MRELEASE, .pid = 9, .flags = MRELEASE_FLAGS_ALL },
	{ .code = OP_OOM, .pid = 9 },
	{ .code = OP_DROP_CACHES },
	{ .code = OP_DRAIN },
	{ .code = OP_ADVANCE, .ns = (1ull << 59) - 1 },
	{ .code = OP_MARK, .name = 0 },
	{ .code = OP_MADVISE, .pid = 9, .at = TOP, .pages = OP_PAGES_MAX, .value = MADVISE_FREE },
	{ .code = OP_MADVISE, .pid = 9, .at = 1, .pages = 1, .value = MADVISE_COLD, .to = 1 },
	{ .code = OP_OOM_SCORE_ADJ, .pid = 9, .value = 2000 },
	{ .code = OP_MEMORY_MAX, .pages = OP_PAGES_MAX },
	{ .code = OP_MEMORY_RECLAIM, .pages = 1, .value = 201 },
	{ .code = OP_MREMAP, .pid = 9, .at = TOP, .pages = 1, .to = TOP, .to_pages = OP_PAGES_MAX },
	{ .code = OP_MLOCK, .pid = 9, .at = TOP, .pages = OP_PAGES_MAX },
	{ .code = OP_MUNLOCK, .pid = 9, .at = 1, .pages = 1 },
	{ .code = OP_TRUNCATE, .pid = 1, .file = 1, .at = 100 },
	{ .code = OP_FSYNC, .pid = 1, .file = 1 },
	{ .code = OP_FADVISE,
	  .pid = 1,
	  .file = 1,
	  .at = UINT32_MAX,
	  .pages = OP_PAGES_MAX,
	  .value = FADVISE_NOREUSE },
	{ .code = OP_CGROUP, .pid = 1, .to = 1 },
	{ .code = OP_MEMORY_MAX, .pages = 1, .to = 1 },
	{ .code = OP_MEMORY_RECLAIM, .pages = 1, .value = 1, .to = 1 },
	{ .code = OP_RENAME, .pid = 1, .file = 1, .to = 0 },
	{ .code = OP_UNLINK, .pid = 1, .file = 1 },
};

/* The iterator returns the operations that were passed to the builder. */
static void test_iterate(void)
{
	struct trace_build b;
	struct trace_iter it;
	struct trace *t;
	struct err err = { "" };
	struct op op;
	uint32_t id;

	trace_build_init(&b, "t");
	CU_ASSERT_EQUAL(trace_build_file(&b, "f", 100, false, &id), 0);
	CU_ASSERT_EQUAL(trace_build_file(&b, "g", 100, true, &id), 0);
	trace_build_name(&b, "m");
	for (size_t i = 0; i < G_N_ELEMENTS(every_op); i++)
		CU_ASSERT_EQUAL(trace_build_op(&b, &every_op[i], &err), 0);
	CU_ASSERT_EQUAL(b.nr_ops, G_N_ELEMENTS(every_op));
	t = trace_build_end(&b);
	trace_iter_init(&it, t);
	for (size_t i = 0; i < G_N_ELEMENTS(every_op); i++) {
		CU_ASSERT_EQUAL_FATAL(trace_iter_next(&it, &op, &err), 1);
		CU_ASSERT_EQUAL(memcmp(&op, &every_op[i], sizeof(op)), 0);
	}
	CU_ASSERT_EQUAL(trace_iter_next(&it, &op, &err), 0);
	CU_ASSERT_EQUAL(trace_iter_next(&it, &op, &err), 0);
	trace_free(t);
}

static void test_registers(void)
{
	const struct op ops[] = { SPAWN(1), READ(1, 0, 1), READ(1, 1, 1), OP1(EXIT, 1) };
	struct trace *t = make(ops, G_N_ELEMENTS(ops));

	/* pid, spawn, file, read, read, exit */
	CU_ASSERT_EQUAL(t->nr_recs, 6);
	trace_free(t);
}

static const struct {
	const char *want;
	struct op_rec recs[4];
	size_t nr;
} malformed[] = {
	{ "record 0 (0x00000000 0x00000000): an unknown operation", { { 0, 0 } }, 1 },
	{ "record 0 (0x0000001f 0x00000000): an unknown operation", { { 31, 0 } }, 1 },
	{ "record 0 (0x00000004 0x00000000): an operation before any process was chosen",
	  { { OP_SPAWN, 0 } },
	  1 },
	{ "record 1 (0x00000030 0x00000000): a read or write before any file was chosen",
	  { { REC_PID, 0 }, { OP_READ | 1 << 5, 0 } },
	  2 },
	{ "record 0 (0x00000001 0x00000001): an unused field that is not 0",
	  { { REC_PID, 1 } },
	  1 },
	{ "record 0 (0x00000002 0x00000001): a file beyond the table of files",
	  { { REC_FILE, 1 } },
	  1 },
	{ "record 0 (0x00000015 0x00000001): a mark beyond the table of names",
	  { { OP_MARK, 1 } },
	  1 },
	{ "record 0: the trace ends in an extension record", { { REC_EXT, 0 } }, 1 },
	{ "record 1 (0x00000003 0x00000000): an extension record that no operation follows",
	  { { REC_EXT, 0 }, { REC_EXT, 0 } },
	  2 },
	{ "record 1 (0x00000013 0x00000000): an extension record before an operation that takes "
	  "none",
	  { { REC_EXT, 0 }, { OP_DRAIN, 0 } },
	  2 },
	{ "record 1 (0x0000002c 0x00000000): a map without its flags record",
	  { { REC_PID, 0 }, { OP_MAP | 1 << 5, 0 } },
	  2 },
	{ "record 2 (0x0000002c 0x00000000): unknown map flags before a map",
	  { { REC_PID, 0 }, { REC_EXT | 1 << 14, 0 }, { OP_MAP | 1 << 5, 0 } },
	  3 },
	{ "record 2 (0x0000002c 0x00000000): an anonymous map with a file offset",
	  { { REC_PID, 0 }, { REC_EXT | VM_ANON << 5, 1 }, { OP_MAP | 1 << 5, 0 } },
	  3 },
	{ "record 2 (0x0000002c 0x00000000): a file map before any file was chosen",
	  { { REC_PID, 0 }, { REC_EXT | VM_READ << 5, 1 }, { OP_MAP | 1 << 5, 0 } },
	  3 },
	{ "record 2 (0x0000002e 0x00000000): an unknown advice",
	  { { REC_PID, 0 }, { REC_EXT | 1 << 5, 0 }, { OP_ADVISE | 1 << 5, 0 } },
	  3 },
	{ "record 2 (0x0000002f 0x00000000): a bad stride before a touch",
	  { { REC_PID, 0 }, { REC_EXT, 0 }, { OP_TOUCH | 1 << 5, 0 } },
	  3 },
	{ "record 1 (0x00000089 0x00000000): unknown process_mrelease flags",
	  { { REC_PID, 0 }, { OP_MRELEASE | 4 << 5, 0 } },
	  2 },
	{ "record 1 (0x00000005 0x08000000): a process id beyond 2^27 - 1",
	  { { REC_PID, 0 }, { OP_FORK, 1 << 27 } },
	  2 },
	{ "record 1 (0x8000000d 0x00000000): a range longer than 2^26 - 1 pages",
	  { { REC_PID, 0 }, { OP_UNMAP | 1u << 31, 0 } },
	  2 },
	{ "record 0 (0x00000012 0x00000001): an unused field that is not 0",
	  { { OP_DROP_CACHES, 1 } },
	  1 },
	{ "record 1 (0x00000419 0x00000000): an operation without its extension record",
	  { { REC_PID, 0 }, { REC_WIDE | 32 << 5, 0 } },
	  2 },
	{ "record 1 (0x00000399 0x00000000): an unknown operation",
	  { { REC_EXT, 0 }, { REC_WIDE | 28 << 5, 0 } },
	  2 },
	{ "record 1 (0x00000018 0x00000000): an extension record that no operation follows",
	  { { REC_EXT, 0 }, { REC_MORE, 0 } },
	  2 },
	{ "record 1 (0x00000001 0x00000000): an extension record that no operation follows",
	  { { REC_MORE, 0 }, { REC_PID, 0 } },
	  2 },
	{ "record 2 (0x00000019 0x00000000): an unknown operation",
	  { { REC_MORE, 0 }, { REC_EXT, 0 }, { REC_WIDE, 0 } },
	  3 },
	{ "record 1 (0x00000013 0x00000000): an extension record before an operation that takes "
	  "none",
	  { { REC_MORE, 0 }, { OP_DRAIN, 0 } },
	  2 },
};

/* codes of version 2 mean nothing in version 1 */
static void test_version_1(void)
{
	const struct op_rec recs[] = { { REC_PID, 0 },
				       { OP_SPAWN, 0 },
				       { REC_EXT, 0 },
				       { REC_WIDE | OP_OOM_SCORE_ADJ << 5, 0 } };
	struct trace t = { .path = (char *)"t", .recs = recs, .nr_recs = 4, .version = 2 };

	CU_ASSERT_EQUAL(trace_check(&t, NULL, NULL), 0);
	t.version = 1;
	CU_ASSERT_EQUAL(trace_check(&t, NULL, NULL), -EINVAL);
}

static void test_malformed(void)
{
	struct trace_file file = { .name = (char *)"f", .pages = 100 };
	char *names[] = { (char *)"m" };

	for (size_t i = 0; i < G_N_ELEMENTS(malformed); i++) {
		struct trace t = {
			.path = (char *)"t",
			.version = TRACE_VERSION,
			.recs = malformed[i].recs,
			.nr_recs = malformed[i].nr,
			.files = &file,
			.nr_files = 1,
			.nr_file_pages = 100,
			.names = names,
			.nr_names = 1,
		};
		char *want = g_strdup_printf("t: %s", malformed[i].want);
		struct trace_iter it;
		struct err err = { "" };
		struct op op;
		int ret;

		trace_iter_init(&it, &t);
		while ((ret = trace_iter_next(&it, &op, &err)) > 0)
			;
		CU_ASSERT_EQUAL(ret, -EINVAL);
		CU_ASSERT_STRING_EQUAL(err.msg, want);
		if (strcmp(err.msg, want))
			fprintf(stderr, "\n\"%s\"\nexpected \"%s\"\n", err.msg, want);
		CU_ASSERT_EQUAL(trace_check(&t, NULL, NULL), -EINVAL);
		g_free(want);
	}
}

static const struct {
	const char *want;
	struct op op;
} unfit[] = {
	{ "process 134217728, expected at most 134217727", SPAWN(OP_PID_MAX + 1) },
	{ "process 134217728, expected at most 134217727", FORK(1, OP_PID_MAX + 1) },
	{ "cpu 8192, expected at most 8191", { .code = OP_SPAWN, .cpu = 8192 } },
	{ "length 67108864, expected at most 67108863 pages", READ(1, 0, OP_PAGES_MAX + 1) },
	{ "length 67108864, expected at most 67108863 pages",
	  TOUCH(1, 0, OP_PAGES_MAX + 1, false, 1) },
	{ "stride 0, expected at least 1", TOUCH(1, 0, 1, false, 0) },
	{ "file 1, expected an index of the file table", { .code = OP_READ, .file = 1 } },
	{ "map flags 512, expected known ones", MAP(1, 0, 1, 512, 0) },
	{ "offset of an anonymous map 1, expected 0", MAP(1, 0, 1, ANON, 1) },
	{ "advice 1, expected 0, VM_RAND_READ or VM_SEQ_READ", ADVISE(1, 0, 1, 1) },
	{ "process_mrelease flags 4, expected known ones", { .code = OP_MRELEASE, .flags = 4 } },
	{ "time 576460752303423488, expected less than 2^59 ns",
	  { .code = OP_ADVANCE, .ns = 1ull << 59 } },
	{ "mark 1, expected an index of the name table", { .code = OP_MARK, .name = 1 } },
	{ "operation code 0, expected a known one", { .code = OP_NONE } },
	{ "operation code 1, expected a known one", { .code = REC_PID } },
	{ "operation code 24, expected a known one", { .code = REC_MORE } },
	{ "operation code 26, expected a known one", { .code = NR_RECS } },
	{ "oom_score_adj: an oom_score_adj beyond 1000",
	  { .code = OP_OOM_SCORE_ADJ, .value = 2001 } },
	{ "cgroup: an unknown cgroup", { .code = OP_CGROUP, .to = 2 } },
	{ "memory_reclaim: a cgroup without a swappiness",
	  { .code = OP_MEMORY_RECLAIM, .pages = 1, .to = 1 } },
	{ "oom_score_adj: an unused field that is not 0", { .code = OP_OOM_SCORE_ADJ, .to = 1 } },
};

static void test_unfit(void)
{
	struct trace_build b;
	uint32_t id;

	trace_build_init(&b, "t");
	CU_ASSERT_EQUAL(trace_build_file(&b, "f", 1, false, &id), 0);
	trace_build_name(&b, "m");
	for (size_t i = 0; i < G_N_ELEMENTS(unfit); i++) {
		char *want = g_strdup_printf("t: operation 0: %s", unfit[i].want);
		struct err err = { "" };

		CU_ASSERT_EQUAL(trace_build_op(&b, &unfit[i].op, &err), -EINVAL);
		CU_ASSERT_STRING_EQUAL(err.msg, want);
		g_free(want);
	}
	CU_ASSERT_EQUAL(b.nr_ops, 0);
	trace_build_abort(&b);
}

static void test_files(void)
{
	const uint32_t most = TRACE_FILE_PAGES_MAX;
	char *long_name = g_strnfill(256, 'x');
	struct trace_build b;
	struct trace *t;
	uint32_t id = 77;

	trace_build_init(&b, NULL);
	CU_ASSERT_EQUAL(trace_build_find(&b, "a"), -ENOENT);
	CU_ASSERT_EQUAL(trace_build_file(&b, "a", 0, false, &id), -EINVAL);
	CU_ASSERT_EQUAL(trace_build_file(&b, "", 1, false, &id), -EINVAL);
	CU_ASSERT_EQUAL(trace_build_file(&b, "a\nb", 1, false, &id), -EINVAL);
	CU_ASSERT_EQUAL(trace_build_file(&b, long_name, 1, false, &id), -EINVAL);
	CU_ASSERT_EQUAL(trace_build_file(&b, "a", most, false, &id), -E2BIG);
	CU_ASSERT_EQUAL(trace_build_file(&b, "a", UINT64_MAX, false, &id), -E2BIG);
	CU_ASSERT_EQUAL(id, 77);
	CU_ASSERT_EQUAL(trace_build_file(&b, "a", 10, false, &id), 0);
	CU_ASSERT_EQUAL(id, 0);
	CU_ASSERT_EQUAL(trace_build_file(&b, "a", 10, true, &id), -EEXIST);
	CU_ASSERT_EQUAL(trace_build_file(&b, "a", 11, false, &id), -EEXIST);
	CU_ASSERT_EQUAL(trace_build_file(&b, long_name + 1, most - 12, true, &id), 0);
	CU_ASSERT_EQUAL(id, 1);
	CU_ASSERT_EQUAL(trace_build_file(&b, "c", 2, false, &id), -E2BIG);
	CU_ASSERT_EQUAL(trace_build_file(&b, "c", 1, false, &id), 0);
	CU_ASSERT_EQUAL(trace_build_file(&b, "a", 10, false, &id), 0);
	CU_ASSERT_EQUAL(id, 0);
	CU_ASSERT_EQUAL(trace_build_find(&b, "c"), 2);
	t = trace_build_end(&b);
	CU_ASSERT_EQUAL(t->nr_files, 3);
	CU_ASSERT_EQUAL(t->nr_file_pages, (uint64_t)most - 1);
	CU_ASSERT_EQUAL(t->files[1].first, 10);
	CU_ASSERT_EQUAL(t->files[2].first, most - 2);
	CU_ASSERT_EQUAL(trace_check(t, NULL, NULL), 0);
	trace_free(t);
	g_free(long_name);
}

static void test_tables(void)
{
	struct trace_build b;
	struct trace *t;
	char text[16];

	trace_build_init(&b, "t");
	for (uint32_t i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "n%" PRIu32, i);
		CU_ASSERT_EQUAL(trace_build_name(&b, text), i);
		trace_build_machine(&b, text, "1");
		trace_build_note(&b, text, "a\nb\tc");
	}
	CU_ASSERT_EQUAL(trace_build_name(&b, "n42"), 42);
	t = trace_build_end(&b);
	CU_ASSERT_EQUAL(t->nr_names, 100);
	CU_ASSERT_EQUAL(t->nr_machine, 100);
	CU_ASSERT_STRING_EQUAL(t->machine[99].key, "n99");
	CU_ASSERT_STRING_EQUAL(t->notes[99].value, "a b c");
	CU_ASSERT_EQUAL(trace_check(t, NULL, NULL), 0);
	trace_free(t);
}

static void test_header(void)
{
	static const struct {
		const char *mark, *key, *value, *want;
	} cases[] = {
		{ "a b", "k", "v", "t: mark \"a b\", expected 1 to 64 of A-Za-z0-9_.:-" },
		{ "", "k", "v", "t: mark \"\", expected 1 to 64 of A-Za-z0-9_.:-" },
		{ "m", "a:b", "v", "t: machine key \"a:b\", expected 1 to 64 of A-Za-z0-9_.-" },
		{ "m", "k", "v\n",
		  "t: value of machine \"k\", expected at most 4096 bytes without "
		  "control characters" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct trace_build b;
		struct err err = { "" };
		struct trace *t;

		trace_build_init(&b, "t");
		trace_build_name(&b, cases[i].mark);
		trace_build_machine(&b, cases[i].key, cases[i].value);
		t = trace_build_end(&b);
		CU_ASSERT_EQUAL(trace_check(t, NULL, &err), -EINVAL);
		CU_ASSERT_STRING_EQUAL(err.msg, cases[i].want);
		trace_free(t);
	}
}

static void test_stats(void)
{
	const struct op ops[] = {
		SPAWN(1),
		MAP(1, 1000, 100, VM_READ, 0),
		MAP(1, 2000, 5, ANON, 0),
		TOUCH(1, 1000, 70, false, 1),
		TOUCH(1, 1000, 10, false, 10),
		TOUCH(1, 2000, 5, true, 1),
		FORK(1, 2),
		READ(2, 65, 10),
		READ(2, 65, 10),
		OP1(EXIT, 1),
		{ .code = OP_ADVANCE, .ns = 5 },
		{ .code = OP_MARK },
	};
	struct trace *t = make(ops, G_N_ELEMENTS(ops));
	struct trace_stats s;

	CU_ASSERT_EQUAL(trace_stat(t, &s, NULL), 0);
	CU_ASSERT_EQUAL(s.nr_ops, G_N_ELEMENTS(ops));
	CU_ASSERT_EQUAL(s.ops[OP_READ], 2);
	CU_ASSERT_EQUAL(s.nr_procs, 2);
	CU_ASSERT_EQUAL(s.max_live_procs, 2);
	CU_ASSERT_EQUAL(s.nr_touches, 85);
	CU_ASSERT_EQUAL(s.nr_file_touches, 80);
	CU_ASSERT_EQUAL(s.nr_fd_pages, 20);
	/* 0..69, 70, 80, 90 */
	CU_ASSERT_EQUAL(s.file_pages_touched, 73);
	CU_ASSERT_EQUAL(s.file_pages_fd, 10);
	/* 71..74 by read only */
	CU_ASSERT_EQUAL(s.file_pages_used, 77);
	CU_ASSERT_EQUAL(s.ns, 5);
	trace_free(t);
}

void suite_trace(void)
{
	CU_pSuite s = CU_add_suite("trace", NULL, NULL);

	CU_add_test(s, "check: rules and messages", test_check);
	CU_add_test(s, "check: line of a message", test_check_line);
	CU_add_test(s, "check: number of mappings", test_check_many_maps);
	CU_add_test(s, "check: number of mappings of forks", test_check_many_forks);
	CU_add_test(s, "check: spans against a byte a page", test_check_random);
	CU_add_test(s, "check: names, keys, values", test_header);
	CU_add_test(s, "iterator gives what the builder got", test_iterate);
	CU_add_test(s, "builder: registers are not repeated", test_registers);
	CU_add_test(s, "iterator: malformed records", test_malformed);
	CU_add_test(s, "records of version 2", test_version_1);
	CU_add_test(s, "builder: fields that do not fit", test_unfit);
	CU_add_test(s, "builder: files", test_files);
	CU_add_test(s, "builder: tables grow", test_tables);
	CU_add_test(s, "stats", test_stats);
}
