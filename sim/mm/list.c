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

void folio_list_split(struct folio_list *l, struct folio *folios, uint32_t slot, uint32_t nr)
{
	uint32_t at;

	if (!has_room(l, nr - 1))
		compact(l, folios);
	while (!has_room(l, nr - 1))
		enlarge(l);
	at = folios[slot].pos;
	for (uint32_t i = l->head; --i != at;) {
		const uint32_t moved = l->ring[i & l->mask];

		l->ring[(i + nr - 1) & l->mask] = moved;
		if (moved != FOLIO_NONE)
			folios[moved].pos = i + nr - 1;
	}
	for (uint32_t i = 1; i < nr; i++) {
		l->ring[(at + i) & l->mask] = slot + nr - i;
		folios[slot + nr - i].pos = at + i;
	}
	l->head += nr - 1;
	l->nr += nr - 1;
	l->nr_tails -= nr - 1;
}
