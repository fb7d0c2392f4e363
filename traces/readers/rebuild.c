// SPDX-License-Identifier: GPL-2.0-only
/*
 * From kernel events to trace operations. Each rule is an approximation; the
 * comment at the head of traces/readers/perf.c lists them and says when they are wrong.
 *
 * Operations are kept until the end and only then given to the builder,
 * because two things are known late: the size of a file, to which maps and
 * reads are cut, and whether a mapping was ever made writable.
 */
#include "traces/readers/rebuild.h"

#include <errno.h>
#include <inttypes.h>

#include "traces/readers/rebuild-priv.h"

#define MACHINE_CPUS 8u /* the simulator's SIM_MAX_CPUS */

int rb_fail(struct rebuild *rb, const char *what, uint64_t value, const char *expected)
{
	return err_at(rb->err, -EINVAL, rb->path, rb->line, "%s %" PRIu64 ", expected %s", what,
		      value, expected);
}

struct op *op_at(const struct rebuild *rb, uint32_t i)
{
	return &g_array_index(rb->ops, struct op, i);
}

uint32_t rb_emit(struct rebuild *rb, struct op op)
{
	uint32_t line = (uint32_t)MIN(rb->line, UINT32_MAX);

	if (!rb->advanced_ns)
		rb->advanced_ns = rb->ns;
	if (rb->ns >= rb->advanced_ns + ADVANCE_NS) {
		struct op advance = { .code = OP_ADVANCE, .ns = rb->ns - rb->advanced_ns };

		rb->advanced_ns = rb->ns;
		g_array_append_val(rb->ops, advance);
		g_array_append_val(rb->lines, line);
	}
	g_array_append_val(rb->ops, op);
	g_array_append_val(rb->lines, line);
	return rb->ops->len - 1;
}

uint32_t event_cpu(struct rebuild *rb)
{
	rb->max_cpu = MAX(rb->max_cpu, rb->cpu);
	return rb->cpu % MACHINE_CPUS;
}

int rb_event(struct rebuild *rb, const struct rb_event *ev)
{
	struct rb_proc *p = NULL;

	rb->cpu = ev->cpu;
	rb->ns = MAX(rb->ns, ev->ns);
	if (ev->kind < RB_CACHE_ADD) {
		if (!ev->tid) /* the idle task */
			return 0;
		p = rb_proc_get(rb, ev->pid, ev->tid);
	}
	switch (ev->kind) {
	case RB_SEEN:
		return 0;
	case RB_FAULT:
		return rb_fault(rb, p, ev->fault.page, ev->fault.write);
	case RB_CACHE_FAULT:
		rb_check_fault(rb, p, ev->cache.id, ev->cache.first);
		return 0;
	case RB_READ:
		return rb_read(rb, p, ev->cache.id, ev->cache.first, ev->cache.last);
	case RB_WRITE:
		return rb_write(rb, p, ev->cache.id, ev->cache.first, ev->cache.last);
	case RB_MUNMAP:
		return rb_munmap(rb, p, ev->range.start, ev->range.pages);
	case RB_MADVISE:
		return rb_madvise(rb, p, ev->range.start, ev->range.pages, ev->range.advice);
	case RB_SIGKILL_TAKEN:
		rb_sigkill(rb, ev->tid, true);
		return 0;
	case RB_CACHE_ADD:
		rb_cached(rb, ev->cache.id, ev->cache.last);
		return 0;
	case RB_CACHE_DELETE:
		rb_uncached(rb, ev->cache.id, ev->cache.first);
		return 0;
	case RB_CLONE_FLAGS:
		rb_clone_flags(rb, ev->task.tid, ev->clone.flags);
		return 0;
	case RB_SIGKILL_SENT:
		rb_sigkill(rb, ev->task.tid, false);
		return 0;
	case RB_FORK:
		return rb_fork(rb, ev->task.pid, ev->task.tid, ev->task.ppid, ev->task.ptid);
	case RB_EXIT:
		rb_exit(rb, ev->task.pid, ev->task.tid);
		return 0;
	case RB_EXEC:
		return rb_exec(rb, ev->task.pid, ev->task.tid);
	case RB_MMAP:
		return rb_mmap(rb, rb_proc_get(rb, ev->task.pid, ev->task.tid), &ev->map);
	}
	return 0;
}

void rb_init(struct rebuild *rb, const char *path, struct err *err)
{
	*rb = (struct rebuild){ .path = path, .err = err };
	rb->ops = g_array_new(FALSE, FALSE, sizeof(struct op));
	rb->lines = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	rb->files = g_array_new(FALSE, FALSE, sizeof(struct rb_file));
	rb->file_of = g_hash_table_new_full(rb_id_hash, rb_id_equal, g_free, NULL);
	rb->path_inos = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	rb->blocks = g_hash_table_new(rb_page_hash, NULL);
	rb->procs = g_hash_table_new_full(NULL, NULL, NULL, proc_free);
	rb->tids = g_hash_table_new(NULL, NULL);
	rb->spaces = g_hash_table_new_full(NULL, NULL, NULL, space_free);
}

void rb_release(struct rebuild *rb)
{
	for (uint32_t i = 0; i < rb->files->len; i++)
		g_free(file_at(rb, i)->path);
	g_array_free(rb->ops, TRUE);
	g_array_free(rb->lines, TRUE);
	g_array_free(rb->files, TRUE);
	g_hash_table_destroy(rb->file_of);
	g_hash_table_destroy(rb->path_inos);
	g_hash_table_destroy(rb->blocks);
	g_hash_table_destroy(rb->procs);
	g_hash_table_destroy(rb->tids);
	g_hash_table_destroy(rb->spaces);
	*rb = (struct rebuild){ 0 };
}
