// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs all measurements, and makes the file that they use. All use system calls only; the
 * top of each measure-*.c describes how it isolates a cost.
 *
 * Costs are CPU time of the thread (CLOCK_THREAD_CPUTIME_ID), so other load matters only
 * through the caches. Reads are wall time.
 *
 * Approximations: the thread may fail to stay on one CPU; a hypervisor may cache the file
 * that O_DIRECT reads.
 */
#define _GNU_SOURCE /* O_DIRECT, sched_setaffinity() */
#include "sim/lab/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

#define PAGES_MAX 16384u /* mapped at a time */

static double clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

double bench_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

double bench_wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t bench_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

struct measurement *bench_report(struct bench *b, const char *key, const char *what,
				 const char *unit, double scale, GArray *samples,
				 const char *why_not)
{
	struct measurement m = {
		.key = key,
		.what = what,
		.unit = unit,
		.scale = scale,
		.samples = samples ? samples : samples_new(),
	};

	if (!m.samples->len)
		g_strlcpy(m.why_not, why_not ? why_not : "no samples", sizeof(m.why_not));
	g_array_append_val(b->m->all, m);
	return &g_array_index(b->m->all, struct measurement, b->m->all->len - 1);
}

bool bench_go_on(const struct bench *b, unsigned int n, double start_ns)
{
	return n < b->nr_samples && (n < 3 || bench_wall_ns() - start_ns < 5e9) &&
	       !lab_interrupted(b->o->hooks);
}

void bench_step(struct bench *b)
{
	lab_progress(b->o->hooks, (double)++b->step / b->nr_steps);
}

/* The file and the page cache */

const char *bench_drop_cache(struct bench *b)
{
	return posix_fadvise(b->fd, 0, 0, POSIX_FADV_DONTNEED)
		       ? "cannot drop the page cache of a file here"
		       : NULL;
}

char *bench_map_file(struct bench *b)
{
	char *p = mmap(NULL, b->bytes, PROT_READ, MAP_SHARED, b->fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

long bench_nr_cached(struct bench *b)
{
	const size_t nr = b->bytes / PAGE;
	g_autofree unsigned char *vec = g_malloc(nr);
	char *p = bench_map_file(b);
	long cached = 0;

	if (!p || mincore(p, b->bytes, vec))
		cached = -1;
	for (size_t i = 0; cached >= 0 && i < nr; i++)
		cached += vec[i] & 1;
	if (p)
		munmap(p, b->bytes);
	return cached;
}

const char *bench_fill_unmarked(struct bench *b)
{
	const double end = bench_wall_ns() + 10e9;
	const long nr = (long)(b->bytes / PAGE);

	if (bench_drop_cache(b))
		return bench_drop_cache(b);
	if (bench_nr_cached(b) != 0)
		return "pages stay in the cache after POSIX_FADV_DONTNEED";
	/* it is only a hint, and somebody may drop the caches meanwhile: repeat it */
	do {
		const double again = bench_wall_ns() + 200e6;

		for (size_t at = 0; at < b->bytes; at += CHUNK)
			posix_fadvise(b->fd, (off_t)at, CHUNK, POSIX_FADV_WILLNEED);
		while (bench_nr_cached(b) < nr && bench_wall_ns() < again)
			g_usleep(1000);
	} while (bench_nr_cached(b) < nr && bench_wall_ns() < end && !lab_interrupted(b->o->hooks));
	return bench_nr_cached(b) < nr ? "POSIX_FADV_WILLNEED does not read the file here" : NULL;
}

void bench_touch(const char *p, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		(void)*(const volatile char *)(p + at);
}

static int make_file(struct bench *b, struct err *err)
{
	g_autofree char *path = g_build_filename(b->o->dir, "reapsim-calibrate-XXXXXX", NULL);
	g_autofree uint64_t *buf = g_malloc(CHUNK);
	g_autofree char *again = NULL;
	struct statvfs fs;

	b->fd = mkstemp(path);
	if (b->fd < 0)
		return err_set(err, errno == ENOENT ? -ENOENT : -EIO,
			       "%s: no file can be made here: %s", b->o->dir, g_strerror(errno));
	unlink(path);
	if (!fstatvfs(b->fd, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize < 2 * b->file_bytes)
		return err_set(err, -EIO, "%s: expected room for a file of %" PRIu64 " MiB, twice",
			       b->o->dir, b->file_bytes >> 20);
	for (uint64_t at = 0; at < b->file_bytes; at += CHUNK) {
		for (size_t i = 0; i < CHUNK / 8; i++)
			buf[i] = bench_random(&b->random);
		if (pwrite(b->fd, buf, CHUNK, (off_t)at) != CHUNK)
			return err_set(err, -EIO, "%s: %s", path, g_strerror(errno));
	}
	if (fsync(b->fd))
		return err_set(err, -EIO, "%s: %s", path, g_strerror(errno));
	again = g_strdup_printf("/proc/self/fd/%d", b->fd);
	b->direct_fd = open(again, O_RDONLY | O_DIRECT | O_CLOEXEC);
	return 0;
}

static void stay_on_one_cpu(cpu_set_t *before)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	if (sched_getaffinity(0, sizeof(*before), before) || cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void measurement_clear(gpointer data)
{
	g_array_free(((struct measurement *)data)->samples, TRUE);
}

int measure_all(struct measures *m, const struct measure_options *o, struct err *err)
{
	struct bench b = {
		.o = o,
		.m = m,
		.fd = -1,
		.direct_fd = -1,
		.file_bytes = o->quick ? 8 << 20 : 128 << 20,
		.nr_samples = o->quick ? 2 : 20,
		.nr_reads = o->quick ? 20 : 2000,
		.seconds = o->quick ? 0.05 : 1,
		.random = 88172645463325252u,
	};
	const char *no_file = NULL;
	struct monitor monitor;
	cpu_set_t cpus;
	int ret;

	*m = (struct measures){ .all = g_array_new(FALSE, FALSE, sizeof(struct measurement)) };
	m->monitor = monitor_stop(&monitor, "/sys/module/damon_stat/parameters/enabled");
	g_array_set_clear_func(m->all, measurement_clear);
	b.bytes = MIN(b.file_bytes, (uint64_t)PAGES_MAX * PAGE);
	/* unmap, large, anon, swap and two kinds of reclaim; 12 steps for the device */
	b.nr_steps = 6 * b.nr_samples + 12;
	ret = make_file(&b, err);
	if (!ret) {
		measure_describe(&b);
		if (strstr(m->file_system, "mpfs") || !strcmp(m->file_system, "ramfs"))
			no_file = "the folder is on tmpfs, not on a device";
		CPU_ZERO(&cpus);
		stay_on_one_cpu(&cpus);
		measure_unmap(&b, false, no_file);
		measure_unmap(&b, true, no_file);
		measure_anon(&b);
		measure_swap(&b);
		measure_group_reclaim(&b, no_file);
		measure_pageout(&b, no_file);
		if (CPU_COUNT(&cpus))
			sched_setaffinity(0, sizeof(cpus), &cpus);
		measure_device(&b, no_file);
		measure_settings(&b);
		if (lab_interrupted(o->hooks))
			ret = err_set(err, -EINTR, "interrupted: no measurement is complete");
	}
	if (!monitor_restart(&monitor) && !ret)
		ret = err_set(err, -EIO, "DAMON_STAT was on, and can not be turned on again");
	if (b.fd >= 0)
		close(b.fd);
	if (b.direct_fd >= 0)
		close(b.direct_fd);
	return ret;
}

int measure_read(struct measures *m, const char *dir, struct err *err)
{
	struct bench b = { .m = m, .fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	if (b.fd < 0)
		return err_set(err, -EINVAL, "%s: %s", dir, g_strerror(errno));
	*m = (struct measures){ .all = g_array_new(FALSE, FALSE, sizeof(struct measurement)) };
	g_array_set_clear_func(m->all, measurement_clear);
	measure_describe(&b);
	measure_settings(&b);
	close(b.fd);
	return 0;
}

void measures_clear(struct measures *m)
{
	g_array_free(m->all, TRUE);
}
