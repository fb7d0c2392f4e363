/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks and CPUs of a timed run. A task is a coroutine that runs unmodified code. Where a
 * real task would use CPU time (sched_run()) or wait (task_sleep(), wait_on()), it yields to
 * other tasks. Between two such points nothing else runs.
 *
 * At one instant, tasks continue in the order in which they became runnable. On resume the
 * scheduler's owner restores state by struct sched_ops; all other state may have changed.
 */
#ifndef REAPSIM_SCHED_H
#define REAPSIM_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/time/clock.h"

struct psi;
struct sched;
struct task;

/** struct wait_queue - tasks that wait for the same thing, first come first
 * served; zeroed at first. */
struct wait_queue {
	struct task *first, *last;
};

/** enum task_class - the role of a task for the end of the run. */
enum task_class {
	TASK_USER,   /* the run continues while one exists */
	TASK_SYSTEM, /* kswapd: works off a backlog, then sleeps */
	TASK_POLLER, /* killers: poll forever */
};

/** struct sched_ops - what the owner of the scheduler does with a task's @data. */
struct sched_ops {
	void (*run_on)(void *data, unsigned int cpu); /* the task gets that CPU */
	void (*switch_in)(void *data);		      /* the task resumes: context_switch() */
	void (*switch_out)(void *data);		      /* the task yields */
	void (*free)(void *data);		      /* the task ended or was dropped */
};

/** @tick_ns: length of a time slice; @ops may be NULL. */
struct sched *sched_new(struct clock *clock, unsigned int nr_cpus, uint64_t tick_ns,
			const struct sched_ops *ops);
/** Free the scheduler; drops tasks that have not ended. */
void sched_free(struct sched *sc);
/** The memory pressure of its tasks. */
struct psi *sched_psi(const struct sched *sc);
/** Create a task that runs fn(data), on @cpu if that is idle. @name is only for debugging. */
struct task *sched_spawn(struct sched *sc, enum task_class cls, const char *name,
			 void (*fn)(void *data), void *data, unsigned int cpu);
/** The task that runs; NULL between tasks. */
struct task *sched_current(const struct sched *sc);
/** The data of the current task; there must be one. */
void *sched_current_data(const struct sched *sc);
/** TASK_USER tasks that have not ended. */
unsigned int sched_nr_user(const struct sched *sc);
/** Do only pollers run, and do all pending timers belong to them? */
bool sched_idle(const struct sched *sc);
/** The data of every task that has not ended. */
void sched_for_each(const struct sched *sc, void (*fn)(void *data, void *arg), void *arg);
/**
 * sched_turn - continue one task, or run the next event.
 * Return: false if there is neither: all tasks are blocked or have ended.
 */
bool sched_turn(struct sched *sc);

/** The current task uses its CPU for @ns; tasks that wait for a CPU get it at ticks. */
void sched_run(struct sched *sc, uint64_t ns);
/** Run @to, which was just spawned, first: if no CPU is idle it borrows the caller's. The caller
 * continues when @to waits. */
void sched_yield_to(struct sched *sc, struct task *to);
/** Make sched_turn() return; the current task continues at the next turn, before others. */
void sched_pause(struct sched *sc);
/**
 * task_sleep - sleep until @until_ns (UINT64_MAX: no limit) or task_wake().
 * @killable: task_kill() ends the sleep, too
 * Return: true if it was woken, false if the time was over.
 */
bool task_sleep(struct sched *sc, uint64_t until_ns, bool killable);
/** Wake @t if it sleeps. */
void task_wake(struct sched *sc, struct task *t);
/** Wake @t if its sleep is killable. */
void task_kill(struct sched *sc, struct task *t);
/** Sleep in a queue until woken there, or killed. */
void wait_on(struct sched *sc, struct wait_queue *q, bool killable);
/** The same, at most until @until_ns. */
void wait_on_until(struct sched *sc, struct wait_queue *q, uint64_t until_ns);
void wake_all(struct sched *sc, struct wait_queue *q);
/** io_schedule(): sleep, killable, in a queue that several keys share, until @key is woken
 * there. All tasks in that queue wait for a key. */
void io_wait_on(struct sched *sc, struct wait_queue *q, uint32_t key);
void wake_key(struct sched *sc, struct wait_queue *q, uint32_t key);

/** psi_memstall_enter(), psi_memstall_leave(): they nest. */
void memstall_enter(struct sched *sc);
void memstall_leave(struct sched *sc);

#endif
