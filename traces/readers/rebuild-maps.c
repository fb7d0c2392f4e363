// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of a recording: mmap, mprotect, madvise and munmap. */
#include "traces/readers/rebuild-priv.h"

#include <errno.h>

/* Is this neither a file nor memory of the process, but a device or the like? */
static bool special_name(const char *name)
{
	static const char *const own[] = { "", "[heap]", "[stack", "[anon", "//anon" };
	static const char *const others[] = {
		"/anon_hugepage", "//anon_hugepage",	       /* huge pages */
		"/dev/",	  "/sys/",	     "/proc/", /* devices, PCI resources */
		"/dmabuf:",	  "/drm mm object",  "/i915",  /* buffers of a GPU */
		"/[aio]",
	};

	if (shmem_name(name))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (g_str_has_prefix(name, others[i]))
			return true;
	for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
		if (own[i][0] ? g_str_has_prefix(name, own[i]) : !name[0])
			return false;
	/* [vdso] and its like, anon_inode:, socket:, dmabuf */
	return name[0] != '/';
}

/*
 * The kernel announces a mapping again when mprotect() changes it. That looks
 * like a second mmap() of the same pages at the same place; if the process has
 * used them in between, they are still mapped.
 */
static bool announced_again(const struct rebuild *rb, const struct rb_space *s,
			    const struct rb_map *m, int64_t file)
{
	uint64_t page = m->start, end = m->start + m->pages;
	bool used = false;

	for (uint32_t i = space_find(s, page); page < end; i++) {
		const struct rb_vma *v = i < s->vmas->len ? vma_at(s, i) : NULL;

		if (!v || v->start > page || v->file < 0 || file_root(rb, v->file) != file ||
		    v->pgoff - v->start != m->pgoff - m->start || (v->flags ^ m->flags) & VM_SHARED)
			return false;
		used |= v->seen_from < v->seen_to && v->seen_from < end && v->seen_to > m->start;
		page = v->end;
	}
	return used;
}

void vma_allow(struct rebuild *rb, struct rb_vma *v, uint32_t flags)
{
	struct rb_op o;

	/* the operation has at least the flags of its mapping */
	if ((v->flags & flags) == flags)
		return;
	v->flags |= flags;
	if (v->op == NO_OP)
		return;
	spill_get(&rb->ops, v->op, &o);
	o.op.flags |= flags;
	spill_put(&rb->ops, v->op, &o);
}

static int map_file(struct rebuild *rb, struct rb_space *s, const struct rb_map *m)
{
	uint64_t end = m->start + m->pages;
	int64_t file = file_get(rb, m->id, m->name);
	struct rb_file *f = file_at(rb, file);
	int ret;
	struct rb_vma v = {
		.start = m->start,
		.end = end,
		.pgoff = m->pgoff,
		.file = file,
		.flags = m->flags,
	};

	if (m->pgoff + m->pages > TRACE_FILE_PAGES_MAX)
		return -E2BIG;
	f->mapped = MAX(f->mapped, m->pgoff + m->pages);
	f->shmem |= shmem_name(m->name);
	f->nameless |= rb->ends && nameless_name(m->name);
	if (announced_again(rb, s, m, file)) {
		for (uint32_t i = space_find(s, m->start);
		     i < s->vmas->len && vma_at(s, i)->start < end; i++)
			vma_allow(rb, vma_at(s, i), m->flags);
		return 0;
	}
	ret = space_cut(rb, s, m->start, end, CUT_ANON);
	return ret ? ret : map_range(rb, s, &v);
}

int rb_mmap(struct rebuild *rb, struct rb_proc *p, const struct rb_map *m)
{
	uint64_t end = m->start + m->pages;
	struct rb_space *s = p->space;
	bool special = special_name(m->name);
	bool file = !special && (m->id.dev || m->id.ino) && m->name[0] != '[' &&
		    !g_str_has_prefix(m->name, "//anon");
	int ret;

	/* [vsyscall] is at a kernel address and does not belong to the process */
	if (!m->pages || m->start >= RB_PAGES_MAX)
		return 0;
	if (m->pages > 1ull << 32)
		return -E2BIG;
	if (file)
		return map_file(rb, s, m);
	ret = space_cut(rb, s, m->start, end, special ? CUT_UNMAP | CUT_ANON : CUT_UNMAP);
	if (!ret && special)
		space_insert(s, (struct rb_vma){
					.start = m->start,
					.end = end,
					.file = VMA_SPECIAL,
					.op = NO_OP,
				});
	return ret;
}

int rb_munmap(struct rebuild *rb, struct rb_proc *p, uint64_t start, uint64_t pages)
{
	/* a program may pass anything; the kernel refuses what is not a range */
	if (!pages || pages >= RB_PAGES_MAX || start >= RB_PAGES_MAX)
		return 0;
	return space_cut(rb, p->space, start, start + pages, CUT_UNMAP | CUT_ANON);
}

static int advise(struct rebuild *rb, struct rb_space *s, uint64_t start, uint64_t end,
		  uint32_t flags)
{
	for (uint32_t i = space_find(s, start); i < s->vmas->len && vma_at(s, i)->start < end;
	     i++) {
		const struct rb_vma *v = vma_at(s, i);
		uint64_t from = MAX(start, v->start);
		/* the file and its offset are for cutting the range at its end */
		struct op op = {
			.code = OP_ADVISE,
			.file = (uint32_t)v->file,
			.pgoff = (uint32_t)(v->pgoff + (from - v->start)),
			.flags = flags,
		};
		int ret;

		if (v->file < 0)
			continue;
		ret = rb_emit_range(rb, s, op, from, MIN(end, v->end));
		if (ret)
			return ret;
	}
	return 0;
}

/* MADV_DONTNEED: file pages are mapped no longer, but the mapping stays. */
static int dont_need(struct rebuild *rb, struct rb_space *s, uint64_t start, uint64_t end)
{
	GArray *again = g_array_new(FALSE, FALSE, sizeof(struct rb_vma));
	int ret;

	space_split(s, start);
	space_split(s, end);
	for (uint32_t i = space_find(s, start); i < s->vmas->len && vma_at(s, i)->start < end; i++)
		if (vma_at(s, i)->file != VMA_ANON)
			g_array_append_val(again, *vma_at(s, i));
	ret = space_cut(rb, s, start, end, CUT_UNMAP | CUT_ANON);
	for (uint32_t i = 0; !ret && i < again->len; i++) {
		const struct rb_vma *v = &g_array_index(again, struct rb_vma, i);

		if (v->file == VMA_SPECIAL)
			space_insert(s, *v);
		else
			ret = map_range(rb, s, v);
	}
	g_array_free(again, TRUE);
	return ret;
}

int rb_madvise(struct rebuild *rb, struct rb_proc *p, uint64_t start, uint64_t pages,
	       unsigned int advice)
{
	static const uint32_t flags[] = { 0, VM_RAND_READ, VM_SEQ_READ };
	enum { DONTNEED = 4 };

	if (!pages || pages >= RB_PAGES_MAX || start >= RB_PAGES_MAX)
		return 0;
	if (advice == DONTNEED)
		return dont_need(rb, p->space, start, start + pages);
	if (advice < G_N_ELEMENTS(flags))
		return advise(rb, p->space, start, start + pages, flags[advice]);
	return 0;
}
