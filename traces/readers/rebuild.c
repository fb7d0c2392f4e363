// SPDX-License-Identifier: GPL-2.0-only
/*
 * From kernel events to trace operations. Each rule is an approximation; the
 * comment at the head of traces/readers/perf.c lists them and says when they are wrong.
 *
 * Operations are kept until the end and only then given to the builder,
 * because two things are known late: the size of a file, to which maps and
 * reads are cut, and whether a mapping was ever made writable.
 */
#include "traces/readers/rebuild.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Gaps shorter than this are not worth an operation; none is forgotten. */
#define ADVANCE_NS 1000000ull
/* An anonymous mapping made on demand: up to this many pages, so aligned. */
#define ANON_WINDOW 512u
/* What fault-around and reads bring in is counted in blocks of 2^4 pages. */
#define BLOCK_SHIFT 4
/* Addresses are renumbered in chunks of 1 GiB, which keeps every alignment. */
#define CHUNK_SHIFT 18
#define CHUNK_PAGES (1ull << CHUNK_SHIFT)
#define NR_CHUNKS   (1u << (32 - CHUNK_SHIFT))
#define CHUNK_GAP   64u
/* Process ids end at 2^22 (PID_MAX_LIMIT); above it there is room for twins. */
#define PID_BITS 22

#define NO_OP	     UINT32_MAX
#define CLONE_VM_    0x100
#define MACHINE_CPUS 8u /* the simulator's SIM_MAX_CPUS */

enum { VMA_ANON = -1, VMA_SPECIAL = -2 };

struct rb_vma {
	uint64_t start, end; /* pages, end exclusive */
	uint64_t pgoff;
	int64_t file;		     /* index, VMA_ANON or VMA_SPECIAL */
	uint64_t seen_from, seen_to; /* part with faults in it; empty: from >= to */
	uint32_t flags;
	uint32_t op; /* the OP_MAP that made it */
};

/* An address space; a vfork child borrows its parent's. */
struct rb_space {
	unsigned int refs;
	uint32_t pid;		       /* in the trace */
	GArray *vmas;		       /* struct rb_vma, sorted, disjoint */
	GHashTable *chunks;	       /* chunk of real addresses -> chunk in the trace */
	uint64_t used[NR_CHUNKS / 64]; /* bit per chunk in the trace */
	GHashTable *anon;	       /* pages that cost anonymous memory */
};

struct rb_proc {
	uint32_t pid;
	struct rb_space *space;
	bool killed;
	GArray *tids;	   /* uint32_t, threads seen and not gone */
	uint32_t fork_op;  /* the OP_FORK that made it, while it has done nothing */
	int64_t read_file; /* its last read, -1: none */
	uint64_t read_first, read_last;
	int64_t fault_file; /* its last fault on a file, -1: none */
	uint64_t fault_index;
};

struct rb_file {
	struct rb_file_id id;
	char *path;
	uint64_t pages;	       /* as recorded at the end; 0: unknown */
	uint64_t proven;       /* end of what was faulted, cached or written */
	uint64_t mapped, read; /* ends of maps and reads: may lie beyond it */
	unsigned int life;     /* 1, 2...: deleted or cut, then used again */
	bool shmem, written;
	bool declared;
	uint32_t out; /* index in the trace */
};

static int fail(struct rebuild *rb, const char *what, uint64_t value, const char *expected)
{
	return err_at(rb->err, -EINVAL, rb->path, rb->line, "%s %" PRIu64 ", expected %s", what,
		      value, expected);
}

/* Files */

static guint id_hash(gconstpointer key)
{
	const struct rb_file_id *id = key;

	return (guint)(((id->dev ^ id->ino << 7) * 0x9e3779b97f4a7c15ull) >> 32);
}

static gboolean id_equal(gconstpointer a, gconstpointer b)
{
	const struct rb_file_id *x = a, *y = b;

	return x->dev == y->dev && x->ino == y->ino;
}

static struct rb_file *file_at(const struct rebuild *rb, int64_t i)
{
	return &g_array_index(rb->files, struct rb_file, i);
}

static int64_t file_get(struct rebuild *rb, struct rb_file_id id, const char *path)
{
	int64_t i = (int64_t)GPOINTER_TO_UINT(g_hash_table_lookup(rb->file_of, &id)) - 1;
	struct rb_file f = { .id = id, .life = 1 };

	if (i < 0) {
		i = rb->files->len;
		g_array_append_val(rb->files, f);
		g_hash_table_insert(rb->file_of, g_memdup2(&id, sizeof(id)),
				    GUINT_TO_POINTER(rb->files->len));
	}
	/* of several links, the one that was used */
	if (path && path[0] == '/' && g_strcmp0(path, file_at(rb, i)->path)) {
		g_free(file_at(rb, i)->path);
		file_at(rb, i)->path = g_strdup(path);
	}
	return i;
}

static bool shmem_name(const char *name)
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

	f->proven = MAX(f->proven, last + 1);
}

void rb_uncached(struct rebuild *rb, struct rb_file_id id, uint64_t index)
{
	int64_t i = (int64_t)GPOINTER_TO_UINT(g_hash_table_lookup(rb->file_of, &id)) - 1;
	struct rb_file next, *f;

	if (i < 0 || index || !file_at(rb, i)->written)
		return;
	f = file_at(rb, i);
	/* what the recorder saw at the end describes the file's last life */
	next = (struct rb_file){
		.id = id,
		.path = g_strdup(f->path),
		.pages = f->pages,
		.life = f->life + 1,
		.shmem = f->shmem,
	};
	f->pages = 0;
	g_array_append_val(rb->files, next);
	g_hash_table_insert(rb->file_of, g_memdup2(&id, sizeof(id)),
			    GUINT_TO_POINTER(rb->files->len));
	rb->counts.retired++;
}

static uint64_t file_pages(const struct rb_file *f)
{
	uint64_t pages = MAX(f->pages, f->proven);

	/* without a size, a mapping's end is the best guess, then a read's */
	if (!f->pages)
		pages = MAX(pages, f->mapped);
	return pages ? pages : f->read;
}

/* Note that pages [first, last] of @file are used. */
static void use_pages(struct rebuild *rb, int64_t file, uint64_t first, uint64_t last)
{
	for (uint64_t block = first >> BLOCK_SHIFT; block <= last >> BLOCK_SHIFT; block++)
		g_hash_table_add(rb->blocks,
				 GSIZE_TO_POINTER((uint64_t)file << (32 - BLOCK_SHIFT) | block));
}

static void count_used(struct rebuild *rb)
{
	GHashTableIter it;
	gpointer key;

	g_hash_table_iter_init(&it, rb->blocks);
	while (g_hash_table_iter_next(&it, &key, NULL)) {
		uint64_t k = GPOINTER_TO_SIZE(key);
		uint64_t first = (k & ((1u << (32 - BLOCK_SHIFT)) - 1)) << BLOCK_SHIFT;
		uint64_t pages = file_pages(file_at(rb, (int64_t)(k >> (32 - BLOCK_SHIFT))));

		if (first < pages)
			rb->used_pages += MIN(1u << BLOCK_SHIFT, pages - first);
	}
}

/* Operations */

static struct op *op_at(const struct rebuild *rb, uint32_t i)
{
	return &g_array_index(rb->ops, struct op, i);
}

static uint32_t emit(struct rebuild *rb, struct op op)
{
	uint32_t line = (uint32_t)MIN(rb->line, UINT32_MAX);

	if (!rb->advanced_ns)
		rb->advanced_ns = rb->ns;
	if (rb->ns >= rb->advanced_ns + ADVANCE_NS) {
		struct op advance = { .code = OP_ADVANCE, .ns = rb->ns - rb->advanced_ns };

		rb->advanced_ns = rb->ns;
		g_array_append_val(rb->ops, advance);
		g_array_append_val(rb->lines, line);
	}
	g_array_append_val(rb->ops, op);
	g_array_append_val(rb->lines, line);
	return rb->ops->len - 1;
}

static uint32_t event_cpu(struct rebuild *rb)
{
	rb->max_cpu = MAX(rb->max_cpu, rb->cpu);
	return rb->cpu % MACHINE_CPUS;
}

/* Address spaces */

static struct rb_vma *vma_at(const struct rb_space *s, uint32_t i)
{
	return &g_array_index(s->vmas, struct rb_vma, i);
}

static guint page_hash(gconstpointer key)
{
	return (guint)((GPOINTER_TO_SIZE(key) * 0x9e3779b97f4a7c15ull) >> 32);
}

static struct rb_space *space_new(struct rebuild *rb, uint32_t pid)
{
	struct rb_space *s = g_new0(struct rb_space, 1);

	/* someone may still run in a borrowed space of that number */
	for (uint32_t n = 1; g_hash_table_contains(rb->spaces, GUINT_TO_POINTER(pid)); n++)
		pid = (pid + (1u << PID_BITS) + !(n % 32)) & OP_PID_MAX;
	s->refs = 1;
	s->pid = pid;
	s->vmas = g_array_new(FALSE, FALSE, sizeof(struct rb_vma));
	s->chunks = g_hash_table_new(NULL, NULL);
	s->anon = g_hash_table_new(page_hash, NULL);
	g_hash_table_insert(rb->spaces, GUINT_TO_POINTER(pid), s);
	return s;
}

static void space_free(gpointer data)
{
	struct rb_space *s = data;

	g_array_free(s->vmas, TRUE);
	g_hash_table_destroy(s->chunks);
	g_hash_table_destroy(s->anon);
	g_free(s);
}

static void space_empty(struct rebuild *rb, struct rb_space *s)
{
	rb->anon_pages -= g_hash_table_size(s->anon);
	g_hash_table_remove_all(s->anon);
	g_array_set_size(s->vmas, 0);
	g_hash_table_remove_all(s->chunks);
	memset(s->used, 0, sizeof(s->used));
}

/* The last user of an address space ends it. */
static void space_put(struct rebuild *rb, struct rb_space *s, bool killed)
{
	if (--s->refs)
		return;
	emit(rb, (struct op){ .code = killed ? OP_KILL : OP_EXIT, .pid = s->pid });
	rb->dead++;
	space_empty(rb, s);
	g_hash_table_remove(rb->spaces, GUINT_TO_POINTER(s->pid));
}

/* Index of the first mapping that ends after @page; the length if none. */
static uint32_t space_find(const struct rb_space *s, uint64_t page)
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

static struct rb_vma *space_vma(const struct rb_space *s, uint64_t page)
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
static void space_split(struct rb_space *s, uint64_t page)
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

static void space_insert(struct rb_space *s, struct rb_vma v)
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

/* Neighbours stay neighbours where they can; strangers get room to grow. */
static int chunk_add(struct rebuild *rb, struct rb_space *s, uint64_t from, uint32_t *out)
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
		return fail(rb, "GiB of addresses used by one process: more than", NR_CHUNKS - 1,
			    "fewer");
	s->used[to / 64] |= 1ull << to % 64;
	g_hash_table_insert(s->chunks, GSIZE_TO_POINTER(from), GUINT_TO_POINTER(to));
	*out = to;
	return 0;
}

/* The page number that stands for @page in the trace. */
static int renumber(struct rebuild *rb, struct rb_space *s, uint64_t page, uint32_t *out)
{
	uint32_t to = chunk_find(s, page >> CHUNK_SHIFT);
	int ret = to ? 0 : chunk_add(rb, s, page >> CHUNK_SHIFT, &to);

	if (!ret)
		*out = to << CHUNK_SHIFT | (uint32_t)(page & (CHUNK_PAGES - 1));
	return ret;
}

/* Emit @op for [start, end) in pieces that are contiguous in the trace too. */
static int emit_range(struct rebuild *rb, struct rb_space *s, struct op op, uint64_t start,
		      uint64_t end)
{
	uint32_t pgoff = op.pgoff;
	uint64_t to;

	op.pid = s->pid;
	for (uint64_t from = start; from < end; from = to) {
		int ret = renumber(rb, s, from, &op.at);

		to = MIN(end, (from | (CHUNK_PAGES - 1)) + 1);
		while (!ret && to < end && to - from <= OP_PAGES_MAX - CHUNK_PAGES) {
			uint32_t next;

			ret = renumber(rb, s, to, &next);
			if (ret || next != op.at + (to - from))
				break;
			to = MIN(end, to + CHUNK_PAGES);
		}
		if (ret)
			return ret;
		op.pages = (uint32_t)(to - from);
		op.pgoff = pgoff + (uint32_t)(from - start);
		emit(rb, op);
	}
	return 0;
}

/* As emit_range() for OP_MAP, and remember each piece as a mapping. */
static int map_range(struct rebuild *rb, struct rb_space *s, const struct rb_vma *v)
{
	uint64_t from = v->start;
	struct op op = {
		.code = OP_MAP,
		.file = v->file >= 0 ? (uint32_t)v->file : 0,
		.pgoff = v->file >= 0 ? (uint32_t)v->pgoff : 0,
		.flags = v->flags,
	};
	uint32_t first = rb->ops->len;
	int ret = emit_range(rb, s, op, v->start, v->end);

	for (uint32_t i = first; !ret && i < rb->ops->len; i++) {
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

static void count_anon(struct rebuild *rb, struct rb_space *s, uint64_t page)
{
	if (!g_hash_table_add(s->anon, GSIZE_TO_POINTER(page)))
		return;
	rb->anon_pages++;
	rb->anon_peak = MAX(rb->anon_peak, rb->anon_pages);
}

static int unmap(struct rebuild *rb, struct rb_space *s, uint64_t start, uint64_t end)
{
	return emit_range(rb, s, (struct op){ .code = OP_UNMAP }, start, end);
}

enum cut {
	CUT_UNMAP = 1 << 0, /* with OP_UNMAP; else an OP_MAP will replace them */
	CUT_ANON = 1 << 1,  /* anonymous ones too */
};

/* Take mappings out of [start, end). */
static int space_cut(struct rebuild *rb, struct rb_space *s, uint64_t start, uint64_t end,
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

/* Processes */

static void proc_free(gpointer data)
{
	struct rb_proc *p = data;

	g_array_free(p->tids, TRUE);
	g_free(p);
}

static void proc_add_tid(struct rebuild *rb, struct rb_proc *p, uint32_t tid)
{
	g_array_append_val(p->tids, tid);
	g_hash_table_insert(rb->tids, GUINT_TO_POINTER(tid), p);
}

static void proc_forget_tids(struct rebuild *rb, struct rb_proc *p)
{
	for (uint32_t i = 0; i < p->tids->len; i++)
		g_hash_table_remove(rb->tids,
				    GUINT_TO_POINTER(g_array_index(p->tids, uint32_t, i)));
	g_array_set_size(p->tids, 0);
}

static void proc_end(struct rebuild *rb, struct rb_proc *p)
{
	proc_forget_tids(rb, p);
	space_put(rb, p->space, p->killed);
	g_hash_table_remove(rb->procs, GUINT_TO_POINTER(p->pid));
}

static struct rb_proc *proc_find(const struct rebuild *rb, uint32_t pid)
{
	return g_hash_table_lookup(rb->procs, GUINT_TO_POINTER(pid));
}

static struct rb_proc *proc_by_tid(const struct rebuild *rb, uint32_t tid)
{
	return g_hash_table_lookup(rb->tids, GUINT_TO_POINTER(tid));
}

/* A process without an address space yet. */
static struct rb_proc *proc_new(struct rebuild *rb, uint32_t pid)
{
	struct rb_proc *p = g_new0(struct rb_proc, 1);

	p->pid = pid;
	p->tids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	p->fork_op = NO_OP;
	p->read_file = -1;
	p->fault_file = -1;
	g_hash_table_insert(rb->procs, GUINT_TO_POINTER(pid), p);
	return p;
}

static void proc_spawn(struct rebuild *rb, struct rb_proc *p)
{
	p->space = space_new(rb, p->pid);
	emit(rb, (struct op){ .code = OP_SPAWN, .pid = p->space->pid, .cpu = event_cpu(rb) });
}

struct rb_proc *rb_proc_get(struct rebuild *rb, uint32_t pid, uint32_t tid)
{
	struct rb_proc *p = proc_by_tid(rb, tid);

	if (p && (!pid || p->pid == pid)) {
		p->fork_op = NO_OP;
		return p;
	}
	if (p) {
		/* the thread's number belongs to another process by now */
		for (uint32_t i = 0; i < p->tids->len; i++)
			if (g_array_index(p->tids, uint32_t, i) == tid)
				g_array_remove_index_fast(p->tids, i--);
		g_hash_table_remove(rb->tids, GUINT_TO_POINTER(tid));
		if (!p->tids->len)
			proc_end(rb, p);
	}
	if (!pid)
		pid = tid;
	p = proc_find(rb, pid);
	if (!p) {
		p = proc_new(rb, pid);
		proc_spawn(rb, p);
	}
	p->fork_op = NO_OP;
	proc_add_tid(rb, p, tid);
	return p;
}

int rb_fork(struct rebuild *rb, uint32_t pid, uint32_t tid, uint32_t ppid, uint32_t ptid)
{
	struct rb_proc *parent, *p;
	gpointer from, to;
	GHashTableIter it;
	struct rb_space *s;

	if (!pid || !tid || !ppid || !ptid)
		return fail(rb, "process id", 0, "1 or more");
	p = proc_by_tid(rb, tid);
	if (p && pid != ppid)
		proc_end(rb, p); /* its exit was not seen, the number is used again */
	p = proc_find(rb, pid);
	if (p && pid != ppid)
		proc_end(rb, p);
	parent = rb_proc_get(rb, ppid, ptid);
	if (pid == ppid) {
		if (!proc_by_tid(rb, tid))
			proc_add_tid(rb, parent, tid);
		return 0;
	}
	p = proc_new(rb, pid);
	proc_add_tid(rb, p, tid);
	s = space_new(rb, pid);
	g_array_append_vals(s->vmas, parent->space->vmas->data, parent->space->vmas->len);
	g_hash_table_iter_init(&it, parent->space->chunks);
	while (g_hash_table_iter_next(&it, &from, &to))
		g_hash_table_insert(s->chunks, from, to);
	memcpy(s->used, parent->space->used, sizeof(s->used));
	p->space = s;
	p->fork_op = emit(rb, (struct op){
				      .code = OP_FORK,
				      .pid = parent->space->pid,
				      .child = s->pid,
				      .cpu = event_cpu(rb),
			      });
	rb->counts.forks++;
	return 0;
}

void rb_clone_flags(struct rebuild *rb, uint32_t tid, uint64_t flags)
{
	struct rb_proc *p = proc_by_tid(rb, tid);
	struct rb_space *s;
	struct op *fork;

	if (!p || p->fork_op == NO_OP || !(flags & CLONE_VM_))
		return;
	/* vfork: the child runs in its parent's space, nothing was copied */
	fork = op_at(rb, p->fork_op);
	s = g_hash_table_lookup(rb->spaces, GUINT_TO_POINTER(fork->pid));
	p->fork_op = NO_OP;
	if (!s || p->space->refs > 1)
		return;
	space_empty(rb, p->space);
	g_hash_table_remove(rb->spaces, GUINT_TO_POINTER(p->space->pid));
	fork->code = OP_NONE;
	p->space = s;
	s->refs++;
	rb->counts.forks--;
	rb->counts.vforks++;
}

int rb_exec(struct rebuild *rb, uint32_t pid, uint32_t tid)
{
	struct rb_proc *p;

	if (!pid || !tid)
		return fail(rb, "process id", 0, "1 or more");
	p = rb_proc_get(rb, pid, tid);
	/* the other threads are gone, the one that called has the leader's number */
	proc_forget_tids(rb, p);
	proc_add_tid(rb, p, pid);
	rb->counts.execs++;
	p->read_file = -1;
	p->fault_file = -1;
	if (p->space->refs > 1) {
		space_put(rb, p->space, false);
		proc_spawn(rb, p);
		return 0;
	}
	if (p->space->vmas->len) {
		emit(rb, (struct op){ .code = OP_EXEC, .pid = p->space->pid });
		space_empty(rb, p->space);
	}
	return 0;
}

void rb_exit(struct rebuild *rb, uint32_t pid, uint32_t tid)
{
	struct rb_proc *p = proc_find(rb, pid);

	if (!p)
		return;
	for (uint32_t i = 0; i < p->tids->len; i++)
		if (g_array_index(p->tids, uint32_t, i) == tid)
			g_array_remove_index_fast(p->tids, i--);
	if (proc_by_tid(rb, tid) == p)
		g_hash_table_remove(rb->tids, GUINT_TO_POINTER(tid));
	if (p->tids->len)
		return;
	rb->counts.exits++;
	rb->counts.kills += p->killed;
	proc_end(rb, p);
}

void rb_sigkill(struct rebuild *rb, uint32_t tid, bool delivered)
{
	struct rb_proc *p = proc_by_tid(rb, tid);

	if (!p)
		p = proc_find(rb, tid);
	/* exit_group() and a fatal SIGTERM "deliver" SIGKILL to the other threads */
	if (p && (!delivered || p->tids->len <= 1))
		p->killed = true;
}

/* Mappings */

static int check_range(struct rebuild *rb, uint64_t start, uint64_t pages)
{
	if (start >= RB_PAGES_MAX)
		return fail(rb, "address in page", start, "a user address (below 2^57)");
	if (pages > 1ull << 32)
		return fail(rb, "mapping of pages:", pages, "at most 2^32 (16 TiB)");
	return 0;
}

static bool special_name(const char *name)
{
	if (name[0] == '[')
		return !g_str_has_prefix(name, "[heap]") && !g_str_has_prefix(name, "[stack") &&
		       !g_str_has_prefix(name, "[anon");
	return g_str_has_prefix(name, "anon_inode:") || g_str_has_prefix(name, "/anon_hugepage") ||
	       g_str_has_prefix(name, "//anon_hugepage") ||
	       (g_str_has_prefix(name, "/dev/") && !shmem_name(name));
}

/*
 * The kernel announces a mapping again when mprotect() changes it. That looks
 * like a second mmap() of the same pages at the same place; if the process has
 * used them in between, they are still mapped.
 */
static bool announced_again(const struct rb_space *s, const struct rb_map *m, int64_t file)
{
	uint64_t page = m->start, end = m->start + m->pages;
	bool used = false;

	for (uint32_t i = space_find(s, page); page < end; i++) {
		const struct rb_vma *v = i < s->vmas->len ? vma_at(s, i) : NULL;

		if (!v || v->start > page || v->file != file ||
		    v->pgoff - v->start != m->pgoff - m->start || (v->flags ^ m->flags) & VM_SHARED)
			return false;
		used |= v->seen_from < v->seen_to && v->seen_from < end && v->seen_to > m->start;
		page = v->end;
	}
	return used;
}

static void allow(struct rebuild *rb, struct rb_vma *v, uint32_t flags)
{
	v->flags |= flags;
	if (v->op != NO_OP)
		op_at(rb, v->op)->flags |= flags;
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
		return fail(rb, "end of a mapping in its file, page", m->pgoff + m->pages,
			    "less than 2^32 - 2^16");
	f->mapped = MAX(f->mapped, m->pgoff + m->pages);
	f->shmem |= shmem_name(m->name);
	if (announced_again(s, m, file)) {
		for (uint32_t i = space_find(s, m->start);
		     i < s->vmas->len && vma_at(s, i)->start < end; i++)
			allow(rb, vma_at(s, i), m->flags);
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
	int ret = check_range(rb, m->start, m->pages);

	if (ret || !m->pages)
		return ret;
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
		ret = emit_range(rb, s, op, from, MIN(end, v->end));
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

/* Accesses */

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
	struct op *last = rb->ops->len ? op_at(rb, rb->ops->len - 1) : NULL;

	/* the page after the last touch, in the same mapping: one range */
	if (last && last->code == OP_TOUCH && last->pid == s->pid && last->write == write &&
	    last->at + last->pages == at && page > v->start && last->pages < OP_PAGES_MAX &&
	    rb->ns < rb->advanced_ns + ADVANCE_NS) {
		last->pages++;
		return;
	}
	emit(rb, (struct op){
			 .code = OP_TOUCH,
			 .pid = s->pid,
			 .at = at,
			 .pages = 1,
			 .stride = 1,
			 .write = write,
		 });
}

int rb_fault(struct rebuild *rb, struct rb_proc *p, uint64_t page, bool write)
{
	struct rb_space *s = p->space;
	struct rb_vma *v;
	uint32_t at;
	int ret = 0;

	p->fault_file = -1;
	rb->counts.faults++;
	if (page >= RB_PAGES_MAX) { /* a kernel address: not the process's memory */
		rb->counts.faults_dropped++;
		return 0;
	}
	if (!space_vma(s, page))
		ret = map_on_demand(rb, s, page);
	if (ret)
		return ret;
	v = space_vma(s, page);
	if (v->file == VMA_SPECIAL) {
		rb->counts.faults_dropped++;
		return 0;
	}
	if (v->file >= 0) {
		struct rb_file *f = file_at(rb, v->file);

		p->fault_file = v->file;
		p->fault_index = v->pgoff + (page - v->start);
		f->proven = MAX(f->proven, p->fault_index + 1);
		use_pages(rb, v->file, p->fault_index, p->fault_index);
		f->written |= write && (v->flags & VM_SHARED);
	}
	if (v->file == VMA_ANON || (write && !(v->flags & VM_SHARED)))
		count_anon(rb, s, page);
	if (write || !(v->flags & (VM_READ | VM_EXEC)))
		allow(rb, v, write ? VM_WRITE : VM_READ);
	if (v->seen_from >= v->seen_to) {
		v->seen_from = page;
		v->seen_to = page + 1;
	}
	v->seen_from = MIN(v->seen_from, page);
	v->seen_to = MAX(v->seen_to, page + 1);
	ret = renumber(rb, s, page, &at);
	if (!ret)
		touch(rb, s, v, at, write, page);
	return ret;
}

void rb_check_fault(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t index)
{
	const struct rb_file *f;

	if (p->fault_file < 0)
		return;
	f = file_at(rb, p->fault_file);
	rb->counts.checked++;
	rb->counts.agreed += id_equal(&f->id, &id) && index == p->fault_index;
	p->fault_file = -1;
}

static int rw_op(struct rebuild *rb, struct rb_proc *p, enum op_code code, int64_t file,
		 uint64_t first, uint64_t last)
{
	if (last >= TRACE_FILE_PAGES_MAX)
		return fail(rb, "file page", last, "less than 2^32 - 2^16");
	if (last - first >= RB_RW_PAGES_MAX)
		return fail(rb, "one read or write of pages:", last - first + 1,
			    "at most 2^19, 2 GiB");
	emit(rb, (struct op){
			 .code = code,
			 .pid = p->space->pid,
			 .file = (uint32_t)file,
			 .at = (uint32_t)first,
			 .pages = (uint32_t)(last - first + 1),
		 });
	return 0;
}

/*
 * The kernel reports a read in steps, each with what is left of it: 0-9, then
 * 4-9. And a read that goes on in the page where the last one stopped does not
 * mark that page again (filemap_read(), ra->prev_pos).
 */
int rb_read(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t first,
	    uint64_t last)
{
	int64_t file = file_get(rb, id, NULL);
	struct rb_file *f = file_at(rb, file);

	if (last < first)
		return 0;
	rb->counts.reads++;
	f->read = MAX(f->read, last + 1);
	if (p->read_file == file &&
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
	return rw_op(rb, p, OP_READ, file, first, last);
}

int rb_write(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t first,
	     uint64_t last)
{
	int64_t file = file_get(rb, id, NULL);
	struct rb_file *f = file_at(rb, file);

	rb->counts.writes++;
	f->proven = MAX(f->proven, last + 1);
	f->written = true;
	return rw_op(rb, p, OP_WRITE, file, first, last);
}

/* The end */

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
	if (ret)
		ret = err_at(rb->err, -EINVAL, rb->path, 0,
			     "file \"%s\" of %" PRIu64 " pages does not fit in a trace: all files "
			     "together have less than 2^32 - 2^16 pages",
			     name, pages);
	f->declared = !ret;
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

static int give(struct trace_build *b, const struct op *op, uint32_t line, GArray *line_of,
		struct err *err)
{
	g_array_append_val(line_of, line);
	return trace_build_op(b, op, err);
}

static int give_op(struct rebuild *rb, struct trace_build *b, uint32_t i, GArray *line_of)
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
		if (op.code == OP_READ || op.code == OP_WRITE)
			use_pages(rb, op.file, op.at, op.at + (op.pages - 1));
		op.file = f->out;
	}
	if (op.code == OP_ADVISE)
		op.file = op.pgoff = 0;
	return give(b, &op, g_array_index(rb->lines, uint32_t, i), line_of, rb->err);
}

static int give_mark(struct trace_build *b, const char *name, uint32_t line, GArray *line_of,
		     struct err *err)
{
	struct op op = { .code = OP_MARK, .name = trace_build_name(b, name) };

	return give(b, &op, line, line_of, err);
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_UINT(a) < GPOINTER_TO_UINT(b) ? -1 : 1;
}

int rb_finish(struct rebuild *rb, struct trace_build *b, GArray *line_of)
{
	static const char *const marks[] = { NULL, "quarter", "half", "three-quarters" };
	GList *left = g_list_sort(g_hash_table_get_keys(rb->procs), by_number);
	uint64_t dead = 0, quarter = 1;
	uint32_t line = 0;
	int ret = 0;

	for (GList *l = left; l; l = l->next)
		proc_end(rb, proc_find(rb, GPOINTER_TO_UINT(l->data)));
	g_list_free(left);

	for (uint32_t i = 0; !ret && i < rb->ops->len; i++) {
		enum op_code code = op_at(rb, i)->code;

		line = g_array_index(rb->lines, uint32_t, i);
		ret = give_op(rb, b, i, line_of);
		dead += code == OP_EXIT || code == OP_KILL;
		if (!ret && quarter < G_N_ELEMENTS(marks) && rb->dead >= 4 &&
		    dead * 4 >= rb->dead * quarter)
			ret = give_mark(b, marks[quarter++], line, line_of, rb->err);
	}
	count_used(rb);
	return ret ? ret : give_mark(b, "end", line, line_of, rb->err);
}

void rb_init(struct rebuild *rb, const char *path, struct err *err)
{
	*rb = (struct rebuild){ .path = path, .err = err };
	rb->ops = g_array_new(FALSE, FALSE, sizeof(struct op));
	rb->lines = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	rb->files = g_array_new(FALSE, FALSE, sizeof(struct rb_file));
	rb->file_of = g_hash_table_new_full(id_hash, id_equal, g_free, NULL);
	rb->path_inos = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	rb->blocks = g_hash_table_new(page_hash, NULL);
	rb->procs = g_hash_table_new_full(NULL, NULL, NULL, proc_free);
	rb->tids = g_hash_table_new(NULL, NULL);
	rb->spaces = g_hash_table_new_full(NULL, NULL, NULL, space_free);
}

void rb_release(struct rebuild *rb)
{
	for (uint32_t i = 0; i < rb->files->len; i++)
		g_free(file_at(rb, i)->path);
	g_array_free(rb->ops, TRUE);
	g_array_free(rb->lines, TRUE);
	g_array_free(rb->files, TRUE);
	g_hash_table_destroy(rb->file_of);
	g_hash_table_destroy(rb->path_inos);
	g_hash_table_destroy(rb->blocks);
	g_hash_table_destroy(rb->procs);
	g_hash_table_destroy(rb->tids);
	g_hash_table_destroy(rb->spaces);
	*rb = (struct rebuild){ 0 };
}
