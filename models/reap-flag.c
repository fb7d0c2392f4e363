// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opt-in form that the mail of 28 April 2026 sets out (Kim): only the reap
 * of a process_mrelease() caller that passes a flag skips, not the OOM reaper
 * and not the exit_mmap() that follows. Under this policy every
 * process_mrelease() of a trace passes the flag; with "+evict", both flags.
 */
#include "models/models.h"
#include "sim/op.h"

static bool ignore_access(const struct zap_details *d)
{
	return d->reaping && d->mrelease_flags & MRELEASE_IGNORE_ACCESS;
}

static bool evict_file(const struct zap_details *d)
{
	return d->reaping && d->mrelease_flags & MRELEASE_EVICT_FILE;
}

const struct reap_policy reap_flag = {
	.name = "flag",
	.summary = "process_mrelease() with a flag: skip if exclusive",
	.in_scope = ignore_access,
	.exclusive = reap_not_shared,
	.action = REAP_SKIP,
	.caller_flags = MRELEASE_IGNORE_ACCESS,
	.evict_scope = evict_file,
};
