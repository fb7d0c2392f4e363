/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands share. Only sim/cli/ prints and decides exit codes:
 * 0 fine, 1 the run failed, 2 bad usage or bad input, 130 and 143 ended by SIGINT and
 * SIGTERM.
 */
#ifndef REAPSIM_CLI_H
#define REAPSIM_CLI_H

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "sim/cli/command.h"
#include "sim/err.h"
#include "sim/lab/lab.h"
#include "sim/output.h"
#include "sim/trace.h"

/** @s as people may read it: UTF-8, without what moves a terminal's cursor or ends a
 * line; the caller frees it. */
char *cli_printable(const char *s);
/** Print "reapsim: MESSAGE" to stderr; the exit code for @code (see err.h). */
int cli_fail(int code, const struct err *err);
/** Print a usage error, formatted, and return 2. */
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/**
 * Load a trace. @format: a reader's name, or NULL to find out from the bytes.
 * Return: 0, or the exit code after printing why.
 */
int cli_load_trace(const char *path, const char *format, struct trace **out);
/** As cli_load_trace(); @min_agreement: as in struct input_options. */
int cli_load_recording(const char *path, const char *format, int min_agreement, struct trace **out);

/**
 * The files of a command are declared before anything runs; sim/output.h has what is
 * refused. Return: 0, or the exit code after printing why.
 */
struct cli_file {
	enum file_kind kind;
	const char *what; /* the option or argument that named it */
	const char *path; /* NULL: not given */
	bool list;	  /* comma separated */
};
int cli_declare(struct outputs *files, const struct cli_file *list, size_t nr);
/** Each of the @nr arguments at @paths as an input. */
int cli_declare_inputs(struct outputs *files, const char *what, char **paths, int nr);
/** Open a declared file for writing ("-" or NULL: stdout). Return: 0, or the exit code. */
int cli_open_out(struct output *out, const struct outputs *files, const char *path);
/** Open stdout for tables; where @results is "-" and has it, they go nowhere. */
int cli_open_stdout(struct output *out, const char *results);
/** Flush, check for write errors (a full disk), put it in its place. Return: the exit
 * code: 1 of a file that failed. */
int cli_close_out(struct output *out, enum output_end end);

/** Progress on stderr and an estimate of the time left, only if it is a terminal
 * and a second has passed. */
struct cli_progress {
	const char *what;
	gint64 start_us, last_us;
	bool tty, shown;
};
void cli_progress_init(struct cli_progress *p, const char *what);
void cli_progress(struct cli_progress *p, double done /* 0..1 */);
void cli_progress_end(struct cli_progress *p);

/** Before anything else: a signal and a lack of memory end the program, and it leaves no
 * temporary file (sim/cli/end.c). */
void cli_begin(void);
/** The host has no memory, not even a little: the end. */
void cli_no_memory(void) __attribute__((noreturn));
/** For struct outputs: there is a temporary file, or it is gone. */
void cli_note_temporary(int dir, const char *name, bool there);

/** From now on the first signal only makes cli_interrupted() true; or it does no longer. */
void cli_catch_signals(bool on);
bool cli_interrupted(void);
/** The end of the program, with the exit code of a command: 130 or 143 instead of 1 or 2
 * if a signal interrupted it. */
int cli_end(int code);

/** struct cli_lab - progress, remarks and signals while an experiment runs. */
struct cli_lab {
	struct lab_hooks hooks;
	struct cli_progress bar;
};
/** @what: for the progress bar; must live until cli_lab_end(). */
void cli_lab_begin(struct cli_lab *l, const char *what);
void cli_lab_end(struct cli_lab *l);

#endif
