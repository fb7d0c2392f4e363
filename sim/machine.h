/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine a trace is replayed on. Three layers, later ones win: the
 * defaults, the trace's own "machine" rows, a key file given by the user
 * (group [machine]) or single KEY=VALUE settings. All use the same keys: a new
 * one is a member of struct machine and a row of machine_keys[].
 */
#ifndef REAPSIM_MACHINE_H
#define REAPSIM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/err.h"
#include "sim/option.h"
#include "sim/trace.h"

struct keyfile;

#define SIM_MAX_CPUS 8

/** struct machine - units are 4 KiB pages. */
struct machine {
	char name[64];
	/*
	 * Exactly one of these limits the run: a memcg limit means reclaim by
	 * the charging task and no kswapd, a memory size means watermarks and
	 * kswapd. Both may be given as a share ("40%") of the most pages that
	 * the trace would hold on this machine if memory were endless
	 * (sim_config_peak()), resolved by machine_resolve().
	 */
	uint64_t memory_pages;		  /* managed by the page allocator */
	uint64_t memcg_pages;		  /* memory.max */
	double memory_share, memcg_share; /* 0..; 0: not given */
	uint64_t swap_pages;		  /* zram: synchronous, no readahead */
	uint32_t cpus;			  /* 1..SIM_MAX_CPUS */
	uint32_t readahead_pages;	  /* of the device: read_ahead_kb / 4 */
	uint32_t io_pages;		  /* its largest request: max_sectors_kb / 4 */
	uint32_t max_folio_order;	  /* mapping_max_folio_order() of what is on no tmpfs */
	uint32_t fault_around_pages;	  /* power of two; 1: off */
	bool prefault_old;		  /* arm64 with hardware AF; x86: young */
	/*
	 * Reclaim decides by statistics that are only as fresh as their last
	 * flush, those of the root cgroup too: every 2 s
	 * (flush_memcg_stats_dwork()), counted from the start of the trace and
	 * from each mark. A kernel's begin at its boot, unless the player waits
	 * for them, as it does with player.align=1. "exact" pretends that
	 * they are always fresh; "flushed" does as the kernel, and needs a trace
	 * with time or marks in it.
	 */
	bool memcg_stats_flushed;
	bool ext4; /* file_system: the files have one, with pages of its own (sim/mm/ext4.h) */
	/* what an operation takes, for what happens every so often (this and
	 * the flusher); 0: time passes only where the trace says so */
	uint32_t read_us;  /* one request to the device */
	uint32_t fault_us; /* one page fault, the device not counted */
	uint32_t op_us;	   /* any operation of the trace but advance and mark */
	uint32_t scan_ns;  /* reclaim, for each page that it looks at; 0:
			    * it takes no time, and kswapd is always done */
	/*
	 * The rest of what time costs is paid in a timed run only ("reapsim
	 * outcome"). Picoseconds of CPU time a page, where it is a few ns:
	 * zap_file_ps is the unmapping of a file page whose accessed state is
	 * left alone. A mark adds one of three, by what it finds: a page whose
	 * references it counts up (PG_referenced, or a tier of MGLRU), one that
	 * it activates, one where nothing is left to do. zap_anon_ps includes
	 * freeing the page.
	 */
	uint32_t zap_file_ps, mark_first_ps, mark_activate_ps, mark_active_ps;
	uint32_t zap_anon_ps, zap_swap_ps;
	uint32_t evict_ps;		  /* added by "+evict", for a page that it drops */
	uint32_t swap_in_ns, swap_out_ns; /* zram: CPU time of the task */
	/*
	 * The device of a timed run, sim/time/device.h: read_us is the mean latency of
	 * 4 KiB from an idle one, the transfer at device_mbps included. The
	 * latency is read_us * (1 - spread) for certain and an exponentially
	 * distributed rest with a mean of read_us * spread, which makes the
	 * spread its standard deviation.
	 */
	uint32_t device_mbps;  /* 10^6 bytes a second, shared by all requests; 0: no limit */
	uint32_t device_depth; /* requests served at once, the others wait; 0: no limit */
	uint32_t device_spread_percent;
	uint32_t tick_us;	 /* 1000000 / CONFIG_HZ */
	uint32_t swappiness;	 /* 0..200 */
	uint32_t min_ttl_ms;	 /* MGLRU; 0: off */
	uint64_t min_free_pages; /* 0: as the kernel computes it */
	uint32_t watermark_scale_factor;
	uint32_t dirty_background_ratio; /* percent */
	uint32_t dirty_expire_ms, dirty_writeback_ms;
};

void machine_init(struct machine *m);
/** Set one KEY to VALUE; -EINVAL names the key, the value and what is
 * expected; an unknown key lists the valid ones. */
int machine_set(struct machine *m, const char *key, const char *value, struct err *err);
/** Apply the trace's header rows. */
int machine_from_trace(struct machine *m, const struct trace *t, struct err *err);
/** Apply the keys of a key file that has been read. */
int machine_from_keys(struct machine *m, const struct keyfile *k, struct err *err);
/** Apply a key file. */
int machine_from_file(struct machine *m, const char *path, struct err *err);
/** Turn shares into pages and check that the whole is possible. */
int machine_resolve(struct machine *m, uint64_t peak_pages, struct err *err);
/** The limit that is in force, in pages. */
static inline uint64_t machine_limit(const struct machine *m)
{
	return m->memcg_pages ? m->memcg_pages : m->memory_pages;
}

/** The keys: one row each, with the member that takes the value. */
extern const struct option machine_keys[];

#endif
