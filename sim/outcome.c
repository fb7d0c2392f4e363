// SPDX-License-Identifier: GPL-2.0-only
#include "sim/outcome.h"

#include <stdlib.h>

const char *reap_cost_name(enum reap_cost cost)
{
	static const char *const names[NR_REAP_COSTS] = {
		"unmap", "mark_first", "mark_activate", "mark_active", "anon",
		"swap",	 "evict",      "table",		"vma",	       "close",
	};

	return names[cost];
}

uint64_t outcome_reap_ps(const struct outcome *o)
{
	return mm_times_reap_ps(&o->mm);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* By nearest rank; 0 of none. Sorts @all. */
static uint64_t percentile(uint64_t *all, guint n, unsigned int percent)
{
	if (!n)
		return 0;
	qsort(all, n, sizeof(*all), by_value);
	return all[MAX((n * (uint64_t)percent + 99) / 100, 1) - 1];
}

uint64_t outcome_latency_ns(const struct outcome *o, unsigned int percent)
{
	const guint n = o->restarts->len;
	g_autofree uint64_t *all = g_new(uint64_t, n + 1);

	for (guint i = 0; i < n; i++)
		all[i] = g_array_index(o->restarts, struct restart_outcome, i).latency_ns;
	return percentile(all, n, percent);
}

uint64_t outcome_start_ns(const struct outcome *o, unsigned int percent)
{
	g_autoptr(GArray) all = g_array_copy(o->starts);

	return percentile((uint64_t *)(void *)all->data, all->len, percent);
}

uint64_t outcome_free_ns(const struct outcome *o, unsigned int percent)
{
	uint64_t sum = 0, n = 0;

	for (guint i = 0; i < o->kills->len; i++) {
		const struct kill_outcome *k = &g_array_index(o->kills, struct kill_outcome, i);

		if (!k->done)
			continue;
		sum += percent <= 50 ? k->t50_ns : percent <= 90 ? k->t90_ns : k->t100_ns;
		n++;
	}
	return n ? sum / n : 0;
}

void outcome_clear(struct outcome *o)
{
	g_clear_pointer(&o->kills, g_array_unref);
	g_clear_pointer(&o->restarts, g_array_unref);
	g_clear_pointer(&o->starts, g_array_unref);
}
