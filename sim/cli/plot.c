// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

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

	return m->memcg_pages ? m->memcg_pages : m->memory_pages;
}

/* the policies of a line: "v1, rfc, flag"; NULL if an earlier line has them */
static char *line_title(const struct run_set *rs, guint end, guint policy, enum vmstat_item item)
{
	GString *title;
	guint col = 0;

	for (guint p = 0; p < policy; p++)
		if (same(rs, end, p, policy, item))
			return NULL;
	title = g_string_new(NULL);
	for (guint p = policy; p < rs->policies->len; p++) {
		const char *name = rs->policies->pdata[p];

		if (!same(rs, end, p, policy, item))
			continue;
		if (title->len && col + strlen(name) > 34) {
			g_string_append(title, ",\\n");
			col = 0;
		} else if (title->len) {
			g_string_append(title, ", ");
		}
		g_string_append(title, name);
		col += (guint)strlen(name) + 2;
	}
	return g_string_free(title, FALSE);
}

static void write_script(FILE *f, const struct run_set *rs, enum vmstat_item item, const char *name,
			 const char *title)
{
	static const char *const terminals[] = {
		"svg size 900,%d font 'sans,13' background '#ffffff'; set output '%s.svg'",
		"pngcairo size 900,%d font 'sans,11'; set output '%s.png'",
	};

	for (size_t t = 0; t < G_N_ELEMENTS(terminals); t++) {
		g_autofree char *term = g_strdup_printf(
			terminals[t], 60 + 380 * (int)rs->ends->len, name);

		fprintf(f, "set terminal %s\n", term);
		fprintf(f, "set multiplot layout %u,1 title '%s' noenhanced\n", rs->ends->len,
			title);
		fprintf(f, "set key outside right top vertical Left reverse spacing 1.2 "
			   "noenhanced\n");
		fprintf(f, "set xlabel 'memory limit (MiB)'\nset ylabel '%s' noenhanced\n",
			vmstat_name(item));
		fprintf(f, "set grid ytics lc '#dddddd' lt 1\nset border 3\nset tics nomirror\n");
		fprintf(f, "set yrange [0:*]\nset offsets 0,0,graph 0.05,0\n");
		fprintf(f, "set rmargin 42\nset lmargin 12\n");
		for (guint e = 0; e < rs->ends->len; e++) {
			enum op_code how = g_array_index(rs->ends, enum op_code, e);
			guint n = 0;

			if (how == OP_NONE)
				fprintf(f, "set title 'processes end as recorded'\n");
			else
				fprintf(f, "set title 'every process ends by %s'\n",
					run_end_name(how));
			for (guint p = 0; p < rs->policies->len; p++) {
				g_autofree char *line = line_title(rs, e, p, item);

				if (!line)
					continue;
				fprintf(f, "%s '%s.dat' index %u using 1:%u with linespoints lw 2 "
					   "pt %u ps 0.8 title \"%s\"",
					n ? ", \\\n    " : "plot", name, e, p + 2, n + 4, line);
				n++;
			}
			fputc('\n', f);
		}
		fprintf(f, "unset multiplot\n");
	}
}

static int run_gnuplot(const char *dir, const char *script)
{
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

int plot_compare(const struct run_set *rs, enum vmstat_item item, const char *base)
{
	g_autofree char *dat = g_strconcat(base, ".dat", NULL);
	g_autofree char *gp = g_strconcat(base, ".gp", NULL);
	g_autofree char *dir = g_path_get_dirname(base);
	g_autofree char *name = g_path_get_basename(base);
	g_autofree char *gp_name = g_path_get_basename(gp);
	struct cli_out out;
	int ret = cli_open_out(&out, dat);

	if (ret)
		return ret;
	for (guint e = 0; e < rs->ends->len; e++) {
		fprintf(out.f, "# %s: memory in MiB, then %s of",
			run_end_name(g_array_index(rs->ends, enum op_code, e)), vmstat_name(item));
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
	return ret ? ret : run_gnuplot(dir, gp_name);
}
