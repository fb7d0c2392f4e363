// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/reclaim.c: v7.3 shrink_folio_list(), __remove_mapping(), the loops. */
#include <CUnit/CUnit.h>

#include "sim/mm/page-writeback.h"
#include "sim/mm/reclaim.h"
#include "tests/unit/testlib.h"

void suite_reclaim(void);

/* scan every page of the inactive lists once, on CPU 0 */
static struct scan_control all(struct tl *x)
{
	struct scan_control sc = { .memcg = true, .may_swap = true, .nr_to_reclaim = 1 };

	x->s->this_cpu = 0;
	tl_shrink_node(x, &sc);
	return sc;
}

/* shrink_folio_list() and its effect on page 0 */
static const struct {
	const char *machine, *ops, *where;
	uint16_t flags; /* of the flags checked below */
	uint64_t freed, activated;
	const char *what;
} fates[] = {
	{ "", "read,1,a,0,1; drain", "shadow", PG_shadow, 1, 0,
	  "a mark alone does not save a page" },
	{ "", "map,1,0,1,r--p,a,0; touch,1,0,1,r; drain", "inactive_file", PG_referenced, 0, 0,
	  "young: another round, marked" },
	{ "", "read,1,a,0,1; map,1,0,1,r--p,a,0; touch,1,0,1,r; drain", "active_file",
	  PG_referenced | PG_active, 0, 1, "young and marked: activated" },
	{ "", "map,1,0,1,r-xp,a,0; touch,1,0,1,r; drain", "active_file", PG_referenced | PG_active,
	  0, 1, "code: activated" },
	{ "", "map,1,0,1,r--p,a,0,random; touch,1,0,1,r; drain", "shadow", PG_shadow, 1, 0,
	  "young, but no recency: unmapped and reclaimed" },
	/* dirty file pages are activated and left to the flusher. If all scanned
	 * pages are dirty, it is woken; it writes them when the task sleeps, and they go to the
	 * tail */
	{ "", "write,1,a,0,1; drain", "inactive_file", 0, 0, 1, "dirty" },
	{ "", "map,1,0,1,rw-s,a,0,random; touch,1,0,1,w; drain", "inactive_file", 0, 0, 1,
	  "dirty, mapped: unmapped first" },
	{ "", "write,1,a,0,1; read,1,a,1,1; drain", "active_file", PG_active, 1, 1,
	  "dirty next to a clean one" },
	/* in another CPU's batch: one reference too many for __remove_mapping() */
	{ "cpus=2", "read,1,a,0,1; read,2,a,1,1", "batch", PG_referenced, 0, 0,
	  "not on a list yet" },
	{ "cpus=2", "read,1,a,0,1; drain; read,2,a,0,1", "active_file", PG_active, 0, 1,
	  "an activation waits on this CPU: drained first" },
	{ "cpus=2", "read,1,a,0,1; drain; read,3,a,0,1", "inactive_file", 0, 0, 0,
	  "an activation waits on another CPU: busy" },
	/* tmpfs pages are swapped out or stay */
	{ "swap_pages=9", "write,1,t,0,1; drain", "shadow",
	  PG_shadow | PG_swapcache | PG_swapbacked, 1, 0, "tmpfs goes to swap" },
	{ "swap_pages=0", "write,1,t,0,1; drain", "inactive_anon", PG_referenced, 0, 0,
	  "anon lists are not scanned without swap" },
};

static void test_fates(void)
{
	const uint16_t mask = PG_referenced | PG_active | PG_shadow | PG_swapcache;

	for (size_t i = 0; i < G_N_ELEMENTS(fates); i++) {
		g_autofree char *text = g_strconcat(
			"file,a,4; file,t,4,shmem; spawn,1,0; spawn,2,0;",
			*fates[i].machine == 'c' ? "spawn,3,1;" : "", fates[i].ops, NULL);
		struct tl *x = tl_run(fates[i].machine, NULL, text);
		const char *file = g_strstr_len(fates[i].ops, -1, ",t,") ? "t" : "a";
		struct scan_control sc;

		sc = all(x);
		flusher_runs(x->s);
		TL_STR(tl_where(x, file, 0), fates[i].where, "%s", fates[i].what);
		TL_EQ(tl_folio(x, file, 0)->flags & mask, fates[i].flags & mask, "%s",
		      fates[i].what);
		TL_EQ(sc.nr_reclaimed, fates[i].freed, "%s", fates[i].what);
		TL_EQ(tl_stat(x, VM_pgactivate), fates[i].activated, "%s", fates[i].what);
		TL_EQ(tl_stat(x, VM_pgsteal_direct), fates[i].freed, "%s", fates[i].what);
		TL_EQ(tl_stat(x, VM_pgscan_direct),
		      tl_stat(x, VM_pgscan_anon) + tl_stat(x, VM_pgscan_file), "%s", fates[i].what);
		CU_ASSERT(sim_check(x->s, &x->err) == 0);
		tl_free(x);
	}
}

/* handle_reclaim_writeback() wakes the flusher only if all pages that a pass took were dirty and
 * unqueued */
static void test_dirty(void)
{
	static const struct {
		const char *ops;
		uint64_t dirty, immediate, rotated;
		const char *what;
	} rows[] = {
		{ "write,1,a,0,3; drain", 0, 3, 3, "all dirty: written, then to the tail" },
		{ "write,1,a,0,3; read,1,a,5,1; drain", 3, 3, 0, "one clean: left alone" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,8; spawn,1;", rows[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);

		all(x);
		TL_EQ(tl_stat(x, VM_nr_dirty), 3, "%s: nothing is written yet", rows[i].what);
		flusher_runs(x->s);
		TL_EQ(tl_stat(x, VM_nr_dirty), rows[i].dirty, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_vmscan_immediate_reclaim), rows[i].immediate, "%s",
		      rows[i].what);
		TL_EQ(tl_stat(x, VM_pgrotated), rows[i].rotated, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_pgactivate), 3, "%s", rows[i].what);
		/* folio_end_writeback() rotates to the inactive tail */
		TL_EQ(tl_stat(x, VM_nr_inactive_file), rows[i].rotated, "%s", rows[i].what);
		tl_free(x);
	}
}

/* a mapped anon page gets a swap slot, swap entries in the page tables and a shadow */
static void test_swap_out(void)
{
	struct tl *x = tl_run("swap_pages=2", NULL,
			      "file,a,4; spawn,1; anon,1,0,3,rw-p; touch,1,0,3,w; drain");

	all(x); /* young */
	TL_EQ(tl_stat(x, VM_pswpout), 0, "young");
	TL_EQ(tl_stat(x, VM_pgrotate_anon), 3, "young");
	all(x); /* old: two find a slot */
	TL_EQ(tl_stat(x, VM_pswpout), 2, "two slots");
	TL_EQ(tl_stat(x, VM_nr_vmscan_write), 2, "two slots");
	TL_EQ(x->s->swap_used, 2, "two slots");
	TL_EQ(tl_pte(x, 1, 0) & (PTE_swap | PTE_present), PTE_swap, "the oldest");
	TL_EQ(tl_pte(x, 1, 1) & (PTE_swap | PTE_present), PTE_swap, "the next");
	TL_EQ(tl_pte(x, 1, 2) & (PTE_swap | PTE_present), PTE_present, "no slot was left");
	TL_EQ(tl_stat(x, VM_pgactivate), 1, "activated instead (activate_locked_split)");
	TL_EQ(tl_stat(x, VM_nr_anon_pages), 1, "mapped");
	CU_ASSERT(sim_check(x->s, &x->err) == 0);
	tl_free(x);
}

/*
 * do_try_to_free_pages(): if nothing was freed and active pages were skipped, it repeats with
 * force_deactivate. Here all inactive pages are busy, so active ones are reclaimed.
 */
static void test_force_deactivate(void)
{
	struct tl *x = tl_run("memcg_pages=300 cpus=2", NULL,
			      "file,a,400; spawn,1; spawn,2,1; spawn,3; read,1,a,0,100; drain;"
			      "read,3,a,0,30; drain; map,1,0,100,r--p,a,0; mark,m");
	uint64_t freed;

	/* 30 active, 70 inactive: make the inactive ones busy */
	for (uint32_t p = 30; p < 100; p++)
		x->s->folios[tl_slot(x, "a", p)].extra_refs++;
	TL_EQ(tl_stat(x, VM_nr_active_file), 30, "active");
	freed = try_to_free_mem_cgroup_pages(x->s, x->s->memcg, 1, GFP_KERNEL, NULL);
	CU_ASSERT(freed > 0);
	TL_EQ(tl_stat(x, VM_nr_file_pages), 100 - freed, "of the formerly active");
	CU_ASSERT(tl_stat(x, VM_pgdeactivate) > 0);
	for (uint32_t p = 30; p < 100; p++)
		x->s->folios[tl_slot(x, "a", p)].extra_refs--;
	tl_free(x);
}

/*
 * PG_workingset is part of the shadow (pack_shadow()) and makes the refault a restore. 40
 * pages of a are active, 10 of b inactive. At priority 1 half of each list is scanned: 20 of
 * a are deactivated, 5 of b are evicted. Then all 25 inactive pages are evicted. The refault
 * distance of a:0 is 20, and with 20 active pages that is just short enough.
 */
static void test_workingset_shadow(void)
{
	struct tl *x = tl_new(NULL, NULL,
			      "file,a,40; file,b,10; spawn,1; spawn,2; read,1,a,0,40; drain;"
			      "read,2,a,0,40; drain; read,1,b,0,10; drain; mark,m; read,1,a,0,1;"
			      "mark,a; read,1,b,9,1");
	struct scan_control sc = {
		.memcg = true, .nr_to_reclaim = 100, .priority = 1, .force_deactivate = true
	};
	g_autofree char *shadows = NULL, *workingset = NULL;

	tl_to(x, "m");
	tl_shrink_node(x, &sc);
	TL_EQ(tl_stat(x, VM_pgdeactivate), 20, "half of the active list");
	TL_EQ(tl_stat(x, VM_pgsteal_file), 5, "half of the inactive list");
	sc.force_deactivate = false;
	sc.priority = 0;
	tl_shrink_node(x, &sc);
	TL_EQ(tl_stat(x, VM_pgsteal_file), 30, "all of the inactive list");
	shadows = tl_pages(x, "a", PG_shadow);
	workingset = tl_pages(x, "a", PG_shadow | PG_workingset);
	TL_STR(shadows, "0-19", "a");
	TL_STR(workingset, "0-19", "a had been active");
	g_free(workingset);
	workingset = tl_pages(x, "b", PG_workingset);
	TL_STR(workingset, "", "b never was");
	tl_to(x, "a");
	TL_EQ(tl_stat(x, VM_workingset_activate_file), 1, "distance 20, 20 active");
	TL_EQ(tl_stat(x, VM_workingset_restore_file), 1, "restored");
	TL_EQ(tl_folio(x, "a", 0)->flags & (PG_active | PG_workingset), PG_active | PG_workingset,
	      "a:0");
	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(tl_stat(x, VM_workingset_refault_file), 2, "b:9 too");
	TL_EQ(tl_stat(x, VM_workingset_activate_file), 1, "too long ago");
	tl_free(x);
}

/* the counters of kswapd and of direct reclaim */
static void test_who(void)
{
	struct tl *x = tl_run("memory_pages=4096", NULL, "file,a,9000; spawn,1; read,1,a,0,9000");

	CU_ASSERT(tl_stat(x, VM_pageoutrun) > 0);
	TL_EQ(tl_stat(x, VM_pgsteal_kswapd), tl_stat(x, VM_pgsteal_file), "all by kswapd");
	TL_EQ(tl_stat(x, VM_pgscan_direct) + tl_stat(x, VM_allocstall), 0, "kswapd keeps up");
	TL_EQ(9000 - tl_stat(x, VM_pgsteal_file), tl_stat(x, VM_nr_file_pages), "conservation");
	tl_free(x);

	x = tl_run("memcg_pages=4096", NULL, "file,a,9000; spawn,1; read,1,a,0,9000");
	TL_EQ(tl_stat(x, VM_pageoutrun) + tl_stat(x, VM_pgscan_kswapd), 0, "no kswapd");
	TL_EQ(tl_stat(x, VM_pgsteal_direct), tl_stat(x, VM_pgsteal_file), "all by the task");
	tl_free(x);
}

/*
 * What scan_ns is multiplied with: a folio that stays counts once, of a freed one every page.
 * A file of 38 pages has 34 folios, 32 of order 0 and one of orders 2 and 1. They are young,
 * so the first scan leaves them; the others free them. Bug: with all pages of what it leaves
 * kswapd took 30 times too long for young folios of 32 pages, and tasks had to reclaim.
 */
static void test_work(void)
{
	static const char keys[] = "memcg_pages=4096 readahead_pages=32 max_folio_order=9";
	static const char ops[] = "file,a,38; spawn,1; map,1,0,38,r--p,a,0; touch,1,0,38,r; drain";
	struct tl *x = tl_run(keys, NULL, ops);

	all(x);
	TL_EQ(tl_stat(x, VM_pgscan_direct), 38, "pages");
	TL_EQ(tl_stat(x, VM_pgsteal_direct), 0, "young");
	TL_EQ(x->s->reclaim_work, 34, "folios");
	/* until one page was reclaimed, 32 pages at a time */
	all(x);
	TL_EQ(tl_stat(x, VM_pgsteal_direct), 32, "single pages");
	TL_EQ(x->s->reclaim_work, 34 + 32, "single pages");
	all(x);
	TL_EQ(tl_stat(x, VM_pgsteal_direct), 38, "old");
	TL_EQ(x->s->reclaim_work, 34 + 38, "pages of what is freed");
	tl_free(x);
}

/* a whole machine with nothing to reclaim ends in -ENOMEM after direct reclaim; with swap it
 * does not */
static void test_oom(void)
{
	static const char text[] = "spawn,1; anon,1,0,2000,rw-p; touch,1,0,2000,w";
	struct tl *x = tl_new("memory_pages=1000", NULL, text);

	TL_EQ((uint64_t)-tl_end(x), 12, "-ENOMEM");
	CU_ASSERT(tl_stat(x, VM_allocstall) > 0);
	TL_EQ(tl_stat(x, VM_pgsteal_anon), 0, "nowhere to go");
	tl_free(x);
	x = tl_run("memory_pages=1000 swap_pages=4000", NULL, text);
	CU_ASSERT(tl_stat(x, VM_pswpout) > 1000);
	tl_free(x);
}

void suite_reclaim(void)
{
	CU_pSuite s = CU_add_suite("reclaim", NULL, NULL);

	CU_add_test(s, "the fate of a page", test_fates);
	CU_add_test(s, "dirty file pages", test_dirty);
	CU_add_test(s, "swap out", test_swap_out);
	CU_add_test(s, "force_deactivate", test_force_deactivate);
	CU_add_test(s, "the shadow keeps PG_workingset", test_workingset_shadow);
	CU_add_test(s, "kswapd or the task", test_who);
	CU_add_test(s, "the work of a scan", test_work);
	CU_add_test(s, "out of memory", test_oom);
}
