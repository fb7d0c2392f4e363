// SPDX-License-Identifier: GPL-2.0-only
/*
 * compile-storm: make -jN: one compiler, hundreds of runs, each with a source of its
 * own and headers that many read. With jobs=1 every run is the only one to map the
 * compiler when it exits, and the next run wants it back at once.
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
