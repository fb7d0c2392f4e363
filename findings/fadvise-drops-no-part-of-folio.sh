#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels), ext4; read in 7.3-rc7,
# mapping_try_invalidate().
#
# Behaviour: POSIX_FADV_DONTNEED drops a large folio only if the whole folio lies in the
# range. On 7.3.4, whose ext4 has large folios, 2560 of 4096 pages stay when a program that has
# read a file in turn drops it in pieces of 16 KiB; each call returns 0. The same calls drop
# the whole file on 6.12, and one call for the whole file does on 7.3.4.
#
# The guess it refutes: that a range of whole, clean, unmapped pages is dropped (the manual
# page excludes partial pages only), so that a backup program that drops each block when it
# has read it leaves nothing behind.
#
# Seen: how many of 4096 pages are in the page cache (mincore()) after calls of 16
# KiB from the end to the start, and of 4 MiB.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#define PAGES 4096
int cached(int fd, int from, int to);
static void drop(int fd, long piece)
{
	static char buf[1 << 20];
	int failed = 0;
	lseek(fd, 0, SEEK_SET);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	for (long at = PAGES * 4096L - piece; at >= 0; at -= piece)
		failed |= posix_fadvise(fd, at, piece, POSIX_FADV_DONTNEED);
	printf("%ld KiB: %d%s", piece >> 10, cached(fd, 0, PAGES), failed ? " failed" : "");
}
int probe(void)
{
	int fd = open("/disk/file", O_RDONLY);
	drop(fd, 16 << 10);
	printf("; ");
	drop(fd, 4 << 20);
	printf("\n");
	return 0;
}
EOF
files $((4096 * 4096)) file
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
16 KiB: 0; 4096 KiB: 0
7.3.4:
16 KiB: 2560; 4096 KiB: 0
EOF
