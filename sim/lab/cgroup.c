// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/cgroup.h"

#include <stdio.h>
#include <string.h>

#include <glib.h>

char **file_lines(const char *path)
{
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? g_strsplit(text, "\n", -1) : NULL;
}

static bool has_word(const char *text, const char *word)
{
	g_auto(GStrv) words = g_strsplit_set(text ? text : "", " ,\n", -1);

	return g_strv_contains((const char *const *)words, word);
}

bool cgroup_file_has_word(const char *dir, const char *name, const char *word)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) && has_word(text, word);
}

bool cgroup_hierarchy_find(struct cgroup_hierarchy *h)
{
	g_auto(GStrv) lines = file_lines("/proc/self/mountinfo");

	for (guint i = 0; lines && lines[i]; i++) {
		const char *rest = strstr(lines[i], " - ");
		char mount[4096], type[32], options[4096];

		if (!rest || sscanf(lines[i], "%*s %*s %*s %*s %4095s", mount) != 1 ||
		    sscanf(rest, " - %31s %*s %4095s", type, options) != 2)
			continue;
		if (!strcmp(type, "cgroup2") &&
		    cgroup_file_has_word(mount, "cgroup.controllers", "memory"))
			*h = (struct cgroup_hierarchy){ g_strdup(mount), 2 };
		else if (!strcmp(type, "cgroup") && has_word(options, "memory"))
			*h = (struct cgroup_hierarchy){ g_strdup(mount), 1 };
		else
			continue;
		return true;
	}
	return false;
}

char *cgroup_own(const struct cgroup_hierarchy *h)
{
	g_auto(GStrv) lines = file_lines("/proc/self/cgroup");

	for (guint i = 0; lines && lines[i]; i++) {
		g_auto(GStrv) part = g_strsplit(lines[i], ":", 3);

		if (g_strv_length(part) == 3 &&
		    (h->version == 2 ? !strcmp(part[0], "0") : has_word(part[1], "memory")))
			return g_build_filename(h->mount, part[2], NULL);
	}
	return NULL;
}

/* v1 has a very large number where v2 has "max" */
#define NO_LIMIT (1ull << 60)

bool cgroup_limits_memory(void)
{
	struct cgroup_hierarchy h = { 0 };
	g_autofree char *dir = cgroup_hierarchy_find(&h) ? cgroup_own(&h) : NULL;
	g_autofree char *mount = h.mount;
	const char *const file = h.version == 1 ? "memory.limit_in_bytes" : "memory.max";

	while (dir && g_str_has_prefix(dir, mount)) {
		g_autofree char *path = g_build_filename(dir, file, NULL), *text = NULL;
		char *above = g_path_get_dirname(dir);

		if (g_file_get_contents(path, &text, NULL, NULL) && g_ascii_isdigit(*text) &&
		    g_ascii_strtoull(text, NULL, 10) < NO_LIMIT) {
			g_free(above);
			return true;
		}
		g_free(dir);
		dir = above;
	}
	return false;
}
