// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the operations of actors: those of one process, those without a process, or, for
 * the one user of LOOP_TRACE and LOOP_TURNS, the whole trace.
 *
 * Approximations: accesses to present pages take no time, so between faults a process
 * computes only for as long as the trace's clock advances. Processes wait for each other
 * only in fork.
 */
#include "sim/timed-priv.h"

#include <errno.h>

#include "sim/mm/mm.h"
#include "sim/mm/task.h"
#include "sim/outcome.h"
#include "sim/replay.h"

static void fail(struct sim *s, int ret, uint64_t rec)
{
	struct timed *t = s->timed;

	if (t->ret)
		return;
	t->failed_at = rec;
	t->ret = ret == -EIO ? ret : replay_failed(s, ret, rec);
}

static void load_registers(struct sim *s, const struct step *st, const struct actor *a,
			   struct mm *mm)
{
	struct replay *r = &s->replay;

	/* an operation without a process does not change these registers */
	if (a != &s->timed->machine) {
		r->pid = a->pid;
		r->mm = mm;
	} else if (fatal_signal_pending(s)) {
		r->mm = NULL;
	}
	r->file = st->file;
	r->first = s->trace->nr_files ? s->trace->files[st->file].first : 0;
	r->has_ext = st->has_ext;
	r->ext_x = st->ext_x;
	r->ext_arg = st->ext_arg;
	if (mm) {
		s->this_cpu = mm->cpu;
		mm->ran = true;
	}
}

static void count_done(struct sim *s)
{
	if (++s->timed->nr_done >= s->timed->pause_at)
		sched_pause(s->sched);
}

struct mm *actor_give_life(struct actor *a, struct mm *mm)
{
	if (mm)
		mm->rank = a->rank;
	return a->mm = mm;
}

bool actor_do_op(struct sim *s, struct actor *a, const struct step *st)
{
	struct timed *t = s->timed;
	struct mm *mm = a->mm;
	int ret;

	load_registers(s, st, a, mm);
	a->in_op = true;
	if (mm)
		mm->task = sched_current(s->sched);
	ret = replay_op(s, s->trace->recs[st->rec], st->rec);
	if (!mm && a != &t->machine) {
		/* OP_SPAWN */
		mm = actor_give_life(a, s->replay.mm);
		mm->task = sched_current(s->sched);
	}
	task_pay(s);
	a->in_op = false;
	a->used_ns = s->clock.now_ns;
	if (mm)
		mm->task = NULL;
	if (mm && mm->killed) {
		s->replay.mm = NULL;
		wake_all(s->sched, &a->news);
		count_done(s);
		return false;
	}
	/* another process has made the file shorter, or unlinked it, earlier than in the trace */
	if (ret == -ENXIO || ret == -ENOENT || (ret == -EFAULT && a->deviates)) {
		s->timed->outcome.nr_lost++;
		ret = 0;
	}
	if (!ret && s->cfg.check)
		ret = sim_check(s, s->err);
	if (ret)
		fail(s, ret, st->rec);
	count_done(s);
	return true;
}

/* Does the process have this mapping already, because it survived a kill of the trace? */
static bool already_mapped(const struct sim *s, const struct actor *a, const struct step *st)
{
	const struct op_rec rec = s->trace->recs[st->rec];
	const struct vma *vma;

	if (op_rec_code(rec) != OP_MAP || !a->deviates)
		return false;
	vma = vma_find(a->mm, rec.arg);
	if (!vma || vma->start != rec.arg || vma_pages(vma) != op_rec_x(rec))
		return false;
	if (st->ext_x & VM_ANON)
		return vma->flags & VM_ANON;
	return !(vma->flags & VM_ANON) && vma->file == st->file && vma->pgoff == st->ext_arg;
}

static void actor_main(struct sim *s, void *arg);

static void start_task(struct sim *s, struct actor *a)
{
	a->task = task_spawn(s, TASK_USER, "process", actor_main, a, 0);
}

void actor_start_due(void *arg)
{
	struct actor *a = arg;

	a->s->timed->nr_to_start--;
	start_task(a->s, a);
}

/* The parent died before this fork: tell the child that waits for it. */
static void fork_never(struct sim *s, const struct step *st)
{
	struct actor *c = actor_get(s, s->trace->recs[st->rec].arg);

	if (s->timed->cfg->loop != LOOP_PROCESS)
		return;
	g_array_append_val(c->never, st->rec);
	wake_all(s->sched, &c->news);
	if (!c->task && c->next == 0)
		start_task(s, c);
}

static bool never_forked(const struct actor *a, uint64_t rec)
{
	for (guint i = 0; i < a->never->len; i++)
		if (g_array_index(a->never, uint64_t, i) == rec)
			return true;
	return false;
}

static guint birth_of(const struct actor *a, uint64_t rec)
{
	guint i = 0;

	while (!step_at(a, i)->birth || step_at(a, i)->rec != rec)
		i++;
	return i;
}

static void fork_step(struct sim *s, struct actor *a, const struct step *st)
{
	struct actor *c = actor_get(s, s->trace->recs[st->rec].arg);
	const guint birth = birth_of(c, st->rec);
	const bool first = !c->task && birth == 0;
	const guint life = a->nr_lives;

	if (s->timed->cfg->loop == LOOP_PROCESS)
		while (!first && c->await_rec != st->rec)
			wait_on(s->sched, &c->news, true);
	while (c->dying || c->restarting)
		wait_on(s->sched, &c->news, true);
	/* the parent may have died, and even restarted, during these waits */
	if (a->dying || !a->mm || a->nr_lives != life) {
		fork_never(s, st);
		return;
	}
	if (!c->mm) {
		actor_do_op(s, a, st);
		actor_give_life(c, g_hash_table_lookup(s->procs, GUINT_TO_POINTER(c->pid)));
	}
	actor_born(s, c, birth);
	if (s->timed->cfg->loop == LOOP_PROCESS && first)
		start_task(s, c);
}

/* Begin a life. Return: false if that fails, as the parent died before its fork. */
static bool birth_step(struct sim *s, struct actor *a, guint i)
{
	const struct step *st = step_at(a, i);

	while (a->dying || a->restarting)
		wait_on(s->sched, &a->news, false);
	if (step_code(s, st) == OP_FORK) {
		a->await_rec = st->rec;
		wake_all(s->sched, &a->news);
		while (a->born_rec != st->rec && !never_forked(a, st->rec))
			wait_on(s->sched, &a->news, false);
		a->await_rec = UINT64_MAX;
	} else if (a->mm) {
		a->deviates = true;
	} else {
		actor_born(s, a, i);
		actor_do_op(s, a, st);
	}
	if (a->mm && !a->dying && s->timed->cfg->loop == LOOP_PROCESS)
		task_set_mm(s, a->mm);
	return a->mm != NULL;
}

static void end_step(struct sim *s, struct actor *a, const struct step *st)
{
	const struct op_rec rec = s->trace->recs[st->rec];
	enum op_code how = op_rec_code(rec);
	uint32_t flags = how == OP_MRELEASE ? op_rec_x(rec) : 0;

	if (!a->mm || a->dying)
		return;
	if (how != OP_EXIT && !s->timed->cfg->killer->scripted) {
		a->deviates = true;
		return;
	}
	actor_started(s, a);
	load_registers(s, st, a, a->mm);
	how = replay_end_as(s, how, &flags);
	/* if dying takes no time, it is over before anybody else runs */
	sched_yield_to(s->sched, actor_begin_death(s, a, how, flags, killer_shortage(s), false));
	count_done(s);
	while (s->timed->cfg->loop == LOOP_TURNS && a->dying)
		wait_on(s->sched, &a->news, false);
}

static void run_step(struct sim *s, struct actor *a, guint i)
{
	const struct step *st = step_at(a, i);
	const enum op_code code = step_code(s, st);

	if (i < a->done_until)
		return;
	if (st->think_ns && i > a->birth)
		actor_started(s, a);
	if (st->birth) {
		birth_step(s, a, i);
		return;
	}
	if (is_end(code)) {
		end_step(s, a, st);
		return;
	}
	while (a->dying || a->restarting || (a->mm && a->mm->nr_advisers))
		wait_on(s->sched, &a->news, false);
	if (!a->mm && !(a->on_use && actor_restart(s, a, i))) {
		s->timed->outcome.nr_lost++;
		if (code == OP_FORK)
			fork_never(s, st);
		return;
	}
	if (i < a->done_until || already_mapped(s, a, st))
		return;
	if (code == OP_FORK)
		fork_step(s, a, st);
	else
		actor_do_op(s, a, st);
}

/* Sleep until @due_ns. A dead process restarts meanwhile if its time has come. */
static void think(struct sim *s, struct actor *a, uint64_t due_ns)
{
	for (;;) {
		if (a->dying)
			wait_on(s->sched, &a->news, false);
		else if (!a->mm && a->restart_ns <= s->clock.now_ns)
			actor_restart(s, a, a->next);
		else if (s->clock.now_ns >= due_ns)
			return;
		else
			task_sleep(s->sched, a->mm ? due_ns : MIN(due_ns, a->restart_ns), true);
	}
}

static void actor_main(struct sim *s, void *arg)
{
	struct actor *a = arg;
	const bool timer = !step_at(a, 0)->birth || step_code(s, step_at(a, 0)) != OP_FORK;

	for (; a->next < a->steps->len && !s->timed->ret; a->next++) {
		/* actor_start_due() or the parent's fork has waited for the first step */
		if (a->next || !timer)
			think(s, a,
			      s->clock.now_ns + (a->next ? step_at(a, a->next)->think_ns : 0));
		run_step(s, a, a->next);
	}
	a->task = NULL;
	s->timed->outcome.end_ns = MAX(s->timed->outcome.end_ns, s->clock.now_ns);
}

void actor_machine_main(struct sim *s, void *arg)
{
	struct actor *a = arg;

	for (guint i = 0; i < a->steps->len && !s->timed->ret; i++) {
		task_sleep(s->sched, s->clock.now_ns + step_at(a, i)->think_ns, false);
		actor_do_op(s, a, step_at(a, i));
	}
	s->timed->outcome.end_ns = MAX(s->timed->outcome.end_ns, s->clock.now_ns);
}

void actor_user_main(struct sim *s, void *arg)
{
	struct timed *t = arg;

	for (guint i = 0; i < t->order->len && !t->ret; i++) {
		const struct turn *turn = &g_array_index(t->order, struct turn, i);
		const uint64_t then = s->clock.now_ns;

		turn->actor->next = turn->step;
		if (turn->actor == &t->machine)
			actor_do_op(s, turn->actor, step_at(turn->actor, turn->step));
		else
			run_step(s, turn->actor, turn->step);
		timed_turn_done(s, turn->actor, step_at(turn->actor, turn->step),
				s->clock.now_ns - then);
	}
	timed_turns_end(s);
	s->timed->outcome.end_ns = s->clock.now_ns;
}
