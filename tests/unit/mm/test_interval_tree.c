// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/interval_tree.c: compare the order with a sorted list, and check the depth. */
#include <CUnit/CUnit.h>

#include <glib.h>

#include "sim/mm/interval_tree.h"
#include "sim/rng.h"
#include "tests/unit/testlib.h"

void suite_interval_tree(void);

#define NR_NODES 300

struct place {
	struct interval_node node;
	uint32_t first, last;
};

/* The index in the list at which a range that begins at @first belongs. */
static guint list_place(const GPtrArray *list, uint32_t first)
{
	guint i = 0;

	for (; i < list->len; i++)
		if (((const struct place *)list->pdata[i])->first > first)
			break;
	return i;
}

/* Return: the height. Also checks the data that each node has about its subtree. */
static int check_subtree(const struct interval_node *n, const struct interval_node *parent,
			 uint32_t *last)
{
	uint32_t left_last = 0, right_last = 0;
	int left, right;

	*last = 0;
	if (!n)
		return 0;
	left = check_subtree(n->left, n, &left_last);
	right = check_subtree(n->right, n, &right_last);
	*last = MAX(n->last, MAX(left_last, right_last));
	CU_ASSERT_PTR_EQUAL_FATAL(n->parent, parent);
	CU_ASSERT_EQUAL_FATAL(n->subtree_last, *last);
	CU_ASSERT_EQUAL_FATAL(n->height, MAX(left, right) + 1);
	CU_ASSERT_FATAL(ABS(left - right) <= 1);
	return n->height;
}

static void check_walk(const struct interval_tree *t, const GPtrArray *list, uint32_t at)
{
	struct interval_node *n = interval_tree_iter_first(t, at, at);

	for (guint i = 0; i < list->len; i++) {
		struct place *p = list->pdata[i];

		if (p->first > at || p->last < at)
			continue;
		CU_ASSERT_PTR_EQUAL_FATAL(n, &p->node);
		n = interval_tree_iter_next(n, at, at);
	}
	CU_ASSERT_PTR_NULL_FATAL(n);
}

/* one round: ranges begin within @span, so a small one makes many begin together */
static void random_round(uint64_t seed, uint32_t span)
{
	struct place places[NR_NODES] = { 0 };
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	struct interval_tree t = { NULL };
	struct rng rng;
	uint32_t last;

	rng_init(&rng, seed, 1);
	for (int step = 0; step < 3000; step++) {
		struct place *p = &places[rng_below(&rng, NR_NODES)];

		if (p->node.height) {
			interval_tree_remove(&t, &p->node);
			CU_ASSERT_FATAL(g_ptr_array_remove(list, p));
		} else {
			struct place *prev = NULL;

			if (list->len && rng_below(&rng, 3) == 0)
				prev = list->pdata[rng_below(&rng, list->len)];
			p->first = prev ? prev->first : rng_below(&rng, span);
			p->last = p->first + rng_below(&rng, span / 4 + 1);
			if (prev) {
				guint i;

				CU_ASSERT_FATAL(g_ptr_array_find(list, prev, &i));
				interval_tree_insert_after(&t, &p->node, &prev->node, p->last);
				g_ptr_array_insert(list, (gint)i + 1, p);
			} else {
				interval_tree_insert(&t, &p->node, p->first, p->last);
				g_ptr_array_insert(list, (gint)list_place(list, p->first), p);
			}
		}
		check_walk(&t, list, rng_below(&rng, span + span / 4));
	}
	check_subtree(t.root, NULL, &last);
	for (uint32_t at = 0; at < span + span / 4 + 2; at++)
		check_walk(&t, list, at);
	while (list->len) {
		struct place *p = g_ptr_array_steal_index(list, rng_below(&rng, list->len));

		interval_tree_remove(&t, &p->node);
		check_subtree(t.root, NULL, &last);
	}
	CU_ASSERT_PTR_NULL(t.root);
}

static void test_random(void)
{
	static const uint32_t spans[] = { 1, 4, 50, 1000 };

	for (size_t i = 0; i < G_N_ELEMENTS(spans); i++)
		for (uint64_t seed = 1; seed <= 5; seed++)
			random_round(seed, spans[i]);
}

/* ranges at both ends of 32 bits */
static void test_ends(void)
{
	struct interval_node all = { 0 }, low = { 0 }, high = { 0 };
	struct interval_tree t = { NULL };

	interval_tree_remove(&t, &all); /* in no tree */
	interval_tree_insert(&t, &high, UINT32_MAX, UINT32_MAX);
	interval_tree_insert(&t, &all, 0, UINT32_MAX);
	interval_tree_insert(&t, &low, 0, 0);
	CU_ASSERT_PTR_EQUAL(interval_tree_iter_first(&t, 0, 0), &all);
	CU_ASSERT_PTR_EQUAL(interval_tree_iter_next(&all, 0, 0), &low);
	CU_ASSERT_PTR_NULL(interval_tree_iter_next(&low, 0, 0));
	CU_ASSERT_PTR_EQUAL(interval_tree_iter_first(&t, UINT32_MAX, UINT32_MAX), &all);
	CU_ASSERT_PTR_EQUAL(interval_tree_iter_next(&all, UINT32_MAX, UINT32_MAX), &high);
	CU_ASSERT_PTR_NULL(interval_tree_iter_next(&high, UINT32_MAX, UINT32_MAX));
	interval_tree_remove(&t, &all);
	CU_ASSERT_PTR_NULL(interval_tree_iter_first(&t, 1, 1));
}

/*
 * Bug: the mappings of a file were in a list, and 100,000 of them took 163 s. 2^16 ranges
 * are at most 1.44 * 17 deep, whatever the order of insertion.
 */
static void test_depth(void)
{
	const uint32_t nr = 1 << 16;
	g_autofree struct interval_node *nodes = g_new0(struct interval_node, nr);

	for (int order = 0; order < 3; order++) {
		struct interval_tree t = { NULL };

		for (uint32_t i = 0; i < nr; i++) {
			uint32_t first = order == 0 ? i : order == 1 ? nr - i : 7;

			interval_tree_insert(&t, &nodes[i], first, first);
		}
		CU_ASSERT(t.root->height <= 24);
		for (uint32_t i = 0; i < nr; i++)
			interval_tree_remove(&t, &nodes[i]);
		CU_ASSERT_PTR_NULL(t.root);
	}
}

void suite_interval_tree(void)
{
	CU_pSuite s = CU_add_suite("interval_tree", NULL, NULL);

	CU_add_test(s, "the order of a list", test_random);
	CU_add_test(s, "the first and the last page", test_ends);
	CU_add_test(s, "depth", test_depth);
}
