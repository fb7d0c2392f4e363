// SPDX-License-Identifier: GPL-2.0-only
/* The columns of all tables of rows. The CSV headers are made from them, except those of sweeps,
 * which tests/cli/json.cmd compares with them. */
#include <string.h>

#include "sim/cli/rows.h"
#include "sim/vmstat.h"

#define TEXT(name, help)                                                                           \
	{                                                                                          \
		name, COLUMN_TEXT, help                                                            \
	}
#define NUMBER(name, help)                                                                         \
	{                                                                                          \
		name, COLUMN_NUMBER, help                                                          \
	}
#define TYPED(name, help)                                                                          \
	{                                                                                          \
		name, COLUMN_TYPED, help                                                           \
	}

#define TRACE	TEXT("trace", "base name of the trace")
#define MACHINE TEXT("machine", "name of the machine")
#define KERNEL	TEXT("kernel", "kernel whose rules the run follows")
#define LRU	TEXT("lru", "LRU model")
#define POLICY	TEXT("policy", "reap policy")
#define ENDS_AS TEXT("ends_as", "how processes end")
#define MARK	TEXT("mark", "name of the snapshot; (end): the end of the trace")
#define AGAINST TEXT("against", "policy that is compared with")
#define COUNTER TEXT("counter", "counter or column that is compared")
#define LIMIT	NUMBER("limit_pages", "pages of the memcg limit, or of memory without one")
#define MEMBERS NUMBER("members", "runs of each policy")
#define SWEEP	TEXT("sweep", "digest of what is run; runs of one sweep have the same")
#define RUN	NUMBER("run", "number of the run, from 1")

#define RUN_COLUMNS                                                                                \
	TRACE, MACHINE, NUMBER("memory_pages", "pages of memory"),                                 \
		NUMBER("memcg_pages", "memcg limit in pages; 0: none"), KERNEL, LRU, POLICY,       \
		ENDS_AS

#define SNAPSHOT MARK, NUMBER("number", "of the snapshots of this name, from 1")

static const struct row_column run[] = { RUN_COLUMNS, SNAPSHOT, { NULL } };

static const struct row_column member[] = {
	NUMBER("member", "of the ensemble, from 0"),
	NUMBER("readahead_pages", "readahead of the member"),
	TEXT("prefault", "whether fault-around maps pages old or young"),
	NUMBER("from", "record at which counting begins"),
	NUMBER("to", "record at which counting ends"),
	NUMBER("order", "records by which processes may be late"),
	RUN_COLUMNS,
	SNAPSHOT,
	{ NULL },
};

static const struct row_column sample[] = {
	TRACE,
	MACHINE,
	LIMIT,
	KERNEL,
	LRU,
	POLICY,
	ENDS_AS,
	COUNTER,
	NUMBER("samples", "disjoint samples of each rate"),
	NUMBER("one_in", "N: a sample is 1/N of the trace"),
	NUMBER("estimate", "of the counter at the end of the whole trace"),
	NUMBER("low", "lower end of its 95% interval"),
	NUMBER("high", "upper end"),
	AGAINST,
	NUMBER("percent", "estimated change; null: the other is 0 in all samples"),
	NUMBER("low_percent", "lower end of its 95% interval"),
	NUMBER("high_percent", "upper end"),
	NUMBER("p", "that the sign is noise, not corrected for several tests"),
	{ NULL },
};

static const struct row_column pages[] = {
	SNAPSHOT,
	TEXT("file", "name of the file"),
	NUMBER("page", "first page of the range"),
	NUMBER("count", "pages of the range, which have the same state"),
	NUMBER("resident", "1: in memory"),
	NUMBER("referenced", "1: PG_referenced"),
	NUMBER("active", "1: PG_active"),
	NUMBER("lru", "1: PG_lru"),
	NUMBER("dirty", "1: PG_dirty"),
	NUMBER("workingset", "1: PG_workingset"),
	NUMBER("mapcount", "mappings of each page"),
	{ NULL },
};

static const struct row_column outcome[] = {
	RUN_COLUMNS,
	TEXT("killer", "the killer"),
	TEXT("restart", "when a killed process restarts"),
	TEXT("loop", "what waits for what: process, trace or turns"),
	NUMBER("seed", "of restarts and device times"),
	{ NULL },
};

#define COST(name, what)                                                                           \
	NUMBER(name "_ps", "CPU time of " what), NUMBER(name "_nr", "number of " what)

/* as outcome_columns() */
static const struct row_column timed[] = {
	NUMBER("end_ns", "simulated time at the end"),
	NUMBER("reap_ps", "CPU time of unmapping at exit, the sum of the next nine"),
	COST("unmap", "unmapped PTEs of file pages"),
	COST("mark_first", "marks that set PG_referenced"),
	COST("mark_activate", "marks that activate"),
	COST("mark_active", "marks of active pages"),
	COST("anon", "freed anonymous pages"),
	COST("swap", "freed swap entries"),
	COST("evict", "pages dropped by +evict"),
	COST("table", "freed page tables"),
	COST("vma", "removed mappings"),
	COST("close", "open files"),
	NUMBER("exec_ps", "part of reap_ps for the address spaces that exec leaves"),
	NUMBER("advise_ps",
	       "CPU time of MADV_COLD and MADV_PAGEOUT, also by a killer; not in reap_ps"),
	NUMBER("kills", "kills, also by the OOM killer"),
	NUMBER("oom_kills", "kills by the OOM killer"),
	NUMBER("avoidable_kills", "kills while earlier victims had yet to free what was missing"),
	NUMBER("free50_ns", "mean time from a kill until half of the victim's memory is free"),
	NUMBER("free90_ns", "the same, 90%"),
	NUMBER("free100_ns", "the same, all"),
	NUMBER("stalls", "direct reclaims"),
	NUMBER("stall_ns", "time in direct reclaim"),
	NUMBER("io_waits", "waits for file pages"),
	NUMBER("io_wait_ns", "time of waiting for file pages"),
	NUMBER("refault_wait_ns", "part of it for pages that had been evicted"),
	NUMBER("read_ps", "CPU time of reading file pages: fill_ps and submit_ps"),
	NUMBER("sync_wait_ns", "time of waiting in fsync()"),
	NUMBER("requests", "requests to the device"),
	NUMBER("kswapd_ns", "CPU time of kswapd"),
	NUMBER("restarts", "restarts of killed processes"),
	NUMBER("restart_p50_ns", "median time from a restart to the end of its start-up"),
	NUMBER("restart_p95_ns", "the same, 95th percentile"),
	NUMBER("restart_p99_ns", "the same, 99th percentile"),
	NUMBER("lost", "records of dead processes, which were skipped"),
	NUMBER("steps_ns",
	       "time of all that processes do to memory and files; --loop trace, turns"),
	NUMBER("starts", "processes that start after a death; --loop trace, turns"),
	NUMBER("start_p50_ns", "median time of their steps up to the first pause"),
	NUMBER("start_p95_ns", "the same, 95th percentile"),
	NUMBER("start_p99_ns", "the same, 99th percentile"),
	NUMBER("net_ns", "unmapping, stalls, waits for and CPU time of reads, kswapd"),
	{ NULL },
};

static const struct row_column differences[] = {
	TRACE,
	MACHINE,
	LIMIT,
	KERNEL,
	LRU,
	POLICY,
	AGAINST,
	ENDS_AS,
	COUNTER,
	MEMBERS,
	NUMBER("against_mean", "mean under the policy that is compared with"),
	NUMBER("percent", "change: the median of an ensemble, the mean of seeds; null: new"),
	NUMBER("low_percent", "least of an ensemble, or lower end of the 95% interval"),
	NUMBER("high_percent", "most of an ensemble, or upper end of the 95% interval"),
	NUMBER("p", "of the test that the sign is noise, not corrected for several tests"),
	{ NULL },
};

static const struct row_column sweep[] = { SWEEP, RUN, { NULL } };

static const struct row_column sweep_results[] = {
	TEXT("status", "ok, or why there are no results"),
	LIMIT,
	{ NULL },
};

static const struct row_column breakeven[] = {
	TEXT("workload", "generator or trace"),
	MACHINE,
	LRU,
	POLICY,
	AGAINST,
	TEXT("delay", "time from a kill to the restart"),
	NUMBER("p", "probability of a restart"),
	NUMBER("seeds", "runs of each policy"),
	NUMBER("against_ms", "net cost under the policy that is compared with"),
	NUMBER("mean_ms", "mean difference of the net cost"),
	NUMBER("half_ms", "half of its 95% interval"),
	TEXT("noise", "yes: the difference can be noise"),
	NUMBER("significant", "points of this delay that are no noise"),
	NUMBER("of", "points of this delay"),
	TYPED("even_p", "break-even probability at this delay, or a verdict: pays, never, ..."),
	NUMBER("even_p_low", "its interval"),
	NUMBER("even_p_high", "its interval"),
	{ NULL },
};

static const struct row_column agreement[] = {
	TEXT("group", "memcg or whole guest"),
	TEXT("scenario", "name of the scenario"),
	LRU,
	POLICY,
	MARK,
	COUNTER,
	NUMBER("kernel_min", "least of the kernel's runs"),
	NUMBER("kernel_median", "median of the kernel's runs"),
	NUMBER("kernel_max", "most of the kernel's runs"),
	NUMBER("runs", "runs of the kernel"),
	NUMBER("simulator", "value of the simulator"),
	NUMBER("error", "relative distance from the kernel's spread"),
	{ NULL },
};

static const struct row_column deaths[] = {
	TRACE,
	NUMBER("deaths", "processes that end"),
	NUMBER("killed", "of these, killed"),
	NUMBER("pages", "file pages that they used through mappings, each for itself"),
	NUMBER("shared_percent", "of these, used by other live processes too"),
	NUMBER("only_percent", "of these, used by no other live process"),
	NUMBER("again_percent", "of those, used later"),
	NUMBER("read_percent", "of those, first by read() or write()"),
	NUMBER("returned", "deaths after which others use half of the pages again"),
	NUMBER("return50_s", "half of them do within this time; null: the trace has no times"),
	{ NULL },
};

static const struct row_column answer[] = {
	TRACE,
	MACHINE,
	TEXT("question", "what is varied"),
	TEXT("variant", "hardware and size of folios"),
	LIMIT,
	KERNEL,
	LRU,
	ENDS_AS,
	POLICY,
	AGAINST,
	COUNTER,
	MEMBERS,
	NUMBER("against_mean", "mean under the policy that is compared with"),
	NUMBER("mean", "mean under the policy"),
	NUMBER("percent", "median change; null: new"),
	NUMBER("low_percent", "least change; null: one run"),
	NUMBER("high_percent", "most change; null: one run"),
	NUMBER("p_holm", "of a sign test, corrected for all comparisons of the question"),
	{ NULL },
};

static const struct row_column ask_runs[] = {
	SWEEP,
	RUN,
	TRACE,
	TEXT("question", "what is varied"),
	TEXT("variant", "hardware and size of folios"),
	KERNEL,
	LRU,
	LIMIT,
	ENDS_AS,
	POLICY,
	NUMBER("member", "of the ensemble, from 0"),
	NUMBER("reap_ms", "CPU time of unmapping at exit; null: not a timed run"),
	NUMBER("marks_percent", "share of marks in it"),
	NUMBER("free100_ms", "mean time from a kill until all memory of the victim is free"),
	NUMBER("io_wait_ms", "time of waiting for file pages"),
	NUMBER("net_ms", "unmapping, stalls, waits and kswapd"),
	NUMBER("pgactivate", "null: the run failed"),
	NUMBER("sim_zap_skipped", "null: the run failed"),
	NUMBER("sim_zap_evicted", "null: the run failed"),
	NUMBER("workingset_refault_file", "null: the run failed"),
	NUMBER("sim_fills", "null: the run failed"),
	{ NULL },
};

#define REPETITION NUMBER("repetition", "from 1; each has one run of every policy")

/* then the values in the order of enum play_value */
static const struct row_column play[] = {
	TRACE,
	MACHINE,
	NUMBER("memcg_pages", "memcg limit in pages"),
	POLICY,
	ENDS_AS,
	REPETITION,
	NUMBER("place", "of the run in its repetition, from 1"),
	NUMBER("reap_ns", "CPU time of deaths, less that of processes that have done nothing"),
	NUMBER("release_ns", "CPU time of process_mrelease()"),
	NUMBER("empty_death_ns", "CPU time of the death of a process that has done nothing"),
	NUMBER("free100_ns", "mean time from a kill until all of the victim's memory is free"),
	NUMBER("free90_ns", "the same, 90%"),
	NUMBER("free50_ns", "the same, half"),
	NUMBER("kills", "kills"),
	NUMBER("lost_races", "victims that had ended before process_mrelease()"),
	NUMBER("freed_pages", "pages that the kills freed"),
	NUMBER("psi_some_ns", "time in which some tasks stalled for memory"),
	NUMBER("psi_full_ns", "time in which all tasks stalled for memory"),
	NUMBER("wait_ns", "time of steps without CPU time"),
	NUMBER("workingset_refault_file", "of memory.stat"),
	NUMBER("read_pages", "pages that processes had read from the device"),
	NUMBER("pgmajfault", "major faults of the processes"),
	NUMBER("start50_ns", "median time of the steps of a start after a death"),
	NUMBER("start95_ns", "the same, 95th percentile"),
	NUMBER("start99_ns", "the same, 99th percentile"),
	NUMBER("starts", "starts after a death"),
	NUMBER("cpu_ns", "CPU time of steps"),
	NUMBER("total_ns", "time of all that processes do to memory and files"),
	NUMBER("net_ns", "reap_ns and wait_ns"),
	{ NULL },
};

#define PLAY_RUN TRACE, MACHINE, POLICY, REPETITION, NUMBER("line", "of the trace as it is played")

static const struct row_column play_operations[] = {
	PLAY_RUN,
	TEXT("operation", "keyword of the row"),
	NUMBER("pid", "of the trace"),
	NUMBER("wall_ns", "time"),
	NUMBER("cpu_ns", "CPU time"),
	{ NULL },
};

static const struct row_column play_deaths[] = {
	PLAY_RUN,
	TEXT("how",
	     "exit, exec, kill or mrelease; empty: of a process that has done nothing; end: after "
	     "the trace"),
	NUMBER("pid", "of the trace"),
	NUMBER("lost_race", "1: it had ended before process_mrelease()"),
	NUMBER("wall_ns", "from the kill until it is a zombie"),
	NUMBER("release_ns", "CPU time of process_mrelease()"),
	NUMBER("exit_ns", "its CPU time from the kill on"),
	NUMBER("life_ns", "its CPU time before"),
	NUMBER("freed_pages", "what the cgroup was charged less"),
	NUMBER("free50_ns", "from the kill until half of that is free; null: not known"),
	NUMBER("free90_ns", "the same, 90%"),
	NUMBER("free100_ns", "the same, all"),
	NUMBER("minflt", "its minor faults"),
	NUMBER("majflt", "its major faults"),
	NUMBER("read_pages", "pages that it had read from the device"),
	{ NULL },
};

const struct row_table row_tables[NR_ROW_TABLES] = {
	[ROWS_RUN] = { "run", "counters at a snapshot or the end of a run", run, .counters = true },
	[ROWS_MEMBER] = { "member", "counters at the end of a run of an ensemble", member,
			  .counters = true },
	[ROWS_SAMPLE] = { "sample", "a counter, estimated from samples of a trace", sample },
	[ROWS_PAGES] = { "pages", "state of a range of file pages at a snapshot", pages },
	[ROWS_OUTCOME] = { "outcome", "a timed run", outcome, .outcome = true, .counters = true },
	[ROWS_DIFFERENCES] = { "differences", "change of a counter from one policy to another",
			       differences },
	[ROWS_SWEEP] = { "sweep", "a run of a sweep", sweep, .axes = true, .results = sweep_results,
			 .counters = true },
	[ROWS_SWEEP_TIMED] = { "sweep-timed", "a timed run of a sweep", sweep, .axes = true,
			       .results = sweep_results, .outcome = true, .counters = true },
	[ROWS_BREAKEVEN] = { "breakeven", "difference of the net cost at a delay and probability",
			     breakeven },
	[ROWS_AGREEMENT] = { "agreement", "a value of the kernel and of the simulator", agreement },
	[ROWS_DEATHS] = { "deaths", "what ended processes leave in a trace", deaths },
	[ROWS_ANSWER] = { "answer", "a comparison of an answer", answer },
	[ROWS_ASK_RUNS] = { "ask-run", "a run of an answer", ask_runs },
	[ROWS_PLAY] = { "play", "a trace played on the kernel that runs here", play },
	[ROWS_PLAY_OPERATIONS] = { "play-operation", "an operation of such a run",
				   play_operations },
	[ROWS_PLAY_DEATHS] = { "play-death", "a death in such a run", play_deaths },
};

static void each(const struct row_column *c, void (*fn)(const struct row_column *c, void *data),
		 void *data)
{
	for (; c && c->name; c++)
		fn(c, data);
}

void row_table_columns(const struct row_table *t,
		       void (*fn)(const struct row_column *c, void *data), void *data)
{
	each(t->columns, fn, data);
	each(t->results, fn, data);
	if (t->outcome)
		each(timed, fn, data);
	for (int i = 0; t->counters && i < NR_VMSTAT; i++) {
		const struct row_column c =
			NUMBER(vmstat_name((enum vmstat_item)i), vmstat_text((enum vmstat_item)i));

		fn(&c, data);
	}
}

static void if_named(const struct row_column *c, void *data)
{
	struct row_column *wanted = data;

	if (!strcmp(c->name, wanted->name))
		*wanted = *c;
}

struct row_column row_table_column(const struct row_table *t, const char *name)
{
	struct row_column c = TYPED(name, NULL);

	row_table_columns(t, if_named, &c);
	return c;
}
