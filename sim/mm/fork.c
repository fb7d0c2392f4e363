// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 kernel/fork.c copy_process(), as far as its memory is charged.
 *
 * Approximations: what there is of each is that of a process of the player, seen with the kernel's
 * trace events on v7.3.4 and v7.3-rc7: a static program with ten mappings and two pipes. Other
 * programs have more mappings. The sizes that differ between kernels are in struct slab_sizes. In a
 * whole machine a process takes pages, in one piece, and as many on each kernel.
 */
#include "sim/mm/fork.h"

#include "sim/mm/objcg.h"
#include "sim/mm/page_alloc.h"

/* of a whole machine: kernel stack 4, slab 5, page tables 10, not counting those of the trace's
 * pages */
#define PROCESS_KERNEL_PAGES 19

#define STACK_PAGES 4
/* of each of two ranges that are copied, and of the stack: PUD, PMD and PTEs */
#define COPIED_TABLES 6
#define OWN_TABLES    3
#define NR_PIPE_ENDS  2 /* that it opens */
#define PIPE_PAGES    1 /* buffer of what it writes */

/* Call @fn for each object that copy_process() allocates after the stack, in its order. */
static void each_copied_object(struct sim *s, uint8_t memcg, object_fn fn)
{
	const struct slab_sizes *size = &s->cfg.kernel->slab;
	const struct {
		uint16_t bytes, nr;
	} objects[] = {
		{ size->task_exec_state, 1 },
		{ 200, 1 }, /* cred */
		{ size->cred_security, 1 },
		{ 712, 1 },  /* files */
		{ 72, 1 },   /* fs */
		{ 2120, 1 }, /* sighand */
		{ 1160, 1 }, /* signal */
		{ size->mm_struct, 1 },
		{ size->vma, 10 }, /* of the program */
		{ size->anon_vma, 1 },
		{ size->anon_vma_chain, 3 },
		{ size->pid, 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(objects); i++)
		for (int k = 0; objects[i].bytes && k < objects[i].nr; k++)
			fn(s, memcg, SLAB_UNRECLAIMABLE, objects[i].bytes);
}

static void each_pipe_end(struct sim *s, uint8_t memcg, object_fn fn)
{
	for (int i = 0; i < NR_PIPE_ENDS; i++)
		fn(s, memcg, SLAB_UNRECLAIMABLE, s->cfg.kernel->slab.file);
}

/* pgd_alloc(): of one piece */
static uint32_t pgd_pages(const struct sim *s)
{
	return s->cfg.kernel->pgd_pair ? 2 : 1;
}

static void charge_pages(struct sim *s, uint8_t memcg, unsigned int nr)
{
	while (nr--)
		obj_charge_pages(s, memcg, 1);
}

void process_charge(struct sim *s, uint8_t memcg, bool forked)
{
	if (!s->objcg)
		return;
	if (forked) {
		obj_charge_nofail(s, memcg, SLAB_UNRECLAIMABLE, s->cfg.kernel->slab.task_struct);
		charge_pages(s, memcg, STACK_PAGES);
		each_copied_object(s, memcg, obj_charge_nofail);
		obj_charge_pages(s, memcg, pgd_pages(s));
		charge_pages(s, memcg, COPIED_TABLES);
	}
	charge_pages(s, memcg, OWN_TABLES);
	each_pipe_end(s, memcg, obj_charge_nofail);
	charge_pages(s, memcg, PIPE_PAGES);
}

unsigned int process_tables(bool forked)
{
	return OWN_TABLES + (forked ? COPIED_TABLES : 0);
}

void process_uncharge(struct sim *s, uint8_t memcg, bool forked)
{
	if (!s->objcg)
		return;
	each_pipe_end(s, memcg, obj_uncharge);
	obj_uncharge_pages(s, memcg, PIPE_PAGES);
	if (!forked)
		return;
	each_copied_object(s, memcg, obj_uncharge);
	obj_uncharge_pages(s, memcg, pgd_pages(s));
	obj_uncharge_rcu(s, memcg, STACK_PAGES, SLAB_UNRECLAIMABLE,
			 s->cfg.kernel->slab.task_struct);
}

/* Pages of all processes of a whole machine, of which a sample has a share */
static unsigned int whole_pages(const struct sim *s)
{
	return s->nr_process_pages / s->cfg.one_in;
}

void process_alloc(struct sim *s, uint8_t memcg, bool forked)
{
	const unsigned int before = whole_pages(s);

	s->nr_process_pages += PROCESS_KERNEL_PAGES;
	alloc_kernel_pages(s, whole_pages(s) - before);
	process_charge(s, memcg, forked);
}

void process_free(struct sim *s, uint8_t memcg, bool forked)
{
	const unsigned int before = whole_pages(s);

	s->nr_process_pages -= PROCESS_KERNEL_PAGES;
	free_kernel_pages(s, before - whole_pages(s));
	process_uncharge(s, memcg, forked);
}
