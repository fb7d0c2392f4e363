// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/fork.c: what processes, mappings and files take of a memcg's kernel memory. */
#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/fork.h"
#include "sim/mm/objcg.h"
#include "tests/unit/testlib.h"

void suite_fork(void);

/* whole pages, and bytes of objects, that the memcg is charged for at the end of @x */
static void expect(struct tl *x, int64_t pages, int64_t bytes, const char *ops)
{
	const struct objcg *o = x->s->objcg;
	int64_t now = 0;

	for (int k = 0; k < NR_SLAB_KINDS; k++)
		now += o->of[0].slab[k] + o->stock[0].nr_slab[k];
	TL_EQ(now, bytes, "bytes: %s", ops);
	TL_EQ(x->s->zone.nr_kernel * 4096 - o->stock[0].nr_bytes[0] - now, pages * 4096,
	      "pages: %s", ops);
}

/* pages and objects, as seen in the kernel: see sim/mm/fork.c */
static void test_sizes(void)
{
	static const struct {
		const char *ops;
		uint32_t pages, bytes; /* whole pages; of objects */
	} rows[] = {
		/* three tables and the buffer of a pipe; two files */
		{ "spawn,1", 4, 400 },
		{ "spawn,1; spawn,2", 8, 800 },
		{ "spawn,1; exit,1", 0, 0 },
		/* stack 4, PGD, copied tables 6, and what a new process takes */
		{ "spawn,1; fork,1,2", 4 + 15, 400 + 9032 + 8664 + 400 },
		{ "spawn,1; fork,1,2; kill,2", 4, 400 },
		{ "spawn,1; fork,1,2; exec,2", 8, 800 },
		{ "spawn,1; fork_fail,1", 4, 400 },
		/* a VMA and a file */
		{ "spawn,1; map,1,0,8,r--p,a,0", 4, 400 + 400 },
		{ "spawn,1; map,1,0,8,r--p,a,0; map,1,16,8,r--p,a,0", 4, 400 + 600 },
		{ "spawn,1; map,1,0,8,r--p,a,0; unmap,1,0,8", 4, 400 + 200 },
		/* with its PUD and PMD, a table; a node for the file; then those of others */
		{ "spawn,1; map,1,0,8,r--p,a,0; touch,1,0,8,r", 7, 400 + 400 + 592 },
		{ "spawn,1; anon,1,0,8,rw-p; touch,1,0,8,w", 7, 400 + 200 + 176 },
		{ "spawn,1; anon,1,508,8,rw-p; touch,1,508,8,w", 8, 400 + 200 + 176 },
		{ "spawn,1; anon,1,0x3fffc,8,rw-p; touch,1,0x3fffc,8,w", 9, 400 + 200 + 176 },
		{ "spawn,1; anon,1,0x7fffffc,8,rw-p; touch,1,0x7fffffc,8,w", 10, 400 + 200 + 176 },
		{ "spawn,1; anon,1,0,8,rw-p; touch,1,0,8,w; exit,1", 0, 0 },
		/* the first page alone is in no node; with another: two leaves, one above */
		{ "spawn,1; read,1,a,0,1", 4, 400 + 200 },
		{ "spawn,1; read,1,a,0,1; read,1,a,130,1", 4, 400 + 200 + 3 * 592 },
		{ "spawn,1; read,1,a,0,1; read,1,a,130,1; drop_caches", 4, 400 + 200 },
		/* a buffer head for each page that was written */
		{ "spawn,1; write,1,a,0,8", 4, 400 + 200 + 592 + 8 * 104 },
		{ "spawn,1; write,1,a,0,8; write,1,a,4,8", 4, 400 + 200 + 592 + 12 * 104 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,200;", rows[i].ops, NULL);
		struct tl *x = tl_run("memcg_pages=4096 kmem=on readahead_pages=0", NULL, text);

		expect(x, rows[i].pages, rows[i].bytes, rows[i].ops);
		tl_free(x);
	}
}

/*
 * A kernel has its own sizes, and v6.12 two pages for a PGD. Page tables are free with the gather
 * in v6.12, and later, after a grace period, in the others: of a process that ended at once what is
 * left is its tables, its stack and its task_struct.
 */
static void test_kernels(void)
{
	static const struct {
		const struct kernel_profile *kernel;
		uint32_t pages, bytes, dead_pages, dead_bytes;
	} rows[] = {
		{ &kernel_7_3, 4 + 15, 400 + 9032 + 8664 + 400, 4 + 4 + 9, 400 + 9032 },
		{ &kernel_6_18, 4 + 15, 400 + 9032 + 8632 + 400, 4 + 4 + 9, 400 + 9032 },
		{ &kernel_6_12, 4 + 16, 400 + 8456 + 8488 + 400, 4 + 4, 400 + 8456 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_new_kernel(rows[i].kernel, &lru_classic,
					     "memcg_pages=4096 kmem=on op_us=1", NULL,
					     "spawn,1; fork,1,2; mark,forked; kill,2");

		tl_to(x, "forked");
		expect(x, rows[i].pages, rows[i].bytes, rows[i].kernel->name);
		TL_EQ(tl_end(x), 1, "%s", rows[i].kernel->name);
		expect(x, rows[i].dead_pages, rows[i].dead_bytes, rows[i].kernel->name);
		tl_free(x);
	}
}

void suite_fork(void)
{
	CU_pSuite s = CU_add_suite("fork", NULL, NULL);

	CU_add_test(s, "what a process takes", test_sizes);
	CU_add_test(s, "what it takes on each kernel", test_kernels);
}
