/* SPDX-License-Identifier: GPL-2.0-only */
/* A table of policies: the first column with its change from the first policy, the others with a
 * mark. Holm's correction is for all comparisons of the table. */
#ifndef REAPSIM_CLI_CELLS_H
#define REAPSIM_CLI_CELLS_H

#include <stdio.h>

#include <glib.h>

#include "sim/lab/estimate.h"

#define CLI_COLUMNS_MAX 5

struct cli_cells;

/** A table with a row for each of @policies (char *). @spread: changes are spreads, not means. The
 * texts must live until it is printed. */
struct cli_cells *cli_cells_new(const GPtrArray *policies, bool spread);
/** Add a column of @width characters. */
void cli_cells_column(struct cli_cells *c, const char *title, int width);
/** The value of a cell, and its change from the first policy. A row without a first value is "not
 * finished". */
void cli_cells_set(struct cli_cells *c, guint policy, guint column, double value,
		   const struct estimate *change);
/** Print it below @title, and an empty line; free it. */
void cli_cells_print(struct cli_cells *c, FILE *f, const char *title);

#endif
