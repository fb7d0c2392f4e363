// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/filemap.c (filemap_add_folio, filemap_read,
 * filemap_get_pages), ext4's buffered writes, drop_caches, and writeback in a
 * simple form: of who writes, only that it drains the batches of its CPU.
 *
 * Approximations: in an untimed run a device answers at once, so a page is up to
 * date the moment it is in the cache. Reads and writes are whole pages. Writeback happens at
 * once: when reclaim finds nothing but dirty pages, when dirty pages pass the
 * background ratio, and when they have been dirty for dirty_expire_ms. Writers
 * are not throttled. Memory full of dirty pages behaves more kindly here than
 * on a real machine; the background ratio is taken of free and page-cache
 * pages, where the kernel takes the file LRU. Tmpfs: reading a hole through a
 * descriptor allocates a page here, where the kernel reads the zero page.
 * nr_file_pages leaves out the swap cache. drop_caches goes by the order of the
 * trace's files, the kernel by its list of inodes.
 */
#include "sim/mm/filemap.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/event.h"
#include "sim/time/device.h"
#include "sim/mm/ext4.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/readahead.h"
#include "sim/mm/rmap.h"
#include "sim/mm/swap.h"

struct dirty_entry {
	uint32_t slot;
	uint64_t since_ns;
};

/*
 * The page cache of a file is a tree of nodes, each with 64 entries: pages and
 * shadows. Seven nodes take a page of slab; the levels above are not counted.
 */
#define NODE_ENTRIES   64
#define NODES_PER_PAGE 7

static uint8_t *xarray_node(struct sim *s, uint32_t slot)
{
	uint32_t file = slot_file(s, slot), first = s->trace->files[file].first;

	return &s->nodes[first / NODE_ENTRIES + file + (slot - FOLIO_FIRST - first) / NODE_ENTRIES];
}

static void xarray_store(struct sim *s, uint32_t slot)
{
	if ((*xarray_node(s, slot))++ == 0 && s->nr_nodes++ % NODES_PER_PAGE == 0)
		alloc_kernel_pages(s, 1);
}

static void xarray_erase(struct sim *s, uint32_t slot)
{
	if (--*xarray_node(s, slot) == 0 && --s->nr_nodes % NODES_PER_PAGE == 0)
		free_kernel_pages(s, 1);
}

int filemap_add_folio(struct sim *s, unsigned int cpu, uint32_t slot, enum add_for why)
{
	bool metadata = why == ADD_METADATA;
	bool shmem = s->has_shmem && !metadata && s->trace->files[slot_file(s, slot)].shmem;
	struct folio *f;
	uint16_t before;

	if (charge_page(s, cpu, why == ADD_READAHEAD ? GFP_READAHEAD : GFP_KERNEL))
		return -ENOMEM;
	f = &s->folios[slot];
	before = f->flags;
	if (__builtin_expect(before & PG_resident, 0)) {
		uncharge_page(s);
		return -EEXIST;
	}
	/* shmem_swapin_folio() dirties, a zeroed page is clean until written */
	f->flags = (uint16_t)(PG_resident | (shmem ? PG_swapbacked : 0) |
			      (metadata ? PG_referenced : 0) |
			      (before & PG_swapcache ? PG_swapcache | PG_dirty : 0));
	f->mapcount = 0;
	s->nr_file_pages++;
	if (s->nodes && !metadata && !(before & PG_shadow))
		xarray_store(s, slot);
	count_vm(s, VM_sim_cache_adds, 1);
	if (shmem) {
		s->nr_shmem++;
	} else if (why != ADD_WRITE && !metadata) {
		count_vm(s, VM_sim_fills, 1);
		f->flags |= PG_locked; /* until sim_device_read() */
		if (s->sched && (before & PG_shadow))
			f->flags |= PG_refault;
	}
	note(s, slot, ADD, before);
	if ((before & PG_shadow) && why != ADD_WRITE)
		s->cfg.lru->refault(s, slot, f->shadow, before & PG_workingset);
	folio_add_lru(s, cpu, slot);
	if (before & PG_swapcache) {
		/* shmem_swapin_folio() frees the swap slot */
		swap_cache_del_folio(s, slot);
		count_vm(s, VM_pswpin, 1);
	}
	return 0;
}

void filemap_removed(struct sim *s, uint32_t slot, uint16_t before)
{
	(void)slot;
	s->nr_file_pages--;
	if (before & PG_swapbacked)
		s->nr_shmem--;
}

void filemap_drop(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	if (before & PG_lru)
		s->cfg.lru->del(s, slot);
	*f = (struct folio){ 0 };
	filemap_removed(s, slot, before);
	if (s->nodes && slot < s->meta_first)
		xarray_erase(s, slot);
	uncharge_page(s);
}

int filemap_fill_one(struct sim *s, unsigned int cpu, uint32_t slot)
{
	/* force_page_cache_ra(), and filemap_create_folio() where that fails */
	if (filemap_add_folio(s, cpu, slot, ADD_READAHEAD) &&
	    filemap_add_folio(s, cpu, slot, ADD_READ))
		return -ENOMEM;
	sim_device_read(s, slot, 1);
	if (__builtin_expect(s->flush_wanted, 0))
		flush_dirty(s, 0);
	return 0;
}

/* shmem_file_read_iter(): no readahead, and every page is marked */
static int shmem_read(struct sim *s, unsigned int cpu, uint32_t file, uint32_t pgoff,
		      uint32_t pages)
{
	for (uint32_t slot = file_slot(s, file, pgoff); pages; pages--, slot++) {
		if (!(s->folios[slot].flags & PG_resident) &&
		    filemap_add_folio(s, cpu, slot, ADD_READ) == -ENOMEM)
			return -ENOMEM;
		s->cfg.lru->mark_accessed(s, cpu, slot);
	}
	return 0;
}

/*
 * The pages [@at, @last) of a read are there; a timed run has to wait for those
 * that are being read. Return: the end of what can be copied, or -EINTR. The batch
 * is held, unless that was too much for a count: so look again.
 */
static int64_t wait_for_batch(struct sim *s, uint32_t base, uint64_t at, uint64_t last)
{
	for (uint64_t i = at; i < last; i++) {
		if (s->folios[base + i].flags & PG_locked && device_wait(s, base + (uint32_t)i))
			return -EINTR;
	}
	for (uint64_t i = at; i < last; i++)
		if (!(s->folios[base + i].flags & PG_resident))
			return (int64_t)i;
	return (int64_t)last;
}

int filemap_read(struct sim *s, unsigned int cpu, struct file_open *open, uint32_t pgoff,
		 uint32_t pages)
{
	const uint64_t end = (uint64_t)pgoff + pages;
	uint64_t at = pgoff, prev_end = open->prev_end;
	uint32_t base = file_slot(s, open->file, 0);

	count_vm(s, VM_sim_accesses, pages);
	if (s->trace->files[open->file].shmem)
		return shmem_read(s, cpu, open->file, pgoff, pages);
	while (at < end) {
		/* filemap_get_pages(): a batch ends at a hole, after a page
		 * that carries the readahead mark, or when it is full */
		const unsigned int held = s->held->nr;
		uint64_t last = at;
		bool async = false, locked = false;

		if (!(s->folios[base + at].flags & PG_resident))
			page_cache_sync_ra(s, cpu, open, (uint32_t)at, (uint32_t)(end - at));
		while (last < end && last - at < FOLIO_BATCH_SIZE && !async && !locked &&
		       (s->folios[base + last].flags & PG_resident)) {
			async = s->folios[base + last].flags & PG_readahead;
			locked = s->folios[base + last++].flags & PG_locked;
		}
		if (last == at) {
			/* filemap_create_folio() */
			int ret = filemap_add_folio(s, cpu, base + (uint32_t)at, ADD_READ);

			if (ret == -EEXIST)
				continue;
			if (ret)
				return ret;
			sim_device_read(s, base + (uint32_t)at, 1);
			locked = s->folios[base + last++].flags & PG_locked;
		}
		if (async || locked) {
			int64_t there;

			/* the batch holds references meanwhile */
			for (uint64_t i = at; i < last; i++)
				folio_hold(s, base + (uint32_t)i);
			if (async)
				page_cache_async_ra(s, cpu, open, (uint32_t)last - 1,
						    (uint32_t)(end - (last - 1)));
			there = s->sched ? wait_for_batch(s, base, at, last) : (int64_t)last;
			folio_unhold(s, held);
			if (there < 0)
				return -EINTR;
			last = (uint64_t)there;
		}
		for (; at < last; at++) {
			/* a folio read twice in a row counts once */
			if (at + 1 != prev_end)
				s->cfg.lru->mark_accessed(s, cpu, base + (uint32_t)at);
			prev_end = at + 1;
		}
	}
	/* readahead does not see where this read got to before it ends */
	open->prev_end = prev_end;
	return 0;
}

void mark_buffer_dirty(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	struct dirty_entry e = { slot, s->clock.now_ns };
	uint64_t background;

	if (f->flags & PG_dirty)
		return;
	f->flags |= PG_dirty;
	if (f->flags & PG_swapbacked)
		return;
	s->nr_dirty++;
	count_vm(s, VM_nr_dirtied, 1);
	g_array_append_val(s->dirty, e);
	/* balance_dirty_pages() starts the flusher at the background ratio */
	background =
		(free_pages(s) + s->nr_file_pages) * s->cfg.machine.dirty_background_ratio / 100;
	s->flush_wanted |= s->nr_dirty > background;
}

void folio_mark_dirty(struct sim *s, uint32_t slot)
{
	s->folios[slot].flags &= (uint16_t)~PG_reclaim;
	mark_buffer_dirty(s, slot);
}

int filemap_write(struct sim *s, unsigned int cpu, struct file_open *open, uint32_t pgoff,
		  uint32_t pages)
{
	uint32_t base = file_slot(s, open->file, 0);
	bool shmem = s->trace->files[open->file].shmem;

	count_vm(s, VM_sim_accesses, pages);
	if (ext4_dirty_inode(s, cpu, open->file))
		return -ENOMEM;
	for (uint32_t i = 0; i < pages; i++) {
		uint32_t slot = base + pgoff + i;

		if (fatal_signal_pending(s))
			return -EINTR;
		do {
			if (!(s->folios[slot].flags & PG_resident) &&
			    filemap_add_folio(s, cpu, slot, shmem ? ADD_READ : ADD_WRITE) ==
				    -ENOMEM)
				return -ENOMEM;
			/* write_begin() locks it */
			if ((s->folios[slot].flags & PG_locked) && device_wait(s, slot))
				return -EINTR;
		} while (!(s->folios[slot].flags & PG_resident));
		if (shmem) {
			/* shmem_get_folio(SGP_WRITE), shmem_write_end() */
			s->cfg.lru->mark_accessed(s, cpu, slot);
			folio_mark_dirty(s, slot);
		} else {
			/* ext4's write_begin does not mark */
			mark_buffer_dirty(s, slot);
		}
	}
	return 0;
}

void flush_dirty(struct sim *s, uint64_t age_ns)
{
	const struct dirty_entry *e;
	guint n = s->dirty_head;
	bool drained = false;

	for (; n < s->dirty->len; n++) {
		struct folio *f;
		uint16_t before;

		e = &g_array_index(s->dirty, struct dirty_entry, n);
		if (e->since_ns + age_ns > s->clock.now_ns)
			break;
		f = &s->folios[e->slot];
		if (!(f->flags & PG_resident) || !(f->flags & PG_dirty))
			continue; /* cleaned since */
		if (!drained) {
			/* folio_batch_release() of mpage_prepare_extent_to_map() */
			lru_add_drain_cpu(s, sim_idle_cpu(s));
			drained = true;
		}
		before = f->flags;
		if (f->mapcount)
			folio_mkclean(s, e->slot);
		f->flags &= (uint16_t) ~(PG_dirty | PG_reclaim);
		s->nr_dirty--;
		count_vm(s, VM_nr_written, 1);
		/* folio_end_writeback(): reclaim waited for it */
		if ((before & PG_reclaim) && (before & PG_lru)) {
			s->cfg.lru->move_tail(s, e->slot);
			count_vm(s, VM_pgrotated, 1);
			note(s, e->slot, ROTATE_RECLAIM, before);
		}
	}
	s->dirty_head = n;
	if (n == s->dirty->len || n > 1 << 20) {
		g_array_remove_range(s->dirty, 0, n);
		s->dirty_head = 0;
	}
	s->flush_wanted = false;
}

void flusher_tick(struct sim *s, uint64_t from_ns)
{
	const uint64_t period = s->cfg.machine.dirty_writeback_ms * 1000000ull;

	/* it looked at the last full period, not now */
	if (s->dirty->len && from_ns / period != s->clock.now_ns / period)
		flush_dirty(s,
			    s->cfg.machine.dirty_expire_ms * 1000000ull + s->clock.now_ns % period);
}

/* mapping_try_invalidate() of one page, by a task on CPU 0 */
static void invalidate_page(struct sim *s, uint32_t slot, bool shmem)
{
	struct folio *f = &s->folios[slot];
	uint16_t before = f->flags;

	if (before & PG_shadow) {
		/* of tmpfs the content is in swap */
		if (shmem)
			return;
		/* clear_shadow_entries() */
		*f = (struct folio){ 0 };
		if (s->nodes && slot < s->meta_first)
			xarray_erase(s, slot);
	} else if (!(before & PG_resident) || (before & PG_locked)) {
		return;
	} else if (!(before & PG_dirty) && !f->mapcount && !f->batched) {
		filemap_drop(s, slot);
		note(s, slot, DROP, before);
	} else {
		deactivate_file_folio(s, 0, slot);
	}
}

void drop_pagecache(struct sim *s)
{
	count_vm(s, VM_drop_pagecache, 1);
	lru_add_drain_all(s);
	for (uint32_t i = 0; i < s->trace->nr_files; i++) {
		const struct trace_file *tf = &s->trace->files[i];

		for (uint32_t p = 0; p < tf->pages; p++)
			invalidate_page(s, file_slot(s, i, p), tf->shmem);
	}
	for (uint32_t slot = s->meta_first; slot < s->anon_first; slot++)
		invalidate_page(s, slot, false);
}
