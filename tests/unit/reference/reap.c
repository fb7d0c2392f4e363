// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policies: the predicates of README.md, written a second time.
 */
#include "tests/unit/reference/internal.h"

const char *const ref_policy_names[NR_REF_POLICIES] = {
	"baseline", "rfc", "v1", "flag", "any-exit", "prctl", "demote",
};

/* the predicates of README.md: base AND skip */
bool ref_policy_skips(const struct ref *r, const struct ref_zap *z, int mapcount)
{
	return z->skip && (r->policy == REF_RFC ? mapcount < 2 : !(mapcount > 1));
}

/* what the policy says about one walk */
struct ref_zap ref_zap_begin(const struct ref *r, const struct ref_proc *p, bool reaping,
			     uint32_t flags)
{
	struct ref_zap z = { .reaping = reaping, .dying = p->dying || p->unstable, .p = p };

	switch (r->policy) {
	case REF_BASELINE:
		z.evict = p->unstable;
		break;
	case REF_RFC:
	case REF_V1:
		z.skip = z.evict = p->unstable;
		break;
	case REF_FLAG:
		z.skip = reaping && (flags & MRELEASE_IGNORE_ACCESS);
		z.evict = reaping && (flags & MRELEASE_EVICT_FILE);
		break;
	case REF_ANY_EXIT:
	case REF_DEMOTE:
		z.skip = z.evict = z.dying;
		break;
	default:
		z.skip = z.evict = z.dying && p->opted_in;
		break;
	}
	z.evict &= r->evict;
	return z;
}
