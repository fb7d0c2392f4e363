// SPDX-License-Identifier: GPL-2.0-only
/* reapsim: finds the command and runs it. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/version.h"

static const struct command *const commands[] = {
	&cmd_run,     &cmd_compare, &cmd_outcome,   &cmd_sweep, &cmd_breakeven, &cmd_reclaim_first,
	&cmd_explain, &cmd_agree,   &cmd_calibrate, &cmd_trace, &cmd_gen,	&cmd_list,
};

static void version(FILE *f)
{
	fputs("reapsim " REAPSIM_VERSION "\n", f);
}

static void usage(FILE *f)
{
	fprintf(f, "usage: reapsim COMMAND [OPTION...] [ARGUMENT...]\n\n"
		   "Replays memory traces through a model of the Linux file LRU and says what\n"
		   "it costs and saves to forget what a killed process used.\n\n"
		   "commands:\n");
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(f, "  %-13s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(f,
		"\n\"reapsim COMMAND --help\" describes one; \"reapsim list\" names the models,\n"
		"policies, trace formats, generators and counters, \"reapsim --version\" the "
		"release.\n");
}

static int print(void (*text)(FILE *f))
{
	struct output out;

	if (cli_open_stdout(&out, NULL))
		return 1;
	text(out.f);
	return cli_close_out(&out, true);
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return print(usage);
	if (!strcmp(argv[1], "--version"))
		return print(version);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		if (!strcmp(argv[1], commands[i]->name))
			return commands[i]->run(argc - 1, argv + 1);
	fprintf(stderr, "reapsim: unknown command \"%s\"; there are:", argv[1]);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(stderr, " %s", commands[i]->name);
	fputc('\n', stderr);
	return 2;
}
