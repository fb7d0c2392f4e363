// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opt-in form that the mail of 28 April 2026 proposes (Kim): a process_mrelease() whose
 * caller passes a flag skips marks; the OOM reaper and the exit_mmap() that follows do not.
 * Under this policy every process_mrelease() of a trace passes the flag; with "+evict", both
 * flags.
 *
 * oom=yes answers Hildenbrand (29 April 2026), who wants all reaping to be alike: the OOM
 * reaper skips, too, but exit_mmap() still does not. v1 skips in all three.
 */
#include "models/models.h"
#include "sim/op.h"

enum { OOM };

static const struct option options[] = {
	[OOM] = { "oom", OPT_CHOICE, "no", "the OOM reaper also passes the flag",
		  .choices = (const char *const[]){ "no", "yes", NULL } },
	{ NULL },
};

static uint32_t caller_flags(const union option_value *args, enum op_code how)
{
	return how == OP_MRELEASE || (how == OP_OOM && args[OOM].choice) ? MRELEASE_IGNORE_ACCESS
									 : 0;
}

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
	.options = options,
	.in_scope = ignore_access,
	.exclusive = reap_not_shared,
	.action = REAP_SKIP,
	.caller_flags = caller_flags,
	.evict_scope = evict_file,
};
