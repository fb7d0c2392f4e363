// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/zap.c: v7.3 zap_present_folio_ptes(), __oom_reap_task_mm(), exit_mmap() and the
 * mmu_gather; the references that +evict allows. test_reap.c tests the policies' decisions.
 */
#include <CUnit/CUnit.h>

#include "sim/mm/zap.h"
#include "tests/unit/testlib.h"

void suite_zap(void);

/* baseline: the pages of 3 that are referenced, by a first mark, after the operation */
static const struct {
	const char *ops, *referenced, *what;
} marks[] = {
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; unmap,1,0,3", "0-2", "munmap marks what is young" },
	{ "map,1,0,3,r--p,a,0; touch,1,1,1,r; unmap,1,0,3", "1", "and only that" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; unmap,1,1,1", "1", "of a range" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; map,1,1,1,r--p,a,7", "1", "MAP_FIXED over it" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; exec,1", "0-2", "exec" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; exit,1", "0-2", "exit" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; kill,1", "0-2", "kill" },
	{ "map,1,0,3,r--p,a,0,random; touch,1,0,3,r; exit,1", "", "MADV_RANDOM" },
	{ "map,1,0,3,r--p,a,0,sequential; touch,1,0,3,r; exit,1", "", "MADV_SEQUENTIAL" },
	{ "map,1,0,3,r--p,a,0,normal,noreuse; touch,1,0,3,r; exit,1", "", "FMODE_NOREUSE" },
	{ "map,1,0,3,r--p,a,0,random; touch,1,0,3,r; advise,1,0,3,normal; exit,1", "0-2",
	  "advice at the time of the unmap counts" },
	{ "map,1,0,3,rw-p,a,0; touch,1,0,3,w; exit,1", "", "private copies are anon" },
	{ "map,1,0,3,rw-s,a,0; touch,1,0,3,w; exit,1", "0-2", "shared and written" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; map,2,0,3,r--p,a,0; touch,2,0,3,r; exit,1", "0-2",
	  "shared with a living process: marked all the same" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; fork,1,3; exit,3", "", "the child used nothing" },
};

static void test_marks(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
		g_autofree char *text =
			g_strconcat("file,a,8; spawn,1; spawn,2;", marks[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);
		g_autofree char *referenced = tl_pages(x, "a", PG_referenced);

		TL_STR(referenced, marks[i].referenced, "%s", marks[i].what);
		tl_free(x);
	}
}

/* the first unmap marks the page referenced, the second activates it */
static void test_second_mark(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,8; spawn,1; map,1,0,4,r--p,a,0; map,1,100,4,r--p,a,0;"
			      "touch,1,0,4,r; touch,1,100,2,r; drain; exit,1; mark,m; drain");

	TL_EQ(tl_at(x, "m", VM_nr_active_file), 0, "they wait in the batch");
	for (uint32_t p = 0; p < 4; p++)
		TL_EQ(tl_folio(x, "a", p)->flags & (PG_referenced | PG_active),
		      p < 2 ? PG_active : PG_referenced, "page %u", p);
	TL_EQ(tl_stat(x, VM_pgactivate), 2, "pgactivate");
	TL_EQ(tl_stat(x, VM_sim_zap_marks), 6, "marks");
	tl_free(x);
}

/*
 * __oom_reap_task_mm() unmaps private and anonymous VMAs, from the highest address down. It
 * leaves VM_SHARED file mappings to exit_mmap(), which goes up. A shared mapping of a file
 * that was opened read-only is not VM_SHARED (do_mmap()). The order of activation shows the
 * order of unmapping.
 */
static void test_order(void)
{
	static const struct {
		const char *end, *open, *active;
	} rows[] = {
		{ "exit", "", "a:6 a:5 a:4 a:3 a:2 a:1 a:0" },
		{ "kill", "", "a:6 a:5 a:4 a:3 a:2 a:1 a:0" },
		/* reap: 4 5 (50..), 0 1 (10..); exit: 2 3 (30.., shared), 6 */
		{ "mrelease", "", "a:6 a:3 a:2 a:1 a:0 a:5 a:4" },
		{ "oom", "", "a:6 a:3 a:2 a:1 a:0 a:5 a:4" },
		/* reap: 6 (70), 4 5 (50..), 2 3 (30..), 0 1 (10..) */
		{ "mrelease", ",readonly", "a:1 a:0 a:3 a:2 a:5 a:4 a:6" },
		{ "oom", ",readonly", "a:1 a:0 a:3 a:2 a:5 a:4 a:6" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"file,a,8; spawn,1; read,1,a,0,8; drain; map,1,10,2,r--p,a,0;"
			"map,1,30,2,r--s,a,2%s; map,1,50,2,r--p,a,4; map,1,70,1,r-xs,a,6%s;"
			"touch,1,10,2,r; touch,1,30,2,r; touch,1,50,2,r; touch,1,70,1,r; %s,1; "
			"drain",
			rows[i].open, rows[i].open, rows[i].end);
		struct tl *x = tl_run(NULL, NULL, text);
		g_autofree char *active = tl_list(x, "active_file");

		TL_STR(active, rows[i].active, "%s%s", rows[i].end, rows[i].open);
		tl_free(x);
	}
}

/* fork() fails after it copied everything: dup_mmap() unmaps the copies while the mm is neither
 * unstable nor without users, and all PTEs are old. No policy applies. */
static void test_fork_fail(void)
{
	static const char *const policies[] = { "v1+evict", "any-exit+evict", "demote+evict" };

	for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
		struct tl *x = tl_run(NULL, policies[i],
				      "file,a,8; spawn,1; map,1,0,4,rw-p,a,0; touch,1,0,4,r;"
				      "touch,1,3,1,w; drain; fork_fail,1; drain");

		TL_EQ(tl_stat(x, VM_sim_zap_marks), 0, "%s", policies[i]);
		TL_EQ(tl_stat(x, VM_sim_zap_skipped), 0, "%s", policies[i]);
		TL_EQ(tl_stat(x, VM_sim_reap_pages), 0, "%s", policies[i]);
		TL_EQ(tl_stat(x, VM_sim_zap_evicted), 0, "PID maps them still, %s", policies[i]);
		TL_EQ(tl_folio(x, "a", 0)->mapcount, 1, "%s", policies[i]);
		TL_EQ(tl_pte(x, 1, 0) & PTE_young, PTE_young, "%s", policies[i]);
		TL_EQ(tl_pte(x, 1, 3) & PTE_write, 0, "write-protected, %s", policies[i]);
		tl_free(x);
	}
}

/* clear_refs_pte_range(): the PTEs of the process become old, their pages unreferenced, also
 * pages that other processes map */
static void test_clear_refs(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,8; spawn,1; spawn,2; map,1,0,2,r--p,a,0; touch,1,0,2,r;"
			      "map,2,0,1,r--p,a,0; touch,2,0,1,r; read,2,a,0,3; drain; mark,m;"
			      "clear_refs,1; exit,1");
	g_autofree char *referenced = tl_pages(x, "a", PG_referenced);

	TL_EQ(tl_stat(x, VM_sim_zap_marks), 0, "old");
	TL_STR(referenced, "2", "not mapped by 1");
	TL_EQ(tl_pte(x, 2, 0) & PTE_young, PTE_young, "the other's entry");
	tl_free(x);
}

/* the reap itself, before exit_mmap() */
static void test_reap_walk(void)
{
	struct tl *x = tl_new(NULL, NULL,
			      "file,a,8; file,t,8,shmem; spawn,1; map,1,0,2,r--p,a,0;"
			      "map,1,10,2,rw-s,a,2; map,1,20,2,rw-s,t,0; map,1,30,2,rw-p,t,2;"
			      "anon,1,40,2,rw-p; touch,1,0,2,r; touch,1,10,2,w; touch,1,20,2,w;"
			      "touch,1,30,2,w; touch,1,40,2,w; drain; mark,m; exit,1");

	tl_to(x, "m");
	oom_reap_task_mm(x->s, tl_mm(x, 1), 0);
	CU_ASSERT(tl_mm(x, 1)->unstable);
	for (uint32_t p = 0; p < 2; p++) {
		TL_EQ(tl_pte(x, 1, p), 0, "private");
		TL_EQ(tl_pte(x, 1, 10 + p) & PTE_present, PTE_present, "shared");
		TL_EQ(tl_pte(x, 1, 20 + p) & PTE_present, PTE_present, "tmpfs, shared");
		TL_EQ(tl_pte(x, 1, 30 + p), 0, "copies of tmpfs");
		TL_EQ(tl_pte(x, 1, 40 + p), 0, "anon");
	}
	TL_EQ(tl_stat(x, VM_nr_anon_pages), 0, "anon is free");
	CU_ASSERT(sim_check(x->s, &x->err) == 0);
	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(tl_stat(x, VM_nr_mapped), 0, "exit_mmap() does the rest");
	TL_EQ(tl_stat(x, VM_sim_reap_pages), 6, "file pages unmapped, none twice");
	TL_EQ(tl_stat(x, VM_sim_reap_young), 6, "all were young");
	tl_free(x);
}

/* unmapping frees anon pages, swap entries and zero pages, but no page cache */
static void test_frees(void)
{
	struct tl *x = tl_run("memcg_pages=300 swap_pages=500 swappiness=200", NULL,
			      "file,a,900; spawn,1; anon,1,0,500,rw-p; touch,1,0,450,w;"
			      "touch,1,450,50,r; read,1,a,0,900; mark,m; exit,1; drain");

	CU_ASSERT(tl_at(x, "m", VM_pswpout) > 0);
	TL_EQ(tl_stat(x, VM_nr_anon_pages), 0, "anon");
	TL_EQ(x->s->swap_used, 0, "swap slots");
	TL_EQ(tl_stat(x, VM_nr_free_pages), 300 - tl_stat(x, VM_nr_file_pages),
	      "all but the cache");
	TL_EQ(tl_stat(x, VM_nr_file_pages), tl_at(x, "m", VM_nr_file_pages), "the cache stays");
	tl_free(x);
}

/*
 * +evict drops clean pages without references besides those of the cache and the mmu_gather.
 * Each case is a reap of process 1 with policy v1+evict.
 */
static const struct {
	const char *ops, *evicted, *what;
} evictions[] = {
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; drain; mrelease,1", "0-2", "exclusive and clean" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; mrelease,1", "",
	  "it waits in the lru_add batch: a reference" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; map,2,0,1,r--p,a,1; touch,2,0,1,r; drain; mrelease,1",
	  "0 2", "mapped by another process" },
	{ "map,1,0,3,rw-s,a,0; touch,1,0,3,r; touch,1,1,1,w; drain; mrelease,1", "0 2", "dirty" },
	{ "read,2,a,0,3; write,2,a,2,1; map,1,0,3,r--p,a,0; touch,1,0,3,r; drain; mrelease,1",
	  "0-1", "dirtied by another process" },
	{ "read,2,a,0,3; map,1,0,3,r--p,a,0; touch,1,0,3,r; drain; mrelease,1", "0-2",
	  "second mark, but skipped: nothing waits" },
	{ "read,2,a,0,3; map,1,0,3,r--p,a,0; touch,1,0,3,r; drain; read,3,a,1,1; mrelease,1", "0 2",
	  "an activation of page 1 waits" },
	{ "read,2,a,0,3; map,1,0,2,r--p,a,0; touch,1,0,2,r; drain; mrelease,1", "0-1",
	  "what the victim did not map stays" },
	{ "map,1,0,3,r--p,a,0,random; touch,1,0,3,r; drain; mrelease,1", "0-2",
	  "no recency, no mark, but dropped" },
	{ "map,1,0,3,r--p,a,0; map,1,10,3,r--p,a,0; touch,1,0,3,r; touch,1,10,3,r; drain; "
	  "mrelease,1",
	  "0-2", "mapped twice by the victim: dropped with its last PTE" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; drain; exit,1", "", "an exit is out of scope" },
	{ "map,1,0,3,r--p,a,0; touch,1,0,3,r; drain; unmap,1,0,3; mrelease,1", "",
	  "unmapped before: nothing to gather" },
};

static void test_evict(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(evictions); i++) {
		g_autofree char *text =
			g_strconcat("file,a,3; spawn,1; spawn,2; spawn,3;", evictions[i].ops, NULL);
		struct tl *x = tl_run(NULL, "v1+evict", text);
		struct tl *before = tl_run(NULL, "v1", text);
		g_autofree char *left = tl_pages(x, "a", PG_resident);
		GString *gone = g_string_new(NULL);
		uint64_t n = 0;

		for (uint32_t p = 0; p < 3; p++)
			n += !(tl_folio(x, "a", p)->flags & PG_resident);
		for (uint32_t p = 0, from; p < 3; p++) {
			for (from = p; p < 3 && !(tl_folio(x, "a", p)->flags & PG_resident); p++)
				;
			if (p > from)
				g_string_append_printf(gone, p - from > 1 ? "%s%u-%u" : "%s%u",
						       gone->len ? " " : "", from, p - 1);
		}
		if (tl_stat(before, VM_nr_file_pages) == 3 || i == 7) {
			/* in row 7 the victim has not touched page 2 */
			TL_STR(gone->str, evictions[i].evicted, "%s (left %s)", evictions[i].what,
			       left);
			TL_EQ(tl_stat(x, VM_sim_zap_evicted), n, "%s", evictions[i].what);
		} else {
			CU_FAIL("every page is cached without +evict");
		}
		/* no shadow is left: the next read of the page is not a refault */
		for (uint32_t p = 0; p < 3; p++)
			TL_EQ(tl_folio(x, "a", p)->flags & PG_shadow, 0, "%s", evictions[i].what);
		g_string_free(gone, TRUE);
		tl_free(before);
		tl_free(x);
	}
}

/* tmpfs pages are always dirty: they have no backing device */
static void test_evict_shmem(void)
{
	struct tl *x =
		tl_run(NULL, "any-exit+evict",
		       "file,t,3,shmem; spawn,1; map,1,0,3,rw-s,t,0; touch,1,0,3,w; drain; exit,1");

	TL_EQ(tl_stat(x, VM_nr_shmem), 3, "kept");
	tl_free(x);
}

/* more pages than an mmu_gather holds (7 + 19 * 509 = 9678): some are freed earlier */
static void test_gather_overflow(void)
{
	struct tl *x =
		tl_run("memcg_pages=30000", "any-exit+evict",
		       "file,a,20000; spawn,1; map,1,0,20000,r--p,a,0; touch,1,0,20000,r; drain;"
		       "exit,1");

	TL_EQ(tl_stat(x, VM_sim_zap_evicted), 20000, "evicted");
	TL_EQ(tl_stat(x, VM_sim_reap_pages), 20000, "unmapped");
	TL_EQ(tl_stat(x, VM_nr_free_pages), 30000, "free");
	tl_free(x);
}

/* the dying process maps one page 500 times */
static void test_gather_same_page(void)
{
	GString *text = g_string_new("file,a,1; spawn,1;");
	struct tl *x;

	for (int i = 0; i < 500; i++)
		g_string_append_printf(text, "map,1,%d,1,r--p,a,0; touch,1,%d,1,r;", 2 * i, 2 * i);
	g_string_append(text, "drain; exit,1");
	x = tl_run(NULL, "baseline", text->str);
	TL_EQ(tl_folio(x, "a", 0)->extra_refs, x->s->cpus[0].lru_activate.nr, "references");
	TL_EQ(tl_folio(x, "a", 0)->mapcount, 0, "mapcount");
	TL_EQ(tl_stat(x, VM_sim_zap_marks), 500, "marks");
	tl_free(x);
	g_string_free(text, TRUE);
}

/*
 * Reclaim deactivates eight active pages. The process uses four of them again and dies. These
 * four are young, so they are marked although reclaim had aged them. Under any-exit they are
 * young, too, but not marked.
 */
static void test_aged(void)
{
	static const char *const policies[] = { "baseline", "any-exit" };

	for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
		struct tl *x = tl_new(NULL, policies[i],
				      "file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,8,r; drain;"
				      "read,1,a,0,8; read,1,a,0,8; drain; mark,used;"
				      "touch,1,0,4,r; exit,1");
		struct scan_control sc = {
			.priority = 0, .memcg = true, .nr_to_reclaim = 1, .force_deactivate = true
		};

		tl_to(x, "used");
		TL_EQ(tl_stat(x, VM_nr_active_file), 8, "active");
		tl_shrink_node(x, &sc);
		TL_EQ(tl_stat(x, VM_pgdeactivate), 8, "deactivated");
		tl_end(x);
		TL_EQ(tl_stat(x, VM_sim_reap_pages), 8, "%s", policies[i]);
		TL_EQ(tl_stat(x, VM_sim_reap_young), 4, "%s", policies[i]);
		TL_EQ(tl_stat(x, VM_sim_reap_aged), 4, "%s", policies[i]);
		TL_EQ(tl_stat(x, VM_sim_zap_marks_aged), i ? 0 : 4, "%s", policies[i]);
		tl_free(x);
	}
}

/*
 * free_pgtables(): a page table is free as soon as no mapping is left in its 2 MiB, one of PMDs in
 * its GiB, one above in its 512 GiB. nr_kernel counts all of a memcg with kernel memory; a process
 * has 5 by itself. Bug: tables stayed until the process ended, so moved mappings had two.
 */
static void test_tables(void)
{
	static const struct {
		const char *what, *ops;
		uint64_t tables;
	} rows[] = {
		{ "three levels", "", 3 },
		{ "all is unmapped", "unmap,1,0x1000,16", 0 },
		{ "a part", "unmap,1,0x1000,8", 3 },
		{ "another mapping in the table", "anon,1,0x1100,1,rw-p; unmap,1,0x1000,16", 3 },
		{ "in the next table", "anon,1,0x1200,1,rw-p; unmap,1,0x1000,16", 2 },
		{ "in the next GiB", "anon,1,0x40000,1,rw-p; unmap,1,0x1000,16", 1 },
		{ "in the next 512 GiB", "anon,1,0x8000000,1,rw-p; unmap,1,0x1000,16", 0 },
		{ "below", "anon,1,0xfff,1,rw-p; unmap,1,0x1000,16", 2 },
		{ "moved", "mremap,1,0x1000,16,0x2008,16", 3 },
		{ "mapped over", "map,1,0x1000,16,r--p,a,0", 0 },
	};
	uint64_t before = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,16; spawn,1; map,1,0x1000,16,r--p,a,0;"
						    "touch,1,0x1000,16,r;",
						    rows[i].ops, NULL);
		struct tl *x = tl_run("memcg_pages=4096 kmem=on", NULL, text);

		if (!i)
			before = (uint64_t)x->s->zone.nr_kernel - 3;
		TL_EQ((uint64_t)x->s->zone.nr_kernel - before, rows[i].tables, "%s", rows[i].what);
		tl_free(x);
	}
}

void suite_zap(void)
{
	CU_pSuite s = CU_add_suite("zap", NULL, NULL);

	CU_add_test(s, "what unmapping marks", test_marks);
	CU_add_test(s, "the second mark activates", test_second_mark);
	CU_add_test(s, "order of the walks", test_order);
	CU_add_test(s, "the reap leaves shared file mappings", test_reap_walk);
	CU_add_test(s, "what it frees", test_frees);
	CU_add_test(s, "+evict: references and dirt", test_evict);
	CU_add_test(s, "+evict: tmpfs", test_evict_shmem);
	CU_add_test(s, "page tables", test_tables);
	CU_add_test(s, "a full gather", test_gather_overflow);
	CU_add_test(s, "a page mapped 500 times", test_gather_same_page);
	CU_add_test(s, "a fork that fails", test_fork_fail);
	CU_add_test(s, "clear_refs", test_clear_refs);
	CU_add_test(s, "marks against what reclaim had decided", test_aged);
}
