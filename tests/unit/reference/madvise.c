// SPDX-License-Identifier: GPL-2.0-only
/*
 * Advice about mapped memory. After mm/madvise.c, and of mm/huge_memory.c the split of a file
 * folio, into single pages or in halves.
 */
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"

#include <string.h>

#include <glib.h>

/* __folio_split(): the half with page @at is split again and again, -1: all of it. Return: false if
 * the folio stays as it is. */
bool ref_split_folio(struct ref *r, int folio, int at)
{
	const int order = r->pages[folio].order, nr = 1 << order;
	const int nr_nodes = order < 6 ? 0 : at < 0 ? nr / 64 : 1;
	struct ref_page head;

	/* folio_trylock(), filemap_release_folio(), folio_expected_ref_count() */
	if (r->pages[folio].locked || !r->pages[folio].lru || r->pages[folio].dirty ||
	    ref_other_refs(r, folio))
		return false;
	/* xas_split_alloc(), xas_try_split() */
	r->pages[folio].extra_refs++;
	for (int i = 0; r->objcg && i < nr_nodes; i++) {
		if (ref_charge_object(r, ref_current_objcg(r), true, ref_sizeof(r, REF_XA_NODE),
				      at < 0 ? REF_GFP_KERNEL : REF_GFP_NOWAIT))
			continue;
		while (i--)
			ref_free_object(r, ref_current_objcg(r), REF_XA_NODE);
		r->pages[folio].extra_refs--;
		return false;
	}
	r->pages[folio].extra_refs--;
	if (r->pages[folio].dirty || ref_other_refs(r, folio)) {
		g_error("reference: a folio changed while nodes were charged for its split");
		return false;
	}
	ref_free_buffers(r, folio);
	ref_try_to_unmap(r, folio, true);
	head = r->pages[folio];
	ref_free_compound(r, folio);
	for (int i = 1; i < nr; i++)
		r->pages[folio + i] = (struct ref_page){ .used = true,
							 .resident = true,
							 .young = head.young,
							 .idle = head.idle,
							 .mlocked = head.mlocked,
							 .unevictable = head.unevictable,
							 .lru = head.unevictable,
							 .referenced = head.referenced,
							 .active = head.active,
							 .workingset = head.workingset,
							 .gen = head.gen,
							 .memcg = head.memcg,
							 .refs = head.refs };
	for (int begin = folio, half = nr / 2; at >= 0 && half; half /= 2) {
		const bool second = at >= begin + half;

		if (half > 1)
			ref_prep_compound(r, second ? begin : begin + half,
					  __builtin_ctz((unsigned int)half));
		begin += second ? half : 0;
	}
	/* lru_add_split_folio(): list_add_tail() to the head, so right before it */
	for (int i = ref_nr_pages(r, folio); i < nr && !head.unevictable;
	     i += ref_nr_pages(r, folio + i))
		ref_lruvec_add_before(r, folio + i, folio);
	if (at < 0)
		ref_tree_split(r, folio, order);
	else if (nr_nodes)
		ref_tree_split(r, at - (at - folio) % 64, 6);
	return true;
}

/* the part that madvise_cold_or_pageout_pte_range() does to a folio of this process alone */
static void cold_or_pageout(struct ref *r, int folio, bool pageout, GArray *list)
{
	struct ref_page *pg = &r->pages[folio];

	pg->referenced = pg->young = false;
	if (pg->active)
		pg->workingset = true;
	if (!pageout) {
		ref_folio_deactivate(r, r->this_cpu, folio);
	} else if (pg->lru) {
		ref_lruvec_del(r, folio);
		if (pg->unevictable)
			ref_folio_putback_lru(r, folio);
		else
			g_array_append_val(list, folio);
	}
}

/* reclaim_pages() */
static void reclaim_pages(struct ref *r, GArray *list)
{
	struct ref_scan sc = { .ignore_references = true };
	int *pages = (int *)(void *)list->data, nr, unqueued;

	for (guint i = 0; i < list->len; i++)
		r->pages[pages[i]].active = false;
	nr = ref_shrink_folio_list(r, &sc, pages, (int)list->len, &unqueued);
	for (int i = 0; i < nr; i++) /* folio_putback_lru() */
		ref_folio_putback_lru(r, pages[i]);
	g_array_set_size(list, 0);
}

/* the PTE at @at is present. Return: PTEs to skip; 0: look again */
static uint64_t cold_pte(struct ref *r, struct ref_proc *p, uint64_t at, uint64_t max, bool pageout,
			 GArray *list)
{
	const int folio = ref_folio(r, p->ptes[at].page), pages = ref_nr_pages(r, folio);
	int nr = 1;

	if (pages > 1) {
		nr = ref_pte_batch(r, p, at, (int)max);
		if (nr < pages) {
			if (ref_folio_maybe_mapped_shared(r, folio))
				return (uint64_t)nr;
			return ref_split_folio(r, folio, -1) ? 0 : (uint64_t)nr;
		}
	}
	if (!r->pages[folio].lru || ref_folio_mapcount(r, folio) != pages)
		return (uint64_t)nr;
	for (int i = 0; !pageout && i < nr; i++)
		p->ptes[at + (uint64_t)i].young = false;
	cold_or_pageout(r, folio, pageout, list);
	return (uint64_t)nr;
}

static void cold_pmd(struct ref *r, struct ref_table *t, bool whole, bool pageout, GArray *list)
{
	if (ref_folio_maybe_mapped_shared(r, t->folio))
		return;
	if (!whole) {
		ref_split_folio(r, t->folio, -1);
		return;
	}
	t->young &= pageout;
	cold_or_pageout(r, t->folio, pageout, list);
}

static void madvise_cold_or_pageout(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end,
				    bool pageout)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(int));

	ref_lru_add_drain_cpu(r, r->this_cpu);
	while (start < end) {
		const uint64_t stop = MIN(end, start / 512 * 512 + 512);

		if (p->tables[start / 512].huge) {
			cold_pmd(r, &p->tables[start / 512], stop - start == 512, pageout, list);
			start = stop;
		}
		while (start < stop)
			start += p->ptes[start].present && !p->ptes[start].zero
					 ? cold_pte(r, p, start, stop - start, pageout, list)
					 : 1;
		if (list->len)
			reclaim_pages(r, list);
	}
	g_array_free(list, TRUE);
}

static void madvise_free(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end)
{
	ref_lru_add_drain_cpu(r, r->this_cpu);
	for (uint64_t at = start; at < end; at++) {
		struct ref_pte *pte = &p->ptes[at];
		struct ref_page *pg = &r->pages[pte->page];

		if (pte->swap) {
			ref_zap_swap(r, pte);
			continue;
		}
		if (!pte->present || pte->zero)
			continue;
		if (pg->swap_slot || pg->dirty) {
			if (ref_mapcount(r, pte->page) != 1)
				continue;
			if (pg->swap_slot && !ref_folio_free_swap(r, pte->page))
				continue;
			pg->dirty = false;
		}
		pte->young = pte->dirty = false;
		ref_folio_mark_lazyfree(r, r->this_cpu, pte->page);
	}
}

static bool madvise_willneed(struct ref *r, struct ref_proc *p, const struct ref_vma *v,
			     uint64_t start, uint64_t end)
{
	bool ok = true;

	if (!v->anon && !ref_is_shmem(r, v->file)) {
		ref_force_page_cache_ra(r, r->this_cpu, &r->opens[v->open],
					v->pgoff + (start - v->start), end - start);
		return true;
	}
	for (uint64_t at = start; ok && at < end; at++) {
		const int page = v->anon ? p->ptes[at].page
					 : ref_file_page(r, v->file, v->pgoff + (at - v->start));

		if (v->anon ? !p->ptes[at].swap || r->pages[page].resident
			    : !r->pages[page].swap_slot || r->pages[page].resident)
			continue;
		ok = v->anon ? ref_swap_cache_read(r, r->this_cpu, page)
			     : ref_filemap_add_folio(r, r->this_cpu, page, false, REF_GFP_KERNEL);
	}
	ref_lru_add_drain_cpu(r, r->this_cpu);
	return ok;
}

bool ref_process_madvise(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end,
			 uint32_t advice)
{
	struct ref_zap z;
	bool ok = true;

	switch (advice) {
	case MADVISE_HUGEPAGE:
	case MADVISE_NOHUGEPAGE:
		ref_do_madvise(r, p, start, end, advice);
		return true;
	case MADVISE_POPULATE_READ:
		ok = ref_faultin_page_range(r, p, start, end);
		ref_lru_add_drain_cpu(r, r->this_cpu);
		return ok;
	case MADVISE_DONTNEED:
		z = ref_zap_begin(r, p, false, 0);
		break;
	default:
		break;
	}
	for (uint64_t at = start; ok && at < end;) {
		struct ref_vma *v = ref_find_vma(p, at);
		const uint64_t stop = MIN(v->end, end);

		/* can_madv_lru_vma(), madvise_dontneed_free_valid_vma() */
		if (v->locked && advice != MADVISE_WILLNEED && advice != MADVISE_DONTNEED)
			break;
		switch (advice) {
		case MADVISE_DONTNEED:
			if (r->v6_12)
				ref_lru_add_drain_cpu(r, r->this_cpu);
			ref_zap_range(r, &z, p, v, at, stop);
			break;
		case MADVISE_FREE:
			madvise_free(r, p, at, stop);
			break;
		case MADVISE_WILLNEED:
			ok = madvise_willneed(r, p, v, at, stop);
			break;
		default:
			madvise_cold_or_pageout(r, p, at, stop, advice == MADVISE_PAGEOUT);
			break;
		}
		at = stop;
	}
	if (advice == MADVISE_DONTNEED)
		ref_tlb_flush_mmu(r, &z);
	return ok;
}
