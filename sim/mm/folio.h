/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The folio table: one record of 16 bytes for each page that a file of the trace
 * has, at an index (its slot) that is known when the trace is loaded. No hashing,
 * no allocation on the access path. While a page is not resident its record holds
 * the shadow entry. Anonymous folios take slots behind those of the files, from a
 * free list.
 *
 * A folio of order 0 is its page's record. A large folio is the record of its
 * first page, the head, whose slot stands for the folio on lists, in batches and
 * wherever else the kernel has a struct folio; the records of its other pages, the
 * tails, only say that they are resident, by how many PTEs they are mapped, and
 * where the head is (folio_head()). Counts named nr_pages are pages, nr_folios
 * folios. What a large folio needs besides is a struct large_folio.
 *
 * Slot 0 is no folio, so that 0 can mean "none".
 */
#ifndef REAPSIM_FOLIO_H
#define REAPSIM_FOLIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** enum folio_flags - named after the kernel's PG_ flags where one exists. */
enum folio_flags {
	PG_resident = 1 << 0, /* in the page cache or an anon page; not in the kernel */
	PG_lru = 1 << 1,      /* on a list, not in a batch or isolated */
	PG_referenced = 1 << 2,
	PG_active = 1 << 3,
	PG_workingset = 1 << 4, /* was active once; kept in the shadow */
	PG_dirty = 1 << 5,
	PG_reclaim = 1 << 6,	   /* rotate to the tail once written back */
	PG_readahead = PG_reclaim, /* one bit, as in the kernel: on a clean folio it
				    * means that reading it starts the next readahead */
	PG_locked = 1 << 7,	   /* being read from the device */
	PG_swapbacked = 1 << 8,	   /* anon and tmpfs: on the anon lists */
	PG_anon = 1 << 9,	   /* folio_test_anon(): not in a file */
	PG_swapcache = 1 << 10,	   /* a swap slot holds its content */
	PG_shadow = 1 << 11,	   /* not resident, evicted: @shadow says when */
	PG_refault = 1 << 14,	   /* a timed run: locked, and had been evicted */
	PG_private = 1 << 15,	   /* metadata whose buffer is in use, with a reference */
	LRU_REFS_MASK = 3 << 12,   /* accesses after the one that PG_referenced stands for */
};

/**
 * struct folio - one page's record.
 * @pos: its place on its list while PG_lru (sim/mm/list.h); while @unevictable too, its
 *	mlock_count; of a tail, the slot of its head; of the first tail, its folio's index in
 *	sim->large
 * @shadow: while PG_shadow, the low half of the eviction clock at its eviction
 *	(32 bits: distances beyond 2^32 evictions alias, as the kernel's do at a
 *	larger size); of a free anon slot, the next free one
 * @mapcount: PTEs that map it; of a tail, those that map that page, of the head of
 *	a large folio those that map any of its pages (folio_mapcount())
 * @flags: folio_flags
 * @extra_refs: references besides the page cache's and those of PTEs: of batches, of
 *	gathers (not of a large folio), of buffers, of tasks that wait (folio_hold())
 * @gen: for LRU models that keep more than two lists; 0 while on none
 * @order: a folio has 2^order pages; FOLIO_TAIL, FOLIO_SECOND: it is a tail
 * @mm_ids_shared: of a large folio, FOLIO_MM_IDS_SHARED_BITNUM
 * @young, @idle: PG_young, PG_idle, of sim/mm/damon.h
 * @has_buffers: it has buffer heads, for which the memcg is charged
 * @mlocked, @unevictable: PG_mlocked, PG_unevictable, of sim/mm/mlock.h
 * * @memcg: index in sim->memcg: which is charged for it; of an evicted page, which evicted it;
 *	valid for heads, like all of @flags
 *
 * The byte behind it is spare, and kept for the folio's node: there is one.
 */
struct folio {
	union {
		uint32_t pos;
		uint32_t shadow;
	};
	uint32_t mapcount;
	uint16_t flags;
	uint8_t extra_refs;
	uint8_t gen;
	uint8_t order;
	bool mm_ids_shared : 1, young : 1, idle : 1, has_buffers : 1, mlocked : 1, unevictable : 1;
	uint8_t memcg;
};

_Static_assert(sizeof(struct folio) == 16, "the folio table is sized for 16 bytes a page");
_Static_assert(offsetof(struct folio, memcg) + 1 + 1 == sizeof(struct folio),
	       "a byte is kept for the node");

/* a folio may be in a batch several times, and in many gathers; past this, they are
 * emptied early to keep @extra_refs in range */
#define FOLIO_EXTRA_REFS_MAX 200

#define LRU_REFS_PGOFF 12

#define FOLIO_NONE  0
#define FOLIO_FIRST 1

#define MAX_FOLIO_ORDER 9 /* v7.3 MAX_PAGECACHE_ORDER of x86-64: a PMD */
#define FOLIO_TAIL	0xff
#define FOLIO_SECOND	0xfe /* the first tail: its head is the record before it */

static inline uint32_t folio_nr_pages(const struct folio *f)
{
	return 1u << f->order;
}

static inline bool folio_test_large(const struct folio *f)
{
	return __builtin_expect(f->order != 0, 0);
}

/** page_folio(): the slot of the folio that the page @slot, resident, is in. */
static inline uint32_t folio_head(const struct folio *folios, uint32_t slot)
{
	const uint8_t order = folios[slot].order;

	if (__builtin_expect(order < FOLIO_SECOND, 1))
		return slot;
	return order == FOLIO_SECOND ? slot - 1 : folios[slot].pos;
}

#endif
