// SPDX-License-Identifier: GPL-2.0-only
/*
 * models/lru-classic.c: v7.3 mm/vmscan.c and mm/workingset.c. If the loops of reclaim would
 * hide a rule in a trace, the tests call the hooks with a scan_control of their own.
 */
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/mm/batch.h"
#include "sim/mm/reclaim.h"
#include "tests/unit/testlib.h"

void suite_lru_classic(void);

/*
 * folio_check_references(), by referenced PTEs. None: reclaim, and clear PG_referenced, which
 * does not matter. One: keep, and set PG_referenced. One and PG_referenced, or more than one,
 * or one of executable file memory: activate.
 */
static const struct {
	const char *ops; /* page 0 of a, or of t */
	const char *file;
	enum folio_references plain, referenced;
	const char *what;
} references[] = {
	{ "read,1,a,0,1", "a", FOLIOREF_RECLAIM, FOLIOREF_RECLAIM, "not mapped" },
	{ "map,1,0,1,r--p,a,0; touch,1,0,1,r", "a", FOLIOREF_KEEP, FOLIOREF_ACTIVATE, "one PTE" },
	{ "map,1,0,1,r-xp,a,0; touch,1,0,1,r", "a", FOLIOREF_ACTIVATE, FOLIOREF_ACTIVATE,
	  "one PTE of code" },
	{ "map,1,0,1,r--p,a,0; touch,1,0,1,r; map,2,0,1,r--p,a,0; touch,2,0,1,r", "a",
	  FOLIOREF_ACTIVATE, FOLIOREF_ACTIVATE, "two PTEs" },
	{ "map,1,0,1,r-xp,a,0; touch,1,0,1,r; map,2,0,1,r-xp,a,0; touch,2,0,1,r", "a",
	  FOLIOREF_ACTIVATE, FOLIOREF_ACTIVATE, "two PTEs of code" },
	{ "map,1,0,1,r-xp,a,0,random; touch,1,0,1,r", "a", FOLIOREF_RECLAIM, FOLIOREF_RECLAIM,
	  "no recency" },
	{ "map,1,0,1,rwxs,t,0; touch,1,0,1,w", "t", FOLIOREF_KEEP, FOLIOREF_ACTIVATE,
	  "code on tmpfs is not file-backed to is_exec_file_folio()" },
	{ "write,1,t,0,1", "t", FOLIOREF_RECLAIM, FOLIOREF_RECLAIM, "tmpfs, not mapped" },
};

static void test_check_references(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(references); i++) {
		for (int referenced = 0; referenced < 2; referenced++) {
			g_autofree char *text =
				g_strconcat("file,a,8; file,t,8,shmem; spawn,1; spawn,2;",
					    references[i].ops, "; drain", NULL);
			struct tl *x = tl_run(NULL, NULL, text);
			uint32_t slot = tl_slot(x, references[i].file, 0);
			struct folio *f = &x->s->folios[slot];
			enum folio_references got, want;

			f->flags = (uint16_t)((f->flags & ~PG_referenced) |
					      (referenced ? PG_referenced : 0));
			want = referenced ? references[i].referenced : references[i].plain;
			got = x->s->cfg.lru->check_references(x->s, slot);
			TL_EQ(got, want, "%s, referenced %d", references[i].what, referenced);
			TL_EQ((f->flags & PG_referenced) != 0, want != FOLIOREF_RECLAIM,
			      "%s, referenced %d: the mark after it", references[i].what,
			      referenced);
			/* the PTEs are old now, so the next call reclaims */
			TL_EQ(x->s->cfg.lru->check_references(x->s, slot), FOLIOREF_RECLAIM,
			      "%s, looked at twice", references[i].what);
			tl_free(x);
		}
	}
}

/* folio_referenced() returns -1: keep, and do not change PG_referenced */
static void test_check_references_dying(void)
{
	struct tl *x = tl_run(NULL, NULL, "spawn,1; anon,1,0,1,rw-p; touch,1,0,1,w; drain");
	uint32_t slot = tl_anon_slot(x, 1, 0);

	tl_mm(x, 1)->unstable = true;
	TL_EQ(x->s->cfg.lru->check_references(x->s, slot), FOLIOREF_KEEP, "reaped");
	TL_EQ(x->s->folios[slot].flags & PG_referenced, 0, "reaped");
	tl_free(x);
}

/*
 * workingset_test_recent(): a refault is recent if its distance is at most the size of the
 * lists that could have held the page. That is active file; for a file page also all anon if
 * swap is free; for an anon page also inactive file and, with swap, active anon. 5 + 20 file
 * pages, 7 anon pages; a second read activates.
 */
static const struct {
	const char *machine;
	enum lru_type type;
	uint64_t size;
	const char *what;
} distances[] = {
	{ "swap_pages=0", LRU_FILE, 5, "file, no swap" },
	{ "swap_pages=9", LRU_FILE, 5 + 7, "file, swap" },
	{ "swap_pages=0", LRU_ANON, 5 + 20, "anon, no swap" },
	{ "swap_pages=9", LRU_ANON, 5 + 20, "anon, swap: no anon page is active" },
};

static void test_distances(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(distances); i++) {
		const uint64_t size = distances[i].size;

		for (uint64_t distance = size - 1; distance <= size + 1; distance++) {
			struct tl *x = tl_run(
				distances[i].machine, NULL,
				"file,a,50; spawn,1; spawn,2; read,1,a,0,25; anon,1,0,7,rw-p;"
				"touch,1,0,7,w; drain; read,2,a,0,5; drain");
			const struct lru_model *lru = x->s->cfg.lru;
			uint32_t slot = distances[i].type == LRU_ANON ? tl_anon_slot(x, 1, 0)
								      : tl_slot(x, "a", 24);
			struct folio *f = &x->s->folios[slot];
			enum vmstat_item refault = VM_workingset_refault_anon + distances[i].type,
					 activate = VM_workingset_activate_anon + distances[i].type,
					 restore = VM_workingset_restore_anon + distances[i].type;
			const bool recent = distance <= size;
			uint32_t shadow = lru->eviction(x->s, folio_lruvec(x->s, slot), slot);

			/* its own eviction was the first tick */
			for (uint64_t tick = 1; tick < distance; tick++)
				lru->eviction(x->s, folio_lruvec(x->s, slot), slot);
			lru->refault(x->s, folio_lruvec(x->s, slot), slot, folio_lruvec(x->s, slot),
				     shadow, true);
			TL_EQ(f->flags & (PG_active | PG_workingset),
			      recent ? PG_active | PG_workingset : 0, "%s, distance %d",
			      distances[i].what, (int)distance);
			TL_EQ(x->s->stat.v[refault], 1, "%s", distances[i].what);
			TL_EQ(x->s->stat.v[activate], recent, "%s", distances[i].what);
			TL_EQ(x->s->stat.v[restore], recent, "%s", distances[i].what);
			x->s->cfg.check = false;
			tl_free(x);
		}
	}
}

/* a page that was not active before is activated, not restored */
static void test_no_restore(void)
{
	struct tl *x =
		tl_run(NULL, NULL,
		       "file,a,50; spawn,1; spawn,2; read,1,a,0,25; drain; read,2,a,0,5; drain");
	uint32_t slot = tl_slot(x, "a", 24);
	uint32_t shadow = x->s->cfg.lru->eviction(x->s, folio_lruvec(x->s, slot), slot);

	x->s->cfg.lru->refault(x->s, folio_lruvec(x->s, slot), slot, folio_lruvec(x->s, slot),
			       shadow, false);
	TL_EQ(tl_folio(x, "a", 24)->flags & (PG_active | PG_workingset), PG_active, "flags");
	TL_EQ(x->s->stat.v[VM_workingset_activate_file], 1, "activate");
	TL_EQ(x->s->stat.v[VM_workingset_restore_file], 0, "restore");
	tl_free(x);
}

/* Besides evictions these advance nonresident_age: an activation by marks
 * (workingset_activation()), even a lost one; an activating refault; an active folio that
 * reclaim puts back (move_folios_to_lru()) */
static void test_clock(void)
{
	static const struct {
		const char *ops;
		uint32_t ticks;
		const char *what;
	} rows[] = {
		{ "", 0, "nothing" },
		{ "read,1,a,0,3; drain", 0, "first marks" },
		{ "read,1,a,0,3; drain; read,2,a,0,3", 3, "second marks, still in the batch" },
		{ "read,1,a,0,3; drain; read,2,a,0,3; drain", 3, "drained: no second tick" },
		{ "read,1,a,0,3; read,2,a,0,3", 3, "second marks in the lru_add batch" },
		{ "read,1,a,0,3; read,3,a,0,3", 3, "lost on another CPU" },
		{ "read,1,a,0,3; drain; read,2,a,0,3; drain; read,3,a,0,3; read,1,a,0,3", 3,
		  "marks of active pages" },
		{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; unmap,1,0,3; drain;"
		  "map,1,0,3,r--p,a,0; touch,1,0,3,r; unmap,1,0,3",
		  3, "marks by unmapping" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,8; spawn,1,0; spawn,2,0; spawn,3,1;",
						    rows[i].ops, NULL);
		struct tl *x = tl_run("cpus=2", NULL, text);

		TL_EQ(x->s->cfg.lru->eviction(x->s, folio_lruvec(x->s, tl_slot(x, "a", 7)),
					      tl_slot(x, "a", 7)),
		      rows[i].ticks, "%s", rows[i].what);
		tl_free(x);
	}
}

/* nonresident_age after refaults and after folios that reclaim puts back */
static void test_clock_of_reclaim(void)
{
	static const struct {
		const char *ops;
		bool force;
		uint32_t ticks;
		const char *what;
	} rows[] = {
		{ "read,1,a,0,3; drain", false, 3, "three evictions" },
		{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; drain", false, 0, "kept inactive" },
		{ "map,1,0,3,r-xp,a,0; touch,1,0,3,r; drain", false, 3, "three activated" },
		{ "read,1,a,0,3; drain; read,2,a,0,3; drain", true, 3,
		  "deactivated: only the marks" },
		{ "read,1,a,0,3; drain; read,2,a,0,3; drain; map,1,0,3,r-xp,a,0; touch,1,0,3,r",
		  true, 6, "code goes round: put back active" },
	};
	struct tl *x;
	uint32_t slot, shadow;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,8; spawn,1; spawn,2;", rows[i].ops, NULL);
		struct scan_control sc = { .memcg = true,
					   .nr_to_reclaim = 1,
					   .force_deactivate = rows[i].force };

		x = tl_run(NULL, NULL, text);
		tl_shrink_node(x, &sc);
		TL_EQ(x->s->cfg.lru->eviction(x->s, folio_lruvec(x->s, tl_slot(x, "a", 7)),
					      tl_slot(x, "a", 7)),
		      rows[i].ticks, "%s", rows[i].what);
		tl_free(x);
	}

	x = tl_run(NULL, NULL,
		   "file,a,50; spawn,1; spawn,2; read,1,a,0,25; drain; read,2,a,0,5; drain");
	slot = tl_slot(x, "a", 24);
	shadow = x->s->cfg.lru->eviction(x->s, folio_lruvec(x->s, slot), slot);
	x->s->cfg.lru->refault(x->s, folio_lruvec(x->s, slot), slot, folio_lruvec(x->s, slot),
			       shadow, false);
	TL_EQ(x->s->cfg.lru->eviction(x->s, folio_lruvec(x->s, slot), slot), shadow + 2,
	      "an activating refault");
	x->s->cfg.lru->refault(x->s, folio_lruvec(x->s, slot), slot, folio_lruvec(x->s, slot),
			       shadow - 100, false);
	TL_EQ(x->s->cfg.lru->eviction(x->s, folio_lruvec(x->s, slot), slot), shadow + 3,
	      "a refault from too long ago");
	tl_free(x);
}

/*
 * inactive_is_low(): inactive * ratio < active. The ratio is int_sqrt(10 * GiB), or 1 if both
 * lists together have less than a GiB (262144 pages).
 */
static void test_inactive_is_low(void)
{
	static const struct {
		unsigned int inactive, active;
		bool low;
	} rows[] = {
		{ 1000, 1000, false },
		{ 1000, 1001, true },
		{ 0, 1, true },
		{ 131071, 131072, true },  /* 262143 pages: not yet a GiB */
		{ 131072, 131072, false }, /* a GiB: ratio 3 */
		{ 70000, 210000, false },
		{ 70000, 210001, true }, /* int_sqrt(10) = 3 */
		{ 110000, 440000, false },
		{ 110000, 440001, true }, /* 2 GiB: int_sqrt(20) = 4 */
		{ 160000, 800000, false },
		{ 160000, 800001, true }, /* 3 GiB: int_sqrt(30) = 5 */
		/* 10 GiB: int_sqrt(100) = 10 */
		{ 250000, 2500000, false },
		{ 250000, 2500001, true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const unsigned int in = rows[i].inactive, ac = rows[i].active;
		/* a second mark of a page in the batch sets PG_active: read 1, then 2 */
		g_autofree char *text = g_strdup_printf(
			"file,a,%u; spawn,1; spawn,2; read,1,a,0,%u; drain; read,2,a,0,%u; drain",
			in + ac, in + ac, ac);
		struct tl *x;
		struct scan_control sc = {
			.nr_to_reclaim = 1,
			.priority = 30,
			.memcg = true,
			.may_swap = true,
		};

		x = tl_new("memcg_pages=3000000", NULL, text);
		x->s->cfg.check = false;
		CU_ASSERT_FATAL(tl_end(x) == 1);
		TL_EQ(tl_stat(x, VM_nr_active_file), ac, "row %zu", i);
		/* at priority 30 it decides but scans nothing */
		tl_shrink_node(x, &sc);
		TL_EQ(sc.may_deactivate, rows[i].low ? 1 << LRU_FILE : 0, "inactive %u, active %u",
		      in, ac);
		TL_EQ(tl_stat(x, VM_pgscan_file), 0, "row %zu", i);
		tl_free(x);
	}
}

/* prepare_scan_control(): refaults with activation since the last reclaim also allow
 * deactivation, and prevent cache_trim_mode; force_deactivate allows both */
static void test_may_deactivate(void)
{
	struct tl *x = tl_run(
		NULL, NULL,
		"file,a,500; spawn,1; spawn,2; read,1,a,0,400; drain; read,2,a,0,100; drain");
	const struct lru_model *lru = x->s->cfg.lru;
	struct scan_control sc = { .nr_to_reclaim = 1, .priority = 30, .memcg = true };
	uint32_t slot = tl_slot(x, "a", 450);

	tl_shrink_node(x, &sc);
	TL_EQ(sc.may_deactivate, 0, "enough inactive pages");
	TL_EQ(sc.cache_trim_mode, false, "none of them at this priority");
	sc.priority = 8; /* 300 >> 8 = 1 */
	tl_shrink_node(x, &sc);
	TL_EQ(sc.cache_trim_mode, true, "plenty of inactive file pages");
	TL_EQ(sc.skipped_deactivate, false, "100 >> 8 = 0 active pages to scan");
	sc.priority = 6;
	tl_shrink_node(x, &sc);
	TL_EQ(sc.skipped_deactivate, true, "100 >> 6 = 1, not deactivated");
	TL_EQ(tl_stat(x, VM_pgdeactivate), 0, "not deactivated");
	sc.no_cache_trim_mode = true;
	sc.priority = 30;
	tl_shrink_node(x, &sc);
	TL_EQ(sc.cache_trim_mode, false, "switched off by kswapd");
	sc.no_cache_trim_mode = false;

	lru->refault(x->s, folio_lruvec(x->s, slot), slot, folio_lruvec(x->s, slot),
		     lru->eviction(x->s, folio_lruvec(x->s, slot), slot), false);
	x->s->folios[slot].flags = 0;
	sc.priority = 8;
	tl_shrink_node(x, &sc);
	TL_EQ(sc.may_deactivate, 1 << LRU_FILE, "a refault");
	TL_EQ(sc.cache_trim_mode, false, "a refault");
	lru->reclaim_end(x->s, &x->s->memcg[0].lruvec); /* snapshot_refaults() */
	sc.priority = 30;
	tl_shrink_node(x, &sc);
	TL_EQ(sc.may_deactivate, 0, "it has been seen");
	sc.force_deactivate = true;
	tl_shrink_node(x, &sc);
	TL_EQ(sc.may_deactivate, 3, "forced");
	tl_free(x);
}

/*
 * get_scan_count(). 4000 inactive anon and file pages at priority 2: 1000 of each, times
 * swappiness / 200 and (200 - swappiness) / 200 as long as nothing was rotated
 * (calculate_pressure_balance()).
 */
static const struct {
	const char *machine;
	struct scan_control sc;
	uint64_t anon, file;
	const char *what;
} balances[] = {
	{ "memcg_pages=9000 swap_pages=9000 swappiness=60",
	  { .memcg = true, .may_swap = true, .no_cache_trim_mode = true, .priority = 2 },
	  300,
	  700,
	  "60" },
	{ "memcg_pages=9000 swap_pages=9000 swappiness=100",
	  { .memcg = true, .may_swap = true, .no_cache_trim_mode = true, .priority = 2 },
	  500,
	  500,
	  "100" },
	{ "memcg_pages=9000 swap_pages=9000 swappiness=200",
	  { .memcg = true, .may_swap = true, .no_cache_trim_mode = true, .priority = 2 },
	  1000,
	  0,
	  "200" },
	{ "memcg_pages=9000 swap_pages=9000 swappiness=0",
	  { .memcg = true, .may_swap = true, .no_cache_trim_mode = true, .priority = 2 },
	  0,
	  1000,
	  "0 in a memcg: file only" },
	{ "memory_pages=9000 swap_pages=9000 swappiness=0",
	  { .may_swap = true, .no_cache_trim_mode = true, .priority = 2 },
	  0,
	  1000,
	  "0" },
	{ "memcg_pages=9000 swap_pages=9000 swappiness=60",
	  { .memcg = true, .may_swap = true, .priority = 2 },
	  0,
	  1000,
	  "cache_trim_mode: file only" },
	{ "memcg_pages=9000 swap_pages=9000 swappiness=60",
	  { .memcg = true, .no_cache_trim_mode = true, .priority = 2 },
	  0,
	  1000,
	  "may not swap" },
	{ "memcg_pages=9000 swap_pages=0 swappiness=60",
	  { .memcg = true, .may_swap = true, .no_cache_trim_mode = true, .priority = 2 },
	  0,
	  1000,
	  "no swap" },
	{ "memcg_pages=9000 swap_pages=9000 swappiness=60",
	  { .memcg = true, .may_swap = true, .priority = 0 },
	  4000,
	  4000,
	  "priority 0: equal, all of both" },
	{ "memcg_pages=9000 swap_pages=9000 swappiness=0",
	  { .memcg = true, .may_swap = true, .priority = 0 },
	  0,
	  4000,
	  "priority 0, but no swapping" },
};

static const char both_lists[] =
	"file,a,4000; spawn,1; read,1,a,0,4000; anon,1,0,4000,rw-p; touch,1,0,4000,w; drain";

static void test_balance(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(balances); i++) {
		struct tl *x = tl_run(balances[i].machine, NULL, both_lists);
		struct scan_control sc = balances[i].sc;

		sc.nr_to_reclaim = 100000; /* the whole scan target */
		tl_shrink_node(x, &sc);
		TL_EQ(tl_stat(x, VM_pgscan_anon), balances[i].anon, "%s", balances[i].what);
		TL_EQ(tl_stat(x, VM_pgscan_file), balances[i].file, "%s", balances[i].what);
		tl_free(x);
	}
}

/*
 * The second round uses the costs of the first: 300 anon pages were young and rotated, no
 * file pages. anon cost 300 + 300, file cost 300 + 0: ap = 60 * 901 / 601 = 89, fp = 140 *
 * 901 / 301 = 419. Then (4000 >> 2) * 89 / 508 = 175 and (3300 >> 2) * 419 / 508 = 680.
 */
static void test_cost(void)
{
	struct tl *x = tl_run("memcg_pages=9000 swap_pages=9000", NULL, both_lists);
	struct scan_control sc = { .memcg = true,
				   .may_swap = true,
				   .no_cache_trim_mode = true,
				   .priority = 2,
				   .nr_to_reclaim = 100000 };

	tl_shrink_node(x, &sc);
	TL_EQ(tl_stat(x, VM_pgrotate_anon), 300, "young pages");
	TL_EQ(tl_stat(x, VM_pgsteal_file), 700, "read once");
	tl_shrink_node(x, &sc);
	TL_EQ(tl_stat(x, VM_pgscan_anon) - 300, 175, "second round");
	TL_EQ(tl_stat(x, VM_pgscan_file) - 700, 680, "second round");
	TL_EQ(sc.anon_cost, 300, "anon");
	TL_EQ(sc.file_cost, 0, "file");
	tl_free(x);
}

/* both costs are halved while they exceed a quarter of all pages: 4000 of 8000 rotated, then 4000
 * file pages removed: 4000 -> 2000 -> 1000 <= 1000 */
static void test_cost_decay(void)
{
	struct tl *x = tl_run("memcg_pages=9000 swap_pages=9000", NULL, both_lists);
	struct scan_control sc = {
		.memcg = true, .may_swap = true, .priority = 0, .nr_to_reclaim = 100000
	};

	tl_shrink_node(x, &sc);
	TL_EQ(tl_stat(x, VM_pgrotate_anon), 4000, "young pages");
	TL_EQ(tl_stat(x, VM_nr_inactive_file), 0, "all gone");
	sc.priority = 30;
	tl_shrink_node(x, &sc);
	TL_EQ(sc.anon_cost, 1000, "halved twice");
	tl_free(x);
}

/* make all PTEs old, as reclaim does */
static void all_old(struct tl *x, uint32_t pid, uint32_t pages)
{
	for (uint32_t vpn = 0; vpn < pages; vpn++)
		pte_del(pte_lookup(tl_mm(x, pid), vpn), vpn % PTRS_PER_PTE, PTE_young);
}

/* a page written to swap costs SWAP_CLUSTER_MAX, a rotated one 1: (4000 >> 5) * 60 / 200 = 37
 * pages are written */
static void test_cost_of_io(void)
{
	struct tl *x = tl_run("memcg_pages=9000 swap_pages=9000", NULL, both_lists);
	struct scan_control sc = { .memcg = true,
				   .may_swap = true,
				   .no_cache_trim_mode = true,
				   .priority = 5,
				   .nr_to_reclaim = 100000 };

	all_old(x, 1, 4000);
	tl_shrink_node(x, &sc);
	TL_EQ(tl_stat(x, VM_nr_vmscan_write), 37, "written");
	sc.priority = 30;
	tl_shrink_node(x, &sc);
	TL_EQ(sc.anon_cost, 37 * 32, "anon");
	TL_EQ(sc.file_cost, 0, "file");
	tl_free(x);
}

/*
 * shrink_lruvec(): the targets are 300 anon and 700 file pages, and 32 are wanted. After 32
 * of each, 64 are reclaimed. Then it drops the smaller target, anon, with 268 left, 268 * 100
 * / 301 = 89%. Of the file target 700 * 11% = 77 minus 32 remain, and after the next 32 there
 * is nothing left to balance.
 */
static void test_proportional(void)
{
	struct tl *x = tl_run("memcg_pages=9000 swap_pages=9000", NULL, both_lists);
	struct scan_control sc = { .memcg = true,
				   .may_swap = true,
				   .no_cache_trim_mode = true,
				   .priority = 2,
				   .nr_to_reclaim = 32 };

	all_old(x, 1, 4000);
	tl_shrink_node(x, &sc);
	TL_EQ(tl_stat(x, VM_pgscan_anon), 32, "anon");
	TL_EQ(tl_stat(x, VM_pgscan_file), 64, "file");
	TL_EQ(sc.nr_reclaimed, 96, "all of them");
	tl_free(x);
}

/* direct reclaim of a whole machine scans its whole target at DEF_PRIORITY, 300000 >> 12 = 73;
 * memcg reclaim, kswapd and other priorities stop at nr_to_reclaim */
static void test_whole_target(void)
{
	static const struct {
		struct scan_control sc;
		uint64_t scanned;
		const char *what;
	} rows[] = {
		{ { .priority = 12 }, 73, "direct" },
		{ { .priority = 12, .memcg = true }, 32, "memcg" },
		{ { .priority = 12, .kswapd = true }, 32, "kswapd" },
		{ { .priority = 11 }, 32, "direct, next priority" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_run("memory_pages=400000", NULL,
				      "file,a,300000; spawn,1; read,1,a,0,300000; drain");
		struct scan_control sc = rows[i].sc;

		sc.nr_to_reclaim = 32;
		tl_shrink_node(x, &sc);
		TL_EQ(tl_stat(x, VM_pgscan_file), rows[i].scanned, "%s", rows[i].what);
		TL_EQ(tl_stat(x, rows[i].sc.kswapd ? VM_pgsteal_kswapd : VM_pgsteal_direct),
		      rows[i].scanned, "%s", rows[i].what);
		tl_free(x);
	}
}

/* can_age_anon_pages(): if swap exists and the inactive list is low, 32 active anon pages are
 * aged at the end of each round, and by kswapd also before it (kswapd_age_node()) */
static void test_age_anon(void)
{
	static const struct {
		const char *machine;
		uint32_t active; /* of 150 */
		uint64_t aged;
	} rows[] = {
		{ "swap_pages=100", 100, 32 },
		{ "swap_pages=100", 75, 0 },
		{ "swap_pages=100", 76, 32 },
		{ "swap_pages=0", 100, 0 },
	};

	for (size_t i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_run(rows[i / 2].machine, NULL,
				      "spawn,1; anon,1,0,150,rw-p; touch,1,0,150,w; drain");
		const struct lru_model *lru = x->s->cfg.lru;
		struct scan_control sc = { .memcg = true, .may_swap = true, .priority = 30 };

		for (uint32_t vpn = 0; vpn < rows[i / 2].active; vpn++)
			lru->activate(x->s, &x->s->memcg[0].lruvec, tl_anon_slot(x, 1, vpn));
		if (i % 2)
			lru->age_node(x->s, &x->s->memcg[0].lruvec, &sc);
		else
			tl_shrink_node(x, &sc);
		TL_EQ(tl_stat(x, VM_pgdeactivate), rows[i / 2].aged, "%s, %u active",
		      rows[i / 2].machine, rows[i / 2].active);
		TL_EQ(tl_stat(x, VM_pgscan_anon), 0, "aged, not scanned");
		tl_free(x);
	}
}

/* file_is_tiny: free pages plus file pages, here 0, do not exceed the high watermark, 271 of 8192
 * pages: scan only anon */
static void test_file_is_tiny(void)
{
	for (int64_t over = 0; over < 2; over++) {
		struct tl *x = tl_run("memory_pages=8192 swap_pages=9000", NULL,
				      "spawn,1; anon,1,0,3904,rw-p; touch,1,0,3904,w; drain");
		struct scan_control sc = { .may_swap = true,
					   .priority = 2,
					   .nr_to_reclaim = 100000 };

		x->s->zone.free = 271 + over;
		tl_shrink_node(x, &sc);
		TL_EQ(sc.file_is_tiny, !over, "%d over", (int)over);
		/* all of 3904 >> 2, or 60/200 of that */
		TL_EQ(tl_stat(x, VM_pgscan_anon), over ? 292 : 976, "%d over", (int)over);
		tl_free(x);
	}
}

/*
 * shrink_active_list(): a referenced executable file page stays active. All others become
 * inactive and get PG_workingset, used or not. PG_referenced does not change.
 */
static void test_shrink_active(void)
{
	struct tl *x =
		tl_run("fault_around_pages=16 prefault=old", NULL,
		       "file,a,8; spawn,1; spawn,2; read,1,a,0,8; drain; read,2,a,0,8; drain;"
		       "map,1,0,1,r--p,a,1; touch,1,0,1,r;"	     /* 1: used data */
		       "map,1,16,2,r-xp,a,2; touch,1,16,1,r;"	     /* 2: used code, 3: old */
		       "map,1,32,1,r-xp,a,4,random; touch,1,32,1,r;" /* no recency */
		       "map,1,48,1,r-xp,a,5; touch,1,48,1,r; map,2,48,1,r--p,a,5;"
		       "touch,2,48,1,r;"	      /* code for one of two */
		       "read,1,a,6,1; read,1,a,0,1"); /* 0, 6: referenced */
	struct scan_control sc = {
		.memcg = true, .force_deactivate = true, .nr_to_reclaim = 1, .priority = 0
	};
	g_autofree char *active = NULL, *inactive = NULL, *workingset = NULL, *ref = NULL;

	TL_EQ(tl_stat(x, VM_nr_active_file), 8, "before");
	tl_shrink_node(x, &sc);
	active = tl_list(x, "active_file");
	inactive = tl_list(x, "inactive_file");
	workingset = tl_pages(x, "a", PG_workingset);
	ref = tl_pages(x, "a", PG_referenced);
	TL_STR(active, "a:5 a:2", "used code, in the order it was in");
	TL_STR(inactive, "a:7 a:6 a:4 a:3 a:1 a:0", "in the order it was in");
	TL_STR(workingset, "0-1 3-4 6-7", "deactivated");
	TL_STR(ref, "0 6", "marks stay");
	TL_EQ(tl_stat(x, VM_pgrefill), 8, "pgrefill");
	TL_EQ(tl_stat(x, VM_pgdeactivate), 6, "pgdeactivate");
	TL_EQ(tl_stat(x, VM_pgrotate_file), 2, "pgrotate_file");
	TL_EQ(tl_pte(x, 1, 0) & PTE_young, 0, "the young bit is used up");
	tl_free(x);
}

/* PG_workingset is kept in the shadow and makes the refault a restore; a page that was never
 * active does not have it */
static void test_workingset_in_shadow(void)
{
	struct tl *x = tl_run("memcg_pages=200", NULL,
			      "file,a,100; file,b,2000; spawn,1; spawn,2; read,1,a,0,100; drain;"
			      "read,2,a,0,50; drain; read,1,b,0,2000; mark,out");
	const struct folio *f = tl_folio(x, "a", 0), *g = tl_folio(x, "a", 99);

	/* 50 active and 150 inactive pages: reclaim does not shrink the active list */
	TL_EQ(tl_stat(x, VM_nr_active_file), 50, "one stream does not touch the active list");
	TL_STR(tl_where(x, "a", 99), "shadow", "read once");
	TL_EQ(g->flags & PG_workingset, 0, "read once");
	TL_EQ(f->flags & PG_active, PG_active, "read twice");
	tl_free(x);
}

/* the newest active pages survive a stream; refaults at a distance up to the size of the active
 * list are activated, and push out older pages */
static void test_refault_displaces(void)
{
	struct tl *x = tl_run("memcg_pages=200", NULL,
			      "file,a,60; file,b,300; spawn,1; spawn,2; read,1,a,0,60; drain;"
			      "read,2,a,0,60; drain; read,1,b,0,165; read,2,b,0,10; mark,m;"
			      "read,1,b,165,135");

	/* b:0 was evicted by the first reclaim, few ticks before its refault */
	TL_EQ(tl_at(x, "m", VM_workingset_refault_file), 10, "refaults");
	TL_EQ(tl_at(x, "m", VM_workingset_activate_file), 10, "at a distance below 60");
	TL_EQ(tl_at(x, "m", VM_workingset_restore_file), 0, "they had never been active");
	/* the refaults let the next stream deactivate pages: may_deactivate */
	CU_ASSERT(tl_stat(x, VM_pgdeactivate) > 0);
	tl_free(x);
}

/* memcg_stats=flushed: reclaim sees the sizes of the lists at the last snapshot or at the last
 * flush, every 2 s in ticks of 4 ms and buckets of the timer wheel of 8 ticks: every 2016 ms */
static void test_flushed(void)
{
	static const struct {
		const char *stats, *before, *after;
		uint8_t want;
	} rows[] = {
		{ "exact", "", "", 1 << LRU_FILE },
		{ "flushed", "", "", 0 }, /* all lists looked empty */
		{ "flushed", "", "mark,m", 1 << LRU_FILE },
		{ "flushed", "", "advance,2015ms", 0 },
		{ "flushed", "", "advance,2016ms", 1 << LRU_FILE },
		{ "flushed", "", "advance,4s", 1 << LRU_FILE },
		/* the 2 s are counted from the snapshot, which ends with a flush */
		{ "flushed", "advance,1500ms; mark,m;", "advance,1s", 0 },
		{ "flushed", "advance,1500ms; mark,m;", "advance,2015ms", 0 },
		{ "flushed", "advance,1500ms; mark,m;", "advance,2016ms", 1 << LRU_FILE },
		/* after ten of them at once the next comes when it should, at 22176 ms */
		{ "flushed", "advance,20161ms;", "advance,2014ms", 0 },
		{ "flushed", "advance,20161ms;", "advance,2015ms", 1 << LRU_FILE },
		/* it was asked for at 116 ms, so the next comes at 2.144 s */
		{ "flushed snapshot_ms=100", "advance,16ms; mark,m;", "advance,2027ms", 0 },
		{ "flushed snapshot_ms=100", "advance,16ms; mark,m;", "advance,2028ms",
		  1 << LRU_FILE },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine =
			g_strdup_printf("memcg_pages=400 memcg_stats=%s", rows[i].stats);
		g_autofree char *text = g_strconcat("file,a,60; spawn,1; spawn,2;", rows[i].before,
						    "read,1,a,0,60; drain; read,2,a,0,60; drain;",
						    rows[i].after, NULL);
		struct tl *x = tl_run(machine, NULL, text);
		struct scan_control sc = { .memcg = true, .nr_to_reclaim = 1, .priority = 30 };

		tl_shrink_node(x, &sc);
		TL_EQ(sc.may_deactivate, rows[i].want, "%s, %s", rows[i].stats, rows[i].after);
		tl_free(x);
	}
}

void suite_lru_classic(void)
{
	CU_pSuite s = CU_add_suite("lru_classic", NULL, NULL);

	CU_add_test(s, "folio_check_references", test_check_references);
	CU_add_test(s, "anon of a reaped process", test_check_references_dying);
	CU_add_test(s, "refault distance", test_distances);
	CU_add_test(s, "activate without restore", test_no_restore);
	CU_add_test(s, "ticks of the eviction clock", test_clock);
	CU_add_test(s, "ticks of reclaim", test_clock_of_reclaim);
	CU_add_test(s, "inactive_is_low", test_inactive_is_low);
	CU_add_test(s, "may_deactivate and cache_trim_mode", test_may_deactivate);
	CU_add_test(s, "scan balance: swappiness", test_balance);
	CU_add_test(s, "scan balance: cost", test_cost);
	CU_add_test(s, "scan balance: cost decays", test_cost_decay);
	CU_add_test(s, "scan balance: cost of swapping", test_cost_of_io);
	CU_add_test(s, "a target that is reached early", test_proportional);
	CU_add_test(s, "who scans the whole target", test_whole_target);
	CU_add_test(s, "anon pages are aged", test_age_anon);
	CU_add_test(s, "file_is_tiny", test_file_is_tiny);
	CU_add_test(s, "shrink_active_list", test_shrink_active);
	CU_add_test(s, "a stream leaves the active list alone", test_workingset_in_shadow);
	CU_add_test(s, "refaults displace", test_refault_displaces);
	CU_add_test(s, "statistics of a memcg lag", test_flushed);
}
