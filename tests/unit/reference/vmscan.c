// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim, with the classic LRU. After mm/vmscan.c.
 *
 * Approximation shared with sim/: a round of reclaim takes effect before its time passes.
 */
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"

#include <string.h>

#include <glib.h>

unsigned int ref_sc_swappiness(const struct ref *r, const struct ref_scan *sc)
{
	return sc->proactive ? sc->swappiness : r->m.swappiness;
}

enum vmstat_item ref_reclaimer(const struct ref *r, const struct ref_scan *sc,
			       enum vmstat_item kswapd)
{
	const bool scan = kswapd == VM_pgscan_kswapd;

	if (sc->kswapd)
		return kswapd;
	if (sc->proactive && !r->v6_12)
		return scan ? VM_pgscan_proactive : VM_pgsteal_proactive;
	return scan ? VM_pgscan_direct : VM_pgsteal_direct;
}

/* __remove_mapping(): the page must have no reference left */
static void remove_mapping(struct ref *r, const struct ref_scan *sc, int page)
{
	struct ref_page *pg = &r->pages[page];
	struct ref_shadow s = { 0 };
	bool slot = pg->swap_slot, anon = pg->anon;
	const int nr = ref_nr_pages(r, page), order = pg->order;
	const int memcg = pg->memcg;
	uint64_t index = pg->index;

	/* only the file LRU and the swap cache have shadows */
	if (!pg->swapbacked || slot)
		s = ref_workingset_eviction(r, sc, page);

	/* __swap_cache_do_del_folio() frees a slot that no PTE refers to */
	if (anon && !ref_swap_count(r, page)) {
		r->swap_used--;
		memset(pg, 0, sizeof(*pg));
		ref_uncharge(r, memcg, 1);
		return;
	}
	ref_free_compound(r, page);
	/* xas_store() of one entry for all pages */
	for (int i = 0; i < nr; i++)
		r->pages[page + i] = (struct ref_page){ .used = true,
							.anon = anon,
							.index = index,
							.swap_slot = slot,
							.memcg = memcg,
							.shadow = s };
	/* a tmpfs page that was never written leaves no shadow */
	if (s.present)
		ref_tree_evict(r, page, order);
	else
		ref_tree_drop(r, page, order);
	ref_uncharge(r, memcg, nr);
}

/* pageout() of an anon or tmpfs page. Return: false if no swap slot is free. */
static bool pageout(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];
	struct ref_memcg *before;

	if (!pg->swap_slot) { /* shmem_writeout() */
		if (!ref_nr_swap_pages(r)) {
			ref_folio_mark_dirty(r, page);
			return false;
		}
		pg->swap_slot = true;
		r->swap_used++;
	}
	pg->dirty = pg->reclaim = false;
	before = ref_enter(r, page);
	ref_count(r, VM_nr_vmscan_write, 1);
	r->cg = before;
	ref_count(r, VM_pswpout, 1);
	return true;
}

enum ref_references { RECLAIM, KEEP, ACTIVATE };

static enum ref_references folio_check_references(struct ref *r, const struct ref_scan *sc,
						  int page)
{
	struct ref_page *pg = &r->pages[page];
	bool exec, referenced_folio;
	int ptes;

	/* v6.12, in shrink_folio_list(): folio_update_gen() tried to promote it */
	if (r->v6_12 && r->cg->gen && pg->referenced && ref_folio_mapcount(r, page))
		return KEEP;
	ptes = ref_folio_referenced(r, sc, page, &exec);
	if (r->v6_12) {
		referenced_folio = pg->referenced;
		pg->referenced = ptes > 0;
		if (ptes > 0 && !referenced_folio && ptes == 1 && !(exec && !pg->swapbacked))
			return KEEP;
		return ptes > 0 || ptes == -2 ? ACTIVATE : ptes ? KEEP : RECLAIM;
	}
	if (ptes == -2)
		return ACTIVATE;
	if (ptes == -1)
		return KEEP;
	if (r->cg->gen && ptes)
		return ref_gen_set_refs(r, page, exec) ? ACTIVATE : KEEP;
	if (r->cg->gen)
		return RECLAIM;
	referenced_folio = pg->referenced;
	pg->referenced = false;
	if (!ptes)
		return RECLAIM;
	pg->referenced = true;
	if (referenced_folio || ptes > 1 || (exec && !pg->swapbacked))
		return ACTIVATE;
	return KEEP;
}

/* one iteration of the loop in shrink_folio_list() */
static enum ref_references shrink_folio(struct ref *r, struct ref_scan *sc, int page)
{
	struct ref_page *pg = &r->pages[page];
	enum ref_references references =
		sc->ignore_references ? RECLAIM : folio_check_references(r, sc, page);

	if (references != RECLAIM)
		return references;
	if (pg->anon && pg->swapbacked && !pg->swap_slot) {
		if (!ref_nr_swap_pages(r)) /* folio_alloc_swap() */
			return ACTIVATE;
		pg->swap_slot = true;
		r->swap_used++;
		ref_folio_mark_dirty(r, page);
	}
	ref_try_to_unmap(r, page, false);
	if (ref_folio_mapcount(r, page))
		return ACTIVATE;
	if (pg->dirty) {
		if (!pg->swapbacked) {
			ref_count(r, VM_nr_vmscan_immediate_reclaim,
				  (uint64_t)ref_nr_pages(r, page));
			pg->reclaim = true;
			return ACTIVATE;
		}
		/* may_enter_fs(): a tmpfs page is not in the swap cache */
		if (sc->nofs && !pg->swap_slot)
			return KEEP;
		if (ref_other_refs(r, page))
			return KEEP;
		if (!pageout(r, page))
			return ACTIVATE;
	}
	if (pg->buffer) /* it is busy */
		return ACTIVATE;
	ref_free_buffers(r, page);
	if (ref_other_refs(r, page))
		return KEEP;
	if (pg->anon && !pg->swapbacked) { /* folio_test_lazyfree() */
		ref_put_anon(r, page);
		return RECLAIM;
	}
	remove_mapping(r, sc, page);
	return RECLAIM;
}

int ref_shrink_folio_list(struct ref *r, struct ref_scan *sc, int *pages, int nr,
			  int *nr_unqueued_dirty)
{
	int nr_kept = 0;

	*nr_unqueued_dirty = 0;
	for (int i = 0; i < nr; i++) {
		struct ref_page *pg = &r->pages[pages[i]];
		const int nr_pages = ref_nr_pages(r, pages[i]);

		if (pg->locked) { /* folio_trylock() */
			pages[nr_kept++] = pages[i];
			continue;
		}
		sc->nr_scanned += (uint64_t)nr_pages;
		if (pg->mlocked) { /* !folio_evictable(): activate_locked */
			if (pg->swap_slot)
				ref_folio_free_swap(r, pages[i]);
			pages[nr_kept++] = pages[i];
			continue;
		}
		*nr_unqueued_dirty += pg->dirty && !pg->swapbacked && !pg->anon ? nr_pages : 0;
		switch (shrink_folio(r, sc, pages[i])) {
		case RECLAIM:
			r->reclaim_work += (uint64_t)nr_pages - 1;
			break;
		case ACTIVATE:
			if (pg->swap_slot && (ref_vm_swap_full(r) || pg->mlocked))
				ref_folio_free_swap(r, pages[i]);
			if (!pg->mlocked) {
				pg->active = true;
				ref_count(r, VM_pgactivate, (uint64_t)nr_pages);
			}
			pages[nr_kept++] = pages[i];
			break;
		case KEEP:
			pages[nr_kept++] = pages[i];
			break;
		}
	}
	return nr_kept;
}

/* isolate_lru_folios(): the oldest first. Return: folios; @nr_taken: their pages */
static int isolate(struct ref *r, int list, uint64_t nr, int *taken, uint64_t *nr_taken)
{
	struct ref_list *l = &r->cg->lists[list];
	int n = 0;

	*nr_taken = 0;
	while (*nr_taken < nr && l->nr) {
		taken[n] = l->pages[--l->nr];
		*nr_taken += (uint64_t)ref_nr_pages(r, taken[n]);
		r->reclaim_work++;
		r->pages[taken[n++]].lru = false;
	}
	return n;
}

/* Return: number of pages */
static uint64_t move_folios_to_lru(struct ref *r, const int *pages, int nr)
{
	uint64_t nr_moved = 0;

	for (int i = 0; i < nr; i++) {
		const uint64_t nr_pages = (uint64_t)ref_nr_pages(r, pages[i]);

		if (r->pages[pages[i]].mlocked) {
			ref_folio_putback_lru(r, pages[i]);
			continue;
		}
		ref_lruvec_add(r, pages[i]);
		nr_moved += nr_pages;
		if (r->pages[pages[i]].active)
			ref_age_nonresident(r, nr_pages);
	}
	ref_count(r, VM_sim_list_moves, nr_moved);
	return nr_moved;
}

static uint64_t shrink_inactive_list(struct ref *r, struct ref_scan *sc, int list, uint64_t nr)
{
	bool file = list == REF_INACTIVE_FILE;
	int taken[32], nr_folios, nr_kept, nr_unqueued_dirty;
	uint64_t nr_taken, nr_reclaimed, nr_pageout;

	ref_lru_add_drain_cpu(r, r->this_cpu);
	nr_folios = isolate(r, list, nr, taken, &nr_taken);
	ref_count(r, ref_reclaimer(r, sc, VM_pgscan_kswapd), nr_taken);
	ref_count(r, file ? VM_pgscan_file : VM_pgscan_anon, nr_taken);
	if (!nr_taken)
		return 0;
	nr_pageout = r->v[VM_pswpout];
	nr_kept = ref_shrink_folio_list(r, sc, taken, nr_folios, &nr_unqueued_dirty);
	nr_pageout = r->v[VM_pswpout] - nr_pageout;
	nr_reclaimed = nr_taken;
	for (int i = 0; i < nr_kept; i++)
		nr_reclaimed -= (uint64_t)ref_nr_pages(r, taken[i]);
	move_folios_to_lru(r, taken, nr_kept);
	ref_count(r, ref_reclaimer(r, sc, VM_pgsteal_kswapd), nr_reclaimed);
	ref_count(r, file ? VM_pgsteal_file : VM_pgsteal_anon, nr_reclaimed);
	ref_count(r, file ? VM_pgrotate_file : VM_pgrotate_anon, nr_taken - nr_reclaimed);
	if (r->v6)
		ref_lru_note_cost(r, file, nr_pageout * 32 + (nr_taken - nr_reclaimed));
	/* handle_reclaim_writeback() */
	if ((uint64_t)nr_unqueued_dirty == nr_taken)
		ref_wake_flusher(r, sc);
	return nr_reclaimed;
}

static void shrink_active_list(struct ref *r, const struct ref_scan *sc, int list, uint64_t nr)
{
	bool file = list == REF_ACTIVE_FILE;
	int taken[32], l_active[32] = { 0 }, l_inactive[32] = { 0 }, nr_active = 0, nr_inactive = 0,
		       nr_folios;
	uint64_t nr_taken, nr_rotated;

	ref_lru_add_drain_cpu(r, r->this_cpu);
	nr_folios = isolate(r, list, nr, taken, &nr_taken);
	ref_count(r, VM_pgrefill, nr_taken);
	for (int i = 0; i < nr_folios; i++) {
		struct ref_page *pg = &r->pages[taken[i]];
		bool exec;

		if (pg->mlocked) {
			ref_folio_putback_lru(r, taken[i]);
			continue;
		}
		if (ref_folio_referenced(r, sc, taken[i], &exec) && exec && !pg->swapbacked) {
			l_active[nr_active++] = taken[i];
			continue;
		}
		pg->active = false;
		pg->workingset = true;
		l_inactive[nr_inactive++] = taken[i];
	}
	nr_rotated = move_folios_to_lru(r, l_active, nr_active);
	ref_count(r, VM_pgdeactivate, move_folios_to_lru(r, l_inactive, nr_inactive));
	ref_count(r, file ? VM_pgrotate_file : VM_pgrotate_anon, nr_rotated);
	if (r->v6 && nr_rotated)
		ref_lru_note_cost(r, file, nr_rotated);
}

static bool inactive_is_low(struct ref *r, bool file)
{
	uint64_t inactive = ref_lruvec_stats(r)->size[file ? REF_INACTIVE_FILE : REF_INACTIVE_ANON];
	uint64_t active = ref_lruvec_stats(r)->size[file ? REF_ACTIVE_FILE : REF_ACTIVE_ANON];
	uint64_t gb = (inactive + active) >> 18, ratio = 1;

	if (gb)
		while ((ratio + 1) * (ratio + 1) <= 10 * gb)
			ratio++;
	return inactive * ratio < active;
}

static void prepare_scan_control(struct ref *r, struct ref_scan *sc)
{
	const struct ref_stats *st = ref_lruvec_stats(r);
	uint64_t lrusize = 0, file;

	for (int f = 0; f < 2 && !r->v6; f++) {
		struct ref_cost *c = &r->cg->cost[f];

		c->count += (st->io[f] - c->last_io) * 32 + (st->rotate[f] - c->last_rotated);
		c->last_rotated = st->rotate[f];
		c->last_io = st->io[f];
	}
	for (int i = 0; i < REF_NR_LISTS; i++)
		lrusize += st->size[i];
	while (!r->v6 && r->cg->cost[0].count + r->cg->cost[1].count > lrusize / 4) {
		r->cg->cost[0].count /= 2;
		r->cg->cost[1].count /= 2;
	}
	sc->anon_cost = r->cg->cost[0].count;
	sc->file_cost = r->cg->cost[1].count;
	for (int f = 0; f < 2; f++)
		sc->deactivate[f] = sc->force_deactivate || st->activate[f] != r->cg->refaults[f] ||
				    inactive_is_low(r, f);
	file = st->size[REF_INACTIVE_FILE];
	sc->cache_trim_mode =
		(file >> sc->priority) && !sc->deactivate[1] && !sc->no_cache_trim_mode;
	if (sc->memcg)
		return;
	file = st->size[REF_ACTIVE_FILE] + st->size[REF_INACTIVE_FILE];
	sc->file_is_tiny = file + ref_nr_free(r) <= (uint64_t)r->zone.high && !sc->deactivate[0] &&
			   (st->size[REF_INACTIVE_ANON] >> sc->priority);
}

static void get_scan_count(struct ref *r, const struct ref_scan *sc, uint64_t *nr)
{
	uint64_t swappiness = ref_sc_swappiness(r, sc), fraction[2] = { 1, 1 }, denominator = 1;
	uint64_t total, anon_cost, file_cost;
	bool fract = false;

	if (!ref_nr_swap_pages(r) || (sc->memcg && !swappiness)) {
		fraction[0] = 0; /* SCAN_FILE */
	} else if (!sc->priority && swappiness) {
		; /* SCAN_EQUAL */
	} else if (sc->file_is_tiny) {
		fraction[1] = 0; /* SCAN_ANON */
	} else if (sc->cache_trim_mode) {
		fraction[0] = 0; /* SCAN_FILE */
	} else {
		/* calculate_pressure_balance() */
		total = sc->anon_cost + sc->file_cost;
		anon_cost = total + sc->anon_cost;
		file_cost = total + sc->file_cost;
		total = anon_cost + file_cost;
		fraction[0] = swappiness * (total + 1) / (anon_cost + 1);
		fraction[1] = (200 - swappiness) * (total + 1) / (file_cost + 1);
		denominator = fraction[0] + fraction[1];
		fract = true;
	}
	for (int i = 0; i < REF_NR_LISTS; i++) {
		uint64_t scan = ref_lru_size(r, i) >> sc->priority;

		nr[i] = fract ? scan * fraction[i / 2] / denominator : scan * fraction[i / 2];
	}
}

static uint64_t shrink_list(struct ref *r, struct ref_scan *sc, int list, uint64_t nr)
{
	if (list == REF_ACTIVE_ANON || list == REF_ACTIVE_FILE) {
		if (sc->deactivate[list / 2])
			shrink_active_list(r, sc, list, nr);
		else
			sc->skipped_deactivate = true;
		return 0;
	}
	return shrink_inactive_list(r, sc, list, nr);
}

static void shrink_lruvec(struct ref *r, struct ref_scan *sc)
{
	uint64_t nr[REF_NR_LISTS], targets[REF_NR_LISTS], nr_reclaimed = 0;
	bool first = true;
	bool proportional = !sc->memcg && !sc->kswapd && sc->priority == 12;

	get_scan_count(r, sc, nr);
	memcpy(targets, nr, sizeof(nr));
	while (nr[REF_INACTIVE_ANON] || nr[REF_ACTIVE_FILE] || nr[REF_INACTIVE_FILE]) {
		uint64_t nr_anon, nr_file, percentage, scanned;
		int lru;

		if (sc->kswapd && !first)
			ref_kswapd_spend(r);
		first = false;
		for (int i = 0; i < REF_NR_LISTS; i++) {
			uint64_t n = MIN(nr[i], 32);

			if (!n)
				continue;
			nr[i] -= n;
			nr_reclaimed += shrink_list(r, sc, i, n);
		}
		if (nr_reclaimed < sc->nr_to_reclaim || proportional)
			continue;
		nr_file = nr[REF_INACTIVE_FILE] + nr[REF_ACTIVE_FILE];
		nr_anon = nr[REF_INACTIVE_ANON] + nr[REF_ACTIVE_ANON];
		if (!nr_file || !nr_anon)
			break;
		if (nr_file > nr_anon) {
			lru = REF_INACTIVE_ANON;
			percentage = nr_anon * 100 /
				     (targets[REF_INACTIVE_ANON] + targets[REF_ACTIVE_ANON] + 1);
		} else {
			lru = REF_INACTIVE_FILE;
			percentage = nr_file * 100 /
				     (targets[REF_INACTIVE_FILE] + targets[REF_ACTIVE_FILE] + 1);
		}
		nr[lru] = nr[lru + 1] = 0;
		lru = lru == REF_INACTIVE_FILE ? REF_INACTIVE_ANON : REF_INACTIVE_FILE;
		for (int i = lru; i < lru + 2; i++) {
			scanned = targets[i] - nr[i];
			nr[i] = targets[i] * (100 - percentage) / 100;
			nr[i] -= MIN(nr[i], scanned);
		}
	}
	sc->nr_reclaimed += nr_reclaimed;
	if (r->m.swap_pages && inactive_is_low(r, false))
		shrink_active_list(r, sc, REF_ACTIVE_ANON, 32);
}

/* shrink_node_memcgs() of the root. A partial walk goes on where the last one was left; nobody else
 * walks meanwhile. */
static void shrink_node_memcgs(struct ref *r, struct ref_scan *sc)
{
	const bool partial = !sc->kswapd && !sc->full_walk;
	int at = partial && r->iter_position >= 0 ? r->iter_position + 1 : 0;

	/* mem_cgroup_iter(): at the end of the round, the next one begins */
	at %= r->nr_memcgs;
	for (bool first = true; at < r->nr_memcgs; at++, first = false) {
		if (sc->kswapd && !first)
			ref_kswapd_spend(r);
		if (partial)
			r->iter_position = at;
		r->cg = &r->memcgs[at];
		shrink_lruvec(r, sc);
		ref_shrink_slab(r, sc->priority);
		if (partial && sc->nr_reclaimed >= sc->nr_to_reclaim)
			break;
	}
	if (partial && at == r->nr_memcgs)
		r->iter_position = -1;
	r->cg = r->memcgs;
}

static void shrink_node(struct ref *r, struct ref_scan *sc)
{
	uint64_t before = sc->nr_reclaimed;

	if (r->cg->gen) {
		ref_gen_shrink_node(r, sc);
	} else {
		prepare_scan_control(r, sc);
		if (!sc->memcg) {
			shrink_node_memcgs(r, sc);
		} else {
			shrink_lruvec(r, sc);
			ref_shrink_slab(r, sc->priority);
		}
	}
	if (sc->nr_reclaimed > before) {
		/* kswapd_try_clear_hopeless() */
		if (r->v6 || ref_pgdat_balanced(r, sc->order))
			r->kswapd_failures = 0;
	} else if (sc->cache_trim_mode) {
		sc->cache_trim_mode_failed = true;
	}
}

static void snapshot_refaults(struct ref *r)
{
	r->cg->refaults[0] = ref_lruvec_stats(r)->activate[0];
	r->cg->refaults[1] = ref_lruvec_stats(r)->activate[1];
}

static uint64_t do_try_to_free_pages(struct ref *r, struct ref_scan *sc)
{
retry:
	sc->priority = 12;
	if (!sc->memcg)
		ref_count(r, VM_allocstall, 1);
	do {
		const uint64_t before = r->reclaim_work;

		sc->nr_scanned = 0;
		shrink_node(r, sc);
		ref_task_run(r, (r->reclaim_work - before) * r->m.scan_ns);
		if (sc->nr_reclaimed >= sc->nr_to_reclaim)
			break;
	} while (--sc->priority >= 0);
	snapshot_refaults(r);
	if (sc->nr_reclaimed)
		return sc->nr_reclaimed;
	ref_flusher_runs(r);
	if (!sc->full_walk) {
		sc->full_walk = true;
		goto retry;
	}
	if (sc->skipped_deactivate) {
		sc->force_deactivate = true;
		sc->skipped_deactivate = false;
		goto retry;
	}
	return 0;
}

/* memory_max_write() */
static bool memory_max(struct ref *r, uint64_t pages)
{
	int tries = 16;

	r->cg->max = pages;
	if (r->cg->usage <= pages)
		return true;
	ref_drain_all_stock(r);
	while (r->cg->usage > pages) {
		struct ref_scan sc = { .nr_to_reclaim = MAX(r->cg->usage - pages, 32),
				       .memcg = true };

		if (!tries) {
			r->oom = true;
			return false;
		}
		tries -= !do_try_to_free_pages(r, &sc);
	}
	return true;
}

bool ref_memory_max(struct ref *r, int memcg, uint64_t pages)
{
	bool ok;

	r->cg = &r->memcgs[memcg];
	ok = memory_max(r, pages);
	r->cg = r->memcgs;
	return ok;
}

/* memory_reclaim(), user_proactive_reclaim() */
void ref_memory_reclaim(struct ref *r, int memcg, uint64_t pages, unsigned int swappiness)
{
	uint64_t done = 0;

	r->cg = &r->memcgs[memcg];
	for (int tries = 16; done < pages;) {
		struct ref_scan sc = { .nr_to_reclaim = MAX((pages - done) / 4, 32),
				       .memcg = true,
				       .proactive = true,
				       .swappiness = swappiness };
		uint64_t freed;

		if (!tries)
			ref_lru_add_drain_all(r);
		freed = do_try_to_free_pages(r, &sc);
		if (!freed && !tries--)
			break;
		done += freed;
	}
	r->cg = r->memcgs;
}

/* try_to_free_mem_cgroup_pages(), try_to_free_pages() */
uint64_t ref_try_to_free(struct ref *r, uint64_t nr, int order, bool readahead)
{
	struct ref_scan sc = {
		.nr_to_reclaim = MAX(nr, 32),
		.order = order,
		.memcg = !r->whole || r->cg != r->memcgs,
		.nofs = readahead,
	};

	return do_try_to_free_pages(r, &sc);
}

int ref_balance_pgdat(struct ref *r, int order)
{
	struct ref_scan sc = { .kswapd = true, .order = order };

	r->cg = r->memcgs;
	ref_count(r, VM_pageoutrun, 1);
	r->zone.reclaim_active = true;
restart:
	sc.priority = 12;
	do {
		uint64_t nr_reclaimed = sc.nr_reclaimed;
		bool raise_priority = true;

		if (ref_pgdat_balanced(r, sc.order))
			goto out;
		/* kswapd_age_node() */
		if (r->cg->gen)
			r->kswapd.oom |= ref_gen_age_node(r, &sc);
		else if (r->m.swap_pages && inactive_is_low(r, false))
			for (r->cg = r->memcgs; r->cg < r->memcgs + r->nr_memcgs; r->cg++)
				shrink_active_list(r, &sc, REF_ACTIVE_ANON, 32);
		r->cg = r->memcgs;
		/* kswapd_shrink_node() */
		sc.nr_scanned = 0;
		sc.nr_to_reclaim = MAX((uint64_t)r->zone.high, 32);
		shrink_node(r, &sc);
		nr_reclaimed = sc.nr_reclaimed - nr_reclaimed;
		if (sc.order && sc.nr_reclaimed >= 2ull << sc.order) /* compact_gap() */
			sc.order = 0;
		if (MAX(sc.nr_scanned, nr_reclaimed) >= sc.nr_to_reclaim)
			raise_priority = false;
		if (raise_priority || !nr_reclaimed)
			sc.priority--;
		if (sc.priority >= 1)
			ref_kswapd_spend(r);
	} while (sc.priority >= 1);
	if (!sc.nr_reclaimed && !sc.no_cache_trim_mode && sc.cache_trim_mode_failed) {
		sc.no_cache_trim_mode = true;
		ref_kswapd_spend(r);
		goto restart;
	}
	if (!sc.nr_reclaimed)
		r->kswapd_failures++;
out:
	r->zone.reclaim_active = false;
	snapshot_refaults(r);
	ref_kswapd_spend(r);
	return sc.order;
}
