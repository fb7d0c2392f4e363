// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures reclaim: of a new cgroup, or with MADV_PAGEOUT if a cgroup is not possible.
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
	long before, after;
	double t;

	before = bench_nr_cached(b);
	g_snprintf(bytes, sizeof(bytes), "%zu", b->bytes / 2);
	t = bench_cpu_ns();
	if (g->v2)
		write_text(g->dir, "memory.reclaim", bytes);
	else
		write_text(g->dir, "memory.force_empty", "0");
	t = bench_cpu_ns() - t;
	after = bench_nr_cached(b);
	return before - after > before / 4 ? t / (double)(before - after) : -1;
}

void measure_group_reclaim(struct bench *b, const char *no_file)
{
	const double start = bench_wall_ns();
	GArray *ns = samples_new();
	const char *why = no_file;
	struct group g = { 0 };

	if (!why && !group_new(&g))
		why = "cannot create a cgroup (needs root)";
	for (unsigned int n = 0; bench_go_on(b, n, start) && !why; n++) {
		double t = -1;

		if (!fill_charged(b, &g))
			why = "the page cache could not be charged to the cgroup";
		else if ((t = time_group_reclaim(b, &g)) < 0)
			why = "reclaim of the cgroup freed too little";
		else
			samples_add(ns, t);
		bench_step(b);
	}
	if (g.dir)
		group_free(&g);
	bench_report(b, "scan_ns",
		     "reclaim of a cgroup's clean, unmapped, unreferenced pages, a page freed",
		     "ns", 1, ns, why);
}

void measure_pageout(struct bench *b, const char *no_file)
{
	const double start = bench_wall_ns();
	const struct measurement *group =
		&g_array_index(b->m->all, struct measurement, b->m->all->len - 1);
	/* sets the key only if there is no cgroup */
	const char *key = group->why_not[0] ? "scan_ns" : NULL;
	GArray *ns = samples_new();
	const char *why = no_file;

	if (key)
		((struct measurement *)group)->key = NULL;
	for (unsigned int n = 0; bench_go_on(b, n, start) && !why; n++) {
		const double nr = (double)(b->bytes / PAGE);
		char *p = NULL;
		double t;

		why = bench_fill_unmarked(b);
		if (!why && !(p = bench_map_file(b)))
			why = "cannot map the file";
		if (!why) {
			bench_touch(p, b->bytes);
			t = bench_cpu_ns();
			if (madvise(p, b->bytes, MADV_PAGEOUT))
				why = "MADV_PAGEOUT is not possible";
			t = bench_cpu_ns() - t;
			if (!why && (double)bench_nr_cached(b) > nr / 20)
				why = "MADV_PAGEOUT leaves pages in the cache";
			if (!why)
				samples_add(ns, t / nr);
		}
		if (p)
			munmap(p, b->bytes);
		bench_step(b);
	}
	bench_report(b, key, "MADV_PAGEOUT of clean mapped pages, unmapping included", "ns", 1, ns,
		     why);
}
