/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replay the recorded scenarios and compare the simulator's counters and pages with the
 * kernel's.
 *
 * A page is compared from the first snapshot on at which the kernel or the simulator has
 * it cached: before its first read its absence means nothing. The active bit is compared
 * if both have the page cached.
 */
#ifndef REAPSIM_AGREEMENT_JUDGE_H
#define REAPSIM_AGREEMENT_JUDGE_H

#include <glib.h>

#include "sim/lab/results.h"
#include "sim/lab/runs.h"

enum agreement_group {
	AGREEMENT_MEMCG,
	AGREEMENT_GUEST,
	NR_AGREEMENT_GROUPS,
};
extern const char *const agreement_group_names[NR_AGREEMENT_GROUPS];

/** struct share - a count out of a total. */
struct share {
	uint64_t same, all;
};

/** struct judged - a recorded result and its comparison; the simulator's counters are in the
 * result's cells. */
struct judged {
	const struct result *r;
	enum agreement_group group;
	uint64_t accesses;
	struct share resident, active; /* pages */
};

/** struct agreement - recorded results and their comparison. The caller sets the upper part,
 * which is not copied, and loads @results. */
struct agreement {
	const char *traces;	     /* folder of the scenarios */
	const char *kernel;	     /* profile to use; NULL: that of the recorded kernel */
	const char *const *settings; /* KEY=VALUE of the machine; may be NULL */
	const char *const *only;     /* names of scenarios; NULL: all */
	struct results results;
	GArray *judged; /* struct judged, in the order of the results */
};

void agreement_init(struct agreement *a);
void agreement_clear(struct agreement *a);

/** Does @a->only select the scenario of @r? */
bool agreement_wants(const struct agreement *a, const struct result *r);
/** Path of the scenario's trace; the caller frees it. */
char *agreement_trace_path(const struct agreement *a, const struct result *r);

/** struct agreement_scenario - results of one scenario, LRU and kernel, and the runs that
 * replay them: one per policy. */
struct agreement_scenario {
	guint first, nr; /* in results.all */
	bool wanted;	 /* false: not in agreement.only, and there are no runs */
	struct trace *trace;
	struct run_set runs;
};

/**
 * Prepare the scenario that starts at results.all[@first]. If it is wanted, call
 * run_set_execute() for @s->runs, then agreement_judge().
 * Return: 0, or -errno with @err; agreement_scenario_clear() in both cases. @s->nr is
 * right in both cases, too.
 */
int agreement_scenario_init(struct agreement_scenario *s, const struct agreement *a, guint first,
			    struct err *err);
void agreement_scenario_clear(struct agreement_scenario *s);
/** Fill the cells of the scenario's results, and append them to @a->judged. */
int agreement_judge(struct agreement *a, const struct agreement_scenario *s, struct err *err);

#endif
