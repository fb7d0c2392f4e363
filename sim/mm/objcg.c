// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memcontrol.c: __memcg_slab_post_alloc_hook(), __memcg_slab_free_hook(),
 * __obj_cgroup_charge(), __refill_obj_stock(), __account_obj_stock(), drain_obj_stock().
 *
 * An object that the CPU's stock has no bytes for takes whole pages from the memcg, and the
 * rest of them goes to the stock. What is freed goes to the stock too, and whole pages go from
 * there to the stock of pages.
 *
 * Approximations: a grace period of RCU ends with the second tick after the object was given
 * to it: the first one notes that the CPU has been through a quiescent state, the second one
 * calls back, on that CPU. On the kernel the time is two to three ticks. A run in which operations
 * take no time has no ticks, and frees at once. Inodes, dentries, and a pipe that another process
 * made are not charged. A stock has room for all memcgs, as in v7.3; in v6.12 and v6.18 it has room
 * for one.
 */
#include "sim/mm/objcg.h"

#include <errno.h>
#include <string.h>

#define PAGE_SHIFT  12
#define PAGE_SIZE   (1u << PAGE_SHIFT)
#define GRACE_TICKS 2

void objcg_init(struct sim *s)
{
	const struct machine *m = &s->cfg.machine;

	if (!m->kmem || (s->root && s->nr_memcgs == 1))
		return;
	s->objcg = g_new0(struct objcg, 1);
	s->objcg->rcu = g_array_new(FALSE, FALSE, sizeof(struct rcu_free));
}

void objcg_free(struct sim *s)
{
	if (!s->objcg)
		return;
	g_array_free(s->objcg->rcu, TRUE);
	g_free(s->objcg);
}

/* ---- pages ---- */

/* obj_cgroup_is_root(): nobody is charged */
static bool is_root(const struct sim *s, uint8_t memcg)
{
	return &s->memcg[memcg] == s->root;
}

/* in a whole machine sim/mm/page_alloc.c counts what the kernel takes */
static void pages_come(struct sim *s, uint8_t memcg, uint32_t nr)
{
	s->objcg->of[memcg].nr_pages += nr;
	if (!s->root)
		s->zone.nr_kernel += nr;
}

/* obj_cgroup_charge_pages() */
static int charge_pages(struct sim *s, uint8_t memcg, uint32_t nr, enum gfp gfp)
{
	if (try_charge_memcg(s, &s->memcg[memcg], s->this_cpu, nr, gfp))
		return -ENOMEM;
	pages_come(s, memcg, nr);
	s->nr_used_peak = MAX(s->nr_used_peak, s->nr_used + (uint64_t)s->zone.nr_kernel);
	return 0;
}

static void force_pages(struct sim *s, uint8_t memcg, uint32_t nr)
{
	s->memcg[memcg].usage += nr;
	pages_come(s, memcg, nr);
}

static void pages_gone(struct sim *s, uint8_t memcg, uint32_t nr)
{
	s->objcg->of[memcg].nr_pages -= nr;
	if (!s->root)
		s->zone.nr_kernel -= nr;
}

void obj_charge_pages(struct sim *s, uint8_t memcg, uint32_t nr)
{
	obj_rcu_core(s);
	if (!is_root(s, memcg) && charge_pages(s, memcg, nr, GFP_KERNEL))
		force_pages(s, memcg, nr);
}

void obj_uncharge_pages(struct sim *s, uint8_t memcg, uint32_t nr)
{
	if (is_root(s, memcg))
		return;
	pages_gone(s, memcg, nr);
	refill_stock(s, &s->memcg[memcg], s->this_cpu, nr);
}

void obj_uncharge_gathered(struct sim *s, uint8_t memcg, uint32_t nr)
{
	if (is_root(s, memcg))
		return;
	pages_gone(s, memcg, nr);
	s->memcg[memcg].usage -= nr;
}

/* ---- statistics ---- */

/* drain_obj_stock_stats() */
static void drain_stats(struct sim *s, struct obj_stock *stock)
{
	for (int i = 0; stock->index && i < NR_SLAB_KINDS; i++) {
		s->objcg->of[stock->index - 1].slab[i] += stock->nr_slab[i];
		stock->nr_slab[i] = 0;
	}
	stock->index = 0;
}

/* __account_obj_stock() */
static void account(struct sim *s, uint8_t memcg, enum slab_kind kind, int32_t nr)
{
	struct obj_stock *stock = &s->objcg->stock[s->this_cpu];
	int32_t *bytes = &stock->nr_slab[kind];

	if (stock->cached[memcg]) {
		if (stock->index != memcg + 1)
			drain_stats(s, stock);
		stock->index = (uint8_t)(memcg + 1);
		nr += *bytes;
		if (ABS(nr) <= INT16_MAX && (!*bytes || ABS(nr) <= (int32_t)PAGE_SIZE)) {
			*bytes = nr;
			return;
		}
		*bytes = 0;
	}
	s->objcg->of[memcg].slab[kind] += nr;
}

void obj_flush_stats(struct sim *s)
{
	for (unsigned int i = 0; i < s->nr_memcgs; i++) {
		struct obj_cgroup *o = &s->objcg->of[i];

		memcpy(o->flushed, o->slab, sizeof(o->flushed));
	}
}

uint64_t obj_flushed_pages(const struct sim *s, uint8_t memcg)
{
	uint64_t nr = 0;

	for (int i = 0; i < NR_SLAB_KINDS; i++)
		nr += (uint64_t)MAX(s->objcg->of[memcg].flushed[i], 0) >> PAGE_SHIFT;
	return nr;
}

/* ---- objects ---- */

/* __refill_obj_stock() */
static void refill_obj_stock(struct sim *s, uint8_t memcg, uint32_t nr_bytes, bool allow_uncharge)
{
	struct obj_stock *stock = &s->objcg->stock[s->this_cpu];
	uint32_t *bytes = &stock->nr_bytes[memcg];

	if (!stock->cached[memcg]) {
		stock->cached[memcg] = true;
		*bytes = s->objcg->of[memcg].nr_charged_bytes;
		s->objcg->of[memcg].nr_charged_bytes = 0;
		allow_uncharge = true;
	}
	*bytes += nr_bytes;
	if ((allow_uncharge && *bytes > PAGE_SIZE) || *bytes > UINT16_MAX) {
		obj_uncharge_pages(s, memcg, *bytes >> PAGE_SHIFT);
		*bytes &= PAGE_SIZE - 1;
	}
}

/* consume_obj_stock() */
static bool consume_obj_stock(struct sim *s, uint8_t memcg, uint32_t size)
{
	struct obj_stock *stock = &s->objcg->stock[s->this_cpu];

	if (!stock->cached[memcg] || stock->nr_bytes[memcg] < size)
		return false;
	stock->nr_bytes[memcg] -= size;
	return true;
}

static int charge_object(struct sim *s, uint8_t memcg, enum slab_kind kind, uint32_t size,
			 enum gfp gfp, bool nofail)
{
	const uint32_t nr_pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	const uint32_t remainder = (nr_pages << PAGE_SHIFT) - size;

	obj_rcu_core(s);
	if (is_root(s, memcg))
		return 0;
	if (!consume_obj_stock(s, memcg, size)) {
		if (charge_pages(s, memcg, nr_pages, gfp)) {
			if (!nofail)
				return -ENOMEM;
			force_pages(s, memcg, nr_pages);
		}
		if (remainder)
			refill_obj_stock(s, memcg, remainder, false);
	}
	account(s, memcg, kind, (int32_t)size);
	return 0;
}

int obj_charge(struct sim *s, uint8_t memcg, enum slab_kind kind, uint32_t size, enum gfp gfp)
{
	return charge_object(s, memcg, kind, size, gfp, false);
}

void obj_charge_nofail(struct sim *s, uint8_t memcg, enum slab_kind kind, uint32_t size)
{
	if (s->objcg)
		charge_object(s, memcg, kind, size, GFP_KERNEL, true);
}

void obj_uncharge(struct sim *s, uint8_t memcg, enum slab_kind kind, uint32_t size)
{
	if (!s->objcg || is_root(s, memcg))
		return;
	refill_obj_stock(s, memcg, size, true);
	account(s, memcg, kind, -(int32_t)size);
}

/* drain_obj_stock_slot() */
static void drain_slot(struct sim *s, struct obj_stock *stock, uint8_t memcg)
{
	const uint32_t nr_pages = stock->nr_bytes[memcg] >> PAGE_SHIFT;

	/* memcg_uncharge_kmem() */
	pages_gone(s, memcg, nr_pages);
	s->memcg[memcg].usage -= nr_pages;
	s->objcg->of[memcg].nr_charged_bytes += stock->nr_bytes[memcg] & (PAGE_SIZE - 1);
	stock->nr_bytes[memcg] = 0;
	stock->cached[memcg] = false;
}

void drain_obj_stock(struct sim *s, unsigned int cpu, uint8_t memcg)
{
	struct obj_stock *stock = &s->objcg->stock[cpu];

	/* obj_stock_flush_required() */
	if (!stock->cached[memcg])
		return;
	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		drain_slot(s, stock, (uint8_t)i);
	drain_stats(s, stock);
}

/* ---- RCU ---- */

static void rcu_free_one(struct sim *s, const struct rcu_free *f)
{
	const unsigned int this_cpu = s->this_cpu;

	s->this_cpu = f->cpu;
	/* each has a callback or a __free_page() of its own, so the stock goes back in between */
	for (uint32_t i = 0; i < f->pages; i++)
		obj_uncharge_pages(s, f->memcg, 1);
	if (f->bytes)
		obj_uncharge(s, f->memcg, f->kind, f->bytes);
	s->this_cpu = this_cpu;
}

void obj_uncharge_rcu(struct sim *s, uint8_t memcg, uint32_t pages, enum slab_kind kind,
		      uint32_t bytes)
{
	const struct machine *m = &s->cfg.machine;
	const uint64_t tick_ns = m->tick_us * 1000ull;
	struct rcu_free f = {
		.pages = pages, .bytes = bytes, .kind = kind, .memcg = memcg, .cpu = s->this_cpu
	};

	if (!m->op_us && !s->sched) {
		rcu_free_one(s, &f);
		return;
	}
	f.at_ns = (s->clock.now_ns / tick_ns + GRACE_TICKS) * tick_ns;
	g_array_append_val(s->objcg->rcu, f);
}

void obj_rcu_core(struct sim *s)
{
	struct objcg *o = s->objcg;

	while (o->rcu_head < o->rcu->len) {
		const struct rcu_free f = g_array_index(o->rcu, struct rcu_free, o->rcu_head);

		if (f.at_ns > s->clock.now_ns)
			return;
		o->rcu_head++;
		rcu_free_one(s, &f);
	}
	g_array_set_size(o->rcu, 0);
	o->rcu_head = 0;
}
