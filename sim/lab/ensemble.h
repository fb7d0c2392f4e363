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
 * - The order in which processes ran is that of the recording: no axis permutes it.
 * - "window" leaves out what happens before and after, but the first part of the trace is
 *   still replayed, so that it fills memory. In timed runs there is no window.
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
/**
 * ensemble_member - change @m, a machine with its limit in pages, and @w, which contains all
 * records of the trace, into those of member @i.
 */
void ensemble_member(const struct ensemble *e, guint i, struct machine *m, struct window *w);

#endif
