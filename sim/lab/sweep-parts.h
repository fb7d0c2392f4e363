/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of a sweep (sweep.h) share, and nobody else needs. */
#ifndef REAPSIM_SWEEP_PARTS_H
#define REAPSIM_SWEEP_PARTS_H

#include <string.h>

#include "sim/lab/sweep.h"
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

/** The groups [killer], [restart] and [timed] of a run; @bad: the group that an error
 * is about. */
int sweep_set_timed(const struct sweep *sw, uint64_t run, struct timed_config *c, const char **bad,
		    struct err *err);

/* sweep-input.c */

/** struct sweep_file - a machine file as it was when the sweep was parsed. */
struct sweep_file {
	char *text;
	size_t len;
	struct keyfile keys;
};

/** A machine file, read the first time that it is asked for; NULL with @err. */
const struct sweep_file *sweep_file(struct sweep *sw, const char *value, struct err *err);
/** The same of one that has been read. */
const struct sweep_file *sweep_kept_file(const struct sweep *sw, const char *value);
/** Read and hash the traces, hash all else that decides what the rows are. */
int sweep_read_inputs(struct sweep *sw, struct err *err);
void sweep_free_inputs(struct sweep *sw);
/** The digest of the program that is running. */
int sweep_program_digest(char out[SWEEP_DIGEST], struct err *err);
/** Before the first run, or those that are finished: sweep_put_trace(). */
void sweep_begin_traces(struct sweep *sw);
/** The trace of a run, generated if need be; NULL with @ret and @err. */
const struct trace *sweep_get_trace(const struct sweep *sw, uint64_t run, int *ret,
				    struct err *err);
/** The run is finished: what is generated lives until nobody needs it. */
void sweep_put_trace(const struct sweep *sw, uint64_t run);
/** sim_config_peak(), once for all runs that differ in memory and policy only. */
int64_t sweep_peak(const struct sweep *sw, uint64_t run, const struct trace *t,
		   const struct sim_config *cfg, const struct lab_hooks *h, struct err *err);

/* sweep-cell.c */

/** struct sweep_cell - a run that was executed. */
struct sweep_cell {
	int ret; /* 0, or a negative errno with @err */
	struct err err;
	/* what is wrong is not the run's: it was interrupted, or the host has no memory.
	 * Whoever goes on runs it again */
	bool outside;
	char *row; /* with its newline; NULL where @outside */
};

/** "sweep,run,trace,...": the first line of the CSV file. */
char *sweep_header(const struct sweep *sw);
/** Execute the run @run; the caller frees the row. */
void sweep_execute(const struct sweep *sw, uint64_t run, const struct lab_hooks *h,
		   struct sweep_cell *cell);

#endif
