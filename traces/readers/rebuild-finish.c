// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a recording: files get names and sizes, operations are cut to them
 * and handed to the builder of the trace.
 */
#include "traces/readers/rebuild-priv.h"

#include <errno.h>
#include <inttypes.h>

static char *file_name(const struct trace_build *b, const struct rb_file *f)
{
	GString *s = g_string_new(f->path);
	gsize len;

	if (!s->len)
		g_string_printf(s, "%" PRIu64 ":%" PRIu64 ":%" PRIu64, f->id.dev >> 32,
				f->id.dev & UINT32_MAX, f->id.ino);
	for (gsize i = 0; i < s->len; i++)
		if ((unsigned char)s->str[i] < 0x20 || s->str[i] == 0x7f)
			s->str[i] = '?';
	if (s->len > 240) {
		g_string_erase(s, 0, (gssize)(s->len - 237));
		g_string_prepend(s, "...");
	}
	len = s->len;
	for (unsigned int n = 2; trace_build_find(b, s->str) >= 0; n++) {
		g_string_truncate(s, len);
		g_string_append_printf(s, " #%u", n);
	}
	return g_string_free(s, FALSE);
}

static int declare(struct rebuild *rb, struct trace_build *b, struct rb_file *f)
{
	uint64_t pages = file_pages(f);
	char *name;
	int ret;

	if (f->declared)
		return 0;
	name = file_name(b, f);
	ret = trace_build_file(b, name, pages, f->shmem, &f->out);
	if (ret == -E2BIG) {
		/* a sparse file of terabytes: as much of it as was seen */
		pages = f->proven ? f->proven : f->read;
		f->pages = 0;
		f->mapped = MIN(f->mapped, pages);
		if (pages)
			ret = trace_build_file(b, name, pages, f->shmem, &f->out);
	}
	if (ret)
		ret = err_at(rb->err, -EINVAL, rb->path, 0,
			     "file \"%s\" of %" PRIu64 " pages does not fit in a trace: all files "
			     "together have less than 2^32 - 2^16 pages",
			     name, pages);
	f->declared = !ret;
	if (f->declared && f->created)
		trace_build_size(b, f->out, 0);
	g_free(name);
	return ret;
}

/* Cut @op at the end of its file. Return: whether anything is left. */
static bool cut_at_end(const struct rb_file *f, struct op *op)
{
	uint64_t pages = file_pages(f);
	uint64_t from = op->code == OP_READ || op->code == OP_WRITE ? op->at : op->pgoff;

	if (from >= pages)
		return false;
	op->pages = (uint32_t)MIN(op->pages, pages - from);
	return true;
}

/* An operation on a file as a whole means nothing where nothing uses the file, unless it makes
 * the file longer. */
static int give_whole(struct rebuild *rb, struct trace_build *b, struct op *op)
{
	struct rb_file *f = file_at(rb, op->file);
	int ret = 0;

	if (op->code == OP_TRUNCATE)
		op->at = (uint32_t)MIN(op->at, file_pages(f));
	if (op->at)
		ret = declare(rb, b, f);
	if (op->code == OP_TRUNCATE)
		op->at = (uint32_t)MIN(op->at, file_pages(f));
	op->file = f->out;
	return ret ? ret : f->declared;
}

static int give(struct trace_build *b, const struct op *op, uint32_t line, struct spill *line_of,
		struct err *err)
{
	uint32_t *to = spill_add(line_of, 1);

	if (!to)
		return spill_check(line_of, b->t->path, err);
	*to = line;
	return trace_build_op(b, op, err);
}

static int give_op(struct rebuild *rb, struct trace_build *b, uint32_t i, struct spill *line_of)
{
	struct op op = *op_at(rb, i);
	bool of_file = op.code == OP_READ || op.code == OP_WRITE || op.code == OP_ADVISE ||
		       (op.code == OP_MAP && !(op.flags & VM_ANON));

	if (op.code == OP_NONE)
		return 0;
	if (of_file) {
		struct rb_file *f = file_at(rb, op.file);
		int ret;

		if (!cut_at_end(f, &op))
			return 0;
		ret = declare(rb, b, f);
		if (ret)
			return ret;
		if (!cut_at_end(f, &op)) /* again: declaring may have made it shorter */
			return 0;
		if (op.code == OP_READ || op.code == OP_WRITE)
			use_pages(rb, op.file, op.at, op.at + (op.pages - 1));
		op.file = f->out;
	}
	if (op.code == OP_TRUNCATE || op.code == OP_UNLINK || op.code == OP_FSYNC) {
		int ret = give_whole(rb, b, &op);

		if (ret <= 0)
			return ret;
	}
	if (op.code == OP_ADVISE)
		op.file = op.pgoff = 0;
	return give(b, &op, ((struct rb_op *)spill_at(&rb->ops, i))->line, line_of, rb->err);
}

static int give_mark(struct trace_build *b, const char *name, uint32_t line, struct spill *line_of,
		     struct err *err)
{
	struct op op = { .code = OP_MARK, .name = trace_build_name(b, name) };

	return give(b, &op, line, line_of, err);
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_UINT(a) < GPOINTER_TO_UINT(b) ? -1 : 1;
}

int rb_finish(struct rebuild *rb, struct trace_build *b, struct spill *line_of)
{
	static const char *const marks[] = { NULL, "quarter", "half", "three-quarters" };
	GList *left = g_list_sort(g_hash_table_get_keys(rb->procs), by_number);
	uint64_t dead = 0, quarter = 1;
	uint32_t line = 0;
	int ret = 0;

	for (GList *l = left; l; l = l->next)
		proc_end(rb, proc_find(rb, GPOINTER_TO_UINT(l->data)));
	g_list_free(left);

	ret = spill_check(&rb->ops, rb->path, rb->err);
	files_join_paths(rb);
	for (uint32_t i = 0; !ret && i < rb->ops.nr; i++) {
		enum op_code code = op_at(rb, i)->code;

		if (i && i % (1u << 16) == 0)
			spill_passed(&rb->ops, i - (1u << 16), i);
		line = ((struct rb_op *)spill_at(&rb->ops, i))->line;
		ret = give_op(rb, b, i, line_of);
		dead += code == OP_EXIT || code == OP_KILL || code == OP_OOM;
		if (!ret && quarter < G_N_ELEMENTS(marks) && rb->dead >= 4 &&
		    dead * 4 >= rb->dead * quarter)
			ret = give_mark(b, marks[quarter++], line, line_of, rb->err);
	}
	count_used(rb);
	return ret ? ret : give_mark(b, "end", line, line_of, rb->err);
}
