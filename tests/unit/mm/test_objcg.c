// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/objcg.c: bytes and pages of kernel memory, the stock that they go through, and what
 * waits for RCU.
 */
#include <CUnit/CUnit.h>

#include "sim/mm/charge.h"
#include "sim/mm/objcg.h"
#include "tests/unit/testlib.h"

void suite_objcg(void);

static struct tl *empty(const char *machine)
{
	struct tl *x = tl_new(machine, NULL, "file,a,200; mark,m");

	tl_to(x, "m");
	return x;
}

static void expect(const struct tl *x, int64_t pages, uint32_t bytes, uint32_t stock,
		   const char *when)
{
	TL_EQ(x->s->zone.nr_kernel, pages, "%s", when);
	TL_EQ(x->s->objcg->stock[0].nr_bytes[0], bytes, "%s", when);
	TL_EQ(x->s->memcg[0].stock[0], stock, "%s", when);
	TL_EQ(x->s->memcg[0].usage, (uint64_t)pages + stock, "%s", when);
}

/* __obj_cgroup_charge() takes whole pages, __refill_obj_stock() gives them back */
static void test_bytes(void)
{
	struct tl *x = empty("memcg_pages=1000 kmem=on");

	TL_EQ(obj_charge(x->s, 0, SLAB_RECLAIMABLE, 1000, GFP_KERNEL), 0, "there is room");
	expect(x, 1, 3096, 63, "an object");
	obj_charge_nofail(x->s, 0, SLAB_RECLAIMABLE, 3000);
	expect(x, 1, 96, 63, "from the stock");
	/* a new page, whatever the stock has; what is left is added to it */
	obj_charge_nofail(x->s, 0, SLAB_RECLAIMABLE, 9032);
	expect(x, 4, 96 + 3 * 4096 - 9032, 60, "more than the stock has");
	obj_uncharge(x->s, 0, SLAB_RECLAIMABLE, 600);
	expect(x, 4, 3952, 60, "not yet a page");
	obj_uncharge(x->s, 0, SLAB_RECLAIMABLE, 400);
	expect(x, 3, 256, 61, "more than a page");
	obj_uncharge(x->s, 0, SLAB_RECLAIMABLE, 9032);
	expect(x, 1, 9032 + 256 - 2 * 4096, 63, "pages go to the stock of pages");
	obj_charge_pages(x->s, 0, 64);
	expect(x, 65, 1096, 63, "a stock of 63 is too small for 64");
	obj_uncharge_pages(x->s, 0, 2);
	expect(x, 63, 1096, 0, "65 are more than it keeps: all go back");
	drain_obj_stock(x->s, 0, 0);
	expect(x, 63, 0, 0, "drained");
	TL_EQ(x->s->objcg->of[0].nr_charged_bytes, 1096, "the rest is kept");
	obj_uncharge(x->s, 0, SLAB_RECLAIMABLE, 3001);
	expect(x, 62, 1, 1, "and is back with the next object");
	obj_uncharge_pages(x->s, 0, 62);
	tl_free(x);
}

/* __account_obj_stock(): the statistics lag behind by up to a page */
static void test_statistics(void)
{
	struct tl *x = empty("memcg_pages=1000 kmem=on");
	struct objcg *o = x->s->objcg;

	for (int i = 0; i < 6; i++)
		obj_charge_nofail(x->s, 0, SLAB_RECLAIMABLE, 592);
	TL_EQ(o->of[0].slab[SLAB_RECLAIMABLE], 0, "6 of 592");
	obj_charge_nofail(x->s, 0, SLAB_UNRECLAIMABLE, 9032);
	obj_charge_nofail(x->s, 0, SLAB_RECLAIMABLE, 592);
	TL_EQ(o->of[0].slab[SLAB_RECLAIMABLE], 7 * 592, "7 are more than a page");
	TL_EQ(o->of[0].slab[SLAB_UNRECLAIMABLE], 0, "the first may be larger");
	obj_charge_nofail(x->s, 0, SLAB_UNRECLAIMABLE, 200);
	TL_EQ(o->of[0].slab[SLAB_UNRECLAIMABLE], 9232, "but not the sum");
	TL_EQ(obj_flushed_pages(x->s, 0), 0, "not flushed");
	obj_flush_stats(x->s);
	TL_EQ(obj_flushed_pages(x->s, 0), 1 + 2, "each kind in whole pages");
	drain_obj_stock(x->s, 0, 0);
	TL_EQ(o->of[0].slab[SLAB_RECLAIMABLE], 7 * 592, "nothing was left");
	obj_charge_nofail(x->s, 0, SLAB_RECLAIMABLE, 592);
	drain_obj_stock(x->s, 0, 0);
	TL_EQ(o->of[0].slab[SLAB_RECLAIMABLE], 8 * 592, "drained with the stock");
	tl_free(x);
}

/* at the limit: without reclaim it fails; what can not fail goes beyond */
static void test_limit(void)
{
	struct tl *x = empty("memcg_pages=192 kmem=on");

	obj_charge_pages(x->s, 0, 192);
	expect(x, 192, 0, 0, "full");
	TL_EQ(obj_charge(x->s, 0, SLAB_RECLAIMABLE, 592, GFP_NOWAIT), -12, "-ENOMEM");
	TL_EQ(tl_stat(x, VM_memcg_max_events), 0, "it did not try");
	expect(x, 192, 0, 0, "as before");
	obj_charge_nofail(x->s, 0, SLAB_RECLAIMABLE, 592);
	expect(x, 193, 4096 - 592, 0, "beyond");
	obj_uncharge_pages(x->s, 0, 192);
	tl_free(x);
}

/* call_rcu(): free at the second tick, at once where operations take no time */
static void test_rcu(void)
{
	struct tl *x = empty("memcg_pages=1000 kmem=on tick_us=4000 op_us=1");

	obj_charge_pages(x->s, 0, 10);
	clock_advance(&x->s->clock, 4000000 - 1 - x->s->clock.now_ns);
	obj_uncharge_rcu(x->s, 0, 8, SLAB_RECLAIMABLE, 0);
	clock_advance(&x->s->clock, 4000000);
	obj_rcu_core(x->s);
	TL_EQ(x->s->zone.nr_kernel, 10, "after one tick");
	clock_advance(&x->s->clock, 1);
	obj_rcu_core(x->s);
	TL_EQ(x->s->zone.nr_kernel, 2, "at the second");
	tl_free(x);
	x = empty("memcg_pages=1000 kmem=on");
	obj_charge_pages(x->s, 0, 10);
	obj_uncharge_rcu(x->s, 0, 8, SLAB_RECLAIMABLE, 0);
	TL_EQ(x->s->zone.nr_kernel, 2, "no time passes");
	tl_free(x);
}

/* a CPU's stock has a slot for each memcg, and statistics of the one charged last */
static void test_two(void)
{
	struct tl *x = empty("memcg_pages=1000 memcg2_pages=1000 kmem=on cpus=2");
	struct objcg *o = x->s->objcg;

	obj_charge_nofail(x->s, 0, SLAB_RECLAIMABLE, 592);
	obj_charge_nofail(x->s, 0, SLAB_UNRECLAIMABLE, 200);
	obj_charge_nofail(x->s, 1, SLAB_RECLAIMABLE, 1000);
	TL_EQ(o->stock[0].nr_bytes[0], 4096 - 792, "the first keeps its slot");
	TL_EQ(o->stock[0].nr_bytes[1], 3096, "the second has its own");
	TL_EQ(o->of[0].slab[SLAB_RECLAIMABLE], 592, "drain_obj_stock_stats()");
	TL_EQ(o->of[0].slab[SLAB_UNRECLAIMABLE], 200, "of both kinds");
	TL_EQ(o->of[1].slab[SLAB_RECLAIMABLE], 0, "those of the second are in the stock");
	TL_EQ(o->of[0].nr_pages + 10 * o->of[1].nr_pages, 11, "a page each");
	obj_uncharge(x->s, 0, SLAB_RECLAIMABLE, 592);
	TL_EQ(o->of[1].slab[SLAB_RECLAIMABLE], 1000, "and back");
	TL_EQ(x->s->memcg[1].usage, 64, "one page, and a stock of 63");

	drain_obj_stock(x->s, 1, 0);
	TL_EQ(o->stock[0].nr_bytes[1], 3096, "another CPU");
	drain_obj_stock(x->s, 0, 0);
	TL_EQ(o->stock[0].nr_bytes[1], 0, "the stock of a CPU is drained as a whole");
	TL_EQ(o->of[1].nr_charged_bytes, 3096, "to its memcg");
	TL_EQ(o->of[0].nr_charged_bytes, 3896, "as the other one's");
	obj_charge_nofail(x->s, 1, SLAB_RECLAIMABLE, 4000);
	drain_obj_stock(x->s, 0, 0);
	TL_EQ(o->stock[0].cached[1], true, "obj_stock_flush_required(): it has no slot");
	obj_uncharge_rcu(x->s, 1, 1, SLAB_RECLAIMABLE, 0);
	TL_EQ(o->of[0].nr_pages + 10 * o->of[1].nr_pages, 11, "to whom it was charged");
	tl_free(x);
}

/* The stock of CPU 0 had 59 pages that nobody used: a process that begins was charged there, while
 * it runs on its own CPU (Debian's 7.3.4: 64 pages after spawn and map, not 128). */
static void test_spawn(void)
{
	struct tl *x = tl_new("memcg_pages=1000 kmem=on cpus=2", NULL,
			      "file,a,200; spawn,1,1; map,1,0,200,r--p,a,0; mark,m");

	tl_to(x, "m");
	TL_EQ(x->s->memcg[0].usage, 64, "one batch");
	TL_EQ(x->s->memcg[0].stock[0], 0, "nothing was charged on CPU 0");
	tl_free(x);
}

/* What came free on CPU 0 went to the stock of the CPU that charged next: there it was used, and
 * CPU 0 kept a full stock. In v7.3 the callback runs on the CPU of call_rcu(), whose stock it
 * overfills, so it goes back (scenario two-cpus: 1188 refaults, not 1144), page by page: the third
 * is too many, and the other six stay. */
static void test_rcu_cpu(void)
{
	struct tl *x = empty("memcg_pages=1000 kmem=on cpus=2 op_us=1");
	struct mem_cgroup *memcg = x->s->memcg;

	obj_charge_pages(x->s, 0, 10);
	refill_stock(x->s, memcg, 0, 8);
	memcg->usage += 8;
	TL_EQ(memcg->stock[0], 62, "54 and 8");
	obj_uncharge_rcu(x->s, 0, 9, SLAB_RECLAIMABLE, 600);
	x->s->this_cpu = 1;
	clock_advance(&x->s->clock, 20000000);
	obj_rcu_core(x->s);
	TL_EQ(memcg->stock[0], 6, "65 are more than it keeps");
	TL_EQ(memcg->stock[1], 0, "nothing came free on CPU 1");
	TL_EQ(memcg->usage, 7, "a page is in use");
	TL_EQ(x->s->objcg->stock[0].nr_bytes[0], 600, "bytes, too");
	TL_EQ(x->s->this_cpu, 1, "which goes on");
	x->s->this_cpu = 0;
	obj_uncharge_pages(x->s, 0, 1);
	tl_free(x);
}

void suite_objcg(void)
{
	CU_pSuite s = CU_add_suite("objcg", NULL, NULL);

	CU_add_test(s, "bytes and pages", test_bytes);
	CU_add_test(s, "statistics", test_statistics);
	CU_add_test(s, "at the limit", test_limit);
	CU_add_test(s, "RCU", test_rcu);
	CU_add_test(s, "CPU of RCU", test_rcu_cpu);
	CU_add_test(s, "two memcgs", test_two);
	CU_add_test(s, "spawn", test_spawn);
}
