// SPDX-License-Identifier: GPL-2.0-only
/* reapsim: finds the command and runs it. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/version.h"

#define ENTRY(name) &name,

static const struct command *const commands[] = { COMMANDS(ENTRY) NULL };

const struct command cmd_reapsim = {
	.name = "",
	.summary = "replay memory traces through a model of the Linux file LRU",
	.title = "Replays memory traces through a model of the Linux file LRU and prints the\n"
		 "cost of forgetting the pages that a killed process used, and the savings.",
	.details = "\"reapsim help COMMAND\" describes a command, as \"reapsim COMMAND --help\" "
		   "does.\n"
		   "\"reapsim list\" prints the models, policies, trace formats, generators and\n"
		   "counters, \"reapsim --version\" the release.",
	.examples = "reapsim gen restart-loop -o app.rtrace\n"
		    "reapsim compare --ends-as mrelease --memory 50%,75% app.rtrace\n"
		    "# what an option, a policy or a counter is\n"
		    "reapsim help compare\n"
		    "reapsim list policies counters\n",
	.subcommands = commands,
};

static int version(void)
{
	struct output out;

	if (cli_open_stdout(&out, NULL))
		return 1;
	fputs("reapsim " REAPSIM_VERSION "\n", out.f);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

int main(int argc, char **argv)
{
	cli_begin();
	setlocale(LC_CTYPE, "");
	if (argc > 1 && !strcmp(argv[1], "--version"))
		return version();
	return cli_end(command_run(&cmd_reapsim, argc, argv));
}
