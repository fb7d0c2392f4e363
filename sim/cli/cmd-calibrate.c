// SPDX-License-Identifier: GPL-2.0-only
/* reapsim calibrate: measure this machine and write a machine file. */
#include "sim/cli/cli.h"
#include "sim/lab/measure.h"

struct calibrate {
	struct outputs files;
	const char *output, *dir;
	bool quick;
};

static int calibrate(const struct calibrate *c)
{
	struct cli_lab lab;
	const struct measure_options o = { .dir = c->dir, .quick = c->quick, .hooks = &lab.hooks };
	struct output out;
	struct measures ms;
	struct err err;
	int ret;

	cli_lab_begin(&lab, "measuring");
	ret = measure_all(&ms, &o, &err);
	cli_lab_end(&lab);
	if (ret) {
		ret = cli_fail(ret, &err);
	} else {
		ret = cli_open_out(&out, &c->files, c->output);
		if (!ret) {
			g_autofree char *text = measures_machine_file(&ms);

			fputs(text, out.f);
			ret = cli_close_out(&out, OUTPUT_WHOLE);
		}
	}
	measures_clear(&ms);
	return ret;
}

static int run(void *options, int argc, char **argv)
{
	int ret;

	(void)argv;
	if (argc)
		return cli_usage("calibrate: expected no arguments, got %d", argc);
	ret = command_declare(&cmd_calibrate, options);
	return ret ? ret : calibrate(options);
}

#define FIELD(member) OPTION_FIELD(struct calibrate, member)

static const struct option rows[] = {
	{ "output", OPT_PATH, NULL, "the machine file (default: standard output)", .letter = 'o',
	  .metavar = "FILE", .role = FILE_KEYS, FIELD(output) },
	COMMAND_FORCE,
	{ "dir", OPT_PATH, ".", "folder on the file system and device to measure", .letter = 'd',
	  .metavar = "DIR", FIELD(dir) },
	{ "quick", OPT_FLAG, NULL,
	  "take few samples: shows what can be measured, the values are rough", .letter = 'q',
	  FIELD(quick) },
	{ NULL },
};

const struct command cmd_calibrate = {
	.name = "calibrate",
	.summary = "measure the memory management costs of this machine: a machine file",
	.title = "Measure the memory management costs of this machine.",
	.details = "Writes a machine file. For each key it gives the method, the median and the\n"
		   "quartiles. Keys that cannot be measured are left out, with the reason. Takes\n"
		   "less than a minute and 128 MiB of disk for a temporary file. Runs without\n"
		   "root; as root it also measures reclaim, in a new cgroup. Other load on the\n"
		   "machine distorts the numbers.",
	.examples = "# what can be measured here; without --quick the values are good\n"
		    "reapsim calibrate --quick --output here.conf\n",
	.options = rows,
	.size = sizeof(struct calibrate),
	.run = run,
};
