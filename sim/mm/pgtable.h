/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables, in the shape of x86-64's.
 *
 * The VMA determines which page of a file a PTE maps, so that what is left of a PTE is flags.
 * File pages that are only read need two: is there a PTE, and is it young. A table has them as
 * bits, 64 PTEs in a word, so that the tables of a process that maps little of much stay in the
 * CPU's cache, and whoever looks for a PTE, or for a young one, looks at 64 of them at once. The
 * other flags are a byte for each PTE, allocated with the first PTE that has one of them.
 *
 * A page-table page with anonymous pages (anon mappings, COW copies in a private file mapping,
 * swap entries) also has an array of slots, allocated with the first of them.
 */
#ifndef REAPSIM_PGTABLE_H
#define REAPSIM_PGTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* an address is 32 bits of page number: the lowest 44 bits of an x86-64 address */
#define PTRS_PER_PTE 512u
#define PTRS_PER_PMD 512
#define PTRS_PER_PUD 512
#define PTRS_PER_PGD 32
#define PMD_SHIFT    9
#define PUD_SHIFT    18
#define PGDIR_SHIFT  27

enum pte_flags {
	PTE_present = 1 << 0,
	PTE_young = 1 << 1,
	PTE_dirty = 1 << 2,
	PTE_write = 1 << 3,
	PTE_anon = 1 << 4, /* maps the anon slot in the table's array */
	PTE_swap = 1 << 5, /* not present: a swap entry of that slot; with
			    * PTE_write it is pte_swp_exclusive() */
	PTE_zero = 1 << 6, /* present: the zero page, no folio */
};

/* flags that are not in struct pte_word */
#define PTE_MORE (PTE_dirty | PTE_write | PTE_anon | PTE_swap | PTE_zero)

/** struct pte_word - 64 PTEs: those that are not pte_none(), and of these the young ones. */
struct pte_word {
	uint64_t any, young;
};

#define PTE_WORDS (PTRS_PER_PTE / 64)

/**
 * struct pte_table - a PMD entry: 512 pages, 2 MiB of address space.
 * @word, @more: the PTEs of the page-table page; @more is NULL if none has had such a flag. With
 *	@huge: a copy of the PMD entry for each page, without the accessed bit, which is in
 *	@young; the PMD is dirty if any copy is
 * @anon: PTRS_PER_PTE slots, or NULL
 * @young: the accessed bit of the PMD entry
 * @table: there is a page-table page
 * @used: the PMD entry points to the page-table page, because something was mapped in it
 * @huge: the PMD entry maps a folio (sim/mm/huge_memory.h); there is no page-table page
 * @memcg: index of the one that @table is charged to
 * @seen: used by the LRU model, see models/lru-mglru.h
 */
struct pte_table {
	struct pte_word word[PTE_WORDS];
	uint8_t *more;
	uint32_t *anon;
	bool young, table, used, huge;
	uint8_t memcg;
	uint32_t seen[2];
};

/** struct pmd_table, struct pud_table - the levels above. @memcg: index of the one that is
 * charged for the table. */
struct pmd_table {
	struct pte_table *pte[PTRS_PER_PMD];
	uint8_t memcg;
};

struct pud_table {
	struct pmd_table *pmd[PTRS_PER_PUD];
	uint8_t memcg;
};

/** Of the PTEs [@idx, @end) those in the word of @idx. To go over all of a range:
 * for (i = idx; i < end; i = pte_next_word(i)). */
static inline uint64_t pte_mask(uint32_t idx, uint32_t end)
{
	const uint32_t nr = MIN(64 - idx % 64, end - idx);

	return UINT64_MAX >> (64 - nr) << idx % 64;
}

static inline uint32_t pte_next_word(uint32_t idx)
{
	return (idx | 63) + 1;
}

/** The flags of one PTE; 0 is pte_none(). */
static inline uint8_t pte_get(const struct pte_table *pt, uint32_t idx)
{
	const struct pte_word *w = &pt->word[idx / 64];
	const uint8_t more = pt->more ? pt->more[idx] : 0;

	if (!(w->any >> idx % 64 & 1))
		return 0;
	return more | (more & PTE_swap ? 0 : PTE_present) |
	       (w->young >> idx % 64 & 1 ? PTE_young : 0);
}

/** Does the PTE map a page of a file? */
static inline bool pte_is_file(const struct pte_table *pt, uint32_t idx)
{
	return (pt->word[idx / 64].any >> idx % 64 & 1) &&
	       !(pt->more && (pt->more[idx] & (PTE_anon | PTE_swap | PTE_zero)));
}

/** Does the PTE map a folio: a page of a file or of anonymous memory, not the zero page? */
static inline bool pte_has_folio(const struct pte_table *pt, uint32_t idx)
{
	return (pt->word[idx / 64].any >> idx % 64 & 1) &&
	       !(pt->more && (pt->more[idx] & (PTE_swap | PTE_zero)));
}

/** The first PTE of [@idx, @end) that is not pte_none(), or @end. */
static inline uint32_t pte_next(const struct pte_table *pt, uint32_t idx, uint32_t end)
{
	for (; idx < end; idx = pte_next_word(idx)) {
		const uint64_t any = pt->word[idx / 64].any & pte_mask(idx, end);

		if (any)
			return idx / 64 * 64 + (uint32_t)__builtin_ctzll(any);
	}
	return end;
}

/** The same by page number: [@vpn, @end) is in the table. */
static inline uint64_t pte_next_vpn(const struct pte_table *pt, uint64_t vpn, uint64_t end)
{
	const uint32_t idx = (uint32_t)vpn % PTRS_PER_PTE;

	return vpn < end ? vpn + pte_next(pt, idx, idx + (uint32_t)(end - vpn)) - idx : end;
}

/** The first PTE of [@vpn, @end), in the table, that is young, or @end. */
static inline uint64_t pte_next_young_vpn(const struct pte_table *pt, uint64_t vpn, uint64_t end)
{
	const uint32_t idx = (uint32_t)vpn % PTRS_PER_PTE, stop = idx + (uint32_t)(end - vpn);

	for (uint32_t i = idx; i < stop; i = pte_next_word(i)) {
		const uint64_t young = pt->word[i / 64].young & pte_mask(i, stop);

		if (young)
			return vpn + i / 64 * 64 + (uint32_t)__builtin_ctzll(young) - idx;
	}
	return end;
}

/** The PTE gets @flags, and loses those that it had. */
static inline void pte_set(struct pte_table *pt, uint32_t idx, uint8_t flags)
{
	struct pte_word *w = &pt->word[idx / 64];
	const uint64_t bit = 1ull << idx % 64;

	w->any = flags ? w->any | bit : w->any & ~bit;
	w->young = flags & PTE_young ? w->young | bit : w->young & ~bit;
	if (!pt->more && (flags & PTE_MORE))
		pt->more = g_new0(uint8_t, PTRS_PER_PTE);
	if (pt->more)
		pt->more[idx] = flags & PTE_MORE;
}
/** The same for [@idx, @end). */
void pte_set_range(struct pte_table *pt, uint32_t idx, uint32_t end, uint8_t flags);
/** pte_clear() of [@idx, @end) */
static inline void pte_clear_range(struct pte_table *pt, uint32_t idx, uint32_t end)
{
	if (end - idx == 1)
		pte_set(pt, idx, 0);
	else
		pte_set_range(pt, idx, end, 0);
}
/** The PTE loses @flags. */
static inline void pte_del(struct pte_table *pt, uint32_t idx, uint8_t flags)
{
	pte_set(pt, idx, pte_get(pt, idx) & (uint8_t)~flags);
}
/** The PTE gets @flags, too. */
static inline void pte_add(struct pte_table *pt, uint32_t idx, uint8_t flags)
{
	pte_set(pt, idx, pte_get(pt, idx) | flags);
}
/** test_and_clear_young_ptes() of [@idx, @end) */
static inline bool pte_take_young(struct pte_table *pt, uint32_t idx, uint32_t end)
{
	uint64_t young = 0;

	if (end - idx == 1) {
		struct pte_word *w = &pt->word[idx / 64];

		young = w->young >> idx % 64 & 1;
		w->young &= ~(1ull << idx % 64);
		return young;
	}
	for (uint32_t i = idx; i < end; i = pte_next_word(i)) {
		const uint64_t mask = pte_mask(i, end);

		young |= pt->word[i / 64].young & mask;
		pt->word[i / 64].young &= ~mask;
	}
	return young != 0;
}
/** How many of the PTEs [@idx, @end) are young? */
static inline unsigned int pte_count_young(const struct pte_table *pt, uint32_t idx, uint32_t end)
{
	unsigned int nr = 0;

	if (end - idx == 1)
		return pt->word[idx / 64].young >> idx % 64 & 1;
	for (uint32_t i = idx; i < end; i = pte_next_word(i))
		nr += (unsigned int)__builtin_popcountll(pt->word[i / 64].young & pte_mask(i, end));
	return nr;
}
bool __pte_any_dirty(const uint8_t *more, uint32_t nr);
/** Is one of the PTEs [@idx, @end) dirty? */
static inline bool pte_any_dirty(const struct pte_table *pt, uint32_t idx, uint32_t end)
{
	if (!pt->more)
		return false;
	if (end - idx == 1)
		return pt->more[idx] & PTE_dirty;
	return __pte_any_dirty(pt->more + idx, end - idx);
}
/** Point the PTE at an anon slot. */
void pte_set_anon(struct pte_table *pt, uint32_t idx, uint32_t slot, uint8_t flags);

#endif
