// SPDX-License-Identifier: GPL-2.0-only
#include "sim/time/timer_wheel.h"

#define LVL_CLK_SHIFT 3
#define LVL_SIZE      64
#define LVL_DEPTH     9 /* 8 if HZ <= 100, which only matters to delays of years */

uint64_t timer_expires(uint64_t now_ns, uint64_t delay_ns, uint64_t tick_ns)
{
	const uint64_t jiffies = now_ns / tick_ns, delay = (delay_ns + tick_ns - 1) / tick_ns;
	unsigned int shift = 0;

	/* LVL_START() of the next level */
	for (int lvl = 1; lvl < LVL_DEPTH; lvl++) {
		if (delay < (uint64_t)(LVL_SIZE - 1) << shift)
			break;
		shift += LVL_CLK_SHIFT;
	}
	return (((jiffies + delay) >> shift) + 1) * (tick_ns << shift);
}
