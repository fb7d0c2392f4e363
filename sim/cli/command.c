// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/command.h"

#include <errno.h>
#include <string.h>

#include "sim/cli/cli.h"

/** struct given - an option as glib parsed it. */
struct given {
	const struct option *row;
	char *help;
	gboolean flag;
	char *text;
	char **texts;
};

static guint rows_nr(const struct option *rows)
{
	guint n = 0;

	while (rows && rows[n].name)
		n++;
	return n;
}

static void given_init(struct given *g, const struct option *row)
{
	*g = (struct given){ .row = row };
	g->help = row->def && row->type != OPT_FLAG
			  ? g_strdup_printf("%s (default: %s)", row->help, row->def)
			  : g_strdup(row->help);
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

/* Replaces glib's --help, which exits 0 even if stdout has a write error. */
static int print_help(GOptionContext *ctx)
{
	char *text = g_option_context_get_help(ctx, TRUE, NULL);
	struct output out;
	int ret = cli_open_stdout(&out, NULL);

	if (!ret) {
		fputs(text, out.f);
		ret = cli_close_out(&out, OUTPUT_WHOLE);
	}
	g_free(text);
	return ret;
}

/* Return: -1 to run the command, or the exit code. */
static int parse(const struct command *c, struct given *given, guint nr, void *options, int *argc,
		 char ***argv)
{
	gboolean help = FALSE;
	const GOptionEntry help_entry[] = {
		{ "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this text", NULL },
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) ctx = g_option_context_new(c->arguments);
	g_autofree GOptionEntry *entries = g_new0(GOptionEntry, nr + 1);
	g_autofree char *prgname = g_strdup_printf("reapsim %s", c->name);
	g_autoptr(GError) error = NULL;
	struct err err;

	for (guint i = 0; i < nr; i++)
		entries[i] = given_entry(&given[i]);
	g_set_prgname(prgname);
	g_option_context_set_help_enabled(ctx, FALSE);
	g_option_context_set_summary(ctx, c->title);
	g_option_context_set_description(ctx, c->details);
	g_option_context_add_main_entries(ctx, entries, NULL);
	g_option_context_add_main_entries(ctx, help_entry, NULL);
	if (!g_option_context_parse(ctx, argc, argv, &error))
		return cli_usage("%s (see \"%s --help\")", error->message, prgname);
	if (help)
		return print_help(ctx);
	for (guint i = 0; i < nr; i++)
		if (given_store(&given[i], options, &err))
			return cli_fail(-EINVAL, &err);
	return -1;
}

int command_run(const struct command *c, int argc, char **argv)
{
	const guint shared = rows_nr(c->shared), nr = shared + rows_nr(c->options);
	g_autofree struct given *given = NULL;
	g_autofree void *options = NULL;
	int ret;

	if (c->main)
		return c->main(argc, argv);
	given = g_new0(struct given, nr);
	options = g_malloc0(c->size);
	outputs_init(options);
	((struct outputs *)options)->temporary = cli_note_temporary;
	for (guint i = 0; i < nr; i++)
		given_init(&given[i], i < shared ? &c->shared[i] : &c->options[i - shared]);
	ret = parse(c, given, nr, options, &argc, &argv);
	if (ret < 0)
		ret = c->run(options, argc - 1, argv + 1);
	outputs_clear(options);
	for (guint i = 0; i < nr; i++)
		given_clear(&given[i]);
	return ret;
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

	for (guint i = 0; !ret && i < rows_nr(rows); i++) {
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
