/* SPDX-License-Identifier: GPL-2.0-only */
/* Unmapping: munmap, exit, reap. v7.3 mm/memory.c, mmu_gather.c, oom_kill.c. */
#ifndef REAPSIM_ZAP_H
#define REAPSIM_ZAP_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** munmap() of a range of a living process. */
void zap_unmap(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages);
/** exit_mmap(): all mappings, lowest address first. */
void exit_mmap(struct sim *s, struct mm *mm);
/**
 * dup_mmap_fail - a fork() that fails once all mappings are copied.
 * v7.3 dup_mmap() unmaps the copy itself, while mm_users is still 1 and before
 * it sets MMF_UNSTABLE; exit_mmap() finds nothing. (Up to v6.12 exit_mmap() does
 * it, of an unstable mm. The copied entries are old in either.)
 */
void dup_mmap_fail(struct sim *s, struct mm *parent);
/**
 * oom_reap_task_mm(): sets MMF_UNSTABLE and unmaps, highest VMA first, what is
 * private or anonymous; VM_SHARED file mappings are left to exit_mmap().
 * @mrelease_flags: of the process_mrelease() call, or what the policy gives the OOM reaper
 */
void oom_reap_task_mm(struct sim *s, struct mm *mm, uint32_t mrelease_flags);

/** Free sim.gathers: a run has as many as unmappings that were under way at once. */
void mmu_gathers_free(struct mmu_gather *all);
/** Every reference that gathers hold, except to large folios: for sim_check(). */
void mmu_gathers_each_ref(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg);

#endif
