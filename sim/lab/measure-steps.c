// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures what a process that lives takes CPU time for, besides faults: bringing pages into the
 * page cache and copying them.
 *
 * A file is read by read(2) twice, once from the device, with readahead, and once from the cache.
 * The second one copies, what the first takes more is to fill the cache. That of an interrupt that
 * ends a request is the CPU's, not the thread's, and not in it.
 *
 * Approximations: the buffer and the struct folios of the second read are in the CPU's caches.
 * fill_ps comes from read(2), with the folios that readahead makes; the simulator also charges it
 * to faults, and to single pages.
 */
#include <unistd.h>

#include "sim/lab/measure-probe.h"

enum { STEP_FILL, STEP_COPY };

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

void probe_steps(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = has_device, .round = steps_round };
	struct probe *p = bench_add(b, &kind);

	p->m[STEP_FILL] = measures_add(
		b->m, "fill_ps", "added by read(2) of pages that readahead brings in", "ns", 1000);
	p->m[STEP_COPY] =
		measures_add(b->m, "copy_ps", "read(2) of cached pages, 32 a call", "ns", 1000);
}
