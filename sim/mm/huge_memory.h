/* SPDX-License-Identifier: GPL-2.0-only */
/* PMD-sized file folios, mapped by a PMD entry: v7.3 mm/huge_memory.c. */
#ifndef REAPSIM_HUGE_MEMORY_H
#define REAPSIM_HUGE_MEMORY_H

#include "sim/mm/mm.h"

#define HPAGE_PMD_ORDER 9

/**
 * do_set_pmd - map folio @head by the PMD entry that covers @vpn, if possible.
 * @file_pages: number of the file's pages that a PMD may map
 * @write: true if the fault writes and is allowed to
 * Return: true if the folio is mapped by the PMD entry now.
 */
bool do_set_pmd(struct sim *s, struct vma *vma, uint32_t vpn, uint32_t head, uint32_t file_pages,
		bool write);
/** __split_huge_pmd(): for a file folio this unmaps the whole folio there. Does nothing if
 * the PMD entry at @vpn maps no folio. */
void split_huge_pmd(struct sim *s, struct vma *vma, uint32_t vpn);
/**
 * split_folio - split a large file folio into single pages, which are unmapped afterwards.
 * They stay on its list, next to its place. Return: 0; -EBUSY, -EAGAIN or -ENOMEM: it can not be
 * split now.
 */
int split_folio(struct sim *s, uint32_t head);
/** folio_split(): the same, but only the half with @split_at is split again, and so on, until that
 * is a single page. FOLIO_NONE: as split_folio(). */
int folio_split(struct sim *s, uint32_t head, uint32_t split_at);
/** Return: true if the PMD entry is dirty. */
bool pmd_dirty(const struct pte_table *pt);
/** Clear the PMD entry. The caller removes the rmap. */
void pmd_clear(struct pte_table *pt);

#endif
