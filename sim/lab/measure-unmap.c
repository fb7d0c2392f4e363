// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the unmapping of file pages and the marks in it, for folios of several orders.
 *
 * A write of 2^N pages at a multiple of that makes a folio of order N where the file system has
 * such folios, and marks nothing. Mapping the file, touching every page and unmapping it marks
 * each folio once (folio_mark_accessed()): the first mark makes it referenced, the second
 * activates it, the third makes it referenced again, the fourth changes nothing. A mapping with
 * MADV_RANDOM has no recency: its unmapping marks nothing. Each unmapping that marks is between
 * two that do not. The difference from their mean is the cost of the mark, and that difference in
 * the whole is the mark's share. MADV_COLD makes all folios inactive and unreferenced again, so a
 * round takes milliseconds and reads nothing. Under MGLRU a mark at most counts a reference.
 *
 * Before the first round of a part root looks at the folios: whether they have the order, and
 * whether each mark did what it should.
 *
 * Approximations: the pages of a large folio are physical neighbours, folios are not
 * (bench_scatter()). An unmapping also frees page tables and flushes the TLB, and its system
 * call takes some microseconds, which count in a page's time: much where PMDs map the pages.
 * zap_next_ps is from folios of order 4 only.
 */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif

/* pages that a fault maps: the default of fault_around_bytes */
#define AROUND 16

/* share of pages whose state is the expected one; activations that wait in a batch are not */
#define ENOUGH 0.9

/* samples of each mark in a round, and tries: they are short in comparison with other probes */
#define TIMES	  2
#define TIMES_MAX 8

static const unsigned int orders[] = { 0, 2, 4, 6, 9 };

/* what is expected of the folios after the marks of unmapping 1, 3, 5, 7 */
static const struct {
	bool referenced, active;
} after_mark[] = { { true, false }, { false, true }, { true, true }, { true, true } };

/* struct unmapping - times in ns; per page, and per fault */
struct unmapping {
	double zap, fault;
	long nr_faults;
};

/* Each part has a place of its own, and what earlier parts cached stays: the same place would get
 * the same physical pages again. */
static off_t offset_of(const struct bench *b, const struct probe *p)
{
	off_t i = 0;

	while (orders[i] != p->row->order)
		i++;
	return (b->part * (off_t)G_N_ELEMENTS(orders) + i) * (off_t)b->bytes;
}

/* Touch all pages. First, for the time of a fault, only one in 16: a fault maps its neighbours, and
 * to touch these misses the caches and the TLB, which is not a fault's. Return: NULL, or why the
 * times say nothing. */
static const char *touch(struct bench *b, const char *at, struct unmapping *u)
{
	struct rusage before, faulted, after;
	struct cpu_timer t;

	getrusage(RUSAGE_THREAD, &before);
	cpu_timer_start(&t);
	for (size_t i = 0; i < b->bytes; i += AROUND * PAGE)
		bench_touch(at + i, PAGE);
	u->fault = cpu_timer_stop(&t);
	getrusage(RUSAGE_THREAD, &faulted);
	bench_touch(at, b->bytes);
	getrusage(RUSAGE_THREAD, &after);
	u->nr_faults = faulted.ru_minflt - before.ru_minflt;
	if (after.ru_majflt != before.ru_majflt)
		return "pages of the file were reclaimed meanwhile";
	if (u->nr_faults < 1)
		return "touching the pages of a new mapping took no fault";
	u->fault /= (double)u->nr_faults;
	return NULL;
}

/* Have the marks before unmapping @i done what they should? NULL, or what not. */
static const char *check(const struct probe *p, unsigned int i, const struct folios_seen *seen)
{
	if (seen->in_order < ENOUGH)
		return p->row->order ? "the file system made no folios of this order, or too few"
				     : "the file system makes no folios of a single page";
	if (strcmp(p->row->lru, "classic") || i < 2)
		return NULL;
	if ((after_mark[i / 2 - 1].referenced && seen->referenced < ENOUGH) ||
	    (after_mark[i / 2 - 1].active && seen->active < ENOUGH))
		return "marks do not reach the folios: something clears accessed bits, or there "
		       "are none";
	return NULL;
}

static const char *one_unmapping(struct bench *b, struct probe *p, unsigned int i, bool look,
				 struct unmapping *u)
{
	struct folios_seen seen;
	struct cpu_timer t, whole;
	const char *why;
	char *at;

	/* who has slept is not preempted for a while */
	g_usleep(100);
	at = bench_map_folios(b, offset_of(b, p));
	if (!at)
		return "cannot map the file";
	cpu_timer_start(&whole);
	if (i % 2 == 0 && madvise(at, b->bytes, MADV_RANDOM))
		why = "MADV_RANDOM is not possible";
	else
		why = touch(b, at, u);
	if (!why && look && i % 2 == 0) {
		b->m->unseen = folios_look(&seen, at, b->bytes, p->row->order);
		/* single pages are taken for granted */
		if (!b->m->unseen)
			why = check(p, i, &seen);
		else if (p->row->order)
			why = b->m->unseen;
	}
	bench_leave_caches(b);
	cpu_timer_start(&t);
	munmap(at, b->bytes);
	u->zap = cpu_timer_stop(&t) / (double)(b->bytes / PAGE);
	/* who ran while the pages were touched took the caches, too */
	if (!b->cache)
		u->zap += 0 * cpu_timer_stop(&whole);
	return why;
}

/* What a fault takes that maps one page, as its neighbours are mapped. NaN: there was none. */
static double fault_one(const struct bench *b, char *at)
{
	struct rusage before, after;
	struct cpu_timer t;
	double ns;

	for (size_t i = 0; i < b->bytes; i += AROUND * PAGE)
		madvise(at + i, PAGE, MADV_DONTNEED);
	getrusage(RUSAGE_THREAD, &before);
	cpu_timer_start(&t);
	for (size_t i = 0; i < b->bytes; i += AROUND * PAGE)
		bench_touch(at + i, PAGE);
	ns = cpu_timer_stop(&t);
	getrusage(RUSAGE_THREAD, &after);
	return after.ru_minflt > before.ru_minflt
		       ? ns / (double)(after.ru_minflt - before.ru_minflt)
		       : NAN;
}

/* struct cooling - ns: of MADV_COLD, a page, active and inactive; of a fault that maps one page */
struct cooling {
	double ns, inactive, fault;
};

/* Make all folios inactive and unreferenced; after the first time all are active.
 * Return: NULL, or why that failed. */
static const char *cool(struct bench *b, const struct probe *p, struct cooling *c)
{
	char *at = bench_map_folios(b, offset_of(b, p));
	const char *why = NULL;
	struct cpu_timer t;

	if (!at)
		return "cannot map the file";
	bench_touch(at, b->bytes);
	/* it counts at the unmapping, which must mark nothing */
	if (madvise(at, b->bytes, MADV_RANDOM))
		why = "MADV_RANDOM is not possible";
	c->fault = fault_one(b, at);
	cpu_timer_start(&t);
	if (!why && madvise(at, b->bytes, MADV_COLD))
		why = "MADV_COLD is not possible (needs Linux 5.4)";
	c->ns = cpu_timer_stop(&t) / (double)(b->bytes / PAGE);
	bench_touch(at, b->bytes);
	cpu_timer_start(&t);
	if (!why && madvise(at, b->bytes, MADV_COLD))
		why = "MADV_COLD is not possible (needs Linux 5.4)";
	c->inactive = cpu_timer_stop(&t) / (double)(b->bytes / PAGE);
	munmap(at, b->bytes);
	return why;
}

static const char *all_unmappings(struct bench *b, struct probe *p, bool look,
				  struct unmapping u[NR_UNMAPPINGS], struct cooling *c)
{
	const char *why = cool(b, p, c);

	for (unsigned int i = 0; i < NR_UNMAPPINGS && !why; i++)
		why = one_unmapping(b, p, i, look, &u[i]);
	return why;
}

/* Write the order's part of the file anew, and look what becomes of it. */
static const char *unmap_prepare(struct bench *b, struct probe *p)
{
	const size_t size = (size_t)PAGE << p->row->order;
	const off_t offset = offset_of(b, p);
	const char *why = has_device(b, p);
	struct unmapping u[NR_UNMAPPINGS];
	g_autofree char *buf = NULL;
	struct cooling c;

	if (why)
		return why;
	buf = g_malloc(size);
	memset(buf, 'r', size);
	/* it must be clean to be dropped */
	if (fdatasync(b->folios_fd) ||
	    posix_fadvise(b->folios_fd, offset, (off_t)b->bytes, POSIX_FADV_DONTNEED))
		return "cannot drop the page cache of a file here";
	for (size_t at = 0; at < b->bytes; at += size)
		if (pwrite(b->folios_fd, buf, size, offset + (off_t)at) != (ssize_t)size)
			return "writing a file failed";
	if (fdatasync(b->folios_fd))
		return "writing a file failed";
	return all_unmappings(b, p, true, u, &c);
}

void unmap_marks(const double zap[NR_UNMAPPINGS], double marks[NR_UNMAP_KINDS])
{
	for (int i = 1; i < NR_UNMAPPINGS; i += 2) {
		const double alone = (zap[i - 1] + zap[i + 1]) / 2;

		marks[UNMAP_FIRST + i / 2] = zap[i] - alone;
		if (i == 1)
			marks[UNMAP_SHARE_FIRST] = (1 - alone / zap[i]) * 100;
		else if (i == 3)
			marks[UNMAP_SHARE] = (1 - alone / zap[i]) * 100;
	}
}

static void add_times(const struct bench *b, struct probe *p,
		      const struct unmapping u[NR_UNMAPPINGS])
{
	double zap[NR_UNMAPPINGS], marks[NR_UNMAP_KINDS];

	for (int i = 0; i < NR_UNMAPPINGS; i++)
		zap[i] = u[i].zap;
	unmap_marks(zap, marks);
	for (int kind = UNMAP_FIRST; kind <= UNMAP_SHARE; kind++)
		measurement_add(p->m[kind], marks[kind]);
	for (int i = 0; i < NR_UNMAPPINGS; i += 2) {
		measurement_add(p->m[UNMAP_ALONE], u[i].zap);
		measurement_add(p->m[UNMAP_FAULT], u[i].fault);
	}
	p->row->pmd |= u[0].nr_faults <= (long)(2 * b->bytes / PMD_SIZE);
}

/* of the mark that has the fewest */
static guint nr_samples(const struct probe *p)
{
	guint nr = G_MAXUINT;

	for (int kind = UNMAP_FIRST; kind <= UNMAP_ACTIVE; kind++)
		nr = MIN(nr, p->m[kind]->samples->len);
	return nr;
}

/* more than once if the thread was preempted */
static const char *unmap_round(struct bench *b, struct probe *p)
{
	const guint wanted = nr_samples(p) + TIMES;
	struct unmapping u[NR_UNMAPPINGS];
	const char *why = NULL;
	struct cooling c;

	for (int i = 0; i < TIMES_MAX && nr_samples(p) < wanted && !why; i++) {
		why = all_unmappings(b, p, false, u, &c);
		if (why)
			break;
		add_times(b, p, u);
		measurement_add(p->m[UNMAP_COLD], c.ns);
		measurement_add(p->m[UNMAP_COLD_INACTIVE], c.inactive);
		measurement_add(p->m[UNMAP_FAULT_ONE], c.fault);
	}
	return why;
}

/* The order that tells what a further page of a folio takes: the folios that readahead makes of
 * 64 KiB, which page tables still map page by page. */
#define NEXT_ORDER 4

/* n pages take first + (n - 1) next, which is n times the mean */
void unmap_next(struct measures *ms, const struct measurement *mean)
{
	const double nr = 1 << NEXT_ORDER;
	struct measurement *m = measures_add_from(
		ms, "zap_next_ps",
		"a further page of a folio: 16/15 of a page's munmap(), order 4, less 1/15 of "
		"zap_file_ps",
		mean, nr / (nr - 1), measures_median(ms, "zap_file_ps") / (nr - 1));

	if (!m->samples->len || measurement_key_value(m))
		return;
	g_array_set_size(m->samples, 0);
	memset(m->part_end, 0, sizeof(m->part_end));
	g_strlcpy(m->why_not, "rounds to 0, which stands for zap_file_ps", sizeof(m->why_not));
}

/* A fault maps one page, and AROUND - 1 further ones. */
void fault_next(struct measures *ms, const struct measurement *fault)
{
	measures_add_from(
		ms, "fault_next_ps",
		"a further page of a fault: 1/15 of one that maps 16, less 1/15 of fault_ps", fault,
		1.0 / (AROUND - 1), measures_median(ms, "fault_ps") / (AROUND - 1));
}

/* those of order 0 are complete by then */
static void unmap_end(struct bench *b, struct probe *p)
{
	if (!p->row->order && p->row->lru == b->m->lru)
		fault_next(b->m, p->m[UNMAP_FAULT]);
	if (p->row->order == NEXT_ORDER && p->row->lru == b->m->lru)
		unmap_next(b->m, p->m[UNMAP_ALONE]);
}

static void add_order(struct bench *b, const char *lru, unsigned int order)
{
	static const struct probe_kind kind = {
		.prepare = unmap_prepare,
		.round = unmap_round,
		.end = unmap_end,
	};
	static const struct {
		const char *key, *what;
	} single[NR_UNMAP_KINDS] = {
		[UNMAP_ALONE] = { "zap_file_ps",
				  "munmap() of file pages, MADV_RANDOM: marks nothing" },
		[UNMAP_FIRST] = { "mark_first_ps",
				  "added without MADV_RANDOM, pages unreferenced" },
		[UNMAP_ACTIVATE] = { "mark_activate_ps", "added, pages referenced and inactive" },
		[UNMAP_FIRST_ACTIVE] = { NULL, "added, pages active and unreferenced" },
		[UNMAP_ACTIVE] = { "mark_active_ps", "added, pages active and referenced" },
		[UNMAP_FAULT] = { NULL, "touching one in 16 cached pages of a new mapping, a fault "
					"(it maps several)" },
		[UNMAP_FAULT_ONE] = { "fault_ps",
				      "the same after MADV_DONTNEED for these pages: it "
				      "maps one" },
		[UNMAP_COLD] = { "advise_ps",
				 "MADV_COLD of mapped pages that are young and active" },
		[UNMAP_COLD_INACTIVE] = { "advise_inactive_ps", "the same of inactive pages" },
	};
	const bool keys = !order && lru == b->m->lru;
	struct probe *p = bench_add(b, &kind);

	p->row = g_new0(struct unmap_row, 1);
	p->row->lru = lru;
	p->row->order = order;
	g_ptr_array_add(b->m->unmaps, p->row);
	for (int i = 0; i < NR_UNMAP_KINDS; i++) {
		const bool share = i == UNMAP_SHARE || i == UNMAP_SHARE_FIRST;

		p->m[i] = measures_add(b->m, keys ? single[i].key : NULL,
				       keys ? single[i].what : NULL, share ? "%" : "ns", 1000);
		p->row->of[i] = p->m[i];
	}
}

void probe_unmap(struct bench *b, const char *lru)
{
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++)
		add_order(b, lru, orders[i]);
}
