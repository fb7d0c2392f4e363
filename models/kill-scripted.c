// SPDX-License-Identifier: GPL-2.0-only
/* Kills at the places where the trace has them. */
#include "models/models.h"

const struct killer kill_scripted = {
	.name = "scripted",
	.summary = "the trace: its kill, mrelease and oom rows",
	.scripted = true,
};
