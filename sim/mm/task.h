/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks, and the time that their work takes. In a timed run tasks are coroutines
 * (sim/time/sched.h). A switch saves and restores a task's own state: this_cpu,
 * in_lru_fault, the registers of the replay, held references and owed CPU time. An
 * untimed run has one task, and kswapd next to it (sim/mm/kswapd.h).
 */
#ifndef REAPSIM_TASK_H
#define REAPSIM_TASK_H

#include "sim/mm/mm.h"
#include "sim/state.h"
#include "sim/time/sched.h"

/** Set up the scheduler of a timed run: s->sched, with s->psi. */
void tasks_init(struct sim *s);
void tasks_free(struct sim *s);
/** Start a task with fn(s, arg), on @cpu if that is idle. @name is for messages. */
struct task *task_spawn(struct sim *s, enum task_class cls, const char *name,
			void (*fn)(struct sim *s, void *arg), void *arg, unsigned int cpu);
/** The argument of the current task. */
void *task_arg(const struct sim *s);
/** Let the current task work for @mm; the task uses the CPU of @mm from now on. */
void task_set_mm(struct sim *s, struct mm *mm);
/** Called before @mm is freed: clear every task's pointer to it. */
void tasks_forget_mm(struct sim *s, struct mm *mm);
/** Call @fn for every reference that a task holds (struct held). For sim_check(). */
void tasks_each_held(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg);

/** Let no task hold @slot any more, which leaves the cache. */
void tasks_forget_held(struct sim *s, uint32_t slot);

/** Let the current task use the CPU for @ns nanoseconds. */
void task_run(struct sim *s, uint64_t ns);
/** Let the current task wait @ns nanoseconds, for the device or a timer. */
void task_wait(struct sim *s, uint64_t ns);
/** Like task_wait(), between two operations: afterwards no process of the trace runs. */
void task_idle(struct sim *s, uint64_t ns);
/** Let the current task of a timed run use the CPU for the time that it owes. */
void task_pay(struct sim *s);
/** Owe @ps picoseconds of CPU time in a timed run; the current task pays at its next
 * task_pay(). */
static inline void task_owe(struct sim *s, uint64_t ps)
{
	s->owed_ps += ps;
}

/** The same of a cost that an untimed run does not have. */
static inline void task_owe_timed(struct sim *s, uint64_t ps)
{
	if (s->sched)
		task_owe(s, ps);
}

/** The same of reading pages from the device, in a timed run. */
static inline void read_owe(struct sim *s, uint64_t ps)
{
	task_owe(s, ps);
	s->times.read_ps += ps;
}

/** The same for @nr steps of a death, which are counted. */
static inline void reap_owe(struct sim *s, enum reap_cost what, uint64_t nr, uint32_t ps)
{
	task_owe_timed(s, nr * ps);
	s->times.reap_nr[what] += nr;
	s->times.reap_ps[what] += nr * ps;
}

/** context_switch() to the current process, from another one or from idle:
 * lru_gen_use_mm(). */
static inline void task_use_mm(struct sim *s)
{
	if (s->replay.mm)
		s->replay.mm->ran = true;
}

/** The CPU of a kernel thread in an untimed run: an idle one, if there is one. */
static inline unsigned int idle_cpu(const struct sim *s)
{
	return s->this_cpu || s->cfg.machine.cpus == 1 ? 0 : 1;
}

#endif
