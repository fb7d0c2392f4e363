/* SPDX-License-Identifier: GPL-2.0-only */
/* kswapd: v7.3 mm/vmscan.c. */
#ifndef REAPSIM_KSWAPD_H
#define REAPSIM_KSWAPD_H

#include "sim/state.h"

/** wakeup_kswapd(): give kswapd work, for an allocation of 2^@order pages. If reclaim takes no time
 * (scan_ns 0), kswapd has finished when this returns. */
void wakeup_kswapd(struct sim *s, unsigned int order);
/** The body of kswapd's task in a timed run. */
void kswapd_main(struct sim *s, void *arg);

/* Only for an untimed run: */

/** Run kswapd until @end (ns) or until it sleeps. Its last step may end later. */
void kswapd_run(struct sim *s, uint64_t end);
/** Run kswapd on a CPU of its own until @end (ns). */
void kswapd_run_alone(struct sim *s, uint64_t end);
/** kswapd_try_to_sleep(): end a light sleep that is over before @end (ns). A sound sleep
 * follows, or more work.
 * Return: true if more work follows. */
bool kswapd_light_sleep_ends(struct sim *s, uint64_t end);

#endif
