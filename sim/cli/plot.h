/* SPDX-License-Identifier: GPL-2.0-only */
/* Plots, drawn by gnuplot. */
#ifndef REAPSIM_PLOT_H
#define REAPSIM_PLOT_H

#include <stdio.h>

#include "sim/lab/agreement-judge.h"
#include "sim/lab/ask.h"
#include "sim/lab/breakeven.h"
#include "sim/lab/reclaim-first.h"
#include "sim/lab/runs.h"
#include "sim/output.h"

/*
 * A plot has four files: the data BASE.dat, the script BASE.gp, and the pictures BASE.svg
 * and BASE.png. Running gnuplot on the script in its folder draws the pictures again.
 * reapsim itself passes open files to gnuplot, never their names. All other names in a
 * script go through plot_string(), names in a comment through cli_printable().
 */

/** struct plot - a plot to be written. */
struct plot {
	const char *base;
	int width, height; /* of the SVG */
	void (*dat)(FILE *f, const void *data);
	/* writes the part of the script after "set output"; @dat: the name of the data
	 * file, quoted for gnuplot */
	void (*script)(FILE *f, const void *data, const char *dat);
	const void *data;
};

/** "DIR/PREFIXNAME", where NAME is the file name of @path without its ending; the caller frees
 * it. */
char *plot_base(const char *dir, const char *prefix, const char *path);
/** Declare the files of the plot at @base. Return: 0, or the exit code. */
int plot_declare(struct outputs *files, const char *what, const char *base);
/** Write the four files; create their folder if it is missing. Return: the exit code, after
 * printing errors. Without gnuplot it is 1, but data and script are written. */
int plot_write(const struct outputs *files, const struct plot *p);
/** The SVG alone, in memory, to be freed by the caller; @p.base is its name, in messages and in
 * what the SVG defines. Return: NULL after printing why there is none. */
char *plot_svg(const struct plot *p);
/** @s, made safe by cli_printable(), as a gnuplot string in which gnuplot replaces and
 * executes nothing; the caller frees it. */
char *plot_string(const char *s);

/**
 * plot_compare - plot a counter, relative to the first policy, over the size of memory: a
 * line per policy, a row of panels for each value of --ends-as, separate panels for +evict.
 * Policies with equal numbers share a line.
 * Return: as plot_write()
 */
int plot_compare(const struct run_set *rs, enum vmstat_item item, const struct outputs *files,
		 const char *base);
/** Plot restart probability over delay, coloured by the policy that costs least. Return: as
 * plot_write() */
int plot_breakeven(const struct grid *g, const struct outputs *files, const char *base);
/** Plot for one machine, over the length of the stream: the shares of mapped and young pages
 * and of marks against reclaim, and the fills after the restart. Return: as plot_write() */
int plot_reclaim_first(const struct curves *c, guint machine, const struct outputs *files,
		       const char *base);
/** Plot each cell of the simulator over that of the kernel, a panel per group. Return: as
 * plot_write() */
int plot_agreement(const struct agreement *a, const struct outputs *files, const char *base);

/** Draw for ask the reads over the size of memory, a panel for each LRU. Return: as plot_svg() */
char *plot_ask_sizes(const struct ask *a);
/** Draw for ask what each policy changes at the main size, likewise. */
char *plot_ask_policies(const struct ask *a);

#endif
