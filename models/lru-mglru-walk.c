// SPDX-License-Identifier: GPL-2.0-only
/*
 * The half of the multi-generational LRU that reads page tables. Mirrors v7.3
 * mm/vmscan.c: the list of address spaces (lru_gen_add_mm, lru_gen_del_mm,
 * iterate_mm_list, get_next_mm), their walk (walk_mm, should_skip_vma,
 * walk_pmd_range, walk_pte_range, suitable_to_scan), the Bloom filters, and the
 * look around a young PTE (lru_gen_look_around).
 *
 * A walk visits the address spaces that ran since the last walk. In each it visits the
 * page tables that the CPU used since then and that had enough young PTEs when last
 * looked at. It clears young bits and promotes the folios that were used. It walks a
 * new address space completely. v6.12 walks in the same way but takes other folios
 * (struct lru_gen_rules).
 *
 * Approximations: the sets of page tables are exact. The kernel's Bloom filters (32768
 * bits, two hashes) have false positives, which matter with thousands of tables,
 * several GiB. There is no TLB: every access sets the accessed bits of the PTE and the
 * PMD entry. The process of the current operation counts as having run: it runs again
 * after whatever it waited for, and after each fault. Walks are never interrupted, find all locks
 * free, and take no time. Only the trace's mappings exist: there is no program text,
 * stack or heap that the trace does not name.
 */
#include "models/lru-mglru.h"
#include "sim/mm/batch.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/large.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/reclaim.h"

/* reset_bloom_filter() */
static void set_clear(struct mglru *g, uint64_t seq)
{
	g->sets[seq % 2] = ++g->nr_sets;
}

/* update_bloom_filter() */
static void set_add(const struct mglru *g, uint64_t seq, struct pte_table *pt)
{
	pt->seen[seq % 2] = g->sets[seq % 2];
}

/* test_bloom_filter() */
static bool set_has(const struct mglru *g, uint64_t seq, const struct pte_table *pt)
{
	return !g->sets[seq % 2] || pt->seen[seq % 2] == g->sets[seq % 2];
}

void lru_gen_add_mm(struct lruvec *lruvec, struct mm *mm)
{
	struct mglru *g = lruvec->lists;

	g_queue_push_tail(&g->mms, mm);
	mm->lru = g->mms.tail;
	/* the first mm that was added since the last walk */
	if (g->tail_set && !g->tail)
		g->tail = mm->lru;
}

void lru_gen_del_mm(struct lruvec *lruvec, struct mm *mm)
{
	struct mglru *g = lruvec->lists;
	GList *link = mm->lru;

	if (g->tail_set && g->tail == link)
		g->tail = link->next;
	g_queue_delete_link(&g->mms, link);
	mm->lru = NULL;
}

/* On average at least one young PTE per cache line. */
static bool suitable_to_scan(unsigned int total, unsigned int young)
{
	return young * 8 >= total;
}

/*
 * get_pte_pfn(), get_pfn_folio(), test_and_clear_young_ptes(): clear the young bit of the PTE
 * at @vpn, and of the PTEs after it up to @end that map the same large folio. @nr: set to
 * their number. @anon: is anon evicted? Return: the folio; FOLIO_NONE, and the bit stays, if
 * it is the zero page or its folio is not wanted.
 */
static uint32_t take_young(struct sim *s, const struct mglru *g, const struct vma *vma,
			   struct pte_table *pt, uint32_t vpn, uint64_t end, bool anon,
			   uint32_t *nr)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	const struct folio *f;
	uint32_t page, slot;

	*nr = 1;
	/* the zero page */
	if (!pte_has_folio(pt, idx))
		return FOLIO_NONE;
	page = pte_slot(s, vma, pt, vpn);
	slot = folio_head(s->folios, page);
	f = &s->folios[slot];
	if (__builtin_expect(s->nr_memcgs > 1, 0) && folio_lruvec(s, slot)->lists != g)
		return FOLIO_NONE;
	if (folio_lru_gen(f) < 0 && !g->rules->walk_takes_isolated)
		return FOLIO_NONE;
	if (!anon && folio_lru_type(f) == LRU_ANON && g->rules->walk_spares_anon)
		return FOLIO_NONE;
	if (folio_test_large(f) && !s->cfg.kernel->young_by_pte)
		*nr = folio_pte_batch(s, pt, idx, page, slot, (uint32_t)(end - vpn));
	pte_take_young(pt, idx, idx + *nr);
	if (pte_any_dirty(pt, idx, idx + *nr) && !(f->flags & PG_dirty) &&
	    (f->flags & (PG_anon | PG_swapbacked | PG_swapcache)) != (PG_anon | PG_swapbacked))
		folio_mark_dirty(s, slot);
	return slot;
}

/* walk_update_folio() */
static void update_folio(struct sim *s, const struct mglru *g, const struct vma *vma, uint32_t slot)
{
	if (slot != FOLIO_NONE)
		(g->has_walk ? g->rules->update : g->rules->look)(s, slot, vma->flags & VM_EXEC);
}

/* walk_pmd_range_locked() of a PMD entry that maps a folio */
static void update_huge(struct sim *s, struct mglru *g, const struct vma *vma, struct pte_table *pt,
			uint32_t vpn)
{
	const uint32_t slot = pte_slot(s, vma, pt, vpn);

	if (folio_lruvec(s, slot)->lists != g || !pt->young ||
	    (folio_lru_gen(&s->folios[slot]) < 0 && !g->rules->walk_takes_isolated))
		return;
	pt->young = false;
	if (!(s->folios[slot].flags & PG_dirty) && pmd_dirty(pt))
		folio_mark_dirty(s, slot);
	update_folio(s, g, vma, slot);
}

/* Clear the young bits of the PTEs in [vpn, end) and update their folios. Return: the number of
 * young PTEs; the PTEs of a large folio count as young if the first is. */
static unsigned int update_range(struct sim *s, const struct mglru *g, const struct vma *vma,
				 struct pte_table *pt, uint64_t vpn, uint64_t end, bool anon)
{
	unsigned int young = 0;
	uint32_t last = FOLIO_NONE;

	for (uint32_t nr; (vpn = pte_next_young_vpn(pt, vpn, end)) < end; vpn += nr) {
		const uint32_t slot = take_young(s, g, vma, pt, (uint32_t)vpn, end, anon, &nr);

		if (slot == FOLIO_NONE)
			continue;
		/* update a folio once for consecutive PTEs */
		if (slot != last)
			update_folio(s, g, vma, last);
		last = slot;
		young += nr;
	}
	update_folio(s, g, vma, last);
	return young;
}

void lru_gen_look_around(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			 uint32_t nr)
{
	const uint64_t at = vpn, table = at - at % PTRS_PER_PTE;
	uint64_t start = MAX(table, vma->start);
	uint64_t end = MIN(table + PTRS_PER_PTE, (uint64_t)vma->start + vma_pages(vma));
	const uint32_t slot = folio_head(s->folios, pte_slot(s, vma, pt, vpn));
	const struct mglru *g = folio_lruvec(s, slot)->lists;
	const bool anon = folio_lru_type(&s->folios[slot]) == LRU_ANON;

	if (end - start == 1)
		return;
	if (end - start > MIN_LRU_BATCH) {
		if (at - start < MIN_LRU_BATCH / 2)
			end = start + MIN_LRU_BATCH;
		else if (end - at < MIN_LRU_BATCH / 2)
			start = end - MIN_LRU_BATCH;
		else {
			start = at - MIN_LRU_BATCH / 2;
			end = at + MIN_LRU_BATCH / 2;
		}
	}
	/* also count the @nr young PTEs that rmap has cleared. The filter is that of the folio's
	 * memcg, whose walks do not come to processes of another one */
	if (suitable_to_scan((unsigned int)(end - start),
			     update_range(s, g, vma, pt, start, end, anon) + nr) &&
	    s->memcg[vma->mm->memcg].lruvec.lists == g)
		set_add(g, g->max_seq, pt);
}

/* The checks of should_skip_vma() that matter for the VMAs of a trace. */
static bool should_skip_vma(const struct sim *s, const struct vma *vma, unsigned int swappiness)
{
	if (!vma_has_recency(vma) || (vma->flags & VM_LOCKED))
		return true;
	if ((vma->flags & VM_ANON) || s->files[vma->file].shmem)
		return !swappiness;
	return false;
}

/* struct table_walk - the page table being walked; several VMAs may share it */
struct table_walk {
	struct pte_table *pt;
	uint32_t index;
	unsigned int total, young;
	bool skip;
};

/* walk_pmd_range(): decide whether to walk a page table. */
static void table_begin(struct mglru *g, struct table_walk *w, uint64_t seq, bool force)
{
	w->total = w->young = 0;
	w->skip = !w->pt || !w->pt->table;
	if (w->skip || force)
		return;
	w->skip = !w->pt->young || !set_has(g, seq, w->pt);
	w->pt->young = false;
}

static void table_end(struct mglru *g, const struct table_walk *w, uint64_t seq)
{
	if (!w->skip && suitable_to_scan(w->total, w->young))
		set_add(g, seq + 1, w->pt);
}

static void walk_mm(struct sim *s, struct mglru *g, struct mm *mm, uint64_t seq,
		    unsigned int swappiness, bool force)
{
	struct table_walk w = { .index = UINT32_MAX, .skip = true };

	for (guint i = 0; i < mm->vmas->len; i++) {
		const struct vma *vma = mm->vmas->pdata[i];
		const uint64_t end = (uint64_t)vma->start + vma_pages(vma);

		if (should_skip_vma(s, vma, swappiness))
			continue;
		for (uint64_t at = vma->start, stop; at < end; at = stop) {
			stop = MIN((at / PTRS_PER_PTE + 1) * PTRS_PER_PTE, end);
			if (w.index != at / PTRS_PER_PTE) {
				table_end(g, &w, seq);
				w.index = (uint32_t)(at / PTRS_PER_PTE);
				w.pt = pte_lookup(mm, (uint32_t)at);
				table_begin(g, &w, seq, force);
				if (w.pt && w.pt->huge)
					update_huge(s, g, vma, w.pt, (uint32_t)at);
			}
			if (w.skip)
				continue;
			w.total += (unsigned int)(stop - at);
			w.young += update_range(s, g, vma, w.pt, at, stop, swappiness);
		}
	}
	table_end(g, &w, seq);
}

bool lru_gen_walk_mms(struct sim *s, struct mglru *g, uint64_t seq, unsigned int swappiness)
{
	bool force = false, first = true;

	if (seq <= g->mm_seq)
		return false;
	g->has_walk = true;
	for (GList *l = g->mms.head; l; l = l->next) {
		struct mm *mm = l->data;

		/* walk every mm that was added since the last walk completely */
		if (!g->tail_set || g->tail == l) {
			g->tail_set = true;
			g->tail = l->next;
			force = true;
		}
		if (!force && !mm->ran)
			continue;
		mm->ran = false;
		if (first)
			set_clear(g, seq + 1);
		first = false;
		walk_mm(s, g, mm, seq, swappiness, force);
	}
	g->mm_seq++;
	return true;
}
