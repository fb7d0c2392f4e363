// SPDX-License-Identifier: GPL-2.0-only
/*
 * shell-loop: a script that runs a handful of small programs over and over, which all
 * map one library, as the shell does.
 */
#include <glib.h>

#include "traces/gen/jobs.h"

static const struct gen_default defaults[] = {
	{ "programs", "6", true },	 { "runs", "3000", true },
	{ "program_pages", "60", true }, { "start_percent", "60", true },
	{ "inputs", "0", false },	 { "common_pages", "0", false },
	{ "anon_pages", "150", true },	 { "big_every", "500", true },
	{ "memcg_pages", "8192", true }, { NULL },
};

const struct trace_generator gen_shell_loop = {
	.name = "shell-loop",
	.summary = "small programs run over and over, as while true; do app; done",
	.options = jobs_options,
	.defaults = defaults,
	.generate = jobs_generate,
};
