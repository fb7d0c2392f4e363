/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policies a second time, as a table: a row says where a policy skips the mark
 * of a young, exclusive folio, apart from the code of models/. The reference model
 * (reference/reap.c) and test_reap.c go by the rows. A new policy has one, in
 * policies.c; one with options may have a row for some of their values, too.
 */
#ifndef REAPSIM_TESTS_POLICIES_H
#define REAPSIM_TESTS_POLICIES_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct policy_rule - a row; all that a policy needs holds at once.
 * @policy: as the user types it, without "+evict"
 * @never: it skips nothing; where it drops with "+evict" is said by the rest
 * @needs_unstable: the mm has MMF_UNSTABLE
 * @needs_reaping: process_mrelease() or the OOM reaper walks
 * @needs_flag: that walk was given the flag to skip, or the one to drop
 * @needs_dying: mm_users is 0, or the mm is unstable
 * @needs_optin: the process asked for it
 * @demotes: what is skipped goes to the tail of the inactive list
 * @by_mapcount: exclusive is what one PTE maps; else what is not maybe_mapped_shared
 * @mrelease_passes, @oom_passes: process_mrelease(), the OOM reaper is given the flag
 *	whatever the trace says
 */
struct policy_rule {
	const char *policy;
	bool never, needs_unstable, needs_reaping, needs_flag, needs_dying, needs_optin, demotes;
	bool by_mapcount, mrelease_passes, oom_passes;
};

/** In the order of the registry, then those with options; a NULL policy ends them. */
extern const struct policy_rule policy_rules[];

size_t policy_rules_nr(void);

#endif
