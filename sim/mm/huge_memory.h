/* SPDX-License-Identifier: GPL-2.0-only */
/* File folios of a whole page table, mapped by their PMD: v7.3 mm/huge_memory.c. */
#ifndef REAPSIM_HUGE_MEMORY_H
#define REAPSIM_HUGE_MEMORY_H

#include "sim/mm/mm.h"

#define HPAGE_PMD_ORDER 9

/**
 * do_set_pmd - map folio @head by the PMD entry that has @vpn, if that is possible.
 * @file_pages: what of the file may be mapped so
 * @write: the fault writes, and may
 * Return: is it mapped?
 */
bool do_set_pmd(struct sim *s, struct vma *vma, uint32_t vpn, uint32_t head, uint32_t file_pages,
		bool write);
/** __split_huge_pmd(): of a file, that unmaps all of the folio there; nothing happens if it
 * is not mapped by its PMD. */
void split_huge_pmd(struct sim *s, struct vma *vma, uint32_t vpn);
/** Has somebody written through the PMD entry? */
bool pmd_dirty(const struct pte_table *pt);
/** The PMD entry is cleared; its rmap is left to the caller. */
void pmd_clear(struct pte_table *pt);

#endif
