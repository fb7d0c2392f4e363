// SPDX-License-Identifier: GPL-2.0-only
/* reapsim sweep: run every combination of a key file's values; one CSV row each. */
#include <inttypes.h>
#include <string.h>

#include "sim/cli/sweep.h"
#include "sim/keyfile.h"

#define LABEL 32
#define WIDTH 72

static int print_axes(const struct sweep *sw, const struct sweep_how *how)
{
	struct output out;
	int ret = cli_open_stdout(&out, NULL);

	if (ret)
		return ret;
	if (how->nr_shards)
		fprintf(out.f, "%" PRIu64 " of ", sweep_nr_dealt(sw, how));
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

struct options {
	struct outputs files;
	const char *csv;
	struct sweep_options sweep;
	bool dry;
};

static int sweep(struct options *o, const char *conf)
{
	g_autofree char *chosen = o->csv ? g_strdup(o->csv) : default_csv(conf);
	g_autofree char *text = NULL;
	struct sweep sw;
	struct err err;
	size_t len;
	int ret = cli_sweep_check(&o->sweep);

	if (ret)
		return ret;
	ret = keyfile_read(conf, &text, &len, &err);
	if (ret)
		return cli_fail(ret, &err);
	ret = cli_sweep_parse(&sw, conf, text, len);
	if (ret)
		return ret;
	if (o->dry) {
		ret = print_axes(&sw, &o->sweep.how);
	} else {
		ret = outputs_declare(&o->files, FILE_INPUT, "FILE.conf", conf, &err);
		if (!ret)
			ret = sweep_declare(&sw, &o->files, "--output", chosen,
					    o->sweep.how.restart, &err);
		ret = ret ? cli_fail(ret, &err) : command_declare(&cmd_sweep, o);
		if (!ret)
			ret = cli_sweep_run(&sw, &o->files, chosen, &o->sweep, NULL, NULL);
	}
	sweep_clear(&sw);
	return ret;
}

static int run(void *options, int argc, char **argv)
{
	return argc == 1 ? sweep(options, argv[0])
			 : cli_usage("sweep: expected one key file, got %d", argc);
}

#define FIELD(member) OPTION_FIELD(struct options, member)

static const struct option rows[] = {
	{ "output", OPT_PATH, NULL, "the CSV file (default: NAME.csv for DIR/NAME.conf)",
	  .letter = 'o', .metavar = "FILE", .role = FILE_SWEEP, FIELD(csv) },
	COMMAND_JSON,
	COMMAND_SWEEP(struct options, sweep),
	{ "dry-run", OPT_FLAG, NULL, "print the axes, run nothing", .letter = 'n', FIELD(dry) },
	COMMAND_FORCE,
	{ NULL },
};

const struct command cmd_sweep = {
	.name = "sweep",
	.summary = "every combination of a key file's values, a CSV row per run; resumable",
	.arguments = "FILE.conf",
	.title = "Run every combination of the values in a key file.",
	.details =
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
		"of [run] varies fastest. If interrupted, run the same command again to resume;\n"
		"finished runs are kept.\n"
		"--shard deals the runs to tasks on many machines that share a folder, or whose\n"
		"folders CSV.shards are copied into one. A task that is repeated goes on where\n"
		"earlier ones were. When all are done, --merge writes the CSV file that one\n"
		"machine would have written, or says which shards must run again.",
	.examples = "cat >sizes.conf <<'EOF'\n"
		    "[sweep]\n"
		    "generator=zipf\n"
		    "[machine]\n"
		    "memcg_pages=1000..3000/1000\n"
		    "[run]\n"
		    "policy=baseline;v1\n"
		    "EOF\n"
		    "reapsim sweep --dry-run sizes.conf\n"
		    "reapsim sweep sizes.conf\n"
		    "for i in 1 2; do reapsim sweep --shard $i/2 sizes.conf -o two.csv; done\n"
		    "reapsim sweep --merge sizes.conf -o two.csv\n",
	.options = rows,
	.complete = complete_keyfiles,
	.size = sizeof(struct options),
	.run = run,
};
