// SPDX-License-Identifier: GPL-2.0-only
/* sim/time/timer_wheel.c: what calc_wheel_index() makes of a delay, by hand. */
#include <CUnit/CUnit.h>

#include "sim/time/timer_wheel.h"
#include "tests/unit/testlib.h"

void suite_timer_wheel(void);

/* in jiffies of 4 ms */
static const struct {
	uint64_t now, delay, expires;
	const char *what;
} cases[] = {
	{ 0, 0, 1, "never before the next jiffy" },
	{ 0, 1, 2, "level 0: the jiffy may be about to end" },
	{ 7, 62, 70, "level 0" },
	{ 0, 63, 64, "level 1: 8 jiffies" },
	{ 1, 63, 72, "64 is over when the timer may expire" },
	{ 0, 500, 504, "the flusher's 2 s" },
	{ 504, 500, 1008, "and again" },
	{ 3, 500, 504, "set a little later" },
	{ 4, 500, 512, "504 + 8" },
	{ 0, 503, 504, "the last delay of level 1" },
	{ 0, 504, 512, "level 2: 64 jiffies" },
	{ 0, 1250, 1280, "5 s" },
	{ 0, 4031, 4032, "the last delay of level 2" },
	{ 0, 4032, 4096, "level 3: 512 jiffies" },
	{ 0, 7500, 7680, "30 s" },
};

static void test_expires(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const uint64_t tick = 4000000;

		TL_EQ(timer_expires(cases[i].now * tick, cases[i].delay * tick, tick),
		      cases[i].expires * tick, "%s", cases[i].what);
		TL_EQ(timer_expires(cases[i].now * tick + tick - 1, cases[i].delay * tick, tick),
		      cases[i].expires * tick, "%s, at the end of the jiffy", cases[i].what);
	}
	TL_EQ(timer_expires(0, 2000000000, 1000000), 2048000000, "2 s at 1000 Hz");
	TL_EQ(timer_expires(0, 2000000001, 4000000), 2016000000, "a part of a jiffy is a jiffy");
}

/* It never expires early, nor later than a bucket of its level after the time: less than 1/7. */
static void test_bounds(void)
{
	const uint64_t tick = 1000000;

	for (uint64_t delay = 0; delay < 100000; delay += 1 + delay / 16)
		for (uint64_t now = 0; now < 1000; now += 37) {
			const uint64_t at = timer_expires(now * tick, delay * tick, tick) / tick;

			CU_ASSERT(at > now + delay);
			CU_ASSERT(at - now - delay <= 1 + delay / 7);
		}
}

void suite_timer_wheel(void)
{
	CU_pSuite s = CU_add_suite("timer wheel", NULL, NULL);

	CU_add_test(s, "when a timer expires", test_expires);
	CU_add_test(s, "neither early nor much too late", test_bounds);
}
