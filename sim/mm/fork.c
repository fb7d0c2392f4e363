// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 kernel/fork.c copy_process(), as far as its memory is charged.
 *
 * Approximations: what there is of each is that of a process of the player, seen with the kernel's
 * trace events on v7.3.4 and v7.3-rc7: a static program with ten mappings and two pipes. Other
 * programs have more mappings. The sizes of objects are measured for each kernel. In a whole
 * machine a process takes pages, in one piece, and as many on each kernel.
 */
#include "sim/mm/fork.h"

#include <string.h>

#include "sim/mm/objcg.h"
#include "sim/mm/page_alloc.h"

/* of a whole machine: kernel stack 4, slab 5, page tables 10, not counting those of the trace's
 * pages */
#define PROCESS_KERNEL_PAGES 19

#define STACK_PAGES 4
/* of each of two ranges that are copied, and of the stack: PUD, PMD and PTEs */
#define COPIED_TABLES 6
#define OWN_TABLES    3
#define NR_PIPES      2 /* ends that it opens */
#define PIPE_PAGES    1 /* buffer of what it writes */

#define NR_OBJECTS 23

/* What copy_process() allocates after the stack, in its order: bytes of each object. */
static void process_objects(const struct sim *s, uint16_t bytes[NR_OBJECTS])
{
	const struct slab_sizes *size = &s->cfg.kernel->slab;
	const uint16_t vma = size->vma, avc = size->anon_vma_chain;
	const uint16_t objects[NR_OBJECTS] = {
		/* cred and its security blob, files, fs, sighand, signal */
		size->task_exec_state, 200, size->cred_security, 712, 72, 2120, 1160,
		size->mm_struct,
		/* VMAs of the program */
		vma, vma, vma, vma, vma, vma, vma, vma, vma, vma, size->anon_vma, avc, avc, avc,
		size->pid
	};

	memcpy(bytes, objects, sizeof(objects));
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
		uint16_t bytes[NR_OBJECTS];

		process_objects(s, bytes);
		obj_charge_nofail(s, memcg, SLAB_UNRECLAIMABLE, s->cfg.kernel->slab.task_struct);
		charge_pages(s, memcg, STACK_PAGES);
		for (int i = 0; i < NR_OBJECTS; i++)
			if (bytes[i])
				obj_charge_nofail(s, memcg, SLAB_UNRECLAIMABLE, bytes[i]);
		obj_charge_pages(s, memcg, pgd_pages(s));
		charge_pages(s, memcg, COPIED_TABLES);
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
	uint16_t bytes[NR_OBJECTS];

	if (!s->objcg)
		return;
	for (int i = 0; i < NR_PIPES; i++)
		obj_uncharge(s, memcg, SLAB_UNRECLAIMABLE, s->cfg.kernel->slab.file);
	obj_uncharge_pages(s, memcg, PIPE_PAGES);
	if (!forked)
		return;
	process_objects(s, bytes);
	for (int i = 0; i < NR_OBJECTS; i++)
		if (bytes[i])
			obj_uncharge(s, memcg, SLAB_UNRECLAIMABLE, bytes[i]);
	obj_uncharge_pages(s, memcg, pgd_pages(s));
	obj_uncharge_rcu(s, memcg, STACK_PAGES, SLAB_UNRECLAIMABLE,
			 s->cfg.kernel->slab.task_struct);
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
