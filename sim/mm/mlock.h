/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that a process locks: v7.3 mm/mlock.c. */
#ifndef REAPSIM_MLOCK_H
#define REAPSIM_MLOCK_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** mlock(): lock the pages of a range that is mapped, and fault them in.
 * Return: as touch_pages(), but 0 where a file ends before the range. */
int do_mlock(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages);
/** munlock() */
void do_munlock(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages);

/** mlock_folio(), mlock_new_folio(), munlock_folio(): of a folio that a locked VMA maps; that a
 * fault made for one; that one does not map any more. */
void mlock_folio(struct sim *s, uint32_t head);
void mlock_new_folio(struct sim *s, uint32_t slot);
void munlock_folio(struct sim *s, uint32_t head);
/** mlock_drain_local() of a CPU. */
void mlock_drain(struct sim *s, struct sim_cpu *c);
/** What the batch of any CPU would do with @slot, which leaves the cache, is done now. */
void mlock_batches_forget(struct sim *s, uint32_t slot);

/** lru_add() of those that are locked: they go to the unevictable list. Return: the number of
 * others, which are at the front of @slots now. */
unsigned int lru_add_mlocked(struct sim *s, uint32_t *slots, unsigned int nr);
/** folio_putback_lru() of a folio that reclaim isolated. */
void folio_putback_lru(struct sim *s, uint32_t slot);
/** free_pages_prepare() of a folio that is still locked. */
void free_mlocked(struct sim *s, struct folio *f);

/** folio_evictable() */
static inline bool folio_evictable(const struct folio *f)
{
	return __builtin_expect(!f->mlocked, 1);
}

/** lruvec_del_folio(), folio_test_clear_lru() */
static inline void lruvec_del_folio(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (__builtin_expect(!f->unevictable, 1)) {
		s->cfg.lru->del(s, folio_lruvec(s, slot), slot);
		return;
	}
	f->flags &= (uint16_t)~PG_lru;
	s->memcg[f->memcg].nr_unevictable -= folio_nr_pages(f);
}

static inline bool vma_locked(const struct vma *vma)
{
	return __builtin_expect((vma->flags & VM_LOCKED) != 0, 0);
}

/** mlock_vma_folio(): @nr PTEs, or a PMD for all pages, map the folio in @vma now. */
static inline void mlock_vma_folio(struct sim *s, const struct vma *vma, uint32_t head, uint32_t nr)
{
	if (vma_locked(vma) && nr == folio_nr_pages(&s->folios[head]))
		mlock_folio(s, head);
}

/** munlock_vma_folio(): PTEs of @vma that mapped the folio are gone. */
static inline void munlock_vma_folio(struct sim *s, const struct vma *vma, uint32_t head)
{
	if (vma_locked(vma))
		munlock_folio(s, head);
}

/** struct locked_walk - an rmap walk in a locked VMA: how much of the folio it maps. */
struct locked_walk {
	const struct vma *vma;
	uint32_t ptes, table;
	bool crossed; /* PVMW_PGTABLE_CROSSED */
};

/** The walk found @nr more PTEs, or with @pt->huge a PMD. Return: true if they map all of the
 * folio, within one page table. It is locked then. */
bool mlock_walked(struct sim *s, struct locked_walk *w, uint32_t head, const struct vma *vma,
		  const struct pte_table *pt, uint32_t vpn, uint32_t nr);

#endif
