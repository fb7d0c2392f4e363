// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every dying process (Song 2025; the question of Hocko, 24 April 2026): skip
 * the mark of an exclusive folio whenever mm_users is 0 or the mm is
 * MMF_UNSTABLE. That includes a normal exit and the address space that exec()
 * leaves behind.
 */
#include "models/models.h"

static bool dying(const struct zap_details *d)
{
	return d->dying;
}

const struct reap_policy reap_any_exit = {
	.name = "any-exit",
	.summary = "every dying process: skip if exclusive",
	.in_scope = dying,
	.exclusive = reap_not_shared,
	.action = REAP_SKIP,
	.evict_scope = dying,
};
