// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors the contract of v7.3 lib/interval_tree.c and mm/interval_tree.c. The kernel
 * uses a red-black tree, this is an AVL tree; the order is the same.
 */
#include "sim/mm/interval_tree.h"

#include <stddef.h>

static int height(const struct interval_node *n)
{
	return n ? n->height : 0;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* recompute height and subtree_last from the children */
static void update(struct interval_node *n)
{
	const int l = height(n->left), r = height(n->right);

	n->height = (uint8_t)((l > r ? l : r) + 1);
	n->subtree_last = n->last;
	if (n->left)
		n->subtree_last = max_u32(n->subtree_last, n->left->subtree_last);
	if (n->right)
		n->subtree_last = max_u32(n->subtree_last, n->right->subtree_last);
}

/* make the parent's pointer to @n point to @to, which may be NULL */
static void replace(struct interval_tree *t, const struct interval_node *n,
		    struct interval_node *to)
{
	struct interval_node *parent = n->parent;

	if (!parent)
		t->root = to;
	else if (parent->left == n)
		parent->left = to;
	else
		parent->right = to;
	if (to)
		to->parent = parent;
}

/* the right child takes the place of @n */
static struct interval_node *rotate_left(struct interval_tree *t, struct interval_node *n)
{
	struct interval_node *up = n->right;

	replace(t, n, up);
	n->right = up->left;
	if (n->right)
		n->right->parent = n;
	up->left = n;
	n->parent = up;
	update(n);
	update(up);
	return up;
}

static struct interval_node *rotate_right(struct interval_tree *t, struct interval_node *n)
{
	struct interval_node *up = n->left;

	replace(t, n, up);
	n->left = up->right;
	if (n->left)
		n->left->parent = n;
	up->right = n;
	n->parent = up;
	update(n);
	update(up);
	return up;
}

/* rebalance from @n up to the root, after a height below @n changed by at most one */
static void rebalance(struct interval_tree *t, struct interval_node *n)
{
	for (; n; n = n->parent) {
		const int lean = height(n->left) - height(n->right);

		if (lean > 1) {
			if (height(n->left->left) < height(n->left->right))
				rotate_left(t, n->left);
			n = rotate_right(t, n);
		} else if (lean < -1) {
			if (height(n->right->right) < height(n->right->left))
				rotate_right(t, n->right);
			n = rotate_left(t, n);
		} else {
			update(n);
		}
	}
}

static void link_leaf(struct interval_tree *t, struct interval_node *n,
		      struct interval_node *parent, struct interval_node **link, uint32_t first,
		      uint32_t last)
{
	*n = (struct interval_node){ .parent = parent, .first = first, .last = last };
	*link = n;
	rebalance(t, n);
}

void interval_tree_insert(struct interval_tree *t, struct interval_node *n, uint32_t first,
			  uint32_t last)
{
	struct interval_node **link = &t->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = first < parent->first ? &parent->left : &parent->right;
	}
	link_leaf(t, n, parent, link, first, last);
}

void interval_tree_insert_after(struct interval_tree *t, struct interval_node *n,
				struct interval_node *prev, uint32_t last)
{
	struct interval_node **link = &prev->right, *parent = prev;

	while (*link) {
		parent = *link;
		link = &parent->left;
	}
	link_leaf(t, n, parent, link, prev->first, last);
}

void interval_tree_remove(struct interval_tree *t, struct interval_node *n)
{
	struct interval_node *below;

	if (!n->height)
		return;
	if (n->left && n->right) {
		/* the successor, which has no left child, takes its place */
		struct interval_node *next = n->right;

		while (next->left)
			next = next->left;
		below = next->parent == n ? next : next->parent;
		replace(t, next, next->right);
		replace(t, n, next);
		next->left = n->left;
		next->left->parent = next;
		next->right = n->right;
		if (next->right)
			next->right->parent = next;
	} else {
		below = n->parent;
		replace(t, n, n->left ? n->left : n->right);
	}
	rebalance(t, below);
	n->height = 0;
}

/* the first match in the subtree of @n, where some range ends at @first or later */
static struct interval_node *subtree_search(struct interval_node *n, uint32_t first, uint32_t last)
{
	for (;;) {
		if (n->left && n->left->subtree_last >= first)
			n = n->left;
		else if (n->first > last)
			return NULL;
		else if (n->last >= first)
			return n;
		else
			n = n->right;
	}
}

struct interval_node *interval_tree_iter_first(const struct interval_tree *t, uint32_t first,
					       uint32_t last)
{
	return t->root && t->root->subtree_last >= first ? subtree_search(t->root, first, last)
							 : NULL;
}

struct interval_node *interval_tree_iter_next(struct interval_node *n, uint32_t first,
					      uint32_t last)
{
	for (;;) {
		const struct interval_node *from;

		if (n->right && n->right->subtree_last >= first)
			return subtree_search(n->right, first, last);
		do {
			from = n;
			n = n->parent;
			if (!n)
				return NULL;
		} while (n->right == from);
		if (n->first > last)
			return NULL;
		if (n->last >= first)
			return n;
	}
}
