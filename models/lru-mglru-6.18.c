// SPDX-License-Identifier: GPL-2.0-only
/*
 * MGLRU's rules in v6.18: lru_gen_folio_seq of include/linux/mm_inline.h, and of
 * mm/vmscan.c promotion (folio_update_gen, lru_gen_set_refs), eviction (sort_folio to
 * evict_folios) and its loop (should_run_aging, get_nr_to_scan, try_to_shrink_lruvec).
 * References and shadow entries are those of v7.3 (lru-mglru-refs.c).
 *
 * Differences from v7.3: a page that a fault brings in starts active, so in the second
 * youngest generation. Use through page tables promotes a page from the second time on,
 * program text too. Reclaim moves dirty file pages to the next generation before it
 * isolates them. It scans up to 4096 folios for a batch, opens a generation only below its
 * first priority and then returns, and reclaims more from memcgs than was asked for.
 */
#include "models/lru-mglru-refs.h"
#include "models/models.h"
#include "sim/mm/event.h"
#include "sim/mm/mlock.h"
#include "sim/mm/reclaim.h"

static uint64_t folio_seq(const struct mglru *g, const struct folio *f, bool reclaiming)
{
	return lru_gen_seq(g, f, reclaiming, (f->flags & PG_workingset) != 0);
}

/* lru_gen_set_refs(), and folio_update_gen() without the generation */
static bool set_refs(struct sim *s, uint32_t slot, bool exec)
{
	struct folio *f = &s->folios[slot];

	(void)exec;
	if (!(f->flags & (PG_referenced | PG_workingset))) {
		f->flags = (uint16_t)((f->flags & ~LRU_REFS_MASK) | PG_referenced);
		return false;
	}
	f->flags = (uint16_t)((f->flags & ~LRU_REFS_FLAGS) | PG_workingset);
	return true;
}

/* folio_update_gen() */
static void update(struct sim *s, uint32_t slot, bool exec)
{
	struct mglru *g = folio_lruvec(s, slot)->lists;
	const uint16_t before = s->folios[slot].flags;

	if (!set_refs(s, slot, exec)) {
		note(s, slot, WALK_REFERENCED, before);
		return;
	}
	lru_gen_set(g, &s->folios[slot], lru_gen_from_seq(g->max_seq));
	note(s, slot, WALK_PROMOTE, before);
}

/* Eviction */

/* folio_inc_gen() of a folio of the oldest generation, off its list */
static void inc_gen(struct sim *s, struct mglru *g, uint32_t slot, uint16_t set)
{
	struct folio *f = &s->folios[slot];

	f->flags = (uint16_t)((f->flags & ~LRU_REFS_FLAGS) | set);
	lru_gen_set(g, f, (lru_gen_from_seq(g->min_seq[folio_lru_type(f)]) + 1) % MAX_NR_GENS);
	lru_gen_put(s, g, slot, false);
}

/* sort_folio(): true if the folio, off the oldest list, belongs elsewhere */
static bool sort_folio(struct sim *s, struct mglru *g, struct scan_control *sc, uint32_t slot,
		       unsigned int tier_idx)
{
	struct folio *f = &s->folios[slot];
	const enum lru_type type = folio_lru_type(f);
	const unsigned int refs = folio_lru_refs(f);
	const bool workingset = f->flags & PG_workingset;
	const unsigned int tier = lru_tier_from_refs(refs, workingset);
	const bool saturated = refs + workingset == LRU_REFS_MAX + 1;
	const uint16_t before = f->flags;

	if (!folio_evictable(f))
		return false;
	if (folio_lru_gen(f) != (int)lru_gen_from_seq(g->min_seq[type])) {
		lru_gen_put(s, g, slot, false);
		return true;
	}
	if (tier > tier_idx || saturated) {
		inc_gen(s, g, slot, 0);
		/* don't count the workingset being lazily promoted */
		g->protected.v[type][tier] += saturated ? 0 : folio_nr_pages(f);
		because(s, slot, CAUSE_TIER, { tier, tier_idx });
		note(s, slot, PROTECT, before);
		return true;
	}
	if (type == LRU_FILE && before & PG_dirty) {
		/* waiting for writeback */
		sc->nr[FILE_TAKEN] += folio_nr_pages(f);
		sc->nr[UNQUEUED_DIRTY] += folio_nr_pages(f);
		inc_gen(s, g, slot, PG_reclaim);
		note(s, slot, KEEP_DIRTY, before);
		return true;
	}
	return false;
}

/* scan_folios(). @slots: the @nr_isolated folios, oldest first; @isolated: their pages.
 * Return: pages scanned, 0 if there is no progress. */
static uint64_t scan_folios(struct sim *s, struct mglru *g, struct scan_control *sc,
			    uint64_t nr_to_scan, enum lru_type type, uint32_t *slots,
			    unsigned int *nr_isolated, unsigned int *isolated)
{
	struct folio_list *l = &g->lists[lru_gen_from_seq(g->min_seq[type])][type];
	const unsigned int tier_idx = get_tier_idx(s, g, type);
	uint64_t remaining = MIN(nr_to_scan, max_lru_batch(s)), scanned = 0, sorted = 0;
	unsigned int n = 0;

	*isolated = *nr_isolated = 0;
	if (lru_gen_count(g, type) == MIN_NR_GENS)
		return 0;
	while (remaining && *isolated < s->batches.lru) {
		const uint32_t slot = folio_list_pop(l, s->folios);
		struct folio *f = &s->folios[slot];
		const unsigned int pages = folio_nr_pages(f);

		if (slot == FOLIO_NONE)
			break;
		remaining--;
		s->reclaim_work++;
		scanned += pages;
		if (sort_folio(s, g, sc, slot, tier_idx)) {
			sorted += pages;
			continue;
		}
		/* isolate_folio() */
		if (!(f->flags & PG_referenced))
			f->flags &= (uint16_t)~LRU_REFS_MASK;
		f->flags &= (uint16_t)~PG_reclaim;
		lru_gen_forget(g, f);
		slots[n++] = slot;
		*isolated += pages;
	}
	count_vm(s, VM_pgscan_kswapd + reclaimer_offset(s, sc), *isolated);
	count_vm(s, VM_pgrefill, sorted);
	count_vm(s, VM_sim_list_moves, sorted); /* by sort_folio() */
	count_vm(s, VM_pgscan_anon + type, *isolated);
	if (type == LRU_FILE)
		sc->nr[FILE_TAKEN] += *isolated;
	*nr_isolated = n;
	return n || !remaining ? scanned : 0;
}

static uint64_t isolate_folios(struct sim *s, struct mglru *g, struct scan_control *sc,
			       uint64_t nr_to_scan, unsigned int swappiness, enum lru_type *type,
			       uint32_t *slots, unsigned int *nr_isolated, unsigned int *isolated)
{
	uint64_t scanned = 0;

	*type = get_type_to_scan(s, g, swappiness);
	for (int i = swappiness ? LRU_ANON : LRU_FILE; i < NR_LRU_TYPES; i++) {
		scanned = scan_folios(s, g, sc, nr_to_scan, *type, slots, nr_isolated, isolated);
		if (scanned)
			break;
		*type = *type == LRU_FILE ? LRU_ANON : LRU_FILE;
	}
	return scanned;
}

/* evict_folios(). Return: pages scanned, and generations left behind. */
static uint64_t evict_folios(struct sim *s, struct lruvec *lruvec, struct scan_control *sc,
			     uint64_t nr_to_scan, unsigned int swappiness)
{
	struct mglru *g = lruvec->lists;
	uint32_t slots[MIN_LRU_BATCH], clean[MIN_LRU_BATCH];
	unsigned int isolated, nr_left, nr_clean;
	uint64_t scanned, reclaimed;
	enum lru_type type;

	scanned =
		isolate_folios(s, g, sc, nr_to_scan, swappiness, &type, slots, &nr_left, &isolated);
	scanned += try_to_inc_min_seq(g, swappiness);
	if (evictable_min_seq(g, swappiness) + MIN_NR_GENS > g->max_seq)
		scanned = 0;
	if (!nr_left)
		return scanned;
	reclaimed = shrink_folio_list(s, slots, &nr_left, sc);
	sc->nr[UNQUEUED_DIRTY] += sc->nr_unqueued_dirty;
	nr_clean = lru_gen_putback(s, g, type, slots, nr_left, clean);
	if (nr_clean) {
		reclaimed += shrink_folio_list(s, clean, &nr_clean, sc);
		sc->nr[UNQUEUED_DIRTY] += sc->nr_unqueued_dirty;
		lru_gen_putback(s, g, type, clean, nr_clean, NULL);
	}
	lru_gen_count_evicted(s, sc, type, isolated, reclaimed);
	return scanned;
}

/* get_nr_to_scan(). Return: 0 if there is nothing to scan, or if it aged instead */
static uint64_t get_nr_to_scan(struct sim *s, struct mglru *g, struct scan_control *sc,
			       unsigned int swappiness)
{
	const uint64_t oldest = evictable_min_seq(g, swappiness);
	/* should_run_aging() */
	const bool must_age = oldest + MIN_NR_GENS > g->max_seq;
	const uint64_t nr_to_scan = must_age ? 0 : evictable_size(g, swappiness);

	if (sc->priority == DEF_PRIORITY || oldest + MIN_NR_GENS < g->max_seq)
		return nr_to_scan >> sc->priority;
	sc->need_rotate = lru_gen_age(s, g, swappiness);
	return 0;
}

static bool shrink_lruvec(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	unsigned int swappiness;
	uint64_t nr_to_scan, delta;

	if (!sc->in_lruvec)
		sc->nr[SWAPPINESS] = lru_gen_swappiness(s, sc);
	swappiness = (unsigned int)sc->nr[SWAPPINESS];
	nr_to_scan = get_nr_to_scan(s, lruvec->lists, sc, swappiness);
	delta = nr_to_scan ? evict_folios(s, lruvec, sc, nr_to_scan, swappiness) : 0;
	return lru_gen_continue(s, sc, delta, nr_to_scan);
}

const struct lru_gen_rules lru_gen_6_18 = {
	.active_clears = PG_active,
	.refault_of_fault_activates = true,
	.folio_seq = folio_seq,
	.inc_refs = lru_gen_inc_refs,
	.clear_refs = lru_gen_clear_refs,
	.eviction = lru_gen_eviction,
	.refault = lru_gen_refault,
	.clock = lru_gen_clock,
	.update = update,
	.set_refs = set_refs,
	.look = lru_gen_look,
	.couple = lru_gen_couple,
	.check_references = lru_gen_check_references,
	.shrink_lruvec = shrink_lruvec,
};
