#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels), classic LRU.
#
# Behaviour: reading another process's memory with process_vm_readv() counts as a use of
# its file pages: the second read of a page activates it, because the slow path of
# get_user_pages() marks each page accessed. Pinning a page again and again by the fast
# path (vmsplice(), O_DIRECT from a mapping, io_uring) sets PG_referenced by the bare flag
# and never activates.
#
# The guess it refutes: that a crash handler or profiler that dumps a process before it
# dies leaves the page cache as it was, and that direct I/O from a mapping keeps the
# mapped pages hot. The dump can undo what a patch saves that skips the marks of the death.
#
# Seen: PG_referenced and PG_active of a file of one page that is mapped (MADV_RANDOM, so
# that the mapping marks nothing itself).
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
const char *state(int fd);
static char *map(int fd)
{
	char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	madvise(p, 4096, MADV_RANDOM);
	*(volatile char *)p;
	return p;
}
static void dump(const char *name, int times)
{
	static char buf[4096];
	int fd = open(name, O_RDONLY);
	struct iovec from = { map(fd), 4096 }, to = { buf, 4096 };
	for (int i = 0; i < times; i++)
		process_vm_readv(getpid(), &to, 1, &from, 1, 0);
	printf("process_vm_readv, %d: %s\n", times, state(fd));
}
static void pin(const char *name, int times)
{
	static char buf[4096];
	int fd = open(name, O_RDONLY), pipes[2];
	struct iovec from = { map(fd), 4096 };
	pipe(pipes);
	for (int i = 0; i < times; i++) {
		vmsplice(pipes[1], &from, 1, 0);
		read(pipes[0], buf, 4096);
	}
	printf("vmsplice, %d: %s\n", times, state(fd));
}
int probe(void)
{
	dump("/disk/a", 0);
	dump("/disk/b", 1);
	dump("/disk/c", 2);
	pin("/disk/d", 1);
	pin("/disk/e", 100);
	return 0;
}
EOF
files 4096 a b c d e
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
process_vm_readv, 0: none
process_vm_readv, 1: referenced
process_vm_readv, 2: active
vmsplice, 1: referenced
vmsplice, 100: referenced
7.3.4:
process_vm_readv, 0: none
process_vm_readv, 1: referenced
process_vm_readv, 2: active
vmsplice, 1: referenced
vmsplice, 100: referenced
EOF
