// SPDX-License-Identifier: GPL-2.0-only
/*
 * kswapd, and the time that tasks spend. After the last part of mm/vmscan.c.
 *
 * kswapd is a coroutine, so that its functions read like the kernel's. After scanning it
 * yields (ref_kswapd_spend()).
 */
#include "tests/unit/reference/internal.h"

#include <glib.h>

#define SEC	    1000000000ull
#define STACK_BYTES (256 * 1024)

static bool prepare_kswapd_sleep(const struct ref *r, int order)
{
	return r->kswapd_failures >= 16 || ref_pgdat_balanced(r, order);
}

/* yield the CPU */
static void schedule(struct ref *r)
{
	struct ref_memcg *cg = r->cg;

	swapcontext(&r->kswapd.context, &r->kswapd.waker);
	r->cg = cg;
}

void ref_kswapd_spend(struct ref *r)
{
	struct ref_kswapd *k = &r->kswapd;
	uint64_t ns = (r->reclaim_work - k->work) * r->m.scan_ns;

	if (ns) {
		k->runs_at = r->now_ns + ns;
		schedule(r);
	}
	k->work = r->reclaim_work; /* kswapd spends no time for what others do */
}

static void kswapd_try_to_sleep(struct ref *r)
{
	struct ref_kswapd *k = &r->kswapd;
	bool remaining = false;

	if (prepare_kswapd_sleep(r, k->reclaim_order)) {
		k->state = REF_KSWAPD_LIGHT_SLEEP;
		k->timer = r->now_ns + SEC / 10;
		schedule(r);
		remaining = k->state == REF_KSWAPD_AWAKE; /* woken before the timer */
		if (remaining)
			k->order = MAX(k->order, k->reclaim_order);
	}
	if (!remaining && prepare_kswapd_sleep(r, k->reclaim_order)) {
		ref_set_pgdat_percpu_threshold(r, false);
		k->state = REF_KSWAPD_ASLEEP;
		schedule(r);
	}
	if (k->state != REF_KSWAPD_AWAKE) {
		/* it woke by itself and needs the CPU now */
		k->state = REF_KSWAPD_AWAKE;
		k->runs_at = MAX(k->runs_at, r->now_ns);
		schedule(r);
	}
	ref_set_pgdat_percpu_threshold(r, true);
}

/* kswapd(), started at its first wakeup */
static void kswapd(unsigned int high, unsigned int low)
{
	struct ref *r = (struct ref *)(uintptr_t)((uint64_t)high << 32 | low);

	ref_set_pgdat_percpu_threshold(r, true);
	for (;;) {
		const int alloc_order = r->kswapd.order;

		r->kswapd.order = 0;
		r->kswapd.work = r->reclaim_work;
		r->kswapd.reclaim_order = ref_balance_pgdat(r, alloc_order);
		if (r->kswapd.reclaim_order >= alloc_order)
			r->kswapd.reclaim_order = r->kswapd.order;
		kswapd_try_to_sleep(r);
	}
}

/* run kswapd until it yields */
static void resume(struct ref *r)
{
	struct ref_kswapd *k = &r->kswapd;
	struct ref_memcg *cg = r->cg;
	unsigned int cpu = r->this_cpu;

	if (r->m.cpus > 1)
		r->this_cpu = cpu == 0 ? 1 : 0;
	if (!k->stack) {
		k->stack = g_malloc(STACK_BYTES);
		getcontext(&k->context);
		k->context.uc_stack.ss_sp = k->stack;
		k->context.uc_stack.ss_size = STACK_BYTES;
		/* makecontext() passes ints only */
		makecontext(&k->context, (void (*)(void))kswapd, 2,
			    (unsigned int)((uint64_t)(uintptr_t)r >> 32),
			    (unsigned int)(uintptr_t)r);
	}
	swapcontext(&k->waker, &k->context);
	r->this_cpu = cpu;
	r->cg = cg;
}

/* context_switch() from kswapd back to the task: lru_gen_use_mm() */
static void use_mm(struct ref *r)
{
	if (r->m.cpus == 1 && r->current)
		r->current->ran = true;
}

void ref_wakeup_kswapd(struct ref *r, int order)
{
	struct ref_kswapd *k = &r->kswapd;

	k->order = MAX(k->order, order);
	if (k->state == REF_KSWAPD_AWAKE || prepare_kswapd_sleep(r, order))
		return;
	k->state = REF_KSWAPD_AWAKE;
	k->runs_at = MAX(k->runs_at, r->now_ns);
	if (r->m.scan_ns)
		return;
	while (k->state == REF_KSWAPD_AWAKE)
		resume(r);
	use_mm(r);
}

static void pass_until(struct ref *r, uint64_t ns)
{
	if (ns > r->now_ns)
		ref_advance(r, ns - r->now_ns);
}

/* the timer of a light sleep, if it is the next thing before @end */
static bool timer(struct ref *r, uint64_t end)
{
	struct ref_kswapd *k = &r->kswapd;

	if (k->state != REF_KSWAPD_LIGHT_SLEEP || k->timer >= end)
		return false;
	pass_until(r, k->timer);
	resume(r); /* to a sound sleep, or awake */
	while (!r->m.scan_ns && k->state == REF_KSWAPD_AWAKE)
		resume(r);
	if (k->state != REF_KSWAPD_AWAKE)
		use_mm(r);
	return true;
}

/* kswapd has a CPU until @end; it completes a step that it begins before that */
static void kswapd_on_cpu(struct ref *r, uint64_t end)
{
	struct ref_kswapd *k = &r->kswapd;
	bool ran = false;

	while (k->state == REF_KSWAPD_AWAKE && k->runs_at < end) {
		ran = true;
		pass_until(r, k->runs_at);
		resume(r);
		if (k->state == REF_KSWAPD_AWAKE)
			k->runs_at = MAX(k->runs_at, r->now_ns);
	}
	if (ran)
		use_mm(r);
}

static uint64_t tick_after(const struct ref *r, uint64_t ns)
{
	uint64_t tick = r->m.tick_us * 1000ull;

	return (ns / tick + 1) * tick;
}

void ref_task_wait(struct ref *r, uint64_t ns)
{
	struct ref_kswapd *k = &r->kswapd;
	uint64_t end = r->now_ns + ns;

	do
		kswapd_on_cpu(r, end);
	while (timer(r, end));
	if (k->state == REF_KSWAPD_AWAKE && r->m.cpus == 1) {
		/* kswapd has the CPU when the task is woken, up to the tick */
		uint64_t tick = tick_after(r, end);

		kswapd_on_cpu(r, tick);
		if (k->state == REF_KSWAPD_AWAKE)
			pass_until(r, MAX(tick, k->runs_at));
		return;
	}
	pass_until(r, end);
}

void ref_task_run(struct ref *r, uint64_t ns)
{
	struct ref_kswapd *k = &r->kswapd;

	if (r->m.cpus > 1) {
		uint64_t end = r->now_ns + ns;

		do
			kswapd_on_cpu(r, end);
		while (timer(r, end));
		pass_until(r, end);
		return;
	}
	while (ns) {
		uint64_t start = r->now_ns, tick = tick_after(r, start);

		if (k->state == REF_KSWAPD_LIGHT_SLEEP && timer(r, start + ns)) {
			ns -= r->now_ns - start;
			continue;
		}
		if (k->state != REF_KSWAPD_AWAKE || start + ns < tick) {
			pass_until(r, start + ns);
			break;
		}
		/* the task to the tick, kswapd to the next */
		pass_until(r, tick);
		ns -= tick - start;
		k->runs_at = tick;
		kswapd_on_cpu(r, tick_after(r, tick));
		if (k->state == REF_KSWAPD_AWAKE)
			pass_until(r, MAX(tick_after(r, tick), k->runs_at));
	}
	k->runs_at = MAX(k->runs_at, r->now_ns);
}
