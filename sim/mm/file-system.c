// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors the largest folio of a file in v6.12 to v7.3 (ext4_set_inode_mapping_order(),
 * btrfs_set_inode_mapping_order(), mapping_set_large_folios() of xfs and erofs), btrfs's own
 * backing device with a window of 4 MiB (open_ctree()), its compressed extents of 128 KiB, which
 * are read to their end (btrfs_readahead_expand(), add_ra_bio_folios()), the blocks of
 * squashfs, which are read whole (squashfs_readahead(), squashfs_readpage_block()), here of 128
 * KiB, as by default, and fuse's own backing device (fuse_bdi_init(), process_init_reply()): the
 * window is what the server asks for, at most 128 KiB, and so is the largest request, at most 1
 * MiB. The server is taken to ask for readahead_pages and io_pages. Each open file of fuse has two
 * more objects in kernel memory (fuse_file_alloc()).
 *
 * Approximations: only ext4 has metadata pages (sim/mm/ext4.c) and buffer heads. All compressed
 * extents of btrfs have their full size. The files of overlayfs are those of a lower ext4. A fuse
 * server keeps the cache at open(), answers at once and in full, so that its queue is never
 * congested (fuse_handle_readahead()), and needs no page cache itself. What an administrator writes
 * to the read_ahead_kb of a fuse mount is not modelled. The device of squashfs has blocks of 1 KiB:
 * with blocks of a page it also caches compressed data. sim/mm/erofs.c has those of compressed
 * erofs.
 */
#include "sim/mm/file-system.h"

#include <errno.h>

#include <glib.h>

#include "sim/mm/erofs.h"
#include "sim/mm/ext4.h"
#include "sim/mm/folio.h"

#define BTRFS_MAX_ORDER	   6	/* 64 blocks of 4 KiB */
#define BTRFS_RA_PAGES	   1024 /* SZ_4M / PAGE_SIZE */
#define VM_READAHEAD_PAGES 32
#define FUSE_MAX_PAGES	   256 /* fuse_max_pages_limit */
#define SQUASHFS_BLOCK	   32
#define BTRFS_EXTENT	   32 /* BTRFS_MAX_UNCOMPRESSED */

const char *const file_system_names[NR_FILE_SYSTEMS + 1] = {
	[FS_NONE] = "none",
	[FS_ORDER0] = "order0",
	[FS_EXT4] = "ext4",
	[FS_XFS] = "xfs",
	[FS_BTRFS] = "btrfs",
	[FS_EROFS] = "erofs",
	[FS_SQUASHFS] = "squashfs",
	[FS_FUSE] = "fuse",
	[FS_OVERLAYFS] = "overlayfs",
	[FS_TMPFS] = "tmpfs",
	[FS_BTRFS_ZSTD] = "btrfs-zstd",
	[FS_EROFS_LZ4] = "erofs-lz4",
};

/* mapping_max_folio_order() of its files */
static uint32_t max_order(enum file_system fs, const struct kernel_profile *kernel)
{
	switch (fs) {
	case FS_EXT4:
	case FS_OVERLAYFS:
		return kernel->ext4_large_folios ? MAX_FOLIO_ORDER : 0;
	case FS_XFS:
	case FS_EROFS:
	case FS_EROFS_LZ4:
		return MAX_FOLIO_ORDER;
	case FS_BTRFS:
	case FS_BTRFS_ZSTD:
		return kernel->btrfs_large_folios ? BTRFS_MAX_ORDER : 0;
	default:
		return 0;
	}
}

static uint32_t nr_beyond(const struct machine *m)
{
	return m->block_pages > 1 && !m->rest_of_block && !m->in_pclusters ? m->block_pages : 0;
}

uint32_t file_system_nr_pages(const struct trace *t, const struct machine *m)
{
	if (m->in_pclusters)
		return (uint32_t)MIN(2ull * erofs_nr_blocks(t, m), UINT32_MAX);
	return nr_beyond(m) ? t->nr_files * nr_beyond(m) : ext4_nr_pages(t, m);
}

uint32_t pages_beyond_eof(const struct sim *s)
{
	return nr_beyond(&s->cfg.machine);
}

uint32_t slot_beyond_eof(const struct sim *s, uint32_t file, uint32_t nr)
{
	return s->meta_first + file * pages_beyond_eof(s) + nr;
}

static int check_erofs(const struct machine *m, struct err *err)
{
	if (m->erofs_extent_bytes < m->erofs_pcluster_pages * 4096)
		return err_set(err, -EINVAL,
			       "machine key erofs_extent_bytes is %u, expected at least %u: a "
			       "pcluster of erofs_pcluster_pages=%u is not larger than its extent",
			       m->erofs_extent_bytes, m->erofs_pcluster_pages * 4096,
			       m->erofs_pcluster_pages);
	return 0;
}

int file_system_apply(struct machine *m, const struct kernel_profile *kernel, struct err *err)
{
	const enum file_system fs = (enum file_system)m->file_system;
	uint32_t order;

	if (fs == FS_NONE)
		return 0;
	if (fs == FS_EROFS_LZ4 && check_erofs(m, err))
		return -EINVAL;
	order = max_order(fs, kernel);
	if (m->max_folio_order > order)
		return err_set(
			err, -EINVAL,
			"machine key max_folio_order is %u, expected at most %u: the largest "
			"of %s on kernel %s",
			m->max_folio_order, order, file_system_names[fs], kernel->name);
	if (!m->max_folio_order)
		m->max_folio_order = order;
	m->ext4 = fs == FS_EXT4;
	m->no_buffers = fs != FS_ORDER0 && fs != FS_EXT4 && fs != FS_OVERLAYFS;
	m->all_shmem = fs == FS_TMPFS;
	if (fs == FS_BTRFS || fs == FS_BTRFS_ZSTD) {
		m->readahead_pages = BTRFS_RA_PAGES;
		m->io_pages = VM_READAHEAD_PAGES;
	}
	m->fuse = fs == FS_FUSE;
	if (m->fuse) {
		m->readahead_pages = MIN(m->readahead_pages, VM_READAHEAD_PAGES);
		m->io_pages = kernel->fuse_io_by_server ? MIN(m->io_pages, FUSE_MAX_PAGES)
							: VM_READAHEAD_PAGES;
	}
	m->in_pclusters = fs == FS_EROFS_LZ4;
	m->reads_in_worker = fs == FS_BTRFS;
	m->rest_of_block = fs == FS_BTRFS_ZSTD;
	m->block_pages = 1;
	if (fs == FS_SQUASHFS)
		m->block_pages = SQUASHFS_BLOCK;
	else if (m->rest_of_block)
		m->block_pages = BTRFS_EXTENT;
	else if (m->in_pclusters)
		m->block_pages = m->erofs_extent_bytes / 4096 + 1;
	return 0;
}
