// SPDX-License-Identifier: GPL-2.0-only
/*
 * Like any-exit, but only for processes that opted in (Weiner, April 2025). A trace without
 * "optin" rows gives the same numbers as baseline.
 */
#include "models/models.h"

static bool opted_in(const struct zap_details *d)
{
	return d->dying && d->opted_in;
}

const struct reap_policy reap_prctl = {
	.name = "prctl",
	.summary = "dying process that opted in: skip if exclusive",
	.in_scope = opted_in,
	.exclusive = reap_not_shared,
	.action = REAP_SKIP,
	.evict_scope = opted_in,
};
