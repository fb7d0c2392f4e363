// SPDX-License-Identifier: GPL-2.0-only
#include "sim/mm/list.h"

#define LIST_MIN 64

void folio_list_init(struct folio_list *l)
{
	*l = (struct folio_list){ .mask = LIST_MIN - 1, .ring = g_new0(uint32_t, LIST_MIN) };
}

void folio_list_clear(struct folio_list *l)
{
	g_free(l->ring);
	l->ring = NULL;
}

/* most of the ring is holes: move the folios together towards the head */
static void compact(struct folio_list *l, struct folio *folios)
{
	uint32_t to = l->head;

	for (uint32_t from = l->head; from != l->tail;) {
		uint32_t slot = l->ring[--from & l->mask];

		if (slot == FOLIO_NONE)
			continue;
		l->ring[--to & l->mask] = slot;
		folios[slot].pos = to;
	}
	l->tail = to;
}

static void enlarge(struct folio_list *l)
{
	uint32_t mask = l->mask * 2 + 1;
	uint32_t *ring = g_new0(uint32_t, (gsize)mask + 1);

	for (uint32_t i = l->tail; i != l->head; i++)
		ring[i & mask] = l->ring[i & l->mask];
	g_free(l->ring);
	l->ring = ring;
	l->mask = mask;
}

void folio_list_grow(struct folio_list *l, struct folio *folios)
{
	if ((uint64_t)l->nr * 4 <= l->mask)
		compact(l, folios);
	else
		enlarge(l);
}

static bool has_room(const struct folio_list *l, uint32_t nr)
{
	return (uint64_t)(l->head - l->tail) + nr <= (uint64_t)l->mask + 1;
}

void folio_list_split(struct folio_list *l, struct folio *folios, uint32_t slot, uint32_t end)
{
	uint32_t at, place, next, nr = 0;

	for (next = slot + folio_nr_pages(&folios[slot]); next < end; nr++)
		next += folio_nr_pages(&folios[next]);
	if (!has_room(l, nr))
		compact(l, folios);
	while (!has_room(l, nr))
		enlarge(l);
	at = folios[slot].pos;
	for (uint32_t i = l->head; --i != at;) {
		const uint32_t moved = l->ring[i & l->mask];

		l->ring[(i + nr) & l->mask] = moved;
		if (moved != FOLIO_NONE)
			folios[moved].pos = i + nr;
	}
	place = at + nr;
	for (next = slot + folio_nr_pages(&folios[slot]); next < end;
	     next += folio_nr_pages(&folios[next])) {
		l->ring[place & l->mask] = next;
		folios[next].pos = place--;
	}
	l->head += nr;
	l->nr += nr;
	l->nr_tails -= nr;
}
