/* SPDX-License-Identifier: GPL-2.0-only */
/* Pictures of a comparison, by gnuplot. */
#ifndef REAPSIM_PLOT_H
#define REAPSIM_PLOT_H

#include <stdio.h>

#include "sim/lab/agreement-judge.h"
#include "sim/lab/breakeven.h"
#include "sim/lab/reclaim-first.h"
#include "sim/lab/runs.h"
#include "sim/output.h"

/*
 * A plot is four files: BASE.dat, what is plotted; BASE.gp, the script, which makes the
 * other two again when it is run in their folder; BASE.svg and BASE.png. gnuplot itself
 * never sees their names: it is given open files. Every other name that goes into a
 * script goes through plot_string(), and into a comment through cli_printable().
 */

/** struct plot - one to be written. */
struct plot {
	const char *base;
	int width, height; /* of the SVG */
	void (*dat)(FILE *f, const void *data);
	/* the script from behind "set output" on; @dat: the data file, as a string in
	 * gnuplot's quotes */
	void (*script)(FILE *f, const void *data, const char *dat);
	const void *data;
};

/** "DIR/PREFIX" and the name of the file at @path without its ending; the caller frees it. */
char *plot_base(const char *dir, const char *prefix, const char *path);
/** Declare the files of the plot at @base. Return: 0, or the exit code. */
int plot_declare(struct outputs *files, const char *what, const char *base);
/** Write the four files, their folder too if it is not there. Return: the exit code,
 * after printing what went wrong (no gnuplot: 1, with the data and the script). */
int plot_write(const struct outputs *files, const struct plot *p);
/** @s as people may read it (cli_printable()), as a gnuplot string, in which nothing is
 * replaced or executed; the caller frees it. */
char *plot_string(const char *s);

/**
 * plot_compare - a counter, relative to the first policy's, against the size of
 * memory: a line a policy, a row of panels for each way that processes end, the
 * forms with +evict in panels of their own.
 * Policies whose numbers are the same throughout share a line.
 * Return: as plot_write()
 */
int plot_compare(const struct run_set *rs, enum vmstat_item item, const struct outputs *files,
		 const char *base);
/** Probability against delay, coloured by the policy that costs least. Return: as
 * plot_write() */
int plot_breakeven(const struct grid *g, const struct outputs *files, const char *base);
/** Of one machine: what is mapped, young and against reclaim, and what is read after the
 * return, against the stream before. Return: as plot_write() */
int plot_reclaim_first(const struct curves *c, guint machine, const struct outputs *files,
		       const char *base);
/** plot_agreement - each cell of the simulator against the kernel's, a panel a group.
 * Return: as plot_write() */
int plot_agreement(const struct agreement *a, const struct outputs *files, const char *base);

#endif
