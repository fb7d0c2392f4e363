// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/breakeven.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/lab/table.h"
#include "sim/restart.h"
#include "traces/gen/gen.h"

/* the two axes */

/* "a,b..c" -> its values */
static GPtrArray *expand(const char *list, struct err *err)
{
	g_autoptr(GString) text = g_string_new("[returns]\n");
	GPtrArray *out;
	struct axes a;

	axes_text(text, "list", list);
	if (axes_parse(&a, list, text->str, text->len, err))
		return NULL;
	out = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < axes_find(&a, "returns", "list")->values->len; i++)
		g_ptr_array_add(out, g_strdup(axes_find(&a, "returns", "list")->values->pdata[i]));
	axes_clear(&a);
	return out;
}

/* values through the rule's own parser */
static int read_values(struct returns *r, struct err *err)
{
	const char *first_delay = r->delays->pdata[0], *first_p = r->ps->pdata[0];

	r->delay_ns = g_new(uint64_t, r->delays->len);
	r->p = g_new(double, r->ps->len);
	for (guint i = 0; i < MAX(r->delays->len, r->ps->len); i++) {
		const char *delay = i < r->delays->len ? r->delays->pdata[i] : first_delay;
		const char *p = i < r->ps->len ? r->ps->pdata[i] : first_p;
		g_autofree char *text = g_strconcat("fixed=", delay, ",p=", p, NULL);
		struct restart_rule rule;
		int ret = restart_rule_parse(&rule, text, err);

		if (ret)
			return ret;
		if (i < r->delays->len)
			r->delay_ns[i] = rule.min_ns;
		if (i < r->ps->len)
			r->p[i] = rule.probability;
	}
	return 0;
}

/* in the units of the generator's options */
static int generator_axes(struct returns *r, const struct trace_generator *g, GString *text,
			  struct err *err)
{
	const bool ms = g_str_has_suffix(g->returns->delay, "_ms");
	const uint64_t unit_ns = ms ? 1000000 : 1000000000;

	g_string_append_printf(text, "%s\n%s=", g->returns->also, g->returns->delay);
	for (guint i = 0; i < r->delays->len; i++) {
		if (r->delay_ns[i] % unit_ns)
			return err_set(err, -EINVAL, "delay %s: %s of %s counts whole %s",
				       (char *)r->delays->pdata[i], g->returns->delay, g->name,
				       ms ? "milliseconds" : "seconds");
		g_string_append_printf(text, "%s%" PRIu64, i ? ";" : "", r->delay_ns[i] / unit_ns);
	}
	g_string_append_printf(text, "\n%s=", g->returns->percent);
	for (guint i = 0; i < r->ps->len; i++)
		g_string_append_printf(text, "%s%g", i ? ";" : "", 100 * r->p[i]);
	g_string_append_c(text, '\n');
	r->group = r->seed_group = "generator";
	r->delay_key = g->returns->delay;
	r->p_key = g->returns->percent;
	return 0;
}

static void rule_axes(struct returns *r, GString *text)
{
	g_string_append(text, "rule=fixed\n");
	for (guint i = 0; i < r->delays->len; i++)
		g_string_append_printf(text, "%s%s",
				       i ? ";" : "delay=", (char *)r->delays->pdata[i]);
	for (guint i = 0; i < r->ps->len; i++)
		g_string_append_printf(text, "%s%s", i ? ";" : "\np=", (char *)r->ps->pdata[i]);
	g_string_append_c(text, '\n');
	r->group = "restart";
	r->delay_key = "delay";
	r->p_key = "p";
	r->seed_group = "timed";
}

int returns_parse(struct returns *r, const struct trace_generator *g, const char *delays,
		  const char *ps, struct err *err)
{
	GString *text = g_string_new(NULL);
	int ret = -EINVAL;

	*r = (struct returns){ .delays = expand(delays, err) };
	if (r->delays)
		r->ps = expand(ps, err);
	if (r->ps)
		ret = read_values(r, err);
	if (!ret && g && g->returns)
		ret = generator_axes(r, g, text, err);
	else if (!ret)
		rule_axes(r, text);
	r->text = g_string_free(text, FALSE);
	if (ret)
		returns_clear(r);
	return ret;
}

void returns_clear(struct returns *r)
{
	g_clear_pointer(&r->delays, g_ptr_array_unref);
	g_clear_pointer(&r->ps, g_ptr_array_unref);
	g_free(r->delay_ns);
	g_free(r->p);
	g_free(r->text);
	*r = (struct returns){ 0 };
}

/* the grid */

static GPtrArray *values(const struct sweep *sw, const char *group, const char *key)
{
	const struct axis *x = axes_find(&sw->axes, group, key);
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < x->values->len; i++)
		g_ptr_array_add(out, g_strdup(x->values->pdata[i]));
	return out;
}

/* the axis's value in a row of the table */
static guint find(const struct table *t, guint row, int column, const GPtrArray *of)
{
	const char *value = table_text(t, row, column);

	for (guint i = 0; i < of->len; i++) {
		g_autofree char *base = g_path_get_basename(of->pdata[i]);

		if (!strcmp(of->pdata[i], value) || !strcmp(base, value))
			return i;
	}
	g_assert_not_reached(); /* the sweep wrote the file a moment ago */
}

static double *net(const struct grid *g, guint machine, guint lru, guint policy, guint delay,
		   guint p, guint seed)
{
	return &g->net[((((machine * g->lrus->len + lru) * g->policies->len + policy) *
				 g->r->delays->len +
			 delay) *
				g->r->ps->len +
			p) * g->nr_seeds +
		       seed];
}

/* "name" of "DIR/name.csv" */
static char *without_suffix(const char *path)
{
	char *base = g_path_get_basename(path), *dot = strrchr(base, '.');

	if (dot)
		*dot = 0;
	return base;
}

int grid_load(struct grid *g, const char *workload, const struct sweep *sw, const struct returns *r,
	      const char *csv, struct err *err)
{
	const struct {
		const char *group, *key;
	} axes[] = {
		{ "machine", "file" },	    { "run", "lru" },	    { "run", "policy" },
		{ r->group, r->delay_key }, { r->group, r->p_key }, { r->seed_group, "seed" },
	};
	GPtrArray *lists[G_N_ELEMENTS(axes)];
	int column[G_N_ELEMENTS(axes)], status, value;
	guint nr = 1;
	struct table t;
	int ret = table_load(&t, csv, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < G_N_ELEMENTS(axes); i++) {
		g_autofree char *name = g_strconcat(axes[i].group, ".", axes[i].key, NULL);

		lists[i] = values(sw, axes[i].group, axes[i].key);
		column[i] = table_column(&t, strcmp(axes[i].group, "run") ? name : axes[i].key);
		nr *= lists[i]->len;
	}
	status = table_column(&t, "status");
	value = table_column(&t, "net_ns");
	*g = (struct grid){
		.workload = without_suffix(workload),
		.r = r,
		.machines = lists[0],
		.lrus = lists[1],
		.policies = lists[2],
		.nr_seeds = lists[5]->len,
		.net = g_new(double, nr),
	};
	for (guint i = 0; i < t.rows->len; i++) {
		guint at[G_N_ELEMENTS(axes)];

		for (size_t a = 0; a < G_N_ELEMENTS(axes); a++)
			at[a] = find(&t, i, column[a], lists[a]);
		*net(g, at[0], at[1], at[2], at[3], at[4], at[5]) =
			strcmp(table_text(&t, i, status), "ok") ? NAN
								: table_number(&t, i, value) / 1e6;
	}
	for (size_t i = 3; i < G_N_ELEMENTS(axes); i++)
		g_ptr_array_unref(lists[i]);
	table_clear(&t);
	return 0;
}

void grid_clear(struct grid *g)
{
	g_clear_pointer(&g->machines, g_ptr_array_unref);
	g_clear_pointer(&g->lrus, g_ptr_array_unref);
	g_clear_pointer(&g->policies, g_ptr_array_unref);
	g_free(g->net);
	g_free(g->workload);
	*g = (struct grid){ 0 };
}

char *grid_machine(const struct grid *g, guint machine)
{
	return without_suffix(g->machines->pdata[machine]);
}

double grid_net(const struct grid *g, guint machine, guint lru, guint policy, guint delay, guint p)
{
	return estimate_of(net(g, machine, lru, policy, delay, p, 0), g->nr_seeds).mean;
}

struct estimate grid_difference(const struct grid *g, guint machine, guint lru, guint policy,
				guint delay, guint p)
{
	const double *of = net(g, machine, lru, policy, delay, p, 0);
	const double *first = net(g, machine, lru, 0, delay, p, 0);
	g_autofree double *d = g_new(double, g->nr_seeds);

	for (guint s = 0; s < g->nr_seeds; s++)
		d[s] = of[s] - first[s];
	return estimate_of(d, g->nr_seeds);
}

/* where the line through (x, y) passes 0 between the points @from and @to, whose
 * signs differ */
static double crossing(const double *x, const double *y, guint from, guint to)
{
	guint i = from;

	while (i + 1 < to && (y[i] < 0) == (y[i + 1] < 0))
		i++;
	return x[i] + (x[i + 1] - x[i]) * (0 - y[i]) / (y[i + 1] - y[i]);
}

/* between two points that are certain, one on each side, with only noise between */
static struct even find_even(const double *x, const struct estimate *e, guint n)
{
	g_autofree double *mean = g_new(double, n), *above = g_new(double, n);
	g_autofree double *below = g_new(double, n);
	int last = -1;
	struct even r = { NAN, NAN, NAN, "same" };

	for (guint i = 0; i < n; i++) {
		mean[i] = e[i].mean;
		above[i] = e[i].mean + e[i].half;
		below[i] = e[i].mean - e[i].half;
		if (isnan(mean[i])) {
			r.verdict = "failed";
			return r;
		}
		if (last < 0 && (e[i].mean || e[i].half))
			r.verdict = "noise";
		if (estimate_is_noise(&e[i]))
			continue;
		if (last >= 0 && (mean[last] < 0) != (mean[i] < 0)) {
			const double a = crossing(x, above, (guint)last, i);
			const double b = crossing(x, below, (guint)last, i);

			return (struct even){ crossing(x, mean, (guint)last, i), MIN(a, b),
					      MAX(a, b), NULL };
		}
		last = (int)i;
		r.verdict = mean[i] < 0 ? "pays" : "never";
	}
	return r;
}

struct even grid_even_p(const struct grid *g, guint machine, guint lru, guint policy, guint delay)
{
	g_autofree struct estimate *e = g_new(struct estimate, g->r->ps->len);

	for (guint p = 0; p < g->r->ps->len; p++)
		e[p] = grid_difference(g, machine, lru, policy, delay, p);
	return find_even(g->r->p, e, g->r->ps->len);
}

struct even grid_even_delay(const struct grid *g, guint machine, guint lru, guint policy, guint p)
{
	const guint n = g->r->delays->len;
	g_autofree double *x = g_new(double, n);
	g_autofree struct estimate *e = g_new(struct estimate, n);
	struct even r;

	for (guint d = 0; d < n; d++) {
		x[d] = log(MAX((double)g->r->delay_ns[d] / 1e9, 1e-9));
		e[d] = grid_difference(g, machine, lru, policy, d, p);
	}
	r = find_even(x, e, n);
	r.at = exp(r.at);
	r.low = exp(r.low);
	r.high = exp(r.high);
	return r;
}
