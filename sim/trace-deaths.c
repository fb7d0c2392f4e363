// SPDX-License-Identifier: GPL-2.0-only
#include "sim/trace-deaths.h"

#include <errno.h>
#include <stdlib.h>

#include "sim/trace-spans.h"

/* struct proc - a live process: its mappings, and the pages that it used through them */
struct proc {
	struct spans *space;
	GHashTable *used; /* page, counted from page 0 of the first file -> VM_SHARED or 0 */
};

struct following {
	const struct trace *t;
	struct trace_deaths *d;
	GHashTable *procs; /* pid -> struct proc */
	/* of each page: live processes that use it; 1 + the death that left it, 0: none */
	uint32_t *users, *left_by;
	uint64_t now_ns;
};

static void proc_free(void *data)
{
	struct proc *p = data;

	spans_unref(p->space);
	g_hash_table_unref(p->used);
	g_free(p);
}

/* @space: which it takes over */
static void start(struct following *f, uint32_t pid, struct spans *space)
{
	struct proc *p = g_new0(struct proc, 1);

	p->space = space;
	p->used = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(f->procs, GUINT_TO_POINTER(pid), p);
}

static struct proc *find(const struct following *f, uint32_t pid)
{
	return g_hash_table_lookup(f->procs, GUINT_TO_POINTER(pid));
}

/* Somebody uses a page: the death that left it, if any, has one page more that is used again. */
static void use(struct following *f, uint64_t page, bool mapped)
{
	struct trace_death *death;

	if (!f->left_by[page])
		return;
	death = &g_array_index(f->d->all, struct trace_death, f->left_by[page] - 1);
	f->left_by[page] = 0;
	f->d->again++;
	f->d->by_read += !mapped;
	death->again += mapped;
	if (mapped && death->return_ns == DEATH_NO_RETURN && 2 * death->again >= death->only)
		death->return_ns = f->now_ns - death->at_ns;
}

static void touch(struct following *f, struct proc *p, const struct op *op)
{
	uint64_t at = op->at;

	for (uint32_t i = 0; i < op->pages; i++, at += op->stride) {
		const struct span *v = span_at(p->space, spans_find(p->space, (uint32_t)at));
		const struct trace_file *file = &f->t->files[v->file];
		uint64_t page;

		if ((v->flags & VM_ANON) || file->shmem)
			continue;
		page = file->first + span_file_page(v, at);
		use(f, page, true);
		if (!g_hash_table_contains(p->used, (gpointer)page)) {
			g_hash_table_insert(p->used, (gpointer)page,
					    GUINT_TO_POINTER(v->flags & VM_SHARED));
			f->users[page]++;
		}
	}
}

/* All pages of @p are unmapped; @death: it ended, and what only it used is left. */
static void leave(struct following *f, struct proc *p, struct trace_death *death)
{
	GHashTableIter it;
	gpointer page, shared;

	g_hash_table_iter_init(&it, p->used);
	while (g_hash_table_iter_next(&it, &page, &shared)) {
		const uint64_t id = (uint64_t)page;

		f->users[id]--;
		if (!death)
			continue;
		f->d->pages++;
		f->d->shared += shared != NULL;
		if (f->users[id])
			continue;
		death->only++;
		f->left_by[id] = f->d->all->len + 1;
	}
	g_hash_table_remove_all(p->used);
}

static void end(struct following *f, const struct op *op)
{
	struct trace_death death = {
		.pid = op->pid,
		.how = op->code,
		.at_ns = f->now_ns,
		.return_ns = DEATH_NO_RETURN,
	};

	leave(f, find(f, op->pid), &death);
	f->d->only += death.only;
	g_array_append_val(f->d->all, death);
	g_hash_table_remove(f->procs, GUINT_TO_POINTER(op->pid));
}

static void map(struct proc *p, const struct op *op)
{
	spans_insert(spans_own(&p->space),
		     (struct span){ .first = op->at,
				    .last = op->at + (op->pages - 1),
				    .file = op->file,
				    .pgoff = op->pgoff,
				    .flags = op->flags & (VM_SHARED | VM_ANON) });
}

static void step(struct following *f, const struct op *op)
{
	struct proc *p = op_needs_pid(op->code) ? find(f, op->pid) : NULL;

	switch (op->code) {
	case OP_SPAWN:
		start(f, op->pid, spans_new(NULL));
		break;
	case OP_FORK:
		p->space->refs++;
		start(f, op->child, p->space);
		break;
	case OP_EXEC:
		leave(f, p, NULL);
		spans_unref(p->space);
		p->space = spans_new(NULL);
		break;
	case OP_EXIT:
	case OP_KILL:
	case OP_MRELEASE:
	case OP_OOM:
		end(f, op);
		break;
	case OP_MAP:
		map(p, op);
		break;
	case OP_UNMAP:
		spans_cut(spans_own(&p->space), op->at, op->at + (op->pages - 1));
		break;
	case OP_MREMAP:
		spans_move(spans_own(&p->space), op->at, op->pages, op->to, op->to_pages);
		break;
	case OP_TOUCH:
		touch(f, p, op);
		break;
	case OP_READ:
	case OP_WRITE:
		for (uint32_t i = 0; i < op->pages; i++)
			use(f, (uint64_t)f->t->files[op->file].first + op->at + i, false);
		break;
	case OP_ADVANCE:
		f->now_ns += op->ns;
		break;
	default:
		break;
	}
}

int trace_deaths(const struct trace *t, struct trace_deaths *d, struct err *err)
{
	struct following f = {
		.t = t,
		.d = d,
		.procs = g_hash_table_new_full(NULL, NULL, NULL, proc_free),
		/* zeroed memory that is not used costs nothing */
		.users = calloc(t->nr_file_pages + 1, sizeof(uint32_t)),
		.left_by = calloc(t->nr_file_pages + 1, sizeof(uint32_t)),
	};
	struct trace_iter it;
	struct op op;
	int ret = 0;

	*d = (struct trace_deaths){ .all = g_array_new(FALSE, TRUE, sizeof(struct trace_death)) };
	trace_iter_init(&it, t);
	if (!f.users || !f.left_by)
		ret = err_at(err, -ENOMEM, t->path, 0, "no memory to follow its file pages");
	while (!ret && trace_iter_next(&it, &op, NULL) == 1)
		step(&f, &op);
	d->ns = f.now_ns;
	free(f.users);
	free(f.left_by);
	g_hash_table_unref(f.procs);
	if (ret)
		trace_deaths_clear(d);
	return ret;
}

void trace_deaths_clear(struct trace_deaths *d)
{
	g_clear_pointer(&d->all, g_array_unref);
}

guint trace_deaths_killed(const struct trace_deaths *d)
{
	guint nr = 0;

	for (guint i = 0; i < d->all->len; i++)
		nr += g_array_index(d->all, struct trace_death, i).how != OP_EXIT;
	return nr;
}

static int by_number(gconstpointer a, gconstpointer b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

guint trace_deaths_returned(const struct trace_deaths *d, unsigned int percent,
			    uint64_t *percentile_ns)
{
	g_autoptr(GArray) delays = g_array_new(FALSE, FALSE, sizeof(uint64_t));

	for (guint i = 0; i < d->all->len; i++) {
		const struct trace_death *death = &g_array_index(d->all, struct trace_death, i);

		if (death->return_ns != DEATH_NO_RETURN)
			g_array_append_val(delays, death->return_ns);
	}
	g_array_sort(delays, by_number);
	if (delays->len)
		*percentile_ns = g_array_index(delays, uint64_t,
					       MAX((delays->len * percent + 99) / 100, 1) - 1);
	return delays->len;
}
