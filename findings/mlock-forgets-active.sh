#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels), classic LRU.
#
# Behaviour: mlock() clears PG_active of a page on the active list, and munlock() does not
# set it again: the page comes back on the inactive list. __mlock_folio() clears the flag
# when it moves the page to the unevictable list.
#
# The guess it refutes: that a lock is neutral once it is undone. A program that locks its
# working set for a moment, or is killed while it holds it locked, leaves it closer to
# eviction than a program that never locked.
#
# Seen: PG_referenced and PG_active of a file of one page that was read twice, and then
# mapped with MADV_RANDOM (which marks nothing), with and without a lock in between.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
const char *state(int fd);
static void lock(const char *name, int do_it)
{
	char buf[4096];
	int fd = open(name, O_RDONLY);
	pread(fd, buf, 4096, 0);
	state(fd);
	pread(fd, buf, 1, 0);
	close(fd);
	fd = open(name, O_RDONLY);
	pread(fd, buf, 4096, 0);
	printf("%s: %s", name + 6, state(fd));
	char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	madvise(p, 4096, MADV_RANDOM);
	*(volatile char *)p;
	if (do_it) {
		mlock(p, 4096);
		munlock(p, 4096);
	}
	munmap(p, 4096);
	printf(", then %s\n", state(fd));
}
int probe(void)
{
	lock("/disk/mapped", 0);
	lock("/disk/locked", 1);
	return 0;
}
EOF
files 4096 mapped locked
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
mapped: active, then active
locked: active, then referenced
7.3.4:
mapped: active, then active
locked: active, then referenced
EOF
