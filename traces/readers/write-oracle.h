/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes libCacheSim's oracleGeneral binary, so that its cachesim replays the
 * very same accesses as reapsim.
 */
#ifndef REAPSIM_TRACES_WRITE_ORACLE_H
#define REAPSIM_TRACES_WRITE_ORACLE_H

#include <stdio.h>

#include "sim/err.h"
#include "sim/trace.h"

/**
 * trace_write_oracle - one 24-byte record per page read or written through a
 * descriptor: u32 seconds, u64 object (the page's slot + 1), u32 size (4096),
 * i64 ordinal of the next access to the object, counted from 1, -1 if none.
 *
 * Starts and ends of processes, snapshots and drains have no counterpart and are left
 * out; a trace with operations that change what is cached otherwise
 * (touch, drop_caches) is refused with -EINVAL. Needs 4 bytes of memory per
 * access and per file page. Write errors stay in @f, as in traces/readers/write.h.
 */
int trace_write_oracle(const struct trace *t, FILE *f, struct err *err);

#endif
