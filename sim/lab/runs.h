/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The runs a command asks for: its options, the machines and policies they
 * name, and their execution, one run a thread over one shared trace.
 */
#ifndef REAPSIM_RUNS_H
#define REAPSIM_RUNS_H

#include <glib.h>

#include "sim/cli/cli.h"
#include "sim/outcome.h"
#include "sim/sim.h"
#include "sim/timed.h"

/** struct run_options - what the user typed; freed by run_options_clear(). */
struct run_options {
	char *kernel;
	char *lru;
	char *policies;	 /* "baseline,v1" or "all" */
	char *machines;	 /* key files, comma separated; NULL: the trace's */
	char **settings; /* KEY=VALUE */
	char *format;
	char *ends_as; /* a list where @many */
	char *memory;  /* a list of memcg_pages values: one machine each */
	gboolean check;
	gboolean flags_as_recorded;
	gboolean keep_pages; /* of each mark: snapshot.pages */
	int jobs;
	/* timed runs: what all of them share, and how often each is done, with
	 * seeds from timed->seed on; NULL: untimed */
	const struct timed_config *timed;
	guint nr_seeds;
};

/**
 * Parse run_options and the command's @own options; see cli_options().
 * @many: policies and machines are lists, and --jobs exists
 * @more: put in front of the text on machines and policies in --help; or NULL
 */
int run_options_parse(int *argc, char ***argv, struct run_options *o, bool many,
		      const GOptionEntry *own, const char *arguments, const char *summary,
		      const char *more);
void run_options_clear(struct run_options *o);

/** struct run - one simulation, before and after. */
struct run {
	struct sim_config cfg;
	char *policy; /* as typed, with "+evict" */
	bool done;
	int ret; /* of sim_run(): 1, or a negative errno */
	struct err err;
	struct vmstat stat; /* at the end */
	GArray *snapshots;  /* struct snapshot, one a mark */
	uint64_t position;  /* record at which it ended or failed */
	struct timed_config timed;
	struct outcome outcome; /* of a timed run that is done */
};

/** struct run_set - machines x policies for one trace. */
struct run_set {
	const struct trace *trace;
	const struct kernel_profile *kernel;
	const struct lru_model *lru;
	GArray *machines;    /* struct machine, resolved */
	GPtrArray *policies; /* char *, as typed */
	GArray *ends;	     /* enum op_code: how processes end */
	guint nr_seeds;	     /* 1 in untimed runs */
	GArray *runs;	     /* struct run: ends, machines, policies, seeds */
};

/** Build the set. Return: 0, or the exit code after printing why. */
int run_set_init(struct run_set *rs, const struct run_options *o, const struct trace *t);
/**
 * Execute all runs on @jobs threads (0: one a core). SIGINT and SIGTERM end it
 * within a fraction of a second; the runs that finished are kept.
 * Return: 0; 1 after printing which runs failed, or that it was interrupted.
 */
int run_set_execute(struct run_set *rs, int jobs);
void run_set_clear(struct run_set *rs);
/** Records for one call of sim_run(): between two looks at cli_interrupted(). */
uint64_t run_slice(const struct sim_config *cfg);

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

/** "recorded", "mrelease", ...: how @code is typed. */
const char *run_end_name(enum op_code code);
/** The code of what is typed; -EINVAL with @err listing the valid names. */
int run_end_find(const char *name, enum op_code *code, struct err *err);

/** "trace,machine,...,kernel,lru,policy,..." and one row; @snap: NULL for the end of the
 * trace, whose mark is "(end)". */
void run_csv_header(FILE *f);
/** A field that may hold a comma or a quote. */
void csv_field(FILE *f, const char *s);
void run_csv_row(FILE *f, const struct trace *t, const struct run *r, const struct snapshot *snap);
/** The state of every file page at every mark, run-length, with a header. */
void run_csv_pages(FILE *f, const struct trace *t, const struct run *r);

#endif
