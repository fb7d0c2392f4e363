// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/filemap.c: the reads and writes that mark a page (v7.3 filemap_read()), and
 * drop_caches.
 */
#include <CUnit/CUnit.h>

#include "tests/unit/testlib.h"

void suite_filemap(void);

/* pages of the file that are referenced, or active, after the operations. The batches are
 * drained in between, so that the second mark finds the page on a list */
static const struct {
	const char *ops, *referenced, *active, *what;
} marks[] = {
	{ "read,1,a,0,4; drain", "0-3", "", "each page once" },
	{ "read,1,a,0,4; drain; read,2,a,0,4; drain", "", "0-3", "twice: active" },
	{ "read,1,a,0,4; drain; read,2,a,0,4; drain; read,3,a,0,4; drain", "0-3", "0-3",
	  "three times: active and referenced" },
	/* pos_same_folio(ki_pos, last_pos - 1): a read that continues in the page
	 * in which the last one ended does not mark it again. Only the first folio
	 * of a batch is compared */
	{ "read,1,a,0,1; drain; read,1,a,0,1; drain; read,1,a,0,1; drain", "0", "",
	  "the same page again and again" },
	{ "read,1,a,0,4; drain; read,1,a,3,2; drain", "0-4", "", "overlap of one page" },
	{ "read,1,a,0,4; drain; read,1,a,2,2; drain", "0-1", "2-3", "overlap of two" },
	{ "read,1,a,0,4; drain; read,1,a,0,4; drain", "", "0-3", "from the start again" },
	{ "read,1,a,0,1; drain; read,1,a,1,1; drain; read,1,a,0,1; drain", "1", "0", "back" },
	/* a batch of filemap_get_pages() has 31 pages. The first page of the next
	 * batch is another page, so it is marked */
	{ "read,1,a,0,64; drain", "0-63", "", "longer than a batch" },
	{ "read,1,a,0,64; drain; read,2,a,0,64; drain", "", "0-63", "longer than a batch, twice" },
	/* buffered writes mark nothing (generic_perform_write() does not) */
	{ "write,1,a,0,4; drain", "", "", "write" },
	{ "write,1,a,0,4; drain; write,1,a,0,4; drain; write,2,a,0,4; drain", "", "",
	  "write again" },
	{ "read,1,a,0,4; drain; write,1,a,0,4; drain", "0-3", "", "write to a cached page" },
	{ "write,1,a,0,4; drain; read,1,a,0,4; drain", "0-3", "", "read what was written" },
};

static void test_marks(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
		g_autofree char *text =
			g_strconcat("file,a,64; spawn,1; spawn,2; spawn,3;", marks[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);
		g_autofree char *referenced = tl_pages(x, "a", PG_referenced);
		g_autofree char *active = tl_pages(x, "a", PG_active);

		TL_STR(referenced, marks[i].referenced, "%s", marks[i].what);
		TL_STR(active, marks[i].active, "%s", marks[i].what);
		tl_free(x);
	}
}

/* tmpfs: shmem_file_read_iter() marks every page of every read;
 * shmem_get_folio(SGP_WRITE) marks, too: a new page becomes referenced */
static void test_shmem_marks(void)
{
	static const struct {
		const char *ops, *referenced, *active, *what;
	} rows[] = {
		{ "write,1,t,0,4; drain", "0-3", "", "write" },
		{ "write,1,t,0,4; drain; write,1,t,0,4; drain", "", "0-3", "written again" },
		{ "write,1,t,0,4; drain; read,1,t,0,4; drain", "", "0-3", "read" },
		{ "write,1,t,0,1; drain; read,1,t,0,1; drain; read,1,t,0,1; drain", "0", "0",
		  "the same page again: marked all the same" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,t,64,shmem; spawn,1;", rows[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);
		g_autofree char *referenced = tl_pages(x, "t", PG_referenced);
		g_autofree char *active = tl_pages(x, "t", PG_active);

		TL_STR(referenced, rows[i].referenced, "%s", rows[i].what);
		TL_STR(active, rows[i].active, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_dirty) + tl_stat(x, VM_nr_dirtied), 0, "%s", rows[i].what);
		tl_free(x);
	}
}

/* the fast path of the replay loop for reads of one page must give the same result. It is used
 * without --check */
static void test_fast_path(void)
{
	GString *text = g_string_new("file,a,3000; file,b,50; spawn,1; spawn,2;");
	struct vmstat stat[2];
	uint32_t rng = 1;

	for (int i = 0; i < 3000; i++) {
		rng = rng * 1103515245 + 12345;
		g_string_append_printf(
			text, "read,%u,%c,%u,1;", 1 + (rng >> 20) % 2, (rng >> 9) % 5 ? 'a' : 'b',
			(rng >> 16) % ((rng >> 9) % 5 ? (rng >> 8) % 2 ? 3000 : 100 : 50));
	}
	for (int check = 0; check < 2; check++) {
		struct tl *x = tl_new("memcg_pages=500 readahead_pages=8", NULL, text->str);

		x->s->cfg.check = check;
		CU_ASSERT(tl_end(x) == 1);
		CU_ASSERT(sim_check(x->s, &x->err) == 0);
		sim_stat(x->s, &stat[check]);
		tl_free(x);
	}
	for (int i = 0; i < NR_VMSTAT; i++)
		TL_EQ(stat[0].v[i], stat[1].v[i], "%s", vmstat_name((enum vmstat_item)i));
	CU_ASSERT(stat[0].v[VM_pgactivate] > 0 && stat[0].v[VM_workingset_refault_file] > 0);
	g_string_free(text, TRUE);
}

/*
 * drop_caches: mapping_evict_folio() drops clean unmapped pages, and clear_shadow_entries()
 * removes all shadows. deactivate_file_folio() queues the other pages for the inactive
 * list. They get there when the batch is drained, unless they are mapped then.
 */
static void test_drop(void)
{
	struct tl *x =
		tl_new("memcg_pages=200", NULL,
		       "file,a,400; file,t,4,shmem; spawn,1; spawn,2; read,1,a,0,300; drain;"
		       "write,1,a,250,1; read,2,a,250,1; write,1,a,251,1; drain;"
		       "map,1,0,2,r--p,a,252; touch,1,0,2,r; write,1,t,0,2; drain; mark,before;"
		       "drop_caches; mark,queued; drain; mark,after; read,1,a,0,20");
	g_autofree char *cached = NULL, *shadows = NULL, *list = NULL;
	uint64_t refaults;

	tl_to(x, "before");
	shadows = tl_pages(x, "a", PG_shadow);
	CU_ASSERT(g_str_has_prefix(shadows, "0-"));
	TL_EQ(tl_folio(x, "a", 250)->flags & (PG_active | PG_dirty), PG_active | PG_dirty, "250");
	tl_to(x, "queued");
	for (uint32_t page = 250; page < 254; page++)
		TL_EQ(tl_folio(x, "a", page)->extra_refs, 1, "page %u waits", page);
	TL_EQ(tl_folio(x, "a", 250)->flags & (PG_active | PG_reclaim), PG_active, "250 waits");
	tl_to(x, "after");
	cached = tl_pages(x, "a", PG_resident);
	TL_STR(cached, "250-253", "dirty 250 and 251, mapped 252 and 253");
	TL_EQ(tl_folio(x, "a", 250)->flags & (PG_active | PG_referenced | PG_dirty | PG_reclaim),
	      PG_dirty | PG_reclaim, "deactivated, to be rotated once written");
	TL_EQ(tl_stat(x, VM_pgdeactivate) - tl_at(x, "before", VM_pgdeactivate), 1,
	      "only one was active");
	TL_EQ(tl_folio(x, "a", 252)->flags & (PG_reclaim | PG_referenced), PG_referenced,
	      "mapped: left alone");
	list = tl_list(x, "inactive_file");
	CU_ASSERT(g_str_has_prefix(list, "a:251 a:250 "));
	TL_EQ(tl_stat(x, VM_nr_shmem), 2, "tmpfs stays");
	TL_EQ(tl_stat(x, VM_drop_pagecache), 1, "drop_pagecache");
	refaults = tl_stat(x, VM_workingset_refault_file);
	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(tl_stat(x, VM_workingset_refault_file), refaults, "pages without a shadow");
	tl_free(x);
}

/* (gfp & __GFP_WRITE) in filemap_add_folio(): overwriting a page is not a refault */
static void test_overwrite_is_no_refault(void)
{
	struct tl *x = tl_run("memcg_pages=200", NULL,
			      "file,a,400; spawn,1; read,1,a,0,300; mark,m; write,1,a,0,10");
	struct tl *y = tl_run("memcg_pages=200", NULL,
			      "file,a,400; spawn,1; read,1,a,0,300; mark,m; read,1,a,0,10");

	TL_EQ(tl_stat(x, VM_workingset_refault_file), 0, "write");
	TL_EQ(tl_stat(x, VM_sim_fills), 300, "nothing is read for a write");
	TL_EQ(tl_stat(y, VM_workingset_refault_file), 10, "read");
	TL_EQ(tl_stat(y, VM_sim_fills), 310, "read");
	tl_free(x);
	tl_free(y);
}

/* a file grows: readahead, fault-around and reads end where it does now */
static void test_growth(void)
{
	struct tl *x = tl_new("readahead_pages=32 fault_around_pages=16", NULL,
			      "file,a,100,size=8; file,t,10,shmem,size=0; spawn,1;"
			      "read,1,a,0,8; mark,short; write,1,a,8,4; map,1,0,100,r--p,a,0;"
			      "touch,1,0,12,r; write,1,a,50,1; write,1,t,2,3; mark,grown;"
			      "read,1,a,40,5; mark,hole; read,1,t,0,5");
	char *pages;

	CU_ASSERT_EQUAL(x->s->files[0].size, 8);
	tl_to(x, "short");
	pages = tl_pages(x, "a", PG_resident);
	CU_ASSERT_STRING_EQUAL(pages, "0-7");
	g_free(pages);
	tl_to(x, "grown");
	CU_ASSERT_EQUAL(x->s->files[0].size, 51);
	CU_ASSERT_EQUAL(x->s->files[1].size, 5);
	pages = tl_pages(x, "a", PG_resident);
	CU_ASSERT_STRING_EQUAL(pages, "0-11 50");
	g_free(pages);
	tl_to(x, "hole");
	pages = tl_pages(x, "a", PG_resident);
	CU_ASSERT_STRING_EQUAL(pages, "0-11 40-44 50");
	g_free(pages);
	CU_ASSERT_EQUAL(tl_end(x), 1);
	CU_ASSERT_EQUAL(tl_stat(x, VM_nr_shmem), 5);
	tl_free(x);
}

void suite_filemap(void)
{
	CU_pSuite s = CU_add_suite("filemap", NULL, NULL);

	CU_add_test(s, "what reads and writes mark", test_marks);
	CU_add_test(s, "tmpfs", test_shmem_marks);
	CU_add_test(s, "the fast path equals the slow one", test_fast_path);
	CU_add_test(s, "drop_caches", test_drop);
	CU_add_test(s, "overwriting is no refault", test_overwrite_is_no_refault);
	CU_add_test(s, "files that grow", test_growth);
}
