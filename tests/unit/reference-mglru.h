/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the two files of the reference: reference.c has the machine and the
 * classic LRU, reference-mglru.c the multi-generational one. */
#ifndef REAPSIM_TESTS_REFERENCE_MGLRU_H
#define REAPSIM_TESTS_REFERENCE_MGLRU_H

#include "tests/unit/reference.h"

/* struct scan_control */
struct ref_scan {
	uint64_t nr_to_reclaim, nr_reclaimed, nr_scanned;
	uint64_t anon_cost, file_cost;
	int priority;
	bool memcg, kswapd, nofs;
	bool deactivate[2];
	bool full_walk, force_deactivate, skipped_deactivate;
	bool cache_trim_mode, no_cache_trim_mode, cache_trim_mode_failed;
	bool file_is_tiny;
};

/* What reference.c has for reference-mglru.c */

void ref_count(struct ref *r, enum vmstat_item item, uint64_t n);
uint64_t ref_nr_swap_pages(const struct ref *r);
void ref_lru_add_drain_cpu(struct ref *r, unsigned int cpu);
void ref_folio_activate(struct ref *r, unsigned int cpu, int page);
void ref_folio_mark_dirty(struct ref *r, int page);
/** shrink_folio_list(): what stays is left in front of @pages.
 * Return: how many do. @nr_unqueued_dirty: what the flusher should hear of. */
int ref_shrink_folio_list(struct ref *r, struct ref_scan *sc, int *pages, int nr,
			  int *nr_unqueued_dirty);
/** The flusher writes everything. */
void ref_flush_all(struct ref *r);

/* What reference-mglru.c has for reference.c. Types: 0 anon, 1 file. */

void ref_gen_init(struct ref *r);
void ref_gen_free(struct ref *r);
/** lru_gen_add_folio(), lru_gen_del_folio() */
void ref_gen_add(struct ref *r, int page, bool reclaiming);
void ref_gen_del(struct ref *r, int page);
/** It is on a list, and not in one of the two youngest generations. */
bool ref_gen_old(const struct ref *r, int page);
uint64_t ref_gen_size(const struct ref *r, int type, bool active);
void ref_gen_inc_refs(struct ref *r, int page);
bool ref_gen_clear_refs(struct ref *r, int page);
bool ref_gen_set_refs(struct ref *r, int page, bool exec);
struct ref_shadow ref_gen_eviction(struct ref *r, int page);
void ref_gen_refault(struct ref *r, int page, struct ref_shadow s);
void ref_gen_look_around(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at);
void ref_gen_shrink_node(struct ref *r, struct ref_scan *sc);
/** lru_gen_age_node(): true if it calls the OOM killer. */
bool ref_gen_age_node(struct ref *r, struct ref_scan *sc);

#endif
