// SPDX-License-Identifier: GPL-2.0-only
/* Builds a trace. Its tables double in size when they are full. */
#include "sim/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define BUILD_RECS_MAX ((1u << 31) - 8)

static void *grow(void *table, uint32_t nr, size_t size)
{
	/* a table is full when its length is a power of two */
	if (nr & (nr - 1))
		return table;
	return g_realloc_n(table, nr ? (gsize)nr * 2 : 1, size);
}

void trace_build_init(struct trace_build *b, const char *path)
{
	*b = (struct trace_build){ .t = g_new0(struct trace, 1) };
	b->t->nr_owners = 1;
	b->t->version = 1;
	b->t->path = g_strdup(path ? path : "trace");
	b->t->spill = g_new(struct spill, 1);
	spill_init(b->t->spill, sizeof(struct op_rec));
	/* the trace owns the keys */
	b->file_ids = g_hash_table_new(g_str_hash, g_str_equal);
	b->name_ids = g_hash_table_new(g_str_hash, g_str_equal);
}

int trace_build_file(struct trace_build *b, const char *name, uint64_t pages, bool shmem,
		     uint32_t *id)
{
	struct trace *t = b->t;
	int64_t have = trace_build_find(b, name);
	struct trace_file *f;

	if (have >= 0) {
		f = &t->files[have];
		if (f->pages != pages || f->shmem != shmem)
			return -EEXIST;
		*id = (uint32_t)have;
		return 0;
	}
	if (!trace_file_name_ok(name) || !pages)
		return -EINVAL;
	if (pages >= TRACE_FILE_PAGES_MAX || t->nr_file_pages + pages >= TRACE_FILE_PAGES_MAX)
		return -E2BIG;
	t->files = grow(t->files, t->nr_files, sizeof(*t->files));
	f = &t->files[t->nr_files];
	*f = (struct trace_file){
		.name = g_strdup(name),
		.pages = (uint32_t)pages,
		.size = (uint32_t)pages,
		.first = (uint32_t)t->nr_file_pages,
		.shmem = shmem,
	};
	t->nr_file_pages += pages;
	t->has_shmem |= shmem;
	*id = t->nr_files++;
	g_hash_table_insert(b->file_ids, f->name, GUINT_TO_POINTER(*id + 1));
	return 0;
}

void trace_build_size(struct trace_build *b, uint32_t file, uint32_t size)
{
	struct trace_file *f = &b->t->files[file];

	f->size = size;
	if (size != f->pages)
		b->t->version = TRACE_VERSION;
}

int64_t trace_build_find(const struct trace_build *b, const char *name)
{
	uint32_t id = GPOINTER_TO_UINT(g_hash_table_lookup(b->file_ids, name));

	return id ? (int64_t)id - 1 : -ENOENT;
}

uint32_t trace_build_name(struct trace_build *b, const char *name)
{
	struct trace *t = b->t;
	uint32_t id = GPOINTER_TO_UINT(g_hash_table_lookup(b->name_ids, name));

	if (id)
		return id - 1;
	t->names = grow(t->names, t->nr_names, sizeof(*t->names));
	t->names[t->nr_names] = g_strdup(name);
	id = ++t->nr_names;
	g_hash_table_insert(b->name_ids, t->names[id - 1], GUINT_TO_POINTER(id));
	return id - 1;
}

static struct trace_kv *add_kv(struct trace_kv *kv, uint32_t *nr, const char *key, char *value,
			       uint32_t line)
{
	kv = grow(kv, *nr, sizeof(*kv));
	kv[(*nr)++] = (struct trace_kv){ .key = g_strdup(key), .value = value, .line = line };
	return kv;
}

void trace_build_machine(struct trace_build *b, const char *key, const char *value)
{
	b->t->machine = add_kv(b->t->machine, &b->t->nr_machine, key, g_strdup(value), b->line);
}

void trace_build_note(struct trace_build *b, const char *key, const char *value)
{
	char *v = g_strndup(value, TRACE_VALUE_BYTES_MAX);

	for (char *p = v; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	b->t->notes = add_kv(b->t->notes, &b->t->nr_notes, key, v, b->line);
}

static int build_bad(const struct trace_build *b, struct err *err, const char *what, uint64_t value,
		     const char *expected)
{
	return err_at(err, -EINVAL, b->t->path, 0,
		      "operation %" PRIu64 ": %s %" PRIu64 ", expected %s", b->nr_ops, what, value,
		      expected);
}

static bool is_op(enum op_code code)
{
	return code >= OP_SPAWN && code < NR_OPS && (code < REC_MORE || code >= OP_WIDE_FIRST);
}

static int build_fits(const struct trace_build *b, const struct op *op, struct err *err)
{
	if (!is_op(op->code))
		return build_bad(b, err, "operation code", op->code, "a known one");
	if (op_needs_pid(op->code) && op->pid > OP_PID_MAX)
		return build_bad(b, err, "process", op->pid, "at most 134217727");
	if (((op->code >= OP_MAP && op->code <= OP_WRITE) || op->code >= OP_WIDE_FIRST) &&
	    MAX(op->pages, op->to_pages) > OP_PAGES_MAX)
		return build_bad(b, err, "length", MAX(op->pages, op->to_pages),
				 "at most 67108863 pages");
	if (op->file >= b->t->nr_files && op_needs_file(op->code, op->flags))
		return build_bad(b, err, "file", op->file, "an index of the file table");
	switch (op->code) {
	case OP_SPAWN:
	case OP_FORK:
		if (op->cpu > TRACE_CPU_MAX)
			return build_bad(b, err, "cpu", op->cpu, "at most 8191");
		if (op->child > OP_PID_MAX)
			return build_bad(b, err, "process", op->child, "at most 134217727");
		return 0;
	case OP_MAP:
		if (op->flags & ~(uint32_t)VM_FLAGS_ALL)
			return build_bad(b, err, "map flags", op->flags, "known ones");
		if ((op->flags & VM_ANON) && op->pgoff)
			return build_bad(b, err, "offset of an anonymous map", op->pgoff, "0");
		return 0;
	case OP_ADVISE:
		if (op->flags && op->flags != VM_RAND_READ && op->flags != VM_SEQ_READ)
			return build_bad(b, err, "advice", op->flags,
					 "0, VM_RAND_READ or VM_SEQ_READ");
		return 0;
	case OP_MRELEASE:
		if (op->flags & ~(uint32_t)MRELEASE_FLAGS_ALL)
			return build_bad(b, err, "process_mrelease flags", op->flags, "known ones");
		return 0;
	case OP_TOUCH:
		if (!op->stride)
			return build_bad(b, err, "stride", 0, "at least 1");
		return 0;
	case OP_ADVANCE:
		if (op->ns >> (32 + REC_X_BITS))
			return build_bad(b, err, "time", op->ns, "less than 2^59 ns");
		return 0;
	case OP_MARK:
		if (op->name >= b->t->nr_names)
			return build_bad(b, err, "mark", op->name, "an index of the name table");
		return 0;
	default:
		if (op->code >= OP_WIDE_FIRST && op_wide_bad(op))
			return err_at(err, -EINVAL, b->t->path, 0, "operation %" PRIu64 ": %s: %s",
				      b->nr_ops, op_wide(op->code)->keyword, op_wide_bad(op));
		return 0;
	}
}

/* Its records, after REC_PID and REC_FILE. Return: how many. */
static unsigned int build_wide(const struct op *op, struct op_rec *out)
{
	unsigned int n = 0;

	if (op->to || op->to_pages)
		out[n++] = op_rec(REC_MORE, op->to_pages, op->to);
	out[n++] = op_rec(REC_EXT, op->pages, op->value);
	out[n++] = op_rec(REC_WIDE, op->code, op->at);
	return n;
}

int trace_build_op(struct trace_build *b, const struct op *op, struct err *err)
{
	struct op_rec out[5], *to;
	unsigned int n = 0;
	int ret = build_fits(b, op, err);

	if (ret)
		return ret;
	if (b->t->spill->nr >= BUILD_RECS_MAX)
		return err_at(err, -EINVAL, b->t->path, 0, "more than %u records", BUILD_RECS_MAX);
	if (op_needs_pid(op->code) && (!b->has_pid || b->pid != op->pid)) {
		out[n++] = op_rec(REC_PID, op->pid, 0);
		b->pid = op->pid;
		b->has_pid = true;
	}
	if (op_needs_file(op->code, op->flags) && (!b->has_file || b->file != op->file)) {
		out[n++] = op_rec(REC_FILE, 0, op->file);
		b->file = op->file;
		b->has_file = true;
	}
	switch (op->code) {
	case OP_SPAWN:
		out[n++] = op_rec(op->code, op->cpu, 0);
		break;
	case OP_FORK:
		out[n++] = op_rec(op->code, op->cpu, op->child);
		break;
	case OP_MRELEASE:
		out[n++] = op_rec(op->code, op->flags, 0);
		break;
	case OP_MAP:
		out[n++] = op_rec(REC_EXT, op->flags, op->pgoff);
		out[n++] = op_rec(op->code, op->pages, op->at);
		break;
	case OP_ADVISE:
		out[n++] = op_rec(REC_EXT, op->flags, 0);
		out[n++] = op_rec(op->code, op->pages, op->at);
		break;
	case OP_UNMAP:
	case OP_READ:
	case OP_WRITE:
		out[n++] = op_rec(op->code, op->pages, op->at);
		break;
	case OP_TOUCH:
		if (op->stride != 1)
			out[n++] = op_rec(REC_EXT, 0, op->stride);
		out[n++] = op_rec(op->code, op->pages << 1 | op->write, op->at);
		break;
	case OP_ADVANCE:
		out[n++] = op_rec(op->code, (uint32_t)(op->ns >> 32), (uint32_t)op->ns);
		break;
	case OP_MARK:
		out[n++] = op_rec(op->code, 0, op->name);
		break;
	default:
		if (op->code < OP_WIDE_FIRST) {
			out[n++] = op_rec(op->code, 0, 0);
			break;
		}
		n += build_wide(op, out + n);
		b->t->version = TRACE_VERSION;
		break;
	}
	to = spill_add(b->t->spill, n);
	if (!to)
		return spill_check(b->t->spill, b->t->path, err);
	memcpy(to, out, n * sizeof(*out));
	b->nr_ops++;
	return 0;
}

static void build_clear(struct trace_build *b)
{
	g_hash_table_destroy(b->file_ids);
	g_hash_table_destroy(b->name_ids);
	*b = (struct trace_build){ 0 };
}

static void hint_files(struct trace *t)
{
	const uint64_t n = (t->nr_file_pages >> TRACE_HINT_SHIFT) + 1;
	uint32_t file = 0;

	t->file_hint = g_new0(uint32_t, n);
	for (uint64_t i = 0; i < n && file < t->nr_files; i++) {
		const uint64_t page = i << TRACE_HINT_SHIFT;

		while (file + 1 < t->nr_files &&
		       (uint64_t)t->files[file].first + t->files[file].pages <= page)
			file++;
		t->file_hint[i] = file;
	}
}

struct trace *trace_build_end(struct trace_build *b)
{
	struct trace *t = b->t;

	trace_end(t);
	hint_files(t);
	build_clear(b);
	return t;
}

void trace_build_abort(struct trace_build *b)
{
	trace_free(b->t);
	build_clear(b);
}
