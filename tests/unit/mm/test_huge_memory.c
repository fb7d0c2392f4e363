// SPDX-License-Identifier: GPL-2.0-only
/*
 * File folios that a PMD maps: sim/mm/huge_memory.c, and faults, unmapping, reclaim and rmap of
 * them. Expected values are worked out by hand from v7.3's source. A write(2) of 512 pages
 * creates such a folio.
 */
#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/large.h"
#include "tests/unit/testlib.h"

void suite_huge_memory(void);

#define HUGE "max_folio_order=9 readahead_pages=32 fault_around_pages=16 dirty_background_ratio=100"
#define FILE "file,a,1100; spawn,9; write,9,a,0,512; write,9,a,512,512; exit,9; drain; spawn,1;"

static const struct lru_model *const lrus[] = { &lru_classic, &lru_mglru };

static bool is_huge(const struct tl *x, uint32_t pid, uint32_t vpn)
{
	const struct pte_table *pt = pte_lookup(tl_mm(x, pid), vpn);

	return pt && pt->huge;
}

/* do_set_pmd(), thp_vma_suitable_order() and the end of the file */
static void test_who_maps(void)
{
	static const struct {
		const char *what, *ops;
		bool huge;
		uint64_t nr_mapped;
	} rows[] = {
		{ "aligned", "map,1,0x1000,1024,r--p,a,0; touch,1,0x1005,1,r", true, 512 },
		{ "aligned, no fault-around: written",
		  "map,1,0x1000,1024,rw-s,a,0; touch,1,0x1005,1,w", true, 512 },
		{ "half a table further", "map,1,0x1100,1024,r--p,a,0; touch,1,0x1105,1,r", false,
		  16 },
		{ "the mapping ends before the folio",
		  "map,1,0x1000,511,r--p,a,0; touch,1,0x1005,1,r", false, 16 },
		{ "something is mapped there already",
		  "map,1,0x1000,256,r--p,a,0; touch,1,0x1005,1,r; map,1,0x1100,768,r--p,a,256;"
		  "touch,1,0x1105,1,r",
		  false, 512 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(FILE, rows[i].ops, NULL);
		struct tl *x = tl_run(HUGE, NULL, text);

		TL_EQ(is_huge(x, 1, 0x1005), rows[i].huge, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_mapped), rows[i].nr_mapped, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_pgfault), 1 + (i == 4), "%s", rows[i].what);
		tl_free(x);
	}
}

/* zap_huge_pmd(): one mark for the folio, even if one page was touched, and one reference, so
 * "+evict" can drop it */
static void test_zap(void)
{
	static const struct {
		const char *what, *policy, *ops, *referenced, *active;
		uint64_t evicted;
	} rows[] = {
		{ "one death", "baseline", "exit,1", "0", "", 0 },
		{ "two", "baseline",
		  "exit,1; spawn,2; map,2,0x1000,1024,r--p,a,0; touch,2,0x1005,1,r; exit,2", "",
		  "0", 0 },
		{ "exclusive: no mark", "any-exit", "exit,1", "", "", 0 },
		{ "clean: dropped", "any-exit+evict", "exit,1", "", "", 512 },
		{ "a part of it is unmapped: all is, and it is referenced, but not marked",
		  "baseline", "unmap,1,0x1000,8", "0", "", 0 },
		{ "advised by half: the same", "baseline", "advise,1,0x1000,8,random", "0", "", 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat(FILE "advance,60s; advance,60s;"
					 "map,1,0x1000,1024,r--p,a,0; touch,1,0x1005,1,r; ",
				    rows[i].ops, NULL);
		g_autofree char *ref = NULL, *active = NULL;
		struct tl *x = tl_run(HUGE " dirty_expire_ms=1000", rows[i].policy, text);

		ref = tl_pages(x, "a", PG_referenced);
		active = tl_pages(x, "a", PG_active);
		TL_STR(ref, rows[i].referenced, "%s", rows[i].what);
		TL_STR(active, rows[i].active, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_sim_zap_evicted), rows[i].evicted, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_mapped), 0, "%s", rows[i].what);
		tl_free(x);
	}
}

/* wp_huge_pmd(): a write through a read-only PMD removes it, then faults in one page */
static void test_write(void)
{
	struct tl *x = tl_run(HUGE, NULL,
			      FILE "map,1,0x1000,1024,rw-p,a,0; touch,1,0x1005,1,r;"
				   "touch,1,0x1006,1,w");

	TL_EQ(is_huge(x, 1, 0x1005), false, "split");
	TL_EQ(tl_pte(x, 1, 0x1005), 0, "and unmapped");
	TL_EQ(tl_pte(x, 1, 0x1006) & PTE_anon, PTE_anon, "a copy of the page");
	tl_free(x);
}

/* TTU_SPLIT_HUGE_PMD: reclaim frees a folio that a PMD maps if it was not used */
static void test_reclaim(void)
{

	for (size_t i = 0; i < G_N_ELEMENTS(lrus); i++) {
		struct tl *x =
			tl_new_lru(lrus[i], HUGE " memcg_pages=1400 dirty_expire_ms=1000", NULL,
				   FILE "file,b,4000; advance,60s; advance,60s;"
					"map,1,0x1000,1024,r--p,a,0; touch,1,0x1005,1,r;"
					"mark,mapped; spawn,2; read,2,b,0,4000;"
					"read,2,b,0,4000; mark,gone");

		tl_to(x, "mapped");
		TL_EQ(is_huge(x, 1, 0x1005), true, "%s: mapped", lrus[i]->name);
		tl_to(x, "gone");
		TL_EQ(is_huge(x, 1, 0x1005), false, "%s: unmapped", lrus[i]->name);
		TL_EQ(tl_folio(x, "a", 0)->flags & PG_resident, 0, "%s: evicted", lrus[i]->name);
		tl_free(x);
	}
}

struct listing {
	const struct sim *s;
	GString *folios;
};

static bool add_folio(void *arg, const char *list, uint32_t slot)
{
	struct listing *l = arg;

	if (slot < l->s->trace->nr_file_pages)
		g_string_append_printf(l->folios, "%s%u+%u", l->folios->len ? " " : "",
				       slot - file_slot(l->s, 0, 0),
				       folio_nr_pages(&l->s->folios[slot]));
	(void)list;
	return true;
}

/* what is left of a folio that truncate cut, newest first: FIRST+PAGES */
static const struct {
	const char *cut, *left;
} cuts[] = {
	{ "truncate,1,a,257", "256+1 0+256" },
	{ "truncate,1,a,256", "0+256" },
	{ "truncate,1,a,7", "4+2 6+1 0+4" },
	{ "truncate,1,a,511", "256+128 384+64 448+32 480+16 496+8 504+4 508+2 510+1 0+256" },
};

static void test_folio_split(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cuts) * G_N_ELEMENTS(lrus); i++) {
		const struct lru_model *lru = lrus[i % G_N_ELEMENTS(lrus)];
		const size_t c = i / G_N_ELEMENTS(lrus);
		g_autofree char *text =
			g_strconcat("file,a,512; spawn,1; write,1,a,0,512; fsync,1,a;"
				    "drain;",
				    cuts[c].cut, "; mark,cut", NULL);
		struct tl *x = tl_new_lru(lru, HUGE, NULL, text);
		g_autoptr(GString) left = g_string_new(NULL);

		tl_to(x, "cut");
		lru->walk(&x->s->memcg[0].lruvec, add_folio, &(struct listing){ x->s, left });
		TL_STR(left->str, cuts[c].left, "%s on %s", cuts[c].cut, lru->name);
		tl_free(x);
	}
}

void suite_huge_memory(void)
{
	CU_pSuite suite = CU_add_suite("huge_memory", NULL, NULL);

	CU_add_test(suite, "who is mapped by a PMD", test_who_maps);
	CU_add_test(suite, "unmapping", test_zap);
	CU_add_test(suite, "a write to what is read-only", test_write);
	CU_add_test(suite, "reclaim", test_reclaim);
	CU_add_test(suite, "splitting in halves", test_folio_split);
}
