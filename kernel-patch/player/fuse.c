// SPDX-License-Identifier: GPL-2.0-only
/*
 * A FUSE server for the trace's files, a process of its own that speaks the protocol of
 * linux/fuse.h on /dev/fuse. The files are named by their number, can only be read, and have
 * the same page over and over.
 *
 * It asks for what libfuse asks for: reads may go on in parallel, the page cache survives open(),
 * names and attributes stay valid. It answers max_readahead and max_pages with the window and
 * the largest request of the trace's machine; the kernel makes them 32 and 256 pages at most.
 *
 * It is in the root cgroup, locked in memory, and small: all pages of an answer are one page. It
 * runs before the trace's processes and after the player, so that an answer comes at once,
 * but not between a SIGKILL and the reap.
 *
 * What it can't be: a server that takes its time, uses page cache itself, or is killed.
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_PAGES  256u /* fuse_max_pages_limit */
#define FIRST_FILE (FUSE_ROOT_ID + 1)
#define FOREVER	   (1u << 30) /* seconds */

/* shared with the player */
static struct served *served;

static char request[FUSE_MIN_READ_BUFFER];
static char page[PAGE_SIZE];

static const void *body(void)
{
	return request + sizeof(struct fuse_in_header);
}

/* @error: 0 or an errno. @bytes of the page, over and over, come after @data. */
static void reply(int dev, int error, const void *data, size_t len, size_t bytes)
{
	const struct fuse_in_header *in = (const void *)request;
	struct fuse_out_header out = { .len = (uint32_t)(sizeof(out) + len + bytes),
				       .error = -error,
				       .unique = in->unique };
	static struct iovec v[2 + MAX_PAGES];
	int nr = 0;

	v[nr++] = (struct iovec){ &out, sizeof(out) };
	if (len)
		v[nr++] = (struct iovec){ (void *)data, len };
	for (size_t n; bytes; bytes -= n) {
		n = bytes < PAGE_SIZE ? bytes : PAGE_SIZE;
		v[nr++] = (struct iovec){ page, n };
	}
	/* ENOENT: who asked was killed meanwhile */
	if (writev(dev, v, nr) < 0 && errno != ENOENT)
		_exit(1);
}

static void do_init(int dev)
{
	const struct machine *m = &guest.machine;
	const struct fuse_init_in *in = body();
	const uint64_t window = m->readahead_pages * PAGE_SIZE;
	const uint64_t pages = m->io_pages < MAX_PAGES ? m->io_pages : MAX_PAGES;
	const struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = window < in->max_readahead ? (uint32_t)window : in->max_readahead,
		.flags = in->flags & (FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES),
		.max_write = PAGE_SIZE,
		.max_pages = (uint16_t)pages,
	};

	reply(dev, 0, &out, sizeof(out), 0);
}

static bool is_ours(uint64_t node)
{
	const uint64_t file = node - FIRST_FILE;

	return file < guest.nr_files && !guest.files[file].shmem;
}

static uint64_t size_of(uint64_t node)
{
	return is_ours(node) ? guest.files[node - FIRST_FILE].size * PAGE_SIZE : 0;
}

static struct fuse_attr attr_of(uint64_t node)
{
	const bool root = node == FUSE_ROOT_ID;

	return (struct fuse_attr){ .ino = node,
				   .size = root ? 0 : size_of(node),
				   .blocks = root ? 0 : size_of(node) / 512,
				   .mode = root ? S_IFDIR | 0755 : S_IFREG | 0644,
				   .nlink = root ? 2 : 1,
				   .blksize = PAGE_SIZE };
}

static void do_getattr(int dev, uint64_t node)
{
	const struct fuse_attr_out out = { .attr_valid = FOREVER, .attr = attr_of(node) };

	reply(dev, 0, &out, sizeof(out), 0);
}

static void do_lookup(int dev, uint64_t parent)
{
	const char *name = body();
	char *end;
	const uint64_t node = FIRST_FILE + strtoull(name, &end, 10);
	const struct fuse_entry_out out = {
		.nodeid = node, .entry_valid = FOREVER, .attr_valid = FOREVER, .attr = attr_of(node)
	};

	if (parent != FUSE_ROOT_ID || end == name || *end || !is_ours(node))
		reply(dev, ENOENT, NULL, 0, 0);
	else
		reply(dev, 0, &out, sizeof(out), 0);
}

static void do_open(int dev)
{
	const struct fuse_open_out out = { .open_flags = FOPEN_KEEP_CACHE | FOPEN_NOFLUSH };

	reply(dev, 0, &out, sizeof(out), 0);
}

static void do_read(int dev, uint64_t node)
{
	const struct fuse_read_in *in = body();
	const uint64_t began = clock_ns(CLOCK_MONOTONIC), size = size_of(node);
	uint64_t bytes = in->offset < size ? size - in->offset : 0;

	if (bytes > in->size)
		bytes = in->size;
	if (bytes > MAX_PAGES * PAGE_SIZE) {
		reply(dev, EIO, NULL, 0, 0);
		return;
	}
	/* before the answer, or its reader might look too early */
	served->nr++;
	served->pages += (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
	reply(dev, 0, NULL, 0, bytes);
	served->ns += clock_ns(CLOCK_MONOTONIC) - began;
}

static void answer(int dev)
{
	const struct fuse_in_header *in = (const void *)request;

	switch (in->opcode) {
	case FUSE_INIT:
		do_init(dev);
		break;
	case FUSE_LOOKUP:
		do_lookup(dev, in->nodeid);
		break;
	case FUSE_GETATTR:
		do_getattr(dev, in->nodeid);
		break;
	case FUSE_OPEN:
		do_open(dev);
		break;
	case FUSE_READ:
		do_read(dev, in->nodeid);
		break;
	case FUSE_RELEASE:
		reply(dev, 0, NULL, 0, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: /* every request is answered at once */
		break;
	default:
		reply(dev, ENOSYS, NULL, 0, 0);
	}
}

__attribute__((noreturn)) static void serve(int dev)
{
	const struct sched_param rt = { .sched_priority = 5 };

	if (sched_setscheduler(0, SCHED_FIFO, &rt) || put("/proc/self/oom_score_adj", "-1000"))
		_exit(1);
	memset(page, 'r', sizeof(page));
	touch_stack();
	if (mlockall(MCL_CURRENT))
		_exit(1);
	for (;;) {
		const ssize_t n = read(dev, request, sizeof(request));

		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			answer(dev);
		/* ENOENT: who asked was killed before we saw it; ENODEV: unmounted */
		else if (n >= 0 || (errno != ENOENT && errno != EINTR && errno != EAGAIN))
			_exit(0);
	}
}

void fuse_mount(void)
{
	const int dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char data[96];
	pid_t pid;

	if (dev < 0)
		bad_input("this kernel has no /dev/fuse: %s", strerror(errno));
	served = mmap(NULL, sizeof(*served), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (served == MAP_FAILED)
		run_failed("fuse: %s", strerror(errno));
	snprintf(data, sizeof(data), "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	/* the kernel's first request waits for the server */
	mount_one("player", "/d", "fuse", MS_RDONLY | MS_NOATIME, data);
	pid = fork();
	if (!pid)
		serve(dev);
	if (pid < 0 || madvise(served, sizeof(*served), MADV_DONTFORK))
		run_failed("fuse: %s", strerror(errno));
	close(dev);
}

const volatile struct served *fuse_served(void)
{
	return served;
}
