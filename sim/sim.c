// SPDX-License-Identifier: GPL-2.0-only
/* Creates and frees a run, does its periodic work, computes its levels; see sim/sim.h. */
#include "sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mm/charge.h"
#include "sim/mm/damon.h"
#include "sim/mm/erofs.h"
#include "sim/mm/ext4.h"
#include "sim/mm/file-system.h"
#include "sim/mm/memcontrol.h"
#include "sim/mm/mm.h"
#include "sim/mm/large.h"
#include "sim/mm/mmu_gather.h"
#include "sim/mm/objcg.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/workingset.h"
#include "sim/mm/xarray.h"
#include "sim/time/timer_wheel.h"
#include "sim/timed.h"

#define NSEC_PER_SEC   1000000000ull
#define STATS_FLUSH_NS 2000000000ull /* FLUSH_TIME, v7.3 mm/memcontrol.c */

/* queue_delayed_work() of the flusher at @ns */
static uint64_t flush_after(const struct sim *s, uint64_t ns)
{
	return timer_expires(ns, STATS_FLUSH_NS, s->cfg.machine.tick_us * 1000ull);
}

/* clock.passed: periodic work of the kernel */
static void time_passed(void *arg, uint64_t from)
{
	struct sim *s = arg;

	damon_tick(s);
	flusher_tick(s, from);
	/* vmstat_update(), each second */
	if (s->root)
		for (uint64_t n = s->clock.now_ns / NSEC_PER_SEC - from / NSEC_PER_SEC; n; n--)
			if (!refresh_vm_stats(s))
				break;
	/* flush_memcg_stats_dwork() */
	if (s->clock.now_ns >= s->next_flush_ns) {
		const struct op_times *t = op_times_now(s);
		/* the same from one expiry to the next */
		const uint64_t period = flush_after(s, s->next_flush_ns) - s->next_flush_ns;

		s->next_flush_ns += ((s->clock.now_ns - s->next_flush_ns) / period + 1) * period;
		if (!t || !t->flushes)
			mem_cgroup_flush_stats(s);
	}
}

void sim_flushed(struct sim *s)
{
	s->next_flush_ns = flush_after(s, s->clock.now_ns);
}

void sim_operation(struct sim *s)
{
	s->part_ops++;
	s->op_fills = s->stat.v[VM_sim_fills];
	mem_cgroup_flush_recorded(s, 0);
}

static void snapshot_clear(gpointer data)
{
	struct snapshot *snap = data;

	g_clear_pointer(&snap->pages, g_array_unref);
}

void sim_set_times(struct sim *s)
{
	const struct op_times *t = op_times_now(s);

	s->part_ops = s->part_flushes = 0;
	if (!t)
		return;
	s->cfg.machine.read_us = t->read_us;
	s->cfg.machine.op_us = t->op_us;
	s->proc_us = t->proc_us;
}

/* Upper limit of slots in addition to those of the trace's file pages. */
static uint64_t slot_limit(const struct trace *t, const struct machine *m)
{
	return (m->memcg_pages ? m->memcg_pages + m->memcg2_pages : m->memory_pages) +
	       m->swap_pages + file_system_nr_pages(t, m);
}

int sim_config_check(const struct sim_config *cfg, struct err *err)
{
	struct machine m = cfg->machine;

	if (cfg->machine.exec_folio_order && !cfg->kernel->exec_readahead)
		return err_set(err, -EINVAL,
			       "machine key exec_folio_order is %u, expected 0: kernel %s has no "
			       "exec_folio_order()",
			       cfg->machine.exec_folio_order, cfg->kernel->name);
	if (cfg->machine.damon_stat && !cfg->kernel->damon_stat)
		return err_set(err, -EINVAL,
			       "machine key damon_stat is on, expected off: kernel %s has no "
			       "DAMON_STAT",
			       cfg->kernel->name);
	return file_system_apply(&m, cfg->kernel, err);
}

uint64_t sim_memory_max(const struct trace *t, const struct sim_config *cfg)
{
	struct machine m = cfg->machine;

	uint64_t others = FOLIO_FIRST + 1 + t->nr_file_pages;

	file_system_apply(&m, cfg->kernel, NULL);
	others += file_system_nr_pages(t, &m);
	if (m.memcg_pages) /* the limits of two cgroups count together: slot_limit() */
		others += m.memcg2_pages;
	return others < UINT32_MAX ? UINT32_MAX - others : 1;
}

int sim_fits(const struct trace *t, const struct sim_config *cfg, struct err *err)
{
	struct machine applied = cfg->machine;
	const struct machine *m = &applied;

	file_system_apply(&applied, cfg->kernel, NULL);
	if (FOLIO_FIRST + t->nr_file_pages + slot_limit(t, m) < UINT32_MAX)
		return 0;
	return err_set(err, -EINVAL,
		       "%s: %llu file pages and %llu pages of memory and swap are more than the "
		       "4294967263 that a run can number",
		       t->path, (unsigned long long)t->nr_file_pages,
		       (unsigned long long)slot_limit(t, m));
}

/* at least a page */
static unsigned int batch_of(unsigned int batch, uint32_t one_in)
{
	return (unsigned int)MAX(share_of(batch, one_in), 1);
}

static struct batches batches_of(uint32_t one_in)
{
	return (struct batches){
		.folios = batch_of(FOLIO_BATCH_SIZE, one_in),
		.cluster = batch_of(SWAP_CLUSTER_MAX, one_in),
		.lru = batch_of(MIN_LRU_BATCH, one_in),
		.charge = batch_of(MEMCG_CHARGE_BATCH, one_in),
	};
}

struct sim *sim_new(const struct trace *t, const struct sim_config *cfg, struct err *err)
{
	const struct machine *m;
	uint64_t limit;
	struct sim *s;

	if (sim_config_check(cfg, err) || sim_fits(t, cfg, err))
		return NULL;
	s = g_new0(struct sim, 1);
	s->trace = t;
	s->cfg = *cfg;
	s->cfg.one_in = MAX(cfg->one_in, 1);
	s->batches = batches_of(s->cfg.one_in);
	m = &s->cfg.machine;
	file_system_apply(&s->cfg.machine, cfg->kernel, NULL);
	limit = slot_limit(t, m);
	s->meta_first = (uint32_t)(FOLIO_FIRST + t->nr_file_pages);
	s->anon_first = s->nr_folios = s->cap_folios = s->meta_first + file_system_nr_pages(t, m);
	/* a blocked task keeps pointers into the table, so that of a timed run must not move */
	if (cfg->timed)
		s->cap_folios += (uint32_t)limit;
	s->folios = calloc(s->cap_folios, sizeof(struct folio));
	s->files = calloc(t->nr_files + NR_MORE_TREES, sizeof(struct file_state));
	s->anon = g_try_new(struct anon_slot, s->cap_folios - s->anon_first);
	if (!s->folios || !s->files || (!s->anon && s->cap_folios > s->anon_first)) {
		err_set(err, -ENOMEM, "no memory for %llu file pages and %u other pages",
			(unsigned long long)t->nr_file_pages, s->cap_folios - s->anon_first);
		free(s->folios);
		free(s->files);
		g_free(s->anon);
		g_free(s);
		return NULL;
	}
	for (uint32_t i = 0; i < t->nr_files; i++) {
		s->files[i].size = t->files[i].size;
		s->files[i].shmem = t->files[i].shmem || m->all_shmem;
		s->has_shmem |= s->files[i].shmem;
	}
	clock_init(&s->clock);
	s->clock.passed = time_passed;
	s->clock.arg = s;
	s->procs = g_hash_table_new(NULL, NULL);
	writeback_init(s);
	large_init(s);
	s->snapshots = g_array_new(FALSE, FALSE, sizeof(struct snapshot));
	g_array_set_clear_func(s->snapshots, snapshot_clear);
	s->nr_marks = g_new0(uint32_t, t->nr_names);
	s->held = &s->held_untimed;
	charge_init(s);
	objcg_init(s);
	erofs_mount(s);
	xa_init(s);
	s->stats_lag = m->memcg_stats_flushed;
	s->map_does_more = cfg->kernel->activates_mapped;
	sim_set_times(s);
	sim_flushed(s);
	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		s->cfg.lru->init(s, &s->memcg[i].lruvec);
	ext4_mount(s);
	damon_start(s);
	if (cfg->timed && timed_init(s, err)) {
		sim_free(s);
		return NULL;
	}
	return s;
}

static void free_proc(gpointer pid, gpointer mm, gpointer sim)
{
	(void)pid;
	mm_free(sim, mm);
}

void sim_free(struct sim *s)
{
	if (!s)
		return;
	timed_free(s);
	g_hash_table_foreach(s->procs, free_proc, s);
	g_hash_table_destroy(s->procs);
	/* anon folios still hold their anon_vma, whose VMAs are gone */
	for (uint32_t i = s->anon_first; i < s->nr_folios; i++)
		if (s->anon[i - s->anon_first].av)
			anon_slot_free(s, i);
	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		s->cfg.lru->fini(&s->memcg[i].lruvec);
	clock_clear(&s->clock);
	writeback_free(s);
	g_array_unref(s->snapshots);
	g_free(s->nr_marks);
	mmu_gathers_free(s->gathers);
	xa_free(s);
	erofs_free(s);
	damon_free(s);
	objcg_free(s);
	g_array_free(s->large, TRUE);
	g_free(s->anon);
	free(s->files);
	g_free(s->cached);
	free(s->folios);
	g_free(s);
}

void sim_stat(const struct sim *s, struct vmstat *out)
{
	*out = s->stat;
	out->v[VM_nr_free_pages] = free_pages(s);
	out->v[VM_nr_inactive_anon] = node_page_state(s, LRU_ANON, false);
	out->v[VM_nr_active_anon] = node_page_state(s, LRU_ANON, true);
	out->v[VM_nr_inactive_file] = node_page_state(s, LRU_FILE, false);
	out->v[VM_nr_active_file] = node_page_state(s, LRU_FILE, true);
	out->v[VM_nr_file_pages] = s->nr_file_pages;
	out->v[VM_nr_shmem] = s->nr_shmem;
	out->v[VM_nr_dirty] = s->writeback->nr_dirty;
	out->v[VM_workingset_nodes] = nr_shadow_nodes(s);
	out->v[VM_nr_mapped] = s->nr_mapped[false];
	out->v[VM_nr_anon_pages] = s->nr_mapped[true];
	out->v[VM_nr_mlock] = s->nr_mlock;
	out->v[VM_nr_unevictable] = nr_unevictable(s);
}

static void count_tables(gpointer pid, gpointer value, gpointer data)
{
	const struct mm *mm = value;
	struct sim_memory *out = data;

	(void)pid;
	for (int i = 0; i < PTRS_PER_PGD; i++) {
		for (int j = 0; mm->pgd[i] && j < PTRS_PER_PUD; j++) {
			const struct pmd_table *pmd = mm->pgd[i]->pmd[j];

			for (int k = 0; pmd && k < PTRS_PER_PMD; k++) {
				const struct pte_table *pt = pmd->pte[k];

				if (!pt)
					continue;
				out->table_bytes +=
					sizeof(*pt) +
					(pt->more ? sizeof(*pt->more) * PTRS_PER_PTE : 0) +
					(pt->anon ? sizeof(*pt->anon) * PTRS_PER_PTE : 0);
				for (uint32_t w = 0; w < PTE_WORDS; w++)
					out->nr_ptes +=
						(uint64_t)__builtin_popcountll(pt->word[w].any);
			}
		}
	}
}

void sim_memory(const struct sim *s, struct sim_memory *out)
{
	*out = (struct sim_memory){
		.folio_bytes = (uint64_t)s->cap_folios * sizeof(struct folio) +
			       (s->cached ? s->anon_first / 8 : 0) +
			       (uint64_t)(s->cap_folios - s->anon_first) * sizeof(struct anon_slot),
	};
	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		out->list_bytes += s->cfg.lru->list_bytes(&s->memcg[i].lruvec);
	g_hash_table_foreach(s->procs, count_tables, out);
}
