/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's OOM killer: v7.3 mm/oom_kill.c. */
#ifndef REAPSIM_OOM_KILL_H
#define REAPSIM_OOM_KILL_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** struct mm_pages - the memory of an address space, in pages: get_mm_rss(), MM_SWAPENTS
 * and the page tables of the lowest level. */
struct mm_pages {
	uint64_t rss, swap, tables;
};

/** Count the pages of @mm by walking its page tables. */
void mm_count_pages(const struct mm *mm, struct mm_pages *out);

/**
 * out_of_memory - called when the current task can reclaim nothing more. v7.3
 * mm/oom_kill.c.
 * @wait: wait for a victim that is already dying, as an allocation does
 * Return: true if the caller should try again: a victim was found, or one is dying. If
 * false, s->oom is set: there is no process to kill, or the run has no OOM killer
 * (s->hooks).
 */
bool out_of_memory(struct sim *s, const struct mem_cgroup *memcg, bool wait);

#endif
