// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/cells.h"

#include <math.h>

#include "sim/cli/change.h"

struct cli_cells {
	const GPtrArray *policies;
	bool spread;
	guint nr_columns;
	struct {
		const char *title;
		int width;
	} columns[CLI_COLUMNS_MAX];
	bool *has; /* a row for each policy */
	double *value;
	struct estimate *change;
};

struct cli_cells *cli_cells_new(const GPtrArray *policies, bool spread)
{
	struct cli_cells *c = g_new0(struct cli_cells, 1);
	const guint nr = policies->len * CLI_COLUMNS_MAX;

	c->policies = policies;
	c->spread = spread;
	c->has = g_new0(bool, policies->len);
	c->value = g_new0(double, nr);
	c->change = g_new(struct estimate, nr);
	for (guint i = 0; i < nr; i++)
		c->change[i] = (struct estimate){ .p = NAN };
	return c;
}

void cli_cells_column(struct cli_cells *c, const char *title, int width)
{
	g_assert(c->nr_columns < CLI_COLUMNS_MAX);
	c->columns[c->nr_columns].title = title;
	c->columns[c->nr_columns++].width = width;
}

void cli_cells_set(struct cli_cells *c, guint policy, guint column, double value,
		   const struct estimate *change)
{
	const guint i = policy * CLI_COLUMNS_MAX + column;

	c->has[policy] = true;
	c->value[i] = value;
	c->change[i] = *change;
}

static int change_width(const struct cli_cells *c)
{
	return c->spread ? SPREAD_WIDTH : CHANGE_WIDTH;
}

static void print_row(const struct cli_cells *c, FILE *f, guint policy)
{
	const double *value = c->value + policy * CLI_COLUMNS_MAX;
	const struct estimate *change = c->change + policy * CLI_COLUMNS_MAX;

	for (guint i = 0; i < c->nr_columns; i++) {
		g_autofree char *v = cli_figure(value[i]);
		g_autofree char *d = !policy	 ? g_strdup("")
				     : c->spread ? cli_spread(&change[i])
						 : cli_change(&change[i], c->value[0]);

		fprintf(f, "%*s", c->columns[i].width, v);
		if (i)
			fputs(policy ? cli_change_mark(&change[i]) : " ", f);
		else
			fprintf(f, " %*s", change_width(c), d);
	}
	fputc('\n', f);
}

void cli_cells_print(struct cli_cells *c, FILE *f, const char *title)
{
	const guint nr = c->policies->len * CLI_COLUMNS_MAX;

	fprintf(f, "%s\n%-14s", title, "policy");
	for (guint i = 0; i < c->nr_columns; i++) {
		fprintf(f, "%*s", c->columns[i].width, c->columns[i].title);
		if (i)
			fputc(' ', f);
		else
			fprintf(f, " %*s", change_width(c), "change");
	}
	fputc('\n', f);
	/* the first policy is not compared with itself */
	estimate_correct(c->change + CLI_COLUMNS_MAX, nr - CLI_COLUMNS_MAX);
	for (guint p = 0; p < c->policies->len; p++) {
		fprintf(f, "%-14s", (char *)c->policies->pdata[p]);
		if (c->has[p])
			print_row(c, f, p);
		else
			fputs("  not finished\n", f);
	}
	fputc('\n', f);
	g_free(c->has);
	g_free(c->value);
	g_free(c->change);
	g_free(c);
}
