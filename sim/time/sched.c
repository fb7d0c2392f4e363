// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks as coroutines (makecontext(), swapcontext()) on the event queue of
 * sim/time/clock.h, and the CPUs that they share. Of v7.3 kernel/sched/ it has what
 * decides when a task gets on: one run queue for all CPUs, first come first
 * served; a task that wakes takes an idle CPU, its own if it can; if none is idle
 * it waits for the next tick of one of them, as lazy preemption (PREEMPT_LAZY)
 * has it, and tasks that want the same CPU take turns, a tick each.
 *
 * Approximations: no priorities and no weights (a killed process is not
 * accelerated, kswapd has no nice value), no cgroup CPU limits, all CPUs alike
 * and no cost of migration; a slice is a tick. A wakeup costs nothing. An
 * operation that has begun goes on with the CPU's batches that it began with.
 */
#include "sim/time/sched.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "sim/mm/kswapd.h"
#include "sim/mm/mm.h"
#include "sim/time/psi.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define STACK_BYTES (512u << 10)
#else
#define STACK_BYTES					    (128u << 10)
#define __sanitizer_start_switch_fiber(save, bottom, size)  ((void)0)
#define __sanitizer_finish_switch_fiber(save, bottom, size) ((void)0)
#endif

enum task_state {
	TASK_RUNNING,  /* has a CPU */
	TASK_RUNNABLE, /* waits for one */
	TASK_SLEEPING,
	TASK_DEAD,
};

struct task {
	struct timer timer;
	struct sim *s;
	enum task_state state;
	enum task_class cls;
	const char *name;
	void (*fn)(struct sim *s, void *arg);
	void *arg;
	struct task *next, *prev; /* in the one queue that it is in */
	struct wait_queue *queue; /* that it sleeps in */
	unsigned int cpu, home;
	bool killable, woken, awake, iowait;
	uint32_t wait_slot;
	struct mm *mm;
	struct psi_task psi;
	unsigned int memstall; /* how deep */
	/* its share of struct sim */
	unsigned int this_cpu;
	bool in_lru_fault;
	struct replay replay;
	uint64_t owed_ps;
	struct held held;
	ucontext_t ctx;
	char *stack;
#if defined(__SANITIZE_ADDRESS__)
	void *fake_stack;
#endif
};

/* folio_wait_table[] */
#define WAIT_TABLE_BITS 8

struct sched {
	struct task *current;
	struct task *on_cpu[SIM_MAX_CPUS];
	struct wait_queue run_queue;	/* runnable, no CPU */
	struct wait_queue resume;	/* have a CPU, go on at this instant */
	unsigned int nr_user, nr_awake; /* not sleeping, and no pollers */
	GPtrArray *tasks;		/* all that have not ended */
	GPtrArray *pool;		/* of ended ones, with their stacks */
	struct wait_queue pages[1 << WAIT_TABLE_BITS];
	ucontext_t main;
#if defined(__SANITIZE_ADDRESS__)
	void *fake_stack;
	const void *main_bottom;
	size_t main_size;
#endif
};

/* Queues */

static void push(struct wait_queue *q, struct task *t)
{
	t->next = NULL;
	t->prev = q->first ? q->last : NULL;
	if (t->prev)
		t->prev->next = t;
	else
		q->first = t;
	q->last = t;
}

static void push_front(struct wait_queue *q, struct task *t)
{
	t->prev = NULL;
	t->next = q->first;
	if (t->next)
		t->next->prev = t;
	else
		q->last = t;
	q->first = t;
}

static void take_out(struct wait_queue *q, struct task *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		q->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	else
		q->last = t->prev;
}

static struct task *shift(struct wait_queue *q)
{
	struct task *t = q->first;

	if (t)
		take_out(q, t);
	return t;
}

/* CPUs */

/* after each change of state, CPU, memstall or iowait */
static void account(struct sim *s, struct task *t)
{
	const bool oncpu = t->state == TASK_RUNNING;
	const bool running = oncpu || t->state == TASK_RUNNABLE;
	const bool awake = running && t->cls != TASK_POLLER;

	s->sched->nr_awake += awake;
	s->sched->nr_awake -= t->awake;
	t->awake = awake;
	psi_task_change(s, &t->psi,
			(struct psi_task){ .cpu = t->cpu,
					   .running = running,
					   .oncpu = oncpu,
					   .memstall = t->memstall != 0,
					   .iowait = t->iowait && !running });
}

static void give_cpu(struct sim *s, struct task *t, unsigned int cpu)
{
	struct sched *sc = s->sched;
	struct mm *at_work = t->replay.mm; /* of the process that the user is at */

	sc->on_cpu[cpu] = t;
	t->cpu = cpu;
	t->state = TASK_RUNNING;
	if (t->mm) {
		t->mm->cpu = cpu;
		t->mm->ran = true;
	} else if (at_work && at_work->task == t) {
		at_work->ran = true;
	}
	push(&sc->resume, t);
	account(s, t);
}

static void make_runnable(struct sim *s, struct task *t)
{
	struct sched *sc = s->sched;
	const unsigned int nr = s->cfg.machine.cpus;
	unsigned int cpu = sc->on_cpu[t->home] ? t->cpu : t->home;

	for (unsigned int i = 0; i < nr && sc->on_cpu[cpu]; i++)
		cpu = i;
	if (!sc->on_cpu[cpu]) {
		give_cpu(s, t, cpu);
		return;
	}
	t->state = TASK_RUNNABLE;
	push(&sc->run_queue, t);
	account(s, t);
}

/* @t goes to another state, and its CPU to whoever waits for one */
static void release_cpu(struct sim *s, struct task *t, enum task_state state)
{
	struct sched *sc = s->sched;
	struct task *next = shift(&sc->run_queue);

	sc->on_cpu[t->cpu] = NULL;
	t->state = state;
	account(s, t);
	if (next)
		give_cpu(s, next, t->cpu);
}

/* Coroutines */

/* from the current task back to sched_turn() */
static void switch_out(struct sim *s)
{
	struct sched *sc = s->sched;
	struct task *t = sc->current;

	__sanitizer_start_switch_fiber(t->state == TASK_DEAD ? NULL : &t->fake_stack,
				       sc->main_bottom, sc->main_size);
	swapcontext(&t->ctx, &sc->main);
	__sanitizer_finish_switch_fiber(t->fake_stack, &sc->main_bottom, &sc->main_size);
}

static void task_main(unsigned int hi, unsigned int lo)
{
	struct task *t = (struct task *)((uintptr_t)hi << 32 | lo);
	struct sched *sc = t->s->sched;

	__sanitizer_finish_switch_fiber(NULL, &sc->main_bottom, &sc->main_size);
	t->fn(t->s, t->arg);
	sc->nr_user -= t->cls == TASK_USER;
	release_cpu(t->s, t, TASK_DEAD);
	switch_out(t->s);
}

static void resume(struct sim *s, struct task *t)
{
	struct sched *sc = s->sched;

	sc->current = t;
	s->this_cpu = t->mm || t->cls != TASK_USER ? t->cpu : t->this_cpu;
	s->in_lru_fault = t->in_lru_fault;
	s->replay = t->replay;
	s->owed_ps = t->owed_ps;
	s->held = &t->held;
	__sanitizer_start_switch_fiber(&sc->fake_stack, t->stack, STACK_BYTES);
	swapcontext(&sc->main, &t->ctx);
	__sanitizer_finish_switch_fiber(sc->fake_stack, NULL, NULL);
	t->this_cpu = s->this_cpu;
	t->in_lru_fault = s->in_lru_fault;
	t->replay = s->replay;
	t->owed_ps = s->owed_ps;
	s->in_lru_fault = false;
	s->replay.mm = NULL;
	s->owed_ps = 0;
	s->held = &s->held_untimed;
	sc->current = NULL;
	if (t->state == TASK_DEAD) {
		g_ptr_array_remove_fast(sc->tasks, t);
		g_ptr_array_add(sc->pool, t);
	}
}

static char *stack_new(void)
{
	const size_t guard = (size_t)sysconf(_SC_PAGESIZE);
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (stack == MAP_FAILED || mprotect(stack, guard, PROT_NONE))
		g_error("no memory for the stack of a task");
	return stack;
}

static void task_timeout(void *arg)
{
	struct task *t = arg;

	if (t->state == TASK_SLEEPING) {
		if (t->queue)
			take_out(t->queue, t);
		t->queue = NULL;
		t->woken = false;
		make_runnable(t->s, t);
	} else {
		push(&t->s->sched->resume, t); /* the end of a piece of sched_run() */
	}
}

struct task *task_spawn(struct sim *s, enum task_class cls, const char *name,
			void (*fn)(struct sim *s, void *arg), void *arg, unsigned int cpu)
{
	struct sched *sc = s->sched;
	struct task *t;
	char *stack;

	if (sc->pool->len) {
		t = g_ptr_array_remove_index_fast(sc->pool, sc->pool->len - 1);
		stack = t->stack;
	} else {
		t = g_new(struct task, 1);
		stack = stack_new();
	}
	memset(t, 0, sizeof(*t));
	t->timer.fn = task_timeout;
	t->timer.arg = t;
	t->timer.background = cls == TASK_POLLER;
	t->s = s;
	t->cls = cls;
	t->name = name;
	t->fn = fn;
	t->arg = arg;
	t->home = t->cpu = t->this_cpu = cpu % s->cfg.machine.cpus;
	t->stack = stack;
	getcontext(&t->ctx);
	t->ctx.uc_stack.ss_sp = stack;
	t->ctx.uc_stack.ss_size = STACK_BYTES;
	makecontext(&t->ctx, (void (*)(void))(void *)task_main, 2,
		    (unsigned int)((uintptr_t)t >> 32), (unsigned int)(uintptr_t)t);
	g_ptr_array_add(sc->tasks, t);
	sc->nr_user += cls == TASK_USER;
	make_runnable(s, t);
	return t;
}

struct sched *sched_new(struct sim *s)
{
	struct sched *sc = g_new0(struct sched, 1);

	(void)s;
	sc->tasks = g_ptr_array_new();
	sc->pool = g_ptr_array_new();
	return sc;
}

static void task_free(gpointer data, gpointer user)
{
	struct task *t = data;

	(void)user;
	munmap(t->stack, STACK_BYTES);
	g_free(t);
}

void sched_free(struct sched *sc)
{
	if (!sc)
		return;
	g_ptr_array_foreach(sc->tasks, task_free, NULL);
	g_ptr_array_foreach(sc->pool, task_free, NULL);
	g_ptr_array_free(sc->tasks, TRUE);
	g_ptr_array_free(sc->pool, TRUE);
	g_free(sc);
}

struct task *task_current(const struct sim *s)
{
	return s->sched->current;
}

void *task_arg(const struct sim *s)
{
	return s->sched->current->arg;
}

unsigned int sched_nr_user(const struct sim *s)
{
	return s->sched->nr_user;
}

bool sched_idle(const struct sim *s)
{
	const struct sched *sc = s->sched;

	return !sc->nr_awake && s->clock.nr == s->clock.nr_background;
}

void task_set_mm(struct sim *s, struct mm *mm)
{
	struct task *t = s->sched->current;

	t->mm = mm;
	mm->cpu = s->this_cpu = t->cpu;
	mm->ran = true;
}

void sched_forget_mm(struct sim *s, const struct mm *mm)
{
	for (guint i = 0; i < s->sched->tasks->len; i++) {
		struct task *t = s->sched->tasks->pdata[i];

		if (t->mm == mm)
			t->mm = NULL;
		if (t->replay.mm == mm)
			t->replay.mm = NULL;
	}
	if (s->replay.mm == mm)
		s->replay.mm = NULL;
}

void sched_timer(struct sim *s, struct timer *t, uint64_t at_ns)
{
	clock_push(&s->clock, t, at_ns);
}

bool sched_turn(struct sim *s)
{
	struct sched *sc = s->sched;
	struct task *t = shift(&sc->resume);
	struct timer *timer;

	if (t) {
		resume(s, t);
		return true;
	}
	timer = clock_pop(&s->clock);
	if (!timer)
		return false;
	clock_advance_to(&s->clock, timer->at_ns);
	timer->fn(timer->arg);
	return true;
}

/* Time */

void sched_run(struct sim *s, uint64_t ns)
{
	const uint64_t tick = s->cfg.machine.tick_us * 1000ull;
	struct sched *sc = s->sched;
	struct task *t = sc->current;

	while (ns) {
		const uint64_t left = tick - s->clock.now_ns % tick;
		const uint64_t piece = MIN(ns, left);

		ns -= piece;
		if (!sc->resume.first && clock_next(&s->clock) > s->clock.now_ns + piece) {
			clock_advance(&s->clock, piece);
		} else {
			clock_push(&s->clock, &t->timer, s->clock.now_ns + piece);
			switch_out(s);
		}
		if (piece == left && sc->run_queue.first) {
			release_cpu(s, t, TASK_RUNNABLE);
			push(&sc->run_queue, t);
			switch_out(s);
		}
	}
}

void sched_yield_to(struct sim *s, struct task *to)
{
	struct sched *sc = s->sched;
	struct task *t = sc->current;

	if (to->state == TASK_RUNNABLE) {
		take_out(&sc->run_queue, to);
		sc->on_cpu[t->cpu] = NULL;
		t->state = TASK_RUNNABLE;
		push_front(&sc->run_queue, t);
		account(s, t);
		give_cpu(s, to, t->cpu);
	} else {
		push(&sc->resume, t);
	}
	switch_out(s);
}

void sched_pause(struct sim *s)
{
	push_front(&s->sched->resume, s->sched->current);
	switch_out(s);
}

bool task_sleep(struct sim *s, uint64_t until_ns, bool killable)
{
	struct sched *sc = s->sched;
	struct task *t = sc->current;

	if (until_ns <= s->clock.now_ns)
		return false;
	t->killable = killable;
	if (until_ns != UINT64_MAX)
		clock_push(&s->clock, &t->timer, until_ns);
	release_cpu(s, t, TASK_SLEEPING);
	switch_out(s);
	return t->woken;
}

void task_wake(struct sim *s, struct task *t)
{
	if (t->state != TASK_SLEEPING)
		return;
	clock_cancel(&s->clock, &t->timer);
	if (t->queue)
		take_out(t->queue, t);
	t->queue = NULL;
	t->woken = true;
	make_runnable(s, t);
}

void task_kill(struct sim *s, struct task *t)
{
	if (t->killable)
		task_wake(s, t);
}

static void sleep_in(struct sim *s, struct wait_queue *q, uint64_t until_ns, bool killable)
{
	struct task *t = s->sched->current;

	if (until_ns <= s->clock.now_ns)
		return;
	push(q, t);
	t->queue = q;
	task_sleep(s, until_ns, killable);
}

void wait_on(struct sim *s, struct wait_queue *q, bool killable)
{
	sleep_in(s, q, UINT64_MAX, killable);
}

void wait_on_until(struct sim *s, struct wait_queue *q, uint64_t until_ns)
{
	sleep_in(s, q, until_ns, false);
}

void wake_all(struct sim *s, struct wait_queue *q)
{
	/* who goes back to sleep there waits for the next time */
	struct task *t = q->first, *next;

	q->first = NULL;
	for (; t; t = next) {
		next = t->next;
		t->queue = NULL;
		task_wake(s, t);
	}
}

/* Pages */

static struct wait_queue *page_queue(struct sim *s, uint32_t slot)
{
	return &s->sched->pages[slot * 0x9e3779b1u >> (32 - WAIT_TABLE_BITS)];
}

int folio_wait_locked(struct sim *s, uint32_t slot)
{
	const uint16_t locked = PG_resident | PG_locked;
	struct task *t = s->sched->current;

	while ((s->folios[slot].flags & locked) == locked) {
		if (fatal_signal_pending(s))
			return -EINTR;
		t->wait_slot = slot;
		/* io_schedule() */
		t->iowait = true;
		wait_on(s, page_queue(s, slot), true);
		t->iowait = false;
	}
	return fatal_signal_pending(s) ? -EINTR : 0;
}

void folio_wake(struct sim *s, uint32_t slot, uint32_t nr)
{
	for (uint32_t i = slot; i < slot + nr; i++) {
		struct task *t = page_queue(s, i)->first, *next;

		for (; t; t = next) {
			next = t->next;
			if (t->wait_slot == i)
				task_wake(s, t);
		}
	}
}

void sched_each_held(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg)
{
	for (guint i = 0; i < s->sched->tasks->len; i++) {
		const struct task *t = s->sched->tasks->pdata[i];

		for (unsigned int j = 0; j < t->held.nr; j++)
			fn(arg, t->held.slots[j]);
	}
}

/* Pressure */

void memstall_enter(struct sim *s)
{
	struct task *t = s->sched->current;

	if (t->memstall++ == 0)
		account(s, t);
}

void memstall_leave(struct sim *s)
{
	struct task *t = s->sched->current;

	if (--t->memstall == 0)
		account(s, t);
}
