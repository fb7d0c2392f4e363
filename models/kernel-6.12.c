// SPDX-License-Identifier: GPL-2.0-only
/*
 * v6.12 (6.12.117), the long-term kernel that Debian 13 and Android's common
 * kernel are based on.
 */
#include "models/models.h"

const struct kernel_profile kernel_6_12 = {
	.name = "6.12",
	.summary = "long-term kernel of 2024",
	.drain_at_unmap = true,
	.fault_is_active = true,
	.failed_fork_exits = true,
	.swapin_skips_cache = true,
	.reuse_drains = true,
	.clears_referenced_first = true,
	.lru_gen = &lru_gen_6_12,
};
