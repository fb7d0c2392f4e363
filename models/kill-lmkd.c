// SPDX-License-Identifier: GPL-2.0-only
/*
 * Android's low-memory killer daemon in its PSI mode: mp_event_psi() of AOSP
 * system/memory/lmkd, with the defaults of a phone that is not low on RAM.
 *
 * It waits for a trigger: tasks stalled 70 ms, or all of them 700 ms, within a
 * second. From then on, for a second after the last trigger, it looks every 100
 * ms, every 10 ms while swap is low or after a kill. It kills when all stalled; or
 * when free memory is below the high watermark and swap is low; or when that, or
 * direct reclaim, goes with thrashing: refaults of file pages that exceed a share
 * of the file LRU. The share starts at 100% and goes down by 10% of itself with
 * every kill for thrashing. One victim at a time: the next one after the last is
 * gone, or after 100 ms.
 *
 * Approximations: the victim is the process that was idle longest, where Android
 * ranks by oom_score_adj and takes the largest or the longest idle of a rank; the
 * one used last is never taken. Not modelled: swap utilisation (off by default),
 * the cached-file floor, kills below the critical level that spare perceptible
 * processes. In a memcg the high watermark is room for one round of reclaim.
 */
#include "models/models.h"
#include "sim/psi.h"
#include "sim/reclaim.h"
#include "sim/sim.h"

#define MS 1000000ull

enum {
	PARTIAL_MS,
	COMPLETE_MS,
	WINDOW_MS,
	THRASHING_PERCENT,
	DECAY_PERCENT,
	SWAP_LOW_PERCENT,
	POLL_SHORT_MS,
	POLL_LONG_MS,
	KILL_TIMEOUT_MS,
};

static const struct killer_option options[] = {
	[PARTIAL_MS] = { "partial_ms", "stall of some task in a window that wakes it", 70, 1,
			 10000 },
	[COMPLETE_MS] = { "complete_ms", "stall of all tasks that makes it kill", 700, 1, 10000 },
	[WINDOW_MS] = { "window_ms", "PSI window", 1000, 500, 10000 },
	[THRASHING_PERCENT] = { "thrashing", "refaults, percent of the file LRU", 100, 0, 1000 },
	[DECAY_PERCENT] = { "decay", "the same, less by so many percent a kill", 10, 0, 100 },
	[SWAP_LOW_PERCENT] = { "swap_low", "free swap below it is low, percent", 10, 0, 100 },
	[POLL_SHORT_MS] = { "poll_short_ms", "how often it looks after a kill", 10, 1, 1000 },
	[POLL_LONG_MS] = { "poll_long_ms", "how often it looks else", 100, 1, 1000 },
	[KILL_TIMEOUT_MS] = { "kill_timeout_ms", "how long it waits for a victim", 100, 0, 10000 },
	{ NULL, NULL, 0, 0, 0 },
};

struct lmkd {
	const uint64_t *args;
	struct psi_trigger partial, complete;
	uint64_t refaults, file_lru, reset_ns; /* thrashing is counted from here */
	uint64_t scan_direct, scan_kswapd;     /* at the last look */
	uint64_t limit;			       /* percent; decays */
	uint64_t killed_ns;
	bool after_kill;
};

static uint64_t file_lru(const struct sim *s)
{
	return s->cfg.lru->size(s, LRU_FILE, false) + s->cfg.lru->size(s, LRU_FILE, true);
}

static void thrashing_reset(struct sim *s, struct lmkd *l)
{
	l->refaults = s->stat.v[VM_workingset_refault_file];
	l->file_lru = file_lru(s);
	l->reset_ns = s->now_ns;
}

static bool swap_is_low(const struct sim *s, const struct lmkd *l)
{
	return nr_swap_pages(s) < s->cfg.machine.swap_pages * l->args[SWAP_LOW_PERCENT] / 100;
}

static bool below(const struct sim *s, int64_t wmark)
{
	return s->cfg.machine.memcg_pages ? killer_shortage(s) > 0 : s->zone.free < wmark;
}

static bool kill_one(struct sim *s, struct lmkd *l)
{
	g_autoptr(GArray) all = killer_candidates(s);
	const struct candidate *victim = NULL;
	uint64_t least = UINT64_MAX;

	for (guint i = 0; i < all->len; i++) {
		const struct candidate *c = &g_array_index(all, struct candidate, i);

		least = MIN(least, c->idle_ns);
		if (!victim || c->idle_ns > victim->idle_ns)
			victim = c;
	}
	if (!victim || victim->idle_ns == least)
		return false;
	killer_kill(s, victim->pid, true, killer_shortage(s));
	l->killed_ns = s->now_ns;
	l->after_kill = true;
	return true;
}

/* one look; true if memory is so short that the next one should come soon */
static bool look(struct sim *s, struct lmkd *l)
{
	const uint64_t *v = s->stat.v, *args = l->args;
	const uint64_t thrashing =
		(v[VM_workingset_refault_file] - l->refaults) * 100 / (l->file_lru + 1);
	const bool direct = v[VM_pgscan_direct] != l->scan_direct;
	const bool kswapd = v[VM_pgscan_kswapd] != l->scan_kswapd;
	const bool stalled = l->complete.event, low = swap_is_low(s, l);
	const bool thrashes = thrashing > l->limit;
	bool kill;

	l->partial.event = l->complete.event = false;
	l->scan_direct = v[VM_pgscan_direct];
	l->scan_kswapd = v[VM_pgscan_kswapd];
	if (killer_nr_dying(s) && s->now_ns < l->killed_ns + args[KILL_TIMEOUT_MS] * MS)
		return true;
	/* nobody reclaims and nothing comes back */
	if (!stalled && !direct && !kswapd && !thrashing)
		return l->after_kill = false;
	kill = stalled || (l->after_kill && below(s, s->zone.wmark_low)) || (low && thrashes) ||
	       (below(s, s->zone.wmark_high) && (low || thrashes)) || (direct && thrashes);
	if (s->now_ns >= l->reset_ns + 1000 * MS)
		thrashing_reset(s, l);
	l->after_kill = false;
	if (!kill || !kill_one(s, l))
		return low;
	if (thrashes) {
		l->limit -= l->limit * args[DECAY_PERCENT] / 100;
		thrashing_reset(s, l);
	}
	return true;
}

static void run(struct sim *s, const uint64_t *args)
{
	struct lmkd l = { .args = args, .limit = args[THRASHING_PERCENT] };

	psi_trigger_add(s, &l.partial, PSI_MEM_SOME, args[PARTIAL_MS] * MS, args[WINDOW_MS] * MS);
	psi_trigger_add(s, &l.complete, PSI_MEM_FULL, args[COMPLETE_MS] * MS, args[WINDOW_MS] * MS);
	for (;;) {
		uint64_t until;

		psi_wait(s, UINT64_MAX);
		until = s->now_ns + args[WINDOW_MS] * MS;
		if (s->now_ns >= l.reset_ns + 1000 * MS)
			thrashing_reset(s, &l);
		while (s->now_ns < until) {
			const bool soon = look(s, &l);

			psi_wait(s, s->now_ns + args[soon ? POLL_SHORT_MS : POLL_LONG_MS] * MS);
			if (l.partial.event || l.complete.event)
				until = s->now_ns + args[WINDOW_MS] * MS;
		}
	}
}

const struct killer kill_lmkd = {
	.name = "lmkd",
	.summary = "Android's: PSI stalls, thrashing, swap; longest idle first, then mrelease",
	.options = options,
	.run = run,
};
