// SPDX-License-Identifier: GPL-2.0-only
/*
 * v6.18 (6.18.15), the long-term kernel of 2025. Its mm/ was compared with those of v6.12 and
 * v7.3, function by function, for everything that sim/ and models/ mirror.
 *
 * Approximations: those of models/kernel-6.12.c about swapin_readahead(),
 * __alloc_pages_slowpath(), free_frozen_page_commit() and pgrotate_* hold here, too.
 * page_cache_prev_miss() tells one page less where all that it looked at are cached, which
 * changes no window. The sizes of task_struct, mm_struct, pid and of fuse's objects are taken from
 * v7.3.4. That fuse's largest request is 32 pages is taken from v6.8; a stable release may have
 * the later rule.
 */
#include "models/models.h"

const struct kernel_profile kernel_6_18 = {
	.name = "6.18",
	.summary = "longterm kernel of 2025",
	.fault_is_active = true,
	.lru_gen_counts_deactivate = true,
	.reap_backwards = true,
	.failed_fork_exits = true,
	.ext4_large_folios = true,
	.maps_whole_folios = true,
	.young_by_pte = true,
	.zap_pmd_marks = true,
	.exec_readahead = true,
	.exec_counts_misses = true,
	.readahead_aligned = true,
	.maps_dirty = true,
	.tables_by_rcu = true,
	.swapin_skips_cache = true,
	.reuse_drains = true,
	.counts_proactive = true,
	.damon_stat = true,
	.lru_gen = &lru_gen_6_18,
	.slab = { .xa_node = 592,
		  .buffer_head = 112,
		  .file = 200,
		  .fuse_file = 200,
		  .fuse_file_args = 200,
		  .vma = 200,
		  .anon_vma = 112,
		  .anon_vma_chain = 72,
		  .task_struct = 9032,
		  .cred_security = 40,
		  .mm_struct = 1800,
		  .pid = 200 },
};
