// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mainline v7.3.4, which sim/ and models/ mirror unless they say otherwise, and the release
 * candidate on which many recordings were made.
 *
 * Between v7.3-rc7 and v7.3.4 one change in mm/ matters here: count_shadow_nodes() takes the
 * number of pages from the statistics again. These other changes have no item: a charge that
 * is refused at once counts MEMCG_MAX; direct reclaim of MGLRU checks memory.min on its way
 * down; memory.reclaim is no stall and not bound to a zone; MADV_COLD of a part of a huge
 * page gives up if the page is locked.
 */
#include "models/models.h"

#define RULES                                                                                      \
	.lru_gen_counts_deactivate = true, .reap_backwards = true, .exec_readahead = true,         \
	.thp_readahead_needs_large = true, .mmap_miss_by_fault = true, .readahead_aligned = true,  \
	.readahead_ends_at_eof = true, .fuse_io_by_server = true, .maps_dirty = true,              \
	.tables_by_rcu = true, .ext4_large_folios = true, .btrfs_large_folios = true,              \
	.maps_whole_folios = true, .zap_pmd_marks = true, .cost_by_statistics = true,              \
	.hopeless_until_balanced = true, .damon_stat = true, .damon_min_regions = true,            \
	.damon_splits_some = true, .counts_proactive = true, .lru_gen = &lru_gen_7_3,              \
	.slab = { .xa_node = 592,                                                                  \
		  .buffer_head = 104,                                                              \
		  .file = 200,                                                                     \
		  .fuse_file = 200,                                                                \
		  .fuse_file_args = 200,                                                           \
		  .vma = 200,                                                                      \
		  .anon_vma = 104,                                                                 \
		  .anon_vma_chain = 72,                                                            \
		  .task_struct = 9032,                                                             \
		  .task_exec_state = 40,                                                           \
		  .cred_security = 40,                                                             \
		  .mm_struct = 1800,                                                               \
		  .pid = 200 }

const struct kernel_profile kernel_7_3 = {
	.name = "7.3",
	.summary = "mainline, v7.3.4 (the default)",
	RULES,
};

/* v7.1 ("mm: workingset: use lruvec_lru_size()") to v7.3.3 */
const struct kernel_profile kernel_7_3_rc7 = {
	.name = "7.3-rc7",
	.summary = "v7.1 to v7.3.3: MGLRU forgets much of what it evicted",
	.releases = (const char *const[]){ "7.3.0", "7.3.1", "7.3.2", "7.3.3", "7.3-", NULL },
	RULES,
	.shadow_limit_by_lru_size = true,
};

/*
 * As before "mm/mglru: use folio_mark_accessed to replace folio_set_active" (Song,
 * 26 May 2026): with MGLRU, folios that a fault brings in start active, including
 * readahead. The profile reverts only this placement. It keeps that patch's changes to
 * the count of WORKINGSET_ACTIVATE and to when a second scan promotes.
 */
const struct kernel_profile kernel_7_3_eager = {
	.name = "7.3-eager",
	.summary = "v7.3, but a faulted-in folio starts active, as in earlier kernels",
	RULES,
	.fault_is_active = true,
};
