// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/ensemble.h"

#include <errno.h>
#include <string.h>

#include "sim/rng.h"

#define MEMORY_SPAN	   0.1 /* of the limit, more or less */
#define WINDOW_SPAN	   0.1 /* of the records, at either end */
#define ORDER_SPAN	   0.1 /* of the records */
#define MEMCG_CHARGE_BATCH 64

const struct ensemble_axis_text ensemble_axes[NR_ENSEMBLE_AXES] = {
	[AXIS_MEMORY] = { "memory", "the limit, 10% less to 10% more" },
	[AXIS_WINDOW] = { "window", "where counting starts and ends: up to 10% of the records are "
				    "left out at either end" },
	[AXIS_READAHEAD] = { "readahead", "half of it, all, or twice as much" },
	[AXIS_PREFAULT] = { "prefault", "fault-around maps pages young or old" },
	[AXIS_NOISE] = { "noise", "pages that other CPUs have charged ahead: 0 to 63" },
	[AXIS_ORDER] = { "order",
			 "which process ran first where nothing forced it: each is late by "
			 "up to 10% of the records" },
};

/* The place of member @i on the @stream'th axis, in [0, 1). */
static double place(const struct ensemble *e, guint i, uint64_t stream)
{
	const guint parts = e->nr - 1;
	g_autofree guint *part = g_new(guint, parts);
	struct rng rng;

	rng_init(&rng, e->seed, stream);
	for (guint k = 0; k < parts; k++) {
		const guint other = (guint)rng_below(&rng, k + 1);

		part[k] = part[other];
		part[other] = k;
	}
	for (guint k = 0; k < i - 1; k++)
		rng_next(&rng);
	return (part[i - 1] + rng_real(&rng)) / parts;
}

static void add_to_limit(struct machine *m, double pages)
{
	uint64_t *limit = m->memcg_pages ? &m->memcg_pages : &m->memory_pages;
	const double before = (double)*limit;

	*limit = (uint64_t)MAX(1, before + pages);
	/* the rest of the machine's memory, which others use, stays */
	if (!m->memcg_pages && m->managed_pages)
		m->managed_pages = (uint64_t)((double)m->managed_pages + (double)*limit - before);
}

static bool varies(const struct ensemble *e, guint i, enum ensemble_axis axis)
{
	return i && e->nr && e->axes & 1U << axis;
}

static uint64_t stream(enum ensemble_axis axis)
{
	return 2 * (uint64_t)axis + 1;
}

void ensemble_machine(const struct ensemble *e, guint i, struct machine *m)
{
	double at;

	if (varies(e, i, AXIS_MEMORY)) {
		at = place(e, i, stream(AXIS_MEMORY));
		add_to_limit(m, (double)machine_limit(m) * MEMORY_SPAN * (2 * at - 1));
	}
	if (varies(e, i, AXIS_READAHEAD)) {
		at = place(e, i, stream(AXIS_READAHEAD));
		m->readahead_pages = m->readahead_pages *
				     (at < 1.0 / 3   ? 1
				      : at < 2.0 / 3 ? 2
						     : 4) /
				     2;
	}
	if (varies(e, i, AXIS_PREFAULT))
		m->prefault_old = place(e, i, stream(AXIS_PREFAULT)) < 0.5;
	if (varies(e, i, AXIS_NOISE)) {
		at = place(e, i, stream(AXIS_NOISE));
		add_to_limit(m, -(double)(guint)(at * MEMCG_CHARGE_BATCH));
	}
}

struct window ensemble_window(const struct ensemble *e, guint i, uint64_t nr_recs)
{
	struct window w = { .to = nr_recs };

	if (varies(e, i, AXIS_WINDOW)) {
		const double most = (double)nr_recs * WINDOW_SPAN;

		w.from += (uint64_t)(most * place(e, i, stream(AXIS_WINDOW)));
		w.to -= (uint64_t)(most * place(e, i, stream(AXIS_WINDOW) + 1));
	}
	return w;
}

struct shuffle ensemble_shuffle(const struct ensemble *e, guint i, uint64_t nr_recs)
{
	struct shuffle s = { .seed = e->seed };
	struct rng rng;

	if (varies(e, i, AXIS_ORDER)) {
		const double most = (double)nr_recs * ORDER_SPAN;

		s.reach = (uint64_t)(most * place(e, i, stream(AXIS_ORDER)));
		rng_init(&rng, e->seed, stream(AXIS_ORDER) + 1);
		for (guint k = 0; k < i; k++)
			s.seed = rng_next(&rng);
	}
	return s;
}

int ensemble_parse_axes(struct ensemble *e, const char *list, struct err *err)
{
	g_auto(GStrv) names = g_strsplit(list, ",", -1);

	e->axes = 0;
	if (!strcmp(list, "all")) {
		e->axes = (1U << NR_ENSEMBLE_AXES) - 1;
		return 0;
	}
	for (char **n = names; *n; n++) {
		guint axis = 0;

		while (axis < NR_ENSEMBLE_AXES && strcmp(ensemble_axes[axis].name, *n))
			axis++;
		if (axis == NR_ENSEMBLE_AXES) {
			g_autoptr(GString) s = g_string_new("all");

			for (axis = 0; axis < NR_ENSEMBLE_AXES; axis++)
				g_string_append_printf(s, ", %s", ensemble_axes[axis].name);
			return err_set(err, -EINVAL,
				       "unknown axis of the ensemble \"%s\", expected one of: %s",
				       *n, s->str);
		}
		e->axes |= 1U << axis;
	}
	return e->axes ? 0 : err_set(err, -EINVAL, "no axis of the ensemble is named");
}

char *ensemble_text(const struct ensemble *e)
{
	GString *s = g_string_new(NULL);

	for (guint axis = 0; axis < NR_ENSEMBLE_AXES; axis++)
		if (e->axes & 1U << axis)
			g_string_append_printf(s, "%s%s", s->len ? ", " : "",
					       ensemble_axes[axis].name);
	return g_string_free(s, FALSE);
}
