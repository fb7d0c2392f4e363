// SPDX-License-Identifier: GPL-2.0-only
/* The plot of reapsim agree: each cell of the simulator over that of the kernel. */
#include "sim/cli/plot.h"

#include <inttypes.h>

static const char *const colours[NR_RESULT_COUNTERS] = {
	"#d55e00", "#e69f00", "#cc79a7", "#009e73", "#56b4e9",
	"#0072b2", "#000000", "#888888", "#882255",
};

static void write_dat(FILE *f, const void *data)
{
	const struct agreement *a = data;

	for (int g = 0; g < NR_AGREEMENT_GROUPS; g++) {
		fputs("# counter, kernel min, median, max, simulator\n", f);
		for (guint i = 0; i < a->judged->len; i++) {
			const struct judged *j = &g_array_index(a->judged, struct judged, i);

			if (j->group != (enum agreement_group)g)
				continue;
			for (guint k = 0; k < j->r->cells->len; k++) {
				const struct cell *c = &g_array_index(j->r->cells, struct cell, k);

				fprintf(f, "%u %" PRIu64 " %.1f %" PRIu64 " %" PRIu64 "\n",
					c->counter, c->kernel.min, c->kernel.median, c->kernel.max,
					c->sim);
			}
		}
		/* gnuplot does not count an empty block: add an invisible point */
		fputs("-1 0 0 0 0\n\n\n", f);
	}
}

static void write_script(FILE *f, const void *data, const char *dat)
{
	(void)data;
	fputs("set multiplot layout 1,2 title 'simulator against kernel: counters + 1; "
	      "bars: spread of the kernel'\n"
	      "set logscale xy\nset xrange [0.8:*]\nset yrange [0.8:*]\n"
	      "set xlabel 'kernel'\nset ylabel 'simulator'\nset grid lc '#dddddd' lt 1\n"
	      "set key below horizontal Left reverse samplen 1 noenhanced\n",
	      f);
	for (int g = 0; g < NR_AGREEMENT_GROUPS; g++) {
		fprintf(f, "set title '%s'\nplot x lc '#888888' notitle",
			g == AGREEMENT_MEMCG ? "memory cgroup" : "whole guest");
		for (int c = 0; c < NR_RESULT_COUNTERS; c++)
			fprintf(f,
				", \\\n    %s index %d using ($1==%d?$3+1:NaN):($5+1):"
				"($2+1):($4+1) with xerrorbars pt %d ps 0.6 lc '%s' title '%s'",
				dat, g, c, c + 4, colours[c], result_counters[c].name);
		fputc('\n', f);
	}
	fputs("unset multiplot\n", f);
}

int plot_agreement(const struct agreement *a, const struct outputs *files, const char *base)
{
	const struct plot p = {
		.base = base,
		.width = 1100,
		.height = 620,
		.dat = write_dat,
		.script = write_script,
		.data = a,
	};

	return plot_write(files, &p);
}
