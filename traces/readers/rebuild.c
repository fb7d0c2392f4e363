// SPDX-License-Identifier: GPL-2.0-only
/*
 * From kernel events to trace operations. Each rule is an approximation; the
 * comment at the head of traces/readers/perf.c lists them and says when they are wrong.
 *
 * Operations are kept until the end and only then given to the builder,
 * because two things are known late: the size of a file, which limits maps and reads, and whether
 * a mapping ever became writable.
 */
#include "traces/readers/rebuild.h"

#include <errno.h>
#include <inttypes.h>

#include "traces/readers/rebuild-priv.h"

#define MACHINE_CPUS 8u /* the simulator's SIM_MAX_CPUS */

struct op *op_at(const struct rebuild *rb, uint32_t i)
{
	struct rb_op *o = spill_at(&rb->ops, i);

	return &o->op;
}

static bool append(struct rebuild *rb, const struct op *op)
{
	struct rb_op *o = rb->ops.nr < NO_OP ? spill_add(&rb->ops, 1) : NULL;

	if (o)
		*o = (struct rb_op){ *op, (uint32_t)MIN(rb->line, UINT32_MAX) };
	else if (!rb->ops.error)
		rb->ops.error = -EFBIG;
	return o;
}

uint32_t rb_emit(struct rebuild *rb, struct op op)
{

	if (!rb->advanced_ns)
		rb->advanced_ns = rb->ns;
	if (rb->ns >= rb->advanced_ns + ADVANCE_NS) {
		struct op advance = { .code = OP_ADVANCE, .ns = rb->ns - rb->advanced_ns };

		rb->advanced_ns = rb->ns;
		append(rb, &advance);
	}
	return append(rb, &op) ? (uint32_t)(rb->ops.nr - 1) : NO_OP;
}

uint32_t event_cpu(struct rebuild *rb)
{
	rb->max_cpu = MAX(rb->max_cpu, rb->cpu);
	return rb->cpu % MACHINE_CPUS;
}

/* Events that a thread causes itself. */
static int own_event(struct rebuild *rb, const struct rb_event *ev)
{
	struct rb_thread *t;
	int ret = 0;

	if (!ev->tid) /* the idle task */
		return 0;
	t = rb_thread_get(rb, ev->pid, ev->tid);
	if (ev->kind != RB_CACHE_FAULT)
		ret = rb_fault_ready(rb, t);
	rb->counts.left_out += ret == -E2BIG;
	/* the page cache reports a fault at once or not at all */
	if (ev->kind != RB_CACHE_FAULT)
		t->faulted = false;
	if (ev->kind != RB_TRUNCATE)
		t->cut_file = VMA_ANON;
	switch (ev->kind) {
	case RB_FAULT:
		return rb_fault(rb, t, ev->fault.page, ev->fault.write);
	case RB_CACHE_FAULT:
		if (rb->no_maps)
			return rb_window_fault(rb, t, ev->cache.id, ev->cache.first,
					       ev->cache.last);
		rb_check_fault(rb, t, ev->cache.id, ev->cache.first, ev->cache.last);
		return 0;
	case RB_READ:
		return rb_read(rb, t->p, ev->cache.id, ev->cache.first, ev->cache.last);
	case RB_WRITE:
		return rb_write(rb, t->p, ev->cache.id, ev->cache.first, ev->cache.last);
	case RB_MUNMAP:
		return rb_munmap(rb, t->p, ev->range.start, ev->range.pages);
	case RB_MADVISE:
		return rb_madvise(rb, t->p, ev->range.start, ev->range.pages, ev->range.advice);
	case RB_CREATE:
		return rb_create(rb, t->p, ev->cache.id);
	case RB_DELETE:
		return rb_delete(rb, t->p, ev->cache.id);
	case RB_TRUNCATE:
		return rb_truncate(rb, t, ev->cache.id);
	case RB_FSYNC:
		return rb_fsync(rb, t->p, ev->cache.id);
	default:
		return 0;
	}
}

static int map_event(struct rebuild *rb, const struct rb_event *ev)
{
	struct rb_thread *t = rb_thread_get(rb, ev->task.pid, ev->task.tid);

	t->faulted = false;
	return rb_mmap(rb, t->p, &ev->map);
}

static int other_event(struct rebuild *rb, const struct rb_event *ev)
{
	switch (ev->kind) {
	case RB_CACHE_ADD:
		rb_cached(rb, ev->cache.id, ev->cache.last);
		return 0;
	case RB_CACHE_DELETE:
		if (rb->ends)
			rb_dropped(rb, ev->cache.id, ev->cache.first, ev->pid, ev->tid);
		else
			rb_uncached(rb, ev->cache.id, ev->cache.first);
		return 0;
	case RB_CLONE_FLAGS:
		rb_clone_flags(rb, ev->task.tid, ev->clone.flags);
		return 0;
	case RB_SIGKILL_SENT:
		rb_sigkill(rb, ev->task.tid, false);
		return 0;
	case RB_SIGKILL_TAKEN:
		rb_sigkill(rb, ev->tid, true);
		return 0;
	case RB_OOM_VICTIM:
		rb_oom(rb, ev->task.tid);
		return 0;
	case RB_THREAD:
		g_hash_table_insert(rb->thread_of, GUINT_TO_POINTER(ev->task.tid),
				    GUINT_TO_POINTER(ev->task.pid));
		return 0;
	case RB_FORK:
		return rb_fork(rb, ev->task.pid, ev->task.tid, ev->task.ppid, ev->task.ptid);
	case RB_EXIT:
		rb_exit(rb, ev->task.pid, ev->task.tid);
		return 0;
	case RB_EXEC:
		return rb_exec(rb, ev->task.pid, ev->task.tid);
	case RB_MMAP:
		return map_event(rb, ev);
	default:
		return 0;
	}
}

/*
 * The page cache's event comes before the faulting thread sleeps. So if another thread acts on
 * that CPU first, there is no such event.
 */
static void settle_cpu(struct rebuild *rb, const struct rb_event *ev)
{
	gpointer cpu = GUINT_TO_POINTER(ev->cpu);
	uint32_t tid = GPOINTER_TO_UINT(g_hash_table_lookup(rb->waiting, cpu));
	struct rb_thread *t;

	if (!tid || tid == ev->tid)
		return;
	g_hash_table_remove(rb->waiting, cpu);
	t = g_hash_table_lookup(rb->tids, GUINT_TO_POINTER(tid));
	if (t && rb_fault_ready(rb, t))
		rb->counts.left_out++;
}

void rb_event(struct rebuild *rb, const struct rb_event *ev)
{
	int ret;

	if (rb->no_maps)
		settle_cpu(rb, ev);
	rb->cpu = ev->cpu;
	rb->ns = MAX(rb->ns, ev->ns);
	ret = ev->kind < RB_CACHE_ADD ? own_event(rb, ev) : other_event(rb, ev);
	files_unmapped(rb);
	rb->counts.left_out += ret == -E2BIG;
	if (rb->no_maps && ev->kind == RB_FAULT)
		g_hash_table_insert(rb->waiting, GUINT_TO_POINTER(ev->cpu),
				    GUINT_TO_POINTER(ev->tid));
}

void rb_init(struct rebuild *rb, const char *path, struct err *err)
{
	*rb = (struct rebuild){ .path = path, .err = err, .page_pages = 1 };
	spill_init(&rb->ops, sizeof(struct rb_op));
	rb->files = g_array_new(FALSE, FALSE, sizeof(struct rb_file));
	rb->file_of = g_hash_table_new_full(rb_id_hash, rb_id_equal, g_free, NULL);
	rb->path_inos = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	rb->blocks = g_hash_table_new(rb_page_hash, NULL);
	rb->procs = g_hash_table_new_full(NULL, NULL, NULL, proc_free);
	rb->tids = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	rb->thread_of = g_hash_table_new(NULL, NULL);
	rb->waiting = g_hash_table_new(NULL, NULL);
	rb->spaces = g_hash_table_new_full(NULL, NULL, NULL, space_free);
	rb->unmapped = g_array_new(FALSE, FALSE, sizeof(struct rb_unmapped));
}

void rb_release(struct rebuild *rb)
{
	for (uint32_t i = 0; i < rb->files->len; i++)
		g_free(g_array_index(rb->files, struct rb_file, i).path);
	spill_release(&rb->ops);
	g_array_free(rb->files, TRUE);
	g_hash_table_destroy(rb->file_of);
	g_hash_table_destroy(rb->path_inos);
	g_hash_table_destroy(rb->blocks);
	g_hash_table_destroy(rb->procs);
	g_hash_table_destroy(rb->tids);
	g_hash_table_destroy(rb->thread_of);
	g_hash_table_destroy(rb->waiting);
	g_hash_table_destroy(rb->spaces);
	g_array_free(rb->unmapped, TRUE);
	*rb = (struct rebuild){ 0 };
}
