// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel memory of a memcg: objects, page tables, and what a process takes. After
 * mm/memcontrol.c, kernel/fork.c and mm/memory.c.
 *
 * Approximations taken over from sim/: what is given to RCU is free at the second tick
 * after, or at once where operations take no time; what a process takes; a mapping that is
 * merged had a VMA of its own for a moment.
 */
#include "tests/unit/reference/internal.h"

#include <string.h>

#include <glib.h>

/* call_rcu() */
struct later {
	uint64_t at_ns;
	int nr_pages;
	uint64_t bytes;
	bool reclaimable;
};

struct ref_objcg {
	/* obj_stock_pcp */
	struct {
		bool mine;
		uint64_t bytes;
		int64_t unaccounted[2];
	} cpu[SIM_MAX_CPUS];
	uint64_t nr_charged_bytes;
	int64_t nr_slab[2]; /* bytes: unreclaimable, reclaimable */
	GQueue rcu;	    /* struct later */
};

void ref_objcg_init(struct ref *r)
{
	if (r->m.memcg_pages && r->m.kmem)
		r->objcg = g_new0(struct ref_objcg, 1);
}

void ref_objcg_free(struct ref *r)
{
	if (r->objcg)
		g_queue_clear_full(&r->objcg->rcu, g_free);
	g_free(r->objcg);
}

uint64_t ref_slab_pages(const struct ref *r)
{
	uint64_t pages = 0;

	for (int i = 0; r->objcg && i < 2; i++)
		if (r->objcg->nr_slab[i] > 0)
			pages += (uint64_t)r->objcg->nr_slab[i] / 4096;
	return pages;
}

uint64_t ref_sizeof(const struct ref *r, enum ref_object o)
{
	static const uint64_t sizes[] = { 592, 104, 200, 200 };

	if (r->v6 && o == REF_BUFFER_HEAD)
		return 112;
	/* v6.12: it has its lock apart */
	return o == REF_VMA && r->v6_12 ? 184 + 48 : sizes[o];
}

/* refill_stock() */
static void uncharge_pages(struct ref *r, uint64_t nr)
{
	uint64_t *stock = &r->cg->stock[r->this_cpu];

	r->nr_kernel -= (int64_t)nr;
	*stock += nr;
	if (*stock > 64) {
		r->cg->usage -= *stock;
		*stock = 0;
	}
}

/* __refill_obj_stock() */
static void refill(struct ref *r, uint64_t bytes, bool allow_uncharge)
{
	const unsigned int cpu = r->this_cpu;
	struct ref_objcg *o = r->objcg;
	uint64_t now = bytes;

	if (o->cpu[cpu].mine) {
		now += o->cpu[cpu].bytes;
	} else {
		now += o->nr_charged_bytes;
		o->nr_charged_bytes = 0;
		o->cpu[cpu].mine = true;
		allow_uncharge = true;
	}
	if (now > 65535 || (now > 4096 && allow_uncharge)) {
		o->cpu[cpu].bytes = now % 4096;
		uncharge_pages(r, now / 4096);
	} else {
		o->cpu[cpu].bytes = now;
	}
}

/* __account_obj_stock() */
static void account(struct ref *r, bool reclaimable, int64_t bytes)
{
	struct ref_objcg *o = r->objcg;
	int64_t *kept = &o->cpu[r->this_cpu].unaccounted[reclaimable], sum = *kept + bytes;

	if (!o->cpu[r->this_cpu].mine) {
		o->nr_slab[reclaimable] += bytes;
	} else if (llabs(sum) <= (*kept ? 4096 : 32767)) {
		*kept = sum;
	} else {
		*kept = 0;
		o->nr_slab[reclaimable] += sum;
	}
}

void ref_drain_obj_stocks(struct ref *r)
{
	for (unsigned int i = 0; r->objcg && i < r->m.cpus; i++) {
		const uint64_t bytes = r->objcg->cpu[i].bytes;

		r->cg->usage -= bytes / 4096;
		r->nr_kernel -= (int64_t)(bytes / 4096);
		r->objcg->nr_charged_bytes += bytes % 4096;
		for (int k = 0; k < 2; k++)
			r->objcg->nr_slab[k] += r->objcg->cpu[i].unaccounted[k];
		memset(&r->objcg->cpu[i], 0, sizeof(r->objcg->cpu[i]));
	}
}

static void uncharge_object(struct ref *r, bool reclaimable, uint64_t size)
{
	refill(r, size, true);
	account(r, reclaimable, -(int64_t)size);
}

void ref_rcu_callbacks(struct ref *r)
{
	while (r->objcg && !g_queue_is_empty(&r->objcg->rcu)) {
		struct later *l = g_queue_peek_head(&r->objcg->rcu);

		if (l->at_ns > r->now_ns)
			break;
		g_queue_pop_head(&r->objcg->rcu);
		if (l->nr_pages)
			uncharge_pages(r, (uint64_t)l->nr_pages);
		if (l->bytes)
			uncharge_object(r, l->reclaimable, l->bytes);
		g_free(l);
	}
}

static void call_rcu(struct ref *r, int nr_pages, bool reclaimable, uint64_t bytes)
{
	const uint64_t tick = (uint64_t)r->m.tick_us * 1000;
	struct later *l = g_new(struct later, 1);

	*l = (struct later){ r->m.op_us ? r->now_ns / tick * tick + 2 * tick : 0, nr_pages, bytes,
			     reclaimable };
	g_queue_push_tail(&r->objcg->rcu, l);
	if (r->m.op_us)
		return;
	ref_rcu_callbacks(r);
}

bool ref_charge_object(struct ref *r, bool reclaimable, uint64_t size, enum ref_gfp gfp)
{
	const uint64_t pages = (size + 4095) / 4096;

	ref_rcu_callbacks(r);
	if (r->objcg->cpu[r->this_cpu].mine && r->objcg->cpu[r->this_cpu].bytes >= size) {
		r->objcg->cpu[r->this_cpu].bytes -= size;
	} else {
		const bool force = gfp == REF_GFP_NOFAIL;

		if (ref_try_charge_memcg(r, 0, r->this_cpu, pages, force ? REF_GFP_KERNEL : gfp))
			;
		else if (force)
			r->cg->usage += pages;
		else
			return false;
		r->nr_kernel += (int64_t)pages;
		if (pages * 4096 > size)
			refill(r, pages * 4096 - size, false);
	}
	account(r, reclaimable, (int64_t)size);
	return true;
}

void ref_new_object(struct ref *r, enum ref_object o)
{
	if (r->objcg)
		ref_charge_object(r, o <= REF_BUFFER_HEAD, ref_sizeof(r, o), REF_GFP_NOFAIL);
}

void ref_free_object(struct ref *r, enum ref_object o)
{
	if (r->objcg)
		uncharge_object(r, o <= REF_BUFFER_HEAD, ref_sizeof(r, o));
}

void ref_free_object_rcu(struct ref *r, enum ref_object o)
{
	if (r->objcg)
		call_rcu(r, 0, o <= REF_BUFFER_HEAD, ref_sizeof(r, o));
}

void ref_new_anon_vma(struct ref *r, struct ref_vma *v, int vmas, int chains)
{
	if (!r->objcg)
		return;
	v->anon_bytes = (uint64_t)(vmas * (r->v6 ? 112 : 104) + chains * 72);
	ref_charge_object(r, false, v->anon_bytes, REF_GFP_NOFAIL);
}

void ref_free_anon_vma(struct ref *r, struct ref_vma *v)
{
	if (v->anon_bytes)
		uncharge_object(r, false, v->anon_bytes);
	v->anon_bytes = 0;
}

/* Pages */

void ref_new_kernel_page(struct ref *r)
{
	if (!r->objcg)
		return;
	ref_rcu_callbacks(r);
	if (!ref_try_charge_memcg(r, 0, r->this_cpu, 1, REF_GFP_KERNEL))
		r->cg->usage++;
	r->nr_kernel++;
}

void ref_new_table(struct ref *r)
{
	if (r->m.memcg_pages)
		ref_new_kernel_page(r);
	else
		ref_alloc_kernel_page(r);
}

void ref_free_table(struct ref *r)
{
	if (!r->m.memcg_pages)
		ref_free_kernel_page(r);
	else if (r->objcg)
		uncharge_pages(r, 1);
}

/* tables above those of PTEs: which of them do the ones that there are need? */
static void upper_tables(const struct ref *r, const struct ref_proc *p, int upto, uint64_t at,
			 bool *pud, bool *pmd, int *nr)
{
	GHashTable *seen = g_hash_table_new(NULL, NULL);

	*nr = 0;
	*pud = *pmd = false;
	for (int i = 0; i < upto; i++) {
		const uint64_t vpn = (uint64_t)r->base + (uint64_t)i * 512;

		*pud |= p->tables[i].top && vpn >> 27 == at >> 27;
		*pmd |= p->tables[i].upper && vpn >> 18 == at >> 18;
		if (p->tables[i].top)
			*nr += g_hash_table_add(seen, GUINT_TO_POINTER(1 + (vpn >> 27)));
		if (p->tables[i].upper)
			*nr += g_hash_table_add(seen, GUINT_TO_POINTER((1u << 31) + (vpn >> 18)));
	}
	g_hash_table_destroy(seen);
}

void ref_new_upper_tables(struct ref *r, struct ref_proc *p, uint64_t at)
{
	bool pud, pmd;
	int nr;

	if (p->tables[at / 512].upper)
		return;
	upper_tables(r, p, REF_VPNS / 512, r->base + at, &pud, &pmd, &nr);
	if (!pud)
		ref_new_kernel_page(r);
	if (!pmd)
		ref_new_kernel_page(r);
	p->tables[at / 512].upper = p->tables[at / 512].top = true;
}

int ref_nr_tables(const struct ref *r, const struct ref_proc *p)
{
	bool pud, pmd;
	int nr;

	upper_tables(r, p, REF_VPNS / 512, 0, &pud, &pmd, &nr);
	for (int i = 0; i < REF_VPNS / 512; i++)
		nr += p->tables[i].exists;
	return nr;
}

void ref_free_tables(struct ref *r, int nr)
{
	call_rcu(r, nr, false, 0);
}

/* Processes */

static const int fork_objects[] = { 40,	 200, 40,  712, 72,  2120, 1160, 1800, 200, 200, 200, 200,
				    200, 200, 200, 200, 200, 200,  104,	 72,   72,  72,	 200 };

void ref_charge_process(struct ref *r, bool forked)
{
	const int nr = sizeof(fork_objects) / sizeof(fork_objects[0]);

	/* task_struct and its stack; then the rest, and copied page tables with a PGD */
	if (forked) {
		ref_charge_object(r, false, 9032, REF_GFP_NOFAIL);
		for (int i = 0; i < 4; i++)
			ref_new_kernel_page(r);
		for (int i = 0; i < nr; i++)
			ref_charge_object(r, false, (uint64_t)fork_objects[i], REF_GFP_NOFAIL);
		for (int i = 0; i < 7; i++)
			ref_new_kernel_page(r);
	}
	/* it runs: tables of its stack, two pipes, in one of which it writes */
	for (int i = 0; i < 3; i++)
		ref_new_kernel_page(r);
	ref_new_object(r, REF_FILE);
	ref_new_object(r, REF_FILE);
	ref_new_kernel_page(r);
}

void ref_uncharge_process(struct ref *r, bool forked)
{
	const int nr = sizeof(fork_objects) / sizeof(fork_objects[0]);

	ref_free_object(r, REF_FILE);
	ref_free_object(r, REF_FILE);
	uncharge_pages(r, 1);
	if (!forked)
		return;
	for (int i = 0; i < nr; i++)
		uncharge_object(r, false, (uint64_t)fork_objects[i]);
	uncharge_pages(r, 1);
	call_rcu(r, 4, false, 9032);
}
