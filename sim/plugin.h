/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plug-ins: kernels, LRU models, policies, killers, readers, generators. A plug-in is one
 * const struct that begins like struct plugin. One NULL-terminated array per kind lists
 * them; the first is the default.
 */
#ifndef REAPSIM_PLUGIN_H
#define REAPSIM_PLUGIN_H

#include <stddef.h>

#include "sim/err.h"

/**
 * struct plugin
 * @name: as the user types it
 * @summary: one line for "reapsim list" and the documents
 */
struct plugin {
	const char *name;
	const char *summary;
};

/** Number of plug-ins in @registry. */
size_t plugin_nr(const void *registry);

/**
 * plugin_find - look up the first @len bytes of @name in @registry.
 * @kind: for the message: unknown KIND "NAME", and names_unknown()
 * @also: appended to that list; may be NULL
 * Return: the plug-in, or NULL with @err filled.
 */
const void *plugin_find_len(const void *registry, const char *kind, const char *name, size_t len,
			    const char *also, struct err *err);
const void *plugin_find(const void *registry, const char *kind, const char *name, struct err *err);

#endif
