// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the processes of a trace run: a loop that takes one command from a pipe
 * and answers when it is done.
 *
 * What a child writes to would be a page of its own, charged to it, going through
 * the same per-CPU batches as the pages that are measured; and each page that it
 * shares with the player after fork() is one where the next write of either may
 * drain those batches (v7.3 wp_can_reuse_anon_folio()). So they share none and a
 * child has none: the player's writable memory is MADV_DONTFORK, the stack is a
 * slot of the shared memory on ramfs. There is no libc here, no errno, no
 * variable that is not on the stack.
 */
#define _GNU_SOURCE
#include "player.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fadvise.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

/* its canary lies in the player's memory */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_stack_protector)), apply_to = function)
#else
#pragma GCC optimize("no-stack-protector")
#endif

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define sys(nr, a, b, c, d) sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static char *number(char *out, uint32_t n)
{
	char digits[10];
	int i = 0;

	do {
		digits[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (i)
		*out++ = digits[--i];
	*out = '\0';
	return out;
}

void child_fifo(char *out, char kind, uint32_t serial)
{
	*out++ = 'r';
	*out++ = 'u';
	*out++ = 'n';
	*out++ = '/';
	*out++ = kind;
	number(out, serial);
}

void file_path(char *out, bool shmem, uint32_t index)
{
	*out++ = shmem ? 't' : 'd';
	*out++ = '/';
	number(out, index);
}

static long open_fifo(char kind, uint32_t serial, int mode, int to)
{
	char path[24];
	long fd;

	child_fifo(path, kind, serial);
	fd = sys(__NR_openat, AT_FDCWD, path, mode, 0);
	if (fd < 0 || fd == to)
		return fd;
	sys(__NR_dup3, fd, to, 0, 0);
	return sys(__NR_close, fd, 0, 0, 0);
}

/* In a new process. The reply says that it is ready. */
static long hello(uint32_t serial)
{
	struct child_reply r = { 0, 0 };

	if (open_fifo('c', serial, O_RDONLY, CHILD_IN) < 0 ||
	    open_fifo('r', serial, O_WRONLY, CHILD_OUT) < 0)
		return -1;
	return sys(__NR_write, CHILD_OUT, &r, sizeof(r), 0);
}

static long open_file(const struct child_cmd *c, int mode)
{
	char path[24];

	file_path(path, c->shmem, c->path);
	return sys(__NR_openat, AT_FDCWD, path, mode, 0);
}

/* The one descriptor that this process has for this file. */
static long the_file(const struct child_cmd *c)
{
	const long want = CHILD_FILES + (long)c->file;
	long fd;

	if (sys(__NR_fcntl, want, F_GETFD, 0, 0) >= 0)
		return want;
	fd = open_file(c, c->no_writes ? O_RDONLY : O_RDWR);
	if (fd < 0 || fd == want)
		return fd;
	if (sys(__NR_dup3, fd, want, 0, 0) != want)
		return -EMFILE;
	sys(__NR_close, fd, 0, 0, 0);
	return want;
}

/* less than any error */
#define NO_FILE (-4096)

/* The trace does not say who opens a file, so it is opened before the step that uses it, and is in
 * no step's time. Return: the descriptor, NO_FILE: it needs none, or an error */
static long needed_file(const struct child_cmd *c)
{
	switch (c->op) {
	case CHILD_MAP:
		/* also with a descriptor of its own: this one counts as the first use */
		if (c->flags & MAP_ANONYMOUS)
			return NO_FILE;
		break;
	case CHILD_READ:
	case CHILD_WRITE:
	case CHILD_TRUNCATE:
	case CHILD_FSYNC:
	case CHILD_FADVISE:
		break;
	default:
		return NO_FILE;
	}
	return the_file(c);
}

static long do_map(const struct child_cmd *c, long fd)
{
	const bool own = c->noreuse || c->readonly;
	long ret;

	if (own) {
		fd = open_file(c, c->readonly || c->no_writes ? O_RDONLY : O_RDWR);
		if (fd < 0)
			return fd;
	}
	if (c->noreuse) {
		ret = sys(__NR_fadvise64, fd, 0, 0, POSIX_FADV_NOREUSE);
		if (ret)
			return ret;
	}
	ret = sys6(__NR_mmap, (long)c->at, (long)(c->pages * PAGE_SIZE), c->prot,
		   c->flags | MAP_FIXED, fd, (long)(c->off * PAGE_SIZE));
	if (own)
		sys(__NR_close, fd, 0, 0, 0);
	if (ret != (long)c->at)
		return ret < 0 ? ret : -EINVAL;
	if (c->advice != MADV_NORMAL)
		return sys(__NR_madvise, c->at, c->pages * PAGE_SIZE, c->advice, 0);
	return 0;
}

/* one call for each stretch that fits an iovec's length, which has no limit but MAX_RW_COUNT */
static long advise_other(const struct child_cmd *c)
{
	const long pidfd = sys(__NR_pidfd_open, c->arg, 0, 0, 0);
	uint64_t at = c->at, left = c->pages * PAGE_SIZE;
	long ret = 0;

	if (pidfd < 0)
		return pidfd;
	while (left && ret >= 0) {
		struct iovec vec = { (void *)at, left < 1u << 30 ? left : 1u << 30 };

		ret = sys6(__NR_process_madvise, pidfd, (long)&vec, 1, c->advice, 0, 0);
		if (ret == 0)
			ret = -EIO;
		if (ret > 0) {
			at += (uint64_t)ret;
			left -= (uint64_t)ret;
		}
	}
	sys(__NR_close, pidfd, 0, 0, 0);
	return ret < 0 ? ret : 0;
}

static long do_mremap(const struct child_cmd *c)
{
	const int flags = c->arg == c->at ? 0 : MREMAP_MAYMOVE | MREMAP_FIXED;
	long ret = sys6(__NR_mremap, (long)c->at, (long)(c->pages * PAGE_SIZE),
			(long)(c->off * PAGE_SIZE), flags, (long)c->arg, 0);

	return ret == (long)c->arg ? 0 : ret < 0 ? ret : -EINVAL;
}

static void touch(const struct child_cmd *c)
{
	const uint64_t step = c->arg * PAGE_SIZE;
	volatile char *p = (volatile char *)c->at;

	if (c->prot)
		for (uint64_t i = 0; i < c->pages; i++, p += step)
			*p = 1;
	else
		for (uint64_t i = 0; i < c->pages; i++, p += step)
			(void)*p;
}

/* One call, whatever the size: see FORMAT.md on descriptors. */
static long transfer(const struct child_cmd *c, long fd, uint64_t *done)
{
	struct iovec *vec = (struct iovec *)IO_VEC_AT;
	uint64_t left = c->pages;
	long n = 0, ret;

	for (; left && n < (long)IO_VECS; n++) {
		uint64_t now = left < IO_PAGES ? left : IO_PAGES;

		vec[n].iov_base = (void *)SHARED;
		vec[n].iov_len = now * PAGE_SIZE;
		left -= now;
	}
	if (left)
		return -E2BIG;
	/*
	 * What a program writes is mapped. A fault in the middle of a write begins its page anew,
	 * which on tmpfs is a mark (v7.3 generic_perform_write(), shmem_get_folio_gfp()).
	 */
	for (uint64_t i = 0; c->op == CHILD_WRITE && i < c->pages && i < IO_PAGES; i++)
		(void)*(volatile char *)(SHARED + i * PAGE_SIZE);
	ret = sys(c->op == CHILD_READ ? __NR_preadv : __NR_pwritev, fd, vec, n, c->off * PAGE_SIZE);
	if (ret < 0)
		return ret;
	*done = (uint64_t)ret;
	return 0;
}

/* what is about a whole file */
static long whole_file(const struct child_cmd *c, long fd)
{
	char path[24], to[24];

	if (c->op == CHILD_UNLINK || c->op == CHILD_RENAME) {
		file_path(path, c->shmem, c->path);
		file_path(to, c->shmem, c->to);
		if (c->op == CHILD_UNLINK)
			return sys(__NR_unlink, path, 0, 0, 0);
		return sys(__NR_rename, path, to, 0, 0);
	}
	if (c->op == CHILD_TRUNCATE)
		return sys(__NR_ftruncate, fd, c->pages * PAGE_SIZE, 0, 0);
	if (c->op == CHILD_FSYNC)
		return sys(__NR_fsync, fd, 0, 0, 0);
	return sys(__NR_fadvise64, fd, c->off * PAGE_SIZE, c->pages * PAGE_SIZE, c->advice);
}

/* Everything but what the loop itself does. @fd: needed_file() */
static long one(const struct child_cmd *c, long fd, uint64_t *done)
{
	if (fd < 0 && fd != NO_FILE)
		return fd;
	switch (c->op) {
	case CHILD_MAP:
		return do_map(c, fd);
	case CHILD_UNMAP:
		return sys(__NR_munmap, c->at, c->pages * PAGE_SIZE, 0, 0);
	case CHILD_ADVISE:
		return c->arg ? advise_other(c)
			      : sys(__NR_madvise, c->at, c->pages * PAGE_SIZE, c->advice, 0);
	case CHILD_MREMAP:
		return do_mremap(c);
	case CHILD_MLOCK:
		return sys(__NR_mlock, c->at, c->pages * PAGE_SIZE, 0, 0);
	case CHILD_MUNLOCK:
		return sys(__NR_munlock, c->at, c->pages * PAGE_SIZE, 0, 0);
	case CHILD_TOUCH:
		touch(c);
		return 0;
	case CHILD_READ:
	case CHILD_WRITE:
		return transfer(c, fd, done);
	case CHILD_TRUNCATE:
	case CHILD_FSYNC:
	case CHILD_FADVISE:
	case CHILD_UNLINK:
	case CHILD_RENAME:
		return whole_file(c, fd);
	default:
		return -ENOSYS;
	}
}

static uint64_t clock_by(clockid_t clock)
{
	struct timespec t = { 0, 0 };

	sys(__NR_clock_gettime, clock, &t, 0, 0);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t clock_by_call(void)
{
	return clock_by(CLOCK_MONOTONIC);
}

/* CPU time of this process, which has one thread */
static uint64_t cpu_ns(void)
{
	return clock_by(CLOCK_THREAD_CPUTIME_ID);
}

/*
 * The clock of the CPU is read twice a step. That of CPU time is a system call: it is
 * read after steps that took long, and says what has passed since it was read last.
 */
static void steps(uint64_t nr)
{
	struct child_step *s = (struct child_step *)STEPS_AT;
	uint64_t then, cpu;

	/* their page tables, before the clock runs */
	for (uint64_t i = 0; i < nr; i++)
		((volatile struct child_step *)s)[i].cpu_ns = STEP_SHORT;
	cpu = cpu_ns();
	then = ticks();
	for (uint64_t i = 0; i < nr; i++) {
		const long fd = needed_file(&s[i].cmd);
		uint64_t now = ticks();

		s[i].apart = now - then;
		/* to open it may wait */
		if (s[i].apart > STEP_LONG) {
			s[i].apart = APART_LONG;
			cpu = cpu_ns();
			now = ticks();
		}
		then = now;
		s[i].reply.ret = one(&s[i].cmd, fd, &s[i].reply.done);
		now = ticks();
		s[i].ticks = now - then;
		then = now;
		if (s[i].ticks > STEP_LONG) {
			const uint64_t cpu_now = cpu_ns();

			s[i].cpu_ns = cpu_now - cpu;
			cpu = cpu_now;
			then = ticks();
		}
		if (s[i].reply.ret < 0)
			return;
	}
}

static void loop(void)
{
	for (;;) {
		struct child_reply r = { 0, 0 };
		struct child_cmd c;

		if (sys(__NR_read, CHILD_IN, &c, sizeof(c), 0) != sizeof(c))
			sys(__NR_exit_group, 3, 0, 0, 0);
		if (c.op == CHILD_EXIT) {
			sys(__NR_exit_group, 0, 0, 0, 0);
		} else if (c.op == CHILD_FORK) {
			/* the player's child, not ours: it is the one that waits */
			struct clone_args args = { .flags = CLONE_PARENT };

			r.ret = child_clone(&args, (uint32_t)c.off, (uint32_t)c.arg, -1);
		} else if (c.op == CHILD_STEPS) {
			steps(c.arg);
		} else {
			r.ret = one(&c, needed_file(&c), &r.done);
		}
		if (sys(__NR_write, CHILD_OUT, &r, sizeof(r), 0) != sizeof(r))
			sys(__NR_exit_group, 5, 0, 0, 0);
	}
}

/* What lies at the top of a child's stack when it starts. */
struct start {
	uint32_t serial;
	uint32_t fresh; /* of the player, whose descriptors are not for it */
	int32_t join;	/* cgroup.procs of the cgroup that it enters; < 0: it is in it */
	uint32_t unused;
};

/* The first and last function of a child. */
__attribute__((noreturn, used)) static void child_main(const struct start *s)
{
	if (s->join >= 0 && sys(__NR_write, s->join, "0", 1, 0) != 1)
		sys(__NR_exit_group, 6, 0, 0, 0);
	if (s->fresh)
		sys(__NR_close_range, 3, ~0u, 0, 0);
	if (hello(s->serial) < 0)
		sys(__NR_exit_group, 4, 0, 0, 0);
	loop();
	__builtin_unreachable();
}

long child_clone(struct clone_args *args, uint32_t slot, uint32_t serial, int join)
{
	char *stack = (char *)SLOTS_AT + slot * SLOT_SIZE;
	struct start *start = (struct start *)(stack + SLOT_SIZE) - 1;
	long ret;

	args->stack = (uintptr_t)stack;
	args->stack_size = SLOT_SIZE - sizeof(*start);
	*start = (struct start){ .serial = serial,
				 .fresh = !(args->flags & CLONE_PARENT),
				 .join = join };
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%rsp, %%rdi\n\t"
			 "call child_main\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(__NR_clone3), "D"(args), "S"(sizeof(*args))
			 : "rcx", "r11", "memory");
	return ret;
}

#ifdef __clang__
#pragma clang attribute pop
#endif
