// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim breakeven: find the restart probability and delay at which a policy stops paying
 * off, by a sweep of timed runs. sim/lab/breakeven.h defines the comparison.
 */
#include <math.h>

#include "sim/lab/breakeven.h"
#include "sim/cli/change.h"
#include "sim/cli/data.h"
#include "sim/cli/plot.h"
#include "sim/cli/runs.h"
#include "sim/cli/sweep.h"

struct breakeven {
	struct outputs files;
	char *policies, *machines, *lrus, *delays, *probabilities, *plots, *csv, *differences;
	char **settings;
	int seeds;
	struct sweep_options sweep;
};

/* Tables of 72 columns */

#define LABEL 8
#define CELL  8
#define CELLS 5 /* probabilities per line */

/* About 3 significant digits; from 100000 on in thousands, with a "k". */
static char *figure(double v, bool sign)
{
	const double a = fabs(v);
	const bool k = a >= 99999.5;
	const int digits = a >= 99.95 ? 0 : a >= 9.995 ? 1 : 2;

	return g_strdup_printf(sign && v ? "%+.*f%s" : "%.*f%s", v ? digits : 0, k ? v / 1000 : v,
			       k ? "k" : "");
}

static void print_cell(FILE *f, const struct estimate *e)
{
	g_autofree char *text = figure(e->mean, true);

	fprintf(f, "%*s%s", CELL - 1, text, cli_change_mark(e));
}

/* Half of the interval of each cell, below it */
static void print_halves(FILE *f, const struct estimate *e, guint n)
{
	fprintf(f, "%-*s", LABEL, "  +-");
	for (guint i = 0; i < n; i++) {
		g_autofree char *text = figure(estimate_half(&e[i]), false);

		fprintf(f, "%*s ", CELL - 1, text);
	}
}

static void print_even_p(FILE *f, const struct even *e)
{
	if (e->nr && e->verdict)
		fprintf(f, " %s %u/%u", e->verdict, e->nr, e->of);
	else if (e->verdict)
		fprintf(f, " %s", e->verdict);
	else
		fprintf(f, " %.3g [%.3g..%.3g]", e->at, e->low, e->high);
}

/* The break-even delays, one below the column of each probability; of verdicts only the
 * first row, and how many points support them in the second. */
static void print_even_delays(FILE *f, const struct even *e, guint n, const char *label,
			      size_t member)
{
	fprintf(f, "%-*s", LABEL, label);
	for (guint i = 0; i < n; i++) {
		g_autofree char *text = figure(G_STRUCT_MEMBER(double, &e[i], member), false);
		g_autofree char *of =
			e[i].nr ? g_strdup_printf("%u/%u", e[i].nr, e[i].of) : g_strdup("");

		fprintf(f, "%*s ", CELL - 1,
			!e[i].verdict			       ? text
			: member == offsetof(struct even, at)  ? e[i].verdict
			: member == offsetof(struct even, low) ? of
							       : "");
	}
	fputc('\n', f);
}

/* The table of the probabilities [@from, @to). */
static void print_part(FILE *f, const struct grid *g, guint machine, guint lru, guint policy,
		       guint from, guint to)
{
	const bool last = to == g->r->ps->len;
	bool found = false;
	struct even even[CELLS];
	struct estimate e[CELLS];

	fprintf(f, "%-*s", LABEL, "delay");
	for (guint p = from; p < to; p++) {
		g_autofree char *head = g_strdup_printf("p=%s", (char *)g->r->ps->pdata[p]);

		fprintf(f, "%*s ", CELL - 1, head);
		even[p - from] = grid_even_delay(g, machine, lru, policy, p);
		found |= !even[p - from].verdict || even[p - from].nr;
	}
	fprintf(f, "%s\n", last ? " break-even p" : "");
	for (guint d = 0; d < g->r->delays->len; d++) {
		fprintf(f, "%-*s", LABEL, (char *)g->r->delays->pdata[d]);
		for (guint p = from; p < to; p++) {
			e[p - from] = grid_difference(g, machine, lru, policy, d, p);
			print_cell(f, &e[p - from]);
		}
		if (last) {
			const struct even even_p = grid_even_p(g, machine, lru, policy, d);

			print_even_p(f, &even_p);
		}
		fputc('\n', f);
		print_halves(f, e, to - from);
		fputc('\n', f);
	}
	print_even_delays(f, even, to - from, "even, s", offsetof(struct even, at));
	if (found) {
		print_even_delays(f, even, to - from, "from n/m", offsetof(struct even, low));
		print_even_delays(f, even, to - from, "  to", offsetof(struct even, high));
	}
	fputc('\n', f);
}

static void print_policy(FILE *f, const struct grid *g, guint machine, guint lru, guint policy)
{
	g_autofree char *name = grid_machine(g, machine);

	fprintf(f, "%s, %s: net of %s less %s, ms\n", name, (char *)g->lrus->pdata[lru],
		(char *)g->policies->pdata[policy], (char *)g->policies->pdata[0]);
	for (guint p = 0; p < g->r->ps->len; p += CELLS)
		print_part(f, g, machine, lru, policy, p, MIN(p + CELLS, g->r->ps->len));
}

static void print_tables(FILE *f, const struct grid *g)
{
	fprintf(f,
		"%s, %u seeds\n\n"
		"net: CPU time of unmapping, kswapd and reads, plus stalls and waits. A\n"
		"policy pays off if its net is lower: a difference below 0. Under it\n"
		"stands half of its 95%% interval. ~: it can be noise, after Holm's\n"
		"correction for all points of a table. Break-even: where the sign\n"
		"changes, with its interval. pays, never n/m: significant at n of m\n"
		"points, more than half of them, and always with this sign; mixed: it\n"
		"changes more than once; same: equal at all points\n\n",
		g->workload, g->nr_seeds);
	for (guint m = 0; m < g->machines->len; m++)
		for (guint l = 0; l < g->lrus->len; l++)
			for (guint p = 1; p < g->policies->len; p++)
				print_policy(f, g, m, l, p);
}

/* The same as CSV, a row per cell */

static void differences_row(FILE *f, const struct grid *g, guint machine, guint lru, guint policy,
			    guint delay, guint p)
{
	const struct estimate e = grid_difference(g, machine, lru, policy, delay, p);
	const struct even even = grid_even_p(g, machine, lru, policy, delay);
	g_autofree char *name = grid_machine(g, machine);

	csv_field(f, g->workload);
	fputc(',', f);
	csv_field(f, name);
	fprintf(f, ",%s,%s,%s,%s,%s,%u,%.6f,%.6f,%.6f,%s,%u,%u,", (char *)g->lrus->pdata[lru],
		(char *)g->policies->pdata[policy], (char *)g->policies->pdata[0],
		(char *)g->r->delays->pdata[delay], (char *)g->r->ps->pdata[p], g->nr_seeds,
		grid_net(g, machine, lru, 0, delay, p), e.mean, estimate_half(&e),
		estimate_is_noise(&e) ? "yes" : "no", even.nr, even.of);
	if (even.verdict)
		fprintf(f, "%s,,\n", even.verdict);
	else
		fprintf(f, "%.6f,%.6f,%.6f\n", even.at, even.low, even.high);
}

static void differences(FILE *f, const struct grid *g)
{
	for (guint m = 0; m < g->machines->len; m++)
		for (guint l = 0; l < g->lrus->len; l++)
			for (guint i = 1; i < g->policies->len; i++)
				for (guint d = 0; d < g->r->delays->len; d++)
					for (guint p = 0; p < g->r->ps->len; p++)
						differences_row(f, g, m, l, i, d, p);
}

static int write_rows(const struct breakeven *b, const struct grid *g, const struct output *json)
{
	struct cli_rows rows;
	int ret = cli_rows_open(&rows, &b->files, ROWS_BREAKEVEN, b->differences, json);

	if (!ret && rows.f)
		differences(rows.f, g);
	return cli_rows_end(&rows, ret);
}

/* what report() needs */
struct task {
	const struct breakeven *b;
	const struct sweep *sw;
	const struct returns *r;
	const char *workload;
};

static int report(const void *data, const struct output *json)
{
	const struct task *task = data;
	const struct breakeven *b = task->b;
	struct grid g;
	struct output out;
	struct err err;
	int ret = grid_load(&g, task->workload, task->sw, task->r, b->csv, &err);

	if (ret)
		return cli_fail(ret, &err);
	ret = cli_open_stdout(&out, &b->files);
	if (!ret) {
		print_tables(out.f, &g);
		ret = cli_close_out(&out, OUTPUT_WHOLE);
	}
	if (!ret)
		ret = write_rows(b, &g, json);
	if (!ret && b->plots) {
		g_autofree char *base = plot_base(b->plots, "breakeven-", task->workload);

		ret = plot_breakeven(&g, &b->files, base);
	}
	grid_clear(&g);
	return ret;
}

static int declare(struct breakeven *b, const struct sweep *sw, const char *workload)
{
	g_autofree char *base = b->plots ? plot_base(b->plots, "breakeven-", workload) : NULL;
	struct err err;
	int ret = sweep_declare(sw, &b->files, "--csv", b->csv, b->sweep.how.restart, &err);

	if (ret)
		return cli_fail(ret, &err);
	ret = command_declare(&cmd_breakeven, b);
	return ret || !base ? ret : plot_declare(&b->files, "--plots", base);
}

static int breakeven(struct breakeven *b, const char *workload, int nr, char **kv)
{
	const struct breakeven_spec spec = {
		.workload = workload,
		.options = kv,
		.nr_options = (guint)nr,
		.machines = b->machines,
		.settings = b->settings,
		.policies = b->policies,
		.lrus = b->lrus,
		.delays = b->delays,
		.probabilities = b->probabilities,
		.nr_seeds = (guint)b->seeds,
	};
	struct returns r;
	struct sweep sw;
	struct err err;
	int ret = cli_sweep_check(&b->sweep);

	if (ret)
		return ret;
	ret = breakeven_parse(&sw, &r, &spec, &err);
	if (ret)
		return cli_fail(ret, &err);
	ret = declare(b, &sw, workload);
	if (!ret)
		ret = cli_sweep_run(&sw, &b->files, b->csv, &b->sweep, report,
				    &(struct task){ b, &sw, &r, workload });
	sweep_clear(&sw);
	returns_clear(&r);
	return ret;
}

static int run(void *options, int argc, char **argv)
{
	struct breakeven *b = options;

	if (argc < 1)
		return cli_usage("breakeven: expected a generator or a trace");
	if (!b->machines)
		return cli_usage(
			"breakeven: expected --machines: without costs no policy can pay off");
	return breakeven(b, argv[0], argc - 1, argv + 1);
}

#define FIELD(member) OPTION_FIELD(struct breakeven, member)

static const struct option rows[] = {
	{ "machines", OPT_PATHS, NULL,
	  "machine files with costs, or names of them, comma separated", .letter = 'm',
	  .alias = "machine", .metavar = "FILE,...", .role = FILE_INPUT, .find = data_find_machine,
	  .complete = complete_machines, FIELD(machines) },
	COMMAND_SET(struct breakeven, settings),
	{ "policies", OPT_TEXT, "baseline,v1", "the others are compared with the first",
	  .letter = 'p', .alias = "policy", .metavar = "NAME,...", .complete = complete_policies,
	  FIELD(policies) },
	{ "lru", OPT_TEXT, "classic,mglru", "LRU models", .letter = 'l', .metavar = "NAME,...",
	  .complete = complete_models, FIELD(lrus) },
	{ "delays", OPT_TEXT, "1s,4s,16s,60s", "restart delays, in rising order", .letter = 'd',
	  .metavar = "TIME,...", FIELD(delays) },
	{ "probabilities", OPT_TEXT, "0..1/0.25", "restart probabilities, in rising order",
	  .letter = 'P', .metavar = "P,...", FIELD(probabilities) },
	{ "seeds", OPT_COUNT, "8", "runs of each point", 2, 1000, .letter = 'n', .metavar = "N",
	  FIELD(seeds) },
	{ "csv", OPT_PATH, "breakeven.csv", "rows of the sweep", .metavar = "FILE",
	  .role = FILE_SWEEP, FIELD(csv) },
	{ "differences", OPT_PATH, NULL,
	  "write the differences with their confidence intervals, a row per cell",
	  .metavar = "FILE", .role = FILE_RESULTS, FIELD(differences) },
	COMMAND_JSON,
	{ "plots", OPT_PATH, NULL, "plot the winner by probability and delay: SVG and PNG",
	  .metavar = "DIR", .role = FILE_PLOT, FIELD(plots) },
	COMMAND_FORCE,
	COMMAND_SWEEP(struct breakeven, sweep),
	{ NULL },
};

const struct command cmd_breakeven = {
	.name = "breakeven",
	.summary = "restart probability and delay at which a policy stops paying off",
	.arguments = "GENERATOR|TRACE [KEY=VALUE...]",
	.title = "Find the restart probability and delay at which a policy stops paying off.",
	.details =
		"Every killed process restarts with the given probability, after the given delay.\n"
		"The net cost of a run is the sum of the CPU time of unmapping and kswapd, the\n"
		"time stalled in reclaim and the time waiting for file pages. Every policy runs\n"
		"with the same seeds.\n"
		"KEY=VALUE are options of the generator. android-ageing, k8s-crashloop,\n"
		"oomd-restart and db-pressure have options for the restart; breakeven sets them.\n"
		"With these, another process replaces one that does not restart, and each seed\n"
		"gives another workload. For other generators and for traces breakeven sets the\n"
		"restart rule of the run. A process then restarts only if the trace has\n"
		"operations left for it after its kill; kill-return is made for this.\n"
		"If interrupted, run the same command again to resume.",
	.examples = "reapsim breakeven --machines phone-ufs --delays 1s -P 0,1 -n 2 kill-return\n",
	.options = rows,
	.complete = complete_generator_or_traces,
	.size = sizeof(struct breakeven),
	.run = run,
};
