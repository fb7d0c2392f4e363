/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened to folios, for "reapsim explain": the engine and the models
 * report each change with the rule that caused it. Without a listener a report
 * costs one predictable branch.
 */
#ifndef REAPSIM_EVENT_H
#define REAPSIM_EVENT_H

#include <stdint.h>

#include <glib.h>

#include "sim/state.h"

/* X(name, kernel function, text) */
#define EVENT_LIST(X)                                                                              \
	X(ADD, "filemap_add_folio", "read into the page cache")                                    \
	X(ANON, "do_anonymous_page", "new anon page")                                              \
	X(COW, "wp_page_copy", "copied on write")                                                  \
	X(REFAULT, "workingset_refault", "refault, too long ago to activate")                      \
	X(REFAULT_REFS, "lru_gen_refault", "evicted lately: its reads are remembered")             \
	X(REFAULT_WORKINGSET, "lru_gen_refault", "evicted lately, had been in use: workingset")    \
	X(REFAULT_ACTIVATE, "workingset_refault", "refault at a short distance: starts active")    \
	X(LRU_ADD, "lru_add", "left the lru_add batch for its list")                               \
	X(MARK_REFERENCED, "folio_mark_accessed", "first mark: referenced")                        \
	X(MARK_ACTIVATE, "folio_mark_accessed", "second mark: queued for activation")              \
	X(MARK_REFS, "lru_gen_inc_refs", "a further mark: counted")                                \
	X(MARK_BATCHED, "folio_mark_accessed", "second mark in the lru_add batch: active at once") \
	X(MARK_LOST, "folio_mark_accessed", "second mark in another CPU's batch: lost")            \
	X(ACTIVATED, "lru_activate", "left the lru_activate batch: active")                        \
	X(DEACTIVATE_FILE, "lru_deactivate_file", "left its batch: inactive, unreferenced")        \
	X(DEACTIVATE_ADVICE, "lru_deactivate", "left its batch: inactive, unreferenced")           \
	X(LAZYFREE, "lru_lazyfree", "left its batch: may be freed unless written to")              \
	X(LAZYFREED, "shrink_folio_list", "freed: not written to since MADV_FREE")                 \
	X(REDIRTIED, "ttu_anon_lazyfree_folio", "written to since MADV_FREE: kept")                \
	X(SPLIT, "__folio_split", "split, unmapped")                                               \
	X(ZAP_SKIP, "zap_present_folio_ptes", "young and exclusive: the policy skips the mark")    \
	X(ZAP_OLD, "zap_present_folio_ptes", "PTE not young: no mark")                             \
	X(ZAP_NO_RECENCY, "vma_has_recency", "young, but the mapping has no recency: no mark")     \
	X(ZAP_DEMOTE, "deactivate_file_folio", "the policy queues it for the inactive tail")       \
	X(ZAP_EVICT, "remove_mapping", "+evict drops it from the cache")                           \
	X(ZAP_KEEP, "remove_mapping", "+evict cannot drop it: another reference or dirty")         \
	X(KEEP, "folio_check_references", "used since the last look: another round")               \
	X(KEEP_ACTIVATE, "folio_check_references", "used twice, or code: activated")               \
	X(KEEP_DIRTY, "shrink_folio_list", "dirty: left to the flusher, activated")                \
	X(NO_SWAP, "shrink_folio_list", "no swap left for it: activated")                          \
	X(KEEP_BUSY, "__remove_mapping", "another reference: kept")                                \
	X(EVICT, "__remove_mapping", "reclaimed, leaves a shadow")                                 \
	X(EVICT_ZERO, "__remove_mapping", "reclaimed, never written: leaves nothing")              \
	X(FORGET, "shadow_lru_isolate", "its shadow is reclaimed")                                 \
	X(SWAP_OUT, "swap_writeout", "written to swap and reclaimed")                              \
	X(SWAP_IN, "do_swap_page", "read from swap")                                               \
	X(WALK_REFERENCED, "folio_update_gen", "young for the first time: referenced")             \
	X(WALK_PROMOTE, "folio_update_gen", "young again: to the youngest generation")             \
	X(PROTECT, "folio_inc_gen", "read more than once: to the next generation")                 \
	X(DEACTIVATE, "shrink_active_list", "aged: active to inactive, workingset set")            \
	X(ROTATE_EXEC, "shrink_active_list", "used code: another round on the active list")        \
	X(ROTATE_RECLAIM, "folio_rotate_reclaimable", "written back: to the inactive tail")        \
	X(CLEAR_REFS, "clear_refs_pte_range", "PTE old, unreferenced")                             \
	X(CULLED, "lruvec_add_folio", "locked: to the unevictable list")                           \
	X(RESCUED, "lruvec_add_folio", "locked no more: back on a list")                           \
	X(DROP, "mapping_evict_folio", "dropped from the cache, no shadow")                        \
	X(TRUNCATE, "truncate_inode_folio", "its file got shorter or is gone")                     \
	X(FREE, "folios_put_refs", "freed with its last reference")

enum event_rule {
#define X(name, function, text) EV_##name,
	EVENT_LIST(X)
#undef X
		NR_EVENTS,
};

/** struct event - one change of a folio, with the folio's flags before and after it. */
struct event {
	uint32_t slot;
	enum event_rule rule;
	uint16_t before, after;
};

/** struct event_log - the caller empties it between operations. */
struct event_log {
	GArray *events; /* struct event */
};

/** Append an event. The caller has checked that s->log is set. @before: the folio's flags
 * before the change. */
void event_add(struct sim *s, uint32_t slot, enum event_rule rule, uint16_t before);
#define note(s, slot, rule, before)                                                                \
	do {                                                                                       \
		if (__builtin_expect((s)->log != NULL, 0))                                         \
			event_add(s, slot, EV_##rule, before);                                     \
	} while (0)

const char *event_function(enum event_rule rule);
const char *event_text(enum event_rule rule);

#endif
