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
	/* of a memcg of 1000 pages 20% may be dirty, the background ratio is 10%: the flusher
	 * starts half way between; 50 pages are charged in advance */
	{ "memcg_pages=1000", "write,1,a,0,142", 142, 0, "freerun" },
	{ "memcg_pages=1000", "write,1,a,0,143", 0, 143, "past it" },
	{ "memcg_pages=1000 dirty_background_ratio=50", "write,1,a,0,143", 0, 143,
	  "background is at most half of the limit" },
	{ "memcg_pages=1000 dirty_background_ratio=1", "write,1,a,0,102", 0, 102, "1 and 20%" },
	{ "memcg_pages=1000", "anon,1,0,512,rw-p; touch,1,0,512,w; write,1,a,0,64", 64, 0,
	  "anon pages do not count: 64 of 488" },
	{ "memcg_pages=1000", "anon,1,0,512,rw-p; touch,1,0,512,w; write,1,a,0,65", 0, 65,
	  "one more" },
	{ "memcg_pages=1000 memcg_stats=flushed", "write,1,a,0,500", 500, 0,
	  "its statistics were last flushed before that" },
	{ "memcg_pages=1000 memcg_stats=flushed",
	  "write,1,a,0,200; advance,1; mark,m; write,1,a,200,1", 0, 201, "flushed since" },
	{ "memcg_pages=1000 memcg_stats=flushed",
	  "write,1,a,0,200; mark,m; fsync,1,a; write,1,a,200,1; write,1,a,201,1", 0, 202,
	  "as many as at the flush, although they are clean" },
	/* of a whole machine, at the background ratio */
	{ "memory_pages=1100", "write,1,a,0,90", 90, 0, "10% of what is free and cached" },
	{ "memory_pages=1100", "write,1,a,0,120", 0, 120, "more" },
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

/* Reclaim of a memcg that finds only dirty pages goes on, and the flusher runs when the task
 * sleeps; if nothing else can be reclaimed, then */
static void test_reclaim_dirty(void)
{
	static const char ops[] =
		"file,a,300; file,b,300; spawn,1; read,1,b,0,100; write,1,a,0,200;"
		"drain; mark,m; read,1,b,100,50; mark,n; read,1,b,150,100";
	struct tl *x = tl_new("memcg_pages=320 dirty_background_ratio=100 memcg_stats=flushed "
			      "snapshot_ms=1 readahead_pages=0",
			      NULL, ops);

	tl_to(x, "m");
	TL_EQ(tl_stat(x, VM_nr_dirty), 200, "nothing is written");
	tl_to(x, "n");
	TL_EQ(tl_stat(x, VM_nr_written), 0, "the clean ones were enough");
	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(tl_stat(x, VM_nr_written), 200, "then the flusher was woken");
	tl_free(x);
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
	CU_add_test(s, "reclaim of dirty pages", test_reclaim_dirty);
	CU_add_test(s, "writeback of a mapped page", test_flush_mapped);
	CU_add_test(s, "rotation after writeback", test_rotate);
	CU_add_test(s, "a dirty PTE at unmap", test_zap_dirty);
}
