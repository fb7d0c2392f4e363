/* SPDX-License-Identifier: GPL-2.0-only */
/* The trees that the pages and the shadows of each file are in: v7.3 lib/xarray.c, as far
 * as it decides how many nodes there are and what each holds. */
#ifndef REAPSIM_XARRAY_H
#define REAPSIM_XARRAY_H

#include "sim/state.h"

#define XA_CHUNK_SHIFT 6
#define XA_CHUNK_SIZE  (1u << XA_CHUNK_SHIFT)

/**
 * struct xa_node - v7.3; XA_CHUNK_SIZE places for entries.
 * @slot: of the first page that it covers
 * @prev, @next: neighbours on a list of nodes, as numbers of nodes; XA_NONE ends it
 * @listed: it is on that list
 * @count: places that are taken: by an entry, or by a node below
 * @nr_values: of them, by shadows
 * @shift: what one place covers: 1 << @shift pages
 * @has_first: there is an entry for the file's first page
 */
struct xa_node {
	uint32_t slot;
	uint32_t prev, next;
	uint8_t count;
	uint8_t nr_values;
	uint8_t shift : 4;
	bool listed : 1, has_first : 1;
};

#define XA_NONE UINT32_MAX

/** struct page_trees - of all files of the trace. */
struct page_trees {
	struct xa_node *nodes; /* those for single pages, then those above them */
	uint32_t nr_leaves;    /* of the first kind */
	uint32_t *nr_chunks;   /* of each file: aligned 64 pages that have an entry */
	uint32_t nr_nodes;     /* of the first kind, with entries */
	struct xa_node_list {
		uint32_t head, tail, nr_items;
	} shadow_nodes;		/* see sim/mm/workingset.h */
	uint64_t nr_deferred;	/* see sim/mm/shrinker.c */
	uint64_t flushed_pages; /* see sim/mm/workingset.c */
	uint64_t flushed_slab;
};

/** Empty trees, if the run has a use for them: s->trees is NULL where kernel memory is
 * neither limited nor charged. */
void xa_init(struct sim *s);
void xa_free(struct sim *s);

/* For pages of the trace's files, without effect where there are no trees. What the
 * records say of the pages is changed by the caller, afterwards unless said otherwise. */

/** A folio of 2^@order pages takes the place of nothing or of shadows. */
void xa_store_folio(struct sim *s, uint32_t slot, unsigned int order);
/** A shadow takes the place of a folio. */
void xa_store_shadow(struct sim *s, uint32_t slot, unsigned int order);
/** A folio goes and leaves nothing. */
void xa_erase_folio(struct sim *s, uint32_t slot, unsigned int order);
/** The shadow at @slot goes. Return: the pages from @slot on whose shadow it was. */
uint32_t xa_erase_shadow(struct sim *s, uint32_t slot);
/** xa_delete_node(): one that has nothing but shadows. Makes the records of its pages empty. */
void xa_delete_node(struct sim *s, struct xa_node *node);

/** Counts and the list of shadow nodes against the records of all pages; -EIO and @err. */
int xa_check(const struct sim *s, struct err *err);

#endif
