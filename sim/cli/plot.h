/* SPDX-License-Identifier: GPL-2.0-only */
/* Pictures of a comparison, by gnuplot. */
#ifndef REAPSIM_PLOT_H
#define REAPSIM_PLOT_H

#include <stdio.h>

#include "sim/lab/runs.h"

/**
 * plot_compare - a counter, relative to the first policy's, against the size of
 * memory: a line a policy, a row of panels for each way that processes end, the
 * forms with +evict in panels of their own.
 * @base: written: BASE.dat, BASE.gp, BASE.svg, BASE.png
 * Policies whose numbers are the same throughout share a line.
 * Return: the exit code, after printing what went wrong (no gnuplot: 1).
 */
int plot_compare(const struct run_set *rs, enum vmstat_item item, const char *base);

/* what is plotted, and the script that plots NAME.dat to NAME.svg and NAME.png */
typedef void (*plot_dat_fn)(FILE *f, const void *data);
typedef void (*plot_script_fn)(FILE *f, const void *data, const char *name);

/** Write DIR/NAME.dat and .gp and run gnuplot on them. Return: the exit code. */
int plot_write(const char *dir, const char *name, plot_dat_fn dat, plot_script_fn script,
	       const void *data);
/** Run gnuplot on the script at @path, in its folder. Return: the exit code. */
int plot_gnuplot(const char *path);

#endif
