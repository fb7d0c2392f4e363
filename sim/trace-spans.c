// SPDX-License-Identifier: GPL-2.0-only
#include "sim/trace-spans.h"

#include "sim/ranges.h"

struct spans *spans_new(GArray *spans)
{
	struct spans *s = g_new0(struct spans, 1);

	s->refs = 1;
	s->spans = spans ? spans : g_array_new(FALSE, FALSE, sizeof(struct span));
	return s;
}

void spans_unref(struct spans *s)
{
	if (--s->refs)
		return;
	g_array_free(s->spans, TRUE);
	g_free(s);
}

struct spans *spans_copy(const struct spans *s, bool locked)
{
	struct spans *copy = spans_new(g_array_copy(s->spans));

	copy->locked = s->locked && locked;
	for (uint32_t i = 0; s->locked && !locked && i < copy->spans->len; i++)
		span_at(copy, i)->flags &= ~(uint32_t)VM_LOCKED;
	return copy;
}

struct spans *spans_own(struct spans **at)
{
	struct spans *s = *at;

	if (s->refs > 1) {
		s->refs--;
		*at = spans_copy(s, true);
	}
	return *at;
}

uint32_t spans_search(struct spans *s, uint32_t page)
{
	return s->hint = ranges_search(s->spans, page);
}

static void trim_front(void *v, uint32_t first)
{
	span_trim_front(v, first);
}

uint32_t spans_cut(struct spans *s, uint32_t first, uint32_t last)
{
	return ranges_cut(s->spans, spans_find(s, first), first, last, trim_front);
}

static bool span_follows(const struct span *a, const struct span *b)
{
	if (a->last == UINT32_MAX || a->last + 1 != b->first || a->flags != b->flags ||
	    a->file != b->file)
		return false;
	return a->flags & VM_ANON || (uint64_t)a->pgoff + (a->last - a->first) + 1 == b->pgoff;
}

void spans_insert(struct spans *s, struct span v)
{
	uint32_t i = spans_cut(s, v.first, v.last);

	if (i && span_follows(span_at(s, i - 1), &v)) {
		i--;
		span_at(s, i)->last = v.last;
	} else {
		g_array_insert_val(s->spans, i, v);
	}
	if (i + 1 < s->spans->len && span_follows(span_at(s, i), span_at(s, i + 1))) {
		span_at(s, i)->last = span_at(s, i + 1)->last;
		g_array_remove_index(s->spans, i + 1);
	}
	s->hint = i;
}

void spans_move(struct spans *s, uint32_t at, uint32_t pages, uint32_t to, uint32_t to_pages)
{
	struct span v = *span_at(s, spans_find(s, at));

	span_trim_front(&v, at);
	spans_cut(s, at, at + (pages - 1));
	v.first = to;
	v.last = to + (to_pages - 1);
	spans_insert(s, v);
}
