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

static void print_failures(const struct sweep *sw, const char *path, const struct sweep_report *r)
{
	for (guint i = 0; i < r->nr_failures; i++) {
		const struct sweep_failure *f = &r->failures[i];
		struct err err;

		err_set(&err, f->ret, "run %" PRIu64 ": %s", f->run + 1, f->err.msg);
		cli_fail(f->ret, &err);
	}
	if (r->nr_failed > r->nr_failures)
		fprintf(stderr, "reapsim: %" PRIu64 " of %" PRIu64 " runs failed, see %s\n",
			r->nr_failed, sw->nr_runs, path);
}

int cli_sweep_run(struct sweep *sw, const struct outputs *files, const char *path, int jobs,
		  bool restart)
{
	g_autofree char *what = g_path_get_basename(path);
	struct sweep_report report;
	struct cli_lab lab;
	struct err err;
	int ret;

	cli_lab_begin(&lab, what);
	ret = sweep_run(sw, files, path, jobs, restart, &lab.hooks, &report, &err);
	cli_lab_end(&lab);
	if (!ret || ret == -EINTR)
		print_failures(sw, path, &report);
	if (ret)
		return cli_fail(ret, &err);
	return report.nr_failed ? 1 : 0;
}
