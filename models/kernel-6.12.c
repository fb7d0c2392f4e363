// SPDX-License-Identifier: GPL-2.0-only
/*
 * v6.12 (6.12.117), the long-term kernel that Debian 13 and Android's common
 * kernel are based on. Its mm/ was compared with that of v7.3, function by function,
 * for everything that sim/ and models/ mirror. Its ext4 and btrfs have no large folios, its xfs
 * and erofs do.
 *
 * Approximations: these differences have no item in struct kernel_profile.
 * swapin_readahead() also reads the neighbours of a slot that several PTEs refer to;
 * here it reads the page alone. This is wrong for swap that a fork shares. On its
 * first try __alloc_pages_slowpath() wakes kswapd and tries the free list twice before
 * it reclaims. free_unref_page_commit() frees pages in one go. The simulator counts
 * pgrotate_*, although that kernel has no such counters. The reaper unmaps the
 * program's own pages, which are in no trace, before the first VMA of the trace. The
 * profile assumes that there are some and that their gather drains the batches.
 * Page tables are free with the gather, as on hardware and in QEMU's emulation; a guest
 * of KVM with KVM_FEATURE_PV_TLB_FLUSH, or of Hyper-V, frees them by RCU, and so does
 * arm64. munmap() frees a VMA by RCU; here it is free at once. A new folio that is smaller than the
 * shadow in its place makes single shadows of all of it (xas_split()), here only of its chunk of
 * 64, as v7.3 (xas_try_split()): wrong for nodes of shadows of more than 64 pages. try_to_unmap()
 * does not mlock a large folio.
 *
 * The sizes of what fuse keeps of an open file are taken from v7.3.4, and that its largest request
 * is 32 pages from v6.8; a stable release may have the later rule.
 */
#include "models/models.h"

#define RULES                                                                                      \
	.drain_at_unmap = true, .pgd_pair = true, .fault_is_active = true,                         \
	.failed_fork_exits = true, .readahead_order_of_folio = true, .shared_by_first_page = true, \
	.young_by_pte = true, .swapin_skips_cache = true, .reuse_drains = true,                    \
	.clears_referenced_first = true, .lru_gen = &lru_gen_6_12,                                 \
	.slab = { .xa_node = 592,                                                                  \
		  .buffer_head = 112,                                                              \
		  .file = 200,                                                                     \
		  .fuse_file = 200,                                                                \
		  .fuse_file_args = 200,                                                           \
		  .vma = 232,                                                                      \
		  .anon_vma = 112,                                                                 \
		  .anon_vma_chain = 72,                                                            \
		  .task_struct = 8456,                                                             \
		  .cred_security = 24,                                                             \
		  .mm_struct = 1416,                                                               \
		  .pid = 136 }

const struct kernel_profile kernel_6_12 = {
	.name = "6.12",
	.summary = "longterm kernel of 2024",
	RULES,
};

/*
 * With the RFC that two vendors measured (Song, 25 Feb 2026, lazily activate folios
 * while folios are really mapped). Written from the text of the RFC, not compared with
 * a kernel.
 */
const struct kernel_profile kernel_6_12_lazy = {
	.name = "6.12-lazy",
	.summary = "v6.12, but a faulted-in folio becomes active only if it is mapped",
	RULES,
	.activates_mapped = true,
};
