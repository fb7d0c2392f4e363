// SPDX-License-Identifier: GPL-2.0-only
/*
 * app-rotation: a phone in a memory cgroup, as small and simple as possible:
 * apps take turns, nothing else runs. See traces/gen/apps.c.
 */
#include <glib.h>

#include "traces/gen/apps.h"

const struct trace_generator gen_app_rotation = {
	.name = "app-rotation",
	.summary = "a phone: apps take turns, the least recently used ones are killed",
	.options = apps_options,
	.generate = apps_generate,
};
