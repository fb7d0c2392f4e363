// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/change.h"

#include <inttypes.h>
#include <math.h>

#include "sim/cli/runs.h"
#include "sim/lab/config.h"

char *cli_brief(uint64_t v)
{
	if (v < 10000000)
		return g_strdup_printf("%" PRIu64, v);
	return g_strdup_printf("%.4gM", (double)v / 1e6);
}

char *cli_figure(double v)
{
	const double a = fabs(v);
	const int digits = a >= 1000 ? 0 : a >= 100 ? 1 : a >= 10 ? 2 : 3;

	return isnan(v) ? g_strdup("-") : g_strdup_printf("%.*f", v ? digits : 0, v);
}

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
	const double of = fabs(ratio) < 0.0005 ? 0 : ratio; /* "+0.0" has one sign */
	const double v = fabs(100 * of) < 999.5 ? 100 * of : of / 10;

	if (isinf(v))
		return g_strdup("new");
	return g_strdup_printf("%+.*f%s", fabs(v) < 9.95 ? 1 : 0, v, v == 100 * of ? "" : "k");
}

char *cli_spread(const struct estimate *e)
{
	g_autofree char *mean = percent(e->mean);
	g_autofree char *low = percent(e->low), *high = percent(e->high);

	if (estimate_is_zero(e))
		return g_strdup("=");
	if (isnan(e->mean))
		return g_strdup("");
	return g_strdup_printf("%s[%s..%s]%%%s", mean, low, high, estimate_is_noise(e) ? "~" : "");
}

char *cli_too_few(guint members, guint comparisons)
{
	guint more = members;

	if (estimate_sign_tests(members) >= comparisons)
		return NULL;
	while (estimate_sign_tests(more) < comparisons)
		more++;
	return g_strdup_printf("%u members are too few to be certain among %u comparisons; %u can "
			       "be",
			       members, comparisons, more);
}

char *cli_change_basis(const struct run_set *rs, guint nr_traces, const char *test, guint columns)
{
	g_autofree char *axes = ensemble_text(&rs->ensemble);
	g_autofree char *few = cli_too_few(rs->nr_seeds, (rs->policies->len - 1) * columns);
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
		g_string_append_printf(s, ", which differ in\n%s", axes);
	g_string_append_printf(s, "\n~: it can be noise, by %s with Holm's correction for a table",
			       test);
	if (rs->ensemble.nr && nr_traces == 1 && few)
		g_string_append_printf(s, "\n%s", few);
	return g_string_free(s, FALSE);
}

int cli_open_results(struct cli_results *r, const struct outputs *files, enum row_table_id table,
		     const char *csv, const char *differences, bool has_differences)
{
	const struct output none = { 0 };
	int ret;

	*r = (struct cli_results){ 0 };
	ret = cli_open_stdout(&r->text, files);
	if (!ret)
		ret = cli_json_open(&r->json, files);
	if (!ret)
		ret = cli_rows_open(&r->runs, files, table, csv, &r->json);
	if (!ret)
		ret = cli_rows_open(&r->differences, files, ROWS_DIFFERENCES, differences,
				    has_differences ? &r->json : &none);
	return ret;
}

static enum output_end end_of(int ret, guint nr_rows)
{
	return !ret ? OUTPUT_WHOLE : nr_rows ? OUTPUT_PART : OUTPUT_FAILED;
}

int cli_close_results(struct cli_results *r, int ret)
{
	const int runs = cli_rows_close(&r->runs, end_of(ret, r->nr_runs));
	const int differences = cli_rows_close(&r->differences, end_of(ret, r->nr_differences));
	const int json = cli_json_close(&r->json, end_of(ret, r->nr_runs));
	const int text = cli_close_out(&r->text, OUTPUT_WHOLE);

	return MAX(MAX(MAX(ret, runs), MAX(differences, json)), text);
}

void cli_differences_row(struct cli_results *r, const struct run_set *rs, guint end, guint machine,
			 guint policy, const char *counter, guint members, double against,
			 const struct estimate *change)
{
	const struct machine *m = &g_array_index(rs->machines, struct machine, machine);
	g_autofree char *name = g_path_get_basename(rs->trace->path);
	FILE *const f = r->differences.f;

	r->nr_differences++;
	csv_field(f, name);
	fputc(',', f);
	csv_field(f, m->name);
	fprintf(f, ",%" PRIu64 ",%s,%s,%s,%s,%s,%s,%u,%.10g,%.6f,%.6f,%.6f,%.6g\n",
		machine_limit(m), rs->kernel->name, rs->lru->name,
		(char *)rs->policies->pdata[policy], (char *)rs->policies->pdata[0],
		ends_as_name(g_array_index(rs->ends, enum op_code, end)), counter, members, against,
		100 * change->mean, 100 * change->low, 100 * change->high, change->p);
}
