// SPDX-License-Identifier: GPL-2.0-only
/*
 * tabs: a browser's tabs. They share nearly all their file pages (the program), and most of their
 * memory is anonymous. When memory is short the tab that was idle longest is discarded, which
 * ends its process; it reloads when the user comes back to it.
 */
#include <glib.h>

#include "traces/gen/apps.h"

static const struct gen_default defaults[] = {
	{ "apps", "60", true },
	{ "rounds", "10", true },
	{ "cached_limit", "25", true },
	{ "file_pages", "45000", true },
	{ "exclusive_percent", "2", true },
	{ "anon_pages", "30000", true },
	{ "start_percent", "60", true },
	{ "anon_resume_percent", "40", true },
	{ "order", "zipf", true },
	{ "death", "kill", false },
	{ "pids", "same", false },
	{ "gap_ms", "20000", true },
	{ "system_pages", "262144", true },
	{ "memcg_pages", "0", false },
	{ "memory_pages", "1048576", true },
	{ "swap_pages", "524288", true },
	{ NULL },
};

const struct trace_generator gen_tabs = {
	.name = "tabs",
	.summary = "browser tabs: the longest idle are discarded, and reload when chosen",
	.options = apps_options,
	.defaults = defaults,
	.generate = apps_generate,
};
