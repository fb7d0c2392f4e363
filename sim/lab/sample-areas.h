/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The address space of a process while samples are taken: where it is mapped in the trace, and
 * where each sample has room.
 */
#ifndef REAPSIM_SAMPLE_AREAS_H
#define REAPSIM_SAMPLE_AREAS_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#define AREA_ANON UINT32_MAX

/** struct area - pages that one map operation mapped, or what is left of them; begins as
 * sim/ranges.h wants it. */
struct area {
	uint32_t first, last; /* inclusive */
	uint32_t file;	      /* AREA_ANON: none */
	uint32_t map;	      /* number of the operation */
	uint32_t flags;	      /* of it */
	uint64_t index;	      /* of its first page: in the file, or of all anonymous pages */
};

/** struct room - the addresses of one sample: those before @next, and holes in them. */
struct room {
	uint64_t next;
	GArray *holes; /* struct hole; NULL: none */
};

/** struct areas - of a process; @nr rooms. */
struct areas {
	GArray *sorted; /* struct area, sorted, disjoint */
	guint hint;
	uint32_t nr;
	struct room *rooms;
};

struct areas *areas_new(uint32_t nr);
struct areas *areas_copy(const struct areas *s);
void areas_free(struct areas *s);

static inline struct area *area_at(const struct areas *s, guint i)
{
	return &g_array_index(s->sorted, struct area, i);
}

/** The first area that ends at or after @page; the number of areas if none does. */
guint areas_find(struct areas *s, uint32_t page);
/** Remove what lies in [@first, @last]. Return: where an area of that range belongs */
guint areas_cut(struct areas *s, uint32_t first, uint32_t last);
void areas_insert(struct areas *s, const struct area *a);

/** Take @pages at an address that is @phase modulo @align, a power of two. Return: it; UINT32_MAX
 * or more: there is none. */
uint64_t room_take(struct room *r, uint64_t pages, uint64_t phase, uint64_t align);
/** Give them back. */
void room_give(struct room *r, uint64_t at, uint64_t pages);

#endif
