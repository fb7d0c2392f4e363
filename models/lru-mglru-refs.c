// SPDX-License-Identifier: GPL-2.0-only
/*
 * What MGLRU knows of a folio's use since v6.14: the references of mm/folio.c, mm/swap.c
 * (lru_gen_inc_refs, lru_gen_clear_refs), the shadow entries of mm/workingset.c
 * (lru_gen_eviction, lru_gen_refault), and of mm/vmscan.c the feedback that they control
 * (get_tier_idx, get_type_to_scan, try_to_inc_min_seq), and how young PTEs and kept folios
 * are taken (lru_gen_look_around, folio_check_references, evict_folios).
 */
#include "models/lru-mglru-refs.h"

#include "sim/mm/batch.h"
#include "sim/mm/event.h"
#include "sim/mm/mlock.h"
#include "sim/mm/rmap.h"

void lru_gen_inc_refs(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	if (__builtin_expect(f->unevictable, 0))
		return;
	if (!(before & PG_referenced))
		f->flags = (uint16_t)((before & ~LRU_REFS_MASK) | PG_referenced);
	else if ((before & LRU_REFS_MASK) == LRU_REFS_MASK)
		f->flags |= PG_workingset;
	else
		f->flags = (uint16_t)(before + (1 << LRU_REFS_PGOFF));
	if (!(before & PG_referenced))
		note(s, slot, MARK_REFERENCED, before);
	else if (f->flags != before)
		note(s, slot, MARK_REFS, before);
}

bool lru_gen_clear_refs(struct sim *s, uint32_t slot)
{
	const struct mglru *g = folio_lruvec(s, slot)->lists;
	struct folio *f = &s->folios[slot];
	int gen = folio_lru_gen(f);

	if (gen < 0)
		return true;
	f->flags &= (uint16_t) ~(LRU_REFS_FLAGS | PG_workingset);
	return gen == (int)lru_gen_from_seq(g->min_seq[folio_lru_type(f)]);
}

/* Shadow entries */

/* A shadow holds the references in its low bits and the oldest generation above them. */
#define LRU_REFS_WIDTH 2
#define SHADOW_SEQ     (UINT32_MAX >> LRU_REFS_WIDTH)

uint32_t lru_gen_eviction(struct sim *s, struct mglru *g, uint32_t slot)
{
	const struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	unsigned int refs = folio_lru_refs(f);

	g->evicted.v[type][lru_tier_from_refs(refs, f->flags & PG_workingset)] += folio_nr_pages(f);
	return (uint32_t)(g->min_seq[type] << LRU_REFS_WIDTH) | (refs ? refs - 1 : 0);
}

/* lru_gen_test_recent() */
static bool test_recent(const struct mglru *g, uint32_t shadow)
{
	uint32_t now = (uint32_t)g->max_seq & SHADOW_SEQ, then = shadow >> LRU_REFS_WIDTH;

	return (now > then ? now - then : then - now) < MAX_NR_GENS;
}

struct lru_clock lru_gen_clock(const struct mglru *g, enum lru_type type)
{
	return (struct lru_clock){
		.now = g->max_seq,
		.reach = MAX_NR_GENS - 1,
		.youngest = g->max_seq,
		.oldest = g->min_seq[type],
		.mask = UINT32_MAX,
		.shift = LRU_REFS_WIDTH,
	};
}

void lru_gen_refault(struct sim *s, struct mglru *g, uint32_t slot, uint32_t shadow,
		     bool workingset)
{
	const unsigned int refs = (shadow & ((1 << LRU_REFS_WIDTH) - 1)) + 1;
	struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	const uint32_t nr = folio_nr_pages(f);
	uint16_t before = f->flags;

	because(s, slot, CAUSE_GENERATIONS, { shadow >> LRU_REFS_WIDTH, g->max_seq, MAX_NR_GENS });
	if (!test_recent(g, shadow)) {
		note(s, slot, REFAULT, before);
		return;
	}
	g->refaulted.v[type][lru_tier_from_refs(refs, workingset)] += nr;
	if (s->in_lru_fault && (workingset || g->rules->refault_of_fault_activates))
		count_vm(s, VM_workingset_activate_anon + type, nr);
	if (workingset) {
		f->flags |= PG_workingset;
		count_vm(s, VM_workingset_restore_anon + type, nr);
		note(s, slot, REFAULT_WORKINGSET, before);
	} else {
		f->flags = (uint16_t)((before & ~LRU_REFS_MASK) | (refs - 1) << LRU_REFS_PGOFF);
		note(s, slot, REFAULT_REFS, before);
	}
}

unsigned int get_tier_idx(const struct sim *s, const struct mglru *g, enum lru_type type)
{
	const struct ctrl_pos sp = read_ctrl_pos(g, type, 0, 0, 2);
	unsigned int tier;

	for (tier = 1; tier < MAX_NR_TIERS; tier++) {
		const struct ctrl_pos pv = read_ctrl_pos(g, type, tier, tier, 3);

		if (!positive_ctrl_err(s, &sp, &pv))
			break;
	}
	return tier - 1;
}

enum lru_type get_type_to_scan(const struct sim *s, const struct mglru *g, unsigned int swappiness)
{
	struct ctrl_pos sp, pv;

	if (swappiness <= 1)
		return LRU_FILE;
	if (swappiness >= 200)
		return LRU_ANON;
	sp = read_ctrl_pos(g, LRU_ANON, 0, MAX_NR_TIERS - 1, swappiness);
	pv = read_ctrl_pos(g, LRU_FILE, 0, MAX_NR_TIERS - 1, 200 - swappiness);
	return positive_ctrl_err(s, &sp, &pv) ? LRU_FILE : LRU_ANON;
}

/* try_to_inc_min_seq(): a type does not get ahead of max_seq - MIN_NR_GENS as long as the
 * other is behind that */
void lru_gen_couple(const struct mglru *g, uint64_t *min_seq)
{
	uint64_t seq = g->max_seq - MIN_NR_GENS;

	if (min_seq[LRU_ANON] > seq && min_seq[LRU_FILE] < seq)
		min_seq[LRU_ANON] = seq;
	else if (min_seq[LRU_FILE] > seq && min_seq[LRU_ANON] < seq)
		min_seq[LRU_FILE] = seq;
}

void lru_gen_look(struct sim *s, uint32_t slot, bool exec)
{
	const struct mglru *g = folio_lruvec(s, slot)->lists;

	if (g->rules->set_refs(s, slot, exec) &&
	    folio_lru_gen(&s->folios[slot]) != (int)lru_gen_from_seq(g->max_seq))
		folio_activate(s, s->this_cpu, slot);
}

enum folio_references lru_gen_check_references(struct sim *s, uint32_t slot)
{
	bool exec = false;
	int referenced_ptes;

	if (!s->folios[slot].mapcount)
		return FOLIOREF_RECLAIM;
	referenced_ptes = folio_referenced(s, slot, &exec);
	if (referenced_ptes < 0)
		return referenced_ptes == REFERENCED_LOCKED ? FOLIOREF_ACTIVATE : FOLIOREF_KEEP;
	because(s, slot, CAUSE_REFERENCES,
		{ (uint64_t)referenced_ptes,
		  (s->folios[slot].flags & (PG_referenced | PG_workingset)) != 0, exec });
	if (!referenced_ptes)
		return FOLIOREF_RECLAIM;
	return s->cfg.kernel->lru_gen->set_refs(s, slot, exec) ? FOLIOREF_ACTIVATE : FOLIOREF_KEEP;
}

unsigned int lru_gen_putback(struct sim *s, struct mglru *g, enum lru_type type,
			     const uint32_t *slots, unsigned int n, uint32_t *clean)
{
	unsigned int nr_clean = 0;
	uint64_t nr_moved = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct folio *f = &s->folios[slots[i]];

		if (!folio_evictable(f)) {
			folio_putback_lru(s, slots[i]);
			continue;
		}
		if (clean && !(f->flags & (PG_active | PG_dirty)) && !f->mapcount) {
			clean[nr_clean++] = slots[i];
			continue;
		}
		/* an active folio goes to a younger generation than the oldest */
		if (g->rules->folio_seq(g, f, false) == g->min_seq[type])
			f->flags = (uint16_t)((f->flags & ~LRU_REFS_FLAGS) | PG_active);
		lru_gen_add_folio(s, g, slots[i], false);
		nr_moved += folio_nr_pages(f);
	}
	count_vm(s, VM_sim_list_moves, nr_moved);
	return nr_clean;
}
