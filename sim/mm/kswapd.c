// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/vmscan.c: kswapd(), balance_pgdat(), kswapd_shrink_node();
 * and as much of the scheduler as decides when kswapd gets on.
 *
 * kswapd is a task of its own. It scans in steps (one round over the lists),
 * and each takes scan_ns for every page that it looks at. With several CPUs it
 * has one to itself. With one it runs while the task waits for the device; the
 * task that is woken then has to wait for the next tick, since lazy preemption
 * (CONFIG_PREEMPT_LAZY) leaves a kernel thread alone until then; and when both
 * want the CPU they take turns, a tick each.
 *
 * Approximations: the slice of the fair scheduler is a tick. While kswapd is in
 * a step nobody else sees its isolated pages missing, or the step half done.
 * With scan_ns 0 kswapd is done before the allocation that woke it goes on.
 *
 * Where the LRU asks kswapd to call the OOM killer (min_ttl_ms) and there is none
 * (sim/mm/oom_kill.c), the run ends with the operation.
 *
 * In a timed run kswapd is a task among others (sim/time/sched.h), with the same
 * steps; what is said here about CPUs holds for untimed runs.
 */
#include "sim/mm/kswapd.h"

#include "sim/mm/oom_kill.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/reclaim.h"
#include "sim/time/sched.h"

static void balance_begin(struct sim *s)
{
	struct kswapd *k = &s->kswapd;

	count_vm(s, VM_pageoutrun, 1);
	k->sc = (struct scan_control){
		.kswapd = true,
		.may_swap = true,
		.priority = DEF_PRIORITY,
	};
	k->balancing = true;
	k->woken = false;
	s->zone.reclaim_active = true;
	set_pgdat_percpu_threshold(s, true);
}

static void balance_end(struct sim *s)
{
	s->kswapd.balancing = false;
	s->zone.reclaim_active = false;
	s->cfg.lru->reclaim_end(s);
}

/* the end of one pass of balance_pgdat() */
static void pass_end(struct sim *s)
{
	struct scan_control *sc = &s->kswapd.sc;
	uint64_t nr_reclaimed = sc->nr_reclaimed - sc->nr_reclaimed_before;
	bool raise_priority = MAX(sc->nr_scanned, nr_reclaimed) < sc->nr_to_reclaim;

	if (raise_priority || !nr_reclaimed)
		sc->priority--;
	if (sc->priority >= 1)
		return;
	if (!sc->nr_reclaimed && !sc->no_cache_trim_mode && sc->cache_trim_mode_failed) {
		sc->no_cache_trim_mode = true;
		sc->priority = DEF_PRIORITY;
		return;
	}
	s->kswapd_failures += !sc->nr_reclaimed;
	balance_end(s);
}

static bool prepare_kswapd_sleep(const struct sim *s)
{
	return kswapd_test_hopeless(s) || zone_balanced(s);
}

/* the next piece of kswapd's work */
static void kswapd_step(struct sim *s)
{
	struct kswapd *k = &s->kswapd;
	struct scan_control *sc = &k->sc;

	if (!k->balancing) {
		if (!k->woken && prepare_kswapd_sleep(s)) {
			k->awake = false;
			/* kswapd_try_to_sleep(): HZ/10 */
			k->light_sleep_end = s->clock.now_ns + 100000000;
			return;
		}
		balance_begin(s);
	}
	if (!sc->in_pass) {
		if (zone_balanced(s)) {
			balance_end(s);
			return;
		}
		if (s->cfg.lru->age_node(s, sc) && !out_of_memory(s, false))
			k->oom = true;
		sc->nr_scanned = 0;
		sc->nr_to_reclaim = MAX((uint64_t)s->zone.wmark_high, SWAP_CLUSTER_MAX);
	}
	if (!shrink_node(s, sc))
		pass_end(s);
}

/* kswapd works until @end or until it sleeps; a step may end later */
static void kswapd_run(struct sim *s, uint64_t end)
{
	struct kswapd *k = &s->kswapd;
	unsigned int cpu = s->this_cpu;
	bool ran = false;

	s->this_cpu = sim_idle_cpu(s);
	while (k->awake && k->busy_until < end) {
		uint64_t scanned = reclaim_scanned(s);

		ran = true;
		clock_advance_to(&s->clock, k->busy_until);
		kswapd_step(s);
		k->busy_until =
			s->clock.now_ns + (reclaim_scanned(s) - scanned) * s->cfg.machine.scan_ns;
	}
	s->this_cpu = cpu;
	if (ran && s->cfg.machine.cpus == 1)
		sim_use_mm(s);
}

static void wake(struct sim *s)
{
	struct kswapd *k = &s->kswapd;

	k->awake = k->woken = true;
	k->light_sleep_end = 0;
	k->busy_until = MAX(k->busy_until, s->clock.now_ns);
	if (!s->cfg.machine.scan_ns)
		kswapd_run(s, UINT64_MAX);
	/* to work, or for a light sleep that has begun */
	if (s->sched)
		task_wake(s, k->task);
}

void wakeup_kswapd(struct sim *s)
{
	if (!s->kswapd.awake && !prepare_kswapd_sleep(s))
		wake(s);
}

static uint64_t next_tick(const struct sim *s, uint64_t ns)
{
	const uint64_t tick = s->cfg.machine.tick_us * 1000ull;

	return ns - ns % tick + tick;
}

/*
 * kswapd_try_to_sleep(): a light sleep that ends before @end is followed by a
 * sound one, or by more work. Returns true if that is what follows.
 */
static bool light_sleep_ends(struct sim *s, uint64_t end)
{
	struct kswapd *k = &s->kswapd;

	if (!k->light_sleep_end || k->light_sleep_end >= end)
		return false;
	clock_advance_to(&s->clock, k->light_sleep_end);
	k->light_sleep_end = 0;
	if (prepare_kswapd_sleep(s)) {
		if (s->cfg.machine.cpus == 1)
			sim_use_mm(s);
		set_pgdat_percpu_threshold(s, false);
		return false;
	}
	wake(s);
	return true;
}

/* kswapd has a CPU to itself until @end */
static void kswapd_run_alone(struct sim *s, uint64_t end)
{
	do
		kswapd_run(s, end);
	while (light_sleep_ends(s, end));
}

void kswapd_main(struct sim *s, void *arg)
{
	struct kswapd *k = &s->kswapd;

	(void)arg;
	for (;;) {
		uint64_t scanned = reclaim_scanned(s), start = s->clock.now_ns;

		if (!k->awake) {
			/* what happens at the end of the sleep happens before it */
			uint64_t end = k->light_sleep_end ? k->light_sleep_end + 1 : UINT64_MAX;

			if (!task_sleep(s, end, false))
				light_sleep_ends(s, s->clock.now_ns);
			continue;
		}
		memstall_enter(s);
		kswapd_step(s);
		task_owe(s, (reclaim_scanned(s) - scanned) * s->cfg.machine.scan_ns * 1000);
		task_pay(s);
		memstall_leave(s);
		s->times.kswapd_ns += s->clock.now_ns - start;
	}
}

void task_pay(struct sim *s)
{
	const uint64_t ns = s->owed_ps / 1000;

	if (!s->sched || !ns)
		return;
	s->owed_ps -= ns * 1000;
	sched_run(s, ns);
}

void task_wait(struct sim *s, uint64_t ns)
{
	struct kswapd *k = &s->kswapd;
	uint64_t end = s->clock.now_ns + ns;

	if (s->sched) {
		task_sleep(s, end, true);
		return;
	}
	kswapd_run_alone(s, end);
	if (k->awake && s->cfg.machine.cpus == 1) {
		end = next_tick(s, end);
		kswapd_run(s, end);
		end = k->awake ? MAX(end, k->busy_until) : MAX(s->clock.now_ns, k->busy_until);
	}
	clock_advance_to(&s->clock, end);
}

void task_idle(struct sim *s, uint64_t ns)
{
	struct mm *mm = s->replay.mm;

	if (s->sched) {
		task_wait(s, ns);
		return;
	}
	/* kswapd gives the CPU back to no process */
	s->replay.mm = NULL;
	task_wait(s, ns);
	s->replay.mm = mm;
}

void task_run(struct sim *s, uint64_t ns)
{
	struct kswapd *k = &s->kswapd;
	uint64_t end = s->clock.now_ns + ns;

	if (s->sched) {
		sched_run(s, ns);
		return;
	}
	if (s->cfg.machine.cpus > 1) {
		kswapd_run_alone(s, end);
		clock_advance_to(&s->clock, end);
		return;
	}
	while ((k->awake || light_sleep_ends(s, end)) && end >= next_tick(s, s->clock.now_ns)) {
		uint64_t start = next_tick(s, s->clock.now_ns), stop;

		/* the task until the tick, kswapd until the next */
		clock_advance_to(&s->clock, start);
		stop = next_tick(s, start);
		kswapd_run(s, stop);
		stop = MAX(k->awake ? stop : s->clock.now_ns, k->busy_until);
		clock_advance_to(&s->clock, stop);
		end += stop - start;
	}
	clock_advance_to(&s->clock, end);
	k->busy_until = MAX(k->busy_until, s->clock.now_ns);
}
