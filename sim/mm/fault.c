// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memory.c (do_read_fault, do_cow_fault, do_shared_fault,
 * do_anonymous_page, do_wp_page, do_swap_page, do_fault_around, set_pte_range)
 * and filemap_fault(), filemap_map_pages() of mm/filemap.c.
 *
 * An access to a present PTE sets its young bit and nothing else, as the
 * hardware does. Fault-around maps what is cached around a read fault: born
 * young on x86, old on arm64 except for the page that faulted.
 *
 * Approximations: a fault that read from the device is retried in the kernel, with fault-around
 * once more; here too, but nothing happens in between. A process counts as switched in again after
 * each fault: if it reclaims memory, it takes so long that another task runs. Swap is synchronous
 * (zram), so swap-in reads one page and frees its slot when no other process shares it. Anonymous
 * pages are order 0.
 */
#include "sim/mm/fault.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/charge.h"
#include "sim/mm/event.h"
#include "sim/mm/ext4.h"
#include "sim/mm/filemap.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/io.h"
#include "sim/mm/large.h"
#include "sim/mm/memcontrol.h"
#include "sim/mm/mlock.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/readahead.h"
#include "sim/mm/rmap.h"
#include "sim/mm/swap.h"
#include "sim/mm/task.h"

/* the PTE flags that depend on the folio */
static inline uint8_t pte_of_folio(const struct sim *s, const struct vma *vma, uint32_t head)
{
	const uint16_t flags = s->folios[head].flags;

	/* tmpfs needs no write notification: a shared mapping is writable */
	if (!(flags & PG_swapbacked) ||
	    (vma->flags & (VM_SHARED | VM_WRITE)) != (VM_SHARED | VM_WRITE))
		return PTE_present;
	return PTE_present | PTE_write |
	       (s->cfg.kernel->maps_dirty && (flags & PG_dirty) ? PTE_dirty : 0);
}

/* fault-around maps @nr pages that did not fault */
static inline void owe_around(struct sim *s, uint32_t nr)
{
	task_owe_timed(s, (uint64_t)nr * s->cfg.machine.fault_next_ps);
}

/* what few runs do when @nr PTEs map a file folio */
static __attribute__((noinline)) void folio_mapped_more(struct sim *s, const struct vma *vma,
							uint32_t head, uint32_t nr)
{
	mlock_vma_folio(s, vma, head, nr);
	if (s->cfg.kernel->activates_mapped)
		folio_activate_mapped(s, vma->mm->cpu, head);
}

/* set_pte_range() of a folio of one page */
static inline void map_file_page(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
				 uint32_t slot, uint8_t flags)
{
	pte_set(pt, vpn % PTRS_PER_PTE, pte_of_folio(s, vma, slot) | flags);
	folio_add_rmap(s, slot);
	if (__builtin_expect(s->map_does_more, 0))
		folio_mapped_more(s, vma, slot, 1);
}

/* set_pte_range(): @nr pages of one folio, from @slot on */
static void set_pte_range(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			  uint32_t slot, uint32_t nr, uint8_t flags)
{
	const uint32_t head = folio_head(s->folios, slot), idx = vpn % PTRS_PER_PTE;

	pte_set_range(pt, idx, idx + nr, pte_of_folio(s, vma, head) | flags);
	folio_add_rmap_ptes(s, vma->mm, slot, nr);
	if (__builtin_expect(s->map_does_more, 0))
		folio_mapped_more(s, vma, head, nr);
}

/*
 * May a fault map the whole folio of page @vpn: is it within the mapping, the page table and
 * the first @file_pages of the file? @first: set to the address of its first page.
 */
static bool folio_fits(const struct sim *s, const struct vma *vma, uint32_t vpn, uint32_t head,
		       uint32_t file_pages, uint32_t *first)
{
	const uint32_t index = head - file_slot(s, vma->file, 0), vma_off = vpn - vma->start;
	const uint32_t nr = folio_nr_pages(&s->folios[head]);
	const uint32_t before = vma->pgoff + vma_off - index, pte_off = vpn % PTRS_PER_PTE;

	*first = vpn - before;
	return before <= vma_off && nr - before <= vma_pages(vma) - vma_off && before <= pte_off &&
	       nr - before <= PTRS_PER_PTE - pte_off && index + nr <= file_pages;
}

/*
 * filemap_map_folio_range(): map @nr_pages pages of a large folio from @at on, or all of it if
 * it fits, except where something is mapped. @nr_pages: set to the number of pages that it
 * went over. Return: true if @vpn, which faulted, is mapped now.
 */
static bool map_folio_range(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t at,
			    uint32_t *nr_pages, uint32_t head, uint32_t vpn)
{
	const uint8_t prefault = s->cfg.machine.prefault_old ? 0 : PTE_young;
	uint32_t first;
	bool hit = false;

	/* not a folio that ends at the end of the file: file_end is the last page there */
	if (s->cfg.kernel->maps_whole_folios &&
	    folio_fits(s, vma, at, head, s->files[vma->file].size - 1, &first)) {
		at = first;
		*nr_pages = folio_nr_pages(&s->folios[head]);
	}
	for (uint32_t i = 0, run; i < *nr_pages; i += MAX(run, 1)) {
		const uint32_t slot = file_slot(s, vma->file, vma->pgoff + (at + i - vma->start));
		const uint32_t idx = (at + i) % PTRS_PER_PTE;
		bool here;

		run = pte_next(pt, idx, idx + *nr_pages - i) - idx;
		if (!run)
			continue;
		here = vpn - (at + i) < run;
		if (run > 1 || !here)
			note(s, head, MAP_FOLIO, s->folios[head].flags);
		set_pte_range(s, vma, pt, at + i, slot, run, here ? PTE_young : prefault);
		owe_around(s, run - here);
		hit |= here;
	}
	return hit;
}

/*
 * filemap_map_pages() has the first folio of its window. Return: true if it can map that. No
 * page table is installed for the folio in which the file ends (filemap_map_pmd() would do
 * it, and would map a PMD beyond the end), and without one fault-around gives up.
 */
static inline bool may_map(const struct sim *s, const struct vma *vma, struct pte_table *pt,
			   uint32_t next_index)
{
	if (pt->used)
		return true;
	if (next_index >= s->files[vma->file].size && !s->files[vma->file].shmem)
		return false;
	pt->used = true;
	return true;
}

/* The first of the PTEs [@idx, @end) that fault_around() looks at, or @end: its page is in the
 * cache, at slot @base + @idx. @mapped: also one that is mapped already */
static inline uint32_t next_around(const struct sim *s, const struct pte_table *pt, uint32_t idx,
				   uint32_t end, uint32_t base, bool mapped)
{
	for (; idx < end; idx = pte_next_word(idx)) {
		uint64_t pages = cached_bits(s, base + idx, MIN(pte_next_word(idx), end) - idx);

		if (!mapped)
			pages &= ~(pt->word[idx / 64].any >> idx % 64);
		if (pages)
			return idx + (uint32_t)__builtin_ctzll(pages);
	}
	return end;
}

static __attribute__((noinline)) void explain_around(struct sim *s, uint32_t slot, uint32_t vpn,
						     uint32_t first, uint32_t last)
{
	because(s, slot, CAUSE_AROUND, { vpn, first, last });
	note(s, slot, MAP_AROUND, s->folios[slot].flags);
}

/* do_fault_around(), filemap_map_pages(), which nothing interrupts. Return: true if @vpn is mapped
 * now. */
static bool fault_around(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			 bool tried)
{
	const uint32_t nr = s->cfg.machine.fault_around_pages;
	const uint32_t file_pages = s->files[vma->file].size;
	const uint8_t prefault = s->cfg.machine.prefault_old ? 0 : PTE_young;
	uint32_t pte_off = vpn % PTRS_PER_PTE, vma_off = vpn - vma->start;
	/* a power of two */
	uint32_t from = MAX(pte_off & ~(nr - 1), pte_off - MIN(pte_off, vma_off));
	uint32_t end = MIN(MIN(from + nr, PTRS_PER_PTE), pte_off + (vma_pages(vma) - vma_off));
	const bool by_fault = s->cfg.kernel->mmap_miss_by_fault;
	const bool small = !s->cfg.machine.max_folio_order;
	uint32_t *mmap_miss = &vma->open->mmap_miss;
	const uint32_t pgoff = vma->pgoff + vma_off - pte_off + from;
	const uint32_t base = file_slot(s, vma->file, pgoff) - from;
	bool mapped = false;

	/* filemap_map_pages() */
	if (pgoff >= file_pages)
		return false;
	end = MIN(end, from + (file_pages - pgoff));
	for (uint32_t i = from; i < end; i++) {
		const struct folio *f;
		uint32_t slot, at;
		bool hit;

		/* a page that is mapped is all of its folio: nothing is left to do */
		i = next_around(s, pt, i, end, base, !small || (!by_fault && *mmap_miss));
		if (i == end)
			break;
		slot = base + i;
		at = vpn - pte_off + i;
		f = &s->folios[slot];
		hit = at == vpn;
		/* next_uptodate_folio() */
		if ((f->flags & (PG_resident | PG_readahead | PG_locked)) != PG_resident)
			continue;
		if (__builtin_expect(f->order, 0)) {
			const uint32_t head = folio_head(s->folios, slot);
			const uint32_t left = head + folio_nr_pages(&s->folios[head]) - slot;
			uint32_t nr_pages = MIN(left, end - i);

			i += left - 1;
			f = &s->folios[head];
			if (f->flags & (PG_readahead | PG_locked))
				continue;
			/* filemap_map_pmd() */
			if (do_set_pmd(s, vma, vpn, head, file_pages - 1, false))
				return true;
			if (!may_map(s, vma, pt, pgoff + (i - from) + 1))
				return false;
			hit = map_folio_range(s, vma, pt, at, &nr_pages, head, vpn);
			if (!by_fault && !(f->flags & PG_workingset))
				*mmap_miss -= MIN(*mmap_miss, nr_pages);
		} else {
			if (!may_map(s, vma, pt, pgoff + (i - from) + 1))
				return false;
			if (!by_fault && !(f->flags & PG_workingset) && *mmap_miss)
				--*mmap_miss;
			if (pte_get(pt, i))
				continue;
			if (__builtin_expect(s->log != NULL, 0) && !hit)
				explain_around(s, slot, vpn, vpn - pte_off + from,
					       vpn - pte_off + end - 1);
			map_file_page(s, vma, pt, at, slot, hit ? PTE_young : prefault);
			owe_around(s, !hit);
		}
		if (!hit)
			continue;
		mapped = true;
		if (by_fault && !tried && !(f->flags & PG_workingset) &&
		    !(vma->flags & (VM_SEQ_READ | VM_EXEC)) && *mmap_miss)
			--*mmap_miss;
	}
	return mapped;
}

static __attribute__((noinline)) int wait_for_folio(struct sim *s, uint32_t head)
{
	const unsigned int held = s->held->nr;
	int ret;

	folio_hold(s, head);
	ret = folio_wait_locked_killable(s, head);
	folio_unhold(s, held);
	return ret;
}

/* Wait for a page that is being read; only in timed runs. Return: 0 or -EINTR. */
static inline int wait_for_page(struct sim *s, uint32_t slot)
{
	const uint32_t head = folio_head(s->folios, slot);

	return s->folios[head].flags & PG_locked ? wait_for_folio(s, head) : 0;
}

/* results of filemap_fault() besides 0 and -ENOMEM */
enum {
	FAULT_SIGBUS = -ENXIO, /* beyond the end of the file */
	FAULT_RETRY = 1,
	FAULT_RETRY_MAJOR,
};

/*
 * filemap_fault(): get the page into the cache. The first attempt drops the lock to read from
 * the device, so the fault must be retried.
 */
static int filemap_fault(struct sim *s, struct vma *vma, uint32_t pgoff, bool tried)
{
	uint32_t slot = file_slot(s, vma->file, pgoff);
	unsigned int cpu = vma->mm->cpu;
	int ret;

	if (pgoff >= s->files[vma->file].size)
		return FAULT_SIGBUS;
	if (s->files[vma->file].shmem) {
		if (s->folios[slot].flags & PG_resident)
			return 0;
		if (s->folios[slot].flags & PG_swapcache)
			count_vm(s, VM_pgmajfault, 1);
		ret = filemap_add_folio(s, cpu, slot, 0, ADD_READ);
		return ret == -EEXIST ? 0 : ret;
	}
	while (s->folios[slot].flags & PG_resident) {
		if (!tried && mmap_readahead_async(s, cpu, vma, pgoff))
			return FAULT_RETRY;
		if (!(s->folios[folio_head(s->folios, slot)].flags & PG_locked))
			return 0;
		/* lock_folio_maybe_drop_mmap() */
		ret = wait_for_page(s, slot);
		if (ret || !tried)
			return ret ? ret : FAULT_RETRY;
	}
	count_vm(s, VM_pgmajfault, 1);
	mmap_readahead_sync(s, cpu, vma, pgoff);
	if (!(s->folios[slot].flags & PG_resident)) {
		ret = filemap_add_folio(s, cpu, slot, 0, ADD_READ);
		if (ret == -ENOMEM)
			return ret;
		if (!ret)
			filemap_read_folio(s, cpu, slot);
	}
	ret = wait_for_page(s, slot);
	if (ret || !tried)
		return ret ? ret : FAULT_RETRY_MAJOR;
	/* the page may have been evicted while this task waited for a CPU: retry */
	return s->folios[slot].flags & PG_resident ? 0 : FAULT_RETRY_MAJOR;
}

/* Map a new anon page, which is charged already, at @vpn; replaces what is mapped there. */
static void map_new_anon(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			 enum event_rule rule)
{
	uint32_t slot = anon_slot_new(s, vma, vpn);

	task_owe_timed(s, s->cfg.machine.new_anon_ps);
	if (__builtin_expect(s->log != NULL, 0))
		event_add(s, slot, rule, 0);
	pte_set_anon(pt, vpn % PTRS_PER_PTE, slot,
		     PTE_present | PTE_young | PTE_dirty | PTE_write | PTE_anon);
	folio_add_rmap(s, slot);
	/* folio_add_lru_vma() */
	if (vma_locked(vma))
		mlock_new_folio(s, slot);
	else
		folio_add_lru(s, vma->mm->cpu, slot);
}

/* finish_fault(): the whole folio, if nothing of it is mapped there yet */
static void finish_fault(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			 uint32_t head, uint8_t flags)
{
	uint32_t nr = folio_nr_pages(&s->folios[head]), first;

	if (do_set_pmd(s, vma, vpn, head, s->files[vma->file].size, flags & PTE_write))
		return;
	if (nr > 1 && s->cfg.kernel->maps_whole_folios &&
	    folio_fits(s, vma, vpn, head, s->files[vma->file].size, &first)) {
		const uint32_t idx = first % PTRS_PER_PTE;

		if (pte_next(pt, idx, idx + nr) == idx + nr) {
			note(s, head, MAP_FOLIO, s->folios[head].flags);
			set_pte_range(s, vma, pt, first, head, nr, flags);
			return;
		}
	}
	set_pte_range(s, vma, pt, vpn, file_slot(s, vma->file, vma->pgoff + (vpn - vma->start)), 1,
		      flags);
}

/* do_fault() frees the page table that it preallocated, and allocates one when it is retried */
static void realloc_unused_table(struct sim *s, struct pte_table *pt)
{
	if (pt->used || pt->huge)
		return;
	table_free(s, pt);
	table_alloc(s, pt);
}

/* do_read_fault(), do_cow_fault() and do_shared_fault() */
static int do_file_fault(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			 bool write)
{
	const uint32_t pgoff = vma->pgoff + (vpn - vma->start);
	const bool cow = write && !(vma->flags & VM_SHARED);
	uint32_t slot = file_slot(s, vma->file, pgoff);
	bool tried = false, vma_lock = !s->gup;
	uint32_t head;
	int ret;

	for (;;) {
		/* the copy is allocated first, and freed before a retry */
		if (cow)
			vma_prepare_anon(s, vma);
		if (cow && charge_page(s, current_memcg(s), vma->mm->cpu, GFP_KERNEL))
			return -ENOMEM;
		if (!write && s->cfg.machine.fault_around_pages > 1 &&
		    fault_around(s, vma, pt, vpn, tried))
			return 0;
		current_memcg(s)->nr_prealloc += cow;
		ret = filemap_fault(s, vma, pgoff, tried);
		current_memcg(s)->nr_prealloc -= cow;
		if (!ret && fatal_signal_pending(s))
			ret = -EINTR;
		/* while this task slept the file may have become shorter */
		if (!ret && pgoff >= s->files[vma->file].size)
			ret = FAULT_SIGBUS;
		if (!ret)
			break;
		if (cow)
			uncharge_page(s, current_memcg(s));
		if (ret < 0)
			return ret;
		if (s->objcg)
			realloc_unused_table(s, pt);
		/* do_user_addr_fault(): a minor fault under the VMA lock that
		 * has to be retried under mmap_lock does not count as tried */
		if (s->gup == GUP_POPULATE) {
			/* the end of populate_vma_page_range() */
			lru_add_drain_cpu(s, s->this_cpu);
			if (fatal_signal_pending(s))
				return -EINTR;
			if (++s->gup_restarts == MAX_GUP_RESTARTS)
				return -ENOMEM;
			continue;
		}
		tried |= !vma_lock || ret == FAULT_RETRY_MAJOR;
		vma_lock = false;
	}
	if (cow) {
		map_new_anon(s, vma, pt, vpn, EV_COW);
		return 0;
	}
	head = folio_head(s->folios, slot);
	if (write) {
		/* do_page_mkwrite() */
		const unsigned int held = s->held->nr;

		folio_hold(s, head);
		ret = ext4_dirty_inode(s, vma->mm->cpu, vma->file);
		folio_unhold(s, held);
		if (!ret && !s->files[vma->file].shmem)
			create_buffers(s, head);
		if (ret)
			return ret;
		/* in the kernel the page is locked, and truncate waits */
		if (__builtin_expect(!(s->folios[slot].flags & PG_resident), 0))
			return 1;
		head = folio_head(s->folios, slot);
	}
	finish_fault(s, vma, pt, vpn, head, PTE_young | (write ? PTE_dirty | PTE_write : 0));
	if (write)
		folio_mark_dirty(s, head);
	return 0;
}

static int do_swap_page(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			bool write)
{
	uint32_t idx = vpn % PTRS_PER_PTE, slot = pt->anon[idx];
	/* pte_swp_exclusive() */
	bool exclusive = pte_get(pt, idx) & PTE_write, cached = s->cfg.kernel->swapin_skips_cache;
	struct anon_slot *a;
	struct folio *f;
	int ret;

	ret = read_swap_cache(s, vma->mm->cpu, slot);
	if (ret < 0)
		return ret;
	/* new anon folios may have moved the table meanwhile */
	f = &s->folios[slot];
	a = &s->anon[slot - s->anon_first];
	if (ret) {
		if (cached && a->nr_swap == 1) {
			cached = false;
			exclusive = true;
		}
		count_vm(s, VM_pgmajfault, 1);
	}
	if (cached && write && !(f->flags & PG_lru))
		lru_add_drain_cpu(s, vma->mm->cpu);
	a->nr_swap--;
	if (cached) {
		/* should_try_to_free_swap() */
		bool alone = !f->mapcount && !f->extra_refs;

		if (vm_swap_full(s) || (write && alone) || vma_locked(vma) || f->mlocked)
			folio_free_swap(s, slot);
		exclusive |= alone && !(f->flags & PG_swapcache);
	}
	folio_add_rmap(s, slot);
	mlock_vma_folio(s, vma, slot, 1);
	pte_set(pt, idx, PTE_present | PTE_young | PTE_anon);
	if (exclusive && (vma->flags & VM_WRITE))
		pte_add(pt, idx, PTE_write | (write ? PTE_dirty : 0));
	if (!cached)
		folio_free_swap(s, slot); /* the device is synchronous */
	return 0;
}

static bool wp_can_reuse_anon_folio(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	bool maybe_in_lru_cache = !(f->flags & PG_lru);

	/* the swap cache's reference is on both sides */
	if (s->cfg.kernel->reuse_drains
		    ? f->mapcount + f->extra_refs + !!(f->flags & PG_swapcache) > 3u
		    : f->mapcount + f->extra_refs > 1u + maybe_in_lru_cache)
		return false;
	if (maybe_in_lru_cache)
		lru_add_drain_cpu(s, cpu);
	if (f->mapcount + f->extra_refs > 1)
		return false;
	folio_free_swap(s, slot);
	return !(f->flags & PG_swapcache);
}

/* do_wp_page(). Return: 1 if the PTE changed meanwhile: the access faults again. */
static int do_wp_page(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn)
{
	uint32_t idx = vpn % PTRS_PER_PTE, old = FOLIO_NONE, page = FOLIO_NONE;
	const unsigned int held = s->held->nr;
	uint8_t pte = pte_get(pt, idx);
	int ret;

	if (!(pte & PTE_zero)) {
		page = pte_slot(s, vma, pt, vpn);
		old = folio_head(s->folios, page);
		if (vma->flags & VM_SHARED) {
			/* wp_page_shared(), ext4_page_mkwrite() */
			if (!(vma->flags & VM_ANON) && ext4_dirty_inode(s, vma->mm->cpu, vma->file))
				return -ENOMEM;
			if (pte_get(pt, idx) != pte)
				return 1;
			if (!(vma->flags & VM_ANON) && !s->files[vma->file].shmem)
				create_buffers(s, old);
			if (pte_get(pt, idx) != pte)
				return 1;
			pte_add(pt, idx, PTE_young | PTE_dirty | PTE_write);
			folio_mark_dirty(s, old);
			return 0;
		}
		if ((pte & PTE_anon) && wp_can_reuse_anon_folio(s, vma->mm->cpu, old)) {
			/* folio_move_anon_rmap() */
			s->anon[old - s->anon_first].pid = vma->mm->pid;
			pte_add(pt, idx, PTE_young | PTE_dirty | PTE_write);
			return 0;
		}
		/* wp_page_copy() holds a reference while it allocates */
		folio_hold(s, old);
	}
	/* reclaim may unmap the page to copy from, or clear its young bit */
	vma_prepare_anon(s, vma);
	ret = charge_page(s, current_memcg(s), vma->mm->cpu, GFP_KERNEL);
	folio_unhold(s, held);
	if (ret)
		return -ENOMEM;
	if (pte_get(pt, idx) != pte) {
		uncharge_page(s, current_memcg(s));
		return 1;
	}
	map_new_anon(s, vma, pt, vpn, old == FOLIO_NONE ? EV_ANON : EV_COW);
	if (old != FOLIO_NONE) {
		folio_remove_rmap_ptes(s, vma->mm, page, 1);
		munlock_vma_folio(s, vma, old);
		folio_free_unreferenced(s, old);
	}
	return 0;
}

static int handle_pte_fault(struct sim *s, struct vma *vma, uint32_t vpn, bool write)
{
	/* allocate the table first, as that may reclaim pages */
	struct pte_table *pt = pte_alloc(s, vma->mm, vpn);
	uint8_t pte = pte_get(pt, vpn % PTRS_PER_PTE);

	if (pte & PTE_present)
		return do_wp_page(s, vma, pt, vpn);
	if (pte & PTE_swap) {
		int ret = do_swap_page(s, vma, pt, vpn, write);

		if (ret || !write || (pte_get(pt, vpn % PTRS_PER_PTE) & PTE_write))
			return ret;
		return do_wp_page(s, vma, pt, vpn);
	}
	if (!(vma->flags & VM_ANON))
		return do_file_fault(s, vma, pt, vpn, write);
	if (write) {
		vma_prepare_anon(s, vma);
		if (charge_page(s, current_memcg(s), vma->mm->cpu, GFP_KERNEL))
			return -ENOMEM;
		/* check_stable_address_space() */
		if (fatal_signal_pending(s)) {
			uncharge_page(s, current_memcg(s));
			return -EINTR;
		}
		map_new_anon(s, vma, pt, vpn, EV_ANON);
		return 0;
	}
	pte_set(pt, vpn % PTRS_PER_PTE, PTE_present | PTE_young | PTE_zero);
	return 0;
}

/* inline: the second caller, faultin_page(), is rare */
static inline __attribute__((always_inline)) int handle_fault(struct sim *s, struct vma *vma,
							      uint32_t vpn, bool write)
{
	int ret;

	s->in_lru_fault = s->cfg.lru->lru_gen && vma_has_recency(vma);
	do {
		count_vm(s, VM_pgfault, 1);
		if (s->cfg.machine.fault_us)
			task_run(s, s->cfg.machine.fault_us * 1000ull);
		task_owe_timed(s, s->cfg.machine.fault_ps);
		if (fatal_signal_pending(s)) {
			ret = -EINTR;
			break;
		}
		ret = handle_pte_fault(s, vma, vpn, write);
		task_pay(s);
	} while (ret > 0);
	s->in_lru_fault = false;
	return ret;
}

int touch_fault(struct sim *s, struct mm *mm, uint32_t vpn, bool write)
{
	struct pte_table *pt = pte_lookup(mm, vpn);
	struct vma *vma = vma_find(mm, vpn);
	int ret;

	if (!vma)
		return -EFAULT;
	/* wp_huge_pmd() */
	if (pt && __builtin_expect(pt->huge, 0))
		split_huge_pmd(s, vma, vpn);
	/* the MMU has accessed the page table, and will again after the fault */
	if (pt)
		pt->young = true;
	ret = handle_fault(s, vma, vpn, write);
	if (ret)
		return ret;
	/* another task, such as that of RCU, may have had the CPU: lru_gen_use_mm() */
	mm->ran = true;
	pt = pte_lookup(mm, vpn);
	pt->young = true;
	pt->used = !pt->huge;
	return 0;
}

int touch_pages(struct sim *s, struct mm *mm, uint32_t vpn, uint32_t count, uint32_t stride,
		bool write)
{
	int ret = 0;

	count_vm(s, VM_sim_accesses, count);
	for (; count && !ret; count--, vpn += stride)
		if (!touch_mapped(mm, vpn, write))
			ret = touch_fault(s, mm, vpn, write);
	return ret;
}

int faultin_page(struct sim *s, struct mm *mm, uint32_t vpn, enum gup gup, bool write)
{
	const uint8_t need = PTE_present | (write ? PTE_write : 0);
	struct pte_table *pt = pte_lookup(mm, vpn);
	struct vma *vma;
	int ret;

	s->gup_restarts = 0;
	if (pt && pt->huge && !write) {
		/* touch_pmd() */
		pt->young = true;
		return 0;
	}
	if (pt && (pte_get(pt, vpn % PTRS_PER_PTE) & need) == need)
		return 0;
	vma = vma_find(mm, vpn);
	if (!vma)
		return -EFAULT;
	/* wp_huge_pmd() */
	if (pt && pt->huge)
		split_huge_pmd(s, vma, vpn);
	s->gup = gup;
	ret = handle_fault(s, vma, vpn, write);
	s->gup = GUP_NONE;
	if (!ret)
		pte_lookup(mm, vpn)->used = !pte_lookup(mm, vpn)->huge;
	return ret;
}
