// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/plot.h"

#include <inttypes.h>
#include <string.h>

#include "sim/cli/change.h"
#include "sim/lab/config.h"

static uint64_t value(const struct run_set *rs, guint end, guint machine, guint policy,
		      enum vmstat_item item)
{
	return run_set_get(rs, end, machine, policy)->stat.v[item];
}

static bool same(const struct run_set *rs, guint end, guint a, guint b, enum vmstat_item item)
{
	for (guint m = 0; m < rs->machines->len; m++)
		for (guint i = 0; i < rs->nr_seeds; i++)
			if (run_set_get_seed(rs, end, m, a, i)->stat.v[item] !=
			    run_set_get_seed(rs, end, m, b, i)->stat.v[item])
				return false;
	return true;
}

static uint64_t limit(const struct run_set *rs, guint machine)
{
	const struct machine *m = &g_array_index(rs->machines, struct machine, machine);

	return machine_limit(m);
}

static bool evicts(const struct run_set *rs, guint policy)
{
	return g_str_has_suffix(rs->policies->pdata[policy], "+evict");
}

/* The title of a line: all policies with these numbers, such as "rfc v1 flag". NULL if an
 * earlier line shows this policy, or the first policy, which is the line at 1. */
static char *line_title(const struct run_set *rs, guint end, guint policy, enum vmstat_item item)
{
	GString *title;

	for (guint p = 0; p < policy; p++)
		if ((p == 0 || evicts(rs, p) == evicts(rs, policy)) &&
		    same(rs, end, p, policy, item))
			return NULL;
	title = g_string_new(NULL);
	for (guint p = policy; p < rs->policies->len; p++) {
		char *name;

		if (evicts(rs, p) != evicts(rs, policy) || !same(rs, end, p, policy, item))
			continue;
		name = g_strdup(rs->policies->pdata[p]);
		if (strchr(name, '+'))
			*strchr(name, '+') = 0;
		g_string_append_printf(title, "%s%s", title->len ? " " : "", name);
		g_free(name);
	}
	return g_string_free(title, FALSE);
}

/* Colours of policies, in the order of --policies. */
static const char *const colours[] = {
	"#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
};

/* NAME+evict has the style of NAME. Return: a number for each NAME, 0 for the first */
static guint style(const struct run_set *rs, guint policy)
{
	const char *name = rs->policies->pdata[policy];
	const size_t len = strcspn(name, "+");
	guint nr = 0;

	for (guint p = 0; p < policy; p++) {
		const char *other = rs->policies->pdata[p];

		if (strcspn(other, "+") == len && !strncmp(other, name, len))
			return style(rs, p);
		nr += !strchr(other, '+');
	}
	return nr;
}

static void write_panel(FILE *f, const struct run_set *rs, guint end, bool evict,
			enum vmstat_item item, const char *dat)
{
	enum op_code how = g_array_index(rs->ends, enum op_code, end);
	const char *first = rs->policies->pdata[0];
	g_autofree char *ylabel = g_strdup_printf("relative to %s", first);
	g_autofree char *title = g_strdup_printf("%s and all not shown", first);
	g_autofree char *q_ylabel = plot_string(ylabel), *q_title = plot_string(title);

	fprintf(f, "set title \"%s%s\"\n",
		how == OP_NONE ? "processes end as recorded" : "every process ends by ",
		how == OP_NONE ? "" : ends_as_name(how));
	if (evict)
		fprintf(f, "set title \"the same, each with +evict\"\n");
	fprintf(f, "set yrange [%s:*]\nset ylabel %s noenhanced\n", evict ? "0" : "*", q_ylabel);
	/* the first policy, the reference, is in every panel */
	fprintf(f, "plot %s index %u using 1:(1) with lines lw 2 lc '#888888' title %s", dat, end,
		q_title);
	for (guint p = 1; p < rs->policies->len; p++) {
		g_autofree char *line =
			evicts(rs, p) == evict ? line_title(rs, end, p, item) : NULL;
		g_autofree char *q_line = line ? plot_string(line) : NULL;

		if (!line)
			continue;
		fprintf(f, ", \\\n    %s index %u using ", dat, end);
		if (rs->ensemble.nr) /* beside each other, or the bars hide each other */
			fprintf(f, "($1*(1+0.004*%u)):%u:%u:%u with yerrorlines", p, 3 * p + 2,
				3 * p + 3, 3 * p + 4);
		else
			fprintf(f, "1:($%u/$2) with linespoints", p + 2);
		fprintf(f, " lw 2 pt %u ps 0.8 lc '%s' title %s", style(rs, p) + 4,
			colours[style(rs, p) % G_N_ELEMENTS(colours)], q_line);
	}
	fputc('\n', f);
}

/* struct comparison - the data to plot */
struct comparison {
	const struct run_set *rs;
	enum vmstat_item item;
	const char *title;
	bool evict; /* some policy has +evict */
};

static void write_script(FILE *f, const void *data, const char *dat)
{
	const struct comparison *c = data;
	const struct run_set *rs = c->rs;
	g_autofree char *basis = rs->ensemble.nr ? g_strdup_printf("%u members", rs->ensemble.nr)
						 : g_strdup("one run, no interval");
	g_autofree char *title = g_strdup_printf(
		"%s, %s, %s: %s of each policy, %s = 1 (%s)", c->title, rs->lru->name,
		rs->kernel->name, vmstat_name(c->item), (char *)rs->policies->pdata[0], basis);
	g_autofree char *q_title = plot_string(title);

	fprintf(f, "set multiplot layout %u,%d title %s noenhanced\n", rs->ends->len,
		c->evict ? 2 : 1, q_title);
	fprintf(f,
		"set key below center horizontal Left reverse samplen 2 height 0.5 noenhanced\n");
	fprintf(f, "set xlabel 'memory limit (MiB)' offset 0,0.6\n");
	fprintf(f, "set grid ytics lc '#dddddd' lt 1\nset border 3\nset tics nomirror\n");
	fprintf(f, "set offsets graph 0.03, graph 0.03, graph 0.08, graph 0.08\n");
	for (guint e = 0; e < rs->ends->len; e++) {
		write_panel(f, rs, e, false, c->item, dat);
		if (c->evict)
			write_panel(f, rs, e, true, c->item, dat);
	}
	fprintf(f, "unset multiplot\n");
}

static void put_value(FILE *f, const struct run_set *rs, guint end, guint machine, guint policy,
		      enum vmstat_item item)
{
	struct estimate e;

	if (!rs->ensemble.nr) {
		fprintf(f, " %" PRIu64, value(rs, end, machine, policy, item));
		return;
	}
	e = cli_spread_of(rs, end, machine, policy, item);
	fprintf(f, " %.6f %.6f %.6f", 1 + e.mean, 1 + e.low, 1 + e.high);
}

static void write_dat(FILE *f, const void *data)
{
	const struct comparison *c = data;
	const struct run_set *rs = c->rs;

	for (guint e = 0; e < rs->ends->len; e++) {
		fprintf(f, "# %s: memory in MiB, then %s%s of",
			ends_as_name(g_array_index(rs->ends, enum op_code, e)),
			vmstat_name(c->item),
			rs->ensemble.nr ? ", relative, and its interval," : "");
		for (guint p = 0; p < rs->policies->len; p++)
			fprintf(f, " %s", (char *)rs->policies->pdata[p]);
		for (guint m = 0; m < rs->machines->len; m++) {
			fprintf(f, "\n%.2f", (double)limit(rs, m) / 256);
			for (guint p = 0; p < rs->policies->len; p++)
				put_value(f, rs, e, m, p, c->item);
		}
		fputs("\n\n\n", f);
	}
}

int plot_compare(const struct run_set *rs, enum vmstat_item item, const struct outputs *files,
		 const char *base)
{
	g_autofree char *name = g_path_get_basename(base);
	struct comparison c = { .rs = rs, .item = item, .title = name };
	const struct plot p = {
		.base = base,
		.width = 1000,
		.height = 60 + 330 * (int)rs->ends->len,
		.dat = write_dat,
		.script = write_script,
		.data = &c,
	};

	for (guint i = 0; i < rs->policies->len; i++)
		c.evict |= evicts(rs, i);
	return plot_write(files, &p);
}
