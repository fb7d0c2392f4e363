// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/sample.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/lab/sample-areas.h"
#include "sim/lab/sample-units.h"
#include "sim/state.h"

#define LOOK_OPS (1u << 14) /* between two looks at the interruption */

/**
 * struct sampler - reads a trace and writes its samples.
 * @counting: the first time, uses are counted and nothing is written
 * @places: of each map operation and sample, what to add to where a page lies in the sample of its
 *	file, or of the anonymous pages, to get its address
 * @sizes: of each file now, in pages
 */
struct sampler {
	const struct trace *t;
	const struct lab_hooks *h;
	struct err *err;
	struct sample_units u;
	bool counting;
	uint32_t nr;
	struct trace_build *out;
	GHashTable *spaces; /* pid -> struct areas */
	uint32_t pid;	    /* of @space */
	struct areas *space;
	GArray *places; /* int64_t */
	uint32_t nr_maps;
	uint64_t nr_anon;
	uint32_t *sizes;
	int ret;
};

static void emit(struct sampler *s, uint32_t k, const struct op *op)
{
	if (!s->ret)
		s->ret = trace_build_op(&s->out[k], op, s->err);
}

static void emit_all(struct sampler *s, const struct op *op)
{
	for (uint32_t k = 0; !s->counting && k < s->nr; k++)
		emit(s, k, op);
}

static struct areas *find_space(struct sampler *s, uint32_t pid)
{
	if (!s->space || s->pid != pid) {
		s->space = g_hash_table_lookup(s->spaces, GUINT_TO_POINTER(pid));
		s->pid = pid;
	}
	return s->space;
}

static void set_space(struct sampler *s, uint32_t pid, struct areas *space)
{
	s->space = NULL;
	if (space)
		g_hash_table_insert(s->spaces, GUINT_TO_POINTER(pid), space);
	else
		g_hash_table_remove(s->spaces, GUINT_TO_POINTER(pid));
}

/* ---- pages of an area ---- */

static bool is_anon(const struct area *a)
{
	return a->file == AREA_ANON;
}

/* Where page @index, or the next one that sample @k has, lies in it */
static uint64_t lies_at(const struct sampler *s, const struct area *a, uint64_t index, uint32_t k)
{
	return is_anon(a) ? sample_anon_at(&s->u, index, k)
			  : sample_file_at(&s->u, a->file, index, k);
}

static int64_t *place_of(const struct sampler *s, const struct area *a, uint32_t k)
{
	return &g_array_index(s->places, int64_t, (guint)a->map * s->nr + k);
}

/* The address of page @index of @a in sample @k, which has it */
static uint32_t address_of(const struct sampler *s, const struct area *a, uint64_t index,
			   uint32_t k)
{
	return (uint32_t)((int64_t)lies_at(s, a, index, k) + *place_of(s, a, k));
}

/* Of the area @i of a space, what lies in [@at, @end). Return: false if it begins behind that */
static bool overlap(const struct areas *space, guint i, uint64_t at, uint64_t end, uint64_t *from,
		    uint64_t *pages)
{
	const struct area *a = area_at(space, i);

	if (i >= space->sorted->len || a->first >= end)
		return false;
	*from = MAX(at, a->first);
	*pages = MIN(end, (uint64_t)a->last + 1) - *from;
	return true;
}

/** struct piece - pages of an area in a sample: @pages from the address @at on. */
struct piece {
	uint64_t at, pages;
};

/* [@page, @page + @pages), addresses of @a, in sample @k */
static struct piece piece_of(const struct sampler *s, const struct area *a, uint64_t page,
			     uint64_t pages, uint32_t k)
{
	const uint64_t index = a->index + (page - a->first);
	const uint64_t from = lies_at(s, a, index, k), to = lies_at(s, a, index + pages, k);

	if (from == to)
		return (struct piece){ 0 };
	return (struct piece){ .at = (uint64_t)((int64_t)from + *place_of(s, a, k)),
			       .pages = to - from };
}

static void count_uses(struct sampler *s, const struct area *a, uint64_t page, uint64_t pages)
{
	if (is_anon(a))
		s->u.clock += pages;
	else
		sample_units_use(&s->u, a->file, a->index + (page - a->first), pages);
}

/* Write @op, for the pages of it that lie in area @a: at @page, @pages of them */
static void emit_piece(struct sampler *s, const struct area *a, const struct op *op, uint64_t page,
		       uint64_t pages)
{
	for (uint32_t k = 0; k < s->nr; k++) {
		const struct piece p = piece_of(s, a, page, pages, k);
		struct op part = *op;

		if (!p.pages)
			continue;
		part.at = (uint32_t)p.at;
		part.pages = (uint32_t)p.pages;
		emit(s, k, &part);
	}
}

/* @op means a range of addresses, of the process with @space; @uses: their pages */
static void do_range(struct sampler *s, struct areas *space, const struct op *op, bool uses)
{
	const uint64_t end = (uint64_t)op->at + op->pages;
	uint64_t from, pages;

	for (guint i = areas_find(space, op->at); overlap(space, i, op->at, end, &from, &pages);
	     i++) {
		if (!s->counting)
			emit_piece(s, area_at(space, i), op, from, pages);
		else if (uses)
			count_uses(s, area_at(space, i), from, pages);
	}
}

/* ---- mappings ---- */

static void give_room(struct sampler *s, struct areas *space, const struct op *op)
{
	const uint64_t end = (uint64_t)op->at + op->pages;
	uint64_t from, pages;

	for (guint i = areas_find(space, op->at); overlap(space, i, op->at, end, &from, &pages);
	     i++) {
		for (uint32_t k = 0; k < s->nr; k++) {
			const struct piece p = piece_of(s, area_at(space, i), from, pages, k);

			if (p.pages)
				room_give(&space->rooms[k], p.at, p.pages);
		}
	}
}

static void do_unmap(struct sampler *s, const struct op *op)
{
	const struct op unmap = {
		.code = OP_UNMAP, .pid = op->pid, .at = op->at, .pages = op->pages
	};
	struct areas *space = find_space(s, op->pid);

	do_range(s, space, &unmap, false);
	if (!s->counting)
		give_room(s, space, &unmap);
	areas_cut(space, op->at, op->at + (op->pages - 1));
}

/* The address of sample @k's part of a new area; the same distance from the beginning of an extent
 * as in the trace. Return: its pages */
static uint64_t place_area(struct sampler *s, struct areas *space, const struct area *a, uint32_t k)
{
	const uint64_t align = is_anon(a) ? 1 : 1ull << s->u.shift;
	const uint64_t end = a->index + (a->last - a->first) + 1;
	const uint64_t from = lies_at(s, a, a->index, k), pages = lies_at(s, a, end, k) - from;
	uint64_t at;

	if (!pages)
		return 0;
	at = room_take(&space->rooms[k], pages, from + a->first - a->index, align);
	if (at >= UINT32_MAX && !s->ret)
		s->ret = err_at(s->err, -EINVAL, s->t->path, 0,
				"process %" PRIu32 " maps too much, one mapping after another, for "
				"the addresses of a sample; replay the whole trace",
				s->pid);
	*place_of(s, a, k) = (int64_t)at - (int64_t)from;
	return pages;
}

static struct area new_area(struct sampler *s, uint32_t at, uint32_t pages)
{
	const struct area a = { .first = at, .last = at + (pages - 1), .map = s->nr_maps++ };

	if (!s->counting)
		g_array_set_size(s->places, s->nr_maps * s->nr);
	return a;
}

/* The mapping has no page in a sample, but its file is open now, also when it has lost its name */
static void emit_open(struct sampler *s, uint32_t k, const struct op *map)
{
	const struct op open = {
		.code = OP_FADVISE, .pid = map->pid, .file = map->file, .value = FADVISE_NORMAL
	};

	if (s->t->version > 1 && !(map->flags & VM_ANON))
		emit(s, k, &open);
}

static void do_map(struct sampler *s, const struct op *op)
{
	struct areas *space = find_space(s, op->pid);
	struct area a;

	do_unmap(s, op);
	a = new_area(s, op->at, op->pages);
	a.flags = op->flags;
	a.file = op->flags & VM_ANON ? AREA_ANON : op->file;
	a.index = op->flags & VM_ANON ? s->nr_anon : op->pgoff;
	if (op->flags & VM_ANON)
		s->nr_anon += op->pages;
	for (uint32_t k = 0; !s->counting && k < s->nr; k++) {
		const uint64_t pages = place_area(s, space, &a, k);
		struct op part = *op;

		if (!pages) {
			emit_open(s, k, op);
			continue;
		}
		part.pages = (uint32_t)pages;
		part.pgoff = is_anon(&a) ? 0 : (uint32_t)lies_at(s, &a, a.index, k);
		part.at = address_of(s, &a, a.index, k);
		emit(s, k, &part);
	}
	areas_insert(space, &a);
}

/* mremap() of the part of sample @k, from @old to @new, which may have more pages or fewer */
static void move_part(struct sampler *s, struct areas *space, const struct op *op,
		      const struct area *old, const struct area *new, uint32_t k)
{
	const struct piece p =
		piece_of(s, old, old->first, (uint64_t)old->last - old->first + 1, k);
	const uint64_t pages = place_area(s, space, new, k);
	struct op part = { .pid = op->pid, .at = (uint32_t)p.at, .pages = (uint32_t)p.pages };

	if (p.pages && pages) {
		part.code = OP_MREMAP;
		part.to = address_of(s, new, new->index, k);
		part.to_pages = (uint32_t)pages;
	} else if (p.pages) {
		part.code = OP_UNMAP;
	} else if (pages) {
		part.code = OP_MAP;
		part.at = address_of(s, new, new->index, k);
		part.pages = (uint32_t)pages;
		part.flags = new->flags;
		part.file = is_anon(new) ? 0 : new->file;
		part.pgoff = is_anon(new) ? 0 : (uint32_t)lies_at(s, new, new->index, k);
	} else {
		return;
	}
	emit(s, k, &part);
	if (p.pages)
		room_give(&space->rooms[k], p.at, p.pages);
}

/* Each area that it moves, one after the other; the last one gets what is more */
static void do_mremap(struct sampler *s, const struct op *op)
{
	const uint64_t end = (uint64_t)op->at + op->pages;
	struct areas *space = find_space(s, op->pid);
	g_autoptr(GArray) moved = g_array_new(FALSE, FALSE, sizeof(struct area));
	uint64_t page = op->at;

	for (guint i = areas_find(space, op->at); page < end && i < space->sorted->len; i++) {
		struct area a = *area_at(space, i);

		a.index += page - a.first;
		a.first = (uint32_t)page;
		a.last = (uint32_t)MIN(a.last, end - 1);
		page = (uint64_t)a.last + 1;
		g_array_append_val(moved, a);
	}
	if (op->to != op->at) {
		const struct op over = {
			.code = OP_UNMAP, .pid = op->pid, .at = op->to, .pages = op->to_pages
		};

		do_unmap(s, &over);
	}
	areas_cut(space, op->at, op->at + (op->pages - 1));
	for (guint i = 0; i < moved->len; i++) {
		const struct area *old = &g_array_index(moved, struct area, i);
		const uint64_t to = (uint64_t)op->to + (old->first - op->at);
		const uint64_t to_end = i + 1 < moved->len ? to + (old->last - old->first) + 1
							   : (uint64_t)op->to + op->to_pages;
		struct area a;

		if (to >= (uint64_t)op->to + op->to_pages || to_end <= to) {
			const struct op gone = { .code = OP_UNMAP, .pid = op->pid };

			if (!s->counting)
				emit_piece(s, old, &gone, old->first,
					   (uint64_t)old->last - old->first + 1);
			continue;
		}
		a = new_area(s, (uint32_t)to,
			     (uint32_t)(MIN(to_end, (uint64_t)op->to + op->to_pages) - to));
		a.flags = old->flags;
		a.file = old->file;
		a.index = old->index;
		for (uint32_t k = 0; !s->counting && k < s->nr; k++)
			move_part(s, space, op, old, &a, k);
		areas_insert(space, &a);
	}
}

/* ---- accesses ---- */

/** struct touches - of one sample, not written yet. */
struct touches {
	uint32_t at, pages, stride;
};

static void emit_touches(struct sampler *s, uint32_t k, const struct op *op, struct touches *r)
{
	struct op part = *op;

	if (!r->pages)
		return;
	part.at = r->at;
	part.pages = r->pages;
	part.stride = r->pages > 1 ? r->stride : 1;
	emit(s, k, &part);
	r->pages = 0;
}

static void add_touch(struct sampler *s, uint32_t k, const struct op *op, struct touches *r,
		      uint32_t at)
{
	if (r->pages == 1 && at > r->at)
		r->stride = at - r->at;
	else if (r->pages && at != r->at + (uint64_t)r->pages * r->stride)
		emit_touches(s, k, op, r);
	if (!r->pages)
		*r = (struct touches){ .at = at, .stride = 1 };
	r->pages++;
}

/* The sample that has page @index of an area, or a number that is none */
static uint32_t sample_of(const struct sampler *s, const struct area *a, uint64_t index)
{
	return is_anon(a) ? sample_of_anon(&s->u, index)
			  : s->u.sample[sample_unit(&s->u, a->file, index)];
}

/* Every stride'th page: @nr of them in @a, from @page on */
static void touch_strided(struct sampler *s, const struct area *a, const struct op *op,
			  uint64_t page, uint64_t nr, struct touches *runs)
{
	for (; nr; nr--, page += op->stride) {
		const uint64_t index = a->index + (page - a->first);
		uint32_t k;

		if (s->counting) {
			count_uses(s, a, page, 1);
			continue;
		}
		k = sample_of(s, a, index);
		if (k < s->nr)
			add_touch(s, k, op, &runs[k], address_of(s, a, index, k));
	}
}

/* @pages of @a, from @page on, one after the other */
static void touch_area(struct sampler *s, const struct area *a, const struct op *op, uint64_t page,
		       uint64_t pages)
{
	const uint64_t index = a->index + (page - a->first);
	struct op part = *op;
	uint32_t k;

	if (s->counting) {
		count_uses(s, a, page, pages);
		return;
	}
	/* usual: pages of one extent */
	if (!is_anon(a) && index >> s->u.shift == (index + pages - 1) >> s->u.shift) {
		k = sample_of(s, a, index);
		if (k >= s->nr)
			return;
		part.at = address_of(s, a, index, k);
		part.pages = (uint32_t)pages;
		emit(s, k, &part);
		return;
	}
	emit_piece(s, a, op, page, pages);
}

static void do_touch(struct sampler *s, const struct op *op)
{
	struct areas *space = find_space(s, op->pid);
	g_autofree struct touches *runs = op->stride > 1 ? g_new0(struct touches, s->nr) : NULL;
	uint64_t page = op->at, left = op->pages;

	for (guint i = areas_find(space, op->at); left && i < space->sorted->len; i++) {
		const struct area *a = area_at(space, i);
		uint64_t here;

		if (page > a->last)
			continue;
		here = MIN((a->last - page) / op->stride + 1, left);
		if (op->stride > 1)
			touch_strided(s, a, op, page, here, runs);
		else
			touch_area(s, a, op, page, here);
		left -= here;
		page += here * op->stride;
	}
	for (uint32_t k = 0; runs && k < s->nr; k++)
		emit_touches(s, k, op, &runs[k]);
}

/* The file ends at @size from now on, and nothing else shows it */
static void emit_size(struct sampler *s, uint32_t k, const struct op *op, uint32_t size)
{
	const struct op grow = {
		.code = OP_TRUNCATE,
		.pid = op->pid,
		.file = op->file,
		.at = (uint32_t)sample_file_at(&s->u, op->file, size, k),
	};

	emit(s, k, &grow);
}

/* read(), write() and posix_fadvise() */
static void do_file_range(struct sampler *s, const struct op *op)
{
	const bool writes = op->code == OP_WRITE, advises = op->code == OP_FADVISE;
	/* advice may lie behind the file */
	const uint32_t pages = s->t->files[op->file].pages, at = MIN(op->at, pages);
	const uint32_t end = (uint32_t)MIN((uint64_t)op->at + op->pages, pages);
	const uint32_t was = s->sizes[op->file];
	const bool opens =
		advises && op->value != FADVISE_WILLNEED && op->value != FADVISE_DONTNEED;

	if (writes && end > was)
		s->sizes[op->file] = end;
	if (s->counting) {
		if (!advises)
			sample_units_use(&s->u, op->file, op->at, op->pages);
		return;
	}
	for (uint32_t k = 0; k < s->nr; k++) {
		const uint64_t from = sample_file_at(&s->u, op->file, at, k);
		struct op part = *op;

		part.at = (uint32_t)from;
		part.pages = (uint32_t)(sample_file_at(&s->u, op->file, end, k) - from);
		if (part.pages || opens || (advises && !op->pages))
			emit(s, k, &part);
		else if (writes && end > was && from > sample_file_at(&s->u, op->file, was, k))
			emit_size(s, k, op, end);
		else
			emit_open(s, k, op);
	}
}

static void do_truncate(struct sampler *s, const struct op *op)
{
	s->sizes[op->file] = op->at;
	for (uint32_t k = 0; !s->counting && k < s->nr; k++)
		emit_size(s, k, op, op->at);
}

/* memory.max and memory.reclaim, in pages of the whole trace */
static void do_memory(struct sampler *s, const struct op *op)
{
	struct op part = *op;

	part.pages = (uint32_t)share_of(op->pages, s->u.one_in);
	if (part.pages || op->code == OP_MEMORY_MAX) {
		part.pages = MAX(part.pages, 1);
		emit_all(s, &part);
	}
}

static void do_op(struct sampler *s, const struct op *op)
{
	switch (op->code) {
	case OP_SPAWN:
	case OP_EXEC:
		set_space(s, op->pid, areas_new(s->nr));
		emit_all(s, op);
		break;
	case OP_FORK:
		set_space(s, op->child, areas_copy(find_space(s, op->pid)));
		emit_all(s, op);
		break;
	case OP_EXIT:
	case OP_KILL:
	case OP_MRELEASE:
	case OP_OOM:
		set_space(s, op->pid, NULL);
		emit_all(s, op);
		break;
	case OP_MAP:
		do_map(s, op);
		break;
	case OP_UNMAP:
		do_unmap(s, op);
		break;
	case OP_MREMAP:
		do_mremap(s, op);
		break;
	case OP_TOUCH:
		do_touch(s, op);
		break;
	case OP_ADVISE:
	case OP_MUNLOCK:
		do_range(s, find_space(s, op->pid), op, false);
		break;
	case OP_MLOCK:
		do_range(s, find_space(s, op->pid), op, true);
		break;
	case OP_MADVISE:
		do_range(s, find_space(s, op_target(op->pid, op->to)), op,
			 op->value == MADVISE_WILLNEED || op->value == MADVISE_POPULATE_READ);
		break;
	case OP_READ:
	case OP_WRITE:
	case OP_FADVISE:
		do_file_range(s, op);
		break;
	case OP_TRUNCATE:
		do_truncate(s, op);
		break;
	case OP_MEMORY_MAX:
	case OP_MEMORY_RECLAIM:
		do_memory(s, op);
		break;
	default:
		emit_all(s, op);
		break;
	}
}

/* ---- the whole trace ---- */

static int read_trace(struct sampler *s)
{
	struct trace_iter it;
	struct op op;
	uint32_t n = 0;

	s->spaces = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)areas_free);
	s->space = NULL;
	s->nr_maps = 0;
	s->nr_anon = 0;
	for (uint32_t f = 0; f < s->t->nr_files; f++)
		s->sizes[f] = s->t->files[f].size;
	trace_iter_init(&it, s->t);
	while (!s->ret && (s->ret = trace_iter_next(&it, &op, s->err)) > 0) {
		s->ret = 0;
		do_op(s, &op);
		if (!(++n % LOOK_OPS) && lab_interrupted(s->h))
			s->ret = -EINTR;
	}
	g_hash_table_destroy(s->spaces);
	return s->ret;
}

/* The header of sample @k: a file without pages in it has one, which nobody uses */
static int begin(struct sampler *s, uint32_t k)
{
	struct trace_build *b = &s->out[k];
	int ret = 0;

	trace_build_init(b, s->t->path);
	b->t->version = s->t->version;
	for (uint32_t f = 0; !ret && f < s->t->nr_files; f++) {
		const struct trace_file *file = &s->t->files[f];
		const uint64_t pages = sample_file_at(&s->u, f, file->pages, k);
		uint32_t id;

		ret = trace_build_file(b, file->name, MAX(pages, 1), file->shmem, &id);
		if (!ret && file->size != file->pages)
			trace_build_size(b, id, (uint32_t)sample_file_at(&s->u, f, file->size, k));
	}
	for (uint32_t i = 0; i < s->t->nr_names; i++)
		trace_build_name(b, s->t->names[i]);
	return ret;
}

static int write_samples(struct sampler *s, struct trace **out, uint64_t *nr_used)
{
	int ret = 0;

	*nr_used = sample_units_choose(&s->u);
	s->counting = false;
	s->places = g_array_new(FALSE, TRUE, sizeof(int64_t));
	for (uint32_t k = 0; k < s->nr; k++)
		ret = begin(s, k) ?: ret;
	if (!ret)
		ret = read_trace(s);
	g_array_free(s->places, TRUE);
	for (uint32_t k = 0; k < s->nr; k++)
		out[k] = trace_build_end(&s->out[k]);
	for (uint32_t k = 0; !ret && k < s->nr; k++)
		ret = trace_check(out[k], NULL, s->err);
	return ret;
}

int sample_traces(const struct trace *t, const struct sampling *sp, guint nr, uint32_t unit,
		  uint64_t reach, const struct lab_hooks *h, struct trace **out, uint64_t *nr_used,
		  struct err *err)
{
	struct sampler s = {
		.t = t,
		.h = h,
		.err = err,
		.counting = true,
		.nr = nr,
		.out = g_new0(struct trace_build, nr),
		.sizes = g_new0(uint32_t, t->nr_files + 1),
	};
	int ret;

	for (guint k = 0; k < nr; k++)
		out[k] = NULL;
	sample_units_init(&s.u, t, sp->one_in, nr, unit, reach, sp->seed);
	ret = read_trace(&s);
	if (!ret)
		ret = write_samples(&s, out, nr_used);
	for (guint k = 0; ret && k < nr; k++)
		g_clear_pointer(&out[k], trace_free);
	sample_units_clear(&s.u);
	g_free(s.sizes);
	g_free(s.out);
	return ret;
}
