// SPDX-License-Identifier: GPL-2.0-only
#include "sim/plugin.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

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
	g_autoptr(GString) names = g_string_new(NULL);

	for (const struct plugin *const *p = registry; *p; p++) {
		if (strlen((*p)->name) == len && !strncmp((*p)->name, name, len))
			return *p;
		g_string_append_printf(names, "%s%s", names->len ? ", " : "", (*p)->name);
	}
	err_set(err, -EINVAL, "unknown %s \"%s\", expected one of: %s%s", kind, name, names->str,
		also ? also : "");
	return NULL;
}

const void *plugin_find(const void *registry, const char *kind, const char *name, struct err *err)
{
	return plugin_find_len(registry, kind, name, strlen(name), NULL, err);
}
