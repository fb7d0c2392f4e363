// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/command.h"

#include <errno.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/names.h"

/** struct given - an option as glib parsed it. */
struct given {
	const struct option *row;
	char *help;
	gboolean flag;
	char *text;
	char **texts;
};

const struct command_exit command_exits[] = {
	{ 0, "success" },
	{ 1, "the run failed, or \"agree --at-least\" found less agreement" },
	{ 2, "bad usage or bad input" },
	{ 130, "ended by SIGINT" },
	{ 141, "ended by SIGPIPE: nobody reads the output any more" },
	{ 143, "ended by SIGTERM" },
	{ 0, NULL },
};

char *command_words(const struct command *c)
{
	return g_strconcat("reapsim", *c->name ? " " : "", c->name, NULL);
}

const char *command_word(const struct command *c)
{
	const char *space = strchr(c->name, ' ');

	return space ? space + 1 : c->name;
}

char *command_option_text(const struct option *o)
{
	return o->def && o->type != OPT_FLAG ? g_strdup_printf("%s (default: %s)", o->help, o->def)
					     : g_strdup(o->help);
}

static void given_init(struct given *g, const struct option *row)
{
	*g = (struct given){ .row = row, .help = command_option_text(row) };
}

static void given_clear(struct given *g)
{
	g_free(g->help);
	g_free(g->text);
	g_strfreev(g->texts);
}

static GOptionEntry given_entry(struct given *g)
{
	const struct option *o = g->row;
	GOptionEntry e = {
		.long_name = o->name,
		.short_name = o->letter,
		.arg = G_OPTION_ARG_STRING,
		.arg_data = &g->text,
		.description = g->help,
		.arg_description = o->metavar,
	};

	if (o->type == OPT_FLAG) {
		e.arg = G_OPTION_ARG_NONE;
		e.arg_data = &g->flag;
	} else if (o->type == OPT_TEXTS) {
		e.arg = G_OPTION_ARG_STRING_ARRAY;
		e.arg_data = &g->texts;
	} else if (o->type == OPT_PATH || o->type == OPT_PATHS) {
		e.arg = G_OPTION_ARG_FILENAME;
	}
	return e;
}

/* Replace what the user typed by the paths of the files that it names. */
static int given_find(struct given *g, struct err *err)
{
	g_auto(GStrv) items = g_strsplit(g->text, ",", g->row->type == OPT_PATHS ? -1 : 1);

	for (char **item = items; *item; item++) {
		char *path = **item ? g->row->find(*item, err) : g_strdup("");

		if (!path)
			return -EINVAL;
		g_free(*item);
		*item = path;
	}
	g_free(g->text);
	g->text = g_strjoinv(",", items);
	return 0;
}

/* Store the value in the member of @options. Texts stay owned by @g. */
static int given_store(struct given *g, void *options, struct err *err)
{
	const struct option *o = g->row;
	union option_value v = { .n = (uint64_t)g->flag };
	void *member = (char *)options + o->offset;
	int ret;

	switch (o->type) {
	case OPT_FLAG:
		option_store(o, &v, options);
		return 0;
	case OPT_TEXTS:
		*(char ***)member = g->texts;
		return 0;
	case OPT_TEXT:
	case OPT_PATH:
	case OPT_PATHS:
		if (!g->text)
			g->text = g_strdup(o->def);
		if (g->text && o->find && given_find(g, err))
			return -EINVAL;
		*(char **)member = g->text;
		return 0;
	default:
		if (!g->text && !o->def)
			return 0;
		ret = option_parse(o, "--", g->text ? g->text : o->def, &v, err);
		if (!ret)
			option_store(o, &v, options);
		return ret;
	}
}

/** struct parser - the options of a command, and glib's context that parses them. */
struct parser {
	struct given *given;
	guint nr;
	GOptionEntry *entries; /* @nr, then their aliases */
	GOptionContext *ctx;
	gboolean help;
};

static void parser_init(struct parser *p, const struct command *c)
{
	const guint shared = (guint)options_nr(c->shared);
	g_autofree char *words = command_words(c);
	guint nr;
	const GOptionEntry help_entry[] = {
		{ "help", 'h', 0, G_OPTION_ARG_NONE, &p->help, COMMAND_HELP_TEXT, NULL },
		G_OPTION_ENTRY_NULL,
	};

	*p = (struct parser){
		.nr = shared + (guint)options_nr(c->options),
		.ctx = g_option_context_new(c->arguments),
	};
	nr = p->nr;
	p->given = g_new0(struct given, nr);
	p->entries = g_new0(GOptionEntry, 2 * p->nr + 1);
	for (guint i = 0; i < p->nr; i++) {
		given_init(&p->given[i], i < shared ? &c->shared[i] : &c->options[i - shared]);
		p->entries[i] = given_entry(&p->given[i]);
	}
	for (guint i = 0; i < p->nr; i++)
		if (p->given[i].row->alias) {
			p->entries[nr] = p->entries[i];
			p->entries[nr].long_name = p->given[i].row->alias;
			p->entries[nr].short_name = 0;
			p->entries[nr++].flags = G_OPTION_FLAG_HIDDEN;
		}
	g_set_prgname(words);
	/* glib's own --help exits 0 even if stdout has a write error */
	g_option_context_set_help_enabled(p->ctx, FALSE);
	g_option_context_set_summary(p->ctx, c->title);
	g_option_context_set_description(p->ctx, c->details);
	g_option_context_add_main_entries(p->ctx, p->entries, NULL);
	g_option_context_add_main_entries(p->ctx, help_entry, NULL);
}

static void parser_clear(struct parser *p)
{
	for (guint i = 0; i < p->nr; i++)
		given_clear(&p->given[i]);
	g_free(p->given);
	g_free(p->entries);
	g_option_context_free(p->ctx);
}

static char *group_help(const struct command *c)
{
	g_autofree char *words = command_words(c);
	GString *s = g_string_new(NULL);

	g_string_append_printf(s,
			       "usage: %s COMMAND [OPTION...] [ARGUMENT...]\n\n%s\n\ncommands:\n",
			       words, c->title);
	for (const struct command *const *sub = c->subcommands; *sub; sub++)
		if (!(*sub)->hidden)
			g_string_append_printf(s, "  %-13s %s\n", command_word(*sub),
					       (*sub)->summary);
	g_string_append_printf(s, "\n%s\n", c->details);
	if (c != &cmd_reapsim)
		return g_string_free(s, FALSE);
	g_string_append(s, "\nexit status:\n");
	for (const struct command_exit *e = command_exits; e->text; e++)
		g_string_append_printf(s, "  %-3d %s\n", e->code, e->text);
	return g_string_free(s, FALSE);
}

static char *help_text(const struct command *c)
{
	struct parser p;
	char *text;

	if (c->subcommands)
		return group_help(c);
	parser_init(&p, c);
	text = g_option_context_get_help(p.ctx, TRUE, NULL);
	parser_clear(&p);
	return text;
}

static int print_help(const struct command *c)
{
	g_autofree char *text = help_text(c);
	struct output out;
	int ret = cli_open_stdout(&out, NULL);

	if (ret)
		return ret;
	fputs(text, out.f);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

/* Print the error of glib's parser. An option that does not exist is named in its text only. */
static int bad_option(const struct parser *p, const GError *error)
{
	const char *typed = strstr(error->message, "--");
	g_autofree char *hint = NULL;

	if (typed && g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)) {
		g_autofree char *name = g_strndup(typed + 2, strcspn(typed + 2, "="));
		g_autofree const char **valid = names_of(p->entries, sizeof(p->entries[0]), p->nr);
		const char *near = names_near(name, valid);

		hint = near ? g_strdup_printf(", did you mean --%s?", near) : NULL;
	}
	return cli_usage("%s%s (see \"%s --help\")", error->message, hint ? hint : "",
			 g_get_prgname());
}

/* Has the command such a letter, with a value? */
static bool takes_value(const struct parser *p, char letter)
{
	for (guint i = 0; i < p->nr; i++)
		if (p->given[i].row->letter == letter)
			return p->given[i].row->type != OPT_FLAG;
	return false;
}

/* "-j1" as "-j", "1", which glib wants. Return: the words, to be freed with @made, which has
 * those that are new. */
static char **split_letters(const struct parser *p, int *argc, char **argv, GPtrArray *made)
{
	GPtrArray *words = g_ptr_array_new();
	bool options = true;

	for (int i = 0; i < *argc; i++) {
		const char *word = argv[i];
		char *letter;

		options &= strcmp(word, "--") != 0;
		if (!i || !options || word[0] != '-' || word[1] == '-' || !word[1] || !word[2] ||
		    !takes_value(p, word[1])) {
			g_ptr_array_add(words, argv[i]);
			continue;
		}
		letter = g_strndup(word, 2);
		g_ptr_array_add(made, letter);
		g_ptr_array_add(words, letter);
		g_ptr_array_add(words, argv[i] + 2);
	}
	*argc = (int)words->len;
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

/* Return: -1 to run the command, or the exit code. */
static int parse(const struct command *c, struct parser *p, void *options, int *argc, char ***argv)
{
	g_autoptr(GError) error = NULL;
	struct err err;

	if (!g_option_context_parse(p->ctx, argc, argv, &error))
		return bad_option(p, error);
	if (p->help)
		return print_help(c);
	for (guint i = 0; i < p->nr; i++)
		if (given_store(&p->given[i], options, &err))
			return cli_fail(-EINVAL, &err);
	return -1;
}

static int run_one(const struct command *c, int argc, char **argv)
{
	g_autofree void *options = g_malloc0(c->size);
	g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(g_free);
	g_autofree char **words = NULL;
	struct parser p;
	int ret;

	outputs_init(options);
	((struct outputs *)options)->temporary = cli_note_temporary;
	parser_init(&p, c);
	words = split_letters(&p, &argc, argv, made);
	argv = words;
	ret = parse(c, &p, options, &argc, &argv);
	if (ret < 0) {
		/* glib keeps the "--" that ends the options */
		const int skip = argc > 1 && !strcmp(argv[1], "--") ? 2 : 1;

		ret = c->run(options, argc - skip, argv + skip);
		cli_summary(options);
	}
	outputs_clear(options);
	parser_clear(&p);
	return ret;
}

/* The subcommand @word of @c; or NULL after printing an error. */
static const struct command *find(const struct command *c, const char *word)
{
	g_autoptr(GPtrArray) valid = g_ptr_array_new();
	g_autofree char *expected = NULL;

	for (const struct command *const *sub = c->subcommands; *sub; sub++) {
		if (!strcmp(word, command_word(*sub)))
			return *sub;
		if (!(*sub)->hidden)
			g_ptr_array_add(valid, (char *)command_word(*sub));
	}
	g_ptr_array_add(valid, "help");
	g_ptr_array_add(valid, NULL);
	expected = names_unknown(word, (const char *const *)valid->pdata);
	cli_usage("unknown command \"%s%s%s\"%s", c->name, *c->name ? " " : "", word, expected);
	return NULL;
}

/* The command below @c that the @words name, or NULL after printing an error. */
static const struct command *find_below(const struct command *c, char **words)
{
	for (; c && *words; words++) {
		if (!c->subcommands) {
			cli_usage("unknown command \"%s %s\", \"%s\" has none of its own", c->name,
				  *words, c->name);
			return NULL;
		}
		c = find(c, *words);
	}
	return c;
}

const struct command *command_find(char **words)
{
	return find_below(&cmd_reapsim, words);
}

/* "help trace info": the --help of the command that the @words name. */
static int help(const struct command *c, char **words)
{
	c = find_below(c, words);
	return c ? print_help(c) : 2;
}

static int run_group(const struct command *c, int argc, char **argv)
{
	const struct command *sub;

	if (argc < 2) {
		g_autofree char *text = help_text(c);

		fputs(text, stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help(c);
	if (!strcmp(argv[1], "help"))
		return help(c, argv + 2);
	sub = find(c, argv[1]);
	return sub ? command_run(sub, argc - 1, argv + 1) : 2;
}

int command_run(const struct command *c, int argc, char **argv)
{
	if (c->main)
		return c->main(argc, argv);
	return c->subcommands ? run_group(c, argc, argv) : run_one(c, argc, argv);
}

/* Is the option's value the name of a file? */
static bool named_by_value(const struct option *o)
{
	return o->role == FILE_INPUT || o->role == FILE_TRACE || o->role == FILE_RESULTS ||
	       o->role == FILE_KEYS;
}

static int declare_rows(const struct option *rows, void *options)
{
	int ret = 0;

	for (guint i = 0; !ret && i < options_nr(rows); i++) {
		const struct option *o = &rows[i];

		if (named_by_value(o)) {
			g_autofree char *what = g_strconcat("--", o->name, NULL);
			const struct cli_file file = {
				.kind = o->role,
				.what = what,
				.path = *(char **)((char *)options + o->offset),
				.list = o->type == OPT_PATHS,
			};

			ret = cli_declare(options, &file, 1);
		}
	}
	return ret;
}

int command_declare(const struct command *c, void *options)
{
	int ret = declare_rows(c->shared, options);

	return ret ? ret : declare_rows(c->options, options);
}
