/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one way to a file that the program writes.
 *
 * A command first declares all its files, those it reads and those it writes, and
 * runs only if outputs_declare() has refused none. Refused is an output
 *
 * - that is an input or another output of the command, or where its standard output
 *   or error goes: the same device and inode, through links of both kinds; of what is
 *   not there yet, the same folder and name;
 * - where a file is that reapsim did not write, unless outputs.force is set. What it
 *   wrote is known by how the file begins, see enum file_kind. An empty file may be
 *   replaced: nothing is lost;
 * - where a file is that nobody may write (0444), with or without force;
 * - that is a folder, a link to nothing, or in a folder that is missing or read-only.
 *
 * What is written gets a file without a name in the same folder (O_TMPFILE), or, where
 * the file system has none, one with a name that nothing else has. It takes its place
 * by rename() once it is whole and on the disk; until then what was there stays. A
 * program that is killed leaves nothing behind (a file with the second kind of name is
 * left by SIGKILL). Two commands with the same output don't meet: the later one is
 * what stays.
 *
 * Devices and pipes are written in place. As an output "-", or no path at all, is
 * standard output, for which nothing is declared; as an input "-" is standard input.
 */
#ifndef REAPSIM_OUTPUT_H
#define REAPSIM_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <glib.h>

#include "sim/err.h"

/**
 * enum file_kind - what a file is to a command. A file that exists is replaced only by
 * one of its own kind, so that a table doesn't take the place of a trace.
 */
enum file_kind {
	FILE_NONE, /* not a file */
	FILE_INPUT,
	/* "reapsim-trace,": binary, or text with neither a comment nor an empty line in
	 * its first 4 KiB, as people write them. oracleGeneral has nothing to know it by:
	 * it needs force */
	FILE_TRACE,
	FILE_RESULTS, /* a header line of run, compare, outcome, agree, breakeven */
	FILE_SWEEP,   /* the header line of a sweep, or of its journal */
	FILE_RESUMED, /* the same, to be gone on with: who does so looks what is in it */
	FILE_KEYS,    /* the first words of what calibrate and agree write */
	FILE_PLOT,    /* NAME.gp and NAME.dat: OUTPUT_PLOT_MARK */
	FILE_PICTURE, /* NAME.svg, NAME.png: where NAME.gp is ours */
};

/** Begins the first line of a plot's data and of its script. */
#define OUTPUT_PLOT_MARK "# reapsim plot"

/** struct outputs - the files of one command. */
struct outputs {
	gboolean force; /* replace files that reapsim did not write */
	bool named;	/* as on a file system without O_TMPFILE, for tests */
	/* told of each temporary file that has a name, before it is there and when it is gone:
	 * whoever ends the program early removes it. May be NULL */
	void (*temporary)(int dir, const char *name, bool there);
	GArray *files;
};

void outputs_init(struct outputs *o);
void outputs_clear(struct outputs *o);
/**
 * outputs_declare - a file of the command, before anything runs
 * @what: the option or argument that named it, for messages
 * @path: NULL, or "-" of an output: nothing to do. FILE_PICTURE and FILE_PLOT may lie in a folder
 *	that is still to be made.
 * Return: 0, or -EINVAL with why it is refused.
 */
int outputs_declare(struct outputs *o, enum file_kind kind, const char *what, const char *path,
		    struct err *err);
/** Each item of a comma separated list; @list may be NULL. */
int outputs_declare_list(struct outputs *o, enum file_kind kind, const char *what, const char *list,
			 struct err *err);

/** struct output - one file being written; except for @f nobody's business. */
struct output {
	FILE *f;
	char *path;	  /* NULL: standard output, or a device without a name of its own */
	char *name, *tmp; /* in @dir; @tmp: NULL if it has no name yet */
	int dir;	  /* -1: written in place */
	void (*temporary)(int dir, const char *name, bool there);
	enum file_kind kind;
	bool force;
};

/** How it ended, for output_close(). */
enum output_end {
	OUTPUT_FAILED, /* throw it away */
	OUTPUT_WHOLE,
	OUTPUT_PART, /* what was finished before something failed: keep it if that costs
			no older file */
};

/**
 * output_open - begin to write a file that was declared
 * @path: NULL or "-": standard output, which needs no declaration
 * Return: 0, or a negative errno with nothing to close.
 */
int output_open(struct output *out, const struct outputs *o, const char *path, struct err *err);
/** Open what takes all and keeps nothing. */
int output_open_null(struct output *out, struct err *err);
/**
 * output_close - flush, look for write errors (a full disk), put it in its place
 * Return: 0, also of what was thrown away as asked; 1 of a part that was thrown away for
 * an older file; or a negative errno, and what was there before is there still.
 */
int output_close(struct output *out, enum output_end end, struct err *err);
/** Whether @path has been declared as something to be written. */
bool outputs_declared(const struct outputs *o, const char *path);

#endif
