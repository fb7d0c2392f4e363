/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The folio table. A file page has at most one (order-0) folio, so its slot is
 * its folio: 16 bytes at an index that is known when the trace is loaded. No
 * hashing, no allocation on the access path. While a page is not resident the
 * same record holds its shadow entry. Anonymous folios take slots behind those
 * of the files, from a free list.
 *
 * Slot 0 is no folio, so that 0 can mean "none".
 *
 * Approximation: every folio is order 0. The kernel's ext4 and xfs use large
 * folios, where one flag and one list position stand for several pages, a
 * folio mapped by several PTEs has more references than +evict allows, and
 * "shared" is an estimate. Results for file systems with large folios can
 * differ; with transparent huge pages configured out they do not.
 */
#ifndef REAPSIM_FOLIO_H
#define REAPSIM_FOLIO_H

#include <stdbool.h>
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
 * @pos: its place on its list while PG_lru (sim/mm/list.h)
 * @shadow: while PG_shadow, the low half of the eviction clock at its eviction
 *	(32 bits: distances beyond 2^32 evictions alias, as the kernel's do at a
 *	larger size); of a free anon slot, the next free one
 * @mapcount: PTEs that map it
 * @flags: folio_flags
 * @batched: references held by per-CPU batches, by the gather and by buffers
 * @gen: for LRU models that keep more than two lists; 0 while on none
 */
struct folio {
	uint32_t pos;
	uint32_t shadow;
	uint32_t mapcount;
	uint16_t flags;
	uint8_t batched;
	uint8_t gen;
};

_Static_assert(sizeof(struct folio) == 16, "the folio table is sized for 16 bytes a page");

/* a folio may wait in a batch several times; past this, batches are drained
 * early to keep @batched in range */
#define FOLIO_BATCHED_MAX 200

#define LRU_REFS_PGOFF 12

#define FOLIO_NONE  0
#define FOLIO_FIRST 1

/** v7.3 folio_maybe_mapped_shared() for an order-0 folio. */
static inline bool folio_maybe_mapped_shared(const struct folio *folio)
{
	return folio->mapcount > 1;
}

#endif
