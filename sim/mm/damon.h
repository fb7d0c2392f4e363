/* SPDX-License-Identifier: GPL-2.0-only */
/* DAMON_STAT, the monitor that kernels since 6.18 start at boot (machine key damon_stat). */
#ifndef REAPSIM_DAMON_H
#define REAPSIM_DAMON_H

#include "sim/state.h"

/** damon_stat_start(): start the monitor at the time 0. s->damon stays NULL if the machine has
 * none. */
void damon_start(struct sim *s);
void damon_free(struct sim *s);
/** kdamond_fn(): time has passed; take the samples that are due. */
void damon_tick(struct sim *s);
/** Its interval between two samples now, and the number of its regions. */
uint64_t damon_sample_us(const struct sim *s);
uint32_t damon_nr_regions(const struct sim *s);

#endif
