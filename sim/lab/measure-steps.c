// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures what a process that lives takes CPU time for, apart from faults: bringing pages into the
 * page cache and copying them, and the calls of mmap() and munmap(). And how long fsync() takes.
 *
 * A file is read by read(2) twice, once from the device, with readahead, and once from the cache.
 * The second one copies, what the first takes more is to fill the cache. That of an interrupt that
 * ends a request is the CPU's, not the thread's, and not in it.
 *
 * Approximations: the buffer and the struct folios of the second read are in the CPU's caches.
 * fill_ps comes from read(2), with the folios that readahead makes; the simulator also charges it
 * to faults, and to single pages. mmap_ps is the mean of both calls, for one page that is not
 * touched, in a process with few mappings. fsync_us is of one page of a file whose blocks are
 * there; a file that grows also has its size written.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

enum { STEP_FILL, STEP_COPY, STEP_MMAP, STEP_VMA, STEP_TABLE_NEW, STEP_TABLE_FREE, STEP_FSYNC };

#define CALLS 64

/* CPU time of reading the mapped part; < 0: it cannot be read */
static double read_all(struct bench *b, char *buf)
{
	struct cpu_timer t;

	cpu_timer_start(&t);
	for (size_t at = 0; at < b->bytes; at += CHUNK)
		if (pread(b->fd, buf, CHUNK, (off_t)at) != (ssize_t)CHUNK)
			return -1;
	return cpu_timer_stop(&t);
}

static const char *steps_round(struct bench *b, struct probe *p)
{
	const double nr = (double)(b->bytes / PAGE);
	g_autofree char *buf = g_malloc(CHUNK);
	const char *why = bench_empty_cache(b);
	double cold, warm;

	if (why)
		return why;
	cold = read_all(b, buf);
	warm = read_all(b, buf);
	if (cold < 0 || warm < 0)
		return "the file cannot be read";
	measurement_add(p->m[STEP_FILL], (cold - warm) / nr);
	measurement_add(p->m[STEP_COPY], warm / nr);
	return NULL;
}

static const char *mmap_round(struct bench *b, struct probe *p)
{
	char *at[CALLS];
	struct cpu_timer t;
	int nr = 0;

	cpu_timer_start(&t);
	while (nr < CALLS &&
	       (at[nr] = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, b->fd, 0)) != MAP_FAILED)
		nr++;
	for (int i = 0; i < nr; i++)
		munmap(at[i], PAGE);
	if (nr < CALLS)
		return "cannot map the file";
	measurement_add(p->m[STEP_MMAP], cpu_timer_stop(&t) / (2 * CALLS));
	return NULL;
}

/* Touch page @page of each of the CALLS regions at @at, by an address that has one table each.
 * Return: ns a touch. */
static double touch_regions(char *at, size_t page)
{
	struct cpu_timer t;

	cpu_timer_start(&t);
	for (size_t i = 0; i < CALLS; i++)
		*(volatile char *)(at + i * PMD_SIZE + page * PAGE) = 1;
	return cpu_timer_stop(&t) / CALLS;
}

/* The first touch of a region needs a table, the second does not. What munmap() of two pages in
 * each region takes more than MADV_DONTNEED of as many in one, which keeps its table, frees the
 * tables. */
static const char *tables_round(struct bench *b, struct probe *p)
{
	const size_t bytes = (CALLS + 1) * (size_t)PMD_SIZE;
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *at = (char *)(((uintptr_t)map + PMD_SIZE - 1) / PMD_SIZE * PMD_SIZE);
	struct cpu_timer t;
	double first, second, many, one;

	(void)b;
	if (map == MAP_FAILED)
		return "cannot map memory";
	madvise(map, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < 2 * CALLS; i++)
		*(volatile char *)(at + i * PAGE) = 1;
	cpu_timer_start(&t);
	madvise(at, PMD_SIZE, MADV_DONTNEED);
	one = cpu_timer_stop(&t);
	first = touch_regions(at, 2 * CALLS);
	second = touch_regions(at, 2 * CALLS + 1);
	cpu_timer_start(&t);
	munmap(map, bytes);
	many = cpu_timer_stop(&t);
	measurement_add(p->m[STEP_TABLE_NEW], first - second);
	measurement_add(p->m[STEP_TABLE_FREE], (many - one) / CALLS);
	return NULL;
}

/* Mappings of every second page of the file are not merged. */
static const char *vma_round(struct bench *b, struct probe *p)
{
	char *at = mmap(NULL, CALLS * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct cpu_timer t;
	size_t nr = 0;

	if (at == MAP_FAILED)
		return "cannot map memory";
	while (nr < CALLS && mmap(at + nr * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, b->fd,
				  (off_t)(2 * nr * PAGE)) != MAP_FAILED)
		nr++;
	cpu_timer_start(&t);
	munmap(at, CALLS * PAGE);
	if (nr < CALLS)
		return "cannot map the file";
	measurement_add(p->m[STEP_VMA], cpu_timer_stop(&t) / CALLS);
	return NULL;
}

/* the last page, which no other probe maps */
static const char *fsync_round(struct bench *b, struct probe *p)
{
	g_autofree char *buf = g_malloc0(PAGE);
	double before;

	if (pwrite(b->fd, buf, PAGE, (off_t)(b->file_bytes - PAGE)) != (ssize_t)PAGE)
		return "writing a file failed";
	before = bench_wall_ns();
	if (fsync(b->fd))
		return "writing a file failed";
	measurement_add(p->m[STEP_FSYNC], (bench_wall_ns() - before) / 1000);
	return NULL;
}

void probe_fsync(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = has_device, .round = fsync_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_FSYNC] = measures_add(b->m, "fsync_us", "fsync() with one dirty page", "us", 1);
}

void probe_mmap(struct bench *b)
{
	static const struct probe_kind kind = { .round = mmap_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_MMAP] = measures_add(b->m, "mmap_ps",
				       "mmap() and munmap() of a page that is not touched, a call",
				       "ns", 1000);
}

void probe_tables(struct bench *b)
{
	static const struct probe_kind kind = { .round = tables_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_TABLE_NEW] = measures_add(
		b->m, "table_new_ps",
		"added to the first touch in 2 MiB of new anon memory: its page table", "ns", 1000);
	p->m[STEP_TABLE_FREE] = measures_add(
		b->m, "table_free_ps",
		"munmap() of 128 pages in 64 page tables, less MADV_DONTNEED of 128 in one", "ns",
		1000);
}

void probe_vma(struct bench *b)
{
	static const struct probe_kind kind = { .round = vma_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_VMA] = measures_add(
		b->m, "vma_ps", "one munmap() of 64 mappings that nobody has touched, a mapping",
		"ns", 1000);
}

void probe_steps(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = has_device, .round = steps_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_FILL] = measures_add(
		b->m, "fill_ps", "added by read(2) of pages that readahead brings in", "ns", 1000);
	p->m[STEP_COPY] =
		measures_add(b->m, "copy_ps", "read(2) of cached pages, 32 a call", "ns", 1000);
}
