// SPDX-License-Identifier: GPL-2.0-only
/* reapsim: finds the command and runs it. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/version.h"

#define ENTRY(name) &name,

static const struct command *const commands[] = { COMMANDS(ENTRY) };

static void version(FILE *f)
{
	fputs("reapsim " REAPSIM_VERSION "\n", f);
}

static void usage(FILE *f)
{
	fprintf(f, "usage: reapsim COMMAND [OPTION...] [ARGUMENT...]\n\n"
		   "Replays memory traces through a model of the Linux file LRU and prints the\n"
		   "cost of forgetting the pages that a killed process used, and the savings.\n\n"
		   "commands:\n");
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(f, "  %-13s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(f, "\n\"reapsim COMMAND --help\" describes a command. \"reapsim list\" prints the "
		   "models,\n"
		   "policies, trace formats, generators and counters, \"reapsim --version\" the "
		   "release.\n");
}

static int print(void (*text)(FILE *f))
{
	struct output out;

	if (cli_open_stdout(&out, NULL))
		return 1;
	text(out.f);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

int main(int argc, char **argv)
{
	cli_begin();
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
			return cli_end(command_run(commands[i], argc - 1, argv + 1));
	fprintf(stderr, "reapsim: unknown command \"%s\", expected one of:", argv[1]);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(stderr, "%s %s", i ? "," : "", commands[i]->name);
	fputc('\n', stderr);
	return 2;
}
