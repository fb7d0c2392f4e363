/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which kernel's rules a run follows. A profile is one const struct in
 * models/kernel-NAME.c and one line in models/registry.c. Each item names a
 * behaviour that some version has and another has not, and the function it is
 * found in; the engine and the models read it where they mirror that function.
 * What has no item here is the same in all of them.
 */
#ifndef REAPSIM_KERNEL_H
#define REAPSIM_KERNEL_H

#include <stdbool.h>

struct lru_gen_rules;

struct kernel_profile {
	const char *name; /* a version, "7.3" */
	const char *summary;
	/* what uname -r of such kernels begins with where that is not @name, NULL ends
	 * them; may be NULL */
	const char *const *releases;

	/* Batches, mm/swap.c and mm/folio.c */

	/* free_pages_and_swap_cache() drains the CPU's batches before each piece
	 * of the gather, exit_mmap() and vms_clear_ptes() before they begin */
	bool drain_at_unmap;
	/* folio_add_lru(): with MGLRU what a fault brings in starts out active;
	 * else only if it is of the working set, and else it is marked */
	bool fault_is_active;
	/* no version: file folios that a fault brings in start out as others do, and
	 * become active when a fault maps them (RFC, Song, 25 Feb 2026) */
	bool activates_mapped;
	/* lru_deactivate_file() counts pgdeactivate for every folio of MGLRU */
	bool lru_gen_counts_deactivate;

	/* Ends of processes, mm/oom_kill.c */

	/* __oom_reap_task_mm() starts with the last VMA */
	bool reap_backwards;
	/* dup_mmap() leaves what it copied before it failed to exit_mmap() of the mm,
	 * unstable by then; else it unmaps the copies itself */
	bool failed_fork_exits;

	/* File faults and readahead, mm/filemap.c and mm/readahead.c */

	/* ext4_set_inode_mapping_order(): files of ext4 may have large folios */
	bool large_folios;
	/* do_sync_mmap_readahead() reads what is executable from the fault on,
	 * inside the mapping, and without counting misses */
	bool exec_readahead;
	/* filemap_map_pages() takes a miss back only for the page that faulted, at
	 * the first attempt, unless its mapping is sequential or executable; else
	 * for every page around it that is cached. do_async_mmap_readahead() spares
	 * the same mappings */
	bool mmap_miss_by_fault;
	/* page_cache_async_ra() ends the window where a larger folio would end */
	bool readahead_aligned;
	/* do_page_cache_ra() sets no mark in a window that the file's end cuts */
	bool readahead_ends_at_eof;

	/* set_pte_range(): a writable PTE of a dirty folio is born dirty */
	bool maps_dirty;

	/* Anon faults, mm/memory.c */

	/* do_swap_page() reads a slot that one PTE refers to past the swap cache, and
	 * the page is that process's alone; a page of the swap cache stays in it
	 * unless swap is short, or nobody else holds it and the fault writes */
	bool swapin_skips_cache;
	/* wp_can_reuse_anon_folio() drains the batches unless there are more than
	 * three references; else unless there are more than a batch explains */
	bool reuse_drains;

	/* Reclaim, mm/vmscan.c */

	/* folio_check_references() takes PG_referenced even from a folio that it keeps
	 * because it goes with its process */
	bool clears_referenced_first;
	/* prepare_scan_control() computes the costs of the lists from statistics;
	 * else lru_note_cost() adds to them when they arise */
	bool cost_by_statistics;
	/* kswapd_try_clear_hopeless(): progress revives kswapd only once the node is
	 * balanced; else any progress does */
	bool hopeless_until_balanced;
	/* count_shadow_nodes() takes the pages of the lruvec from lruvec_lru_size(), which
	 * MGLRU keeps up to date for unevictable pages only; else from the statistics */
	bool shadow_limit_by_lru_size;
	/* those of the multi-generational LRU (models/lru-mglru.h) */
	const struct lru_gen_rules *lru_gen;
};

#endif
