// SPDX-License-Identifier: GPL-2.0-only
/* reapsim calibrate: measure this machine and write a machine file. */
#include "sim/cli/cli.h"
#include "sim/lab/measure.h"

struct calibrate {
	struct outputs files;
	const char *output, *dir;
	unsigned int seconds;
	bool quick, both_lrus, cold;
};

static int write_file(const struct calibrate *c, const struct measures *ms)
{
	g_autofree char *text = measures_machine_file(ms);
	struct output out;
	int ret = cli_open_out(&out, &c->files, c->output);

	if (ret)
		return ret;
	fputs(text, out.f);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

/* the file has it, too */
static int print_table(const struct calibrate *c, const struct measures *ms)
{
	g_autofree char *table = measures_table(ms, "");
	struct output out;
	int ret = cli_open_stdout(&out, &c->files);

	if (ret)
		return ret;
	fputs(table, out.f);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

static int calibrate(const struct calibrate *c)
{
	struct cli_lab lab;
	const struct measure_options o = {
		.dir = c->dir,
		.seconds = c->seconds,
		.quick = c->quick,
		.both_lrus = c->both_lrus,
		.cold = c->cold,
		.hooks = &lab.hooks,
	};
	struct measures ms;
	struct err err;
	int ret;

	cli_lab_begin(&lab, "measuring");
	ret = measure_all(&ms, &o, &err);
	cli_lab_end(&lab);
	if (ret)
		ret = cli_fail(ret, &err);
	else
		ret = write_file(c, &ms);
	if (!ret && c->output)
		ret = print_table(c, &ms);
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
	{ "seconds", OPT_COUNT, "30", "time for the rounds: more of it, narrower intervals", 1,
	  86400, .metavar = "N", FIELD(seconds) },
	{ "quick", OPT_FLAG, NULL,
	  "six rounds, not --seconds: shows what can be measured, the values are rough",
	  .letter = 'q', FIELD(quick) },
	{ "cold", OPT_FLAG, NULL,
	  "unmap pages that have left the CPU's caches, as those of a process that has slept",
	  FIELD(cold) },
	{ "both-lrus", OPT_FLAG, NULL,
	  "marks also under the other LRU: the kernel moves all pages to it, and back",
	  FIELD(both_lrus) },
	{ NULL },
};

const struct command cmd_calibrate = {
	.name = "calibrate",
	.summary = "measure the memory management costs of this machine: a machine file",
	.title = "Measure the memory management costs of this machine.",
	.details =
		"Writes a machine file. For each key it gives the method, the median and its\n"
		"interval, and for each order of folios the share of the marks in an unmapping.\n"
		"What cannot be measured is left out, with the reason. Everything is measured in\n"
		"turn in short rounds, so others may use the machine meanwhile: shares stay the\n"
		"same, times follow the load. Takes 370 MiB of disk for temporary files, of\n"
		"which it caches 250 MiB, and 256 MiB of memory, half of which it frees in random\n"
		"order: free pages of a machine that has run for a while are no neighbours. If\n"
		"less than 2 GiB are available, or a cgroup has a limit, it does not.\n"
		"Runs without root; as root it also measures large folios, and reclaim in a new\n"
		"cgroup.",
	.examples = "# what can be measured here; without --quick the values are good\n"
		    "reapsim calibrate --quick --output here.conf\n",
	.options = rows,
	.size = sizeof(struct calibrate),
	.run = run,
};
