// SPDX-License-Identifier: GPL-2.0-only
/*
 * k8s-crashloop: replicas of one image, each killed by its memory limit after some
 * seconds and started again after 10, 20, 40 .. 300 s. They share the image, so a page of it is
 * exclusive only while the others are down.
 */
#include <glib.h>

#include "traces/gen/services.h"

static const struct gen_default defaults[] = {
	{ "groups", "8", true },
	{ "seconds", "1800", true },
	{ "data_pages", "4096", true },
	{ "victims", "life", false },
	{ "restart", "kubernetes", false },
	{ "hog_every_s", "30", true },
	{ "hog_op", "read", true },
	{ "anon_pages", "4096", true },
	{ NULL },
};

const struct trace_generator gen_k8s_crashloop = {
	.name = "k8s-crashloop",
	.summary = "replicas of one image crash and back off as Kubernetes does",
	.options = services_options,
	.defaults = defaults,
	.returns = &services_return,
	.generate = services_generate,
};
