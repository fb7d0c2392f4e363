/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking and giving back pages: the memcg limit or the watermarks. */
#ifndef REAPSIM_CHARGE_H
#define REAPSIM_CHARGE_H

#include "sim/sim.h"

/**
 * charge_page - allocate one page for a task on @cpu, reclaiming if need be.
 * Return: 0, or -ENOMEM with s->oom set when nothing is left to reclaim.
 */
int charge_page(struct sim *s, unsigned int cpu);
/** One page is free again. */
void uncharge_page(struct sim *s);
/** Sets the watermarks of a whole-machine run. */
void charge_init(struct sim *s);
/** Free pages as the limit that is in force sees them. */
uint64_t free_pages(const struct sim *s);

#endif
