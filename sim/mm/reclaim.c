// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/vmscan.c: do_try_to_free_pages(), shrink_folio_list(),
 * __remove_mapping().
 *
 * Approximations: writes are instantaneous, so no folio is ever under writeback
 * when reclaim meets it, and reclaim never throttles. Swap is zram:
 * synchronous writes, which the classic LRU frees in the same pass, and no page
 * is found to be filled with zeros. What a pass frees is free at once, where the
 * kernel frees in batches of 31. Of slab only the nodes of the page cache are
 * reclaimed, no inodes.
 */
#include "sim/mm/reclaim.h"

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/event.h"
#include "sim/mm/ext4.h"
#include "sim/mm/filemap.h"
#include "sim/mm/large.h"
#include "sim/mm/memcontrol.h"
#include "sim/mm/mlock.h"
#include "sim/mm/mm.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/rmap.h"
#include "sim/mm/shrinker.h"
#include "sim/mm/swap.h"
#include "sim/mm/task.h"
#include "sim/mm/xarray.h"

/* Free a folio that is neither in a file with a device behind it nor in swap. */
static __attribute__((noinline)) uint32_t free_clean(struct sim *s, uint32_t slot)
{
	const uint16_t before = s->folios[slot].flags;
	const uint32_t nr = folio_nr_pages(&s->folios[slot]);

	if (before & PG_anon) {
		/* folio_test_lazyfree() */
		note(s, slot, LAZYFREED, before);
		uncharge_page(s, folio_memcg(s, slot));
		anon_slot_free(s, slot);
	} else {
		/* a hole again */
		filemap_drop(s, slot);
		note(s, slot, EVICT_ZERO, before);
	}
	return nr;
}

/* __remove_mapping() for a folio that reclaim holds the only reference to. Return: its pages */
static uint32_t remove_mapping(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	const unsigned int order = f->order;
	const uint32_t nr = folio_nr_pages(f);
	uint16_t before = f->flags;
	struct mem_cgroup *memcg = folio_memcg(s, slot);
	bool swap = before & PG_swapcache;
	uint32_t shadow;

	/* tmpfs that was never written, or MADV_FREE: no shadow */
	if (__builtin_expect((before & (PG_anon | PG_swapbacked)) &&
				     (before & (PG_swapbacked | PG_swapcache)) !=
					     (PG_swapbacked | PG_swapcache),
			     0))
		return free_clean(s, slot);
	shadow = s->cfg.lru->eviction(s, &memcg->lruvec, slot);
	if (folio_test_large(f))
		folio_unmake_large(s, slot);
	f->flags = (uint16_t)(PG_shadow |
			      (before & (PG_workingset | PG_anon | PG_swapbacked | PG_swapcache)));
	f->shadow = shadow;
	f->gen = 0;
	if (__builtin_expect(nr > 1, 0)) {
		/* one entry of the tree stands for all its pages */
		for (uint32_t i = 1; i < nr; i++)
			s->folios[slot + i] = *f;
	}
	if (s->trees)
		xa_store_shadow(s, slot, order);
	if (!(before & PG_anon))
		filemap_removed(s, slot, nr, before);
	uncharge_folio(s, memcg, nr);
	if ((before & PG_anon) && !s->anon[slot - s->anon_first].nr_swap) {
		/* it was unmapped before it got its swap slot: __swap_cluster_free_entries() */
		note(s, slot, FREE, before);
		swap_cache_del_folio(s, slot);
		anon_slot_free(s, slot);
	} else if (swap)
		note(s, slot, SWAP_OUT, before);
	else
		note(s, slot, EVICT, before);
	return nr;
}

/* anon or tmpfs: give it a swap slot and write it there */
static bool pageout(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (!(f->flags & PG_swapcache) && !folio_alloc_swap(s, slot)) {
		/* shmem_writeout() redirties it: folio_mark_dirty() */
		f->flags &= (uint16_t)~PG_reclaim;
		return false;
	}
	f->flags &= (uint16_t) ~(PG_dirty | PG_reclaim);
	mod_lruvec_state(s, folio_lruvec(s, slot), VM_nr_vmscan_write, 1);
	count_vm(s, VM_pswpout, 1);
	task_owe(s, s->cfg.machine.swap_out_ns * 1000ull);
	return true;
}

/* A dirty folio that nothing maps any more. Return: FOLIOREF_RECLAIM if it is clean now; what to
 * do with it otherwise, and @rule why */
static enum folio_references write_dirty(struct sim *s, uint32_t slot,
					 const struct scan_control *sc, enum event_rule *rule)
{
	struct folio *f = &s->folios[slot];

	if (!(f->flags & PG_swapbacked)) {
		count_vm(s, VM_nr_vmscan_immediate_reclaim, folio_nr_pages(f));
		f->flags |= PG_reclaim;
		*rule = EV_KEEP_DIRTY;
		return FOLIOREF_ACTIVATE;
	}
	/* may_enter_fs(): tmpfs, for which shmem_writeout() is FS */
	if (sc->nofs && !(f->flags & PG_swapcache))
		return FOLIOREF_KEEP;
	/* pageout() only writes a folio without other references */
	if (f->extra_refs)
		return FOLIOREF_KEEP;
	*rule = EV_NO_SWAP;
	return pageout(s, slot) ? FOLIOREF_RECLAIM : FOLIOREF_ACTIVATE;
}

uint64_t shrink_folio_list(struct sim *s, uint32_t *slots, unsigned int *nr,
			   struct scan_control *sc)
{
	uint64_t nr_reclaimed = 0, nr_activate = 0, nr_unqueued_dirty = 0;
	unsigned int kept = 0, taken = *nr;

	for (unsigned int i = 0; i < taken; i++) {
		uint32_t slot = slots[i];
		struct folio *f = &s->folios[slot];
		uint16_t before = f->flags;
		enum event_rule rule = EV_KEEP_BUSY;

		if (i + 4 < taken)
			__builtin_prefetch(&s->folios[slots[i + 4]]);
		if (before & PG_locked)
			goto keep;
		sc->nr_scanned += folio_nr_pages(f);
		if (!folio_evictable(f))
			goto activate;
		if (__builtin_expect((before & (PG_dirty | PG_swapbacked | PG_anon)) == PG_dirty,
				     0))
			nr_unqueued_dirty += folio_nr_pages(f);

		switch (sc->ignore_references ? FOLIOREF_RECLAIM
					      : s->cfg.lru->check_references(s, slot)) {
		case FOLIOREF_ACTIVATE:
			rule = EV_KEEP_ACTIVATE;
			goto activate;
		case FOLIOREF_KEEP:
			rule = EV_KEEP;
			goto keep;
		case FOLIOREF_RECLAIM:
			break;
		}
		if ((before & (PG_anon | PG_swapbacked | PG_swapcache)) ==
		    (PG_anon | PG_swapbacked)) {
			rule = EV_NO_SWAP;
			if (!folio_alloc_swap(s, slot))
				goto activate;
			rule = EV_KEEP_BUSY;
			f->flags |= PG_dirty;
		}
		if (f->mapcount) {
			try_to_unmap(s, slot, false);
			/* only what MADV_FREE had freed, or what is locked */
			if (f->mapcount)
				goto activate;
		}
		if (f->flags & PG_dirty) {
			const enum folio_references to = write_dirty(s, slot, sc, &rule);

			if (to == FOLIOREF_ACTIVATE)
				goto activate;
			if (to == FOLIOREF_KEEP)
				goto keep;
		}
		/* filemap_release_folio() */
		rule = EV_KEEP_BUSY;
		if (f->flags & PG_private)
			goto activate;
		free_buffers(s, slot);
		if (folio_extra_refs(s, slot))
			goto keep;
		nr_reclaimed += remove_mapping(s, slot);
		continue;
	activate:
		if ((f->flags & (PG_anon | PG_swapcache)) == (PG_anon | PG_swapcache) &&
		    (vm_swap_full(s) || !folio_evictable(f)))
			folio_free_swap(s, slot);
		if (folio_evictable(f)) {
			f->flags |= PG_active;
			nr_activate += folio_nr_pages(f);
		}
	keep:
		if (__builtin_expect(s->log != NULL, 0))
			event_add(s, slot, rule, before);
		slots[kept++] = slot;
	}
	count_vm(s, VM_pgactivate, nr_activate);
	/* whoever isolated them has counted folios */
	s->reclaim_work += nr_reclaimed - (taken - kept);
	sc->nr_unqueued_dirty = nr_unqueued_dirty;
	*nr = kept;
	return nr_reclaimed;
}

uint64_t reclaim_pages(struct sim *s, uint32_t *slots, unsigned int nr)
{
	struct scan_control sc = { .may_swap = true, .ignore_references = true };
	uint64_t nr_reclaimed;

	s->target = NULL;
	for (unsigned int i = 0; i < nr; i++)
		s->folios[slots[i]].flags &= (uint16_t)~PG_active;
	nr_reclaimed = shrink_folio_list(s, slots, &nr, &sc);
	for (unsigned int i = 0; i < nr; i++)
		folio_putback_lru(s, slots[i]);
	return nr_reclaimed;
}

void handle_reclaim_writeback(struct sim *s, const struct scan_control *sc, uint64_t nr_taken)
{
	if (sc->nr_unqueued_dirty == nr_taken)
		wakeup_flusher_threads(s, sc);
}

static struct mem_cgroup *target_memcg(struct sim *s, const struct scan_control *sc)
{
	return sc->target ?: s->memcg;
}

/* mem_cgroup_iter() of shrink_node_memcgs(), or shrink_many() */
static struct mem_cgroup *next_memcg(struct sim *s, struct mem_cgroup *prev,
				     struct scan_control *sc)
{
	/* a memcg without children */
	if (__builtin_expect(s->nr_memcgs == 1 || sc->target, 1))
		return prev ? NULL : target_memcg(s, sc);
	if (s->cfg.lru->next_memcg)
		return s->cfg.lru->next_memcg(s, prev, sc);
	/* a partial walk ends once the goal is reached */
	if (prev && !sc->kswapd && !sc->memcg_full_walk && sc->nr_reclaimed >= sc->nr_to_reclaim)
		return NULL;
	return mem_cgroup_iter(s, prev, sc);
}

bool shrink_node(struct sim *s, struct scan_control *sc)
{
	s->target = sc->target;
	if (!sc->in_pass) {
		sc->nr_reclaimed_before = sc->nr_reclaimed;
		s->cfg.lru->prepare_scan_control(s, &target_memcg(s, sc)->lruvec, sc);
		sc->at = next_memcg(s, NULL, sc);
	}
	if (sc->at) {
		if (!sc->in_lruvec)
			sc->nr_reclaimed_lruvec = sc->nr_reclaimed;
		sc->in_lruvec = s->cfg.lru->shrink_lruvec(s, &sc->at->lruvec, sc);
		if (!sc->in_lruvec) {
			shrink_slab(s, sc->at, sc->priority);
			sc->at = next_memcg(s, sc->at, sc);
		}
	}
	sc->in_pass = sc->at != NULL;
	if (sc->in_pass)
		return true;
	if (sc->nr_reclaimed == sc->nr_reclaimed_before)
		sc->cache_trim_mode_failed |= sc->cache_trim_mode;
	/* kswapd_try_clear_hopeless() */
	else if (!s->cfg.kernel->hopeless_until_balanced || zone_balanced(s, sc->order))
		s->kswapd.failures = 0;
	return false;
}

bool kswapd_test_hopeless(const struct sim *s)
{
	return s->kswapd.failures >= MAX_RECLAIM_RETRIES;
}

/* CPU time for the work since @before, and for what was written to swap */
static void pay_for_scan(struct sim *s, uint64_t before)
{
	if (s->cfg.machine.scan_ns)
		task_run(s, (s->reclaim_work - before) * s->cfg.machine.scan_ns);
	task_pay(s);
}

static uint64_t do_try_to_free_pages(struct sim *s, struct scan_control *sc)
{
	const int initial_priority = sc->priority;

retry:
	if (!sc->memcg)
		count_vm(s, VM_allocstall, 1);
	do {
		uint64_t before = s->reclaim_work;

		sc->nr_scanned = 0;
		while (shrink_node(s, sc)) {
			if (s->sched) {
				pay_for_scan(s, before);
				before = s->reclaim_work;
			}
		}
		pay_for_scan(s, before);
		if (sc->nr_reclaimed >= sc->nr_to_reclaim)
			break;
	} while (--sc->priority >= 0);
	s->cfg.lru->reclaim_end(s, &target_memcg(s, sc)->lruvec);
	if (sc->nr_reclaimed)
		return sc->nr_reclaimed;
	flusher_runs(s);
	if (!sc->memcg_full_walk) {
		sc->priority = initial_priority;
		sc->memcg_full_walk = true;
		goto retry;
	}
	if (sc->skipped_deactivate) {
		sc->priority = initial_priority;
		sc->force_deactivate = true;
		sc->skipped_deactivate = false;
		goto retry;
	}
	return 0;
}

/* a task has to reclaim before it gets on; Return: as do_try_to_free_pages() */
static uint64_t direct_reclaim(struct sim *s, struct scan_control *sc)
{
	uint64_t start = s->clock.now_ns, nr;

	if (!s->sched)
		return do_try_to_free_pages(s, sc);
	memstall_enter(s->sched);
	nr = do_try_to_free_pages(s, sc);
	memstall_leave(s->sched);
	s->times.nr_stalls++;
	s->times.stall_ns += s->clock.now_ns - start;
	return nr;
}

uint64_t try_to_free_mem_cgroup_pages(struct sim *s, struct mem_cgroup *memcg, uint64_t nr_pages,
				      enum gfp gfp, const uint32_t *swappiness)
{
	struct scan_control sc = {
		.nr_to_reclaim = MAX(nr_pages, s->batches.cluster),
		.priority = DEF_PRIORITY,
		.memcg = true,
		.target = memcg,
		.proactive = swappiness != NULL,
		.proactive_swappiness = swappiness ? *swappiness : 0,
		.may_swap = true,
		.nofs = gfp == GFP_READAHEAD,
	};

	return direct_reclaim(s, &sc);
}

uint64_t try_to_free_pages(struct sim *s, enum gfp gfp, unsigned int order)
{
	struct scan_control sc = {
		.nr_to_reclaim = s->batches.cluster,
		.order = order,
		.priority = DEF_PRIORITY,
		.may_swap = true,
		.nofs = gfp == GFP_READAHEAD,
	};

	return direct_reclaim(s, &sc);
}
