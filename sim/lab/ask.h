/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The questions that a reviewer asks of a policy, asked of one trace: at which size of memory it
 * matters, what every policy changes there, on other machines, in time. The answers are
 * differences from mainline, member by member of an ensemble (sim/lab/ensemble.h).
 *
 * Each run is a row of a CSV file with a journal (sim/lab/sweep-journal.h), so that an
 * interrupted call goes on where it was, and the answers are computed from that file only.
 *
 * Approximations:
 * - Sizes of memory are memcg limits, chosen by what mainline reads, not by what
 *   a policy changes. Sizes in between can differ in sign: question "sizes" looks for that, with
 *   one run each.
 * - "machines" changes what is known to matter between x86 and arm64, prefault and the size of
 *   folios, and nothing else of these machines.
 * - Time is that of one user who runs the whole trace in its order: nobody waits for nobody.
 */
#ifndef REAPSIM_ASK_H
#define REAPSIM_ASK_H

#include "sim/lab/estimate.h"
#include "sim/lab/runs.h"
#include "sim/output.h"

enum ask_question {
	ASK_SIZES,    /* at which size does it matter? One run each */
	ASK_POLICIES, /* every process that ends is reaped: what does each policy change? */
	ASK_RECORDED, /* the same, every process ends as recorded */
	ASK_PRESSURE, /* at the other two sizes */
	ASK_MACHINES, /* with large folios, and on the other architecture */
	ASK_TIME,     /* in simulated time, if the machine has costs */
	NR_ASK_QUESTIONS
};

/** Short names, for the CSV files. */
extern const char *const ask_names[NR_ASK_QUESTIONS];

enum ask_value {
	ASK_REAP_MS, /* of runs with time; NaN in the others */
	ASK_MARKS_PERCENT,
	ASK_FREE100_MS,
	ASK_IO_WAIT_MS,
	ASK_NET_MS,
	ASK_ACTIVATE, /* counters */
	ASK_SKIPPED,
	ASK_EVICTED,
	ASK_REFAULTS,
	ASK_FILLS,
	NR_ASK_VALUES
};

/** The names of the values: counters in /proc/vmstat's spelling, and columns of outcome. */
extern const char *const ask_values[NR_ASK_VALUES];

/** The LRUs that are asked about, in this order. */
enum { ASK_CLASSIC, ASK_MGLRU, NR_ASK_LRUS };

#define ASK_SIZES_MAX	 3 /* chosen sizes of memory */
#define ASK_VARIANTS_MAX 4

/** struct ask_spec - what the caller decides; texts must outlive the struct ask. */
struct ask_spec {
	char *machines;	 /* key file; NULL: only the trace's machine rows */
	char **settings; /* KEY=VALUE */
	char *kernel;
	char *memory; /* sizes, the first is the main one; NULL: they are chosen */
	char *format; /* of the trace, for the commands; NULL: detected */
	guint members;
	uint64_t seed; /* of the ensemble */
};

/** struct ask_part - the runs of one question under one LRU, on one variant of the machine. */
struct ask_part {
	enum ask_question question;
	guint lru, variant;
	struct run_set rs;
	struct timed_config timed;
	char *command;	/* prints what this part has, up to the policies */
	uint64_t first; /* number of its first run */
	double *values; /* NR_ASK_VALUES of each run of @rs; NaN of a failed run */
};

/** struct ask - the questions of one trace. */
struct ask {
	struct ask_spec spec;
	const struct trace *t;
	bool timed;			/* the machine has costs */
	bool old, large;		/* the machine as given: prefault=old, large folios */
	uint64_t peak;			/* pages that the trace needs */
	GArray *sizes;			/* uint64_t: all that are tried, in pages */
	char *size_list;		/* the same, as --memory has them */
	uint64_t limits[ASK_SIZES_MAX]; /* the chosen ones: main first */
	guint nr_limits;
	double light, main, heavy; /* reads of mainline there, relative to enough memory */
	GPtrArray *parts;	   /* struct ask_part * */
	uint64_t nr_runs, nr_done, nr_failed;
	char digest[17];
	struct err failure; /* of a run that failed */
	bool left;	    /* interrupted, and threads still use the parts */
};

/** The texts of the variants of the machine, "arm64, large"; @i below ASK_VARIANTS_MAX. */
const char *ask_variant(guint i);
/** The variant that the machine is as given. */
guint ask_own_variant(const struct ask *a);

/** Resolve sizes and plan the runs; @h may interrupt it. Return: 0, or -errno with @err;
 * ask_clear() in both cases. */
int ask_init(struct ask *a, const struct ask_spec *spec, const struct trace *t,
	     const struct lab_hooks *h, struct err *err);
/**
 * ask_run - execute the runs that the CSV file at @path lacks, on @jobs threads (0: one per core)
 * @path: declared by sweep_journal_declare()
 * @restart: discard finished runs
 * Return: 0, some runs have perhaps failed; -EINTR: interrupted, the same call goes on; or
 * another -errno with @err.
 */
int ask_run(struct ask *a, const struct outputs *files, const char *path, int jobs, bool restart,
	    const struct lab_hooks *h, struct err *err);
void ask_clear(struct ask *a);

/** The part of a question, or NULL. */
const struct ask_part *ask_part(const struct ask *a, enum ask_question q, guint lru, guint variant);
/** The command that prints the part, or @policies of it, comma separated; the caller frees it. */
char *ask_command(const struct ask *a, const struct ask_part *p, const char *policies);
/** The command that counts the deaths. The caller frees it. */
char *ask_deaths(const struct ask *a);
/** The command that asked, "reapsim ask ...", without what does not change the answer. The caller
 * frees it. */
char *ask_typed(const struct ask *a);
/** The index of a policy of a part; -1: it is not there. */
int ask_policy(const struct ask_part *p, const char *policy);
/** The mean over the members. */
double ask_mean(const struct ask_part *p, guint machine, guint policy, enum ask_value v);
/** estimate_of_spread() against mainline; of a question without an ensemble of the single runs,
 * without p. NaN if a run has failed. */
struct estimate ask_change(const struct ask_part *p, guint machine, guint policy, enum ask_value v);

/* Shared by ask.c and ask-run.c */

/** Plan the parts; if there are some, those after ASK_SIZES anew, at @limits, with as many runs. */
int ask_plan(struct ask *a, const struct lab_hooks *h, struct err *err);

#endif
