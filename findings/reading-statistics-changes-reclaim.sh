#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 7.3.4 and 6.12.117 (Debian's cloud kernels), classic LRU, cgroup v2.
#
# Behaviour: reclaim decides by a cgroup's statistics whether its inactive file list is too
# short, and only then deactivates pages. The statistics are summed up every 2 s, or when
# somebody reads memory.stat; reclaim itself does not insist on fresh ones. In a cgroup that
# is younger, both lists seem to have no page: nothing is deactivated, whatever has become
# active, until somebody looks.
#
# The guess it refutes: that reading memory.stat only tells what a cgroup does.
#
# Seen: a new cgroup of 16 MiB reads 10 MiB of one file twice, so that they are active, and
# then 16 MiB of another one, once (readahead 128 KiB). Are all pages of the first file still
# cached? Nine tries, of which the flush may meet some; with and without reading memory.stat in
# between.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#define MIB (1L << 20)
static char buf[1 << 17];
static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	write(fd, value, strlen(value));
	close(fd);
}
static void get(int fd, long bytes)
{
	for (long at = 0; at < bytes; at += sizeof(buf))
		pread(fd, buf, sizeof(buf), at);
}
static int whole(int fd, long bytes)
{
	static unsigned char in[16 * 256];
	char *p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	int n = 0;
	mincore(p, bytes, in);
	for (long i = 0; i < bytes / 4096; i++)
		n += in[i] & 1;
	munmap(p, bytes);
	return n == bytes / 4096;
}
static int once(int looks)
{
	int a = open("/disk/a", O_RDONLY), b = open("/disk/b", O_RDONLY), stat, kept;
	posix_fadvise(a, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(b, 0, 0, POSIX_FADV_DONTNEED);
	mkdir("/cg/new", 0755);
	put("/cg/new/memory.max", "16777216");
	put("/cg/new/cgroup.procs", "0");
	get(a, 10 * MIB);
	get(a, 10 * MIB);
	if (looks) {
		stat = open("/cg/new/memory.stat", O_RDONLY);
		while (read(stat, buf, sizeof(buf)) > 0)
			;
		close(stat);
	}
	get(b, 16 * MIB);
	kept = whole(a, 10 * MIB);
	put("/cg/cgroup.procs", "0");
	posix_fadvise(a, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(b, 0, 0, POSIX_FADV_DONTNEED);
	rmdir("/cg/new");
	close(a);
	close(b);
	return kept;
}
int probe(void)
{
	put("/sys/block/vda/queue/read_ahead_kb", "128");
	mkdir("/cg", 0755);
	mount("c", "/cg", "cgroup2", 0, NULL);
	put("/cg/cgroup.subtree_control", "+memory");
	once(1);
	for (int looks = 0; looks < 2; looks++) {
		int nr = 0;
		for (int i = 0; i < 9; i++)
			nr += once(looks);
		printf("%s: the first file is still cached as a whole in %s tries\n",
		       looks ? "memory.stat is read" : "nobody looks",
		       nr == 0 ? "no" : nr >= 5 ? "most" : "some");
	}
	return 0;
}
EOF
files $((16 << 20)) a b
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
nobody looks: the first file is still cached as a whole in most tries
memory.stat is read: the first file is still cached as a whole in no tries
7.3.4:
nobody looks: the first file is still cached as a whole in most tries
memory.stat is read: the first file is still cached as a whole in no tries
EOF
