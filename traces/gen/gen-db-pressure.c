// SPDX-License-Identifier: GPL-2.0-only
/*
 * db-pressure: a database is the only process that maps one large file, and reads all of it, some
 * pages often. A neighbour needs memory, the OOM killer kills the database, and the database
 * needs its pages again when it restarts.
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
