/* SPDX-License-Identifier: GPL-2.0-only */
/* What a file system does with the page cache of its files (machine key file_system). */
#ifndef REAPSIM_FILE_SYSTEM_H
#define REAPSIM_FILE_SYSTEM_H

#include "sim/err.h"
#include "sim/kernel.h"
#include "sim/machine.h"
#include "sim/state.h"

/** enum file_system - in the order of the key's values. */
enum file_system {
	FS_NONE,   /* single pages, unless max_folio_order says otherwise */
	FS_ORDER0, /* single pages */
	FS_EXT4,
	FS_XFS,
	FS_BTRFS,
	FS_EROFS,
	FS_SQUASHFS,
	FS_FUSE,
	FS_OVERLAYFS, /* on ext4 */
	FS_TMPFS,     /* all files are shmem */
	FS_BTRFS_ZSTD,
	FS_EROFS_LZ4,
	NR_FILE_SYSTEMS,
};

/** The values of the key, NULL at the end. */
extern const char *const file_system_names[];

/**
 * file_system_apply - set what @m->file_system implies on @kernel: max_folio_order (a value
 * other than 0 stays as a maximum), readahead_pages, io_pages, and
 * the fields of struct machine that are no keys.
 * Return: 0, or -EINVAL with @err if the simulator cannot model the combination.
 */
int file_system_apply(struct machine *m, const struct kernel_profile *kernel, struct err *err);

/** Number of pages that a run needs slots for, behind those of the files. */
uint32_t file_system_nr_pages(const struct trace *t, const struct machine *m);
/** How many pages a file may have in the page cache beyond its end. */
uint32_t pages_beyond_eof(const struct sim *s);
/** The slot of the @nr-th page beyond the end of @file, from 0, below pages_beyond_eof(). */
uint32_t slot_beyond_eof(const struct sim *s, uint32_t file, uint32_t nr);

#endif
