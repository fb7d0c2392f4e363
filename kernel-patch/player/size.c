// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's memory comes in steps of a MiB, and a kernel takes some of it. So a
 * whole guest has a little more than the trace's machine, and what is more is
 * taken away here.
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

/* Free pages, those in the per-CPU lists of the allocator included. */
static uint64_t available_pages(void)
{
	uint64_t pages = 0;
	char *text, *save = NULL;

	put("/proc/sys/vm/stat_refresh", "1");
	text = get("/proc/zoneinfo");
	if (!text)
		run_failed("/proc/zoneinfo: %s", strerror(errno));
	for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		char name[32];
		unsigned long long value;

		if (sscanf(s, "%31s %llu", name, &value) == 2 &&
		    (!strcmp(name, "nr_free_pages") || !strcmp(name, "count:")))
			pages += value;
	}
	return pages;
}

/*
 * What is more lies in a pipe, of which no list of pages knows. The unevictable pages
 * of a file would count among those that decide how many shadow nodes are kept.
 */
static int surplus[2] = { -1, -1 };
static uint64_t nr_surplus;

static void surplus_open(uint64_t room)
{
	if (pipe2(surplus, O_CLOEXEC) ||
	    fcntl(surplus[1], F_SETPIPE_SZ, (int)(room * PAGE_SIZE)) < 0)
		run_failed("a pipe for %llu pages: %s", (unsigned long long)room, strerror(errno));
}

static void surplus_grow(void)
{
	static const char page[PAGE_SIZE];

	if (write(surplus[1], page, PAGE_SIZE) != (ssize_t)PAGE_SIZE)
		run_failed("surplus of memory: %s", strerror(errno));
	nr_surplus++;
}

static void surplus_shrink(uint64_t pages)
{
	static char page[PAGE_SIZE];

	for (; pages; pages--, nr_surplus--)
		if (read(surplus[0], page, PAGE_SIZE) != (ssize_t)PAGE_SIZE)
			run_failed("surplus of memory: %s", strerror(errno));
}

void take_surplus(void)
{
	const uint64_t want = guest.machine.memory_pages;
	uint64_t have = available_pages();
	int tries = 1000;

	if (guest.cgroup_fd[0] >= 0 || !want)
		return;
	surplus_open(have > want ? have - want : 1);
	/* some pages are the pipe's own, so it takes a few steps */
	while ((have = available_pages()) != want) {
		uint64_t n = have > want + 64 ? (have - want) * 7 / 8 : 1;

		if (!tries-- || (have < want && !nr_surplus))
			run_failed("%llu pages are free, the trace wants %llu",
				   (unsigned long long)have, (unsigned long long)want);
		if (have < want)
			surplus_shrink(MIN(nr_surplus, want - have));
		else
			while (n--)
				surplus_grow();
	}
	result("I surplus %llu\n", (unsigned long long)nr_surplus);
}
