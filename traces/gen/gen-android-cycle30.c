// SPDX-License-Identifier: GPL-2.0-only
/*
 * android-cycle30: the shape of the public rotation studies, 30 apps x 500 rounds
 * on a phone with 8 GB: 2 million pages of RAM, zram, kswapd. The defaults of an
 * app's size are those of one app measured on such a phone (206 MB of files, 247 MB
 * anonymous memory when it is new); the number of apps that the phone keeps, the system's memory,
 * and the pages that a start and a resume touch are assumed. See traces/studies/ROTATION.md.
 */
#include <glib.h>

#include "traces/gen/apps.h"

static const struct gen_default defaults[] = {
	{ "rounds", "20", false },
	{ "file_pages", "52000", false },
	{ "anon_pages", "63000", false },
	{ "anon_resume_percent", "30", true },
	{ "pids", "same", false },
	{ "gap_ms", "10000", true },
	{ "system_pages", "524288", true },
	{ "cached_limit", "22", true },
	{ "memcg_pages", "0", false },
	{ "memory_pages", "2097152", false },
	{ "swap_pages", "1048576", true },
	{ "prefault", "old", false },
	{ NULL },
};

const struct trace_generator gen_android_cycle30 = {
	.name = "android-cycle30",
	.summary = "30 apps take turns on a phone with 8 GB, as in public studies of 500 rounds",
	.options = apps_options,
	.defaults = defaults,
	.generate = apps_generate,
};
