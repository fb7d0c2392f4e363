// SPDX-License-Identifier: GPL-2.0-only
/*
 * android-ageing: one app is started, goes to the background, and is killed after some time
 * there: 0, 1, 5 or 15 minutes, the ages for which published data shows how much reclaim took
 * from such an app. It comes back after a gap between a second and an hour. Meanwhile other apps
 * take turns. The older the app, the more reclaim has decided about its pages before the reap;
 * two reviewers call this the real question.
 */
#include <glib.h>

#include "traces/gen/apps.h"

static const struct gen_default defaults[] = {
	{ "apps", "20", true },
	{ "rounds", "8", true },
	{ "order", "ageing", false },
	{ "file_pages", "52000", false },
	{ "anon_pages", "63000", false },
	{ "anon_resume_percent", "30", true },
	{ "pids", "same", false },
	{ "gap_ms", "10000", true },
	{ "system_pages", "1048576", true },
	{ "cached_limit", "15", true },
	{ "memcg_pages", "0", false },
	{ "memory_pages", "2097152", false },
	{ "swap_pages", "1048576", true },
	{ "prefault", "old", false },
	{ NULL },
};

const struct trace_generator gen_android_ageing = {
	.name = "android-ageing",
	.summary = "a phone on which one app is killed at a given age and returns",
	.options = apps_options,
	.defaults = defaults,
	.returns = &apps_return,
	.generate = apps_generate,
};
