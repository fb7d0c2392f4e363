/* SPDX-License-Identifier: GPL-2.0-only */
/* For commands that run a sweep. */
#ifndef REAPSIM_CLI_SWEEP_H
#define REAPSIM_CLI_SWEEP_H

#include "sim/cli/cli.h"
#include "sim/lab/sweep.h"

/** sweep_parse(). Return: 0, and the caller clears @sw; or the exit code after printing the
 * error, and there is nothing to clear. */
int cli_sweep_parse(struct sweep *sw, const char *path, const char *text, size_t len);
/**
 * sweep_run(); SIGINT and SIGTERM interrupt it.
 * Return: 0, or the exit code after printing the error; 1 if some runs failed.
 */
int cli_sweep_run(struct sweep *sw, const struct outputs *files, const char *path, int jobs,
		  bool restart);

#endif
