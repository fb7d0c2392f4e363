// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <glib/gstdio.h>

#include "sim/cli/cli.h"
#include "sim/lab/config.h"

static uint64_t value(const struct run_set *rs, guint end, guint machine, guint policy,
		      enum vmstat_item item)
{
	return run_set_get(rs, end, machine, policy)->stat.v[item];
}

static bool same(const struct run_set *rs, guint end, guint a, guint b, enum vmstat_item item)
{
	for (guint m = 0; m < rs->machines->len; m++)
		if (value(rs, end, m, a, item) != value(rs, end, m, b, item))
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

/* the policies of a line: "rfc v1 flag"; NULL if another line has this one: an
 * earlier policy of the panel, or the first policy, which is the line at 1 */
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

/* of policies, in the order in which they were named, "+evict" as without */
static const char *const colours[] = {
	"#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
};

static void write_panel(FILE *f, const struct run_set *rs, guint end, bool evict,
			enum vmstat_item item, const char *name)
{
	enum op_code how = g_array_index(rs->ends, enum op_code, end);
	const char *first = rs->policies->pdata[0];

	fprintf(f, "set title \"%s%s\"\n",
		how == OP_NONE ? "processes end as recorded" : "every process ends by ",
		how == OP_NONE ? "" : ends_as_name(how));
	if (evict)
		fprintf(f, "set title \"the same, each with +evict\"\n");
	fprintf(f, "set yrange [%s:*]\nset ylabel 'relative to %s' noenhanced\n", evict ? "0" : "*",
		first);
	/* the first policy, in every panel what the others are measured by */
	fprintf(f,
		"plot '%s.dat' index %u using 1:($2/$2) with lines lw 2 lc '#888888' "
		"title '%s and all not shown'",
		name, end, first);
	for (guint p = 1; p < rs->policies->len; p++) {
		g_autofree char *line =
			evicts(rs, p) == evict ? line_title(rs, end, p, item) : NULL;

		if (!line)
			continue;
		fprintf(f,
			", \\\n    '%s.dat' index %u using 1:($%u/$2) with linespoints lw 2 pt %u "
			"ps 0.8 lc '%s' title '%s'",
			name, end, p + 2, p / 2 + 4, colours[p / 2 % G_N_ELEMENTS(colours)], line);
	}
	fputc('\n', f);
}

static void write_script(FILE *f, const struct run_set *rs, enum vmstat_item item, const char *name,
			 const char *title)
{
	static const char *const terminals[] = {
		"svg size 1000,%d font 'sans,13' background '#ffffff'; set output '%s.svg'",
		"pngcairo size 1000,%d font 'sans,10'; set output '%s.png'",
	};
	bool evict = false;

	for (guint p = 0; p < rs->policies->len; p++)
		evict |= evicts(rs, p);
	for (size_t t = 0; t < G_N_ELEMENTS(terminals); t++) {
		g_autofree char *term =
			g_strdup_printf(terminals[t], 60 + 330 * (int)rs->ends->len, name);

		fprintf(f, "set terminal %s\n", term);
		fprintf(f,
			"set multiplot layout %u,%d title '%s: %s of each policy, %s = 1' "
			"noenhanced\n",
			rs->ends->len, evict ? 2 : 1, title, vmstat_name(item),
			(char *)rs->policies->pdata[0]);
		fprintf(f, "set key below center horizontal Left reverse samplen 2 noenhanced\n");
		fprintf(f, "set xlabel 'memory limit (MiB)' offset 0,0.6\n");
		fprintf(f, "set grid ytics lc '#dddddd' lt 1\nset border 3\nset tics nomirror\n");
		fprintf(f, "set offsets graph 0.03, graph 0.03, graph 0.08, graph 0.08\n");
		for (guint e = 0; e < rs->ends->len; e++) {
			write_panel(f, rs, e, false, item, name);
			if (evict)
				write_panel(f, rs, e, true, item, name);
		}
		fprintf(f, "unset multiplot\n");
	}
}

int plot_gnuplot(const char *path)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *script = g_path_get_basename(path);
	const char *argv[] = { "gnuplot", script, NULL };
	g_autofree char *errors = NULL;
	g_autoptr(GError) gerr = NULL;
	struct err err;
	int status;

	if (!g_spawn_sync(dir, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &errors,
			  &status, &gerr) ||
	    !g_spawn_check_wait_status(status, &gerr))
		return cli_fail(err_set(&err, -EIO, "gnuplot %s: %s%s%s", script, gerr->message,
					errors && *errors ? ": " : "", errors ? errors : ""),
				&err);
	return 0;
}

int plot_write(const char *dir, const char *name, plot_dat_fn dat, plot_script_fn script,
	       const void *data)
{
	g_autofree char *base = g_build_filename(dir, name, NULL);
	g_autofree char *dat_path = g_strconcat(base, ".dat", NULL);
	g_autofree char *gp = g_strconcat(base, ".gp", NULL);
	struct cli_out out;
	struct err err;
	int ret;

	if (g_mkdir_with_parents(dir, 0777))
		return cli_fail(err_set(&err, -errno, "%s: %s", dir, g_strerror(errno)), &err);
	ret = cli_open_out(&out, dat_path);
	if (ret)
		return ret;
	dat(out.f, data);
	ret = cli_close_out(&out, true);
	if (!ret)
		ret = cli_open_out(&out, gp);
	if (ret)
		return ret;
	script(out.f, data, name);
	ret = cli_close_out(&out, true);
	return ret ? ret : plot_gnuplot(gp);
}

int plot_compare(const struct run_set *rs, enum vmstat_item item, const char *base)
{
	g_autofree char *dat = g_strconcat(base, ".dat", NULL);
	g_autofree char *gp = g_strconcat(base, ".gp", NULL);
	g_autofree char *name = g_path_get_basename(base);
	struct cli_out out;
	int ret = cli_open_out(&out, dat);

	if (ret)
		return ret;
	for (guint e = 0; e < rs->ends->len; e++) {
		fprintf(out.f, "# %s: memory in MiB, then %s of",
			ends_as_name(g_array_index(rs->ends, enum op_code, e)), vmstat_name(item));
		for (guint p = 0; p < rs->policies->len; p++)
			fprintf(out.f, " %s", (char *)rs->policies->pdata[p]);
		for (guint m = 0; m < rs->machines->len; m++) {
			fprintf(out.f, "\n%.2f", (double)limit(rs, m) / 256);
			for (guint p = 0; p < rs->policies->len; p++)
				fprintf(out.f, " %" PRIu64, value(rs, e, m, p, item));
		}
		fputs("\n\n\n", out.f);
	}
	ret = cli_close_out(&out, true);
	if (!ret)
		ret = cli_open_out(&out, gp);
	if (ret)
		return ret;
	write_script(out.f, rs, item, name, name);
	ret = cli_close_out(&out, true);
	return ret ? ret : plot_gnuplot(gp);
}
