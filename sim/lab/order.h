/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another order of the same trace. A trace is one interleaving of its processes. Which of two
 * processes ran first where nothing forced it is one of the things that a recording does not
 * tell.
 *
 * Each process runs by a clock of its own, which is up to @reach records late. Its delay is
 * drawn anew every @reach records and changes evenly in between, so a process runs at between
 * none and twice the speed of the recording. The records are sorted by these clocks. Each waits
 * for what it depends on, so none moves by more than @reach records.
 *
 * What stays in order:
 * - the records of a process, and a fork before those of the child. process_madvise() counts
 *   for both processes;
 * - the exit of a forked process before what its parent does later, and any other exit before
 *   all that was recorded later: whoever waited for it still does. So two programs that a shell
 *   waited for one by one can not change places;
 * - operations on a file that a process changes (write, truncate, unlink, rename),
 *   against all others on the file, also through mappings;
 * - barriers, against everything: spawns and kills, since the trace does not tell who called
 *   them; snapshots, drop_caches, drain, memory_max, memory_reclaim; and pauses, in which the
 *   trace's clock advances by 100 ms or more.
 *
 * Approximations:
 * - Pipes, sockets, locks and signals are not in a trace, nor is who reads from shared memory
 *   what another process wrote there. Processes that wait for each other by these may pass each
 *   other. The order is then one that could not have been: too much freedom.
 * - Programs that were started by vfork() are spawns in a trace. So those of a build can only
 *   change places between the start of one and the start of the next: too little freedom.
 * - A file is one thing: a write to its end holds back a read of its beginning.
 * - A shorter advance is no event that anybody waits for: recordings have one whenever nothing
 *   showed for a millisecond. It stays in the middle of what was around it.
 * - 100 ms is a judgement: a process that waits for a CPU or a disk rarely waits longer, so
 *   after such a pause something began that all had waited for: a user, a timer.
 */
#ifndef REAPSIM_ORDER_H
#define REAPSIM_ORDER_H

#include <stdint.h>

#include "sim/err.h"
#include "sim/lab/lab.h"
#include "sim/trace.h"

/** The most records of a trace that can be put in another order: 1 GiB of them. */
#define ORDER_RECS_MAX (1u << 27)

/**
 * order_trace - the operations of @t, which is valid, in another order.
 * @seed: the same gives the same bytes
 * @reach: records; 0: the order of @t
 *
 * Takes O(n log n). While it works it needs 16 bytes an operation, afterwards those of the
 * records; both leave memory for a file if they are large (sim/spill.h).
 *
 * Return: 0 with a valid trace in @out, owned by the caller; -EINTR if @h interrupts; -EINVAL if
 * @t is too long; or an error of spill_check().
 */
int order_trace(const struct trace *t, uint64_t seed, uint64_t reach, const struct lab_hooks *h,
		struct trace **out, struct err *err);

#endif
