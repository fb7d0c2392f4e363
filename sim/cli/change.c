// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/change.h"

#include <math.h>

/* At most 5 characters with the sign for anything below 10000. */
static int digits(double v)
{
	return fabs(v) < 99.95 ? 1 : 0;
}

const char *cli_change_mark(const struct estimate *e)
{
	if (estimate_is_zero(e))
		return "=";
	return !estimate_is_single(e) && estimate_is_noise(e) && !isnan(e->mean) ? "~" : " ";
}

char *cli_change(const struct estimate *e, double base)
{
	const double scale = base ? 100 / base : 1;
	const char *unit = base ? "%" : "";
	const double half = estimate_half(e);

	if (estimate_is_zero(e))
		return g_strdup("=");
	if (isnan(e->mean))
		return g_strdup("");
	if (estimate_is_single(e))
		return base ? g_strdup_printf("%+.1f%%", e->mean * scale)
			    : g_strdup_printf("%+.4g", e->mean);
	return g_strdup_printf("%+.*f+-%.*f%s%s", digits(e->mean * scale), e->mean * scale,
			       digits(half * scale), fabs(half * scale), unit,
			       estimate_is_noise(e) ? "~" : "");
}

struct estimate cli_spread_of(const struct run_set *rs, guint end, guint machine, guint policy,
			      enum vmstat_item item)
{
	g_autofree double *v = g_new(double, rs->nr_seeds), *first = g_new(double, rs->nr_seeds);

	for (guint i = 0; i < rs->nr_seeds; i++) {
		v[i] = (double)run_set_get_seed(rs, end, machine, policy, i)->stat.v[item];
		first[i] = (double)run_set_get_seed(rs, end, machine, 0, i)->stat.v[item];
	}
	return estimate_of_spread(v, first, rs->nr_seeds);
}

/* A percentage, from 1000 on in thousands, with a "k" */
static char *percent(double ratio)
{
	const double v = fabs(100 * ratio) < 999.5 ? 100 * ratio : ratio / 10;

	return g_strdup_printf("%+.*f%s", fabs(v) < 9.95 ? 1 : 0, v, v == 100 * ratio ? "" : "k");
}

char *cli_spread(const struct estimate *e)
{
	g_autofree char *mean = percent(e->mean);
	g_autofree char *low = percent(e->low), *high = percent(e->high);

	if (estimate_is_zero(e))
		return g_strdup("=");
	return g_strdup_printf("%s[%s..%s]%%%s", mean, low, high, estimate_is_noise(e) ? "~" : "");
}

enum estimate_of_what cli_change_what(const struct run_set *rs)
{
	return rs->ensemble.nr ? ESTIMATE_NEXT : ESTIMATE_MEAN;
}

char *cli_change_basis(const struct run_set *rs, guint nr_traces, const char *test)
{
	g_autofree char *axes = ensemble_text(&rs->ensemble);
	GString *s = g_string_new(NULL);

	if (!rs->ensemble.nr && rs->nr_seeds == 1 && nr_traces == 1) {
		g_string_append(s, "one run, no interval");
		return g_string_free(s, FALSE);
	}
	g_string_append_printf(s, "%u %s%s", rs->nr_seeds, rs->ensemble.nr ? "member" : "seed",
			       rs->nr_seeds > 1 ? "s" : "");
	if (nr_traces > 1)
		g_string_append_printf(s, " of each of %u traces", nr_traces);
	if (rs->ensemble.nr)
		g_string_append_printf(s, ": %s", axes);
	g_string_append_printf(s, "\n~: it can be noise, by %s with Holm's correction for a table",
			       test);
	return g_string_free(s, FALSE);
}
