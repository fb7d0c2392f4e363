// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 vfs_unlink() and vfs_rename() of fs/namei.c, evict() of fs/inode.c, __fput() of
 * fs/file_table.c, and what ext4 adds: ext4_setattr(), ext4_rename().
 *
 * Approximations: a name that rename replaces is gone; in a trace a file has one name for its
 * whole life. Directories, their pages and the metadata of free blocks do not exist. ext4 also
 * writes a file back when it is closed after it was truncated to nothing; here it does not, as
 * descriptors are closed only by exec and exit.
 */
#include "sim/mm/inode.h"

#include <errno.h>

#include "sim/mm/ext4.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/truncate.h"

/* evict_inode() */
static void evict(struct sim *s, unsigned int cpu, uint32_t file)
{
	truncate_inode_pages_final(s, cpu, file);
	s->files[file].size = 0;
}

void delayed_fput(struct sim *s)
{
	while (s->fput) {
		const uint32_t file = s->fput - 1;

		s->fput = s->files[file].next_fput;
		evict(s, s->this_cpu, file);
	}
}

int do_ftruncate(struct sim *s, unsigned int cpu, uint32_t file, uint32_t size)
{
	if (ext4_dirty_inode(s, cpu, file))
		return -ENOMEM;
	truncate_setsize(s, cpu, file, size);
	return 0;
}

int vfs_unlink(struct sim *s, unsigned int cpu, uint32_t file)
{
	struct file_state *f = &s->files[file];

	if (f->unlinked)
		return -ENOENT;
	f->unlinked = true;
	if (!f->nr_opens)
		evict(s, cpu, file);
	return 0;
}

int vfs_rename(struct sim *s, unsigned int cpu, uint32_t file, uint32_t other)
{
	if (s->files[file].unlinked || s->files[other].unlinked)
		return -ENOENT;
	/* ext4_alloc_da_blocks(): what is to replace a file should not be lost in a crash */
	if (s->files[file].delalloc)
		filemap_fdatawrite_range(s, cpu, file, 0, UINT32_MAX, NULL);
	return vfs_unlink(s, cpu, other);
}
