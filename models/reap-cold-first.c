// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a killer can do today without a patch: process_madvise(MADV_COLD) of the victim's file
 * mappings, which makes them old and inactive, so that their unmapping marks none. Pages that
 * another process maps as well are left alone, and marked by the death as in mainline. when=after:
 * between the SIGKILL and process_mrelease(), when the victim may already exit; when=before: before
 * the SIGKILL, when it may still run. In an untimed run nobody runs in between, and both are the
 * same. Other deaths are those of baseline.
 */
#include "models/models.h"
#include "models/reap-when.h"

const struct reap_policy reap_cold_first = {
	.name = "cold-first",
	.summary = "no patch: process_madvise(MADV_COLD) of the victim's files, then the reap",
	.options = reap_when_options,
	.in_scope = reap_never,
	.exclusive = reap_not_shared,
	.action = REAP_SKIP,
	.advice = MADVISE_COLD,
	.advises_first = reap_when_before,
};
