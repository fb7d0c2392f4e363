/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who works, and the time that work takes. In a timed run tasks are coroutines
 * (sim/time/sched.h), and each finds these as it left them when it continues: this_cpu,
 * in_lru_fault, the registers of the replay, what it holds and what it owes. In an
 * untimed run there is one, and kswapd next to it (sim/mm/kswapd.h).
 */
#ifndef REAPSIM_TASK_H
#define REAPSIM_TASK_H

#include "sim/mm/mm.h"
#include "sim/state.h"
#include "sim/time/sched.h"

/** A timed run's scheduler, s->sched with s->psi. */
void tasks_init(struct sim *s);
void tasks_free(struct sim *s);
/** A task that begins with fn(s, arg), on @cpu if that is idle. @name for people. */
struct task *task_spawn(struct sim *s, enum task_class cls, const char *name,
			void (*fn)(struct sim *s, void *arg), void *arg, unsigned int cpu);
/** The argument of the current task. */
void *task_arg(const struct sim *s);
/** The current task works for @mm, whose CPU is the task's from now on. */
void task_set_mm(struct sim *s, struct mm *mm);
/** @mm will be freed: no task may go on with it. */
void tasks_forget_mm(struct sim *s, struct mm *mm);
/** Every reference that any task holds (struct held): for sim_check(). */
void tasks_each_held(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg);

/** The task that runs needs the CPU for @ns. */
void task_run(struct sim *s, uint64_t ns);
/** The task that runs waits for @ns, for the device or a timer. */
void task_wait(struct sim *s, uint64_t ns);
/** The same between two operations: no process of the trace runs when it is over. */
void task_idle(struct sim *s, uint64_t ns);
/** A timed run: the current task uses the CPU for what it owes. */
void task_pay(struct sim *s);
/** A timed run: CPU time that the current task pays at its next task_pay(). */
static inline void task_owe(struct sim *s, uint64_t ps)
{
	s->owed_ps += ps;
}

/** context_switch() to the process at work, from another or from idling:
 * lru_gen_use_mm(). */
static inline void task_use_mm(struct sim *s)
{
	if (s->replay.mm)
		s->replay.mm->ran = true;
}

/** Where a kernel thread runs in an untimed run: on an idle CPU, if there is any. */
static inline unsigned int idle_cpu(const struct sim *s)
{
	return s->this_cpu || s->cfg.machine.cpus == 1 ? 0 : 1;
}

#endif
