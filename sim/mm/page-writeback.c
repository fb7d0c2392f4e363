// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages of files and their writeback: v7.3 mm/page-writeback.c (balance_dirty_pages(),
 * domain_dirty_limits()) and fs/fs-writeback.c in a simple form. Of the flusher's work only this
 * matters to the LRU: it drains the batches of its CPU and cleans PTEs, and what reclaim waited for
 * is rotated.
 *
 * It writes what has been dirty for dirty_expire_ms. It writes everything where dirty pages pass a
 * limit, or where reclaim found nothing else. For a memcg the limit is the freerun ceiling, half
 * way between vm.dirty_ratio and the background ratio of what it could have as page cache. How many
 * of its pages are dirty the kernel knows from its statistics, which may be seconds old: a writer
 * whose pages are long clean is then made to write back each few pages that it dirties, or another
 * dirties all of the memcg (mem_cgroup_wb_stats()).
 *
 * A flusher that a memcg's limit or reclaim woke runs when the task sleeps, that is, before it
 * reads from the device and at the end of the operation; or if reclaim got nothing. Until then
 * reclaim goes on, and activates the dirty pages that it meets.
 *
 * Approximations: once it runs, writeback takes no time, and writes all that is dirty, where the
 * kernel writes only what is of the memcg that is past its limit, until that is below the
 * background ratio: wrong for two memcgs, of which one is far from its limit. Writers are not
 * throttled. A memcg's limit counts the pages that are charged to it, where the kernel's is that of
 * the files which it was first to write, and takes page cache as it is, not as of the last flush,
 * tmpfs included, and with a second memcg that of both, up to what is charged to it. vm.dirty_ratio
 * is 20. The limit of a whole machine is the background ratio of free and page-cache pages; the
 * kernel takes the file LRU instead of the page cache. A memcg alone has no machine around it. Only
 * fsync() waits, for one request or fsync_us; of the journal there is only its time.
 */
#include "sim/mm/page-writeback.h"

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/event.h"
#include "sim/mm/io.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/rmap.h"
#include "sim/mm/slots.h"
#include "sim/mm/task.h"

#define DIRTY_RATIO 20 /* vm.dirty_ratio */

struct dirty_entry {
	uint32_t slot;
	uint64_t since_ns;
};

void writeback_init(struct sim *s)
{
	s->writeback = g_new0(struct writeback, 1);
	s->writeback->entries = g_array_new(FALSE, FALSE, sizeof(struct dirty_entry));
	s->writeback->stale = g_hash_table_new(NULL, NULL);
}

void writeback_free(struct sim *s)
{
	g_array_free(s->writeback->entries, TRUE);
	g_hash_table_destroy(s->writeback->stale);
	g_free(s->writeback);
}

/* mod_lruvec_state(NR_FILE_DIRTY): @nr of the pages of a folio get dirty; fewer than 0: clean */
static void mod_dirty(struct sim *s, uint32_t slot, int64_t nr)
{
	s->writeback->nr_dirty += (uint64_t)nr;
	folio_memcg(s, slot)->nr_dirty += (uint64_t)nr;
}

/* the freerun ceiling of domain_dirty_limits() for a memcg */
static uint64_t memcg_freerun(const struct sim *s, const struct mem_cgroup *memcg)
{
	const uint64_t usage = MIN(memcg->usage, memcg->max);
	/* mdtc_calc_avail(): what the machine could give it, free or clean */
	const uint64_t headroom = MIN(memcg->max - usage, free_pages(s) + s->nr_file_pages);
	const uint64_t available = headroom + MIN(s->nr_file_pages, usage);
	const uint64_t thresh = available * DIRTY_RATIO / 100;
	uint64_t background = available * s->cfg.machine.dirty_background_ratio / 100;

	if (background >= thresh)
		background = thresh / 2;
	return (thresh + background) / 2;
}

/* balance_dirty_pages(): is the flusher to be woken by one that dirties pages of @memcg? */
static bool over_limit(const struct sim *s, const struct mem_cgroup *memcg)
{
	const struct writeback *wb = s->writeback;
	const uint64_t nr_dirty = s->stats_lag ? memcg->nr_dirty_seen : memcg->nr_dirty;

	/* the domain of the whole machine, at the background ratio */
	if (s->root && wb->nr_dirty > (free_pages(s) + s->nr_file_pages) *
					      s->cfg.machine.dirty_background_ratio / 100)
		return true;
	return memcg != s->root && nr_dirty > memcg_freerun(s, memcg);
}

void mark_buffer_dirty(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	struct writeback *wb = s->writeback;
	struct dirty_entry e = { slot, s->clock.now_ns };

	if (f->flags & PG_dirty)
		return;
	f->flags |= PG_dirty;
	if (f->flags & (PG_swapbacked | PG_anon))
		return;
	mod_dirty(s, slot, folio_nr_pages(f));
	count_vm(s, VM_nr_dirtied, folio_nr_pages(f));
	g_array_append_val(wb->entries, e);
	if (!wb->wanted)
		wb->wanted = over_limit(s, folio_memcg(s, slot));
}

void folio_mark_dirty(struct sim *s, uint32_t slot)
{
	s->folios[slot].flags &= (uint16_t)~PG_reclaim;
	mark_buffer_dirty(s, slot);
}

/* the first entry of @slot that is not void is, from now on */
static void entry_void(struct writeback *wb, uint32_t slot)
{
	const gpointer key = GUINT_TO_POINTER(slot);
	const guint nr = GPOINTER_TO_UINT(g_hash_table_lookup(wb->stale, key));

	g_hash_table_insert(wb->stale, key, GUINT_TO_POINTER(nr + 1));
}

/* Return: true if the entry of @slot, which is the first, is void; it is gone then. */
static bool entry_was_void(struct writeback *wb, uint32_t slot)
{
	const gpointer key = GUINT_TO_POINTER(slot);
	const guint nr = GPOINTER_TO_UINT(g_hash_table_lookup(wb->stale, key));

	if (nr > 1)
		g_hash_table_insert(wb->stale, key, GUINT_TO_POINTER(nr - 1));
	else if (nr)
		g_hash_table_remove(wb->stale, key);
	return nr;
}

void folio_cancel_dirty(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (!(f->flags & PG_dirty))
		return;
	f->flags &= (uint16_t)~PG_dirty;
	if (f->flags & (PG_swapbacked | PG_anon))
		return;
	mod_dirty(s, slot, -(int64_t)folio_nr_pages(f));
	entry_void(s->writeback, slot);
}

/* write a dirty folio, from folio_clear_dirty_for_io() to folio_end_writeback() */
static void write_folio(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	const uint16_t before = f->flags;

	if (f->mapcount)
		folio_mkclean(s, slot);
	f->flags &= (uint16_t) ~(PG_dirty | PG_reclaim);
	mod_dirty(s, slot, -(int64_t)folio_nr_pages(f));
	count_vm(s, VM_nr_written, folio_nr_pages(f));
	/* reclaim waited for it */
	if ((before & PG_reclaim) && (before & PG_lru) && !f->unevictable) {
		s->cfg.lru->move_tail(s, folio_lruvec(s, slot), slot);
		count_vm(s, VM_pgrotated, folio_nr_pages(f));
		note(s, slot, ROTATE_RECLAIM, before);
	}
}

void wakeup_flusher_threads(struct sim *s, const struct scan_control *sc)
{
	s->writeback->wanted = true;
	if (!sc->memcg)
		flusher_runs(s);
}

void flush_dirty(struct sim *s, uint64_t age_ns)
{
	struct writeback *wb = s->writeback;
	const struct dirty_entry *e;
	guint n = wb->head;
	bool drained = false;

	for (; n < wb->entries->len; n++) {
		const struct folio *f;

		e = &g_array_index(wb->entries, struct dirty_entry, n);
		if (e->since_ns + age_ns > s->clock.now_ns)
			break;
		if (__builtin_expect(g_hash_table_size(wb->stale) > 0, 0) &&
		    entry_was_void(wb, e->slot))
			continue;
		f = &s->folios[e->slot];
		if (!(f->flags & PG_resident) || !(f->flags & PG_dirty))
			continue; /* cleaned since */
		if (!drained) {
			/* folio_batch_release() of mpage_prepare_extent_to_map() */
			lru_add_drain_cpu(s, idle_cpu(s));
			drained = true;
		}
		write_folio(s, e->slot);
	}
	wb->head = n;
	if (n == wb->entries->len || n > 1 << 20) {
		g_array_remove_range(wb->entries, 0, n);
		wb->head = 0;
	}
	wb->wanted = false;
}

uint64_t filemap_fdatawrite_range(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first,
				  uint32_t last, GArray *written)
{
	const struct trace_file *tf = &s->trace->files[file];
	const uint32_t base = file_slot(s, file, 0), end = base + MIN(last, tf->pages - 1) + 1;
	uint64_t nr = 0;

	s->files[file].delalloc = false;
	if (s->files[file].shmem)
		return 0;
	for (uint32_t slot = base + first, head; slot < end;
	     slot = head + folio_nr_pages(&s->folios[head])) {
		const uint16_t dirty = PG_resident | PG_dirty;

		head = s->folios[slot].flags & PG_resident ? folio_head(s->folios, slot) : slot;
		if ((s->folios[head].flags & dirty) != dirty)
			continue;
		/* folio_batch_release() of mpage_prepare_extent_to_map() */
		if (!nr)
			lru_add_drain_cpu(s, cpu);
		write_folio(s, head);
		entry_void(s->writeback, head);
		nr += folio_nr_pages(&s->folios[head]);
		if (written)
			g_array_append_val(written, head);
	}
	return nr;
}

void vfs_fsync(struct sim *s, unsigned int cpu, uint32_t file)
{
	const uint64_t nr = filemap_fdatawrite_range(s, cpu, file, 0, UINT32_MAX, NULL);
	const bool inode = s->files[file].inode_dirty;

	/* others may change it meanwhile */
	s->files[file].inode_dirty = false;
	if (nr)
		write_takes_time(s, nr, inode);
}

void flusher_tick(struct sim *s, uint64_t from_ns)
{
	const uint64_t period = s->cfg.machine.dirty_writeback_ms * 1000000ull;

	/* it looked at the last full period, not now */
	if (s->writeback->entries->len && from_ns / period != s->clock.now_ns / period)
		flush_dirty(s,
			    s->cfg.machine.dirty_expire_ms * 1000000ull + s->clock.now_ns % period);
}
