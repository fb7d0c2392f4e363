// SPDX-License-Identifier: GPL-2.0-only
/* reapsim sweep: every combination of what a key file lists; a CSV row each. */
#include <inttypes.h>
#include <string.h>

#include "sim/cli/sweep.h"
#include "sim/keyfile.h"

#define LABEL 32
#define WIDTH 72

static int print_axes(const struct sweep *sw)
{
	struct output out;
	int ret = cli_open_stdout(&out, NULL);

	if (ret)
		return ret;
	fprintf(out.f, "%" PRIu64 " runs\n", sw->nr_runs);
	for (guint i = 0; i < sw->order->len; i++) {
		const struct axis *x = sw->order->pdata[i];
		g_autofree char *name = sweep_column(sw, i);

		size_t at = MAX(strlen(name), LABEL);

		fprintf(out.f, "%-*s", LABEL, name);
		for (guint v = 0; v < x->values->len; v++) {
			const char *value = x->values->pdata[v];

			if (v && at + 1 + strlen(value) > WIDTH) {
				at = LABEL;
				fprintf(out.f, "\n%*s", LABEL, "");
			}
			at += 1 + strlen(value);
			fprintf(out.f, " %s", value);
		}
		fputc('\n', out.f);
	}
	return cli_close_out(&out, true);
}

/* DIR/NAME.conf -> NAME.csv */
static char *default_csv(const char *conf)
{
	g_autofree char *name = keyfile_name(conf);

	return g_strconcat(name, ".csv", NULL);
}

static int sweep(struct outputs *files, const char *conf, const char *csv, int jobs, bool restart,
		 bool dry)
{
	g_autofree char *chosen = csv ? g_strdup(csv) : default_csv(conf);
	g_autofree char *text = NULL;
	struct sweep sw;
	struct err err;
	size_t len;
	int ret = keyfile_read(conf, &text, &len, &err);

	if (ret)
		return cli_fail(ret, &err);
	ret = cli_sweep_parse(&sw, conf, text, len);
	if (ret)
		return ret;
	if (dry) {
		ret = print_axes(&sw);
	} else {
		ret = outputs_declare(files, FILE_INPUT, "FILE.conf", conf, &err);
		if (!ret)
			ret = sweep_declare(&sw, files, "--output", chosen, restart, &err);
		ret = ret ? cli_fail(ret, &err) : cli_sweep_run(&sw, files, chosen, jobs, restart);
	}
	sweep_clear(&sw);
	return ret;
}

static int run(int argc, char **argv)
{
	g_autofree char *csv = NULL;
	gboolean restart = FALSE, dry = FALSE;
	struct outputs files;
	int jobs = 0;
	const GOptionEntry entries[] = {
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &csv,
		  "the CSV file (default: the name of the key file, .csv, here)", "FILE" },
		{ "jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "threads (default: one a core)", "N" },
		{ "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry, "print the axes, run nothing", NULL },
		{ "restart", 0, 0, G_OPTION_ARG_NONE, &restart,
		  "throw away what an earlier call has finished", NULL },
		CLI_FORCE(&files),
		G_OPTION_ENTRY_NULL,
	};
	int ret;

	outputs_init(&files);
	ret = cli_options(
		&argc, &argv, entries, "FILE.conf",
		"Run every combination of the values that a key file lists.",
		"Groups and keys of FILE.conf:\n"
		"  [sweep]      trace=FILE;...  or generator=NAME;  mode=timed: as outcome\n"
		"  [generator]  its options and seed\n"
		"  [machine]    machine keys; file=FILE;... for whole machine files\n"
		"  [run]        lru, policy (or \"all\"), ends_as, kernel\n"
		"  [killer]     timed: options of the killer\n"
		"  [restart]    timed: rule, delay, p\n"
		"  [timed]      timed: loop, killer, seed\n"
		"A value is a list, A;B;C, whose items may be ranges: 1..4, 10%..90%/20%,\n"
		"1024..8192*2. Paths are relative to FILE.conf. Each combination is a row of\n"
		"the CSV file, in the same order whatever the number of threads; the last key\n"
		"of [run] varies fastest. After an interruption the same command goes on: what\n"
		"is finished is not run again.");

	if (ret < 0 && argc != 2)
		ret = cli_usage("sweep: expected one key file, got %d", argc - 1);
	if (ret < 0 && jobs < 0)
		ret = cli_usage("--jobs %d: expected 0 or more", jobs);
	if (ret < 0)
		ret = sweep(&files, argv[1], csv, jobs, restart, dry);
	outputs_clear(&files);
	return ret;
}

const struct command cmd_sweep = {
	.name = "sweep",
	.summary = "every combination of a key file's values: a CSV row a run, resumable",
	.run = run,
};
