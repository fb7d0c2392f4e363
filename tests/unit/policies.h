/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policies again as a table, independent of the code in models/: a row says where a
 * policy skips the mark of a young, exclusive folio. The reference model (reference/reap.c)
 * and test_reap.c use the rows. A new policy needs a row in policies.c. A policy with options
 * may have further rows, for some of their values.
 */
#ifndef REAPSIM_TESTS_POLICIES_H
#define REAPSIM_TESTS_POLICIES_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/op.h"

/**
 * struct policy_rule - a row. A policy skips a mark if all its conditions are true.
 * @policy: as the user types it, without "+evict"
 * @never: it skips nothing; the other members then say where "+evict" drops
 * @needs_unstable: the mm has MMF_UNSTABLE
 * @needs_reaping: process_mrelease() or the OOM reaper walks
 * @needs_flag: the walk has the flag to skip, or for "+evict" the flag to drop
 * @needs_dying: mm_users is 0, or the mm is unstable
 * @needs_optin: the process opted in
 * @demotes: skipped folios are moved to the tail of the inactive list
 * @by_mapcount: a folio is exclusive if one PTE maps it; otherwise if it is not
 *	maybe-mapped-shared
 * @mrelease_passes, @oom_passes: process_mrelease() or the OOM reaper has the flag,
 *	whatever the trace says
 * @advice: what the caller of process_mrelease() advises for all file mappings before; 0: nothing
 * @drops_files: it drops what was mapped of files after the death
 * @no_evict: "+evict" drops nothing
 */
struct policy_rule {
	const char *policy;
	bool never, needs_unstable, needs_reaping, needs_flag, needs_dying, needs_optin, demotes;
	bool by_mapcount, mrelease_passes, oom_passes;
	enum madvise advice;
	bool drops_files, no_evict;
};

/** In the order of the registry, then those with options; a NULL policy ends them. */
extern const struct policy_rule policy_rules[];

size_t policy_rules_nr(void);

#endif
