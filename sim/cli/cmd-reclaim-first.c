// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim reclaim-first: reclaim first, reap second. Had reclaim aged the
 * victim's pages already, and does the unmapping say the opposite of what reclaim
 * had decided? A sweep of untimed runs of the generator reclaim-first over the
 * length of the stream that goes through memory before the kill.
 *
 * mapped: the victim's pages that reclaim has left it; young: their share whose
 * PTE is young at the reap, for which a mark is due; against: the share of marks
 * on pages that reclaim had deactivated (MGLRU: promoted, and let grow old), which
 * the mark would keep.
 */
#include <string.h>

#include "sim/cli/plot.h"
#include "sim/cli/sweep.h"
#include "sim/lab/table.h"
#include "sim/keyfile.h"

struct options {
	char *policies, *lrus, *machines, *streams, *csv, *plots;
	char **settings;
	int jobs;
	gboolean restart;
	struct outputs files;
};

enum { REAP_PAGES, REAP_YOUNG, REAP_AGED, MARKS, AGAINST, FILLS, REFAULTS, LIMIT, NR_COLUMNS };

static const char *const columns[NR_COLUMNS] = {
	[REAP_PAGES] = "sim_reap_pages",	[REAP_YOUNG] = "sim_reap_young",
	[REAP_AGED] = "sim_reap_aged",		[MARKS] = "sim_zap_marks",
	[AGAINST] = "sim_zap_marks_aged",	[FILLS] = "sim_fills",
	[REFAULTS] = "workingset_refault_file", [LIMIT] = "limit_pages",
};

/* struct curves - the rows: streams x machines x LRUs x policies, as swept */
struct curves {
	struct table t;
	int column[NR_COLUMNS], machine, lru, policy, stream;
	const struct axis *machines, *lrus, *policies, *streams; /* @machines: NULL: none named */
	guint of;						 /* the machine that is looked at */
};

static char *machine_name(const struct curves *c)
{
	return c->machines ? keyfile_name(c->machines->values->pdata[c->of]) : NULL;
}

static bool of_machine(const struct curves *c, guint row)
{
	g_autofree char *base = NULL;

	if (!c->machines)
		return true;
	base = g_path_get_basename(c->machines->values->pdata[c->of]);
	return !strcmp(table_text(&c->t, row, c->machine), base);
}

static int find_row(const struct curves *c, guint stream, guint lru, guint policy)
{
	for (guint i = 0; i < c->t.rows->len; i++)
		if (of_machine(c, i) &&
		    !strcmp(table_text(&c->t, i, c->stream), c->streams->values->pdata[stream]) &&
		    !strcmp(table_text(&c->t, i, c->lru), c->lrus->values->pdata[lru]) &&
		    !strcmp(table_text(&c->t, i, c->policy), c->policies->values->pdata[policy]))
			return (int)i;
	g_assert_not_reached(); /* the sweep wrote the file a moment ago */
}

static double get(const struct curves *c, guint stream, guint lru, guint policy, int column)
{
	return table_number(&c->t, (guint)find_row(c, stream, lru, policy), c->column[column]);
}

/* under the first policy, in percent of what they are a share of */
static double mapped(const struct curves *c, guint stream, guint lru)
{
	double most = 0;

	for (guint s = 0; s < c->streams->values->len; s++)
		most = MAX(most, get(c, s, lru, 0, REAP_PAGES));
	return most > 0 ? 100 * get(c, stream, lru, 0, REAP_PAGES) / most : 0;
}

static double share(const struct curves *c, guint stream, guint lru, int part, int whole)
{
	double w = get(c, stream, lru, 0, whole);

	return w > 0 ? 100 * get(c, stream, lru, 0, part) / w : 0;
}

/* the policies [@from, @to): how many pages more than under the first they read */
static void print_part(FILE *f, const struct curves *c, guint lru, guint from, guint to, bool first)
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
			fprintf(f, "%7.1f%%%7.1f%%%7.1f%%%7.1f%%", mapped(c, s, lru),
				share(c, s, lru, REAP_YOUNG, REAP_PAGES),
				share(c, s, lru, REAP_AGED, REAP_YOUNG),
				share(c, s, lru, AGAINST, MARKS));
		for (guint p = from; p < to; p++)
			fprintf(f, "%+15.0f", get(c, s, lru, p, FILLS) - get(c, s, lru, 0, FILLS));
		fputc('\n', f);
	}
	fputc('\n', f);
}

/* in 72 columns */
static void print_lru(FILE *f, const struct curves *c, guint lru)
{
	const guint n = c->policies->values->len;
	g_autofree char *machine = machine_name(c);

	fprintf(f, "%s%s%s, %s; fills: more than under it\n", machine ? machine : "",
		machine ? ", " : "", (char *)c->lrus->values->pdata[lru],
		(char *)c->policies->values->pdata[0]);
	print_part(f, c, lru, 1, MIN(n, 3), true);
	for (guint p = 3; p < n; p += 4)
		print_part(f, c, lru, p, MIN(n, p + 4), false);
}

static void print_all(FILE *f, struct curves *c)
{
	fputs("stream: pages read before the kill; mapped: of the victim's, left by\n"
	      "reclaim; young: of these; aged: of the young, deactivated or grown old;\n"
	      "against: of the marks, those on aged pages.\n\n",
	      f);
	for (c->of = 0; c->of < (c->machines ? c->machines->values->len : 1); c->of++)
		for (guint l = 0; l < c->lrus->values->len; l++)
			print_lru(f, c, l);
}

static void write_dat(FILE *f, const void *data)
{
	const struct curves *c = data;

	for (guint l = 0; l < c->lrus->values->len; l++) {
		fprintf(f, "# %s: stream/memory mapped young against; fills beyond the first of",
			(char *)c->lrus->values->pdata[l]);
		for (guint p = 1; p < c->policies->values->len; p++)
			fprintf(f, " %s", (char *)c->policies->values->pdata[p]);
		for (guint s = 0; s < c->streams->values->len; s++) {
			fprintf(f, "\n%.4f %.3f %.3f %.3f",
				g_ascii_strtod(c->streams->values->pdata[s], NULL) /
					MAX(get(c, s, l, 0, LIMIT), 1),
				mapped(c, s, l), share(c, s, l, REAP_YOUNG, REAP_PAGES),
				share(c, s, l, AGAINST, MARKS));
			for (guint p = 1; p < c->policies->values->len; p++)
				fprintf(f, " %.0f",
					get(c, s, l, p, FILLS) - get(c, s, l, 0, FILLS));
		}
		fputs("\n\n\n", f);
	}
}

/* at the reap, under the first policy */
static void write_shares(FILE *f, const struct curves *c, guint lru, const char *dat)
{
	g_autofree char *title =
		g_strdup_printf("%s: at the reap, %s", (char *)c->lrus->values->pdata[lru],
				(char *)c->policies->values->pdata[0]);
	g_autofree char *q_title = plot_string(title);

	fprintf(f,
		"set title %s\nset ylabel 'percent'\n"
		"set yrange [-3:103]\n"
		"plot %s index %u using 1:2 with linespoints lw 2 pt 4 ps 0.6 lc "
		"'#888888' title \"victim's pages still mapped\", \\\n"
		"    '' index %u using 1:3 with linespoints lw 2 pt 6 ps 0.6 lc "
		"'#0072b2' title 'of these: young', \\\n"
		"    '' index %u using 1:4 with linespoints lw 2 pt 8 ps 0.6 lc "
		"'#d55e00' title 'of the marks: against reclaim'\n",
		q_title, dat, lru, lru, lru);
}

/* after the return, policies but the first */
static void write_fills(FILE *f, const struct curves *c, guint lru, const char *dat)
{
	static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73",
					       "#cc79a7", "#e69f00", "#56b4e9" };
	g_autofree char *title =
		g_strdup_printf("%s: after the return", (char *)c->lrus->values->pdata[lru]);
	g_autofree char *label =
		g_strdup_printf("fills more than %s", (char *)c->policies->values->pdata[0]);
	g_autofree char *q_title = plot_string(title), *q_label = plot_string(label);

	fprintf(f, "set title %s\nset ylabel %s\nset yrange [*:*]\nplot ", q_title, q_label);
	for (guint p = 1; p < c->policies->values->len; p++) {
		g_autofree char *policy = plot_string(c->policies->values->pdata[p]);

		fprintf(f,
			"%s%s index %u using 1:%u with linespoints lw 2 pt %u ps 0.6 lc '%s' "
			"title %s",
			p > 1 ? ", \\\n    " : "", dat, lru, p + 4, p + 3,
			colours[(p - 1) % G_N_ELEMENTS(colours)], policy);
	}
	fputc('\n', f);
}

static void write_script(FILE *f, const void *data, const char *dat)
{
	const struct curves *c = data;
	const guint lrus = c->lrus->values->len;
	g_autofree char *machine = machine_name(c);
	g_autofree char *title = g_strdup_printf("Reclaim first, reap second%s%s",
						 machine ? ": " : "", machine ? machine : "");
	g_autofree char *q_title = plot_string(title);

	fprintf(f,
		"set multiplot layout 2,%u title %s noenhanced\n"
		"set key below center horizontal Left reverse samplen 2 noenhanced\n"
		"set bmargin 6\nset grid ytics lc '#dddddd' lt 1\nset border 3\n"
		"set tics nomirror\n"
		"set xlabel 'read before the kill, relative to memory' offset 0,0.4\n",
		lrus, q_title);
	for (guint l = 0; l < lrus; l++)
		write_shares(f, c, l, dat);
	for (guint l = 0; l < lrus && c->policies->values->len > 1; l++)
		write_fills(f, c, l, dat);
	fprintf(f, "unset multiplot\n");
}

/* of the machine at @machine, or the generator's own, NULL */
static char *machine_plot(const char *dir, const char *machine)
{
	g_autofree char *name = machine ? keyfile_name(machine) : NULL;
	g_autofree char *file = g_strconcat("reclaim-first", name ? "-" : "", name, NULL);

	return g_build_filename(dir, file, NULL);
}

static int plot(struct curves *c, const struct outputs *files, const char *dir)
{
	const struct plot p = {
		.width = 80 + 480 * (int)c->lrus->values->len,
		.height = 720,
		.dat = write_dat,
		.script = write_script,
		.data = c,
	};
	int ret = 0;

	for (c->of = 0; !ret && c->of < (c->machines ? c->machines->values->len : 1); c->of++) {
		g_autofree char *base =
			machine_plot(dir, c->machines ? c->machines->values->pdata[c->of] : NULL);
		struct plot of_machine = p;

		of_machine.base = base;
		ret = plot_write(files, &of_machine);
	}
	return ret;
}

static int report(const struct options *o, const struct sweep *sw, const char *csv)
{
	struct curves c = { .machines = axes_find(&sw->axes, "machine", "file"),
			    .lrus = axes_find(&sw->axes, "run", "lru"),
			    .policies = axes_find(&sw->axes, "run", "policy"),
			    .streams = axes_find(&sw->axes, "generator", "stream_pages") };
	struct output out;
	struct err err;
	int ret = table_load(&c.t, csv, &err);

	if (ret)
		return cli_fail(ret, &err);
	c.machine = table_column(&c.t, "machine.file");
	c.lru = table_column(&c.t, "lru");
	c.policy = table_column(&c.t, "policy");
	c.stream = table_column(&c.t, "generator.stream_pages");
	for (int i = 0; i < NR_COLUMNS; i++)
		c.column[i] = table_column(&c.t, columns[i]);
	ret = cli_open_stdout(&out, NULL);
	if (!ret) {
		print_all(out.f, &c);
		ret = cli_close_out(&out, true);
	}
	if (!ret && o->plots)
		ret = plot(&c, &o->files, o->plots);
	table_clear(&c.t);
	return ret;
}

static int declare(struct options *o, const struct sweep *sw, const char *csv)
{
	const struct axis *machines = axes_find(&sw->axes, "machine", "file");
	struct err err;
	int ret = sweep_declare(sw, &o->files, "--csv", csv, o->restart, &err);

	if (ret)
		return cli_fail(ret, &err);
	for (guint i = 0; !ret && o->plots && i < (machines ? machines->values->len : 1); i++) {
		g_autofree char *base =
			machine_plot(o->plots, machines ? machines->values->pdata[i] : NULL);

		ret = plot_declare(&o->files, "--plots", base);
	}
	return ret;
}

static int reclaim_first(struct options *o, int nr, char **kv)
{
	GString *s = g_string_new("[sweep]\ngenerator=reclaim-first\n[generator]\n");
	const char *csv = o->csv ? o->csv : "reclaim-first.csv";
	struct sweep sw;
	int ret;

	axes_text(s, "stream_pages", o->streams ? o->streams : "0..32768/1024");
	for (int i = 0; i < nr; i++)
		g_string_append_printf(s, "%s\n", kv[i]);
	g_string_append(s, "[machine]\n");
	if (o->machines)
		axes_text(s, "file", o->machines);
	for (char **set = o->settings; set && *set; set++)
		g_string_append_printf(s, "%s\n", *set);
	g_string_append(s, "[run]\n");
	axes_text(s, "lru", o->lrus ? o->lrus : "classic,mglru");
	axes_text(s, "policy", o->policies ? o->policies : "baseline,v1,demote");
	ret = cli_sweep_parse(&sw, "reclaim-first", s->str, s->len);
	g_string_free(s, TRUE);
	if (ret)
		return ret;
	ret = declare(o, &sw, csv);
	if (!ret)
		ret = cli_sweep_run(&sw, &o->files, csv, o->jobs, o->restart);
	if (!ret)
		ret = report(o, &sw, csv);
	sweep_clear(&sw);
	return ret;
}

static int run(int argc, char **argv)
{
	struct options o = { 0 };
	const GOptionEntry entries[] = {
		{ "streams", 'S', 0, G_OPTION_ARG_STRING, &o.streams,
		  "pages streamed before the kill (default: 0..32768/1024)", "PAGES,..." },
		{ "policies", 'p', 0, G_OPTION_ARG_STRING, &o.policies,
		  "the first is looked at, the others are held against it (default: "
		  "baseline,v1,demote)",
		  "NAME,..." },
		{ "lru", 'l', 0, G_OPTION_ARG_STRING, &o.lrus,
		  "LRU models (default: classic,mglru)", "NAME,..." },
		{ "machines", 'm', 0, G_OPTION_ARG_STRING, &o.machines,
		  "machine key files, comma separated (default: the generator's own machine)",
		  "FILE,..." },
		{ "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &o.settings,
		  "change one machine key; may be given again", "KEY=VALUE" },
		{ "csv", 0, 0, G_OPTION_ARG_FILENAME, &o.csv,
		  "the sweep's rows (default: reclaim-first.csv)", "FILE" },
		{ "plots", 0, 0, G_OPTION_ARG_FILENAME, &o.plots, "plot all: SVG and PNG", "DIR" },
		CLI_FORCE(&o.files),
		{ "jobs", 'j', 0, G_OPTION_ARG_INT, &o.jobs, "threads (default: one a core)", "N" },
		{ "restart", 0, 0, G_OPTION_ARG_NONE, &o.restart,
		  "throw away what an earlier call has finished", NULL },
		G_OPTION_ENTRY_NULL,
	};
	int ret;

	outputs_init(&o.files);
	ret = cli_options(
		&argc, &argv, entries, "[KEY=VALUE...]",
		"Say how far reclaim had aged a victim's pages, and what its unmapping says.",
		"KEY=VALUE are options of the generator reclaim-first (\"reapsim gen --list\n"
		"reclaim-first\"). Other pages stream through memory and age the victim's; then\n"
		"it is reaped and comes back. Printed for each length of the stream: what is\n"
		"still mapped and young, how many marks contradict reclaim, and how many more\n"
		"pages than under the first policy are read from the device.");

	if (ret < 0)
		ret = o.jobs < 0 ? cli_usage("--jobs %d: expected 0 or more", o.jobs)
				 : reclaim_first(&o, argc - 1, argv + 1);
	outputs_clear(&o.files);
	g_free(o.policies);
	g_free(o.lrus);
	g_free(o.machines);
	g_free(o.streams);
	g_free(o.csv);
	g_free(o.plots);
	g_strfreev(o.settings);
	return ret;
}

const struct command cmd_reclaim_first = {
	.name = "reclaim-first",
	.summary =
		"what reclaim had decided about a victim's pages, against what its unmapping says",
	.main = run,
};
