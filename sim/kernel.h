/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel profiles: the rules of a kernel version. A profile is one const struct in
 * models/kernel-NAME.c and one line in models/models.h. Each item names a behaviour that
 * differs between versions, and its function; the engine and the models check the item
 * where they mirror that function. All versions share the behaviour that has no item here.
 */
#ifndef REAPSIM_KERNEL_H
#define REAPSIM_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

struct lru_gen_rules;

/** struct slab_sizes - bytes that the memcg is charged for an object: its size in slab (as in
 * bytes_alloc of the event kmem_cache_alloc, and in /sys/kernel/slab/NAME/slab_size) and the
 * pointer to the obj_cgroup. 0: the kernel has no such object. */
struct slab_sizes {
	uint16_t xa_node, buffer_head, file, vma, anon_vma, anon_vma_chain;
	uint16_t fuse_file, fuse_file_args; /* of an open file on fuse */
	uint16_t task_struct, task_exec_state, cred_security, mm_struct, pid;
};

struct kernel_profile {
	const char *name; /* a version, "7.3" */
	const char *summary;
	/* prefixes of uname -r of such kernels that do not begin with @name, ended by
	 * NULL; may be NULL */
	const char *const *releases;

	/* Batches, mm/swap.c and mm/folio.c */

	/* free_pages_and_swap_cache() drains the CPU's batches before each piece
	 * of the gather, exit_mmap() and vms_clear_ptes() before they begin */
	bool drain_at_unmap;
	/* folio_add_lru(): with MGLRU a faulted-in folio starts active; else only a
	 * workingset folio does, and others are marked */
	bool fault_is_active;
	/* no version: faulted-in file folios start like others, and become active when
	 * a fault maps them (RFC, Song, 25 Feb 2026) */
	bool activates_mapped;
	/* lru_deactivate_file() counts pgdeactivate for every folio of MGLRU */
	bool lru_gen_counts_deactivate;

	/* Ends of processes, mm/oom_kill.c */

	/* __oom_reap_task_mm() starts with the last VMA */
	bool reap_backwards;
	/* a failing dup_mmap() leaves the copied mappings to exit_mmap() of the mm, which
	 * is unstable by then; else it unmaps the copies itself */
	bool failed_fork_exits;

	/* File faults and readahead, mm/filemap.c and mm/readahead.c */

	/* ext4_set_inode_mapping_order(): files of ext4 may have large folios */
	bool ext4_large_folios;
	/* btrfs_set_inode_mapping_order(): those of btrfs, too, not only with
	 * CONFIG_BTRFS_EXPERIMENTAL */
	bool btrfs_large_folios;
	/* do_sync_mmap_readahead() reads executable mappings from the fault on,
	 * inside the mapping, and without counting misses */
	bool exec_readahead;
	/* but it counts misses of executable mappings, too, and gives up after many */
	bool exec_counts_misses;
	/* but a mapping with MADV_HUGEPAGE is read in large folios only if its file can have
	 * some, and counts misses; else in windows of 4 MiB, whatever the folios */
	bool thp_readahead_needs_large;
	/* filemap_map_pages() decrements mmap_miss only for the faulting page, at the
	 * first attempt, unless its mapping is sequential or executable; else for every
	 * cached page around it. do_async_mmap_readahead() exempts the same mappings */
	bool mmap_miss_by_fault;
	/* page_cache_ra_order(): folios of a window are four times as large as the one whose flag
	 * began it, of order 2 without one, and single pages in windows below 4 pages; else an open
	 * file remembers their order, which begins at 0 */
	bool readahead_order_of_folio;
	/* page_cache_async_ra() ends the window where a larger folio would end */
	bool readahead_aligned;
	/* do_page_cache_ra() and page_cache_ra_order() set no readahead flag in a window cut by
	 * the file's end */
	bool readahead_ends_at_eof;
	/* process_init_reply() of fuse: the largest request is the server's max_pages; else that
	 * of any bdi without a device, 32 pages */
	bool fuse_io_by_server;

	/* Large folios, mm/memory.c, mm/filemap.c and mm/huge_memory.c */

	/* finish_fault() and filemap_map_folio_range() map all of a folio of a file where they can;
	 * else the page that faulted, and what is in the window of fault-around */
	bool maps_whole_folios;
	/* folio_likely_mapped_shared() guesses from the first page; else
	 * folio_maybe_mapped_shared() knows two address spaces */
	bool shared_by_first_page;
	/* zap_huge_pmd() marks a folio of a file */
	bool zap_pmd_marks;

	/* set_pte_range(): a writable PTE of a dirty folio is born dirty */
	bool maps_dirty;

	/* Anon faults, mm/memory.c */

	/* do_swap_page() bypasses the swap cache for a slot with one PTE, and the page is
	 * exclusive to that process; a page in the swap cache stays there unless swap
	 * is short, or it has no other reference and the fault writes */
	bool swapin_skips_cache;
	/* wp_can_reuse_anon_folio() drains the batches unless the folio has more than
	 * three references; else unless it has more than a batch accounts for */
	bool reuse_drains;

	/* Reclaim, mm/vmscan.c */

	/* reclaimer_offset(): memory.reclaim has counters of its own */
	bool counts_proactive;

	/* folio_check_references() clears PG_referenced even on a folio that it keeps
	 * because its process is being freed */
	bool clears_referenced_first;
	/* folio_referenced_one(), walk_pte_range() and lru_gen_look_around() take each PTE of a
	 * large folio by itself; else as many as map it count as young if one of them is */
	bool young_by_pte;
	/* prepare_scan_control() computes the list costs from statistics; else
	 * lru_note_cost() adds them as they arise */
	bool cost_by_statistics;
	/* kswapd_try_clear_hopeless(): progress revives kswapd only once the node is
	 * balanced; else any progress does */
	bool hopeless_until_balanced;
	/* count_shadow_nodes() takes the pages of the lruvec from lruvec_lru_size(), which
	 * MGLRU keeps up to date for unevictable pages only; else from the statistics */
	bool shadow_limit_by_lru_size;

	/* Kernel memory, mm/mmu_gather.c, arch/x86/mm/pgtable.c and slab */

	/* tlb_remove_table(): page tables are free after a grace period of RCU; else with the
	 * pages of the gather, as native_tlb_remove_table() of x86 does */
	bool tables_by_rcu;
	/* pgd_alloc() of x86 takes two pages where page table isolation is configured; else only
	 * on a CPU that needs it, and no simulated CPU does */
	bool pgd_pair;
	/* of charged objects */
	struct slab_sizes slab;

	/* The monitor, mm/damon */

	/* there is DAMON_STAT */
	bool damon_stat;
	/* damon_apply_min_nr_regions(): starts with ten regions and keeps as many; else with
	 * one */
	bool damon_min_regions;
	/* damon_split_some_regions(): splits a part of the regions if there are more than half
	 * of the most; else none of them */
	bool damon_splits_some;

	/* the rules of the multi-generational LRU (models/lru-mglru.h) */
	const struct lru_gen_rules *lru_gen;
};

#endif
