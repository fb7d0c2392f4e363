// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces in memory: valid names, ownership, and the iterator over operations.
 * sim/trace-build.c builds traces, sim/trace-check.c checks them.
 */
#include "sim/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

_Static_assert(sizeof(struct op_rec) == 8, "the binary trace is made of these");
_Static_assert(NR_RECS <= OP_WIDE_FIRST, "the code has 5 bits");
_Static_assert(OP_PID_MAX <= INT32_MAX, "process ids are used as hash keys");

/* Names and values */

static bool printable(const char *s, size_t max)
{
	size_t n = 0;

	for (; s[n]; n++)
		if ((unsigned char)s[n] < 0x20 || s[n] == 0x7f || n >= max)
			return false;
	return true;
}

static bool word(const char *s, const char *extra)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (n >= TRACE_KEY_BYTES_MAX || (!g_ascii_isalnum(s[n]) && !strchr(extra, s[n])))
			return false;
	return n > 0;
}

bool trace_file_name_ok(const char *name)
{
	return name[0] && printable(name, TRACE_NAME_BYTES_MAX);
}

bool trace_mark_name_ok(const char *name)
{
	return word(name, "_.:-");
}

bool trace_key_ok(const char *key)
{
	return word(key, "_.-");
}

bool trace_value_ok(const char *value)
{
	return printable(value, TRACE_VALUE_BYTES_MAX);
}

/* The container */

static void free_kvs(struct trace_kv *kv, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++) {
		g_free(kv[i].key);
		g_free(kv[i].value);
	}
	g_free(kv);
}

struct trace *trace_ref(const struct trace *t)
{
	struct trace *own = (struct trace *)t;

	own->nr_owners++;
	return own;
}

struct trace *trace_like(const struct trace *t)
{
	struct trace *out = g_new(struct trace, 1);

	/* field by field: other threads count owners of @t */
	*out = (struct trace){
		.path = t->path,
		.version = t->version,
		.files = t->files,
		.nr_files = t->nr_files,
		.nr_file_pages = t->nr_file_pages,
		.has_shmem = t->has_shmem,
		.names = t->names,
		.nr_names = t->nr_names,
		.machine = t->machine,
		.nr_machine = t->nr_machine,
		.notes = t->notes,
		.nr_notes = t->nr_notes,
		.like = trace_ref(t),
		.spill = g_new(struct spill, 1),
		.file_hint = t->file_hint,
		.nr_owners = 1,
	};
	spill_init(out->spill, sizeof(struct op_rec));
	return out;
}

void trace_end(struct trace *t)
{
	t->recs = (const struct op_rec *)(const void *)t->spill->base;
	t->nr_recs = t->spill->nr;
}

static void free_tables(struct trace *t)
{
	for (uint32_t i = 0; i < t->nr_files; i++)
		g_free(t->files[i].name);
	g_free(t->files);
	for (uint32_t i = 0; i < t->nr_names; i++)
		g_free(t->names[i]);
	g_free(t->names);
	free_kvs(t->machine, t->nr_machine);
	free_kvs(t->notes, t->nr_notes);
	g_free(t->file_hint);
	g_free(t->path);
}

void trace_free(struct trace *t)
{
	if (!t || --t->nr_owners)
		return;
	if (t->like)
		trace_free(t->like);
	else
		free_tables(t);
	if (t->spill)
		spill_release(t->spill);
	g_free(t->spill);
	g_free(t->own_recs);
	g_free(t);
}

/* The iterator */

void trace_passed(const struct trace *t, uint64_t from, uint64_t to)
{
	if (t->spill)
		spill_passed(t->spill, from, to);
}

void trace_iter_init(struct trace_iter *it, const struct trace *t)
{
	*it = (struct trace_iter){ .t = t };
}

static const char *decode_map(const struct trace_iter *it, uint32_t x, uint32_t arg,
			      struct op_rec ext, struct op *op)
{
	op->flags = op_rec_x(ext);
	if (op->flags & ~(uint32_t)VM_FLAGS_ALL)
		return "unknown map flags before a map";
	if (op->flags & VM_ANON) {
		if (ext.arg)
			return "an anonymous map with a file offset";
	} else {
		if (!it->has_file)
			return "a file map before any file was chosen";
		op->file = it->file;
	}
	op->at = arg;
	op->pages = x;
	op->pgoff = ext.arg;
	return NULL;
}

static const char *decode_touch(uint32_t x, uint32_t arg, const struct op_rec *ext, struct op *op)
{
	op->at = arg;
	op->pages = x >> 1;
	op->write = x & 1;
	op->stride = 1;
	if (ext) {
		if (op_rec_x(*ext) || !ext->arg)
			return "a bad stride before a touch";
		op->stride = ext->arg;
	}
	return NULL;
}

static const char *decode_advise(uint32_t x, uint32_t arg, struct op_rec ext, struct op *op)
{
	op->flags = op_rec_x(ext);
	if (ext.arg || (op->flags && op->flags != VM_RAND_READ && op->flags != VM_SEQ_READ))
		return "an unknown advice";
	op->at = arg;
	op->pages = x;
	return NULL;
}

static const char *decode_wide(const struct trace_iter *it, struct op_rec r,
			       const struct op_rec *ext, const struct op_rec *more, struct op *op)
{
	const enum op_code code = (enum op_code)op_rec_x(r);

	if (code < OP_WIDE_FIRST || code >= NR_OPS)
		return "an unknown operation";
	if (!ext)
		return "an operation without its extension record";
	*op = (struct op){ .code = code,
			   .at = r.arg,
			   .pages = op_rec_x(*ext),
			   .value = ext->arg,
			   .to = more ? more->arg : 0,
			   .to_pages = more ? op_rec_x(*more) : 0 };
	if (op_needs_pid(code)) {
		if (!it->has_pid)
			return "an operation before any process was chosen";
		op->pid = it->pid;
	}
	if (op_needs_file(code, 0)) {
		if (!it->has_file)
			return "an operation before any file was chosen";
		op->file = it->file;
	}
	return op_wide_bad(op);
}

/* Return: NULL, or a description of the error in the record. */
static const char *decode(const struct trace_iter *it, struct op_rec r, const struct op_rec *ext,
			  struct op *op)
{
	enum op_code code = op_rec_code(r);
	uint32_t x = op_rec_x(r);

	*op = (struct op){ .code = code };
	if (op_needs_pid(code)) {
		if (!it->has_pid)
			return "an operation before any process was chosen";
		op->pid = it->pid;
	}
	if (code >= OP_MAP && code <= OP_WRITE && code != OP_TOUCH && x > OP_PAGES_MAX)
		return "a range longer than 2^26 - 1 pages";

	switch (code) {
	case OP_TOUCH:
		return decode_touch(x, r.arg, ext, op);
	case OP_READ:
	case OP_WRITE:
		if (!it->has_file)
			return "a read or write before any file was chosen";
		op->file = it->file;
		op->at = r.arg;
		op->pages = x;
		break;
	case OP_MAP:
		if (!ext)
			return "a map without its flags record";
		return decode_map(it, x, r.arg, *ext, op);
	case OP_UNMAP:
		op->at = r.arg;
		op->pages = x;
		break;
	case OP_ADVISE:
		if (!ext)
			return "an advise without its advice record";
		return decode_advise(x, r.arg, *ext, op);
	case OP_SPAWN:
		op->cpu = x;
		if (r.arg)
			return "an unused field that is not 0";
		break;
	case OP_FORK:
		op->cpu = x;
		op->child = r.arg;
		if (r.arg > OP_PID_MAX)
			return "a process id beyond 2^27 - 1";
		break;
	case OP_MRELEASE:
		op->flags = x;
		if (r.arg || x & ~(uint32_t)MRELEASE_FLAGS_ALL)
			return "unknown process_mrelease flags";
		break;
	case OP_ADVANCE:
		op->ns = (uint64_t)x << 32 | r.arg;
		break;
	case OP_MARK:
		op->name = r.arg;
		if (x || r.arg >= it->t->nr_names)
			return "a mark beyond the table of names";
		break;
	case OP_EXEC:
	case OP_EXIT:
	case OP_KILL:
	case OP_OOM:
	case OP_OPTIN:
	case OP_FORK_FAIL:
	case OP_CLEAR_REFS:
	case OP_DROP_CACHES:
	case OP_DRAIN:
		if (x || r.arg)
			return "an unused field that is not 0";
		break;
	default:
		return "an unknown operation";
	}
	return ext ? "an extension record before an operation that takes none" : NULL;
}

int trace_iter_next(struct trace_iter *it, struct op *op, struct err *err)
{
	const struct trace *t = it->t;
	const char *wrong = NULL;
	struct op_rec ext = { 0 }, more = { 0 };
	bool has_ext = false, has_more = false;

	if (it->next - it->passed >= TRACE_PASSES) {
		trace_passed(t, it->passed, it->next);
		it->passed = it->next;
	}
	while (it->next < t->nr_recs) {
		struct op_rec r = t->recs[it->next];
		uint32_t x = op_rec_x(r);
		enum op_code code = op_rec_code(r);

		it->at = it->next++;
		if (code == REC_WIDE && t->version > 1) {
			wrong = decode_wide(it, r, has_ext ? &ext : NULL, has_more ? &more : NULL,
					    op);
			if (!wrong)
				return 1;
		} else if (code == REC_MORE && t->version > 1) {
			more = r;
			if (has_more || has_ext)
				wrong = "an extension record that no operation follows";
			has_more = true;
		} else if (code > REC_EXT || code == OP_NONE) {
			wrong = decode(it, r, has_ext ? &ext : NULL, op);
			if (!wrong && has_more)
				wrong = "an extension record before an operation that takes none";
			if (!wrong)
				return 1;
		} else if (has_ext || (has_more && code != REC_EXT)) {
			wrong = "an extension record that no operation follows";
		} else if (code == REC_PID) {
			it->pid = x;
			it->has_pid = true;
			if (r.arg)
				wrong = "an unused field that is not 0";
		} else if (code == REC_FILE) {
			it->file = r.arg;
			it->has_file = true;
			if (x || r.arg >= t->nr_files)
				wrong = "a file beyond the table of files";
		} else {
			ext = r;
			has_ext = true;
		}
		if (wrong)
			return err_at(err, -EINVAL, t->path, 0,
				      "record %" PRIu64 " (0x%08" PRIx32 " 0x%08" PRIx32 "): %s",
				      it->at, r.head, r.arg, wrong);
	}
	if (has_ext || has_more)
		return err_at(err, -EINVAL, t->path, 0,
			      "record %" PRIu64 ": the trace ends in an extension record", it->at);
	return 0;
}

bool trace_op_at(const struct trace *t, uint64_t rec, struct op *op)
{
	struct trace_iter it;

	trace_iter_init(&it, t);
	while (trace_iter_next(&it, op, NULL) == 1)
		if (it.at >= rec)
			return true;
	*op = (struct op){ 0 };
	return false;
}
