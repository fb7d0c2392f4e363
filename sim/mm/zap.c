// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 zap_present_folio_ptes() and zap_vma_for_reaping() of
 * mm/memory.c, __oom_reap_task_mm() of mm/oom_kill.c, exit_mmap() of
 * mm/mmap.c and the page batches of mm/mmu_gather.c.
 *
 * The reap policies act here. The kernel calls folio_mark_accessed() for every
 * young PTE of a file folio in a VMA with recency. A policy may skip that call. With
 * "+evict" it drops the folio once the gather and the page cache hold its last
 * references.
 *
 * Consecutive PTEs of a large folio are unmapped as one run, with one mark if any of
 * them is young.
 *
 * Approximations: no kernel has "demote"; here it calls deactivate_file_folio(), as
 * the test-only patch does. Opting in (prctl) is not inherited by fork and survives
 * exec.
 */
#include "sim/mm/zap.h"

#include "sim/mm/batch.h"
#include "sim/mm/event.h"
#include "sim/mm/filemap.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/large.h"
#include "sim/mm/mlock.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/rmap.h"
#include "sim/mm/swap.h"
#include "sim/mm/task.h"

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

/* A timed run counts the cost of unmapping page by page. A task that unmaps a dying
 * process pays at the end of each page table. All other tasks hold mmap_lock for
 * writing and pay when their operation ends. */
static void owe(struct sim *s, const struct mmu_gather *tlb, enum reap_cost what, uint32_t ps)
{
	task_owe(s, ps);
	if (!tlb->d.dying)
		return;
	s->times.reap_nr[what]++;
	s->times.reap_ps[what] += ps;
}

/* the folio's flags before and after tell which kind of mark it was */
static void owe_mark(struct sim *s, const struct mmu_gather *tlb, uint16_t before, uint16_t after)
{
	const struct machine *m = &s->cfg.machine;

	if (before == after)
		owe(s, tlb, REAP_MARK_ACTIVE, m->mark_active_ps);
	else if ((before & ~after & PG_referenced) || (after & ~before & PG_active))
		owe(s, tlb, REAP_MARK_ACTIVATE, m->mark_activate_ps);
	else
		owe(s, tlb, REAP_MARK_FIRST, m->mark_first_ps);
}

/* mapping_evict_folio() of a folio to which the gather holds @refs references */
static bool gather_evict(struct sim *s, uint32_t slot, uint32_t refs)
{
	struct folio *f = &s->folios[slot];
	const uint32_t nr = folio_nr_pages(f);
	uint16_t before = f->flags;

	if (f->mapcount || refs > 1 || folio_extra_refs(s, slot) > 1 ||
	    (before & (PG_dirty | PG_locked))) {
		count_vm(s, VM_sim_zap_kept, refs);
		note(s, slot, ZAP_KEEP, before);
		return false;
	}
	filemap_drop(s, slot);
	count_vm(s, VM_sim_zap_evicted, nr);
	note(s, slot, ZAP_EVICT, before);
	return true;
}

/* one folio_batch of free_pages_and_swap_cache(), and the addition of "+evict" */
static void free_batch(struct sim *s, struct mmu_gather *tlb, struct folio_batch *b,
		       const uint32_t *refs)
{
	const uint16_t file = PG_resident | PG_anon;

	for (uint32_t i = 0; tlb->evict && i < b->nr; i++)
		if ((s->folios[b->slots[i]].flags & file) == PG_resident &&
		    gather_evict(s, b->slots[i], refs[i])) {
			b->slots[i] = FOLIO_NONE;
			if (s->sched)
				owe(s, tlb, REAP_EVICT, s->cfg.machine.evict_ps);
		}
	for (uint32_t i = 0; i < b->nr; i++) {
		const uint32_t slot = b->slots[i];

		if (slot == FOLIO_NONE)
			continue;
		if (folio_test_large(&s->folios[slot])) {
			folio_large(s, slot)->nr_gathered -= refs[i];
			continue;
		}
		s->folios[slot].extra_refs--;
		folio_free_unreferenced(s, slot);
	}
	b->nr = 0;
}

/* free_pages_and_swap_cache() of the entries [@from, @to) */
static void free_pages_and_swap_cache(struct sim *s, struct mmu_gather *tlb, uint32_t from,
				      uint32_t to)
{
	uint32_t refs[FOLIO_BATCH_SIZE];
	struct folio_batch b = { 0 };

	for (uint32_t i = from; i < to; i++) {
		b.slots[b.nr] = tlb->slots[i];
		refs[b.nr] = 1;
		if (i + 1 < to && IS_NR_PAGES(tlb->slots[i + 1]))
			refs[b.nr] = UINT32_MAX - tlb->slots[++i];
		if (++b.nr == FOLIO_BATCH_SIZE)
			free_batch(s, tlb, &b, refs);
	}
	if (b.nr)
		free_batch(s, tlb, &b, refs);
}

/* lru_add_drain() of v6.12 free_pages_and_swap_cache(), exit_mmap() and
 * vms_clear_ptes() */
static void unmap_drain(struct sim *s, unsigned int cpu)
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

static void tlb_flush_rmaps(struct sim *s, struct mmu_gather *tlb)
{
	for (uint32_t i = 0; i < tlb->nr_delayed; i++)
		remove_rmap(s, tlb, tlb->delayed[i].slot, tlb->delayed[i].nr);
	tlb->nr_delayed = 0;
}

/* References are dropped 31 folios at a time, and at the end of each page of the
 * gather. If a folio has two entries, it is evicted only if they are further apart. */
static void tlb_flush_mmu(struct sim *s, struct mmu_gather *tlb)
{
	const uint64_t before = s->nr_used;

	tlb_flush_rmaps(s, tlb);
	for (uint32_t i = 0, from = 0; from < tlb->nr; i++) {
		const uint32_t to = i < tlb->nr_ends ? tlb->ends[i] : tlb->nr;

		unmap_drain(s, s->this_cpu);
		free_pages_and_swap_cache(s, tlb, from, to);
		from = to;
	}
	tlb->nr = tlb->nr_ends = 0;
	if (tlb->preemptible) {
		task_pay(s);
		s->hooks->freed(s, before - s->nr_used);
	}
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

/* the accessed half of zap_present_folio_ptes(), for @nr_young young PTEs.
 * Return: true if the caller must demote the folio */
static bool zap_accessed(struct sim *s, struct mmu_gather *tlb, const struct vma *vma,
			 uint32_t head, uint32_t nr_young)
{
	struct folio *f = &s->folios[head];
	uint64_t moves;
	uint16_t before;
	bool aged;

	if (!nr_young) {
		note(s, head, ZAP_OLD, f->flags);
		return false;
	}
	aged = tlb->d.dying && s->cfg.lru->aged(s, head);
	count_vm(s, VM_sim_reap_young, tlb->d.dying ? nr_young : 0);
	count_vm(s, VM_sim_reap_aged, aged ? nr_young : 0);
	if (!vma_has_recency(vma)) {
		note(s, head, ZAP_NO_RECENCY, f->flags);
		return false;
	}
	if (tlb->in_scope && tlb->policy->exclusive(&tlb->d, f)) {
		count_vm(s, VM_sim_zap_skipped, 1);
		note(s, head, ZAP_SKIP, f->flags);
		return tlb->policy->action == REAP_DEMOTE;
	}
	count_vm(s, VM_sim_zap_marks, 1);
	before = f->flags;
	count_vm(s, VM_sim_zap_marks_aged, aged);
	moves = s->stat.v[VM_sim_mark_moves];
	s->cfg.lru->mark_accessed(s, s->this_cpu, head);
	count_vm(s, VM_sim_zap_moves, s->stat.v[VM_sim_mark_moves] - moves);
	if (s->sched)
		owe_mark(s, tlb, before, f->flags);
	return false;
}

/* zap_nonpresent_ptes(), and present PTEs of anon pages */
static void zap_anon_pte(struct sim *s, struct mmu_gather *tlb, struct pte_table *pt, uint32_t idx,
			 uint8_t pte)
{
	const uint32_t slot = pt->anon[idx];

	if (pte & PTE_swap) {
		s->anon[slot - s->anon_first].nr_swap--;
		if (s->sched)
			owe(s, tlb, REAP_SWAP, s->cfg.machine.zap_swap_ps);
		/* __try_to_reclaim_swap(TTRS_FULL) */
		if ((s->folios[slot].flags & PG_resident) && vm_swap_full(s))
			folio_free_swap(s, slot);
		folio_free_unreferenced(s, slot);
		return;
	}
	folio_remove_rmap(s, slot);
	if (__builtin_expect(tlb->locked, 0))
		munlock_folio(s, slot);
	tlb_remove_folio_pages(s, tlb, slot, 1);
	if (s->sched)
		owe(s, tlb, REAP_ANON, s->cfg.machine.zap_anon_ps);
}

static void zap_demote(struct sim *s, uint32_t head)
{
	if (!deactivate_file_folio(s, s->this_cpu, head))
		return;
	count_vm(s, VM_sim_zap_demoted, folio_nr_pages(&s->folios[head]));
	note(s, head, ZAP_DEMOTE, s->folios[head].flags);
}

/* zap_present_folio_ptes() of a file folio */
static void zap_file_ptes(struct sim *s, struct mmu_gather *tlb, struct vma *vma,
			  struct pte_table *pt, uint32_t idx, uint32_t slot, uint32_t head,
			  uint32_t nr)
{
	uint32_t nr_young = 0;
	bool dirty = false, to_tail;

	for (uint32_t i = idx; i < idx + nr; i++) {
		nr_young += (pt->pte[i] & PTE_young) != 0;
		dirty |= (pt->pte[i] & PTE_dirty) != 0;
		pt->pte[i] = 0;
	}
	if (s->sched)
		for (uint32_t i = 0; i < nr; i++)
			owe(s, tlb, REAP_UNMAP, s->cfg.machine.zap_file_ps);
	if (dirty) {
		folio_mark_dirty(s, head);
		/* tlb_delay_rmap() of an SMP kernel */
		tlb->delayed[tlb->nr_delayed].slot = slot;
		tlb->delayed[tlb->nr_delayed++].nr = nr;
	}
	count_vm(s, VM_sim_reap_pages, tlb->d.dying ? nr : 0);
	to_tail = zap_accessed(s, tlb, vma, head, nr_young);
	if (!dirty)
		remove_rmap(s, tlb, slot, nr);
	if (to_tail)
		zap_demote(s, head);
	tlb_remove_folio_pages(s, tlb, head, nr);
}

/* zap_huge_pmd(), zap_huge_pmd_folio(): one mark if the PMD is young, and one reference.
 * A policy checks that the folio is exclusive while the PMD still maps it, as the series does. */
static void zap_huge_pmd(struct sim *s, struct mmu_gather *tlb, struct vma *vma,
			 struct pte_table *pt, uint32_t vpn)
{
	const uint32_t head = pte_slot(s, vma, pt, vpn);
	bool to_tail;

	if (s->sched)
		owe(s, tlb, REAP_UNMAP, s->cfg.machine.zap_file_ps);
	if (pmd_dirty(pt))
		folio_mark_dirty(s, head);
	count_vm(s, VM_sim_reap_pages, tlb->d.dying ? PTRS_PER_PTE : 0);
	/* the kernel removes the rmap before the mark */
	munlock_vma_folio(s, vma, head);
	to_tail = zap_accessed(s, tlb, vma, head, pt->young ? PTRS_PER_PTE : 0);
	pmd_clear(pt);
	folio_remove_rmap_pmd(s, tlb->d.mm, head);
	if (to_tail)
		zap_demote(s, head);
	tlb_remove_folio_pages(s, tlb, head, 1);
}

/* Return: the number of PTEs zapped, up to @max */
static uint32_t zap_ptes(struct sim *s, struct mmu_gather *tlb, struct vma *vma,
			 struct pte_table *pt, uint32_t vpn, uint32_t max)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	const uint8_t pte = pt->pte[idx];
	uint32_t slot, head, nr = 1;

	if (pte & (PTE_zero | PTE_swap | PTE_anon)) {
		pt->pte[idx] = 0;
		if (!(pte & PTE_zero))
			zap_anon_pte(s, tlb, pt, idx, pte);
		return 1;
	}
	slot = file_slot(s, vma->file, vma->pgoff + (vpn - vma->start));
	head = folio_head(s->folios, slot);
	if (__builtin_expect(folio_test_large(&s->folios[head]), 0))
		nr = folio_pte_batch(s, pt, idx, slot, head, max);
	zap_file_ptes(s, tlb, vma, pt, idx, slot, head, nr);
	return nr;
}

/* zap_pmd_range() of [@vpn, @end) of a VMA */
static void zap_vma_range(struct sim *s, struct mmu_gather *tlb, struct vma *vma, uint64_t vpn,
			  uint64_t end)
{
	tlb->locked = vma_locked(vma);
	while (vpn < end) {
		uint64_t stop = MIN((vpn / PTRS_PER_PTE + 1) * PTRS_PER_PTE, end);
		struct pte_table *pt = pte_lookup(vma->mm, (uint32_t)vpn);

		if (pt && pt->huge && stop - vpn != PTRS_PER_PTE)
			split_huge_pmd(s, vma, (uint32_t)vpn);
		if (pt && pt->huge) {
			zap_huge_pmd(s, tlb, vma, pt, (uint32_t)vpn);
			pt = NULL;
		}
		for (uint32_t nr; pt && vpn < stop; vpn += nr)
			nr = pt->pte[vpn % PTRS_PER_PTE] ? zap_ptes(s, tlb, vma, pt, (uint32_t)vpn,
								    (uint32_t)(stop - vpn))
							 : 1;
		if (tlb->nr_delayed)
			tlb_flush_mmu(s, tlb);
		if (tlb->preemptible)
			task_pay(s);
		vpn = stop;
	}
}

static void zap_vma(struct sim *s, struct mmu_gather *tlb, struct vma *vma)
{
	zap_vma_range(s, tlb, vma, vma->start, (uint64_t)vma->start + vma_pages(vma));
}

static struct mmu_gather *tlb_gather_mmu(struct sim *s, const struct mm *mm, bool reaping,
					 uint32_t mrelease_flags)
{
	struct mmu_gather *tlb = s->gathers;

	while (tlb && tlb->used)
		tlb = tlb->next;
	if (!tlb) {
		tlb = g_new(struct mmu_gather, 1);
		tlb->next = s->gathers;
		s->gathers = tlb;
	}
	tlb->used = true;
	tlb->d = (struct zap_details){
		.reaping = reaping,
		.unstable = mm->unstable,
		.dying = mm->dying || mm->unstable,
		.opted_in = mm->opted_in,
		.mrelease_flags = mrelease_flags,
		.mm = mm,
		.args = s->cfg.reap_args,
	};
	tlb->policy = s->cfg.reap;
	tlb->in_scope = tlb->policy->in_scope(&tlb->d);
	tlb->evict = s->cfg.evict && tlb->policy->evict_scope && tlb->policy->evict_scope(&tlb->d);
	tlb->preemptible = s->hooks && mm->killed;
	tlb->nr_delayed = 0;
	tlb->nr = tlb->nr_ends = 0;
	return tlb;
}

static void tlb_finish_mmu(struct sim *s, struct mmu_gather *tlb)
{
	tlb_flush_mmu(s, tlb);
	tlb->used = false;
}

void mmu_gathers_each_ref(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg)
{
	for (const struct mmu_gather *tlb = s->gathers; tlb; tlb = tlb->next)
		for (uint32_t i = 0; tlb->used && i < tlb->nr; i++)
			if (!IS_NR_PAGES(tlb->slots[i]) &&
			    !folio_test_large(&s->folios[tlb->slots[i]]))
				fn(arg, tlb->slots[i]);
}

/* struct unmapped - state of free_pgtables() */
struct unmapped {
	uint64_t end;		 /* of what was unmapped */
	uint64_t floor, ceiling; /* where the neighbours end and start */
	struct free_tables free;
};

/* is there no VMA where the table of 2^@shift pages is that @at is in? */
static bool table_is_free(const struct unmapped *u, uint64_t at, unsigned int shift)
{
	at = at >> shift << shift;
	return at >= u->floor && at + (1ull << shift) <= u->ceiling;
}

/* the first page of the next table, or where the range ends */
static uint64_t addr_end(uint64_t at, uint64_t end, unsigned int shift)
{
	return MIN(((at >> shift) + 1) << shift, end);
}

/* MGLRU's filters know entries by their place, so struct pte_table stays */
static void free_pmd_range(struct unmapped *u, struct pmd_table **pmd, uint64_t at)
{
	const uint64_t begin = at, end = addr_end(at, u->end, PUD_SHIFT);

	for (; at < end; at = addr_end(at, end, PMD_SHIFT)) {
		struct pte_table *pt = (*pmd)->pte[at >> PMD_SHIFT & (PTRS_PER_PMD - 1)];

		if (!pt || !table_is_free(u, at, PMD_SHIFT))
			continue;
		pte_free(pt, &u->free);
		*pt = (struct pte_table){ .seen = { pt->seen[0], pt->seen[1] } };
	}
	if (!table_is_free(u, begin, PUD_SHIFT))
		return;
	pmd_free(*pmd, &u->free);
	*pmd = NULL;
}

static void free_pud_range(struct unmapped *u, struct pud_table **pud, uint64_t at)
{
	const uint64_t begin = at, end = addr_end(at, u->end, PGDIR_SHIFT);

	for (; at < end; at = addr_end(at, end, PUD_SHIFT)) {
		struct pmd_table **pmd = &(*pud)->pmd[at >> PUD_SHIFT & (PTRS_PER_PUD - 1)];

		if (*pmd)
			free_pmd_range(u, pmd, at);
	}
	if (!table_is_free(u, begin, PGDIR_SHIFT))
		return;
	u->free.nr[(*pud)->memcg]++;
	g_free(*pud);
	*pud = NULL;
}

/* when the VMAs of @pages from @start are gone */
static void free_pgtables(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages)
{
	const uint32_t i = vma_index(mm, start);
	const struct vma *prev = i ? mm->vmas->pdata[i - 1] : NULL;
	const struct vma *next = i < mm->vmas->len ? mm->vmas->pdata[i] : NULL;
	struct unmapped u = {
		.end = (uint64_t)start + pages,
		.floor = prev ? (uint64_t)prev->start + vma_pages(prev) : 0,
		.ceiling = next ? next->start : (uint64_t)PTRS_PER_PGD << PGDIR_SHIFT,
	};

	for (uint64_t at = start; at < u.end; at = addr_end(at, u.end, PGDIR_SHIFT))
		if (mm->pgd[at >> PGDIR_SHIFT])
			free_pud_range(&u, &mm->pgd[at >> PGDIR_SHIFT], at);
	tables_uncharge(s, &u.free);
}

void zap_unmap(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages)
{
	struct mmu_gather *tlb = tlb_gather_mmu(s, mm, false, 0);
	uint32_t first;

	vma_split_range(s, mm, start, pages);
	first = vma_index(mm, start);
	for (uint32_t i = first; i < mm->vmas->len; i++) {
		struct vma *vma = mm->vmas->pdata[i];

		if (vma->start > start + (pages - 1))
			break;
		if (i == first)
			unmap_drain(s, s->this_cpu);
		zap_vma(s, tlb, vma);
	}
	tlb_finish_mmu(s, tlb);
	vma_remove_range(s, mm, start, pages);
	free_pgtables(s, mm, start, pages);
}

void zap_range(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages)
{
	struct mmu_gather *tlb = tlb_gather_mmu(s, mm, false, 0);
	const uint64_t end = (uint64_t)start + pages;

	for (uint32_t i = vma_index(mm, start); i < mm->vmas->len; i++) {
		struct vma *vma = mm->vmas->pdata[i];

		if (vma->start >= end || vma_locked(vma)) /* EINVAL */
			break;
		unmap_drain(s, s->this_cpu);
		zap_vma_range(s, tlb, vma, MAX(vma->start, start),
			      MIN((uint64_t)vma->start + vma_pages(vma), end));
	}
	tlb_finish_mmu(s, tlb);
}

/* unmap_vmas() of all VMAs */
static void zap_all(struct sim *s, struct mm *mm)
{
	struct mmu_gather *tlb = tlb_gather_mmu(s, mm, false, 0);

	unmap_drain(s, s->this_cpu);
	for (guint i = 0; i < mm->vmas->len; i++)
		zap_vma(s, tlb, mm->vmas->pdata[i]);
	tlb_finish_mmu(s, tlb);
}

void exit_mmap(struct sim *s, struct mm *mm)
{
	mm->dying = true;
	zap_all(s, mm);
}

void dup_mmap_fail(struct sim *s, struct mm *parent)
{
	struct mm *child = mm_new(s, 0, parent->cpu, parent);

	mm_fork(s, parent, child);
	if (s->cfg.kernel->failed_fork_exits) {
		child->unstable = true;
		exit_mmap(s, child);
	} else {
		zap_all(s, child);
	}
	mm_free(s, child);
}

void oom_reap_task_mm(struct sim *s, struct mm *mm, uint32_t mrelease_flags)
{
	const guint nr = mm->vmas->len;
	struct mmu_gather *tlb;

	mm->unstable = true;
	tlb = tlb_gather_mmu(s, mm, true, mrelease_flags);
	/* The program itself is not in the trace. v6.12 unmaps its pages first, and
	 * frees them before the next VMA */
	unmap_drain(s, s->this_cpu);
	for (guint i = 0; i < nr; i++) {
		struct vma *vma = mm->vmas->pdata[s->cfg.kernel->reap_backwards ? nr - 1 - i : i];

		if (!(vma->flags & VM_ANON) && (vma->flags & VM_SHARED))
			continue;
		zap_vma(s, tlb, vma);
		tlb_flush_mmu(s, tlb);
	}
	tlb_finish_mmu(s, tlb);
}

void unmap_mapping_pages(struct sim *s, uint32_t file, uint32_t first)
{
	const struct interval_tree *t = &s->files[file].mappings;
	struct interval_node *n;

	for (n = interval_tree_iter_first(t, first, UINT32_MAX); n;
	     n = interval_tree_iter_next(n, first, UINT32_MAX)) {
		struct vma *vma = vma_in_file(n);
		struct mmu_gather *tlb = tlb_gather_mmu(s, vma->mm, false, 0);

		/* the tree must stay as it is */
		tlb->preemptible = false;
		unmap_drain(s, s->this_cpu);
		zap_vma_range(s, tlb, vma,
			      (uint64_t)vma->start + (MAX(vma->pgoff, first) - vma->pgoff),
			      (uint64_t)vma->start + vma_pages(vma));
		tlb_finish_mmu(s, tlb);
	}
}

void mmu_gathers_forget(struct sim *s, uint32_t slot)
{
	const bool large = folio_test_large(&s->folios[slot]);

	for (struct mmu_gather *tlb = s->gathers; tlb; tlb = tlb->next)
		for (uint32_t i = 0; tlb->used && i < tlb->nr; i++)
			if (tlb->slots[i] == slot) {
				tlb->slots[i] = FOLIO_NONE;
				s->folios[slot].extra_refs -= !large;
			}
}

void mmu_gathers_free(struct mmu_gather *all)
{
	for (struct mmu_gather *next; all; all = next) {
		next = all->next;
		g_free(all);
	}
}
