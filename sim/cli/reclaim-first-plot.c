// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/plot.h"

/* struct view - the curves of one machine */
struct view {
	const struct curves *c;
	guint machine;
};

static void write_dat(FILE *f, const void *data)
{
	const struct view *v = data;
	const struct curves *c = v->c;
	const guint m = v->machine;

	for (guint l = 0; l < c->lrus->values->len; l++) {
		fprintf(f, "# %s: stream/memory mapped young against; fills beyond the first of",
			(char *)c->lrus->values->pdata[l]);
		for (guint p = 1; p < c->policies->values->len; p++)
			fprintf(f, " %s", (char *)c->policies->values->pdata[p]);
		for (guint s = 0; s < c->streams->values->len; s++) {
			fprintf(f, "\n%.4f %.3f %.3f %.3f",
				g_ascii_strtod(c->streams->values->pdata[s], NULL) /
					MAX(curves_get(c, m, s, l, 0, CURVE_LIMIT), 1),
				curves_mapped(c, m, s, l),
				curves_share(c, m, s, l, CURVE_REAP_YOUNG, CURVE_REAP_PAGES),
				curves_share(c, m, s, l, CURVE_AGAINST, CURVE_MARKS));
			for (guint p = 1; p < c->policies->values->len; p++)
				fprintf(f, " %.0f", curves_more_fills(c, m, s, l, p));
		}
		fputs("\n\n\n", f);
	}
}

/* The upper panel: the state at the reap, under the first policy. */
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

/* The lower panel: fills after the restart, under each policy except the first. */
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
	const struct view *v = data;
	const struct curves *c = v->c;
	const guint lrus = c->lrus->values->len;
	g_autofree char *machine = curves_machine(c, v->machine);
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

int plot_reclaim_first(const struct curves *c, guint machine, const struct outputs *files,
		       const char *base)
{
	const struct view v = { c, machine };
	const struct plot p = {
		.base = base,
		.width = 80 + 480 * (int)c->lrus->values->len,
		.height = 720,
		.dat = write_dat,
		.script = write_script,
		.data = &v,
	};

	return plot_write(files, &p);
}
