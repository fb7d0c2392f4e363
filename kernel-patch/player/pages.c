// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of every page of every file at a mark, player.dump=1.
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- state of pages ---- */

#define DUMP_PAGES 8192u

static int pages_fd = -1;

void pages_open(void)
{
	pages_fd = open(KNOBS "pages", O_RDWR | O_CLOEXEC);
	if (pages_fd < 0)
		run_failed(KNOBS "pages: %s", strerror(errno));
}

/* the test-only patch's "pages": of the next pages of a file; 0 at its end */
static uint64_t knob_states(uint32_t file, uint64_t page, uint64_t *words)
{
	char text[16];
	ssize_t n;

	if (!page && write(pages_fd, text,
			   (size_t)snprintf(text, sizeof(text), "%d", guest.files[file].fd)) < 0)
		run_failed("pages: %s", strerror(errno));
	n = read(pages_fd, words, DUMP_PAGES * sizeof(*words));
	if (n < 0)
		run_failed("pages: file %u: %s", file, strerror(errno));
	return (uint64_t)n / sizeof(*words);
}

/* @nr words from number @index on, of a file that is kept open */
static void words_at(int *fd, const char *path, uint64_t index, uint64_t *words, uint64_t nr)
{
	const size_t len = nr * sizeof(*words);

	if (*fd < 0)
		*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(*fd, words, len, (off_t)(index * sizeof(*words))) != (ssize_t)len)
		run_failed("%s: %s", path, strerror(errno));
}

#define KPF_COMPOUND_HEAD 15
#define KPF_COMPOUND_TAIL 16
#define LARGE		  (1ull << 12)

#define PFN ((1ull << 55) - 1)

/* of a page that is cached, and mapped here once */
static uint64_t stock_state(uint64_t flags, uint64_t count)
{
	static const struct {
		unsigned int kpf, bit; /* KPF_* of linux/kernel-page-flags.h, ours */
	} bits[] = { { 3, 2 }, { 2, 3 }, { 6, 4 },  { 5, 5 },
		     { 4, 6 }, { 8, 7 }, { 14, 9 }, { 18, 10 } };
	uint64_t state = 1 | (count - 1) << 32;

	for (size_t b = 0; b < sizeof(bits) / sizeof(bits[0]); b++)
		state |= (flags >> bits[b].kpf & 1) << bits[b].bit;
	if (flags & (1ull << KPF_COMPOUND_HEAD | 1ull << KPF_COMPOUND_TAIL))
		state |= LARGE;
	return state;
}

/*
 * The same on a stock kernel, as far as it tells. A page is mapped to learn where
 * it is; with MADV_RANDOM that leaves no mark (vma_has_recency()).
 */
static uint64_t stock_states(uint32_t file, uint64_t page, uint64_t *words)
{
	static uint64_t flags[DUMP_PAGES], counts[DUMP_PAGES];
	static unsigned char present[DUMP_PAGES];
	static int pagemap = -1, kpageflags = -1, kpagecount = -1;
	struct stat st;
	const uint64_t end =
		fstat(guest.files[file].fd, &st) ? 0 : (uint64_t)st.st_size / PAGE_SIZE;
	const uint64_t left = end > page ? end - page : 0;
	const uint64_t n = left < DUMP_PAGES ? left : DUMP_PAGES;
	volatile char *map;

	if (!n)
		return 0;
	map = mmap(NULL, n * PAGE_SIZE, PROT_READ, MAP_PRIVATE, guest.files[file].fd,
		   (off_t)(page * PAGE_SIZE));
	if (map == MAP_FAILED || madvise((void *)map, n * PAGE_SIZE, MADV_RANDOM) ||
	    mincore((void *)map, n * PAGE_SIZE, present))
		run_failed("file %u: %s", file, strerror(errno));
	for (uint64_t i = 0; i < n; i++)
		if (present[i] & 1)
			(void)map[i * PAGE_SIZE];
	words_at(&pagemap, "/proc/self/pagemap", (uintptr_t)map / PAGE_SIZE, words, n);
	for (uint64_t i = 0, run; i < n; i += run) {
		const uint64_t pfn = words[i] & PFN;

		/* pages that lie side by side are asked for together */
		for (run = 1; i + run < n && present[i + run] & 1 && present[i] & 1 &&
			      (words[i + run] & PFN) == pfn + run;)
			run++;
		if (!(present[i] & 1)) {
			words[i] = 0;
			continue;
		}
		words_at(&kpageflags, "/proc/kpageflags", pfn, flags, run);
		words_at(&kpagecount, "/proc/kpagecount", pfn, counts, run);
		for (uint64_t p = 0; p < run; p++)
			words[i + p] = stock_state(flags[p], counts[p]);
	}
	munmap((void *)map, n * PAGE_SIZE);
	return n;
}

bool pages_large(uint32_t file, uint64_t pages)
{
	static uint64_t words[DUMP_PAGES];
	const uint64_t n = stock_states(file, 0, words);

	for (uint64_t i = 0; i < n && i < pages; i++)
		if (words[i] & LARGE)
			return true;
	return false;
}

/* beyond the end of a file: its pages may be cached, but nothing shows them */
#define UNSEEN (~0ull)

/* the pages [@first, @end) of a file are in the same state */
static void print_run(const char *mark, unsigned int number, uint32_t file, uint64_t first,
		      uint64_t end, uint64_t state)
{
	result("P %s %u %u %llu %llu ", mark, number, file, (unsigned long long)first,
	       (unsigned long long)(end - first));
	if (state == UNSEEN)
		result("-\n");
	else
		result("%llx\n", (unsigned long long)state);
}

void guest_dump(const char *mark, unsigned int number)
{
	static uint64_t words[DUMP_PAGES];

	for (uint32_t i = 0; i < guest.nr_files; i++) {
		uint64_t page = 0, first = 0, state = 0, n;

		/* without a name: its pages are there as long as a process has it open, but
		 * to look at them would keep it open, too */
		if (guest.files[i].fd < 0)
			continue;
		while ((n = guest.knobs ? knob_states(i, page, words)
					: stock_states(i, page, words)) > 0) {
			for (uint64_t w = 0; w < n; w++, page++) {
				if (page && words[w] == state)
					continue;
				if (page)
					print_run(mark, number, i, first, page, state);
				first = page;
				state = words[w];
			}
		}
		if (page)
			print_run(mark, number, i, first, page, state);
		if (page < guest.files[i].pages)
			print_run(mark, number, i, page, guest.files[i].pages, UNSEEN);
	}
	result_flush();
}
