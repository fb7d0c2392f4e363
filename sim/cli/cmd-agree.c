// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim agree: replay the scenarios that were recorded on a real kernel, and print how far
 * the simulator is from it. sim/lab/agreement*.c compute the scores, this file prints them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sim/cli/plot.h"
#include "sim/cli/rows.h"
#include "sim/cli/runs.h"
#include "sim/lab/agreement-score.h"

struct agree {
	struct outputs files;
	const char *kernel, *traces, *csv, *plot, *at_least, *write_level, *again;
	const char *const *settings, *const *scenarios;
	int worst, jobs;
	struct agreement a;
	struct results before; /* of @again */
};

/* Tables of 72 columns */

static void print_row(FILE *f, const char *name, const struct score *s)
{
	fprintf(f, "%-24s %6u %6.1f%% %6.1f%% %7.2f%% %8.2f%%\n", name, s->errors->len,
		score_percent(s, s->inside), score_percent(s, s->within), score_percentile(s, 50),
		score_percentile(s, 95));
}

static void print_scenario(FILE *f, const char *name, const struct score *s)
{
	g_autofree char *signs =
		g_strdup_printf("%" PRIu64 "/%" PRIu64, s->each_sign.same, s->each_sign.all);

	/* of a single run of the kernel there is no other run to compare it with */
	g_autofree char *kernel =
		s->noise.kernel_within.all
			? g_strdup_printf("%.0f%%", share_percent(s->noise.kernel_within))
			: g_strdup("-");

	fprintf(f, "%-18s %5u %4.0f%% %6s %6.1f%% %5.0f%% %5s %5.1f%% %5.1f%%\n", name,
		s->errors->len, score_percent(s, s->within), kernel, score_percentile(s, 95),
		score_percentile(s, 100), signs, share_percent(s->resident),
		share_percent(s->active));
}

static void print_shares(FILE *f, const struct score *s)
{
	fprintf(f,
		"pages: %.1f%% of %" PRIu64 " agree on residency, %.1f%% of %" PRIu64
		" on the active bit\n",
		share_percent(s->resident), s->resident.all, share_percent(s->active),
		s->active.all);
	fprintf(f,
		"sign of refault differences: %" PRIu64 " of %" PRIu64
		" at the last snapshot, %" PRIu64 " of %" PRIu64 " at any\n",
		s->last_sign.same, s->last_sign.all, s->each_sign.same, s->each_sign.all);
}

static void print_noise(FILE *f, const struct noise *n)
{
	if (!n->kernel_within.all) {
		fputs("one run of the kernel: it has no spread, and \"inside\" is the same value\n",
		      f);
		return;
	}
	fprintf(f,
		"a run of the kernel against its other runs: %.1f%% inside, %.1f%% in 1%%\n"
		"the simulator against the same runs: %.1f%% inside, %.1f%% in 1%%\n",
		share_percent(n->kernel_inside), share_percent(n->kernel_within),
		share_percent(n->sim_inside), share_percent(n->sim_within));
}

static void print_cell(FILE *f, const struct judged *j, const struct cell *c)
{
	g_autofree char *range =
		c->kernel.min == c->kernel.max
			? g_strdup_printf("%" PRIu64, c->kernel.min)
			: g_strdup_printf("%" PRIu64 "-%" PRIu64, c->kernel.min, c->kernel.max);

	fprintf(f, "%s, %s, %s, %s:\n    kernel %s, simulator %" PRIu64 ": %.2f%%\n",
		j->r->scenario, j->r->policy, c->mark, result_counters[c->counter].name, range,
		c->sim, 100 * c->error);
}

static void print_group(FILE *f, const struct agreement *a, enum agreement_group group)
{
	static const char *const titles[NR_AGREEMENT_GROUPS] = { "memory cgroup", "whole guest" };
	const char *last = NULL;
	struct score s;

	score_group(&s, a, group, -1, NULL);
	if (!s.errors->len) {
		score_clear(&s);
		return;
	}
	fprintf(f, "%-24s %6s %7s %7s %8s %9s\n", titles[group], "cells", "inside", "in 1%",
		"median", "p95");
	print_row(f, "all", &s);
	for (int c = 0; c < NR_RESULT_COUNTERS; c++) {
		struct score of;

		score_group(&of, a, group, c, NULL);
		if (of.errors->len)
			print_row(f, result_counters[c].name, &of);
		score_clear(&of);
	}
	print_shares(f, &s);
	print_noise(f, &s.noise);
	fputs("worst: ", f);
	print_cell(f, s.worst_of, s.worst);
	score_clear(&s);
	fprintf(f, "\n%-18s %5s %5s %6s %7s %6s %5s %6s %6s\n", "scenario", "cells", "in 1%",
		"kernel", "p95", "worst", "signs", "cached", "active");
	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *j = &g_array_index(a->judged, struct judged, i);

		if (j->group != group || (last && !strcmp(last, j->r->scenario)))
			continue;
		last = j->r->scenario;
		score_group(&s, a, group, -1, last);
		print_scenario(f, last, &s);
		score_clear(&s);
	}
	fputc('\n', f);
}

static void print_worst(FILE *f, const struct agreement *a, int nr)
{
	g_autoptr(GArray) worst = agreement_worst(a);

	for (guint i = 0; i < worst->len && i < (guint)nr; i++) {
		const struct ranked_cell *r = &g_array_index(worst, struct ranked_cell, i);

		print_cell(f, r->j, r->c);
	}
}

/* Compare the kernel's runs with those of an earlier recording. */
static void print_again(FILE *f, const struct agreement *a, const struct results *before)
{
	const char *last = NULL;

	fprintf(f, "%-24s %6s %7s %7s %8s %9s\n", "the kernel's own runs", "values", "inside",
		"in 1%", "median", "p95");
	for (guint i = 0; i < a->judged->len; i++) {
		const char *name = g_array_index(a->judged, struct judged, i).r->scenario;
		struct score s;

		if (last && !strcmp(last, name))
			continue;
		last = name;
		score_again(&s, a, before, name);
		print_row(f, name, &s);
		score_clear(&s);
	}
}

static void write_cells(FILE *f, const struct agreement *a)
{
	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *j = &g_array_index(a->judged, struct judged, i);

		for (guint k = 0; k < j->r->cells->len + j->r->reads->len; k++) {
			const struct cell *c = k < j->r->cells->len
						       ? &g_array_index(j->r->cells, struct cell, k)
						       : &g_array_index(j->r->reads, struct cell,
									k - j->r->cells->len);

			fprintf(f,
				"%s,%s,%s,%s,%s,%s,%" PRIu64 ",%.1f,%" PRIu64 ",%u,%" PRIu64
				",%.6f\n",
				agreement_group_names[j->group], j->r->scenario, j->r->lru,
				j->r->policy, c->mark, result_counters[c->counter].name,
				c->kernel.min, c->kernel.median, c->kernel.max, j->r->nr_runs,
				c->sim, c->error);
		}
	}
}

static int write_rows(const struct agree *o)
{
	struct cli_rows rows = { 0 };
	struct output json;
	int ret = cli_json_open(&json, &o->files);

	if (!ret)
		ret = cli_rows_open(&rows, &o->files, ROWS_AGREEMENT, o->csv, &json);
	if (!ret && rows.f)
		write_cells(rows.f, &o->a);
	ret = cli_rows_end(&rows, ret);
	return cli_json_end(&json, ret);
}

static int write_level(const struct agree *o)
{
	struct output out;
	int ret = cli_open_out(&out, &o->files, o->write_level);

	if (ret)
		return ret;
	fputs("# What \"reapsim agree --at-least\" demands, in percent: cells inside the\n"
	      "# kernel's spread or within 1%, median and 95th percentile of the error, signs\n"
	      "# at the last snapshot, pages. Written by --write-level.\n",
	      out.f);
	for (int g = 0; g < NR_AGREEMENT_GROUPS; g++) {
		struct score s;

		score_group(&s, &o->a, (enum agreement_group)g, -1, NULL);
		if (s.errors->len)
			fprintf(out.f, "[%s]\n", agreement_group_names[g]);
		for (unsigned int i = 0; s.errors->len && i < NR_LEVELS; i++)
			fprintf(out.f, "%s=%.2f\n", levels[i].key, level_of(&s, i));
		score_clear(&s);
	}
	return cli_close_out(&out, true);
}

/* Return: 0; 1 after printing what is worse; 2 if the file is invalid. */
static int check_level(const struct agreement *a, const char *path)
{
	g_autoptr(GArray) complaints = agreement_check_level(a, path);
	int ret = 0;

	for (guint i = 0; i < complaints->len; i++) {
		const struct complaint *c = &g_array_index(complaints, struct complaint, i);
		const int code = cli_fail(c->code, &c->err);

		ret = MAX(ret, code);
	}
	return ret;
}

/* The command */

/* Declare RESULTS.csv, the two files that belong to it, and the scenarios that it names. */
static int declare_inputs(struct agree *o, const struct results *r, const char *what)
{
	const struct cli_file list[] = {
		{ FILE_INPUT, what, r->csv_path, false },
		{ FILE_INPUT, what, r->runs_path, false },
		{ FILE_INPUT, what, r->pages_path, false },
	};

	return cli_declare(&o->files, list, G_N_ELEMENTS(list));
}

static int declare(struct agree *o)
{
	const struct agreement *a = &o->a;
	int ret = declare_inputs(o, &a->results, "RESULTS.csv");

	if (!ret && o->again)
		ret = declare_inputs(o, &o->before, "--again");
	for (guint i = 0; !ret && i < a->results.all->len; i++) {
		const struct result *r = a->results.all->pdata[i];
		g_autofree char *path = agreement_trace_path(a, r);

		if (!agreement_wants(a, r) ||
		    (i && !strcmp(((struct result *)a->results.all->pdata[i - 1])->scenario,
				  r->scenario)))
			continue;
		ret = cli_declare_inputs(&o->files, "--traces", (char *[]){ path }, 1);
	}
	if (!ret)
		ret = command_declare(&cmd_agree, o);
	return ret || !o->plot ? ret : plot_declare(&o->files, "--plot", o->plot);
}

static int judge(struct agreement *a, int jobs)
{
	struct agreement_scenario s;
	struct cli_progress bar;
	int ret = 0;

	cli_progress_init(&bar, "scenarios");
	for (guint i = 0; !ret && i < a->results.all->len; i += s.nr) {
		struct err err;

		cli_progress(&bar, (double)i / a->results.all->len);
		ret = agreement_scenario_init(&s, a, i, &err);
		if (ret) {
			ret = cli_fail(ret, &err);
		} else if (s.wanted) {
			ret = cli_run_set_execute(&s.runs, jobs);
			if (!ret && agreement_judge(a, &s, &err))
				ret = cli_fail(-EINVAL, &err);
		}
		agreement_scenario_clear(&s);
	}
	cli_progress_end(&bar);
	return ret;
}

static int agree(struct agree *o, const char *path)
{
	struct agreement *a = &o->a;
	struct output out;
	struct err err;
	int ret = results_load(&a->results, path, &err);

	if (!ret && o->again)
		ret = results_load(&o->before, o->again, &err);
	if (ret)
		return cli_fail(ret, &err);
	ret = declare(o);
	if (!ret)
		ret = judge(a, o->jobs);
	if (!ret && !a->judged->len)
		ret = cli_usage("agree: no recording of that scenario");
	if (!ret)
		ret = cli_open_stdout(&out, &o->files);
	if (ret)
		return ret;
	for (int g = 0; g < NR_AGREEMENT_GROUPS; g++)
		print_group(out.f, a, (enum agreement_group)g);
	print_worst(out.f, a, o->worst);
	if (o->again)
		print_again(out.f, a, &o->before);
	ret = cli_close_out(&out, true);
	if (!ret)
		ret = write_rows(o);
	if (!ret && o->plot)
		ret = plot_agreement(a, &o->files, o->plot);
	if (!ret && o->write_level)
		ret = write_level(o);
	if (!ret && o->at_least)
		ret = check_level(a, o->at_least);
	return ret;
}

static int run(void *options, int argc, char **argv)
{
	struct agree *o = options;
	int ret;

	if (argc != 1)
		return cli_usage("agree: expected one file of results, got %d", argc);
	agreement_init(&o->a);
	o->a.traces = o->traces;
	o->a.kernel = o->kernel;
	o->a.settings = o->settings;
	o->a.only = o->scenarios;
	ret = agree(o, argv[0]);
	agreement_clear(&o->a);
	if (o->before.all)
		results_clear(&o->before);
	return ret;
}

#define FIELD(member) OPTION_FIELD(struct agree, member)

static const struct option rows[] = {
	{ "traces", OPT_PATH, "traces/scenarios", "folder of the scenarios", .letter = 't',
	  .metavar = "DIR", FIELD(traces) },
	{ "scenario", OPT_TEXTS, NULL, "only this scenario; repeatable", .metavar = "NAME",
	  FIELD(scenarios) },
	{ "kernel", OPT_TEXT, NULL, "kernel rules to use (default: those of the recorded kernel)",
	  .letter = 'k', .metavar = "NAME", .complete = complete_kernels, FIELD(kernel) },
	COMMAND_SET(struct agree, settings),
	{ "worst", OPT_COUNT, NULL, "list the N worst cells", 0, 1000000, .letter = 'w',
	  .metavar = "N", FIELD(worst) },
	{ "again", OPT_PATH, NULL,
	  "also compare the kernel's single runs with an earlier recording",
	  .metavar = "RESULTS.csv", .complete = complete_results, FIELD(again) },
	{ "csv", OPT_PATH, NULL, "write every cell (\"-\": stdout, no tables)", .metavar = "FILE",
	  .role = FILE_RESULTS, FIELD(csv) },
	COMMAND_JSON,
	{ "plot", OPT_PATH, NULL, "plot the simulator against the kernel: BASE.svg, BASE.png",
	  .metavar = "BASE", .role = FILE_PLOT, FIELD(plot) },
	{ "at-least", OPT_PATH, NULL, "fail if any value is worse than in this level file",
	  .metavar = "FILE", .role = FILE_INPUT, FIELD(at_least) },
	{ "write-level", OPT_PATH, NULL, "write a level file", .metavar = "FILE", .role = FILE_KEYS,
	  FIELD(write_level) },
	COMMAND_FORCE,
	COMMAND_JOBS(struct agree, jobs),
	{ NULL },
};

const struct command cmd_agree = {
	.name = "agree",
	.summary = "compare the simulator with a recorded kernel",
	.arguments = "RESULTS.csv",
	.title =
		"Replay the recorded scenarios and print how far the simulator is from the kernel.",
	.details =
		"A cell is a counter at a snapshot of a scenario under a policy. Its error is 0\n"
		"inside the spread of the kernel's runs. Outside, it is the distance to the\n"
		"spread, divided by the kernel's median or by 1% of the scenario's accesses,\n"
		"whichever is larger. \"kernel\": runs of the kernel within 1% of the spread of\n"
		"the others. If the kernel's refaults under a policy and under baseline do not\n"
		"overlap, the simulator's difference should have the same sign.\n"
		"\"make kernel-agreement\" writes RESULTS.csv and the files that go with it.",
	.examples = "# in the source tree, which has recordings of kernels\n"
		    "reapsim agree --scenario rotation kernel-patch/results/v7.3-classic.csv\n",
	.options = rows,
	.complete = complete_results,
	.size = sizeof(struct agree),
	.run = run,
};
