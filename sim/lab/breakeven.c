// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/breakeven.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/lab/table.h"
#include "sim/restart.h"
#include "traces/gen/gen.h"

/* The two axes */

/* The values of a list as typed, "a,b..c". */
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

/* Convert the values to numbers with restart_rule_parse(). */
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

/* The axes as lines of [generator], in the units of the generator's options. */
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

static int parse_returns(struct returns *r, const struct trace_generator *g, const char *delays,
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

/* The sweep */

static char *definition(const struct breakeven_spec *b, const struct returns *r, bool generated)
{
	const bool own = !strcmp(r->group, "generator");
	GString *s = g_string_new("[sweep]\nmode=timed\n");

	axes_text_file(s, generated ? "generator" : "trace", b->workload);
	if (b->nr_options || own)
		g_string_append(s, "[generator]\n");
	for (guint i = 0; i < b->nr_options; i++)
		g_string_append_printf(s, "%s\n", b->options[i]);
	if (own)
		g_string_append_printf(s, "%sseed=1..%u\n", r->text, b->nr_seeds);
	g_string_append(s, "[machine]\n");
	axes_text_files(s, "file", b->machines);
	for (char *const *set = b->settings; set && *set; set++)
		g_string_append_printf(s, "%s\n", *set);
	if (!own)
		g_string_append_printf(s, "[%s]\n%s[timed]\nseed=1..%u\n", r->group, r->text,
				       b->nr_seeds);
	g_string_append(s, "[run]\n");
	axes_text(s, "lru", b->lrus ? b->lrus : "classic,mglru");
	axes_text(s, "policy", b->policies ? b->policies : "baseline,v1");
	return g_string_free(s, FALSE);
}

enum { MACHINE, LRU, POLICY, DELAY, P, SEED, NR_AXES };

static void find_axes(const struct sweep *sw, const struct returns *r, int axes[NR_AXES])
{
	axes[MACHINE] = sweep_axis(sw, "machine", "file");
	axes[LRU] = sweep_axis(sw, "run", "lru");
	axes[POLICY] = sweep_axis(sw, "run", "policy");
	axes[DELAY] = sweep_axis(sw, r->group, r->delay_key);
	axes[P] = sweep_axis(sw, r->group, r->p_key);
	axes[SEED] = sweep_axis(sw, r->seed_group, "seed");
}

int breakeven_parse(struct sweep *sw, struct returns *r, const struct breakeven_spec *spec,
		    struct err *err)
{
	const struct trace_generator *g = gen_find(spec->workload, NULL);
	g_autofree char *text = NULL;
	int axes[NR_AXES];
	int ret = parse_returns(r, g, spec->delays ? spec->delays : "1s,4s,16s,60s",
				spec->probabilities ? spec->probabilities : "0..1/0.25", err);

	if (ret)
		return ret;
	text = definition(spec, r, g != NULL);
	ret = sweep_parse(sw, "breakeven", text, strlen(text), err);
	if (!ret) {
		find_axes(sw, r, axes);
		ret = sweep_check_axes(sw, axes, NR_AXES, err);
		if (ret)
			sweep_clear(sw);
	}
	if (ret)
		returns_clear(r);
	return ret;
}

/* The grid */

static GPtrArray *values(const struct sweep *sw, int axis)
{
	const struct axis *x = sw->order->pdata[axis];
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < x->values->len; i++)
		g_ptr_array_add(out, g_strdup(x->values->pdata[i]));
	return out;
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
	int axes[NR_AXES], status, value;
	struct table t;
	int ret = table_load(&t, csv, err);

	if (ret)
		return ret;
	status = table_column(&t, "status");
	value = table_column(&t, "net_ns");
	if (t.rows->len != sw->nr_runs || status < 0 || value < 0) {
		table_clear(&t);
		return err_at(err, -EINVAL, csv, 0, "not the %" PRIu64 " rows of the sweep",
			      sw->nr_runs);
	}
	find_axes(sw, r, axes);
	*g = (struct grid){
		.workload = without_suffix(workload),
		.r = r,
		.machines = values(sw, axes[MACHINE]),
		.lrus = values(sw, axes[LRU]),
		.policies = values(sw, axes[POLICY]),
		.nr_seeds = ((const struct axis *)sw->order->pdata[axes[SEED]])->values->len,
		.net = g_new(double, sw->nr_runs),
	};
	/* the rows are in the order of the runs */
	for (guint run = 0; run < t.rows->len; run++) {
		guint at[NR_AXES];

		for (size_t a = 0; a < NR_AXES; a++)
			at[a] = sweep_index(sw, run, (guint)axes[a]);
		*net(g, at[MACHINE], at[LRU], at[POLICY], at[DELAY], at[P], at[SEED]) =
			strcmp(table_text(&t, run, status), "ok")
				? NAN
				: table_number(&t, run, value) / 1e6;
	}
	table_clear(&t);
	grid_estimate(g);
	return 0;
}

static struct estimate *difference(const struct grid *g, guint machine, guint lru, guint policy,
				   guint delay, guint p)
{
	return &g->difference[(net(g, machine, lru, policy, delay, p, 0) - g->net) / g->nr_seeds];
}

void grid_estimate(struct grid *g)
{
	const guint cells = g->r->delays->len * g->r->ps->len;
	const guint tables = g->machines->len * g->lrus->len * g->policies->len;

	g->difference = g_new(struct estimate, tables * cells);
	for (guint t = 0; t < tables; t++) {
		const guint first = t - t % g->policies->len;
		struct estimate *e = g->difference + t * cells;

		for (guint c = 0; c < cells; c++)
			e[c] = estimate_of_difference(g->net + (t * cells + c) * g->nr_seeds,
						      g->net + (first * cells + c) * g->nr_seeds,
						      g->nr_seeds);
		estimate_correct(e, cells);
	}
}

void grid_clear(struct grid *g)
{
	g_clear_pointer(&g->machines, g_ptr_array_unref);
	g_clear_pointer(&g->lrus, g_ptr_array_unref);
	g_clear_pointer(&g->policies, g_ptr_array_unref);
	g_free(g->net);
	g_free(g->difference);
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
	return *difference(g, machine, lru, policy, delay, p);
}

int grid_winner(const struct grid *g, guint machine, guint lru, guint delay, guint p)
{
	guint nr_worse = 0;
	double best = 0;
	int who = 0;

	for (guint i = 1; i < g->policies->len; i++) {
		struct estimate e = grid_difference(g, machine, lru, i, delay, p);

		if (estimate_is_noise(&e))
			continue;
		nr_worse += e.mean > 0;
		if (e.mean < best) {
			best = e.mean;
			who = (int)i;
		}
	}
	if (who || nr_worse == g->policies->len - 1)
		return who;
	return nr_worse ? WINNER_FIRST_OR_EQUAL : WINNER_NOISE;
}

/* Where the line through the points (x, y) crosses 0 between @from and @to, whose signs
 * differ. */
static double crossing(const double *x, const double *y, guint from, guint to)
{
	guint i = from;

	while (i + 1 < to && (y[i] < 0) == (y[i + 1] < 0))
		i++;
	return x[i] + (x[i + 1] - x[i]) * (0 - y[i]) / (y[i + 1] - y[i]);
}

/* The break-even lies between two points that are not noise, have opposite signs and only
 * noise between them. There is none if the sign changes back. */
static struct even find_even(const double *x, const struct estimate *e, guint n)
{
	g_autofree double *mean = g_new(double, n), *above = g_new(double, n);
	g_autofree double *below = g_new(double, n);
	int last = -1;
	guint changes = 0;
	struct even r = { NAN, NAN, NAN, "same", 0, n };

	for (guint i = 0; i < n; i++) {
		mean[i] = e[i].mean;
		above[i] = e[i].high;
		below[i] = e[i].low;
		if (isnan(mean[i])) {
			r.verdict = "failed";
			return r;
		}
		if (!estimate_is_zero(&e[i]))
			r.verdict = "noise";
	}
	for (guint i = 0; i < n; i++) {
		if (estimate_is_noise(&e[i]))
			continue;
		if (last >= 0 && (mean[last] < 0) != (mean[i] < 0)) {
			const double a = crossing(x, above, (guint)last, i);
			const double b = crossing(x, below, (guint)last, i);

			r.at = crossing(x, mean, (guint)last, i);
			r.low = MIN(a, b);
			r.high = MAX(a, b);
			r.verdict = NULL;
			changes++;
		}
		last = (int)i;
		r.nr++;
	}
	if (changes > 1)
		r = (struct even){ NAN, NAN, NAN, "mixed", r.nr, n };
	if (!changes && r.nr * 2 > n)
		r.verdict = mean[last] < 0 ? "pays" : "never";
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
