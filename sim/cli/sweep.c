// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/sweep.h"

#include <errno.h>
#include <inttypes.h>

int cli_sweep_parse(struct sweep *sw, const char *path, const char *text, size_t len)
{
	struct err err;
	int ret = sweep_parse(sw, path, text, len, &err);

	return ret ? cli_fail(ret, &err) : 0;
}

static void print_failures(const char *path, const struct sweep_report *r)
{
	for (guint i = 0; i < r->nr_failures; i++) {
		const struct sweep_failure *f = &r->failures[i];
		struct err err;

		err_set(&err, f->ret, "run %" PRIu64 ": %s", f->run + 1, f->err.msg);
		cli_fail(f->ret, &err);
	}
	if (r->nr_failed > r->nr_failures)
		fprintf(stderr, "reapsim: %" PRIu64 " of %" PRIu64 " runs failed, see %s\n",
			r->nr_failed, r->nr_all, path);
}

/* Parse "I/N". */
static bool parse_shard(struct sweep_how *how, const char *text)
{
	char *end;
	const guint64 shard = g_ascii_strtoull(text, &end, 10);
	const char *nr_at = end + 1;
	guint64 nr;

	if (!g_ascii_isdigit(*text) || *end != '/' || !g_ascii_isdigit(*nr_at))
		return false;
	nr = g_ascii_strtoull(nr_at, &end, 10);
	how->shard = (uint32_t)shard;
	how->nr_shards = (uint32_t)nr;
	return !*end && shard && shard <= nr && nr <= SWEEP_RUNS_MAX;
}

int cli_sweep_check(struct sweep_options *o)
{
	if (o->shard && o->merge)
		return cli_usage("--shard and --merge are two calls: expected one of them");
	if (o->shard && o->how.restart)
		return cli_usage("--restart: not with --shard, as other tasks may be at work; to "
				 "start over, remove the folder of the shards");
	if (o->shard && !parse_shard(&o->how, o->shard))
		return cli_usage("--shard is \"%s\", expected I/N, I from 1 to N, N at most %d",
				 o->shard, SWEEP_RUNS_MAX);
	return 0;
}

/* All rows to --json, and @report unless a run failed */
static int write_results(const struct sweep *sw, const struct outputs *files, const char *path,
			 bool failed, int (*report)(const void *data, const struct output *json),
			 const void *data)
{
	struct output json;
	int ret = cli_json_open(&json, files);

	if (!ret)
		ret = cli_json_copy(&json, sw->timed ? ROWS_SWEEP_TIMED : ROWS_SWEEP, path);
	if (!ret && !failed && report)
		ret = report(data, &json);
	ret = cli_json_end(&json, ret);
	return MAX(ret, failed ? 1 : 0);
}

int cli_sweep_run(struct sweep *sw, const struct outputs *files, const char *path,
		  const struct sweep_options *o,
		  int (*report)(const void *data, const struct output *json), const void *data)
{
	g_autofree char *what = g_path_get_basename(path);
	struct sweep_report r;
	struct cli_lab lab;
	struct err err;
	int ret;

	cli_lab_begin(&lab, what);
	ret = o->merge ? sweep_merge(sw, files, path, o->how.restart, &lab.hooks, &r, &err)
		       : sweep_run(sw, files, path, &o->how, &lab.hooks, &r, &err);
	cli_lab_end(&lab);
	if (!ret || ret == -EINTR)
		print_failures(path, &r);
	if (ret)
		return cli_fail(ret, &err);
	return o->shard ? 0 : write_results(sw, files, path, r.nr_failed, report, data);
}
