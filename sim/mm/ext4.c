// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 fs/ext4/inode.c (__ext4_get_inode_loc(), ext4_dirty_inode()) and
 * fs/buffer.c (bdev_getblk(), the LRU of buffer heads).
 *
 * A write updates the file's time stamp. For that ext4 looks up the block of the
 * inode table that holds the inode. It also reads the inode bitmap, which could make
 * the read unnecessary, and by readahead the rest of the table that is in use. These
 * pages belong to the page cache of the block device and are charged to the writer. A
 * new page is marked twice, by grow_dev_folio() and by the lookup that follows, so it
 * starts active. Its buffer stays in the buffer LRU of a CPU. Until
 * lru_add_drain_all() empties that LRU, reclaim cannot release the page and
 * activates it.
 *
 * Approximations: no journal, one block group. The files are inodes 12, 13 ... in the
 * order of the trace, as mke2fs makes them, 16 to a block. Every file's extents fit
 * into its inode, and directories are not looked up. The kernel's buffer LRU has 16
 * entries per CPU; here it is unlimited, and all CPUs share one. The nodes of the
 * block device's page cache are not counted. Buffer heads of files matter only where they are
 * charged to a memcg: a write, or a write fault of a shared mapping, attaches one for each
 * page of the folio, and reclaim frees them with it.
 */
#include "sim/mm/ext4.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/filemap.h"
#include "sim/mm/io.h"
#include "sim/mm/objcg.h"
#include "sim/mm/page-writeback.h"

#define FIRST_INODE	 12
#define INODES_PER_BLOCK 16
#define INODE_READAHEAD	 32 /* s_inode_readahead_blks */

enum {
	SUPER_BLOCK,
	GROUP_DESCRIPTORS,
	INODE_BITMAP,
	INODE_TABLE,
};

/* the block of the inode table that holds inode @ino */
static uint32_t table_block(uint32_t ino)
{
	return (ino - 1) / INODES_PER_BLOCK;
}

/* at most: files on tmpfs have no inode there */
uint32_t ext4_nr_pages(const struct trace *t, const struct machine *m)
{
	return m->ext4 ? INODE_TABLE + table_block(FIRST_INODE + t->nr_files) + 1 : 0;
}

/* the inode after the last one has a number, too */
static void number_inodes(struct sim *s)
{
	uint32_t ino = FIRST_INODE;

	for (uint32_t i = 0; i <= s->trace->nr_files; i++) {
		s->files[i].ino = ino;
		ino += !s->files[i].shmem;
	}
}

void create_buffers(struct sim *s, uint32_t slot)
{
	const unsigned int held = s->held->nr;

	if (!s->objcg || s->folios[slot].has_buffers ||
	    (s->cfg.machine.no_buffers && !slot_is_metadata(s, slot)))
		return;
	folio_hold(s, slot);
	/* set_active_memcg() */
	for (uint32_t nr = folio_nr_pages(&s->folios[slot]); nr; nr--)
		obj_charge_nofail(s, s->folios[slot].memcg, SLAB_RECLAIMABLE,
				  s->cfg.kernel->slab.buffer_head);
	folio_unhold(s, held);
	s->folios[slot].has_buffers = true;
}

void drop_buffers(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	f->has_buffers = false;
	for (uint32_t nr = folio_nr_pages(f); nr; nr--)
		obj_uncharge(s, f->memcg, SLAB_RECLAIMABLE, s->cfg.kernel->slab.buffer_head);
}

/* bdev_getblk() */
static int getblk(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (!(f->flags & PG_resident) &&
	    filemap_add_folio(s, cpu, slot, 0, ADD_METADATA) == -ENOMEM)
		return -ENOMEM;
	f = &s->folios[slot]; /* the table may have moved */
	if (!(f->flags & PG_private)) {
		f->flags |= PG_private;
		f->extra_refs++;
	}
	create_buffers(s, slot);
	s->cfg.lru->mark_accessed(s, cpu, slot);
	return 0;
}

/* __ext4_get_inode_loc() of a block that is not cached */
static int read_inode_block(struct sim *s, unsigned int cpu, uint32_t block)
{
	const uint32_t table = s->meta_first + INODE_TABLE;
	const uint32_t first = block - block % INODE_READAHEAD;
	const uint32_t last =
		MIN(first + INODE_READAHEAD, table_block(s->files[s->trace->nr_files].ino));
	int ret = getblk(s, cpu, table + block);

	if (!ret)
		ret = getblk(s, cpu, s->meta_first + INODE_BITMAP);
	for (uint32_t b = first; !ret && b <= last; b++)
		ret = getblk(s, cpu, table + b);
	if (!ret)
		read_folios(s, table + block, 1);
	return ret;
}

int ext4_dirty_inode(struct sim *s, unsigned int cpu, uint32_t file)
{
	const uint64_t tick = s->clock.now_ns / (s->cfg.machine.tick_us * 1000ull) + 1;
	const uint32_t block = table_block(s->files[file].ino);
	const uint32_t slot = s->meta_first + INODE_TABLE + block;
	int ret;

	if (s->files[file].shmem || s->files[file].mtime == tick)
		return 0;
	s->files[file].mtime = tick;
	s->files[file].inode_dirty = true;
	if (!s->cfg.machine.ext4)
		return 0;
	if (s->folios[slot].flags & PG_resident)
		ret = getblk(s, cpu, slot);
	else
		ret = read_inode_block(s, cpu, block);
	if (!ret)
		mark_buffer_dirty(s, slot);
	return ret;
}

void ext4_mount(struct sim *s)
{
	if (!s->cfg.machine.ext4)
		return;
	number_inodes(s);
	if (!s->root)
		return;
	for (uint32_t slot = s->meta_first; slot < s->meta_first + INODE_BITMAP; slot++) {
		s->folios[slot].flags = PG_resident | PG_private;
		s->folios[slot].extra_refs = 1;
		s->cfg.lru->add(s, folio_lruvec(s, slot), &slot, 1);
		/* the caches were dropped before the trace starts */
		s->cfg.lru->move_tail(s, folio_lruvec(s, slot), slot);
		/* memory_pages is what is free when the trace starts */
		filemap_added(s, slot, 1);
		s->nr_used++;
		s->zone.nr_kernel--;
	}
}

void invalidate_bh_lrus(struct sim *s)
{
	if (!s->cfg.machine.ext4)
		return;
	for (uint32_t slot = s->meta_first + INODE_BITMAP; slot < s->anon_first; slot++) {
		struct folio *f = &s->folios[slot];

		if (!(f->flags & PG_private))
			continue;
		f->flags &= (uint16_t)~PG_private;
		f->extra_refs--;
	}
}
