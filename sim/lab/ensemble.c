// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/ensemble.h"

#include <errno.h>
#include <string.h>

#include "sim/rng.h"

#define MEMORY_SPAN	   0.1 /* of the limit, more or less */
#define WINDOW_SPAN	   0.1 /* of the records, at either end */
#define MEMCG_CHARGE_BATCH 64

const struct ensemble_axis_text ensemble_axes[NR_ENSEMBLE_AXES] = {
	[AXIS_MEMORY] = { "memory", "the limit, 10% less to 10% more" },
	[AXIS_WINDOW] = { "window", "where counting starts and ends: up to 10% of the records are "
				    "left out at either end" },
	[AXIS_READAHEAD] = { "readahead", "half of it, all, or twice as much" },
	[AXIS_PREFAULT] = { "prefault", "fault-around maps pages young or old" },
	[AXIS_NOISE] = { "noise", "pages that other CPUs have charged ahead: 0 to 63" },
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

static void apply(enum ensemble_axis axis, double at, double at_end, struct machine *m,
		  struct window *w)
{
	const double records = (double)(w->to - w->from);

	switch (axis) {
	case AXIS_MEMORY:
		add_to_limit(m, (double)machine_limit(m) * MEMORY_SPAN * (2 * at - 1));
		break;
	case AXIS_WINDOW:
		w->from += (uint64_t)(records * WINDOW_SPAN * at);
		w->to -= (uint64_t)(records * WINDOW_SPAN * at_end);
		break;
	case AXIS_READAHEAD:
		m->readahead_pages = m->readahead_pages *
				     (at < 1.0 / 3   ? 1
				      : at < 2.0 / 3 ? 2
						     : 4) /
				     2;
		break;
	case AXIS_PREFAULT:
		m->prefault_old = at < 0.5;
		break;
	case AXIS_NOISE:
		add_to_limit(m, -(double)(guint)(at * MEMCG_CHARGE_BATCH));
		break;
	case NR_ENSEMBLE_AXES:
		break;
	}
}

void ensemble_member(const struct ensemble *e, guint i, struct machine *m, struct window *w)
{
	if (!i)
		return;
	for (guint axis = 0; axis < NR_ENSEMBLE_AXES; axis++)
		if (e->axes & 1U << axis)
			apply((enum ensemble_axis)axis, place(e, i, 2 * axis + 1),
			      place(e, i, 2 * axis + 2), m, w);
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
