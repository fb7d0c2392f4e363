/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files of the reference, file by file; mglru.h is that of MGLRU. A function
 * without a comment does what the kernel function of that name does.
 */
#ifndef REAPSIM_TESTS_REFERENCE_INTERNAL_H
#define REAPSIM_TESTS_REFERENCE_INTERNAL_H

#include "tests/unit/reference/reference.h"

/* GFP flags of an allocation: readahead passes __GFP_NORETRY and no __GFP_FS */
enum ref_gfp { REF_GFP_KERNEL, REF_GFP_READAHEAD, REF_GFP_NOWAIT, REF_GFP_NOFAIL };

/* struct scan_control */
struct ref_scan {
	uint64_t nr_to_reclaim, nr_reclaimed, nr_scanned;
	uint64_t anon_cost, file_cost;
	int priority, order;
	bool memcg, kswapd, nofs, proactive;
	unsigned int swappiness;
	bool ignore_references;
	bool deactivate[2];
	bool full_walk, force_deactivate, skipped_deactivate;
	bool cache_trim_mode, no_cache_trim_mode, cache_trim_mode_failed;
	bool file_is_tiny;
	bool mm_walk, need_rotate; /* MGLRU */
	uint64_t pass_began;	   /* nr_reclaimed at that time */
};

/* state of one walk that unmaps */
struct ref_zap {
	bool reaping, dying;
	bool skip, evict; /* does the policy apply to this walk? */
	const struct ref_proc *p;
};

#define for_each_mapping(r, proc, vma)                                                             \
	for (struct ref_proc *proc = (r)->procs; proc < (r)->procs + REF_PROCS_MAX; proc++)        \
		for (struct ref_vma *vma = proc->vmas;                                             \
		     proc->used && vma < proc->vmas + proc->nr_vmas; vma++)

/* replay.c */

void ref_count(struct ref *r, enum vmstat_item item, uint64_t n);

/* mm.c */

/** The process with that pid, or NULL. */
struct ref_proc *ref_proc(struct ref *r, uint32_t pid);
/** The mapping that contains @at, or NULL. */
struct ref_vma *ref_find_vma(struct ref_proc *p, uint64_t at);
/** The page table for @at. */
void ref_pte_alloc(struct ref *r, struct ref_proc *p, uint64_t at);
void ref_do_munmap(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end);
/** The file description that the process reads @file through, see FORMAT.md. */
int ref_open_file(struct ref *r, struct ref_proc *p, uint32_t file);
void ref_do_mmap(struct ref *r, struct ref_proc *p, const struct op *op, uint64_t start);
void ref_do_madvise(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end,
		    uint32_t advice);
void ref_lru_gen_add_mm(struct ref *r, struct ref_proc *p);
/** cgroup.procs */
void ref_cgroup_attach(struct ref *r, struct ref_proc *p, int memcg);
struct ref_proc *ref_new_proc(struct ref *r, uint32_t pid, uint32_t cpu,
			      const struct ref_proc *parent);
void ref_free_process(struct ref *r, struct ref_proc *p);
void ref_do_fork(struct ref *r, struct ref_proc *parent, struct ref_proc *child);
void ref_do_fork_fail(struct ref *r, struct ref_proc *parent);
/** Return: false when out of memory. */
bool ref_do_mremap(struct ref *r, struct ref_proc *p, uint64_t from, uint64_t nr, uint64_t to,
		   uint64_t new_nr);
void ref_do_clear_refs(struct ref *r, struct ref_proc *p);
/** vma_modify_flags() of a range in one VMA. */
void ref_vma_set_locked(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end,
			bool locked);
void ref_do_exec(struct ref *r, struct ref_proc *p);

/* madvise.c */

/** madvise(), or process_madvise() by a task on this CPU. @advice: enum madvise. Return: false
 * when out of memory. */
bool ref_process_madvise(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end,
			 uint32_t advice);

/* large.c */

/** page_folio(): the head of the folio of @page, which is resident. */
int ref_folio(const struct ref *r, int page);
int ref_nr_pages(const struct ref *r, int folio);
/** folio_mapcount() */
int ref_folio_mapcount(const struct ref *r, int folio);
bool ref_folio_maybe_mapped_shared(const struct ref *r, int folio);
/** Make the pages from @folio on, all resident, one folio. */
void ref_prep_compound(struct ref *r, int folio, int order);
/** Undo this; its pages become free. */
void ref_free_compound(struct ref *r, int folio);
/** @nr PTEs of @p now map the pages from @page on; and no longer map them. */
void ref_add_rmap(struct ref *r, const struct ref_proc *p, int page, int nr);
void ref_remove_rmap(struct ref *r, const struct ref_proc *p, int page, int nr);
/** do_set_pmd(): try to map the folio by the PMD entry for @at. @pages: limit in the file.
 * Return: true if it is mapped. */
bool ref_do_set_pmd(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
		    int folio, uint64_t pages, bool write);
/** __split_huge_pmd(): unmaps a file folio. Does nothing unless the PMD is huge. */
void ref_split_huge_pmd(struct ref *r, struct ref_proc *p, uint64_t at);
/** folio_remove_rmap_pmd() */
void ref_remove_rmap_pmd(struct ref *r, const struct ref_proc *p, int folio);
/** folio_pte_batch(): number of PTEs from @at on, at most @max, that map consecutive pages of
 * one folio. */
int ref_pte_batch(const struct ref *r, const struct ref_proc *p, uint64_t at, int max);

/* rmap.c */

/** page_mapcount(): PTEs of the page, including those with a delayed rmap. */
int ref_mapcount(const struct ref *r, int page);
void ref_folio_mkclean(struct ref *r, int page);
/** Return: number of young PTEs, -1 if the page should be kept, or -2 if it is locked. */
int ref_folio_referenced(struct ref *r, const struct ref_scan *sc, int page, bool *exec);
/** @force: TTU_IGNORE_MLOCK */
void ref_try_to_unmap(struct ref *r, int page, bool force);
/** Are any of the folio's PTEs young? @clear: they are old from now on. */
bool ref_folio_young_ptes(struct ref *r, int folio, bool clear);

/* damon.c */

void ref_damon_start(struct ref *r);
/** What kdamond did until now. */
void ref_damon_run(struct ref *r);

/* fault.c */

/** Accesses through page tables. Return: false when out of memory. */
bool ref_touch(struct ref *r, struct ref_proc *p, uint64_t at, uint64_t nr, uint64_t stride,
	       bool write);
/** Split a large folio into single pages. Return: false if that can not be. */
bool ref_split_folio(struct ref *r, int folio, int at);

/* truncate.c */

bool ref_do_truncate(struct ref *r, struct ref_proc *p, uint32_t file, uint64_t size);
void ref_do_unlink(struct ref *r, uint32_t file);
void ref_do_rename(struct ref *r, struct ref_proc *p, uint32_t file, uint32_t other);
void ref_do_fsync(struct ref *r, struct ref_proc *p, uint32_t file);
/** posix_fadvise(POSIX_FADV_DONTNEED) of the pages [@from, @to) of a file. */
void ref_fadvise_dontneed(struct ref *r, unsigned int cpu, uint32_t file, uint64_t from,
			  uint64_t to);
void ref_do_fadvise(struct ref *r, struct ref_proc *p, int open, const struct op *op);
/** Evict the inodes of files that nobody has open or can open. */
void ref_fput(struct ref *r);

/** GUP for reading, with FOLL_TOUCH. */
bool ref_faultin_page_range(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end);
/** The same for populate_vma_page_range(). */
bool ref_populate_vma(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end, bool write);
/** swap_cache_read_folio(); false when out of memory. */
bool ref_swap_cache_read(struct ref *r, unsigned int cpu, int page);

/* mlock.c */

void ref_mlock_folio(struct ref *r, int folio);
void ref_mlock_new_folio(struct ref *r, int folio);
void ref_munlock_folio(struct ref *r, int folio);
void ref_mlock_drain(struct ref *r, unsigned int cpu);
/** What the batches have still to do with a folio that is truncated. */
void ref_mlock_forget(struct ref *r, int folio);
/** folio_putback_lru() in reclaim. */
void ref_folio_putback_lru(struct ref *r, int folio);
/** mlock() and munlock(). Return: false when out of memory. */
bool ref_do_mlock(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end, bool locked);
/** NR_UNEVICTABLE of the memcg at work. */
uint64_t ref_nr_unevictable(const struct ref *r);
bool ref_mm_populate(struct ref *r, struct ref_proc *p, uint64_t start, uint64_t end);

/* zap.c */

void ref_tlb_flush_mmu(struct ref *r, const struct ref_zap *z);
void ref_zap_range(struct ref *r, const struct ref_zap *z, struct ref_proc *p, struct ref_vma *v,
		   uint64_t start, uint64_t end);
void ref_zap_vma(struct ref *r, const struct ref_zap *z, struct ref_proc *p, struct ref_vma *v);
/** Drop a swap entry. */
void ref_zap_swap(struct ref *r, struct ref_pte *ptep);
void ref_exit_mmap(struct ref *r, struct ref_proc *p);
void ref_oom_reap_task_mm(struct ref *r, struct ref_proc *p, uint32_t flags);

/* reap.c */

/** Does the policy skip the mark of that folio? */
bool ref_policy_skips(const struct ref *r, const struct ref_zap *z, int folio);
/** The decision of the policy about one walk. */
struct ref_zap ref_zap_begin(const struct ref *r, const struct ref_proc *p, bool reaping,
			     uint32_t flags);

/* filemap.c */

uint64_t ref_nr_cache(const struct ref *r);
int ref_file_of(const struct ref *r, int page);
bool ref_is_shmem(const struct ref *r, uint32_t file);
int ref_file_page(const struct ref *r, uint32_t file, uint64_t pgoff);
enum ref_add { REF_ADDED, REF_EXISTS, REF_NO_MEMORY };

/** Add a folio of 2^@order pages. @write: it will be overwritten (__GFP_WRITE), so there is no
 * refault and no read. */
enum ref_add ref_filemap_add_large(struct ref *r, unsigned int cpu, int page, int order, bool write,
				   enum ref_gfp gfp);
/** The same for one page, which is not cached. */
bool ref_filemap_add_folio(struct ref *r, unsigned int cpu, int page, bool write, enum ref_gfp gfp);
unsigned int ref_max_order(const struct ref *r, uint32_t file);
/** The least that the file system reads, in pages. */
uint64_t ref_block_pages(const struct ref *r);
/** filemap_read_folio() of @page, which is in the cache. */
void ref_filemap_read_folio(struct ref *r, unsigned int cpu, int page);
/** Remove a page from the cache without leaving a shadow. */
void ref_filemap_drop(struct ref *r, int page);
/** One request to the device; the pages of the window are locked until it is done. */
void ref_device_read(struct ref *r, int first, uint64_t nr);
bool ref_filemap_read(struct ref *r, struct ref_proc *p, struct ref_open *ra, uint64_t at,
		      uint64_t nr);
bool ref_shmem_file_read(struct ref *r, struct ref_proc *p, uint32_t file, uint64_t at,
			 uint64_t nr);
bool ref_file_write(struct ref *r, struct ref_proc *p, uint32_t file, uint64_t at, uint64_t nr);
void ref_drop_pagecache(struct ref *r);

/* readahead.c */

void ref_page_cache_sync_ra(struct ref *r, unsigned int cpu, struct ref_open *ra, uint64_t index,
			    uint64_t req);
void ref_page_cache_async_ra(struct ref *r, unsigned int cpu, struct ref_open *ra, uint64_t index,
			     uint64_t req);
void ref_force_page_cache_ra(struct ref *r, unsigned int cpu, struct ref_open *ra, uint64_t index,
			     uint64_t nr);
/** Return: true if it read from the device, so that the lock was dropped. */
bool ref_do_sync_mmap_readahead(struct ref *r, unsigned int cpu, const struct ref_vma *v,
				uint64_t pgoff);
bool ref_do_async_mmap_readahead(struct ref *r, unsigned int cpu, const struct ref_vma *v,
				 uint64_t pgoff);

/* ext4.c */

void ref_create_buffers(struct ref *r, int folio);
void ref_free_buffers(struct ref *r, int folio);
bool ref_file_update_time(struct ref *r, unsigned int cpu, uint32_t file);

/* writeback.c */

uint64_t ref_nr_dirty(const struct ref *r);
/** __folio_mark_dirty() of a page with a device behind it. */
void ref_set_dirty(struct ref *r, int page);
void ref_folio_mark_dirty(struct ref *r, int page);
/** Write a dirty page, which is in the list of them or not any more. */
void ref_write_page(struct ref *r, int page);
/** It is not dirty, or in the list, any more. */
void ref_cancel_dirty(struct ref *r, int page);
/** The flusher writes the pages that have been dirty for @age_ns. */
void ref_flush(struct ref *r, uint64_t age_ns);
/** Reclaim found nothing but dirty pages; for a memcg the flusher runs when the task sleeps. */
void ref_wake_flusher(struct ref *r, const struct ref_scan *sc);
void ref_flusher_runs(struct ref *r);
/** A flush of statistics: balance_dirty_pages() of a memcg sees this many dirty pages from now on.
 */
void ref_see_dirty(struct ref *r);
/** Let time pass while no task runs. */
void ref_advance(struct ref *r, uint64_t ns);

/* list.c */

/** lruvec_lru_size(), exact; @list: REF_INACTIVE_ANON... */
uint64_t ref_lru_size(const struct ref *r, int list);
/** The following is about the memcg that @page belongs to. Return: the one before, for r->cg. */
struct ref_memcg *ref_enter(struct ref *r, int page);
/** node_page_state(): of all memcgs. */
uint64_t ref_node_size(struct ref *r, int list);
void ref_lruvec_add(struct ref *r, int page);
void ref_lruvec_add_tail(struct ref *r, int page);
void ref_lruvec_del(struct ref *r, int page);
/** list_add_tail() of a page to the list entry of @next: on the newer side of it. */
void ref_lruvec_add_before(struct ref *r, int page, int next);

/* batch.c */

/** References besides those of the cache, the page tables and the isolation. */
int ref_other_refs(const struct ref *r, int page);
/** folio_put() of an anon page: free it if there is no reference left. */
void ref_put_anon(struct ref *r, int page);
void ref_lru_add_drain_cpu(struct ref *r, unsigned int cpu);
void ref_lru_add_drain_all(struct ref *r);
void ref_folio_add_lru(struct ref *r, unsigned int cpu, int page);
void ref_folio_activate(struct ref *r, unsigned int cpu, int page);
void ref_folio_deactivate(struct ref *r, unsigned int cpu, int page);
void ref_folio_mark_lazyfree(struct ref *r, unsigned int cpu, int page);
bool ref_deactivate_file_folio(struct ref *r, unsigned int cpu, int page);
void ref_folio_mark_accessed(struct ref *r, unsigned int cpu, int page);
void ref_lru_move_tail(struct ref *r, int page);

/* xarray.c */

void ref_trees_init(struct ref *r);
void ref_trees_free(struct ref *r);
/** Charge the nodes that it will take, @nr of them. Return: false when out of memory. */
bool ref_tree_reserve(struct ref *r, int page, int order, enum ref_gfp gfp, int *nr);
/** Add a folio to the tree of its file; remove it and leave a shadow, or none. */
void ref_tree_add(struct ref *r, int page, int order);
void ref_tree_evict(struct ref *r, int page, int order);
void ref_tree_drop(struct ref *r, int page, int order);
/** A folio becomes single pages; the nodes are charged already. */
void ref_tree_split(struct ref *r, int page, int order);
/** Is the shadow at a page one of 64 pages? */
bool ref_shadow_is_large(struct ref *r, int page);
/** Clear the shadow at a page, and with it those of all pages that share it. */
void ref_tree_clear_shadow(struct ref *r, int page);
void ref_shrink_slab(struct ref *r, int priority);

/* workingset.c */

struct ref_shadow ref_workingset_eviction(struct ref *r, const struct ref_scan *sc, int page);
/** workingset_age_nonresident() of the memcg at work. */
void ref_age_nonresident(struct ref *r, uint64_t nr);
void ref_lru_note_cost(struct ref *r, bool file, uint64_t cost);
void ref_workingset_refault(struct ref *r, int page, struct ref_shadow s);

/* vmscan.c */

/** shrink_folio_list(). Return: number of pages that stay; they are moved to the front of
 * @pages. @nr_unqueued_dirty: set to the number of dirty pages for the flusher. */
int ref_shrink_folio_list(struct ref *r, struct ref_scan *sc, int *pages, int nr,
			  int *nr_unqueued_dirty);
/** Direct reclaim. Return: pages freed. */
unsigned int ref_sc_swappiness(const struct ref *r, const struct ref_scan *sc);
/* the counter of who reclaims, given that of kswapd */
enum vmstat_item ref_reclaimer(const struct ref *r, const struct ref_scan *sc,
			       enum vmstat_item kswapd);
void ref_drain_all_stock(struct ref *r);
/* Return: false if memory cannot be reclaimed */
bool ref_memory_max(struct ref *r, int memcg, uint64_t pages);
void ref_memory_reclaim(struct ref *r, int memcg, uint64_t pages, unsigned int swappiness);
uint64_t ref_try_to_free(struct ref *r, uint64_t nr, int order, bool readahead);
int ref_balance_pgdat(struct ref *r, int order);

/* swap.c */

uint64_t ref_nr_swap_pages(const struct ref *r);
bool ref_vm_swap_full(const struct ref *r);
/** Swap entries of the page, in all page tables. */
int ref_swap_count(const struct ref *r, int page);
bool ref_folio_free_swap(struct ref *r, int page);
void ref_free_swap_cache(struct ref *r, int page);

/* objcg.c */

/* reclaimable up to REF_BUFFER_HEAD */
enum ref_object {
	REF_XA_NODE,
	REF_BUFFER_HEAD,
	REF_FILE,
	REF_FUSE_FILE,
	REF_FUSE_FILE_ARGS,
	REF_VMA,
	REF_ANON_VMA,
	REF_ANON_VMA_CHAIN,
	REF_TASK,
	REF_EXEC_STATE,
	REF_CRED,
	REF_CRED_SECURITY,
	REF_FILES,
	REF_FS,
	REF_SIGHAND,
	REF_SIGNAL,
	REF_MM,
	REF_PID,
};

void ref_objcg_init(struct ref *r);
void ref_objcg_free(struct ref *r);
/** Of all slab objects of the memcg at work, as far as its statistics have them. */
uint64_t ref_slab_pages(const struct ref *r);
/** Bytes that are charged for it; 0: the kernel has no such object. */
uint64_t ref_sizeof(const struct ref *r, enum ref_object o);
/** drain_obj_stock() of a CPU, if it has something of the memcg at work. */
void ref_drain_obj_stock(struct ref *r, unsigned int cpu);
/** rcu_do_batch() */
void ref_rcu_callbacks(struct ref *r);
/** obj_cgroup_charge(). Return: false when out of memory. */
bool ref_charge_object(struct ref *r, int memcg, bool reclaimable, uint64_t size, enum ref_gfp gfp);
/** One that can not fail; these do nothing where kernel memory is not charged. */
void ref_new_object(struct ref *r, int memcg, enum ref_object o);
void ref_free_object(struct ref *r, int memcg, enum ref_object o);
void ref_free_object_rcu(struct ref *r, int memcg, enum ref_object o);
/** current_obj_cgroup(): the memcg of the process whose operation it is. */
int ref_current_objcg(const struct ref *r);
/** A page of a memcg. */
void ref_new_kernel_page(struct ref *r, int memcg);
/** A table of PTEs. */
void ref_new_table(struct ref *r, struct ref_table *t);
void ref_free_table(struct ref *r, const struct ref_table *t);
/** The ones above the one for @at; how many of all levels a memcg is charged for, of those that a
 * process has in its mappings; free @nr of them. */
void ref_new_upper_tables(struct ref *r, struct ref_proc *p, uint64_t at);
int ref_nr_tables(const struct ref *r, const struct ref_proc *p, int memcg);
void ref_free_tables(struct ref *r, int memcg, int nr);
/** An anon_vma, @root; at fork() that of the parent is @parent, else 0. */
void ref_new_anon_vma(struct ref *r, uint64_t root, uint64_t parent);
/** The VMA has an anon_vma_chain to its anon_vma and to each of the ancestors of that. */
void ref_new_anon_vma_chains(struct ref *r, struct ref_vma *v);
/** It loses them. An anon_vma is freed that no VMA leads to any more. */
void ref_free_anon_vma(struct ref *r, struct ref_vma *v);
void ref_charge_process(struct ref *r, struct ref_proc *p);
void ref_uncharge_process(struct ref *r, const struct ref_proc *p);

/* erofs.c */

/** Blocks of an image with the trace's files; 0 if they are not compressed. */
uint64_t ref_erofs_blocks(const struct ref *r);
/** z_erofs_readahead(), z_erofs_read_folio(): of the pages [@first, @end) of a file. */
void ref_z_erofs_readahead(struct ref *r, unsigned int cpu, uint32_t file, uint64_t first,
			   uint64_t end);

/* charge.c */

bool ref_try_charge_memcg(struct ref *r, int memcg, unsigned int cpu, uint64_t nr,
			  enum ref_gfp gfp);

/** When the flusher of statistics, which runs at @ns, runs again. */
uint64_t ref_next_flush(const struct ref *r, uint64_t ns);
/** mem_cgroup_flush_stats(). */
void ref_flush_stats(struct ref *r);
/** lruvec_page_state(), as of the last flush. */
const struct ref_stats *ref_lruvec_stats(struct ref *r);
void ref_uncharge(struct ref *r, int memcg, int nr);
/** The memcg of the process whose operation it is. */
int ref_current_memcg(const struct ref *r);
/** Return: false when out of memory. */
bool ref_charge(struct ref *r, int memcg, unsigned int cpu, int nr, enum ref_gfp gfp);

/* page_alloc.c */

void ref_zone_init(struct ref *r);
/** NR_FREE_PAGES, or what the memcg's limit leaves. */
uint64_t ref_nr_free(const struct ref *r);
/** @pressure: is kswapd awake? */
void ref_set_pgdat_percpu_threshold(struct ref *r, bool pressure);
/** @order of a list of CPU's; see page_alloc.c. */
int ref_pindex_to_order(int pindex);
/** @type: REF_PCP_UNMOVABLE or REF_PCP_MOVABLE. */
void ref_free_pages(struct ref *r, int type, int order);
/** refresh_cpu_vm_stats() of all CPUs. */
void ref_refresh_vm_stats(struct ref *r);
/** __alloc_pages(). Return: false when there is none. */
bool ref_alloc_pages(struct ref *r, unsigned int cpu, int order, enum ref_gfp gfp);
/** Allocate a page for the kernel. Never fails: it may go below all watermarks. */
void ref_alloc_kernel_page(struct ref *r);
void ref_free_kernel_page(struct ref *r);
bool ref_pgdat_balanced(const struct ref *r, int order);

/* kswapd.c */

/** kswapd spends time for the pages that it has scanned. */
void ref_kswapd_spend(struct ref *r);
void ref_wakeup_kswapd(struct ref *r, int order);
/** The task sleeps. */
void ref_task_wait(struct ref *r, uint64_t ns);
/** The task uses the CPU. */
void ref_task_run(struct ref *r, uint64_t ns);

#endif
