// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device: latency of a read, bandwidth, and number of reads that it serves in parallel.
 *
 * The latency is wall time without that in which the thread ran, which submit_ps has, or could run
 * and had no CPU, from /proc/thread-self/schedstat; without that file the latter is in the latency.
 *
 * Memory that is read into is contiguous, as large folios are, as far as huge pages make it so. The
 * same with single pages tells what a segment more costs.
 *
 * A round's mean is one sample, and the median of the rounds is the value: another user of the
 * device makes some rounds slow, not all. So read_us is the mean of an undisturbed device.
 *
 * Approximation: many readers are threads, which also wait for a CPU if others use it.
 */
#define _GNU_SOURCE /* syscall() */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

#define NR_READS 20 /* one at a time, in a round */
#define STREAM	 (1u << 20)
#define BURST_NS 40e6 /* of many at a time */

struct reader {
	struct bench *b;
	size_t bytes;
	uint64_t random;
	double end_ns;
	bool pages; /* into single pages */
	GArray *us; /* NULL: only counted */
	uint64_t nr;
	bool failed;
};

/* ns that this thread has waited for a CPU; 0: not known */
static double waited_ns(int schedstat)
{
	char text[64];
	ssize_t n = schedstat < 0 ? -1 : pread(schedstat, text, sizeof(text) - 1, 0);
	uint64_t ns = 0;

	text[MAX(n, 0)] = 0;
	if (sscanf(text, "%*u %" SCNu64, &ns) != 1)
		return 0;
	return (double)ns;
}

/* struct read_buffer - what is read into: @at, in the mapping of @bytes at @map */
struct read_buffer {
	char *map, *at;
	size_t bytes;
};

/* @bytes, in huge pages if possible, or in single @pages. Return: false if there is no memory */
static bool read_buffer(struct read_buffer *buf, size_t bytes, bool pages)
{
	const bool huge = bytes > PAGE && !pages;

	/* a reader of single pages must not clear megabytes first */
	buf->bytes = bytes > PAGE ? MAX(bytes, PMD_SIZE) + PMD_SIZE : bytes;
	buf->map =
		mmap(NULL, buf->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buf->map == MAP_FAILED)
		return false;
	buf->at = bytes > PAGE ? buf->map + (-(uintptr_t)buf->map & (PMD_SIZE - 1)) : buf->map;
	madvise(buf->map, buf->bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(buf->at, 0, bytes);
	return true;
}

static void read_buffer_free(const struct read_buffer *buf)
{
	if (buf->map != MAP_FAILED)
		munmap(buf->map, buf->bytes);
}

/* Do @nr random, aligned reads, or fewer if the time is over; at least one. */
static void read_cold(struct reader *r, unsigned int nr)
{
	const uint64_t places = r->b->file_bytes / r->bytes;
	const int schedstat =
		r->us ? open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC) : -1;
	struct read_buffer buf = { 0 };

	r->failed = !read_buffer(&buf, r->bytes, r->pages);
	while (r->nr < nr && !r->failed) {
		uint64_t at = bench_random(&r->random) % places * r->bytes;
		double waited = waited_ns(schedstat), cpu = bench_cpu_ns(), t = bench_wall_ns();

		if ((r->nr && t > r->end_ns) || lab_interrupted(r->b->o->hooks))
			break;
		r->failed =
			pread(r->b->direct_fd, buf.at, r->bytes, (off_t)at) != (ssize_t)r->bytes;
		t = bench_wall_ns() - t;
		cpu = bench_cpu_ns() - cpu;
		if (r->us)
			samples_add(r->us, (t - cpu - (waited_ns(schedstat) - waited)) / 1000);
		r->nr++;
	}
	if (schedstat >= 0)
		close(schedstat);
	read_buffer_free(&buf);
}

static gpointer read_thread(gpointer data)
{
	read_cold(data, UINT32_MAX);
	return NULL;
}

/* Requests per second of @nr parallel readers; 0: a read failed. */
static double read_rate(struct bench *b, size_t bytes, unsigned int nr, double seconds)
{
	GThread *threads[64];
	struct reader r[64];
	uint64_t requests = 0;
	double t = bench_wall_ns();
	bool failed = false;

	for (unsigned int i = 0; i < nr; i++) {
		r[i] = (struct reader){
			.b = b,
			.bytes = bytes,
			.random = bench_random(&b->random),
			.end_ns = t + seconds * 1e9,
		};
		threads[i] = g_thread_new("read", read_thread, &r[i]);
	}
	for (unsigned int i = 0; i < nr; i++) {
		g_thread_join(threads[i]);
		requests += r[i].nr;
		failed |= r[i].failed;
	}
	return failed ? 0 : (double)requests / ((bench_wall_ns() - t) / 1e9);
}

/* The latencies of random reads, one at a time; none: reading failed */
static GArray *read_latencies(struct bench *b, size_t bytes, bool pages)
{
	struct reader r = {
		.b = b,
		.bytes = bytes,
		.pages = pages,
		.random = bench_random(&b->random),
		.end_ns = bench_wall_ns() + BURST_NS,
		.us = samples_new(),
	};

	read_cold(&r, NR_READS);
	if (r.failed)
		g_array_set_size(r.us, 0);
	return r.us;
}

static const unsigned int depths[] = { 2, 4, 8, 16, 32, 64 };

/* struct queue - of a part: requests in the device, by depth of the queue */
struct queue {
	GArray *served[G_N_ELEMENTS(depths)];
	guint turn;
};

enum {
	READ_SMALL,
	READ_SPREAD,
	READ_LARGE,
	READ_MBPS,
	READ_SEGMENT,
	READ_TOGETHER,
	READ_SUBMIT,
	READ_DEPTH,
};

#define COMPANY 4

/* Wait until @nr further requests have ended. Return: false if that failed. */
static bool wait_for(aio_context_t context, long nr)
{
	struct io_event events[COMPANY];

	while (nr > 0) {
		const long n = syscall(SYS_io_getevents, context, 1, nr, events, NULL);

		if (n < 0 && errno != EINTR)
			return false;
		nr -= MAX(n, 0);
	}
	return true;
}

/*
 * One page and some large reads, submitted in this order by one call: the time until the first has
 * ended, as a part of that until all have. NaN: unknown. A device that tells of each request by
 * itself has the page long before.
 */
static double first_of_all(struct bench *b, char *buf)
{
	struct iocb cb[COMPANY], *cbs[COMPANY];
	double start, submitted = NAN, first = NAN, all = NAN;
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, COMPANY, &context))
		return NAN;
	for (unsigned int i = 0; i < COMPANY; i++) {
		const uint64_t places = b->file_bytes / STREAM;

		cb[i] = (struct iocb){
			.aio_fildes = (uint32_t)b->direct_fd,
			.aio_lio_opcode = IOCB_CMD_PREAD,
			.aio_buf = (uintptr_t)buf,
			.aio_nbytes = i ? STREAM : PAGE,
			.aio_offset = (int64_t)(bench_random(&b->random) % places * STREAM),
		};
		cbs[i] = &cb[i];
	}
	start = bench_wall_ns();
	if (syscall(SYS_io_submit, context, COMPANY, cbs) == COMPANY) {
		submitted = bench_wall_ns() - start;
		if (wait_for(context, 1))
			first = bench_wall_ns() - start;
		if (wait_for(context, COMPANY - 1))
			all = bench_wall_ns() - start;
	}
	/* waits for what is left */
	syscall(SYS_io_destroy, context);
	/* if the submission waits for all, it says nothing */
	return submitted < all / 2 ? first / all : NAN;
}

static double together(struct bench *b)
{
	struct read_buffer buf;
	double part = NAN;

	if (read_buffer(&buf, STREAM, false))
		part = first_of_all(b, buf.at);
	read_buffer_free(&buf);
	return isnan(part) ? NAN : part > 0.75;
}

/* What read(2) of single pages takes that are not cached: CPU time of a call. NaN: unknown */
static double read_single(struct bench *b)
{
	double sum = 0;
	char buf[PAGE];

	if (bench_drop_cache(b) || posix_fadvise(b->fd, 0, 0, POSIX_FADV_RANDOM))
		return NAN;
	for (int i = 0; i < NR_READS; i++) {
		const uint64_t at = bench_random(&b->random) % (b->file_bytes / PAGE) * PAGE;
		const double before = bench_cpu_ns();

		if (pread(b->fd, buf, PAGE, (off_t)at) != (ssize_t)PAGE)
			sum = NAN;
		sum += bench_cpu_ns() - before;
	}
	posix_fadvise(b->fd, 0, 0, POSIX_FADV_NORMAL);
	return sum / NR_READS;
}

static const char *device_prepare(struct bench *b, struct probe *p)
{
	const char *why = has_device(b, p);

	if (!why && b->direct_fd < 0)
		why = "O_DIRECT is not possible here";
	return why;
}

/* A round has one depth of the queue; the others have their turn. Little's law: its rate times the
 * latency is the number of requests that the device serves. */
static const char *device_round(struct bench *b, struct probe *p)
{
	struct queue *q = p->data;
	const guint i = q->turn++ % G_N_ELEMENTS(depths);
	g_autoptr(GArray) small = NULL, large = NULL, whole = NULL, pieces = NULL;
	double rate, mbps;

	bench_drop_cache(b);
	small = read_latencies(b, PAGE, false);
	large = read_latencies(b, CHUNK, false);
	whole = read_latencies(b, STREAM, false);
	pieces = read_latencies(b, STREAM, true);
	/* threads may run on all CPUs, as this one does meanwhile */
	bench_pin(b, -1);
	rate = read_rate(b, PAGE, depths[i], BURST_NS / 1e9);
	mbps = read_rate(b, STREAM, 2, BURST_NS / 1e9) * STREAM / 1e6;
	bench_pin(b, b->part);
	if (!small->len || !large->len || !whole->len || !pieces->len || rate <= 0 || mbps <= 0)
		return "reading with O_DIRECT fails";
	samples_add(p->m[READ_SMALL]->samples, samples_mean(small));
	samples_add(p->m[READ_SPREAD]->samples,
		    MIN(samples_deviation(small) / samples_mean(small) * 100, 100));
	samples_add(p->m[READ_LARGE]->samples, samples_mean(large));
	samples_add(p->m[READ_MBPS]->samples, mbps);
	samples_add(p->m[READ_SEGMENT]->samples,
		    (samples_mean(pieces) - samples_mean(whole)) * 1000 / (STREAM / PAGE - 1));
	measurement_add(p->m[READ_TOGETHER], together(b));
	measurement_add(p->m[READ_SUBMIT], read_single(b));
	samples_add(q->served[i], rate * samples_mean(small) / 1e6);
	return NULL;
}

static void device_end_part(struct bench *b, struct probe *p)
{
	struct queue *q = p->data;
	double most = 0;

	(void)b;
	for (size_t i = 0; i < G_N_ELEMENTS(depths); i++) {
		if (q->served[i]->len)
			most = MAX(most, samples_quantile(q->served[i], 0.5));
		g_array_set_size(q->served[i], 0);
	}
	if (most > 0)
		samples_add(p->m[READ_DEPTH]->samples, MAX(most, 1));
}

/* what a call and its page take without a device */
void device_submit(struct measures *ms, const struct measurement *single)
{
	const double less = measures_median(ms, "call_ps") + measures_median(ms, "copy_ps") +
			    measures_median(ms, "fill_ps");

	measures_add_from(ms, "submit_ps", "read(2) of a page, less call_ps, copy_ps and fill_ps",
			  single, 1, less);
}

static void device_end(struct bench *b, struct probe *p)
{
	struct queue *q = p->data;

	device_submit(b->m, p->m[READ_SUBMIT]);
	for (size_t i = 0; i < G_N_ELEMENTS(depths); i++)
		g_array_free(q->served[i], TRUE);
	g_free(q);
}

void probe_device(struct bench *b)
{
	static const struct probe_kind kind = {
		.prepare = device_prepare,
		.round = device_round,
		.end_part = device_end_part,
		.end = device_end,
	};
	struct probe *p = bench_add(b, &kind);
	struct queue *q = g_new0(struct queue, 1);

	for (size_t i = 0; i < G_N_ELEMENTS(depths); i++)
		q->served[i] = samples_new();
	p->data = q;
	p->m[READ_SMALL] = measures_add(
		b->m, "read_us",
		"pread() of 4 KiB, O_DIRECT, random, one at a time: the mean wait of a round", "us",
		1);
	p->m[READ_SPREAD] = measures_add(
		b->m, "device_spread_percent",
		"standard deviation of these in a round, at most 100% of the mean", "%", 1);
	p->m[READ_LARGE] = measures_add(
		b->m, NULL, "pread() of 128 KiB, O_DIRECT, random, one at a time: the same", "us",
		1);
	p->m[READ_MBPS] = measures_add(
		b->m, "device_mbps", "1 MiB, O_DIRECT into contiguous memory, random, 2 at a time",
		"MB/s", 1);
	p->m[READ_SEGMENT] = measures_add(
		b->m, "device_segment_ns",
		"1 MiB, one at a time: into pages, less into contiguous memory, a page", "ns", 1);
	p->m[READ_TOGETHER] = measures_add(
		b->m, "device_together",
		"1: of a page and 3 MiB, submitted together, the page comes with the rest", "", 1);
	p->m[READ_SUBMIT] = measures_add(
		b->m, NULL, "read(2) of pages that are not cached, POSIX_FADV_RANDOM, CPU time",
		"ns", 1);
	p->m[READ_DEPTH] =
		measures_add(b->m, "device_depth",
			     "rate of 4 KiB with 2 to 64 at a time, times the latency of "
			     "one: the most of a part",
			     "requests", 1);
}
