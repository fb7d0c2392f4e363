/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event queue of a timed run. Time is integer nanoseconds. The order of
 * dispatch is total and part of the contract: by time, and of equal times by the
 * order in which they were pushed. A timer that is cancelled and pushed again
 * counts as pushed last.
 *
 * Timers belong to whoever embeds them; the queue is an array that only grows, so
 * pushing, popping and cancelling allocate nothing in steady state. O(log n).
 */
#ifndef REAPSIM_CLOCK_H
#define REAPSIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/** struct timer - zeroed at first; @fn and @arg are the owner's. */
struct timer {
	uint64_t at_ns;
	uint32_t place;	 /* in the queue, from 1; 0: not queued */
	bool background; /* set by its owner: nothing that could end a run waits for it */
	void (*fn)(void *arg);
	void *arg;
};

struct clock_entry {
	uint64_t at_ns, seq;
	struct timer *timer;
};

/** struct clock - a 4-ary heap; its keys lie in the array, timers are not
 * touched by comparing. */
struct clock {
	struct clock_entry *heap; /* from index 1 */
	uint32_t nr, cap, nr_background;
	uint64_t seq;
};

void clock_init(struct clock *c);
void clock_clear(struct clock *c);
/** Queue @t, which must not be queued, for @at_ns. */
void clock_push(struct clock *c, struct timer *t, uint64_t at_ns);
/** Take @t out if it is queued. */
void clock_cancel(struct clock *c, struct timer *t);
/** Take the first timer out; NULL if there is none. */
struct timer *clock_pop(struct clock *c);

/** When the first timer is due; UINT64_MAX if there is none. */
static inline uint64_t clock_next(const struct clock *c)
{
	return c->nr ? c->heap[1].at_ns : UINT64_MAX;
}

static inline bool timer_queued(const struct timer *t)
{
	return t->place != 0;
}

#endif
