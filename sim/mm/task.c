// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of struct sim that belong to one task, and how time passes for a task.
 *
 * In an untimed run only kswapd runs next to the task of the trace. With several CPUs
 * kswapd has one to itself. With one CPU kswapd runs while the task waits for the
 * device. A woken task then waits for the next tick, because lazy preemption
 * (CONFIG_PREEMPT_LAZY) does not preempt a kernel thread before it. If both want the
 * CPU, they take turns of one tick each.
 *
 * Approximation: the fair scheduler's slice is one tick.
 */
#include "sim/mm/task.h"

#include "sim/mm/kswapd.h"

/** struct mm_user - a task's pointer to an mm; the mm has a list of them. */
struct mm_user {
	struct mm *mm;
	struct mm_user *next, **link;
};

/** struct own - saved state of a task; struct sim has that of the current task. */
struct own {
	struct sim *s;
	enum task_class cls;
	void (*fn)(struct sim *s, void *arg);
	void *arg;
	struct task *task;
	unsigned int cpu;	/* the CPU it was given */
	struct mm_user mm;	/* the mm it works for */
	struct mm_user at_work; /* replay.mm */
	/* as in struct sim */
	unsigned int this_cpu;
	bool in_lru_fault;
	struct replay replay;
	uint64_t owed_ps;
	struct held held;
};

static void set_mm(struct mm_user *u, struct mm *mm)
{
	if (u->mm == mm)
		return;
	if (u->mm) {
		*u->link = u->next;
		if (u->next)
			u->next->link = u->link;
	}
	u->mm = mm;
	if (mm) {
		u->next = mm->users;
		u->link = &mm->users;
		mm->users = u;
		if (u->next)
			u->next->link = &u->next;
	}
}

static void run_on(void *data, unsigned int cpu)
{
	struct own *o = data;
	struct mm *at_work = o->at_work.mm; /* of the process that the user works with */

	o->cpu = cpu;
	if (o->mm.mm) {
		o->mm.mm->cpu = cpu;
		o->mm.mm->ran = true;
	} else if (at_work && at_work->task == o->task) {
		at_work->ran = true;
	}
}

static void switch_in(void *data)
{
	struct own *o = data;
	struct sim *s = o->s;

	s->this_cpu = o->mm.mm || o->cls != TASK_USER ? o->cpu : o->this_cpu;
	s->in_lru_fault = o->in_lru_fault;
	s->replay = o->replay;
	s->replay.mm = o->at_work.mm;
	s->owed_ps = o->owed_ps;
	s->held = &o->held;
}

static void switch_out(void *data)
{
	struct own *o = data;
	struct sim *s = o->s;

	o->this_cpu = s->this_cpu;
	o->in_lru_fault = s->in_lru_fault;
	o->replay = s->replay;
	set_mm(&o->at_work, s->replay.mm);
	o->owed_ps = s->owed_ps;
	s->in_lru_fault = false;
	s->replay.mm = NULL;
	s->owed_ps = 0;
	s->held = &s->held_untimed;
}

static void own_free(void *data)
{
	struct own *o = data;

	set_mm(&o->mm, NULL);
	set_mm(&o->at_work, NULL);
	g_free(o);
}

static const struct sched_ops ops = {
	.run_on = run_on,
	.switch_in = switch_in,
	.switch_out = switch_out,
	.free = own_free,
};

void tasks_init(struct sim *s)
{
	const struct machine *m = &s->cfg.machine;

	s->sched = sched_new(&s->clock, m->cpus, m->tick_us * 1000ull, &ops);
	s->psi = sched_psi(s->sched);
}

void tasks_free(struct sim *s)
{
	sched_free(s->sched);
	s->sched = NULL;
	s->psi = NULL;
}

static void task_main(void *data)
{
	struct own *o = data;

	o->fn(o->s, o->arg);
}

struct task *task_spawn(struct sim *s, enum task_class cls, const char *name,
			void (*fn)(struct sim *s, void *arg), void *arg, unsigned int cpu)
{
	struct own *o = g_new0(struct own, 1);

	o->s = s;
	o->cls = cls;
	o->fn = fn;
	o->arg = arg;
	o->this_cpu = cpu % s->cfg.machine.cpus;
	return o->task = sched_spawn(s->sched, cls, name, task_main, o, cpu);
}

void *task_arg(const struct sim *s)
{
	const struct own *o = sched_current_data(s->sched);

	return o->arg;
}

void task_set_mm(struct sim *s, struct mm *mm)
{
	struct own *o = sched_current_data(s->sched);

	set_mm(&o->mm, mm);
	mm->cpu = s->this_cpu = o->cpu;
	mm->ran = true;
}

void tasks_forget_mm(struct sim *s, struct mm *mm)
{
	while (mm->users)
		set_mm(mm->users, NULL);
	if (s->replay.mm == mm)
		s->replay.mm = NULL;
}

struct each_held {
	void (*fn)(void *arg, uint32_t slot);
	void *arg;
};

static void each_held(void *data, void *arg)
{
	const struct each_held *e = arg;
	const struct own *o = data;

	for (unsigned int i = 0; i < o->held.nr; i++)
		e->fn(e->arg, o->held.slots[i]);
}

void tasks_each_held(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg)
{
	struct each_held e = { fn, arg };

	if (s->sched)
		sched_for_each(s->sched, each_held, &e);
}

static void held_forget(struct held *h, struct folio *folios, uint32_t slot)
{
	for (unsigned int i = 0; i < h->nr; i++)
		if (h->slots[i] == slot) {
			h->slots[i] = FOLIO_NONE;
			folios[slot].extra_refs--;
		}
}

static void each_forget(void *data, void *arg)
{
	const uint32_t *slot = arg;
	struct own *o = data;

	held_forget(&o->held, o->s->folios, *slot);
}

void tasks_forget_held(struct sim *s, uint32_t slot)
{
	held_forget(&s->held_untimed, s->folios, slot);
	if (s->sched)
		sched_for_each(s->sched, each_forget, &slot);
}

/* Time */

void task_pay(struct sim *s)
{
	const uint64_t ns = s->owed_ps / 1000;

	if (!s->sched || !ns)
		return;
	s->owed_ps -= ns * 1000;
	sched_run(s->sched, ns);
}

static uint64_t next_tick(const struct sim *s, uint64_t ns)
{
	const uint64_t tick = s->cfg.machine.tick_us * 1000ull;

	return ns - ns % tick + tick;
}

void task_wait(struct sim *s, uint64_t ns)
{
	struct kswapd *k = &s->kswapd;
	uint64_t end = s->clock.now_ns + ns;

	if (s->sched) {
		task_sleep(s->sched, end, true);
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
	/* when kswapd gives up the CPU, no process runs */
	s->replay.mm = NULL;
	task_wait(s, ns);
	s->replay.mm = mm;
}

void task_run(struct sim *s, uint64_t ns)
{
	struct kswapd *k = &s->kswapd;
	uint64_t end = s->clock.now_ns + ns;

	if (s->sched) {
		sched_run(s->sched, ns);
		return;
	}
	if (s->cfg.machine.cpus > 1) {
		kswapd_run_alone(s, end);
		clock_advance_to(&s->clock, end);
		return;
	}
	while ((k->awake || kswapd_light_sleep_ends(s, end)) &&
	       end >= next_tick(s, s->clock.now_ns)) {
		uint64_t start = next_tick(s, s->clock.now_ns), stop;

		/* the task runs until the tick, kswapd until the next one */
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
