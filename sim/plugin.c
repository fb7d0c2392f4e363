// SPDX-License-Identifier: GPL-2.0-only
#include "sim/plugin.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

#include "sim/names.h"

size_t plugin_nr(const void *registry)
{
	size_t n = 0;

	for (const struct plugin *const *p = registry; p[n];)
		n++;
	return n;
}

const void *plugin_find_len(const void *registry, const char *kind, const char *name, size_t len,
			    const char *also, struct err *err)
{
	g_autofree const char **valid = g_new0(const char *, plugin_nr(registry) + 1);
	g_autofree char *typed = g_strndup(name, len), *expected = NULL;
	size_t n = 0;

	for (const struct plugin *const *p = registry; *p; p++) {
		if (!strcmp((*p)->name, typed))
			return *p;
		valid[n++] = (*p)->name;
	}
	expected = names_unknown(typed, valid);
	err_set(err, -EINVAL, "unknown %s \"%s\"%s%s", kind, name, expected, also ? also : "");
	return NULL;
}

const void *plugin_find(const void *registry, const char *kind, const char *name, struct err *err)
{
	return plugin_find_len(registry, kind, name, strlen(name), NULL, err);
}
