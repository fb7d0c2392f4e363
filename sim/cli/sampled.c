// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/sampled.h"

#include <inttypes.h>
#include <math.h>

#include "sim/cli/change.h"
#include "sim/cli/runs.h"
#include "sim/lab/config.h"

#define INTERVAL_WIDTH 23

/* "LOW..HIGH" */
static char *interval(const struct estimate *e)
{
	g_autofree char *low = cli_brief((uint64_t)(e->low + 0.5));
	g_autofree char *high = cli_brief((uint64_t)(e->high + 0.5));

	return g_strdup_printf("%s..%s", low, high);
}

static void print_basis(FILE *f, const struct run_set *rs)
{
	fprintf(f,
		"estimates from %u samples of 1/%" PRIu32 ", with 95%% intervals;\n"
		"%u samples of 1/%" PRIu32 " show what size does\n",
		SAMPLES, rs->sampling.one_in, SAMPLES, rs->sampling.one_in * SAMPLE_CHECK);
}

static void table(FILE *f, const struct run_set *rs, guint end, guint machine,
		  enum vmstat_item item)
{
	const struct machine *m = &g_array_index(rs->machines, struct machine, machine);
	const guint nr = rs->policies->len;
	g_autofree struct estimate *change = g_new(struct estimate, nr);

	for (guint p = 0; p < nr; p++) {
		change[p] = (struct estimate){ .mean = NAN, .low = NAN, .high = NAN, .p = NAN };
		if (p && run_set_finished(rs, end, machine, p) &&
		    run_set_finished(rs, end, machine, 0))
			change[p] = sample_change(rs, end, machine, p, item);
	}
	estimate_correct(change, nr);
	fprintf(f, "ends: %s; machine: %s, %" PRIu64 " pages%s\n%s\n",
		ends_as_name(g_array_index(rs->ends, enum op_code, end)), m->name, machine_limit(m),
		m->memcg_pages ? " of memcg limit" : "", vmstat_name(item));
	fprintf(f, "%-14s%11s%*s%*s\n", "policy", "estimate", INTERVAL_WIDTH, "interval",
		SPREAD_WIDTH, "change");
	for (guint p = 0; p < nr; p++) {
		fprintf(f, "%-14s", (char *)rs->policies->pdata[p]);
		if (!run_set_finished(rs, end, machine, p)) {
			fprintf(f, "  not finished\n");
			continue;
		}
		const struct estimate e = sample_estimate(rs, end, machine, p, item);
		g_autofree char *n = cli_brief((uint64_t)(e.mean + 0.5));
		g_autofree char *of = interval(&e);
		g_autofree char *d = p ? cli_spread(&change[p]) : g_strdup("");

		fprintf(f, "%11s%*s%*s\n", n, INTERVAL_WIDTH, of, SPREAD_WIDTH, d);
	}
	fputc('\n', f);
}

void sampled_tables(FILE *f, const struct run_set *rs, enum vmstat_item item)
{
	cli_title(f, rs);
	fputc('\n', f);
	print_basis(f, rs);
	fputc('\n', f);
	for (guint e = 0; e < rs->ends->len; e++) {
		for (guint m = 0; m < rs->machines->len; m++) {
			table(f, rs, e, m, item);
			if (item != VM_sim_fills)
				table(f, rs, e, m, VM_sim_fills);
		}
	}
}

void sampled_counters(FILE *f, const struct run_set *rs, bool all)
{
	print_basis(f, rs);
	fprintf(f, "\n%-28s %12s %*s\n", "counter", "estimate", INTERVAL_WIDTH, "interval");
	for (int i = 0; i < NR_VMSTAT; i++) {
		const struct estimate e = sample_estimate(rs, 0, 0, 0, (enum vmstat_item)i);
		g_autofree char *of = interval(&e);

		if (all || e.mean > 0)
			fprintf(f, "%-28s %12.0f %*s\n", vmstat_name((enum vmstat_item)i), e.mean,
				INTERVAL_WIDTH, of);
	}
}

/* A field that may have no value */
static void number(FILE *f, double v)
{
	if (isnan(v))
		fputc(',', f);
	else
		fprintf(f, ",%.6g", v);
}

static void row(FILE *f, const struct run_set *rs, guint end, guint machine, guint policy,
		enum vmstat_item item)
{
	const struct machine *m = &g_array_index(rs->machines, struct machine, machine);
	const struct estimate e = sample_estimate(rs, end, machine, policy, item);
	g_autofree char *name = g_path_get_basename(rs->trace->path);
	struct estimate change = { .mean = NAN, .low = NAN, .high = NAN, .p = NAN };

	if (policy && run_set_finished(rs, end, machine, 0))
		change = sample_change(rs, end, machine, policy, item);
	csv_field(f, name);
	fputc(',', f);
	csv_field(f, m->name);
	fprintf(f, ",%" PRIu64 ",%s,%s,%s,%s,%s,%u,%" PRIu32 ",%.0f,%.0f,%.0f,%s", machine_limit(m),
		rs->kernel->name, rs->lru->name, (char *)rs->policies->pdata[policy],
		ends_as_name(g_array_index(rs->ends, enum op_code, end)), vmstat_name(item),
		SAMPLES, rs->sampling.one_in, e.mean, e.low, e.high,
		(char *)rs->policies->pdata[0]);
	number(f, 100 * change.mean);
	number(f, 100 * change.low);
	number(f, 100 * change.high);
	number(f, change.p);
	fputc('\n', f);
}

guint sampled_rows(FILE *f, const struct run_set *rs)
{
	guint rows = 0;

	for (guint e = 0; e < rs->ends->len; e++)
		for (guint m = 0; m < rs->machines->len; m++)
			for (guint p = 0; p < rs->policies->len; p++)
				for (int i = 0; i < NR_VMSTAT && run_set_finished(rs, e, m, p);
				     i++, rows++)
					row(f, rs, e, m, p, (enum vmstat_item)i);
	return rows;
}
