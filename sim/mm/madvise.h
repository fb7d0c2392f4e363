/* SPDX-License-Identifier: GPL-2.0-only */
/* Advice about mapped memory: v7.3 mm/madvise.c. */
#ifndef REAPSIM_MADVISE_H
#define REAPSIM_MADVISE_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** madvise_update_vma(): set the flags of @mask to @flags in a range, splitting VMAs at its ends
 * or merging them. */
void madvise_update_vma(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages, uint32_t mask,
			uint32_t flags);
/**
 * do_madvise() - enum madvise for a range that is mapped, by a task on s->this_cpu, which may be
 * of another process.
 * Return: 0; -ENOMEM; -EINTR: the process of the task was killed.
 */
int do_madvise(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages, enum madvise advice);

#endif
