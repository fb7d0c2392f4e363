// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deaths of processes: exits, and kills by the trace, by killers and by the OOM killer.
 *
 * A kill sets a flag. The victim sees it when it next waits, or when its operation ends
 * (fatal_signal_pending()). A separate task unmaps the victim: first the reap, if there is
 * one; then, once the victim has left its operation, the exit. Other tasks run meanwhile
 * and can use the memory as it becomes free.
 *
 * Approximations: a victim's exit begins after the reap; on a real machine both run at the
 * same time if the victim gets a CPU. If its killer advises it first, it may get there before the
 * reap (advise_victim()). The OOM reaper reaps a victim of the OOM killer only
 * if the victim is still in its operation after 2 s; it leaves a victim alone that is
 * exiting by then.
 */
#include "sim/timed-priv.h"

#include "sim/mm/mm.h"
#include "sim/mm/oom_kill.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/task.h"
#include "sim/replay.h"

/* v7.3 queue_oom_reaper() */
#define OOM_REAPER_DELAY_NS 2000000000ull

void timed_freed(struct sim *s, uint64_t nr)
{
	struct victim *v = task_arg(s);
	struct point p;

	if (!nr)
		return;
	v->out.freed_pages += nr;
	p = (struct point){ .at_ns = s->clock.now_ns, .pages = v->out.freed_pages };
	g_array_append_val(v->freed, p);
}

/* The process itself, once it has left its operation: do_exit() until exit_mm(). */
static void exit_main(struct sim *s, void *arg)
{
	struct victim *v = arg;
	struct actor *a = v->a;

	while (a->mm->task)
		wait_on(s->sched, &a->news, false);
	v->exiting = true;
	count_vm(s, VM_sim_advice_raced, v->advising);
	wake_all(s->sched, &a->news);
}

/*
 * process_madvise() by the killer, after the SIGKILL. A call holds the mm, so a process that
 * exits meanwhile leaves it to the killer to unmap. No further call gets it, nor does
 * process_mrelease(): ESRCH.
 */
static void advise_victim(struct sim *s, struct victim *v)
{
	struct mm *mm = v->a->mm;
	bool more = true;

	/* nobody can overtake what takes no time */
	if (!s->cfg.machine.advise_ps) {
		while (victim_process_madvise(s, &v->advice, mm))
			;
		return;
	}
	task_spawn(s, TASK_USER, "exit", exit_main, v, mm->cpu);
	while (more && !v->exiting) {
		v->advising = true;
		more = victim_process_madvise(s, &v->advice, mm);
		task_pay(s);
		v->advising = false;
	}
	if (v->exiting) {
		victim_is_gone(s, &v->advice);
		v->how = OP_KILL;
	}
}

static void death_main(struct sim *s, void *arg)
{
	struct victim *v = arg;
	struct actor *a = v->a;
	struct mm *mm = a->mm;
	const unsigned int cpu = mm->cpu;
	const bool advised = victim_is_advised(s, &v->advice, false);
	const bool races = advised && s->cfg.machine.advise_ps;
	uint64_t nr_kernel;

	if (v->out.oom) {
		const uint64_t until = v->out.at_ns + OOM_REAPER_DELAY_NS;

		while (mm->task && s->clock.now_ns < until)
			wait_on_until(s->sched, &a->news, until);
		if (mm->task) {
			v->how = OP_OOM;
			v->flags = reap_caller_flags(&s->cfg, OP_OOM);
		}
	}
	while (mm->nr_advisers)
		wait_on(s->sched, &a->news, false);
	if (advised)
		advise_victim(s, v);
	proc_reap(s, mm, v->how, v->flags);
	while (mm->task || (races && !v->exiting))
		wait_on(s->sched, &a->news, false);
	nr_kernel = proc_exit(s, mm);
	task_pay(s);
	timed_freed(s, nr_kernel);
	a->mm = NULL;
	a->dying = false;
	v->out.done = true;
	v->out.reap_ns = s->clock.now_ns - v->out.at_ns;
	victim_end(s, &v->advice, cpu);
	task_pay(s);
	actor_bury(s, a, v->kill);
	wake_all(s->sched, &a->news);
}

struct task *actor_begin_death(struct sim *s, struct actor *a, enum op_code how, uint32_t flags,
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
	victim_begin(s, &v->advice, a->mm, how);
	/* before the SIGKILL; the caller pays for it later, and the victim does not run meanwhile
	 */
	if (victim_is_advised(s, &v->advice, true))
		while (victim_process_madvise(s, &v->advice, a->mm))
			;
	g_ptr_array_add(s->timed->victims, v);
	count_vm(s, VM_sim_victims, v->kill);
	a->dying = true;
	a->mm->killed = true;
	task = task_spawn(s, TASK_USER, "death", death_main, v, a->mm->cpu);
	/* wake it, whether it sleeps in an operation or between two */
	if (a->mm->task)
		task_kill(s->sched, a->mm->task);
	else if (a->task)
		task_kill(s->sched, a->task);
	return task;
}

GArray *killer_candidates(struct sim *s)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(struct candidate));

	for (guint i = 0; i < s->timed->actors->len; i++) {
		const struct actor *a = s->timed->actors->pdata[i];
		struct candidate c = { .pid = a->pid, .parent = a->parent };
		struct mm_pages p;

		if (!a->mm || a->dying || a->pid == TRACE_SYSTEM_PID)
			continue;
		c.has_adj = a->mm->has_adj;
		c.oom_score_adj = a->mm->oom_score_adj;
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
	const struct mem_cgroup *memcg = s->cgroups;
	int64_t free = s->root ? zone_free_exact(s) : (int64_t)(memcg->max - memcg->usage);
	int64_t want = !s->root ? SWAP_CLUSTER_MAX : s->zone.wmark_high;

	return (uint64_t)MAX(want - free, 0);
}

static void kill_actor(struct sim *s, uint32_t pid, enum op_code how, uint64_t shortage, bool oom)
{
	struct actor *a = actor_get(s, pid);

	if (!a->mm || a->dying)
		return;
	a->deviates = true;
	actor_begin_death(s, a, how, reap_caller_flags(&s->cfg, how), shortage, oom);
}

void killer_kill(struct sim *s, uint32_t pid, bool reap, uint64_t shortage_pages)
{
	kill_actor(s, pid, reap ? OP_MRELEASE : OP_KILL, shortage_pages, false);
}

bool killer_wait_gone(struct sim *s, uint32_t pid, uint64_t until_ns)
{
	struct actor *a = actor_get(s, pid);

	while (a->dying && s->clock.now_ns < until_ns)
		wait_on_until(s->sched, &a->news, until_ns);
	return !a->dying;
}

void killer_wait(struct sim *s, uint64_t ns)
{
	task_sleep(s->sched, s->clock.now_ns + ns, false);
}

void timed_oom_kill(struct sim *s, struct mm *mm)
{
	kill_actor(s, mm->pid, OP_KILL, killer_shortage(s), true);
}

void timed_advised(struct sim *s, struct mm *mm)
{
	wake_all(s->sched, &actor_get(s, mm->pid)->news);
}
