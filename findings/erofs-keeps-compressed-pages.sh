#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 7.3.4 (Debian 7.3.4-1~bpo13+1), erofs with LZ4 and pclusters of 64 KiB, made by mkfs.erofs
# 1.5 (Debian 12); z_erofs_pcluster_readmore(), z_erofs_should_alloc_cache().
#
# Behaviour: a file of 512 pages, read once, has 680 pages in the page cache: 167 of compressed
# data, which belong to an inode of the file system, and one of its index. POSIX_FADV_DONTNEED
# drops the 512 and leaves the others. The file then comes back without a read from the disk.
# echo 1 >drop_caches drops all. And a touch of one page of a mapping with MADV_RANDOM also reads
# all pages before it in the same compressed extent, here 48.
#
# The guess it refutes: that after POSIX_FADV_DONTNEED of a clean file that nobody maps nothing of
# it is in memory, so that the next read measures the disk; and that a mapping with MADV_RANDOM
# reads a page at a time.
#
# Seen: pages by mincore(), and by nr_file_pages of /proc/vmstat; sectors that the disk read.
set -eu
. "$(dirname "$0")/guest"
command -v mkfs.erofs >/dev/null || fail "mkfs.erofs is not installed"

package=linux-image-7.3.4+deb13-cloud-amd64
kernel $package 7.3.4-1~bpo13+1 trixie-backports
cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define PAGES 512
static int fd;
static long start;
void put(const char *path, const char *value);
int cached(int fd, int from, int to);
long nr_file_pages(void);
static long sectors(void)
{
	long n = 0;
	FILE *f = fopen("/sys/block/vda/stat", "r");
	fscanf(f, "%*d %*d %ld", &n);
	fclose(f);
	return n;
}
static void show(const char *what, long before)
{
	printf("%s: %d pages of the file, %ld in all, %s the disk\n", what, cached(fd, 0, PAGES),
	       nr_file_pages() - start, sectors() == before ? "not from" : "from");
}
/* what batches of LRU operations and the worker that decompresses hold for a moment */
static void settle(void)
{
	usleep(200000);
	put("/proc/sys/vm/compact_memory", "1");
}
static void read_all(void)
{
	static char buf[4096];
	for (long at = 0; pread(fd, buf, sizeof(buf), at) > 0; at += sizeof(buf))
		;
}
int probe(void)
{
	long before;
	char *p;
	put("/sys/block/vda/queue/read_ahead_kb", "128");
	fd = open("/disk/file", O_RDONLY);
	put("/proc/sys/vm/drop_caches", "1");
	start = nr_file_pages();
	before = sectors();
	read_all();
	show("read", before);
	before = sectors();
	settle();
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	show("dropped", before);
	read_all();
	show("read again", before);
	settle();
	put("/proc/sys/vm/drop_caches", "1");
	show("drop_caches", before);
	p = mmap(NULL, PAGES * 4096L, PROT_READ, MAP_SHARED, fd, 0);
	madvise(p, PAGES * 4096L, MADV_RANDOM);
	*(volatile char *)(p + 48 * 4096L);
	show("page 48 touched", before);
	return 0;
}
EOF
mkdir "$tmp/files"
awk 'BEGIN { for (x = 1; ; ) { x = x * 16807 % 2147483647; printf "the same in each line: %010d\n", x } }' \
	2>/dev/null | head -c $((512 * 4096)) >"$tmp/files/file" || true
mkfs.erofs --quiet -zlz4 -C65536 "$tmp/disk" "$tmp/files" >/dev/null
guest $package "$tmp/probe.c" 704 "$tmp/disk" >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
read: 512 pages of the file, 680 in all, from the disk
dropped: 0 pages of the file, 168 in all, not from the disk
read again: 512 pages of the file, 680 in all, not from the disk
drop_caches: 0 pages of the file, 0 in all, not from the disk
page 48 touched: 49 pages of the file, 66 in all, from the disk
EOF
