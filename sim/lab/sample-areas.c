// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/sample-areas.h"

#include "sim/ranges.h"

#define FIRST_PAGE 16
/* older ones are forgotten */
#define HOLES_MAX 64

struct hole {
	uint64_t at, pages;
};

struct areas *areas_new(uint32_t nr)
{
	struct areas *s = g_new0(struct areas, 1);

	s->sorted = g_array_new(FALSE, FALSE, sizeof(struct area));
	s->nr = nr;
	s->rooms = g_new0(struct room, nr);
	for (uint32_t k = 0; k < nr; k++)
		s->rooms[k].next = FIRST_PAGE;
	return s;
}

struct areas *areas_copy(const struct areas *s)
{
	struct areas *copy = g_new0(struct areas, 1);

	copy->sorted = g_array_copy(s->sorted);
	copy->nr = s->nr;
	copy->rooms = g_new0(struct room, s->nr);
	for (uint32_t k = 0; k < s->nr; k++) {
		copy->rooms[k].next = s->rooms[k].next;
		if (s->rooms[k].holes)
			copy->rooms[k].holes = g_array_copy(s->rooms[k].holes);
	}
	return copy;
}

void areas_free(struct areas *s)
{
	for (uint32_t k = 0; k < s->nr; k++)
		if (s->rooms[k].holes)
			g_array_free(s->rooms[k].holes, TRUE);
	g_array_free(s->sorted, TRUE);
	g_free(s->rooms);
	g_free(s);
}

guint areas_find(struct areas *s, uint32_t page)
{
	if (s->hint < s->sorted->len && area_at(s, s->hint)->first <= page &&
	    page <= area_at(s, s->hint)->last)
		return s->hint;
	return s->hint = ranges_search(s->sorted, page);
}

static void trim_front(void *area, uint32_t first)
{
	struct area *a = area;

	a->index += first - a->first;
	a->first = first;
}

guint areas_cut(struct areas *s, uint32_t first, uint32_t last)
{
	return ranges_cut(s->sorted, areas_find(s, first), first, last, trim_front);
}

void areas_insert(struct areas *s, const struct area *a)
{
	const guint i = areas_cut(s, a->first, a->last);

	g_array_insert_vals(s->sorted, i, a, 1);
	s->hint = i;
}

/* The first address from @from on with that phase */
static uint64_t aligned(uint64_t from, uint64_t phase, uint64_t align)
{
	return from + ((phase - from) & (align - 1));
}

uint64_t room_take(struct room *r, uint64_t pages, uint64_t phase, uint64_t align)
{
	uint64_t at;

	for (guint i = 0; r->holes && i < r->holes->len; i++) {
		struct hole *h = &g_array_index(r->holes, struct hole, i);
		const uint64_t end = h->at + h->pages;

		at = aligned(h->at, phase, align);
		if (at + pages > end)
			continue;
		if (at + pages == end) {
			g_array_remove_index(r->holes, i);
		} else {
			h->at = at + pages;
			h->pages = end - h->at;
		}
		return at;
	}
	at = aligned(r->next, phase, align);
	if (at + pages >= UINT32_MAX)
		return UINT32_MAX;
	/* a page between, so that they do not merge */
	r->next = at + pages + 1;
	return at;
}

void room_give(struct room *r, uint64_t at, uint64_t pages)
{
	const struct hole hole = { .at = at, .pages = pages };

	if (!r->holes)
		r->holes = g_array_new(FALSE, FALSE, sizeof(struct hole));
	if (r->holes->len == HOLES_MAX)
		g_array_remove_index(r->holes, 0);
	g_array_append_val(r->holes, hole);
}
