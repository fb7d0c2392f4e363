// SPDX-License-Identifier: GPL-2.0-only
/* One run of a sweep: its configuration, its execution, and its row. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sim/lab/config.h"
#include "sim/lab/csv.h"
#include "sim/lab/summary.h"
#include "sim/lab/sweep-parts.h"

char *sweep_header(const struct sweep *sw)
{
	GString *s = g_string_new("sweep,run");

	for (guint i = 0; i < sw->order->len; i++) {
		g_autofree char *name = sweep_column(sw, i);

		g_string_append_printf(s, ",%s", name);
	}
	g_string_append(s, ",status,limit_pages");
	if (sw->timed)
		outcome_columns(s);
	for (int i = 0; !sw->timed && i < NR_VMSTAT; i++)
		g_string_append_printf(s, ",%s", vmstat_name((enum vmstat_item)i));
	g_string_append_c(s, '\n');
	return g_string_free(s, FALSE);
}

/* Set the machine in this order: defaults, the trace's rows, the machine file (wherever its
 * line is in the sweep), single keys. */
static int configure(const struct sweep *sw, uint64_t run, const struct trace *t,
		     struct sim_config *cfg, struct err *err)
{
	int ret;

	sim_config_init(cfg);
	ret = machine_from_trace(&cfg->machine, t, err);
	for (guint i = 0; i < sw->order->len && !ret; i++)
		if (is_axis(sw->order->pdata[i], "machine", "file"))
			ret = machine_from_keys(&cfg->machine,
						&sweep_kept_file(sw, sweep_value(sw, run, i))->keys,
						err);
	for (guint i = 0; i < sw->order->len && !ret; i++) {
		const struct axis *x = sw->order->pdata[i];
		g_autofree char *key = sweep_column(sw, i);

		if (in_group(x, "run") || (in_group(x, "machine") && strcmp(x->key, "file")))
			ret = sim_config_set(cfg, key, sweep_value(sw, run, i), err);
	}
	return ret;
}

static int set_limit(const struct sweep *sw, uint64_t run, const struct trace *t,
		     struct sim_config *cfg, const struct lab_hooks *h, struct sweep_cell *cell)
{
	int64_t peak = 0;
	int ret = sim_config_check(cfg, &cell->err);

	if (ret)
		return ret;
	if (sim_config_has_share(cfg)) {
		peak = sweep_peak(sw, run, t, cfg, h, &cell->err);
		cell->outside = peak == -ENOMEM || peak == -EINTR;
		if (peak < 0)
			return (int)peak;
	}
	ret = machine_resolve(&cfg->machine, (uint64_t)peak, &cell->err);
	return ret ? ret : sim_fits(t, cfg, &cell->err);
}

/* Execute the run and append its results to @row. */
static int simulate(const struct sweep *sw, uint64_t run, const struct trace *t,
		    struct sim_config *cfg, const struct lab_hooks *h, struct sweep_cell *cell,
		    GString *row)
{
	struct timed_config timed;
	struct vmstat stat;
	struct outcome o;
	const char *bad;
	struct sim *s;
	int ret;

	if (sw->timed) {
		ret = sweep_set_timed(sw, run, &timed, &bad, &cell->err);
		if (ret)
			return ret;
		cfg->timed = &timed;
	}
	s = sim_new(t, cfg, &cell->err);
	if (!s) {
		cell->outside = true;
		return -ENOMEM;
	}
	ret = lab_run(s, h, NULL, &cell->err);
	if (ret == 1 && sw->timed) {
		timed_outcome(s, &o);
		outcome_values(row, &o);
		outcome_clear(&o);
	} else if (ret == 1) {
		sim_stat(s, &stat);
		for (int i = 0; i < NR_VMSTAT; i++)
			g_string_append_printf(row, ",%" PRIu64, stat.v[i]);
	}
	sim_free(s);
	cell->outside = ret == 0;
	return ret == 1 ? 0 : ret == 0 ? -EINTR : ret;
}

/* The first fields of a row: "sweep,run,trace,..." */
static GString *row_begin(const struct sweep *sw, uint64_t run)
{
	GString *s = g_string_new(NULL);

	g_string_printf(s, "%s,%" PRIu64, sw->digest, run + 1);
	for (guint i = 0; i < sw->order->len; i++) {
		const struct axis *x = sw->order->pdata[i];
		const char *value = sweep_value(sw, run, i);
		g_autofree char *base = NULL;

		if (is_axis(x, "sweep", "trace") || is_axis(x, "machine", "file"))
			value = base = g_path_get_basename(value);
		g_string_append_c(s, ',');
		csv_append(s, value);
	}
	return s;
}

/* a row without values */
static void failed_row(const struct sweep *sw, GString *row, int ret)
{
	g_string_append(row, ret == -ENOMEM   ? ",out-of-memory"
			     : ret == -EINVAL ? ",invalid"
					      : ",failed");
	for (guint i = 0; i <= sw->nr_results; i++)
		g_string_append_c(row, ',');
}

void sweep_execute(const struct sweep *sw, uint64_t run, const struct lab_hooks *h,
		   struct sweep_cell *cell)
{
	const struct trace *t;
	struct sim_config cfg;
	GString *row = row_begin(sw, run);
	const size_t begin = row->len;
	int ret = 0;

	*cell = (struct sweep_cell){ 0 };
	t = sweep_get_trace(sw, run, &ret, &cell->err);
	cell->outside = ret == -ENOMEM;
	if (!ret)
		ret = configure(sw, run, t, &cfg, &cell->err);
	if (!ret)
		ret = set_limit(sw, run, t, &cfg, h, cell);
	if (!ret) {
		g_string_append_printf(row, ",ok,%" PRIu64, machine_limit(&cfg.machine));
		ret = simulate(sw, run, t, &cfg, h, cell, row);
	}
	cell->ret = ret;
	if (cell->outside) {
		g_string_free(row, TRUE);
		return;
	}
	if (ret) {
		g_string_truncate(row, begin);
		failed_row(sw, row, ret);
	}
	g_string_append_c(row, '\n');
	cell->row = g_string_free(row, FALSE);
}
