// SPDX-License-Identifier: GPL-2.0-only
/*
 * The multi-generational LRU (CONFIG_LRU_GEN). This file mirrors the code that v6.12 and
 * v7.3 have in common: the lists of include/linux/mm_inline.h (lru_gen_add_folio,
 * lru_gen_del_folio), and in mm/vmscan.c the feedback loop (read_ctrl_pos to
 * positive_ctrl_err), the window of generations (inc_min_seq to inc_max_seq),
 * lru_gen_shrink_node and lru_gen_age_node. lru-mglru-walk.c walks page tables,
 * lru-mglru-ttl.c has min_ttl_ms, lru-mglru-memcg.c the order of memcgs. lru-mglru-7.3.c and
 * lru-mglru-6.12.c have the rules of each version (struct lru_gen_rules): the generation of a
 * folio, the meaning of its references, shadow entries, sorting and eviction.
 *
 * A page belongs to one of up to four generations. Aging first walks the page tables
 * and moves the pages that were used through them to the youngest generation, then
 * opens a new one. Eviction takes pages from the oldest. A page that is only read
 * through file descriptors counts its reads in its flags. Pages read equally often
 * form a tier. Eviction moves a page to the next generation if its tier refaults more
 * often than pages read once.
 *
 * Approximations: one node, one zone; no memory.low/min. The sizes of generations change at once;
 * in the kernel a walk collects the changes first.
 */
#include <errno.h>
#include <string.h>

#include "models/lru-mglru.h"
#include "models/models.h"
#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/reclaim.h"
#include "sim/mm/swap.h"

/* by age, and for each age anon and file */
static const char *const list_names[MAX_NR_GENS * NR_LRU_TYPES + 1] = {
	"youngest_anon", "youngest_file", "young_anon",	 "young_file",
	"old_anon",	 "old_file",	  "oldest_anon", "oldest_file",
};

static int mglru_init(const struct sim *s, struct lruvec *lruvec)
{
	struct mglru *g = g_new0(struct mglru, 1);

	g->rules = s->cfg.kernel->lru_gen;
	/* a page table can come from another lruvec */
	g->nr_sets = (uint32_t)(lruvec_memcg(lruvec) - s->memcg) << 30;
	/* lru_gen_init_lruvec() */
	g->max_seq = MIN_NR_GENS + 1;
	g->mm_seq = MIN_NR_GENS;
	for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
		for (int type = 0; type < NR_LRU_TYPES; type++)
			folio_list_init(&g->lists[gen][type]);
	g_queue_init(&g->mms);
	lruvec->lists = g;
	lru_gen_online_memcg(s, lruvec);
	return 0;
}

static void mglru_fini(struct lruvec *lruvec)
{
	struct mglru *g = lruvec->lists;

	for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
		for (int type = 0; type < NR_LRU_TYPES; type++)
			folio_list_clear(&g->lists[gen][type]);
	g_queue_clear(&g->mms);
	lru_gen_release_memcgs(g);
	g_free(g);
}

static bool lru_gen_is_active(const struct mglru *g, unsigned int gen)
{
	return gen == lru_gen_from_seq(g->max_seq) || gen == lru_gen_from_seq(g->max_seq - 1);
}

/* The list that the folio is on. */
static struct folio_list *list_of(struct mglru *g, const struct folio *f)
{
	return &g->lists[f->gen >> LIST_SHIFT][folio_lru_type(f)];
}

void lru_gen_set(struct mglru *g, struct folio *f, unsigned int gen)
{
	enum lru_type type = folio_lru_type(f);

	g->nr_pages[folio_lru_gen(f)][type] -= folio_nr_pages(f);
	g->nr_pages[gen][type] += folio_nr_pages(f);
	f->gen = (uint8_t)((f->gen & ~GEN_MASK) | (gen + 1));
}

void lru_gen_put(struct sim *s, struct mglru *g, uint32_t slot, bool tail)
{
	struct folio *f = &s->folios[slot];
	unsigned int gen = (unsigned int)folio_lru_gen(f);
	struct folio_list *l = &g->lists[gen][folio_lru_type(f)];

	f->gen = (uint8_t)((gen + 1) | gen << LIST_SHIFT);
	if (tail)
		folio_list_add_tail(l, s->folios, slot);
	else
		folio_list_add(l, s->folios, slot);
}

void lru_gen_add_folio(struct sim *s, struct mglru *g, uint32_t slot, bool reclaiming)
{
	struct folio *f = &s->folios[slot];
	unsigned int gen = lru_gen_from_seq(g->rules->folio_seq(g, f, reclaiming));

	f->gen = (uint8_t)(gen + 1);
	if (f->flags & PG_active)
		f->flags &= (uint16_t)~g->rules->active_clears;
	f->flags |= PG_lru;
	g->nr_pages[gen][folio_lru_type(f)] += folio_nr_pages(f);
	lru_gen_put(s, g, slot, reclaiming);
}

/* The kernel also sets PG_active if the generation is young. Only folio migration uses that. */
void lru_gen_forget(struct mglru *g, struct folio *f)
{
	g->nr_pages[folio_lru_gen(f)][folio_lru_type(f)] -= folio_nr_pages(f);
	f->flags &= (uint16_t)~PG_lru;
	f->gen = 0;
}

static void mglru_del(struct sim *s, struct lruvec *lruvec, uint32_t slot)
{
	struct mglru *g = lruvec->lists;
	struct folio *f = &s->folios[slot];

	folio_list_del(list_of(g, f), s->folios, slot);
	lru_gen_forget(g, f);
}

static void mglru_add(struct sim *s, struct lruvec *lruvec, const uint32_t *slots, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		lru_gen_add_folio(s, lruvec->lists, slots[i], false);
}

/* lru_activate() */
static void mglru_activate(struct sim *s, struct lruvec *lruvec, uint32_t slot)
{
	mglru_del(s, lruvec, slot);
	s->folios[slot].flags |= PG_active;
	lru_gen_add_folio(s, lruvec->lists, slot, false);
	count_vm(s, VM_sim_list_moves, folio_nr_pages(&s->folios[slot]));
}

static void mglru_move_tail(struct sim *s, struct lruvec *lruvec, uint32_t slot)
{
	mglru_del(s, lruvec, slot);
	lru_gen_add_folio(s, lruvec->lists, slot, true);
	count_vm(s, VM_sim_list_moves, folio_nr_pages(&s->folios[slot]));
}

static void mglru_split(struct sim *s, struct lruvec *lruvec, uint32_t slot, uint32_t end)
{
	folio_list_split(list_of(lruvec->lists, &s->folios[slot]), s->folios, slot, end);
}

/* The feedback loop */

struct ctrl_pos read_ctrl_pos(const struct mglru *g, enum lru_type type, unsigned int from,
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

/* reset_ctrl_pos(), when the oldest generation is given up */
static void reset_ctrl_pos(struct mglru *g, enum lru_type type)
{
	for (unsigned int i = 0; i < MAX_NR_TIERS; i++) {
		struct ctrl_pos pos = read_ctrl_pos(g, type, i, i, 0);

		g->avg_refaulted.v[type][i] = pos.refaulted / 2;
		g->avg_total.v[type][i] = pos.total / 2;
		g->refaulted.v[type][i] = g->evicted.v[type][i] = g->protected.v[type][i] = 0;
	}
}

bool positive_ctrl_err(const struct sim *s, const struct ctrl_pos *sp, const struct ctrl_pos *pv)
{
	return pv->refaulted < s->batches.lru ||
	       pv->refaulted * (sp->total + s->batches.lru) * sp->gain <=
		       (sp->refaulted + 1) * pv->total * pv->gain;
}

/* Aging */

unsigned int lru_gen_count(const struct mglru *g, enum lru_type type)
{
	return (unsigned int)(g->max_seq - g->min_seq[type]) + 1;
}

uint64_t evictable_min_seq(const struct mglru *g, unsigned int swappiness)
{
	return MIN(g->min_seq[swappiness ? LRU_ANON : LRU_FILE], g->min_seq[LRU_FILE]);
}

uint64_t evictable_size(const struct mglru *g, unsigned int swappiness)
{
	uint64_t total = 0;

	for (int type = swappiness ? LRU_ANON : LRU_FILE; type < NR_LRU_TYPES; type++)
		for (uint64_t seq = g->min_seq[type]; seq <= g->max_seq; seq++)
			total += g->nr_pages[lru_gen_from_seq(seq)][type];
	return total;
}

bool try_to_inc_min_seq(struct mglru *g, unsigned int swappiness)
{
	uint64_t min_seq[NR_LRU_TYPES] = { g->min_seq[0], g->min_seq[1] };
	const int first = swappiness ? LRU_ANON : LRU_FILE;
	bool any = false;

	for (int type = first; type < NR_LRU_TYPES; type++) {
		while (min_seq[type] + MIN_NR_GENS <= g->max_seq &&
		       !g->lists[lru_gen_from_seq(min_seq[type])][type].nr) {
			min_seq[type]++;
			any = true;
		}
	}
	if (!any)
		return false;
	if (swappiness)
		g->rules->couple(g, min_seq);
	any = false;
	for (int type = first; type < NR_LRU_TYPES; type++) {
		if (min_seq[type] <= g->min_seq[type])
			continue;
		reset_ctrl_pos(g, (enum lru_type)type);
		g->min_seq[type] = min_seq[type];
		any = true;
	}
	return any;
}

/*
 * try_to_inc_max_seq(), with inc_max_seq(). Aging runs only if the types that are evicted have
 * fewer than MAX_NR_GENS generations, so only anon that is not evicted can have that many.
 * inc_min_seq() does not move its folios: the oldest become part of the new generation, which
 * reuses their list.
 */
bool lru_gen_age(struct sim *s, struct mglru *g, unsigned int swappiness)
{
	if (!lru_gen_walk_mms(s, g, g->max_seq, swappiness))
		return false;
	if (lru_gen_count(g, LRU_ANON) == MAX_NR_GENS) {
		reset_ctrl_pos(g, LRU_ANON);
		g->min_seq[LRU_ANON]++;
	}
	g->max_seq++;
	g->born_ns[lru_gen_from_seq(g->max_seq)] = s->clock.now_ns;
	return true;
}

/* Hooks that differ between versions */

static void mglru_mark_accessed(struct sim *s, unsigned int cpu, uint32_t slot)
{
	(void)cpu;
	s->cfg.kernel->lru_gen->inc_refs(s, slot);
}

static bool mglru_clear_refs(struct sim *s, uint32_t slot)
{
	const struct lru_gen_rules *rules = s->cfg.kernel->lru_gen;

	return rules->clear_refs && rules->clear_refs(s, slot);
}

static uint32_t mglru_eviction(struct sim *s, struct lruvec *lruvec, uint32_t slot)
{
	struct mglru *g = lruvec->lists;

	return g->rules->eviction(s, g, slot);
}

static void mglru_refault(struct sim *s, struct lruvec *lruvec, uint32_t slot,
			  struct lruvec *evicted, uint32_t shadow, bool workingset)
{
	struct mglru *g = lruvec->lists;

	if (lruvec != evicted)
		return;
	count_vm(s, VM_workingset_refault_anon + folio_lru_type(&s->folios[slot]),
		 folio_nr_pages(&s->folios[slot]));
	g->rules->refault(s, g, slot, shadow, workingset);
}

static enum folio_references mglru_check_references(struct sim *s, uint32_t slot)
{
	return s->cfg.kernel->lru_gen->check_references(s, slot);
}

/* Reclaim */

unsigned int lru_gen_swappiness(const struct sim *s, const struct scan_control *sc)
{
	if (!sc->may_swap || nr_swap_pages(s) < s->batches.lru)
		return 0;
	return sc_swappiness(s, sc);
}

bool should_abort_scan(const struct sim *s, const struct scan_control *sc)
{
	/* kswapd only counts this pass */
	uint64_t reclaimed = sc->nr_reclaimed - (sc->kswapd ? sc->nr_reclaimed_before : 0);

	if (reclaimed >= MAX(sc->nr_to_reclaim, compact_gap(sc->order)))
		return true;
	return sc->kswapd && !sc->order &&
	       free_pages(s) > (uint64_t)s->zone.wmark_high + s->batches.lru;
}

void lru_gen_count_evicted(struct sim *s, struct scan_control *sc, enum lru_type type,
			   uint64_t nr_isolated, uint64_t nr_reclaimed)
{
	sc->nr_reclaimed += nr_reclaimed;
	count_vm(s, VM_pgsteal_kswapd + reclaimer_offset(s, sc), nr_reclaimed);
	count_vm(s, VM_pgsteal_anon + type, nr_reclaimed);
	count_vm(s, VM_pgrotate_anon + type, nr_isolated - nr_reclaimed);
}

bool lru_gen_continue(struct sim *s, struct scan_control *sc, uint64_t delta, uint64_t nr_to_scan)
{
	sc->nr[SCANNED] += delta;
	if (delta && sc->nr[SCANNED] < nr_to_scan && (sc->memcg || !should_abort_scan(s, sc)))
		return true;
	if (sc->nr[UNQUEUED_DIRTY] && sc->nr[UNQUEUED_DIRTY] == sc->nr[FILE_TAKEN])
		wakeup_flusher_threads(s, sc);
	return false;
}

static int fls_long(uint64_t x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static uint64_t mglru_size(const struct lruvec *lruvec, enum lru_type type, bool active)
{
	const struct mglru *g = lruvec->lists;
	uint64_t n = 0;

	for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
		if (lru_gen_is_active(g, gen) == active)
			n += g->nr_pages[gen][type];
	return n;
}

/* Start at the priority at which the scan of reclaimable >> priority pages should be enough. */
static void set_initial_priority(const struct sim *s, struct scan_control *sc)
{
	uint64_t reclaimable;
	int priority;

	if (sc->priority != DEF_PRIORITY || sc->nr_to_reclaim < s->batches.lru)
		return;
	reclaimable = node_page_state(s, LRU_FILE, false);
	if (nr_swap_pages(s))
		reclaimable += node_page_state(s, LRU_ANON, false);
	priority = fls_long(reclaimable) - 1 - fls_long(sc->nr_to_reclaim - 1);
	sc->priority = CLAMP(priority, DEF_PRIORITY / 2, DEF_PRIORITY);
}

/* the begin of lru_gen_shrink_node(); in a memcg, of lru_gen_shrink_lruvec() */
static void mglru_prepare(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	(void)lruvec;
	lru_add_drain_cpu(s, s->this_cpu);
	if (!sc->memcg)
		set_initial_priority(s, sc);
	/* set_mm_walk(): kswapd always has one, others once they aged */
	sc->has_walk = sc->kswapd;
}

/* try_to_shrink_lruvec() */
static bool mglru_shrink_lruvec(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	struct mglru *g = lruvec->lists;
	bool more;

	if (sc->kswapd || !sc->in_lruvec)
		g->has_walk = sc->has_walk;
	if (!sc->in_lruvec) {
		memset(sc->nr, 0, sizeof(sc->nr));
		sc->need_rotate = false;
	}
	more = g->rules->shrink_lruvec(s, lruvec, sc);
	sc->has_walk = g->has_walk;
	if (!more && sc->memcg && sc->need_rotate)
		lru_gen_rotate_memcg(g, MEMCG_LRU_YOUNG);
	return more;
}

/* lru_gen_age_node() */
static bool mglru_age_node(struct sim *s, struct lruvec *lruvec, struct scan_control *sc)
{
	bool reclaimable = !s->cfg.machine.min_ttl_ms;

	(void)lruvec;
	set_initial_priority(s, sc);
	for (unsigned int i = 0; i < s->nr_memcgs && !reclaimable; i++)
		reclaimable = lruvec_is_reclaimable(s, &s->memcg[i].lruvec, sc);
	return !reclaimable;
}

/* snapshot_refaults() does nothing with MGLRU, and MGLRU uses no memcg statistics */
static void mglru_nothing(struct sim *s, struct lruvec *lruvec)
{
	(void)s;
	(void)lruvec;
}

/* Counts only folios that were promoted before (PG_workingset): readahead puts new folios
 * into old generations, too, and no aging has happened to those. A folio that was added to
 * a young generation and grew old there is missed. */
static bool mglru_aged(struct sim *s, uint32_t slot)
{
	const struct folio *f = &s->folios[slot];
	int gen = folio_lru_gen(f);

	return f->flags & PG_workingset && gen >= 0 &&
	       !lru_gen_is_active(folio_lruvec(s, slot)->lists, (unsigned int)gen);
}

static uint64_t mglru_list_bytes(const struct lruvec *lruvec)
{
	const struct mglru *g = lruvec->lists;
	uint64_t bytes = sizeof(*g);

	for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
		for (int type = 0; type < NR_LRU_TYPES; type++)
			bytes += ((uint64_t)g->lists[gen][type].mask + 1) * sizeof(uint32_t);
	return bytes;
}

static struct lru_clock mglru_clock(struct sim *s, struct lruvec *lruvec, enum lru_type type)
{
	(void)s;
	return ((const struct mglru *)lruvec->lists)->rules->clock(lruvec->lists, type);
}

static void mglru_walk(const struct lruvec *lruvec,
		       bool (*fn)(void *arg, const char *list, uint32_t slot), void *arg)
{
	const struct mglru *g = lruvec->lists;

	for (int type = 0; type < NR_LRU_TYPES; type++) {
		for (unsigned int age = 0; age < MAX_NR_GENS; age++) {
			const struct folio_list *l =
				&g->lists[lru_gen_from_seq(g->max_seq - age)][type];
			uint32_t place = l->head, slot;

			while ((slot = folio_list_prev(l, &place)))
				if (!fn(arg, list_names[age * NR_LRU_TYPES + (unsigned int)type],
					slot))
					return;
		}
	}
}

static int check_list(const struct sim *s, const struct mglru *g, unsigned int gen,
		      enum lru_type type, uint64_t nr_pages[MAX_NR_GENS], struct err *err)
{
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
		nr_pages[folio_lru_gen(f)] += folio_nr_pages(f);
		n += folio_nr_pages(f);
	}
	if (n != folio_list_size(l) || l->head - l->tail > l->mask + 1)
		return err_set(err, -EIO, "generation %u: %llu pages listed, %llu counted", gen,
			       (unsigned long long)n, (unsigned long long)folio_list_size(l));
	return 0;
}

static int mglru_check(const struct sim *s, const struct lruvec *lruvec, struct err *err)
{
	const struct mglru *g = lruvec->lists;

	for (int type = 0; type < NR_LRU_TYPES; type++) {
		uint64_t nr_pages[MAX_NR_GENS] = { 0 };
		unsigned int nr_gens = lru_gen_count(g, (enum lru_type)type);

		/* seq_is_valid() */
		if (nr_gens < MIN_NR_GENS || nr_gens > MAX_NR_GENS)
			return err_set(err, -EIO, "type %d has %u generations", type, nr_gens);
		for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++) {
			int ret = check_list(s, g, gen, (enum lru_type)type, nr_pages, err);

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
	.summary = "multi-generational LRU (MGLRU) with page-table walks",
	.lists = list_names,
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
	.split = mglru_split,
	.clear_refs = mglru_clear_refs,
	.check_references = mglru_check_references,
	.aged = mglru_aged,
	.look_around = lru_gen_look_around,
	.add_mm = lru_gen_add_mm,
	.del_mm = lru_gen_del_mm,
	.eviction = mglru_eviction,
	.prepare_scan_control = mglru_prepare,
	.next_memcg = lru_gen_next_memcg,
	.shrink_lruvec = mglru_shrink_lruvec,
	.age_node = mglru_age_node,
	.reclaim_end = mglru_nothing,
	.flush_stats = mglru_nothing,
	.size = mglru_size,
	.list_bytes = mglru_list_bytes,
	.walk = mglru_walk,
	.clock = mglru_clock,
	.check = mglru_check,
};
