#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels), ext4, classic LRU; read in 7.3-rc7,
# madvise_cold_or_pageout_pte_range().
#
# Behaviour: madvise(MADV_COLD) and process_madvise(MADV_COLD) leave every page alone that
# another process maps too, file pages as well as memory since fork(). The call returns 0, or
# the number of bytes as if all had been advised. In a family that a zygote forked nothing
# gets cold by advice, though each member advises the same page; when all but one have
# exited, one call is enough.
#
# The guess it refutes: that after every process that maps a page has advised it, the page is
# cold; and that what process_madvise() returns counts pages that the advice reached.
#
# Seen: the flags of a file page that was used twice, and is active, after a parent and its
# child, which both map it, have advised it, and after the parent did once more alone.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
const char *state(int fd);
static long cold(char *p)
{
	struct iovec v = { p, 4096 };
	int self = syscall(SYS_pidfd_open, getpid(), 0);
	long ret = syscall(SYS_process_madvise, self, &v, 1L, 20, 0);
	close(self);
	return ret;
}
int probe(void)
{
	int fd = open("/disk/file", O_RDONLY), go[2], end[2];
	char c, *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	for (int i = 0; i < 2; i++) {
		pread(fd, &c, 1, 0);
		pread(fd, &c, 1, 8192);
	}
	*(volatile char *)p;
	printf("%s; ", state(fd));
	fflush(stdout);
	pipe(go);
	pipe(end);
	if (!fork()) {
		*(volatile char *)p;
		printf("child %ld, ", cold(p));
		fflush(stdout);
		write(go[1], "c", 1);
		read(end[0], &c, 1);
		_exit(0);
	}
	read(go[0], &c, 1);
	printf("parent %ld: ", cold(p));
	printf("%s; ", state(fd));
	write(end[1], "e", 1);
	wait(NULL);
	printf("alone %ld: ", cold(p));
	printf("%s\n", state(fd));
	return 0;
}
EOF
files $((4 * 4096)) file
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
active; child 4096, parent 4096: active; alone 4096: none
7.3.4:
active; child 4096, parent 4096: active; alone 4096: none
EOF
