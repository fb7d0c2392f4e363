/* SPDX-License-Identifier: GPL-2.0-only */
/* When a timer of the kernel expires: v7.3 kernel/time/timer.c. */
#ifndef REAPSIM_TIMER_WHEEL_H
#define REAPSIM_TIMER_WHEEL_H

#include <stdint.h>

/**
 * timer_expires() - add_timer() of a timer that is due @delay_ns after @now_ns
 * @tick_ns: length of a jiffy
 *
 * Mirrors calc_wheel_index(): the wheel's level for the delay rounds the time up to its
 * granularity, 1, 8, 64... jiffies. 2 s at 250 Hz are between 2.004 and 2.032 s, and 2.016 s
 * from one expiry to the next. Return: when it expires, in ns.
 *
 * Approximations: jiffies began at 0 ns, as did the clock, and the wheel is up to date. The
 * timer is not deferrable: a deferrable one waits for the next interrupt of its CPU if that is
 * idle and has no tick.
 */
uint64_t timer_expires(uint64_t now_ns, uint64_t delay_ns, uint64_t tick_ns);

#endif
