// SPDX-License-Identifier: GPL-2.0-only
/*
 * models/kernel-*.c: the items of a profile that only large folios meet. A row has the result
 * of each kernel: [0] v7.3, [1] v6.12, as in kernel_profiles[].
 */
#include <CUnit/CUnit.h>

#include "models/lru-mglru.h"
#include "models/models.h"
#include "sim/mm/large.h"
#include "tests/unit/testlib.h"

void suite_kernel_large(void);

#define NR_KERNELS 2
#define ALL_REFS   (LRU_REFS_MASK | PG_referenced | PG_workingset)

#define LARGE "max_folio_order=9 readahead_pages=32 fault_around_pages=16 "

/* page_cache_ra_order() */
static void test_large_readahead(void)
{
	static const struct {
		const char *what, *ops, *orders[NR_KERNELS];
		uint32_t pages;
	} rows[] = {
		{ "a first window, and the one that its mark begins",
		  "map,1,0,64,r--p,a,0,sequential; touch,1,0,32,r",
		  { "0*32 2*8", "2*8 4*2" },
		  64 },
		{ "a window that the end of the file cuts, and its first page is not aligned",
		  "read,1,a,5,1; read,1,a,6,1",
		  { "-*5 0*3", "-*5 0*1 1*1" },
		  8 },
		{ "a page of the window is cached: v6.12 reads as many pages again from there on",
		  "read,1,a,10,1; map,1,0,64,r--p,a,0,sequential; touch,1,0,1,r",
		  { "0*32 -*32", "2*2 0*32 -*24" },
		  64 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("file,a,%u; spawn,1; %s", rows[i].pages, rows[i].ops);

		for (int k = 0; k < NR_KERNELS; k++) {
			struct tl *x =
				tl_run_kernel(kernel_profiles[k], &lru_classic, LARGE, NULL, text);
			g_autofree char *got = tl_orders(x, "a", rows[i].pages);

			TL_STR(got, rows[i].orders[k], "%s, kernel %d", rows[i].what, k);
			tl_free(x);
		}
	}
}

/* filemap_map_folio_range(), finish_fault() */
static void test_large_fault(void)
{
	static const struct {
		const char *machine;
		uint32_t mapped[NR_KERNELS];
	} rows[] = {
		{ LARGE, { 64, 16 } },
		{ LARGE "fault_around_pages=1", { 64, 1 } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		for (int k = 0; k < NR_KERNELS; k++) {
			struct tl *x = tl_run_kernel(kernel_profiles[k], &lru_classic,
						     rows[i].machine, NULL,
						     "file,a,65; spawn,1; write,1,a,0,64; "
						     "map,1,0,64,r--p,a,0; touch,1,40,1,r");
			uint32_t mapped = 0;

			for (uint32_t vpn = 0; vpn < 64; vpn++)
				mapped += tl_pte(x, 1, vpn) != 0;
			TL_EQ(mapped, rows[i].mapped[k], "%s, kernel %d", rows[i].machine, k);
			tl_free(x);
		}
	}
}

/* folio_maybe_mapped_shared(), folio_likely_mapped_shared(): of a folio of 32 pages */
static void test_large_shared(void)
{
#define MAP(pid, vpn, nr, pgoff)                                                                   \
	"map," #pid "," #vpn "," #nr ",r--p,a," #pgoff "; touch," #pid "," #vpn "," #nr ",r;"
	static const struct {
		const char *what, *ops;
		bool shared[NR_KERNELS];
	} rows[] = {
		{ "one page, by one process", MAP(1, 5, 1, 5), { false, false } },
		{ "all, by one process", MAP(1, 0, 32, 0), { false, false } },
		{ "the first page twice, by one process",
		  MAP(1, 0, 32, 0) MAP(1, 64, 1, 0),
		  { false, true } },
		{ "all twice, by one process",
		  MAP(1, 0, 32, 0) MAP(1, 64, 32, 0),
		  { false, true } },
		{ "halves", MAP(1, 0, 16, 0) MAP(2, 0, 16, 16), { true, false } },
		{ "the second half twice: only then there are more PTEs than pages",
		  MAP(1, 0, 16, 16) MAP(2, 0, 16, 16),
		  { true, false } },
		{ "and another page",
		  MAP(1, 0, 16, 16) MAP(2, 0, 16, 16) MAP(1, 64, 1, 1),
		  { true, true } },
	};
#undef MAP

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,33; spawn,1; spawn,2; write,1,a,0,32; ",
						    rows[i].ops, NULL);

		for (int k = 0; k < NR_KERNELS; k++) {
			struct tl *x =
				tl_run_kernel(kernel_profiles[k], &lru_classic, LARGE, NULL, text);

			TL_EQ(folio_maybe_mapped_shared(x->s, tl_slot(x, "a", 0)),
			      rows[i].shared[k], "%s, kernel %d", rows[i].what, k);
			tl_free(x);
		}
	}
}

/* zap_huge_pmd(): v6.12 does not mark the folio */
static void test_zap_pmd(void)
{
	for (int k = 0; k < NR_KERNELS; k++) {
		struct tl *x = tl_run_kernel(
			kernel_profiles[k], &lru_classic, LARGE, NULL,
			"file,a,1024; spawn,1; write,1,a,0,512; write,1,a,512,512;"
			"map,1,0x1000,1024,r--p,a,0; touch,1,0x1005,1,r; mark,m; exit,1");

		TL_EQ(tl_at(x, "m", VM_nr_mapped), 512, "kernel %d: by a PMD", k);
		TL_EQ((tl_folio(x, "a", 0)->flags & PG_referenced) != 0, k == 0, "kernel %d", k);
		tl_free(x);
	}
}

/* lru_gen_look_around() of v6.12 finds the other young PTEs of the folio itself, and marks it */
static void test_young_by_pte(void)
{
	static const struct {
		const char *touch;
		enum folio_references want;
	} rows[] = {
		{ "touch,1,8,1,r", FOLIOREF_KEEP },
		{ "touch,1,8,2,r", FOLIOREF_ACTIVATE },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,65; spawn,1; write,1,a,0,64; "
						    "map,1,0,64,r--p,a,0; ",
						    rows[i].touch, "; drain", NULL);
		struct tl *x = tl_run_kernel(kernel_profiles[1], &lru_mglru,
					     LARGE "fault_around_pages=1", NULL, text);
		const uint32_t slot = tl_slot(x, "a", 0);
		struct folio *f = &x->s->folios[slot];

		x->s->cfg.lru->del(x->s, &x->s->memcg[0].lruvec, slot);
		f->flags &= (uint16_t)~ALL_REFS;
		TL_EQ(lru_mglru.check_references(x->s, slot), rows[i].want, "%s", rows[i].touch);
		TL_EQ(tl_pte(x, 1, 9) & PTE_young, 0, "%s", rows[i].touch);
		lru_mglru.add(x->s, &x->s->memcg[0].lruvec, &slot, 1);
		tl_free(x);
	}
}

void suite_kernel_large(void)
{
	CU_pSuite s = CU_add_suite("kernel_large", NULL, NULL);

	CU_add_test(s, "readahead", test_large_readahead);
	CU_add_test(s, "faults", test_large_fault);
	CU_add_test(s, "shared or not", test_large_shared);
	CU_add_test(s, "mapped by a PMD", test_zap_pmd);
	CU_add_test(s, "young PTEs", test_young_by_pte);
}
