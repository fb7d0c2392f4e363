// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory is small (128 to 600 pages), files are few and small, and the same "apps" are
 * started, killed and started again, so reclaim, refaults and second marks are frequent. The
 * generator keeps the address space of each process as an array with an entry per page.
 */
#include "tests/unit/random_trace.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#define NR_PROCS     6
#define NR_FILES_MAX 6
#define NR_VPNS	     2048
#define NR_APPS	     4
#define NR_AREAS     5 /* mappings of an app */

enum { CAN_READ = 1, CAN_WRITE = 2, MAPPED = 4, IS_ANON = 8, HAS_READ = 16, LOCKED = 32 };

struct area {
	uint32_t at, pages, flags, file, pgoff;
};

struct app {
	struct area areas[NR_AREAS];
	unsigned int nr;
};

struct gen {
	uint64_t rng;
	struct trace_build b;
	uint32_t base;
	uint32_t nr_files;
	uint32_t file_pages[NR_FILES_MAX]; /* at most */
	uint32_t size[NR_FILES_MAX];	   /* now */
	bool shmem[NR_FILES_MAX], unlinked[NR_FILES_MAX];
	struct app apps[NR_APPS];
	struct {
		bool alive, open[NR_FILES_MAX];
		uint8_t map[NR_VPNS];
		uint8_t file[NR_VPNS]; /* that is mapped there; NR_FILES_MAX: none */
		uint32_t pgoff[NR_VPNS];
	} procs[NR_PROCS];
	unsigned int flags;
	uint32_t nr_marks;
	uint32_t memcg_pages, memcg2_pages; /* of the machine */
	unsigned int anon_percent;	    /* of the mappings */
	unsigned int fork_percent;	    /* of the possible forks */
};

/* splitmix64. Call it, and what calls it, once in an expression: C has no order of arguments, and
 * each compiler and machine takes another. Bug: a seed gave other traces on arm64 than on x86-64.
 */
static uint64_t rnd(struct gen *g, uint64_t below)
{
	uint64_t z = g->rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static bool chance(struct gen *g, unsigned int percent)
{
	return rnd(g, 100) < percent;
}

static uint32_t pick(struct gen *g, const uint32_t *of, size_t nr)
{
	return of[rnd(g, nr)];
}
#define PICK(g, ...)                                                                               \
	pick(g, (const uint32_t[]){ __VA_ARGS__ },                                                 \
	     sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void emit(struct gen *g, struct op op)
{
	struct err err;

	if (trace_build_op(&g->b, &op, &err))
		g_error("random_trace: %s", err.msg);
}

/* lengths: mostly short */
static uint32_t len(struct gen *g, uint32_t max)
{
	uint32_t n = 1 + (uint32_t)rnd(g, PICK(g, 2, 8, 40, 300));

	if (g->flags & RANDOM_BIG_FILES && chance(g, 25))
		n = 1 + (uint32_t)rnd(g, 1400);

	return MIN(n, max);
}

static void random_area(struct gen *g, struct area *a)
{
	*a = (struct area){ .file = (uint32_t)rnd(g, g->nr_files) };
	a->flags = VM_READ;
	if (chance(g, g->anon_percent)) {
		a->flags |= VM_ANON | VM_WRITE;
		a->pages = len(g, 120);
		if (chance(g, 5))
			a->flags &= ~(uint32_t)VM_WRITE;
	} else {
		uint32_t size = g->file_pages[a->file];

		a->pgoff = chance(g, 50) ? 0 : (uint32_t)rnd(g, size);
		a->pages = chance(g, 50) ? size - a->pgoff : len(g, size - a->pgoff);
		if (g->flags & RANDOM_SPARSE)
			a->pages = MIN(a->pages, 600);
		a->flags |= chance(g, 40) ? VM_WRITE : 0;
		a->flags |= chance(g, 25) ? VM_EXEC : 0;
		a->flags |= chance(g, 35) ? VM_SHARED : 0;
		a->flags |= chance(g, 8) ? VM_NOREUSE : 0;
		if ((a->flags & (VM_SHARED | VM_WRITE)) == VM_SHARED && chance(g, 50))
			a->flags |= VM_READONLY;
		if (chance(g, 5))
			a->flags = (a->flags & ~(uint32_t)VM_READ) | VM_EXEC;
	}
	if (chance(g, 12))
		a->flags |= PICK(g, VM_RAND_READ, VM_SEQ_READ);
	/* around a border of page tables, or anywhere */
	if (chance(g, 30)) {
		a->at = 512 * (1 + (uint32_t)rnd(g, 3));
		a->at -= (uint32_t)rnd(g, 24);
	} else {
		a->at = (uint32_t)rnd(g, NR_VPNS);
	}
	a->at = MIN(a->at, NR_VPNS - a->pages);
	/* an address at which the folios of the file are aligned */
	if (g->flags & RANDOM_BIG_FILES && !(a->flags & VM_ANON) && chance(g, 60)) {
		a->at -= (a->at - a->pgoff) % 512;
		if (a->at > NR_VPNS - a->pages)
			a->at = a->pgoff % 512;
	}
}

/* the process opens a file, if it still can */
static bool open_file(struct gen *g, uint32_t pid, uint32_t file)
{
	g->procs[pid].open[file] |= !g->unlinked[file];
	return g->procs[pid].open[file];
}

static void op_map(struct gen *g, uint32_t pid, const struct area *a)
{
	bool anon = a->flags & VM_ANON;

	if (!anon && !open_file(g, pid, a->file))
		return;
	emit(g, (struct op){ .code = OP_MAP,
			     .pid = pid,
			     .at = g->base + a->at,
			     .pages = a->pages,
			     .flags = a->flags,
			     .file = anon ? 0 : a->file,
			     .pgoff = anon ? 0 : a->pgoff });
	memset(g->procs[pid].map + a->at,
	       MAPPED | (a->flags & (VM_READ | VM_EXEC) ? CAN_READ : 0) |
		       (a->flags & VM_WRITE ? CAN_WRITE : 0) | (anon ? IS_ANON : 0) |
		       (a->flags & VM_READ ? HAS_READ : 0),
	       a->pages);
	memset(g->procs[pid].file + a->at, anon ? NR_FILES_MAX : (int)a->file, a->pages);
	for (uint32_t i = 0; i < a->pages; i++)
		g->procs[pid].pgoff[a->at + i] = a->pgoff + i;
}

/* is what is mapped there anonymous, or before the end of its file? */
static bool in_file(const struct gen *g, uint32_t pid, uint32_t at)
{
	const uint32_t file = g->procs[pid].file[at];

	return file == NR_FILES_MAX || g->procs[pid].pgoff[at] < g->size[file];
}

static bool may_touch(const struct gen *g, uint32_t pid, uint32_t at, bool write)
{
	return at < NR_VPNS && (g->procs[pid].map[at] & (write ? CAN_WRITE : CAN_READ)) &&
	       in_file(g, pid, at);
}

/* touch what is mapped from @at on */
static void op_touch(struct gen *g, uint32_t pid, uint32_t at, uint32_t pages, uint32_t stride,
		     bool write)
{
	uint32_t n = 0;

	while (n < pages && may_touch(g, pid, at + n * stride, write))
		n++;
	if (n)
		emit(g, (struct op){ .code = OP_TOUCH,
				     .pid = pid,
				     .at = g->base + at,
				     .pages = n,
				     .stride = stride,
				     .write = write });
}

static void touch_area(struct gen *g, uint32_t pid, const struct area *a)
{
	uint32_t off = chance(g, 50) ? 0 : (uint32_t)rnd(g, a->pages);
	bool write = (a->flags & VM_WRITE) && chance(g, a->flags & VM_ANON ? 75 : 35);
	uint32_t pages = chance(g, 60) ? a->pages - off : len(g, a->pages - off);

	op_touch(g, pid, a->at + off, pages, chance(g, 80) ? 1 : 1 + (uint32_t)rnd(g, 9), write);
}

static void run_app(struct gen *g, uint32_t pid)
{
	const struct app *app = &g->apps[rnd(g, NR_APPS)];

	for (unsigned int i = 0; i < app->nr; i++)
		op_map(g, pid, &app->areas[i]);
	for (unsigned int n = 1 + (unsigned int)rnd(g, 4); n; n--)
		touch_area(g, pid, &app->areas[rnd(g, app->nr)]);
}

static void op_spawn(struct gen *g, uint32_t pid)
{
	emit(g, (struct op){ .code = OP_SPAWN, .pid = pid, .cpu = (uint32_t)rnd(g, 9) });
	g->procs[pid].alive = true;
	memset(g->procs[pid].open, 0, sizeof(g->procs[pid].open));
	memset(g->procs[pid].map, 0, NR_VPNS);
	if (!(g->flags & RANDOM_NO_OPTIN) && chance(g, 50))
		emit(g, (struct op){ .code = OP_OPTIN, .pid = pid });
	if (chance(g, 85))
		run_app(g, pid);
}

static void op_fork(struct gen *g, uint32_t pid, uint32_t child)
{
	emit(g, (struct op){
			.code = OP_FORK, .pid = pid, .child = child, .cpu = (uint32_t)rnd(g, 9) });
	g->procs[child] = g->procs[pid];
	for (uint32_t i = 0; i < NR_VPNS; i++)
		g->procs[child].map[i] &= (uint8_t)~LOCKED;
	if (chance(g, 25) && !(g->flags & RANDOM_NO_DEATHS)) {
		emit(g, (struct op){ .code = OP_EXEC, .pid = child });
		memset(g->procs[child].open, 0, sizeof(g->procs[child].open));
		memset(g->procs[child].map, 0, NR_VPNS);
		run_app(g, child);
	}
}

static void op_end(struct gen *g, uint32_t pid)
{
	enum op_code code = (enum op_code)PICK(g, OP_EXIT, OP_KILL, OP_MRELEASE, OP_MRELEASE,
					       OP_MRELEASE, OP_OOM);
	uint32_t flags = 0;

	if (g->flags & RANDOM_NO_DEATHS)
		return;
	if (code == OP_MRELEASE && g->flags & RANDOM_NO_MRELEASE)
		code = OP_KILL;
	if (code == OP_MRELEASE)
		flags = PICK(g, 0, 0, MRELEASE_IGNORE_ACCESS, MRELEASE_EVICT_FILE,
			     MRELEASE_FLAGS_ALL);
	emit(g, (struct op){ .code = code, .pid = pid, .flags = flags });
	g->procs[pid].alive = false;
}

static void emit_file(struct gen *g, struct op op)
{
	emit(g, op);
	if (op.code == OP_WRITE)
		g->size[op.file] = MAX(g->size[op.file], op.at + op.pages);
}

static void op_file(struct gen *g, uint32_t pid, enum op_code code)
{
	const uint32_t file = (uint32_t)rnd(g, g->nr_files);
	/* a write may make the file larger */
	const uint32_t size = code == OP_READ ? g->size[file] : g->file_pages[file];
	uint32_t at, pages;

	if (!size || !open_file(g, pid, file))
		return;
	at = chance(g, 40) ? 0 : (uint32_t)rnd(g, size);
	pages = len(g, size - at);

	/* as much as a PMD maps, and aligned to it */
	if (g->flags & RANDOM_BIG_FILES && code == OP_WRITE && chance(g, 50)) {
		at -= at % 512;
		pages = 512 + (uint32_t)rnd(g, 600);
		pages = MIN(size - at, pages);
	}
	emit_file(g,
		  (struct op){ .code = code, .pid = pid, .file = file, .at = at, .pages = pages });
	/* streams: the next reads continue where this one ended */
	for (at += pages; chance(g, 45) && at < size; at += pages) {
		pages = len(g, MIN(size - at, 8));
		emit_file(
			g,
			(struct op){
				.code = code, .pid = pid, .file = file, .at = at, .pages = pages });
	}
}

static void op_range(struct gen *g, uint32_t pid, enum op_code code)
{
	uint32_t at = (uint32_t)rnd(g, NR_VPNS), pages = len(g, NR_VPNS - at);
	uint8_t *map = g->procs[pid].map;

	if (code == OP_UNMAP) {
		emit(g,
		     (struct op){ .code = code, .pid = pid, .at = g->base + at, .pages = pages });
		memset(map + at, 0, pages);
		return;
	}
	/* madvise: only in a mapped range */
	for (uint32_t i = 0; i < NR_VPNS && !map[at]; i++)
		at = (at + 1) % NR_VPNS;
	for (uint32_t i = 0; i < pages; i++)
		if (at + i >= NR_VPNS || !map[at + i])
			pages = i;
	if (pages)
		emit(g, (struct op){ .code = code,
				     .pid = pid,
				     .at = g->base + at,
				     .pages = pages,
				     .flags = PICK(g, 0, 0, VM_RAND_READ, VM_SEQ_READ) });
}

/* advice for what is mapped from some page on, as far as it may have it; now and then by another
 * process */
static void op_madvise(struct gen *g, uint32_t pid, uint32_t by)
{
	const uint32_t advice =
		PICK(g, MADVISE_COLD, MADVISE_COLD, MADVISE_PAGEOUT, MADVISE_PAGEOUT,
		     MADVISE_PAGEOUT, MADVISE_DONTNEED, MADVISE_WILLNEED, MADVISE_POPULATE_READ,
		     MADVISE_FREE, MADVISE_FREE, MADVISE_HUGEPAGE, MADVISE_NOHUGEPAGE);
	const uint8_t need = advice == MADVISE_FREE	       ? IS_ANON
			     : advice == MADVISE_POPULATE_READ ? HAS_READ
							       : MAPPED;
	/* of what is locked it would be EINVAL */
	const uint8_t not = advice == MADVISE_WILLNEED || advice == MADVISE_POPULATE_READ ||
					    advice == MADVISE_HUGEPAGE ||
					    advice == MADVISE_NOHUGEPAGE
				    ? 0
				    : LOCKED;
	uint32_t at = (uint32_t)rnd(g, NR_VPNS), pages = 0;
	const uint8_t *map = g->procs[pid].map;
	const uint32_t most = len(g, NR_VPNS);
	struct op op = { .code = OP_MADVISE, .pid = pid, .value = advice };

	for (uint32_t i = 0; i < NR_VPNS && !(map[at] & need); i++)
		at = (at + 1) % NR_VPNS;
	/* often from a border of folios on */
	if (chance(g, 50) && (map[at & ~31u] & need))
		at &= ~31u;
	while (pages < most && at + pages < NR_VPNS && (map[at + pages] & need) &&
	       !(map[at + pages] & not ) &&
	       (advice != MADVISE_POPULATE_READ || in_file(g, pid, at + pages)))
		pages++;
	if (!pages)
		return;
	if (by != pid && g->procs[by].alive && process_madvise_remote_valid(advice)) {
		op.pid = by;
		op.to = pid + 1;
	}
	op.at = g->base + at;
	op.pages = pages;
	emit(g, op);
}

static void op_mark(struct gen *g)
{
	char name[16];

	snprintf(name, sizeof(name), "m%u", g->nr_marks++ % 5);
	emit(g, (struct op){ .code = OP_MARK, .name = trace_build_name(&g->b, name) });
}

/* any page that is mapped, and some after it */
static void touch_somewhere(struct gen *g, uint32_t pid)
{
	uint32_t at = (uint32_t)rnd(g, NR_VPNS);
	bool write;

	for (uint32_t i = 0; i < NR_VPNS && !g->procs[pid].map[at]; i++)
		at = (at + 1) % NR_VPNS;
	write = chance(g, 35);
	op_touch(g, pid, at, len(g, 200), 1, write);
}

/* a page here and there, a long stretch now and then */
static void read_sparsely(struct gen *g, uint32_t pid)
{
	const uint32_t file = chance(g, 80) ? 0 : (uint32_t)rnd(g, g->nr_files);
	const uint32_t size = g->size[file];
	const uint32_t pages = chance(g, 4) ? 1 + (uint32_t)rnd(g, 1200) : 1;
	const uint32_t at = (uint32_t)rnd(g, MAX(size, 1));

	if (!size || !open_file(g, pid, file))
		return;
	emit(g, (struct op){ .code = OP_READ,
			     .pid = pid,
			     .file = file,
			     .at = at,
			     .pages = MIN(pages, size - at) });
}

static void random_op(struct gen *g)
{
	uint32_t pid = (uint32_t)rnd(g, NR_PROCS), child = (uint32_t)rnd(g, NR_PROCS);
	struct area a;

	if (!g->procs[pid].alive) {
		op_spawn(g, pid);
		return;
	}
	if (g->flags & RANDOM_SPARSE && chance(g, 90)) {
		read_sparsely(g, pid);
		return;
	}
	switch (rnd(g, 32)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
		touch_somewhere(g, pid);
		break;
	case 8:
	case 9:
	case 10:
		touch_area(g, pid, &g->apps[rnd(g, NR_APPS)].areas[0]);
		break;
	case 11:
	case 12:
	case 13:
	case 14:
		op_file(g, pid, OP_READ);
		break;
	case 15:
	case 16:
		op_file(g, pid, OP_WRITE);
		break;
	case 17:
	case 18:
		random_area(g, &a);
		op_map(g, pid, &a);
		touch_area(g, pid, &a);
		break;
	case 19:
		op_range(g, pid, OP_UNMAP);
		break;
	case 20:
		op_range(g, pid, OP_ADVISE);
		break;
	case 21:
	case 22:
		if (!g->procs[child].alive && chance(g, g->fork_percent))
			op_fork(g, pid, child);
		break;
	case 23:
	case 24:
	case 25:
	case 26:
		op_end(g, pid);
		break;
	case 27:
		if (chance(g, 50))
			emit(g, (struct op){ .code = chance(g, 50) ? OP_FORK_FAIL : OP_CLEAR_REFS,
					     .pid = pid });
		emit(g, (struct op){ .code = OP_ADVANCE, .ns = rnd(g, 9) * 700000000 });
		break;
	case 28:
		if (chance(g, 40))
			emit(g, (struct op){ .code = OP_DRAIN });
		else
			op_mark(g);
		break;
	case 29:
	case 30:
		if (!(g->flags & RANDOM_ROOMY)) /* which reclaims nothing */
			op_madvise(g, pid, child);
		break;
	default:
		if (chance(g, 10))
			emit(g, (struct op){ .code = OP_DROP_CACHES });
		break;
	}
}

/* lock what is mapped from @at on and lies in a file, or unlock what is mapped */
static void op_mlock_at(struct gen *g, uint32_t pid, uint32_t at, uint32_t most, bool lock)
{
	uint8_t *map = g->procs[pid].map;
	uint32_t pages = 0;

	while (pages < most && at + pages < NR_VPNS &&
	       (lock ? (map[at + pages] & (CAN_READ | CAN_WRITE)) && in_file(g, pid, at + pages)
		     : map[at + pages]))
		pages++;
	if (!pages)
		return;
	emit(g, (struct op){ .code = lock ? OP_MLOCK : OP_MUNLOCK,
			     .pid = pid,
			     .at = g->base + at,
			     .pages = pages });
	for (uint32_t i = at; i < at + pages; i++)
		map[i] = (uint8_t)(lock ? map[i] | LOCKED : map[i] & ~LOCKED);
}

static void op_mlock(struct gen *g, uint32_t pid)
{
	const bool lock = chance(g, 60);
	const uint8_t want = lock ? MAPPED : LOCKED;
	uint32_t at = (uint32_t)rnd(g, NR_VPNS);

	for (uint32_t i = 0; i < NR_VPNS && !(g->procs[pid].map[at] & want); i++)
		at = (at + 1) % NR_VPNS;
	/* often whole folios */
	if (chance(g, 40))
		at &= ~31u;
	op_mlock_at(g, pid, at, len(g, g->flags & RANDOM_BIG_FILES ? 600 : 40), lock);
}

/* map something, use it, and move it, or change its size in place */
static void op_mremap(struct gen *g, uint32_t pid)
{
	uint8_t *map = g->procs[pid].map, perm;
	uint32_t from, pages, to, to_pages;
	struct area a;
	bool write;

	random_area(g, &a);
	if (a.flags & VM_ANON && chance(g, 30)) { /* with a whole page table */
		a.pages = 512 + (uint32_t)rnd(g, 100);
		a.at = 0;
	}
	op_map(g, pid, &a);
	touch_area(g, pid, &a);
	if (chance(g, 20))
		op_mlock_at(g, pid, a.at, MIN(a.pages, 60), true);
	from = a.at + (chance(g, 60) ? 0 : (uint32_t)rnd(g, a.pages));
	pages = a.at + a.pages - from;
	/* one mapping: what is locked like its first page */
	perm = map[from];
	for (uint32_t i = 1; i < pages; i++)
		if (map[from + i] != perm)
			pages = i;
	to_pages = 1 + (uint32_t)rnd(g, pages + 40);
	if (chance(g, 40))
		to_pages = pages;
	if (!(a.flags & VM_ANON))
		to_pages = MIN(to_pages, g->file_pages[a.file] - a.pgoff - (from - a.at));
	to_pages = MIN(to_pages, NR_VPNS);
	to = chance(g, 50) ? (from + 512) % NR_VPNS : (uint32_t)rnd(g, NR_VPNS);
	if (to > NR_VPNS - to_pages)
		to = NR_VPNS - to_pages;
	if (to < from + pages && from < to + to_pages) { /* in place */
		to = from;
		for (uint32_t i = pages; i < to_pages; i++)
			if (from + i >= NR_VPNS || map[from + i])
				to_pages = i;
	}
	emit(g, (struct op){ .code = OP_MREMAP,
			     .pid = pid,
			     .at = g->base + from,
			     .pages = pages,
			     .to = g->base + to,
			     .to_pages = to_pages });
	memset(map + from, 0, pages);
	memset(map + to, perm, to_pages);
	memset(g->procs[pid].file + to, a.flags & VM_ANON ? NR_FILES_MAX : (int)a.file, to_pages);
	for (uint32_t i = 0; i < to_pages; i++)
		g->procs[pid].pgoff[to + i] = a.pgoff + (from - a.at) + i;
	write = perm & CAN_WRITE && chance(g, 50);
	op_touch(g, pid, to, len(g, to_pages), 1, write);
}

/* an operation of version 2, of a living process if it needs one */
static void wide_op(struct gen *g)
{
	const uint32_t pid = (uint32_t)rnd(g, NR_PROCS);

	const uint32_t cgroup = g->memcg2_pages ? (uint32_t)rnd(g, 2) : 0;
	const uint32_t max = cgroup ? g->memcg2_pages : g->memcg_pages;
	uint32_t pages;

	if (!g->procs[pid].alive)
		return;
	if (g->memcg2_pages && chance(g, 40)) {
		emit(g, (struct op){ .code = OP_CGROUP, .pid = pid, .to = cgroup });
		return;
	}
	switch (rnd(g, 7)) {
	case 3:
		op_mremap(g, pid);
		break;
	case 4:
	case 5:
	case 6:
		op_mlock(g, pid);
		break;
	case 0:
		emit(g, (struct op){ .code = OP_OOM_SCORE_ADJ,
				     .pid = pid,
				     .value = (uint32_t)rnd(g, 2001) });
		break;
	case 1:
		if (g->memcg_pages)
			emit(g, (struct op){ .code = OP_MEMORY_MAX,
					     .pages = max * 3 / 4 + (uint32_t)rnd(g, max / 2),
					     .to = cgroup });
		break;
	default:
		if (!g->memcg_pages)
			break;
		pages = 1 + (uint32_t)rnd(g, PICK(g, 3, 60, 300));
		emit(g, (struct op){ .code = OP_MEMORY_RECLAIM,
				     .pages = pages,
				     .value = cgroup ? 61 : PICK(g, 0, 0, 1, 61, 201),
				     .to = cgroup });
		break;
	}
}

/* @file loses its name: not if it is the last that has one */
static void unlink_file(struct gen *g, struct op op, uint32_t file)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < g->nr_files; i++)
		nr += !g->unlinked[i];
	if (nr < 2 || g->unlinked[file])
		return;
	emit(g, op);
	g->unlinked[file] = true;
}

/* what a process does to a whole file */
static void whole_file_op(struct gen *g)
{
	const uint32_t pid = (uint32_t)rnd(g, NR_PROCS), file = (uint32_t)rnd(g, g->nr_files);
	const uint32_t other = (uint32_t)rnd(g, g->nr_files), max = g->file_pages[file];
	struct op op = { .pid = pid, .file = file };

	if (!g->procs[pid].alive)
		return;
	switch (rnd(g, 12)) {
	case 0:
		op.code = OP_UNLINK;
		if (chance(g, 30))
			unlink_file(g, op, file);
		return;
	case 1:
		op.code = OP_RENAME;
		op.to = other;
		if (file != other && g->shmem[file] == g->shmem[other] && !g->unlinked[file] &&
		    chance(g, 30))
			unlink_file(g, op, other);
		return;
	case 2:
	case 3:
	case 4:
		op.code = OP_TRUNCATE;
		op.at = PICK(g, 0, (uint32_t)rnd(g, max), (uint32_t)rnd(g, max), max);
		break;
	case 5:
	case 6:
		op.code = OP_FSYNC;
		break;
	default:
		op.code = OP_FADVISE;
		op.at = chance(g, 60) ? 0 : (uint32_t)rnd(g, max);
		op.pages = chance(g, 50) ? 0 : len(g, max);
		op.value = PICK(g, FADVISE_NORMAL, FADVISE_RANDOM, FADVISE_SEQUENTIAL,
				FADVISE_WILLNEED, FADVISE_WILLNEED, FADVISE_DONTNEED,
				FADVISE_DONTNEED, FADVISE_DONTNEED, FADVISE_NOREUSE);
		break;
	}
	if (!open_file(g, pid, file))
		return;
	emit(g, op);
	if (op.code == OP_TRUNCATE)
		g->size[file] = op.at;
}

static void random_machine(struct gen *g, struct machine *m)
{
	machine_init(m);
	m->cpus = PICK(g, 1, 1, 1, 2, 2, 3, 4, 1 + (uint32_t)rnd(g, 8));
	m->readahead_pages = PICK(g, 0, 4, 32, 32, 24);
	m->io_pages = PICK(g, 1, 8, 48, 1024);
	m->fault_around_pages = PICK(g, 1, 4, 16, 16);
	m->prefault_old = chance(g, 40);
	m->swap_pages = PICK(g, 0, 0, 40, 300);
	m->swappiness = PICK(g, 0, 60, 60, 100, 200);
	m->dirty_background_ratio = PICK(g, 1, 10, 40, 100);
	m->dirty_expire_ms = PICK(g, 1000, 3000, 30000);
	m->dirty_writeback_ms = PICK(g, 500, 5000);
	m->memcg_stats_flushed = chance(g, 30);
	m->snapshot_ms = PICK(g, 0, 0, 100, 2500);
	m->ext4 = chance(g, 30);
	m->read_us = PICK(g, 0, 0, 0, 3000);
	m->fault_us = PICK(g, 0, 0, 0, 500);
	m->op_us = PICK(g, 0, 0, 0, 2000);
	if (g->flags & RANDOM_ROOMY) {
		m->memcg_pages = 100000;
	} else if (chance(g, 60)) {
		m->memcg_pages = 64 + 64 * m->cpus + rnd(g, PICK(g, 20, 100, 100, 470));
	} else {
		m->memory_pages = 64 + 64 * m->cpus + rnd(g, PICK(g, 100, 200, 600));
		m->min_free_pages = PICK(g, 0, 4, 20);
		m->watermark_scale_factor = PICK(g, 10, 100, 500, 3000);
		/* large per-CPU lists, and below the high watermark from the start */
		if (chance(g, 10)) {
			m->memory_pages = PICK(g, 8192, 12288, 30000);
			m->min_free_pages = m->memory_pages;
			m->watermark_scale_factor = 2400 + (uint32_t)rnd(g, 600);
		}
		m->scan_ns = PICK(g, 0, 0, 1000, 20000, 300000);
		m->tick_us = PICK(g, 1000, 4000, 10000);
	}
}

/* folios of up to 512 pages, and memory for only a few of them */
static void big_machine(struct gen *g, struct machine *m)
{
	const uint32_t more = PICK(g, 0, 600, 1200, 2400);

	if (m->memcg_pages)
		m->memcg_pages += more;
	else
		m->memory_pages += more;
	/* pages that were read ahead must stay until they are read */
	m->readahead_pages = PICK(g, 0, 32, 32, 64, 128);
	m->io_pages = PICK(g, 1, 48, 64);
}

static void random_files(struct gen *g)
{
	char name[16];
	uint32_t id;

	g->nr_files = PICK(g, 1, 2, 4, 5, 6, 6);
	for (uint32_t i = 0; i < g->nr_files; i++) {
		g->file_pages[i] = 1 + (uint32_t)rnd(g, PICK(g, 20, 100, 200, 200));
		if (g->flags & RANDOM_BIG_FILES && chance(g, 60))
			g->file_pages[i] = 1 + (uint32_t)rnd(g, 1800);
		if (g->flags & RANDOM_SPARSE && !i)
			g->file_pages[i] = PICK(g, 2000, 4500, 5000, 9000, 20000);
		snprintf(name, sizeof(name), "f%u", i);
		g->shmem[i] = chance(g, 15);
		if (trace_build_file(&g->b, name, g->file_pages[i], g->shmem[i], &id))
			g_error("random_trace: file %u", i);
		/* some begin empty, or shorter than they become */
		g->size[i] = g->file_pages[i];
		if (g->flags & RANDOM_FILES && chance(g, 35))
			g->size[i] = chance(g, 40) ? 0 : (uint32_t)rnd(g, g->file_pages[i]);
		trace_build_size(&g->b, id, g->size[i]);
	}
}

/* some files are written at once, which creates the largest folios, and mapped */
static void begin_large(struct gen *g)
{
	op_spawn(g, 0);
	for (uint32_t f = 0; f < g->nr_files; f++) {
		struct area a = { .pages = g->file_pages[f], .flags = VM_READ, .file = f };

		if (chance(g, 50))
			continue;
		open_file(g, 0, f);
		emit_file(g, (struct op){ .code = OP_WRITE,
					  .pid = 0,
					  .file = f,
					  .pages = g->file_pages[f] });
		a.flags |= PICK(g, 0, 0, VM_WRITE, VM_WRITE | VM_SHARED, VM_RAND_READ);
		op_map(g, 0, &a);
		touch_area(g, 0, &a);
	}
}

void random_trace(struct random_trace *out, uint64_t seed, unsigned int nr_ops, unsigned int flags)
{
	struct gen *g = g_new0(struct gen, 1);
	char name[32];

	g->rng = seed;
	g->flags = flags;
	snprintf(name, sizeof(name), "seed-%llu", (unsigned long long)seed);
	trace_build_init(&g->b, name);
	/* the begin and the end of the address space, and in between */
	g->base = PICK(g, 0, 0u - NR_VPNS, 0x7f000000, 0x1fffe00);
	g->anon_percent = 30;
	g->fork_percent = 50;
	if (chance(g, 15)) { /* mostly swapping */
		g->anon_percent = 85;
		g->fork_percent = 100;
	}
	random_machine(g, &out->m);
	if (flags & RANDOM_BIG_FILES)
		big_machine(g, &out->m);
	if (g->anon_percent > 50 && chance(g, 80))
		out->m.swap_pages = PICK(g, 30, 100, 300);
	random_files(g);
	for (int i = 0; i < NR_APPS; i++) {
		g->apps[i].nr = 1 + (unsigned int)rnd(g, NR_AREAS);
		for (unsigned int j = 0; j < g->apps[i].nr; j++)
			random_area(g, &g->apps[i].areas[j]);
	}
	if (flags & RANDOM_BIG_FILES)
		begin_large(g);
	if (flags & RANDOM_CGROUPS) {
		/* more often a limit */
		if (!out->m.memcg_pages && rnd(g, 2)) {
			out->m.memcg_pages = out->m.memory_pages;
			out->m.memory_pages = 0;
		}
		out->m.memcg2_pages = 64 + 64 * out->m.cpus + rnd(g, PICK(g, 20, 100, 470));
		out->m.swap_pages = PICK(g, 0, 300, 1000);
		if (flags & RANDOM_BIG_FILES)
			out->m.memcg2_pages += 1200;
	}
	g->memcg_pages = (uint32_t)out->m.memcg_pages;
	g->memcg2_pages = (uint32_t)out->m.memcg2_pages;
	while (g->b.nr_ops < nr_ops) {
		random_op(g);
		if (flags & RANDOM_WIDE && chance(g, 15))
			wide_op(g);
		if (flags & RANDOM_FILES && chance(g, 25))
			whole_file_op(g);
	}
	out->ends_as = chance(g, 70) ? OP_NONE
				     : (enum op_code)PICK(g, OP_EXIT, OP_KILL, OP_MRELEASE, OP_OOM);
	out->t = trace_build_end(&g->b);
	g_free(g);
}

void random_trace_free(struct random_trace *rt)
{
	trace_free(rt->t);
	rt->t = NULL;
}
