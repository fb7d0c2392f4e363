/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that all commands use. Only sim/cli/ prints and decides exit codes: 0 success,
 * 1 the run failed, 2 bad usage or bad input, 130 and 143 ended by SIGINT and SIGTERM.
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

/** @s made safe to print: valid UTF-8 without control characters. The caller frees it. */
char *cli_printable(const char *s);
/** Print "reapsim: MESSAGE" to stderr. Return: the exit code for @code, a negative errno. */
int cli_fail(int code, const struct err *err);
/** Print a usage error. Return: 2. */
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/**
 * Load a trace. @format: a reader's name, or NULL to detect the format.
 * Return: 0, or the exit code after printing why.
 */
int cli_load_trace(const char *path, const char *format, struct trace **out);
/** As cli_load_trace(); @min_agreement: as in struct input_options. */
int cli_load_recording(const char *path, const char *format, int min_agreement, struct trace **out);

/** struct cli_file - a file of a command. */
struct cli_file {
	enum file_kind kind;
	const char *what; /* the option or argument that names it */
	const char *path; /* NULL: not given */
	bool list;	  /* @path is a comma separated list */
};
/** Declare files before anything runs (sim/output.h says which are refused). Return: 0, or
 * the exit code after printing why. */
int cli_declare(struct outputs *files, const struct cli_file *list, size_t nr);
/** Declare each of the @nr arguments at @paths as an input. */
int cli_declare_inputs(struct outputs *files, const char *what, char **paths, int nr);
/** Open a declared file for writing ("-" or NULL: stdout). Return: 0, or the exit code
 * after printing why. */
int cli_open_out(struct output *out, const struct outputs *files, const char *path);
/** Open stdout for tables. If an output of @files is "-", stdout belongs to that, and the tables
 * are discarded. @files: NULL: there is none. */
int cli_open_stdout(struct output *out, const struct outputs *files);
/** output_close(). Return: the exit code; 1 for OUTPUT_FAILED. */
int cli_close_out(struct output *out, enum output_end end);

/** Name the files that were written, in one line, on a terminal. */
void cli_summary(const struct outputs *files);

/** A progress bar on stderr with an estimate of the time left. It appears after a second,
 * and only on a terminal; then it also says if all will take more than a minute. */
struct cli_progress {
	const char *what;
	gint64 start_us, last_us;
	bool tty, shown, warned;
};
void cli_progress_init(struct cli_progress *p, const char *what);
void cli_progress(struct cli_progress *p, double done /* 0..1 */);
/** Where the end is not known, as of a pipe. */
void cli_progress_bytes(struct cli_progress *p, uint64_t bytes);
void cli_progress_end(struct cli_progress *p);

/** Install the handlers that remove temporary files if a signal or a lack of memory ends
 * the program (sim/cli/end.c). Called first. */
void cli_begin(void);
/** End the program: the host is out of memory. */
void cli_no_memory(void) __attribute__((noreturn));
/** outputs.temporary: a temporary file will be created (@there), or it is gone. */
void cli_note_temporary(int dir, const char *name, bool there);

/** Whether a progress bar is on the terminal, which a last message overwrites. */
void cli_note_bar(bool shown);

/** While @on, the first signal only makes cli_interrupted() true. */
void cli_catch_signals(bool on);
bool cli_interrupted(void);
/** Return: the exit code of the program, for @code of a command. Instead of returning a
 * failure after a signal, it exits with 130 or 143. */
int cli_end(int code);

/** struct cli_lab - progress bar, notes and signals while an experiment runs. */
struct cli_lab {
	struct lab_hooks hooks;
	struct cli_progress bar;
};
/** @what: for the progress bar; must live until cli_lab_end(). */
void cli_lab_begin(struct cli_lab *l, const char *what);
void cli_lab_end(struct cli_lab *l);

#endif
