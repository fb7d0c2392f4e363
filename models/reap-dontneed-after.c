// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a killer can do today without a patch: posix_fadvise(POSIX_FADV_DONTNEED) of the ranges
 * of files that the victim had mapped, after it is gone. The kernel drops what is clean and
 * nobody uses, whoever had read it; of a large folio all or nothing, by the range. The marks of
 * the death are those of mainline, so this saves memory and no time. Other deaths are those of
 * baseline.
 */
#include "models/models.h"

const struct reap_policy reap_dontneed_after = {
	.name = "dontneed-after",
	.summary = "no patch: POSIX_FADV_DONTNEED of the victim's files after its death",
	.in_scope = reap_never,
	.exclusive = reap_not_shared,
	.action = REAP_SKIP,
	.drops_files = true,
};
