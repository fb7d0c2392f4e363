// SPDX-License-Identifier: GPL-2.0-only
/*
 * The multi-generational LRU of v7.3 (CONFIG_LRU_GEN): this file mirrors the
 * lists of include/linux/mm_inline.h (lru_gen_add_folio, lru_gen_del_folio,
 * lru_gen_folio_seq), the references of mm/folio.c (lru_gen_inc_refs,
 * lru_gen_clear_refs), the shadow entries of mm/workingset.c (lru_gen_eviction,
 * lru_gen_refault), and of mm/vmscan.c the feedback loop (read_ctrl_pos to
 * positive_ctrl_err), the ends of the window of generations (inc_min_seq to
 * inc_max_seq), the eviction (sort_folio to evict_folios) and what drives it
 * (try_to_shrink_lruvec, lru_gen_shrink_node, lru_gen_age_node).
 * lru-mglru-walk.c looks at page tables.
 *
 * A page belongs to one of up to four generations. Aging opens a new one, after
 * a walk of the page tables that puts into the youngest what was used through
 * them. Eviction takes the oldest. A page read through file descriptors only
 * counts its reads, in its flags; eviction passes it to the next generation if
 * pages read as often (its tier) were seen to come back more often than those
 * read once.
 *
 * Approximations: one node, one zone, one lruvec (the memcg's when there is a
 * limit, else the root's), so nothing is left of the memcg LRU of shrink_many();
 * no memory.low/min; min_ttl_ms is 0. The sizes of generations follow at once
 * where the kernel lets a walk collect them first.
 *
 * Other kernels: v6.12 adds a folio of a fault to the second oldest generation
 * without marking it, keeps PG_workingset and the tiers apart by other rules,
 * and sizes aging by the number of pages that are left to evict.
 */
#include <errno.h>

#include "models/lru-mglru.h"
#include "models/models.h"
#include "sim/batch.h"
#include "sim/charge.h"
#include "sim/reclaim.h"
#include "sim/rmap.h"

/* the reads that PG_workingset takes a shadow's tier from, and the rest of it */
#define LRU_REFS_WIDTH 2
#define SHADOW_SEQ     (UINT32_MAX >> LRU_REFS_WIDTH)

static const char *const list_names[MAX_NR_GENS][NR_LRU_TYPES] = {
	{ "youngest_anon", "youngest_file" },
	{ "young_anon", "young_file" },
	{ "old_anon", "old_file" },
	{ "oldest_anon", "oldest_file" },
};

static int mglru_init(struct sim *s)
{
	struct mglru *g = g_new0(struct mglru, 1);

	/* lru_gen_init_lruvec() */
	g->max_seq = MIN_NR_GENS + 1;
	g->mm_seq = MIN_NR_GENS;
	for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
		for (int type = 0; type < NR_LRU_TYPES; type++)
			folio_list_init(&g->lists[gen][type]);
	g_queue_init(&g->mms);
	s->lru = g;
	return 0;
}

static void mglru_fini(struct sim *s)
{
	struct mglru *g = s->lru;

	for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
		for (int type = 0; type < NR_LRU_TYPES; type++)
			folio_list_clear(&g->lists[gen][type]);
	g_queue_clear(&g->mms);
	g_free(g);
}

static bool lru_gen_is_active(const struct mglru *g, unsigned int gen)
{
	return gen == lru_gen_from_seq(g->max_seq) || gen == lru_gen_from_seq(g->max_seq - 1);
}

static unsigned int lru_tier_from_refs(unsigned int refs, bool workingset)
{
	static const unsigned int order_base_2[LRU_REFS_MAX + 1] = { 0, 0, 1, 2, 2 };

	return workingset ? MAX_NR_TIERS - 1 : order_base_2[refs];
}

/* the list that holds it */
static struct folio_list *list_of(struct mglru *g, const struct folio *f)
{
	return &g->lists[f->gen >> LIST_SHIFT][folio_lru_type(f)];
}

/* Gives a folio another generation, but not its place there. */
static void set_gen(struct mglru *g, struct folio *f, unsigned int gen)
{
	enum lru_type type = folio_lru_type(f);

	g->nr_pages[folio_lru_gen(f)][type]--;
	g->nr_pages[gen][type]++;
	f->gen = (uint8_t)((f->gen & ~GEN_MASK) | (gen + 1));
}

/* a folio that is on no list, but has its generation, goes on the list of that */
static void list_put(struct sim *s, struct mglru *g, uint32_t slot, bool tail)
{
	struct folio *f = &s->folios[slot];
	unsigned int gen = (unsigned int)folio_lru_gen(f);

	f->gen = (uint8_t)((gen + 1) | gen << LIST_SHIFT);
	if (tail)
		folio_list_add_tail(list_of(g, f), s->folios, slot);
	else
		folio_list_add(list_of(g, f), s->folios, slot);
}

static uint64_t lru_gen_folio_seq(const struct mglru *g, const struct folio *f, bool reclaiming)
{
	const bool workingset = f->flags & PG_workingset;
	uint64_t gen;

	if (f->flags & PG_active)
		gen = MIN_NR_GENS - workingset;
	else if (reclaiming)
		gen = MAX_NR_GENS;
	else if ((f->flags & (PG_swapbacked | PG_swapcache)) == PG_swapbacked ||
		 (f->flags & (PG_reclaim | PG_dirty)) == (PG_reclaim | PG_dirty))
		gen = MIN_NR_GENS;
	else
		gen = MAX_NR_GENS - (workingset || (f->flags & PG_referenced));
	return MAX(g->max_seq - gen + 1, g->min_seq[folio_lru_type(f)]);
}

static void lru_gen_add_folio(struct sim *s, struct mglru *g, uint32_t slot, bool reclaiming)
{
	struct folio *f = &s->folios[slot];
	unsigned int gen = lru_gen_from_seq(lru_gen_folio_seq(g, f, reclaiming));

	f->gen = (uint8_t)(gen + 1);
	f->flags = (uint16_t)((f->flags & ~PG_active) | PG_lru);
	g->nr_pages[gen][folio_lru_type(f)]++;
	list_put(s, g, slot, reclaiming);
}

/* lru_gen_del_folio(), less the list, and less PG_active for who is migrated */
static void forget_gen(struct mglru *g, struct folio *f)
{
	g->nr_pages[folio_lru_gen(f)][folio_lru_type(f)]--;
	f->flags &= (uint16_t)~PG_lru;
	f->gen = 0;
}

static void mglru_del(struct sim *s, uint32_t slot)
{
	struct mglru *g = s->lru;
	struct folio *f = &s->folios[slot];

	folio_list_del(list_of(g, f), s->folios, slot);
	forget_gen(g, f);
}

static void mglru_add(struct sim *s, const uint32_t *slots, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		lru_gen_add_folio(s, s->lru, slots[i], false);
}

/* lru_activate() */
static void mglru_activate(struct sim *s, uint32_t slot)
{
	mglru_del(s, slot);
	s->folios[slot].flags |= PG_active;
	lru_gen_add_folio(s, s->lru, slot, false);
	count_vm(s, VM_sim_list_moves, 1);
}

static void mglru_move_tail(struct sim *s, uint32_t slot)
{
	mglru_del(s, slot);
	lru_gen_add_folio(s, s->lru, slot, true);
	count_vm(s, VM_sim_list_moves, 1);
}

/* lru_gen_inc_refs() */
static void mglru_mark_accessed(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	(void)cpu;
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

static bool mglru_clear_refs(struct sim *s, uint32_t slot)
{
	const struct mglru *g = s->lru;
	struct folio *f = &s->folios[slot];
	int gen = folio_lru_gen(f);

	if (gen < 0)
		return true;
	f->flags &= (uint16_t) ~(LRU_REFS_FLAGS | PG_workingset);
	return gen == (int)lru_gen_from_seq(g->min_seq[folio_lru_type(f)]);
}

/* Shadow entries */

/* lru_gen_eviction() */
static uint32_t mglru_eviction(struct sim *s, uint32_t slot)
{
	struct mglru *g = s->lru;
	const struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	unsigned int refs = folio_lru_refs(f);

	g->evicted.v[type][lru_tier_from_refs(refs, f->flags & PG_workingset)]++;
	return (uint32_t)(g->min_seq[type] << LRU_REFS_WIDTH) | (refs ? refs - 1 : 0);
}

/* lru_gen_test_recent() */
static bool test_recent(const struct mglru *g, uint32_t shadow)
{
	uint32_t now = (uint32_t)g->max_seq & SHADOW_SEQ, then = shadow >> LRU_REFS_WIDTH;

	return (now > then ? now - then : then - now) < MAX_NR_GENS;
}

/* lru_gen_refault() */
static void mglru_refault(struct sim *s, uint32_t slot, uint32_t shadow, bool workingset)
{
	const unsigned int refs = (shadow & ((1 << LRU_REFS_WIDTH) - 1)) + 1;
	struct mglru *g = s->lru;
	struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	uint16_t before = f->flags;

	count_vm(s, VM_workingset_refault_anon + type, 1);
	if (!test_recent(g, shadow)) {
		note(s, slot, REFAULT, before);
		return;
	}
	g->refaulted.v[type][lru_tier_from_refs(refs, workingset)]++;
	if (workingset) {
		count_vm(s, VM_workingset_activate_anon + type, s->in_lru_fault);
		f->flags |= PG_workingset;
		count_vm(s, VM_workingset_restore_anon + type, 1);
		note(s, slot, REFAULT_WORKINGSET, before);
	} else {
		f->flags = (uint16_t)((before & ~LRU_REFS_MASK) | (refs - 1) << LRU_REFS_PGOFF);
		note(s, slot, REFAULT_REFS, before);
	}
}

/* The feedback loop */

struct ctrl_pos {
	uint64_t refaulted, total;
	unsigned int gain;
};

/* of the tiers @from..@to */
static struct ctrl_pos read_ctrl_pos(const struct mglru *g, enum lru_type type, unsigned int from,
				     unsigned int to, unsigned int gain)
{
	struct ctrl_pos pos = { .gain = gain };

	for (unsigned int i = from; i <= to; i++) {
		pos.refaulted += g->avg_refaulted.v[type][i] + g->refaulted.v[type][i];
		pos.total +=
			g->avg_total.v[type][i] + g->protected.v[type][i] + g->evicted.v[type][i];
	}
	return pos;
}

/* reset_ctrl_pos(): the oldest generation is done with */
static void reset_ctrl_pos(struct mglru *g, enum lru_type type)
{
	for (unsigned int i = 0; i < MAX_NR_TIERS; i++) {
		struct ctrl_pos pos = read_ctrl_pos(g, type, i, i, 0);

		g->avg_refaulted.v[type][i] = pos.refaulted / 2;
		g->avg_total.v[type][i] = pos.total / 2;
		g->refaulted.v[type][i] = g->evicted.v[type][i] = g->protected.v[type][i] = 0;
	}
}

static bool positive_ctrl_err(const struct ctrl_pos *sp, const struct ctrl_pos *pv)
{
	return pv->refaulted < MIN_LRU_BATCH ||
	       pv->refaulted * (sp->total + MIN_LRU_BATCH) * sp->gain <=
		       (sp->refaulted + 1) * pv->total * pv->gain;
}

static unsigned int get_tier_idx(const struct mglru *g, enum lru_type type)
{
	const struct ctrl_pos sp = read_ctrl_pos(g, type, 0, 0, 2);
	unsigned int tier;

	for (tier = 1; tier < MAX_NR_TIERS; tier++) {
		const struct ctrl_pos pv = read_ctrl_pos(g, type, tier, tier, 3);

		if (!positive_ctrl_err(&sp, &pv))
			break;
	}
	return tier - 1;
}

static enum lru_type get_type_to_scan(const struct mglru *g, unsigned int swappiness)
{
	struct ctrl_pos sp, pv;

	if (swappiness <= 1)
		return LRU_FILE;
	if (swappiness >= 200)
		return LRU_ANON;
	sp = read_ctrl_pos(g, LRU_ANON, 0, MAX_NR_TIERS - 1, swappiness);
	pv = read_ctrl_pos(g, LRU_FILE, 0, MAX_NR_TIERS - 1, 200 - swappiness);
	return positive_ctrl_err(&sp, &pv) ? LRU_FILE : LRU_ANON;
}

/* Aging */

void lru_gen_update(struct sim *s, uint32_t slot, bool exec)
{
	struct mglru *g = s->lru;
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	if (!(before & (PG_referenced | PG_workingset)) && !is_exec_file_folio(f, exec)) {
		f->flags = (uint16_t)((before & ~LRU_REFS_MASK) | PG_referenced);
		note(s, slot, WALK_REFERENCED, before);
		return;
	}
	f->flags = (uint16_t)((before & ~LRU_REFS_FLAGS) | PG_workingset);
	set_gen(g, f, lru_gen_from_seq(g->max_seq));
	note(s, slot, WALK_PROMOTE, before);
}

bool lru_gen_set_refs(struct sim *s, uint32_t slot, bool exec)
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
		mglru_mark_accessed(s, s->this_cpu, slot);
	return true;
}

static unsigned int get_nr_gens(const struct mglru *g, enum lru_type type)
{
	return (unsigned int)(g->max_seq - g->min_seq[type]) + 1;
}

/* skips generations that are empty */
static void try_to_inc_min_seq(struct mglru *g, unsigned int swappiness)
{
	uint64_t min_seq[NR_LRU_TYPES] = { g->min_seq[0], g->min_seq[1] };
	const int first = swappiness ? LRU_ANON : LRU_FILE;
	bool any = false;

	for (int type = first; type < NR_LRU_TYPES; type++) {
		while (min_seq[type] + MIN_NR_GENS <= g->max_seq &&
		       !g->lists[lru_gen_from_seq(min_seq[type])][type].size) {
			min_seq[type]++;
			any = true;
		}
	}
	if (!any)
		return;
	/* two types that are both evicted stay close */
	if (swappiness) {
		uint64_t seq = g->max_seq - MIN_NR_GENS;

		if (min_seq[LRU_ANON] > seq && min_seq[LRU_FILE] < seq)
			min_seq[LRU_ANON] = seq;
		else if (min_seq[LRU_FILE] > seq && min_seq[LRU_ANON] < seq)
			min_seq[LRU_FILE] = seq;
	}
	for (int type = first; type < NR_LRU_TYPES; type++) {
		if (min_seq[type] <= g->min_seq[type])
			continue;
		reset_ctrl_pos(g, (enum lru_type)type);
		g->min_seq[type] = min_seq[type];
	}
}

/*
 * try_to_inc_max_seq(), with inc_max_seq(). Reclaim evicts a type that has all
 * its generations before it makes another. So only anon, where it is not evicted,
 * can be in the way: inc_min_seq() leaves it where it is, and its oldest pages are
 * among the youngest then.
 */
static void age(struct sim *s, struct mglru *g, unsigned int swappiness)
{
	if (!lru_gen_walk_mms(s, g->max_seq, swappiness))
		return;
	if (get_nr_gens(g, LRU_ANON) == MAX_NR_GENS) {
		reset_ctrl_pos(g, LRU_ANON);
		g->min_seq[LRU_ANON]++;
	}
	g->max_seq++;
}

/* Eviction */

/* folio_check_references() */
static enum folio_references mglru_check_references(struct sim *s, uint32_t slot)
{
	bool exec = false;
	int referenced_ptes = 0;

	if (s->folios[slot].mapcount)
		referenced_ptes = folio_referenced(s, slot, &exec);
	if (referenced_ptes == -1)
		return FOLIOREF_KEEP;
	if (!referenced_ptes)
		return FOLIOREF_RECLAIM;
	return lru_gen_set_refs(s, slot, exec) ? FOLIOREF_ACTIVATE : FOLIOREF_KEEP;
}

/* sort_folio(): true if the folio, off the oldest list, belongs elsewhere */
static bool sort_folio(struct sim *s, struct mglru *g, uint32_t slot, unsigned int tier_idx)
{
	struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	unsigned int oldest = lru_gen_from_seq(g->min_seq[type]);
	unsigned int refs = folio_lru_refs(f);
	bool workingset = f->flags & PG_workingset;
	unsigned int tier = lru_tier_from_refs(refs, workingset);
	uint16_t before = f->flags;

	if (folio_lru_gen(f) != (int)oldest) {
		list_put(s, g, slot, false);
		return true;
	}
	/* don't count the workingset being lazily promoted */
	if (refs + workingset == LRU_REFS_MAX + 1)
		;
	else if (tier > tier_idx)
		g->protected.v[type][tier]++;
	else
		return false;
	/* folio_inc_gen() */
	f->flags &= (uint16_t)~LRU_REFS_FLAGS;
	set_gen(g, f, (oldest + 1) % MAX_NR_GENS);
	list_put(s, g, slot, false);
	note(s, slot, PROTECT, before);
	return true;
}

/* scan_folios(). @slots: the isolated, oldest first. Return: folios scanned. */
static unsigned int scan_folios(struct sim *s, struct mglru *g, const struct scan_control *sc,
				unsigned int nr_to_scan, enum lru_type type, uint32_t *slots,
				unsigned int *isolated)
{
	struct folio_list *l = &g->lists[lru_gen_from_seq(g->min_seq[type])][type];
	const unsigned int tier_idx = get_tier_idx(g, type);
	unsigned int scanned, n = 0;

	if (get_nr_gens(g, type) == MIN_NR_GENS)
		return 0;
	scanned = folio_list_take(l, s->folios, nr_to_scan, slots);
	for (unsigned int i = 0; i < scanned; i++) {
		uint32_t slot = slots[i];
		struct folio *f = &s->folios[slot];

		if (sort_folio(s, g, slot, tier_idx))
			continue;
		/* isolate_folio() */
		if (!(f->flags & PG_referenced))
			f->flags &= (uint16_t)~LRU_REFS_MASK;
		forget_gen(g, f);
		slots[n++] = slot;
	}
	count_vm(s, sc->kswapd ? VM_pgscan_kswapd : VM_pgscan_direct, n);
	count_vm(s, VM_pgrefill, scanned - n);
	count_vm(s, VM_sim_list_moves, scanned - n); /* by sort_folio() */
	count_vm(s, VM_pgscan_anon + type, n);
	*isolated = n;
	return scanned;
}

static unsigned int isolate_folios(struct sim *s, struct mglru *g, const struct scan_control *sc,
				   unsigned int nr_to_scan, unsigned int swappiness,
				   enum lru_type *type, uint32_t *slots, unsigned int *isolated)
{
	unsigned int total_scanned = 0;

	*type = get_type_to_scan(g, swappiness);
	for (int i = swappiness ? LRU_ANON : LRU_FILE; i < NR_LRU_TYPES; i++) {
		unsigned int scanned = scan_folios(s, g, sc, nr_to_scan, *type, slots, isolated);

		total_scanned += scanned;
		if (*isolated)
			break;
		if (!scanned)
			*type = *type == LRU_FILE ? LRU_ANON : LRU_FILE;
	}
	return total_scanned;
}

/*
 * What shrink_folio_list() left goes back on the lists, but on the first pass
 * (@clean) for the folios that nothing seems to speak for: those get a second
 * one. Return: how many these are.
 */
static unsigned int putback(struct sim *s, struct mglru *g, enum lru_type type,
			    const uint32_t *slots, unsigned int n, uint32_t *clean)
{
	unsigned int nr_clean = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct folio *f = &s->folios[slots[i]];

		if (clean && !(f->flags & (PG_active | PG_dirty)) && !f->mapcount) {
			clean[nr_clean++] = slots[i];
			continue;
		}
		/* don't add rejected folios to the oldest generation */
		if (lru_gen_folio_seq(g, f, false) == g->min_seq[type])
			f->flags = (uint16_t)((f->flags & ~LRU_REFS_FLAGS) | PG_active);
		lru_gen_add_folio(s, g, slots[i], false);
	}
	count_vm(s, VM_sim_list_moves, n - nr_clean);
	return nr_clean;
}

/* evict_folios(). Return: folios scanned. */
static unsigned int evict_folios(struct sim *s, struct scan_control *sc, unsigned int nr_to_scan,
				 unsigned int swappiness)
{
	struct mglru *g = s->lru;
	uint32_t slots[MIN_LRU_BATCH], clean[MIN_LRU_BATCH];
	unsigned int scanned, isolated = 0, nr_left, nr_clean;
	uint64_t reclaimed, retried = 0;
	enum lru_type type;

	try_to_inc_min_seq(g, swappiness);
	scanned = isolate_folios(s, g, sc, nr_to_scan, swappiness, &type, slots, &isolated);
	if (scanned)
		try_to_inc_min_seq(g, swappiness);
	if (!isolated)
		return scanned;
	nr_left = isolated;
	reclaimed = shrink_folio_list(s, slots, &nr_left, sc);
	nr_clean = putback(s, g, type, slots, nr_left, clean);
	handle_reclaim_writeback(s, sc, isolated);
	if (nr_clean) {
		retried = shrink_folio_list(s, clean, &nr_clean, sc);
		putback(s, g, type, clean, nr_clean, NULL);
	}
	reclaimed += retried;
	sc->nr_reclaimed += reclaimed;
	count_vm(s, sc->kswapd ? VM_pgsteal_kswapd : VM_pgsteal_direct, reclaimed);
	count_vm(s, VM_pgsteal_anon + type, reclaimed);
	count_vm(s, VM_pgrotate_anon + type, isolated - reclaimed);
	return scanned;
}

static unsigned int get_swappiness(const struct sim *s, const struct scan_control *sc)
{
	if (!sc->may_swap || nr_swap_pages(s) < MIN_LRU_BATCH)
		return 0;
	return s->cfg.machine.swappiness;
}

static bool should_run_aging(const struct mglru *g, const struct scan_control *sc,
			     unsigned int swappiness)
{
	uint64_t min_seq = g->min_seq[LRU_FILE];

	if (swappiness)
		min_seq = MIN(min_seq, g->min_seq[LRU_ANON]);
	if (min_seq + MIN_NR_GENS > g->max_seq)
		return true;
	/* eviction can go on; if the going is easy, let it */
	return sc->priority != DEF_PRIORITY && min_seq + MIN_NR_GENS == g->max_seq;
}

/* lruvec_evictable_size() */
static uint64_t evictable_size(const struct mglru *g, unsigned int swappiness)
{
	uint64_t total = 0;

	for (int type = swappiness ? LRU_ANON : LRU_FILE; type < NR_LRU_TYPES; type++)
		for (uint64_t seq = g->min_seq[type]; seq <= g->max_seq; seq++)
			total += g->nr_pages[lru_gen_from_seq(seq)][type];
	return total;
}

static bool should_abort_scan(const struct sim *s, const struct scan_control *sc)
{
	/* kswapd: of this pass */
	uint64_t reclaimed = sc->nr_reclaimed - (sc->kswapd ? sc->nr_reclaimed_before : 0);

	if (reclaimed >= MAX(sc->nr_to_reclaim, 2)) /* compact_gap(0) */
		return true;
	return sc->kswapd && free_pages(s) > (uint64_t)s->zone.wmark_high + MIN_LRU_BATCH;
}

/* What a pass keeps between its steps */
enum {
	LEFT_TO_SCAN,
	SWAPPINESS,
};

/* try_to_shrink_lruvec(): once round its loop. Returns true while there is more. */
static bool shrink_lruvec(struct sim *s, struct scan_control *sc)
{
	struct mglru *g = s->lru;
	const unsigned int swappiness = (unsigned int)sc->nr[SWAPPINESS];
	const uint64_t nr = MIN(sc->nr[LEFT_TO_SCAN], MIN_LRU_BATCH);
	bool should_age = should_run_aging(g, sc, swappiness);
	unsigned int delta;

	if (should_age)
		age(s, g, swappiness);
	delta = evict_folios(s, sc, (unsigned int)nr, swappiness);
	if (!delta || should_abort_scan(s, sc))
		return false;
	/* root reclaim: the next cgroup's turn */
	if (!sc->memcg && should_age)
		return false;
	sc->nr[LEFT_TO_SCAN] -= MIN(delta, sc->nr[LEFT_TO_SCAN]);
	return sc->nr[LEFT_TO_SCAN] > 0;
}

static int fls_long(uint64_t x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

/* kswapd starts where total >> priority should be enough */
static void set_initial_priority(const struct sim *s, struct scan_control *sc)
{
	const struct lru_model *lru = s->cfg.lru;
	uint64_t reclaimable;
	int priority;

	if (sc->priority != DEF_PRIORITY || sc->nr_to_reclaim < MIN_LRU_BATCH)
		return;
	reclaimable = lru->size(s, LRU_FILE, false);
	if (nr_swap_pages(s))
		reclaimable += lru->size(s, LRU_ANON, false);
	priority = fls_long(reclaimable) - 1 - fls_long(sc->nr_to_reclaim - 1);
	sc->priority = CLAMP(priority, DEF_PRIORITY / 2, DEF_PRIORITY);
}

/* lru_gen_shrink_node(); in a memcg lru_gen_shrink_lruvec() */
static bool mglru_shrink_node(struct sim *s, struct scan_control *sc)
{
	struct mglru *g = s->lru;

	/* set_mm_walk(), clear_mm_walk(): kswapd has one, others get one by aging */
	if (sc->kswapd || !sc->in_pass)
		g->has_walk = sc->kswapd;
	if (!sc->in_pass) {
		lru_add_drain_cpu(s, s->this_cpu);
		if (!sc->memcg)
			set_initial_priority(s, sc);
		sc->nr[SWAPPINESS] = get_swappiness(s, sc);
		sc->nr[LEFT_TO_SCAN] =
			evictable_size(g, (unsigned int)sc->nr[SWAPPINESS]) >> sc->priority;
		if (!sc->nr[LEFT_TO_SCAN])
			return false;
	}
	return shrink_lruvec(s, sc);
}

/* lru_gen_age_node() */
static void mglru_age_node(struct sim *s, struct scan_control *sc)
{
	set_initial_priority(s, sc);
}

/* snapshot_refaults() returns at once, and nothing here goes by statistics */
static void mglru_nothing(struct sim *s)
{
	(void)s;
}

/* readahead, too, puts pages into old generations, before anything was decided:
 * only those count that had been promoted. A page that was born young and grew
 * old is missed. */
static bool mglru_aged(const struct sim *s, uint32_t slot)
{
	const struct folio *f = &s->folios[slot];
	int gen = folio_lru_gen(f);

	return f->flags & PG_workingset && gen >= 0 &&
	       !lru_gen_is_active(s->lru, (unsigned int)gen);
}

static uint64_t mglru_size(const struct sim *s, enum lru_type type, bool active)
{
	const struct mglru *g = s->lru;
	uint64_t n = 0;

	for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
		if (lru_gen_is_active(g, gen) == active)
			n += g->nr_pages[gen][type];
	return n;
}

static uint64_t mglru_list_bytes(const struct sim *s)
{
	const struct mglru *g = s->lru;
	uint64_t bytes = sizeof(*g);

	for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
		for (int type = 0; type < NR_LRU_TYPES; type++)
			bytes += ((uint64_t)g->lists[gen][type].mask + 1) * sizeof(uint32_t);
	return bytes;
}

static void mglru_walk(const struct sim *s, bool (*fn)(void *arg, const char *list, uint32_t slot),
		       void *arg)
{
	const struct mglru *g = s->lru;

	for (int type = 0; type < NR_LRU_TYPES; type++) {
		for (unsigned int age = 0; age < MAX_NR_GENS; age++) {
			const struct folio_list *l =
				&g->lists[lru_gen_from_seq(g->max_seq - age)][type];
			uint32_t place = l->head, slot;

			while ((slot = folio_list_prev(l, &place)))
				if (!fn(arg, list_names[age][type], slot))
					return;
		}
	}
}

static int check_list(const struct sim *s, unsigned int gen, enum lru_type type,
		      uint64_t nr_pages[MAX_NR_GENS], struct err *err)
{
	const struct mglru *g = s->lru;
	const struct folio_list *l = &g->lists[gen][type];
	uint32_t place = l->head, slot;
	uint64_t n = 0;

	while ((slot = folio_list_prev(l, &place))) {
		const struct folio *f = &s->folios[slot];

		if (f->pos != place)
			return err_set(err, -EIO, "generation %u: slot %u says place %u, is at %u",
				       gen, slot, f->pos, place);
		if ((f->flags & (PG_lru | PG_active)) != PG_lru || folio_lru_gen(f) < 0 ||
		    folio_lru_type(f) != type || f->gen >> LIST_SHIFT != gen)
			return err_set(err, -EIO, "generation %u: slot %u has flags %#x, gen %#x",
				       gen, slot, f->flags, f->gen);
		nr_pages[folio_lru_gen(f)]++;
		n++;
	}
	if (n != l->size || l->head - l->tail > l->mask + 1)
		return err_set(err, -EIO, "generation %u: %llu folios listed, %llu counted", gen,
			       (unsigned long long)n, (unsigned long long)l->size);
	return 0;
}

static int mglru_check(const struct sim *s, struct err *err)
{
	const struct mglru *g = s->lru;

	for (int type = 0; type < NR_LRU_TYPES; type++) {
		uint64_t nr_pages[MAX_NR_GENS] = { 0 };
		unsigned int nr_gens = get_nr_gens(g, (enum lru_type)type);

		/* seq_is_valid() */
		if (nr_gens < MIN_NR_GENS || nr_gens > MAX_NR_GENS)
			return err_set(err, -EIO, "type %d has %u generations", type, nr_gens);
		for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++) {
			int ret = check_list(s, gen, (enum lru_type)type, nr_pages, err);

			if (ret)
				return ret;
		}
		for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
			if (nr_pages[gen] != g->nr_pages[gen][type])
				return err_set(err, -EIO, "type %d, generation %u: %llu, not %llu",
					       type, gen, (unsigned long long)nr_pages[gen],
					       (unsigned long long)g->nr_pages[gen][type]);
	}
	if (g->mm_seq + 1 != g->max_seq)
		return err_set(err, -EIO, "%llu walks, %llu generations",
			       (unsigned long long)g->mm_seq, (unsigned long long)g->max_seq);
	return 0;
}

const struct lru_model lru_mglru = {
	.name = "mglru",
	.summary = "multi-generational LRU (MGLRU) with page-table walks, v7.3",
	.mark_noop_flags = LRU_REFS_FLAGS | PG_workingset,
	.lru_gen = true,
	.init = mglru_init,
	.fini = mglru_fini,
	.refault = mglru_refault,
	.add = mglru_add,
	.mark_accessed = mglru_mark_accessed,
	.activate = mglru_activate,
	.del = mglru_del,
	.move_tail = mglru_move_tail,
	.clear_refs = mglru_clear_refs,
	.check_references = mglru_check_references,
	.aged = mglru_aged,
	.look_around = lru_gen_look_around,
	.add_mm = lru_gen_add_mm,
	.del_mm = lru_gen_del_mm,
	.eviction = mglru_eviction,
	.shrink_node = mglru_shrink_node,
	.age_node = mglru_age_node,
	.reclaim_end = mglru_nothing,
	.flush_stats = mglru_nothing,
	.size = mglru_size,
	.list_bytes = mglru_list_bytes,
	.walk = mglru_walk,
	.check = mglru_check,
};
