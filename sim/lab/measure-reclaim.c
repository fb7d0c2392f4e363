// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures how cached pages are freed: dropped by POSIX_FADV_DONTNEED, reclaimed from a new
 * cgroup, and reclaimed with MADV_PAGEOUT, which sets scan_ns if no cgroup is possible.
 *
 * POSIX_FADV_WILLNEED reads the file each time: it marks no page, and makes folios of a single
 * page.
 *
 * Approximation: every scanned page is clean and is reclaimed.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static const char *evict_round(struct bench *b, struct probe *p)
{
	const char *why = bench_fill_unmarked(b);
	struct cpu_timer t;
	double ns;

	if (why)
		return why;
	cpu_timer_start(&t);
	why = bench_drop_cache(b);
	ns = cpu_timer_stop(&t);
	if (!why)
		measurement_add(p->m[0], ns / (double)(b->bytes / PAGE));
	return why;
}

void probe_evict(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = has_device, .round = evict_round };

	bench_add(b, &kind)->m[0] =
		measures_add(b->m, "evict_ps",
			     "POSIX_FADV_DONTNEED of cached pages that nothing maps", "ns", 1000);
}

/* struct group - a new cgroup, of version 2 or else 1, if we may create one */
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
	/* remaining charges keep the cgroup for a moment */
	for (int i = 0; i < 100 && rmdir(g->dir); i++)
		g_usleep(10000);
	g_free(g->dir);
}

/* A child in the cgroup fills the cache, which is charged to the cgroup. */
static bool fill_charged(struct bench *b, const struct group *g)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!write_text(g->dir, "cgroup.procs", "0"))
			_exit(1);
		_exit(bench_fill_unmarked(b) ? 1 : 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static double time_group_reclaim(struct bench *b, const struct group *g)
{
	char bytes[32];
	struct cpu_timer t;
	long before, after;
	double ns;

	before = bench_nr_cached(b);
	g_snprintf(bytes, sizeof(bytes), "%zu", b->bytes / 2);
	cpu_timer_start(&t);
	if (g->v2)
		write_text(g->dir, "memory.reclaim", bytes);
	else
		write_text(g->dir, "memory.force_empty", "0");
	ns = cpu_timer_stop(&t);
	after = bench_nr_cached(b);
	return before - after > before / 4 ? ns / (double)(before - after) : -1;
}

static const char *group_round(struct bench *b, struct probe *p)
{
	struct group g;
	double t = -1;
	bool filled;

	if (!group_new(&g))
		return "cannot create a cgroup (needs root)";
	filled = fill_charged(b, &g);
	if (filled)
		t = time_group_reclaim(b, &g);
	group_free(&g);
	if (!filled)
		return "the page cache could not be charged to the cgroup";
	if (t < 0)
		return "reclaim of the cgroup freed too little";
	measurement_add(p->m[0], t);
	return NULL;
}

/* the key is that of the probe after this one if this one has nothing */
static void group_end(struct bench *b, struct probe *p)
{
	struct probe *const *next = (struct probe *const *)b->probes->pdata;

	while (*next++ != p)
		;
	if (p->m[0]->samples->len)
		(*next)->m[0]->key = NULL;
	else
		p->m[0]->key = NULL;
}

void probe_group_reclaim(struct bench *b)
{
	static const struct probe_kind kind = {
		.prepare = has_device,
		.round = group_round,
		.end = group_end,
	};

	bench_add(b, &kind)->m[0] =
		measures_add(b->m, "scan_ns",
			     "reclaim of a cgroup's clean, unmapped, unreferenced pages, a page "
			     "freed",
			     "ns", 1);
}

static const char *pageout_round(struct bench *b, struct probe *p)
{
	const double nr = (double)(b->bytes / PAGE);
	const char *why = bench_fill_unmarked(b);
	char *at = why ? NULL : bench_map_file(b);
	struct cpu_timer t;
	double ns;

	if (!at)
		return why ? why : "cannot map the file";
	bench_touch(at, b->bytes);
	cpu_timer_start(&t);
	if (madvise(at, b->bytes, MADV_PAGEOUT))
		why = "MADV_PAGEOUT is not possible";
	ns = cpu_timer_stop(&t);
	if (!why && (double)bench_nr_cached(b) > nr / 20)
		why = "MADV_PAGEOUT leaves pages in the cache";
	if (!why)
		measurement_add(p->m[0], ns / nr);
	munmap(at, b->bytes);
	return why;
}

void probe_pageout(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = has_device, .round = pageout_round };

	bench_add(b, &kind)->m[0] = measures_add(
		b->m, "scan_ns", "MADV_PAGEOUT of clean mapped pages, unmapping included", "ns", 1);
}
