// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/shrinker.c: shrink_slab() and do_shrink_slab(). It scans in batches of
 * 128. A smaller rest is deferred; the next call adds the deferred count, shifted right by
 * the priority.
 *
 * Approximation: there is one shrinker, that of the shadow nodes.
 */
#include "sim/mm/shrinker.h"

#include "sim/mm/workingset.h"

#define SHRINK_BATCH 128

/* do_shrink_slab() of a shrinker without seeks */
static void do_shrink_slab(struct sim *s, uint8_t memcg, int priority)
{
	uint64_t *nr_deferred = &s->trees->shadow_nodes[memcg].nr_deferred;
	const uint64_t freeable = count_shadow_nodes(s, memcg), nr = *nr_deferred;
	const uint64_t delta = freeable / 2;
	uint64_t total_scan = MIN((nr >> priority) + delta, 2 * freeable), scanned = 0;

	if (!freeable)
		return;
	while (total_scan >= SHRINK_BATCH || total_scan >= freeable) {
		const uint64_t nr_to_scan = MIN(SHRINK_BATCH, total_scan);

		scan_shadow_nodes(s, memcg, nr_to_scan);
		total_scan -= nr_to_scan;
		scanned += nr_to_scan;
	}
	*nr_deferred = nr + delta > scanned ? MIN(nr + delta - scanned, 2 * freeable) : 0;
}

void shrink_slab(struct sim *s, const struct mem_cgroup *memcg, int priority)
{
	if (s->trees)
		do_shrink_slab(s, (uint8_t)(memcg - s->memcg), priority);
}
