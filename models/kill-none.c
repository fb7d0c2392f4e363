// SPDX-License-Identifier: GPL-2.0-only
/* No killer except the kernel's OOM killer. */
#include "models/models.h"

const struct killer kill_none = {
	.name = "none",
	.summary = "only the kernel's OOM killer",
};
