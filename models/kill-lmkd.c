// SPDX-License-Identifier: GPL-2.0-only
/*
 * Android's low-memory killer daemon in its PSI mode: AOSP system/memory/lmkd,
 * lmkd.cpp as of android-14, mp_event_psi() with get_lowest_watermark(),
 * get_free_swap(), find_and_kill_process(), call_handler() and mainloop(). The
 * defaults are those of a phone that is not low on RAM; ro.config.low_ram has
 * partial_ms=200, thrashing=30 and decay=50.
 *
 * It waits for a trigger: some tasks stalled for 70 ms, or all of them for 700 ms,
 * within a second. Then it polls every 100 ms, or every 10 ms while swap is low. A
 * trigger, a kill and direct reclaim since the last poll keep polling alive for
 * another second. If nothing was scanned and nothing refaulted since the last poll,
 * lmkd does nothing. Otherwise it looks for a reason to kill. Each reason limits how
 * important the victim may be:
 *
 *   free memory below min even after a kill, or all stalled: any process
 *   swap is low, and thrashing or free memory below low: not perceptible processes
 *   thrashing, and free memory below low or direct reclaim: likewise
 *   free memory below low: a cached app
 *
 * Any process may go if free memory is below min or thrashing exceeds
 * thrashing_critical. Thrashing is the number of refaults of the file LRU since the
 * last reset, in percent of the LRU's size at that time, plus the growth of the second
 * before, halved for each second passed. It is reset after a second and after a kill.
 * Each kill for thrashing lowers the limit, until the next reset after a second.
 *
 * On a phone the activity manager sets the importance (oom_score_adj). A trace only
 * tells when a process was last used. The process in use, or used last, is the
 * foreground (0), the one before it the previous app (700), and all others are cached
 * (from 900 on). Cached processes are ranked as the activity manager ranks them,
 * longest idle first; of several in use the largest goes first. Idle services and
 * other perceptible processes look cached. TRACE_SYSTEM_PID is no candidate. A process for
 * which the trace sets oom_score_adj has that one.
 *
 * lmkd kills one victim at a time, with process_mrelease(). It polls again when the
 * victim is gone, or after kill_timeout_ms.
 *
 * Left out, because they are off by default or need something not modelled: pgrefill,
 * swap_util_max, filecache_min_kb, stall_limit_critical (100%), the vendors' hooks,
 * the watermarks of several zones, and what later versions add (BPF events of
 * direct reclaim, lowmem_min_oom_score). In a memcg the low watermark is room for one
 * round of reclaim, and the min watermark is no room at all.
 */
#include "models/models.h"
#include "sim/mm/charge.h"
#include "sim/mm/swap.h"
#include "sim/state.h"
#include "sim/time/psi.h"

#define MS 1000000ull

#define THRASHING_RESET_NS (1000 * MS)
#define POLL_NS		   (1000 * MS) /* PSI_WINDOW_SIZE_MS */

#define FOREGROUND_APP_ADJ  0
#define PERCEPTIBLE_APP_ADJ 200
#define PREVIOUS_APP_ADJ    700
#define CACHED_APP_MIN_ADJ  900

enum {
	PARTIAL_MS,
	COMPLETE_MS,
	WINDOW_MS,
	THRASHING_PERCENT,
	CRITICAL_PERCENT,
	DECAY_PERCENT,
	SWAP_LOW_PERCENT,
	SWAP_RATIO,
	POLL_SHORT_MS,
	POLL_LONG_MS,
	KILL_TIMEOUT_MS,
};

static const struct option options[] = {
	[PARTIAL_MS] = { "partial_ms", OPT_COUNT, "70", "partial stall per window that wakes it", 1,
			 10000 },
	[COMPLETE_MS] = { "complete_ms", OPT_COUNT, "700",
			  "complete stall per window that makes it kill", 1, 10000 },
	[WINDOW_MS] = { "window_ms", OPT_COUNT, "1000", "PSI window", 500, 10000 },
	[THRASHING_PERCENT] = { "thrashing", OPT_COUNT, "100", "refaults, percent of the file LRU",
				0, 1000 },
	[CRITICAL_PERCENT] = { "thrashing_critical", OPT_COUNT, "0",
			       "refaults above which any app may be killed; 0: three times "
			       "thrashing",
			       0, 10000 },
	[DECAY_PERCENT] = { "decay", OPT_COUNT, "10",
			    "percent by which each kill lowers the thrashing limit", 0, 100 },
	[SWAP_LOW_PERCENT] = { "swap_low", OPT_COUNT, "10", "free swap that counts as low, percent",
			       0, 100 },
	[SWAP_RATIO] = { "swap_ratio", OPT_COUNT, "1",
			 "limit of free swap as a multiple of easily available memory; 0: no limit",
			 0, 100 },
	[POLL_SHORT_MS] = { "poll_short_ms", OPT_COUNT, "10", "polling interval while swap is low",
			    1, 1000 },
	[POLL_LONG_MS] = { "poll_long_ms", OPT_COUNT, "100", "polling interval otherwise", 1,
			   1000 },
	[KILL_TIMEOUT_MS] = { "kill_timeout_ms", OPT_COUNT, "100",
			      "timeout for the exit of a victim; 0: none", 0, 10000 },
	{ NULL },
};

/* get_lowest_watermark(): the lowest watermark that free memory is below */
enum watermark {
	WMARK_MIN,
	WMARK_LOW,
	WMARK_HIGH,
	WMARK_NONE,
};

struct lmkd {
	const union option_value *args;
	struct psi_trigger partial, complete;
	uint64_t refaults, file_lru, reset_ns; /* values at the last reset of thrashing */
	uint64_t prev_growth;		       /* percent, before that reset */
	/* counters at the last poll */
	uint64_t seen_refaults;
	uint64_t scan_direct, scan_kswapd;
	uint64_t limit; /* of thrashing, percent; decays */
	bool killed;	/* the last poll killed */
	/* state at the last poll */
	bool direct, swap_is_low;
	uint32_t victim;
};

static void thrashing_reset(struct sim *s, struct lmkd *l)
{
	l->refaults = s->stat.v[VM_workingset_refault_file];
	l->file_lru = lruvec_pages(s, LRU_FILE);
	l->reset_ns = s->clock.now_ns;
}

static uint64_t growth(const struct sim *s, const struct lmkd *l)
{
	return (s->stat.v[VM_workingset_refault_file] - l->refaults) * 100 / (l->file_lru + 1);
}

static uint64_t thrashing(struct sim *s, struct lmkd *l)
{
	const uint64_t passed = s->clock.now_ns - l->reset_ns,
		       windows = passed / THRASHING_RESET_NS;

	if (passed <= THRASHING_RESET_NS)
		return growth(s, l) + l->prev_growth;
	/* a phone was up long before the trace: its growth before that has decayed */
	l->prev_growth = l->reset_ns ? growth(s, l) : 0;
	/* no decay if growth exceeds the limit: then no process could be killed for it */
	if (windows > 1 || l->prev_growth < l->limit)
		l->prev_growth = windows < 64 ? l->prev_growth >> windows : 0;
	thrashing_reset(s, l);
	l->limit = l->args[THRASHING_PERCENT].n;
	return l->prev_growth;
}

static bool swap_is_low(const struct sim *s, const struct lmkd *l)
{
	const uint64_t available = free_pages(s) + node_page_state(s, LRU_FILE, false);
	const uint64_t ratio = l->args[SWAP_RATIO].n;
	uint64_t free = nr_swap_pages(s);

	if (ratio)
		free = MIN(free, available * ratio);
	return free < s->cfg.machine.swap_pages * l->args[SWAP_LOW_PERCENT].n / 100;
}

static enum watermark lowest_watermark(const struct sim *s)
{
	if (!s->root)
		return s->cgroups[0].usage >= s->cgroups[0].max ? WMARK_MIN
		       : killer_shortage(s) > 0			? WMARK_LOW
								: WMARK_NONE;
	return s->zone.free < s->zone.wmark_min	   ? WMARK_MIN
	       : s->zone.free < s->zone.wmark_low  ? WMARK_LOW
	       : s->zone.free < s->zone.wmark_high ? WMARK_HIGH
						   : WMARK_NONE;
}

/* Return: true if pages were scanned or refaulted since the last poll. */
static bool anything_new(struct sim *s, struct lmkd *l)
{
	const uint64_t *v = s->stat.v;
	const bool news = v[VM_pgscan_direct] != l->scan_direct ||
			  v[VM_pgscan_kswapd] != l->scan_kswapd ||
			  v[VM_workingset_refault_file] != l->seen_refaults;

	l->direct = v[VM_pgscan_direct] != l->scan_direct;
	l->scan_direct = v[VM_pgscan_direct];
	l->scan_kswapd = v[VM_pgscan_kswapd];
	l->seen_refaults = v[VM_workingset_refault_file];
	return news;
}

/* Return: true if there is a reason to kill. @min_adj: set to the lowest oom_score_adj that a
 * victim may have. */
static bool reason(const struct sim *s, const struct lmkd *l, bool after_kill, bool stalled,
		   uint64_t thrash, int *min_adj, bool *for_thrashing)
{
	const union option_value *args = l->args;
	const enum watermark wmark = lowest_watermark(s);
	const bool low = wmark < WMARK_HIGH;
	const bool thrashes = thrash > l->limit;
	const bool critical = thrash >= (args[CRITICAL_PERCENT].n ? args[CRITICAL_PERCENT].n
								  : 3 * args[THRASHING_PERCENT].n);

	*for_thrashing = false;
	*min_adj = FOREGROUND_APP_ADJ;
	if ((after_kill && wmark < WMARK_LOW) || stalled)
		return true;
	if (l->swap_is_low && (thrash > args[THRASHING_PERCENT].n || low)) {
		if (wmark > WMARK_MIN && !critical)
			*min_adj = PERCEPTIBLE_APP_ADJ + 1;
		return true;
	}
	if (thrashes && (low || l->direct)) {
		*for_thrashing = true;
		if (!critical)
			*min_adj = PERCEPTIBLE_APP_ADJ + 1;
		return true;
	}
	*min_adj = PREVIOUS_APP_ADJ + 1;
	return low;
}

/* The two shortest idle times. */
static void least_idle(const GArray *all, uint64_t least[2])
{
	least[0] = least[1] = UINT64_MAX;
	for (guint i = 0; i < all->len; i++) {
		const uint64_t idle = g_array_index(all, struct candidate, i).idle_ns;

		if (idle < least[0]) {
			least[1] = least[0];
			least[0] = idle;
		} else if (idle > least[0]) {
			least[1] = MIN(least[1], idle);
		}
	}
}

static bool kill_one(struct sim *s, struct lmkd *l, int min_adj)
{
	g_autoptr(GArray) all = killer_candidates(s);
	const struct candidate *victim = NULL;
	int victim_adj = 0;
	uint64_t least[2];

	least_idle(all, least);
	for (guint i = 0; i < all->len; i++) {
		const struct candidate *c = &g_array_index(all, struct candidate, i);
		const int adj = c->has_adj		 ? c->oom_score_adj
				: c->idle_ns == least[0] ? FOREGROUND_APP_ADJ
				: c->idle_ns == least[1] ? PREVIOUS_APP_ADJ
							 : CACHED_APP_MIN_ADJ;

		if (adj < min_adj || !c->rss_pages)
			continue;
		if (!victim || adj > victim_adj ||
		    (adj == victim_adj &&
		     (c->idle_ns > victim->idle_ns ||
		      (c->idle_ns == victim->idle_ns && adj <= PERCEPTIBLE_APP_ADJ &&
		       c->rss_pages > victim->rss_pages)))) {
			victim = c;
			victim_adj = adj;
		}
	}
	if (!victim)
		return false;
	l->victim = victim->pid;
	killer_kill(s, victim->pid, true, killer_shortage(s));
	return true;
}

/* mp_event_psi(). Return: true if it killed. */
static bool look(struct sim *s, struct lmkd *l, bool stalled)
{
	const bool after_kill = l->killed;
	bool for_thrashing;
	uint64_t thrash;
	int min_adj;

	if (after_kill) {
		thrashing_reset(s, l);
		l->prev_growth = 0;
	}
	l->killed = false;
	l->swap_is_low = swap_is_low(s, l);
	if (!anything_new(s, l))
		return false;
	thrash = thrashing(s, l);
	if (!reason(s, l, after_kill, stalled, thrash, &min_adj, &for_thrashing))
		return false;
	l->killed = kill_one(s, l, min_adj);
	if (l->killed && for_thrashing)
		l->limit = l->limit * (100 - l->args[DECAY_PERCENT].n) / 100;
	return l->killed;
}

static bool triggered(const struct lmkd *l)
{
	return l->partial.event || l->complete.event;
}

static void run(struct sim *s, const union option_value *args)
{
	struct lmkd l = { .args = args, .limit = args[THRASHING_PERCENT].n };
	uint64_t until = 0;

	psi_trigger_add(s->psi, &l.partial, PSI_MEM_SOME, args[PARTIAL_MS].n * MS,
			args[WINDOW_MS].n * MS);
	psi_trigger_add(s->psi, &l.complete, PSI_MEM_FULL, args[COMPLETE_MS].n * MS,
			args[WINDOW_MS].n * MS);
	for (;;) {
		const bool event = triggered(&l), stalled = l.complete.event;

		l.partial.event = l.complete.event = false;
		if (look(s, &l, stalled)) {
			killer_wait_gone(s, l.victim,
					 args[KILL_TIMEOUT_MS].n
						 ? s->clock.now_ns + args[KILL_TIMEOUT_MS].n * MS
						 : UINT64_MAX);
			/* lmkd drops events that came while it waited */
			l.partial.event = l.complete.event = false;
			until = s->clock.now_ns + POLL_NS;
			continue;
		}
		if (event || l.direct)
			until = s->clock.now_ns + POLL_NS;
		if (s->clock.now_ns > until)
			psi_wait(s->psi, UINT64_MAX);
		else
			psi_wait(s->psi,
				 s->clock.now_ns +
					 args[l.swap_is_low ? POLL_SHORT_MS : POLL_LONG_MS].n * MS);
	}
}

const struct killer kill_lmkd = {
	.name = "lmkd",
	.summary = "Android's lmkd: PSI, watermarks, thrashing, swap; cached apps first, mrelease",
	.options = options,
	.run = run,
};
