/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages leave the page cache because somebody asks for it: v7.3 mm/truncate.c. */
#ifndef REAPSIM_TRUNCATE_H
#define REAPSIM_TRUNCATE_H

#include "sim/mm/event.h"
#include "sim/state.h"

/**
 * mapping_evict_folio - drop the folio @slot, in the cache, if it is clean and nobody uses it.
 * @refs: references that the caller holds to it
 * @rule: what is noted if it is dropped
 * Return: its number of pages, or 0.
 */
uint32_t mapping_evict_folio(struct sim *s, uint32_t slot, uint32_t refs, enum event_rule rule);
/** clear_shadow_entries() of one shadow, of which @slot is a page. Return: the slot after it. */
uint32_t clear_shadow_entry(struct sim *s, uint32_t file, uint32_t slot);

/**
 * mapping_try_invalidate - drop what is clean and unused of the pages [@first, @last] of a
 * file, and their shadows; the rest goes to where reclaim begins. By a task on @cpu.
 * @nr_failed: counts the folios that stay; may be NULL
 * Return: the number of pages dropped, and of shadows.
 */
uint64_t mapping_try_invalidate(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first,
				uint32_t last, uint64_t *nr_failed);
/** The same without counting. */
uint64_t invalidate_mapping_pages(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first,
				  uint32_t last);

/** truncate_setsize(): a file has @size pages from now on; those behind are unmapped and dropped,
 * dirty or not. */
void truncate_setsize(struct sim *s, unsigned int cpu, uint32_t file, uint32_t size);
/** truncate_inode_pages_final() of a file that nobody can open any more. */
void truncate_inode_pages_final(struct sim *s, unsigned int cpu, uint32_t file);

#endif
