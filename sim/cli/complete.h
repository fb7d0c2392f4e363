/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Completion: the words that can stand where the user types. An option (struct option) and the
 * arguments of a command (struct command) name a function of this file, which offers them.
 */
#ifndef REAPSIM_CLI_COMPLETE_H
#define REAPSIM_CLI_COMPLETE_H

#include <stdbool.h>

#include <glib.h>

/**
 * struct completion
 * @before: what stands before @typed in the same word: "--policies=v1,"
 * @typed: the part to be completed
 * @args: the arguments of the command before this word, and NULL
 * @words: offered so far, each followed by a tab and a text if there is one
 */
struct completion {
	char *before;
	const char *typed;
	char **args;
	GPtrArray *words;
};

/** Offer @word, which @text (NULL: nothing) describes, if it begins with what is typed. One that
 * ends in "=", ":" or "/" is not yet complete. */
void complete_word(struct completion *c, const char *word, const char *text);

/** Move what is typed up to the last @separator to @before. Return: false if there is none. */
bool complete_step_over(struct completion *c, char separator);

void complete_policies(struct completion *c);
void complete_killers(struct completion *c);
void complete_kernels(struct completion *c);
void complete_models(struct completion *c);
void complete_formats(struct completion *c);
void complete_counters(struct completion *c);
void complete_ends(struct completion *c);
void complete_restarts(struct completion *c);
void complete_axes(struct completion *c);
/** KEY=VALUE of a machine */
void complete_machine_keys(struct completion *c);
/** A generator, then KEY=VALUE of its options */
void complete_generator(struct completion *c);
/** The same, or traces */
void complete_generator_or_traces(struct completion *c);
/** KEY=VALUE of the generator reclaim-first */
void complete_reclaim_first(struct completion *c);

/* Files by their ending, and folders */
void complete_traces(struct completion *c);
void complete_machines(struct completion *c);
void complete_keyfiles(struct completion *c);
void complete_results(struct completion *c);
void complete_files(struct completion *c);
void complete_folders(struct completion *c);

#endif
