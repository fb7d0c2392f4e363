/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of files, and their end: v7.3 fs/namei.c, fs/inode.c, fs/file_table.c. */
#ifndef REAPSIM_INODE_H
#define REAPSIM_INODE_H

#include "sim/state.h"

/** do_ftruncate(): a file has @size pages from now on. Return: 0 or -ENOMEM. */
int do_ftruncate(struct sim *s, unsigned int cpu, uint32_t file, uint32_t size);
/** vfs_unlink(): the file loses its name, and its pages when nobody has it open. Return: 0, or
 * -ENOENT if it has none. */
int vfs_unlink(struct sim *s, unsigned int cpu, uint32_t file);
/** vfs_rename(): @file gets the name of @other, which loses it. Return: as vfs_unlink(). */
int vfs_rename(struct sim *s, unsigned int cpu, uint32_t file, uint32_t other);
/** delayed_fput(): evict the inodes of sim.fput. */
void delayed_fput(struct sim *s);

#endif
