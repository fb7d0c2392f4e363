/* SPDX-License-Identifier: GPL-2.0-only */
/* Nodes of the page cache's trees that hold shadows only, and their shrinker: the second
 * half of v7.3 mm/workingset.c. The first, what a shadow says, is the LRU model's. */
#ifndef REAPSIM_WORKINGSET_H
#define REAPSIM_WORKINGSET_H

#include "sim/mm/xarray.h"

/** The counts of @node have changed: is it among the shadow nodes? @tracked: false for what
 * is not a node in the kernel. */
void workingset_update_node(struct sim *s, struct xa_node *node, bool tracked);
/** The statistics are flushed. */
void workingset_flush_stats(struct sim *s);
/** How many nodes of the memcg, an index in sim.memcg, are more than can be of use. */
uint64_t count_shadow_nodes(struct sim *s, uint8_t memcg);
/** Free up to @nr nodes, oldest first. Return: as many were. */
uint64_t scan_shadow_nodes(struct sim *s, uint8_t memcg, uint64_t nr);
/** Of all memcgs. */
uint32_t nr_shadow_nodes(const struct sim *s);

#endif
