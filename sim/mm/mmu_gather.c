// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/mmu_gather.c, and for "+evict" free_pages_and_evict_file() of the second series
 * (kernel-patch/series): a folio is dropped once the gather and the page cache hold its last
 * references.
 *
 * Approximations: "+evict" also drops clean shmem, as the proposals have no exemption; the series
 * does not. The series drops what it has gathered when somebody waits for the mmap lock; here
 * nobody does. With "+evict" the time of freeing is paid when all is freed.
 */
#include "sim/mm/mmu_gather.h"

#include "sim/mm/event.h"
#include "sim/mm/swap.h"
#include "sim/mm/truncate.h"

/* struct free_batch - folios, and how many references to each are to be put; FOLIO_NONE: it is
 * gone with its last one */
struct free_batch {
	uint32_t nr;
	uint32_t slots[FOLIO_BATCH_SIZE], refs[FOLIO_BATCH_SIZE];
};

static void folio_ref_sub(struct sim *s, uint32_t slot, uint32_t refs)
{
	struct folio *f = &s->folios[slot];

	if (folio_test_large(f))
		folio_large(s, slot)->nr_gathered -= refs;
	else
		f->extra_refs -= refs;
}

static void folios_put_refs(struct sim *s, struct free_batch *b)
{
	for (uint32_t i = 0; i < b->nr; i++) {
		if (b->slots[i] == FOLIO_NONE)
			continue;
		folio_ref_sub(s, b->slots[i], b->refs[i]);
		if (!folio_test_large(&s->folios[b->slots[i]]))
			folio_free_unreferenced(s, b->slots[i]);
	}
	b->nr = 0;
}

static void pay_and_tell(struct sim *s, struct mmu_gather *tlb)
{
	const uint64_t nr = tlb->nr_used - s->nr_used;

	task_pay(s);
	s->hooks->freed(s, nr);
	tlb->nr_used = s->nr_used;
}

/* The time of freeing what a batch has freed. Others may run meanwhile, so none of the gather's
 * entries that the batch had is there any more. */
static void free_batch_put(struct sim *s, struct mmu_gather *tlb, struct free_batch *b)
{
	const uint32_t ps = s->cfg.machine.free_anon_ps;
	const uint64_t before = s->nr_used;
	uint64_t nr;

	folios_put_refs(s, b);
	nr = before - s->nr_used;
	if (!ps || !s->sched)
		return;
	task_owe(s, nr * ps);
	if (tlb->d.dying)
		s->times.reap_ps[REAP_ANON] += nr * ps;
	/* free_pages_and_evict_file() holds a folio */
	if (tlb->preemptible && !tlb->evict)
		pay_and_tell(s, tlb);
}

static void free_batch_add(struct sim *s, struct mmu_gather *tlb, struct free_batch *b,
			   uint32_t slot, uint32_t refs)
{
	b->slots[b->nr] = slot;
	b->refs[b->nr] = refs;
	if (++b->nr >= s->batches.folios)
		free_batch_put(s, tlb, b);
}

/* evict_file_folio() of the series: of the @refs references of the gather one is left */
static void evict_file_folio(struct sim *s, struct mmu_gather *tlb, struct free_batch *b,
			     uint32_t slot, uint32_t refs)
{
	const uint16_t before = s->folios[slot].flags;
	const uint32_t nr = before & PG_locked ? 0 : mapping_evict_folio(s, slot, 1, EV_ZAP_EVICT);

	count_vm(s, VM_sim_zap_evicted, nr);
	if (!nr) {
		count_vm(s, VM_sim_zap_kept, refs);
		note(s, slot, ZAP_KEEP, before);
	} else if (s->sched) {
		tlb_owe(s, tlb, REAP_EVICT, s->cfg.machine.evict_ps);
	}
	free_batch_add(s, tlb, b, nr ? FOLIO_NONE : slot, 1);
}

/* the entry at @i, which is moved to the next */
static uint32_t gather_next(struct mmu_gather *tlb, uint32_t to, uint32_t *i, uint32_t *refs)
{
	const uint32_t slot = tlb->slots[*i];

	tlb->slots[(*i)++] = FOLIO_NONE;
	*refs = 1;
	if (*i < to && IS_NR_PAGES(tlb->slots[*i]))
		*refs = UINT32_MAX - tlb->slots[(*i)++];
	return slot;
}

/* free_pages_and_swap_cache() of the entries [@from, @to) */
static void free_pages_and_swap_cache(struct sim *s, struct mmu_gather *tlb, uint32_t from,
				      uint32_t to)
{
	struct free_batch b = { 0 };
	uint32_t refs;

	for (uint32_t i = from; i < to;) {
		const uint32_t slot = gather_next(tlb, to, &i, &refs);

		if (slot != FOLIO_NONE)
			free_batch_add(s, tlb, &b, slot, refs);
	}
	free_batch_put(s, tlb, &b);
}

/* free_pages_and_evict_file() of the series: neighbours that are of one folio are taken together,
 * whatever anon pages are between them. */
static void free_pages_and_evict_file(struct sim *s, struct mmu_gather *tlb, uint32_t from,
				      uint32_t to)
{
	uint32_t held = FOLIO_NONE, held_refs = 0, refs;
	struct free_batch b = { 0 };

	mlock_drain(s, &s->cpus[s->this_cpu]);
	for (uint32_t i = from; i < to;) {
		const uint32_t slot = gather_next(tlb, to, &i, &refs);

		if (slot == FOLIO_NONE)
			continue;
		if (slot == held) {
			folio_ref_sub(s, slot, refs);
			held_refs += refs;
		} else if ((s->folios[slot].flags & (PG_resident | PG_anon)) != PG_resident) {
			free_batch_add(s, tlb, &b, slot, refs);
		} else {
			if (held != FOLIO_NONE)
				evict_file_folio(s, tlb, &b, held, held_refs);
			folio_ref_sub(s, slot, refs - 1);
			held = slot;
			held_refs = refs;
		}
	}
	if (held != FOLIO_NONE)
		evict_file_folio(s, tlb, &b, held, held_refs);
	free_batch_put(s, tlb, &b);
}

static void tlb_flush_rmaps(struct sim *s, struct mmu_gather *tlb)
{
	for (uint32_t i = 0; i < tlb->nr_delayed; i++)
		remove_rmap(s, tlb, tlb->delayed[i].slot, tlb->delayed[i].nr);
	tlb->nr_delayed = 0;
}

/* References are dropped 31 folios at a time, and at the end of each page of the
 * gather. If a folio has two entries that are not neighbours, it is evicted only if they are
 * further apart. */
void tlb_flush_mmu(struct sim *s, struct mmu_gather *tlb)
{
	tlb->nr_used = s->nr_used;
	tlb_flush_rmaps(s, tlb);
	for (uint32_t i = 0, from = 0; from < tlb->nr; i++) {
		const uint32_t to = i < tlb->nr_ends ? tlb->ends[i] : tlb->nr;

		unmap_drain(s, s->this_cpu);
		if (tlb->evict)
			free_pages_and_evict_file(s, tlb, from, to);
		else
			free_pages_and_swap_cache(s, tlb, from, to);
		from = to;
	}
	tlb->nr = tlb->nr_ends = 0;
	if (tlb->preemptible)
		pay_and_tell(s, tlb);
}

struct mmu_gather *tlb_gather_mmu(struct sim *s, const struct mm *mm, bool reaping,
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

void tlb_finish_mmu(struct sim *s, struct mmu_gather *tlb)
{
	tlb_flush_mmu(s, tlb);
	tlb->used = false;
}

void mmu_gathers_each_ref(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg)
{
	for (const struct mmu_gather *tlb = s->gathers; tlb; tlb = tlb->next)
		for (uint32_t i = 0; tlb->used && i < tlb->nr; i++)
			if (tlb->slots[i] != FOLIO_NONE && !IS_NR_PAGES(tlb->slots[i]) &&
			    !folio_test_large(&s->folios[tlb->slots[i]]))
				fn(arg, tlb->slots[i]);
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
