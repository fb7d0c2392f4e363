/* SPDX-License-Identifier: GPL-2.0-only */
/* kswapd. */
#ifndef REAPSIM_KSWAPD_H
#define REAPSIM_KSWAPD_H

#include "sim/state.h"

/** wakeup_kswapd(): it has work to do. Where reclaim takes no time
 * (scan_ns 0) it is done when this returns. */
void wakeup_kswapd(struct sim *s);
/** A timed run: the body of kswapd's task. */
void kswapd_main(struct sim *s, void *arg);

/* An untimed run: */

/** kswapd works until @end or until it sleeps; a step may end later. */
void kswapd_run(struct sim *s, uint64_t end);
/** It has a CPU to itself until @end. */
void kswapd_run_alone(struct sim *s, uint64_t end);
/** A light sleep that ends before @end is followed by a sound one, or by more work.
 * Return: true if that is what follows. */
bool kswapd_light_sleep_ends(struct sim *s, uint64_t end);

#endif
