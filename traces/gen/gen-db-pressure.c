// SPDX-License-Identifier: GPL-2.0-only
/*
 * db-pressure: a database maps one large file, which nobody else does, and reads it all
 * over, some pages often. A neighbour needs memory, the database is the OOM killer's
 * victim, and has to have its pages back when it restarts.
 */
#include <glib.h>

#include "traces/gen/services.h"

static const struct gen_default defaults[] = {
	{ "image_pages", "4096", true },
	{ "image_percent", "60", true },
	{ "data_pages", "40000", true },
	{ "data_percent", "60", true },
	{ "data_touches", "1000", true },
	{ "restart_ms", "1000", true },
	{ NULL },
};

const struct trace_generator gen_db_pressure = {
	.name = "db-pressure",
	.summary = "a database that maps one large file, killed and restarted",
	.options = services_options,
	.defaults = defaults,
	.returns = &services_return,
	.generate = services_generate,
};
