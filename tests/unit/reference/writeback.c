// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages, the flusher and other periodic work. A simple form of mm/page-writeback.c.
 *
 * Approximation shared with sim/: writeback depends on age and on limits, takes no time, and
 * begins when a task sleeps.
 */
#include "tests/unit/reference/internal.h"

#include <string.h>

uint64_t ref_nr_dirty(const struct ref *r)
{
	uint64_t n = 0;

	for (int i = 0; i < r->nr_file; i++)
		if (r->pages[i].resident && r->pages[i].dirty && !r->pages[i].swapbacked &&
		    !r->pages[i].anon)
			n += (uint64_t)ref_nr_pages(r, i);
	return n;
}

/* of a memcg */
static uint64_t nr_dirty_of(const struct ref *r, int memcg)
{
	uint64_t n = 0;

	for (int i = 0; i < r->nr_dirty_entries; i++)
		if (r->pages[r->dirty[i].page].memcg == memcg)
			n += (uint64_t)ref_nr_pages(r, r->dirty[i].page);
	return n;
}

void ref_see_dirty(struct ref *r)
{
	for (int i = 0; i < r->nr_memcgs; i++)
		r->memcgs[i].nr_dirty_seen = nr_dirty_of(r, i);
}

/* balance_dirty_pages(): one freerun ceiling is that of the machine's background, another that of
 * the memcg, whose counts are those of the last flush */
static bool over_freerun(struct ref *r, int memcg)
{
	const struct ref_memcg *cg = &r->memcgs[memcg];
	uint64_t avail, thresh, bg;

	if (r->whole && ref_nr_dirty(r) > (ref_nr_free(r) + ref_nr_cache(r)) *
						  r->m.dirty_background_ratio / 100)
		return true;
	if (r->whole && !memcg)
		return false;
	avail = cg->usage < cg->max ? MIN(cg->max - cg->usage, ref_nr_free(r) + ref_nr_cache(r))
				    : 0;
	avail += MIN(ref_nr_cache(r), MIN(cg->usage, cg->max));
	thresh = avail * 20 / 100;
	bg = avail * r->m.dirty_background_ratio / 100;
	if (bg >= thresh)
		bg = thresh / 2;
	return (r->m.memcg_stats_flushed ? cg->nr_dirty_seen : nr_dirty_of(r, memcg)) >
	       (thresh + bg) / 2;
}

/* __folio_mark_dirty() of a page with a device behind it */
void ref_set_dirty(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (pg->dirty)
		return;
	pg->dirty = true;
	if (pg->swapbacked || pg->anon)
		return;
	ref_count(r, VM_nr_dirtied, (uint64_t)ref_nr_pages(r, page));
	r->dirty[r->nr_dirty_entries++] = (struct ref_dirty){ page, r->now_ns };
	r->flush_wanted |= over_freerun(r, pg->memcg);
}

void ref_folio_mark_dirty(struct ref *r, int page)
{
	if (!r->pages[page].anon)
		r->pages[page].reclaim = false;
	ref_set_dirty(r, page);
}

void ref_write_page(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];
	bool rotate = pg->reclaim && pg->lru && !pg->unevictable;

	ref_folio_mkclean(r, page);
	ref_cancel_dirty(r, page);
	ref_count(r, VM_nr_written, (uint64_t)ref_nr_pages(r, page));
	/* folio_end_writeback(), folio_rotate_reclaimable() */
	pg->reclaim = false;
	if (rotate)
		ref_lru_move_tail(r, page);
}

void ref_cancel_dirty(struct ref *r, int page)
{
	r->pages[page].dirty = false;
	for (int i = 0; i < r->nr_dirty_entries; i++) {
		if (r->dirty[i].page != page)
			continue;
		r->nr_dirty_entries--;
		memmove(r->dirty + i, r->dirty + i + 1,
			(size_t)(r->nr_dirty_entries - i) * sizeof(*r->dirty));
		return;
	}
}

/* the flusher writes the pages that have been dirty for @age_ns */
void ref_flush(struct ref *r, uint64_t age_ns)
{
	/* __folio_batch_release() of the kworker drains the batches */
	if (r->nr_dirty_entries && r->dirty[0].since_ns + age_ns <= r->now_ns)
		ref_lru_add_drain_cpu(r, r->m.cpus > 1 && r->this_cpu == 0);
	while (r->nr_dirty_entries && r->dirty[0].since_ns + age_ns <= r->now_ns)
		ref_write_page(r, r->dirty[0].page);
	r->flush_wanted = false;
}

void ref_wake_flusher(struct ref *r, const struct ref_scan *sc)
{
	r->flush_wanted = true;
	if (!sc->memcg)
		ref_flush(r, 0);
}

void ref_flusher_runs(struct ref *r)
{
	if (r->flush_wanted)
		ref_flush(r, 0);
}

/* calc_wheel_index() of a timer that is set at @ns and due in 2 s: up to the next bucket of the
 * first level that has so many */
uint64_t ref_next_flush(const struct ref *r, uint64_t ns)
{
	uint64_t tick = (uint64_t)r->m.tick_us * 1000, bucket = tick, due;
	uint64_t delay = (2000000000 + tick - 1) / tick * tick;

	while (delay >= 63 * bucket)
		bucket *= 8;
	due = ns - ns % tick + delay;
	return due - due % bucket + bucket;
}

/* time passes: the flusher's and the statistics' periodic work */
void ref_advance(struct ref *r, uint64_t ns)
{
	uint64_t from = r->now_ns, period = (uint64_t)r->m.dirty_writeback_ms * 1000000;

	r->now_ns += ns;
	if (r->damon)
		ref_damon_run(r);
	if (from / period != r->now_ns / period && r->nr_dirty_entries)
		ref_flush(r, (uint64_t)r->m.dirty_expire_ms * 1000000 + r->now_ns % period);
	/* vmstat_update() */
	for (uint64_t sec = from / 1000000000; sec < r->now_ns / 1000000000; sec++)
		if (r->whole)
			ref_refresh_vm_stats(r);
	if (r->now_ns >= r->next_flush_ns) {
		ref_flush_stats(r); /* flush_memcg_stats_dwork() */
		while (r->next_flush_ns <= r->now_ns)
			r->next_flush_ns = ref_next_flush(r, r->next_flush_ns);
	}
}
