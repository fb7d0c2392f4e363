// SPDX-License-Identifier: GPL-2.0-only
/*
 * The classic LRU of v7.3: active and inactive lists for anon and file, with
 * shadow entries. Mirrors mm/vmscan.c (shrink_node, prepare_scan_control,
 * get_scan_count, shrink_lruvec, shrink_active_list, shrink_inactive_list,
 * inactive_is_low, folio_check_references), mm/workingset.c and the list moves
 * of mm/folio.c. v6.12 notes costs at other times, and its folio_check_references()
 * clears other flags (sim/kernel.h).
 *
 * A file page enters the inactive list. A second mark there moves it to the active
 * list. The active list is shrunk when it outgrows the inactive one or when refaults
 * show that the working set changed. A clock ticks with every eviction and
 * activation, and an evicted page leaves the clock's value as a shadow entry. If the
 * page comes back within as many ticks as the active list is long, it would have
 * stayed resident in the place of the active pages. It then starts active.
 *
 * Approximations: one node; no memory.low/min; shrink_active_list() strips no buffer heads.
 * Reclaim's statistics are exact unless the machine key memcg_stats is "flushed".
 */
#include <errno.h>
#include <string.h>

#include "models/lru-classic.h"
#include "models/models.h"
#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/event.h"
#include "sim/mm/mlock.h"
#include "sim/mm/reclaim.h"
#include "sim/mm/rmap.h"
#include "sim/mm/swap.h"
#include "sim/state.h"

static const char *const list_names[NR_LISTS + 1] = { "inactive_anon", "active_anon",
						      "inactive_file", "active_file", NULL };

static int classic_init(const struct sim *s, struct lruvec *lruvec)
{
	struct classic *c = g_new0(struct classic, 1);

	(void)s;
	for (int i = 0; i < NR_LISTS; i++)
		folio_list_init(&c->lists[i]);
	lruvec->lists = c;
	return 0;
}

static void classic_fini(struct lruvec *lruvec)
{
	struct classic *c = lruvec->lists;

	for (int i = 0; i < NR_LISTS; i++)
		folio_list_clear(&c->lists[i]);
	g_free(c);
}

static inline unsigned int list_of(const struct folio *f)
{
	return LIST(folio_lru_type(f), (f->flags & PG_active) != 0);
}

/* lruvec_add_folio() */
static inline void list_add(struct sim *s, struct classic *c, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	folio_list_add(&c->lists[list_of(f)], s->folios, slot);
	f->flags |= PG_lru;
}

/* lruvec_del_folio() */
static inline void list_del(struct sim *s, struct classic *c, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	folio_list_del(&c->lists[list_of(f)], s->folios, slot);
	f->flags &= (uint16_t)~PG_lru;
}

static void classic_add(struct sim *s, struct lruvec *lruvec, const uint32_t *slots, unsigned int n)
{
	struct classic *c = lruvec->lists;

	for (unsigned int i = 0; i < n; i++)
		list_add(s, c, slots[i]);
}

static void classic_del(struct sim *s, struct lruvec *lruvec, uint32_t slot)
{
	list_del(s, lruvec->lists, slot);
}

static void classic_activate(struct sim *s, struct lruvec *lruvec, uint32_t slot)
{
	struct classic *c = lruvec->lists;

	list_del(s, c, slot);
	s->folios[slot].flags |= PG_active;
	list_add(s, c, slot);
	count_vm(s, VM_sim_list_moves, folio_nr_pages(&s->folios[slot]));
}

/* lru_move_tail() */
static void classic_move_tail(struct sim *s, struct lruvec *lruvec, uint32_t slot)
{
	struct classic *c = lruvec->lists;
	struct folio *f = &s->folios[slot];

	list_del(s, c, slot);
	f->flags &= (uint16_t)~PG_active;
	folio_list_add_tail(&c->lists[list_of(f)], s->folios, slot);
	f->flags |= PG_lru;
	count_vm(s, VM_sim_list_moves, folio_nr_pages(f));
}

static void classic_split(struct sim *s, struct lruvec *lruvec, uint32_t slot, uint32_t end)
{
	struct classic *c = lruvec->lists;

	folio_list_split(&c->lists[list_of(&s->folios[slot])], s->folios, slot, end);
}

/* folio_mark_accessed() of a folio that is referenced and not active */
static __attribute__((noinline)) void mark_active(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct classic *c = folio_lruvec(s, slot)->lists;
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	f->flags &= (uint16_t)~PG_referenced;
	c->nonresident_age += folio_nr_pages(f); /* workingset_activation() */
	if (before & PG_lru) {
		note(s, slot, MARK_ACTIVATE, before);
		/* the drain of the batch will access the list position */
		folio_list_prefetch(&c->lists[list_of(f)], f);
		folio_activate(s, cpu, slot);
		count_vm(s, VM_sim_mark_moves, folio_nr_pages(f));
	} else if (lru_cache_activate_folio(s, cpu, slot)) {
		note(s, slot, MARK_BATCHED, before);
	} else {
		note(s, slot, MARK_LOST, before);
	}
}

/* folio_mark_accessed() */
static void classic_mark_accessed(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	f->idle = false;
	if (!(before & PG_referenced)) {
		f->flags |= PG_referenced;
		note(s, slot, MARK_REFERENCED, before);
	} else if (!(before & PG_active) && !f->unevictable) {
		mark_active(s, cpu, slot);
	}
}

/* nonresident_age. A lruvec ages with its children, so that of the root is the sum. */
static uint32_t age_of(const struct sim *s, const struct lruvec *lruvec)
{
	uint64_t age = ((const struct classic *)lruvec->lists)->nonresident_age;

	for (unsigned int i = 1; lruvec_memcg(lruvec) == s->root && i < s->nr_memcgs; i++)
		age += ((const struct classic *)s->memcg[i].lruvec.lists)->nonresident_age;
	return (uint32_t)age;
}

/* where there are several memcgs: by s->target, or by the root */
static __attribute__((noinline)) uint32_t target_eviction(struct sim *s, struct lruvec *lruvec,
							  uint32_t slot)
{
	const bool by_root = s->root && !s->target && lruvec_memcg(lruvec) != s->root;
	struct classic *c;
	uint32_t age;

	if (by_root)
		lruvec = &s->root->lruvec;
	c = lruvec->lists;
	age = age_of(s, lruvec);
	c->nonresident_age += folio_nr_pages(&s->folios[slot]);
	return (age & EVICTION_MASK) | (by_root ? BY_ROOT : 0);
}

/* workingset_eviction() */
static uint32_t classic_eviction(struct sim *s, struct lruvec *lruvec, uint32_t slot)
{
	struct classic *c = lruvec->lists;
	const uint32_t eviction = (uint32_t)c->nonresident_age;

	if (__builtin_expect(s->nr_memcgs > 1, 0))
		return target_eviction(s, lruvec, slot);
	c->nonresident_age += folio_nr_pages(&s->folios[slot]);
	return eviction;
}

static __attribute__((noinline)) void explain_distance(struct sim *s, struct lruvec *lruvec,
						       uint32_t slot, uint32_t distance)
{
	const uint64_t *size = lruvec_stats(s, lruvec)->size;
	const enum lru_type type = folio_lru_type(&s->folios[slot]);
	const bool swap = nr_swap_pages(s) > 0;
	struct event_cause cause = { slot, CAUSE_DISTANCE, { distance } };

	for (int l = 0; l < NR_LISTS; l++)
		cause.n[l + 1] = held_by(swap, size, l, type);
	event_because(s, &cause);
}

static __attribute__((noinline)) void note_cost(struct sim *s, struct lruvec *lruvec,
						enum lru_type type, uint64_t cost)
{
	struct classic *c = lruvec->lists;
	const uint64_t *size;

	c->cost[type].count += cost;
	size = lruvec_stats(s, lruvec)->size;
	if (c->cost[LRU_ANON].count + c->cost[LRU_FILE].count >
	    (size[INACTIVE_ANON] + size[ACTIVE_ANON] + size[INACTIVE_FILE] + size[ACTIVE_FILE]) / 4)
		for (int t = 0; t < NR_LRU_TYPES; t++)
			c->cost[t].count /= 2;
	/* parent_lruvec() */
	if (s->root && lruvec_memcg(lruvec) != s->root)
		note_cost(s, &s->root->lruvec, type, cost);
}

/* lru_note_cost() of v6.12 */
static inline void lru_note_cost(struct sim *s, struct lruvec *lruvec, enum lru_type type,
				 uint64_t nr_io, uint64_t nr_rotated)
{
	if (!s->cfg.kernel->cost_by_statistics)
		note_cost(s, lruvec, type, nr_io * SWAP_CLUSTER_MAX + nr_rotated);
}

/* workingset_refault() */
static void classic_refault(struct sim *s, struct lruvec *lruvec, uint32_t slot,
			    struct lruvec *evicted, uint32_t shadow, bool workingset)
{
	struct classic *c = lruvec->lists;
	struct folio *f = &s->folios[slot];
	enum lru_type type = folio_lru_type(f);
	const uint32_t nr = folio_nr_pages(f);
	uint16_t before = f->flags;
	uint32_t distance;

	count_vm(s, VM_workingset_refault_anon + type, nr);
	/* judged where it was evicted, and charged where it is used now */
	distance = (uint32_t)((const struct classic *)evicted->lists)->nonresident_age - shadow;
	if (__builtin_expect(s->nr_memcgs > 1, 0)) {
		if (shadow & BY_ROOT)
			evicted = &s->root->lruvec;
		distance = (age_of(s, evicted) - shadow) & EVICTION_MASK;
	}
	if (__builtin_expect(s->log != NULL, 0))
		explain_distance(s, evicted, slot, distance);
	if (distance > workingset_size(s, evicted, type)) {
		note(s, slot, REFAULT, before);
		return;
	}
	f->flags |= PG_active;
	c->nonresident_age += nr;
	mod_lruvec_state(s, lruvec, VM_workingset_activate_anon + type, nr);
	if (workingset) {
		f->flags |= PG_workingset;
		lru_note_cost(s, lruvec, type, nr, 0);
		mod_lruvec_state(s, lruvec, VM_workingset_restore_anon + type, nr);
	}
	note(s, slot, REFAULT_ACTIVATE, before);
}

/* folio_check_references() of a folio that PTEs map */
static __attribute__((noinline)) enum folio_references check_mapped(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	bool exec = false, referenced_folio = f->flags & PG_referenced;
	int referenced_ptes = folio_referenced(s, slot, &exec);

	if (referenced_ptes >= 0 || s->cfg.kernel->clears_referenced_first)
		f->flags &= (uint16_t)~PG_referenced;
	if (referenced_ptes < 0)
		return referenced_ptes == REFERENCED_LOCKED ? FOLIOREF_ACTIVATE : FOLIOREF_KEEP;
	because(s, slot, CAUSE_REFERENCES, { (uint64_t)referenced_ptes, referenced_folio, exec });
	if (!referenced_ptes)
		return FOLIOREF_RECLAIM;
	f->flags |= PG_referenced;
	if (referenced_folio || referenced_ptes > 1)
		return FOLIOREF_ACTIVATE;
	if (exec && !(f->flags & PG_swapbacked))
		return FOLIOREF_ACTIVATE;
	return FOLIOREF_KEEP;
}

static enum folio_references classic_check_references(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (f->mapcount)
		return check_mapped(s, slot);
	f->flags &= (uint16_t)~PG_referenced;
	return FOLIOREF_RECLAIM;
}

/* isolate_lru_folios(): take @nr_to_scan pages from the tail, oldest first. @nr_taken: set
 * to the number of pages. Return: number of folios. */
static unsigned int isolate(struct sim *s, struct classic *c, unsigned int list,
			    uint64_t nr_to_scan, uint32_t *slots, uint64_t *nr_taken)
{
	unsigned int n = folio_list_take(&c->lists[list], s->folios, nr_to_scan, slots, nr_taken);

	for (unsigned int i = 0; i < n; i++)
		s->folios[slots[i]].flags &= (uint16_t)~PG_lru;
	return n;
}

/* move_folios_to_lru(). Return: number of pages. */
static uint64_t putback(struct sim *s, struct classic *c, const uint32_t *slots, unsigned int n)
{
	uint64_t nr_moved = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct folio *f = &s->folios[slots[i]];

		if (!folio_evictable(f)) {
			folio_putback_lru(s, slots[i]);
			continue;
		}
		list_add(s, c, slots[i]);
		nr_moved += folio_nr_pages(f);
		if (f->flags & PG_active)
			c->nonresident_age += folio_nr_pages(f);
	}
	count_vm(s, VM_sim_list_moves, nr_moved);
	return nr_moved;
}

static uint64_t shrink_inactive_list(struct sim *s, struct lruvec *lruvec, struct scan_control *sc,
				     enum lru_type type, uint64_t nr_to_scan)
{
	struct classic *c = lruvec->lists;
	uint32_t slots[SWAP_CLUSTER_MAX];
	unsigned int nr_left;
	uint64_t nr_taken, nr_reclaimed, nr_written;

	lru_add_drain_cpu(s, s->this_cpu);
	nr_left = isolate(s, c, LIST(type, 0), nr_to_scan, slots, &nr_taken);
	s->reclaim_work += nr_left;
	count_vm(s, VM_pgscan_kswapd + reclaimer_offset(s, sc), nr_taken);
	count_vm(s, VM_pgscan_anon + type, nr_taken);
	if (!nr_taken)
		return 0;
	nr_written = s->stat.v[VM_nr_vmscan_write];
	nr_reclaimed = shrink_folio_list(s, slots, &nr_left, sc);
	putback(s, c, slots, nr_left);
	count_vm(s, VM_pgsteal_kswapd + reclaimer_offset(s, sc), nr_reclaimed);
	count_vm(s, VM_pgsteal_anon + type, nr_reclaimed);
	mod_lruvec_state(s, lruvec, VM_pgrotate_anon + type, nr_taken - nr_reclaimed);
	lru_note_cost(s, lruvec, type, s->stat.v[VM_nr_vmscan_write] - nr_written,
		      nr_taken - nr_reclaimed);
	handle_reclaim_writeback(s, sc, nr_taken);
	return nr_reclaimed;
}

static void shrink_active_list(struct sim *s, struct lruvec *lruvec, enum lru_type type,
			       uint64_t nr_to_scan)
{
	struct classic *c = lruvec->lists;
	uint32_t slots[SWAP_CLUSTER_MAX], l_active[SWAP_CLUSTER_MAX] = { 0 };
	unsigned int nr, nr_active = 0, nr_inactive = 0;
	uint64_t nr_taken, nr_rotated;

	lru_add_drain_cpu(s, s->this_cpu);
	nr = isolate(s, c, LIST(type, 1), nr_to_scan, slots, &nr_taken);
	s->reclaim_work += nr;
	count_vm(s, VM_pgrefill, nr_taken);
	for (unsigned int i = 0; i < nr; i++) {
		uint32_t slot = slots[i];
		struct folio *f = &s->folios[slot];
		uint16_t before = f->flags;
		bool exec = false;

		if (!folio_evictable(f)) {
			folio_putback_lru(s, slot);
			continue;
		}
		if (f->mapcount && folio_referenced(s, slot, &exec) != 0 && exec &&
		    type == LRU_FILE) {
			l_active[nr_active++] = slot;
			note(s, slot, ROTATE_EXEC, before);
			continue;
		}
		f->flags = (uint16_t)((f->flags & ~PG_active) | PG_workingset);
		slots[nr_inactive++] = slot;
		note(s, slot, DEACTIVATE, before);
	}
	nr_rotated = putback(s, c, l_active, nr_active);
	count_vm(s, VM_pgdeactivate, putback(s, c, slots, nr_inactive));
	mod_lruvec_state(s, lruvec, VM_pgrotate_anon + type, nr_rotated);
	if (nr_rotated)
		lru_note_cost(s, lruvec, type, 0, nr_rotated);
}

static bool inactive_is_low(const struct sim *s, const struct lruvec_stats *st, enum lru_type type)
{
	uint64_t inactive = st->size[LIST(type, 0)], active = st->size[LIST(type, 1)];
	/* of the whole machine, if this is a sample of it */
	uint64_t gb = (inactive + active) * s->cfg.one_in >> 18, ratio = 1;

	if (gb) /* int_sqrt(10 * gb) */
		for (ratio = 3; (ratio + 1) * (ratio + 1) <= 10 * gb;)
			ratio++;
	return inactive * ratio < active;
}

/* Add the changes of the statistics since the last call to the costs, which decay. */
static void costs_from_statistics(struct classic *c, const struct lruvec_stats *st)
{
	struct lru_cost *anon = &c->cost[LRU_ANON], *file_cost = &c->cost[LRU_FILE];
	uint64_t lrusize = 0;

	for (int t = 0; t < NR_LRU_TYPES; t++) {
		struct lru_cost *cost = &c->cost[t];

		cost->count += (st->io[t] - cost->last_io) * SWAP_CLUSTER_MAX +
			       (st->rotate[t] - cost->last_rotated);
		cost->last_rotated = st->rotate[t];
		cost->last_io = st->io[t];
	}
	for (int i = 0; i < NR_LISTS; i++)
		lrusize += st->size[i];
	while (anon->count + file_cost->count > lrusize / 4) {
		anon->count /= 2;
		file_cost->count /= 2;
	}
}

static void prepare_scan_control(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	struct classic *c = lruvec->lists;
	const struct lruvec_stats *st = lruvec_stats(s, lruvec);
	uint64_t file;

	if (s->cfg.kernel->cost_by_statistics)
		costs_from_statistics(c, st);
	sc->anon_cost = c->cost[LRU_ANON].count;
	sc->file_cost = c->cost[LRU_FILE].count;

	sc->may_deactivate = 0;
	for (int t = 0; t < NR_LRU_TYPES; t++)
		if (sc->force_deactivate || st->activate[t] != c->refaults[t] ||
		    inactive_is_low(s, st, (enum lru_type)t))
			sc->may_deactivate |= (uint8_t)(1 << t);

	file = st->size[INACTIVE_FILE];
	sc->cache_trim_mode = file >> sc->priority && !(sc->may_deactivate & 1 << LRU_FILE) &&
			      !sc->no_cache_trim_mode;
	if (!sc->memcg) {
		file = st->size[ACTIVE_FILE] + st->size[INACTIVE_FILE];
		sc->file_is_tiny = file + free_pages(s) <= (uint64_t)s->zone.wmark_high &&
				   !(sc->may_deactivate & 1 << LRU_ANON) &&
				   st->size[INACTIVE_ANON] >> sc->priority;
	}
}

/* get_scan_count() with calculate_pressure_balance() */
static void get_scan_count(const struct sim *s, const struct lruvec *lruvec,
			   const struct scan_control *sc, uint64_t *nr)
{
	const struct classic *c = lruvec->lists;
	const uint64_t swappiness = sc_swappiness(s, sc);
	uint64_t fraction[NR_LRU_TYPES] = { 0, 0 }, denominator = 0;
	uint64_t total, anon_cost, file_cost;
	enum { EQUAL, FRACT, ANON, FILE_ONLY } balance;

	if (!sc->may_swap || !nr_swap_pages(s)) {
		balance = FILE_ONLY;
	} else if (sc->memcg && !swappiness) {
		balance = FILE_ONLY;
	} else if (!sc->priority && swappiness) {
		balance = EQUAL;
	} else if (sc->file_is_tiny) {
		balance = ANON;
	} else if (sc->cache_trim_mode) {
		balance = FILE_ONLY;
	} else {
		balance = FRACT;
		total = sc->anon_cost + sc->file_cost;
		anon_cost = total + sc->anon_cost;
		file_cost = total + sc->file_cost;
		total = anon_cost + file_cost;
		fraction[LRU_ANON] = swappiness * (total + 1) / (anon_cost + 1);
		fraction[LRU_FILE] = (200 - swappiness) * (total + 1) / (file_cost + 1);
		denominator = fraction[LRU_ANON] + fraction[LRU_FILE];
	}
	for (int i = 0; i < NR_LISTS; i++) {
		int type = i / 2;

		nr[i] = folio_list_size(&c->lists[i]) >> sc->priority;
		if (balance == FRACT)
			nr[i] = nr[i] * fraction[type] / denominator;
		else if (balance == ANON && type == LRU_FILE)
			nr[i] = 0;
		else if (balance == FILE_ONLY && type == LRU_ANON)
			nr[i] = 0;
	}
}

static void rescale(uint64_t *nr, uint64_t target, uint64_t percentage)
{
	uint64_t scanned = target - *nr;

	*nr = target * (100 - percentage) / 100;
	*nr -= MIN(*nr, scanned);
}

/*
 * One round of shrink_lruvec()'s loop over the lists: up to SWAP_CLUSTER_MAX
 * pages of each. Return: true while there is more to scan.
 */
static bool shrink_lists(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	const bool proportional = !sc->memcg && !sc->kswapd && sc->priority == DEF_PRIORITY;
	uint64_t *nr = sc->nr, nr_file, nr_anon, percentage;
	int stop, go_on;

	for (int i = 0; i < NR_LISTS; i++) {
		enum lru_type type = (enum lru_type)(i / 2);
		uint64_t n = MIN(nr[i], s->batches.cluster);

		if (!n)
			continue;
		nr[i] -= n;
		if (i % 2 == 0)
			sc->nr_reclaimed += shrink_inactive_list(s, lruvec, sc, type, n);
		else if (sc->may_deactivate & 1 << type)
			shrink_active_list(s, lruvec, type, n);
		else
			sc->skipped_deactivate = true;
	}
	if (!proportional && sc->nr_reclaimed - sc->nr_reclaimed_lruvec >= sc->nr_to_reclaim) {
		nr_file = nr[INACTIVE_FILE] + nr[ACTIVE_FILE];
		nr_anon = nr[INACTIVE_ANON] + nr[ACTIVE_ANON];
		if (!nr_file || !nr_anon)
			return false;
		/* stop scanning the smaller type, scale what is left of the larger */
		stop = nr_file > nr_anon ? LIST(LRU_ANON, 0) : LIST(LRU_FILE, 0);
		go_on = nr_file > nr_anon ? LIST(LRU_FILE, 0) : LIST(LRU_ANON, 0);
		percentage = MIN(nr_file, nr_anon) * 100 /
			     (sc->targets[stop] + sc->targets[stop + 1] + 1);
		nr[stop] = nr[stop + 1] = 0;
		rescale(&nr[go_on], sc->targets[go_on], percentage);
		rescale(&nr[go_on + 1], sc->targets[go_on + 1], percentage);
	}
	return nr[INACTIVE_ANON] || nr[ACTIVE_FILE] || nr[INACTIVE_FILE];
}

static bool classic_shrink_lruvec(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	if (!sc->in_lruvec) {
		get_scan_count(s, lruvec, sc, sc->nr);
		memcpy(sc->targets, sc->nr, sizeof(sc->targets));
		if (!sc->nr[INACTIVE_ANON] && !sc->nr[ACTIVE_FILE] && !sc->nr[INACTIVE_FILE])
			goto done;
	}
	if (shrink_lists(s, lruvec, sc))
		return true;
done:
	/* can_age_anon_pages() */
	if (s->cfg.machine.swap_pages && inactive_is_low(s, lruvec_stats(s, lruvec), LRU_ANON))
		shrink_active_list(s, lruvec, LRU_ANON, s->batches.cluster);
	return false;
}

static bool classic_age_node(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	(void)sc;
	if (!s->cfg.machine.swap_pages || !inactive_is_low(s, lruvec_stats(s, lruvec), LRU_ANON))
		return false;
	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		shrink_active_list(s, &s->memcg[i].lruvec, LRU_ANON, s->batches.cluster);
	return false;
}

static void classic_reclaim_end(struct sim *s, struct lruvec *lruvec)
{
	struct classic *c = lruvec->lists;

	for (int t = 0; t < NR_LRU_TYPES; t++)
		c->refaults[t] = lruvec_stats(s, lruvec)->activate[t];
}

static bool classic_aged(struct sim *s, uint32_t slot)
{
	/* shrink_active_list() sets PG_workingset on what it deactivates */
	return (s->folios[slot].flags & (PG_active | PG_workingset)) == PG_workingset;
}

static uint64_t classic_size(const struct lruvec *lruvec, enum lru_type type, bool active)
{
	const struct classic *c = lruvec->lists;

	return folio_list_size(&c->lists[LIST(type, active)]);
}

static uint64_t classic_list_bytes(const struct lruvec *lruvec)
{
	const struct classic *c = lruvec->lists;
	uint64_t bytes = sizeof(*c);

	for (int i = 0; i < NR_LISTS; i++)
		bytes += ((uint64_t)c->lists[i].mask + 1) * sizeof(uint32_t);
	return bytes;
}

static struct lru_clock classic_clock(struct sim *s, struct lruvec *lruvec, enum lru_type type)
{
	return (struct lru_clock){
		.now = age_of(s, lruvec),
		.reach = workingset_size(s, lruvec, type),
		.mask = s->nr_memcgs > 1 ? EVICTION_MASK : UINT32_MAX,
	};
}

static void classic_walk(const struct lruvec *lruvec,
			 bool (*fn)(void *arg, const char *list, uint32_t slot), void *arg)
{
	const struct classic *c = lruvec->lists;

	for (int i = 0; i < NR_LISTS; i++) {
		uint32_t place = c->lists[i].head, slot;

		while ((slot = folio_list_prev(&c->lists[i], &place)))
			if (!fn(arg, list_names[i], slot))
				return;
	}
}

static int classic_check(const struct sim *s, const struct lruvec *lruvec, struct err *err)
{
	const struct classic *c = lruvec->lists;

	for (unsigned int i = 0; i < NR_LISTS; i++) {
		const struct folio_list *l = &c->lists[i];
		uint32_t place = l->head, slot;
		uint64_t n = 0;

		while ((slot = folio_list_prev(l, &place))) {
			const struct folio *f = &s->folios[slot];

			if (f->pos != place)
				return err_set(err, -EIO, "%s: slot %u says place %u, is at %u",
					       list_names[i], slot, f->pos, place);
			if (!(f->flags & PG_lru) || list_of(f) != i)
				return err_set(err, -EIO, "%s: slot %u has flags %#x",
					       list_names[i], slot, f->flags);
			n += folio_nr_pages(f);
		}
		if (n != folio_list_size(l) || l->head - l->tail > l->mask + 1)
			return err_set(err, -EIO, "%s: %llu pages listed, %llu counted",
				       list_names[i], (unsigned long long)n,
				       (unsigned long long)folio_list_size(l));
	}
	return 0;
}

const struct lru_model lru_classic = {
	.name = "classic",
	.summary = "active and inactive lists with refault distances",
	.lists = list_names,
	.mark_noop_flags = PG_referenced | PG_active,
	.init = classic_init,
	.fini = classic_fini,
	.refault = classic_refault,
	.add = classic_add,
	.mark_accessed = classic_mark_accessed,
	.activate = classic_activate,
	.del = classic_del,
	.move_tail = classic_move_tail,
	.split = classic_split,
	.check_references = classic_check_references,
	.aged = classic_aged,
	.eviction = classic_eviction,
	.prepare_scan_control = prepare_scan_control,
	.shrink_lruvec = classic_shrink_lruvec,
	.age_node = classic_age_node,
	.reclaim_end = classic_reclaim_end,
	.flush_stats = classic_flush_stats,
	.size = classic_size,
	.list_bytes = classic_list_bytes,
	.walk = classic_walk,
	.clock = classic_clock,
	.check = classic_check,
};
