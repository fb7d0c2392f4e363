/* SPDX-License-Identifier: GPL-2.0-only */
/* The release, as the newest heading of CHANGELOG.md has it. */
#ifndef REAPSIM_VERSION_H
#define REAPSIM_VERSION_H

#define REAPSIM_VERSION "0.1.0"

#endif
