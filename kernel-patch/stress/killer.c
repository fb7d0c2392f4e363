// SPDX-License-Identifier: GPL-2.0-only
/*
 * A killer: starts victims, kills them, and reaps them while they exit, alone or with a second
 * process that does the same, of an ordinary user now and then.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

static void reap(struct context *c, int pidfd)
{
	const unsigned int flags = rnd(c, 4) & c->flags_mask;
	enum result result = RESULT_OK;

	if (syscall(SYS_process_mrelease, pidfd, flags)) {
		switch (errno) {
		case ESRCH:
			result = RESULT_ESRCH;
			break;
		case EAGAIN:
			result = RESULT_EAGAIN;
			break;
		case EINVAL:
			result = RESULT_EINVAL;
			break;
		case EPERM:
			result = RESULT_EPERM;
			break;
		default:
			result = RESULT_OTHER;
			break;
		}
	}
	atomic_fetch_add(&c->s->calls[flags][result], 1);
}

/* Return: the PID of a process that reaps the same victim, or 0. */
static pid_t second_reaper(struct context *c, int pidfd)
{
	pid_t pid;

	if (!one_in(c, 3))
		return 0;
	pid = fork();
	if (pid)
		return pid > 0 ? pid : 0;
	c->random ^= (uint64_t)getpid() << 32;
	if (one_in(c, 2) && setresuid(1000, 1000, 1000))
		_exit(1);
	for (int i = 0; i < 3; i++)
		reap(c, pidfd);
	_exit(0);
}

/* A version that was noted is there, or the next one, which was not noted in time. */
static void check_stores(struct context *c, unsigned int nr)
{
	static uint64_t page[PAGE / sizeof(uint64_t)];

	for (unsigned int n = 0; n < 32; n++) {
		const unsigned int i = rnd(c, FILE_PAGES);
		const unsigned int want = atomic_load(&c->s->stored[nr][i]);
		int64_t is;

		if (pread(c->stores[nr], page, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE) {
			atomic_fetch_add(&c->s->errors, 1);
			continue;
		}
		is = page_version(page, i);
		/* a kill in the middle of a store leaves the page between two versions */
		if (is < 0 && (page[PAGE / 8 - 1] & UINT32_MAX) == want &&
		    (page[0] & UINT32_MAX) == want + 1)
			is = want;
		atomic_fetch_add(&c->s->checks, 1);
		if (is == want || is == (int64_t)want + 1)
			continue;
		atomic_fetch_add(&c->s->lost, 1);
		say("LOST STORE: page %u of s%u is %lld, %u was stored", i, nr, (long long)is,
		    want);
	}
	/* the next victim begins with what is there */
	for (unsigned int i = 0; i < FILE_PAGES; i++)
		if (pread(c->stores[nr], page, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE &&
		    (page[0] & UINT32_MAX) > atomic_load(&c->s->stored[nr][i]))
			atomic_store(&c->s->stored[nr][i], (unsigned int)(page[0] & UINT32_MAX));
}

static void advise_victim(struct context *c, int pidfd, pid_t pid)
{
	static const int advice[] = { MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED };
	struct iovec all = { (void *)0x10000, 1UL << 46 };

	(void)pid;
	if (one_in(c, 6))
		syscall(SYS_process_madvise, pidfd, &all, 1UL, advice[rnd(c, 3)], 0UL);
}

static void one_victim(struct context *c, unsigned int nr)
{
	const bool traced = one_in(c, 2);
	int ready[2], pidfd, status;
	pid_t pid, second;
	char byte;

	if (pipe(ready))
		goto error;
	pid = fork();
	if (!pid) {
		close(ready[0]);
		c->random ^= (uint64_t)getpid() << 32;
		victim(c, nr, ready[1]);
	}
	close(ready[1]);
	if (pid < 0) {
		close(ready[0]);
		goto error;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* a few are killed while they touch */
	if (!one_in(c, 10) && read(ready[0], &byte, 1) != 1)
		atomic_fetch_add(&c->s->errors, 1);
	close(ready[0]);
	if (one_in(c, 3))
		usleep(rnd(c, 20000));
	advise_victim(c, pidfd, pid);
	/* With its tracer it waits in its exit, with all its memory, and the reap is in time. */
	if (traced && ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL))
		atomic_fetch_add(&c->s->errors, 1);
	kill(pid, SIGKILL);
	if (traced)
		waitpid(pid, &status, __WALL);
	second = second_reaper(c, pidfd);
	for (unsigned int i = 1 + rnd(c, 2); i; i--)
		reap(c, pidfd);
	if (traced && !WIFSIGNALED(status))
		ptrace(PTRACE_CONT, pid, 0, 0);
	if (!traced || !WIFSIGNALED(status))
		waitpid(pid, &status, __WALL);
	if (second)
		waitpid(second, NULL, 0);
	close(pidfd);
	atomic_fetch_add(&c->s->victims, 1);
	return;
error:
	atomic_fetch_add(&c->s->errors, 1);
	usleep(100000);
}

void killer(struct context *c, unsigned int nr)
{
	while (!atomic_load(&c->s->stop)) {
		one_victim(c, nr);
		if (one_in(c, 4))
			check_stores(c, nr);
		atomic_fetch_add(&c->s->progress[c->worker], 1);
	}
}
