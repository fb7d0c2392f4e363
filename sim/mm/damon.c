// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/damon/stat.c (the intervals), core.c (kdamond_fn(), merging and splitting
 * of regions, kdamond_tune_intervals()), paddr.c and ops-common.c (damon_folio_mkold(),
 * damon_folio_young()).
 *
 * The monitor samples one page of each region: it clears the accessed bits of all PTEs that
 * map the page's folio, and keeps them as PG_young. Reclaim counts PG_young as a reference.
 * Unmapping does not look at it, so a page that was sampled gets no mark at the death of the
 * process that used it.
 *
 * Approximations: the files lie one after the other in memory, from a random page frame on, modulo
 * the size of the machine's memory; so pages of a file are neighbours, as where they were read in
 * turn, and two pages can share a frame. Where they begin matters: a region is split into a small
 * first part more often than into a small last one, and each part is sampled once. Anon pages have
 * no frame: their accessed bits stay, and the monitor does not see them used. kdamond takes no CPU
 * time. The kernel's random numbers are others. The age of a region decides nothing here and is not
 * kept.
 */
#include "sim/mm/damon.h"

#include "sim/mm/rmap.h"
#include "sim/rng.h"

#define DAMON_STREAM 3

/* damon_stat_build_ctx() */
#define AGGR_SAMPLES   20
#define TUNE_AGGRS     3
#define GOAL_BP	       400
#define MIN_SAMPLE_US  5000
#define MAX_SAMPLE_US  10000000
#define MIN_NR_REGIONS 10
#define MAX_NR_REGIONS 1000

/* struct damon_region - page frames [@start, @end) */
struct damon_region {
	uint32_t start, end;
	uint32_t sampled; /* the frame */
	uint32_t nr_accesses;
};

/* struct damon_ctx */
struct damon {
	struct rng rng;
	GArray *regions, *next; /* struct damon_region; @next: while they are rebuilt */
	uint32_t ram_pages;
	uint32_t first_frame; /* of the first page of a file */
	uint64_t sample_us;
	uint64_t due_ns;	  /* end of the current interval */
	unsigned int nr_samples;  /* in this aggregation */
	unsigned int nr_aggrs;	  /* since the intervals were tuned */
	uint32_t sz_limit;	  /* of a region that is merged */
	uint32_t last_nr_regions; /* at the last kdamond_split_regions() */
	uint32_t rotation;	  /* of damon_split_some_regions() */
};

static inline struct damon_region *region(const struct damon *d, uint32_t i)
{
	return &g_array_index(d->regions, struct damon_region, i);
}

static inline uint32_t region_pages(const struct damon_region *r)
{
	return r->end - r->start;
}

static void append(struct damon *d, const struct damon_region *r)
{
	g_array_append_val(d->next, *r);
}

/* the rebuilt regions replace the others */
static void rebuilt(struct damon *d)
{
	GArray *old = d->regions;

	d->regions = d->next;
	d->next = old;
	g_array_set_size(old, 0);
}

/* damon_apply_min_nr_regions() */
static void apply_min_nr_regions(struct damon *d)
{
	d->sz_limit = (uint32_t)(((uint64_t)d->ram_pages + MIN_NR_REGIONS - 1) / MIN_NR_REGIONS);
	for (uint32_t i = 0; i < d->regions->len; i++) {
		struct damon_region r = *region(d, i);

		while (region_pages(&r) > d->sz_limit) {
			struct damon_region first = r;

			first.end = r.start = r.start + d->sz_limit;
			append(d, &first);
		}
		append(d, &r);
	}
	rebuilt(d);
}

/* call @fn for the folio of each page at a frame that is on a list (damon_get_folio()) */
static bool each_folio(struct sim *s, uint32_t frame, bool (*fn)(struct sim *s, uint32_t head))
{
	const uint64_t step = s->damon->ram_pages;
	const uint64_t first = (frame + step - s->damon->first_frame) % step;
	bool any = false;

	for (uint64_t slot = FOLIO_FIRST + first; slot < s->meta_first; slot += step) {
		uint32_t head;

		if (!(s->folios[slot].flags & PG_resident))
			continue;
		head = folio_head(s->folios, (uint32_t)slot);
		if (s->folios[head].flags & PG_lru)
			any |= fn(s, head);
	}
	return any;
}

/* damon_folio_mkold() */
static bool mkold(struct sim *s, uint32_t head)
{
	struct folio *f = &s->folios[head];

	/* folio_trylock() */
	if (f->mapcount && f->flags & PG_locked)
		return false;
	if (folio_clear_young_ptes(s, head))
		f->young = true;
	f->idle = true;
	return false;
}

/* damon_folio_young() */
static bool is_young(struct sim *s, uint32_t head)
{
	const struct folio *f = &s->folios[head];

	if (f->mapcount && f->flags & PG_locked)
		return false;
	return !f->idle || folio_has_young_pte(s, head);
}

/* damon_pa_prepare_access_checks() */
static void prepare_access_checks(struct sim *s)
{
	struct damon *d = s->damon;

	for (uint32_t i = 0; i < d->regions->len; i++) {
		struct damon_region *r = region(d, i);

		r->sampled = r->start + (uint32_t)rng_below(&d->rng, region_pages(r));
		each_folio(s, r->sampled, mkold);
	}
}

/* damon_pa_check_accesses(). Return: the most accesses of a region */
static uint32_t check_accesses(struct sim *s)
{
	struct damon *d = s->damon;
	uint32_t max = 0;

	for (uint32_t i = 0; i < d->regions->len; i++) {
		struct damon_region *r = region(d, i);

		r->nr_accesses += each_folio(s, r->sampled, is_young);
		max = MAX(max, r->nr_accesses);
	}
	return max;
}

/* damon_merge_regions_of() */
static void merge_regions_of(struct damon *d, uint32_t threshold)
{
	struct damon_region prev = *region(d, 0);

	for (uint32_t i = 1; i < d->regions->len; i++) {
		const struct damon_region *r = region(d, i);
		const uint64_t left = region_pages(&prev), right = region_pages(r);
		const uint32_t diff = MAX(prev.nr_accesses, r->nr_accesses) -
				      MIN(prev.nr_accesses, r->nr_accesses);

		if (diff > threshold || left + right > d->sz_limit) {
			append(d, &prev);
			prev = *r;
			continue;
		}
		prev.nr_accesses = (uint32_t)((prev.nr_accesses * left + r->nr_accesses * right) /
					      (left + right));
		prev.end = r->end;
	}
	append(d, &prev);
	rebuilt(d);
}

/* kdamond_merge_regions() */
static void merge_regions(struct damon *d, uint32_t threshold)
{
	for (;;) {
		merge_regions_of(d, threshold);
		if (d->regions->len <= MAX_NR_REGIONS || threshold >= AGGR_SAMPLES)
			return;
		threshold = threshold < AGGR_SAMPLES / 2 ? MAX(1, threshold * 2) : AGGR_SAMPLES;
	}
}

/* damon_get_intervals_adaptation_bp() */
static uint64_t adaptation_bp(const struct damon *d)
{
	const uint64_t goal = MAX((uint64_t)d->ram_pages * AGGR_SAMPLES * GOAL_BP / 10000, 1);
	uint64_t accesses = 0, score;

	for (uint32_t i = 0; i < d->regions->len; i++)
		accesses += (uint64_t)region_pages(region(d, i)) * region(d, i)->nr_accesses;
	score = accesses * 10000 / goal;
	/* damon_feed_loop_next_input() of 10000, and not below half of it */
	if (score <= 10000)
		return 10000 + (10000 - score);
	return 5000 + (score >= 20000 ? 1 : MAX(20000 - score, 1)) / 2;
}

/* kdamond_tune_intervals() */
static void tune_intervals(struct damon *d)
{
	d->sample_us = CLAMP(d->sample_us * adaptation_bp(d) / 10000, MIN_SAMPLE_US, MAX_SAMPLE_US);
}

/* damon_split_region_at(), at a random place. Return: the first part is what @r is then */
static bool split_region(struct damon *d, struct damon_region *r, struct damon_region *rest)
{
	const uint64_t pages = region_pages(r);
	const uint32_t at = (uint32_t)((1 + rng_below(&d->rng, 9)) * pages / 10);

	if (!at || at >= pages)
		return false;
	*rest = *r;
	rest->start = r->end = r->start + at;
	return true;
}

/* damon_split_regions_of() */
static void split_regions_of(struct damon *d, unsigned int nr_subs)
{
	for (uint32_t i = 0; i < d->regions->len; i++) {
		struct damon_region r = *region(d, i), rest[2];
		unsigned int nr = 0;

		for (unsigned int n = 1; n < nr_subs && region_pages(&r) > 2; n++)
			nr += split_region(d, &r, &rest[nr]);
		append(d, &r);
		while (nr)
			append(d, &rest[--nr]);
	}
	rebuilt(d);
}

/* damon_split_some_regions() */
static void split_some_regions(struct damon *d, uint32_t step)
{
	const uint32_t offset = d->rotation++ % step;

	for (uint32_t i = 0; i < d->regions->len; i++) {
		struct damon_region r = *region(d, i), rest;
		const bool split =
			i % step == offset && region_pages(&r) >= 2 && split_region(d, &r, &rest);

		append(d, &r);
		if (split)
			append(d, &rest);
	}
	rebuilt(d);
}

/* kdamond_split_regions() */
static void split_regions(struct sim *s)
{
	struct damon *d = s->damon;
	const uint32_t nr = d->regions->len;

	if (nr > MAX_NR_REGIONS / 2) {
		if (!s->cfg.kernel->damon_splits_some)
			return;
		if (nr < MAX_NR_REGIONS)
			split_some_regions(d, MAX_NR_REGIONS / (MAX_NR_REGIONS - nr));
	} else {
		split_regions_of(d, d->last_nr_regions == nr && nr < MAX_NR_REGIONS / 3 ? 3 : 2);
	}
	d->last_nr_regions = nr;
}

/* kdamond_fn(): the end of an interval */
static void sampled(struct sim *s)
{
	struct damon *d = s->damon;
	const uint32_t max = check_accesses(s);

	if (++d->nr_samples == AGGR_SAMPLES) {
		d->nr_samples = 0;
		merge_regions(d, max / 10);
		if (s->cfg.kernel->damon_min_regions)
			apply_min_nr_regions(d);
		if (++d->nr_aggrs == TUNE_AGGRS) {
			d->nr_aggrs = 0;
			tune_intervals(d);
		}
		/* kdamond_reset_aggregated() */
		for (uint32_t i = 0; i < d->regions->len; i++)
			region(d, i)->nr_accesses = 0;
		split_regions(s);
	}
	prepare_access_checks(s);
	d->due_ns += d->sample_us * 1000;
}

void damon_tick(struct sim *s)
{
	while (s->damon && s->damon->due_ns <= s->clock.now_ns)
		sampled(s);
}

uint64_t damon_sample_us(const struct sim *s)
{
	return s->damon->sample_us;
}

uint32_t damon_nr_regions(const struct sim *s)
{
	return s->damon->regions->len;
}

void damon_start(struct sim *s)
{
	const struct machine *m = &s->cfg.machine;
	struct damon_region all = { 0 };
	struct damon *d;

	if (!m->damon_stat)
		return;
	d = s->damon = g_new0(struct damon, 1);
	rng_init(&d->rng, m->damon_seed, DAMON_STREAM);
	d->regions = g_array_new(FALSE, FALSE, sizeof(struct damon_region));
	d->next = g_array_new(FALSE, FALSE, sizeof(struct damon_region));
	all.end = d->ram_pages = (uint32_t)(m->ram_pages ? m->ram_pages : machine_limit(m));
	d->first_frame = (uint32_t)rng_below(&d->rng, all.end);
	g_array_append_val(d->regions, all);
	d->sample_us = m->damon_sample_us;
	d->sz_limit = MAX(d->ram_pages / MIN_NR_REGIONS, 1);
	if (s->cfg.kernel->damon_min_regions)
		apply_min_nr_regions(d);
	prepare_access_checks(s);
	d->due_ns = d->sample_us * 1000;
}

void damon_free(struct sim *s)
{
	if (!s->damon)
		return;
	g_array_free(s->damon->regions, TRUE);
	g_array_free(s->damon->next, TRUE);
	g_free(s->damon);
}
