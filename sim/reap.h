/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reap policies: what unmapping does with the accessed state of the dying
 * process's file folios. A policy is one const struct in models/reap-NAME.c
 * and one line in models/models.h.
 *
 * Every policy shares the kernel's own rule: a PTE counts only if it is young,
 * maps a file folio, and its VMA has recency (v7.3 zap_present_folio_ptes(),
 * vma_has_recency()). The policy says when to ignore even that.
 */
#ifndef REAPSIM_REAP_H
#define REAPSIM_REAP_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/mm/folio.h"
#include "sim/op.h"
#include "sim/option.h"

#define REAP_ARGS_MAX 8

struct mm;

/**
 * struct zap_details - the circumstances of one unmapping.
 * @reaping: process_mrelease() or the OOM reaper walks (v7.3 zap_details.reaping)
 * @unstable: the mm has MMF_UNSTABLE: it has been reaped, now or earlier
 * @dying: mm_users == 0 (exit or exec) or @unstable
 * @opted_in: the process asked for it (prctl)
 * @mrelease_flags: of this walk's process_mrelease(), 0 in every other walk
 *	unless the policy gives them to the OOM reaper
 * @mm: the address space that is unmapped
 * @args: the values of the policy's options
 */
struct zap_details {
	bool reaping;
	bool unstable;
	bool dying;
	bool opted_in;
	uint32_t mrelease_flags;
	const struct mm *mm;
	const union option_value *args;
};

enum reap_action {
	REAP_SKIP,   /* leave the folio as it is */
	REAP_DEMOTE, /* and move it to the tail of the inactive list */
};

/**
 * struct reap_policy - begins as struct plugin does.
 * @name: as the user types it; file models/reap-@name.c
 * @summary: one line for "reapsim list" and README.md
 * @options: at most REAP_ARGS_MAX, as NAME:KEY=VALUE; NULL: it has none
 * @in_scope: does this walk fall under the policy at all?
 * @exclusive: of a folio in scope: does the policy take it as used by nobody
 *	but @d->mm? The PTE that goes still counts
 * @action: what happens to a folio in scope, exclusive and young
 * @caller_flags: flags that the caller of process_mrelease(), or the OOM reaper
 *	(@how: OP_MRELEASE, OP_OOM), passes under this policy in addition to those
 *	in the trace: an opt-in policy is judged with a caller that opted in.
 *	NULL: none. With "+evict" a caller with flags passes MRELEASE_EVICT_FILE, too
 * @evict_scope: "+evict": of which walks to drop clean, now unmapped page cache; NULL:
 *	of none
 */
struct reap_policy {
	const char *name;
	const char *summary;
	const struct option *options;
	bool (*in_scope)(const struct zap_details *d);
	bool (*exclusive)(const struct zap_details *d, const struct folio *folio);
	enum reap_action action;
	uint32_t (*caller_flags)(const union option_value *args, enum op_code how);
	bool (*evict_scope)(const struct zap_details *d);
};

/** The @exclusive of most policies. */
static inline bool reap_not_shared(const struct zap_details *d, const struct folio *folio)
{
	(void)d;
	return !folio_maybe_mapped_shared(folio);
}

#endif
