// SPDX-License-Identifier: GPL-2.0-only
/* reapsim outcome: print the costs and savings of policies in simulated time. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/models.h"
#include "sim/cli/cells.h"
#include "sim/cli/change.h"
#include "sim/cli/runs.h"
#include "sim/lab/config.h"
#include "sim/lab/summary.h"

#define NS_PER_MS 1e6

/* A column of a table: one number per run; @name: in --differences. */
struct column {
	const char *title;
	int width;
	const char *name;
	double (*value)(const struct outcome *o);
};

#define VALUE(name, expr)                                                                          \
	static double name(const struct outcome *o)                                                \
	{                                                                                          \
		return (double)(expr);                                                             \
	}

static double share(const struct outcome *o, uint64_t ps)
{
	const uint64_t all = outcome_reap_ps(o);

	return all ? 100.0 * (double)ps / (double)all : 0;
}

static double latency_ms(const struct outcome *o, unsigned int percent)
{
	return o->restarts->len ? (double)outcome_latency_ns(o, percent) / NS_PER_MS : NAN;
}

static double free_ms(const struct outcome *o, unsigned int percent)
{
	return o->nr_kills ? (double)outcome_free_ns(o, percent) / NS_PER_MS : NAN;
}

VALUE(reap_ms, (double)outcome_reap_ps(o) / 1e9)
/* file pages, page tables and mappings */
VALUE(unmap_share,
      share(o, o->mm.reap_ps[REAP_UNMAP] + o->mm.reap_ps[REAP_TABLE] + o->mm.reap_ps[REAP_VMA]))
VALUE(mark_share, outcome_marks_percent(o))
VALUE(anon_share, share(o, o->mm.reap_ps[REAP_ANON]))
VALUE(swap_share, share(o, o->mm.reap_ps[REAP_SWAP]))
VALUE(evict_share, share(o, o->mm.reap_ps[REAP_EVICT]))
VALUE(free50_ms, free_ms(o, 50))
VALUE(free90_ms, free_ms(o, 90))
VALUE(free100_ms, free_ms(o, 100))
VALUE(kills, o->nr_kills)
VALUE(avoidable, o->nr_avoidable)
VALUE(stalls, o->mm.nr_stalls)
VALUE(stall_ms, (double)o->mm.stall_ns / NS_PER_MS)
VALUE(refaults, o->stat.v[VM_workingset_refault_file])
VALUE(fills, o->stat.v[VM_sim_fills])
VALUE(io_ms, (double)o->mm.io_wait_ns / NS_PER_MS)
VALUE(restarts, o->restarts->len)
VALUE(restart50_ms, latency_ms(o, 50))
VALUE(restart95_ms, latency_ms(o, 95))
VALUE(restart99_ms, latency_ms(o, 99))
VALUE(kswapd_ms, (double)o->mm.kswapd_ns / NS_PER_MS)
VALUE(net_ms, outcome_net_ns(o) / NS_PER_MS)

#define COLUMNS_MAX 5

/* The first column of a table gets its change printed, the others only "=" or "~". */
static const struct table {
	const char *title;
	struct column columns[COLUMNS_MAX];
} tables[] = {
	{ "CPU time of unmapping at exit, ms", { { "ms", 8, "reap_ms", reap_ms } } },
	{ "its parts, percent",
	  { { "marks", 8, "marks_percent", mark_share },
	    { "unmap", 6, "unmap_percent", unmap_share },
	    { "anon", 6, "anon_percent", anon_share },
	    { "swap", 6, "swap_percent", swap_share },
	    { "evict", 6, "evict_percent", evict_share } } },
	{ "time from the kill until 100, 90 and 50% of its memory is free, ms",
	  { { "100%", 8, "free100_ms", free100_ms },
	    { "90%", 7, "free90_ms", free90_ms },
	    { "50%", 7, "free50_ms", free50_ms } } },
	{ "kills",
	  { { "kills", 8, "kills", kills }, { "avoidable", 10, "avoidable", avoidable } } },
	{ "total time in direct reclaim, ms, and its count; kswapd, ms",
	  { { "stalled", 8, "stall_ms", stall_ms },
	    { "stalls", 9, "stalls", stalls },
	    { "kswapd", 10, "kswapd_ms", kswapd_ms } } },
	{ "total time waiting for file pages, ms",
	  { { "waited", 8, "io_wait_ms", io_ms },
	    { "refaults", 10, "workingset_refault_file", refaults },
	    { "fills", 10, "sim_fills", fills } } },
	{ "time from a restart to the end of the start-up section, ms: percentiles",
	  { { "p50", 8, "restart50_ms", restart50_ms },
	    { "p95", 8, "restart95_ms", restart95_ms },
	    { "p99", 8, "restart99_ms", restart99_ms },
	    { "restarts", 9, "restarts", restarts } } },
	{ "net: reap + stalls + waits + kswapd, ms", { { "net", 8, "net_ms", net_ms } } },
};

/* struct sample - the runs of a table: those of one trace or, with --pool, of all */
struct sample {
	const struct run_set *sets; /* differ only in the trace */
	guint nr_sets, nr_runs;	    /* of each policy */
};

static const struct run *sample_run(const struct sample *s, guint end, guint machine, guint policy,
				    guint i)
{
	const guint seeds = s->sets->nr_seeds;

	return run_set_get_seed(&s->sets[i / seeds], end, machine, policy, i % seeds);
}

/* A value of each independent run: a run with its seed or, of pooled traces, the mean of a
 * trace, as runs of one trace resemble each other. Return: their number */
static guint values(const struct sample *s, guint end, guint machine, guint policy,
		    const struct column *c, double *v)
{
	const guint seeds = s->sets->nr_seeds;

	for (guint i = 0; i < s->nr_runs; i++)
		v[i] = c->value(&sample_run(s, end, machine, policy, i)->outcome);
	if (s->nr_sets == 1)
		return s->nr_runs;
	for (guint i = 0; i < s->nr_sets; i++)
		v[i] = estimate_of(v + i * seeds, seeds).mean;
	return s->nr_sets;
}

/* The members of an ensemble have a spread, seeds a mean */
static bool has_spread(const struct sample *s)
{
	return s->sets->ensemble.nr && s->nr_sets == 1;
}

static double mean_of(const struct sample *s, guint end, guint machine, guint policy,
		      const struct column *c)
{
	g_autofree double *v = g_new(double, s->nr_runs);
	const guint n = values(s, end, machine, policy, c, v);

	return estimate_of(v, n).mean;
}

/* The paired change from the first policy: a difference, or relative if it has a spread. */
static struct estimate change_of(const struct sample *s, guint end, guint machine, guint policy,
				 const struct column *c)
{
	g_autofree double *v = g_new(double, s->nr_runs), *first = g_new(double, s->nr_runs);
	const guint n = values(s, end, machine, policy, c, v);

	values(s, end, machine, 0, c, first);
	return has_spread(s) ? estimate_of_spread(v, first, n)
			     : estimate_of_difference(v, first, n);
}

static bool finished(const struct sample *s, guint end, guint machine, guint policy)
{
	for (guint i = 0; i < s->nr_sets; i++)
		if (!run_set_finished(&s->sets[i], end, machine, policy))
			return false;
	return true;
}

static void print_table(FILE *f, const struct sample *s, guint end, guint machine,
			const struct table *t)
{
	const GPtrArray *policies = s->sets->policies;
	struct cli_cells *cells = cli_cells_new(policies, has_spread(s));

	for (guint i = 0; i < COLUMNS_MAX && t->columns[i].title; i++)
		cli_cells_column(cells, t->columns[i].title, t->columns[i].width);
	for (guint p = 0; p < policies->len; p++)
		for (guint i = 0; i < COLUMNS_MAX && t->columns[i].title; i++) {
			const struct column *c = &t->columns[i];
			struct estimate change;

			if (!finished(s, end, machine, 0) || !finished(s, end, machine, p))
				continue;
			change = change_of(s, end, machine, p, c);
			cli_cells_set(cells, p, i, mean_of(s, end, machine, p, c), &change);
		}
	cli_cells_print(cells, f, t->title);
}

static void print_tables(FILE *f, const struct sample *s, const struct timed_config *timed)
{
	const struct run_set *rs = s->sets;
	g_autofree char *name = g_path_get_basename(rs->trace->path);
	g_autofree char *base = cli_printable(name);
	g_autofree char *more =
		s->nr_sets > 1 ? g_strdup_printf(" and %u more", s->nr_sets - 1) : g_strdup("");
	g_autofree char *restart = restart_rule_text(&timed->restart);
	g_autofree char *basis = cli_change_basis(
		rs, s->nr_sets, has_spread(s) ? "a sign test" : "a t-test", COLUMNS_MAX);

	for (guint e = 0; e < rs->ends->len; e++) {
		for (guint m = 0; m < rs->machines->len; m++) {
			const struct machine *mc = &g_array_index(rs->machines, struct machine, m);

			fprintf(f,
				"%s%s on %s, %" PRIu64 " pages%s\n"
				"lru %s, ends %s, killer %s, loop %s%s,\nrestart %s,\n%s\n\n",
				base, more, mc->name, machine_limit(mc),
				mc->memcg_pages ? " of memcg limit" : "", rs->lru->name,
				ends_as_name(g_array_index(rs->ends, enum op_code, e)),
				timed->killer->name, timed_loops[timed->loop],
				timed->no_think ? ", no think time" : "", restart, basis);
			for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
				print_table(f, s, e, m, &tables[i]);
		}
	}
}

/* Write the finished runs. Return: the number of rows. */
static guint csv_rows(FILE *f, const struct run_set *rs)
{
	guint rows = 0;

	for (guint i = 0; i < rs->runs->len; i++) {
		const struct run *r = &g_array_index(rs->runs, struct run, i);

		if (run_finished(r)) {
			outcome_csv_row(f, rs->trace, r);
			rows++;
		}
	}
	return rows;
}

/* The changes of the columns of all tables in percent, a row per policy and column; p is not
 * corrected. */
static void differences_rows(struct cli_results *r, const struct sample *s, guint end,
			     guint machine, guint policy)
{
	const struct run_set *rs = s->sets;

	for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
		for (const struct column *c = tables[i].columns;
		     c < tables[i].columns + COLUMNS_MAX && c->title; c++) {
			struct estimate change = change_of(s, end, machine, policy, c);
			const double base = mean_of(s, end, machine, 0, c);

			/* relative to what did not happen, or a mean relative to 0 */
			if (isnan(base) || isnan(change.mean) || (!(base > 0) && !has_spread(s)))
				continue;
			if (!has_spread(s))
				change = (struct estimate){ change.mean / base, change.low / base,
							    change.high / base, change.p };
			cli_differences_row(r, rs, end, machine, policy, c->name,
					    s->nr_sets > 1 ? s->nr_sets : s->nr_runs, base,
					    &change);
		}
	}
}

static void differences(struct cli_results *r, const struct sample *s)
{
	const struct run_set *rs = s->sets;

	for (guint e = 0; e < rs->ends->len; e++)
		for (guint m = 0; m < rs->machines->len; m++)
			for (guint p = 1; p < rs->policies->len; p++)
				if (finished(s, e, m, 0) && finished(s, e, m, p))
					differences_rows(r, s, e, m, p);
}

struct outcome_options {
	struct run_options o;
	const char *killer, *restart, *loop, *csv, *differences;
	uint64_t seed;
	bool no_think, pool;
	struct timed_config timed;
};

static int parse_timed(struct outcome_options *c)
{
	struct err err;
	int ret;

	timed_config_init(&c->timed, &kill_scripted);
	ret = timed_config_set_killer(&c->timed, c->killer, &err);
	if (!ret)
		ret = restart_rule_parse(&c->timed.restart, c->restart, &err);
	if (!ret)
		ret = timed_loop_parse(&c->timed.loop, c->loop, &err);
	if (ret)
		return cli_fail(ret, &err);
	c->timed.no_think = c->no_think;
	c->timed.seed = c->seed;
	c->o.spec.timed = &c->timed;
	c->o.spec.with_baseline = true;
	if (c->o.sample)
		return cli_usage(
			"--sample: a sample has 1/N of the requests and of the CPU time, and "
			"no test says what its waits tell of the whole trace; expected it in "
			"\"reapsim compare\" or \"run\"");
	return cli_parse_ensemble(&c->o);
}

/* On a machine without costs all times are 0, which is valid but says nothing. */
static void warn_of_no_costs(const struct run_set *rs)
{
	for (guint i = 0; i < rs->machines->len; i++) {
		const struct machine *m = &g_array_index(rs->machines, struct machine, i);

		if (!m->read_us && !m->zap_file_ps && !m->zap_anon_ps)
			fprintf(stderr,
				"reapsim: machine %s has no costs, so nothing takes time; "
				"use --machines with one that has, such as vm\n",
				m->name);
	}
}

/* Run @n traces, and print their tables. */
static int outcome_traces(struct outcome_options *c, char **paths, guint n, struct cli_results *r)
{
	g_autofree struct trace **t = g_new0(struct trace *, n);
	g_autofree struct run_set *sets = g_new0(struct run_set, n);
	const guint nr = c->o.spec.ensemble.nr ? c->o.spec.ensemble.nr : c->o.spec.nr_seeds;
	const struct sample s = { .sets = sets, .nr_sets = n, .nr_runs = n * nr };
	guint executed = 0;
	int ret = 0;

	for (guint i = 0; i < n && !ret; i++) {
		ret = cli_load_trace(paths[i], c->o.format, &t[i]);
		if (!ret)
			ret = cli_run_set_init(&sets[i], &c->o.spec, t[i]);
		if (!ret) {
			ret = cli_run_set_execute(&sets[i], c->o.jobs);
			executed++;
		}
	}
	if (executed)
		warn_of_no_costs(&sets[0]);
	/* also if runs of the last trace are unfinished */
	if (executed == n) {
		print_tables(r->text.f, &s, &c->timed);
		for (guint i = 0; r->runs.f && i < n; i++)
			r->nr_runs += csv_rows(r->runs.f, &sets[i]);
		if (r->differences.f)
			differences(r, &s);
	}
	for (guint i = 0; i < n; i++) {
		run_set_clear(&sets[i]);
		trace_free(t[i]);
	}
	return ret;
}

/* Are there several runs of each policy? */
static bool has_interval(const struct outcome_options *c, int nr_traces)
{
	return c->o.spec.ensemble.nr || c->o.spec.nr_seeds > 1 || (c->pool && nr_traces > 1);
}

static int outcome_all(struct outcome_options *c, char **paths, int n)
{
	struct cli_results r;
	int ret = cli_open_results(&r, &c->o.files, ROWS_OUTCOME, c->csv, c->differences,
				   has_interval(c, n));

	if (ret)
		return ret;
	if (c->pool)
		ret = outcome_traces(c, paths, (guint)n, &r);
	for (int i = 0; !c->pool && i < n && !ret; i++)
		ret = outcome_traces(c, paths + i, 1, &r);
	return cli_close_results(&r, ret);
}

static int run(void *options, int argc, char **argv)
{
	struct outcome_options *c = options;
	int ret;

	if (argc < 1)
		return cli_usage("outcome: expected a trace");
	if (c->differences && !has_interval(c, argc))
		return cli_usage("--differences: one run has no interval, add --seeds N");
	ret = parse_timed(c);
	if (!ret)
		ret = cli_declare_inputs(&c->o.files, "TRACE", argv, argc);
	if (!ret)
		ret = command_declare(&cmd_outcome, c);
	return ret ? ret : outcome_all(c, argv, argc);
}

#define FIELD(member) OPTION_FIELD(struct outcome_options, member)

static const struct option rows[] = {
	{ "killer", OPT_TEXT, "scripted", "the killer; scripted: the kills of the trace",
	  .letter = 'K', .metavar = "NAME[:KEY=VALUE...]", .complete = complete_killers,
	  FIELD(killer) },
	{ "restart", OPT_TEXT, "never",
	  "when a killed process restarts: never, on-use, fixed=TIME, uniform=TIME..TIME, "
	  "log-uniform=TIME..TIME, kubernetes, systemd",
	  .letter = 'r', .metavar = "RULE[,p=P]", .complete = complete_restarts, FIELD(restart) },
	{ "loop", OPT_TEXT, "process",
	  "process: each process runs its own part of the trace, and waits for no other; trace: "
	  "one user runs all of it; turns: and waits until what it kills is gone, as play does",
	  .metavar = "HOW", .choices = timed_loops, FIELD(loop) },
	{ "no-think", OPT_FLAG, NULL, "an advance of the trace's clock takes no time",
	  FIELD(no_think) },
	{ "seeds", OPT_COUNT, "8", "runs of each policy, which differ in restarts and device times",
	  1, 10000, .letter = 'n', .metavar = "N", FIELD(o.spec.nr_seeds) },
	{ "seed", OPT_COUNT, "1", "the first seed", 0, OPTION_NO_MAX, .metavar = "N", FIELD(seed) },
	{ "pool", OPT_FLAG, NULL,
	  "one table over all traces, the same workload with different seeds", FIELD(pool) },
	{ "csv", OPT_PATH, NULL, "write everything, a row per run", .metavar = "FILE",
	  .role = FILE_RESULTS, FIELD(csv) },
	{ "differences", OPT_PATH, NULL,
	  "write the changes in percent and their intervals, a row per policy and column of the "
	  "tables",
	  .metavar = "FILE", .role = FILE_RESULTS, FIELD(differences) },
	COMMAND_JSON,
	COMMAND_FORCE,
	{ NULL },
};

const struct command cmd_outcome = {
	.name = "outcome",
	.summary = "costs and savings of policies in simulated time",
	.arguments = "TRACE...",
	.title = "Replay traces in simulated time and compare the costs and savings of policies.",
	.details =
		"The machine file gives costs and the device; without costs nothing takes time.\n"
		"Changes are relative to the first policy, seed by seed (with --pool: trace by\n"
		"trace, each the mean of its seeds).\n" CHANGE_DETAILS SPREAD_DETAILS
		"With --pool the members of a trace are averaged, and the traces compared.\n"
		"avoidable: kills while an earlier victim had yet to free the missing memory.\n"
		"net: CPU time of unmapping, kswapd and reads, plus stalls, plus waits. The\n"
		"latency of a restart is not added, as it consists of waits.\n\n" RUN_DETAILS,
	.examples = "reapsim gen kill-return -o app.rtrace\n"
		    "# a phone; the user comes back after 1 s\n"
		    "reapsim outcome -p baseline,v1 -m phone-ufs -n 2 --restart fixed=1s "
		    "app.rtrace\n",
	.shared = run_rows_many,
	.options = rows,
	.complete = complete_traces,
	.size = sizeof(struct outcome_options),
	.run = run,
};
