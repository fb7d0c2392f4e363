// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/memcontrol.c: memory.max, memory.reclaim, and two cgroups. */
#include <errno.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/charge.h"
#include "sim/mm/memcontrol.h"
#include "sim/mm/objcg.h"
#include "tests/unit/testlib.h"

void suite_memcontrol(void);

/* the stocks go first, then at least SWAP_CLUSTER_MAX pages at a time are reclaimed */
static void test_memory_max(void)
{
	struct tl *x = tl_run("memcg_pages=400", NULL,
			      "file,a,1000; spawn,1; read,1,a,0,300; mark,full; memory_max,300;"
			      "mark,stock; memory_max,290; mark,less; memory_max,600;"
			      "read,1,a,300,250; mark,more");

	TL_EQ(tl_at(x, "stock", VM_nr_file_pages), 300, "320 pages were charged");
	TL_EQ(tl_at(x, "stock", VM_pgscan_direct), 0, "only stock");
	CU_ASSERT(tl_at(x, "less", VM_nr_file_pages) <= 290 &&
		  tl_at(x, "less", VM_nr_file_pages) >= 290 - 2 * 32);
	TL_EQ(tl_at(x, "less", VM_memcg_max_events), 0, "no charge has failed");
	TL_EQ(tl_at(x, "more", VM_nr_file_pages), tl_at(x, "less", VM_nr_file_pages) + 250,
	      "room for all");
	TL_EQ(tl_at(x, "more", VM_pgsteal_direct), tl_at(x, "less", VM_pgsteal_direct), "likewise");
	TL_EQ(x->s->memcg[0].max, 600, "the last limit");
	tl_free(x);
}

/* as if the user had asked for twice what the trace says */
static void test_scaled(void)
{
	struct tl *x = tl_new("memcg_pages=800", NULL,
			      "machine,memcg_pages,400; file,a,1000; spawn,1; memory_max,300;"
			      "mark,less");

	tl_to(x, "less");
	TL_EQ(x->s->memcg[0].max, 600, "three quarters");
	tl_free(x);
}

/* anon pages without swap cannot be reclaimed: the run ends */
static void test_memory_max_oom(void)
{
	struct tl *x =
		tl_new("memcg_pages=400", NULL,
		       "spawn,1; anon,1,0,300,rw-p; touch,1,0,300,w; mark,full; memory_max,200");
	struct err err = { "" };

	tl_to(x, "full");
	TL_EQ(sim_run(x->s, UINT64_MAX, &err), -ENOMEM, "the run");
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "out of memory"));
	TL_EQ(x->s->oom, true, "nobody to kill");
	tl_free(x);
}

/* a quarter of what is missing at a time, at least 32 pages; with swappiness 0 no anon page */
static void test_memory_reclaim(void)
{
	struct tl *x = tl_run("memcg_pages=4096 swap_pages=4096", NULL,
			      "file,a,2000; spawn,1; read,1,a,0,1000; drain; memory_reclaim,200;"
			      "mark,file; memory_reclaim,4000; anon,1,0,1000,rw-p;"
			      "touch,1,0,1000,w; drain; memory_reclaim,200,0; mark,kept;"
			      "memory_reclaim,200,200; mark,anon");
	const uint64_t file = tl_at(x, "file", VM_pgsteal_proactive);

	CU_ASSERT(file >= 200 && file < 300);
	TL_EQ(tl_at(x, "kept", VM_pgsteal_proactive), 1000, "all files, nothing else");
	CU_ASSERT(tl_at(x, "anon", VM_pgsteal_anon) >= 200);
	TL_EQ(tl_at(x, "anon", VM_pgsteal_direct), 0, "all of it is proactive");
	tl_free(x);
}

/* less than was asked for; a whole machine has no such file */
static void test_memory_reclaim_ends(void)
{
	struct tl *x = tl_run("memcg_pages=400", NULL,
			      "file,a,100; spawn,1; read,1,a,0,100; memory_reclaim,300; mark,end");
	struct err err = { "" };

	TL_EQ(tl_stat(x, VM_nr_file_pages), 0, "not even the batch keeps some");
	tl_free(x);
	x = tl_new("memory_pages=4000", NULL, "spawn,1; mark,m; memory_reclaim,1");
	tl_to(x, "m");
	TL_EQ(sim_run(x->s, UINT64_MAX, &err), -EINVAL, "the run");
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "memory_reclaim needs a machine with memcg_pages"));
	tl_free(x);
}

#define TWO "memcg_pages=1000 memcg2_pages=300 swap_pages=1000 "

/* pages in use of the memcg @i */
static uint64_t in_use(const struct tl *x, int i)
{
	return x->s->memcg[i].usage - x->s->memcg[i].stock[0];
}

/* whoever brings a page in is charged for it; a child is where its parent is, and what was
 * charged before a process moved stays */
static void test_attach(void)
{
	struct tl *x = tl_run(TWO, NULL,
			      "file,a,400; spawn,1; read,1,a,0,100; cgroup,1,1; read,1,a,0,150;"
			      "anon,1,0x1000,30,rw-p; touch,1,0x1000,30,w; fork,1,2;"
			      "read,2,a,150,20; touch,2,0x1000,5,w; cgroup,1,0; read,1,a,170,7;"
			      "touch,1,0x1000,5,w; touch,1,0x1010,1,w");

	/* 2 copies 5 pages; it leaves those 5 to 1 alone, which copies another one */
	TL_EQ(in_use(x, 0), 100 + 7 + 1, "the first");
	TL_EQ(in_use(x, 1), 50 + 30 + 20 + 5, "the second");
	TL_EQ(x->s->folios[tl_slot(x, "a", 99)].memcg, 0, "read before it moved");
	TL_EQ(x->s->folios[tl_slot(x, "a", 100)].memcg, 1, "and after");
	tl_free(x);
}

/* only the memcg at its limit is reclaimed, and its lists are its own */
static void test_own_reclaim(void)
{
	for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
		struct tl *x = tl_new_lru(*lru, TWO, NULL,
					  "file,a,400; file,b,2000; spawn,1; read,1,a,0,400; drain;"
					  "spawn,2; cgroup,2,1; read,2,b,0,2000; mark,m");

		tl_to(x, "m");
		TL_EQ(in_use(x, 0), 400, "%s: nothing reclaimed", (*lru)->name);
		CU_ASSERT(x->s->memcg[1].usage <= 300 && x->s->memcg[1].usage > 200);
		TL_EQ((*lru)->size(&x->s->memcg[0].lruvec, LRU_FILE, false) +
			      (*lru)->size(&x->s->memcg[0].lruvec, LRU_FILE, true),
		      400, "%s: lists of the first", (*lru)->name);
		CU_ASSERT(tl_at(x, "m", VM_memcg_max_events) > 10);
		tl_free(x);
	}
}

/*
 * Page 0 of b is evicted by the second memcg and read again in the first one. The classic LRU
 * counts that as a refault, and judges it by the lists of the memcg that evicted it. MGLRU's
 * lru_gen_refault() does not count it.
 */
static void test_refault_elsewhere(void)
{
	for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
		struct tl *x = tl_new_lru(*lru, TWO, NULL,
					  "file,b,2000; spawn,1; spawn,2; cgroup,2,1;"
					  "read,2,b,0,2000; mark,m; read,1,b,0,1; mark,n;"
					  "read,2,b,1,1; mark,o");
		const uint64_t elsewhere = !(*lru)->lru_gen;

		tl_to(x, "m");
		TL_EQ(x->s->folios[tl_slot(x, "b", 0)].memcg, 1, "which evicted it");
		TL_EQ(x->s->folios[tl_slot(x, "b", 0)].flags & PG_shadow, PG_shadow, "gone");
		tl_to(x, "o");
		TL_EQ(tl_at(x, "n", VM_workingset_refault_file), elsewhere, "%s", (*lru)->name);
		TL_EQ(tl_at(x, "o", VM_workingset_refault_file), elsewhere + 1, "%s", (*lru)->name);
		TL_EQ(x->s->folios[tl_slot(x, "b", 0)].memcg, 0, "who reads it is charged");
		tl_free(x);
	}
}

/* invalid_folio_referenced_vma(): a process elsewhere that maps a page does not keep it */
static void test_referenced_elsewhere(void)
{
	static const struct {
		const char *cgroup;
		bool stays;
	} rows[] = { { "0", false }, { "1", true } };

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"file,a,10; file,b,400; spawn,1; cgroup,1,1; read,1,a,0,10; drain; spawn,2;"
			"cgroup,2,%s; map,2,0x1000,10,r-xp,a,0; touch,2,0x1000,10,r;"
			"read,1,b,0,400; mark,m",
			rows[i].cgroup);
		struct tl *x = tl_run(TWO, NULL, text);

		TL_EQ((x->s->folios[tl_slot(x, "a", 0)].flags & PG_resident) != 0, rows[i].stays,
		      "used in cgroup %s", rows[i].cgroup);
		tl_free(x);
	}
}

/* a page comes back to the memcg that it was swapped out of, whoever needs it */
static void test_swapped_elsewhere(void)
{
	struct tl *x = tl_run(TWO, NULL,
			      "spawn,1; cgroup,1,1; anon,1,0x1000,100,rw-p; touch,1,0x1000,100,w;"
			      "memory_reclaim,100,200,1; cgroup,1,0; mark,out;"
			      "touch,1,0x1000,100,r; mark,in");

	CU_ASSERT(tl_at(x, "out", VM_pswpout) > 50);
	TL_EQ(tl_at(x, "in", VM_pswpin), tl_at(x, "out", VM_pswpout), "all");
	TL_EQ(in_use(x, 0), 0, "the first");
	TL_EQ(in_use(x, 1), 100, "the second");
	tl_free(x);
}

static uint64_t kernel_pages(const struct tl *x, int memcg)
{
	return x->s->objcg->of[memcg].nr_pages;
}

/*
 * Kernel memory is charged to the memcg of whoever makes it and stays there: page tables, nodes
 * of the page cache, and what a process takes. Buffer heads go with their folio.
 */
static void test_kmem(void)
{
	struct tl *x = tl_new("memcg_pages=2000 memcg2_pages=2000 kmem=on readahead_pages=0", NULL,
			      "file,a,6400; spawn,1; mark,born; cgroup,1,1; fork,1,2; mark,forked;"
			      "read,1,a,0,640; mark,read; map,1,0x1000,1024,rw-s,a,0;"
			      "touch,1,0x1000,100,r; mark,mapped; cgroup,1,0;"
			      "touch,1,0x1200,100,r; write,1,a,0,64; mark,back;"
			      "kill,1; drop_caches; mark,end");
	uint64_t first, second;

	tl_to(x, "born");
	first = kernel_pages(x, 0);
	CU_ASSERT(first >= 4 && !kernel_pages(x, 1));
	tl_to(x, "forked");
	second = kernel_pages(x, 1);
	TL_EQ(kernel_pages(x, 0), first, "a child is its parent's");
	CU_ASSERT(second > 14);
	tl_to(x, "read");
	TL_EQ(kernel_pages(x, 0), first, "nodes of the reader");
	CU_ASSERT(kernel_pages(x, 1) >= second + 1);
	second = kernel_pages(x, 1);
	tl_to(x, "mapped");
	/* a table, and two of the levels above */
	CU_ASSERT(kernel_pages(x, 1) >= second + 3);
	TL_EQ(kernel_pages(x, 0), first, "tables of the one that maps");
	second = kernel_pages(x, 1);
	tl_to(x, "back");
	TL_EQ(kernel_pages(x, 0), first + 1, "a table after it has moved");
	/* 64 of 112 bytes and a pointer each: the folios were charged there */
	CU_ASSERT(kernel_pages(x, 1) >= second + 1);
	tl_to(x, "end");
	TL_EQ(kernel_pages(x, 0), 1, "all of the first process is gone, less than a page apart");
	CU_ASSERT(kernel_pages(x, 1) > 14);
	tl_free(x);
}

/* drain_stock_fully(): a CPU's stock is drained of all memcgs if it has some of one */
static void test_drain(void)
{
	struct tl *x = tl_run("memcg_pages=400 memcg2_pages=400 cpus=2 readahead_pages=0", NULL,
			      "file,a,100; spawn,1; spawn,2; cgroup,2,1; spawn,3,1; cgroup,3,1;"
			      "read,1,a,0,10; read,2,a,10,10; read,3,a,20,10");

	TL_EQ(x->s->memcg[0].stock[0] * 1000 + x->s->memcg[1].stock[0], 54054, "CPU 0");
	TL_EQ(x->s->memcg[1].stock[1], 54, "CPU 1");
	drain_all_stock(x->s, &x->s->memcg[0]);
	TL_EQ(x->s->memcg[0].stock[0] + x->s->memcg[1].stock[0], 0, "both");
	TL_EQ(x->s->memcg[1].stock[1], 54, "this CPU has nothing of the first");
	TL_EQ(x->s->memcg[0].usage, 10, "usage of the first");
	TL_EQ(x->s->memcg[1].usage, 74, "and of the second");
	tl_free(x);
}

static void test_second_limit(void)
{
	struct tl *x = tl_new("memcg_pages=1000 memcg2_pages=600", NULL,
			      "machine,memcg2_pages,300; file,a,600; spawn,1; cgroup,1,1;"
			      "read,1,a,0,500; mark,full; memory_max,100,1; mark,less");

	tl_to(x, "less");
	TL_EQ(x->s->memcg[1].max, 200, "in proportion");
	TL_EQ(x->s->memcg[0].max, 1000, "the other one keeps its own");
	CU_ASSERT(x->s->memcg[1].usage <= 200);
	tl_free(x);
}

static void test_no_second(void)
{
	static const struct {
		const char *machine, *error;
	} rows[] = {
		{ "memcg_pages=400", "cgroup names cgroup 1, which the machine does not have: set "
				     "its size, memcg2_pages" },
		{ "memory_pages=4000", "cgroup needs a machine with memcg_pages or memcg2_pages" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_new(rows[i].machine, NULL, "spawn,1; mark,m; cgroup,1,1");
		struct err err = { "" };

		tl_to(x, "m");
		TL_EQ(sim_run(x->s, UINT64_MAX, &err), -EINVAL, "%s", rows[i].machine);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, rows[i].error));
		tl_free(x);
	}
}

#define WHOLE "memory_pages=2000 memcg2_pages=600 readahead_pages=0 "

/* a whole machine: a page comes from the zone and is charged to the cgroup, whose limit counts;
 * the first cgroup has none until it gets one, and the root is charged for nothing */
static void test_whole(void)
{
	for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
		struct tl *x = tl_new_lru(*lru, WHOLE, NULL,
					  "file,a,1000; file,b,1000; spawn,1; read,1,a,0,1000;"
					  "spawn,2; cgroup,2,1; read,2,b,0,1000; mark,full;"
					  "memory_max,700; mark,less");

		tl_to(x, "full");
		CU_ASSERT_PTR_EQUAL(x->s->root, &x->s->memcg[0]);
		TL_EQ(in_use(x, 0), 0, "the root");
		TL_EQ(in_use(x, 1), 1000, "no limit");
		CU_ASSERT(in_use(x, 2) <= 600 && in_use(x, 2) > 600 - 2 * 64);
		TL_EQ(tl_at(x, "full", VM_pgsteal_kswapd), 0, "%s: there is room", (*lru)->name);
		TL_EQ(tl_at(x, "full", VM_nr_file_pages), 1000 + in_use(x, 2), "both");
		tl_to(x, "less");
		CU_ASSERT(in_use(x, 1) <= 700 && in_use(x, 1) > 0);
		tl_free(x);
	}
}

/* reclaim of the machine takes pages of both cgroups, and what it evicts was evicted by the root:
 * the classic LRU judges a refault by the lists of all, MGLRU by those of the cgroup */
static void test_whole_reclaim(void)
{
	for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
		struct tl *x = tl_new_lru(*lru,
					  "memory_pages=2000 memcg2_pages=100000 "
					  "readahead_pages=0",
					  NULL,
					  "file,a,1500; file,b,4000; spawn,1; read,1,a,0,1500;"
					  "spawn,2; cgroup,2,1; read,2,b,0,4000; mark,full;"
					  "read,1,a,0,400; mark,back");

		tl_to(x, "full");
		CU_ASSERT(in_use(x, 1) < 1500 && in_use(x, 2) < 2000);
		TL_EQ(tl_at(x, "full", VM_memcg_max_events), 0, "no limit was hit");
		CU_ASSERT(x->s->folios[tl_slot(x, "a", 0)].flags & PG_shadow);
		TL_EQ(x->s->folios[tl_slot(x, "a", 0)].memcg, 1, "whose it was");
		if (!(*lru)->lru_gen)
			TL_EQ(x->s->folios[tl_slot(x, "a", 0)].shadow >> 31, 1, "by the root");
		tl_to(x, "back");
		CU_ASSERT(tl_at(x, "back", VM_workingset_refault_file) > 0);
		tl_free(x);
	}
}

/* mem_cgroup_iter(): all of them for kswapd; else a walk goes on where the last one ended, and two
 * walks share a round */
static void test_iter(void)
{
	struct tl *x = tl_run(WHOLE, NULL, "spawn,1");
	struct scan_control all = { .kswapd = true }, a = { 0 }, b = { 0 };
	struct sim *s = x->s;
	struct mem_cgroup *m = s->memcg;

	CU_ASSERT_PTR_EQUAL(mem_cgroup_iter(s, NULL, &all), m);
	CU_ASSERT_PTR_EQUAL(mem_cgroup_iter(s, m + 1, &all), m + 2);
	CU_ASSERT_PTR_NULL(mem_cgroup_iter(s, m + 2, &all));
	CU_ASSERT_PTR_EQUAL(mem_cgroup_iter(s, NULL, &a), m);
	CU_ASSERT_PTR_EQUAL(mem_cgroup_iter(s, NULL, &b), m + 1);
	CU_ASSERT_PTR_EQUAL(mem_cgroup_iter(s, m, &a), m + 2);
	CU_ASSERT_PTR_NULL(mem_cgroup_iter(s, m + 1, &b));
	CU_ASSERT_PTR_NULL(mem_cgroup_iter(s, m + 2, &a));
	CU_ASSERT_PTR_EQUAL(mem_cgroup_iter(s, NULL, &a), m);
	tl_free(x);
}

/* kernel memory takes pages of the zone, and is charged to the cgroup */
static void test_whole_kmem(void)
{
	struct tl *x = tl_new(WHOLE "kmem=on", NULL,
			      "file,a,640; spawn,1; cgroup,1,1; mark,m; read,1,a,0,640; mark,n");
	int64_t before;

	tl_to(x, "m");
	before = x->s->zone.nr_kernel;
	CU_ASSERT(before >= 19 && kernel_pages(x, 1) > 0 && !kernel_pages(x, 2));
	tl_to(x, "n");
	TL_EQ(x->s->zone.nr_kernel, before + 2, "ten nodes, seven in a page");
	CU_ASSERT(kernel_pages(x, 2) >= 1 && !kernel_pages(x, 0));
	tl_free(x);
}

void suite_memcontrol(void)
{
	CU_pSuite s = CU_add_suite("memcontrol", NULL, NULL);

	CU_add_test(s, "a new limit", test_memory_max);
	CU_add_test(s, "where the user overrides the limit", test_scaled);
	CU_add_test(s, "a limit that cannot be met", test_memory_max_oom);
	CU_add_test(s, "memory.reclaim", test_memory_reclaim);
	CU_add_test(s, "a process moves", test_attach);
	CU_add_test(s, "reclaim of one cgroup", test_own_reclaim);
	CU_add_test(s, "a refault in another cgroup", test_refault_elsewhere);
	CU_add_test(s, "references from another cgroup", test_referenced_elsewhere);
	CU_add_test(s, "swapped out of another cgroup", test_swapped_elsewhere);
	CU_add_test(s, "a new limit of the second cgroup", test_second_limit);
	CU_add_test(s, "no second cgroup", test_no_second);
	CU_add_test(s, "kernel memory of two cgroups", test_kmem);
	CU_add_test(s, "two cgroups of a whole machine", test_whole);
	CU_add_test(s, "reclaim of a whole machine with two cgroups", test_whole_reclaim);
	CU_add_test(s, "mem_cgroup_iter", test_iter);
	CU_add_test(s, "kernel memory of cgroups of a whole machine", test_whole_kmem);
	CU_add_test(s, "stocks of two cgroups", test_drain);
	CU_add_test(s, "memory.reclaim of more than there is", test_memory_reclaim_ends);
}
