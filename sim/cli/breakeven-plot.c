// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/breakeven.h"

#include <math.h>

#include "sim/cli/plot.h"

#define NOISE (-1)

/* the index of the policy that costs least, if that is certain; NOISE */
static int winner(const struct grid *g, guint machine, guint lru, guint delay, guint p)
{
	double best = 0;
	bool sure = true;
	int who = 0;

	for (guint i = 1; i < g->policies->len; i++) {
		struct estimate e = grid_difference(g, machine, lru, i, delay, p);

		sure &= !estimate_is_noise(&e);
		if (!estimate_is_noise(&e) && e.mean < best) {
			best = e.mean;
			who = (int)i;
		}
	}
	return who || sure ? who : NOISE;
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

/* of each panel: the cells of nobody and of each policy, then the break-even of
 * each policy but the first */
static void write_dat(FILE *f, const void *data)
{
	const struct grid *g = data;

	for (guint m = 0; m < g->machines->len; m++) {
		for (guint l = 0; l < g->lrus->len; l++) {
			for (int w = NOISE; w < (int)g->policies->len; w++) {
				/* a block must not be empty, or it is none */
				fprintf(f, "# %s, %s: %s: delay, p\nNaN NaN\n",
					(char *)g->machines->pdata[m], (char *)g->lrus->pdata[l],
					w == NOISE ? "noise" : (char *)g->policies->pdata[w]);
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

/* of the first policy and those after it; each cell is a box, named in the first panel */
static void write_panel(FILE *f, const struct grid *g, guint m, guint l, const char *name)
{
	static const char *const colours[] = { "#e69f00", "#0072b2", "#009e73", "#cc79a7",
					       "#d55e00", "#56b4e9", "#f0e442" };
	const guint blocks = 2 * g->policies->len, first = (m * g->lrus->len + l) * blocks;
	g_autofree char *base = grid_machine(g, m);

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

static void write_script(FILE *f, const void *data, const char *name)
{
	const struct grid *g = data;
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
			term, g->machines->len, g->lrus->len, g->workload);
		fprintf(f, "set key below center horizontal Left reverse samplen 1 noenhanced\n");
		fprintf(f, "set xlabel 'restart delay' offset 0,0.4\nset bmargin 6\n");
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
