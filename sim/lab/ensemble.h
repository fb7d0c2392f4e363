/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ensemble: the same trace replayed on machines that differ in what the recording does not
 * tell. The spread of a result over the members is the interval to quote with it.
 *
 * Member 0 is the machine as given. The others take a value on each axis, independently, with
 * Latin hypercube sampling: N - 1 members divide an axis into as many parts, and each part has
 * one member. Every policy runs on the same members, so differences are taken member by member.
 *
 * Approximations:
 * - The ranges are judgements, not measurements: see ensemble_axes[]. A trace whose machine
 *   is known better deserves fewer axes, one whose machine is known less deserves more.
 * - "noise" is small: of what differs between two runs of a kernel it has only the pages that
 *   other CPUs have charged ahead (MEMCG_CHARGE_BATCH, mm/memcontrol.c). Where tasks are
 *   placed and when periodic work begins stays the same.
 * - "order" has the same bound as "window", and is a judgement too. What stays in order
 *   although nothing forces it, and what does not although something did: sim/lab/order.h.
 *   A share of memory (75%) is one of the peak in the recorded order.
 * - "window" leaves out what happens before and after, but the first part of the trace is
 *   still replayed, so that it fills memory. With "order" it counts records of the member's
 *   own trace, which has a few more or fewer, as it changes more or less often between processes.
 * - In timed runs there is no window, and an order only if one user runs the trace
 *   (LOOP_TRACE): otherwise processes run by clocks of their own. There the pause that ends the
 *   start-up section of a process may come earlier or later in it.
 */
#ifndef REAPSIM_ENSEMBLE_H
#define REAPSIM_ENSEMBLE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/machine.h"

enum ensemble_axis {
	AXIS_MEMORY,
	AXIS_WINDOW,
	AXIS_READAHEAD,
	AXIS_PREFAULT,
	AXIS_NOISE,
	AXIS_ORDER,
	NR_ENSEMBLE_AXES,
};

/** Name and meaning of each axis. */
extern const struct ensemble_axis_text {
	const char *name, *text;
} ensemble_axes[NR_ENSEMBLE_AXES];

/** The least number of members: with fewer, a sign test can hardly be significant. */
#define ENSEMBLE_MIN 8

/** struct ensemble - @nr: members, 0: none; @axes: bits 1 << enum ensemble_axis. */
struct ensemble {
	guint nr;
	unsigned int axes;
	uint64_t seed;
};

/** struct window - the records that count: from @from, below @to. */
struct window {
	uint64_t from, to;
};

/** Parse "NAME,...", or "all". Return: 0, or -EINVAL with @err. */
int ensemble_parse_axes(struct ensemble *e, const char *list, struct err *err);
/** The names of the axes, comma separated; the caller frees the text. */
char *ensemble_text(const struct ensemble *e);
/** Change @m, a machine with its limit in pages, into that of member @i. */
void ensemble_machine(const struct ensemble *e, guint i, struct machine *m);
/** The window of member @i, whose trace has @nr_recs records. */
struct window ensemble_window(const struct ensemble *e, guint i, uint64_t nr_recs);

/** struct shuffle - of order_trace(). */
struct shuffle {
	uint64_t seed, reach;
};

/** The order of member @i of a trace of @nr_recs records; a reach of 0: as recorded. */
struct shuffle ensemble_shuffle(const struct ensemble *e, guint i, uint64_t nr_recs);

#endif
