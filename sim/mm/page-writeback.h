/* SPDX-License-Identifier: GPL-2.0-only */
/* Dirty pages of files: v7.3 mm/page-writeback.c, fs/fs-writeback.c. */
#ifndef REAPSIM_PAGE_WRITEBACK_H
#define REAPSIM_PAGE_WRITEBACK_H

#include "sim/state.h"

/**
 * struct writeback - the dirty pages of files, tmpfs apart
 * @entries: in the order in which they were dirtied; those before @head are done
 * @nr_dirty: pages, the level of /proc/vmstat
 * @wanted: they passed the background ratio; the next fill or operation flushes
 */
struct writeback {
	GArray *entries;
	guint head;
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
/** Time has passed: the flusher's periodic work. */
void flusher_tick(struct sim *s, uint64_t from_ns);

#endif
