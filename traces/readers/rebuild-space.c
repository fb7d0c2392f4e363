// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces of a recording: the mappings, and the page numbers that represent real
 * addresses in the trace.
 */
#include "traces/readers/rebuild-priv.h"

#include <errno.h>

#include <string.h>

/* Distance between chunks that are not neighbours in the recording. */
#define CHUNK_GAP 64u
/* Process ids end at 2^22 (PID_MAX_LIMIT); above it there is room for twins. */
#define PID_BITS 22

struct rb_vma *vma_at(const struct rb_space *s, uint32_t i)
{
	return &g_array_index(s->vmas, struct rb_vma, i);
}

guint rb_page_hash(gconstpointer key)
{
	return (guint)((GPOINTER_TO_SIZE(key) * 0x9e3779b97f4a7c15ull) >> 32);
}

struct rb_space *space_new(struct rebuild *rb, uint32_t pid)
{
	struct rb_space *s = g_new0(struct rb_space, 1);

	/* a vfork child may still use a space of that number */
	for (uint32_t n = 1; g_hash_table_contains(rb->spaces, GUINT_TO_POINTER(pid)); n++)
		pid = (pid + (1u << PID_BITS) + !(n % 32)) & OP_PID_MAX;
	s->refs = 1;
	s->pid = pid;
	s->vmas = g_array_new(FALSE, FALSE, sizeof(struct rb_vma));
	s->chunks = g_hash_table_new(NULL, NULL);
	s->anon = g_hash_table_new(rb_page_hash, NULL);
	s->windows = g_hash_table_new(rb_page_hash, NULL);
	s->open = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(rb->spaces, GUINT_TO_POINTER(pid), s);
	return s;
}

void space_free(gpointer data)
{
	struct rb_space *s = data;

	g_array_free(s->vmas, TRUE);
	g_hash_table_destroy(s->chunks);
	g_hash_table_destroy(s->anon);
	g_hash_table_destroy(s->windows);
	g_hash_table_destroy(s->open);
	g_free(s);
}

void space_empty(struct rebuild *rb, struct rb_space *s)
{
	rb->anon_pages -= g_hash_table_size(s->anon);
	g_hash_table_remove_all(s->anon);
	g_hash_table_remove_all(s->windows);
	g_hash_table_remove_all(s->open);
	s->nr_windows = 0;
	g_array_set_size(s->vmas, 0);
	g_hash_table_remove_all(s->chunks);
	memset(s->used, 0, sizeof(s->used));
}

/* The last user of an address space ends it. */
void space_put(struct rebuild *rb, struct rb_space *s, enum op_code end)
{
	if (--s->refs)
		return;
	files_orphaned(rb, s);
	rb_emit(rb, (struct op){ .code = end, .pid = s->pid });
	rb->dead++;
	space_empty(rb, s);
	g_hash_table_remove(rb->spaces, GUINT_TO_POINTER(s->pid));
}

/* Index of the first mapping that ends after @page; the length if none. */
uint32_t space_find(const struct rb_space *s, uint64_t page)
{
	uint32_t lo = 0, hi = s->vmas->len;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (vma_at(s, mid)->end <= page)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct rb_vma *space_vma(const struct rb_space *s, uint64_t page)
{
	uint32_t i = space_find(s, page);

	return i < s->vmas->len && vma_at(s, i)->start <= page ? vma_at(s, i) : NULL;
}

static void vma_trim_front(struct rb_vma *v, uint64_t start)
{
	if (v->file >= 0)
		v->pgoff += start - v->start;
	v->start = start;
}

/* Make @page a boundary between mappings. */
void space_split(struct rb_space *s, uint64_t page)
{
	uint32_t i = space_find(s, page);
	struct rb_vma right;

	if (i == s->vmas->len || vma_at(s, i)->start >= page)
		return;
	right = *vma_at(s, i);
	vma_trim_front(&right, page);
	vma_at(s, i)->end = page;
	g_array_insert_val(s->vmas, i + 1, right);
}

void space_insert(struct rb_space *s, struct rb_vma v)
{
	g_array_insert_val(s->vmas, space_find(s, v.start), v);
}

/* The chunk that stands for @from in the trace; 0: none yet. */
static uint32_t chunk_find(const struct rb_space *s, uint64_t from)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(s->chunks, GSIZE_TO_POINTER(from)));
}

static bool chunk_free(const struct rb_space *s, uint32_t to)
{
	return to && to < NR_CHUNKS && !(s->used[to / 64] >> to % 64 & 1);
}

/* Assign a chunk number. Adjacent chunks stay adjacent if possible; others get room to grow. */
static int chunk_add(struct rb_space *s, uint64_t from, uint32_t *out)
{
	uint32_t below = from ? chunk_find(s, from - 1) : 0;
	uint32_t above = chunk_find(s, from + 1);
	uint32_t to = 0;

	if (below && chunk_free(s, below + 1))
		to = below + 1;
	else if (above && chunk_free(s, above - 1))
		to = above - 1;
	for (uint32_t i = CHUNK_GAP / 2; !to && i < NR_CHUNKS; i += CHUNK_GAP)
		if (chunk_free(s, i) && chunk_free(s, i - 1) && chunk_free(s, i + 1))
			to = i;
	for (uint32_t i = 1; !to && i < NR_CHUNKS; i++)
		if (chunk_free(s, i))
			to = i;
	if (!to)
		return -E2BIG;
	s->used[to / 64] |= 1ull << to % 64;
	g_hash_table_insert(s->chunks, GSIZE_TO_POINTER(from), GUINT_TO_POINTER(to));
	*out = to;
	return 0;
}

/* The page number that stands for @page in the trace. */
int renumber(struct rb_space *s, uint64_t page, uint32_t *out)
{
	uint32_t to = chunk_find(s, page >> CHUNK_SHIFT);
	int ret = to ? 0 : chunk_add(s, page >> CHUNK_SHIFT, &to);

	if (!ret)
		*out = to << CHUNK_SHIFT | (uint32_t)(page & (CHUNK_PAGES - 1));
	return ret;
}

/* Emit @op for [start, end) in pieces that are contiguous in the trace too. */
int rb_emit_range(struct rebuild *rb, struct rb_space *s, struct op op, uint64_t start,
		  uint64_t end)
{
	uint32_t pgoff = op.pgoff;
	uint64_t to;

	op.pid = s->pid;
	for (uint64_t from = start; from < end; from = to) {
		int ret = renumber(s, from, &op.at);

		to = MIN(end, (from | (CHUNK_PAGES - 1)) + 1);
		while (!ret && to < end && to - from <= OP_PAGES_MAX - CHUNK_PAGES) {
			uint32_t next;

			ret = renumber(s, to, &next);
			if (ret || next != op.at + (to - from))
				break;
			to = MIN(end, to + CHUNK_PAGES);
		}
		if (ret)
			return ret;
		op.pages = (uint32_t)(to - from);
		op.pgoff = pgoff + (uint32_t)(from - start);
		rb_emit(rb, op);
	}
	return 0;
}

/* As rb_emit_range() for OP_MAP, and remember each piece as a mapping. */
int map_range(struct rebuild *rb, struct rb_space *s, const struct rb_vma *v)
{
	uint64_t from = v->start;
	struct op op = {
		.code = OP_MAP,
		.file = v->file >= 0 ? (uint32_t)v->file : 0,
		.pgoff = v->file >= 0 ? (uint32_t)v->pgoff : 0,
		.flags = v->flags,
	};
	uint32_t first;
	int ret;

	if (v->file >= 0)
		file_open(rb, s, v->file);
	first = (uint32_t)rb->ops.nr;
	ret = rb_emit_range(rb, s, op, v->start, v->end);

	for (uint32_t i = first; !ret && i < rb->ops.nr; i++) {
		struct rb_vma piece = *v;

		if (op_at(rb, i)->code != OP_MAP)
			continue;
		vma_trim_front(&piece, from);
		from += op_at(rb, i)->pages;
		piece.end = from;
		piece.op = i;
		piece.seen_from = piece.seen_to = 0;
		space_insert(s, piece);
	}
	return ret;
}

static gboolean in_range(gpointer key, gpointer value, gpointer data)
{
	const uint64_t *range = data;
	uint64_t page = GPOINTER_TO_SIZE(key);

	(void)value;
	return page >= range[0] && page < range[1];
}

static void forget_anon(struct rebuild *rb, struct rb_space *s, uint64_t start, uint64_t end)
{
	uint64_t range[2] = { start, end };
	guint before = g_hash_table_size(s->anon);

	if (end - start < before)
		for (uint64_t p = start; p < end; p++)
			g_hash_table_remove(s->anon, GSIZE_TO_POINTER(p));
	else
		g_hash_table_foreach_remove(s->anon, in_range, range);
	rb->anon_pages -= before - g_hash_table_size(s->anon);
}

void count_anon(struct rebuild *rb, struct rb_space *s, uint64_t page)
{
	if (!g_hash_table_add(s->anon, GSIZE_TO_POINTER(page)))
		return;
	rb->anon_pages++;
	rb->anon_peak = MAX(rb->anon_peak, rb->anon_pages);
}

static int unmap(struct rebuild *rb, struct rb_space *s, uint64_t start, uint64_t end)
{
	return rb_emit_range(rb, s, (struct op){ .code = OP_UNMAP }, start, end);
}

/* Take mappings out of [start, end). */
int space_cut(struct rebuild *rb, struct rb_space *s, uint64_t start, uint64_t end,
	      unsigned int how)
{
	uint64_t from = start, to = start; /* to be unmapped */
	uint32_t i, out;
	int ret = 0;

	space_split(s, start);
	space_split(s, end);
	i = out = space_find(s, start);
	for (; i < s->vmas->len && vma_at(s, i)->start < end; i++) {
		const struct rb_vma *v = vma_at(s, i);

		if (v->file == VMA_ANON && !(how & CUT_ANON)) {
			*vma_at(s, out++) = *v;
			continue;
		}
		forget_anon(rb, s, v->start, v->end);
		if (v->file >= 0 && file_at(rb, v->file)->nameless)
			g_array_append_val(rb->unmapped, ((struct rb_unmapped){ v->file, s->pid }));
		if (v->file == VMA_SPECIAL || !(how & CUT_UNMAP))
			continue;
		if (v->start != to) {
			ret = ret ? ret : unmap(rb, s, from, to);
			from = v->start;
		}
		to = v->end;
	}
	if (i > out)
		g_array_remove_range(s->vmas, out, i - out);
	return ret ? ret : unmap(rb, s, from, to);
}
