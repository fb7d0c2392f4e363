// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system calls and faults of tests/bench/play.sh in a bare loop, as the measure of what reapsim
 * play adds: play-bare KIND FILE PAGES. Prints the nanoseconds that all took.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE	 4096
#define AROUND	 16
#define SHARE_AT ((void *)(1ull << 45))

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	const long pages = argc == 4 ? atol(argv[3]) : 0;
	const int fd = pages ? open(argv[2], O_RDWR) : -1;
	char *at = mmap(NULL, (size_t)pages * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	/* as the player's children: into shared memory */
	char *buf = mmap(SHARE_AT, 256 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	struct iovec vec = { buf, PAGE };
	static struct iovec all[IOV_MAX];
	uint64_t start;

	if (fd < 0 || at == MAP_FAILED || buf == MAP_FAILED)
		return 1;
	memset(buf, 'r', 256 * PAGE);
	/* all of it into the page cache, by one call, as the trace does: into the same folios */
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	for (long i = 0; i < IOV_MAX; i++)
		all[i] = (struct iovec){ buf, 256 * PAGE };
	if (preadv(fd, all, (int)((pages + 255) / 256), 0) != pages * PAGE)
		return 1;
	start = now_ns();
	for (long i = 0; i < pages; i++) {
		if (!strcmp(argv[1], "read")) {
			if (preadv(fd, &vec, 1, i * PAGE) != PAGE)
				return 1;
		} else if (i % AROUND == 0 || !strcmp(argv[1], "touch")) {
			(void)((volatile char *)at)[i * PAGE];
		}
	}
	printf("%llu\n", (unsigned long long)(now_ns() - start));
	return 0;
}
