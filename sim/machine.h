/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine that a trace is replayed on. Three layers, later ones win: the defaults, the
 * "machine" rows of the trace, and a key file (group [machine]) or single KEY=VALUE
 * settings of the user. All use the same keys: a new key is a member of struct machine and
 * a row of machine_keys[].
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
	 * the trace holds on this machine with unlimited memory
	 * (sim_config_peak()), resolved by machine_resolve().
	 */
	uint64_t memory_pages;		  /* free when the trace starts */
	uint64_t memcg_pages;		  /* memory.max */
	uint64_t memcg2_pages;		  /* memory.max of a second cgroup; 0: none. With
					   * memory_pages the first one has no limit */
	double memory_share, memcg_share; /* 0..; 0: not given */
	bool kmem;			  /* kernel memory is charged to that memcg */
	uint64_t managed_pages;		  /* of the zone; 0: as many as memory_pages */
	uint64_t pcp_pages;		  /* free pages on CPU 0's unmovable list at the start */
	uint64_t unevictable_pages;	  /* on the unevictable list; they only count */
	uint64_t swap_pages;		  /* zram: synchronous, no readahead */
	uint32_t cpus;			  /* 1..SIM_MAX_CPUS */
	uint32_t readahead_pages;	  /* of the device: read_ahead_kb / 4 */
	uint32_t io_pages;		  /* largest request of the device: max_sectors_kb / 4 */
	uint32_t max_folio_order;	  /* mapping_max_folio_order() of files not on tmpfs */
	uint32_t exec_folio_order;	  /* that program text is read in: arm64 4 */
	uint32_t fault_around_pages;	  /* power of two; 1: off */
	bool prefault_old;		  /* arm64 with hardware AF; x86: young */
	/*
	 * In the kernel, reclaim uses memcg statistics that are as old as their last
	 * flush, also for the root cgroup. flush_memcg_stats_dwork() flushes every
	 * 2 s, when its timer expires; here this is counted from the start of the
	 * trace and from each snapshot. The kernel counts from boot, unless the
	 * player waits for a flush (player.align=1). "exact" statistics are always
	 * up to date. "flushed" ones work as in the kernel, and need a trace in
	 * which time passes or snapshots are taken.
	 */
	bool memcg_stats_flushed;
	uint32_t snapshot_ms;	  /* of a snapshot, with them; 0: until the next flush */
	bool damon_stat;	  /* DAMON_STAT runs (sim/mm/damon.h) */
	uint32_t damon_sample_us; /* its interval when the trace begins */
	uint64_t damon_seed;	  /* of the places that it samples */
	uint64_t ram_pages;	  /* that it monitors; 0: as many as the limit */
	uint32_t file_system;	  /* enum file_system, sim/mm/file-system.h */
	uint32_t erofs_pcluster_pages, erofs_extent_bytes; /* of erofs-lz4: compressed, and not */
	/* what it implies, see file_system_apply() */
	bool ext4;	      /* its metadata uses page cache (sim/mm/ext4.h) */
	bool no_buffers;      /* its files have no buffer heads */
	bool all_shmem;	      /* every file is on tmpfs */
	bool fuse;	      /* its open files have more kernel memory */
	uint32_t block_pages; /* the least that is read of a file; 0 is 1 */
	bool rest_of_block;   /* of a block only what follows a page is read with it */
	bool in_pclusters;    /* its files are compressed by erofs (sim/mm/erofs.h) */
	bool reads_in_worker; /* they end in a worker: folios stay locked while their reader runs */
	/* times of operations, which periodic work depends on (this flush and the
	 * flusher); 0: time passes only where the trace says so */
	uint32_t read_us;  /* one request to the device */
	uint32_t fault_us; /* one page fault, without the device */
	uint32_t op_us;	   /* any operation of the trace except advance and mark */
	uint32_t scan_ns;  /* reclaim, per freed page or folio that it leaves; 0: reclaim
			    * takes no time, and kswapd never falls behind */
	/*
	 * Costs that only timed runs ("reapsim outcome") pay: CPU time per page, in
	 * picoseconds because some are a few ns. zap_file_ps: to unmap a file page
	 * without a mark. A mark adds one of three costs: it counts a reference
	 * (PG_referenced, or a tier of MGLRU), it activates the page, or it changes
	 * nothing. zap_anon_ps includes freeing the page.
	 */
	uint32_t zap_file_ps, mark_first_ps, mark_activate_ps, mark_active_ps;
	uint32_t zap_anon_ps, zap_swap_ps, advise_ps;
	uint32_t free_anon_ps;	     /* part of zap_anon_ps: freeing, after the flush of the TLB */
	uint32_t advise_inactive_ps; /* advise_ps of an inactive page; 0: the same */
	uint32_t evict_ps;	     /* added by "+evict" for a dropped page */
	/* to bring a file page into the page cache, without the device; to copy a page of
	 * read(2), and of write(2) (0: copy_ps); added to a fault for the anon page that it takes
	 * and clears */
	uint32_t fill_ps, copy_ps, write_ps, new_anon_ps;
	uint32_t fill_next_ps; /* fill_ps of a further page of a folio; 0: the same */
	/* read(2) or write(2), without its pages; a request to the device, from its submission to
	 * the wakeup; at exit: an open file */
	uint32_t call_ps, submit_ps, close_ps;
	/* a fault, which maps one page; each further page that it maps; mmap() or munmap(), without
	 * their pages */
	uint32_t fault_ps, fault_next_ps, mmap_ps;
	/* a page table: added to a fault that needs one; to free one. At exit: a mapping */
	uint32_t table_new_ps, table_free_ps, vma_ps;
	uint32_t zap_next_ps; /* zap_file_ps of a further page of a folio; 0: the same */
	uint32_t swap_in_ns, swap_out_ns; /* zram: CPU time of the task */
	/*
	 * The device of a timed run, sim/time/device.h: read_us is the mean latency of
	 * 4 KiB from an idle device, including the transfer at device_mbps, without submit_ps. The
	 * latency is read_us * (1 - spread) plus an exponentially distributed part
	 * with a mean of read_us * spread, so the spread is its standard deviation.
	 */
	uint32_t device_mbps;	    /* 10^6 bytes/s, shared by all requests; 0: no limit */
	uint32_t device_depth;	    /* requests served in parallel, others wait; 0: no limit */
	uint32_t device_segment_ns; /* transfer: added for each further folio of a request */
	uint32_t device_together;   /* no request ends before all in the device do */
	uint32_t device_spread_percent;
	uint32_t fsync_us;	 /* with dirty pages: the journal's, too; 0: one request */
	uint32_t fdatasync_us;	 /* the inode has not changed; 0: fsync_us */
	uint32_t sync_ps;	 /* CPU time, of both */
	uint32_t tick_us;	 /* 1000000 / CONFIG_HZ */
	uint32_t swappiness;	 /* 0..200 */
	uint32_t min_ttl_ms;	 /* MGLRU; 0: off */
	uint64_t min_free_pages; /* 0: computed as by the kernel */
	uint32_t watermark_scale_factor;
	uint32_t dirty_background_ratio; /* percent */
	uint32_t dirty_expire_ms, dirty_writeback_ms;
};

/** Set all keys to their defaults; the machine has no memory size yet. */
void machine_init(struct machine *m);
/** Set one KEY to VALUE. -EINVAL: @err names the key, the value and the expected values;
 * for an unknown key the valid ones. */
int machine_set(struct machine *m, const char *key, const char *value, struct err *err);
/** Apply the trace's header rows. */
int machine_from_trace(struct machine *m, const struct trace *t, struct err *err);
/** Apply the keys of a key file that has been read. */
int machine_from_keys(struct machine *m, const struct keyfile *k, struct err *err);
/** Apply a key file. */
int machine_from_file(struct machine *m, const char *path, struct err *err);
/** Convert shares of @peak_pages into pages and check that the machine is possible. Return: 0,
 * or -EINVAL with @err. */
int machine_resolve(struct machine *m, uint64_t peak_pages, struct err *err);
/** The effective limit, in pages. */
static inline uint64_t machine_limit(const struct machine *m)
{
	return m->memcg_pages ? m->memcg_pages : m->memory_pages;
}

/** One row per key, with the member that holds the value. */
extern const struct option machine_keys[];

#endif
