// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/mmap.c and mm/vma.c (VMAs, vma_merge_new_range(),
 * vma_merge_existing_range()), mm/memory.c copy_page_range() (fork), and the shape
 * of x86-64 page tables.
 *
 * Approximations:
 * - find_mergeable_anon_vma() is left out, so neighbours that each get anon pages
 *   never share an anon_vma.
 * - v6.12 does not merge a VMA that has anon pages with a neighbour that has none.
 *   Only madvise() can ask for that.
 * - Page tables are freed only with the mm.
 * - A fork copies the open files, so parent and child share readahead state. This is
 *   exact for inherited mappings and descriptors.
 */
#include "sim/mm/mm.h"

#include <string.h>

#include "sim/mm/event.h"
#include "sim/mm/filemap.h"
#include "sim/mm/fork.h"
#include "sim/mm/huge_memory.h"
#include "sim/mm/large.h"
#include "sim/mm/objcg.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/rmap.h"
#include "sim/mm/task.h"
#include "sim/mm/zap.h"

/* alloc_empty_file(), fuse_file_alloc() */
static void each_object_of_file(struct sim *s, const struct file_open *open, object_fn fn)
{
	const struct slab_sizes *size = &s->cfg.kernel->slab;

	fn(s, open->memcg, SLAB_UNRECLAIMABLE, size->file);
	if (!s->cfg.machine.fuse || s->files[open->file].shmem)
		return;
	fn(s, open->memcg, SLAB_UNRECLAIMABLE, size->fuse_file);
	fn(s, open->memcg, SLAB_UNRECLAIMABLE, size->fuse_file_args);
}

/* Return: was it the last reference? */
static bool file_open_put(struct sim *s, struct file_open *open)
{
	struct file_state *f;

	if (!open || --open->refs)
		return false;
	f = &s->files[open->file];
	if (!--f->nr_opens && f->unlinked) {
		f->next_fput = s->fput;
		s->fput = open->file + 1;
	}
	each_object_of_file(s, open, obj_uncharge);
	g_free(open);
	return true;
}

struct file_open *file_open_new(struct sim *s, uint32_t file)
{
	struct file_open *open = g_new0(struct file_open, 1);

	open->file = file;
	open->memcg = current_objcg(s);
	open->ra_pages = s->cfg.machine.readahead_pages;
	open->prev_end = FILE_NEVER_READ;
	s->files[file].nr_opens++;
	each_object_of_file(s, open, obj_charge_nofail);
	return open;
}

struct file_open *mm_open(struct sim *s, struct mm *mm, uint32_t file)
{
	struct file_open *open = mm->last_open;

	if (open && open->file == file)
		return open;
	open = g_hash_table_lookup(mm->opens, GUINT_TO_POINTER(file));
	if (!open) {
		if (s->files[file].unlinked)
			return NULL;
		open = file_open_new(s, file);
		open->refs = 1;
		g_hash_table_insert(mm->opens, GUINT_TO_POINTER(file), open);
	}
	mm->last_open = open;
	return open;
}

struct mm *mm_new(struct sim *s, uint32_t pid, unsigned int cpu, const struct mm *parent)
{
	struct mm *mm = g_new0(struct mm, 1);

	mm->memcg = mm->objcg = parent ? parent->memcg : (uint8_t)(s->cgroups - s->memcg);
	mm->forked = parent != NULL;
	/* what it takes itself it takes on its CPU, where the player has moved it */
	if (s->objcg && !parent)
		s->this_cpu = cpu;
	process_alloc(s, mm->objcg, mm->forked);
	mm->pid = pid;
	mm->cpu = cpu;
	mm->vmas = g_ptr_array_new();
	mm->opens = g_hash_table_new(NULL, NULL);
	return mm;
}

static void unlink_file(struct sim *s, struct vma *vma)
{
	if (vma->open)
		interval_tree_remove(&s->files[vma->file].mappings, &vma->in_file);
}

static void vma_free(struct sim *s, struct vma *vma)
{
	unlink_file(s, vma);
	if (vma->av)
		unlink_anon_vmas(s, vma);
	file_open_put(s, vma->open);
	obj_uncharge(s, vma->memcg, SLAB_UNRECLAIMABLE, s->cfg.kernel->slab.vma);
	g_free(vma);
}

void table_alloc(struct sim *s, struct pte_table *pt)
{
	pt->memcg = current_objcg(s);
	alloc_kernel_pages(s, 1);
	if (s->objcg)
		obj_charge_pages(s, pt->memcg, 1);
}

void table_free(struct sim *s, const struct pte_table *pt)
{
	free_kernel_pages(s, 1);
	if (s->objcg)
		obj_uncharge_pages(s, pt->memcg, 1);
}

void pte_free(struct pte_table *pt, struct free_tables *free)
{
	free->nr_pte += pt->table;
	free->nr[pt->memcg] += pt->table;
	g_free(pt->more);
	g_free(pt->anon);
}

void pmd_free(struct pmd_table *pmd, struct free_tables *free)
{
	for (int k = 0; k < PTRS_PER_PMD; k++) {
		if (!pmd->pte[k])
			continue;
		pte_free(pmd->pte[k], free);
		g_free(pmd->pte[k]);
	}
	free->nr[pmd->memcg]++;
	g_free(pmd);
}

void tables_uncharge(struct sim *s, const struct free_tables *free)
{
	/* those above are part of the process then */
	free_kernel_pages(s, free->nr_pte);
	for (unsigned int i = 0; s->objcg && i < s->nr_memcgs; i++) {
		if (!free->nr[i])
			continue;
		if (s->cfg.kernel->tables_by_rcu)
			obj_uncharge_rcu(s, (uint8_t)i, free->nr[i], SLAB_UNRECLAIMABLE, 0);
		else
			obj_uncharge_gathered(s, (uint8_t)i, free->nr[i]);
	}
}

/* free_pgtables() */
static void tables_free(struct sim *s, struct mm *mm)
{
	struct free_tables free = { 0 };

	free.nr[mm->objcg] = process_tables(mm->forked);

	for (int i = 0; i < PTRS_PER_PGD; i++) {
		struct pud_table *pud = mm->pgd[i];

		for (int j = 0; pud && j < PTRS_PER_PUD; j++)
			if (pud->pmd[j])
				pmd_free(pud->pmd[j], &free);
		if (pud)
			free.nr[pud->memcg]++;
		g_free(pud);
		mm->pgd[i] = NULL;
	}
	tables_uncharge(s, &free);
	reap_owe(s, REAP_TABLE, free.nr_pte, s->cfg.machine.table_free_ps);
}

static void put_open(gpointer file, gpointer open, gpointer s)
{
	(void)file;
	if (file_open_put(s, open))
		reap_owe(s, REAP_CLOSE, 1, ((struct sim *)s)->cfg.machine.close_ps);
}

static void mm_clear(struct sim *s, struct mm *mm)
{
	reap_owe(s, REAP_VMA, mm->vmas->len, s->cfg.machine.vma_ps);
	for (guint i = 0; i < mm->vmas->len; i++)
		vma_free(s, mm->vmas->pdata[i]);
	g_ptr_array_set_size(mm->vmas, 0);
	mm->last = 0;
	mm->last_open = NULL;
	tables_free(s, mm);
	g_hash_table_foreach(mm->opens, put_open, s);
	g_hash_table_remove_all(mm->opens);
	mm->unstable = mm->dying = false;
}

void mm_list_add(struct sim *s, struct mm *mm)
{
	if (s->cfg.lru->add_mm)
		s->cfg.lru->add_mm(&s->memcg[mm->memcg].lruvec, mm);
}

void mm_list_del(struct sim *s, struct mm *mm)
{
	if (mm->lru)
		s->cfg.lru->del_mm(&s->memcg[mm->memcg].lruvec, mm);
}

void mm_exec(struct sim *s, struct mm *mm)
{
	/* mm_init() of the new one comes first; the player starts a new process */
	process_charge(s, mm->memcg, false);
	exit_mmap(s, mm);
	mm_clear(s, mm);
	process_uncharge(s, mm->objcg, mm->forked);
	mm->forked = false;
	mm->objcg = mm->memcg;
	mm_list_del(s, mm);
	mm_list_add(s, mm);
}

void mm_free(struct sim *s, struct mm *mm)
{
	mm_clear(s, mm);
	mm_list_del(s, mm);
	g_ptr_array_free(mm->vmas, TRUE);
	g_hash_table_destroy(mm->opens);
	process_free(s, mm->objcg, mm->forked);
	g_free(mm);
}

uint32_t vma_index(const struct mm *mm, uint32_t vpn)
{
	uint32_t lo = 0, hi = mm->vmas->len;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		const struct vma *vma = mm->vmas->pdata[mid];

		if (vma->end - 1 >= vpn)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

struct vma *vma_find(struct mm *mm, uint32_t vpn)
{
	struct vma *vma;
	uint32_t i;

	if (mm->last < mm->vmas->len) {
		vma = mm->vmas->pdata[mm->last];
		if (vma->start <= vpn && vpn <= vma->end - 1)
			return vma;
	}
	i = vma_index(mm, vpn);
	if (i == mm->vmas->len)
		return NULL;
	vma = mm->vmas->pdata[i];
	if (vma->start > vpn)
		return NULL;
	mm->last = i;
	return vma;
}

/* vma_interval_tree_insert(), or vma_interval_tree_insert_after() if @after is not NULL */
static void link_file(struct sim *s, struct vma *vma, struct vma *after)
{
	struct interval_tree *t = &s->files[vma->file].mappings;
	const uint32_t last = vma->pgoff + (vma_pages(vma) - 1);

	if (after)
		interval_tree_insert_after(t, &vma->in_file, &after->in_file, last);
	else
		interval_tree_insert(t, &vma->in_file, vma->pgoff, last);
}

/* vma_prepare(), vma_complete(): reinsert a VMA whose size has changed */
static void vma_relink(struct sim *s, struct vma *vma)
{
	if (vma->open) {
		unlink_file(s, vma);
		link_file(s, vma, NULL);
	}
	if (vma->av) {
		interval_tree_remove(&vma->av->vmas, &vma->in_anon);
		anon_vma_insert(vma);
	}
}

/* @after: the mapping of the same file to insert it behind in the tree, or NULL */
static struct vma *vma_add(struct sim *s, struct mm *mm, const struct vma *like, struct vma *after)
{
	struct vma *vma = g_new(struct vma, 1);

	*vma = (struct vma){
		.start = like->start,
		.end = like->end,
		.pgoff = like->pgoff,
		.anon_pgoff = like->anon_pgoff,
		.file = like->file,
		.flags = like->flags,
		.open = like->open,
		.mm = mm,
		.memcg = current_objcg(s),
	};
	obj_charge_nofail(s, vma->memcg, SLAB_UNRECLAIMABLE, s->cfg.kernel->slab.vma);
	if (vma->open) {
		vma->open->refs++;
		link_file(s, vma, after);
	}
	g_ptr_array_insert(mm->vmas, (gint)vma_index(mm, vma->start), vma);
	return vma;
}

struct vma *vma_insert(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages, uint32_t flags,
		       uint32_t file, uint32_t pgoff, struct file_open *open)
{
	struct vma like = {
		.start = start, .end = start + pages, .anon_pgoff = start, .flags = flags
	};

	if (!(flags & VM_ANON)) {
		like.file = file;
		like.pgoff = pgoff;
		like.open = open;
		filemap_track_cached(s);
	}
	return vma_add(s, mm, &like, NULL);
}

static bool inherits(const struct vma *vma)
{
	return vma->own && vma->own->parent;
}

/* is_mergeable_anon_vma(): an inherited anon_vma does not spread further */
static bool is_mergeable_anon_vma(const struct vma *target, const struct vma *vma)
{
	if (target->own && vma->own)
		return target->own == vma->own;
	return !inherits(target) && !inherits(vma);
}

/* can_vma_merge_after(), can_vma_merge_before() */
static bool can_merge(const struct vma *left, const struct vma *right)
{
	return left && right && left->end == right->start && left->flags == right->flags &&
	       left->open == right->open &&
	       (!left->open || left->pgoff + vma_pages(left) == right->pgoff) &&
	       left->anon_pgoff + vma_pages(left) == right->anon_pgoff &&
	       is_mergeable_anon_vma(left, right);
}

static struct vma *vma_at(const struct mm *mm, uint32_t i)
{
	return i < mm->vmas->len ? mm->vmas->pdata[i] : NULL;
}

/* the VMA at index @i absorbs the next one; dup_anon_vma() */
static void vma_absorb_next(struct sim *s, struct mm *mm, uint32_t i)
{
	struct vma *vma = vma_at(mm, i), *next = vma_at(mm, i + 1);

	if (!vma->av)
		anon_vma_clone(s, vma, next);
	vma->end = next->end;
	vma_free(s, next);
	g_ptr_array_remove_index(mm->vmas, i + 1);
	vma_relink(s, vma);
	mm->last = 0;
}

void vma_merge(struct sim *s, struct mm *mm, uint32_t vpn)
{
	const uint32_t i = vma_index(mm, vpn);
	const struct vma *prev = i ? vma_at(mm, i - 1) : NULL, *vma = vma_at(mm, i);
	const struct vma *next = vma_at(mm, i + 1);
	const bool merge_left = can_merge(prev, vma);
	/* each neighbour may be mergeable with @vma, but not with the other */
	const bool merge_right = can_merge(vma, next) &&
				 !(merge_left && prev->own && next->own && prev->own != next->own);

	if (merge_right)
		vma_absorb_next(s, mm, i);
	if (merge_left)
		vma_absorb_next(s, mm, i - 1);
}

void vma_expand(struct sim *s, struct vma *vma, uint32_t pages)
{
	vma->end += pages;
	vma_relink(s, vma);
	vma_merge(s, vma->mm, vma->start);
}

/* @vma keeps [start, vpn), the new one gets [vpn, end) */
static void vma_split(struct sim *s, struct mm *mm, struct vma *vma, uint32_t vpn)
{
	uint32_t end = vma->end;
	struct vma *tail;

	/* vma_adjust_trans_huge() */
	if (vpn % PTRS_PER_PTE)
		split_huge_pmd(s, vma, vpn);
	vma->end = vpn;
	vma_relink(s, vma);
	tail = vma_insert(s, mm, vpn, end - vpn, vma->flags, vma->file,
			  vma->pgoff + (vpn - vma->start), vma->open);
	tail->anon_pgoff = vma->anon_pgoff + (vpn - vma->start);
	anon_vma_clone(s, tail, vma);
}

void vma_split_range(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages)
{
	struct vma *vma = vma_find(mm, start);

	if (vma && vma->start < start)
		vma_split(s, mm, vma, start);
	vma = vma_find(mm, start + pages - 1);
	if (vma && vma->end - 1 > start + pages - 1)
		vma_split(s, mm, vma, start + pages);
}

struct vma *vma_modify_flags(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages,
			     uint32_t mask, uint32_t flags)
{
	struct vma *vma;

	vma_split_range(s, mm, start, pages);
	vma = vma_find(mm, start);
	vma->flags = (vma->flags & ~mask) | flags;
	vma_merge(s, mm, start);
	return vma_find(mm, start);
}

void vma_remove_range(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages)
{
	uint32_t first = vma_index(mm, start), i = first;

	for (; i < mm->vmas->len; i++) {
		struct vma *vma = mm->vmas->pdata[i];

		if (vma->start > start + (pages - 1))
			break;
		vma_free(s, vma);
	}
	if (i > first)
		g_ptr_array_remove_range(mm->vmas, first, i - first);
	mm->last = 0;
}

struct pte_table **pmd_alloc(struct sim *s, struct mm *mm, uint32_t vpn)
{
	struct pud_table **pud = &mm->pgd[vpn >> PGDIR_SHIFT];
	const uint8_t memcg = current_objcg(s);
	struct pmd_table **pmd;

	/* in a whole machine the upper levels are part of the process */
	if (!*pud) {
		if (s->objcg)
			obj_charge_pages(s, memcg, 1);
		*pud = g_new0(struct pud_table, 1);
		(*pud)->memcg = memcg;
	}
	pmd = &(*pud)->pmd[vpn >> PUD_SHIFT & (PTRS_PER_PUD - 1)];
	if (!*pmd) {
		if (s->objcg)
			obj_charge_pages(s, memcg, 1);
		*pmd = g_new0(struct pmd_table, 1);
		(*pmd)->memcg = memcg;
	}
	return &(*pmd)->pte[vpn >> PMD_SHIFT & (PTRS_PER_PMD - 1)];
}

struct pte_table *__pte_alloc(struct sim *s, struct mm *mm, uint32_t vpn)
{
	struct pte_table **pt = pmd_alloc(s, mm, vpn);

	if (!*pt)
		*pt = g_new0(struct pte_table, 1);
	(*pt)->table = true;
	task_owe_timed(s, s->cfg.machine.table_new_ps);
	table_alloc(s, *pt);
	(*pt)->young = true; /* _PAGE_TABLE has _PAGE_ACCESSED */
	return *pt;
}

/* free anon slots are linked by their "shadow", starting from slot 0, which is no folio */
static uint32_t *anon_free(struct sim *s)
{
	return &s->folios[FOLIO_NONE].shadow;
}

uint32_t anon_slot_new(struct sim *s, struct vma *vma, uint32_t vpn)
{
	uint32_t slot = *anon_free(s);
	struct anon_slot *a;

	if (slot != FOLIO_NONE) {
		*anon_free(s) = s->folios[slot].shadow;
	} else {
		if (s->nr_folios == s->cap_folios) {
			uint32_t anon = s->nr_folios - s->anon_first;
			uint32_t grow = MAX(1024u, anon);

			s->cap_folios += MIN(grow, UINT32_MAX - s->cap_folios);
			s->folios = g_renew(struct folio, s->folios, s->cap_folios);
			s->anon = g_renew(struct anon_slot, s->anon, s->cap_folios - s->anon_first);
		}
		slot = s->nr_folios++;
	}
	s->folios[slot] = (struct folio){ .flags = PG_resident | PG_anon | PG_swapbacked,
					  .memcg = vma->mm->memcg };
	a = &s->anon[slot - s->anon_first];
	a->av = vma->av;
	a->av->refs++;
	a->index = vma->anon_pgoff + (vpn - vma->start);
	a->pid = vma->mm->pid;
	a->nr_swap = 0;
	return slot;
}

void anon_slot_free(struct sim *s, uint32_t slot)
{
	anon_vma_put(s->anon[slot - s->anon_first].av);
	s->anon[slot - s->anon_first].av = NULL;
	s->folios[slot] = (struct folio){ .shadow = *anon_free(s) };
	*anon_free(s) = slot;
}

/* copy_present_ptes(), copy_nonpresent_pte() of one PTE of @pt to @ct, in the child */
static void fork_pte(struct sim *s, const struct vma *pvma, const struct vma *cvma,
		     struct pte_table *pt, struct pte_table *ct, uint32_t vpn)
{
	const uint32_t i = vpn % PTRS_PER_PTE;
	uint8_t pte = pte_get(pt, i);

	if (pte & PTE_swap) {
		s->anon[pt->anon[i] - s->anon_first].nr_swap++;
		pte_set(pt, i, PTE_swap);
		pte_set_anon(ct, i, pt->anon[i], PTE_swap);
		return;
	}
	/* write-protect private pages in both, the child's copy is old */
	if (!(pvma->flags & VM_SHARED))
		pte_set(pt, i, pte &= (uint8_t)~PTE_write);
	else
		pte &= (uint8_t)~PTE_dirty;
	pte &= (uint8_t)~PTE_young;
	if (!(pte & PTE_zero))
		folio_add_rmap_ptes(s, cvma->mm, pte_slot(s, pvma, pt, vpn), 1);
	if (pte & PTE_anon)
		pte_set_anon(ct, i, pt->anon[i], pte);
	else
		pte_set(ct, i, pte);
}

static void fork_vma_ptes(struct sim *s, const struct vma *pvma, const struct vma *cvma)
{
	for (uint64_t vpn = pvma->start; vpn < (uint64_t)pvma->start + vma_pages(pvma);) {
		struct pte_table *pt = pte_lookup(pvma->mm, (uint32_t)vpn);
		uint64_t stop = MIN((vpn / PTRS_PER_PTE + 1) * PTRS_PER_PTE,
				    (uint64_t)pvma->start + vma_pages(pvma));
		struct pte_table *ct;

		/* copy_huge_pmd(): faults can rebuild the PMD entry */
		if (pt && !pt->table)
			pt = NULL;
		ct = pt ? pte_alloc(s, cvma->mm, (uint32_t)vpn) : NULL;
		if (ct)
			ct->used = true;

		for (uint64_t at = vpn; pt && (at = pte_next_vpn(pt, at, stop)) < stop; at++)
			fork_pte(s, pvma, cvma, pt, ct, (uint32_t)at);
		vpn = stop;
	}
}

void clear_refs(struct sim *s, struct mm *mm)
{
	for (guint i = 0; i < mm->vmas->len; i++) {
		const struct vma *vma = mm->vmas->pdata[i];
		uint64_t end = (uint64_t)vma->start + vma_pages(vma);

		for (uint64_t vpn = vma->start; vpn < end; vpn++) {
			struct pte_table *pt = pte_lookup(mm, (uint32_t)vpn);
			const uint32_t idx = (uint32_t)vpn % PTRS_PER_PTE;
			uint32_t slot;

			if (!pt || !pte_has_folio(pt, idx))
				continue;
			pte_take_young(pt, idx, idx + 1);
			if (pt->huge)
				pt->young = false;
			slot = folio_head(s->folios, pte_slot(s, vma, pt, (uint32_t)vpn));
			s->folios[slot].young = false;
			if (s->folios[slot].flags & PG_referenced) {
				uint16_t before = s->folios[slot].flags;

				s->folios[slot].flags &= (uint16_t)~PG_referenced;
				note(s, slot, CLEAR_REFS, before);
			}
		}
	}
}

static void share_open(gpointer key, gpointer value, gpointer opens)
{
	struct file_open *open = value;

	open->refs++;
	g_hash_table_insert(opens, key, open);
}

void mm_fork(struct sim *s, struct mm *parent, struct mm *child)
{
	child->has_adj = parent->has_adj;
	child->oom_score_adj = parent->oom_score_adj;
	g_hash_table_foreach(parent->opens, share_open, child->opens);
	for (guint i = 0; i < parent->vmas->len; i++) {
		struct vma *pvma = parent->vmas->pdata[i];
		struct vma *cvma = vma_add(s, child, pvma, pvma->open ? pvma : NULL);

		cvma->flags &= ~(uint32_t)VM_LOCKED;
		/* vma_needs_copy(): do not copy page tables that faults can
		 * rebuild */
		if (pvma->av) {
			anon_vma_fork(s, cvma, pvma);
			fork_vma_ptes(s, pvma, cvma);
		}
	}
}
