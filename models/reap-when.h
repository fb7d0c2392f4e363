/* SPDX-License-Identifier: GPL-2.0-only */
/* Option when=after|before of the policies that advise the victim by process_madvise(). */
#ifndef REAPSIM_REAP_WHEN_H
#define REAPSIM_REAP_WHEN_H

#include "sim/reap.h"

static const struct option reap_when_options[] = {
	{ "when", OPT_CHOICE, "after", "advise before or after the SIGKILL",
	  .choices = (const char *const[]){ "after", "before", NULL } },
	{ NULL },
};

/** reap_policy.advises_first */
static inline bool reap_when_before(const union option_value *args)
{
	return args[0].choice;
}

#endif
