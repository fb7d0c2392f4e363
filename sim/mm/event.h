/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened to folios, for "reapsim explain": the engine and the models
 * report each change with the rule that caused it and, where numbers were compared, with the
 * numbers. Without a listener a report costs one predictable branch.
 */
#ifndef REAPSIM_EVENT_H
#define REAPSIM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/state.h"

/* X(name, kernel function, text, term of the glossary) */
#define EVENT_LIST(X)                                                                              \
	X(ADD, "filemap_add_folio", "read into the page cache", "page-cache")                      \
	X(READAHEAD, "page_cache_ra_unbounded", "read in a row with others into the page cache",   \
	  "readahead")                                                                             \
	X(MAP_AROUND, "filemap_map_pages", "cached next to the page that faulted: mapped with it", \
	  "fault-around")                                                                          \
	X(MAP_FOLIO, "set_pte_range", "a part of a large folio faulted: mapped as a whole",        \
	  "large-folio")                                                                           \
	X(ANON, "do_anonymous_page", "new anon page", "anon")                                      \
	X(COW, "wp_page_copy", "copied on write", "anon")                                          \
	X(REFAULT, "workingset_refault", "refault, too long ago to activate", "refault-distance")  \
	X(REFAULT_REFS, "lru_gen_refault", "evicted lately: its reads are remembered", "tier")     \
	X(REFAULT_WORKINGSET, "lru_gen_refault", "evicted lately, had been in use: workingset",    \
	  "workingset")                                                                            \
	X(REFAULT_ACTIVATE, "workingset_refault", "refault at a short distance: starts active",    \
	  "refault-distance")                                                                      \
	X(LRU_ADD, "lru_add", "left the lru_add batch for its list", "batch")                      \
	X(MARK_REFERENCED, "folio_mark_accessed", "first mark: referenced", "mark")                \
	X(MARK_ACTIVATE, "folio_mark_accessed", "second mark: queued for activation", "mark")      \
	X(MARK_REFS, "lru_gen_inc_refs", "a further mark: counted", "tier")                        \
	X(MARK_BATCHED, "folio_mark_accessed", "second mark in the lru_add batch: active at once", \
	  "batch")                                                                                 \
	X(MARK_LOST, "folio_mark_accessed", "second mark in another CPU's batch: lost", "batch")   \
	X(ACTIVATED, "lru_activate", "left the lru_activate batch: active", "batch")               \
	X(DEACTIVATE_FILE, "lru_deactivate_file", "left its batch: inactive, unreferenced",        \
	  "batch")                                                                                 \
	X(DEACTIVATE_ADVICE, "lru_deactivate", "left its batch: inactive, unreferenced", "batch")  \
	X(LAZYFREE, "lru_lazyfree", "left its batch: may be freed unless written to", "batch")     \
	X(LAZYFREED, "shrink_folio_list", "freed: not written to since MADV_FREE", "reclaim")      \
	X(REDIRTIED, "ttu_anon_lazyfree_folio", "written to since MADV_FREE: kept", "reclaim")     \
	X(SPLIT, "__folio_split", "split, unmapped", "large-folio")                                \
	X(ZAP_SKIP, "zap_present_folio_ptes", "young and exclusive: the policy skips the mark",    \
	  "exclusive")                                                                             \
	X(ZAP_OLD, "zap_present_folio_ptes", "PTE not young: no mark", "young")                    \
	X(ZAP_NO_RECENCY, "vma_has_recency", "young, but the mapping has no recency: no mark",     \
	  "recency")                                                                               \
	X(ZAP_DEMOTE, "deactivate_file_folio", "the policy queues it for the inactive tail",       \
	  "policy")                                                                                \
	X(ZAP_EVICT, "remove_mapping", "+evict drops it from the cache", "policy")                 \
	X(ZAP_KEEP, "remove_mapping", "+evict cannot drop it: another reference or dirty",         \
	  "policy")                                                                                \
	X(KEEP, "folio_check_references", "used since the last look: another round",               \
	  "second-chance")                                                                         \
	X(KEEP_ACTIVATE, "folio_check_references", "used twice, or code: activated",               \
	  "second-chance")                                                                         \
	X(KEEP_DIRTY, "shrink_folio_list", "dirty: left to the flusher, activated", "dirty")       \
	X(NO_SWAP, "shrink_folio_list", "no swap left for it: activated", "swap")                  \
	X(KEEP_BUSY, "__remove_mapping", "another reference: kept", "reference")                   \
	X(EVICT, "__remove_mapping", "reclaimed, leaves a shadow", "shadow")                       \
	X(EVICT_ZERO, "__remove_mapping", "reclaimed, never written: leaves nothing", "shadow")    \
	X(FORGET, "shadow_lru_isolate", "its shadow is reclaimed", "shadow")                       \
	X(SWAP_OUT, "swap_writeout", "written to swap and reclaimed", "swap")                      \
	X(SWAP_IN, "do_swap_page", "read from swap", "swap")                                       \
	X(WALK_REFERENCED, "folio_update_gen", "young for the first time: referenced",             \
	  "page-table-walk")                                                                       \
	X(WALK_PROMOTE, "folio_update_gen", "young again: to the youngest generation",             \
	  "page-table-walk")                                                                       \
	X(PROTECT, "folio_inc_gen", "read more than once: to the next generation", "tier")         \
	X(DEACTIVATE, "shrink_active_list", "aged: active to inactive, workingset set",            \
	  "active-list")                                                                           \
	X(ROTATE_EXEC, "shrink_active_list", "used code: another round on the active list",        \
	  "second-chance")                                                                         \
	X(ROTATE_RECLAIM, "folio_rotate_reclaimable", "written back: to the inactive tail",        \
	  "dirty")                                                                                 \
	X(CLEAR_REFS, "clear_refs_pte_range", "PTE old, unreferenced", "young")                    \
	X(CULLED, "lruvec_add_folio", "locked: to the unevictable list", "unevictable")            \
	X(RESCUED, "lruvec_add_folio", "locked no more: back on a list", "unevictable")            \
	X(DROP, "mapping_evict_folio", "dropped from the cache, no shadow", "page-cache")          \
	X(TRUNCATE, "truncate_inode_folio", "its file got shorter or is gone", "page-cache")       \
	X(FREE, "folios_put_refs", "freed with its last reference", "reference")

enum event_rule {
#define X(name, function, text, term) EV_##name,
	EVENT_LIST(X)
#undef X
		NR_EVENTS,
};

/** enum cause_kind - a comparison, and its numbers in struct event_cause. */
enum cause_kind {
	/* workingset_test_recent(): the refault distance, then the pages of inactive_anon,
	 * active_anon, inactive_file and active_file that it is compared with, 0 if a list does
	 * not count */
	CAUSE_DISTANCE,
	/* lru_gen_test_recent(): the generation that was the oldest at the eviction, the one
	 * that it is compared with now, and the first difference that is not recent */
	CAUSE_GENERATIONS,
	/* folio_check_references(): young mappings; was it PG_referenced, or for MGLRU of v6.18 and
	 * later PG_referenced or PG_workingset; is one executable */
	CAUSE_REFERENCES,
	/* sort_folio(): the folio's tier, and the last tier that is not protected */
	CAUSE_TIER,
	/* do_fault_around(): the page that faulted, the first and the last of the window; virtual
	 * page numbers */
	CAUSE_AROUND,
};

#define CAUSE_NUMBERS 5

/** struct event_cause - why the rule of an event applied. */
struct event_cause {
	uint32_t slot;
	enum cause_kind kind;
	uint64_t n[CAUSE_NUMBERS];
};

/** struct event - one change of a folio, with the folio's flags before and after it. */
struct event {
	uint32_t slot;
	enum event_rule rule;
	uint16_t before, after;
	uint32_t cause; /* index in event_log.causes plus 1; 0: no numbers were compared */
};

/** struct event_log - the caller empties it between operations, with event_log_empty(). */
struct event_log {
	GArray *events; /* struct event */
	GArray *causes; /* struct event_cause */
	bool pending;	/* the last cause waits for the next event */
};

void event_log_init(struct event_log *log);
void event_log_empty(struct event_log *log);
void event_log_clear(struct event_log *log);

/** Append an event. The caller has checked that s->log is set. @before: the folio's flags
 * before the change. */
void event_add(struct sim *s, uint32_t slot, enum event_rule rule, uint16_t before);
#define note(s, slot, rule, before)                                                                \
	do {                                                                                       \
		if (__builtin_expect((s)->log != NULL, 0))                                         \
			event_add(s, slot, EV_##rule, before);                                     \
	} while (0)

/** The next event has this cause if it is one of the folio @slot: kind, then up to CAUSE_NUMBERS
 * numbers. */
#define because(s, slot, ...)                                                                      \
	do {                                                                                       \
		if (__builtin_expect((s)->log != NULL, 0))                                         \
			event_because(s, &(struct event_cause){ slot, __VA_ARGS__ });              \
	} while (0)
void event_because(struct sim *s, const struct event_cause *cause);

const char *event_function(enum event_rule rule);
const char *event_text(enum event_rule rule);
/** Where the glossary explains it. */
const char *event_term(enum event_rule rule);
/** Do both say the same, except for a distance that decides the same? */
bool event_cause_alike(const struct event_cause *a, const struct event_cause *b);
/** What was compared with what: "refault distance 12 <= 64: active_file 64". @last: the last of
 * several that are alike, or @first. The caller frees it. */
char *event_cause_text(const struct event_cause *first, const struct event_cause *last);

#endif
