// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* O_TMPFILE, mremap() */
#include "sim/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glib.h>

#define FIRST_BYTES (16u << 10)
/* A file grows by at least this much, and releases memory in steps of this size. */
#define STEP_BYTES (4ull << 20)
#define STEP_MAX   (1ull << 30)
#define PAGE_BYTES (64ull << 10) /* the largest page size of any machine */

int nameless_file(void)
{
	char *path;
	int fd = open(g_get_tmp_dir(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* the file system does not support O_TMPFILE */
	fd = g_file_open_tmp("reapsim-XXXXXX", &path, NULL);
	if (fd >= 0) {
		unlink(path);
		g_free(path);
	}
	return fd;
}

void spill_init(struct spill *s, size_t size)
{
	*s = (struct spill){ .size = size, .fd = -1 };
}

void spill_release(struct spill *s)
{
	if (s->fd >= 0) {
		munmap(s->base, s->room);
		close(s->fd);
	} else {
		free(s->base);
	}
	*s = (struct spill){ .fd = -1 };
}

static int grow_in_memory(struct spill *s)
{
	uint64_t room = s->room ? s->room * 2 : MAX(FIRST_BYTES, 8 * s->size);
	uint8_t *base = realloc(s->base, room);

	if (!base)
		return -ENOMEM;
	s->base = base;
	s->room = room;
	return 0;
}

/* Reserve disk space. Otherwise a full disk would end the program with SIGBUS. */
static int reserve(int fd, uint64_t from, uint64_t to)
{
	int ret;

	do
		ret = posix_fallocate(fd, (off_t)from, (off_t)(to - from));
	while (ret == EINTR);
	return -ret;
}

static int move_to_file(struct spill *s)
{
	uint64_t room = s->room + STEP_BYTES;
	int fd = nameless_file(), ret;
	void *base;

	if (fd < 0)
		return -errno;
	ret = reserve(fd, 0, room);
	base = ret ? MAP_FAILED : mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED) {
		ret = ret ? ret : -errno;
		close(fd);
		return ret;
	}
	memcpy(base, s->base, s->nr * s->size);
	free(s->base);
	s->base = base;
	s->room = room;
	s->fd = fd;
	return 0;
}

static int grow_file(struct spill *s)
{
	uint64_t room =
		s->room + CLAMP(s->room / 4, STEP_BYTES, STEP_MAX) / STEP_BYTES * STEP_BYTES;
	int ret = reserve(s->fd, s->room, room);
	void *base = ret ? MAP_FAILED : mremap(s->base, s->room, room, MREMAP_MAYMOVE);

	if (base == MAP_FAILED)
		return ret ? ret : -errno;
	s->base = base;
	s->room = room;
	return 0;
}

static void let_go(const struct spill *s, uint64_t from, uint64_t to)
{
	/* the data stay in the page cache or in the file */
	from -= from % PAGE_BYTES;
	to -= to % PAGE_BYTES;
	if (to > from)
		madvise(s->base + from, to - from, MADV_DONTNEED);
}

void spill_passed(const struct spill *s, uint64_t from, uint64_t to)
{
	if (s->fd >= 0)
		let_go(s, from * s->size, to * s->size);
}

void *spill_add(struct spill *s, unsigned int nr)
{
	uint64_t end = (s->nr + nr) * s->size;
	int ret = s->error;
	void *at;

	while (!ret && end > s->room)
		ret = s->fd >= 0		     ? grow_file(s)
		      : s->room < SPILL_MEMORY_BYTES ? grow_in_memory(s)
						     : move_to_file(s);
	if (ret) {
		s->error = ret;
		return NULL;
	}
	at = spill_at(s, s->nr);
	s->nr += nr;
	if (s->fd >= 0 && end >= s->kept + 2 * STEP_BYTES) {
		let_go(s, s->kept, s->kept + STEP_BYTES);
		s->kept += STEP_BYTES;
	}
	return at;
}

void spill_get(const struct spill *s, uint64_t i, void *element)
{
	const uint64_t at = i * s->size;

	if (s->fd < 0 || at >= s->kept ||
	    pread(s->fd, element, s->size, (off_t)at) != (ssize_t)s->size)
		memcpy(element, s->base + at, s->size);
}

void spill_put(struct spill *s, uint64_t i, const void *element)
{
	const uint64_t at = i * s->size;

	if (s->fd < 0 || at >= s->kept ||
	    pwrite(s->fd, element, s->size, (off_t)at) != (ssize_t)s->size)
		memcpy(s->base + at, element, s->size);
}

int spill_check(const struct spill *s, const char *path, struct err *err)
{
	if (!s->error)
		return 0;
	/* mmap() failed: memory is short, not disk space */
	if (s->error == -ENOMEM)
		return err_at(err, s->error, path, 0, "out of memory");
	return err_at(
		err, s->error, path, 0,
		"no room for what was read of it in %s: %s (set TMPDIR to a folder with more)",
		g_get_tmp_dir(), g_strerror(-s->error));
}
