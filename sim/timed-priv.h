/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of a timed run. An actor is a process id of the trace, or the one
 * user who works through the trace. timed-trace.c divides the trace among actors,
 * timed-step.c has what an actor does, timed-life.c and timed-death.c how it begins and
 * ends, timed.c the run, timed-outcome.c what it cost.
 */
#ifndef REAPSIM_TIMED_PRIV_H
#define REAPSIM_TIMED_PRIV_H

#include <glib.h>

#include "sim/outcome.h"
#include "sim/rng.h"
#include "sim/time/sched.h"
#include "sim/timed.h"

/** struct step - an operation of one process. */
struct step {
	uint64_t rec;	   /* its record */
	uint64_t think_ns; /* the trace's clock since the step before it */
	uint32_t file, ext_x, ext_arg;
	uint32_t parent; /* of a fork */
	bool has_ext;
	bool birth; /* OP_SPAWN, or the OP_FORK by another process */
};

/** struct turn - of a process in the order of the whole trace. */
struct turn {
	struct actor *actor;
	guint step;
};

/** struct actor - a process id of the trace. */
struct actor {
	struct sim *s;
	uint32_t pid, parent;
	uint32_t rank; /* by first appearance */
	GArray *steps; /* struct step */
	guint next;    /* the one to do next */
	guint birth;   /* that the present life began with */
	struct mm *mm; /* NULL: it does not live */
	struct task *task;
	struct timer start;
	struct wait_queue news; /* for who waits until one of these changes: */
	bool dying, restarting, in_op;
	uint64_t born_rec;   /* of the present life, or the last */
	uint64_t await_rec;  /* the fork that it waits for; UINT64_MAX: none */
	GArray *never;	     /* uint64_t: forks that did not take place */
	bool deviates;	     /* it was killed, or lives, against the trace */
	bool on_use;	     /* dead, comes back when it is used */
	uint64_t restart_ns; /* dead, comes back then; UINT64_MAX: not by itself */
	guint nr_lives;
	uint64_t started_ns, used_ns; /* this life; the end of its last operation */
	bool starting;		      /* in the start-up section of a life after the first */
	guint done_until;	      /* steps before it were done by a restart */
	struct restart_state rs;
};

/** struct victim - a kill, while its outcome is not known. */
struct victim {
	struct actor *a;
	enum op_code how;
	uint32_t flags;
	bool kill; /* else an exit */
	struct kill_outcome out;
	GArray *freed; /* struct point */
};

struct point {
	uint64_t at_ns, pages;
};

struct timed {
	const struct timed_config *cfg;
	GHashTable *by_pid;
	GPtrArray *actors;    /* struct actor, by first appearance */
	GPtrArray *victims;   /* struct victim, by time */
	GArray *order;	      /* struct turn; LOOP_TRACE */
	struct actor machine; /* operations without a process */
	struct rng rng;	      /* of restarts */
	unsigned int nr_to_start;
	uint64_t nr_done, failed_at;
	struct outcome outcome; /* except what is counted elsewhere */
	uint64_t pause_at;	/* of nr_done: timed_run() returns */
	uint64_t idle_since;	/* sched_idle(); UINT64_MAX: not now */
	int ret;
};

static inline const struct step *step_at(const struct actor *a, guint i)
{
	return &g_array_index(a->steps, struct step, i);
}

static inline enum op_code step_code(const struct sim *s, const struct step *st)
{
	return op_rec_code(s->trace->recs[st->rec]);
}

static inline bool is_end(enum op_code code)
{
	return code == OP_EXIT || code == OP_KILL || code == OP_MRELEASE || code == OP_OOM;
}

/* timed-trace.c */

/** The actor of @pid, made if it is not there. */
struct actor *actor_get(struct sim *s, uint32_t pid);
/** Give every operation of the trace to its actor. */
void timed_read_trace(struct sim *s);

/* timed-step.c */

/** One operation of @a. Return: false if the process was killed by the end of it. */
bool actor_do_op(struct sim *s, struct actor *a, const struct step *st);
/** @mm: NULL if its parent was killed before it could fork. Return: @mm */
struct mm *actor_give_life(struct actor *a, struct mm *mm);
/** Timer: the first operation of an actor is due. */
void actor_start_due(void *arg);
/* tasks: the operations without a process; the whole trace, of struct timed */
void actor_machine_main(struct sim *s, void *arg);
void actor_user_main(struct sim *s, void *arg);

/* timed-life.c */

/** A life begins with step @birth. */
void actor_born(struct sim *s, struct actor *a, guint birth);
/** It is through its start-up section, if it was in one. */
void actor_started(struct sim *s, struct actor *a);
/** A new life for a process that was killed before step @resume. Return: false if it
 * was killed again in its start. */
bool actor_restart(struct sim *s, struct actor *a, guint resume);
/** The end of a life: plan another, if the rule says so. */
void actor_bury(struct sim *s, struct actor *a, bool killed);

/* timed-death.c */

/** Return: the task that unmaps what is left of it. */
struct task *actor_begin_death(struct sim *s, struct actor *a, enum op_code how, uint32_t flags,
			       uint64_t shortage, bool oom);
/** mm_hooks.freed: pages came free by the death that is the current task. */
void timed_freed(struct sim *s, uint64_t nr);
/** mm_hooks.oom_kill */
void timed_oom_kill(struct sim *s, struct mm *mm);

#endif
