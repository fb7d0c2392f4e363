// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actors of a timed run: the processes of the trace, or the one user who works
 * through it; the deaths of processes; the OOM killer.
 *
 * A process is killed by setting a flag that it notices when it next waits or
 * returns to its trace (fatal_signal_pending()). What is left of it is unmapped
 * by a task of its own: first the reap, if there is one, then, when the victim is
 * out of its operation, its exit. Others run meanwhile, and see memory come free
 * as it does.
 *
 * Approximations: a victim's exit begins when the reaper is through, where on a
 * real machine both may work at once if it gets a CPU. The OOM killer's victim
 * exits by itself, and the OOM reaper comes only when it is still in its operation
 * after 2 s; one that is in its exit then is left to itself. Accesses to memory that
 * is there take no time, so between faults a process computes only as long as the
 * trace's clock says. Processes do not wait for one another but in fork. A forked
 * process that is restarted comes back with the mappings that it had inherited, and
 * none of the pages.
 */
#include "sim/timed.h"

#include <errno.h>
#include <string.h>

#include "sim/mm/charge.h"
#include "sim/mm/oom_kill.h"
#include "sim/time/device.h"
#include "sim/mm/kswapd.h"
#include "sim/mm/mm.h"
#include "sim/outcome.h"
#include "sim/mm/page_alloc.h"
#include "sim/time/psi.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "sim/time/sched.h"

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

/* turns after which timed_run() returns though no record was finished: a killer
 * polls through years of simulated time */
#define TURNS_A_PAUSE 65536

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
	struct outcome outcome; /* but for what is counted elsewhere */
	uint64_t pause_at;	/* of nr_done: timed_run() returns */
	uint64_t idle_since;	/* sched_idle(); UINT64_MAX: not now */
	int ret;
};

void timed_config_init(struct timed_config *c, const struct killer *killer)
{
	*c = (struct timed_config){ .seed = 1, .killer = killer };
	killer_args_parse(c->killer_args, killer, NULL, NULL);
}

int timed_loop_parse(enum timed_loop *loop, const char *name, struct err *err)
{
	if (!strcmp(name, "process"))
		*loop = LOOP_PROCESS;
	else if (!strcmp(name, "trace"))
		*loop = LOOP_TRACE;
	else
		return err_set(err, -EINVAL, "unknown loop \"%s\"; there are: process trace", name);
	return 0;
}

static const struct step *step_at(const struct actor *a, guint i)
{
	return &g_array_index(a->steps, struct step, i);
}

static enum op_code step_code(const struct sim *s, const struct step *st)
{
	return op_rec_code(s->trace->recs[st->rec]);
}

static bool is_end(enum op_code code)
{
	return code == OP_EXIT || code == OP_KILL || code == OP_MRELEASE || code == OP_OOM;
}

/* The trace, by process */

static struct actor *actor_get(struct sim *s, uint32_t pid)
{
	struct actor *a = g_hash_table_lookup(s->timed->by_pid, GUINT_TO_POINTER(pid));

	if (a)
		return a;
	a = g_new0(struct actor, 1);
	a->s = s;
	a->pid = a->parent = pid;
	a->rank = s->timed->actors->len;
	a->restart_ns = a->born_rec = a->await_rec = UINT64_MAX;
	a->never = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	a->steps = g_array_new(FALSE, FALSE, sizeof(struct step));
	g_hash_table_insert(s->timed->by_pid, GUINT_TO_POINTER(pid), a);
	g_ptr_array_add(s->timed->actors, a);
	return a;
}

static void add_step(struct sim *s, struct actor *a, struct step st, uint64_t *last_ns,
		     uint64_t now_ns)
{
	struct turn turn = { .actor = a, .step = a->steps->len };

	st.think_ns = now_ns - *last_ns;
	*last_ns = now_ns;
	g_array_append_val(a->steps, st);
	if (s->timed->cfg->loop == LOOP_TRACE && !(st.birth && step_code(s, &st) == OP_FORK))
		g_array_append_val(s->timed->order, turn);
}

static void read_trace(struct sim *s)
{
	struct timed *t = s->timed;
	const struct trace *tr = s->trace;
	/* of each actor: the trace's time at its last step */
	g_autoptr(GHashTable) last = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	uint64_t now = 0, machine_last = 0, *a_last = NULL;
	struct step st = { 0 };
	struct actor *a = NULL;

	for (uint64_t i = 0; i < tr->nr_recs; i++) {
		const struct op_rec rec = tr->recs[i];
		const enum op_code code = op_rec_code(rec);

		switch (code) {
		case REC_PID:
			a = actor_get(s, op_rec_x(rec));
			a_last = g_hash_table_lookup(last, a);
			if (!a_last) {
				a_last = g_new0(uint64_t, 1);
				g_hash_table_insert(last, a, a_last);
			}
			continue;
		case REC_FILE:
			st.file = rec.arg;
			continue;
		case REC_EXT:
			st.ext_x = op_rec_x(rec);
			st.ext_arg = rec.arg;
			st.has_ext = true;
			continue;
		case OP_ADVANCE:
			now += (uint64_t)op_rec_x(rec) << 32 | rec.arg;
			if (t->cfg->loop == LOOP_TRACE) {
				st.rec = i;
				add_step(s, &t->machine, st, &machine_last, now);
			}
			break;
		case OP_MARK:
		case OP_DRAIN:
		case OP_DROP_CACHES:
			st.rec = i;
			add_step(s, &t->machine, st, &machine_last, now);
			break;
		default:
			st.rec = i;
			st.birth = code == OP_SPAWN;
			add_step(s, a, st, a_last, now);
			if (code == OP_FORK) {
				struct actor *c = actor_get(s, rec.arg);
				uint64_t *c_last = g_hash_table_lookup(last, c);

				if (!c_last) {
					c_last = g_new0(uint64_t, 1);
					g_hash_table_insert(last, c, c_last);
				}
				c->parent = st.parent = a->pid;
				st.birth = true;
				add_step(s, c, st, c_last, now);
			}
			break;
		}
		st = (struct step){ .file = st.file };
	}
}

/* Operations */

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

	/* an operation without a process leaves these as they are */
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
		sched_pause(s);
}

/* @mm: NULL if its parent was killed before it could fork */
static struct mm *give_life(struct actor *a, struct mm *mm)
{
	if (mm)
		mm->rank = a->rank;
	return a->mm = mm;
}

/* Return: false if the process was killed by the end of it */
static bool do_op(struct sim *s, struct actor *a, const struct step *st)
{
	struct timed *t = s->timed;
	struct mm *mm = a->mm;
	int ret;

	load_registers(s, st, a, mm);
	a->in_op = true;
	if (mm)
		mm->task = task_current(s);
	ret = replay_op(s, s->trace->recs[st->rec], st->rec);
	if (!mm && a != &t->machine) {
		/* OP_SPAWN */
		mm = give_life(a, s->replay.mm);
		mm->task = task_current(s);
	}
	task_pay(s);
	a->in_op = false;
	a->used_ns = s->clock.now_ns;
	if (mm)
		mm->task = NULL;
	if (mm && mm->killed) {
		s->replay.mm = NULL;
		wake_all(s, &a->news);
		count_done(s);
		return false;
	}
	if (ret == -EFAULT && a->deviates) {
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

/* a mapping that the process has already: it was not killed where the trace says so */
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

/* Death */

/* v7.3 queue_oom_reaper() */
#define OOM_REAPER_DELAY_NS 2000000000ull

/* mm_hooks.freed: another page or more came free by the death that is the current task */
static void freed(struct sim *s, uint64_t nr)
{
	struct victim *v = task_arg(s);
	struct point p;

	if (!nr)
		return;
	v->out.freed_pages += nr;
	p = (struct point){ .at_ns = s->clock.now_ns, .pages = v->out.freed_pages };
	g_array_append_val(v->freed, p);
}

static void restart_main(struct sim *s, void *arg);

/* the end of a life: is there another? */
static void bury(struct sim *s, struct actor *a, bool killed)
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
	if (t->cfg->loop == LOOP_TRACE)
		task_spawn(s, TASK_SYSTEM, "restart", restart_main, a, 0);
}

static void death_main(struct sim *s, void *arg)
{
	struct victim *v = arg;
	struct actor *a = v->a;
	struct mm *mm = a->mm;
	uint64_t nr_kernel;

	if (v->out.oom) {
		const uint64_t until = v->out.at_ns + OOM_REAPER_DELAY_NS;

		while (mm->task && s->clock.now_ns < until)
			wait_on_until(s, &a->news, until);
		if (mm->task)
			v->how = OP_OOM;
	}
	proc_reap(s, mm, v->how, v->flags);
	while (mm->task)
		wait_on(s, &a->news, false);
	nr_kernel = proc_exit(s, mm);
	task_pay(s);
	freed(s, nr_kernel);
	a->mm = NULL;
	a->dying = false;
	v->out.done = true;
	v->out.reap_ns = s->clock.now_ns - v->out.at_ns;
	bury(s, a, v->kill);
	wake_all(s, &a->news);
}

/* Return: the task that unmaps what is left of it */
static struct task *begin_death(struct sim *s, struct actor *a, enum op_code how, uint32_t flags,
				uint64_t shortage, bool oom)
{
	struct victim *v = g_new0(struct victim, 1);
	struct task *task;

	v->a = a;
	v->how = how;
	v->flags = flags;
	v->kill = how != OP_EXIT;
	v->freed = g_array_new(FALSE, FALSE, sizeof(struct point));
	v->out = (struct kill_outcome){
		.pid = a->pid, .oom = oom, .at_ns = s->clock.now_ns, .shortage_pages = shortage
	};
	g_ptr_array_add(s->timed->victims, v);
	count_vm(s, VM_sim_victims, v->kill);
	a->dying = true;
	a->mm->killed = true;
	task = task_spawn(s, TASK_USER, "death", death_main, v, a->mm->cpu);
	/* out of its sleep, in an operation or between two of them */
	if (a->mm->task)
		task_kill(s, a->mm->task);
	else if (a->task)
		task_kill(s, a->task);
	return task;
}

/* Lives */

static void born(struct sim *s, struct actor *a, guint birth)
{
	a->birth = birth;
	a->born_rec = step_at(a, birth)->rec;
	a->started_ns = a->used_ns = s->clock.now_ns;
	a->starting = a->nr_lives++ > 0;
	a->on_use = false;
	a->restart_ns = UINT64_MAX;
	restart_started(&a->rs, s->clock.now_ns);
	wake_all(s, &a->news);
}

/* its start-up section is over */
static void started(struct sim *s, struct actor *a)
{
	const struct restart_outcome out = { .pid = a->pid,
					     .at_ns = a->started_ns,
					     .latency_ns = a->used_ns - a->started_ns };

	if (a->starting)
		g_array_append_val(s->timed->outcome.restarts, out);
	a->starting = false;
}

static guint birth_of(const struct actor *a, uint64_t rec)
{
	guint i = 0;

	while (!step_at(a, i)->birth || step_at(a, i)->rec != rec)
		i++;
	return i;
}

static bool maps(enum op_code code)
{
	return code == OP_MAP || code == OP_UNMAP || code == OP_ADVISE || code == OP_EXEC;
}

/* the address space alone: what steps [@from, @to) of @of map, for @a */
static bool replay_maps(struct sim *s, struct actor *a, const struct actor *of, guint from,
			guint to)
{
	for (guint i = from; i < to; i++)
		if (maps(step_code(s, step_at(of, i))) && !do_op(s, a, step_at(of, i)))
			return false;
	return true;
}

/* what the life that began at @birth inherited */
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

/* a new life for a process that was killed before step @resume */
static bool restart(struct sim *s, struct actor *a, guint resume)
{
	const guint birth = a->birth;
	guint end = birth + 1;
	bool ok;

	a->deviates = a->restarting = true;
	born(s, a, birth);
	a->starting = true;
	give_life(a, proc_spawn(s, a->pid, op_rec_x(s->trace->recs[step_at(a, birth)->rec])));
	if (s->timed->cfg->loop == LOOP_PROCESS)
		task_set_mm(s, a->mm);
	ok = inherit(s, a, a, birth);
	for (; ok && end < a->steps->len; end++) {
		const struct step *st = step_at(a, end);
		const enum op_code code = step_code(s, st);

		if (st->think_ns || st->birth || is_end(code))
			break;
		if (code != OP_FORK)
			ok = do_op(s, a, st);
	}
	if (ok) {
		started(s, a);
		ok = replay_maps(s, a, a, end, resume);
	}
	a->done_until = MAX(resume, end);
	a->restarting = false;
	wake_all(s, &a->news);
	return ok;
}

static void restart_main(struct sim *s, void *arg)
{
	struct actor *a = arg;

	task_sleep(s, a->restart_ns, false);
	/* the trace may have been faster */
	if (!a->mm && !a->restarting && a->restart_ns <= s->clock.now_ns)
		restart(s, a, a->next);
}

/* Steps */

static void actor_main(struct sim *s, void *arg);

static void start_task(struct sim *s, struct actor *a)
{
	a->task = task_spawn(s, TASK_USER, "process", actor_main, a, 0);
}

static void start_due(void *arg)
{
	struct actor *a = arg;

	a->s->timed->nr_to_start--;
	start_task(a->s, a);
}

/* a child that its parent does not live to fork */
static void fork_never(struct sim *s, const struct step *st)
{
	struct actor *c = actor_get(s, s->trace->recs[st->rec].arg);

	if (s->timed->cfg->loop == LOOP_TRACE)
		return;
	g_array_append_val(c->never, st->rec);
	wake_all(s, &c->news);
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

static void fork_step(struct sim *s, struct actor *a, const struct step *st)
{
	struct actor *c = actor_get(s, s->trace->recs[st->rec].arg);
	const guint birth = birth_of(c, st->rec);
	const bool first = !c->task && birth == 0;
	const guint life = a->nr_lives;

	if (s->timed->cfg->loop == LOOP_PROCESS)
		while (!first && c->await_rec != st->rec)
			wait_on(s, &c->news, true);
	while (c->dying || c->restarting)
		wait_on(s, &c->news, true);
	/* it may have died of this wait, and be back */
	if (a->dying || !a->mm || a->nr_lives != life) {
		fork_never(s, st);
		return;
	}
	if (!c->mm) {
		do_op(s, a, st);
		give_life(c, g_hash_table_lookup(s->procs, GUINT_TO_POINTER(c->pid)));
	}
	born(s, c, birth);
	if (s->timed->cfg->loop == LOOP_PROCESS && first)
		start_task(s, c);
}

/* the beginning of a life; false: it is not to be */
static bool birth_step(struct sim *s, struct actor *a, guint i)
{
	const struct step *st = step_at(a, i);

	while (a->dying || a->restarting)
		wait_on(s, &a->news, false);
	if (step_code(s, st) == OP_FORK) {
		a->await_rec = st->rec;
		wake_all(s, &a->news);
		while (a->born_rec != st->rec && !never_forked(a, st->rec))
			wait_on(s, &a->news, false);
		a->await_rec = UINT64_MAX;
	} else if (a->mm) {
		a->deviates = true;
	} else {
		born(s, a, i);
		do_op(s, a, st);
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
	started(s, a);
	load_registers(s, st, a, a->mm);
	how = replay_end_as(s, how, &flags);
	/* at once, if it takes no time */
	sched_yield_to(s, begin_death(s, a, how, flags, killer_shortage(s), false));
	count_done(s);
}

static void run_step(struct sim *s, struct actor *a, guint i)
{
	const struct step *st = step_at(a, i);
	const enum op_code code = step_code(s, st);

	if (i < a->done_until)
		return;
	if (st->think_ns && i > a->birth)
		started(s, a);
	if (st->birth) {
		birth_step(s, a, i);
		return;
	}
	if (is_end(code)) {
		end_step(s, a, st);
		return;
	}
	while (a->dying || a->restarting)
		wait_on(s, &a->news, false);
	if (!a->mm && !(a->on_use && restart(s, a, i))) {
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
		do_op(s, a, st);
}

/* a process thinks until @due_ns, or lies dead */
static void think(struct sim *s, struct actor *a, uint64_t due_ns)
{
	for (;;) {
		if (a->dying)
			wait_on(s, &a->news, false);
		else if (!a->mm && a->restart_ns <= s->clock.now_ns)
			restart(s, a, a->next);
		else if (s->clock.now_ns >= due_ns)
			return;
		else
			task_sleep(s, a->mm ? due_ns : MIN(due_ns, a->restart_ns), true);
	}
}

static void actor_main(struct sim *s, void *arg)
{
	struct actor *a = arg;
	const bool timer = !step_at(a, 0)->birth || step_code(s, step_at(a, 0)) != OP_FORK;

	for (; a->next < a->steps->len && !s->timed->ret; a->next++) {
		/* the start was the time of the first, or the fork */
		if (a->next || !timer)
			think(s, a,
			      s->clock.now_ns + (a->next ? step_at(a, a->next)->think_ns : 0));
		run_step(s, a, a->next);
	}
	a->task = NULL;
	s->timed->outcome.end_ns = MAX(s->timed->outcome.end_ns, s->clock.now_ns);
}

/* what belongs to no process, when the trace's clock says so */
static void machine_main(struct sim *s, void *arg)
{
	struct actor *a = arg;

	for (guint i = 0; i < a->steps->len && !s->timed->ret; i++) {
		task_sleep(s, s->clock.now_ns + step_at(a, i)->think_ns, false);
		do_op(s, a, step_at(a, i));
	}
	s->timed->outcome.end_ns = MAX(s->timed->outcome.end_ns, s->clock.now_ns);
}

static void user_main(struct sim *s, void *arg)
{
	struct timed *t = arg;

	for (guint i = 0; i < t->order->len && !t->ret; i++) {
		const struct turn *turn = &g_array_index(t->order, struct turn, i);

		turn->actor->next = turn->step;
		if (turn->actor == &t->machine)
			do_op(s, turn->actor, step_at(turn->actor, turn->step));
		else
			run_step(s, turn->actor, turn->step);
	}
	s->timed->outcome.end_ns = s->clock.now_ns;
}

/* Killers */

GArray *killer_candidates(struct sim *s)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(struct candidate));

	for (guint i = 0; i < s->timed->actors->len; i++) {
		const struct actor *a = s->timed->actors->pdata[i];
		struct candidate c = { .pid = a->pid, .parent = a->parent };
		struct mm_pages p;

		if (!a->mm || a->dying || a->pid == TRACE_SYSTEM_PID)
			continue;
		c.idle_ns = a->in_op ? 0 : s->clock.now_ns - a->used_ns;
		mm_count_pages(a->mm, &p);
		c.rss_pages = p.rss;
		c.swap_pages = p.swap;
		c.table_pages = p.tables;
		g_array_append_val(out, c);
	}
	return out;
}

uint64_t killer_shortage(const struct sim *s)
{
	const uint64_t limit = s->cfg.machine.memcg_pages;
	int64_t free = limit ? (int64_t)(limit - s->memcg_usage) : zone_free_exact(s);
	int64_t want = limit ? SWAP_CLUSTER_MAX : s->zone.wmark_high;

	return (uint64_t)MAX(want - free, 0);
}

static void kill_actor(struct sim *s, uint32_t pid, enum op_code how, uint64_t shortage, bool oom)
{
	struct actor *a = actor_get(s, pid);
	uint32_t flags = 0;

	if (!a->mm || a->dying)
		return;
	a->deviates = true;
	if (how == OP_MRELEASE && s->cfg.reap->caller_flags)
		flags = s->cfg.reap->caller_flags | (s->cfg.evict ? MRELEASE_EVICT_FILE : 0);
	begin_death(s, a, how, flags, shortage, oom);
}

void killer_kill(struct sim *s, uint32_t pid, bool reap, uint64_t shortage_pages)
{
	kill_actor(s, pid, reap ? OP_MRELEASE : OP_KILL, shortage_pages, false);
}

bool killer_wait_gone(struct sim *s, uint32_t pid, uint64_t until_ns)
{
	struct actor *a = actor_get(s, pid);

	while (a->dying && s->clock.now_ns < until_ns)
		wait_on_until(s, &a->news, until_ns);
	return !a->dying;
}

void killer_wait(struct sim *s, uint64_t ns)
{
	task_sleep(s, s->clock.now_ns + ns, false);
}

/* mm_hooks.oom_kill */
static void oom_kill(struct sim *s, struct mm *mm)
{
	kill_actor(s, mm->pid, OP_KILL, killer_shortage(s), true);
}

static void killer_main(struct sim *s, void *arg)
{
	const struct timed_config *cfg = arg;

	cfg->killer->run(s, cfg->killer_args);
}

/* The run */

static const struct mm_hooks hooks = {
	.oom_kill = oom_kill,
	.freed = freed,
};

int timed_init(struct sim *s, struct err *err)
{
	struct timed *t = g_new0(struct timed, 1);
	const struct timed_config *cfg = s->cfg.timed;

	(void)err;
	s->timed = t;
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
	s->sched = sched_new(s);
	s->psi = psi_new(s);
	s->device = device_new(s, cfg->seed);
	read_trace(s);
	if (!s->cfg.machine.memcg_pages)
		s->kswapd.task = task_spawn(s, TASK_SYSTEM, "kswapd", kswapd_main, NULL,
					    s->cfg.machine.cpus > 1);
	if (cfg->killer->run)
		task_spawn(s, TASK_POLLER, cfg->killer->name, killer_main, (void *)cfg, 0);
	if (cfg->loop == LOOP_TRACE) {
		task_spawn(s, TASK_USER, "user", user_main, t, 0);
		return 0;
	}
	if (t->machine.steps->len)
		task_spawn(s, TASK_USER, "machine", machine_main, &t->machine, 0);
	for (guint i = 0; i < t->actors->len; i++) {
		struct actor *a = t->actors->pdata[i];

		if (!a->steps->len || step_code(s, step_at(a, 0)) == OP_FORK)
			continue;
		a->start = (struct timer){ .fn = start_due, .arg = a };
		t->nr_to_start++;
		sched_timer(s, &a->start, step_at(a, 0)->think_ns);
	}
	return 0;
}

static void actor_free(gpointer data, gpointer user)
{
	struct actor *a = data;

	(void)user;
	g_array_free(a->steps, TRUE);
	g_array_free(a->never, TRUE);
	g_free(a);
}

static void victim_free(gpointer data, gpointer user)
{
	struct victim *v = data;

	(void)user;
	g_array_free(v->freed, TRUE);
	g_free(v);
}

void timed_free(struct sim *s)
{
	struct timed *t = s->timed;

	if (!t)
		return;
	sched_free(s->sched);
	device_free(s->device);
	psi_free(s->psi);
	g_ptr_array_foreach(t->actors, actor_free, NULL);
	g_ptr_array_foreach(t->victims, victim_free, NULL);
	g_ptr_array_free(t->actors, TRUE);
	g_ptr_array_free(t->victims, TRUE);
	g_hash_table_destroy(t->by_pid);
	g_array_free(t->order, TRUE);
	g_array_free(t->machine.steps, TRUE);
	outcome_clear(&t->outcome);
	g_free(t);
	s->timed = NULL;
	s->sched = NULL;
}

static bool over(const struct sim *s)
{
	return !sched_nr_user(s) && !s->timed->nr_to_start;
}

/* who waits waits for what never comes, and killers look on */
static bool deadlocked(struct sim *s)
{
	struct timed *t = s->timed;

	t->idle_since = sched_idle(s) ? MIN(t->idle_since, s->clock.now_ns) : UINT64_MAX;
	return t->idle_since != UINT64_MAX && s->clock.now_ns - t->idle_since > KILLER_PATIENCE_NS;
}

int timed_run(struct sim *s, uint64_t nr_recs, struct err *err)
{
	const uint64_t nr_turns = MAX(nr_recs, TURNS_A_PAUSE);
	struct timed *t = s->timed;

	t->pause_at = t->nr_done + MIN(nr_recs, UINT64_MAX - t->nr_done);
	s->err = err;
	for (uint64_t i = 0; i < nr_turns && !t->ret && t->nr_done < t->pause_at && !over(s); i++) {
		if (sched_turn(s) && !deadlocked(s))
			continue;
		t->ret = err_set(err, -EDEADLK, "%s: %u tasks wait for what never comes",
				 s->trace->path, sched_nr_user(s));
		/* it is no record's fault */
		t->failed_at = s->trace->nr_recs;
	}
	s->err = NULL;
	return t->ret ? t->ret : over(s);
}

uint64_t timed_position(const struct sim *s)
{
	return s->timed->ret ? s->timed->failed_at : s->timed->nr_done;
}

/* when @percent of what it freed was free, after the kill */
static uint64_t free_ns(const struct victim *v, unsigned int percent)
{
	for (guint i = 0; i < v->freed->len; i++) {
		const struct point *p = &g_array_index(v->freed, struct point, i);

		if (p->pages * 100 >= v->out.freed_pages * percent)
			return p->at_ns - v->out.at_ns;
	}
	return v->out.reap_ns;
}

/** struct release - what a victim freed, among what all of them did. */
struct release {
	uint64_t at_ns, pages;
	guint victim;
};

static int release_order(gconstpointer x, gconstpointer y)
{
	const struct release *a = x, *b = y;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->victim < b->victim ? -1 : a->victim > b->victim;
}

/* of all kills: struct release, by time, at one instant by victim */
static GArray *releases(const GPtrArray *victims)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct release));

	for (guint i = 0; i < victims->len; i++) {
		const struct victim *v = victims->pdata[i];
		uint64_t before = 0;

		for (guint j = 0; v->kill && j < v->freed->len; j++) {
			const struct point *p = &g_array_index(v->freed, struct point, j);
			const struct release r = { p->at_ns, p->pages - before, i };

			g_array_append_val(all, r);
			before = p->pages;
		}
	}
	g_array_sort(all, release_order);
	return all;
}

void timed_outcome(struct sim *s, struct outcome *o)
{
	GPtrArray *victims = s->timed->victims;
	g_autoptr(GArray) freed = releases(victims);
	uint64_t pending = 0; /* what the victims before had still to free */
	guint next = 0;

	*o = s->timed->outcome;
	o->mm = s->times;
	o->nr_requests = device_nr_requests(s->device);
	o->kills = g_array_new(FALSE, FALSE, sizeof(struct kill_outcome));
	o->restarts = g_array_copy(s->timed->outcome.restarts);
	sim_stat(s, &o->stat);
	for (guint i = 0; i < victims->len; i++) {
		struct victim *v = victims->pdata[i];
		struct kill_outcome out = v->out;

		if (!v->kill)
			continue;
		for (; next < freed->len; next++) {
			const struct release *r = &g_array_index(freed, struct release, next);

			if (r->at_ns > out.at_ns || (r->at_ns == out.at_ns && r->victim >= i))
				break;
			pending -= r->pages;
		}
		out.pending_pages = pending;
		pending += out.freed_pages;
		out.t50_ns = free_ns(v, 50);
		out.t90_ns = free_ns(v, 90);
		out.t100_ns = free_ns(v, 100);
		out.avoidable = out.pending_pages && out.pending_pages >= out.shortage_pages;
		o->nr_kills++;
		o->nr_oom_kills += out.oom;
		o->nr_avoidable += out.avoidable;
		g_array_append_val(o->kills, out);
	}
}
