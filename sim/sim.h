/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of a trace on a machine. Its state is struct sim (sim/state.h).
 *
 *   trace -> replay.c -> fault.c, filemap.c, zap.c -> batch.c -> lru_model
 *                          mm.c, rmap.c                   ^
 *                        charge.c -> reclaim.c -----------+
 *
 * Calls go down only: the run (sim/) calls memory management (sim/mm/), and both call
 * sim/time/. Lower storeys report upwards through hooks: struct mm_hooks, struct
 * sched_ops, clock.passed, the device's "done". tests/storeys.sh checks this.
 */
#ifndef REAPSIM_SIM_H
#define REAPSIM_SIM_H

#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "sim/state.h"
#include "sim/trace.h"
#include "sim/vmstat.h"

/** struct snapshot - the counters at a "mark" row of the trace. */
struct snapshot {
	uint32_t name;	 /* index into trace->names */
	uint32_t number; /* among the snapshots of that name, from 1 */
	uint64_t op;	 /* ordinal of its record */
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

/** -EINVAL and @err if the kernel profile lacks a feature that the machine asks for. */
int sim_config_check(const struct sim_config *cfg, struct err *err);
/** The largest memory that @cfg may have, as its memory_pages or memcg_pages, without swap. At
 * least 1, even if sim_fits() refuses that. */
uint64_t sim_memory_max(const struct trace *t, const struct sim_config *cfg);
/** -EINVAL and @err if memory, swap and files have more pages than a run can number. */
int sim_fits(const struct trace *t, const struct sim_config *cfg, struct err *err);
/**
 * sim_new - create a run of @t, which must stay unchanged while the run exists.
 * @cfg: copied; must have passed sim_config_check() and sim_fits()
 * Return: the run, to be freed with sim_free(), or NULL with @err set if there is no memory
 * for the folio table.
 */
struct sim *sim_new(const struct trace *t, const struct sim_config *cfg, struct err *err);
/** Free the run, its snapshots included; not the trace. */
void sim_free(struct sim *s);

/**
 * sim_run - replay up to @nr_recs more records (UINT64_MAX: all). A timed run may return
 * earlier, as it also counts events between records. How often it returns changes no result.
 * Return: 1 at the end of the trace; 0 if there is more; -ENOMEM if the simulated machine is
 * out of memory (nothing left to reclaim); -EIO if a check found a broken invariant; -EDEADLK
 * if all tasks of a timed run are blocked and no event is pending. @err is set on errors.
 */
int sim_run(struct sim *s, uint64_t nr_recs, struct err *err);
/** The flusher of memcg statistics has just run: when its timer brings it back. */
void sim_flushed(struct sim *s);
/** An operation begins, in a run with sim_config.times: flush statistics if they say so. */
void sim_operation(struct sim *s);
/** Use the times of the part up to the next snapshot from now on (sim_config.times). */
void sim_set_times(struct sim *s);
/** Records replayed so far. */
uint64_t sim_position(const struct sim *s);

/** The current counters, including the levels (gauges). */
void sim_stat(const struct sim *s, struct vmstat *out);
/** struct sim_memory - bytes used by a run: folio table, lists, page tables; and the number of
 * PTEs in use. */
struct sim_memory {
	uint64_t folio_bytes, list_bytes, table_bytes, nr_ptes;
};
void sim_memory(const struct sim *s, struct sim_memory *out);
/** Verify every invariant. Return: 0, or -EIO with @err naming the first broken one. */
int sim_check(const struct sim *s, struct err *err);

#endif
