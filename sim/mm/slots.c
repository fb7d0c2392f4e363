// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a trace lie back to back in the folio table. The search for the file of
 * a slot starts from a hint: the file at the start of the slot's block of 1024.
 */
#include "sim/mm/slots.h"

#define FILE_HINT_SHIFT 10

uint32_t slot_file(const struct sim *s, uint32_t slot)
{
	uint32_t page = slot - FOLIO_FIRST, file;
	const struct trace_file *files = s->trace->files;

	if (slot_is_metadata(s, slot))
		return s->trace->nr_files;
	file = s->file_hint[page >> FILE_HINT_SHIFT];
	while (page - files[file].first >= files[file].pages)
		file++;
	return file;
}

void slots_init(struct sim *s)
{
	const struct trace *t = s->trace;
	uint64_t n = (t->nr_file_pages >> FILE_HINT_SHIFT) + 1;
	uint32_t file = 0;

	s->file_hint = g_new0(uint32_t, n);
	for (uint64_t i = 0; i < n && file < t->nr_files; i++) {
		uint64_t page = i << FILE_HINT_SHIFT;

		while (file + 1 < t->nr_files &&
		       (uint64_t)t->files[file].first + t->files[file].pages <= page)
			file++;
		s->file_hint[i] = file;
	}
}

void slots_free(struct sim *s)
{
	g_free(s->file_hint);
}
