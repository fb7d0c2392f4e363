/* SPDX-License-Identifier: GPL-2.0-only */
/* Single operations of a trace, for timed runs, which replay them in their own order. */
#ifndef REAPSIM_REPLAY_H
#define REAPSIM_REPLAY_H

#include "sim/mm/mm.h"
#include "sim/sim.h"

/**
 * replay_op - execute one operation with the registers in sim.replay; not an operation that
 * sets registers. @at: its record.
 * Return: 0, -ENOMEM, -EFAULT (an address is not mapped), -EINVAL, or -EINTR if the process
 * was killed meanwhile (timed runs).
 */
int replay_op(struct sim *s, struct op_rec rec, uint64_t at);
/** Set the message for @ret, the error of replay_op(). Return: @ret. */
int replay_failed(struct sim *s, int ret, uint64_t at);

/** Flags that the policy's caller of process_mrelease(), or the OOM reaper, passes. */
uint32_t reap_caller_flags(const struct sim_config *cfg, enum op_code how);
/** The kind of exit that replaces @how, and its flags: a run may override those of the
 * trace (sim_config.ends_as). */
enum op_code replay_end_as(const struct sim *s, enum op_code how, uint32_t *flags);
/** Reap before the exit: process_mrelease() or the OOM reaper, depending on @how. */
void proc_reap(struct sim *s, struct mm *mm, enum op_code how, uint32_t flags);
/** Exit; frees @mm. Return: number of kernel pages freed. */
uint64_t proc_exit(struct sim *s, struct mm *mm);
/** OP_SPAWN on @cpu of the trace. Return: the new mm, owned by the run. */
struct mm *proc_spawn(struct sim *s, uint32_t pid, uint32_t cpu);

#endif
