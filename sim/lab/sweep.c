// SPDX-License-Identifier: GPL-2.0-only
/* The threads of a sweep: each takes the next unfinished run. */
#include "sim/lab/sweep.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/lab/sweep-journal.h"
#include "sim/lab/sweep-parts.h"
#include "sim/lab/work.h"

/* struct sweeping - a sweep in progress. If threads are left behind, it is, too. */
struct sweeping {
	struct sweep sw; /* a copy; the two share what its members point to */
	struct lab_hooks hooks;
	GMutex lock; /* protects the members below */
	struct sweep_journal journal;
	struct sweep_report *report;
	uint64_t next; /* run to hand out */
	int ret;       /* an error that stops the sweep: no further run begins */
	struct err err;
};

/* Called with the lock. Keep the failures with the lowest run numbers, in order, so that the
 * report does not depend on the threads. */
static void remember_failure(struct sweep_report *r, uint64_t run, const struct sweep_cell *cell)
{
	guint i = r->nr_failures;

	if (i == SWEEP_FAILURES_MAX && r->failures[--i].run < run)
		return;
	for (; i > 0 && r->failures[i - 1].run > run; i--)
		r->failures[i] = r->failures[i - 1];
	r->failures[i] = (struct sweep_failure){ run, cell->ret, cell->err };
	r->nr_failures = MIN(r->nr_failures + 1, SWEEP_FAILURES_MAX);
}

/* Called with the lock. Take the next unfinished run. */
static bool take_run(struct sweeping *s, uint64_t *run)
{
	while (!s->ret && s->next < s->sw.nr_runs && !lab_interrupted(&s->hooks)) {
		*run = s->next++;
		if (!sweep_journal_has(&s->journal, *run))
			return true;
	}
	return false;
}

static void worker(void *data, guint thread)
{
	struct sweeping *s = data;
	uint64_t run;

	(void)thread;
	g_mutex_lock(&s->lock);
	while (take_run(s, &run)) {
		struct sweep_cell cell;

		g_mutex_unlock(&s->lock);
		sweep_execute(&s->sw, run, &s->hooks, &cell);
		sweep_put_trace(&s->sw, run);
		g_mutex_lock(&s->lock);
		if (s->ret || cell.outside) {
			if (!s->ret && cell.ret != -EINTR) {
				s->ret = cell.ret;
				s->err = cell.err;
			}
			g_free(cell.row);
			break;
		}
		if (cell.ret)
			remember_failure(s->report, run, &cell);
		s->ret = sweep_journal_add(&s->journal, run, cell.row, &s->err);
	}
	g_mutex_unlock(&s->lock);
}

static void look(void *data, const struct lab_hooks *h)
{
	struct sweeping *s = data;
	double done;

	g_mutex_lock(&s->lock);
	done = (double)(s->journal.nr_done - s->report->nr_before);
	g_mutex_unlock(&s->lock);
	lab_progress(h, done / (double)(s->sw.nr_runs - s->report->nr_before));
}

static void run_threads(struct sweeping *s, int jobs)
{
	const uint64_t left = s->sw.nr_runs - s->journal.nr_done;

	if (jobs <= 0)
		jobs = (int)g_get_num_processors();
	jobs = (int)MIN((uint64_t)jobs, left);
	s->sw.left = lab_work(worker, s, (guint)jobs, jobs, &s->hooks, look) == -EBUSY;
	if (!s->sw.left)
		return;
	/* threads that were left behind do not touch the journal from now on */
	g_mutex_lock(&s->lock);
	s->ret = s->ret ? s->ret : -EINTR;
	g_mutex_unlock(&s->lock);
}

/* Release the traces of finished runs. */
static void pass_over_finished(struct sweeping *s)
{
	sweep_begin_traces(&s->sw);
	for (uint64_t run = 0; s->journal.nr_done && run < s->sw.nr_runs; run++)
		if (sweep_journal_has(&s->journal, run))
			sweep_put_trace(&s->sw, run);
}

static int sweep_missing(struct sweeping *s, int jobs, struct err *err)
{
	const uint64_t all = s->sw.nr_runs;

	s->report->nr_before = s->journal.nr_done;
	if (s->journal.nr_done)
		lab_note(&s->hooks, "%" PRIu64 " of %" PRIu64 " runs are finished already",
			 s->journal.nr_done, all);
	pass_over_finished(s);
	if (s->journal.nr_done < all)
		run_threads(s, jobs);
	if (s->ret && s->ret != -EINTR) {
		*err = s->err;
		return s->ret;
	}
	if (s->journal.nr_done < all)
		return err_set(err, -EINTR,
			       "interrupted: %" PRIu64 " of %" PRIu64 " runs are finished; run "
			       "the same command again to resume",
			       s->journal.nr_done, all);
	return sweep_journal_finish(&s->journal, err);
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
	if (h)
		s->hooks = *h;
	s->report = r;
	g_mutex_init(&s->lock);
	ret = sweep_journal_open(&s->journal, files, path, &id, restart, h, err);
	if (!ret)
		ret = sweep_missing(s, jobs, err);
	r->nr_done = s->journal.nr_done;
	r->nr_failed = s->journal.nr_failed;
	sweep_journal_close(&s->journal);
	sw->left = s->sw.left;
	if (!sw->left) {
		g_mutex_clear(&s->lock);
		g_free(s);
	}
	return ret;
}
