// SPDX-License-Identifier: GPL-2.0-only
/*
 * A victim: a few mappings of all kinds, touched; then it waits for its end, some in the
 * middle of stores or of a fault.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define PMD (2UL << 20)

/* of a process that does nothing but touch */
static sigjmp_buf gone;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(gone, 1);
}

/* Address space of @size bytes from VICTIM_AT on, aligned to huge pages. */
static char *reserve(size_t size)
{
	static uintptr_t next = VICTIM_AT;
	char *p = mmap((void *)next, size, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	next += (size + 2 * PMD - 1) & ~(PMD - 1);
	return p == MAP_FAILED ? NULL : p;
}

static char *map(int prot, int flags, int fd, unsigned int first, unsigned int nr)
{
	char *at = reserve(nr * PAGE), *p;

	if (!at)
		return NULL;
	p = mmap(at, nr * PAGE, prot, flags | MAP_FIXED, fd, (off_t)(first * PAGE));
	return p == MAP_FAILED ? NULL : p;
}

/* Read or write the pages; those beyond the end of a truncated file are left out. */
static void touch(struct context *c, char *p, unsigned int nr, bool write)
{
	const volatile unsigned int step = one_in(c, 4) ? 1 + rnd(c, 20) : 1;
	volatile unsigned int i = 0;
	volatile unsigned long touched = 0;

	if (sigsetjmp(gone, 1)) {
		atomic_fetch_add(&c->s->sigbus, 1);
		i += 64;
	}
	for (; i < nr; i += step) {
		volatile char *at = p + i * PAGE;

		if (write)
			*at = (char)i;
		else
			(void)*at;
		touched++;
	}
	atomic_fetch_add(&c->s->touched, touched);
}

static void advise(struct context *c, char *p, unsigned int nr)
{
	static const int advice[] = { MADV_NORMAL,     MADV_NORMAL,   MADV_RANDOM,
				      MADV_SEQUENTIAL, MADV_HUGEPAGE, MADV_HUGEPAGE };

	madvise(p, nr * PAGE, advice[rnd(c, sizeof(advice) / sizeof(*advice))]);
	if (one_in(c, 8))
		mlock(p, nr * PAGE);
}

static void after(struct context *c, char *p, unsigned int nr)
{
	if (c->collapse && one_in(c, 3))
		madvise(p, nr * PAGE, MADV_COLLAPSE);
	if (one_in(c, 8))
		munlock(p, nr * PAGE);
	if (one_in(c, 8))
		madvise(p, nr * PAGE, one_in(c, 2) ? MADV_COLD : MADV_PAGEOUT);
	/* a VMA that is split, and a large folio that is mapped in part */
	if (one_in(c, 6))
		munmap(p + rnd(c, nr) * PAGE, PAGE);
	if (one_in(c, 6))
		mprotect(p + rnd(c, nr) * PAGE, PAGE, PROT_NONE);
}

static int any_file(struct context *c, unsigned int killer)
{
	switch (rnd(c, 4)) {
	case 0:
	case 1:
		return c->files[rnd(c, NR_WRITERS)];
	case 2:
		return c->quiet;
	default:
		return c->stores[killer];
	}
}

static void map_file(struct context *c, unsigned int killer)
{
	const unsigned int first = one_in(c, 3) ? rnd(c, FILE_PAGES / 2) : 0;
	const unsigned int nr = FILE_PAGES - first;
	const bool shared = one_in(c, 5), cow = !shared && one_in(c, 4);
	char *p = map(cow ? PROT_READ | PROT_WRITE : PROT_READ, shared ? MAP_SHARED : MAP_PRIVATE,
		      any_file(c, killer), first, nr);

	if (!p)
		return;
	advise(c, p, nr);
	touch(c, p, nr, false);
	if (cow)
		touch(c, p, nr / 4, true);
	after(c, p, nr);
}

static void map_shmem(struct context *c)
{
	char *p = map(PROT_READ, one_in(c, 2) ? MAP_SHARED : MAP_PRIVATE,
		      c->shmem[rnd(c, NR_SHMEM)], 0, FILE_PAGES);

	if (!p)
		return;
	advise(c, p, FILE_PAGES);
	touch(c, p, FILE_PAGES, false);
	after(c, p, FILE_PAGES);
}

static void map_anon(struct context *c)
{
	const unsigned int nr = 64 + rnd(c, 512);
	char *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, nr);

	if (!p)
		return;
	if (one_in(c, 2))
		madvise(p, nr * PAGE, MADV_MERGEABLE);
	advise(c, p, nr);
	touch(c, p, nr, true);
	after(c, p, nr);
}

static void map_hugetlb(struct context *c)
{
	char *p = mmap(NULL, PMD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
		       -1, 0);

	if (p != MAP_FAILED)
		touch(c, p, 1, true);
}

/*
 * Memory with userfaultfd: write-protected pages, pages that were put there, and a page that is
 * missing. Return: that page, or NULL.
 */
static char *map_uffd(struct context *c)
{
	const int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM };
	const bool shmem = one_in(c, 2);
	char *p = map(PROT_READ | PROT_WRITE, shmem ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
		      shmem ? c->shmem[rnd(c, NR_SHMEM)] : -1, 0, 64);
	struct uffdio_register reg = { .range = { (uintptr_t)p, 64 * PAGE },
				       .mode = UFFDIO_REGISTER_MODE_WP |
					       (shmem ? 0 : UFFDIO_REGISTER_MODE_MISSING) };
	struct uffdio_writeprotect wp = { .range = reg.range, .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	if (fd < 0 || !p || ioctl(fd, UFFDIO_API, &api))
		return NULL;
	if (!shmem)
		touch(c, p, 32, true);
	if (ioctl(fd, UFFDIO_REGISTER, &reg))
		return NULL;
	ioctl(fd, UFFDIO_WRITEPROTECT, &wp);
	if (shmem)
		return NULL;
	for (unsigned int i = 32; i < 63; i++) {
		struct uffdio_zeropage zero = { .range = { (uintptr_t)p + i * PAGE, PAGE } };

		ioctl(fd, UFFDIO_ZEROPAGE, &zero);
	}
	return p + 63 * PAGE;
}

/* Stores that must not be lost, each noted when it is done: see check_stores() in killer.c. */
static void store_on(struct context *c, unsigned int killer)
{
	char *p = map(PROT_READ | PROT_WRITE, MAP_SHARED, c->stores[killer], 0, FILE_PAGES);

	while (p) {
		const unsigned int i = rnd(c, FILE_PAGES);
		const unsigned int version = atomic_load(&c->s->stored[killer][i]) + 1;

		fill_page((uint64_t *)(void *)(p + i * PAGE), i, version);
		atomic_store(&c->s->stored[killer][i], version);
		atomic_fetch_add(&c->s->stores, 1);
		if (one_in(c, 64))
			usleep(1000);
	}
}

_Noreturn void victim(struct context *c, unsigned int killer, int ready)
{
	const unsigned int nr = 1 + rnd(c, 4);
	char *missing = NULL;

	signal(SIGBUS, on_sigbus);
	for (unsigned int i = 0; i < nr; i++) {
		switch (rnd(c, 12)) {
		case 0:
			map_shmem(c);
			break;
		case 1:
			map_anon(c);
			break;
		case 2:
			map_hugetlb(c);
			break;
		case 3:
			missing = map_uffd(c);
			break;
		default:
			map_file(c, killer);
			break;
		}
	}
	if (write(ready, "", 1) != 1)
		_exit(1);
	if (missing && one_in(c, 2))
		(void)*(volatile char *)missing; /* nobody answers */
	if (one_in(c, 2))
		store_on(c, killer);
	for (;;)
		pause();
}
