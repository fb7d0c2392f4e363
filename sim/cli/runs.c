// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/runs.h"
#include "sim/cli/data.h"

#include <errno.h>
#include <string.h>

#include "traces/readers/write.h"

/* if many runs fail, they usually fail alike */
#define FAILURES_SHOWN 4

#define FIELD(member) OPTION_FIELD(struct run_options, member)

/* Rows that both kinds of commands have */
#define ROW_MACHINE                                                                                \
	{                                                                                          \
		"machine", OPT_PATH, NULL,                                                         \
			"machine file, or the name of one (default: only the trace's machine "     \
			"rows)",                                                                   \
			.letter = 'm', .alias = "machines", .metavar = "FILE", .role = FILE_INPUT, \
			.find = data_find_machine, .complete = complete_machines,                  \
			FIELD(spec.machines)                                                       \
	}
#define ROW_LRU(model, names)                                                                      \
	{                                                                                          \
		"lru", OPT_TEXT, "classic", (model), .letter = 'l', .metavar = (names),            \
						     .complete = complete_models, FIELD(spec.lru)  \
	}
#define ROW_KERNEL                                                                                 \
	{                                                                                          \
		"kernel", OPT_TEXT, "7.3", "kernel rules to use",                                  \
			.letter = 'k', .metavar = "NAME", .complete = complete_kernels,            \
			FIELD(spec.kernel)                                                         \
	}
#define ROW_ENDS_AS(how)                                                                           \
	{                                                                                          \
		"ends-as", OPT_TEXT, NULL,                                                         \
			"replay every process exit as: recorded, exit, kill, mrelease, oom",       \
			.letter = 'e', .metavar = (how), .complete = complete_ends,                \
			FIELD(spec.ends_as)                                                        \
	}
#define ROW_FORMAT(also)                                                                           \
	{                                                                                          \
		"format", OPT_TEXT, NULL, "format of the trace (default: detected)",               \
			.letter = 'f', .alias = (also), .metavar = "NAME",                         \
			.complete = complete_formats, FIELD(format)                                \
	}
#define ROWS_SAMPLE_OPTIONS                                                                        \
	{ "sample",                                                                                \
	  OPT_TEXT,                                                                                \
	  NULL,                                                                                    \
	  "replay samples of 1/N of the pages, and estimate what the whole trace "                 \
	  "gives, with an interval",                                                               \
	  .metavar = "1/N",                                                                        \
	  FIELD(sample) },                                                                         \
	{                                                                                          \
		"sample-seed", OPT_COUNT, "1", "another one gives other samples", 0,               \
			OPTION_NO_MAX, .metavar = "N", FIELD(spec.sampling.seed)                   \
	}
#define ROW_CHECK                                                                                  \
	{                                                                                          \
		"check", OPT_FLAG, NULL, "verify every invariant after each operation (slow)",     \
			.letter = 'c', FIELD(spec.check)                                           \
	}

const struct option run_rows_one[] = {
	{ "policy", OPT_TEXT, "baseline", "reap policy", .letter = 'p', .alias = "policies",
	  .metavar = "NAME", .complete = complete_policies, FIELD(spec.policies) },
	ROW_MACHINE,
	COMMAND_SET(struct run_options, spec.settings),
	ROW_LRU("LRU model", "NAME"),
	ROW_KERNEL,
	ROW_ENDS_AS("HOW"),
	ROW_FORMAT("from"),
	ROW_CHECK,
	ROWS_SAMPLE_OPTIONS,
	{ NULL },
};

/* without the name "from" of --format, which is that of a window's first operation */
const struct option run_rows_pair[] = {
	{ "policy", OPT_TEXT, "baseline", "reap policy, or two to see both", .letter = 'p',
	  .alias = "policies", .metavar = "NAME[,NAME]", .complete = complete_policies,
	  FIELD(spec.policies) },
	ROW_MACHINE,
	COMMAND_SET(struct run_options, spec.settings),
	ROW_LRU("LRU model, or two to see both", "NAME[,NAME]"),
	ROW_KERNEL,
	ROW_ENDS_AS("HOW"),
	ROW_FORMAT(NULL),
	ROW_CHECK,
	{ NULL },
};

const struct option run_rows_many[] = {
	{ "policies", OPT_TEXT, "all", "reap policies, comma separated, or \"all\"", .letter = 'p',
	  .alias = "policy", .metavar = "NAME,...", .complete = complete_policies,
	  FIELD(spec.policies) },
	{ "machines", OPT_PATHS, NULL,
	  "machine files, or names of them, comma separated (default: only the trace's machine "
	  "rows)",
	  .letter = 'm', .alias = "machine", .metavar = "FILE,...", .role = FILE_INPUT,
	  .find = data_find_machine, .complete = complete_machines, FIELD(spec.machines) },
	COMMAND_SET(struct run_options, spec.settings),
	ROW_LRU("LRU model", "NAME"),
	ROW_KERNEL,
	ROW_ENDS_AS("HOW,..."),
	ROW_FORMAT("from"),
	ROW_CHECK,
	{ "memory", OPT_TEXT, NULL,
	  "memcg limits to try on each machine: pages, 50MiB, or shares (40%) of the memory that "
	  "the "
	  "trace needs",
	  .letter = 'M', .metavar = "SIZE,...", FIELD(spec.memory) },
	{ "ensemble", OPT_COUNT, NULL,
	  "replay on N machines that differ in what the recording does not tell", ENSEMBLE_MIN,
	  10000, .metavar = "N", FIELD(spec.ensemble.nr) },
	{ "axes", OPT_TEXT, "all",
	  "in what they differ: memory, window (of the records that count), readahead, prefault, "
	  "noise, order (in which processes ran)",
	  .metavar = "NAME,...", .complete = complete_axes, FIELD(axes) },
	{ "ensemble-seed", OPT_COUNT, "1", "another one gives other members; member 0 stays", 0,
	  OPTION_NO_MAX, .metavar = "N", FIELD(spec.ensemble.seed) },
	ROWS_SAMPLE_OPTIONS,
	COMMAND_JOBS(struct run_options, jobs),
	{ NULL },
};

int cli_parse_ensemble(struct run_options *o)
{
	const struct timed_config *timed = o->spec.timed;
	struct err err;
	int ret = ensemble_parse_axes(&o->spec.ensemble, o->axes, &err);

	if (ret)
		return cli_fail(ret, &err);
	/* the outcome of a timed run is that of the whole trace */
	if (timed)
		o->spec.ensemble.axes &= ~(1U << AXIS_WINDOW);
	if (timed && timed->loop == LOOP_PROCESS)
		o->spec.ensemble.axes &= ~(1U << AXIS_ORDER);
	if (!o->spec.ensemble.axes)
		return cli_usage(
			"--axes %s: a timed run counts the whole trace, and gives its "
			"processes another order only with --loop trace or turns; name other axes",
			o->axes);
	return 0;
}

int cli_parse_sample(struct run_options *o)
{
	struct err err;
	int ret;

	if (!o->sample)
		return 0;
	if (o->spec.ensemble.nr)
		return cli_usage("--sample with --ensemble: an interval is of either; expected one "
				 "of them");
	ret = sampling_parse(&o->spec.sampling, o->sample, &err);
	return ret ? cli_fail(ret, &err) : 0;
}

void cli_title(FILE *f, const struct run_set *rs)
{
	g_autofree char *name = g_path_get_basename(rs->trace->path);
	g_autofree char *base = cli_printable(name);

	fprintf(f, "%s\n", base);
	for (size_t i = strlen(base); i > 0; i--)
		fputc('=', f);
	fprintf(f, "\nlru: %s, kernel: %s", rs->lru->name, rs->kernel->name);
}

int cli_run_set_init(struct run_set *rs, const struct run_spec *spec, const struct trace *t)
{
	struct err err;
	g_autofree char *what = g_path_get_basename(t->path);
	struct cli_lab lab;
	int ret;

	cli_lab_begin(&lab, what);
	ret = run_set_init(rs, spec, t, &lab.hooks, &err);
	cli_lab_end(&lab);
	return ret ? cli_fail(ret, &err) : 0;
}

int cli_run_set_init_one(struct run_set *rs, const struct run_spec *spec, const struct trace *t)
{
	int ret = cli_run_set_init(rs, spec, t);

	if (!ret && rs->runs->len > rs->nr_seeds)
		ret = cli_usage("expected one policy, one machine and one way to end; "
				"\"reapsim compare\" takes lists");
	return ret;
}

static void print_failure(const struct run_set *rs, const struct run *r)
{
	struct err err;

	err_set(&err, r->ret, "%s, machine %s: %s", r->policy, r->cfg.machine.name, r->err.msg);
	cli_fail(r->ret, &err);
	if (r->failed_at.code != OP_NONE) {
		fputs("  at: ", stderr);
		trace_write_op(rs->trace, &r->failed_at, stderr);
	}
}

/* Print why runs failed, the same reason of a policy's seeds once. Return: the exit code */
static int print_failures(const struct run_set *rs)
{
	const struct run *last = NULL;
	guint failed = 0, shown = 0;
	int ret = 0;

	for (guint i = 0; i < rs->runs->len; i++) {
		const struct run *r = &g_array_index(rs->runs, struct run, i);
		const bool again =
			last && r->policy == last->policy && !strcmp(r->err.msg, last->err.msg);

		if (!r->done || r->ret >= 0)
			continue;
		if (!again && shown < FAILURES_SHOWN) {
			print_failure(rs, r);
			shown++;
		}
		last = r;
		failed++;
		ret = MAX(ret, r->ret == -EINVAL ? 2 : 1);
	}
	if (failed > shown)
		fprintf(stderr, "reapsim: and %u more of %u runs failed\n", failed - shown,
			rs->runs->len);
	return ret;
}

int cli_run_set_execute(struct run_set *rs, int jobs)
{
	g_autofree char *what = g_path_get_basename(rs->trace->path);
	guint unfinished = 0;
	struct cli_lab lab;
	int ret;

	cli_lab_begin(&lab, what);
	run_set_execute(rs, jobs, &lab.hooks);
	cli_lab_end(&lab);
	ret = print_failures(rs);
	for (guint i = 0; i < rs->runs->len; i++)
		unfinished += !g_array_index(rs->runs, struct run, i).done;
	if (unfinished) {
		struct err err;

		err_set(&err, -EINTR, "interrupted: %u of %u runs are not finished", unfinished,
			rs->runs->len);
		cli_fail(-EINTR, &err);
		ret = MAX(ret, 1);
	}
	return ret;
}
