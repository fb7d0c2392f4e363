// SPDX-License-Identifier: GPL-2.0-only
#include "sim/replay-wide.h"

#include <errno.h>
#include <string.h>

#include "sim/mm/fadvise.h"
#include "sim/mm/inode.h"
#include "sim/mm/memcontrol.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/madvise.h"
#include "sim/mm/mlock.h"
#include "sim/mm/mm.h"
#include "sim/mm/mremap.h"
#include "sim/sim.h"

/* struct op of the record @at, without pid and file */
static struct op wide_at(const struct trace *t, uint64_t at)
{
	const struct op_rec *r = &t->recs[at];
	struct op op = { .code = op_rec_op(r[0]),
			 .at = r[0].arg,
			 .pages = op_rec_x(r[-1]),
			 .value = r[-1].arg };

	if (at > 1 && op_rec_code(r[-2]) == REC_MORE) {
		op.to_pages = op_rec_x(r[-2]);
		op.to = r[-2].arg;
	}
	return op;
}

/* Where the user has given the cgroup another size than the trace, its changes are as much
 * larger or smaller. */
static uint64_t scaled(const struct sim *s, uint32_t cgroup, uint32_t pages)
{
	static const char *const keys[TRACE_CGROUPS] = { "memcg_pages", "memcg2_pages" };
	const struct trace *t = s->trace;

	if (s->memcg_first[cgroup] == PAGE_COUNTER_MAX)
		return pages;
	for (uint32_t i = 0; i < t->nr_machine; i++) {
		const uint64_t first = strcmp(t->machine[i].key, keys[cgroup])
					       ? 0
					       : g_ascii_strtoull(t->machine[i].value, NULL, 10);

		if (first && !strchr(t->machine[i].value, '%'))
			return MAX(pages * s->memcg_first[cgroup] / first, 1);
	}
	return pages;
}

static int change_limit(struct sim *s, uint32_t cgroup, uint32_t pages)
{
	const uint64_t max = MIN(scaled(s, cgroup, pages), UINT32_MAX);
	struct sim_config cfg = s->cfg;

	if (cgroup)
		cfg.machine.memcg2_pages = max;
	else if (!s->root)
		cfg.machine.memcg_pages = max;
	if (sim_fits(s->trace, &cfg, s->err))
		return -EOPNOTSUPP;
	return memory_max_write(s, &s->cgroups[cgroup], max);
}

/* Return: 0, or -EOPNOTSUPP if the machine does not have the cgroup of the operation */
static int find_cgroup(struct sim *s, const struct op *op)
{
	if (s->root && s->nr_cgroups == 1)
		return err_set(s->err, -EOPNOTSUPP,
			       "%s: %s needs a machine with memcg_pages or memcg2_pages, expected "
			       "one of them besides memory_pages",
			       s->trace->path, op_wide(op->code)->keyword);
	if (op->to >= s->nr_cgroups)
		return err_set(s->err, -EOPNOTSUPP,
			       "%s: %s names cgroup %u, which the machine does not have: set its "
			       "size, memcg2_pages",
			       s->trace->path, op_wide(op->code)->keyword, op->to);
	return 0;
}

/* by somebody who is no process of the trace; in an untimed run on CPU 0, where it stays: it
 * forks the next process there */
static int write_cgroup(struct sim *s, const struct op *op)
{
	struct mm *mm = s->replay.mm;
	int ret = find_cgroup(s, op);

	if (ret)
		return ret;
	s->replay.mm = NULL;
	if (!s->sched)
		s->this_cpu = 0;
	if (op->code == OP_MEMORY_MAX)
		ret = change_limit(s, op->to, op->pages);
	else
		user_proactive_reclaim(s, &s->cgroups[op->to], op->pages,
				       op->value ? op->value - 1 : s->cfg.machine.swappiness);
	s->replay.mm = mm;
	return ret;
}

/* cgroup.procs */
static int move_process(struct sim *s, struct mm *mm, const struct op *op)
{
	int ret = find_cgroup(s, op);

	if (!ret)
		mem_cgroup_attach(s, mm, (uint8_t)(s->cgroups + op->to - s->memcg));
	return ret;
}

/* process_madvise(), or madvise() of the process itself */
static int wide_madvise(struct sim *s, const struct op *op)
{
	struct mm *mm = s->replay.mm;
	int ret;

	if (op->to)
		mm = g_hash_table_lookup(s->procs, GUINT_TO_POINTER(op_target(0, op->to)));
	/* in a timed run it may be dead or dying: ESRCH */
	if (!mm || (mm->killed && mm != s->replay.mm)) {
		count_vm(s, VM_sim_advice_lost, op->pages);
		return 0;
	}
	if (mm == s->replay.mm)
		return do_madvise(s, mm, op->at, op->pages, (enum madvise)op->value);
	mm->nr_advisers++;
	ret = do_madvise(s, mm, op->at, op->pages, (enum madvise)op->value);
	if (!--mm->nr_advisers && s->hooks)
		s->hooks->advised(s, mm);
	return ret;
}

/* what a process does to a file through its descriptor */
static int wide_file(struct sim *s, const struct op *op)
{
	const uint32_t file = s->replay.file;
	struct mm *mm = s->replay.mm;
	struct file_open *open = mm_open(s, mm, file);

	if (!open)
		return -ENOENT;
	if (op->code == OP_TRUNCATE)
		return do_ftruncate(s, mm->cpu, file, op->at);
	if (op->code == OP_FSYNC)
		vfs_fsync(s, mm->cpu, file);
	else
		generic_fadvise(s, mm->cpu, open, op->at, op->pages, (enum fadvise)op->value);
	return 0;
}

int replay_wide(struct sim *s, uint64_t at)
{
	const struct op op = wide_at(s->trace, at);
	struct mm *mm = s->replay.mm;

	switch (op.code) {
	case OP_MEMORY_MAX:
	case OP_MEMORY_RECLAIM:
		return write_cgroup(s, &op);
	case OP_CGROUP:
		return move_process(s, mm, &op);
	case OP_OOM_SCORE_ADJ:
		mm->oom_score_adj = (int16_t)((int)op.value - OOM_SCORE_ADJ_MAX);
		mm->has_adj = true;
		return 0;
	case OP_MADVISE:
		return wide_madvise(s, &op);
	case OP_MREMAP:
		return do_mremap(s, mm, op.at, op.pages, op.to, op.to_pages);
	case OP_MLOCK:
		return do_mlock(s, mm, op.at, op.pages);
	case OP_MUNLOCK:
		do_munlock(s, mm, op.at, op.pages);
		return 0;
	case OP_UNLINK:
		return vfs_unlink(s, mm->cpu, s->replay.file);
	case OP_RENAME:
		return vfs_rename(s, mm->cpu, s->replay.file, op.to);
	case OP_TRUNCATE:
	case OP_FSYNC:
	case OP_FADVISE:
		return wide_file(s, &op);
	default:
		return -EINVAL;
	}
}
