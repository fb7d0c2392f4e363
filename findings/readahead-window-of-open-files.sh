#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels), ext4 on virtio.
#
# Behaviour: a file keeps the readahead window that its disk had when the file was
# opened. A write to queue/read_ahead_kb changes files that are opened later. mmap()
# keeps the open file, so a process that mapped its libraries before the write goes on
# with the old window for as long as it lives. posix_fadvise(POSIX_FADV_NORMAL) on the
# descriptor takes up the present window.
#
# The guess it refutes: that a tuning script, or a benchmark that sets read_ahead_kb
# between its runs, measures the new window in the services that are already running.
#
# Seen: how many pages of a file are in the page cache (mincore()) after one touch of a
# page in its middle through a mapping.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
static void window(const char *kb)
{
	int fd = open("/sys/block/vda/queue/read_ahead_kb", O_WRONLY);
	write(fd, kb, strlen(kb));
	close(fd);
}
static int touch(int fd)
{
	static unsigned char in[4096];
	int nr = 0;
	char *p = mmap(NULL, 4096 * 4096L, PROT_READ, MAP_SHARED, fd, 0);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	*(volatile char *)(p + 2048 * 4096L);
	mincore(p, 4096 * 4096L, in);
	for (int i = 0; i < 4096; i++)
		nr += in[i] & 1;
	munmap(p, 4096 * 4096L);
	return nr;
}
int probe(void)
{
	window("64");
	int before = open("/disk/file", O_RDONLY);
	window("512");
	int after = open("/disk/file", O_RDONLY);
	printf("opened before: %d pages; ", touch(before));
	printf("after: %d; ", touch(after));
	posix_fadvise(before, 0, 0, POSIX_FADV_NORMAL);
	printf("before, then POSIX_FADV_NORMAL: %d\n", touch(before));
	return 0;
}
EOF
sed -i '1i #include <string.h>' "$tmp/probe.c"
files $((4096 * 4096)) file
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
opened before: 16 pages; after: 128; before, then POSIX_FADV_NORMAL: 128
7.3.4:
opened before: 16 pages; after: 128; before, then POSIX_FADV_NORMAL: 128
EOF
