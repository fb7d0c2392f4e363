// SPDX-License-Identifier: GPL-2.0-only
/* reapsim gen: makes a synthetic trace. */
#include <errno.h>
#include <string.h>

#include "sim/cli/cli.h"
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
	GString *names;
	int ret;

	for (*format = 0; *format < G_N_ELEMENTS(formats); (*format)++)
		if (!name || !strcmp(name, formats[*format].name))
			return 0;
	names = g_string_new(NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
		g_string_append_printf(names, "%s%s", i ? ", " : "", formats[i].name);
	ret = cli_usage("unknown output format \"%s\", expected one of: %s", name, names->str);
	g_string_free(names, TRUE);
	return ret;
}

static int run(int argc, char **argv)
{
	char *path = NULL, *format_name = NULL;
	gboolean want_list = FALSE;
	struct outputs files;
	const GOptionEntry entries[] = {
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &path,
		  "Where to write the trace (default: standard output)", "FILE" },
		CLI_FORCE(&files),
		{ "format", 0, 0, G_OPTION_ARG_STRING, &format_name,
		  "text, binary, or oracle (libCacheSim's oracleGeneral); default: binary for "
		  ".rtrace",
		  "FORMAT" },
		{ "list", 'l', 0, G_OPTION_ARG_NONE, &want_list,
		  "List the generators, or those named, with their options", NULL },
		{ NULL },
	};
	const struct trace_generator *g;
	struct err err;
	size_t format;
	int ret;

	outputs_init(&files);
	ret = cli_options(
		&argc, &argv, entries, "GENERATOR [KEY=VALUE...]",
		"Makes a synthetic trace. The same options and seed make the same bytes.",
		"\"reapsim gen --list\" shows the generators, what they can be told, and the\n"
		"defaults; those marked [assumption] are nobody's measurement: sweep them.");
	if (ret >= 0)
		goto out;
	if (want_list) {
		ret = list(argc - 1, argv + 1);
		goto out;
	}
	if (argc < 2) {
		ret = cli_usage("gen: which generator? See \"reapsim gen --list\"");
		goto out;
	}
	g = gen_find(argv[1], &err);
	if (!g)
		ret = cli_fail(-EINVAL, &err);
	else
		ret = find_format(!format_name && path && g_str_has_suffix(path, ".rtrace")
					  ? "binary"
					  : format_name,
				  &format);
	if (!ret) {
		const struct cli_file file = { FILE_TRACE, "--output", path, false };

		ret = cli_declare(&files, &file, 1);
	}
	if (!ret)
		ret = generate(g, argc - 2, argv + 2, format, &files, path);
out:
	outputs_clear(&files);
	g_free(path);
	g_free(format_name);
	return ret;
}

const struct command cmd_gen = {
	.name = "gen",
	.summary = "make a synthetic trace",
	.run = run,
};
