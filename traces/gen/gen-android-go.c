// SPDX-License-Identifier: GPL-2.0-only
/*
 * android-go: a phone with little memory. The machine defines its killer and its slow storage
 * (1.5 ms per 4 KiB read): this generator is only smaller than android-cycle30.
 */
#include <glib.h>

#include "traces/gen/apps.h"

static const struct gen_default defaults[] = {
	{ "apps", "12", true },
	{ "rounds", "40", true },
	{ "cached_limit", "6", true },
	{ "file_pages", "15000", false },
	{ "anon_pages", "40000", true },
	{ "anon_resume_percent", "30", true },
	{ "order", "zipf", true },
	{ "pids", "same", false },
	{ "gap_ms", "10000", true },
	{ "system_pages", "262144", true },
	{ "memcg_pages", "0", false },
	{ "memory_pages", "524288", false },
	{ "swap_pages", "262144", true },
	{ "prefault", "old", false },
	{ NULL },
};

const struct trace_generator gen_android_go = {
	.name = "android-go",
	.summary = "a phone with 2 GB: few apps cached, most launches are cold",
	.options = apps_options,
	.defaults = defaults,
	.generate = apps_generate,
};
