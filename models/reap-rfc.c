// SPDX-License-Identifier: GPL-2.0-only
/*
 * The RFC of 13 April 2026 (Kim): in an mm that is MMF_UNSTABLE, skip the mark
 * of a folio with mapcount < 2. This applies to process_mrelease(), the OOM reaper and the
 * exit_mmap() that follows either. It differs from v1 only for large folios, whose mapcount
 * counts every PTE.
 */
#include "models/models.h"

static bool unstable(const struct zap_details *d)
{
	return d->unstable;
}

static bool mapped_once(const struct zap_details *d, const struct folio *folio, bool shared)
{
	(void)d;
	(void)shared;
	return folio->mapcount < 2;
}

const struct reap_policy reap_rfc = {
	.name = "rfc",
	.summary = "reaped mm (MMF_UNSTABLE): skip if mapcount < 2",
	.in_scope = unstable,
	.exclusive = mapped_once,
	.action = REAP_SKIP,
	.evict_scope = unstable,
};
