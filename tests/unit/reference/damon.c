// SPDX-License-Identifier: GPL-2.0-only
/*
 * DAMON_STAT. After mm/damon/stat.c, core.c, paddr.c and ops-common.c of v7.3: one target,
 * whose regions are an array in the order of their addresses.
 *
 * Approximations taken over from sim/mm/damon.c: which page is at a frame, that anon pages
 * are at none, and the random numbers (splitmix64).
 */
#include "tests/unit/reference/internal.h"

#include <string.h>

static uint64_t next_random(struct ref_damon *d)
{
	uint64_t z = d->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* damon_rand(): from @l to @r - 1 */
static uint64_t damon_rand(struct ref_damon *d, uint64_t l, uint64_t r)
{
	return l + (uint64_t)((unsigned __int128)next_random(d) * (r - l) >> 64);
}

static uint64_t size_of(const struct ref_region *g)
{
	return g->end - g->start;
}

/* damon_split_region_at(): the first @sz frames stay, the rest follows */
static void split_at(struct ref_damon *d, int i, uint64_t sz)
{
	struct ref_region *g = &d->regions[i];

	memmove(g + 1, g, (size_t)(d->nr_regions - i) * sizeof(*g));
	d->nr_regions++;
	g[0].end = g[1].start = g->start + sz;
}

/* damon_merge_two_regions(): with the one after it */
static void merge_two(struct ref_damon *d, int i)
{
	struct ref_region *l = &d->regions[i], *g = l + 1;
	const uint64_t sl = size_of(l), sr = size_of(g);

	l->nr_accesses = (l->nr_accesses * sl + g->nr_accesses * sr) / (sl + sr);
	l->end = g->end;
	memmove(g, g + 1, (size_t)(d->nr_regions - i - 2) * sizeof(*g));
	d->nr_regions--;
}

/* damon_region_sz_limit() in bytes, damon_apply_min_nr_regions(), which v6.18 has not */
static void apply_min_nr_regions(struct ref_damon *d)
{
	const uint64_t limit = MAX(d->frames * 4096 / 10, 4096);

	d->sz_limit = (limit + 4095) / 4096;
	for (int i = 0; i < d->nr_regions; i++)
		if (size_of(&d->regions[i]) > d->sz_limit)
			split_at(d, i, d->sz_limit);
}

/* the folios at a frame that are on a list: damon_get_folio() */
static bool at_frame(struct ref *r, uint64_t frame, bool (*fn)(struct ref *r, int folio))
{
	bool result = false;

	for (int page = 0; page < (int)r->t->nr_file_pages; page++) {
		if ((r->damon->first_frame + (uint64_t)page) % r->damon->frames != frame)
			continue;
		if (r->pages[page].resident && r->pages[ref_folio(r, page)].lru)
			result |= fn(r, ref_folio(r, page));
	}
	return result;
}

static bool damon_folio_mkold(struct ref *r, int folio)
{
	struct ref_page *pg = &r->pages[folio];

	if (ref_folio_mapcount(r, folio) && pg->locked)
		return false;
	if (ref_folio_young_ptes(r, folio, true))
		pg->young = true;
	pg->idle = true;
	return false;
}

static bool damon_folio_young(struct ref *r, int folio)
{
	if (!ref_folio_mapcount(r, folio))
		return !r->pages[folio].idle;
	if (r->pages[folio].locked)
		return false;
	return ref_folio_young_ptes(r, folio, false) || !r->pages[folio].idle;
}

static void prepare_access_checks(struct ref *r)
{
	struct ref_damon *d = r->damon;

	for (int i = 0; i < d->nr_regions; i++) {
		d->regions[i].sampling = damon_rand(d, d->regions[i].start, d->regions[i].end);
		at_frame(r, d->regions[i].sampling, damon_folio_mkold);
	}
}

static uint64_t check_accesses(struct ref *r)
{
	struct ref_damon *d = r->damon;
	uint64_t max = 0;

	for (int i = 0; i < d->nr_regions; i++) {
		if (at_frame(r, d->regions[i].sampling, damon_folio_young))
			d->regions[i].nr_accesses++;
		max = MAX(max, d->regions[i].nr_accesses);
	}
	return max;
}

static void merge_regions_of(struct ref_damon *d, uint64_t threshold)
{
	for (int i = 0; i + 1 < d->nr_regions;) {
		const struct ref_region *l = &d->regions[i], *g = l + 1;
		const uint64_t diff = l->nr_accesses > g->nr_accesses
					      ? l->nr_accesses - g->nr_accesses
					      : g->nr_accesses - l->nr_accesses;

		if (diff <= threshold && size_of(l) + size_of(g) <= d->sz_limit)
			merge_two(d, i);
		else
			i++;
	}
}

static void merge_regions(struct ref_damon *d, uint64_t threshold)
{
	const uint64_t max_thres = 20;

	for (;;) {
		merge_regions_of(d, threshold);
		if (d->nr_regions <= 1000 || max_thres <= threshold)
			break;
		if (threshold < max_thres / 2)
			threshold = MAX(1, threshold * 2);
		else
			threshold = max_thres;
	}
}

static uint64_t feed_loop_next_input(uint64_t last, uint64_t score)
{
	const uint64_t goal = 10000, least = 10000;
	uint64_t change;

	if (score == goal)
		return last;
	if (score >= goal * 2)
		return least;
	change = last * (score > goal ? score - goal : goal - score) / goal;
	return score > goal ? MAX(last - change, least) : last + change;
}

static void tune_intervals(struct ref_damon *d)
{
	uint64_t most = 0, events = 0, bp;

	for (int i = 0; i < d->nr_regions; i++) {
		most += size_of(&d->regions[i]) * 20;
		events += size_of(&d->regions[i]) * d->regions[i].nr_accesses;
	}
	most = most * 400 / 10000;
	bp = feed_loop_next_input(100000000, events * 10000 / MAX(most, 1)) / 10000;
	if (bp == 10000)
		return;
	if (bp < 10000)
		bp = 5000 + bp / 2;
	d->sample_us = MAX(5000, MIN(10000000, d->sample_us * bp / 10000));
}

/* Return: how many regions it is now */
static int split_in(struct ref_damon *d, int i, int subs)
{
	uint64_t sz_region = size_of(&d->regions[i]);
	int nr = 1;

	for (int n = 0; n < subs - 1 && sz_region > 2; n++) {
		const uint64_t sz_sub = damon_rand(d, 1, 10) * sz_region / 10;

		if (sz_sub == 0 || sz_sub >= sz_region)
			continue;
		split_at(d, i, sz_sub);
		nr++;
		sz_region = sz_sub;
	}
	return nr;
}

static void split_some(struct ref_damon *d, uint64_t step)
{
	const uint64_t offset = d->rotation++ % step;
	uint64_t idx = 0;

	for (int i = 0; i < d->nr_regions; i++) {
		const uint64_t sz_region = size_of(&d->regions[i]);
		uint64_t sz_sub;

		if (idx++ % step != offset || sz_region < 2)
			continue;
		sz_sub = damon_rand(d, 1, 10) * sz_region / 10;
		if (sz_sub == 0 || sz_sub >= sz_region)
			continue;
		split_at(d, i, sz_sub);
		i++; /* the new one is none of those that were there */
	}
}

static void split_regions(struct ref_damon *d, bool v6)
{
	const int nr = d->nr_regions;

	if (nr > 500 && v6)
		return;
	if (nr < 1000 && nr > 500) {
		split_some(d, 1000 / (1000 - (uint64_t)nr));
	} else if (nr <= 500) {
		const int subs = d->last_nr_regions == nr && nr < 333 ? 3 : 2;

		for (int i = 0; i < d->nr_regions;)
			i += split_in(d, i, subs);
	}
	d->last_nr_regions = nr;
}

/* an interval of kdamond_fn() is over */
static void interval(struct ref *r)
{
	struct ref_damon *d = r->damon;
	const uint64_t max = check_accesses(r);

	d->passed++;
	if (d->passed >= d->next_aggregation) {
		merge_regions(d, max / 10);
		if (!r->v6)
			apply_min_nr_regions(d);
		if (d->passed >= d->next_tune) {
			d->next_tune += 60;
			tune_intervals(d);
		}
		d->next_aggregation += 20;
		for (int i = 0; i < d->nr_regions; i++)
			d->regions[i].nr_accesses = 0;
		split_regions(d, r->v6);
	}
	prepare_access_checks(r);
	d->next_ns += d->sample_us * 1000;
}

void ref_damon_run(struct ref *r)
{
	while (r->damon->next_ns <= r->now_ns)
		interval(r);
}

void ref_damon_start(struct ref *r)
{
	struct ref_damon *d = r->damon = g_new0(struct ref_damon, 1);

	/* the seed of the run, in a stream of its own: sim/rng.h */
	d->random = r->m.damon_seed;
	d->random = next_random(d) + 3 * 0xd1342543de82ef95;
	d->frames = r->m.ram_pages;
	if (!d->frames)
		d->frames = r->m.memcg_pages ? r->m.memcg_pages : r->m.memory_pages;
	d->first_frame = damon_rand(d, 0, d->frames);
	d->nr_regions = 1;
	d->regions[0].end = d->frames;
	d->sz_limit = MAX(d->frames / 10, 1); /* damon_region_sz_limit() */
	if (!r->v6)
		apply_min_nr_regions(d);
	d->sample_us = r->m.damon_sample_us;
	d->next_aggregation = 20;
	d->next_tune = 60;
	d->next_ns = d->sample_us * 1000;
	prepare_access_checks(r);
}
