// SPDX-License-Identifier: GPL-2.0-only
/* reapsim run: replay one trace under one policy on one machine, print every counter. */
#include <inttypes.h>
#include <string.h>

#include "sim/cli/rows.h"
#include "sim/cli/runs.h"
#include "sim/cli/sampled.h"

static void print_machine(FILE *f, const struct run_set *rs)
{
	const struct machine *m = &g_array_index(rs->machines, struct machine, 0);
	const struct run *r = run_set_get(rs, 0, 0, 0);
	g_autofree char *path = cli_printable(rs->trace->path);

	fprintf(f, "trace   %s\n", path);
	fprintf(f, "policy  %s on the %s LRU of v%s\n", r->policy, r->cfg.lru->name,
		r->cfg.kernel->name);
	fprintf(f, "machine %s: %" PRIu64 " pages%s, %" PRIu64 " of swap, %u cpus\n", m->name,
		machine_limit(m), m->memcg_pages ? " (memcg limit)" : "", m->swap_pages, m->cpus);
	fprintf(f, "        readahead %u, fault-around %u born %s\n\n", m->readahead_pages,
		m->fault_around_pages, m->prefault_old ? "old" : "young");
}

static void print_counters(FILE *f, const struct run *r, bool all)
{
	for (int i = 0; i < NR_VMSTAT; i++)
		if (all || r->stat.v[i])
			fprintf(f, "%-28s %12" PRIu64 "\n", vmstat_name((enum vmstat_item)i),
				r->stat.v[i]);
}

struct run_command {
	struct run_options o;
	const char *csv, *pages;
	bool all;
};

/* The rows of @table, to their file @path, which may be NULL, and to @json. */
static int write_rows(const struct run_command *c, enum row_table_id table, const char *path,
		      const struct output *json, const struct run_set *rs)
{
	const struct run *r = run_set_get(rs, 0, 0, 0);
	struct cli_rows rows;
	int ret = cli_rows_open(&rows, &c->o.files, table, path, json);

	if (ret || !rows.f)
		return ret;
	if (table == ROWS_PAGES) {
		run_csv_pages(rows.f, rs->trace, r);
		return cli_rows_end(&rows, 0);
	}
	if (table == ROWS_SAMPLE) {
		sampled_rows(rows.f, rs);
		return cli_rows_end(&rows, 0);
	}
	for (guint i = 0; i < r->snapshots->len; i++)
		run_csv_row(rows.f, rs->trace, r, &g_array_index(r->snapshots, struct snapshot, i));
	run_csv_row(rows.f, rs->trace, r, NULL);
	return cli_rows_end(&rows, 0);
}

/* All rows; --json has those of --pages too */
static int write_files(const struct run_command *c, const struct run_set *rs)
{
	struct output json;
	int ret = cli_json_open(&json, &c->o.files);

	if (ret)
		return ret;
	ret = write_rows(c, c->o.sample ? ROWS_SAMPLE : ROWS_RUN, c->csv, &json, rs);
	if (!ret && c->pages)
		ret = write_rows(c, ROWS_PAGES, c->pages, &json, rs);
	return cli_json_end(&json, ret);
}

static int replay(const struct run_command *c, const char *path)
{
	struct run_set rs = { 0 };
	struct trace *t = NULL;
	struct output out;
	int ret = cli_load_trace(path, c->o.format, &t);

	if (!ret)
		ret = cli_run_set_init_one(&rs, &c->o.spec, t);
	if (!ret)
		ret = cli_run_set_execute(&rs, c->o.sample ? 0 : 1);
	if (!ret)
		ret = cli_open_stdout(&out, &c->o.files);
	if (!ret) {
		print_machine(out.f, &rs);
		if (c->o.sample)
			sampled_counters(out.f, &rs, c->all);
		else
			print_counters(out.f, run_set_get(&rs, 0, 0, 0), c->all);
		ret = cli_close_out(&out, OUTPUT_WHOLE);
	}
	if (!ret)
		ret = write_files(c, &rs);
	run_set_clear(&rs);
	trace_free(t);
	return ret;
}

static int run(void *options, int argc, char **argv)
{
	struct run_command *c = options;
	int ret;

	c->o.spec.keep_pages = c->pages != NULL;
	if (argc != 1)
		return cli_usage("run: expected one trace, got %d", argc);
	if (c->o.sample && c->pages)
		return cli_usage("--pages with --sample: a sample has not all pages; expected one "
				 "of them");
	ret = cli_parse_sample(&c->o);
	if (!ret)
		ret = cli_declare_inputs(&c->o.files, "TRACE", argv, argc);
	if (!ret)
		ret = command_declare(&cmd_run, c);
	return ret ? ret : replay(c, argv[0]);
}

#define FIELD(member) OPTION_FIELD(struct run_command, member)

static const struct option rows[] = {
	{ "csv", OPT_PATH, NULL,
	  "write a row for each snapshot and the end (\"-\": stdout, no table)", .metavar = "FILE",
	  .role = FILE_RESULTS, FIELD(csv) },
	{ "pages", OPT_PATH, NULL,
	  "write the state of every file page at each snapshot (\"-\": stdout, no table)",
	  .metavar = "FILE", .role = FILE_RESULTS, FIELD(pages) },
	COMMAND_JSON,
	{ "flags-as-recorded", OPT_FLAG, NULL,
	  "process_mrelease() gets the flags of the trace, the policy adds none",
	  FIELD(o.spec.flags_as_recorded) },
	COMMAND_FORCE,
	{ "all", OPT_FLAG, NULL, "also show counters that are 0", .letter = 'a', FIELD(all) },
	{ NULL },
};

const struct command cmd_run = {
	.name = "run",
	.summary = "replay a trace under one policy, print every counter",
	.arguments = "TRACE",
	.title = "Replay one trace and print every counter.",
	.details = SAMPLE_DETAILS "\n" RUN_DETAILS,
	.examples = "reapsim gen restart-loop -o app.rtrace\n"
		    "reapsim run --policy v1 --ends-as mrelease app.rtrace\n"
		    "# another kernel and LRU; a row of CSV for each snapshot and the end\n"
		    "reapsim run --kernel 6.12 --lru mglru --csv run.csv app.rtrace\n",
	.shared = run_rows_one,
	.options = rows,
	.complete = complete_traces,
	.size = sizeof(struct run_command),
	.run = run,
};
