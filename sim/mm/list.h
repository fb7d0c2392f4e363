/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LRU lists. Each is a ring of slots, not links through the folios, so reclaim
 * takes the tail from an array that can be prefetched; with links each step waits
 * for a cache miss on the previous folio. A folio knows its place (folio.pos), so
 * removing one from the middle is one write. It leaves a hole, which the tail
 * skips later.
 *
 * Places are numbered from 0 upwards modulo 2^32; the tail is the oldest. Place p
 * is ring[p & mask]. A full ring doubles, or is compacted if three quarters of it
 * are holes. A list takes at most 16 bytes for each folio, usually 4 to 8.
 */
#ifndef REAPSIM_LIST_H
#define REAPSIM_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/mm/folio.h"

struct folio_list {
	uint32_t *ring;
	uint32_t mask;
	uint32_t head; /* one past the newest */
	uint32_t tail; /* the oldest, or a hole */
	uint32_t nr;   /* folios, without holes */
	/* tail pages of large folios: moving a folio of one page does not change it */
	uint64_t nr_tails;
};

void folio_list_init(struct folio_list *l);
void folio_list_clear(struct folio_list *l);
/** Make room for one more folio at either end of a full ring. */
void folio_list_grow(struct folio_list *l, struct folio *folios);

/** Number of pages of all folios on the list. */
static inline uint64_t folio_list_size(const struct folio_list *l)
{
	return l->nr + l->nr_tails;
}

/* @nr: 1 if the folio comes onto the list, -1 if it leaves it */
static inline void folio_list_count(struct folio_list *l, const struct folio *f, int nr)
{
	l->nr += (uint32_t)nr;
	if (folio_test_large(f))
		l->nr_tails += (uint64_t)(nr * (int)(folio_nr_pages(f) - 1));
}

static inline void folio_list_add(struct folio_list *l, struct folio *folios, uint32_t slot)
{
	if (__builtin_expect(l->head - l->tail > l->mask, 0))
		folio_list_grow(l, folios);
	l->ring[l->head & l->mask] = slot;
	folios[slot].pos = l->head++;
	folio_list_count(l, &folios[slot], 1);
}

static inline void folio_list_add_tail(struct folio_list *l, struct folio *folios, uint32_t slot)
{
	if (__builtin_expect(l->head - l->tail > l->mask, 0))
		folio_list_grow(l, folios);
	l->ring[--l->tail & l->mask] = slot;
	folios[slot].pos = l->tail;
	folio_list_count(l, &folios[slot], 1);
}

static inline void folio_list_del(struct folio_list *l, const struct folio *folios, uint32_t slot)
{
	l->ring[folios[slot].pos & l->mask] = FOLIO_NONE;
	folio_list_count(l, &folios[slot], -1);
}

/** folio_list_split - the folio @slot of the list was split, and is now the first of the folios in
 * [@slot, @end): put the others behind it, away from the tail, the last one next to it */
void folio_list_split(struct folio_list *l, struct folio *folios, uint32_t slot, uint32_t end);

/** Prefetch the place of a folio that will soon be deleted. always_inline, because the
 * compiler treats a call of a function that only prefetches as having no effect. */
static inline __attribute__((always_inline)) void folio_list_prefetch(const struct folio_list *l,
								      const struct folio *f)
{
	__builtin_prefetch(&l->ring[f->pos & l->mask], 1);
}

#define LIST_AHEAD 32 /* folios that reclaim usually takes at once: SWAP_CLUSTER_MAX */

/**
 * folio_list_take - take folios off the tail, oldest first, until they have @nr
 * pages in total; the last folio may exceed it.
 * @pages: set to the number of pages taken
 * Return: the number of folios taken. Prefetches those that the next call is going to take.
 */
static inline unsigned int folio_list_take(struct folio_list *l, const struct folio *folios,
					   uint64_t nr, uint32_t *slots, uint64_t *pages)
{
	/* if all are single pages, do not look at the folios */
	const bool large = __builtin_expect(l->nr_tails != 0, 0);
	uint64_t nr_tails = 0;
	unsigned int n = 0;

	while (n < nr && l->tail != l->head) {
		uint32_t slot = l->ring[l->tail++ & l->mask];

		/* a place without a folio is valid memory, too */
		__builtin_prefetch(&folios[l->ring[(l->tail + LIST_AHEAD) & l->mask]], 1);
		if (slot == FOLIO_NONE)
			continue;
		slots[n++] = slot;
		if (large) {
			const uint32_t tails = folio_nr_pages(&folios[slot]) - 1;

			nr_tails += tails;
			nr -= MIN(nr, tails);
		}
	}
	l->nr -= n;
	l->nr_tails -= nr_tails;
	*pages = n + nr_tails;
	return n;
}

/** Take the oldest folio off. Return: its slot, or FOLIO_NONE if the list is empty. */
static inline uint32_t folio_list_pop(struct folio_list *l, const struct folio *folios)
{
	uint32_t slot = FOLIO_NONE;

	while (slot == FOLIO_NONE && l->tail != l->head)
		slot = l->ring[l->tail++ & l->mask];
	if (slot == FOLIO_NONE)
		return slot;
	folio_list_count(l, &folios[slot], -1);
	__builtin_prefetch(&folios[l->ring[(l->tail + 16) & l->mask]], 1);
	return slot;
}

/** Walk from the newest to the oldest: for (i = head; folio_list_prev(..);) */
static inline uint32_t folio_list_prev(const struct folio_list *l, uint32_t *place)
{
	while (*place != l->tail) {
		uint32_t slot = l->ring[--*place & l->mask];

		if (slot != FOLIO_NONE)
			return slot;
	}
	return FOLIO_NONE;
}

#endif
