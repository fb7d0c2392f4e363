/* SPDX-License-Identifier: GPL-2.0-only */
/* kswapd, and who has the CPU while it is awake. */
#ifndef REAPSIM_KSWAPD_H
#define REAPSIM_KSWAPD_H

#include "sim/sim.h"

/** wakeup_kswapd(): it has work to do. Where reclaim takes no time
 * (scan_ns 0) it is done when this returns. */
void wakeup_kswapd(struct sim *s);
/** The task that runs needs the CPU for @ns. */
void task_run(struct sim *s, uint64_t ns);
/** The task that runs waits for @ns, for the device or a timer. */
void task_wait(struct sim *s, uint64_t ns);
/** The same between two operations: nobody of the trace goes on when it is over. */
void task_idle(struct sim *s, uint64_t ns);
/** A timed run: the current task uses the CPU for what it owes (task_owe()). */
void task_pay(struct sim *s);
/** A timed run: the body of kswapd's task. */
void kswapd_main(struct sim *s, void *arg);

#endif
