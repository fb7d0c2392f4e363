/* SPDX-License-Identifier: GPL-2.0-only */
/* From a folio to the PTEs that map it: v7.3 mm/rmap.c. */
#ifndef REAPSIM_RMAP_H
#define REAPSIM_RMAP_H

#include "sim/mm/slots.h"
#include "sim/state.h"

/** folio_add_file_rmap_pte(), folio_add_new_anon_rmap(): count a PTE that maps the folio. */
static inline void folio_add_rmap(struct sim *s, uint32_t slot)
{
	if (!s->folios[slot].mapcount++)
		s->nr_mapped[slot_is_anon(s, slot)]++;
}

/** folio_remove_rmap_pte(): uncount a PTE that mapped the folio. */
static inline void folio_remove_rmap(struct sim *s, uint32_t slot)
{
	if (!--s->folios[slot].mapcount)
		s->nr_mapped[slot_is_anon(s, slot)]--;
}

#define REFERENCED_LOCKED (-2)

/**
 * folio_referenced - test and clear the young bits of all PTEs.
 * @exec: set if a VMA that referenced the folio is executable
 * Return: the number of VMAs that referenced it; -1 for an anon folio that only
 * a dying or reaped process maps and that is not worth swapping out; or REFERENCED_LOCKED if a
 * VM_LOCKED VMA maps it, for which it is locked now.
 */
int folio_referenced(struct sim *s, uint32_t slot, bool *exec);
/** Make the PTEs of the folio old, whatever their VMAs. Return: was any young? */
bool folio_clear_young_ptes(struct sim *s, uint32_t slot);
/** Return: is any PTE of the folio young? */
bool folio_has_young_pte(struct sim *s, uint32_t slot);
/** try_to_unmap(): drop every PTE. A dirty PTE makes the folio dirty, an anon PTE
 * becomes a swap entry. VM_LOCKED VMAs keep theirs unless @ignore_mlock (TTU_IGNORE_MLOCK); then
 * the folio is locked. */
void try_to_unmap(struct sim *s, uint32_t slot, bool ignore_mlock);
/** folio_mkclean(): make PTEs clean and write-protected before writeback. */
void folio_mkclean(struct sim *s, uint32_t slot);

#endif
