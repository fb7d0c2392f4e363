/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks of a timed run, and who of them has a CPU. A task is a coroutine: the
 * engine's code runs in it as it is, and where a real task would use CPU time
 * (task_run()) or wait (task_wait(), task_sleep()) it gives the turn to others.
 * Between two such points a task is alone: nothing else happens.
 *
 * Order: at one instant tasks continue in the order in which they became able to.
 * Who is given the turn back finds these as it left them: this_cpu, in_lru_fault,
 * the registers of the replay, what it holds and what it owes. Everything else
 * may have changed.
 */
#ifndef REAPSIM_SCHED_H
#define REAPSIM_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/time/clock.h"
#include "sim/sim.h"

struct sched;

/** struct wait_queue - tasks that wait for the same thing, first come first
 * served; zeroed at first. */
struct wait_queue {
	struct task *first, *last;
};

/** enum task_class - what a task's state means to others. */
enum task_class {
	TASK_USER,   /* the run goes on while there is one */
	TASK_SYSTEM, /* kswapd: does what others left it, and is through some time */
	TASK_POLLER, /* killers: look again and again, whether anybody lives or not */
};

struct sched *sched_new(struct sim *s);
/** Tasks that have not ended are dropped where they are. */
void sched_free(struct sched *sc);
/** A task that begins with fn(s, arg), on @cpu if that is idle. @name for people. */
struct task *task_spawn(struct sim *s, enum task_class cls, const char *name,
			void (*fn)(struct sim *s, void *arg), void *arg, unsigned int cpu);
/** The task that runs; NULL between tasks. */
struct task *task_current(const struct sim *s);
/** Its argument. */
void *task_arg(const struct sim *s);
/** TASK_USER tasks that have not ended. */
unsigned int sched_nr_user(const struct sim *s);
/** Nobody but pollers runs, and what the clock has still to come is theirs. */
bool sched_idle(const struct sim *s);
/** The current task works for @mm, whose CPU is the task's from now on. */
void task_set_mm(struct sim *s, struct mm *mm);
/** @mm will be freed: no task may go on with it. */
void sched_forget_mm(struct sim *s, const struct mm *mm);
/**
 * sched_turn - let one task continue, or the next event happen.
 * Return: false if there is neither: everybody waits for something that never
 * comes, or nobody is left.
 */
bool sched_turn(struct sim *s);
/** An event, @fn(arg), at @at_ns. */
void sched_timer(struct sim *s, struct timer *t, uint64_t at_ns);

/** The current task uses its CPU for @ns; others that want it get it at ticks. */
void sched_run(struct sim *s, uint64_t ns);
/** @to, which was just spawned, goes first: the caller lends it its CPU if there
 * is no other, and goes on when it waits. */
void sched_yield_to(struct sim *s, struct task *to);
/** sched_turn() returns now; the current task goes on first at the next. */
void sched_pause(struct sim *s);
/**
 * task_sleep - off the CPU until @until_ns (UINT64_MAX: no time) or task_wake().
 * @killable: task_kill() ends it, too
 * Return: true if somebody woke it, false if it was the time.
 */
bool task_sleep(struct sim *s, uint64_t until_ns, bool killable);
/** End the sleep of @t, if it sleeps. */
void task_wake(struct sim *s, struct task *t);
/** The same if it is a killable one. */
void task_kill(struct sim *s, struct task *t);
/** Sleep in a queue, until woken there (or killed). */
void wait_on(struct sim *s, struct wait_queue *q, bool killable);
/** The same, but no longer than until @until_ns. */
void wait_on_until(struct sim *s, struct wait_queue *q, uint64_t until_ns);
void wake_all(struct sim *s, struct wait_queue *q);

/**
 * folio_wait_locked - v7.3 folio_wait_locked_killable(): until a read that is
 * under way has ended. The folio may be gone afterwards unless it is held.
 * Return: 0, or -EINTR when a fatal signal came.
 */
int folio_wait_locked(struct sim *s, uint32_t slot);
/** Pages [@slot, @slot + @nr) were unlocked. */
void folio_wake(struct sim *s, uint32_t slot, uint32_t nr);

/** psi_memstall_enter(), psi_memstall_leave(): they nest. */
void memstall_enter(struct sim *s);
void memstall_leave(struct sim *s);

/** Every reference that any task holds (struct held): for sim_check(). */
void sched_each_held(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg);

#endif
