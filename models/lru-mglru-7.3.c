// SPDX-License-Identifier: GPL-2.0-only
/*
 * MGLRU's rules in v7.3. Mirrors include/linux/mm_inline.h (lru_gen_folio_seq) and in
 * mm/vmscan.c promotion (folio_update_gen, lru_gen_set_refs), eviction (sort_folio to
 * evict_folios) and its loop (try_to_shrink_lruvec). lru-mglru-refs.c has the references and
 * shadow entries.
 *
 * A folio was used once (PG_referenced), several times (a counter in its flags) or belongs
 * to the working set (PG_workingset). The second use through page tables promotes it. Reads
 * through file descriptors are only counted, until eviction looks at the folio. A refault
 * is recent if fewer than MAX_NR_GENS generations were opened since the eviction.
 */
#include "models/lru-mglru-refs.h"
#include "models/models.h"
#include "sim/mm/event.h"
#include "sim/mm/mlock.h"
#include "sim/mm/reclaim.h"

static bool is_exec_file_folio(const struct folio *f, bool exec)
{
	return exec && !(f->flags & PG_swapbacked);
}

static uint64_t folio_seq(const struct mglru *g, const struct folio *f, bool reclaiming)
{
	return lru_gen_seq(g, f, reclaiming, (f->flags & (PG_workingset | PG_referenced)) != 0);
}

/* folio_update_gen() */
static void update(struct sim *s, uint32_t slot, bool exec)
{
	struct mglru *g = folio_lruvec(s, slot)->lists;
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	if (!(before & (PG_referenced | PG_workingset)) && !is_exec_file_folio(f, exec)) {
		f->flags = (uint16_t)((before & ~LRU_REFS_MASK) | PG_referenced);
		note(s, slot, WALK_REFERENCED, before);
		return;
	}
	f->flags = (uint16_t)((before & ~LRU_REFS_FLAGS) | PG_workingset);
	lru_gen_set(g, f, lru_gen_from_seq(g->max_seq));
	note(s, slot, WALK_PROMOTE, before);
}

static bool set_refs(struct sim *s, uint32_t slot, bool exec)
{
	struct folio *f = &s->folios[slot];
	bool first = !(f->flags & (PG_referenced | PG_workingset));

	if (first && !is_exec_file_folio(f, exec)) {
		f->flags = (uint16_t)((f->flags & ~LRU_REFS_MASK) | PG_referenced);
		return false;
	}
	if (first || folio_lru_refs(f) > 1)
		f->flags = (uint16_t)((f->flags & ~LRU_REFS_FLAGS) | PG_workingset);
	else
		lru_gen_inc_refs(s, slot);
	return true;
}

/* Eviction */

/* sort_folio() of a folio that was taken off the oldest list. Return: true if it was put on
 * another list. */
static bool sort_folio(struct sim *s, struct mglru *g, uint32_t slot, unsigned int tier_idx)
{
	struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	unsigned int oldest = lru_gen_from_seq(g->min_seq[type]);
	unsigned int refs = folio_lru_refs(f);
	bool workingset = f->flags & PG_workingset;
	unsigned int tier = lru_tier_from_refs(refs, workingset);
	uint16_t before = f->flags;

	/* let it through: shrink_folio_list() culls it */
	if (!folio_evictable(f))
		return false;
	if (folio_lru_gen(f) != (int)oldest) {
		lru_gen_put(s, g, slot, false);
		return true;
	}
	/* a workingset folio with all references is promoted late, not protected: no count */
	if (refs + workingset == LRU_REFS_MAX + 1)
		;
	else if (tier > tier_idx)
		g->protected.v[type][tier] += folio_nr_pages(f);
	else
		return false;
	/* folio_inc_gen() */
	f->flags &= (uint16_t)~LRU_REFS_FLAGS;
	lru_gen_set(g, f, (oldest + 1) % MAX_NR_GENS);
	lru_gen_put(s, g, slot, false);
	because(s, slot, CAUSE_TIER, { tier, tier_idx });
	note(s, slot, PROTECT, before);
	return true;
}

/* scan_folios(). @slots: the @nr_isolated folios, oldest first; @isolated: their pages.
 * Return: pages scanned. */
static unsigned int scan_folios(struct sim *s, struct mglru *g, const struct scan_control *sc,
				unsigned int nr_to_scan, enum lru_type type, uint32_t *slots,
				unsigned int *nr_isolated, unsigned int *isolated)
{
	struct folio_list *l = &g->lists[lru_gen_from_seq(g->min_seq[type])][type];
	const unsigned int tier_idx = get_tier_idx(s, g, type);
	unsigned int scanned = 0, sorted = 0, n = 0;

	*isolated = *nr_isolated = 0;
	if (lru_gen_count(g, type) == MIN_NR_GENS)
		return 0;
	for (unsigned int left = nr_to_scan; left && *isolated < s->batches.lru; left--) {
		const uint32_t slot = folio_list_pop(l, s->folios);
		struct folio *f = &s->folios[slot];
		const unsigned int pages = folio_nr_pages(f);

		if (slot == FOLIO_NONE)
			break;
		s->reclaim_work++;
		scanned += pages;
		if (sort_folio(s, g, slot, tier_idx)) {
			sorted += pages;
			continue;
		}
		/* isolate_folio() */
		if (!(f->flags & PG_referenced))
			f->flags &= (uint16_t)~LRU_REFS_MASK;
		lru_gen_forget(g, f);
		slots[n++] = slot;
		*isolated += pages;
	}
	count_vm(s, VM_pgscan_kswapd + reclaimer_offset(s, sc), *isolated);
	count_vm(s, VM_pgrefill, sorted);
	count_vm(s, VM_sim_list_moves, sorted); /* by sort_folio() */
	count_vm(s, VM_pgscan_anon + type, *isolated);
	*nr_isolated = n;
	return scanned;
}

static unsigned int isolate_folios(struct sim *s, struct mglru *g, const struct scan_control *sc,
				   unsigned int nr_to_scan, unsigned int swappiness,
				   enum lru_type *type, uint32_t *slots, unsigned int *nr_isolated,
				   unsigned int *isolated)
{
	unsigned int total_scanned = 0;

	*type = get_type_to_scan(s, g, swappiness);
	for (int i = swappiness ? LRU_ANON : LRU_FILE; i < NR_LRU_TYPES; i++) {
		unsigned int scanned =
			scan_folios(s, g, sc, nr_to_scan, *type, slots, nr_isolated, isolated);

		total_scanned += scanned;
		if (*isolated)
			break;
		if (!scanned)
			*type = *type == LRU_FILE ? LRU_ANON : LRU_FILE;
	}
	return total_scanned;
}

/* evict_folios(). Return: folios scanned. */
static unsigned int evict_folios(struct sim *s, struct lruvec *lruvec, struct scan_control *sc,
				 unsigned int nr_to_scan, unsigned int swappiness)
{
	struct mglru *g = lruvec->lists;
	uint32_t slots[MIN_LRU_BATCH], clean[MIN_LRU_BATCH];
	unsigned int scanned, isolated = 0, nr_left = 0, nr_clean;
	uint64_t reclaimed;
	enum lru_type type;

	try_to_inc_min_seq(g, swappiness);
	scanned =
		isolate_folios(s, g, sc, nr_to_scan, swappiness, &type, slots, &nr_left, &isolated);
	if (scanned)
		try_to_inc_min_seq(g, swappiness);
	if (!isolated)
		return scanned;
	reclaimed = shrink_folio_list(s, slots, &nr_left, sc);
	nr_clean = lru_gen_putback(s, g, type, slots, nr_left, clean);
	handle_reclaim_writeback(s, sc, isolated);
	if (nr_clean) {
		reclaimed += shrink_folio_list(s, clean, &nr_clean, sc);
		lru_gen_putback(s, g, type, clean, nr_clean, NULL);
	}
	lru_gen_count_evicted(s, sc, type, isolated, reclaimed);
	return scanned;
}

static bool should_run_aging(const struct mglru *g, const struct scan_control *sc,
			     unsigned int swappiness)
{
	const uint64_t min_seq = evictable_min_seq(g, swappiness);

	if (min_seq + MIN_NR_GENS > g->max_seq)
		return true;
	/* eviction is still possible: at the first priority do only that */
	return sc->priority != DEF_PRIORITY && min_seq + MIN_NR_GENS == g->max_seq;
}

/* try_to_shrink_lruvec(): one iteration of its loop. Return: true if there are more. */
static bool shrink_lruvec(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	struct mglru *g = lruvec->lists;
	unsigned int swappiness, delta;
	bool should_age;

	if (!sc->in_lruvec) {
		sc->nr[SWAPPINESS] = lru_gen_swappiness(s, sc);
		sc->nr[LEFT_TO_SCAN] =
			evictable_size(g, (unsigned int)sc->nr[SWAPPINESS]) >> sc->priority;
		if (!sc->nr[LEFT_TO_SCAN])
			return false;
	}
	swappiness = (unsigned int)sc->nr[SWAPPINESS];
	should_age = should_run_aging(g, sc, swappiness);
	if (should_age)
		sc->need_rotate |= lru_gen_age(s, g, swappiness);
	delta = evict_folios(s, lruvec, sc, (unsigned int)MIN(sc->nr[LEFT_TO_SCAN], s->batches.lru),
			     swappiness);
	if (!delta || should_abort_scan(s, sc))
		return false;
	/* root reclaim goes on with the next cgroup */
	if (!sc->memcg && should_age)
		return false;
	sc->nr[LEFT_TO_SCAN] -= MIN(delta, sc->nr[LEFT_TO_SCAN]);
	return sc->nr[LEFT_TO_SCAN] > 0;
}

const struct lru_gen_rules lru_gen_7_3 = {
	.active_clears = PG_active,
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
