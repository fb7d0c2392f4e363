// SPDX-License-Identifier: GPL-2.0-only
/* Mainline v7.3, what the files of sim/ and models/ mirror unless they say
 * otherwise. */
#include "models/models.h"

const struct kernel_profile kernel_7_3 = {
	.name = "7.3",
	.summary = "mainline (the default)",
	.lru_gen_counts_deactivate = true,
	.reap_backwards = true,
	.exec_readahead = true,
	.mmap_miss_by_fault = true,
	.readahead_aligned = true,
	.readahead_ends_at_eof = true,
	.maps_dirty = true,
	.cost_by_statistics = true,
	.hopeless_until_balanced = true,
	.lru_gen = &lru_gen_7_3,
};
