// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/policies.h"

const struct policy_rule policy_rules[] = {
	{ .policy = "baseline", .never = true, .needs_unstable = true },
	{ .policy = "rfc", .needs_unstable = true, .by_mapcount = true },
	{ .policy = "v1", .needs_unstable = true },
	{ .policy = "flag", .needs_reaping = true, .needs_flag = true, .mrelease_passes = true },
	{ .policy = "any-exit", .needs_dying = true },
	{ .policy = "prctl", .needs_dying = true, .needs_optin = true },
	{ .policy = "demote", .needs_dying = true, .demotes = true },
	{ .policy = "cold-first", .never = true, .no_evict = true, .advice = MADVISE_COLD },
	{ .policy = "pageout-first", .never = true, .no_evict = true, .advice = MADVISE_PAGEOUT },
	{ .policy = "dontneed-after", .never = true, .no_evict = true, .drops_files = true },
	{ .policy = "flag:oom=yes",
	  .needs_reaping = true,
	  .needs_flag = true,
	  .mrelease_passes = true,
	  .oom_passes = true },
	{ .policy = NULL },
};

size_t policy_rules_nr(void)
{
	size_t n = 0;

	while (policy_rules[n].policy)
		n++;
	return n;
}
