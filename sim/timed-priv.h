/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files of a timed run. An actor stands for a process id of the trace. A
 * process id can be used again: an actor has one life after another. timed-trace.c divides
 * the trace among the actors, timed-step.c runs their operations, timed-start.c times starts of
 * LOOP_TRACE, timed-life.c starts and restarts processes, timed-death.c kills and unmaps them,
 * timed.c is the run, timed-outcome.c computes the outcome.
 */
#ifndef REAPSIM_TIMED_PRIV_H
#define REAPSIM_TIMED_PRIV_H

#include <glib.h>

#include "sim/outcome.h"
#include "sim/rng.h"
#include "sim/time/sched.h"
#include "sim/timed.h"
#include "sim/victim.h"

/** struct step - one operation of an actor. */
struct step {
	uint64_t rec;		       /* index of its record */
	uint64_t think_ns;	       /* by the trace's clock, since the actor's previous step */
	uint32_t file, ext_x, ext_arg; /* registers */
	uint32_t parent;	       /* pid of a fork's parent */
	bool has_ext;
	bool birth; /* starts a life: OP_SPAWN, or OP_FORK as the child's step */
};

/** struct turn - a step in the order of the whole trace (LOOP_TRACE). */
struct turn {
	struct actor *actor;
	guint step;
};

/** struct actor - a process id of the trace. */
struct actor {
	struct sim *s;
	uint32_t pid, parent;
	uint32_t rank; /* index in timed.actors */
	GArray *steps; /* struct step */
	guint next;    /* index of the next step */
	guint birth;   /* index of the step that began the present life */
	struct mm *mm; /* NULL: not alive */
	struct task *task;
	struct timer start;
	struct wait_queue news; /* woken when one of the members below changes */
	bool dying, restarting, in_op;
	uint64_t born_rec;   /* the spawn or fork of the present or last life */
	uint64_t await_rec;  /* the fork that the actor waits for; UINT64_MAX: none */
	GArray *never;	     /* uint64_t: records of forks that did not take place */
	bool deviates;	     /* was killed, or survived, contrary to the trace */
	bool on_use;	     /* dead; restarts when its next step is due */
	uint64_t restart_ns; /* dead; restarts at this time. UINT64_MAX: does not */
	guint nr_lives;
	uint64_t started_ns, used_ns; /* start of this life, end of its last operation */
	bool starting;		      /* in the start-up section of a life after the first */
	bool seen;		      /* LOOP_TRACE: it has done something in this life */
	bool in_start;		      /* LOOP_TRACE: its start is not over */
	bool counts;		      /* LOOP_TRACE: its start began after a death */
	uint64_t start_ns;	      /* LOOP_TRACE: of its start, so far */
	guint done_until;	      /* a restart has replayed the steps before this one */
	struct restart_state rs;
};

/** struct victim - a process that died: the kill or exit, and what it freed so far. */
struct victim {
	struct actor *a;
	enum op_code how;
	uint32_t flags;
	bool kill; /* false: an exit */
	struct victim_advice advice;
	bool advising; /* the killer holds the mm, in process_madvise() */
	bool exiting;  /* the process has given up its mm, in do_exit() */
	struct kill_outcome out;
	GArray *freed; /* struct point, by time */
};

/** struct point - a victim had freed @pages by @at_ns. */
struct point {
	uint64_t at_ns, pages;
};

struct timed {
	const struct timed_config *cfg;
	GHashTable *by_pid;	     /* pid -> struct actor */
	GPtrArray *actors;	     /* struct actor, by first appearance in the trace */
	GPtrArray *victims;	     /* struct victim, by time of death */
	GArray *order;		     /* struct turn; LOOP_TRACE */
	GPtrArray *starting;	     /* struct actor whose start began since the trace's last pause;
				      * LOOP_TRACE */
	bool died;		     /* a process has; LOOP_TRACE */
	struct actor machine;	     /* operations without a process */
	struct rng rng;		     /* of restarts */
	unsigned int nr_to_start;    /* actors whose @start timer is pending */
	uint64_t nr_done, failed_at; /* records replayed; record of the error */
	struct outcome outcome;	     /* timed_outcome() adds the rest */
	uint64_t pause_at;	     /* timed_run() returns when nr_done gets here */
	uint64_t idle_since;	     /* since when sched_idle() is true; UINT64_MAX: it is not */
	int ret;		     /* error of the run */
};

static inline const struct step *step_at(const struct actor *a, guint i)
{
	return &g_array_index(a->steps, struct step, i);
}

static inline enum op_code step_code(const struct sim *s, const struct step *st)
{
	return op_rec_op(s->trace->recs[st->rec]);
}

static inline bool is_end(enum op_code code)
{
	return code == OP_EXIT || code == OP_KILL || code == OP_MRELEASE || code == OP_OOM;
}

/* timed-trace.c */

/** The actor of @pid; created if it does not exist. */
struct actor *actor_get(struct sim *s, uint32_t pid);
/** Divide the trace's operations among the actors. */
void timed_read_trace(struct sim *s);

/* timed-step.c */

/** Run one operation of @a. Return: false if the process was killed meanwhile. */
bool actor_do_op(struct sim *s, struct actor *a, const struct step *st);
/** Set the mm of @a; NULL if the parent was killed before it could fork. Return: @mm. */
struct mm *actor_give_life(struct actor *a, struct mm *mm);
/** Timer: the first operation of an actor is due. */
void actor_start_due(void *arg);
/** Task that runs the operations without a process; @arg: struct actor. */
void actor_machine_main(struct sim *s, void *arg);
/** Task that runs the whole trace (LOOP_TRACE); @arg: struct timed. */
void actor_user_main(struct sim *s, void *arg);

/* timed-start.c */

/** Turn @st of @a, of the one user, has taken @ns. */
void timed_turn_done(struct sim *s, struct actor *a, const struct step *st, uint64_t ns);
/** The one user is done. */
void timed_turns_end(struct sim *s);

/* timed-life.c */

/** Step @birth begins a new life. */
void actor_born(struct sim *s, struct actor *a, guint birth);
/** The start-up section is over: record the restart's latency. */
void actor_started(struct sim *s, struct actor *a);
/** Restart a process that was killed before step @resume. Return: false if it was killed
 * again during its start. */
bool actor_restart(struct sim *s, struct actor *a, guint resume);
/** A life has ended: plan a restart if the rule asks for one. */
void actor_bury(struct sim *s, struct actor *a, bool killed);

/* timed-death.c */

/** Start the death of @a, by @how with @flags. Return: the task that unmaps it. */
struct task *actor_begin_death(struct sim *s, struct actor *a, enum op_code how, uint32_t flags,
			       uint64_t shortage, bool oom);
/** mm_hooks.freed: the current task, a death, has freed @nr more pages. */
void timed_freed(struct sim *s, uint64_t nr);
/** mm_hooks.advised */
void timed_advised(struct sim *s, struct mm *mm);
/** mm_hooks.oom_kill */
void timed_oom_kill(struct sim *s, struct mm *mm);

#endif
