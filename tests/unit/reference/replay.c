// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run of the reference: its machine, its operations, its counters.
 */
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"

#include <string.h>

#include <glib.h>

const char *const ref_kernel_names[NR_REF_KERNELS] = { "7.3", "6.12", "6.18", "7.3-rc7" };

void ref_count(struct ref *r, enum vmstat_item item, uint64_t n)
{
	r->v[item] += n;
	r->cg->v[item] += n;
}

static uint32_t ref_passed_flags(const struct ref *r)
{
	return MRELEASE_IGNORE_ACCESS | (r->evict ? MRELEASE_EVICT_FILE : 0);
}

/* process_madvise() by the killer, of what it read in /proc/PID/maps */
static void advise(struct ref *r, struct ref_proc *p, const struct ref_vma *maps, int nr)
{
	for (int i = 0; i < nr && r->policy->advice; i++)
		if (!maps[i].anon)
			ref_process_madvise(r, p, maps[i].start, maps[i].end, r->policy->advice);
}

static void do_end(struct ref *r, struct ref_proc *p, enum op_code how, uint32_t flags)
{
	struct ref_vma maps[REF_VMAS_MAX];
	const int nr_maps = p->nr_vmas;
	const unsigned int cpu = p->cpu;

	memcpy(maps, p->vmas, sizeof(maps[0]) * (size_t)nr_maps);
	if (r->ends_as != OP_NONE) {
		how = r->ends_as;
		flags = 0;
	}
	if (how != OP_EXIT)
		ref_count(r, VM_sim_victims, 1);
	if (how == OP_MRELEASE) {
		advise(r, p, maps, nr_maps);
		/* under "flag" the caller opts in */
		if (r->policy->mrelease_passes)
			flags |= ref_passed_flags(r);
		ref_oom_reap_task_mm(r, p, flags);
	} else if (how == OP_OOM) {
		flags = r->policy->oom_passes ? ref_passed_flags(r) : 0;
		ref_oom_reap_task_mm(r, p, flags);
	}
	ref_exit_mmap(r, p);
	ref_free_process(r, p);
	for (int i = 0; i < nr_maps && how == OP_MRELEASE && r->policy->drops_files; i++)
		if (!maps[i].anon)
			ref_fadvise_dontneed(r, cpu, maps[i].file, maps[i].pgoff,
					     maps[i].pgoff + maps[i].end - maps[i].start);
	r->current = NULL;
}

bool ref_op(struct ref *r, const struct op *op)
{
	struct ref_proc *p = ref_proc(r, op->pid), *child;
	uint64_t at = (uint32_t)(op->at - r->base);
	bool ok = true;
	const uint64_t op_ns =
		op->code == OP_ADVANCE || op->code == OP_MARK ? 0 : r->m.op_us * 1000ull;
	int open;

	if (op->code == OP_SPAWN) {
		r->current = NULL;
		ref_task_run(r, op_ns);
		p = ref_new_proc(r, op->pid, op->cpu, NULL);
		ref_lru_gen_add_mm(r, p);
	}
	/* lru_gen_use_mm() */
	if (p && op_needs_pid(op->code)) {
		r->this_cpu = p->cpu;
		r->current = p;
		p->ran = true;
	}
	if (op->code != OP_SPAWN)
		ref_task_run(r, op_ns);
	/* no process runs: the switch back from kswapd is not one to a process */
	if (op->code == OP_ADVANCE || op->code == OP_MARK)
		r->current = NULL;
	switch (op->code) {
	case OP_SPAWN:
		break;
	case OP_FORK:
		child = ref_new_proc(r, op->child, op->cpu, p);
		ref_do_fork(r, p, child);
		ref_lru_gen_add_mm(r, child);
		break;
	case OP_EXEC:
		ref_do_exec(r, p);
		break;
	case OP_EXIT:
	case OP_KILL:
	case OP_MRELEASE:
	case OP_OOM:
		do_end(r, p, op->code, op->flags);
		break;
	case OP_OPTIN:
		p->opted_in = true;
		break;
	case OP_MAP:
		ref_do_mmap(r, p, op, at);
		break;
	case OP_UNMAP:
		ref_do_munmap(r, p, at, at + op->pages);
		break;
	case OP_ADVISE:
		ref_do_madvise(r, p, at, at + op->pages, op->flags);
		break;
	case OP_TOUCH:
		ok = ref_touch(r, p, at, op->pages, op->stride, op->write);
		break;
	case OP_READ:
		ref_count(r, VM_sim_accesses, op->pages);
		open = ref_open_file(r, p, op->file);
		ok = ref_is_shmem(r, op->file)
			     ? ref_shmem_file_read(r, p, op->file, op->at, op->pages)
			     : ref_filemap_read(r, p, &r->opens[open], op->at, op->pages);
		break;
	case OP_WRITE:
		ref_count(r, VM_sim_accesses, op->pages);
		ref_open_file(r, p, op->file);
		ok = ref_file_write(r, p, op->file, op->at, op->pages);
		break;
	case OP_DROP_CACHES:
		ref_drop_pagecache(r);
		break;
	case OP_DRAIN:
		ref_lru_add_drain_all(r);
		break;
	case OP_ADVANCE:
		ref_task_wait(r, op->ns);
		break;
	case OP_MARK:
		ref_flush_stats(r); /* the player reads memory.stat */
		if (r->whole)
			ref_refresh_vm_stats(r); /* and writes stat_refresh */
		if (r->m.memcg_stats_flushed) {
			ref_task_wait(r, r->m.snapshot_ms ? r->m.snapshot_ms * 1000000ull
							  : r->next_flush_ns - r->now_ns);
			ref_flush_stats(r);
		}
		r->next_flush_ns = ref_next_flush(r, r->now_ns);
		break;
	case OP_FORK_FAIL:
		ref_do_fork_fail(r, p);
		break;
	case OP_CLEAR_REFS:
		ref_do_clear_refs(r, p);
		break;
	case OP_MREMAP:
		ok = ref_do_mremap(r, p, at, op->pages, (uint32_t)(op->to - r->base), op->to_pages);
		break;
	case OP_MLOCK:
	case OP_MUNLOCK:
		ok = ref_do_mlock(r, p, at, at + op->pages, op->code == OP_MLOCK);
		break;
	case OP_MEMORY_MAX:
		r->this_cpu = 0;
		ok = ref_memory_max(r, r->first_cgroup + (int)op->to, op->pages);
		break;
	case OP_MEMORY_RECLAIM:
		r->this_cpu = 0;
		ref_memory_reclaim(r, r->first_cgroup + (int)op->to, op->pages,
				   op->value ? op->value - 1 : r->m.swappiness);
		break;
	case OP_CGROUP:
		ref_cgroup_attach(r, p, r->first_cgroup + (int)op->to);
		break;
	case OP_MADVISE:
		ok = ref_process_madvise(r, op->to ? ref_proc(r, op->to - 1) : p, at,
					 at + op->pages, op->value);
		break;
	case OP_TRUNCATE:
		ref_open_file(r, p, op->file);
		ok = ref_do_truncate(r, p, op->file, op->at);
		break;
	case OP_UNLINK:
		ref_do_unlink(r, op->file);
		break;
	case OP_RENAME:
		ref_do_rename(r, p, op->file, op->to);
		break;
	case OP_FSYNC:
		ref_open_file(r, p, op->file);
		ref_do_fsync(r, p, op->file);
		break;
	case OP_FADVISE:
		open = ref_open_file(r, p, op->file);
		ref_do_fadvise(r, p, open, op);
		break;
	case OP_OOM_SCORE_ADJ: /* nobody is killed in an untimed run */
	default:
		break;
	}
	ref_fput(r);
	ref_flusher_runs(r);
	return ok && !r->oom && !r->kswapd.oom;
}

void ref_stat(struct ref *r, struct vmstat *out)
{
	memcpy(out->v, r->v, sizeof(r->v));
	out->v[VM_nr_free_pages] = ref_nr_free(r);
	out->v[VM_nr_inactive_anon] = ref_node_size(r, REF_INACTIVE_ANON);
	out->v[VM_nr_active_anon] = ref_node_size(r, REF_ACTIVE_ANON);
	out->v[VM_nr_inactive_file] = ref_node_size(r, REF_INACTIVE_FILE);
	out->v[VM_nr_active_file] = ref_node_size(r, REF_ACTIVE_FILE);
	out->v[VM_nr_file_pages] = ref_nr_cache(r);
	out->v[VM_nr_dirty] = ref_nr_dirty(r);
	out->v[VM_workingset_nodes] = ref_nr_shadow_nodes(r);
	for (r->cg = r->memcgs; r->cg < r->memcgs + r->nr_memcgs; r->cg++)
		out->v[VM_nr_unevictable] += ref_nr_unevictable(r);
	r->cg = r->memcgs;
	for (int i = 0; i < r->nr_pages; i++) {
		const struct ref_page *pg = &r->pages[i];

		if (!pg->resident)
			continue;
		if (pg->mlocked)
			out->v[VM_nr_mlock] += (uint64_t)ref_nr_pages(r, i);
		out->v[VM_nr_shmem] += !pg->anon && pg->swapbacked;
		out->v[pg->anon ? VM_nr_anon_pages : VM_nr_mapped] += ref_mapcount(r, i) > 0;
	}
}

/* the part of the address space that the trace uses */
static void find_base(struct ref *r)
{
	struct trace_iter it;
	struct op op;
	uint64_t first = UINT64_MAX, last = 0;

	trace_iter_init(&it, r->t);
	while (trace_iter_next(&it, &op, NULL) > 0) {
		if (op.code == OP_MREMAP) {
			first = MIN(first, op.to);
			last = MAX(last, (uint64_t)op.to + op.to_pages);
		}
		if (op.code != OP_MAP && op.code != OP_UNMAP)
			continue;
		first = MIN(first, op.at);
		last = MAX(last, (uint64_t)op.at + op.pages);
	}
	r->base = first == UINT64_MAX ? 0 : (uint32_t)(first / 512 * 512);
	r->broken = last > (uint64_t)r->base + REF_VPNS;
}

/* what the file system makes of the machine */
static void mount(struct ref *r)
{
	static const unsigned int orders[NR_FILE_SYSTEMS] = {
		[FS_EXT4] = 9,	    [FS_XFS] = 9,   [FS_EROFS] = 9,	[FS_EROFS_LZ4] = 9,
		[FS_OVERLAYFS] = 9, [FS_BTRFS] = 6, [FS_BTRFS_ZSTD] = 6
	};
	const bool btrfs = r->m.file_system == FS_BTRFS || r->m.file_system == FS_BTRFS_ZSTD;
	const bool ext4 = r->m.file_system == FS_EXT4 || r->m.file_system == FS_OVERLAYFS;

	r->max_order = r->m.max_folio_order;
	if (r->m.file_system == FS_NONE)
		return;
	if (!r->max_order && !(r->v6_12 && ext4) && !(r->v6 && btrfs))
		r->max_order = orders[r->m.file_system];
	if (btrfs) { /* its own bdi */
		r->m.readahead_pages = 4 << 20 >> 12;
		r->m.io_pages = 32;
	}
	if (r->m.file_system == FS_FUSE) { /* likewise */
		r->m.readahead_pages = MIN(r->m.readahead_pages, 32);
		r->m.io_pages = r->v6 ? 32 : MIN(r->m.io_pages, 256);
	}
	r->m.ext4 = r->m.file_system == FS_EXT4;
}

struct ref *ref_new(const struct trace *t, const struct machine *m, enum ref_kernel kernel,
		    bool mglru, const struct policy_rule *policy, bool evict, enum op_code ends_as)
{
	struct ref *r = g_new0(struct ref, 1);

	r->t = t;
	r->m = *m;
	r->next_flush_ns = ref_next_flush(r, 0);
	r->v6_12 = kernel == REF_6_12;
	r->v6 = r->v6_12 || kernel == REF_6_18;
	r->rc7 = kernel == REF_7_3_RC7;
	r->policy = policy;
	r->evict = evict;
	r->ends_as = ends_as;
	r->nr_file = (int)t->nr_file_pages;
	mount(r);
	if (r->m.ext4)
		r->nr_file += 4 + (11 + (int)t->nr_files) / 16;
	if (r->m.file_system == FS_SQUASHFS) /* beyond the end */
		r->nr_file += (int)(t->nr_files * ref_block_pages(r));
	r->erofs_blocks = ref_erofs_blocks(r);
	r->nr_file += 2 * (int)r->erofs_blocks;
	r->nr_pages = r->nr_file;
	r->cap_pages = r->nr_file + 1024;
	r->pages = g_new0(struct ref_page, r->cap_pages);
	for (int i = 0; i < r->nr_file; i++)
		r->pages[i].used = true;
	r->cg = r->memcgs;
	r->whole = !m->memcg_pages;
	r->first_cgroup = r->whole && m->memcg2_pages;
	r->nr_memcgs = 1 + r->first_cgroup + (m->memcg2_pages != 0);
	r->iter_position = -1;
	r->memcgs[r->first_cgroup].max = r->whole ? UINT64_MAX / 2 / 4096 : m->memcg_pages;
	r->memcgs[r->first_cgroup + 1].max = m->memcg2_pages;
	if (r->whole)
		r->memcgs[0].max = 0;
	for (int i = 0; i < r->nr_memcgs * REF_NR_LISTS; i++)
		r->memcgs[i / REF_NR_LISTS].lists[i % REF_NR_LISTS].pages =
			g_new0(int, r->cap_pages);
	r->procs = g_new0(struct ref_proc, REF_PROCS_MAX);
	r->opens = g_new0(struct ref_open, REF_OPENS_MAX);
	r->dirty = g_new0(struct ref_dirty, r->nr_file + 1);
	r->mtime = g_new0(uint64_t, t->nr_files + 1);
	r->files = g_new0(struct ref_inode, t->nr_files + 1);
	for (uint32_t i = 0; i < t->nr_files; i++)
		r->files[i].size = t->files[i].size;
	if (mglru)
		ref_gen_init(r);
	ref_zone_init(r);
	ref_objcg_init(r);
	ref_trees_init(r);
	/* pages of the mounted file system; not part of memory_pages */
	for (int i = 0; i < 2 && r->m.ext4 && r->whole; i++) {
		r->pages[t->nr_file_pages + i].resident = true;
		r->pages[t->nr_file_pages + i].buffer = true;
		ref_lruvec_add_tail(r, (int)t->nr_file_pages + i);
		ref_count(r, VM_sim_list_moves, 1);
		r->used++;
		r->nr_kernel--;
	}
	if (m->damon_stat)
		ref_damon_start(r);
	find_base(r);
	return r;
}

void ref_free(struct ref *r)
{
	ref_gen_free(r);
	ref_trees_free(r);
	ref_objcg_free(r);
	for (int i = 0; i < REF_PROCS_MAX; i++)
		g_free(r->procs[i].open_of);
	for (int i = 0; i < r->nr_memcgs * REF_NR_LISTS; i++)
		g_free(r->memcgs[i / REF_NR_LISTS].lists[i % REF_NR_LISTS].pages);
	g_free(r->kswapd.stack);
	g_free(r->damon);
	g_free(r->procs);
	g_free(r->opens);
	g_free(r->dirty);
	g_free(r->mtime);
	g_free(r->files);
	g_free(r->pages);
	g_free(r);
}
