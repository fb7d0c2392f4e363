/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reap policies decide what unmapping does with the accessed state of a dying process's file
 * folios. A policy is one const struct in models/reap-NAME.c and one line in
 * models/models.h.
 *
 * The kernel's rule applies under every policy: a PTE counts only if it is young, maps a
 * file folio, and its VMA has recency (v7.3 zap_present_folio_ptes(), vma_has_recency()).
 * A policy decides which of these PTEs to skip.
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
 * struct zap_details - what a policy may know about one unmapping.
 * @reaping: a walk by process_mrelease() or the OOM reaper (v7.3 zap_details.reaping)
 * @unstable: the mm has MMF_UNSTABLE: it is or was reaped
 * @dying: mm_users == 0 (exit or exec) or @unstable
 * @opted_in: the process opted in (prctl)
 * @mrelease_flags: flags of this process_mrelease(); 0 in every other walk unless the
 *	policy passes flags to the OOM reaper
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
	REAP_SKIP,   /* leave the folio unchanged */
	REAP_DEMOTE, /* move it to the tail of the inactive list */
};

/**
 * struct reap_policy - begins as struct plugin does.
 * @name: as the user types it; file models/reap-@name.c
 * @summary: one line for "reapsim list" and README.md
 * @options: at most REAP_ARGS_MAX, typed NAME:KEY=VALUE; NULL: none
 * @in_scope: does the policy apply to this walk?
 * @exclusive: does the policy consider a folio in scope to be used only by @d->mm? @shared:
 *	folio_maybe_mapped_shared(), or what the kernel profile has in its place. Called before
 *	the PTE is removed: it still counts
 * @action: what to do with a folio in scope that is exclusive and young
 * @caller_flags: mrelease_flags that the caller of process_mrelease() or the OOM reaper
 *	(@how: OP_MRELEASE, OP_OOM) passes under this policy in addition to those of the
 *	trace, so that an opt-in policy is tested with a caller that opts in. NULL: none.
 *	With "+evict" a caller with flags also passes MRELEASE_EVICT_FILE
 * @advice: what the killer advises for the victim's file mappings (sim/victim.h) before it calls
 *	process_mrelease(); 0: nothing
 * @advises_first: does it so before the SIGKILL? NULL: after it
 * @drops_files: after the death it drops what the victim mapped of files, if nobody uses it
 * @evict_scope: with "+evict": does this walk drop clean page cache that it unmapped? NULL: the
 *	policy has no such form
 */
struct reap_policy {
	const char *name;
	const char *summary;
	const struct option *options;
	bool (*in_scope)(const struct zap_details *d);
	bool (*exclusive)(const struct zap_details *d, const struct folio *folio, bool shared);
	enum reap_action action;
	uint32_t (*caller_flags)(const union option_value *args, enum op_code how);
	enum madvise advice;
	bool (*advises_first)(const union option_value *args);
	bool drops_files;
	bool (*evict_scope)(const struct zap_details *d);
};

/** The usual @exclusive: not @shared. */
static inline bool reap_not_shared(const struct zap_details *d, const struct folio *folio,
				   bool shared)
{
	(void)d;
	(void)folio;
	return !shared;
}

/** @in_scope of a policy that skips no marks. */
static inline bool reap_never(const struct zap_details *d)
{
	(void)d;
	return false;
}

#endif
