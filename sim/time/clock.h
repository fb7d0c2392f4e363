/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock of a run, and the event queue of a timed run. Time is in integer nanoseconds.
 * Only clock_advance() moves it, and calls the hook of the clock's owner.
 *
 * The order of dispatch is total and part of the contract: by time; at equal times in the
 * order of the pushes. A timer that is cancelled and pushed again counts as pushed last.
 *
 * The embedding struct owns a timer. The queue is an array that only grows, so pushing,
 * popping and cancelling do not allocate in steady state. O(log n).
 */
#ifndef REAPSIM_CLOCK_H
#define REAPSIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/** struct timer - zeroed at first; @fn and @arg are the owner's. */
struct timer {
	uint64_t at_ns;
	uint32_t place;	 /* in the queue, from 1; 0: not queued */
	bool background; /* set by its owner: the run may end while it is queued */
	void (*fn)(void *arg);
	void *arg;
};

struct clock_entry {
	uint64_t at_ns, seq;
	struct timer *timer;
};

/** struct clock - a 4-ary heap with the keys in the array, so that comparisons do not access
 * the timers. */
struct clock {
	uint64_t now_ns;
	void (*passed)(void *arg, uint64_t from_ns); /* time moved from @from_ns; or NULL */
	void *arg;
	struct clock_entry *heap; /* from index 1 */
	uint32_t nr, cap, nr_background;
	uint64_t seq;
};

/** Start at 0 ns with an empty queue. */
void clock_init(struct clock *c);
void clock_clear(struct clock *c);
/** Advance by @ns. The caller pops the timers that are due. */
void clock_advance(struct clock *c, uint64_t ns);
/** Advance to @at_ns, unless it has passed. */
void clock_advance_to(struct clock *c, uint64_t at_ns);
/** Queue @t, which must not be queued, for @at_ns. */
void clock_push(struct clock *c, struct timer *t, uint64_t at_ns);
/** Remove @t from the queue if it is queued. */
void clock_cancel(struct clock *c, struct timer *t);
/** Remove and return the first timer; NULL if the queue is empty. */
struct timer *clock_pop(struct clock *c);

/** Due time of the first timer, in ns; UINT64_MAX if the queue is empty. */
static inline uint64_t clock_next(const struct clock *c)
{
	return c->nr ? c->heap[1].at_ns : UINT64_MAX;
}

static inline bool timer_queued(const struct timer *t)
{
	return t->place != 0;
}

#endif
