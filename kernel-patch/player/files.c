// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file systems that hold the trace's files: mounted, filled, opened.
 *
 * The files are on the disk (ext4, or another one with player.fs=NAME on a stock kernel),
 * named by their number, in /d. Those of tmpfs are in /t, as files with "shmem" are: they
 * are empty, so a page of them comes into being when it is first used. Of overlayfs, the
 * disk's ext4 is the lower layer. Those of fuse are on no disk: a process of ours has them.
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOWER "/lower"

/* They are named by the values of the simulator's key file_system. */
static const struct file_system {
	const char *name, *type, *data;
	unsigned long flags;
	bool no_writes; /* to the trace's files */
	bool compressed;
} file_systems[] = {
	/* or a thread of ext4 reads metadata in the middle of the trace */
	{ "ext4", "ext4", "no_prefetch_block_bitmaps,noinit_itable", MS_NOATIME, false, false },
	{ "xfs", "xfs", NULL, MS_NOATIME, false, false },
	{ "btrfs", "btrfs", NULL, MS_NOATIME, false, false },
	{ "btrfs-zstd", "btrfs", "compress-force=zstd", MS_NOATIME, false, true },
	{ "erofs", "erofs", NULL, MS_RDONLY, true, false },
	{ "erofs-lz4", "erofs", NULL, MS_RDONLY, true, true },
	{ "squashfs", "squashfs", NULL, MS_RDONLY, true, true },
	/* a write would copy the file to the upper layer */
	{ "overlayfs", "overlay", "lowerdir=" LOWER ",upperdir=/upper/d,workdir=/upper/w",
	  MS_NOATIME, true, false },
	{ "tmpfs", "tmpfs", NULL, 0, false, false },
	{ "fuse", "fuse", NULL, 0, true, false },
};

static const struct file_system *file_system(void)
{
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++)
		if (!strcmp(guest.opt.fs, file_systems[i].name))
			return &file_systems[i];
	bad_input("player.fs=%s: not a file system that the player knows", guest.opt.fs);
}

bool files_no_writes(void)
{
	return file_system()->no_writes;
}

bool files_are_shmem(void)
{
	return !strcmp(guest.opt.fs, "tmpfs");
}

void files_mount(void)
{
	const struct file_system *fs = file_system();

	if (!strcmp(fs->type, "fuse")) {
		fuse_mount();
		return;
	}
	if (strcmp(fs->type, "overlay")) {
		mount_one("/dev/vda", "/d", fs->type, fs->flags, fs->data);
		return;
	}
	mount_one("/dev/vda", LOWER, "ext4", MS_NOATIME, file_systems[0].data);
	mount_one("tmpfs", "/upper", "tmpfs", 0, NULL);
	mkdir("/upper/d", 0755);
	mkdir("/upper/w", 0755);
	mount_one("overlay", "/d", fs->type, fs->flags, fs->data);
}

void files_unmount(void)
{
	static const char *const mounts[] = { "/d", "/t", LOWER, "/upper", TRACING };

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (umount(mounts[i]) && errno != EINVAL && errno != ENOENT)
			run_failed("%s: %s", mounts[i], strerror(errno));
}

/*
 * Written past the page cache, block by block: a read of it needs the device. Past the page
 * cache nothing is compressed, and what has no empty pages has no holes.
 */
static void fill(const char *path, uint64_t pages)
{
	const int direct = file_system()->compressed ? 0 : O_DIRECT;
	/* of a host's file that is there already the blocks stay */
	const int anew = guest.opt.host ? 0 : O_TRUNC;
	const size_t step = 1 << 20;
	uint64_t left = pages * PAGE_SIZE;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | anew | direct, 0644);
	char *buf = mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || buf == MAP_FAILED)
		run_failed("%s: %s", path, strerror(errno));
	memset(buf, 'r', step);
	while (left) {
		size_t n = left < step ? left : step;
		ssize_t ret = write(fd, buf, n);

		if (ret != (ssize_t)n)
			run_failed("%s: %s", path, ret < 0 ? strerror(errno) : "the disk is full");
		left -= n;
	}
	if (ftruncate(fd, (off_t)(pages * PAGE_SIZE)) || fsync(fd))
		run_failed("%s: %s", path, strerror(errno));
	munmap(buf, step);
	close(fd);
}

/*
 * Holes and unwritten extents are read without the device. Looking also has ext4 read its
 * extents, so that it need not in the middle of the trace. Squashfs can not tell.
 */
static bool is_written(int fd, uint64_t pages)
{
	static union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + 64 * sizeof(struct fiemap_extent)];
	} u;
	uint64_t at = 0;

	while (at < pages * PAGE_SIZE) {
		memset(&u.map, 0, sizeof(u.map));
		u.map.fm_start = at;
		u.map.fm_length = pages * PAGE_SIZE - at;
		u.map.fm_extent_count = 64;
		if (ioctl(fd, FS_IOC_FIEMAP, &u.map))
			return errno == EOPNOTSUPP && guest.opt.stock;
		if (!u.map.fm_mapped_extents)
			return false;
		for (uint32_t i = 0; i < u.map.fm_mapped_extents; i++) {
			const struct fiemap_extent *e = &u.map.fm_extents[i];

			if (e->fe_logical > at || e->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
				return false;
			at = e->fe_logical + e->fe_length;
		}
	}
	return true;
}

void files_written(void)
{
	for (uint32_t i = 0; i < guest.nr_files; i++)
		if (!guest.files[i].shmem && !is_written(guest.files[i].fd, guest.files[i].size))
			run_failed("file %u: has holes", i);
}

/* A file that a run left there may be cut, and made to grow again. Return: -1 if it does not have
 * its size, or has holes. */
static int open_whole(const char *path, uint64_t pages)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && (uint64_t)st.st_size == pages * PAGE_SIZE &&
	    is_written(fd, pages))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * Of a host: no mount is needed for a file of tmpfs that has no name, and nothing is left of
 * it. Its name in our folder is a link to our descriptor.
 */
static void open_memfd(uint32_t i)
{
	struct file *f = &guest.files[i];
	char path[24], to[40];

	file_path(path, true, i);
	f->fd = memfd_create(path, MFD_CLOEXEC);
	if (f->fd < 0 || ftruncate(f->fd, (off_t)(f->size * PAGE_SIZE)))
		run_failed("%s: %s", path, strerror(errno));
	snprintf(to, sizeof(to), "/proc/%d/fd/%d", getpid(), f->fd);
	if (symlink(to, path))
		run_failed("%s: %s", path, strerror(errno));
}

/*
 * Of a host: written anew for each run, so that nothing is left in the page cache of what an
 * earlier one had there. Shadow entries would be, if only the pages were dropped: a write past
 * the page cache also clears these (v7.3 invalidate_inode_pages2_range()).
 */
static void open_anew(uint32_t i)
{
	struct file *f = &guest.files[i];
	char path[24];

	file_path(path, false, i);
	fill(path, f->size);
	f->fd = open_whole(path, f->size);
	if (f->fd < 0)
		run_failed("%s: not %llu pages that are all written", path,
			   (unsigned long long)f->size);
}

void files_drop(void)
{
	for (uint32_t i = 0; i < guest.nr_files; i++)
		if (!guest.files[i].shmem && guest.files[i].fd >= 0)
			posix_fadvise(guest.files[i].fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void open_one(uint32_t i)
{
	struct file *f = &guest.files[i];
	char path[24];

	if (guest.opt.host) {
		(f->shmem ? open_memfd : open_anew)(i);
		return;
	}
	file_path(path, f->shmem, i);
	if (f->shmem) {
		f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (f->fd < 0 || ftruncate(f->fd, (off_t)(f->size * PAGE_SIZE)))
			run_failed("%s: %s", path, strerror(errno));
		return;
	}
	f->fd = open_whole(path, f->size);
	if (f->fd < 0) {
		fill(path, f->size);
		f->fd = open_whole(path, f->size);
	}
	if (f->fd < 0)
		run_failed("%s: not %llu pages that are all written", path,
			   (unsigned long long)f->size);
}

void files_open(void)
{
	bool disk = false, shm = false;

	for (uint32_t i = 0; i < guest.nr_files; i++) {
		disk |= !guest.files[i].shmem;
		shm |= guest.files[i].shmem;
	}
	if (disk && !guest.opt.host)
		files_mount();
	if (shm && !guest.opt.host)
		mount_one("tmpfs", "/t", "tmpfs", MS_NOATIME, "size=100%");
	for (uint32_t i = 0; i < guest.nr_files; i++)
		open_one(i);
}
