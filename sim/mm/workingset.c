// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/workingset.c: workingset_update_node(), count_shadow_nodes(),
 * scan_shadow_nodes(), shadow_lru_isolate(). Freeing a node drops all its shadows, so
 * refaults of their pages are not counted.
 *
 * There is one list of shadow nodes. It belongs to the memcg that has the limit if kernel
 * memory is charged to it (machine key kmem), else to the root, whose list only global reclaim
 * shrinks. So below a memcg limit without kmem no trees are needed.
 *
 * Approximations: the kernel skips a node whose locks it cannot take; here it takes them
 * always. The slab of the root is not counted. Inodes are not reclaimed, nor is the shadow of a
 * file that has only its first page.
 */
#include "sim/mm/workingset.h"

#include "sim/mm/objcg.h"

static void list_add_tail(struct page_trees *x, struct xa_node *node)
{
	struct xa_node_list *l = &x->shadow_nodes;
	const uint32_t i = (uint32_t)(node - x->nodes);

	node->prev = l->tail;
	node->next = XA_NONE;
	if (l->tail == XA_NONE)
		l->head = i;
	else
		x->nodes[l->tail].next = i;
	l->tail = i;
	l->nr_items++;
	node->listed = true;
}

static void list_del(struct page_trees *x, struct xa_node *node)
{
	struct xa_node_list *l = &x->shadow_nodes;

	if (node->prev == XA_NONE)
		l->head = node->next;
	else
		x->nodes[node->prev].next = node->next;
	if (node->next == XA_NONE)
		l->tail = node->prev;
	else
		x->nodes[node->next].prev = node->prev;
	l->nr_items--;
	node->listed = false;
}

void workingset_update_node(struct sim *s, struct xa_node *node, bool tracked)
{
	const bool shadows_only = tracked && node->count && node->count == node->nr_values;

	if (shadows_only == node->listed)
		return;
	if (shadows_only)
		list_add_tail(s->trees, node);
	else
		list_del(s->trees, node);
}

static uint64_t lru_pages(const struct sim *s)
{
	return lruvec_pages(s, LRU_ANON) + lruvec_pages(s, LRU_FILE);
}

void workingset_flush_stats(struct sim *s)
{
	if (!s->trees)
		return;
	s->trees->flushed_pages = lru_pages(s) + s->nr_unevictable;
	if (s->objcg)
		obj_flush_stats(s);
}

uint64_t count_shadow_nodes(struct sim *s)
{
	const struct page_trees *x = s->trees;
	const uint64_t nodes = x->shadow_nodes.nr_items;
	uint64_t pages = s->cfg.machine.unevictable_pages, max_nodes;

	if (!nodes)
		return 0;
	if (!s->stats_lag)
		workingset_flush_stats(s);
	if (!s->cfg.kernel->shadow_limit_by_lru_size)
		pages += x->flushed_pages;
	else
		pages += s->nr_unevictable + (s->cfg.lru->lru_gen ? 0 : lru_pages(s));
	if (s->objcg)
		pages += obj_flushed_pages(s);
	max_nodes = pages >> (XA_CHUNK_SHIFT - 3);
	return nodes <= max_nodes ? 0 : nodes - max_nodes;
}

uint64_t scan_shadow_nodes(struct sim *s, uint64_t nr)
{
	struct page_trees *x = s->trees;
	uint64_t freed = 0;

	for (; freed < nr && x->shadow_nodes.nr_items; freed++) {
		struct xa_node *node = &x->nodes[x->shadow_nodes.head];

		list_del(x, node);
		xa_delete_node(s, node);
	}
	count_vm(s, VM_workingset_nodereclaim, freed);
	return freed;
}
