// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/memcontrol.c: memory.max and memory.reclaim. */
#include <errno.h>

#include <CUnit/CUnit.h>

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
	TL_EQ(x->s->cfg.machine.memcg_pages, 600, "the last limit");
	tl_free(x);
}

/* as if the user had asked for twice what the trace says */
static void test_scaled(void)
{
	struct tl *x = tl_new("memcg_pages=800", NULL,
			      "machine,memcg_pages,400; file,a,1000; spawn,1; memory_max,300;"
			      "mark,less");

	tl_to(x, "less");
	TL_EQ(x->s->cfg.machine.memcg_pages, 600, "three quarters");
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

void suite_memcontrol(void)
{
	CU_pSuite s = CU_add_suite("memcontrol", NULL, NULL);

	CU_add_test(s, "a new limit", test_memory_max);
	CU_add_test(s, "where the user overrides the limit", test_scaled);
	CU_add_test(s, "a limit that cannot be met", test_memory_max_oom);
	CU_add_test(s, "memory.reclaim", test_memory_reclaim);
	CU_add_test(s, "memory.reclaim of more than there is", test_memory_reclaim_ends);
}
