/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes, their mappings and page tables (sim/mm/pgtable.h).
 */
#ifndef REAPSIM_MM_H
#define REAPSIM_MM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/mm/anon_vma.h"
#include "sim/mm/interval_tree.h"
#include "sim/mm/pgtable.h"
#include "sim/mm/slots.h"
#include "sim/state.h"

struct task;

/**
 * struct file_open - v7.3 struct file: the readahead state of one open file.
 * There is one per (process, file), shared with children that inherit it, and one
 * for each mapping that has its own descriptor by FORMAT.md. The kernel has one
 * per open(2): if a program opens a file twice, the kernel has two states and the
 * simulator one.
 */
struct file_open {
	uint32_t file;
	uint32_t refs;
	/* struct file_ra_state */
	uint32_t start, size, async_size;
	uint32_t ra_pages;
	uint32_t mmap_miss;
	uint64_t prev_end; /* page after the last one read */
	uint8_t order;
	uint8_t memcg;	      /* index of the one that it is charged to */
	bool random, noreuse; /* FMODE_RANDOM, FMODE_NOREUSE */
};

#define FILE_NEVER_READ (UINT64_MAX / 2)

/** struct vma - a mapping [start, end) in virtual page numbers. */
struct vma {
	uint32_t start, end; /* end may be 0 for 2^32: use vma_pages() */
	uint32_t pgoff;
	/* what stands for @start in anon_slot.index: the address where the VMA was when its
	 * first anon page appeared (v7.3 vma.anon_pgoff; v6.12 and v6.18 take pgoff) */
	uint32_t anon_pgoff;
	uint32_t file;	/* unless VM_ANON */
	uint32_t flags; /* enum vm_flags */
	struct mm *mm;
	struct file_open *open;
	struct anon_vma *av;	      /* not NULL once it has had anon pages */
	struct anon_own *own;	      /* not NULL if @av is not */
	uint8_t memcg, chains_memcg;  /* indexes of those that it, and its chains, are charged to */
	struct interval_node in_file; /* of file_state.mappings */
	struct interval_node in_anon; /* of av->vmas */
};

/** struct mm - a process and its address space; one thread, one mm. */
struct mm {
	uint32_t pid;
	unsigned int cpu;
	bool unstable; /* MMF_UNSTABLE */
	bool dying;    /* mm_users == 0 */
	bool opted_in;
	bool forked;   /* by a process of the trace; else from outside */
	bool has_adj;  /* the trace, or that of a parent, sets oom_score_adj */
	uint8_t memcg; /* index in sim.memcg: what it is charged to */
	uint8_t objcg; /* and what it was charged to itself when it began */
	int16_t oom_score_adj;
	/* only in a timed run: */
	bool killed;	       /* SIGKILL is pending */
	bool oom_victim;       /* tsk_is_oom_victim() */
	uint32_t rank;	       /* order of processes: of equals the OOM killer takes the later */
	struct task *task;     /* the one in an operation of this process */
	uint32_t nr_advisers;  /* tasks of others in do_madvise(): they hold mmap_lock */
	struct mm_user *users; /* tasks that use it (sim/mm/task.c) */
	bool ran;	       /* lru_gen_use_mm(): it ran since the last page-table walk */
	void *lru;	       /* for the LRU model */
	GPtrArray *vmas;       /* sorted by address */
	uint32_t last;	       /* index of the VMA found last */
	GHashTable *opens;     /* file -> struct file_open */
	struct file_open *last_open;
	struct pud_table *pgd[PTRS_PER_PGD];
};

/** v7.3 fatal_signal_pending(): true if the process of the current operation was killed. */
static inline bool fatal_signal_pending(const struct sim *s)
{
	return s->replay.mm && s->replay.mm->killed;
}

/** @parent: process of the trace that forks it; NULL: somebody outside does. */
struct mm *mm_new(struct sim *s, uint32_t pid, unsigned int cpu, const struct mm *parent);
/** Free an mm whose pages are all unmapped, and remove its VMAs from their trees. */
void mm_free(struct sim *s, struct mm *mm);
/** Make a complete new process visible: reclaim may look at its page tables from now on. */
void mm_list_add(struct sim *s, struct mm *mm);
/** And do not any more. */
void mm_list_del(struct sim *s, struct mm *mm);
/** exec_mmap(): unmap all, drop mappings, page tables and open files; keep the process. */
void mm_exec(struct sim *s, struct mm *mm);

/** The VMA that holds @vpn, or NULL. */
struct vma *vma_find(struct mm *mm, uint32_t vpn);
/** Index of the first VMA that ends after @vpn (maybe ->len). */
uint32_t vma_index(const struct mm *mm, uint32_t vpn);
/** Insert; the range must be free. */
struct vma *vma_insert(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages, uint32_t flags,
		       uint32_t file, uint32_t pgoff, struct file_open *open);
/** Merge the VMA that holds @vpn, which is new or has new flags, with neighbours that have
 * the same attributes and continue the same range of the file. */
void vma_merge(struct sim *s, struct mm *mm, uint32_t vpn);
/** Split VMAs so that [start, start + pages) begins and ends at VMA boundaries (__split_vma()). */
void vma_split_range(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages);
/** vma_modify_flags(): of one VMA, [start, start + pages) gets @flags for what it has of @mask.
 * Return: the VMA that holds @start then. */
struct vma *vma_modify_flags(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages,
			     uint32_t mask, uint32_t flags);

/** struct free_tables - page tables that are gone.
 * @nr_pte: how many of those of the lowest level
 * @nr: how many of all levels, by the memcg that is charged for them
 */
struct free_tables {
	unsigned int nr_pte, nr[NR_MEMCGS];
};

/** The page-table page is gone, if there is one, and the anon slots. */
void pte_free(struct pte_table *pt, struct free_tables *free);
/** Free a table of PMDs with all page tables. */
void pmd_free(struct pmd_table *pmd, struct free_tables *free);
/** tlb_remove_table(): they are kernel memory of memcgs or pages of the machine. */
void tables_uncharge(struct sim *s, const struct free_tables *free);
/** Remove all VMAs of a range. The caller has split and unmapped it. */
void vma_remove_range(struct sim *s, struct mm *mm, uint32_t start, uint32_t pages);

/** Allocate an open file, to which nothing refers yet. */
struct file_open *file_open_new(struct sim *s, uint32_t file);
/** The open file of @mm for @file, allocated if there is none. Return: NULL if there is none,
 * and the file has no name any more (a trace that passed trace_check() does not open it then). */
struct file_open *mm_open(struct sim *s, struct mm *mm, uint32_t file);

/** The page-table page of @vpn, or NULL. */
static inline struct pte_table *pte_lookup(const struct mm *mm, uint32_t vpn)
{
	const struct pud_table *pud = mm->pgd[vpn >> PGDIR_SHIFT];
	const struct pmd_table *pmd = pud ? pud->pmd[vpn >> PUD_SHIFT & (PTRS_PER_PUD - 1)] : NULL;

	return pmd ? pmd->pte[vpn >> PMD_SHIFT & (PTRS_PER_PMD - 1)] : NULL;
}

/** The PMD entry of @vpn: where struct pte_table is. The tables above it are allocated. */
struct pte_table **pmd_alloc(struct sim *s, struct mm *mm, uint32_t vpn);
/** The page-table page of @vpn, allocated if there is none. */
struct pte_table *__pte_alloc(struct sim *s, struct mm *mm, uint32_t vpn);
static inline struct pte_table *pte_alloc(struct sim *s, struct mm *mm, uint32_t vpn)
{
	struct pte_table *pt = pte_lookup(mm, vpn);

	return pt && pt->table ? pt : __pte_alloc(s, mm, vpn);
}
/** The memory of its page-table page. */
void table_alloc(struct sim *s, struct pte_table *pt);
void table_free(struct sim *s, const struct pte_table *pt);

/** The slot that a present PTE maps, unless it maps the zero page. */
static inline uint32_t pte_slot(const struct sim *s, const struct vma *vma,
				const struct pte_table *pt, uint32_t vpn)
{
	const uint32_t idx = vpn % PTRS_PER_PTE;

	if (pt->more && (pt->more[idx] & PTE_anon))
		return pt->anon[idx];
	return file_slot(s, vma->file, vma->pgoff + (vpn - vma->start));
}

static inline uint32_t vma_pages(const struct vma *vma)
{
	return vma->end - vma->start;
}

/** The VMA of a node of file_state.mappings, and of anon_vma.vmas. */
static inline struct vma *vma_in_file(struct interval_node *n)
{
	return (struct vma *)(void *)((char *)n - offsetof(struct vma, in_file));
}

static inline struct vma *vma_in_anon(struct interval_node *n)
{
	return (struct vma *)(void *)((char *)n - offsetof(struct vma, in_anon));
}

/** v7.3 vma_has_recency() */
static inline bool vma_has_recency(const struct vma *vma)
{
	return !(vma->flags & (VM_RAND_READ | VM_SEQ_READ | VM_NOREUSE));
}

/** A new anon folio slot: resident, unmapped, not on a list. */
uint32_t anon_slot_new(struct sim *s, struct vma *vma, uint32_t vpn);
/** Put a slot back on the free list; the folio must be unreferenced. */
void anon_slot_free(struct sim *s, uint32_t slot);

/** @vma grows by @pages, which are free, and merges with what follows: vma_expand(). */
void vma_expand(struct sim *s, struct vma *vma, uint32_t pages);

/** clear_refs_write() of fs/proc: make the PTEs old and clear their folios' PG_referenced. */
void clear_refs(struct sim *s, struct mm *mm);

/** dup_mmap(): @child becomes a copy of @parent's address space. */
void mm_fork(struct sim *s, struct mm *parent, struct mm *child);

#endif
