// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/filemap.c (filemap_add_folio, filemap_read, filemap_get_pages),
 * ext4's buffered writes, and drop_caches.
 *
 * Approximations: in an untimed run a device answers at once, so a page is up to date the
 * moment it is in the cache. Reads and writes are whole pages. On tmpfs, reading a hole
 * through a descriptor allocates a page here; the kernel reads the zero page.
 * nr_file_pages leaves out the swap cache. drop_caches visits files in the order of the
 * trace, the kernel in that of its list of inodes, and drains the batches of its CPU in each.
 * A hole of a file is read like its other pages; in the kernel a read of a hole does not ask
 * the device. Blocks of a file that grows take no time and no metadata.
 */
#include "sim/mm/filemap.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/erofs.h"
#include "sim/mm/event.h"
#include "sim/mm/ext4.h"
#include "sim/mm/io.h"
#include "sim/mm/large.h"
#include "sim/mm/memcontrol.h"
#include "sim/mm/mlock.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/readahead.h"
#include "sim/mm/swap.h"
#include "sim/mm/task.h"
#include "sim/mm/truncate.h"
#include "sim/mm/xarray.h"

unsigned int mapping_max_folio_order(const struct sim *s, uint32_t file)
{
	return s->files[file].shmem ? 0 : s->cfg.machine.max_folio_order;
}

/*
 * xas_for_each_conflict() of __filemap_add_folio(). Return: the record of the last
 * shadow among the @nr pages from @slot on, or of the first page if there is none;
 * NULL if one of the pages is cached.
 */
static inline const struct folio *find_conflict(const struct sim *s, uint32_t slot, uint32_t nr)
{
	const struct folio *found = &s->folios[slot];

	for (uint32_t i = 0; i < nr; i++) {
		const struct folio *f = &s->folios[slot + i];

		if (__builtin_expect(f->flags & PG_resident, 0))
			return NULL;
		if (f->flags & PG_shadow)
			found = f;
	}
	return found;
}

/* may a file that got shorter meanwhile end before @slot? */
static bool beyond_end(const struct sim *s, uint32_t slot)
{
	const uint32_t file = slot_file(s, slot);

	return slot - file_slot(s, file, 0) >= s->files[file].size;
}

/* mem_cgroup_charge(), and shmem_swapin_folio(): the memcg that it was swapped out of */
static struct mem_cgroup *charged_memcg(struct sim *s, uint32_t slot)
{
	return s->folios[slot].flags & PG_swapcache ? folio_memcg(s, slot) : current_memcg(s);
}

static uint64_t fill_cost(const struct machine *m, uint32_t nr)
{
	return m->fill_ps + (uint64_t)(m->fill_next_ps ?: m->fill_ps) * (nr - 1);
}

/* inlined, so that order and reason are constants where the caller knows them, and that a run
 * with one memcg pays nothing for others: @several */
static inline __attribute__((always_inline)) int add_folio(struct sim *s, unsigned int cpu,
							   uint32_t slot, unsigned int order,
							   enum add_for why, bool several)
{
	const enum gfp gfp = why == ADD_READAHEAD || why == ADD_BEYOND_EOF ? GFP_READAHEAD
			     : why == ADD_NOWAIT			   ? GFP_NOWAIT
									   : GFP_KERNEL;
	const uint32_t nr = 1u << order;
	struct mem_cgroup *memcg = several ? charged_memcg(s, slot) : s->memcg, *evicted = memcg;
	bool metadata = why == ADD_METADATA, of_file = why < ADD_BEYOND_EOF;
	bool shmem = s->has_shmem && of_file && s->files[slot_file(s, slot)].shmem;
	const struct folio *old;
	struct folio *f;
	uint16_t before;
	uint32_t shadow;
	int nr_nodes = 0;

	if (order ? charge_folio(s, memcg, cpu, nr, gfp) : charge_page(s, memcg, cpu, gfp))
		return -ENOMEM;
	if (__builtin_expect(s->objcg != NULL, 0)) {
		nr_nodes = xa_reserve(s, slot, order, gfp);
		if (nr_nodes < 0) {
			uncharge_folio(s, memcg, nr);
			return -ENOMEM;
		}
	}
	/* an addition sleeps with invalidate_lock, for which truncate waits in the kernel */
	if (__builtin_expect(s->sched != NULL, 0) && why <= ADD_READAHEAD && beyond_end(s, slot))
		old = NULL;
	else
		old = find_conflict(s, slot, nr);
	if (__builtin_expect(!old, 0)) {
		if (nr_nodes)
			xa_unreserve(s, nr_nodes);
		uncharge_folio(s, memcg, nr);
		return -EEXIST;
	}
	before = old->flags;
	shadow = old->shadow;
	if (s->trees)
		xa_store_folio(s, slot, order);
	f = &s->folios[slot];
	/* shmem_swapin_folio() dirties, a zeroed page is clean until written */
	f->flags = (uint16_t)(PG_resident | (shmem ? PG_swapbacked : 0) |
			      (metadata ? PG_referenced : 0) |
			      (before & PG_swapcache ? PG_swapcache | PG_dirty : 0));
	f->mapcount = 0;
	if (several) {
		evicted = &s->memcg[old->memcg];
		f->memcg = (uint8_t)(memcg - s->memcg);
	}
	f->young = f->idle = false;
	if (order)
		folio_make_large(s, slot, order);
	filemap_added(s, slot, nr);
	count_vm(s, VM_sim_cache_adds, nr);
	if (shmem) {
		s->nr_shmem++;
	} else if (why != ADD_WRITE && of_file) {
		count_vm(s, VM_sim_fills, nr);
		f->flags |= PG_locked; /* until it is read */
		if (s->sched) {
			read_owe(s, fill_cost(&s->cfg.machine, nr));
			if (before & PG_shadow)
				f->flags |= PG_refault;
		}
	}
	if (__builtin_expect(s->log != NULL, 0))
		event_add(s, slot, why == ADD_READAHEAD ? EV_READAHEAD : EV_ADD, before);
	if ((before & PG_shadow) && why != ADD_WRITE)
		s->cfg.lru->refault(s, &memcg->lruvec, slot, &evicted->lruvec, shadow,
				    before & PG_workingset);
	folio_add_lru(s, cpu, slot);
	if (before & PG_swapcache) {
		/* shmem_swapin_folio() frees the swap slot */
		swap_cache_del_folio(s, slot);
		count_vm(s, VM_pswpin, 1);
	}
	return 0;
}

int filemap_add_folio(struct sim *s, unsigned int cpu, uint32_t slot, unsigned int order,
		      enum add_for why)
{
	if (__builtin_expect(s->nr_memcgs > 1, 0))
		return add_folio(s, cpu, slot, order, why, true);
	/* two copies: that for one page has no loops */
	return __builtin_expect(!order, 1) ? add_folio(s, cpu, slot, 0, why, false)
					   : add_folio(s, cpu, slot, order, why, false);
}

void filemap_track_cached(struct sim *s)
{
	if (s->cached)
		return;
	s->cached = g_new0(uint64_t, s->anon_first / 64 + 1);
	for (uint32_t slot = FOLIO_FIRST; slot < s->anon_first; slot++)
		if (s->folios[slot].flags & PG_resident)
			s->cached[slot / 64] |= 1ull << slot % 64;
}

void filemap_drop(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	const unsigned int order = f->order;
	const uint32_t nr = folio_nr_pages(f);
	struct mem_cgroup *memcg = folio_memcg(s, slot);
	uint16_t before = f->flags;

	free_buffers(s, slot);
	if (before & PG_lru)
		lruvec_del_folio(s, slot);
	if (!folio_evictable(f))
		free_mlocked(s, f);
	if (folio_test_large(f))
		folio_unmake_large(s, slot);
	*f = (struct folio){ 0 };
	filemap_removed(s, slot, nr, before);
	xa_erase_folio(s, slot, order);
	uncharge_folio(s, memcg, nr);
}

/* squashfs_readpage_block() */
static void read_block(struct sim *s, unsigned int cpu, uint32_t slot)
{
	const uint32_t block = s->cfg.machine.block_pages, file = slot_file(s, slot);
	const uint32_t base = file_slot(s, file, 0);
	uint32_t first = slot - base - (slot - base) % block, nr;

	if (first >= s->files[file].size)
		return;
	nr = MIN(block, s->files[file].size - first);
	/* add_ra_bio_folios() */
	if (s->cfg.machine.rest_of_block) {
		nr -= slot - base - first;
		first = slot - base;
	}
	for (uint32_t i = 0; i < nr; i++)
		if (!(s->folios[base + first + i].flags & PG_resident))
			filemap_add_folio(s, cpu, base + first + i, 0,
					  s->cfg.machine.rest_of_block ? ADD_READAHEAD
								       : ADD_NOWAIT);
	read_folios(s, base + first, nr);
}

static __attribute__((noinline)) void read_more(struct sim *s, unsigned int cpu, uint32_t slot)
{
	const uint32_t file = slot_file(s, slot), page = slot - file_slot(s, file, 0);

	if (s->erofs)
		erofs_readahead(s, cpu, file, page, page + 1);
	else
		read_block(s, cpu, slot);
}

void filemap_read_folio(struct sim *s, unsigned int cpu, uint32_t slot)
{
	if (__builtin_expect(s->cfg.machine.block_pages <= 1, 1))
		read_folios(s, slot, 1);
	else
		read_more(s, cpu, slot);
}

int filemap_fill_one(struct sim *s, unsigned int cpu, uint32_t slot)
{
	/* force_page_cache_ra(), and filemap_create_folio() where that fails */
	if (add_folio(s, cpu, slot, 0, ADD_READAHEAD, false) &&
	    filemap_add_folio(s, cpu, slot, 0, ADD_READ))
		return -ENOMEM;
	read_folios(s, slot, 1);
	flusher_runs(s);
	return 0;
}

/* shmem_file_read_iter(): no readahead, and every page is marked */
static int shmem_read(struct sim *s, unsigned int cpu, uint32_t file, uint32_t pgoff, uint64_t end)
{
	for (uint32_t slot = file_slot(s, file, pgoff); pgoff < end; pgoff++, slot++) {
		if (!(s->folios[slot].flags & PG_resident) &&
		    filemap_add_folio(s, cpu, slot, 0, ADD_READ) == -ENOMEM)
			return -ENOMEM;
		s->cfg.lru->mark_accessed(s, cpu, slot);
	}
	return 0;
}

/*
 * The pages [@at, @last) of a read are cached; a timed run must wait for those that are being
 * read. Return: the end of the pages that can be copied, or -EINTR. A page may have been
 * evicted meanwhile if its reference count was saturated, so check again.
 */
static int64_t wait_for_batch(struct sim *s, uint32_t base, uint64_t at, uint64_t last)
{
	for (uint64_t i = at; i < last; i++) {
		const uint32_t head = folio_head(s->folios, base + (uint32_t)i);

		if (s->folios[head].flags & PG_locked && folio_wait_locked_killable(s, head))
			return -EINTR;
	}
	for (uint64_t i = at; i < last; i++)
		if (!(s->folios[base + i].flags & PG_resident))
			return (int64_t)i;
	return (int64_t)last;
}

/* struct folio_batch of a read: the folios up to page @last, which is the first page that is
 * not in it */
struct read_batch {
	uint64_t last;
	uint32_t last_head;
	uint16_t flags; /* PG_readahead and PG_locked of the last folio */
};

/* filemap_get_read_batch(): of the pages [@at, @end) of a file, the first of which is there */
static inline struct read_batch get_read_batch(const struct sim *s, uint32_t base, uint64_t at,
					       uint64_t end)
{
	const struct folio *folios = s->folios + base;
	struct read_batch b = { .last = at };

	for (unsigned int nr = FOLIO_BATCH_SIZE; nr; nr--) {
		const struct folio *f = &folios[b.last];

		if (!(f->flags & PG_resident))
			break;
		b.last_head = base + (uint32_t)b.last++;
		if (__builtin_expect(f->order, 0)) {
			b.last_head = folio_head(s->folios, b.last_head);
			f = &s->folios[b.last_head];
			b.last = MIN(b.last_head - base + folio_nr_pages(f), end);
		}
		b.flags = f->flags & (PG_readahead | PG_locked);
		if (b.flags || b.last >= end)
			break;
	}
	return b;
}

/*
 * Handle the last folio of @b, which triggers readahead or is being read; the batch holds
 * references meanwhile. Return: the end of the pages that can be copied, or -EINTR.
 */
static int64_t read_and_wait(struct sim *s, unsigned int cpu, struct file_open *open, uint64_t at,
			     uint64_t end, const struct read_batch *b)
{
	const uint32_t base = file_slot(s, open->file, 0);
	const unsigned int held = s->held->nr;
	int64_t there = (int64_t)b->last;

	for (uint64_t i = at; i < b->last;) {
		const uint32_t head = folio_head(s->folios, base + (uint32_t)i);

		folio_hold(s, head);
		i = head - base + folio_nr_pages(&s->folios[head]);
	}
	if (b->flags & PG_readahead)
		page_cache_async_ra(s, cpu, open, b->last_head - base,
				    (uint32_t)(end - (b->last_head - base)));
	if (s->sched)
		there = wait_for_batch(s, base, at, b->last);
	folio_unhold(s, held);
	return there;
}

/* Mark the large folio of page @at. Return: the first page after it, at most @end. */
static uint64_t mark_large(struct sim *s, unsigned int cpu, uint32_t base, uint64_t at,
			   uint64_t prev_end, uint64_t end)
{
	const uint32_t head = folio_head(s->folios, base + (uint32_t)at);
	const uint8_t order = s->folios[head].order;

	if (at >> order != (prev_end - 1) >> order)
		s->cfg.lru->mark_accessed(s, cpu, head);
	return MIN(((at >> order) + 1) << order, end);
}

int filemap_read(struct sim *s, unsigned int cpu, struct file_open *open, uint32_t pgoff,
		 uint32_t pages)
{
	uint64_t end = MIN((uint64_t)pgoff + pages, (uint64_t)s->files[open->file].size);
	uint64_t at = pgoff, prev_end = open->prev_end;
	uint32_t base = file_slot(s, open->file, 0);

	count_vm(s, VM_sim_accesses, pages);
	if (s->files[open->file].shmem)
		return shmem_read(s, cpu, open->file, pgoff, end);
	while (at < end) {
		/* filemap_get_pages(): a batch ends at a hole, after a folio that
		 * carries the readahead mark, or when it is full */
		uint64_t batch_end = end;
		struct read_batch b;

		if (!(s->folios[base + at].flags & PG_resident)) {
			page_cache_sync_ra(s, cpu, open, (uint32_t)at, (uint32_t)(end - at));
			if (!(s->folios[base + at].flags & PG_resident)) {
				/* filemap_create_folio() */
				int ret =
					filemap_add_folio(s, cpu, base + (uint32_t)at, 0, ADD_READ);

				/* while this task slept the file may have become shorter */
				end = MIN(end, (uint64_t)s->files[open->file].size);
				if (ret == -EEXIST)
					continue;
				if (ret)
					return ret;
				filemap_read_folio(s, cpu, base + (uint32_t)at);
				batch_end = at + 1;
			}
		}
		b = get_read_batch(s, base, at, batch_end);
		if (__builtin_expect(b.flags, 0)) {
			int64_t there = read_and_wait(s, cpu, open, at, end, &b);

			if (there < 0)
				return -EINTR;
			b.last = (uint64_t)there;
		}
		/* pos_same_folio(): a folio read twice in a row counts once */
		for (; at < b.last; prev_end = at) {
			const uint32_t slot = base + (uint32_t)at;

			if (__builtin_expect(s->folios[slot].order, 0)) {
				at = mark_large(s, cpu, base, at, prev_end, end);
			} else {
				if (at + 1 != prev_end)
					s->cfg.lru->mark_accessed(s, cpu, slot);
				at++;
			}
		}
	}
	/* filemap_read() sets ra->prev_pos at its end, so readahead uses the old value */
	open->prev_end = prev_end;
	return 0;
}

/*
 * __filemap_get_folio() of write_begin(): a folio as large as what is to be written,
 * if alignment and memory allow it. Return: 0, -ENOMEM, -EEXIST.
 */
static int write_add_folio(struct sim *s, unsigned int cpu, uint32_t file, uint32_t pgoff,
			   uint32_t pages)
{
	unsigned int order =
		MIN(mapping_max_folio_order(s, file), (unsigned int)g_bit_storage(pages) - 1);
	const bool shmem = s->files[file].shmem;
	int ret;

	if (pgoff & ((1u << order) - 1))
		order = (unsigned int)__builtin_ctz(pgoff);
	for (;; order--) {
		ret = filemap_add_folio(s, cpu, file_slot(s, file, pgoff), order,
					shmem ? ADD_SHMEM : ADD_WRITE);
		if (!ret || !order)
			return ret;
	}
}

int filemap_write(struct sim *s, unsigned int cpu, struct file_open *open, uint32_t pgoff,
		  uint32_t pages)
{
	const uint32_t base = file_slot(s, open->file, 0), end = pgoff + pages;
	const uint32_t chunk = 1u << mapping_max_folio_order(s, open->file);
	bool shmem = s->files[open->file].shmem;

	count_vm(s, VM_sim_accesses, pages);
	if (ext4_dirty_inode(s, cpu, open->file))
		return -ENOMEM;
	while (pgoff < end) {
		/* generic_perform_write(): no piece goes beyond a multiple of the largest folio */
		const uint32_t len = MIN(end - pgoff, chunk - pgoff % chunk);
		uint32_t head;

		if (fatal_signal_pending(s))
			return -EINTR;
		do {
			if (!(s->folios[base + pgoff].flags & PG_resident) &&
			    write_add_folio(s, cpu, open->file, pgoff, len) == -ENOMEM)
				return -ENOMEM;
			head = folio_head(s->folios, base + pgoff);
			/* write_begin() locks it */
			if ((s->folios[head].flags & PG_locked) &&
			    folio_wait_locked_killable(s, head))
				return -EINTR;
			if (!shmem && (s->folios[head].flags & PG_resident))
				create_buffers(s, head);
		} while (!(s->folios[base + pgoff].flags & PG_resident));
		head = folio_head(s->folios, base + pgoff);
		if (shmem) {
			/* shmem_get_folio(SGP_WRITE), shmem_write_end() */
			s->cfg.lru->mark_accessed(s, cpu, head);
			folio_mark_dirty(s, head);
		} else {
			/* ext4's write_begin does not mark; FGP_WRITE */
			s->folios[head].idle = false;
			mark_buffer_dirty(s, head);
		}
		pgoff = MIN(head - base + folio_nr_pages(&s->folios[head]), pgoff + len);
		/* write_end() */
		if (pgoff > s->files[open->file].size) {
			s->files[open->file].size = pgoff;
			s->files[open->file].inode_dirty = true;
			s->files[open->file].delalloc = !shmem;
		}
	}
	return 0;
}

/* Drop the folio or shadow at @slot, by a task on CPU 0. Return: the slot after it. */
static uint32_t drop_one(struct sim *s, uint32_t file, uint32_t slot, bool shmem)
{
	const struct folio *f = &s->folios[slot];
	const uint32_t nr = folio_nr_pages(f);

	if (f->flags & PG_shadow)
		/* a tmpfs page has its content in swap */
		return shmem ? slot + 1 : clear_shadow_entry(s, file, slot);
	if ((f->flags & (PG_resident | PG_locked)) == PG_resident &&
	    !mapping_evict_folio(s, slot, 0, EV_DROP))
		deactivate_file_folio(s, 0, slot);
	return slot + nr;
}

static void drop_metadata(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (f->flags & PG_shadow) {
		xa_erase_shadow(s, slot);
		*f = (struct folio){ 0 };
	} else {
		drop_one(s, 0, slot, false);
	}
}

void drop_pagecache(struct sim *s)
{
	count_vm(s, VM_drop_pagecache, 1);
	lru_add_drain_all(s);
	for (uint32_t i = 0; i < s->trace->nr_files; i++) {
		const struct trace_file *tf = &s->trace->files[i];

		for (uint32_t slot = file_slot(s, i, 0); slot < file_slot(s, i, tf->pages);)
			slot = drop_one(s, i, slot, s->files[i].shmem);
	}
	for (uint32_t slot = s->meta_first; slot < s->anon_first; slot++)
		drop_metadata(s, slot);
}
