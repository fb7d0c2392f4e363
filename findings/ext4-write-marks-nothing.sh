#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels), ext4, classic LRU.
#
# Behaviour: write(2) to a cached page of an ext4 file leaves its LRU state alone: after a
# hundred writes it has neither PG_referenced nor PG_active, whether they cover the page
# or a few bytes of it. A read marks it, and so does the end of a mapping that wrote.
#
# The guess it refutes: that a page that is written all the time is hot. The tail of a log
# or a database's page that is only overwritten goes as soon as it is clean; a program
# that wants it kept has to read it, or to write through a mapping.
#
# Seen: PG_referenced and PG_active of files of one page.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
const char *state(int fd);
static void write_to(const char *name, int times, int bytes)
{
	static char buf[4096];
	int fd = open(name, O_RDWR);
	for (int i = 0; i < times; i++)
		pwrite(fd, buf, bytes, i % 2 ? 0 : 4096 - bytes);
	printf("%d writes of %d bytes: %s", times, bytes, state(fd));
	pread(fd, buf, 4096, 0);
	printf(", then a read: %s\n", state(fd));
}
int probe(void)
{
	write_to("/disk/a", 1, 4096);
	write_to("/disk/b", 100, 4096);
	write_to("/disk/c", 100, 10);
	int fd = open("/disk/d", O_RDWR);
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	*p = 1;
	munmap(p, 4096);
	printf("a write through a mapping: %s\n", state(fd));
	return 0;
}
EOF
files 4096 a b c d
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
1 writes of 4096 bytes: none, then a read: referenced
100 writes of 4096 bytes: none, then a read: referenced
100 writes of 10 bytes: none, then a read: referenced
a write through a mapping: referenced
7.3.4:
1 writes of 4096 bytes: none, then a read: referenced
100 writes of 4096 bytes: none, then a read: referenced
100 writes of 10 bytes: none, then a read: referenced
a write through a mapping: referenced
EOF
