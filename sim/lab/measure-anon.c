// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures anon pages, in memory and in zram.
 *
 * Approximations: pages in zram are half random and half one word, whatever programs have.
 * new_anon_ps is what the fault of an anon page takes more than that of a cached file page,
 * fault_ps; 0 if it takes less. free_anon_ps takes it that an anon page is unmapped in the time
 * of a file page.
 */
#include <string.h>
#include <sys/mman.h>

#include "sim/lab/measure-probe.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* NULL: not possible */
static char *map_anon(struct bench *b)
{
	char *p = mmap(NULL, b->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, b->bytes, MADV_NOHUGEPAGE);
	return p;
}

enum { ANON_ZAP, ANON_WRITE };

static const char *anon_round(struct bench *b, struct probe *p)
{
	const double nr = (double)(b->bytes / PAGE);
	char *at = map_anon(b);
	struct cpu_timer t;

	if (!at)
		return "cannot map memory";
	cpu_timer_start(&t);
	for (size_t i = 0; i < b->bytes; i += PAGE)
		*(volatile char *)(at + i) = 1;
	measurement_add(p->m[ANON_WRITE], cpu_timer_stop(&t) / nr);
	bench_leave_caches(b);
	cpu_timer_start(&t);
	munmap(at, b->bytes);
	measurement_add(p->m[ANON_ZAP], cpu_timer_stop(&t) / nr);
	return NULL;
}

/* The simulator takes fault_ps for any fault. */
void anon_new(struct measures *ms, const struct measurement *write)
{
	measures_add_from(ms, "new_anon_ps", "writing to new anon memory, a page, less fault_ps",
			  write, 1, measures_median(ms, "fault_ps"));
}

/* What is not freed takes as long as a page of a file. */
void anon_free(struct measures *ms, const struct measurement *zap)
{
	measures_add_from(ms, "free_anon_ps",
			  "part of zap_anon_ps: freeing; the other one as zap_file_ps", zap, 1,
			  measures_median(ms, "zap_file_ps"));
}

static void anon_end(struct bench *b, struct probe *p)
{
	anon_free(b->m, p->m[ANON_ZAP]);
	anon_new(b->m, p->m[ANON_WRITE]);
}

void probe_anon(struct bench *b)
{
	static const struct probe_kind kind = { .round = anon_round, .end = anon_end };
	struct probe *p = bench_add(b, &kind);

	p->m[ANON_ZAP] =
		measures_add(b->m, "zap_anon_ps",
			     "munmap() of touched anon pages of 4 KiB, freed by it", "ns", 1000);
	p->m[ANON_WRITE] = measures_add(
		b->m, NULL, "writing to new anon memory, a page: the fault, and to clear it", "ns",
		1);
}

/* Swap */

/* Return: NULL if all swap is zram, or why the costs of swap are not measured. */
static const char *swap_is_zram(struct bench *b, struct probe *p)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	unsigned int nr = 0;

	(void)b;
	(void)p;
	if (!g_file_get_contents("/proc/swaps", &text, NULL, NULL))
		return "/proc/swaps can not be read";
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines + 1; lines[0] && *l && **l; l++, nr++)
		if (!g_str_has_prefix(*l, "/dev/zram"))
			return "swap is not zram; the simulator models only zram";
	return nr ? NULL : "no swap";
}

enum { SWAP_ZAP, SWAP_OUT, SWAP_IN };

/* Swap out @at, whose length is @b->bytes, then unmap one half and read the other. */
static const char *time_swap(struct bench *b, struct probe *p, char *at)
{
	const size_t half = b->bytes / 2, nr = b->bytes / PAGE;
	const uint64_t before = proc_kb("/proc/self/status", "VmSwap:");
	struct cpu_timer t;
	double out;

	cpu_timer_start(&t);
	if (madvise(at, b->bytes, MADV_PAGEOUT))
		return "MADV_PAGEOUT is not possible";
	out = cpu_timer_stop(&t);
	if ((proc_kb("/proc/self/status", "VmSwap:") - before) * 1024 < b->bytes / 100 * 95)
		return "MADV_PAGEOUT does not swap the pages out";
	measurement_add(p->m[SWAP_OUT], out / (double)nr);
	cpu_timer_start(&t);
	munmap(at, half);
	measurement_add(p->m[SWAP_ZAP], cpu_timer_stop(&t) / (double)(nr / 2));
	cpu_timer_start(&t);
	bench_touch(at + half, half);
	measurement_add(p->m[SWAP_IN], cpu_timer_stop(&t) / (double)(nr / 2));
	return NULL;
}

static const char *swap_round(struct bench *b, struct probe *p)
{
	char *at = map_anon(b);
	const char *why;

	if (!at)
		return "cannot map memory";
	/* half of each page can be compressed */
	for (size_t i = 0; i < b->bytes; i += 8) {
		const uint64_t v = i % PAGE < PAGE / 2 ? bench_random(&b->random) : 1;

		memcpy(at + i, &v, sizeof(v));
	}
	why = time_swap(b, p, at);
	munmap(at, b->bytes);
	return why;
}

void probe_swap(struct bench *b)
{
	static const struct probe_kind kind = { .prepare = swap_is_zram, .round = swap_round };
	struct probe *p = bench_add(b, &kind);

	p->m[SWAP_ZAP] =
		measures_add(b->m, "zap_swap_ps", "munmap() of pages that are in zram", "ns", 1000);
	p->m[SWAP_OUT] = measures_add(b->m, "swap_out_ns",
				      "MADV_PAGEOUT to zram, half compressible", "ns", 1);
	p->m[SWAP_IN] =
		measures_add(b->m, "swap_in_ns", "touching pages that are in zram", "ns", 1);
}
