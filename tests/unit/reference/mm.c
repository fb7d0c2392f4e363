// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces. After kernel/fork.c, mm/vma.c and mm/madvise.c.
 *
 * Approximation shared with sim/: one open file for each process and file.
 */
#include "tests/unit/reference/internal.h"

#include <string.h>

#include <glib.h>

#define NR_PROCESS_KERNEL_PAGES 19 /* a stack, slab, and tables of fixed mappings */

/* Processes and page tables */

struct ref_proc *ref_proc(struct ref *r, uint32_t pid)
{
	for (int i = 0; i < REF_PROCS_MAX; i++)
		if (r->procs[i].used && r->procs[i].pid == pid)
			return &r->procs[i];
	return NULL;
}

struct ref_vma *ref_find_vma(struct ref_proc *p, uint64_t at)
{
	for (int i = 0; i < p->nr_vmas; i++)
		if (p->vmas[i].start <= at && at < p->vmas[i].end)
			return &p->vmas[i];
	return NULL;
}

void ref_pte_alloc(struct ref *r, struct ref_proc *p, uint64_t at)
{
	struct ref_table *t = &p->tables[at / 512];

	if (r->objcg)
		ref_new_upper_tables(r, p, at);
	if (t->exists)
		return;
	/* _PAGE_TABLE has _PAGE_ACCESSED */
	ref_new_table(r, t);
	t->exists = t->young = true;
}

static void free_pgtables(struct ref *r, struct ref_proc *p)
{
	for (int i = 0; i < REF_VPNS / 512; i++)
		if (p->tables[i].exists)
			ref_free_kernel_page(r);
	/* and those of what else a process maps */
	for (int m = 0; r->objcg && m < r->nr_memcgs; m++)
		ref_free_tables(r, m,
				ref_nr_tables(r, p, m) + (m != p->objcg ? 0
							  : p->forked	? 9
									: 3));
	memset(p->tables, 0, sizeof(p->tables));
}

/* Mappings */

static bool on_fuse(const struct ref *r, uint32_t file)
{
	return r->m.file_system == FS_FUSE && !ref_is_shmem(r, file);
}

/* fput() */
static void put_open(struct ref *r, int open)
{
	const int memcg = open >= 0 ? r->opens[open].memcg : 0;

	if (open < 0 || --r->opens[open].refs)
		return;
	ref_free_object(r, memcg, REF_FILE);
	if (on_fuse(r, r->opens[open].file)) {
		ref_free_object(r, memcg, REF_FUSE_FILE);
		ref_free_object(r, memcg, REF_FUSE_FILE_ARGS);
	}
}

/* vm_area_free() */
static void free_vma(struct ref *r, struct ref_vma *v)
{
	ref_free_anon_vma(r, v);
	put_open(r, v->open);
	ref_free_object(r, v->memcg, REF_VMA);
}

static struct ref_vma *vma_insert(struct ref *r, struct ref_proc *p, struct ref_vma v)
{
	int at = 0;

	v.memcg = ref_current_objcg(r);
	ref_new_object(r, v.memcg, REF_VMA);
	if (v.open >= 0)
		r->opens[v.open].refs++;
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

/* split the VMA that contains @at */
static void split_vma(struct ref *r, struct ref_proc *p, uint64_t at)
{
	struct ref_vma *v = ref_find_vma(p, at), tail;

	if (!v || v->start == at)
		return;
	/* vma_adjust_trans_huge() */
	if (at % 512)
		ref_split_huge_pmd(r, p, at);
	tail = *v;
	tail.pgoff += v->anon ? 0 : (uint32_t)(at - v->start);
	tail.anon_pgoff += at - v->start;
	tail.start = v->end = at;
	v->id = v->anon_id = ++r->nr_ids; /* vma_complete() */
	v = vma_insert(r, p, tail);
	if (v->anon_vma) /* anon_vma_clone() */
		ref_new_anon_vma_chains(r, v);
}

/* is_mergeable_vma(), and the check of offsets in can_vma_merge_after() */
static bool goes_on(const struct ref_vma *a, const struct ref_vma *b)
{
	if (a->end != b->start || a->anon != b->anon ||
	    b->anon_pgoff - a->anon_pgoff != a->end - a->start)
		return false;
	if (a->shared != b->shared || a->read != b->read || a->write != b->write ||
	    a->exec != b->exec || a->random != b->random || a->sequential != b->sequential ||
	    a->noreuse != b->noreuse || a->hugepage != b->hugepage ||
	    a->nohugepage != b->nohugepage || a->locked != b->locked)
		return false;
	return a->anon || (a->open == b->open && b->pgoff - a->pgoff == a->end - a->start);
}

/* is_mergeable_anon_vma(): a VMA passes its anon_vma to one that has none, unless fork()
 * created it */
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
	v->id = v->anon_id = ++r->nr_ids;
	if (!v->anon_vma && next->anon_vma) {
		v->anon_vma = true;
		v->anon_root = next->anon_root;
		ref_new_anon_vma_chains(r, v); /* dup_anon_vma() */
	}
	free_vma(r, next);
	p->nr_vmas--;
	memmove(next, next + 1, (size_t)(p->nr_vmas - i - 1) * sizeof(*v));
}

/* vma_merge_new_range(), vma_merge_existing_range() of the VMA at @at */
static void merge_vma(struct ref *r, struct ref_proc *p, uint64_t at)
{
	const int i = (int)(ref_find_vma(p, at) - p->vmas);
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

/* is a mapping left in the block of 2^@shift pages that page @at is in? */
static bool is_mapped(const struct ref *r, const struct ref_proc *p, uint64_t at, int shift)
{
	for (int i = 0; i < p->nr_vmas; i++)
		if ((r->base + p->vmas[i].start) >> shift <= (r->base + at) >> shift &&
		    (r->base + p->vmas[i].end - 1) >> shift >= (r->base + at) >> shift)
			return true;
	return false;
}

/* free_pgtables() of what is unmapped: a table goes with the last mapping in its block */
static void unmap_pgtables(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end)
{
	int before[REF_MEMCGS] = { 0 };

	for (int m = 0; r->objcg && m < r->nr_memcgs; m++)
		before[m] = ref_nr_tables(r, p, m);

	for (uint64_t at = start / 512 * 512; at < end; at += 512) {
		struct ref_table *t = &p->tables[at / 512];

		if (is_mapped(r, p, at, 9))
			continue;
		if (t->exists)
			ref_free_kernel_page(r);
		*t = (struct ref_table){ .upper = t->upper,
					 .top = t->top,
					 .upper_memcg = t->upper_memcg,
					 .top_memcg = t->top_memcg,
					 .in_filter = { t->in_filter[0], t->in_filter[1] } };
	}
	for (int i = 0; i < REF_VPNS / 512; i++) {
		struct ref_table *t = &p->tables[i];

		if (!is_mapped(r, p, (uint64_t)i * 512, 18))
			*t = (struct ref_table){ .top = t->top, .top_memcg = t->top_memcg };
		t->top = t->top && is_mapped(r, p, (uint64_t)i * 512, 27);
	}
	for (int m = 0; r->objcg && m < r->nr_memcgs; m++)
		ref_free_tables(r, m, before[m] - ref_nr_tables(r, p, m));
}

void ref_do_munmap(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end)
{
	struct ref_zap z = ref_zap_begin(r, p, false, 0);
	bool drained = false;

	split_vma(r, p, start);
	split_vma(r, p, end);
	for (int i = 0; i < p->nr_vmas; i++) {
		if (p->vmas[i].start < start || p->vmas[i].end > end)
			continue;
		/* vms_clear_ptes(), if there is something to unmap */
		if (r->v6_12 && !drained)
			ref_lru_add_drain_cpu(r, p->cpu);
		drained = true;
		ref_zap_vma(r, &z, p, &p->vmas[i]);
	}
	ref_tlb_flush_mmu(r, &z);
	for (int i = 0; i < p->nr_vmas; i++) {
		if (p->vmas[i].start < start || p->vmas[i].end > end)
			continue;
		free_vma(r, &p->vmas[i]);
		p->nr_vmas--;
		memmove(p->vmas + i, p->vmas + i + 1,
			(size_t)(p->nr_vmas - i) * sizeof(p->vmas[0]));
		i--;
	}
	unmap_pgtables(r, p, start, end);
}

/* do_sys_open() */
static int new_open(struct ref *r, uint32_t file)
{
	if (r->nr_opens == REF_OPENS_MAX) {
		r->broken = true;
		r->nr_opens--;
	}
	ref_new_object(r, ref_current_objcg(r), REF_FILE);
	if (on_fuse(r, file)) {
		ref_new_object(r, ref_current_objcg(r), REF_FUSE_FILE);
		ref_new_object(r, ref_current_objcg(r), REF_FUSE_FILE_ARGS);
	}
	r->opens[r->nr_opens] = (struct ref_open){ .file = file,
						   .memcg = ref_current_objcg(r),
						   .prev_page = -1,
						   .ra_pages = r->m.readahead_pages };
	return r->nr_opens++;
}

/* the file description that the process reads @file through, see FORMAT.md */
int ref_open_file(struct ref *r, struct ref_proc *p, uint32_t file)
{
	if (p->open_of[file] < 0) {
		p->open_of[file] = new_open(r, file);
		r->opens[p->open_of[file]].refs++;
	}
	return p->open_of[file];
}

void ref_do_mmap(struct ref *r, struct ref_proc *p, const struct op *op, uint64_t start)
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
			   ((op->flags & VM_ANON) || !ref_is_shmem(r, op->file)),
		.file = op->file,
		.pgoff = op->pgoff,
		.anon_pgoff = start,
		.open = -1,
	};

	if (!v.anon)
		v.open = ref_open_file(r, p, op->file);
	/* these mappings have their own file description, see FORMAT.md */
	if (!v.anon && op->flags & (VM_NOREUSE | VM_READONLY))
		v.open = new_open(r, op->file);
	else if (!v.anon && r->opens[v.open].noreuse)
		v.noreuse = true;
	ref_do_munmap(r, p, v.start, v.end);
	vma_insert(r, p, v);
	merge_vma(r, p, start);
}

/* move_page_tables(): PTE by PTE, or all of a page table if both places are aligned, and then
 * the table goes along */
static void move_ptes(struct ref *r, struct ref_proc *p, uint64_t from, uint64_t to, uint64_t nr)
{
	for (uint64_t i = 0, n; i < nr; i += n) {
		struct ref_table *old = &p->tables[(from + i) / 512];
		struct ref_table *new = &p->tables[(to + i) / 512], was;

		n = MIN(MIN(512 - (from + i) % 512, 512 - (to + i) % 512), nr - i);
		if (!old->exists && !old->huge)
			continue;
		if (n == 512) {
			if (r->objcg)
				ref_new_upper_tables(r, p, to + i);
			if (!new->exists && !new->huge) {
				was = *old;
				*old = (struct ref_table){ .upper = old->upper,
							   .top = old->top,
							   .upper_memcg = old->upper_memcg,
							   .top_memcg = old->top_memcg };
				memcpy(old->in_filter, was.in_filter, sizeof(was.in_filter));
				was.upper = new->upper;
				was.top = new->top;
				was.upper_memcg = new->upper_memcg;
				was.top_memcg = new->top_memcg;
				memcpy(was.in_filter, new->in_filter, sizeof(was.in_filter));
				*new = was;
				memcpy(&p->ptes[to + i], &p->ptes[from + i],
				       n * sizeof(p->ptes[0]));
				memset(&p->ptes[from + i], 0, n * sizeof(p->ptes[0]));
				continue;
			}
		}
		if (old->huge) {
			ref_split_huge_pmd(r, p, from + i);
			continue;
		}
		ref_pte_alloc(r, p, to + i);
		new->populated = true;
		memcpy(&p->ptes[to + i], &p->ptes[from + i], n * sizeof(p->ptes[0]));
		memset(&p->ptes[from + i], 0, n * sizeof(p->ptes[0]));
	}
}

/* mremap_to(), shrink_vma(), expand_vma_in_place(), move_vma() */
static void do_mremap(struct ref *r, struct ref_proc *p, uint64_t from, uint64_t nr, uint64_t to,
		      uint64_t new_nr)
{
	struct ref_vma v, *vma;

	if (to != from)
		ref_do_munmap(r, p, to, to + new_nr);
	if (new_nr < nr)
		ref_do_munmap(r, p, from + new_nr, from + nr);
	nr = MIN(nr, new_nr);
	vma = ref_find_vma(p, from);
	if (to == from) {
		if (new_nr == nr)
			return;
		vma->end = to + new_nr;
		vma->id = vma->anon_id = ++r->nr_ids;
		merge_vma(r, p, from);
		return;
	}
	/* copy_vma() */
	v = *vma;
	v.pgoff += v.anon ? 0 : (uint32_t)(from - v.start);
	v.anon_pgoff = v.anon_vma ? v.anon_pgoff + from - v.start : to;
	v.start = to;
	v.end = to + new_nr;
	vma = vma_insert(r, p, v);
	if (v.anon_vma)
		ref_new_anon_vma_chains(r, vma);
	move_ptes(r, p, from, to, nr);
	ref_do_munmap(r, p, from, from + nr);
	merge_vma(r, p, to);
}

bool ref_do_mremap(struct ref *r, struct ref_proc *p, uint64_t from, uint64_t nr, uint64_t to,
		   uint64_t new_nr)
{
	const bool locked = ref_find_vma(p, from)->locked;

	do_mremap(r, p, from, nr, to, new_nr);
	return !locked || new_nr <= nr || ref_mm_populate(r, p, to + nr, to + new_nr);
}

/* madvise_vma_behavior(): a VMA that has the advice already is neither split nor merged */
void ref_do_madvise(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end,
		    uint32_t advice)
{
	for (uint64_t at = start; at < end;) {
		struct ref_vma *v = ref_find_vma(p, at), new = *v;
		uint64_t stop = MIN(v->end, end);

		if (advice == MADVISE_HUGEPAGE || advice == MADVISE_NOHUGEPAGE) {
			new.hugepage = advice == MADVISE_HUGEPAGE;
			new.nohugepage = !new.hugepage;
		} else {
			new.random = advice &VM_RAND_READ;
			new.sequential = advice &VM_SEQ_READ;
		}
		if (v->random != new.random || v->sequential != new.sequential ||
		    v->hugepage != new.hugepage || v->nohugepage != new.nohugepage) {
			split_vma(r, p, at);
			split_vma(r, p, stop);
			v = ref_find_vma(p, at);
			v->random = new.random;
			v->sequential = new.sequential;
			v->hugepage = new.hugepage;
			v->nohugepage = new.nohugepage;
			merge_vma(r, p, at);
		}
		at = stop;
	}
}

void ref_vma_set_locked(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end,
			bool locked)
{
	split_vma(r, p, start);
	split_vma(r, p, end);
	ref_find_vma(p, start)->locked = locked;
	merge_vma(r, p, start);
}

/* fork, exec */

void ref_lru_gen_add_mm(struct ref *r, struct ref_proc *p)
{
	p->mm_id = ++r->nr_mms;
	p->mm_is_new = true;
}

void ref_cgroup_attach(struct ref *r, struct ref_proc *p, int memcg)
{
	if (p->memcg == memcg)
		return;
	/* lru_gen_migrate_mm(): another list, and other filters */
	p->memcg = memcg;
	ref_lru_gen_add_mm(r, p);
	for (int i = 0; i < REF_VPNS / 512; i++)
		p->tables[i].in_filter[0] = p->tables[i].in_filter[1] = false;
}

struct ref_proc *ref_new_proc(struct ref *r, uint32_t pid, uint32_t cpu,
			      const struct ref_proc *parent)
{
	if (r->objcg && !parent) /* it begins after it came to its CPU */
		r->this_cpu = cpu % r->m.cpus;
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
		p->forked = parent != NULL;
		p->memcg = parent ? parent->memcg : r->first_cgroup;
		p->cpu = cpu % r->m.cpus;
		ref_charge_process(r, p);
		p->open_of = g_new(int, r->t->nr_files + 1);
		for (uint32_t f = 0; f < r->t->nr_files; f++)
			p->open_of[f] = -1;
		return p;
	}
	r->broken = true;
	return &r->procs[0];
}

/* exit_mmap() without what it unmaps, exit_files() */
static void exit_mm_files(struct ref *r, struct ref_proc *p)
{
	for (int i = 0; i < p->nr_vmas; i++)
		free_vma(r, &p->vmas[i]);
	p->nr_vmas = 0;
	free_pgtables(r, p);
	for (uint32_t f = 0; f < r->t->nr_files; f++)
		put_open(r, p->open_of[f]);
}

void ref_free_process(struct ref *r, struct ref_proc *p)
{
	exit_mm_files(r, p);
	for (int i = 0; i < NR_PROCESS_KERNEL_PAGES; i++)
		ref_free_kernel_page(r);
	ref_uncharge_process(r, p);
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
void ref_do_fork(struct ref *r, struct ref_proc *parent, struct ref_proc *child)
{
	memcpy(child->open_of, parent->open_of, r->t->nr_files * sizeof(int));
	for (uint32_t f = 0; f < r->t->nr_files; f++)
		if (child->open_of[f] >= 0)
			r->opens[child->open_of[f]].refs++;
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

		/* vm_area_dup() */
		child->vmas[i].memcg = ref_current_objcg(r);
		ref_new_object(r, child->vmas[i].memcg, REF_VMA);
		if (v->open >= 0)
			r->opens[v->open].refs++;
		child->vmas[i].locked = false;
		if (v->anon_vma) { /* anon_vma_fork() */
			ref_new_anon_vma(r, child->vmas[i].anon_root, v->anon_root);
			ref_new_anon_vma_chains(r, &child->vmas[i]);
		}
		/* vma_needs_copy() */
		for (uint64_t at = v->start; v->anon_vma && at < v->end; at++) {
			struct ref_pte *pte = &parent->ptes[at];

			/* copy_pte_range() */
			if (!parent->tables[at / 512].exists)
				continue; /* no table, or a huge PMD, which is not copied */
			ref_pte_alloc(r, child, at);
			child->tables[at / 512].populated = true;
			pte->exclusive = false;
			if (pte->present && !v->shared)
				pte->write = false;
			if (pte->present && !pte->zero)
				ref_add_rmap(r, child, pte->page, 1);
			child->ptes[at] = *pte;
			child->ptes[at].young = false;
			if (v->shared)
				child->ptes[at].dirty = false;
		}
	}
}

/* dup_mmap() that fails after it copied all mappings of the trace: it unmaps the copies
 * itself, before it sets MMF_UNSTABLE and while mm_users is 1. v6 sets MMF_UNSTABLE and
 * leaves the copies to exit_mmap(). */
void ref_do_fork_fail(struct ref *r, struct ref_proc *parent)
{
	struct ref_proc *child = ref_new_proc(r, UINT32_MAX, parent->cpu, parent);
	struct ref_zap z;

	ref_do_fork(r, parent, child);
	if (r->v6) {
		child->unstable = true;
		ref_exit_mmap(r, child);
		ref_free_process(r, child);
		return;
	}
	z = ref_zap_begin(r, child, false, 0);
	for (int i = 0; i < child->nr_vmas; i++)
		ref_zap_vma(r, &z, child, &child->vmas[i]);
	ref_tlb_flush_mmu(r, &z);
	ref_free_process(r, child);
}

/* clear_refs_pte_range() */
void ref_do_clear_refs(struct ref *r, struct ref_proc *p)
{
	for (int i = 0; i < REF_VPNS / 512; i++) {
		if (!p->tables[i].huge)
			continue;
		p->tables[i].young = false;
		r->pages[p->tables[i].folio].young = false;
		r->pages[p->tables[i].folio].referenced = false;
	}
	for (int at = 0; at < REF_VPNS; at++) {
		struct ref_pte *pte = &p->ptes[at];

		if (!pte->present || pte->zero)
			continue;
		pte->young = false;
		r->pages[ref_folio(r, pte->page)].referenced = false;
		r->pages[ref_folio(r, pte->page)].young = false;
	}
}

void ref_do_exec(struct ref *r, struct ref_proc *p)
{
	struct ref_proc *new = g_new0(struct ref_proc, 1); /* too large for the stack */

	/* the player: a new process, then the old one's end */
	new->memcg = p->memcg;
	ref_charge_process(r, new);
	ref_exit_mmap(r, p);
	exit_mm_files(r, p);
	ref_uncharge_process(r, p);
	p->forked = false;
	p->objcg = new->objcg;
	g_free(new);
	p->dying = p->unstable = false;
	ref_lru_gen_add_mm(r, p);
	for (uint32_t f = 0; f < r->t->nr_files; f++)
		p->open_of[f] = -1;
}
