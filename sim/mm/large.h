/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State that only large folios have: v7.3 include/linux/rmap.h, with CONFIG_MM_ID.
 */
#ifndef REAPSIM_LARGE_H
#define REAPSIM_LARGE_H

#include "sim/mm/rmap.h"
#include "sim/state.h"

struct pte_table;

/**
 * struct large_folio - the record of one large folio
 * @mm, @mm_mapcount: _mm_id[], _mm_id_mapcount[]: two address spaces that map it,
 *	and the number of their PTEs minus one; NULL: the place is free
 * @first_mapcount: PTEs that map its first page; the records of the other pages have theirs
 * @entire_mapcount: _entire_mapcount: PMDs that map all of it
 * @nr_gathered: references that mmu_gathers hold, one for each page that they unmapped
 * @next: the next free record, 0 ends them; that of record 0 is the first
 */
struct large_folio {
	const struct mm *mm[2];
	int32_t mm_mapcount[2];
	uint32_t first_mapcount;
	uint32_t entire_mapcount;
	uint32_t nr_gathered;
	uint32_t next;
};

/** The record of a large folio. The pointer is valid until the next large folio is made. */
static inline struct large_folio *folio_large(const struct sim *s, uint32_t head)
{
	return &g_array_index(s->large, struct large_folio, s->folios[head + 1].pos);
}

/** Allocate s->large, with record 0 only. */
void large_init(struct sim *s);
/** prep_compound_page(): make @head, which is resident, a folio of 2^@order pages. Overwrites
 * the records of its tail pages. */
void folio_make_large(struct sim *s, uint32_t head, unsigned int order);
/** Undo folio_make_large(), when the folio is freed or split: its records become those of
 * single pages, with the tails cleared. */
void folio_unmake_large(struct sim *s, uint32_t head);

/** The slow paths of folio_add_rmap_ptes() and folio_remove_rmap_ptes(). */
void folio_add_rmap_large(struct sim *s, const struct mm *mm, uint32_t slot, uint32_t nr);
void folio_remove_rmap_large(struct sim *s, const struct mm *mm, uint32_t slot, uint32_t nr);

/** folio_add_file_rmap_pmd(), folio_remove_rmap_pmd() */
void folio_add_rmap_pmd(struct sim *s, const struct mm *mm, uint32_t head);
void folio_remove_rmap_pmd(struct sim *s, const struct mm *mm, uint32_t head);

/** folio_add_file_rmap_ptes(): @mm maps @nr pages, starting at @slot, all of one folio. */
static inline void folio_add_rmap_ptes(struct sim *s, const struct mm *mm, uint32_t slot,
				       uint32_t nr)
{
	if (__builtin_expect(s->folios[slot].order, 0))
		folio_add_rmap_large(s, mm, slot, nr);
	else
		folio_add_rmap(s, slot);
}

/** folio_remove_rmap_ptes() */
static inline void folio_remove_rmap_ptes(struct sim *s, const struct mm *mm, uint32_t slot,
					  uint32_t nr)
{
	if (__builtin_expect(s->folios[slot].order, 0))
		folio_remove_rmap_large(s, mm, slot, nr);
	else
		folio_remove_rmap(s, slot);
}

/** Number of references other than those of the page cache and of PTEs. */
static inline uint32_t folio_extra_refs(const struct sim *s, uint32_t head)
{
	const struct folio *f = &s->folios[head];

	return f->extra_refs + (folio_test_large(f) ? folio_large(s, head)->nr_gathered : 0);
}

/** folio_pte_batch(): count the PTEs, starting at @idx and up to @max, that map consecutive
 * pages of folio @head, starting at @slot. */
uint32_t folio_pte_batch(const struct sim *s, const struct pte_table *pt, uint32_t idx,
			 uint32_t slot, uint32_t head, uint32_t max);

/** folio_maybe_mapped_shared(), v6.12 folio_likely_mapped_shared(), of a large folio that is mapped
 * more than once. */
bool folio_large_mapped_shared(const struct sim *s, uint32_t head);

/** folio_maybe_mapped_shared(): exact for one page. */
static inline bool folio_maybe_mapped_shared(const struct sim *s, uint32_t head)
{
	const struct folio *f = &s->folios[head];

	return f->mapcount > 1 && (!folio_test_large(f) || folio_large_mapped_shared(s, head));
}

/** Number of PTEs and PMDs that map one page. */
static inline uint32_t page_mapcount(const struct sim *s, uint32_t slot)
{
	const uint32_t head = folio_head(s->folios, slot);
	const struct large_folio *l;

	if (!folio_test_large(&s->folios[head]))
		return s->folios[slot].mapcount;
	l = folio_large(s, head);
	return (slot == head ? l->first_mapcount : s->folios[slot].mapcount) + l->entire_mapcount;
}

#endif
