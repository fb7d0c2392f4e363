// SPDX-License-Identifier: GPL-2.0-only
/* The registry of traces/gen/gen.h. */
#include "sim/plugin.h"
#include "traces/gen/gen.h"

#define ENTRY(name) &name,

const struct trace_generator *const trace_generators[] = { TRACE_GENERATORS(ENTRY) NULL };

const struct trace_generator *gen_find(const char *name, struct err *err)
{
	return plugin_find(trace_generators, "generator", name, err);
}
