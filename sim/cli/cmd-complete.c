// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim complete -- WORD...: the words that can stand in place of the last WORD, each in a line,
 * followed by a tab and a text if there is one. Hidden: the scripts of "reapsim completion" call
 * it, which only take the words to and from the shell.
 */
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/complete.h"

static void complete_commands(struct completion *c, const struct command *group)
{
	for (const struct command *const *sub = group->subcommands; sub && *sub; sub++)
		if (!(*sub)->hidden)
			complete_word(c, command_word(*sub), (*sub)->summary);
	complete_word(c, "help", "describe a command");
	if (*c->typed == '-')
		complete_word(c, "--help", COMMAND_HELP_TEXT);
	if (*c->typed == '-' && group == &cmd_reapsim)
		complete_word(c, "--version", "print the release");
}

static const struct command *subcommand(const struct command *group, const char *word)
{
	for (const struct command *const *sub = group->subcommands; *sub; sub++)
		if (!(*sub)->hidden && !strcmp(command_word(*sub), word))
			return *sub;
	return NULL;
}

static const struct option *find_row(const struct option *rows, const char *word)
{
	if (*word != '-')
		return NULL;
	if (word[1] == '-')
		return option_find(rows, word + 2, strcspn(word + 2, "="));
	for (; rows && rows->name; rows++)
		if (word[1] && word[1] == rows->letter && !word[2])
			return rows;
	return NULL;
}

/* The row of "--name", "--name=VALUE" or "-n"; or NULL. */
static const struct option *find_option(const struct command *cmd, const char *word)
{
	const struct option *o = find_row(cmd->shared, word);

	return o ? o : find_row(cmd->options, word);
}

static void complete_options(struct completion *c, const struct option *rows)
{
	for (; rows && rows->name; rows++) {
		g_autofree char *word =
			g_strconcat("--", rows->name, rows->type == OPT_FLAG ? NULL : "=", NULL);

		complete_word(c, word, rows->help);
	}
}

static void complete_value(struct completion *c, const struct option *o)
{
	if (o->metavar && g_str_has_suffix(o->metavar, ",...")) {
		if (!g_strcmp0(o->def, "all"))
			complete_word(c, "all", NULL);
		complete_step_over(c, ',');
	}
	for (size_t i = 0; o->choices && o->choices[i]; i++)
		complete_word(c, o->choices[i], NULL);
	if (o->complete)
		o->complete(c);
	else if (!g_strcmp0(o->metavar, "DIR"))
		complete_folders(c);
	else if (o->type == OPT_PATH || o->type == OPT_PATHS)
		complete_files(c);
}

/* @words: after the name of the command, the last of which is typed, then NULL */
static void complete_command(struct completion *c, const struct command *cmd, char **words)
{
	const struct option *pending = NULL;
	bool only_args = false;
	guint nr_args = 0;

	c->args = g_new0(char *, g_strv_length(words));
	for (; words[1]; words++) {
		const struct option *o = only_args ? NULL : find_option(cmd, *words);

		if (pending)
			pending = NULL;
		else if (!only_args && !strcmp(*words, "--"))
			only_args = true;
		else if (only_args || **words != '-' || !(*words)[1])
			c->args[nr_args++] = *words;
		else if (o && o->type != OPT_FLAG && !strchr(*words, '='))
			pending = o;
	}
	c->typed = *words;
	if (pending) {
		complete_value(c, pending);
	} else if (!only_args && g_str_has_prefix(*words, "--") && strchr(*words, '=')) {
		const struct option *o = find_option(cmd, *words);

		g_free(c->before);
		c->before = g_strndup(*words, strcspn(*words, "=") + 1);
		c->typed = strchr(*words, '=') + 1;
		if (o)
			complete_value(c, o);
	} else if (!only_args && **words == '-') {
		complete_options(c, cmd->shared);
		complete_options(c, cmd->options);
		complete_word(c, "--help", COMMAND_HELP_TEXT);
	} else if (cmd->complete) {
		cmd->complete(c);
	}
	g_free(c->args);
}

static void complete(struct completion *c, char **words)
{
	const struct command *cmd = &cmd_reapsim;
	bool help = false;

	/* the last word is not yet the name of a command, even if it looks like one */
	for (; cmd && cmd->subcommands && words[1]; words++) {
		if (!strcmp(*words, "help"))
			help = true;
		else
			cmd = subcommand(cmd, *words);
	}
	c->typed = *words;
	if (cmd && cmd->subcommands)
		complete_commands(c, cmd);
	else if (cmd && !help)
		complete_command(c, cmd, words);
}

static int complete_main(int argc, char **argv)
{
	struct completion c = { 0 };
	struct output out;
	int ret;

	if (argc < 3 || strcmp(argv[1], "--"))
		return cli_usage("complete: expected \"--\" and the words that are typed");
	ret = cli_open_stdout(&out, NULL);
	if (ret)
		return ret;
	c.before = g_strdup("");
	c.words = g_ptr_array_new_with_free_func(g_free);
	complete(&c, argv + 2);
	for (guint i = 0; i < c.words->len; i++)
		fprintf(out.f, "%s\n", (const char *)c.words->pdata[i]);
	g_ptr_array_free(c.words, TRUE);
	g_free(c.before);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

const struct command cmd_complete = {
	.name = "complete",
	.summary = "print the words that can be typed next",
	.hidden = true,
	.main = complete_main,
};
