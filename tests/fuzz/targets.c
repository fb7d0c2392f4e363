// SPDX-License-Identifier: GPL-2.0-only
/*
 * - machine: a machine file
 * - options: a line for each value: what it is of, a space, the value
 * - journal: a journal and, after a NUL, the CSV of a sweep of four runs, which then goes on;
 *   unless the length is odd, the checksums of the journal are made right
 * - results: the three files of a recorded kernel, separated by NUL
 * - table: the CSV of a finished sweep
 * - run: numbers that choose a random trace and a run of it, with all invariants checked
 * - replay: a text trace; if it is valid and small, a run of it with all invariants checked
 *
 * Inputs that are files are written into a folder of the process in FUZZ_DIR, or /dev/shm, which it
 * leaves there.
 */
#define _GNU_SOURCE
#include "tests/fuzz/targets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "models/models.h"
#include "sim/lab/config.h"
#include "sim/lab/ensemble.h"
#include "sim/lab/results.h"
#include "sim/lab/sweep-journal.h"
#include "sim/lab/table.h"
#include "sim/outcome.h"
#include "sim/plugin.h"
#include "sim/restart.h"
#include "sim/timed.h"
#include "tests/unit/random_trace.h"
#include "traces/gen/gen.h"
#include "traces/readers/readers.h"

/* A replay is skipped beyond these, so that an input takes a moment. */
#define RECORDS_MAX 600
#define PAGES_MAX   20000
#define LIMIT_MAX   4096

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->msg);
	abort();
}

static void expect_einval(const char *what, int ret, const struct err *err)
{
	if (ret && (ret != -EINVAL || !err->msg[0]))
		die(what, err);
}

/* A folder in memory, for inputs that are several files */
static const char *folder(void)
{
	static char *path;
	const char *dir = getenv("FUZZ_DIR");

	if (path)
		return path;
	path = g_build_filename(dir ? dir : "/dev/shm", "reapsim-fuzz-XXXXXX", NULL);
	if (!mkdtemp(path))
		abort();
	return path;
}

static char *put(const char *name, const char *data, size_t size)
{
	char *path = g_build_filename(folder(), name, NULL);
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f))
		abort();
	return path;
}

/* The @i'th part of the input, which end with NUL */
static const char *part(const uint8_t *data, size_t size, guint i, size_t *len)
{
	const char *at = (const char *)data, *end = at + size, *nul;

	for (; (nul = memchr(at, 0, (size_t)(end - at))) && i; i--)
		at = nul + 1;
	if (i)
		at = end;
	*len = nul && !i ? (size_t)(nul - at) : (size_t)(end - at);
	return at;
}

static void fuzz_machine(const uint8_t *data, size_t size)
{
	g_autofree char *path = put("m.conf", (const char *)data, size);
	struct err err = { "" };
	struct machine m;
	int ret;

	machine_init(&m);
	ret = machine_from_file(&m, path, &err);
	expect_einval("machine_from_file", ret, &err);
	if (!ret)
		expect_einval("machine_resolve", machine_resolve(&m, 1000, &err), &err);
}

static int try_restart(const char *value, struct err *err)
{
	struct restart_rule rule, again;
	int ret = restart_rule_parse(&rule, value, err);

	if (!ret) {
		g_autofree char *text = restart_rule_text(&rule), *twice = NULL;

		if (restart_rule_parse(&again, text, err))
			die("a rule's own text", err);
		twice = restart_rule_text(&again);
		if (strcmp(text, twice))
			die(text, err);
	}
	return ret;
}

/* NAME:KEY=VALUE:..., as the words of "reapsim gen" */
static int try_generator(const char *value, struct err *err)
{
	g_auto(GStrv) words = g_strsplit(value, ":", -1);
	const struct trace_generator *g = gen_find(words[0] ? words[0] : "", err);
	struct gen_args args;

	return g ? gen_args_parse(&args, g, words + 1, g_strv_length(words) - 1, err) : -EINVAL;
}

static void fuzz_option(const char *kind, const char *value)
{
	struct timed_config timed;
	struct ensemble ensemble = { .nr = 8 };
	struct err err = { "" };
	struct sim_config cfg;
	enum timed_loop loop;
	enum op_code end;
	int ret = 0;

	sim_config_init(&cfg);
	timed_config_init(&timed, &kill_scripted);
	if (!strcmp(kind, "killer"))
		ret = timed_config_set_killer(&timed, value, &err);
	else if (!strcmp(kind, "restart"))
		ret = try_restart(value, &err);
	else if (!strcmp(kind, "loop"))
		ret = timed_loop_parse(&loop, value, &err);
	else if (!strcmp(kind, "axes"))
		ret = ensemble_parse_axes(&ensemble, value, &err);
	else if (!strcmp(kind, "ends"))
		ret = ends_as_find(value, &end, &err);
	else if (!strcmp(kind, "set"))
		ret = sim_config_set_machine(&cfg, value, &err);
	else if (!strcmp(kind, "gen"))
		ret = try_generator(value, &err);
	else
		ret = sim_config_set(&cfg, kind, value, &err);
	expect_einval(kind, ret, &err);
}

static void fuzz_options(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		char *space = strchr(*line, ' ');

		if (space) {
			*space = 0;
			fuzz_option(*line, space + 1);
		}
	}
}

#define NR_RUNS 4
static const struct sweep_id sweep = {
	.header = "sweep,run,value\n",
	.digest = "0123456789abcdef",
	.program = "fedcba9876543210",
	.nr_runs = NR_RUNS,
};

static char *row_of(uint64_t run)
{
	return g_strdup_printf("%s,%" PRIu64 ",%" PRIu64 "\n", sweep.digest, run + 1, run * run);
}

/* The journal with the right checksum in each line that has a row: "RUN CHECKSUM ROW" */
static GString *mend_journal(const char *text, size_t len)
{
	g_autofree char *copy = g_strndup(text, len);
	g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
	GString *s = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		char *sum = strchr(*line, ' '), *row = sum ? strchr(sum + 1, ' ') : NULL;

		if (row && line != lines)
			g_string_append_printf(s, "%.*s %016" PRIx64 " %s", (int)(sum - *line),
					       *line, sweep_row_sum(row + 1), row + 1);
		else
			g_string_append(s, *line);
		if (line[1])
			g_string_append_c(s, '\n');
	}
	return s;
}

/* Go on where the files are, to the end. Return: 0, or -EINVAL if they were refused. */
static int finish_sweep(const char *path)
{
	struct sweep_journal j;
	struct err err = { "" };
	struct outputs o;
	int ret;

	outputs_init(&o);
	if (sweep_journal_declare(&o, "--csv", path, false, &err))
		die("declare", &err);
	ret = sweep_journal_open(&j, &o, path, &sweep, false, NULL, &err);
	expect_einval("sweep_journal_open", ret, &err);
	for (uint64_t run = NR_RUNS; !ret && run-- > 0;)
		if (!sweep_journal_has(&j, run))
			ret = sweep_journal_add(&j, run, row_of(run), &err);
	if (!ret)
		ret = sweep_journal_finish(&j, &err);
	if (!ret && (j.nr_done != NR_RUNS || j.nr_written != NR_RUNS))
		die("a finished sweep lacks runs", &err);
	expect_einval("sweep", ret, &err);
	sweep_journal_close(&j);
	outputs_clear(&o);
	return ret;
}

static void fuzz_journal(const uint8_t *data, size_t size)
{
	size_t journal_len, csv_len;
	const char *journal = part(data, size, 0, &journal_len);
	const char *csv = part(data, size, 1, &csv_len);
	g_autofree char *path = put("s.csv", csv, csv_len), *journal_path = NULL;
	g_autofree char *before = NULL, *after = NULL;
	g_autoptr(GString) mended = mend_journal(journal, journal_len);

	journal_path = size % 2 ? put("s.csv.journal", journal, journal_len)
				: put("s.csv.journal", mended->str, mended->len);
	if (!finish_sweep(path)) {
		g_file_get_contents(path, &before, NULL, NULL);
		/* it is finished: nothing is left to do, and nothing changes */
		if (finish_sweep(path))
			abort();
		g_file_get_contents(path, &after, NULL, NULL);
		if (strcmp(before, after))
			abort();
	} else {
		/* refused: unchanged */
		g_file_get_contents(path, &before, NULL, NULL);
		if (strlen(before) != strnlen(csv, csv_len) || memcmp(before, csv, strlen(before)))
			abort();
	}
	g_unlink(path);
	g_unlink(journal_path);
}

static void fuzz_results(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "r.csv", "r.runs.csv", "r.pages.csv" };
	g_autofree char *path = g_build_filename(folder(), names[0], NULL);
	struct err err = { "" };
	struct results r;
	int ret;

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		size_t len;
		const char *text = part(data, size, i, &len);

		g_free(put(names[i], text, len));
	}
	ret = results_load(&r, path, &err);
	expect_einval("results_load", ret, &err);
	results_clear(&r);
}

static void fuzz_table(const uint8_t *data, size_t size)
{
	g_autofree char *path = put("t.csv", (const char *)data, size);
	struct err err = { "" };
	struct table t;
	int ret = table_load(&t, path, &err);

	expect_einval("table_load", ret, &err);
	if (ret)
		return;
	for (guint i = 0; i < t.rows->len; i++)
		for (int c = 0; t.names[c]; c++)
			table_number(&t, i, table_column(&t, t.names[c]));
	table_clear(&t);
}

/* Whole runs */

static void check_run(const struct trace *t, struct sim_config *cfg)
{
	struct err err = { "" };
	struct outcome outcome;
	struct sim *s;
	int ret;

	if (sim_config_check(cfg, &err) || sim_fits(t, cfg, &err))
		return;
	cfg->check = true;
	s = sim_new(t, cfg, &err);
	if (!s)
		die("sim_new", &err);
	while (!(ret = sim_run(s, UINT64_MAX, &err)))
		;
	/* the simulated machine may be out of memory, but no invariant broken and no task stuck */
	if (ret < 0 && ret != -ENOMEM)
		die("sim_run", &err);
	if (ret > 0 && cfg->timed) {
		timed_outcome(s, &outcome);
		outcome_clear(&outcome);
	}
	sim_free(s);
}

#define PICK(list, n) (list)[(n) % plugin_nr(list)]

static uint64_t take(const uint8_t **data, size_t *size, size_t bytes)
{
	uint64_t n = 0;

	for (; bytes && *size; bytes--, --*size)
		n = n << 8 | *(*data)++;
	return n;
}

/* The run that the input chooses, on a machine that is set. @timed: room for a timed one */
static void choose_run(struct sim_config *cfg, struct timed_config *timed, const uint8_t **data,
		       size_t *size)
{
	static const enum op_code ends[] = { OP_NONE, OP_MRELEASE, OP_KILL, OP_EXIT, OP_OOM };
	static const char *const rules[] = { "never",		"on-use",     "fixed=1s,p=0.5",
					     "uniform=1ms..1s", "kubernetes", "systemd" };
	struct err err;

	cfg->kernel = PICK(kernel_profiles, take(data, size, 1));
	cfg->lru = PICK(lru_models, take(data, size, 1));
	cfg->reap = PICK(reap_policies, take(data, size, 1));
	options_parse(cfg->reap->options, "policy", NULL, cfg->reap_args, &err);
	cfg->evict = cfg->reap->evict_scope && take(data, size, 1) % 2;
	cfg->ends_as = ends[take(data, size, 1) % G_N_ELEMENTS(ends)];
	if (take(data, size, 1) % 2)
		return;
	timed_config_init(timed, PICK(killers, take(data, size, 1)));
	timed_config_set_killer(timed, timed->killer->name, &err);
	if (restart_rule_parse(&timed->restart, rules[take(data, size, 1) % G_N_ELEMENTS(rules)],
			       &err))
		die("restart", &err);
	timed->loop = (enum timed_loop)(take(data, size, 1) % 3);
	timed->seed = take(data, size, 2);
	cfg->machine.read_us = (uint32_t)take(data, size, 1);
	cfg->machine.zap_file_ps = (uint32_t)take(data, size, 2);
	cfg->timed = timed;
}

static void fuzz_run(const uint8_t *data, size_t size)
{
	const uint64_t seed = take(&data, &size, 8);
	unsigned int flags = (unsigned int)take(&data, &size, 2) & 0x1ff;
	const unsigned int nr_ops = 20 + (unsigned int)take(&data, &size, 1);
	struct timed_config timed;
	struct random_trace rt;
	struct sim_config cfg;

	/* its large files exceed the addresses that mappings of other traces use */
	if (flags & RANDOM_SPARSE)
		flags = RANDOM_SPARSE;
	random_trace(&rt, seed, nr_ops, flags);
	sim_config_init(&cfg);
	cfg.machine = rt.m;
	choose_run(&cfg, &timed, &data, &size);
	cfg.machine.kmem = take(&data, &size, 1) % 2;
	if (cfg.kernel->large_folios)
		cfg.machine.max_folio_order = (uint32_t)take(&data, &size, 1) % 10;
	check_run(rt.t, &cfg);
	random_trace_free(&rt);
}

static void fuzz_replay(const uint8_t *data, size_t size)
{
	uint64_t seed = 0xcbf29ce484222325;
	struct timed_config timed;
	struct err err = { "" };
	struct sim_config cfg;
	uint8_t bytes[16];
	const uint8_t *at = bytes;
	size_t left = sizeof(bytes);
	struct trace *t;
	g_autofree char *path = put("t.csv", (const char *)data, size);

	if (trace_load(path, "text", &t, &err))
		return;
	/* the bytes of the trace choose the run */
	for (size_t i = 0; i < size; i++)
		seed = (seed ^ data[i]) * 0x100000001b3;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((seed * (2 * i + 1)) >> 56);
	sim_config_init(&cfg);
	if (t->nr_recs <= RECORDS_MAX && t->nr_file_pages <= PAGES_MAX &&
	    !machine_from_trace(&cfg.machine, t, &err) &&
	    !machine_resolve(&cfg.machine, LIMIT_MAX / 4, &err) &&
	    machine_limit(&cfg.machine) <= LIMIT_MAX && cfg.machine.swap_pages <= LIMIT_MAX) {
		choose_run(&cfg, &timed, &at, &left);
		check_run(t, &cfg);
	}
	trace_free(t);
}

const struct fuzz_target fuzz_targets[] = {
	{ "machine", fuzz_machine }, { "options", fuzz_options },
	{ "journal", fuzz_journal }, { "results", fuzz_results },
	{ "table", fuzz_table },     { "run", fuzz_run },
	{ "replay", fuzz_replay },   { NULL, NULL },
};
