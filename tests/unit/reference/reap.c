// SPDX-License-Identifier: GPL-2.0-only
/* The policies, by their rows of tests/unit/policies.c. */
#include "tests/unit/reference/internal.h"

bool ref_policy_skips(const struct ref *r, const struct ref_zap *z, int folio)
{
	if (!z->skip)
		return false;
	return r->policy->by_mapcount ? ref_folio_mapcount(r, folio) < 2
				      : !ref_folio_maybe_mapped_shared(r, folio);
}

/* the decision of the policy about one walk */
struct ref_zap ref_zap_begin(const struct ref *r, const struct ref_proc *p, bool reaping,
			     uint32_t flags)
{
	const struct policy_rule *u = r->policy;
	struct ref_zap z = { .reaping = reaping, .dying = p->dying || p->unstable, .p = p };
	const bool scope = (!u->needs_unstable || p->unstable) && (!u->needs_reaping || reaping) &&
			   (!u->needs_dying || z.dying) && (!u->needs_optin || p->opted_in);

	z.skip = scope && !u->never && (!u->needs_flag || flags & MRELEASE_IGNORE_ACCESS);
	z.evict = scope && !u->no_evict && r->evict &&
		  (!u->needs_flag || flags & MRELEASE_EVICT_FILE);
	return z;
}
