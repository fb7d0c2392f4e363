// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/truncate.c (mapping_try_invalidate(), mapping_evict_folio()) and
 * find_lock_entries() of mm/filemap.c.
 *
 * Approximation: the order of a shadow is not known. One that only partly lies in the range
 * should stay; here a shadow is a page, or 64 pages where the folio was that large.
 */
#include "sim/mm/truncate.h"

#include <string.h>

#include "sim/mm/batch.h"
#include "sim/mm/event.h"
#include "sim/mm/filemap.h"
#include "sim/mm/large.h"
#include "sim/mm/xarray.h"

uint32_t mapping_evict_folio(struct sim *s, uint32_t slot)
{
	const struct folio *f = &s->folios[slot];
	const uint32_t nr = folio_nr_pages(f);
	const uint16_t before = f->flags;

	if ((before & PG_dirty) || f->mapcount || folio_extra_refs(s, slot))
		return 0;
	filemap_drop(s, slot);
	note(s, slot, DROP, before);
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
	const uint32_t dropped = mapping_evict_folio(s, slot);

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
