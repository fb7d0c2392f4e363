// SPDX-License-Identifier: GPL-2.0-only
/* reapsim list: names and descriptions of plug-ins, machine keys and counters. */
#include <stdio.h>
#include <string.h>

#include "models/models.h"
#include "sim/cli/cli.h"
#include "sim/cli/rows.h"
#include "sim/machine.h"
#include "sim/names.h"
#include "sim/plugin.h"
#include "sim/vmstat.h"
#include "traces/gen/gen.h"
#include "traces/readers/readers.h"

enum form { TEXT, NAMES, MARKDOWN };

/**
 * struct section
 * @name: KIND on the command line
 * @registry: the plug-ins; NULL: @put prints the section
 * @options: returns the options of a plug-in; NULL: this kind has none
 */
struct section {
	const char *name, *title;
	const void *registry;
	const struct option *(*options)(const void *plugin);
	void (*put)(FILE *f, enum form form);
};

static void put_option(FILE *f, enum form form, const struct option *o, int indent, int width)
{
	g_autofree char *range = option_range(o);

	if (form == NAMES)
		fprintf(f, "%s\n", o->name);
	else if (form == MARKDOWN)
		fprintf(f, "| `%s` | %s | %s | %s | %s |\n", o->name, option_unit(o), range,
			o->def ? o->def : "", o->help);
	else if (o->def)
		fprintf(f, "%*s%-*s %s (%s)\n", indent, "", width, o->name, o->help, o->def);
	else
		fprintf(f, "%*s%-*s %s\n", indent, "", width, o->name, o->help);
}

static void put_named(FILE *f, enum form form, int width, const char *name, const char *text)
{
	if (form == NAMES)
		fprintf(f, "%s\n", name);
	else if (form == MARKDOWN)
		fprintf(f, "| `%s` | %s |\n", name, text);
	else
		fprintf(f, "  %-*s %s\n", width, name, text);
}

/* "NAME:KEY=DEFAULT", as it is typed */
static void put_plugin_option(FILE *f, const char *name, const struct option *o)
{
	g_autofree char *range = option_range(o);

	fprintf(f, "| `%s:%s=%s` | %s (%s) |\n", name, o->name, o->def, o->help, range);
}

static void put_registry(FILE *f, enum form form, const struct section *section)
{
	for (const struct plugin *const *p = section->registry; *p; p++) {
		put_named(f, form, 14, (*p)->name, (*p)->summary);
		if (form == NAMES || !section->options)
			continue;
		for (const struct option *o = section->options(*p); o && o->name; o++) {
			if (form == TEXT)
				put_option(f, form, o, 4, 20);
			else
				put_plugin_option(f, (*p)->name, o);
		}
	}
}

static const struct option *policy_options(const void *plugin)
{
	return ((const struct reap_policy *)plugin)->options;
}

static const struct option *killer_options(const void *plugin)
{
	return ((const struct killer *)plugin)->options;
}

static void put_machine_keys(FILE *f, enum form form)
{
	for (const struct option *o = machine_keys; o->name; o++)
		put_option(f, form, o, 2, 22);
}

static void put_counters(FILE *f, enum form form)
{
	for (int i = 0; i < NR_VMSTAT; i++)
		put_named(f, form, 28, vmstat_name((enum vmstat_item)i),
			  vmstat_text((enum vmstat_item)i));
}

static void put_command(FILE *f, enum form form, const struct command *c)
{
	if (!c->hidden && *c->name)
		put_named(f, form, 14, c->name, c->summary);
	for (const struct command *const *sub = c->subcommands; sub && *sub; sub++)
		put_command(f, form, *sub);
}

static void put_commands(FILE *f, enum form form)
{
	put_command(f, form, &cmd_reapsim);
}

static const struct section sections[] = {
	{ "kernels", "kernels (--kernel)", .registry = kernel_profiles },
	{ "models", "LRU models (--lru)", .registry = lru_models },
	{ "policies", "reap policies (--policy, --policies), each also with +evict",
	  .registry = reap_policies, .options = policy_options },
	{ "killers", "killers (--killer NAME[:KEY=VALUE...])", .registry = killers,
	  .options = killer_options },
	{ "formats", "trace formats (--format, --from)", .registry = trace_readers },
	{ "generators", "generators (reapsim gen)", .registry = trace_generators },
	{ "machine-keys", "machine keys (--set, key files, machine rows of a trace)",
	  .put = put_machine_keys },
	{ "counters", "counters", .put = put_counters },
	{ "commands", "commands", .put = put_commands },
};

static void complete_kinds(struct completion *c)
{
	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++)
		complete_word(c, sections[i].name, sections[i].title);
}

static void put_section(FILE *f, enum form form, const struct section *section, bool first)
{
	if (form == TEXT)
		fprintf(f, "%s%s\n", first ? "" : "\n", section->title);
	if (form == MARKDOWN)
		fputs(section->put == put_machine_keys ? "| key | unit | range | default | meaning "
							 "|\n|---|---|---|---|---|\n"
						       : "| name | meaning |\n|---|---|\n",
		      f);
	if (section->registry)
		put_registry(f, form, section);
	else
		section->put(f, form);
}

static bool wanted(const struct section *section, char **kinds, int nr)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(kinds[i], section->name))
			return true;
	return !nr;
}

static int check_kinds(char **kinds, int nr)
{
	g_autofree const char **valid = NAMES_OF(sections);

	for (int i = 0; i < nr; i++) {
		g_autofree char *expected = NULL;

		if (g_strv_contains(valid, kinds[i]))
			continue;
		expected = names_unknown(kinds[i], valid);
		return cli_usage("list: unknown kind \"%s\"%s", kinds[i], expected);
	}
	return 0;
}

static int list(enum form form, char **kinds, int nr)
{
	struct output out;
	bool first = true;
	int ret = check_kinds(kinds, nr);

	if (!ret)
		ret = cli_open_stdout(&out, NULL);
	if (ret)
		return ret;
	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
		if (!wanted(&sections[i], kinds, nr))
			continue;
		put_section(out.f, form, &sections[i], first);
		first = false;
	}
	return cli_close_out(&out, true);
}

struct list_options {
	struct outputs files;
	bool names, markdown, schema;
};

static int list_schema(void)
{
	struct output out;
	int ret = cli_open_stdout(&out, NULL);

	if (ret)
		return ret;
	cli_rows_schema(out.f);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

static int run(void *options, int argc, char **argv)
{
	const struct list_options *o = options;

	if (o->names && o->markdown)
		return cli_usage("list: --names and --markdown exclude each other");
	if (o->schema)
		return argc || o->names || o->markdown
			       ? cli_usage("list: --schema stands alone, without KIND")
			       : list_schema();
	return list(o->names ? NAMES : o->markdown ? MARKDOWN : TEXT, argv, argc);
}

#define FIELD(member) OPTION_FIELD(struct list_options, member)

static const struct option rows[] = {
	{ "names", OPT_FLAG, NULL, "names only, one per line", .letter = 'n', FIELD(names) },
	{ "markdown", OPT_FLAG, NULL, "a table for a document", FIELD(markdown) },
	{ "schema", OPT_FLAG, NULL, "the rows that --json writes, as JSON Schema", FIELD(schema) },
	{ NULL },
};

const struct command cmd_list = {
	.name = "list",
	.summary = "list the models, policies, formats, generators and counters",
	.arguments = "[KIND...]",
	.title = "List the kernels, models, policies, killers, formats, generators, machine keys,\n"
		 "counters and commands.",
	.details =
		"KIND is kernels, models, policies, killers, formats, generators, machine-keys,\n"
		"counters or commands. Without KIND, all are listed.",
	.examples = "reapsim list policies\n"
		    "# for a script\n"
		    "reapsim list --names counters\n",
	.options = rows,
	.complete = complete_kinds,
	.size = sizeof(struct list_options),
	.run = run,
};
