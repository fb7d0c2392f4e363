// SPDX-License-Identifier: GPL-2.0-only
/* Files of a recording: their identity, size, and used pages. */
#include "traces/readers/rebuild-priv.h"

/* Used pages are counted in blocks of 2^4, as fault-around and readahead read them. */
#define BLOCK_SHIFT 4

guint rb_id_hash(gconstpointer key)
{
	const struct rb_file_id *id = key;

	return (guint)(((id->dev ^ id->ino << 7) * 0x9e3779b97f4a7c15ull) >> 32);
}

gboolean rb_id_equal(gconstpointer a, gconstpointer b)
{
	const struct rb_file_id *x = a, *y = b;

	return x->dev == y->dev && x->ino == y->ino;
}

int64_t file_root(const struct rebuild *rb, int64_t i)
{
	while (g_array_index(rb->files, struct rb_file, i).same >= 0)
		i = g_array_index(rb->files, struct rb_file, i).same;
	return i;
}

struct rb_file *file_at(const struct rebuild *rb, int64_t i)
{
	return &g_array_index(rb->files, struct rb_file, file_root(rb, i));
}

int64_t file_get(struct rebuild *rb, struct rb_file_id id, const char *path)
{
	int64_t i = (int64_t)GPOINTER_TO_UINT(g_hash_table_lookup(rb->file_of, &id)) - 1;
	struct rb_file f = { .id = id, .life = 1, .same = -1 };

	if (i < 0) {
		i = rb->files->len;
		g_array_append_val(rb->files, f);
		g_hash_table_insert(rb->file_of, g_memdup2(&id, sizeof(id)),
				    GUINT_TO_POINTER(rb->files->len));
	}
	/* of several hard links, keep the path that was used */
	if (path && path[0] == '/' && g_strcmp0(path, file_at(rb, i)->path)) {
		g_free(file_at(rb, i)->path);
		file_at(rb, i)->path = g_strdup(path);
	}
	return file_root(rb, i);
}

/* Merge what is known about two files that are one: keep a name, and the larger sizes. */
static void absorb(struct rb_file *to, struct rb_file *from)
{
	if (from->path) {
		g_free(to->path);
		to->path = g_steal_pointer(&from->path);
	}
	if (!to->pages)
		to->pages = from->pages;
	to->proven = MAX(to->proven, from->proven);
	to->mapped = MAX(to->mapped, from->mapped);
	to->read = MAX(to->read, from->read);
	to->shmem |= from->shmem;
	to->written |= from->written;
}

bool file_join(struct rebuild *rb, int64_t i, int64_t to)
{
	int64_t from = file_root(rb, i);

	to = file_root(rb, to);
	if (from == to || rb_id_equal(&file_at(rb, from)->id, &file_at(rb, to)->id))
		return true;
	if (file_at(rb, from)->cached)
		return false;
	absorb(file_at(rb, to), file_at(rb, from));
	g_array_index(rb->files, struct rb_file, from).same = to;
	rb->counts.joined++;
	return true;
}

void files_join_paths(struct rebuild *rb)
{
	GHashTable *by_path = g_hash_table_new(g_str_hash, g_str_equal);

	for (uint32_t i = 0; i < rb->files->len; i++) {
		const struct rb_file *f = &g_array_index(rb->files, struct rb_file, i);

		if (f->path && f->same < 0 && f->pages && f->id.dev != RB_DEV_PATH)
			g_hash_table_insert(by_path, f->path, GUINT_TO_POINTER(i + 1));
	}
	for (uint32_t i = 0; i < rb->files->len; i++) {
		const struct rb_file *f = &g_array_index(rb->files, struct rb_file, i);
		uint32_t to = 0;

		if (f->path && f->same < 0 && f->id.dev == RB_DEV_PATH)
			to = GPOINTER_TO_UINT(g_hash_table_lookup(by_path, f->path));
		if (!to)
			continue;
		/* its path is a key of the table: leave it in place */
		g_clear_pointer(&g_array_index(rb->files, struct rb_file, i).path, g_free);
		file_join(rb, i, to - 1);
	}
	g_hash_table_destroy(by_path);
}

bool shmem_name(const char *name)
{
	return g_str_has_prefix(name, "/dev/shm/") || g_str_has_prefix(name, "/memfd:") ||
	       g_str_has_prefix(name, "/SYSV") || g_str_has_prefix(name, "/dev/zero");
}

uint64_t rb_path_ino(struct rebuild *rb, const char *path)
{
	gpointer ino = g_hash_table_lookup(rb->path_inos, path);

	if (!ino) {
		ino = GUINT_TO_POINTER(g_hash_table_size(rb->path_inos) + 1);
		g_hash_table_insert(rb->path_inos, g_strdup(path), ino);
	}
	return GPOINTER_TO_UINT(ino);
}

void rb_file_known(struct rebuild *rb, struct rb_file_id id, uint64_t bytes, bool shmem,
		   const char *path)
{
	struct rb_file *f = file_at(rb, file_get(rb, id, path));

	f->pages = bytes / 4096 + !!(bytes % 4096);
	f->shmem = shmem;
}

void rb_cached(struct rebuild *rb, struct rb_file_id id, uint64_t last)
{
	struct rb_file *f = file_at(rb, file_get(rb, id, NULL));

	f->cached = true;
	f->proven = MAX(f->proven, last + 1);
	f->end = MAX(f->end, last + 1);
}

void rb_uncached(struct rebuild *rb, struct rb_file_id id, uint64_t index)
{
	int64_t i = (int64_t)GPOINTER_TO_UINT(g_hash_table_lookup(rb->file_of, &id)) - 1;

	if (i >= 0)
		file_at(rb, i)->cached = true;
	if (i >= 0 && !index && file_at(rb, i)->written) {
		file_retire(rb, file_root(rb, i));
		rb->counts.retired++;
	}
}

void file_retire(struct rebuild *rb, int64_t i)
{
	struct rb_file next, *f = file_at(rb, i);

	/* the size that the recorder found at the end belongs to the file's last life */
	next = (struct rb_file){
		.id = f->id,
		.path = g_strdup(f->path),
		.pages = f->pages,
		.life = f->life + 1,
		.same = -1,
		.cached = true,
		.shmem = f->shmem,
	};
	f->pages = 0;
	/* where deletions are recorded, so does the name that the recorder found at the end */
	if (rb->ends && !f->mapped)
		g_clear_pointer(&f->path, g_free);
	g_array_append_val(rb->files, next);
	g_hash_table_insert(rb->file_of, g_memdup2(&next.id, sizeof(next.id)),
			    GUINT_TO_POINTER(rb->files->len));
}

uint64_t file_pages(const struct rb_file *f)
{
	uint64_t pages = MAX(f->pages, f->proven);

	/* without a size, a mapping's end is the best guess, then a read's */
	if (!f->pages)
		pages = MAX(pages, f->mapped);
	return pages ? pages : f->read;
}

/* Note that pages [first, last] of @file are used. */
void use_pages(struct rebuild *rb, int64_t file, uint64_t first, uint64_t last)
{
	for (uint64_t block = first >> BLOCK_SHIFT; block <= last >> BLOCK_SHIFT; block++)
		g_hash_table_add(rb->blocks,
				 GSIZE_TO_POINTER((uint64_t)file << (32 - BLOCK_SHIFT) | block));
}

void count_used(struct rebuild *rb)
{
	const uint64_t blocks = 1u << (32 - BLOCK_SHIFT);
	GHashTable *seen = g_hash_table_new(rb_page_hash, NULL);
	GHashTableIter it;
	gpointer key;

	g_hash_table_iter_init(&it, rb->blocks);
	while (g_hash_table_iter_next(&it, &key, NULL)) {
		uint64_t k = GPOINTER_TO_SIZE(key);
		uint64_t first = (k & (blocks - 1)) << BLOCK_SHIFT;
		int64_t file = file_root(rb, (int64_t)(k / blocks));
		uint64_t pages = file_pages(file_at(rb, file));

		/* files that turned out to be the same share blocks */
		if (first < pages &&
		    g_hash_table_add(
			    seen, GSIZE_TO_POINTER((uint64_t)file * blocks | first >> BLOCK_SHIFT)))
			rb->used_pages += MIN(1u << BLOCK_SHIFT, pages - first);
	}
	g_hash_table_destroy(seen);
}
