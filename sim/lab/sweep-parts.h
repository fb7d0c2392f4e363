/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to the files of a sweep (sweep.h). */
#ifndef REAPSIM_SWEEP_PARTS_H
#define REAPSIM_SWEEP_PARTS_H

#include <string.h>

#include "sim/lab/sweep.h"
#include "sim/lab/sweep-work.h"
#include "sim/keyfile.h"
#include "sim/sim.h"
#include "sim/timed.h"

static inline bool in_group(const struct axis *x, const char *group)
{
	return !strcmp(x->group, group);
}

static inline bool is_axis(const struct axis *x, const char *group, const char *key)
{
	return in_group(x, group) && !strcmp(x->key, key);
}

/* sweep-keyfile.c */

/** Apply the groups [killer], [restart] and [timed] of a run; @bad: the group with the
 * error. */
int sweep_set_timed(const struct sweep *sw, uint64_t run, struct timed_config *c, const char **bad,
		    struct err *err);

/* sweep-input.c */

/** struct sweep_file - a machine file, read when the sweep was parsed. */
struct sweep_file {
	char *text;
	size_t len;
	struct keyfile keys;
};

/** A machine file; read on first use. Return: NULL with @err on failure. */
const struct sweep_file *sweep_file(struct sweep *sw, const char *value, struct err *err);
/** A machine file that has been read before. */
const struct sweep_file *sweep_kept_file(const struct sweep *sw, const char *value);
/** Read and hash the traces; hash all other inputs of the rows. */
int sweep_read_inputs(struct sweep *sw, struct err *err);
void sweep_free_inputs(struct sweep *sw);
/** The digest of the running program. */
int sweep_program_digest(char out[SWEEP_DIGEST], struct err *err);
/** Reset the counts of unfinished runs. Before the first sweep_put_trace(). */
void sweep_begin_traces(struct sweep *sw);
/** The trace of a run, generated if need be; NULL with @ret and @err. */
const struct trace *sweep_get_trace(const struct sweep *sw, uint64_t run, int *ret,
				    struct err *err);
/** The run is finished with its trace; the last user frees a generated trace. */
void sweep_put_trace(const struct sweep *sw, uint64_t run);
/** sim_config_peak(), computed once for all runs that differ only in memory and policy. */
int64_t sweep_peak(const struct sweep *sw, uint64_t run, const struct trace *t,
		   const struct sim_config *cfg, const struct lab_hooks *h, struct err *err);

/* sweep-cell.c */

/** "sweep,run,trace,...": the first line of the CSV file. */
char *sweep_header(const struct sweep *sw);
/** Execute the run @run; the caller frees the row. */
void sweep_execute(const struct sweep *sw, uint64_t run, const struct lab_hooks *h,
		   struct sweep_cell *cell);

#endif
