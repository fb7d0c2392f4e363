// SPDX-License-Identifier: GPL-2.0-only
/* reapsim run: one trace, one policy, one machine; every counter. */
#include <inttypes.h>
#include <string.h>

#include "sim/cli/runs.h"

static void print_table(FILE *f, const struct run_set *rs, const struct run *r, bool all)
{
	const struct machine *m = &r->cfg.machine;

	fprintf(f, "trace   %s\n", rs->trace->path);
	fprintf(f, "policy  %s on the %s LRU of v%s\n", r->policy, r->cfg.lru->name,
		r->cfg.kernel->name);
	fprintf(f, "machine %s: %" PRIu64 " pages%s, %" PRIu64 " of swap, %u cpus\n", m->name,
		machine_limit(m), m->memcg_pages ? " (memcg limit)" : "", m->swap_pages, m->cpus);
	fprintf(f, "        readahead %u, fault-around %u born %s\n\n", m->readahead_pages,
		m->fault_around_pages, m->prefault_old ? "old" : "young");
	for (int i = 0; i < NR_VMSTAT; i++)
		if (all || r->stat.v[i])
			fprintf(f, "%-28s %12" PRIu64 "\n", vmstat_name((enum vmstat_item)i),
				r->stat.v[i]);
}

static int write_csv(const struct outputs *files, const char *path, const struct run_set *rs,
		     const struct run *r)
{
	struct output out;
	int ret = cli_open_out(&out, files, path);

	if (ret)
		return ret;
	run_csv_header(out.f);
	for (guint i = 0; i < r->snapshots->len; i++)
		run_csv_row(out.f, rs->trace, r, &g_array_index(r->snapshots, struct snapshot, i));
	run_csv_row(out.f, rs->trace, r, NULL);
	return cli_close_out(&out, true);
}

static int write_pages(const struct outputs *files, const char *path, const struct run_set *rs,
		       const struct run *r)
{
	struct output out;
	int ret = cli_open_out(&out, files, path);

	if (ret)
		return ret;
	run_csv_pages(out.f, rs->trace, r);
	return cli_close_out(&out, true);
}

static bool is_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

static int replay(const struct run_options *o, const struct outputs *files, const char *path,
		  const char *csv, const char *pages, bool all)
{
	struct run_set rs = { 0 };
	struct trace *t = NULL;
	struct output out;
	int ret = cli_load_trace(path, o->format, &t);

	if (!ret)
		ret = cli_run_set_init_one(&rs, &o->spec, t);
	if (!ret)
		ret = cli_run_set_execute(&rs, 1);
	if (!ret && !is_stdout(csv) && !is_stdout(pages)) {
		ret = cli_open_stdout(&out, NULL);
		if (!ret) {
			print_table(out.f, &rs, run_set_get(&rs, 0, 0, 0), all);
			ret = cli_close_out(&out, true);
		}
	}
	if (!ret && csv)
		ret = write_csv(files, csv, &rs, run_set_get(&rs, 0, 0, 0));
	if (!ret && pages)
		ret = write_pages(files, pages, &rs, run_set_get(&rs, 0, 0, 0));
	run_set_clear(&rs);
	trace_free(t);
	return ret;
}

static int declare(struct outputs *files, const struct run_options *o, const char *trace,
		   const char *csv, const char *pages)
{
	const struct cli_file list[] = {
		{ FILE_INPUT, "TRACE", trace, false },
		{ FILE_INPUT, "--machine", o->spec.machines, false },
		{ FILE_RESULTS, "--csv", csv, false },
		{ FILE_RESULTS, "--pages", pages, false },
	};

	return cli_declare(files, list, G_N_ELEMENTS(list));
}

static int run(int argc, char **argv)
{
	struct run_options o = { 0 };
	struct outputs files;
	g_autofree char *csv = NULL, *pages = NULL;
	gboolean all = FALSE, flags_as_recorded = FALSE;
	const GOptionEntry own[] = {
		{ "csv", 0, 0, G_OPTION_ARG_FILENAME, &csv,
		  "write a row for each mark and the end (\"-\": stdout, no table)", "FILE" },
		{ "pages", 0, 0, G_OPTION_ARG_FILENAME, &pages,
		  "write the state of every file page at each mark (\"-\": stdout, no table)",
		  "FILE" },
		{ "flags-as-recorded", 0, 0, G_OPTION_ARG_NONE, &flags_as_recorded,
		  "process_mrelease() gets the flags of the trace, none by the policy", NULL },
		CLI_FORCE(&files),
		{ "all", 'a', 0, G_OPTION_ARG_NONE, &all, "show counters that are 0 too", NULL },
		G_OPTION_ENTRY_NULL,
	};
	int ret;

	outputs_init(&files);
	ret = run_options_parse(&argc, &argv, &o, false, own, "TRACE",
				"Replay one trace and print every counter.", NULL);
	o.spec.flags_as_recorded = flags_as_recorded;
	o.spec.keep_pages = pages != NULL;
	if (ret < 0 && is_stdout(csv) && is_stdout(pages))
		ret = cli_usage("run: --csv and --pages cannot both go to stdout");
	if (ret < 0 && argc != 2)
		ret = cli_usage("run: expected one trace, got %d", argc - 1);
	if (ret < 0) {
		ret = declare(&files, &o, argv[1], csv, pages);
		if (!ret)
			ret = replay(&o, &files, argv[1], csv, pages, all);
	}
	outputs_clear(&files);
	run_options_clear(&o);
	return ret;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "replay a trace under one policy, print every counter",
	.run = run,
};
