// SPDX-License-Identifier: GPL-2.0-only
/*
 * MGLRU's rules in v6.12. Mirrors include/linux/mm_inline.h (lru_gen_add_folio), mm/swap.c
 * (folio_inc_refs), the shadow entries of mm/workingset.c (lru_gen_eviction,
 * lru_gen_refault), and in mm/vmscan.c promotion (folio_update_gen), eviction
 * (folio_check_references, sort_folio to evict_folios) and its loop (should_run_aging,
 * get_nr_to_scan, try_to_shrink_lruvec).
 *
 * Differences from v7.3: a page that a fault brings in starts in the youngest
 * generation. Reclaim moves every page there that it finds used, even once.
 * PG_workingset is part of a count of reads. A refault is recent only while the
 * generation that was oldest at the eviction still is the oldest. Reclaim opens a
 * generation only below its first priority, depending on how pages spread over
 * generations, and then returns. It reclaims more from memcgs than was asked for.
 *
 * Approximation: a dirty folio that
 * shrink_folio_list() keeps because a walk marked it counts as dirty for the flusher.
 */
#include "models/lru-mglru.h"
#include "models/models.h"
#include "sim/mm/batch.h"
#include "sim/mm/event.h"
#include "sim/mm/mlock.h"
#include "sim/mm/reclaim.h"
#include "sim/mm/rmap.h"

#define LRU_REFS_WIDTH 2
/* the kernel's LRU_REFS_MASK | LRU_REFS_FLAGS */
#define ALL_REFS ((uint16_t)(LRU_REFS_MASK | PG_referenced | PG_workingset))

static unsigned int folio_lru_refs(const struct folio *f)
{
	return ((f->flags & LRU_REFS_MASK) >> LRU_REFS_PGOFF) + !!(f->flags & PG_workingset);
}

static unsigned int lru_tier_from_refs(unsigned int refs)
{
	static const unsigned int order_base_2[] = { 0, 0, 1, 2, 2, 3 };

	return order_base_2[refs + 1];
}

static uint64_t folio_seq(const struct mglru *g, const struct folio *f, bool reclaiming)
{
	uint64_t min_seq = g->min_seq[folio_lru_type(f)];

	if (f->flags & PG_active)
		return g->max_seq;
	if ((f->flags & (PG_swapbacked | PG_swapcache)) == PG_swapbacked ||
	    (f->flags & (PG_reclaim | PG_dirty)) == (PG_reclaim | PG_dirty))
		return g->max_seq - 1;
	if (reclaiming || min_seq + MIN_NR_GENS >= g->max_seq)
		return min_seq;
	return min_seq + 1;
}

static void folio_inc_refs(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	if (f->unevictable)
		return;
	if (!(before & PG_referenced)) {
		f->flags |= PG_referenced;
		note(s, slot, MARK_REFERENCED, before);
		return;
	}
	if (!(before & PG_workingset))
		f->flags |= PG_workingset;
	else if ((before & LRU_REFS_MASK) != LRU_REFS_MASK)
		f->flags = (uint16_t)(before + (1 << LRU_REFS_PGOFF));
	if (f->flags != before)
		note(s, slot, MARK_REFS, before);
}

/* Shadow entries: the oldest generation, the token's reads, its workingset bit */

#define SHADOW_SHIFT (LRU_REFS_WIDTH + 1)
#define SHADOW_SEQ   (UINT32_MAX >> SHADOW_SHIFT)

static uint32_t lru_gen_eviction(struct sim *s, struct mglru *g, uint32_t slot)
{
	const struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	unsigned int refs = folio_lru_refs(f);

	g->evicted.v[type][lru_tier_from_refs(refs)] += folio_nr_pages(f);
	return (uint32_t)(g->min_seq[type] << SHADOW_SHIFT) | (refs ? refs - 1 : 0) << 1 | !!refs;
}

static void lru_gen_refault(struct sim *s, struct mglru *g, uint32_t slot, uint32_t shadow,
			    bool workingset)
{
	const unsigned int refs = (shadow >> 1 & ((1 << LRU_REFS_WIDTH) - 1)) + (shadow & 1);
	struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	const uint32_t nr = folio_nr_pages(f);
	uint16_t before = f->flags;

	(void)workingset; /* a flag of the folio; this version has its own in @shadow */
	because(s, slot, CAUSE_GENERATIONS, { shadow >> SHADOW_SHIFT, g->min_seq[type], 1 });
	if (shadow >> SHADOW_SHIFT != ((uint32_t)g->min_seq[type] & SHADOW_SEQ)) {
		note(s, slot, REFAULT, before);
		return;
	}
	g->refaulted.v[type][lru_tier_from_refs(refs)] += nr;
	count_vm(s, VM_workingset_activate_anon + type, nr);
	/* a hot page was evicted, because of other hot pages or for lack of protection */
	if (s->in_lru_fault || refs >= (1 << LRU_REFS_WIDTH) - 1) {
		f->flags |= LRU_REFS_MASK | PG_workingset;
		count_vm(s, VM_workingset_restore_anon + type, nr);
		note(s, slot, REFAULT_WORKINGSET, before);
	} else {
		note(s, slot, REFAULT_REFS, before);
	}
}

static struct lru_clock lru_gen_clock(const struct mglru *g, enum lru_type type)
{
	return (struct lru_clock){
		.now = g->min_seq[type],
		.youngest = g->max_seq,
		.oldest = g->min_seq[type],
		.mask = UINT32_MAX,
		.shift = SHADOW_SHIFT,
	};
}

/* The feedback loop */

static unsigned int get_tier_idx(const struct sim *s, const struct mglru *g, enum lru_type type,
				 struct ctrl_pos sp, unsigned int gain)
{
	unsigned int tier;

	for (tier = 1; tier < MAX_NR_TIERS; tier++) {
		const struct ctrl_pos pv = read_ctrl_pos(g, type, tier, tier, gain);

		if (!positive_ctrl_err(s, &sp, &pv))
			break;
	}
	return tier - 1;
}

static enum lru_type get_type_to_scan(const struct sim *s, const struct mglru *g,
				      unsigned int swappiness, unsigned int *tier_idx)
{
	const unsigned int gain[NR_LRU_TYPES] = { swappiness, 200 - swappiness };
	const struct ctrl_pos sp = read_ctrl_pos(g, LRU_ANON, 0, 0, gain[LRU_ANON]);
	const struct ctrl_pos pv = read_ctrl_pos(g, LRU_FILE, 0, 0, gain[LRU_FILE]);
	enum lru_type type = positive_ctrl_err(s, &sp, &pv) ? LRU_FILE : LRU_ANON;

	*tier_idx =
		get_tier_idx(s, g, type, read_ctrl_pos(g, !type, 0, 0, gain[!type]), gain[type]);
	return type;
}

/* Aging */

/* folio_update_gen() */
static void update(struct sim *s, uint32_t slot, bool exec)
{
	struct mglru *g = folio_lruvec(s, slot)->lists;
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	(void)exec;
	if (folio_lru_gen(f) < 0) {
		f->flags |= PG_referenced;
		note(s, slot, WALK_REFERENCED, before);
		return;
	}
	f->flags &= (uint16_t)~ALL_REFS;
	lru_gen_set(g, f, lru_gen_from_seq(g->max_seq));
	note(s, slot, WALK_PROMOTE, before);
}

/* lru_gen_look_around() in a task without an mm_walk */
static void look(struct sim *s, uint32_t slot, bool exec)
{
	const struct mglru *g = folio_lruvec(s, slot)->lists;
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	(void)exec;
	if (folio_lru_gen(f) < 0) {
		f->flags |= PG_referenced;
		note(s, slot, WALK_REFERENCED, before);
	} else if (folio_lru_gen(f) != (int)lru_gen_from_seq(g->max_seq)) {
		f->flags &= (uint16_t)~ALL_REFS;
		folio_activate(s, s->this_cpu, slot);
	}
}

/* try_to_inc_min_seq(): anon is never ahead of file */
static void couple(const struct mglru *g, uint64_t *min_seq)
{
	min_seq[LRU_ANON] = MIN(min_seq[LRU_ANON], min_seq[LRU_FILE]);
	min_seq[LRU_FILE] = MAX(min_seq[LRU_ANON], g->min_seq[LRU_FILE]);
}

/* Eviction */

static enum folio_references folio_check_references(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	bool referenced_folio, exec = false;
	int referenced_ptes = 0;

	if (f->mapcount) {
		/* shrink_folio_list() keeps what folio_update_gen() tried to promote */
		if (f->flags & PG_referenced)
			return FOLIOREF_KEEP;
		/* marks a folio of which several PTEs are young: lru_gen_look_around() */
		referenced_ptes = folio_referenced(s, slot, &exec);
	}
	referenced_folio = f->flags & PG_referenced;
	f->flags &= (uint16_t)~PG_referenced;
	if (referenced_ptes < 0)
		return referenced_ptes == REFERENCED_LOCKED ? FOLIOREF_ACTIVATE : FOLIOREF_KEEP;
	because(s, slot, CAUSE_REFERENCES, { (uint64_t)referenced_ptes, referenced_folio, exec });
	if (!referenced_ptes)
		return FOLIOREF_RECLAIM;
	f->flags |= PG_referenced;
	if (referenced_folio || referenced_ptes > 1 || (exec && !(f->flags & PG_swapbacked)))
		return FOLIOREF_ACTIVATE;
	return FOLIOREF_KEEP;
}

/* sort_folio() of a folio that was taken off the oldest list. Return: true if it was put on
 * another list. */
static bool sort_folio(struct sim *s, struct mglru *g, uint32_t slot, unsigned int tier_idx)
{
	struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	unsigned int oldest = lru_gen_from_seq(g->min_seq[type]);
	unsigned int refs = folio_lru_refs(f), tier = lru_tier_from_refs(refs);
	uint16_t before = f->flags;

	if (!folio_evictable(f))
		return false;
	if (folio_lru_gen(f) != (int)oldest) {
		lru_gen_put(s, g, slot, false);
		return true;
	}
	if (tier <= tier_idx && refs != 1 << LRU_REFS_WIDTH)
		return false;
	/* folio_inc_gen() */
	f->flags &= (uint16_t)~ALL_REFS;
	lru_gen_set(g, f, (oldest + 1) % MAX_NR_GENS);
	lru_gen_put(s, g, slot, true);
	g->protected.v[type][tier] += folio_nr_pages(f);
	because(s, slot, CAUSE_TIER, { tier, tier_idx });
	note(s, slot, PROTECT, before);
	return true;
}

static void isolate_folio(struct mglru *g, struct folio *f)
{
	if (!(f->flags & PG_referenced))
		f->flags &= (uint16_t)~ALL_REFS;
	f->flags &= (uint16_t)~PG_referenced;
	lru_gen_forget(g, f);
}

/* scan_folios(). @slots: the @nr_isolated folios, oldest first; @isolated: their pages.
 * Return: pages scanned, 0 if there was no progress. */
static unsigned int scan_folios(struct sim *s, struct mglru *g, const struct scan_control *sc,
				enum lru_type type, unsigned int tier_idx, uint32_t *slots,
				unsigned int *nr_isolated, unsigned int *isolated)
{
	struct folio_list *l = &g->lists[lru_gen_from_seq(g->min_seq[type])][type];
	const bool large = s->cfg.machine.max_folio_order;
	unsigned int remaining = max_lru_batch(s), scanned = 0, n = 0, nr_pages = 0, taken;
	uint32_t batch[MIN_LRU_BATCH];
	uint64_t pages;

	if (lru_gen_count(g, type) == MIN_NR_GENS)
		return 0;
	do {
		/* one by one if they may be large, for it ends after MIN_LRU_BATCH pages */
		taken = folio_list_take(l, s->folios,
					large ? 1 : MIN(s->batches.lru - n, remaining), batch,
					&pages);
		remaining -= taken;
		scanned += (unsigned int)pages;
		for (unsigned int i = 0; i < taken; i++) {
			struct folio *f = &s->folios[batch[i]];

			if (sort_folio(s, g, batch[i], tier_idx))
				continue;
			isolate_folio(g, f);
			nr_pages += folio_nr_pages(f);
			slots[n++] = batch[i];
		}
	} while (taken && nr_pages < s->batches.lru && remaining);
	s->reclaim_work += max_lru_batch(s) - remaining;
	count_vm(s, VM_pgscan_kswapd + reclaimer_offset(s, sc), nr_pages);
	count_vm(s, VM_pgrefill, scanned - nr_pages);
	count_vm(s, VM_sim_list_moves, scanned - nr_pages); /* by sort_folio() */
	count_vm(s, VM_pgscan_anon + type, nr_pages);
	*nr_isolated = n;
	*isolated = nr_pages;
	return n || !remaining ? scanned : 0;
}

static unsigned int isolate_folios(struct sim *s, struct mglru *g, const struct scan_control *sc,
				   unsigned int swappiness, enum lru_type *type, uint32_t *slots,
				   unsigned int *nr_isolated, unsigned int *isolated)
{
	unsigned int scanned = 0, tier_idx = 0;
	bool has_tier = false;

	if (!swappiness)
		*type = LRU_FILE;
	else if (g->min_seq[LRU_ANON] < g->min_seq[LRU_FILE])
		*type = LRU_ANON;
	else if (swappiness == 1)
		*type = LRU_FILE;
	else if (swappiness == 200)
		*type = LRU_ANON;
	else {
		*type = get_type_to_scan(s, g, swappiness, &tier_idx);
		has_tier = true;
	}
	for (int i = swappiness ? LRU_ANON : LRU_FILE; i < NR_LRU_TYPES; i++) {
		if (!has_tier)
			tier_idx = get_tier_idx(s, g, *type, read_ctrl_pos(g, *type, 0, 0, 1), 2);
		scanned = scan_folios(s, g, sc, *type, tier_idx, slots, nr_isolated, isolated);
		if (scanned)
			break;
		*type = *type == LRU_FILE ? LRU_ANON : LRU_FILE;
		has_tier = false;
	}
	return scanned;
}

/*
 * Put the folios that shrink_folio_list() kept back on the lists. On the first pass (@clean is
 * not NULL) collect clean, unmapped, unreferenced folios in @clean instead: they get a second
 * pass. Return: the number of these.
 */
static unsigned int putback(struct sim *s, struct mglru *g, const uint32_t *slots, unsigned int n,
			    uint32_t *clean)
{
	unsigned int nr_clean = 0, nr_moved = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct folio *f = &s->folios[slots[i]];

		if (!folio_evictable(f)) {
			folio_putback_lru(s, slots[i]);
			continue;
		}
		if ((f->flags & (PG_reclaim | PG_dirty)) == (PG_reclaim | PG_dirty)) {
			if (f->flags & PG_workingset)
				f->flags |= PG_referenced;
		} else if (!clean || f->mapcount ||
			   (f->flags & (PG_active | PG_referenced | PG_locked | PG_dirty))) {
			/* an active folio goes to a younger generation than the oldest */
			f->flags = (uint16_t)((f->flags & ~ALL_REFS) | PG_active);
		} else {
			clean[nr_clean++] = slots[i];
			continue;
		}
		lru_gen_add_folio(s, g, slots[i], false);
		nr_moved += folio_nr_pages(f);
	}
	count_vm(s, VM_sim_list_moves, nr_moved);
	return nr_clean;
}

/* evict_folios(). Return: pages scanned, plus 1 if min_seq has changed; 0: no progress. */
static unsigned int evict_folios(struct sim *s, struct lruvec *lruvec, struct scan_control *sc,
				 unsigned int swappiness)
{
	struct mglru *g = lruvec->lists;
	uint32_t slots[MIN_LRU_BATCH], clean[MIN_LRU_BATCH];
	unsigned int scanned, isolated = 0, nr_left = 0, nr_clean;
	uint64_t reclaimed;
	enum lru_type type;

	scanned = isolate_folios(s, g, sc, swappiness, &type, slots, &nr_left, &isolated);
	scanned += try_to_inc_min_seq(g, swappiness);
	if (lru_gen_count(g, swappiness ? LRU_ANON : LRU_FILE) == MIN_NR_GENS)
		scanned = 0;
	if (!nr_left)
		return scanned;
	if (type == LRU_FILE)
		sc->nr[FILE_TAKEN] += isolated;
	reclaimed = shrink_folio_list(s, slots, &nr_left, sc);
	sc->nr[UNQUEUED_DIRTY] += sc->nr_unqueued_dirty;
	nr_clean = putback(s, g, slots, nr_left, clean);
	if (nr_clean) {
		reclaimed += shrink_folio_list(s, clean, &nr_clean, sc);
		sc->nr[UNQUEUED_DIRTY] += sc->nr_unqueued_dirty;
		putback(s, g, clean, nr_clean, NULL);
	}
	lru_gen_count_evicted(s, sc, type, isolated, reclaimed);
	return scanned;
}

/* @nr_to_scan: set to the number of pages of the evictable types */
static bool should_run_aging(const struct mglru *g, unsigned int swappiness, uint64_t *nr_to_scan)
{
	const enum lru_type first = swappiness ? LRU_ANON : LRU_FILE;
	uint64_t old = 0, young = 0, total = 0;

	*nr_to_scan = 0;
	if (g->min_seq[first] + MIN_NR_GENS > g->max_seq)
		return true;
	for (int type = (int)first; type < NR_LRU_TYPES; type++) {
		for (uint64_t seq = g->min_seq[type]; seq <= g->max_seq; seq++) {
			uint64_t size = g->nr_pages[lru_gen_from_seq(seq)][type];

			total += size;
			if (seq == g->max_seq)
				young += size;
			else if (seq + MIN_NR_GENS == g->max_seq)
				old += size;
		}
	}
	*nr_to_scan = total;
	if (g->min_seq[first] + MIN_NR_GENS < g->max_seq)
		return false;
	return young * MIN_NR_GENS > total || old * (MIN_NR_GENS + 2) < total;
}

/* get_nr_to_scan(). Return: 0 if there is nothing to scan, or if it aged instead */
static uint64_t get_nr_to_scan(struct sim *s, struct lruvec *lruvec, struct scan_control *sc,
			       unsigned int swappiness)
{
	struct mglru *g = lruvec->lists;
	uint64_t nr_to_scan;

	if (!should_run_aging(g, swappiness, &nr_to_scan) || sc->priority == DEF_PRIORITY)
		return nr_to_scan >> sc->priority;
	sc->need_rotate = lru_gen_age(s, g, swappiness);
	return 0;
}

static bool shrink_lruvec(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	unsigned int swappiness, delta;
	uint64_t nr_to_scan;

	if (!sc->in_lruvec)
		sc->nr[SWAPPINESS] = lru_gen_swappiness(s, sc);
	swappiness = (unsigned int)sc->nr[SWAPPINESS];
	nr_to_scan = get_nr_to_scan(s, lruvec, sc, swappiness);
	delta = nr_to_scan ? evict_folios(s, lruvec, sc, swappiness) : 0;
	return lru_gen_continue(s, sc, delta, nr_to_scan);
}

const struct lru_gen_rules lru_gen_6_12 = {
	.active_clears = LRU_REFS_MASK | PG_referenced | PG_active,
	.walk_takes_isolated = true,
	.walk_spares_anon = true,
	.ttl_of_file = true,
	.folio_seq = folio_seq,
	.inc_refs = folio_inc_refs,
	.eviction = lru_gen_eviction,
	.refault = lru_gen_refault,
	.clock = lru_gen_clock,
	.update = update,
	.look = look,
	.couple = couple,
	.check_references = folio_check_references,
	.shrink_lruvec = shrink_lruvec,
};
