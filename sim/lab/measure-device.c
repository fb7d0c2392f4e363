// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device: latency of a read, bandwidth, and number of reads that it serves in parallel.
 *
 * The latency is wall time without that in which the thread could run and had no CPU, from
 * /proc/thread-self/schedstat; without that file it is in the latency.
 *
 * A round's mean is one sample, and the median of the rounds is the value: another user of the
 * device makes some rounds slow, not all. So read_us is the mean of an undisturbed device.
 *
 * Approximation: many readers are threads, which also wait for a CPU if others use it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

#define NR_READS 20   /* one at a time, in a round */
#define BURST_NS 40e6 /* of many at a time */

struct reader {
	struct bench *b;
	size_t bytes;
	uint64_t random;
	double end_ns;
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

/* Do @nr random, aligned reads, or fewer if the time is over; at least one. */
static void read_cold(struct reader *r, unsigned int nr)
{
	const uint64_t places = r->b->file_bytes / r->bytes;
	const int schedstat =
		r->us ? open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC) : -1;
	void *buf = NULL;

	r->failed = posix_memalign(&buf, PAGE, r->bytes) != 0;
	while (r->nr < nr && !r->failed) {
		uint64_t at = bench_random(&r->random) % places * r->bytes;
		double waited = waited_ns(schedstat), t = bench_wall_ns();

		if ((r->nr && t > r->end_ns) || lab_interrupted(r->b->o->hooks))
			break;
		r->failed = pread(r->b->direct_fd, buf, r->bytes, (off_t)at) != (ssize_t)r->bytes;
		t = bench_wall_ns() - t;
		if (r->us)
			samples_add(r->us, (t - (waited_ns(schedstat) - waited)) / 1000);
		r->nr++;
	}
	if (schedstat >= 0)
		close(schedstat);
	free(buf);
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
static GArray *read_latencies(struct bench *b, size_t bytes)
{
	struct reader r = {
		.b = b,
		.bytes = bytes,
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

enum { READ_SMALL, READ_SPREAD, READ_LARGE, READ_MBPS, READ_DEPTH };

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
	g_autoptr(GArray) small = NULL, large = NULL;
	double rate, mbps;

	bench_drop_cache(b);
	small = read_latencies(b, PAGE);
	large = read_latencies(b, CHUNK);
	/* threads may run on all CPUs, as this one does meanwhile */
	bench_pin(b, -1);
	rate = read_rate(b, PAGE, depths[i], BURST_NS / 1e9);
	mbps = read_rate(b, CHUNK, 8, BURST_NS / 1e9) * CHUNK / 1e6;
	bench_pin(b, b->part);
	if (!small->len || !large->len || rate <= 0 || mbps <= 0)
		return "reading with O_DIRECT fails";
	samples_add(p->m[READ_SMALL]->samples, samples_mean(small));
	samples_add(p->m[READ_SPREAD]->samples,
		    MIN(samples_deviation(small) / samples_mean(small) * 100, 100));
	samples_add(p->m[READ_LARGE]->samples, samples_mean(large));
	samples_add(p->m[READ_MBPS]->samples, mbps);
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

static void device_end(struct bench *b, struct probe *p)
{
	struct queue *q = p->data;

	(void)b;
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
		"pread() of 4 KiB, O_DIRECT, random, one at a time: the mean of a round", "us", 1);
	p->m[READ_SPREAD] = measures_add(
		b->m, "device_spread_percent",
		"standard deviation of these in a round, at most 100% of the mean", "%", 1);
	p->m[READ_LARGE] = measures_add(
		b->m, NULL, "pread() of 128 KiB, O_DIRECT, random, one at a time: the same", "us",
		1);
	p->m[READ_MBPS] = measures_add(b->m, "device_mbps",
				       "128 KiB, O_DIRECT, random, 8 at a time", "MB/s", 1);
	p->m[READ_DEPTH] =
		measures_add(b->m, "device_depth",
			     "rate of 4 KiB with 2 to 64 at a time, times the latency of "
			     "one: the most of a part",
			     "requests", 1);
}
