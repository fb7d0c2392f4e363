/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges sorted by their start; ranges with the same start stay in the order of
 * insertion. Mirrors v7.3 include/linux/interval_tree_generic.h, as mm/interval_tree.c
 * uses it for the VMAs of a file and for those of an anon_vma. The order of a walk is
 * part of the contract: MGLRU's results depend on it.
 */
#ifndef REAPSIM_INTERVAL_TREE_H
#define REAPSIM_INTERVAL_TREE_H

#include <stdbool.h>
#include <stdint.h>

/** struct interval_node - embedded in the owner of the range [first, last], both inclusive. */
struct interval_node {
	struct interval_node *parent, *left, *right;
	uint32_t first, last;
	uint32_t subtree_last; /* largest last in its subtree */
	uint8_t height;	       /* of its subtree; 0: in no tree */
};

/** struct interval_tree - zeroed memory is an empty tree. */
struct interval_tree {
	struct interval_node *root;
};

/** Insert [@first, @last] behind all ranges that start at @first or earlier. The caller owns
 * @n, which must be in no tree. */
void interval_tree_insert(struct interval_tree *t, struct interval_node *n, uint32_t first,
			  uint32_t last);
/** Insert @n directly behind @prev, with the start of @prev. */
void interval_tree_insert_after(struct interval_tree *t, struct interval_node *n,
				struct interval_node *prev, uint32_t last);
/** Remove @n. Does nothing if @n is in no tree. */
void interval_tree_remove(struct interval_tree *t, struct interval_node *n);

/** The first range that overlaps [@first, @last], and the next one after @n. Return: NULL if
 * there is none. */
struct interval_node *interval_tree_iter_first(const struct interval_tree *t, uint32_t first,
					       uint32_t last);
struct interval_node *interval_tree_iter_next(struct interval_node *n, uint32_t first,
					      uint32_t last);

#endif
