/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gather: references to the pages that an unmapping has taken from page tables, dropped in
 * batches when it is full or the unmapping ends. Mirrors v7.3 mm/mmu_gather.c.
 */
#ifndef REAPSIM_MMU_GATHER_H
#define REAPSIM_MMU_GATHER_H

#include "sim/mm/batch.h"
#include "sim/mm/large.h"
#include "sim/mm/mlock.h"
#include "sim/mm/rmap.h"
#include "sim/mm/task.h"
#include "sim/mm/zap.h"

/*
 * The gather holds one reference to each page. It starts with 8 entries on the
 * stack and grows by up to 19 pages of 510 entries. Each page keeps one entry
 * free (v7.3 include/asm-generic/tlb.h, __tlb_remove_folio_pages_size()).
 */
#define GATHER_LOCAL 7
#define GATHER_PAGE  509
#define GATHER_PAGES 20 /* the first is the one on the stack */
#define GATHER_MAX   (GATHER_LOCAL + 1 + (GATHER_PAGES - 1) * (GATHER_PAGE + 1))

/* A run of PTEs of a large folio takes two entries: the folio and the number of
 * references, in values that no slot has. The free entry of each page is for this. */
#define ENCODE_NR_PAGES(nr) (UINT32_MAX - (nr))
#define IS_NR_PAGES(entry)  ((entry) >= ENCODE_NR_PAGES(1u << MAX_FOLIO_ORDER))

/** struct mmu_gather - as in v7.3, plus what is the same for all PTEs of one unmapping. */
struct mmu_gather {
	struct zap_details d;
	const struct reap_policy *policy;
	bool in_scope;
	bool evict;
	bool preemptible; /* other tasks may run in between */
	bool locked;	  /* the VMA is VM_LOCKED */
	uint64_t nr_used; /* sim.nr_used, when it was last told what a flush has freed */
	uint32_t nr;
	uint32_t slots[GATHER_MAX];
	uint32_t nr_ends, ends[GATHER_PAGES]; /* ends of the full pages */
	/* dirty file PTEs of this page table: rmap is removed after the TLB flush */
	uint32_t nr_delayed;
	struct {
		uint32_t slot, nr;
	} delayed[PTRS_PER_PTE];
	struct mmu_gather *next; /* in sim.gathers */
	bool used;		 /* between tlb_gather_mmu() and tlb_finish_mmu() */
};

/** tlb_gather_mmu() - begin to unmap @mm. Return: a gather, which tlb_finish_mmu() ends. */
struct mmu_gather *tlb_gather_mmu(struct sim *s, const struct mm *mm, bool reaping,
				  uint32_t mrelease_flags);

/** tlb_finish_mmu() - drop what is left in the gather, and end it. */
void tlb_finish_mmu(struct sim *s, struct mmu_gather *tlb);

/** tlb_flush_mmu() - drop all references of the gather. */
void tlb_flush_mmu(struct sim *s, struct mmu_gather *tlb);

/** Let no gather have a reference to @slot any more. */
void mmu_gathers_forget(struct sim *s, uint32_t slot);

/** Free sim.gathers. A run has as many gathers as it had unmappings at the same time. */
void mmu_gathers_free(struct mmu_gather *all);
/** Call @fn for every reference that gathers hold, except to large folios. For sim_check(). */
void mmu_gathers_each_ref(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg);

/* A timed run counts the cost of unmapping page by page. A task that unmaps a dying
 * process pays at the end of each page table. All other tasks hold mmap_lock for
 * writing and pay when their operation ends. */
static inline void tlb_owe(struct sim *s, const struct mmu_gather *tlb, enum reap_cost what,
			   uint32_t ps)
{
	task_owe(s, ps);
	if (!tlb->d.dying)
		return;
	s->times.reap_nr[what]++;
	s->times.reap_ps[what] += ps;
}

/* lru_add_drain() of v6.12 free_pages_and_swap_cache(), exit_mmap() and
 * vms_clear_ptes() */
static inline void unmap_drain(struct sim *s, unsigned int cpu)
{
	if (s->cfg.kernel->drain_at_unmap)
		lru_add_drain_cpu(s, cpu);
}

/* folio_remove_rmap_ptes(), with munlock_vma_folio() */
static inline void remove_rmap(struct sim *s, const struct mmu_gather *tlb, uint32_t slot,
			       uint32_t nr)
{
	folio_remove_rmap_ptes(s, tlb->d.mm, slot, nr);
	if (__builtin_expect(tlb->locked, 0))
		munlock_folio(s, folio_head(s->folios, slot));
}

/* __tlb_remove_folio_pages(): @nr references to a folio */
static inline void tlb_remove_folio_pages(struct sim *s, struct mmu_gather *tlb, uint32_t slot,
					  uint32_t nr)
{
	struct folio *f = &s->folios[slot];
	uint32_t begin = tlb->nr_ends ? tlb->ends[tlb->nr_ends - 1] : 0;

	if (__builtin_expect(folio_test_large(f), 0)) {
		folio_large(s, slot)->nr_gathered += nr;
	} else if (__builtin_expect(++f->extra_refs >= FOLIO_EXTRA_REFS_MAX, 0)) {
		/* a page may be mapped hundreds of times: keep the 8-bit count in range */
		f->extra_refs--;
		tlb_flush_mmu(s, tlb);
		f->extra_refs++;
		begin = 0;
	}
	tlb->slots[tlb->nr++] = slot;
	if (nr > 1)
		tlb->slots[tlb->nr++] = ENCODE_NR_PAGES(nr);
	if (tlb->nr - begin < (begin ? GATHER_PAGE : GATHER_LOCAL))
		return;
	/* tlb_next_batch(): no third page of the gather while rmaps are delayed */
	tlb->ends[tlb->nr_ends++] = tlb->nr;
	if (tlb->nr_ends == GATHER_PAGES || (tlb->nr_delayed && tlb->nr_ends > 1))
		tlb_flush_mmu(s, tlb);
}

#endif
