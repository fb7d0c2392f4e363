// SPDX-License-Identifier: GPL-2.0-only
/* reapsim outcome: what a policy costs and saves, in time. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/models.h"
#include "sim/cli/outcome.h"
#include "sim/cli/runs.h"

#define NS_PER_MS 1e6

/* A column: one number a run. */
struct column {
	const char *title;
	int width;
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
VALUE(unmap_share, share(o, o->reap_ps[REAP_UNMAP]))
VALUE(mark_share, share(o, o->reap_ps[REAP_MARK_FIRST] + o->reap_ps[REAP_MARK_ACTIVATE] +
				   o->reap_ps[REAP_MARK_ACTIVE]))
VALUE(anon_share, share(o, o->reap_ps[REAP_ANON]))
VALUE(swap_share, share(o, o->reap_ps[REAP_SWAP]))
VALUE(evict_share, share(o, o->reap_ps[REAP_EVICT]))
VALUE(free50_ms, free_ms(o, 50))
VALUE(free90_ms, free_ms(o, 90))
VALUE(free100_ms, free_ms(o, 100))
VALUE(kills, o->nr_kills)
VALUE(avoidable, o->nr_avoidable)
VALUE(stalls, o->nr_stalls)
VALUE(stall_ms, (double)o->stall_ns / NS_PER_MS)
VALUE(refaults, o->stat.v[VM_workingset_refault_file])
VALUE(fills, o->stat.v[VM_sim_fills])
VALUE(io_ms, (double)o->io_wait_ns / NS_PER_MS)
VALUE(restarts, o->restarts->len)
VALUE(restart50_ms, latency_ms(o, 50))
VALUE(restart95_ms, latency_ms(o, 95))
VALUE(restart99_ms, latency_ms(o, 99))
VALUE(kswapd_ms, (double)o->kswapd_ns / NS_PER_MS)
VALUE(net_ms, reap_ms(o) + stall_ms(o) + io_ms(o))

#define COLUMNS_MAX 7

/* The first column of a table is compared in full, the others are marked. */
static const struct table {
	const char *title;
	struct column columns[COLUMNS_MAX];
} tables[] = {
	{ "CPU time of unmapping the dying, ms, and where it goes, percent",
	  { { "ms", 8, reap_ms },
	    { "unmap", 6, unmap_share },
	    { "marks", 6, mark_share },
	    { "anon", 6, anon_share },
	    { "swap", 6, swap_share },
	    { "evict", 6, evict_share } } },
	{ "from the kill until 100, 90 and 50% of what it frees is free, ms",
	  { { "100%", 8, free100_ms },
	    { "90%", 7, free90_ms },
	    { "50%", 7, free50_ms },
	    { "kills", 7, kills },
	    { "avoidable", 9, avoidable } } },
	{ "tasks in direct reclaim, ms in all, and how often; kswapd, ms",
	  { { "stalled", 8, stall_ms }, { "stalls", 9, stalls }, { "kswapd", 10, kswapd_ms } } },
	{ "waiting for file pages, ms in all",
	  { { "waited", 8, io_ms }, { "refaults", 10, refaults }, { "fills", 10, fills } } },
	{ "from a restart to the end of the start-up section, ms: percentiles",
	  { { "p50", 8, restart50_ms },
	    { "p95", 10, restart95_ms },
	    { "p99", 10, restart99_ms },
	    { "restarts", 10, restarts } } },
	{ "net: reap + stalls + waits, ms", { { "net", 8, net_ms } } },
};

/* Student's t, 97.5%, by degrees of freedom */
static double student_t(guint df)
{
	static const double t[] = { 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
				    2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
				    2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
				    2.060,  2.056, 2.052, 2.048, 2.045, 2.042 };

	return df <= G_N_ELEMENTS(t) ? t[df - 1] : 1.96 + 2.5 / df;
}

struct estimate {
	double mean, ci; /* half the width of the 95% confidence interval */
};

static struct estimate estimate(const double *v, guint n)
{
	struct estimate e = { 0 };
	double squares = 0;

	for (guint i = 0; i < n; i++)
		e.mean += v[i] / n;
	for (guint i = 0; i < n; i++)
		squares += (v[i] - e.mean) * (v[i] - e.mean);
	if (n > 1)
		e.ci = student_t(n - 1) * sqrt(squares / (n - 1) / n);
	return e;
}

/* the value under a policy, and its difference to the first one, seed by seed */
static void compare(const struct run_set *rs, guint end, guint machine, guint policy,
		    const struct column *c, struct estimate *value, struct estimate *change)
{
	g_autofree double *v = g_new(double, rs->nr_seeds), *d = g_new(double, rs->nr_seeds);

	for (guint i = 0; i < rs->nr_seeds; i++) {
		v[i] = c->value(&run_set_get_seed(rs, end, machine, policy, i)->outcome);
		d[i] = v[i] - c->value(&run_set_get_seed(rs, end, machine, 0, i)->outcome);
	}
	*value = estimate(v, rs->nr_seeds);
	*change = estimate(d, rs->nr_seeds);
}

/* "=": no difference in any seed; "~": one inside the noise */
static const char *mark(const struct run_set *rs, const struct estimate *change)
{
	if (!change->mean && !change->ci)
		return "=";
	if (rs->nr_seeds == 1 || isnan(change->mean))
		return " ";
	return fabs(change->mean) <= change->ci ? "~" : " ";
}

/* 4 significant digits, in plain figures */
static char *figure(double v)
{
	const double a = fabs(v);
	const int digits = a >= 1000 ? 0 : a >= 100 ? 1 : a >= 10 ? 2 : 3;

	return isnan(v) ? g_strdup("-") : g_strdup_printf("%.*f", v ? digits : 0, v);
}

static char *difference(const struct run_set *rs, const struct estimate *change, double base)
{
	if (!change->mean && !change->ci)
		return g_strdup("=");
	if (isnan(change->mean))
		return g_strdup("");
	if (rs->nr_seeds > 1 && fabs(change->mean) <= change->ci)
		return g_strdup("in the noise");
	if (base) {
		g_autofree char *ci = rs->nr_seeds > 1
					      ? g_strdup_printf("+-%.1f", 100 * change->ci / base)
					      : g_strdup("");

		return g_strdup_printf("%+.1f%s%%", 100 * change->mean / base, ci);
	}
	return g_strdup_printf("%+.4g", change->mean);
}

static bool finished(const struct run_set *rs, guint end, guint machine, guint policy)
{
	for (guint i = 0; i < rs->nr_seeds; i++) {
		const struct run *r = run_set_get_seed(rs, end, machine, policy, i);

		if (!r->done || r->ret < 0)
			return false;
	}
	return true;
}

static void print_table(FILE *f, const struct run_set *rs, guint end, guint machine,
			const struct table *t)
{
	double base = 0;

	fprintf(f, "%s\n%-14s", t->title, "policy");
	for (const struct column *c = t->columns; c < t->columns + COLUMNS_MAX && c->title; c++)
		fprintf(f, "%*s%s", c->width, c->title, c == t->columns ? "        change" : " ");
	fputc('\n', f);
	for (guint p = 0; p < rs->policies->len; p++) {
		fprintf(f, "%-14s", (char *)rs->policies->pdata[p]);
		if (!finished(rs, end, machine, 0) || !finished(rs, end, machine, p)) {
			fputs("  not finished\n", f);
			continue;
		}
		for (const struct column *c = t->columns; c < t->columns + COLUMNS_MAX && c->title;
		     c++) {
			struct estimate value, change;
			g_autofree char *v = NULL, *d = NULL;

			compare(rs, end, machine, p, c, &value, &change);
			v = figure(value.mean);
			fprintf(f, "%*s", c->width, v);
			if (c > t->columns) {
				fputs(p ? mark(rs, &change) : " ", f);
				continue;
			}
			if (!p)
				base = value.mean;
			d = p ? difference(rs, &change, base) : g_strdup("");
			fprintf(f, "%14s", d);
		}
		fputc('\n', f);
	}
	fputc('\n', f);
}

static void print_tables(FILE *f, const struct run_set *rs, const struct timed_config *timed)
{
	g_autofree char *base = g_path_get_basename(rs->trace->path);
	g_autofree char *restart = restart_rule_text(&timed->restart);

	for (guint e = 0; e < rs->ends->len; e++) {
		for (guint m = 0; m < rs->machines->len; m++) {
			const struct machine *mc = &g_array_index(rs->machines, struct machine, m);

			fprintf(f,
				"%s on %s, %" PRIu64 " pages%s\n"
				"lru %s, ends %s, killer %s, restart %s,\nloop %s, %u seed%s\n\n",
				base, mc->name, machine_limit(mc),
				mc->memcg_pages ? " of memcg limit" : "", rs->lru->name,
				run_end_name(g_array_index(rs->ends, enum op_code, e)),
				timed->killer->name, restart,
				timed->loop == LOOP_TRACE ? "trace" : "process", rs->nr_seeds,
				rs->nr_seeds > 1 ? "s" : "");
			for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
				print_table(f, rs, e, m, &tables[i]);
		}
	}
}

static void csv_rows(FILE *f, const struct run_set *rs)
{
	for (guint i = 0; i < rs->runs->len; i++) {
		const struct run *r = &g_array_index(rs->runs, struct run, i);
		const struct outcome_config c = {
			.trace = rs->trace,
			.sim = r->cfg,
			.timed = r->timed,
		};

		if (r->done && r->ret >= 0)
			outcome_csv_row(f, &c, r->policy, &r->outcome);
	}
}

struct outcome_options {
	struct run_options o;
	char *killer, *restart, *loop, *csv;
	int seeds;
	gint64 seed;
	struct timed_config timed;
};

static int parse_timed(struct outcome_options *c)
{
	struct err err;
	int ret;

	timed_config_init(&c->timed, &kill_scripted);
	ret = outcome_killer_parse(&c->timed, c->killer ? c->killer : "scripted", &err);
	if (!ret)
		ret = restart_rule_parse(&c->timed.restart, c->restart ? c->restart : "never",
					 &err);
	if (!ret)
		ret = timed_loop_parse(&c->timed.loop, c->loop ? c->loop : "process", &err);
	if (ret)
		return cli_fail(ret, &err);
	if (c->seeds < 1 || c->seeds > 10000)
		return cli_usage("--seeds %d: expected 1 to 10000", c->seeds);
	if (c->seed < 0)
		return cli_usage("--seed %" PRId64 ": expected 0 or more", c->seed);
	c->timed.seed = (uint64_t)c->seed;
	c->o.timed = &c->timed;
	c->o.nr_seeds = (guint)c->seeds;
	return 0;
}

static int outcome_one(struct outcome_options *c, const char *path, FILE *text, FILE *csv)
{
	struct trace *t = NULL;
	struct run_set rs = { 0 };
	int ret = cli_load_trace(path, c->o.format, &t);

	if (ret)
		return ret;
	ret = run_set_init(&rs, &c->o, t);
	if (!ret) {
		ret = run_set_execute(&rs, c->o.jobs);
		print_tables(text, &rs, &c->timed);
		if (csv)
			csv_rows(csv, &rs);
	}
	run_set_clear(&rs);
	trace_free(t);
	return ret;
}

static int outcome_all(struct outcome_options *c, char **paths, int n)
{
	struct cli_out text, csv = { 0 };
	int ret, closed;

	ret = cli_open_out(&text, c->csv && !strcmp(c->csv, "-") ? "/dev/null" : NULL);
	if (!ret && c->csv)
		ret = cli_open_out(&csv, c->csv);
	if (ret)
		return ret;
	if (csv.f)
		outcome_csv_header(csv.f);
	for (int i = 0; i < n && !ret; i++)
		ret = outcome_one(c, paths[i], text.f, csv.f);
	if (csv.f) {
		closed = cli_close_out(&csv, true);
		ret = MAX(ret, closed);
	}
	closed = cli_close_out(&text, true);
	return MAX(ret, closed);
}

static int run(int argc, char **argv)
{
	struct outcome_options c = { .seeds = 1, .seed = 1 };
	const GOptionEntry own[] = {
		{ "killer", 'K', 0, G_OPTION_ARG_STRING, &c.killer,
		  "who kills (default: scripted, the trace's own kills)", "NAME[:KEY=VALUE...]" },
		{ "restart", 'r', 0, G_OPTION_ARG_STRING, &c.restart,
		  "when a killed process comes back: never (the default), on-use, fixed=TIME, "
		  "uniform=TIME..TIME, log-uniform=TIME..TIME, kubernetes, systemd",
		  "RULE[,p=P]" },
		{ "loop", 0, 0, G_OPTION_ARG_STRING, &c.loop,
		  "process: each runs its own part of the trace (the default); trace: one user "
		  "works through all of it",
		  "HOW" },
		{ "seeds", 'n', 0, G_OPTION_ARG_INT, &c.seeds, "runs of each policy (default: 1)",
		  "N" },
		{ "seed", 0, 0, G_OPTION_ARG_INT64, &c.seed, "the first seed (default: 1)", "N" },
		{ "csv", 0, 0, G_OPTION_ARG_FILENAME, &c.csv, "write everything, a row a run",
		  "FILE" },
		G_OPTION_ENTRY_NULL,
	};
	int ret = run_options_parse(
		&argc, &argv, &c.o, true, own, "TRACE...",
		"Replay traces in simulated time and compare what policies cost and save.",
		"Costs and the device are the machine's; without any, nothing takes time.\n"
		"Changes are against the first policy, seed by seed, with the 95% confidence\n"
		"interval over seeds. \"=\": the same in every seed; \"in the noise\" and \"~\": "
		"the\n"
		"interval has 0 in it. Of one seed nothing can be said about noise.\n"
		"avoidable: kills while an earlier victim had still to free what was missing.\n"
		"net: CPU time of unmapping, time stalled and time waited, one for one.");

	if (ret < 0) {
		ret = argc < 2 ? cli_usage("outcome: expected a trace") : 0;
		if (!ret && c.o.jobs < 0)
			ret = cli_usage("--jobs %d: expected 0 or more", c.o.jobs);
		if (!ret)
			ret = parse_timed(&c);
		if (!ret)
			ret = outcome_all(&c, argv + 1, argc - 1);
	}
	run_options_clear(&c.o);
	g_free(c.killer);
	g_free(c.restart);
	g_free(c.loop);
	g_free(c.csv);
	return ret;
}

const struct command cmd_outcome = {
	.name = "outcome",
	.summary = "policies in simulated time: what they cost and save",
	.run = run,
};
