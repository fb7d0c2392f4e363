// SPDX-License-Identifier: GPL-2.0-only
/* reapsim compare: traces x machines x policies as tables, CSV and plots. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/cli/change.h"
#include "sim/cli/plot.h"
#include "sim/cli/runs.h"
#include "sim/cli/sampled.h"
#include "sim/lab/config.h"
#include "sim/names.h"

#define WIDTH 72 /* columns; fits a mail */

/*
 * The detailed table. Refaults alone would flatter +evict: a page that it drops leaves no
 * shadow, so reading the page again counts as a fill, not as a refault.
 */
static const struct {
	const char *title;
	enum vmstat_item item;
	int width;
	bool change; /* also print the change relative to the first policy */
} columns[] = {
	{ "refaults", VM_workingset_refault_file, 9, true },
	{ "fills", VM_sim_fills, 8, true },
	{ "activate", VM_pgactivate, 9, false },
	{ "skipped", VM_sim_zap_skipped, 8, false },
	{ "evicted", VM_sim_zap_evicted, 8, false },
};

static char *percent(uint64_t now, uint64_t base)
{
	if (now == base)
		return g_strdup("=");
	if (!base) { /* print the number instead of a percentage */
		g_autofree char *n = cli_brief(now);

		return g_strconcat("+", n, NULL);
	}
	return g_strdup_printf("%+.1f%%", 100.0 * ((double)now - (double)base) / (double)base);
}

static void table_title(FILE *f, const struct run_set *rs, guint end, guint machine)
{
	const struct machine *m = &g_array_index(rs->machines, struct machine, machine);

	fprintf(f, "ends: %s; machine: %s, %" PRIu64 " pages%s\n%-14s",
		ends_as_name(g_array_index(rs->ends, enum op_code, end)), m->name, machine_limit(m),
		m->memcg_pages ? " of memcg limit" : "", "policy");
}

/* The mean of a counter over the members of an ensemble */
static double mean_of(const struct run_set *rs, guint end, guint machine, guint policy,
		      enum vmstat_item item)
{
	double sum = 0;

	for (guint i = 0; i < rs->nr_seeds; i++)
		sum += (double)run_set_get_seed(rs, end, machine, policy, i)->stat.v[item];
	return sum / rs->nr_seeds;
}

/* The detailed table of an ensemble: means, and the spread of the changes, of @item and fills, for
 * which there is room. */
static void ensemble_table(FILE *f, const struct run_set *rs, guint end, guint machine,
			   enum vmstat_item item)
{
	const bool usual = item == VM_workingset_refault_file || item == VM_sim_fills;
	const enum vmstat_item items[] = { usual ? VM_workingset_refault_file : item,
					   VM_sim_fills };
	const char *const titles[] = { usual ? "refaults" : "counter", "fills" };
	enum { NR = G_N_ELEMENTS(items) };
	const guint nr = rs->policies->len;
	g_autofree struct estimate *change = g_new(struct estimate, nr * NR);

	for (guint i = 0; i < nr * NR; i++) {
		change[i] = (struct estimate){ .p = NAN };
		/* the first policy is not compared with itself */
		if (i >= NR && run_set_finished(rs, end, machine, i / NR))
			change[i] = cli_spread_of(rs, end, machine, i / NR, items[i % NR]);
	}
	estimate_correct(change, nr * NR);
	if (!usual)
		fprintf(f, "counter: %s\n", vmstat_name(item));
	table_title(f, rs, end, machine);
	for (size_t c = 0; c < NR; c++)
		fprintf(f, "%9s%*s", titles[c], SPREAD_WIDTH, "change");
	fputc('\n', f);
	for (guint p = 0; p < nr; p++) {
		fprintf(f, "%-14s", (char *)rs->policies->pdata[p]);
		if (!run_set_finished(rs, end, machine, p) ||
		    !run_set_finished(rs, end, machine, 0)) {
			fprintf(f, "  not finished\n");
			continue;
		}
		for (size_t c = 0; c < NR; c++) {
			const double mean = mean_of(rs, end, machine, p, items[c]);
			g_autofree char *n = cli_brief((uint64_t)(mean + 0.5));
			g_autofree char *d = p ? cli_spread(&change[p * NR + c]) : g_strdup("");

			fprintf(f, "%9s%*s", n, SPREAD_WIDTH, d);
		}
		fputc('\n', f);
	}
	fputc('\n', f);
}

static void detail_table(FILE *f, const struct run_set *rs, guint end, guint machine)
{
	const struct run *base = run_set_get(rs, end, machine, 0);

	table_title(f, rs, end, machine);
	for (size_t c = 0; c < G_N_ELEMENTS(columns); c++)
		fprintf(f, "%*s%s", columns[c].width, columns[c].title,
			columns[c].change ? "  change" : "");
	fputc('\n', f);
	for (guint p = 0; p < rs->policies->len; p++) {
		const struct run *r = run_set_get(rs, end, machine, p);

		fprintf(f, "%-14s", r->policy);
		if (!run_finished(r)) {
			fprintf(f, "  not finished\n");
			continue;
		}
		for (size_t c = 0; c < G_N_ELEMENTS(columns); c++) {
			uint64_t v = r->stat.v[columns[c].item];
			g_autofree char *n = cli_brief(v);
			g_autofree char *change =
				p ? percent(v, base->stat.v[columns[c].item]) : g_strdup("");

			fprintf(f, "%*s", columns[c].width, n);
			if (columns[c].change)
				fprintf(f, "%8s", change);
		}
		fputc('\n', f);
	}
	fputc('\n', f);
}

/* Policies x machines: the counter of the first policy, the others relative to it. */
static void matrix_table(FILE *f, const struct run_set *rs, guint end, enum vmstat_item item)
{
	guint width = 8, a_row;

	for (guint m = 0; m < rs->machines->len; m++)
		width = MAX(width,
			    (guint)strlen(g_array_index(rs->machines, struct machine, m).name));
	width = MIN(width, WIDTH - 17) + 1;
	a_row = (WIDTH - 15) / width;
	for (guint from = 0; from < rs->machines->len; from += a_row) {
		const guint to = MIN(from + a_row, rs->machines->len);

		fprintf(f, "ends: %s; %s, change against %s\n%-15s",
			ends_as_name(g_array_index(rs->ends, enum op_code, end)), vmstat_name(item),
			(char *)rs->policies->pdata[0], "machine");
		for (guint m = from; m < to; m++)
			fprintf(f, "%*s", (int)width,
				g_array_index(rs->machines, struct machine, m).name);
		fprintf(f, "\n%-15s", "pages");
		for (guint m = from; m < to; m++) {
			const struct machine *mc = &g_array_index(rs->machines, struct machine, m);
			g_autofree char *n = cli_brief(machine_limit(mc));

			fprintf(f, "%*s", (int)width, n);
		}
		fputc('\n', f);
		for (guint p = 0; p < rs->policies->len; p++) {
			fprintf(f, "%-15s", (char *)rs->policies->pdata[p]);
			for (guint m = from; m < to; m++) {
				const struct run *r = run_set_get(rs, end, m, p);
				uint64_t base = run_set_get(rs, end, m, 0)->stat.v[item];
				g_autofree char *cell = !run_finished(r) ? g_strdup("-")
							: p ? percent(r->stat.v[item], base)
							    : cli_brief(base);

				fprintf(f, "%*s", (int)width, cell);
			}
			fputc('\n', f);
		}
		fputc('\n', f);
	}
}

static void tables(FILE *f, const struct run_set *rs, enum vmstat_item item)
{
	g_autofree char *basis = cli_change_basis(rs, 1, "a sign test", 2);

	cli_title(f, rs);
	fprintf(f, "; %s\n", basis);
	for (guint e = 0; e < rs->ends->len; e++) {
		for (guint m = 0; rs->ensemble.nr && m < rs->machines->len; m++)
			ensemble_table(f, rs, e, m, item);
		if (rs->ensemble.nr)
			continue;
		if (rs->machines->len == 1)
			detail_table(f, rs, e, 0);
		else
			matrix_table(f, rs, e, item);
	}
}

/* Write the finished runs. Return: the number of rows. */
static guint csv_rows(FILE *f, const struct run_set *rs)
{
	guint rows = 0;

	for (guint i = 0; i < rs->runs->len; i++) {
		const struct run *r = &g_array_index(rs->runs, struct run, i);

		if (run_finished(r)) {
			if (rs->ensemble.nr)
				fprintf(f, "%u,%u,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",",
					i % rs->nr_seeds, r->cfg.machine.readahead_pages,
					r->cfg.machine.prefault_old ? "old" : "young",
					r->counted.from, r->counted.to, r->reach);
			run_csv_row(f, rs->trace, r, NULL);
			rows++;
		}
	}
	return rows;
}

/* The changes of an ensemble in percent, a row per policy and counter; p is not corrected. */
static void differences_rows(struct cli_results *r, const struct run_set *rs, guint end,
			     guint machine, guint policy)
{
	for (size_t c = 0; c < G_N_ELEMENTS(columns); c++) {
		const struct estimate change =
			cli_spread_of(rs, end, machine, policy, columns[c].item);

		cli_differences_row(r, rs, end, machine, policy, vmstat_name(columns[c].item),
				    rs->nr_seeds, mean_of(rs, end, machine, 0, columns[c].item),
				    &change);
	}
}

static void differences(struct cli_results *r, const struct run_set *rs)
{
	for (guint e = 0; e < rs->ends->len; e++)
		for (guint m = 0; m < rs->machines->len; m++)
			for (guint p = 1; p < rs->policies->len; p++)
				if (run_set_finished(rs, e, m, 0) && run_set_finished(rs, e, m, p))
					differences_rows(r, rs, e, m, p);
}

struct compare {
	struct run_options o;
	const char *counter, *csv, *differences, *plots;
	enum vmstat_item item;
};

static int compare_one(struct compare *c, const char *path, struct cli_results *r)
{
	struct trace *t = NULL;
	struct run_set rs = { 0 };
	int ret = cli_load_trace(path, c->o.format, &t);

	if (ret)
		return ret;
	ret = cli_run_set_init(&rs, &c->o.spec, t);
	if (!ret) {
		ret = cli_run_set_execute(&rs, c->o.jobs);
		if (c->o.sample)
			sampled_tables(r->text.f, &rs, c->item);
		else
			tables(r->text.f, &rs, c->item);
		if (r->runs.f)
			r->nr_runs += c->o.sample ? sampled_rows(r->runs.f, &rs)
						  : csv_rows(r->runs.f, &rs);
		if (r->differences.f)
			differences(r, &rs);
		if (!ret && c->plots) {
			g_autofree char *base = plot_base(c->plots, "", path);

			ret = plot_compare(&rs, c->item, &c->o.files, base);
		}
	}
	run_set_clear(&rs);
	trace_free(t);
	return ret;
}

static int compare_all(struct compare *c, char **paths, int n)
{
	struct cli_results r;
	const bool ensemble = c->o.spec.ensemble.nr;
	int ret = cli_open_results(&r, &c->o.files,
				   c->o.sample ? ROWS_SAMPLE
				   : ensemble  ? ROWS_MEMBER
					       : ROWS_RUN,
				   c->csv, c->differences, ensemble);

	if (ret)
		return ret;
	for (int i = 0; i < n && !ret; i++)
		ret = compare_one(c, paths[i], &r);
	return cli_close_results(&r, ret);
}

static int declare(struct compare *c, char **traces, int n)
{
	int ret = cli_declare_inputs(&c->o.files, "TRACE", traces, n);

	if (!ret)
		ret = command_declare(&cmd_compare, c);
	for (int i = 0; i < n && !ret && c->plots; i++) {
		g_autofree char *base = plot_base(c->plots, "", traces[i]);
		g_autofree char *what = g_strdup_printf("--plots of %s:", traces[i]);

		ret = plot_declare(&c->o.files, what, base);
	}
	return ret;
}

static int unknown_counter(const char *name)
{
	const char *valid[NR_VMSTAT + 1] = { NULL };
	g_autofree char *hint = NULL;

	for (int i = 0; i < NR_VMSTAT; i++)
		valid[i] = vmstat_name((enum vmstat_item)i);
	hint = names_hint(name, valid);
	return cli_usage("unknown counter \"%s\"%s (\"reapsim list counters\" names them)", name,
			 hint);
}

static int run(void *options, int argc, char **argv)
{
	struct compare *c = options;
	const int item = vmstat_find(c->counter);
	int ret;

	if (argc < 1)
		return cli_usage("compare: expected a trace");
	if (item < 0)
		return unknown_counter(c->counter);
	if (c->differences && !c->o.spec.ensemble.nr)
		return cli_usage("--differences: one run has no interval, add --ensemble N");
	c->item = (enum vmstat_item)item;
	c->o.spec.with_baseline = true;
	if (c->o.sample && c->plots)
		return cli_usage("--plots with --sample: the plots have no intervals; expected one "
				 "of them, --csv has the rows");
	ret = cli_parse_ensemble(&c->o) ?: cli_parse_sample(&c->o);
	if (!ret)
		ret = declare(c, argv, argc);
	return ret ? ret : compare_all(c, argv, argc);
}

#define FIELD(member) OPTION_FIELD(struct compare, member)

static const struct option rows[] = {
	{ "counter", OPT_TEXT, "workingset_refault_file", "counter to compare by", .letter = 'C',
	  .metavar = "NAME", .complete = complete_counters, FIELD(counter) },
	{ "csv", OPT_PATH, NULL, "write every counter, a row per run", .metavar = "FILE",
	  .role = FILE_RESULTS, FIELD(csv) },
	{ "differences", OPT_PATH, NULL,
	  "of an ensemble: write the changes and their spread, a row per policy and counter",
	  .metavar = "FILE", .role = FILE_RESULTS, FIELD(differences) },
	COMMAND_JSON,
	{ "plots", OPT_PATH, NULL, "plot the counter over the memory limit: SVG and PNG per trace",
	  .metavar = "DIR", .role = FILE_PLOT, FIELD(plots) },
	COMMAND_FORCE,
	{ NULL },
};

const struct command cmd_compare = {
	.name = "compare",
	.summary = "policies x machines on one or more traces: table, CSV, JSON, plots",
	.arguments = "TRACE...",
	.title = "Replay traces under every policy and compare.",
	.details =
		"A mark is a folio_mark_accessed() call. Columns:\n"
		"refaults: fills of pages that reclaim had evicted; fills: file pages read\n"
		"from the device (a page dropped by +evict comes back as a fill, not a refault);\n"
		"activate: pages moved to the active list; skipped: marks that the policy\n"
		"skipped; evicted: pages that +evict dropped.\n"
		"Changes are relative to the first policy. \"=\": exactly the same. One run has "
		"no\n"
		"interval.\n" SPREAD_DETAILS SAMPLE_DETAILS "\n" RUN_DETAILS,
	.examples = "reapsim gen restart-loop -o app.rtrace\n"
		    "reapsim compare --ends-as mrelease --memory 50%,75% app.rtrace\n"
		    "# two policies, with an interval, by another counter\n"
		    "reapsim compare -p v1,v1+evict -e mrelease -M 75% --ensemble 8 -C pgactivate "
		    "app.rtrace\n"
		    "# a large trace in a fraction of the time, with an interval\n"
		    "reapsim gen zipf -o large.rtrace\n"
		    "reapsim compare -p v1 -M 50% --sample 1/16 large.rtrace\n",
	.shared = run_rows_many,
	.options = rows,
	.complete = complete_traces,
	.size = sizeof(struct compare),
	.run = run,
};
