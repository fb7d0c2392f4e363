// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mainline v7.3: whoever unmaps a young file PTE with recency marks its folio
 * (zap_present_folio_ptes()). "baseline+evict" drops the cache that is reaped and changes
 * no mark: the second patch of the v1 series by itself.
 */
#include "models/models.h"

static bool unstable(const struct zap_details *d)
{
	return d->unstable;
}

const struct reap_policy reap_baseline = {
	.name = "baseline",
	.summary = "mainline: mark every young page",
	.in_scope = reap_never,
	.exclusive = reap_not_shared,
	.action = REAP_SKIP,
	.evict_scope = unstable,
};
