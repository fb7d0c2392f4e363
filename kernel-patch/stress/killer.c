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
#include <string.h>
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

/* Is it the first words of one version and the last of another? */
static bool torn(const uint64_t *page, unsigned int nr, unsigned int first, unsigned int last)
{
	static uint64_t one[PAGE / sizeof(uint64_t)], other[PAGE / sizeof(uint64_t)];
	unsigned int i = 0;

	fill_page(one, nr, first);
	fill_page(other, nr, last);
	while (i < PAGE / sizeof(*page) && page[i] == one[i])
		i++;
	return !memcmp(page + i, other + i, PAGE - i * sizeof(*page));
}

/*
 * What the dead victim has noted as stored is there, or one more: it was killed in the middle
 * of a store, or before it noted it. Such a page is made whole for the next victim.
 */
static void check_stores(struct context *c, unsigned int nr)
{
	static uint64_t page[PAGE / sizeof(uint64_t)];

	for (unsigned int i = 0; i < FILE_PAGES; i++) {
		const unsigned int want = atomic_load(&c->s->stored[nr][i]);

		if (pread(c->stores[nr], page, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE) {
			atomic_fetch_add(&c->s->errors, 1);
			continue;
		}
		atomic_fetch_add(&c->s->checks, 1);
		if (page_version(page, i) == want)
			continue;
		if (!torn(page, i, want + 1, want)) {
			atomic_fetch_add(&c->s->lost, 1);
			say("LOST STORE: page %u of s%u is %lld, begins with %llx and ends with "
			    "%llx, %u was stored",
			    i, nr, (long long)page_version(page, i), (unsigned long long)page[0],
			    (unsigned long long)page[PAGE / sizeof(*page) - 1], want);
		}
		fill_page(page, i, want + 1);
		if (pwrite(c->stores[nr], page, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE)
			atomic_fetch_add(&c->s->errors, 1);
		atomic_store(&c->s->stored[nr][i], want + 1);
	}
}

static void advise_victim(struct context *c, int pidfd)
{
	static const int advice[] = { MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED };
	struct iovec all = { (void *)VICTIM_AT, VICTIM_SIZE };

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
	advise_victim(c, pidfd);
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
