// SPDX-License-Identifier: GPL-2.0-only
/*
 * oomd-restart: when a neighbour needs memory, all processes of one cgroup get SIGKILL,
 * as systemd-oomd and oomd do it, and the service manager starts them again after 100 ms.
 */
#include <glib.h>

#include "traces/gen/services.h"

static const struct gen_default defaults[] = {
	{ "groups", "2", true },
	{ "processes", "6", true },
	{ "tick_ms", "100", false },
	{ "image_pages", "32768", true },
	{ "data_touches", "20", true },
	{ "death", "kill", false },
	{ "anon_pages", "2048", true },
	{ "hog_pages", "30000", true },
	{ NULL },
};

const struct trace_generator gen_oomd_restart = {
	.name = "oomd-restart",
	.summary = "a whole cgroup, killed under pressure and restarted at once",
	.options = services_options,
	.defaults = defaults,
	.returns = &services_return,
	.generate = services_generate,
};
