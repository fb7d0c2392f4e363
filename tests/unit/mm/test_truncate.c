// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/truncate.c: what leaves the page cache on request. */
#include <CUnit/CUnit.h>

#include "sim/mm/truncate.h"
#include "tests/unit/testlib.h"

void suite_truncate(void);

/* the pages of file a that are in the cache */
static void check_cached(const struct tl *x, const char *want, const char *what)
{
	g_autofree char *got = tl_pages(x, "a", PG_resident);

	TL_STR(got, want, "%s", what);
}

/* what invalidate_mapping_pages(4, 11) of file a does after the operations */
static const struct {
	const char *machine, *ops, *cached;
	uint32_t count, nr_failed;
	const char *what;
} invalidations[] = {
	{ NULL, "read,1,a,0,16; drain", "0-3 12-15", 8, 0, "clean and unused" },
	{ NULL, "read,1,a,0,16", "0-15", 0, 8, "in a batch" },
	{ NULL, "write,1,a,0,6; read,1,a,6,10; drain", "0-5 12-15", 6, 2, "two are dirty" },
	{ NULL, "map,1,0,8,r--p,a,0; touch,1,0,8,r; read,1,a,8,8; drain", "0-7 12-15", 4, 4,
	  "four are mapped" },
	{ NULL, "read,1,a,0,2; drain", "0-1", 0, 0, "none is cached" },
	{ "max_folio_order=2", "write,1,a,0,16; advance,60s; drain", "0-3 12-15", 8, 0,
	  "folios that lie in the range" },
	{ "max_folio_order=3", "write,1,a,0,16; advance,60s; drain", "0-15", 0, 0,
	  "none of them does" },
};

static void test_invalidate(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(invalidations); i++) {
		g_autofree char *text =
			g_strconcat("file,b,70; file,a,64; spawn,1;", invalidations[i].ops, NULL);
		struct tl *x = tl_run(invalidations[i].machine, NULL, text);
		uint64_t nr_failed = 0;

		TL_EQ(mapping_try_invalidate(x->s, 0, 1, 4, 11, &nr_failed), invalidations[i].count,
		      "%s", invalidations[i].what);
		TL_EQ(nr_failed, invalidations[i].nr_failed, "%s", invalidations[i].what);
		check_cached(x, invalidations[i].cached, invalidations[i].what);
		TL_EQ(sim_check(x->s, &x->err), 0, "%s", invalidations[i].what);
		tl_free(x);
	}
}

/* what stays goes to the inactive list when the first batch of entries is released; later
 * ones wait in the batch of the CPU */
static void test_invalidate_drains(void)
{
	struct tl *x = tl_run(NULL, NULL, "file,a,64; spawn,1; write,1,a,0,64; drain");

	CU_ASSERT_EQUAL(invalidate_mapping_pages(x->s, 0, 0, 0, 19), 0);
	CU_ASSERT(tl_folio(x, "a", 19)->flags & PG_reclaim);
	CU_ASSERT_EQUAL(x->s->cpus[0].lru_deactivate_file.nr, 0);
	CU_ASSERT_EQUAL(invalidate_mapping_pages(x->s, 0, 0, 20, UINT32_MAX), 0);
	CU_ASSERT(tl_folio(x, "a", 50)->flags & PG_reclaim);
	CU_ASSERT_FALSE(tl_folio(x, "a", 51)->flags & PG_reclaim);
	CU_ASSERT_EQUAL(x->s->cpus[0].lru_deactivate_file.nr, 13);
	tl_free(x);
}

/* shadows go too, but tmpfs keeps what is in swap */
static void test_invalidate_shadows(void)
{
	struct tl *x = tl_run("memcg_pages=128", NULL,
			      "file,a,64; file,b,256; spawn,1; read,1,a,0,16; read,1,b,0,256");
	struct tl *y = tl_run("memcg_pages=128 swap_pages=640", NULL,
			      "file,a,200,shmem; spawn,1; write,1,a,0,200; drain");
	uint64_t count;

	CU_ASSERT_STRING_EQUAL(tl_where(x, "a", 3), "shadow");
	CU_ASSERT_EQUAL(invalidate_mapping_pages(x->s, 0, 0, 2, 9), 8);
	CU_ASSERT_STRING_EQUAL(tl_where(x, "a", 1), "shadow");
	CU_ASSERT_STRING_EQUAL(tl_where(x, "a", 2), "absent");
	CU_ASSERT_STRING_EQUAL(tl_where(x, "a", 10), "shadow");
	count = y->s->swap_used;
	CU_ASSERT(count > 10);
	CU_ASSERT_EQUAL(invalidate_mapping_pages(y->s, 0, 0, 0, 199), count);
	CU_ASSERT_EQUAL(y->s->swap_used, count);
	tl_free(x);
	tl_free(y);
}

/* what is left of file a, and of the mapping of it, after the operations */
static const struct {
	const char *machine, *ops, *cached, *mapped, *what;
} truncations[] = {
	{ NULL, "touch,1,0,16,r; truncate,1,a,6", "0-5", "0-5", "mapped" },
	{ NULL, "touch,1,0,16,w; truncate,1,a,6", "0-5", "0-5", "mapped and dirty" },
	{ NULL, "touch,1,0,16,w; truncate,1,a,0; truncate,1,a,64", "", "", "all of it" },
	{ NULL, "touch,1,0,4,r; truncate,1,a,50", "0-3", "0-3", "behind what is cached" },
	{ "max_folio_order=3", "write,1,a,0,16; fsync,1,a; touch,1,0,16,r; truncate,1,a,13", "0-12",
	  "0-7", "a clean folio is split, and unmapped for that" },
	{ "max_folio_order=3", "write,1,a,0,16; touch,1,0,16,r; truncate,1,a,13", "0-15", "0-7",
	  "a dirty folio can not be split, and stays" },
	{ "max_folio_order=3", "write,1,a,0,16; touch,1,0,16,r; truncate,1,a,8", "0-7", "0-7",
	  "at a border of folios" },
};

static void test_truncate(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(truncations); i++) {
		g_autofree char *text = g_strconcat("file,a,64; spawn,1; map,1,0,64,rw-s,a,0;",
						    truncations[i].ops, NULL);
		struct tl *x = tl_run(truncations[i].machine, NULL, text);
		g_autoptr(GString) mapped = g_string_new(NULL);
		uint32_t nr = 0;

		check_cached(x, truncations[i].cached, truncations[i].what);
		while (nr < 64 && tl_pte(x, 1, nr))
			nr++;
		for (uint32_t p = nr; p < 64; p++)
			TL_EQ(tl_pte(x, 1, p), 0, "%s", truncations[i].what);
		if (nr)
			g_string_printf(mapped, "0-%u", nr - 1);
		TL_STR(mapped->str, truncations[i].mapped, "%s", truncations[i].what);
		tl_free(x);
	}
}

/* even_cows: copies of private mappings go, too; dirty pages are not written any more, even if
 * the file grows again */
static void test_truncate_dirty(void)
{
	struct tl *x = tl_new(NULL, NULL,
			      "file,a,64; spawn,1; map,1,0,64,rw-p,a,0; touch,1,0,8,w; mark,m;"
			      "write,1,a,0,8; truncate,1,a,2; mark,t; advance,20s; write,1,a,4,4;"
			      "advance,20s; mark,w; advance,60s");

	tl_to(x, "m");
	CU_ASSERT_EQUAL(tl_stat(x, VM_nr_anon_pages), 8);
	tl_to(x, "t");
	CU_ASSERT_EQUAL(tl_stat(x, VM_nr_anon_pages), 2);
	CU_ASSERT_EQUAL(tl_stat(x, VM_nr_dirty), 2);
	tl_to(x, "w");
	/* 40 s after the first write, 20 s after the second */
	CU_ASSERT_EQUAL(tl_stat(x, VM_nr_written), 2);
	CU_ASSERT_EQUAL(tl_stat(x, VM_nr_dirty), 4);
	CU_ASSERT_EQUAL(tl_end(x), 1);
	CU_ASSERT_EQUAL(tl_stat(x, VM_nr_written), 6);
	tl_free(x);
}

/* a truncated page that waits in the batch of another CPU */
static void test_truncate_batches(void)
{
	struct tl *x = tl_run("cpus=2", NULL,
			      "file,a,64; spawn,1,1; spawn,2; read,1,a,0,8; truncate,2,a,3;"
			      "write,2,a,3,4; drain");

	check_cached(x, "0-6", "truncated and written again");
	CU_ASSERT_EQUAL(tl_stat(x, VM_nr_inactive_file), 7);
	tl_free(x);
}

void suite_truncate(void)
{
	CU_pSuite s = CU_add_suite("truncate", NULL, NULL);

	CU_add_test(s, "what invalidation drops", test_invalidate);
	CU_add_test(s, "and that it drains once", test_invalidate_drains);
	CU_add_test(s, "shadows, and tmpfs in swap", test_invalidate_shadows);
	CU_add_test(s, "what truncation leaves", test_truncate);
	CU_add_test(s, "of dirty pages and copies", test_truncate_dirty);
	CU_add_test(s, "and of batches", test_truncate_batches);
}
