/* SPDX-License-Identifier: GPL-2.0-only */
/* Dirty pages of files: v7.3 mm/page-writeback.c, fs/fs-writeback.c. */
#ifndef REAPSIM_PAGE_WRITEBACK_H
#define REAPSIM_PAGE_WRITEBACK_H

#include "sim/state.h"

/**
 * struct writeback - the dirty pages of files, tmpfs apart
 * @entries: in the order in which they were dirtied; those before @head are done, and void
 *	ones are skipped
 * @nr_dirty: pages, the level of /proc/vmstat
 * @wanted: the flusher was woken: they passed a limit, or reclaim of a memcg found nothing
 *	else. flusher_runs() flushes
 */
struct writeback {
	GArray *entries;
	guint head;
	GHashTable *stale; /* slot -> how many of its entries, from the first, are void */
	uint64_t nr_dirty;
	bool wanted;
};

/** Allocate and free s->writeback. */
void writeback_init(struct sim *s);
void writeback_free(struct sim *s);

/** folio_mark_dirty() of a file page. */
void folio_mark_dirty(struct sim *s, uint32_t slot);
/** The same by its file system: leaves PG_reclaim alone. */
void mark_buffer_dirty(struct sim *s, uint32_t slot);
/** The flusher writes what was dirtied at least @age_ns ago. */
void flush_dirty(struct sim *s, uint64_t age_ns);
/** The current task sleeps, so that a flusher that was woken gets the CPU. */
static inline void flusher_runs(struct sim *s)
{
	if (__builtin_expect(s->writeback->wanted, 0))
		flush_dirty(s, 0);
}
/** Wake the flusher. If reclaim is a memcg's it runs when the task sleeps, else at once. */
void wakeup_flusher_threads(struct sim *s, const struct scan_control *sc);
/** folio_cancel_dirty(): nobody needs what is in it any more. */
void folio_cancel_dirty(struct sim *s, uint32_t slot);
/** filemap_fdatawrite_range(): a task on @cpu writes the dirty ones of the pages
 * [@first, @last] of a file. @written: NULL, or gets the slot of each folio. Return: pages. */
uint64_t filemap_fdatawrite_range(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first,
				  uint32_t last, GArray *written);
/** vfs_fsync(): write them all and wait for the device. */
void vfs_fsync(struct sim *s, unsigned int cpu, uint32_t file);
/** Time has passed: the flusher's periodic work. */
void flusher_tick(struct sim *s, uint64_t from_ns);

#endif
