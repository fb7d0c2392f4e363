// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/charge.c: v7.3 try_charge_memcg() with its stock, and the watermarks of
 * __setup_per_zone_wmarks().
 */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "tests/unit/testlib.h"

void suite_charge(void);

/* MEMCG_CHARGE_BATCH: charge 64 pages at a time as long as the limit has room for them */
static void test_stock(void)
{
	static const struct {
		unsigned int limit, pages;
		uint64_t usage, stock;
	} rows[] = {
		{ 4096, 1, 64, 63 },   { 4096, 64, 64, 0 },  { 4096, 65, 128, 63 },
		{ 4096, 128, 128, 0 }, { 200, 192, 192, 0 }, /* three stocks fit into 200, */
		{ 200, 193, 193, 0 },  { 200, 200, 200, 0 }, /* then one page at a time */
		{ 192, 129, 192, 63 }, /* the last stock may end at the limit */
		{ 191, 129, 129, 0 },  /* but not past it */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine = g_strdup_printf("memcg_pages=%u", rows[i].limit);
		g_autofree char *text =
			g_strdup_printf("file,a,5000; spawn,1; read,1,a,0,%u", rows[i].pages);
		struct tl *x = tl_run(machine, NULL, text);

		TL_EQ(x->s->memcg[0].usage, rows[i].usage, "%u of %u", rows[i].pages,
		      rows[i].limit);
		TL_EQ(x->s->memcg[0].stock[0], rows[i].stock, "%u of %u", rows[i].pages,
		      rows[i].limit);
		TL_EQ(tl_stat(x, VM_memcg_max_events), 0, "%u of %u", rows[i].pages, rows[i].limit);
		TL_EQ(tl_stat(x, VM_nr_free_pages), rows[i].limit - rows[i].pages, "%u of %u",
		      rows[i].pages, rows[i].limit);
		tl_free(x);
	}
}

static void test_stock_per_cpu(void)
{
	struct tl *x = tl_run("cpus=2", NULL,
			      "file,a,99; spawn,1,0; spawn,2,1; read,1,a,0,10; read,2,a,50,5");

	TL_EQ(x->s->memcg[0].usage, 128, "a stock each");
	TL_EQ(x->s->memcg[0].stock[0], 54, "CPU 0");
	TL_EQ(x->s->memcg[0].stock[1], 59, "CPU 1");
	tl_free(x);
}

/*
 * The 201st page of 200 counts in memory.events max and calls
 * try_to_free_mem_cgroup_pages() for SWAP_CLUSTER_MAX, 32 pages. 186 pages are on the list,
 * 14 in the batch, which the first shrink_inactive_list() drains. get_scan_count() takes
 * size >> priority: 186 >> 7 = 1, 199 >> 6 = 3, 196 >> 5 = 6, 190 >> 4 = 11, 179 >> 3 = 22.
 * The sum is 43 >= 32. So pages 0..42 are reclaimed, and 11 + 31 pages fit before the next
 * reclaim.
 */
static void test_reclaim_of_32(void)
{
	struct tl *x = tl_new("memcg_pages=200", NULL,
			      "file,a,1000; spawn,1; read,1,a,0,200; mark,full; read,1,a,200,1;"
			      "mark,over; read,1,a,201,42; mark,again; read,1,a,243,1; mark,twice");
	g_autofree char *gone = NULL;

	tl_to(x, "full");
	TL_EQ(tl_stat(x, VM_memcg_max_events), 0, "full");
	TL_EQ(tl_stat(x, VM_nr_free_pages), 0, "full");
	tl_to(x, "over");
	TL_EQ(tl_stat(x, VM_memcg_max_events), 1, "over");
	TL_EQ(tl_stat(x, VM_pgscan_direct), 43, "over");
	TL_EQ(tl_stat(x, VM_pgsteal_direct), 43, "over");
	TL_EQ(tl_stat(x, VM_pgscan_kswapd), 0, "no kswapd in a memcg");
	TL_EQ(tl_stat(x, VM_allocstall), 0, "allocstall is not for memcg reclaim");
	TL_EQ(x->s->memcg[0].usage, 158, "over");
	gone = tl_pages(x, "a", PG_shadow);
	TL_STR(gone, "0-42", "oldest first");
	tl_to(x, "again");
	TL_EQ(x->s->memcg[0].usage, 200, "full again");
	TL_EQ(tl_stat(x, VM_memcg_max_events), 1, "again");
	tl_to(x, "twice");
	TL_EQ(tl_stat(x, VM_memcg_max_events), 2, "twice");
	tl_free(x);
}

/*
 * drain_all_stock(): CPU 1 read one page and has a stock of 63. Neither CPU 0's anon pages
 * can be reclaimed, without swap, nor the page in CPU 1's batch. The 137th page drains the
 * stock, and all 199 fit.
 */
static void test_drain_stock(void)
{
	struct tl *x = tl_new("cpus=2 memcg_pages=200", NULL,
			      "file,a,9; spawn,1,0; spawn,2,1; read,2,a,0,1; anon,1,0,300,rw-p;"
			      "touch,1,0,136,w; mark,full; touch,1,136,1,w; mark,drained;"
			      "touch,1,137,62,w; mark,end; touch,1,199,1,w");

	tl_to(x, "full");
	TL_EQ(x->s->memcg[0].usage, 200, "64 + 2 * 64 + 8");
	TL_EQ(tl_stat(x, VM_memcg_max_events), 0, "full");
	tl_to(x, "drained");
	TL_EQ(tl_stat(x, VM_memcg_max_events), 1, "drained");
	TL_EQ(x->s->memcg[0].usage, 138, "137 anon pages and one of the file");
	TL_EQ(x->s->memcg[0].stock[1], 0, "drained");
	tl_to(x, "end");
	TL_EQ(tl_stat(x, VM_memcg_max_events), 1, "end");
	TL_EQ(tl_stat(x, VM_nr_anon_pages), 199, "end");
	/* 200 anon pages and a page in the batch of another CPU: out of memory */
	TL_EQ((uint64_t)-tl_end(x), ENOMEM, "one more");
	CU_ASSERT(x->s->oom);
	CU_ASSERT(strstr(x->err.msg, "out of memory: 200 of 200 pages are in use") != NULL);
	tl_free(x);
}

/*
 * A write of four pages asks for a folio of four, and two pages are free. The kernel charges it
 * before it looks whether a part of it is cached, and calls the OOM killer before it tries a
 * smaller one: the run ends, though the one page that is not cached would fit.
 */
static void test_large_folio_oom(void)
{
	struct tl *x = tl_new("cpus=2 memcg_pages=200 max_folio_order=2 readahead_pages=0", NULL,
			      "file,a,9; spawn,1,0; spawn,2,1; read,2,a,1,3; anon,1,0,300,rw-p;"
			      "touch,1,0,195,w; mark,full; write,1,a,0,4");

	tl_to(x, "full");
	CU_ASSERT_FALSE(x->s->oom);
	TL_EQ((uint64_t)-tl_end(x), ENOMEM, "order 2");
	CU_ASSERT(x->s->oom);
	tl_free(x);
}

/* a freed page is uncharged at once, on any CPU */
static void test_uncharge(void)
{
	struct tl *x = tl_run("cpus=2 memcg_pages=200", NULL,
			      "spawn,1,0; anon,1,0,100,rw-p; touch,1,0,100,w; exit,1; drain;"
			      "spawn,1,1; anon,1,0,170,rw-p; touch,1,0,170,w");

	/* 128 charged; after 100 are freed CPU 0's stock has 28. Then two stocks of
	 * 64 on CPU 1 (156), and single pages up to 198 */
	TL_EQ(x->s->memcg[0].usage, 28 + 170, "usage");
	TL_EQ(x->s->memcg[0].stock[0], 28, "stock");
	TL_EQ(tl_stat(x, VM_memcg_max_events), 0, "events");
	tl_free(x);
}

void suite_charge(void)
{
	CU_pSuite s = CU_add_suite("charge", NULL, NULL);

	CU_add_test(s, "memcg stock of 64", test_stock);
	CU_add_test(s, "no memory for a large folio of a write", test_large_folio_oom);
	CU_add_test(s, "a stock per CPU", test_stock_per_cpu);
	CU_add_test(s, "reclaim of 32 at the limit", test_reclaim_of_32);
	CU_add_test(s, "stocks of other CPUs are drained; out of memory", test_drain_stock);
	CU_add_test(s, "uncharge", test_uncharge);
}
