// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/reclaim-first.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/keyfile.h"

static char *definition(const struct reclaim_first_spec *spec)
{
	GString *s = g_string_new("[sweep]\ngenerator=reclaim-first\n[generator]\n");

	axes_text(s, "stream_pages", spec->streams ? spec->streams : "0..32768/1024");
	for (guint i = 0; i < spec->nr_options; i++)
		g_string_append_printf(s, "%s\n", spec->options[i]);
	g_string_append(s, "[machine]\n");
	if (spec->machines)
		axes_text_files(s, "file", spec->machines);
	for (char *const *set = spec->settings; set && *set; set++)
		g_string_append_printf(s, "%s\n", *set);
	g_string_append(s, "[run]\n");
	axes_text(s, "lru", spec->lrus ? spec->lrus : "classic,mglru");
	axes_text(s, "policy", spec->policies ? spec->policies : "baseline,v1,demote");
	return g_string_free(s, FALSE);
}

static void find_axes(struct curves *c, const struct sweep *sw)
{
	c->sw = sw;
	c->machine = sweep_axis(sw, "machine", "file");
	c->stream = sweep_axis(sw, "generator", "stream_pages");
	c->lru = sweep_axis(sw, "run", "lru");
	c->policy = sweep_axis(sw, "run", "policy");
	c->machines = c->machine < 0 ? NULL : sw->order->pdata[c->machine];
	c->streams = sw->order->pdata[c->stream];
	c->lrus = sw->order->pdata[c->lru];
	c->policies = sw->order->pdata[c->policy];
}

int reclaim_first_parse(struct sweep *sw, const struct reclaim_first_spec *spec, struct err *err)
{
	g_autofree char *text = definition(spec);
	struct curves c;
	int ret = sweep_parse(sw, "reclaim-first", text, strlen(text), err);

	if (ret)
		return ret;
	find_axes(&c, sw);
	ret = sweep_check_axes(sw, (const int[]){ c.machine, c.stream, c.lru, c.policy }, 4, err);
	if (ret)
		sweep_clear(sw);
	return ret;
}

int curves_load(struct curves *c, const struct sweep *sw, const char *csv, struct err *err)
{
	static const char *const columns[NR_CURVES] = {
		[CURVE_REAP_PAGES] = "sim_reap_pages",	[CURVE_REAP_YOUNG] = "sim_reap_young",
		[CURVE_REAP_AGED] = "sim_reap_aged",	[CURVE_MARKS] = "sim_zap_marks",
		[CURVE_AGAINST] = "sim_zap_marks_aged", [CURVE_FILLS] = "sim_fills",
		[CURVE_LIMIT] = "limit_pages",
	};
	bool whole;
	int ret = table_load(&c->t, csv, err);

	if (ret)
		return ret;
	find_axes(c, sw);
	whole = c->t.rows->len == sw->nr_runs;
	for (int i = 0; i < NR_CURVES; i++) {
		c->column[i] = table_column(&c->t, columns[i]);
		whole &= c->column[i] >= 0;
	}
	if (whole)
		return 0;
	table_clear(&c->t);
	return err_at(err, -EINVAL, csv, 0, "not the %" PRIu64 " rows of the sweep", sw->nr_runs);
}

void curves_clear(struct curves *c)
{
	table_clear(&c->t);
}

guint curves_nr_machines(const struct curves *c)
{
	return c->machines ? c->machines->values->len : 1;
}

char *curves_machine(const struct curves *c, guint machine)
{
	return c->machines ? keyfile_name(c->machines->values->pdata[machine]) : NULL;
}

/* The rows are in the order of the runs. */
double curves_get(const struct curves *c, guint machine, guint stream, guint lru, guint policy,
		  enum curve what)
{
	const uint64_t *stride = c->sw->stride;
	uint64_t run =
		stream * stride[c->stream] + lru * stride[c->lru] + policy * stride[c->policy];

	if (c->machines)
		run += machine * stride[c->machine];
	return table_number(&c->t, (guint)run, c->column[what]);
}

double curves_mapped(const struct curves *c, guint machine, guint stream, guint lru)
{
	double most = 0;

	for (guint s = 0; s < c->streams->values->len; s++)
		most = MAX(most, curves_get(c, machine, s, lru, 0, CURVE_REAP_PAGES));
	return most > 0 ? 100 * curves_get(c, machine, stream, lru, 0, CURVE_REAP_PAGES) / most : 0;
}

double curves_share(const struct curves *c, guint machine, guint stream, guint lru, enum curve part,
		    enum curve whole)
{
	const double w = curves_get(c, machine, stream, lru, 0, whole);

	return w > 0 ? 100 * curves_get(c, machine, stream, lru, 0, part) / w : 0;
}

double curves_more_fills(const struct curves *c, guint machine, guint stream, guint lru,
			 guint policy)
{
	return curves_get(c, machine, stream, lru, policy, CURVE_FILLS) -
	       curves_get(c, machine, stream, lru, 0, CURVE_FILLS);
}
