#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 7.3.4 (Debian 7.3.4-1~bpo13+1); read in 7.3-rc7, filemap_map_folio_range().
#
# Behaviour: a read fault on a cached large folio maps the folio whole, past the
# fault-around window of 16 pages, unless it is the folio in which the file ends. That
# one is mapped by the window only, even when every page of it lies within the file: the
# function compares the file's last index with the index behind the folio. In a new page
# table it is the other way round: filemap_map_pages() installs the table only if the folio
# passes that test, so fault-around gives up, and finish_fault() maps the folio whole.
#
# The guess it refutes: that "the folio is fully within size of the file" holds for a
# folio whose last page is the file's last page. A file that was written in one piece is
# a single such folio, so small libraries and database segments of a power-of-two size
# never get whole-folio mapping by fault-around, and one page more, or being the first
# thing touched in its 2 MiB of addresses, changes that.
#
# Seen: a file written in chunks of 64 pages (each a folio of order 6), mapped, one page
# in the middle of each folio touched; the number of PTEs that each folio has then. The
# mapping is aligned: a folio that crosses a page table is mapped by the window, too.
set -eu
. "$(dirname "$0")/guest"

package=linux-image-7.3.4+deb13-cloud-amd64
kernel $package 7.3.4-1~bpo13+1 trixie-backports
cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int present(char *p, int n);
static void file(const char *name, int chunks, int more)
{
	static char buf[64 * 4096];
	int fd = open(name, O_RDWR | O_CREAT, 0600);
	for (int i = 0; i < chunks; i++)
		write(fd, buf, sizeof(buf));
	write(fd, buf, more);
	fsync(fd);
	char *p = mmap((void *)0x200000000000, (chunks * 64 + 1) * 4096L, PROT_READ,
			MAP_SHARED | MAP_FIXED, fd, 0);
	printf("%d pages and %d bytes:", chunks * 64, more);
	for (int i = 0; i < chunks; i++)
		*(volatile char *)(p + (i * 64 + 20) * 4096L);
	for (int i = 0; i < chunks; i++)
		printf(" %d", present(p + i * 64 * 4096L, 64));
	printf(" PTEs of 64\n");
}
int probe(void)
{
	printf("in a new page table:\n");
	file("/disk/a", 1, 0);
	file("/disk/b", 2, 0);
	char *p = mmap((void *)(0x200000000000 + 511 * 4096), 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	*(volatile char *)p = 1;
	printf("where something is mapped:\n");
	file("/disk/a", 1, 0);
	file("/disk/b", 2, 0);
	file("/disk/c", 2, 1);
	return 0;
}
EOF
truncate -s 32M "$tmp/disk"
mke2fs -q -t ext4 -b 4096 -O ^has_journal "$tmp/disk"
guest $package "$tmp/probe.c" 704 "$tmp/disk" >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
in a new page table:
64 pages and 0 bytes: 64 PTEs of 64
128 pages and 0 bytes: 64 16 PTEs of 64
where something is mapped:
64 pages and 0 bytes: 16 PTEs of 64
128 pages and 0 bytes: 64 16 PTEs of 64
128 pages and 1 bytes: 64 64 PTEs of 64
EOF
