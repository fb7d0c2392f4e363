#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 7.3.4 (Debian 7.3.4-1~bpo13+1), ext4.
#
# Behaviour: a file system made with the feature "encrypt" has no large folios in its
# page cache, although no file on it is encrypted. One with "verity" has them, although
# verity, too, is a feature that changes what a read of a file does.
#
# The guess it refutes: that the order of a file's folios depends on the file (is it
# encrypted, does it use the journal for data), so that a file system without encrypted
# files behaves as any other. The kernel decides by the superblock's feature, for every
# inode: a machine that is prepared for fscrypt, as Android's userdata are, stays at
# order 0.
#
# Seen: a file of 4096 pages, read once in order by read(2) with a readahead window of
# 128 KiB; how many of its pages are in large folios, by /proc/kpageflags.
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
int probe(void)
{
	static char buf[4096];
	int fd, n = 4096, large = 0, present = 0;
	int ra = open("/sys/block/vda/queue/read_ahead_kb", O_WRONLY);
	write(ra, "128", 3);
	close(ra);
	fd = open("/disk/file", O_RDONLY);
	for (int i = 0; i < n; i++)
		pread(fd, buf, 4096, (off_t)i * 4096);
	int flags = open("/proc/kpageflags", O_RDONLY), map = open("/proc/self/pagemap", O_RDONLY);
	char *p = mmap(NULL, n * 4096L, PROT_READ, MAP_SHARED, fd, 0);
	for (int i = 0; i < n; i++) {
		uint64_t pte = 0, flag = 0;
		*(volatile char *)(p + i * 4096L);
		pread(map, &pte, 8, ((uintptr_t)p / 4096 + i) * 8);
		if (!(pte >> 63))
			continue;
		present++;
		pread(flags, &flag, 8, (pte & ((1ULL << 55) - 1)) * 8);
		large += (flag >> 15 & 3) != 0; /* compound head or tail */
	}
	printf("%s of %d pages in large folios\n",
	       !large ? "none" : large * 10 > present * 9 ? "nearly all" : "some", present);
	return 0;
}
EOF
mkdir "$tmp/files"
yes 2>/dev/null | head -c $((4096 * 4096)) >"$tmp/files/file"
for feature in none encrypt verity; do
	features=^has_journal
	[ $feature = none ] || features+=,$feature
	mke2fs -q -t ext4 -b 4096 -O "$features" -d "$tmp/files" "$tmp/disk" 32M >/dev/null 2>&1
	printf '%-8s' $feature
	guest $package "$tmp/probe.c" 704 "$tmp/disk"
	rm "$tmp/disk"
done | tee "$tmp/seen"
expect "$tmp/seen" <<'EOF'
none    nearly all of 4096 pages in large folios
encrypt none of 4096 pages in large folios
verity  nearly all of 4096 pages in large folios
EOF
