// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/workingset.c: workingset_update_node(), count_shadow_nodes(),
 * scan_shadow_nodes(), shadow_lru_isolate(). Freeing a node drops all its shadows, so
 * refaults of their pages are not counted.
 *
 * Each memcg has a list of shadow nodes. A node belongs to the memcg that is charged for it if
 * kernel memory is charged (machine key kmem), else to the root, whose list only global reclaim
 * shrinks. So below memcg limits without kmem no trees are needed.
 *
 * Approximations: the kernel skips a node whose locks it cannot take; here it takes them
 * always. The slab of the root is not counted, and unevictable_pages belong to the first memcg.
 * Inodes are not reclaimed, nor is the shadow of a file that has only its first page.
 */
#include "sim/mm/workingset.h"

#include "sim/mm/objcg.h"

static void list_add_tail(struct page_trees *x, struct xa_node *node)
{
	struct shadow_nodes *l = &x->shadow_nodes[node->memcg];
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
	struct shadow_nodes *l = &x->shadow_nodes[node->memcg];

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

uint32_t nr_shadow_nodes(const struct sim *s)
{
	uint32_t nr = 0;

	for (unsigned int i = 0; s->trees && i < s->nr_memcgs; i++)
		nr += s->trees->shadow_nodes[i].nr_items;
	return nr;
}

static uint64_t lru_pages(const struct sim *s, uint8_t memcg)
{
	const struct lruvec *lruvec = &s->memcg[memcg].lruvec;
	uint64_t nr = 0;

	for (int type = 0; type < NR_LRU_TYPES; type++)
		nr += s->cfg.lru->size(lruvec, (enum lru_type)type, false) +
		      s->cfg.lru->size(lruvec, (enum lru_type)type, true);
	return nr;
}

void workingset_flush_stats(struct sim *s)
{
	if (!s->trees)
		return;
	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		s->trees->shadow_nodes[i].flushed_pages =
			lru_pages(s, (uint8_t)i) + s->memcg[i].nr_unevictable;
	if (s->objcg)
		obj_flush_stats(s);
}

uint64_t count_shadow_nodes(struct sim *s, uint8_t memcg)
{
	const struct shadow_nodes *l = &s->trees->shadow_nodes[memcg];
	const uint64_t nodes = l->nr_items;
	uint64_t pages = memcg ? 0 : s->cfg.machine.unevictable_pages, max_nodes;

	if (!nodes)
		return 0;
	if (!s->stats_lag)
		workingset_flush_stats(s);
	if (!s->cfg.kernel->shadow_limit_by_lru_size)
		pages += l->flushed_pages;
	else
		pages += s->memcg[memcg].nr_unevictable +
			 (s->cfg.lru->lru_gen ? 0 : lru_pages(s, memcg));
	if (s->objcg)
		pages += obj_flushed_pages(s, memcg);
	max_nodes = pages >> (XA_CHUNK_SHIFT - 3);
	return nodes <= max_nodes ? 0 : nodes - max_nodes;
}

uint64_t scan_shadow_nodes(struct sim *s, uint8_t memcg, uint64_t nr)
{
	struct page_trees *x = s->trees;
	const struct shadow_nodes *l = &x->shadow_nodes[memcg];
	uint64_t freed = 0;

	for (; freed < nr && l->nr_items; freed++) {
		struct xa_node *node = &x->nodes[l->head];

		list_del(x, node);
		xa_delete_node(s, node);
	}
	count_vm(s, VM_workingset_nodereclaim, freed);
	return freed;
}
