// SPDX-License-Identifier: GPL-2.0-only
/* reapsim gen: make a synthetic trace. */
#include <errno.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/names.h"
#include "traces/gen/gen.h"
#include "traces/readers/write-oracle.h"
#include "traces/readers/write.h"

static const struct {
	const char *name;
	int (*write)(const struct trace *t, FILE *f, struct err *err);
} formats[] = {
	{ "text", trace_write_text },
	{ "binary", trace_write_binary },
	{ "oracle", trace_write_oracle },
};

static void complete_forms(struct completion *c)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
		complete_word(c, formats[i].name, NULL);
}

static void list_one(FILE *f, const struct trace_generator *g)
{
	struct option rows[GEN_OPTIONS_MAX + 2];
	const size_t nr = gen_options(g, rows);

	fprintf(f, "%s: %s\n", g->name, g->summary);
	for (const struct option *o = rows; o < rows + nr; o++) {
		g_autofree char *setting = g_strdup_printf("%s=%s", o->name, o->def);
		g_autofree char *choices = option_range(o);

		fprintf(f, "  %-26s %s", setting, o->help);
		if (o->type == OPT_CHOICE)
			fprintf(f, " (%s)", choices);
		fputs(o->assumed ? " [assumption]\n" : "\n", f);
	}
}

static int list(int nr, char **names)
{
	struct output out;
	struct err err;
	int ret;

	for (int i = 0; i < nr; i++)
		if (!gen_find(names[i], &err))
			return cli_fail(-EINVAL, &err);
	ret = cli_open_stdout(&out, NULL);
	if (ret)
		return ret;
	for (size_t i = 0; trace_generators[i]; i++) {
		bool wanted = nr == 0;

		for (int n = 0; n < nr; n++)
			wanted |= !strcmp(names[n], trace_generators[i]->name);
		if (wanted)
			list_one(out.f, trace_generators[i]);
	}
	return cli_close_out(&out, true);
}

static void show_progress(void *data, double done)
{
	cli_progress(data, done);
}

static int generate(const struct trace_generator *g, int nr, char **kv, size_t format,
		    const struct outputs *files, const char *path)
{
	struct cli_progress progress;
	struct gen_args args;
	struct output out;
	struct trace *t;
	struct err err;
	int ret;

	ret = gen_args_parse(&args, g, kv, (size_t)nr, &err);
	if (ret)
		return cli_fail(ret, &err);
	cli_progress_init(&progress, "generating");
	args.progress = show_progress;
	args.progress_data = &progress;
	ret = gen_run(g, &args, &t, &err);
	cli_progress_end(&progress);
	if (ret)
		return cli_fail(ret, &err);
	ret = cli_open_out(&out, files, path);
	if (!ret) {
		int bad = formats[format].write(t, out.f, &err);

		if (bad)
			cli_fail(bad, &err);
		ret = cli_close_out(&out, !bad);
		if (bad == -EINVAL)
			ret = 2;
	}
	trace_free(t);
	return ret;
}

static int find_format(const char *name, size_t *format)
{
	g_autofree const char **valid = NAMES_OF(formats);
	g_autofree char *expected = NULL;

	for (*format = 0; *format < G_N_ELEMENTS(formats); (*format)++)
		if (!name || !strcmp(name, formats[*format].name))
			return 0;
	expected = names_unknown(name, valid);
	return cli_usage("unknown output format \"%s\"%s", name, expected);
}

struct gen_command {
	struct outputs files;
	const char *output, *format;
	bool list;
};

static int run(void *options, int argc, char **argv)
{
	struct gen_command *c = options;
	const struct trace_generator *g;
	struct err err;
	size_t format;
	int ret;

	if (c->list)
		return list(argc, argv);
	if (argc < 1)
		return cli_usage("gen: expected a generator, see \"reapsim gen --list\"");
	g = gen_find(argv[0], &err);
	if (!g)
		return cli_fail(-EINVAL, &err);
	if (!c->format && c->output && g_str_has_suffix(c->output, ".rtrace"))
		c->format = "binary";
	ret = find_format(c->format, &format);
	if (!ret)
		ret = command_declare(&cmd_gen, c);
	return ret ? ret : generate(g, argc - 1, argv + 1, format, &c->files, c->output);
}

#define FIELD(member) OPTION_FIELD(struct gen_command, member)

static const struct option rows[] = {
	{ "output", OPT_PATH, NULL, "the trace to write (default: standard output)", .letter = 'o',
	  .metavar = "FILE", .role = FILE_TRACE, FIELD(output) },
	COMMAND_FORCE,
	{ "format", OPT_TEXT, NULL,
	  "text, binary, or oracle (libCacheSim's oracleGeneral); default: binary for .rtrace",
	  .metavar = "FORMAT", .complete = complete_forms, FIELD(format) },
	{ "list", OPT_FLAG, NULL, "list the generators, or those named, with their options",
	  .letter = 'l', FIELD(list) },
	{ NULL },
};

const struct command cmd_gen = {
	.name = "gen",
	.summary = "make a synthetic trace",
	.arguments = "GENERATOR [KEY=VALUE...]",
	.title = "Make a synthetic trace. The same options and seed give the same bytes.",
	.details = "\"reapsim gen --list\" prints the generators with their options and defaults.\n"
		   "A default with [assumption] was never measured: sweep it.",
	.examples = "reapsim gen kill-return -o app.rtrace app_pages=2000 seed=7\n"
		    "# the options of a generator\n"
		    "reapsim gen --list kill-return\n",
	.options = rows,
	.complete = complete_generator,
	.size = sizeof(struct gen_command),
	.run = run,
};
