/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The runs of one trace for a comparison: kinds of exit x machines x policies x seeds, one
 * thread per run. With an ensemble, each seed is a member of it. If its members differ in the
 * order of the trace, the first run of a member makes its trace, and all runs of the member
 * share it until the set is cleared: 8 bytes a record and member, beyond 8 MiB a trace in a
 * file without a name (sim/spill.h).
 *
 * With sampling the seeds are samples: SAMPLES of 1/N of the trace, then as many of a smaller share
 * that show the bias (sim/lab/sample.h). run_set_init() makes their traces. A machine of the set is
 * that of the whole trace, that of a run is the sample's.
 *
 * The layers of a machine, later ones win: the defaults, the trace's header, the key file,
 * the settings, the memory size.
 */
#ifndef REAPSIM_RUNS_H
#define REAPSIM_RUNS_H

#include <glib.h>

#include "sim/lab/ensemble.h"
#include "sim/lab/lab.h"
#include "sim/lab/sample.h"
#include "sim/outcome.h"
#include "sim/sim.h"
#include "sim/timed.h"

/** struct run_spec - the runs to make, as text; lists are comma separated, NULL: the default.
 * run_set_init() copies what it needs. */
struct run_spec {
	char *kernel;	    /* default: the first */
	char *lru;	    /* default: the first */
	char *policies;	    /* default: the first; "all": each, and each with +evict */
	bool with_baseline; /* put the first policy before the others if it is not named */
	char *machines;	    /* key files; default: the machine rows of the trace only */
	char **settings;    /* KEY=VALUE of every machine */
	char *ends_as;	    /* default: recorded */
	char *memory;	    /* values of memcg_pages: one machine each */
	bool check;
	bool flags_as_recorded;
	bool keep_pages; /* fill snapshot.pages */
	/* configuration of timed runs, each of which runs @nr_seeds times, with the seeds
	 * timed->seed and following; NULL: untimed */
	const struct timed_config *timed;
	guint nr_seeds;
	struct ensemble ensemble; /* @nr 0: none, otherwise it replaces @nr_seeds */
	struct sampling sampling; /* @one_in 0: none, otherwise it replaces both; untimed only */
	GArray *members; /* of another set with this trace and ensemble, to share their traces; or
			    NULL */
};

/** struct run - one run: its configuration and its results. */
struct run {
	struct sim_config cfg;
	char *policy;	    /* as typed, with "+evict" */
	_Atomic bool ended; /* for the threads: the results are complete */
	bool done;	    /* false: not started, or interrupted */
	int ret;	    /* of sim_run(): 1, or a negative errno with @err */
	struct err err;
	struct window counted;
	uint64_t reach;	     /* of the order of its trace (struct shuffle) */
	struct vmstat stat;  /* of the counted records; of the others only gauges at the end */
	GArray *snapshots;   /* struct snapshot; NULL: the run did not start */
	uint64_t position;   /* record at which it ended or failed, of its own trace */
	struct op failed_at; /* the operation at which it failed; OP_NONE: at none */
	struct timed_config timed;
	struct outcome outcome; /* of a timed run that is done */
};

/** struct member - what the runs of a member of the ensemble share. */
struct member {
	GMutex lock;	     /* while its trace is made */
	struct trace *trace; /* NULL: not made yet */
};

/** struct run_set - the runs of one trace. */
struct run_set {
	struct trace *trace;
	bool left; /* interrupted, and threads are still at work */
	const struct kernel_profile *kernel;
	const struct lru_model *lru;
	GArray *machines;    /* struct machine, resolved */
	GPtrArray *policies; /* char *, as typed */
	GArray *ends;	     /* enum op_code: how processes end */
	guint nr_seeds;	     /* members of the ensemble; without one, 1 in untimed runs */
	struct ensemble ensemble;
	struct sampling sampling;
	GArray *runs;	 /* struct run: ends, machines, policies, seeds */
	GArray *members; /* struct member, one per seed */
};

/** Build the set; @h may interrupt it. Return: 0, or -errno with @err; run_set_clear() in
 * both cases. */
int run_set_init(struct run_set *rs, const struct run_spec *spec, const struct trace *t,
		 const struct lab_hooks *h, struct err *err);
/**
 * Execute all runs on @jobs threads (0: one per core). Each run holds its own result; a
 * failed run does not stop the others.
 * Return: 0, or -EINTR: @h interrupted, and some runs are not done. A run that does not
 * notice the interruption soon is left behind (sim/lab/work.h).
 */
int run_set_execute(struct run_set *rs, int jobs, const struct lab_hooks *h);
void run_set_clear(struct run_set *rs);
/**
 * run_execute - execute run @i of a set in the calling thread
 * @nr_recs: counts the records replayed; may be NULL
 * Sets its @ended and results, unless @h interrupts it. For callers that do not want all runs of
 * a set at once; they set @done.
 */
void run_execute(const struct run_set *rs, guint i, const struct lab_hooks *h,
		 _Atomic uint64_t *nr_recs);

/** Has it run to the end of its trace? */
static inline bool run_finished(const struct run *r)
{
	return r->done && r->ret >= 0;
}

static inline struct run *run_set_get_seed(const struct run_set *rs, guint end, guint machine,
					   guint policy, guint seed)
{
	guint i = (end * rs->machines->len + machine) * rs->policies->len + policy;

	return &g_array_index(rs->runs, struct run, i * rs->nr_seeds + seed);
}

static inline struct run *run_set_get(const struct run_set *rs, guint end, guint machine,
				      guint policy)
{
	return run_set_get_seed(rs, end, machine, policy, 0);
}

/** Have all seeds of a policy run to the end? */
static inline bool run_set_finished(const struct run_set *rs, guint end, guint machine,
				    guint policy)
{
	for (guint i = 0; i < rs->nr_seeds; i++)
		if (!run_finished(run_set_get_seed(rs, end, machine, policy, i)))
			return false;
	return true;
}

#endif
