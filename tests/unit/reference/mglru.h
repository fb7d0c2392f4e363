/* SPDX-License-Identifier: GPL-2.0-only */
/* MGLRU in the reference. Types of pages: GEN_ANON, GEN_FILE. */
#ifndef REAPSIM_TESTS_REFERENCE_MGLRU_H
#define REAPSIM_TESTS_REFERENCE_MGLRU_H

#include "tests/unit/reference/internal.h"

enum { GEN_ANON, GEN_FILE };

#define GEN_BATCH 64 /* MIN_LRU_BATCH */

/* mglru.c */

int ref_gen_type_of(const struct ref *r, int page);
void ref_gen_init(struct ref *r);
void ref_gen_free(struct ref *r);
/** Pages of @type by generation, added to @n. */
void ref_gen_count_gens(const struct ref *r, int type, uint64_t n[4]);
/** Is it on a list, but not in one of the two youngest generations? */
bool ref_gen_old(const struct ref *r, int page);
uint64_t ref_gen_size(const struct ref *r, int type, bool active);
/** folio_lru_refs(): accesses. */
int ref_gen_refs_of(const struct ref_page *pg);
/** lru_tier_from_refs() */
int ref_gen_tier_of(int refs, bool workingset);
/** v6: accesses through descriptors except the first two. */
int ref_gen_v6_refs(const struct ref_page *pg);
/** v6: their tier. */
int ref_gen_v6_tier(int refs);
/** Does it have all of LRU_REFS_FLAGS and PG_workingset? */
bool ref_gen_saturated(const struct ref_page *pg);
/** The generation that a page is added to. */
uint64_t ref_gen_folio_seq(const struct ref *r, int page, bool reclaiming);
/** Put it on the list of its generation. */
void ref_gen_put(struct ref *r, int page, bool tail);
/** lru_gen_add_folio() */
void ref_gen_add(struct ref *r, int page, bool reclaiming);
/** lru_gen_del_folio() */
/** Put a page with the generation of @next next to that, on the newer side. */
void ref_gen_add_before(struct ref *r, int page, int next);
void ref_gen_del(struct ref *r, int page);
void ref_gen_inc_refs(struct ref *r, int page);
bool ref_gen_clear_refs(struct ref *r, int page);
struct ref_shadow ref_gen_eviction(struct ref *r, int page);
void ref_gen_refault(struct ref *r, int page, struct ref_shadow s);
bool ref_gen_set_refs(struct ref *r, int page, bool exec);

/* mglru-walk.c */

/** lru_gen_look_around() */
void ref_gen_look_around(struct ref *r, struct ref_proc *p, const struct ref_vma *v, uint64_t at,
			 int nr);
/** iterate_mm_list(). Return: false if this generation has been walked. */
bool ref_gen_walk_mms(struct ref *r, unsigned int swappiness);

/* mglru-vmscan.c */

/** lru_gen_age_node(). Return: true if it calls the OOM killer. */
bool ref_gen_age_node(struct ref *r, struct ref_scan *sc);
void ref_gen_shrink_node(struct ref *r, struct ref_scan *sc);
/** try_to_shrink_lruvec() and shrink_slab() of the memcg at work. */
void ref_gen_shrink_lruvec(struct ref *r, struct ref_scan *sc);
/** lruvec_is_sizable() */
bool ref_gen_is_sizable(const struct ref *r, const struct ref_scan *sc);
/** should_abort_scan() */
bool ref_gen_should_abort(const struct ref *r, const struct ref_scan *sc);

/* mglru-memcg.c */

enum { REF_MEMCG_TAIL, REF_MEMCG_YOUNG };

void ref_gen_memcgs_init(struct ref *r);
void ref_gen_memcgs_free(struct ref *r);
void ref_gen_rotate_memcg(struct ref *r, int memcg, int op);
void ref_gen_shrink_many(struct ref *r, struct ref_scan *sc);

#endif
