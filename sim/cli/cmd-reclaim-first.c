// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim reclaim-first: compare reclaim's decisions about a victim's pages with the marks of its
 * unmapping. sim/lab/reclaim-first.h describes the runs and the columns.
 */
#include "sim/keyfile.h"
#include "sim/cli/data.h"
#include "sim/cli/plot.h"
#include "sim/cli/sweep.h"

struct options {
	struct outputs files;
	char *policies, *lrus, *machines, *streams, *csv, *plots;
	char **settings;
	struct sweep_options sweep;
};

/* The columns of the policies [@from, @to): pages read in addition to those under the first. */
static void print_part(FILE *f, const struct curves *c, guint machine, guint lru, guint from,
		       guint to, bool first)
{
	fprintf(f, "%8s", "stream");
	if (first)
		fprintf(f, "%8s%8s%8s%8s", "mapped", "young", "aged", "against");
	for (guint p = from; p < to; p++)
		fprintf(f, "%15s", (char *)c->policies->values->pdata[p]);
	fputc('\n', f);
	for (guint s = 0; s < c->streams->values->len; s++) {
		fprintf(f, "%8s", (char *)c->streams->values->pdata[s]);
		if (first)
			fprintf(f, "%7.1f%%%7.1f%%%7.1f%%%7.1f%%",
				curves_mapped(c, machine, s, lru),
				curves_share(c, machine, s, lru, CURVE_REAP_YOUNG,
					     CURVE_REAP_PAGES),
				curves_share(c, machine, s, lru, CURVE_REAP_AGED, CURVE_REAP_YOUNG),
				curves_share(c, machine, s, lru, CURVE_AGAINST, CURVE_MARKS));
		for (guint p = from; p < to; p++)
			fprintf(f, "%+15.0f", curves_more_fills(c, machine, s, lru, p));
		fputc('\n', f);
	}
	fputc('\n', f);
}

/* Tables of 72 columns */
static void print_lru(FILE *f, const struct curves *c, guint machine, guint lru)
{
	const guint n = c->policies->values->len;
	g_autofree char *name = curves_machine(c, machine);

	fprintf(f, "%s%s%s; policies: fills more than under %s\n", name ? name : "",
		name ? ", " : "", (char *)c->lrus->values->pdata[lru],
		(char *)c->policies->values->pdata[0]);
	print_part(f, c, machine, lru, 1, MIN(n, 3), true);
	for (guint p = 3; p < n; p += 4)
		print_part(f, c, machine, lru, p, MIN(n, p + 4), false);
}

static void print_all(FILE *f, const struct curves *c)
{
	fputs("stream: pages read before the kill; mapped: pages of the victim that\n"
	      "reclaim left mapped; young: mapped pages that are young; aged: young\n"
	      "pages that are deactivated or in an old generation; against: marks\n"
	      "that hit aged pages.\n\n",
	      f);
	for (guint m = 0; m < curves_nr_machines(c); m++)
		for (guint l = 0; l < c->lrus->values->len; l++)
			print_lru(f, c, m, l);
}

/* The base name of the plot for a machine file; NULL: the generator's own machine. */
static char *machine_plot(const char *dir, const char *machine)
{
	g_autofree char *name = machine ? keyfile_name(machine) : NULL;
	g_autofree char *file = g_strconcat("reclaim-first", name ? "-" : "", name, NULL);

	return g_build_filename(dir, file, NULL);
}

/* what report() needs */
struct task {
	const struct options *o;
	const struct sweep *sw;
};

static int report(const void *data, const struct output *json)
{
	const struct task *task = data;
	const struct options *o = task->o;
	struct curves c;
	struct output out;
	struct err err;
	int ret = curves_load(&c, task->sw, o->csv, &err);

	(void)json; /* has the rows of the sweep, and nothing more */
	if (ret)
		return cli_fail(ret, &err);
	ret = cli_open_stdout(&out, &o->files);
	if (!ret) {
		print_all(out.f, &c);
		ret = cli_close_out(&out, OUTPUT_WHOLE);
	}
	for (guint m = 0; !ret && o->plots && m < curves_nr_machines(&c); m++) {
		g_autofree char *base =
			machine_plot(o->plots, c.machines ? c.machines->values->pdata[m] : NULL);

		ret = plot_reclaim_first(&c, m, &o->files, base);
	}
	curves_clear(&c);
	return ret;
}

static int declare(struct options *o, const struct sweep *sw)
{
	const struct axis *machines = axes_find(&sw->axes, "machine", "file");
	struct err err;
	int ret = sweep_declare(sw, &o->files, "--csv", o->csv, o->sweep.how.restart, &err);

	if (ret)
		return cli_fail(ret, &err);
	ret = command_declare(&cmd_reclaim_first, o);
	for (guint i = 0; !ret && o->plots && i < (machines ? machines->values->len : 1); i++) {
		g_autofree char *base =
			machine_plot(o->plots, machines ? machines->values->pdata[i] : NULL);

		ret = plot_declare(&o->files, "--plots", base);
	}
	return ret;
}

static int reclaim_first(struct options *o, int nr, char **kv)
{
	const struct reclaim_first_spec spec = {
		.streams = o->streams,
		.options = kv,
		.nr_options = (guint)nr,
		.machines = o->machines,
		.settings = o->settings,
		.policies = o->policies,
		.lrus = o->lrus,
	};
	struct sweep sw;
	struct err err;
	int ret = cli_sweep_check(&o->sweep);

	if (ret)
		return ret;
	ret = reclaim_first_parse(&sw, &spec, &err);
	if (ret)
		return cli_fail(ret, &err);
	ret = declare(o, &sw);
	if (!ret)
		ret = cli_sweep_run(&sw, &o->files, o->csv, &o->sweep, report,
				    &(struct task){ o, &sw });
	sweep_clear(&sw);
	return ret;
}

static int run(void *options, int argc, char **argv)
{
	return reclaim_first(options, argc, argv);
}

#define FIELD(member) OPTION_FIELD(struct options, member)

static const struct option rows[] = {
	{ "streams", OPT_TEXT, "0..32768/1024", "pages streamed before the kill", .letter = 'S',
	  .metavar = "PAGES,...", FIELD(streams) },
	{ "policies", OPT_TEXT, "baseline,v1,demote", "the others are compared with the first",
	  .letter = 'p', .alias = "policy", .metavar = "NAME,...", .complete = complete_policies,
	  FIELD(policies) },
	{ "lru", OPT_TEXT, "classic,mglru", "LRU models", .letter = 'l', .metavar = "NAME,...",
	  .complete = complete_models, FIELD(lrus) },
	{ "machines", OPT_PATHS, NULL,
	  "machine files, or names of them, comma separated (default: the generator's own machine)",
	  .letter = 'm', .alias = "machine", .metavar = "FILE,...", .role = FILE_INPUT,
	  .find = data_find_machine, .complete = complete_machines, FIELD(machines) },
	COMMAND_SET(struct options, settings),
	{ "csv", OPT_PATH, "reclaim-first.csv", "rows of the sweep", .metavar = "FILE",
	  .role = FILE_SWEEP, FIELD(csv) },
	COMMAND_JSON,
	{ "plots", OPT_PATH, NULL, "plot all: SVG and PNG", .metavar = "DIR", .role = FILE_PLOT,
	  FIELD(plots) },
	COMMAND_FORCE,
	COMMAND_SWEEP(struct options, sweep),
	{ NULL },
};

const struct command cmd_reclaim_first = {
	.name = "reclaim-first",
	.summary = "how many marks of a victim's unmapping contradict earlier reclaim",
	.arguments = "[KEY=VALUE...]",
	.title = "Compare how far reclaim had aged a victim's pages with the marks of its "
		 "unmapping.",
	.details =
		"KEY=VALUE are options of the generator reclaim-first (\"reapsim gen --list\n"
		"reclaim-first\"). Other pages stream through memory and age the victim's pages;\n"
		"then the victim is reaped and restarts. For each length of the stream this "
		"prints\n"
		"how many pages are still mapped and young, how many marks contradict reclaim, "
		"and\n"
		"how many more pages than under the first policy are read from the device.",
	.examples = "reapsim reclaim-first --streams 0,4096 --policies baseline,v1\n",
	.options = rows,
	.complete = complete_reclaim_first,
	.size = sizeof(struct options),
	.run = run,
};
