// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 zap_present_folio_ptes() and zap_vma_for_reaping() of
 * mm/memory.c, __oom_reap_task_mm() of mm/oom_kill.c, exit_mmap() of
 * mm/mmap.c and the page batches of mm/mmu_gather.c.
 *
 * This is where the reap policies act. The kernel, for every young PTE of a
 * file folio in a VMA with recency, calls folio_mark_accessed(); the policy may
 * skip that, and with "+evict" drop the folio once its gathered reference is
 * the last one except for the page cache's.
 *
 * The PTEs of a large folio that follow one another go as a run, with one mark if one
 * of them is young.
 *
 * Approximations: PTEs only, no PMD mappings. "demote" exists in no kernel:
 * here it calls deactivate_file_folio(), as the test-only patch does. Opting in
 * (prctl) is not inherited by fork and survives exec.
 */
#include "sim/mm/zap.h"

#include "sim/mm/batch.h"
#include "sim/mm/event.h"
#include "sim/mm/filemap.h"
#include "sim/mm/large.h"
#include "sim/mm/rmap.h"
#include "sim/mm/swap.h"
#include "sim/mm/task.h"

/*
 * The gather holds one reference to each page. It starts with 8 entries on the
 * stack and grows by pages of 510 up to 19 of them; each but keeps one entry
 * free (v7.3 include/asm-generic/tlb.h, __tlb_remove_folio_pages_size()).
 */
#define GATHER_LOCAL 7
#define GATHER_PAGE  509
#define GATHER_PAGES 20 /* the first is that on the stack */
#define GATHER_MAX   (GATHER_LOCAL + 1 + (GATHER_PAGES - 1) * (GATHER_PAGE + 1))

/* A run of PTEs of a large folio takes two entries: the folio, and the number of its
 * references, which no slot can be. The entry that is kept free is for this. */
#define ENCODE_NR_PAGES(nr) (UINT32_MAX - (nr))
#define IS_NR_PAGES(entry)  ((entry) >= ENCODE_NR_PAGES(1u << MAX_FOLIO_ORDER))

struct zap {
	struct zap_details d;
	const struct reap_policy *policy;
	bool in_scope;
	bool evict;
	bool preemptible; /* others may run in between */
	uint32_t nr;
	uint32_t slots[GATHER_MAX];
	uint32_t nr_ends, ends[GATHER_PAGES]; /* where the pages that are full end */
	/* dirty file PTEs of this page table: the rmap goes after the TLB flush */
	uint32_t nr_delayed;
	struct {
		uint32_t slot, nr;
	} delayed[PTRS_PER_PTE];
	struct zap *next;      /* in sim.gather */
	struct zap *used_next; /* in sim.gathers_used */
};

/* A timed run: what unmapping takes is counted page by page. Who unmaps a dying
 * process pays at the end of each page table; all others hold mmap_lock for
 * writing and pay when their operation ends. */
static void owe(struct sim *s, const struct zap *z, enum reap_cost what, uint32_t ps)
{
	task_owe(s, ps);
	if (!z->d.dying)
		return;
	s->times.reap_nr[what]++;
	s->times.reap_ps[what] += ps;
}

/* which kind of mark it was shows in what it did to the folio */
static void owe_mark(struct sim *s, const struct zap *z, uint16_t before, uint16_t after)
{
	const struct machine *m = &s->cfg.machine;

	if (before == after)
		owe(s, z, REAP_MARK_ACTIVE, m->mark_active_ps);
	else if ((before & ~after & PG_referenced) || (after & ~before & PG_active))
		owe(s, z, REAP_MARK_ACTIVATE, m->mark_activate_ps);
	else
		owe(s, z, REAP_MARK_FIRST, m->mark_first_ps);
}

/* mapping_evict_folio() of a folio that the gather holds, @refs times */
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

/* the work of one folio_batch in free_pages_and_swap_cache(), with what "+evict"
 * adds to it */
static void gather_free(struct sim *s, struct zap *z, struct folio_batch *b, const uint32_t *refs)
{
	const uint16_t file = PG_resident | PG_anon;

	for (uint32_t i = 0; z->evict && i < b->nr; i++)
		if ((s->folios[b->slots[i]].flags & file) == PG_resident &&
		    gather_evict(s, b->slots[i], refs[i])) {
			b->slots[i] = FOLIO_NONE;
			if (s->sched)
				owe(s, z, REAP_EVICT, s->cfg.machine.evict_ps);
		}
	for (uint32_t i = 0; i < b->nr; i++) {
		const uint32_t slot = b->slots[i];

		if (slot == FOLIO_NONE)
			continue;
		if (folio_test_large(&s->folios[slot])) {
			folio_large(s, slot)->nr_gathered -= refs[i];
			continue;
		}
		s->folios[slot].batched--;
		folio_free_unreferenced(s, slot);
	}
	b->nr = 0;
}

/* free_pages_and_swap_cache() of the entries [@from, @to) */
static void gather_free_range(struct sim *s, struct zap *z, uint32_t from, uint32_t to)
{
	uint32_t refs[FOLIO_BATCH_SIZE];
	struct folio_batch b = { 0 };

	for (uint32_t i = from; i < to; i++) {
		b.slots[b.nr] = z->slots[i];
		refs[b.nr] = 1;
		if (i + 1 < to && IS_NR_PAGES(z->slots[i + 1]))
			refs[b.nr] = UINT32_MAX - z->slots[++i];
		if (++b.nr == FOLIO_BATCH_SIZE)
			gather_free(s, z, &b, refs);
	}
	if (b.nr)
		gather_free(s, z, &b, refs);
}

/* v6.12 free_pages_and_swap_cache(), exit_mmap(), vms_clear_ptes(): what their
 * lru_add_drain() does */
static void unmap_drain(struct sim *s, unsigned int cpu)
{
	if (s->cfg.kernel->drain_at_unmap)
		lru_add_drain_cpu(s, cpu);
}

/* tlb_flush_rmaps() */
static void flush_rmaps(struct sim *s, struct zap *z)
{
	for (uint32_t i = 0; i < z->nr_delayed; i++)
		folio_remove_rmap_ptes(s, z->d.mm, z->delayed[i].slot, z->delayed[i].nr);
	z->nr_delayed = 0;
}

/* References go 31 folios at a time, and at the end of each page of the gather: a
 * folio that is there twice is evicted only if its entries are further apart. */
static void gather_flush(struct sim *s, struct zap *z)
{
	const uint64_t before = s->nr_used;

	flush_rmaps(s, z);
	for (uint32_t i = 0, from = 0; from < z->nr; i++) {
		const uint32_t to = i < z->nr_ends ? z->ends[i] : z->nr;

		unmap_drain(s, s->this_cpu);
		gather_free_range(s, z, from, to);
		from = to;
	}
	z->nr = z->nr_ends = 0;
	if (z->preemptible) {
		task_pay(s);
		s->hooks->freed(s, before - s->nr_used);
	}
}

/* __tlb_remove_folio_pages(): @nr references to a folio */
static inline void gather_add(struct sim *s, struct zap *z, uint32_t slot, uint32_t nr)
{
	struct folio *f = &s->folios[slot];
	uint32_t begin = z->nr_ends ? z->ends[z->nr_ends - 1] : 0;

	if (__builtin_expect(folio_test_large(f), 0)) {
		folio_large(s, slot)->nr_gathered += nr;
	} else if (__builtin_expect(++f->batched >= FOLIO_BATCHED_MAX, 0)) {
		/* one page mapped hundreds of times: keep the 8-bit count in range */
		f->batched--;
		gather_flush(s, z);
		f->batched++;
		begin = 0;
	}
	z->slots[z->nr++] = slot;
	if (nr > 1)
		z->slots[z->nr++] = ENCODE_NR_PAGES(nr);
	if (z->nr - begin < (begin ? GATHER_PAGE : GATHER_LOCAL))
		return;
	/* tlb_next_batch(): no third page of the gather while rmaps are delayed */
	z->ends[z->nr_ends++] = z->nr;
	if (z->nr_ends == GATHER_PAGES || (z->nr_delayed && z->nr_ends > 1))
		gather_flush(s, z);
}

/* the accessed half of zap_present_folio_ptes(): of @nr_young PTEs that are young.
 * Return: is the folio to be demoted? */
static bool zap_accessed(struct sim *s, struct zap *z, const struct vma *vma, uint32_t head,
			 uint32_t nr_young)
{
	struct folio *f = &s->folios[head];
	uint64_t moves;
	uint16_t before;
	bool aged;

	if (!nr_young) {
		note(s, head, ZAP_OLD, f->flags);
		return false;
	}
	aged = z->d.dying && s->cfg.lru->aged(s, head);
	count_vm(s, VM_sim_reap_young, z->d.dying ? nr_young : 0);
	count_vm(s, VM_sim_reap_aged, aged ? nr_young : 0);
	if (!vma_has_recency(vma)) {
		note(s, head, ZAP_NO_RECENCY, f->flags);
		return false;
	}
	if (z->in_scope && z->policy->exclusive(&z->d, f)) {
		count_vm(s, VM_sim_zap_skipped, 1);
		note(s, head, ZAP_SKIP, f->flags);
		return z->policy->action == REAP_DEMOTE;
	}
	count_vm(s, VM_sim_zap_marks, 1);
	before = f->flags;
	count_vm(s, VM_sim_zap_marks_aged, aged);
	moves = s->stat.v[VM_sim_mark_moves];
	s->cfg.lru->mark_accessed(s, s->this_cpu, head);
	count_vm(s, VM_sim_zap_moves, s->stat.v[VM_sim_mark_moves] - moves);
	if (s->sched)
		owe_mark(s, z, before, f->flags);
	return false;
}

/* zap_nonpresent_ptes(), and present ones of anon pages */
static void zap_anon_pte(struct sim *s, struct zap *z, struct pte_table *pt, uint32_t idx,
			 uint8_t pte)
{
	const uint32_t slot = pt->anon[idx];

	if (pte & PTE_swap) {
		s->anon[slot - s->anon_first].nr_swap--;
		if (s->sched)
			owe(s, z, REAP_SWAP, s->cfg.machine.zap_swap_ps);
		/* __try_to_reclaim_swap(TTRS_FULL) */
		if ((s->folios[slot].flags & PG_resident) && vm_swap_full(s))
			folio_free_swap(s, slot);
		folio_free_unreferenced(s, slot);
		return;
	}
	folio_remove_rmap(s, slot);
	gather_add(s, z, slot, 1);
	if (s->sched)
		owe(s, z, REAP_ANON, s->cfg.machine.zap_anon_ps);
}

/* zap_present_folio_ptes() of a file folio */
static void zap_file_ptes(struct sim *s, struct zap *z, struct vma *vma, struct pte_table *pt,
			  uint32_t idx, uint32_t slot, uint32_t head, uint32_t nr)
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
			owe(s, z, REAP_UNMAP, s->cfg.machine.zap_file_ps);
	if (dirty) {
		folio_mark_dirty(s, head);
		/* tlb_delay_rmap() of an SMP kernel */
		z->delayed[z->nr_delayed].slot = slot;
		z->delayed[z->nr_delayed++].nr = nr;
	}
	count_vm(s, VM_sim_reap_pages, z->d.dying ? nr : 0);
	to_tail = zap_accessed(s, z, vma, head, nr_young);
	if (!dirty)
		folio_remove_rmap_ptes(s, z->d.mm, slot, nr);
	if (to_tail && deactivate_file_folio(s, s->this_cpu, head)) {
		count_vm(s, VM_sim_zap_demoted, folio_nr_pages(&s->folios[head]));
		note(s, head, ZAP_DEMOTE, s->folios[head].flags);
	}
	gather_add(s, z, head, nr);
}

/* Return: how many PTEs, of up to @max, that was */
static uint32_t zap_ptes(struct sim *s, struct zap *z, struct vma *vma, struct pte_table *pt,
			 uint32_t vpn, uint32_t max)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	const uint8_t pte = pt->pte[idx];
	uint32_t slot, head, nr = 1;

	if (pte & (PTE_zero | PTE_swap | PTE_anon)) {
		pt->pte[idx] = 0;
		if (!(pte & PTE_zero))
			zap_anon_pte(s, z, pt, idx, pte);
		return 1;
	}
	slot = file_slot(s, vma->file, vma->pgoff + (vpn - vma->start));
	head = folio_head(s->folios, slot);
	if (__builtin_expect(folio_test_large(&s->folios[head]), 0))
		nr = folio_pte_batch(s, pt, idx, slot, head, max);
	zap_file_ptes(s, z, vma, pt, idx, slot, head, nr);
	return nr;
}

static void zap_vma(struct sim *s, struct zap *z, struct vma *vma)
{
	uint64_t end = (uint64_t)vma->start + vma_pages(vma);

	for (uint64_t vpn = vma->start; vpn < end;) {
		uint64_t stop = MIN((vpn / PTRS_PER_PTE + 1) * PTRS_PER_PTE, end);
		struct pte_table *pt = pte_lookup(vma->mm, (uint32_t)vpn);

		for (uint32_t nr; pt && vpn < stop; vpn += nr)
			nr = pt->pte[vpn % PTRS_PER_PTE] ? zap_ptes(s, z, vma, pt, (uint32_t)vpn,
								    (uint32_t)(stop - vpn))
							 : 1;
		if (z->nr_delayed)
			gather_flush(s, z);
		if (z->preemptible)
			task_pay(s);
		vpn = stop;
	}
}

static struct zap *zap_begin(struct sim *s, const struct mm *mm, bool reaping,
			     uint32_t mrelease_flags)
{
	struct zap *z = s->gather ? s->gather : zap_new(NULL);

	s->gather = z->next;
	z->next = NULL;
	z->d = (struct zap_details){
		.reaping = reaping,
		.unstable = mm->unstable,
		.dying = mm->dying || mm->unstable,
		.opted_in = mm->opted_in,
		.mrelease_flags = mrelease_flags,
		.mm = mm,
		.args = s->cfg.reap_args,
	};
	z->policy = s->cfg.reap;
	z->in_scope = z->policy->in_scope(&z->d);
	z->evict = s->cfg.evict && z->policy->evict_scope && z->policy->evict_scope(&z->d);
	z->preemptible = s->hooks && mm->killed;
	z->nr_delayed = 0;
	z->nr = z->nr_ends = 0;
	z->used_next = s->gathers_used;
	s->gathers_used = z;
	return z;
}

/* tlb_finish_mmu() */
static void zap_end(struct sim *s, struct zap *z)
{
	struct zap **p = &s->gathers_used;

	gather_flush(s, z);
	while (*p != z)
		p = &(*p)->used_next;
	*p = z->used_next;
	z->next = s->gather;
	s->gather = z;
}

void zap_each_ref(const struct sim *s, void (*fn)(void *arg, uint32_t slot), void *arg)
{
	for (const struct zap *z = s->gathers_used; z; z = z->used_next)
		for (uint32_t i = 0; i < z->nr; i++)
			if (!IS_NR_PAGES(z->slots[i]) && !folio_test_large(&s->folios[z->slots[i]]))
				fn(arg, z->slots[i]);
}

void zap_unmap(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages)
{
	struct zap *z = zap_begin(s, mm, false, 0);
	uint32_t first;

	vma_split_range(s, mm, start, pages);
	first = vma_index(mm, start);
	for (uint32_t i = first; i < mm->vmas->len; i++) {
		struct vma *vma = mm->vmas->pdata[i];

		if (vma->start > start + (pages - 1))
			break;
		if (i == first)
			unmap_drain(s, s->this_cpu);
		zap_vma(s, z, vma);
	}
	zap_end(s, z);
	vma_remove_range(s, mm, start, pages);
}

/* unmap_vmas() of all of them */
static void zap_all(struct sim *s, struct mm *mm)
{
	struct zap *z = zap_begin(s, mm, false, 0);

	unmap_drain(s, s->this_cpu);
	for (guint i = 0; i < mm->vmas->len; i++)
		zap_vma(s, z, mm->vmas->pdata[i]);
	zap_end(s, z);
}

void exit_mmap(struct sim *s, struct mm *mm)
{
	mm->dying = true;
	zap_all(s, mm);
}

void dup_mmap_fail(struct sim *s, struct mm *parent)
{
	struct mm *child = mm_new(s, 0, parent->cpu);

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
	struct zap *z;

	mm->unstable = true;
	z = zap_begin(s, mm, true, mrelease_flags);
	/* the program itself is no part of the trace: v6.12 comes to its pages first
	 * and has freed them before the next VMA */
	unmap_drain(s, s->this_cpu);
	for (guint i = 0; i < nr; i++) {
		struct vma *vma = mm->vmas->pdata[s->cfg.kernel->reap_backwards ? nr - 1 - i : i];

		if (!(vma->flags & VM_ANON) && (vma->flags & VM_SHARED))
			continue;
		zap_vma(s, z, vma);
		gather_flush(s, z);
	}
	zap_end(s, z);
}

struct zap *zap_new(struct zap *next)
{
	struct zap *z = g_new(struct zap, 1);

	z->next = next;
	z->nr = 0;
	return z;
}

void zap_free(struct zap *z)
{
	for (struct zap *next; z; z = next) {
		next = z->next;
		g_free(z);
	}
}
