// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/folio.c: a folio reaches its list, or becomes active, only when the batch of
 * its CPU is full (31) or drained. Until then the batch holds a reference, so a pending
 * activation blocks +evict. A large folio drains the batch at once
 * (folio_may_be_lru_cached()).
 *
 * Approximation: there is no batch for rotation after writeback; folios rotate at
 * once. Wrong by up to 31 folios per CPU, only right after writeback.
 */
#include "sim/mm/batch.h"

#include "sim/mm/charge.h"
#include "sim/mm/event.h"
#include "sim/mm/ext4.h"
#include "sim/mm/mlock.h"
#include "sim/mm/mm.h"
#include "sim/mm/swap.h"

void folio_put_anon(struct sim *s, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (!(f->flags & PG_anon) || f->mapcount || f->extra_refs ||
	    (f->flags & (PG_resident | PG_swapcache)) == (PG_resident | PG_swapcache) ||
	    s->anon[slot - s->anon_first].nr_swap)
		return;
	if (f->flags & PG_resident) {
		if (f->flags & PG_lru)
			lruvec_del_folio(s, slot);
		if (!folio_evictable(f))
			free_mlocked(s, f);
		note(s, slot, FREE, f->flags);
		uncharge_page(s, folio_memcg(s, slot));
	}
	if (f->flags & PG_swapcache)
		swap_cache_del_folio(s, slot);
	anon_slot_free(s, slot);
}

void folio_free_unreferenced(struct sim *s, uint32_t slot)
{
	const struct folio *f = &s->folios[slot];

	/* free_swap_cache() */
	if ((f->flags & PG_anon) && (f->flags & PG_resident) && !f->mapcount)
		folio_free_swap(s, slot);
	folio_put_anon(s, slot);
}

void folio_unhold(struct sim *s, unsigned int mark)
{
	struct held *h = s->held;

	while (h->nr > mark) {
		uint32_t slot = h->slots[--h->nr];

		s->folios[slot].extra_refs--;
		folio_put_anon(s, slot);
	}
}

/* folio_batch_move_lru(lru_add): dead folios are freed, not added */
static void drain_lru_add(struct sim *s, struct sim_cpu *c)
{
	uint32_t live[FOLIO_BATCH_SIZE] = { 0 };
	unsigned int nr = 0;

	for (unsigned int i = 0; i < c->lru_add.nr; i++) {
		uint32_t slot = c->lru_add.slots[i];
		struct folio *f = &s->folios[slot];

		f->extra_refs--;
		if (__builtin_expect((f->flags & (PG_resident | PG_anon)) != PG_resident, 0)) {
			folio_put_anon(s, slot);
			if (!(f->flags & PG_resident))
				continue;
		}
		live[nr++] = slot;
	}
	c->lru_add.nr = 0;
	if (__builtin_expect(s->has_mlock, 0))
		nr = lru_add_mlocked(s, live, nr);
	if (__builtin_expect(s->nr_memcgs > 1, 0))
		for (unsigned int i = 0; i < nr; i++)
			s->cfg.lru->add(s, folio_lruvec(s, live[i]), &live[i], 1);
	else
		s->cfg.lru->add(s, &s->memcg[0].lruvec, live, nr);
	if (__builtin_expect(s->log != NULL, 0))
		for (unsigned int i = 0; i < nr; i++)
			note(s, live[i], LRU_ADD, (uint16_t)(s->folios[live[i]].flags & ~PG_lru));
}

/* folio_batch_move_lru(lru_activate): dead folios move too and are freed afterwards */
static void drain_lru_activate(struct sim *s, struct sim_cpu *c)
{
	for (unsigned int i = 0; i < c->lru_activate.nr; i++) {
		uint32_t slot = c->lru_activate.slots[i];
		struct folio *f = &s->folios[slot];
		uint16_t before = f->flags;

		f->extra_refs--;
		if ((before & PG_lru) && !(before & PG_active) && !f->unevictable) {
			s->cfg.lru->activate(s, folio_lruvec(s, slot), slot);
			count_vm(s, VM_pgactivate, folio_nr_pages(f));
			note(s, slot, ACTIVATED, before);
		}
		folio_put_anon(s, slot);
	}
	c->lru_activate.nr = 0;
}

/* folio_batch_move_lru(lru_deactivate_file) */
static void drain_lru_deactivate_file(struct sim *s, struct sim_cpu *c)
{
	for (unsigned int i = 0; i < c->lru_deactivate_file.nr; i++) {
		uint32_t slot = c->lru_deactivate_file.slots[i];
		struct folio *f = &s->folios[slot];
		uint16_t before = f->flags;

		f->extra_refs--;
		if (!(before & PG_lru) || f->mapcount || f->unevictable)
			continue;
		f->flags &= (uint16_t)~PG_referenced;
		if (before & PG_dirty) {
			/* to the head: the flusher needs time to clean it */
			s->cfg.lru->del(s, folio_lruvec(s, slot), slot);
			f->flags &= (uint16_t)~PG_active;
			s->cfg.lru->add(s, folio_lruvec(s, slot), &slot, 1);
			count_vm(s, VM_sim_list_moves, folio_nr_pages(f));
			f->flags |= PG_reclaim;
		} else {
			s->cfg.lru->move_tail(s, folio_lruvec(s, slot), slot);
			count_vm(s, VM_pgrotated, folio_nr_pages(f));
		}
		if ((before & PG_active) ||
		    (s->cfg.lru->lru_gen && s->cfg.kernel->lru_gen_counts_deactivate))
			count_vm(s, VM_pgdeactivate, folio_nr_pages(f));
		note(s, slot, DEACTIVATE_FILE, before);
	}
	c->lru_deactivate_file.nr = 0;
}

/* folio_batch_move_lru(lru_deactivate) */
static void drain_lru_deactivate(struct sim *s, struct sim_cpu *c)
{
	for (unsigned int i = 0; i < c->lru_deactivate.nr; i++) {
		uint32_t slot = c->lru_deactivate.slots[i];
		struct folio *f = &s->folios[slot];
		uint16_t before = f->flags;

		f->extra_refs--;
		if ((before & PG_lru) && ((before & PG_active) || s->cfg.lru->lru_gen) &&
		    !f->unevictable) {
			s->cfg.lru->del(s, folio_lruvec(s, slot), slot);
			f->flags &= (uint16_t) ~(PG_active | PG_referenced);
			s->cfg.lru->add(s, folio_lruvec(s, slot), &slot, 1);
			count_vm(s, VM_sim_list_moves, folio_nr_pages(f));
			count_vm(s, VM_pgdeactivate, folio_nr_pages(f));
			note(s, slot, DEACTIVATE_ADVICE, before);
		}
		folio_put_anon(s, slot);
	}
	c->lru_deactivate.nr = 0;
}

/* may folio_mark_lazyfree() take it, and lru_lazyfree() still? */
static bool may_lazyfree(const struct folio *f)
{
	return (f->flags & (PG_lru | PG_anon | PG_swapbacked | PG_swapcache)) ==
		       (PG_lru | PG_anon | PG_swapbacked) &&
	       !f->unevictable;
}

/* folio_batch_move_lru(lru_lazyfree) */
static void drain_lru_lazyfree(struct sim *s, struct sim_cpu *c)
{
	for (unsigned int i = 0; i < c->lru_lazyfree.nr; i++) {
		uint32_t slot = c->lru_lazyfree.slots[i];
		struct folio *f = &s->folios[slot];
		uint16_t before = f->flags;

		f->extra_refs--;
		if (may_lazyfree(f)) {
			s->cfg.lru->del(s, folio_lruvec(s, slot), slot);
			f->flags &= (uint16_t)~PG_active;
			/* lru_gen_clear_refs() does nothing to a folio that is on no list */
			if (!s->cfg.lru->clear_refs || !s->cfg.lru->clear_refs(s, slot))
				f->flags &= (uint16_t)~PG_referenced;
			f->flags &= (uint16_t)~PG_swapbacked;
			s->cfg.lru->add(s, folio_lruvec(s, slot), &slot, 1);
			count_vm(s, VM_sim_list_moves, 1);
			note(s, slot, LAZYFREE, before);
		}
		folio_put_anon(s, slot);
	}
	c->lru_lazyfree.nr = 0;
}

/* Return: true if the caller must drain the batch */
static inline bool folio_batch_add(const struct sim *s, struct folio_batch *b,
				   const struct folio *f, uint32_t slot)
{
	b->slots[b->nr++] = slot;
	return b->nr >= s->batches.folios || folio_test_large(f);
}

/* folio_batch_add_and_move(): with a reference to the folio */
static inline void folio_batch_add_and_move(struct sim *s, struct sim_cpu *c, struct folio_batch *b,
					    uint32_t slot,
					    void (*drain)(struct sim *s, struct sim_cpu *c))
{
	struct folio *f = &s->folios[slot];

	if (__builtin_expect(f->extra_refs >= FOLIO_EXTRA_REFS_MAX, 0))
		drain(s, c);
	f->extra_refs++;
	if (folio_batch_add(s, b, f, slot))
		drain(s, c);
}

/* folio_add_lru() in a fault, where lru_gen_in_fault() */
static __attribute__((noinline)) void add_in_lru_fault(struct sim *s, unsigned int cpu,
						       uint32_t slot)
{
	const struct kernel_profile *k = s->cfg.kernel;
	struct folio *f = &s->folios[slot];

	if (k->activates_mapped && !(f->flags & PG_swapbacked))
		; /* folio_activate_mapped() activates it */
	else if (k->fault_is_active || (f->flags & PG_workingset))
		f->flags |= PG_active;
	else if (!(f->flags & PG_referenced))
		s->cfg.lru->mark_accessed(s, cpu, slot);
}

void folio_add_lru(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct sim_cpu *c = &s->cpus[cpu];
	struct folio *f = &s->folios[slot];

	if (__builtin_expect(s->in_lru_fault, 0))
		add_in_lru_fault(s, cpu, slot);
	f->extra_refs++;
	if (folio_batch_add(s, &c->lru_add, f, slot))
		drain_lru_add(s, c);
}

void folio_activate_mapped(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct folio *f = &s->folios[slot];

	if (!s->in_lru_fault || (f->flags & (PG_active | PG_swapbacked)) || f->unevictable)
		return;
	if (f->flags & PG_lru)
		folio_activate(s, cpu, slot);
	else
		f->flags |= PG_active; /* its batch has not been drained yet */
}

void folio_activate(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct sim_cpu *c = &s->cpus[cpu];

	folio_batch_add_and_move(s, c, &c->lru_activate, slot, drain_lru_activate);
}

bool deactivate_file_folio(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct sim_cpu *c = &s->cpus[cpu];
	struct folio *f = &s->folios[slot];

	if (!(f->flags & PG_lru) || f->unevictable)
		return false;
	if (s->cfg.lru->clear_refs && s->cfg.lru->clear_refs(s, slot))
		return true;
	folio_batch_add_and_move(s, c, &c->lru_deactivate_file, slot, drain_lru_deactivate_file);
	return true;
}

void folio_deactivate(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct sim_cpu *c = &s->cpus[cpu];
	struct folio *f = &s->folios[slot];

	if (!(f->flags & PG_lru) || f->unevictable)
		return;
	if (s->cfg.lru->lru_gen ? s->cfg.lru->clear_refs(s, slot) : !(f->flags & PG_active))
		return;
	folio_batch_add_and_move(s, c, &c->lru_deactivate, slot, drain_lru_deactivate);
}

void folio_mark_lazyfree(struct sim *s, unsigned int cpu, uint32_t slot)
{
	struct sim_cpu *c = &s->cpus[cpu];

	if (!may_lazyfree(&s->folios[slot]))
		return;
	folio_batch_add_and_move(s, c, &c->lru_lazyfree, slot, drain_lru_lazyfree);
}

bool lru_cache_activate_folio(struct sim *s, unsigned int cpu, uint32_t slot)
{
	const struct folio_batch *b = &s->cpus[cpu].lru_add;

	for (unsigned int i = b->nr; i-- > 0;) {
		if (b->slots[i] == slot) {
			s->folios[slot].flags |= PG_active;
			return true;
		}
	}
	return false;
}

void lru_add_drain_cpu(struct sim *s, unsigned int cpu)
{
	struct sim_cpu *c = &s->cpus[cpu];

	if (c->lru_add.nr)
		drain_lru_add(s, c);
	if (c->lru_deactivate_file.nr)
		drain_lru_deactivate_file(s, c);
	if (c->lru_deactivate.nr)
		drain_lru_deactivate(s, c);
	if (c->lru_lazyfree.nr)
		drain_lru_lazyfree(s, c);
	if (c->lru_activate.nr)
		drain_lru_activate(s, c);
	if (c->mlock.fbatch.nr)
		mlock_drain(s, c);
}

static void batch_forget(struct sim *s, struct folio_batch *b, uint32_t slot)
{
	for (unsigned int i = 0; i < b->nr; i++)
		if (b->slots[i] == slot) {
			b->slots[i] = FOLIO_NONE;
			s->folios[slot].extra_refs--;
		}
}

void folio_batches_forget(struct sim *s, uint32_t slot)
{
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++) {
		struct sim_cpu *c = &s->cpus[cpu];

		batch_forget(s, &c->lru_add, slot);
		batch_forget(s, &c->lru_deactivate_file, slot);
		batch_forget(s, &c->lru_activate, slot);
		batch_forget(s, &c->lru_deactivate, slot);
		batch_forget(s, &c->lru_lazyfree, slot);
	}
	mlock_batches_forget(s, slot);
}

void lru_add_drain_all(struct sim *s)
{
	invalidate_bh_lrus(s);
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++)
		lru_add_drain_cpu(s, cpu);
}
