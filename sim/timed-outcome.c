// SPDX-License-Identifier: GPL-2.0-only
/* The outcome of a timed run: how much each kill freed, and when. */
#include "sim/mm/io.h"
#include "sim/outcome.h"
#include "sim/timed-priv.h"

/* Time from the kill until the victim had freed @percent of all that it freed. */
static uint64_t free_ns(const struct victim *v, unsigned int percent)
{
	for (guint i = 0; i < v->freed->len; i++) {
		const struct point *p = &g_array_index(v->freed, struct point, i);

		if (p->pages * 100 >= v->out.freed_pages * percent)
			return p->at_ns - v->out.at_ns;
	}
	return v->out.reap_ns;
}

/** struct release - @pages freed by @victim, an index, at @at_ns. */
struct release {
	uint64_t at_ns, pages;
	guint victim;
};

static int release_order(gconstpointer x, gconstpointer y)
{
	const struct release *a = x, *b = y;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->victim < b->victim ? -1 : a->victim > b->victim;
}

/* The releases of all kills (struct release), sorted by time, then by victim. */
static GArray *releases(const GPtrArray *victims)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct release));

	for (guint i = 0; i < victims->len; i++) {
		const struct victim *v = victims->pdata[i];
		uint64_t before = 0;

		for (guint j = 0; v->kill && j < v->freed->len; j++) {
			const struct point *p = &g_array_index(v->freed, struct point, j);
			const struct release r = { p->at_ns, p->pages - before, i };

			g_array_append_val(all, r);
			before = p->pages;
		}
	}
	g_array_sort(all, release_order);
	return all;
}

void timed_outcome(struct sim *s, struct outcome *o)
{
	GPtrArray *victims = s->timed->victims;
	g_autoptr(GArray) freed = releases(victims);
	uint64_t pending = 0; /* pages that earlier victims have yet to free */
	guint next = 0;

	*o = s->timed->outcome;
	o->mm = s->times;
	o->nr_requests = io_nr_requests(s);
	o->kills = g_array_new(FALSE, FALSE, sizeof(struct kill_outcome));
	o->restarts = g_array_copy(s->timed->outcome.restarts);
	o->starts = g_array_copy(s->timed->outcome.starts);
	sim_stat(s, &o->stat);
	for (guint i = 0; i < victims->len; i++) {
		struct victim *v = victims->pdata[i];
		struct kill_outcome out = v->out;

		if (!v->kill)
			continue;
		for (; next < freed->len; next++) {
			const struct release *r = &g_array_index(freed, struct release, next);

			if (r->at_ns > out.at_ns || (r->at_ns == out.at_ns && r->victim >= i))
				break;
			pending -= r->pages;
		}
		out.pending_pages = pending;
		pending += out.freed_pages;
		out.t50_ns = free_ns(v, 50);
		out.t90_ns = free_ns(v, 90);
		out.t100_ns = free_ns(v, 100);
		out.avoidable = out.pending_pages && out.pending_pages >= out.shortage_pages;
		o->nr_kills++;
		o->nr_oom_kills += out.oom;
		o->nr_avoidable += out.avoidable;
		g_array_append_val(o->kills, out);
	}
}
