/* SPDX-License-Identifier: GPL-2.0-only */
/* A file system's metadata pages in the page cache (machine key file_system). */
#ifndef REAPSIM_EXT4_H
#define REAPSIM_EXT4_H

#include "sim/state.h"

/** Number of metadata pages that a run needs slots for, behind those of the files. */
uint32_t ext4_nr_pages(const struct trace *t, const struct machine *m);
/** ext4_fill_super(): add the pages that a file system holds while it is mounted. Only
 * a whole machine has them on its lists: no memcg was charged for them. */
void ext4_mount(struct sim *s);
/**
 * ext4_dirty_inode() - called by file_update_time() before a write to @file. May
 * reclaim. Return: 0, or -ENOMEM.
 */
int ext4_dirty_inode(struct sim *s, unsigned int cpu, uint32_t file);
/** create_empty_buffers(): a buffer head for each page of a folio, unless it has them. May
 * reclaim, though not this folio. Only where the memcg is charged for them. */
void create_buffers(struct sim *s, uint32_t slot);
/** try_to_free_buffers(), of a folio that has some: drop_buffers() */
void drop_buffers(struct sim *s, uint32_t slot);
static inline void free_buffers(struct sim *s, uint32_t slot)
{
	if (__builtin_expect(s->folios[slot].has_buffers, 0))
		drop_buffers(s, slot);
}
/** invalidate_bh_lrus(): drop the buffer LRU's references, so that reclaim can take
 * unused metadata. */
void invalidate_bh_lrus(struct sim *s);

#endif
