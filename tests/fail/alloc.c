// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into reapsim by tests/fail.sh: fails the allocation of number FAIL_AT, from 1, or with
 * FAIL_MORE=1 also all that follow. Without FAIL_AT it writes how many there were to descriptor 9.
 *
 * The program's malloc() (sim/cli/malloc.c) is its own, also for its libraries, and calls these
 * functions of jemalloc. Stacks of tasks and what thread starts need come from mmap(). What
 * jemalloc maps for itself does not fail: version 5.3 crashes if a new thread finds no room for its
 * arena, which room_for_thread() of sim/lab/work.c finds out before. tests/cli/no-memory.cmd tries
 * that.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_ulong nr;
static unsigned long at;
static bool more, ready;

void *mallocx(size_t size, int flags);
void *rallocx(void *p, size_t size, int flags);

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("FAIL_AT"), *all = getenv("FAIL_MORE");

	at = text ? strtoul(text, NULL, 10) : 0;
	more = all && *all;
	ready = true;
}

__attribute__((destructor)) static void end(void)
{
	if (!at && ready)
		dprintf(9, "%lu\n", atomic_load(&nr));
}

static bool fails(void)
{
	const unsigned long n = ready ? atomic_fetch_add(&nr, 1) + 1 : 0;

	return at && (n == at || (more && n > at));
}

static bool of_jemalloc(void *caller)
{
	Dl_info at_caller;

	return dladdr(caller, &at_caller) && strstr(at_caller.dli_fname, "jemalloc");
}

void *mallocx(size_t size, int flags)
{
	static void *(*next)(size_t, int);

	if (!next)
		next = (void *(*)(size_t, int))dlsym(RTLD_NEXT, "mallocx");
	return fails() ? NULL : next(size, flags);
}

void *rallocx(void *p, size_t size, int flags)
{
	static void *(*next)(void *, size_t, int);

	if (!next)
		next = (void *(*)(void *, size_t, int))dlsym(RTLD_NEXT, "rallocx");
	return fails() ? NULL : next(p, size, flags);
}

void *mmap(void *p, size_t size, int prot, int flags, int fd, off_t offset)
{
	static void *(*next)(void *, size_t, int, int, int, off_t);

	if (!next)
		next = (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
	if (of_jemalloc(__builtin_return_address(0)) || !fails())
		return next(p, size, prot, flags, fd, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}
