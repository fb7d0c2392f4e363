/* SPDX-License-Identifier: GPL-2.0-only */
/* What a timed run came to, in one number and as fields of CSV. */
#ifndef REAPSIM_SUMMARY_H
#define REAPSIM_SUMMARY_H

#include <glib.h>

#include "sim/outcome.h"

/**
 * outcome_net_ns - what a run costs in all, one for one: CPU time of unmapping the
 * dying and of kswapd, time that tasks were stalled in direct reclaim, and that they
 * waited for file pages. The latency of a restart is no term of its own: what a
 * policy can change of it is stalls and waits, which are in already.
 */
double outcome_net_ns(const struct outcome *o);

/** Append ",end_ns,...": the names of the columns, and the values of a run. */
void outcome_columns(GString *s);
void outcome_values(GString *s, const struct outcome *o);

#endif
