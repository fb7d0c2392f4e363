// SPDX-License-Identifier: GPL-2.0-only
/*
 * Advice: sim/mm/madvise.c, and split_folio(), folio_deactivate(), reclaim_pages() and
 * force_page_cache_readahead(), which only advice uses. Expected values are worked out by hand
 * from v7.3's source.
 */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "tests/unit/testlib.h"

void suite_madvise(void);

/* eight pages that two deaths have made active, mapped and touched once more */
#define ACTIVE                                                                                     \
	"file,a,8; spawn,9; map,9,0,8,r--p,a,0; touch,9,0,8,r; exit,9; spawn,9;"                   \
	"map,9,0,8,r--p,a,0; touch,9,0,8,r; exit,9; drain;"                                        \
	"spawn,2; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,8,r;"

/* madvise_cold_or_pageout_pte_range() of pages of order 0 */
static void test_cold(void)
{
	static const struct {
		const char *what, *ops, *active, *workingset, *young, *resident;
	} rows[] = {
		{ "no advice", "", "0-7", "", "0-7", "0-7" },
		{ "cold, not before the batch is drained", "advise,1,0,8,cold", "0-7", "0-7", "",
		  "0-7" },
		{ "cold", "advise,1,0,8,cold; drain", "", "0-7", "", "0-7" },
		{ "a part, by another process", "advise,1,2,3,cold,2; drain", "0-1 5-7", "2-4",
		  "0-1 5-7", "0-7" },
		{ "page 3 is mapped twice: left alone",
		  "map,2,0,1,r--p,a,3; touch,2,0,1,r; advise,1,0,8,cold; drain", "3", "0-2 4-7",
		  "3", "0-7" },
		{ "pageout: gone at once", "advise,1,0,3,pageout", "3-7", "", "3-7", "3-7" },
		{ "pageout, page 0 is mapped twice",
		  "map,2,0,1,r--p,a,0; touch,2,0,1,r; advise,1,0,8,pageout", "0", "", "0", "0" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(ACTIVE, rows[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);
		g_autofree char *active = tl_pages(x, "a", PG_active);
		g_autofree char *workingset = tl_pages(x, "a", PG_workingset);
		g_autofree char *resident = tl_pages(x, "a", PG_resident);
		GString *young = g_string_new(NULL);

		for (uint32_t p = 0; p < 8; p++)
			g_string_append_c(young, tl_pte(x, 1, p) & PTE_young ? 'y' : '.');
		TL_STR(active, rows[i].active, "%s: active", rows[i].what);
		if (!strstr(rows[i].ops, "pageout"))
			TL_STR(workingset, rows[i].workingset, "%s: workingset", rows[i].what);
		TL_STR(resident, rows[i].resident, "%s: resident", rows[i].what);
		for (uint32_t p = 0; p < 8; p++) {
			g_autofree char *one = g_strdup_printf("%u", p);
			const char *y = rows[i].young;
			bool in = false;

			/* "0-1 5-7" */
			for (unsigned int from, to; *y; y += strcspn(y, " "), y += *y == ' ') {
				to = from = (unsigned int)strtoul(y, NULL, 10);
				if (strspn(y, "0123456789") < strcspn(y, " "))
					to = (unsigned int)strtoul(strchr(y, '-') + 1, NULL, 10);
				in |= p >= from && p <= to;
			}
			TL_EQ(young->str[p] == 'y', in, "%s: young %s", rows[i].what, one);
		}
		g_string_free(young, TRUE);
		tl_free(x);
	}
}

/* MGLRU: lru_gen_clear_refs(), and the oldest generation unless it is there already */
static void test_cold_mglru(void)
{
	struct tl *x = tl_new_lru(&lru_mglru, NULL, NULL,
				  "file,a,4; spawn,1; map,1,0,4,r--p,a,0; touch,1,0,4,r; drain;"
				  "anon,1,16,4,rw-p; touch,1,16,4,w; drain; mark,m;"
				  "advise,1,0,4,cold; advise,1,16,4,cold; drain");
	g_autofree char *referenced = NULL;

	CU_ASSERT_EQUAL(tl_end(x), 1);
	referenced = tl_pages(x, "a", PG_referenced);
	TL_STR(referenced, "", "no reference is left");
	TL_STR(tl_where(x, "a", 0), "oldest_file", "the file's pages");
	/* a fault had put the file's pages into the third generation, the anon ones into the
	 * second: all move */
	TL_EQ(tl_stat(x, VM_pgdeactivate), 8, "pages");
	tl_free(x);
}

/* a large folio that the range covers in part is split, and unmapped by that */
static void test_split(void)
{
	static const char setup[] = "file,a,64; spawn,9; write,9,a,0,32; write,9,a,32,32; exit,9;"
				    "advance,60s; advance,60s; drain; spawn,1; map,1,0,64,r--p,a,0;"
				    "touch,1,0,64,r; ";
	static const struct {
		const char *what, *ops, *resident;
		uint64_t nr_mapped;
		unsigned int order[2];
	} rows[] = {
		{ "cold: whole folios", "advise,1,0,64,cold", "0-63", 64, { 5, 5 } },
		{ "cold: half of the second", "advise,1,0,48,cold", "0-63", 32, { 5, 0 } },
		{ "pageout: whole folios", "advise,1,0,32,pageout", "32-63", 32, { 0, 5 } },
		{ "pageout: half of the first is split, and not reclaimed",
		  "advise,1,0,16,pageout",
		  "0-63",
		  32,
		  { 0, 5 } },
		{ "a dirty one stays as it is",
		  "write,1,a,0,1; advise,1,0,16,pageout",
		  "0-63",
		  64,
		  { 5, 5 } },
		{ "dontneed never splits", "advise,1,0,16,dontneed", "0-63", 48, { 5, 5 } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(setup, rows[i].ops, NULL);
		struct tl *x = tl_run("max_folio_order=5 fault_around_pages=16 "
				      "dirty_expire_ms=1000",
				      NULL, text);
		g_autofree char *resident = tl_pages(x, "a", PG_resident);

		TL_STR(resident, rows[i].resident, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_mapped), rows[i].nr_mapped, "%s", rows[i].what);
		for (uint32_t f = 0; f < 2; f++)
			TL_EQ(tl_folio(x, "a", f * 32)->order, rows[i].order[f], "%s: folio %u",
			      rows[i].what, f);
		tl_free(x);
	}
}

/* lru_add_split_folio(): the last page is the first that reclaim meets after the head */
static void test_split_order(void)
{
	struct tl *x =
		tl_run("max_folio_order=2 fault_around_pages=1", NULL,
		       "file,a,9; file,b,2; spawn,1; read,1,b,0,1; write,1,a,0,4; read,1,b,1,1;"
		       "advance,60s; advance,60s; drain; map,1,0,4,r--p,a,0; touch,1,0,4,r;"
		       "advise,1,0,1,cold; drain");
	g_autofree char *list = tl_list(x, "inactive_file");

	TL_STR(list, "b:1 a:1 a:2 a:3 a:0 b:0", "newest first");
	tl_free(x);
}

static void test_free(void)
{
	static const char setup[] = "spawn,1; anon,1,0,4,rw-p; touch,1,0,4,w; drain;"
				    "advise,1,0,4,free; drain; ";
	static const struct {
		const char *what, *ops;
		uint64_t inactive_file, anon_pages, pswpout;
	} rows[] = {
		{ "on the file's list", "", 4, 4, 0 },
		{ "freed without swap", "advise,1,0,4,pageout", 0, 0, 0 },
		{ "written again: kept, and swapped the next time",
		  "touch,1,0,1,w; advise,1,0,4,pageout; drain; advise,1,0,4,pageout", 0, 0, 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(setup, rows[i].ops, NULL);
		struct tl *x = tl_run("swap_pages=100", NULL, text);

		TL_EQ(tl_stat(x, VM_nr_inactive_file), rows[i].inactive_file, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_anon_pages), rows[i].anon_pages, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_pswpout), rows[i].pswpout, "%s", rows[i].what);
		tl_free(x);
	}
}

/* what is read: MADV_WILLNEED as much as one request has, MADV_POPULATE_READ all and marked */
static void test_read(void)
{
	static const struct {
		const char *what, *ops;
		uint64_t fills, swapins, mapped, active;
	} rows[] = {
		{ "willneed: io_pages", "advise,1,0,100,willneed", 40, 0, 0, 0 },
		{ "willneed: the end of the file", "advise,1,90,10,willneed", 10, 0, 0, 0 },
		{ "willneed of anon memory",
		  "anon,1,200,5,rw-p; touch,1,200,5,w; advise,1,200,5,pageout;"
		  "advise,1,200,5,willneed",
		  0, 5, 0, 0 },
		{ "populate_read: marked once", "advise,1,0,3,populate_read; drain", 3, 0, 3, 0 },
		{ "populate_read twice: marked twice",
		  "advise,1,0,3,populate_read; advise,1,0,3,populate_read; drain", 3, 0, 3, 3 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,100; spawn,1; map,1,0,100,r--p,a,0; ",
						    rows[i].ops, NULL);
		struct tl *x = tl_run("io_pages=40 swap_pages=100", NULL, text);

		TL_EQ(tl_stat(x, VM_sim_fills), rows[i].fills, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_pswpin), rows[i].swapins, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_mapped), rows[i].mapped, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_active_file), rows[i].active, "%s", rows[i].what);
		tl_free(x);
	}
}

/* do_sync_mmap_readahead() with VM_HUGEPAGE: two folios, aligned; none in v7.3 where files have
 * single pages, but a window of as many in v6.18 */
static void test_hugepage(void)
{
	static const struct {
		const char *what, *machine, *ops;
		const struct kernel_profile *kernel;
		uint64_t fills;
		unsigned int order;
	} rows[] = {
		{ "two folios", "max_folio_order=9", "", &kernel_7_3, 1024, 9 },
		{ "random: one", "max_folio_order=9", "advise,1,0x1000,2048,random;", &kernel_7_3,
		  512, 9 },
		{ "no large folios: read-around", "", "", &kernel_7_3, 32, 0 },
		{ "v6.18, no large folios: a window of 1024", "", "", &kernel_6_18, 1024, 0 },
		{ "taken back", "max_folio_order=9", "advise,1,0x1000,2048,nohugepage;",
		  &kernel_7_3, 32, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,2049; spawn,1; map,1,0x1000,2048,r--p,a,0;"
				    "advise,1,0x1000,2048,hugepage;",
				    rows[i].ops, "touch,1,0x1105,1,r", NULL);
		g_autofree char *machine = g_strconcat("readahead_pages=32 fault_around_pages=16 ",
						       rows[i].machine, NULL);
		struct tl *x = tl_new_kernel(rows[i].kernel, &lru_classic, machine, NULL, text);

		CU_ASSERT_EQUAL(tl_end(x), 1);
		TL_EQ(tl_stat(x, VM_sim_fills), rows[i].fills, "%s", rows[i].what);
		if (rows[i].order)
			TL_EQ(tl_folio(x, "a", 0)->order, rows[i].order, "%s", rows[i].what);
		tl_free(x);
	}
}

void suite_madvise(void)
{
	CU_pSuite s = CU_add_suite("madvise", NULL, NULL);

	CU_add_test(s, "cold and pageout", test_cold);
	CU_add_test(s, "cold, MGLRU", test_cold_mglru);
	CU_add_test(s, "splits", test_split);
	CU_add_test(s, "order after a split", test_split_order);
	CU_add_test(s, "free", test_free);
	CU_add_test(s, "willneed and populate_read", test_read);
	CU_add_test(s, "hugepage", test_hugepage);
}
