// SPDX-License-Identifier: GPL-2.0-only
/*
 * The v1 series of 21 April 2026 (Kim): in an mm that is MMF_UNSTABLE, skip the mark of a
 * folio that is not maybe-mapped-shared. This applies to the reap and to the exit_mmap()
 * after it, which unmaps shared file mappings.
 */
#include "models/models.h"

static bool unstable(const struct zap_details *d)
{
	return d->unstable;
}

const struct reap_policy reap_v1 = {
	.name = "v1",
	.summary = "reaped mm (MMF_UNSTABLE): skip if exclusive",
	.in_scope = unstable,
	.exclusive = reap_not_shared,
	.action = REAP_SKIP,
	.evict_scope = unstable,
};
