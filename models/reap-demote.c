// SPDX-License-Identifier: GPL-2.0-only
/*
 * As any-exit, and the folio goes to the tail of the inactive list (Song 2025:
 * promotion on death is harmful, so do the opposite). A folio that still waits
 * in a per-CPU batch stays where it is.
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
