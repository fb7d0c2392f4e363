// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/complete.h"

#include <stdbool.h>
#include <string.h>

#include "models/models.h"
#include "sim/cli/data.h"
#include "sim/lab/config.h"
#include "sim/lab/ensemble.h"
#include "sim/machine.h"
#include "sim/names.h"
#include "sim/option.h"
#include "sim/plugin.h"
#include "sim/restart.h"
#include "sim/vmstat.h"
#include "traces/gen/gen.h"
#include "traces/readers/readers.h"

void complete_word(struct completion *c, const char *word, const char *text)
{
	if (g_str_has_prefix(word, c->typed))
		g_ptr_array_add(c->words,
				g_strconcat(c->before, word, text ? "\t" : NULL, text, NULL));
}

bool complete_step_over(struct completion *c, char separator)
{
	const char *at = strrchr(c->typed, separator);
	char *before;

	if (!at)
		return false;
	before = g_strdup_printf("%s%.*s", c->before, (int)(at + 1 - c->typed), c->typed);
	g_free(c->before);
	c->before = before;
	c->typed = at + 1;
	return true;
}

/* KEY=, then the values of a choice */
static void complete_settings(struct completion *c, const struct option *rows)
{
	const size_t len = strcspn(c->typed, "=");
	const struct option *o = c->typed[len] ? option_find(rows, c->typed, len) : NULL;

	if (c->typed[len]) {
		complete_step_over(c, '=');
		for (size_t i = 0; o && o->type == OPT_CHOICE && o->choices[i]; i++)
			complete_word(c, o->choices[i], NULL);
		return;
	}
	for (; rows && rows->name; rows++) {
		g_autofree char *key = g_strconcat(rows->name, "=", NULL);

		complete_word(c, key, rows->help);
	}
}

static void complete_plugins(struct completion *c, const void *registry)
{
	for (const struct plugin *const *p = registry; *p; p++)
		complete_word(c, (*p)->name, (*p)->summary);
}

/* After "NAME:" the settings of the plug-in of that name. Return: whether that is typed. */
static bool complete_plugin_settings(struct completion *c, const void *registry,
				     const struct option *(*options)(const void *plugin))
{
	g_autofree char *name = g_strndup(c->typed, strcspn(c->typed, ":"));
	const void *plugin = plugin_find(registry, "", name, NULL);

	if (!complete_step_over(c, ':'))
		return false;
	if (plugin)
		complete_settings(c, options(plugin));
	return true;
}

static const struct option *policy_options(const void *plugin)
{
	return ((const struct reap_policy *)plugin)->options;
}

static const struct option *killer_options(const void *plugin)
{
	return ((const struct killer *)plugin)->options;
}

void complete_policies(struct completion *c)
{
	if (complete_plugin_settings(c, reap_policies, policy_options))
		return;
	for (const struct reap_policy *const *p = reap_policies; *p; p++) {
		g_autofree char *evict = g_strconcat((*p)->name, "+evict", NULL);

		complete_word(c, (*p)->name, (*p)->summary);
		if ((*p)->evict_scope)
			complete_word(c, evict,
				      "the same, and drops the page cache that it unmaps");
	}
}

void complete_killers(struct completion *c)
{
	if (!complete_plugin_settings(c, killers, killer_options))
		complete_plugins(c, killers);
}

void complete_kernels(struct completion *c)
{
	complete_plugins(c, kernel_profiles);
}

void complete_models(struct completion *c)
{
	complete_plugins(c, lru_models);
}

void complete_formats(struct completion *c)
{
	complete_plugins(c, trace_readers);
}

void complete_counters(struct completion *c)
{
	for (int i = 0; i < NR_VMSTAT; i++)
		complete_word(c, vmstat_name((enum vmstat_item)i),
			      vmstat_text((enum vmstat_item)i));
}

void complete_ends(struct completion *c)
{
	for (int code = OP_NONE; code < NR_OPS; code++) {
		const char *name = ends_as_name((enum op_code)code);

		if (strcmp(name, "?"))
			complete_word(c, name, NULL);
	}
}

void complete_restarts(struct completion *c)
{
	bool timed;

	for (size_t i = 0; restart_rule_name(i, &timed); i++) {
		g_autofree char *word =
			g_strconcat(restart_rule_name(i, &timed), timed ? "=" : NULL, NULL);

		complete_word(c, word, NULL);
	}
}

void complete_axes(struct completion *c)
{
	for (size_t i = 0; i < NR_ENSEMBLE_AXES; i++)
		complete_word(c, ensemble_axes[i].name, ensemble_axes[i].text);
}

void complete_machine_keys(struct completion *c)
{
	complete_settings(c, machine_keys);
}

static void complete_generator_keys(struct completion *c, const char *name)
{
	const struct trace_generator *g = gen_find(name, NULL);
	struct option rows[GEN_OPTIONS_MAX + 2];

	if (!g)
		return;
	gen_options(g, rows);
	complete_settings(c, rows);
}

void complete_generator(struct completion *c)
{
	if (c->args[0])
		complete_generator_keys(c, c->args[0]);
	else
		complete_plugins(c, trace_generators);
}

void complete_generator_or_traces(struct completion *c)
{
	complete_generator(c);
	if (!c->args[0])
		complete_traces(c);
}

void complete_reclaim_first(struct completion *c)
{
	complete_generator_keys(c, "reclaim-first");
}

/* "DIR/" of the typed "DIR/NA", as the file system knows it; NULL: the current folder */
static char *typed_folder(const struct completion *c)
{
	const char *slash = strrchr(c->typed, '/');

	if (!slash)
		return NULL;
	if (g_str_has_prefix(c->typed, "~/"))
		return g_strdup_printf("%s%.*s", g_get_home_dir(), (int)(slash - c->typed),
				       c->typed + 1);
	return g_strndup(c->typed, (gsize)(slash + 1 - c->typed));
}

static bool has_ending(const char *name, const char *const *endings)
{
	for (; *endings; endings++)
		if (g_str_has_suffix(name, *endings))
			return true;
	return false;
}

/* Files whose name ends in one of @endings, which ends with NULL, and folders. */
static void complete_paths(struct completion *c, const char *const *endings)
{
	g_autofree char *folder = typed_folder(c);
	g_autoptr(GDir) dir = g_dir_open(folder ? folder : ".", 0, NULL);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	complete_step_over(c, '/');
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder ? folder : ".", name, NULL);
		const bool is_dir = g_file_test(path, G_FILE_TEST_IS_DIR);

		/* a line is a word, and a tab ends it */
		if ((*name == '.' && *c->typed != '.') || strpbrk(name, "\n\t"))
			continue;
		if (is_dir || has_ending(name, endings))
			g_ptr_array_add(found, g_strconcat(name, is_dir ? "/" : NULL, NULL));
	}
	g_ptr_array_sort(found, names_compare);
	for (guint i = 0; i < found->len; i++)
		complete_word(c, found->pdata[i], NULL);
}

void complete_traces(struct completion *c)
{
	static const char *const endings[] = { ".csv",	".rtrace", ".gz", ".zst",
					       ".data", ".dat",	   NULL };

	complete_paths(c, endings);
}

void complete_keyfiles(struct completion *c)
{
	static const char *const endings[] = { ".conf", NULL };

	complete_paths(c, endings);
}

void complete_machines(struct completion *c)
{
	data_complete_machines(c);
	complete_keyfiles(c);
}

void complete_results(struct completion *c)
{
	static const char *const endings[] = { ".csv", NULL };

	complete_paths(c, endings);
}

void complete_files(struct completion *c)
{
	static const char *const endings[] = { "", NULL };

	complete_paths(c, endings);
}

void complete_folders(struct completion *c)
{
	static const char *const endings[] = { NULL };

	complete_paths(c, endings);
}
