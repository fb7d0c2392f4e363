/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command is one const struct with its texts, its options as rows (sim/option.h) and a
 * function that runs it. Parsing (by glib), range checks, --help and the declaration of
 * files are generated from the rows.
 */
#ifndef REAPSIM_CLI_COMMAND_H
#define REAPSIM_CLI_COMMAND_H

#include <stddef.h>

#include "sim/cli/complete.h"
#include "sim/option.h"
#include "sim/output.h"

/**
 * struct command
 * @name: as in "reapsim NAME"; a subcommand has both words: "trace info"
 * @summary: one line for the list of commands
 * @arguments: for --help; NULL: none
 * @title: for --help, one line before the options
 * @details: for --help, after the options; may be NULL
 * @examples: lines of shell for the manual, which run in an empty folder in a moment. Required
 *	unless @hidden
 * @hidden: the build calls it; no list of commands has it, and there is no manual
 * @shared, @options: the rows, in this order in --help; either may be NULL
 * @size: of the struct whose members the rows name; it begins with a struct outputs
 * @run: runs the command. @options is that struct, with defaults for options that were not
 *	given; its texts, lists and paths are freed after the call. @argv: the arguments,
 *	without the name. Return: the exit code
 * @complete: offers arguments to complete, sim/cli/complete.h; NULL: none
 * @main: a @hidden command that takes its arguments as they are has only this and texts
 * @subcommands: ends with NULL. A group of commands has texts, but no rows and no function
 */
struct command {
	const char *name;
	const char *summary;
	const char *arguments;
	const char *title;
	const char *details;
	const char *examples;
	bool hidden;
	const struct option *shared, *options;
	size_t size;
	int (*run)(void *options, int argc, char **argv);
	void (*complete)(struct completion *c);
	int (*main)(int argc, char **argv);
	const struct command *const *subcommands;
};

/** The program itself: the group of all commands, with the name "". */
extern const struct command cmd_reapsim;

/** All commands, in the order of --help. */
#define COMMANDS(X)                                                                                \
	X(cmd_ask)                                                                                 \
	X(cmd_run)                                                                                 \
	X(cmd_compare)                                                                             \
	X(cmd_outcome)                                                                             \
	X(cmd_sweep)                                                                               \
	X(cmd_breakeven)                                                                           \
	X(cmd_reclaim_first)                                                                       \
	X(cmd_explain)                                                                             \
	X(cmd_agree)                                                                               \
	X(cmd_calibrate)                                                                           \
	X(cmd_play)                                                                                \
	X(cmd_trace)                                                                               \
	X(cmd_gen)                                                                                 \
	X(cmd_list)                                                                                \
	X(cmd_completion)                                                                          \
	X(cmd_complete)                                                                            \
	X(cmd_man)

#define DECLARE_COMMAND(name) extern const struct command name;
COMMANDS(DECLARE_COMMAND)

/** Parse the options; then print --help, print an error or run. A group runs the subcommand that
 * argv[1] names, or prints what "help" is asked for. Return: the exit code. */
int command_run(const struct command *c, int argc, char **argv);

/** struct command_exit - an exit code of the program; @text is NULL in the last. */
struct command_exit {
	int code;
	const char *text;
};
extern const struct command_exit command_exits[];

/** The command that the @words name, which end with NULL; the program if there are none. NULL
 * after printing an error. */
const struct command *command_find(char **words);

/** The help of an option, with its default. The caller frees it. */
char *command_option_text(const struct option *o);
/** The help of --help, which every command has. */
#define COMMAND_HELP_TEXT "show this text"

/** "reapsim trace info": what the user types. The caller frees it. */
char *command_words(const struct command *c);
/** "info" of "trace info". */
const char *command_word(const struct command *c);

/**
 * command_declare - declare all files whose names are values of the rows (struct option,
 * @role), before anything runs; sim/output.h says which are refused.
 * @options: the struct of the command
 * Return: 0, or the exit code after printing why.
 */
int command_declare(const struct command *c, void *options);

/** The row --force, for every command that writes files. */
#define COMMAND_FORCE                                                                              \
	{                                                                                          \
		"force", OPT_FLAG, NULL, "also replace files that reapsim did not write",          \
			OPTION_FIELD(struct outputs, force)                                        \
	}

/** The row --json, for every command that writes CSV (sim/cli/rows.h). */
#define COMMAND_JSON                                                                               \
	{                                                                                          \
		"json", OPT_PATH, NULL,                                                            \
			"write the rows as JSON Lines (\"-\": stdout, no tables); \"reapsim list " \
			"--schema\" describes them",                                               \
			.metavar = "FILE", .role = FILE_RESULTS,                                   \
			OPTION_FIELD(struct outputs, json)                                         \
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
			.letter = 's', .metavar = "KEY=VALUE", .complete = complete_machine_keys,  \
			OPTION_FIELD(type, member)                                                 \
	}

#endif
