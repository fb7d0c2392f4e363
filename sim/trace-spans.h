/* SPDX-License-Identifier: GPL-2.0-only */
/* The address spaces of a trace that is checked: sorted, disjoint spans. */
#ifndef REAPSIM_TRACE_SPANS_H
#define REAPSIM_TRACE_SPANS_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/op.h"

/** struct span - a mapping, as far as the checks need it; begins as sim/ranges.h wants it. */
struct span {
	uint32_t first, last; /* inclusive */
	uint32_t file, pgoff; /* 0 if anonymous */
	uint32_t flags;	      /* SPAN_FLAGS of the vm_flags: spans with other ones do not merge */
};

/** struct spans - an address space; fork shares it until one side changes its mappings. */
struct spans {
	uint32_t refs;
	uint32_t hint; /* span found last */
	bool locked;   /* some span is VM_LOCKED, or was */
	GArray *spans; /* struct span, sorted, disjoint */
};

/** @spans: which it takes over; NULL: none */
struct spans *spans_new(GArray *spans);
/** Drop a reference. */
void spans_unref(struct spans *s);
/** A copy; @locked: with VM_LOCKED. */
struct spans *spans_copy(const struct spans *s, bool locked);
/** The space at @at, copied first if it is shared, so that it can be changed. */
struct spans *spans_own(struct spans **at);
/** Index of the first span that ends at or after @page; the length if none. */
uint32_t spans_search(struct spans *s, uint32_t page);
/** Unmap @first..@last. Return: the index where a span in that range belongs. */
uint32_t spans_cut(struct spans *s, uint32_t first, uint32_t last);
/** Insert a span, and merge it with its neighbours as the kernel merges VMAs. */
void spans_insert(struct spans *s, struct span v);

/** mremap(): @pages at @at, of one span, become @to_pages at @to, where others go. */
void spans_move(struct spans *s, uint32_t at, uint32_t pages, uint32_t to, uint32_t to_pages);

static inline struct span *span_at(const struct spans *s, uint32_t i)
{
	return &g_array_index(s->spans, struct span, i);
}

static inline void span_trim_front(struct span *v, uint32_t first)
{
	if (!(v->flags & VM_ANON))
		v->pgoff += first - v->first;
	v->first = first;
}

static inline uint64_t span_file_page(const struct span *v, uint64_t page)
{
	return v->pgoff + (page - v->first);
}

/** As spans_search(), but first looks where it found the last one. */
static inline uint32_t spans_find(struct spans *s, uint32_t page)
{
	if (s->hint < s->spans->len) {
		const struct span *h = span_at(s, s->hint);

		if (h->first <= page && page <= h->last)
			return s->hint;
	}
	return spans_search(s, page);
}

#endif
