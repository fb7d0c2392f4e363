// SPDX-License-Identifier: GPL-2.0-only
/* A timed run: creates the actors and lets them take turns. */
#include "sim/timed.h"

#include <errno.h>
#include <string.h>

#include "sim/mm/io.h"
#include "sim/mm/kswapd.h"
#include "sim/mm/task.h"
#include "sim/names.h"
#include "sim/timed-priv.h"

/* timed_run() returns after this many turns even if no record is finished, so that its
 * caller can stop a run in which only a killer polls, for years of simulated time. */
#define TURNS_A_PAUSE 65536

void timed_config_init(struct timed_config *c, const struct killer *killer)
{
	*c = (struct timed_config){ .seed = 1, .killer = killer };
	killer_args_parse(c->killer_args, killer, NULL, NULL);
}

const char *const timed_loops[] = {
	[LOOP_PROCESS] = "process",
	[LOOP_TRACE] = "trace",
	[LOOP_TURNS] = "turns",
	NULL,
};

int timed_loop_parse(enum timed_loop *loop, const char *name, struct err *err)
{
	g_autofree char *expected = NULL;

	for (guint i = 0; timed_loops[i]; i++) {
		if (!strcmp(name, timed_loops[i])) {
			*loop = (enum timed_loop)i;
			return 0;
		}
	}
	expected = names_unknown(name, timed_loops);
	return err_set(err, -EINVAL, "unknown loop \"%s\"%s", name, expected);
}

static void killer_main(struct sim *s, void *arg)
{
	const struct timed_config *cfg = arg;

	cfg->killer->run(s, cfg->killer_args);
}

static const struct mm_hooks hooks = {
	.oom_kill = timed_oom_kill,
	.advised = timed_advised,
	.freed = timed_freed,
};

int timed_init(struct sim *s, struct err *err)
{
	struct timed *t = g_new0(struct timed, 1);
	const struct timed_config *cfg = s->cfg.timed;

	(void)err;
	s->timed = t;
	s->no_think = cfg->no_think;
	t->cfg = cfg;
	t->by_pid = g_hash_table_new(NULL, NULL);
	t->actors = g_ptr_array_new();
	t->victims = g_ptr_array_new();
	t->order = g_array_new(FALSE, FALSE, sizeof(struct turn));
	t->machine.steps = g_array_new(FALSE, FALSE, sizeof(struct step));
	t->machine.s = s;
	t->idle_since = UINT64_MAX;
	rng_init(&t->rng, cfg->seed, 2);
	s->hooks = &hooks;
	t->outcome.kills = g_array_new(FALSE, FALSE, sizeof(struct kill_outcome));
	t->outcome.restarts = g_array_new(FALSE, FALSE, sizeof(struct restart_outcome));
	t->outcome.starts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	t->starting = g_ptr_array_new();
	tasks_init(s);
	io_init(s, cfg->seed);
	timed_read_trace(s);
	if (s->root)
		s->kswapd.task = task_spawn(s, TASK_SYSTEM, "kswapd", kswapd_main, NULL,
					    s->cfg.machine.cpus > 1);
	if (cfg->killer->run)
		task_spawn(s, TASK_POLLER, cfg->killer->name, killer_main, (void *)cfg, 0);
	if (cfg->loop != LOOP_PROCESS) {
		task_spawn(s, TASK_USER, "user", actor_user_main, t, 0);
		return 0;
	}
	if (t->machine.steps->len)
		task_spawn(s, TASK_USER, "machine", actor_machine_main, &t->machine, 0);
	for (guint i = 0; i < t->actors->len; i++) {
		struct actor *a = t->actors->pdata[i];

		if (!a->steps->len || step_code(s, step_at(a, 0)) == OP_FORK)
			continue;
		a->start = (struct timer){ .fn = actor_start_due, .arg = a };
		t->nr_to_start++;
		clock_push(&s->clock, &a->start, step_at(a, 0)->think_ns);
	}
	return 0;
}

static void victim_free(gpointer data, gpointer user)
{
	struct victim *v = data;

	(void)user;
	g_array_free(v->freed, TRUE);
	if (v->advice.ranges)
		g_array_free(v->advice.ranges, TRUE);
	g_free(v);
}

static void actor_free(gpointer data, gpointer user)
{
	struct actor *a = data;

	(void)user;
	g_array_free(a->steps, TRUE);
	g_array_free(a->never, TRUE);
	g_free(a);
}

void timed_free(struct sim *s)
{
	struct timed *t = s->timed;

	if (!t)
		return;
	tasks_free(s);
	io_free(s);
	g_ptr_array_foreach(t->actors, actor_free, NULL);
	g_ptr_array_foreach(t->victims, victim_free, NULL);
	g_ptr_array_free(t->actors, TRUE);
	g_ptr_array_free(t->victims, TRUE);
	g_ptr_array_free(t->starting, TRUE);
	g_hash_table_destroy(t->by_pid);
	g_array_free(t->order, TRUE);
	g_array_free(t->machine.steps, TRUE);
	outcome_clear(&t->outcome);
	g_free(t);
	s->timed = NULL;
}

static bool over(const struct sim *s)
{
	return !sched_nr_user(s->sched) && !s->timed->nr_to_start;
}

/* Has nothing but killers run for so long that no killer will act any more? */
static bool deadlocked(struct sim *s)
{
	struct timed *t = s->timed;

	t->idle_since = sched_idle(s->sched) ? MIN(t->idle_since, s->clock.now_ns) : UINT64_MAX;
	return t->idle_since != UINT64_MAX && s->clock.now_ns - t->idle_since > KILLER_PATIENCE_NS;
}

int timed_run(struct sim *s, uint64_t nr_recs, struct err *err)
{
	const uint64_t nr_turns = MAX(nr_recs, TURNS_A_PAUSE);
	struct timed *t = s->timed;

	t->pause_at = t->nr_done + MIN(nr_recs, UINT64_MAX - t->nr_done);
	s->err = err;
	for (uint64_t i = 0; i < nr_turns && !t->ret && t->nr_done < t->pause_at && !over(s); i++) {
		if (sched_turn(s->sched) && !deadlocked(s))
			continue;
		t->ret = err_set(err, -EDEADLK, "%s: deadlock: %u tasks blocked, no pending event",
				 s->trace->path, sched_nr_user(s->sched));
		/* no single record caused it */
		t->failed_at = s->trace->nr_recs;
	}
	s->err = NULL;
	return t->ret ? t->ret : over(s);
}

bool timed_reorders(const struct sim *s)
{
	return s->timed && s->timed->cfg->loop == LOOP_PROCESS;
}

uint64_t timed_position(const struct sim *s)
{
	return s->timed->ret ? s->timed->failed_at : s->timed->nr_done;
}
