// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/truncate.c (mapping_try_invalidate(), mapping_evict_folio(),
 * truncate_setsize(), truncate_inode_pages_range(), truncate_inode_partial_folio()),
 * find_lock_entries() of mm/filemap.c, and shmem_undo_range() of mm/shmem.c.
 *
 * Approximations: the order of a shadow is not known. One that only partly lies in the range
 * should stay, or go as a whole with truncate; here a shadow is a page, or 64 pages where the
 * folio was that large. A truncated folio that waits in the batch of another CPU is freed at
 * once.
 */
#include "sim/mm/truncate.h"

#include <string.h>

#include "sim/mm/batch.h"
#include "sim/mm/event.h"
#include "sim/mm/filemap.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/io.h"
#include "sim/mm/large.h"
#include "sim/mm/mmu_gather.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/rmap.h"
#include "sim/mm/swap.h"
#include "sim/mm/task.h"
#include "sim/mm/xarray.h"
#include "sim/mm/zap.h"

uint32_t mapping_evict_folio(struct sim *s, uint32_t slot, uint32_t refs, enum event_rule rule)
{
	const struct folio *f = &s->folios[slot];
	const uint32_t nr = folio_nr_pages(f);
	const uint16_t before = f->flags;

	if ((before & PG_dirty) || f->mapcount || folio_extra_refs(s, slot) > refs)
		return 0;
	filemap_drop(s, slot);
	if (__builtin_expect(s->log != NULL, 0))
		event_add(s, slot, rule, before);
	return nr;
}

uint32_t clear_shadow_entry(struct sim *s, uint32_t file, uint32_t slot)
{
	const uint32_t nr = xa_erase_shadow(s, slot), base = file_slot(s, file, 0);

	slot -= (slot - base) % nr;
	memset(&s->folios[slot], 0, nr * sizeof(*s->folios));
	return slot + nr;
}

/* struct folio_batch, as far as it matters when it is released */
struct entries {
	unsigned int nr;
	bool has_folios, drained;
};

/* folio_batch_release(): the first one drains the batches of this CPU */
static void entries_release(struct sim *s, unsigned int cpu, struct entries *e)
{
	if (e->has_folios && !e->drained) {
		lru_add_drain_cpu(s, cpu);
		e->drained = true;
	}
	e->nr = 0;
	e->has_folios = false;
}

/* a folio of find_lock_entries(), of @nr pages. Return: how many of them are dropped. */
static uint32_t invalidate_folio(struct sim *s, unsigned int cpu, uint32_t slot,
				 uint64_t *nr_failed)
{
	const uint32_t dropped = mapping_evict_folio(s, slot, 0, EV_DROP);

	if (!dropped) {
		deactivate_file_folio(s, cpu, slot);
		if (nr_failed)
			++*nr_failed;
	}
	return dropped;
}

uint64_t mapping_try_invalidate(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first,
				uint32_t last, uint64_t *nr_failed)
{
	const struct trace_file *tf = &s->trace->files[file];
	const uint32_t base = file_slot(s, file, 0);
	const uint32_t begin = base + first, end = base + MIN(last, tf->pages - 1) + 1;
	struct entries e = { 0 };
	uint64_t count = 0;

	for (uint32_t slot = begin, next; slot < end; slot = next) {
		const uint16_t flags = s->folios[slot].flags;

		next = slot + 1;
		if (flags & PG_resident) {
			const uint32_t head = folio_head(s->folios, slot);

			next = head + folio_nr_pages(&s->folios[head]);
			if (head < begin || next > end || s->folios[head].flags & PG_locked)
				continue;
			count += invalidate_folio(s, cpu, head, nr_failed);
			e.has_folios = true;
		} else if (flags & PG_shadow) {
			/* a tmpfs page has its content in swap, and that stays */
			if (!s->files[file].shmem)
				next = clear_shadow_entry(s, file, slot);
			count++;
		} else {
			continue;
		}
		if (++e.nr == FOLIO_BATCH_SIZE)
			entries_release(s, cpu, &e);
	}
	entries_release(s, cpu, &e);
	return count;
}

uint64_t invalidate_mapping_pages(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first,
				  uint32_t last)
{
	return mapping_try_invalidate(s, cpu, file, first, last, NULL);
}

/* truncate_inode_folio(), and what else has a reference to it forgets it */
static void truncate_inode_folio(struct sim *s, uint32_t slot)
{
	const uint16_t before = s->folios[slot].flags;

	/* mapped again since unmap_mapping_pages() */
	if (s->folios[slot].mapcount)
		try_to_unmap(s, slot, true);
	if (folio_extra_refs(s, slot)) {
		folio_batches_forget(s, slot);
		tasks_forget_held(s, slot);
		mmu_gathers_forget(s, slot);
	}
	folio_cancel_dirty(s, slot);
	if (before & PG_swapcache)
		swap_cache_del_folio(s, slot);
	filemap_drop(s, slot);
	note(s, slot, TRUNCATE, before);
}

/* The page @slot is the first that goes, and in a folio that begins before it. */
static void truncate_partial_folio(struct sim *s, uint32_t slot)
{
	const uint32_t head = folio_head(s->folios, slot);
	const uint32_t end = head + folio_nr_pages(&s->folios[head]);

	if (!folio_split(s, head, slot)) {
		for (uint32_t nr; slot < end; slot += nr) {
			nr = folio_nr_pages(&s->folios[slot]);
			truncate_inode_folio(s, slot);
		}
		return;
	}
	/* folio_split_or_unmap() */
	try_to_unmap(s, head, true);
	if (!(s->folios[head].flags & PG_dirty))
		truncate_inode_folio(s, head);
}

/* Return: the slot after the folio or shadow at @slot, which is gone. */
static uint32_t truncate_one(struct sim *s, uint32_t file, uint32_t slot)
{
	const struct folio *f = &s->folios[slot];
	const uint32_t nr = folio_nr_pages(f);

	if (f->flags & PG_shadow) {
		if (!(f->flags & PG_swapcache))
			return clear_shadow_entry(s, file, slot);
		/* shmem_free_swap() */
		swap_cache_del_folio(s, slot);
		xa_erase_shadow(s, slot);
		s->folios[slot] = (struct folio){ 0 };
	} else if (f->flags & PG_resident) {
		truncate_inode_folio(s, slot);
	}
	return slot + nr;
}

/* truncate_inode_pages_range(), shmem_undo_range(): pages [@first, @end), to the end of the file */
static void truncate_inode_pages(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first,
				 uint32_t end)
{
	const uint32_t base = file_slot(s, file, 0), begin = base + first, stop = base + end;
	bool drained = false;

	for (uint32_t slot = begin; slot < stop;) {
		if (s->folios[slot].flags & PG_resident) {
			const uint32_t head = folio_head(s->folios, slot);

			if (s->folios[head].flags & PG_locked) {
				folio_wait_locked(s, head);
				continue;
			}
			if (head < begin) {
				slot = head + folio_nr_pages(&s->folios[head]);
				continue;
			}
			/* folio_batch_release(), when the first folios are gone */
			if (!drained)
				lru_add_drain_cpu(s, cpu);
			drained = true;
		}
		slot = truncate_one(s, file, slot);
	}
	if (begin < stop && (s->folios[begin].flags & PG_resident))
		truncate_partial_folio(s, begin);
}

void truncate_setsize(struct sim *s, unsigned int cpu, uint32_t file, uint32_t size)
{
	/* a dirty folio may go beyond the end, since that was last set */
	const uint32_t end = s->trace->files[file].pages, old = s->files[file].size;

	s->files[file].size = size;
	s->files[file].inode_dirty = true;
	if (size >= old)
		return;
	unmap_mapping_pages(s, file, size);
	truncate_inode_pages(s, cpu, file, size, end);
}

void truncate_inode_pages_final(struct sim *s, unsigned int cpu, uint32_t file)
{
	truncate_inode_pages(s, cpu, file, 0, s->trace->files[file].pages);
}
