/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine of a sample: 1/N of the memory; and which machines are refused. */
#ifndef REAPSIM_SAMPLE_MACHINE_H
#define REAPSIM_SAMPLE_MACHINE_H

#include <glib.h>

#include "sim/err.h"
#include "sim/lab/sample.h"
#include "sim/machine.h"

/** The least memory of a check sample, in pages, and the least extents of files in it. */
#define SAMPLE_PAGES_MIN   256
#define SAMPLE_EXTENTS_MIN 8

/** Turn @m, of a whole trace, into the machine of a sample of 1/@one_in. */
void sample_machine(struct machine *m, uint32_t one_in);
/** Can @m be sampled? Return: 0, or -EINVAL with @err: what does not scale, or that it is too
 * small, with the cure. @path: of the trace */
int sample_machine_check(const struct machine *m, const struct sampling *sp, const char *path,
			 struct err *err);
/** Are @nr_used extents of @unit pages enough for samples of @sp? Return: likewise */
int sample_extents_check(const struct sampling *sp, uint64_t nr_used, uint32_t unit,
			 const char *path, struct err *err);
/** Pages of an extent that no folio and no window of fault-around of the machines exceeds. */
uint32_t sample_unit_pages(const GArray *machines);
/** The least memory of the machines, in pages. */
uint64_t sample_reach(const GArray *machines);

#endif
