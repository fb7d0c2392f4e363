// SPDX-License-Identifier: GPL-2.0-only
/* Accesses of a recording: page faults, reads and writes. */
#include "traces/readers/rebuild-priv.h"

#include <errno.h>

/* An anonymous mapping made on demand: up to this many pages, so aligned. */
#define ANON_WINDOW 512u

static int map_on_demand(struct rebuild *rb, struct rb_space *s, uint64_t page)
{
	uint32_t i = space_find(s, page);
	struct rb_vma v = {
		.start = page & ~(uint64_t)(ANON_WINDOW - 1),
		.end = (page | (ANON_WINDOW - 1)) + 1,
		.file = VMA_ANON,
		.flags = VM_READ | VM_WRITE | VM_ANON,
	};

	if (i < s->vmas->len)
		v.end = MIN(v.end, vma_at(s, i)->start);
	if (i)
		v.start = MAX(v.start, vma_at(s, i - 1)->end);
	return map_range(rb, s, &v);
}

static void touch(struct rebuild *rb, struct rb_space *s, const struct rb_vma *v, uint32_t at,
		  bool write, uint64_t page)
{
	struct op *last = rb->ops.nr ? op_at(rb, (uint32_t)rb->ops.nr - 1) : NULL;

	/* the page after the last touch, in the same mapping: one range */
	if (last && last->code == OP_TOUCH && last->pid == s->pid && last->write == write &&
	    last->at + last->pages == at && page > v->start && last->pages < OP_PAGES_MAX &&
	    rb->ns < rb->advanced_ns + ADVANCE_NS) {
		last->pages++;
		return;
	}
	rb_emit(rb, (struct op){
			    .code = OP_TOUCH,
			    .pid = s->pid,
			    .at = at,
			    .pages = 1,
			    .stride = 1,
			    .write = write,
		    });
}

/* What a fault says about its mapping and the file behind it. */
static void learn(struct rebuild *rb, struct rb_thread *t, struct rb_vma *v, uint64_t page,
		  bool write)
{
	struct rb_space *s = t->p->space;

	t->file = v->file;
	if (v->file >= 0) {
		struct rb_file *f = file_at(rb, v->file);

		t->index = v->pgoff + (page - v->start);
		f->proven = MAX(f->proven, t->index + 1);
		use_pages(rb, v->file, t->index, t->index);
		f->written |= write && (v->flags & VM_SHARED);
	}
	if (v->file == VMA_ANON || (write && !(v->flags & VM_SHARED)))
		count_anon(rb, s, page);
	if (write || !(v->flags & (VM_READ | VM_EXEC)))
		vma_allow(rb, v, write ? VM_WRITE : VM_READ);
	if (v->seen_from >= v->seen_to) {
		v->seen_from = page;
		v->seen_to = page + 1;
	}
	v->seen_from = MIN(v->seen_from, page);
	v->seen_to = MAX(v->seen_to, page + 1);
}

int rb_access(struct rebuild *rb, struct rb_thread *t, uint64_t page, bool write)
{
	struct rb_space *s = t->p->space;
	struct rb_vma *v;
	uint32_t at;
	int ret = 0;

	if (!space_vma(s, page))
		ret = map_on_demand(rb, s, page);
	if (ret)
		return ret;
	v = space_vma(s, page);
	if (v->file == VMA_SPECIAL)
		return 0;
	learn(rb, t, v, page, write);
	if (v->file >= 0)
		file_grow(rb, s, v->file, t->index + 1);
	ret = renumber(s, page, &at);
	if (ret)
		return ret;
	touch(rb, s, v, at, write, page);
	return 1;
}

static int fault_now(struct rebuild *rb, struct rb_thread *t, uint64_t page, bool write)
{
	uint64_t first = page - page % rb->page_pages;
	int ret = 0;

	t->faulted = false;
	/* the last page is the one whose file and index @t keeps */
	if (page < RB_PAGES_MAX)
		for (unsigned int i = 0; i < rb->page_pages && ret >= 0; i++)
			ret = rb_access(rb, t, first + i, write);
	if (ret <= 0)
		rb->counts.faults_dropped++;
	t->faulted = ret > 0;
	return MIN(ret, 0);
}

int rb_fault(struct rebuild *rb, struct rb_thread *t, uint64_t page, bool write)
{
	rb->counts.faults++;
	if (!rb->no_maps)
		return fault_now(rb, t, page, write);
	t->waits = true;
	t->page = page;
	t->write = write;
	t->ns = rb->ns;
	return 0;
}

int rb_fault_ready(struct rebuild *rb, struct rb_thread *t)
{
	const uint64_t now = rb->ns;
	int ret;

	if (!t->waits)
		return 0;
	t->waits = false;
	rb->ns = t->ns;
	ret = fault_now(rb, t, t->page, t->write);
	rb->ns = now;
	return ret;
}

void rb_check_fault(struct rebuild *rb, struct rb_thread *t, struct rb_file_id id, uint64_t first,
		    uint64_t last)
{
	int64_t file = file_get(rb, id, NULL);

	file_at(rb, file)->cached = true;
	if (!t->faulted)
		return;
	t->faulted = false;
	rb->counts.checked++;
	if (t->file == VMA_ANON)
		rb->counts.unmapped++;
	else if (t->index >= first && t->index <= MAX(last, first + rb->page_pages - 1) &&
		 file_join(rb, t->file, file))
		rb->counts.agreed++;
}

static void rw_op(struct rebuild *rb, struct rb_proc *p, enum op_code code, int64_t file,
		  uint64_t first, uint64_t last)
{
	file_open(rb, p->space, file);
	rb_emit(rb, (struct op){
			    .code = code,
			    .pid = p->space->pid,
			    .file = (uint32_t)file,
			    .at = (uint32_t)first,
			    .pages = (uint32_t)(last - first + 1),
		    });
}

/*
 * The kernel reports a read in steps, each with what is left of it: 0-9, then
 * 4-9. And a read that continues in the page where the last one stopped does not
 * mark that page again (filemap_read(), ra->prev_pos).
 */
int rb_read(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t first,
	    uint64_t last)
{
	int64_t file = file_get(rb, id, NULL);
	struct rb_file *f = file_at(rb, file);

	f->cached = true;
	if (last < first)
		return 0;
	if (last >= TRACE_FILE_PAGES_MAX || last - first >= RB_RW_PAGES_MAX)
		return -E2BIG;
	rb->counts.reads++;
	/* the kernel reports the length asked for, and does so for a page that is there */
	if (f->sized)
		last = MIN(last, MAX(f->end, first + 1) - 1);
	f->read = MAX(f->read, last + 1);
	if (p->read_file >= 0 && file_root(rb, p->read_file) == file &&
	    ((last == p->read_last && first >= p->read_first) || first == p->read_last)) {
		bool more = last > p->read_last;

		p->read_first = first;
		rb->counts.reads_merged++;
		if (!more)
			return 0;
		first++;
	}
	p->read_file = file;
	p->read_first = first;
	p->read_last = last;
	file_grow(rb, p->space, file, last + 1);
	rw_op(rb, p, OP_READ, file, first, last);
	return 0;
}

int rb_write(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t first,
	     uint64_t last)
{
	int64_t file = file_get(rb, id, NULL);
	struct rb_file *f = file_at(rb, file);

	if (last >= TRACE_FILE_PAGES_MAX || last - first >= RB_RW_PAGES_MAX)
		return -E2BIG;
	rb->counts.writes++;
	f->cached = true;
	f->proven = MAX(f->proven, last + 1);
	f->written = true;
	rw_op(rb, p, OP_WRITE, file, first, last);
	f->end = MAX(f->end, last + 1);
	f->out_end = MAX(f->out_end, last + 1);
	return 0;
}
