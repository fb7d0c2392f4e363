// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim man: the manual page of a command, in roff, from the texts and rows that --help prints.
 * Hidden: the build calls it. "make man" writes all pages, install/manual.awk that of the format.
 */
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/version.h"

/* Files that a user of the installed program meets; of every page. */
static const struct {
	const char *name, *text;
} page_files[] = {
	{ "*.csv, *.rtrace", "traces, as text and in binary form, see reapsim-trace(5)" },
	{ "*.conf", "key files: machines, and what \"reapsim sweep\" runs" },
	{ "PREFIX/share/reapsim/machines",
	  "machine files that --machine and --machines find by name; "
	  "PREFIX/bin holds the program" },
	{ "PREFIX/share/reapsim/examples",
	  "traces, and an example of each policy, killer, generator "
	  "and machine" },
};

/* Text in which roff shall see no requests and escapes, and print each letter as it was typed. */
static void put_text(FILE *f, const char *text, size_t len)
{
	if (len && *text == '.')
		fputs("\\&", f);
	for (const char *c = text; c < text + len; c++) {
		switch (*c) {
		case '\\':
			fputs("\\e", f);
			break;
		case '-':
			fputs("\\-", f);
			break;
		case '\'':
			fputs("\\(aq", f);
			break;
		case '`':
			fputs("\\(ga", f);
			break;
		case '^':
			fputs("\\(ha", f);
			break;
		case '~':
			fputs("\\(ti", f);
			break;
		default:
			fputc(*c, f);
		}
	}
}

/* The words that make sense of an option: "\fB\-p\fR, \fB\-\-policy\fR=\fINAME\fR". */
static void put_option_name(FILE *f, char letter, const char *name, const char *metavar)
{
	fputs(".TP\n", f);
	if (letter)
		fprintf(f, "\\fB\\-%c\\fR, ", letter);
	fputs("\\fB\\-\\-", f);
	put_text(f, name, strlen(name));
	fputs("\\fR", f);
	if (metavar) {
		fputs("=\\fI", f);
		put_text(f, metavar, strlen(metavar));
		fputs("\\fR", f);
	}
	fputc('\n', f);
}

static void put_options(FILE *f, const struct option *rows)
{
	for (; rows && rows->name; rows++) {
		g_autofree char *text = command_option_text(rows);

		put_option_name(f, rows->letter, rows->name, rows->metavar);
		put_text(f, text, strlen(text));
		fputc('\n', f);
	}
}

/* Lines that begin with a space are a table, others are filled; an empty line ends a paragraph. */
static void put_paragraphs(FILE *f, const char *text)
{
	bool table = false;

	for (const char *line = text; *line;) {
		const size_t len = strcspn(line, "\n");

		if ((*line == ' ') != table) {
			table = !table;
			fputs(table ? ".EX\n" : ".EE\n", f);
		}
		if (len)
			put_text(f, line, len);
		else
			fputs(".PP", f);
		fputc('\n', f);
		line += len + (line[len] == '\n');
	}
	if (table)
		fputs(".EE\n", f);
}

static void put_section(FILE *f, const char *title)
{
	fprintf(f, ".SH %s\n", title);
}

static void put_item(FILE *f, const char *name, const char *text)
{
	fputs(".TP\n.B ", f);
	put_text(f, name, strlen(name));
	fputc('\n', f);
	put_text(f, text, strlen(text));
	fputc('\n', f);
}

/* "reapsim-trace-info" */
static char *page_name(const struct command *c)
{
	return g_strdelimit(command_words(c), " ", '-');
}

static void put_head(FILE *f, const struct command *c)
{
	g_autofree char *name = page_name(c), *words = command_words(c);
	g_autofree char *title = g_ascii_strup(name, -1);

	fprintf(f, ".\\\" Made by \"reapsim man\" from the texts of --help.\n");
	fprintf(f, ".TH %s 1 \"\" \"reapsim %s\" \"User Commands\"\n", title, REAPSIM_VERSION);
	put_section(f, "NAME");
	put_text(f, name, strlen(name));
	fputs(" \\- ", f);
	put_text(f, c->summary, strlen(c->summary));
	fputc('\n', f);
	put_section(f, "SYNOPSIS");
	fputs(".B ", f);
	put_text(f, words, strlen(words));
	fputc('\n', f);
	if (c->subcommands)
		fputs("COMMAND [OPTION...] [ARGUMENT...]\n", f);
	else
		fprintf(f, "[OPTION...]%s%s\n", c->arguments ? " " : "",
			c->arguments ? c->arguments : "");
}

static void put_see(FILE *f, const struct command *c, bool *first)
{
	g_autofree char *name = page_name(c);

	fprintf(f, "%s.BR ", *first ? "" : ",\n");
	put_text(f, name, strlen(name));
	fputs(" (1)", f);
	*first = false;
}

/* The group of the command, and what is in it; for the program all. */
static void put_see_also(FILE *f, const struct command *c)
{
	const char *space = strchr(c->name, ' ');
	bool first = true;

	put_section(f, "SEE ALSO");
	if (c != &cmd_reapsim)
		put_see(f, &cmd_reapsim, &first);
	for (const struct command *const *top = cmd_reapsim.subcommands; *top; top++)
		if (space && !strncmp((*top)->name, c->name, (size_t)(space - c->name)) &&
		    !(*top)->name[space - c->name])
			put_see(f, *top, &first);
	for (const struct command *const *sub = c->subcommands; sub && *sub; sub++)
		if (!(*sub)->hidden)
			put_see(f, *sub, &first);
	fputs(",\n.BR reapsim\\-trace (5)\n", f);
}

static void put_page(FILE *f, const struct command *c)
{
	put_head(f, c);
	put_section(f, "DESCRIPTION");
	put_paragraphs(f, c->title);
	fputs(".PP\n", f);
	put_paragraphs(f, c->details ? c->details : "");
	if (c->subcommands)
		put_section(f, "COMMANDS");
	for (const struct command *const *sub = c->subcommands; sub && *sub; sub++)
		if (!(*sub)->hidden)
			put_item(f, command_word(*sub), (*sub)->summary);
	put_section(f, "OPTIONS");
	put_options(f, c->shared);
	put_options(f, c->options);
	put_option_name(f, 'h', "help", NULL);
	fputs(COMMAND_HELP_TEXT "\n", f);
	put_section(f, "EXIT STATUS");
	for (const struct command_exit *e = command_exits; e->text; e++) {
		g_autofree char *code = g_strdup_printf("%d", e->code);

		put_item(f, code, e->text);
	}
	put_section(f, "FILES");
	for (size_t i = 0; i < G_N_ELEMENTS(page_files); i++)
		put_item(f, page_files[i].name, page_files[i].text);
	put_section(f, "EXAMPLES");
	fputs(".EX\n", f);
	for (const char *line = c->examples; *line;) {
		const size_t len = strcspn(line, "\n");

		put_text(f, line, len);
		fputc('\n', f);
		line += len + (line[len] == '\n');
	}
	fputs(".EE\n", f);
	put_see_also(f, c);
}

static int run(void *options, int argc, char **argv)
{
	const struct command *c = command_find(argv);
	struct output out;
	int ret;

	(void)options;
	(void)argc;
	if (!c)
		return 2;
	if (!c->examples)
		return cli_usage("man: \"%s\" has no examples, so it has no page", c->name);
	ret = cli_open_stdout(&out, NULL);
	if (ret)
		return ret;
	put_page(out.f, c);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

const struct command cmd_man = {
	.name = "man",
	.summary = "print the manual page of a command",
	.arguments = "[COMMAND...]",
	.title = "Print the manual page of a command, or that of reapsim, in roff.",
	.hidden = true,
	.size = sizeof(struct outputs),
	.run = run,
};
