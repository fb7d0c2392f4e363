// SPDX-License-Identifier: GPL-2.0-only
/* reapsim calibrate: a machine file of this very machine. */
#include "sim/cli/cli.h"
#include "sim/lab/measure.h"

static int calibrate(const char *dir, const struct outputs *files, const char *path, bool quick)
{
	struct cli_lab lab;
	const struct measure_options o = { .dir = dir, .quick = quick, .hooks = &lab.hooks };
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
		ret = cli_open_out(&out, files, path);
		if (!ret) {
			g_autofree char *text = measures_machine_file(&ms);

			fputs(text, out.f);
			ret = cli_close_out(&out, OUTPUT_WHOLE);
		}
	}
	measures_clear(&ms);
	return ret;
}

static int run(int argc, char **argv)
{
	g_autofree char *path = NULL, *dir = NULL;
	gboolean quick = FALSE;
	struct outputs files;
	const GOptionEntry entries[] = {
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &path,
		  "the machine file (default: standard output)", "FILE" },
		CLI_FORCE(&files),
		{ "dir", 'd', 0, G_OPTION_ARG_FILENAME, &dir,
		  "folder on the file system and device to measure (default: this one)", "DIR" },
		{ "quick", 'q', 0, G_OPTION_ARG_NONE, &quick,
		  "few samples: shows what can be measured, and not how much it is", NULL },
		G_OPTION_ENTRY_NULL,
	};
	int ret;

	outputs_init(&files);
	ret = cli_options(
		&argc, &argv, entries, NULL,
		"Measure what memory management costs on this machine.",
		"Writes a machine file: each key with how it was measured, its median and its\n"
		"quartiles; what can not be measured is left out, with the reason. Needs no\n"
		"root (with it: reclaim in a cgroup of its own), 128 MiB of disk for a file\n"
		"that is gone afterwards, and less than a minute. Other load on the machine\n"
		"makes the numbers worse.");

	if (ret < 0 && argc != 1)
		ret = cli_usage("calibrate: expected no arguments, got %d", argc - 1);
	if (ret < 0) {
		const struct cli_file file = { FILE_KEYS, "--output", path, false };

		ret = cli_declare(&files, &file, 1);
		if (!ret)
			ret = calibrate(dir ? dir : ".", &files, path, quick);
	}
	outputs_clear(&files);
	return ret;
}

const struct command cmd_calibrate = {
	.name = "calibrate",
	.summary = "measure what memory management costs here: a machine file",
	.main = run,
};
