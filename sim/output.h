/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output files. The program writes files only through this interface.
 *
 * A command first declares all its files, inputs and outputs, and runs only if
 * outputs_declare() refuses none. It refuses an output
 *
 * - that is an input or another output of the command, or its standard output or error:
 *   the same device and inode, through symbolic and hard links; for a file that does not
 *   exist yet, the same folder and name;
 * - that would replace a file that reapsim did not write, unless outputs.force is set.
 *   reapsim knows its own files by their first bytes, see enum file_kind. It may replace
 *   an empty file;
 * - that would replace a read-only file (0444), with or without force;
 * - that is a folder, a dangling link, or in a folder that is missing or read-only.
 *
 * The data goes to a nameless file in the same folder (O_TMPFILE), or, if the file system
 * does not support it, to a file with a unique name. rename() puts it in place once it is
 * complete and on disk; the old file stays until then. A killed program leaves nothing
 * behind (except that SIGKILL leaves a file with a unique name). If two commands write the
 * same output, the result of the later one stays.
 *
 * Devices and pipes are written in place. An output "-", or no path, is standard output and
 * needs no declaration; an input "-" is standard input.
 */
#ifndef REAPSIM_OUTPUT_H
#define REAPSIM_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <glib.h>

#include "sim/err.h"

/**
 * enum file_kind - the use of a file. A file is replaced only by one of the same kind, so
 * that a table cannot overwrite a trace.
 */
enum file_kind {
	FILE_NONE, /* not a file */
	FILE_INPUT,
	/* "reapsim-trace,": binary, or text without comments and empty lines in its first
	 * 4 KiB, which people write. oracleGeneral has no magic: it needs force */
	FILE_TRACE,
	FILE_RESULTS,	/* a header line of run, compare, outcome, agree, breakeven; or the first
			 * members of a row in JSON: OUTPUT_JSON_MARK */
	FILE_SWEEP,	/* the header line of a sweep, or of its journal */
	FILE_RESUMED,	/* the same, to be resumed: the sweep checks its contents */
	FILE_KEYS,	/* the first words of the files of calibrate and agree */
	FILE_ANSWER,	/* the first words of ask's text and page */
	FILE_EXPLAINED, /* a page of explain: OUTPUT_EXPLAINED_MARK */
	FILE_PLOT,	/* NAME.gp and NAME.dat: OUTPUT_PLOT_MARK */
	FILE_PICTURE,	/* NAME.svg, NAME.png: where NAME.gp is ours */
};

/** First bytes of a file of rows in JSON Lines. */
#define OUTPUT_JSON_MARK "{\"schema\":\"reapsim-rows-"

/** First words of a plot's data and of its script. */
#define OUTPUT_PLOT_MARK "# reapsim plot"

/** First words of a page of explain. */
#define OUTPUT_EXPLAINED_MARK "<!DOCTYPE html><!-- by reapsim explain -->"

/** struct outputs - the files of one command. */
struct outputs {
	gboolean force;	  /* replace files that reapsim did not write */
	const char *json; /* the path of --json; NULL: not given */
	char *to_stdout;  /* what names standard output, by "-"; NULL: nothing */
	bool named;	  /* for tests: as on a file system without O_TMPFILE */
	/* Called before a temporary file with a name is created (@there) and after it is
	 * removed, so that a signal handler can remove it. May be NULL */
	void (*temporary)(int dir, const char *name, bool there);
	GArray *files;
	GPtrArray *written; /* paths of the files that are in place, in this order */
};

void outputs_init(struct outputs *o);
void outputs_clear(struct outputs *o);
/**
 * outputs_declare - declare a file of the command, before anything runs
 * @what: the option or argument that names the file, for messages
 * @path: ignored if NULL. "-" is standard output, which only one output of a command can be. The
 *	folder of a FILE_PICTURE or FILE_PLOT may be missing: the command creates it.
 * Return: 0, or -EINVAL with @err saying why the file is refused.
 */
int outputs_declare(struct outputs *o, enum file_kind kind, const char *what, const char *path,
		    struct err *err);
/** Declare each item of a comma separated list; @list may be NULL. */
int outputs_declare_list(struct outputs *o, enum file_kind kind, const char *what, const char *list,
			 struct err *err);

/** A file that output_close() did not put in place has been written, too: @path, as declared. */
void outputs_wrote(const struct outputs *o, const char *path);

/** struct output - a file that is being written. All members except @f are private. */
struct output {
	FILE *f;
	char *path;	  /* NULL: standard output */
	char *name, *tmp; /* in @dir; @tmp: NULL while the temporary file has no name */
	int dir;	  /* -1: written in place */
	void (*temporary)(int dir, const char *name, bool there);
	enum file_kind kind;
	bool force;
	GPtrArray *written; /* of the struct outputs */
};

/** enum output_end - how the command ended, for output_close(). */
enum output_end {
	OUTPUT_FAILED, /* discard the output */
	OUTPUT_WHOLE,
	OUTPUT_PART, /* incomplete because something failed: keep it, unless it would
			replace an older file */
};

/**
 * output_open - begin to write a file that was declared
 * @path: NULL or "-": standard output, which needs no declaration
 * Return: 0, or a negative errno with nothing to close.
 */
int output_open(struct output *out, const struct outputs *o, const char *path, struct err *err);
/** Open an output that discards everything. */
int output_open_null(struct output *out, struct err *err);
/**
 * output_close - flush, check for write errors (a full disk), put the file in place
 * Return: 0, also for a discarded output; 1 if a part was discarded in favour of an older
 * file; or a negative errno, and the old file is unchanged.
 */
int output_close(struct output *out, enum output_end end, struct err *err);
/** Was @path declared as an output? */
bool outputs_declared(const struct outputs *o, const char *path);

#endif
