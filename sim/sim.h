/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of a trace on a machine. Its state is struct sim (sim/state.h).
 *
 *   trace -> replay.c -> fault.c, filemap.c, zap.c -> batch.c -> lru_model
 *                          mm.c, rmap.c                   ^
 *                        charge.c -> reclaim.c -----------+
 *
 * Calls run one way: the run (sim/) calls memory management (sim/mm/), and both call
 * sim/time/. What has to be told upwards is told by hooks: struct mm_hooks, struct
 * sched_ops, clock.passed, the device's "done". tests/storeys.sh checks it.
 */
#ifndef REAPSIM_SIM_H
#define REAPSIM_SIM_H

#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "sim/state.h"
#include "sim/trace.h"
#include "sim/vmstat.h"

/** struct snapshot - the counters at a mark. */
struct snapshot {
	uint32_t name;	 /* index into trace->names */
	uint32_t number; /* among those of that name, from 1 */
	uint64_t op;	 /* ordinal of the mark's record */
	uint64_t now_ns;
	struct vmstat stat;
	GArray *pages; /* struct page_run; NULL unless cfg.keep_pages */
};

/** struct page_run - @count pages of a file, from @page, in the same state. */
struct page_run {
	uint32_t file, page, count;
	uint32_t mapcount;
	uint16_t flags; /* folio_flags; 0 if not resident */
};

/** -EINVAL if the kernel does not have what the machine asks of it. */
int sim_config_check(const struct sim_config *cfg, struct err *err);
/** -EINVAL if memory, swap and files have more pages than a run can number. */
int sim_fits(const struct trace *t, const struct machine *m, struct err *err);
/**
 * sim_new - a run of @t, which must stay unchanged while the run exists.
 * Return: NULL with @err set when memory for the folio table is missing.
 */
struct sim *sim_new(const struct trace *t, const struct sim_config *cfg, struct err *err);
void sim_free(struct sim *s);

/**
 * sim_run - replay up to @nr_recs further records (UINT64_MAX: all). A timed run
 * may return earlier, when much happens that is no record. How often it returns
 * changes no result.
 * Return: 1 when the end of the trace is reached, 0 when there is more,
 * -ENOMEM when the simulated machine is out of memory (nothing left to
 * reclaim), -EIO when --check found a broken invariant, -EDEADLK when the
 * processes of a timed run wait for what never comes.
 */
int sim_run(struct sim *s, uint64_t nr_recs, struct err *err);
/** When the statistics of memcgs are flushed next. */
uint64_t sim_next_flush(const struct sim *s);
/** From now on what the machine does takes as long as until the @nr'th mark. */
void sim_set_times(struct sim *s, guint nr);
/** Records replayed so far. */
uint64_t sim_position(const struct sim *s);

/** The counters now, levels filled in. */
void sim_stat(const struct sim *s, struct vmstat *out);
/** Bytes held by this run: folio table; lists; page tables; PTEs in use. */
struct sim_memory {
	uint64_t folio_bytes, list_bytes, table_bytes, nr_ptes;
};
void sim_memory(const struct sim *s, struct sim_memory *out);
/** Verify every invariant; -EIO and @err name the first that is broken. */
int sim_check(const struct sim *s, struct err *err);

#endif
