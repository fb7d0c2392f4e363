// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures what a process that lives takes CPU time for, apart from faults: bringing pages into the
 * page cache and copying them, and the calls of mmap() and munmap(). And how long fsync() takes.
 *
 * A file is read by read(2) twice, once from the device, with readahead, and once from the cache.
 * The second one copies, what the first takes more is to fill the cache with large folios. What
 * POSIX_FADV_WILLNEED takes for more pages is to fill it with single ones. That of an interrupt
 * that ends a request is the CPU's, not the thread's, and not in it.
 *
 * Approximations: the buffer and the struct folios of the second read are in the CPU's caches.
 * fill_next_ps is the mean of folios as readahead makes them, their first pages too; where the file
 * system has single pages only, it is that of single pages. mmap_ps is the mean of both calls, for
 * one page that is not touched, in a process with few mappings. fsync_us and fdatasync_us are of
 * one page of a file whose blocks are there; sync_ps is the CPU time of the latter, and the
 * simulator's of both. write_ps is of folios of one page; a file system with buffer heads takes
 * more for a page of a large folio.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

enum {
	STEP_FILL,
	STEP_FILL_NEXT,
	STEP_COPY,
	STEP_CALL,
	STEP_WRITE,
	STEP_MMAP,
	STEP_VMA,
	STEP_CLOSE,
	STEP_TABLE_NEW,
	STEP_TABLE_FREE,
	STEP_FSYNC,
	STEP_FDATASYNC,
	STEP_SYNC,
};

#define CALLS	    64
#define WRITE_BYTES (2u << 20)
#define FILLS	    32
#define FILL_FEW    4
#define FILL_MANY   28 /* less than a window of 128 KiB, to which the kernel cuts it */

/* CPU time of reading [@at, @end), @bytes a call; < 0: it cannot be read */
static double read_range(struct bench *b, char *buf, size_t at, size_t end, size_t bytes)
{
	struct cpu_timer t;

	cpu_timer_start(&t);
	for (; at < end; at += bytes)
		if (pread(b->fd, buf, bytes, (off_t)at) != (ssize_t)bytes)
			return -1;
	return cpu_timer_stop(&t);
}

/* CPU time of writing the first WRITE_BYTES, a page a call; < 0: that failed */
static double write_pages(struct bench *b, const char *buf)
{
	struct cpu_timer t;

	cpu_timer_start(&t);
	for (size_t at = 0; at < WRITE_BYTES; at += PAGE)
		if (pwrite(b->fd, buf, PAGE, (off_t)at) != (ssize_t)PAGE)
			return -1;
	return cpu_timer_stop(&t);
}

/* The first time makes folios of single pages; they are clean, and cached, when they are written
 * for the second time. */
static const char *write_round(struct bench *b, struct probe *p)
{
	g_autofree char *buf = g_malloc0(PAGE);
	const char *why = bench_empty_cache(b);
	double again;

	if (why)
		return why;
	if (write_pages(b, buf) < 0 || fdatasync(b->fd))
		return "writing a file failed";
	again = write_pages(b, buf);
	if (again < 0 || fdatasync(b->fd))
		return "writing a file failed";
	measurement_add(p->m[STEP_WRITE], again / (WRITE_BYTES / PAGE));
	return NULL;
}

static const char *steps_round(struct bench *b, struct probe *p)
{
	const double nr = (double)(b->bytes / PAGE);
	g_autofree char *buf = g_malloc(CHUNK);
	const char *why = bench_empty_cache(b);
	double cold, warm, single;

	if (why)
		return why;
	/* so that readahead has windows, and folios, of their full size */
	read_range(b, buf, 0, b->bytes, CHUNK);
	cold = read_range(b, buf, b->bytes, 2 * b->bytes, CHUNK);
	warm = read_range(b, buf, b->bytes, 2 * b->bytes, CHUNK);
	single = read_range(b, buf, b->bytes, 2 * b->bytes, PAGE);
	if (cold < 0 || warm < 0 || single < 0)
		return "the file cannot be read";
	measurement_add(p->m[STEP_FILL_NEXT], (cold - warm) / nr);
	measurement_add(p->m[STEP_COPY], warm / nr);
	measurement_add(p->m[STEP_CALL], (single - warm) / nr);
	return NULL;
}

/* CPU time of POSIX_FADV_WILLNEED for @nr pages, a call, each in another part of the file, @from
 * its begin; < 0: it fails. All are read in the end. */
static double will_need(struct bench *b, size_t nr, size_t from)
{
	const size_t apart = b->file_bytes / FILLS;
	struct cpu_timer t;
	char buf[PAGE];
	double ns;

	cpu_timer_start(&t);
	for (size_t at = from; at < b->file_bytes; at += apart)
		if (posix_fadvise(b->fd, (off_t)at, (off_t)(nr * PAGE), POSIX_FADV_WILLNEED))
			return -1;
	ns = cpu_timer_stop(&t) / FILLS;
	for (size_t at = from; at < b->file_bytes; at += apart)
		if (pread(b->fd, buf, PAGE, (off_t)(at + (nr - 1) * PAGE)) != (ssize_t)PAGE)
			return -1;
	return ns;
}

/* That advice makes folios of single pages, and one request. More pages differ by theirs only. */
static const char *fill_round(struct bench *b, struct probe *p)
{
	double few, many;
	const char *why = bench_empty_cache(b);

	if (why)
		return why;
	few = will_need(b, FILL_FEW, 0);
	many = will_need(b, FILL_MANY, b->file_bytes / FILLS / 2);
	if (few < 0 || many < 0)
		return "POSIX_FADV_WILLNEED does not read the file here";
	measurement_add(p->m[STEP_FILL], (many - few) / (FILL_MANY - FILL_FEW));
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

static const char *close_round(struct bench *b, struct probe *p)
{
	g_autofree char *again = g_strdup_printf("/proc/self/fd/%d", b->fd);
	struct cpu_timer t;
	int fds[CALLS], nr = 0;

	while (nr < CALLS && (fds[nr] = open(again, O_RDONLY | O_CLOEXEC)) >= 0)
		nr++;
	cpu_timer_start(&t);
	for (int i = 0; i < nr; i++)
		close(fds[i]);
	if (nr < CALLS)
		return "cannot open the file more than once";
	measurement_add(p->m[STEP_CLOSE], cpu_timer_stop(&t) / CALLS);
	return NULL;
}

/* the last page, which no other probe maps. Return: us that @sync took; < 0: it failed */
static double sync_page(struct bench *b, int (*sync)(int fd), double *cpu_ns)
{
	g_autofree char *buf = g_malloc0(PAGE);
	struct cpu_timer t;
	double before;

	if (pwrite(b->fd, buf, PAGE, (off_t)(b->file_bytes - PAGE)) != (ssize_t)PAGE)
		return -1;
	before = bench_wall_ns();
	cpu_timer_start(&t);
	if (sync(b->fd))
		return -1;
	*cpu_ns = cpu_timer_stop(&t);
	return (bench_wall_ns() - before) / 1000;
}

static const char *fsync_round(struct bench *b, struct probe *p)
{
	double cpu, whole = sync_page(b, fsync, &cpu), data = sync_page(b, fdatasync, &cpu);

	if (whole < 0 || data < 0)
		return "writing a file failed";
	measurement_add(p->m[STEP_FSYNC], whole);
	measurement_add(p->m[STEP_FDATASYNC], data);
	measurement_add(p->m[STEP_SYNC], cpu);
	return NULL;
}

void probe_fsync(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = has_device, .round = fsync_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_FSYNC] = measures_add(b->m, "fsync_us", "fsync() with one dirty page", "us", 1);
	p->m[STEP_FDATASYNC] =
		measures_add(b->m, "fdatasync_us", "fdatasync() with one dirty page", "us", 1);
	p->m[STEP_SYNC] =
		measures_add(b->m, "sync_ps", "CPU time of fdatasync(), a part of it", "ns", 1000);
}

void probe_close(struct bench *b)
{
	static const struct probe_kind kind = { .round = close_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_CLOSE] = measures_add(b->m, "close_ps",
					"close() of a file that others have open, too", "ns", 1000);
}

/* The simulator takes call_ps for any call. */
static void write_end(struct bench *b, struct probe *p)
{
	measures_add_from(b->m, "write_ps", "write(2) of a cached page, less call_ps",
			  p->m[STEP_WRITE], 1, measures_median(b->m, "call_ps"));
}

void probe_write(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = has_device,
						.round = write_round,
						.end = write_end };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_WRITE] = measures_add(
		b->m, NULL, "write(2) of clean cached pages that are folios, one a call", "ns", 1);
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

void probe_fill(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = has_device, .round = fill_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_FILL] =
		measures_add(b->m, "fill_ps",
			     "POSIX_FADV_WILLNEED of 28 pages, less that of 4, a page", "ns", 1000);
}

void probe_steps(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = has_device, .round = steps_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_FILL_NEXT] = measures_add(
		b->m, "fill_next_ps",
		"added by read(2) of pages that readahead brings in, in large folios", "ns", 1000);
	p->m[STEP_COPY] =
		measures_add(b->m, "copy_ps", "read(2) of cached pages, 32 a call", "ns", 1000);
	p->m[STEP_CALL] =
		measures_add(b->m, "call_ps", "added to that by a call for each page", "ns", 1000);
}
