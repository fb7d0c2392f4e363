/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's OOM killer: v7.3 mm/oom_kill.c. */
#ifndef REAPSIM_OOM_KILL_H
#define REAPSIM_OOM_KILL_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** struct mm_pages - what an address space holds: get_mm_rss(), MM_SWAPENTS and
 * the tables of the lowest level. */
struct mm_pages {
	uint64_t rss, swap, tables;
};

/** Counts them afresh. */
void mm_count_pages(const struct mm *mm, struct mm_pages *out);

/**
 * out_of_memory - nothing is left to reclaim for the current task, which waits for a
 * victim that is dying already if it is to @wait, as an allocation does.
 * Return: true if it should try again: a victim was found, or one is dying. Else
 * s->oom is set: there is nobody to kill, or the run has no OOM killer (s->hooks).
 */
bool out_of_memory(struct sim *s, bool wait);

#endif
