/* SPDX-License-Identifier: GPL-2.0-only */
/* The xarrays of the files' pages and shadows: v7.3 lib/xarray.c, as far as it determines
 * how many nodes there are and what each of them holds. */
#ifndef REAPSIM_XARRAY_H
#define REAPSIM_XARRAY_H

#include "sim/mm/charge.h"
#include "sim/state.h"

#define XA_CHUNK_SHIFT 6
#define XA_CHUNK_SIZE  (1u << XA_CHUNK_SHIFT)
#define XA_MAX_LEVELS  6 /* 64^6 is more than 2^32 pages */

/**
 * struct xa_node - v7.3; has XA_CHUNK_SIZE places.
 * @slot: slot of the first page that the node covers
 * @prev, @next: neighbours on the list of shadow nodes, as indexes of nodes; XA_NONE ends it
 * @listed: the node is on that list
 * @count: places in use, by an entry or by a node below
 * @nr_values: places in use by shadows
 * @shift: a place covers 1 << @shift pages
 * @has_first: the file's first page has an entry
 * @memcg: index of the one that is charged for it
 */
struct xa_node {
	uint32_t slot;
	uint32_t prev, next;
	uint8_t count;
	uint8_t nr_values;
	uint8_t shift : 6;
	bool listed : 1, has_first : 1;
	uint8_t memcg;
};

#define XA_NONE UINT32_MAX

/** struct page_trees - of all files of the trace. */
struct page_trees {
	struct xa_node *nodes; /* those for single pages, then level by level those above them */
	uint32_t first[XA_MAX_LEVELS + 1]; /* of each level; level 1 has the leaves */
	unsigned int nr_levels;
	uint32_t nr_partial; /* of each level: nodes at the end of a file that are not whole */
	uint8_t *height;     /* of each file: levels in use; 0: its only entry is in the head */
	uint32_t *nr_chunks; /* of each file: aligned 64 pages that have an entry */
	uint32_t nr_leaves;  /* leaves with entries */
	uint32_t nr_nodes;   /* that exist in the kernel */
	struct shadow_nodes {
		uint32_t head, tail, nr_items; /* see sim/mm/workingset.h */
		uint64_t nr_deferred;	       /* see sim/mm/shrinker.c */
		uint64_t flushed_pages;	       /* see sim/mm/workingset.c */
	} shadow_nodes[NR_MEMCGS];
};

/** Allocate empty trees. s->trees stays NULL if nothing depends on them: below a memcg limit
 * to which kernel memory is not charged. */
void xa_init(struct sim *s);
void xa_free(struct sim *s);

/* These take slots of files, also beyond their ends, and do nothing without trees. The caller
 * updates the folios' records afterwards, unless noted. */

/** xas_nomem(): charge the nodes that xa_store_folio() is going to need. It may reclaim. Return:
 * how many, or -ENOMEM. */
int xa_reserve(struct sim *s, uint32_t slot, unsigned int order, enum gfp gfp);
/** xas_destroy(): @nr of them are not needed. */
void xa_unreserve(struct sim *s, int nr);
/** Store a folio of 2^@order pages in place of nothing or of shadows. */
void xa_store_folio(struct sim *s, uint32_t slot, unsigned int order);
/** xas_split_alloc(): charge the nodes that it takes to split a folio into single pages, for which
 * it may reclaim; xas_try_split(), which does not: to split it at @split_at (FOLIO_NONE: into
 * single pages). Return: 0 or -ENOMEM. */
int xa_reserve_split(struct sim *s, uint32_t slot, unsigned int order, uint32_t split_at);
/** xas_split(), xas_try_split(), after the folio's records are updated; may reclaim for a whole
 * machine. */
void xa_split_folio(struct sim *s, uint32_t slot, unsigned int order, uint32_t split_at);
/** Replace a folio by its shadow. */
void xa_store_shadow(struct sim *s, uint32_t slot, unsigned int order);
/** Remove a folio without leaving a shadow. */
void xa_erase_folio(struct sim *s, uint32_t slot, unsigned int order);
/** Remove the shadow at @slot. Return: the number of pages from @slot on that it covered. */
uint32_t xa_erase_shadow(struct sim *s, uint32_t slot);
/** xa_delete_node(): remove a node that has only shadows, and clear the records of its pages. */
void xa_delete_node(struct sim *s, struct xa_node *node);

/** Compare counts and the list of shadow nodes with the records of all pages. Return: 0, or
 * -EIO with @err set. */
int xa_check(const struct sim *s, struct err *err);

#endif
