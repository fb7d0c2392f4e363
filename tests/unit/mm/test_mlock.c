// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locked memory: sim/mm/mlock.c, and mm_populate() of sim/mm/gup.c. Expected values are worked out
 * by hand from v7.3's source.
 */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "tests/unit/testlib.h"

void suite_mlock(void);

static uint64_t count(const struct tl *x, bool unevictable, const char *file, uint32_t pages)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < pages; i++) {
		const struct folio *f = tl_folio(x, file, i);

		n += unevictable ? f->unevictable : f->mlocked;
	}
	return n;
}

/* pages that are locked and unevictable, and what was counted */
static void test_counts(void)
{
	static const struct {
		const char *what, *ops;
		uint64_t mlocked, unevictable, culled, rescued, locked, unlocked;
	} rows[] = {
		{ "mlock faults in and drains", "mlock,1,0,40", 40, 40, 40, 0, 40, 0 },
		{ "a part", "mlock,1,8,4", 4, 4, 4, 0, 4, 0 },
		{ "twice the same", "mlock,1,0,40; mlock,1,0,40", 40, 40, 40, 0, 40, 0 },
		{ "what was mapped before", "touch,1,0,40,r; mlock,1,0,40", 40, 40, 40, 0, 40, 0 },
		{ "munlock of a part", "mlock,1,0,40; munlock,1,0,8", 32, 32, 40, 8, 40, 8 },
		{ "two processes lock it, one unlocks: mlock_count 1",
		  "spawn,2; map,2,0,40,r--p,a,0; mlock,1,0,40; mlock,2,0,40; munlock,1,0,40", 40,
		  40, 40, 0, 40, 0 },
		{ "both unlock",
		  "spawn,2; map,2,0,40,r--p,a,0; mlock,1,0,40; mlock,2,0,40; munlock,1,0,40;"
		  "munlock,2,0,40",
		  0, 0, 40, 40, 40, 40 },
		{ "a death leaves the last of 40 in the batch of 31", "mlock,1,0,40; exit,1", 9, 9,
		  40, 31, 40, 31 },
		{ "until it is drained", "mlock,1,0,40; exit,1; drain", 0, 0, 40, 40, 40, 40 },
		{ "a truncate below it", "mlock,1,0,40; truncate,1,a,10", 10, 10, 40, 30, 40, 30 },
		{ "a child of fork has nothing locked", "mlock,1,0,40; fork,1,2; exit,1; drain", 0,
		  0, 40, 40, 40, 40 },
		{ "advice that does nothing", "mlock,1,0,40; advise,1,0,40,willneed", 40, 40, 40, 0,
		  40, 0 },
		{ "exec", "mlock,1,0,40; exec,1; drain", 0, 0, 40, 40, 40, 40 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
			g_autofree char *text = g_strconcat(
				"file,a,40; spawn,1; map,1,0,40,r--p,a,0;", rows[i].ops, NULL);
			struct tl *x = tl_new_lru(*lru, NULL, NULL, text);

			CU_ASSERT_EQUAL(tl_end(x), 1);
			TL_EQ(tl_stat(x, VM_nr_mlock), rows[i].mlocked, "%s", rows[i].what);
			TL_EQ(tl_stat(x, VM_nr_unevictable), rows[i].unevictable, "%s",
			      rows[i].what);
			TL_EQ(count(x, false, "a", 40), rows[i].mlocked, "%s", rows[i].what);
			TL_EQ(count(x, true, "a", 40), rows[i].unevictable, "%s", rows[i].what);
			TL_EQ(tl_stat(x, VM_unevictable_pgs_culled), rows[i].culled, "%s",
			      rows[i].what);
			TL_EQ(tl_stat(x, VM_unevictable_pgs_rescued), rows[i].rescued, "%s",
			      rows[i].what);
			TL_EQ(tl_stat(x, VM_unevictable_pgs_mlocked), rows[i].locked, "%s",
			      rows[i].what);
			TL_EQ(tl_stat(x, VM_unevictable_pgs_munlocked), rows[i].unlocked, "%s",
			      rows[i].what);
			tl_free(x);
		}
	}
}

/* reclaim keeps what is locked, and takes it once it is not */
static void test_reclaim(void)
{
	for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
		struct tl *x = tl_new_lru(*lru, "memcg_pages=200", NULL,
					  "file,a,100; file,b,1000; spawn,1;"
					  "map,1,0,100,r--p,a,0; mlock,1,0,100; spawn,2;"
					  "read,2,b,0,1000; mark,m; munlock,1,0,100; drain;"
					  "read,2,b,0,1000; read,2,b,0,1000");
		g_autofree char *kept = NULL, *left = NULL;

		tl_to(x, "m");
		kept = tl_pages(x, "a", PG_resident);
		TL_STR(kept, "0-99", "%s: locked", (*lru)->name);
		tl_end(x);
		left = tl_pages(x, "a", PG_resident);
		CU_ASSERT_STRING_NOT_EQUAL(left, "0-99");
		tl_free(x);
	}
}

/* a limit below what is locked: the OOM killer has nobody in an untimed run */
static void test_no_memory(void)
{
	struct tl *x = tl_new("memcg_pages=200", NULL,
			      "file,a,300; spawn,1; map,1,0,300,r--p,a,0; mlock,1,0,300");

	CU_ASSERT_EQUAL(tl_end(x), -ENOMEM);
	tl_free(x);
	x = tl_new("memcg_pages=200", NULL,
		   "file,a,180; spawn,1; map,1,0,180,r--p,a,0; mlock,1,0,180; memory_max,130");
	CU_ASSERT_EQUAL(tl_end(x), -ENOMEM);
	tl_free(x);
}

/* the copy of each page is allocated before the page is read again: reclaim for it takes all that
 * was read the last time */
static void test_restarts(void)
{
	for (const struct kernel_profile *const *k = kernel_profiles; *k; k++) {
		for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
			struct tl *x =
				tl_new_kernel(*k, *lru,
					      "memory_pages=400 readahead_pages=64 io_pages=64 "
					      "fault_around_pages=1",
					      NULL,
					      "file,a,600; spawn,1; "
					      "map,1,0,600,rw-p,a,0,sequential; mlock,1,0,380");

			CU_ASSERT_EQUAL(tl_end(x), -ENOMEM);
			CU_ASSERT(tl_stat(x, VM_nr_mlock) > 200);
			tl_free(x);
		}
	}
}

/* a large folio is locked if the VMA maps all of it; a part of it stays on its list */
static void test_large(void)
{
	static const struct {
		const char *ops;
		uint64_t mlocked;
	} rows[] = {
		{ "mlock,1,0,16", 16 },
		{ "mlock,1,0,8", 0 },
		{ "mlock,1,0,16; munlock,1,0,8", 0 },
		{ "mlock,1,0,16; unmap,1,4,4", 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(
			"file,a,16; spawn,1; write,1,a,0,16; map,1,0,16,r--p,a,0; touch,1,0,1,r;",
			rows[i].ops, NULL);
		struct tl *x = tl_run("max_folio_order=4", NULL, text);

		TL_EQ(tl_folio(x, "a", 0)->order, 4, "%s", rows[i].ops);
		TL_EQ(tl_stat(x, VM_nr_mlock), rows[i].mlocked, "%s", rows[i].ops);
		TL_EQ(tl_stat(x, VM_nr_unevictable), rows[i].mlocked, "%s", rows[i].ops);
		tl_free(x);
	}
}

/* The death of a process with a locked PMD: the folio is unlocked before it is marked, so MGLRU
 * counts the mark. Regression: it did not, v7.3.4 does. PTEs are marked first. */
static void test_death(void)
{
	static const char ops[] = "file,a,512; spawn,1; write,1,a,0,512; map,1,512,512,r--p,a,0;"
				  "touch,1,512,1,r; mlock,1,512,512; exit,1; drain";
	struct tl *x = tl_new_lru(&lru_mglru, "max_folio_order=9", NULL, ops);

	CU_ASSERT_EQUAL(tl_end(x), 1);
	CU_ASSERT_EQUAL(tl_folio(x, "a", 0)->order, 9);
	CU_ASSERT(tl_folio(x, "a", 0)->flags & PG_referenced);
	tl_free(x);
	x = tl_new_lru(&lru_mglru, "max_folio_order=8", NULL, ops);
	CU_ASSERT_EQUAL(tl_end(x), 1);
	CU_ASSERT_EQUAL(tl_folio(x, "a", 0)->order, 8);
	CU_ASSERT(!(tl_folio(x, "a", 0)->flags & PG_referenced));
	tl_free(x);
}

/* free_pages_and_evict_file() drains the batch of the munlock() that the reap did, or 4 of the 35
 * pages would stay: those behind the last full batch */
static void test_evict(void)
{
	struct tl *x = tl_run(NULL, "any-exit+evict",
			      "file,a,35; spawn,1; map,1,0,35,r--p,a,0; touch,1,0,35,r;"
			      "mlock,1,0,35; drain; mrelease,1");

	TL_EQ(tl_stat(x, VM_sim_zap_evicted), 35, "dropped");
	TL_EQ(tl_stat(x, VM_nr_mlock), 0, "locked");
	tl_free(x);
}

/* populate: a write fault breaks COW, a read-only mapping gets the zero page, and what mremap()
 * adds is faulted in */
static void test_populate(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,20; spawn,1; anon,1,0,5,rw-p; anon,1,10,5,r--p;"
			      "map,1,20,5,rw-p,a,0; map,1,30,5,rw-s,a,5; mlock,1,0,5; mlock,1,10,5;"
			      "mlock,1,20,5; mlock,1,30,5; anon,1,40,2,rw-p; mlock,1,40,2;"
			      "mremap,1,40,2,50,6");

	TL_EQ(tl_stat(x, VM_nr_anon_pages), 5 + 5 + 6, "anon");
	TL_EQ(tl_pte(x, 1, 10) & (PTE_present | PTE_zero), PTE_present | PTE_zero, "zero page");
	TL_EQ(tl_pte(x, 1, 20) & (PTE_anon | PTE_write), PTE_anon | PTE_write, "copied");
	TL_EQ(tl_pte(x, 1, 30) & (PTE_present | PTE_dirty), PTE_present, "shared: not written");
	TL_EQ(tl_pte(x, 1, 55) & PTE_present, PTE_present, "grown");
	TL_EQ(tl_stat(x, VM_nr_mlock), 5 + 5 + 5 + 6, "locked");
	TL_EQ(tl_stat(x, VM_nr_unevictable), 5 + 5 + 5 + 6, "unevictable");
	tl_free(x);
}

void suite_mlock(void)
{
	CU_pSuite s = CU_add_suite("mlock", NULL, NULL);

	CU_add_test(s, "counts", test_counts);
	CU_add_test(s, "reclaim", test_reclaim);
	CU_add_test(s, "no memory", test_no_memory);
	CU_add_test(s, "read again and again", test_restarts);
	CU_add_test(s, "large folios", test_large);
	CU_add_test(s, "death", test_death);
	CU_add_test(s, "+evict", test_evict);
	CU_add_test(s, "populate", test_populate);
}
