#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels), classic LRU.
#
# Behaviour: posix_fadvise(POSIX_FADV_NOREUSE) on a descriptor reaches mappings that were
# made from it earlier and whose pages were touched earlier: their young PTEs mark nothing
# at munmap() or at the death of the process. vma_has_recency() asks the mode of the open
# file, not of the VMA. POSIX_FADV_NORMAL on the descriptor takes the advice back.
#
# The guess it refutes: that the advice is about read(2) only, as its description suggests
# and as filemap_read() honours it, and that madvise() alone advises a mapping. A launcher
# that shares the descriptor can keep a death from activating pages without a kernel patch.
#
# Seen: PG_referenced and PG_active of a file of one page, after each of two unmaps.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
const char *state(int fd);
static void unmap_after(const char *name, int advice, int back)
{
	int fd = open(name, O_RDONLY), looking = open(name, O_RDONLY);
	printf("%s:", name + 6);
	for (int i = 0; i < 2; i++) {
		char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		*(volatile char *)p;
		posix_fadvise(fd, 0, 0, advice);
		if (back)
			posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
		munmap(p, 4096);
		printf(" %s", state(looking));
	}
	printf("\n");
}
int probe(void)
{
	unmap_after("/disk/normal", POSIX_FADV_NORMAL, 0);
	unmap_after("/disk/noreuse", POSIX_FADV_NOREUSE, 0);
	unmap_after("/disk/taken-back", POSIX_FADV_NOREUSE, 1);
	return 0;
}
EOF
files 4096 normal noreuse taken-back
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
normal: referenced active
noreuse: none none
taken-back: referenced active
7.3.4:
normal: referenced active
noreuse: none none
taken-back: referenced active
EOF
