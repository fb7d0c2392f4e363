// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim breakeven: at which restart probability and delay a policy stops
 * paying, by a sweep of timed runs.
 *
 * What a run costs is its net: CPU time of unmapping the dying, time stalled in
 * direct reclaim and time waited for file pages, one for one. A policy pays where
 * its net is below the first policy's. Both have the same seeds, so that the
 * difference is taken seed by seed; its mean over the seeds has a 95% confidence
 * interval by Student's t, and where that holds 0 the difference is noise.
 *
 * The break-even is where the mean difference passes 0, linear between the grid's
 * points (delays: linear in their logarithm); its interval is where the two ends
 * of the confidence interval do. It is looked for between two neighbouring points
 * of opposite signs that are both certain (there may be noise between them), and
 * the first is taken: a second one further on is not reported, the table shows it.
 * One cell in twenty that is noise looks certain.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <glib/gstdio.h>

#include "sim/cli/plot.h"
#include "sim/cli/sweep.h"
#include "sim/cli/table.h"
#include "sim/restart.h"
#include "traces/gen.h"

struct breakeven {
	char *policies, *machines, *lrus, *delays, *probabilities, *plots, *csv;
	char **settings;
	int jobs, seeds;
	gboolean restart;
};

/* struct estimate - of a difference, in ms */
struct estimate {
	double mean, half; /* of the 95% confidence interval */
};

/* struct grid - everything, from the table */
struct grid {
	struct table t;
	GPtrArray *machines, *lrus, *policies, *delays, *ps; /* char *, as swept */
	guint nr_seeds;
	double *net; /* ms; NaN: the run failed */
};

static bool noise(const struct estimate *e)
{
	return !(fabs(e->mean) > e->half);
}

/* Student's t for 95%, two-sided, by degrees of freedom; from 30 on, the last */
static double student(guint freedom)
{
	static const double t[] = {
		12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
		2.201,	2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
		2.080,	2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
	};

	return t[MIN(freedom, G_N_ELEMENTS(t)) - 1];
}

static GPtrArray *values(const struct sweep *sw, const char *group, const char *key)
{
	const struct axis *x = axes_find(&sw->axes, group, key);
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < x->values->len; i++)
		g_ptr_array_add(out, g_strdup(x->values->pdata[i]));
	return out;
}

static int find(const GPtrArray *a, const char *value)
{
	for (guint i = 0; i < a->len; i++) {
		g_autofree char *base = g_path_get_basename(a->pdata[i]);

		if (!strcmp(a->pdata[i], value) || !strcmp(base, value))
			return (int)i;
	}
	return -1;
}

static double *net(const struct grid *g, guint machine, guint lru, guint policy, guint delay,
		   guint p, guint seed)
{
	return &g->net[((((machine * g->lrus->len + lru) * g->policies->len + policy) *
				 g->delays->len +
			 delay) *
				g->ps->len +
			p) * g->nr_seeds +
		       seed];
}

static int grid_load(struct grid *g, const struct sweep *sw, const char *csv, struct err *err)
{
	static const char *const names[] = { "machine.file",  "lru",	   "policy",
					     "restart.delay", "restart.p", "timed.seed",
					     "status",	      "reap_ps",   "stall_ns",
					     "io_wait_ns" };
	int c[G_N_ELEMENTS(names)];
	guint nr;
	int ret = table_load(&g->t, csv, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		c[i] = table_column(&g->t, names[i]);
		g_assert(c[i] >= 0); /* the sweep wrote the file a moment ago */
	}
	g->machines = values(sw, "machine", "file");
	g->lrus = values(sw, "run", "lru");
	g->policies = values(sw, "run", "policy");
	g->delays = values(sw, "restart", "delay");
	g->ps = values(sw, "restart", "p");
	g->nr_seeds = axes_find(&sw->axes, "timed", "seed")->values->len;
	nr = g->machines->len * g->lrus->len * g->policies->len * g->delays->len * g->ps->len *
	     g->nr_seeds;
	g->net = g_new(double, nr);
	for (guint i = 0; i < g->t.rows->len; i++) {
		double *at = net(g, (guint)find(g->machines, table_text(&g->t, i, c[0])),
				 (guint)find(g->lrus, table_text(&g->t, i, c[1])),
				 (guint)find(g->policies, table_text(&g->t, i, c[2])),
				 (guint)find(g->delays, table_text(&g->t, i, c[3])),
				 (guint)find(g->ps, table_text(&g->t, i, c[4])),
				 (guint)table_number(&g->t, i, c[5]) - 1);

		*at = strcmp(table_text(&g->t, i, c[6]), "ok")
			      ? NAN
			      : (table_number(&g->t, i, c[7]) / 1000 +
				 table_number(&g->t, i, c[8]) + table_number(&g->t, i, c[9])) /
					1e6;
	}
	return 0;
}

static void grid_clear(struct grid *g)
{
	GPtrArray *const lists[] = { g->machines, g->lrus, g->policies, g->delays, g->ps };

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		if (lists[i])
			g_ptr_array_free(lists[i], TRUE);
	g_free(g->net);
	if (g->t.rows)
		table_clear(&g->t);
}

/* the policy's net less the first policy's */
static struct estimate difference(const struct grid *g, guint machine, guint lru, guint policy,
				  guint delay, guint p)
{
	const guint n = g->nr_seeds;
	struct estimate e = { 0, 0 };
	double squares = 0;

	for (guint s = 0; s < n; s++)
		e.mean += (*net(g, machine, lru, policy, delay, p, s) -
			   *net(g, machine, lru, 0, delay, p, s)) /
			  n;
	for (guint s = 0; s < n; s++) {
		double d = *net(g, machine, lru, policy, delay, p, s) -
			   *net(g, machine, lru, 0, delay, p, s) - e.mean;

		squares += d * d;
	}
	e.half = student(n - 1) * sqrt(squares / (n - 1) / n);
	/* rounding, where every seed gave the same */
	if (e.half < 1e-9)
		e.half = 0;
	return e;
}

/* where the line through (x, y) passes 0 between the points @from and @to, whose
 * signs differ */
static double crossing(const double *x, const double *y, guint from, guint to)
{
	guint i = from;

	while (i + 1 < to && (y[i] < 0) == (y[i + 1] < 0))
		i++;
	return x[i] + (x[i + 1] - x[i]) * (0 - y[i]) / (y[i + 1] - y[i]);
}

/* struct even - the break-even on a line of the grid */
struct even {
	double at, low, high;
	const char *verdict; /* NULL, or why there is none */
};

/* between two points that are certain, one on each side, with only noise between */
static struct even find_even(const double *x, const struct estimate *e, guint n)
{
	g_autofree double *mean = g_new(double, n), *above = g_new(double, n);
	g_autofree double *below = g_new(double, n);
	int last = -1;
	struct even r = { NAN, NAN, NAN, "noise" };

	for (guint i = 0; i < n; i++) {
		mean[i] = e[i].mean;
		above[i] = e[i].mean + e[i].half;
		below[i] = e[i].mean - e[i].half;
		if (isnan(mean[i])) {
			r.verdict = "failed";
			return r;
		}
		if (noise(&e[i]))
			continue;
		if (last >= 0 && (mean[last] < 0) != (mean[i] < 0)) {
			const double a = crossing(x, above, (guint)last, i);
			const double b = crossing(x, below, (guint)last, i);

			return (struct even){ crossing(x, mean, (guint)last, i), MIN(a, b),
					      MAX(a, b), NULL };
		}
		last = (int)i;
		r.verdict = mean[i] < 0 ? "pays" : "never pays";
	}
	return r;
}

static double delay_s(const char *text)
{
	g_autofree char *rule = g_strconcat("fixed=", text, NULL);
	struct restart_rule r;

	restart_rule_parse(&r, rule, NULL); /* the sweep has checked it */
	return (double)r.min_ns / 1e9;
}

static struct even even_p(const struct grid *g, guint machine, guint lru, guint policy, guint delay)
{
	g_autofree double *x = g_new(double, g->ps->len);
	g_autofree struct estimate *e = g_new(struct estimate, g->ps->len);

	for (guint p = 0; p < g->ps->len; p++) {
		x[p] = g_ascii_strtod(g->ps->pdata[p], NULL);
		e[p] = difference(g, machine, lru, policy, delay, p);
	}
	return find_even(x, e, g->ps->len);
}

static struct even even_delay(const struct grid *g, guint machine, guint lru, guint policy, guint p)
{
	g_autofree double *x = g_new(double, g->delays->len);
	g_autofree struct estimate *e = g_new(struct estimate, g->delays->len);
	struct even r;

	for (guint d = 0; d < g->delays->len; d++) {
		x[d] = log(MAX(delay_s(g->delays->pdata[d]), 1e-9));
		e[d] = difference(g, machine, lru, policy, d, p);
	}
	r = find_even(x, e, g->delays->len);
	r.at = exp(r.at);
	r.low = exp(r.low);
	r.high = exp(r.high);
	return r;
}

static char *even_text(const struct even *r, const char *unit)
{
	return r->verdict ? g_strdup(r->verdict)
			  : g_strdup_printf("%.3g%s [%.3g..%.3g]", r->at, unit, r->low, r->high);
}

#define CELL 20

static void print_policy(FILE *f, const struct grid *g, guint machine, guint lru, guint policy)
{
	g_autofree char *base = g_path_get_basename(g->machines->pdata[machine]);

	fprintf(f, "%s, %s: net of %s less %s, ms\n%-10s", base, (char *)g->lrus->pdata[lru],
		(char *)g->policies->pdata[policy], (char *)g->policies->pdata[0], "delay");
	for (guint p = 0; p < g->ps->len; p++) {
		g_autofree char *head = g_strdup_printf("p=%s", (char *)g->ps->pdata[p]);

		fprintf(f, "%*s", CELL, head);
	}
	fprintf(f, "  break-even p\n");
	for (guint d = 0; d < g->delays->len; d++) {
		struct even r = even_p(g, machine, lru, policy, d);
		g_autofree char *text = even_text(&r, "");

		fprintf(f, "%-10s", (char *)g->delays->pdata[d]);
		for (guint p = 0; p < g->ps->len; p++) {
			struct estimate e = difference(g, machine, lru, policy, d, p);
			g_autofree char *cell = g_strdup_printf("%+.3g +-%.2g%s", e.mean, e.half,
								noise(&e) ? "~" : " ");

			fprintf(f, "%*s", CELL, cell);
		}
		fprintf(f, "  %s\n", text);
	}
	fprintf(f, "break-even");
	for (guint p = 0; p < g->ps->len; p++) {
		struct even r = even_delay(g, machine, lru, policy, p);
		g_autofree char *text = even_text(&r, "s");

		fprintf(f, "%*s", CELL, text);
	}
	fprintf(f, "  delay\n\n");
}

static void print_tables(FILE *f, const struct grid *g, const char *workload)
{
	fprintf(f,
		"%s, %u seeds: +-: 95%% confidence; ~: noise. A policy pays where the\n"
		"difference is negative (pays, never pays: wherever it is certain); its\n"
		"break-even has the interval in brackets.\n\n",
		workload, g->nr_seeds);
	for (guint m = 0; m < g->machines->len; m++)
		for (guint l = 0; l < g->lrus->len; l++)
			for (guint p = 1; p < g->policies->len; p++)
				print_policy(f, g, m, l, p);
}

/* the picture */

#define NOISE (-1)

/* the index of the policy that costs least, if that is certain; NOISE */
static int winner(const struct grid *g, guint machine, guint lru, guint delay, guint p)
{
	double best = 0;
	bool sure = true;
	int who = 0;

	for (guint i = 1; i < g->policies->len; i++) {
		struct estimate e = difference(g, machine, lru, i, delay, p);

		sure &= !noise(&e);
		if (!noise(&e) && e.mean < best) {
			best = e.mean;
			who = (int)i;
		}
	}
	return who || sure ? who : NOISE;
}

/* p as a place on the axis, whose grid points are 0, 1, 2... */
static double place(const struct grid *g, double p)
{
	for (guint i = 0; i + 1 < g->ps->len; i++) {
		double a = g_ascii_strtod(g->ps->pdata[i], NULL);
		double b = g_ascii_strtod(g->ps->pdata[i + 1], NULL);

		if (p >= a && p <= b)
			return i + (p - a) / (b - a);
	}
	return NAN;
}

/* of each panel: the cells of nobody and of each policy, then the break-even of
 * each policy but the first */
static void write_dat(FILE *f, const struct grid *g)
{
	for (guint m = 0; m < g->machines->len; m++) {
		for (guint l = 0; l < g->lrus->len; l++) {
			for (int w = NOISE; w < (int)g->policies->len; w++) {
				/* a block must not be empty, or it is none */
				fprintf(f, "# %s, %s: %s: delay, p\nNaN NaN\n",
					(char *)g->machines->pdata[m], (char *)g->lrus->pdata[l],
					w == NOISE ? "noise" : (char *)g->policies->pdata[w]);
				for (guint d = 0; d < g->delays->len; d++)
					for (guint p = 0; p < g->ps->len; p++)
						if (winner(g, m, l, d, p) == w)
							fprintf(f, "%u %u\n", d, p);
				fputs("\n\n", f);
			}
			for (guint i = 1; i < g->policies->len; i++) {
				fprintf(f, "# break-even of %s\nNaN NaN\n",
					(char *)g->policies->pdata[i]);
				for (guint d = 0; d < g->delays->len; d++) {
					struct even r = even_p(g, m, l, i, d);

					if (!r.verdict)
						fprintf(f, "%u %.4f\n", d, place(g, r.at));
				}
				fputs("\n\n", f);
			}
		}
	}
}

/* of the first policy and those after it; each cell is a box, named in the first panel */
static void write_panel(FILE *f, const struct grid *g, guint m, guint l, const char *name)
{
	static const char *const colours[] = { "#e69f00", "#0072b2", "#009e73", "#cc79a7",
					       "#d55e00", "#56b4e9", "#f0e442" };
	const guint blocks = 2 * g->policies->len, first = (m * g->lrus->len + l) * blocks;
	g_autofree char *base = g_path_get_basename(g->machines->pdata[m]);

	if (g_str_has_suffix(base, ".conf"))
		base[strlen(base) - 5] = 0;
	fprintf(f, "set title '%s, %s' noenhanced\nplot ", base, (char *)g->lrus->pdata[l]);
	for (guint w = 0; w <= g->policies->len; w++)
		fprintf(f,
			"'%s.dat' index %u using 1:2:(0.5):(0.5) with boxxyerror fs solid 0.9 "
			"border "
			"lc '#ffffff' fc '%s' title '%s', \\\n    ",
			name, first + w, w ? colours[(w - 1) % G_N_ELEMENTS(colours)] : "#cccccc",
			w ? (char *)g->policies->pdata[w - 1] : "no difference");
	for (guint i = 1; i < g->policies->len; i++)
		fprintf(f,
			"'%s.dat' index %u using 1:2 with linespoints lw 2 pt 7 ps 0.6 lc "
			"'#000000' "
			"dt %u title 'break-even of %s'%s",
			name, first + g->policies->len + i, i, (char *)g->policies->pdata[i],
			i + 1 < g->policies->len ? ", \\\n    " : "\n");
}

static void write_script(FILE *f, const struct grid *g, const char *name, const char *title)
{
	static const char *const terminals[] = {
		"svg size %d,%d font 'sans,13' background '#ffffff'; set output '%s.svg'",
		"pngcairo size %d,%d font 'sans,10'; set output '%s.png'",
	};

	for (size_t t = 0; t < G_N_ELEMENTS(terminals); t++) {
		g_autofree char *term = g_strdup_printf(terminals[t], 80 + 460 * (int)g->lrus->len,
							80 + 360 * (int)g->machines->len, name);

		fprintf(f,
			"set terminal %s\nset multiplot layout %u,%u title '%s: which policy costs "
			"least' noenhanced\n",
			term, g->machines->len, g->lrus->len, title);
		fprintf(f, "set key below center horizontal Left reverse samplen 1 noenhanced\n");
		fprintf(f, "set xlabel 'restart delay' offset 0,0.4\nset bmargin 6\n");
		fprintf(f, "set ylabel 'restart probability'\nset border 3\nset tics nomirror\n");
		fprintf(f, "set xrange [-0.5:%g]\nset yrange [-0.5:%g]\nset xtics (",
			g->delays->len - 0.5, g->ps->len - 0.5);
		for (guint d = 0; d < g->delays->len; d++)
			fprintf(f, "%s'%s' %u", d ? ", " : "", (char *)g->delays->pdata[d], d);
		fprintf(f, ")\nset ytics (");
		for (guint p = 0; p < g->ps->len; p++)
			fprintf(f, "%s'%s' %u", p ? ", " : "", (char *)g->ps->pdata[p], p);
		fprintf(f, ")\n");
		for (guint m = 0; m < g->machines->len; m++)
			for (guint l = 0; l < g->lrus->len; l++)
				write_panel(f, g, m, l, name);
		fprintf(f, "unset multiplot\n");
	}
}

static int plot(const struct grid *g, const char *dir, const char *workload)
{
	g_autofree char *name = g_strdup_printf("breakeven-%s", workload);
	g_autofree char *base = g_build_filename(dir, name, NULL);
	g_autofree char *dat = g_strconcat(base, ".dat", NULL);
	g_autofree char *gp = g_strconcat(base, ".gp", NULL);
	struct cli_out out;
	struct err err;
	int ret;

	if (g_mkdir_with_parents(dir, 0777))
		return cli_fail(err_set(&err, -errno, "%s: %s", dir, g_strerror(errno)), &err);
	ret = cli_open_out(&out, dat);
	if (ret)
		return ret;
	write_dat(out.f, g);
	ret = cli_close_out(&out, true);
	if (!ret)
		ret = cli_open_out(&out, gp);
	if (ret)
		return ret;
	write_script(out.f, g, name, workload);
	ret = cli_close_out(&out, true);
	return ret ? ret : plot_gnuplot(gp);
}

/* the sweep */

/* "a,b" as a list of a key file */
static void add_list(GString *s, const char *key, const char *list)
{
	g_auto(GStrv) items = g_strsplit(list, ",", -1);
	g_autofree char *joined = g_strjoinv(";", items);

	g_string_append_printf(s, "%s=%s\n", key, joined);
}

static char *definition(const struct breakeven *b, const char *workload, int nr, char **kv)
{
	GString *s = g_string_new("[sweep]\nmode=timed\n");
	bool generator = gen_find(workload, NULL) != NULL;

	g_string_append_printf(s, "%s=%s\n", generator ? "generator" : "trace", workload);
	if (nr)
		g_string_append(s, "[generator]\n");
	for (int i = 0; i < nr; i++)
		g_string_append_printf(s, "%s\n", kv[i]);
	g_string_append(s, "[machine]\n");
	add_list(s, "file", b->machines);
	for (char **set = b->settings; set && *set; set++)
		g_string_append_printf(s, "%s\n", *set);
	g_string_append(s, "[restart]\nrule=fixed\n");
	add_list(s, "delay", b->delays ? b->delays : "1s,4s,16s,60s");
	add_list(s, "p", b->probabilities ? b->probabilities : "0..1/0.25");
	g_string_append_printf(s, "[timed]\nseed=1..%d\n[run]\n", b->seeds);
	add_list(s, "lru", b->lrus ? b->lrus : "classic,mglru");
	add_list(s, "policy", b->policies ? b->policies : "baseline,v1");
	return g_string_free(s, FALSE);
}

static int report(const struct breakeven *b, const struct sweep *sw, const char *csv,
		  const char *workload)
{
	g_autofree char *name = g_path_get_basename(workload);
	struct grid g = { 0 };
	struct cli_out out;
	struct err err;
	int ret = grid_load(&g, sw, csv, &err);

	if (strrchr(name, '.'))
		*strrchr(name, '.') = 0;
	if (ret) {
		ret = cli_fail(ret, &err);
	} else {
		ret = cli_open_out(&out, NULL);
		if (!ret) {
			print_tables(out.f, &g, name);
			ret = cli_close_out(&out, true);
		}
		if (!ret && b->plots)
			ret = plot(&g, b->plots, name);
	}
	grid_clear(&g);
	return ret;
}

static int breakeven(const struct breakeven *b, const char *workload, int nr, char **kv)
{
	g_autofree char *text = definition(b, workload, nr, kv);
	g_autofree char *csv = b->csv ? g_strdup(b->csv) : g_strdup("breakeven.csv");
	struct sweep sw;
	int ret = sweep_parse(&sw, "breakeven", text, strlen(text));

	if (ret)
		return ret;
	ret = sweep_run(&sw, csv, b->jobs, b->restart);
	if (!ret)
		ret = report(b, &sw, csv, workload);
	sweep_clear(&sw);
	return ret;
}

static int check_usage(const struct breakeven *b, int argc)
{
	if (argc < 2)
		return cli_usage("breakeven: expected a generator or a trace");
	if (!b->machines)
		return cli_usage("breakeven: expected --machines: without costs nothing pays");
	if (b->seeds < 2 || b->seeds > 1000)
		return cli_usage("--seeds %d: expected 2 to 1000", b->seeds);
	if (b->jobs < 0)
		return cli_usage("--jobs %d: expected 0 or more", b->jobs);
	return 0;
}

static int run(int argc, char **argv)
{
	struct breakeven b = { .seeds = 5 };
	const GOptionEntry entries[] = {
		{ "machines", 'm', 0, G_OPTION_ARG_STRING, &b.machines,
		  "machine key files with costs, comma separated", "FILE,..." },
		{ "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &b.settings,
		  "change one machine key; may be given again", "KEY=VALUE" },
		{ "policies", 'p', 0, G_OPTION_ARG_STRING, &b.policies,
		  "the first is what the others are held against (default: baseline,v1)",
		  "NAME,..." },
		{ "lru", 'l', 0, G_OPTION_ARG_STRING, &b.lrus,
		  "LRU models (default: classic,mglru)", "NAME,..." },
		{ "delays", 'd', 0, G_OPTION_ARG_STRING, &b.delays,
		  "restart delays, in rising order (default: 1s,4s,16s,60s)", "TIME,..." },
		{ "probabilities", 'P', 0, G_OPTION_ARG_STRING, &b.probabilities,
		  "restart probabilities, in rising order (default: 0..1/0.25)", "P,..." },
		{ "seeds", 'n', 0, G_OPTION_ARG_INT, &b.seeds, "runs of each point (default: 5)",
		  "N" },
		{ "csv", 0, 0, G_OPTION_ARG_FILENAME, &b.csv,
		  "the sweep's rows (default: breakeven.csv)", "FILE" },
		{ "plots", 0, 0, G_OPTION_ARG_FILENAME, &b.plots,
		  "plot probability against delay by the winner: SVG and PNG", "DIR" },
		{ "jobs", 'j', 0, G_OPTION_ARG_INT, &b.jobs, "threads (default: one a core)", "N" },
		{ "restart", 0, 0, G_OPTION_ARG_NONE, &b.restart,
		  "throw away what an earlier call has finished", NULL },
		G_OPTION_ENTRY_NULL,
	};
	int ret = cli_options(
		&argc, &argv, entries, "GENERATOR|TRACE [KEY=VALUE...]",
		"Say at which restart probability and delay a policy stops paying.",
		"Every killed process comes back with the probability, after the delay. A run\n"
		"costs its net: CPU time of unmapping, time stalled in reclaim and time waited\n"
		"for file pages, one for one. The same seeds are run under each policy.\n"
		"KEY=VALUE are options of the generator; kill-return is made for this. In a\n"
		"trace a process comes back only if it has something left to do after its kill.\n"
		"It is a sweep: after an interruption the same command goes on.");

	if (ret < 0) {
		ret = check_usage(&b, argc);
		if (!ret)
			ret = breakeven(&b, argv[1], argc - 2, argv + 2);
	}
	g_free(b.policies);
	g_free(b.machines);
	g_free(b.lrus);
	g_free(b.delays);
	g_free(b.probabilities);
	g_free(b.plots);
	g_free(b.csv);
	g_strfreev(b.settings);
	return ret;
}

const struct command cmd_breakeven = {
	.name = "breakeven",
	.summary = "restart probability and delay at which a policy stops paying",
	.run = run,
};
