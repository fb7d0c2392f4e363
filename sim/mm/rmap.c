// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/rmap.c. The walk stops when it has found as many PTEs as the
 * mapcount says. It visits PTEs in the kernel's order. MGLRU looks around each of
 * them, so the order decides which folios are activated, when and how often.
 *
 * Approximation: folio_referenced() takes PG_young at the first PTE of a VMA with recency. The
 * kernel takes it at the first such VMA of the file's range, even if that VMA maps no page of
 * the folio any more.
 */
#include "sim/mm/rmap.h"

#include "sim/mm/event.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/large.h"
#include "sim/mm/mlock.h"
#include "sim/mm/mm.h"
#include "sim/mm/page-writeback.h"

/* A walk has a copy of each function that it calls for the usual folio, of one page that is
 * mapped once: most of reclaim's time goes there. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* called with @nr PTEs in @pt, starting at @vpn, that map consecutive pages of the folio;
 * false stops the walk */
typedef bool (*rmap_fn)(struct sim *s, uint32_t slot, struct vma *vma, struct pte_table *pt,
			uint32_t vpn, uint32_t nr, void *arg);

/* page_vma_mapped_walk() of a folio of one page */
static bool visit(struct sim *s, uint32_t slot, struct vma *vma, uint32_t vpn, uint32_t *left,
		  rmap_fn fn, void *arg)
{
	struct pte_table *pt = pte_lookup(vma->mm, vpn);

	if (!pt || !pte_has_folio(pt, vpn % PTRS_PER_PTE) || pte_slot(s, vma, pt, vpn) != slot)
		return true;
	--*left;
	return fn(s, slot, vma, pt, vpn, 1, arg) && *left;
}

static inline bool maps_file(const struct pte_table *pt, uint64_t vpn)
{
	return pte_is_file(pt, (uint32_t)vpn % PTRS_PER_PTE);
}

/* the same for a large folio, whose pages would be mapped at [@at, @end) */
static bool visit_large(struct sim *s, uint32_t slot, struct vma *vma, uint64_t at, uint64_t end,
			uint32_t *left, rmap_fn fn, void *arg)
{
	for (uint64_t stop, nr; at < end; at = stop) {
		struct pte_table *pt = pte_lookup(vma->mm, (uint32_t)at);

		stop = MIN((at / PTRS_PER_PTE + 1) * PTRS_PER_PTE, end);
		if (pt && pt->huge) {
			--*left;
			if (!fn(s, slot, vma, pt, (uint32_t)at, PTRS_PER_PTE, arg) || !*left)
				return false;
			continue;
		}
		for (; pt && at < stop; at += nr) {
			nr = 1;
			if (!maps_file(pt, at))
				continue;
			while (at + nr < stop && maps_file(pt, at + nr))
				nr++;
			*left -= (uint32_t)nr;
			if (!fn(s, slot, vma, pt, (uint32_t)at, (uint32_t)nr, arg) || !*left)
				return false;
		}
	}
	return true;
}

/* If only one process maps an anon folio, it is usually the one that allocated it. The kernel
 * has an anon_vma for each process; a child's does not contain the parent's VMAs. */
static bool visit_owner(struct sim *s, uint32_t slot, uint32_t *left, rmap_fn fn, void *arg)
{
	const struct anon_slot *a = &s->anon[slot - s->anon_first];
	struct mm *mm = g_hash_table_lookup(s->procs, GUINT_TO_POINTER(a->pid));
	/* where mremap() did not move it */
	struct vma *vma = mm ? vma_find(mm, a->index) : NULL;

	if (vma)
		visit(s, slot, vma, a->index, left, fn, arg);
	return !*left;
}

static void walk_anon(struct sim *s, uint32_t slot, uint32_t left, rmap_fn fn, void *arg)
{
	const struct anon_slot *a = &s->anon[slot - s->anon_first];
	const uint32_t index = a->index;
	struct interval_node *n;

	if (left == 1 && visit_owner(s, slot, &left, fn, arg))
		return;
	for (n = interval_tree_iter_first(&a->av->vmas, index, index); n;
	     n = interval_tree_iter_next(n, index, index)) {
		struct vma *vma = vma_in_anon(n);

		if (!visit(s, slot, vma, vma->start + (index - vma->anon_pgoff), &left, fn, arg))
			return;
	}
}

static ALWAYS_INLINE void walk_file(struct sim *s, uint32_t slot, uint32_t left, rmap_fn fn,
				    void *arg)
{
	const uint32_t file = slot_file(s, slot), pgoff = slot - file_slot(s, file, 0);
	const uint32_t last = pgoff + folio_nr_pages(&s->folios[slot]) - 1;
	const struct interval_tree *t = &s->files[file].mappings;
	struct interval_node *n;

	for (n = interval_tree_iter_first(t, pgoff, last); n;
	     n = interval_tree_iter_next(n, pgoff, last)) {
		struct vma *vma = vma_in_file(n);
		uint64_t from, end;

		if (pgoff == last) {
			const uint32_t vpn = vma->start + (pgoff - vma->pgoff);
			struct pte_table *pt = pte_lookup(vma->mm, vpn);

			if (!pt || !maps_file(pt, vpn))
				continue;
			left--;
			if (!fn(s, slot, vma, pt, vpn, 1, arg) || !left)
				return;
			continue;
		}
		from = MAX(vma->pgoff, pgoff) - vma->pgoff;
		end = MIN((uint64_t)vma_pages(vma), (uint64_t)last + 1 - vma->pgoff);
		if (!visit_large(s, slot, vma, vma->start + from, vma->start + end, &left, fn, arg))
			return;
	}
}

static ALWAYS_INLINE void rmap_walk(struct sim *s, uint32_t slot, rmap_fn fn, void *arg)
{
	const uint32_t left = s->folios[slot].mapcount;

	if (!left)
		return;
	if (slot_is_anon(s, slot))
		walk_anon(s, slot, left, fn, arg);
	else
		walk_file(s, slot, left, fn, arg);
}

/* test_and_clear_young_ptes(), pmdp_clear_flush_young_notify() */
static inline bool clear_young(struct pte_table *pt, uint32_t vpn, uint32_t nr)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	bool young;

	if (pt->huge) {
		young = pt->young;
		pt->young = false;
		return young;
	}
	return pte_take_young(pt, idx, idx + nr);
}

static bool mkold_one(struct sim *s, uint32_t slot, struct vma *vma, struct pte_table *pt,
		      uint32_t vpn, uint32_t nr, void *arg)
{
	bool *young = arg;

	(void)s;
	(void)slot;
	(void)vma;
	*young |= clear_young(pt, vpn, nr);
	return true;
}

bool folio_clear_young_ptes(struct sim *s, uint32_t slot)
{
	bool young = false;

	rmap_walk(s, slot, mkold_one, &young);
	return young;
}

static bool young_one(struct sim *s, uint32_t slot, struct vma *vma, struct pte_table *pt,
		      uint32_t vpn, uint32_t nr, void *arg)
{
	bool *young = arg;

	(void)s;
	(void)slot;
	(void)vma;
	*young |= pt->huge ? pt->young
			   : pte_count_young(pt, vpn % PTRS_PER_PTE, vpn % PTRS_PER_PTE + nr) != 0;
	return !*young;
}

bool folio_has_young_pte(struct sim *s, uint32_t slot)
{
	bool young = false;

	rmap_walk(s, slot, young_one, &young);
	return young;
}

struct referenced {
	int count;
	bool exec;
	const struct vma *vma; /* the last one that counted */
	struct locked_walk locked;
};

/* A VM_LOCKED VMA that maps all of the folio ends the walk. One that maps a part counts as a
 * reference only for what a monitor took from PTEs. */
static __attribute__((noinline)) bool referenced_locked(struct sim *s, uint32_t slot,
							struct referenced *r, const struct vma *vma,
							const struct pte_table *pt, uint32_t vpn,
							uint32_t nr)
{
	struct folio *f = &s->folios[slot];

	if (mlock_walked(s, &r->locked, slot, vma, pt, vpn, nr)) {
		r->count = REFERENCED_LOCKED;
		return false;
	}
	if (f->young) {
		r->count += r->vma != vma;
		r->vma = vma;
		r->exec |= (vma->flags & VM_EXEC) != 0;
	}
	f->young = false;
	return true;
}

static ALWAYS_INLINE bool referenced_one(struct sim *s, uint32_t slot, struct vma *vma,
					 struct pte_table *pt, uint32_t vpn, uint32_t nr, void *arg)
{
	struct referenced *r = arg;
	struct folio *f = &s->folios[slot];
	uint32_t step = nr;
	bool was_young;

	/* invalid_folio_referenced_vma(): without recency the young bit is not even cleared */
	if (!vma_has_recency(vma))
		return true;
	/* reclaim of a memcg takes its own folios, and processes of others do not count */
	if (__builtin_expect(s->nr_memcgs > 1, 0) && s->target && vma->mm->memcg != f->memcg)
		return true;
	if (vma_locked(vma))
		return referenced_locked(s, slot, r, vma, pt, vpn, nr);
	if ((vma->mm->dying || vma->mm->unstable) &&
	    (f->flags & (PG_anon | PG_swapbacked)) == (PG_anon | PG_swapbacked) &&
	    !folio_maybe_mapped_shared(s, slot)) {
		r->count = -1;
		return false;
	}
	/* folio_test_clear_young(), what a monitor took from PTEs */
	was_young = f->young;
	f->young = false;
	/* the PTEs of a large folio at once, or each of them */
	if (__builtin_expect(nr > 1, 0) && !pt->huge && s->cfg.kernel->young_by_pte)
		step = 1;
	for (; nr; nr -= step, vpn += step) {
		if (!clear_young(pt, vpn, step))
			continue;
		f->idle = false;
		was_young = true;
		if (!pt->huge && s->cfg.lru->look_around)
			s->cfg.lru->look_around(s, vma, pt, vpn, step);
	}
	if (was_young) {
		r->count += r->vma != vma;
		r->vma = vma;
		r->exec |= (vma->flags & VM_EXEC) != 0;
	}
	return true;
}

int folio_referenced(struct sim *s, uint32_t slot, bool *exec)
{
	struct referenced r; /* of @locked only what must be */

	r.count = 0;
	r.exec = false;
	r.vma = r.locked.vma = NULL;
	rmap_walk(s, slot, referenced_one, &r);
	*exec = r.exec;
	return r.count;
}

/* ttu_anon_lazyfree_folio() */
static bool unmap_lazyfree(struct sim *s, uint32_t slot, struct pte_table *pt, uint32_t idx)
{
	struct folio *f = &s->folios[slot];
	const uint16_t before = f->flags;

	if (pte_get(pt, idx) & PTE_dirty)
		f->flags |= PG_dirty;
	if (f->flags & PG_dirty) {
		f->flags |= PG_swapbacked;
		note(s, slot, REDIRTIED, before);
		return false;
	}
	if (f->extra_refs)
		return false;
	pte_set(pt, idx, 0);
	folio_remove_rmap(s, slot);
	return true;
}

static ALWAYS_INLINE bool unmap_one(struct sim *s, uint32_t slot, struct vma *vma,
				    struct pte_table *pt, uint32_t vpn, uint32_t nr, void *arg)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	struct folio *f = &s->folios[slot];
	bool dirty;

	(void)arg;
	if (pt->huge) {
		/* TTU_SPLIT_HUGE_PMD */
		split_huge_pmd(s, vma, vpn);
		return true;
	}
	if ((f->flags & (PG_anon | PG_swapbacked)) == PG_anon)
		return unmap_lazyfree(s, slot, pt, idx);
	if (f->flags & PG_anon) {
		/* ttu_anon_folio() */
		s->anon[slot - s->anon_first].nr_swap++;
		if (pte_get(pt, idx) & PTE_dirty)
			f->flags |= PG_dirty;
		/* writable means PageAnonExclusive: pte_swp_mkexclusive() */
		pte_set(pt, idx, PTE_swap | (pte_get(pt, idx) & PTE_write));
		folio_remove_rmap(s, slot);
		return true;
	}
	dirty = pte_any_dirty(pt, idx, idx + nr);
	pte_clear_range(pt, idx, idx + nr);
	if (dirty)
		folio_mark_dirty(s, slot);
	folio_remove_rmap_ptes(s, vma->mm, file_slot(s, vma->file, vma->pgoff + (vpn - vma->start)),
			       nr);
	return true;
}

/* a VM_LOCKED VMA keeps its PTEs, and the walk ends with it */
static bool unmap_unlocked(struct sim *s, uint32_t slot, struct vma *vma, struct pte_table *pt,
			   uint32_t vpn, uint32_t nr, void *arg)
{
	struct locked_walk *w = arg;

	if (w->vma && w->vma != vma)
		return false;
	if (vma_locked(vma))
		return !mlock_walked(s, w, slot, vma, pt, vpn, nr);
	return unmap_one(s, slot, vma, pt, vpn, nr, NULL);
}

/* TTU_IGNORE_MLOCK, of a file folio */
static bool unmap_locked(struct sim *s, uint32_t slot, struct vma *vma, struct pte_table *pt,
			 uint32_t vpn, uint32_t nr, void *arg)
{
	const bool huge = pt->huge;

	unmap_one(s, slot, vma, pt, vpn, nr, arg);
	if (!huge && vma_locked(vma)) {
		munlock_folio(s, slot);
		mlock_drain(s, &s->cpus[s->this_cpu]);
	}
	return true;
}

/* somewhere something is locked */
static __attribute__((noinline)) void unmap_mlocks(struct sim *s, uint32_t slot, bool ignore_mlock)
{
	struct locked_walk w = { .vma = NULL };

	if (ignore_mlock)
		rmap_walk(s, slot, unmap_locked, NULL);
	else
		rmap_walk(s, slot, unmap_unlocked, &w);
}

void try_to_unmap(struct sim *s, uint32_t slot, bool ignore_mlock)
{
	if (__builtin_expect(s->has_mlock, 0))
		unmap_mlocks(s, slot, ignore_mlock);
	else
		rmap_walk(s, slot, unmap_one, NULL);
}

static bool mkclean_one(struct sim *s, uint32_t slot, struct vma *vma, struct pte_table *pt,
			uint32_t vpn, uint32_t nr, void *arg)
{
	(void)s;
	(void)slot;
	(void)arg;
	for (uint32_t i = 0; (vma->flags & VM_SHARED) && i < nr; i++)
		pte_del(pt, vpn % PTRS_PER_PTE + i, PTE_dirty | PTE_write);
	return true;
}

void folio_mkclean(struct sim *s, uint32_t slot)
{
	rmap_walk(s, slot, mkclean_one, NULL);
}
