/* SPDX-License-Identifier: GPL-2.0-only */
/* The page cache: v7.3 mm/filemap.c, and mm/truncate.c for drop_caches. */
#ifndef REAPSIM_FILEMAP_H
#define REAPSIM_FILEMAP_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** enum add_for - why a page enters the cache. */
enum add_for {
	ADD_READ,
	ADD_READAHEAD, /* as for a read, but do without it if memory is short */
	ADD_WRITE,     /* write(2) overwrites it: read nothing, count no refault */
	ADD_SHMEM,     /* write(2) to tmpfs: a refault where its content is in swap */
	ADD_NOWAIT,    /* likewise, and do not reclaim for it: FGP_NOWAIT */
	/* what follows are no pages of the trace's files */
	ADD_BEYOND_EOF, /* by readahead, never read */
	ADD_METADATA,	/* of the file system, which reads it by itself */
	ADD_BLOCK,	/* likewise, of no file, and without FGP_ACCESSED */
};

/**
 * filemap_add_folio - bring a folio of 2^@order pages of a file into the cache.
 * @slot: of its first page, which is aligned to the order within the file
 * Return: 0 or -ENOMEM; -EEXIST if one of the pages is there already.
 */
int filemap_add_folio(struct sim *s, unsigned int cpu, uint32_t slot, unsigned int order,
		      enum add_for why);
/** mapping_max_folio_order() */
unsigned int mapping_max_folio_order(const struct sim *s, uint32_t file);
/** Keep sim->cached from now on: fault-around asks it which pages are in the cache, and does not
 * look at the others. One bit for each slot below anon_first; NULL in a run that maps no file. */
void filemap_track_cached(struct sim *s);
/** Accounting of a file folio that just entered the cache, or left it; @before: its flags. */
static inline void filemap_added(struct sim *s, uint32_t slot, uint32_t nr_pages)
{
	s->nr_file_pages += nr_pages;
	if (s->cached)
		for (uint32_t i = slot; i < slot + nr_pages; i++)
			s->cached[i / 64] |= 1ull << i % 64;
}
static inline void filemap_removed(struct sim *s, uint32_t slot, uint32_t nr_pages, uint16_t before)
{
	s->nr_file_pages -= nr_pages;
	if (s->cached)
		for (uint32_t i = slot; i < slot + nr_pages; i++)
			s->cached[i / 64] &= ~(1ull << i % 64);
	if (before & PG_swapbacked)
		s->nr_shmem -= nr_pages;
}
/** The pages of up to 64 slots from @slot on that are in the cache: bit n stands for @slot + n. */
static inline uint64_t cached_bits(const struct sim *s, uint32_t slot, uint32_t nr)
{
	const unsigned int at = slot % 64;
	uint64_t bits = s->cached[slot / 64] >> at;

	if (at + nr > 64)
		bits |= s->cached[slot / 64 + 1] << (64 - at);
	return bits & UINT64_MAX >> (64 - nr);
}

/** Drop a clean, unmapped, unbatched folio, leaving no shadow. */
void filemap_drop(struct sim *s, uint32_t slot);

/** filemap_read_folio(): read the page @slot, which is in the cache, and what the file system
 * reads with it. */
void filemap_read_folio(struct sim *s, unsigned int cpu, uint32_t slot);
/** What a read(2) of one page does when it misses and readahead is off. */
int filemap_fill_one(struct sim *s, unsigned int cpu, uint32_t slot);
/** read(2) of @pages pages of the open file, from page @pgoff on, or up to its end. */
int filemap_read(struct sim *s, unsigned int cpu, struct file_open *open, uint32_t pgoff,
		 uint32_t pages);
/** write(2), whole pages; the file grows if need be. */
int filemap_write(struct sim *s, unsigned int cpu, struct file_open *open, uint32_t pgoff,
		  uint32_t pages);

/** drop_caches = 1 */
void drop_pagecache(struct sim *s);

#endif
