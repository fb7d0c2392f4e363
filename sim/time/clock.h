/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The time of a run, and the event queue of a timed one. Time is integer
 * nanoseconds. It passes by clock_advance() only, and the owner of the clock is told.
 *
 * The order of dispatch is total and part of the contract: by time, and of equal
 * times by the order in which they were pushed. A timer that is cancelled and pushed
 * again counts as pushed last.
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
	uint64_t now_ns;
	void (*passed)(void *arg, uint64_t from_ns); /* it was @from_ns until now; or NULL */
	void *arg;
	struct clock_entry *heap; /* from index 1 */
	uint32_t nr, cap, nr_background;
	uint64_t seq;
};

/** It is 0, and nothing is queued. */
void clock_init(struct clock *c);
void clock_clear(struct clock *c);
/** @ns pass. Timers that are due are the caller's to pop. */
void clock_advance(struct clock *c, uint64_t ns);
/** The same until @at_ns, if that is not over. */
void clock_advance_to(struct clock *c, uint64_t at_ns);
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
