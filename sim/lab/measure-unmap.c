// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the unmapping of file pages, of anon pages and of pages in swap.
 *
 * POSIX_FADV_WILLNEED reads a file that is not cached. It marks no page, and makes order-0
 * folios, which the simulator models. Mapping the file, touching every page and unmapping
 * it marks each page once (folio_mark_accessed()): the first mark makes the page
 * referenced, the second activates it, the third makes it referenced again, the fourth
 * changes nothing. A mapping with MADV_RANDOM has no recency: its unmapping marks nothing.
 * The difference between the two is the cost of the mark. This holds for the classic LRU;
 * under MGLRU a mark at most counts a reference.
 */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "sim/lab/measure-probe.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* ns per page of munmap() of the touched file; < 0: it failed. Appends the time of each
 * fault to @fault_ns, unless that is NULL. */
static double time_unmap(struct bench *b, bool recency, GArray *fault_ns)
{
	char *p = bench_map_file(b);
	struct rusage before, after;
	double t;

	if (!p || (!recency && madvise(p, b->bytes, MADV_RANDOM)))
		return -1;
	getrusage(RUSAGE_THREAD, &before);
	t = bench_cpu_ns();
	bench_touch(p, b->bytes);
	t = bench_cpu_ns() - t;
	getrusage(RUSAGE_THREAD, &after);
	if (fault_ns && after.ru_minflt > before.ru_minflt)
		samples_add(fault_ns, t / (double)(after.ru_minflt - before.ru_minflt));
	t = bench_cpu_ns();
	munmap(p, b->bytes);
	return (bench_cpu_ns() - t) / (b->bytes / PAGE);
}

/* Fill the cache with the folios that sequential faults make: large ones on many file
 * systems. Return: NULL, or why that failed. */
static const char *fill_large(struct bench *b)
{
	const char *why = bench_drop_cache(b);
	char *p = why ? NULL : bench_map_file(b);

	if (why || !p)
		return why ? why : "cannot map the file";
	bench_touch(p, b->bytes);
	/* the advice counts at the unmapping: it must mark nothing */
	why = madvise(p, b->bytes, MADV_RANDOM) ? "MADV_RANDOM is not possible" : NULL;
	munmap(p, b->bytes);
	return why;
}

/* The unmappings of a round, named after the state in which the marks find the pages. */
enum { ALONE, FIRST, ACTIVATE, FIRST_ACTIVE, ACTIVE, NR_UNMAPS };

/* Each unmapping that marks is between two that do not. Its sample is the difference from
 * their mean, so drift and cold caches cancel out. */
static bool unmap_round(struct bench *b, GArray **ns, GArray *fault_ns)
{
	double before, after, marked;

	if (time_unmap(b, false, NULL) < 0) /* warms up */
		return false;
	before = time_unmap(b, false, fault_ns);
	samples_add(ns[ALONE], before);
	for (int i = FIRST; i < NR_UNMAPS; i++) {
		marked = time_unmap(b, true, NULL);
		after = time_unmap(b, false, fault_ns);
		if (before < 0 || marked < 0 || after < 0)
			return false;
		samples_add(ns[ALONE], after);
		samples_add(ns[i], marked - (before + after) / 2);
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
		bench_report(b, large ? NULL : texts[i].key, large ? texts[i].large : texts[i].what,
			     "ns", 1000, ns[i], why);
}

void measure_unmap(struct bench *b, bool large, const char *no_file)
{
	const double start = bench_wall_ns();
	GArray *ns[NR_UNMAPS], *fault = samples_new(), *evict = samples_new();
	const char *why = no_file;

	for (int i = 0; i < NR_UNMAPS; i++)
		ns[i] = samples_new();
	for (unsigned int n = 0; bench_go_on(b, n, start) && !why; n++) {
		double t;

		why = large ? fill_large(b) : bench_fill_unmarked(b);
		if (!why && !unmap_round(b, ns, fault))
			why = "cannot map the file";
		t = bench_cpu_ns();
		if (!why && !bench_drop_cache(b))
			samples_add(evict, (bench_cpu_ns() - t) / (double)(b->bytes / PAGE));
		bench_step(b);
	}
	report_unmap(b, large, ns, why);
	if (large) {
		g_array_free(fault, TRUE);
		g_array_free(evict, TRUE);
		return;
	}
	bench_report(b, "evict_ps", "POSIX_FADV_DONTNEED of cached pages that nothing maps", "ns",
		     1000, evict, why);
	bench_report(b, "fault_us",
		     "touching cached pages of a new mapping, a fault (it maps several)", "ns",
		     0.001, fault, why);
}

static char *map_anon(struct bench *b)
{
	char *p = mmap(NULL, b->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, b->bytes, MADV_NOHUGEPAGE);
	/* half of each page can be compressed */
	for (size_t at = 0; at < b->bytes; at += 8) {
		uint64_t v = at % PAGE < PAGE / 2 ? bench_random(&b->random) : 1;

		memcpy(p + at, &v, sizeof(v));
	}
	return p;
}

void measure_anon(struct bench *b)
{
	const double start = bench_wall_ns();
	GArray *ns = samples_new();

	for (unsigned int n = 0; bench_go_on(b, n, start); n++) {
		char *p = map_anon(b);
		double t = bench_cpu_ns();

		if (!p)
			break;
		munmap(p, b->bytes);
		samples_add(ns, (bench_cpu_ns() - t) / (double)(b->bytes / PAGE));
		bench_step(b);
	}
	bench_report(b, "zap_anon_ps", "munmap() of touched anon pages of 4 KiB, freed by it", "ns",
		     1000, ns, NULL);
}

/* Swap */

/* Return: NULL if all swap is zram, or why the costs of swap are not measured. */
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
			return "swap is not zram; the simulator models only zram";
	return nr ? NULL : "no swap";
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

void measure_swap(struct bench *b)
{
	const double start = bench_wall_ns();
	GArray *out = samples_new(), *in = samples_new(), *zap = samples_new();
	const char *why = swap_is_zram();
	const size_t half = b->bytes / 2, nr = b->bytes / PAGE;

	for (unsigned int n = 0; bench_go_on(b, n, start) && !why; n++) {
		char *p = map_anon(b);
		uint64_t before = status_kb("VmSwap:");
		double t = bench_cpu_ns();

		if (!p || madvise(p, b->bytes, MADV_PAGEOUT)) {
			why = "MADV_PAGEOUT is not possible";
		} else if ((status_kb("VmSwap:") - before) * 1024 < b->bytes / 100 * 95) {
			why = "MADV_PAGEOUT does not swap the pages out";
		} else {
			samples_add(out, (bench_cpu_ns() - t) / (double)nr);
			t = bench_cpu_ns();
			munmap(p, half);
			samples_add(zap, (bench_cpu_ns() - t) / (double)(nr / 2));
			t = bench_cpu_ns();
			bench_touch(p + half, half);
			samples_add(in, (bench_cpu_ns() - t) / (double)(nr / 2));
			munmap(p + half, half);
		}
		bench_step(b);
	}
	bench_report(b, "zap_swap_ps", "munmap() of pages that are in zram", "ns", 1000, zap, why);
	bench_report(b, "swap_out_ns", "MADV_PAGEOUT to zram, half compressible", "ns", 1, out,
		     why);
	bench_report(b, "swap_in_ns", "touching pages that are in zram", "ns", 1, in, why);
}
