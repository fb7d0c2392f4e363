// SPDX-License-Identifier: GPL-2.0-only
/* Follows the files of a trace that is checked: their sizes, their names, who has them open. */
#include "sim/trace-files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static void free_set(gpointer set)
{
	g_hash_table_destroy(set);
}

void trace_files_init(struct trace_files *f, const struct trace *t)
{
	*f = (struct trace_files){ .t = t, .size = g_new(uint32_t, t->nr_files + 1) };
	for (uint32_t i = 0; i < t->nr_files; i++)
		f->size[i] = t->files[i].size;
	if (t->version < 2)
		return;
	f->unlinked = g_new0(bool, t->nr_files + 1);
	f->opens = g_hash_table_new_full(NULL, NULL, NULL, free_set);
}

void trace_files_release(struct trace_files *f)
{
	g_free(f->size);
	g_free(f->unlinked);
	if (f->opens)
		g_hash_table_destroy(f->opens);
}

static void add(gpointer file, gpointer value, gpointer set)
{
	(void)value;
	g_hash_table_add(set, file);
}

static void do_fork(struct trace_files *f, uint32_t parent, uint32_t child)
{
	GHashTable *of = g_hash_table_lookup(f->opens, GUINT_TO_POINTER(parent));
	GHashTable *set = g_hash_table_new(NULL, NULL);

	if (of)
		g_hash_table_foreach(of, add, set);
	g_hash_table_insert(f->opens, GUINT_TO_POINTER(child), set);
}

/* the descriptor of the process: a file without a name can not be opened any more */
static int do_open(struct trace_files *f, const struct op *op, char *msg, size_t len)
{
	GHashTable *set = g_hash_table_lookup(f->opens, GUINT_TO_POINTER(op->pid));

	if (!set) {
		set = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(f->opens, GUINT_TO_POINTER(op->pid), set);
	}
	if (!f->unlinked[op->file] || g_hash_table_contains(set, GUINT_TO_POINTER(op->file + 1))) {
		g_hash_table_add(set, GUINT_TO_POINTER(op->file + 1));
		return 0;
	}
	snprintf(msg, len,
		 "file \"%s\" is unlinked and not open in process %" PRIu32
		 ", expected a file with a "
		 "name",
		 f->t->files[op->file].name, op->pid);
	return -EINVAL;
}

static int named(const struct trace_files *f, uint32_t file, char *msg, size_t len)
{
	if (!f->unlinked[file])
		return 0;
	snprintf(msg, len, "file \"%s\" is unlinked already, expected a file with a name",
		 f->t->files[file].name);
	return -EINVAL;
}

static int do_rename(struct trace_files *f, const struct op *op, char *msg, size_t len)
{
	const struct trace_file *files = f->t->files;
	int ret = named(f, op->file, msg, len);

	if (ret)
		return ret;
	if (op->to >= f->t->nr_files || op->to == op->file ||
	    files[op->to].shmem != files[op->file].shmem) {
		snprintf(msg, len,
			 "rename of file \"%s\" to %s, expected another file of the same file "
			 "system",
			 files[op->file].name,
			 op->to < f->t->nr_files ? files[op->to].name : "an unknown file");
		return -EINVAL;
	}
	ret = named(f, op->to, msg, len);
	if (!ret)
		f->unlinked[op->to] = true;
	return ret;
}

static int do_truncate(struct trace_files *f, const struct op *op, char *msg, size_t len)
{
	const struct trace_file *file = &f->t->files[op->file];

	if (op->at > file->pages) {
		snprintf(msg, len,
			 "truncate of file \"%s\" to %" PRIu32
			 " pages, expected at most the %" PRIu32 " that it ever has",
			 file->name, op->at, file->pages);
		return -EINVAL;
	}
	f->size[op->file] = op->at;
	return 0;
}

int trace_files_op(struct trace_files *f, const struct op *op, char *msg, size_t len)
{
	int ret = 0;

	switch (op->code) {
	case OP_FORK:
		do_fork(f, op->pid, op->child);
		return 0;
	case OP_EXEC:
	case OP_EXIT:
	case OP_KILL:
	case OP_MRELEASE:
	case OP_OOM:
		g_hash_table_remove(f->opens, GUINT_TO_POINTER(op->pid));
		return 0;
	case OP_UNLINK:
		ret = named(f, op->file, msg, len);
		f->unlinked[op->file] = true;
		return ret;
	case OP_RENAME:
		return do_rename(f, op, msg, len);
	default:
		if (op_needs_file(op->code, op->flags))
			ret = do_open(f, op, msg, len);
		return !ret && op->code == OP_TRUNCATE ? do_truncate(f, op, msg, len) : ret;
	}
}
