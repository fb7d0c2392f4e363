/* SPDX-License-Identifier: GPL-2.0-only */
/* Reclaim of what is in slab: v7.3 mm/shrinker.c. */
#ifndef REAPSIM_SHRINKER_H
#define REAPSIM_SHRINKER_H

#include "sim/state.h"

/** After the lists were scanned at @priority. */
void shrink_slab(struct sim *s, const struct mem_cgroup *memcg, int priority);

#endif
