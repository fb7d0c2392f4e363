/* SPDX-License-Identifier: GPL-2.0-only */
/* Unmapping: munmap, exit, reap. v7.3 mm/memory.c, oom_kill.c. */
#ifndef REAPSIM_ZAP_H
#define REAPSIM_ZAP_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** munmap() of a range of a living process. */
void zap_unmap(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages);
/** zap_vma_range_batched() of MADV_DONTNEED: unmap what is there and keep the mappings. */
void zap_range(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages);
/** exit_mmap(): all mappings, lowest address first. */
void exit_mmap(struct sim *s, struct mm *mm);
/**
 * dup_mmap_fail - a fork() that fails after all mappings are copied.
 * v7.3 dup_mmap() unmaps the copy itself, while mm_users is still 1 and before
 * it sets MMF_UNSTABLE; exit_mmap() finds nothing. Up to v6.12 exit_mmap() unmaps
 * the copy, from an unstable mm. In both the copied entries are old.
 */
void dup_mmap_fail(struct sim *s, struct mm *parent);
/**
 * oom_reap_task_mm(): set MMF_UNSTABLE and unmap private and anonymous mappings,
 * highest VMA first. VM_SHARED file mappings are left to exit_mmap().
 * @mrelease_flags: flags of the process_mrelease() call, or those of the policy for the
 *	OOM reaper
 */
void oom_reap_task_mm(struct sim *s, struct mm *mm, uint32_t mrelease_flags);

/** unmap_mapping_range() of a file that gets shorter: unmap its pages from @first on everywhere,
 * and the copies that private mappings have of them. */
void unmap_mapping_pages(struct sim *s, uint32_t file, uint32_t first);

#endif
