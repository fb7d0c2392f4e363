// SPDX-License-Identifier: GPL-2.0-only
/*
 * MGLRU: the PID controller, aging and eviction. After mm/vmscan.c.
 */
#include "tests/unit/reference/mglru.h"

#include <glib.h>

/* The PID controller */

struct pos {
	uint64_t refaulted, total, gain;
};

static struct pos read_pos(const struct ref_gen *g, int type, int tier, uint64_t gain)
{
	return (struct pos){
		.refaulted = g->avg_refaulted[type][tier] + g->refaulted[type][tier],
		.total = g->avg_total[type][tier] + g->protected[type][tier] +
			 g->evicted[type][tier],
		.gain = gain,
	};
}

static struct pos read_all(const struct ref_gen *g, int type, uint64_t gain)
{
	struct pos sum = { .gain = gain };

	for (int tier = 0; tier < 4; tier++) {
		sum.refaulted += read_pos(g, type, tier, 0).refaulted;
		sum.total += read_pos(g, type, tier, 0).total;
	}
	return sum;
}

static bool positive_err(struct pos sp, struct pos pv)
{
	if (pv.refaulted < GEN_BATCH)
		return true;
	return pv.refaulted * (sp.total + GEN_BATCH) * sp.gain <=
	       (sp.refaulted + 1) * pv.total * pv.gain;
}

/* the last tier that is not protected */
static int tier_idx(const struct ref_gen *g, int type)
{
	for (int tier = 1; tier < 4; tier++)
		if (!positive_err(read_pos(g, type, 0, 2), read_pos(g, type, tier, 3)))
			return tier - 1;
	return 3;
}

static int type_to_scan(const struct ref_gen *g, unsigned int swappiness)
{
	if (swappiness < 2)
		return GEN_FILE;
	if (swappiness == 200)
		return GEN_ANON;
	return positive_err(read_all(g, GEN_ANON, swappiness),
			    read_all(g, GEN_FILE, 200 - swappiness))
		       ? GEN_FILE
		       : GEN_ANON;
}

/* the oldest generation of @type is now @seq: reset_ctrl_pos() */
static void set_min_seq(struct ref_gen *g, int type, uint64_t seq)
{
	for (int tier = 0; tier < 4; tier++) {
		struct pos pos = read_pos(g, type, tier, 0);

		g->avg_refaulted[type][tier] = pos.refaulted / 2;
		g->avg_total[type][tier] = pos.total / 2;
		g->refaulted[type][tier] = g->protected[type][tier] = g->evicted[type][tier] = 0;
	}
	g->min_seq[type] = seq;
}

/* Aging */

static int nr_gens(const struct ref_gen *g, int type)
{
	return (int)(g->max_seq - g->min_seq[type]) + 1;
}

/* the next generation for a folio off the oldest list; counts its protection */
static void inc_gen(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];
	struct ref_gen *g = r->cg->gen;
	int type = ref_gen_type_of(r, page), oldest = (int)(g->min_seq[type] % 4);

	if (!ref_gen_saturated(pg))
		g->protected[type][ref_gen_tier_of(ref_gen_refs_of(pg), pg->workingset)] +=
			(uint64_t)ref_nr_pages(r, page);
	if (pg->gen != oldest + 1)
		return; /* a walk has promoted it before */
	pg->gen = (oldest + 1) % 4 + 1;
	pg->referenced = false;
	pg->refs = 0;
}

static void inc_min_seq(struct ref *r, int type, unsigned int swappiness)
{
	struct ref_gen *g = r->cg->gen;
	GQueue *oldest = &g->lists[g->min_seq[type] % 4][type];

	while (!g_queue_is_empty(oldest) && (type == GEN_FILE || swappiness)) {
		int page = GPOINTER_TO_INT(g_queue_pop_tail(oldest));

		inc_gen(r, page);
		ref_gen_put(r, page, true);
	}
	set_min_seq(g, type, g->min_seq[type] + 1);
}

static bool evictable(int type, unsigned int swappiness)
{
	return type == GEN_FILE || swappiness;
}

/* v6.12: anon is never ahead of file. Return: true if min_seq of a type has changed. */
static bool v6_try_to_inc_min_seq(struct ref *r, unsigned int swappiness)
{
	struct ref_gen *g = r->cg->gen;
	uint64_t want[2] = { g->min_seq[0], g->min_seq[1] };
	bool moved = false;

	for (int type = swappiness ? 0 : 1; type < 2; type++)
		while (want[type] + 2 <= g->max_seq &&
		       g_queue_is_empty(&g->lists[want[type] % 4][type]))
			want[type]++;
	if (swappiness) {
		want[0] = MIN(want[0], want[1]);
		want[1] = MAX(want[0], g->min_seq[1]);
	}
	for (int type = swappiness ? 0 : 1; type < 2; type++) {
		if (want[type] == g->min_seq[type])
			continue;
		set_min_seq(g, type, want[type]);
		moved = true;
	}
	return moved;
}

static void try_to_inc_min_seq(struct ref *r, unsigned int swappiness)
{
	struct ref_gen *g = r->cg->gen;
	uint64_t want[2] = { g->min_seq[0], g->min_seq[1] };

	for (int type = 0; type < 2; type++)
		while (evictable(type, swappiness) && want[type] + 2 <= g->max_seq &&
		       g_queue_is_empty(&g->lists[want[type] % 4][type]))
			want[type]++;
	if (want[0] == g->min_seq[0] && want[1] == g->min_seq[1])
		return;
	for (int type = 0; type < 2 && swappiness; type++)
		if (want[type] > g->max_seq - 2 && want[!type] < g->max_seq - 2)
			want[type] = g->max_seq - 2;
	for (int type = 0; type < 2; type++)
		if (evictable(type, swappiness) && want[type] > g->min_seq[type])
			set_min_seq(g, type, want[type]);
}

static uint64_t jiffies(const struct ref *r)
{
	return r->now_ns / 1000 / r->m.tick_us;
}

/* try_to_inc_max_seq(). Return: false if another task did it */
static bool run_aging(struct ref *r, unsigned int swappiness)
{
	if (!ref_gen_walk_mms(r, swappiness))
		return false;
	for (int type = 0; type < 2; type++)
		if (nr_gens(r->cg->gen, type) == 4)
			inc_min_seq(r, type, swappiness);
	r->cg->gen->max_seq++;
	r->cg->gen->timestamps[r->cg->gen->max_seq % 4] = jiffies(r);
	return true;
}

/* Eviction */

/* scan_folios(): scans @nr folios; isolated ones go to @taken, @nr_folios with @nr_taken
 * pages. Return: pages scanned */
static int scan_folios(struct ref *r, const struct ref_scan *sc, int nr, int type, int *taken,
		       int *nr_folios, int *nr_taken)
{
	struct ref_gen *g = r->cg->gen;
	GQueue *oldest = &g->lists[g->min_seq[type] % 4][type];
	int unprotected = tier_idx(g, type), scanned = 0;

	*nr_taken = *nr_folios = 0;
	if (nr_gens(g, type) == 2)
		return 0;
	for (; nr && *nr_taken < GEN_BATCH && !g_queue_is_empty(oldest); nr--) {
		int page = GPOINTER_TO_INT(g_queue_pop_tail(oldest));
		struct ref_page *pg = &r->pages[page];

		r->reclaim_work++;
		scanned += ref_nr_pages(r, page);
		/* sort_folio() */
		if (!pg->mlocked && pg->gen != (int)(g->min_seq[type] % 4) + 1) {
			ref_gen_put(r, page, false);
		} else if (!pg->mlocked &&
			   (ref_gen_tier_of(ref_gen_refs_of(pg), pg->workingset) > unprotected ||
			    ref_gen_saturated(pg))) {
			inc_gen(r, page);
			ref_gen_put(r, page, false);
		} else {
			/* isolate_folio() */
			if (!pg->referenced)
				pg->refs = 0;
			ref_gen_del(r, page);
			taken[(*nr_folios)++] = page;
			*nr_taken += ref_nr_pages(r, page);
		}
	}
	ref_count(r, ref_reclaimer(r, sc, VM_pgscan_kswapd), (uint64_t)*nr_taken);
	ref_count(r, type ? VM_pgscan_file : VM_pgscan_anon, (uint64_t)*nr_taken);
	ref_count(r, VM_pgrefill, (uint64_t)(scanned - *nr_taken));
	ref_count(r, VM_sim_list_moves, (uint64_t)(scanned - *nr_taken));
	return scanned;
}

/* evict_folios(): the loop over folios that stay; move_folios_to_lru() */
static void put_back(struct ref *r, int type, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (pg->mlocked) {
		ref_folio_putback_lru(r, page);
		return;
	}
	if (ref_gen_folio_seq(r, page, false) == r->cg->gen->min_seq[type]) {
		pg->active = true;
		pg->referenced = false;
		pg->refs = 0;
	}
	ref_gen_add(r, page, false);
	ref_count(r, VM_sim_list_moves, (uint64_t)ref_nr_pages(r, page));
}

static int count_pages(const struct ref *r, const int *folios, int nr)
{
	int n = 0;

	for (int i = 0; i < nr; i++)
		n += ref_nr_pages(r, folios[i]);
	return n;
}

static int evict_folios(struct ref *r, struct ref_scan *sc, int nr, unsigned int swappiness)
{
	int taken[GEN_BATCH], clean[GEN_BATCH], nr_folios, nr_left, nr_clean = 0, dirty;
	int type, scanned, all_scanned, nr_taken /* pages */, nr_kept;

	try_to_inc_min_seq(r, swappiness);
	/* isolate_folios() */
	type = type_to_scan(r->cg->gen, swappiness);
	all_scanned = scanned = scan_folios(r, sc, nr, type, taken, &nr_folios, &nr_taken);
	if (!nr_taken && swappiness) {
		type = scanned ? type : !type;
		all_scanned += scan_folios(r, sc, nr, type, taken, &nr_folios, &nr_taken);
	}
	if (all_scanned)
		try_to_inc_min_seq(r, swappiness);
	if (!nr_taken)
		return all_scanned;

	nr_left = ref_shrink_folio_list(r, sc, taken, nr_folios, &dirty);
	nr_kept = count_pages(r, taken, nr_left);
	for (int i = 0; i < nr_left; i++) {
		const struct ref_page *pg = &r->pages[taken[i]];

		if (!pg->active && !pg->dirty && !ref_folio_mapcount(r, taken[i]))
			clean[nr_clean++] = taken[i];
		else
			put_back(r, type, taken[i]);
	}
	nr_kept -= count_pages(r, clean, nr_clean);
	if (dirty == nr_taken) /* handle_reclaim_writeback() */
		ref_wake_flusher(r, sc);
	if (nr_clean) {
		nr_left = ref_shrink_folio_list(r, sc, clean, nr_clean, &dirty);
		for (int i = 0; i < nr_left; i++)
			put_back(r, type, clean[i]);
		nr_kept += count_pages(r, clean, nr_left);
	}
	nr_taken -= nr_kept; /* freed */
	sc->nr_reclaimed += (uint64_t)nr_taken;
	ref_count(r, ref_reclaimer(r, sc, VM_pgsteal_kswapd), (uint64_t)nr_taken);
	ref_count(r, type ? VM_pgsteal_file : VM_pgsteal_anon, (uint64_t)nr_taken);
	ref_count(r, type ? VM_pgrotate_file : VM_pgrotate_anon, (uint64_t)nr_kept);
	return all_scanned;
}

static bool should_age(const struct ref_gen *g, const struct ref_scan *sc, unsigned int swappiness)
{
	int gens = nr_gens(g, GEN_FILE);

	if (swappiness)
		gens = MAX(gens, nr_gens(g, GEN_ANON));
	return gens == 2 || (gens == 3 && sc->priority != 12);
}

bool ref_gen_should_abort(const struct ref *r, const struct ref_scan *sc)
{
	/* compact_gap() */
	if (sc->nr_reclaimed - (sc->kswapd ? sc->pass_began : 0) >=
	    MAX(sc->nr_to_reclaim, 2ull << sc->order))
		return true;
	return sc->kswapd && !sc->order && ref_nr_free(r) > (uint64_t)r->zone.high + GEN_BATCH;
}

/* get_swappiness() */
static unsigned int swappiness_of(const struct ref *r, const struct ref_scan *sc)
{
	return ref_nr_swap_pages(r) < GEN_BATCH ? 0 : ref_sc_swappiness(r, sc);
}

/* lruvec_evictable_size(): a folio that was promoted while anon was not evicted may be in none
 * of these generations */
static uint64_t evictable_size(const struct ref *r, unsigned int swappiness)
{
	uint64_t nr = 0;

	for (int type = 0; type < 2; type++) {
		uint64_t n[4] = { 0 };

		ref_gen_count_gens(r, type, n);
		for (uint64_t seq = r->cg->gen->min_seq[type];
		     evictable(type, swappiness) && seq <= r->cg->gen->max_seq; seq++)
			nr += n[seq % 4];
	}
	return nr;
}

static void try_to_shrink(struct ref *r, struct ref_scan *sc)
{
	unsigned int swappiness = swappiness_of(r, sc);
	bool first = true;

	for (int64_t nr = (int64_t)(evictable_size(r, swappiness) >> sc->priority); nr > 0;) {
		int scanned;
		bool aged;

		/* cond_resched(); kswapd keeps its mm_walk, whatever other tasks did meanwhile */
		if (sc->kswapd && !first)
			ref_kswapd_spend(r);
		r->cg->gen->mm_walk |= sc->kswapd;
		first = false;
		aged = should_age(r->cg->gen, sc, swappiness);
		if (aged && run_aging(r, swappiness))
			sc->need_rotate = true;
		scanned = evict_folios(r, sc, (int)MIN(nr, GEN_BATCH), swappiness);
		if (!scanned || ref_gen_should_abort(r, sc) || (!sc->memcg && aged))
			break;
		nr -= scanned;
	}
}

/* Eviction of v6.12 */

static int v6_tier_idx(const struct ref_gen *g, int type, struct pos sp, uint64_t gain)
{
	int tier = 1;

	while (tier < 4 && positive_err(sp, read_pos(g, type, tier, gain)))
		tier++;
	return tier - 1;
}

/* scan_folios(): 0 if it made no progress */
static int v6_scan_folios(struct ref *r, const struct ref_scan *sc, int type, int unprotected,
			  int *taken, int *nr_folios, int *nr_taken)
{
	struct ref_gen *g = r->cg->gen;
	int oldest = (int)(g->min_seq[type] % 4), remaining = 64 * GEN_BATCH, scanned = 0;
	GQueue *head = &g->lists[oldest][type];

	*nr_folios = *nr_taken = 0;
	if (nr_gens(g, type) == 2)
		return 0;
	while (!g_queue_is_empty(head)) {
		int page = GPOINTER_TO_INT(g_queue_pop_tail(head)), refs;
		struct ref_page *pg = &r->pages[page];
		const int pages = ref_nr_pages(r, page);

		r->reclaim_work++;
		scanned += pages;
		refs = ref_gen_v6_refs(pg);
		/* sort_folio(), isolate_folio() */
		if (!pg->mlocked && pg->gen != oldest + 1) {
			ref_gen_put(r, page, false);
		} else if (!pg->mlocked && (ref_gen_v6_tier(refs) > unprotected || refs == 4)) {
			g->protected[type][ref_gen_v6_tier(refs)] += (uint64_t)pages;
			pg->gen = (oldest + 1) % 4 + 1;
			pg->referenced = pg->workingset = false;
			pg->refs = 0;
			ref_gen_put(r, page, true);
		} else {
			if (!pg->referenced) {
				pg->workingset = false;
				pg->refs = 0;
			}
			pg->referenced = false;
			ref_gen_del(r, page);
			taken[(*nr_folios)++] = page;
			*nr_taken += pages;
		}
		if (!--remaining || *nr_taken >= GEN_BATCH)
			break;
	}
	ref_count(r, ref_reclaimer(r, sc, VM_pgscan_kswapd), (uint64_t)*nr_taken);
	ref_count(r, type ? VM_pgscan_file : VM_pgscan_anon, (uint64_t)*nr_taken);
	ref_count(r, VM_pgrefill, (uint64_t)(scanned - *nr_taken));
	ref_count(r, VM_sim_list_moves, (uint64_t)(scanned - *nr_taken));
	return *nr_taken || !remaining ? scanned : 0;
}

static int v6_isolate_folios(struct ref *r, const struct ref_scan *sc, unsigned int swappiness,
			     int *type, int *taken, int *nr_folios, int *nr_taken)
{
	struct ref_gen *g = r->cg->gen;
	int tier = -1, scanned = 0;

	*nr_folios = *nr_taken = 0;
	if (!swappiness) {
		*type = GEN_FILE;
	} else if (g->min_seq[GEN_ANON] < g->min_seq[GEN_FILE]) {
		*type = GEN_ANON;
	} else if (swappiness == 1) {
		*type = GEN_FILE;
	} else if (swappiness == 200) {
		*type = GEN_ANON;
	} else { /* get_type_to_scan() */
		uint64_t gain[2] = { swappiness, 200 - swappiness };

		*type = positive_err(read_pos(g, GEN_ANON, 0, gain[GEN_ANON]),
				     read_pos(g, GEN_FILE, 0, gain[GEN_FILE]));
		tier = v6_tier_idx(g, *type, read_pos(g, !*type, 0, gain[!*type]), gain[*type]);
	}
	for (int tries = swappiness ? 2 : 1; tries; tries--) {
		if (tier < 0)
			tier = v6_tier_idx(g, *type, read_pos(g, *type, 0, 1), 2);
		scanned = v6_scan_folios(r, sc, *type, tier, taken, nr_folios, nr_taken);
		if (scanned)
			return scanned;
		*type = !*type;
		tier = -1;
	}
	return scanned;
}

static int v6_evict_folios(struct ref *r, struct ref_scan *sc, unsigned int swappiness,
			   uint64_t *unqueued_dirty, uint64_t *file_taken)
{
	int taken[GEN_BATCH], nr, nr_taken, type, dirty, scanned;
	bool skip_retry = false;

	scanned = v6_isolate_folios(r, sc, swappiness, &type, taken, &nr, &nr_taken);
	*file_taken += (uint64_t)(type == GEN_FILE ? nr_taken : 0);
	scanned += v6_try_to_inc_min_seq(r, swappiness);
	if (nr_gens(r->cg->gen, !swappiness) == 2)
		scanned = 0;
	for (; nr; skip_retry = true) {
		const int pages = count_pages(r, taken, nr);
		int nr_left = ref_shrink_folio_list(r, sc, taken, nr, &dirty), nr_clean = 0;
		uint64_t freed = (uint64_t)(pages - count_pages(r, taken, nr_left));

		*unqueued_dirty += (uint64_t)dirty;
		sc->nr_reclaimed += freed;
		ref_count(r, ref_reclaimer(r, sc, VM_pgsteal_kswapd), freed);
		ref_count(r, type ? VM_pgsteal_file : VM_pgsteal_anon, freed);
		for (int i = 0; i < nr_left; i++) {
			struct ref_page *pg = &r->pages[taken[i]];

			if (pg->mlocked) { /* move_folios_to_lru() */
				ref_folio_putback_lru(r, taken[i]);
				ref_count(r, type ? VM_pgrotate_file : VM_pgrotate_anon,
					  (uint64_t)ref_nr_pages(r, taken[i]));
				continue;
			}
			if (pg->reclaim && pg->dirty) {
				pg->referenced |= pg->workingset;
			} else if (skip_retry || pg->active || pg->referenced || pg->locked ||
				   pg->dirty || ref_folio_mapcount(r, taken[i])) {
				pg->referenced = pg->workingset = false;
				pg->refs = 0;
				pg->active = true;
			} else {
				taken[nr_clean++] = taken[i];
				continue;
			}
			ref_gen_add(r, taken[i], false);
			ref_count(r, VM_sim_list_moves, (uint64_t)ref_nr_pages(r, taken[i]));
			ref_count(r, type ? VM_pgrotate_file : VM_pgrotate_anon,
				  (uint64_t)ref_nr_pages(r, taken[i]));
		}
		nr = nr_clean;
	}
	return scanned;
}

/* should_run_aging(); @total: nr_to_scan */
static bool v6_should_age(const struct ref *r, unsigned int swappiness, uint64_t *total)
{
	const struct ref_gen *g = r->cg->gen;
	uint64_t young = 0, old = 0;
	int gens = nr_gens(g, !swappiness);

	*total = 0;
	if (gens < 3)
		return true;
	for (int type = !swappiness; type < 2; type++) {
		uint64_t n[4] = { 0 };

		ref_gen_count_gens(r, type, n);
		for (uint64_t seq = g->min_seq[type]; seq <= g->max_seq; seq++)
			*total += n[seq % 4];
		young += n[g->max_seq % 4];
		if (g->min_seq[type] + 2 <= g->max_seq)
			old += n[(g->max_seq - 2) % 4];
	}
	return gens == 3 && (young * 2 > *total || old * 4 < *total);
}

static void v6_12_try_to_shrink(struct ref *r, struct ref_scan *sc)
{
	unsigned int swappiness = swappiness_of(r, sc);
	uint64_t scanned = 0, unqueued_dirty = 0, file_taken = 0;
	bool first = true;

	for (;;) {
		uint64_t nr_to_scan;
		bool aging;
		int delta;

		if (sc->kswapd && !first)
			ref_kswapd_spend(r);
		first = false;
		r->cg->gen->mm_walk |= sc->kswapd;
		/* get_nr_to_scan() */
		aging = v6_should_age(r, swappiness, &nr_to_scan);
		if (aging && sc->priority != 12) {
			sc->need_rotate = run_aging(r, swappiness);
			break;
		}
		nr_to_scan >>= sc->priority;
		if (!nr_to_scan)
			break;
		delta = v6_evict_folios(r, sc, swappiness, &unqueued_dirty, &file_taken);
		scanned += (uint64_t)delta;
		if (!delta || scanned >= nr_to_scan || (!sc->memcg && ref_gen_should_abort(r, sc)))
			break;
	}
	if (unqueued_dirty && unqueued_dirty == file_taken)
		ref_wake_flusher(r, sc);
}

/* Eviction of v6.18 */

/* what try_to_shrink_lruvec() sums up in sc->nr */
struct v6_18_nr {
	uint64_t unqueued_dirty, file_taken;
};

/* sort_folio(): does it go elsewhere, off the oldest list? */
static bool v6_18_sort(struct ref *r, int page, int unprotected, struct v6_18_nr *nr)
{
	struct ref_page *pg = &r->pages[page];
	const int type = ref_gen_type_of(r, page);
	const uint64_t pages = (uint64_t)ref_nr_pages(r, page);

	if (pg->gen != (int)(r->cg->gen->min_seq[type] % 4) + 1) {
		ref_gen_put(r, page, false);
		return true;
	}
	if (ref_gen_tier_of(ref_gen_refs_of(pg), pg->workingset) > unprotected ||
	    ref_gen_saturated(pg)) {
		inc_gen(r, page);
		ref_gen_put(r, page, false);
		return true;
	}
	if (type != GEN_FILE || !pg->dirty)
		return false;
	nr->file_taken += pages;
	nr->unqueued_dirty += pages;
	/* folio_inc_gen(), which counts no protection */
	pg->gen = pg->gen % 4 + 1;
	pg->referenced = false;
	pg->refs = 0;
	pg->reclaim = true;
	ref_gen_put(r, page, false);
	return true;
}

static uint64_t v6_18_scan_folios(struct ref *r, const struct ref_scan *sc, uint64_t nr_to_scan,
				  int type, int *taken, int *nr_folios, int *nr_taken,
				  struct v6_18_nr *nr)
{
	struct ref_gen *g = r->cg->gen;
	GQueue *oldest = &g->lists[g->min_seq[type] % 4][type];
	int remaining = (int)MIN(nr_to_scan, 4096), unprotected = tier_idx(g, type);
	uint64_t scanned = 0;

	*nr_folios = *nr_taken = 0;
	if (nr_gens(g, type) == 2)
		return 0;
	while (!g_queue_is_empty(oldest)) {
		const int page = GPOINTER_TO_INT(g_queue_pop_tail(oldest));
		struct ref_page *pg = &r->pages[page];

		r->reclaim_work++;
		scanned += (uint64_t)ref_nr_pages(r, page);
		if (!v6_18_sort(r, page, unprotected, nr)) {
			/* isolate_folio() */
			if (!pg->referenced)
				pg->refs = 0;
			pg->reclaim = false;
			ref_gen_del(r, page);
			taken[(*nr_folios)++] = page;
			*nr_taken += ref_nr_pages(r, page);
		}
		if (!--remaining || *nr_taken >= GEN_BATCH)
			break;
	}
	ref_count(r, ref_reclaimer(r, sc, VM_pgscan_kswapd), (uint64_t)*nr_taken);
	ref_count(r, type ? VM_pgscan_file : VM_pgscan_anon, (uint64_t)*nr_taken);
	ref_count(r, VM_pgrefill, scanned - (uint64_t)*nr_taken);
	ref_count(r, VM_sim_list_moves, scanned - (uint64_t)*nr_taken);
	if (type == GEN_FILE)
		nr->file_taken += (uint64_t)*nr_taken;
	return *nr_taken || !remaining ? scanned : 0;
}

static uint64_t v6_18_evict_folios(struct ref *r, struct ref_scan *sc, uint64_t nr_to_scan,
				   unsigned int swappiness, struct v6_18_nr *nr)
{
	int taken[GEN_BATCH], nr_folios = 0, nr_taken = 0, dirty;
	int type = type_to_scan(r->cg->gen, swappiness);
	uint64_t scanned = 0, before[2] = { r->cg->gen->min_seq[0], r->cg->gen->min_seq[1] };
	bool retry = false;

	/* isolate_folios() */
	for (int tries = swappiness ? 2 : 1; tries; tries--) {
		scanned = v6_18_scan_folios(r, sc, nr_to_scan, type, taken, &nr_folios, &nr_taken,
					    nr);
		if (scanned)
			break;
		type = !type;
	}
	try_to_inc_min_seq(r, swappiness);
	scanned += before[0] != r->cg->gen->min_seq[0] || before[1] != r->cg->gen->min_seq[1];
	if ((swappiness ? MAX(nr_gens(r->cg->gen, GEN_ANON), nr_gens(r->cg->gen, GEN_FILE))
			: nr_gens(r->cg->gen, GEN_FILE)) == 2)
		scanned = 0;
	for (; nr_folios; retry = true) {
		const int pages = count_pages(r, taken, nr_folios);
		const int nr_left = ref_shrink_folio_list(r, sc, taken, nr_folios, &dirty);
		const uint64_t freed = (uint64_t)(pages - count_pages(r, taken, nr_left));

		nr->unqueued_dirty += (uint64_t)dirty;
		sc->nr_reclaimed += freed;
		ref_count(r, ref_reclaimer(r, sc, VM_pgsteal_kswapd), freed);
		ref_count(r, type ? VM_pgsteal_file : VM_pgsteal_anon, freed);
		nr_folios = 0;
		for (int i = 0; i < nr_left; i++) {
			const struct ref_page *pg = &r->pages[taken[i]];

			if (!retry && !pg->active && !pg->dirty &&
			    !ref_folio_mapcount(r, taken[i])) {
				taken[nr_folios++] = taken[i];
				continue;
			}
			put_back(r, type, taken[i]);
			ref_count(r, type ? VM_pgrotate_file : VM_pgrotate_anon,
				  (uint64_t)ref_nr_pages(r, taken[i]));
		}
	}
	return scanned;
}

static void v6_18_try_to_shrink(struct ref *r, struct ref_scan *sc)
{
	const unsigned int swappiness = swappiness_of(r, sc);
	struct v6_18_nr nr = { 0 };
	uint64_t scanned = 0;
	bool first = true;

	for (;;) {
		uint64_t nr_to_scan = 0, delta;
		int gens;

		if (sc->kswapd && !first)
			ref_kswapd_spend(r);
		first = false;
		r->cg->gen->mm_walk |= sc->kswapd;
		/* should_run_aging(), get_nr_to_scan() */
		gens = nr_gens(r->cg->gen, GEN_FILE);
		if (swappiness)
			gens = MAX(gens, nr_gens(r->cg->gen, GEN_ANON));
		if (gens > 2)
			nr_to_scan = evictable_size(r, swappiness);
		if (gens <= 3 && sc->priority != 12) {
			sc->need_rotate = run_aging(r, swappiness);
			break;
		}
		nr_to_scan >>= sc->priority;
		if (!nr_to_scan)
			break;
		delta = v6_18_evict_folios(r, sc, nr_to_scan, swappiness, &nr);
		scanned += delta;
		if (!delta || scanned >= nr_to_scan || (!sc->memcg && ref_gen_should_abort(r, sc)))
			break;
	}
	if (nr.unqueued_dirty && nr.unqueued_dirty == nr.file_taken)
		ref_wake_flusher(r, sc);
}

static int bits(uint64_t x)
{
	int n = 0;

	for (; x; x /= 2)
		n++;
	return n;
}

/* set_initial_priority() */
static void set_priority(struct ref *r, struct ref_scan *sc)
{
	uint64_t reclaimable = ref_node_size(r, REF_INACTIVE_FILE);

	if (sc->priority != 12 || sc->nr_to_reclaim < GEN_BATCH)
		return;
	if (ref_nr_swap_pages(r))
		reclaimable += ref_node_size(r, REF_INACTIVE_ANON);
	sc->priority = bits(reclaimable) - 1 - bits(sc->nr_to_reclaim - 1);
	sc->priority = CLAMP(sc->priority, 6, 12);
}

/* lruvec_is_reclaimable() */
static bool is_reclaimable(struct ref *r, const struct ref_scan *sc)
{
	const unsigned int swappiness = swappiness_of(r, sc);
	const uint64_t tick_us = r->m.tick_us, us = r->m.min_ttl_ms * 1000ull;
	const uint64_t ttl = us / tick_us + (us % tick_us != 0);
	uint64_t oldest = r->cg->gen->min_seq[GEN_FILE];

	if (!ref_gen_is_sizable(r, sc))
		return false;
	if (!r->v6_12 && swappiness && r->cg->gen->min_seq[GEN_ANON] < oldest)
		oldest = r->cg->gen->min_seq[GEN_ANON];
	return jiffies(r) > r->cg->gen->timestamps[oldest % 4] + ttl;
}

bool ref_gen_is_sizable(const struct ref *r, const struct ref_scan *sc)
{
	return evictable_size(r, swappiness_of(r, sc)) >= 1ull << sc->priority;
}

bool ref_gen_age_node(struct ref *r, struct ref_scan *sc)
{
	bool any = false;

	set_priority(r, sc);
	if (!r->m.min_ttl_ms)
		return false;
	for (r->cg = r->memcgs; r->cg < r->memcgs + r->nr_memcgs; r->cg++)
		any |= is_reclaimable(r, sc);
	r->cg = r->memcgs;
	return !any;
}

void ref_gen_shrink_lruvec(struct ref *r, struct ref_scan *sc)
{
	sc->need_rotate = false;
	r->cg->gen->mm_walk = sc->mm_walk;
	if (r->v6_12)
		v6_12_try_to_shrink(r, sc);
	else if (r->v6)
		v6_18_try_to_shrink(r, sc);
	else
		try_to_shrink(r, sc);
	sc->mm_walk = r->cg->gen->mm_walk;
	r->cg->gen->mm_walk = false;
	ref_shrink_slab(r, sc->priority);
}

void ref_gen_shrink_node(struct ref *r, struct ref_scan *sc)
{
	ref_lru_add_drain_cpu(r, r->this_cpu);
	sc->mm_walk = sc->kswapd;
	sc->pass_began = sc->nr_reclaimed;
	if (!sc->memcg) {
		set_priority(r, sc);
		ref_gen_shrink_many(r, sc);
		return;
	}
	ref_gen_shrink_lruvec(r, sc);
	if (sc->need_rotate)
		ref_gen_rotate_memcg(r, (int)(r->cg - r->memcgs), REF_MEMCG_YOUNG);
}
