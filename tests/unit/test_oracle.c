// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare the engine with the reference (reference/), in lockstep over random traces: after
 * every operation all counters and the whole state must be the same. A failing trace is made
 * as small as possible and printed as text.
 *
 * Environment variables for more traces, or to repeat one:
 *	REAPSIM_ORACLE_SEEDS=N	how many traces (default 1000 of single pages for each model, fewer
 *				of other kinds; 400 with the address sanitizer, which takes
 *				four times as long)
 *	REAPSIM_ORACLE_FIRST=N	the seed of the first (default 1)
 *	REAPSIM_ORACLE_OPS=N	operations in each (default: 20 to 250)
 *	REAPSIM_ORACLE_VERBOSE	print what the traces did
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include "models/lru-mglru.h"
#include "models/models.h"
#include "sim/lab/work.h"
#include "sim/mm/damon.h"
#include "sim/mm/file-system.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/large.h"
#include "sim/mm/mm.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/reclaim.h"
#include "sim/mm/xarray.h"
#include "sim/sim.h"
#include "tests/unit/random_trace.h"
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"
#include "traces/readers/write.h"

void suite_oracle(void);

#define MSG_MAX 512

#ifdef __SANITIZE_ADDRESS__
#define NR_PLAIN_SEEDS 400
#else
#define NR_PLAIN_SEEDS 1000
#endif

struct compare {
	const struct sim *s;
	struct ref *r;
	/* anon pages have no common name: pairs of slot and page as first seen together */
	int *page_of;  /* by slot - anon_first; -1: not yet */
	int *slot_of;  /* by page - nr_file */
	int *mapcount; /* by page */
	char *msg;
};

static bool differ(const struct compare *c, const char *what, int64_t where, uint64_t sim,
		   uint64_t ref)
{
	if (sim == ref)
		return false;
	snprintf(c->msg, MSG_MAX,
		 "%s (%" PRId64 "): engine %" PRIu64 " (%#" PRIx64 "), reference %" PRIu64
		 " (%#" PRIx64 ")",
		 what, where, sim, sim, ref, ref);
	return true;
}

/* are slot and page the same page? */
static bool same_page(struct compare *c, uint32_t slot, int page)
{
	if (!slot_is_anon(c->s, slot) || page < c->r->nr_file)
		return page < c->r->nr_file && slot == FOLIO_FIRST + (uint32_t)page;
	slot -= c->s->anon_first;
	page -= c->r->nr_file;
	if (c->page_of[slot] < 0 && c->slot_of[page] < 0) {
		c->page_of[slot] = page;
		c->slot_of[page] = (int)slot;
	}
	return c->page_of[slot] == page && c->slot_of[page] == (int)slot;
}

static bool differ_page(struct compare *c, const char *what, int64_t where, uint32_t slot, int page)
{
	if (same_page(c, slot, page))
		return false;
	snprintf(c->msg, MSG_MAX, "%s (%" PRId64 "): engine has slot %u, reference page %d", what,
		 where, slot, page);
	return true;
}

struct walk {
	struct compare *c;
	int at[REF_NR_LISTS];
	bool bad;
};

static bool walk_folio(void *arg, const char *list, uint32_t slot)
{
	static const char *const names[REF_NR_LISTS] = {
		"inactive_anon",
		"active_anon",
		"inactive_file",
		"active_file",
	};
	struct walk *w = arg;

	for (int i = 0; i < REF_NR_LISTS; i++) {
		const struct ref_list *l = &w->c->r->cg->lists[i];

		if (strcmp(list, names[i]))
			continue;
		if (w->at[i] >= l->nr)
			w->bad = differ(w->c, list, w->at[i], slot, 0);
		else
			w->bad = differ_page(w->c, list, w->at[i], slot, l->pages[w->at[i]]);
		w->at[i]++;
	}
	return !w->bad;
}

static bool folio_list_differs(struct compare *c, const char *what, const struct folio_list *l,
			       const GQueue *pages)
{
	uint32_t place = l->head, slot;
	int at = 0;

	for (GList *link = pages->head; link; link = link->next, at++) {
		slot = folio_list_prev(l, &place);
		if (slot == FOLIO_NONE)
			break;
		if (differ_page(c, what, at, slot, GPOINTER_TO_INT(link->data)))
			return true;
	}
	return differ(c, what, at, l->nr, pages->length);
}

static bool ctrl_differs(struct compare *c, const char *what, const struct ctrl *s,
			 const uint64_t r[NR_LRU_TYPES][MAX_NR_TIERS])
{
	for (int type = 0; type < NR_LRU_TYPES; type++)
		for (unsigned int tier = 0; tier < MAX_NR_TIERS; tier++)
			if (differ(c, what, type * 10 + (int)tier, s->v[type][tier], r[type][tier]))
				return true;
	return false;
}

/* the engine's of the reference's memcg at work */
static const struct mem_cgroup *at_work(const struct compare *c)
{
	return &c->s->memcg[c->r->cg - c->r->memcgs];
}

static bool generations_differ(struct compare *c)
{
	const struct mglru *g = at_work(c)->lruvec.lists;
	const struct ref_gen *r = c->r->cg->gen;

	if (differ(c, "max_seq", 0, g->max_seq, r->max_seq) ||
	    differ(c, "min_seq of anon", 0, g->min_seq[0], r->min_seq[0]) ||
	    differ(c, "min_seq of file", 0, g->min_seq[1], r->min_seq[1]) ||
	    differ(c, "mm_seq", 0, g->mm_seq, r->mm_seq) ||
	    ctrl_differs(c, "avg_refaulted", &g->avg_refaulted, r->avg_refaulted) ||
	    ctrl_differs(c, "avg_total", &g->avg_total, r->avg_total) ||
	    ctrl_differs(c, "protected", &g->protected, r->protected) ||
	    ctrl_differs(c, "evicted", &g->evicted, r->evicted) ||
	    ctrl_differs(c, "refaulted", &g->refaulted, r->refaulted))
		return true;
	for (unsigned int gen = 0; gen < MAX_NR_GENS; gen++)
		for (int type = 0; type < NR_LRU_TYPES; type++)
			if (folio_list_differs(c, "generation", &g->lists[gen][type],
					       &r->lists[gen][type]))
				return true;
	return false;
}

/* the state of a process that MGLRU's walks use */
static bool walks_differ(struct compare *c, const struct mm *mm, const struct ref_proc *p)
{
	const struct mglru *g = c->s->memcg[mm->memcg].lruvec.lists;

	if (differ(c, "memcg", p->pid, mm->memcg, (uint64_t)p->memcg) ||
	    differ(c, "ran", p->pid, mm->ran, p->ran))
		return true;
	for (uint32_t i = 0; i < REF_VPNS / PTRS_PER_PTE; i++) {
		const struct pte_table *pt = pte_lookup(mm, c->r->base + i * PTRS_PER_PTE);
		const struct ref_table *rt = &p->tables[i];

		if (differ(c, "page table", i, pt && pt->table, rt->exists))
			return true;
		if (!pt || (!pt->table && !pt->huge))
			continue;
		if (differ(c, "young PMD", i, pt->young, rt->young))
			return true;
		for (int f = 0; f < 2; f++)
			if (differ(c, "filter", i, g->sets[f] && pt->seen[f] == g->sets[f],
				   rt->in_filter[f]))
				return true;
	}
	return false;
}

static bool lruvec_differs(struct compare *c)
{
	struct walk w = { .c = c };

	if (c->r->cg->gen)
		return generations_differ(c);

	c->s->cfg.lru->walk(&at_work(c)->lruvec, walk_folio, &w);
	for (int i = 0; i < REF_NR_LISTS && !w.bad; i++)
		w.bad = differ(c, "length of list", i, (uint64_t)w.at[i],
			       (uint64_t)c->r->cg->lists[i].nr);
	return w.bad;
}

static bool memcgs_differ(struct compare *c)
{
	struct ref *r = c->r;
	bool bad = false;

	for (r->cg = r->memcgs; r->cg < r->memcgs + r->nr_memcgs && !bad; r->cg++) {
		const struct mem_cgroup *memcg = at_work(c);
		const int i = (int)(memcg - c->s->memcg);

		bad = differ(c, "memcg usage", i, memcg->usage, r->cg->usage) ||
		      differ(c, "memory.max", i, memcg->max, r->cg->max) || lruvec_differs(c);
		for (unsigned int cpu = 0; cpu < c->s->cfg.machine.cpus && !bad; cpu++)
			bad = differ(c, "stock", cpu, memcg->stock[cpu], r->cg->stock[cpu]);
	}
	r->cg = r->memcgs;
	return bad;
}

static bool batch_differs(struct compare *c, const char *what, unsigned int cpu,
			  const struct folio_batch *sb, const struct ref_batch *rb)
{
	if (differ(c, what, cpu, sb->nr, (uint64_t)rb->nr))
		return true;
	for (int i = 0; i < rb->nr; i++)
		if (differ_page(c, what, i, sb->slots[i], rb->pages[i]))
			return true;
	return false;
}

static bool pcp_differs(struct compare *c, unsigned int cpu, const struct sim_cpu *sc,
			const struct ref_pcp *rp)
{
	const struct per_cpu_pages *sp = &sc->pcp;
	int count = 0;

	for (int i = 0; i < REF_PCP_LISTS; i++) {
		const int pages = rp->lists[i] << ref_pindex_to_order(i);

		if (differ(c, "per-CPU list", i, (uint64_t)sp->lists[i], (uint64_t)pages))
			return true;
		count += pages;
	}
	return differ(c, "pcp.count", cpu, (uint64_t)sp->count, (uint64_t)count) ||
	       differ(c, "pcp.high", cpu, (uint64_t)sp->high, (uint64_t)rp->high) ||
	       differ(c, "pcp.alloc_factor", cpu, (uint64_t)sp->alloc_factor,
		      (uint64_t)rp->alloc_factor) ||
	       differ(c, "pcp.free_count", cpu, (uint64_t)sp->free_count,
		      (uint64_t)rp->free_count) ||
	       differ(c, "vm_stat_diff", cpu, (uint64_t)sc->free_diff, (uint64_t)rp->vm_stat_diff);
}

static bool zone_differs(struct compare *c)
{
	const struct zone *sz = &c->s->zone;
	const struct ref_zone *rz = &c->r->zone;
	const struct kswapd *sk = &c->s->kswapd;
	const struct ref_kswapd *rk = &c->r->kswapd;

	return differ(c, "NR_FREE_PAGES", 0, (uint64_t)sz->free, (uint64_t)rz->nr_free_pages) ||
	       differ(c, "free pages", 0, (uint64_t)zone_free_exact(c->s), (uint64_t)rz->buddy) ||
	       differ(c, "stat_threshold", 0, (uint64_t)sz->stat_threshold,
		      (uint64_t)rz->stat_threshold) ||
	       differ(c, "ZONE_BELOW_HIGH", 0, sz->below_high, rz->below_high) ||
	       differ(c, "ZONE_RECLAIM_ACTIVE", 0, sz->reclaim_active, rz->reclaim_active) ||
	       differ(c, "kernel pages", 0, (uint64_t)c->s->zone.nr_kernel,
		      (uint64_t)c->r->nr_kernel) ||
	       differ(c, "kswapd awake", 0, sk->awake, rk->state == REF_KSWAPD_AWAKE) ||
	       differ(c, "kswapd's light sleep", 0, sk->light_sleep_end,
		      rk->state == REF_KSWAPD_LIGHT_SLEEP ? rk->timer : 0) ||
	       (sk->awake && differ(c, "kswapd runs at", 0, sk->busy_until, rk->runs_at));
}

static bool globals_differ(struct compare *c)
{
	const struct sim *s = c->s;
	const struct ref *r = c->r;

	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++)
		if (batch_differs(c, "lru_add", cpu, &s->cpus[cpu].lru_add, &r->lru_add[cpu]) ||
		    batch_differs(c, "lru_activate", cpu, &s->cpus[cpu].lru_activate,
				  &r->lru_activate[cpu]) ||
		    batch_differs(c, "lru_deactivate", cpu, &s->cpus[cpu].lru_deactivate,
				  &r->lru_deactivate[cpu]) ||
		    batch_differs(c, "lru_lazyfree", cpu, &s->cpus[cpu].lru_lazyfree,
				  &r->lru_lazyfree[cpu]) ||
		    batch_differs(c, "mlock", cpu, &s->cpus[cpu].mlock.fbatch, &r->mlock[cpu]) ||
		    pcp_differs(c, cpu, &s->cpus[cpu], &r->pcp[cpu]))
			return true;
	if (!s->cfg.machine.memcg_pages && zone_differs(c))
		return true;
	if (s->objcg &&
	    differ(c, "kernel pages", 0, (uint64_t)s->zone.nr_kernel, (uint64_t)r->nr_kernel))
		return true;
	for (uint32_t f = 0; f < s->trace->nr_files; f++)
		if (differ(c, "unlinked", f, s->files[f].unlinked, r->files[f].unlinked) ||
		    differ(c, "size of file", f, s->files[f].size, r->files[f].size))
			return true;
	return differ(c, "nr_used", 0, s->nr_used, r->used) ||
	       differ(c, "swap_used", 0, s->swap_used, r->swap_used) ||
	       differ(c, "kswapd_failures", 0, s->kswapd.failures, r->kswapd_failures) ||
	       differ(c, "now", 0, s->clock.now_ns, r->now_ns);
}

static bool shadow_nodes_differ(struct compare *c)
{
	const struct page_trees *x = c->s->trees;
	uint32_t nr = 0;

	if (!x)
		return false;
	for (unsigned int m = 0; m < c->s->nr_memcgs; m++) {
		uint32_t i = 0;

		for (uint32_t at = x->shadow_nodes[m].head; at != XA_NONE; at = x->nodes[at].next)
			if (differ(c, "shadow node", x->nodes[at].slot, 1,
				   ref_shadow_node_is(c->r, (int)m, i++,
						      (int)(x->nodes[at].slot - FOLIO_FIRST),
						      x->nodes[at].shift)))
				return true;
		nr += i;
	}
	return differ(c, "shadow nodes", 0, nr, ref_nr_shadow_nodes(c->r)) ||
	       differ(c, "nodes", 0, c->s->objcg ? x->nr_nodes : x->nr_leaves,
		      (uint64_t)c->r->nr_nodes);
}

static bool counters_differ(struct compare *c)
{
	struct vmstat sv, rv;

	sim_stat(c->s, &sv);
	ref_stat(c->r, &rv);
	for (int i = 0; i < NR_VMSTAT; i++)
		if (differ(c, vmstat_name((enum vmstat_item)i), i, sv.v[i], rv.v[i]))
			return true;
	return false;
}

static uint8_t pte_byte(const struct ref *r, const struct ref_pte *p)
{
	return (uint8_t)((p->present ? PTE_present : 0) | (p->young ? PTE_young : 0) |
			 (p->dirty ? PTE_dirty : 0) | (p->write || p->exclusive ? PTE_write : 0) |
			 (p->zero ? PTE_zero : 0) | (p->swap ? PTE_swap : 0) |
			 (p->present && !p->zero && r->pages[p->page].anon ? PTE_anon : 0));
}

/* compare the PTEs of a VMA, and count mappings */
static bool ptes_differ(struct compare *c, const struct ref_proc *p, const struct vma *sv,
			const struct ref_vma *rv)
{
	for (uint64_t at = rv->start; at < rv->end; at++) {
		uint32_t vpn = c->r->base + (uint32_t)at;
		const struct pte_table *pt = pte_lookup(sv->mm, vpn);
		uint8_t spte = pt ? pte_get(pt, vpn % PTRS_PER_PTE) : 0;
		const struct ref_pte *rpte = &p->ptes[at];
		const struct ref_table *rt = &p->tables[at / 512];

		if (differ(c, "huge PMD", vpn, pt && pt->huge, rt->huge))
			return true;
		if (rt->huge) {
			const int page = rt->folio + (int)(at % 512);

			if (differ(c, "young PMD", vpn, pt->young, rt->young) ||
			    differ(c, "dirty PMD", vpn, pmd_dirty(pt), rt->dirty) ||
			    differ(c, "writable PMD", vpn, (spte & PTE_write) != 0, rt->write) ||
			    differ_page(c, "page of PMD", vpn, pte_slot(c->s, sv, pt, vpn), page))
				return true;
			c->mapcount[page]++;
			continue;
		}

		if (differ(c, "pte", vpn, spte, pte_byte(c->r, rpte)))
			return true;
		if (!spte || rpte->zero)
			continue;
		c->mapcount[rpte->page] += rpte->present;
		if (differ_page(c, "page of pte", vpn,
				spte & PTE_swap ? pt->anon[vpn % PTRS_PER_PTE]
						: pte_slot(c->s, sv, pt, vpn),
				rpte->page))
			return true;
	}
	return false;
}

static bool opens_differ(struct compare *c, const struct mm *mm, const struct ref_proc *p)
{
	for (uint32_t f = 0; f < c->s->trace->nr_files; f++) {
		const struct file_open *so = g_hash_table_lookup(mm->opens, GUINT_TO_POINTER(f));
		const struct ref_open *ro;

		if (differ(c, "file open", f, so != NULL, p->open_of[f] >= 0))
			return true;
		if (!so)
			continue;
		ro = &c->r->opens[p->open_of[f]];
		if (differ(c, "ra.start", f, so->start, ro->start) ||
		    differ(c, "ra.size", f, so->size, ro->size) ||
		    differ(c, "ra.async_size", f, so->async_size, ro->async_size) ||
		    differ(c, "ra.order", f, so->order, ro->order) ||
		    differ(c, "ra.ra_pages", f, so->ra_pages, ro->ra_pages) ||
		    differ(c, "ra.mmap_miss", f, so->mmap_miss, ro->mmap_miss) ||
		    differ(c, "ra.prev_pos", f, so->prev_end,
			   ro->prev_page < 0 ? FILE_NEVER_READ : (uint64_t)ro->prev_page))
			return true;
	}
	return false;
}

static bool proc_differs(struct compare *c, const struct ref_proc *p)
{
	const struct mm *mm = g_hash_table_lookup(c->s->procs, GUINT_TO_POINTER(p->pid));

	if (differ(c, "process alive", p->pid, mm != NULL, 1) ||
	    differ(c, "cpu", p->pid, mm->cpu, p->cpu) ||
	    differ(c, "opted in", p->pid, mm->opted_in, p->opted_in) ||
	    differ(c, "unstable", p->pid, mm->unstable, p->unstable) ||
	    differ(c, "number of mappings", p->pid, mm->vmas->len, (uint64_t)p->nr_vmas))
		return true;
	for (int i = 0; i < p->nr_vmas; i++) {
		const struct vma *sv = mm->vmas->pdata[i];
		const struct ref_vma *rv = &p->vmas[i];

		if (differ(c, "vma start", p->pid, sv->start - c->r->base, rv->start) ||
		    differ(c, "vma pages", p->pid, vma_pages(sv), rv->end - rv->start) ||
		    differ(c, "vma pgoff", p->pid, sv->pgoff, rv->anon ? 0 : rv->pgoff) ||
		    differ(c, "vma recency", p->pid, vma_has_recency(sv),
			   !rv->random && !rv->sequential && !rv->noreuse) ||
		    differ(c, "vma locked", p->pid, (sv->flags & VM_LOCKED) != 0, rv->locked) ||
		    differ(c, "vma anon_vma", p->pid, sv->av != NULL, rv->anon_vma) ||
		    ptes_differ(c, p, sv, rv))
			return true;
	}
	return (c->r->cg->gen && walks_differ(c, mm, p)) || opens_differ(c, mm, p);
}

static uint16_t page_flags(const struct ref_page *pg)
{
	const struct ref_shadow *s = &pg->shadow;

	return (uint16_t)((pg->resident ? PG_resident : 0) | (pg->lru ? PG_lru : 0) |
			  (pg->referenced ? PG_referenced : 0) | (pg->active ? PG_active : 0) |
			  (pg->workingset || s->workingset ? PG_workingset : 0) |
			  (pg->dirty ? PG_dirty : 0) | (pg->reclaim ? PG_reclaim : 0) |
			  (pg->refs << LRU_REFS_PGOFF) | (pg->swapbacked ? PG_swapbacked : 0) |
			  (pg->anon ? PG_anon : 0) | (pg->swap_slot ? PG_swapcache : 0) |
			  (pg->buffer ? PG_private : 0) | (s->present ? PG_shadow : 0));
}

/* compare the state of a folio, not of each page */
/* the bit of a shadow of the classic LRU: evicted by the root from a child */
static uint32_t by_root(const struct compare *c, const struct folio *f)
{
	return c->s->cfg.lru->lru_gen ? 0 : f->shadow & 1u << 31;
}

static bool folio_differs(struct compare *c, const struct folio *f, int page)
{
	const struct ref_page *pg = &c->r->pages[page];
	/* ref_folio_mapcount(), but what it counts has been counted */
	const int mapcount = pg->order ? pg->large_mapcount : c->mapcount[page];

	if ((pg->resident && differ(c, "memcg", page, f->memcg, (uint64_t)pg->memcg)) ||
	    (pg->shadow.present && differ(c, "memcg of shadow", page, by_root(c, f) ? 0 : f->memcg,
					  (uint64_t)pg->shadow.memcg)))
		return true;
	if (pg->resident && (differ(c, "PG_young", page, f->young, pg->young) ||
			     differ(c, "PG_idle", page, f->idle, pg->idle) ||
			     differ(c, "PG_mlocked", page, f->mlocked, pg->mlocked) ||
			     differ(c, "PG_unevictable", page, f->unevictable, pg->unevictable)))
		return true;
	if (pg->lru && pg->unevictable &&
	    differ(c, "mlock_count", page, f->pos, (uint64_t)pg->mlock_count))
		return true;
	return differ(c, "order of folio", page, f->order, (uint64_t)pg->order) ||
	       differ(c, "mapcount of folio", page, f->mapcount, (uint64_t)mapcount) ||
	       differ(c, "mm_ids_shared", page, f->mm_ids_shared, pg->order && pg->mm_shared);
}

static bool page_differs(struct compare *c, uint32_t slot, int page)
{
	const struct ref_page *pg = &c->r->pages[page];
	const struct folio *f = &c->s->folios[slot];
	uint16_t flags = f->flags;

	/* an evicted page only has a shadow */
	if (flags & PG_shadow && !pg->anon)
		flags &= (uint16_t)~PG_swapbacked;
	else if (flags & PG_shadow)
		flags = (uint16_t)((flags & ~PG_swapbacked) | PG_anon);
	if (f->order < FOLIO_SECOND && folio_differs(c, f, page))
		return true;
	return differ(c, "flags of page", page, flags, page_flags(pg)) ||
	       differ(c, "head of page", page, slot - folio_head(c->s->folios, slot),
		      (uint64_t)pg->behind) ||
	       differ(c, "generation of page", page, f->gen & GEN_MASK, (uint64_t)pg->gen) ||
	       differ(c, "mapcount of page", page, page_mapcount(c->s, slot),
		      (uint64_t)c->mapcount[page]) ||
	       (pg->shadow.present && differ(c, "shadow of page", page, f->shadow ^ by_root(c, f),
					     (uint32_t)pg->shadow.eviction));
}

static bool pages_differ(struct compare *c)
{
	uint64_t nr_sim = 0, nr_ref = 0;

	for (int i = 0; i < c->r->nr_file; i++)
		if (page_differs(c, FOLIO_FIRST + (uint32_t)i, i))
			return true;
	for (int i = c->r->nr_file; i < c->r->nr_pages; i++) {
		int slot = c->slot_of[i - c->r->nr_file];

		nr_ref += c->r->pages[i].used;
		if (c->r->pages[i].used && slot >= 0 &&
		    page_differs(c, c->s->anon_first + (uint32_t)slot, i))
			return true;
	}
	for (uint32_t i = c->s->anon_first; i < c->s->nr_folios; i++)
		nr_sim += c->s->anon[i - c->s->anon_first].av != NULL;
	return differ(c, "anon pages in use", 0, nr_sim, nr_ref);
}

static bool monitors_differ(struct compare *c)
{
	if (!c->r->damon)
		return differ(c, "monitor", 0, c->s->damon != NULL, 0);
	return differ(c, "sampling interval", 0, damon_sample_us(c->s), c->r->damon->sample_us) ||
	       differ(c, "regions", 0, damon_nr_regions(c->s), (uint64_t)c->r->damon->nr_regions);
}

static bool states_differ(const struct sim *s, struct ref *r, char *msg)
{
	uint32_t nr_anon = s->nr_folios - s->anon_first;
	struct compare c = { .s = s, .r = r, .msg = msg };
	bool bad;

	c.page_of = g_new(int, nr_anon + 1);
	c.slot_of = g_new(int, r->nr_pages - r->nr_file + 1);
	c.mapcount = g_new0(int, r->nr_pages + 1);
	memset(c.page_of, -1, nr_anon * sizeof(int));
	memset(c.slot_of, -1, (size_t)(r->nr_pages - r->nr_file) * sizeof(int));
	bad = counters_differ(&c) || globals_differ(&c) || memcgs_differ(&c) ||
	      shadow_nodes_differ(&c) || monitors_differ(&c);
	for (int i = 0; i < REF_PROCS_MAX && !bad; i++)
		bad = r->procs[i].used && proc_differs(&c, &r->procs[i]);
	bad = bad || pages_differ(&c);
	g_free(c.page_of);
	g_free(c.slot_of);
	g_free(c.mapcount);
	return bad;
}

/* Lockstep */

struct setup {
	enum ref_kernel kernel;
	const struct lru_model *lru;
	const struct policy_rule *policy;
	bool evict;
	bool check;    /* also call sim_check() after each operation */
	int64_t every; /* operations between two comparisons */
};

/* struct coverage - what all traces of a test did together: they must cover everything. */
struct coverage {
	uint64_t traces, ops_run, out_of_memory, kswapd_oom;
	uint64_t ttl[2]; /* answers to ttl_differs() */
	/* large folios: operations after which some exist, some are shared by two mms, some
	 * are mapped by a PMD */
	uint64_t large, shared, huge;
	/* with a monitor: operations after which PG_young is set somewhere, and the most regions */
	uint64_t young, regions;
	struct vmstat sum;
};

/* would kswapd call the OOM killer in a pass now? For a priority and a min_ttl_ms that depend on
 * @at */
static bool ttl_differs(struct sim *s, struct ref *r, uint64_t at, char *msg, struct coverage *cov)
{
	static const uint32_t ttls[] = { 1, 50, 1001, 2000, 4444, 10000, 30000 };
	struct scan_control sc = { .kswapd = true, .may_swap = true, .priority = (int)(at % 11) };
	struct ref_scan ref_sc = { .kswapd = true, .priority = sc.priority };
	const uint32_t before = s->cfg.machine.min_ttl_ms;
	const uint32_t ttl = ttls[at % G_N_ELEMENTS(ttls)];
	bool sim_says, ref_says;

	s->cfg.machine.min_ttl_ms = r->m.min_ttl_ms = ttl;
	sim_says = s->cfg.lru->age_node(s, &s->memcg[0].lruvec, &sc);
	ref_says = ref_gen_age_node(r, &ref_sc);
	s->cfg.machine.min_ttl_ms = r->m.min_ttl_ms = before;
	if (cov)
		cov->ttl[ref_says]++;
	if (sim_says == ref_says)
		return false;
	snprintf(msg, MSG_MAX, "min_ttl_ms %u at priority %d: engine %s, reference %s", ttl,
		 sc.priority, sim_says ? "kills" : "does not", ref_says ? "kills" : "does not");
	return true;
}

static void count_large(const struct ref *r, struct coverage *cov)
{
	bool large = false, shared = false, huge = false;

	for (int i = 0; i < r->nr_file; i++) {
		large |= r->pages[i].order > 0;
		shared |= r->pages[i].mm_shared;
		huge |= r->pages[i].entire_mapcount > 0;
	}
	cov->large += large;
	cov->shared += shared;
	cov->huge += huge;
}

static void count_young(const struct ref *r, struct coverage *cov)
{
	bool young = false;

	for (int i = 0; i < r->nr_file; i++)
		young |= r->pages[i].young;
	cov->young += young;
	cov->regions = MAX(cov->regions, (uint64_t)r->damon->nr_regions);
}

/* Return: -1 if they agree, or the number of the operation after which they differ. @cov: may be
 * NULL */
static int64_t lockstep(const struct random_trace *rt, const struct setup *su, char *msg,
			struct coverage *cov)
{
	struct sim_config cfg = { .kernel = kernel_profiles[su->kernel],
				  .lru = su->lru,
				  .machine = rt->m,
				  .ends_as = rt->ends_as };
	struct trace_iter it;
	struct err err = { "" };
	int64_t at = 0, bad = -1;
	struct sim *s;
	struct ref *r;
	struct op op;

	cfg.reap = reap_policy_find(su->policy->policy, &cfg.evict, cfg.reap_args, &err);
	g_assert_nonnull(cfg.reap);
	cfg.evict = su->evict;
	g_assert_cmpstr(cfg.kernel->name, ==, ref_kernel_names[su->kernel]);
	s = sim_new(rt->t, &cfg, &err);
	g_assert_nonnull(s);
	r = ref_new(rt->t, &rt->m, su->kernel, su->lru->lru_gen, su->policy, su->evict,
		    rt->ends_as);
	g_assert_false(r->broken);
	trace_iter_init(&it, rt->t);
	for (; bad < 0 && trace_iter_next(&it, &op, NULL) > 0; at++) {
		bool ok = ref_op(r, &op);
		int ret = sim_run(s, it.next - sim_position(s), &err);

		g_assert_false(r->broken);
		if (cov && r->max_order)
			count_large(r, cov);
		if (cov && r->damon)
			count_young(r, cov);
		if (!ok || ret < 0) {
			if (ok || ret != -ENOMEM) {
				snprintf(msg, MSG_MAX, "engine returns %d (%s), reference %s", ret,
					 err.msg, ok ? "continues" : "is out of memory");
				bad = at;
			}
			break;
		}
		if (at % su->every)
			continue;
		if (states_differ(s, r, msg) ||
		    (su->lru->lru_gen && ttl_differs(s, r, (uint64_t)at, msg, cov)))
			bad = at;
		else if (su->check && sim_check(s, &err)) {
			snprintf(msg, MSG_MAX, "%s", err.msg);
			bad = at;
		}
	}
	if (cov) {
		struct vmstat v;

		sim_stat(s, &v);
		for (int i = 0; i < NR_VMSTAT; i++)
			cov->sum.v[i] += v.v[i];
		cov->traces++;
		cov->ops_run += (uint64_t)at;
		cov->out_of_memory += s->oom;
		cov->kswapd_oom += s->kswapd.oom;
	}
	sim_free(s);
	ref_free(r);
	return bad;
}

/* Shrinking: drop operations of a failing trace */

static struct trace *rebuild(const struct trace *t, const GArray *ops)
{
	struct trace_build b;
	uint32_t id;

	trace_build_init(&b, t->path);
	for (uint32_t i = 0; i < t->nr_files; i++) {
		const struct trace_file *f = &t->files[i];

		trace_build_file(&b, f->name, f->pages, f->shmem, &id);
		trace_build_size(&b, id, f->size);
	}
	for (guint i = 0; i < ops->len; i++) {
		struct op op = g_array_index(ops, struct op, i);

		if (op.code == OP_MARK)
			op.name = trace_build_name(&b, t->names[op.name]);
		trace_build_op(&b, &op, NULL);
	}
	return trace_build_end(&b);
}

static GArray *ops_of(const struct trace *t)
{
	GArray *ops = g_array_new(FALSE, FALSE, sizeof(struct op));
	struct trace_iter it;
	struct op op;

	trace_iter_init(&it, t);
	while (trace_iter_next(&it, &op, NULL) > 0)
		g_array_append_val(ops, op);
	return ops;
}

/* replace the operations of @rt if it also fails with the new ones */
static bool try_ops(struct random_trace *rt, const struct setup *su, const GArray *ops)
{
	struct random_trace less = *rt;
	char msg[MSG_MAX];

	less.t = rebuild(rt->t, ops);
	if (trace_check(less.t, NULL, NULL) || lockstep(&less, su, msg, NULL) < 0) {
		trace_free(less.t);
		return false;
	}
	trace_free(rt->t);
	rt->t = less.t;
	return true;
}

static void shrink(struct random_trace *rt, const struct setup *su)
{
	GArray *ops = ops_of(rt->t);

	for (guint chunk = ops->len / 2; chunk; chunk /= 2) {
		for (guint at = 0; at + chunk <= ops->len;) {
			GArray *less = g_array_copy(ops);

			g_array_remove_range(less, at, chunk);
			if (try_ops(rt, su, less)) {
				/* snapshot names have new numbers */
				g_array_free(ops, TRUE);
				ops = ops_of(rt->t);
			} else {
				at += chunk;
			}
			g_array_free(less, TRUE);
		}
	}
	g_array_free(ops, TRUE);
}

static void print_machine(const struct machine *m)
{
	printf("# memory %" PRIu64 " memcg %" PRIu64 " second %" PRIu64 " swap %" PRIu64
	       " cpus %u readahead %u "
	       "fault_around %u prefault %s stats %s, %u ms read_us %u fault_us %u op_us %u "
	       "swappiness %u "
	       "ext4 %d scan_ns %u tick_us %u min_free %" PRIu64 " wsf %u dirty %u%% %u %u ms "
	       "min_ttl_ms %u max_folio_order %u\n",
	       m->memory_pages, m->memcg_pages, m->memcg2_pages, m->swap_pages, m->cpus,
	       m->readahead_pages, m->fault_around_pages, m->prefault_old ? "old" : "young",
	       m->memcg_stats_flushed ? "flushed" : "exact", m->snapshot_ms, m->read_us,
	       m->fault_us, m->op_us, m->swappiness, m->ext4, m->scan_ns, m->tick_us,
	       m->min_free_pages, m->watermark_scale_factor, m->dirty_background_ratio,
	       m->dirty_expire_ms, m->dirty_writeback_ms, m->min_ttl_ms, m->max_folio_order);
}

static void report(struct random_trace *rt, const struct setup *su, uint64_t seed, int64_t at,
		   const char *msg)
{
	char less[MSG_MAX] = "";
	int64_t less_at;

	printf("\nseed %" PRIu64 ", v%s, %s LRU, policy %s%s, operation %" PRId64 ": %s\n", seed,
	       ref_kernel_names[su->kernel], su->lru->name, su->policy->policy,
	       su->evict ? "+evict" : "", at, msg);
	shrink(rt, su);
	less_at = lockstep(rt, su, less, NULL);
	printf("# the same, smaller; ends as %d; operation %" PRId64 ": %s\n", (int)rt->ends_as,
	       less_at, less);
	print_machine(&rt->m);
	trace_write_text(rt->t, stdout, NULL);
	fflush(stdout);
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 10) : otherwise;
}

/* Counters that stay 0. A mark under MGLRU moves no folio. */
static bool never_moves(const struct lru_model *lru, int item)
{
	/* processes die while they are advised, or before that, in timed runs only */
	if (item == VM_sim_advice_lost || item == VM_sim_advice_raced)
		return true;
	return lru->lru_gen && (item == VM_sim_zap_moves || item == VM_sim_mark_moves);
}

static bool is_of_mlock(int item)
{
	return item == VM_nr_mlock || item == VM_nr_unevictable ||
	       (item >= VM_unevictable_pgs_culled && item <= VM_unevictable_pgs_cleared);
}

static void check_coverage(const struct coverage *cov, const struct lru_model *lru)
{
	if (getenv("REAPSIM_ORACLE_VERBOSE")) {
		printf("\n%" PRIu64 " traces, %" PRIu64 " operations, %" PRIu64 " out of memory\n",
		       cov->traces, cov->ops_run, cov->out_of_memory);
		for (int i = 0; i < NR_VMSTAT; i++)
			printf("%-28s %" PRIu64 "\n", vmstat_name((enum vmstat_item)i),
			       cov->sum.v[i]);
	}
	for (int i = 0; i < NR_VMSTAT; i++) {
		/* test_lockstep_shadow_nodes() and test_lockstep_wide() cover them */
		if (i == VM_workingset_nodereclaim || i == VM_pgscan_proactive ||
		    i == VM_pgsteal_proactive || is_of_mlock(i))
			continue;
		CU_ASSERT_EQUAL(cov->sum.v[i] == 0, never_moves(lru, i));
		if (!cov->sum.v[i] && !never_moves(lru, i))
			printf("\nno trace made %s move\n", vmstat_name((enum vmstat_item)i));
	}
	CU_ASSERT(cov->out_of_memory > 0 && cov->out_of_memory < cov->traces / 4);
	if (lru->lru_gen)
		CU_ASSERT(cov->ttl[false] > cov->ops_run / 10 &&
			  cov->ttl[true] > cov->ops_run / 10);
}

enum traces { PLAIN, LARGE, SPARSE, MONITORED, FILE_SYSTEMS, COMPRESSED, WIDE, FILES, CGROUPS };

/* The trace of @seed, with its machine. Return: number of operations between two comparisons. */
static int64_t make_trace(struct random_trace *rt, enum traces traces, uint64_t seed)
{
	const uint64_t nr_ops = env_number("REAPSIM_ORACLE_OPS", 0);
	unsigned int ops = 20 + seed % 231, flags = 0;

	if (traces == LARGE && seed % 3 == 0)
		flags = RANDOM_BIG_FILES;
	if (traces == SPARSE) {
		flags = RANDOM_SPARSE;
		ops = 700 + seed % 700;
	}
	if (traces == WIDE || traces == FILES || traces == CGROUPS)
		flags = (traces == FILES ? RANDOM_FILES : RANDOM_WIDE) |
			(traces == CGROUPS ? RANDOM_CGROUPS : 0) |
			(seed % 3 ? 0 : RANDOM_BIG_FILES);
	random_trace(rt, seed, nr_ops ? (unsigned int)nr_ops : ops, flags);
	if (traces == LARGE)
		rt->m.max_folio_order = seed % 6 == 0 ? MAX_FOLIO_ORDER
						      : 1 + (uint32_t)(seed / 3 % MAX_FOLIO_ORDER);
	if (traces == WIDE || traces == FILES || traces == CGROUPS) {
		/* with more CPUs the stocks of objects differ after deaths, whatever the operations
		 */
		rt->m.kmem = traces == CGROUPS
				     ? seed % 2 == 0
				     : seed % 4 == 1 && (traces == WIDE || rt->m.cpus == 1);
		if (seed % (traces == CGROUPS ? 3 : 2))
			rt->m.max_folio_order = 1 + (uint32_t)(seed / 2 % MAX_FOLIO_ORDER);
		/* a process takes a few more pages then */
		if (rt->m.memcg_pages)
			rt->m.memcg_pages += rt->m.kmem ? 200 : 0;
		if (rt->m.memcg2_pages)
			rt->m.memcg2_pages += rt->m.kmem ? 200 : 0;
	}
	if (traces == MONITORED) {
		rt->m.damon_stat = true;
		rt->m.damon_sample_us = seed % 3 ? 5000 : 100000;
		rt->m.damon_seed = seed;
		rt->m.ram_pages = seed % 4 ? 0 : seed % 7 * 300;
		rt->m.max_folio_order = seed % 2 ? 0 : 1 + (uint32_t)(seed % 5);
	}
	if (traces == FILE_SYSTEMS) {
		uint64_t nr_more;

		rt->m.file_system = (uint32_t)(seed % FS_EROFS_LZ4); /* has a test of its own */
		rt->m.exec_folio_order = seed % 2 ? 4 : 0;
		rt->m.kmem = seed % 3 == 0;
		/* what is read ahead has to stay until it is read, by btrfs 1024 pages or twice
		 * that */
		nr_more = rt->m.file_system == FS_BTRFS ? 2400 : 1300;
		if (rt->m.memcg_pages)
			rt->m.memcg_pages += nr_more;
		else
			rt->m.memory_pages += nr_more;
	}
	if (traces == COMPRESSED) {
		/* from extents that do not shrink to such as are longer than a window */
		rt->m.file_system = FS_EROFS_LZ4;
		rt->m.erofs_pcluster_pages = 1u << seed % 5;
		rt->m.erofs_extent_bytes = (rt->m.erofs_pcluster_pages << 12) +
					   (uint32_t)(seed / 5 % 5 * (seed % 8) * 7001);
		rt->m.kmem = seed % 3 == 0;
		if (rt->m.memcg_pages)
			rt->m.memcg_pages += rt->m.kmem ? 300 : seed % 4 * 100;
		else
			rt->m.memory_pages += 300;
	}
	if (traces != SPARSE)
		return 1;
	if (rt->m.memory_pages && seed % 3)
		rt->m.managed_pages = rt->m.memory_pages + seed % 7 * 3000;
	if (rt->m.memory_pages)
		rt->m.pcp_pages = seed % 4 * 15;
	rt->m.kmem = seed % 4 != 0;
	/* a process takes a few more pages then */
	if (rt->m.memcg_pages)
		rt->m.memcg_pages += 200;
	else
		rt->m.memory_pages += 200;
	rt->m.unevictable_pages = seed % 5 ? 0 : seed % 300;
	if (seed % 2)
		rt->m.max_folio_order = MAX_FOLIO_ORDER;
	return nr_ops ? 1 : 25;
}

/* struct seeds - traces that are compared, by several threads */
struct seeds {
	enum ref_kernel kernel;
	const struct lru_model *lru;
	enum traces traces;
	uint32_t min_ttl_ms;
	uint64_t first;
	GMutex lock; /* of what follows, and of stdout */
	unsigned int failed;
	struct coverage *cov;
};

/* all members are uint64_t */
static void add_coverage(struct coverage *sum, const struct coverage *cov)
{
	const uint64_t regions = MAX(sum->regions, cov->regions);
	const uint64_t *from = (const uint64_t *)cov;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
	sum->regions = regions;
}

/* Prints what is wrong with the trace of a seed, of three seeds or a few more. */
static void lockstep_seed(void *data, guint i)
{
	struct seeds *x = data;
	const uint64_t seed = x->first + i;
	struct setup su = {
		.kernel = x->kernel,
		.lru = x->lru,
		.policy = &policy_rules[seed % policy_rules_nr()],
		.evict = seed / policy_rules_nr() % 2,
		.check = seed % 10 == 0,
	};
	struct coverage cov = { 0 };
	struct random_trace rt;
	char msg[MSG_MAX];
	struct err err;
	int64_t at = -1;
	bool enough, valid;

	g_mutex_lock(&x->lock);
	enough = x->failed >= 3;
	g_mutex_unlock(&x->lock);
	if (enough)
		return;
	su.every = make_trace(&rt, x->traces, seed);
	if (!kernel_profiles[x->kernel]->exec_readahead)
		rt.m.exec_folio_order = 0;
	rt.m.min_ttl_ms = x->min_ttl_ms;
	valid = !trace_check(rt.t, NULL, &err);
	if (valid)
		at = lockstep(&rt, &su, msg, &cov);
	g_mutex_lock(&x->lock);
	add_coverage(x->cov, &cov);
	if (!valid)
		printf("\nseed %" PRIu64 ": %s\n", seed, err.msg);
	else if (at >= 0)
		report(&rt, &su, seed, at, msg);
	x->failed += !valid || at >= 0;
	g_mutex_unlock(&x->lock);
	random_trace_free(&rt);
}

/* Return: do they all agree? */
static bool lockstep_seeds(enum ref_kernel kernel, const struct lru_model *lru, uint64_t nr,
			   uint32_t min_ttl_ms, enum traces traces, struct coverage *cov)
{
	struct seeds x = {
		.kernel = kernel,
		.lru = lru,
		.traces = traces,
		.min_ttl_ms = min_ttl_ms,
		.first = env_number("REAPSIM_ORACLE_FIRST", 1),
		.cov = cov,
	};

	g_mutex_init(&x.lock);
	lab_work(lockstep_seed, &x, (guint)nr, 0, NULL, NULL);
	g_mutex_clear(&x.lock);
	CU_ASSERT_EQUAL(x.failed, 0);
	return !x.failed;
}

static void lockstep_model(enum ref_kernel kernel, const struct lru_model *lru)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", NR_PLAIN_SEEDS);
	struct coverage cov = { 0 };

	if (lockstep_seeds(kernel, lru, nr, 0, PLAIN, &cov) && nr >= 1000)
		check_coverage(&cov, lru);
}

/* all orders, in files of every size */
static void test_lockstep_large(void)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", 100);
	struct coverage cov = { 0 };

	lockstep_seeds(REF_7_3, &lru_classic, nr, 0, LARGE, &cov);
	lockstep_seeds(REF_7_3, &lru_mglru, nr, 0, LARGE, &cov);
	lockstep_seeds(REF_6_18, &lru_classic, nr / 4, 0, LARGE, &cov);
	lockstep_seeds(REF_6_18, &lru_mglru, nr / 4, 0, LARGE, &cov);
	lockstep_seeds(REF_6_12, &lru_classic, nr / 4, 0, LARGE, &cov);
	lockstep_seeds(REF_6_12, &lru_mglru, nr / 4, 0, LARGE, &cov);
	CU_ASSERT(cov.out_of_memory < cov.traces / 4);
	if (getenv("REAPSIM_ORACLE_VERBOSE"))
		printf("\n%" PRIu64 " operations: large folios %" PRIu64 ", shared %" PRIu64
		       ", mapped by a PMD %" PRIu64 "\n",
		       cov.ops_run, cov.large, cov.shared, cov.huge);
	if (nr >= 300)
		CU_ASSERT(cov.large > cov.ops_run / 3 && cov.shared > cov.ops_run / 20 &&
			  cov.huge > 50);
}

/* the trees of files, their shadow nodes and the shrinker */
static void test_lockstep_shadow_nodes(void)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", 8);

	for (enum ref_kernel kernel = 0; kernel < NR_REF_KERNELS; kernel++) {
		for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
			struct coverage cov = { 0 };

			lockstep_seeds(kernel, *lru, nr, 0, SPARSE, &cov);
			if (getenv("REAPSIM_ORACLE_VERBOSE"))
				printf("\nv%s, %s: %" PRIu64 " of %" PRIu64
				       " traces out of memory, %" PRIu64 " nodes freed\n",
				       ref_kernel_names[kernel], (*lru)->name, cov.out_of_memory,
				       cov.traces, cov.sum.v[VM_workingset_nodereclaim]);
			CU_ASSERT(cov.out_of_memory < cov.traces / 2);
			CU_ASSERT(cov.sum.v[VM_workingset_nodereclaim] > 300);
			CU_ASSERT(cov.sum.v[VM_workingset_refault_file] > 1000);
		}
	}
}

/* the rules of each file system */
static void test_lockstep_file_systems(void)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", 60);
	struct coverage cov = { 0 };

	lockstep_seeds(REF_7_3, &lru_classic, nr, 0, FILE_SYSTEMS, &cov);
	lockstep_seeds(REF_7_3, &lru_mglru, nr / 2, 0, FILE_SYSTEMS, &cov);
	lockstep_seeds(REF_6_18, &lru_classic, nr / 4, 0, FILE_SYSTEMS, &cov);
	lockstep_seeds(REF_6_12, &lru_mglru, nr / 4, 0, FILE_SYSTEMS, &cov);
	CU_ASSERT(cov.large > cov.ops_run / 10);
}

/* compressed pages, and the index of each file */
static void test_lockstep_erofs(void)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", 120);
	struct coverage cov = { 0 };

	lockstep_seeds(REF_7_3, &lru_classic, nr, 0, COMPRESSED, &cov);
	lockstep_seeds(REF_7_3, &lru_mglru, nr / 2, 0, COMPRESSED, &cov);
	lockstep_seeds(REF_6_18, &lru_mglru, nr / 4, 0, COMPRESSED, &cov);
	lockstep_seeds(REF_6_12, &lru_classic, nr / 4, 0, COMPRESSED, &cov);
	CU_ASSERT(cov.large > cov.ops_run / 10);
	CU_ASSERT(cov.out_of_memory < cov.traces / 4);
}

/* the operations of version 2, with every kernel */
static void test_lockstep_wide(void)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", 100);
	struct coverage cov = { 0 };

	for (enum ref_kernel kernel = 0; kernel < NR_REF_KERNELS; kernel++)
		for (const struct lru_model *const *lru = lru_models; *lru; lru++)
			lockstep_seeds(kernel, *lru, nr, 0, WIDE, &cov);
	if (nr < 100)
		return;
	CU_ASSERT(cov.out_of_memory < cov.traces / 4);
	CU_ASSERT(cov.sum.v[VM_pgsteal_proactive] > 100);
	for (int i = 0; i < NR_VMSTAT; i++)
		/* nothing frees a page while it is locked: the batches hold references */
		CU_ASSERT(!is_of_mlock(i) ||
			  (cov.sum.v[i] == 0) == (i == VM_unevictable_pgs_cleared));
}

/* processes that move between two cgroups, below limits and in whole machines, with every
 * kernel */
static void test_lockstep_cgroups(void)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", 90);
	struct coverage cov = { 0 };

	for (enum ref_kernel kernel = 0; kernel < NR_REF_KERNELS; kernel++)
		for (const struct lru_model *const *lru = lru_models; *lru; lru++)
			lockstep_seeds(kernel, *lru, nr, 0, CGROUPS, &cov);
	if (nr < 60)
		return;
	CU_ASSERT(cov.out_of_memory < cov.traces / 3);
	/* limits, and whole machines */
	CU_ASSERT(cov.sum.v[VM_memcg_max_events] > 1000 && cov.sum.v[VM_pgsteal_kswapd] > 1000);
	CU_ASSERT(cov.sum.v[VM_workingset_refault_file] > 1000);
}

/* pages of which every fourth is in use, sample after sample: as many regions as the
 * monitor can have */
static struct random_trace striped_trace(void)
{
	struct random_trace rt = { 0 };
	const struct op touch = { .code = OP_TOUCH, .pages = 330, .stride = 4 };
	const struct op sleep = { .code = OP_ADVANCE, .ns = 5000000 };
	struct trace_build b;
	uint32_t file;

	machine_init(&rt.m);
	rt.m.memcg_pages = 4000;
	rt.m.readahead_pages = 0;
	rt.m.ram_pages = 1320;
	trace_build_init(&b, "striped");
	trace_build_file(&b, "f", 1320, false, &file);
	trace_build_op(&b, &(struct op){ .code = OP_SPAWN }, NULL);
	trace_build_op(&b, &(struct op){ .code = OP_MAP, .pages = 1320, .flags = VM_READ }, NULL);
	for (int i = 0; i < 1300; i++) {
		trace_build_op(&b, &touch, NULL);
		trace_build_op(&b, &sleep, NULL);
	}
	rt.t = trace_build_end(&b);
	return rt;
}

static void test_lockstep_monitor_regions(void)
{
	const struct setup su = { .lru = &lru_classic, .policy = &policy_rules[0], .every = 50 };
	struct random_trace rt = striped_trace();
	struct coverage cov = { 0 };
	char msg[MSG_MAX];
	int64_t at;

	rt.m.damon_stat = true;
	at = lockstep(&rt, &su, msg, &cov);
	if (at >= 0)
		printf("\noperation %" PRId64 ": %s\n", at, msg);
	CU_ASSERT(at < 0);
	CU_ASSERT(cov.regions > 500);
	if (cov.regions <= 500)
		printf("\n%" PRIu64 " regions\n", cov.regions);
	random_trace_free(&rt);
}

/* DAMON_STAT, with folios of every size */
static void test_lockstep_monitor(void)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", 60);
	struct coverage cov = { 0 };

	lockstep_seeds(REF_7_3, &lru_classic, nr, 0, MONITORED, &cov);
	lockstep_seeds(REF_7_3, &lru_mglru, nr, 0, MONITORED, &cov);
	lockstep_seeds(REF_6_18, &lru_mglru, nr, 0, MONITORED, &cov);
	if (getenv("REAPSIM_ORACLE_VERBOSE"))
		printf("\n%" PRIu64 " operations: PG_young %" PRIu64 ", most regions %" PRIu64 "\n",
		       cov.ops_run, cov.young, cov.regions);
	CU_ASSERT(cov.young > cov.ops_run / 20);
}

/* files that grow, and the operations on them */
static void test_lockstep_files(void)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", 100);
	struct coverage cov = { 0 };

	for (enum ref_kernel kernel = 0; kernel < NR_REF_KERNELS; kernel++)
		for (const struct lru_model *const *lru = lru_models; *lru; lru++)
			lockstep_seeds(kernel, *lru, nr, 0, FILES, &cov);
	CU_ASSERT(cov.out_of_memory < cov.traces / 4);
}

static void test_lockstep(void)
{
	lockstep_model(REF_7_3, &lru_classic);
}

static void test_lockstep_mglru(void)
{
	lockstep_model(REF_7_3, &lru_mglru);
}

static void test_lockstep_6_12(void)
{
	lockstep_model(REF_6_12, &lru_classic);
}

static void test_lockstep_mglru_6_12(void)
{
	lockstep_model(REF_6_12, &lru_mglru);
}

static void test_lockstep_6_18(void)
{
	const uint64_t nr = env_number("REAPSIM_ORACLE_SEEDS", 300);
	struct coverage cov = { 0 };

	lockstep_seeds(REF_6_18, &lru_classic, nr, 0, PLAIN, &cov);
	lockstep_seeds(REF_6_18, &lru_mglru, nr, 0, PLAIN, &cov);
	CU_ASSERT(cov.out_of_memory > 0 && cov.out_of_memory < cov.traces / 4);
	CU_ASSERT(cov.sum.v[VM_workingset_restore_file] > 0);
}

/* With min_ttl_ms a run ends at kswapd's first wakeup: below 4096 pages its first pass finds
 * nothing. Memcgs have no kswapd. */
static void test_min_ttl(void)
{
	struct coverage cov = { 0 };

	lockstep_seeds(REF_7_3, &lru_mglru, 200, 1, PLAIN, &cov);
	lockstep_seeds(REF_6_12, &lru_mglru, 200, 1, PLAIN, &cov);
	CU_ASSERT(cov.kswapd_oom > 60 && cov.kswapd_oom < 200);
	CU_ASSERT(cov.sum.v[VM_pgscan_direct] > 0);
}

/* Properties of the engine alone */

static int run(const struct random_trace *rt, const char *policy, enum op_code ends_as, bool check,
	       struct vmstat *out, struct sim **keep)
{
	struct sim_config cfg = { .kernel = kernel_profiles[0],
				  .lru = &lru_classic,
				  .machine = rt->m,
				  .ends_as = ends_as,
				  .check = check };
	struct err err = { "" };
	struct sim *s;
	int ret;

	cfg.reap = reap_policy_find(policy, &cfg.evict, cfg.reap_args, &err);
	g_assert_nonnull(cfg.reap);
	s = sim_new(rt->t, &cfg, &err);
	g_assert_nonnull(s);
	ret = sim_run(s, UINT64_MAX, &err);
	if (ret == -EIO)
		printf("\n%s: %s: %s\n", rt->t->path, policy, err.msg);
	sim_stat(s, out);
	if (keep)
		*keep = s;
	else
		sim_free(s);
	return ret;
}

/* two policies that must give the same numbers, and the condition */
static const struct {
	const char *a, *b;
	unsigned int flags;
	enum op_code ends_as;
} same_numbers[] = {
	/* no process dies */
	{ "baseline", "any-exit", RANDOM_NO_DEATHS, OP_NONE },
	{ "baseline", "any-exit+evict", RANDOM_NO_DEATHS, OP_NONE },
	{ "baseline", "demote+evict", RANDOM_NO_DEATHS, OP_NONE },
	/* no process opted in */
	{ "baseline", "prctl", RANDOM_NO_OPTIN, OP_NONE },
	{ "baseline", "prctl+evict", RANDOM_NO_OPTIN, OP_MRELEASE },
	/* no process_mrelease() */
	{ "baseline", "flag", RANDOM_NO_MRELEASE, OP_NONE },
	{ "baseline", "flag+evict", 0, OP_KILL },
	/* the OOM reaper passes no flag */
	{ "baseline", "flag", 0, OP_OOM },
	/* no mm becomes MMF_UNSTABLE */
	{ "baseline", "v1", 0, OP_EXIT },
	{ "baseline", "rfc+evict", 0, OP_KILL },
	/* a single page: mapcount < 2 is not maybe_mapped_shared */
	{ "rfc", "v1", 0, OP_NONE },
	{ "rfc+evict", "v1+evict", 0, OP_MRELEASE },
};

static void test_same_numbers(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(same_numbers); i++) {
		for (uint64_t seed = 1; seed <= 40; seed++) {
			struct random_trace rt;
			struct vmstat a, b;
			int ret;

			random_trace(&rt, seed, 150, same_numbers[i].flags);
			ret = run(&rt, same_numbers[i].a, same_numbers[i].ends_as, false, &a, NULL);
			CU_ASSERT_EQUAL(ret, run(&rt, same_numbers[i].b, same_numbers[i].ends_as,
						 false, &b, NULL));
			if (memcmp(&a, &b, sizeof(a))) {
				printf("\nseed %" PRIu64 ": %s and %s differ\n", seed,
				       same_numbers[i].a, same_numbers[i].b);
				CU_FAIL("the policies give different numbers");
			}
			random_trace_free(&rt);
		}
	}
}

/* with --check: all invariants, including that no page is lost */
static void test_invariants(void)
{
	for (uint64_t seed = 1000; seed < 1060; seed++) {
		struct random_trace rt;
		struct vmstat plain, checked;
		int ret;

		random_trace(&rt, seed, 150, 0);
		for (const struct policy_rule *p = policy_rules; p->policy; p++) {
			ret = run(&rt, p->policy, rt.ends_as, true, &checked, NULL);
			CU_ASSERT(ret == 1 || ret == -ENOMEM);
			CU_ASSERT_EQUAL(ret, run(&rt, p->policy, rt.ends_as, false, &plain, NULL));
			CU_ASSERT_FALSE(memcmp(&plain, &checked, sizeof(plain)));
		}
		random_trace_free(&rt);
	}
}

/* after all processes have exited nothing is mapped, and no anon page and no swap slot is left
 * except those of tmpfs */
static void test_exit_frees(void)
{
	for (uint64_t seed = 2000; seed < 2200; seed++) {
		const struct op drain = { .code = OP_DRAIN };
		bool alive[16] = { false };
		struct random_trace rt;
		struct trace *t;
		struct vmstat v;
		struct sim *s;
		GArray *ops;

		random_trace(&rt, seed, 120, 0);
		ops = ops_of(rt.t);
		for (guint i = 0; i < ops->len; i++) {
			const struct op *op = &g_array_index(ops, struct op, i);

			if (op->code == OP_SPAWN)
				alive[op->pid] = true;
			else if (op->code == OP_FORK)
				alive[op->child] = true;
			else if (op->code == OP_EXIT || op->code == OP_KILL || op->code == OP_OOM ||
				 op->code == OP_MRELEASE)
				alive[op->pid] = false;
		}
		for (uint32_t pid = 0; pid < G_N_ELEMENTS(alive); pid++) {
			const struct op end = { .code = OP_EXIT, .pid = pid };

			if (alive[pid])
				g_array_append_val(ops, end);
		}
		g_array_append_val(ops, drain);
		t = rebuild(rt.t, ops);
		trace_free(rt.t);
		rt.t = t;
		if (run(&rt, "baseline", rt.ends_as, false, &v, &s) == 1) {
			uint64_t in_swap = 0;

			for (uint32_t i = FOLIO_FIRST; i < s->anon_first; i++)
				in_swap += (s->folios[i].flags & PG_swapcache) != 0;
			CU_ASSERT_EQUAL(v.v[VM_nr_mapped], 0);
			CU_ASSERT_EQUAL(v.v[VM_nr_anon_pages], 0);
			CU_ASSERT_EQUAL(s->nr_used, v.v[VM_nr_file_pages]);
			CU_ASSERT_EQUAL(s->swap_used, in_swap);
		}
		sim_free(s);
		g_array_free(ops, TRUE);
		random_trace_free(&rt);
	}
}

/* with enough memory nothing is reclaimed, and nothing refaults */
static void test_roomy(void)
{
	static const enum vmstat_item none[] = {
		VM_pgscan_direct,
		VM_pgscan_kswapd,
		VM_workingset_refault_file,
		VM_workingset_refault_anon,
		VM_pswpout,
		VM_memcg_max_events,
		VM_allocstall,
	};

	for (uint64_t seed = 3000; seed < 3100; seed++) {
		struct random_trace rt;
		struct vmstat v;

		random_trace(&rt, seed, 150, RANDOM_ROOMY);
		CU_ASSERT_EQUAL(run(&rt, "v1", rt.ends_as, false, &v, NULL), 1);
		for (size_t i = 0; i < G_N_ELEMENTS(none); i++)
			CU_ASSERT_EQUAL(v.v[none[i]], 0);
		random_trace_free(&rt);
	}
}

void suite_oracle(void)
{
	CU_pSuite s = CU_add_suite("oracle", NULL, NULL);

	CU_add_test(s, "engine and reference in lockstep", test_lockstep);
	CU_add_test(s, "the same with the multi-generational LRU", test_lockstep_mglru);
	CU_add_test(s, "the same with large folios", test_lockstep_large);
	CU_add_test(s, "the same on each file system", test_lockstep_file_systems);
	CU_add_test(s, "compressed files in lockstep", test_lockstep_erofs);
	CU_add_test(s, "the same with operations of version 2", test_lockstep_wide);
	CU_add_test(s, "the same with two cgroups", test_lockstep_cgroups);
	CU_add_test(s, "the same with files that grow and shrink", test_lockstep_files);
	CU_add_test(s, "the same with a monitor", test_lockstep_monitor);
	CU_add_test(s, "and with its regions split", test_lockstep_monitor_regions);
	CU_add_test(s, "the same with the rules of v6.12", test_lockstep_6_12);
	CU_add_test(s, "and with those of its multi-generational LRU", test_lockstep_mglru_6_12);
	CU_add_test(s, "and with those of v6.18, both LRUs", test_lockstep_6_18);
	CU_add_test(s, "shadow nodes, by the rules of each kernel", test_lockstep_shadow_nodes);
	CU_add_test(s, "until min_ttl_ms calls the OOM killer", test_min_ttl);
	CU_add_test(s, "policies that must not differ", test_same_numbers);
	CU_add_test(s, "invariants after every operation", test_invariants);
	CU_add_test(s, "exit frees everything", test_exit_frees);
	CU_add_test(s, "no reclaim without pressure", test_roomy);
}
