/* SPDX-License-Identifier: GPL-2.0-only */
/* From a slot of the folio table to its file. */
#ifndef REAPSIM_SLOTS_H
#define REAPSIM_SLOTS_H

#include "sim/state.h"

static inline bool slot_is_anon(const struct sim *s, uint32_t slot)
{
	return slot >= s->anon_first;
}

static inline uint32_t file_slot(const struct sim *s, uint32_t file, uint32_t pgoff)
{
	return FOLIO_FIRST + s->trace->files[file].first + pgoff;
}

/** Return: true if @slot is no page of a file: metadata of the file system, or a page that it
 * has beyond the end of a file. */
static inline bool slot_is_metadata(const struct sim *s, uint32_t slot)
{
	return slot >= s->meta_first && slot < s->anon_first;
}

/** The index of the file that @slot belongs to; trace->nr_files for metadata. */
static inline uint32_t slot_file(const struct sim *s, uint32_t slot)
{
	return slot_is_metadata(s, slot) ? s->trace->nr_files
					 : trace_page_file(s->trace, slot - FOLIO_FIRST);
}

/** Are both of one file, both metadata, or both anonymous? */
static inline bool slots_same_file(const struct sim *s, uint32_t a, uint32_t b)
{
	return slot_is_anon(s, a) == slot_is_anon(s, b) &&
	       (slot_is_anon(s, a) || slot_file(s, a) == slot_file(s, b));
}

#endif
