// SPDX-License-Identifier: GPL-2.0-only
/*
 * camera-burst: the phone of android-cycle30, but with favourites among the apps, and
 * every so often a camera that takes 1 GB at once, for which 3 to 10 cached apps die.
 * The user then goes back to those apps.
 */
#include <glib.h>

#include "traces/gen/apps.h"

static const struct gen_default defaults[] = {
	{ "rounds", "10", true },
	{ "order", "zipf", true },
	{ "burst_every", "10", true },
	{ "file_pages", "52000", false },
	{ "anon_pages", "63000", false },
	{ "anon_resume_percent", "30", true },
	{ "pids", "same", false },
	{ "gap_ms", "10000", true },
	{ "system_pages", "524288", true },
	{ "cached_limit", "20", true },
	{ "memcg_pages", "0", false },
	{ "memory_pages", "2097152", false },
	{ "swap_pages", "1048576", true },
	{ "prefault", "old", false },
	{ NULL },
};

const struct trace_generator gen_camera_burst = {
	.name = "camera-burst",
	.summary = "a phone on which large allocations kill several apps at once",
	.options = apps_options,
	.defaults = defaults,
	.generate = apps_generate,
};
