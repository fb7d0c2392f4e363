// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to the pages of the victims meanwhile: writers, truncation, reclaim, compaction,
 * splits, KSM, and the change from one LRU to the other.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

void fill_page(uint64_t *page, unsigned int nr, unsigned int version)
{
	for (unsigned int i = 0; i < PAGE / sizeof(*page); i++)
		page[i] = version ? (uint64_t)nr << 32 | version : 0;
}

int64_t page_version(const uint64_t *page, unsigned int nr)
{
	const uint64_t first = page[0];

	for (unsigned int i = 1; i < PAGE / sizeof(*page); i++)
		if (page[i] != first)
			return -1;
	if (!first)
		return 0;
	return first >> 32 == nr ? (int64_t)(first & UINT32_MAX) : -1;
}

/* ---- the only writer of a file, which knows what each page has to be ---- */

struct written {
	int fd;
	unsigned int versions[FILE_PAGES];
};

static void write_pages(struct context *c, struct written *w)
{
	static uint64_t page[PAGE / sizeof(uint64_t)];
	const unsigned int first = rnd(c, FILE_PAGES), max = one_in(c, 4) ? 64 : 4;
	unsigned int last = first + 1 + rnd(c, max);

	if (last > FILE_PAGES)
		last = FILE_PAGES;
	for (unsigned int i = first; i < last; i++) {
		fill_page(page, i, ++w->versions[i]);
		if (pwrite(w->fd, page, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE)
			atomic_fetch_add(&c->s->errors, 1);
	}
	atomic_fetch_add(&c->s->writes, last - first);
}

static void store_pages(struct context *c, struct written *w)
{
	const unsigned int first = rnd(c, FILE_PAGES - 16), nr = 1 + rnd(c, 16);
	char *p = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd,
		       (off_t)(first * PAGE));

	if (p == MAP_FAILED)
		return;
	for (unsigned int i = 0; i < nr; i++)
		fill_page((uint64_t *)(void *)(p + i * PAGE), first + i, ++w->versions[first + i]);
	atomic_fetch_add(&c->s->writes, nr);
	munmap(p, nr * PAGE);
}

static void forget(struct written *w, unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i < last; i++)
		w->versions[i] = 0;
}

static void truncate_file(struct context *c, struct written *w)
{
	const unsigned int size = rnd(c, FILE_PAGES);

	if (ftruncate(w->fd, (off_t)(size * PAGE)))
		atomic_fetch_add(&c->s->errors, 1);
	forget(w, size, FILE_PAGES);
	if (one_in(c, 2))
		usleep(rnd(c, 5000));
	if (ftruncate(w->fd, (off_t)(FILE_PAGES * PAGE)))
		atomic_fetch_add(&c->s->errors, 1);
}

static void punch(struct context *c, struct written *w)
{
	const unsigned int first = rnd(c, FILE_PAGES - 64), nr = 1 + rnd(c, 64);

	if (fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(first * PAGE),
		      (off_t)(nr * PAGE)))
		atomic_fetch_add(&c->s->errors, 1);
	forget(w, first, first + nr);
}

static void check_pages(struct context *c, struct written *w, unsigned int nr)
{
	static uint64_t page[PAGE / sizeof(uint64_t)];
	const unsigned int first = nr < FILE_PAGES ? rnd(c, FILE_PAGES - nr) : 0;

	for (unsigned int i = first; i < first + nr; i++) {
		int64_t is;

		if (pread(w->fd, page, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE) {
			atomic_fetch_add(&c->s->errors, 1);
			continue;
		}
		is = page_version(page, i);
		atomic_fetch_add(&c->s->checks, 1);
		if (is == w->versions[i])
			continue;
		atomic_fetch_add(&c->s->lost, 1);
		say("LOST WRITE: page %u is %lld, %u was written", i, (long long)is,
		    w->versions[i]);
		w->versions[i] = is > 0 ? (unsigned int)is : 0;
	}
}

void writer(struct context *c, unsigned int nr)
{
	static struct written w;

	w.fd = c->files[nr];
	check_pages(c, &w, FILE_PAGES);
	while (!atomic_load(&c->s->stop)) {
		switch (rnd(c, 16)) {
		case 0:
			truncate_file(c, &w);
			break;
		case 1:
			punch(c, &w);
			break;
		case 2:
			fsync(w.fd);
			break;
		case 3:
			sync_file_range(w.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
			break;
		case 4:
		case 5:
		case 6:
			store_pages(c, &w);
			break;
		case 7:
		case 8:
		case 9:
			write_pages(c, &w);
			break;
		case 10:
			posix_fadvise(w.fd, 0, 0, POSIX_FADV_DONTNEED);
			/* fall through */
		default:
			check_pages(c, &w, 64);
			break;
		}
		/* what is written all the time is never clean, and never evicted */
		usleep(1000 + rnd(c, one_in(c, 16) ? 400000 : 4000));
		atomic_fetch_add(&c->s->progress[c->worker], 1);
	}
	fsync(w.fd);
	posix_fadvise(w.fd, 0, 0, POSIX_FADV_DONTNEED);
	check_pages(c, &w, FILE_PAGES);
}

/* ---- the others ---- */

static void pause_a_while(struct context *c, unsigned int ms)
{
	usleep(1000 * (1 + rnd(c, ms)));
	atomic_fetch_add(&c->s->progress[c->worker], 1);
}

void disturb_reclaim(struct context *c, unsigned int nr)
{
	char path[128], text[32];

	(void)nr;
	snprintf(path, sizeof(path), "%s/memory.reclaim", c->cgroup);
	while (!atomic_load(&c->s->stop)) {
		snprintf(text, sizeof(text), "%uK", 4 << rnd(c, 13));
		if (c->cgroup[0])
			put(path, text);
		pause_a_while(c, 100);
	}
}

void disturb_move(struct context *c, unsigned int nr)
{
	static const char *const file[] = { "w0", "w1", "s0", "s1", "q" };
	char text[128];

	(void)nr;
	while (!atomic_load(&c->s->stop)) {
		switch (rnd(c, 5)) {
		case 0:
			put("/proc/sys/vm/compact_memory", "1");
			break;
		case 1:
			put("/sys/kernel/debug/split_huge_pages", "1");
			break;
		default:
			snprintf(text, sizeof(text), "%s/%s,0x%x,0x%x,%u", c->dir, file[rnd(c, 5)],
				 rnd(c, FILE_PAGES / 2), FILE_PAGES, rnd(c, 5));
			put("/sys/kernel/debug/split_huge_pages", text);
		}
		pause_a_while(c, 300);
	}
}

/*
 * The change of the LRU changes instructions (static keys). A CPU that QEMU emulates may still meet
 * the int3 of text_poke() after its handler has forgotten it, and no real CPU does. So in the
 * guest all this happens on one CPU, while the other is offline.
 */
void disturb_lru(struct context *c, unsigned int nr)
{
	static const char cpu[] = "/sys/devices/system/cpu/cpu1/online";

	(void)nr;
	while (!atomic_load(&c->s->stop)) {
		if (!c->emulated || put(cpu, "0")) {
			if (put("/sys/kernel/mm/lru_gen/enabled", one_in(c, 2) ? "y" : "n"))
				atomic_fetch_add(&c->s->lru_switches, 1);
			if (c->emulated)
				put(cpu, "1");
		}
		for (unsigned int i = 0; i < 20 && !atomic_load(&c->s->stop); i++)
			pause_a_while(c, 1000);
	}
}

/* Readers of the same files, and caches that are dropped. */
void disturb_cache(struct context *c, unsigned int nr)
{
	static char buffer[64 * PAGE];

	(void)nr;
	while (!atomic_load(&c->s->stop)) {
		const int fd = one_in(c, 2) ? c->quiet : c->files[rnd(c, NR_WRITERS)];

		switch (rnd(c, 8)) {
		case 0:
			put("/proc/sys/vm/drop_caches", "1");
			break;
		case 1:
			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
			break;
		case 2:
			posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
			break;
		default:
			if (pread(fd, buffer, sizeof(buffer), (off_t)(rnd(c, FILE_PAGES) * PAGE)) <
			    0)
				atomic_fetch_add(&c->s->errors, 1);
		}
		pause_a_while(c, 50);
	}
}
