// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts of processes, and restarts after kills.
 *
 * Approximation: a forked process that restarts gets the mappings that it inherited from
 * its parent, without their pages.
 */
#include "sim/timed-priv.h"

#include "sim/mm/task.h"
#include "sim/outcome.h"
#include "sim/replay.h"

void actor_born(struct sim *s, struct actor *a, guint birth)
{
	a->birth = birth;
	a->born_rec = step_at(a, birth)->rec;
	a->started_ns = a->used_ns = s->clock.now_ns;
	a->starting = a->nr_lives++ > 0;
	a->on_use = false;
	a->restart_ns = UINT64_MAX;
	restart_started(&a->rs, s->clock.now_ns);
	wake_all(s->sched, &a->news);
}

void actor_started(struct sim *s, struct actor *a)
{
	const struct restart_outcome out = { .pid = a->pid,
					     .at_ns = a->started_ns,
					     .latency_ns = a->used_ns - a->started_ns };

	if (a->starting)
		g_array_append_val(s->timed->outcome.restarts, out);
	a->starting = false;
}

static bool maps(enum op_code code)
{
	return code == OP_MAP || code == OP_UNMAP || code == OP_ADVISE || code == OP_EXEC ||
	       code == OP_OOM_SCORE_ADJ || code == OP_MREMAP || code == OP_CGROUP;
}

/* Replay for @a the steps [@from, @to) of @of that change the address space, and what else a
 * restarted process has again. */
static bool replay_maps(struct sim *s, struct actor *a, const struct actor *of, guint from,
			guint to)
{
	for (guint i = from; i < to; i++)
		if (maps(step_code(s, step_at(of, i))) && !actor_do_op(s, a, step_at(of, i)))
			return false;
	return true;
}

/* Replay for @a the mappings that the life of @of that began at @birth had inherited. */
static bool inherit(struct sim *s, struct actor *a, const struct actor *of, guint birth)
{
	const struct step *st = step_at(of, birth);
	const struct actor *p;
	guint to, from;

	if (step_code(s, st) == OP_SPAWN)
		return true;
	p = actor_get(s, st->parent);
	for (to = 0; step_at(p, to)->birth || step_at(p, to)->rec != st->rec;)
		to++;
	for (from = to; from && !step_at(p, from)->birth;)
		from--;
	return inherit(s, a, p, from) && replay_maps(s, a, p, from + 1, to);
}

bool actor_restart(struct sim *s, struct actor *a, guint resume)
{
	const guint birth = a->birth;
	guint end = birth + 1;
	bool ok;

	a->deviates = a->restarting = true;
	actor_born(s, a, birth);
	a->starting = true;
	actor_give_life(a, proc_spawn(s, a->pid, op_rec_x(s->trace->recs[step_at(a, birth)->rec])));
	if (s->timed->cfg->loop == LOOP_PROCESS)
		task_set_mm(s, a->mm);
	ok = inherit(s, a, a, birth);
	for (; ok && end < a->steps->len; end++) {
		const struct step *st = step_at(a, end);
		const enum op_code code = step_code(s, st);

		if (st->think_ns || st->birth || is_end(code))
			break;
		if (code != OP_FORK)
			ok = actor_do_op(s, a, st);
	}
	if (ok) {
		actor_started(s, a);
		ok = replay_maps(s, a, a, end, resume);
	}
	a->done_until = MAX(resume, end);
	a->restarting = false;
	wake_all(s->sched, &a->news);
	return ok;
}

static void restart_main(struct sim *s, void *arg)
{
	struct actor *a = arg;

	task_sleep(s->sched, a->restart_ns, false);
	/* unless the trace has started it, or it was killed again, meanwhile */
	if (!a->mm && !a->restarting && a->restart_ns <= s->clock.now_ns)
		actor_restart(s, a, a->next);
}

void actor_bury(struct sim *s, struct actor *a, bool killed)
{
	struct timed *t = s->timed;
	uint64_t delay;

	a->starting = false;
	if (!killed || !restart_delay(&t->cfg->restart, &a->rs, a->started_ns, s->clock.now_ns,
				      &t->rng, &delay))
		return;
	a->on_use = t->cfg->restart.kind == RESTART_ON_USE;
	if (a->on_use)
		return;
	a->restart_ns = s->clock.now_ns + delay;
	if (t->cfg->loop != LOOP_PROCESS)
		task_spawn(s, TASK_SYSTEM, "restart", restart_main, a, 0);
}
