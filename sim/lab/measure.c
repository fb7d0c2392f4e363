// SPDX-License-Identifier: GPL-2.0-only
/*
 * How each cost is isolated, with system calls only:
 *
 * Unmapping a file page. A file of which no page is cached is read ahead by
 * POSIX_FADV_WILLNEED, which marks nothing; it makes order-0 folios, which is
 * what the simulator models. Mapping it, touching every page and unmapping it
 * marks each page once: the first time it becomes referenced, the second time it
 * is activated, the third time referenced again, the fourth time nothing is
 * left to do. A mapping with MADV_RANDOM has no recency, so that its unmapping
 * marks nothing and changes no state: the difference is the mark
 * (folio_mark_accessed()). That holds for the classic LRU; where MGLRU runs, a
 * mark counts a reference at most.
 *
 * Costs are CPU time of the thread (CLOCK_THREAD_CPUTIME_ID), so that other
 * load counts only by what it does to the caches; reads are wall time.
 *
 * Approximations: the scheduler may move the thread (it asks to stay on one CPU);
 * a hypervisor may cache the file that O_DIRECT reads; reclaim is measured where
 * every page that is looked at is clean and goes.
 */
#define _GNU_SOURCE /* O_DIRECT, sched_setaffinity() */
#include "sim/lab/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/machine.h"

#define PAGE	  4096u
#define CHUNK	  (128u << 10) /* no more is read ahead at once on many devices */
#define PAGES_MAX 16384u       /* that are mapped at a time */

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* struct bench - the machinery of all measurements */
struct bench {
	const struct measure_options *o;
	struct measures *m;
	int fd, direct_fd;
	uint64_t file_bytes;
	size_t bytes; /* of it that are mapped */
	unsigned int nr_samples, nr_reads;
	double seconds; /* for each thing that takes as long as one lets it */
	uint64_t random;
	unsigned int step, nr_steps;
};

static double clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static double wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int compare_doubles(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double measure_quantile(GArray *samples, double q)
{
	double at = q * (samples->len - 1);
	guint i = (guint)at;
	double low, high;

	g_array_sort(samples, compare_doubles);
	low = g_array_index(samples, double, i);
	high = g_array_index(samples, double, MIN(i + 1, samples->len - 1));
	return low + (high - low) * (at - i);
}

double measure_mean(const GArray *samples)
{
	double sum = 0;

	for (guint i = 0; i < samples->len; i++)
		sum += g_array_index(samples, double, i);
	return sum / samples->len;
}

static GArray *samples_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(double));
}

static void add(GArray *samples, double v)
{
	g_array_append_val(samples, v);
}

/* @why_not: for which no further sample was taken; NULL if all were */
static struct measurement *report(struct bench *b, const char *key, const char *what,
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
		g_strlcpy(m.why_not, why_not ? why_not : "no sample could be taken",
			  sizeof(m.why_not));
	g_array_append_val(b->m->all, m);
	return &g_array_index(b->m->all, struct measurement, b->m->all->len - 1);
}

/* another sample? A slow device gets fewer, so that it ends within a minute */
static bool go_on(const struct bench *b, unsigned int n, double start_ns)
{
	return n < b->nr_samples && (n < 3 || wall_ns() - start_ns < 5e9);
}

static void step(struct bench *b)
{
	if (b->o->progress)
		b->o->progress(b->o->progress_data, (double)++b->step / b->nr_steps);
}

/* the file and the page cache */

static const char *drop_cache(struct bench *b)
{
	return posix_fadvise(b->fd, 0, 0, POSIX_FADV_DONTNEED)
		       ? "the page cache of a file can not be dropped here"
		       : NULL;
}

static char *map_file(struct bench *b)
{
	char *p = mmap(NULL, b->bytes, PROT_READ, MAP_SHARED, b->fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* pages of the mapped part that are in the cache; -1: not to be known */
static long nr_cached(struct bench *b)
{
	const size_t nr = b->bytes / PAGE;
	g_autofree unsigned char *vec = g_malloc(nr);
	char *p = map_file(b);
	long cached = 0;

	if (!p || mincore(p, b->bytes, vec))
		cached = -1;
	for (size_t i = 0; cached >= 0 && i < nr; i++)
		cached += vec[i] & 1;
	if (p)
		munmap(p, b->bytes);
	return cached;
}

/* every page in the cache, none of them marked */
static const char *fill_unmarked(struct bench *b)
{
	const double end = wall_ns() + 10e9;
	const long nr = (long)(b->bytes / PAGE);

	if (drop_cache(b))
		return drop_cache(b);
	if (nr_cached(b) != 0)
		return "pages stay in the cache after POSIX_FADV_DONTNEED";
	/* it is a hint: a part may have to be asked for again, not least when
	 * somebody else drops the caches meanwhile */
	do {
		const double again = wall_ns() + 200e6;

		for (size_t at = 0; at < b->bytes; at += CHUNK)
			posix_fadvise(b->fd, (off_t)at, CHUNK, POSIX_FADV_WILLNEED);
		while (nr_cached(b) < nr && wall_ns() < again)
			g_usleep(1000);
	} while (nr_cached(b) < nr && wall_ns() < end);
	return nr_cached(b) < nr ? "POSIX_FADV_WILLNEED does not read the file here" : NULL;
}

static void touch(const char *p, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		(void)*(const volatile char *)(p + at);
}

/* ns a page that munmap() takes of the touched file; < 0: it failed. @fault_ns:
 * NULL, or what each fault before it took */
static double time_unmap(struct bench *b, bool recency, GArray *fault_ns)
{
	char *p = map_file(b);
	struct rusage before, after;
	double t;

	if (!p || (!recency && madvise(p, b->bytes, MADV_RANDOM)))
		return -1;
	getrusage(RUSAGE_THREAD, &before);
	t = cpu_ns();
	touch(p, b->bytes);
	t = cpu_ns() - t;
	getrusage(RUSAGE_THREAD, &after);
	if (fault_ns && after.ru_minflt > before.ru_minflt)
		add(fault_ns, t / (double)(after.ru_minflt - before.ru_minflt));
	t = cpu_ns();
	munmap(p, b->bytes);
	return (cpu_ns() - t) / (b->bytes / PAGE);
}

/* the same pages, with the folios that sequential faults make: large ones on
 * most file systems of late */
static const char *fill_large(struct bench *b)
{
	const char *why = drop_cache(b);
	char *p = why ? NULL : map_file(b);

	if (why || !p)
		return why ? why : "the file can not be mapped";
	touch(p, b->bytes);
	/* what the mapping is when it goes decides, not what it was */
	why = madvise(p, b->bytes, MADV_RANDOM) ? "MADV_RANDOM is not possible" : NULL;
	munmap(p, b->bytes);
	return why;
}

/* what the marks find, one unmapping after the other */
enum { ALONE, FIRST, ACTIVATE, FIRST_ACTIVE, ACTIVE, NR_UNMAPS };

/* each marking unmapping stands between two that mark nothing, and its sample is
 * the difference to their mean: drift and cold caches cancel out */
static bool unmap_round(struct bench *b, GArray **ns, GArray *fault_ns)
{
	double before, after, marked;

	if (time_unmap(b, false, NULL) < 0) /* warms up */
		return false;
	before = time_unmap(b, false, fault_ns);
	add(ns[ALONE], before);
	for (int i = FIRST; i < NR_UNMAPS; i++) {
		marked = time_unmap(b, true, NULL);
		after = time_unmap(b, false, fault_ns);
		if (before < 0 || marked < 0 || after < 0)
			return false;
		add(ns[ALONE], after);
		add(ns[i], marked - (before + after) / 2);
		before = after;
	}
	return true;
}

static void report_unmap(struct bench *b, bool large, GArray **ns, const char *why)
{
	static const struct {
		const char *key, *what, *large;
	} texts[NR_UNMAPS] = {
		[ALONE] = { "zap_file_ps", "munmap() of file pages, MADV_RANDOM: marks nothing",
			    "munmap(), MADV_RANDOM, as many pages in the folios of readahead" },
		[FIRST] = { "mark_first_ps", "added without MADV_RANDOM, pages unreferenced",
			    "added, the same, unreferenced" },
		[ACTIVATE] = { "mark_activate_ps", "added, pages referenced and inactive",
			       "added, the same, referenced and inactive" },
		[FIRST_ACTIVE] = { NULL, "added, pages active and unreferenced",
				   "added, the same, active and unreferenced" },
		[ACTIVE] = { "mark_active_ps", "added, pages active and referenced",
			     "added, the same, active and referenced" },
	};

	for (int i = 0; i < NR_UNMAPS; i++)
		report(b, large ? NULL : texts[i].key, large ? texts[i].large : texts[i].what, "ns",
		       1000, ns[i], why);
}

static void measure_unmap(struct bench *b, bool large, const char *no_file)
{
	const double start = wall_ns();
	GArray *ns[NR_UNMAPS], *fault = samples_new(), *evict = samples_new();
	const char *why = no_file;

	for (int i = 0; i < NR_UNMAPS; i++)
		ns[i] = samples_new();
	for (unsigned int n = 0; go_on(b, n, start) && !why; n++) {
		double t;

		why = large ? fill_large(b) : fill_unmarked(b);
		if (!why && !unmap_round(b, ns, fault))
			why = "the file can not be mapped";
		t = cpu_ns();
		if (!why && !drop_cache(b))
			add(evict, (cpu_ns() - t) / (double)(b->bytes / PAGE));
		step(b);
	}
	report_unmap(b, large, ns, why);
	if (large) {
		g_array_free(fault, TRUE);
		g_array_free(evict, TRUE);
		return;
	}
	report(b, "evict_ps", "POSIX_FADV_DONTNEED of cached pages that nothing maps", "ns", 1000,
	       evict, why);
	report(b, "fault_us", "touching cached pages of a new mapping, a fault (it maps several)",
	       "ns", 0.001, fault, why);
}

static char *map_anon(struct bench *b)
{
	char *p = mmap(NULL, b->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, b->bytes, MADV_NOHUGEPAGE);
	/* half of each page can be compressed */
	for (size_t at = 0; at < b->bytes; at += 8) {
		uint64_t v = at % PAGE < PAGE / 2 ? next_random(&b->random) : 1;

		memcpy(p + at, &v, sizeof(v));
	}
	return p;
}

static void measure_anon(struct bench *b)
{
	const double start = wall_ns();
	GArray *ns = samples_new();

	for (unsigned int n = 0; go_on(b, n, start); n++) {
		char *p = map_anon(b);
		double t = cpu_ns();

		if (!p)
			break;
		munmap(p, b->bytes);
		add(ns, (cpu_ns() - t) / (double)(b->bytes / PAGE));
		step(b);
	}
	report(b, "zap_anon_ps", "munmap() of touched anon pages of 4 KiB, freed by it", "ns", 1000,
	       ns, NULL);
}

/* swap */

/* why its cost is not to be measured, or NULL: all swap is zram */
static const char *swap_is_zram(void)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	unsigned int nr = 0;

	if (!g_file_get_contents("/proc/swaps", &text, NULL, NULL))
		return "/proc/swaps can not be read";
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines + 1; lines[0] && *l && **l; l++, nr++)
		if (!g_str_has_prefix(*l, "/dev/zram"))
			return "swap is not zram, which is all that the simulator models";
	return nr ? NULL : "there is no swap";
}

static uint64_t status_kb(const char *field)
{
	g_autofree char *text = NULL;
	const char *at;

	if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL))
		return 0;
	at = strstr(text, field);
	return at ? g_ascii_strtoull(at + strlen(field), NULL, 10) : 0;
}

static void measure_swap(struct bench *b)
{
	const double start = wall_ns();
	GArray *out = samples_new(), *in = samples_new(), *zap = samples_new();
	const char *why = swap_is_zram();
	const size_t half = b->bytes / 2, nr = b->bytes / PAGE;

	for (unsigned int n = 0; go_on(b, n, start) && !why; n++) {
		char *p = map_anon(b);
		uint64_t before = status_kb("VmSwap:");
		double t = cpu_ns();

		if (!p || madvise(p, b->bytes, MADV_PAGEOUT)) {
			why = "MADV_PAGEOUT is not possible";
		} else if ((status_kb("VmSwap:") - before) * 1024 < b->bytes / 100 * 95) {
			why = "MADV_PAGEOUT does not swap the pages out";
		} else {
			add(out, (cpu_ns() - t) / (double)nr);
			t = cpu_ns();
			munmap(p, half);
			add(zap, (cpu_ns() - t) / (double)(nr / 2));
			t = cpu_ns();
			touch(p + half, half);
			add(in, (cpu_ns() - t) / (double)(nr / 2));
			munmap(p + half, half);
		}
		step(b);
	}
	report(b, "zap_swap_ps", "munmap() of pages that are in zram", "ns", 1000, zap, why);
	report(b, "swap_out_ns", "MADV_PAGEOUT to zram, half compressible", "ns", 1, out, why);
	report(b, "swap_in_ns", "touching pages that are in zram", "ns", 1, in, why);
}

/* reclaim */

/* a cgroup of our own, where that is allowed: version 2, then 1 */
struct group {
	char *dir;
	bool v2;
};

static bool write_text(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool has_file(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	return !access(path, W_OK);
}

static bool group_new(struct group *g)
{
	static const struct {
		const char *root, *wanted;
		bool v2;
	} roots[] = {
		{ "/sys/fs/cgroup", "memory.reclaim", true },
		{ "/sys/fs/cgroup/unified", "memory.reclaim", true },
		{ "/sys/fs/cgroup/memory", "memory.force_empty", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(roots); i++) {
		g->dir = g_strdup_printf("%s/reapsim-calibrate-%d", roots[i].root, (int)getpid());
		g->v2 = roots[i].v2;
		if (!mkdir(g->dir, 0755)) {
			if (has_file(g->dir, roots[i].wanted))
				return true;
			rmdir(g->dir);
		}
		g_free(g->dir);
		g->dir = NULL;
	}
	return false;
}

static void group_free(struct group *g)
{
	/* what is still charged keeps it for a moment */
	for (int i = 0; i < 100 && rmdir(g->dir); i++)
		g_usleep(10000);
	g_free(g->dir);
}

/* the child is charged for the cache that it fills; the parent reclaims it */
static bool fill_charged(struct bench *b, const struct group *g)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!write_text(g->dir, "cgroup.procs", "0"))
			_exit(1);
		_exit(fill_unmarked(b) ? 1 : 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static double time_group_reclaim(struct bench *b, const struct group *g)
{
	char bytes[32];
	long before, after;
	double t;

	before = nr_cached(b);
	g_snprintf(bytes, sizeof(bytes), "%zu", b->bytes / 2);
	t = cpu_ns();
	if (g->v2)
		write_text(g->dir, "memory.reclaim", bytes);
	else
		write_text(g->dir, "memory.force_empty", "0");
	t = cpu_ns() - t;
	after = nr_cached(b);
	return before - after > before / 4 ? t / (double)(before - after) : -1;
}

static void measure_group_reclaim(struct bench *b, const char *no_file)
{
	const double start = wall_ns();
	GArray *ns = samples_new();
	const char *why = no_file;
	struct group g = { 0 };

	if (!why && !group_new(&g))
		why = "no cgroup can be made (needs root)";
	for (unsigned int n = 0; go_on(b, n, start) && !why; n++) {
		double t = -1;

		if (!fill_charged(b, &g))
			why = "the page cache could not be charged to the cgroup";
		else if ((t = time_group_reclaim(b, &g)) < 0)
			why = "reclaim of the cgroup freed too little";
		else
			add(ns, t);
		step(b);
	}
	if (g.dir)
		group_free(&g);
	report(b, "scan_ns",
	       "reclaim of a cgroup's clean, unmapped, unreferenced pages, a page freed", "ns", 1,
	       ns, why);
}

static void measure_pageout(struct bench *b, const char *no_file)
{
	const double start = wall_ns();
	const struct measurement *group =
		&g_array_index(b->m->all, struct measurement, b->m->all->len - 1);
	/* the key is this one's if there is no cgroup */
	const char *key = group->why_not[0] ? "scan_ns" : NULL;
	GArray *ns = samples_new();
	const char *why = no_file;

	if (key)
		((struct measurement *)group)->key = NULL;
	for (unsigned int n = 0; go_on(b, n, start) && !why; n++) {
		const double nr = (double)(b->bytes / PAGE);
		char *p = NULL;
		double t;

		why = fill_unmarked(b);
		if (!why && !(p = map_file(b)))
			why = "the file can not be mapped";
		if (!why) {
			touch(p, b->bytes);
			t = cpu_ns();
			if (madvise(p, b->bytes, MADV_PAGEOUT))
				why = "MADV_PAGEOUT is not possible";
			t = cpu_ns() - t;
			if (!why && (double)nr_cached(b) > nr / 20)
				why = "MADV_PAGEOUT leaves pages in the cache";
			if (!why)
				add(ns, t / nr);
		}
		if (p)
			munmap(p, b->bytes);
		step(b);
	}
	report(b, key, "MADV_PAGEOUT of clean mapped pages, unmapping included", "ns", 1, ns, why);
}

/* the device */

struct reader {
	struct bench *b;
	size_t bytes;
	uint64_t random;
	double end_ns;
	GArray *us; /* NULL: only counted */
	uint64_t nr;
	bool failed;
};

/* @nr random, aligned reads, or until the time is over */
static void read_cold(struct reader *r, unsigned int nr)
{
	const uint64_t places = r->b->file_bytes / r->bytes;
	void *buf;

	if (posix_memalign(&buf, PAGE, r->bytes)) {
		r->failed = true;
		return;
	}
	while (r->nr < nr && !r->failed) {
		uint64_t at = next_random(&r->random) % places * r->bytes;
		double t = wall_ns();

		if (t > r->end_ns)
			break;
		r->failed = pread(r->b->direct_fd, buf, r->bytes, (off_t)at) != (ssize_t)r->bytes;
		if (r->us)
			add(r->us, (wall_ns() - t) / 1000);
		r->nr++;
	}
	free(buf);
}

static gpointer read_thread(gpointer data)
{
	read_cold(data, UINT32_MAX);
	return NULL;
}

/* requests a second of @nr readers at once; 0: failed */
static double read_rate(struct bench *b, size_t bytes, unsigned int nr, double seconds)
{
	GThread *threads[64];
	struct reader r[64];
	uint64_t requests = 0;
	double t = wall_ns();
	bool failed = false;

	for (unsigned int i = 0; i < nr; i++) {
		r[i] = (struct reader){
			.b = b,
			.bytes = bytes,
			.random = next_random(&b->random),
			.end_ns = t + seconds * 1e9,
		};
		threads[i] = g_thread_new("read", read_thread, &r[i]);
	}
	for (unsigned int i = 0; i < nr; i++) {
		g_thread_join(threads[i]);
		requests += r[i].nr;
		failed |= r[i].failed;
	}
	return failed ? 0 : (double)requests / ((wall_ns() - t) / 1e9);
}

static GArray *read_latencies(struct bench *b, size_t bytes)
{
	struct reader r = {
		.b = b,
		.bytes = bytes,
		.random = next_random(&b->random),
		.end_ns = wall_ns() + b->seconds * 2e9,
		.us = samples_new(),
	};

	read_cold(&r, b->nr_reads);
	if (r.failed)
		g_array_set_size(r.us, 0);
	step(b);
	return r.us;
}

static double deviation(const GArray *samples)
{
	double mean = measure_mean(samples), sum = 0;

	for (guint i = 0; i < samples->len; i++) {
		double d = g_array_index(samples, double, i) - mean;

		sum += d * d;
	}
	/* without libm's sqrt(): Newton */
	sum /= MAX(samples->len, 2) - 1;
	mean = sum;
	for (int i = 0; i < 60 && mean > 0; i++)
		mean = (mean + sum / mean) / 2;
	return mean;
}

static void measure_device(struct bench *b, const char *no_file)
{
	static const unsigned int depths[] = { 2, 4, 8, 16, 32, 64 };
	const char *why = no_file	     ? no_file
			  : b->direct_fd < 0 ? "O_DIRECT is not possible here"
					     : NULL;
	GArray *small = NULL, *large = NULL, *spread = samples_new();
	GArray *mbps = samples_new(), *depth = samples_new();
	double best = 0, latency_us;

	if (!why) {
		drop_cache(b);
		small = read_latencies(b, PAGE);
		large = read_latencies(b, CHUNK);
		if (!small->len || !large->len)
			why = "reading with O_DIRECT fails";
	}
	if (!why) {
		latency_us = measure_mean(small);
		add(spread, MIN(deviation(small) / latency_us * 100, 100));
		for (size_t i = 0; i < G_N_ELEMENTS(depths); i++) {
			best = MAX(best, read_rate(b, PAGE, depths[i], b->seconds / 4));
			step(b);
		}
		/* Little's law */
		add(depth, MAX(best * latency_us / 1e6, 1));
		for (int i = 0; i < 5; i++)
			add(mbps, read_rate(b, CHUNK, 8, b->seconds / 4) * CHUNK / 1e6);
		step(b);
	}
	report(b, "read_us", "pread() of 4 KiB, O_DIRECT, random, one at a time", "us", 1, small,
	       why)
		->mean = true;
	report(b, "device_spread_percent", "standard deviation of these, at most 100% of the mean",
	       "%", 1, spread, why);
	report(b, NULL, "pread() of 128 KiB, O_DIRECT, random, one at a time", "us", 1, large, why);
	report(b, "device_mbps", "128 KiB, O_DIRECT, random, 8 at a time", "MB/s", 1, mbps, why);
	report(b, "device_depth",
	       "the best rate of 4 KiB with 2 to 64 at a time, times the latency of one",
	       "requests", 1, depth, why);
}

/* settings */

static void setting(struct bench *b, const char *key, const char *where, const char *value)
{
	struct measurement m = { .key = key, .what = where, .samples = samples_new() };
	struct machine scratch;

	machine_init(&scratch);
	if (!value)
		g_strlcpy(m.why_not, "can not be read", sizeof(m.why_not));
	else if (machine_set(&scratch, key, value, NULL))
		g_snprintf(m.why_not, sizeof(m.why_not), "%s is out of the simulator's range",
			   value);
	else
		g_strlcpy(m.value, value, sizeof(m.value));
	g_array_append_val(b->m->all, m);
}

/* a number in a file, divided */
static void setting_file(struct bench *b, const char *key, const char *path, uint64_t divisor,
			 const char *where)
{
	g_autofree char *text = NULL;
	char value[32];
	char *end;
	uint64_t v;

	if (!g_file_get_contents(path, &text, NULL, NULL)) {
		setting(b, key, where, NULL);
		return;
	}
	v = g_ascii_strtoull(text, &end, 10) / divisor;
	g_snprintf(value, sizeof(value), "%" PRIu64, v);
	setting(b, key, where, end == text ? NULL : value);
}

/* /sys/dev/block/8:1 of a partition has its queue one level up */
static char *queue_file(const struct stat *st, const char *name)
{
	char *path = g_strdup_printf("/sys/dev/block/%u:%u/queue/%s", major(st->st_dev),
				     minor(st->st_dev), name);

	if (access(path, R_OK)) {
		g_free(path);
		path = g_strdup_printf("/sys/dev/block/%u:%u/../queue/%s", major(st->st_dev),
				       minor(st->st_dev), name);
	}
	return path;
}

static void read_settings(struct bench *b)
{
	static const struct {
		const char *key, *path;
		uint64_t divisor;
	} files[] = {
		{ "fault_around_pages", "/sys/kernel/debug/fault_around_bytes", PAGE },
		{ "swappiness", "/proc/sys/vm/swappiness", 1 },
		{ "watermark_scale_factor", "/proc/sys/vm/watermark_scale_factor", 1 },
		{ "dirty_background_ratio", "/proc/sys/vm/dirty_background_ratio", 1 },
		{ "dirty_expire_ms", "/proc/sys/vm/dirty_expire_centisecs", 0 },
		{ "dirty_writeback_ms", "/proc/sys/vm/dirty_writeback_centisecs", 0 },
	};
	g_autofree char *readahead = NULL, *sectors = NULL;
	struct timespec tick;
	char value[32];
	struct stat st;

	g_snprintf(value, sizeof(value), "%u", MIN(g_get_num_processors(), SIM_MAX_CPUS));
	setting(b, "cpus", "online processors, at most 8", value);
	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	g_snprintf(value, sizeof(value), "%ld", tick.tv_nsec / 1000);
	setting(b, "tick_us", "resolution of CLOCK_MONOTONIC_COARSE", value);
#if defined(__aarch64__)
	setting(b, "prefault", "arm64 with hardware access flags; young without", "old");
#else
	setting(b, "prefault", "this architecture", "young");
#endif
	if (!fstat(b->fd, &st)) {
		readahead = queue_file(&st, "read_ahead_kb");
		sectors = queue_file(&st, "max_sectors_kb");
		setting_file(b, "readahead_pages", readahead, 4, "read_ahead_kb / 4");
		setting_file(b, "io_pages", sectors, 4, "max_sectors_kb / 4");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		if (files[i].divisor) {
			setting_file(b, files[i].key, files[i].path, files[i].divisor,
				     files[i].path);
		} else {
			g_autofree char *text = NULL;

			if (g_file_get_contents(files[i].path, &text, NULL, NULL)) {
				g_snprintf(value, sizeof(value), "%" PRIu64,
					   g_ascii_strtoull(text, NULL, 10) * 10);
				setting(b, files[i].key, files[i].path, value);
			} else {
				setting(b, files[i].key, files[i].path, NULL);
			}
		}
	}
}

static void describe(struct bench *b)
{
	static const struct {
		long magic;
		const char *name;
	} kinds[] = {
		{ 0xef53, "ext4" },	   { 0x58465342, "xfs" },   { 0x9123683e, "btrfs" },
		{ 0xf2f52010, "f2fs" },	   { 0x01021994, "tmpfs" }, { 0x858458f6, "ramfs" },
		{ 0x794c7630, "overlay" },
	};
	g_autofree char *lru = NULL;
	struct statfs fs = { 0 };
	struct utsname u;

	if (getloadavg(&b->m->load, 1) < 1)
		b->m->load = -1;
	uname(&u);
	/* the rest says who built it */
	u.release[strspn(u.release, "0123456789.")] = 0;
	g_snprintf(b->m->kernel, sizeof(b->m->kernel), "%s %.20s %.20s", u.sysname, u.release,
		   u.machine);
	g_strlcpy(b->m->file_system, "unknown", sizeof(b->m->file_system));
	fstatfs(b->fd, &fs);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if ((long)fs.f_type == kinds[i].magic)
			g_strlcpy(b->m->file_system, kinds[i].name, sizeof(b->m->file_system));
	g_file_get_contents("/sys/kernel/mm/lru_gen/enabled", &lru, NULL, NULL);
	g_strlcpy(b->m->lru, lru && g_ascii_strtoull(lru, NULL, 0) ? "mglru" : "classic",
		  sizeof(b->m->lru));
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
			buf[i] = next_random(&b->random);
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
	cpu_set_t cpus;
	int ret;

	*m = (struct measures){ .all = g_array_new(FALSE, FALSE, sizeof(struct measurement)) };
	g_array_set_clear_func(m->all, measurement_clear);
	b.bytes = MIN(b.file_bytes, (uint64_t)PAGES_MAX * PAGE);
	/* unmap, large, anon, swap, two kinds of reclaim; the device */
	b.nr_steps = 6 * b.nr_samples + 12;
	ret = make_file(&b, err);
	if (!ret) {
		describe(&b);
		if (strstr(m->file_system, "mpfs") || !strcmp(m->file_system, "ramfs"))
			no_file =
				"the folder is in memory: its pages are not file pages of a device";
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
		read_settings(&b);
	}
	if (b.fd >= 0)
		close(b.fd);
	if (b.direct_fd >= 0)
		close(b.direct_fd);
	return ret;
}

void measures_clear(struct measures *m)
{
	g_array_free(m->all, TRUE);
}
