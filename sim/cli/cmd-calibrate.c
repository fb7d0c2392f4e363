// SPDX-License-Identifier: GPL-2.0-only
/* reapsim calibrate: a machine file of this very machine. */
#include <inttypes.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/lab/measure.h"

/* the whole number that the key can hold; a difference may come out below 0 */
static uint64_t key_value(const struct measurement *m, double v)
{
	return v * m->scale < 0 ? 0 : (uint64_t)(v * m->scale + 0.5);
}

static void print_samples(FILE *f, const struct measurement *m)
{
	double median = measure_quantile(m->samples, 0.5);
	double mean = measure_mean(m->samples);

	if (m->samples->len == 1)
		fprintf(f, "# %s: %.4g %s\n", m->what, median, m->unit);
	else
		fprintf(f,
			"# %s\n# median %.4g %s, quartiles %.4g and %.4g, mean %.4g, %u samples\n",
			m->what, median, m->unit, measure_quantile(m->samples, 0.25),
			measure_quantile(m->samples, 0.75), mean, m->samples->len);
	if (!m->key)
		return;
	if (median * m->scale < 0)
		fputs("# below what can be told from 0\n", f);
	fprintf(f, "%s=%" PRIu64 "\n", m->key, key_value(m, m->mean ? mean : median));
}

static void print_one(FILE *f, const struct measurement *m)
{
	fputc('\n', f);
	if (m->why_not[0])
		fprintf(f, "# %s%snot measured: %s\n# (%s)\n", m->key ? m->key : "",
			m->key ? ": " : "", m->why_not, m->what);
	else if (m->unit)
		print_samples(f, m);
	else
		fprintf(f, "# %s\n%s=%s\n", m->what, m->key, m->value);
}

static void print_all(FILE *f, const struct measures *ms)
{
	fprintf(f,
		"# Measured by reapsim calibrate: %s, file system %s, %s LRU.\n"
		"# Pages are 4 KiB folios; keys that end in _ps are picoseconds a page. A size\n"
		"# of memory is left out: it is the trace's or the user's to choose.\n"
		"# The load average was %.1f when it began: above 0.5 others share the caches, "
		"and\n"
		"# above the number of processors the device's numbers are those of a queue.\n"
		"[machine]\n",
		ms->kernel, ms->file_system, ms->lru, ms->load);
	for (guint i = 0; i < ms->all->len; i++)
		print_one(f, &g_array_index(ms->all, struct measurement, i));
}

static void show_progress(void *data, double done)
{
	cli_progress(data, done);
}

static int calibrate(const char *dir, const struct outputs *files, const char *path, bool quick)
{
	struct cli_progress bar;
	const struct measure_options o = {
		.dir = dir,
		.quick = quick,
		.progress = show_progress,
		.progress_data = &bar,
	};
	struct output out;
	struct measures ms;
	struct err err;
	int ret;

	cli_progress_init(&bar, "measuring");
	ret = measure_all(&ms, &o, &err);
	cli_progress_end(&bar);
	if (ret) {
		ret = cli_fail(ret, &err);
	} else {
		ret = cli_open_out(&out, files, path);
		if (!ret) {
			print_all(out.f, &ms);
			ret = cli_close_out(&out, true);
		}
	}
	measures_clear(&ms);
	return ret;
}

static int run(int argc, char **argv)
{
	g_autofree char *path = NULL, *dir = NULL;
	gboolean quick = FALSE;
	struct outputs files;
	const GOptionEntry entries[] = {
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &path,
		  "the machine file (default: standard output)", "FILE" },
		CLI_FORCE(&files),
		{ "dir", 'd', 0, G_OPTION_ARG_FILENAME, &dir,
		  "folder on the file system and device to measure (default: this one)", "DIR" },
		{ "quick", 'q', 0, G_OPTION_ARG_NONE, &quick,
		  "few samples: shows what can be measured, and not how much it is", NULL },
		G_OPTION_ENTRY_NULL,
	};
	int ret;

	outputs_init(&files);
	ret = cli_options(
		&argc, &argv, entries, NULL,
		"Measure what memory management costs on this machine.",
		"Writes a machine file: each key with how it was measured, its median and its\n"
		"quartiles; what can not be measured is left out, with the reason. Needs no\n"
		"root (with it: reclaim in a cgroup of its own), 128 MiB of disk for a file\n"
		"that is gone afterwards, and less than a minute. Other load on the machine\n"
		"makes the numbers worse.");

	if (ret < 0 && argc != 1)
		ret = cli_usage("calibrate: expected no arguments, got %d", argc - 1);
	if (ret < 0) {
		const struct cli_file file = { FILE_KEYS, "--output", path, false };

		ret = cli_declare(&files, &file, 1);
		if (!ret)
			ret = calibrate(dir ? dir : ".", &files, path, quick);
	}
	outputs_clear(&files);
	return ret;
}

const struct command cmd_calibrate = {
	.name = "calibrate",
	.summary = "measure what memory management costs here: a machine file",
	.main = run,
};
