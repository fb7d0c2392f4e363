// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memcontrol.c memory_max_write() and mm/vmscan.c user_proactive_reclaim();
 * v6.12 has the latter as memory_reclaim(). sim/mm/charge.c charges the memcg.
 *
 * Approximation: a signal does not interrupt the writer, who is no process of the trace.
 */
#include "sim/mm/memcontrol.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/oom_kill.h"
#include "sim/mm/reclaim.h"

int memory_max_write(struct sim *s, uint64_t max)
{
	unsigned int nr_reclaims = MAX_RECLAIM_RETRIES;
	bool drained = false;

	s->cfg.machine.memcg_pages = (uint32_t)max;
	while (s->memcg_usage > max) {
		if (!drained) {
			drain_all_stock(s);
			drained = true;
		} else if (nr_reclaims) {
			if (!try_to_free_mem_cgroup_pages(s, s->memcg_usage - max, GFP_KERNEL,
							  NULL))
				nr_reclaims--;
		} else if (!out_of_memory(s, true)) {
			return -ENOMEM;
		}
	}
	return 0;
}

void user_proactive_reclaim(struct sim *s, uint64_t nr_to_reclaim, uint32_t swappiness)
{
	unsigned int nr_retries = MAX_RECLAIM_RETRIES;
	uint64_t nr_reclaimed = 0;

	while (nr_reclaimed < nr_to_reclaim) {
		uint64_t reclaimed;

		if (!nr_retries)
			lru_add_drain_all(s);
		reclaimed = try_to_free_mem_cgroup_pages(s, (nr_to_reclaim - nr_reclaimed) / 4,
							 GFP_KERNEL, &swappiness);
		if (!reclaimed && !nr_retries--)
			return;
		nr_reclaimed += reclaimed;
	}
}
