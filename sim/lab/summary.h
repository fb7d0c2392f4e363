/* SPDX-License-Identifier: GPL-2.0-only */
/* The result of a timed run, as one number and as CSV fields. */
#ifndef REAPSIM_SUMMARY_H
#define REAPSIM_SUMMARY_H

#include <glib.h>

#include "sim/outcome.h"

/**
 * outcome_net_ns - the total cost of a run: CPU time of unmapping at exit and of kswapd,
 * plus time stalled in direct reclaim, plus time waiting for file pages and the CPU time of
 * reading them (mm_times.read_ps). The latency of a restart is not added: a policy changes it
 * through stalls and waits, which are included.
 */
double outcome_net_ns(const struct outcome *o);
/** The share of marks, by folio_mark_accessed(), in the CPU time of unmapping at exit; 0 if that
 * takes no time. */
double outcome_marks_percent(const struct outcome *o);

/** Append ",end_ns,...": the names of the columns, and the values of a run. */
void outcome_columns(GString *s);
void outcome_values(GString *s, const struct outcome *o);

#endif
