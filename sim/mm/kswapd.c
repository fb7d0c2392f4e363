// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/vmscan.c: kswapd(), balance_pgdat(), kswapd_shrink_node().
 *
 * The order that kswapd was woken for holds until it has reclaimed twice as many pages
 * (compact_gap()). Until then MGLRU does not stop at the watermark (should_abort_scan()).
 *
 * kswapd is a task of its own. It scans in steps (one round over the lists). Each
 * step takes scan_ns for every page that it reclaims and for every folio that it looks at
 * and leaves: the kernel leaves a large folio in one go. sim/mm/task.c describes when
 * kswapd gets a CPU; in a timed run the scheduler treats it like any other task.
 *
 * Approximations: each step is atomic: no other task sees the step's isolated pages
 * missing, or the step half done. With scan_ns 0 kswapd finishes before the
 * allocation that woke it continues.
 *
 * If the LRU asks kswapd to call the OOM killer (min_ttl_ms) and the run has none
 * (sim/mm/oom_kill.c), the run ends with the current operation.
 */
#include "sim/mm/kswapd.h"

#include "sim/mm/oom_kill.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/reclaim.h"
#include "sim/mm/task.h"

static void balance_begin(struct sim *s)
{
	struct kswapd *k = &s->kswapd;

	count_vm(s, VM_pageoutrun, 1);
	k->sc = (struct scan_control){
		.kswapd = true,
		.may_swap = true,
		.priority = DEF_PRIORITY,
		.order = k->order,
	};
	k->alloc_order = k->order;
	k->order = 0;
	k->balancing = true;
	k->woken = false;
	s->zone.reclaim_active = true;
	set_pgdat_percpu_threshold(s, true);
}

static void balance_end(struct sim *s)
{
	s->kswapd.balancing = false;
	s->zone.reclaim_active = false;
	s->cfg.lru->reclaim_end(s, &s->memcg[0].lruvec);
}

/* the end of one pass of balance_pgdat() */
static void pass_end(struct sim *s)
{
	struct scan_control *sc = &s->kswapd.sc;
	uint64_t nr_reclaimed = sc->nr_reclaimed - sc->nr_reclaimed_before;
	bool raise_priority = MAX(sc->nr_scanned, nr_reclaimed) < sc->nr_to_reclaim;

	/* kswapd_shrink_node() */
	if (sc->order && sc->nr_reclaimed >= compact_gap(sc->order))
		sc->order = 0;
	if (raise_priority || !nr_reclaimed)
		sc->priority--;
	if (sc->priority >= 1)
		return;
	if (!sc->nr_reclaimed && !sc->no_cache_trim_mode && sc->cache_trim_mode_failed) {
		sc->no_cache_trim_mode = true;
		sc->priority = DEF_PRIORITY;
		return;
	}
	s->kswapd.failures += !sc->nr_reclaimed;
	balance_end(s);
}

static bool prepare_kswapd_sleep(const struct sim *s, unsigned int order)
{
	return kswapd_test_hopeless(s) || zone_balanced(s, order);
}

/* one step of kswapd */
static void kswapd_step(struct sim *s)
{
	struct kswapd *k = &s->kswapd;
	struct scan_control *sc = &k->sc;

	if (!k->balancing) {
		if (!k->woken)
			k->reclaim_order = sc->order < k->alloc_order ? sc->order : k->order;
		if (!k->woken && prepare_kswapd_sleep(s, k->reclaim_order)) {
			k->awake = false;
			/* kswapd_try_to_sleep(): HZ/10 */
			k->light_sleep_end = s->clock.now_ns + 100000000;
			return;
		}
		balance_begin(s);
	}
	if (!sc->in_pass) {
		if (zone_balanced(s, sc->order)) {
			balance_end(s);
			return;
		}
		s->target = NULL;
		if (s->cfg.lru->age_node(s, &s->memcg[0].lruvec, sc) &&
		    !out_of_memory(s, NULL, false))
			k->oom = true;
		sc->nr_scanned = 0;
		sc->nr_to_reclaim = MAX((uint64_t)s->zone.wmark_high, s->batches.cluster);
	}
	if (!shrink_node(s, sc))
		pass_end(s);
}

void kswapd_run(struct sim *s, uint64_t end)
{
	struct kswapd *k = &s->kswapd;
	unsigned int cpu = s->this_cpu;
	bool ran = false;

	while (k->awake && k->busy_until < end) {
		const uint64_t before = s->reclaim_work;

		ran = true;
		/* the flusher may run now, on a CPU that the task does not use */
		clock_advance_to(&s->clock, k->busy_until);
		s->this_cpu = idle_cpu(s);
		kswapd_step(s);
		s->this_cpu = cpu;
		k->busy_until =
			s->clock.now_ns + (s->reclaim_work - before) * s->cfg.machine.scan_ns;
	}
	if (ran && s->cfg.machine.cpus == 1)
		task_use_mm(s);
}

static void wake(struct sim *s)
{
	struct kswapd *k = &s->kswapd;

	k->awake = k->woken = true;
	k->light_sleep_end = 0;
	k->busy_until = MAX(k->busy_until, s->clock.now_ns);
	if (!s->cfg.machine.scan_ns)
		kswapd_run(s, UINT64_MAX);
	/* kswapd has work to do, or has begun a light sleep */
	if (s->sched)
		task_wake(s->sched, k->task);
}

void wakeup_kswapd(struct sim *s, unsigned int order)
{
	struct kswapd *k = &s->kswapd;

	k->order = MAX(k->order, order);
	if (k->awake || prepare_kswapd_sleep(s, order))
		return;
	/* woken from its light sleep */
	if (k->light_sleep_end)
		k->order = MAX(k->order, k->reclaim_order);
	wake(s);
}

/* kswapd_try_to_sleep() */
bool kswapd_light_sleep_ends(struct sim *s, uint64_t end)
{
	struct kswapd *k = &s->kswapd;

	if (!k->light_sleep_end || k->light_sleep_end >= end)
		return false;
	clock_advance_to(&s->clock, k->light_sleep_end);
	k->light_sleep_end = 0;
	if (prepare_kswapd_sleep(s, k->reclaim_order)) {
		if (s->cfg.machine.cpus == 1)
			task_use_mm(s);
		set_pgdat_percpu_threshold(s, false);
		return false;
	}
	wake(s);
	return true;
}

void kswapd_run_alone(struct sim *s, uint64_t end)
{
	do
		kswapd_run(s, end);
	while (kswapd_light_sleep_ends(s, end));
}

void kswapd_main(struct sim *s, void *arg)
{
	struct kswapd *k = &s->kswapd;

	(void)arg;
	for (;;) {
		const uint64_t before = s->reclaim_work, start = s->clock.now_ns;

		if (!k->awake) {
			/* events at the very end of the sleep come before kswapd */
			uint64_t end = k->light_sleep_end ? k->light_sleep_end + 1 : UINT64_MAX;

			if (!task_sleep(s->sched, end, false))
				kswapd_light_sleep_ends(s, s->clock.now_ns);
			continue;
		}
		memstall_enter(s->sched);
		kswapd_step(s);
		task_owe(s, (s->reclaim_work - before) * s->cfg.machine.scan_ns * 1000);
		task_pay(s);
		memstall_leave(s->sched);
		s->times.kswapd_ns += s->clock.now_ns - start;
	}
}
