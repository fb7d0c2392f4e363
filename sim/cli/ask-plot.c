// SPDX-License-Identifier: GPL-2.0-only
/* The two pictures of an answer, from what its tables print. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/cli/plot.h"

#define LEAST_FACTOR 0.01 /* a logarithmic axis has no 0 */

static const char *const titles[NR_ASK_LRUS] = { "classic", "MGLRU" };

/* x, then the median, the least and the most as factors of mainline's reads */
static void put_factors(FILE *f, double x, const struct estimate *e)
{
	const double low = isnan(e->low) ? e->mean : e->low,
		     high = isnan(e->high) ? e->mean : e->high;

	if (!isnan(e->mean))
		fprintf(f, "%.2f %.6f %.6f %.6f\n", x, MAX(1 + e->mean, LEAST_FACTOR),
			MAX(1 + low, LEAST_FACTOR), MAX(1 + high, LEAST_FACTOR));
}

/* struct range - of the factors that are drawn */
struct range {
	double low, high;
};

static void widen(struct range *r, const struct ask_part *p)
{
	for (guint m = 0; p && m < p->rs.machines->len; m++)
		for (guint i = 1; i < p->rs.policies->len; i++) {
			const struct estimate e = ask_change(p, m, i, ASK_FILLS);

			r->low = fmin(r->low, 1 + fmin(e.mean, e.low));
			r->high = fmax(r->high, 1 + fmax(e.mean, e.high));
		}
}

/* A logarithmic axis, as +evict can read a hundred times as much as mainline, with as many names as
 * fit. */
static void put_axis(FILE *f, const char *axis, struct range r)
{
	static const char *const ticks[] = {
		"'x 0.01' 0.01, 'x 0.1' 0.1, 'same' 1, 'x 10' 10, 'x 100' 100, 'x 1000' 1000",
		"'x 0.1' 0.1, 'x 0.3' 0.3, 'same' 1, 'x 3' 3, 'x 10' 10, 'x 30' 30",
		"'x 0.5' 0.5, 'x 0.7' 0.7, 'same' 1, 'x 1.4' 1.4, 'x 2' 2, 'x 3' 3",
		"'x 0.8' 0.8, 'x 0.9' 0.9, 'same' 1, 'x 1.1' 1.1, 'x 1.2' 1.2, 'x 1.3' 1.3",
	};
	const double low = MAX(r.low, LEAST_FACTOR) / 1.1, high = MAX(r.high, 1) * 1.1;
	const double wide = high / low;

	fprintf(f,
		"set logscale %s 10\nset grid lc '#dddddd' lt 1\nset border 3\n"
		"set tics nomirror\nset %stics (%s)\nset %srange [%.4f:%.4f]\n",
		axis, axis,
		ticks[wide > 100   ? 0
		      : wide > 6   ? 1
		      : wide > 1.7 ? 2
				   : 3],
		axis, low, high);
}

/* Sizes */

static double mib(const struct ask_part *p, guint machine)
{
	return (double)machine_limit(&g_array_index(p->rs.machines, struct machine, machine)) / 256;
}

/* The chosen sizes: all machines of both questions */
static void put_chosen(FILE *f, const struct ask *a, guint lru, const char *policy)
{
	static const enum ask_question questions[] = { ASK_POLICIES, ASK_PRESSURE };

	for (size_t q = 0; q < G_N_ELEMENTS(questions); q++) {
		const struct ask_part *p = ask_part(a, questions[q], lru, 0);

		for (guint m = 0; p && m < p->rs.machines->len; m++) {
			const struct estimate e =
				ask_change(p, m, (guint)ask_policy(p, policy), ASK_FILLS);

			put_factors(f, mib(p, m), &e);
		}
	}
}

static void sizes_dat(FILE *f, const void *data)
{
	const struct ask *a = data;

	for (guint lru = 0; lru < NR_ASK_LRUS; lru++) {
		const struct ask_part *p = ask_part(a, ASK_SIZES, lru, 0);

		for (guint i = 1; i < p->rs.policies->len; i++) {
			for (guint m = 0; m < p->rs.machines->len; m++) {
				const struct estimate e = ask_change(p, m, i, ASK_FILLS);

				put_factors(f, mib(p, m), &e);
			}
			fputs("\n\n", f);
			put_chosen(f, a, lru, p->rs.policies->pdata[i]);
			fputs("\n\n", f);
		}
	}
}

static void sizes_script(FILE *f, const void *data, const char *dat)
{
	const struct ask *a = data;
	struct range r = { 1, 1 };

	for (guint lru = 0; lru < NR_ASK_LRUS; lru++) {
		widen(&r, ask_part(a, ASK_SIZES, lru, 0));
		widen(&r, ask_part(a, ASK_PRESSURE, lru, 0));
	}
	fputs("set multiplot layout 1,2\n", f);
	put_axis(f, "y", r);
	fputs("set xlabel 'memory limit (MiB)'\nset ylabel 'file pages read, of mainline''s'\n"
	      "set key below center horizontal samplen 2\n"
	      "set offsets graph 0.05, graph 0.05, 0, 0\n",
	      f);
	for (guint lru = 0; lru < NR_ASK_LRUS; lru++)
		fprintf(f,
			"set title '%s, %s'\n"
			"plot 1 with lines lc '#888888' dt 2 notitle, \\\n"
			" %s index %u using 1:2 with lines lw 2 lc '#0b4f9c' title 'v1', \\\n"
			" %s index %u using 1:2:3:4 with yerrorbars lw 2 pt 7 lc '#0b4f9c' "
			"notitle, \\\n"
			" %s index %u using 1:2 with lines lw 2 dt 4 lc '#d55e00' title "
			"'v1+evict', \\\n"
			" %s index %u using 1:2:3:4 with yerrorbars lw 2 pt 5 lc '#d55e00' "
			"notitle\n",
			titles[lru], ask_part(a, ASK_SIZES, lru, 0)->rs.kernel->name, dat, 4 * lru,
			dat, 4 * lru + 1, dat, 4 * lru + 2, dat, 4 * lru + 3);
	fputs("unset multiplot\n", f);
}

char *plot_ask_sizes(const struct ask *a)
{
	const struct plot p = { "sizes", 900, 380, sizes_dat, sizes_script, a };

	return plot_svg(&p);
}

/* Policies */

static void policies_dat(FILE *f, const void *data)
{
	for (guint lru = 0; lru < NR_ASK_LRUS; lru++) {
		const struct ask_part *p = ask_part(data, ASK_POLICIES, lru, 0);

		for (guint i = 1; i < p->rs.policies->len; i++) {
			const struct estimate e = ask_change(p, 0, i, ASK_FILLS);

			put_factors(f, i, &e);
		}
		fputs("\n\n", f);
	}
}

static void policies_script(FILE *f, const void *data, const char *dat)
{
	const struct ask_part *p = ask_part(data, ASK_POLICIES, 0, 0);
	struct range r = { 1, 1 };

	for (guint lru = 0; lru < NR_ASK_LRUS; lru++)
		widen(&r, ask_part(data, ASK_POLICIES, lru, 0));
	fputs("set multiplot layout 1,2\n", f);
	put_axis(f, "x", r);
	fprintf(f, "set yrange [%u.5:0.5]\nset ytics (", p->rs.policies->len - 1);
	for (guint i = 1; i < p->rs.policies->len; i++)
		fprintf(f, "%s'%s' %u", i > 1 ? ", " : "", (char *)p->rs.policies->pdata[i], i);
	fputs(")\nset xlabel 'file pages read, of mainline''s'\n"
	      "set arrow from 1, graph 0 to 1, graph 1 nohead lw 1 lc '#888888' dt 2\n",
	      f);
	for (guint lru = 0; lru < NR_ASK_LRUS; lru++)
		fprintf(f,
			"set title '%s, %s, %" PRIu64 " pages'\n"
			"plot %s index %u using 2:1:3:4 with xerrorbars lw 2 pt 7 lc '#0b4f9c' "
			"notitle\n",
			titles[lru], p->rs.kernel->name,
			machine_limit(&g_array_index(p->rs.machines, struct machine, 0)), dat, lru);
	fputs("unset multiplot\n", f);
}

char *plot_ask_policies(const struct ask *a)
{
	const struct plot p = { "policies", 900, 380, policies_dat, policies_script, a };

	return plot_svg(&p);
}
