/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The runs of one trace that a comparison asks for: ways to end x machines x
 * policies x seeds, one run a thread.
 *
 * A machine is, in this order: the defaults, what the trace's header asks for, the
 * key file, then the settings, then the size.
 */
#ifndef REAPSIM_RUNS_H
#define REAPSIM_RUNS_H

#include <glib.h>

#include "sim/lab/lab.h"
#include "sim/outcome.h"
#include "sim/sim.h"
#include "sim/timed.h"

/** struct run_spec - which runs, as text; lists are comma separated, and what is NULL
 * has its default. run_set_init() does not keep any of it. */
struct run_spec {
	char *kernel;	 /* default: the first */
	char *lru;	 /* default: the first */
	char *policies;	 /* default: the first; "all": each, and each with +evict */
	char *machines;	 /* key files; default: the machine that the trace asks for */
	char **settings; /* KEY=VALUE of every machine */
	char *ends_as;	 /* default: recorded */
	char *memory;	 /* values of memcg_pages: one machine each */
	bool check;
	bool flags_as_recorded;
	bool keep_pages; /* of each mark: snapshot.pages */
	/* timed runs: what all of them share, and how often each is done, with
	 * seeds from timed->seed on; NULL: untimed */
	const struct timed_config *timed;
	guint nr_seeds;
};

/** struct run - one simulation, before and after. */
struct run {
	struct sim_config cfg;
	char *policy;	    /* as typed, with "+evict" */
	_Atomic bool ended; /* for the threads: all of this is there */
	bool done;	    /* false: not begun, or interrupted */
	int ret;	    /* of sim_run(): 1, or a negative errno with @err */
	struct err err;
	struct vmstat stat; /* at the end */
	GArray *snapshots;  /* struct snapshot, one a mark; NULL: it did not begin */
	uint64_t position;  /* record at which it ended or failed */
	struct timed_config timed;
	struct outcome outcome; /* of a timed run that is done */
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
	guint nr_seeds;	     /* 1 in untimed runs */
	GArray *runs;	     /* struct run: ends, machines, policies, seeds */
};

/** Build the set; @h may interrupt it. Return: 0, or -errno with @err; run_set_clear() in
 * both cases. */
int run_set_init(struct run_set *rs, const struct run_spec *spec, const struct trace *t,
		 const struct lab_hooks *h, struct err *err);
/**
 * Execute all runs on @jobs threads (0: one a core). What each run came to is in
 * the run; one that fails stops no other.
 * Return: 0, or -EINTR: @h interrupted it, and some are not done. That is soon: a run
 * that does not notice is left behind (sim/lab/work.h).
 */
int run_set_execute(struct run_set *rs, int jobs, const struct lab_hooks *h);
void run_set_clear(struct run_set *rs);

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

#endif
