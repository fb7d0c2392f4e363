/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command is one const struct: its text, its options as rows (sim/option.h) and what
 * it does. Parsing (by glib), range checks, --help and the files that a command
 * declares follow from the rows.
 */
#ifndef REAPSIM_CLI_COMMAND_H
#define REAPSIM_CLI_COMMAND_H

#include <stddef.h>

#include "sim/option.h"
#include "sim/output.h"

/**
 * struct command
 * @name: as in "reapsim NAME"; "trace info" of a subcommand
 * @summary: one line for the list of commands
 * @arguments: for --help; NULL: there are none
 * @title: for --help, one line before the options
 * @details: for --help, behind the options; may be NULL
 * @shared, @options: the rows, in this order in --help; either may be NULL
 * @size: of the struct that has the members of the rows; it begins with a struct outputs
 * @run: @options is that struct, with defaults where the user gave nothing; text, lists
 *	and paths in it are freed after the call. @argv: the arguments, without the name.
 *	Return: the exit code
 * @main: parses by itself, and nothing above but the first two holds; else NULL
 */
struct command {
	const char *name;
	const char *summary;
	const char *arguments;
	const char *title;
	const char *details;
	const struct option *shared, *options;
	size_t size;
	int (*run)(void *options, int argc, char **argv);
	int (*main)(int argc, char **argv);
};

/** One line each, in the order of the list of commands. */
#define COMMANDS(X)                                                                                \
	X(cmd_run)                                                                                 \
	X(cmd_compare)                                                                             \
	X(cmd_outcome)                                                                             \
	X(cmd_sweep)                                                                               \
	X(cmd_breakeven)                                                                           \
	X(cmd_reclaim_first)                                                                       \
	X(cmd_explain)                                                                             \
	X(cmd_agree)                                                                               \
	X(cmd_calibrate)                                                                           \
	X(cmd_trace)                                                                               \
	X(cmd_gen)                                                                                 \
	X(cmd_list)

#define DECLARE_COMMAND(name) extern const struct command name;
COMMANDS(DECLARE_COMMAND)

/** Parse, print --help or what is wrong, or run. Return: the exit code. */
int command_run(const struct command *c, int argc, char **argv);

/**
 * command_declare - all files that the rows of a command name by themselves (struct
 * option, @role), before anything runs; sim/output.h has what is refused.
 * @options: its struct
 * Return: 0, or the exit code after printing why.
 */
int command_declare(const struct command *c, void *options);

/** The row --force, for every command that writes files. */
#define COMMAND_FORCE                                                                              \
	{                                                                                          \
		"force", OPT_FLAG, NULL, "also replace files that reapsim did not write",          \
			OPTION_FIELD(struct outputs, force)                                        \
	}

/** The row --jobs. */
#define COMMAND_JOBS(type, member)                                                                 \
	{                                                                                          \
		"jobs", OPT_COUNT, NULL, "threads (default: one per core)", 0, 4096,               \
			.letter = 'j', .metavar = "N", OPTION_FIELD(type, member)                  \
	}

/** The row --set. */
#define COMMAND_SET(type, member)                                                                  \
	{                                                                                          \
		"set", OPT_TEXTS, NULL, "set a machine key; repeatable",                           \
			.letter = 's', .metavar = "KEY=VALUE", OPTION_FIELD(type, member)          \
	}

#endif
