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
	int memcg;
	unsigned int cpu; /* it calls back where call_rcu() was called */
};

struct ref_anon {
	uint64_t parent; /* the anon_root of what was copied at fork(), or 0 */
	int memcg;
};

struct ref_objcg {
	/* obj_stock_pcp */
	struct {
		bool cached[REF_MEMCGS];
		uint64_t bytes[REF_MEMCGS];
		int index; /* whose statistics are unaccounted */
		int64_t unaccounted[2];
	} cpu[SIM_MAX_CPUS];
	uint64_t nr_charged_bytes[REF_MEMCGS];
	int64_t nr_slab[REF_MEMCGS][2]; /* bytes: unreclaimable, reclaimable */
	GQueue rcu;			/* struct later */
	GArray *anons;			/* struct ref_anon, by anon_root */
};

void ref_objcg_init(struct ref *r)
{
	if (!r->m.kmem || (r->whole && r->nr_memcgs == 1))
		return;
	r->objcg = g_new0(struct ref_objcg, 1);
	r->objcg->anons = g_array_new(FALSE, TRUE, sizeof(struct ref_anon));
}

void ref_objcg_free(struct ref *r)
{
	if (!r->objcg)
		return;
	g_queue_clear_full(&r->objcg->rcu, g_free);
	g_array_free(r->objcg->anons, TRUE);
	g_free(r->objcg);
}

int ref_current_objcg(const struct ref *r)
{
	return r->objcg ? ref_current_memcg(r) : 0;
}

uint64_t ref_slab_pages(const struct ref *r)
{
	uint64_t pages = 0;

	for (int i = 0; r->objcg && i < 2; i++)
		if (r->objcg->nr_slab[r->cg - r->memcgs][i] > 0)
			pages += (uint64_t)r->objcg->nr_slab[r->cg - r->memcgs][i] / 4096;
	return pages;
}

uint64_t ref_sizeof(const struct ref *r, enum ref_object o)
{
	/* of v6.12, v6.18 and v7.3 */
	static const uint64_t sizes[][3] = {
		[REF_XA_NODE] = { 592, 592, 592 },
		[REF_BUFFER_HEAD] = { 112, 112, 104 },
		[REF_FILE] = { 200, 200, 200 },
		/* of kmalloc-cg-192 */
		[REF_FUSE_FILE] = { 192 + 8, 192 + 8, 192 + 8 },
		[REF_FUSE_FILE_ARGS] = { 192 + 8, 192 + 8, 192 + 8 },
		/* v6.12: it has its lock apart */
		[REF_VMA] = { 184 + 48, 200, 200 },
		[REF_ANON_VMA] = { 112, 112, 104 },
		[REF_ANON_VMA_CHAIN] = { 72, 72, 72 },
		[REF_TASK] = { 8448 + 8, 9024 + 8, 9024 + 8 },
		/* new in v7 */
		[REF_EXEC_STATE] = { 0, 0, 40 },
		[REF_CRED] = { 200, 200, 200 },
		/* lsm_blob_alloc() */
		[REF_CRED_SECURITY] = { 16 + 8, 32 + 8, 32 + 8 },
		[REF_FILES] = { 712, 712, 712 },
		[REF_FS] = { 72, 72, 72 },
		[REF_SIGHAND] = { 2120, 2120, 2120 },
		[REF_SIGNAL] = { 1160, 1160, 1160 },
		[REF_MM] = { 1416, 1800, 1800 },
		[REF_PID] = { 136, 200, 200 },
	};

	return sizes[o][r->v6_12 ? 0 : r->v6 ? 1 : 2];
}

/* refill_stock() */
static void uncharge_pages(struct ref *r, int memcg, uint64_t nr)
{
	uint64_t *stock = &r->memcgs[memcg].stock[r->this_cpu];

	if (r->whole && !memcg)
		return;
	r->nr_kernel -= r->whole ? 0 : (int64_t)nr;
	*stock += nr;
	if (*stock > 64) {
		r->memcgs[memcg].usage -= *stock;
		*stock = 0;
	}
}

/* __refill_obj_stock() */
static void refill(struct ref *r, int memcg, uint64_t bytes, bool allow_uncharge)
{
	const unsigned int cpu = r->this_cpu;
	struct ref_objcg *o = r->objcg;
	uint64_t now = bytes;

	if (o->cpu[cpu].cached[memcg]) {
		now += o->cpu[cpu].bytes[memcg];
	} else {
		now += o->nr_charged_bytes[memcg];
		o->nr_charged_bytes[memcg] = 0;
		o->cpu[cpu].cached[memcg] = true;
		allow_uncharge = true;
	}
	if (now > 65535 || (now > 4096 && allow_uncharge)) {
		o->cpu[cpu].bytes[memcg] = now % 4096;
		uncharge_pages(r, memcg, now / 4096);
	} else {
		o->cpu[cpu].bytes[memcg] = now;
	}
}

/* drain_obj_stock_stats() */
static void drain_stats(struct ref *r, unsigned int cpu)
{
	for (int k = 0; k < 2; k++) {
		r->objcg->nr_slab[r->objcg->cpu[cpu].index][k] += r->objcg->cpu[cpu].unaccounted[k];
		r->objcg->cpu[cpu].unaccounted[k] = 0;
	}
}

/* __account_obj_stock() */
static void account(struct ref *r, int memcg, bool reclaimable, int64_t bytes)
{
	const unsigned int cpu = r->this_cpu;
	struct ref_objcg *o = r->objcg;
	int64_t *kept = &o->cpu[cpu].unaccounted[reclaimable], sum;

	if (!o->cpu[cpu].cached[memcg]) {
		o->nr_slab[memcg][reclaimable] += bytes;
		return;
	}
	if (o->cpu[cpu].index != memcg)
		drain_stats(r, cpu);
	o->cpu[cpu].index = memcg;
	sum = *kept + bytes;
	if (llabs(sum) <= (*kept ? 4096 : 32767)) {
		*kept = sum;
	} else {
		*kept = 0;
		o->nr_slab[memcg][reclaimable] += sum;
	}
}

void ref_drain_obj_stock(struct ref *r, unsigned int cpu)
{
	if (!r->objcg || !r->objcg->cpu[cpu].cached[r->cg - r->memcgs])
		return;
	for (int i = 0; i < r->nr_memcgs; i++) {
		const uint64_t bytes = r->objcg->cpu[cpu].bytes[i];

		r->memcgs[i].usage -= bytes / 4096;
		r->nr_kernel -= r->whole ? 0 : (int64_t)(bytes / 4096);
		r->objcg->nr_charged_bytes[i] += bytes % 4096;
	}
	drain_stats(r, cpu);
	memset(&r->objcg->cpu[cpu], 0, sizeof(r->objcg->cpu[cpu]));
}

static void uncharge_object(struct ref *r, int memcg, bool reclaimable, uint64_t size)
{
	if (r->whole && !memcg)
		return;
	refill(r, memcg, size, true);
	account(r, memcg, reclaimable, -(int64_t)size);
}

void ref_rcu_callbacks(struct ref *r)
{
	const unsigned int cpu = r->this_cpu;

	while (r->objcg && !g_queue_is_empty(&r->objcg->rcu)) {
		struct later *l = g_queue_peek_head(&r->objcg->rcu);

		if (l->at_ns > r->now_ns)
			break;
		g_queue_pop_head(&r->objcg->rcu);
		r->this_cpu = l->cpu;
		for (int64_t i = 0; i < l->nr_pages; i++)
			uncharge_pages(r, l->memcg, 1);
		if (l->bytes)
			uncharge_object(r, l->memcg, l->reclaimable, l->bytes);
		r->this_cpu = cpu;
		g_free(l);
	}
}

static void call_rcu(struct ref *r, int memcg, int nr_pages, bool reclaimable, uint64_t bytes)
{
	const uint64_t tick = (uint64_t)r->m.tick_us * 1000;
	struct later *l = g_new(struct later, 1);

	*l = (struct later){ r->m.op_us ? r->now_ns / tick * tick + 2 * tick : 0,
			     nr_pages,
			     bytes,
			     reclaimable,
			     memcg,
			     r->this_cpu };
	g_queue_push_tail(&r->objcg->rcu, l);
	if (r->m.op_us)
		return;
	ref_rcu_callbacks(r);
}

bool ref_charge_object(struct ref *r, int memcg, bool reclaimable, uint64_t size, enum ref_gfp gfp)
{
	const uint64_t pages = (size + 4095) / 4096;
	uint64_t *bytes = &r->objcg->cpu[r->this_cpu].bytes[memcg];

	ref_rcu_callbacks(r);
	/* obj_cgroup_is_root() */
	if (r->whole && !memcg)
		return true;
	if (r->objcg->cpu[r->this_cpu].cached[memcg] && *bytes >= size) {
		*bytes -= size;
	} else {
		const bool force = gfp == REF_GFP_NOFAIL;

		if (ref_try_charge_memcg(r, memcg, r->this_cpu, pages,
					 force ? REF_GFP_KERNEL : gfp))
			;
		else if (force)
			r->memcgs[memcg].usage += pages;
		else
			return false;
		r->nr_kernel += r->whole ? 0 : (int64_t)pages;
		if (pages * 4096 > size)
			refill(r, memcg, pages * 4096 - size, false);
	}
	account(r, memcg, reclaimable, (int64_t)size);
	return true;
}

void ref_new_object(struct ref *r, int memcg, enum ref_object o)
{
	if (r->objcg && ref_sizeof(r, o))
		ref_charge_object(r, memcg, o <= REF_BUFFER_HEAD, ref_sizeof(r, o), REF_GFP_NOFAIL);
}

void ref_free_object(struct ref *r, int memcg, enum ref_object o)
{
	if (r->objcg && ref_sizeof(r, o))
		uncharge_object(r, memcg, o <= REF_BUFFER_HEAD, ref_sizeof(r, o));
}

void ref_free_object_rcu(struct ref *r, int memcg, enum ref_object o)
{
	if (r->objcg)
		call_rcu(r, memcg, 0, o <= REF_BUFFER_HEAD, ref_sizeof(r, o));
}

static struct ref_anon *anon_of(struct ref *r, uint64_t root)
{
	return &g_array_index(r->objcg->anons, struct ref_anon, root);
}

void ref_new_anon_vma(struct ref *r, uint64_t root, uint64_t parent)
{
	if (!r->objcg)
		return;
	if (r->objcg->anons->len <= root)
		g_array_set_size(r->objcg->anons, (guint)root + 1);
	*anon_of(r, root) = (struct ref_anon){ parent, ref_current_objcg(r) };
	ref_new_object(r, ref_current_objcg(r), REF_ANON_VMA);
}

void ref_new_anon_vma_chains(struct ref *r, struct ref_vma *v)
{
	v->chains_memcg = ref_current_objcg(r);
	if (!r->objcg)
		return;
	for (uint64_t root = v->anon_root; root; root = anon_of(r, root)->parent)
		ref_new_object(r, v->chains_memcg, REF_ANON_VMA_CHAIN);
}

/* does a VMA lead to @root? */
static bool is_led_to(struct ref *r, uint64_t root)
{
	for (int i = 0; i < REF_PROCS_MAX; i++) {
		for (int k = 0; r->procs[i].used && k < r->procs[i].nr_vmas; k++) {
			const struct ref_vma *v = &r->procs[i].vmas[k];

			for (uint64_t at = v->anon_vma ? v->anon_root : 0; at;
			     at = anon_of(r, at)->parent)
				if (at == root)
					return true;
		}
	}
	return false;
}

void ref_free_anon_vma(struct ref *r, struct ref_vma *v)
{
	const bool has = v->anon_vma;

	v->anon_vma = false;
	if (!r->objcg || !has)
		return;
	for (uint64_t root = v->anon_root; root; root = anon_of(r, root)->parent) {
		ref_free_object(r, v->chains_memcg, REF_ANON_VMA_CHAIN);
		if (!is_led_to(r, root))
			ref_free_object(r, anon_of(r, root)->memcg, REF_ANON_VMA);
	}
}

/* Pages */

static void new_kernel_pages(struct ref *r, int memcg, int nr)
{
	if (!r->objcg)
		return;
	ref_rcu_callbacks(r);
	if (r->whole && !memcg)
		return;
	if (!ref_try_charge_memcg(r, memcg, r->this_cpu, nr, REF_GFP_KERNEL))
		r->memcgs[memcg].usage += (uint64_t)nr;
	r->nr_kernel += r->whole ? 0 : nr;
}

void ref_new_kernel_page(struct ref *r, int memcg)
{
	new_kernel_pages(r, memcg, 1);
}

void ref_new_table(struct ref *r, struct ref_table *t)
{
	t->memcg = ref_current_objcg(r);
	ref_alloc_kernel_page(r);
	ref_new_kernel_page(r, t->memcg);
}

void ref_free_table(struct ref *r, const struct ref_table *t)
{
	ref_free_kernel_page(r);
	if (r->objcg)
		uncharge_pages(r, t->memcg, 1);
}

/* the one above of another block of the same 2^@shift pages, if there is one */
static const struct ref_table *sibling(const struct ref *r, const struct ref_proc *p, uint64_t at,
				       int shift)
{
	for (int i = 0; i < REF_VPNS / 512; i++)
		if ((shift == 18 ? p->tables[i].upper : p->tables[i].top) &&
		    ((uint64_t)r->base + (uint64_t)i * 512) >> shift == (r->base + at) >> shift)
			return &p->tables[i];
	return NULL;
}

void ref_new_upper_tables(struct ref *r, struct ref_proc *p, uint64_t at)
{
	const struct ref_table *top = sibling(r, p, at, 27), *upper = sibling(r, p, at, 18);
	struct ref_table *t = &p->tables[at / 512];

	if (t->upper)
		return;
	t->top_memcg = top ? top->top_memcg : ref_current_objcg(r);
	if (!top)
		ref_new_kernel_page(r, t->top_memcg);
	t->upper_memcg = upper ? upper->upper_memcg : ref_current_objcg(r);
	if (!upper)
		ref_new_kernel_page(r, t->upper_memcg);
	t->upper = t->top = true;
}

int ref_nr_tables(const struct ref *r, const struct ref_proc *p, int memcg)
{
	int nr = 0;

	for (uint64_t at = 0; at < REF_VPNS; at += 512) {
		const struct ref_table *t = &p->tables[at / 512];

		nr += t->exists && t->memcg == memcg;
		/* the first of those that share it counts */
		nr += t->upper && t->upper_memcg == memcg && sibling(r, p, at, 18) == t;
		nr += t->top && t->top_memcg == memcg && sibling(r, p, at, 27) == t;
	}
	return nr;
}

void ref_free_tables(struct ref *r, int memcg, int nr)
{
	if (!nr)
		return;
	if (!r->v6_12) {
		call_rcu(r, memcg, nr, false, 0);
	} else if (!r->whole || memcg) {
		/* with the gather: uncharge_batch() */
		r->nr_kernel -= r->whole ? 0 : nr;
		r->memcgs[memcg].usage -= (uint64_t)nr;
	}
}

/* Processes */

/* what a fork allocates after the stack, in its order, and how many of each */
static const struct {
	enum ref_object object;
	int nr;
} fork_objects[] = {
	{ REF_EXEC_STATE, 1 }, { REF_CRED, 1 },	    { REF_CRED_SECURITY, 1 },  { REF_FILES, 1 },
	{ REF_FS, 1 },	       { REF_SIGHAND, 1 },  { REF_SIGNAL, 1 },	       { REF_MM, 1 },
	{ REF_VMA, 10 },       { REF_ANON_VMA, 1 }, { REF_ANON_VMA_CHAIN, 3 }, { REF_PID, 1 },
};

/* of a PGD */
static int pgd_pages(const struct ref *r)
{
	return r->v6_12 ? 2 : 1;
}

void ref_charge_process(struct ref *r, struct ref_proc *p)
{
	const int memcg = p->memcg;

	p->objcg = memcg;
	if (!r->objcg)
		return;
	/* task_struct and its stack; then the rest, and copied page tables with a PGD */
	if (p->forked) {
		ref_new_object(r, memcg, REF_TASK);
		for (int i = 0; i < 4; i++)
			ref_new_kernel_page(r, memcg);
		for (size_t i = 0; i < G_N_ELEMENTS(fork_objects); i++)
			for (int k = 0; k < fork_objects[i].nr; k++)
				ref_new_object(r, memcg, fork_objects[i].object);
		new_kernel_pages(r, memcg, pgd_pages(r));
		for (int i = 0; i < 6; i++)
			ref_new_kernel_page(r, memcg);
	}
	/* it runs: tables of its stack, two pipes, in one of which it writes */
	for (int i = 0; i < 3; i++)
		ref_new_kernel_page(r, memcg);
	ref_new_object(r, memcg, REF_FILE);
	ref_new_object(r, memcg, REF_FILE);
	ref_new_kernel_page(r, memcg);
}

void ref_uncharge_process(struct ref *r, const struct ref_proc *p)
{
	const int memcg = p->objcg;

	if (!r->objcg)
		return;
	ref_free_object(r, memcg, REF_FILE);
	ref_free_object(r, memcg, REF_FILE);
	uncharge_pages(r, memcg, 1);
	if (!p->forked)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(fork_objects); i++)
		for (int k = 0; k < fork_objects[i].nr; k++)
			ref_free_object(r, memcg, fork_objects[i].object);
	uncharge_pages(r, memcg, (uint64_t)pgd_pages(r));
	call_rcu(r, memcg, 4, false, ref_sizeof(r, REF_TASK));
}
