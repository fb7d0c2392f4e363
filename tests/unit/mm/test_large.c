// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large folios: sim/mm/large.c, and readahead, write(2), faults, unmapping, reclaim and the
 * page cache with large folios. The expected numbers are from Debian's 7.3.4 kernel with
 * ext4, or worked out by hand from v7.3's source. Windows have 32 pages.
 */
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/large.h"
#include "tests/unit/testlib.h"

void suite_large(void);

#define LARGE "max_folio_order=9 readahead_pages=32 fault_around_pages=16"

static void test_orders(void)
{
	static const struct {
		const char *what, *ops, *want;
		uint32_t pages;
	} rows[] = {
		{ "sequential mmap: each asynchronous window adds 2",
		  "map,1,0,256,r--p,a,0,sequential; touch,1,0,256,r", "0*32 2*8 4*2 5*5", 256 },
		{ "a file that ends in the window",
		  "map,1,0,38,r--p,a,0,sequential; touch,1,0,38,r", "0*32 2*1 1*1", 38 },
		{ "mmap read-around: single pages", "map,1,0,64,r--p,a,0; touch,1,20,1,r",
		  "-*4 0*32 -*28", 64 },
		{ "MADV_RANDOM: single pages", "map,1,0,64,r--p,a,0,random; touch,1,20,1,r",
		  "-*20 0*1 -*43", 64 },
		{ "write(2) of one page", "write,1,a,0,1", "0*1 -*63", 64 },
		{ "write(2) of 64", "write,1,a,0,64", "6*1", 64 },
		{ "write(2) of 256", "write,1,a,0,256", "8*1", 256 },
		{ "write(2) that is not aligned", "write,1,a,3,13", "-*3 0*1 2*1 3*1", 16 },
		{ "write(2) next to what is cached", "write,1,a,2,1; write,1,a,0,8", "1*1 0*2 2*1",
		  8 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("file,a,%u; spawn,1; %s", rows[i].pages, rows[i].ops);
		struct tl *x = tl_run(LARGE, NULL, text);
		g_autofree char *got = tl_orders(x, "a", rows[i].pages);

		TL_STR(got, rows[i].want, "%s", rows[i].what);
		tl_free(x);
	}
}

/* referenced and active pages of a file after several processes died, one after the other */
static void test_marks_by_run(void)
{
	static const struct {
		const char *what, *maps, *referenced, *active;
	} rows[] = {
		{ "one mapping: one mark", "map,%d,0,64,r--p,a,0; touch,%d,0,64,r", "0-63", "" },
		{ "two mappings that meet inside the folio: two marks, so one death activates",
		  "map,%d,0,32,r--p,a,0; map,%d,0x1000,32,r--p,a,32; touch,%d,0,32,r; "
		  "touch,%d,0x1000,32,r",
		  "", "0-63" },
		{ "a hole: a mark for its unmapping, and two for the runs next to it",
		  "map,%d,0,64,r--p,a,0; touch,%d,0,64,r; unmap,%d,20,2", "0-63", "0-63" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) ops = g_string_new("file,a,65; spawn,9; write,9,a,0,64; exit,9;"
						      "drain; spawn,1;");
		g_autofree char *ref = NULL, *active = NULL;
		struct tl *x;

		g_string_append(ops, rows[i].maps);
		g_string_replace(ops, "%d", "1", 0);
		g_string_append(ops, "; exit,1");
		x = tl_run(LARGE " dirty_background_ratio=100", NULL, ops->str);
		ref = tl_pages(x, "a", PG_referenced);
		active = tl_pages(x, "a", PG_active);
		TL_STR(ref, *rows[i].referenced ? "0" : "", "%s", rows[i].what);
		TL_STR(active, *rows[i].active ? "0" : "", "%s", rows[i].what);
		/* a large folio is activated at once, not in a batch, and its pages count */
		TL_EQ(tl_stat(x, VM_pgactivate), *rows[i].active ? 64 : 0, "%s", rows[i].what);
		tl_free(x);
	}
}

/* filemap_map_folio_range(): a fault maps the whole folio, beyond the fault-around window,
 * except for a folio that ends at the end of the file */
static void test_fault_maps_folio(void)
{
	struct tl *x = tl_run(LARGE " fault_around_pages=16", NULL,
			      "file,a,96; spawn,1; write,1,a,0,64; write,1,a,64,32;"
			      "map,1,0,96,r--p,a,0; touch,1,40,1,r; touch,1,70,1,r");

	for (uint32_t vpn = 0; vpn < 96; vpn++)
		TL_EQ(tl_pte(x, 1, vpn) != 0, vpn < 80, "page %u", vpn);
	TL_EQ(tl_stat(x, VM_pgfault), 2, "faults");
	tl_free(x);

	x = tl_run(LARGE " fault_around_pages=1", NULL,
		   "file,a,96; spawn,1; write,1,a,0,64; map,1,8,80,r--p,a,8; touch,1,40,1,r");
	for (uint32_t vpn = 8; vpn < 88; vpn++)
		TL_EQ(tl_pte(x, 1, vpn) != 0, vpn == 40,
		      "the mapping begins inside the folio: page %u", vpn);
	tl_free(x);
}

/* filemap_map_pages(): no page table is installed for the last folio of a file, so
 * finish_fault() maps it, whole. findings/eof-folio-mapped-in-part.sh shows it on v7.3.4. */
static void test_last_folio(void)
{
	static const struct {
		const char *before;
		uint32_t pages, mapped;
		const char *what;
	} rows[] = {
		{ "", 64, 64, "a new page table: whole" },
		{ "anon,1,511,1,rw-p; touch,1,511,1,w;", 64, 16, "a table in use: the window" },
		{ "anon,1,512,1,rw-p; touch,1,512,1,w;", 64, 64, "another table in use" },
		{ "anon,1,511,1,rw-p; touch,1,511,1,w;", 65, 64, "not the last folio" },
		{ "", 65, 64, "not the last folio, a new table" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *ops = g_strdup_printf(
			"file,a,%u; spawn,1; write,1,a,0,64; %s map,1,0,64,r--p,a,0; "
			"touch,1,20,1,r",
			rows[i].pages, rows[i].before);
		struct tl *x = tl_run(LARGE, NULL, ops);
		uint32_t mapped = 0;

		for (uint32_t vpn = 0; vpn < 64; vpn++)
			mapped += tl_pte(x, 1, vpn) != 0;
		TL_EQ(mapped, rows[i].mapped, "%s", rows[i].what);
		tl_free(x);
	}
}

/* folio_maybe_mapped_shared(): slots for two processes, and a flag that stays set after them */
static void test_mapped_shared(void)
{
	static const struct {
		const char *what, *ops;
		bool shared;
	} rows[] = {
		{ "one process", "map,1,0,32,r--p,a,0; touch,1,0,1,r", false },
		{ "one process, twice",
		  "map,1,0,32,r--p,a,0; touch,1,0,1,r; map,1,64,32,r--p,a,0; "
		  "touch,1,64,1,r",
		  false },
		{ "two", "map,1,0,32,r--p,a,0; touch,1,0,1,r; map,2,0,32,r--p,a,0; touch,2,0,1,r",
		  true },
		{ "halves",
		  "map,1,0,16,r--p,a,0; touch,1,0,1,r; map,2,0,16,r--p,a,16; touch,2,0,1,r", true },
		{ "two, of which one has gone",
		  "map,1,0,32,r--p,a,0; touch,1,0,1,r; map,2,0,32,r--p,a,0;"
		  "touch,2,0,1,r; exit,2",
		  false },
		{ "the third of three: it had no place",
		  "map,1,0,32,r--p,a,0; touch,1,0,1,r; map,2,0,32,r--p,a,0; touch,2,0,1,r;"
		  "map,3,0,32,r--p,a,0; touch,3,0,1,r; exit,1; exit,2",
		  true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(
			"file,a,33; spawn,1; spawn,2; spawn,3; write,1,a,0,32;", rows[i].ops, NULL);
		struct tl *x = tl_run(LARGE, NULL, text);

		TL_EQ(folio_maybe_mapped_shared(x->s, tl_slot(x, "a", 0)), rows[i].shared, "%s",
		      rows[i].what);
		tl_free(x);
	}
}

/* "+evict" puts all references to a folio but one, if they are neighbours in the gather, or have
 * only anon pages between them */
static void test_evict(void)
{
	static const struct {
		const char *what, *ops;
		uint64_t evicted, kept;
	} rows[] = {
		{ "one run", "map,1,0,32,r--p,a,0; touch,1,0,1,r; mrelease,1", 32, 0 },
		{ "two runs, a copy between them",
		  "map,1,0,32,rw-p,a,0; touch,1,0,1,r; touch,1,8,1,w; mrelease,1", 32, 0 },
		{ "two VMAs, the last one first: with the other",
		  "map,1,0,32,r--p,a,0; touch,1,0,32,r; unmap,1,8,1; mrelease,1", 32, 23 },
		{ "two VMAs, with 40 pages of another file between them",
		  "map,1,0,16,r--p,a,0; map,1,16,40,r--p,b,0; map,1,100,16,r--p,a,16;"
		  "touch,1,0,16,r; touch,1,16,40,r; touch,1,100,16,r; exit,1",
		  72, 16 },
		{ "another process maps a page",
		  "map,1,0,32,r--p,a,0; touch,1,0,1,r; map,2,0,1,r--p,a,31; touch,2,0,1,r;"
		  "mrelease,1",
		  0, 32 },
		{ "dirty", "map,1,0,32,r--p,a,0; touch,1,0,1,r; write,2,a,3,1; drain; mrelease,1",
		  0, 32 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(
			"file,a,32; file,b,40; spawn,9; write,9,a,0,32; fsync,9,a; exit,9; drain;"
			"spawn,1; spawn,2;",
			rows[i].ops, NULL);
		struct tl *x = tl_run(LARGE, "any-exit+evict", text);

		TL_EQ(tl_stat(x, VM_sim_zap_evicted), rows[i].evicted, "%s: dropped", rows[i].what);
		TL_EQ(tl_stat(x, VM_sim_zap_kept), rows[i].kept, "%s: kept", rows[i].what);
		tl_free(x);
	}
}

/* if one page of a new folio has a shadow, all its pages count as refaults */
static void test_refault_whole(void)
{
	static const struct lru_model *const lrus[] = { &lru_classic, &lru_mglru };

	for (size_t i = 0; i < G_N_ELEMENTS(lrus); i++) {
		struct tl *x =
			tl_new_lru(lrus[i], LARGE " memcg_pages=600", NULL,
				   "file,a,64; file,b,2000; spawn,1; read,1,a,44,1;"
				   "read,1,b,0,2000; mark,before;"
				   "map,1,0,64,r--p,a,0,sequential; touch,1,0,64,r; mark,after");

		tl_to(x, "before");
		TL_EQ(tl_folio(x, "a", 44)->flags & (PG_resident | PG_shadow), PG_shadow,
		      "%s: evicted", lrus[i]->name);
		tl_to(x, "after");
		TL_EQ(tl_folio(x, "a", 44)->order, 2, "%s: order", lrus[i]->name);
		TL_EQ(tl_at(x, "after", VM_workingset_refault_file) -
			      tl_at(x, "before", VM_workingset_refault_file),
		      4, "%s: refaults", lrus[i]->name);
		tl_free(x);
	}
}

void suite_large(void)
{
	CU_pSuite suite = CU_add_suite("large", NULL, NULL);

	CU_add_test(suite, "orders of what is read and written", test_orders);
	CU_add_test(suite, "a mark for each run of PTEs", test_marks_by_run);
	CU_add_test(suite, "a fault maps the folio", test_fault_maps_folio);
	CU_add_test(suite, "the last folio of a file", test_last_folio);
	CU_add_test(suite, "folio_maybe_mapped_shared()", test_mapped_shared);
	CU_add_test(suite, "+evict", test_evict);
	CU_add_test(suite, "refaults of a folio", test_refault_whole);
}
