// SPDX-License-Identifier: GPL-2.0-only
/* A sweep: the runs that its files lack, and what is said of those that fail. */
#include "sim/lab/sweep.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/lab/sweep-parts.h"
#include "sim/lab/sweep-shard.h"
#include "sim/lab/sweep-work.h"

/* struct sweeping - a sweep in progress. If threads are left behind, it is, too. */
struct sweeping {
	struct sweep_work work;
	struct sweep sw; /* a copy; the two share what its members point to */
	struct sweep_report *report;
	uint32_t *dealt; /* of a shard: sweep_deal() */
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

/* Release the traces of finished runs and of those of other shards. */
static void pass_over_finished(struct sweeping *s)
{
	const struct sweep_journal *j = &s->work.journal;

	sweep_begin_traces(&s->sw);
	for (uint64_t run = 0; run < s->sw.nr_runs; run++)
		if (sweep_journal_has(j, run))
			sweep_put_trace(&s->sw, run);
}

static int sweep_missing(struct sweeping *s, int jobs, struct err *err)
{
	const struct sweep_journal *j = &s->work.journal;
	int ret;

	s->report->nr_before = j->nr_done;
	if (j->nr_done)
		lab_note(&s->work.hooks, "%" PRIu64 " of %" PRIu64 " runs are finished already",
			 j->nr_done, j->nr_all);
	pass_over_finished(s);
	ret = sweep_work_until(&s->work, s->sw.nr_runs, jobs, err);
	return ret ? ret : sweep_journal_finish(&s->work.journal, err);
}

static struct sweep_id identify(const struct sweep *sw, const char *program)
{
	return (struct sweep_id){
		.header = sw->header,
		.digest = sw->digest,
		.program = program,
		.nr_runs = sw->nr_runs,
	};
}

static void take_counts(struct sweep_report *r, const struct sweep_journal *j)
{
	r->nr_all = j->nr_all;
	r->nr_done = j->nr_done;
	r->nr_failed = j->nr_failed;
}

int sweep_run(struct sweep *sw, const struct outputs *files, const char *path,
	      const struct sweep_how *how, const struct lab_hooks *h, struct sweep_report *r,
	      struct err *err)
{
	struct sweeping *s;
	char program[SWEEP_DIGEST];
	int ret = sweep_program_digest(program, err);
	struct sweep_id id = identify(sw, program);

	*r = (struct sweep_report){ 0 };
	if (ret)
		return ret;
	s = g_new0(struct sweeping, 1);
	s->sw = *sw;
	s->report = r;
	s->work.execute = execute;
	s->work.failed = remember_failure;
	s->work.data = s;
	if (how->nr_shards)
		id.dealt = s->dealt = sweep_deal(sw->nr_runs, sw->runs_a_trace, how->nr_shards);
	id.shard = how->shard;
	id.nr_shards = how->nr_shards;
	ret = sweep_work_begin(&s->work, files, path, &id, how->restart, h, err);
	if (!ret)
		ret = sweep_missing(s, how->jobs, err);
	take_counts(r, &s->work.journal);
	sw->left = s->work.left;
	if (sweep_work_end(&s->work)) {
		g_free(s->dealt);
		g_free(s);
	}
	return ret;
}

int sweep_merge(const struct sweep *sw, const struct outputs *files, const char *path, bool restart,
		const struct lab_hooks *h, struct sweep_report *r, struct err *err)
{
	struct sweep_journal j;
	char program[SWEEP_DIGEST];
	int ret = sweep_program_digest(program, err);
	const struct sweep_id id = identify(sw, program);

	*r = (struct sweep_report){ 0 };
	if (ret)
		return ret;
	ret = sweep_shards_merge(&j, files, path, &id, sw->runs_a_trace, restart, h, err);
	take_counts(r, &j);
	sweep_journal_close(&j);
	return ret;
}

uint64_t sweep_nr_dealt(const struct sweep *sw, const struct sweep_how *how)
{
	g_autofree uint32_t *dealt = sweep_deal(sw->nr_runs, sw->runs_a_trace, how->nr_shards);
	uint64_t nr = 0;

	for (uint64_t run = 0; run < sw->nr_runs; run++)
		nr += dealt[run] == how->shard;
	return nr;
}
