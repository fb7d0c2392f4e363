// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server's user-space OOM killer, as systemd-oomd with its defaults: once a
 * second it looks at avg10 of full memory pressure; above 60% for 30 s, or with
 * 90% of swap in use and less than a tenth of memory free, it kills a whole cgroup
 * by SIGKILL, without process_mrelease(), and then does nothing for 15 s.
 *
 * Approximations: a cgroup is a family, a process that nobody forked and its
 * descendants. The victim is the family with most memory and swap, where
 * systemd-oomd takes the one that was scanned most (pressure) or has most swap.
 */
#include "models/models.h"
#include "sim/charge.h"
#include "sim/psi.h"
#include "sim/reclaim.h"
#include "sim/sim.h"

#define MS 1000000ull

enum {
	PRESSURE_PERCENT,
	DURATION_MS,
	SWAP_USED_PERCENT,
	INTERVAL_MS,
	DELAY_MS,
};

static const struct killer_option options[] = {
	[PRESSURE_PERCENT] = { "pressure", "avg10 of full pressure that is too much, percent", 60,
			       1, 100 },
	[DURATION_MS] = { "duration_ms", "for how long", 30000, 0, 3600000 },
	[SWAP_USED_PERCENT] = { "swap_used", "swap in use that is too much, percent", 90, 1, 100 },
	[INTERVAL_MS] = { "interval_ms", "how often it looks", 1000, 1, 60000 },
	[DELAY_MS] = { "delay_ms", "how long it does nothing after a kill", 15000, 0, 3600000 },
	{ NULL, NULL, 0, 0, 0 },
};

/* who founded the family that @pid is of, among those alive */
static uint32_t founder(const GArray *all, uint32_t pid)
{
	/* no chain of parents is longer than that */
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

static bool kill_family(struct sim *s)
{
	g_autoptr(GArray) all = killer_candidates(s);
	const uint64_t shortage = killer_shortage(s);
	g_autofree uint32_t *of = g_new(uint32_t, all->len + 1);
	uint32_t worst = 0;
	uint64_t most = 0;

	for (guint i = 0; i < all->len; i++)
		of[i] = founder(all, g_array_index(all, struct candidate, i).pid);
	for (guint i = 0; i < all->len; i++) {
		uint64_t pages = 0;

		for (guint j = 0; j < all->len; j++) {
			const struct candidate *c = &g_array_index(all, struct candidate, j);

			pages += of[j] == of[i] ? c->rss_pages + c->swap_pages : 0;
		}
		if (pages > most) {
			most = pages;
			worst = of[i];
		}
	}
	for (guint i = 0; most && i < all->len; i++)
		if (of[i] == worst)
			killer_kill(s, g_array_index(all, struct candidate, i).pid, false,
				    shortage);
	return most > 0;
}

static bool swap_is_full(const struct sim *s, const uint64_t *args)
{
	const uint64_t swap = s->cfg.machine.swap_pages;

	return swap && (swap - nr_swap_pages(s)) * 100 > swap * args[SWAP_USED_PERCENT] &&
	       free_pages(s) * 10 < machine_limit(&s->cfg.machine);
}

static void run(struct sim *s, const uint64_t *args)
{
	uint64_t since = UINT64_MAX; /* the pressure is too high */

	for (;;) {
		/* asked first, so that the averages are kept from the start */
		const bool high = psi_avg10(s, PSI_MEM_FULL) > args[PRESSURE_PERCENT] * 100;

		since = high ? MIN(since, s->now_ns) : UINT64_MAX;
		if ((high && s->now_ns - since >= args[DURATION_MS] * MS) ||
		    swap_is_full(s, args)) {
			if (kill_family(s)) {
				since = UINT64_MAX;
				killer_wait(s, args[DELAY_MS] * MS);
			}
		}
		killer_wait(s, args[INTERVAL_MS] * MS);
	}
}

const struct killer kill_oomd = {
	.name = "oomd",
	.summary = "systemd-oomd's: pressure over time or swap; a whole family at once",
	.options = options,
	.run = run,
};
