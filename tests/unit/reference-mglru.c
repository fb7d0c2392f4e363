// SPDX-License-Identifier: GPL-2.0-only
/*
 * The multi-generational LRU of the reference: see reference.h, and
 * models/lru-mglru.c for what it is about. Written from v7.3 mm/vmscan.c,
 * mm/folio.c, mm/workingset.c and include/linux/mm_inline.h a second time, and from
 * the same of v6.12 ("v6"), with other means: sizes are counted, a folio is looked for on all
 * lists, the walk goes table by table and asks which mappings are in it, and what the kernel does
 * with pointers into its list of address spaces is a flag here: new since the last walk.
 *
 * What it takes over from the declared approximations of models/lru-mglru*.c:
 * exact sets for the Bloom filters, an access sets the accessed bits always, the
 * process at work counts as running, walks are not interrupted.
 */
#include "tests/unit/reference-mglru.h"

#include <glib.h>

enum { ANON, FILE_LRU };

#define BATCH 64 /* MIN_LRU_BATCH */

static int type_of(const struct ref *r, int page)
{
	return r->pages[page].swapbacked ? ANON : FILE_LRU;
}

void ref_gen_init(struct ref *r)
{
	struct ref_gen *g = r->gen = g_new0(struct ref_gen, 1);

	g->max_seq = 3;
	g->mm_seq = 2;
	for (int i = 0; i < 4; i++)
		for (int type = 0; type < 2; type++)
			g_queue_init(&g->lists[i][type]);
}

void ref_gen_free(struct ref *r)
{
	for (int i = 0; r->gen && i < 4; i++)
		for (int type = 0; type < 2; type++)
			g_queue_clear(&r->gen->lists[i][type]);
	g_free(r->gen);
}

/* the two youngest generations */
static bool is_active(const struct ref_gen *g, int gen)
{
	return (uint64_t)gen == g->max_seq % 4 || (uint64_t)gen == (g->max_seq - 1) % 4;
}

static void count_gens(const struct ref *r, int type, uint64_t n[4])
{
	for (int i = 0; i < r->nr_pages; i++)
		if (r->pages[i].gen && type_of(r, i) == type)
			n[r->pages[i].gen - 1]++;
}

bool ref_gen_old(const struct ref *r, int page)
{
	int gen = r->pages[page].gen;

	return gen && !is_active(r->gen, gen - 1);
}

uint64_t ref_gen_size(const struct ref *r, int type, bool active)
{
	uint64_t n[4] = { 0 }, sum = 0;

	count_gens(r, type, n);
	for (int gen = 0; gen < 4; gen++)
		if (is_active(r->gen, gen) == active)
			sum += n[gen];
	return sum;
}

/* folio_lru_refs(): accesses */
static int refs_of(const struct ref_page *pg)
{
	return pg->referenced ? pg->refs + 1 : 0;
}

/* lru_tier_from_refs() */
static int tier_of(int refs, bool workingset)
{
	if (workingset)
		return 3;
	return refs > 2 ? 2 : refs > 1 ? 1 : 0;
}

/* v6: accesses through descriptors but for the first two; their tier */
static int v6_refs(const struct ref_page *pg)
{
	return pg->refs + pg->workingset;
}

static int v6_tier(int refs)
{
	int tier = 0;

	while ((1 << tier) < refs + 1)
		tier++;
	return tier;
}

/* LRU_REFS_FLAGS and PG_workingset, all of them */
static bool saturated(const struct ref_page *pg)
{
	return pg->workingset && refs_of(pg) == 4;
}

static uint64_t folio_seq(const struct ref *r, int page, bool reclaiming)
{
	const struct ref_page *pg = &r->pages[page];
	uint64_t behind; /* the youngest */

	if (r->v6) { /* lru_gen_add_folio() */
		uint64_t oldest = r->gen->min_seq[type_of(r, page)], youngest = r->gen->max_seq;

		if (pg->active)
			return youngest;
		if ((pg->swapbacked && !pg->swap_slot) || (pg->reclaim && pg->dirty))
			return youngest - 1;
		return reclaiming || youngest - oldest <= 2 ? oldest : oldest + 1;
	}
	if (pg->active)
		behind = pg->workingset ? 0 : 1;
	else if (reclaiming)
		behind = 3;
	else if (pg->swapbacked && !pg->swap_slot)
		behind = 1;
	else if (pg->reclaim && pg->dirty)
		behind = 1;
	else
		behind = pg->workingset || pg->referenced ? 2 : 3;
	return MAX(r->gen->max_seq - behind, r->gen->min_seq[type_of(r, page)]);
}

/* on the list of its generation */
static void put(struct ref *r, int page, bool tail)
{
	GQueue *q = &r->gen->lists[r->pages[page].gen - 1][type_of(r, page)];

	if (tail)
		g_queue_push_tail(q, GINT_TO_POINTER(page));
	else
		g_queue_push_head(q, GINT_TO_POINTER(page));
}

void ref_gen_add(struct ref *r, int page, bool reclaiming)
{
	struct ref_page *pg = &r->pages[page];

	pg->gen = (int)(folio_seq(r, page, reclaiming) % 4) + 1;
	if (r->v6 && pg->active) {
		pg->referenced = false;
		pg->refs = 0;
	}
	pg->active = false;
	pg->lru = true;
	put(r, page, reclaiming);
}

void ref_gen_del(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	pg->gen = 0;
	pg->lru = false;
	for (int i = 0; i < 4; i++)
		g_queue_remove(&r->gen->lists[i][type_of(r, page)], GINT_TO_POINTER(page));
}

/* mm/folio.c */

void ref_gen_inc_refs(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (r->v6) { /* folio_inc_refs() */
		if (!pg->referenced)
			pg->referenced = true;
		else if (!pg->workingset)
			pg->workingset = true;
		else
			pg->refs = MIN(pg->refs + 1, 3);
		return;
	}
	if (!pg->referenced) {
		pg->referenced = true;
		pg->refs = 0;
	} else if (pg->refs < 3) {
		pg->refs++;
	} else {
		pg->workingset = true;
	}
}

bool ref_gen_clear_refs(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (r->v6) /* no such thing */
		return false;
	if (!pg->gen)
		return true;
	pg->referenced = pg->workingset = false;
	pg->refs = 0;
	return (uint64_t)pg->gen - 1 == r->gen->min_seq[type_of(r, page)] % 4;
}

/* mm/workingset.c */

struct ref_shadow ref_gen_eviction(struct ref *r, int page)
{
	const struct ref_page *pg = &r->pages[page];
	int refs = refs_of(pg), type = type_of(r, page);

	if (r->v6) {
		refs = v6_refs(pg);
		r->gen->evicted[type][v6_tier(refs)]++;
		/* the token, and the bit that v6 calls workingset */
		return (struct ref_shadow){
			.present = true,
			.workingset = pg->workingset,
			.eviction = (r->gen->min_seq[type] * 4 + (uint64_t)MAX(refs - 1, 0)) * 2 +
				    (refs > 0),
		};
	}
	r->gen->evicted[type][tier_of(refs, pg->workingset)]++;
	return (struct ref_shadow){
		.present = true,
		.workingset = pg->workingset,
		.eviction = r->gen->min_seq[type] * 4 + (uint64_t)(refs ? refs - 1 : 0),
	};
}

void ref_gen_refault(struct ref *r, int page, struct ref_shadow s)
{
	struct ref_page *pg = &r->pages[page];
	int type = type_of(r, page), refs = (int)(s.eviction % 4) + 1;

	ref_count(r, type ? VM_workingset_refault_file : VM_workingset_refault_anon, 1);
	if (r->v6) {
		if (s.eviction / 8 != r->gen->min_seq[type])
			return;
		refs = (int)(s.eviction / 2 % 4 + s.eviction % 2);
		r->gen->refaulted[type][v6_tier(refs)]++;
		ref_count(r, type ? VM_workingset_activate_file : VM_workingset_activate_anon, 1);
		if (!r->in_lru_fault && refs < 3)
			return;
		pg->workingset = true;
		pg->refs = 3;
		ref_count(r, type ? VM_workingset_restore_file : VM_workingset_restore_anon, 1);
		return;
	}
	if (r->gen->max_seq - s.eviction / 4 >= 4) /* lru_gen_test_recent() */
		return;
	r->gen->refaulted[type][tier_of(refs, s.workingset)]++;
	if (!s.workingset) {
		pg->refs = refs - 1;
		return;
	}
	pg->workingset = true;
	if (r->in_lru_fault)
		ref_count(r, type ? VM_workingset_activate_file : VM_workingset_activate_anon, 1);
	ref_count(r, type ? VM_workingset_restore_file : VM_workingset_restore_anon, 1);
}

/* mm/vmscan.c: the PID controller */

struct pos {
	uint64_t refaulted, total, gain;
};

static struct pos read_pos(const struct ref_gen *g, int type, int tier, uint64_t gain)
{
	return (struct pos){
		.refaulted = g->avg_refaulted[type][tier] + g->refaulted[type][tier],
		.total = g->avg_total[type][tier] + g->protected[type][tier] +
			 g->evicted[type][tier],
		.gain = gain,
	};
}

static struct pos read_all(const struct ref_gen *g, int type, uint64_t gain)
{
	struct pos sum = { .gain = gain };

	for (int tier = 0; tier < 4; tier++) {
		sum.refaulted += read_pos(g, type, tier, 0).refaulted;
		sum.total += read_pos(g, type, tier, 0).total;
	}
	return sum;
}

static bool positive_err(struct pos sp, struct pos pv)
{
	if (pv.refaulted < BATCH)
		return true;
	return pv.refaulted * (sp.total + BATCH) * sp.gain <=
	       (sp.refaulted + 1) * pv.total * pv.gain;
}

/* the last tier that is not protected */
static int tier_idx(const struct ref_gen *g, int type)
{
	for (int tier = 1; tier < 4; tier++)
		if (!positive_err(read_pos(g, type, 0, 2), read_pos(g, type, tier, 3)))
			return tier - 1;
	return 3;
}

static int type_to_scan(const struct ref_gen *g, unsigned int swappiness)
{
	if (swappiness < 2)
		return FILE_LRU;
	if (swappiness == 200)
		return ANON;
	return positive_err(read_all(g, ANON, swappiness), read_all(g, FILE_LRU, 200 - swappiness))
		       ? FILE_LRU
		       : ANON;
}

/* the oldest generation of @type is now @seq: reset_ctrl_pos() */
static void set_min_seq(struct ref_gen *g, int type, uint64_t seq)
{
	for (int tier = 0; tier < 4; tier++) {
		struct pos pos = read_pos(g, type, tier, 0);

		g->avg_refaulted[type][tier] = pos.refaulted / 2;
		g->avg_total[type][tier] = pos.total / 2;
		g->refaulted[type][tier] = g->protected[type][tier] = g->evicted[type][tier] = 0;
	}
	g->min_seq[type] = seq;
}

/* References */

/* folio_update_gen() */
static void update_gen(struct ref *r, int page, bool exec)
{
	struct ref_page *pg = &r->pages[page];
	bool code = exec && !pg->swapbacked;

	if (r->v6) {
		if (pg->gen) {
			pg->gen = (int)(r->gen->max_seq % 4) + 1;
			pg->referenced = pg->workingset = false;
			pg->refs = 0;
		} else {
			pg->referenced = true;
		}
		return;
	}
	if (!pg->referenced && !pg->workingset && !code) {
		pg->referenced = true;
		pg->refs = 0;
		return;
	}
	pg->gen = (int)(r->gen->max_seq % 4) + 1;
	pg->workingset = true;
	pg->referenced = false;
	pg->refs = 0;
}

bool ref_gen_set_refs(struct ref *r, int page, bool exec)
{
	struct ref_page *pg = &r->pages[page];
	bool used = pg->referenced || pg->workingset;
	bool code = exec && !pg->swapbacked;

	if (!used && !code) {
		pg->referenced = true;
		pg->refs = 0;
		return false;
	}
	if (used && refs_of(pg) <= 1) {
		ref_gen_inc_refs(r, page);
		return true;
	}
	pg->workingset = true;
	pg->referenced = false;
	pg->refs = 0;
	return true;
}

/* walk_update_folio() */
static void walk_update(struct ref *r, const struct ref_vma *v, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (r->gen->mm_walk) {
		update_gen(r, page, v->exec);
	} else if (r->v6) {
		if (!pg->gen) {
			pg->referenced = true;
		} else if (pg->gen != (int)(r->gen->max_seq % 4) + 1) {
			pg->referenced = pg->workingset = false;
			pg->refs = 0;
			ref_folio_activate(r, r->this_cpu, page);
		}
	} else if (ref_gen_set_refs(r, page, v->exec) &&
		   r->pages[page].gen != (int)(r->gen->max_seq % 4) + 1) {
		ref_folio_activate(r, r->this_cpu, page);
	}
}

/* get_pfn_folio() and what follows it: is this folio for the walk? */
static bool walked(const struct ref *r, const struct ref_page *pg, bool can_swap)
{
	if (r->v6)
		return can_swap || !pg->swapbacked;
	return pg->gen;
}

/* Ages the PTEs in [at, end) of @v that map a folio on a list; how many were young.
 * v6: on no list as well, and anon if @can_swap. */
static uint64_t age_ptes(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			 uint64_t end, bool can_swap)
{
	uint64_t young = 0;

	for (; at < end; at++) {
		struct ref_pte *pte = &p->ptes[at];
		struct ref_page *pg = &r->pages[pte->page];

		if (!pte->present || pte->zero || !pte->young || !walked(r, pg, can_swap))
			continue;
		pte->young = false;
		young++;
		/* an anon page that is not in the swap cache needs no dirty flag */
		if (pte->dirty && !pg->dirty && !(pg->anon && !pg->swap_slot))
			ref_folio_mark_dirty(r, pte->page);
		walk_update(r, v, pte->page);
	}
	return young;
}

static void filter_add(struct ref *r, struct ref_proc *p, uint64_t at, uint64_t seq)
{
	if (r->gen->have_filter[seq % 2])
		p->tables[at / 512].in_filter[seq % 2] = true;
}

void ref_gen_look_around(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at)
{
	uint64_t start = MAX(v->start, at / 512 * 512), end = MIN(v->end, at / 512 * 512 + 512);

	if (end - start == 1)
		return;
	if (end - start > BATCH) {
		start = CLAMP((int64_t)at - BATCH / 2, (int64_t)start, (int64_t)end - BATCH);
		end = start + BATCH;
	}
	if ((age_ptes(r, p, v, start, end, r->pages[p->ptes[at].page].swapbacked) + 1) * 8 >=
	    end - start)
		filter_add(r, p, at, r->gen->max_seq);
}

static bool skip_vma(const struct ref *r, const struct ref_vma *v, unsigned int swappiness)
{
	if (v->random || v->sequential || v->noreuse)
		return true;
	return !swappiness && (v->anon || r->t->files[v->file].shmem);
}

/* walk_pmd_range(), walk_pte_range() of one page table */
static void walk_table(struct ref *r, struct ref_proc *p, uint64_t first, unsigned int swappiness,
		       bool force)
{
	struct ref_table *t = &p->tables[first / 512];
	uint64_t total = 0, young = 0, seq = r->gen->max_seq;
	bool any = false;

	for (int i = 0; i < p->nr_vmas; i++)
		any |= p->vmas[i].start < first + 512 && p->vmas[i].end > first &&
		       !skip_vma(r, &p->vmas[i], swappiness);
	if (!any || !t->exists)
		return;
	if (!force) {
		if (!t->young)
			return;
		t->young = false;
		if (r->gen->have_filter[seq % 2] && !t->in_filter[seq % 2])
			return;
	}
	for (int i = 0; i < p->nr_vmas; i++) {
		struct ref_vma *v = &p->vmas[i];
		uint64_t start = MAX(v->start, first), end = MIN(v->end, first + 512);

		if (start >= end || skip_vma(r, v, swappiness))
			continue;
		total += end - start;
		young += age_ptes(r, p, v, start, end, swappiness);
	}
	if (young * 8 >= total)
		filter_add(r, p, first, seq + 1);
}

/* the next address space, in the order of their ages */
static struct ref_proc *next_mm(struct ref *r, uint64_t after)
{
	struct ref_proc *next = NULL;

	for (int i = 0; i < REF_PROCS_MAX; i++) {
		struct ref_proc *p = &r->procs[i];

		if (p->used && p->mm_id > after && (!next || p->mm_id < next->mm_id))
			next = p;
	}
	return next;
}

/* iterate_mm_list() */
static bool walk_mms(struct ref *r, unsigned int swappiness)
{
	struct ref_gen *g = r->gen;
	bool force = false, any = false;
	uint64_t seq = g->max_seq;

	if (g->mm_seq >= seq)
		return false;
	g->mm_walk = true;
	for (struct ref_proc *p = next_mm(r, 0); p; p = next_mm(r, p->mm_id)) {
		force |= p->mm_is_new;
		p->mm_is_new = false;
		if (!force && !p->ran)
			continue;
		p->ran = false;
		if (!any) { /* reset_bloom_filter() */
			g->have_filter[(seq + 1) % 2] = true;
			for (int i = 0; i < REF_PROCS_MAX; i++)
				for (int t = 0; t < REF_VPNS / 512; t++)
					r->procs[i].tables[t].in_filter[(seq + 1) % 2] = false;
		}
		any = true;
		for (uint64_t at = 0; at < REF_VPNS; at += 512)
			walk_table(r, p, at, swappiness, force);
	}
	g->mm_seq++;
	return true;
}

/* Aging */

static int nr_gens(const struct ref_gen *g, int type)
{
	return (int)(g->max_seq - g->min_seq[type]) + 1;
}

/* the next generation for a folio off the oldest list; counts its protection */
static void inc_gen(struct ref *r, int page)
{
	struct ref_page *pg = &r->pages[page];
	struct ref_gen *g = r->gen;
	int type = type_of(r, page), oldest = (int)(g->min_seq[type] % 4);

	if (!saturated(pg))
		g->protected[type][tier_of(refs_of(pg), pg->workingset)]++;
	if (pg->gen != oldest + 1)
		return; /* a walk was here before */
	pg->gen = (oldest + 1) % 4 + 1;
	pg->referenced = false;
	pg->refs = 0;
}

static void inc_min_seq(struct ref *r, int type, unsigned int swappiness)
{
	struct ref_gen *g = r->gen;
	GQueue *oldest = &g->lists[g->min_seq[type] % 4][type];

	while (!g_queue_is_empty(oldest) && (type == FILE_LRU || swappiness)) {
		int page = GPOINTER_TO_INT(g_queue_pop_tail(oldest));

		inc_gen(r, page);
		put(r, page, true);
	}
	set_min_seq(g, type, g->min_seq[type] + 1);
}

static bool evictable(int type, unsigned int swappiness)
{
	return type == FILE_LRU || swappiness;
}

/* v6: file follows anon, which is never ahead of it. True if one moved. */
static bool v6_try_to_inc_min_seq(struct ref *r, unsigned int swappiness)
{
	struct ref_gen *g = r->gen;
	uint64_t want[2] = { g->min_seq[0], g->min_seq[1] };
	bool moved = false;

	for (int type = swappiness ? 0 : 1; type < 2; type++)
		while (want[type] + 2 <= g->max_seq &&
		       g_queue_is_empty(&g->lists[want[type] % 4][type]))
			want[type]++;
	if (swappiness) {
		want[0] = MIN(want[0], want[1]);
		want[1] = MAX(want[0], g->min_seq[1]);
	}
	for (int type = swappiness ? 0 : 1; type < 2; type++) {
		if (want[type] == g->min_seq[type])
			continue;
		set_min_seq(g, type, want[type]);
		moved = true;
	}
	return moved;
}

static void try_to_inc_min_seq(struct ref *r, unsigned int swappiness)
{
	struct ref_gen *g = r->gen;
	uint64_t want[2] = { g->min_seq[0], g->min_seq[1] };

	for (int type = 0; type < 2; type++)
		while (evictable(type, swappiness) && want[type] + 2 <= g->max_seq &&
		       g_queue_is_empty(&g->lists[want[type] % 4][type]))
			want[type]++;
	if (want[0] == g->min_seq[0] && want[1] == g->min_seq[1])
		return;
	for (int type = 0; type < 2 && swappiness; type++)
		if (want[type] > g->max_seq - 2 && want[!type] < g->max_seq - 2)
			want[type] = g->max_seq - 2;
	for (int type = 0; type < 2; type++)
		if (evictable(type, swappiness) && want[type] > g->min_seq[type])
			set_min_seq(g, type, want[type]);
}

static uint64_t jiffies(const struct ref *r)
{
	return r->now_ns / 1000 / r->m.tick_us;
}

/* try_to_inc_max_seq() */
static void run_aging(struct ref *r, unsigned int swappiness)
{
	if (!walk_mms(r, swappiness))
		return;
	for (int type = 0; type < 2; type++)
		if (nr_gens(r->gen, type) == 4)
			inc_min_seq(r, type, swappiness);
	r->gen->max_seq++;
	r->gen->timestamps[r->gen->max_seq % 4] = jiffies(r);
}

/* Eviction */

/* scan_folios(): the isolated go to @taken */
static int scan_folios(struct ref *r, const struct ref_scan *sc, int nr, int type, int *taken,
		       int *nr_taken)
{
	struct ref_gen *g = r->gen;
	GQueue *oldest = &g->lists[g->min_seq[type] % 4][type];
	int unprotected = tier_idx(g, type), scanned = 0;

	*nr_taken = 0;
	if (nr_gens(g, type) == 2)
		return 0;
	while (scanned < nr && !g_queue_is_empty(oldest)) {
		int page = GPOINTER_TO_INT(g_queue_pop_tail(oldest));
		struct ref_page *pg = &r->pages[page];

		scanned++;
		/* sort_folio() */
		if (pg->gen != (int)(g->min_seq[type] % 4) + 1) {
			put(r, page, false);
		} else if (tier_of(refs_of(pg), pg->workingset) > unprotected || saturated(pg)) {
			inc_gen(r, page);
			put(r, page, false);
		} else {
			/* isolate_folio() */
			if (!pg->referenced)
				pg->refs = 0;
			ref_gen_del(r, page);
			taken[(*nr_taken)++] = page;
		}
	}
	ref_count(r, sc->kswapd ? VM_pgscan_kswapd : VM_pgscan_direct, (uint64_t)*nr_taken);
	ref_count(r, type ? VM_pgscan_file : VM_pgscan_anon, (uint64_t)*nr_taken);
	ref_count(r, VM_pgrefill, (uint64_t)(scanned - *nr_taken));
	ref_count(r, VM_sim_list_moves, (uint64_t)(scanned - *nr_taken));
	return scanned;
}

/* the loop over the rejected in evict_folios(), and move_folios_to_lru() */
static void put_back(struct ref *r, int type, int page)
{
	struct ref_page *pg = &r->pages[page];

	if (folio_seq(r, page, false) == r->gen->min_seq[type]) {
		pg->active = true;
		pg->referenced = false;
		pg->refs = 0;
	}
	ref_gen_add(r, page, false);
	ref_count(r, VM_sim_list_moves, 1);
}

static int evict_folios(struct ref *r, struct ref_scan *sc, int nr, unsigned int swappiness)
{
	int taken[BATCH], clean[BATCH], nr_taken, nr_left, nr_clean = 0, nr_kept = 0, dirty;
	int type, scanned, all_scanned;

	try_to_inc_min_seq(r, swappiness);
	/* isolate_folios() */
	type = type_to_scan(r->gen, swappiness);
	all_scanned = scanned = scan_folios(r, sc, nr, type, taken, &nr_taken);
	if (!nr_taken && swappiness) {
		type = scanned ? type : !type;
		all_scanned += scan_folios(r, sc, nr, type, taken, &nr_taken);
	}
	if (all_scanned)
		try_to_inc_min_seq(r, swappiness);
	if (!nr_taken)
		return all_scanned;

	nr_left = ref_shrink_folio_list(r, sc, taken, nr_taken, &dirty);
	for (int i = 0; i < nr_left; i++) {
		const struct ref_page *pg = &r->pages[taken[i]];

		if (!pg->active && !pg->dirty && !ref_mapcount(r, taken[i]))
			clean[nr_clean++] = taken[i];
		else
			put_back(r, type, taken[i]);
	}
	nr_kept = nr_left - nr_clean;
	if (dirty == nr_taken) /* handle_reclaim_writeback() */
		ref_flush_all(r);
	if (nr_clean) {
		nr_left = ref_shrink_folio_list(r, sc, clean, nr_clean, &dirty);
		for (int i = 0; i < nr_left; i++)
			put_back(r, type, clean[i]);
		nr_kept += nr_left;
	}
	nr_taken -= nr_kept; /* freed */
	sc->nr_reclaimed += (uint64_t)nr_taken;
	ref_count(r, sc->kswapd ? VM_pgsteal_kswapd : VM_pgsteal_direct, (uint64_t)nr_taken);
	ref_count(r, type ? VM_pgsteal_file : VM_pgsteal_anon, (uint64_t)nr_taken);
	ref_count(r, type ? VM_pgrotate_file : VM_pgrotate_anon, (uint64_t)nr_kept);
	return all_scanned;
}

static bool should_age(const struct ref_gen *g, const struct ref_scan *sc, unsigned int swappiness)
{
	int gens = nr_gens(g, FILE_LRU);

	if (swappiness)
		gens = MAX(gens, nr_gens(g, ANON));
	return gens == 2 || (gens == 3 && sc->priority != 12);
}

static bool should_abort(const struct ref *r, const struct ref_scan *sc, uint64_t before)
{
	if (sc->nr_reclaimed - before >= sc->nr_to_reclaim)
		return true;
	return sc->kswapd && ref_nr_free(r) > (uint64_t)r->zone.high + BATCH;
}

/* get_swappiness() */
static unsigned int swappiness_of(const struct ref *r)
{
	return ref_nr_swap_pages(r) < BATCH ? 0 : r->m.swappiness;
}

/* lruvec_evictable_size(): a folio promoted while anon was not evicted can be in
 * none of these generations */
static uint64_t evictable_size(const struct ref *r, unsigned int swappiness)
{
	uint64_t nr = 0;

	for (int type = 0; type < 2; type++) {
		uint64_t n[4] = { 0 };

		count_gens(r, type, n);
		for (uint64_t seq = r->gen->min_seq[type];
		     evictable(type, swappiness) && seq <= r->gen->max_seq; seq++)
			nr += n[seq % 4];
	}
	return nr;
}

static void try_to_shrink(struct ref *r, struct ref_scan *sc)
{
	unsigned int swappiness = swappiness_of(r);
	uint64_t before = sc->kswapd ? sc->nr_reclaimed : 0;
	bool first = true;

	for (int64_t nr = (int64_t)(evictable_size(r, swappiness) >> sc->priority); nr > 0;) {
		int scanned;
		bool aged;

		/* cond_resched(); kswapd has a walk, whatever others did meanwhile */
		if (sc->kswapd && !first)
			ref_kswapd_spend(r);
		r->gen->mm_walk |= sc->kswapd;
		first = false;
		aged = should_age(r->gen, sc, swappiness);
		if (aged)
			run_aging(r, swappiness);
		scanned = evict_folios(r, sc, (int)MIN(nr, BATCH), swappiness);
		if (!scanned || should_abort(r, sc, before) || (!sc->memcg && aged))
			break;
		nr -= scanned;
	}
}

/* v6: eviction */

static int v6_tier_idx(const struct ref_gen *g, int type, struct pos sp, uint64_t gain)
{
	int tier = 1;

	while (tier < 4 && positive_err(sp, read_pos(g, type, tier, gain)))
		tier++;
	return tier - 1;
}

/* scan_folios(): 0 if it made no progress */
static int v6_scan_folios(struct ref *r, const struct ref_scan *sc, int type, int unprotected,
			  int *taken, int *nr_taken)
{
	struct ref_gen *g = r->gen;
	int oldest = (int)(g->min_seq[type] % 4), remaining = 64 * BATCH, scanned = 0;
	GQueue *head = &g->lists[oldest][type];

	*nr_taken = 0;
	if (nr_gens(g, type) == 2)
		return 0;
	while (!g_queue_is_empty(head)) {
		int page = GPOINTER_TO_INT(g_queue_pop_tail(head)), refs;
		struct ref_page *pg = &r->pages[page];

		scanned++;
		refs = v6_refs(pg);
		/* sort_folio(), isolate_folio() */
		if (pg->gen != oldest + 1) {
			put(r, page, false);
		} else if (v6_tier(refs) > unprotected || refs == 4) {
			g->protected[type][v6_tier(refs)]++;
			pg->gen = (oldest + 1) % 4 + 1;
			pg->referenced = pg->workingset = false;
			pg->refs = 0;
			put(r, page, true);
		} else {
			if (!pg->referenced) {
				pg->workingset = false;
				pg->refs = 0;
			}
			pg->referenced = false;
			ref_gen_del(r, page);
			taken[(*nr_taken)++] = page;
		}
		if (!--remaining || *nr_taken >= BATCH)
			break;
	}
	ref_count(r, sc->kswapd ? VM_pgscan_kswapd : VM_pgscan_direct, (uint64_t)*nr_taken);
	ref_count(r, type ? VM_pgscan_file : VM_pgscan_anon, (uint64_t)*nr_taken);
	ref_count(r, VM_pgrefill, (uint64_t)(scanned - *nr_taken));
	ref_count(r, VM_sim_list_moves, (uint64_t)(scanned - *nr_taken));
	return *nr_taken || !remaining ? scanned : 0;
}

static int v6_isolate_folios(struct ref *r, const struct ref_scan *sc, unsigned int swappiness,
			     int *type, int *taken, int *nr_taken)
{
	struct ref_gen *g = r->gen;
	int tier = -1, scanned = 0;

	*nr_taken = 0;
	if (!swappiness) {
		*type = FILE_LRU;
	} else if (g->min_seq[ANON] < g->min_seq[FILE_LRU]) {
		*type = ANON;
	} else if (swappiness == 1) {
		*type = FILE_LRU;
	} else if (swappiness == 200) {
		*type = ANON;
	} else { /* get_type_to_scan() */
		uint64_t gain[2] = { swappiness, 200 - swappiness };

		*type = positive_err(read_pos(g, ANON, 0, gain[ANON]),
				     read_pos(g, FILE_LRU, 0, gain[FILE_LRU]));
		tier = v6_tier_idx(g, *type, read_pos(g, !*type, 0, gain[!*type]), gain[*type]);
	}
	for (int tries = swappiness ? 2 : 1; tries; tries--) {
		if (tier < 0)
			tier = v6_tier_idx(g, *type, read_pos(g, *type, 0, 1), 2);
		scanned = v6_scan_folios(r, sc, *type, tier, taken, nr_taken);
		if (scanned)
			return scanned;
		*type = !*type;
		tier = -1;
	}
	return scanned;
}

static int v6_evict_folios(struct ref *r, struct ref_scan *sc, unsigned int swappiness,
			   uint64_t *unqueued_dirty, uint64_t *file_taken)
{
	int taken[BATCH], nr, nr_taken, type, dirty, scanned;
	bool skip_retry = false;

	scanned = v6_isolate_folios(r, sc, swappiness, &type, taken, &nr_taken);
	*file_taken += (uint64_t)(type == FILE_LRU ? nr_taken : 0);
	scanned += v6_try_to_inc_min_seq(r, swappiness);
	if (nr_gens(r->gen, !swappiness) == 2)
		scanned = 0;
	for (nr = nr_taken; nr; skip_retry = true) {
		int nr_left = ref_shrink_folio_list(r, sc, taken, nr, &dirty), nr_clean = 0;
		uint64_t freed = (uint64_t)(nr - nr_left);

		*unqueued_dirty += (uint64_t)dirty;
		sc->nr_reclaimed += freed;
		ref_count(r, sc->kswapd ? VM_pgsteal_kswapd : VM_pgsteal_direct, freed);
		ref_count(r, type ? VM_pgsteal_file : VM_pgsteal_anon, freed);
		for (int i = 0; i < nr_left; i++) {
			struct ref_page *pg = &r->pages[taken[i]];

			if (pg->reclaim && pg->dirty) {
				pg->referenced |= pg->workingset;
			} else if (skip_retry || pg->active || pg->referenced || pg->locked ||
				   pg->dirty || ref_mapcount(r, taken[i])) {
				pg->referenced = pg->workingset = false;
				pg->refs = 0;
				pg->active = true;
			} else {
				taken[nr_clean++] = taken[i];
				continue;
			}
			ref_gen_add(r, taken[i], false);
			ref_count(r, VM_sim_list_moves, 1);
			ref_count(r, type ? VM_pgrotate_file : VM_pgrotate_anon, 1);
		}
		nr = nr_clean;
	}
	return scanned;
}

/* should_run_aging(); @total: nr_to_scan */
static bool v6_should_age(const struct ref *r, unsigned int swappiness, uint64_t *total)
{
	const struct ref_gen *g = r->gen;
	uint64_t young = 0, old = 0;
	int gens = nr_gens(g, !swappiness);

	*total = 0;
	if (gens < 3)
		return true;
	for (int type = !swappiness; type < 2; type++) {
		uint64_t n[4] = { 0 };

		count_gens(r, type, n);
		for (uint64_t seq = g->min_seq[type]; seq <= g->max_seq; seq++)
			*total += n[seq % 4];
		young += n[g->max_seq % 4];
		if (g->min_seq[type] + 2 <= g->max_seq)
			old += n[(g->max_seq - 2) % 4];
	}
	return gens == 3 && (young * 2 > *total || old * 4 < *total);
}

static void v6_try_to_shrink(struct ref *r, struct ref_scan *sc)
{
	unsigned int swappiness = swappiness_of(r);
	uint64_t before = sc->kswapd ? sc->nr_reclaimed : 0;
	uint64_t scanned = 0, unqueued_dirty = 0, file_taken = 0;
	bool first = true;

	for (;;) {
		uint64_t nr_to_scan;
		bool aging;
		int delta;

		if (sc->kswapd && !first)
			ref_kswapd_spend(r);
		first = false;
		r->gen->mm_walk |= sc->kswapd;
		/* get_nr_to_scan() */
		aging = v6_should_age(r, swappiness, &nr_to_scan);
		if (aging && sc->priority != 12) {
			run_aging(r, swappiness);
			break;
		}
		nr_to_scan >>= sc->priority;
		if (!nr_to_scan)
			break;
		delta = v6_evict_folios(r, sc, swappiness, &unqueued_dirty, &file_taken);
		scanned += (uint64_t)delta;
		if (!delta || scanned >= nr_to_scan || (!sc->memcg && should_abort(r, sc, before)))
			break;
	}
	if (unqueued_dirty && unqueued_dirty == file_taken)
		ref_flush_all(r);
}

static int bits(uint64_t x)
{
	int n = 0;

	for (; x; x /= 2)
		n++;
	return n;
}

/* set_initial_priority() */
static void set_priority(struct ref *r, struct ref_scan *sc)
{
	uint64_t reclaimable = ref_gen_size(r, FILE_LRU, false);

	if (sc->priority != 12 || sc->nr_to_reclaim < BATCH)
		return;
	if (ref_nr_swap_pages(r))
		reclaimable += ref_gen_size(r, ANON, false);
	sc->priority = bits(reclaimable) - 1 - bits(sc->nr_to_reclaim - 1);
	sc->priority = CLAMP(sc->priority, 6, 12);
}

bool ref_gen_age_node(struct ref *r, struct ref_scan *sc)
{
	const unsigned int swappiness = swappiness_of(r);
	const uint64_t tick_us = r->m.tick_us, us = r->m.min_ttl_ms * 1000ull;
	const uint64_t ttl = us / tick_us + (us % tick_us != 0);
	uint64_t oldest = r->gen->min_seq[FILE_LRU];

	set_priority(r, sc);
	if (!r->m.min_ttl_ms)
		return false;
	if (evictable_size(r, swappiness) < 1ull << sc->priority)
		return true;
	if (!r->v6 && swappiness && r->gen->min_seq[ANON] < oldest)
		oldest = r->gen->min_seq[ANON];
	return jiffies(r) <= r->gen->timestamps[oldest % 4] + ttl;
}

void ref_gen_shrink_node(struct ref *r, struct ref_scan *sc)
{
	ref_lru_add_drain_cpu(r, r->this_cpu);
	r->gen->mm_walk = sc->kswapd;
	if (!sc->memcg)
		set_priority(r, sc);
	if (r->v6)
		v6_try_to_shrink(r, sc);
	else
		try_to_shrink(r, sc);
	r->gen->mm_walk = false;
}
