// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/readahead.c: v7.3 mm/readahead.c and do_{sync,async}_mmap_readahead(), order-0
 * folios. Windows are worked out by hand, for a file of 1000 pages and a readahead of 32
 * pages (read_ahead_kb 128) unless a row says otherwise.
 */
#include <string.h>

#include <CUnit/CUnit.h>

#include "tests/unit/testlib.h"

void suite_readahead(void);

/* the cached pages, and those with PG_readahead */
struct row {
	const char *ops, *cached, *marks, *what;
};

static void run_rows(const struct row *rows, size_t nr, const char *machine)
{
	for (size_t i = 0; i < nr; i++) {
		g_autofree char *text =
			g_strconcat("file,a,1000; spawn,1; spawn,2;", rows[i].ops, NULL);
		struct tl *x = tl_run(machine, NULL, text);
		g_autofree char *cached = tl_pages(x, "a", PG_resident);
		g_autofree char *marks = tl_pages(x, "a", PG_readahead);

		TL_STR(cached, rows[i].cached, "%s (%s)", rows[i].what, rows[i].ops);
		TL_STR(marks, rows[i].marks, "%s (%s)", rows[i].what, rows[i].ops);
		tl_free(x);
	}
}

/*
 * page_cache_sync_ra(): get_init_ra_size(req, 32): 4 * req up to 32/32 pages, 2
 * * req (rounded up to a power of two) up to 8, else all. page_cache_async_ra():
 * get_next_ra_size(): 4 * size below 2, 2 * size up to 16, else 32. PG_readahead is set
 * async_size pages before the end of the window.
 */
static const struct row sequential[] = {
	{ "read,1,a,0,1", "0-3", "1", "initial window of a page: 4, marked at its 2nd" },
	{ "read,1,a,0,2", "0-3", "2", "two pages: 4, marked at the 3rd" },
	{ "read,1,a,0,1; read,1,a,1,1", "0-11", "4", "the mark: next window 8" },
	{ "read,1,a,0,1; read,1,a,1,1; read,1,a,2,1; read,1,a,3,1", "0-11", "4",
	  "before the mark" },
	{ "read,1,a,0,1; read,1,a,1,1; read,1,a,4,1", "0-27", "12", "next window 16" },
	{ "read,1,a,0,1; read,1,a,1,1; read,1,a,4,1; read,1,a,12,1", "0-59", "28",
	  "next window 32" },
	{ "read,1,a,0,1; read,1,a,1,1; read,1,a,4,1; read,1,a,12,1; read,1,a,28,1", "0-91", "60",
	  "no more than 32" },
	{ "read,1,a,0,4", "0-7", "4", "four pages: 8" },
	{ "read,1,a,0,4; read,1,a,4,4", "0-23", "8", "four more: 16" },
	{ "read,1,a,0,3", "0-7", "3", "three: rounded up to 4, so 8, async 5" },
	{ "read,1,a,0,3; read,1,a,3,3", "0-23", "8", "three more: 16" },
};

/* io_pages equal to the window, and larger: then a read of 40 pages is one window, rounded up to
 * 64 and cut to 40, async 20; its PG_readahead page reads 40 more. A read of 100 is cut to 64 */
static const struct row oversized[] = {
	{ "read,1,a,0,40", "0-95", "64", "32, async 16; 32 more at 16, and at 32" },
};

static const struct row one_request[] = {
	{ "read,1,a,0,32", "0-63", "32", "no more than the window: 32, async 16" },
	{ "read,1,a,0,40", "0-79", "40", "40, async 20; 40 more at 20" },
	{ "read,1,a,0,100", "0-191", "128", "64, async 32; 64 more at 32 and at 64" },
};

static const struct row random_reads[] = {
	{ "read,1,a,500,1", "500", "", "standalone: as is" },
	{ "read,1,a,500,5", "500-504", "", "standalone, 5 pages" },
	{ "read,1,a,500,1; read,1,a,700,1; read,1,a,600,1", "500 600 700", "", "random" },
	/* index - prev_index is 0: continues where the last one ended */
	{ "read,1,a,500,1; read,1,a,501,1", "500-504", "502", "sequential from there" },
	/* index - prev_index is 1: one page skipped */
	{ "read,1,a,500,1; read,1,a,502,1", "500 502-505", "503", "a page left out" },
	{ "read,1,a,500,1; read,1,a,503,1", "500 503", "", "two left out" },
	{ "read,1,a,500,1; read,2,a,501,1", "500-501", "", "another open file knows nothing" },
	/* page_cache_prev_miss(): ten pages before it are cached */
	{ "map,2,0,10,r--p,a,300,random; touch,2,0,10,r; read,1,a,310,1", "300-320", "320",
	  "history of ten: 10 + 1, async 1" },
	{ "map,2,0,10,r--p,a,0,random; touch,2,0,10,r; read,1,a,10,1", "0-30", "30",
	  "cached from the start: twice the history" },
	{ "map,2,0,40,r--p,a,300,random; touch,2,0,40,r; read,1,a,340,1", "300-371", "371",
	  "history beyond the window: 32" },
	{ "map,2,0,3,r--p,a,300,random; touch,2,0,3,r; read,1,a,303,3", "300-305", "",
	  "history no longer than the request" },
	{ "map,2,0,3,r--p,a,300,random; touch,2,0,3,r; read,1,a,303,2", "300-307", "307",
	  "history longer than the request: 3 + 2" },
	/* filemap_read() sets ra->prev_pos at its end. Page 36 is cached already, so
	 * the window 20..51 gets no PG_readahead. At 52 the history of 32 pages
	 * counts: 32 more, async 1. A sequential read would read 16. */
	{ "map,2,0,1,r--p,a,36,random; touch,2,0,1,r; read,1,a,20,40", "20-83", "83",
	  "a read that misses twice" },
	/* the end of the file: no PG_readahead, even if the window just fits */
	{ "read,1,a,998,1", "998", "", "the last but one" },
	{ "read,1,a,990,1; read,1,a,991,9", "990-999", "", "9 at 991: window 32 cut at the end" },
	{ "read,1,a,995,1; read,1,a,996,1", "995-999", "", "4 at 996: it just fits, no mark" },
	{ "read,1,a,994,1; read,1,a,995,1", "994-998", "996", "4 at 995: a page is left" },
};

static const struct row mapped[] = {
	/* mmap read-around: [pgoff - 16, + 32), async 8 */
	{ "map,1,0,1000,r--p,a,0; touch,1,100,1,r", "84-115", "108", "read-around" },
	{ "map,1,0,1000,r--p,a,0; touch,1,5,1,r", "0-31", "24", "at the start of the file" },
	{ "map,1,0,1000,r--p,a,0; touch,1,990,1,r", "974-999", "", "at the end: no mark" },
	{ "map,1,0,1000,r--p,a,0; touch,1,984,1,r", "968-999", "", "it just fits: no mark" },
	{ "map,1,0,1000,r--p,a,0; touch,1,983,1,r", "967-998", "991", "a page is left" },
	{ "map,1,0,1000,rw-s,a,0; touch,1,100,1,w", "84-115", "108", "a write faults as a read" },
	{ "map,1,0,1000,rw-p,a,0; touch,1,100,1,w", "84-115", "108", "and so does a copy" },
	/* do_async_mmap_readahead(): PG_readahead reads the next 32 */
	{ "map,1,0,1000,r--p,a,0; touch,1,100,1,r; touch,1,108,1,r", "84-147", "116", "the mark" },
	{ "map,1,0,1000,r--p,a,0; touch,1,100,1,r; touch,1,107,1,r; touch,1,109,1,r", "84-115",
	  "108", "next to the mark" },
	/* PG_readahead outside of the current window (page_cache_next_miss()): the
	 * access to 900 moved the window; 116 - 108 + 32 = 40 -> 32 */
	{ "map,1,0,1000,r--p,a,0; touch,1,100,1,r; touch,1,900,1,r; touch,1,108,1,r",
	  "84-147 884-915", "116 908", "the mark of an older window" },
	/* VM_EXEC: [pgoff, + 32) within the VMA, no PG_readahead */
	{ "map,1,0,1000,r-xp,a,0; touch,1,100,1,r", "100-131", "", "code" },
	{ "map,1,90,20,r-xp,a,90; touch,1,100,1,r", "100-109", "", "code: not past its VMA" },
	{ "map,1,0,1000,r-xp,a,0; touch,1,100,1,r; touch,1,132,1,r", "100-163", "",
	  "code continues" },
	/* MADV_RANDOM: only the page; an executable mapping: as without advice */
	{ "map,1,0,1000,r--p,a,0,random; touch,1,100,1,r; touch,1,101,1,r", "100-101", "",
	  "random" },
	{ "map,1,0,1000,r-xp,a,0,random; touch,1,100,1,r", "100-131", "", "random code" },
	/* MADV_SEQUENTIAL: like a read of 32 pages */
	{ "map,1,0,1000,r--p,a,0,sequential; touch,1,0,1,r", "0-31", "16",
	  "sequential at 0: 32, async 16" },
	{ "map,1,0,1000,r--p,a,0,sequential; touch,1,100,1,r", "100-131", "",
	  "sequential elsewhere: as is" },
	{ "map,1,0,1000,r--p,a,0,sequential; touch,1,0,17,r", "0-63", "32", "the mark at 16" },
};

/* ra_pages 0: force_page_cache_ra() of the page */
static const struct row off[] = {
	{ "read,1,a,0,5", "0-4", "", "read" },
	{ "map,1,0,1000,r--p,a,0; touch,1,100,1,r", "100", "", "mapped" },
	{ "map,1,0,1000,r-xp,a,0; touch,1,100,1,r", "100", "", "code" },
	{ "map,1,0,1000,r--p,a,0,sequential; touch,1,0,1,r", "0", "", "sequential" },
};

/* a smaller window: get_init_ra_size() doubles up to 8/4, then takes all 8 */
static const struct row window_8[] = {
	/* 1 > 8/32, 1 <= 8/4: 2; async 1, PG_readahead on 1 */
	{ "read,1,a,0,1", "0-1", "1", "2 pages" },
	/* next: 2 <= 4: 4; align 4, ends at 6: 6 - 2 = 4, cut to [2, 4) */
	{ "read,1,a,0,1; read,1,a,1,1", "0-3", "2", "4 pages, cut to end at a multiple of 4" },
	{ "read,1,a,0,3", "0-7", "3", "three: 4 > 8/4, so all 8, async 5" },
	{ "map,1,0,1000,r--p,a,0; touch,1,100,1,r", "96-103", "102", "read-around" },
};

/* get_next_ra_size(): four times the size below a sixteenth of the window, twice from there on;
 * the initial window has 4 pages in both cases */
static const struct row window_64[] = {
	{ "read,1,a,0,1; read,1,a,1,1", "0-11", "4", "4 is 64/16: 8" },
	{ "read,1,a,0,1; read,1,a,1,1; read,1,a,4,1", "0-27", "12", "then 16" },
};

static const struct row window_128[] = {
	{ "read,1,a,0,1; read,1,a,1,1", "0-19", "4", "4 is below 128/16: 16" },
	{ "read,1,a,0,1; read,1,a,1,1; read,1,a,4,1", "0-51", "20", "then 32" },
	{ "read,1,a,0,4", "0-15", "4", "four pages are 128/32: 16" },
	{ "read,1,a,0,5", "0-15", "5", "five: rounded up to 8, so 16" },
};

/*
 * xas_load() of a page inside a large folio goes to the slot of its head, and the index, which
 * stays, is as many pages too far from there on. Seen on Debian's 7.3.4: of a file whose pages 0
 * to 35 are cached, 4 to 7 as a folio with PG_readahead, page 5 is faulted in and none is read.
 */
static const struct row inside_large[] = {
	{ "read,1,a,0,1; map,2,0,1000,r-xp,a,0; touch,2,1,1,r", "0-35", "4",
	  "the mark at 1: 32 pages in folios of 4" },
	{ "read,1,a,0,1; map,2,0,1000,r-xp,a,0; touch,2,1,1,r; touch,2,5,1,r", "0-35", "",
	  "the miss after 5 is taken for 38, out of reach (it was 36: 36 to 63 were read)" },
};

/* folios 2-3 and 4-7, the second with PG_readahead; process 2 has not read before */
#define FOLIOS "read,1,a,0,1; read,1,a,1,1; read,1,a,2,1;"
static const struct row inside_large_8[] = {
	{ FOLIOS, "0-7", "4", "windows that end at multiples of 4 and 8" },
	{ FOLIOS "read,2,a,5,1", "0-7 9-15", "9", "the miss after 5 is taken for 9 (it was 8)" },
	{ FOLIOS "read,2,a,8,1", "0-13", "4 13",
	  "5 pages of history: 5 + 1 are read (it was 8, all of the file: 8 were read)" },
};

static void test_sequential(void)
{
	run_rows(sequential, G_N_ELEMENTS(sequential), "readahead_pages=32");
	run_rows(oversized, G_N_ELEMENTS(oversized), "readahead_pages=32 io_pages=32");
	run_rows(one_request, G_N_ELEMENTS(one_request), "readahead_pages=32 io_pages=64");
}

static void test_inside_large(void)
{
	run_rows(inside_large, G_N_ELEMENTS(inside_large), "readahead_pages=32 max_folio_order=9");
	run_rows(inside_large_8, G_N_ELEMENTS(inside_large_8),
		 "readahead_pages=8 max_folio_order=9");
}

static void test_random_reads(void)
{
	run_rows(random_reads, G_N_ELEMENTS(random_reads), "readahead_pages=32 io_pages=32");
}

static void test_mapped(void)
{
	run_rows(mapped, G_N_ELEMENTS(mapped), "readahead_pages=32");
}

static void test_off(void)
{
	run_rows(off, G_N_ELEMENTS(off), "readahead_pages=0");
}

static void test_window_8(void)
{
	run_rows(window_8, G_N_ELEMENTS(window_8), "readahead_pages=8");
	run_rows(window_64, G_N_ELEMENTS(window_64), "readahead_pages=64");
	run_rows(window_128, G_N_ELEMENTS(window_128), "readahead_pages=128");
}

/*
 * MMAP_LOTSAMISS, 100: a miss increments mmap_miss, a hit (do_async_mmap_readahead(),
 * filemap_map_pages()) decrements it. Above 100 there is no read-around.
 */
static void test_mmap_miss(void)
{
	/* misses at 16, 80, 144, ...: windows [0, 32), [64, 96), ... */
	static const struct {
		const char *map, *touch;
		uint64_t fills;
		const char *what;
	} rows[] = {
		{ "r--p", "touch,1,16,100,r,64", 100 * 32, "100 misses" },
		{ "r--p", "touch,1,16,101,r,64", 100 * 32 + 1, "the 101st reads its page only" },
		{ "r--p", "touch,1,16,100,r,64; touch,1,17,1,r; touch,1,6416,1,r", 101 * 32,
		  "a hit makes room for one more" },
		{ "r--p", "touch,1,16,150,r,64; touch,1,17,1,r; touch,1,9616,1,r",
		  100 * 32 + 50 + 1, "150 misses are not undone by one hit" },
		{ "r-xp", "touch,1,16,150,r,64", 150 * 32, "code does not count" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("file,a,20000; spawn,1; map,1,0,20000,%s,a,0; %s",
					rows[i].map, rows[i].touch);
		struct tl *x = tl_run("readahead_pages=32 memcg_pages=20000", NULL, text);

		TL_EQ(tl_stat(x, VM_sim_fills), rows[i].fills, "%s", rows[i].what);
		tl_free(x);
	}
}

/* filemap_map_pages() decrements mmap_miss if it maps the page that faulted, unless that page
 * refaulted as part of the working set */
static void test_mmap_miss_fault_around(void)
{
	struct tl *x =
		tl_new("readahead_pages=32 fault_around_pages=16", NULL,
		       "file,a,1000; spawn,1; spawn,2; read,2,a,500,1; map,1,0,1000,r--p,a,0;"
		       "touch,1,16,1,r; touch,1,80,1,r; mark,two; touch,1,500,1,r; mark,hit;"
		       "touch,1,48,1,r");
	const struct file_open *ra;

	tl_to(x, "two");
	ra = ((struct vma *)tl_mm(x, 1)->vmas->pdata[0])->open;
	/* each miss is retried and then mapped by fault-around: with FAULT_FLAG_TRIED
	 * mmap_miss is not decremented */
	TL_EQ(ra->mmap_miss, 2, "two misses");
	tl_to(x, "hit");
	TL_EQ(ra->mmap_miss, 1, "a hit by fault-around");
	tl_free(x);
}

/*
 * The pages of a window are locked while they are read, so reclaim takes other pages. Bug:
 * they were not locked, and a window larger than the inactive list was evicted before it
 * was read: 1033 fills and 353 refaults.
 */
static void test_locked(void)
{
	struct tl *x = tl_run("memcg_pages=400 readahead_pages=32", NULL,
			      "file,hot,380; file,big,300; spawn,1; spawn,2; read,1,hot,0,380;"
			      "read,2,hot,0,380; drain; read,1,big,0,300");

	TL_EQ(tl_stat(x, VM_sim_fills), 680, "each page once");
	TL_EQ(tl_stat(x, VM_workingset_refault_file), 0, "nothing of the window came back");
	tl_free(x);
}

void suite_readahead(void)
{
	CU_pSuite s = CU_add_suite("readahead", NULL, NULL);

	CU_add_test(s, "sequential reads ramp up", test_sequential);
	CU_add_test(s, "a look into a large folio", test_inside_large);
	CU_add_test(s, "random reads, history, end of file", test_random_reads);
	CU_add_test(s, "mapped files", test_mapped);
	CU_add_test(s, "no readahead", test_off);
	CU_add_test(s, "other windows", test_window_8);
	CU_add_test(s, "mmap_miss", test_mmap_miss);
	CU_add_test(s, "mmap_miss and fault-around", test_mmap_miss_fault_around);
	CU_add_test(s, "a window is locked", test_locked);
}
