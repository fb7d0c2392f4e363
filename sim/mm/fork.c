// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 kernel/fork.c copy_process(), as far as its memory is charged.
 *
 * Approximations: the numbers are those of a process of the player, seen with the kernel's trace
 * events on v7.3.4 and v7.3-rc7: a static program with ten mappings and two pipes. Other
 * programs have more mappings. In a whole machine a process takes them as pages, in one piece.
 */
#include "sim/mm/fork.h"

#include "sim/mm/objcg.h"
#include "sim/mm/page_alloc.h"

/* of a whole machine: kernel stack 4, slab 5, page tables 10, not counting those of the trace's
 * pages */
#define PROCESS_KERNEL_PAGES 19

#define TASK_STRUCT_BYTES 9032
#define STACK_PAGES	  4
#define PGD_PAGES	  1
/* of each of two ranges that are copied, and of the stack: PUD, PMD and PTEs */
#define COPIED_TABLES 6
#define OWN_TABLES    3
#define NR_PIPES      2 /* ends that it opens */
#define PIPE_PAGES    1 /* buffer of what it writes */

/* what copy_process() allocates after the stack, in its order */
static const uint16_t objects[] = {
	/* task_exec_state, cred, its security blob, files, fs, sighand, signal, mm */
	40, 200, 40, 712, 72, 2120, 1160, 1800,
	/* VMAs of the program */
	200, 200, 200, 200, 200, 200, 200, 200, 200, 200,
	/* anon_vma, anon_vma_chain, pid */
	104, 72, 72, 72, 200
};

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
		obj_charge_nofail(s, memcg, SLAB_UNRECLAIMABLE, TASK_STRUCT_BYTES);
		charge_pages(s, memcg, STACK_PAGES);
		for (size_t i = 0; i < G_N_ELEMENTS(objects); i++)
			obj_charge_nofail(s, memcg, SLAB_UNRECLAIMABLE, objects[i]);
		charge_pages(s, memcg, PGD_PAGES + COPIED_TABLES);
	}
	charge_pages(s, memcg, OWN_TABLES);
	for (int i = 0; i < NR_PIPES; i++)
		obj_charge_nofail(s, memcg, SLAB_UNRECLAIMABLE, s->cfg.kernel->slab.file);
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
	for (int i = 0; i < NR_PIPES; i++)
		obj_uncharge(s, memcg, SLAB_UNRECLAIMABLE, s->cfg.kernel->slab.file);
	obj_uncharge_pages(s, memcg, PIPE_PAGES);
	if (!forked)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(objects); i++)
		obj_uncharge(s, memcg, SLAB_UNRECLAIMABLE, objects[i]);
	obj_uncharge_pages(s, memcg, PGD_PAGES);
	obj_uncharge_rcu(s, memcg, STACK_PAGES, SLAB_UNRECLAIMABLE, TASK_STRUCT_BYTES);
}

void process_alloc(struct sim *s, uint8_t memcg, bool forked)
{
	alloc_kernel_pages(s, PROCESS_KERNEL_PAGES);
	process_charge(s, memcg, forked);
}

void process_free(struct sim *s, uint8_t memcg, bool forked)
{
	free_kernel_pages(s, PROCESS_KERNEL_PAGES);
	process_uncharge(s, memcg, forked);
}
