/* SPDX-License-Identifier: GPL-2.0-only */
/* What one writes to files of the run's cgroup: v7.3 mm/memcontrol.c. */
#ifndef REAPSIM_MEMCONTROL_H
#define REAPSIM_MEMCONTROL_H

#include "sim/state.h"

/** memory_max_write(): the limit becomes @max pages, and what exceeds it is reclaimed.
 * Return: 0; -ENOMEM if not even the OOM killer can help. */
int memory_max_write(struct sim *s, uint64_t max);
/** user_proactive_reclaim(): memory.reclaim of @nr_to_reclaim pages; gives up where the
 * kernel returns -EAGAIN. */
void user_proactive_reclaim(struct sim *s, uint64_t nr_to_reclaim, uint32_t swappiness);

#endif
