#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels), classic LRU.
#
# Behaviour: sendfile() and splice() mark a page accessed once for each piece of it that
# they pass on: two pieces of one page activate it. read(2) in the same pieces marks it
# once, because filemap_read() compares each position with the end of the last read;
# filemap_splice_read() has no such check.
#
# The guess it refutes: that a file served by sendfile() looks to the page cache like a
# file that is read. A server that sends in pieces below the page size, or at unaligned
# offsets, activates pages that it sent once.
#
# Seen: PG_referenced and PG_active of files of one page, passed on once, in pieces.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <unistd.h>
const char *state(int fd);
static void pass(const char *name, int sendfile_it, int piece)
{
	static char buf[4096];
	int fd = open(name, O_RDONLY), pipes[2];
	pipe(pipes);
	for (int done = 0; done < 4096; done += piece) {
		if (sendfile_it) {
			sendfile(pipes[1], fd, NULL, piece);
			read(pipes[0], buf, piece);
		} else {
			read(fd, buf, piece);
		}
	}
	printf("%s, pieces of %d: %s\n", sendfile_it ? "sendfile" : "read", piece, state(fd));
}
int probe(void)
{
	pass("/disk/a", 0, 4096);
	pass("/disk/b", 0, 1024);
	pass("/disk/c", 1, 4096);
	pass("/disk/d", 1, 1024);
	return 0;
}
EOF
files 4096 a b c d
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
read, pieces of 4096: referenced
read, pieces of 1024: referenced
sendfile, pieces of 4096: referenced
sendfile, pieces of 1024: active+referenced
7.3.4:
read, pieces of 4096: referenced
read, pieces of 1024: referenced
sendfile, pieces of 4096: referenced
sendfile, pieces of 1024: active+referenced
EOF
