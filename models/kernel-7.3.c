// SPDX-License-Identifier: GPL-2.0-only
/* Mainline v7.3, what the files of sim/ and models/ mirror unless they say
 * otherwise. */
#include "models/models.h"

#define RULES                                                                                      \
	.lru_gen_counts_deactivate = true, .reap_backwards = true, .exec_readahead = true,         \
	.mmap_miss_by_fault = true, .readahead_aligned = true, .readahead_ends_at_eof = true,      \
	.maps_dirty = true, .large_folios = true, .cost_by_statistics = true,                      \
	.hopeless_until_balanced = true, .lru_gen = &lru_gen_7_3

const struct kernel_profile kernel_7_3 = {
	.name = "7.3",
	.summary = "mainline (the default)",
	RULES,
};

/*
 * As before "mm/mglru: use folio_mark_accessed to replace folio_set_active" (Song,
 * 26 May 2026): with MGLRU, what a fault brings in, readahead included, starts out
 * active. Only the placement: what that patch changed with it, the count of
 * WORKINGSET_ACTIVATE and when a second scan promotes, stays.
 */
const struct kernel_profile kernel_7_3_eager = {
	.name = "7.3-eager",
	.summary = "v7.3, but what a fault reads starts out active, as it did before",
	RULES,
	.fault_is_active = true,
};
