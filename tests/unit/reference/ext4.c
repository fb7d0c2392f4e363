// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metadata of the file system. After fs/ext4/inode.c and fs/buffer.c.
 */
#include "tests/unit/reference/internal.h"

/* folio_create_buffers(), under the folio's lock */
void ref_create_buffers(struct ref *r, int folio)
{
	static const bool has_them[NR_FILE_SYSTEMS] = {
		[FS_NONE] = true, [FS_ORDER0] = true, [FS_EXT4] = true, [FS_OVERLAYFS] = true
	};

	/* pages of a device have them, too */
	if (!r->objcg || r->pages[folio].private ||
	    (!has_them[r->m.file_system] && folio < (int)r->t->nr_file_pages))
		return;
	r->pages[folio].extra_refs++;
	for (int i = 0; i < ref_nr_pages(r, folio); i++)
		ref_new_object(r, r->pages[folio].memcg, REF_BUFFER_HEAD); /* set_active_memcg() */
	r->pages[folio].extra_refs--;
	r->pages[folio].private = true;
}

/* try_to_free_buffers() */
void ref_free_buffers(struct ref *r, int folio)
{
	for (int i = 0; r->pages[folio].private && i < ref_nr_pages(r, folio); i++)
		ref_free_object(r, r->pages[folio].memcg, REF_BUFFER_HEAD);
	r->pages[folio].private = false;
}

/* sb_getblk() */
static bool getblk(struct ref *r, unsigned int cpu, int page)
{
	if (!r->pages[page].resident && !ref_filemap_add_folio(r, cpu, page, false, REF_GFP_KERNEL))
		return false;
	r->pages[page].buffer = true;
	ref_create_buffers(r, page);
	ref_folio_mark_accessed(r, cpu, page);
	return true;
}

/*
 * file_update_time(), ext4_dirty_inode(). Metadata: super block, group descriptors, inode
 * bitmap, then the inode table with 16 inodes per block. Inodes are numbered from 1, and
 * those of the files start at 12.
 */
bool ref_file_update_time(struct ref *r, unsigned int cpu, uint32_t file)
{
	const int bitmap = (int)r->t->nr_file_pages + 2, table = bitmap + 1;
	int nr_inodes = 11, nr_before = 11, nr_blocks, block;
	const uint64_t tick = r->now_ns / 1000 / r->m.tick_us;

	if (!r->m.ext4 || ref_is_shmem(r, file) || r->mtime[file] == tick + 1)
		return true;
	r->mtime[file] = tick + 1;
	for (uint32_t i = 0; i < r->t->nr_files; i++) {
		nr_inodes += !ref_is_shmem(r, i);
		nr_before += i < file && !ref_is_shmem(r, i);
	}
	nr_blocks = nr_inodes / 16 + 1;
	block = nr_before / 16;
	if (r->pages[table + block].resident) {
		if (!getblk(r, cpu, table + block))
			return false;
	} else {
		/* __ext4_get_inode_loc() reads it */
		if (!getblk(r, cpu, table + block) || !getblk(r, cpu, bitmap))
			return false;
		for (int b = block / 32 * 32; b < nr_blocks && b <= block / 32 * 32 + 32; b++)
			if (!getblk(r, cpu, table + b))
				return false;
		ref_device_read(r, table + block, 1);
	}
	ref_set_dirty(r, table + block); /* mark_buffer_dirty() */
	return true;
}
