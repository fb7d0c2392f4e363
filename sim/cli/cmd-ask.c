// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim ask: every question of the review, asked of one trace. Its folder has
 *
 *   answer.txt   what is also printed
 *   answer.html  the same with pictures, one file
 *   answer.csv   every comparison of the tables
 *   runs.csv     a row per run, and its journal; the next call goes on there
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <glib/gstdio.h>

#include "sim/cli/ask-answer.h"
#include "sim/cli/change.h"
#include "sim/cli/data.h"
#include "sim/cli/rows.h"
#include "sim/cli/runs.h"
#include "sim/lab/sweep-journal.h"

struct ask_options {
	struct outputs files;
	struct ask_spec spec;
	const char *dir;
	int jobs;
	bool restart;
};

enum { TEXT, HTML, CSV, RUNS, NR_FILES };

static const struct {
	const char *name;
	enum file_kind kind;
} file_names[NR_FILES] = {
	[TEXT] = { "answer.txt", FILE_ANSWER },
	[HTML] = { "answer.html", FILE_ANSWER },
	[CSV] = { "answer.csv", FILE_RESULTS },
	[RUNS] = { "runs.csv", FILE_RESUMED },
};

/* struct asked - one call */
struct asked {
	struct ask_options *o;
	struct trace *t;
	struct ask a;
	struct trace_deaths deaths;
	bool made; /* the folder, by this call */
	char *dir, *paths[NR_FILES];
};

/* "ask-NAME" for a trace "NAME.csv" */
static char *folder_of(const char *path)
{
	g_autofree char *name = g_path_get_basename(strcmp(path, "-") ? path : "stdin");

	if (strrchr(name, '.') > name)
		*strrchr(name, '.') = 0;
	return g_strconcat("ask-", name, NULL);
}

static int declare(struct asked *x)
{
	struct outputs *files = &x->o->files;
	struct err err;
	int ret;

	if (!*x->dir)
		return cli_usage("--output is empty, expected a folder");
	x->made = !g_file_test(x->dir, G_FILE_TEST_EXISTS);
	if (g_mkdir_with_parents(x->dir, 0777))
		return cli_fail(err_set(&err, -EINVAL, "--output %s: cannot make the folder: %s",
					x->dir, g_strerror(errno)),
				&err);
	for (int i = 0; i < NR_FILES; i++) {
		const struct cli_file file = { file_names[i].kind, "--output:", x->paths[i],
					       false };

		ret = i == RUNS ? sweep_journal_declare(files, "--output:", x->paths[i],
							x->o->restart, &err)
				: cli_declare(files, &file, 1);
		if (ret)
			return i == RUNS ? cli_fail(ret, &err) : ret;
	}
	return 0;
}

static int write_file(const struct asked *x, int i, const struct doc *d)
{
	struct output out;
	int ret = cli_open_out(&out, &x->o->files, x->paths[i]);

	if (ret)
		return ret;
	if (i == TEXT)
		doc_write_text(d, out.f);
	else
		doc_write_html(d, out.f);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

/* answer.csv; and --json, which also has the rows of runs.csv */
static int write_rows(const struct asked *x, const struct answer *answer)
{
	struct cli_rows rows = { 0 };
	struct output json;
	int ret = cli_json_open(&json, &x->o->files);

	if (!ret)
		ret = cli_rows_open(&rows, &x->o->files, ROWS_ANSWER, x->paths[CSV], &json);
	if (!ret)
		answer_csv(answer, rows.f);
	ret = cli_rows_end(&rows, ret);
	if (!ret)
		ret = cli_json_copy(&json, ROWS_ASK_RUNS, x->paths[RUNS]);
	return cli_json_end(&json, ret);
}

static int write_answer(const struct asked *x)
{
	g_autofree char *base = g_path_get_basename(x->t->path), *name = cli_printable(base);
	g_autofree char *title = g_strconcat(ASK_TITLE, name, NULL);
	struct doc *d = doc_new(title);
	struct answer answer;
	struct output out;
	int ret = 0;

	answer_init(&answer, &x->a, &x->deaths);
	answer_write(&answer, d);
	for (int i = TEXT; i <= HTML && !ret; i++)
		ret = write_file(x, i, d);
	if (!ret)
		ret = write_rows(x, &answer);
	if (!ret)
		ret = cli_open_stdout(&out, &x->o->files);
	if (!ret) {
		doc_write_text(d, out.f);
		ret = cli_close_out(&out, OUTPUT_WHOLE);
	}
	answer_clear(&answer);
	doc_free(d);
	return ret;
}

/* Plan and execute all runs. Return: 0, or the exit code after printing why not. */
static int execute(struct asked *x)
{
	struct ask_options *o = x->o;
	struct cli_lab lab;
	struct err err;
	int ret, code;

	cli_lab_begin(&lab, "ask");
	ret = ask_init(&x->a, &o->spec, x->t, &lab.hooks, &err);
	if (!ret)
		ret = ask_run(&x->a, &o->files, x->paths[RUNS], o->jobs, o->restart, &lab.hooks,
			      &err);
	cli_lab_end(&lab);
	if (!ret && x->a.nr_failed)
		fprintf(stderr, "reapsim: %" PRIu64 " of %" PRIu64 " runs failed: %s\n",
			x->a.nr_failed, x->a.nr_runs, x->a.failure.msg);
	if (!ret)
		return 0;
	code = cli_fail(ret, &err);
	if (ret == -EINVAL && x->a.digest[0] && !x->made)
		cli_usage("%s may have the answer to another question; --output DIR takes another "
			  "folder",
			  x->dir);
	return code;
}

/* Without a death there is nothing to ask. */
static int count_deaths(struct asked *x)
{
	struct err err;
	int ret = trace_deaths(x->t, &x->deaths, &err);

	if (ret)
		return cli_fail(ret, &err);
	if (x->deaths.all->len)
		return 0;
	trace_deaths_clear(&x->deaths);
	err_at(&err, -EINVAL, x->t->path, 0,
	       "no process ends, so no policy can change anything; expected a trace with deaths");
	return cli_fail(-EINVAL, &err);
}

static int ask_trace(struct asked *x)
{
	int ret = count_deaths(x);

	if (!ret)
		ret = declare(x);
	if (!ret)
		ret = execute(x);
	if (!ret)
		ret = write_answer(x);
	trace_deaths_clear(&x->deaths);
	ask_clear(&x->a);
	if (ret && x->made)
		g_rmdir(x->dir); /* if nothing is in it */
	return ret;
}

static int run(void *options, int argc, char **argv)
{
	struct ask_options *o = options;
	struct asked x = { .o = o };
	int ret;

	if (argc != 1)
		return cli_usage("ask: %d arguments, expected a trace", argc);
	for (char **k = o->spec.settings; k && *k; k++)
		if (g_str_has_prefix(*k, "memcg_pages="))
			return cli_usage("--set %s: ask sets the limit, use --memory SIZE", *k);
	ret = cli_declare_inputs(&o->files, "TRACE", argv, 1);
	if (!ret)
		ret = command_declare(&cmd_ask, o);
	if (!ret)
		ret = cli_load_trace(argv[0], o->spec.format, &x.t);
	if (ret)
		return ret;
	x.dir = o->dir ? g_strdup(o->dir) : folder_of(argv[0]);
	for (int i = 0; i < NR_FILES; i++)
		x.paths[i] = g_build_filename(x.dir, file_names[i].name, NULL);
	ret = ask_trace(&x);
	for (int i = 0; i < NR_FILES; i++)
		g_free(x.paths[i]);
	g_free(x.dir);
	if (!x.a.left)
		trace_free(x.t);
	return ret;
}

#define FIELD(member) OPTION_FIELD(struct ask_options, member)

static const struct option rows[] = {
	{ "machine", OPT_PATH, NULL, "machine file, or name; its costs answer what takes how long",
	  .letter = 'm', .alias = "machines", .metavar = "FILE", .role = FILE_INPUT,
	  .find = data_find_machine, .complete = complete_machines, FIELD(spec.machines) },
	COMMAND_SET(struct ask_options, spec.settings),
	{ "kernel", OPT_TEXT, NULL, "kernel rules to use (default: 7.3)", .letter = 'k',
	  .metavar = "NAME", .complete = complete_kernels, FIELD(spec.kernel) },
	{ "format", OPT_TEXT, NULL, "format of the trace (default: detected)", .letter = 'f',
	  .alias = "from", .metavar = "NAME", .complete = complete_formats, FIELD(spec.format) },
	{ "memory", OPT_TEXT, NULL,
	  "memcg limits instead of those that ask finds: the main one, and up to two others; "
	  "pages, or shares (40%) of the memory that the trace needs",
	  .letter = 'M', .metavar = "SIZE,...", FIELD(spec.memory) },
	{ "ensemble", OPT_COUNT, "12", "members of the ensemble", ENSEMBLE_MIN, 10000,
	  .metavar = "N", FIELD(spec.members) },
	{ "ensemble-seed", OPT_COUNT, "1", "another one gives other members", 0, OPTION_NO_MAX,
	  .metavar = "N", FIELD(spec.seed) },
	{ "output", OPT_PATH, NULL, "folder of the answer (default: ask-NAME of TRACE NAME)",
	  .letter = 'o', .metavar = "DIR", .complete = complete_folders, FIELD(dir) },
	COMMAND_JSON,
	COMMAND_JOBS(struct ask_options, jobs),
	{ "restart", OPT_FLAG, NULL, "discard the finished runs and start over", FIELD(restart) },
	COMMAND_FORCE,
	{ NULL },
};

const struct command cmd_ask = {
	.name = "ask",
	.summary = "every question of the review, asked of one trace",
	.arguments = "TRACE",
	.title = "Ask one trace what skipping the mark of dead processes' file pages changes.",
	.details =
		"Finds the sizes of memory at which it matters; compares mainline with v1, "
		"the\nflag and any exit, with and without +evict, and with what userspace can "
		"do\nwithout a patch; under both LRUs, with order-0 and large folios, on x86 "
		"and\narm64; in counts and, on a machine with costs, in time. Ends with a verdict "
		"of\nfive sentences, each with the command that prints its numbers.\nPrints the "
		"answer, and writes it to a folder as answer.txt, answer.html and\n"
		"answer.csv. If interrupted, run the same command again to go on.\n" SPREAD_DETAILS,
	.examples = "reapsim gen kill-return app_pages=64 -o app.rtrace\n"
		    "reapsim ask app.rtrace\nreapsim ask --machine vm --memory 80% --output at-80 "
		    "app.rtrace\n",
	.complete = complete_traces,
	.options = rows,
	.size = sizeof(struct ask_options),
	.run = run,
};
