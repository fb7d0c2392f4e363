/* SPDX-License-Identifier: GPL-2.0-only */
/* Single operations of a trace, for whoever replays them in an order of its own. */
#ifndef REAPSIM_REPLAY_H
#define REAPSIM_REPLAY_H

#include "sim/mm/mm.h"
#include "sim/sim.h"

/**
 * replay_op - one operation, by the registers in sim.replay; not one of those
 * that set them. @at: its record.
 * Return: 0, -ENOMEM, -EFAULT (an address is not mapped), -EINVAL, or -EINTR if
 * the process was killed meanwhile (timed runs).
 */
int replay_op(struct sim *s, struct op_rec rec, uint64_t at);
/** What replay_op() returned, put into words; returns it. */
int replay_failed(struct sim *s, int ret, uint64_t at);

/** Flags that the policy's caller of process_mrelease(), or the OOM reaper, passes. */
uint32_t reap_caller_flags(const struct sim_config *cfg, enum op_code how);
/** How a process ends that the trace ends by @how, and with which flags: the run
 * may say otherwise. */
enum op_code replay_end_as(const struct sim *s, enum op_code how, uint32_t *flags);
/** What comes before the exit: process_mrelease() or the OOM reaper, if @how says so. */
void proc_reap(struct sim *s, struct mm *mm, enum op_code how, uint32_t flags);
/** The exit; @mm is gone. Return: pages of the kernel that it gave back. */
uint64_t proc_exit(struct sim *s, struct mm *mm);
/** OP_SPAWN, of a trace that asks for @cpu. */
struct mm *proc_spawn(struct sim *s, uint32_t pid, uint32_t cpu);

#endif
