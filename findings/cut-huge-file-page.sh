#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 7.3.4 (Debian 7.3.4-1~bpo13+1), classic LRU; read in 7.3-rc7, __split_huge_pmd_locked().
#
# Behaviour: munmap() or madvise() of a few pages of a file that one PMD maps removes the
# mapping of all its 512 pages: the rest faults again at its next touch. The cut sets
# PG_referenced if the PMD was young, by the bare flag: however often it happens it never
# activates the folio, and it sets the flag even in a mapping with MADV_RANDOM, whose end
# marks nothing. An unmap of the whole marks accessed, and the second one activates.
#
# The guess it refutes: that a cut leaves 504 small PTEs behind, as it does for anonymous
# memory, and that it counts as an access as any other unmap of a young page does.
#
# Seen: the pages of 512 that are mapped after a cut of eight, and the flags of the folio
# after each of three cuts or unmaps.
set -eu
. "$(dirname "$0")/guest"

package=linux-image-7.3.4+deb13-cloud-amd64
kernel $package 7.3.4-1~bpo13+1 trixie-backports
cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#define HUGE (2ul << 20)
const char *state(int fd);
int present(char *p, int n);
static void cut(const char *name, size_t bytes, int random)
{
	int fd = open(name, O_RDONLY);
	printf("%s:", name + 6);
	for (int i = 0; i < 3; i++) {
		char *at = mmap(NULL, 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char *p = (char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
		mmap(p, HUGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
		madvise(p, HUGE, MADV_HUGEPAGE);
		if (random)
			madvise(p, HUGE, MADV_RANDOM);
		*(volatile char *)(p + 4096);
		printf(" %d", present(p, 512));
		munmap(p + (bytes == HUGE ? 0 : HUGE / 2), bytes);
		printf("->%d", present(p, 512));
		printf(" %s;", state(fd));
		munmap(at, 2 * HUGE);
	}
	printf("\n");
}
int probe(void)
{
	cut("/disk/cut", 8 * 4096, 0);
	cut("/disk/random", 8 * 4096, 1);
	cut("/disk/whole", HUGE, 0);
	cut("/disk/random-whole", HUGE, 1);
	return 0;
}
EOF
files $((4 << 20)) cut random whole random-whole
guest $package "$tmp/probe.c" 704 "$tmp/disk" >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
cut: 512->0 referenced; 512->0 referenced; 512->0 referenced;
random: 512->0 referenced; 512->0 referenced; 512->0 referenced;
whole: 512->0 referenced; 512->0 active; 512->0 active+referenced;
random-whole: 512->0 none; 512->0 none; 512->0 none;
EOF
