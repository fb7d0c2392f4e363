// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks a trace, and computes its statistics.
 *
 * The checker keeps the address space of every process as a sorted array of spans. An
 * operation costs one compare in the common case, at worst a binary search for each span
 * that it covers, but never a loop over pages. This is cheap enough to check every trace
 * when it is opened, so the replay need not check anything.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/trace-files.h"
#include "sim/trace-spans.h"
#include "sim/trace.h"

/* Default of /proc/sys/vm/max_map_count: a kernel refuses more mappings. */
#define SPANS_MAX 65530u
/* Limit for all live processes together: a hostile trace must not need more than 2 GB. */
#define ALL_SPANS_MAX (1u << 26)

/* of OP_MAP; a span is VM_LOCKED while it is locked */
#define SPAN_FLAGS (VM_READ | VM_WRITE | VM_EXEC | VM_SHARED | VM_ANON)

struct proc {
	struct spans *space; /* NULL: dead */
};

struct check {
	const struct trace *t;
	const uint32_t *line_of;
	struct err *err;
	uint64_t ordinal;
	GHashTable *procs; /* pid -> struct proc; dead ones stay, for messages */
	struct proc *cur;
	uint32_t cur_pid;
	uint64_t nr_live;
	uint64_t nr_spans;
	struct trace_stats *stats;
	uint64_t *touched, *fd;		 /* bit per file page, for the stats */
	const struct trace_watch *watch; /* NULL: nobody watches */
	struct trace_files files;
};

static int fail(const struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(const struct check *c, const char *fmt, ...)
{
	char msg[sizeof(c->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (c->line_of)
		return err_at(c->err, -EINVAL, c->t->path, c->line_of[c->ordinal], "%s", msg);
	return err_at(c->err, -EINVAL, c->t->path, 0, "operation %" PRIu64 ": %s", c->ordinal, msg);
}

static void tell_mapped(const struct check *c, const struct span *v)
{
	if (c->watch && !(v->flags & VM_ANON))
		c->watch->mapped(c->watch->data, v->file);
}

static void spans_put(struct check *c, struct spans *s)
{
	c->nr_spans -= s->spans->len;
	spans_unref(s);
}

/* Check both limits after the number of spans of process @pid changed from @before. */
static int check_spans(struct check *c, uint32_t pid, const struct spans *s, uint32_t before)
{
	c->nr_spans += (uint64_t)s->spans->len - before;
	if (s->spans->len > SPANS_MAX)
		return fail(c, "process %" PRIu32 " has %u mappings, expected at most %u", pid,
			    s->spans->len, SPANS_MAX);
	if (c->nr_spans > ALL_SPANS_MAX)
		return fail(c, "%" PRIu64 " mappings in all processes, expected at most %u",
			    c->nr_spans, ALL_SPANS_MAX);
	return 0;
}

static struct proc *proc_find(const struct check *c, uint32_t pid)
{
	return g_hash_table_lookup(c->procs, GUINT_TO_POINTER(pid));
}

static int proc_start(struct check *c, const char *what, uint32_t pid, uint32_t cpu,
		      struct spans *space)
{
	struct proc *p = proc_find(c, pid);

	c->nr_spans += space->spans->len;
	if (cpu > TRACE_CPU_MAX) {
		spans_put(c, space);
		return fail(c, "%s on cpu %" PRIu32 ", expected 0..%u", what, cpu, TRACE_CPU_MAX);
	}
	if (p && p->space) {
		spans_put(c, space);
		return fail(c, "%s of process %" PRIu32 ", which exists, expected an unused id",
			    what, pid);
	}
	if (!p) {
		p = g_new0(struct proc, 1);
		g_hash_table_insert(c->procs, GUINT_TO_POINTER(pid), p);
	}
	p->space = space;
	c->nr_live++;
	if (c->stats) {
		c->stats->nr_procs++;
		c->stats->max_live_procs = MAX(c->stats->max_live_procs, c->nr_live);
	}
	return check_spans(c, pid, space, space->spans->len);
}

static int check_alive(struct check *c, uint32_t pid)
{
	if (!c->cur || c->cur_pid != pid) {
		c->cur = proc_find(c, pid);
		c->cur_pid = pid;
	}
	if (G_LIKELY(c->cur && c->cur->space))
		return 0;
	if (c->cur)
		return fail(c, "process %" PRIu32 " is dead, expected a living one", pid);
	return fail(c, "unknown process %" PRIu32 ", expected one that was spawned or forked", pid);
}

static int check_pages(const struct check *c, const char *what, uint32_t at, uint32_t pages)
{
	if (!pages)
		return fail(c, "%s of 0 pages at 0x%" PRIx32 ", expected at least 1", what, at);
	if (UINT32_MAX - at < pages - 1)
		return fail(c, "%s of %" PRIu32 " pages at 0x%" PRIx32 " passes the last page 0x%x",
			    what, pages, at, UINT32_MAX);
	return 0;
}

/* @size: of the file, or what it may become */
static int check_in_file(const struct check *c, const char *what, uint32_t file, uint32_t off,
			 uint32_t pages, uint32_t size)
{
	if (!pages)
		return fail(c, "%s of 0 pages at offset %" PRIu32 ", expected at least 1", what,
			    off);
	if (off >= size || size - off < pages)
		return fail(c,
			    "%s of pages %" PRIu32 "..%" PRIu64 ", beyond file \"%s\" of %" PRIu32
			    " pages",
			    what, off, (uint64_t)off + pages - 1, c->t->files[file].name, size);
	return 0;
}

static void set_bits(uint64_t *map, uint64_t from, uint64_t nr, uint64_t stride)
{
	if (stride == 1)
		for (; nr >= 64 && !(from & 63); nr -= 64, from += 64)
			map[from >> 6] = UINT64_MAX;
	for (; nr; nr--, from += stride) {
		map[from >> 6] |= 1ull << (from & 63);
		if (stride == 1 && nr > 64 && (from & 63) == 63) {
			set_bits(map, from + 1, nr - 1, 1);
			return;
		}
	}
}

static int check_read(struct check *c, const struct op *op)
{
	uint32_t *size = &c->files.size[op->file];
	int ret;

	if (op->code == OP_READ) {
		ret = check_in_file(c, "read", op->file, op->at, op->pages, *size);
	} else {
		ret = check_in_file(c, "write", op->file, op->at, op->pages,
				    c->t->files[op->file].pages);
		if (!ret)
			*size = MAX(*size, op->at + op->pages);
	}
	if (!ret && c->stats) {
		c->stats->nr_fd_pages += op->pages;
		set_bits(c->fd, (uint64_t)c->t->files[op->file].first + op->at, op->pages, 1);
	}
	return ret;
}

/* a touch of @v from @page on leaves the file: a kernel sends SIGBUS */
static int touch_beyond(const struct check *c, const struct op *op, const struct span *v,
			uint64_t page)
{
	while (span_file_page(v, page) < c->files.size[v->file])
		page += op->stride;
	return fail(c,
		    "touch of page 0x%" PRIx64 ", which maps page %" PRIu64
		    " of file \"%s\" of %" PRIu32 " pages: SIGBUS; expected a page before its end",
		    page, span_file_page(v, page), c->t->files[v->file].name,
		    c->files.size[v->file]);
}

static int check_touch(struct check *c, const struct op *op)
{
	struct spans *s = c->cur->space;
	uint32_t need = op->write ? VM_WRITE : VM_READ | VM_EXEC;
	uint64_t page = op->at, left = op->pages;

	if (!left)
		return fail(c, "touch of 0 pages at 0x%" PRIx32 ", expected at least 1", op->at);
	if ((left - 1) * op->stride > UINT32_MAX - page)
		return fail(c,
			    "touch of %" PRIu32 " pages at 0x%" PRIx32 ", stride %" PRIu32
			    ", passes the last page 0x%x",
			    op->pages, op->at, op->stride, UINT32_MAX);
	while (left) {
		uint32_t i = spans_find(s, (uint32_t)page);
		const struct span *v = i < s->spans->len ? span_at(s, i) : NULL;
		uint64_t here;

		if (G_UNLIKELY(!v || v->first > page))
			return fail(c,
				    "touch of page 0x%" PRIx64 ", which process %" PRIu32
				    " has not mapped",
				    page, op->pid);
		if (G_UNLIKELY(!(v->flags & need)))
			return fail(c,
				    "%s touch of page 0x%" PRIx64 ", mapped %c%c%c%c by process "
				    "%" PRIu32 ", expected %s",
				    op->write ? "write" : "read", page,
				    v->flags & VM_READ ? 'r' : '-', v->flags & VM_WRITE ? 'w' : '-',
				    v->flags & VM_EXEC ? 'x' : '-',
				    v->flags & VM_SHARED ? 's' : 'p', op->pid,
				    op->write ? "w" : "r or x");
		here = MIN((v->last - page) / op->stride + 1, left);
		if (!(v->flags & VM_ANON) &&
		    G_UNLIKELY(span_file_page(v, page + (here - 1) * op->stride) >=
			       c->files.size[v->file]))
			return touch_beyond(c, op, v, page);
		tell_mapped(c, v);
		if (c->stats) {
			c->stats->nr_touches += here;
			if (!(v->flags & VM_ANON)) {
				c->stats->nr_file_touches += here;
				set_bits(c->touched,
					 c->t->files[v->file].first + span_file_page(v, page), here,
					 op->stride);
			}
		}
		left -= here;
		page += here * op->stride;
	}
	return 0;
}

static int check_map(struct check *c, const struct op *op)
{
	uint32_t flags = op->flags;
	struct spans *s;
	uint32_t before;
	int ret = check_pages(c, "map", op->at, op->pages);

	if (ret)
		return ret;
	if ((flags & VM_RAND_READ) && (flags & VM_SEQ_READ))
		return fail(c, "map with both random and sequential advice, expected one");
	if (flags & VM_ANON) {
		if (flags & VM_SHARED)
			return fail(c,
				    "shared anonymous map at 0x%" PRIx32
				    ", expected a map of a shmem file",
				    op->at);
		if (flags & VM_NOREUSE)
			return fail(c,
				    "anonymous map with noreuse at 0x%" PRIx32
				    ", which is for files",
				    op->at);
	}
	if ((flags & VM_READONLY) && (flags & (VM_ANON | VM_SHARED | VM_WRITE)) != VM_SHARED)
		return fail(c,
			    "map with readonly at 0x%" PRIx32
			    ", which is for shared mappings without w",
			    op->at);
	if (!(flags & VM_ANON)) {
		/* it may lie beyond the present end */
		ret = check_in_file(c, "map", op->file, op->pgoff, op->pages,
				    c->t->files[op->file].pages);
		if (ret)
			return ret;
	}
	s = spans_own(&c->cur->space);
	before = s->spans->len;
	spans_insert(s, (struct span){
				.first = op->at,
				.last = op->at + (op->pages - 1),
				.file = op->file,
				.pgoff = op->pgoff,
				.flags = flags & SPAN_FLAGS,
			});
	return check_spans(c, op->pid, s, before);
}

static int check_unmap(struct check *c, const struct op *op)
{
	int ret = check_pages(c, "unmap", op->at, op->pages);
	struct spans *s;
	uint32_t before;

	if (ret)
		return ret;
	s = spans_own(&c->cur->space);
	before = s->spans->len;
	spans_cut(s, op->at, op->at + (op->pages - 1));
	return check_spans(c, op->pid, s, before);
}

/* does the part of a mapping before page @end go beyond the end of its file? */
static bool span_ends_late(const struct check *c, const struct span *v, uint64_t end)
{
	return !(v->flags & VM_ANON) && span_file_page(v, end - 1) >= c->files.size[v->file];
}

/* @p: the process that is advised, @pid; @need: flags that all its mappings there must have,
 * which @expected describes */
static int check_advice(struct check *c, const struct op *op, uint32_t pid, const struct proc *p,
			uint32_t need, const char *expected)
{
	struct spans *s = p->space;
	uint64_t page = op->at, end = page + op->pages;
	int ret = check_pages(c, "advise", op->at, op->pages);

	if (ret)
		return ret;
	for (uint32_t i = spans_find(s, op->at); page < end; i++) {
		if (i >= s->spans->len || span_at(s, i)->first > page)
			return fail(c,
				    "advise for page 0x%" PRIx64 ", which process %" PRIu32
				    " has not mapped",
				    page, pid);
		if ((span_at(s, i)->flags & need) != need)
			return fail(c,
				    "advice %s for page 0x%" PRIx64 " of process %" PRIu32
				    ", expected %s",
				    madvise_name(op->value), page, pid, expected);
		tell_mapped(c, span_at(s, i));
		page = (uint64_t)span_at(s, i)->last + 1;
		if (op->code == OP_MADVISE && op->value == MADVISE_POPULATE_READ &&
		    span_ends_late(c, span_at(s, i), MIN(page, end)))
			return fail(c,
				    "advice populate_read up to page 0x%" PRIx64
				    " goes beyond the end of file \"%s\", expected pages before it",
				    MIN(page, end) - 1, c->t->files[span_at(s, i)->file].name);
	}
	return 0;
}

static int check_locked_advice(const struct check *c, const struct op *op, uint32_t pid,
			       struct spans *s)
{
	if (!s->locked || op->value == MADVISE_WILLNEED || op->value == MADVISE_POPULATE_READ ||
	    op->value == MADVISE_HUGEPAGE || op->value == MADVISE_NOHUGEPAGE)
		return 0;
	for (uint32_t i = spans_find(s, op->at);
	     i < s->spans->len && span_at(s, i)->first <= op->at + (op->pages - 1); i++)
		if (span_at(s, i)->flags & VM_LOCKED)
			return fail(c,
				    "advice %s for page 0x%" PRIx32 " of process %" PRIu32
				    ", which is locked: EINVAL; expected unlocked pages",
				    madvise_name(op->value), MAX(op->at, span_at(s, i)->first),
				    pid);
	return 0;
}

static int check_madvise(struct check *c, const struct op *op)
{
	const uint32_t pid = op_target(op->pid, op->to);
	const struct proc *p = c->cur;
	int ret;

	if (pid != op->pid) {
		p = proc_find(c, pid);
		if (!p || !p->space)
			return fail(c,
				    "advice for process %" PRIu32
				    ", which %s, expected a living one",
				    pid, p ? "is dead" : "is unknown");
		if (!process_madvise_remote_valid(op->value))
			return fail(c,
				    "advice %s by another process, expected cold, pageout or "
				    "willneed",
				    madvise_name(op->value));
	}
	switch (op->value) {
	case MADVISE_FREE:
		ret = check_advice(c, op, pid, p, VM_ANON, "anonymous memory");
		break;
	case MADVISE_POPULATE_READ:
		ret = check_advice(c, op, pid, p, VM_READ, "a mapping with r");
		break;
	default:
		ret = check_advice(c, op, pid, p, 0, NULL);
		break;
	}
	return ret ? ret : check_locked_advice(c, op, pid, p->space);
}

/* mlock(2) and munlock(2) of a range that is not mapped, or beyond the end of a file, return
 * ENOMEM */
static int check_mlock(struct check *c, const struct op *op)
{
	const char *what = op_wide(op->code)->keyword;
	const uint32_t locked = op->code == OP_MLOCK ? VM_LOCKED : 0;
	uint64_t page = op->at, end = page + op->pages;
	struct spans *s;
	uint32_t before;
	int ret = check_pages(c, what, op->at, op->pages);

	if (ret)
		return ret;
	s = spans_own(&c->cur->space);
	before = s->spans->len;
	while (page < end) {
		const uint32_t i = spans_find(s, (uint32_t)page);
		struct span v;

		if (i >= s->spans->len || span_at(s, i)->first > page)
			return fail(c,
				    "%s of page 0x%" PRIx64 ", which process %" PRIu32
				    " has not mapped: ENOMEM; expected mapped pages",
				    what, page, op->pid);
		v = *span_at(s, i);
		tell_mapped(c, &v);
		span_trim_front(&v, (uint32_t)page);
		v.last = (uint32_t)MIN(v.last, end - 1);
		if (locked && !(v.flags & (VM_READ | VM_WRITE | VM_EXEC)))
			return fail(c,
				    "mlock of page 0x%" PRIx64
				    ", mapped ---p: ENOMEM; expected r, w or x",
				    page);
		if (locked && span_ends_late(c, &v, (uint64_t)v.last + 1))
			return fail(c,
				    "mlock up to page 0x%" PRIx32
				    " goes beyond the end of file \"%s\": ENOMEM; expected pages "
				    "before it",
				    v.last, c->t->files[v.file].name);
		page = (uint64_t)v.last + 1;
		v.flags = (v.flags & ~(uint32_t)VM_LOCKED) | locked;
		spans_insert(s, v);
	}
	s->locked |= locked != 0;
	return check_spans(c, op->pid, s, before);
}

/* fork(): the child has the same mappings, but nothing is locked in it */
static int check_fork(struct check *c, const struct op *op)
{
	struct spans *s = c->cur->space;

	if (!s->locked) {
		s->refs++;
		return proc_start(c, "fork", op->child, op->cpu, s);
	}
	return proc_start(c, "fork", op->child, op->cpu, spans_copy(s, false));
}

/* Does anything lie in [@first, @last]? */
static bool spans_used(struct spans *s, uint32_t first, uint32_t last)
{
	const uint32_t i = spans_find(s, first);

	return i < s->spans->len && span_at(s, i)->first <= last;
}

static int check_mremap(struct check *c, const struct op *op)
{
	const uint32_t last = op->at + (op->pages - 1), to_last = op->to + (op->to_pages - 1);
	struct span v;
	struct spans *s;
	uint32_t before, i;
	int ret = check_pages(c, "mremap", op->at, op->pages)
			  ?: check_pages(c, "mremap", op->to, op->to_pages);

	if (ret)
		return ret;
	s = spans_own(&c->cur->space);
	i = spans_find(s, op->at);
	if (i >= s->spans->len || span_at(s, i)->first > op->at || span_at(s, i)->last < last)
		return fail(c,
			    "mremap of pages 0x%" PRIx32 "..0x%" PRIx32
			    ", expected pages of one mapping of process %" PRIu32,
			    op->at, last, op->pid);
	v = *span_at(s, i);
	span_trim_front(&v, op->at);
	if (op->to != op->at && op->to <= last && to_last >= op->at)
		return fail(c,
			    "mremap to pages 0x%" PRIx32 "..0x%" PRIx32
			    ", expected none that it moves",
			    op->to, to_last);
	if (op->to == op->at && to_last > last && spans_used(s, last + 1, to_last))
		return fail(c,
			    "mremap grows to page 0x%" PRIx32
			    " over another mapping, expected free pages",
			    to_last);
	if (!(v.flags & VM_ANON))
		ret = check_in_file(c, "mremap", v.file, v.pgoff, op->to_pages,
				    c->t->files[v.file].pages);
	if (ret)
		return ret;
	before = s->spans->len;
	spans_move(s, op->at, op->pages, op->to, op->to_pages);
	return check_spans(c, op->pid, s, before);
}

static int check_op(struct check *c, const struct op *op)
{
	char msg[sizeof(c->err->msg)];
	int ret;

	if (op->code == OP_SPAWN)
		return proc_start(c, "spawn", op->pid, op->cpu, spans_new(NULL));
	if (op_needs_pid(op->code)) {
		ret = check_alive(c, op->pid);
		if (ret)
			return ret;
	}
	if (c->files.opens && trace_files_op(&c->files, op, msg, sizeof(msg)))
		return fail(c, "%s", msg);
	switch (op->code) {
	case OP_READ:
	case OP_WRITE:
		return check_read(c, op);
	case OP_TOUCH:
		return check_touch(c, op);
	case OP_FORK:
		return check_fork(c, op);
	case OP_EXEC:
		spans_put(c, c->cur->space);
		c->cur->space = spans_new(NULL);
		return 0;
	case OP_EXIT:
	case OP_KILL:
	case OP_MRELEASE:
	case OP_OOM:
		spans_put(c, c->cur->space);
		c->cur->space = NULL;
		c->nr_live--;
		return 0;
	case OP_MAP:
		return check_map(c, op);
	case OP_UNMAP:
		return check_unmap(c, op);
	case OP_ADVISE:
		return check_advice(c, op, op->pid, c->cur, 0, NULL);
	case OP_MADVISE:
		return check_madvise(c, op);
	case OP_MREMAP:
		return check_mremap(c, op);
	case OP_MLOCK:
	case OP_MUNLOCK:
		return check_mlock(c, op);
	case OP_ADVANCE:
		if (c->stats)
			c->stats->ns += op->ns;
		return 0;
	default:
		return 0;
	}
}

static int check_run(struct check *c)
{
	struct trace_iter it;
	struct op op;
	int ret = trace_check_header(c->t, c->err);

	if (ret)
		return ret;
	trace_iter_init(&it, c->t);
	while ((ret = trace_iter_next(&it, &op, c->err)) > 0) {
		ret = check_op(c, &op);
		if (ret)
			return ret;
		if (c->stats)
			c->stats->ops[op.code]++;
		c->ordinal++;
		if (c->watch) {
			ret = c->watch->op(c->watch->data, &op, it.at);
			if (ret)
				return ret;
		}
	}
	return ret;
}

static int check_all(struct check *c)
{
	GHashTableIter it;
	gpointer value;
	int ret;

	c->procs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	trace_files_init(&c->files, c->t);
	ret = check_run(c);
	trace_files_release(&c->files);
	g_hash_table_iter_init(&it, c->procs);
	while (g_hash_table_iter_next(&it, NULL, &value)) {
		struct proc *p = value;

		if (p->space)
			spans_put(c, p->space);
	}
	g_hash_table_destroy(c->procs);
	return ret;
}

int trace_check(const struct trace *t, const uint32_t *line_of, struct err *err)
{
	struct check c = { .t = t, .line_of = line_of, .err = err };

	return check_all(&c);
}

int trace_check_watched(const struct trace *t, const struct trace_watch *watch, struct err *err)
{
	struct check c = { .t = t, .err = err, .watch = watch };

	return check_all(&c);
}

int trace_stat(const struct trace *t, struct trace_stats *stats, struct err *err)
{
	struct check c = { .t = t, .err = err, .stats = stats };
	size_t words = (size_t)(t->nr_file_pages / 64 + 1);
	int ret;

	*stats = (struct trace_stats){ 0 };
	/* the maps are sparse: with calloc() most of their pages are never allocated */
	c.touched = calloc(words, sizeof(*c.touched));
	c.fd = calloc(words, sizeof(*c.fd));
	if (!c.touched || !c.fd) {
		ret = err_set(err, -ENOMEM, "no memory to count %" PRIu64 " file pages",
			      t->nr_file_pages);
		goto out;
	}
	ret = check_all(&c);
	if (ret)
		goto out;
	stats->nr_ops = c.ordinal;
	for (size_t i = 0; i < words; i++) {
		stats->file_pages_touched += (uint64_t)__builtin_popcountll(c.touched[i]);
		stats->file_pages_fd += (uint64_t)__builtin_popcountll(c.fd[i]);
		stats->file_pages_used += (uint64_t)__builtin_popcountll(c.touched[i] | c.fd[i]);
	}
out:
	free(c.touched);
	free(c.fd);
	return ret;
}
