// SPDX-License-Identifier: GPL-2.0-only
/* reapsim play: play a trace on the kernel that runs here, and time it. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/cli/cells.h"
#include "sim/cli/change.h"
#include "sim/cli/data.h"
#include "sim/cli/rows.h"
#include "sim/cli/runs.h"
#include "sim/lab/config.h"
#include "sim/lab/measure.h"
#include "sim/lab/play.h"
#include "sim/names.h"

/* A column of a table; as in cmd-outcome.c the first one gets its change printed. */
static const struct table {
	const char *title;
	struct {
		const char *title;
		int width;
		enum play_value value;
		double unit; /* of it, in that of the value */
	} columns[CLI_COLUMNS_MAX];
} tables[] = {
	{ "CPU time of deaths, ms; process_mrelease() alone; an empty process, us",
	  { { "ms", 8, PLAY_REAP, 1e6 },
	    { "mrelease", 9, PLAY_RELEASE, 1e6 },
	    { "empty", 7, PLAY_EMPTY, 1e3 } } },
	{ "time from the kill until 100, 90 and 50% of its memory is free, ms",
	  { { "100%", 8, PLAY_FREE100, 1e6 },
	    { "90%", 7, PLAY_FREE90, 1e6 },
	    { "50%", 7, PLAY_FREE50, 1e6 },
	    { "kills", 7, PLAY_KILLS, 1 } } },
	{ "total time waiting, ms; refaults and pages read",
	  { { "waited", 8, PLAY_WAIT, 1e6 },
	    { "refaults", 10, PLAY_REFAULTS, 1 },
	    { "fills", 10, PLAY_FILLS, 1 } } },
	{ "memory pressure: time in which some, and all, tasks stall, ms",
	  { { "some", 8, PLAY_PSI_SOME, 1e6 }, { "full", 8, PLAY_PSI_FULL, 1e6 } } },
	{ "from a start after a death to the first pause, ms: percentiles",
	  { { "p50", 8, PLAY_START50, 1e6 },
	    { "p95", 8, PLAY_START95, 1e6 },
	    { "p99", 8, PLAY_START99, 1e6 },
	    { "starts", 9, PLAY_STARTS, 1 } } },
	{ "all that processes do to memory and files, ms; its CPU time",
	  { { "total", 8, PLAY_TOTAL, 1e6 }, { "CPU", 8, PLAY_CPU, 1e6 } } },
	{ "net: deaths + waits, ms", { { "net", 8, PLAY_NET, 1e6 } } },
};

struct play {
	struct outputs files;
	const char *policies, *ends_as, *memory, *format, *dir, *cgroup;
	const char *csv, *operations, *deaths;
	char **settings;
	uint64_t repetitions, seed;
	bool no_think;
	/* while it runs */
	struct measures here; /* settings of this kernel and of the folder's file system */
	struct run_set rs;    /* for its machine */
	struct play_spec spec;
	struct play_room room;
	struct output json;
	struct cli_rows run_rows, operation_rows, death_rows;
};

/* Tables */

/* The repetitions that are done, as values of a policy. Return: their number. */
static guint values(const struct play *c, const GArray *runs, guint policy, enum play_value v,
		    double *out)
{
	const guint n = c->spec.policies->len;
	guint nr = 0;

	for (guint r = 0; r < c->spec.repetitions; r++) {
		bool whole = true;

		for (guint p = 0; p < n; p++)
			whole &= g_array_index(runs, struct play_run, r * n + p).done;
		if (whole)
			out[nr++] = g_array_index(runs, struct play_run, r * n + policy).v[v];
	}
	return nr;
}

static void print_table(const struct play *c, FILE *f, const GArray *runs, const struct table *t)
{
	const guint room = c->spec.repetitions;
	g_autofree double *v = g_new(double, room), *first = g_new(double, room);
	struct cli_cells *cells = cli_cells_new(c->spec.policies, false);

	for (guint i = 0; i < CLI_COLUMNS_MAX && t->columns[i].title; i++)
		cli_cells_column(cells, t->columns[i].title, t->columns[i].width);
	for (guint p = 0; p < c->spec.policies->len; p++)
		for (guint i = 0; i < CLI_COLUMNS_MAX && t->columns[i].title; i++) {
			const enum play_value value = t->columns[i].value;
			const guint n = values(c, runs, p, value, v);
			struct estimate change;

			values(c, runs, 0, value, first);
			for (guint k = 0; k < n; k++) {
				v[k] /= t->columns[i].unit;
				first[k] /= t->columns[i].unit;
			}
			change = estimate_of_difference(v, first, n);
			cli_cells_set(cells, p, i, estimate_of(v, n).mean, &change);
		}
	cli_cells_print(cells, f, t->title);
}

/* What the machine has, and where it differs from what the trace says. */
static void print_machine(const struct play *c, FILE *f)
{
	const struct trace *t = c->spec.trace;

	fprintf(f, "%s, lru %s, %s, cgroup v%u\n", c->here.kernel, c->here.lru, c->here.file_system,
		c->room.version);
	for (guint i = 0; i < c->here.all->len; i++) {
		const struct measurement *here = c->here.all->pdata[i];

		for (uint32_t k = 0; k < t->nr_machine; k++)
			if (here->key && !strcmp(t->machine[k].key, here->key) &&
			    strcmp(here->key, "cpus") && *here->value &&
			    strcmp(t->machine[k].value, here->value))
				fprintf(f, "%s is %s here, %s in the trace\n", here->key,
					here->value, t->machine[k].value);
	}
}

static void print_tables(const struct play *c, FILE *f, const GArray *runs)
{
	g_autofree char *name = g_path_get_basename(c->spec.trace->path);
	g_autofree char *base = cli_printable(name);
	g_autofree double *v = g_new(double, c->spec.repetitions);
	const guint n = values(c, runs, 0, PLAY_LOST, v);
	double lost = 0;

	if (!n)
		return;
	fprintf(f, "%s, %" PRIu64 " pages of memcg limit, ends %s\n", base, c->spec.memcg_pages,
		ends_as_name(c->spec.ends_as));
	print_machine(c, f);
	fprintf(f, "%u repetition%s, each with every policy in random order%s\n", n,
		n > 1 ? "s" : "",
		n > 1 ? ";\n~: it can be noise, by a t-test with Holm's correction for a table"
		      : ": no interval");
	for (guint p = 0; p < c->spec.policies->len; p++) {
		const char *limits = play_policy_find(c->spec.policies->pdata[p])->limits;

		if (*limits)
			fprintf(f, "%s: %s\n", (char *)c->spec.policies->pdata[p], limits);
		values(c, runs, p, PLAY_LOST, v);
		for (guint i = 0; i < n; i++)
			lost += v[i];
	}
	if (play_looks(&c->spec))
		fputs("who maps a victim's pages is looked up before each reap, under every "
		      "policy: that\n"
		      "warms the CPU's caches, and a reap takes less than of a process that has "
		      "slept\n",
		      f);
	if (lost > 0)
		fprintf(f, "%.0f victims had ended before process_mrelease(): without SCHED_FIFO\n",
			lost);
	if (!g_array_index(runs, struct play_run, 0).own_pressure)
		fputs("pressure is the whole machine's: this cgroup has none\n", f);
	fputc('\n', f);
	for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
		print_table(c, f, runs, &tables[i]);
}

/* Rows of a run */

/* The fields that all rows begin with. */
static void csv_begin(const struct play *c, FILE *f, const struct play_run *run, bool whole)
{
	g_autofree char *name = g_path_get_basename(c->spec.trace->path);

	csv_field(f, name);
	fputs(",here,", f);
	if (whole)
		fprintf(f, "%" PRIu64 ",", c->spec.memcg_pages);
	csv_field(f, c->spec.policies->pdata[run->policy]);
	if (whole)
		fprintf(f, ",%s", ends_as_name(c->spec.ends_as));
	fprintf(f, ",%u", run->repetition + 1);
}

static void csv_number(FILE *f, double v)
{
	if (isnan(v))
		fputc(',', f);
	else
		fprintf(f, ",%.0f", v);
}

static void csv_ns(FILE *f, int64_t ns)
{
	csv_number(f, ns < 0 ? NAN : (double)ns);
}

static void death_row(const struct play *c, const struct play_run *run, const struct play_death *d)
{
	FILE *f = c->death_rows.f;

	csv_begin(c, f, run, false);
	fprintf(f, ",%u,%s,%u,%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, d->line,
		d->line ? d->how : "empty", d->pid, d->lost, d->ns, d->release_ns, d->exit_ns,
		d->life_ns, d->freed_pages);
	csv_ns(f, d->free50_ns);
	csv_ns(f, d->free90_ns);
	csv_ns(f, d->free100_ns);
	fprintf(f, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", d->minflt, d->majflt, d->read_pages);
}

static void ran(void *data, const struct play_run *run)
{
	const struct play *c = data;
	FILE *f = c->operation_rows.f;

	if (c->run_rows.f) {
		csv_begin(c, c->run_rows.f, run, true);
		fprintf(c->run_rows.f, ",%u", run->place + 1);
		for (int i = 0; i < NR_PLAY_VALUES; i++)
			csv_number(c->run_rows.f, run->v[i]);
		fputc('\n', c->run_rows.f);
	}
	for (guint i = 0; f && i < run->ops->len; i++) {
		const struct play_op *op = &g_array_index(run->ops, struct play_op, i);

		if (!strcmp(op->row, "advance"))
			continue;
		csv_begin(c, f, run, false);
		fprintf(f, ",%u,%s,%u,%" PRIu64 ",%" PRIu64 "\n", op->line, op->row, op->pid,
			op->wall_ns, op->cpu_ns);
	}
	for (guint i = 0; c->death_rows.f && i < run->deaths->len; i++)
		death_row(c, run, &g_array_index(run->deaths, struct play_death, i));
}

/* The command */

static int parse_policies(struct play *c)
{
	g_auto(GStrv) names = g_strsplit(c->policies, ",", -1);

	c->spec.policies = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; names[i]; i++) {
		g_autoptr(GPtrArray) all = g_ptr_array_new();
		g_autofree char *expected = NULL;

		if (play_policy_find(names[i])) {
			g_ptr_array_add(c->spec.policies, g_strdup(names[i]));
			continue;
		}
		for (const struct play_policy *p = play_policies; p->name; p++)
			g_ptr_array_add(all, (char *)p->name);
		g_ptr_array_add(all, NULL);
		expected = names_unknown(names[i], (const char *const *)all->pdata);
		return cli_usage("--compare: unknown policy \"%s\"%s; all others need a patch",
				 names[i], expected);
	}
	return 0;
}

/* The settings of the folder's file system and of this kernel, then those asked for: shares of
 * memory are of what the trace needs on this machine, as in outcome with what calibrate wrote. */
static GPtrArray *settings_here(const struct play *c)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < c->here.all->len; i++) {
		const struct measurement *here = c->here.all->pdata[i];

		/* the trace says on how many its processes are */
		if (here->key && *here->value && strcmp(here->key, "cpus"))
			g_ptr_array_add(all, g_strdup_printf("%s=%s", here->key, here->value));
	}
	for (char **s = c->settings; s && *s; s++)
		g_ptr_array_add(all, g_strdup(*s));
	g_ptr_array_add(all, NULL);
	return all;
}

/* The machine of the trace, with the settings and the size that were asked for. */
static int find_machine(struct play *c)
{
	g_autoptr(GPtrArray) settings = settings_here(c);
	const struct run_spec spec = { .policies = (char *)"baseline",
				       .settings = (char **)settings->pdata,
				       .ends_as = (char *)c->ends_as,
				       .memory = (char *)c->memory };
	const struct machine *m;
	int ret = cli_run_set_init_one(&c->rs, &spec, c->spec.trace);

	if (ret)
		return ret;
	m = &g_array_index(c->rs.machines, struct machine, 0);
	c->spec.memcg_pages = m->memcg_pages;
	c->spec.memcg2_pages = m->memcg2_pages;
	c->spec.swap_pages = m->swap_pages;
	c->spec.cpus = m->cpus;
	c->spec.ends_as = g_array_index(c->rs.ends, enum op_code, 0);
	return 0;
}

static int open_rows(struct play *c)
{
	const struct {
		struct cli_rows *rows;
		enum row_table_id table;
		const char *csv;
	} tables_of[] = {
		{ &c->run_rows, ROWS_PLAY, c->csv },
		{ &c->operation_rows, ROWS_PLAY_OPERATIONS, c->operations },
		{ &c->death_rows, ROWS_PLAY_DEATHS, c->deaths },
	};
	int ret = cli_json_open(&c->json, &c->files);

	for (size_t i = 0; i < G_N_ELEMENTS(tables_of) && !ret; i++) {
		/* --json alone is of the runs */
		const struct output *json =
			tables_of[i].csv || !i ? &c->json : &(const struct output){ 0 };

		ret = cli_rows_open(tables_of[i].rows, &c->files, tables_of[i].table,
				    tables_of[i].csv, json);
	}
	return ret;
}

static int close_rows(struct play *c, int ret, enum output_end end)
{
	struct cli_rows *const all[] = { &c->run_rows, &c->operation_rows, &c->death_rows };
	int closed;

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		closed = cli_rows_close(all[i], end);
		ret = MAX(ret, closed);
	}
	closed = cli_json_close(&c->json, end);
	return MAX(ret, closed);
}

static int play_in_room(struct play *c)
{
	struct play_hooks hooks = { .ran = ran, .data = c };
	struct cli_lab lab;
	struct err err = { 0 };
	struct output text;
	GArray *runs = NULL;
	int ret = play_check(&c->spec, &c->room, &err), code;

	if (ret)
		return cli_fail(ret, &err);
	code = open_rows(c);
	if (!code)
		code = cli_open_stdout(&text, &c->files);
	if (code)
		return close_rows(c, code, OUTPUT_FAILED);
	cli_lab_begin(&lab, "playing");
	hooks.lab = lab.hooks;
	ret = play_all(&c->spec, &c->room, &hooks, &runs, &err);
	cli_lab_end(&lab);
	print_tables(c, text.f, runs);
	g_array_free(runs, TRUE);
	if (ret)
		code = cli_fail(ret, &err);
	ret = cli_close_out(&text, OUTPUT_WHOLE);
	code = MAX(code, ret);
	return close_rows(c, code, code ? OUTPUT_PART : OUTPUT_WHOLE);
}

static int play(struct play *c, const char *path)
{
	struct trace *t;
	struct err err;
	g_autofree char *player = data_find_player();
	int ret = cli_load_trace(path, c->format, &t);

	if (ret)
		return ret;
	c->spec.trace = t;
	c->spec.player = player;
	c->spec.repetitions = (guint)c->repetitions;
	c->spec.seed = c->seed;
	c->spec.think = !c->no_think;
	/* play_room_open() says what is wrong with the folder */
	if (measure_read(&c->here, c->dir, NULL))
		measures_init(&c->here);
	ret = find_machine(c);
	if (!ret) {
		ret = play_room_open(&c->room, c->dir, c->cgroup, &err);
		ret = ret ? cli_fail(ret, &err) : play_in_room(c);
		play_room_close(&c->room);
	}
	run_set_clear(&c->rs);
	measures_clear(&c->here);
	trace_free(t);
	return ret;
}

static int run(void *options, int argc, char **argv)
{
	struct play *c = options;
	int ret;

	if (argc != 1)
		return cli_usage("play: expected a trace, got %d arguments", argc);
	ret = parse_policies(c);
	if (!ret)
		ret = cli_declare_inputs(&c->files, "TRACE", argv, argc);
	if (!ret)
		ret = command_declare(&cmd_play, c);
	if (!ret)
		ret = play(c, argv[0]);
	g_ptr_array_free(c->spec.policies, TRUE);
	return ret;
}

#define FIELD(member) OPTION_FIELD(struct play, member)

static const struct option rows[] = {
	{ "compare", OPT_TEXT, "baseline,skip,evict",
	  "policies of this kernel: baseline, skip, evict, skip+evict, cold-first, pageout-first, "
	  "dontneed-after",
	  .letter = 'p', .alias = "policies", .metavar = "NAME,...", FIELD(policies) },
	{ "repetitions", OPT_COUNT, "5", "runs of each policy", 1, 10000, .letter = 'n',
	  .metavar = "N", FIELD(repetitions) },
	{ "seed", OPT_COUNT, "1", "of the order of the policies", 0, OPTION_NO_MAX, .metavar = "N",
	  FIELD(seed) },
	{ "ends-as", OPT_TEXT, NULL, "play every process exit as: recorded, exit, kill, mrelease",
	  .letter = 'e', .metavar = "HOW", .complete = complete_ends, FIELD(ends_as) },
	{ "memory", OPT_TEXT, NULL,
	  "memcg limit: pages, 50MiB, or a share (40%) of the memory that the trace needs",
	  .letter = 'M', .metavar = "SIZE", FIELD(memory) },
	COMMAND_SET(struct play, settings),
	{ "format", OPT_TEXT, NULL, "format of the trace (default: detected)", .letter = 'f',
	  .alias = "from", .metavar = "NAME", .complete = complete_formats, FIELD(format) },
	{ "no-think", OPT_FLAG, NULL, "an advance of the trace's clock takes no time",
	  FIELD(no_think) },
	{ "dir", OPT_PATH, ".", "folder, on the disk to play on, in which it makes reapsim-play",
	  .letter = 'd', .metavar = "DIR", FIELD(dir) },
	{ "cgroup", OPT_PATH, NULL,
	  "cgroup below which it makes its own (default: ours, or the nearest above that can have "
	  "some)",
	  .metavar = "DIR", FIELD(cgroup) },
	{ "csv", OPT_PATH, NULL, "write everything, a row per run", .metavar = "FILE",
	  .role = FILE_RESULTS, FIELD(csv) },
	COMMAND_JSON,
	{ "operations", OPT_PATH, NULL, "write what each operation took", .metavar = "FILE",
	  .role = FILE_RESULTS, FIELD(operations) },
	{ "deaths", OPT_PATH, NULL, "write what each death took and freed", .metavar = "FILE",
	  .role = FILE_RESULTS, FIELD(deaths) },
	COMMAND_FORCE,
	{ NULL },
};

const struct command cmd_play = {
	.name = "play",
	.summary = "play a trace on the kernel that runs here, in seconds",
	.arguments = "TRACE",
	.title = "Play a trace on the kernel that runs here, and compare what policies take.",
	.details =
		"Each process of the trace is a process, its files are files, and all are in a "
		"memory\n"
		"cgroup with the trace's limit. In each repetition every policy runs once, in "
		"random\n"
		"order. Nothing else of the machine is changed: its readahead, swappiness and LRU "
		"stay\n"
		"as they are, and the output says where the trace had others. What is made is "
		"removed\n"
		"at the end; after a SIGKILL, by the next call in the same "
		"folder.\n\n" CHANGE_DETAILS
		"skip: MADV_RANDOM on what only the victim maps, just before its death, so that\n"
		"unmapping marks nothing. evict: POSIX_FADV_DONTNEED for the same, after it. "
		"Neither\n"
		"is timed: a patch would do it by itself. cold-first and pageout-first advise "
		"between\n"
		"the kill and process_mrelease(), dontneed-after after the death.\n\n"
		"Root is needed to make a cgroup (or --cgroup, with one that is yours), for skip "
		"and\n"
		"evict (they look up who maps a page) and for cold-first and pageout-first. As "
		"root\n"
		"the player is SCHED_FIFO, so that no victim ends before process_mrelease().\n",
	.examples = "reapsim gen kill-return app_pages=64 memcg_pages=4000 -o app.rtrace\n"
		    "# as root\n"
		    "reapsim play -n 1 -p baseline,skip --no-think app.rtrace || echo no cgroup\n",
	.options = rows,
	.complete = complete_traces,
	.size = sizeof(struct play),
	.run = run,
};
