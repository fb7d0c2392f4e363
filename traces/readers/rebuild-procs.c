// SPDX-License-Identifier: GPL-2.0-only
/* Processes of a recording and their threads: how they begin, share and end. */
#include "traces/readers/rebuild-priv.h"

#include <string.h>

#define CLONE_VM_ 0x100

void proc_free(gpointer data)
{
	struct rb_proc *p = data;

	g_array_free(p->tids, TRUE);
	g_free(p);
}

static struct rb_thread *proc_add_tid(struct rebuild *rb, struct rb_proc *p, uint32_t tid)
{
	struct rb_thread *t = g_new0(struct rb_thread, 1);

	t->p = p;
	t->cut_file = VMA_ANON;
	g_array_append_val(p->tids, tid);
	g_hash_table_replace(rb->tids, GUINT_TO_POINTER(tid), t);
	return t;
}

struct rb_proc *proc_find(const struct rebuild *rb, uint32_t pid)
{
	return g_hash_table_lookup(rb->procs, GUINT_TO_POINTER(pid));
}

static struct rb_thread *thread_find(const struct rebuild *rb, uint32_t tid)
{
	return g_hash_table_lookup(rb->tids, GUINT_TO_POINTER(tid));
}

/* Complete a fault that still waits for a report of the page cache. */
static void thread_settle(struct rebuild *rb, struct rb_thread *t)
{
	if (t && rb_fault_ready(rb, t))
		rb->counts.left_out++;
}

static void proc_forget_tids(struct rebuild *rb, struct rb_proc *p)
{
	for (uint32_t i = 0; i < p->tids->len; i++) {
		uint32_t tid = g_array_index(p->tids, uint32_t, i);

		thread_settle(rb, thread_find(rb, tid));
		g_hash_table_remove(rb->tids, GUINT_TO_POINTER(tid));
	}
	g_array_set_size(p->tids, 0);
}

void proc_end(struct rebuild *rb, struct rb_proc *p)
{
	proc_forget_tids(rb, p);
	space_put(rb, p->space, p->end);
	g_hash_table_remove(rb->procs, GUINT_TO_POINTER(p->pid));
}

static struct rb_proc *proc_by_tid(const struct rebuild *rb, uint32_t tid)
{
	const struct rb_thread *t = thread_find(rb, tid);

	return t ? t->p : NULL;
}

/* A process without an address space yet. */
static struct rb_proc *proc_new(struct rebuild *rb, uint32_t pid)
{
	struct rb_proc *p = g_new0(struct rb_proc, 1);

	p->pid = pid;
	p->tids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	p->end = OP_EXIT;
	p->fork_op = NO_OP;
	p->read_file = -1;
	g_hash_table_insert(rb->procs, GUINT_TO_POINTER(pid), p);
	return p;
}

static void proc_spawn(struct rebuild *rb, struct rb_proc *p)
{
	p->space = space_new(rb, p->pid);
	rb_emit(rb, (struct op){ .code = OP_SPAWN, .pid = p->space->pid, .cpu = event_cpu(rb) });
}

struct rb_thread *rb_thread_get(struct rebuild *rb, uint32_t pid, uint32_t tid)
{
	struct rb_thread *t = thread_find(rb, tid);
	struct rb_proc *p = t ? t->p : NULL;

	if (p && (!pid || p->pid == pid)) {
		p->fork_op = NO_OP;
		return t;
	}
	if (p) {
		/* the thread's number belongs to another process by now */
		for (uint32_t i = 0; i < p->tids->len; i++)
			if (g_array_index(p->tids, uint32_t, i) == tid)
				g_array_remove_index_fast(p->tids, i--);
		g_hash_table_remove(rb->tids, GUINT_TO_POINTER(tid));
		if (!p->tids->len)
			proc_end(rb, p);
	}
	if (!pid)
		pid = GPOINTER_TO_UINT(g_hash_table_lookup(rb->thread_of, GUINT_TO_POINTER(tid)));
	if (!pid)
		pid = tid;
	p = proc_find(rb, pid);
	if (!p) {
		p = proc_new(rb, pid);
		proc_spawn(rb, p);
	}
	p->fork_op = NO_OP;
	return proc_add_tid(rb, p, tid);
}

int rb_fork(struct rebuild *rb, uint32_t pid, uint32_t tid, uint32_t ppid, uint32_t ptid)
{
	struct rb_proc *parent, *p;
	struct rb_thread *t;
	gpointer from, to;
	GHashTableIter it;
	struct rb_space *s;

	if (!tid || !ptid)
		return 0; /* a kernel thread */
	g_hash_table_remove(rb->thread_of, GUINT_TO_POINTER(tid));
	if (!ppid) {
		parent = rb_thread_get(rb, 0, ptid)->p;
		ppid = parent->pid;
	}
	if (!pid)
		pid = ppid;
	p = proc_by_tid(rb, tid);
	if (p && pid != ppid)
		proc_end(rb, p); /* its exit was not seen, the number is used again */
	p = proc_find(rb, pid);
	if (p && pid != ppid)
		proc_end(rb, p);
	t = rb_thread_get(rb, ppid, ptid);
	thread_settle(rb, t);
	parent = t->p;
	if (pid == ppid) {
		if (!proc_by_tid(rb, tid))
			proc_add_tid(rb, parent, tid);
		return 0;
	}
	p = proc_new(rb, pid);
	proc_add_tid(rb, p, tid);
	s = space_new(rb, pid);
	g_array_append_vals(s->vmas, parent->space->vmas->data, parent->space->vmas->len);
	g_hash_table_iter_init(&it, parent->space->chunks);
	while (g_hash_table_iter_next(&it, &from, &to))
		g_hash_table_insert(s->chunks, from, to);
	memcpy(s->used, parent->space->used, sizeof(s->used));
	g_hash_table_iter_init(&it, parent->space->windows);
	while (g_hash_table_iter_next(&it, &from, &to))
		g_hash_table_insert(s->windows, from, to);
	s->nr_windows = parent->space->nr_windows;
	g_hash_table_iter_init(&it, parent->space->open);
	while (g_hash_table_iter_next(&it, &from, NULL))
		g_hash_table_add(s->open, from);
	p->space = s;
	p->fork_op = rb_emit(rb, (struct op){
					 .code = OP_FORK,
					 .pid = parent->space->pid,
					 .child = s->pid,
					 .cpu = event_cpu(rb),
				 });
	rb->counts.forks++;
	return 0;
}

void rb_clone_flags(struct rebuild *rb, uint32_t tid, uint64_t flags)
{
	struct rb_proc *p = proc_by_tid(rb, tid);
	struct rb_space *s;
	struct op *fork;

	if (!p || p->fork_op == NO_OP || !(flags & CLONE_VM_))
		return;
	/* vfork: the child runs in its parent's space, nothing was copied */
	fork = op_at(rb, p->fork_op);
	s = g_hash_table_lookup(rb->spaces, GUINT_TO_POINTER(fork->pid));
	p->fork_op = NO_OP;
	if (!s || p->space->refs > 1)
		return;
	space_empty(rb, p->space);
	g_hash_table_remove(rb->spaces, GUINT_TO_POINTER(p->space->pid));
	fork->code = OP_NONE;
	p->space = s;
	s->refs++;
	rb->counts.forks--;
	rb->counts.vforks++;
}

int rb_exec(struct rebuild *rb, uint32_t pid, uint32_t tid)
{
	struct rb_proc *p;

	if (!pid || !tid)
		return 0;
	p = rb_thread_get(rb, pid, tid)->p;
	/* the other threads are gone, the one that called has the leader's number */
	proc_forget_tids(rb, p);
	proc_add_tid(rb, p, pid);
	rb->counts.execs++;
	p->read_file = -1;
	if (p->space->refs > 1) {
		space_put(rb, p->space, OP_EXIT);
		proc_spawn(rb, p);
		return 0;
	}
	if (p->space->vmas->len) {
		files_orphaned(rb, p->space);
		rb_emit(rb, (struct op){ .code = OP_EXEC, .pid = p->space->pid });
		space_empty(rb, p->space);
	}
	return 0;
}

void rb_exit(struct rebuild *rb, uint32_t pid, uint32_t tid)
{
	struct rb_proc *p = pid ? proc_find(rb, pid) : proc_by_tid(rb, tid);

	g_hash_table_remove(rb->thread_of, GUINT_TO_POINTER(tid));
	if (!p)
		return;
	for (uint32_t i = 0; i < p->tids->len; i++)
		if (g_array_index(p->tids, uint32_t, i) == tid)
			g_array_remove_index_fast(p->tids, i--);
	thread_settle(rb, thread_find(rb, tid));
	if (proc_by_tid(rb, tid) == p)
		g_hash_table_remove(rb->tids, GUINT_TO_POINTER(tid));
	if (p->tids->len)
		return;
	rb->counts.exits++;
	rb->counts.kills += p->end == OP_KILL;
	rb->counts.ooms += p->end == OP_OOM;
	proc_end(rb, p);
}

void rb_sigkill(struct rebuild *rb, uint32_t tid, bool delivered)
{
	struct rb_proc *p = proc_by_tid(rb, tid);

	if (!p)
		p = proc_find(rb, tid);
	/* exit_group() and a fatal SIGTERM "deliver" SIGKILL to the other threads */
	if (p && (!delivered || p->tids->len <= 1))
		p->end = p->end == OP_OOM ? OP_OOM : OP_KILL;
}

void rb_oom(struct rebuild *rb, uint32_t tid)
{
	struct rb_proc *p = proc_by_tid(rb, tid);

	if (!p)
		p = proc_find(rb, tid);
	if (p)
		p->end = OP_OOM;
}
