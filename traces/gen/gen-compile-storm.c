// SPDX-License-Identifier: GPL-2.0-only
/*
 * compile-storm: make -jN: one compiler, hundreds of runs, each with its own source and with
 * headers that many runs read. With jobs=1 every run is the only one to map the compiler when it
 * exits, and the next run needs it again at once.
 */
#include <glib.h>

#include "traces/gen/jobs.h"

static const struct gen_default defaults[] = {
	{ "programs", "1", false },
	{ NULL },
};

const struct trace_generator gen_compile_storm = {
	.name = "compile-storm",
	.summary = "hundreds of short runs of one compiler",
	.options = jobs_options,
	.defaults = defaults,
	.generate = jobs_generate,
};
