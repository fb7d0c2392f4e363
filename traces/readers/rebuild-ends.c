// SPDX-License-Identifier: GPL-2.0-only
/*
 * How files of a recording begin, change their size and end. A file is deleted in the trace when
 * its pages go, not when its name does: the kernel drops the inode once nobody uses it.
 *
 * - ext4 says when it makes an inode and when it drops one without a link. A file that is made in
 *   the recording is empty when the trace begins. A file that is deleted because another takes
 *   its name in a rename() looks like any other.
 * - ext4 does not say to which size it truncates. The page cache has just dropped what lies behind
 *   for the same thread: the first of these pages is the new end. A file without pages there
 *   keeps its size.
 * - Growth shows by writes, and by faults and reads behind the end: there the trace makes the
 *   file longer, as if by ftruncate(). From the first sign of a size on, reads end where the file
 *   does.
 * - tmpfs says nothing. A page of it that the page cache drops while no process maps the file
 *   means that the file is deleted; while one maps it, that a hole was made, which the trace
 *   leaves out.
 * - What a process does while it dies is not recorded. So a file that had no name when it was
 *   mapped (a shared anonymous mapping, a memfd, a deleted file) ends with its last mapping. If
 *   it is used again later, through a descriptor that was still open, it did not end, and the
 *   trace says nothing. A segment of System V lives on without processes and is not among these.
 * - Processes of a trace close no descriptor before they execute or end, so that a file stays
 *   whose user has closed it. Where another process still has it open in the trace, the file is
 *   truncated to nothing before it is unlinked.
 *
 * When it is wrong: a file without a name whose last user keeps the descriptor but never uses it
 * again ends too early; one that was never mapped and ends with its process never ends.
 */
#include "traces/readers/rebuild-priv.h"

static int64_t file_lookup(const struct rebuild *rb, struct rb_file_id id)
{
	int64_t i = (int64_t)GPOINTER_TO_UINT(g_hash_table_lookup(rb->file_of, &id)) - 1;

	return i < 0 ? i : file_root(rb, i);
}

static bool used(const struct rb_file *f)
{
	return f->proven || f->mapped || f->read;
}

/* It is used again: take back what says that it is gone. */
static void undo_gone(struct rebuild *rb, struct rb_file *f)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(f->gone_op); i++) {
		struct rb_op o;

		if (f->gone_op[i] == NO_OP)
			continue;
		spill_get(&rb->ops, f->gone_op[i], &o);
		o.op.code = OP_NONE;
		spill_put(&rb->ops, f->gone_op[i], &o);
	}
	f->gone = false;
	rb->counts.retired--;
}

void file_open(struct rebuild *rb, struct rb_space *s, int64_t file)
{
	struct rb_file *f = file_at(rb, file);

	g_hash_table_add(s->open, GSIZE_TO_POINTER((gsize)file));
	if (f->gone)
		undo_gone(rb, f);
}

static bool has_open(const struct rebuild *rb, const struct rb_space *s, int64_t file)
{
	GHashTableIter it;
	gpointer key;

	g_hash_table_iter_init(&it, s->open);
	while (g_hash_table_iter_next(&it, &key, NULL))
		if (file_root(rb, (int64_t)GPOINTER_TO_SIZE(key)) == file)
			return true;
	return false;
}

/* Does a process but the one of @except map the file? */
static bool mapped(const struct rebuild *rb, int64_t file, const struct rb_space *except)
{
	struct rb_space *s;
	GHashTableIter it;

	g_hash_table_iter_init(&it, rb->spaces);
	while (g_hash_table_iter_next(&it, NULL, (gpointer *)&s))
		for (uint32_t i = 0; s != except && i < s->vmas->len; i++)
			if (vma_at(s, i)->file >= 0 && file_root(rb, vma_at(s, i)->file) == file)
				return true;
	return false;
}

/* Nothing is left behind the end of a file that is gone: unmap what the trace still has. */
static void unmap_file(struct rebuild *rb, struct rb_space *s, int64_t file)
{
	for (uint32_t i = 0; i < s->vmas->len;) {
		const struct rb_vma v = *vma_at(s, i);

		if (v.file < 0 || file_root(rb, v.file) != file)
			i++;
		else if (space_cut(rb, s, v.start, v.end, CUT_UNMAP))
			rb->counts.left_out++;
	}
}

static uint32_t emit_end(struct rebuild *rb, const struct rb_space *s, enum op_code code,
			 int64_t file, uint64_t at)
{
	return rb_emit(rb, (struct op){
				   .code = code,
				   .pid = s->pid,
				   .file = (uint32_t)file,
				   .at = (uint32_t)at,
			   });
}

/* @s deletes the file; if @dying, as it ends itself. */
static void file_gone(struct rebuild *rb, struct rb_space *s, int64_t file, bool dying)
{
	struct rb_file *f = file_at(rb, file);
	bool held = false;
	struct rb_space *o;
	GHashTableIter it;

	g_hash_table_iter_init(&it, rb->spaces);
	while (g_hash_table_iter_next(&it, NULL, (gpointer *)&o)) {
		if ((o == s && dying) || !has_open(rb, o, file))
			continue;
		unmap_file(rb, o, file);
		held = true;
	}
	f->gone_op[0] = held ? emit_end(rb, s, OP_TRUNCATE, file, 0) : NO_OP;
	f->gone_op[1] = emit_end(rb, s, OP_UNLINK, file, 0);
	f->gone = true;
	rb->counts.retired++;
}

void file_grow(struct rebuild *rb, struct rb_space *s, int64_t file, uint64_t end)
{
	struct rb_file *f = file_at(rb, file);

	f->end = MAX(f->end, end);
	if (!f->sized || end <= f->out_end)
		return;
	f->out_end = end;
	f->proven = MAX(f->proven, end);
	file_open(rb, s, file);
	emit_end(rb, s, OP_TRUNCATE, file, end);
}

bool nameless_name(const char *name)
{
	return g_str_has_suffix(name, " (deleted)") && !g_str_has_prefix(name, "/SYSV");
}

/* The number of the file means another from now on. */
static void end_life(struct rebuild *rb, struct rb_space *s, int64_t file)
{
	if (!file_at(rb, file)->gone)
		file_gone(rb, s, file, false);
	file_retire(rb, file);
}

int rb_create(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id)
{
	int64_t file = file_get(rb, id, NULL);
	struct rb_file *f;

	if (used(file_at(rb, file)))
		end_life(rb, p->space, file);
	f = file_at(rb, file_get(rb, id, NULL));
	f->cached = f->created = f->sized = true;
	rb->counts.created++;
	return 0;
}

int rb_delete(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id)
{
	int64_t file = file_lookup(rb, id);

	if (file >= 0 && used(file_at(rb, file)))
		end_life(rb, p->space, file);
	return 0;
}

int rb_truncate(struct rebuild *rb, struct rb_thread *t, struct rb_file_id id)
{
	int64_t file = file_lookup(rb, id);
	uint64_t at = t->cut_at;
	struct rb_file *f;

	if (file < 0 || t->cut_file != file || at >= TRACE_FILE_PAGES_MAX)
		return 0;
	t->cut_file = VMA_ANON;
	f = file_at(rb, file);
	if (!used(f))
		return 0;
	f->proven = MAX(f->proven, at + 1);
	f->sized = true;
	f->end = f->out_end = at;
	file_open(rb, t->p->space, file);
	emit_end(rb, t->p->space, OP_TRUNCATE, file, at);
	rb->counts.retired++;
	return 0;
}

int rb_fsync(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id)
{
	int64_t file = file_lookup(rb, id);

	if (file < 0 || !file_at(rb, file)->written)
		return 0;
	file_open(rb, p->space, file);
	emit_end(rb, p->space, OP_FSYNC, file, 0);
	rb->counts.synced++;
	return 0;
}

void rb_dropped(struct rebuild *rb, struct rb_file_id id, uint64_t index, uint32_t pid,
		uint32_t tid)
{
	int64_t file = file_lookup(rb, id);
	struct rb_thread *t;
	struct rb_file *f;

	if (file < 0 || !tid)
		return;
	f = file_at(rb, file);
	f->cached = true;
	if (!used(f))
		return;
	t = rb_thread_get(rb, pid, tid);
	if (!f->shmem) {
		t->cut_at = t->cut_file == file ? MIN(t->cut_at, index) : index;
		t->cut_file = file;
	} else if (!mapped(rb, file, NULL)) {
		end_life(rb, t->p->space, file);
	}
}

void files_orphaned(struct rebuild *rb, struct rb_space *s)
{
	for (uint32_t i = 0; i < s->vmas->len; i++) {
		int64_t file = vma_at(s, i)->file;

		if (file < 0 || !file_at(rb, file)->nameless || file_at(rb, file)->gone)
			continue;
		file = file_root(rb, file);
		if (!mapped(rb, file, s))
			file_gone(rb, s, file, true);
	}
}

void files_unmapped(struct rebuild *rb)
{
	for (uint32_t i = 0; i < rb->unmapped->len; i++) {
		const struct rb_unmapped u = g_array_index(rb->unmapped, struct rb_unmapped, i);
		struct rb_space *s = g_hash_table_lookup(rb->spaces, GUINT_TO_POINTER(u.pid));
		int64_t file = file_root(rb, u.file);

		if (s && !file_at(rb, file)->gone && !mapped(rb, file, NULL))
			file_gone(rb, s, file, false);
	}
	g_array_set_size(rb->unmapped, 0);
}
