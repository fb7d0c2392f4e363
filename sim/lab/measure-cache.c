// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files that are measured, and their pages in the cache.
 *
 * Folios are looked at through /proc/self/pagemap and /proc/kpageflags, which only root can read.
 */
#define _GNU_SOURCE /* O_DIRECT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kernel-page-flags.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

const char *has_device(struct bench *b, struct probe *p)
{
	(void)p;
	return b->no_device ? "the folder is on tmpfs, not on a device" : NULL;
}

const char *bench_drop_cache(struct bench *b)
{
	return posix_fadvise(b->fd, 0, 0, POSIX_FADV_DONTNEED)
		       ? "cannot drop the page cache of a file here"
		       : NULL;
}

char *bench_map_file(struct bench *b)
{
	char *p = mmap(NULL, b->bytes, PROT_READ, MAP_SHARED, b->fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* A page table, or a PMD, maps a folio of any order whole only if its address is aligned as its
 * offset is. */
char *bench_map_folios(struct bench *b, off_t offset)
{
	char *room = mmap(NULL, b->bytes + PMD_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = room + (-(uintptr_t)room & (PMD_SIZE - 1));

	if (room == MAP_FAILED)
		return NULL;
	if (mmap(p, b->bytes, PROT_READ, MAP_SHARED | MAP_FIXED, b->folios_fd, offset) != p) {
		munmap(room, b->bytes + PMD_SIZE);
		return NULL;
	}
	if (p > room)
		munmap(room, (size_t)(p - room));
	if (p < room + PMD_SIZE)
		munmap(p + b->bytes, (size_t)(room + PMD_SIZE - p));
	return p;
}

long bench_nr_cached(struct bench *b)
{
	const size_t nr = b->bytes / PAGE;
	g_autofree unsigned char *vec = g_malloc(nr);
	char *p = bench_map_file(b);
	long cached = 0;

	if (!p || mincore(p, b->bytes, vec))
		cached = -1;
	for (size_t i = 0; cached >= 0 && i < nr; i++)
		cached += vec[i] & 1;
	if (p)
		munmap(p, b->bytes);
	return cached;
}

const char *bench_empty_cache(struct bench *b)
{
	const char *why = bench_drop_cache(b);

	if (!why && bench_nr_cached(b) != 0)
		why = "pages stay in the cache after POSIX_FADV_DONTNEED";
	return why;
}

const char *bench_fill_unmarked(struct bench *b)
{
	const double end = bench_wall_ns() + 5e9;
	const long nr = (long)(b->bytes / PAGE);
	const char *why = bench_empty_cache(b);

	if (why)
		return why;
	/* it is only a hint, and somebody may drop the caches meanwhile: repeat it */
	do {
		const double again = bench_wall_ns() + 200e6;

		for (size_t at = 0; at < b->bytes; at += CHUNK)
			posix_fadvise(b->fd, (off_t)at, CHUNK, POSIX_FADV_WILLNEED);
		while (bench_nr_cached(b) < nr && bench_wall_ns() < again)
			g_usleep(1000);
	} while (bench_nr_cached(b) < nr && bench_wall_ns() < end && !lab_interrupted(b->o->hooks));
	return bench_nr_cached(b) < nr ? "POSIX_FADV_WILLNEED does not read the file here" : NULL;
}

void bench_touch(const char *p, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		(void)*(const volatile char *)(p + at);
}

/* an unlinked file in the folder. Return: 0, or -EINVAL or -EIO with @err */
static int temporary(const struct bench *b, int *fd, struct err *err)
{
	g_autofree char *path = g_build_filename(b->o->dir, "reapsim-calibrate-XXXXXX", NULL);

	*fd = mkstemp(path);
	if (*fd < 0)
		return err_set(err, errno == ENOSPC ? -EIO : -EINVAL,
			       "%s: no file can be made here: %s", b->o->dir, g_strerror(errno));
	unlink(path);
	return 0;
}

int bench_make_files(struct bench *b, struct err *err)
{
	g_autofree uint64_t *buf = g_malloc(CHUNK);
	g_autofree char *again = NULL;
	struct statvfs fs;
	int ret = temporary(b, &b->fd, err);

	if (!ret)
		ret = temporary(b, &b->folios_fd, err);
	if (ret)
		return ret;
	if (!fstatvfs(b->fd, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize < 4 * b->file_bytes)
		return err_set(err, -EIO, "%s: expected room for files of %" PRIu64 " MiB",
			       b->o->dir, 4 * b->file_bytes >> 20);
	for (uint64_t at = 0; at < b->file_bytes; at += CHUNK) {
		for (size_t i = 0; i < CHUNK / 8; i++)
			buf[i] = bench_random(&b->random);
		if (pwrite(b->fd, buf, CHUNK, (off_t)at) != CHUNK)
			return err_set(err, -EIO, "%s: writing a file of %" PRIu64 " MiB: %s",
				       b->o->dir, b->file_bytes >> 20, g_strerror(errno));
	}
	if (fsync(b->fd))
		return err_set(err, -EIO, "%s: writing a file: %s", b->o->dir, g_strerror(errno));
	again = g_strdup_printf("/proc/self/fd/%d", b->fd);
	b->direct_fd = open(again, O_RDONLY | O_DIRECT | O_CLOEXEC);
	return 0;
}

/* Folios */

#define CAN_NOT_SEE "the orders of folios can not be seen (needs root)"
#define PFN_MASK    ((1ull << 55) - 1)
#define PRESENT	    (1ull << 63)

/* the flags of @nr pages at @p. Return: false if they can not be read */
static bool page_flags(uint64_t *flags, const char *p, size_t nr, int pagemap, int kpageflags)
{
	const off_t at = (off_t)((uintptr_t)p / PAGE * 8);

	if (pread(pagemap, flags, nr * 8, at) != (ssize_t)(nr * 8))
		return false;
	for (size_t i = 0; i < nr; i++) {
		const uint64_t pfn = flags[i] & PFN_MASK;

		/* without the right to see it, it is 0 */
		if (!(flags[i] & PRESENT) || !pfn ||
		    pread(kpageflags, &flags[i], 8, (off_t)(pfn * 8)) != 8)
			return false;
	}
	return true;
}

static void count_folios(struct folios_seen *seen, const uint64_t *flags, size_t nr,
			 unsigned int order)
{
	size_t end;

	*seen = (struct folios_seen){ 0 };
	for (size_t i = 0; i < nr; i = end) {
		double share;

		end = i + 1;
		while (end < nr && (flags[i] & (1 << KPF_COMPOUND_HEAD)) &&
		       (flags[end] & (1 << KPF_COMPOUND_TAIL)))
			end++;
		share = (double)(end - i) / (double)nr;
		if (end - i == (size_t)1 << order)
			seen->in_order += share;
		if (flags[i] & (1 << KPF_REFERENCED))
			seen->referenced += share;
		if (flags[i] & (1 << KPF_ACTIVE))
			seen->active += share;
	}
}

const char *folios_look(struct folios_seen *seen, const char *p, size_t bytes, unsigned int order)
{
	const size_t nr = bytes / PAGE;
	g_autofree uint64_t *flags = g_new(uint64_t, nr);
	const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	const int kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	const bool ok =
		pagemap >= 0 && kpageflags >= 0 && page_flags(flags, p, nr, pagemap, kpageflags);

	if (pagemap >= 0)
		close(pagemap);
	if (kpageflags >= 0)
		close(kpageflags);
	if (!ok)
		return CAN_NOT_SEE;
	count_folios(seen, flags, nr, order);
	return NULL;
}
