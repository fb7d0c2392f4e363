#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 7.3.4 (Debian 7.3.4-1~bpo13+1), squashfs with blocks of 128 KiB, zlib; read in
# 7.3-rc7, squashfs_readahead().
#
# Behaviour: a file of 512 pages, read once with read(2), has 544 pages in the page cache: 32
# lie beyond its end, where nothing can read them and mincore() does not show them. squashfs
# makes a readahead window larger, up to the end of a block; a window that ends with a block
# gets a whole block more, also behind the last one. The next window begins with this larger
# size, so windows grow by a block each time, past what read_ahead_kb allows.
#
# The guess it refutes: that the page cache holds no more of a file than the file has, so that
# its pages by mincore() explain a cgroup's charge, and that read_ahead_kb is the largest window.
#
# Seen: pages that the reads after the first window (32 pages) bring in, by mincore() and by
# nr_file_pages of /proc/vmstat; and the windows of a file of 2048 pages with read_ahead_kb=128,
# each as "page that was read:+pages that came in".
set -eu
. "$(dirname "$0")/guest"
command -v mksquashfs >/dev/null || fail "mksquashfs is not installed"

package=linux-image-7.3.4+deb13-cloud-amd64
kernel $package 7.3.4-1~bpo13+1 trixie-backports
cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int cached(int fd, int from, int to);
long nr_file_pages(void);
static void turn(const char *name, int pages, int show)
{
	static char buf[4096];
	int last = 0, at = 0, before;
	long kernel;
	int fd = open("/sys/block/vda/queue/read_ahead_kb", O_WRONLY);
	write(fd, "128", 3);
	close(fd);
	fd = open(name, O_RDONLY);
	if (!show)
		read(fd, buf, sizeof(buf));
	before = cached(fd, 0, 4096);
	kernel = nr_file_pages();
	while (read(fd, buf, sizeof(buf)) > 0) {
		int now = show ? cached(fd, 0, 4096) : 0;
		if (now != last)
			printf("%s%d:+%d", at ? " " : "", at, now - last);
		last = now;
		at++;
	}
	if (!show)
		printf("%d pages: mincore %+d, nr_file_pages %+ld\n", pages,
		       cached(fd, 0, 4096) - before, nr_file_pages() - kernel);
	else
		printf("\n");
	close(fd);
}
int probe(void)
{
	turn("/disk/small", 512, 0);
	turn("/disk/large", 2048, 1);
	return 0;
}
EOF
mkdir "$tmp/files"
yes 2>/dev/null | head -c $((512 * 4096)) >"$tmp/files/small"
yes 2>/dev/null | head -c $((2048 * 4096)) >"$tmp/files/large"
mksquashfs "$tmp/files" "$tmp/disk" -comp gzip -b 131072 -no-progress -quiet >/dev/null
guest $package "$tmp/probe.c" 704 "$tmp/disk" >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
512 pages: mincore +480, nr_file_pages +512
0:+32 1:+64 32:+96 96:+128 192:+160 320:+192 480:+224 672:+256 896:+288 1152:+320 1440:+288
EOF
