/* SPDX-License-Identifier: GPL-2.0-only */
/* Sweeps, for the commands that are one. */
#ifndef REAPSIM_CLI_SWEEP_H
#define REAPSIM_CLI_SWEEP_H

#include "sim/cli/cli.h"
#include "sim/lab/sweep.h"

/** sweep_parse(). Return: 0 with @sw to be cleared; or the exit code after printing why,
 * and nothing to clear. */
int cli_sweep_parse(struct sweep *sw, const char *path, const char *text, size_t len);
/**
 * sweep_run(), which SIGINT and SIGTERM end.
 * Return: 0; or the exit code after printing why, or which runs failed: 1.
 */
int cli_sweep_run(struct sweep *sw, const struct outputs *files, const char *path, int jobs,
		  bool restart);

#endif
