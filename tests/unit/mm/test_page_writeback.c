// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/page-writeback.c: dirty pages, the flusher, and rotation after writeback. */
#include <CUnit/CUnit.h>

#include "tests/unit/testlib.h"

void suite_page_writeback(void);

/* wb_workfn() runs every dirty_writeback_ms for pages that have been dirty for dirty_expire_ms;
 * balance_dirty_pages() acts above the background ratio of free and file pages */
static const struct {
	const char *machine, *ops;
	uint64_t dirty, written;
	const char *what;
} flushes[] = {
	{ "", "write,1,a,0,10", 10, 0, "stay dirty" },
	{ "", "write,1,a,0,10; write,1,a,5,10", 15, 0, "dirty twice is dirty once" },
	{ "", "write,1,a,0,10; advance,29s", 10, 0, "not expired" },
	{ "", "write,1,a,0,10; advance,31s", 0, 10, "expired" },
	{ "", "write,1,a,0,10; advance,30s", 0, 10, "expired just now" },
	{ "", "advance,1s; write,1,a,0,10; advance,30s", 10, 0, "31 s: the flusher looks at 35 s" },
	{ "", "advance,1s; write,1,a,0,10; advance,34s", 0, 10, "35 s" },
	{ "dirty_writeback_ms=1000", "advance,1s; write,1,a,0,10; advance,30s", 0, 10,
	  "it looks every second" },
	{ "dirty_expire_ms=2000", "write,1,a,0,10; advance,5s", 0, 10, "expires after 2 s" },
	{ "", "write,1,a,0,10; advance,20s; write,1,a,10,5; advance,11s", 5, 10,
	  "the later ones stay" },
	{ "", "write,1,a,0,10; advance,20s; write,1,a,0,10; advance,11s", 0, 10,
	  "dirty since the first write" },
	/* 10% of the limit, 1000 pages: 100 are allowed, 101 start the flusher */
	{ "memcg_pages=1000", "write,1,a,0,100", 100, 0, "at the background ratio" },
	{ "memcg_pages=1000", "write,1,a,0,101", 0, 101, "past it" },
	{ "memcg_pages=1000 dirty_background_ratio=50", "write,1,a,0,500", 500, 0, "half" },
	/* anon pages do not count for the ratio */
	{ "memcg_pages=1000", "anon,1,0,500,rw-p; touch,1,0,500,w; write,1,a,0,51", 0, 51,
	  "half of the memory is anon: 50" },
};

static void test_flusher(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(flushes); i++) {
		g_autofree char *text = g_strconcat("file,a,600; spawn,1;", flushes[i].ops, NULL);
		struct tl *x = tl_run(flushes[i].machine, NULL, text);

		TL_EQ(tl_stat(x, VM_nr_dirty), flushes[i].dirty, "%s", flushes[i].what);
		TL_EQ(tl_stat(x, VM_nr_written), flushes[i].written, "%s", flushes[i].what);
		tl_free(x);
	}
}

/* writeback of a page that is mapped: the next write faults and dirties again */
static void test_flush_mapped(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,8; spawn,1; map,1,0,8,rw-s,a,0; touch,1,0,8,w; advance,30s;"
			      "mark,written; touch,1,0,3,w");

	TL_EQ(tl_at(x, "written", VM_nr_dirty), 0, "written");
	TL_EQ(tl_at(x, "written", VM_pgfault), 8, "written");
	TL_EQ(tl_stat(x, VM_nr_dirty), 3, "dirty again");
	TL_EQ(tl_stat(x, VM_pgfault), 11, "write notification");
	TL_EQ(tl_stat(x, VM_nr_dirtied), 11, "dirtied");
	tl_free(x);
}

/* The flusher drains the batches of its CPU. With two CPUs, that is not the CPU that dirtied
 * the pages. */
static void test_flush_drains(void)
{
	const char *ops =
		"file,a,8; spawn,1; write,1,a,0,5; advance,30s; read,1,a,5,1; advance,30s";
	struct tl *x = tl_run("readahead_pages=0", NULL, ops);

	TL_EQ(tl_stat(x, VM_nr_inactive_file), 5, "the five that were written");
	tl_free(x);
	x = tl_run("readahead_pages=0 cpus=2", NULL, ops);
	TL_EQ(tl_stat(x, VM_nr_inactive_file), 0, "written on the other CPU");
	tl_free(x);
}

/* folio_end_writeback() of a page with PG_reclaim: folio_rotate_reclaimable() */
static void test_rotate(void)
{
	struct tl *x =
		tl_new(NULL, NULL,
		       "file,a,8; spawn,1; write,1,a,0,2; drain; drop_caches; drain; read,1,a,4,2;"
		       "drain; mark,m; advance,30s");
	g_autofree char *list = NULL;

	tl_to(x, "m");
	list = tl_list(x, "inactive_file");
	TL_STR(list, "a:5 a:4 a:1 a:0", "before");
	CU_ASSERT(tl_end(x) == 1);
	g_free(list);
	list = tl_list(x, "inactive_file");
	TL_STR(list, "a:5 a:4 a:0 a:1", "each went to the tail when it was written");
	TL_EQ(tl_stat(x, VM_pgrotated), 2, "pgrotated");
	TL_EQ(tl_folio(x, "a", 0)->flags & (PG_reclaim | PG_dirty), 0, "clean");
	tl_free(x);
}

/* a dirty private copy is an anon page; unmapping a dirty shared PTE dirties the file page */
static void test_zap_dirty(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,8; spawn,1; map,1,0,8,rw-s,a,0; touch,1,0,2,w; advance,30s;"
			      "touch,1,0,1,w; exit,1");

	TL_EQ(tl_stat(x, VM_nr_dirty), 1, "the one written since");
	TL_EQ(tl_folio(x, "a", 0)->flags & PG_dirty, PG_dirty, "page 0");
	tl_free(x);
}

void suite_page_writeback(void)
{
	CU_pSuite s = CU_add_suite("page_writeback", NULL, NULL);

	CU_add_test(s, "the flusher", test_flusher);
	CU_add_test(s, "the flusher drains batches", test_flush_drains);
	CU_add_test(s, "writeback of a mapped page", test_flush_mapped);
	CU_add_test(s, "rotation after writeback", test_rotate);
	CU_add_test(s, "a dirty PTE at unmap", test_zap_dirty);
}
