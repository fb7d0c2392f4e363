// SPDX-License-Identifier: GPL-2.0-only
/* A sweep: the runs that its files lack, and what is said of those that fail. */
#include "sim/lab/sweep.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/lab/sweep-parts.h"
#include "sim/lab/sweep-work.h"

/* struct sweeping - a sweep in progress. If threads are left behind, it is, too. */
struct sweeping {
	struct sweep_work work;
	struct sweep sw; /* a copy; the two share what its members point to */
	struct sweep_report *report;
};

/* Keep the failures with the lowest run numbers, in order, so that the report does not depend on
 * the threads. */
static void remember_failure(void *data, uint64_t run, const struct sweep_cell *cell)
{
	struct sweep_report *r = ((struct sweeping *)data)->report;
	guint i = r->nr_failures;

	if (i == SWEEP_FAILURES_MAX && r->failures[--i].run < run)
		return;
	for (; i > 0 && r->failures[i - 1].run > run; i--)
		r->failures[i] = r->failures[i - 1];
	r->failures[i] = (struct sweep_failure){ run, cell->ret, cell->err };
	r->nr_failures = MIN(r->nr_failures + 1, SWEEP_FAILURES_MAX);
}

static void execute(void *data, uint64_t run, const struct lab_hooks *h, struct sweep_cell *cell)
{
	const struct sweeping *s = data;

	sweep_execute(&s->sw, run, h, cell);
	sweep_put_trace(&s->sw, run);
}

/* Release the traces of finished runs. */
static void pass_over_finished(struct sweeping *s)
{
	const struct sweep_journal *j = &s->work.journal;

	sweep_begin_traces(&s->sw);
	for (uint64_t run = 0; j->nr_done && run < s->sw.nr_runs; run++)
		if (sweep_journal_has(j, run))
			sweep_put_trace(&s->sw, run);
}

static int sweep_missing(struct sweeping *s, int jobs, struct err *err)
{
	const uint64_t all = s->sw.nr_runs;
	int ret;

	s->report->nr_before = s->work.journal.nr_done;
	if (s->work.journal.nr_done)
		lab_note(&s->work.hooks, "%" PRIu64 " of %" PRIu64 " runs are finished already",
			 s->work.journal.nr_done, all);
	pass_over_finished(s);
	ret = sweep_work_until(&s->work, all, jobs, err);
	return ret ? ret : sweep_journal_finish(&s->work.journal, err);
}

int sweep_run(struct sweep *sw, const struct outputs *files, const char *path, int jobs,
	      bool restart, const struct lab_hooks *h, struct sweep_report *r, struct err *err)
{
	struct sweeping *s;
	char program[SWEEP_DIGEST];
	int ret = sweep_program_digest(program, err);
	const struct sweep_id id = {
		.header = sw->header,
		.digest = sw->digest,
		.program = program,
		.nr_runs = sw->nr_runs,
	};

	*r = (struct sweep_report){ 0 };
	if (ret)
		return ret;
	s = g_new0(struct sweeping, 1);
	s->sw = *sw;
	s->report = r;
	s->work.execute = execute;
	s->work.failed = remember_failure;
	s->work.data = s;
	ret = sweep_work_begin(&s->work, files, path, &id, restart, h, err);
	if (!ret)
		ret = sweep_missing(s, jobs, err);
	r->nr_done = s->work.journal.nr_done;
	r->nr_failed = s->work.journal.nr_failed;
	sw->left = s->work.left;
	if (sweep_work_end(&s->work))
		g_free(s);
	return ret;
}
