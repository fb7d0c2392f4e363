/* SPDX-License-Identifier: GPL-2.0-only */
/* Which page a slot of the folio table is. */
#ifndef REAPSIM_SLOTS_H
#define REAPSIM_SLOTS_H

#include "sim/state.h"

/** What slot_file() needs to know; freed by slots_free(). */
void slots_init(struct sim *s);
void slots_free(struct sim *s);

static inline bool slot_is_anon(const struct sim *s, uint32_t slot)
{
	return slot >= s->anon_first;
}

static inline uint32_t file_slot(const struct sim *s, uint32_t file, uint32_t pgoff)
{
	return FOLIO_FIRST + s->trace->files[file].first + pgoff;
}

/** Pages of the file system's own are named after it. */
static inline bool slot_is_metadata(const struct sim *s, uint32_t slot)
{
	return slot >= s->meta_first && slot < s->anon_first;
}

/** The file a file slot belongs to; trace->nr_files: metadata. */
uint32_t slot_file(const struct sim *s, uint32_t slot);

#endif
