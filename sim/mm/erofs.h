/* SPDX-License-Identifier: GPL-2.0-only */
/* Compressed files of erofs (machine key file_system=erofs-lz4). */
#ifndef REAPSIM_EROFS_H
#define REAPSIM_EROFS_H

#include "sim/state.h"

#define NR_MORE_TREES 2 /* files for the tables of sim/mm/xarray.c, behind those of the trace */

/**
 * struct erofs - what an image of the trace's files would have. Its blocks have a page each.
 * Slots from sim->meta_first on: block by block the managed cache, which has compressed data, then
 * the page cache of the device, which has metadata.
 */
struct erofs {
	uint32_t nr_blocks;
	struct erofs_inode {
		uint32_t first_block; /* of its compressed data */
		uint64_t index;	      /* where the index of its clusters begins, in bytes */
		uint32_t nr_clusters; /* in it, a page each; 0: not compressed, as on tmpfs */
	} inodes[];
};

/** The blocks of an image; 0 if @m has no compressed erofs. */
uint32_t erofs_nr_blocks(const struct trace *t, const struct machine *m);
/** Set sim->erofs, if the machine has it. */
void erofs_mount(struct sim *s);
void erofs_free(struct sim *s);

/**
 * z_erofs_readahead() - read the pages [@first, @end) of @file, which were just added, with what
 * belongs to them: pages before them, compressed pages and metadata. May reclaim.
 */
void erofs_readahead(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first, uint32_t end);

#endif
