/* SPDX-License-Identifier: GPL-2.0-only */
/* The pages of a file system's own in the page cache (machine key file_system). */
#ifndef REAPSIM_EXT4_H
#define REAPSIM_EXT4_H

#include "sim/state.h"

/** How many pages of metadata a run has slots for, behind those of the files. */
uint32_t ext4_nr_pages(const struct trace *t, const struct machine *m);
/** ext4_fill_super(): what a mounted file system holds as long as it is mounted. Only
 * a whole machine has it on its lists: it was charged to nobody's memcg. */
void ext4_mount(struct sim *s);
/**
 * ext4_dirty_inode() - @file is about to be written to: file_update_time(). May
 * reclaim. Return: 0, or -ENOMEM.
 */
int ext4_dirty_inode(struct sim *s, unsigned int cpu, uint32_t file);
/** invalidate_bh_lrus(): metadata that nobody uses can be reclaimed. */
void invalidate_bh_lrus(struct sim *s);

#endif
