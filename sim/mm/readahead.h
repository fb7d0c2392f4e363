/* SPDX-License-Identifier: GPL-2.0-only */
/* File readahead: v7.3 mm/readahead.c and the mmap half in mm/filemap.c. */
#ifndef REAPSIM_READAHEAD_H
#define REAPSIM_READAHEAD_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** page_cache_sync_ra(): a read(2) misses at @pgoff and wants @req pages. */
void page_cache_sync_ra(struct sim *s, unsigned int cpu, struct file_open *ra, uint32_t pgoff,
			uint32_t req);
/** page_cache_async_ra(): the reader reached a page with PG_readahead. */
void page_cache_async_ra(struct sim *s, unsigned int cpu, struct file_open *ra, uint32_t pgoff,
			 uint32_t req);
/** force_page_cache_readahead(): read @nr pages, at most a request or a window of them. */
void force_page_cache_readahead(struct sim *s, unsigned int cpu, struct file_open *ra,
				uint32_t pgoff, uint32_t nr);
/** do_sync_mmap_readahead(): a mapped access missed at @pgoff. */
void mmap_readahead_sync(struct sim *s, unsigned int cpu, struct vma *vma, uint32_t pgoff);
/** do_async_mmap_readahead(): a mapped access hit at @pgoff; may start the next readahead.
 * Return: true if the page had PG_readahead, so the fault must be retried. */
bool mmap_readahead_async(struct sim *s, unsigned int cpu, struct vma *vma, uint32_t pgoff);

#endif
