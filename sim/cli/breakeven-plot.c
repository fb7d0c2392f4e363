// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/breakeven.h"

#include <math.h>

#include "sim/cli/plot.h"

/* what a cell says, when it is not the index of the policy that costs least */
enum { NOISE = -2, AS_FIRST };

/*
 * A policy wins that costs certainly less than the first one; of several, the one
 * with the lowest mean. If none does, the first wins: alone if all others cost
 * certainly more, AS_FIRST if only some do.
 */
static int winner(const struct grid *g, guint machine, guint lru, guint delay, guint p)
{
	guint nr_worse = 0;
	double best = 0;
	int who = 0;

	for (guint i = 1; i < g->policies->len; i++) {
		struct estimate e = grid_difference(g, machine, lru, i, delay, p);

		if (estimate_is_noise(&e))
			continue;
		nr_worse += e.mean > 0;
		if (e.mean < best) {
			best = e.mean;
			who = (int)i;
		}
	}
	if (who || nr_worse == g->policies->len - 1)
		return who;
	return nr_worse ? AS_FIRST : NOISE;
}

static char *winner_name(const struct grid *g, int who)
{
	const char *first = g->policies->pdata[0];

	return who == NOISE	 ? g_strdup("no difference")
	       : who == AS_FIRST ? g_strdup_printf("%s or equal", first)
				 : g_strdup(g->policies->pdata[who]);
}

/* p as a place on the axis, whose grid points are 0, 1, 2... */
static double place(const struct grid *g, double p)
{
	for (guint i = 0; i + 1 < g->r->ps->len; i++) {
		const double a = g->r->p[i], b = g->r->p[i + 1];

		if (p >= a && p <= b)
			return i + (p - a) / (b - a);
	}
	return NAN;
}

/* of each panel: the cells of each winner, then the break-even of each policy but
 * the first */
static void write_dat(FILE *f, const void *data)
{
	const struct grid *g = data;

	for (guint m = 0; m < g->machines->len; m++) {
		for (guint l = 0; l < g->lrus->len; l++) {
			for (int w = NOISE; w < (int)g->policies->len; w++) {
				g_autofree char *who = winner_name(g, w);

				/* a block must not be empty, or it is none */
				fprintf(f, "# %s, %s: %s: delay, p\nNaN NaN\n",
					(char *)g->machines->pdata[m], (char *)g->lrus->pdata[l],
					who);
				for (guint d = 0; d < g->r->delays->len; d++)
					for (guint p = 0; p < g->r->ps->len; p++)
						if (winner(g, m, l, d, p) == w)
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

/* each cell is a box in the colour of its winner */
static void write_panel(FILE *f, const struct grid *g, guint m, guint l, const char *name)
{
	/* from NOISE on */
	static const char *const colours[] = { "#dddddd", "#f7d9a0", "#e69f00",
					       "#0072b2", "#009e73", "#cc79a7",
					       "#d55e00", "#56b4e9", "#f0e442" };
	const guint policies = g->policies->len;
	guint index = (m * g->lrus->len + l) * (2 * policies + 1);
	g_autofree char *base = grid_machine(g, m);

	fprintf(f, "set title '%s, %s' noenhanced\nplot ", base, (char *)g->lrus->pdata[l]);
	for (int w = NOISE; w < (int)policies; w++) {
		g_autofree char *who = winner_name(g, w);

		fprintf(f,
			"'%s.dat' index %u using 1:2:(0.5):(0.5) with boxxyerror fs solid "
			"border lc '#ffffff' fc '%s' title '%s', \\\n    ",
			name, index++, colours[(guint)(w - NOISE) % G_N_ELEMENTS(colours)], who);
	}
	for (guint i = 1; i < policies; i++)
		fprintf(f,
			"'%s.dat' index %u using 1:2 with linespoints lw 2 pt %u ps 0.8 lc "
			"'#000000' dt %u title 'even: %s'%s",
			name, index++, 5 + 2 * i, i, (char *)g->policies->pdata[i],
			i + 1 < policies ? ", \\\n    " : "\n");
}

static void write_script(FILE *f, const void *data, const char *name)
{
	const struct grid *g = data;
	static const char *const terminals[] = {
		"svg size %d,%d font 'sans,13' background '#ffffff'; set output '%s.svg'",
		"pngcairo size %d,%d font 'sans,10'; set output '%s.png'",
	};

	for (size_t t = 0; t < G_N_ELEMENTS(terminals); t++) {
		g_autofree char *term = g_strdup_printf(
			terminals[t], 80 + 460 * (int)g->lrus->len,
			80 + (300 + 20 * (int)g->policies->len) * (int)g->machines->len, name);

		fprintf(f,
			"set terminal %s\nset multiplot layout %u,%u title '%s: which policy costs "
			"least, and break-even (line)' noenhanced\n",
			term, g->machines->len, g->lrus->len, g->workload);
		fprintf(f, "set key below center horizontal Left reverse samplen 1 noenhanced\n");
		fprintf(f, "set xlabel 'restart delay' offset 0,0.4\nset bmargin %u\n",
			4 + g->policies->len); /* two keys a row */
		fprintf(f, "set ylabel 'restart probability'\nset border 3\nset tics nomirror\n");
		fprintf(f, "set xrange [-0.5:%g]\nset yrange [-0.5:%g]\nset xtics (",
			g->r->delays->len - 0.5, g->r->ps->len - 0.5);
		for (guint d = 0; d < g->r->delays->len; d++)
			fprintf(f, "%s'%s' %u", d ? ", " : "", (char *)g->r->delays->pdata[d], d);
		fprintf(f, ")\nset ytics (");
		for (guint p = 0; p < g->r->ps->len; p++)
			fprintf(f, "%s'%s' %u", p ? ", " : "", (char *)g->r->ps->pdata[p], p);
		fprintf(f, ")\n");
		for (guint m = 0; m < g->machines->len; m++)
			for (guint l = 0; l < g->lrus->len; l++)
				write_panel(f, g, m, l, name);
		fprintf(f, "unset multiplot\n");
	}
}

int grid_plot(const struct grid *g, const char *dir)
{
	g_autofree char *name = g_strdup_printf("breakeven-%s", g->workload);

	return plot_write(dir, name, write_dat, write_script, g);
}
