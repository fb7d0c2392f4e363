// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mainline v7.3: every young file PTE with recency is a mark, whoever unmaps
 * it (zap_present_folio_ptes()). "+evict" alone drops the cache of what is
 * reaped, without touching the marks: the second patch of the v1 series taken
 * by itself.
 */
#include "models/models.h"

static bool never(const struct zap_details *d)
{
	(void)d;
	return false;
}

static bool unstable(const struct zap_details *d)
{
	return d->unstable;
}

const struct reap_policy reap_baseline = {
	.name = "baseline",
	.summary = "mainline: mark every young page",
	.in_scope = never,
	.exclusive = reap_not_shared,
	.action = REAP_SKIP,
	.evict_scope = unstable,
};
