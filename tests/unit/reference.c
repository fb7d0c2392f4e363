// SPDX-License-Identifier: GPL-2.0-only
/*
 * See reference.h. Each function is named after the kernel's, or the comment
 * above it names the one it follows (v7.3). What v6.12 does otherwise is under
 * "v6".
 *
 * What it takes over from the declared approximations of sim/: order-0 folios,
 * one node, one lruvec, exact statistics, I/O that is over at once, what a
 * round of reclaim does being done before its time has passed, no merging of VMAs,
 * one open file per process and file, tmpfs holes that are allocated by a read,
 * rotation without its batch, writeback by age and by the background ratio.
 */
#include "tests/unit/reference.h"

#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "tests/unit/reference-mglru.h"

const char *const ref_policy_names[NR_REF_POLICIES] = {
	"baseline", "rfc", "v1", "flag", "any-exit", "prctl", "demote",
};

const char *const ref_kernel_names[NR_REF_KERNELS] = { "7.3", "6.12" };

/* what an allocation may do: readahead passes __GFP_NORETRY and no __GFP_FS */
enum gfp { GFP_KERNEL, GFP_READAHEAD };

#define NR_PROCESS_KERNEL_PAGES 19 /* a stack, slab, and tables of fixed mappings */

/* filemap_fault() and the like */
enum fault { FAULT_OK, FAULT_RETRY, FAULT_RETRY_MAJOR, FAULT_OOM };

struct zap {
	bool reaping, dying;
	bool skip, evict; /* does the policy apply to this walk? */
	const struct ref_proc *p;
};

static void count(struct ref *r, enum vmstat_item item, uint64_t n)
{
	r->v[item] += n;
}

/* Levels */

static uint64_t nr_cache(const struct ref *r)
{
	uint64_t n = 0;

	for (int i = 0; i < r->nr_file; i++)
		n += r->pages[i].resident;
	return n;
}

static uint64_t nr_dirty(const struct ref *r)
{
	uint64_t n = 0;

	for (int i = 0; i < r->nr_file; i++)
		n += r->pages[i].resident && r->pages[i].dirty && !r->pages[i].swapbacked;
	return n;
}

/* get_nr_swap_pages() */
static uint64_t nr_swap_pages(const struct ref *r)
{
	return r->m.swap_pages - r->swap_used;
}

static bool vm_swap_full(const struct ref *r)
{
	return nr_swap_pages(r) * 2 < r->m.swap_pages;
}

uint64_t ref_lru_size(const struct ref *r, int list)
{
	if (r->gen)
		return ref_gen_size(r, list / 2, list % 2);
	return (uint64_t)r->lists[list].nr;
}

/* mem_cgroup_flush_stats() */
static void flush_stats(struct ref *r)
{
	for (int i = 0; i < REF_NR_LISTS; i++)
		r->stats.size[i] = ref_lru_size(r, i);
	r->stats.activate[0] = r->v[VM_workingset_activate_anon];
	r->stats.activate[1] = r->v[VM_workingset_activate_file];
	r->stats.rotate[0] = r->v[VM_pgrotate_anon];
	r->stats.rotate[1] = r->v[VM_pgrotate_file];
	r->stats.io[0] = r->v[VM_workingset_restore_anon] + r->v[VM_nr_vmscan_write];
	r->stats.io[1] = r->v[VM_workingset_restore_file];
}

/* lruvec_page_state() */
static const struct ref_stats *lruvec_stats(struct ref *r)
{
	if (!r->m.memcg_stats_flushed)
		flush_stats(r);
	return &r->stats;
}

/* Processes, their mappings, and from a page to its PTEs */

struct ref_proc *ref_proc(struct ref *r, uint32_t pid)
{
	for (int i = 0; i < REF_PROCS_MAX; i++)
		if (r->procs[i].used && r->procs[i].pid == pid)
			return &r->procs[i];
	return NULL;
}

static struct ref_vma *find_vma(struct ref_proc *p, uint64_t at)
{
	for (int i = 0; i < p->nr_vmas; i++)
		if (p->vmas[i].start <= at && at < p->vmas[i].end)
			return &p->vmas[i];
	return NULL;
}

static int file_of(const struct ref *r, int page)
{
	int file = 0;

	while ((uint64_t)page >= (uint64_t)r->t->files[file].first + r->t->files[file].pages)
		file++;
	return file;
}

static bool is_shmem(const struct ref *r, uint32_t file)
{
	return r->t->files[file].shmem;
}

static int file_page(const struct ref *r, uint32_t file, uint64_t pgoff)
{
	return (int)(r->t->files[file].first + pgoff);
}

/* the PTE of @p in its mapping @v that maps @page, or NULL */
static struct ref_pte *pte_of(const struct ref *r, struct ref_proc *p, const struct ref_vma *v,
			      int page)
{
	struct ref_pte *pte;
	uint64_t at, pgoff;

	if (r->pages[page].anon) {
		at = r->pages[page].vpn;
		if (at < v->start || at >= v->end)
			return NULL;
	} else if (page >= (int)r->t->nr_file_pages) {
		return NULL;
	} else {
		int file = file_of(r, page);

		if (v->anon || v->file != (uint32_t)file)
			return NULL;
		pgoff = (uint64_t)page - r->t->files[file].first;
		if (pgoff < v->pgoff || pgoff - v->pgoff >= v->end - v->start)
			return NULL;
		at = v->start + (pgoff - v->pgoff);
	}
	pte = &p->ptes[at];
	return pte->present && !pte->zero && pte->page == page ? pte : NULL;
}

#define for_each_mapping(r, proc, vma)                                                             \
	for (struct ref_proc *proc = (r)->procs; proc < (r)->procs + REF_PROCS_MAX; proc++)        \
		for (struct ref_vma *vma = proc->vmas;                                             \
		     proc->used && vma < proc->vmas + proc->nr_vmas; vma++)

int ref_mapcount(const struct ref *r, int page)
{
	int n = 0;

	for_each_mapping(r, p, v) n += pte_of(r, p, v, page) != NULL;
	return n + r->pages[page].delayed_rmap;
}

/* swap_count: swap entries of the page, in all page tables */
static int swap_count(const struct ref *r, int page)
{
	int n = 0;

	for (int i = 0; i < REF_PROCS_MAX; i++) {
		const struct ref_pte *pte = &r->procs[i].ptes[r->pages[page].vpn];

		n += r->procs[i].used && pte->swap && pte->page == page;
	}
	return n;
}

static int batch_refs(const struct ref *r, int page)
{
	int n = 0;

	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++) {
		for (int i = 0; i < r->lru_add[cpu].nr; i++)
			n += r->lru_add[cpu].pages[i] == page;
		for (int i = 0; i < r->lru_activate[cpu].nr; i++)
			n += r->lru_activate[cpu].pages[i] == page;
		for (int i = 0; i < r->lru_deactivate_file[cpu].nr; i++)
			n += r->lru_deactivate_file[cpu].pages[i] == page;
	}
	return n;
}

/* references beyond the cache's, the page tables' and the isolation's */
static int other_refs(const struct ref *r, int page)
{
	return batch_refs(r, page) + r->pages[page].extra_refs + r->pages[page].buffer;
}

/* Lists */

static int list_of(const struct ref_page *pg)
{
	if (pg->swapbacked)
		return pg->active ? REF_ACTIVE_ANON : REF_INACTIVE_ANON;
	return pg->active ? REF_ACTIVE_FILE : REF_INACTIVE_FILE;
}

static void list_insert(struct ref_list *l, int at, int page)
{
	memmove(l->pages + at + 1, l->pages + at, (size_t)(l->nr - at) * sizeof(int));
	l->pages[at] = page;
	l->nr++;
}

/* lruvec_add_folio(), folio_set_lru() */
static void lruvec_add(struct ref *r, int page)
{
	if (r->gen) {
		ref_gen_add(r, page, false);
		return;
	}
	list_insert(&r->lists[list_of(&r->pages[page])], 0, page);
	r->pages[page].lru = true;
}

static void lruvec_add_tail(struct ref *r, int page)
{
	struct ref_list *l = &r->lists[list_of(&r->pages[page])];

	if (r->gen) {
		ref_gen_add(r, page, true);
		return;
	}
	list_insert(l, l->nr, page);
	r->pages[page].lru = true;
}

/* lruvec_del_folio(), folio_clear_lru() */
static void lruvec_del(struct ref *r, int page)
{
	struct ref_list *l = &r->lists[list_of(&r->pages[page])];
	int at = 0;

	if (r->gen) {
		ref_gen_del(r, page);
		return;
	}
	while (l->pages[at] != page)
		at++;
	l->nr--;
	memmove(l->pages + at, l->pages + at + 1, (size_t)(l->nr - at) * sizeof(int));
	r->pages[page].lru = false;
}

/* mm/folio.c: batches */

static void uncharge(struct ref *r)
{
	r->used--;
	if (r->m.memcg_pages)
		r->usage--;
	else
		ref_free_page(r, REF_PCP_MOVABLE);
}

/* how many pages the nodes of the page cache take: each node has 64 entries,
 * pages, shadows or swap entries; a page of slab has 7 nodes */
static int node_pages(const struct ref *r)
{
	int nodes = 0;

	for (uint32_t f = 0; f < r->t->nr_files; f++) {
		const struct ref_page *pages = r->pages + r->t->files[f].first;
		int64_t last = -1;

		for (uint32_t i = 0; i < r->t->files[f].pages; i++) {
			if (!pages[i].resident && !pages[i].shadow.present && !pages[i].swap_slot)
				continue;
			nodes += last != i / 64;
			last = i / 64;
		}
	}
	return (nodes + 6) / 7;
}

static void update_nodes(struct ref *r)
{
	if (r->m.memcg_pages)
		return;
	while (r->node_pages < node_pages(r)) {
		r->node_pages++;
		ref_alloc_kernel_page(r);
	}
	while (r->node_pages > node_pages(r)) {
		r->node_pages--;
		ref_free_kernel_page(r);
	}
}

/* swap_cache_del_folio() and folio_set_dirty(), as in folio_free_swap() */
static bool folio_free_swap(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (!pg->swap_slot || swap_count(r, page))
		return false;
	pg->swap_slot = false;
	pg->dirty = true;
	r->swap_used--;
	return true;
}

/* free_swap_cache() */
static void free_swap_cache(struct ref *r, int page)
{
	if (r->pages[page].swap_slot && !ref_mapcount(r, page))
		folio_free_swap(r, page);
}

/* folio_put() of an anon page: free it when nobody refers to it */
static void put_anon(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (pg->swap_slot || ref_mapcount(r, page) || other_refs(r, page))
		return;
	if (pg->lru)
		lruvec_del(r, page); /* __page_cache_release() */
	uncharge(r);
	memset(pg, 0, sizeof(*pg));
}

/* folio_batch_move_lru(), lru_add() */
static void drain_lru_add(struct ref *r, unsigned int cpu)
{
	struct ref_batch b = r->lru_add[cpu];

	r->lru_add[cpu].nr = 0;
	for (int i = 0; i < b.nr; i++) {
		int page = b.pages[i];

		/* folio_ref_freeze(folio, 1): only the batch knew it */
		if (r->pages[page].anon && !r->pages[page].swap_slot && !ref_mapcount(r, page) &&
		    !other_refs(r, page))
			put_anon(r, page);
		else
			lruvec_add(r, page);
	}
}

/* folio_batch_move_lru(), lru_activate() */
static void folio_activate_drain(struct ref *r, unsigned int cpu)
{
	struct ref_batch b = r->lru_activate[cpu];

	r->lru_activate[cpu].nr = 0;
	for (int i = 0; i < b.nr; i++) {
		struct ref_page *pg = &r->pages[b.pages[i]];

		if (!pg->lru || pg->active)
			continue;
		lruvec_del(r, b.pages[i]);
		pg->active = true;
		lruvec_add(r, b.pages[i]);
		count(r, VM_pgactivate, 1);
		count(r, VM_sim_list_moves, 1);
	}
	/* folios_put() */
	for (int i = 0; i < b.nr; i++)
		if (r->pages[b.pages[i]].anon)
			put_anon(r, b.pages[i]);
}

/* folio_batch_move_lru(), lru_deactivate_file() */
static void drain_lru_deactivate_file(struct ref *r, unsigned int cpu)
{
	struct ref_batch b = r->lru_deactivate_file[cpu];

	r->lru_deactivate_file[cpu].nr = 0;
	for (int i = 0; i < b.nr; i++) {
		int page = b.pages[i];
		struct ref_page *pg = &r->pages[page];

		if (!pg->lru || ref_mapcount(r, page))
			continue;
		lruvec_del(r, page);
		count(r, VM_sim_list_moves, 1);
		count(r, VM_pgdeactivate, pg->active || (r->gen && !r->v6));
		pg->active = pg->referenced = false;
		if (pg->dirty) {
			lruvec_add(r, page);
			pg->reclaim = true;
		} else {
			lruvec_add_tail(r, page);
			count(r, VM_pgrotated, 1);
		}
	}
}

static void lru_add_drain_cpu(struct ref *r, unsigned int cpu)
{
	drain_lru_add(r, cpu);
	drain_lru_deactivate_file(r, cpu);
	folio_activate_drain(r, cpu);
}

static void lru_add_drain_all(struct ref *r)
{
	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++)
		lru_add_drain_cpu(r, cpu);
	/* invalidate_bh_lrus_cpu(); the first two belong to the mount */
	for (int i = (int)r->t->nr_file_pages + 2; i < r->nr_file; i++)
		r->pages[i].buffer = false;
}

static void folio_add_lru(struct ref *r, unsigned int cpu, int page)
{
	struct ref_batch *b = &r->lru_add[cpu];

	if (r->gen && r->in_lru_fault) {
		if (r->v6 || r->pages[page].workingset)
			r->pages[page].active = true;
		else if (!r->pages[page].referenced)
			ref_gen_inc_refs(r, page);
	}
	b->pages[b->nr++] = page;
	if (b->nr == REF_BATCH)
		drain_lru_add(r, cpu);
}

static void folio_activate(struct ref *r, unsigned int cpu, int page)
{
	struct ref_batch *b = &r->lru_activate[cpu];

	b->pages[b->nr++] = page;
	if (b->nr == REF_BATCH)
		folio_activate_drain(r, cpu);
}

static bool deactivate_file_folio(struct ref *r, unsigned int cpu, int page)
{
	struct ref_batch *b = &r->lru_deactivate_file[cpu];

	if (!r->pages[page].lru)
		return false;
	if (r->gen && ref_gen_clear_refs(r, page))
		return true;
	b->pages[b->nr++] = page;
	if (b->nr == REF_BATCH)
		drain_lru_deactivate_file(r, cpu);
	return true;
}

static void lru_cache_activate_folio(struct ref *r, unsigned int cpu, int page)
{
	for (int i = 0; i < r->lru_add[cpu].nr; i++)
		if (r->lru_add[cpu].pages[i] == page)
			r->pages[page].active = true;
}

static void folio_mark_accessed(struct ref *r, unsigned int cpu, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (r->gen) {
		ref_gen_inc_refs(r, page);
	} else if (!pg->referenced) {
		pg->referenced = true;
	} else if (!pg->active) {
		count(r, VM_sim_mark_moves, pg->lru);
		if (pg->lru)
			folio_activate(r, cpu, page);
		else
			lru_cache_activate_folio(r, cpu, page);
		pg->referenced = false;
		r->nonresident_age++; /* workingset_activation() */
	}
}

static void lru_move_tail(struct ref *r, int page)
{
	lruvec_del(r, page);
	r->pages[page].active = false;
	lruvec_add_tail(r, page);
	count(r, VM_sim_list_moves, 1);
	count(r, VM_pgrotated, 1);
}

/* mm/workingset.c */

static struct ref_shadow workingset_eviction(struct ref *r, int page)
{
	struct ref_shadow s = {
		.present = true,
		.workingset = r->pages[page].workingset,
		.eviction = r->nonresident_age,
	};

	if (r->gen)
		return ref_gen_eviction(r, page);
	r->nonresident_age++;
	return s;
}

static bool workingset_test_recent(struct ref *r, struct ref_shadow s, bool file)
{
	uint64_t distance = r->nonresident_age - s.eviction;
	const uint64_t *nr = lruvec_stats(r)->size;
	uint64_t size = nr[REF_ACTIVE_FILE];

	if (!file)
		size += nr[REF_INACTIVE_FILE];
	if (nr_swap_pages(r) > 0) {
		size += nr[REF_ACTIVE_ANON];
		if (file)
			size += nr[REF_INACTIVE_ANON];
	}
	return distance <= size;
}

/* v6: lru_note_cost() */
static void lru_note_cost(struct ref *r, bool file, uint64_t cost)
{
	const uint64_t *nr;
	uint64_t lrusize;

	r->cost[file].count += cost;
	nr = lruvec_stats(r)->size;
	lrusize = nr[0] + nr[1] + nr[2] + nr[3];
	if (r->cost[0].count + r->cost[1].count > lrusize / 4) {
		r->cost[0].count /= 2;
		r->cost[1].count /= 2;
	}
}

static void workingset_refault(struct ref *r, int page, struct ref_shadow s)
{
	struct ref_page *pg = &r->pages[page];
	bool file = !pg->swapbacked;

	if (r->gen) {
		ref_gen_refault(r, page, s);
		return;
	}
	count(r, file ? VM_workingset_refault_file : VM_workingset_refault_anon, 1);
	if (!workingset_test_recent(r, s, file))
		return;
	pg->active = true;
	r->nonresident_age++;
	count(r, file ? VM_workingset_activate_file : VM_workingset_activate_anon, 1);
	if (s.workingset) {
		pg->workingset = true;
		if (r->v6)
			lru_note_cost(r, file, 32);
		count(r, file ? VM_workingset_restore_file : VM_workingset_restore_anon, 1);
	}
}

/* mm/page-writeback.c, in a simple form */

/* __folio_mark_dirty() of a page with a device behind it */
static void set_dirty(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (pg->dirty)
		return;
	pg->dirty = true;
	if (pg->swapbacked)
		return;
	count(r, VM_nr_dirtied, 1);
	r->dirty[r->nr_dirty_entries++] = (struct ref_dirty){ page, r->now_ns };
	if (nr_dirty(r) > (ref_nr_free(r) + nr_cache(r)) * r->m.dirty_background_ratio / 100)
		r->flush_wanted = true;
}

static void folio_mark_dirty(struct ref *r, int page)
{
	if (!r->pages[page].anon)
		r->pages[page].reclaim = false;
	set_dirty(r, page);
}

static void folio_mkclean(struct ref *r, int page)
{
	for_each_mapping(r, p, v)
	{
		struct ref_pte *pte = v->shared ? pte_of(r, p, v, page) : NULL;

		if (pte)
			pte->dirty = pte->write = false;
	}
}

/* the flusher writes the pages that have been dirty for @age_ns */
static void flush(struct ref *r, uint64_t age_ns)
{
	/* a kworker that puts the pages it has looked up: __folio_batch_release() */
	if (r->nr_dirty_entries && r->dirty[0].since_ns + age_ns <= r->now_ns)
		lru_add_drain_cpu(r, r->m.cpus > 1 && r->this_cpu == 0);
	while (r->nr_dirty_entries && r->dirty[0].since_ns + age_ns <= r->now_ns) {
		int page = r->dirty[0].page;
		struct ref_page *pg = &r->pages[page];
		bool rotate = pg->reclaim && pg->lru;

		r->nr_dirty_entries--;
		memmove(r->dirty, r->dirty + 1, (size_t)r->nr_dirty_entries * sizeof(*r->dirty));
		folio_mkclean(r, page);
		pg->dirty = false;
		count(r, VM_nr_written, 1);
		/* folio_end_writeback(), folio_rotate_reclaimable() */
		pg->reclaim = false;
		if (rotate)
			lru_move_tail(r, page);
	}
	r->flush_wanted = false;
}

/* time passes: the flusher's and the statistics' periodic work */
void ref_advance(struct ref *r, uint64_t ns)
{
	uint64_t from = r->now_ns, period = (uint64_t)r->m.dirty_writeback_ms * 1000000;

	r->now_ns += ns;
	if (from / period != r->now_ns / period && r->nr_dirty_entries)
		flush(r, (uint64_t)r->m.dirty_expire_ms * 1000000 + r->now_ns % period);
	/* vmstat_update() */
	for (uint64_t sec = from / 1000000000; sec < r->now_ns / 1000000000; sec++)
		if (!r->m.memcg_pages)
			ref_refresh_vm_stats(r);
	if (r->now_ns >= r->next_flush_ns) {
		flush_stats(r); /* flush_memcg_stats_dwork() */
		while (r->next_flush_ns <= r->now_ns)
			r->next_flush_ns += 2000000000;
	}
}

/* mm/rmap.c */

/* The mappings of a page in order, which only a look around can tell: a file's as its
 * tree has them (vma_interval_tree_insert()), an anon page's oldest first. */
static bool next_mapping(struct ref *r, int page, uint64_t *after, struct ref_proc **proc,
			 struct ref_vma **vma)
{
	bool anon = r->pages[page].anon, found = false;
	uint64_t best = 0;

	for_each_mapping(r, p, v)
	{
		uint64_t id = anon ? v->anon_id : (uint64_t)v->pgoff << 40 | v->id;

		if (!pte_of(r, p, v, page) || id <= *after || (found && id > best))
			continue;
		found = true;
		best = id;
		*proc = p;
		*vma = v;
	}
	*after = best;
	return found;
}

static int folio_referenced(struct ref *r, int page, bool *exec)
{
	const struct ref_page *pg = &r->pages[page];
	int referenced = 0, mapcount = ref_mapcount(r, page);
	struct ref_proc *p;
	struct ref_vma *v;
	uint64_t after = 0;

	*exec = false;
	while (next_mapping(r, page, &after, &p, &v)) {
		struct ref_pte *pte = pte_of(r, p, v, page);

		/* invalid_folio_referenced_vma() */
		if (v->random || v->sequential || v->noreuse)
			continue;
		if ((p->dying || p->unstable) && pg->anon && pg->swapbacked && mapcount == 1)
			return -1;
		if (pte->young) {
			pte->young = false;
			referenced++;
			*exec |= v->exec;
			if (r->gen)
				ref_gen_look_around(r, p, v, (uint64_t)(pte - p->ptes));
		}
	}
	return referenced;
}

static void try_to_unmap(struct ref *r, int page)
{
	for_each_mapping(r, p, v)
	{
		struct ref_pte *pte = pte_of(r, p, v, page);
		struct ref_pte old;

		if (!pte)
			continue;
		old = *pte;
		memset(pte, 0, sizeof(*pte));
		if (old.dirty)
			folio_mark_dirty(r, page);
		if (r->pages[page].anon) /* ttu_anon_swapbacked_folio() */
			*pte = (struct ref_pte){ .swap = true,
						 .page = page,
						 .exclusive = old.write };
	}
}

/* mm/vmscan.c */

/* __remove_mapping(): the page must have no reference left */
static void remove_mapping(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];
	struct ref_shadow s = { 0 };
	bool slot = pg->swap_slot, anon = pg->anon;
	uint32_t vpn = pg->vpn;

	/* a shadow is for the file LRU and the swap cache */
	if (!pg->swapbacked || slot)
		s = workingset_eviction(r, page);

	memset(pg, 0, sizeof(*pg));
	pg->used = true;
	pg->anon = anon;
	pg->vpn = vpn;
	pg->swap_slot = slot;
	pg->shadow = s;
	update_nodes(r);
	uncharge(r);
}

/* pageout() of an anon or tmpfs page: false if there is no swap slot for it */
static bool pageout(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (!pg->swap_slot) { /* shmem_writeout() */
		if (!nr_swap_pages(r)) {
			folio_mark_dirty(r, page);
			return false;
		}
		pg->swap_slot = true;
		r->swap_used++;
	}
	pg->dirty = pg->reclaim = false;
	count(r, VM_nr_vmscan_write, 1);
	count(r, VM_pswpout, 1);
	return true;
}

enum ref_references { RECLAIM, KEEP, ACTIVATE };

static enum ref_references folio_check_references(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];
	bool exec, referenced_folio;
	int ptes;

	/* v6, in shrink_folio_list(): a walk tried to promote it */
	if (r->v6 && r->gen && pg->referenced && ref_mapcount(r, page))
		return KEEP;
	ptes = folio_referenced(r, page, &exec);
	if (r->v6) {
		referenced_folio = pg->referenced;
		pg->referenced = ptes > 0;
		if (ptes > 0 && !referenced_folio && ptes == 1 && !(exec && !pg->swapbacked))
			return KEEP;
		return ptes > 0 ? ACTIVATE : ptes ? KEEP : RECLAIM;
	}
	if (ptes == -1)
		return KEEP;
	if (r->gen && ptes)
		return ref_gen_set_refs(r, page, exec) ? ACTIVATE : KEEP;
	if (r->gen)
		return RECLAIM;
	referenced_folio = pg->referenced;
	pg->referenced = false;
	if (!ptes)
		return RECLAIM;
	pg->referenced = true;
	if (referenced_folio || ptes > 1 || (exec && !pg->swapbacked))
		return ACTIVATE;
	return KEEP;
}

/* one turn of the loop in shrink_folio_list() */
static enum ref_references shrink_folio(struct ref *r, struct ref_scan *sc, int page)
{
	struct ref_page *pg = &r->pages[page];
	enum ref_references references = folio_check_references(r, page);

	if (references != RECLAIM)
		return references;
	if (pg->anon && !pg->swap_slot) {
		if (!nr_swap_pages(r)) /* folio_alloc_swap() */
			return ACTIVATE;
		pg->swap_slot = true;
		r->swap_used++;
		folio_mark_dirty(r, page);
	}
	try_to_unmap(r, page);
	if (pg->dirty) {
		if (!pg->swapbacked) {
			count(r, VM_nr_vmscan_immediate_reclaim, 1);
			pg->reclaim = true;
			return ACTIVATE;
		}
		/* may_enter_fs(): a tmpfs page is not in the swap cache */
		if (sc->nofs && !pg->swap_slot)
			return KEEP;
		if (other_refs(r, page))
			return KEEP;
		if (!pageout(r, page))
			return ACTIVATE;
	}
	if (pg->buffer) /* try_to_free_buffers() */
		return ACTIVATE;
	if (other_refs(r, page))
		return KEEP;
	remove_mapping(r, page);
	return RECLAIM;
}

int ref_shrink_folio_list(struct ref *r, struct ref_scan *sc, int *pages, int nr,
			  int *nr_unqueued_dirty)
{
	int nr_kept = 0;

	*nr_unqueued_dirty = 0;
	for (int i = 0; i < nr; i++) {
		struct ref_page *pg = &r->pages[pages[i]];

		if (pg->locked) { /* folio_trylock() */
			pages[nr_kept++] = pages[i];
			continue;
		}
		sc->nr_scanned++;
		*nr_unqueued_dirty += pg->dirty && !pg->swapbacked;
		switch (shrink_folio(r, sc, pages[i])) {
		case RECLAIM:
			break;
		case ACTIVATE:
			if (pg->swap_slot && vm_swap_full(r))
				folio_free_swap(r, pages[i]);
			pg->active = true;
			count(r, VM_pgactivate, 1);
			pages[nr_kept++] = pages[i];
			break;
		case KEEP:
			pages[nr_kept++] = pages[i];
			break;
		}
	}
	return nr_kept;
}

/* isolate_lru_folios(): the oldest first */
static int isolate(struct ref *r, int list, uint64_t nr, int *taken)
{
	struct ref_list *l = &r->lists[list];
	int n = 0;

	while ((uint64_t)n < nr && l->nr) {
		taken[n] = l->pages[--l->nr];
		r->pages[taken[n++]].lru = false;
	}
	return n;
}

static void move_folios_to_lru(struct ref *r, const int *pages, int nr)
{
	for (int i = 0; i < nr; i++) {
		lruvec_add(r, pages[i]);
		count(r, VM_sim_list_moves, 1);
		if (r->pages[pages[i]].active)
			r->nonresident_age++;
	}
}

static uint64_t shrink_inactive_list(struct ref *r, struct ref_scan *sc, int list, uint64_t nr)
{
	bool file = list == REF_INACTIVE_FILE;
	int taken[32], nr_taken, nr_kept, nr_unqueued_dirty;
	uint64_t nr_reclaimed, nr_pageout;

	lru_add_drain_cpu(r, r->this_cpu);
	nr_taken = isolate(r, list, nr, taken);
	count(r, sc->kswapd ? VM_pgscan_kswapd : VM_pgscan_direct, (uint64_t)nr_taken);
	count(r, file ? VM_pgscan_file : VM_pgscan_anon, (uint64_t)nr_taken);
	if (!nr_taken)
		return 0;
	nr_pageout = r->v[VM_pswpout];
	nr_kept = ref_shrink_folio_list(r, sc, taken, nr_taken, &nr_unqueued_dirty);
	nr_pageout = r->v[VM_pswpout] - nr_pageout;
	nr_reclaimed = (uint64_t)(nr_taken - nr_kept);
	move_folios_to_lru(r, taken, nr_kept);
	count(r, sc->kswapd ? VM_pgsteal_kswapd : VM_pgsteal_direct, nr_reclaimed);
	count(r, file ? VM_pgsteal_file : VM_pgsteal_anon, nr_reclaimed);
	count(r, file ? VM_pgrotate_file : VM_pgrotate_anon, (uint64_t)nr_taken - nr_reclaimed);
	if (r->v6)
		lru_note_cost(r, file, nr_pageout * 32 + (uint64_t)nr_kept);
	/* handle_reclaim_writeback() */
	if (nr_unqueued_dirty == nr_taken)
		flush(r, 0);
	return nr_reclaimed;
}

static void shrink_active_list(struct ref *r, int list, uint64_t nr)
{
	bool file = list == REF_ACTIVE_FILE;
	int taken[32], l_active[32] = { 0 }, l_inactive[32] = { 0 }, nr_active = 0, nr_inactive = 0,
		       nr_taken;

	lru_add_drain_cpu(r, r->this_cpu);
	nr_taken = isolate(r, list, nr, taken);
	count(r, VM_pgrefill, (uint64_t)nr_taken);
	for (int i = 0; i < nr_taken; i++) {
		struct ref_page *pg = &r->pages[taken[i]];
		bool exec;

		if (folio_referenced(r, taken[i], &exec) && exec && !pg->swapbacked) {
			l_active[nr_active++] = taken[i];
			continue;
		}
		pg->active = false;
		pg->workingset = true;
		l_inactive[nr_inactive++] = taken[i];
	}
	move_folios_to_lru(r, l_active, nr_active);
	move_folios_to_lru(r, l_inactive, nr_inactive);
	count(r, VM_pgdeactivate, (uint64_t)nr_inactive);
	count(r, file ? VM_pgrotate_file : VM_pgrotate_anon, (uint64_t)nr_active);
	if (r->v6 && nr_active)
		lru_note_cost(r, file, (uint64_t)nr_active);
}

static bool inactive_is_low(struct ref *r, bool file)
{
	uint64_t inactive = lruvec_stats(r)->size[file ? REF_INACTIVE_FILE : REF_INACTIVE_ANON];
	uint64_t active = lruvec_stats(r)->size[file ? REF_ACTIVE_FILE : REF_ACTIVE_ANON];
	uint64_t gb = (inactive + active) >> 18, ratio = 1;

	if (gb)
		while ((ratio + 1) * (ratio + 1) <= 10 * gb)
			ratio++;
	return inactive * ratio < active;
}

static void prepare_scan_control(struct ref *r, struct ref_scan *sc)
{
	const struct ref_stats *st = lruvec_stats(r);
	uint64_t lrusize = 0, file;

	for (int f = 0; f < 2 && !r->v6; f++) {
		struct ref_cost *c = &r->cost[f];

		c->count += (st->io[f] - c->last_io) * 32 + (st->rotate[f] - c->last_rotated);
		c->last_rotated = st->rotate[f];
		c->last_io = st->io[f];
	}
	for (int i = 0; i < REF_NR_LISTS; i++)
		lrusize += st->size[i];
	while (!r->v6 && r->cost[0].count + r->cost[1].count > lrusize / 4) {
		r->cost[0].count /= 2;
		r->cost[1].count /= 2;
	}
	sc->anon_cost = r->cost[0].count;
	sc->file_cost = r->cost[1].count;
	for (int f = 0; f < 2; f++)
		sc->deactivate[f] = sc->force_deactivate || st->activate[f] != r->refaults[f] ||
				    inactive_is_low(r, f);
	file = st->size[REF_INACTIVE_FILE];
	sc->cache_trim_mode =
		(file >> sc->priority) && !sc->deactivate[1] && !sc->no_cache_trim_mode;
	if (sc->memcg)
		return;
	file = st->size[REF_ACTIVE_FILE] + st->size[REF_INACTIVE_FILE];
	sc->file_is_tiny = file + ref_nr_free(r) <= (uint64_t)r->zone.high && !sc->deactivate[0] &&
			   (st->size[REF_INACTIVE_ANON] >> sc->priority);
}

static void get_scan_count(struct ref *r, const struct ref_scan *sc, uint64_t *nr)
{
	uint64_t swappiness = r->m.swappiness, fraction[2] = { 1, 1 }, denominator = 1;
	uint64_t total, anon_cost, file_cost;
	bool fract = false;

	if (!nr_swap_pages(r) || (sc->memcg && !swappiness)) {
		fraction[0] = 0; /* SCAN_FILE */
	} else if (!sc->priority && swappiness) {
		; /* SCAN_EQUAL */
	} else if (sc->file_is_tiny) {
		fraction[1] = 0; /* SCAN_ANON */
	} else if (sc->cache_trim_mode) {
		fraction[0] = 0; /* SCAN_FILE */
	} else {
		/* calculate_pressure_balance() */
		total = sc->anon_cost + sc->file_cost;
		anon_cost = total + sc->anon_cost;
		file_cost = total + sc->file_cost;
		total = anon_cost + file_cost;
		fraction[0] = swappiness * (total + 1) / (anon_cost + 1);
		fraction[1] = (200 - swappiness) * (total + 1) / (file_cost + 1);
		denominator = fraction[0] + fraction[1];
		fract = true;
	}
	for (int i = 0; i < REF_NR_LISTS; i++) {
		uint64_t scan = ref_lru_size(r, i) >> sc->priority;

		nr[i] = fract ? scan * fraction[i / 2] / denominator : scan * fraction[i / 2];
	}
}

static uint64_t shrink_list(struct ref *r, struct ref_scan *sc, int list, uint64_t nr)
{
	if (list == REF_ACTIVE_ANON || list == REF_ACTIVE_FILE) {
		if (sc->deactivate[list / 2])
			shrink_active_list(r, list, nr);
		else
			sc->skipped_deactivate = true;
		return 0;
	}
	return shrink_inactive_list(r, sc, list, nr);
}

static void shrink_lruvec(struct ref *r, struct ref_scan *sc)
{
	uint64_t nr[REF_NR_LISTS], targets[REF_NR_LISTS], nr_reclaimed = 0;
	bool first = true;
	bool proportional = !sc->memcg && !sc->kswapd && sc->priority == 12;

	get_scan_count(r, sc, nr);
	memcpy(targets, nr, sizeof(nr));
	while (nr[REF_INACTIVE_ANON] || nr[REF_ACTIVE_FILE] || nr[REF_INACTIVE_FILE]) {
		uint64_t nr_anon, nr_file, percentage, scanned;
		int lru;

		if (sc->kswapd && !first)
			ref_kswapd_spend(r);
		first = false;
		for (int i = 0; i < REF_NR_LISTS; i++) {
			uint64_t n = MIN(nr[i], 32);

			if (!n)
				continue;
			nr[i] -= n;
			nr_reclaimed += shrink_list(r, sc, i, n);
		}
		if (nr_reclaimed < sc->nr_to_reclaim || proportional)
			continue;
		nr_file = nr[REF_INACTIVE_FILE] + nr[REF_ACTIVE_FILE];
		nr_anon = nr[REF_INACTIVE_ANON] + nr[REF_ACTIVE_ANON];
		if (!nr_file || !nr_anon)
			break;
		if (nr_file > nr_anon) {
			lru = REF_INACTIVE_ANON;
			percentage = nr_anon * 100 /
				     (targets[REF_INACTIVE_ANON] + targets[REF_ACTIVE_ANON] + 1);
		} else {
			lru = REF_INACTIVE_FILE;
			percentage = nr_file * 100 /
				     (targets[REF_INACTIVE_FILE] + targets[REF_ACTIVE_FILE] + 1);
		}
		nr[lru] = nr[lru + 1] = 0;
		lru = lru == REF_INACTIVE_FILE ? REF_INACTIVE_ANON : REF_INACTIVE_FILE;
		for (int i = lru; i < lru + 2; i++) {
			scanned = targets[i] - nr[i];
			nr[i] = targets[i] * (100 - percentage) / 100;
			nr[i] -= MIN(nr[i], scanned);
		}
	}
	sc->nr_reclaimed += nr_reclaimed;
	if (r->m.swap_pages && inactive_is_low(r, false))
		shrink_active_list(r, REF_ACTIVE_ANON, 32);
}

static void shrink_node(struct ref *r, struct ref_scan *sc)
{
	uint64_t before = sc->nr_reclaimed;

	if (r->gen) {
		ref_gen_shrink_node(r, sc);
	} else {
		prepare_scan_control(r, sc);
		shrink_lruvec(r, sc);
	}
	if (sc->nr_reclaimed > before) {
		/* kswapd_try_clear_hopeless() */
		if (r->v6 || ref_pgdat_balanced(r))
			r->kswapd_failures = 0;
	} else if (sc->cache_trim_mode) {
		sc->cache_trim_mode_failed = true;
	}
}

static void snapshot_refaults(struct ref *r)
{
	r->refaults[0] = lruvec_stats(r)->activate[0];
	r->refaults[1] = lruvec_stats(r)->activate[1];
}

static uint64_t do_try_to_free_pages(struct ref *r, struct ref_scan *sc)
{
retry:
	sc->priority = 12;
	if (!sc->memcg)
		count(r, VM_allocstall, 1);
	do {
		uint64_t scanned = r->v[VM_pgscan_direct] + r->v[VM_pgrefill];

		sc->nr_scanned = 0;
		shrink_node(r, sc);
		scanned = r->v[VM_pgscan_direct] + r->v[VM_pgrefill] - scanned;
		ref_task_run(r, scanned * r->m.scan_ns);
		if (sc->nr_reclaimed >= sc->nr_to_reclaim)
			break;
	} while (--sc->priority >= 0);
	snapshot_refaults(r);
	if (sc->nr_reclaimed)
		return sc->nr_reclaimed;
	if (!sc->full_walk) {
		sc->full_walk = true;
		goto retry;
	}
	if (sc->skipped_deactivate) {
		sc->force_deactivate = true;
		sc->skipped_deactivate = false;
		goto retry;
	}
	return 0;
}

/* try_to_free_mem_cgroup_pages(), try_to_free_pages() */
uint64_t ref_try_to_free(struct ref *r, bool readahead)
{
	struct ref_scan sc = {
		.nr_to_reclaim = 32,
		.memcg = r->m.memcg_pages != 0,
		.nofs = readahead,
	};

	return do_try_to_free_pages(r, &sc);
}

void ref_balance_pgdat(struct ref *r)
{
	struct ref_scan sc = { .kswapd = true };

	count(r, VM_pageoutrun, 1);
	r->zone.reclaim_active = true;
restart:
	sc.priority = 12;
	do {
		uint64_t nr_reclaimed = sc.nr_reclaimed;
		bool raise_priority = true;

		if (ref_pgdat_balanced(r))
			goto out;
		/* kswapd_age_node() */
		if (r->gen)
			r->kswapd.oom |= ref_gen_age_node(r, &sc);
		else if (r->m.swap_pages && inactive_is_low(r, false))
			shrink_active_list(r, REF_ACTIVE_ANON, 32);
		/* kswapd_shrink_node() */
		sc.nr_scanned = 0;
		sc.nr_to_reclaim = MAX((uint64_t)r->zone.high, 32);
		shrink_node(r, &sc);
		nr_reclaimed = sc.nr_reclaimed - nr_reclaimed;
		if (MAX(sc.nr_scanned, nr_reclaimed) >= sc.nr_to_reclaim)
			raise_priority = false;
		if (raise_priority || !nr_reclaimed)
			sc.priority--;
		if (sc.priority >= 1)
			ref_kswapd_spend(r);
	} while (sc.priority >= 1);
	if (!sc.nr_reclaimed && !sc.no_cache_trim_mode && sc.cache_trim_mode_failed) {
		sc.no_cache_trim_mode = true;
		ref_kswapd_spend(r);
		goto restart;
	}
	if (!sc.nr_reclaimed)
		r->kswapd_failures++;
out:
	r->zone.reclaim_active = false;
	snapshot_refaults(r);
	ref_kswapd_spend(r);
}

/* mm/memcontrol.c */

static bool out_of_memory(struct ref *r)
{
	r->oom = true;
	return false;
}

static bool try_charge_memcg(struct ref *r, unsigned int cpu, enum gfp gfp)
{
	const uint64_t limit = r->m.memcg_pages;
	uint64_t batch = 64, nr_reclaimed;
	int nr_retries = 16;
	bool drained = false;

retry:
	if (r->stock[cpu]) {
		r->stock[cpu]--;
		return true;
	}
	if (r->usage + batch <= limit) {
		r->usage += batch;
		r->stock[cpu] += batch - 1;
		return true;
	}
	if (batch > 1) {
		batch = 1;
		goto retry;
	}
	count(r, VM_memcg_max_events, 1);
	nr_reclaimed = ref_try_to_free(r, gfp == GFP_READAHEAD);
	if (limit > r->usage)
		goto retry;
	if (!drained) {
		/* drain_all_stock() */
		for (unsigned int i = 0; i < r->m.cpus; i++) {
			r->usage -= r->stock[i];
			r->stock[i] = 0;
		}
		drained = true;
		goto retry;
	}
	if (gfp == GFP_READAHEAD)
		return false;
	if (nr_reclaimed)
		goto retry;
	if (nr_retries--)
		goto retry;
	return out_of_memory(r);
}

static bool charge(struct ref *r, unsigned int cpu, enum gfp gfp)
{
	if (r->m.memcg_pages ? !try_charge_memcg(r, cpu, gfp)
			     : !ref_alloc_page(r, cpu, gfp == GFP_READAHEAD))
		return false;
	r->used++;
	return true;
}

/* mm/filemap.c: the cache */

/* @write: the page will be overwritten (__GFP_WRITE): no refault, no read */
static bool filemap_add_folio(struct ref *r, unsigned int cpu, int page, bool write, enum gfp gfp)
{
	struct ref_page *pg = &r->pages[page];
	bool metadata = page >= (int)r->t->nr_file_pages, swapped = pg->swap_slot;
	bool shmem = !metadata && is_shmem(r, (uint32_t)file_of(r, page));
	struct ref_shadow s;

	if (!charge(r, cpu, gfp))
		return false;
	s = pg->shadow;
	memset(pg, 0, sizeof(*pg));
	pg->used = pg->resident = true;
	pg->swapbacked = shmem;
	pg->dirty = swapped; /* shmem_swapin_folio() */
	pg->swap_slot = swapped;
	update_nodes(r);
	count(r, VM_sim_cache_adds, 1);
	pg->referenced = metadata; /* FGP_ACCESSED */
	pg->locked = !shmem && !write && !metadata;
	if (pg->locked)
		count(r, VM_sim_fills, 1);
	if (s.present && !write)
		workingset_refault(r, page, s);
	folio_add_lru(r, cpu, page);
	if (swapped) { /* shmem_swapin_folio() */
		pg->swap_slot = false;
		r->swap_used--;
		count(r, VM_pswpin, 1);
	}
	return true;
}

/* out of the cache without a shadow */
static void filemap_drop(struct ref *r, int page)
{
	if (r->pages[page].lru)
		lruvec_del(r, page);
	memset(&r->pages[page], 0, sizeof(r->pages[page]));
	r->pages[page].used = true;
	update_nodes(r);
	uncharge(r);
}

/* one request: the pages of the window stay where they are until it is done */
static void device_read(struct ref *r, int first, uint64_t nr)
{
	if (r->m.read_us)
		ref_task_wait(r, (uint64_t)r->m.read_us * 1000);
	if (r->current) /* it slept, and context_switch() says lru_gen_use_mm() */
		r->current->ran = true;
	for (uint64_t i = 0; i < nr; i++)
		r->pages[first + (int)i].locked = false;
}

/* mm/readahead.c */

/* do_page_cache_ra(), page_cache_ra_unbounded() */
static void do_page_cache_ra(struct ref *r, unsigned int cpu, uint32_t file, uint64_t index,
			     uint64_t nr_to_read, uint64_t lookahead_size)
{
	uint64_t end_index = r->t->files[file].pages - 1, mark = UINT64_MAX, nr_read = 0;

	if (index > end_index)
		return;
	if (nr_to_read > end_index - index) {
		nr_to_read = end_index - index + 1;
		if (!r->v6)
			lookahead_size = 0;
	}
	if (lookahead_size <= nr_to_read)
		mark = nr_to_read - lookahead_size;
	for (uint64_t i = 0; i < nr_to_read; i++) {
		int page = file_page(r, file, index + i);

		if (r->pages[page].resident)
			continue;
		if (!filemap_add_folio(r, cpu, page, false, GFP_READAHEAD))
			break;
		nr_read++;
		if (i == mark)
			r->pages[page].reclaim = true;
	}
	if (nr_read)
		device_read(r, file_page(r, file, index), nr_to_read);
}

static uint64_t get_init_ra_size(uint64_t size, uint64_t max)
{
	uint64_t newsize = 1;

	while (newsize < size)
		newsize *= 2;
	if (newsize <= max / 32)
		return newsize * 4;
	if (newsize <= max / 4)
		return newsize * 2;
	return max;
}

static uint64_t get_next_ra_size(uint64_t cur, uint64_t max)
{
	if (cur < max / 16)
		return 4 * cur;
	if (cur <= max / 2)
		return 2 * cur;
	return max;
}

/* ractl_max_pages() */
static uint64_t ractl_max_pages(const struct ref *r, uint64_t req_size)
{
	uint64_t max_pages = r->m.readahead_pages;

	if (req_size > max_pages && r->m.io_pages > max_pages)
		max_pages = MIN(req_size, r->m.io_pages);
	return max_pages;
}

static void page_cache_sync_ra(struct ref *r, unsigned int cpu, struct ref_open *ra, uint64_t index,
			       uint64_t req)
{
	uint64_t max = ractl_max_pages(r, req), contig = 0;
	int first = file_page(r, ra->file, 0);

	if (!r->m.readahead_pages) {
		do_page_cache_ra(r, cpu, ra->file, index, 1, 0);
		return;
	}
	if (!index || req > max || index - (uint64_t)ra->prev_page <= 1) {
		ra->start = index;
		ra->size = get_init_ra_size(req, max);
		ra->async_size = ra->size > req ? ra->size - req : ra->size / 2;
	} else {
		while (contig < max && contig < index &&
		       r->pages[first + (int)(index - 1 - contig)].resident)
			contig++;
		if (contig <= req) {
			do_page_cache_ra(r, cpu, ra->file, index, req, 0);
			return;
		}
		if (contig == index)
			contig *= 2;
		ra->start = index;
		ra->size = MIN(contig + req, max);
		ra->async_size = 1;
	}
	do_page_cache_ra(r, cpu, ra->file, ra->start, ra->size, ra->async_size);
}

static void page_cache_async_ra(struct ref *r, unsigned int cpu, struct ref_open *ra,
				uint64_t index, uint64_t req)
{
	uint64_t max = ractl_max_pages(r, req), start, end, align = 1, aligned_end;
	uint64_t pages = r->t->files[ra->file].pages;

	if (!r->m.readahead_pages)
		return;
	r->pages[file_page(r, ra->file, index)].reclaim = false;
	if (index == ra->start + ra->size - ra->async_size) {
		ra->start += ra->size;
		ra->size = MAX(ra->size, get_next_ra_size(ra->size, max));
	} else {
		/* page_cache_next_miss() */
		for (start = index + 1; start <= index + max; start++)
			if (start >= pages || !r->pages[file_page(r, ra->file, start)].resident)
				break;
		if (start - index > max)
			return;
		ra->start = start;
		ra->size = get_next_ra_size(start - index + req, max);
	}
	/* ra->order is 2: ilog2 of the alignment, at most ffs(max_pages) - 1 */
	while (!r->v6 && align < 4 && !(max & align))
		align *= 2;
	end = ra->start + ra->size;
	aligned_end = end - end % align;
	if (aligned_end > ra->start)
		ra->size -= end - aligned_end;
	ra->async_size = ra->size;
	do_page_cache_ra(r, cpu, ra->file, ra->start, ra->size, ra->async_size);
}

/* true if it went to the device, so that the lock had to be dropped */
static bool do_sync_mmap_readahead(struct ref *r, unsigned int cpu, const struct ref_vma *v,
				   uint64_t pgoff)
{
	struct ref_open *ra = &r->opens[v->open];
	uint64_t max = r->m.readahead_pages;
	bool exec = v->exec && !r->v6;

	if ((v->random && !exec) || !max)
		return false;
	if (v->sequential) {
		page_cache_sync_ra(r, cpu, ra, pgoff, max);
		return true;
	}
	if (!exec) {
		if (ra->mmap_miss < 1000)
			ra->mmap_miss++;
		if (ra->mmap_miss > 100)
			return false;
		ra->start = pgoff > max / 2 ? pgoff - max / 2 : 0;
		ra->size = max;
		ra->async_size = max / 4;
	} else {
		ra->start = pgoff;
		ra->size = MIN(pgoff + max, v->pgoff + (v->end - v->start)) - pgoff;
		ra->async_size = 0;
	}
	do_page_cache_ra(r, cpu, ra->file, ra->start, ra->size, ra->async_size);
	return true;
}

static bool do_async_mmap_readahead(struct ref *r, unsigned int cpu, const struct ref_vma *v,
				    uint64_t pgoff)
{
	struct ref_open *ra = &r->opens[v->open];
	int page = file_page(r, v->file, pgoff);

	if (v->random || !r->m.readahead_pages)
		return false;
	if ((r->v6 || (!v->sequential && !v->exec)) && ra->mmap_miss)
		ra->mmap_miss--;
	if (!r->pages[page].reclaim) /* folio_test_readahead() */
		return false;
	r->pages[page].extra_refs++;
	page_cache_async_ra(r, cpu, ra, pgoff, r->m.readahead_pages);
	r->pages[page].extra_refs--;
	return true;
}

/* fs/ext4/inode.c, fs/buffer.c */

/* sb_getblk() */
static bool getblk(struct ref *r, unsigned int cpu, int page)
{
	if (!r->pages[page].resident && !filemap_add_folio(r, cpu, page, false, GFP_KERNEL))
		return false;
	r->pages[page].buffer = true;
	folio_mark_accessed(r, cpu, page);
	return true;
}

/*
 * file_update_time(), ext4_dirty_inode(). Metadata: super block, group descriptors,
 * inode bitmap, then the inode table: 16 inodes in a block, and the files' begin at
 * 12, where 1 is the first.
 */
static bool file_update_time(struct ref *r, unsigned int cpu, uint32_t file)
{
	const int bitmap = (int)r->t->nr_file_pages + 2, table = bitmap + 1;
	const int nr_blocks = (11 + (int)r->t->nr_files) / 16 + 1, block = (11 + (int)file) / 16;
	const uint64_t tick = r->now_ns / 1000 / r->m.tick_us;

	if (!r->m.ext4 || is_shmem(r, file) || r->mtime[file] == tick + 1)
		return true;
	r->mtime[file] = tick + 1;
	if (r->pages[table + block].resident) {
		if (!getblk(r, cpu, table + block))
			return false;
	} else {
		/* __ext4_get_inode_loc() reads it */
		if (!getblk(r, cpu, table + block) || !getblk(r, cpu, bitmap))
			return false;
		for (int b = block / 32 * 32; b < nr_blocks && b <= block / 32 * 32 + 32; b++)
			if (!getblk(r, cpu, table + b))
				return false;
		device_read(r, table + block, 1);
	}
	set_dirty(r, table + block); /* mark_buffer_dirty() */
	return true;
}

/* mm/memory.c: faults */

/* set_pte_range() of a file page */
static void set_file_pte(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			 bool young, bool write)
{
	int page = file_page(r, v->file, v->pgoff + (at - v->start));
	struct ref_pte pte = {
		.present = true, .young = young, .dirty = write, .write = write, .page = page
	};

	/* vma_wants_writenotify(): not on tmpfs, so its vm_page_prot is writable */
	if (!write && v->shared && v->write && is_shmem(r, v->file)) {
		pte.write = true;
		pte.dirty = r->pages[page].dirty && !r->v6;
	}
	p->ptes[at] = pte;
}

/* do_fault_around(), filemap_map_pages(): true if @at got mapped */
static bool do_fault_around(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			    bool tried)
{
	uint64_t nr = r->m.fault_around_pages, pte_off = at % 512, vma_off = at - v->start;
	uint64_t from = MAX(pte_off - pte_off % nr, pte_off - MIN(pte_off, vma_off));
	uint64_t to = MIN(MIN(from + nr, 512), pte_off + (v->end - v->start) - vma_off) - 1;
	struct ref_open *ra = &r->opens[v->open];
	unsigned int mmap_miss = 0; /* v6 */
	bool mapped = false;

	for (uint64_t i = from; i <= to; i++) {
		uint64_t here = at - pte_off + i, pgoff = v->pgoff + (here - v->start);
		const struct ref_page *pg;

		if (pgoff >= r->t->files[v->file].pages)
			break;
		pg = &r->pages[file_page(r, v->file, pgoff)];
		if (!pg->resident || pg->reclaim) /* next_uptodate_folio() */
			continue;
		mmap_miss += !pg->workingset;
		if (p->ptes[here].present || p->ptes[here].swap)
			continue;
		set_file_pte(r, p, v, here, here == at || !r->m.prefault_old, false);
		if (here != at)
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

static enum fault filemap_fault(struct ref *r, unsigned int cpu, const struct ref_vma *v,
				uint64_t pgoff, bool tried)
{
	int page = file_page(r, v->file, pgoff);

	if (is_shmem(r, v->file)) { /* shmem_fault() */
		if (r->pages[page].resident)
			return FAULT_OK;
		count(r, VM_pgmajfault, r->pages[page].swap_slot);
		return filemap_add_folio(r, cpu, page, false, GFP_KERNEL) ? FAULT_OK : FAULT_OOM;
	}
	if (r->pages[page].resident)
		return !tried && do_async_mmap_readahead(r, cpu, v, pgoff) ? FAULT_RETRY : FAULT_OK;
	count(r, VM_pgmajfault, 1);
	do_sync_mmap_readahead(r, cpu, v, pgoff);
	if (!r->pages[page].resident) {
		if (!filemap_add_folio(r, cpu, page, false, GFP_KERNEL))
			return FAULT_OOM;
		device_read(r, page, 1);
	}
	/* either the readahead or page_not_uptodate dropped the lock */
	return tried ? FAULT_OK : FAULT_RETRY_MAJOR;
}

/* a new anon page: id and identity */
static int new_anon(struct ref *r, uint64_t at)
{
	int page = r->nr_file;

	while (page < r->nr_pages && r->pages[page].used)
		page++;
	if (page == r->nr_pages) {
		if (r->nr_pages == r->cap_pages) {
			r->cap_pages *= 2;
			r->pages = g_renew(struct ref_page, r->pages, r->cap_pages);
			for (int i = 0; i < REF_NR_LISTS; i++)
				r->lists[i].pages = g_renew(int, r->lists[i].pages, r->cap_pages);
		}
		r->nr_pages++;
	}
	r->pages[page] = (struct ref_page){ .used = true,
					    .resident = true,
					    .anon = true,
					    .swapbacked = true,
					    .vpn = (uint32_t)at };
	return page;
}

/* folio_add_new_anon_rmap(), folio_add_lru_vma(), set_ptes() */
static void map_new_anon(struct ref *r, struct ref_proc *p, struct ref_vma *v, uint64_t at)
{
	int page = new_anon(r, at);

	if (!v->anon_vma)
		v->anon_root = v->anon_id = ++r->nr_ids;
	v->anon_vma = true;
	p->ptes[at] = (struct ref_pte){
		.present = true, .young = true, .dirty = true, .write = true, .page = page
	};
	folio_add_lru(r, p->cpu, page);
}

static enum fault do_read_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v, uint64_t at,
				bool tried)
{
	enum fault ret;

	if (r->m.fault_around_pages > 1 && do_fault_around(r, p, v, at, tried))
		return FAULT_OK;
	ret = filemap_fault(r, p->cpu, v, v->pgoff + (at - v->start), tried);
	if (ret == FAULT_OK)
		set_file_pte(r, p, v, at, true, false);
	return ret;
}

static enum fault do_cow_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v, uint64_t at,
			       bool tried)
{
	enum fault ret;

	if (!charge(r, p->cpu, GFP_KERNEL))
		return FAULT_OOM;
	ret = filemap_fault(r, p->cpu, v, v->pgoff + (at - v->start), tried);
	if (ret == FAULT_OK)
		map_new_anon(r, p, v, at);
	else
		uncharge(r);
	return ret;
}

static enum fault do_shared_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v, uint64_t at,
				  bool tried)
{
	uint64_t pgoff = v->pgoff + (at - v->start);
	enum fault ret = filemap_fault(r, p->cpu, v, pgoff, tried);

	if (ret == FAULT_OK) {
		const int page = file_page(r, v->file, pgoff);
		bool ok;

		/* do_page_mkwrite(): the page is locked */
		r->pages[page].extra_refs++;
		ok = file_update_time(r, p->cpu, v->file);
		r->pages[page].extra_refs--;
		if (!ok)
			return FAULT_OOM;
		set_file_pte(r, p, v, at, true, true);
		folio_mark_dirty(r, file_page(r, v->file, pgoff));
	}
	return ret;
}

static enum fault do_anonymous_page(struct ref *r, struct ref_proc *p, struct ref_vma *v,
				    uint64_t at, bool write)
{
	if (!write) {
		p->ptes[at] = (struct ref_pte){ .present = true, .young = true, .zero = true };
		return FAULT_OK;
	}
	if (!charge(r, p->cpu, GFP_KERNEL))
		return FAULT_OOM;
	map_new_anon(r, p, v, at);
	return FAULT_OK;
}

static bool wp_can_reuse_anon_folio(struct ref *r, unsigned int cpu, int page)
{
	struct ref_page *pg = &r->pages[page];
	int refs = ref_mapcount(r, page) + other_refs(r, page) + pg->swap_slot;
	bool maybe_in_lru_cache = !pg->lru;

	if (r->v6 ? refs > 3 : refs > 1 + maybe_in_lru_cache + pg->swap_slot)
		return false;
	if (maybe_in_lru_cache)
		lru_add_drain_cpu(r, cpu);
	refs = ref_mapcount(r, page) + other_refs(r, page) + pg->swap_slot;
	if (refs > 1 + pg->swap_slot)
		return false;
	folio_free_swap(r, page);
	return ref_mapcount(r, page) + other_refs(r, page) + pg->swap_slot == 1;
}

/* the young bit included */
static bool pte_same(const struct ref_pte *a, const struct ref_pte *b)
{
	return a->present == b->present && a->young == b->young && a->dirty == b->dirty &&
	       a->write == b->write && a->zero == b->zero && a->swap == b->swap &&
	       a->page == b->page;
}

static enum fault wp_page_copy(struct ref *r, struct ref_proc *p, struct ref_vma *v, uint64_t at)
{
	struct ref_pte orig = p->ptes[at];
	int old = orig.zero ? -1 : orig.page;

	if (old >= 0)
		r->pages[old].extra_refs++;
	if (!charge(r, p->cpu, GFP_KERNEL)) {
		if (old >= 0)
			r->pages[old].extra_refs--;
		return FAULT_OOM;
	}
	if (!pte_same(&p->ptes[at], &orig)) {
		uncharge(r);
		if (old >= 0)
			r->pages[old].extra_refs--;
		return FAULT_OK; /* and the access faults again */
	}
	map_new_anon(r, p, v, at);
	if (old >= 0) {
		r->pages[old].extra_refs--;
		if (r->pages[old].anon) {
			free_swap_cache(r, old);
			put_anon(r, old);
		}
	}
	return FAULT_OK;
}

static enum fault do_wp_page(struct ref *r, struct ref_proc *p, struct ref_vma *v, uint64_t at)
{
	struct ref_pte *pte = &p->ptes[at];
	bool reuse = false;

	if (!pte->zero && v->shared) {
		/* wp_page_shared() */
		const struct ref_pte orig = *pte;

		if (!v->anon && !file_update_time(r, p->cpu, v->file))
			return FAULT_OOM;
		if (!pte_same(pte, &orig))
			return FAULT_OK;
		folio_mark_dirty(r, pte->page);
		reuse = true;
	} else if (!pte->zero && r->pages[pte->page].anon) {
		reuse = wp_can_reuse_anon_folio(r, p->cpu, pte->page);
	}
	if (!reuse)
		return wp_page_copy(r, p, v, at);
	pte->young = pte->dirty = pte->write = true;
	return FAULT_OK;
}

static enum fault do_swap_page(struct ref *r, struct ref_proc *p, struct ref_vma *v, uint64_t at,
			       bool write)
{
	struct ref_pte *pte = &p->ptes[at];
	int page = pte->page;
	struct ref_page *pg = &r->pages[page];
	bool exclusive = pte->exclusive, swapcache = true;

	if (!pg->resident) {
		struct ref_shadow s;

		/* v6: __swap_count(entry) == 1 */
		swapcache = !r->v6 || swap_count(r, page) > 1;

		/* swapin_sync(), __swap_cache_alloc() */
		if (!charge(r, p->cpu, GFP_KERNEL))
			return FAULT_OOM;
		count(r, VM_pgmajfault, 1);
		count(r, VM_pswpin, 1);
		s = pg->shadow;
		*pg = (struct ref_page){ .used = true,
					 .resident = true,
					 .anon = true,
					 .swapbacked = true,
					 .swap_slot = true,
					 .vpn = pg->vpn };
		workingset_refault(r, page, s);
		folio_add_lru(r, p->cpu, page);
	}
	if (r->v6 && swapcache) {
		if (write && !pg->lru)
			lru_add_drain_cpu(r, p->cpu);
		/* swap_free(), should_try_to_free_swap(): the fault's reference, and
		 * the swap cache's */
		pte->swap = false;
		if (vm_swap_full(r) ||
		    (write && ref_mapcount(r, page) + other_refs(r, page) + pg->swap_slot == 1))
			folio_free_swap(r, page);
		exclusive |= ref_mapcount(r, page) + other_refs(r, page) + pg->swap_slot == 0;
	} else if (r->v6) {
		exclusive = true;
	}
	*pte = (struct ref_pte){ .present = true, .young = true, .page = page };
	if (exclusive && v->write) {
		pte->write = true;
		pte->dirty = write;
	}
	/* should_try_to_free_swap(): the device is synchronous */
	if (!r->v6 || !swapcache)
		folio_free_swap(r, page);
	if (write && !pte->write)
		return do_wp_page(r, p, v, at);
	return FAULT_OK;
}

static void pte_alloc(struct ref *r, struct ref_proc *p, uint64_t at)
{
	if (p->tables[at / 512].exists)
		return;
	/* _PAGE_TABLE has _PAGE_ACCESSED */
	p->tables[at / 512] = (struct ref_table){ .exists = true, .young = true };
	ref_alloc_kernel_page(r);
}

static void free_pgtables(struct ref *r, struct ref_proc *p)
{
	for (int i = 0; i < REF_VPNS / 512; i++)
		if (p->tables[i].exists)
			ref_free_kernel_page(r);
	memset(p->tables, 0, sizeof(p->tables));
}

static enum fault handle_pte_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v,
				   uint64_t at, bool write, bool tried)
{
	const struct ref_pte *pte = &p->ptes[at];

	pte_alloc(r, p, at);
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

/* do_user_addr_fault(): under the VMA lock first, then under mmap_lock */
static bool do_user_addr_fault(struct ref *r, struct ref_proc *p, struct ref_vma *v, uint64_t at,
			       bool write)
{
	bool tried = false, vma_lock = true;
	enum fault ret;

	count(r, VM_pgfault, 1);
	ref_task_run(r, (uint64_t)r->m.fault_us * 1000);
	for (;;) {
		/* lru_gen_enter_fault(), lru_gen_exit_fault() */
		r->in_lru_fault = !v->random && !v->sequential && !v->noreuse;
		ret = handle_pte_fault(r, p, v, at, write, tried);
		r->in_lru_fault = false;
		if (ret == FAULT_OK)
			return true;
		if (ret == FAULT_OOM)
			return false;
		if (!vma_lock || ret == FAULT_RETRY_MAJOR)
			tried = true;
		vma_lock = false;
	}
}

static bool touch(struct ref *r, struct ref_proc *p, uint64_t at, uint64_t nr, uint64_t stride,
		  bool write)
{
	count(r, VM_sim_accesses, nr);
	for (; nr; nr--, at += stride) {
		struct ref_pte *pte = &p->ptes[at];
		struct ref_table *t = &p->tables[at / 512];

		while (!pte->present || (write && !pte->write)) {
			t->young = t->exists;
			if (!do_user_addr_fault(r, p, find_vma(p, at), at, write))
				return false;
		}
		pte->young = true;
		pte->dirty |= write;
		t->young = true;
	}
	return true;
}

/* read(2), write(2) */

static bool filemap_read(struct ref *r, struct ref_proc *p, struct ref_open *ra, uint64_t at,
			 uint64_t nr)
{
	uint64_t end = at + nr;
	int first = file_page(r, ra->file, 0);
	int64_t last = ra->prev_page;

	while (at < end) {
		uint64_t stop = at; /* of the folio_batch */

		/* filemap_get_read_batch() */
		if (!r->pages[first + (int)at].resident)
			page_cache_sync_ra(r, p->cpu, ra, at, end - at);
		while (stop < end && stop - at < REF_BATCH &&
		       r->pages[first + (int)stop].resident) {
			stop++;
			if (r->pages[first + (int)stop - 1].reclaim)
				break;
		}
		if (stop == at) {
			/* filemap_create_folio() */
			if (!filemap_add_folio(r, p->cpu, first + (int)at, false, GFP_KERNEL))
				return false;
			device_read(r, first + (int)at, 1);
			stop++;
		} else if (r->pages[first + (int)stop - 1].reclaim) {
			for (uint64_t i = at; i < stop; i++)
				r->pages[first + (int)i].extra_refs++;
			page_cache_async_ra(r, p->cpu, ra, stop - 1, end - (stop - 1));
			for (uint64_t i = at; i < stop; i++)
				r->pages[first + (int)i].extra_refs--;
		}
		for (uint64_t i = at; i < stop; i++) {
			/* pos_same_folio(): the page the last read ended in */
			if (i > at || last < 0 || (int64_t)i != last - 1)
				folio_mark_accessed(r, p->cpu, first + (int)i);
		}
		last = (int64_t)stop;
		at = stop;
	}
	ra->prev_page = last;
	return true;
}

static bool shmem_file_read(struct ref *r, struct ref_proc *p, uint32_t file, uint64_t at,
			    uint64_t nr)
{
	for (; nr; nr--, at++) {
		int page = file_page(r, file, at);

		if (!r->pages[page].resident &&
		    !filemap_add_folio(r, p->cpu, page, false, GFP_KERNEL))
			return false;
		folio_mark_accessed(r, p->cpu, page);
	}
	return true;
}

static bool file_write(struct ref *r, struct ref_proc *p, uint32_t file, uint64_t at, uint64_t nr)
{
	bool shmem = is_shmem(r, file);

	if (!file_update_time(r, p->cpu, file))
		return false;
	for (; nr; nr--, at++) {
		int page = file_page(r, file, at);

		if (!r->pages[page].resident &&
		    !filemap_add_folio(r, p->cpu, page, !shmem, GFP_KERNEL))
			return false;
		if (shmem) {
			/* shmem_get_folio(SGP_WRITE), shmem_write_end() */
			folio_mark_accessed(r, p->cpu, page);
			folio_mark_dirty(r, page);
		} else {
			/* mark_buffer_dirty(): not folio_mark_dirty() */
			set_dirty(r, page);
		}
	}
	return true;
}

/* drop_pagecache_sb(), mapping_try_invalidate() */
static void drop_pagecache(struct ref *r)
{
	count(r, VM_drop_pagecache, 1);
	lru_add_drain_all(r);
	for (int i = 0; i < r->nr_file; i++) {
		struct ref_page *pg = &r->pages[i];

		if (!pg->resident) {
			/* clear_shadow_entries(); tmpfs keeps its swap entries */
			if (i >= (int)r->t->nr_file_pages || !is_shmem(r, (uint32_t)file_of(r, i)))
				memset(&pg->shadow, 0, sizeof(pg->shadow));
			update_nodes(r);
			continue;
		}
		if (!pg->dirty && !ref_mapcount(r, i) && !other_refs(r, i)) {
			filemap_drop(r, i); /* mapping_evict_folio() */
		} else {
			deactivate_file_folio(r, 0, i);
		}
	}
}

/* mm/memory.c, mm/mmu_gather.c: unmapping */

/* the evicting half of free_pages_and_swap_cache() */
static bool evict_folio(struct ref *r, int page)
{
	/* the reference of the gather, and no other */
	bool drop = !ref_mapcount(r, page) && other_refs(r, page) == 1 && !r->pages[page].dirty;

	count(r, drop ? VM_sim_zap_evicted : VM_sim_zap_kept, 1);
	if (drop)
		filemap_drop(r, page);
	return drop;
}

/* folios_put_refs() */
static void put_folios(struct ref *r, const int *pages, int nr)
{
	for (int i = 0; i < nr; i++) {
		if (pages[i] < 0)
			continue;
		r->pages[pages[i]].extra_refs--;
		if (r->pages[pages[i]].anon)
			put_anon(r, pages[i]);
	}
}

static void tlb_flush_mmu(struct ref *r, const struct zap *z)
{
	int held[REF_BATCH], nr_held = 0, nr_batch = 0, at = 0;
	int batch_max = 7; /* of the gather on the stack; the others hold 509 */

	if (r->v6 && r->nr_gather)
		lru_add_drain_cpu(r, z->p->cpu);
	/* free_pages_and_swap_cache() of each batch of the gather */
	while (at < r->nr_gather) {
		int page = r->gather[at++];
		struct ref_page *pg = &r->pages[page];

		free_swap_cache(r, page);
		nr_batch++;
		if (pg->anon || !z->evict || !pg->resident || !evict_folio(r, page))
			held[nr_held++] = page;
		else
			held[nr_held++] = -1; /* freed with this reference */
		if (nr_held < REF_BATCH && nr_batch < batch_max && at < r->nr_gather)
			continue;
		put_folios(r, held, nr_held);
		nr_held = 0;
		if (nr_batch == batch_max) {
			nr_batch = 0;
			batch_max = 509;
			if (r->v6 && at < r->nr_gather)
				lru_add_drain_cpu(r, z->p->cpu);
		}
	}
	r->nr_gather = 0;
}

/* tlb_flush_rmaps() */
static void tlb_flush_rmaps(struct ref *r)
{
	for (int i = 0; i < r->nr_gather; i++)
		r->pages[r->gather[i]].delayed_rmap = 0;
}

/* tlb_next_batch() says no, once a batch of the gather is full */
static bool gather_full(const struct ref *r, bool delayed_rmap)
{
	int nr = r->nr_gather, batch_max = 7, nr_batches = 0;

	while (nr >= batch_max) {
		nr -= batch_max;
		batch_max = 509;
		nr_batches++;
	}
	return nr == 0 && (nr_batches == 20 || (nr_batches > 1 && delayed_rmap));
}

/* the predicates of README.md: base AND skip */
static bool policy_skips(const struct ref *r, const struct zap *z, int mapcount)
{
	return z->skip && (r->policy == REF_RFC ? mapcount < 2 : !(mapcount > 1));
}

/* zap_present_folio_ptes(); @delayed: some dirty file PTE of this page table was met */
static void zap_present(struct ref *r, const struct zap *z, const struct ref_vma *v,
			struct ref_pte *ptep, bool *delayed)
{
	struct ref_pte pte = *ptep;
	struct ref_page *pg = &r->pages[pte.page];
	bool demote = false, aged;

	if (pte.zero) {
		memset(ptep, 0, sizeof(*ptep));
		return;
	}
	if (!pg->anon) {
		if (pte.dirty)
			folio_mark_dirty(r, pte.page);
		count(r, VM_sim_reap_pages, z->dying);
		count(r, VM_sim_reap_young, z->dying && pte.young);
		aged = z->dying && pte.young && pg->workingset &&
		       (r->gen ? ref_gen_old(r, pte.page) : !pg->active);
		count(r, VM_sim_reap_aged, aged);
		if (pte.young && !v->random && !v->sequential && !v->noreuse) {
			if (policy_skips(r, z, ref_mapcount(r, pte.page))) {
				count(r, VM_sim_zap_skipped, 1);
				demote = r->policy == REF_DEMOTE;
			} else {
				count(r, VM_sim_zap_marks, 1);
				count(r, VM_sim_zap_marks_aged, aged);
				/* the second mark of a page on the inactive list */
				count(r, VM_sim_zap_moves,
				      !r->gen && pg->referenced && !pg->active && pg->lru);
				folio_mark_accessed(r, z->p->cpu, pte.page);
			}
		}
	}
	memset(ptep, 0, sizeof(*ptep));
	if (!pg->anon && pte.dirty) { /* tlb_delay_rmap() */
		pg->delayed_rmap++;
		*delayed = true;
	}
	if (demote && deactivate_file_folio(r, z->p->cpu, pte.page))
		count(r, VM_sim_zap_demoted, 1);
	pg->extra_refs++;
	r->gather[r->nr_gather++] = pte.page;
	if (gather_full(r, *delayed)) {
		tlb_flush_rmaps(r);
		tlb_flush_mmu(r, z);
		*delayed = false;
	}
}

/* zap_nonpresent_ptes(), swap_put_entries_direct() */
static void zap_swap(struct ref *r, struct ref_pte *ptep)
{
	int page = ptep->page;
	struct ref_page *pg = &r->pages[page];

	memset(ptep, 0, sizeof(*ptep));
	if (swap_count(r, page))
		return;
	if (!pg->resident) {
		r->swap_used--;
		memset(pg, 0, sizeof(*pg));
	} else if (!ref_mapcount(r, page) || vm_swap_full(r)) {
		/* __try_to_reclaim_swap(TTRS_UNMAPPED | TTRS_FULL) */
		folio_free_swap(r, page);
		put_anon(r, page);
	}
}

static void zap_vma(struct ref *r, const struct zap *z, struct ref_proc *p, struct ref_vma *v)
{
	bool delayed = false;

	for (uint64_t at = v->start; at < v->end; at++) {
		if (p->ptes[at].present)
			zap_present(r, z, v, &p->ptes[at], &delayed);
		else if (p->ptes[at].swap)
			zap_swap(r, &p->ptes[at]);
		/* zap_pte_range() ends with its page table */
		if (delayed && (at % 512 == 511 || at + 1 == v->end)) {
			tlb_flush_rmaps(r);
			tlb_flush_mmu(r, z);
			delayed = false;
		}
	}
}

/* what the policy says about one walk */
static struct zap zap_begin(const struct ref *r, const struct ref_proc *p, bool reaping,
			    uint32_t flags)
{
	struct zap z = { .reaping = reaping, .dying = p->dying || p->unstable, .p = p };

	switch (r->policy) {
	case REF_BASELINE:
		z.evict = p->unstable;
		break;
	case REF_RFC:
	case REF_V1:
		z.skip = z.evict = p->unstable;
		break;
	case REF_FLAG:
		z.skip = reaping && (flags & MRELEASE_IGNORE_ACCESS);
		z.evict = reaping && (flags & MRELEASE_EVICT_FILE);
		break;
	case REF_ANY_EXIT:
	case REF_DEMOTE:
		z.skip = z.evict = z.dying;
		break;
	default:
		z.skip = z.evict = z.dying && p->opted_in;
		break;
	}
	z.evict &= r->evict;
	return z;
}

static void exit_mmap(struct ref *r, struct ref_proc *p)
{
	struct zap z;

	p->dying = true;
	z = zap_begin(r, p, false, 0);
	if (r->v6)
		lru_add_drain_cpu(r, p->cpu);
	for (int i = 0; i < p->nr_vmas; i++)
		zap_vma(r, &z, p, &p->vmas[i]);
	tlb_flush_mmu(r, &z);
}

/* __oom_reap_task_mm(), zap_vma_for_reaping() */
static void oom_reap_task_mm(struct ref *r, struct ref_proc *p, uint32_t flags)
{
	struct zap z;

	p->unstable = true;
	z = zap_begin(r, p, true, flags);
	/* v6: the program's own pages, in no trace, come first and go through a gather */
	if (r->v6)
		lru_add_drain_cpu(r, p->cpu);
	for (int n = 0; n < p->nr_vmas; n++) {
		struct ref_vma *v = &p->vmas[r->v6 ? n : p->nr_vmas - 1 - n];

		if (!v->anon && v->shared)
			continue;
		zap_vma(r, &z, p, v);
		tlb_flush_mmu(r, &z);
	}
}

/* mm/vma.c */

static struct ref_vma *vma_insert(struct ref *r, struct ref_proc *p, struct ref_vma v)
{
	int at = 0;

	if (p->nr_vmas == REF_VMAS_MAX) {
		r->broken = true;
		p->nr_vmas--;
	}
	while (at < p->nr_vmas && p->vmas[at].start < v.start)
		at++;
	memmove(p->vmas + at + 1, p->vmas + at, (size_t)(p->nr_vmas - at) * sizeof(v));
	v.id = ++r->nr_ids;
	if (v.anon_vma)
		v.anon_id = ++r->nr_ids;
	p->vmas[at] = v;
	p->nr_vmas++;
	return &p->vmas[at];
}

/* split the VMA that has @at inside it */
static void split_vma(struct ref *r, struct ref_proc *p, uint64_t at)
{
	struct ref_vma *v = find_vma(p, at), tail;

	if (!v || v->start == at)
		return;
	tail = *v;
	tail.pgoff += v->anon ? 0 : (uint32_t)(at - v->start);
	tail.start = v->end = at;
	v->id = ++r->nr_ids; /* vma_complete() */
	vma_insert(r, p, tail);
}

/* is_mergeable_vma() and what can_vma_merge_after() asks of the offsets */
static bool goes_on(const struct ref_vma *a, const struct ref_vma *b)
{
	if (a->end != b->start || a->anon != b->anon)
		return false;
	if (a->shared != b->shared || a->read != b->read || a->write != b->write ||
	    a->exec != b->exec || a->random != b->random || a->sequential != b->sequential ||
	    a->noreuse != b->noreuse)
		return false;
	return a->anon || (a->open == b->open && b->pgoff - a->pgoff == a->end - a->start);
}

/* is_mergeable_anon_vma(): who has an anon_vma gives it to who has none, unless
 * fork() made it */
static bool anon_vmas_fit(const struct ref_vma *a, const struct ref_vma *b)
{
	if (a->anon_vma && b->anon_vma)
		return a->anon_root == b->anon_root;
	if (a->anon_vma)
		return !a->inherited;
	return !b->anon_vma || !b->inherited;
}

/* vmas[i] grows over vmas[i + 1] */
static void expand_vma(struct ref *r, struct ref_proc *p, int i)
{
	struct ref_vma *v = &p->vmas[i], *next = v + 1;

	v->end = next->end;
	v->id = ++r->nr_ids;
	if (!v->anon_vma && next->anon_vma) {
		v->anon_vma = true;
		v->anon_root = next->anon_root;
		v->anon_id = ++r->nr_ids;
	}
	p->nr_vmas--;
	memmove(next, next + 1, (size_t)(p->nr_vmas - i - 1) * sizeof(*v));
}

/* vma_merge_new_range(), vma_merge_existing_range() of the VMA at @at */
static void merge_vma(struct ref *r, struct ref_proc *p, uint64_t at)
{
	const int i = (int)(find_vma(p, at) - p->vmas);
	struct ref_vma *v = &p->vmas[i];
	bool left = i > 0 && goes_on(v - 1, v) && anon_vmas_fit(v - 1, v);
	bool right = i + 1 < p->nr_vmas && goes_on(v, v + 1) && anon_vmas_fit(v, v + 1);

	/* can_vma_merge_right() */
	if (left && right && v[-1].anon_vma && v[1].anon_vma && v[-1].anon_root != v[1].anon_root)
		right = false;
	if (right)
		expand_vma(r, p, i);
	if (left)
		expand_vma(r, p, i - 1);
}

static void do_munmap(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end)
{
	struct zap z = zap_begin(r, p, false, 0);
	bool drained = false;

	split_vma(r, p, start);
	split_vma(r, p, end);
	for (int i = 0; i < p->nr_vmas; i++) {
		if (p->vmas[i].start < start || p->vmas[i].end > end)
			continue;
		/* vms_clear_ptes(), if there is something to unmap */
		if (r->v6 && !drained)
			lru_add_drain_cpu(r, p->cpu);
		drained = true;
		zap_vma(r, &z, p, &p->vmas[i]);
	}
	tlb_flush_mmu(r, &z);
	for (int i = 0; i < p->nr_vmas; i++) {
		if (p->vmas[i].start < start || p->vmas[i].end > end)
			continue;
		p->nr_vmas--;
		memmove(p->vmas + i, p->vmas + i + 1,
			(size_t)(p->nr_vmas - i) * sizeof(p->vmas[0]));
		i--;
	}
}

/* do_sys_open() */
static int new_open(struct ref *r, uint32_t file)
{
	if (r->nr_opens == REF_OPENS_MAX) {
		r->broken = true;
		r->nr_opens--;
	}
	r->opens[r->nr_opens] = (struct ref_open){ .file = file, .prev_page = -1 };
	return r->nr_opens++;
}

/* the one descriptor of the process, see FORMAT.md */
static int open_file(struct ref *r, struct ref_proc *p, uint32_t file)
{
	if (p->open_of[file] < 0)
		p->open_of[file] = new_open(r, file);
	return p->open_of[file];
}

static void do_mmap(struct ref *r, struct ref_proc *p, const struct op *op, uint64_t start)
{
	struct ref_vma v = {
		.start = start,
		.end = start + op->pages,
		.anon = op->flags & VM_ANON,
		/* do_mmap(): not without FMODE_WRITE */
		.shared = (op->flags & VM_SHARED) && !(op->flags & VM_READONLY),
		.read = op->flags & VM_READ,
		.write = op->flags & VM_WRITE,
		.exec = op->flags & VM_EXEC,
		.random = op->flags & VM_RAND_READ,
		.sequential = op->flags & VM_SEQ_READ,
		/* generic_fadvise(): nothing on noop_backing_dev_info */
		.noreuse = (op->flags & VM_NOREUSE) &&
			   ((op->flags & VM_ANON) || !is_shmem(r, op->file)),
		.file = op->file,
		.pgoff = op->pgoff,
		.open = -1,
	};

	do_munmap(r, p, v.start, v.end);
	if (!v.anon)
		v.open = open_file(r, p, op->file);
	/* these have a descriptor of their own, see FORMAT.md */
	if (op->flags & (VM_NOREUSE | VM_READONLY))
		v.open = new_open(r, op->file);
	vma_insert(r, p, v);
	merge_vma(r, p, start);
}

/* madvise_vma_behavior(): a VMA that has the advice already is neither split nor merged */
static void do_madvise(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end,
		       uint32_t advice)
{
	bool random = advice & VM_RAND_READ, sequential = advice & VM_SEQ_READ;

	for (uint64_t at = start; at < end;) {
		struct ref_vma *v = find_vma(p, at);
		uint64_t stop = MIN(v->end, end);

		if (v->random != random || v->sequential != sequential) {
			split_vma(r, p, at);
			split_vma(r, p, stop);
			v = find_vma(p, at);
			v->random = random;
			v->sequential = sequential;
			merge_vma(r, p, at);
		}
		at = stop;
	}
}

/* Processes */

static void lru_gen_add_mm(struct ref *r, struct ref_proc *p)
{
	p->mm_id = ++r->nr_mms;
	p->mm_is_new = true;
}

static struct ref_proc *new_proc(struct ref *r, uint32_t pid, uint32_t cpu)
{
	for (int i = 0; i < NR_PROCESS_KERNEL_PAGES; i++)
		ref_alloc_kernel_page(r);
	for (int i = 0; i < REF_PROCS_MAX; i++) {
		struct ref_proc *p = &r->procs[i];

		if (p->used)
			continue;
		g_free(p->open_of);
		memset(p, 0, sizeof(*p));
		p->used = true;
		p->pid = pid;
		p->cpu = cpu % r->m.cpus;
		p->open_of = g_new(int, r->t->nr_files + 1);
		for (uint32_t f = 0; f < r->t->nr_files; f++)
			p->open_of[f] = -1;
		return p;
	}
	r->broken = true;
	return &r->procs[0];
}

static void free_process(struct ref *r, struct ref_proc *p)
{
	free_pgtables(r, p);
	for (int i = 0; i < NR_PROCESS_KERNEL_PAGES; i++)
		ref_free_kernel_page(r);
	p->used = false;
}

/* vma_interval_tree_insert_after() */
static uint64_t id_after(struct ref *r, uint64_t id)
{
	for_each_mapping(r, p, v) v->id += v->id > id;
	r->nr_ids++;
	return id + 1;
}

/* dup_mmap(), copy_page_range() */
static void do_fork(struct ref *r, struct ref_proc *parent, struct ref_proc *child)
{
	memcpy(child->open_of, parent->open_of, r->t->nr_files * sizeof(int));
	child->nr_vmas = parent->nr_vmas;
	memcpy(child->vmas, parent->vmas, sizeof(parent->vmas));
	for (int i = 0; i < child->nr_vmas; i++) {
		child->vmas[i].id = id_after(r, parent->vmas[i].id);
		child->vmas[i].anon_id = ++r->nr_ids;
		/* anon_vma_fork() */
		child->vmas[i].inherited = child->vmas[i].anon_vma;
		child->vmas[i].anon_root = ++r->nr_ids;
	}
	for (int i = 0; i < parent->nr_vmas; i++) {
		const struct ref_vma *v = &parent->vmas[i];

		/* vma_needs_copy() */
		for (uint64_t at = v->start; v->anon_vma && at < v->end; at++) {
			struct ref_pte *pte = &parent->ptes[at];

			/* copy_pte_range() */
			if (parent->tables[at / 512].exists)
				pte_alloc(r, child, at);
			pte->exclusive = false;
			if (pte->present && !v->shared)
				pte->write = false;
			child->ptes[at] = *pte;
			child->ptes[at].young = false;
			if (v->shared)
				child->ptes[at].dirty = false;
		}
	}
}

/* dup_mmap() that fails at a mapping behind all of the trace's: it unmaps what
 * it copied by itself, before it sets MMF_UNSTABLE, and mm_users is still 1. v6
 * sets that and leaves the rest to exit_mmap(). */
static void do_fork_fail(struct ref *r, struct ref_proc *parent)
{
	struct ref_proc *child = new_proc(r, UINT32_MAX, parent->cpu);
	struct zap z;

	do_fork(r, parent, child);
	if (r->v6) {
		child->unstable = true;
		exit_mmap(r, child);
		free_process(r, child);
		return;
	}
	z = zap_begin(r, child, false, 0);
	for (int i = 0; i < child->nr_vmas; i++)
		zap_vma(r, &z, child, &child->vmas[i]);
	tlb_flush_mmu(r, &z);
	free_process(r, child);
}

/* clear_refs_pte_range() */
static void do_clear_refs(struct ref *r, struct ref_proc *p)
{
	for (int at = 0; at < REF_VPNS; at++) {
		struct ref_pte *pte = &p->ptes[at];

		if (!pte->present || pte->zero)
			continue;
		pte->young = false;
		r->pages[pte->page].referenced = false;
	}
}

static void do_exec(struct ref *r, struct ref_proc *p)
{
	exit_mmap(r, p);
	free_pgtables(r, p);
	p->nr_vmas = 0;
	p->dying = p->unstable = false;
	lru_gen_add_mm(r, p);
	for (uint32_t f = 0; f < r->t->nr_files; f++)
		p->open_of[f] = -1;
}

static void do_end(struct ref *r, struct ref_proc *p, enum op_code how, uint32_t flags)
{
	if (r->ends_as != OP_NONE) {
		how = r->ends_as;
		flags = 0;
	}
	if (how != OP_EXIT)
		count(r, VM_sim_victims, 1);
	if (how == OP_MRELEASE) {
		/* under "flag" the caller opts in */
		if (r->policy == REF_FLAG)
			flags |= MRELEASE_IGNORE_ACCESS | (r->evict ? MRELEASE_EVICT_FILE : 0);
		oom_reap_task_mm(r, p, flags);
	} else if (how == OP_OOM) {
		oom_reap_task_mm(r, p, 0);
	}
	exit_mmap(r, p);
	free_process(r, p);
	r->current = NULL;
}

bool ref_op(struct ref *r, const struct op *op)
{
	struct ref_proc *p = ref_proc(r, op->pid), *child;
	uint64_t at = (uint32_t)(op->at - r->base);
	bool ok = true;
	const uint64_t op_ns =
		op->code == OP_ADVANCE || op->code == OP_MARK ? 0 : r->m.op_us * 1000ull;
	int open;

	if (op->code == OP_SPAWN) {
		r->current = NULL;
		ref_task_run(r, op_ns);
		p = new_proc(r, op->pid, op->cpu);
		lru_gen_add_mm(r, p);
	}
	/* lru_gen_use_mm() */
	if (p && (op->code <= OP_WRITE || op->code >= OP_FORK_FAIL)) {
		r->this_cpu = p->cpu;
		r->current = p;
		p->ran = true;
	}
	if (op->code != OP_SPAWN)
		ref_task_run(r, op_ns);
	/* nobody's time: no switch back from kswapd is one to a process */
	if (op->code == OP_ADVANCE || op->code == OP_MARK)
		r->current = NULL;
	switch (op->code) {
	case OP_SPAWN:
		break;
	case OP_FORK:
		child = new_proc(r, op->child, op->cpu);
		do_fork(r, p, child);
		lru_gen_add_mm(r, child);
		break;
	case OP_EXEC:
		do_exec(r, p);
		break;
	case OP_EXIT:
	case OP_KILL:
	case OP_MRELEASE:
	case OP_OOM:
		do_end(r, p, op->code, op->flags);
		break;
	case OP_OPTIN:
		p->opted_in = true;
		break;
	case OP_MAP:
		do_mmap(r, p, op, at);
		break;
	case OP_UNMAP:
		do_munmap(r, p, at, at + op->pages);
		break;
	case OP_ADVISE:
		do_madvise(r, p, at, at + op->pages, op->flags);
		break;
	case OP_TOUCH:
		ok = touch(r, p, at, op->pages, op->stride, op->write);
		break;
	case OP_READ:
		count(r, VM_sim_accesses, op->pages);
		open = open_file(r, p, op->file);
		ok = is_shmem(r, op->file) ? shmem_file_read(r, p, op->file, op->at, op->pages)
					   : filemap_read(r, p, &r->opens[open], op->at, op->pages);
		break;
	case OP_WRITE:
		count(r, VM_sim_accesses, op->pages);
		open_file(r, p, op->file);
		ok = file_write(r, p, op->file, op->at, op->pages);
		break;
	case OP_DROP_CACHES:
		drop_pagecache(r);
		break;
	case OP_DRAIN:
		lru_add_drain_all(r);
		break;
	case OP_ADVANCE:
		ref_task_wait(r, op->ns);
		break;
	case OP_MARK:
		flush_stats(r); /* somebody reads memory.stat */
		if (!r->m.memcg_pages)
			ref_refresh_vm_stats(r); /* and here, writes stat_refresh */
		if (r->m.memcg_stats_flushed)
			ref_task_wait(r, r->next_flush_ns - r->now_ns);
		r->next_flush_ns = r->now_ns + 2000000000;
		break;
	case OP_FORK_FAIL:
		do_fork_fail(r, p);
		break;
	case OP_CLEAR_REFS:
		do_clear_refs(r, p);
		break;
	default:
		break;
	}
	if (r->flush_wanted)
		flush(r, 0);
	return ok && !r->kswapd.oom;
}

void ref_stat(const struct ref *r, struct vmstat *out)
{
	memcpy(out->v, r->v, sizeof(r->v));
	out->v[VM_nr_free_pages] = ref_nr_free(r);
	out->v[VM_nr_inactive_anon] = ref_lru_size(r, REF_INACTIVE_ANON);
	out->v[VM_nr_active_anon] = ref_lru_size(r, REF_ACTIVE_ANON);
	out->v[VM_nr_inactive_file] = ref_lru_size(r, REF_INACTIVE_FILE);
	out->v[VM_nr_active_file] = ref_lru_size(r, REF_ACTIVE_FILE);
	out->v[VM_nr_file_pages] = nr_cache(r);
	out->v[VM_nr_dirty] = nr_dirty(r);
	for (int i = 0; i < r->nr_pages; i++) {
		const struct ref_page *pg = &r->pages[i];

		if (!pg->resident)
			continue;
		out->v[VM_nr_shmem] += !pg->anon && pg->swapbacked;
		out->v[pg->anon ? VM_nr_anon_pages : VM_nr_mapped] += ref_mapcount(r, i) > 0;
	}
}

/* the part of the address space that the trace uses */
static void find_base(struct ref *r)
{
	struct trace_iter it;
	struct op op;
	uint64_t first = UINT64_MAX, last = 0;

	trace_iter_init(&it, r->t);
	while (trace_iter_next(&it, &op, NULL) > 0) {
		if (op.code != OP_MAP && op.code != OP_UNMAP)
			continue;
		first = MIN(first, op.at);
		last = MAX(last, (uint64_t)op.at + op.pages);
	}
	r->base = first == UINT64_MAX ? 0 : (uint32_t)(first / 512 * 512);
	r->broken = last > (uint64_t)r->base + REF_VPNS;
}

struct ref *ref_new(const struct trace *t, const struct machine *m, enum ref_kernel kernel,
		    bool mglru, enum ref_policy policy, bool evict, enum op_code ends_as)
{
	struct ref *r = g_new0(struct ref, 1);

	r->next_flush_ns = 2000000000;
	r->t = t;
	r->m = *m;
	r->v6 = kernel == REF_6_12;
	r->policy = policy;
	r->evict = evict;
	r->ends_as = ends_as;
	r->nr_file = (int)t->nr_file_pages;
	if (m->ext4)
		r->nr_file += 4 + (11 + (int)t->nr_files) / 16;
	r->nr_pages = r->nr_file;
	r->cap_pages = r->nr_file + 1024;
	r->pages = g_new0(struct ref_page, r->cap_pages);
	for (int i = 0; i < r->nr_file; i++)
		r->pages[i].used = true;
	for (int i = 0; i < REF_NR_LISTS; i++)
		r->lists[i].pages = g_new0(int, r->cap_pages);
	r->procs = g_new0(struct ref_proc, REF_PROCS_MAX);
	r->opens = g_new0(struct ref_open, REF_OPENS_MAX);
	r->dirty = g_new0(struct ref_dirty, r->nr_file + 1);
	r->mtime = g_new0(uint64_t, t->nr_files + 1);
	if (mglru)
		ref_gen_init(r);
	ref_zone_init(r);
	/* the mounted file system's own, none of memory_pages */
	for (int i = 0; i < 2 && m->ext4 && !m->memcg_pages; i++) {
		r->pages[t->nr_file_pages + i].resident = true;
		r->pages[t->nr_file_pages + i].buffer = true;
		lruvec_add_tail(r, (int)t->nr_file_pages + i);
		count(r, VM_sim_list_moves, 1);
		r->used++;
		r->nr_kernel--;
	}
	find_base(r);
	return r;
}

void ref_free(struct ref *r)
{
	ref_gen_free(r);
	for (int i = 0; i < REF_PROCS_MAX; i++)
		g_free(r->procs[i].open_of);
	for (int i = 0; i < REF_NR_LISTS; i++)
		g_free(r->lists[i].pages);
	g_free(r->kswapd.stack);
	g_free(r->procs);
	g_free(r->opens);
	g_free(r->dirty);
	g_free(r->mtime);
	g_free(r->pages);
	g_free(r);
}

/* For reference-mglru.c */

void ref_count(struct ref *r, enum vmstat_item item, uint64_t n)
{
	count(r, item, n);
}

uint64_t ref_nr_swap_pages(const struct ref *r)
{
	return nr_swap_pages(r);
}

void ref_lru_add_drain_cpu(struct ref *r, unsigned int cpu)
{
	lru_add_drain_cpu(r, cpu);
}

void ref_folio_activate(struct ref *r, unsigned int cpu, int page)
{
	folio_activate(r, cpu, page);
}

void ref_folio_mark_dirty(struct ref *r, int page)
{
	folio_mark_dirty(r, page);
}

void ref_flush_all(struct ref *r)
{
	flush(r, 0);
}
