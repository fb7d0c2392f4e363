/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine files that come with the program. They are looked for next to the program, so that
 * an installation can be moved and a checkout needs none:
 *
 *	PREFIX/bin/reapsim	PREFIX/share/reapsim/machines
 *	build/reapsim		traces/machines
 *
 * The player of reapsim play likewise, in PREFIX/libexec/reapsim, or next to the program.
 */
#ifndef REAPSIM_CLI_DATA_H
#define REAPSIM_CLI_DATA_H

#include "sim/cli/complete.h"
#include "sim/err.h"

/**
 * data_find_machine - the path of the machine that @typed names: the file of that path, or, if
 * there is none and @typed has no folder, the file NAME.conf of those that come with the program.
 * Return: the path, to be freed by the caller, or NULL with @err saying where it looked.
 */
char *data_find_machine(const char *typed, struct err *err);

/** The path of the player, which may not be there. The caller frees it. */
char *data_find_player(void);

/** Offer their names. */
void data_complete_machines(struct completion *c);

#endif
