// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replays a trace: one operation after the other, nothing in parallel. This is
 * the hot path. A read of one resident page costs a record, a folio and, for
 * most, no call: folio_mark_accessed() is skipped where the model says that it
 * would change nothing. Records are read ahead, so that the folio of a later
 * read is on its way while this one is served.
 *
 * A trace that passed trace_check() cannot make an operation invalid; what is
 * checked here again costs nothing.
 */
#include "sim/sim.h"

#include <errno.h>

#include "sim/batch.h"
#include "sim/fault.h"
#include "sim/filemap.h"
#include "sim/mm.h"
#include "sim/zap.h"

#define PREFETCH_RECS 12
#define STATS_FLUSH_NS 2000000000ull /* FLUSH_TIME, v7.3 mm/memcontrol.c */

static struct mm *proc_find(struct sim *s, uint32_t pid)
{
	return g_hash_table_lookup(s->procs, GUINT_TO_POINTER(pid));
}

static struct mm *proc_new(struct sim *s, uint32_t pid, uint32_t cpu)
{
	struct mm *mm = mm_new(s, pid, cpu % s->cfg.machine.cpus);

	g_hash_table_insert(s->procs, GUINT_TO_POINTER(pid), mm);
	return mm;
}

/* a process ends; @how may be overridden by the run ("--ends-as") */
static void proc_end(struct sim *s, struct mm *mm, enum op_code how, uint32_t flags)
{
	if (s->cfg.ends_as != OP_NONE) {
		how = s->cfg.ends_as;
		flags = 0;
	}
	if (how != OP_EXIT)
		count_vm(s, VM_sim_victims, 1);
	if (how == OP_MRELEASE)
		oom_reap_task_mm(s, mm, flags | s->cfg.reap->caller_flags |
						(s->cfg.evict && s->cfg.reap->caller_flags ?
							 MRELEASE_EVICT_FILE : 0));
	else if (how == OP_OOM)
		oom_reap_task_mm(s, mm, 0);
	exit_mmap(s, mm);
	g_hash_table_remove(s->procs, GUINT_TO_POINTER(mm->pid));
	mm_free(s, mm);
}

static void do_map(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages, uint32_t flags,
		   uint32_t file, uint32_t pgoff)
{
	/* MAP_FIXED: what lies there goes */
	zap_unmap(s, mm, at, pages);
	vma_insert(s, mm, at, pages, flags, file, pgoff,
		   flags & MAP_ANON ? NULL : mm_open(mm, file));
}

/* madvise(): sets the advice of a range, splitting VMAs at its ends */
static void do_advise(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages, uint32_t advice)
{
	vma_split_range(s, mm, at, pages);
	for (uint32_t i = vma_index(mm, at); i < mm->vmas->len; i++) {
		struct vma *vma = mm->vmas->pdata[i];

		if (vma->start > at + (pages - 1))
			break;
		vma->flags = (vma->flags & ~(uint32_t)(MAP_RANDOM | MAP_SEQUENTIAL)) | advice;
	}
}

static void do_mark(struct sim *s, uint32_t name, uint64_t op)
{
	struct snapshot snap = { .name = name, .op = op, .now_ns = s->now_ns };

	s->cfg.lru->flush_stats(s); /* whoever reads memory.stat flushes it */
	sim_stat(s, &snap.stat);
	g_array_append_val(s->snapshots, snap);
}

/* everything but OP_READ of one resident page and the registers */
static int slow_op(struct sim *s, struct op_rec rec, uint64_t at)
{
	struct replay *r = &s->replay;
	const uint32_t x = op_rec_x(rec), arg = rec.arg;
	struct mm *mm = r->mm;
	struct mm *child;
	uint64_t from;
	int ret = 0;

	switch (op_rec_code(rec)) {
	case OP_SPAWN:
		r->mm = proc_new(s, r->pid, x);
		break;
	case OP_FORK:
		child = proc_new(s, arg, x);
		mm_fork(s, mm, child);
		break;
	case OP_EXEC:
		exit_mmap(s, mm);
		mm_clear(s, mm);
		break;
	case OP_EXIT:
	case OP_KILL:
	case OP_OOM:
	case OP_MRELEASE:
		proc_end(s, mm, op_rec_code(rec), op_rec_code(rec) == OP_MRELEASE ? x : 0);
		r->mm = NULL;
		break;
	case OP_OPTIN:
		mm->opted_in = true;
		break;
	case OP_MAP:
		do_map(s, mm, arg, x, r->ext_x, r->file, r->ext_arg);
		break;
	case OP_UNMAP:
		zap_unmap(s, mm, arg, x);
		break;
	case OP_ADVISE:
		do_advise(s, mm, arg, x, r->ext_x);
		break;
	case OP_TOUCH:
		ret = touch_pages(s, mm, arg, x >> 1, r->has_ext ? r->ext_arg : 1, x & 1);
		break;
	case OP_READ:
		ret = filemap_read(s, mm->cpu, mm_open(mm, r->file), arg, x);
		break;
	case OP_WRITE:
		ret = filemap_write(s, mm->cpu, mm_open(mm, r->file), arg, x);
		break;
	case OP_DROP_CACHES:
		drop_pagecache(s);
		break;
	case OP_DRAIN:
		lru_add_drain_all(s);
		break;
	case OP_ADVANCE:
		from = s->now_ns;
		s->now_ns += (uint64_t)x << 32 | arg;
		flusher_tick(s, from);
		if (s->now_ns / STATS_FLUSH_NS != from / STATS_FLUSH_NS)
			s->cfg.lru->flush_stats(s);
		break;
	case OP_MARK:
		do_mark(s, arg, at);
		break;
	default:
		return err_set(s->err, -EINVAL, "%s: record %llu has no valid operation",
			       s->trace->path, (unsigned long long)at);
	}
	if (s->flush_wanted)
		flush_dirty(s, 0);
	if (ret == -EFAULT)
		return err_set(s->err, -EINVAL, "%s: record %llu touches an unmapped address",
			       s->trace->path, (unsigned long long)at);
	if (ret)
		return err_set(s->err, ret,
			       "%s: record %llu: the simulated machine is out of memory: %llu of "
			       "%llu pages are in use and none can be reclaimed",
			       s->trace->path, (unsigned long long)at,
			       (unsigned long long)s->nr_used,
			       (unsigned long long)(s->cfg.machine.memcg_pages ?
							    s->cfg.machine.memcg_pages :
							    s->cfg.machine.memory_pages));
	return 0;
}

static inline __attribute__((always_inline)) void prefetch_rec(const struct folio *base, const struct op_rec *rec)
{
	if (op_rec_code(*rec) == OP_READ)
		__builtin_prefetch(base + rec->arg, 1);
}

int sim_run(struct sim *s, uint64_t nr_recs, struct err *err)
{
	struct replay *r = &s->replay;
	const struct op_rec *recs = s->trace->recs;
	const uint64_t end = nr_recs < s->trace->nr_recs - r->next ? r->next + nr_recs :
								      s->trace->nr_recs;
	const uint64_t last = s->trace->nr_recs ? s->trace->nr_recs - 1 : 0;
	const uint16_t noop = s->cfg.lru->mark_noop_flags;
	const bool fast = !s->log && !s->cfg.check;
	uint64_t i = r->next, reads = 0;
	int ret = 0;

	s->err = err;
	for (; i < end; i++) {
		const struct op_rec rec = recs[i];

		switch (op_rec_code(rec)) {
		case OP_READ: {
			struct folio *base = s->folios + FOLIO_FIRST + r->first;
			struct folio *f = base + rec.arg;
			struct file_open *open;

			prefetch_rec(base, &recs[MIN(i + PREFETCH_RECS, last)]);
			open = r->mm->last_open;
			if (__builtin_expect(!fast || op_rec_x(rec) != 1 ||
					     (f->flags & (PG_resident | PG_readahead)) !=
						     PG_resident ||
					     !open || open->file != r->file, 0))
				break;
			reads++;
			if (__builtin_expect(open->prev_end == (uint64_t)rec.arg + 1, 0))
				continue;
			open->prev_end = (uint64_t)rec.arg + 1;
			if ((f->flags & noop) != noop)
				s->cfg.lru->mark_accessed(s, r->mm->cpu,
							  (uint32_t)(f - s->folios));
			continue;
		}
		case REC_PID:
			r->pid = op_rec_x(rec);
			r->mm = proc_find(s, r->pid);
			continue;
		case REC_FILE:
			r->file = rec.arg;
			r->first = s->trace->files[rec.arg].first;
			continue;
		case REC_EXT:
			r->ext_x = op_rec_x(rec);
			r->ext_arg = rec.arg;
			r->has_ext = true;
			continue;
		default:
			break;
		}
		ret = slow_op(s, rec, i);
		if (__builtin_expect(ret, 0))
			break;
		r->has_ext = false;
		r->ext_x = r->ext_arg = 0;
		if (s->cfg.check) {
			ret = sim_check(s, err);
			if (ret)
				break;
		}
	}
	count_vm(s, VM_sim_accesses, reads);
	r->next = i;
	s->err = NULL;
	return ret ? ret : r->next == s->trace->nr_recs;
}

uint64_t sim_position(const struct sim *s)
{
	return s->replay.next;
}
