/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters. Most have the name and the meaning of a counter in /proc/vmstat of v7.3
 * (memory.stat for a run in a memcg), so that users can compare them with those of a real
 * machine. The kernel does not have the counters that start with "sim_".
 */
#ifndef REAPSIM_VMSTAT_H
#define REAPSIM_VMSTAT_H

#include <stdint.h>

/* X(name, is_gauge, meaning); the unit is a 4 KiB page unless the meaning says otherwise */
#define VMSTAT_LIST(X)                                                                             \
	X(nr_free_pages, 1, "free pages; with a memcg limit: pages left below it")                 \
	X(nr_inactive_anon, 1, "length of the inactive anon list")                                 \
	X(nr_active_anon, 1, "length of the active anon list")                                     \
	X(nr_inactive_file, 1, "length of the inactive file list")                                 \
	X(nr_active_file, 1, "length of the active file list")                                     \
	X(nr_file_pages, 1, "page cache, tmpfs included")                                          \
	X(nr_anon_pages, 1, "mapped anonymous pages")                                              \
	X(nr_mapped, 1, "page-cache pages mapped at least once")                                   \
	X(nr_shmem, 1, "tmpfs pages in the page cache")                                            \
	X(nr_dirty, 1, "dirty file pages")                                                         \
	X(nr_mlock, 1, "locked pages")                                                             \
	X(nr_unevictable, 1, "pages on the unevictable list")                                      \
	X(pgfault, 0, "page faults (events)")                                                      \
	X(pgmajfault, 0, "page faults that read from a device (events)")                           \
	X(pgscan_kswapd, 0, "inactive pages scanned by kswapd")                                    \
	X(pgscan_direct, 0, "inactive pages scanned by direct and memcg reclaim")                  \
	X(pgscan_proactive, 0, "inactive pages scanned by memory.reclaim, from v6.18 on")          \
	X(pgsteal_kswapd, 0, "pages freed by kswapd")                                              \
	X(pgsteal_direct, 0, "pages freed by direct and memcg reclaim")                            \
	X(pgsteal_proactive, 0, "pages freed by memory.reclaim, from v6.18 on")                    \
	X(pgscan_anon, 0, "anon pages scanned")                                                    \
	X(pgscan_file, 0, "file pages scanned")                                                    \
	X(pgsteal_anon, 0, "anon pages freed")                                                     \
	X(pgsteal_file, 0, "file pages freed")                                                     \
	X(pgrefill, 0, "active pages scanned")                                                     \
	X(pgactivate, 0, "pages moved to the active list, by marks and by reclaim")                \
	X(pgdeactivate, 0, "pages moved from the active to the inactive list")                     \
	X(pgrotated, 0, "pages moved to the tail of the inactive list")                            \
	X(pgrotate_anon, 0, "anon pages that reclaim scanned and kept")                            \
	X(pgrotate_file, 0, "file pages that reclaim scanned and kept")                            \
	X(workingset_nodes, 1, "nodes of the page cache that hold shadows only")                   \
	X(workingset_refault_anon, 0, "swap-ins of a page with a shadow")                          \
	X(workingset_refault_file, 0, "cache fills of a page with a shadow")                       \
	X(workingset_activate_anon, 0, "anon refaults activated at once")                          \
	X(workingset_activate_file, 0, "file refaults activated at once")                          \
	X(workingset_restore_anon, 0, "anon refaults of a page that had been active")              \
	X(workingset_restore_file, 0, "file refaults of a page that had been active")              \
	X(workingset_nodereclaim, 0, "nodes with shadows only that reclaim freed")                 \
	X(pswpin, 0, "pages read from swap")                                                       \
	X(pswpout, 0, "pages written to swap")                                                     \
	X(nr_vmscan_write, 0, "pages written by reclaim")                                          \
	X(nr_vmscan_immediate_reclaim, 0, "dirty file pages reclaim left to the flusher")          \
	X(nr_dirtied, 0, "file pages that became dirty")                                           \
	X(nr_written, 0, "dirty file pages written back")                                          \
	X(allocstall, 0, "direct reclaims (events)")                                               \
	X(pageoutrun, 0, "kswapd runs (events)")                                                   \
	X(unevictable_pgs_culled, 0, "pages moved to the unevictable list")                        \
	X(unevictable_pgs_rescued, 0, "pages moved back from it")                                  \
	X(unevictable_pgs_mlocked, 0, "pages that mlock() locked")                                 \
	X(unevictable_pgs_munlocked, 0, "pages that munlock(), or the end of a mapping, unlocked") \
	X(unevictable_pgs_cleared, 0, "pages freed while they were locked")                        \
	X(drop_pagecache, 0, "drop_caches (events)")                                               \
	X(memcg_max_events, 0, "memory.events max: charges that hit the limit (events)")           \
	/* --- not in the kernel --- */                                                            \
	X(sim_accesses, 0, "pages touched, read and written by the trace")                         \
	X(sim_cache_adds, 0, "file pages that entered the page cache")                             \
	X(sim_fills, 0, "file pages read from the device, readahead included")                     \
	X(sim_zap_marks, 0, "folio_mark_accessed() calls of unmapping")                            \
	X(sim_zap_marks_aged, 0, "of these, by dying processes on pages that reclaim had aged")    \
	X(sim_zap_skipped, 0, "folio_mark_accessed() calls that the policy skipped")               \
	X(sim_zap_moves, 0, "calls that queued the page for the active list")                      \
	X(sim_zap_demoted, 0, "pages that the policy queued for the inactive tail")                \
	X(sim_zap_evicted, 0, "pages that +evict dropped")                                         \
	X(sim_zap_kept, 0, "pages that +evict could not drop (shared, dirty, in a batch)")         \
	X(sim_reap_pages, 0, "file pages unmapped by kills, reaps and exits")                      \
	X(sim_reap_young, 0, "of these, pages with a young PTE")                                   \
	X(sim_reap_aged, 0, "of the young ones, pages that reclaim had deactivated or aged")       \
	X(sim_mark_moves, 0, "all marks that queued a page for the active list; 0 under MGLRU")    \
	X(sim_list_moves, 0, "pages that changed their list position, for any reason")             \
	X(sim_advice_lost, 0, "pages that could not be advised: their process was gone (ESRCH)")   \
	X(sim_advice_raced, 0, "victims that began to exit while they were advised (events)")      \
	X(sim_victims, 0, "processes that ended by kill, mrelease or OOM (events)")

enum vmstat_item {
#define X(name, gauge, text) VM_##name,
	VMSTAT_LIST(X)
#undef X
		NR_VMSTAT,
};

/** struct vmstat - one set of counters. */
struct vmstat {
	uint64_t v[NR_VMSTAT];
};

/** The name, as in /proc/vmstat. */
const char *vmstat_name(enum vmstat_item item);
/** A description of one line. */
const char *vmstat_text(enum vmstat_item item);
/** 1 for a level (nr_free_pages), 0 for a count that only grows. */
int vmstat_is_gauge(enum vmstat_item item);
/** Look a counter up by name: its index, or -ENOENT. */
int vmstat_find(const char *name);

#endif
