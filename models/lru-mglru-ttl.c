// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protection of the working set by /sys/kernel/mm/lru_gen/min_ttl_ms: mirrors
 * lruvec_is_sizable, lruvec_is_reclaimable and the rest of lru_gen_age_node of
 * mm/vmscan.c, v6.12 and v7.3 (lru_gen_rules.ttl_of_file is where they differ).
 *
 * Each generation records when it was opened. Before each pass, of any priority and
 * order, kswapd checks that something is reclaimable: the oldest generation was opened
 * more than min_ttl_ms ago, and the evictable pages are one or more at the pass's
 * priority. If not, kswapd calls the OOM killer and then makes its pass anyway: it
 * spares no page, but the victim's pages become free. Direct reclaim and memcg reclaim
 * never check, so min_ttl_ms has no effect below a memcg limit.
 *
 * Every memcg is checked, and kswapd kills only if none has anything reclaimable. A machine that
 * has only the root kills in its first pass if fewer than 2^12 pages can be evicted.
 *
 * Approximations: no memory.min.
 * Jiffies start with the trace, and so do the first generations. Not compared with any
 * recorded kernel.
 */
#include "models/lru-mglru.h"

static uint64_t jiffies_at(const struct sim *s, uint64_t ns)
{
	return ns / (s->cfg.machine.tick_us * 1000ull);
}

/* msecs_to_jiffies() rounds up */
static uint64_t min_ttl(const struct sim *s)
{
	return (s->cfg.machine.min_ttl_ms * 1000ull + s->cfg.machine.tick_us - 1) /
	       s->cfg.machine.tick_us;
}

bool lruvec_is_reclaimable(const struct sim *s, const struct lruvec *lruvec,
			   const struct scan_control *sc)
{
	const struct mglru *g = lruvec->lists;
	const unsigned int swappiness = lru_gen_swappiness(s, sc);
	uint64_t seq;

	/* lruvec_is_sizable() */
	if (!(evictable_size(g, swappiness) >> sc->priority))
		return false;
	seq = evictable_min_seq(g, g->rules->ttl_of_file ? 0 : swappiness);
	return jiffies_at(s, g->born_ns[lru_gen_from_seq(seq)]) + min_ttl(s) <
	       jiffies_at(s, s->clock.now_ns);
}
