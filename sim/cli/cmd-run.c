// SPDX-License-Identifier: GPL-2.0-only
/* reapsim run: one trace, one policy, one machine; every counter. */
#include <inttypes.h>
#include <string.h>

#include "sim/cli/runs.h"

static void print_table(FILE *f, const struct run_set *rs, const struct run *r, bool all)
{
	const struct machine *m = &r->cfg.machine;

	fprintf(f, "trace   %s\n", rs->trace->path);
	fprintf(f, "policy  %s on the %s LRU\n", r->policy, r->cfg.lru->name);
	fprintf(f, "machine %s: %" PRIu64 " pages%s, %" PRIu64 " of swap, %u cpus\n", m->name,
		m->memcg_pages ? m->memcg_pages : m->memory_pages,
		m->memcg_pages ? " (memcg limit)" : "", m->swap_pages, m->cpus);
	fprintf(f, "        readahead %u, fault-around %u born %s\n\n", m->readahead_pages,
		m->fault_around_pages, m->prefault_old ? "old" : "young");
	for (int i = 0; i < NR_VMSTAT; i++)
		if (all || r->stat.v[i])
			fprintf(f, "%-28s %12" PRIu64 "\n", vmstat_name((enum vmstat_item)i),
				r->stat.v[i]);
}

static int write_csv(const char *path, const struct run_set *rs, const struct run *r)
{
	struct cli_out out;
	int ret = cli_open_out(&out, path);

	if (ret)
		return ret;
	run_csv_header(out.f);
	for (guint i = 0; i < r->snapshots->len; i++) {
		const struct snapshot *s = &g_array_index(r->snapshots, struct snapshot, i);

		run_csv_row(out.f, rs->trace, r, rs->trace->names[s->name], &s->stat);
	}
	run_csv_row(out.f, rs->trace, r, NULL, &r->stat);
	return cli_close_out(&out, true);
}

static int run(int argc, char **argv)
{
	struct run_options o = { .jobs = -1 };
	char *csv = NULL;
	gboolean all = FALSE;
	const GOptionEntry own[] = {
		{ "csv", 0, 0, G_OPTION_ARG_FILENAME, &csv,
		  "write a row for each mark and the end (\"-\": stdout, no table)", "FILE" },
		{ "all", 'a', 0, G_OPTION_ARG_NONE, &all, "show counters that are 0 too", NULL },
		G_OPTION_ENTRY_NULL,
	};
	g_autofree GOptionEntry *entries = run_option_entries(&o, false);
	GArray *both = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
	struct trace *t = NULL;
	struct run_set rs = { 0 };
	struct cli_out out;
	const struct run *r;
	int ret;

	for (const GOptionEntry *e = entries; e->long_name; e++)
		g_array_append_val(both, *e);
	for (const GOptionEntry *e = own; e->long_name; e++)
		g_array_append_val(both, *e);
	ret = cli_options(&argc, &argv, (const GOptionEntry *)both->data, "TRACE",
			  "Replay one trace and print every counter.", run_options_help);
	g_array_free(both, TRUE);
	if (ret >= 0)
		return ret;
	if (argc != 2)
		return cli_usage("run: expected one trace, got %d", argc - 1);
	ret = cli_load_trace(argv[1], o.format, &t);
	if (!ret)
		ret = run_set_init(&rs, &o, t);
	if (!ret)
		ret = run_set_execute(&rs, 1);
	if (!ret) {
		r = run_set_get(&rs, 0, 0, 0);
		if (!csv || strcmp(csv, "-")) {
			ret = cli_open_out(&out, NULL);
			if (!ret) {
				print_table(out.f, &rs, r, all);
				ret = cli_close_out(&out, true);
			}
		}
		if (!ret && csv)
			ret = write_csv(csv, &rs, r);
	}
	run_set_clear(&rs);
	trace_free(t);
	return ret;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "replay a trace under one policy, print every counter",
	.run = run,
};
