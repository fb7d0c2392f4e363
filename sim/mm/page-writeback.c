// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages of files and their writeback: v7.3 mm/page-writeback.c and
 * fs/fs-writeback.c in a simple form. Of the flusher's work only this matters to the
 * LRU: it drains the batches of its CPU and cleans PTEs, and what reclaim waited for is rotated.
 *
 * Approximations: writeback is instant. It starts when reclaim finds nothing but dirty pages,
 * when dirty pages pass the background ratio, and when they have been dirty for
 * dirty_expire_ms. Writers are not throttled, so memory full of dirty pages costs less here
 * than on a real machine. The background ratio is taken of free and page-cache pages; the
 * kernel takes the file LRU instead of the page cache.
 */
#include "sim/mm/page-writeback.h"

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/event.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/rmap.h"
#include "sim/mm/task.h"

struct dirty_entry {
	uint32_t slot;
	uint64_t since_ns;
};

void writeback_init(struct sim *s)
{
	s->writeback = g_new0(struct writeback, 1);
	s->writeback->entries = g_array_new(FALSE, FALSE, sizeof(struct dirty_entry));
}

void writeback_free(struct sim *s)
{
	g_array_free(s->writeback->entries, TRUE);
	g_free(s->writeback);
}

void mark_buffer_dirty(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	struct writeback *wb = s->writeback;
	struct dirty_entry e = { slot, s->clock.now_ns };
	uint64_t background;

	if (f->flags & PG_dirty)
		return;
	f->flags |= PG_dirty;
	if (f->flags & (PG_swapbacked | PG_anon))
		return;
	wb->nr_dirty += folio_nr_pages(f);
	count_vm(s, VM_nr_dirtied, folio_nr_pages(f));
	g_array_append_val(wb->entries, e);
	/* balance_dirty_pages() starts the flusher at the background ratio */
	background =
		(free_pages(s) + s->nr_file_pages) * s->cfg.machine.dirty_background_ratio / 100;
	wb->wanted |= wb->nr_dirty > background;
}

void folio_mark_dirty(struct sim *s, uint32_t slot)
{
	s->folios[slot].flags &= (uint16_t)~PG_reclaim;
	mark_buffer_dirty(s, slot);
}

void flush_dirty(struct sim *s, uint64_t age_ns)
{
	struct writeback *wb = s->writeback;
	const struct dirty_entry *e;
	guint n = wb->head;
	bool drained = false;

	for (; n < wb->entries->len; n++) {
		struct folio *f;
		uint16_t before;

		e = &g_array_index(wb->entries, struct dirty_entry, n);
		if (e->since_ns + age_ns > s->clock.now_ns)
			break;
		f = &s->folios[e->slot];
		if (!(f->flags & PG_resident) || !(f->flags & PG_dirty))
			continue; /* cleaned since */
		if (!drained) {
			/* folio_batch_release() of mpage_prepare_extent_to_map() */
			lru_add_drain_cpu(s, idle_cpu(s));
			drained = true;
		}
		before = f->flags;
		if (f->mapcount)
			folio_mkclean(s, e->slot);
		f->flags &= (uint16_t) ~(PG_dirty | PG_reclaim);
		wb->nr_dirty -= folio_nr_pages(f);
		count_vm(s, VM_nr_written, folio_nr_pages(f));
		/* folio_end_writeback(): reclaim waited for it */
		if ((before & PG_reclaim) && (before & PG_lru)) {
			s->cfg.lru->move_tail(s, folio_lruvec(s, e->slot), e->slot);
			count_vm(s, VM_pgrotated, folio_nr_pages(f));
			note(s, e->slot, ROTATE_RECLAIM, before);
		}
	}
	wb->head = n;
	if (n == wb->entries->len || n > 1 << 20) {
		g_array_remove_range(wb->entries, 0, n);
		wb->head = 0;
	}
	wb->wanted = false;
}

void flusher_tick(struct sim *s, uint64_t from_ns)
{
	const uint64_t period = s->cfg.machine.dirty_writeback_ms * 1000000ull;

	/* it looked at the last full period, not now */
	if (s->writeback->entries->len && from_ns / period != s->clock.now_ns / period)
		flush_dirty(s,
			    s->cfg.machine.dirty_expire_ms * 1000000ull + s->clock.now_ns % period);
}
