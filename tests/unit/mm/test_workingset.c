// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/workingset.c and sim/mm/shrinker.c: the list of shadow nodes and its order, the
 * limit of each kernel, the number of nodes that a pass of reclaim frees, and the shadows
 * that go with them. Worked out by hand from v7.3's source.
 */
#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/shrinker.h"
#include "sim/mm/workingset.h"
#include "tests/unit/testlib.h"

void suite_workingset(void);

/* the first pages of the shadow nodes of file a, the oldest node first */
static char *shadow_nodes(const struct tl *x)
{
	const struct page_trees *t = x->s->trees;
	GString *out = g_string_new(NULL);

	for (uint32_t i = t->shadow_nodes[0].head; i != XA_NONE; i = t->nodes[i].next)
		g_string_append_printf(out, "%s%u", out->len ? " " : "",
				       t->nodes[i].slot - tl_slot(x, "a", 0));
	return g_string_free(out, FALSE);
}

static void expect_nodes(const struct tl *x, const char *want, const char *when)
{
	g_autofree char *nodes = shadow_nodes(x);

	TL_STR(nodes, want, "%s", when);
}

/* A node is on the list while it has only shadows. It is added at the end when its last page is
 * evicted. */
static void test_list(void)
{
	struct tl *x = tl_new("memcg_pages=192 kmem=on", NULL,
			      "file,a,1000; spawn,1; read,1,a,0,128; mark,full; read,1,a,512,128;"
			      "mark,over; read,1,a,5,1; mark,back; read,1,a,640,180; mark,more;"
			      "drop_caches");

	tl_to(x, "full");
	expect_nodes(x, "", "nothing evicted");
	tl_to(x, "over");
	expect_nodes(x, "0", "the first 64 pages went");
	TL_EQ(tl_stat(x, VM_workingset_nodes), 1, "gauge");
	tl_to(x, "back");
	expect_nodes(x, "", "one of them came back");
	TL_EQ(tl_stat(x, VM_workingset_refault_file), 1, "by its shadow");
	tl_to(x, "more");
	expect_nodes(x, "64 512 576 0", "it went again, after the others");
	TL_EQ(tl_end(x), 1, "%s", x->err.msg);
	expect_nodes(x, "", "drop_caches clears shadows");
	TL_EQ(tl_stat(x, VM_workingset_nodereclaim), 0, "which is no reclaim");
	tl_free(x);
}

/* a lone first page of a file is in no node, a second page adds one; tmpfs nodes are not listed */
static void test_first_page(void)
{
	struct tl *x = tl_new("memcg_pages=128 kmem=on", NULL,
			      "file,a,200; file,b,1000; spawn,1; read,1,a,0,1; read,1,b,0,200;"
			      "mark,alone; read,1,a,130,1; mark,two");

	tl_to(x, "alone");
	TL_STR(tl_where(x, "a", 0), "shadow", "evicted");
	TL_EQ(x->s->trees->nodes[0].listed, false, "no node");
	tl_to(x, "two");
	TL_EQ(x->s->trees->nodes[0].listed, true, "the tree has grown above it");
	tl_free(x);
}

/* a run with @n shadow nodes of one shadow each */
static struct tl *with_nodes(const struct kernel_profile *kernel, const struct lru_model *lru,
			     const char *machine, uint32_t n)
{
	struct tl *x = tl_new_kernel(kernel, lru, machine, NULL,
				     "file,a,70000; spawn,1; read,1,a,69000,64; drain; mark,m");
	const uint32_t first = tl_slot(x, "a", 0);

	tl_to(x, "m");
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t slot = first + i * XA_CHUNK_SIZE;

		CU_ASSERT(xa_reserve(x->s, slot, 0, GFP_KERNEL) >= 0);
		xa_store_folio(x->s, slot, 0);
		xa_store_shadow(x->s, slot, 0);
		x->s->folios[slot].flags = PG_shadow;
	}
	return x;
}

/*
 * 64 pages are on the lists, and the nodes of a memcg take 592 bytes each: 400, two of
 * the pages and nine above them are 58 to 59 pages, of which the statistics lack less than one.
 */
static void test_limit(void)
{
	static const struct {
		const char *machine;
		uint32_t nodes;
		/* v7.3.4 and v6.12, any LRU; v7.3-rc7 with the classic one, with MGLRU */
		uint64_t more, more_rc7, more_gen_rc7;
	} rows[] = {
		{ "memory_pages=8192", 8, 0, 0, 8 },
		{ "memory_pages=8192", 9, 1, 1, 9 },
		{ "memory_pages=8192 unevictable_pages=800", 108, 0, 0, 8 },
		{ "memory_pages=8192 unevictable_pages=800", 109, 1, 1, 9 },
		{ "memcg_pages=8192 kmem=on", 400, 400 - 122 / 8, 400 - 122 / 8, 400 - 58 / 8 },
		{ "memcg_pages=8192 kmem=on", 1, 0, 0, 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		for (const struct kernel_profile *const *k = kernel_profiles; *k; k++) {
			for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
				struct tl *x = with_nodes(*k, *lru, rows[i].machine, rows[i].nodes);

				TL_EQ(count_shadow_nodes(x->s, 0),
				      *k != &kernel_7_3_rc7 ? rows[i].more
				      : (*lru)->lru_gen	    ? rows[i].more_gen_rc7
							    : rows[i].more_rc7,
				      "v%s, %s, %u nodes, %s", (*k)->name, (*lru)->name,
				      rows[i].nodes, rows[i].machine);
				tl_free(x);
			}
		}
	}
}

/* reclaim of a memcg does not shrink nodes that are not charged to it */
static void test_nokmem(void)
{
	struct tl *x = with_nodes(&kernel_7_3_rc7, &lru_mglru, "memcg_pages=8192", 1000);

	CU_ASSERT_PTR_NULL(x->s->trees);
	shrink_slab(x->s, &x->s->memcg[0], 0);
	TL_EQ(tl_stat(x, VM_workingset_nodereclaim), 0, "nokmem");
	TL_EQ(tl_stat(x, VM_workingset_nodes), 0, "nokmem");
	tl_free(x);
}

/* lruvec_page_state_local() is as of the last flush, lruvec_lru_size() is not */
static void test_statistics(void)
{
	const char *text = "file,a,20000; spawn,1; mark,m; read,1,a,0,64; drain; mark,end";

	for (int rc7 = 0; rc7 < 2; rc7++) {
		struct tl *x = tl_new_kernel(rc7 ? &kernel_7_3_rc7 : &kernel_7_3, &lru_classic,
					     "memory_pages=8192 memcg_stats=flushed", NULL, text);

		tl_to(x, "m");
		sim_run(x->s, 2, &x->err); /* the read, and the drain */
		xa_store_folio(x->s, tl_slot(x, "a", 10000), 0);
		xa_store_shadow(x->s, tl_slot(x, "a", 10000), 0);
		TL_EQ(count_shadow_nodes(x->s, 0), rc7 ? 0 : 1, "no flush since, rc7 %d", rc7);
		workingset_flush_stats(x->s);
		TL_EQ(count_shadow_nodes(x->s, 0), 0, "after it, rc7 %d", rc7);
		tl_free(x);
	}
}

/*
 * do_shrink_slab(): frees half of the surplus, plus what earlier passes deferred, scaled by
 * priority; in batches of 128, or all nodes if there are fewer. The limit is 8 nodes.
 */
static void test_shrink(void)
{
	static const struct {
		uint32_t nodes;
		uint64_t deferred;
		int priority;
		uint64_t freed, deferred_then;
	} rows[] = {
		{ 8, 7, 12, 0, 7 },	/* nothing to free: the deferred count stays */
		{ 9, 0, 0, 0, 0 },	/* half of one is 0 */
		{ 263, 0, 12, 0, 127 }, /* 127 are less than a batch: deferred */
		{ 264, 0, 12, 128, 0 }, /* 128 are a batch */
		{ 264, 1, 12, 128, 1 },	   { 263, 127, 12, 0, 254 }, /* 127 >> 12 adds nothing */
		{ 263, 127, 0, 128, 126 }, /* 254: one batch, 126 deferred */
		{ 1008, 0, 12, 384, 116 }, /* three batches of 500 */
		{ 10, 0, 0, 0, 1 },	   /* one of two */
		{ 10, 1, 0, 2, 0 },	   /* one, and one deferred before: all of the surplus */
		{ 10, 100, 3, 4, 4 },	   /* 100 >> 3 and one, at most four: below the limit */
		{ 108, 0, 0, 0, 50 },	   { 108, 50, 0, 100, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x =
			with_nodes(&kernel_7_3, &lru_classic, "memory_pages=8192", rows[i].nodes);

		x->s->trees->shadow_nodes[0].nr_deferred = rows[i].deferred;
		shrink_slab(x->s, &x->s->memcg[0], rows[i].priority);
		TL_EQ(tl_stat(x, VM_workingset_nodereclaim), rows[i].freed, "row %zu", i);
		TL_EQ(x->s->trees->shadow_nodes[0].nr_deferred, rows[i].deferred_then, "row %zu",
		      i);
		TL_EQ(tl_stat(x, VM_workingset_nodes), rows[i].nodes - rows[i].freed, "row %zu", i);
		/* the oldest nodes were freed, with their shadows */
		for (uint32_t n = 0; n < rows[i].nodes; n++)
			TL_EQ(tl_folio(x, "a", n * XA_CHUNK_SIZE)->flags != 0, n >= rows[i].freed,
			      "row %zu, node %u", i, n);
		tl_free(x);
	}
}

/*
 * A file twice as large as memory is read twice, MGLRU. On v7.3-rc7 nearly no page of the second
 * pass is a refault, on v7.3.4 all are (Debian's kernels: 38 and 65526 of 65536).
 */
static void test_read_twice(void)
{
	static const struct {
		const struct kernel_profile *kernel;
		const char *machine;
		uint64_t least, most;
	} rows[] = {
		{ &kernel_7_3, "memcg_pages=32768 kmem=on", 65400, 65536 },
		{ &kernel_7_3, "memory_pages=32768", 65400, 65536 },
		{ &kernel_6_12, "memcg_pages=32768 kmem=on", 65400, 65536 },
		{ &kernel_7_3_rc7, "memcg_pages=32768 kmem=on", 0, 100 },
		{ &kernel_7_3_rc7, "memory_pages=32768", 0, 100 },
		{ &kernel_7_3_rc7, "memcg_pages=32768", 65400, 65536 },
		/* large folios leave their shadows in few nodes */
		{ &kernel_7_3_rc7, "memcg_pages=32768 kmem=on readahead_pages=32 max_folio_order=9",
		  65400, 65536 },
	};
	g_autoptr(GString) text = g_string_new("file,a,65536; spawn,1");

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < 65536; i += 256)
			g_string_append_printf(text, "; read,1,a,%d,256", i);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct sim_config cfg = { .kernel = rows[i].kernel,
					  .lru = &lru_mglru,
					  .reap = &reap_baseline };
		struct err err = { "" };
		struct trace *t = tl_trace(text->str, &err);
		struct vmstat v;
		struct sim *s;

		cfg.machine = tl_machine(rows[i].machine);
		s = sim_new(t, &cfg, &err);
		TL_EQ(sim_run(s, UINT64_MAX, &err), 1, "%s", err.msg);
		sim_stat(s, &v);
		CU_ASSERT(v.v[VM_workingset_refault_file] >= rows[i].least &&
			  v.v[VM_workingset_refault_file] <= rows[i].most);
		CU_ASSERT_EQUAL(v.v[VM_workingset_nodereclaim] != 0, rows[i].most < 65536);
		sim_free(s);
		trace_free(t);
	}
}

/* kmem: a process and the nodes are charged: 50 leaves and the node above them take 7.4 pages, and
 * 0.1 are left of the process's files */
static void test_charge(void)
{
	struct tl *off = tl_run("memcg_pages=8192", NULL, "file,a,3200; spawn,1; read,1,a,0,3200");
	struct tl *on =
		tl_run("memcg_pages=8192 kmem=on", NULL,
		       "file,a,3200; spawn,1; mark,process; read,1,a,0,3200; mark,m; drop_caches");
	const uint64_t of_process = 8192 - tl_at(on, "process", VM_nr_free_pages);

	TL_EQ(tl_stat(off, VM_nr_free_pages), 8192 - 3200, "off");
	CU_ASSERT(of_process > 0);
	TL_EQ(tl_at(on, "m", VM_nr_free_pages), 8192 - 3200 - of_process - 7, "on");
	TL_EQ(tl_stat(on, VM_nr_free_pages), 8192 - of_process, "given back");
	tl_free(off);
	tl_free(on);
}

void suite_workingset(void)
{
	CU_pSuite s = CU_add_suite("workingset", NULL, NULL);

	CU_add_test(s, "the list of shadow nodes", test_list);
	CU_add_test(s, "a file's first page alone", test_first_page);
	CU_add_test(s, "how many are too many", test_limit);
	CU_add_test(s, "below a memcg limit without kmem", test_nokmem);
	CU_add_test(s, "as of the last flush", test_statistics);
	CU_add_test(s, "do_shrink_slab", test_shrink);
	CU_add_test(s, "a file read twice", test_read_twice);
	CU_add_test(s, "charged to the memcg", test_charge);
}
