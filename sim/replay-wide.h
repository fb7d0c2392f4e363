/* SPDX-License-Identifier: GPL-2.0-only */
/* Replays the wide operations (sim/op.h). */
#ifndef REAPSIM_REPLAY_WIDE_H
#define REAPSIM_REPLAY_WIDE_H

#include "sim/state.h"

/** Replay the REC_WIDE record @at for the process and the file of the registers; its REC_EXT
 * and REC_MORE stand before it. Return: as replay_op(). */
int replay_wide(struct sim *s, uint64_t at);

#endif
