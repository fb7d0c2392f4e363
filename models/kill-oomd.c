// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server's user-space OOM killer: systemd-oomd, commit 00a99cb427b0, src/oom/
 * oomd-manager.c monitor_memory_pressure_contexts_handler() and
 * monitor_swap_contexts_handler(), oomd-util.c oomd_pressure_above(),
 * oomd_select_by_pgscan_rate() and oomd_select_by_swap_usage(), with its defaults.
 *
 * Once a second it looks at avg10 of full memory pressure: above 60% for 30 s,
 * with reclaim in the last 30 s, it kills, and not again for 15 s. The 30 s start when
 * the pressure rises; a kill does not restart them. Every 150 ms it looks at memory
 * and swap: if less than a tenth of each is available, it kills the largest user of
 * swap that has more than a twentieth of it. It kills a whole cgroup by SIGKILL,
 * without process_mrelease(). mrelease=1 adds that call, which Meta's oomd makes by
 * default (BaseKillPlugin.cpp, reap_memory). Meta's oomd has only the detectors that a
 * configuration names; its example is the same 60% for 30 s.
 *
 * Approximations: a cgroup is a family: a process that was not forked in the trace and
 * its descendants. All families are monitored together. Under pressure systemd-oomd
 * kills the cgroup that was scanned most since the last look, and of equal ones the
 * one with most memory. Here it always kills the family whose processes map most.
 * Available memory is si_mem_available() without slab; in a memcg it is the room below
 * the limit plus half of the file LRU. No oomd_avoid, no oomd_omit, no hooks before a
 * kill, no rulesets.
 */
#include "models/models.h"
#include "sim/mm/charge.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/swap.h"
#include "sim/state.h"
#include "sim/time/psi.h"

#define MS 1000000ull

#define RECLAIM_DURATION_NS	    (30000 * MS)
#define THRESHOLD_SWAP_USED_PERCENT 5

enum {
	PRESSURE_PERCENT,
	DURATION_MS,
	USED_PERCENT,
	INTERVAL_MS,
	SWAP_INTERVAL_MS,
	DELAY_MS,
	MRELEASE,
};

static const struct option options[] = {
	[PRESSURE_PERCENT] = { "pressure", OPT_COUNT, "60",
			       "avg10 of full pressure above which it kills, percent", 1, 100 },
	[DURATION_MS] = { "duration_ms", OPT_COUNT, "30000",
			  "time above that pressure before it kills", 0, 3600000 },
	[USED_PERCENT] = { "swap_used", OPT_COUNT, "90",
			   "used memory and swap above which it kills, percent", 1, 100 },
	[INTERVAL_MS] = { "interval_ms", OPT_COUNT, "1000", "polling interval of pressure", 1,
			  60000 },
	[SWAP_INTERVAL_MS] = { "swap_interval_ms", OPT_COUNT, "150",
			       "polling interval of memory and swap", 1, 60000 },
	[DELAY_MS] = { "delay_ms", OPT_COUNT, "15000", "time between two kills for pressure", 0,
		       3600000 },
	[MRELEASE] = { "mrelease", OPT_COUNT, "0", "reap the victims: 0 no, 1 yes", 0, 1 },
	{ NULL },
};

struct oomd {
	const union option_value *args;
	uint64_t high_since;   /* since when pressure is high; UINT64_MAX: it is not */
	uint64_t scanned;      /* pages scanned, at the last poll */
	uint64_t reclaimed_ns; /* time of the last poll that saw pages scanned */
	uint64_t quiet_until;  /* no kill for pressure before this time */
};

/* The process that names the family of @pid: follow the parents up to one that was not
 * forked or that is dead. */
static uint32_t founder(const GArray *all, uint32_t pid)
{
	/* a chain of parents has at most all->len processes */
	for (guint i = 0; i < all->len; i++) {
		const struct candidate *c = NULL;

		for (guint j = 0; j < all->len && !c; j++)
			if (g_array_index(all, struct candidate, j).pid == pid)
				c = &g_array_index(all, struct candidate, j);
		if (!c || c->parent == pid)
			return pid;
		pid = c->parent;
	}
	return pid;
}

static uint64_t rss(const struct candidate *c)
{
	return c->rss_pages;
}

static uint64_t swap(const struct candidate *c)
{
	return c->swap_pages;
}

/* Kill the family with most of @what, if that is more than @threshold. */
static bool kill_family(struct sim *s, const struct oomd *o,
			uint64_t (*what)(const struct candidate *c), uint64_t threshold)
{
	g_autoptr(GArray) all = killer_candidates(s);
	const uint64_t shortage = killer_shortage(s);
	g_autofree uint32_t *of = g_new(uint32_t, all->len + 1);
	uint64_t most = threshold;
	uint32_t worst = 0;

	for (guint i = 0; i < all->len; i++)
		of[i] = founder(all, g_array_index(all, struct candidate, i).pid);
	for (guint i = 0; i < all->len; i++) {
		uint64_t pages = 0;

		for (guint j = 0; j < all->len; j++)
			pages +=
				of[j] == of[i] ? what(&g_array_index(all, struct candidate, j)) : 0;
		if (pages > most) {
			most = pages;
			worst = of[i];
		}
	}
	for (guint i = 0; most > threshold && i < all->len; i++)
		if (of[i] == worst)
			killer_kill(s, g_array_index(all, struct candidate, i).pid,
				    o->args[MRELEASE].n, shortage);
	return most > threshold;
}

/* oomd_pressure_above(), and the check for recent reclaim */
static void look_at_pressure(struct sim *s, struct oomd *o)
{
	const union option_value *args = o->args;
	const uint64_t scanned = s->stat.v[VM_pgscan_direct] + s->stat.v[VM_pgscan_kswapd];
	const bool high = psi_avg10(s->psi, PSI_MEM_FULL) > args[PRESSURE_PERCENT].n * 100;

	if (scanned != o->scanned)
		o->reclaimed_ns = s->clock.now_ns;
	o->scanned = scanned;
	o->high_since = high ? MIN(o->high_since, s->clock.now_ns) : UINT64_MAX;
	if (!high || s->clock.now_ns - o->high_since < args[DURATION_MS].n * MS ||
	    s->clock.now_ns < o->quiet_until ||
	    s->clock.now_ns - o->reclaimed_ns > RECLAIM_DURATION_NS)
		return;
	if (kill_family(s, o, rss, 0))
		o->quiet_until = s->clock.now_ns + args[DELAY_MS].n * MS;
}

/* si_mem_available() */
static uint64_t available(const struct sim *s)
{
	const int64_t file = (int64_t)lruvec_pages(s, LRU_FILE);
	const bool memcg = !s->root;
	const int64_t low = memcg ? file : s->zone.wmark_low;
	const int64_t free =
		memcg ? (int64_t)free_pages(s) : zone_free_exact(s) - s->zone.wmark_high;

	return (uint64_t)MAX(free + file - MIN(file / 2, low), 0);
}

static void look_at_swap(struct sim *s, const struct oomd *o)
{
	const uint64_t left = 100 - o->args[USED_PERCENT].n;
	const uint64_t swap_total = s->cfg.machine.swap_pages;

	if (available(s) < machine_limit(&s->cfg.machine) * left / 100 &&
	    nr_swap_pages(s) < swap_total * left / 100)
		kill_family(s, o, swap, swap_total * THRESHOLD_SWAP_USED_PERCENT / 100);
}

static void run(struct sim *s, const union option_value *args)
{
	struct oomd o = { .args = args, .high_since = UINT64_MAX };
	uint64_t pressure_due = 0, swap_due = 0;

	for (;;) {
		if (s->clock.now_ns >= pressure_due) {
			look_at_pressure(s, &o);
			pressure_due = s->clock.now_ns + args[INTERVAL_MS].n * MS;
		}
		if (s->clock.now_ns >= swap_due) {
			look_at_swap(s, &o);
			swap_due = s->clock.now_ns + args[SWAP_INTERVAL_MS].n * MS;
		}
		killer_wait(s, MIN(pressure_due, swap_due) - s->clock.now_ns);
	}
}

const struct killer kill_oomd = {
	.name = "oomd",
	.summary = "systemd-oomd: pressure over time, or memory and swap; kills a process family",
	.options = options,
	.run = run,
};
