// SPDX-License-Identifier: GPL-2.0-only
/* The device: latency of a read, bandwidth, and number of reads that it serves in parallel. */
#include <stdlib.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

struct reader {
	struct bench *b;
	size_t bytes;
	uint64_t random;
	double end_ns;
	GArray *us; /* NULL: only counted */
	uint64_t nr;
	bool failed;
};

/* Do @nr random, aligned reads, or fewer if the time is over. */
static void read_cold(struct reader *r, unsigned int nr)
{
	const uint64_t places = r->b->file_bytes / r->bytes;
	void *buf;

	if (posix_memalign(&buf, PAGE, r->bytes)) {
		r->failed = true;
		return;
	}
	while (r->nr < nr && !r->failed) {
		uint64_t at = bench_random(&r->random) % places * r->bytes;
		double t = bench_wall_ns();

		if (t > r->end_ns || lab_interrupted(r->b->o->hooks))
			break;
		r->failed = pread(r->b->direct_fd, buf, r->bytes, (off_t)at) != (ssize_t)r->bytes;
		if (r->us)
			samples_add(r->us, (bench_wall_ns() - t) / 1000);
		r->nr++;
	}
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

static GArray *read_latencies(struct bench *b, size_t bytes)
{
	struct reader r = {
		.b = b,
		.bytes = bytes,
		.random = bench_random(&b->random),
		.end_ns = bench_wall_ns() + b->seconds * 2e9,
		.us = samples_new(),
	};

	read_cold(&r, b->nr_reads);
	if (r.failed)
		g_array_set_size(r.us, 0);
	bench_step(b);
	return r.us;
}

void measure_device(struct bench *b, const char *no_file)
{
	static const unsigned int depths[] = { 2, 4, 8, 16, 32, 64 };
	const char *why = no_file	     ? no_file
			  : b->direct_fd < 0 ? "O_DIRECT is not possible here"
					     : NULL;
	GArray *small = NULL, *large = NULL, *spread = samples_new();
	GArray *mbps = samples_new(), *depth = samples_new();
	double best = 0, latency_us;

	if (!why) {
		bench_drop_cache(b);
		small = read_latencies(b, PAGE);
		large = read_latencies(b, CHUNK);
		if (!small->len || !large->len)
			why = "reading with O_DIRECT fails";
	}
	if (!why) {
		latency_us = samples_mean(small);
		samples_add(spread, MIN(samples_deviation(small) / latency_us * 100, 100));
		for (size_t i = 0; i < G_N_ELEMENTS(depths); i++) {
			best = MAX(best, read_rate(b, PAGE, depths[i], b->seconds / 4));
			bench_step(b);
		}
		/* Little's law */
		samples_add(depth, MAX(best * latency_us / 1e6, 1));
		for (int i = 0; i < 5; i++)
			samples_add(mbps, read_rate(b, CHUNK, 8, b->seconds / 4) * CHUNK / 1e6);
		bench_step(b);
	}
	bench_report(b, "read_us", "pread() of 4 KiB, O_DIRECT, random, one at a time", "us", 1,
		     small, why)
		->mean = true;
	bench_report(b, "device_spread_percent",
		     "standard deviation of these, at most 100% of the mean", "%", 1, spread, why);
	bench_report(b, NULL, "pread() of 128 KiB, O_DIRECT, random, one at a time", "us", 1, large,
		     why);
	bench_report(b, "device_mbps", "128 KiB, O_DIRECT, random, 8 at a time", "MB/s", 1, mbps,
		     why);
	bench_report(b, "device_depth",
		     "the best rate of 4 KiB with 2 to 64 at a time, times the latency of one",
		     "requests", 1, depth, why);
}
