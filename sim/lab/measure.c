// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs all probes in rounds. All use system calls only; the top of each measure-*.c describes
 * how it isolates a cost.
 *
 * Costs are CPU time of the thread (CLOCK_THREAD_CPUTIME_ID), and do not count if it was preempted
 * meanwhile, so other load matters only through what CPUs share, and through what a hypervisor
 * steals. Reads are wall time.
 *
 * Approximations: the thread may fail to stay on one CPU; a hypervisor may cache the file
 * that O_DIRECT reads. Parts are as far apart as the run is long: what changes by the hour, only
 * another run can see.
 */
#define _GNU_SOURCE /* sched_setaffinity(), RUSAGE_THREAD */
#include "sim/lab/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sim/lab/cgroup.h"
#include "sim/lab/measure-probe.h"

#define DAMON_STAT "/sys/module/damon_stat/parameters/enabled"
#define LRU_GEN	   "/sys/kernel/mm/lru_gen/enabled"
#define TRIES	   3

static double clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

double bench_wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

double bench_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t bench_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static long nr_preempted(void)
{
	struct rusage r;

	return getrusage(RUSAGE_THREAD, &r) ? 0 : r.ru_nivcsw;
}

void cpu_timer_start(struct cpu_timer *t)
{
	t->nr_preempted = nr_preempted();
	t->start_ns = bench_cpu_ns();
}

double cpu_timer_stop(const struct cpu_timer *t)
{
	const double ns = bench_cpu_ns() - t->start_ns;

	return nr_preempted() == t->nr_preempted ? ns : NAN;
}

void measurement_add(struct measurement *m, double v)
{
	if (isnan(v))
		m->nr_preempted++;
	else
		samples_add(m->samples, v);
}

#define CACHE_LINE 64

void bench_leave_caches(const struct bench *b)
{
	for (size_t i = 0; b->cache && i < CACHE_BYTES; i += CACHE_LINE)
		b->cache[i]++;
}

/*
 * Free pages of a machine that has run for a while are no neighbours of each other. Those of an
 * idle one are: then the struct pages of what is mapped lie in a row, and take less time.
 * So every second page of some memory is freed here, in random order. The kernel gives them out
 * last in, first out, and does not merge them, as their neighbours stay. Memory is left alone where
 * it is short.
 */
void bench_scatter(struct bench *b)
{
	const size_t bytes = 32 * b->bytes, nr = bytes / PAGE / 2;
	g_autofree uint32_t *order = NULL;
	char *at;

	if (proc_kb("/proc/meminfo", "MemAvailable:") / 8 * 1024 < bytes || cgroup_limits_memory())
		return;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return;
	madvise(at, bytes, MADV_NOHUGEPAGE);
	madvise(at, bytes, MADV_DONTFORK);
	for (size_t i = 0; i < bytes; i += PAGE)
		*(volatile char *)(at + i) = 1;
	order = g_new(uint32_t, nr);
	for (size_t i = 0; i < nr; i++) {
		const size_t other = bench_random(&b->random) % (i + 1);

		order[i] = order[other];
		order[other] = (uint32_t)i;
	}
	for (size_t i = 0; i < nr; i++)
		madvise(at + (2 * (size_t)order[i] + (bench_random(&b->random) & 1)) * PAGE, PAGE,
			MADV_DONTNEED);
	b->scattered = at;
	b->m->scattered = bytes / 2;
}

/* CPUs */

static void find_cpus(struct bench *b)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			g_array_append_val(b->cpus, i);
}

void bench_pin(const struct bench *b, int part)
{
	const guint n = b->cpus->len;
	cpu_set_t set;

	CPU_ZERO(&set);
	for (guint i = 0; i < n; i++)
		if (part < 0 || i == (guint)part % n)
			CPU_SET(g_array_index(b->cpus, int, i), &set);
	if (n)
		sched_setaffinity(0, sizeof(set), &set);
}

/* struct usage - of all processors, in ticks, and of this process, in seconds */
struct usage {
	unsigned long long busy, steal, all;
	double own;
};

static bool usage_read(struct usage *u)
{
	unsigned long long v[8];
	struct rusage r[2];
	FILE *f = fopen("/proc/stat", "re");
	int nr = 0;

	*u = (struct usage){ 0 };
	if (f) {
		nr = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
			    &v[3], &v[4], &v[5], &v[6], &v[7]);
		fclose(f);
	}
	if (nr < 8)
		return false;
	for (int i = 0; i < 8; i++)
		u->all += v[i];
	u->steal = v[7];
	u->busy = u->all - v[3] - v[4] - v[7];
	getrusage(RUSAGE_SELF, &r[0]);
	getrusage(RUSAGE_CHILDREN, &r[1]);
	for (int i = 0; i < 2; i++)
		u->own += (double)(r[i].ru_utime.tv_sec + r[i].ru_stime.tv_sec) +
			  (double)(r[i].ru_utime.tv_usec + r[i].ru_stime.tv_usec) / 1e6;
	return true;
}

static void note_usage(struct measures *m, const struct usage *before)
{
	const double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	struct usage now;
	double all, busy;

	m->others = m->steal = -1;
	if (!before->all || !usage_read(&now) || now.all == before->all)
		return;
	all = (double)(now.all - before->all) * tick;
	busy = (double)(now.busy - before->busy) * tick - (now.own - before->own);
	m->others = CLAMP(busy / all * 100, 0, 100);
	m->steal = (double)(now.steal - before->steal) * tick / all * 100;
}

/* Quantities */

static void measurement_free(gpointer data)
{
	struct measurement *m = data;

	g_array_free(m->samples, TRUE);
	g_free(m);
}

void measures_init(struct measures *m)
{
	*m = (struct measures){
		.all = g_ptr_array_new_with_free_func(measurement_free),
		.unmaps = g_ptr_array_new_with_free_func(g_free),
		.lru = "classic",
		.monitor = "unknown",
		.load = -1,
		.others = -1,
		.steal = -1,
	};
}

void measures_clear(struct measures *m)
{
	g_ptr_array_free(m->all, TRUE);
	g_ptr_array_free(m->unmaps, TRUE);
}

struct measurement *measures_add(struct measures *ms, const char *key, const char *what,
				 const char *unit, double scale)
{
	struct measurement *m = g_new0(struct measurement, 1);

	*m = (struct measurement){
		.key = key, .what = what, .unit = unit, .scale = scale, .samples = samples_new()
	};
	g_ptr_array_add(ms->all, m);
	return m;
}

struct measurement *measures_add_from(struct measures *ms, const char *key, const char *what,
				      const struct measurement *of, double factor, double less)
{
	struct measurement *m = measures_add(ms, key, what, "ns", 1000);

	m->nr_preempted = of->nr_preempted;
	m->nr_failed = of->nr_failed;
	g_strlcpy(m->why_not, of->why_not, sizeof(m->why_not));
	if (isnan(less)) {
		if (of->samples->len)
			g_strlcpy(m->why_not, "what is subtracted was not measured",
				  sizeof(m->why_not));
		return m;
	}
	for (guint i = 0; i < of->samples->len; i++)
		samples_add(m->samples, factor * g_array_index(of->samples, double, i) - less);
	memcpy(m->part_end, of->part_end, sizeof(m->part_end));
	return m;
}

const struct measurement *measures_find(const struct measures *ms, const char *key)
{
	for (guint i = 0; i < ms->all->len; i++) {
		const struct measurement *m = ms->all->pdata[i];

		if (m->samples->len && !g_strcmp0(m->key, key))
			return m;
	}
	return NULL;
}

double measures_median(const struct measures *ms, const char *key)
{
	const struct measurement *m = measures_find(ms, key);

	return m ? measurement_estimate(m).mean : NAN;
}

/* Probes */

struct probe *bench_add(struct bench *b, const struct probe_kind *kind)
{
	struct probe *p = g_new0(struct probe, 1);

	p->kind = kind;
	g_ptr_array_add(b->probes, p);
	return p;
}

static void probe_round(struct bench *b, struct probe *p)
{
	const char *why = NULL;

	if (p->nr_failed >= TRIES && !p->nr_done)
		return;
	if (!p->ready && p->kind->prepare)
		why = p->kind->prepare(b, p);
	if (!why)
		why = p->kind->round(b, p);
	p->ready = !why;
	if (why) {
		p->why = why;
		p->nr_failed++;
	} else {
		p->nr_done++;
	}
}

/* Is the probe for the LRU that runs now? Those of the other one measure only what differs. */
static bool probe_is_for(const struct probe *p, const char *lru, bool other)
{
	return p->row ? p->row->lru == lru : !other;
}

/* Each probe of @lru once, in random order. */
static void one_round(struct bench *b, const char *lru, bool other)
{
	const guint n = b->probes->len;
	g_autofree struct probe **order = g_new(struct probe *, n);
	guint nr = 0;

	for (guint i = 0; i < n; i++)
		if (probe_is_for(b->probes->pdata[i], lru, other))
			order[nr++] = b->probes->pdata[i];
	while (nr && !lab_interrupted(b->o->hooks)) {
		const guint i = bench_random(&b->random) % nr;

		probe_round(b, order[i]);
		order[i] = order[--nr];
	}
	b->m->nr_rounds++;
}

/* The rounds of a part until @until; at least one. @done: progress before, and after it. */
static void some_rounds(struct bench *b, const char *lru, bool other, double seconds,
			const double done[2])
{
	const double start = bench_wall_ns(), until = start + seconds * 1e9;
	double now;

	do {
		one_round(b, lru, other);
		now = MIN(bench_wall_ns(), until);
		lab_progress(b->o->hooks,
			     done[0] +
				     (done[1] - done[0]) *
					     (until > start ? (now - start) / (until - start) : 1));
	} while (now < until && !lab_interrupted(b->o->hooks));
}

static const char *running_lru(void)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(LRU_GEN, &text, NULL, NULL))
		return "classic";
	return g_ascii_strtoull(text, NULL, 0) ? "mglru" : "classic";
}

static const char *not_running_lru(void)
{
	return strcmp(running_lru(), "classic") ? "classic" : "mglru";
}

/* Why is only the LRU that runs measured? NULL: both are. */
static const char *why_one_lru(const struct bench *b)
{
	if (access(LRU_GEN, F_OK))
		return "mglru: this kernel is built without it (CONFIG_LRU_GEN)";
	if (!b->o->both_lrus)
		return "the other LRU: not asked for (--both-lrus)";
	if (access(LRU_GEN, W_OK))
		return "the other LRU: " LRU_GEN " can not be written (needs root)";
	return NULL;
}

/* The same with the other LRU. The kernel moves all pages of the machine for it. Return: 0, or
 * -EIO if the kernel does not change over, or back. */
static int other_rounds(struct bench *b, const char *other, double seconds, const double done[2],
			struct err *err)
{
	struct kernel_switch s;
	int ret = 0;

	if (switch_set(&s, LRU_GEN, strcmp(other, "mglru") ? "n\n" : "y\n") &&
	    !strcmp(running_lru(), other))
		some_rounds(b, other, true, seconds, done);
	else
		ret = err_set(err, -EIO, "%s: the kernel does not change to %s", LRU_GEN, other);
	if (!switch_back(&s) && !ret)
		ret = err_set(err, -EIO, "%s: the kernel does not change back to %s", LRU_GEN,
			      b->m->lru);
	return ret;
}

static int one_part(struct bench *b, unsigned int part, const char *other, struct err *err)
{
	const double seconds = b->o->quick ? 0 : (double)b->o->seconds / MEASURE_PARTS;
	const double begin = (double)part / MEASURE_PARTS, end = (part + 1.0) / MEASURE_PARTS;
	const double middle = other ? begin + (end - begin) * 2 / 3 : end;
	int ret = 0;

	b->part = (int)part;
	bench_pin(b, b->part);
	for (guint i = 0; i < b->probes->len; i++)
		((struct probe *)b->probes->pdata[i])->ready = false;
	some_rounds(b, b->m->lru, false, other ? seconds * 2 / 3 : seconds,
		    (const double[]){ begin, middle });
	if (other)
		ret = other_rounds(b, other, seconds / 3, (const double[]){ middle, end }, err);
	for (guint i = 0; i < b->probes->len; i++) {
		struct probe *p = b->probes->pdata[i];

		if (p->kind->end_part && p->nr_done)
			p->kind->end_part(b, p);
	}
	for (guint i = 0; i < b->m->all->len; i++) {
		struct measurement *m = b->m->all->pdata[i];

		m->part_end[part] = m->samples->len;
	}
	bench_pin(b, -1);
	return ret;
}

/* the probe's failures become those of its quantities */
static void probe_end(struct bench *b, struct probe *p)
{
	for (size_t i = 0; i < G_N_ELEMENTS(p->m); i++) {
		if (!p->m[i])
			continue;
		p->m[i]->nr_failed = p->nr_failed;
		if (p->why || !p->m[i]->samples->len)
			g_strlcpy(p->m[i]->why_not,
				  p->why ? p->why : "the thread was preempted each time",
				  sizeof(p->m[i]->why_not));
	}
	if (p->kind->end)
		p->kind->end(b, p);
}

static void add_probes(struct bench *b, const char *other)
{
	probe_unmap(b, b->m->lru);
	if (other)
		probe_unmap(b, other);
	probe_evict(b);
	probe_anon(b);
	probe_steps(b);
	probe_fill(b);
	probe_write(b);
	probe_mmap(b);
	probe_vma(b);
	probe_close(b);
	probe_tables(b);
	probe_fsync(b);
	probe_swap(b);
	probe_group_reclaim(b);
	probe_pageout(b);
	probe_device(b);
}

static int run_probes(struct bench *b, struct err *err)
{
	const char *other;
	struct usage before;
	double start;
	int ret = 0;

	measure_describe(b);
	b->m->lru = running_lru();
	b->m->other_lru = why_one_lru(b);
	other = b->m->other_lru ? NULL : not_running_lru();
	add_probes(b, other);
	usage_read(&before);
	start = bench_wall_ns();
	for (unsigned int part = 0; part < MEASURE_PARTS && !ret; part++)
		ret = one_part(b, part, other, err);
	b->m->seconds = (bench_wall_ns() - start) / 1e9;
	note_usage(b->m, &before);
	for (guint i = 0; i < b->probes->len; i++)
		probe_end(b, b->probes->pdata[i]);
	measure_settings(b);
	if (!ret && lab_interrupted(b->o->hooks))
		ret = err_set(err, -EINTR, "interrupted: no measurement is complete");
	return ret;
}

int measure_all(struct measures *m, const struct measure_options *o, struct err *err)
{
	struct bench b = {
		.o = o,
		.m = m,
		.fd = -1,
		.direct_fd = -1,
		.folios_fd = -1,
		.file_bytes = o->quick ? 32 << 20 : 128 << 20,
		.bytes = o->quick ? PMD_SIZE : 4 * PMD_SIZE,
		.random = 88172645463325252u,
		.cpus = g_array_new(FALSE, FALSE, sizeof(int)),
		.probes = g_ptr_array_new_with_free_func(g_free),
	};
	struct kernel_switch monitor;
	int ret;

	measures_init(m);
	m->cold = o->cold;
	if (o->cold)
		b.cache = g_malloc0(CACHE_BYTES);
	m->monitor = monitor_stop(&monitor, DAMON_STAT);
	find_cpus(&b);
	ret = bench_make_files(&b, err);
	if (!ret) {
		bench_scatter(&b);
		ret = run_probes(&b, err);
	}
	if (!switch_back(&monitor) && !ret)
		ret = err_set(err, -EIO, "DAMON_STAT was on, and can not be turned on again");
	for (int i = 0; i < 3; i++) {
		const int fd = (const int[]){ b.fd, b.direct_fd, b.folios_fd }[i];

		if (fd >= 0)
			close(fd);
	}
	if (b.scattered)
		munmap(b.scattered, 2 * m->scattered);
	g_free(b.cache);
	g_array_free(b.cpus, TRUE);
	g_ptr_array_free(b.probes, TRUE);
	return ret;
}

int measure_read(struct measures *m, const char *dir, struct err *err)
{
	struct bench b = { .m = m, .fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	if (b.fd < 0)
		return err_set(err, -EINVAL, "%s: %s", dir, g_strerror(errno));
	measures_init(m);
	measure_describe(&b);
	m->lru = running_lru();
	measure_settings(&b);
	close(b.fd);
	return 0;
}
