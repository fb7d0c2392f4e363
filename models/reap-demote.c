// SPDX-License-Identifier: GPL-2.0-only
/*
 * Like any-exit, but the folio is moved to where the inactive list is reclaimed next (Song
 * 2025: promotion on death is harmful, so do the opposite). A folio that is still in a
 * per-CPU batch is not moved.
 */
#include "models/models.h"

static bool dying(const struct zap_details *d)
{
	return d->dying;
}

const struct reap_policy reap_demote = {
	.name = "demote",
	.summary = "every dying process: move exclusive folios to the inactive tail",
	.in_scope = dying,
	.exclusive = reap_not_shared,
	.action = REAP_DEMOTE,
	.evict_scope = dying,
};
