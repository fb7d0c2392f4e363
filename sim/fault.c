// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/memory.c (do_read_fault, do_cow_fault, do_shared_fault,
 * do_anonymous_page, do_wp_page, do_swap_page, do_fault_around, set_pte_range)
 * and filemap_fault(), filemap_map_pages() of mm/filemap.c.
 *
 * An access to a present PTE sets its young bit and nothing else, as the
 * hardware does. Fault-around maps what is cached around a read fault: born
 * young on x86, old on arm64 but for the page that faulted.
 *
 * Approximations: a fault that read from the device is retried in the kernel,
 * with fault-around once more; here too, but nothing happens in between. Swap
 * is synchronous (zram), so swap-in reads one page and frees its slot when no
 * other process shares it. Anonymous pages are order 0.
 */
#include "sim/fault.h"

#include <errno.h>

#include "sim/batch.h"
#include "sim/charge.h"
#include "sim/filemap.h"
#include "sim/readahead.h"

static void map_file_page(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			  uint32_t slot, uint8_t flags)
{
	/* tmpfs needs no write notification: a shared mapping is writable */
	if ((s->folios[slot].flags & PG_swapbacked) &&
	    (vma->flags & (MAP_SHARED_ | MAP_WRITE)) == (MAP_SHARED_ | MAP_WRITE))
		flags |= PTE_write;
	pt->pte[vpn % PTRS_PER_PTE] = PTE_present | flags;
	s->folios[slot].mapcount++;
}

/* do_fault_around() and filemap_map_pages(): true if @vpn got mapped */
static bool fault_around(struct sim *s, struct vma *vma, uint32_t vpn, bool tried)
{
	const uint32_t nr = s->cfg.machine.fault_around_pages;
	const struct trace_file *tf = &s->trace->files[vma->file];
	const uint8_t prefault = s->cfg.machine.prefault_old ? 0 : PTE_young;
	uint32_t pte_off = vpn % PTRS_PER_PTE, vma_off = vpn - vma->start;
	uint32_t from = MAX(pte_off - pte_off % nr, pte_off - MIN(pte_off, vma_off));
	uint32_t to = MIN(MIN(from + nr, PTRS_PER_PTE), pte_off + (vma_pages(vma) - vma_off)) - 1;
	struct pte_table *pt = NULL;
	bool mapped = false;

	for (uint32_t i = from; i <= to; i++) {
		uint32_t at = vpn - pte_off + i;
		uint32_t pgoff = vma->pgoff + (at - vma->start);
		uint32_t slot;

		if (pgoff >= tf->pages)
			break;
		slot = file_slot(s, vma->file, pgoff);
		if ((s->folios[slot].flags & (PG_resident | PG_readahead)) != PG_resident)
			continue;
		if (!pt)
			pt = pte_alloc(vma->mm, vpn);
		if (pt->pte[i])
			continue;
		map_file_page(s, vma, pt, at, slot, at == vpn ? PTE_young : prefault);
		if (at != vpn)
			continue;
		mapped = true;
		if (!tried && !(s->folios[slot].flags & PG_workingset) &&
		    !(vma->flags & (MAP_SEQUENTIAL | MAP_EXEC)) && vma->open->mmap_miss)
			vma->open->mmap_miss--;
	}
	return mapped;
}

/*
 * filemap_fault(): have the page in the cache. Return: 1 if the fault has to be
 * retried because it went to the device, 0 if the page was there, or -ENOMEM.
 */
static int filemap_fault(struct sim *s, struct vma *vma, uint32_t pgoff, bool tried)
{
	uint32_t slot = file_slot(s, vma->file, pgoff);
	unsigned int cpu = vma->mm->cpu;

	if (s->trace->files[vma->file].shmem) {
		if (s->folios[slot].flags & PG_resident)
			return 0;
		if (s->folios[slot].flags & PG_swapcache)
			count_vm(s, VM_pgmajfault, 1);
		return filemap_add_folio(s, cpu, slot, false);
	}
	if (s->folios[slot].flags & PG_resident)
		return tried ? 0 : mmap_readahead_async(s, cpu, vma, pgoff);
	if (!tried)
		count_vm(s, VM_pgmajfault, 1);
	if (mmap_readahead_sync(s, cpu, vma, pgoff))
		return -ENOMEM;
	if (!(s->folios[slot].flags & PG_resident) && filemap_add_folio(s, cpu, slot, false))
		return -ENOMEM;
	return 1;
}

/* have the page cached for @vpn, retrying as handle_mm_fault()'s caller does;
 * @around: try fault-around first. Return: 1 if fault-around mapped it. */
static int fault_in(struct sim *s, struct vma *vma, uint32_t vpn, bool around)
{
	uint32_t pgoff = vma->pgoff + (vpn - vma->start);
	bool tried = false;
	int ret;

	if (s->cfg.machine.fault_around_pages < 2)
		around = false;
	for (;;) {
		if (around && fault_around(s, vma, vpn, tried))
			return 1;
		ret = filemap_fault(s, vma, pgoff, tried);
		if (ret <= 0 || tried)
			return MIN(ret, 0);
		tried = true;
	}
}

/* a new anon page at @vpn, mapped in place of what was there; charged before */
static void map_new_anon(struct sim *s, struct vma *vma, uint32_t vpn, enum event_rule rule)
{
	uint32_t slot = anon_slot_new(s, vma, vpn);

	if (__builtin_expect(s->log != NULL, 0))
		event_add(s, slot, rule, 0);
	pte_set_anon(pte_alloc(vma->mm, vpn), vpn % PTRS_PER_PTE, slot,
		     PTE_present | PTE_young | PTE_dirty | PTE_write | PTE_anon);
	s->folios[slot].mapcount = 1;
	folio_add_lru(s, vma->mm->cpu, slot);
}

static int do_file_fault(struct sim *s, struct vma *vma, uint32_t vpn, bool write)
{
	uint32_t slot = file_slot(s, vma->file, vma->pgoff + (vpn - vma->start));
	int ret;

	if (write && !(vma->flags & MAP_SHARED_)) {
		/* do_cow_fault(): the copy is allocated first, then the page
		 * to copy from is looked up */
		if (charge_page(s, vma->mm->cpu) || fault_in(s, vma, vpn, false))
			return -ENOMEM;
		map_new_anon(s, vma, vpn, EV_COW);
		return 0;
	}
	ret = fault_in(s, vma, vpn, !write);
	if (ret)
		return MIN(ret, 0);
	map_file_page(s, vma, pte_alloc(vma->mm, vpn), vpn, slot,
		      PTE_young | (write ? PTE_dirty | PTE_write : 0));
	if (write)
		folio_mark_dirty(s, slot);
	return 0;
}

/* folio_free_swap(): no swap entry refers to it any more */
static void free_swap(struct sim *s, uint32_t slot)
{
	s->folios[slot].flags = (uint16_t)((s->folios[slot].flags & ~PG_swapcache) | PG_dirty);
	s->swap_used--;
}

static int do_swap_page(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn,
			bool write)
{
	uint32_t idx = vpn % PTRS_PER_PTE, slot = pt->anon[idx];
	struct folio *f = &s->folios[slot];
	struct anon_slot *a = &s->anon[slot - s->anon_first];
	bool exclusive;

	if (!(f->flags & PG_resident)) {
		uint16_t before = f->flags;

		count_vm(s, VM_pgmajfault, 1);
		if (charge_page(s, vma->mm->cpu))
			return -ENOMEM;
		count_vm(s, VM_pswpin, 1);
		f->flags = PG_resident | PG_anon | PG_swapbacked | PG_swapcache;
		note(s, slot, SWAP_IN, before);
		s->cfg.lru->refault(s, slot, f->shadow, before & PG_workingset);
		folio_add_lru(s, vma->mm->cpu, slot);
	}
	exclusive = a->nr_swap == 1 && !f->mapcount;
	a->nr_swap--;
	f->mapcount++;
	pt->pte[idx] = PTE_present | PTE_young | PTE_anon;
	if (exclusive && (vma->flags & MAP_WRITE))
		pt->pte[idx] |= PTE_write | (write ? PTE_dirty : 0);
	if (!a->nr_swap)
		free_swap(s, slot);
	return 0;
}

/* do_wp_page(). Return: 1 if the PTE changed meanwhile: fault again. */
static int do_wp_page(struct sim *s, struct vma *vma, struct pte_table *pt, uint32_t vpn)
{
	uint32_t idx = vpn % PTRS_PER_PTE, old = FOLIO_NONE;
	uint8_t pte = pt->pte[idx];

	if (!(pte & PTE_zero)) {
		old = pte_slot(s, vma, pt, vpn);
		if (vma->flags & MAP_SHARED_) {
			pt->pte[idx] |= PTE_young | PTE_dirty | PTE_write;
			folio_mark_dirty(s, old);
			return 0;
		}
		/* wp_can_reuse_anon_folio(): a reference may be this CPU's batch */
		if ((pte & PTE_anon) && s->folios[old].mapcount == 1 &&
		    !s->anon[old - s->anon_first].nr_swap) {
			if (!(s->folios[old].flags & PG_lru))
				lru_add_drain_cpu(s, vma->mm->cpu);
			if (!s->folios[old].batched) {
				pt->pte[idx] |= PTE_young | PTE_dirty | PTE_write;
				return 0;
			}
		}
	}
	/* wp_page_copy(): the copy is charged first, and that may reclaim the
	 * page to copy from */
	if (charge_page(s, vma->mm->cpu))
		return -ENOMEM;
	if (pt->pte[idx] != pte) {
		uncharge_page(s);
		return 1;
	}
	map_new_anon(s, vma, vpn, old == FOLIO_NONE ? EV_ANON : EV_COW);
	if (old != FOLIO_NONE) {
		s->folios[old].mapcount--;
		folio_free_unreferenced(s, old);
	}
	return 0;
}

static int handle_pte_fault(struct sim *s, struct vma *vma, uint32_t vpn, bool write)
{
	struct pte_table *pt = pte_lookup(vma->mm, vpn);
	uint8_t pte = pt ? pt->pte[vpn % PTRS_PER_PTE] : 0;

	if (pte & PTE_present)
		return do_wp_page(s, vma, pt, vpn);
	if (pte & PTE_swap) {
		int ret = do_swap_page(s, vma, pt, vpn, write);

		if (ret || !write || (pt->pte[vpn % PTRS_PER_PTE] & PTE_write))
			return ret;
		return do_wp_page(s, vma, pt, vpn);
	}
	if (!(vma->flags & MAP_ANON))
		return do_file_fault(s, vma, vpn, write);
	if (write) {
		if (charge_page(s, vma->mm->cpu))
			return -ENOMEM;
		map_new_anon(s, vma, vpn, EV_ANON);
		return 0;
	}
	pte_alloc(vma->mm, vpn)->pte[vpn % PTRS_PER_PTE] = PTE_present | PTE_young | PTE_zero;
	return 0;
}

static int handle_fault(struct sim *s, struct vma *vma, uint32_t vpn, bool write)
{
	int ret;

	count_vm(s, VM_pgfault, 1);
	do {
		ret = handle_pte_fault(s, vma, vpn, write);
	} while (ret > 0);
	return ret;
}

int touch_pages(struct sim *s, struct mm *mm, uint32_t vpn, uint32_t count, uint32_t stride,
		bool write)
{
	const uint8_t need = PTE_present | (write ? PTE_write : 0);
	const uint8_t set = PTE_young | (write ? PTE_dirty : 0);
	struct vma *vma = NULL;

	count_vm(s, VM_sim_accesses, count);
	for (uint32_t n = 0; n < count; n++, vpn += stride) {
		struct pte_table *pt = pte_lookup(mm, vpn);
		uint8_t *pte = pt ? &pt->pte[vpn % PTRS_PER_PTE] : NULL;

		if (pte && (*pte & need) == need) {
			*pte |= set;
			continue;
		}
		if (!vma || vpn - vma->start >= vma_pages(vma)) {
			vma = vma_find(mm, vpn);
			if (!vma)
				return -EFAULT;
		}
		if (handle_fault(s, vma, vpn, write))
			return -ENOMEM;
	}
	return 0;
}
