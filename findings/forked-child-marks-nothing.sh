#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels), classic LRU.
#
# Behaviour: a child that dies or calls execve() before it touches a file mapping of its
# parent marks none of its pages. That holds where fork() copied no PTE (a VMA without
# private data), and where it copied them (a VMA with some): the copies are old. Ten such
# deaths leave a page as it was; touches before the deaths count.
#
# The guess it refutes: that each fork and exit of a shell, which unmaps all that the
# parent has mapped, counts as a use of those pages, so that a busy shell script keeps the
# libraries of its shell active.
#
# Seen: PG_referenced and PG_active of page 0 of a file that the parent has mapped and
# touched, after ten deaths of its children.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
const char *state(int fd);
static void children(const char *name, int private_data, int touch)
{
	int fd = open(name, O_RDONLY);
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	*(volatile char *)p;
	if (private_data)
		p[4096] = 1;
	fflush(stdout);
	for (int i = 0; i < 10; i++) {
		if (!fork()) {
			if (touch)
				*(volatile char *)p;
			_exit(0);
		}
		wait(NULL);
	}
	printf("%s: %s\n", name + 6, state(fd));
}
int probe(void)
{
	children("/disk/no-ptes-copied", 0, 0);
	children("/disk/ptes-copied", 1, 0);
	children("/disk/touched", 0, 1);
	return 0;
}
EOF
files 8192 no-ptes-copied ptes-copied touched
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
no-ptes-copied: none
ptes-copied: none
touched: active+referenced
7.3.4:
no-ptes-copied: none
ptes-copied: none
touched: active+referenced
EOF
