/* SPDX-License-Identifier: GPL-2.0-only */
/* Which cgroup is charged, and what one writes to files of a cgroup: v7.3 mm/memcontrol.c. */
#ifndef REAPSIM_MEMCONTROL_H
#define REAPSIM_MEMCONTROL_H

#include "sim/state.h"

/** current_memcg() where the run has several. */
struct mem_cgroup *memcg_of_current(struct sim *s);
/** mem_cgroup_from_task(): the memcg that the task of the current operation is charged to. */
static inline struct mem_cgroup *current_memcg(struct sim *s)
{
	return __builtin_expect(s->nr_memcgs > 1, 0) ? memcg_of_current(s) : s->memcg;
}
/** mem_cgroup_iter(): the first memcg that reclaim of the root goes through, or the one after
 * @prev. kswapd goes through all of them. Direct reclaim goes on where others left off, and ends
 * with the last one or when another has completed the round. Return: NULL at the end. */
struct mem_cgroup *mem_cgroup_iter(struct sim *s, struct mem_cgroup *prev, struct scan_control *sc);
/** mem_cgroup_attach() for the process of @mm: the memcg @to is charged from now on. What was
 * charged before stays. */
void mem_cgroup_attach(struct sim *s, struct mm *mm, uint8_t to);
/** mem_cgroup_flush_stats(): decisions see the current statistics of all memcgs. */
void mem_cgroup_flush_stats(struct sim *s);
/** The same if struct op_times has a flush here: in the current operation, which begins (@nr 0) or
 * has just read @nr pages with one request. */
void mem_cgroup_flush_recorded(struct sim *s, uint32_t nr);
/** memory_max_write(): the limit becomes @max pages, and what exceeds it is reclaimed.
 * Return: 0; -ENOMEM if not even the OOM killer can help. */
int memory_max_write(struct sim *s, struct mem_cgroup *memcg, uint64_t max);
/** user_proactive_reclaim(): memory.reclaim of @nr_to_reclaim pages; gives up where the
 * kernel returns -EAGAIN. */
void user_proactive_reclaim(struct sim *s, struct mem_cgroup *memcg, uint64_t nr_to_reclaim,
			    uint32_t swappiness);

#endif
