// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks as coroutines (makecontext(), swapcontext()) on the event queue of
 * sim/time/clock.h, and the CPUs that they share. Models the part of v7.3 kernel/sched/ that
 * decides when a task runs: one run queue for all CPUs, first come first served. A task that
 * wakes takes an idle CPU, preferably its own. If none is idle, it waits for the next tick of
 * one of them, as with lazy preemption (PREEMPT_LAZY). Tasks that want the same CPU take
 * turns, a tick each.
 *
 * Approximations: no priorities and no weights (a killed process is not accelerated, kswapd
 * has no nice value), no cgroup CPU limits, all CPUs alike and no cost of migration; a slice
 * is a tick. A wakeup costs nothing. An operation keeps using the batches of the CPU on which
 * it began.
 */
#include "sim/time/sched.h"

#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <glib.h>

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
	struct sched *sc;
	enum task_state state;
	enum task_class cls;
	const char *name;
	guint index; /* in sched.tasks */
	void (*fn)(void *data);
	void *data;
	struct task *next, *prev; /* in the queue that it is in */
	struct wait_queue *queue; /* the queue in which it sleeps */
	unsigned int cpu, home;
	bool killable, woken, awake, iowait;
	uint32_t key; /* its key in @queue */
	struct psi_task psi;
	unsigned int memstall; /* nesting depth */
	ucontext_t ctx;
	char *stack;
#if defined(__SANITIZE_ADDRESS__)
	void *fake_stack;
#endif
};

struct sched {
	struct clock *clock;
	const struct sched_ops *ops;
	struct psi *psi;
	uint64_t tick_ns;
	unsigned int nr_cpus;
	struct task **on_cpu;
	struct task *current;
	struct wait_queue run_queue;	/* runnable, no CPU */
	struct wait_queue resume;	/* have a CPU, continue at this instant */
	unsigned int nr_user, nr_awake; /* not sleeping, and no pollers */
	GPtrArray *tasks;		/* all that have not ended */
	GPtrArray *pool;		/* ended tasks, whose stacks are reused */
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

/* called after each change of state, CPU, memstall or iowait */
static void account(struct sched *sc, struct task *t)
{
	const bool oncpu = t->state == TASK_RUNNING;
	const bool running = oncpu || t->state == TASK_RUNNABLE;
	const bool awake = running && t->cls != TASK_POLLER;

	sc->nr_awake += awake;
	sc->nr_awake -= t->awake;
	t->awake = awake;
	psi_task_change(sc->psi, &t->psi,
			(struct psi_task){ .cpu = t->cpu,
					   .running = running,
					   .oncpu = oncpu,
					   .memstall = t->memstall != 0,
					   .iowait = t->iowait && !running });
}

static void give_cpu(struct sched *sc, struct task *t, unsigned int cpu)
{
	sc->on_cpu[cpu] = t;
	t->cpu = cpu;
	t->state = TASK_RUNNING;
	if (sc->ops)
		sc->ops->run_on(t->data, cpu);
	push(&sc->resume, t);
	account(sc, t);
}

static void make_runnable(struct sched *sc, struct task *t)
{
	unsigned int cpu = sc->on_cpu[t->home] ? t->cpu : t->home;

	for (unsigned int i = 0; i < sc->nr_cpus && sc->on_cpu[cpu]; i++)
		cpu = i;
	if (!sc->on_cpu[cpu]) {
		give_cpu(sc, t, cpu);
		return;
	}
	t->state = TASK_RUNNABLE;
	push(&sc->run_queue, t);
	account(sc, t);
}

/* @t changes to another state; its CPU goes to the next task in the run queue */
static void release_cpu(struct sched *sc, struct task *t, enum task_state state)
{
	struct task *next = shift(&sc->run_queue);

	sc->on_cpu[t->cpu] = NULL;
	t->state = state;
	account(sc, t);
	if (next)
		give_cpu(sc, next, t->cpu);
}

/* Coroutines */

/* switch from the current task back to sched_turn() */
static void switch_out(struct sched *sc)
{
	struct task *t = sc->current;

	__sanitizer_start_switch_fiber(t->state == TASK_DEAD ? NULL : &t->fake_stack,
				       sc->main_bottom, sc->main_size);
	swapcontext(&t->ctx, &sc->main);
	__sanitizer_finish_switch_fiber(t->fake_stack, &sc->main_bottom, &sc->main_size);
}

static void task_main(unsigned int hi, unsigned int lo)
{
	struct task *t = (struct task *)((uintptr_t)hi << 32 | lo);
	struct sched *sc = t->sc;

	__sanitizer_finish_switch_fiber(NULL, &sc->main_bottom, &sc->main_size);
	t->fn(t->data);
	sc->nr_user -= t->cls == TASK_USER;
	release_cpu(sc, t, TASK_DEAD);
	switch_out(sc);
}

static void resume(struct sched *sc, struct task *t)
{
	sc->current = t;
	if (sc->ops)
		sc->ops->switch_in(t->data);
	__sanitizer_start_switch_fiber(&sc->fake_stack, t->stack, STACK_BYTES);
	swapcontext(&sc->main, &t->ctx);
	__sanitizer_finish_switch_fiber(sc->fake_stack, NULL, NULL);
	if (sc->ops)
		sc->ops->switch_out(t->data);
	sc->current = NULL;
	if (t->state != TASK_DEAD)
		return;
	if (sc->ops)
		sc->ops->free(t->data);
	/* the last one takes its place */
	((struct task *)sc->tasks->pdata[sc->tasks->len - 1])->index = t->index;
	g_ptr_array_remove_index_fast(sc->tasks, t->index);
	g_ptr_array_add(sc->pool, t);
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
		make_runnable(t->sc, t);
	} else {
		push(&t->sc->resume, t); /* a slice of sched_run() is over */
	}
}

/* A zeroed task with a stack. Not inlined into the caller of getcontext(), which the compiler
 * must assume to return twice. */
static __attribute__((noinline)) struct task *task_new(struct sched *sc)
{
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
	t->stack = stack;
	return t;
}

struct task *sched_spawn(struct sched *sc, enum task_class cls, const char *name,
			 void (*fn)(void *data), void *data, unsigned int cpu)
{
	struct task *t = task_new(sc);

	t->timer.fn = task_timeout;
	t->timer.arg = t;
	t->timer.background = cls == TASK_POLLER;
	t->sc = sc;
	t->cls = cls;
	t->name = name;
	t->fn = fn;
	t->data = data;
	t->home = t->cpu = cpu % sc->nr_cpus;
	getcontext(&t->ctx);
	t->ctx.uc_stack.ss_sp = t->stack;
	t->ctx.uc_stack.ss_size = STACK_BYTES;
	makecontext(&t->ctx, (void (*)(void))(void *)task_main, 2,
		    (unsigned int)((uintptr_t)t >> 32), (unsigned int)(uintptr_t)t);
	t->index = sc->tasks->len;
	g_ptr_array_add(sc->tasks, t);
	sc->nr_user += cls == TASK_USER;
	make_runnable(sc, t);
	return t;
}

struct sched *sched_new(struct clock *clock, unsigned int nr_cpus, uint64_t tick_ns,
			const struct sched_ops *ops)
{
	struct sched *sc = g_new0(struct sched, 1);

	sc->clock = clock;
	sc->nr_cpus = nr_cpus;
	sc->tick_ns = tick_ns;
	sc->ops = ops;
	sc->on_cpu = g_new0(struct task *, nr_cpus);
	sc->psi = psi_new(sc, clock, nr_cpus, tick_ns);
	sc->tasks = g_ptr_array_new();
	sc->pool = g_ptr_array_new();
	return sc;
}

static void task_drop(gpointer data, gpointer user)
{
	const struct task *t = data;

	(void)user;
	if (t->sc->ops)
		t->sc->ops->free(t->data);
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
	g_ptr_array_foreach(sc->tasks, task_drop, NULL);
	g_ptr_array_foreach(sc->tasks, task_free, NULL);
	g_ptr_array_foreach(sc->pool, task_free, NULL);
	g_ptr_array_free(sc->tasks, TRUE);
	g_ptr_array_free(sc->pool, TRUE);
	psi_free(sc->psi);
	g_free(sc->on_cpu);
	g_free(sc);
}

struct psi *sched_psi(const struct sched *sc)
{
	return sc->psi;
}

struct task *sched_current(const struct sched *sc)
{
	return sc->current;
}

void *sched_current_data(const struct sched *sc)
{
	return sc->current->data;
}

unsigned int sched_nr_user(const struct sched *sc)
{
	return sc->nr_user;
}

bool sched_idle(const struct sched *sc)
{
	return !sc->nr_awake && sc->clock->nr == sc->clock->nr_background;
}

void sched_for_each(const struct sched *sc, void (*fn)(void *data, void *arg), void *arg)
{
	for (guint i = 0; i < sc->tasks->len; i++)
		fn(((const struct task *)sc->tasks->pdata[i])->data, arg);
}

bool sched_turn(struct sched *sc)
{
	struct task *t = shift(&sc->resume);
	struct timer *timer;

	if (t) {
		resume(sc, t);
		return true;
	}
	timer = clock_pop(sc->clock);
	if (!timer)
		return false;
	clock_advance_to(sc->clock, timer->at_ns);
	timer->fn(timer->arg);
	return true;
}

/* Time */

void sched_run(struct sched *sc, uint64_t ns)
{
	struct clock *const clock = sc->clock;
	struct task *t = sc->current;

	while (ns) {
		const uint64_t left = sc->tick_ns - clock->now_ns % sc->tick_ns;
		const uint64_t piece = MIN(ns, left);

		ns -= piece;
		if (!sc->resume.first && clock_next(clock) > clock->now_ns + piece) {
			clock_advance(clock, piece);
		} else {
			clock_push(clock, &t->timer, clock->now_ns + piece);
			switch_out(sc);
		}
		if (piece == left && sc->run_queue.first) {
			release_cpu(sc, t, TASK_RUNNABLE);
			push(&sc->run_queue, t);
			switch_out(sc);
		}
	}
}

void sched_yield_to(struct sched *sc, struct task *to)
{
	struct task *t = sc->current;

	if (to->state == TASK_RUNNABLE) {
		take_out(&sc->run_queue, to);
		sc->on_cpu[t->cpu] = NULL;
		t->state = TASK_RUNNABLE;
		push_front(&sc->run_queue, t);
		account(sc, t);
		give_cpu(sc, to, t->cpu);
	} else {
		push(&sc->resume, t);
	}
	switch_out(sc);
}

void sched_pause(struct sched *sc)
{
	push_front(&sc->resume, sc->current);
	switch_out(sc);
}

bool task_sleep(struct sched *sc, uint64_t until_ns, bool killable)
{
	struct task *t = sc->current;

	if (until_ns <= sc->clock->now_ns)
		return false;
	t->killable = killable;
	if (until_ns != UINT64_MAX)
		clock_push(sc->clock, &t->timer, until_ns);
	release_cpu(sc, t, TASK_SLEEPING);
	switch_out(sc);
	return t->woken;
}

void task_wake(struct sched *sc, struct task *t)
{
	if (t->state != TASK_SLEEPING)
		return;
	clock_cancel(sc->clock, &t->timer);
	if (t->queue)
		take_out(t->queue, t);
	t->queue = NULL;
	t->woken = true;
	make_runnable(sc, t);
}

void task_kill(struct sched *sc, struct task *t)
{
	if (t->killable)
		task_wake(sc, t);
}

static void sleep_in(struct sched *sc, struct wait_queue *q, uint64_t until_ns, bool killable)
{
	struct task *t = sc->current;

	if (until_ns <= sc->clock->now_ns)
		return;
	push(q, t);
	t->queue = q;
	task_sleep(sc, until_ns, killable);
}

void wait_on(struct sched *sc, struct wait_queue *q, bool killable)
{
	sleep_in(sc, q, UINT64_MAX, killable);
}

void wait_on_until(struct sched *sc, struct wait_queue *q, uint64_t until_ns)
{
	sleep_in(sc, q, until_ns, false);
}

void wake_all(struct sched *sc, struct wait_queue *q)
{
	/* a task that sleeps in the queue again waits for the next wakeup */
	struct task *t = q->first, *next;

	q->first = NULL;
	for (; t; t = next) {
		next = t->next;
		t->queue = NULL;
		task_wake(sc, t);
	}
}

void io_wait_on(struct sched *sc, struct wait_queue *q, uint32_t key)
{
	struct task *t = sc->current;

	t->key = key;
	t->iowait = true;
	wait_on(sc, q, true);
	t->iowait = false;
}

void wake_key(struct sched *sc, struct wait_queue *q, uint32_t key)
{
	struct task *t = q->first, *next;

	for (; t; t = next) {
		next = t->next;
		if (t->key == key)
			task_wake(sc, t);
	}
}

/* Pressure */

void memstall_enter(struct sched *sc)
{
	struct task *t = sc->current;

	if (t->memstall++ == 0)
		account(sc, t);
}

void memstall_leave(struct sched *sc)
{
	struct task *t = sc->current;

	if (--t->memstall == 0)
		account(sc, t);
}
