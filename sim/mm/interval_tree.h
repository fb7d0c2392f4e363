/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges in the order of where they begin, those that begin together in the order of
 * their insertion: v7.3 include/linux/interval_tree_generic.h, as mm/interval_tree.c
 * uses it for the VMAs of a file and for those of an anon_vma. The order of a walk is
 * part of the contract: MGLRU's results depend on it.
 */
#ifndef REAPSIM_INTERVAL_TREE_H
#define REAPSIM_INTERVAL_TREE_H

#include <stdbool.h>
#include <stdint.h>

/** struct interval_node - inside what has the range [first, last], both inclusive. */
struct interval_node {
	struct interval_node *parent, *left, *right;
	uint32_t first, last;
	uint32_t subtree_last; /* the largest of its subtree */
	uint8_t height;	       /* of its subtree; 0: it is in no tree */
};

/** struct interval_tree - all zero: empty. */
struct interval_tree {
	struct interval_node *root;
};

/** Put a range behind those that begin where it does, or before. */
void interval_tree_insert(struct interval_tree *t, struct interval_node *n, uint32_t first,
			  uint32_t last);
/** Put it directly behind @prev, which begins at the same place. */
void interval_tree_insert_after(struct interval_tree *t, struct interval_node *n,
				struct interval_node *prev, uint32_t last);
/** Take it out; nothing happens if it is in no tree. */
void interval_tree_remove(struct interval_tree *t, struct interval_node *n);

/** The first range that shares something with [@first, @last], or NULL, and the next. */
struct interval_node *interval_tree_iter_first(const struct interval_tree *t, uint32_t first,
					       uint32_t last);
struct interval_node *interval_tree_iter_next(struct interval_node *n, uint32_t first,
					      uint32_t last);

#endif
