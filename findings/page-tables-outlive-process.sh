#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 7.3.4 and 6.12.117 (Debian's cloud kernels), x86-64 without a hypervisor's help, cgroup v2.
#
# Behaviour: on 7.3.4 the page tables of a process that has ended are freed by RCU, some
# milliseconds later, and are charged to its cgroup until then. On 6.12 they are free with the
# pages that they map.
#
# The guess it refutes: that a process whose end has been waited for takes no memory any more, so
# that memory.current then shows what a kill has freed.
#
# Seen: a child in a cgroup of its own touches one page in each of 1000 blocks of 2 MiB, so it has
# as many page tables as pages, and ends. Are more than 500 pages charged when waitpid() has
# returned, and 200 ms later? Nine tries.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#define BLOCK (2L << 20)
static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	write(fd, value, strlen(value));
	close(fd);
}
static int charged(int current)
{
	char text[32] = "";
	pread(current, text, sizeof(text) - 1, 0);
	return atol(text) > 500 * 4096;
}
int probe(void)
{
	int current, now = 0, later = 0;
	char *p = mmap(NULL, 1001 * BLOCK, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	madvise(p, 1001 * BLOCK, MADV_NOHUGEPAGE);
	mkdir("/cg", 0755);
	mount("c", "/cg", "cgroup2", 0, NULL);
	put("/cg/cgroup.subtree_control", "+memory");
	mkdir("/cg/new", 0755);
	current = open("/cg/new/memory.current", O_RDONLY);
	for (int i = 0; i < 9; i++) {
		pid_t pid = fork();
		if (!pid) {
			put("/cg/new/cgroup.procs", "0");
			for (long block = 0; block < 1000; block++)
				p[block * BLOCK] = 1;
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		now += charged(current);
		usleep(200000);
		later += charged(current);
	}
	printf("when it has been waited for: %s\n", !now ? "never" : now >= 7 ? "nearly always" : "sometimes");
	printf("200 ms later: %s\n", !later ? "never" : "sometimes");
	return 0;
}
EOF
files 4096 a
both_kernels >"$tmp/seen"
expect "$tmp/seen" <<'EOF'
6.12.117:
when it has been waited for: never
200 ms later: never
7.3.4:
when it has been waited for: nearly always
200 ms later: never
EOF
