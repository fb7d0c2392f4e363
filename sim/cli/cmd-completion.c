// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim completion: the scripts that complete words in a shell. They ask the program whose
 * command line it is, by "complete --", so they know whatever that program knows.
 *
 * Approximation: a word that contains spaces, quotes or backslashes before the cursor is not
 * completed, and in bash neither are the words after it. Names of files that have them are.
 */
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/complete.h"
#include "sim/names.h"

/* clang-format off: lines of other languages */
static const char bash_script[] =
	"# bash completion for reapsim, by \"reapsim completion bash\"\n"
	"_reapsim()\n"
	"{\n"
	"	local words word line cut= breaks=\n"
	"	# Not COMP_WORDS: bash breaks words at = and :, and forgets the spaces.\n"
	"	line=${COMP_LINE:0:COMP_POINT}\n"
	"	read -r -a words <<<\"$line\"\n"
	"	[[ $line == *[[:space:]] ]] && words+=('')\n"
	"	word=${words[${#words[@]} - 1]}\n"
	"	# What bash takes for another word stays as it is.\n"
	"	[[ $COMP_WORDBREAKS == *=* ]] && breaks+==\n"
	"	[[ $COMP_WORDBREAKS == *:* ]] && breaks+=:\n"
	"	[[ $breaks && $word == *[$breaks]* ]] && cut=${word%\"${word##*[$breaks]}\"}\n"
	"	COMPREPLY=()\n"
	"	while IFS=$'\\t' read -r word _; do\n"
	"		printf -v word %q \"${word#\"$cut\"}\"\n"
	"		# a comma needs no quotes, and quoted, ~ would be the name of a file\n"
	"		word=${word//\\\\,/,}\n"
	"		COMPREPLY+=(\"${word/#\\\\~/\\~}\")\n"
	"	done < <(\"$1\" complete -- \"${words[@]:1}\" 2>/dev/null)\n"
	"	[[ ${#COMPREPLY[@]} == 1 && $COMPREPLY == *[=:/] ]] &&\n"
	"		compopt -o nospace 2>/dev/null\n"
	"	return 0\n"
	"}\n"
	"complete -F _reapsim reapsim\n";

static const char zsh_script[] =
	"#compdef reapsim\n"
	"# zsh completion for reapsim, by \"reapsim completion zsh\"\n"
	"_reapsim()\n"
	"{\n"
	"	local line word\n"
	"	local -a whole whole_texts part part_texts\n"
	"	for line in \"${(@f)$(\"${(Q)words[1]}\" complete -- "
	"\"${(@Q)words[2,CURRENT-1]}\" \\\n"
	"			\"${(Q)PREFIX}\" 2>/dev/null)}\"; do\n"
	"		word=${line%%$'\\t'*}\n"
	"		[[ -n $word ]] || continue\n"
	"		# quoted, ~ would be the name of a file\n"
	"		word=${${(q)word}/#\\\\\\~/\\~}\n"
	"		if [[ $word == *[=:/] ]]; then\n"
	"			part+=(\"$word\")\n"
	"			part_texts+=(\"${line/$'\\t'/  }\")\n"
	"		else\n"
	"			whole+=(\"$word\")\n"
	"			whole_texts+=(\"${line/$'\\t'/  }\")\n"
	"		fi\n"
	"	done\n"
	"	(( $#whole )) && compadd -Q -U -l -d whole_texts -a whole\n"
	"	(( $#part )) && compadd -Q -U -S '' -l -d part_texts -a part\n"
	"}\n"
	"# a file of fpath is the function; eval defines it\n"
	"if [[ $funcstack[1] == _reapsim ]]; then\n"
	"	_reapsim\n"
	"else\n"
	"	compdef _reapsim reapsim\n"
	"fi\n";

static const char fish_script[] = "# fish completion for reapsim, by \"reapsim completion fish\"\n"
				  "function __reapsim_complete\n"
				  "	set -l words (commandline -opc) (commandline -ct)\n"
				  "	$words[1] complete -- $words[2..-1] 2>/dev/null\n"
				  "end\n"
				  "complete -c reapsim -f -a '(__reapsim_complete)'\n";
/* clang-format on */

static const struct {
	const char *name, *script;
} shells[] = {
	{ "bash", bash_script },
	{ "zsh", zsh_script },
	{ "fish", fish_script },
};

static void complete_shells(struct completion *c)
{
	for (size_t i = 0; i < G_N_ELEMENTS(shells); i++)
		complete_word(c, shells[i].name, NULL);
}

static int print(const char *script)
{
	struct output out;
	int ret = cli_open_stdout(&out, NULL);

	if (ret)
		return ret;
	fputs(script, out.f);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

static int run(void *options, int argc, char **argv)
{
	g_autofree const char **valid = NAMES_OF(shells);
	g_autofree char *expected = NULL;

	(void)options;
	if (argc != 1)
		return cli_usage("completion: %d arguments, expected bash, zsh or fish", argc);
	for (size_t i = 0; i < G_N_ELEMENTS(shells); i++)
		if (!strcmp(argv[0], shells[i].name))
			return print(shells[i].script);
	expected = names_unknown(argv[0], valid);
	return cli_usage("completion: unknown shell \"%s\"%s", argv[0], expected);
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = "print a script that completes words in bash, zsh or fish",
	.arguments = "SHELL",
	.title =
		"Print a script that completes what is typed after reapsim, for bash, zsh or fish.",
	.details =
		"It completes commands, options, the names of \"reapsim list\", keys and files by\n"
		"their ending. \"make install\" installs it. Without that, for the current shell:\n"
		"  bash  eval \"$(reapsim completion bash)\"\n"
		"  zsh   eval \"$(reapsim completion zsh)\"\n"
		"  fish  reapsim completion fish | source",
	.examples = "reapsim completion bash >reapsim.bash\n"
		    ". ./reapsim.bash\n",
	.complete = complete_shells,
	.size = sizeof(struct outputs),
	.run = run,
};
