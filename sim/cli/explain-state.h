/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a run as its page has it: after each step, what changed since the one before, as
 * JSON. Each change can be undone, so that the page steps back by it; the first is the change from
 * an empty machine, and so the whole state.
 */
#ifndef REAPSIM_CLI_EXPLAIN_STATE_H
#define REAPSIM_CLI_EXPLAIN_STATE_H

#include "sim/cli/explain.h"

struct explain_state;

struct explain_state *explain_state_new(const struct explain *x, const struct explain_run *r);
void explain_state_free(struct explain_state *st);
/** Append the names of the lists, as a JSON array, in the order of their numbers. */
void explain_state_lists(const struct explain_state *st, GString *json);
/** Append the names of the numbers, counters and levels alike, as a JSON array. */
void explain_state_numbers(const struct explain_state *st, GString *json);
/** Append members of a JSON object, each with a comma before it: what changed since the last call.
 */
void explain_state_delta(struct explain_state *st, GString *json);

/** Pages, places on lists and PTEs that were looked at so far. */
uint64_t explain_state_work(const struct explain_state *st);

/** Append a JSON string. It may stand inside a <script> of HTML. */
void json_string(GString *json, const char *text);

#endif
