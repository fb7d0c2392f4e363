// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/mlock.c, and of mm/folio.c and mm/vmscan.c what they do to locked folios.
 * v6.12 and v6.18 do the same.
 *
 * A folio that a VM_LOCKED VMA maps is PG_mlocked at once, and leaves its list when the batch
 * of the CPU is full or drained. The unevictable "list" only counts its pages. There
 * folio.pos is mlock_count: how many VMAs have locked the folio, as far as is known. Reclaim
 * that meets a folio in a VM_LOCKED VMA locks what was missed. A large folio is locked if one
 * VMA maps all of it.
 *
 * Approximations: the caller has CAP_IPC_LOCK, so RLIMIT_MEMLOCK is no limit. mlockall() and
 * MLOCK_ONFAULT are left out. Truncation does at once what a batch would do later with a folio
 * that goes.
 */
#include "sim/mm/mlock.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/event.h"
#include "sim/mm/gup.h"
#include "sim/mm/large.h"

enum { BATCH_MUNLOCK, BATCH_MLOCK, BATCH_NEW };

static void add_to_lru(struct sim *s, uint32_t slot)
{
	const uint16_t before = s->folios[slot].flags;

	s->cfg.lru->add(s, folio_lruvec(s, slot), &slot, 1);
	note(s, slot, RESCUED, before);
}

/* @mlock_count: of a folio that is on no list */
static void add_unevictable(struct sim *s, uint32_t slot, uint32_t mlock_count)
{
	struct folio *f = &s->folios[slot];
	const uint16_t before = f->flags;

	f->flags = (uint16_t)((f->flags & ~PG_active) | PG_lru);
	f->unevictable = true;
	f->pos = mlock_count;
	folio_memcg(s, slot)->nr_unevictable += folio_nr_pages(f);
	note(s, slot, CULLED, before);
}

unsigned int lru_add_mlocked(struct sim *s, uint32_t *slots, unsigned int nr)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < nr; i++) {
		struct folio *f = &s->folios[slots[i]];
		const bool was_unevictable = f->unevictable;

		f->unevictable = false;
		if (folio_evictable(f)) {
			count_vm(s, VM_unevictable_pgs_rescued,
				 was_unevictable ? folio_nr_pages(f) : 0);
			slots[kept++] = slots[i];
			continue;
		}
		/* whoever locked it may count it later: rather too few than too many */
		add_unevictable(s, slots[i], 0);
		count_vm(s, VM_unevictable_pgs_culled, was_unevictable ? 0 : folio_nr_pages(f));
	}
	return kept;
}

/* __mlock_folio() */
static void mlock_lru_folio(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (!(f->flags & PG_lru))
		return;
	if (folio_evictable(f)) {
		if (f->unevictable) {
			lruvec_del_folio(s, slot);
			f->unevictable = false;
			add_to_lru(s, slot);
			count_vm(s, VM_unevictable_pgs_rescued, folio_nr_pages(f));
		}
		return;
	}
	if (f->unevictable) {
		f->pos++;
		return;
	}
	lruvec_del_folio(s, slot);
	add_unevictable(s, slot, 1);
	count_vm(s, VM_unevictable_pgs_culled, folio_nr_pages(f));
}

/* __mlock_new_folio() */
static void add_new_folio(struct sim *s, uint32_t slot)
{
	if (folio_evictable(&s->folios[slot])) {
		s->cfg.lru->add(s, folio_lruvec(s, slot), &slot, 1);
		return;
	}
	add_unevictable(s, slot, 1);
	count_vm(s, VM_unevictable_pgs_culled, 1);
}

/* __munlock_folio() */
static void munlock_lru_folio(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];
	const uint32_t nr = folio_nr_pages(f);
	const bool isolated = f->flags & PG_lru;

	if (isolated && f->unevictable) {
		if (f->pos)
			f->pos--;
		if (f->pos)
			return;
	}
	if (f->mlocked) {
		f->mlocked = false;
		s->nr_mlock -= nr;
		/* else stranded: its next lru_add() rescues it */
		if (isolated || !f->unevictable)
			count_vm(s, VM_unevictable_pgs_munlocked, nr);
	}
	if (isolated && f->unevictable) {
		lruvec_del_folio(s, slot);
		f->unevictable = false;
		add_to_lru(s, slot);
		count_vm(s, VM_unevictable_pgs_rescued, nr);
	}
}

static void move_one(struct sim *s, uint32_t slot, uint8_t what)
{
	if (what == BATCH_MLOCK)
		mlock_lru_folio(s, slot);
	else if (what == BATCH_NEW)
		add_new_folio(s, slot);
	else
		munlock_lru_folio(s, slot);
}

/* mlock_folio_batch() */
void mlock_drain(struct sim *s, struct sim_cpu *c)
{
	struct mlock_fbatch b = c->mlock;

	c->mlock.fbatch.nr = 0;
	for (unsigned int i = 0; i < b.fbatch.nr; i++)
		if (b.fbatch.slots[i] != FOLIO_NONE)
			move_one(s, b.fbatch.slots[i], b.what[i]);
	for (unsigned int i = 0; i < b.fbatch.nr; i++) {
		if (b.fbatch.slots[i] == FOLIO_NONE)
			continue;
		s->folios[b.fbatch.slots[i]].extra_refs--;
		folio_put_anon(s, b.fbatch.slots[i]);
	}
}

static void batch_add(struct sim *s, uint32_t slot, uint8_t what)
{
	struct sim_cpu *c = &s->cpus[s->this_cpu];
	struct mlock_fbatch *b = &c->mlock;
	struct folio *f = &s->folios[slot];

	if (f->extra_refs >= FOLIO_EXTRA_REFS_MAX)
		mlock_drain(s, c);
	f->extra_refs++;
	b->what[b->fbatch.nr] = what;
	b->fbatch.slots[b->fbatch.nr++] = slot;
	if (b->fbatch.nr >= s->batches.folios || folio_test_large(f))
		mlock_drain(s, c);
}

void mlock_batches_forget(struct sim *s, uint32_t slot)
{
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++) {
		struct mlock_fbatch *b = &s->cpus[cpu].mlock;

		for (unsigned int i = 0; i < b->fbatch.nr; i++) {
			if (b->fbatch.slots[i] != slot)
				continue;
			b->fbatch.slots[i] = FOLIO_NONE;
			move_one(s, slot, b->what[i]);
			s->folios[slot].extra_refs--;
		}
	}
}

static void set_mlocked(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (f->mlocked)
		return;
	f->mlocked = true;
	s->nr_mlock += folio_nr_pages(f);
	count_vm(s, VM_unevictable_pgs_mlocked, folio_nr_pages(f));
}

void mlock_folio(struct sim *s, uint32_t head)
{
	set_mlocked(s, head);
	batch_add(s, head, BATCH_MLOCK);
}

void mlock_new_folio(struct sim *s, uint32_t slot)
{
	set_mlocked(s, slot);
	batch_add(s, slot, BATCH_NEW);
}

void munlock_folio(struct sim *s, uint32_t head)
{
	batch_add(s, head, BATCH_MUNLOCK);
}

void free_mlocked(struct sim *s, struct folio *f)
{
	f->mlocked = false;
	s->nr_mlock -= folio_nr_pages(f);
	count_vm(s, VM_unevictable_pgs_cleared, folio_nr_pages(f));
}

void folio_putback_lru(struct sim *s, uint32_t slot)
{
	const bool in_lru_fault = s->in_lru_fault;

	s->in_lru_fault = false; /* PF_MEMALLOC */
	folio_add_lru(s, s->this_cpu, slot);
	s->in_lru_fault = in_lru_fault;
}

bool mlock_walked(struct sim *s, struct locked_walk *w, uint32_t head, const struct vma *vma,
		  const struct pte_table *pt, uint32_t vpn, uint32_t nr)
{
	if (w->vma != vma)
		*w = (struct locked_walk){ .vma = vma, .table = vpn / PTRS_PER_PTE };
	w->ptes += nr;
	w->crossed |= vpn / PTRS_PER_PTE != w->table;
	if (!pt->huge && (w->ptes != folio_nr_pages(&s->folios[head]) || w->crossed))
		return false;
	mlock_folio(s, head);
	return true;
}

/* mlock_pte_range() of one PTE. Return: the number of PTEs dealt with, up to @max */
static uint32_t mlock_pte(struct sim *s, const struct vma *vma, const struct pte_table *pt,
			  uint32_t vpn, uint32_t max)
{
	uint32_t slot, head, nr = 1;

	if (!pte_has_folio(pt, vpn % PTRS_PER_PTE))
		return 1;
	slot = pte_slot(s, vma, pt, vpn);
	head = folio_head(s->folios, slot);
	if (folio_test_large(&s->folios[head]))
		nr = folio_pte_batch(s, pt, vpn % PTRS_PER_PTE, slot, head, max);
	/* allow_mlock_munlock() */
	if (!vma_locked(vma))
		munlock_folio(s, head);
	else if (nr == folio_nr_pages(&s->folios[head]))
		mlock_folio(s, head);
	return nr;
}

/* mlock_vma_pages_range() of [@vpn, @end), whose VMA has its new flags */
static void mlock_vma_pages_range(struct sim *s, const struct vma *vma, uint64_t vpn, uint64_t end)
{
	lru_add_drain_cpu(s, s->this_cpu);
	for (uint64_t stop; vpn < end; vpn = stop) {
		const struct pte_table *pt = pte_lookup(vma->mm, (uint32_t)vpn);

		stop = MIN((vpn / PTRS_PER_PTE + 1) * PTRS_PER_PTE, end);
		if (pt && pt->huge) {
			const uint32_t head =
				folio_head(s->folios, pte_slot(s, vma, pt, (uint32_t)vpn));

			if (vma_locked(vma))
				mlock_folio(s, head);
			else
				munlock_folio(s, head);
			continue;
		}
		while (pt && vpn < stop)
			vpn += mlock_pte(s, vma, pt, (uint32_t)vpn, (uint32_t)(stop - vpn));
	}
	lru_add_drain_cpu(s, s->this_cpu);
}

/* apply_vma_lock_flags(), mlock_fixup() */
static void apply_vma_lock_flags(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages,
				 uint32_t locked)
{
	const uint64_t end = (uint64_t)at + pages;

	for (uint64_t vpn = at, stop; vpn < end; vpn = stop) {
		const struct vma *vma = vma_find(mm, (uint32_t)vpn);

		if (!vma) /* ENOMEM */
			return;
		stop = MIN(end, (uint64_t)vma->start + vma_pages(vma));
		if ((vma->flags & VM_LOCKED) == locked)
			continue;
		vma = vma_modify_flags(s, mm, (uint32_t)vpn, (uint32_t)(stop - vpn), VM_LOCKED,
				       locked);
		mlock_vma_pages_range(s, vma, vpn, stop);
	}
}

int do_mlock(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages)
{
	int ret;

	s->has_mlock = s->map_does_more = true;
	apply_vma_lock_flags(s, mm, at, pages, VM_LOCKED);
	ret = mm_populate(s, mm, at, (uint64_t)at + pages, false);
	return ret == -ENXIO ? 0 : ret;
}

void do_munlock(struct sim *s, struct mm *mm, uint32_t at, uint32_t pages)
{
	apply_vma_lock_flags(s, mm, at, pages, 0);
}
