// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults. After mm/memory.c, and filemap_fault() of mm/filemap.c.
 */
#include "tests/unit/reference/internal.h"

#include <glib.h>

/* filemap_fault() and the like */
enum ref_fault { FAULT_OK, FAULT_RETRY, FAULT_RETRY_MAJOR, FAULT_OOM, FAULT_SIGBUS };

/* set_pte_range() of @nr pages of a file, all in one folio */
static void set_file_ptes(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			  int nr, bool young, bool write)
{
	int page = ref_file_page(r, v->file, v->pgoff + (at - v->start));
	struct ref_pte pte = { .present = true, .young = young, .dirty = write, .write = write };

	/* vma_wants_writenotify(): not on tmpfs, so its vm_page_prot is writable */
	if (!write && v->shared && v->write && ref_is_shmem(r, v->file)) {
		pte.write = true;
		pte.dirty = r->pages[ref_folio(r, page)].dirty && !r->v6_12;
	}
	ref_add_rmap(r, p, page, nr);
	if (v->locked && nr == ref_nr_pages(r, ref_folio(r, page)))
		ref_mlock_folio(r, ref_folio(r, page));
	for (int i = 0; i < nr; i++) {
		p->ptes[at + (uint64_t)i] = pte;
		p->ptes[at + (uint64_t)i].page = page + i;
	}
}

/*
 * Is the whole folio of page @at within the mapping, within one page table and within the
 * first @pages of the file? If so, @first is set to its first page.
 */
static bool folio_within(const struct ref *r, const struct ref_vma *v, uint64_t at, uint64_t pages,
			 uint64_t *first)
{
	const int folio = ref_folio(r, ref_file_page(r, v->file, v->pgoff + (at - v->start)));
	const uint64_t index = (uint64_t)(folio - ref_file_page(r, v->file, 0));
	const uint64_t nr = (uint64_t)ref_nr_pages(r, folio);

	if (index < v->pgoff || index + nr > v->pgoff + (v->end - v->start) || index + nr > pages)
		return false;
	*first = v->start + (index - v->pgoff);
	return *first / 512 == (*first + nr - 1) / 512;
}

static bool pte_none(const struct ref_proc *p, uint64_t at)
{
	return !p->ptes[at].present && !p->ptes[at].swap;
}

/* filemap_map_folio_range(): map @nr pages from @at on. Return: is @fault, which need not be
 * one of them, mapped now? @misses: number of pages looked at */
static bool map_folio_range(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			    uint64_t nr, uint64_t fault, unsigned int *misses)
{
	const int folio = ref_folio(r, ref_file_page(r, v->file, v->pgoff + (at - v->start)));
	uint64_t first, end = at + nr;
	bool mapped = false;

	/* file_end is the last page of the file; the folio must end before it */
	if (r->pages[folio].order && !r->v6_12 &&
	    folio_within(r, v, at, r->files[v->file].size - 1ull, &first)) {
		at = first;
		end = at + (uint64_t)ref_nr_pages(r, folio);
	}
	*misses = (unsigned int)(end - at);
	while (at < end) {
		uint64_t stop = at;
		bool hit;

		while (stop < end && pte_none(p, stop))
			stop++;
		if (stop == at) {
			at++;
			continue;
		}
		hit = at <= fault && fault < stop;
		set_file_ptes(r, p, v, at, (int)(stop - at), hit || !r->m.prefault_old, false);
		mapped |= hit;
		at = stop;
	}
	return mapped;
}

/* do_fault_around(), filemap_map_pages(). Return: true if @at is mapped now. */
static bool do_fault_around(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			    bool tried)
{
	uint64_t nr = r->m.fault_around_pages, pte_off = at % 512, vma_off = at - v->start;
	uint64_t from = MAX(pte_off - pte_off % nr, pte_off - MIN(pte_off, vma_off));
	uint64_t to = MIN(MIN(from + nr, 512), pte_off + (v->end - v->start) - vma_off) - 1;
	struct ref_open *ra = &r->opens[v->open];
	unsigned int mmap_miss = 0; /* v6 */
	bool mapped = false;

	for (uint64_t i = from, nr_pages; i <= to; i += nr_pages) {
		uint64_t here = at - pte_off + i, pgoff = v->pgoff + (here - v->start);
		const struct ref_page *pg;
		unsigned int misses;
		int page, folio;
		bool hit;

		nr_pages = 1;
		if (pgoff >= r->files[v->file].size)
			break;
		page = ref_file_page(r, v->file, pgoff);
		if (!r->pages[page].resident) /* next_uptodate_folio() */
			continue;
		folio = ref_folio(r, page);
		nr_pages = (uint64_t)(folio + ref_nr_pages(r, folio) - page);
		pg = &r->pages[folio];
		if (pg->reclaim)
			continue;
		/* filemap_map_pmd() */
		if (ref_do_set_pmd(r, p, v, at, folio, r->files[v->file].size - 1ull, false))
			return true;
		/* without a page table for the last folio: pte_offset_map_lock() fails */
		if (!p->tables[at / 512].populated && !ref_is_shmem(r, v->file) &&
		    pgoff + nr_pages >= r->files[v->file].size)
			return false;
		p->tables[at / 512].populated = true;
		hit = map_folio_range(
			r, p, v, here,
			MIN(MIN(nr_pages, to - i + 1), r->files[v->file].size - pgoff), at,
			&misses);
		mmap_miss += pg->workingset ? 0 : misses;
		if (!hit)
			continue;
		mapped = true;
		if (!r->v6 && !tried && !pg->workingset && !v->sequential && !v->exec &&
		    ra->mmap_miss)
			ra->mmap_miss--;
	}
	if (r->v6)
		ra->mmap_miss -= MIN(ra->mmap_miss, mmap_miss);
	return mapped;
}

static enum ref_fault filemap_fault(struct ref *r, unsigned int cpu, const struct ref_vma *v,
				    uint64_t pgoff, bool tried)
{
	int page = ref_file_page(r, v->file, pgoff);

	if (pgoff >= r->files[v->file].size)
		return FAULT_SIGBUS;
	if (ref_is_shmem(r, v->file)) { /* shmem_fault() */
		if (r->pages[page].resident)
			return FAULT_OK;
		ref_count(r, VM_pgmajfault, r->pages[page].swap_slot);
		return ref_filemap_add_folio(r, cpu, page, false, REF_GFP_KERNEL) ? FAULT_OK
										  : FAULT_OOM;
	}
	if (r->pages[page].resident)
		return !tried && ref_do_async_mmap_readahead(r, cpu, v, pgoff) ? FAULT_RETRY
									       : FAULT_OK;
	ref_count(r, VM_pgmajfault, 1);
	ref_do_sync_mmap_readahead(r, cpu, v, pgoff);
	if (!r->pages[page].resident) {
		if (!ref_filemap_add_folio(r, cpu, page, false, REF_GFP_KERNEL))
			return FAULT_OOM;
		ref_filemap_read_folio(r, cpu, page);
	}
	/* either the readahead or page_not_uptodate dropped the lock */
	return tried ? FAULT_OK : FAULT_RETRY_MAJOR;
}

/* a new anon page: id and identity */
static int new_anon(struct ref *r, const struct ref_vma *v, uint64_t at)
{
	int page = r->nr_file;

	while (page < r->nr_pages && r->pages[page].used)
		page++;
	if (page == r->nr_pages) {
		if (r->nr_pages == r->cap_pages) {
			r->cap_pages *= 2;
			r->pages = g_renew(struct ref_page, r->pages, r->cap_pages);
			for (int i = 0; i < r->nr_memcgs * REF_NR_LISTS; i++) {
				struct ref_list *l =
					&r->memcgs[i / REF_NR_LISTS].lists[i % REF_NR_LISTS];

				l->pages = g_renew(int, l->pages, r->cap_pages);
			}
		}
		r->nr_pages++;
	}
	r->pages[page] = (struct ref_page){ .used = true,
					    .resident = true,
					    .anon = true,
					    .swapbacked = true,
					    .memcg = ref_current_memcg(r),
					    .index = v->anon_pgoff + at - v->start };
	return page;
}

/* __anon_vma_prepare() */
static void vmf_anon_prepare(struct ref *r, struct ref_vma *v)
{
	if (v->anon_vma)
		return;
	v->anon_root = v->anon_id = ++r->nr_ids;
	v->anon_vma = true;
	ref_new_anon_vma(r, v->anon_root, 0);
	ref_new_anon_vma_chains(r, v);
}

/* folio_add_new_anon_rmap(), folio_add_lru_vma(), set_ptes() */
static void map_new_anon(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at)
{
	int page = new_anon(r, v, at);

	p->ptes[at] = (struct ref_pte){
		.present = true, .young = true, .dirty = true, .write = true, .page = page
	};
	if (v->locked)
		ref_mlock_new_folio(r, page);
	else
		ref_folio_add_lru(r, p->cpu, page);
}

/* finish_fault() of a file page: map all of its folio if nothing is mapped there yet */
static void finish_fault(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			 bool write)
{
	const int folio = ref_folio(r, ref_file_page(r, v->file, v->pgoff + (at - v->start)));
	const int nr = ref_nr_pages(r, folio);
	uint64_t first;
	bool none;

	if (ref_do_set_pmd(r, p, v, at, folio, r->files[v->file].size, write))
		return;
	none = nr > 1 && !r->v6_12 && folio_within(r, v, at, r->files[v->file].size, &first);

	for (int i = 0; none && i < nr; i++)
		none = pte_none(p, first + (uint64_t)i);
	if (none)
		set_file_ptes(r, p, v, first, nr, true, write);
	else
		set_file_ptes(r, p, v, at, 1, true, write);
}

static enum ref_fault do_read_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v,
				    uint64_t at, bool tried)
{
	enum ref_fault ret;

	if (r->m.fault_around_pages > 1 && do_fault_around(r, p, v, at, tried))
		return FAULT_OK;
	ret = filemap_fault(r, p->cpu, v, v->pgoff + (at - v->start), tried);
	if (ret == FAULT_OK)
		finish_fault(r, p, v, at, false);
	return ret;
}

static enum ref_fault do_cow_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v,
				   uint64_t at, bool tried)
{
	enum ref_fault ret;

	vmf_anon_prepare(r, v);
	if (!ref_charge(r, ref_current_memcg(r), p->cpu, 1, REF_GFP_KERNEL))
		return FAULT_OOM;
	ret = filemap_fault(r, p->cpu, v, v->pgoff + (at - v->start), tried);
	if (ret == FAULT_OK)
		map_new_anon(r, p, v, at);
	else
		ref_uncharge(r, ref_current_memcg(r), 1);
	return ret;
}

static enum ref_fault do_shared_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v,
				      uint64_t at, bool tried)
{
	uint64_t pgoff = v->pgoff + (at - v->start);
	enum ref_fault ret = filemap_fault(r, p->cpu, v, pgoff, tried);

	if (ret == FAULT_OK) {
		const int page = ref_folio(r, ref_file_page(r, v->file, pgoff));
		bool ok;

		/* do_page_mkwrite(): the page is locked */
		r->pages[page].extra_refs++;
		ok = ref_file_update_time(r, p->cpu, v->file);
		r->pages[page].extra_refs--;
		if (ok && !ref_is_shmem(r, v->file))
			ref_create_buffers(r, page);
		if (!ok)
			return FAULT_OOM;
		finish_fault(r, p, v, at, true);
		ref_folio_mark_dirty(r, page);
	}
	return ret;
}

static enum ref_fault do_anonymous_page(struct ref *r, struct ref_proc *p, struct ref_vma *v,
					uint64_t at, bool write)
{
	if (!write) {
		p->ptes[at] = (struct ref_pte){ .present = true, .young = true, .zero = true };
		return FAULT_OK;
	}
	vmf_anon_prepare(r, v);
	if (!ref_charge(r, ref_current_memcg(r), p->cpu, 1, REF_GFP_KERNEL))
		return FAULT_OOM;
	map_new_anon(r, p, v, at);
	return FAULT_OK;
}

static bool wp_can_reuse_anon_folio(struct ref *r, unsigned int cpu, int page)
{
	struct ref_page *pg = &r->pages[page];
	int refs = ref_mapcount(r, page) + ref_other_refs(r, page) + pg->swap_slot;
	bool maybe_in_lru_cache = !pg->lru;

	if (r->v6 ? refs > 3 : refs > 1 + maybe_in_lru_cache + pg->swap_slot)
		return false;
	if (maybe_in_lru_cache)
		ref_lru_add_drain_cpu(r, cpu);
	refs = ref_mapcount(r, page) + ref_other_refs(r, page) + pg->swap_slot;
	if (refs > 1 + pg->swap_slot)
		return false;
	ref_folio_free_swap(r, page);
	return ref_mapcount(r, page) + ref_other_refs(r, page) + pg->swap_slot == 1;
}

/* compares the young bit, too */
static bool pte_same(const struct ref_pte *a, const struct ref_pte *b)
{
	return a->present == b->present && a->young == b->young && a->dirty == b->dirty &&
	       a->write == b->write && a->zero == b->zero && a->swap == b->swap &&
	       a->page == b->page;
}

static enum ref_fault wp_page_copy(struct ref *r, struct ref_proc *p, struct ref_vma *v,
				   uint64_t at)
{
	struct ref_pte orig = p->ptes[at];
	int old = orig.zero ? -1 : ref_folio(r, orig.page);

	if (old >= 0)
		r->pages[old].extra_refs++;
	vmf_anon_prepare(r, v);
	if (!ref_charge(r, ref_current_memcg(r), p->cpu, 1, REF_GFP_KERNEL)) {
		if (old >= 0)
			r->pages[old].extra_refs--;
		return FAULT_OOM;
	}
	if (!pte_same(&p->ptes[at], &orig)) {
		ref_uncharge(r, ref_current_memcg(r), 1);
		if (old >= 0)
			r->pages[old].extra_refs--;
		return FAULT_OK; /* and the access faults again */
	}
	map_new_anon(r, p, v, at);
	if (old >= 0) {
		ref_remove_rmap(r, p, orig.page, 1);
		if (v->locked)
			ref_munlock_folio(r, old);
		r->pages[old].extra_refs--;
		if (r->pages[old].anon) {
			ref_free_swap_cache(r, old);
			ref_put_anon(r, old);
		}
	}
	return FAULT_OK;
}

static enum ref_fault do_wp_page(struct ref *r, struct ref_proc *p, struct ref_vma *v, uint64_t at)
{
	struct ref_pte *pte = &p->ptes[at];
	bool reuse = false;

	if (!pte->zero && v->shared) {
		/* wp_page_shared() */
		const struct ref_pte orig = *pte;

		if (!v->anon && !ref_file_update_time(r, p->cpu, v->file))
			return FAULT_OOM;
		if (!pte_same(pte, &orig))
			return FAULT_OK;
		if (!v->anon && !ref_is_shmem(r, v->file))
			ref_create_buffers(r, ref_folio(r, pte->page));
		if (!pte_same(pte, &orig))
			return FAULT_OK;
		ref_folio_mark_dirty(r, ref_folio(r, pte->page));
		reuse = true;
	} else if (!pte->zero && r->pages[pte->page].anon) {
		reuse = wp_can_reuse_anon_folio(r, p->cpu, pte->page);
	}
	if (!reuse)
		return wp_page_copy(r, p, v, at);
	pte->young = pte->dirty = pte->write = true;
	return FAULT_OK;
}

static enum ref_fault do_swap_page(struct ref *r, struct ref_proc *p, struct ref_vma *v,
				   uint64_t at, bool write)
{
	struct ref_pte *pte = &p->ptes[at];
	int page = pte->page;
	struct ref_page *pg = &r->pages[page];
	bool exclusive = pte->exclusive, swapcache = true;

	if (!pg->resident) {
		/* v6: __swap_count(entry) == 1 */
		swapcache = !r->v6 || ref_swap_count(r, page) > 1;
		/* swapin_sync(), __swap_cache_alloc() */
		if (!ref_swap_cache_read(r, p->cpu, page))
			return FAULT_OOM;
		ref_count(r, VM_pgmajfault, 1);
	}
	if (r->v6 && swapcache) {
		if (write && !pg->lru)
			ref_lru_add_drain_cpu(r, p->cpu);
		/* swap_free(), should_try_to_free_swap(): references of the fault and of
		 * the swap cache */
		pte->swap = false;
		if (ref_vm_swap_full(r) || v->locked || pg->mlocked ||
		    (write && ref_mapcount(r, page) + ref_other_refs(r, page) + pg->swap_slot == 1))
			ref_folio_free_swap(r, page);
		exclusive |= ref_mapcount(r, page) + ref_other_refs(r, page) + pg->swap_slot == 0;
	} else if (r->v6) {
		exclusive = true;
	}
	*pte = (struct ref_pte){ .present = true, .young = true, .page = page };
	if (v->locked) /* folio_add_anon_rmap_pte() */
		ref_mlock_folio(r, page);
	if (exclusive && v->write) {
		pte->write = true;
		pte->dirty = write;
	}
	/* should_try_to_free_swap(): the device is synchronous */
	if (!r->v6 || !swapcache)
		ref_folio_free_swap(r, page);
	if (write && !pte->write)
		return do_wp_page(r, p, v, at);
	return FAULT_OK;
}

static enum ref_fault handle_pte_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v,
				       uint64_t at, bool write, bool tried)
{
	const struct ref_pte *pte = &p->ptes[at];

	ref_pte_alloc(r, p, at);
	if (pte->present)
		return do_wp_page(r, p, v, at);
	if (pte->swap)
		return do_swap_page(r, p, v, at, write);
	if (v->anon)
		return do_anonymous_page(r, p, v, at, write);
	if (!write)
		return do_read_fault(r, p, v, at, tried);
	return v->shared ? do_shared_fault(r, p, v, at, tried) : do_cow_fault(r, p, v, at, tried);
}

enum gup_by { NO_GUP, MADVISE, POPULATE, POPULATE_AGAIN };

/* do_user_addr_fault(): tries with the VMA lock, then with mmap_lock; @gup: faultin_page(), only
 * with that. POPULATE returns a retry: its caller begins again, FOLL_TRIED is never set, and
 * mm_account_fault() counts only the last try. */
static enum ref_fault do_user_addr_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v,
					 uint64_t at, bool write, enum gup_by gup)
{
	bool tried = false, vma_lock = gup == NO_GUP;
	enum ref_fault ret;

	if (gup != POPULATE_AGAIN) {
		ref_count(r, VM_pgfault, 1);
		ref_task_run(r, (uint64_t)r->m.fault_us * 1000);
	}
	for (;;) {
		/* lru_gen_enter_fault(), lru_gen_exit_fault() */
		r->in_lru_fault = !v->random && !v->sequential && !v->noreuse;
		ret = handle_pte_fault(r, p, v, at, write, tried);
		r->in_lru_fault = false;
		if (ret == FAULT_OK || ret == FAULT_OOM || ret == FAULT_SIGBUS)
			return ret;
		/* do_fault(): the preallocated table is unused */
		if (r->objcg && !p->tables[at / 512].populated && !p->tables[at / 512].huge) {
			ref_free_table(r, &p->tables[at / 512]);
			ref_new_table(r, &p->tables[at / 512]);
		}
		if (gup == POPULATE || gup == POPULATE_AGAIN)
			return ret;
		if (!vma_lock || ret == FAULT_RETRY_MAJOR)
			tried = true;
		vma_lock = false;
	}
}

bool ref_touch(struct ref *r, struct ref_proc *p, uint64_t at, uint64_t nr, uint64_t stride,
	       bool write)
{
	ref_count(r, VM_sim_accesses, nr);
	for (; nr; nr--, at += stride) {
		struct ref_pte *pte = &p->ptes[at];
		struct ref_table *t = &p->tables[at / 512];

		while (t->huge ? write && !t->write : !pte->present || (write && !pte->write)) {
			ref_split_huge_pmd(r, p, at); /* wp_huge_pmd() */
			t->young = t->exists;
			if (do_user_addr_fault(r, p, ref_find_vma(p, at), at, write, NO_GUP))
				return false;
			p->ran = true; /* before it goes on */
			t->populated = !t->huge;
		}
		t->young = true;
		if (t->huge) {
			t->dirty |= write;
			continue;
		}
		pte->young = true;
		pte->dirty |= write;
	}
	return true;
}

bool ref_faultin_page_range(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end; at++) {
		struct ref_table *t = &p->tables[at / 512];
		const struct ref_pte *pte = &p->ptes[at];

		while (!t->huge && !pte->present) {
			struct ref_vma *v = ref_find_vma(p, at);
			enum ref_fault ret = do_user_addr_fault(r, p, v, at, false, MADVISE);

			if (ret == FAULT_SIGBUS && at != start) {
				/* madvise_populate() goes on after the pages before it */
				ref_lru_add_drain_cpu(r, r->this_cpu);
				ret = do_user_addr_fault(r, p, v, at, false, MADVISE);
			}
			if (ret)
				return ret == FAULT_SIGBUS; /* madvise() fails with EFAULT */
			t->populated = !t->huge;
			if (t->huge)
				t->young = true;
		}
		if (t->huge) { /* touch_pmd() */
			t->young = true;
			at = at / 512 * 512 + 511;
		} else if (!pte->zero) {
			ref_folio_mark_accessed(r, r->this_cpu, ref_folio(r, pte->page));
		}
	}
	return true;
}

/* __get_user_pages() of populate_vma_page_range(): the fault of one page */
static enum ref_fault populate_page(struct ref *r, struct ref_proc *p, uint64_t at, bool write,
				    bool again)
{
	struct ref_table *t = &p->tables[at / 512];
	const struct ref_pte *pte = &p->ptes[at];
	enum ref_fault ret;

	while (t->huge ? write : !pte->present || (write && !pte->write)) {
		ref_split_huge_pmd(r, p, at);
		ret = do_user_addr_fault(r, p, ref_find_vma(p, at), at, write,
					 again ? POPULATE_AGAIN : POPULATE);
		if (ret)
			return ret;
		t->populated = !t->huge;
	}
	if (t->huge)
		t->young = true;
	return FAULT_OK;
}

bool ref_populate_vma(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end, bool write)
{
	uint64_t at = start;
	bool again = false;
	int restarts = 0;

	while (at < end) {
		const uint64_t first = at;
		enum ref_fault ret = FAULT_OK;

		/* one call, until the fault drops mmap_lock or fails */
		for (; at < end; at++) {
			const struct ref_pte *pte = &p->ptes[at];

			ret = populate_page(r, p, at, write, again);
			again = ret == FAULT_RETRY || ret == FAULT_RETRY_MAJOR;
			restarts = again ? restarts + 1 : 0;
			if (ret)
				break;
			if (p->tables[at / 512].huge) {
				at = at / 512 * 512 + 511;
				continue;
			}
			if (pte->zero)
				continue;
			if (write && !pte->dirty && !r->pages[ref_folio(r, pte->page)].dirty)
				ref_folio_mark_dirty(r, ref_folio(r, pte->page));
			ref_folio_mark_accessed(r, r->this_cpu, ref_folio(r, pte->page));
		}
		ref_lru_add_drain_cpu(r, r->this_cpu);
		if (ret == FAULT_OOM || restarts == 1000) /* reclaim takes what each reads */
			return false;
		if (ret == FAULT_SIGBUS && at == first) /* EFAULT */
			return true;
	}
	return true;
}

bool ref_swap_cache_read(struct ref *r, unsigned int cpu, int page)
{
	struct ref_page *pg = &r->pages[page];
	const struct ref_shadow s = pg->shadow;

	if (!ref_charge(r, pg->memcg, cpu, 1, REF_GFP_KERNEL))
		return false;
	ref_count(r, VM_pswpin, 1);
	pg = &r->pages[page];
	*pg = (struct ref_page){ .used = true,
				 .resident = true,
				 .anon = true,
				 .swapbacked = true,
				 .swap_slot = true,
				 .memcg = pg->memcg,
				 .index = pg->index };
	ref_workingset_refault(r, page, s);
	ref_folio_add_lru(r, cpu, page);
	return true;
}
