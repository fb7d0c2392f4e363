// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/cli.h"
#include "sim/cli/plot.h"

#include <math.h>

static char *winner_name(const struct grid *g, int who)
{
	const char *first = g->policies->pdata[0];

	return who == WINNER_NOISE	      ? g_strdup("no difference")
	       : who == WINNER_FIRST_OR_EQUAL ? g_strdup_printf("%s or equal", first)
					      : g_strdup(g->policies->pdata[who]);
}

/* The position of probability @p on the axis, whose grid points are at 0, 1, 2... */
static double place(const struct grid *g, double p)
{
	for (guint i = 0; i + 1 < g->r->ps->len; i++) {
		const double a = g->r->p[i], b = g->r->p[i + 1];

		if (p >= a && p <= b)
			return i + (p - a) / (b - a);
	}
	return NAN;
}

/* For each panel: the cells that each policy wins, then the break-even points of each policy
 * except the first. */
static void write_dat(FILE *f, const void *data)
{
	const struct grid *g = data;

	for (guint m = 0; m < g->machines->len; m++) {
		for (guint l = 0; l < g->lrus->len; l++) {
			for (int w = WINNER_NOISE; w < (int)g->policies->len; w++) {
				g_autofree char *who = winner_name(g, w);
				g_autofree char *machine = cli_printable(g->machines->pdata[m]);

				/* gnuplot does not count an empty block */
				fprintf(f, "# %s, %s: %s: delay, p\nNaN NaN\n", machine,
					(char *)g->lrus->pdata[l], who);
				for (guint d = 0; d < g->r->delays->len; d++)
					for (guint p = 0; p < g->r->ps->len; p++)
						if (grid_winner(g, m, l, d, p) == w)
							fprintf(f, "%u %u\n", d, p);
				fputs("\n\n", f);
			}
			for (guint i = 1; i < g->policies->len; i++) {
				fprintf(f, "# break-even of %s\nNaN NaN\n",
					(char *)g->policies->pdata[i]);
				for (guint d = 0; d < g->r->delays->len; d++) {
					struct even r = grid_even_p(g, m, l, i, d);

					if (!r.verdict)
						fprintf(f, "%u %.4f\n", d, place(g, r.at));
				}
				fputs("\n\n", f);
			}
		}
	}
}

/* Each cell is a box in the colour of its winner. */
static void write_panel(FILE *f, const struct grid *g, guint m, guint l, const char *dat)
{
	/* index 0 is WINNER_NOISE */
	static const char *const colours[] = { "#dddddd", "#f7d9a0", "#e69f00",
					       "#0072b2", "#009e73", "#cc79a7",
					       "#d55e00", "#56b4e9", "#f0e442" };
	const guint policies = g->policies->len;
	guint index = (m * g->lrus->len + l) * (2 * policies + 1);
	g_autofree char *machine = grid_machine(g, m);
	g_autofree char *title = g_strdup_printf("%s, %s", machine, (char *)g->lrus->pdata[l]);
	g_autofree char *q_title = plot_string(title);

	fprintf(f, "set title %s noenhanced\nplot ", q_title);
	for (int w = WINNER_NOISE; w < (int)policies; w++) {
		g_autofree char *who = winner_name(g, w), *q_who = plot_string(who);

		fprintf(f,
			"%s index %u using 1:2:(0.5):(0.5) with boxxyerror fs solid "
			"border lc '#ffffff' fc '%s' title %s, \\\n    ",
			dat, index++, colours[(guint)(w - WINNER_NOISE) % G_N_ELEMENTS(colours)],
			q_who);
	}
	for (guint i = 1; i < policies; i++) {
		g_autofree char *even = g_strdup_printf("even: %s", (char *)g->policies->pdata[i]);
		g_autofree char *q_even = plot_string(even);

		fprintf(f,
			"%s index %u using 1:2 with linespoints lw 2 pt %u ps 0.8 lc "
			"'#000000' dt %u title %s%s",
			dat, index++, 5 + 2 * i, i, q_even, i + 1 < policies ? ", \\\n    " : "\n");
	}
}

/* "('1s' 0, '4s' 1)" */
static void write_tics(FILE *f, const char *axis, const GPtrArray *values)
{
	fprintf(f, "set %s (", axis);
	for (guint i = 0; i < values->len; i++) {
		g_autofree char *label = plot_string(values->pdata[i]);

		fprintf(f, "%s%s %u", i ? ", " : "", label, i);
	}
	fputs(")\n", f);
}

static void write_script(FILE *f, const void *data, const char *dat)
{
	const struct grid *g = data;
	g_autofree char *title =
		g_strdup_printf("%s: which policy costs least, and break-even (line)", g->workload);
	g_autofree char *q_title = plot_string(title);

	fprintf(f, "set multiplot layout %u,%u title %s noenhanced\n", g->machines->len,
		g->lrus->len, q_title);
	fprintf(f, "set key below center horizontal Left reverse samplen 1 noenhanced\n");
	fprintf(f, "set xlabel 'restart delay' offset 0,0.4\nset bmargin %u\n",
		4 + g->policies->len); /* the key has two entries per row */
	fprintf(f, "set ylabel 'restart probability'\nset border 3\nset tics nomirror\n");
	fprintf(f, "set xrange [-0.5:%g]\nset yrange [-0.5:%g]\n", g->r->delays->len - 0.5,
		g->r->ps->len - 0.5);
	write_tics(f, "xtics", g->r->delays);
	write_tics(f, "ytics", g->r->ps);
	for (guint m = 0; m < g->machines->len; m++)
		for (guint l = 0; l < g->lrus->len; l++)
			write_panel(f, g, m, l, dat);
	fprintf(f, "unset multiplot\n");
}

int plot_breakeven(const struct grid *g, const struct outputs *files, const char *base)
{
	const struct plot p = {
		.base = base,
		.width = 80 + 460 * (int)g->lrus->len,
		.height = 80 + (300 + 20 * (int)g->policies->len) * (int)g->machines->len,
		.dat = write_dat,
		.script = write_script,
		.data = g,
	};

	return plot_write(files, &p);
}
