// SPDX-License-Identifier: GPL-2.0-only
#include "sim/time/clock.h"

#include <glib.h>

#define ARITY 4

void clock_init(struct clock *c)
{
	*c = (struct clock){ .cap = 64 };
	c->heap = g_new(struct clock_entry, c->cap);
}

void clock_clear(struct clock *c)
{
	g_free(c->heap);
	*c = (struct clock){ .heap = NULL };
}

void clock_advance(struct clock *c, uint64_t ns)
{
	const uint64_t from = c->now_ns;

	c->now_ns += ns;
	if (c->passed)
		c->passed(c->arg, from);
}

void clock_advance_to(struct clock *c, uint64_t at_ns)
{
	if (c->now_ns < at_ns)
		clock_advance(c, at_ns - c->now_ns);
}

static bool before(const struct clock_entry *a, const struct clock_entry *b)
{
	return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->seq < b->seq);
}

static void put(struct clock *c, uint32_t place, struct clock_entry e)
{
	c->heap[place] = e;
	e.timer->place = place;
}

static uint32_t parent(uint32_t place)
{
	return (place - 2) / ARITY + 1;
}

static void sift_up(struct clock *c, uint32_t place, struct clock_entry e)
{
	while (place > 1 && before(&e, &c->heap[parent(place)])) {
		put(c, place, c->heap[parent(place)]);
		place = parent(place);
	}
	put(c, place, e);
}

static void sift_down(struct clock *c, uint32_t place, struct clock_entry e)
{
	for (;;) {
		uint32_t child = (place - 1) * ARITY + 2, best = child;

		if (child > c->nr)
			break;
		for (uint32_t i = child + 1; i < child + ARITY && i <= c->nr; i++)
			if (before(&c->heap[i], &c->heap[best]))
				best = i;
		if (!before(&c->heap[best], &e))
			break;
		put(c, place, c->heap[best]);
		place = best;
	}
	put(c, place, e);
}

void clock_push(struct clock *c, struct timer *t, uint64_t at_ns)
{
	if (c->nr + 2 > c->cap) {
		c->cap *= 2;
		c->heap = g_renew(struct clock_entry, c->heap, c->cap);
	}
	t->at_ns = at_ns;
	c->nr_background += t->background;
	sift_up(c, ++c->nr, (struct clock_entry){ .at_ns = at_ns, .seq = c->seq++, .timer = t });
}

/* the last entry takes the place of the removed one */
static void remove_at(struct clock *c, uint32_t place)
{
	struct clock_entry last = c->heap[c->nr--];

	c->nr_background -= c->heap[place].timer->background;
	c->heap[place].timer->place = 0;
	if (place > c->nr)
		return;
	if (place > 1 && before(&last, &c->heap[parent(place)]))
		sift_up(c, place, last);
	else
		sift_down(c, place, last);
}

void clock_cancel(struct clock *c, struct timer *t)
{
	if (t->place)
		remove_at(c, t->place);
}

struct timer *clock_pop(struct clock *c)
{
	struct timer *t;

	if (!c->nr)
		return NULL;
	t = c->heap[1].timer;
	remove_at(c, 1);
	return t;
}
