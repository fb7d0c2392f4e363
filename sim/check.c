// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verifies that the state of a run is consistent: page tables match mapcounts, batches match
 * references, lists match flags and sizes, and no page is lost. The time is proportional to
 * the number of all pages. For tests and --check.
 */
#include <errno.h>

#include "sim/mm/charge.h"
#include "sim/mm/filemap.h"
#include "sim/mm/large.h"
#include "sim/mm/mm.h"
#include "sim/mm/mmu_gather.h"
#include "sim/mm/objcg.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/task.h"
#include "sim/mm/xarray.h"
#include "sim/sim.h"

struct tally {
	const struct sim *s;
	uint32_t *mapcount, *nr_swap, *extra_refs;
	struct err *err;
	int ret;
};

static int bad(struct tally *t, uint32_t slot, const char *what, uint64_t is, uint64_t should)
{
	return t->ret =
		       err_set(t->err, -EIO, "invariant broken: slot %u: %s is %llu, expected %llu",
			       slot, what, (unsigned long long)is, (unsigned long long)should);
}

/* pte_none() has no other bit either */
static void check_pte_none(struct tally *t, const struct vma *vma, const struct pte_table *pt,
			   uint32_t vpn)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;
	const uint64_t young = pt->word[idx / 64].young >> idx % 64 & 1;
	const uint8_t more = pt->more ? pt->more[idx] : 0;

	if (young || more)
		t->ret = err_set(t->err, -EIO,
				 "invariant broken: pid %u: no PTE at page %#x, but young %u, "
				 "flags %#x",
				 vma->mm->pid, vpn, (unsigned int)young, more);
}

static void tally_vma(struct tally *t, const struct vma *vma)
{
	const struct sim *s = t->s;
	uint64_t end = (uint64_t)vma->start + vma_pages(vma);

	for (uint64_t vpn = vma->start; vpn < end; vpn++) {
		const struct pte_table *pt = pte_lookup(vma->mm, (uint32_t)vpn);
		uint8_t pte = pt ? pte_get(pt, vpn % PTRS_PER_PTE) : 0;

		if (pte & PTE_swap)
			t->nr_swap[pt->anon[vpn % PTRS_PER_PTE]]++;
		else if ((pte & PTE_present) && !(pte & PTE_zero))
			t->mapcount[pte_slot(s, vma, pt, (uint32_t)vpn)]++;
		else if (pt && !pte)
			check_pte_none(t, vma, pt, (uint32_t)vpn);
	}
}

static void tally_ref(void *arg, uint32_t slot)
{
	struct tally *t = arg;

	t->extra_refs[slot]++;
}

static void tally_mm(gpointer pid, gpointer value, gpointer data)
{
	const struct mm *mm = value;
	struct tally *t = data;
	uint64_t prev_end = 0;

	(void)pid;
	for (guint i = 0; i < mm->vmas->len; i++) {
		const struct vma *vma = mm->vmas->pdata[i];

		if (vma->start < prev_end || !vma_pages(vma))
			t->ret = err_set(t->err, -EIO,
					 "invariant broken: pid %u: mappings overlap at page %#x",
					 mm->pid, vma->start);
		prev_end = (uint64_t)vma->start + vma_pages(vma);
		tally_vma(t, vma);
	}
}

/* a page of a large folio other than its first */
static int check_tail(struct tally *t, uint32_t slot)
{
	const struct sim *s = t->s;
	const uint32_t head = folio_head(s->folios, slot);
	const struct folio *f = &s->folios[head];

	if (s->folios[slot].flags != PG_resident)
		return bad(t, slot, "flags of a tail", s->folios[slot].flags, PG_resident);
	if (head >= slot || f->order > MAX_FOLIO_ORDER || slot - head >= folio_nr_pages(f))
		return bad(t, slot, "head of a tail", head, slot);
	return 0;
}

static int check_folio(struct tally *t, uint32_t slot)
{
	const struct sim *s = t->s;
	const struct folio *f = &s->folios[slot];
	bool resident = f->flags & PG_resident;

	if (page_mapcount(s, slot) != t->mapcount[slot])
		return bad(t, slot, "mapcount", page_mapcount(s, slot), t->mapcount[slot]);
	if (f->order >= FOLIO_SECOND)
		return check_tail(t, slot);
	if (f->extra_refs != t->extra_refs[slot])
		return bad(t, slot, "extra references", f->extra_refs, t->extra_refs[slot]);
	if (slot_is_anon(s, slot) && s->anon[slot - s->anon_first].av &&
	    s->anon[slot - s->anon_first].nr_swap != t->nr_swap[slot])
		return bad(t, slot, "swap entries", s->anon[slot - s->anon_first].nr_swap,
			   t->nr_swap[slot]);
	if (!resident && (f->mapcount || f->extra_refs ||
			  (f->flags & (PG_lru | PG_active | PG_referenced | PG_dirty))))
		return bad(t, slot, "flags of a page that is not resident", f->flags, 0);
	if ((f->mlocked || f->unevictable) && !resident)
		return bad(t, slot, "lock of a page that is not resident", 1, 0);
	if (resident && (f->flags & PG_shadow))
		return bad(t, slot, "flags of a resident page", f->flags, f->flags & ~PG_shadow);
	/* on a list, or in a batch that will add it to one */
	if (resident && !(f->flags & PG_lru) && !f->extra_refs)
		return bad(t, slot, "lists and batches that hold it", 0, 1);
	return 0;
}

static void tally_batch(struct tally *t, const struct folio_batch *b)
{
	for (unsigned int i = 0; i < b->nr; i++)
		t->extra_refs[b->slots[i]]++;
}

static void tally_batches(struct tally *t, const struct sim_cpu *c)
{
	tally_batch(t, &c->lru_add);
	tally_batch(t, &c->lru_deactivate_file);
	tally_batch(t, &c->lru_deactivate);
	tally_batch(t, &c->lru_lazyfree);
	tally_batch(t, &c->lru_activate);
	tally_batch(t, &c->mlock.fbatch);
}

/* each charged page is in use, in a stock, or the kernel's;
 * each folio is on the lists of the memcg that is charged for it */
static int check_memcgs(struct tally *t)
{
	const struct sim *s = t->s;
	uint64_t dirty = 0;

	for (unsigned int i = 0; i < s->nr_memcgs && !t->ret; i++) {
		const struct mem_cgroup *memcg = &s->memcg[i];
		const uint64_t kernel = s->objcg ? s->objcg->of[i].nr_pages : 0;
		uint64_t charged = kernel + memcg->nr_prealloc;

		t->ret = s->cfg.lru->check(s, &memcg->lruvec, t->err);
		for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++)
			charged += memcg->stock[cpu];
		for (uint32_t slot = FOLIO_FIRST; slot < s->nr_folios; slot++)
			if (s->folios[slot].flags & PG_resident)
				charged += s->folios[folio_head(s->folios, slot)].memcg == i;
		if (!t->ret && memcg->max && memcg->usage != charged)
			bad(t, 0, "memcg usage", memcg->usage, charged);
		if (!t->ret && memcg->max && memcg->usage > memcg->max + kernel)
			bad(t, 0, "memcg usage", memcg->usage, memcg->max);
		dirty += memcg->nr_dirty;
	}
	if (!t->ret && dirty != s->writeback->nr_dirty)
		bad(t, 0, "nr_dirty of all memcgs", dirty, s->writeback->nr_dirty);
	return t->ret;
}

int sim_check(const struct sim *s, struct err *err)
{
	struct tally t = { .s = s, .err = err };
	uint64_t resident = 0 /* with what has no folio yet */, dirty = 0, swap = 0, file = 0,
		 shmem = 0, lru = 0;
	uint64_t mapped[2] = { 0 };
	uint64_t listed = 0, unevictable = 0, mlocked = 0;
	int64_t pcp = 0;

	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		resident += s->memcg[i].nr_prealloc;

	t.mapcount = g_new0(uint32_t, s->nr_folios);
	t.nr_swap = g_new0(uint32_t, s->nr_folios);
	t.extra_refs = g_new0(uint32_t, s->nr_folios);
	g_hash_table_foreach(s->procs, tally_mm, &t);
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++) {
		const struct sim_cpu *c = &s->cpus[cpu];

		tally_batches(&t, c);
		pcp += c->pcp.count;
	}
	mmu_gathers_each_ref(s, tally_ref, &t);
	tasks_each_held(s, tally_ref, &t);
	for (uint32_t i = FOLIO_FIRST; i < s->nr_folios && !t.ret; i++) {
		uint16_t flags = s->folios[i].flags;

		t.extra_refs[i] += (flags & PG_private) != 0;
		check_folio(&t, i);
		mapped[slot_is_anon(s, i)] += t.mapcount[i] != 0;
		resident += (flags & PG_resident) != 0;
		if (flags & PG_lru)
			*(s->folios[i].unevictable ? &unevictable : &lru) +=
				folio_nr_pages(&s->folios[i]);
		if (s->folios[i].mlocked)
			mlocked += folio_nr_pages(&s->folios[i]);
		swap += (flags & PG_swapcache) != 0;
		if (s->cached && i < s->anon_first &&
		    cached_bits(s, i, 1) != ((flags & PG_resident) != 0))
			bad(&t, i, "cached", flags & PG_resident ? 0 : 1, flags & PG_resident);
		if ((flags & PG_resident) && i < s->anon_first) {
			file++;
			shmem += (flags & PG_swapbacked) != 0;
			if ((flags & (PG_dirty | PG_swapbacked)) == PG_dirty)
				dirty += folio_nr_pages(&s->folios[i]);
		}
	}
	for (int type = 0; type < NR_LRU_TYPES; type++)
		listed += lruvec_pages(s, (enum lru_type)type);
	if (!t.ret)
		t.ret = check_memcgs(&t);
	if (!t.ret)
		t.ret = xa_check(s, err);
	if (!t.ret && resident != s->nr_used)
		bad(&t, 0, "pages in use", s->nr_used, resident);
	if (!t.ret && s->root &&
	    zone_free_exact(s) + pcp + s->zone.nr_kernel + (int64_t)s->nr_used !=
		    (int64_t)s->cfg.machine.memory_pages)
		bad(&t, 0, "pages in all",
		    (uint64_t)(zone_free_exact(s) + pcp + s->zone.nr_kernel) + s->nr_used,
		    s->cfg.machine.memory_pages);
	if (!t.ret && listed != lru)
		bad(&t, 0, "pages on lists", listed, lru);
	if (!t.ret && unevictable != nr_unevictable(s))
		bad(&t, 0, "nr_unevictable", nr_unevictable(s), unevictable);
	if (!t.ret && mlocked != s->nr_mlock)
		bad(&t, 0, "nr_mlock", s->nr_mlock, mlocked);
	if (!t.ret && file != s->nr_file_pages)
		bad(&t, 0, "nr_file_pages", s->nr_file_pages, file);
	for (int anon = 0; anon < 2; anon++)
		if (!t.ret && mapped[anon] != s->nr_mapped[anon])
			bad(&t, 0, anon ? "nr_anon_pages" : "nr_mapped", s->nr_mapped[anon],
			    mapped[anon]);
	if (!t.ret && shmem != s->nr_shmem)
		bad(&t, 0, "nr_shmem", s->nr_shmem, shmem);
	if (!t.ret && dirty != s->writeback->nr_dirty)
		bad(&t, 0, "nr_dirty", s->writeback->nr_dirty, dirty);
	if (!t.ret && swap != s->swap_used)
		bad(&t, 0, "swap slots in use", s->swap_used, swap);
	g_free(t.mapcount);
	g_free(t.nr_swap);
	g_free(t.extra_refs);
	return t.ret;
}
