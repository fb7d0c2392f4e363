#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 7.3.4 (Debian's cloud kernel), ext4, whose page cache has large folios; 6.12.117,
# whose ext4 has none, as a contrast. page_cache_next_miss() is the same in both.
#
# Behaviour: asynchronous readahead looks for the first page that is not cached, with
# page_cache_next_miss(). If the search begins inside a large folio, the walk of the xarray
# starts at the slot of the folio's head, but counts from the page asked for. So the page
# that it returns is too far, by the distance to the head. A second reader that meets the
# readahead mark of a folio makes the kernel read from behind the first missing page, or
# pages, which stay uncached; and if that page is the last of the window, nothing is read.
#
# The guess it refutes: that readahead goes on at the first missing page, whatever the folios
# in front of it are like.
#
# Seen: which pages are in the page cache (mincore()) when one reader has left a mark at
# page 4 (on 7.3.4 at a folio of pages 4 to 7), WILLNEED has filled the file up to a page, and
# a mapping through another descriptor has touched a page.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define PAGES 256
static void print(int fd, const char *what)
{
	unsigned char in[PAGES];
	char *p = mmap(NULL, PAGES * 4096L, PROT_READ, MAP_SHARED, fd, 0);
	printf("%s", what);
	mincore(p, PAGES * 4096L, in);
	for (int from = 0, to; from < PAGES; from = to) {
		for (to = from; to < PAGES && !(in[to] & 1) == !(in[from] & 1); to++)
			;
		if (in[from] & 1)
			printf(" %d-%d", from, to - 1);
	}
	munmap(p, PAGES * 4096L);
}
static void gap(const char *path, int first, int touched)
{
	char page[4096], *p;
	int one = open(path, O_RDONLY), two;
	posix_fadvise(one, 0, 0, POSIX_FADV_DONTNEED);
	pread(one, page, sizeof(page), 0);
	pread(one, page, sizeof(page), 4096);
	posix_fadvise(one, 12 * 4096L, (first - 12) * 4096L, POSIX_FADV_WILLNEED);
	usleep(300000);
	print(one, "cached");
	two = open(path, O_RDONLY);
	p = mmap(NULL, PAGES * 4096L, PROT_READ, MAP_PRIVATE, two, 0);
	*(volatile char *)(p + touched * 4096L);
	usleep(300000);
	printf("; page %d touched:", touched);
	print(one, "");
	printf("\n");
	munmap(p, PAGES * 4096L);
	close(two);
	close(one);
}
int probe(void)
{
	int fd = open("/sys/block/vda/queue/read_ahead_kb", O_WRONLY);
	write(fd, "128", 3);
	close(fd);
	gap("/disk/a", 20, 4);
	gap("/disk/b", 20, 6);
	gap("/disk/c", 36, 4);
	return 0;
}
EOF
files $((256 * 4096)) a b c
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
cached 0-19; page 4 touched: 0-51
cached 0-19; page 6 touched: 0-19
cached 0-35; page 4 touched: 0-67
7.3.4:
cached 0-19; page 4 touched: 0-19 21-51
cached 0-19; page 6 touched: 0-19 23-51
cached 0-35; page 4 touched: 0-35
EOF
