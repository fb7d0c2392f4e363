// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replays a trace, one operation after the other. replay_reads() and replay_touches() are the
 * hot path. A read of one resident page loads a record and a folio, and usually makes no call,
 * because it skips folio_mark_accessed() if the model says that it would change nothing. It
 * prefetches the folio of a later read. A touch of a mapped page sets bits in its PTE.
 *
 * trace_check() has refused traces with invalid operations. The few checks that this file
 * repeats cost nothing.
 */
#include "sim/replay.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/fault.h"
#include "sim/mm/filemap.h"
#include "sim/mm/inode.h"
#include "sim/mm/large.h"
#include "sim/mm/madvise.h"
#include "sim/mm/memcontrol.h"
#include "sim/mm/mm.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/task.h"
#include "sim/mm/workingset.h"
#include "sim/mm/zap.h"
#include "sim/replay-wide.h"
#include "sim/timed.h"
#include "sim/victim.h"

#define PREFETCH_RECS 24

static struct mm *proc_find(struct sim *s, uint32_t pid)
{
	return g_hash_table_lookup(s->procs, GUINT_TO_POINTER(pid));
}

static struct mm *proc_new(struct sim *s, uint32_t pid, uint32_t cpu, const struct mm *parent)
{
	struct mm *mm = mm_new(s, pid, cpu % s->cfg.machine.cpus, parent);

	g_hash_table_insert(s->procs, GUINT_TO_POINTER(pid), mm);
	return mm;
}

/* the process is scheduled for its next operation, on its own CPU; a timed run has done that */
static inline void proc_use(struct sim *s, struct mm *mm)
{
	if (!mm)
		return;
	mm->ran = true;
	if (!s->sched)
		s->this_cpu = mm->cpu;
}

uint32_t reap_caller_flags(const struct sim_config *cfg, enum op_code how)
{
	const uint32_t flags =
		cfg->reap->caller_flags ? cfg->reap->caller_flags(cfg->reap_args, how) : 0;

	return flags && cfg->evict ? flags | MRELEASE_EVICT_FILE : flags;
}

enum op_code replay_end_as(const struct sim *s, enum op_code how, uint32_t *flags)
{
	if (s->cfg.ends_as != OP_NONE) {
		how = s->cfg.ends_as;
		*flags = 0;
	}
	if (!s->cfg.flags_as_recorded)
		*flags |= reap_caller_flags(&s->cfg, how);
	return how;
}

void proc_reap(struct sim *s, struct mm *mm, enum op_code how, uint32_t flags)
{
	if (how == OP_MRELEASE || how == OP_OOM)
		oom_reap_task_mm(s, mm, flags);
}

/* the memory whose users notice that a process frees its page tables */
static int64_t nr_taken(const struct sim *s, uint8_t memcg)
{
	return s->root ? s->zone.nr_kernel : (int64_t)s->memcg[memcg].usage;
}

uint64_t proc_exit(struct sim *s, struct mm *mm)
{
	const uint8_t memcg = mm->memcg;
	int64_t before, after;

	exit_mmap(s, mm);
	before = nr_taken(s, memcg);
	g_hash_table_remove(s->procs, GUINT_TO_POINTER(mm->pid));
	tasks_forget_mm(s, mm);
	mm_free(s, mm);
	if (__builtin_expect(s->fput, 0))
		delayed_fput(s);
	after = nr_taken(s, memcg);
	return before > after ? (uint64_t)(before - after) : 0;
}

struct mm *proc_spawn(struct sim *s, uint32_t pid, uint32_t cpu)
{
	struct mm *mm = proc_new(s, pid, cpu, NULL);

	s->this_cpu = mm->cpu;
	mm->ran = true;
	mm_list_add(s, mm);
	return mm;
}

static void proc_end(struct sim *s, struct mm *mm, enum op_code how, uint32_t flags)
{
	const unsigned int cpu = mm->cpu;
	struct victim_advice v;

	how = replay_end_as(s, how, &flags);
	if (how != OP_EXIT)
		count_vm(s, VM_sim_victims, 1);
	victim_begin(s, &v, mm, how);
	/* nobody runs between the kill and the reap, so before and after it are the same */
	if (v.ranges && s->cfg.reap->advice)
		while (victim_process_madvise(s, &v, mm))
			;
	proc_reap(s, mm, how, flags);
	proc_exit(s, mm);
	victim_end(s, &v, cpu);
}

static void do_exec(struct sim *s, struct mm *mm)
{
	const uint64_t before = mm_times_reap_ps(&s->times);

	mm_exec(s, mm);
	s->times.exec_ps += mm_times_reap_ps(&s->times) - before;
}

static int do_map(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages, uint32_t flags,
		  uint32_t file, uint32_t pgoff)
{
	struct file_open *open = NULL;

	task_owe_timed(s, s->cfg.machine.mmap_ps);
	if (!(flags & VM_ANON)) {
		open = mm_open(s, mm, file);
		if (!open)
			return -ENOENT;
		if (flags & (VM_NOREUSE | VM_READONLY))
			open = file_open_new(s, file);
		else if (open->noreuse)
			flags |= VM_NOREUSE;
	}
	/* do_mmap() without FMODE_WRITE: VM_MAYSHARE is left */
	if (flags & VM_READONLY)
		flags &= ~(uint32_t)VM_SHARED;
	/* generic_fadvise() does nothing on tmpfs (noop_backing_dev_info) */
	if (open && s->files[file].shmem)
		flags &= ~(uint32_t)VM_NOREUSE;
	/* MAP_FIXED: unmap what is there */
	zap_unmap(s, mm, at, pages);
	vma_insert(s, mm, at, pages, flags, file, pgoff, open);
	vma_merge(s, mm, at);
	return 0;
}

/* The state of every page of every file (struct page_run). */
static GArray *page_runs(const struct sim *s)
{
	GArray *runs = g_array_new(FALSE, FALSE, sizeof(struct page_run));

	for (uint32_t i = 0; i < s->trace->nr_files; i++) {
		struct page_run run = { .file = i };

		for (uint32_t p = 0; p < s->trace->files[i].pages; p++) {
			const uint32_t slot = file_slot(s, i, p);
			const struct folio *f = &s->folios[folio_head(s->folios, slot)];
			const uint32_t mapcount = page_mapcount(s, slot);
			uint16_t flags = f->flags & PG_resident ? f->flags : 0;

			if (run.count && run.flags == flags && run.mapcount == mapcount) {
				run.count++;
				continue;
			}
			if (run.count)
				g_array_append_val(runs, run);
			run.page = p;
			run.count = 1;
			run.flags = flags;
			run.mapcount = mapcount;
		}
		g_array_append_val(runs, run);
	}
	return runs;
}

static void do_mark(struct sim *s, uint32_t name, uint64_t op)
{
	const uint64_t wait = s->cfg.machine.snapshot_ms * 1000000ull;
	struct snapshot snap = {
		.name = name, .number = ++s->nr_marks[name], .op = op, .now_ns = s->clock.now_ns
	};

	if (s->cfg.snapshots_drain)
		lru_add_drain_cpu(s, s->this_cpu);
	/* reading memory.stat flushes it, reading /proc/vmstat refreshes that */
	if (s->root)
		refresh_vm_stats(s);
	mem_cgroup_flush_stats(s);
	sim_stat(s, &snap.stat);
	if (s->cfg.keep_pages)
		snap.pages = page_runs(s);
	g_array_append_val(s->snapshots, snap);
	sim_set_times(s);
	/* the player waits for the next flush, or asks for one */
	if (s->stats_lag) {
		task_idle(s, wait ? wait : s->next_flush_ns - s->clock.now_ns);
		mem_cgroup_flush_stats(s);
	}
	sim_flushed(s);
}

/* read(2) or write(2) by the descriptor of the process */
static int do_transfer(struct sim *s, struct mm *mm, enum op_code code, uint32_t pgoff,
		       uint32_t pages)
{
	struct file_open *open = mm_open(s, mm, s->replay.file);
	const struct machine *m = &s->cfg.machine;
	const bool write = code == OP_WRITE;
	const uint32_t ps = write ? m->write_ps ?: m->copy_ps : m->copy_ps;

	if (!open)
		return -ENOENT;
	task_owe(s, m->call_ps + (uint64_t)ps * pages);
	return write ? filemap_write(s, mm->cpu, open, pgoff, pages)
		     : filemap_read(s, mm->cpu, open, pgoff, pages);
}

/* Return: false if the task is killed before it does anything */
static bool operation_begins(struct sim *s, enum op_code code)
{
	uint32_t us;

	if (code == OP_ADVANCE || code == OP_MARK)
		return true;
	if (s->cfg.nr_times)
		sim_operation(s);
	us = s->proc_us && op_begins_or_ends(code) ? s->proc_us : s->cfg.machine.op_us;
	if (!us)
		return true;
	task_run(s, us * 1000ull);
	return !fatal_signal_pending(s);
}

int replay_op(struct sim *s, struct op_rec rec, uint64_t at)
{
	struct replay *r = &s->replay;
	const uint32_t x = op_rec_x(rec), arg = rec.arg;
	struct mm *mm = r->mm;
	struct mm *child;
	int ret = 0;

	if (op_needs_pid(op_rec_op(rec)))
		proc_use(s, mm);
	if (!operation_begins(s, op_rec_code(rec)))
		return -EINTR;
	switch (op_rec_code(rec)) {
	case OP_SPAWN:
		r->mm = proc_spawn(s, r->pid, x);
		break;
	case OP_FORK:
		child = proc_new(s, arg, x, mm);
		mm_fork(s, mm, child);
		mm_list_add(s, child);
		break;
	case OP_EXEC:
		do_exec(s, mm);
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
		ret = do_map(s, mm, arg, x, r->ext_x, r->file, r->ext_arg);
		break;
	case OP_UNMAP:
		task_owe_timed(s, s->cfg.machine.mmap_ps);
		zap_unmap(s, mm, arg, x);
		break;
	case OP_ADVISE:
		madvise_update_vma(s, mm, arg, x, VM_RAND_READ | VM_SEQ_READ, r->ext_x);
		break;
	case OP_TOUCH:
		ret = touch_pages(s, mm, arg, x >> 1, r->has_ext ? r->ext_arg : 1, x & 1);
		break;
	case OP_READ:
	case OP_WRITE:
		ret = do_transfer(s, mm, op_rec_code(rec), arg, x);
		break;
	case OP_DROP_CACHES:
		drop_pagecache(s);
		break;
	case OP_DRAIN:
		lru_add_drain_all(s);
		break;
	case OP_ADVANCE:
		if (!s->no_think)
			task_idle(s, (uint64_t)x << 32 | arg);
		break;
	case OP_MARK:
		do_mark(s, arg, at);
		break;
	case OP_FORK_FAIL:
		dup_mmap_fail(s, mm);
		break;
	case OP_CLEAR_REFS:
		clear_refs(s, mm);
		break;
	case REC_WIDE:
		ret = replay_wide(s, at);
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_expect(s->fput, 0))
		delayed_fput(s);
	flusher_runs(s);
	return !ret && s->oom ? -ENOMEM : ret;
}

int replay_failed(struct sim *s, int ret, uint64_t at)
{
	g_autofree char *choice = NULL;

	if (ret == -EOPNOTSUPP) /* s->err says why */
		return -EINVAL;
	if (ret == -EINVAL)
		return err_set(s->err, ret, "%s: record %llu has no valid operation",
			       s->trace->path, (unsigned long long)at);
	if (ret == -EFAULT)
		return err_set(s->err, -EINVAL, "%s: record %llu touches an unmapped address%s",
			       s->trace->path, (unsigned long long)at,
			       timed_reorders(s) ? "; another process may have run ahead of it, "
						   "use --loop trace"
						 : "");
	if (s->kswapd.oom)
		return err_set(
			s->err, ret,
			"%s: record %llu: the simulated machine is out of memory: kswapd has "
			"too little memory older than min_ttl_ms (%u), and %s",
			s->trace->path, (unsigned long long)at, s->cfg.machine.min_ttl_ms,
			s->timed ? "no process left to kill"
				 : "only a timed run (reapsim outcome) has an OOM killer");
	if (s->gup_restarts == MAX_GUP_RESTARTS)
		return err_set(
			s->err, ret,
			"%s: record %llu: the simulated machine has too little memory: %u times a "
			"page to be locked was read, and reclaimed before it could be mapped",
			s->trace->path, (unsigned long long)at, s->gup_restarts);
	if (s->oom_choice)
		choice = g_strdup_printf("; in a timed run the OOM killer would take process %u",
					 s->oom_choice->pid);
	return err_set(
		s->err, ret,
		"%s: record %llu: the simulated machine is out of memory: %llu of "
		"%llu pages are in use and none can be reclaimed%s",
		s->trace->path, (unsigned long long)at, (unsigned long long)s->nr_used,
		(unsigned long long)(s->root ? s->cfg.machine.memory_pages : s->cgroups[0].max),
		choice ?: "");
}

/*
 * Replay the next records as long as each reads one page of the same file by the same process:
 * filemap_read() without its loops. Leaves all other cases (readahead, tmpfs, no memory), and
 * the last records of the trace, to replay_op(). If a later record is not a read, the prefetch
 * goes to a random address, which is harmless. If the reclaim for a read walks the page tables
 * of the process, the end of the read says that it has run since. Return: the record at which
 * it stopped.
 */
static uint64_t replay_reads(struct sim *s, uint64_t i, uint64_t end)
{
	const uint32_t read_one = op_rec(OP_READ, 1, 0).head;
	/* a mark clears PG_idle */
	const uint16_t noop = s->damon ? UINT16_MAX : s->cfg.lru->mark_noop_flags;
	const bool may_fill = s->nr_memcgs == 1 && s->cfg.machine.block_pages <= 1 &&
			      !s->cfg.machine.readahead_pages && !s->files[s->replay.file].shmem;
	const uint64_t last = s->trace->nr_recs - MIN(PREFETCH_RECS, s->trace->nr_recs);
	const struct op_rec *const recs = s->trace->recs, *const stop = recs + MIN(end, last);
	const struct op_rec *rec = recs + i;
	struct folio *base = s->folios + FOLIO_FIRST + s->replay.first;
	struct mm *mm = s->replay.mm;
	struct file_open *open = mm->last_open;
	unsigned int cpu = mm->cpu;
	uint64_t prev_end;

	if (!open || open->file != s->replay.file || s->oom)
		return i;
	proc_use(s, mm);
	prev_end = open->prev_end;
	for (; rec < stop && rec->head == read_one; rec++) {
		struct folio *f = base + rec->arg;

		__builtin_prefetch(base + rec[PREFETCH_RECS].arg, 1);
		if (__builtin_expect((f->flags & (PG_resident | PG_readahead | PG_swapbacked)) !=
					     PG_resident,
				     0)) {
			if (!may_fill || (f->flags & PG_resident) ||
			    filemap_fill_one(s, cpu, (uint32_t)(f - s->folios)) || s->oom)
				break;
		}
		if (__builtin_expect(f->order, 0)) {
			f = &s->folios[folio_head(s->folios, (uint32_t)(f - s->folios))];
			if (f->flags & (PG_readahead | PG_locked))
				break;
			/* pos_same_folio() */
			if ((prev_end - 1) >> f->order == rec->arg >> f->order) {
				prev_end = (uint64_t)rec->arg + 1;
				continue;
			}
		}
		if (__builtin_expect(prev_end == (uint64_t)rec->arg + 1, 0))
			continue;
		prev_end = (uint64_t)rec->arg + 1;
		if ((f->flags & noop) != noop)
			s->cfg.lru->mark_accessed(s, cpu, (uint32_t)(f - s->folios));
	}
	open->prev_end = prev_end;
	count_vm(s, VM_sim_accesses, (uint64_t)(rec - recs) - i);
	return (uint64_t)(rec - recs);
}

/*
 * Replay the next records as long as each touches one page. Prefetches the record of a page of
 * the same mapping that a later one touches. Return: the record at which it stopped; @ret: 0, or
 * the error that stopped it.
 */
static uint64_t replay_touches(struct sim *s, uint64_t i, uint64_t end, int *ret)
{
	const uint32_t write = op_rec(OP_NONE, 1, 0).head, read_one = op_rec(OP_TOUCH, 2, 0).head;
	const uint64_t last = s->trace->nr_recs - MIN(PREFETCH_RECS, s->trace->nr_recs);
	const struct op_rec *const recs = s->trace->recs, *const stop = recs + MIN(end, last);
	const struct op_rec *rec = recs + i;
	struct mm *mm = s->replay.mm;
	const struct vma *vma = vma_find(mm, rec->arg);
	const bool of_file = vma && !(vma->flags & VM_ANON);
	const uint32_t base = of_file ? file_slot(s, vma->file, vma->pgoff) - vma->start : 0;

	proc_use(s, mm);
	for (; rec < stop && (rec->head & ~write) == read_one; rec++) {
		if (of_file)
			__builtin_prefetch(&s->folios[base + rec[PREFETCH_RECS].arg], 1);
		if (touch_mapped(mm, rec->arg, rec->head & write))
			continue;
		*ret = touch_fault(s, mm, rec->arg, rec->head & write);
		flusher_runs(s);
		if (!*ret && s->oom)
			*ret = -ENOMEM;
		if (*ret)
			break;
	}
	count_vm(s, VM_sim_accesses, (uint64_t)(rec - recs) - i + (*ret != 0));
	return (uint64_t)(rec - recs);
}

int sim_run(struct sim *s, uint64_t nr_recs, struct err *err)
{
	struct replay *r = &s->replay;
	const struct op_rec *recs = s->trace->recs;
	const uint64_t end =
		nr_recs < s->trace->nr_recs - r->next ? r->next + nr_recs : s->trace->nr_recs;
	const bool fast = !s->log && !s->cfg.check && !s->cfg.nr_times && !s->cfg.machine.op_us;
	uint64_t i = r->next, next;
	int ret = 0;

	if (s->timed)
		return timed_run(s, nr_recs, err);
	s->err = err;
	while (i < end) {
		const struct op_rec rec = recs[i];

		switch (op_rec_code(rec)) {
		case OP_READ:
		case OP_TOUCH:
			if (!fast || r->has_ext)
				break;
			next = op_rec_code(rec) == OP_READ ? replay_reads(s, i, end)
							   : replay_touches(s, i, end, &ret);
			if (__builtin_expect(ret, 0)) {
				i = next;
				ret = replay_failed(s, ret, i);
				goto out;
			}
			if (next == i)
				break;
			i = next;
			continue;
		case REC_PID:
			r->pid = op_rec_x(rec);
			r->mm = proc_find(s, r->pid);
			proc_use(s, r->mm);
			i++;
			continue;
		case REC_FILE:
			r->file = rec.arg;
			r->first = s->trace->files[rec.arg].first;
			i++;
			continue;
		case REC_EXT:
			r->ext_x = op_rec_x(rec);
			r->ext_arg = rec.arg;
			r->has_ext = true;
			i++;
			continue;
		case REC_MORE: /* replay_wide() looks at it */
			i++;
			continue;
		default:
			break;
		}
		ret = replay_op(s, rec, i);
		if (__builtin_expect(ret, 0)) {
			ret = replay_failed(s, ret, i);
			break;
		}
		i++;
		r->has_ext = false;
		r->ext_x = r->ext_arg = 0;
		if (s->cfg.check) {
			ret = sim_check(s, err);
			if (ret)
				break;
		}
	}
out:
	r->next = i;
	s->err = NULL;
	return ret ? ret : r->next == s->trace->nr_recs;
}

uint64_t sim_position(const struct sim *s)
{
	return s->timed ? timed_position(s) : s->replay.next;
}
